"""Checks of settings, shared by the modules of this package."""

from __future__ import annotations

import inspect
import math
import operator
import reprlib
import sys
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from autograd import Value
from autograd.core.operand import Operand


def count(value: int, name: str, least: int = 1) -> int:
    """value as an int; TypeError if it is not an integer, or a bool, ValueError below
    `least`, OverflowError above what a list can hold.

    >>> count(3, "nin")
    3
    """
    result = _integer(value, name)
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value}")
    if result > sys.maxsize:
        raise OverflowError(f"{name} is too large, got {shortened(result)}")
    if result < least:
        raise ValueError(f"{name} must be {least} or more, got {shortened(value)}")
    return result


def counts(values: Iterable[int], name: str) -> list[int]:
    """The values of a list or tuple, each as by `count`.

    >>> counts((2, 4), "milestones")
    [2, 4]
    """
    instance(values, (list, tuple), name)
    return [count(value, name) for value in values]


def flag(value: bool, name: str) -> bool:
    """value; TypeError unless it is True or False.

    >>> flag(True, "bias")
    True
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {shortened(value)}")
    return value


def to_float(value: float, name: str) -> float:
    """value as a float; TypeError if it is not a number, or a bool, OverflowError if too large.

    >>> to_float(2, "metric")
    2.0
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {shortened(value)}")
    try:
        return float(value)
    except OverflowError:
        raise OverflowError(f"{name} is too large for a float: {shortened(value)}") from None


def finite_float(value: float, name: str) -> float:
    """value as a float; TypeError if it is not a number, ValueError if infinite or NaN.

    >>> finite_float(-1, "mean")
    -1.0
    """
    result = to_float(value, name)
    if not math.isfinite(result):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return result


def not_negative(value: float, name: str) -> float:
    """value as a float; TypeError if it is not a number, ValueError if < 0 or not finite.

    >>> not_negative(1, "lr")
    1.0
    """
    result = finite_float(value, name)
    if result < 0.0:
        raise ValueError(f"{name} must not be negative, got {value!r}")
    return result


def positive(value: float, name: str) -> float:
    """value as a float; TypeError if it is not a number, ValueError if ≤ 0 or not finite.

    >>> positive(2, "factor")
    2.0
    """
    result = finite_float(value, name)
    if not result > 0.0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return result


def fraction(value: float, name: str, below_1: bool = False) -> float:
    """value as a float within [0, 1], or within [0, 1); else TypeError or ValueError.

    >>> fraction(1, "p")
    1.0
    """
    result = to_float(value, name)
    if not 0.0 <= result <= 1.0 or (below_1 and result == 1.0):
        raise ValueError(f"{name} must be within [0, 1{')' if below_1 else ']'}, got {value!r}")
    return result


def value_or_float(value: Operand, name: str) -> Operand:
    """A Value as it is; a number as a float that is `finite`.

    >>> value_or_float(2, "alpha"), value_or_float(Value(2.0), "alpha")
    (2.0, Value(2.0))
    """
    return value if isinstance(value, Value) else finite_float(value, name)


def choice(known: tuple[str, ...], value: str, name: str) -> str:
    """value; ValueError unless it is one of those that are known.

    >>> choice(("min", "max"), "min", "mode")
    'min'
    """
    if value not in known:
        names = " or ".join(f'"{each}"' for each in known)
        raise ValueError(f"{name} must be {names}, got {shortened(value)}")
    return value


def function(value: object, name: str, hint: str = "") -> None:
    """TypeError unless the value can be called; `hint` says such as what.

    >>> function(max, "loss")
    """
    if not callable(value):
        wanted = f"a function {hint}".rstrip()
        raise TypeError(f"{name} must be {wanted}, got {shortened(value)}")


def module_or_function(value: object, must_be: str) -> None:
    """TypeError unless the value can be called on numbers; a class can't, what it makes may.

    >>> module_or_function(max, "a layer must be a function")
    """
    if not callable(value) or isinstance(value, type):
        hint = f"; make one: {value.__name__}()" if isinstance(value, type) else ""
        raise TypeError(f"{must_be}, got {shortened(value)}{hint}")


