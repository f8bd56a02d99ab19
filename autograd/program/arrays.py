"""What emitted NumPy source calls: the primitives on arrays of rows and lanes.

Accurate as the table's rules are. Wide operations take an array of shape (operands, rows,
lanes). What eager refuses without a floating-point flag raises FloatingPointError here.
"""

from __future__ import annotations

from typing import Any

try:
    import numpy as np
except ImportError:
    raise ImportError(
        "compiled functions need NumPy: pip install 'scalar-autograd[programs]'"
    ) from None

from autograd.core.primitive import TABLE

__all__ = ["NAMES", "namespace", "np"]

Array = Any

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
    "exp_of_difference", "gaussian", "logsumexp", "take", "strong",
]}
# fmt: on
NAMES |= {"floordiv": "np.floor_divide", "round": "rounded"}
NAMES |= {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}


def namespace() -> dict[str, Any]:
    """What emitted source sees."""
    return {"np": np, **{f.__name__: f for f in _FUNCTIONS}}


def stack(*parts: Array) -> Array:
    """The rows of all parts, one below the other; what is uniform is repeated in all lanes."""
    lanes = max([part.shape[1] for part in parts])
    return np.concatenate(
        [part if part.shape[1] == lanes else np.repeat(part, lanes, 1) for part in parts]
    )


def strong(adjoint: Array, partial: Array) -> Array:
    """Their product; 0 where the adjoint is, even against an infinite partial."""
    return np.where(adjoint == 0.0, 0.0, adjoint * partial)


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


# ---------------------------------------------------------------- elementwise


def rsqrt(x: Array) -> Array:
    return 1.0 / np.sqrt(x)


def sign(x: Array) -> Array:
    return np.where(x == 0.0, x, np.copysign(1.0, x))


def sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, e) / (1.0 + e)


def softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def bell(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return e / (1.0 + e * (2.0 + e))


def silu(x: Array) -> Array:
    root = np.exp(0.5 * np.minimum(x, 0.0))
    return np.where(x > -700.0, x * sigmoid(x), x * root * root)


def leaky_relu(x: Array, slope: Array) -> Array:
    return np.where(x > 0.0, x, slope * x)


def elu(x: Array, alpha: Array) -> Array:
    return np.where(x > 0.0, x, alpha * np.expm1(np.minimum(x, 0.0)))


def clip(x: Array, low: Array, high: Array) -> Array:
    if np.any(low > high):
        raise FloatingPointError("clip")
    return np.minimum(np.maximum(x, low), high)


def exp_of_difference(x: Array, y: Array) -> Array:
    difference = x - y
    power = np.exp(difference)
    with np.errstate(all="ignore"):
        back = difference - x
        exact = power + power * ((x - (difference - back)) - (y + back))
    return np.where((power > 0.0) & (power < np.inf), exact, power)


def gaussian(x: Array, scale: Array) -> Array:
    with np.errstate(all="ignore"):
        square = x * x
        t = 134217729.0 * x
        high = t - (t - x)
        low = x - high
        rest = ((high * high - square) + 2.0 * high * low) + low * low
        power = np.exp(-scale * square)
        exact = power - power * (scale * rest)
    return np.where(square * scale > 750.0, 0.0, exact)


def rounded(x: Array, digits: Array | None = None) -> Array:
    if digits is None:
        return np.round(x)
    return np.vectorize(lambda x, n: round(x, int(n)), otypes=[float])(x, digits)


# ---------------------------------------------------------------- wide


def flat(partials: Array) -> Array:
    """Partials as rows: all that are in the first operands, then in the second ones …"""
    return partials.reshape(-1, partials.shape[2])


def logsumexp(a: Array) -> tuple[Array, Array]:
    """log Σ exp(a), and its partials."""
    top = a.max(0)
    difference = a - top
    e = np.exp(difference)
    back = difference - a  # and what a - top was rounded by (Knuth's TwoSum)
    e += e * ((a - (difference - back)) - (top + back))
    tops = a == top
    rest = np.where(tops, 0.0, e).sum(0)
    if np.count_nonzero(tops) > top.size:
        rest += tops.sum(0) - 1.0
    return top + np.log1p(rest), flat(e / (1.0 + rest))


def shares(a: Array, out: Array) -> Array:
    """1 for the operand that is the largest (or smallest), in equal parts if there are more."""
    won = a == out
    return flat(won / won.sum(0))


def length(a: Array) -> Array:
    """√(Σ a²) without overflow."""
    return np.hypot.reduce(a, 0)


def directions(a: Array, out: Array) -> Array:
    return flat(a / np.where(out == 0.0, np.inf, out))


def take(index: Array, a: Array) -> tuple[Array, Array]:
    """The operand that the index, cut to a whole number, names; and the partials."""
    if np.any(index < -len(a)) or np.any(index >= len(a)):
        raise FloatingPointError("take")
    places = np.trunc(index)
    places = np.where(places < 0.0, places + len(a), places)
    taken = places == np.arange(len(a))[:, None, None]
    return np.where(taken, a, 0.0).sum(0), flat(taken * 1.0)


_FUNCTIONS = (
    *(stack, strong, each, each_partial, rsqrt, sign, sigmoid, softplus, bell, silu),
    *(leaky_relu, elu, clip, rounded, exp_of_difference, gaussian, logsumexp, shares),
    *(length, directions, take),
)
