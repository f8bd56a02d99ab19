"""Slopes over falling steps, their limit at step 0, and the round-off in them.

Two errors work against each other: what is left of the series falls with the step and shows
in the differences between neighbours of the tableau; the round-off of f is divided by the
step. The entry for which their sum is least is the estimate, and the sum its error.

Sources: Richardson 1911; the tableau of Ridders, "Accurate computation of F'(x)
and F'(x)F''(x)", 1982; the difference table of Hamming, in the form of Moré and Wild,
"Estimating derivatives of noisy simulations", 2012.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

__all__ = ["CALLS", "TINIEST", "ULP", "Estimate", "Level", "Line", "Samples", "Side", "Tableau"]
__all__ += ["FALL", "FINE", "ROUNDINGS", "SETTLED", "SURE", "THREE_DIGITS"]
__all__ += ["aitken", "estimated_noise", "ladder", "sides"]

CALLS = 40  # of f at most, in the check of an input
ULP = 2.0**-52
TINIEST = 5e-324
LEVELS = 10  # of two calls each: half of a check's
WELL = 1e-6  # a hundredth of one part in 10,000: with it no smaller error is wanted
FALL, SETTLED, MOST = 16.0, 4.0, 256.0  # steps fall so until slopes settle, then, and at most
FALLEN = 0.6  # of how far slopes were apart: what has not by four levels is a corner
GROWN = 1.5  # times: of what has, larger steps jumped over something
UNSTEADY = 0.3  # of a slope: while it changes by more it has not settled
ROUNDINGS = 8.0  # round-offs that two slopes of two values each may have, twice over
THREE_DIGITS = 1e-3
STEADY = 0.06  # by which powers of one kind differ: √x has 0.5, a jump 1, log none
ROUGHLY = 0.05  # of the slopes: a limit that is no better known is none
QUIET = 0.03  # of the noise: by chance it never is as little in 6 points
NOISY = 1e-9  # share of round-off from which on steps fall by 2, for three levels down to WELL
SURE = 4.0  # times their errors two estimates may differ and still be one
ODD = 283.0 / 256.0  # lest what f multiplies x by rounds the same at all the points
# shares of x, where noise is looked for: some hundred ulp, half of the digits, a quarter
SPACINGS = (ODD * 2.0**-44, ODD * 2.0**-26, ODD * 2.0**-12)
FINE = 2.0**-20  # of the largest value: noise of six digits or less is the function's own
WINDOW = range(-3, 4)  # seven points tell noise by third differences and up


class Estimate(NamedTuple):
    """A derivative, a bound of its error as far as it can be told, and the smallest step."""

    value: float = math.nan
    error: float = math.inf
    step: float = math.inf


class Level(NamedTuple):
    """The slopes over one step to the right and to the left, and the noise in either."""

    step: float
    right: float
    left: float
    noise: float

    @property
    def central(self) -> float:
        """Over the step to both sides."""
        return 0.5 * self.right + 0.5 * self.left

    @property
    def apart(self) -> float:
        """How far the slopes are from each other: where f is smooth it falls with the step."""
        return abs(self.right - self.left)

    @property
    def is_apart(self) -> bool:
        """Whether round-off, of two slopes with two values each, does not explain half."""
        return self.apart > ROUNDINGS * self.noise


class Samples:
    """The values of a function of one number, each computed once, and `budget` at most.

    They are tuples, a float for each output; where f raises or is not finite it has none.
    """

    def __init__(
        self, f: Callable[[float], tuple[float, ...]], budget: int = CALLS - 2
    ) -> None:
        # two more are at the point, before and after
        self.f, self.budget = f, budget
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
    """One output of a function along one input: y at x, where the derivative is wanted.

    Args:
        f: the function, or the samples that it shares with other outputs.
        noise: the round-off of f near x.
        grain: that of a value, as a share of it; 0 if f only selects among numbers.
        rounded: to the numbers that f can tell apart.
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
        self.samples = f if isinstance(f, Samples) else Samples(f)
        self.x, self.y, self.noise, self.grain, self.output = x, y, noise, grain, output
        self.rounded = rounded
        self.steps: list[float] = []  # that `level` has taken

    @property
    def blur(self) -> float:
        """The round-off of f(x)."""
        return self.noise + self.grain * abs(self.y)

    @property
    def least(self) -> float:
        """The smallest step that the floats near x leave four digits."""
        return 16.0 * math.ulp(self.x) if self.x else 1e-280

    def at(self, point: float) -> float | None:
        """f(point), None where it has no value."""
        found = self.samples.at(point)
        return None if found is None else found[self.output]

    def values(self) -> list[float]:
        """All that were seen."""
        return [found[self.output] for found in self.samples.seen.values() if found is not None]

    def slope(self, step: float) -> tuple[float, float] | None:
        """The difference over a signed step, and its noise; None if there is no value."""
        point = self.rounded(self.x + step)
        found = None if point == self.x else self.at(point)
        if found is None:
            return None
        noise = 2.0 * (self.noise + self.grain * max(abs(found), abs(self.y)) + TINIEST)
        return (found - self.y) / (point - self.x), noise / abs(point - self.x)

    def level(self, step: float) -> Level | None:
        """The slopes over a step to both sides; None if a side has no value."""
        up = self.rounded(self.x + step) - self.x
        right = self.slope(up)
        left = None if right is None else self.slope(-up)
        if right is None or left is None:
            return None
        self.steps.append(step)
        return Level(up, right[0], left[0], 0.5 * max(right[1], left[1]))

    def seen(self, side: float) -> list[tuple[float, float]]:
        """Steps that were taken to a side, and the slopes over them, the smallest first."""
        steps = sorted([(t - self.x) * side for t in self.samples.seen])
        found = [(step, self.slope(side * step)) for step in steps if step > 0.0]
        return [(step, pair[0]) for step, pair in found if pair is not None]


