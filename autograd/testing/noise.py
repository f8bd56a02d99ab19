"""How much a function's values jitter, from its values alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from autograd.testing.differences import ULP, Line

__all__ = ["estimated_noise"]

ODD = 283.0 / 256.0  # lest what f multiplies x by rounds the same at all the points
SPACINGS = (ODD * 2.0**-44, ODD * 2.0**-26, ODD * 2.0**-12)
SPACINGS_AT_0 = (2.0**-80, *SPACINGS)
FAR = (0.25, 1024.0)
FINE = 2.0**-20


def estimated_noise(line: Line, output: int = 0) -> float:
    """The size of the round-off in an output near line.x.

    Over points so close that the function itself is a polynomial of low degree, what high
    differences leave is noise. The points move apart until the values differ: a function
    that rounds its results is flat over less; if it is flat over all, values farther out tell
    to what they are rounded. If it is much quieter on a side of x, there is a kink or a jump
    at x or close by, and no noise. Nor can it be less than the grid that all values are on.

    Source: the difference table of Hamming, in the form of Moré and Wild, "Estimating
    computational noise", 2011.
    """
    x, floor = line.x, ULP * abs(line.outputs[output])
    for spacing in SPACINGS if x else SPACINGS_AT_0:
        step = _exact_step(x, spacing)
        ends = _around(line, output, step, (-3, 0, 3))
        if ends is None:
            break
        if min(ends) == max(ends):
            continue
        around = _around(line, output, step, range(-3, 4))
        if around is None:
            break
        noise, grid = _left_by_differences(around), _grid(around)
        if noise > 4.0 * max(floor, grid):
            noise = _quieter_side(line, output, step, noise)
        return max(3.0 * noise + floor, grid)
    else:
        return max(floor, _hidden_grid(line, output))
    return floor


def _hidden_grid(line: Line, output: int) -> float:
    """The grid of the values farther from x, where they are flat near x.

    1 - cos(x) is flat near 0 since what cancels is rounded, and that rounding shows farther
    out. 0 if the grid is so coarse that the function has steps, and no round-off.
    """
    center, size = line.outputs[output], max(1.0, abs(line.x))
    for far in FAR:
        found = [line.at(line.x + sign * far * size) for sign in (1.0, -1.0)]
        values = [known[output] for known in found if known is not None]
        if any(value != center for value in values):
            grid = _grid([*values, center])
            return grid if grid <= FINE * max(map(abs, values)) else 0.0
    return 0.0


def _exact_step(x: float, spacing: float) -> float:
    """That share of x, with all digits: the points are exact, and on no coarser grid than x."""
    if not x:
        return 1.0042 * spacing
    unit = math.ulp(x)
    return unit * (spacing * abs(x) // unit // 2.0 * 2.0 + 1.0)


def _quieter_side(line: Line, output: int, step: float, noise: float) -> float:
    """The noise to the right or to the left, if it is much less than around x."""
    for signed, places in itertools.product((step, -step), (range(1, 7), range(3, 9))):
        beside = _around(line, output, signed, places)
        if beside is None or min(beside) == max(beside):
            continue
        quieter = _left_by_differences(beside)
        if quieter <= 0.03 * noise:
            return quieter
    return noise


def _around(line: Line, output: int, step: float, places: Iterable[int]) -> list[float] | None:
    found = [line.at(line.x + i * step) if i else line.outputs for i in places]
    known = [values[output] for values in found if values is not None]
    return known if len(known) == len(found) else None


def _grid(values: list[float]) -> float:
    """The largest power of 2 of which all are multiples: an ulp of what cancelled in them."""
    ratios = [value.as_integer_ratio() for value in values if value]
    return min([(n & -n) / d for n, d in ratios], default=0.0)


def _left_by_differences(values: list[float]) -> float:
    largest = 0.0
    for k in range(1, len(values)):
        values = [b - a for a, b in itertools.pairwise(values)]
        if k >= 3:
            rms = math.hypot(*values) / math.sqrt(len(values))
            largest = max(largest, rms * math.factorial(k) / math.sqrt(math.factorial(2 * k)))
    return largest
