"""The operations written out for speed are the entries of the table, bit for bit."""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import Value
from autograd.core.primitive import TABLE

numbers = st.floats() | st.floats(-30.0, 30.0) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5])
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}
UNARY: dict[str, Callable[[Value], Value]] = {
    "neg": operator.neg,
    "abs": abs,
    "exp": Value.exp,
    "tanh": Value.tanh,
    "relu": Value.relu,
}


def record(f: Callable[..., Any], *operands: Any) -> Any:
    """All that the node keeps, numbers as bits; or the error."""
    try:
        y = f(*operands)
    except (ArithmeticError, ValueError) as error:
        return type(error), str(error)
    kept = [x if type(x) is Value else bits(x) for x in y.operands]
    return y.op, bits(y.data), [bits(d) for d in y.partials], kept, y.inputs


def bits(x: float) -> bytes:
    return b"nan" if x != x else struct.pack("<d", x)


@pytest.mark.parametrize("name", BINARY)
@given(x=numbers, y=numbers)
@example(x=1.0, y=0.0)
@example(x=5e-324, y=5e-324)
@example(x=1.3e-309, y=0.7)
@example(x=-1.3e-309, y=0.7)
@example(x=1e308, y=1e-308)
@example(x=-2.0, y=3.0)
@example(x=1e50, y=10.0)
@example(x=1e50, y=-10.0)
@example(x=1e50, y=0.3)
@example(x=1e50, y=0.1)
@example(x=1e-50, y=1e-17)
@example(x=-1e200, y=2.0)
@example(x=1e200, y=2.0)
@example(x=-2.0, y=2.5)
@example(x=1e-80, y=-4.0)
@example(x=1.5e-60, y=-4.5)
@example(x=1e-50, y=-10.0)
@example(x=1.234e-155, y=3.0)
@example(x=2.0, y=-0.0)
def test_operators(name: str, x: float, y: float) -> None:
    a, b = Value(x, label="a"), Value(y)
    for operands in ((a, b), (a, y), (x, b), (a, a)):
        assert record(BINARY[name], *operands) == record(TABLE[name], *operands)


@pytest.mark.parametrize("name", BINARY)
@given(x=numbers, n=st.integers(-3, 3) | st.integers(-(10**20), 10**20) | st.booleans())
def test_operators_with_integers(name: str, x: float, n: int) -> None:
    a, c = Value(x), float(n)
    for mixed, floats in (((a, n), (a, c)), ((n, a), (c, a))):
        result, expected = record(BINARY[name], *mixed), record(TABLE[name], *floats)
        is_error = isinstance(result[0], type)  # its message may name n or float(n)
        assert result[0] is expected[0] if is_error else result == expected


@pytest.mark.parametrize("name", UNARY)
@given(x=numbers)
@example(x=0.0)
@example(x=-0.0)
@example(x=-0.75)
@example(x=709.782712893384)
@example(x=709.7827128933841)
@example(x=1e308)
@example(x=-1e308)
@example(x=float("inf"))
@example(x=float("-inf"))
@example(x=float("nan"))
def test_functions(name: str, x: float) -> None:
    a = Value(x, label="a")
    assert record(UNARY[name], a) == record(TABLE[name], a)
