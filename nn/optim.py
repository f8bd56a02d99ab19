"""Optimizers, with PyTorch's names, defaults and results."""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import autograd
from autograd import Value
from nn import checks
from nn.clipping import check_finite_gradients

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
]

T = TypeVar("T")
SQUARES = ("exp_avg_sq", "max_exp_avg_sq", "square_avg")  # buffers that must not be negative


class Setting(Generic[T]):
    """A setting of an optimizer: checked when it is set, and the buffers fitted to it."""

    def __init__(self, check: Callable[[Any, str], T]) -> None:
        self.check = check

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    if TYPE_CHECKING:  # it is read from the instance

        def __get__(self, optimizer: Any, owner: Any) -> T: ...

    def __set__(self, optimizer: Optimizer, value: T) -> None:
        kind = type(optimizer).__name__
        changes: dict[str, Any] = {self.name: self.check(value, f"{kind}: {self.name}")}
        own = vars(optimizer)
        if "buffers" in own:
            names = optimizer._needed_buffers(own | changes)
            zeros = optimizer._zeros(names)
            changes["buffers"] = {name: own["buffers"].get(name, zeros[name]) for name in names}
        own.update(changes)


class Optimizer:
    """Base of the optimizers.

    Subclasses define `_update`, which gives what is subtracted from a parameter p with the
    gradient g, and `_numbers` if it needs more than the lr.

    Args:
        params: the parameters, as from `model.parameters()`.
        lr: the learning rate.
        weight_decay: this times the parameter is added to the gradient.
        buffers: the names of the numbers kept for every parameter; they start at 0.

    All settings may be changed later. One that needs a buffer begins it at 0.

    Attributes:
        decoupled: whether `_update` applies the weight decay.
        params: the parameters, a list.
        steps: the number of steps made.
        buffers: by name, an array with a number for each parameter.

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

    decoupled = False
    lr = Setting(checks.not_negative)
    weight_decay = Setting(checks.not_negative)

    def __init__(
        self,
        params: Iterable[Value],
        lr: float,
        weight_decay: float = 0.0,
        buffers: tuple[str, ...] = (),
    ) -> None:
        self.params = _parameters(params, type(self).__name__)
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0
        self.buffers = self._zeros(buffers)

    def _needed_buffers(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Their names, in order; ValueError if the settings don't go together."""
        return tuple(self.buffers)

    def _zeros(self, names: Iterable[str]) -> dict[str, array[float]]:
        return {name: array("d", bytes(8 * len(self.params))) for name in names}

    def zero_grad(self) -> None:
        """Set every parameter's `grad` to 0."""
        for parameter in self.params:
            parameter.grad = 0.0

    def step(self) -> None:
        """Change every parameter by its `grad`.

        Raises:
            FloatingPointError: a gradient, a parameter's next value or a running mean is
                infinite or NaN; nothing was changed.
        """
        check_finite_gradients(self.params, f"{type(self).__name__}.step")
        data, *rest = self._following()
        buffers = dict(zip(self.buffers, rest))
        own = [(self, "buffers", buffers), (self, "steps", self.steps + 1)]
        todo = [*((p, "_data", number) for p, number in zip(self.params, data)), *own]
        deque(starmap(setattr, todo), 0)  # in one call, which no signal can interrupt

    def _following(self) -> list[array[float]]:
        """The next data of the parameters, and the next buffers."""
        numbers = self._next_numbers()
        rows = []
        for parameter, *state in zip(self.params, *self.buffers.values()):
            try:
                rows.append(self._next(numbers, parameter.data, parameter.grad, *state))
            except ArithmeticError:
                rows.append((math.nan,) * (1 + len(state)))
        found = [array("d", column) for column in zip(*rows)]
        for name, column in zip(["value", *self.buffers], found):
            if not all(map(math.isfinite, column)):
                self._refuse(name, column)
        return found

    def _refuse(self, name: str, numbers: Sequence[float]) -> NoReturn:
        index = next(i for i, x in enumerate(numbers) if not math.isfinite(x))
        parameter = self.params[index]
        raise FloatingPointError(
            f"{type(self).__name__}.step: the next {name} of {parameter!r} with the gradient "
            f"{parameter.grad!r} is {numbers[index]}; nothing was changed: lower the learning "
            "rate, or scale the inputs"
        )

    def _next_numbers(self) -> list[float]:
        """What `_next` takes in the next step that is the same for all parameters."""
        self.steps += 1
        try:
            return [0.0 if self.decoupled else self.weight_decay, *self._numbers()]
        finally:
            self.steps -= 1

    def _next(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """A parameter and its numbers in the buffers after the step."""
        decay, *own = numbers
        step, *following = self._update(own, p, g + decay * p, *state)
        return (p - step, *following, *state[len(following) :])  # what it leaves as it is

    def _numbers(self) -> list[float]:
        """What `_update` takes in this step, the same for all parameters."""
        return [self.lr]

    def _update(self, numbers: Sequence[Any], p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        """What to subtract from a parameter p with the gradient g, and its next state.

        It is written for floats and Values alike: a compiled training step records it once.

        Args:
            numbers: what `_numbers` gave.
            state: the parameter's number in each buffer.
        """
        raise NotImplementedError(f"{type(self).__name__} has no _update method; define one")

    def __repr__(self) -> str:
        size = f"{len(self.params)} parameter{'s' * (len(self.params) > 1)}"
        return f"{type(self).__name__}({', '.join([size, *checks.settings(self)])})"

    # ------------------------------------------------------------------ state

    def state_dict(self) -> dict[str, Any]:
        """The lr, the number of steps and the running means; not the other arguments."""
        return {
            "optimizer": type(self).__name__,
            "lr": self.lr,
            "steps": self.steps,
            "buffers": {name: list(buffer) for name, buffer in self.buffers.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict` of the same optimizer for as many parameters.

        Raises:
            ValueError: the state does not fit; nothing was changed.
            TypeError: the state is not a dict.
        """
        name = type(self).__name__
        checks.instance(state, Mapping, f"{name}: the state")
        try:
            checks.same_keys(state, self.state_dict())
            if state["optimizer"] != name:
                raise ValueError(f"it is that of {checks.shortened(state['optimizer'])}")
            lr = checks.not_negative(state["lr"], "lr")
            steps = checks.counter(state["steps"], "steps")
            checks.instance(state["buffers"], Mapping, "buffers")
            checks.same_keys(state["buffers"], self.buffers)
            buffers = {key: self._buffer(key, xs) for key, xs in state["buffers"].items()}
        except (OverflowError, TypeError, ValueError) as error:
            raise ValueError(f"{name}: the state does not fit: {error}") from error
        vars(self).update(lr=lr, steps=steps, buffers=buffers)

    def _buffer(self, name: str, numbers: list[float]) -> array[float]:
        """A copy of a buffer from a `state_dict`, checked."""
        checks.instance(numbers, list, name)
        if len(numbers) != len(self.params):
            raise ValueError(
                f"{name} has {len(numbers)} numbers for {len(self.params)} parameters"
            )
        check = checks.not_negative if name in SQUARES else checks.finite_float
        return array("d", [check(x, name) for x in numbers])


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

    def __init__(
        self,
        params: Iterable[Value],
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

    def __init__(
        self,
        params: Iterable[Value],
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

    def __init__(
        self,
        params: Iterable[Value],
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

    def __init__(
        self,
        params: Iterable[Value],
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


def _parameters(params: Iterable[Value], name: str) -> list[Value]:
    result = checks.parameter_list(params, name)
    if not result:
        raise ValueError(f"{name} needs one parameter or more, got none")
    for parameter in result:
        if parameter.op is not None:
            raise ValueError(
                f"{name}: {parameter!r} is the result of an operation, not a parameter"
            )
    if len(set(result)) < len(result):
        raise ValueError(f"{name}: a parameter occurs twice; give each once")
    return result
