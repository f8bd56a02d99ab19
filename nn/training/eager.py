"""A training step by Values: what a compiled step does natively, and falls back on."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import starmap
from typing import Any

from autograd import Value, no_grad
from autograd.core.operand import primal
from nn.activations import Sigmoid, Softmax
from nn.checks import function, instance, not_negative, shortened
from nn.clipping import clip_grad_norm_
from nn.layers import Sequential
from nn.losses import binary_cross_entropy_with_logits, cross_entropy
from nn.module import Module
from nn.optim import Optimizer
from nn.training.batches import Batch, is_finite, plain

__all__ = ["Eager", "Loss", "Penalty", "Results", "in_mode"]

LOGITS: dict[Any, Any] = {Softmax: cross_entropy, Sigmoid: binary_cross_entropy_with_logits}
Loss = Callable[..., Any]
Penalty = Callable[[list[Value]], Any]
Results = tuple[list[Any], float]  # the outputs as plain numbers, and the loss
ADVICE = "lower the learning rate, scale the inputs, or clip the gradients with max_norm"


class Eager:
    """The engine that goes by Values: each step is recorded anew.

    Args:
        name: begins the messages.

    Attributes:
        epoch: for the messages, if there are epochs.
        why: why nothing is compiled.

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
        last = model.layers[-1:] if isinstance(model, Sequential) else []
        if any(LOGITS.get(type(layer)) is loss for layer in last):
            warnings.warn(
                f"{name}: the loss takes logits, and the model ends in {last[0]!r}: leave one "
                "of them out",
                stacklevel=4,
            )
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.penalty, self.max_norm, self.name = penalty, max_norm, name
        self.epoch: int | None = None
        self.why: str | None = "compiled=False"

    def train(self, batch: Batch) -> Results:
        """One step in training mode: the outputs and the loss, with the penalty.

        Raises:
            TypeError: the loss is not a Value.
            FloatingPointError: a loss, a gradient or a next value is not finite.
        """
        samples = batch.lists()
        outputs, objective = self.forward(samples)
        data, before = self.finite(self.node(objective), *samples), plain(outputs)
        gradients = [(p, p.grad) for p in self.optimizer.params]
        try:
            self.optimizer.zero_grad()
            objective.backward()
            if self.max_norm is not None:
                clip_grad_norm_(self.optimizer.params, self.max_norm)
            self.optimizer.step()
        except Exception:
            for p, gradient in gradients:
                p.grad = gradient
            raise
        return before, data

    def measure(self, batch: Batch) -> Results:
        """The outputs and the loss in eval mode, without the penalty; NaN without targets."""
        xs, *targets = samples = batch.lists()
        with in_mode(self.model, training=False), no_grad():
            outputs = self.outputs(xs)
            if not targets:
                return plain(outputs), math.nan
            return plain(outputs), self.finite(self.measured(outputs, *targets), *samples)

    def pull(self) -> None:
        """The parameters are in the Values."""

    def changed(self) -> None:
        """The model may have been changed."""

    # ------------------------------------------------------------------ parts of a step

    def forward(self, samples: list[list[Any]]) -> tuple[list[Any], Any]:
        """The outputs in training mode, and the loss with the penalty."""
        with in_mode(self.model, training=True):
            try:
                outputs = self.outputs(*samples[:1])
                return outputs, self.objective(outputs, *samples[1:])
            except OverflowError as error:
                error.add_note(f"{self.name}: a number is too large{self.where}; {ADVICE}")
                raise

    def objective(self, outputs: list[Any], *targets: Sequence[Any]) -> Any:
        """The loss with the penalty; without targets it is a function of nothing."""
        loss = self.measured(outputs, [*targets[0]]) if targets else self.loss()
        return loss if self.penalty is None else loss + self.penalty(self.optimizer.params)

    def outputs(self, xs: Sequence[Any] = ()) -> list[Any]:
        """Return the model's output for each sample."""
        outputs: list[Any] = []
        try:
            for x in xs:
                outputs.append(self.model(x))
        except Exception as error:
            error.add_note(f"in the model, for the sample {shortened(xs[len(outputs)])}")
            raise
        return outputs

    def measured(self, outputs: list[Any], targets: list[Any]) -> Any:
        """The loss of a batch."""
        try:
            return self.loss(outputs, targets)
        except (AttributeError, TypeError) as error:
            error.add_note("in the loss, which is given the lists of all outputs and targets")
            raise

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


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """With all modules in this mode while the block runs."""
    before = [(module, "training", module.training) for module in model.modules()]
    try:
        model.train(training)
        yield
    finally:
        deque(starmap(object.__setattr__, before), 0)  # also of a frozen dataclass
