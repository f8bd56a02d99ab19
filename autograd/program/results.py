"""The results of a request in all lanes, each along its trace or by f."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from autograd import transforms
from autograd.core.functions import fsum
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.program.arguments import Arguments
from autograd.program.check import compare
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Request
from autograd.program.targets.runner import added_up, folded
from autograd.trees import NUMBER, Structure, structure

__all__ = ["Results", "parting"]


class Results:
    """The results of a sweep, which `TraceCache` fills, lane by lane.

    Args:
        f, arguments: what is called.
        places: the arguments to differentiate in.
        output: of gradients, the output; along a direction, they are those of its tangent.
        weight: of that output.
        along: for tangents, u and x in the shape of the arguments': derivatives of the outputs
            along them are further outputs, after the others.
        per_lane: whether every lane has a gradient of its own, in uniform arguments too.
        threads: how many share the lanes.

    Attributes:
        request: what it asks of a program.
        blocks: "out", the outputs, and the gradient in each argument by its name: a row a
            number, a column a lane; but gradients in uniform arguments are sums, unless each
            lane has its own.
        form: the structure of f's result.
        closed: the Values from outside f that its traces read.
        parted: of each trace, lanes that go along it.
        by_itself: whether a lane was computed by f itself.
    """

    form: Structure

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Arguments,
        places: Sequence[int] = (),
        output: int | None = None,
        weight: float = 1.0,
        along: tuple[Array, Array] | None = None,
        per_lane: bool = False,
        threads: int = 1,
    ) -> None:
        self.f, self.arguments, self.places, self.threads = f, arguments, places, threads
        self.output, self.weight, self.along = output, weight, along
        self.names = names = tuple([arguments.names[i] for i in places])
        wrt = None if output is None else names
        self.request = Request(wrt, None if along is None else names, per_lane)
        self.closed: set[Value] = set()
        self.parted: dict[Any, Array] = {}
        self.by_itself = False
        self.blocks: dict[str, Array] = {}
        uniform = {arguments.names[i] for i in places if arguments.axes[i] is None}
        self.summed = set[str]() if per_lane else uniform

    def of_lane(self, lane: int) -> Results:
        """The same of one lane, without its results."""
        along = self.along and (self.along[0], self.along[1][:, lane : lane + 1])
        more = self.output, self.weight, along, self.request.per_lane
        return Results(self.f, self.arguments.of_lane(lane), self.places, *more)

    def weights(self, count: int) -> Array | None:
        """The weight of each of so many outputs; along a direction, of their tangents."""
        if self.output is None:
            return None
        weights = np.zeros(count)
        weights[self.output + (0 if self.along is None else count // 2) :][:1] = self.weight
        return weights

    def add(self, trace: Any, lanes: Array, blocks: dict[str, Array]) -> None:
        """Take in results of lanes."""
        self.closed.update(trace.closed)
        self.parted[trace] = lanes
        self.put(lanes, blocks, trace.form)

    def put(self, lanes: Array, blocks: dict[str, Array], form: Structure) -> None:
        if not self.blocks:
            count = self.arguments.lanes or 1
            self.form = form
            columns = {name: 1 if name in self.summed else count for name in blocks}
            if len(lanes) == count and all(blocks[k].shape[1] == n for k, n in columns.items()):
                self.blocks = blocks
                return
            self.blocks = {k: np.zeros((len(blocks[k]), n)) for k, n in columns.items()}
        if form.key != self.form.key:
            raise parting()
        for name, block in blocks.items():
            whole = self.blocks[name]
            if name in self.summed:
                whole[:] = added_up(np.concatenate([whole, block], 1))
            else:
                whole[:, lanes] = block

    def eager(self, lane: int) -> None:
        """Compute one lane by f itself."""
        self.by_itself, given, gradients = True, self.arguments, list[Any]()
        with given.naming(lane):
            options = transforms.Options((*self.places,))
            run = transforms.Run(self.f, given.sample(lane), {}, options, every=True)
            out = [primal(y) for y in run.outputs]
            form = structure(run.returned, "the result of f")
            if self.along is not None:
                along = self.direction(lane)
                if self.output is None:
                    out += map(primal, run.push(along))
                else:
                    gradients = run.curve(run.outputs[self.output], along)
                    out += [0.0] * len(out)
            elif self.output is not None:
                gradients = run.pull([(run.outputs[self.output], self.weight)])
        blocks = {"out": np.array(out).reshape(-1, 1)}
        if self.output is not None:
            weight = 1.0 if self.along is None else self.weight
            numbers: Array = weight * np.array([*map(primal, gradients)]).reshape(-1, 1)
            ends = np.cumsum([len(given.rows[name]) for name in self.names])
            blocks |= zip(self.names, np.split(numbers, ends))
        self.put(np.array([lane]), blocks, form)

    def direction(self, lane: int) -> list[float]:
        """One lane of the direction: the numbers of the arguments to differentiate in."""
        assert self.along is not None
        numbers: list[float] = []
        for i, name in zip(self.places, self.names):
            given = self.arguments
            side = self.along[0] if given.axes[i] is None else self.along[1][:, lane]
            numbers += side[given.rows[name]].tolist()
        return numbers

    def differs(self) -> str | None:
        """How the results of one lane differ from those of f, by more than rounding."""
        along = None if self.along is None else self.direction(0)
        out, slopes = self.out.ravel().tolist(), []
        if (weights := self.weights(len(out))) is not None:
            slopes = [(weights.tolist(), [x for d in self.slopes for x in d.ravel().tolist()])]
        return compare(self.f, self.arguments.sample(0), out, slopes, self.places, along)

    # ------------------------------------------------------------------ results

    @property
    def out(self) -> Array:
        """The outputs, a row each, a column a lane."""
        return self.blocks["out"]

    @property
    def slopes(self) -> list[Array]:
        """The gradient in each argument."""
        return [self.blocks[name] for name in self.names]

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
            return self.form.rebuild([self.total(row) / count for row in out])
        if self.form is NUMBER:
            return out[0] if self.arguments.arrays else out[0].tolist()
        return self.of_lanes(self.form.rebuild, out)

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


def parting() -> ValueError:
    """The error where samples do not give the same kind of result."""
    return ValueError("the samples give results that are built in different ways")
