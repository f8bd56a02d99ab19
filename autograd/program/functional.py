"""Functional: what source for arrays that can't be changed calls, on JAX's arrays or others.

As accurate as the table's rules. What eager refuses is NaN here.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from autograd.program.arrays import DEFINED, NAMES, wide
from autograd.program.expressions import Expression
from autograd.program.lower import operand
from autograd.program.rules import value

__all__ = ["OWN", "evaluated", "formula", "functions"]

Array = Any
OWN = frozenset([*DEFINED, "relu"])  # by their rules
LARGEST = sys.float_info.max
SIGNS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@lru_cache
def formula(op: str, count: int) -> Any:
    """An operation as an expression of simpler ones."""
    xs = [operand(k) for k in range(count)]
    return DEFINED[op](*xs) if op in DEFINED else value(op, xs)


def evaluated(x: Any, operands: Sequence[Any], space: dict[str, Any]) -> Any:
    """An expression, by the functions of a namespace; what it has twice is computed once."""
    known: dict[int, Any] = {}

    def at(x: Any) -> Any:
        if type(x) is not Expression:
            return x
        if x.op == "operand":
            return operands[x.args[0]]
        if id(x) not in known:
            known[id(x)] = call(x.op)(*map(at, x.args))
        return known[id(x)]

    def call(op: str) -> Callable[..., Any]:
        if op in SIGNS:
            return SIGNS[op]
        text = NAMES.get(op, op)
        found: Callable[..., Any] = (
            getattr(space["np"], text[3:]) if text.startswith("np.") else space[text]
        )
        return found

    return at(x)


def functions(
    np: Any, wrap: Callable[[str, Callable[..., Any]], Any], erf: Any, erfc: Any
) -> dict[str, Any]:
    """What the source sees.

    Args:
        np: has NumPy's functions for these arrays.
        wrap: given the name of an operation and its function, what is to be called.
        erf, erfc: those for these arrays.
    """

    def own(op: str) -> Callable[..., Array]:
        def f(*xs: Array) -> Array:
            return evaluated(formula(op, len(xs)), xs, space)

        return f

    def stack(*parts: Array) -> Array:
        lanes = next((part.shape[1] for part in parts if part.shape[1] != 1), 1)
        return np.concatenate([np.broadcast_to(part, (part.shape[0], lanes)) for part in parts])

    def strong(adjoint: Array, partial: Array) -> Array:
        """Their product; 0 where the adjoint is, even against an infinite partial.

        Infinity is two finite factors, so that it is linear in the adjoint.
        """
        finite = np.maximum(np.minimum(partial, LARGEST), -LARGEST)
        return adjoint * finite * np.where(abs(partial) == np.inf, LARGEST, 1.0)

    def rounded(x: Array, digits: Array | None = None) -> Array:
        if digits is not None:
            raise NotImplementedError("round to digits: only Python's floats can do that")
        return np.round(x)

    def refuse(x: Array, refused: Array) -> Array:
        return np.where(refused, np.nan, x)

    def length(a: Array) -> Array:
        top = abs(a).max(0)
        scale = np.where((top == 0.0) | (top == np.inf), 1.0, top)
        scaled = a / scale
        return np.sqrt((scaled * scaled).sum(0)) * scale

    space: dict[str, Any] = {"np": np, "sign": np.sign}
    simple = {"rsqrt": lambda x: 1.0 / np.sqrt(x), "erf": erf, "erfc": erfc}
    space |= {f.__name__: f for f in (stack, strong, rounded, refuse, length)}
    space |= wide(np, refuse)
    space |= {op: wrap(op, f) for op, f in simple.items()}
    space |= {op: wrap(op, own(op)) for op in OWN}
    return space
