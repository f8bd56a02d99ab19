"""Optimizers, with PyTorch's names, defaults and results."""

from __future__ import annotations

import copy
import math
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from itertools import repeat, starmap
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar

import autograd
from autograd import Value
from autograd.core import value
from nn import checks
from nn.clipping import check_finite_gradients
from nn.hints import hinted, lack, refuse

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "ParamGroup",
    "RMSprop",
]

if not TYPE_CHECKING:
    __getattr__ = refuse("nn.optim")


T = TypeVar("T")
Params = Iterable[Value] | Iterable[Mapping[str, Any]]
State = tuple[int, dict[str, float]]  # how many steps a parameter made, its numbers by buffer


class Setting(Generic[T]):
    """A setting of an optimizer: checked when it is set, and the buffers fitted to it."""

    def __init__(self, check: Callable[[Any, str], T]) -> None:
        self.check = check

    def __set_name__(self, owner: type[Optimizer], name: str) -> None:
        self.name = name
        owner._settings = {**owner._settings, name: self}

    if TYPE_CHECKING:  # it is read from the instance

        def __get__(self, optimizer: Any, owner: Any) -> T: ...

    def __set__(self, optimizer: Optimizer, value: T) -> None:
        what = f"{type(optimizer).__name__}: {self.name}"
        changes: dict[str, Any] = {self.name: self.check(value, what)}
        own = vars(optimizer)
        if "buffers" in own:
            names = optimizer._needed_buffers(own | changes)
            if names != (*optimizer.buffers,):
                changes |= optimizer._sorted(optimizer._states(), optimizer.steps, names)
            for group in optimizer.param_groups:
                group.own.pop(self.name, None)
        own.update(changes)


class ParamGroup(MutableMapping[str, Any]):
    """Parameters of an optimizer, and their settings by name, as PyTorch's dict has them.

    Attributes:
        own: the settings that are not the optimizer's.

    >>> import nn
    >>> a, b = Value(1.0), Value(2.0)
    >>> sgd = nn.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    >>> [group["lr"] for group in sgd.param_groups]
    [0.1, 0.5]
    >>> sgd.param_groups[0]["lr"] = 0.2
    """

    def __init__(self, optimizer: Optimizer, params: list[Value]) -> None:
        self._optimizer, self.params = optimizer, params
        self.own: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name == "params":
            return self.params
        self._setting(name)
        return self.own.get(name, vars(self._optimizer)[name])

    def _setting(self, name: str) -> Setting[Any]:
        """The optimizer's setting of this name; KeyError if there is none."""
        settings = self._optimizer._settings
        if name not in settings:
            kind, known = type(self._optimizer).__name__, ", ".join(settings)
            raise KeyError(f"{kind}: a group has no {checks.shortened(name)}; it has {known}")
        return settings[name]

    def __setitem__(self, name: str, x: Any) -> None:
        """Let these parameters have a setting.

        Raises:
            KeyError: the optimizer has no such setting.
            TypeError, ValueError: as when it is set for all; or it changes which buffers are
                needed, which groups have in common.
        """
        optimizer, setting = self._optimizer, self._setting(name)
        if len(optimizer.param_groups) == 1:
            setattr(optimizer, name, x)
            return
        kind = type(optimizer).__name__
        x = setting.check(x, f"{kind}: {name}")
        settings = vars(optimizer) | self.own | {name: x}
        needed = optimizer._needed_buffers(settings) == tuple(optimizer.buffers)
        if not needed or (type(x) is bool and x != vars(optimizer)[name]):
            raise ValueError(
                f"{kind}: {name}={x!r} in one group and {vars(optimizer)[name]!r} in another "
                "take different steps; make an optimizer for each"
            )
        self.own[name] = x

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"a group keeps its {name}")

    def __iter__(self) -> Iterator[str]:
        return iter(["params", *self._optimizer._settings])

    def __len__(self) -> int:
        return 1 + len(self._optimizer._settings)

    def __repr__(self) -> str:
        return repr(dict(self))


