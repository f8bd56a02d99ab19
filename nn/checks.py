"""Checks of settings, shared by the modules of this package."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from numbers import Real

from autograd import Value


def count(value: int, name: str, least: int = 1) -> int:
    """value as an int; TypeError if it is none, ValueError below `least`.

    >>> count(3, "nin")
    3
    """
    result = _integer(value, name)
    if result < least:
        raise ValueError(f"{name} is {least} or more, got {value}")
    return result


def not_negative(value: float, name: str) -> float:
    """value as a float; TypeError if it is no number, ValueError if < 0 or not finite.

    >>> not_negative(1, "lr")
    1.0
    """
    if not isinstance(value, Real):
        raise TypeError(f"{name} is a number, got {value!r}")
    if not (value >= 0.0 and math.isfinite(value)):
        raise ValueError(f"{name} is finite and not negative, got {value!r}")
    return float(value)


def index(value: int, name: str, size: int) -> int:
    """value as an index of `size` things; TypeError if no int, IndexError if out of range.

    >>> index(2, "target", 3)
    2
    """
    result = _integer(value, name)
    if not 0 <= result < size:
        raise IndexError(f"{name} is within 0 to {size - 1}, got {result}")
    return result


def parameter_list(params: Iterable[Value], name: str) -> list[Value]:
    """params as a list; TypeError if they are no Values.

    >>> parameter_list((Value(1.0),), "SGD")
    [Value(1.0)]
    """
    if not isinstance(params, Iterable) or isinstance(params, Value):
        raise TypeError(
            f"{name} takes a list of Values such as model.parameters(), "
            f"got {type(params).__name__}"
        )
    result = list(params)
    for parameter in result:
        if not isinstance(parameter, Value):
            raise TypeError(f"{name} takes Values, got {parameter!r}")
    return result


def _integer(value: int, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is an integer, got {value!r}") from None
