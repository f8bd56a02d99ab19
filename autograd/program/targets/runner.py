"""Runners: a program on the same arrays again and again, by NumPy, as the kernel has them.

What compiled calls and training steps repeat: values and gradient, and the optimizer's update.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import BlockProgram

__all__ = ["ANOTHER", "NEAR", "THIS", "Runner", "clip", "finite", "folded"]
__all__ += ["FP_ERROR", "NOT_FINITE", "OTHER_TRACE"]

# The status of a run, in bits: an invalid operation, a division by 0 or an overflow; results
# that are not finite; guards that give another answer.
FP_ERROR, NOT_FINITE, OTHER_TRACE = 1, 2, 4
# How a lane goes: another way than it was recorded, this one, or rounding could decide it.
ANOTHER, THIS, NEAR = 0, 1, 2


class Runner:
    """Runs blocks as NumPy; the arguments are those of the kernel's, see `KernelCode`."""

    def __init__(
        self,
        run: Callable[..., Any],
        blocks: BlockProgram,
        lanes: int,
        u: Array,
        x: Sequence[Any],
        seed: Array | None,
        out: Array,
        d_u: Array | None,
        d_x: Array | None,
        answers: Array | None = None,
        *_: Any,
    ) -> None:
        self.u, self.out, self.answers = u.reshape(-1, 1), out, answers
        self.d_u: Any = d_u
        self.d_x: Any = d_x
        rows = [*map(np.atleast_2d, x)] or [np.empty((0, lanes))]
        self.x = np.concatenate(rows)  # row after row or lane after lane, as they are
        self.function, self.places = run, blocks.places()
        self.outputs, self.turn = blocks.ops[blocks.results["out"]].rows, Lock()
        self.arguments: list[Array] = []
        for place in self.places:
            inputs = self.x if place.varies else self.u
            self.arguments.append(inputs[place.rows.start : place.rows.stop])
        if seed is not None:
            self.arguments.append(seed)

    def run(self, x: Sequence[Any], u: Any = None) -> int:
        """Compute with other x, and with the numbers u if they are given; the status.

        Raises:
            RuntimeError: another thread runs it.
        """
        if self.turn.locked():
            raise RuntimeError("another thread runs this runner; make one for each thread")
        with self.turn:  # an interrupt after a return from within could keep it taken
            if u is not None:
                self.u[: len(u), 0] = u
            if x:
                np.concatenate([*map(np.atleast_2d, x)], out=self.x)
            status = self.compute()
        return status  # noqa: RET504

    def compute(self) -> int:
        """Compute with the numbers that are in u and x; the status."""
        errors: list[Any] = []

        def note(*error: Any) -> None:
            errors.append(error)

        try:
            with np.errstate(all="call", under="ignore", call=note):
                results = self.function(*self.arguments)
        except FloatingPointError:  # refused, and there are no results
            return FP_ERROR
        self.keep(results)
        return self.status(has_errors=bool(errors))

    def keep(self, results: dict[str, Array]) -> None:
        """Put the results into the arrays of the caller."""
        self.out[: self.outputs] = results["out"]
        if "checks" in results:
            self.out[self.outputs :] = results["checks"]
        for place in self.places:
            derivative = results.get(f"d_{place.name}")
            if derivative is None:
                continue
            gradient = self.d_x if place.varies else self.d_u.reshape(-1, 1)
            target = gradient[place.rows.start : place.rows.stop]
            np.add(derivative, 0.0, out=target)  # never -0.0

    def status(self, has_errors: bool) -> int:
        """The bits of the status, from what has been put into the arrays."""
        status = FP_ERROR if has_errors else 0
        outputs, checks = self.out[: self.outputs], self.out[self.outputs :]
        if not all(x is None or finite(x) for x in (outputs, self.d_u, self.d_x)):
            status |= NOT_FINITE
        if self.answers is not None and (checks != self.answers).any():
            status |= OTHER_TRACE
        return status

    @property
    def total(self) -> float:
        """The sum of the first output over the lanes."""
        return folded(self.out[0])


def folded(numbers: Array) -> float:
    """The sum of a row, in eight parts as the kernel has it."""
    whole = len(numbers) & -8
    with np.errstate(all="ignore"):
        sums = np.add.reduce(numbers[:whole].reshape(-1, 8))
        sums[: len(numbers) - whole] += numbers[whole:]
        a, b = (sums[:4] + sums[4:]).reshape(2, 2).tolist()
    return float((a[0] + b[0]) + (a[1] + b[1]))


def added_up(derivatives: Array) -> Array:
    """The sum of samples' numbers, along the last axis, as floats are added.

    Raises:
        FloatingPointError: it is NaN, but none of them is.
    """
    with np.errstate(all="ignore"):
        total: Array = derivatives.sum(-1, keepdims=True)
    if np.isnan(total).any() and not np.isnan(derivatives).any():
        raise FloatingPointError(
            "what the samples give adds up to infinity minus infinity; keep the function away "
            "from points where it or its derivative is infinite"
        )
    return total


def finite(x: Array | float) -> bool:
    """Whether no number is infinite or NaN."""
    # BLAS would give other threads a share of longer ones, and wait for them.
    small = np.size(x) <= 10_000 and math.isfinite(np.vdot(x, x))
    return small or bool(np.isfinite(x).all())


def clip(gradient: Array, max_norm: float) -> bool:
    """Scale a gradient down to a norm, to the bits of the kernel; False if its is extreme."""
    with np.errstate(over="ignore"):
        norm = math.sqrt(folded(gradient * gradient))
    if not 1e-150 < norm < 1e150 and gradient.any():
        return False
    gradient *= min(1.0, max_norm / (norm + 1e-6))
    return True
