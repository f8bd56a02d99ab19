"""compile: a training step that is recorded once and replayed over all samples of a batch.

The model and the loss are recorded for one sample; parameters are what they read from
outside. Values, gradients, penalty, clipping and the optimizer's update then run as programs
(`autograd.program`), on arrays.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd import Value, no_grad
from autograd.core import floats
from autograd.core.operand import primal
from autograd.program.arguments import lanes_of
from autograd.program.arrays import np
from autograd.program.paths import Path, Paths
from autograd.program.program import Program, prepare
from autograd.program.record import record
from autograd.trees import flatten
from nn.layers import draws_from
from nn.module import Module
from nn.optim import Optimizer
from nn.separable import is_mean
from nn.steps import EagerStep, Loss, Penalty, plain

__all__ = ["Batch", "Step"]

Array = Any


class Batch:
    """Samples as columns of numbers.

    Attributes:
        x: a row for each number of a sample, a column a sample.
        sample: gives the i-th one, as plain numbers in lists.
        key: equal for batches whose samples are built alike.
    """

    args = ()
    u = np.empty(0)

    def __init__(self, x: Array, sample: Callable[[int], tuple[Any, ...]], key: Any) -> None:
        self.x, self.sample, self.key = x, sample, key
        self.lanes = x.shape[1]
        self.axes = (0,) * len(sample(0))

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
            numeric = isinstance(part, np.ndarray) and part.dtype.kind in "fiub"
            found.append(lanes_of(part if numeric else plain(part), name))
        sizes = [each.numbers.shape[1] for each in found]
        if len(set(sizes)) > 1:
            both = " for ".join([f"{n} samples in {name}" for name, n in zip(parts, sizes)])
            raise ValueError(f"{both}; give as many of each")
        x = np.empty((sum([len(each.numbers) for each in found]), sizes[0]))
        np.concatenate([each.numbers for each in found], out=x, casting="unsafe")
        return cls(
            x,
            lambda i: tuple([plain(each.sample(i)) for each in found]),
            tuple([each.key for each in found]),
        )

    def chosen(self, order: Sequence[int]) -> Batch:
        """Some of the samples."""
        return Batch(self.x[:, order], lambda i: self.sample(order[i]), self.key)

    def drawn(self, count: int) -> Batch:
        """With as many random numbers for each sample, which Dropout would draw."""
        if not count:
            return self
        numbers = [[random.random() for _ in range(count)] for _ in range(self.lanes)]
        x = np.concatenate([self.x, np.array(numbers).reshape(-1, count).T])
        return Batch(x, lambda i: (*self.sample(i), numbers[i]), self.key)

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


class Step:
    """A compiled training step: `step(X, y)` is the loss, after one step of the optimizer.

    `nn.compile` makes one.

    Args:
        name: begins messages.
        outputs: whether `train` gives the model's outputs.

    Attributes:
        doubted: whether the next step first compares a sample with what eager gives, since
            the model may have been changed; it is recorded anew if they differ.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        penalty: Penalty | None = None,
        max_norm: float | None = None,
        *,
        name: str = "nn.compile",
        outputs: bool = False,
    ) -> None:
        self.eager = EagerStep(model, loss, optimizer, penalty, max_norm, name)
        self.model, self.optimizer, self.outputs = model, optimizer, outputs
        self.doubted = False
        self._update = Update(optimizer)
        self._data = np.zeros(len(optimizer.params))
        self._forget()

    def _forget(self) -> None:
        """Record everything anew."""
        self._paths: dict[tuple[str, Any], Paths] = {}
        self._means: dict[Any, bool] = {}
        self._draws: dict[Any, int] = {}
        self._compared: set[tuple[Any, int]] = set()

    def __repr__(self) -> str:
        kind = type(self.model).__name__
        return f"<compiled step of {kind}, {len(self.optimizer.params)} parameters>"

    def __reduce__(self) -> tuple[Any, ...]:
        eager = self.eager
        return Step, (self.model, eager.loss, self.optimizer, eager.penalty, eager.max_norm)

    @property
    def program(self) -> Program:
        """The program of a training step that was recorded last.

        Raises:
            RuntimeError: there is none yet.
        """
        paths = [p for (kind, _), paths in self._paths.items() if kind == "train"
                 for p in paths.found]  # fmt: skip
        if not paths:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded by its first step")
        return paths[-1].program

    # ------------------------------------------------------------------ for people

    def __call__(self, X: Any, y: Any) -> float:  # noqa: N803
        """Train on n samples, lists or arrays; their loss before the step, with the penalty.

        Raises:
            TypeError, ValueError: X and y don't fit together or the model, or the model or the
                loss can't be compiled.
            FloatingPointError: a loss, a gradient or a parameter's next value is not finite;
                nothing was changed.
        """
        return self.train(Batch.of(X=X, y=y))[1]

    def evaluate(self, X: Any, y: Any) -> float:  # noqa: N803
        """The loss of n samples in eval mode, without the penalty; errors as for a call."""
        return self.measure(Batch.of(X=X, y=y))[1]

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The model's outputs for n samples in eval mode: an array if X is one, else a list."""
        batch = Batch.of(X=X)
        try:
            found = self._run("predict", batch).outputs()
        except Abandoned:
            with in_mode(self.model, training=False), no_grad():
                found = [plain(self.model(x)) for x in batch.lists()[0]]
        return np.array(found) if isinstance(X, np.ndarray) else found

    # ------------------------------------------------------------------ on batches

    def train(self, batch: Batch) -> tuple[list[Any], float]:
        """One step: the outputs, if they are wanted, and the loss."""
        count = self._draws_of(batch)
        if not count:
            return self._train_on(batch)
        state = random.getstate()
        try:
            return self._train_on(batch.drawn(count))
        except BaseException:
            random.setstate(state)
            raise

    def _train_on(self, batch: Batch) -> tuple[list[Any], float]:
        params = self.optimizer.params
        try:
            weight = self._weight(batch)
            floats.read(params, self._data)
            run = self._run("train", batch, weight)
            settled = not self.doubted and (batch.key, batch.lanes) in self._compared
            if not settled and not self._agrees(run, batch):
                return self._train_on(batch)
            loss = self.eager.finite(run.loss(weight))
            gradient = run.gradient()
            self._clip(gradient)
        except (Abandoned, FloatingPointError):
            with self._as_recorded(batch) as (xs, ys):
                return self.eager.train(xs, ys)
        following = self._update(self._data, gradient)
        floats.write(params, self._data if following is None else following, gradient)
        if following is None:
            self.optimizer.step()
        return run.outputs() if self.outputs else [], loss

    def measure(self, batch: Batch) -> tuple[list[Any], float]:
        """The outputs and the loss in eval mode, without the penalty."""
        try:
            run = self._run("measure", batch)
            return run.outputs(), self.eager.finite(run.loss(self._weight(batch)))
        except (Abandoned, FloatingPointError):
            with in_mode(self.model, training=False):
                return self.eager.evaluate(*batch.lists())

    def _run(self, kind: str, batch: Batch, weight: float | None = None) -> Run:
        """What programs give for a batch; with a weight of each loss, also the gradient."""
        if (kind, batch.key) not in self._paths:
            paths = Paths(getattr(self, f"_{kind}"), (), self.optimizer.params)
            self._paths[kind, batch.key] = paths
        paths = self._paths[kind, batch.key]
        penalty = kind == "train" and self.eager.penalty is not None
        run = Run(batch, len(self.optimizer.params), weight, penalty)
        if len(paths.found) != 1 or not run.at_once(paths.found[0]):
            with in_mode(self.model, training=kind == "train"):
                paths.do(run, batch)
        return run

    def _clip(self, gradient: Array) -> None:
        """Scale the gradient down to the largest norm."""
        if self.eager.max_norm is None:
            return
        norm = math.sqrt(float(np.add.reduce(gradient * gradient)))
        if not 1e-150 < norm < 1e150:
            norm = math.hypot(*gradient.tolist())
        if math.isinf(norm):
            raise Abandoned
        scale = self.eager.max_norm / (norm + 1e-6)
        if scale < 1.0:
            gradient *= scale

    # ------------------------------------------------------------------ is it right?

    def _weight(self, batch: Batch) -> float:
        """The factor of each sample's loss in that of the batch.

        Raises:
            ValueError: the loss of a batch is neither the mean nor the sum of such.
        """
        if batch.key not in self._means:
            x, y = batch.sample(0)[:2]
            with in_mode(self.model, training=False), no_grad():
                output = plain(self.model(x))
            self._means[batch.key] = is_mean(self.eager.loss, output, plain(y))
        return 1.0 / batch.lanes if self._means[batch.key] else 1.0

    def _draws_of(self, batch: Batch) -> int:
        """How many random numbers a sample takes in training."""
        if batch.key not in self._draws:
            numbers = itertools.count()
            with (
                in_mode(self.model, training=True),
                no_grad(),
                draws_from(lambda: 0.0 * next(numbers)),
            ):
                self.model(batch.sample(0)[0])
            self._draws[batch.key] = next(numbers)
        return self._draws[batch.key]

    def _agrees(self, run: Run, batch: Batch) -> bool:
        """Compare a batch of a new size, or after doubt a sample, with what eager gives.

        False if the model was changed: everything is recorded anew then.

        Raises:
            ValueError: a new program gives something else.
        """
        known = (batch.key, batch.lanes) in self._compared
        part = batch.chosen([0]) if known else batch
        with self._as_recorded(part) as (xs, ys), no_grad():
            expected = primal(self.eager.objective(xs, ys)[1])
        got = run.loss(self._weight(part), part.lanes)
        if math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12):
            self._compared.add((batch.key, batch.lanes))
            self.doubted = False
            return True
        if not self.doubted:
            raise ValueError(
                f"the program of the loss gives {got!r} where eager gives {expected!r}; it has "
                "to depend on nothing but the model, the outputs and the targets"
            )
        self.doubted = False
        self._forget()
        return False

    @contextmanager
    def _as_recorded(self, batch: Batch) -> Iterator[tuple[list[Any], list[Any]]]:
        """The samples as lists, in the mode of a training step, with the same draws."""
        xs, ys, *drawn = batch.lists()
        numbers = itertools.chain(*itertools.chain(*drawn))
        with in_mode(self.model, training=True), draws_from(lambda: next(numbers)):
            yield xs, ys

    # ------------------------------------------------------------------ what is recorded

    def _train(self, x: Any, y: Any, drawn: Sequence[Value] = ()) -> tuple[Any, ...]:
        """For one sample the loss, the penalty and, if wanted, the outputs."""
        numbers = iter(drawn)
        with draws_from(lambda: next(numbers)):
            outputs = self.model(x)
        penalty = self.eager.penalty
        penalties = () if penalty is None else (penalty(self.optimizer.params),)
        loss = self.eager.node(self.eager.loss([outputs], [y]))
        return (loss, *penalties, outputs if self.outputs else ())

    def _measure(self, x: Any, y: Any) -> tuple[Any, ...]:
        outputs = self.model(x)
        return self.eager.loss([outputs], [y]), outputs

    def _predict(self, x: Any) -> tuple[Any, ...]:
        return (self.model(x),)