class Tableau:
    """Extrapolates values at falling steps to step 0, by Neville's rule in step**power."""

    def __init__(self, power: int) -> None:
        self.power = power
        self.found: list[tuple[float, float, float]] = []  # steps, values and their noise
        self.row: list[tuple[float, float]] = []
        self.rows: list[Estimate] = []  # the best of each row

    def add(self, step: float, value: float, noise: float) -> None:
        """Add the value at the next step, smaller than those before."""
        row, best = [(value, noise)], Estimate()
        for (above, noise_above), (larger, *_) in zip(self.row[:4], reversed(self.found)):
            ratio = (larger / step) ** self.power
            before, noise = row[-1]
            entry = before + (before - above) / (ratio - 1.0)
            blurred = (ratio * noise + noise_above) / (ratio - 1.0)
            error = max(abs(entry - before), abs(entry - above)) + blurred
            if error < best.error:
                best = Estimate(entry, error, step)
            row.append((entry, blurred))
        self.row = row
        self.found.append((step, value, row[0][1]))
        self.rows.append(best)

    @property
    def best(self) -> Estimate:
        """The best estimate that all later ones agree with: small steps have the say."""
        best = Estimate()
        for row in reversed(self.rows):
            if abs(row.value - best.value) > SURE * (row.error + best.error):
                break
            if row.error < best.error:
                best = row
        return best

    @property
    def limit(self) -> Estimate:
        """The best; of one that has no three digits, what `aitken` gives if that is better."""
        best = self.best
        if best.error <= THREE_DIGITS * abs(best.value):
            return best
        slow = aitken(self.found)
        return slow if slow.error < 0.1 * best.error else best


def aitken(found: Sequence[tuple[float, float, float]]) -> Estimate:
    """The limit of what falls like any power of the step, as x·√x; the last three agree.

    Only steps that fall by one ratio are used.
    """
    limits = list[float]()
    for (s, a, _), (t, b, _), (u, c, _) in zip(found, found[1:], found[2:]):
        share = (c - b) / (b - a) if b != a else math.nan
        if abs(s * u - t * t) <= 1e-3 * t * t and abs(share) < 0.9:
            limits.append(c + (c - b) * share / (1.0 - share))
        else:
            limits = []
    if len(limits) < 3:
        return Estimate()
    error = max(limits[-3:]) - min(limits[-3:]) + 4.0 * found[-1][2] / (1.0 - share) ** 2
    return Estimate(limits[-1], error, found[-1][0])


