"""What emitted NumPy source calls: the primitives on arrays of rows and lanes.

Accurate as the table's rules are. Wide operations take an array of shape (operands, rows,
lanes). What eager refuses without a floating-point flag raises FloatingPointError here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

try:
    import numpy as np
except ImportError:
    raise ImportError(
        "compiled functions need NumPy: pip install 'scalar-autograd[programs]'"
    ) from None

from autograd.core.primitive import TABLE
from autograd.core.table import PER_ROOT_2PI, ROOT_HALF, ROOT_HALF_REST, TWO_PER_ROOT_PI
from autograd.program.ir.expressions import Expression

__all__ = ["DEFINED", "NAMES", "Array", "elementwise", "namespace", "np", "wide"]

Array = Any  # of NumPy or JAX

# Once so much was freed, glibc keeps what is freed later for what follows; else each large
# array would come from the system anew, page by page, which takes as long as to compute it.
np.empty(4_000_000)

# How each operation is called; the others are each's business.
# fmt: off
NAMES = {op: f"np.{op}" for op in [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square",
    "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "hypot", "maximum",
    "minimum", "floor", "ceil", "trunc", "where", "mod",
]}
NAMES |= {op: f"np.arc{op[1:]}" for op in [
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2",
]}
NAMES |= {op: op for op in [
    "rsqrt", "sigmoid", "softplus", "bell", "silu", "leaky_relu", "elu", "clip", "sign",
    "exp_of_difference", "gaussian", "logsumexp", "take", "strong_zero", "normal_cdf", "gelu",
    "cbrt_slope",
]}
# fmt: on
NAMES |= {"floordiv": "np.floor_divide", "round": "rounded"}
NAMES |= {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}


def namespace() -> dict[str, Any]:
    """What emitted source sees."""
    functions = (stack, strong_zero, each, each_partial, rsqrt, sign, rounded, length)
    own = elementwise(np, _refuse, lambda x: each("erfc", x), _quiet)
    return {"np": np, **own, **{f.__name__: f for f in functions}, **wide(np, _refuse)}


def stack(*parts: Array) -> Array:
    """The rows of all parts, one below the other; what is uniform is repeated in all lanes."""
    lanes = max([part.shape[1] for part in parts])
    return np.concatenate(
        [part if part.shape[1] == lanes else np.repeat(part, lanes, 1) for part in parts]
    )


def strong_zero(adjoint: Array, partial: Array) -> Array:
    """Their product; 0 where the adjoint is, even against an infinite partial."""
    return np.where(adjoint == 0.0, 0.0, adjoint * partial)


def rsqrt(x: Array) -> Array:
    return 1.0 / np.sqrt(x)


def sign(x: Array) -> Array:
    return np.where(x == 0.0, x, np.copysign(1.0, x))


def rounded(x: Array, digits: Array | None = None) -> Array:
    if digits is None:
        return np.round(x)
    return np.vectorize(lambda x, n: round(x, int(n)), otypes=[float])(x, digits)


def length(a: Array) -> Array:
    """√(Σ a²) without overflow."""
    return np.hypot.reduce(a, 0)


def each(name: str, *operands: Array) -> Array:
    """An operation by its own rule for floats, number by number."""
    try:
        return np.vectorize(TABLE[name].value, otypes=[float])(*operands)
    except (ValueError, ArithmeticError, IndexError) as error:
        raise FloatingPointError(name) from error


def each_partial(name: str, slot: int, out: Array, *operands: Array) -> Array:
    """A partial by the rule of the table, number by number."""
    op = TABLE[name]

    def partial(out: float, *xs: float) -> float:
        partials = op.partials(out, xs)[slot] if op.variadic else op.partial(slot, out, xs)
        return float(partials)

    try:
        return np.vectorize(partial, otypes=[float])(out, *operands)
    except (ValueError, ArithmeticError, IndexError) as error:
        raise FloatingPointError(name) from error


def _refuse(x: Array, refused: Array) -> Array:
    if np.any(refused):
        raise FloatingPointError("out of the domain")
    return x


def _quiet(f: Callable[..., Array]) -> Callable[..., Array]:
    @wraps(f)
    def quiet(*xs: Array) -> Array:
        with np.errstate(all="ignore"):
            return f(*xs)

    return quiet


# ---------------------------------------------------------------- elementwise


def elementwise(
    np: Any,
    refuse: Callable[[Any, Any], Any],
    erfc: Callable[[Any], Any],
    quiet: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda f: f,
) -> dict[str, Callable[..., Any]]:
    """Operations by what NumPy has, as accurate as the table's.

    Args:
        np: has NumPy's functions for what they are of: arrays, or expressions.
        refuse: given x and where eager raises, is x if that is nowhere.
        erfc: 1 minus the error function.
        quiet: lets a function set no floating-point flags.
    """

    def sigmoid(x: Any) -> Any:
        e = np.exp(-abs(x))
        return np.where(x >= 0.0, 1.0, e) / (1.0 + e)

    def softplus(x: Any) -> Any:
        return np.maximum(x, 0.0) + np.log1p(np.exp(-abs(x)))

    def bell(x: Any) -> Any:
        e = np.exp(-abs(x))
        return e / (1.0 + e * (2.0 + e))

    def silu(x: Any) -> Any:
        root = np.exp(0.5 * np.minimum(x, 0.0))
        return np.where(x > -700.0, x * sigmoid(x), x * root * root)

    def leaky_relu(x: Any, slope: Any) -> Any:
        return np.where(x > 0.0, x, slope * x)

    def elu(x: Any, alpha: Any) -> Any:
        return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0)))

    def clip(x: Any, low: Any, high: Any) -> Any:
        return np.minimum(np.maximum(refuse(x, low > high), low), high)

    @quiet
    def rest_of_difference(x: Any, y: Any, difference: Any) -> Any:
        back = difference - x
        return (x - (difference - back)) - (y + back)

    def exp_of_difference(x: Any, y: Any) -> Any:
        difference = x - y
        power = np.exp(difference)
        exact = power + power * rest_of_difference(x, y, difference)
        return np.where(power > 0.0, np.where(power < math.inf, exact, power), power)

    @quiet
    def gaussian(x: Any, scale: Any) -> Any:
        square = x * x
        t = 134217729.0 * x
        high = t - (t - x)
        low = x - high
        rest = ((high * high - square) + 2.0 * high * low) + low * low
        power = np.exp(-scale * square)
        exact = power - power * (scale * rest)
        return np.where(square * scale > 750.0, 0.0, exact)

    def normal_cdf(x: Any) -> Any:
        z = x * ROOT_HALF
        t, u = 134217729.0 * x, 134217729.0 * ROOT_HALF
        x_high, r_high = t - (t - x), u - (u - ROOT_HALF)
        x_low, r_low = x - x_high, ROOT_HALF - r_high
        rest = ((x_high * r_high - z) + x_high * r_low + x_low * r_high) + x_low * r_low
        more = TWO_PER_ROOT_PI * gaussian(z, 1.0) * (rest + x * ROOT_HALF_REST)
        return 0.5 * (erfc(-z) + np.where(abs(x) < 40.0, more, 0.0))

    def gelu(x: Any) -> Any:
        low = np.minimum(x, -37.0)
        r, series = 1.0 / low / low, 1.0
        for odd in (11.0, 9.0, 7.0, 5.0, 3.0, 1.0):
            series = 1.0 - odd * r * series
        power, root = gaussian(low, 0.5), gaussian(low, 0.25)
        series = -PER_ROOT_2PI * series
        low = np.where(power > 1e-300, series * power, series * root * root)
        return np.where(x > -37.0, x * normal_cdf(x), low)

    def cbrt_slope(x: Any) -> Any:
        y = np.where(x == 0.0, 1.0, x)
        root = np.cbrt(y)
        root = root - (root - y / (root * root)) / 3.0
        return np.where(x == 0.0, math.inf, root / y / 3.0)

    functions = (
        *(sigmoid, softplus, bell, silu, leaky_relu, elu, clip, exp_of_difference),
        *(gaussian, normal_cdf, gelu, cbrt_slope),
    )
    return {f.__name__: f for f in functions}


class _Expressions:
    """Has NumPy's functions for expressions."""

    def __getattr__(self, op: str) -> Callable[..., Expression]:
        return lambda *xs: Expression(op, *xs)


