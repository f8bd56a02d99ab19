"""Traces: the ways that a model goes, run on a batch one by one, or as one fused step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Value
from autograd.core import floats
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Sweep
from autograd.program.specialize import Trace, TraceCache
from autograd.program.targets.runner import folded
from nn.training.batches import Batch

__all__ = ["BatchCall", "FallBack", "FusedStep", "Traces", "data_of"]

FEW = 4  # traces that are recorded in any case
RECORDING = 40_000, 30  # a trace's cost in nodes by Values: that of any, and for each node


class FallBack(Exception):  # noqa: N818
    """A sample has to be done by Values."""


class Traces(TraceCache):
    """The ways that the model goes with samples that are built alike, to one end.

    Args:
        f: what is recorded of a sample.
        params: come first among the Values that it reads.
        unchanged: calls what it is given, and raises if that changes anything.
        samples: as a `Step`'s.

    Attributes:
        key: in the cache of a step.
        trains: whether the gradient is wanted.
        penalty: whether the second output is one, which all samples share.
        mean: whether the loss of a batch is the mean of the samples', not the sum.
        draws: how many random numbers a sample takes in training.
        sizes: of batches whose loss has been compared with eager's.
        fused: by the size of the batch, the step as one call.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        params: list[Value],
        unchanged: Callable[..., Any],
        samples: float,
    ) -> None:
        super().__init__(f, (), params)
        self.unchanged, self.samples = unchanged, samples
        self.key: Any = None
        self.trains = self.penalty = False
        self.mean, self.draws = True, 0
        self.sizes: set[int] = set()
        self.fused: dict[int, FusedStep] = {}

    def record(self, arguments: Any, lane: int) -> Trace | None:
        fixed, each = RECORDING
        count, nodes = len(self.found), self.nodes
        if count >= FEW and count * (count * fixed + nodes * each) > self.samples * nodes:
            raise FallBack
        trace: Trace | None = self.unchanged(super().record, arguments, lane)
        return trace

    def weight(self, lanes: int) -> float:
        """The factor of each sample's loss in that of the batch."""
        return 1.0 / lanes if self.mean else 1.0


class BatchCall:
    """What programs give for a batch, trace by trace: a job of `TraceCache`.

    Attributes:
        parts: samples that go one way, the trace, its outputs and gradient for them.
    """

    def __init__(self, batch: Batch, traces: Traces) -> None:
        self.batch, self.traces, self.params = batch, traces, len(traces.first)
        self.parts: list[tuple[Array, Trace, Array, Any]] = []

    # ------------------------------------------------------------------ running

    def run(self, trace: Trace, lanes: Array) -> tuple[int, Array, list[Array]]:
        """The status, whether each lane goes this way, and outputs and gradient if all do."""
        inputs = self._inputs(trace, lanes)
        if not self.traces.trains:
            status, follows, out, *_ = trace.program.sweep().run(*inputs)
            return status, follows, [out]
        sweep = trace.program.sweep([range(self.params)])
        status, follows, out, d_u, _ = sweep.run(*inputs, self.seed(trace, len(lanes)))
        return status, follows, [out, d_u[: self.params]]

    def _inputs(self, trace: Trace, lanes: Array) -> tuple[Array, Array]:
        x = self.batch.x
        return data_of(trace.closed), x if len(lanes) == self.batch.lanes else x[:, lanes]

    def seed(self, trace: Trace, lanes: int) -> Array:
        """The weight of each output."""
        seed = np.zeros((trace.program.tape.outputs, lanes))
        seed[0] = self.traces.weight(self.batch.lanes)
        if self.traces.penalty:
            seed[1] = 1.0 / self.batch.lanes
        return seed

    def add(self, trace: Trace, lanes: Array, results: list[Array]) -> None:
        """Take in results of lanes."""
        out = np.broadcast_to(results[0], (len(results[0]), len(lanes)))
        self.parts.append((lanes, trace, out, results[-1]))

    def eager(self, lane: int) -> None:
        """A lane that no program can do: then none does this batch."""
        raise FallBack

    # ------------------------------------------------------------------ results

    def loss(self, lanes: Sequence[int] | None = None) -> float:
        """The loss of some of the lanes, or of all, with the penalty."""
        losses = np.empty(self.batch.lanes)
        for mine, _, out, _ in self.parts:
            losses[mine] = out[0]
        if lanes is not None:
            losses = losses[lanes]
        penalty = float(self.parts[0][2][1, 0]) if self.traces.penalty else 0.0
        return self.traces.weight(len(losses)) * folded(losses) + penalty

    def gradient(self) -> Array:
        """The gradient in the parameters; traces add to it in the order of their samples."""
        parts = sorted(self.parts, key=lambda part: int(part[0][0]))
        return np.add.reduce([gradient for *_, gradient in parts])

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        found: list[Any] = [None] * self.batch.lanes
        for lanes, trace, out, _ in self.parts:
            for lane, column in zip(lanes.tolist(), out.T.tolist()):
                found[lane] = trace.rebuild(column)[-1]
        return found


class FusedStep:
    """A step with so many samples, which all go one way: one call.

    Args:
        call: a step that was made.
        sweep: the gradient's.
        max_norm: the largest norm of the gradient.
        threads: how many share the samples.

    Attributes:
        u: the data of the Values that the program reads, beginning with the parameters.
        data, gradient: that of the parameters.
        unused: the parameters whose gradient the program never writes.
        others: the other Values, and where their data goes.
        train: as that of the runner.
    """

    def __init__(
        self, call: BatchCall, sweep: Sweep, max_norm: float | None, threads: int
    ) -> None:
        parts, self.lanes = call.batch.parts, call.batch.lanes
        self.trace = trace = call.parts[0][1]
        lanes = sweep.lanes or self.lanes
        u, out, d_u, _ = sweep.memory(lanes)
        self.u = u[: len(trace.closed)]
        self.data, self.gradient = u[: call.params], d_u[: call.params]
        floats.read_data(trace.closed, self.u)
        self.gradient.fill(math.nan)
        seed = sweep.spread(call.seed(trace, self.lanes))
        answers = sweep.answers
        self.runner = sweep.runner(lanes, u, parts, seed, out, d_u, None, answers, threads)
        self.runner.run(parts)
        self.unused = np.flatnonzero(np.isnan(self.gradient)).tolist()
        self.out = out[: sweep.outputs]
        limit = -1.0 if max_norm is None else max_norm
        exchange = floats.exchanger, trace.closed
        weight = call.traces.weight(self.lanes)
        self.loss = weight, call.traces.penalty, limit, *exchange
        self.others = trace.closed[call.params :], self.u[call.params :]
        self.train: Any = self._train_cleared if self.unused else self.runner.train

    def _train_cleared(self, *arguments: Any) -> Any:  # pragma: no cover: of the kernel
        self.gradient[self.unused] = 0.0  # `exchange` put former gradients there
        return self.runner.train(*arguments)

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        return [self.trace.rebuild(column)[-1] for column in self.out.T[: self.lanes].tolist()]


def data_of(values: list[Value]) -> Array:
    """The numbers of Values."""
    numbers = np.empty(len(values))
    floats.read_data(values, numbers)
    return numbers
