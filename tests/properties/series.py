"""Programs on truncated Taylor series: derivatives of every order without a graph."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd.testing.programs import Listing

Series = list[float]  # the coefficients of 1, t, t² …


def along(program: Listing, direction: Sequence[float], order: int) -> Series:
    """The coefficients in t of a polynomial program at its starts + t · direction.

    Exact for whole numbers (Griewank & Walther 2008, chapter 13).
    """

    def lifted(x: Any) -> Series:
        return x if isinstance(x, list) else [x] + [0.0] * order

    def lift(f: Callable[..., Series]) -> Callable[..., Series]:
        return lambda *xs: f(*map(lifted, xs))

    def add(*xs: Series) -> Series:
        return [sum(c) for c in zip(*xs)]

    def mul(x: Series, y: Series) -> Series:
        return [sum(x[i] * y[k - i] for i in range(k + 1)) for k in range(order + 1)]

    def neg(x: Series) -> Series:
        return [-c for c in x]

    table: dict[str, Callable[..., Series]] = {
        "add": add,
        "sum": add,
        "sub": lambda x, y: add(x, neg(y)),
        "neg": neg,
        "mul": mul,
        "square": lambda x: mul(x, x),
        "dot": lambda bias, u, v, x, y: add(bias, mul(u, x), mul(v, y)),
        "identity": lambda x: x,
        "maximum": lambda *xs: max(xs, key=operator.itemgetter(0)),
    }
    starts = [[x, d] + [0.0] * (order - 1) for x, d in zip(program.starts, direction)]
    result: Series = program.run(starts, lambda name: lift(table[name]))[-1]
    return result
