"""Where everything goes: cards of a known size, arranged by the layout engine.

The engine is given sizes and gives back places. No text of the graph goes through it, so no
label can break a layout, and every engine draws the same picture.

Engines only mind where arrows cross. Leaves of one operation can change places without a
crossing, and are put in the order of the operands afterwards.

Where neurons are drawn as boxes, almost everything is linked with everything: the engine
then only gives ranks and places, and the arrows are fans of curves between the layers.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.show.drawing import engine
from autograd.show.drawing.boxes import Box, Edge, Frame, Picture
from autograd.show.drawing.dot import build
from autograd.show.drawing.options import Options
from autograd.show.text import clipped, width

__all__ = ["SMALL", "WIDEST_NAME", "Card", "Layout", "Position", "align_sizes", "lay_out"]

SMALL = 11  # the font size of captions and derivatives, in pixels
WIDEST_NAME = 170.0  # of a name; what is longer is cut, and whole in the tooltip
LABELLED = 1000  # with more edges than this the layout keeps no room for their numbers
FAN = 1.5  # edges a box, from which on collapsed neurons are linked by fans
ARROW = 8.0  # the length of an arrowhead
APART = 16.0  # between arrows that link the same two boxes
# The axis along which the arrows go, and which way.
AXES = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in points (1/72 inch), from the upper left corner.

    Attributes:
        size: width and height of the whole.
        boxes: the centre of each box, by its id.
        edges: by id: the points of the Bézier curves, and the centre of the text.
        frames: left, top, width and height, by the module's path.
    """

    size: Position
    boxes: dict[str, Position]
    edges: dict[str, tuple[list[Position], Position | None]]
    frames: dict[str, tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """A box with its texts and its size: `rows` has pairs of a caption and a number."""

    box: Box
    title: str
    op: str
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
    groups = any(box.kind == "group" for box in drawn.boxes)
    if groups and len(drawn.edges) >= FAN * len(cards):
        layout = _engine_layout(drawn, cards, options, fans=True)
        if _is_layered(layout, drawn.edges, options.rankdir):
            return _with_fans(layout, cards, drawn.edges, options.rankdir)
    layout = _engine_layout(drawn, cards, options, fans=False)
    return _as_operands(layout, drawn, options.rankdir)


def _engine_layout(
    drawn: Picture, cards: Sequence[Card], options: Options, fans: bool
) -> Layout:
    """The engine's answer for rectangles, and for the room that texts need."""
    sizes = {card.box: card.size for card in cards}
    labelled = len(drawn.edges) <= LABELLED and not fans
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
        return {"labeljust": "l", "margin": "10", "label": label}

    apart = {"ranksep": "1.2", "splines": "false"} if fans else {"ranksep": "0.4"}
    defaults = {
        "graph_attr": {"rankdir": options.rankdir, "nodesep": "0.25", "margin": "0", **apart},
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
    edges = {}
    for edge in found.get("edges", []):
        if "pos" not in edge:  # with splines=false
            continue
        tip, _, curve = edge["pos"].removeprefix("e,").partition(" ")
        label = points(edge["lp"])[0] if "lp" in edge else None
        edges[edge["id"]] = (points(curve) + points(tip), label)
    return Layout(
        size=(total, height),
        boxes={item["id"]: points(item["pos"])[0] for item in objects if "pos" in item},
        edges=edges,
        frames=frames,
    )


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


# ---------------------------------------------------------------- fans


def _is_layered(layout: Layout, edges: Sequence[Edge], rankdir: str) -> bool:
    """Whether every edge goes from one rank to the next."""
    axis, sign = AXES[rankdir]
    at = {id: round(place[axis]) * sign for id, place in layout.boxes.items()}
    rank = {place: number for number, place in enumerate(sorted(set(at.values())))}
    return all(rank[at[e.head.id]] - rank[at[e.tail.id]] == 1 for e in edges)


def _with_fans(
    layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], rankdir: str
) -> Layout:
    """Boxes of a rank in the order of their names, and curves from side to side."""
    along, sign = AXES[rankdir]
    ranks: dict[tuple[object, ...], list[Box]] = {}
    for card in cards:
        at = round(layout.boxes[card.box.id][along])
        ranks.setdefault((at, card.box.modules, card.box.kind), []).append(card.box)
    boxes: dict[str, Position] = {}
    for rank in ranks.values():
        places = sorted([layout.boxes[box.id] for box in rank], key=lambda at: at[1 - along])
        boxes |= zip([box.id for box in sorted(rank, key=_natural)], places)
    sizes = {card.box.id: card.size for card in cards}

    def side(box: Box, sign: int, aside: float) -> Position:
        centre, half = boxes[box.id], sizes[box.id][along] / 2
        return _shifted(_shifted(centre, along, sign * half), 1 - along, aside)

    curves: dict[str, tuple[list[Position], Position | None]] = {}
    pairs = Counter([(edge.tail, edge.head) for edge in edges])
    drawn: Counter[tuple[Box, Box]] = Counter()
    for edge in edges:
        pair = edge.tail, edge.head
        aside = APART * (drawn[pair] - (pairs[pair] - 1) / 2)
        drawn[pair] += 1
        start, tip = side(edge.tail, sign, aside), side(edge.head, -sign, aside)
        end = _shifted(tip, along, -sign * ARROW)
        reach = (end[along] - start[along]) / 2
        bends = [_shifted(start, along, reach), _shifted(end, along, -reach)]
        curves[edge.id] = ([start, *bends, end, tip], None)
    return replace(layout, boxes=boxes, edges=curves)


def _shifted(point: Position, axis: int, by: float) -> Position:
    return (point[0] + by, point[1]) if axis == 0 else (point[0], point[1] + by)


def _natural(box: Box) -> list[tuple[int, str]]:
    """A key that puts `neurons.2` before `neurons.10`."""
    parts = re.split(r"(\d+)", box.title)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
