"""A training step by Values: what a compiled step does natively, and falls back on."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat, starmap
from typing import Any, TypeVar

from autograd import Value, no_grad
from autograd.core.operand import primal
from nn.checks import function, instance, not_negative, shortened
from nn.clipping import clip_grad_norm_
from nn.module import Module
from nn.optim import Optimizer

__all__ = ["EagerStep", "Loss", "Penalty"]
__all__ += ["is_finite", "plain", "preserved_modes", "with_gradients_restored"]

T = TypeVar("T")
Loss = Callable[..., Any]
Penalty = Callable[[list[Value]], Any]
ADVICE = "lower the learning rate, scale the inputs, or clip the gradients with max_norm"


class EagerStep:
    """One step of an optimizer, recorded anew each time.

    Args:
        name: begins the messages.

    Attributes:
        epoch: for the messages, if there are epochs.

    Raises:
        TypeError, ValueError: an argument is wrong; the message names it.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        penalty: Penalty | None,
        max_norm: float | None,
        name: str,
    ) -> None:
        instance(model, Module, f"{name}: model")
        instance(
            optimizer, Optimizer, f"{name}: optimizer", "such as nn.Adam(model.parameters())"
        )
        if set(model.parameters()).isdisjoint(optimizer.params):
            raise ValueError(
                f"{name}: the optimizer has no parameter of the model; make it with "
                "model.parameters(), some with requires_grad=True"
            )
        function(loss, f"{name}: loss", "such as nn.mse_loss")
        if penalty is not None:
            function(penalty, f"{name}: penalty")
        if max_norm is not None:
            not_negative(max_norm, f"{name}: max_norm")
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.penalty, self.max_norm, self.name = penalty, max_norm, name
        self.epoch: int | None = None

    def train(self, *samples: Sequence[Any]) -> tuple[list[Any], float]:
        """One step on inputs and targets: the outputs as floats, and the loss.

        Raises:
            TypeError: the loss is not a Value.
            FloatingPointError: a loss, a gradient or a next value is not finite.
        """
        try:
            outputs = self.outputs(*samples[:1])
            objective = self.objective(outputs, *samples[1:])
        except OverflowError as error:
            error.add_note(f"{self.name}: a number is too large{self.where}; {ADVICE}")
            raise
        data, before = self.finite(self.node(objective), *samples), plain(outputs)
        with_gradients_restored(self.optimizer, self._step, objective)
        return before, data

    def _step(self, objective: Value) -> None:
        """The optimizer's step down the gradient."""
        self.optimizer.zero_grad()
        objective.backward()
        if self.max_norm is not None:
            clip_grad_norm_(self.optimizer.params, self.max_norm)
        self.optimizer.step()

    def objective(self, outputs: list[Any], *targets: Sequence[Any]) -> Any:
        """The loss with the penalty; without targets it is a function of nothing."""
        loss = self.measured(outputs, [*targets[0]]) if targets else self.loss()
        return loss if self.penalty is None else loss + self.penalty(self.optimizer.params)

    def outputs(self, xs: Sequence[Any] = ()) -> list[Any]:
        """What the model gives for each sample."""
        found: list[Any] = []
        try:
            for x in xs:
                found.append(self.model(x))
        except Exception as error:
            error.add_note(f"in the model, for the sample {shortened(xs[len(found)])}")
            raise
        return found

    def measured(self, outputs: list[Any], targets: list[Any]) -> Any:
        """The loss of a batch."""
        try:
            return self.loss(outputs, targets)
        except (AttributeError, TypeError) as error:
            error.add_note("in the loss, which is given the lists of all outputs and targets")
            raise

    def evaluate(self, xs: Sequence[Any], ys: Sequence[Any]) -> tuple[list[Any], float]:
        """The outputs and the loss, without the penalty."""
        with no_grad():
            outputs = self.outputs(xs)
            return plain(outputs), self.finite(self.measured(outputs, list(ys)), xs, ys)

    def node(self, loss: Any) -> Value:
        """The loss; TypeError unless it is a Value."""
        if not isinstance(loss, Value):
            raise TypeError(
                f"{self.name}: the loss must be a Value, got {loss!r}; use one reduction"
            )
        return loss

    @property
    def where(self) -> str:
        """The epoch, for messages."""
        return "" if self.epoch is None else f" in epoch {self.epoch}"

    def finite(self, loss: Any, *samples: Sequence[Any]) -> float:
        """The loss as a float; FloatingPointError if it is infinite or NaN."""
        data = primal(loss)
        if not math.isfinite(data):
            bad = [x for xs in samples for x in plain(xs) if not is_finite(x)]
            raise FloatingPointError(
                f"{self.name}: the loss is {data}{self.where}; "
                + (f"the sample {shortened(bad[0])} is not finite" if bad else ADVICE)
            )
        return data


def with_gradients_restored(optimizer: Optimizer, step: Callable[..., T], *args: Any) -> T:
    """Make a step; where it fails or is interrupted, the gradients are what they were."""
    steps, params = optimizer.steps, optimizer.params
    put_back = map(setattr, params, repeat("grad"), [p.grad for p in params])
    try:
        return step(*args)
    except BaseException:
        if optimizer.steps == steps:
            deque(put_back, 0)  # in one call, which no signal can interrupt
        raise


def is_finite(x: Any) -> bool:
    """Whether every number of a sample or target is finite."""
    if isinstance(x, list):
        return all(map(is_finite, x))
    return not isinstance(x, float) or math.isfinite(x)


PLAIN = frozenset([float, int, bool, str])


def plain(x: Any) -> Any:
    """x with lists in place of arrays and floats in place of Values.

    >>> plain([Value(1.0), (2.0, "a")])
    [1.0, [2.0, 'a']]
    """
    if type(x) is Value:
        return x.data
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        if PLAIN.issuperset(map(type, x)):
            return list(x)
        return [plain(element) for element in x]
    if isinstance(x, dict):
        return {key: plain(element) for key, element in x.items()}
    return x


@contextmanager
def preserved_modes(model: Module) -> Iterator[None]:
    """Give every module the mode back that it had before the block."""
    before = [(module, "training", module.training) for module in model.modules()]
    put_back = starmap(object.__setattr__, before)
    try:
        yield
    finally:
        deque(put_back, 0)
