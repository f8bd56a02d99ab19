"""How much a function's values jitter, from its values alone."""

from __future__ import annotations

import itertools
import math

from autograd.testing.differences import ULP, Line

__all__ = ["estimated_noise"]


def estimated_noise(line: Line, output: int = 0) -> float:
    """The size of the round-off in an output near line.x.

    Source: the difference table of Hamming, in the form of Moré and Wild, "Estimating
    computational noise", 2011: over points so close that the function itself is a
    polynomial of low degree, what high differences leave is noise.
    """
    x, center = line.x, line.outputs[output]
    step = 2.0**-40 * (abs(x) or 1.0)
    values = []
    for i in range(-3, 4):
        found = line.at(x + i * step) if i else line.outputs
        if found is None:
            return ULP * abs(center)
        values.append(found[output])
    largest = 0.0
    for k in range(1, 7):
        values = [b - a for a, b in itertools.pairwise(values)]
        if k >= 3:
            mean = sum([d * d for d in values]) / len(values)
            share = math.factorial(k) ** 2 / math.factorial(2 * k)
            largest = max(largest, math.sqrt(share * mean))
    return 3.0 * largest + ULP * abs(center)
