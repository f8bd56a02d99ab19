"""The results of a request in all lanes, each along its trace or by f."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from autograd import transforms
from autograd.core.functions import fsum
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.program.arguments import Arguments
from autograd.program.check import compare
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.runner import NOT_FINITE, added_up, folded
from autograd.trees import NUMBER, Rebuild, flatten, structure

__all__ = ["Request", "Results", "parting", "several", "unit"]

Direction = tuple[Array, Array]


class Request(NamedTuple):
    """The sweep that is asked of a program.

    Attributes:
        places: the arguments to differentiate in.
        output: of gradients, the output; with a direction, they are those of its tangent.
        weight: of that output.
        direction: for tangents, u and x in the shape of the arguments': derivatives of the
            outputs along them are further outputs, after the others.
        per_lane: whether every lane has a gradient of its own, in uniform arguments too.
    """

    places: tuple[int, ...] = ()
    output: int | None = None
    weight: float = 1.0
    direction: Direction | None = None
    per_lane: bool = False


class Results:
    """The results of a request, which `TraceCache` fills, lane by lane.

    Args:
        f, arguments: what is called.
        request: what is asked for.
        threads: how many share the lanes.

    Attributes:
        out: the outputs, a row each, a column a lane.
        d_u, d_x: the gradient: d_u is summed over lanes, unless each has its own.
        rebuild, built, single: as a trace's.
        closed: the Values from outside f that its traces read.
        parted: of each trace, lanes that go along it.
        by_itself: whether a lane was computed by f itself.
    """

    rebuild: Rebuild
    built: Any
    single: bool

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Arguments,
        request: Request,
        threads: int = 1,
    ) -> None:
        self.f, self.arguments, self.request, self.threads = f, arguments, request, threads
        self.places, self.output, self.weight, self.direction, self.per_lane = request
        self.closed: set[Value] = set()
        self.parted: dict[Any, Array] = {}
        self.by_itself = False
        self.out: Array = None
        self.d_u = np.zeros((len(arguments.u), arguments.lanes if self.per_lane else 1))
        varies = 0 in [arguments.axes[i] for i in self.places]
        self.d_x = np.zeros(arguments.x.shape if varies else (0, 1))

    def of_lane(self, lane: int) -> Results:
        """The same request of one lane, without its results."""
        one, request = self.arguments.of_lane(lane), self.request
        if self.direction is not None:
            t_u, t_x = self.direction
            request = request._replace(direction=(t_u, t_x[:, lane : lane + 1]))
        return Results(self.f, one, request)

    def run(self, trace: Any, lanes: Array) -> tuple[int, Array, list[Array]]:
        """The status (see `runner`), how each lane goes, and results if all go this way."""
        given = self.arguments
        u: list[Array] = [given.u, [value.data for value in trace.closed]]
        x = given.x if len(lanes) == given.x.shape[1] else given.x[:, lanes]
        names = [trace.names[i] for i in self.places if trace.names[i]]
        wrt = None if self.output is None else names
        try:
            sweep = trace.program.sweep(
                wrt, None if self.direction is None else names, self.per_lane
            )
        except NotImplementedError:  # a rule that is not generic: eager knows
            plain = trace.program.sweep()
            _, taken, *_ = plain.run(np.concatenate(u), x, None, self.threads)
            return NOT_FINITE, taken, []
        if self.direction is not None:
            u += [self.direction[0], np.zeros(len(trace.closed))]
            x = np.concatenate([x, self.direction[1][:, lanes]])
        seed = None
        if self.output is not None:
            seed = self.seed(trace.program.tape.outputs, len(lanes))
        run = sweep.run(np.concatenate(u), x, seed, self.threads)
        status, taken, out, d_u, d_x = run
        if seed is None:
            return status, taken, [out]
        if self.per_lane:
            return status, taken, [out[: len(seed)], out[len(seed) :]]
        d_x = x[:0] if d_x is None else d_x[: len(given.x)]
        return status, taken, [out, d_u[: len(given.u), None], d_x]

    def seed(self, count: int, lanes: int) -> Array:
        """The weight of each of so many outputs; with a direction, of the tangents."""
        assert self.output is not None
        seed = np.zeros((count if self.direction is None else 2 * count, lanes))
        seed[self.output - (0 if self.direction is None else count)] = self.weight
        return seed[:, :1] if self.per_lane else seed

    def add(self, trace: Any, lanes: Array, results: list[Array]) -> None:
        """Take in results of lanes."""
        self.closed.update(trace.closed)
        self.parted[trace] = lanes
        where = lanes if len(lanes) < self.arguments.lanes else slice(None)
        self.put(where, results[0], trace.rebuild, trace.built)
        if self.per_lane:  # gradients are further outputs: uniform inputs, then the others
            axes, at = self.arguments.axes, 0
            for i in sorted(self.places, key=lambda i: (axes[i] is not None, i)):
                side, rows = self.d_u if axes[i] is None else self.d_x, self.arguments.rows[i]
                side[rows.start : rows.stop, where] = results[1][at : at + len(rows)]
                at += len(rows)
        elif len(results) > 1:
            self.d_u = added_up(np.concatenate([self.d_u, results[1]], 1))
            if len(results[2]):
                self.d_x[:, where] += results[2]

    def put(self, lanes: Any, out: Array, rebuild: Rebuild, built: Any) -> None:
        if self.out is None:
            self.rebuild, self.built, self.single = rebuild, built, built == NUMBER.key
            if type(lanes) is slice and out.shape[1] == self.arguments.lanes:  # of all
                self.out = out
                return
            self.out = np.empty((len(out), self.arguments.lanes or 1))
        if built != self.built:
            raise parting()
        self.out[:, lanes] = out

    def eager(self, lane: int) -> None:
        """Compute one lane by f itself."""
        self.by_itself, given, gradients = True, self.arguments, list[Any]()
        with given.naming(lane):
            options = transforms.Options(self.places)
            run = transforms._Run(self.f, given.sample(lane), {}, options, every=True)
            out = [primal(y) for y in run.outputs]
            built = structure(run.rebuild_outputs([0.0] * len(out)), "the result of f").key
            if self.direction is not None:
                along = self.along(self.direction, lane)
                if self.output is None:
                    out += map(primal, run.push(along))
                else:
                    gradients = run.curve(run.outputs[self.output], along)
                    out += [0.0] * len(out)
            elif self.output is not None:
                gradients = run.pull([(run.outputs[self.output], self.weight)])
        parts = [*zip(self.places, run.shaped([*map(primal, gradients)]) if gradients else ())]
        self.put(np.array([lane]), np.array(out).reshape(-1, 1), run.rebuild_outputs, built)
        weight = 1.0 if self.direction is None else self.weight
        for i, each in parts:
            numbers: Array = weight * np.array(flatten(each, "")[0])
            rows = given.rows[i]
            if given.axes[i] is None and self.per_lane:
                self.d_u[rows.start : rows.stop, lane] = numbers
            elif given.axes[i] is None:
                mine = self.d_u[rows.start : rows.stop, 0]
                mine[:] = added_up(np.array([mine, numbers]).T)[:, 0]
            else:
                self.d_x[rows.start : rows.stop, lane] = numbers

    def along(self, direction: Direction, lane: int) -> list[float]:
        """One lane of u and x: the numbers of the arguments to differentiate in."""
        numbers: list[float] = []
        for i in self.places:
            rows = self.arguments.rows[i]
            side = direction[0] if self.arguments.axes[i] is None else direction[1][:, lane]
            numbers += side[rows.start : rows.stop].tolist()
        return numbers

    def differs(self) -> str | None:
        """How the results of one lane differ from those of f, by more than rounding."""
        along, slopes = None, []
        if self.direction is not None:
            numbers = iter(self.along(self.direction, 0))
            sizes = [len(self.arguments.rows[i]) for i in self.places]
            along = [[*islice(numbers, size)] for size in sizes]
        if self.output is not None:
            count = len(self.out) if along is None else len(self.out) // 2
            seed, parts = self.seed(count, 1).ravel().tolist(), self.parts()
            slopes = [(seed, [x for part in parts for x in part.ravel().tolist()])]
        sample, values = self.arguments.sample(0), self.out.ravel().tolist()
        return compare(self.f, sample, values, slopes, self.places, along)

    # ------------------------------------------------------------------ results

    def parts(self) -> list[Array]:
        """The gradient in each argument, a row a number."""
        given = self.arguments
        if self.output is None:
            return []
        sides = [self.d_u if given.axes[i] is None else self.d_x for i in self.places]
        rows = [given.rows[i] for i in self.places]
        return [side[mine.start : mine.stop] for side, mine in zip(sides, rows)]

    def total(self, row: Array) -> float:
        """The sum over lanes; exact, where parts of it are infinities that cancel."""
        if not self.arguments.lanes:  # a sum would lose the sign of -0.0
            return float(row[0])
        parts = folded(row)
        if not math.isnan(parts) or np.isnan(row).any():
            return parts
        return primal(fsum(row.tolist()))

    def shaped(self, out: Array, reduce: str | None) -> Any:
        """Outputs in the shape of f's result: of each lane, or their mean or sum."""
        lanes = self.arguments.lanes
        if reduce is not None or not lanes:
            count = lanes if reduce == "mean" and lanes else 1
            return self.rebuild([self.total(row) / count for row in out])
        if self.single:
            return out[0] if self.arguments.arrays else out[0].tolist()
        return self.of_lanes(self.rebuild, out)

    def of_lanes(self, rebuild: Callable[[Any], Any], numbers: Array) -> Any:
        """Rebuild each lane's result: of arrays an array, unless it is ragged."""
        numbers = np.moveaxis(numbers, -1, 0)
        if self.arguments.arrays:
            with suppress(ValueError):  # ragged
                first = np.array(rebuild(numbers[0].tolist()))
                if first.dtype == float:
                    return numbers.reshape(len(numbers), *first.shape)
                return np.array([*map(rebuild, numbers.tolist())])
        return [*map(rebuild, numbers.tolist())]


def unit(given: Arguments, i: int, row: int) -> Direction:
    """The direction of one number of an argument, in all lanes."""
    t_u, t_x = np.zeros(len(given.u)), np.zeros(given.x.shape)
    (t_u if given.axes[i] is None else t_x)[row] = 1.0
    return t_u, t_x


def parting() -> ValueError:
    """The error where samples do not give the same kind of result."""
    return ValueError("the samples give results that are built in different ways")


def several() -> TypeError:
    """The error where f should have returned one number."""
    return TypeError("the gradient: f returns a single number; use jacobian for several")
