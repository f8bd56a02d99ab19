"""The engine that goes by programs: model and loss are recorded once, for one sample.

Values, gradients, penalty, clipping and the optimizer's update run as programs on arrays: in
one call of the kernel (`Fused`) if all samples go one way, else way by way (`Run`).
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from contextlib import suppress
from operator import is_
from time import perf_counter as clock
from typing import Any

from autograd import Value, no_grad
from autograd.core import float_sweeps
from autograd.core.operand import primal
from autograd.core.traversal import begin
from autograd.program.ir.arrays import Array, np
from autograd.program.plan import Workspace
from autograd.program.program import Program, Request
from autograd.program.results import Numbers
from autograd.program.targets.runner import clip, folded
from autograd.program.trace.captured import Captured
from autograd.program.trace.record import Unrecordable, called
from autograd.program.trace.schedule import Schedule, moving
from autograd.program.trace.verify import difference
from autograd.program.traces import MAX_TRACES, Trace, TraceCache
from nn.layers import draws_from
from nn.training.batches import Batch, Drawn, plain
from nn.training.eager import Eager, Loss, Results, in_mode
from nn.training.state import Copy, preserved_random
from nn.training.update import Update

__all__ = ["ByValues", "Compiled", "Run", "Traces", "data_of", "is_mean"]

MOST = 64  # kinds of samples, and sizes of batches of each, that are remembered
SOME, MANY = 3, 256  # samples that eager computes; targets that tell a mean from a sum
TRAIN = Request(("params",))
FEW = 4  # ways that are no reason to give up


class ByValues(Exception):  # noqa: N818
    """This batch has to be done by Values."""


class Traces(TraceCache):
    """The ways that the model goes with samples that are built alike, to one end.

    Attributes:
        trains: whether it is to train, so that the gradient is wanted.
        has_penalty: whether the second output is one.
        mean: whether the loss of a batch is the mean of the samples', not the sum.
        draws: how many random numbers a sample takes.
        pairs: the ways that a check has seen in one batch.
        fused: by the size of the batch, the step as one call.
    """

    traces_at_once = MAX_TRACES  # no batch goes by f
    is_checked = False  # for predictions none is

    def __init__(self, f: Callable[..., Any], params: list[Value], state: Copy) -> None:
        super().__init__(f, (), params)
        self.state = state
        self.trains = self.has_penalty = False
        self.mean = True
        self.draws = 0
        self.pairs = set[frozenset[Trace]]()
        self.fused: dict[int, Fused] = {}

    def record(self, arguments: Any, lane: int) -> Trace | None:
        self.state.copies["model"].train(self.trains)
        with preserved_random():
            trace: Trace | None = self.state.unchanged(super().record, arguments, lane)
        return trace

    def tell(self) -> None:
        """`WithFallback` does."""

    def give_up(self, error: Unrecordable) -> None:
        """Raise an error that names the model; `WithFallback` goes on by Values."""
        raise ValueError(f"compile: {called(self.f)} {error}") from None

    def why_not(self) -> str:
        """Say why batches can't go by programs."""
        many = len(self.known) >= FEW
        return self.parting() if many else "gives numbers that programs can't"

    def weight(self, lanes: int) -> float:
        """The factor of each sample's loss in that of the batch."""
        return 1.0 / lanes if self.mean else 1.0


