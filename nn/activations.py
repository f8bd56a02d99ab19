"""Activations: as modules, and by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import autograd
from autograd import Value
from autograd.core.operand import Operand, primal
from autograd.core.primitive import TABLE
from autograd.core.table import exp_of_difference
from autograd.trees import as_rows
from nn import checks
from nn.module import Module, map_numbers

__all__ = [
    "ELU",
    "GELU",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "gelu",
    "log_softmax",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]

Activation = str | Callable[[Any], Any] | None

NAMES = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "sigmoid", "tanh")
ACTIVATIONS: dict[str, Callable[[Value], Value] | None] = {
    "linear": None,
    "identity": None,
    **{name: getattr(Value, name) for name in NAMES},
}


def activation_function(activation: Activation) -> Callable[[Any], Any] | None:
    """The function that an activation argument names; None for a linear one."""
    if isinstance(activation, str):
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"unknown activation {activation!r}; choose one of {', '.join(ACTIVATIONS)}, "
                "or pass a function"
            )
        return ACTIVATIONS[activation]
    if activation is not None:
        checks.module_or_function(
            activation, "an activation must be a name, a function or None"
        )
    return activation


class Elementwise(Module):
    """A function of the table of primitives, of each number."""

    operation: str

    def forward(self, x: Any) -> Any:
        return map_numbers(TABLE[self.operation], x)


class Identity(Module):
    """Returns its input.

    >>> Identity()(3.0)
    3.0
    """

    def forward(self, x: Any) -> Any:
        return x


class ReLU(Elementwise):
    """max(0, x) of a number or Value, or the list of that for each in a list or array.

    So do all the activations of single numbers.

    >>> ReLU()([-1.0, 2.0])
    [0.0, 2.0]
    """

    operation = "relu"


class LeakyReLU(Module):
    """x where it is positive, else negative_slope · x.

    Raises:
        TypeError, ValueError: negative_slope is not a finite number.

    >>> LeakyReLU(0.5)([-1.0, 2.0])
    [-0.5, 2.0]
    """

    def __init__(self, negative_slope: Operand = 0.01) -> None:
        self.negative_slope = checks.value_or_float(negative_slope, "LeakyReLU: negative_slope")

    def forward(self, x: Any) -> Any:
        return map_numbers(lambda v: autograd.leaky_relu(v, self.negative_slope), x)

    def extra_repr(self) -> str:
        return f"{self.negative_slope}"


class ELU(Module):
    """x where it is positive, else alpha · (exp(x) - 1).

    Raises:
        TypeError, ValueError: alpha is not a finite number.

    >>> ELU()([0.0, 2.0])
    [0.0, 2.0]
    """

    def __init__(self, alpha: Operand = 1.0) -> None:
        self.alpha = checks.value_or_float(alpha, "ELU: alpha")

    def forward(self, x: Any) -> Any:
        return map_numbers(lambda v: autograd.elu(v, self.alpha), x)

    def extra_repr(self) -> str:
        return f"{self.alpha}"


class GELU(Elementwise):
    """x · Φ(x), with Φ the normal distribution function.

    >>> GELU()([0.0])
    [0.0]
    """

    operation = "gelu"


class SiLU(Elementwise):
    """x · sigmoid(x).

    >>> SiLU()([0.0])
    [0.0]
    """

    operation = "silu"


class Softplus(Elementwise):
    """log(1 + exp(x)).

    >>> Softplus()([0.0])
    [0.6931471805599453]
    """

    operation = "softplus"


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)).

    >>> Sigmoid()([0.0])
    [0.5]
    """

    operation = "sigmoid"


class Tanh(Elementwise):
    """The hyperbolic tangent.

    >>> Tanh()([0.0])
    [0.0]
    """

    operation = "tanh"


class _OverClasses(Module):
    def __init__(self, dim: int | None = None) -> None:
        _check_axis(dim, type(self).__name__)


class Softmax(_OverClasses):
    """exp(xᵢ) / Σ exp(xⱼ) of a list; `dim` is PyTorch's: a sample has a single axis.

    >>> Softmax()([0.0, 0.0])
    [0.5, 0.5]
    """

    def forward(self, x: Sequence[Operand]) -> list[Any]:
        return softmax(x)


