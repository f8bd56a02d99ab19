"""The decision boundary of a model with two inputs, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from autograd.show.pages.document import json_number
from autograd.show.text import escape
from nn.pages.chart import Axis, axis_text, coordinate, tick_texts

WIDTH = 480.0
MOST = 2000  # samples in a page
LEFT, RIGHT, TOP = 50.0, 468.0, 12.0
Grid = Sequence[Sequence[float]]
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
        scale: where a field has this value the model is wholly sure; 0 for fields of
            logits, which make a probability.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    points: Sequence[tuple[float, float, int]]
    names: Sequence[str]
    rule: str
    epochs: Sequence[int]
    fields: Sequence[Sequence[Grid]]
    scale: float = 1.0

    @property
    def every(self) -> int:
        """A page that draws each of so many samples opens at once."""
        return math.ceil(len(self.points) / MOST)

    @property
    def x(self) -> Axis:
        """The first input, from left to right."""
        return Axis(self.xs[0], self.xs[-1], LEFT, RIGHT)

    @property
    def y(self) -> Axis:
        """The second input, from bottom to top; the cells of the grid are squares."""
        height = (RIGHT - LEFT) * (len(self.ys) - 1) / (len(self.xs) - 1)
        return Axis(self.ys[0], self.ys[-1], TOP + height, TOP)

    def data(self) -> dict[str, Any]:
        """The fields, with three digits, for the script that draws them."""
        flat = [[[*chain.from_iterable(grid)] for grid in grids] for grids in self.fields]
        fields = [[[*map(_short, grid)] for grid in grids] for grids in flat]
        return {"fields": fields, "columns": len(self.xs), "scale": self.scale}

    def svg(self) -> str:
        """The samples and the axes; a script draws the boundary."""
        x, y = self.x, self.y
        bottom = y.start
        parts = [
            f'<svg class="plane" viewBox="0 0 {WIDTH:g} {coordinate(bottom + 44)}" role="img" '
            'aria-label="Samples, decision boundary, and shades of how sure the model is">',
            f'<rect class="ground" x="{LEFT:g}" y="{TOP:g}" '
            f'width="{RIGHT - LEFT:g}" height="{coordinate(bottom - TOP)}"/>',
        ]
        parts.append('<path class="boundary" d=""/>')
        shown = self.points[:: self.every]
        for k in sorted({k for _, _, k in shown}):
            parts.append(self._samples(k, [(x, y) for x, y, of in shown if of == k]))
        for tick, text in zip(x.ticks(5), tick_texts("", x.ticks(5))):
            parts.append(axis_text("x", x.place(tick), bottom + 20, text))
        ticks = y.ticks(5)
        for tick, text in zip(ticks, tick_texts("", ticks)):
            parts.append(axis_text("y", LEFT - 8, y.place(tick), text))
        half = len(ticks) // 2
        between = y.place((ticks[half - 1] + ticks[half]) / 2)  # so that it touches no number
        parts.append(axis_text("x", (LEFT + RIGHT) / 2, bottom + 40, "x₁"))
        parts.append(axis_text("y", 20.0, between, "x₂"))
        return "".join([*parts, "</svg>"])

    def _samples(self, k: int, places: Sequence[tuple[float, float]]) -> str:
        """A path through the samples of a class, which has their marks and no line."""
        spots = [
            f"{coordinate(self.x.place(x))} {coordinate(self.y.place(y))}" for x, y in places
        ]
        ends = ("start", "mid", "end")
        at = " ".join([f'marker-{end}="url(#sample{k})"' for end in ends])
        return (
            f'<marker id="sample{k}" viewBox="-7 -7 14 14" markerUnits="userSpaceOnUse" '
            f'markerWidth="14" markerHeight="14"><path class="point k{k % 5}" d="{marker(k)}"/>'
            f'</marker><path class="samples" d="M{"L".join(spots)}" {at}/>'
        )

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
            "<li>the stronger the colour, the farther from it</li>"
        )
        if self.every > 1:
            line += f"<li>one sample in {self.every} is shown</li>"
        return f'<ul class="legend">{"".join(items)}{line}</ul>'


def marker(k: int) -> str:
    """The shape of a class, as an SVG path around (0, 0)."""
    return MARKERS[k % len(MARKERS)]


def _short(x: float) -> float | str:
    """Round a number to three digits, for JSON."""
    return json_number(float(f"{x:.3g}"))
