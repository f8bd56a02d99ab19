"""What emitted NumPy source calls: the primitives on arrays of rows and lanes.

Accurate as the table's rules are. Wide operations take an array of shape (operands, rows,
lanes). What eager refuses without a floating-point flag raises FloatingPointError here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.ir.arrays import Array, np
from autograd.rules.arrays import composed

__all__ = ["namespace", "wide"]


def namespace() -> dict[str, Any]:
    """What emitted source sees."""
    functions = (stack, strong_zero, each, each_partial, rounded, length, refuse)
    space: dict[str, Any] = {
        "np": np,
        "erf": lambda x: each("erf", x),
        "erfc": lambda x: each("erfc", x),
    }
    space |= {**{f.__name__: f for f in functions}, **wide(np, refuse)}
    return space | composed(space)


def stack(*parts: Array) -> Array:
    """The rows of all parts, one below the other; what is uniform is repeated in all lanes."""
    lanes = max([part.shape[1] for part in parts])
    return np.concatenate(
        [part if part.shape[1] == lanes else np.repeat(part, lanes, 1) for part in parts]
    )


def strong_zero(adjoint: Array, partial: Array) -> Array:
    """Their product; 0 where the adjoint is, even against an infinite partial."""
    return np.where(adjoint == 0.0, 0.0, adjoint * partial)


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


def refuse(x: Array, refused: Array) -> Array:
    """x, if eager raises nowhere."""
    if np.any(refused):
        raise FloatingPointError("out of the domain")
    return np.where(refused, np.nan, x)  # an array, if x is a number


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