class _ReadOnly(dict[Any, Any]):
    """A dict that refuses to be changed; a copy of it is a plain one."""

    def _refuse(self, *args: Any) -> NoReturn:
        raise TypeError("an optimizer's state is to be read; load a changed state_dict")

    __setitem__ = __delitem__ = update = pop = clear = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        return dict, ({**self},)


class Optimizer:
    """Base of the optimizers.

    Subclasses define `_update`, which gives what is subtracted from a parameter p with the
    gradient g, and `_numbers` if it needs more than the lr.

    Args:
        params: the parameters, as from `model.parameters()`; or a list of dicts, each with
            "params" and what settings these have of their own, such as "lr".
        lr: the learning rate.
        weight_decay: this times the parameter is added to the gradient.
        buffers: the names of the numbers kept for every parameter; they start at 0.

    All settings may be changed later. One that needs a buffer begins it at 0. What is set here
    is set for all groups.

    Attributes:
        decoupled: whether `_update` applies the weight decay.
        param_groups: the parameters and their settings, a `ParamGroup` for each dict, else one.
        steps: the number of steps made.
        buffers: by name, an array with a number for each parameter of `params`.

    Raises:
        TypeError: `params` are not Values, or a setting is not a number.
        ValueError: there are no parameters, one occurs twice or is the result of an
            operation, or a setting is out of its range.

    >>> class SignDescent(Optimizer):
    ...     def _update(self, numbers, p, g):
    ...         [lr] = numbers
    ...         return (lr * autograd.sign(g),)
    >>> p = Value(1.0)
    >>> p.grad = 2.0
    >>> SignDescent([p], lr=0.25).step()
    >>> p.data
    0.75
    """

    if not TYPE_CHECKING:
        __getattr__ = lack("Optimizer")

    _settings: ClassVar[dict[str, Setting[Any]]] = {}
    buffers: dict[str, array[float]]
    steps: int = 0
    _scheduled: tuple[list[float], list[float]] | None = None  # first and last lrs
    _resting: dict[Value, State]  # what is kept of parameters that are frozen
    _params: list[Value]
    _classes: list[tuple[int, int]]  # a group, and how many steps were missed
    _class_of: list[int]  # of each parameter that is trained
    _alike: bool  # whether there is a single class, and no other
    _freezes: int
    decoupled = False
    lr = Setting(checks.not_negative)
    weight_decay = Setting(checks.not_negative)

    def __init__(
        self,
        params: Params,
        lr: float,
        weight_decay: float = 0.0,
        buffers: tuple[str, ...] = (),
    ) -> None:
        groups = _groups(params, type(self).__name__)
        self.lr = lr
        self.weight_decay = weight_decay
        self.param_groups = [ParamGroup(self, own) for own, _ in groups]
        vars(self).update(self._sorted({}, 0, buffers))
        for group, (_, settings) in zip(self.param_groups, groups):
            group.update(settings)

    @property
    def params(self) -> list[Value]:
        """The parameters that are trained: those of all groups but for frozen ones, a list."""
        if self._freezes != value.freezes:
            self._sort_out()
        return self._params

    @property
    def state(self) -> Mapping[Value, Mapping[str, float]]:
        """Each parameter's state, as PyTorch has it: its "step" and its buffers, to be read.

        To change it, load a changed `state_dict`.

        >>> import nn
        >>> p = Value(1.0)
        >>> adam = nn.Adam([p])
        >>> adam.step()
        >>> adam.state[p]
        {'step': 1, 'exp_avg': 0.0, 'exp_avg_sq': 0.0}
        """
        self._sort_out()
        states = self._states().items()
        return _ReadOnly({p: _ReadOnly(step=made, **own) for p, (made, own) in states})

    def _states(self) -> dict[Value, State]:
        """Return for every parameter its steps, and its numbers in the buffers."""
        missed = [self._classes[k][1] for k in self._class_of]
        rows = zip(self._params, missed, *self.buffers.values())
        return self._resting | {
            p: (self.steps - n, dict(zip(self.buffers, numbers))) for p, n, *numbers in rows
        }

    def _sort_out(self) -> None:
        """Part the parameters that are trained from those that are frozen."""
        vars(self).update(self._sorted(self._states(), self.steps, self.buffers))

    def _sorted(
        self, states: Mapping[Value, State], steps: int, buffers: Iterable[str]
    ) -> dict[str, Any]:
        """The attributes that part them; a parameter without a state is a new one."""
        groups, freezes = self.param_groups, value.freezes
        trained = [(k, p) for k, g in enumerate(groups) for p in g.params if p.requires_grad]
        params = [p for _, p in trained]
        now = [states.get(p, (0, {})) for p in params]
        keys = [(k, steps - made) for (k, _), (made, _) in zip(trained, now)]
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        if len(groups) == 1 and len(params) == len(groups[0].params):
            params = groups[0].params  # in which parameters may come and go
        return {
            "buffers": {
                name: array("d", [own.get(name, 0.0) for _, own in now]) for name in buffers
            },
            "_params": params,
            "_resting": {p: state for p, state in states.items() if not p.requires_grad},
            "_classes": [*places],
            "_class_of": [places[key] for key in keys],
            "_alike": len(groups) == 1 and {*places} <= {(0, 0)},
            "_freezes": freezes,
        }

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Train more parameters: a dict with "params" and what settings are their own.

        Raises:
            TypeError, ValueError, KeyError: as when the optimizer is made; nothing is changed.
        """
        before = self.param_groups
        [(params, settings)] = _groups([group], type(self).__name__, self._every())
        added = ParamGroup(self, params)
        self.param_groups = [*before, added]
        try:
            added.update(settings)
        except BaseException:
            self.param_groups = before
            raise
        self._sort_out()

    def _needed_buffers(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Their names, in order; ValueError if the settings don't go together."""
        return tuple(self.buffers)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set every parameter's `grad` to 0, which is none here; the argument is PyTorch's."""
        for parameter in self.params:
            parameter.grad = 0.0

    def step(self, closure: Callable[[], T] | None = None) -> T | None:
        """Change every parameter by its `grad`.

        Args:
            closure: called first, as PyTorch does: it computes the gradients, and the loss.

        Returns:
            What the closure returns.

        Raises:
            FloatingPointError: a gradient, a parameter's next value or a running mean is
                infinite or NaN; nothing was changed.
        """
        result = None
        if closure is not None:
            checks.function(closure, f"{type(self).__name__}.step: closure")
            result = closure()
        check_finite_gradients(self.params, f"{type(self).__name__}.step")
        data, *rest = self._following()
        buffers = dict(zip(self.buffers, rest))
        own = [(self, "buffers", buffers), (self, "steps", self.steps + 1)]
        todo = [*((p, "_data", number) for p, number in zip(self.params, data)), *own]
        deque(starmap(setattr, todo), 0)  # in one call, which no signal can interrupt
        return result

    def _following(self) -> list[array[float]]:
        """The next data of the parameters, and the next buffers."""
        each: Iterable[list[float]] = repeat(self._next_numbers())
        if not self._alike:
            each = map(self._class_numbers().__getitem__, self._class_of)
        rows = []
        for numbers, parameter, *state in zip(each, self._params, *self.buffers.values()):
            try:
                rows.append(self._next(numbers, parameter.data, parameter.grad, *state))
            except ArithmeticError:
                rows.append((math.nan,) * (1 + len(state)))
        stacked = zip(*rows) if rows else [()] * (1 + len(self.buffers))
        columns = [array("d", values) for values in stacked]
        for name, column in zip(["value", *self.buffers], columns):
            if not all(map(math.isfinite, column)):
                self._refuse(name, column)
        return columns

    def _refuse(self, name: str, numbers: Sequence[float]) -> NoReturn:
        index = next(i for i, x in enumerate(numbers) if not math.isfinite(x))
        parameter = self.params[index]
        raise FloatingPointError(
            f"{type(self).__name__}.step: the next {name} of {parameter!r} with the gradient "
            f"{parameter.grad!r} is {numbers[index]}; nothing was changed: lower the learning "
            "rate, or scale the inputs"
        )

    def _next_numbers(self) -> list[float]:
        """Return the numbers that all parameters have in common in the next step."""
        self.steps += 1
        try:
            return [0.0 if self.decoupled else self.weight_decay, *self._numbers()]
        finally:
            self.steps -= 1

    def _class_numbers(self) -> list[list[float]]:
        """The same of each class of parameters, where they are not all alike."""
        numbers = []
        for k, missed in self._classes:
            twin = copy.copy(self)
            vars(twin).update(self.param_groups[k].own, steps=self.steps - missed)
            numbers.append(twin._next_numbers())
        return numbers

    def _next(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """A parameter and its numbers in the buffers after the step."""
        decay, *own = numbers
        step, *following = self._update(own, p, g + decay * p, *state)
        return (p - step, *following, *state[len(following) :])  # what it leaves as it is

    def _numbers(self) -> list[float]:
        """Return the numbers for `_update` that all parameters have in common in this step."""
        return [self.lr]

    def _update(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """Return the number to subtract from a parameter p, and its next state.

        It is written for floats and Values alike: a compiled training step records it once.

        Args:
            numbers: what `_numbers` gave.
            state: the parameter's number in each buffer.
        """
        raise NotImplementedError(f"{type(self).__name__} has no _update method; define one")

    def __repr__(self) -> str:
        count = len(self.params)
        size = f"{count} parameter{'s' * (count != 1)}"
        if len(self.param_groups) > 1:
            size += f" in {len(self.param_groups)} groups"
        if self._resting:
            size += f" and {len(self._resting)} frozen"
        return f"{type(self).__name__}({', '.join([size, *checks.settings(self)])})"

    # ------------------------------------------------------------------ state

    def state_dict(self) -> dict[str, Any]:
        """The lr, the number of steps and the running means; not the other arguments.

        With several groups, the lr of each is in "lrs"; where some parameters have missed
        steps, since they were frozen or came later, "made" has how many each has made.
        """
        self._sort_out()
        states = self._states()
        made = [states.get(p, (0, {})) for p in self._every()]
        state: dict[str, Any] = {
            "optimizer": type(self).__name__,
            "lr": self.lr,
            "steps": self.steps,
            "buffers": {name: [own.get(name, 0.0) for _, own in made] for name in self.buffers},
        }
        if len(self.param_groups) > 1:
            state["lrs"] = [group["lr"] for group in self.param_groups]
        if any(steps != self.steps for steps, _ in made):
            state["made"] = [steps for steps, _ in made]
        return state

    def _every(self) -> list[Value]:
        """The parameters of all groups."""
        return [p for group in self.param_groups for p in group.params]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` of the same optimizer for as many parameters.

        Raises:
            ValueError: the state does not fit; nothing was changed.
            TypeError: the state is not a dict.
        """
        name = type(self).__name__
        checks.instance(state, Mapping, f"{name}: the state")
        own, every = self.state_dict(), self._every()
        own["made"] = [0] * len(every)
        state = {"made": [state.get("steps")] * len(every), **state}
        checks.fits(state, own, f"{name}: the state")
        if max(state["made"]) > state["steps"]:
            raise ValueError(f"{name}: the state does not fit: made is more than steps")
        rows: Iterable[Any] = zip(*state["buffers"].values()) if self.buffers else repeat(())
        numbers = (dict(zip(state["buffers"], row)) for row in rows)
        sorted_out = self._sorted(
            dict(zip(every, zip(state["made"], numbers))), state["steps"], self.buffers
        )
        updates = [
            (vars(self), {"lr": state["lr"], "steps": state["steps"], **sorted_out}),
            *zip((g.own for g in self.param_groups), ({"lr": x} for x in state.get("lrs", ()))),
        ]
        deque(starmap(dict.update, updates), 0)  # in one call, which no signal can interrupt


