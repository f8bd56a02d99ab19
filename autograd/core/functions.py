"""The primitives as functions, on floats and Values alike.

Each takes numbers and Values: with a Value among the operands it records a node and returns
a Value, on plain numbers it returns a float, the same that `math` gives. NumPy arrays of
Values go through `np.exp` and the like, element by element.

All raise TypeError for an operand that is not a real number, and what `math` raises
(ValueError outside the domain, OverflowError, ZeroDivisionError) with the operation, the
operand's value and its label in the message. `Kink:` tells, in the words of the table of
primitives, what the derivative is where there is none: the subgradient of least norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from autograd.core.primitive import TABLE, Operand
from autograd.core.value import Value

# `abs`, `pow` and `sum` are left out: `import *` must not shadow a builtin.
__all__ = [
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "clip",
    "cos",
    "cosh",
    "div",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fsum",
    "gelu",
    "hypot",
    "leaky_relu",
    "log",
    "log1p",
    "log2",
    "log10",
    "logsumexp",
    "maximum",
    "minimum",
    "mul",
    "neg",
    "reciprocal",
    "relu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "sub",
    "take",
    "tan",
    "tanh",
    "where",
]

T = TypeVar("T", float, Value)


def _one(name: str, x: T) -> T:
    result: T = TABLE[name](x)
    return result


def _many(name: str, xs: tuple[Any, ...]) -> Any:
    """Apply to f(x, y, …) or f([x, y, …])."""
    if len(xs) == 1 and isinstance(xs[0], Iterable):
        xs = tuple(xs[0])
    return TABLE[name](*xs)


def _listed(xs: Iterable[Operand], name: str) -> tuple[Operand, ...]:
    if not isinstance(xs, Iterable):
        raise TypeError(f"{name} takes a list of numbers and Values, got {xs!r:.80}")
    return tuple(xs)


# ---------------------------------------------------------------- arithmetic


def neg(x: T) -> T:
    """-x.

    >>> neg(2.0)
    -2.0
    """
    return _one("neg", x)


def add(x: Operand, y: Operand) -> Any:
    """x + y.

    >>> add(2.0, Value(3.0))
    Value(5.0, op='+')
    """
    return TABLE["add"](x, y)


def sub(x: Operand, y: Operand) -> Any:
    """x - y.

    >>> sub(2.0, 3.0)
    -1.0
    """
    return TABLE["sub"](x, y)


def mul(x: Operand, y: Operand) -> Any:
    """x · y.

    >>> mul(2.0, 3.0)
    6.0
    """
    return TABLE["mul"](x, y)


def div(x: Operand, y: Operand) -> Any:
    """x / y; ZeroDivisionError at y = 0.

    >>> div(3.0, 2.0)
    1.5
    """
    return TABLE["div"](x, y)


def pow(x: Operand, y: Operand) -> Any:
    """x to the power of y, by the rules of `float.__pow__`.

    A negative x takes whole exponents only (ValueError, never a complex number). Asking for
    a derivative that does not exist raises ValueError too.

    Kink: 0**0 = 1 with both partials 0; d/dx 0**p = inf for 0 < p < 1; d/dp (0**p) = 0;
    d/dp does not exist at x < 0.

    >>> x = Value(3.0)
    >>> pow(x, 2.0).backward()
    >>> x.grad
    6.0
    """
    return TABLE["pow"](x, y)


def square(x: T) -> T:
    """x · x.

    >>> square(3.0)
    9.0
    """
    return _one("square", x)


def reciprocal(x: T) -> T:
    """1 / x; ZeroDivisionError at 0.

    >>> reciprocal(4.0)
    0.25
    """
    return _one("reciprocal", x)


# ---------------------------------------------------------------- sign and selection


def abs(x: T) -> T:
    """|x|.

    Kink: 0 at x = 0.

    >>> abs(-2.0)
    2.0
    """
    return _one("abs", x)


def sign(x: T) -> T:
    """-1, 0 or 1 (a zero keeps its sign); its derivative is 0 everywhere.

    Kink: 0 at x = 0.

    >>> sign(-0.5)
    -1.0
    """
    return _one("sign", x)


def maximum(*xs: Any) -> Any:
    """The largest of maximum(x, y, …) or maximum([x, y, …]); NaN if one of them is.

    ValueError for no operands.

    Kink: operands that tie for the maximum share equally.

    >>> maximum(1.0, Value(2.0, label="b"), 0.5)
    Value(2.0, op='max')
    """
    return _many("maximum", xs)


def minimum(*xs: Any) -> Any:
    """The smallest of minimum(x, y, …) or minimum([x, y, …]); NaN if one of them is.

    ValueError for no operands.

    Kink: operands that tie for the minimum share equally.

    >>> minimum([1.0, 2.0])
    1.0
    """
    return _many("minimum", xs)


def clip(x: Operand, low: Operand = -math.inf, high: Operand = math.inf) -> Any:
    """x moved into [low, high]; ValueError if low > high.

    The derivative in x is 1 strictly inside, 0 outside.

    Kink: 0 at both bounds, where the bound itself has partial 1.

    >>> clip(3.0, 0.0, 1.0)
    1.0
    """
    return TABLE["clip"](x, low, high)


def where(
    condition: object, a: Operand | Callable[[], Any], b: Operand | Callable[[], Any]
) -> Any:
    """a if the condition is true, else b; only the chosen branch gets a derivative.

    A branch may be a function of no arguments, which is called only if it is chosen: then
    what it returns is the result, and nothing is evaluated outside its domain. A branch
    given as a value has been evaluated already, and raised if it had to.

    Kink: the branch not chosen has partial 0.

    >>> x = Value(0.0)
    >>> where(x > 0.0, lambda: log(x), 0.0)
    0.0
    >>> y = where(x > -1.0, x * 2.0, x * 3.0)
    >>> y.backward()
    >>> x.grad
    2.0
    """
    if callable(a) or callable(b):
        chosen = a if condition else b
        return chosen() if callable(chosen) else chosen
    as_value = getattr(condition, "_as_value", None)  # while a program is recorded
    chosen = as_value() if as_value else 1.0 if condition else 0.0
    return TABLE["where"](chosen, a, b)


def take(xs: Iterable[Operand], index: int) -> Any:
    """xs[index] as a node whose inputs are all of xs; IndexError out of range.

    >>> take([1.0, Value(2.0)], -1)
    Value(2.0, op='take')
    """
    if not hasattr(index, "__index__"):
        raise TypeError(f"take: the index is an integer, got {index!r}")
    return TABLE["take"](index.__index__(), *_listed(xs, "take"))


# ---------------------------------------------------------------- exponentials, logarithms


def exp(x: T) -> T:
    """e to the power of x; OverflowError above 709.78.

    >>> exp(0.0)
    1.0
    """
    return x.exp() if isinstance(x, Value) else _one("exp", x)


def exp2(x: T) -> T:
    """2 to the power of x.

    >>> exp2(3.0)
    8.0
    """
    return _one("exp2", x)


def expm1(x: T) -> T:
    """exp(x) - 1, accurate near 0.

    >>> expm1(1e-20)
    1e-20
    """
    return _one("expm1", x)


def log(x: T) -> T:
    """The natural logarithm; ValueError for x ≤ 0.

    >>> log(1.0)
    0.0
    """
    return _one("log", x)


def log2(x: T) -> T:
    """The logarithm to base 2; ValueError for x ≤ 0.

    >>> log2(8.0)
    3.0
    """
    return _one("log2", x)


def log10(x: T) -> T:
    """The logarithm to base 10; ValueError for x ≤ 0.

    >>> log10(1000.0)
    3.0
    """
    return _one("log10", x)


def log1p(x: T) -> T:
    """log(1 + x), accurate near 0; ValueError for x ≤ -1.

    >>> log1p(1e-20)
    1e-20
    """
    return _one("log1p", x)


def logsumexp(*xs: Any) -> Any:
    """log(Σ exp(x)) of logsumexp(x, y, …) or logsumexp([x, y, …]), without overflow.

    Its partials are the softmax of the operands. ValueError for no operands.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    return _many("logsumexp", xs)


