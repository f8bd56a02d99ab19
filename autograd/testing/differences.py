"""Slopes of a function over falling steps, and their limit at step 0.

Two errors work against each other: what is left of the series falls with the step and shows
in the differences between neighbours of the tableau; the round-off of f is divided by the
step. The entry for which their sum is least is the estimate, and the sum its error.

Sources: Richardson 1911; the tableau of Ridders, "Accurate computation of F'(x) and
F'(x)F''(x)", 1982; Aitken 1926 for powers of the step that are not known.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["CALLS", "Estimate", "Level", "Line", "Samples", "Side", "ladder", "sides"]

ULP = 2.0**-52  # the gap between 1 and the next float: a rounding errs by half of it
TINIEST = 5e-324  # the smallest float: no tolerance is 0
CALLS = 40  # of f at most, in the check of an input
LEVELS = 10  # of two calls each: half of a check's
SIDE_LEVELS = 8  # for the limits of both sides: most were taken by the ladder
START = 0.25  # of what may be the scale of f: the first step
FALL = 16.0  # times: steps fall so until slopes settle
SETTLED = 4.0  # times: steps fall so once they do, which leaves round-off low
MOST = 256.0  # times: steps fall so at most, where slopes move apart again and again
COLUMNS = 4  # beside the first of the tableau: round-off grows in each
WELL = 1e-6  # a hundredth of one part in 10,000: with it no smaller error is wanted
NOISY = 1e-9  # share of round-off from which on steps fall by 2, for three levels down to WELL
TOGETHER = 3  # levels over which the slopes of smooth f come together by half or more
FALLEN = 0.6  # of how far slopes were apart: if they have not fallen by so much, f has a corner
GROWN = 1.5  # times how far slopes were apart: larger steps jumped over something
UNSTEADY = 0.3  # of a slope: while it changes by more it has not settled
CLEAR = 20.0  # times the noise a change has to be, for slopes that differ to be told apart
ROUNDINGS = 8.0  # round-offs that two slopes of two values each may have, twice over
SURE = 4.0  # times their errors two estimates may differ and still be one
THREE_DIGITS = 1e-3  # of a slope: an estimate with fewer digits decides nothing
BETTER = 0.1  # of the error: a rule for unknown powers must be so much better to be taken
SLOWEST = 0.9  # by which differences fall from step to step: what falls less has no limit
AGREEING = 3  # limits by Aitken's rule that have to agree, and powers of growth
STEADY = 0.06  # by which powers of one kind differ: √x has 0.5, a jump 1, log none
STEEPEST = 1.5  # power of slopes that grow as steps fall: a jump has 1
JUMP = 0.99  # power of slopes beside a jump, but for round-off
ON_COURSE = 1.4  # times what a power foretells for the smallest step, or a part of it
DEEP = 2.0**-76  # of the smallest step: where x is 0, slopes must go on to grow to there
ROUGHLY = 0.05  # of the slopes: a limit that is no better known is none
FOUR_DIGITS = 16.0  # ulp of x: the smallest step that leaves a slope about four digits
SMALLEST = 1e-280  # the smallest step at x = 0: slopes over less overflow


class Estimate(NamedTuple):
    """A derivative, a bound of its error as far as it can be told, and the smallest step."""

    value: float = math.nan
    error: float = math.inf
    step: float = math.inf


class Level(NamedTuple):
    """The slopes over one step.

    Attributes:
        right, left: the slope to each side.
        noise: the round-off in either.
        central: the slope over the step to both sides.
        apart: how far right and left differ: where f is smooth it falls with the step.
    """

    step: float
    right: float
    left: float
    noise: float
    central: float
    apart: float

    @property
    def steepest(self) -> float:
        """The size of the steeper slope."""
        return max(abs(self.right), abs(self.left))

    @property
    def is_apart(self) -> bool:
        """Whether round-off, of two slopes with two values each, does not explain half."""
        return self.apart > ROUNDINGS * self.noise


class Samples:
    """The values of a function of one number, each computed once, and `budget` at most.

    They are tuples, a float for each output; where f raises or is not finite there is None.
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
        """Return f(point), or None where there is no value or the budget is spent."""
        seen = self.seen
        if point not in seen and not self.is_spent and math.isfinite(point):
            seen[point] = None
            try:
                values = self.f(point)
            except Exception:  # whatever f raises beside the point
                return None
            if all(map(math.isfinite, values)):
                seen[point] = values
        return seen.get(point)


