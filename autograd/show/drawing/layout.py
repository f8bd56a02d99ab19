"""Where everything goes in pixels: cards of a known size, laid out in rows along the arrows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from autograd.show.drawing import layered
from autograd.show.drawing.boxes import Box, Edge, Picture
from autograd.show.drawing.cards import SMALL, Card
from autograd.show.drawing.keys import layers_of
from autograd.show.drawing.layered import Arrow, Item, Spot, arrow, item
from autograd.show.text import width

__all__ = ["AXES", "Layout", "Position", "Sides", "lay_out", "port_room", "sides_of"]

ARROW = 8.0  # the length of an arrowhead
PORT = 14.0  # from number to number before a box
NAME = 18.0  # the height of a name that stands for its box
PADDING, HEADING = 8.0, 18.0  # of a frame, and its title
WRITTEN = 24  # with more weighted arrows than this their numbers are in the tooltips alone
DENSE = 4  # with more arrows than this a box, no number is written
LEVEL = 0.05  # what differs less is at one height
# The axis along which the arrows go, and which way.
AXES = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}

Position = tuple[float, float]
Sides = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in pixels, from the upper left corner.

    Attributes:
        size: width and height of the whole.
        boxes: the centre of each box, by its id.
        arrows: by id the points of Bézier curves, and the tip.
        numbers: by the id of an arrow the centre of its number, if there is room for it.
        frames: by the path of a module or scope.
        names: where arrows begin in another row, a box and the centre of its name.
        begins: by the id of an arrow that begins at a name, which of these.
    """

    size: Position
    boxes: dict[str, Position]
    arrows: dict[str, list[Position]]
    numbers: dict[str, Position]
    frames: dict[str, Sides]
    names: list[tuple[Box, Position]]
    begins: dict[str, int]


def written(drawn: Picture) -> dict[Edge, str]:
    """By arrow the number that is written on it, "" where there is no room for it."""
    weighted = len([edge for edge in drawn.edges if edge.weight is not None])
    dense = len(drawn.edges) > DENSE * len(drawn.boxes)
    return {
        edge: "" if dense or (edge.weight is not None and weighted > WRITTEN) else edge.text
        for edge in drawn.edges
    }


def port_room(drawn: Picture, rankdir: str) -> dict[Box, float]:
    """By box how high it must be for the numbers before it; how wide, if arrows go down."""
    texts, room = written(drawn), dict.fromkeys(drawn.boxes, 0.0)
    for edge in drawn.edges:
        room[edge.head] += _number_room(edge, texts[edge], rankdir, 0)[1]
    return {box: high + 4.0 if high else 0.0 for box, high in room.items()}


def _number_room(edge: Edge, text: str, rankdir: str, depth: int) -> Spot:
    """Along and across; above the titles of the frames that its arrow enters."""
    if not text:
        return [0.0, 0.0]
    wide = width(text, SMALL) + 4.0
    entered = [path for path in edge.head.modules[:depth] if path not in edge.tail.modules]
    titles = 2 * HEADING * len(entered) if rankdir == "TB" else 0.0
    return [wide, PORT] if AXES[rankdir][0] == 0 else [PORT + 2.0 + titles, wide + 4.0]


def lay_out(
    drawn: Picture, cards: Sequence[Card], rankdir: str, page: Position, rows: int
) -> Layout | None:
    """The places of cards, arrows and frames; None if so many rows are too few.

    Frames are drawn as deep as none of them would be around what is not in it.

    Args:
        page: the width and the height that it should have.
    """
    found = None
    for depth in range(max([len(card.box.modules) for card in cards]), -1, -1):
        found = _with_frames(drawn, cards, rankdir, page, rows, depth)
        if found is None or _frames_are_clear(found, cards):
            break
    return found


