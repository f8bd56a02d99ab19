"""The operations written out for speed are the entries of the table, bit for bit."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.core.primitive import TABLE
from tests.properties.graphs import OPERATORS

INF = float("inf")
numbers = st.floats() | st.floats(-30.0, 30.0) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5])
UNARY = [name for name in OPERATORS if TABLE[name].arity == 1]
BINARY = [name for name in OPERATORS if TABLE[name].arity == 2]
LIMITS = [0.0, -0.0, -0.75, 709.782712893384, 709.7827128933841, 1e308, -1e308, INF, -INF]
PAIRS = [
    *[(1.0, 0.0), (5e-324, 5e-324), (1.3e-309, 0.7), (-1.3e-309, 0.7), (1e308, 1e-308)],
    *[(-2.0, 3.0), (1e50, 10.0), (1e50, -10.0), (1e50, 0.3), (1e50, 0.1), (1e-50, 1e-17)],
    *[(-1e200, 2.0), (1e200, 2.0), (-2.0, 2.5), (1e-80, -4.0), (1.5e-60, -4.5)],
    *[(1e-50, -10.0), (1.234e-155, 3.0), (2.0, -0.0)],
]


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


def same(name: str, x: float, y: float) -> None:
    a, b = Value(x, label="a"), Value(y)
    for operands in ((a, b), (a, y), (x, b), (a, a)):
        assert record(OPERATORS[name], *operands) == record(TABLE[name], *operands)


@pytest.mark.parametrize("name", BINARY)
@given(x=numbers, y=numbers)
def test_operators(name: str, x: float, y: float) -> None:
    same(name, x, y)


@pytest.mark.parametrize("name", BINARY)
def test_operators_at_their_limits(name: str) -> None:
    for x, y in PAIRS:
        same(name, x, y)


@pytest.mark.parametrize("name", BINARY)
@given(x=numbers, n=st.integers(-3, 3) | st.integers(-(10**20), 10**20) | st.booleans())
def test_operators_with_integers(name: str, x: float, n: int) -> None:
    a, c = Value(x), float(n)
    for mixed, floats in (((a, n), (a, c)), ((n, a), (c, a))):
        result, expected = record(OPERATORS[name], *mixed), record(TABLE[name], *floats)
        is_error = isinstance(result[0], type)  # its message may name n or float(n)
        assert result[0] is expected[0] if is_error else result == expected


@pytest.mark.parametrize("name", UNARY)
@given(x=numbers)
def test_functions(name: str, x: float) -> None:
    for operand in (Value(x, label="a"), *map(Value, LIMITS)):
        for spelled in (OPERATORS[name], getattr(Value, name)):
            assert record(spelled, operand) == record(TABLE[name], operand)
