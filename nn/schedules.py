"""Learning rate schedules, with PyTorch's names, defaults and results.

A scheduler sets its optimizer's `lr`; call its `step` once an epoch. All but
`ReduceLROnPlateau` are functions of the optimizer's first lr and the number of epochs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from itertools import starmap
from typing import Any

from autograd import Value
from autograd.core.operand import Operand, primal
from nn import checks
from nn.optim import Optimizer

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LinearLR",
    "ReduceLROnPlateau",
    "Scheduler",
    "StepLR",
]

COUNTERS = ("last_epoch", "num_bad_epochs", "cooldown_counter")


class Scheduler:
    """Base of the schedules. Subclasses define `rate`.

    Attributes:
        optimizer: the optimizer whose lr is set.
        base_lr: its lr when the scheduler was made.
        last_epoch: the number of steps made.

    Raises:
        TypeError: the optimizer is not an Optimizer, or a setting is not a number.
        ValueError: a setting is out of its range.

    >>> import nn
    >>> class Halving(Scheduler):
    ...     def rate(self, epoch):
    ...         return self.base_lr * 0.5**epoch
    >>> sgd = nn.SGD([Value(1.0)], lr=0.2)
    >>> Halving(sgd).step()
    >>> sgd.lr
    0.1
    """

    def __init__(self, optimizer: Optimizer) -> None:
        checks.instance(optimizer, Optimizer, f"{type(self).__name__}: optimizer")
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.last_epoch = 0
        optimizer.lr = self.rate(0)

    def rate(self, epoch: int) -> float:
        """The learning rate after this many steps."""
        raise NotImplementedError(f"{type(self).__name__} has no rate method; define one")

    def step(self, metric: Operand | None = None) -> None:
        """One epoch has passed: set the optimizer's lr. Only ReduceLROnPlateau uses the metric.

        Raises:
            OverflowError: the lr would be too large for a float; nothing was changed.
        """
        following = self.last_epoch + 1
        try:
            lr = self.rate(following)
        except OverflowError:
            lr = math.inf
        if math.isinf(lr):
            raise OverflowError(
                f"{type(self).__name__}.step: the lr of epoch {following} is too large for a "
                "float; nothing was changed: give a smaller factor"
            )
        self._set(lr, last_epoch=following)

    def _set(self, lr: float, **state: Any) -> None:
        """Take a state, and let the optimizer have the lr."""
        lr = checks.not_negative(lr, f"{type(self).__name__}: lr")
        updates = [(vars(self), state), (vars(self.optimizer), {"lr": lr})]
        deque(starmap(dict.update, updates), 0)  # in one call, which no signal can interrupt

    def get_last_lr(self) -> list[float]:
        """The learning rate that was set last; a list, as in PyTorch."""
        return [self.optimizer.lr]

    def __repr__(self) -> str:
        shown = [f"last_epoch={self.last_epoch}", *checks.settings(self)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def state_dict(self) -> dict[str, Any]:
        """Its kind, `base_lr` and `last_epoch`; not its arguments."""
        return {
            "scheduler": type(self).__name__,
            "base_lr": self.base_lr,
            "last_epoch": self.last_epoch,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` of the same kind of scheduler.

        Raises:
            ValueError: the state does not fit; nothing was changed.
            TypeError: the state is not a dict.
        """
        name = type(self).__name__
        checks.instance(state, Mapping, f"{name}: the state")
        try:
            checks.same_keys(state, self.state_dict())
            if state["scheduler"] != name:
                raise ValueError(f"it is that of {checks.shortened(state['scheduler'])}")
            numbers = {key: x for key, x in state.items() if key != "scheduler"}
            for key, x in numbers.items():
                self._check(key, x)
        except (OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"{name}: the state does not fit: {error}") from error
        vars(self).update(numbers)

    def _check(self, key: str, x: Any) -> None:
        if key in COUNTERS:
            checks.counter(x, key)
        elif key == "base_lr":
            checks.not_negative(x, key)
        else:
            checks.to_float(x, key)


class StepLR(Scheduler):
    """base_lr · gamma^⌊epoch / step_size⌋.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     scheduler.step()
    >>> optimizer.lr
    0.25
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = checks.count(step_size, "StepLR: step_size")
        self.gamma = checks.not_negative(gamma, "StepLR: gamma")
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        return self.base_lr * self.gamma ** (epoch // self.step_size)


class ExponentialLR(Scheduler):
    """base_lr · gamma^epoch.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> ExponentialLR(optimizer, gamma=0.5).step()
    >>> optimizer.lr
    0.5
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = checks.not_negative(gamma, "ExponentialLR: gamma")
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        return self.base_lr * self.gamma**epoch