class Compiled:
    """The engine that goes by programs.

    Args:
        eager: the same by Values, with which some samples are compared.
        threads: how many share the samples.
        outputs: whether results have the model's outputs.

    Raises:
        TypeError, ValueError: by a step; model or loss can't be compiled, and the message
            says why. Nothing was changed.
        ByValues: by a step; something is not finite, or goes no way that can be recorded.
    """

    def __init__(self, eager: Eager, threads: int = 1, outputs: bool = False) -> None:
        self.eager, self.threads, self.wants_outputs = eager, threads, outputs
        self.model, self.optimizer = eager.model, eager.optimizer
        self.guards = [
            Captured(getattr(f, "forward", f))
            for f in (eager.loss, eager.penalty)
            if f is not None and getattr(f, "__module__", "") != "nn.losses"
        ]
        self.schedule = Schedule()
        self.forget()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()  # in the copy of a model, which makes its own

    def forget(self) -> None:
        """Let everything be recorded anew, as it is now."""
        self.pull()
        self.checking = True  # whether the next step is compared with eager
        self.traces: dict[Any, Traces] = {}
        self.listed = self.optimizer.params
        self.params = [*self.listed]
        self.update = Update(self.optimizer)
        self.current: Fused | None = None  # the one whose `u` has the parameters' data
        self.state: Copy | None = None  # as model, loss and penalty were recorded

    def changed(self) -> None:
        """Model, loss and penalty may have been changed: if so, record them anew."""
        if self.state is not None and self.state.difference():
            self.forget()

    def pull(self) -> None:
        """Bring the parameters back into the Values, if a backend keeps them elsewhere."""

    # ------------------------------------------------------------------ a step

    def train(self, batch: Batch) -> Results:
        """One step: the outputs, if they are wanted, and the loss with the penalty."""
        results = None
        while results is None:
            traces = self.traces_of(batch, trains=True)
            draws = traces.draws > 0
            results = self._drawn(batch, traces) if draws else self._train(batch, traces)
        return results

    def _drawn(self, batch: Batch, traces: Traces) -> Results | None:
        """One step with random numbers; if it is not made, they are given back."""
        state, steps = random.getstate(), self.optimizer.steps
        try:
            return self._train(Drawn(batch, traces.draws), traces)
        finally:
            if self.optimizer.steps == steps:
                random.setstate(state)

    def _train(self, batch: Batch, traces: Traces) -> Results | None:
        """One step; None if everything has to be recorded anew, and nothing is done yet."""
        schedule, fused = self.schedule, traces.fused.get(batch.lanes)
        schedule.left -= 1
        start = clock() if schedule.left <= 0 and not self.checking else None
        loss = None if fused is None or self.checking else fused.train(batch)
        if fused is None or loss is None:
            results = self._stepped(batch, traces)
        else:
            results = fused.outputs() if self.wants_outputs else [], loss
        if start is not None:
            self.checking |= schedule.is_due(clock() - start)
        return results

    def _stepped(self, batch: Batch, traces: Traces) -> Results | None:
        """The same by arrays; it is checked if that is due."""
        if not all(map(is_, self.optimizer.params, self.params)):
            self.forget()
        elif self.checking:
            self.changed()
        if not self.traces:
            return None
        run = self.run(batch, traces)
        ways = [trace for _, trace, *_ in run.parts]
        pairs = {*map(frozenset, itertools.combinations(ways, 2))}
        if self.checking or not pairs <= traces.pairs:  # a loss may weigh one way by another
            self.check(run)
            traces.pairs |= pairs
        if len(run.parts) == 1 and batch.lanes not in traces.fused:
            self._fuse(run)
        loss, slopes = self.finite(run.loss()), run.gradient()
        if self.eager.max_norm is not None and not clip(slopes, self.eager.max_norm):
            raise ByValues("has a gradient that is too large to be clipped")
        if not self.update.step(data_of(self.optimizer.params), slopes):
            raise ByValues("gives parameters that are not finite")
        return run.outputs() if self.wants_outputs else [], loss

    def measure(self, batch: Batch) -> Results:
        """The outputs, and the loss in eval mode without the penalty; NaN without targets."""
        self.pull()
        run = self.run(batch, self.traces_of(batch, trains=False))
        has_loss = len(batch.key) != 1
        loss = self.finite(run.loss()) if has_loss else math.nan
        wanted = self.wants_outputs or not has_loss
        return run.outputs() if wanted else [], loss

    def run(self, batch: Batch, traces: Traces) -> Run:
        """Run the programs on a batch."""
        run, known = Run(batch, traces), len(traces.known)
        try:
            traces.do(run, batch)
        except FloatingPointError as error:
            raise ByValues(traces.why_not()) from error
        if len(traces.known) > known:
            self.checking = True
        return run

    def finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise ByValues("gives numbers that programs can't")
        return loss

    def _fuse(self, run: Run) -> None:
        """Let one call make the next step with as many samples, if it can."""
        program, traces, lanes = run.parts[0][1].program, run.traces, run.batch.lanes
        sweep = program.sweep(TRAIN)
        if (
            sweep.native is not None
            and float_sweeps.exchanger is not None
            and all(root.lane is None for root in program.tape.outputs)
            and (sweep.has_lanes or lanes == 1)
        ):
            traces.fused[lanes] = Fused(self, run)
            keep(traces.fused)

    # ------------------------------------------------------------------ what is recorded

    def traces_of(self, batch: Batch, trains: bool) -> Traces:
        """The ways of samples like these.

        Raises:
            ValueError: the loss of a batch is neither the mean nor the sum of its samples'.
        """
        params = self.optimizer.params
        if trains and not params:
            raise ValueError("all parameters are frozen; let some have requires_grad=True")
        moved = params is not self.listed and not all(map(is_, params, self.params))
        stale = self.guards and not all(map(Captured.same, self.guards))
        if stale:
            self.guards = [Captured(guard.f) for guard in self.guards]
        if moved or stale or len(params) != len(self.params):
            self.forget()
        traces = self.traces.get((trains, batch.key))
        if traces is None:
            traces = self._new_traces(batch, trains)
            self.traces[trains, batch.key] = traces
            keep(self.traces)
        return traces

    def _new_traces(self, batch: Batch, trains: bool) -> Traces:
        eager, count = self.eager, len(batch.key)
        if self.state is None:
            self.state = Copy(model=self.model, loss=eager.loss, penalty=eager.penalty)
        state, has_penalty = self.state, trains and eager.penalty is not None

        def sample(x: Any = None, y: Any = None, drawn: Any = ()) -> tuple[Any, ...]:
            """The loss of one sample, the penalty, and the outputs, as far as wanted."""
            model, loss, penalty = state.copies.values()
            numbers = iter(drawn)
            with draws_from(lambda: next(numbers)):
                outputs = model(x) if count else ()
            losses = () if count == 1 else (loss([outputs], [y]) if count else loss(),)
            penalties = (penalty(self.optimizer.params),) if has_penalty else ()
            return (*losses, *penalties, outputs if self.wants_outputs or not trains else ())

        sample.__qualname__ = "the model or the loss"  # as messages name it
        traces = Traces(sample, self.params, state)
        traces.trains, traces.has_penalty = trains, has_penalty
        with preserved_random():
            if count:
                traces.draws = state.unchanged(self._draws, batch.sample(0)[0], trains)
            if count == 2:
                mean = state.unchanged(self._is_mean, batch)
                if mean is None:
                    raise ByValues("gives losses that are all 0, or not finite")
                traces.mean = mean
        return traces

    def _draws(self, x: Any, training: bool) -> int:
        """How many random numbers a sample takes from the source of the layers."""
        assert self.state is not None
        numbers = itertools.count()
        with no_grad(), draws_from(lambda: 0.0 * next(numbers)):
            self.state.copies["model"].train(training)(x)
        return next(numbers)

    def _is_mean(self, batch: Batch) -> bool | None:
        """Whether the loss is a mean, by some outputs of the model beside targets of all."""
        assert self.state is not None
        model, loss, _ = self.state.copies.values()
        model.eval()
        whole = batch.source or batch
        some = random.Random(0).sample(range(whole.lanes), min(MANY, whole.lanes))
        xs, ys = whole.take(some).lists()
        with no_grad():
            outputs = [plain(model(x)) for x in xs[:2]] * len(ys)
            return is_mean(loss, outputs[: len(ys)], ys)

    @property
    def program(self) -> Program | None:
        """The program of a training step that was recorded last."""
        training = [
            trace for traces in self.traces.values() if traces.trains for trace in traces.known
        ]
        return training[-1].program if training else None

    # ------------------------------------------------------------------ is it right?

    def check(self, run: Run) -> None:
        """Compare some samples with what eager gives.

        Raises:
            ValueError: they differ.
        """
        start, since, turn = clock(), begin(), self.schedule.turn
        n = run.batch.lanes
        lanes = [int(mine[turn % len(mine)]) for mine, *_ in run.parts]
        lanes += [moving(SOME * turn + i, n) for i in range(min(n, SOME))]
        some = run.batch.take(lanes) if run.batch.parts else run.batch
        samples = some.lists() if run.batch.parts else []
        numbers = itertools.chain(*itertools.chain(*samples[2:]))
        with (
            preserved_random(),
            in_mode(self.model, training=True),
            draws_from(lambda: next(numbers)),
        ):
            outputs = self.eager.outputs(*samples[:1])
            objective = self.eager.node(self.eager.objective(outputs, *samples[1:2]))
        again = self.run(some, run.traces)
        slopes = [([1.0], again.gradient().tolist())]
        why = difference("the loss", [objective], self.params, [again.loss()], slopes, since)
        if why is not None:
            self.forget()
            raise ValueError(
                f"the program of the loss gives {why}; it has to depend on nothing but the "
                "model, the outputs and the targets"
            )
        self.checking = False
        self.schedule.note_check(clock() - start)


