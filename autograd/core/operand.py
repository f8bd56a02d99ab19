"""The operands of an operation: Values and numbers, and how messages name them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

__all__ = ["Number", "Operand", "describe", "is_node", "number", "numpy_method", "primal"]
__all__ += ["real"]

Number = int | float
Label = str | None
Operand = Any  # a Value or a Number; rules are generic over whatever has arithmetic


def is_node(x: object) -> bool:
    """Whether x records operations, as a Value does."""
    return hasattr(type(x), "_record")


def primal(x: Operand) -> float:
    """The float that a Value holds; a number as a float.

    While a program is recorded it is a Value through which nothing flows, so that a rule that
    compares it is recorded: it may compute with it, but call no function for floats.
    """
    if type(x) is float:
        return x
    return x._primal() if is_node(x) else float(x)


def real(x: object) -> float | None:
    """x as a float if it is a real number, else None."""
    if type(x) is not int and not isinstance(x, Real):
        return None
    try:
        return float(x)
    except OverflowError:
        raise OverflowError(f"{x!r:.80} is too large for a float") from None


def number(x: object, what: str) -> float:
    """x as a float; TypeError naming `what` if it is not a real number."""
    if type(x) is float:
        return x
    try:
        converted = real(x)
    except OverflowError as error:
        raise OverflowError(f"{what}: {error}") from None
    if converted is None:
        hint = "; use its .data or .detach()" if is_node(x) else ""
        if what.isidentifier() and isinstance(x, Iterable) and not isinstance(x, str):
            hint = f"; call it for each number, [{what}(x) for x in xs]"
            if hasattr(sys.modules.get("numpy"), what):
                hint += f", or np.{what}"
        raise TypeError(f"{what} takes a real number, got {_with_type(x)}{hint}")
    return converted


def checked_label(label: object) -> str | None:
    """A label as a plain str; TypeError if it is neither a string nor None."""
    if label is None:
        return None
    if not isinstance(label, str):
        raise TypeError(f"a label must be a string or None, got {_with_type(label)}")
    return str.__str__(label)


def describe(operands: Iterable[Operand]) -> str:
    """The operands' values and labels, as messages name them."""
    shown: list[str] = []
    for operand in itertools.islice(operands, 9):
        value, label = (operand.data, operand.label) if is_node(operand) else (operand, None)
        shown.append(f"{value!r:.80}")
        if label is not None:
            shown[-1] += f" labelled {label!r:.80}"
    if len(shown) == 9:
        shown[8] = "..."
    return ", ".join(shown)


def numpy_method(name: str) -> Callable[[Any], Any]:
    """The method that NumPy calls on the elements of an object array for `np.name`."""

    def method(self: Any) -> Any:
        return getattr(sys.modules["numpy"], name)(self)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`np.{name}` of this number."
    return method


def _with_type(x: object) -> str:
    return f"{x!r:.80} ({type(x).__name__})"
