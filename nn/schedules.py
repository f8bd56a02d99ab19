"""Learning rate schedules, with PyTorch's names, defaults and results.

A scheduler sets its optimizer's `lr`; call its `step` once an epoch. All but
`ReduceLROnPlateau` are functions of the optimizer's first lr and the number of epochs.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, fields
from functools import partial
from itertools import starmap
from typing import Any, TypeVar, dataclass_transform

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

T = TypeVar("T")
Count = int
CountFrom0 = int
Milestones = Sequence[int]
NotNegative = float
Positive = float
Fraction = float
FractionBelow1 = float
Flag = bool
Strategy = str
Mode = str
ThresholdMode = str
CHECKS: dict[Any, Callable[[Any, str], Any]] = {  # of a setting, by the name of its type
    "Count": checks.count,
    "CountFrom0": partial(checks.count, least=0),
    "Milestones": checks.counts,
    "NotNegative": checks.not_negative,
    "Positive": checks.positive,
    "Fraction": checks.fraction,
    "FractionBelow1": partial(checks.fraction, below_1=True),
    "Flag": checks.flag,
    "Strategy": partial(checks.choice, ("cos", "linear")),
    "Mode": partial(checks.choice, ("min", "max")),
    "ThresholdMode": partial(checks.choice, ("rel", "abs")),
}


@dataclass_transform(eq_default=False)
def _schedule(kind: type[T]) -> type[T]:
    """The class as a dataclass, whose fields are checked by the names of their types."""
    return dataclass(eq=False, repr=False)(kind)


@_schedule
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

    optimizer: Optimizer
    _worst = math.inf  # None in a state

    def __post_init__(self, *given: Any) -> None:
        optimizer, kind = self.optimizer, type(self).__name__
        checks.instance(optimizer, Optimizer, f"{kind}: optimizer")
        for field in fields(self):
            if check := CHECKS.get(field.type):
                x = check(getattr(self, field.name), f"{kind}: {field.name}")
                setattr(self, field.name, x)
        self._prepare(*given)
        self.last_epoch = self.group = 0
        rates = self.get_last_lr()
        before, set_last = optimizer._scheduled or (rates, rates)
        self.base_lrs = before if set_last == rates else rates
        self.base_lr = self.base_lrs[0]
        settings = self._settings(0)
        for group, own in zip(optimizer.param_groups, settings):
            group.update(own)
        optimizer._scheduled = self.base_lrs, [own["lr"] for own in settings]

    def _prepare(self, *args: Any, **kwargs: Any) -> None:
        """Check and set more, after the fields."""

    def _of_groups(self, given: Any, check: Callable[[Any, str], Any], name: str) -> Any:
        """A setting of each group; of all, if it is no list."""
        name, count = f"{type(self).__name__}: {name}", len(self.optimizer.param_groups)
        settings = given if isinstance(given, (list, tuple)) else [given] * count
        for each in settings:
            check(each, name)
        if len(settings) != count:
            raise ValueError(f"{name} has {len(settings)} for {count} groups; give as many")
        return settings

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
        if len(self.base_lrs) > 1:
            state["base_lrs"] = [*self.base_lrs]
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` of the same kind of scheduler.

        Raises:
            ValueError: the state does not fit; nothing was changed.
            TypeError: the state is not a dict.
        """
        checks.fits(state, self.state_dict(), f"{type(self).__name__}: the state")
        deque(starmap(dict.update, self._loaded(state)), 0)  # in one call, as in `_set`

    def _loaded(self, state: Mapping[str, Any]) -> list[Any]:
        """The dicts that a state changes, each with its changes."""
        own = {
            key: self._worst if x is None else x
            for key, x in state.items()
            if not key.startswith("scheduler")
        }
        return [(vars(self), {"base_lrs": [state["base_lr"]], **own})]


