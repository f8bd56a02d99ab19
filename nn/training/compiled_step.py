"""compile: a training step that is recorded once and replayed over all samples of a batch.

The model and the loss are recorded for one sample; parameters are what they read from
outside. Values, gradients, penalty, clipping and the optimizer's update then run as programs
(`autograd.program`), on arrays.

A step goes one of three ways: `Ready` makes all of it in one call, of the kernel or of what
NumPy has in its place; a `Run` does where samples part; `EagerStep` does by Values where
something is not finite, and raises what is to be said.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import is_
from typing import Any, TypeVar
from weakref import WeakSet

from autograd import Value, no_grad
from autograd.core import floats
from autograd.program.ir.arrays import Array, np
from autograd.program.program import Program, Runner
from autograd.program.recorded import surplus, used
from autograd.program.specialize import Path, Paths
from autograd.program.targets.runner import clip, folded
from autograd.program.trace.captured import Captured
from nn.layers import draws_from
from nn.module import Module
from nn.training.batches import Batch
from nn.training.eager_step import EagerStep, modes_kept, plain, with_gradients_kept
from nn.training.separable import is_mean
from nn.training.side_effects import Snapshot
from nn.training.update import Update

__all__ = ["Step"]

T = TypeVar("T")
MOST_SIZES = 64  # of batches, for which a step is one call
Results = tuple[list[Any], float]  # the outputs, if they are wanted, and the loss


class Step:
    """A compiled training step: `step(X, y)` is the loss, after one step of the optimizer.

    `nn.compile` makes one. Threads that share it take turns.

    Args:
        eager: the same step by Values.
        threads: how many share the samples.
        outputs: whether `train` gives the model's outputs.

    Attributes:
        doubted: whether the next step first compares some samples with what eager gives, since
            the model may have been changed; it is recorded anew if they differ, or if what the
            model or the loss reaches does.
        leads: whether this process is the first of those that train together.
    """

    leads = True

    def __init__(self, eager: EagerStep, threads: int = 1, outputs: bool = False) -> None:
        self.eager, self.threads, self.outputs = eager, threads, outputs
        self.model, self.optimizer = eager.model, eager.optimizer
        self.doubted = False
        self._wait, self._countdown = (
            1,
            2,
        )  # steps until the next doubt, which is the 2nd, 4th, …
        self._captured = [
            Captured(getattr(f, "forward", f))
            for f in (eager.loss, eager.penalty)
            if f is not None and getattr(f, "__module__", "") != "nn.losses"
        ]
        self._now: Snapshot | None = None  # of what has not yet been changed by this call
        self._last: Batch | None = None
        self._lock = threading.RLock()
        _steps.add(self)
        self._forget()

    def _forget(self) -> None:
        """Let everything be recorded anew."""
        self._params = [*self.optimizer.params]
        self._update = Update(self.optimizer)
        self._kinds: dict[Any, Kind] = {}
        self._seen: Snapshot | None = None  # when it was recorded
        self._current: Ready | None = None  # the one whose `u` has the parameters' data

    def __repr__(self) -> str:
        kind = type(self.model).__name__
        return f"<compiled step of {kind}, {len(self.optimizer.params)} parameters>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.eager, self.threads)

    @property
    def program(self) -> Program:
        """The program of a training step that was recorded last.

        Raises:
            RuntimeError: there is none yet.
        """
        paths = [p for kind in self._kinds.values() for p in kind.paths["train"].found]
        if not paths:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded by its first step")
        return paths[-1].program

    # ------------------------------------------------------------------ for people

    def __call__(self, X: Any = None, y: Any = None) -> float:  # noqa: N803
        """Train on n samples, lists or arrays; their loss before the step, with the penalty.

        Without samples, the loss is a function of nothing.

        Raises:
            TypeError, ValueError: X and y don't fit together or the model, or the model or the
                loss can't be compiled.
            FloatingPointError: a loss, a gradient or a parameter's next value is not finite;
                nothing was changed.
        """
        with self._lock:
            if X is None and y is None:
                self._last = Batch((), lambda i: (), ())
            elif self._last is None or not self._last.refill(X, y):
                self._last = Batch.of(X=X, y=y)
            return self.train(self._last)[1]

    def pull(self) -> None:
        """Bring the parameters back into the Values, if a backend keeps them elsewhere."""

    def evaluate(self, X: Any, y: Any) -> float:  # noqa: N803
        """The loss of n samples in eval mode, without the penalty; errors as for a call."""
        with self._lock:
            return self.measure(Batch.of(X=X, y=y))[1]

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The model's outputs for n samples in eval mode: an array if X is one, else a list."""
        batch = Batch.of(X=X)
        with self._lock:
            self._now = None
            self.pull()
            try:
                found = self._run("predict", batch, self._kind(batch)).outputs()
            except Abandoned:
                with in_mode(self.model, training=False), no_grad():
                    found = plain(self.eager.outputs(batch.lists()[0]))
        return np.array(found) if isinstance(X, np.ndarray) else found

    # ------------------------------------------------------------------ on batches

    def train(self, batch: Batch) -> Results:
        """One step: the outputs, if they are wanted, and the loss."""
        self._now = None
        kind = self._kind(batch)
        if not kind.draws:
            return self._train_on(batch, kind) or self.train(batch)
        state, steps = random.getstate(), self.optimizer.steps
        found = None
        try:
            drawn, self._now = batch.drawn(kind.draws), None
            found = self._train_on(drawn, kind)
        finally:
            if found is None and self.optimizer.steps == steps:
                random.setstate(state)
        return found or self.train(batch)

    def measure(self, batch: Batch) -> Results:
        """The outputs, if they are wanted, and the loss in eval mode, without the penalty."""
        self._now = None
        self.pull()
        try:
            run = self._run("measure", batch, self._kind(batch))
            return run.outputs() if self.outputs else [], self.eager.finite(run.loss())
        except (Abandoned, FloatingPointError):
            with in_mode(self.model, training=False):
                return self.eager.evaluate(*batch.lists())

    def _train_on(self, batch: Batch, kind: Kind) -> Results | None:
        """One step; None if the model was found to be changed, and nothing is done yet."""
        self._countdown -= 1
        if self._countdown == 0:
            self._wait *= 2
            self._countdown, self.doubted = self._wait, True
        ready = kind.ready.get(batch.lanes)
        if ready is not None and not self.doubted:
            loss = self._train_at_once(batch, ready)
            if loss is not None:
                return ready.outputs() if self.outputs else [], loss
        if self._are_others():
            self._forget()
            return None
        try:
            run = self._run("train", batch, kind)
            if not self._agrees(run, batch, kind):
                return None
            if len(run.parts) == 1:
                self._prepare(run, kind)
            loss = self.eager.finite(run.loss())
            data, gradient = data_of(self.optimizer.params), run.gradient()
            if self.eager.max_norm is not None and not clip(gradient, self.eager.max_norm):
                raise Abandoned
        except (Abandoned, FloatingPointError):
            return self._by_values(batch)
        except Exception:
            self._unchanged(self._objective, batch)  # raises, if eager does
            raise
        self._update.step(data, gradient)
        return run.outputs() if self.outputs else [], loss

    def _train_at_once(self, batch: Batch, ready: Ready) -> float | None:
        """The loss, after a step in one call; None if that can't make it."""
        update = self._update.at_once(ready.data, ready.gradient)
        if update[0] is None:
            return with_gradients_kept(self.optimizer, self._train_with, update, batch, ready)
        return self._train_with(update, batch, ready)

    def _train_with(self, update: tuple[Any, ...], batch: Batch, ready: Ready) -> float | None:
        current, self._current = self._current, None
        if current is not ready:
            floats.read_data(ready.path.closed, ready.u)
        elif ready.others[0]:
            floats.read_data(*ready.others)
        arguments = batch.parts, ready.loss, self.optimizer.params, update
        loss = ready.train(*arguments)
        if loss is False:  # someone has set the data of a parameter
            floats.read_data(ready.path.closed, ready.u)
            loss = ready.train(*arguments)
        if loss is None or loss is False:
            return None
        if update[0] is None:
            self.optimizer.step()
        else:
            self._current = ready
        return float(loss)

    def _prepare(self, run: Run, kind: Kind) -> None:
        """Let one call make the next step with as many samples, if it can."""
        program = run.parts[0][1].program
        sweep = program.sweep([range(run.params)])
        if (
            (sweep.native is None or floats.exchanger is not None)
            and all(lane is None for _, lane in program.tape.roots[: sweep.outputs])
            and (sweep.columns or run.batch.lanes == 1)
        ):
            kind.ready[run.batch.lanes] = Ready(run, sweep, self.eager.max_norm, self.threads)
            if len(kind.ready) > MOST_SIZES:
                kind.ready.pop(next(iter(kind.ready)))

    def _by_values(self, batch: Batch) -> Results:
        """The step as eager does it, which raises where something is not finite."""
        with self._as_recorded(batch) as samples:
            return self.eager.train(*samples)

    def _kind(self, batch: Batch) -> Kind:
        """What is known of such batches.

        Raises:
            ValueError: the loss of a batch is neither the mean nor the sum of its samples'.
        """
        if self._changed() or len(self.optimizer.params) != len(self._params):
            self._forget()
        kind = self._kinds.get(batch.key)
        if kind is None:
            recorded: dict[str, Callable[..., Any]] = {
                "train": self._in_mode(self._train, True),
                "measure": self._in_mode(self._measure, False),
                "predict": self._in_mode(self._predict, False),
            }
            params = self.optimizer.params
            paths = {
                name: RecordedPaths(f, params, self._unchanged) for name, f in recorded.items()
            }
            kind = Kind(paths)
            if len(batch.parts) == 2:
                self._unchanged(self._look_at, batch.sample(0), kind)
            self._kinds[batch.key] = kind
        return kind

    def _are_others(self) -> bool:
        """Whether the parameters are not those that were recorded, in their order."""
        return not all(map(is_, self.optimizer.params, self._params))

    def _changed(self) -> bool:
        """Whether the loss or the penalty captures something that has changed since."""
        changed = not all(captured.same() for captured in self._captured)
        if changed:
            self._captured = [Captured(captured.f) for captured in self._captured]
        return changed

    def _run(self, name: str, batch: Batch, kind: Kind) -> Run:
        """What programs give for a batch."""
        train = name == "train"
        penalty = train and self.eager.penalty is not None
        run = Run(batch, kind, len(self.optimizer.params), train, penalty)
        paths = kind.paths[name]
        known = len(paths.found)
        paths.do(run, batch)
        used(self._kinds, batch.key)
        if len(paths.found) > known:
            for key in [*self._kinds][: surplus([each.nodes for each in self._kinds.values()])]:
                del self._kinds[key]
        return run

    def _unchanged(self, f: Callable[..., T], *args: Any) -> T:
        """What f gives; ValueError if that changes what the model or the loss reaches."""
        if self._now is None:
            eager = self.eager
            self._now = Snapshot(model=self.model, loss=eager.loss, penalty=eager.penalty)
        if self._seen is None:
            self._seen = self._now
        return self._now.unchanged(f, *args)

    # ------------------------------------------------------------------ is it right?

    def _look_at(self, sample: tuple[Any, ...], kind: Kind) -> None:
        """Find what the loss of a batch is, and how many numbers a sample draws."""
        x, y = sample
        with in_mode(self.model, training=False), no_grad():
            output = plain(self.model(x))
        kind.mean = is_mean(self.eager.measured, output, plain(y))
        numbers = itertools.count()
        with (
            in_mode(self.model, training=True),
            no_grad(),
            draws_from(lambda: 0.0 * next(numbers)),
        ):
            self.model(x)
        kind.draws = next(numbers)

    def _agrees(self, run: Run, batch: Batch, kind: Kind) -> bool:
        """Compare a batch of a new size, or after doubt a sample, with what eager gives.

        False if the model was changed: everything is recorded anew then.

        Raises:
            ValueError: a new program gives something else.
        """
        known = batch.lanes in kind.sizes
        if known and not self.doubted:
            return True
        doubted, self.doubted = self.doubted, False
        if doubted and self._seen is not None and self._seen.changed(trained=True):
            self._forget()
            return False
        lanes = self._some(run) if known else range(batch.lanes)
        part = batch.chosen(lanes) if known else batch
        try:
            expected, got = self._unchanged(self._objective, part), run.loss(lanes)
        except TypeError:
            if not known:
                raise
            return True  # classes as floats, such as 2.0, are taken by programs only
        if math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12):
            kind.sizes.add(batch.lanes)
            return True
        if not doubted:
            raise ValueError(
                f"the program of the loss gives {got!r} where eager gives {expected!r}; it has "
                "to depend on nothing but the model, the outputs and the targets"
            )
        self._forget()
        return False

    def _some(self, run: Run) -> list[int]:
        """One sample of each way, others each time, and one of any."""
        steps = self.optimizer.steps
        some = [int(lanes[steps % len(lanes)]) for lanes, *_ in run.parts]
        return [*some, 40503 * steps % run.batch.lanes]

    def _objective(self, batch: Batch) -> float:
        """What eager gives as the loss of a batch, with the penalty."""
        with self._as_recorded(batch) as samples, no_grad():
            return self.eager.node(self.eager.objective(*samples)[1]).data

    @contextmanager
    def _as_recorded(self, batch: Batch) -> Iterator[list[list[Any]]]:
        """Inputs and targets as lists, in the mode of a training step, with the same draws."""
        parts = batch.lists()
        numbers = itertools.chain(*itertools.chain(*parts[2:]))
        with in_mode(self.model, training=True), draws_from(lambda: next(numbers)):
            yield parts[:2]

    # ------------------------------------------------------------------ what is recorded

    def _in_mode(self, f: Callable[..., Any], training: bool) -> Callable[..., Any]:
        """f, with all modules in this mode."""

        @functools.wraps(f)
        def called(*parts: Any) -> Any:
            with modes_kept(self.model):
                self.model.train(training)
                return f(*parts)

        called.__qualname__ = "the model or the loss"  # as messages name it
        return called

    def _train(self, x: Any = None, y: Any = None, drawn: Any = ()) -> tuple[Any, ...]:
        """For one sample the loss, the penalty and, if wanted, the outputs."""
        outputs: Any = ()
        if x is not None:
            numbers = iter(drawn)
            with draws_from(lambda: next(numbers)):
                outputs = self.model(x)
            loss = self.eager.measured([outputs], [y])
        else:
            loss = self.eager.loss()
        penalty = self.eager.penalty
        penalties = () if penalty is None else (penalty(self.optimizer.params),)
        return (loss, *penalties, outputs if self.outputs else ())

    def _measure(self, x: Any, y: Any) -> tuple[Any, ...]:
        outputs = self.model(x)
        return self.eager.measured([outputs], [y]), outputs

    def _predict(self, x: Any) -> tuple[Any, ...]:
        return (self.model(x),)


