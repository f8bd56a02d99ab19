"""The functions that NumPy source calls: operations on arrays of rows and lanes.

They are printed from the table's rules. Operations of any number of operands take an array of
shape (operands, rows, lanes). Where eager raises without a floating-point flag, these raise
FloatingPointError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.ir.arrays import Array, np
from autograd.rules.arrays import function, library
from autograd.rules.expression import Expression
from autograd.rules.reader import formula, partials, value

__all__ = ["namespace"]


def namespace() -> dict[str, Any]:
    """The names that NumPy source uses, in a dict of its own."""
    return {**_functions()}


@lru_cache
def _functions() -> dict[str, Any]:
    named = (stack, first, strong_zero, rounded, detach, refuse, each_value, each_partial)
    space: dict[str, Any] = {"np": np, **{f.__name__: f for f in named}}
    space |= {op: lambda x, op=op: each_value(op, x) for op in ("erf", "erfc")}

    def build(x: Expression) -> Callable[..., Array]:
        names = [f"x{k}" for k in range(len(x.args))]
        return function(space, names, value(x.op, x.args), Expression)

    space |= library(build)
    logsumexp = function(space, ["a"], formula("logsumexp"), Expression)
    slopes = function(space, ["out", "a"], partials("logsumexp")[0], Expression)
    return space | {
        "logsumexp": logsumexp,
        "softmax": lambda a: slopes(logsumexp(a), a).reshape(-1, a.shape[2]),
    }


def stack(*parts: Array) -> Array:
    """The rows of all parts, one below the other; what is uniform is repeated in all lanes."""
    lanes = max(part.shape[1] for part in parts)
    return np.concatenate([np.broadcast_to(part, (len(part), lanes)) for part in parts])


def first(rows: Array, place: Callable[..., Array]) -> Array:
    """The first of the largest or smallest operands, so that 0.0 and -0.0 are told apart."""
    return np.take_along_axis(rows, place(rows, 0)[None], 0)[0]


def strong_zero(adjoint: Array, partial: Array) -> Array:
    """Their product; 0 where the adjoint is, even against an infinite partial."""
    return np.where(adjoint == 0.0, 0.0, adjoint * partial)


def rounded(x: Array, digits: Array | None = None) -> Array:
    if digits is None:
        return np.round(x)
    return np.vectorize(lambda x, n: round(x, int(n)), otypes=[float])(x, digits)


def each_value(name: str, *operands: Array) -> Array:
    """An operation by its own rule for floats, number by number."""
    return _each(name, TABLE[name].value, operands)


def each_partial(name: str, slot: int, out: Array, *operands: Array) -> Array:
    """A partial by the rule of the table, number by number."""
    op = TABLE[name]

    def partial(out: float, *xs: float) -> float:
        return float(op.partials(out, xs)[slot] if op.variadic else op.partial(slot, out, xs))

    return _each(name, partial, (out, *operands))


def _each(name: str, rule: Callable[..., float], operands: Sequence[Array]) -> Array:
    try:
        return np.vectorize(rule, otypes=[float])(*operands)
    except (ValueError, ArithmeticError, IndexError) as error:
        raise FloatingPointError(name) from error


def detach(x: Array) -> Array:
    return x


def refuse(x: Array, refused: Array) -> Array:
    """x, if eager raises nowhere."""
    if np.any(refused):
        raise FloatingPointError("out of the domain")
    return np.where(refused, np.nan, x)  # an array, if x is a number
