"""Central differences, extrapolated to step 0 with an error that can be trusted.

Two errors work against each other: what is left of the series falls with the step and shows
in the differences between neighbours of the tableau; the round-off of f is divided by the
step. The entry for which their sum is least is the estimate, and the sum its error.

Sources: Richardson 1911; the tableau of Ridders, "Accurate computation of F'(x) and
F'(x)F''(x)", 1982.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

__all__ = ["TINIEST", "ULP", "Estimate", "Line", "Samples", "Tableau", "aitken", "central"]

ULP = 2.0**-52
TINIEST = 5e-324
WELL = 1e-6  # relative error, a hundredth of one in 10,000: with it no smaller one is wanted
NOISY = 1e-9  # share of round-off from which on steps fall by 2, for three levels down to WELL


class Estimate(NamedTuple):
    """A derivative, a bound of its error as far as it can be told, and the smallest step."""

    value: float = math.nan
    error: float = math.inf
    step: float = math.inf


class Level(NamedTuple):
    """The differences over one step: forward, backward, central; the noise in any of them."""

    step: float
    forward: float
    backward: float
    central: float
    noise: float

    @property
    def apart(self) -> float:
        """How far the forward difference is from the backward one."""
        return abs(self.forward - self.backward)

    @property
    def is_apart(self) -> bool:
        """Whether round-off, of four slopes at most, does not explain half of that."""
        return self.apart > 8.0 * self.noise


class Samples:
    """The values of a function of one number, each computed once, and `budget` at most.

    A value is a tuple of floats, one for each output. Where f raises, or gives what is not
    finite, it has none.
    """

    def __init__(self, f: Callable[[float], tuple[float, ...]], budget: int = 38) -> None:
        # a check takes 40 calls: two more are at the point, before and after
        self.f = f
        self.budget = budget
        self.seen: dict[float, tuple[float, ...] | None] = {}

    @property
    def is_spent(self) -> bool:
        """Whether f may not be called any more."""
        return len(self.seen) >= self.budget

    def at(self, point: float) -> tuple[float, ...] | None:
        """f(point), or None where there is no value or the budget is spent."""
        if point not in self.seen and not self.is_spent and math.isfinite(point):
            found = None
            with suppress(Exception):
                found = self.f(point)
            finite = found is not None and all(map(math.isfinite, found))
            self.seen[point] = found if finite else None
        return self.seen.get(point)


class Line:
    """One output of a function along one input.

    Args:
        f: the function, or the samples that it shares with other outputs.
        x, y: where the derivative is wanted, and f(x).
        noise: the round-off of f near x.
        grain: the round-off of a value, as a share of it; 0 for a function that selects
            among numbers and computes nothing.
        output: which one.
        rounded: to the numbers that f can tell apart.

    Attributes:
        steps: those that `level` has taken.
    """

    def __init__(
        self,
        f: Samples | Callable[[float], tuple[float, ...]],
        x: float,
        y: float,
        noise: float = 0.0,
        grain: float = 2.0 * ULP,
        output: int = 0,
        rounded: Callable[[float], float] = float,
    ) -> None:
        self.rounded = rounded
        self.samples = f if isinstance(f, Samples) else Samples(f)
        self.x, self.y, self.noise, self.grain, self.output = x, y, noise, grain, output
        self.steps: list[float] = []

    @property
    def blur(self) -> float:
        """The round-off of f(x)."""
        return self.noise + self.grain * abs(self.y)

    def at(self, point: float) -> float | None:
        """f(point), None where it has no value."""
        found = self.samples.at(point)
        return None if found is None else found[self.output]

    def values(self) -> list[float]:
        """All that were seen, in the order in which they were."""
        return [found[self.output] for found in self.samples.seen.values() if found is not None]

    def slope(self, step: float) -> tuple[float, float] | None:
        """The difference over a signed step, and its noise; None if there is no value."""
        point = self.rounded(self.x + step)
        found = None if point == self.x else self.at(point)
        if found is None:
            return None
        noise = self.noise + self.grain * abs(found) + TINIEST
        return (found - self.y) / (point - self.x), 2.0 * noise / abs(point - self.x)

    def level(self, step: float) -> Level | None:
        """The differences over a step to both sides; None if a side has no value."""
        x = self.x
        above = self.rounded(x + step)
        below = self.rounded(x - (above - x))
        high = self.at(above)
        low = None if high is None else self.at(below)
        if high is None or low is None or above == x or below == x:
            return None
        self.steps.append(step)
        up, down = above - x, x - below
        noise = (self.noise + self.grain * max(abs(high), abs(low)) + TINIEST) / min(up, down)
        slopes = (high - self.y) / up, (self.y - low) / down, (high - low) / (up + down)
        return Level(up, *slopes, noise)


class Tableau:
    """Extrapolates values at falling steps to step 0, by Neville's rule in step**power.

    >>> table = Tableau(2)
    >>> for h in (0.4, 0.2, 0.1, 0.05):
    ...     _ = table.add(h, (math.exp(h) - math.exp(-h)) / (2.0 * h), 1e-16 / h)
    >>> abs(table.best.value - 1.0) <= table.best.error < 1e-6
    True
    """

    def __init__(self, power: int) -> None:
        self.power = power
        self.best = Estimate()
        self.steps: list[float] = []
        self.row: list[tuple[float, float]] = []  # values and their noise

    def add(self, step: float, value: float, noise: float) -> Estimate:
        """The best estimate that has the value at the next step, smaller than those before."""
        row, best = [(value, noise)], Estimate()
        for (above, noise_above), larger in zip(self.row[:4], reversed(self.steps)):
            ratio = (larger / step) ** self.power
            before, noise = row[-1]
            entry = before + (before - above) / (ratio - 1.0)
            blurred = (ratio * noise + noise_above) / (ratio - 1.0)
            error = max(abs(entry - before), abs(entry - above)) + blurred
            if error < best.error:
                best = Estimate(entry, error, step)
            row.append((entry, blurred))
        self.row = row
        self.steps.append(step)
        if best.error < self.best.error:
            self.best = best
        return best


def central(line: Line, start: float, most: int = 10) -> tuple[Estimate, list[Level]]:
    """The derivative from central differences over steps that fall from `start`.

    Steps are divided by 4 where the differences settle, by 16 where they do not (yet).
    Where forward and backward differences move apart while the step falls, the function
    has features that the larger steps jumped over: these are forgotten, and the next is
    smaller by 16 or 256.

    Returns:
        The best estimate, with an infinite error if there is none, and the levels it is from.
    """
    # `most` levels, of two calls each, take half of a check's 40
    table, levels = Tableau(2), list[Level]()
    step, factor = start, 1.0
    least = math.ulp(line.x) * (4.0 if line.grain else 1.0)
    for _ in range(most):
        if not least <= step < math.inf:
            break
        level = line.level(step)
        if level is None:
            step /= 16.0
            continue
        jumped = bool(levels) and level.apart > 1.5 * levels[-1].apart + 4.0 * level.noise
        if jumped:
            table, levels = Tableau(2), []
        table.add(level.step, level.central, level.noise)
        levels.append(level)
        best = table.best
        enough = WELL * max(abs(best.value), min(1e-3 * levels[0].apart, level.apart))
        if best.error <= enough or level.noise > best.error:
            break
        if len(levels) > 3 and level.is_apart and level.apart > 0.6 * levels[0].apart:
            break  # four levels fell by 4 at least: what has not by half is a corner
        change = abs(level.central - levels[-2].central) if len(levels) > 1 else 0.0
        if jumped:
            factor = min(16.0 * factor, 256.0)
        elif change > 0.3 * abs(level.central):
            factor = 16.0
        else:
            factor = 2.0 if level.noise > NOISY * abs(level.central) else 4.0
        step /= factor
    best = table.best
    if len(levels) > 4 and best.error > 1e-3 * abs(levels[-1].central):
        slow = aitken([(level.step, level.central, level.noise) for level in levels])
        best = slow if slow.error < 0.1 * best.error else best
    return best, levels


def aitken(found: Sequence[tuple[float, float, float]]) -> Estimate:
    """The limit of what falls like any power of the step: steps, values, and their noise.

    Steps fall by one ratio, or only those that do are used. The last three limits by Aitken's
    rule (1926) have to agree.

    >>> estimate = aitken([(16.0**-k, 3.0 + 4.0**-k, 1e-16) for k in range(8)])
    >>> abs(estimate.value - 3.0) <= estimate.error < 1e-9
    True
    """
    best, limits = Estimate(), list[float]()
    for (s, a, noise), (t, b, _), (u, c, more) in zip(found, found[1:], found[2:]):
        share = (c - b) / (b - a) if b != a else math.nan
        if not (abs(s * u - t * t) <= 1e-3 * t * t and abs(share) < 0.9):
            limits = []
            continue
        limits.append(c + (c - b) * share / (1.0 - share))
        spread = max(limits[-3:]) - min(limits[-3:])
        error = spread + (noise + 3.0 * more) / (1.0 - share) ** 2
        if len(limits) >= 3 and error < best.error:
            best = Estimate(limits[-1], error, u)
    return best
