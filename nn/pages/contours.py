"""The region in which a function of two variables is positive, and the line around it.

Marching squares (Lorensen & Cline 1987, in two dimensions) on a grid of samples, linear
along the sides of each cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

XY = tuple[float, float]
Grid = Sequence[Sequence[float]]


def regions(field: Grid, xs: Sequence[float], ys: Sequence[float]) -> tuple[str, str]:
    """SVG paths of the area where the field is above 0, and of the line where it is 0.

    Args:
        field: `field[j][i]` is the value at `xs[i], ys[j]`. NaN counts as below.
        xs, ys: the places on the picture, in its units.

    >>> area, line = regions([[-1.0, 1.0], [-1.0, 1.0]], [0.0, 10.0], [0.0, 10.0])
    >>> area, line
    ('M5 0L10 0L10 10L5 10Z', 'M5 10L5 0')
    """
    areas: list[str] = []
    lines: list[str] = []
    for j in range(len(ys) - 1):
        start: float | None = None  # of a run of cells that are wholly inside
        for i in range(len(xs) - 1):
            corners = [
                (xs[i], ys[j], field[j][i]),
                (xs[i + 1], ys[j], field[j][i + 1]),
                (xs[i + 1], ys[j + 1], field[j + 1][i + 1]),
                (xs[i], ys[j + 1], field[j + 1][i]),
            ]
            inside = sum(value > 0.0 for _, _, value in corners)
            if inside == 4:
                start = xs[i] if start is None else start
                continue
            if start is not None:
                areas.append(_box(start, ys[j], xs[i], ys[j + 1]))
                start = None
            if inside:
                polygon, sides = clipped(corners)
                areas.append(polyline(polygon) + "Z")
                lines += map(polyline, sides)
        if start is not None:
            areas.append(_box(start, ys[j], xs[-1], ys[j + 1]))
    return "".join(areas), "".join(lines)


def clipped(
    corners: Sequence[tuple[float, float, float]],
) -> tuple[list[XY], list[list[XY]]]:
    """The part of a cell that is inside, and the sides of it where the field is 0.

    A page that trains runs it as JavaScript.
    """
    polygon: list[XY] = []
    crossings: list[XY] = []
    x, y, value = corners[-1]
    for to_x, to_y, to_value in corners:
        if (value > 0.0) != (to_value > 0.0):
            fall = value - to_value
            t = value / fall if math.isfinite(fall) else 0.5
            crossing = (x + t * (to_x - x), y + t * (to_y - y))
            polygon.append(crossing)
            crossings.append(crossing)
        if to_value > 0.0:
            polygon.append((to_x, to_y))
        x, y, value = to_x, to_y, to_value
    if not value > 0.0:  # from a way out of the region to the next way in
        crossings = [*crossings[1:], *crossings[:1]]
    return polygon, [crossings[2 * k : 2 * k + 2] for k in range(len(crossings) // 2)]


def _box(left: float, top: float, right: float, bottom: float) -> str:
    return polyline([(left, top), (right, top), (right, bottom), (left, bottom)]) + "Z"


def polyline(points: Sequence[XY]) -> str:
    """An SVG path from point to point."""
    return "M" + "L".join([f"{coordinate(x)} {coordinate(y)}" for x, y in points])


def coordinate(x: float) -> str:
    """A coordinate with one decimal at most.

    >>> coordinate(3.0), coordinate(2.25), coordinate(-0.01)
    ('3', '2.2', '0')
    """
    text = f"{x:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
