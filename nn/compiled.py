"""compile: a training step that is recorded once and replayed over all samples of a batch.

The model and the loss are recorded for one sample; parameters are what they read from
outside. Values, gradients, penalty, clipping and the optimizer's update then run as programs
(`autograd.program`), on arrays.
"""

from __future__ import annotations

import itertools
import math
import random
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from autograd import no_grad
from autograd.core import floats
from autograd.program.arguments import lanes_of
from autograd.program.arrays import np
from autograd.program.jobs import folded
from autograd.program.paths import Path, Paths
from autograd.program.program import Program, Runner
from autograd.program.record import record
from autograd.trees import flatten
from nn.layers import draws_from
from nn.module import Module
from nn.optim import Optimizer
from nn.separable import is_mean
from nn.steps import EagerStep, Loss, Penalty, plain

__all__ = ["Batch", "Step"]

Array = Any


FLOAT = np.dtype(float)


class Batch:
    """Samples as columns of numbers.

    Attributes:
        parts: arrays with a row for each number of a sample, a column a sample.
        sample: gives the i-th one, as plain numbers in lists.
        key: equal for batches whose samples are built alike.
        given: the arrays that the parts show, if they may be given anew.
    """

    args = ()
    u = np.empty(0)

    def __init__(
        self,
        parts: tuple[Array, ...],
        sample: Callable[[int], tuple[Any, ...]],
        key: Any,
        given: list[Any] | None = None,
    ) -> None:
        self.parts, self.sample, self.key, self.given = parts, sample, key, given or []
        self.shapes = [getattr(part, "shape", None) for part in self.given]
        if not all(type(x) is np.ndarray and x.flags.aligned for x in self.given):
            self.shapes = [None] * len(self.given)  # to be read anew each time
        self.views = [*map(np.may_share_memory, parts, self.given)]
        self.lanes = parts[0].shape[1] if parts else 1

    @property
    def x(self) -> Array:
        """All parts as one array."""
        return np.concatenate(self.parts) if self.parts else np.empty((0, 1))

    @property
    def axes(self) -> tuple[int, ...]:
        """As a call's: everything varies."""
        return (0,) * len(self.sample(0))

    @classmethod
    def of(cls, **parts: Any) -> Batch:
        """The samples of lists or arrays, by what they are called.

        Raises:
            TypeError: one is no list or array, or has something else than numbers in it.
            ValueError: one is empty, its samples are built in different ways, or they differ
                in length.
        """
        found = []
        for name, part in parts.items():
            numbers = rectangular(part)
            found.append(lanes_of(plain(part) if numbers is None else numbers, name))
        sizes = [each.numbers.shape[1] for each in found]
        if len(set(sizes)) > 1:
            both = " for ".join([f"{n} samples in {name}" for name, n in zip(parts, sizes)])
            raise ValueError(f"{both}; give as many of each")
        given = list(parts.values())
        key = tuple([each.key for each in found])
        columns = tuple([np.require(each.numbers, float, ["ALIGNED"]) for each in found])
        return cls(columns, lambda i: tuple([plain(part[i]) for part in given]), key, given)

    def refill(self, *given: Any) -> bool:
        """Take the numbers of other arrays; False if they are not built alike."""
        if len(given) != len(self.given):
            return False
        for new, old, shape, view in zip(given, self.given, self.shapes, self.views):
            if new is not old or not view or new.shape != shape or new.dtype is not FLOAT:
                break
        else:
            return True
        parts = [*self.parts]
        for i, (old, new, shape) in enumerate(zip(self.given, given, self.shapes)):
            if not (type(new) is type(old) is np.ndarray and new.shape == shape):
                return False
            if new is not old or not self.views[i] or new.dtype is not FLOAT:
                if new.dtype.kind not in "fiub" or not new.flags.aligned:
                    return False
                parts[i] = np.asarray(new, float).reshape(self.lanes, -1).T
                self.views[i] = np.may_share_memory(parts[i], new)
        self.given[:], self.parts = given, tuple(parts)
        return True

    def chosen(self, order: Sequence[int]) -> Batch:
        """Some of the samples."""
        parts = tuple([np.take(part.T, order, 0).T for part in self.parts])
        return Batch(parts, lambda i: self.sample(order[i]), self.key)

    def drawn(self, count: int) -> Batch:
        """With as many random numbers for each sample, which Dropout would draw."""
        numbers = [[random.random() for _ in range(count)] for _ in range(self.lanes)]
        parts = *self.parts, np.array(numbers).reshape(-1, count).T
        return Batch(parts, lambda i: (*self.sample(i), numbers[i]), self.key)

    def lists(self) -> list[list[Any]]:
        """Each part as a list of samples."""
        return list(map(list, zip(*[self.sample(i) for i in range(self.lanes)])))

    @contextmanager
    def naming(self, lane: int) -> Iterator[None]:
        """Say in an error which sample it was."""
        try:
            yield
        except Exception as error:
            error.add_note(f"in sample {lane}")
            raise