class Line:
    """One output of a function along one input: y at x, where the derivative is wanted.

    Args:
        samples: the values of f, which other outputs share.
        noise: the round-off of f near x.
        grain: the round-off of a value as a share of it; 0 if f only selects among numbers.
        rounded: rounds to the numbers that f can tell apart.
    """

    def __init__(
        self,
        samples: Samples,
        x: float,
        y: float,
        noise: float = 0.0,
        grain: float = 2.0 * ULP,
        output: int = 0,
        rounded: Callable[[float], float] = float,
    ) -> None:
        self.samples, self.x, self.y, self.noise = samples, x, y, noise
        self.grain, self.output, self.rounded = grain, output, rounded
        self.steps: list[float] = []  # each that `level` has taken

    @property
    def blur(self) -> float:
        """The round-off of f(x)."""
        return self.noise + self.grain * abs(self.y)

    @property
    def least(self) -> float:
        """The smallest step that the floats near x leave about four digits."""
        return FOUR_DIGITS * math.ulp(self.x) if self.x else SMALLEST

    def at(self, point: float) -> float | None:
        """Return f(point), or None where it has no value."""
        values = self.samples.at(point)
        return None if values is None else values[self.output]

    def values(self) -> list[float]:
        """Return all values that were computed."""
        return [each[self.output] for each in self.samples.seen.values() if each]

    def slope(self, step: float) -> tuple[float, float] | None:
        """Return the slope over a signed step and its noise; None if there is no value."""
        x, y = self.x, self.y
        point = self.rounded(x + step)
        values = None if point == x else self.samples.at(point)
        if values is None:
            return None
        value = values[self.output]
        run = point - x
        noise = 2.0 * (self.noise + self.grain * max(abs(value), abs(y)) + TINIEST)
        return (value - y) / run, noise / abs(run)

    def level(self, step: float) -> Level | None:
        """Return the slopes over a step to both sides; None if a side has no value."""
        up = self.rounded(self.x + step) - self.x
        right = self.slope(up)
        left = None if right is None else self.slope(-up)
        if right is None or left is None:
            return None
        self.steps.append(step)
        (a, noise_a), (b, noise_b) = right, left
        central = 0.5 * a + 0.5 * b  # the sum may overflow
        return Level(up, a, b, 0.5 * max(noise_a, noise_b), central, abs(a - b))

    def closest(self, gap: float) -> Level | None:
        """Return the level of the smallest step that tells slopes apart which differ by gap."""
        return self.level(max(2.0 * CLEAR * self.blur / gap, self.least))

    def seen(self, side: float) -> list[tuple[float, float]]:
        """Return the steps taken to a side and the slopes over them, the smallest first."""
        steps = sorted([(t - self.x) * side for t in self.samples.seen])
        pairs = [(step, self.slope(side * step)) for step in steps if step > 0.0]
        return [(step, pair[0]) for step, pair in pairs if pair is not None]


class Tableau:
    """Values at falling steps, extrapolated to step 0 by Neville's rule in step**power."""

    def __init__(self, power: int) -> None:
        self.power = power
        self.entries: list[tuple[float, float, float]] = []  # steps, values and their noise
        self.row: list[tuple[float, float]] = []
        self.rows: list[Estimate] = []  # the best of each row

    def add(self, step: float, value: float, noise: float) -> None:
        """Add the value at the next step, smaller than those before."""
        row, best, blurred = [(value, noise)], Estimate(), noise
        for (above, noise_above), (larger, *_) in zip(
            self.row[:COLUMNS], reversed(self.entries)
        ):
            ratio = (larger / step) ** self.power
            before = row[-1][0]
            entry = before + (before - above) / (ratio - 1.0)
            blurred = (ratio * blurred + noise_above) / (ratio - 1.0)
            error = max(abs(entry - before), abs(entry - above)) + blurred
            if error < best.error:
                best = Estimate(entry, error, step)
            row.append((entry, blurred))
        self.row = row
        self.entries.append((step, value, noise))
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
        """The best estimate, or that of `aitken` if the best has no three digits."""
        best = self.best
        if best.error <= THREE_DIGITS * abs(best.value):
            return best
        slow = aitken(self.entries)
        return slow if slow.error < BETTER * best.error else best


def aitken(entries: Sequence[tuple[float, float, float]]) -> Estimate:
    """Return the limit of values that fall like any power of the step, as those of x·√x.

    Only steps that fall by one ratio are used. The last limits have to agree.
    """
    limits, share = list[float](), 0.0
    for (s, a, _), (t, b, _), (u, c, _) in zip(entries, entries[1:], entries[2:]):
        share = (c - b) / (b - a) if b != a else math.nan
        if abs(s * u - t * t) <= THREE_DIGITS * t * t and abs(share) < SLOWEST:
            limits.append(c + (c - b) * share / (1.0 - share))
        else:
            limits = []
    last = limits[-AGREEING:]
    if len(last) < AGREEING:
        return Estimate()
    error = max(last) - min(last) + SURE * entries[-1][2] / (1.0 - share) ** 2
    return Estimate(last[-1], error, entries[-1][0])


