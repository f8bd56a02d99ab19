"""Runs: the same program on the same arrays again and again, by NumPy, as the kernel has them.

What a compiled training step repeats: values and gradient, and the optimizer's update.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import is_
from typing import Any

from autograd.core.floats import exchange
from autograd.core.value import Value
from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Blocks

__all__ = ["Runs", "clip", "finite", "folded"]


class Runs:
    """Runs of a sweep; the arguments are those of the kernel's, see `KernelCode`."""

    def __init__(
        self,
        run: Callable[..., Any],
        blocks: Blocks,
        lanes: int,
        u: Array,
        x: Sequence[Any],
        seed: Array | None,
        out: Array,
        d_u: Array | None,
        d_x: Array | None,
        *_: Any,
    ) -> None:
        self.u, self.out = u.reshape(-1, 1), out
        self.d_u: Any = d_u
        self.d_x: Any = d_x
        rows = [*map(np.atleast_2d, x)] or [np.empty((0, lanes))]
        self.x = np.concatenate(rows)  # row after row or lane after lane, as they are
        ends = accumulate(map(len, rows))
        self.parts = [self.x[end - len(row) : end] for end, row in zip(ends, rows)]
        self.function, self.places = run, blocks.places()
        self.outputs = blocks.ops[blocks.results["out"]].rows
        self.arguments = [
            (self.x if varies else self.u)[mine.start : mine.stop]
            for _, varies, mine in self.places
        ]
        self.arguments += [] if seed is None else [seed]

    def run(self, x: Sequence[Any], u: Any = None) -> float | None:
        """The sum of the first output over the lanes; None if something is not finite."""
        return folded(self.out[0]) if self.done(x, u) else None

    def done(self, x: Sequence[Any], u: Any = None) -> bool:
        """Compute; False if something is not finite."""
        if u is not None:
            self.u[: len(u), 0] = u
        for mine, part in zip(self.parts, x):
            mine[:] = part
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                self.compute()
        except FloatingPointError:
            return False
        return finite(self.out) and (self.d_u is None or finite(self.d_u))

    def compute(self) -> None:
        """Compute on the numbers that are there, with floating-point errors as they are set."""
        found = self.function(*self.arguments)
        self.out[: self.outputs] = found["out"]
        if "checks" in found:
            self.out[self.outputs :] = found["checks"]
        for name, varies, mine in self.places:
            if (d := found.get(f"d_{name}")) is not None:
                side = self.d_x if varies else self.d_u.reshape(-1, 1)
                side[mine.start : mine.stop] = d

    def train(
        self, x: Sequence[Any], loss: Any, params: list[Value], update: Any
    ) -> float | bool | None:
        """A step of training, as the kernel's `train`."""
        weight, penalty, max_norm, answers, _, closed = loss
        runs, state, numbers, optimizer, steps = update
        if (
            not all(map(is_, params, closed))
            or not self.done(x)
            or self.out[self.outputs :].tobytes() != answers
        ):
            return None
        total = weight * folded(self.out[0]) + (float(self.out[1, 0]) if penalty else 0.0)
        if not math.isfinite(total) or (0.0 <= max_norm and not clip(self.d_u, max_norm)):
            return None
        if runs is not None and not runs.done(state, numbers):
            return None
        data, slopes = self.u[: len(params), 0], self.d_u[: len(params)]
        following, others = data, []
        if runs is not None:
            following, *rows = runs.out
            buffers = {name: array("d", row) for name, row in zip(optimizer.buffers, rows)}
            others = [(optimizer, "buffers", buffers), (optimizer, "steps", steps)]
        if not exchange(params, data, following, slopes, others):
            return False
        return float(total)


def folded(numbers: Array) -> float:
    """The sum of a row, in eight parts as the kernel has it."""
    whole = len(numbers) & -8
    sums = np.add.reduce(numbers[:whole].reshape(-1, 8))
    sums[: len(numbers) - whole] += numbers[whole:]
    a, b = (sums[:4] + sums[4:]).reshape(2, 2).tolist()
    return float((a[0] + b[0]) + (a[1] + b[1]))


def finite(x: Array | float) -> bool:
    """Whether no number is infinite or NaN."""
    # Of more, BLAS would give other threads a share, and wait for them.
    quick = np.size(x) <= 10_000 and math.isfinite(np.vdot(x, x))
    return quick or bool(np.isfinite(x).all())


def clip(gradient: Array, max_norm: float) -> bool:
    """Scale a gradient down to a norm, to the bits of the kernel; False if its is extreme."""
    with np.errstate(over="ignore"):
        norm = math.sqrt(folded(gradient * gradient))
    if not 1e-150 < norm < 1e150 and gradient.any():
        return False
    gradient *= min(1.0, max_norm / (norm + 1e-6))
    return True