def rectangular(part: Any) -> Array | None:
    """A list or an array of samples as an array of numbers; None if it isn't one."""
    if not isinstance(part, (list, tuple, np.ndarray)):
        return None
    try:
        found = np.asarray(part)
    except ValueError:  # samples of several lengths
        return None
    return found if found.dtype.kind in "fiub" and found.size and found.ndim else None


class Step:
    """A compiled training step: `step(X, y)` is the loss, after one step of the optimizer.

    `nn.compile` makes one.

    Args:
        name: begins messages.
        outputs: whether `train` gives the model's outputs.

    Attributes:
        doubted: whether the next step first compares a sample with what eager gives, since
            the model may have been changed; it is recorded anew if they differ.
        leads: whether this process is the first of those that train together.
    """

    leads = True

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        penalty: Penalty | None = None,
        max_norm: float | None = None,
        threads: int = 1,
        *,
        name: str = "nn.compile",
        outputs: bool = False,
    ) -> None:
        self.eager = EagerStep(model, loss, optimizer, penalty, max_norm, name)
        self.model, self.optimizer, self.outputs = model, optimizer, outputs
        self.threads = threads
        self.doubted = False
        self._last: Batch | None = None
        self._forget()

    def _forget(self) -> None:
        """Let everything be recorded anew."""
        self._params = len(self.optimizer.params)
        self._update = Update(self.optimizer)
        self._kinds: dict[Any, Kind] = {}
        self._current: Array = None  # of a run's `u`, the one that has the parameters' data

    def __repr__(self) -> str:
        kind = type(self.model).__name__
        return f"<compiled step of {kind}, {len(self.optimizer.params)} parameters>"

    def __reduce__(self) -> tuple[Any, ...]:
        eager = self.eager
        return Step, (
            self.model,
            eager.loss,
            self.optimizer,
            eager.penalty,
            eager.max_norm,
            self.threads,
        )

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
        if X is None and y is None:
            self._last = Batch((), lambda i: (), ())
        elif self._last is None or not self._last.refill(X, y):
            self._last = Batch.of(X=X, y=y)
        return self.train(self._last)[1]

    def pull(self) -> None:
        """Bring the parameters back into the Values, if a backend keeps them elsewhere."""

    def evaluate(self, X: Any, y: Any) -> float:  # noqa: N803
        """The loss of n samples in eval mode, without the penalty; errors as for a call."""
        return self.measure(Batch.of(X=X, y=y))[1]

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The model's outputs for n samples in eval mode: an array if X is one, else a list."""
        batch = Batch.of(X=X)
        try:
            found = self._run("predict", batch, self._kind(batch)).outputs()
        except Abandoned:
            with in_mode(self.model, training=False), no_grad():
                found = [plain(self.model(x)) for x in batch.lists()[0]]
        return np.array(found) if isinstance(X, np.ndarray) else found

    # ------------------------------------------------------------------ on batches

    def train(self, batch: Batch) -> tuple[list[Any], float]:
        """One step: the outputs, if they are wanted, and the loss."""
        kind = self._kind(batch)
        if kind.draws is None:
            self._look_at(batch, kind)
        if not kind.draws:
            return self._train_on(batch, kind)
        state = random.getstate()
        try:
            return self._train_on(batch.drawn(kind.draws), kind)
        except BaseException:
            random.setstate(state)
            raise

    def _train_on(self, batch: Batch, kind: Kind) -> tuple[list[Any], float]:
        ready = kind.ready.get(batch.lanes)
        if ready is not None and not self.doubted:
            loss = self._train_at_once(batch, ready)
            if loss is not None:
                return ready.outputs() if self.outputs else [], loss
        weight = kind.weight(batch.lanes)
        try:
            run = self._run("train", batch, kind, weight)
            settled = batch.lanes in kind.sizes and not self.doubted
            if not settled and not self._agrees(run, batch, kind):
                return self._train_on(batch, self._kind(batch))
            if len(run.parts) == 1:
                self._prepare(run, kind)
            loss = self.eager.finite(run.loss(weight))
            data, gradient = run.data(), run.gradient()
            if self.eager.max_norm is not None:
                clip(gradient, self.eager.max_norm)
        except (Abandoned, FloatingPointError):
            with self._as_recorded(batch) as data:
                return self.eager.train(*data)
        except Exception:
            with self._as_recorded(batch) as data, no_grad():
                self.eager.node(self.eager.objective(*data)[1])  # raises, if eager does
            raise
        following = self._update(data, gradient)
        after = data if following is None else following
        floats.exchange(self.optimizer.params, data, after, gradient)
        if following is None:
            self.optimizer.step()
        else:
            self._update.commit()
        return run.outputs() if self.outputs else [], loss

    def _train_at_once(self, batch: Batch, ready: Ready) -> float | None:
        """The loss, after a step in one call of the kernel; None if that can't make it."""
        current, self._current = self._current, None
        if current is not ready.u:
            floats.read_data(ready.path.closed, ready.u)
        elif ready.others[0]:
            floats.read_data(*ready.others)
        update = self._update.prepared(ready.data, ready.gradient)
        loss: Any = ready.runs.train(batch.parts, ready.loss, update)
        if loss is False:  # someone has set the data of a parameter
            floats.read_data(ready.path.closed, ready.u)
            loss = ready.runs.train(batch.parts, ready.loss, update)
        if loss is None or loss is False:
            return None
        if update[0] is None:
            self.optimizer.step()
        else:
            self.optimizer.steps += 1
            self._current = ready.u
        return float(loss)

    def _prepare(self, run: Run, kind: Kind) -> None:
        """Let the kernel alone make the next step with as many samples, if it can."""
        program = run.parts[0][1].program
        sweep, it = program.sweep([range(run.params)]), program.instructions
        if (
            sweep.native is not None
            and all(lane is None for _, _, lane in it.roots[: it.outputs])
            and (sweep.native.columns or run.batch.lanes == 1)
        ):
            most = self.eager.max_norm
            limit = -1.0 if most is None else most
            kind.ready[run.batch.lanes] = Ready(run, kind, sweep, limit, self.threads)

    def measure(self, batch: Batch) -> tuple[list[Any], float]:
        """The outputs and the loss in eval mode, without the penalty."""
        kind = self._kind(batch)
        if kind.draws is None:
            self._look_at(batch, kind)
        try:
            run = self._run("measure", batch, kind)
            return run.outputs(), self.eager.finite(run.loss(kind.weight(batch.lanes)))
        except (Abandoned, FloatingPointError):
            with in_mode(self.model, training=False):
                return self.eager.evaluate(*batch.lists())

    def _kind(self, batch: Batch) -> Kind:
        """What is known of such batches."""
        if len(self.optimizer.params) != self._params:
            self._forget()
        kind = self._kinds.get(batch.key)
        if kind is None:
            recorded: dict[str, Callable[..., Any]] = {
                "train": self._train,
                "measure": self._measure,
                "predict": self._predict,
            }
            params = self.optimizer.params
            paths = {name: Paths(f, (), params) for name, f in recorded.items()}
            kind = self._kinds[batch.key] = Kind(paths)
        return kind

    def _run(self, name: str, batch: Batch, kind: Kind, weight: float | None = None) -> Run:
        """What programs give for a batch; with a weight of each loss, also the gradient."""
        paths = kind.paths[name]
        penalty = name == "train" and self.eager.penalty is not None
        run = Run(batch, len(self.optimizer.params), weight, penalty)
        with in_mode(self.model, training=name == "train"):
            paths.do(run, batch)
        return run

    # ------------------------------------------------------------------ is it right?

    def _look_at(self, batch: Batch, kind: Kind) -> None:
        """Find what the loss of a batch is, and how many numbers a sample draws.

        Raises:
            ValueError: the loss of a batch is neither the mean nor the sum of its samples'.
        """
        if not batch.sample(0):
            kind.draws = 0
            return
        x, y = batch.sample(0)
        with in_mode(self.model, training=False), no_grad():
            output = plain(self.model(x))
        kind.mean = is_mean(self.eager.loss, output, plain(y))
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
        part = batch.chosen([0]) if batch.lanes in kind.sizes else batch
        with self._as_recorded(part) as data, no_grad():
            expected = self.eager.node(self.eager.objective(*data)[1]).data
        got = run.loss(kind.weight(part.lanes), part.lanes)
        if math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12):
            kind.sizes.add(batch.lanes)
            self.doubted = False
            return True
        if not self.doubted:
            raise ValueError(
                f"the program of the loss gives {got!r} where eager gives {expected!r}; it has "
                "to depend on nothing but the model, the outputs and the targets"
            )
        self.doubted = False
        self._kinds = {}
        return False

    @contextmanager
    def _as_recorded(self, batch: Batch) -> Iterator[list[list[Any]]]:
        """Inputs and targets as lists, in the mode of a training step, with the same draws."""
        parts = batch.lists()
        numbers = itertools.chain(*itertools.chain(*parts[2:]))
        with in_mode(self.model, training=True), draws_from(lambda: next(numbers)):
            yield parts[:2]

    # ------------------------------------------------------------------ what is recorded

    def _train(self, *parts: Any) -> tuple[Any, ...]:
        """For one sample the loss, the penalty and, if wanted, the outputs."""
        outputs: Any = ()
        if parts:
            x, y, *drawn = parts
            numbers = iter(drawn[0] if drawn else ())
            with draws_from(lambda: next(numbers)):
                outputs = self.model(x)
            loss = self.eager.loss([outputs], [y])
        else:
            loss = self.eager.loss()
        penalty = self.eager.penalty
        penalties = () if penalty is None else (penalty(self.optimizer.params),)
        return (loss, *penalties, outputs if self.outputs else ())

    def _measure(self, x: Any, y: Any) -> tuple[Any, ...]:
        outputs = self.model(x)
        return self.eager.loss([outputs], [y]), outputs

    def _predict(self, x: Any) -> tuple[Any, ...]:
        return (self.model(x),)