def ladder(line: Line, start: float) -> tuple[Estimate, list[Level]]:
    """Return the limit of central slopes over steps that fall from `start`, and the levels.

    Steps fall by SETTLED where slopes settle, and by FALL where they do not (yet). Where the
    slopes of both sides move apart while the step falls, f has features that the larger steps
    jumped over, and these are forgotten.
    """
    table, levels = Tableau(2), list[Level]()
    step, factor, last = start, 1.0, None
    for _ in range(LEVELS):
        if not line.least / SETTLED <= step < math.inf:
            break
        level = line.level(step)
        if level is None:
            step /= FALL
            continue
        if last and level.step >= last.step:
            break  # in float32 smaller steps are rounded to it
        jumped = last and level.apart > GROWN * last.apart + SURE * level.noise
        if jumped:
            table, levels = Tableau(2), []
        table.add(level.step, level.central, level.noise)
        levels.append(level)
        best, first = table.best, levels[0]
        enough = WELL * max(abs(best.value), min(THREE_DIGITS * first.apart, level.apart))
        if best.error <= enough or level.noise > best.error:
            break
        if len(levels) > TOGETHER and level.is_apart and level.apart > FALLEN * first.apart:
            break
        change = abs(level.central - last.central) if last and not jumped else 0.0
        if jumped:
            factor = min(FALL * factor, MOST)
        elif change > UNSTEADY * abs(level.central):
            factor = FALL
        else:
            factor = 2.0 if level.noise > NOISY * abs(level.central) else SETTLED
        step, last = step / factor, level
    return table.limit, levels


class Side(NamedTuple):
    """The limit of the slopes to one side, perhaps infinite.

    Attributes:
        jumps: whether the limit is that of a jump.
        steepest: the size of the largest slope.
    """

    limit: Estimate
    jumps: bool
    steepest: float


def sides(line: Line, start: float) -> list[Side | None]:
    """Return the limits from the right and from the left; None for a side without values.

    Steps fall until round-off hides how slopes differ: by those taken already, then by FALL.
    """
    tables = (Tableau(1), Tableau(1))
    taken, step = sorted(line.steps, reverse=True), start
    for k in range(SIDE_LEVELS):
        pairs = [line.slope(step), line.slope(-step)]
        known = [*filter(None, pairs)]
        slopes = [slope for slope, _ in known] + [t.entries[-1][1] for t in tables if t.entries]
        hidden = max([noise for _, noise in known], default=0.0)
        if k > 1 and hidden > WELL * (max(slopes, default=0.0) - min(slopes, default=0.0)):
            break
        for pair, table in zip(pairs, tables):
            if pair is not None:
                table.add(step, *pair)
        taken = [smaller for smaller in taken if smaller < 0.5 * step]
        step = taken[0] if taken and taken[0] >= step / (SETTLED * FALL) else step / FALL
    size = max([abs(t.entries[0][1]) for t in tables if t.entries], default=0.0)
    return [_side(line, sign, table, size) for sign, table in zip((1.0, -1.0), tables)]


def _side(line: Line, sign: float, table: Tableau, size: float) -> Side | None:
    """Return the limit if slopes settle, or infinity if they grow like a power down to the
    last bits of x. `size` is the size of the slopes over the largest step."""
    entries = table.entries
    if len(entries) < 2:
        return None
    steepest = max([abs(slope) for _, slope, _ in entries])
    smallest, last, _ = entries[-1]
    powers = [
        math.log(abs(b / a)) / math.log(before / after)
        for (before, a, _), (after, b, _) in itertools.pairwise(entries[-AGREEING - 1 :])
        if a and 0.0 < abs(b / a) < math.inf
    ]
    steady = len(powers) == AGREEING and max(powers) - min(powers) <= STEADY
    if not (steady and STEADY <= powers[-1] <= STEEPEST):
        limit = table.limit
        settles = limit.error <= ROUGHLY * max(abs(limit.value), size)
        return Side(limit if settles else Estimate(), False, steepest)
    step = line.least if line.x else smallest * DEEP
    deepest, power = line.slope(sign * step), powers[-1]
    foretold = last * (smallest / step) ** power
    if deepest is None or not 1.0 / ON_COURSE < deepest[0] / foretold < ON_COURSE:
        return Side(Estimate(), False, steepest)
    return Side(Estimate(math.copysign(math.inf, last), 0.0, smallest), power > JUMP, steepest)