# ---------------------------------------------------------------- roots and lengths


def sqrt(x: T) -> T:
    """The square root; ValueError for x < 0.

    Kink: inf at x = 0.

    >>> sqrt(9.0)
    3.0
    """
    return _one("sqrt", x)


def cbrt(x: T) -> T:
    """The real cube root, also of negative numbers.

    Kink: inf at x = 0.

    >>> cbrt(-8.0)
    -2.0
    """
    return _one("cbrt", x)


def hypot(*xs: Operand) -> Any:
    """√(x² + y² + …), without overflow.

    Kink: 0 at the origin.

    >>> hypot(3.0, 4.0)
    5.0
    """
    return TABLE["hypot"](*xs)


# ---------------------------------------------------------------- circular functions


def sin(x: T) -> T:
    """The sine of x radians; ValueError for an infinite x.

    >>> sin(0.0)
    0.0
    """
    return _one("sin", x)


def cos(x: T) -> T:
    """The cosine of x radians; ValueError for an infinite x.

    >>> cos(0.0)
    1.0
    """
    return _one("cos", x)


def tan(x: T) -> T:
    """The tangent of x radians; ValueError for an infinite x.

    >>> tan(0.0)
    0.0
    """
    return _one("tan", x)


def asin(x: T) -> T:
    """The arc sine, in radians; ValueError outside [-1, 1].

    Kink: inf at x = -1 and 1.

    >>> asin(0.0)
    0.0
    """
    return _one("asin", x)


def acos(x: T) -> T:
    """The arc cosine, in radians; ValueError outside [-1, 1].

    Kink: -inf at x = -1 and 1.

    >>> acos(1.0)
    0.0
    """
    return _one("acos", x)


