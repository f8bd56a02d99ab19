"""Round-off, from a function's values alone: noise, grids, and jumps between smooth pieces."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from autograd.testing.richardson import ULP, Level, Line

__all__ = [
    "estimated_noise",
    "is_mere_noise",
    "is_rough",
    "is_sawtooth",
    "is_stair",
    "noise_between",
    "noise_hides",
]

ODD = 283.0 / 256.0  # lest what f multiplies x by rounds the same at all the points
# as shares of x: some hundred ulp, half of the digits, a quarter of them
SPACINGS = (ODD * 2.0**-44, ODD * 2.0**-26, ODD * 2.0**-12)
FINE = 2.0**-20  # of the largest value: a grid of six digits or less is one of steps
Seen = tuple[float, float]  # a signed step, and the slope over it


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