_written = _Expressions()
DEFINED = elementwise(_written, _written.refuse, _written.erfc)


# ---------------------------------------------------------------- wide


def wide(np: Any, refuse: Callable[[Array, Array], Array]) -> dict[str, Callable[..., Any]]:
    """Operations of any number of operands, and their partials.

    Partials are rows: all that are in the first operands, then in the second ones …

    Args:
        np: has NumPy's functions for the arrays that they are for.
        refuse: given an array and where eager raises, is that array if it raises nowhere.
    """

    def flat(partials: Array) -> Array:
        return partials.reshape(-1, partials.shape[2])

    def logsumexp(a: Array) -> tuple[Array, Array]:
        top = a.max(0)
        a = np.maximum(a, np.maximum(top, 0.0) - np.finfo(a.dtype).max)  # no overflow of:
        difference = a - top
        e = np.exp(difference)
        back = difference - a  # and what a - top was rounded by (Knuth's TwoSum)
        e = e + e * ((a - (difference - back)) - (top + back))
        tops = a == top
        rest = np.where(tops, 0.0, e).sum(0) + (tops.astype(a.dtype).sum(0) - 1.0)
        return top + np.log1p(rest), flat(e / (1.0 + rest))

    def take(index: Array, a: Array) -> tuple[Array, Array]:
        """The operand that the index, cut to a whole number, names; and the partials."""
        count = a.shape[0]
        index = refuse(index, (index < -count) | (index >= count))
        places = np.trunc(index)
        places = np.where(places < 0.0, places + count, places)
        taken = places == np.arange(count).reshape(count, 1, 1)
        out = np.where(taken, a, 0.0).sum(0)
        return np.where(index != index, index, out), flat(taken.astype(a.dtype))

    return {f.__name__: f for f in (logsumexp, take)}