def clip(gradient: Array, max_norm: float) -> None:
    """Scale a gradient down to the largest norm."""
    with np.errstate(over="ignore"):
        norm = math.sqrt(folded(gradient * gradient))
    if not 1e-150 < norm < 1e150:
        norm = math.hypot(*gradient.tolist())
    if math.isinf(norm):
        raise Abandoned
    scale = max_norm / (norm + 1e-6)
    if scale < 1.0:
        gradient *= scale


class Abandoned(Exception):  # noqa: N818
    """A sample has to be done by Values."""


@dataclass
class Kind:
    """What is known of batches whose samples are built alike.

    Attributes:
        paths: of "train", "measure" and "predict".
        mean: whether the loss of a batch is the mean of the samples', not the sum.
        draws: how many random numbers a sample takes in training; None if not known yet.
        sizes: of batches whose loss has been compared with eager's.
        ready: by the size of the batch, the step as one call of the kernel.
        numbers: by their path, the data of the Values that it reads.
    """

    paths: dict[str, Paths]
    mean: bool = True
    draws: int | None = None
    sizes: set[int] = field(default_factory=set)
    ready: dict[int, Ready] = field(default_factory=dict)
    numbers: dict[Path, Array] = field(default_factory=dict)

    def weight(self, lanes: int) -> float:
        """The factor of each sample's loss in that of the batch."""
        return 1.0 / lanes if self.mean else 1.0


