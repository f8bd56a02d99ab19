"""Functional: what source for arrays that can't be changed calls, on JAX's arrays or others.

As accurate as the table's rules. What eager refuses is NaN here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograd.program.ir.arrays import Array
from autograd.program.ir.block import Blocks
from autograd.program.targets.array_functions import wide
from autograd.rules.arrays import composed

__all__ = ["functions", "split"]

LARGEST = sys.float_info.max


def functions(
    np: Any, wrap: Callable[[str, Callable[..., Any]], Any], erf: Any, erfc: Any
) -> dict[str, Any]:
    """What the source sees.

    Args:
        np: has NumPy's functions for these arrays.
        wrap: given the name of an operation and its function, what is to be called.
        erf, erfc: those for these arrays.
    """

    def stack(*parts: Array) -> Array:
        lanes = next((part.shape[1] for part in parts if part.shape[1] != 1), 1)
        return np.concatenate([np.broadcast_to(part, (part.shape[0], lanes)) for part in parts])

    def strong_zero(adjoint: Array, partial: Array) -> Array:
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

    shared = wide(np, refuse)

    def logsumexp(a: Array, filled: Array | None = None) -> tuple[Array, Array]:
        """It and its partials.

        Args:
            filled: 1.0 for an operand that only fills up, and is minus infinity.
        """
        top, low = a.max(0), -np.finfo(a.dtype).max
        tops = np.where(a == top, 0.0 if filled is None else low * filled, low)
        out, partials = shared["logsumexp"](np.where(abs(top) == np.inf, tops, a))
        return np.where(abs(top) == np.inf, top, out), partials

    ruled = {"erf": wrap("erf", erf), "erfc": wrap("erfc", erfc)}
    space: dict[str, Any] = {"np": np, "sign": np.sign, **ruled, **shared}
    space |= {f.__name__: f for f in (stack, strong_zero, rounded, length, logsumexp, refuse)}
    return space | {op: wrap(op, f) for op, f in composed(space).items()}


def split(blocks: Blocks, u: Array, x: Array) -> list[Array]:
    """The inputs, of which u and x are made."""
    return [(x if lanes else u)[mine.start : mine.stop] for _, lanes, mine in blocks.places()]