@_schedule
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

    step_size: Count
    gamma: NotNegative = 0.1

    def rate(self, epoch: int) -> float:
        return self.base_lr * self.gamma ** (epoch // self.step_size)


@_schedule
class ExponentialLR(Scheduler):
    """base_lr · gamma^epoch.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> ExponentialLR(optimizer, gamma=0.5).step()
    >>> optimizer.lr
    0.5
    """

    gamma: NotNegative

    def rate(self, epoch: int) -> float:
        return self.base_lr * self.gamma**epoch


@_schedule
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

    milestones: Milestones
    gamma: NotNegative = 0.1

    def rate(self, epoch: int) -> float:
        return self.base_lr * self.gamma ** sum(epoch >= each for each in self.milestones)


@_schedule
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

    lr_lambda: InitVar[Callable[[int], float] | Iterable[Callable[[int], float]]]

    def _prepare(self, lr_lambda: Any) -> None:
        self._lambdas = self._of_groups(lr_lambda, checks.function, "lr_lambda")

    def rate(self, epoch: int) -> float:
        factor: Any = self._lambdas[self.group](epoch)
        return self.base_lr * checks.not_negative(factor, f"LambdaLR: lr_lambda({epoch})")


@_schedule
class SequentialLR(Scheduler):
    """Schedulers one after the other, such as a warm-up and a decay.

    Args:
        schedulers: of this optimizer; each begins at its epoch 0.
        milestones: the epochs at which the second and each one after it begins.

    >>> import autograd, nn
    >>> optimizer = nn.SGD([autograd.Value(0.0)], lr=1.0)
    >>> warm_up = nn.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> decay = nn.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = nn.SequentialLR(optimizer, [warm_up, decay], milestones=[2])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(optimizer.lr)
    ...     scheduler.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.5]
    """

    schedulers: list[Scheduler]
    milestones: Milestones

    def _prepare(self) -> None:
        name = "SequentialLR: schedulers"
        checks.instance(self.schedulers, (list, tuple), name)
        for each in self.schedulers:
            checks.instance(each, Scheduler, name)
            if isinstance(each, ReduceLROnPlateau):
                raise ValueError(f"{name}: ReduceLROnPlateau follows no count of epochs")
            if each.optimizer is not self.optimizer:
                raise ValueError(f"{name}: {each!r} is that of another optimizer")
        if [*self.milestones] != sorted({*self.milestones}):
            raise ValueError(f"SequentialLR: milestones must increase, got {self.milestones}")
        if len(self.schedulers) != len(self.milestones) + 1:
            raise ValueError(
                f"SequentialLR: {len(self.milestones)} milestones for {len(self.schedulers)} "
                "schedulers; give one less"
            )

    def _settings(self, epoch: int) -> list[dict[str, Any]]:
        reached = [each for each in self.milestones if each <= epoch]
        return self.schedulers[len(reached)]._settings(epoch - max(reached, default=0))

    def rate(self, epoch: int) -> float:
        return self._settings(epoch)[self.group]["lr"]  # type: ignore[no-any-return]

    def state_dict(self) -> dict[str, Any]:
        """Also those of the schedulers."""
        return super().state_dict() | {
            "schedulers": [each.state_dict() for each in self.schedulers]
        }

    def _loaded(self, state: Mapping[str, Any]) -> list[Any]:
        pairs = zip(self.schedulers, state["schedulers"])
        return sum([each._loaded(own) for each, own in pairs], super()._loaded(state))


@_schedule
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

    max_lr: float | Iterable[float]
    total_steps: int | None = None
    epochs: InitVar[int | None] = None
    steps_per_epoch: InitVar[int | None] = None
    pct_start: Fraction = 0.3
    anneal_strategy: Strategy = "cos"
    cycle_momentum: Flag = True
    base_momentum: FractionBelow1 = 0.85
    max_momentum: FractionBelow1 = 0.95
    div_factor: Positive = 25.0
    final_div_factor: Positive = 1e4
    three_phase: Flag = False

    def _prepare(self, epochs: int | None, steps_per_epoch: int | None) -> None:
        optimizer, one = self.optimizer, "OneCycleLR: "
        groups = optimizer.param_groups
        self.tops = self._of_groups(self.max_lr, checks.not_negative, "max_lr")
        total_steps = self.total_steps
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError(
                    "OneCycleLR needs total_steps, or both epochs and steps_per_epoch"
                )
            total_steps = checks.count(epochs, f"{one}epochs")
            total_steps *= checks.count(steps_per_epoch, f"{one}steps_per_epoch")
        self.total_steps = self.last = checks.count(total_steps, f"{one}total_steps")
        if self.cycle_momentum and not {"momentum", "betas"} & {*groups[0]}:
            raise ValueError(
                f"OneCycleLR: {type(optimizer).__name__} has no momentum; "
                "write cycle_momentum=False"
            )
        if self.cycle_momentum and "momentum" in groups[0]:
            setattr(optimizer, "momentum", self.max_momentum)  # noqa: B010

    def _group_settings(self, epoch: int) -> dict[str, Any]:
        if not self.cycle_momentum:
            return super()._group_settings(epoch)
        most = self.max_momentum
        momentum = self._between(epoch, most, self.base_momentum, most)
        group = self.optimizer.param_groups[self.group]
        own = super()._group_settings(epoch)
        if "betas" in group:
            return own | {"betas": (momentum, group["betas"][1])}
        return own | {"momentum": momentum}

    def rate(self, epoch: int) -> float:
        if epoch > self.last:
            raise ValueError(
                f"OneCycleLR: {epoch} steps of {self.last}; give a larger total_steps"
            )
        top = self.tops[self.group]
        start = top / self.div_factor
        return self._between(epoch, start, top, start / self.final_div_factor)

    def _between(self, epoch: int, start: float, top: float, stop: float) -> float:
        """The number after this many steps, which goes from start to top, and then to stop."""
        whole, rise = self.last - 1, self.pct_start * self.last - 1
        phases = [(rise, start, top), (whole, top, stop)]
        if self.three_phase:
            phases[1:] = [(2 * rise, top, start), (whole, start, stop)]
        passed = [end for end, _, _ in phases[:-1] if epoch > end]
        begin = passed[-1] if passed else 0.0
        end, start, stop = phases[len(passed)]
        done = (epoch - begin) / (end - begin) if end != begin else 1.0
        if self.anneal_strategy == "linear":
            return (stop - start) * done + start
        return stop + (start - stop) / 2.0 * (1.0 + math.cos(math.pi * done))


@_schedule
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

    T_max: Count
    eta_min: NotNegative = 0.0

    def rate(self, epoch: int) -> float:
        fraction = (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0
        return self.eta_min + (self.base_lr - self.eta_min) * fraction


@_schedule
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

    start_factor: NotNegative = 1.0 / 3.0
    end_factor: NotNegative = 1.0
    total_iters: Count = 5

    def rate(self, epoch: int) -> float:
        fraction = min(epoch, self.total_iters) / self.total_iters
        return self.base_lr * (
            self.start_factor + (self.end_factor - self.start_factor) * fraction
        )


@_schedule
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

    mode: Mode = "min"
    factor: FractionBelow1 = 0.1
    patience: CountFrom0 = 10
    threshold: NotNegative = 1e-4
    threshold_mode: ThresholdMode = "rel"
    cooldown: CountFrom0 = 0
    min_lr: NotNegative = 0.0
    eps: NotNegative = 1e-8

    def _prepare(self) -> None:
        self.best = self._worst = math.inf if self.mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = 0

    def rate(self, epoch: int) -> float:
        """The present lr of the group; `step` changes it."""
        return self.get_last_lr()[self.group]

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
        rates = self.get_last_lr()
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
