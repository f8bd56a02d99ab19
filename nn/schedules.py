"""Learning rate schedules, with PyTorch's names, defaults and results.

A scheduler sets its optimizer's `lr`; call its `step` once an epoch. All but
`ReduceLROnPlateau` are functions of the optimizer's first lr and the number of epochs.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import starmap
from typing import Any

from autograd import Value
from autograd.core.operand import Operand, primal
from nn import checks
from nn.optim import Optimizer

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "Scheduler",
    "SequentialLR",
    "StepLR",
]

COUNTERS = ("last_epoch", "num_bad_epochs", "cooldown_counter")


class Scheduler:
    """Base of the schedules. Subclasses define `rate`.

    Attributes:
        optimizer: the optimizer whose lr is set; of each of its groups.
        base_lr: its lr when the scheduler was made; what it was before other schedulers, if
            they have set it last. `rate` finds that of the group here.
        group: the index of the group for `rate`.
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
        self.last_epoch = self.group = 0
        rates: list[float] = [group["lr"] for group in optimizer.param_groups]
        before, set_last = optimizer._scheduled or (rates, rates)
        self.base_lrs = before if set_last == rates else rates
        self.base_lr = self.base_lrs[0]
        settings = self._settings(0)
        for group, own in zip(optimizer.param_groups, settings):
            group.update(own)
        optimizer._scheduled = self.base_lrs, [own["lr"] for own in settings]

    def _settings(self, epoch: int) -> list[dict[str, Any]]:
        """Return the settings of each group after this many steps."""
        if len(self.base_lrs) == 1:
            return [self._group_settings(epoch)]
        settings = []
        for k, base_lr in enumerate(self.base_lrs):
            twin = copy.copy(self)
            vars(twin).update(group=k, base_lr=base_lr)
            settings.append(twin._group_settings(epoch))
        return settings

    def _group_settings(self, epoch: int) -> dict[str, Any]:
        return {"lr": self.rate(epoch)}

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
            settings = self._settings(following)
        except OverflowError:
            settings = [{"lr": math.inf}]
        if any(math.isinf(own["lr"]) for own in settings):
            raise OverflowError(
                f"{type(self).__name__}.step: the lr of epoch {following} is too large for a "
                "float; nothing was changed: give a smaller factor"
            )
        self._set(settings, last_epoch=following)

    def _set(self, settings: list[dict[str, Any]], **state: Any) -> None:
        """Take a state, and let each group of the optimizer have its settings."""
        groups, optimizer = self.optimizer.param_groups, vars(self.optimizer)
        for own in settings:
            checks.not_negative(own["lr"], f"{type(self).__name__}: lr")
        scheduled = self.base_lrs, [own["lr"] for own in settings]
        updates = [(vars(self), state), (optimizer, {"_scheduled": scheduled})]
        for group, own in zip(groups, settings):
            updates.append((optimizer if len(groups) == 1 else group.own, own))
        deque(starmap(dict.update, updates), 0)  # in one call, which no signal can interrupt

    def get_last_lr(self) -> list[float]:
        """The learning rate that was set last; a list, as in PyTorch."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def __repr__(self) -> str:
        shown = [f"last_epoch={self.last_epoch}", *checks.settings(self)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def state_dict(self) -> dict[str, Any]:
        """Its kind, `base_lr` and `last_epoch`; not its arguments."""
        state = {
            "scheduler": type(self).__name__,
            "base_lr": self.base_lr,
            "last_epoch": self.last_epoch,
        }
        several = len(self.base_lrs) > 1
        return state | ({"base_lrs": [*self.base_lrs]} if several else {})

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
        vars(self).update({"base_lrs": [state["base_lr"]], **numbers})

    def _check(self, key: str, x: Any) -> None:
        if key == "base_lrs":
            checks.instance(x, list, key)
            if len(x) != len(self.base_lrs):
                raise ValueError(f"it has {len(x)} groups, this one {len(self.base_lrs)}")
            for each in x:
                checks.not_negative(each, key)
        elif key in COUNTERS:
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


class MultiStepLR(Scheduler):
    """base_lr · gamma^n, n being how many of the milestones, which are epochs, were reached.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> scheduler = MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> for _ in range(3):
    ...     scheduler.step()
    >>> optimizer.lr
    0.25
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1
    ) -> None:
        self.milestones = _milestones(milestones, "MultiStepLR: milestones")
        self.gamma = checks.not_negative(gamma, "MultiStepLR: gamma")
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        return self.base_lr * self.gamma ** sum(epoch >= each for each in self.milestones)