class Run:
    """The results of programs for a batch, way by way: a call of `TraceCache`.

    Attributes:
        parts: samples that go one way, the trace, its outputs and gradient for them.
    """

    along, threads = None, 1

    def __init__(self, batch: Batch, traces: Traces) -> None:
        self.batch = self.arguments = batch
        self.traces, self.request = traces, TRAIN if traces.trains else Request()
        self.parts: list[tuple[Array, Trace, Array, Any]] = []

    def weights(self, count: int) -> Any:
        """The weight of each output."""
        weights = np.zeros(count)
        weights[:1] = self.traces.weight(self.batch.lanes)
        if self.traces.has_penalty:
            weights[1] = 1.0 / self.batch.lanes
        return weights if self.traces.trains else None

    def add(self, trace: Trace, lanes: Array, numbers: Numbers, columns: Array | None) -> None:
        """Take in the results of lanes, which are some of the columns, or all."""
        out = numbers.out[: len(trace.tape.outputs)].copy()
        if out.shape[1] == 1:
            out = np.broadcast_to(out, (len(out), len(lanes)))
        elif columns is not None:
            out = out[:, columns]
        params = numbers.d_u[: len(self.traces.first), None].copy()
        self.parts.append((lanes, trace, out, params))

    def by_function(self, lanes: Array) -> None:
        """Lanes that no program can do: then none does this batch."""
        raise ByValues(self.traces.why_not())

    def loss(self) -> float:
        """The loss of all samples, with the penalty."""
        losses = np.empty(self.batch.lanes)
        for mine, _, out, _ in self.parts:
            losses[mine] = out[0]
        penalty = float(self.parts[0][2][1, 0]) if self.traces.has_penalty else 0.0
        return self.traces.weight(len(losses)) * folded(losses) + penalty

    def gradient(self) -> Array:
        """The gradient in the parameters; ways add to it in the order of their samples."""
        parts = sorted(self.parts, key=lambda part: int(part[0][0]))
        return np.add.reduce([gradient[:, 0] for *_, gradient in parts])

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        outputs: list[Any] = [None] * self.batch.lanes
        for lanes, trace, out, _ in self.parts:
            for lane, output in zip(lanes.tolist(), listed(outputs_of(trace, out))):
                outputs[lane] = output
        return outputs


