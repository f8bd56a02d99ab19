"""The decision boundary of a model with two inputs, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from autograd.show.text import escape
from nn.pages.chart import Axis, axis_text, tick_texts
from nn.pages.contours import Grid, coordinate, regions

WIDTH = 480.0
SURE = (0.0, 1 / 3, 2 / 3)  # where the still picture's shades begin
MOST = 2000  # samples in a page
LEVELS = 9  # of the shades that a page draws
CODES = "".join(chr(c) for c in range(35, 127) if c != 92)  # a class and a level, in a letter
LEFT, RIGHT, TOP = 50.0, 468.0, 12.0
MARKERS = (
    "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",
    "M0 -5L5 4H-5Z",
    "M-4 -4H4V4H-4Z",
    "M0 -5.5L5.5 0L0 5.5L-5.5 0Z",
    "M0 5L-5 -4H5Z",
)
HATCHES = (  # by class, in a tile of 16
    "",
    "M-1 17L17 -1M-1 1L1 -1M15 17L17 15",
    "M-1 -1L17 17M-1 15L1 17M15 -1L17 1",
    "M0 8H16",
    "M8 0V16",
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

    def sure(self, x: float) -> float:
        """How sure the model is where a field is x: from 0 to 1, or down to -1 if it is not.

        Of logits it is 2p - 1, with the probability p against the next best answer.
        """
        return math.tanh(0.5 * x) if self.scale == 0.0 else max(-1.0, min(x / self.scale, 1.0))

    def lines(self) -> list[str]:
        """For each epoch the path of the boundary."""
        return [
            "".join([self._regions(grid, 0.0)[1] for grid in grids]) for grids in self.fields
        ]

    def shades(self) -> list[str]:
        """For each epoch a letter a place, row by row: the class answered, and how surely."""
        every = [map(chain.from_iterable, answers(grids)) for grids in self.fields]
        return ["".join(map(self._letter, *fields)) for fields in every]

    def _letter(self, *fields: float) -> str:
        best = max(range(len(fields)), key=lambda k: (fields[k] == fields[k], fields[k]))
        sure = self.sure(fields[best])
        return CODES[best * LEVELS + (round(sure * (LEVELS - 1)) if sure > 0.0 else 0)]

    def _regions(self, grid: Grid, level: float) -> tuple[str, str]:
        """The paths of where the model is surer than this of the grid's class, and its edge."""
        xs, ys = [self.x.place(x) for x in self.xs], [self.y.place(y) for y in self.ys]
        if level:
            grid = [[self.sure(x) - level for x in row] for row in grid]
        return regions(grid, xs, ys)

    def svg(self, frame: int = -1) -> str:
        """The picture of one of the epochs."""
        x, y = self.x, self.y
        bottom = y.start
        parts = [
            f'<svg class="plane" viewBox="0 0 {WIDTH:g} {coordinate(bottom + 44)}" role="img" '
            'aria-label="Samples, decision boundary, and shades of how sure the model is">',
            f'<rect class="ground" x="{LEFT:g}" y="{TOP:g}" '
            f'width="{RIGHT - LEFT:g}" height="{coordinate(bottom - TOP)}"/>',
        ]
        parts += [
            f'<pattern id="hatch{k}" width="16" height="16" patternUnits="userSpaceOnUse" '
            f'patternTransform="scale(0.5)"><path class="line" d="{HATCHES[k]}"/></pattern>'
            for k in range(1, 5)
        ]
        for k, grid in enumerate(answers(self.fields[frame])):
            for level in SURE:
                area, _ = self._regions(grid, level)
                parts.append(f'<path class="area k{k % 5}" d="{area}"/>')
                if area and k % 5 and not level:  # so that it is known without its colour, too
                    fill = f'fill="url(#hatch{k % 5})"'
                    parts.append(f'<path class="hatch" d="{area}" {fill}/>')
        parts.append(f'<path class="boundary" d="{self.lines()[frame]}"/>')
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
            "<li>the stronger the colour, the surer</li>"
        )
        if self.every > 1:
            line += f"<li>one sample in {self.every} is shown</li>"
        return f'<ul class="legend">{"".join(items)}{line}</ul>'


def answers(grids: Sequence[Grid]) -> list[Grid]:
    """A grid for each class: above 0 where the model answers it."""
    if len(grids) > 1:
        return list(grids)
    return [[[-x for x in row] for row in grids[0]], grids[0]]


def marker(k: int) -> str:
    """The shape of a class, as an SVG path around (0, 0)."""
    return MARKERS[k % len(MARKERS)]