def instance(value: object, kind: type | tuple[type, ...], name: str, hint: str = "") -> None:
    """TypeError unless the value is an instance of `kind`; `hint` says which.

    >>> instance(Value(1.0), Value, "x")
    """
    if not isinstance(value, kind):
        kinds = " or ".join(
            [k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,))]
        )
        wanted = f"of the type {kinds} {hint}".rstrip()
        raise TypeError(f"{name} must be {wanted}, got {shortened(value)}")


def same_keys(state: Mapping[str, object], own: Mapping[str, object]) -> None:
    """ValueError if a state that is to be loaded has other keys than the own state.

    >>> same_keys({"lr": 0.5}, {"lr": 0.1})
    """
    missing = [key for key in own if key not in state]
    unexpected = [key for key in state if key not in own]
    if missing or unexpected:
        raise ValueError(f"missing {shortened(missing)}; unexpected {shortened(unexpected)}")


def fits(state: object, own: Mapping[str, object], name: str) -> None:
    """Refuse a state that is to be loaded unless it is built as the own state is.

    TypeError if it is no dict; ValueError if keys, lengths or the kinds of numbers differ.

    >>> fits({"steps": 3, "lrs": [0.5]}, {"steps": 0, "lrs": [0.1]}, "the state")
    """
    instance(state, Mapping, name)
    try:
        _fits(state, own, "it")
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{name} does not fit: {error}") from error


_RATES = "'lr'", "'lrs'", "'base_lr'", "'base_lrs'"


def _fits(x: Any, own: Any, name: str) -> None:
    if isinstance(own, Mapping):
        instance(x, Mapping, name)
        same_keys(x, own)
        for key in own:
            _fits(x[key], own[key], shortened(key))
    elif isinstance(own, list):
        instance(x, list, name)
        if len(x) != len(own):
            raise ValueError(f"{name} has {len(x)} numbers for {len(own)}")
        for each, one in zip(x, own):
            _fits(each, one, name)
    elif isinstance(own, str):
        if x != own:
            raise ValueError(f"it is that of {shortened(x)}")
    elif isinstance(own, int):
        count(x, name, least=0)
    elif x is not None or name not in ("'best'", "'best_state'"):
        check: Any = not_negative if name in _RATES else finite_float
        check(x, name)


def settings(thing: object) -> list[str]:
    """The attributes that have the names of constructor parameters, as `name=value`; the
    first parameter and those that are None are left out.

    >>> import nn
    >>> settings(nn.SGD([Value(1.0)], lr=0.5, momentum=0.9))
    ['lr=0.5', 'momentum=0.9', 'dampening=0.0', 'weight_decay=0.0', 'nesterov=False']
    """
    names = [*inspect.signature(type(thing)).parameters][1:]
    known = {name: getattr(thing, name, None) for name in names}
    return [f"{name}={x!r}" for name, x in known.items() if x is not None]


def shortened(value: object) -> str:
    """The repr of a wrong argument, short enough for a message.

    >>> shortened([0.0] * 1000)
    '[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ...]'
    """
    return _SHORT.repr(value)


def index(value: Any, name: str, size: int) -> int | Value:
    """value as an index into `size` things; TypeError if it is not an integer, IndexError if
    it is out of range. A Value that holds an integer stays one, as programs need it.

    >>> index(2, "target", 3)
    2
    """
    if isinstance(value, Value):
        if value % 1.0 != 0.0:
            raise TypeError(f"{name} must be an integer, got {shortened(value)}")
        result: int | Value = value
    else:
        result = _integer(value, name)
    if not 0 <= result < size:
        raise IndexError(f"{name} must be within 0 to {size - 1}, got {shortened(result)}")
    return result


def parameter_list(params: Iterable[Value], name: str) -> list[Value]:
    """params as a list; TypeError unless they are Values.

    >>> parameter_list((Value(1.0),), "SGD")
    [Value(1.0)]
    """
    if not isinstance(params, Iterable) or isinstance(params, Value) or hasattr(params, "eval"):
        raise TypeError(
            f"{name} takes a list of Values such as model.parameters(), "
            f"got {type(params).__name__}"
        )
    result: list[Value] = []
    for each in params:
        result += [each] if isinstance(each, Value) or not hasattr(each, "ravel") else each.flat
    for parameter in result:
        if not isinstance(parameter, Value):
            raise TypeError(f"{name} takes Values, got {shortened(parameter)}")
    return result


_SHORT = reprlib.Repr()
_SHORT.maxstring = 80  # room for the path of a parameter


def _integer(value: int, name: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {shortened(value)}") from None
