"""Checks of settings, shared by the modules of this package."""

from __future__ import annotations

import math
import operator
from numbers import Real


def count(value: int, name: str, least: int = 1) -> int:
    """value as an int; TypeError if it is none, ValueError below `least`.

    >>> count(3, "nin")
    3
    """
    try:
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is an integer, got {value!r}") from None
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