class Fused:
    """A step in one call: values, gradient, clipping, update, and all of it written at once.

    Attributes:
        u: the numbers that samples share, beginning with the parameters.
        data, gradient: those of the parameters.
        unused: the parameters whose gradient the program never writes.
    """

    def __init__(self, engine: Compiled, run: Run) -> None:
        self.lanes, self.engine, count = run.batch.lanes, engine, len(engine.params)
        self.trace = trace = run.parts[0][1]
        self.space = space = Workspace(trace.program, TRAIN, trace.closed, engine.threads)
        space.run(run.batch.u, run.batch.x, run.weights(space.outputs))
        self.u, self.runner = space.outside, space.runner
        self.data, self.gradient = self.u[:count], space.numbers.d_u[:count]
        self.gradient.fill(math.nan)
        self.runner.run(run.batch.parts)
        self.unused = np.flatnonzero(np.isnan(self.gradient)).tolist()
        self.out = space.numbers.out[: space.outputs]
        limit = -1.0 if engine.eager.max_norm is None else engine.eager.max_norm
        weight, exchange = run.traces.weight(self.lanes), (float_sweeps.exchanger, trace.closed)
        self.loss = weight, run.traces.has_penalty, limit, *exchange
        self.others = trace.closed[count:], self.u[count:]

    def train(self, batch: Batch) -> float | None:
        """The loss, after a step; None if this can't make it, and nothing has changed."""
        engine = self.engine
        current, engine.current = engine.current, None
        update = engine.update.arguments(self.data, self.gradient)
        if update[0] is None:
            return None
        if current is not self:
            float_sweeps.read_data(self.trace.closed, self.u)
        elif self.others[0]:
            float_sweeps.read_data(*self.others)
        loss: float | None = False
        for _ in range(2):
            if self.unused:
                self.gradient[self.unused] = 0.0  # `exchange` put former gradients there
            loss = self.runner.train(batch.parts, self.loss, engine.listed, update)
            if loss is not False:
                break
            float_sweeps.read_data(self.trace.closed, self.u)  # someone has set a parameter
        if loss is None or loss is False:
            return None
        engine.current = self
        return loss

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        return listed(outputs_of(self.trace, self.out[:, : self.lanes]))


