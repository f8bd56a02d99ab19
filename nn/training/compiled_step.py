"""compile: a training step that is recorded once and replayed over all samples of a batch.

The model and the loss are recorded for one sample; parameters are what they read from
outside. Values, gradients, penalty, clipping and the optimizer's update then run as programs
(`autograd.program`), on arrays.

A step goes one of three ways: a `FusedStep` makes all of it in one call, of the kernel or of
what NumPy has in its place; a `BatchCall` and an `Update` do where samples part; `EagerStep`
does by Values where something is not finite, and raises what is to be said.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import is_
from time import thread_time as clock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from autograd import no_grad
from autograd.core import floats
from autograd.program.ir.arrays import np
from autograd.program.program import Program
from autograd.program.recorded import surplus, used
from autograd.program.spot_check import calls_until_due, moving
from autograd.program.targets.runner import clip
from autograd.program.trace.captured import Captured
from nn.layers import draws_from
from nn.module import Module
from nn.training.batches import Batch
from nn.training.eager_step import EagerStep, plain, preserved_modes, with_gradients_restored
from nn.training.separable import COUNT, is_mean
from nn.training.side_effects import Snapshot
from nn.training.traces import FEW, BatchCall, FallBack, FusedStep, Traces, data_of
from nn.training.update import Update

if TYPE_CHECKING:
    from nn.training.handover import Layout

__all__ = ["Step"]

T = TypeVar("T")
MOST_SIZES = 64  # of batches, for which there is a fused step
SOME = 16  # samples of a batch of a new size that are compared with eager
MOST_FALLBACKS = 3  # steps by Values, of which a training makes more only if others are more
Results = tuple[list[Any], float]  # the outputs, if they are wanted, and the loss


class Step:
    """A compiled training step: `step(X, y)` is the loss, after one step of the optimizer.

    `nn.compile` makes one. Threads that share it take turns.

    Args:
        eager: the same step by Values.
        threads: how many share the samples.
        outputs: whether `train` gives the model's outputs.
        samples: how many are trained on in all. If given, what costs more to record than to
            train by Values raises ValueError.

    Attributes:
        needs_recheck: whether the next step first compares some samples with what eager gives,
            since the model may have been changed; it is recorded anew if they differ, or if
            what the model or the loss reaches does.
    """

    def __init__(
        self,
        eager: EagerStep,
        threads: int = 1,
        outputs: bool = False,
        samples: float = math.inf,
    ) -> None:
        self.eager, self.threads, self.outputs = eager, threads, outputs
        self.model, self.optimizer, self.samples = eager.model, eager.optimizer, samples
        self.needs_recheck = False
        self._countdown = 2  # steps until the next check: the 2nd, the 4th, …
        self._checked = 0, clock()  # at which step the last was, and when it ended
        self._steps = self._fallbacks = 0
        self._captured = [
            Captured(getattr(f, "forward", f))
            for f in (eager.loss, eager.penalty)
            if f is not None and getattr(f, "__module__", "") != "nn.losses"
        ]
        self._before: Snapshot | None = None  # of what this call has not yet changed
        self._last: Batch | None = None
        self._lock = threading.RLock()
        _all_steps.add(self)
        self._forget()

    def _forget(self) -> None:
        """Let everything be recorded anew."""
        self._listed = self.optimizer.params
        self._params = [*self._listed]
        self._update = Update(self.optimizer)
        self._traces: dict[tuple[str, Any], Traces] = {}
        self._recorded: Snapshot | None = None  # when the first was
        self._current: FusedStep | None = None  # the one whose `u` has the parameters' data

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
        found = [trace for each in self._traces.values() if each.trains for trace in each.found]
        if not found:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded by its first step")
        return found[-1].program

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
            self._before = None
            self.pull()
            try:
                found = self._run(batch, self._traces_of("predict", batch)).outputs()
            except FallBack:
                with preserved_random(), in_mode(self.model, training=False), no_grad():
                    found = plain(self.eager.outputs(batch.lists()[0]))
        return np.array(found) if isinstance(X, np.ndarray) else found

    # ------------------------------------------------------------------ for JAX

    def jax(self, X: Any = None, y: Any = None) -> tuple[Any, Callable[..., Any]]:  # noqa: N803
        """The model for JAX: its parameters, and a pure function of them.

        `loss(params, x, y)` is the loss of a training step, with the penalty, for arrays of
        any number of samples. It is what `jit`, `grad`, `vmap`, `jax.export`, optax, orbax and
        sharding take, and computes with the type of `params`. `load` brings them back.

        Args:
            X, y: samples, whose ways through the model are recorded, without training; needed
                before the first step, or where later samples may go other ways.

        Returns:
            The optimizer's parameters in dicts and lists, as they are named, and as arrays
            where they are in even lists: `params["layers"][0]["w"]` of a `nn.MLP` has the shape
            (nout, nin), "b" (nout,); and the loss. It is NaN for a sample that goes a way
            which is not recorded. Of a model with Dropout it takes a fourth argument, numbers
            from [0, 1), of the shape (samples, loss.draws). Other Values, such as those that
            are not trained, are constants.

        Raises:
            TypeError, ValueError: as for a step.
            RuntimeError: nothing is recorded yet; or JAX is set to 32 bits.
            ImportError: JAX is missing.

        The page docs/howto/jax.md trains with it and optax, and brings the parameters back.
        """
        from autograd.program.targets.jax import there
        from nn.training.handover import objective

        jax = there("step.jax()")
        with self._lock:
            self._before = None
            if X is not None:
                batch = Batch.of(X=X, y=y)
                traces = self._traces_of("train", batch)
                if traces.draws:
                    with preserved_random():
                        batch = batch.drawn(traces.draws)
                self._agrees(self._run(batch, traces), batch, traces)
            self.pull()
            known = [traces for traces in self._traces.values() if traces.trains]
            if not known:
                raise RuntimeError(
                    f"{self!r} has nothing to hand over yet; give samples: step.jax(X, y)"
                )
            traces, count, layout = known[-1], len(self._params), self._layout()
            if not traces.found[0].axes or any(trace.program.lanes for trace in traces.found):
                raise ValueError("step.jax(): the loss takes no samples, or goes through them")
            total = objective(jax, traces.found, traces.mean, traces.penalty)
            rest = [data_of(trace.closed[count:]) for trace in traces.found]
            params = layout.structured(jax, data_of(self._params))

        def loss(params: Any, *parts: Any) -> Any:
            if len(parts) != 2 + (traces.draws > 0):
                more = f", and draws of shape (samples, {traces.draws})" * (traces.draws > 0)
                raise TypeError(f"loss takes the parameters, x and y{more}")
            flat = layout.flat(jax, params, jax.numpy)
            arrays = [jax.numpy.asarray(part, flat.dtype) for part in parts]
            rows = [array.reshape(array.shape[0], -1).T for array in arrays]
            return total(flat, rest, jax.numpy.concatenate(rows))[0]

        loss.draws = traces.draws  # type: ignore[attr-defined]
        return params, loss

    def load(self, params: Any) -> None:
        """Set the parameters to those that `jax` gave, as they are now.

        Raises:
            ValueError: they are built in another way, and nothing is changed.
            FloatingPointError: one is infinite or NaN, and nothing is changed.
        """
        from autograd.program.targets.jax import there

        with self._lock:
            self.pull()
            numbers = self._layout().flat(there("step.load()"), params, np).astype(float)
            if not np.isfinite(numbers).all():
                raise FloatingPointError(f"{self.eager.name}: a parameter is not finite")
            for parameter, x in zip(self._params, numbers.tolist()):
                parameter.data = x

    def _layout(self) -> Layout:
        """Where the optimizer's parameters stand in a structure."""
        from nn.training.handover import Layout

        names = {parameter: name for name, parameter in self.model.named_parameters()}
        return Layout([names.get(p, f"others.{i}") for i, p in enumerate(self._params)])

    # ------------------------------------------------------------------ on batches

    def train(self, batch: Batch) -> Results:
        """One step: the outputs, if they are wanted, and the loss."""
        self._before = None
        traces = self._traces_of("train", batch)
        if not traces.draws:
            return self._train_on(batch, traces) or self.train(batch)
        state, steps = random.getstate(), self.optimizer.steps
        found = None
        try:
            drawn, self._before = batch.drawn(traces.draws), None
            found = self._train_on(drawn, traces)
        finally:
            if found is None and self.optimizer.steps == steps:
                random.setstate(state)
        return found or self.train(batch)

    def measure(self, batch: Batch) -> Results:
        """The outputs, if they are wanted, and the loss in eval mode, without the penalty."""
        self._before = None
        self.pull()
        try:
            call = self._run(batch, self._traces_of("measure", batch))
            return call.outputs() if self.outputs else [], self.eager.finite(call.loss())
        except (FallBack, FloatingPointError):
            with preserved_random(), in_mode(self.model, training=False):
                return self.eager.evaluate(*batch.lists())

    def _train_on(self, batch: Batch, traces: Traces) -> Results | None:
        """One step; None if the model was found to be changed, and nothing is done yet."""
        self._steps += 1
        self._countdown -= 1
        self.needs_recheck |= self._countdown <= 0
        fused = traces.fused.get(batch.lanes)
        if fused is not None and not self.needs_recheck:
            loss = self._train_fused(batch, fused)
            if loss is not None:
                return fused.outputs() if self.outputs else [], loss
        start = clock()
        if self._are_others():
            self._forget()
            return None
        try:
            call = self._run(batch, traces)
            if not self._agrees(call, batch, traces):
                return None
            if len(call.parts) == 1:
                self._fuse(call, traces)
            loss = self.eager.finite(call.loss())
            data, gradient = data_of(self.optimizer.params), call.gradient()
            if self.eager.max_norm is not None and not clip(gradient, self.eager.max_norm):
                raise FallBack
        except (FallBack, FloatingPointError):
            return self._by_values(batch, traces)
        except Exception:
            self._unchanged(self._objective, batch)  # raises, if eager does
            raise
        self._update.step(data, gradient)
        if self._countdown <= 0:
            self._check_again_later(start)
        return call.outputs() if self.outputs else [], loss

    def _check_again_later(self, start: float) -> None:
        """Count down to the next check, after a step with one that began then."""
        (steps, since), end = self._checked, clock()
        self._checked = self._steps, end
        took = (start - since) / max(1, self._steps - steps)
        self._countdown = calls_until_due(self._steps, end - start, took)

    def _train_fused(self, batch: Batch, fused: FusedStep) -> float | None:
        """The loss, after a step in one call; None if that can't make it."""
        update = self._update.arguments(fused.data, fused.gradient)
        if update[0] is None:
            return with_gradients_restored(
                self.optimizer, self._train_with, update, batch, fused
            )
        return self._train_with(update, batch, fused)

    def _train_with(
        self, update: tuple[Any, ...], batch: Batch, fused: FusedStep
    ) -> float | None:
        current, self._current = self._current, None
        if current is not fused:
            floats.read_data(fused.trace.closed, fused.u)
        elif fused.others[0]:
            floats.read_data(*fused.others)
        loss: float | None = fused.train(batch.parts, fused.loss, self._listed, update)
        if loss is False:  # someone has set the data of a parameter
            floats.read_data(fused.trace.closed, fused.u)
            loss = fused.train(batch.parts, fused.loss, self._listed, update)
        if loss is None or loss is False:
            return None
        if update[0] is None:
            self.optimizer.step()
        else:
            self._current = fused
        return loss

    def _fuse(self, call: BatchCall, traces: Traces) -> None:
        """Let one call make the next step with as many samples, if it can."""
        program = call.parts[0][1].program
        sweep = program.sweep([range(len(self._params))])
        if (
            (sweep.native is None or floats.exchanger is not None)
            and all(lane is None for _, lane in program.tape.roots[: sweep.outputs])
            and (sweep.has_lanes or call.batch.lanes == 1)
        ):
            fused = FusedStep(call, sweep, self.eager.max_norm, self.threads)
            traces.fused[call.batch.lanes] = fused
            if len(traces.fused) > MOST_SIZES:
                traces.fused.pop(next(iter(traces.fused)))

    def _by_values(self, batch: Batch, traces: Traces) -> Results:
        """The step as eager does it, which raises where something is not finite.

        Raises:
            ValueError: it is known how many samples there will be, and most steps end here.
        """
        self._fallbacks += 1
        if self._fallbacks > max(MOST_FALLBACKS, self._steps / 2) and self.samples < math.inf:
            many = len(traces.found) >= FEW
            why = traces.parting() if many else "gives numbers that programs can't"
            raise ValueError(f"the model or the loss {why}")
        with preserved_random(), self._as_recorded(batch) as samples:
            return self.eager.train(*samples)

    def _traces_of(self, what: str, batch: Batch) -> Traces:
        """What was recorded to "train", "measure" or "predict" with such batches.

        Raises:
            ValueError: the loss of a batch is neither the mean nor the sum of its samples'.
        """
        params = self.optimizer.params
        if not params:
            raise ValueError("all parameters are frozen; let some have requires_grad=True")
        frozen = params is not self._listed and self._are_others()
        changed = self._captured and self._changed()
        if changed or frozen or len(params) != len(self._params):
            self._forget()
        key = what, batch.key
        found = self._traces.get(key)
        if found is None:
            f = self._in_mode(getattr(self, f"_{what}"), what == "train")
            found = Traces(f, self.optimizer.params, self._unchanged, self.samples)
            if len(batch.parts) == 2:
                self._unchanged(self._look_at, batch, found)
            found.key, found.trains = key, what == "train"
            found.penalty = found.trains and self.eager.penalty is not None
            self._traces[key] = found
        return found

    def _are_others(self) -> bool:
        """Whether the parameters are not those that were recorded, in their order."""
        return not all(map(is_, self.optimizer.params, self._params))

    def _changed(self) -> bool:
        """Whether the loss or the penalty captures something that has changed since."""
        changed = not all(captured.same() for captured in self._captured)
        if changed:
            self._captured = [Captured(captured.f) for captured in self._captured]
        return changed

    def _run(self, batch: Batch, traces: Traces) -> BatchCall:
        """What programs give for a batch."""
        call = BatchCall(batch, traces)
        known = len(traces.found)
        traces.do(call, batch)
        used(self._traces, traces.key)
        if len(traces.found) > known:
            sizes = [each.nodes for each in self._traces.values()]
            for key in [*self._traces][: surplus(sizes)]:
                del self._traces[key]
        return call

    def _unchanged(self, f: Callable[..., T], *args: Any) -> T:
        """What f gives; ValueError if that changes what the model or the loss reaches."""
        if self._before is None:
            eager = self.eager
            self._before = Snapshot(model=self.model, loss=eager.loss, penalty=eager.penalty)
        if self._recorded is None:
            self._recorded = self._before
        return self._before.unchanged(f, *args)

    # ------------------------------------------------------------------ is it right?

    def _look_at(self, batch: Batch, traces: Traces) -> None:
        """Find what the loss of a batch is, and how many numbers a sample draws."""
        x, y = batch.sample(0)
        with preserved_random(), in_mode(self.model, training=False), no_grad():
            output = self.model(x)
            for count in (1, COUNT):
                try:
                    self.eager.measured([output] * count, [y] * count)
                except Exception as error:
                    self._objective(batch)  # raises, if the loss of these does
                    alone = "one alone" if count == 1 else f"{count} that are equal"
                    raise ValueError(
                        f"the loss couples samples: of {alone} it raises "
                        f"{type(error).__name__}: {error}"
                    ) from error
        traces.mean = is_mean(self.eager.measured, plain(output), plain(y))
        numbers = itertools.count()
        with (
            preserved_random(),
            in_mode(self.model, training=True),
            no_grad(),
            draws_from(lambda: 0.0 * next(numbers)),
        ):
            self.model(x)
        traces.draws = next(numbers)

    def _agrees(self, call: BatchCall, batch: Batch, traces: Traces) -> bool:
        """Compare some samples with what eager gives, of a new size of batch or in doubt.

        False if the model was changed: everything is recorded anew then.

        Raises:
            ValueError: a new program gives something else.
        """
        known = batch.lanes in traces.sizes
        if known and not self.needs_recheck:
            return True
        recheck, self.needs_recheck = self.needs_recheck, False
        if recheck and self._recorded is not None and self._recorded.changed(trained=True):
            self._forget()
            return False
        try:
            found = self._unchanged(self._compared, call, batch, known)
        except TypeError:
            if not known:
                raise
            return True  # classes as floats, such as 2.0, are taken by programs only
        for got, expected in found:
            if math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12):
                continue
            if not recheck:
                raise ValueError(
                    f"the program of the loss gives {got!r} where eager gives {expected!r}; it "
                    "has to depend on nothing but the model, the outputs and the targets"
                )
            self._forget()
            return False
        traces.sizes.add(batch.lanes)
        return True

    def _compared(
        self, call: BatchCall, batch: Batch, known: bool
    ) -> list[tuple[float, float]]:
        """The loss by programs, and by eager: of some samples, and of a whole batch of these.

        The places in that batch are drawn, so the loss of one that weighs by place differs.
        """
        steps, n = self.optimizer.steps, batch.lanes
        lanes = [int(lanes[steps % len(lanes)]) for lanes, *_ in call.parts]
        lanes += [moving(steps + i, n) for i in range(1 if known else SOME)]
        whole = n <= SOME and not known
        lanes = [*range(n)] if whole else lanes
        with (
            preserved_random(),
            self._as_recorded(batch if whole else batch.chosen(lanes)) as samples,
            no_grad(),
        ):
            outputs = self.eager.outputs(*samples[:1])
            objective = self.eager.objective(outputs, *samples[1:])
            pairs = [(call.loss(lanes), self.eager.node(objective).data)]
            if not known and not whole:
                places = random.Random(n).choices(range(len(lanes)), k=n)
                parts = [[part[i] for i in places] for part in (outputs, samples[1])]
                expected = self.eager.node(self.eager.objective(*parts)).data
                pairs.append((call.loss([lanes[i] for i in places]), expected))
        return pairs

    def _objective(self, batch: Batch) -> float:
        """What eager gives as the loss of a batch, with the penalty."""
        with preserved_random(), self._as_recorded(batch) as samples, no_grad():
            outputs = self.eager.outputs(*samples[:1])
            return self.eager.node(self.eager.objective(outputs, *samples[1:])).data

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
            with preserved_modes(self.model):
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


_all_steps: WeakSet[Step] = WeakSet()


def _unlock() -> None:
    """In a child process, the threads that had a lock are no more."""
    for step in _all_steps:
        step._lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_unlock)


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """With all modules in this mode while the block runs."""
    with preserved_modes(model):
        model.train(training)
        yield


class preserved_random:
    """With `random` as it was, after the block.

    An interrupt may leave a generator open, which would set it when it is freed.
    """

    def __enter__(self) -> None:
        self._state = random.getstate()

    def __exit__(self, *error: object) -> None:
        random.setstate(self._state)