class LambdaLR(Scheduler):
    """base_lr times what a function of the epoch gives.

    Args:
        lr_lambda: the function, or a list of them, one for each group of the optimizer.

    Raises:
        TypeError, ValueError: also if one gives no number, or a negative one.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch)).step()
    >>> optimizer.lr
    0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Iterable[Callable[[int], float]],
    ) -> None:
        checks.instance(optimizer, Optimizer, "LambdaLR: optimizer")
        count = len(optimizer.param_groups)
        if callable(lr_lambda):
            self._lambdas = [lr_lambda] * count
        else:
            checks.instance(lr_lambda, (list, tuple), "LambdaLR: lr_lambda", "or a function")
            self._lambdas = [*lr_lambda]
        for each in self._lambdas:
            checks.function(each, "LambdaLR: lr_lambda")
        if len(self._lambdas) != count:
            raise ValueError(
                f"LambdaLR: {len(self._lambdas)} functions for {count} groups; give as many"
            )
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        factor = self._lambdas[self.group](epoch)
        return self.base_lr * checks.not_negative(factor, f"LambdaLR: lr_lambda({epoch})")


class SequentialLR(Scheduler):
    """Schedulers one after the other, such as a warm-up and a decay.

    Args:
        schedulers: of this optimizer; each begins at its epoch 0.
        milestones: the epochs at which the second and each one after it begins.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> warm_up = nn.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> decay = nn.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = SequentialLR(optimizer, [warm_up, decay], milestones=[2])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(optimizer.lr)
    ...     scheduler.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Iterable[Scheduler], milestones: Iterable[int]
    ) -> None:
        name = "SequentialLR: schedulers"
        checks.instance(schedulers, (list, tuple), name)
        self.schedulers = [*schedulers]
        for each in self.schedulers:
            checks.instance(each, Scheduler, name)
            if isinstance(each, ReduceLROnPlateau):
                raise ValueError(f"{name}: ReduceLROnPlateau follows no count of epochs")
            if each.optimizer is not optimizer:
                raise ValueError(f"{name}: {each!r} is that of another optimizer")
        self.milestones = _milestones(milestones, "SequentialLR: milestones")
        if self.milestones != sorted({*self.milestones}):
            raise ValueError(f"SequentialLR: milestones must increase, got {self.milestones}")
        if len(self.schedulers) != len(self.milestones) + 1:
            raise ValueError(
                f"SequentialLR: {len(self.milestones)} milestones for {len(self.schedulers)} "
                "schedulers; give one less"
            )
        super().__init__(optimizer)

    def _settings(self, epoch: int) -> list[dict[str, Any]]:
        reached = [each for each in self.milestones if each <= epoch]
        return self.schedulers[len(reached)]._settings(epoch - max(reached, default=0))

    def rate(self, epoch: int) -> float:
        lr: float = self._settings(epoch)[self.group]["lr"]
        return lr

    def state_dict(self) -> dict[str, Any]:
        """Also those of the schedulers."""
        own = [each.state_dict() for each in self.schedulers]
        return super().state_dict() | {"schedulers": own}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if isinstance(state, Mapping) and "schedulers" in state:
            given, twins = state["schedulers"], [copy.copy(each) for each in self.schedulers]
            if not isinstance(given, list) or len(given) != len(twins):
                raise ValueError(
                    "SequentialLR: the state does not fit: it has other schedulers"
                )
            for twin, each in zip(twins, given):
                twin.load_state_dict(each)
            state = {**state, "schedulers": twins}
        super().load_state_dict(state)

    def _check(self, key: str, x: Any) -> None:
        if key != "schedulers":
            super()._check(key, x)


