"""Curves of a training over its epochs: which are drawn together, and their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.show.pages.document import json_number
from autograd.show.text import escape, format_number

# Told apart by people with colour-blindness (after Okabe & Ito 2008), on light and dark paper;
# each class has its own mark and each curve its own line as well.
COLOURS = ("#b84a00", "#0067a5", "#00795a", "#a8437d", "#595959")
DARK_COLOURS = ("#f0a26b", "#6bb7ee", "#4fcba3", "#e79cc6", "#b8bec4")
Records = Mapping[str, Sequence[float]]  # of each epoch a number, by name
STOPS = 200  # epochs that are shown of a training without a boundary
DECADES = 2.0  # a positive quantity that spans more is drawn on a logarithmic scale


class Chart:
    """Curves of one quantity over the epochs 1, 2, …

    Args:
        curves: by name, a number an epoch each; a script draws them, and leaves out what is
            not finite.

    Attributes:
        logarithmic: whether its axis is, since it spans much.

    >>> Chart({"loss": [100.0, 0.1]}).logarithmic
    True
    """

    def __init__(self, curves: Mapping[str, Sequence[float]]) -> None:
        self.curves = curves
        title = " and ".join(map(plain_name, curves))
        self.title = title[:1].upper() + title[1:]
        finite = [x for numbers in curves.values() for x in numbers if math.isfinite(x)]
        low, high = min(finite, default=0.0), max(finite, default=0.0)
        self.logarithmic = low > 0.0 and math.log10(high) - math.log10(low) > DECADES

    def svg(self) -> str:
        """The picture, in which a script draws."""
        scale = " (logarithmic scale)" if self.logarithmic else ""
        names = " and ".join(name.replace("_", " ") for name in self.curves)
        label = f"{escape(names)} over the epochs{scale}"
        return (
            f'<svg class="chart" viewBox="0 0 480 264" role="img" aria-label="{label}"></svg>'
        )

    def data(self) -> dict[str, Any]:
        """The numbers, for the script that draws them."""
        return {
            "curves": [[*map(json_number, numbers)] for numbers in self.curves.values()],
            "percent": [name.endswith("accuracy") for name in self.curves],
            "logarithmic": self.logarithmic,
        }

    def legend(self) -> str:
        """The lines, their names, and room for their numbers, as HTML."""
        items = "".join(
            f'<li><svg class="mark" viewBox="-14 -7 28 14" aria-hidden="true">'
            f'<path class="curve c{k}" d="M-14 0H14"/></svg> {escape(plain_name(name))} '
            "<b></b></li>"
            for k, name in enumerate(self.curves)
        )
        return f'<ul class="legend">{items}</ul>'


def charts(records: Records) -> list[Chart]:
    """A chart for each quantity, with that of the validation data.

    >>> records = {"loss": [1.0], "accuracy": [1.0], "val_loss": [1.0]}
    >>> [list(chart.curves) for chart in charts(records)]
    [['loss', 'val_loss'], ['accuracy']]
    """
    groups: dict[str, dict[str, Sequence[float]]] = {}
    for name, numbers in records.items():
        base = name.removeprefix("val_")
        groups.setdefault(base if base in records else name, {})[name] = numbers
    return [Chart(curves) for curves in groups.values()]


def stops(total: int, recorded: Sequence[int] | None) -> list[int]:
    """The epochs that are shown: those kept of a training, else all, or 200 evenly spread.

    >>> stops(3, None)
    [0, 1, 2, 3]
    """
    if recorded is not None:
        return list(recorded)
    count = min(total, STOPS)
    return [0] + [1 + round(k * (total - 1) / max(1, count - 1)) for k in range(count)]


def number_text(name: str, x: float) -> str:
    """A number of a record; an accuracy in percent.

    >>> number_text("loss", 0.5), number_text("val_accuracy", 0.925)
    ('0.5', '92.5 %')
    """
    if name.endswith("accuracy"):
        return f"{100 * x:.4g} %"
    return format_number(x, ".4g")


def plain_name(name: str) -> str:
    """The name of a record as a person writes it."""
    return name.replace("val_", "validation ").replace("_", " ")
