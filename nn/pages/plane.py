"""The decision boundary of a model with two inputs, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.show.text import escape, format_number
from nn.pages.chart import Axis, axis_text
from nn.pages.contours import Grid, coordinate, regions

WIDTH = 480.0
LEFT, RIGHT, TOP = 50.0, 468.0, 12.0
MARKERS = (
    "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",
    "M0 -5L5 4H-5Z",
    "M-4 -4H4V4H-4Z",
    "M0 -5.5L5.5 0L0 5.5L-5.5 0Z",
    "M0 5L-5 -4H5Z",
)


@dataclass(frozen=True, slots=True)
class Plane:
    """The samples that a model learns from, and its answers around them.

    Args:
        xs, ys: the places of the grid, rising.
        points: (x, y, class) of the samples; the class is an index of `names`.
        names: of the classes, two at least.
        rule: in words, where the boundary is.
        epochs: when the model was looked at, 0 before training.
        fields: one list an epoch: a grid (`[row of y][x]`) for each class but the first
            if there are two, else for each class, that is above 0 where the model answers
            this class.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    points: Sequence[tuple[float, float, int]]
    names: Sequence[str]
    rule: str
    epochs: Sequence[int]
    fields: Sequence[Sequence[Grid]]

    @property
    def x(self) -> Axis:
        """The first input, from left to right."""
        return Axis(self.xs[0], self.xs[-1], LEFT, RIGHT)

    @property
    def y(self) -> Axis:
        """The second input, from bottom to top, in the same scale as the first."""
        height = (RIGHT - LEFT) * (self.ys[-1] - self.ys[0]) / (self.xs[-1] - self.xs[0])
        return Axis(self.ys[0], self.ys[-1], TOP + height, TOP)

    def paths(self) -> list[list[str]]:
        """For each epoch the paths of the classes' areas and, last, of the boundary."""
        xs, ys = [self.x.place(x) for x in self.xs], [self.y.place(y) for y in self.ys]
        frames = []
        for grids in self.fields:
            found = [regions(grid, xs, ys) for grid in grids]
            frames.append([area for area, _ in found] + ["".join(line for _, line in found)])
        return frames

    def svg(self, paths: Sequence[str]) -> str:
        """The picture with the paths of one epoch."""
        x, y = self.x, self.y
        bottom = y.start
        first = len(self.names) - len(paths) + 1  # two classes: the other is the background
        ground = "k0" if first else "ground"
        parts = [
            f'<svg class="plane" viewBox="0 0 {WIDTH:g} {coordinate(bottom + 44)}" role="img" '
            'aria-label="Samples and decision boundary">',
            f'<rect class="{ground}" x="{LEFT:g}" y="{TOP:g}" '
            f'width="{RIGHT - LEFT:g}" height="{coordinate(bottom - TOP)}"/>',
        ]
        for k, area in enumerate(paths[:-1], start=first):
            parts.append(f'<path class="area k{k % 5}" d="{area}"/>')
        parts.append(f'<path class="boundary" d="{paths[-1]}"/>')
        for px, py, k in self.points:
            place = f"translate({coordinate(x.place(px))} {coordinate(y.place(py))})"
            parts.append(f'<path class="point k{k % 5}" d="{marker(k)}" transform="{place}"/>')
        for tick in x.ticks(5):
            parts.append(axis_text("x", x.place(tick), bottom + 20, format_number(tick)))
        for tick in y.ticks(5):
            parts.append(axis_text("y", LEFT - 8, y.place(tick), format_number(tick)))
        parts.append(axis_text("x", (LEFT + RIGHT) / 2, bottom + 40, "x₁"))
        parts.append(axis_text("x", 12.0, (TOP + bottom) / 2, "x₂"))
        return "".join([*parts, "</svg>"])

    def legend(self) -> str:
        """The classes' marks and names, and the rule, as HTML."""
        items = [
            f'<li><svg class="mark" viewBox="-7 -7 14 14" aria-hidden="true">'
            f'<path class="point k{k % 5}" d="{marker(k)}"/></svg> {escape(name)}</li>'
            for k, name in enumerate(self.names)
        ]
        line = (
            '<li class="line"><svg class="mark" viewBox="-7 -7 14 14" aria-hidden="true">'
            f'<path class="boundary" d="M-7 0H7"/></svg> {escape(self.rule)}</li>'
        )
        return f'<ul class="legend">{"".join(items)}{line}</ul>'


def marker(k: int) -> str:
    """The shape of a class, as an SVG path around (0, 0)."""
    return MARKERS[k % len(MARKERS)]