def _with_frames(
    drawn: Picture, cards: Sequence[Card], rankdir: str, page: Position, rows: int, depth: int
) -> Layout | None:
    """The layout with frames of so many levels."""
    along, sign = AXES[rankdir]
    texts = written(drawn)
    paths = dict.fromkeys([path for box in drawn.boxes for path in box.modules])
    frame = {path: k for k, path in enumerate(paths)}
    inside = [card.box for card in cards if card.box.kind == "group" and card.box.modules]
    fixed = {box: k for k, box in enumerate(sorted(inside, key=_natural))}
    items: dict[Box, Item] = {}
    for card in cards:
        name = (width(card.name, SMALL) + 8.0, NAME)
        around = [frame[path] for path in card.box.modules[:depth]]
        size, tag = [[pair[along], pair[1 - along]] for pair in (card.size, name)]
        items[card.box] = item(size, tag, around, fixed.get(card.box, -1))
    arrows: dict[Edge, Arrow] = {}
    for edge in drawn.edges:
        label = _number_room(edge, texts[edge], rankdir, depth)
        arrows[edge] = arrow(items[edge.tail], items[edge.head], label)
    long, high = layered.lay_out(
        [*items.values()], [*arrows.values()], page[along] - 2 * PADDING * depth, rows
    )
    if math.isinf(long):
        return None

    def turned(x: float, y: float) -> Position:
        x = x if sign > 0 else long - x
        return (x, y) if along == 0 else (y, x)

    boxes = {box.id: turned(each["x"], each["y"]) for box, each in items.items()}
    frames = _frames(cards, boxes, depth)
    whole = (0.0, 0.0, long, high) if along == 0 else (0.0, 0.0, high, long)
    sides = [whole, *frames.values()]  # frames go beyond the first boxes
    left, top = min([s[0] for s in sides]), min([s[1] for s in sides])

    def moved(point: Position) -> Position:
        return point[0] - left, point[1] - top

    names: list[tuple[Box, Position]] = []
    begins: dict[str, int] = {}
    known: dict[int, int] = {}  # by the identity of a name its number
    for edge, each in arrows.items():
        tail = each["way"][0]
        if tail["of"]:
            if id(tail) not in known:
                known[id(tail)] = len(names)
                names.append((edge.tail, moved(turned(tail["x"], tail["y"]))))
            begins[edge.id] = known[id(tail)]
    return Layout(
        moved((max([s[2] for s in sides]), max([s[3] for s in sides]))),
        {name: moved(place) for name, place in boxes.items()},
        {
            e.id: [moved(turned(*p)) for p in _curves(each["line"])]
            for e, each in arrows.items()
        },
        {e.id: moved(turned(*each["number"])) for e, each in arrows.items() if texts[e]},
        {path: (*moved((a, b)), *moved((c, d))) for path, (a, b, c, d) in frames.items()},
        names,
        begins,
    )


def _natural(box: Box) -> list[tuple[int, str]]:
    """A key that puts `neurons.2` before `neurons.10`."""
    parts = re.split(r"(\d+)", box.hint)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _curves(points: Sequence[Spot]) -> list[Spot]:
    """Lines and curves in turn as Bézier curves, up to the arrowhead, and its tip."""
    ends = [*points[:-1], [points[-1][0] - ARROW, points[-1][1]]]
    found = ends[:1]
    for k, (x, y) in enumerate(ends[1:], 1):
        level = abs(found[-1][1] - y) < LEVEL
        if level and k + 1 < len(ends) and abs(ends[k + 1][1] - y) < LEVEL:
            continue  # the line goes on
        middle = (found[-1][0] + x) / 2
        found += [[middle, found[-1][1]], [middle, y], [x, y]]
    return [*found, points[-1]]


def _frames(cards: Sequence[Card], boxes: dict[str, Position], depth: int) -> dict[str, Sides]:
    """The sides of the frames around the boxes of each module, so many levels of them."""
    frames: dict[str, Sides] = {}
    for card in cards:
        left, top, right, bottom = sides_of(boxes[card.box.id], card.size)
        paths = card.box.modules[:depth]
        for k, path in enumerate(reversed(paths), 1):
            head = PADDING * (k - 1) + HEADING * k
            own = left - PADDING * k, top - head, right + PADDING * k, bottom + PADDING * k
            a, b, c, d = frames.get(path, own)
            frames[path] = min(a, own[0]), min(b, own[1]), max(c, own[2]), max(d, own[3])
    return {
        path: frames[path] for path in sorted(frames, key=lambda path: len(layers_of(path)))
    }


def _frames_are_clear(layout: Layout, cards: Sequence[Card]) -> bool:
    """Whether no frame is around what is not in it."""
    pairs = combinations(layout.frames.items(), 2)
    around = [(s, t) for (a, s), (b, t) in pairs if a not in layers_of(b)]
    for path, sides in layout.frames.items():
        others = [card for card in cards if path not in card.box.modules]
        around += [(sides, sides_of(layout.boxes[c.box.id], c.size)) for c in others]
    return not any(
        min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
        for a, b in around
    )


def sides_of(centre: Position, size: Position) -> Sides:
    """The rectangle of this size around a point."""
    (x, y), (w, h) = centre, size
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2