class LogSoftmax(_OverClasses):
    """The logarithm of `Softmax`, accurate also where that is near 0 or 1; `dim` as there.

    >>> LogSoftmax()([0.0, 0.0])
    [-0.6931471805599453, -0.6931471805599453]
    """

    def forward(self, x: Sequence[Operand]) -> list[Any]:
        return log_softmax(x)


# ---------------------------------------------------------------------- of numbers


def relu(x: Any) -> Any:
    """max(0, x) of a number or Value, or the list of that for each in a list or array.

    So do `tanh`, `sigmoid`, `gelu` and `silu`.

    >>> relu([-1.0, 2.0])
    [0.0, 2.0]
    """
    return map_numbers(autograd.relu, x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent.

    >>> tanh([0.0])
    [0.0]
    """
    return map_numbers(autograd.tanh, x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)).

    >>> sigmoid([0.0])
    [0.5]
    """
    return map_numbers(autograd.sigmoid, x)


def gelu(x: Any) -> Any:
    """x · Φ(x), with Φ the normal distribution function.

    >>> gelu([0.0])
    [0.0]
    """
    return map_numbers(autograd.gelu, x)


def silu(x: Any) -> Any:
    """x · sigmoid(x).

    >>> silu([0.0])
    [0.0]
    """
    return map_numbers(autograd.silu, x)


# ---------------------------------------------------------------------- of lists


def log_softmax(logits: Sequence[Operand], dim: int | None = None) -> list[Any]:
    """log(exp(xᵢ) / Σ exp(xⱼ)) of one sample's logits, accurate also where it is near 0.

    `dim` is PyTorch's: a sample has a single axis.

    Raises:
        TypeError: a single Value or number, or a string.
        ValueError: no logits, or `dim` is another axis than a sample has in PyTorch.

    >>> log_softmax([0.0, 100.0])
    [-100.0, -3.720075976020836e-44]
    """
    logits = _checked(logits, "log_softmax", dim)
    if _are_recorded(logits):
        return [*autograd.log_softmax(logits)]
    top, others = _below_the_largest(logits)
    rest = autograd.log1p(autograd.fsum(others))
    return [-rest if i == top else x - logits[top] - rest for i, x in enumerate(logits)]


def softmax(logits: Sequence[Operand], dim: int | None = None) -> list[Any]:
    """exp(xᵢ) / Σ exp(xⱼ) of one sample's logits; `dim` and errors as for `log_softmax`.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    logits = _checked(logits, "softmax", dim)
    if _are_recorded(logits):
        return [*autograd.softmax(logits)]
    top, powers = _below_the_largest(logits)
    powers.insert(top, 1.0)
    total = autograd.fsum(powers)
    return [power / total for power in powers]


def _check_axis(dim: int | None, name: str) -> None:
    if dim is not None and (type(dim) is not int or dim not in (-1, 0, 1)):
        got = checks.shortened(dim)
        raise ValueError(f"{name}: dim must be -1, the axis of a sample, got {got}")


def _checked(logits: Sequence[Operand], name: str, dim: int | None) -> list[Operand]:
    """The logits as a list; `name` begins a message."""
    _check_axis(dim, name)
    if isinstance(logits, (Value, Real, str, Mapping)) or not isinstance(logits, Iterable):
        raise TypeError(f"{name} takes a list of logits, got {checks.shortened(logits)}")
    logits = list(as_rows(logits))
    for logit in logits:
        if not isinstance(logit, (Value, Real)):
            got = checks.shortened(logit)
            raise TypeError(f"{name} takes a list of numbers and Values, got {got} in it")
    if not logits:
        raise ValueError(f"{name} takes one logit or more, got none")
    return logits


def _are_recorded(logits: Sequence[Operand]) -> bool:
    """Whether a program is made: to pick the largest would be another trace for each place."""
    return len(logits) == 1 or not all(type(primal(x)) is float for x in logits)


def _below_the_largest(logits: Sequence[Operand]) -> tuple[int, list[Any]]:
    """The index of the largest logit, and exp(x - it) of each other logit x.

    So the slopes of the largest are sums of those of the others, to the last digits.
    """
    numbers = [*map(primal, logits)]
    top = numbers.index(max(numbers))
    return top, [exp_of_difference(x, logits[top]) for i, x in enumerate(logits) if i != top]