class RecordedPaths(Paths):
    """Paths of a function that is recorded under supervision.

    Args:
        unchanged: calls what it is given, and raises if that changes anything.
    """

    def __init__(
        self, f: Callable[..., Any], params: list[Value], unchanged: Callable[..., Any]
    ) -> None:
        super().__init__(f, (), params)
        self.unchanged = unchanged

    def record(self, call: Any, lane: int) -> Path | None:
        path: Path | None = self.unchanged(super().record, call, lane)
        return path


_steps: WeakSet[Step] = WeakSet()


def _unlock() -> None:
    """In a child process, the threads that had a lock are no more."""
    for step in _steps:
        step._lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_unlock)


class Abandoned(Exception):  # noqa: N818
    """A sample has to be done by Values."""


@dataclass
class Kind:
    """What is known of batches whose samples are built alike.

    Attributes:
        paths: of "train", "measure" and "predict".
        mean: whether the loss of a batch is the mean of the samples', not the sum.
        draws: how many random numbers a sample takes in training.
        sizes: of batches whose loss has been compared with eager's.
        ready: by the size of the batch, the step as one call.
    """

    paths: dict[str, RecordedPaths]
    mean: bool = True
    draws: int = 0
    sizes: set[int] = field(default_factory=set)
    ready: dict[int, Ready] = field(default_factory=dict)

    @property
    def nodes(self) -> int:
        """How many nodes were recorded."""
        return sum([paths.nodes for paths in self.paths.values()])

    def weight(self, lanes: int) -> float:
        """The factor of each sample's loss in that of the batch."""
        return 1.0 / lanes if self.mean else 1.0


