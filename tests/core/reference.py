"""What each primitive and its partials are, in mpmath, and where to try third derivatives.

Written from the mathematics, not from the rules in `autograd.core.table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp, mpf

__all__ = ["REFERENCES", "Reference"]

Args = tuple[float, ...]


@dataclass(frozen=True)
class Reference:
    """The partials of a primitive in mpmath. (Its value is `oracle.in_mpmath()[name]`.)

    Attributes:
        partials: d(value)/d(operand), one an operand.
        smooth: operands where it has three derivatives, not all of them zero.
        terms: the terms of the partial where these can cancel: their rounding is not less
            than half an ulp of the largest.
    """

    partials: tuple[Callable[..., Any], ...]
    smooth: Sequence[Args]
    terms: Callable[[Any], tuple[Any, ...]] | None = None


def _signed(xs: Iterable[float]) -> list[float]:
    return [s * x for x in xs for s in (1.0, -1.0)]


def _each(xs: Iterable[float]) -> list[Args]:
    return [(x,) for x in xs]


def _pairs(xs: Sequence[float], ys: Sequence[float]) -> list[Args]:
    return [(x, y) for x in xs for y in ys]


MILD = [0.0, *_signed([1e-12, 0.003, 0.3, 1.1, 2.7])]
TAILS = [*MILD, *_signed([6.5, 20.0])]


def _bell(x: Any) -> Any:
    e = mpmath.exp(-abs(x))
    return e / (1 + e) ** 2


def _sigmoid(x: Any) -> Any:
    e = mpmath.exp(-abs(x))
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


def _phi(x: Any) -> Any:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mp.pi)


def _cdf(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _length(*xs: Any) -> Any:
    return mpmath.sqrt(mpmath.fsum(x * x for x in xs))


def _sum_of_exp(*xs: Any) -> Any:
    return mpmath.fsum(mpmath.exp(x) for x in xs)


def _softmax(slot: int) -> Callable[..., Any]:
    return lambda *xs: mpmath.exp(xs[slot]) / _sum_of_exp(*xs)


def _wins(slot: int, best: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs: mpf(xs[slot] == best(xs)) / xs.count(best(xs))


def _one(x: Any, *rest: Any) -> Any:
    return mpf(1)


def _zero(x: Any, *rest: Any) -> Any:
    return mpf(0)


TRIPLES = [(0.3, -1.2, 2.5), (1e-12, 0.7, 0.2), (-3.0, 4.0, 12.0), (35.0, -2.0, 0.5)]
BOUNDED = [(0.3, -1.0, 1.0), (-1.5, -1.0, 1.0), (7.0, -1.0, 1.0)]
DOTS = [(0.5, 1.5, -2.0, 0.25, 3.0), (0.0, 1e-3, 4.0, 5.0, 0.0)]


REFERENCES: dict[str, Reference] = {
    "neg": Reference((lambda x: mpf(-1),), _each(MILD)),
    "add": Reference((_one, _one), _pairs(MILD, [0.5, -2.0])),
    "sub": Reference((_one, lambda x, y: mpf(-1)), _pairs(MILD, [0.5, -2.0])),
    "mul": Reference((lambda x, y: y, lambda x, y: x), _pairs(MILD, [0.5, -2.0])),
    "div": Reference((lambda x, y: 1 / y, lambda x, y: -x / y**2), _pairs(MILD, [0.5, -2.0])),
    "mod": Reference(
        (_one, lambda x, y: -mpmath.floor(x / y)), _pairs([0.3, 1.1, -2.7], [0.5, -2.0])
    ),
    "floordiv": Reference((_zero, _zero), _pairs([0.3, 1.1, -2.7], [0.5, -2.0])),
    "pow": Reference(
        (lambda x, p: p * x ** (p - 1), lambda x, p: x**p * mpmath.log(x) if x > 0 else mp.nan),
        [(0.3, 1.7), (2.0, -0.5), (1e-3, 3.0), (4.0, 0.01), (-2.0, 3.0), (-0.5, -2.0)],
    ),
    "identity": Reference((_one,), _each(MILD)),
    "square": Reference((lambda x: 2 * x,), _each(MILD)),
    "reciprocal": Reference((lambda x: -1 / x**2,), _each(TAILS[3:])),
    "abs": Reference((lambda x: mpmath.sign(x),), _each(MILD[1:])),
    "sign": Reference((_zero,), _each(MILD[1:])),
    "relu": Reference((lambda x: mpf(x > 0),), _each(MILD[1:])),
    "leaky_relu": Reference(
        (lambda x, slope: mpf(1) if x > 0 else slope, lambda x, slope: mpf(0) if x > 0 else x),
        _pairs(MILD[1:], [0.01, -0.2]),
    ),
    "maximum": Reference((_wins(0, max), _wins(1, max), _wins(2, max)), TRIPLES),
    "minimum": Reference((_wins(0, min), _wins(1, min), _wins(2, min)), TRIPLES),
    "clip": Reference(
        (
            lambda x, low, high: mpf(low < x < high),
            lambda x, low, high: mpf(x < low),
            lambda x, low, high: mpf(x > high),
        ),
        BOUNDED,
    ),
    "where": Reference(
        (_zero, lambda chosen, x, y: mpf(bool(chosen)), lambda chosen, x, y: mpf(not chosen)),
        [(1.0, 2.0, 3.0), (2.0, -2.0, 3.0)],
    ),
    "take": Reference(
        (_zero, lambda index, *xs: mpf(index == 0), lambda index, *xs: mpf(index in (1, -1))),
        [(1.0, 2.0, 3.0)],
    ),
    "exp": Reference((mpmath.exp,), _each(TAILS)),
    "exp2": Reference((lambda x: mpmath.log(2) * mpf(2) ** x,), _each(TAILS)),
    "expm1": Reference((mpmath.exp,), _each(TAILS)),
    "log": Reference((lambda x: 1 / x,), _each([1e-3, 0.9, 40.0])),
    "log2": Reference((lambda x: 1 / x / mpmath.log(2),), _each([1e-3, 0.9, 40.0])),
    "log10": Reference((lambda x: 1 / x / mpmath.log(10),), _each([1e-3, 0.9, 40.0])),
    "log1p": Reference((lambda x: 1 / (1 + x),), _each([0.0, 1e-12, -1e-12, -0.999, 50.0])),
    "logsumexp": Reference((_softmax(0), _softmax(1), _softmax(2)), TRIPLES),
    "bell": Reference(
        (lambda x: -_bell(x) * mpmath.tanh(x / 2),), _each([0.0, 1e-9, -1.0, 30.0])
    ),
    "exp_of_difference": Reference(
        (lambda x, y: mpmath.exp(x - y), lambda x, y: -mpmath.exp(x - y)),
        _pairs(MILD, [0.5, -2.0]),
    ),
    "gaussian": Reference(
        (
            lambda x, scale: -2 * scale * x * mpmath.exp(-scale * x * x),
            lambda x, scale: -x * x * mpmath.exp(-scale * x * x),
        ),
        _pairs([*MILD, 4.5], [0.5, 1.0]),
    ),
    "rsqrt": Reference((lambda x: -1 / (2 * x * mpmath.sqrt(x)),), _each([1e-3, 0.9, 1e6])),
    "sqrt": Reference((lambda x: 1 / (2 * mpmath.sqrt(x)),), _each([1e-3, 0.9, 1e6])),
    "cbrt": Reference(
        (lambda x: 1 / (3 * mpmath.cbrt(abs(x)) ** 2),), _each([-1e-3, 0.9, -1e6])
    ),
    "cbrt_slope": Reference(
        (lambda x: -2 * mpmath.sign(x) / (9 * mpmath.cbrt(abs(x)) ** 5),),
        _each([-1e-3, 0.9, -1e6]),
    ),
    "hypot": Reference(
        (lambda x, y: x / _length(x, y), lambda x, y: y / _length(x, y)),
        [(3.0, 4.0), (-0.5, 1e-6), (0.0, -2.0), (1e3, 1.0)],
    ),
    "sin": Reference((mpmath.cos,), _each(TAILS)),
    "cos": Reference((lambda x: -mpmath.sin(x),), _each(TAILS)),
    "tan": Reference((lambda x: 1 / mpmath.cos(x) ** 2,), _each([*MILD, 1.57])),
    "asin": Reference(
        (lambda x: 1 / mpmath.sqrt((1 - x) * (1 + x)),), _each([0.0, 1e-12, -0.4, 0.9, -0.999])
    ),
    "acos": Reference(
        (lambda x: -1 / mpmath.sqrt((1 - x) * (1 + x)),), _each([0.0, 1e-12, -0.4, 0.9, -0.999])
    ),
    "atan": Reference((lambda x: 1 / (1 + x * x),), _each([*TAILS, 1e4, -1e10])),
    "atan2": Reference(
        (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
        [(0.3, 2.0), (-1.0, -0.5), (2.0, 0.01), (1e-6, 1.0)],
    ),
    "sinh": Reference((mpmath.cosh,), _each(TAILS)),
    "cosh": Reference((mpmath.sinh,), _each(TAILS)),
    "tanh": Reference((lambda x: 4 * _bell(2 * x),), _each(TAILS)),
    "asinh": Reference((lambda x: 1 / mpmath.sqrt(1 + x * x),), _each(TAILS)),
    "acosh": Reference(
        (lambda x: 1 / mpmath.sqrt((x - 1) * (x + 1)),), _each([1.001, 1.5, 30.0])
    ),
    "atanh": Reference(
        (lambda x: 1 / ((1 - x) * (1 + x)),), _each([0.0, 1e-12, -0.4, 0.9, -0.999])
    ),
    "sigmoid": Reference((_bell,), _each(TAILS)),
    "softplus": Reference((_sigmoid,), _each(TAILS)),
    "elu": Reference(
        (
            lambda x, alpha: mpf(1) if x > 0 else alpha * mpmath.exp(x),
            lambda x, alpha: mpf(0) if x > 0 else mpmath.expm1(x),
        ),
        _pairs([x for x in TAILS if x], [0.5, 1.0]),
    ),
    "silu": Reference(
        (lambda x: _sigmoid(x) + x * _bell(x),),
        _each(TAILS),
        terms=lambda x: (_sigmoid(x), x * _bell(x)),
    ),
    "normal_cdf": Reference((_phi,), _each(MILD)),
    "gelu": Reference(
        (lambda x: _cdf(x) + x * _phi(x),), _each(MILD), terms=lambda x: (_cdf(x), x * _phi(x))
    ),
    "erf": Reference(
        (lambda x: 2 / mpmath.sqrt(mp.pi) * mpmath.exp(-x * x),), _each([*MILD, 4.5])
    ),
    "erfc": Reference(
        (lambda x: -2 / mpmath.sqrt(mp.pi) * mpmath.exp(-x * x),), _each([*MILD, 4.5])
    ),
    "sum": Reference((_one, _one, _one), TRIPLES),
    "dot": Reference(
        (
            _one,
            lambda bias, u, v, x, y: x,
            lambda bias, u, v, x, y: y,
            lambda bias, u, v, x, y: u,
            lambda bias, u, v, x, y: v,
        ),
        DOTS,
    ),
}