class Run:
    """What programs give for a batch, path by path: a job of `Paths`.

    Args:
        params: the number of parameters, which come first among the closed Values.
        weight: of each sample's loss; None if no gradient is wanted.
        penalty: whether the second output is one, which all samples share.
    """

    def __init__(self, batch: Batch, params: int, weight: float | None, penalty: bool) -> None:
        self.batch, self.params, self.weight, self.penalty = batch, params, weight, penalty
        self.parts: list[tuple[Array, Path, Array, Any]] = []

    # ------------------------------------------------------------------ running

    def at_once(self, path: Path) -> bool:
        """Whether all samples go this way and give finite numbers."""
        lanes = np.arange(self.batch.lanes)
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                follows, results = self.run(path, lanes)
        except FloatingPointError:
            return False
        if not follows.all() or not all(np.isfinite(each).all() for each in results):
            return False
        self.add(path, lanes, results)
        return True

    def data(self) -> Array:
        """The parameters' data."""
        return self._numbers(self.parts[0][1])[: self.params]

    def _numbers(self, path: Path) -> Array:
        numbers = np.empty(len(path.closed))
        floats.read_data(path.closed, numbers)
        return numbers

    def seed(self, path: Path, lanes: int) -> Array:
        """The weight of each output."""
        seed = np.zeros((path.program.tape.outputs, lanes))
        seed[0] = self.weight
        if self.penalty:
            seed[1] = 1.0 / self.batch.lanes
        return seed

    def value(self, path: Path, lanes: Array) -> tuple[Array, Array]:
        """The outputs alone, and whether each lane goes this way."""
        return path.program.value(*self._inputs(path, lanes))

    def run(self, path: Path, lanes: Array) -> tuple[Array, list[Array]]:
        """Whether each lane goes this way, and outputs and gradient for them if all do."""
        u, x = self._inputs(path, lanes)
        if self.weight is None:
            out, follows = path.program.value(u, x)
            return follows, [out]
        seed = self.seed(path, len(lanes))
        out, follows, d_u, _ = path.program.gradient(u, x, seed, [range(self.params)], [])
        return follows, [out, d_u[: self.params, 0]]

    def _inputs(self, path: Path, lanes: Array) -> tuple[Array, Array]:
        whole = len(lanes) == self.batch.lanes
        return path.program.uniform(
            self._numbers(path)
        ), self.batch.x if whole else self.batch.x[:, lanes]

    def add(self, path: Path, lanes: Array, results: list[Array]) -> None:
        """Take in results of lanes."""
        out = np.broadcast_to(results[0], (len(results[0]), len(lanes)))
        self.parts.append((lanes, path, out, results[1] if len(results) > 1 else None))

    def eager(self, lane: int) -> None:
        """A lane that no program can do: then none does this batch."""
        raise Abandoned

    # ------------------------------------------------------------------ results

    def loss(self, weight: float, lanes: int | None = None) -> float:
        """The loss of the first lanes, or of all, with the penalty."""
        penalty = float(self.parts[0][2][1, 0]) if self.penalty else 0.0
        losses = self.parts[0][2][0]
        if len(self.parts) > 1:
            losses = np.empty(self.batch.lanes)
            for mine, _, out, _ in self.parts:
                losses[mine] = out[0]
        return weight * folded(losses[:lanes]) + penalty

    def gradient(self) -> Array:
        """The gradient in the parameters; paths add to it in the order of their samples."""
        if len(self.parts) == 1:
            return self.parts[0][3]
        return np.add.reduce([part[3] for part in sorted(self.parts, key=_first_lane)])

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        found: list[Any] = [None] * self.batch.lanes
        for lanes, path, out, _ in self.parts:
            for lane, column in zip(lanes.tolist(), out.T.tolist()):
                found[lane] = path.rebuild(column)[-1]
        return found


