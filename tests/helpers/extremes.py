"""Pairs of numbers where floats end, and what atan2, hypot, div and pow have to give there."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import mpmath
from mpmath import mpf

from autograd import Value
from autograd.core.primitive import TABLE
from tests.helpers.measure_ulp import LARGEST, LEAST, NORMAL, ulps

__all__ = ["NAMES", "POWERS", "compiled", "eager", "exact", "has_value", "pairs"]
__all__ += ["worst"]

NAMES = ["atan2", "hypot", "div", "pow"]
POWERS = [
    *(1 / 3, 2 / 3, 0.1, 0.5, 1.0 + 2.0**-20, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 200.0),
    *(-1 / 3, -0.5, -1.0, -2.0, -3.0, -5.0, -12.5, -101.0),
]
HARD = {"atan2": [(1e-323, 1.8e-9), (-1.8e-9, 1e-323)], "hypot": [(LEAST, LEAST)]}


def _size(draw: random.Random) -> float:
    kind = draw.random()
    if kind < 0.3:
        return math.ldexp(draw.uniform(0.5, 1.0), draw.randint(-1073, -1021))
    if kind < 0.45:
        return math.ldexp(draw.uniform(0.5, 1.0), draw.randint(1018, 1024))
    if kind < 0.5:
        return draw.choice([LEAST, 2.0 * LEAST, NORMAL, 2.0 * NORMAL, LARGEST, 1.0])
    if kind < 0.85:
        return math.ldexp(draw.uniform(0.5, 1.0), draw.randint(-1073, 1024))
    return draw.uniform(0.01, 10.0)


def _beside(draw: random.Random, x: float) -> float:
    kind = draw.random()
    if kind < 0.3:
        return min(
            x * (1.0 + draw.choice([1.0, -1.0]) * math.exp2(-draw.uniform(0.0, 53.0))), LARGEST
        )
    if kind < 0.4:
        return math.nextafter(x, draw.choice([0.0, LARGEST])) or LEAST
    return _size(draw)


def _power(draw: random.Random, x: float) -> tuple[float, float]:
    kind = draw.random()
    if kind < 0.35:
        p = draw.choice(POWERS)
    elif kind < 0.8:
        p = draw.uniform(-745.0, 709.0) / (math.log(x) or 1.0)
    else:
        p = draw.choice([1.0, -1.0]) * draw.choice([draw.uniform(0.0, 5.0), _size(draw)])
    return (-x if p == round(p) and draw.random() < 0.3 else x), p


def pairs(name: str, many: int) -> Iterator[tuple[float, float]]:
    """Hard pairs, and that many more, at which an operation has a value, always the same."""
    draw = random.Random(name)
    yield from HARD.get(name, [])
    while many:
        x = _size(draw)
        signs = [draw.choice([1.0, -1.0]) for _ in "xy"]
        xs = _power(draw, x) if name == "pow" else (signs[0] * x, signs[1] * _beside(draw, x))
        if has_value(name, *xs):
            many -= 1
            yield xs


def has_value(name: str, x: float, y: float) -> bool:
    """Whether an operation does not overflow there."""
    try:
        TABLE[name](x, y)
    except ArithmeticError:
        return False
    return True


def exact(name: str, x: float, y: float) -> tuple[Any, Any, Any]:
    """The value and the two partials in mpmath; NaN where there is no such partial."""
    a, b = mpf(x), mpf(y)
    if name == "div":
        return a / b, 1 / b, -a / b**2
    if name == "pow":
        power = a**b
        return power, b * power / a, power * mpmath.log(a) if x > 0.0 else mpmath.nan
    square = a**2 + b**2
    if name == "atan2":
        return mpmath.atan2(a, b), b / square, -a / square
    length = mpmath.sqrt(square)
    return length, a / length, b / length


def eager(name: str, xs: Sequence[tuple[float, float]]) -> list[tuple[float, ...]]:
    """An operation's value and partials at each of these pairs."""
    nodes = [TABLE[name](*map(Value, pair)) for pair in xs]
    return [(y.data, *y.partials) for y in nodes]


def compiled(name: str, xs: Sequence[tuple[float, float]]) -> list[tuple[float, ...]]:
    """The same by a program."""
    import numpy as np

    from autograd.program import compile

    fast = compile(lambda x, y: TABLE[name](x, y), in_axes=(0, 0))
    first, second = columns = np.array(xs).T
    there = (first > 0.0) | (name != "pow")
    slopes = np.full((2, len(xs)), math.nan)
    slopes[0] = fast.jacobian(*columns)
    slopes[1, there] = fast.jacobian(first[there], second[there], argnums=1)
    return list(zip(fast(*columns).tolist(), *slopes.tolist()))


def worst(
    name: str, xs: Sequence[tuple[float, float]], found: Sequence[tuple[float, ...]]
) -> tuple[float, Any]:
    """The largest error in ulp, and at which pair what is how far off."""
    errors = [
        (ulps(got, wanted), (pair, what, got, float(wanted)))
        for pair, numbers in zip(xs, found, strict=True)
        for what, got, wanted in zip(("value", 0, 1), numbers, exact(name, *pair), strict=True)
    ]
    return max(errors, key=lambda error: error[0])
