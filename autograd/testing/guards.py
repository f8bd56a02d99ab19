"""Guards: how a right derivative may look wrong in floats. Each is one function.

`decide` blames a derivative only if no guard speaks against it. The page "How accurate it is"
names a function that needs each. Two more, `at_smallest_step` and
`beside_corner`, are in `decide`, since they decide anew.

Source of the noise: the difference table of Hamming, in the form of Moré and Wild,
"Estimating derivatives of noisy simulations", 2012.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from autograd.testing.differences import CLEAR, ROUNDINGS, START, SURE, ULP, Level, Line
from autograd.testing.verdicts import Reason

__all__ = ["estimated_noise", "floats_too_far_apart", "is_bent", "is_kink_here", "is_rough"]
__all__ += ["is_round_corner", "is_sawtooth", "treads"]

Seen = tuple[float, float]  # a step and the slope over it

NEAR = 0.25  # of the gap between two slopes: a slope within it of one is that one
SAME = 0.1  # of the gap between two slopes: within it both are slopes of one feature
BENT = 0.35  # slopes of smooth f come together with power 1 of the step, at a kink 0, else 0.5
FLOATS = 2.0**14  # beside x: over a tenth of them the points lie that tell noise
NEXT = 1.2  # times a step: a slope that changes from one to the next jumps
CLOSE = 2.0**-40  # a share of x: a corner within it is at x
ODD = 283.0 / 256.0  # lest what f multiplies x by rounds the same at all the points
UNEVEN = 1.0042  # times a spacing: at 0 points are on no grid of powers of 2
# shares of x, where noise is looked for: some hundred ulp, half of the digits, a quarter
SPACINGS = (ODD * 2.0**-44, ODD * 2.0**-26, ODD * 2.0**-12)
AT_0 = (2.0**-80, *SPACINGS)  # and where x is 0 closer still: no ulp says how close
WINDOW = range(-3, 4)  # seven points tell noise by third differences and up
BESIDE = (range(1, 7), range(3, 9))  # as many points less one, to a side of x or farther off
DEVIATIONS = 3.0  # standard ones: one in hundreds of values is farther off
QUIET = 0.03  # of the noise: by chance it never is as little in 6 points
FINE = 2.0**-20  # of the largest value: noise of six digits or less is the function's own


def is_bent(levels: list[Level]) -> bool:
    """Whether the slopes of both sides stay apart while the step falls."""
    first, last = levels[0], levels[-1]
    return last.is_apart and last.apart > (last.step / first.step) ** BENT * first.apart


def floats_too_far_apart(line: Line, noise: float, against: float) -> bool:
    """Whether f may turn between two floats, as sin(x) does at 1e16.

    Noise that is no rounding may be what a slope as steep as the claim, which is off by
    `against`, makes of few floats.
    """
    values = line.values()
    spread, largest = max(values) - min(values), max(map(abs, values))
    may_be_slope = FINE * largest < noise < against * FLOATS * math.ulp(line.x)
    return 0.0 < spread < 2.0 * CLEAR * noise or may_be_slope


def is_rough(line: Line, slope: float, level: Level, noise: float) -> bool:
    """Whether values within a level are farther off the slope than noise and bend explain.

    exp(x) - 1 - x has the slope -1 between the jumps of exp(x); floor(x) has 0.
    """
    bend = 2.0 * max(abs(level.right - slope), abs(level.left - slope))
    return any(
        abs(seen - slope) > bend + SURE * noise / step
        for side in (1.0, -1.0)
        for step, seen in line.seen(side)
        if step <= level.step
    )


def is_kink_here(line: Line, gap: float, outside: float) -> bool:
    """Whether slopes differ by the gap over the smallest steps, too: the kink is at x.

    If it is not, a claim that is `outside` the slopes of both sides is wrong anyway.
    """
    near = line.closest(gap)
    if near is None:
        return False
    at_x = near.step <= CLOSE * max(abs(line.x), 1.0) and abs(near.apart - gap) <= NEAR * gap
    return at_x or outside > NEAR * gap < near.apart


def treads(line: Line, slope: float, claimed: float) -> Reason | None:
    """Return the doubt if f was seen to have one value to the last bit around x.

    log(1 + exp(-40)) is rounded to one value, to which the claim makes no difference;
    floor(x) / 1e-9, claimed to be flat, is so for too far to be rounding.
    """
    flat = [
        [step for step, _ in itertools.takewhile(lambda pair: not pair[1], line.seen(side))]
        for side in (1.0, -1.0)
    ]
    near, far = sorted([max(steps, default=0.0) for steps in flat])
    if far and not slope and abs(claimed) * far <= ROUNDINGS * ULP:
        return Reason.HIDDEN
    is_wide = near > 2.0 * SPACINGS[1] * (abs(line.x) or 1.0)
    is_high = abs(slope) * far > ROUNDINGS * line.grain * abs(line.y)
    return Reason.BENDS if is_wide and is_high and not claimed else None


def is_sawtooth(line: Line, slope: float, claimed: float) -> bool:
    """Whether f has a slope other than `claimed` only between jumps that undo it.

    (1 - cos(x)) / x² falls steeply between the jumps of cos(x). Where slopes change from one
    to the other while steps grow, a change that is no jump becomes small from close by.
    """
    against = abs(slope - claimed)
    for scale in (1.0, abs(line.x) or 1.0):
        line.level(START * scale)
    for side in (1.0, -1.0):
        seen = line.seen(side)
        end = next((i for i, (_, s) in enumerate(seen) if abs(s - claimed) < SAME * against), 0)
        alike = [pair for pair in seen[:end] if abs(pair[1] - slope) < SAME * against]
        if not alike:
            return False
        near, far = _turn(line, side, slope, claimed, alike[-1], seen[end])
        if abs(near[1] - far[1]) <= NEAR * against:
            return False
    return True


def is_round_corner(line: Line, sign: float, slope: float, beyond: float) -> bool:
    """Whether a corner is round by more than noise and bends explain: x may be in its bend.

    That of log(exp(x) + 1) is, though round-off may hide it at x. `slope` is that of f on the
    side of x, to which `sign` leads away from the corner.
    """
    seen = line.seen(-sign)
    end = next((i for i, (_, s) in enumerate(seen) if abs(s - beyond) < abs(s - slope)), 0)
    if not end:
        return False
    _, (far, _) = _turn(line, -sign, slope, beyond, seen[end - 1], seen[end])
    slopes = [*filter(None, [line.slope(sign * step) for step in (-far, -2.0 * far, far)])]
    if len(slopes) < 3:
        return False
    (nearer, noise), (farther, _), (away, _) = slopes
    corner = far * (nearer - beyond) / (slope - beyond)
    explained = far * (noise + abs(away - slope) + abs(2.0 * farther - nearer - beyond))
    at_corner = line.slope(-sign * corner)
    return at_corner is not None and corner * abs(at_corner[0] - slope) > SURE * explained


def _turn(
    line: Line, side: float, slope: float, other: float, near: Seen, far: Seen
) -> tuple[Seen, Seen]:
    """Return the steps, close together, between which slopes turn from one to the other."""
    while far[0] > NEXT * near[0]:
        step = math.sqrt(near[0] / far[0]) * far[0]
        between = line.slope(side * step)
        if between is None:
            break
        if abs(between[0] - slope) < 0.5 * abs(other - slope):
            near = step, between[0]
        else:
            far = step, between[0]
    return near, far


def estimated_noise(line: Line) -> float:
    """Return the size of the round-off of f near line.x.

    Over points so close that the function itself is a polynomial of low degree, the high
    differences are noise. The points move apart until the values differ: a function that
    rounds its results is flat over less.
    """
    floor = ULP * abs(line.y)
    for spacing in SPACINGS if line.x else AT_0:
        step = _exact_step(line.x, spacing)
        ends = _around(line, step, (WINDOW[0], 0, WINDOW[-1]))
        if ends is not None and min(ends) == max(ends):
            continue
        values = _around(line, step, WINDOW) if ends else None
        if values is None:
            return floor
        noise, grid = _noise(values), _grid(values)
        if noise > SURE * max(floor, grid):  # more than rounding of the results
            noise = quieter_side(line, step, noise)
        return max(DEVIATIONS * noise + floor, grid)
    return max(floor, hidden_grid(line))


def hidden_grid(line: Line) -> float:
    """Guard: f is flat near x since terms cancel that are rounded, as 1 - cos(x) near 0.

    Return the grid of the values farther from x, where that rounding shows; 0 if the grid is
    so coarse that f has steps, and no round-off.
    """
    step = START * max(1.0, abs(line.x))
    ends = [line.y, line.at(line.x + step), line.at(line.x - step)]
    values = [value for value in ends if value is not None]
    grid, largest = _grid(values), max(map(abs, values))
    return max(grid, ULP * largest) if grid <= FINE * largest else 0.0


def quieter_side(line: Line, step: float, noise: float) -> float:
    """Guard: a kink or a jump at x or close by looks like noise.

    Return the noise to the right or to the left, if it is much less than around x. Values may
    be exact there by chance: noise is no less than an ulp of values farther out.
    """
    line.level(START * (abs(line.x) or 1.0))
    floor = ULP * max(map(abs, line.values()))
    for signed, places in itertools.product((step, -step), BESIDE):
        values = _around(line, signed, places)
        if values is not None and min(values) < max(values):
            quieter = _noise(values)
            if quieter <= QUIET * noise:
                return min(max(quieter, floor), noise)
    return noise


def _exact_step(x: float, spacing: float) -> float:
    """Return that share of x, with all digits: points are exact, on no coarser grid than x."""
    if not x:
        return UNEVEN * spacing
    unit = math.ulp(x)
    return unit * (spacing * abs(x) // unit // 2.0 * 2.0 + 1.0)


def _around(line: Line, step: float, places: Iterable[int]) -> list[float] | None:
    values = [line.at(line.x + i * step) if i else line.y for i in places]
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None


def _grid(values: list[float]) -> float:
    """Return the largest power of 2 of which all are multiples: an ulp of cancelled terms."""
    ratios = [value.as_integer_ratio() for value in values if value]
    return min([(n & -n) / d for n, d in ratios], default=0.0)


def _noise(values: list[float]) -> float:
    """Return the most of the noise by third differences, by the fourth, and so on."""
    estimates = []
    for k in range(1, len(values)):
        values = [b - a for a, b in itertools.pairwise(values)]
        rms = math.hypot(*values) / math.sqrt(len(values))
        estimates.append(rms * math.factorial(k) / math.sqrt(math.factorial(2 * k)))
    return max(estimates[2:])