class Ready:
    """A step with so many samples, which all go one way: one call of the kernel.

    Args:
        run, kind: a step that was made, and what is known of such batches.
        sweep: the gradient's.
        limit: the largest norm of the gradient; -1 if there is none.
        threads: how many share the samples.

    Attributes:
        u: the data of the Values that the program reads, beginning with the parameters.
        data, gradient: that of the parameters.
        others: the other Values, and where their data goes.
    """

    def __init__(self, run: Run, kind: Kind, sweep: Runner, limit: float, threads: int) -> None:
        native, parts, self.lanes = sweep.native, run.batch.parts, run.batch.lanes
        assert native is not None
        self.path = path = run.parts[0][1]
        lanes = path.program.instructions.lanes or self.lanes
        self.u = kind.numbers.setdefault(path, np.empty(len(path.closed)))
        floats.read_data(path.closed, self.u)
        d_u = np.empty(len(self.u))
        out = np.empty((native.roots, lanes if native.columns else 1))
        seed = sweep.spread(run.seed(path, self.lanes))
        self.runs = native.program.runs(lanes, self.u, parts, seed, out, d_u, None, threads)
        self.runs.run(parts)
        self.out, answers = out[: native.outputs], out[native.outputs :].tobytes()
        self.loss = run.weight, run.penalty, limit, answers
        self.data, self.gradient = self.u[: run.params], d_u[: run.params]
        self.others = path.closed[run.params :], self.u[run.params :]

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        return [self.path.rebuild(column)[-1] for column in self.out.T[: self.lanes].tolist()]


