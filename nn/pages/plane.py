"""The decision boundary of a model with two inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from autograd.show.pages.document import json_number
from autograd.show.text import escape

WIDTH = 480.0
MOST = 2000  # samples in a page
GROUND = 418.0  # its width in the picture
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

    def data(self) -> dict[str, Any]:
        """The fields, with three digits, for the script that draws them."""
        flat = [[[*chain.from_iterable(grid)] for grid in grids] for grids in self.fields]
        fields = [[[*map(_short, grid)] for grid in grids] for grids in flat]
        shown = self.points[:: self.every]
        places = {"xs": self.xs, "ys": self.ys, "points": shown, "columns": len(self.xs)}
        return {"fields": fields, "scale": self.scale, **places}

    def svg(self) -> str:
        """The picture, in which a script draws; the cells of the grid are squares."""
        height = GROUND * (len(self.ys) - 1) / (len(self.xs) - 1)
        return (
            f'<svg class="plane" viewBox="0 0 {WIDTH:g} {height + 56:.1f}" role="img" '
            'aria-label="Samples, decision boundary, and shades of how sure the model is">'
            f'<rect class="ground" x="50" y="12" width="{GROUND:g}" height="{height:.1f}"/>'
            '<path class="boundary" d=""/></svg>'
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