class OneCycleLR(Scheduler):
    """From max_lr / div_factor up to max_lr, then down to a final_div_factor-th of the start;
    the momentum, or Adam's first beta, goes the other way (Smith & Topin 2019).

    Args:
        max_lr: the greatest lr, or a list with that of each group.
        total_steps: the number of steps; or give epochs and steps_per_epoch.
        pct_start: the share of the steps in which the lr goes up.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether the momentum goes from max_momentum to base_momentum and back.
        three_phase: first go down to where it began, then to the end.

    Raises:
        ValueError: also by a step after the last one.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0, momentum=0.9)
    >>> scheduler = OneCycleLR(optimizer, max_lr=1.0, total_steps=10, pct_start=0.5)
    >>> rates = [optimizer.lr]
    >>> for _ in range(9):
    ...     scheduler.step()
    ...     rates.append(optimizer.lr)
    >>> rates.index(max(rates)), round(rates[0], 9), round(rates[-1], 9)
    (4, 0.04, 4e-06)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Iterable[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        checks.instance(optimizer, Optimizer, "OneCycleLR: optimizer")
        groups = optimizer.param_groups
        each_lr: Any = max_lr if isinstance(max_lr, (list, tuple)) else [max_lr] * len(groups)
        self.max_lr: list[float] = [*each_lr]
        for each in self.max_lr:
            checks.not_negative(each, "OneCycleLR: max_lr")
        if len(self.max_lr) != len(groups):
            raise ValueError(
                f"OneCycleLR: max_lr has {len(self.max_lr)} numbers for {len(groups)} groups"
            )
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "OneCycleLR needs total_steps, or both epochs and steps_per_epoch"
                )
            total_steps = checks.count(epochs, "OneCycleLR: epochs")
            total_steps *= checks.count(steps_per_epoch, "OneCycleLR: steps_per_epoch")
        self.total_steps = checks.count(total_steps, "OneCycleLR: total_steps")
        self.pct_start = checks.fraction(pct_start, "OneCycleLR: pct_start")
        if anneal_strategy not in ("cos", "linear"):
            got = checks.shortened(anneal_strategy)
            raise ValueError(
                f'OneCycleLR: anneal_strategy must be "cos" or "linear", got {got}'
            )
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = checks.flag(cycle_momentum, "OneCycleLR: cycle_momentum")
        self.three_phase = checks.flag(three_phase, "OneCycleLR: three_phase")
        one = "OneCycleLR: "
        self.base_momentum = checks.fraction(base_momentum, one + "base_momentum", below_1=True)
        self.max_momentum = checks.fraction(max_momentum, one + "max_momentum", below_1=True)
        self.div_factor = checks.positive(div_factor, "OneCycleLR: div_factor")
        self.final_div_factor = checks.positive(final_div_factor, one + "final_div_factor")
        if self.cycle_momentum and not {"momentum", "betas"} & {*groups[0]}:
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has no momentum; "
                "write cycle_momentum=False"
            )
        if self.cycle_momentum and "momentum" in groups[0]:
            setattr(optimizer, "momentum", self.max_momentum)  # noqa: B010
        super().__init__(optimizer)

    def _group_settings(self, epoch: int) -> dict[str, Any]:
        if not self.cycle_momentum:
            return super()._group_settings(epoch)
        momentum = self._between(epoch, *self._phases(self.max_momentum, self.base_momentum))
        group = self.optimizer.param_groups[self.group]
        own = super()._group_settings(epoch)
        if "betas" in group:
            return own | {"betas": (momentum, group["betas"][1])}
        return own | {"momentum": momentum}

    def rate(self, epoch: int) -> float:
        if epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: {epoch} steps of {self.total_steps}; give a larger total_steps"
            )
        top = self.max_lr[self.group]
        start = top / self.div_factor
        *phases, (end, low, _) = self._phases(start, top)
        return self._between(epoch, *phases, (end, low, start / self.final_div_factor))

    def _phases(self, start: float, top: float) -> list[tuple[float, float, float]]:
        """The last step of each phase, and from what to what it goes."""
        whole, rise = self.total_steps - 1, self.pct_start * self.total_steps - 1
        if self.three_phase:
            fall = 2 * self.pct_start * self.total_steps - 2
            return [(rise, start, top), (fall, top, start), (whole, start, start)]
        return [(rise, start, top), (whole, top, start)]

    def _between(self, epoch: int, *phases: tuple[float, float, float]) -> float:
        passed = [end for end, _, _ in phases[:-1] if epoch > end]
        begin = passed[-1] if passed else 0.0
        end, start, stop = phases[len(passed)]
        done = (epoch - begin) / (end - begin) if end != begin else 1.0
        if self.anneal_strategy == "linear":
            return (stop - start) * done + start
        return stop + (start - stop) / 2.0 * (1.0 + math.cos(math.pi * done))


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
        """The present lr of the group; `step` changes it."""
        lr: float = self.optimizer.param_groups[self.group]["lr"]
        return lr

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
        value = primal(metric)
        rates = [group["lr"] for group in self.optimizer.param_groups]
        improved, cooling = self._improved(value), self.cooldown_counter > 0
        bad_epochs = 0 if improved or cooling else self.num_bad_epochs + 1
        cooldown = self.cooldown_counter - cooling
        if bad_epochs > self.patience:
            reduced = [max(lr * self.factor, self.min_lr) for lr in rates]
            rates = [new if lr - new > self.eps else lr for lr, new in zip(rates, reduced)]
            bad_epochs, cooldown = 0, self.cooldown
        self._set(
            [{"lr": lr} for lr in rates],
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


def _milestones(epochs: Iterable[int], name: str) -> list[int]:
    checks.instance(epochs, (list, tuple), name)
    return [checks.count(epoch, name) for epoch in epochs]
