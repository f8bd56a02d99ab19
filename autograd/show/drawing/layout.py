"""Where everything goes: cards of a known size, arranged by the layout engine.

The engine is given sizes and gives back places. No text of the graph goes through it, so no
label can break a layout, and every engine draws the same picture.

Engines only mind where arrows cross. Leaves of one operation can change places without a
crossing, and are put in the order of the operands afterwards.

A network is laid out here: a column a layer, and fans of curves between them. So is a strip
that is too long for a page: it is cut into rows.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain, pairwise
from typing import Any

from autograd.show.drawing import engine
from autograd.show.drawing.boxes import Box, Edge, Frame, Picture
from autograd.show.drawing.dot import build
from autograd.show.drawing.grouping import layers_of, relative
from autograd.show.drawing.options import Options
from autograd.show.text import clipped, width

SMALL = 11  # the font size of captions and derivatives, in pixels
WIDEST_NAME = 170.0  # of a name; what is longer is cut, and whole in the tooltip
LABELLED = 1000  # with more edges than this the layout keeps no room for their numbers
ARROW = 8.0  # the length of an arrowhead
APART = 16.0  # between arrows that link the same two boxes
BETWEEN, BESIDE = 100.0, 12.0  # columns, and the boxes of one
PADDING, HEADING = 10.0, 20.0  # of a frame, and its title
WRITTEN = 12  # with more arrows between two columns their numbers are in the tooltips alone
PAGE = (1900.0, 1420.0)  # what 1600 × 1200 pixels show with the smallest text at 9
MOST_BETWEEN = 12  # arrows over an end of a row
LANE, EDGE, TRACK = 25.0, 12.0, 7.0  # below rows, beside them, and for each such arrow
NEAR = 0.3  # of a row, how far from even ends its end may be
PLACES = (0.66, 0.5, 0.36, 0.78, 0.22)  # along an arrow, for its number
# The axis along which the arrows go, and which way.
AXES = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}

Position = tuple[float, float]
Sides = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in points (1/72 inch), from the upper left corner.

    Attributes:
        size: width and height of the whole.
        boxes: the centre of each box, by its id.
        edges: by id: the points of the Bézier curves, and the centre of the text; None if
            there is no room for it.
        frames: left, top, width and height, by the module's path.
    """

    size: Position
    boxes: dict[str, Position]
    edges: dict[str, tuple[list[Position], Position | None]]
    frames: dict[str, tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """A box with its texts and its size.

    Attributes:
        below: whether `op` stands below the title, not beside it.
        rows: pairs of a caption and a number.
    """

    box: Box
    title: str
    op: str
    below: bool
    rows: tuple[tuple[str, str], ...]
    size: Position


def align_sizes(cards: Sequence[Card], drawn: Picture) -> list[Card]:
    """The cards, those of leaves that may change places as wide as the widest of them."""
    by_box = {card.box: card for card in cards}
    for edges in _interchangeable(drawn):
        few = [by_box[edge.tail] for edge in edges]
        size = max([card.size for card in few])
        by_box |= {card.box: replace(card, size=size) for card in few}
    return list(by_box.values())


def lay_out(drawn: Picture, cards: Sequence[Card], options: Options) -> Layout:
    """The places of the cards, the arrows and the frames around neurons and layers.

    Raises:
        LayoutError: there is no layout engine, it failed or took too long.
    """
    network = any(edge.weight is not None for edge in drawn.edges)
    columns = _columns(drawn) if network else None
    if columns is not None:
        return _in_columns(drawn, columns, {card.box: card.size for card in cards}, options)
    layout = _as_operands(_engine_layout(drawn, cards, options), drawn, options.rankdir)
    if options.rankdir == "LR" and layout.size[0] > PAGE[0] and not layout.frames:
        return _in_rows(layout, drawn, {card.box: card.size for card in cards})
    return layout


def _engine_layout(drawn: Picture, cards: Sequence[Card], options: Options) -> Layout:
    """The engine's answer for rectangles, and for the room that texts need."""
    sizes = {card.box: card.size for card in cards}
    labelled = len(drawn.edges) <= LABELLED
    widths = {edge: width(edge.local, SMALL) for edge in drawn.edges}
    for edges in _interchangeable(drawn):
        widths |= dict.fromkeys(edges, max([widths[edge] for edge in edges]))

    def node(box: Box) -> dict[str, str]:
        w, h = [f"{side / 72:.4f}" for side in sizes[box]]
        return {"width": w, "height": h}

    def edge(arrow: Edge) -> dict[str, str]:
        weight = {} if arrow.tail.kind in ("leaf", "use") else {"weight": "4"}
        if not arrow.local or not labelled:
            return weight
        return weight | {"label": _room(widths[arrow] + 8, SMALL + 5)}

    def cluster(frame: Frame) -> dict[str, str]:
        title = clipped(frame.title, SMALL, WIDEST_NAME)
        label = _room(width(title, SMALL), SMALL + 3)
        side = "b" if options.rankdir == "BT" else "t"  # turned round with the rest
        return {"labeljust": "l", "labelloc": side, "margin": "10", "label": label}

    around = {"nodesep": "0.25", "ranksep": "0.4", "margin": "0"}
    defaults = {
        "graph_attr": {"rankdir": options.rankdir, **around},
        "node_attr": {"shape": "box", "fixedsize": "true", "label": ""},
        "edge_attr": {"arrowsize": "0.7"},
    }
    source = build(drawn, defaults, node, edge, cluster).source
    return _parsed(engine.run_dot(source, "json0", options.engine, options.timeout))


def _room(w: float, h: float) -> str:
    return (
        f'<<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" '
        f'WIDTH="{math.ceil(w)}" HEIGHT="{math.ceil(h)}"><TR><TD></TD></TR></TABLE>>'
    )


def _parsed(answer: str) -> Layout:
    """The places that the engine gives, as its json0 format has them."""
    found = json.loads(answer)
    _, _, total, height = _coordinates(found["bb"])
    objects: Sequence[dict[str, Any]] = found.get("objects", [])

    def points(text: str) -> list[Position]:
        pairs = [_coordinates(pair) for pair in text.split()]
        return [(round(x, 2), round(height - y, 2)) for x, y in pairs]

    frames = {}
    for item in objects:
        if "bb" in item and "id" in item:
            left, bottom, right, top = _coordinates(item["bb"])
            frames[item["id"]] = (left, height - top, right - left, top - bottom)
    edges: dict[str, tuple[list[Position], Position | None]] = {}
    for edge in found.get("edges", []):
        tip, _, curve = edge["pos"].removeprefix("e,").partition(" ")
        curves = points(curve)
        label = points(edge["lp"])[0] if "lp" in edge else middle(curves)
        edges[edge["id"]] = (curves + points(tip), label)
    return Layout(
        size=(total, height),
        boxes={item["id"]: points(item["pos"])[0] for item in objects if "pos" in item},
        edges=edges,
        frames=frames,
    )


def middle(points: Sequence[Position]) -> Position:
    """About half way along Bézier curves."""
    (x, y), (to_x, to_y) = points[(len(points) - 1) // 2], points[len(points) // 2]
    return (x + to_x) / 2, (y + to_y) / 2


def _coordinates(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


# ---------------------------------------------------------------- leaves of one operation


def _interchangeable(drawn: Picture) -> list[list[Edge]]:
    """The arrows from leaves that have no other and lie in the same frame, by their head."""
    uses = Counter([edge.tail for edge in drawn.edges])
    alike: dict[tuple[Box, tuple[str, ...]], list[Edge]] = {}
    for edge in drawn.edges:
        if edge.tail.kind in ("leaf", "use") and uses[edge.tail] == 1:
            alike.setdefault((edge.head, edge.tail.modules), []).append(edge)
    return list(alike.values())


def _as_operands(layout: Layout, drawn: Picture, rankdir: str) -> Layout:
    """Leaves that may change places, in the order of the operands."""
    across = 1 - AXES[rankdir][0]
    boxes, arrows = dict(layout.boxes), dict(layout.edges)
    for edges in _interchangeable(drawn):
        placed = sorted(edges, key=lambda edge: layout.boxes[edge.tail.id][across])
        for edge, there in zip(edges, placed):
            boxes[edge.tail.id] = layout.boxes[there.tail.id]
            arrows[edge.id] = layout.edges[there.id]
    return replace(layout, boxes=boxes, edges=arrows)


# ---------------------------------------------------------------- rows


def _in_rows(layout: Layout, drawn: Picture, sizes: dict[Box, Position]) -> Layout:
    """A long strip cut into rows, where few arrows are cut, unless that is many anyhow.

    An arrow that is cut runs below its row, and along the left edge to the row where it ends.
    """
    length, height = layout.size
    gaps, end = [], 0.0
    for left, _, right, _ in sorted(
        [_sides(layout.boxes[box.id], sizes[box]) for box in drawn.boxes]
    ):
        if left > end:
            gaps.append((end + left) / 2)
        end = max(end, right)
    spans = [[layout.boxes[box.id][0] for box in (e.tail, e.head)] for e in drawn.edges]
    over = {x: sum([tail < x < head for tail, head in spans]) for x in gaps}
    rows = round(math.sqrt(length / (height + LANE) * PAGE[1] / PAGE[0]))
    cuts = {0.0}
    for k in range(1, rows):
        off = {x: abs(x * rows / length - k) for x in gaps}
        cuts.add(min(gaps, key=lambda x: (off[x] > NEAR, over[x], off[x])))
    starts = sorted(cuts)
    row = {box: bisect(starts, layout.boxes[box.id][0]) - 1 for box in drawn.boxes}
    ends = {edge: (row[edge.tail], row[edge.head]) for edge in drawn.edges}
    most = max([over[x] for x in starts[1:]], default=0)
    if most > MOST_BETWEEN or any(k > last for k, last in ends.values()):
        return layout
    parts = {}
    for edge, (k, last) in ends.items():
        if k < last:
            points = layout.edges[edge.id][0][:-1]
            parts[edge] = _cut(points, starts[k + 1])[0], _cut(points, starts[last])[1]
    tracks = [0] * len(starts)
    aside = dict[Edge, float]()
    for edge in sorted(parts, key=lambda edge: -parts[edge][0][-1][1]):
        k, last = ends[edge]
        track = max(tracks[k:last])
        tracks[k:last] = [track + 1] * (last - k)
        aside[edge] = TRACK * track
    beside, below = EDGE + TRACK * max(tracks), LANE + TRACK * max(tracks)

    def moved(point: Position, k: int) -> Position:
        return point[0] - starts[k] + beside, point[1] + k * (height + below)

    boxes = {box.id: moved(layout.boxes[box.id], row[box]) for box in drawn.boxes}
    edges: dict[str, tuple[list[Position], Position | None]] = {}
    wide = max([width(edge.local, SMALL) for edge in drawn.edges])
    for edge, (k, last) in ends.items():
        points, label = layout.edges[edge.id]
        if edge in parts:
            first, second = parts[edge]
            leaves, enters = moved(first[-1], k), moved(second[0], last)
            left, turn = aside[edge], leaves[0] + wide + 8 + aside[edge]
            low = (k + 1) * (height + below) - below + LANE / 2 + left
            corners = [leaves, (turn, leaves[1]), (turn, low), (left, low), (left, enters[1])]
            line = [p for a, b in pairwise([*corners, enters]) for p in (a, b, b)]
            rest = [moved(p, last) for p in [*second[1:], points[-1]]]
            at = label and bisect(starts, label[0] - width(edge.local, SMALL) / 2) - 1
            shown = label and moved(label, at) if at in (k, last) else None
            edges[edge.id] = [*[moved(p, k) for p in first], *line, *rest], shown
        else:
            edges[edge.id] = [moved(p, k) for p in points], label and moved(label, k)
    longest = max([b - a for a, b in pairwise([*starts, length])])
    size = longest + wide + 3 * beside, len(starts) * (height + below) - below
    return Layout(size, boxes, edges, {})


def _cut(points: list[Position], x: float) -> tuple[list[Position], list[Position]]:
    """Bézier curves up to where they pass `x`, and from there on (de Casteljau)."""
    last = len(points) - 4  # the arrowhead may take up what is left
    at = next((i for i in range(0, last, 3) if points[i + 3][0] >= x), last)
    low, high = 0.0, 1.0
    rows: list[list[Position]] = []
    for _ in range(30):
        t = (low + high) / 2
        rows = [points[at : at + 4]]
        while len(rows[-1]) > 1:
            rows.append(
                [(a + t * (c - a), b + t * (d - b)) for (a, b), (c, d) in pairwise(rows[-1])]
            )
        low, high = (t, high) if rows[-1][0][0] < x else (low, t)
    first, second = [few[0] for few in rows], [few[-1] for few in reversed(rows)]
    return points[:at] + first, second + points[at + 4 :]


# ---------------------------------------------------------------- networks


def _columns(drawn: Picture) -> list[list[Box]] | None:
    """The boxes by columns, if every arrow goes from one to the next, or past boxes that
    belong to no module.
    """
    tails: dict[Box, list[Box]] = {box: [] for box in drawn.boxes}
    heads: dict[Box, list[Box]] = {box: [] for box in drawn.boxes}
    for edge in drawn.edges:
        tails[edge.head].append(edge.tail)
        heads[edge.tail].append(edge.head)
    ranks: dict[Box, int] = {}
    try:
        for box in TopologicalSorter(tails).static_order():
            ranks[box] = max([ranks[tail] + 1 for tail in tails[box]], default=0)
    except CycleError:
        return None
    for box in drawn.boxes:
        if not tails[box] and heads[box]:
            ranks[box] = min([ranks[head] for head in heads[box]]) - 1
    columns: list[list[Box]] = [[] for _ in range(max(ranks.values()) + 1)]
    for box in drawn.boxes:
        columns[ranks[box]].append(box)
    if any(box.modules for boxes in _passed(drawn, columns).values() for box in boxes):
        return None
    return [sorted(column, key=_natural) for column in columns]


def _passed(drawn: Picture, columns: list[list[Box]]) -> dict[str, list[Box]]:
    """The boxes of the columns that each arrow goes past, by its id."""
    ranks = {box: i for i, column in enumerate(columns) for box in column}
    return {
        edge.id: list(chain(*columns[ranks[edge.tail] + 1 : ranks[edge.head]]))
        for edge in drawn.edges
    }


def _in_columns(
    drawn: Picture, columns: list[list[Box]], sizes: dict[Box, Position], options: Options
) -> Layout:
    """Columns one after another, centred, with a frame around each layer."""
    along, sign = AXES[options.rankdir]
    across = 1 - along
    boxes: dict[str, Position] = {}
    at = 0.0
    for column in columns:
        deep = max([sizes[box][along] for box in column])
        places = [0.0]
        for box, after in pairwise([*column, column[-1]]):
            apart = BESIDE if after.modules == box.modules else 3 * BESIDE + HEADING
            places.append(places[-1] + sizes[box][across] + apart)
        total = places[-1] - BESIDE
        for box, place in zip(column, places):
            half = sizes[box][along] / 2  # its arrow must not pass beside wider boxes
            middle = deep - half if box.kind == "more" else deep / 2
            centre = sign * (at + middle), place + sizes[box][across] / 2 - total / 2
            boxes[box.id] = centre if along == 0 else (centre[1], centre[0])
        arrows = [edge for edge in drawn.edges if edge.tail in column]
        numbers = [width(edge.local, SMALL) for edge in arrows]
        room = max(numbers, default=0.0) + 3 * ARROW
        at += deep + (BETWEEN if len(arrows) > 2 else max(BETWEEN / 2, room))
    frames: dict[str, Sides] = {}
    for box in drawn.boxes:
        left, top, right, bottom = _sides(boxes[box.id], sizes[box], PADDING)
        for path in box.modules:
            own = (left, top - HEADING, right, bottom)
            frames[path] = _union([own, frames.get(path, own)])
    around = [_sides(boxes[box.id], sizes[box]) for box in drawn.boxes]
    by = _passed(drawn, columns)
    around += [_sides(boxes[b.id], sizes[b], 2 * BESIDE) for past in by.values() for b in past]
    left, top, right, bottom = _union([*frames.values(), *around])
    boxes = {id: (x - left, y - top) for id, (x, y) in boxes.items()}
    framed = {path: (a - left, b - top, c - a, d - b) for path, (a, b, c, d) in frames.items()}
    taken: list[tuple[Position, float]] = []
    for path, (x, y, _, _) in framed.items():
        half = width(relative(path, layers_of(path)[:-1]), SMALL) / 2
        taken.append(((x + PADDING + half, y + SMALL), half))
    curves = _fans(drawn, boxes, sizes, by, options.rankdir, taken)
    return Layout((right - left, bottom - top), boxes, curves, framed)


def _sides(centre: Position, size: Position, padding: float = 0.0) -> Sides:
    (x, y), w, h = centre, size[0] / 2 + padding, size[1] / 2 + padding
    return x - w, y - h, x + w, y + h


def _union(places: Sequence[Sides]) -> Sides:
    lefts, tops, rights, bottoms = zip(*places)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _fans(
    drawn: Picture,
    boxes: dict[str, Position],
    sizes: dict[Box, Position],
    by: dict[str, list[Box]],
    rankdir: str,
    taken: list[tuple[Position, float]],
) -> dict[str, tuple[list[Position], Position | None]]:
    """Curves from side to side, and room for their numbers where there is some.

    Below the boxes that an arrow goes past, `by` its id, it is straight. No number stands
    where texts are already, in `taken`: their centres and half their widths.
    """
    along, sign = AXES[rankdir]

    def side(box: Box, sign: int, aside: float) -> Position:
        centre, half = boxes[box.id], sizes[box][along] / 2
        return _shifted(_shifted(centre, along, sign * half), 1 - along, aside)

    curves: dict[str, tuple[list[Position], Position | None]] = {}
    pairs = Counter([(edge.tail, edge.head) for edge in drawn.edges])
    done: Counter[tuple[Box, Box]] = Counter()
    fans = Counter([round(boxes[edge.tail.id][along]) for edge in drawn.edges])
    for edge in drawn.edges:
        pair = edge.tail, edge.head
        aside = APART * (done[pair] - (pairs[pair] - 1) / 2)
        done[pair] += 1
        start, tip = side(edge.tail, sign, aside), side(edge.head, -sign, aside)
        end = _shifted(tip, along, -sign * ARROW)
        curve = _bent(start, end, along)
        if by[edge.id]:
            past = [_sides(boxes[box.id], sizes[box], BESIDE) for box in by[edge.id]]
            left, top, right, low = _union(past)
            first, last = (left, low), (right, low)
            if along == 1:
                first, last = (right, top), (right, low)
            first, last = (first, last)[::sign]
            curve = [
                *_bent(start, first, along),
                *(first, last),
                *_bent(last, end, along),
            ]
        label = None
        if edge.local and fans[round(boxes[edge.tail.id][along])] <= WRITTEN:
            half = width(edge.local, SMALL) / 2 + 2
            label = next((p for p in _points_on(curve) if _free(p, half, taken)), None)
            if label is not None:
                taken.append((label, half))
        curves[edge.id] = ([*curve, tip], label)
    return curves


def _bent(start: Position, end: Position, along: int) -> list[Position]:
    """A curve that leaves and arrives along an axis."""
    reach = (end[along] - start[along]) / 2
    return [start, _shifted(start, along, reach), _shifted(end, along, -reach), end]


def _points_on(curve: list[Position]) -> list[Position]:
    """Where a number may stand on a curve."""
    points = []
    for t in PLACES:
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = [sum([w * p[k] for w, p in zip(weights, curve)]) for k in (0, 1)]
        points.append((x, y))
    return points


def _free(point: Position, half: float, taken: list[tuple[Position, float]]) -> bool:
    return all(
        abs(x - point[0]) > half + other or abs(y - point[1]) > SMALL + 2
        for (x, y), other in taken
    )


def _shifted(point: Position, axis: int, by: float) -> Position:
    return (point[0] + by, point[1]) if axis == 0 else (point[0], point[1] + by)


def _natural(box: Box) -> list[tuple[int, str]]:
    """A key that puts `neurons.2` before `neurons.10`."""
    parts = re.split(r"(\d+)", box.hint)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