def ladder(line: Line, start: float) -> tuple[Estimate, list[Level]]:
    """The derivative from central differences over steps that fall from `start`.

    Steps fall by 4 where differences settle, and by 16 where they do not (yet). Where the
    slopes of both sides move apart while the step falls, f has features that the larger steps
    jumped over, and these are forgotten.
    """
    table, levels = Tableau(2), list[Level]()
    step, factor = start, 1.0
    for _ in range(LEVELS):
        if not line.least / 4.0 <= step < math.inf:
            break
        level = line.level(step)
        if level is None:
            step /= FALL
            continue
        if table.found and level.step >= table.found[-1][0]:
            break  # in float32 smaller ones are rounded to it
        jumped = bool(levels) and level.apart > GROWN * levels[-1].apart + SURE * level.noise
        if jumped:
            table, levels = Tableau(2), []
        table.add(level.step, level.central, level.noise)
        levels.append(level)
        best = table.best
        enough = WELL * max(abs(best.value), min(THREE_DIGITS * levels[0].apart, level.apart))
        if best.error <= enough or level.noise > best.error:
            break
        if len(levels) > 3 and level.is_apart and level.apart > FALLEN * levels[0].apart:
            break
        change = abs(level.central - levels[-2].central) if len(levels) > 1 else 0.0
        if jumped:
            factor = min(FALL * factor, MOST)
        elif change > UNSTEADY * abs(level.central):
            factor = FALL
        else:
            factor = 2.0 if level.noise > NOISY * abs(level.central) else SETTLED
        step /= factor
    return table.limit, levels


class Side(NamedTuple):
    """The limit of the slopes to one side, perhaps infinite; whether it is that of a jump;
    and the largest slope that was seen."""

    limit: Estimate
    jumps: bool
    seen: float


def sides(line: Line, start: float) -> list[Side | None]:
    """The limits from the right and from the left; None for a side without values.

    Steps fall until round-off hides how slopes differ: by those taken already, then by 16.
    """
    tables = (Tableau(1), Tableau(1))
    taken, step = sorted(line.steps, reverse=True), start
    for k in range(8):
        pairs = [line.slope(step), line.slope(-step)]
        known = [*filter(None, pairs)]
        seen = [slope for slope, _ in known] + [t.found[-1][1] for t in tables if t.found]
        hidden = max([noise for _, noise in known], default=0.0)
        if k > 1 and hidden > WELL * (max(seen, default=0.0) - min(seen, default=0.0)):
            break
        for pair, table in zip(pairs, tables):
            if pair is not None:
                table.add(step, *pair)
        taken = [smaller for smaller in taken if smaller < 0.5 * step]
        step = taken[0] if taken and taken[0] >= step / (SETTLED * FALL) else step / FALL
    size = max([abs(t.found[0][1]) for t in tables if t.found], default=0.0)
    return [_side(line, sign, table, size) for sign, table in zip((1.0, -1.0), tables)]


def _side(line: Line, sign: float, table: Tableau, size: float) -> Side | None:
    """The limit if it settles, or infinity if slopes grow like a power to the last bits of x.

    `size` is that of the slopes over the largest step.
    """
    found = [(step, slope) for step, slope, _ in table.found]
    if len(found) < 2:
        return None
    seen = max([abs(slope) for _, slope in found])
    last = found[-1][1]
    powers = [
        math.log(abs(b / a)) / math.log(before / after)
        for (before, a), (after, b) in itertools.pairwise(found[-4:])
        if a and 0.0 < abs(b / a) < math.inf
    ]
    steady = len(powers) == 3 and max(powers) - min(powers) <= STEADY
    if not (steady and STEADY <= powers[-1] <= 1.5):
        limit = table.limit
        settled = limit.error <= ROUGHLY * max(abs(limit.value), size)
        return Side(limit if settled else Estimate(), False, seen)
    step = line.least if line.x else found[-1][0] * 2.0**-76  # goes on to grow to there?
    close, power = line.slope(sign * step), powers[-1]
    expected = last * (found[-1][0] / step) ** power
    if close is None or not 0.7 < close[0] / expected < 1.4:
        return Side(Estimate(), False, seen)
    limit = Estimate(math.copysign(math.inf, last), 0.0, found[-1][0])
    return Side(limit, power > 0.99, seen)


