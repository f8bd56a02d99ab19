# cython: language_level=3, annotation_typing=False, auto_pickle=False
"""The primitives as methods of a Value.

The table says what each of them is; `autograd.core.functions` documents them. The operators and
the few that are written out for speed are in `value.py`.
"""

from __future__ import annotations

import math
import operator
import sys
from typing import TYPE_CHECKING, Any

if sys.platform == "cython":
    import cython
else:
    from autograd.build import binaries as cython

from autograd.core.primitive import TABLE, Number, Operand

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["Methods"]


def _apply(name: str, *operands: Operand) -> Value:
    result: Value = TABLE[name](*operands)
    return result


@cython.no_gc
@cython.cclass
class Methods:
    """A base of Value, which has the operations as `x.name(…)`."""

    __slots__ = ()

    def neg(self: Any) -> Value:
        """-x"""
        return _apply("neg", self)

    def add(self: Any, other: Value | Number) -> Value:
        """x + other"""
        return _apply("add", self, other)

    def sub(self: Any, other: Value | Number) -> Value:
        """x - other"""
        return _apply("sub", self, other)

    def mul(self: Any, other: Value | Number) -> Value:
        """x · other"""
        return _apply("mul", self, other)

    def div(self: Any, other: Value | Number) -> Value:
        """x / other"""
        return _apply("div", self, other)

    def pow(self: Any, other: Value | Number) -> Value:
        """x to the power of other"""
        return _apply("pow", self, other)

    def abs(self: Any) -> Value:
        """|x|"""
        return _apply("abs", self)

    def sign(self: Any) -> Value:
        """-1, 0 or 1"""
        return _apply("sign", self)

    def exp2(self: Any) -> Value:
        """2 to the power of x"""
        return _apply("exp2", self)

    def expm1(self: Any) -> Value:
        """e to the power of x, minus 1, without cancellation near 0"""
        return _apply("expm1", self)

    def log(self: Any) -> Value:
        """The natural logarithm"""
        return _apply("log", self)

    def log2(self: Any) -> Value:
        """The logarithm to base 2"""
        return _apply("log2", self)

    def log10(self: Any) -> Value:
        """The logarithm to base 10"""
        return _apply("log10", self)

    def log1p(self: Any) -> Value:
        """The logarithm of 1 + x, without cancellation near 0"""
        return _apply("log1p", self)

    def sqrt(self: Any) -> Value:
        """The square root"""
        return _apply("sqrt", self)

    def cbrt(self: Any) -> Value:
        """The real cube root"""
        return _apply("cbrt", self)

    def square(self: Any) -> Value:
        """x · x"""
        return _apply("square", self)

    def reciprocal(self: Any) -> Value:
        """1 / x"""
        return _apply("reciprocal", self)

    def sin(self: Any) -> Value:
        """The sine of x radians"""
        return _apply("sin", self)

    def cos(self: Any) -> Value:
        """The cosine of x radians"""
        return _apply("cos", self)

    def tan(self: Any) -> Value:
        """The tangent of x radians"""
        return _apply("tan", self)

    def asin(self: Any) -> Value:
        """The arc sine, in radians"""
        return _apply("asin", self)

    def acos(self: Any) -> Value:
        """The arc cosine, in radians"""
        return _apply("acos", self)

    def atan(self: Any) -> Value:
        """The arc tangent, in radians"""
        return _apply("atan", self)

    def atan2(self: Any, x: Operand) -> Value:
        """The angle of the point (x, self), in radians"""
        return _apply("atan2", self, x)

    def hypot(self: Any, *others: Operand) -> Value:
        """The Euclidean length of (self, *others)"""
        return _apply("hypot", self, *others)

    def sinh(self: Any) -> Value:
        """The hyperbolic sine"""
        return _apply("sinh", self)

    def cosh(self: Any) -> Value:
        """The hyperbolic cosine"""
        return _apply("cosh", self)

    def asinh(self: Any) -> Value:
        """The inverse hyperbolic sine"""
        return _apply("asinh", self)

    def acosh(self: Any) -> Value:
        """The inverse hyperbolic cosine"""
        return _apply("acosh", self)

    def atanh(self: Any) -> Value:
        """The inverse hyperbolic tangent"""
        return _apply("atanh", self)

    def sigmoid(self: Any) -> Value:
        """1 / (1 + exp(-x))"""
        return _apply("sigmoid", self)

    def softplus(self: Any) -> Value:
        """log(1 + exp(x))"""
        return _apply("softplus", self)

    def leaky_relu(self: Any, slope: Operand = 0.01) -> Value:
        """x where it is positive, else slope · x"""
        return _apply("leaky_relu", self, slope)

    def elu(self: Any, alpha: Operand = 1.0) -> Value:
        """x where it is positive, else alpha · (exp(x) - 1)"""
        return _apply("elu", self, alpha)

    def gelu(self: Any) -> Value:
        """x · Φ(x), with Φ the normal distribution function"""
        return _apply("gelu", self)

    def silu(self: Any) -> Value:
        """x · sigmoid(x)"""
        return _apply("silu", self)

    def erf(self: Any) -> Value:
        """The error function"""
        return _apply("erf", self)

    def erfc(self: Any) -> Value:
        """1 - erf(x), without cancellation for large x"""
        return _apply("erfc", self)

    def maximum(self: Any, *others: Operand) -> Value:
        """The largest of (self, *others)"""
        return _apply("maximum", self, *others)

    def minimum(self: Any, *others: Operand) -> Value:
        """The smallest of (self, *others)"""
        return _apply("minimum", self, *others)

    def clip(self: Any, low: Operand = -math.inf, high: Operand = math.inf) -> Value:
        """x moved into [low, high]"""
        return _apply("clip", self, low, high)

    def where(self: Any, a: Operand, b: Operand) -> Operand:
        """a if self is not 0, else b"""
        return _apply("where", 1.0 if self.data != 0.0 else 0.0, a, b)

    def take(self: Any, index: int, *others: Operand) -> Operand:
        """The element of (self, *others) at an index"""
        return _apply("take", operator.index(index), self, *others)

    def sum(self: Any, *others: Operand) -> Value:
        """self + others, rounded once"""
        return _apply("sum", self, *others)

    def dot(self: Any, weight: Operand, bias: Operand = 0.0) -> Value:
        """bias + weight · self as a single node, as in a neuron with one input"""
        return _apply("dot", bias, weight, self)

    def logsumexp(self: Any, *others: Operand) -> Value:
        """log(exp(self) + exp(others[0]) + …)"""
        return _apply("logsumexp", self, *others)

    # NumPy calls these on the elements of an object array.
    arcsin = asin
    arccos = acos
    arctan = atan
    arctan2 = atan2
    arcsinh = asinh
    arccosh = acosh
    arctanh = atanh
