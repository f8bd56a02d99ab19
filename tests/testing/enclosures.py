"""Bounds of values and partials, proven by arithmetic on intervals.

A number and its derivative along one variable go through the recorded graph, each an interval
of mpmath, whose sums, products and quotients are rounded outwards. mpmath's exp, log, atan and
erf are trusted but for their last 8 bits, and so are its intervals of sin and cos. Its interval
of atan2 is not used: it may miss 3π/4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

from autograd.core.sweeps import topological_order
from autograd.core.value import Value
from autograd.testing.oracle import library, load_mpmath
from autograd.testing.problem import Problem
from autograd.transforms import Function

__all__ = ["enclosure"]

BITS = (128, 256, 512, 1024, 2048, 4096)  # the last hold 1e308 beside 1e-308, and their squares
Bounds = tuple[float, float]


class UndecidedError(Exception):
    """An interval is on both sides of a kink, a jump or an edge."""


class Dual:
    """An interval that holds a number, and one that holds its derivative."""

    def __init__(self, value: Any, slope: Any = 0) -> None:
        iv = load_mpmath().iv
        self.value, self.slope = iv.mpf(value), iv.mpf(slope)

    def ends(self) -> list[Any]:
        """Both ends of the value."""
        return [load_mpmath().mp.make_mpf(x) for x in self.value._mpi_]

    def __add__(self, other: Any) -> Dual:
        y = _dual(other)
        return Dual(self.value + y.value, self.slope + y.slope)

    def __mul__(self, other: Any) -> Dual:
        y = _dual(other)
        return Dual(self.value * y.value, self.slope * y.value + self.value * y.slope)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Dual:
        return self * -1

    def __sub__(self, other: Any) -> Dual:
        return self + -_dual(other)

    def __rsub__(self, other: Any) -> Dual:
        return _dual(other) + -self

    def __truediv__(self, other: Any) -> Dual:
        y = _dual(other)
        quotient = self.value / y.value
        return Dual(quotient, (self.slope - quotient * y.slope) / y.value)

    def __rtruediv__(self, other: Any) -> Dual:
        return _dual(other) / self

    def __pow__(self, other: Any) -> Dual:
        p = _dual(other)
        if p.slope != 0 or p.value.delta != 0 or int(p.value) != p.value:
            return exp(p * log(self))
        n = int(p.value)
        slope = n * self.value ** (n - 1) * self.slope if n else 0
        return Dual(self.value**n, slope)

    def __lt__(self, other: Any) -> bool:
        apart = (self - other).value
        if 0 in apart:
            raise UndecidedError
        return bool(apart < 0)

    def __gt__(self, other: Any) -> bool:
        return _dual(other) < self

    def __bool__(self) -> bool:
        return self < 0 or self > 0

    def __abs__(self) -> Dual:
        return -self if self < 0 else self

    def __floor__(self) -> int:
        low, high = map(math.floor, self.ends())
        if low != high or low in self.value:  # a jump
            raise UndecidedError
        return int(low)

    __int__ = __floor__


def _dual(x: Any) -> Dual:
    return x if type(x) is Dual else Dual(x)


def _rising(name: str, slope: Callable[[Any, Any], Any]) -> Callable[[Any], Dual]:
    """A rising function, by its values at both ends; `slope` is of x and what they enclose."""

    def f(number: Any) -> Dual:
        mpmath, x = load_mpmath(), _dual(number)
        if name == "log" and not x > 0:
            raise UndecidedError
        blur = mpmath.mpf(2) ** (8 - mpmath.mp.prec)
        value = mpmath.iv.mpf([getattr(mpmath, name)(end) for end in x.ends()])
        value *= mpmath.iv.mpf([1 - blur, 1 + blur])
        return Dual(value, slope(x.value, value) * x.slope)

    return f


exp = _rising("exp", lambda x, y: y)
log = _rising("log", lambda x, y: 1 / x)
atan = _rising("atan", lambda x, y: 1 / (1 + x * x))


@cache
def _operations() -> dict[str, Callable[..., Any]]:
    iv = load_mpmath().iv

    def sqrt(x: Dual) -> Dual:
        return exp(log(x) / 2)

    def asin(x: Dual) -> Dual:
        return atan(x / sqrt((1 - x) * (1 + x)))

    known: dict[str, Callable[..., Any]] = {
        "exp": exp,
        "log": log,
        "atan": atan,
        "sqrt": sqrt,
        "cbrt": lambda x: exp(log(x) / 3),
        "asin": asin,
        "acos": lambda x: -asin(x) + iv.pi / 2,
        "atan2": lambda y, x: 2 * atan(y / (sqrt(x * x + y * y) + x)),
        "sin": lambda x: Dual(iv.sin(x.value), iv.cos(x.value) * x.slope),
        "cos": lambda x: Dual(iv.cos(x.value), -iv.sin(x.value) * x.slope),
        "tan": lambda x: known["sin"](x) / known["cos"](x),
        "erf": _rising("erf", lambda x, y: 2 / iv.sqrt(iv.pi) * exp(-x * x).value),
        "erfc": lambda x: 1 - known["erf"](x),
        "expm1": lambda x: exp(x) - 1,
        "log1p": lambda x: log(1 + x),
        "log10": lambda x: log(x) / log(10),
        "sinh": lambda x: (exp(x) - exp(-x)) / 2,
        "cosh": lambda x: (exp(x) + exp(-x)) / 2,
        "tanh": lambda x: 1 - 2 / (exp(2 * x) + 1),
        "asinh": lambda x: log(x + sqrt(x * x + 1)),
        "acosh": lambda x: log(x + sqrt((x - 1) * (x + 1))),
        "atanh": lambda x: log((1 + x) / (1 - x)) / 2,
        "sign": lambda x: Dual(-1 if x < 0 else 1),
        "fsum": sum,
        "mpf": Dual,
    }
    return {
        **library(SimpleNamespace(**known)),
        **known,
        "cbrt": lambda x: known["sign"](x) * known["cbrt"](abs(x)),
        "logsumexp": lambda *xs: log(sum(map(exp, xs))),
        "floordiv": lambda x, y: Dual(math.floor(x / y)),
        "mod": lambda x, y: x - y * math.floor(x / y),
    }


def enclosure(f: Function, *xs: Any) -> tuple[Bounds, list[Bounds]]:
    """The floats between which f at xs lies, and those around each of its partials.

    They hold for f in real numbers. The precision rises until they are a float or two apart.
    `f` is made of the operations of `autograd`, and returns a number. Its branches are those
    that floats take.

    Returns:
        The bounds of the value, and a list of those of the derivatives by each number in xs.

    Raises:
        ValueError: there may be a kink, a jump or an edge at xs.
        LookupError: an operation is one of your own.
        ImportError: mpmath is not installed.

    >>> from autograd import exp
    >>> value, [slope] = enclosure(lambda x: exp(x) - 1.0 - x, 1e-9)
    >>> slope
    (1.0000000005e-09, 1.0000000005000001e-09)
    """
    problem = Problem(f, xs, "enclosure")
    variables, roots = problem.record()
    if len(roots) != 1:
        raise TypeError(f"enclosure: f returns one number, not {len(roots)}")
    root = roots[0] if type(roots[0]) is Value else Value(roots[0])
    for node in topological_order(root)[0]:
        if node.op.name not in _operations():
            raise LookupError(f"enclosure: there are no intervals of {node.op.name!r}")
    mp, iv = load_mpmath().mp, load_mpmath().iv
    before, found = iv.prec, list[Bounds]()
    try:
        for iv.prec in BITS:
            with mp.workprec(iv.prec), suppress(UndecidedError):
                slopes = [Dual(_along(root, x).slope) for x in variables]
                found = [_floats(dual) for dual in (_along(root), *slopes)]
                if all(high - low <= 2.0 * math.ulp(max(-low, high)) for low, high in found):
                    break
    finally:
        iv.prec = before
    if not found:
        raise ValueError("enclosure: there may be a kink, a jump or an edge of f at xs")
    return found[0], found[1:]


def _along(root: Value, x: Value | None = None) -> Dual:
    """The root, and its derivative by x."""
    order, leaves = topological_order(root)
    found = {leaf: Dual(leaf.data, leaf is x) for leaf in leaves}
    for node in order:
        op: Any = node.op
        plain = float if op.name in ("where", "take") else Dual
        operands = [found[y] if type(y) is Value else plain(y) for y in node.operands]
        found[node] = _dual(_operations()[op.name](*operands))
    return found[root]


def _floats(dual: Dual) -> Bounds:
    low, high = dual.ends()
    a, b = float(low), float(high)
    return (
        a if a <= low else math.nextafter(a, -math.inf),
        b if b >= high else math.nextafter(b, math.inf),
    )