# ---------------------------------------------------------------- helpers


def is_mean(loss: Loss, outputs: list[Any], targets: list[Any]) -> bool | None:
    """Whether the loss of a batch is the mean of the losses of its samples, not their sum.

    Two batches of different sizes tell; None if they don't: all losses are 0, or one is not
    finite.

    Args:
        outputs, targets: of some samples, as plain numbers.

    Raises:
        TypeError: the loss is no single number.
        ValueError: it is neither.

    >>> import nn
    >>> is_mean(nn.mse_loss, [0.0, 2.0], [1.0, 1.5])
    True
    """
    outputs, targets = [[*part * 3][: max(3, len(part))] for part in (outputs, targets)]
    try:
        each = [_number(loss, [o], [t]) for o, t in zip(outputs, targets)]
    except ArithmeticError as error:
        raise ValueError(f"the loss couples samples: of one alone, {error!r}") from error
    if not all(map(math.isfinite, each)):
        return None
    kinds = {True, False}
    for n in (len(each), len(each) - 1):
        whole, total = _number(loss, outputs[:n], targets[:n]), math.fsum(each[:n])
        if not math.isfinite(whole + total):
            return None
        most = 1e-9 * math.fsum(map(abs, each[:n]))
        kinds &= {mean for mean in kinds if abs(whole - total / (n if mean else 1)) <= most}
    if not kinds:
        raise ValueError(
            "the loss couples samples: it is neither the mean nor the sum of their losses; of "
            'a mean that is weighted by class, reduction="sum" is one'
        )
    return kinds.pop() if len(kinds) == 1 else None


def _number(loss: Loss, outputs: list[Any], targets: list[Any]) -> float:
    number = loss(outputs, targets)
    try:
        return primal(number)
    except (TypeError, AttributeError) as error:
        raise TypeError("the loss must be a single number; use one reduction") from error


def outputs_of(trace: Trace, out: Array) -> Any:
    """The model's output in each lane: an array of even lists, or else a list."""
    first = trace.rebuild(out[:, 0].tolist())[-1]
    with suppress(ValueError):  # ragged
        numbers = np.array(first)
        if numbers.tolist() == first:
            return out[len(out) - numbers.size :].T.reshape(-1, *numbers.shape)
    return [trace.rebuild(column)[-1] for column in out.T.tolist()]


def listed(outputs: Any) -> list[Any]:
    """An array as a list."""
    return outputs if isinstance(outputs, list) else outputs.tolist()


def keep(cache: dict[Any, Any]) -> None:
    """Forget the oldest of many entries."""
    while len(cache) > MOST:
        del cache[next(iter(cache))]


def data_of(values: list[Value]) -> Array:
    """The numbers of Values."""
    numbers = np.empty(len(values))
    float_sweeps.read_data(values, numbers)
    return numbers