class Abandoned(Exception):  # noqa: N818
    """A sample has to be done by Values."""


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
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                follows, results = self.run(path, np.arange(self.batch.lanes))
        except FloatingPointError:
            return False
        if not follows.all() or not all(np.isfinite(each).all() for each in results):
            return False
        self.add(path, np.arange(self.batch.lanes), results)
        return True

    def value(self, path: Path, lanes: Array) -> tuple[Array, Array]:
        """The outputs alone, and whether each lane goes this way."""
        return path.program.value(*self._inputs(path, lanes))

    def run(self, path: Path, lanes: Array) -> tuple[Array, list[Array]]:
        """Whether each lane goes this way, and outputs and gradient for them if all do."""
        u, x = self._inputs(path, lanes)
        if self.weight is None:
            out, follows = path.program.value(u, x)
            return follows, [out]
        seed = np.zeros((path.program.instructions.outputs, len(lanes)))
        seed[0] = self.weight
        if self.penalty:
            seed[1] = 1.0 / self.batch.lanes
        gradient = path.program.gradient("step", [range(self.params)], [])
        out, follows, d_u, _ = gradient(u, x, seed)
        return follows, [out, d_u[: self.params, 0]]

    def _inputs(self, path: Path, lanes: Array) -> tuple[Array, Array]:
        numbers = np.empty(len(path.closed))
        floats.read(path.closed, numbers)
        whole = len(lanes) == self.batch.lanes
        return path.program.uniform(numbers), self.batch.x if whole else self.batch.x[:, lanes]

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
        losses = np.empty(self.batch.lanes)
        for mine, _, out, _ in self.parts:
            losses[mine] = out[0]
        penalty = float(self.parts[0][2][1, 0]) if self.penalty else 0.0
        return weight * float(np.add.reduce(losses[:lanes])) + penalty

    def gradient(self) -> Array:
        """The gradient in the parameters; paths add to it in the order of their samples."""
        found = [part[3] for part in sorted(self.parts, key=lambda part: int(part[0][0]))]
        return found[0] if len(found) == 1 else np.add.reduce(found)

    def outputs(self) -> list[Any]:
        """The model's output for each sample."""
        found: list[Any] = [None] * self.batch.lanes
        for lanes, path, out, _ in self.parts:
            for lane, column in zip(lanes.tolist(), out.T.tolist()):
                found[lane] = path.rebuild(column)[-1]
        return found