class SGD(Optimizer):
    """Stochastic gradient descent: p -= lr·g, with momentum p -= lr·v, v = momentum·v + g.

    Args:
        momentum: the share of v that is kept (Polyak 1964).
        dampening: g counts (1 - dampening) in v, from the second step on.
        nesterov: p -= lr·(g + momentum·v) (Nesterov 1983; Sutskever et al. 2013).
        params, lr, weight_decay: as for `Optimizer`.

    Raises:
        ValueError: also for nesterov without momentum or with dampening.

    >>> p = Value(1.0)
    >>> p.grad = 2.0
    >>> SGD([p], lr=0.25).step()
    >>> p.data
    0.5
    """

    momentum = Setting(checks.not_negative)
    dampening = Setting(checks.finite_float)
    nesterov = Setting(checks.flag)

    @hinted
    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        self.momentum, self.dampening, self.nesterov = momentum, dampening, nesterov
        super().__init__(params, lr, weight_decay, self._needed_buffers(vars(self)))

    def _needed_buffers(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        momentum = settings["momentum"]
        if settings["nesterov"] and (momentum == 0.0 or settings["dampening"] != 0.0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and no dampening")
        return ("momentum_buffer",) if momentum else ()

    def _numbers(self) -> list[float]:
        return [self.lr, self.momentum, 1.0 if self.steps == 1 else 1.0 - self.dampening]

    def _update(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        lr, momentum, fresh = numbers
        if not self.momentum:
            return (lr * g,)
        velocity = momentum * state[0] + fresh * g
        return lr * (g + momentum * velocity if self.nesterov else velocity), velocity


def _betas(betas: tuple[float, float], name: str) -> tuple[float, float]:
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise TypeError(f"{name} must be a pair of numbers, got {checks.shortened(betas)}")
    first, second = [
        checks.fraction(x, f"{name}[{i}]", below_1=True) for i, x in enumerate(betas)
    ]
    return first, second


class Adam(Optimizer):
    """Steps by the running mean of g over the root of that of g² (Kingma & Ba 2015).

    Args:
        betas: how much of the two means is kept in a step.
        eps: added to the root.
        amsgrad: use the largest mean of g² so far (Reddi et al. 2018).
        params, lr, weight_decay: as for `Optimizer`.

    Raises:
        ValueError: also if a beta is not within [0, 1).

    >>> p = Value(1.0)
    >>> p.grad = 2.0
    >>> Adam([p], lr=0.25).step()
    >>> round(p.data, 6)
    0.75
    """

    betas = Setting(_betas)
    eps = Setting(checks.not_negative)
    amsgrad = Setting(checks.flag)

    @hinted
    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        self.betas, self.eps, self.amsgrad = betas, eps, amsgrad
        super().__init__(params, lr, weight_decay, self._needed_buffers(vars(self)))

    def _needed_buffers(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", *["max_exp_avg_sq"] * settings["amsgrad"])

    def _numbers(self) -> list[float]:
        beta1, beta2 = self.betas
        rate = self.lr / (1.0 - beta1**self.steps)
        return [rate, math.sqrt(1.0 - beta2**self.steps), beta1, beta2, self.eps]

    def _update(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        rate, correction, beta1, beta2, eps = numbers
        mean, square, *largest = state
        mean = mean + (1.0 - beta1) * (g - mean)
        square = beta2 * square + (1.0 - beta2) * g * g
        largest = [autograd.maximum(most, square) for most in largest]
        root = autograd.sqrt([square, *largest][-1]) / correction + eps
        return rate * (mean / root), mean, square, *largest


class AdamW(Adam):
    """Adam with weight decay beside the gradient: p -= lr·weight_decay·p first
    (Loshchilov & Hutter 2019). Arguments as for `Adam`.

    >>> p = Value(1.0)
    >>> AdamW([p], lr=0.5, weight_decay=0.5).step()
    >>> p.data
    0.75
    """

    decoupled = True

    @hinted
    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def _numbers(self) -> list[float]:
        return [self.lr * self.weight_decay, *super()._numbers()]

    def _update(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        decay, *own = numbers
        step, *following = super()._update(own, p, g, *state)
        return (decay * p + step, *following)


class RMSprop(Optimizer):
    """Steps by g over the root of the running mean of g² (Hinton 2012, lecture 6e).

    Args:
        alpha: how much of the mean is kept in a step.
        eps: added to the root.
        momentum: as for `SGD`, of the scaled gradients.
        centered: divide by the deviation from the running mean of g (Graves 2013).
        params, lr, weight_decay: as for `Optimizer`.

    Raises:
        ValueError: also if alpha is not within [0, 1].

    >>> p = Value(1.0)
    >>> p.grad = 2.0
    >>> RMSprop([p], lr=0.025).step()
    >>> round(p.data, 6)
    0.75
    """

    alpha = Setting(checks.fraction)
    eps = Setting(checks.not_negative)
    momentum = Setting(checks.not_negative)
    centered = Setting(checks.flag)

    @hinted
    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        self.alpha, self.eps = alpha, eps
        self.momentum, self.centered = momentum, centered
        super().__init__(params, lr, weight_decay, self._needed_buffers(vars(self)))

    def _needed_buffers(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        momentum = ["momentum_buffer"] * (settings["momentum"] > 0.0)
        return ("square_avg", *momentum, *["grad_avg"] * settings["centered"])

    def _numbers(self) -> list[float]:
        return [self.lr, self.alpha, self.eps, self.momentum]

    def _update(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        lr, alpha, eps, momentum = numbers
        square, *rest = state
        square = spread = alpha * square + (1.0 - alpha) * g * g
        means, velocities = [], []
        if self.centered:
            means = [rest[-1] + (1.0 - alpha) * (g - rest[-1])]
            spread = autograd.maximum(square - means[0] * means[0], 0.0)
        step = g / (autograd.sqrt(spread) + eps)
        if self.momentum:
            step = momentum * rest[0] + step
            velocities = [step]
        return (lr * step, square, *velocities, *means)


# ---------------------------------------------------------------- helpers


def _groups(
    params: Params, name: str, others: Iterable[Value] = ()
) -> list[tuple[list[Value], dict[str, Any]]]:
    """The parameters as groups, each with the settings of its own; one if they are no dicts.

    Args:
        others: parameters that the optimizer has already.
    """
    given: list[Any] = params if isinstance(params, list) else []
    if not given or not all(isinstance(each, Mapping) for each in given):
        given = [{"params": params}]
    groups, every = [], [*others]
    for group in given:
        if "params" not in group:
            raise ValueError(f'{name}: a group needs "params", got {checks.shortened(group)}')
        mine = checks.parameter_list(group["params"], name)
        groups.append((mine, {key: x for key, x in group.items() if key != "params"}))
        every += mine
        if not mine:
            raise ValueError(
                f"{name} needs one parameter or more, got none; model.named_parameters() has "
                "their names, such as 'neurons.0.weight.0' and 'neurons.0.bias'"
            )
    for parameter in every:
        if parameter.op is not None:
            raise ValueError(
                f"{name}: {parameter!r} is the result of an operation, not a parameter"
            )
    if len(set(every)) < len(every):
        raise ValueError(f"{name}: a parameter occurs twice; give each once")
    return groups
