"""Where everything goes: cards of a known size, laid out in rows along the arrows."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from autograd.show.drawing.boxes import Box, Edge, Picture
from autograd.show.drawing.cards import SMALL, Card
from autograd.show.drawing.grouping import layers_of
from autograd.show.drawing.layered import Spot
from autograd.show.drawing.layered import lay_out as in_layers
from autograd.show.text import width

__all__ = ["ARROW", "AXES", "PORT", "Layout", "Position", "lay_out", "port_room", "written"]

ARROW = 8.0  # the length of an arrowhead
PORT = 14.0  # from number to number before a box
CHIP = 18.0  # the height of a name that stands for its box
PADDING, HEADING = 8.0, 18.0  # of a frame, and its title
WRITTEN = 24  # with more weighted arrows than this their numbers are in the tooltips alone
LEVEL = 0.05  # what differs less is at one height
DENSE = 4  # with more arrows than this a box, no number is written
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
        edges: by id: the points of the Bézier curves, the tip of the arrow, and the centre of
            the text; None if there is no room for it.
        frames: left, top, width and height, by the module's path.
        chips: names in place of boxes, where arrows begin: the box, and the centre.
        begins: by the id of an arrow that begins at a chip, its number.
    """

    size: Position
    boxes: dict[str, Position]
    edges: dict[str, tuple[list[Position], Position | None]]
    frames: dict[str, tuple[float, float, float, float]]
    chips: list[tuple[Box, Position]] = field(default_factory=list)
    begins: dict[str, int] = field(default_factory=dict)


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
        room[edge.head] += _label(texts[edge], AXES[rankdir][0])[1]
    return {box: high + 4.0 if high else 0.0 for box, high in room.items()}


def _label(text: str, along: int, headings: float = 0.0) -> Spot:
    if not text:
        return [0.0, 0.0]
    wide = width(text, SMALL) + 4.0
    return [wide, PORT] if along == 0 else [PORT + 2.0 + headings, wide + 4.0]


def _headings(edge: Edge, rankdir: str, depth: int) -> float:
    """How much longer the room of a number is, so that it stands above titles of frames."""
    new = [path for path in edge.head.modules[:depth] if path not in edge.tail.modules]
    return 2 * HEADING * len(new) if rankdir == "TB" else 0.0


def lay_out(
    drawn: Picture, cards: Sequence[Card], rankdir: str, page: Position, rows: int
) -> Layout | None:
    """The places of cards, arrows and frames; None if so many rows are too few.

    Frames are drawn as deep as none of them would be around what is not in it.

    Args:
        page: the width and the height that it should have.
    """
    for depth in range(max([len(card.box.modules) for card in cards]), 0, -1):
        found, clear = _framed(drawn, cards, rankdir, page, rows, depth)
        if clear:
            return found
    return _framed(drawn, cards, rankdir, page, rows, 0)[0]


def _framed(
    drawn: Picture,
    cards: Sequence[Card],
    rankdir: str,
    page: Position,
    rows: int,
    depth: int,
) -> tuple[Layout | None, bool]:
    """The layout with frames of so many levels, and whether these are around nothing else."""
    along, sign = AXES[rankdir]
    order = {box: i for i, box in enumerate(drawn.in_reading_order())}
    few = sorted(cards, key=lambda card: order[card.box])
    number = {card.box: i for i, card in enumerate(few)}
    texts = written(drawn)
    paths = {path: k for k, path in enumerate(dict.fromkeys(_paths(drawn)))}
    names = [[width(card.name, SMALL) + 8.0, CHIP] for card in few]
    places, points, spots, chips, begins, size = in_layers(
        [[card.size[along], card.size[1 - along]] for card in few],
        [[number[edge.tail], number[edge.head]] for edge in drawn.edges],
        [_label(texts[edge], along, _headings(edge, rankdir, depth)) for edge in drawn.edges],
        [[paths[path] for path in card.box.modules[:depth]] for card in few],
        _fixed(few),
        [[name[along], name[1 - along]] for name in names],
        page[along] - 2 * PADDING * depth,
        rows,
    )
    if math.isinf(size[0]):
        return None, True

    def turned(spot: Spot) -> Position:
        u = spot[0] if sign > 0 else size[0] - spot[0]
        x, y = (u, spot[1]) if along == 0 else (spot[1], u)
        return x - left, y - top

    left, top, right, bottom = 0.0, 0.0, size[along], size[1 - along]
    boxes = {card.box.id: turned(place) for card, place in zip(few, places)}
    frames = _frames(few, boxes, depth)
    if frames:  # those around the first boxes and the last go beyond them
        lefts, tops, rights, bottoms = zip(*frames.values())
        left, top = min(left, *lefts), min(top, *tops)
        right, bottom = max(right, *rights), max(bottom, *bottoms)
        boxes = {card.box.id: turned(place) for card, place in zip(few, places)}
        frames = _frames(few, boxes, depth)
    edges: dict[str, tuple[list[Position], Position | None]] = {}
    for edge, line, spot in zip(drawn.edges, points, spots):
        curves = [turned(point) for point in _curves(line)]
        edges[edge.id] = curves, turned(spot) if texts[edge] else None
    layout = Layout(
        size=(right - left, bottom - top),
        boxes=boxes,
        edges=edges,
        frames={name: (a, b, c - a, d - b) for name, (a, b, c, d) in frames.items()},
        begins={e.id: k - len(few) for e, k in zip(drawn.edges, begins) if k >= len(few)},
        chips=[(few[i].box, turned(place)) for i, place in zip(chips, places[len(few) :])],
    )
    return layout, _clear(frames, few, boxes)


def _paths(drawn: Picture) -> list[str]:
    return [path for box in drawn.boxes for path in box.modules]


def _fixed(cards: Sequence[Card]) -> list[int]:
    """Of neurons their place in the layer, in the order of their names."""
    inside = [card for card in cards if card.box.kind == "group" and card.box.modules]
    place = {card: k for k, card in enumerate(sorted(inside, key=lambda c: _natural(c.box)))}
    return [place.get(card, -1) for card in cards]


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
    sides: dict[str, Sides] = {}
    for card in cards:
        left, top, right, bottom = _sides(card, boxes)
        paths = card.box.modules[:depth]
        for k, path in enumerate(reversed(paths)):
            pad, head = PADDING * (1 + k), PADDING * k + HEADING * (1 + k)
            own = left - pad, top - head, right + pad, bottom + pad
            a, b, c, d = sides.get(path, own)
            sides[path] = min(a, own[0]), min(b, own[1]), max(c, own[2]), max(d, own[3])
    return {path: sides[path] for path in sorted(sides, key=lambda path: len(layers_of(path)))}


def _clear(frames: dict[str, Sides], cards: Sequence[Card], boxes: dict[str, Position]) -> bool:
    """Whether no frame is around what is not in it."""
    pairs = combinations(frames, 2)
    apart = all(a in layers_of(b) or not _overlap(frames[a], frames[b]) for a, b in pairs)
    return apart and not any(
        _overlap(around, _sides(card, boxes))
        for path, around in frames.items()
        for card in cards
        if path not in card.box.modules
    )


def _sides(card: Card, boxes: dict[str, Position]) -> Sides:
    (x, y), (w, h) = boxes[card.box.id], card.size
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _overlap(a: Sides, b: Sides) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
