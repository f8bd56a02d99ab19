"""The functions of the module `autograd`: the table's, and some with other arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autograd.core import table
from autograd.core.operand import Operand, real
from autograd.core.primitive import TABLE
from autograd.core.table import *  # noqa: F403
from autograd.core.table import abs as abs
from autograd.core.table import pow as pow
from autograd.core.table import sum as sum
from autograd.core.value import Value

# `abs`, `pow` and `sum` are left out: `import *` must not shadow a builtin.
__all__ = ["dot", "fsum", "take", "where"]
__all__ += [name for name in table.__all__ if name not in ("abs", "pow", "sum")]

fsum = sum  # its value is that of `math.fsum`


def where(
    condition: object, a: Operand | Callable[[], Any], b: Operand | Callable[[], Any]
) -> Any:
    """a if the condition is true, else b; only the chosen branch gets a derivative.

    A branch may be a function of no arguments, which is called only if it is chosen: then
    what it returns is the result, and nothing is evaluated outside its domain. A branch
    given as a value has been evaluated already, and raised if it had to.

    Kink: the branch not chosen has partial 0.

    >>> x = Value(0.0)
    >>> where(x > 0.0, lambda: log(x), 0.0)
    0.0
    >>> y = where(x > -1.0, x * 2.0, x * 3.0)
    >>> y.backward()
    >>> x.grad
    2.0
    """
    if callable(a) or callable(b):
        chosen = a if condition else b
        return chosen() if callable(chosen) else chosen
    as_value = getattr(condition, "_as_value", None)  # while a program is recorded
    chosen = as_value() if as_value else 1.0 if condition else 0.0
    return TABLE["where"](chosen, a, b)


def take(xs: Iterable[Operand], index: float | Value) -> Any:
    """xs[index] as a node whose inputs are all of xs; IndexError out of range.

    Args:
        index: a whole number; or a Value that holds one, as in a program that is given it.

    >>> take([1.0, Value(2.0)], -1)
    Value(2.0, op='take')
    """
    try:
        number = index if isinstance(index, Value) else real(index)
    except OverflowError:
        raise OverflowError(f"take: the index is too large, got {index!r:.80}") from None
    if number is None or number % 1.0 != 0.0:
        raise TypeError(f"take: the index must be an integer, got {index!r}")
    return TABLE["take"](number, *_listed(xs, "take"))


def dot(ws: Iterable[Operand], xs: Iterable[Operand], bias: Operand = 0.0) -> Any:
    """bias + Σ wᵢ·xᵢ as a single node: the products are rounded, their sum only once.

    Args:
        ws, xs: n numbers or Values each.
        bias: added to the sum.

    Raises:
        ValueError: ws and xs differ in length.

    >>> w = [Value(1.0), Value(2.0)]
    >>> y = dot(w, [3.0, 4.0], 0.5)
    >>> y.data, y.partials
    (11.5, (3.0, 4.0))
    """
    if not isinstance(ws, (list, tuple)):
        ws = _listed(ws, "dot")
    if not isinstance(xs, (list, tuple)):
        xs = _listed(xs, "dot")
    return Value._dot(ws, xs, bias)


def _listed(xs: Iterable[Operand], name: str) -> tuple[Operand, ...]:
    if not isinstance(xs, Iterable):
        raise TypeError(f"{name} takes a list of numbers and Values, got {xs!r:.80}")
    return tuple(xs)
