"""Differences of a function's values: extrapolated to step 0, and the round-off in them.

Two errors work against each other: what is left of the series falls with the step and shows
in the differences between neighbours of the tableau; the round-off of f is divided by the
step. The entry for which their sum is least is the estimate, and the sum its error. What
round-off there is, noise, grids and jumps between smooth pieces, is told from values alone.

Sources: Richardson 1911; the tableau of Ridders, "Accurate computation of F'(x) and
F'(x)F''(x)", 1982.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

__all__ = [
    "CALLS",
    "TINIEST",
    "ULP",
    "Estimate",
    "Level",
    "Line",
    "Samples",
    "Tableau",
    "aitken",
    "central",
    "estimated_noise",
    "is_mere_noise",
    "is_rough",
    "is_sawtooth",
    "is_stair",
    "noise_between",
    "noise_hides",
    "tread",
]

CALLS = 40  # of f at most, in the check of an input
ULP = 2.0**-52
TINIEST = 5e-324
WELL = 1e-6  # relative error, a hundredth of one in 10,000: with it no smaller one is wanted
NOISY = 1e-9  # share of round-off from which on steps fall by 2, for three levels down to WELL
ODD = 283.0 / 256.0  # lest what f multiplies x by rounds the same at all the points
# as shares of x: some hundred ulp, half of the digits, a quarter of them
SPACINGS = (ODD * 2.0**-44, ODD * 2.0**-26, ODD * 2.0**-12)
FINE = 2.0**-20  # of the largest value: a grid of six digits or less is one of steps
Seen = tuple[float, float]  # a signed step, and the slope over it


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

    def __init__(
        self, f: Callable[[float], tuple[float, ...]], budget: int = CALLS - 2
    ) -> None:
        # two more are at the point, before and after
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
        if table.steps and level.step >= table.steps[-1]:
            break  # in float32 smaller ones are rounded to it
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


def estimated_noise(line: Line) -> float:
    """The size of the round-off of f near line.x.

    Over points so close that the function itself is a polynomial of low degree, what high
    differences leave is noise. The points move apart until the values differ: a function
    that rounds its results is flat over less; if it is flat over all, values farther out tell
    to what they are rounded. If it is much quieter on a side of x, there is a kink or a jump
    at x or close by, and no noise. Nor can it be less than the grid that all values are on.

    Source: the difference table of Hamming, in the form of Moré and Wild, "Estimating
    computational noise", 2011.
    """
    x, floor = line.x, ULP * abs(line.y)
    for spacing in SPACINGS if x else (2.0**-80, *SPACINGS):
        step = _exact_step(x, spacing)
        ends = _around(line, step, (-3, 0, 3))
        if ends is not None and min(ends) == max(ends):
            continue
        around = _around(line, step, range(-3, 4)) if ends else None
        if around is None:
            return floor
        noise, grid = max(_differences(around)), _grid(around)
        if noise > 4.0 * max(floor, grid):  # more than rounding of the results
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
    for signed, places in itertools.product((step, -step), (range(1, 7), range(3, 9))):
        beside = _around(line, signed, places)
        if beside is not None and min(beside) < max(beside):
            quieter = max(_differences(beside))
            if quieter <= 0.03 * noise:  # by chance it never is in 6 points
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


def _differences(values: list[float]) -> list[float]:
    """The noise by the third differences of the values, by the fourth, and so on."""
    found = []
    for k in range(1, len(values)):
        values = [b - a for a, b in itertools.pairwise(values)]
        rms = math.hypot(*values) / math.sqrt(len(values))
        found.append(rms * math.factorial(k) / math.sqrt(math.factorial(2 * k)))
    return found[2:]


def is_mere_noise(line: Line, noise: float) -> bool:
    """Whether what was seen is hardly more than noise, as sin is between floats far apart.

    Over 20·noise / slope, where noise is a tenth of the slope, f changes by 20·noise. Values
    that are random within twice as much look as if f had no slope there.
    """
    values = line.values()
    return 0.0 < max(values) - min(values) < 40.0 * noise


def noise_hides(line: Line, noise: float, slope: float) -> bool:
    """Whether what seems to be noise may be a slope, as of a fast wave at a small x.

    It is a millionth of the values or more, and no more than the slope makes of 2**14 floats:
    over a tenth of these the points lie that tell it, and near its turns a wave is flatter.
    A smaller wave counts as noise, or errors of rounded functions would be hidden, too.
    """
    return FINE * max(map(abs, line.values())) < noise < slope * 2.0**14 * math.ulp(line.x)


def noise_between(line: Line, step: float) -> float:
    """The noise that shows over steps between the smallest that was taken and this one."""
    least = min([abs(t - line.x) for t in line.samples.seen if t != line.x])
    middle = math.sqrt(least / step) * step
    around = _around(line, _exact_step(line.x, middle / (abs(line.x) or 1.0)), range(-3, 4))
    return math.inf if around is None else 3.0 * max(_differences(around))


def is_rough(line: Line, slope: float, level: Level, noise: float) -> bool:
    """Whether values seen within a level are farther off the slope than noise and bend explain.

    exp(x) - 1 - x has the slope -1 between the jumps of exp(x).
    """
    bend = 2.0 * max(abs(level.forward - slope), abs(level.backward - slope))
    for t in list(line.samples.seen):
        pair = line.slope(t - line.x) if 0.0 < abs(t - line.x) <= level.step else None
        if pair and abs(pair[0] - slope) > bend + 4.0 * noise / abs(t - line.x):
            return True
    return False


def is_stair(line: Line) -> bool:
    """Whether f has one value close by, to the last bit, as the treads of floor have.

    A smooth f that has no large offset moves over half of the digits of x.
    """
    for spacing in SPACINGS[:2]:
        step = 3.0 * _exact_step(line.x, spacing)
        if [line.at(line.x + step), line.at(line.x - step)] != [line.y, line.y]:
            return False
    return True


def tread(line: Line) -> float:
    """How far f was seen to have one value to the last bit, on the side where it is farther."""
    ends = []
    for side in (1.0, -1.0):
        found = [((t - line.x) * side, values) for t, values in line.samples.seen.items()]
        around = sorted([pair for pair in found if pair[0] > 0.0], key=lambda pair: pair[0])
        same = lambda pair: pair[1] is not None and pair[1][line.output] == line.y  # noqa: E731
        ends += [step for step, _ in itertools.takewhile(same, around)]
    return max(ends, default=0.0)


def is_sawtooth(line: Line, slope: float, claimed: float) -> bool:
    """Whether f has a slope other than `claimed` only between jumps that undo it.

    Cancellation and rounding to few digits do that: (1 - cos(x)) / x² falls steeply between
    the jumps of cos(x). Where the differences change from `slope` to `claimed` while steps
    grow, the change is looked at from closer and closer by; a smooth one becomes small.
    """
    against = abs(slope - claimed)
    wide = [line.level(0.25 * scale) for scale in (1.0, abs(line.x) or 1.0)]
    spans = []
    for side in (1.0, -1.0):
        steps = sorted([(t - line.x) * side for t in line.samples.seen])
        found = [(side * step, line.slope(side * step)) for step in steps if step > 0.0]
        seen = [(step, pair[0]) for step, pair in found if pair is not None]
        far = [i for i, (_, s) in enumerate(seen) if abs(s - claimed) < 0.1 * against]
        close = seen[: far[0]] if far else []
        near = [one for one in close if abs(one[1] - slope) < 0.1 * against]
        if not near:
            return not far and wide == [None, None] and line.samples.is_spent
        spans.append((near[-1], seen[far[0]]))
    spans.sort(key=lambda span: span[1][0] / span[0][0])
    first, second = [_breaks(line, near, far, slope, against) for near, far in spans]
    return first is not False or second is True


def _breaks(line: Line, near: Seen, far: Seen, slope: float, against: float) -> bool | None:
    """Whether the slope seen from x jumps between two steps; None if too little is seen."""
    while abs(far[0]) > 1.2 * abs(near[0]):
        step = math.copysign(math.sqrt(near[0] / far[0]) * abs(far[0]), far[0])
        pair = line.slope(step)
        if pair is None:
            return None
        if abs(pair[0] - slope) < 0.5 * against:  # nearer to it than to what is claimed
            near = step, pair[0]
        else:
            far = step, pair[0]
    return abs(near[1] - far[1]) > 0.25 * against