class Update:
    """An optimizer's update as a program, with a lane for each parameter."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.settings: Any = None
        self.program: Program | None = None

    def __call__(self, data: Array, gradient: Array) -> Array | None:
        """The next data, after which the optimizer's state is that of the next step.

        None if its own `step` has to do it: it is written in a way that can't be recorded, or
        something is not finite.
        """
        optimizer = self.optimizer
        settings = [x for name, x in vars(optimizer).items() if name not in VARYING]
        if settings != self.settings:
            self.settings, self.program = settings, self._recorded()
        if self.program is None:
            return None
        optimizer.steps += 1
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                x = np.array([data, gradient, *optimizer.buffers.values()])
                following, _ = self.program.value(
                    self.program.uniform(optimizer._all_numbers()), x
                )
            if np.isfinite(following).all():
                for buffer, row in zip(optimizer.buffers.values(), following[1:]):
                    np.frombuffer(buffer)[:] = row
                return np.ascontiguousarray(following[0])
        except ArithmeticError:
            pass
        optimizer.steps -= 1
        return None

    def _recorded(self) -> Program | None:
        optimizer = self.optimizer
        if type(optimizer).step is not Optimizer.step:
            return None
        optimizer.steps += 1
        try:
            uniform = optimizer._all_numbers()
        finally:
            optimizer.steps -= 1
        state = [0.5 + i / 8.0 for i in range(2 + len(optimizer.buffers))]
        varying = [False] * len(uniform) + [True] * len(state)
        numbers, rebuild = flatten((uniform, *state), "the numbers of an update")
        try:
            recording = record(optimizer._next, numbers, rebuild, varying)
        except (TypeError, ValueError):
            return None
        if recording.guards or recording.closed or not recording.sure:
            return None
        made = prepare(recording.tape, len(uniform), len(state))
        return Program(made[0], [], made[1])


VARYING = ("params", "_lr", "steps", "buffers")  # what changes from step to step


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