def _first_lane(part: tuple[Array, Path, Array, Any]) -> int:
    return int(part[0][0])


class Update:
    """An optimizer's update as a program, with a lane for each parameter."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.setting = attrgetter("__class__", *sorted(vars(optimizer).keys() - VARYING))
        self.settings: Any = None
        self.program: Program | None = None
        self.native: Any = None
        self.runs: Any = None

    def __call__(self, data: Array, gradient: Array) -> Array | None:
        """The next data, to be followed by `commit`.

        None if the optimizer's own `step` has to do it: it is written in a way that can't be
        recorded, or something is not finite.
        """
        runs, x, numbers, *_ = self.prepared(data, gradient)
        try:
            if runs is not None:
                total = runs.run(x, numbers)
            elif self.program is not None:
                with np.errstate(over="raise", divide="raise", invalid="raise"):
                    u = self.program.uniform(self.numbers())
                    x = data, gradient, *self.optimizer.buffers.values()
                    self.out[:] = self.program.value(u, np.array(x))[0]
                    total = float(np.add.reduce(self.out, None))
            else:
                return None
        except ArithmeticError:
            return None
        return None if total is None or not math.isfinite(total) else self.rows[0]

    def prepared(self, data: Array, gradient: Array) -> tuple[Any, ...]:
        """The kernel's runs, their x and u; and how to take the parameters over.

        Without runs, the kernel can't do it.
        """
        params = self.optimizer.params
        if self.current() is None or self.native is None:
            return None, None, None, floats.exchange, (params, data, data, gradient)
        numbers = self.numbers()
        x = data, gradient, *self.optimizer.buffers.values()
        if self.runs is None:
            arrays = array("d", numbers), x, None, self.out, None, None
            self.runs = self.native.program.runs(len(params), *arrays, 1)
        return self.runs, x, numbers, floats.exchange, (params, data, self.rows[0], gradient)

    def numbers(self) -> list[float]:
        """Those of the next step."""
        self.optimizer.steps += 1
        try:
            return self.optimizer._all_numbers()
        finally:
            self.optimizer.steps -= 1

    def current(self) -> Program | None:
        """That of the optimizer's settings; None if it can't be recorded."""
        optimizer = self.optimizer
        if self.settings != self.setting(optimizer):
            self.settings, self.program = self.setting(optimizer), self._recorded()
            self.out = np.empty((1 + len(optimizer.buffers), len(optimizer.params)))
            self.rows = [*self.out]
            self.native = self.program and self.program.sweep().native
            self.runs = None
        return self.program

    def commit(self) -> None:
        """Let the optimizer's state be that of the next step."""
        self.optimizer.steps += 1
        for buffer, row in zip(self.optimizer.buffers.values(), self.rows[1:]):
            np.frombuffer(buffer)[:] = row

    def _recorded(self) -> Program | None:
        optimizer = self.optimizer
        sizes = {len(optimizer.params), *map(len, optimizer.buffers.values())}
        if type(optimizer).step is not Optimizer.step or len(sizes) > 1:
            return None
        uniform = self.numbers()
        state = [0.5 + i / 8.0 for i in range(2 + len(optimizer.buffers))]
        varying = [False] * len(uniform) + [True] * len(state)
        numbers, rebuild = flatten((uniform, *state), "the numbers of an update")
        try:
            recording = record(optimizer._next, numbers, rebuild, varying)
        except (TypeError, ValueError):
            return None
        if recording.guards or recording.closed or not recording.sure:
            return None
        return Program(recording.tape, len(uniform), len(state))


VARYING = {"params", "_lr", "steps", "buffers"}  # what changes from step to step


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """With all modules in this mode while the block runs, and `random` as it was after it."""
    before = [(module, module.training) for module in model.modules()]
    state = random.getstate()
    model.train(training)
    try:
        yield
    finally:
        random.setstate(state)
        for module, mode in before:
            object.__setattr__(module, "training", mode)
