"""Numerical derivatives that know how far they can be trusted.

Central differences at falling steps are extrapolated to step 0 (Richardson 1911, in the
tableau of Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982). Two errors work
against each other: what is left of the series, which falls with the step and shows in the
differences between neighbours of the tableau, and the round-off of f, which is divided by
the step. The entry for which their sum is least is the estimate, and the sum its error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["TINIEST", "ULP", "Estimate", "Line", "Tableau", "central", "geometric"]

ULP = 2.0**-52
TINIEST = 5e-324
NOISY = 1e-9  # a share of round-off with which steps fall slowly
WELL = 1e-6  # a relative error that is small enough not to look for a smaller one
Samples = tuple[float, ...]


class Estimate(NamedTuple):
    """A derivative, a bound of its error as far as it can be told, and the smallest step."""

    value: float
    error: float
    step: float


class Level(NamedTuple):
    """The differences of one output over one step: forward, backward, central."""

    step: float
    forward: float
    backward: float
    central: float
    noise: float  # of any of them

    @property
    def apart(self) -> float:
        """How far the forward difference is from the backward one."""
        return abs(self.forward - self.backward)


class Line:
    """A function along one input: f(x + t), evaluated `budget` times at most.

    Args:
        f: float → its outputs, all of them floats. Where it raises, or gives what is not
            finite, it has no value.
        x: where the derivative is wanted.
        outputs: f(x), not counted.
        noise: for each output, the round-off of f near x.
        budget: how often f may be called.
        grain: the round-off of a value, as a share of it; 0 for a function that selects
            among numbers and computes nothing.

    Attributes:
        seen: what f gave, by point.
        steps: those that `level` has taken.
    """

    __slots__ = (
        "budget",
        "evaluations",
        "f",
        "grain",
        "noise",
        "outputs",
        "seen",
        "steps",
        "x",
    )

    def __init__(
        self,
        f: Callable[[float], Samples],
        x: float,
        outputs: Samples,
        noise: Samples,
        budget: int = 38,
        grain: float = 2.0 * ULP,
    ) -> None:
        self.f = f
        self.x = x
        self.outputs = outputs
        self.noise = noise
        self.budget = budget
        self.grain = grain
        self.evaluations = 0
        self.seen: dict[float, Samples | None] = {}
        self.steps: list[float] = []

    def at(self, point: float) -> Samples | None:
        """f(point), or None where there is no value or the budget is spent."""
        if point in self.seen:
            return self.seen[point]
        if self.evaluations >= self.budget:
            return None
        self.evaluations += 1
        try:
            found: Samples | None = self.f(point)
        except Exception:
            found = None
        if found is not None and not all(map(math.isfinite, found)):
            found = None
        self.seen[point] = found
        return found

    def spread(self, output: int) -> float:
        """The difference between the largest and the smallest value seen."""
        values = [found[output] for found in self.seen.values() if found is not None]
        return max(values) - min(values)

    def level(self, output: int, step: float) -> Level | None:
        """The differences over a step to both sides; None if a side has no value."""
        x = self.x
        above = x + step
        below = x - (above - x)
        high = None if math.isinf(above) else self.at(above)
        low = None if high is None else self.at(below)
        if high is None or low is None:
            return None
        up, down = above - x, x - below
        self.steps.append(step)
        y, z, center = high[output], low[output], self.outputs[output]
        noise = self.noise[output] + self.grain * max(abs(y), abs(z)) + TINIEST
        return Level(
            up,
            (y - center) / up,
            (center - z) / down,
            (y - z) / (up + down),
            noise / min(up, down),
        )

    def one_sided(self, output: int, step: float) -> tuple[float, float] | None:
        """The difference over a signed step, and its noise; None if there is no value."""
        point = self.x + step
        found = None if math.isinf(point) or point == self.x else self.at(point)
        if found is None:
            return None
        noise = self.noise[output] + self.grain * abs(found[output]) + TINIEST
        taken = point - self.x
        return (found[output] - self.outputs[output]) / taken, 2.0 * noise / abs(taken)


class Tableau:
    """Extrapolates values at falling steps to step 0, by Neville's rule in step**power.

    >>> import math
    >>> table = Tableau(2)
    >>> for h in (0.4, 0.2, 0.1, 0.05):
    ...     table.add(h, (math.exp(h) - math.exp(-h)) / (2.0 * h), 1e-16 / h)
    >>> abs(table.best.value - 1.0) <= table.best.error < 1e-6
    True
    """

    __slots__ = ("best", "noises", "power", "row", "steps")

    def __init__(self, power: int) -> None:
        self.power = power
        self.steps: list[float] = []
        self.row: list[float] = []
        self.noises: list[float] = []
        self.best = Estimate(math.nan, math.inf, math.inf)

    def add(self, step: float, value: float, noise: float) -> None:
        """The value at the next step, smaller than those before, and its round-off."""
        row, noises = [value], [noise]
        for above, noise_above, larger in zip(self.row, self.noises, reversed(self.steps)):
            ratio = (larger / step) ** self.power
            before = row[-1]
            entry = before + (before - above) / (ratio - 1.0)
            blurred = (ratio * noises[-1] + noise_above) / (ratio - 1.0)
            error = max(abs(entry - before), abs(entry - above)) + blurred
            if error < self.best.error:
                self.best = Estimate(entry, error, step)
            row.append(entry)
            noises.append(blurred)
            if len(row) == 5:
                break
        self.row, self.noises = row, noises
        self.steps.append(step)


def central(
    line: Line, output: int, start: float, most: int = 10
) -> tuple[Estimate, list[Level]]:
    """The derivative from central differences over steps that fall from `start`.

    Steps are divided by 4 where the differences settle, by 16 where they do not (yet).
    Where forward and backward differences move apart while the step falls, the function
    has features that the larger steps jumped over: these are forgotten, and the next is
    smaller by 16 or 256.

    Returns:
        The best estimate, with an infinite error if there is none, and the levels it is from.
    """
    table = Tableau(2)
    levels: list[Level] = []
    step, factor = start, 1.0
    least = math.ulp(line.x) * (4.0 if line.grain else 1.0)
    for _ in range(most):
        if not least <= step < math.inf:
            break
        level = line.level(output, step)
        if level is None:
            step /= 16.0
            continue
        if line.grain == 0.0 and level.forward == level.backward in (0.0, 1.0):
            return Estimate(level.central, 0.0, level.step), [level]
        jumped = bool(levels) and level.apart > 1.5 * levels[-1].apart + 4.0 * level.noise
        if jumped:
            table, levels = Tableau(2), []
        table.add(level.step, level.central, level.noise)
        levels.append(level)
        best = table.best
        enough = WELL * max(abs(best.value), min(1e-3 * levels[0].apart, level.apart))
        if best.error <= enough or level.noise > best.error:
            break
        if len(levels) > 3 and level.apart > max(0.6 * levels[0].apart, 8.0 * level.noise):
            break  # there is a corner
        if jumped:
            factor = min(16.0 * factor, 256.0)
        elif len(levels) > 1 and _change(levels) > 0.3 * abs(level.central):
            factor = 16.0
        else:
            factor = 2.0 if level.noise > NOISY * abs(level.central) else 4.0
        step /= factor
    best = table.best
    if len(levels) > 4 and best.error > 1e-3 * abs(levels[-1].central):
        slow = geometric([(level.step, level.central, level.noise) for level in levels])
        if slow.error < 0.1 * best.error:
            best = slow
    return best, levels


def geometric(found: Sequence[tuple[float, float, float]]) -> Estimate:
    """The limit of what falls like any power of the step: steps, values, and their noise.

    Steps fall by one ratio, or only those that do are used. The last three limits by Aitken's
    rule (1926) have to agree.

    >>> estimate = geometric([(16.0**-k, 3.0 + 4.0**-k, 1e-16) for k in range(8)])
    >>> abs(estimate.value - 3.0) <= estimate.error < 1e-9
    True
    """
    best = Estimate(math.nan, math.inf, math.inf)
    limits: list[float] = []
    floor = 16.0 * ULP * max([abs(value) for _, value, _ in found], default=0.0)
    for (s, a, noise), (t, b, _), (u, c, more) in zip(found, found[1:], found[2:]):
        share = (c - b) / (b - a) if b != a else math.nan
        if not (abs(s * u - t * t) <= 1e-3 * t * t and abs(share) < 0.9):
            limits = []
            continue
        limits.append(c + (c - b) * share / (1.0 - share))
        spread = max(limits[-3:]) - min(limits[-3:])
        error = spread + floor + (noise + 3.0 * more) / (1.0 - share) ** 2
        if len(limits) >= 3 and error < best.error:
            best = Estimate(limits[-1], error, u)
    return best


def _change(levels: list[Level]) -> float:
    return abs(levels[-1].central - levels[-2].central)