class Run:
    """What programs give for a batch, path by path: a job of `Paths`.

    Args:
        params: the number of parameters, which come first among the closed Values.
        train: whether the gradient is wanted.
        penalty: whether the second output is one, which all samples share.

    Attributes:
        parts: samples that go one way, the path, its outputs and gradient for them.
    """

    def __init__(
        self, batch: Batch, kind: Kind, params: int, train: bool, penalty: bool
    ) -> None:
        self.batch, self.kind, self.params = batch, kind, params
        self.train, self.penalty = train, penalty
        self.parts: list[tuple[Array, Path, Array, Any]] = []

    # ------------------------------------------------------------------ running

    def value(self, path: Path, lanes: Array) -> tuple[Array, Array]:
        """The outputs alone, and whether each lane goes this way."""
        return path.program.sweep().run(*self._inputs(path, lanes))[:2]

    def run(self, path: Path, lanes: Array) -> tuple[Array, list[Array]]:
        """Whether each lane goes this way, and outputs and gradient for them if all do."""
        if not self.train:
            out, follows = self.value(path, lanes)
            return follows, [out]
        inputs, seed = self._inputs(path, lanes), self.seed(path, len(lanes))
        sweep = path.program.sweep([range(self.params)])
        out, follows, d_u, _ = sweep.run(*inputs, seed)
        return follows, [out, d_u[: self.params]]

    def _inputs(self, path: Path, lanes: Array) -> tuple[Array, Array]:
        x = self.batch.x
        return data_of(path.closed), x if len(lanes) == self.batch.lanes else x[:, lanes]

    def seed(self, path: Path, lanes: int) -> Array:
        """The weight of each output."""
        seed = np.zeros((path.program.tape.outputs, lanes))
        seed[0] = self.kind.weight(self.batch.lanes)
        if self.penalty:
            seed[1] = 1.0 / self.batch.lanes
        return seed

    def add(self, path: Path, lanes: Array, results: list[Array]) -> None:
        """Take in results of lanes."""
        out = np.broadcast_to(results[0], (len(results[0]), len(lanes)))
        self.parts.append((lanes, path, out, results[-1]))

    def eager(self, lane: int) -> None:
        """A lane that no program can do: then none does this batch."""
        raise Abandoned

    # ------------------------------------------------------------------ results

    def loss(self, lanes: Sequence[int] | None = None) -> float:
        """The loss of some of the lanes, or of all, with the penalty."""
        losses = np.empty(self.batch.lanes)
        for mine, _, out, _ in self.parts:
            losses[mine] = out[0]
        if lanes is not None:
            losses = losses[lanes]
        penalty = float(self.parts[0][2][1, 0]) if self.penalty else 0.0
        return self.kind.weight(len(losses)) * folded(losses) + penalty

    def gradient(self) -> Array:
        """The gradient in the parameters; paths add to it in the order of their samples."""
        parts = sorted(self.parts, key=lambda part: int(part[0][0]))
        return np.add.reduce([gradient for *_, gradient in parts])

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        found: list[Any] = [None] * self.batch.lanes
        for lanes, path, out, _ in self.parts:
            for lane, column in zip(lanes.tolist(), out.T.tolist()):
                found[lane] = path.rebuild(column)[-1]
        return found


