"""How much a function's values jitter, from its values alone."""

from __future__ import annotations

import math
from itertools import pairwise

from autograd.testing.differences import ULP, Line

__all__ = ["estimated_noise"]

SPACINGS = (2.0**-40, 2.0**-26, 2.0**-12)


def estimated_noise(line: Line, output: int = 0) -> float:
    """The size of the round-off in an output near line.x.

    Over points so close that the function itself is a polynomial of low degree, what high
    differences leave is noise. The points move apart until the values differ: a function
    that rounds its results is flat over less.

    Source: the difference table of Hamming, in the form of Moré and Wild, "Estimating
    computational noise", 2011.
    """
    x, center = line.x, line.outputs[output]
    for spacing in SPACINGS:
        step = x + spacing * (abs(x) or 1.0) - x  # so that the points are exact
        values = []
        for i in range(-3, 4):
            found = line.at(x + i * step) if i else line.outputs
            if found is not None:
                values.append(found[output])
        if len(values) == 7 and min(values) < max(values):
            return 3.0 * _left_by_differences(values) + ULP * abs(center)
    return ULP * abs(center)


def _left_by_differences(values: list[float]) -> float:
    largest = 0.0
    for k in range(1, 7):
        values = [b - a for a, b in pairwise(values)]
        if k >= 3:
            mean = sum([d * d for d in values]) / len(values)
            share = math.factorial(k) ** 2 / math.factorial(2 * k)
            largest = max(largest, math.sqrt(share * mean))
    return largest
