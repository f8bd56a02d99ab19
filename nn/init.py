"""Initialisers: where a weight starts.

Each function here makes an initialiser, which is any function `init(nin, nout)` that
returns one weight of a layer with `nin` inputs and `nout` neurons. They draw from the
`random` module, so `random.seed` fixes them. A setting that is not a number raises
TypeError, one out of its range ValueError.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from nn.checks import finite_float, not_negative

__all__ = [
    "Initialiser",
    "constant",
    "fan_in_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "ones",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

Initialiser = Callable[[int, int], float]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        """Say where an initialiser goes, which PyTorch calls on what it fills."""
        ours = name.rstrip("_")
        given = f"nn.Layer(2, 3, init=nn.init.{ours}(…))"
        hint = f"; it is given to what it fills: {given}" if ours in __all__ else ""
        raise AttributeError(f"module 'nn.init' has no attribute {name!r}{hint}")


def uniform(low: float = 0.0, high: float = 1.0) -> Initialiser:
    """Uniform in [low, high]; micrograd's is `uniform(-1, 1)`.

    Raises:
        ValueError: low > high, or one of them is not finite.

    >>> -1.0 <= uniform(-1, 1)(2, 16) <= 1.0
    True
    """
    low, high = finite_float(low, "init.uniform: low"), finite_float(high, "init.uniform: high")
    if low > high:
        raise ValueError(f"init.uniform needs low ≤ high, got {low!r} and {high!r}")
    return lambda nin, nout: random.uniform(low, high)


def normal(mean: float = 0.0, std: float = 1.0) -> Initialiser:
    """Normal with this mean and standard deviation.

    Raises:
        ValueError: std < 0, or one of them is not finite.

    >>> normal(3.0, 0.0)(2, 16)
    3.0
    """
    mean, std = finite_float(mean, "init.normal: mean"), not_negative(std, "init.normal: std")
    return lambda nin, nout: random.gauss(mean, std)


def constant(value: float) -> Initialiser:
    """Always the same number.

    >>> constant(0.5)(2, 16)
    0.5
    """
    value = finite_float(value, "init.constant: value")
    return lambda nin, nout: value


def zeros() -> Initialiser:
    """Always 0.

    >>> zeros()(2, 16)
    0.0
    """
    return constant(0.0)


def ones() -> Initialiser:
    """Always 1.

    >>> ones()(2, 16)
    1.0
    """
    return constant(1.0)


def xavier_uniform(gain: float = 1.0) -> Initialiser:
    """Uniform within ±gain·√(6 / (nin + nout)) (Glorot & Bengio 2010), for tanh, sigmoid.

    >>> abs(xavier_uniform()(3, 3)) <= 1.0
    True
    """
    gain = not_negative(gain, "init.xavier_uniform: gain")
    return lambda nin, nout: _within(gain * math.sqrt(6.0 / (nin + nout)))


def xavier_normal(gain: float = 1.0) -> Initialiser:
    """Normal with standard deviation gain·√(2 / (nin + nout)) (Glorot & Bengio 2010).

    >>> xavier_normal(0.0)(3, 3)
    0.0
    """
    gain = not_negative(gain, "init.xavier_normal: gain")
    return lambda nin, nout: random.gauss(0.0, gain * math.sqrt(2.0 / (nin + nout)))


def kaiming_uniform(a: float = 0.0) -> Initialiser:
    """Uniform within ±√(6 / ((1 + a²)·nin)) (He et al. 2015), for ReLU.

    Args:
        a: the slope at x < 0 of a leaky ReLU.

    >>> abs(kaiming_uniform()(6, 3)) <= 1.0
    True
    """
    a = finite_float(a, "init.kaiming_uniform: a")
    return lambda nin, nout: _within(math.sqrt(6.0 / ((1.0 + a * a) * nin)))


def kaiming_normal(a: float = 0.0) -> Initialiser:
    """Normal with standard deviation √(2 / ((1 + a²)·nin)) (He et al. 2015), for ReLU.

    Args:
        a: the slope at x < 0 of a leaky ReLU.

    >>> isinstance(kaiming_normal()(6, 3), float)
    True
    """
    a = finite_float(a, "init.kaiming_normal: a")
    return lambda nin, nout: random.gauss(0.0, math.sqrt(2.0 / ((1.0 + a * a) * nin)))


def fan_in_uniform() -> Initialiser:
    """Uniform within ±1/√nin, PyTorch's default for a linear layer and the default here.

    >>> abs(fan_in_uniform()(1, 3)) <= 1.0
    True
    """
    return lambda nin, nout: _within(1.0 / math.sqrt(nin))


def _within(bound: float) -> float:
    return random.uniform(-bound, bound)
