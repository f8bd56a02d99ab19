"""Curves of a training over its epochs: which are drawn together, their scales, an SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.show.pages.document import json_number
from autograd.show.text import escape, format_number

# Told apart by people with colour-blindness (after Okabe & Ito 2008), on light and dark paper;
# each class has its own mark and each curve its own line as well.
COLOURS = ("#b84a00", "#0067a5", "#00795a", "#a8437d", "#595959")
DARK_COLOURS = ("#f0a26b", "#6bb7ee", "#4fcba3", "#e79cc6", "#b8bec4")
WIDTH, HEIGHT = 480.0, 264.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 462.0, 12.0, 212.0
LETTER = 11.6  # the width of a digit of the largest print in a wide font
Records = Mapping[str, Sequence[float]]  # of each epoch a number, by name
STOPS = 200  # epochs that are shown of a training without a boundary
DECADES = 2.0  # a positive quantity that spans more is drawn on a logarithmic scale


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from numbers to places on the picture.

    >>> Axis(0.0, 10.0, 100.0, 200.0).place(5.0)
    150.0
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, x: float) -> float:
        """Return the place of x on the picture."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, x = math.log10(low), math.log10(high), math.log10(x)
        return self.start + (x - low) / (high - low) * (self.end - self.start)

    def ticks(self, count: int) -> list[float]:
        """Round numbers within the scale, about so many."""
        if self.logarithmic:
            powers = range(
                math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high)) + 1
            )
            every = max(1, math.ceil(len(powers) / count))
            return [10.0**power for power in powers[::every]]
        least = (self.high - self.low) / count
        power = 10.0 ** math.floor(math.log10(least))
        steps = [k * power for k in (1.0, 2.0, 5.0, 10.0)]
        step = next(step for step in steps if step >= least * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


class Chart:
    """Curves of one quantity over the epochs 1, 2, …

    Args:
        curves: by name, a number an epoch each; what is not finite is left out.
        first: the first number of the epoch axis, 0 or 1.
    """

    def __init__(self, curves: Mapping[str, Sequence[float]], first: int) -> None:
        self.curves = curves
        self.shown = range(1, 1 + max(map(len, curves.values())))
        last = max(first + 1, self.shown[-1])
        self.x = Axis(float(first), float(last), LEFT, RIGHT)
        self.y = _vertical([x for numbers in curves.values() for x in numbers])
        title = " and ".join(map(plain_name, curves))
        self.title = title[:1].upper() + title[1:]

    def svg(self) -> str:
        """The axes; a script draws the curves and the cursor."""
        x, y = self.x, self.y
        scale = " (logarithmic scale)" if y.logarithmic else ""
        names = " and ".join(name.replace("_", " ") for name in self.curves)
        first = next(iter(self.curves))
        ticks = y.ticks(5)
        texts = tick_texts(first, ticks)
        left = min(0.0, LEFT - 8 - LETTER * max(map(len, texts), default=0))
        parts = [
            f'<svg class="chart" viewBox="{left:g} 0 {WIDTH - left:g} {HEIGHT:g}" role="img" '
            f'aria-label="{escape(names)} over the epochs{scale}">'
        ]
        for tick, text in zip(ticks, texts):
            at = y.place(tick)
            parts.append(f'<path class="rule" d="M{LEFT:g} {coordinate(at)}H{RIGHT:g}"/>')
            parts.append(axis_text("y", LEFT - 8, at, text))
        for tick in self.epochs():
            parts.append(axis_text("x", x.place(tick), BOTTOM + 22, f"{tick}"))
        parts.append(f'<path class="axis" d="M{LEFT:g} {BOTTOM:g}H{RIGHT:g}"/>')
        parts.append(axis_text("x", (LEFT + RIGHT) / 2, HEIGHT - 4, "epoch"))
        kinds = range(len(self.curves))
        parts += [f'<path class="curve c{k}" d=""/>' for k in kinds]
        parts.append(f'<path class="cursor" d="M0 {TOP:g}V{BOTTOM:g}"/>')
        parts += [f'<circle class="dot c{k}" r="5"/>' for k in kinds]
        return "".join([*parts, "</svg>"])

    def epochs(self) -> list[int]:
        """Return the epochs that are written at the axis."""
        return [int(tick) for tick in self.x.ticks(5) if tick == int(tick)]

    def data(self) -> dict[str, Any]:
        """The numbers and the scales, for the script that draws them."""
        x, y = self.x, self.y
        return {
            "epochs": [*self.shown],
            "curves": [[*map(json_number, numbers)] for numbers in self.curves.values()],
            "percent": [name.endswith("accuracy") for name in self.curves],
            "across": [x.low, x.high, x.start, x.end],
            "up": [y.low, y.high, y.start, y.end],
            "logarithmic": y.logarithmic,
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


def charts(records: Records, first: int) -> list[Chart]:
    """A chart for each quantity, with that of the validation data.

    >>> records = {"loss": [1.0], "accuracy": [1.0], "val_loss": [1.0]}
    >>> [list(chart.curves) for chart in charts(records, 1)]
    [['loss', 'val_loss'], ['accuracy']]
    """
    groups: dict[str, dict[str, Sequence[float]]] = {}
    for name, numbers in records.items():
        base = name.removeprefix("val_")
        groups.setdefault(base if base in records else name, {})[name] = numbers
    return [Chart(curves, first) for curves in groups.values()]


def stops(total: int, recorded: Sequence[int] | None) -> list[int]:
    """The epochs that are shown: those kept of a training, else all, or 200 evenly spread.

    >>> stops(3, None)
    [0, 1, 2, 3]
    """
    if recorded is not None:
        return list(recorded)
    count = min(total, STOPS)
    return [0] + [1 + round(k * (total - 1) / max(1, count - 1)) for k in range(count)]


def number_text(name: str, x: float, digits: int = 4) -> str:
    """A number of a record; an accuracy in percent.

    >>> number_text("loss", 0.5), number_text("val_accuracy", 0.925)
    ('0.5', '92.5 %')
    """
    if name.endswith("accuracy"):
        return f"{100 * x:.{digits}g} %"
    return format_number(x, f".{digits}g")


def tick_texts(name: str, ticks: Sequence[float]) -> list[str]:
    """An axis' numbers, with as many digits as they need to differ.

    >>> tick_texts("loss", [1.0038, 1.004]), tick_texts("loss", [0.0, 0.5])
    (['1.0038', '1.004'], ['0.0', '0.5'])
    """
    tries = ([number_text(name, tick, digits) for tick in ticks] for digits in range(4, 18))
    return next(texts for texts in tries if len(set(texts)) == len(ticks))


def plain_name(name: str) -> str:
    """The name of a record as a person writes it."""
    return name.replace("val_", "validation ").replace("_", " ")


def _vertical(numbers: Iterable[float]) -> Axis:
    """The scale of a quantity: from 0 where that is near, logarithmic where it spans much."""
    finite = [x for x in numbers if math.isfinite(x)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    if low > 0.0 and math.log10(high) - math.log10(low) > DECADES:
        return Axis(low, high, BOTTOM, TOP, logarithmic=True)
    if 0.0 < low < 0.5 * high:
        low = 0.0
    if high - low <= max(1e-300, 1e-12 * abs(high), 1e-12 * abs(low)):
        around = abs(high) / 2 or 0.5
        low, high = low - around, high + around
    return Axis(low, high, BOTTOM, TOP)


def axis_text(axis: str, x: float, y: float, text: str) -> str:
    """A text at an axis: centred below "x", ending left of "y"."""
    down = ' dy=".35em"' if axis == "y" else ""
    place = f'x="{coordinate(x)}" y="{coordinate(y)}"'
    return f'<text class="{axis}" {place}{down}>{text}</text>'


def coordinate(x: float) -> str:
    """A coordinate with one decimal at most.

    >>> coordinate(3.0), coordinate(2.25), coordinate(-0.01)
    ('3', '2.2', '0')
    """
    text = f"{x:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