def atan(x: T) -> T:
    """The arc tangent, in radians.

    >>> atan(0.0)
    0.0
    """
    return _one("atan", x)


def atan2(y: Operand, x: Operand) -> Any:
    """The angle of the point (x, y), in radians.

    Kink: both partials 0 at the origin.

    >>> atan2(0.0, 1.0)
    0.0
    """
    return TABLE["atan2"](y, x)


# ---------------------------------------------------------------- hyperbolic functions


def sinh(x: T) -> T:
    """The hyperbolic sine.

    >>> sinh(0.0)
    0.0
    """
    return _one("sinh", x)


def cosh(x: T) -> T:
    """The hyperbolic cosine.

    >>> cosh(0.0)
    1.0
    """
    return _one("cosh", x)


def tanh(x: T) -> T:
    """The hyperbolic tangent; its derivative keeps its digits in the tails.

    >>> x = Value(20.0)
    >>> tanh(x).backward()
    >>> x.grad
    1.6993417021166355e-17
    """
    return x.tanh() if isinstance(x, Value) else _one("tanh", x)


def asinh(x: T) -> T:
    """The inverse hyperbolic sine.

    >>> asinh(0.0)
    0.0
    """
    return _one("asinh", x)


def acosh(x: T) -> T:
    """The inverse hyperbolic cosine; ValueError for x < 1.

    Kink: inf at x = 1.

    >>> acosh(1.0)
    0.0
    """
    return _one("acosh", x)


def atanh(x: T) -> T:
    """The inverse hyperbolic tangent; ValueError outside (-1, 1).

    >>> atanh(0.0)
    0.0
    """
    return _one("atanh", x)


# ---------------------------------------------------------------- activations


def sigmoid(x: T) -> T:
    """1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(0.0)
    0.5
    """
    return _one("sigmoid", x)


def softplus(x: T) -> T:
    """log(1 + exp(x)), without overflow.

    >>> softplus(1000.0)
    1000.0
    """
    return _one("softplus", x)


def relu(x: T) -> T:
    """x where it is positive, else 0.

    Kink: 0 at x = 0.

    >>> relu(-3.0)
    0.0
    """
    return x.relu() if isinstance(x, Value) else _one("relu", x)


def leaky_relu(x: Operand, slope: Operand = 0.01) -> Any:
    """x where it is positive, else slope · x; the slope may be a Value (PReLU).

    Kink: the smaller of 1 and slope at x = 0, 0 if slope < 0.

    >>> leaky_relu(-2.0, 0.5)
    -1.0
    """
    return TABLE["leaky_relu"](x, slope)


def elu(x: Operand, alpha: Operand = 1.0) -> Any:
    """x where it is positive, else alpha · (exp(x) - 1) (Clevert et al. 2015).

    Kink: the smaller of 1 and alpha at x = 0, 0 if alpha < 0.

    >>> elu(2.0)
    2.0
    """
    return TABLE["elu"](x, alpha)


def gelu(x: T) -> T:
    """x · Φ(x), with Φ the normal distribution function (Hendrycks & Gimpel 2016).

    >>> gelu(0.0)
    0.0
    """
    return _one("gelu", x)


def silu(x: T) -> T:
    """x · sigmoid(x), also known as swish.

    >>> silu(0.0)
    0.0
    """
    return _one("silu", x)


def erf(x: T) -> T:
    """The error function, 2/√π ∫₀ˣ exp(-t²) dt.

    >>> erf(0.0)
    0.0
    """
    return _one("erf", x)


def erfc(x: T) -> T:
    """1 - erf(x), accurate for large x.

    >>> erfc(0.0)
    1.0
    """
    return _one("erfc", x)


# ---------------------------------------------------------------- sums


def sum(*xs: Any) -> Any:
    """The sum of sum([x, y, …]) or sum(x, y, …) as a single node, rounded once.

    The value is that of `math.fsum`, which is also its other name here.

    >>> sum([1e16, 1.0, -1e16])
    1.0
    """
    return _many("sum", xs)


fsum = sum


def dot(ws: Iterable[Operand], xs: Iterable[Operand], bias: Operand = 0.0) -> Any:
    """bias + Σ wᵢ·xᵢ as a single node: the products are rounded, their sum only once.

    Args:
        ws, xs: n numbers or Values each.
        bias: added to the sum.

    Raises:
        ValueError: ws and xs differ in length.

    >>> w = [Value(1.0), Value(2.0)]
    >>> y = dot(w, [3.0, 4.0], 0.5)
    >>> y.data, y.partials
    (11.5, (3.0, 4.0))
    """
    if not isinstance(ws, (list, tuple)):
        ws = _listed(ws, "dot")
    if not isinstance(xs, (list, tuple)):
        xs = _listed(xs, "dot")
    return Value._dot(ws, xs, bias)
