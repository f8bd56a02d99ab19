"""The places of boxes of a known size in pixels, in rows along the arrows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograd.show.drawing import layered
from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.keys import layers_of
from autograd.show.drawing.records import SMALL, Box, Edge, Position, Sides
from autograd.show.text import width

__all__ = ["ANY", "ARROW", "AXES", "Layout", "lay_out", "port_room"]

ANY = 10_000  # rows: no end of them
ARROW = 8.0  # the length of an arrowhead
PORT = 14.0  # from number to number before a box
NAME = 18.0  # the height of a name that stands for its box
PADDING, HEADING = 8.0, 18.0  # of a frame, and its title
WRITTEN = 24  # with more weighted arrows than this their numbers are in the tooltips alone
DENSE = 4  # with more arrows than this a box, no number is written
BULGE = 16.0  # of an arrow that turns round
# The axis along which the arrows go, and which way.
AXES = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in pixels; those of boxes and arrows are in these.

    Attributes:
        corner: the upper left one; size: width and height of the whole.
        frames: by the path of a module or scope.
        names: the names where arrows begin in another row.
    """

    corner: Position
    size: Position
    frames: dict[str, Sides]
    names: list[Box]


def port_room(drawn: Picture, rankdir: str) -> dict[Box, float]:
    """Set the sizes of the arrows' numbers, but where there is no room for them; return by box
    its least height for the numbers before it; width, if arrows go down.
    """
    weighted = len([edge for edge in drawn.edges if edge.weight is not None])
    dense = len(drawn.edges) > DENSE * len(drawn.boxes)
    room = dict.fromkeys(drawn.boxes, 0.0)
    for edge in drawn.edges:
        if not dense and (edge.weight is None or weighted <= WRITTEN):
            edge.label = _number_room(edge, rankdir)
        room[edge.head] += edge.label[1]
    return {box: high + 4.0 if high else 0.0 for box, high in room.items()}


def _number_room(edge: Edge, rankdir: str) -> Position:
    """Along and across; above the titles of the frames that its arrow enters."""
    if not edge.text:
        return 0.0, 0.0
    wide = width(edge.text, SMALL) + 4.0
    entered = [path for path in edge.head.modules if path not in edge.tail.modules]
    titles = 2 * HEADING * len(entered) if rankdir == "TB" else 0.0
    return (wide, PORT) if AXES[rankdir][0] == 0 else (PORT + 2.0 + titles, wide + 4.0)


def lay_out(drawn: Picture, rankdir: str, page: Position, rows: int) -> Layout | None:
    """Place boxes, arrows and frames, once `port_room` has set the sizes of the numbers; None
    if so many rows are too few.

    A frame is drawn unless it would be around what is not in it.

    Args:
        page: the width and the height that it should have.
    """
    along, sign = AXES[rankdir]
    depth = max([len(box.modules) for box in drawn.boxes])
    for k, box in enumerate(drawn.boxes):
        if box.kind == "group" and box.modules:
            box.fixed = k
        box.tag = _swapped(along, width(box.name, SMALL) + 8.0, NAME)
        box.long, box.high = _swapped(along, box.width, box.height)
    wide = page[along] - 2 * PADDING * depth
    extent = layered.lay_out(drawn.boxes, drawn.edges, wide, rows)
    if extent is None:
        return None

    def turned(x: float, y: float) -> Position:
        return _swapped(along, x if sign > 0 else extent[0] - x, y)

    names = [*dict.fromkeys([e.way[0] for e in drawn.edges if e.way[0].kind == "name"])]
    for box in [*drawn.boxes, *names]:
        box.centre = turned(box.x, box.y)
        box.width, box.height = _swapped(along, box.long, box.high)
    frames = _frames(drawn.boxes)
    points = [turned(0.0, 0.0), turned(*extent)]  # frames go beyond the first boxes
    points += [corner for s in frames.values() for corner in (s[:2], s[2:])]
    for edge in drawn.edges:
        edge.line = [turned(*point) for point in _curves(edge.line)]
        edge.number = turned(*edge.number)
        points += edge.line
    (left, top), (right, bottom) = [[*map(end, zip(*points))] for end in (min, max)]
    return Layout((left, top), (right - left, bottom - top), frames, names)


def _swapped(along: int, x: float, y: float) -> Position:
    """Lengths along and across the arrows as width and height, and back."""
    return (x, y) if along == 0 else (y, x)


def _curves(points: Sequence[Position]) -> list[Position]:
    """Lines and curves in turn as Bézier curves, up to the arrowhead, and its tip."""
    ends = [*points[:-1], (points[-1][0] - ARROW, points[-1][1])]
    curves = ends[:1]
    for k, (x, y) in enumerate(ends[1:], 1):
        last = curves[-1]
        if last[0] == x and last[1] != y:  # it turns round: forth at its first turn, then back
            away = x + (BULGE if k == 2 else -BULGE)
            curves += [(away, last[1]), (away, y), (x, y)]
        else:
            middle = (last[0] + x) / 2
            curves += [(middle, last[1]), (middle, y), (x, y)]
    return [*curves, points[-1]]


def _frames(boxes: Sequence[Box]) -> dict[str, Sides]:
    """The sides of the frames that are around nothing else; leaves may stand before theirs."""
    frames: dict[str, Sides] = {}
    first = {
        path: x.rank
        for x in sorted(boxes, key=lambda x: -x.rank)
        if x.ends
        for path in x.modules
    }
    late = [x for x in boxes if x.modules and x.rank >= first.get(x.modules[-1], 0)]
    for inside in (dict.fromkeys(boxes), dict.fromkeys(late)):
        tried = _around(inside)
        for path, a in tried.items():
            outside = [x.sides for x in boxes if x not in inside or path not in x.modules]
            outside += [
                sides
                for other, sides in tried.items()
                if path not in layers_of(other) and other not in layers_of(path)
            ]
            overlaps = [
                min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
                for b in outside
            ]
            if not any(overlaps):
                frames.setdefault(path, a)
    order = sorted(frames, key=lambda path: (len(layers_of(path)), path))  # around others first
    return {path: frames[path] for path in order}


def _around(boxes: Iterable[Box]) -> dict[str, Sides]:
    """The sides of the frame around the boxes of each module."""
    frames: dict[str, Sides] = {}
    for box in boxes:
        left, top, right, bottom = box.sides
        for k, path in enumerate(reversed(box.modules), 1):
            head = PADDING * (k - 1) + HEADING * k
            own = left - PADDING * k, top - head, right + PADDING * k, bottom + PADDING * k
            a, b, c, d = frames.get(path, own)
            frames[path] = min(a, own[0]), min(b, own[1]), max(c, own[2]), max(d, own[3])
    return frames