class CosineAnnealingLR(Scheduler):
    """From base_lr down to eta_min along half a cosine in T_max epochs, then up again
    (Loshchilov & Hutter 2017, without restarts).

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> scheduler.step(); scheduler.step()
    >>> optimizer.lr
    0.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803
        eta_min: float = 0.0,
    ) -> None:
        self.T_max = checks.count(T_max, "CosineAnnealingLR: T_max")
        self.eta_min = checks.not_negative(eta_min, "CosineAnnealingLR: eta_min")
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        fraction = (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0
        return self.eta_min + (self.base_lr - self.eta_min) * fraction


class LinearLR(Scheduler):
    """base_lr times a factor that goes linearly from start_factor to end_factor in
    total_iters epochs: a warm-up.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> scheduler = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> optimizer.lr
    0.5
    >>> scheduler.step()
    >>> optimizer.lr
    0.75
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        self.start_factor = checks.not_negative(start_factor, "LinearLR: start_factor")
        self.end_factor = checks.not_negative(end_factor, "LinearLR: end_factor")
        self.total_iters = checks.count(total_iters, "LinearLR: total_iters")
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        fraction = min(epoch, self.total_iters) / self.total_iters
        return self.base_lr * (
            self.start_factor + (self.end_factor - self.start_factor) * fraction
        )


class ReduceLROnPlateau(Scheduler):
    """lr · factor whenever the metric has not improved for more than `patience` epochs.

    Args:
        mode: "min" if less is better, "max" if more is.
        threshold: an improvement must be more than this share of the best so far
            (threshold_mode "rel"), or more than this ("abs").
        cooldown: the number of epochs after a reduction that do not count.
        min_lr: never go below this.
        eps: a reduction by no more than this is not made.

    Raises:
        ValueError: also if factor is not within [0, 1), or if a mode is unknown.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 3.0, 3.0]:
    ...     scheduler.step(loss)
    >>> optimizer.lr
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if mode not in ("min", "max"):
            got = checks.shortened(mode)
            raise ValueError(f'ReduceLROnPlateau: mode must be "min" or "max", got {got}')
        if threshold_mode not in ("rel", "abs"):
            got = checks.shortened(threshold_mode)
            raise ValueError(
                f'ReduceLROnPlateau: threshold_mode must be "rel" or "abs", got {got}'
            )
        self.mode, self.threshold_mode = mode, threshold_mode
        self.factor = checks.fraction(factor, "ReduceLROnPlateau: factor", below_1=True)
        self.patience = checks.count(patience, "ReduceLROnPlateau: patience", least=0)
        self.threshold = checks.not_negative(threshold, "ReduceLROnPlateau: threshold")
        self.cooldown = checks.count(cooldown, "ReduceLROnPlateau: cooldown", least=0)
        self.min_lr = checks.not_negative(min_lr, "ReduceLROnPlateau: min_lr")
        self.eps = checks.not_negative(eps, "ReduceLROnPlateau: eps")
        self.best = self._worst
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The optimizer's present lr; `step` changes it."""
        return self.optimizer.lr

    def step(self, metric: Operand | None = None) -> None:
        """One epoch has passed with this metric, such as the validation loss.

        Raises:
            TypeError: no metric, or one that is not a number.
        """
        if metric is None:
            raise TypeError(
                "ReduceLROnPlateau.step needs the metric, such as the validation loss"
            )
        if not isinstance(metric, Value):
            checks.to_float(metric, "ReduceLROnPlateau.step: the metric")
        value, lr = primal(metric), self.optimizer.lr
        improved, cooling = self._improved(value), self.cooldown_counter > 0
        bad_epochs = 0 if improved or cooling else self.num_bad_epochs + 1
        cooldown = self.cooldown_counter - cooling
        if bad_epochs > self.patience:
            reduced = max(lr * self.factor, self.min_lr)
            lr = reduced if lr - reduced > self.eps else lr
            bad_epochs, cooldown = 0, self.cooldown
        self._set(
            lr,
            last_epoch=self.last_epoch + 1,
            best=value if improved else self.best,
            num_bad_epochs=bad_epochs,
            cooldown_counter=cooldown,
        )

    @property
    def _worst(self) -> float:
        return math.inf if self.mode == "min" else -math.inf

    def _improved(self, value: float) -> bool:
        margin = self.threshold if self.mode == "max" else -self.threshold
        relative = self.threshold_mode == "rel"
        bar = self.best * (1.0 + margin) if relative else self.best + margin
        return value > bar if self.mode == "max" else value < bar

    def state_dict(self) -> dict[str, Any]:
        """Its counters and `best`, which is None before the first step; not its arguments."""
        return super().state_dict() | {
            "best": None if math.isinf(self.best) else self.best,
            "num_bad_epochs": self.num_bad_epochs,
            "cooldown_counter": self.cooldown_counter,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if isinstance(state, Mapping) and "best" in state and state["best"] is None:
            state = {**state, "best": self._worst}
        super().load_state_dict(state)