def estimated_noise(line: Line) -> float:
    """The size of the round-off of f near line.x.

    Over points so close that the function itself is a polynomial of low degree, what high
    differences leave is noise. The points move apart until the values differ: a function
    that rounds its results is flat over less; if it is flat over all, values farther out tell
    to what they are rounded. If it is much quieter on a side of x, there is a kink or a jump
    at x or close by, and no noise.
    """
    floor = ULP * abs(line.y)
    for spacing in SPACINGS if line.x else (2.0**-80, *SPACINGS):
        step = _exact_step(line.x, spacing)
        ends = _around(line, step, (-3, 0, 3))
        if ends is not None and min(ends) == max(ends):
            continue
        around = _around(line, step, WINDOW) if ends else None
        if around is None:
            return floor
        noise, grid = _noise(around), _grid(around)
        if noise > SURE * max(floor, grid):  # more than rounding of the results
            noise = _quieter_side(line, step, noise)
        return max(3.0 * noise + floor, grid)  # three deviations
    return max(floor, _hidden_grid(line))


def _hidden_grid(line: Line) -> float:
    """The grid of the values farther from x, where they are flat near x.

    1 - cos(x) is flat near 0 since what cancels is rounded, and that rounding shows farther
    out. 0 if the grid is so coarse that the function has steps, and no round-off.
    """
    step = 0.25 * max(1.0, abs(line.x))
    found = [line.at(line.x + step), line.at(line.x - step)]
    values = [value for value in found if value is not None]
    if all(value == line.y for value in values):
        return 0.0
    grid, largest = _grid([*values, line.y]), max(map(abs, values))
    return max(grid, ULP * largest) if grid <= FINE * largest else 0.0


def _exact_step(x: float, spacing: float) -> float:
    """That share of x, with all digits: the points are exact, and on no coarser grid than x."""
    if not x:
        return 1.0042 * spacing
    unit = math.ulp(x)
    return unit * (spacing * abs(x) // unit // 2.0 * 2.0 + 1.0)


def _quieter_side(line: Line, step: float, noise: float) -> float:
    """The noise to the right or to the left, if it is much less than around x.

    Values may be exact there by chance: it is no less than an ulp of those farther out.
    """
    line.level(0.25 * (abs(line.x) or 1.0))
    floor = ULP * max(map(abs, line.values()))
    for signed, first in itertools.product((step, -step), (1, 3)):
        beside = _around(line, signed, range(first, first + 6))
        if beside is not None and min(beside) < max(beside):
            quieter = _noise(beside)
            if quieter <= QUIET * noise:
                return min(max(quieter, floor), noise)
    return noise


def _around(line: Line, step: float, places: Iterable[int]) -> list[float] | None:
    found = [line.at(line.x + i * step) if i else line.y for i in places]
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else None


def _grid(values: list[float]) -> float:
    """The largest power of 2 of which all are multiples: an ulp of what cancelled in them."""
    ratios = [value.as_integer_ratio() for value in values if value]
    return min([(n & -n) / d for n, d in ratios], default=0.0)


def _noise(values: list[float]) -> float:
    """The noise by the third differences of the values, by the fourth, and so on: the most."""
    found = []
    for k in range(1, len(values)):
        values = [b - a for a, b in itertools.pairwise(values)]
        rms = math.hypot(*values) / math.sqrt(len(values))
        found.append(rms * math.factorial(k) / math.sqrt(math.factorial(2 * k)))
    return max(found[2:])
