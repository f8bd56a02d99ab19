"""The results of a request in all lanes, each along its trace or by f."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from autograd import transforms
from autograd.core.functions import fsum
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.program.arguments import Arguments
from autograd.program.check import compare
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.runner import NOT_FINITE, THIS, added_up, folded
from autograd.trees import NUMBER, Rebuild, structure

__all__ = ["Request", "Results", "parting", "unit"]

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
        blocks: the outputs, and the gradient in each argument: a row a number, a column a lane;
            but gradients in uniform arguments are sums, unless each lane has its own.
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
        self.blocks: list[Array] = []
        self.rows = [arguments.rows[i] for i in self.places]
        self.uniform = [arguments.axes[i] is None for i in self.places]

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
            return NOT_FINITE, np.array([THIS]), []
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
        if self.per_lane:  # gradients are further outputs: uniform inputs, then the others
            order = sorted(
                range(len(self.places)), key=lambda k: (not self.uniform[k], self.places[k])
            )
            cuts = np.cumsum([len(seed), *[len(self.rows[k]) for k in order]])
            out, *parts = np.split(out, cuts[:-1])
            return status, taken, [out, *[parts[order.index(k)] for k in range(len(order))]]
        d_x = np.zeros((len(given.x), len(lanes))) if d_x is None else d_x
        sides = [d_u[:, None] if each else d_x for each in self.uniform]
        return status, taken, [out, *[d[r.start : r.stop] for d, r in zip(sides, self.rows)]]

    def seed(self, count: int, lanes: int) -> Array:
        """The weight of each of so many outputs; with a direction, of the tangents."""
        assert self.output is not None
        seed = np.zeros((count if self.direction is None else 2 * count, lanes))
        seed[self.output - (0 if self.direction is None else count)] = self.weight
        return seed[:, :1] if self.per_lane else seed

    def add(self, trace: Any, lanes: Array, blocks: list[Array]) -> None:
        """Take in results of lanes."""
        self.closed.update(trace.closed)
        self.parted[trace] = lanes
        self.put(lanes, blocks, trace.rebuild, trace.built)

    def put(self, lanes: Array, blocks: list[Array], rebuild: Rebuild, built: Any) -> None:
        count = self.arguments.lanes or 1
        summed = [False, *[each and not self.per_lane for each in self.uniform]]
        columns = [1 if each else count for each in summed]
        if not self.blocks:
            self.rebuild, self.built, self.single = rebuild, built, built == NUMBER.key
            if len(lanes) == count and [block.shape[1] for block in blocks] == columns:
                self.blocks = blocks
                return
            self.blocks = [np.zeros((len(block), n)) for block, n in zip(blocks, columns)]
        if built != self.built:
            raise parting()
        for whole, block, total in zip(self.blocks, blocks, summed):
            if total:
                whole[:] = added_up(np.concatenate([whole, block], 1))
            else:
                whole[:, lanes] = block

    def eager(self, lane: int) -> None:
        """Compute one lane by f itself."""
        self.by_itself, given, gradients = True, self.arguments, list[Any]()
        with given.naming(lane):
            options = transforms.Options(self.places)
            run = transforms._Run(self.f, given.sample(lane), {}, options, every=True)
            out = [primal(y) for y in run.outputs]
            built = structure(run.returned, "the result of f").key
            if self.direction is not None:
                along = self.along(self.direction, lane)
                if self.output is None:
                    out += map(primal, run.push(along))
                else:
                    gradients = run.curve(run.outputs[self.output], along)
                    out += [0.0] * len(out)
            elif self.output is not None:
                gradients = run.pull([(run.outputs[self.output], self.weight)])
        blocks: list[Array] = [np.array(out).reshape(-1, 1)]
        if self.output is not None:
            weight = 1.0 if self.direction is None else self.weight
            numbers: Array = weight * np.array([*map(primal, gradients)]).reshape(-1, 1)
            blocks += np.split(numbers, np.cumsum([*map(len, self.rows)])[:-1])
        self.put(np.array([lane]), blocks, run.rebuild_outputs, built)

    def along(self, direction: Direction, lane: int) -> list[float]:
        """One lane of u and x: the numbers of the arguments to differentiate in."""
        numbers: list[float] = []
        for each, rows in zip(self.uniform, self.rows):
            side = direction[0] if each else direction[1][:, lane]
            numbers += side[rows.start : rows.stop].tolist()
        return numbers

    def differs(self) -> str | None:
        """How the results of one lane differ from those of f, by more than rounding."""
        along = None if self.direction is None else self.along(self.direction, 0)
        slopes = []
        if self.output is not None:
            count = len(self.out) if along is None else len(self.out) // 2
            seed = self.seed(count, 1).ravel().tolist()
            slopes = [(seed, [x for d in self.blocks[1:] for x in d.ravel().tolist()])]
        sample, values = self.arguments.sample(0), self.out.ravel().tolist()
        return compare(self.f, sample, values, slopes, self.places, along)

    # ------------------------------------------------------------------ results

    @property
    def out(self) -> Array:
        """The outputs, a row each, a column a lane."""
        return self.blocks[0]

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
