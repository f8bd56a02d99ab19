# cython: language_level=3, auto_pickle=False
"""The table of primitives: all that anyone needs to know about each operation.

An entry is `primitive(name, value rule, one partials rule an operand, …)`. The value rule
works on floats. A partials rule is `rule(out, *operands)`; it is generic: on floats it
gives the partial that a node records, on Values one that can be differentiated again. So a
rule uses operators and other primitives, never `math`, and branches by comparing.

Value rules that compose several functions are read from this source, too, as formulas for
many numbers at once (`autograd.rules`). Such a formula computes both ways of a branch for all
numbers, so neither may overflow: hence `min(x, 0.0)` where x is negative anyway.

Where a textbook form loses digits in the tails (tanh' = 1 - tanh², say) the rule uses one
that does not; `textbook_rule` keeps that form for lessons. Where the derivative does not
exist the rule gives the subgradient of least norm, stated in the entry's `kink`.

An entry with a `doc` is a function of the module `autograd` and a method of Value. On plain
numbers it returns a float, the same that `math` gives; with a Value among the operands it
records a node. NumPy's functions work on arrays of Values, element by element.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

if cython.compiled:  # whose functions raise nothing: for exponents that are not positive
    from cython.cimports.libc import math as libc  # pyright: ignore[reportMissingImports]
else:
    import math as libc

from autograd.core.define import primitive, reserve
from autograd.core.operand import primal
from autograd.core.primitive import TABLE, Primitive

INF, NAN = math.inf, math.nan
NORMAL = sys.float_info.min  # a smaller number has lost digits
LN2 = 0.6931471805599453
PER_LN2 = 1.4426950408889634  # 1 / ln 2
PER_LN10 = 0.4342944819032518  # 1 / ln 10
PER_ROOT_2PI = 0.3989422804014327  # 1 / sqrt(2 pi)
TWO_PER_ROOT_PI = 1.1283791670955126  # 2 / sqrt(pi)
ROOT_HALF = 0.7071067811865476  # sqrt(1/2), and what is missing from it:
ROOT_HALF_REST = -4.833646656726457e-17

# An entry is: its name, value and rules; how it is written; its doc.
# fmt: off


# ---------------------------------------------------------------- arithmetic


def _power(x: Any, p: Any) -> float:
    result = x**p
    if type(result) is complex:
        raise ValueError
    return float(result)


def _power_base(out: Any, x: Any, p: Any) -> Any:
    # p x^(p-1); by the quotient where p - 1 is rounded or the power would overflow, in two
    # factors where it would be subnormal.
    if type(p) is float and p in (0.0, 1.0, 2.0, 3.0, 4.0):  # compiles as it is, for any x
        return p * x ** (p - 1.0) if p else 0.0
    base, exponent = primal(x), primal(p)
    if base == 0.0 and 0.0 < exponent < 1.0:
        return rsqrt(x)  # infinite, as are all the derivatives that follow
    if exponent == 0.0 and (base == 0.0 or type(p) is float):
        return 0.0
    if base != 0.0 and operator.abs(base) < INF and operator.abs(exponent) < INF:
        size, quotient = operator.abs(primal(out)), operator.abs(primal(out) / base)
        if quotient < 1e-300 and operator.abs(exponent) > 4.0:
            half = 0.5 * exponent // 1.0
            return p * x**half * (x ** (p - half) / x)
        exact = exponent - 1.0 + 1.0 == exponent != exponent - 1.0
        if quotient > 1e300 or not exact:
            return p * (out / x) if size > 1e280 and operator.abs(base) > 1.0 else p * out / x
    return p * x ** (p - 1.0)


def _power_exponent(out: Any, x: Any, p: Any) -> Any:
    if x > 0.0:
        if primal(out) > 1e-300 or not operator.abs(primal(p)) < INF:
            return out * log(x)
        half = x ** (0.5 * p)
        return half * log(x) * half
    return NAN if x else 0.0


def _slope_of_divisor(out: Any, x: Any, y: Any) -> Any:
    size = operator.abs(primal(out))  # no chain: Cython loses what a bool raises in one
    lost = 0.0 < size and size < NORMAL and operator.abs(primal(y)) < 1.0
    return -x / (y * y) if lost else -out / y


# value.py writes out neg, add, sub, mul, div, pow, exp, tanh and relu for speed: an edit here
# needs one there, and tests/core/test_operators.py holds both together.

neg = primitive("neg", operator.neg, lambda out, x: -1.0,
    traits="bounded exact steady", symbol="-", latex="-{0}",
    doc="-x.\n\n>>> neg(2.0)\n-2.0")
add = primitive("add", operator.add, lambda out, x, y: 1.0, lambda out, x, y: 1.0,
    traits="bounded exact steady", symbol="+", latex="{0} + {1}",
    doc="x + y.\n\n>>> add(2.0, 3.0)\n5.0")
sub = primitive("sub", operator.sub, lambda out, x, y: 1.0, lambda out, x, y: -1.0,
    traits="bounded exact steady", symbol="-", latex="{0} - {1}",
    doc="x - y.\n\n>>> sub(2.0, 3.0)\n-1.0")
mul = primitive("mul", operator.mul, lambda out, x, y: y, lambda out, x, y: x,
    traits="bounded exact", symbol="*", latex=r"{0} \cdot {1}",
    doc="x · y.\n\n>>> mul(2.0, 3.0)\n6.0")
div = primitive("div", operator.truediv, lambda out, x, y: 1.0 / y, _slope_of_divisor,
    traits="exact", symbol="/", domain="y ≠ 0", latex=r"\frac{{{0}}}{{{1}}}",
    doc="x / y; ZeroDivisionError at y = 0.\n\n>>> div(3.0, 2.0)\n1.5")
pow = primitive("pow", _power, _power_base, _power_exponent,
    traits="steep",
    symbol="**",
    domain="x > 0, or x < 0 with a whole exponent, or x = 0 with an exponent ≥ 0",
    kink="0**0 = 1 with both partials 0; d/dx 0**p = inf for 0 < p < 1; "
         "d/dp (0**p) = 0; d/dp does not exist at x < 0", latex="{{{0}}}^{{{1}}}",
    doc="x to the power of y, by the rules of `float.__pow__`.\n\n"
        "A negative x takes whole exponents only (ValueError, never a complex number). Asking\n"
        "for a derivative that does not exist raises ValueError too.\n\n>>> pow(3.0, 2.0)\n9.0")
mod = primitive("mod", operator.mod, lambda out, x, y: 1.0, lambda out, x, y: -(x // y),
    traits="exact", symbol="%", domain="y ≠ 0",
    kink="where x / y is whole and the value jumps, the derivatives of the side it lies on",
    latex=r"{0} \bmod {1}",
    doc="x % y, with the sign of y; ZeroDivisionError at y = 0.\n\n>>> mod(-1.0, 3.0)\n2.0")
floordiv = primitive(
    "floordiv", operator.floordiv, lambda out, x, y: 0.0, lambda out, x, y: 0.0,
    traits="exact", symbol="//", strong_zero=True, domain="y ≠ 0",
    kink="0 also where x / y is whole and the value jumps",
    latex=r"\left\lfloor \frac{{{0}}}{{{1}}} \right\rfloor",
    doc="x // y, rounded down; its derivatives are 0 everywhere.\n\n"
        ">>> floordiv(7.0, 2.0)\n3.0")
primitive("identity", lambda x: x, lambda out, x: 1.0,
    traits="bounded exact steady chooses", symbol="id", latex="{0}")
primitive("detach", lambda x: x, lambda out, x: 0.0,  # as programs record `Value.detach`
    traits="bounded exact steady", strong_zero=True,
    latex=r"\operatorname{{detach}}\left({0}\right)")
square = primitive("square", lambda x: x * x, lambda out, x: 2.0 * x,
    traits="bounded exact", latex="{{{0}}}^2",
    doc="x · x.\n\n>>> square(3.0)\n9.0")
reciprocal = primitive("reciprocal", lambda x: 1.0 / x, lambda out, x: -(out * out),
    domain="x ≠ 0", latex=r"\frac{{1}}{{{0}}}",
    doc="1 / x; ZeroDivisionError at 0.\n\n>>> reciprocal(4.0)\n0.25")


# ---------------------------------------------------------------- sign and selection


def _sign(x: float) -> float:
    return x if x == 0.0 or x != x else math.copysign(1.0, x)


def _least(slope: Any) -> Any:
    """The number of least size between slope and 1: the least subgradient at a kink."""
    return max(0.0, min(1.0, slope))


def _leaky_slope(out: Any, x: Any, slope: Any) -> Any:
    if x > 0.0:
        return 1.0
    return slope if x < 0.0 else _least(primal(slope))


def _extremum(best: Callable[..., float]) -> Callable[..., float]:
    def value(*xs: float) -> float:
        if not xs:
            raise ValueError("of no operands")
        return NAN if any(map(math.isnan, xs)) else best(xs)

    return value


def _shares(out: Any, *xs: Any) -> tuple[float, ...]:
    best = primal(out)
    won = [float(primal(x) == best) for x in xs]
    ties = sum(*won)
    return tuple([each / ties if ties else NAN for each in won])


def _clip(x: float, low: float, high: float) -> float:
    if low > high:
        raise ValueError
    return min(max(x, low), high)


def _take(index: float, *xs: float) -> float:
    if not -len(xs) <= index < len(xs):
        raise IndexError(f"index {int(index)} of {len(xs)} elements")
    return xs[int(index)]


def _taken(out: Any, index: Any, *xs: Any) -> tuple[float, ...]:
    chosen = math.trunc(primal(index)) % len(xs)
    return (0.0, *[1.0 if i == chosen else 0.0 for i, _ in enumerate(xs)])


abs = primitive(
    "abs", operator.abs,
    lambda out, x: 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else NAN,
    traits="bounded exact steady", kink="0 at x = 0", latex=r"\left|{0}\right|",
    doc="|x|.\n\n>>> abs(-2.0)\n2.0")
sign = primitive("sign", _sign, lambda out, x: 0.0,
    traits="bounded exact", strong_zero=True, kink="0 at x = 0",
    doc="-1, 0 or 1 (a zero keeps its sign); its derivative is 0 everywhere.\n\n"
        ">>> sign(-0.5)\n-1.0")
# Written out in value.py too.
relu = primitive(
    "relu", lambda x: 0.0 if x <= 0.0 else x, lambda out, x: 0.0 if x <= 0.0 else 1.0,
    traits="bounded exact steady activation",
    symbol="ReLU", strong_zero=True, kink="0 at x = 0", latex=r"\max\left(0, {0}\right)",
    doc="x where it is positive, else 0.\n\n>>> relu(-3.0)\n0.0")
leaky_relu = primitive("leaky_relu", lambda x, slope: x if x > 0.0 else slope * x, _leaky_slope,
    lambda out, x, slope: 0.0 if x > 0.0 else x,
    traits="bounded steady activation",
    kink="the smaller of 1 and slope at x = 0, 0 if slope < 0", defaults=(0.01,),
    doc="x where it is positive, else slope · x; the slope may be a Value (PReLU).\n\n"
        ">>> leaky_relu(-2.0, 0.5)\n-1.0")
maximum = primitive("maximum", _extremum(max), _shares,
    traits="bounded exact steady", symbol="max", variadic=True, strong_zero=True,
    kink="operands that tie for the maximum share equally", latex=r"\max\left({args}\right)",
    doc="The largest of maximum(x, y, …) or maximum([x, y, …]); NaN if one of them is.\n\n"
        ">>> maximum(1.0, 2.0, 0.5)\n2.0")
minimum = primitive("minimum", _extremum(min), _shares,
    traits="bounded exact steady", symbol="min", variadic=True, strong_zero=True,
    kink="operands that tie for the minimum share equally", latex=r"\min\left({args}\right)",
    doc="The smallest of minimum(x, y, …) or minimum([x, y, …]); NaN if one of them is.\n\n"
        ">>> minimum([1.0, 2.0])\n1.0")
clip = primitive("clip", _clip, lambda out, x, low, high: 1.0 if low < x < high else 0.0,
    lambda out, x, low, high: 1.0 if x <= low and x < high else 0.0,
    lambda out, x, low, high: 1.0 if x >= high else 0.0,
    traits="bounded exact steady", strong_zero=True, domain="low ≤ high",
    kink="0 at both bounds, where the bound itself has partial 1", defaults=(-INF, INF),
    doc="x moved into [low, high]. The derivative in x is 1 strictly inside, 0 outside.\n\n"
        ">>> clip(3.0, 0.0, 1.0)\n1.0")
where = primitive(
    "where", lambda chosen, x, y: x if chosen else y, lambda out, chosen, x, y: 0.0,
    lambda out, chosen, x, y: 1.0 if chosen else 0.0,
    lambda out, chosen, x, y: 0.0 if chosen else 1.0,
    traits="bounded exact steady chooses",
    strong_zero=True, kink="the branch not chosen has partial 0")
primitive("take", _take, _taken,
    traits="bounded exact chooses", variadic=True, strong_zero=True)


# ---------------------------------------------------------------- exponentials, logarithms


def _gaussian(x: float, scale: float) -> float:
    # x² in two parts (Veltkamp, Dekker 1971): exp would magnify the rounding of x*x. To the
    # last digits where the scale is a power of two, as in all the rules.
    square = x * x
    if square * scale > 750.0:
        return 0.0
    t = 134217729.0 * x
    high = t - (t - x)
    low = x - high
    rest = ((high * high - square) + 2.0 * high * low) + low * low
    power = math.exp(-scale * square)
    return power - power * (scale * rest)


def _weighted(factor: Any, out: Any, x: Any, scale: Any) -> Any:
    """factor · out, with out = exp(-scale·x²); by its root where out is subnormal."""
    if primal(out) > 1e-300:
        return factor * out
    root = gaussian(x, 0.5 * scale)
    return factor * root * root if root else 0.0


def _exp_of_difference(x: float, y: float) -> float:
    # exp magnifies the rounding of x - y, so that is put back (Knuth's TwoSum).
    difference = x - y
    power = math.exp(difference)
    if not 0.0 < power < INF:
        return power
    back = difference - x
    return power + power * ((x - (difference - back)) - (y + back))


def _logsumexp(*xs: float) -> float:
    if not xs:
        raise ValueError("of no operands")
    top = max(xs)
    if math.isinf(top) or any(map(math.isnan, xs)):
        return NAN if any(map(math.isnan, xs)) else top
    ties = math.fsum([x == top for x in xs])
    others = math.fsum([_exp_of_difference(x, top) * (x != top) for x in xs])
    return top + math.log1p(ties - 1.0 + others)


def _softmax(out: Any, *xs: Any) -> tuple[Any, ...]:
    top = max(map(primal, xs))
    if math.isinf(top):
        return _shares(out, *xs)
    weights = [exp_of_difference(x, top) for x in xs]
    total = sum(*weights)
    return tuple([weight / total for weight in weights])


# Written out in value.py too.
exp = primitive("exp", math.exp, lambda out, x: out,
    traits="bounded", latex="e^{{{0}}}",
    doc="e to the power of x; OverflowError above 709.78.\n\n>>> exp(0.0)\n1.0")
exp2 = primitive("exp2", math.exp2, lambda out, x: out * LN2,
    traits="bounded", latex="2^{{{0}}}",
    doc="2 to the power of x.\n\n>>> exp2(3.0)\n8.0")
expm1 = primitive("expm1", math.expm1, lambda out, x: exp(x),
    traits="bounded", latex="e^{{{0}}} - 1",
    doc="exp(x) - 1, accurate near 0.\n\n>>> expm1(1e-20)\n1e-20")
log = primitive("log", math.log, lambda out, x: 1.0 / x,
    domain="x > 0", latex=r"\ln\left({0}\right)",
    doc="The natural logarithm.\n\n>>> log(1.0)\n0.0")
log2 = primitive("log2", math.log2, lambda out, x: PER_LN2 / x,
    domain="x > 0", latex=r"\log_2\left({0}\right)",
    doc="The logarithm to base 2.\n\n>>> log2(8.0)\n3.0")
log10 = primitive("log10", math.log10, lambda out, x: PER_LN10 / x,
    domain="x > 0", latex=r"\log_{{10}}\left({0}\right)",
    doc="The logarithm to base 10.\n\n>>> log10(1000.0)\n3.0")
log1p = primitive("log1p", math.log1p, lambda out, x: 1.0 / (1.0 + x),
    domain="x > -1", latex=r"\ln\left(1 + {0}\right)",
    doc="log(1 + x), accurate near 0.\n\n>>> log1p(1e-20)\n1e-20")
logsumexp = primitive("logsumexp", _logsumexp, _softmax,
    traits="bounded steady",
    textbook_rule=lambda out, *xs: tuple([exp(x - out) for x in xs]), variadic=True,
    domain="one operand or more",
    doc="log(Σ exp(x)) of logsumexp(x, y, …) or logsumexp([x, y, …]), without overflow.\n\n"
        "Its partials are the softmax of the operands.\n\n"
        ">>> logsumexp([1000.0, 1000.0])\n1000.6931471805599")
exp_of_difference = primitive(
    "exp_of_difference", _exp_of_difference, lambda out, x, y: out, lambda out, x, y: -out,
    traits="bounded", symbol="exp(x-y)", latex="e^{{{0} - {1}}}")
gaussian = primitive(
    "gaussian", _gaussian, lambda out, x, scale: _weighted(-2.0 * scale * x, out, x, scale),
    lambda out, x, scale: _weighted(-(x * x), out, x, scale),
    traits="bounded", latex=r"e^{{-{1} \cdot {0}^2}}")


# ---------------------------------------------------------------- roots and lengths


def _scale(length: float) -> float:
    """A power of two that moves a length away from overflow and from subnormal numbers."""
    return 2.0**600 if length < 1e-290 else 2.0**-600 if length > 1e300 else 1.0


def _cbrt_slope(x: float) -> float:
    # One step of Newton's, since the C library's cube root may be 3 ulp off.
    if x == 0.0 or math.isinf(x):
        return INF if x == 0.0 else 0.0
    root = math.cbrt(x)
    root -= (root - x / (root * root)) / 3.0
    return root / x / 3.0


def _unit(size: float) -> float:
    # The root of a power of two, which may overflow, by comparisons that a program can make.
    if size == 0.0:
        return 1.0
    root = 1.0
    for exponent in (512, 256, 128, 64, 32, 16, 8, 4, 2, 1):
        more, less = root * 2.0**exponent, root * 2.0**-exponent
        lower = where(size * less * less >= 0.0625, less, root)
        root = where(size * more * more < 0.25, more, lower)
    return root


def _directions(out: Any, *xs: Any) -> tuple[Any, ...]:
    if not 1e-290 < out < 1e300:
        scale = _scale(primal(out))
        xs = tuple([x * scale for x in xs])
        out = hypot(*xs)
    return tuple([x / out if out else 0.0 for x in xs])


unit = primitive("unit", _unit, lambda out, size: 0.0, strong_zero=True)
rsqrt = primitive("rsqrt", lambda x: 1.0 / math.sqrt(x) if x else INF,
    lambda out, x: -0.5 * out / x if x else -0.5 * out * out * out,
    traits="steep", domain="x ≥ 0", kink="the value inf and the derivative -inf at x = 0",
    latex=r"\frac{{1}}{{\sqrt{{{0}}}}}")
sqrt = primitive("sqrt", math.sqrt, lambda out, x: 0.5 / out if out else 0.5 * rsqrt(x),
    traits="exact steep", domain="x ≥ 0", kink="inf at x = 0", latex=r"\sqrt{{{0}}}",
    doc="The square root.\n\n>>> sqrt(9.0)\n3.0")
cbrt_slope = primitive("cbrt_slope", _cbrt_slope, lambda out, x: -out / 1.5 / x if x else NAN,
    traits="steep", kink="the value inf at x = 0, where there is no derivative",
    latex=r"\frac{{1}}{{3 \sqrt[3]{{{0}}}^2}}")
cbrt = primitive("cbrt", math.cbrt, lambda out, x: cbrt_slope(x),
    traits="steep", kink="inf at x = 0", latex=r"\sqrt[3]{{{0}}}",
    doc="The real cube root, also of negative numbers.\n\n>>> cbrt(-8.0)\n-2.0")
hypot = primitive("hypot", math.hypot, _directions,
    variadic=True, kink="0 at the origin",
    doc="√(x² + y² + …), without overflow.\n\n>>> hypot(3.0, 4.0)\n5.0")


# ---------------------------------------------------------------- circular functions


def _slope_of_atan(out: Any, x: Any) -> Any:
    if operator.abs(primal(x)) > 1e9:
        return 1.0 / x / x
    return 1.0 / (1.0 + x * x)


def _one_minus_square(x: Any) -> Any:
    # Two factors near -1 and 1; not near 0, where the derivative of those would cancel, nor
    # at -1 and 1, where they would multiply 0 by its infinite one.
    size = operator.abs(primal(x))
    return (1.0 - x) * (1.0 + x) if 0.5 < size and size < 1.0 else 1.0 - x * x


def _inverted(x: Any, y: Any) -> Any:
    """x / (x² + y²); 0 at the origin."""
    a, b = operator.abs(primal(x)), operator.abs(primal(y))
    size, least = max(a, b), min(a, b)
    # Scaled by a power of two where the derivative of the quotient in a square is lost, too.
    if size >= 2.0**-127 and size < (2.0 if 0.0 < least and least < 2.0**-400 else 2.0**128):
        return x / (x * x + y * y)
    root = unit(size)
    x, y = x * root * root, y * root * root
    square = x * x + y * y
    if size < 1.0:
        return x * root * root / square if square else 0.0
    return x / square * root * root


sin = primitive("sin", math.sin, lambda out, x: cos(x),
    traits="bounded steady small", domain="x finite", latex=r"\sin\left({0}\right)",
    doc="The sine of x radians.\n\n>>> sin(0.0)\n0.0")
cos: Primitive = primitive("cos", math.cos, lambda out, x: -sin(x),
    traits="bounded steady small", domain="x finite", latex=r"\cos\left({0}\right)",
    doc="The cosine of x radians.\n\n>>> cos(0.0)\n1.0")
tan = primitive("tan", math.tan, lambda out, x: 1.0 + out * out,
    domain="x finite", latex=r"\tan\left({0}\right)",
    doc="The tangent of x radians.\n\n>>> tan(0.0)\n0.0")
asin = primitive("asin", math.asin, lambda out, x: rsqrt(_one_minus_square(x)),
    traits="steep",
    domain="-1 ≤ x ≤ 1", kink="inf at x = -1 and 1", latex=r"\arcsin\left({0}\right)",
    doc="The arc sine, in radians.\n\n>>> asin(0.0)\n0.0")
acos = primitive("acos", math.acos, lambda out, x: -rsqrt(_one_minus_square(x)),
    traits="steep",
    domain="-1 ≤ x ≤ 1", kink="-inf at x = -1 and 1", latex=r"\arccos\left({0}\right)",
    doc="The arc cosine, in radians.\n\n>>> acos(1.0)\n0.0")
atan = primitive("atan", math.atan, _slope_of_atan,
    traits="bounded steady", latex=r"\arctan\left({0}\right)",
    doc="The arc tangent, in radians.\n\n>>> atan(0.0)\n0.0")
atan2 = primitive(
    "atan2", math.atan2, lambda out, y, x: _inverted(x, y), lambda out, y, x: -_inverted(y, x),
    kink="both partials 0 at the origin",
    doc="The angle of the point (x, y), in radians; y comes first.\n\n>>> atan2(0.0, 1.0)\n0.0")


# ---------------------------------------------------------------- hyperbolic functions


def _bell(x: float) -> float:
    # e / (1 + e)² with e = exp(-|x|): the derivative of sigmoid, also in its tails.
    e: float = libc.exp(-libc.fabs(x))
    return e / (1.0 + e * (2.0 + e))


sinh = primitive("sinh", math.sinh, lambda out, x: cosh(x),
    traits="bounded", latex=r"\sinh\left({0}\right)",
    doc="The hyperbolic sine.\n\n>>> sinh(0.0)\n0.0")
cosh: Primitive = primitive("cosh", math.cosh, lambda out, x: sinh(x),
    traits="bounded", latex=r"\cosh\left({0}\right)",
    doc="The hyperbolic cosine.\n\n>>> cosh(0.0)\n1.0")
# Written out in value.py too.
tanh = primitive("tanh", math.tanh, lambda out, x: 4.0 * bell(2.0 * x),
    traits="bounded steady small activation",
    textbook_rule=lambda out, x: 1.0 - square(out), latex=r"\tanh\left({0}\right)",
    doc="The hyperbolic tangent; its derivative keeps its digits in the tails.\n\n"
        ">>> tanh(0.0)\n0.0")
bell: Primitive = primitive("bell", _bell, lambda out, x: -out * tanh(0.5 * x),
    traits="bounded small", latex=r"\sigma'\left({0}\right)")
asinh = primitive("asinh", math.asinh, lambda out, x: 1.0 / hypot(1.0, x),
    traits="bounded", latex=r"\operatorname{{arsinh}}\left({0}\right)",
    doc="The inverse hyperbolic sine.\n\n>>> asinh(0.0)\n0.0")
acosh = primitive("acosh", math.acosh, lambda out, x: rsqrt(x - 1.0) * rsqrt(x + 1.0),
    traits="steep",
    domain="x ≥ 1", kink="inf at x = 1", latex=r"\operatorname{{arcosh}}\left({0}\right)",
    doc="The inverse hyperbolic cosine.\n\n>>> acosh(1.0)\n0.0")
atanh = primitive("atanh", math.atanh, lambda out, x: 1.0 / _one_minus_square(x),
    domain="-1 < x < 1", latex=r"\operatorname{{artanh}}\left({0}\right)",
    doc="The inverse hyperbolic tangent.\n\n>>> atanh(0.0)\n0.0")


# ---------------------------------------------------------------- activations


def _times_exp(factor: Any, x: Any) -> Any:
    """factor · exp(x), by the root of exp(x) where that is subnormal."""
    if x > -700.0:
        return factor * exp(x)
    root = exp(0.5 * x)
    return factor * root * root if root else 0.0


def _sigmoid(x: float) -> float:
    e: float = libc.exp(-libc.fabs(x))
    return (1.0 if x >= 0.0 else e) / (1.0 + e)


def _softplus(x: float) -> float:
    e: float = libc.log1p(libc.exp(-libc.fabs(x)))
    return max(x, 0.0) + e


def _elu_slope(out: Any, x: Any, alpha: Any) -> Any:
    if x > 0.0:
        return 1.0
    return _least(primal(alpha)) if primal(x) == 0.0 else _times_exp(alpha, x)


def _silu(x: float) -> float:
    if x > -700.0:
        return x * _sigmoid(x)
    root: float = libc.exp(0.5 * min(x, 0.0))
    return x * root * root if root else 0.0


def _silu_slope(out: Any, x: Any) -> Any:
    if x > -700.0:
        slope = bell(x)
        return sigmoid(x) + x * slope if slope else sigmoid(x)
    return _times_exp(1.0 + x, x)


def _normal_cdf(x: float) -> float:
    # Φ(x) = erfc(-x/√2)/2, corrected for the rounding of x/√2, which erfc would magnify.
    z = x * ROOT_HALF
    t, u = 134217729.0 * x, 134217729.0 * ROOT_HALF
    x_high, r_high = t - (t - x), u - (u - ROOT_HALF)
    x_low, r_low = x - x_high, ROOT_HALF - r_high
    rest = ((x_high * r_high - z) + x_high * r_low + x_low * r_high) + x_low * r_low
    value = math.erfc(-z)
    if math.fabs(x) < 40.0:
        value += TWO_PER_ROOT_PI * _gaussian(z, 1.0) * (rest + x * ROOT_HALF_REST)
    return 0.5 * value


def _tail(x: float) -> float:
    """-x · Φ(x) / φ(x) far below 0, by its asymptotic series: 1 - 1/x² + 3/x⁴ - …"""
    r, series = 1.0 / x / x, 1.0
    for odd in (13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0):
        series = 1.0 - odd * r * series
    return series


def _gelu(x: float) -> float:
    if x > -37.0:
        return x * _normal_cdf(x)
    low = min(x, -37.0)  # Φ is subnormal soon
    return float(_weighted(-PER_ROOT_2PI * _tail(low), _gaussian(low, 0.5), low, 0.5))


def _gelu_slope(out: Any, x: Any) -> Any:
    return normal_cdf(x) + _weighted(PER_ROOT_2PI * x, gaussian(x, 0.5), x, 0.5)


sigmoid = primitive("sigmoid", _sigmoid, lambda out, x: bell(x),
    traits="bounded steady small activation",
    textbook_rule=lambda out, x: out * (1.0 - out), symbol="σ", latex=r"\sigma\left({0}\right)",
    doc="1 / (1 + exp(-x)), without overflow.\n\n>>> sigmoid(0.0)\n0.5")
softplus = primitive("softplus", _softplus, lambda out, x: sigmoid(x),
    traits="bounded steady activation",
    doc="log(1 + exp(x)), without overflow.\n\n>>> softplus(1000.0)\n1000.0")
elu = primitive("elu", lambda x, alpha: x if x > 0.0 else alpha * math.expm1(min(x, 0.0)),
    _elu_slope,
    lambda out, x, alpha: 0.0 if x > 0.0 else expm1(x),
    traits="bounded activation",
    symbol="ELU", kink="the smaller of 1 and alpha at x = 0, 0 if alpha < 0", defaults=(1.0,),
    doc="x where it is positive, else alpha · (exp(x) - 1) (Clevert et al. 2015).\n\n"
        ">>> elu(2.0)\n2.0")
silu = primitive("silu", _silu, _silu_slope,
    traits="bounded activation",
    textbook_rule=lambda out, x: sigmoid(x) + out * (1.0 - sigmoid(x)), symbol="SiLU",
    doc="x · sigmoid(x), also known as swish.\n\n>>> silu(0.0)\n0.0")
normal_cdf = primitive(
    "normal_cdf", _normal_cdf, lambda out, x: PER_ROOT_2PI * gaussian(x, 0.5),
    traits="bounded small", symbol="Φ", latex=r"\Phi\left({0}\right)")
gelu = primitive("gelu", _gelu, _gelu_slope,
    traits="bounded activation", symbol="GELU",
    doc="x · Φ(x), with Φ the normal distribution function (Hendrycks & Gimpel 2016).\n\n"
        ">>> gelu(0.0)\n0.0")
erf = primitive("erf", math.erf, lambda out, x: TWO_PER_ROOT_PI * gaussian(x, 1.0),
    traits="bounded small",
    doc="The error function, 2/√π ∫₀ˣ exp(-t²) dt.\n\n>>> erf(0.0)\n0.0")
erfc = primitive("erfc", math.erfc, lambda out, x: -TWO_PER_ROOT_PI * gaussian(x, 1.0),
    traits="bounded", doc="1 - erf(x), accurate for large x.\n\n>>> erfc(0.0)\n1.0")


# ---------------------------------------------------------------- sums


def _dot(bias: float, *both: float) -> float:
    # Each product is rounded once, and so is their sum (math.fsum; Shewchuk 1997).
    half = len(both) // 2
    products = [bias, *map(operator.mul, both[:half], both[half:])]
    try:
        return math.fsum(products)
    except ValueError:  # inf - inf, which is NaN in floats
        if all(map(math.isfinite, (bias, *both))):
            raise OverflowError from None
        return NAN


def _swapped(out: Any, bias: Any, *both: Any) -> tuple[Any, ...]:
    half = len(both) // 2
    return (1.0, *both[half:], *both[:half])


sum = primitive("sum", lambda *xs: math.fsum(xs), lambda out, *xs: tuple([1.0 for _ in xs]),
    traits="bounded steady", symbol="Σ", variadic=True, latex=r"\sum\left({args}\right)",
    doc="The sum of sum(x, y, …) or sum([x, y, …]) as a single node, rounded once, as by\n"
        "`math.fsum`.\n\n>>> sum([1e16, 1.0, -1e16])\n1.0")
primitive("dot", _dot, _swapped,
    traits="bounded", symbol="·", variadic=True)

reserve()
# Type checkers see these functions of `autograd`; at run time all that have a doc follow.
__all__ = [  # noqa: RUF022
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "clip",
    "cos", "cosh", "div", "elu", "erf", "erfc", "exp", "exp2", "expm1", "floordiv", "gelu",
    "hypot", "leaky_relu", "log", "log10", "log1p", "log2", "logsumexp", "maximum", "minimum",
    "mod", "mul", "neg", "pow", "reciprocal", "relu", "sigmoid", "sign", "silu", "sin", "sinh",
    "softplus", "sqrt", "square", "sub", "sum", "tan", "tanh",
]
__all__ += [name for name, entry in TABLE.items() if entry.doc and name not in __all__]
