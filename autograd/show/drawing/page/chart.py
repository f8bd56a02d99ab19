"""A line chart as SVG: curves over epochs, with a cursor for the player to move."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograd.show.drawing.numbers import show
from autograd.show.drawing.page.contours import short
from autograd.show.drawing.words import escape

WIDTH, HEIGHT = 480.0, 264.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 462.0, 12.0, 212.0
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
        """Where x is drawn."""
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
        step = _round_step((self.high - self.low) / count)
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
        last = max(first + 1, *map(len, curves.values()))
        self.x = Axis(float(first), float(last), LEFT, RIGHT)
        self.y = _vertical([x for numbers in curves.values() for x in numbers])

    def svg(self, epoch: int) -> str:
        """The picture, with the cursor at an epoch."""
        x, y = self.x, self.y
        scale = " (logarithmic scale)" if y.logarithmic else ""
        names = " and ".join(name.replace("_", " ") for name in self.curves)
        parts = [
            f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
            f'aria-label="{escape(names)} over the epochs{scale}">'
        ]
        for tick in y.ticks(5):
            at = short(y.place(tick))
            parts.append(f'<path class="rule" d="M{LEFT:g} {at}H{RIGHT:g}"/>')
            parts.append(
                f'<text class="y" x="{LEFT - 8:g}" y="{at}" dy=".35em">{show(tick)}</text>'
            )
        for tick in x.ticks(5):
            if tick == int(tick):
                at = short(x.place(tick))
                parts.append(f'<text class="x" x="{at}" y="{BOTTOM + 22:g}">{tick:.0f}</text>')
        parts.append(f'<path class="axis" d="M{LEFT:g} {BOTTOM:g}H{RIGHT:g}"/>')
        parts.append(
            f'<text class="x" x="{(LEFT + RIGHT) / 2:g}" y="{HEIGHT - 4:g}">epoch</text>'
        )
        for k, numbers in enumerate(self.curves.values()):
            parts.append(f'<path class="curve c{k}" d="{self._path(numbers)}"/>')
        at = short(x.place(epoch))
        line = f"M0 {TOP:g}V{BOTTOM:g}"
        parts.append(f'<path class="cursor" d="{line}" transform="{_moved(at)}"/>')
        for k, (name, _) in enumerate(self.curves.items()):
            place = self.dot(name, epoch)
            parts.append(f'<circle class="dot c{k}" r="5" transform="{place}"/>')
        return "".join([*parts, "</svg>"])

    def dot(self, name: str, epoch: int) -> str:
        """The transform that puts a curve's dot at an epoch; away from the picture if none."""
        numbers = self.curves[name]
        if 1 <= epoch <= len(numbers) and math.isfinite(numbers[epoch - 1]):
            return _moved(short(self.x.place(epoch)), short(self.y.place(numbers[epoch - 1])))
        return _moved("-99", "0")

    def cursor(self, epoch: int) -> str:
        """The transform that puts the cursor at an epoch."""
        return _moved(short(self.x.place(epoch)))

    def _path(self, numbers: Sequence[float]) -> str:
        x, y = self.x, self.y
        return "".join(
            "M"
            + "L".join(f"{short(x.place(e))} {short(y.place(n))}" for e, n in run)
            + ("h0" if len(run) == 1 else "")
            for run in _runs(numbers)
        )


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


def _runs(numbers: Sequence[float]) -> Iterator[list[tuple[int, float]]]:
    """The stretches of finite numbers, with their epochs."""
    run: list[tuple[int, float]] = []
    for epoch, number in enumerate(numbers, start=1):
        if math.isfinite(number):
            run.append((epoch, number))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _moved(x: str, y: str = "0") -> str:
    return f"translate({x} {y})"


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, the first that is at least this."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(k * power for k in (1.0, 2.0, 5.0, 10.0) if k * power >= least * (1 - 1e-9))
