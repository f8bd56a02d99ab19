"""nn.compile's step, and the engine that falls back on Values."""

from __future__ import annotations

import math
import os
import random
import threading
import warnings
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import numpy as np

from autograd import no_grad
from autograd.program.program import Program
from nn.training.batches import Batch, rows_of
from nn.training.compiled import ByValues, Compiled
from nn.training.eager import Eager, Results
from nn.training.state import preserved_random

__all__ = ["Step", "WithFallback"]

MOST = 3  # batches by Values, of which there are more only if others are more


class WithFallback:
    """An engine that goes by programs, and by Values what these can't do.

    Args:
        strict: raise what keeps a batch from being compiled; else warn once, and go by Values
            from then on.

    Attributes:
        why: what kept it from going by programs; None while it does.
    """

    def __init__(self, fast: Compiled, slow: Eager, strict: bool) -> None:
        self.fast, self.slow, self.strict = fast, slow, strict
        self.done = self.failed = 0
        self.why: str | None = None

    def train(self, batch: Batch) -> Results:
        """One step: the outputs and the loss, with the penalty."""
        return self.do("train", batch)

    def measure(self, batch: Batch) -> Results:
        """The outputs and the loss in eval mode, without the penalty."""
        return self.do("measure", batch)

    def changed(self) -> None:
        """The model may have been changed."""
        self.fast.changed()

    def pull(self) -> None:
        """Bring the parameters back into the Values."""
        self.fast.pull()

    def do(self, what: str, batch: Batch) -> Results:
        """`train` or `measure`, as asked for."""
        error: Exception | None = None
        if self.why is None:
            self.done += 1
            try:
                return getattr(self.fast, what)(batch)  # type: ignore[no-any-return]
            except ByValues as odd:
                self.failed += 1
                if not self.strict and self.failed > max(MOST, self.done / 2):
                    error = ValueError(f"the model or the loss {odd}")
            except Exception as odd:
                if self.strict:
                    _ = batch.key  # raises, if the samples don't fit together
                    with preserved_random(), no_grad():
                        if what == "measure":
                            self.slow.measure(batch)
                        else:
                            self.slow.forward(batch.lists())  # raises, if the model does
                    raise
                error = odd
        state = random.getstate()
        try:
            result: Results = getattr(self.slow, what)(batch)
        except BaseException:
            random.setstate(state)
            raise
        if error is not None:  # and it is no error by Values
            self.why = f"not compiled, since {type(error).__name__}: {error}"
            warnings.warn(f"fit: {self.why}", stacklevel=6)
        return result


class Step:
    """A compiled training step: `step(X, y)` is the loss, after one step of the optimizer.

    `nn.compile` makes one. Threads that share it take turns.

    Args:
        eager: the same step by Values.
        threads: how many share the samples.
        backend: the class of the engine.
    """

    def __init__(self, eager: Eager, threads: int, backend: type[Compiled]) -> None:
        self.eager, self.engine = eager, backend(eager, threads)
        self.model, self.optimizer = eager.model, eager.optimizer
        self.whole = WithFallback(self.engine, eager, strict=True)
        self._made = eager, threads, backend
        self._last = Batch()
        self._lock = threading.RLock()
        _steps.add(self)

    def __repr__(self) -> str:
        kind = type(self.eager.model).__name__
        return f"<compiled step of {kind}, {len(self.eager.optimizer.params)} parameters>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made

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
            batch = self._last
            if not batch.take_in(X, y):
                batch = Batch() if X is None else Batch(rows_of(X, "X"), rows_of(y, "y"))
            loss = self.whole.do("train", batch)[1]
            self._last = batch
            return loss

    def evaluate(self, X: Any, y: Any) -> float:  # noqa: N803
        """The loss of n samples in eval mode, without the penalty; errors as for a call."""
        with self._lock:
            return self.whole.measure(Batch(rows_of(X, "X"), rows_of(y, "y")))[1]

    def predict(self, X: Any) -> Any:  # noqa: N803
        """The model's outputs for n samples in eval mode: an array if X is one, else a list."""
        with self._lock:
            outputs = self.whole.measure(Batch(rows_of(X, "X")))[0]
        return np.array(outputs) if isinstance(X, np.ndarray) else outputs

    def pull(self) -> None:
        """Bring the parameters back into the Values, if a backend keeps them elsewhere."""
        self.engine.pull()

    @property
    def program(self) -> Program:
        """The program of a training step that was recorded last.

        Raises:
            RuntimeError: there is none yet.
        """
        program = self.engine.program
        if program is None:
            raise RuntimeError(f"{self!r} has no program yet; it is recorded by its first step")
        return program

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
            where they are in even lists: `params["layers"][0]["weight"]` of a `nn.MLP` has the
            shape (nout, nin), "bias" (nout,); and the loss. It is NaN for a sample that goes a
            way which is not recorded. Of a model with Dropout it takes a fourth argument,
            numbers from [0, 1), of the shape (samples, loss.draws). Other Values, such as those
            that are not trained, are constants.

        Raises:
            TypeError, ValueError: as for a step.
            RuntimeError: nothing is recorded yet; or JAX is set to 32 bits.
            ImportError: JAX is missing.

        The page docs/howto/jax.md trains with it and optax, and brings the parameters back.
        """
        from nn.training.jax import handed_over

        with self._lock:
            batch = None if X is None else Batch(rows_of(X, "X"), rows_of(y, "y"))
            return handed_over(self.engine, batch, repr(self))

    def load(self, params: Any) -> None:
        """Set the parameters to those that `jax` gave, as they are now.

        Raises:
            ValueError: they are built in another way, and nothing is changed.
            FloatingPointError: one is infinite or NaN, and nothing is changed.
        """
        from nn.training.jax import layout_of, there

        with self._lock:
            self.pull()
            numbers = (
                layout_of(self.engine).flat(there("step.load()"), params, np).astype(float)
            )
            if not all(map(math.isfinite, numbers)):
                raise FloatingPointError(f"{self.eager.name}: a parameter is not finite")
            for parameter, x in zip(self.engine.params, numbers.tolist()):
                parameter.data = x


_steps = WeakSet[Step]()


def _forked() -> None:
    """Let go of the locks that threads of the parent process hold, who are not in this one."""
    for step in _steps:
        step._lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=_forked)
