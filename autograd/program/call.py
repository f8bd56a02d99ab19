"""A call: arguments in, results out, for all lanes, along traces that are known or by eager.

One like an earlier one goes a shorter way: dispatch.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from autograd import transforms
from autograd.core.functions import fsum
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.program.arguments import Arguments, Key, key_of
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.runner import NOT_FINITE, added_up, folded
from autograd.trees import Rebuild, flatten

__all__ = ["NUMBER", "Call", "built", "parting"]

NUMBER = key_of(0.0)


class Call:
    """Outputs, and if asked, tangents and gradients.

    Args:
        f, arguments: what is called.
        places: the arguments to differentiate in.
        direction: for tangents, u and x in the shape of the arguments': derivatives of the
            outputs along them are further outputs, after the others.
        seed: for gradients, the weight of each output, or a number for f's only one.
        output: for the gradient of this output in each lane: further outputs, after the others.
        threads: how many share the lanes.

    Attributes:
        out: the outputs, a row each, a column a lane.
        d_u, d_x: the gradient of the weighted sum of all outputs in all lanes.
        rebuild, built, single: as a trace's.
        closed: the Values from outside f that its traces read.
        parted: of each trace, lanes that go along it.
        by_itself: whether a lane was computed by f itself.
    """

    rebuild: Rebuild
    built: Key
    single: bool

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Arguments,
        places: Sequence[int] = (),
        direction: tuple[Array, Array] | None = None,
        seed: Array | float | None = None,
        output: int | None = None,
        threads: int = 1,
    ) -> None:
        self.threads, self.output = threads, output
        self.f, self.arguments, self.places = f, arguments, tuple(places)
        self.direction, self.seed = direction, seed
        self.rows: dict[int | None, list[range]] = {None: [], 0: []}
        for i in places:
            self.rows[arguments.axes[i]].append(arguments.rows[i])
        self.closed: set[Value] = set()
        self.parted: dict[Any, Array] = {}
        self.by_itself = False
        self.out: Array = None
        self.d_u = np.zeros((len(arguments.u), 1))
        self.d_x = np.zeros(arguments.x.shape if self.rows[0] and output is None else (0, 1))

    def run(self, trace: Any, lanes: Array) -> tuple[int, Array, list[Array]]:
        """The status (see `runner`), how each lane goes, and results if all go this way."""
        if isinstance(self.seed, float) and not trace.single:
            raise several()
        rows, per_lane = (self.rows[None], self.rows[0]), self.output is not None
        try:
            wrt, varying = (None, []) if self.seed is None and not per_lane else rows
            along = rows if self.direction else None
            sweep = trace.program.sweep(wrt, varying, along, per_lane)
        except NotImplementedError:  # a rule that is not generic: eager knows
            inputs = self.inputs(trace, lanes, None)
            _, ways, *_ = trace.program.sweep().run(*inputs, None, self.threads)
            return NOT_FINITE, ways, []
        u, x = self.inputs(trace, lanes, self.direction)
        seed = None if self.seed is None else np.repeat(self.weights(), len(lanes), 1)
        if per_lane:
            seed = self.unit(trace.program.tape.outputs)
        status, ways, out, d_u, d_x = sweep.run(u, x, seed, self.threads)
        if self.seed is None:
            return status, ways, [out]
        d_x = x[:0] if d_x is None else d_x[: len(self.arguments.x)]
        return status, ways, [out, d_u[: len(self.arguments.u), None], d_x]

    def inputs(
        self, trace: Any, lanes: Array, direction: tuple[Array, Array] | None
    ) -> tuple[Array, Array]:
        """The u and x of a trace's program, or with a direction of that with tangents."""
        x = self.arguments.x
        numbers: list[Array] = [self.arguments.u, [value.data for value in trace.closed]]
        x = x if len(lanes) == x.shape[1] else x[:, lanes]
        if direction is not None:
            numbers += [direction[0], np.zeros(len(trace.closed))]
            x = np.concatenate([x, direction[1][:, lanes]])
        return np.concatenate(numbers), x

    def weights(self) -> Array:
        """The weight of each output; with a direction, of the tangents, and 0 of the others."""
        seed: Array = np.full((1, 1), self.seed) if isinstance(self.seed, float) else self.seed
        return seed if self.direction is None else np.concatenate([0.0 * seed, seed])

    def unit(self, count: int) -> Array:
        """The weight of each output, of so many, where the gradient is that of one."""
        return np.array([float(k == self.output) for k in range(count)]).reshape(-1, 1)

    def add(self, trace: Any, lanes: Array, results: list[Array]) -> None:
        """Take in results of lanes."""
        self.closed.update(trace.closed)
        self.parted[trace] = lanes
        where = lanes if len(lanes) < self.arguments.lanes else slice(None)
        self.put(where, results[0], trace.rebuild, trace.built)
        if len(results) > 1:
            self.d_u = added_up(np.concatenate([self.d_u, results[1]], 1))
            if len(results[2]):
                self.d_x[:, where] += results[2]

    def put(self, lanes: Any, out: Array, rebuild: Rebuild, built: Key) -> None:
        if self.out is None:
            self.rebuild, self.built, self.single = rebuild, built, built == NUMBER
            if type(lanes) is slice and out.shape[1] == self.arguments.lanes:  # of all
                self.out = out
                return
            self.out = np.empty((len(out), self.arguments.lanes or 1))
        if built != self.built:
            raise parting()
        self.out[:, lanes] = out

    # ------------------------------------------------------------------ without a program

    def eager(self, lane: int) -> None:
        """Compute one lane as eager does."""
        self.by_itself = True
        with self.arguments.naming(lane):
            out, gradients, rebuild, count = self.computed(lane)
        out = np.array(out).reshape(-1, 1)
        self.put(np.array([lane]), out, rebuild, built(rebuild, count))
        for i, each in zip(self.places, gradients):
            numbers = [primal(g) for g in flatten(each, "")[0]]
            rows = self.arguments.rows[i]
            if self.arguments.axes[i] is None:
                mine = self.d_u[rows.start : rows.stop, 0]
                mine[:] = added_up(np.array([mine, numbers]).T)[:, 0]
            else:
                self.d_x[rows.start : rows.stop, lane] = numbers

    def computed(self, lane: int) -> tuple[Any, Any, Rebuild, int]:
        """Outputs and gradients of one lane by the transforms, and what `built` takes."""
        run = transforms._Run(
            self.f, self.arguments.sample(lane), {}, transforms.Options(self.places), every=True
        )
        count = len(run.outputs)
        if isinstance(self.seed, float) and built(run.rebuild_outputs, count) != NUMBER:
            raise several()
        out, gradients = [primal(y) for y in run.outputs], list[Any]()
        if self.direction is not None and self.seed is not None:
            found = run.curve(run.outputs[0], self.along(self.direction, lane))
            gradients = run.shaped([self.seed * primal(g) for g in found])
            out.append(0.0)
        elif self.direction is not None:
            out += map(primal, run.push(self.along(self.direction, lane)))
        elif self.output is not None:
            weights = self.unit(len(out))[:, 0].tolist()
            each = dict(zip(self.places, run.shaped(run.pull(zip(run.outputs, weights)))))
            out += [primal(g) for i in self.in_order() for g in flatten(each[i], "")[0]]
        elif self.seed is not None:
            gradients = run.shaped(run.pull(zip(run.outputs, self.weights()[:, 0].tolist())))
        return out, gradients, run.rebuild_outputs, count

    def along(self, direction: tuple[Array, Array], lane: int) -> list[float]:
        """One lane of u and x: the numbers of the arguments to differentiate in."""
        found: list[float] = []
        for i in self.places:
            rows = self.arguments.rows[i]
            side = direction[0] if self.arguments.axes[i] is None else direction[1][:, lane]
            found += side[rows.start : rows.stop].tolist()
        return found

    # ------------------------------------------------------------------ results

    def in_order(self) -> list[int]:
        """The arguments to differentiate in, as a program has them: first the uniform ones."""
        return sorted(self.places, key=lambda i: (self.arguments.axes[i] is not None, i))

    def parts(self) -> list[Array]:
        """The gradient in each argument, a row a number."""
        if self.output is not None:
            found: dict[int, Array] = {}
            end = len(self.out)
            for i in reversed(self.in_order()):
                start = end - len(self.arguments.rows[i])
                found[i], end = self.out[start:end], start
            return [found[i] for i in self.places]
        sides = {None: self.d_u, 0: self.d_x}
        rows = [self.arguments.rows[i] for i in self.places]
        axes = [self.arguments.axes[i] for i in self.places]
        return [sides[axis][mine.start : mine.stop] for axis, mine in zip(axes, rows)]

    def reduced(self, out: Array, reduce: str | None) -> Array:
        """Rows of numbers, a column a lane; or if they are to be reduced, their sums."""
        if reduce is None or not self.arguments.lanes:  # a sum would lose the sign of -0.0
            return out
        return np.array([[_total(row)] for row in out])

    def shaped(self, out: Array, reduce: str | None) -> Any:
        """Outputs, reduced, in the shape of f's result: of each lane, or their mean or sum."""
        if reduce is not None or not self.arguments.lanes:
            count = self.arguments.total if reduce == "mean" and self.arguments.total else 1
            return self.rebuild([x / count for x in out[:, 0].tolist()])
        if self.single:
            return out[0] if self.arguments.arrays else out[0].tolist()
        return self._of_lanes(self.rebuild, out.T)

    def jacobians(self, build: Rebuild, block: Array) -> Any:
        """Each lane's result with what `build` makes of a number's gradient in its place.

        Args:
            block: derivatives, of shape (outputs, inputs, lanes).
        """
        return self._of_lanes(
            lambda rows: self.rebuild([*map(build, rows)]), block.transpose(2, 0, 1)
        )

    def matrix(self, outer: Rebuild, inner: Rebuild, block: Array, each: bool) -> Any:
        """Second derivatives, of shape (these, those, lanes), in the arguments' shapes."""

        def build(rows: Any) -> Any:
            return outer([*map(inner, rows)])

        if each:
            return self._of_lanes(build, block.transpose(2, 0, 1))
        return build(block[:, :, 0].tolist())

    def _of_lanes(self, rebuild: Rebuild, numbers: Array) -> Any:
        """What `rebuild` makes of each lane's numbers: for arrays an array, unless ragged."""
        if self.arguments.arrays:
            with suppress(ValueError):  # ragged
                first = np.array(rebuild(numbers[0].tolist()))
                if first.dtype == float:
                    return numbers.reshape(len(numbers), *first.shape)
                return np.array([*map(rebuild, numbers.tolist())])
        return [*map(rebuild, numbers.tolist())]


def _total(numbers: Array) -> float:
    """The sum of a row; exact, where parts of it are infinities that cancel."""
    total = folded(numbers)
    if not math.isnan(total) or np.isnan(numbers).any():
        return total
    return primal(fsum(numbers.tolist()))


def built(rebuild: Rebuild, count: int) -> Key:
    """Equal for results, of so many numbers, that are built in the same way."""
    return key_of(rebuild([0.0] * count))


def parting() -> ValueError:
    """The error where samples do not give the same kind of result."""
    return ValueError("the samples give results that are built in different ways")


def several() -> TypeError:
    """The error where f should have returned one number."""
    return TypeError("the gradient: f returns a single number; use jacobian for several")