class Ready:
    """A step with so many samples, which all go one way: one call.

    Args:
        run: a step that was made.
        sweep: the gradient's.
        max_norm: the largest norm of the gradient.
        threads: how many share the samples.

    Attributes:
        u: the data of the Values that the program reads, beginning with the parameters.
        data, gradient: that of the parameters.
        unused: the parameters whose gradient the program never writes.
        others: the other Values, and where their data goes.
        train: as that of the runs.
    """

    def __init__(self, run: Run, sweep: Runner, max_norm: float | None, threads: int) -> None:
        parts, self.lanes = run.batch.parts, run.batch.lanes
        self.path = path = run.parts[0][1]
        lanes = sweep.lanes or self.lanes
        u, d_u = sweep.memory()
        self.u = u[: len(path.closed)]
        self.data, self.gradient = u[: run.params], d_u[: run.params]
        floats.read_data(path.closed, self.u)
        self.gradient.fill(math.nan)
        out = np.empty((sweep.roots, lanes if sweep.columns else 1))
        seed = sweep.spread(run.seed(path, self.lanes))
        self.runs = sweep.runs(lanes, u, parts, seed, out, d_u, None, threads)
        self.runs.run(parts)
        self.unused = np.flatnonzero(np.isnan(self.gradient)).tolist()
        self.out, answers = out[: sweep.outputs], out[sweep.outputs :].tobytes()
        limit = -1.0 if max_norm is None else max_norm
        exchange = floats.exchanger, path.closed
        self.loss = run.kind.weight(self.lanes), run.penalty, limit, answers, *exchange
        self.others = path.closed[run.params :], self.u[run.params :]
        self.train: Any = self._train_cleared if self.unused else self.runs.train

    def _train_cleared(self, *arguments: Any) -> Any:  # pragma: no cover: of the kernel
        self.gradient[self.unused] = 0.0  # `exchange` put former gradients there
        return self.runs.train(*arguments)

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        return [self.path.rebuild(column)[-1] for column in self.out.T[: self.lanes].tolist()]


def data_of(values: list[Value]) -> Array:
    """The numbers of Values."""
    numbers = np.empty(len(values))
    floats.read_data(values, numbers)
    return numbers


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """With all modules in this mode while the block runs, and `random` as it was after it."""
    with random_kept(), modes_kept(model):
        model.train(training)
        yield


@contextmanager
def random_kept() -> Iterator[None]:
    """With `random` as it was, after the block."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
