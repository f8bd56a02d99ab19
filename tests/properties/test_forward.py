"""A Value behaves like the float it holds, for all floats, to the last bit."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.primitives import TABLE

INF, NAN = math.inf, math.nan
HUGE, TINY = 1.7976931348623157e308, 5e-324
numbers = st.floats() | st.floats(-30.0, 30.0) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5])


def power(x: float, p: float) -> float:
    result = x**p
    if isinstance(result, complex):
        raise ValueError("a complex number")
    return float(result)


def clipped(x: float, low: float, high: float) -> float:
    if low > high:
        raise ValueError("an empty interval")
    return min(max(x, low), high)


def outcome(f: Callable[..., Any], *operands: Any) -> tuple[str, bytes | None]:
    """The bits of the result (all NaNs are one), or the type of the error."""
    try:
        result = f(*operands)
    except (ArithmeticError, ValueError) as error:
        return type(error).__name__, None
    data = result.data if type(result) is Value else result
    assert type(data) is float
    return "float", struct.pack("<d", NAN if math.isnan(data) else data)


FROM_MATH = """
exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh
asinh acosh atanh erf erfc
"""
MATH: dict[str, Callable[[float], float]] = {
    name: getattr(math, name) for name in FROM_MATH.split()
} | {
    "neg": operator.neg,
    "abs": abs,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1.0 / x,
    "relu": lambda x: x if x > 0.0 or x != x else 0.0,
    "sign": lambda x: x if x == 0.0 or x != x else math.copysign(1.0, x),
}
BINARY: dict[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": power,
    "atan2": math.atan2,
    "hypot": math.hypot,
    "maximum": lambda x, y: NAN if x != x or y != y else max(x, y),
    "minimum": lambda x, y: NAN if x != x or y != y else min(x, y),
    "leaky_relu": lambda x, slope: x if x > 0.0 else slope * x,
    "elu": lambda x, alpha: x if x > 0.0 else alpha * math.expm1(x),
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}
SMOOTH = ["sigmoid", "softplus", "gelu", "silu", "normal_cdf"]


@pytest.mark.parametrize("name", MATH)
@given(x=numbers)
@example(x=HUGE)
@example(x=-HUGE)
@example(x=TINY)
@example(x=-TINY)
@example(x=INF)
@example(x=-INF)
@example(x=NAN)
@example(x=709.8)
def test_functions_of_one_operand(name: str, x: float) -> None:
    wanted = outcome(MATH[name], x)
    assert outcome(TABLE[name], x) == wanted
    assert outcome(TABLE[name], Value(x)) == wanted
    assert outcome(getattr(Value, name), Value(x)) == wanted
    assert outcome(getattr(autograd, name), Value(x)) == wanted


@pytest.mark.parametrize("name", BINARY)
@given(x=numbers, y=numbers)
@example(x=-8.0, y=1.0 / 3.0)
@example(x=0.0, y=-1.0)
@example(x=HUGE, y=HUGE)
@example(x=TINY, y=-TINY)
@example(x=INF, y=-INF)
@example(x=-1.0, y=INF)
def test_functions_of_two_operands(name: str, x: float, y: float) -> None:
    wanted = outcome(BINARY[name], x, y)
    for apply in (TABLE[name], OPERATORS.get(name, getattr(autograd, name))):
        assert outcome(apply, Value(x), Value(y)) == wanted
        assert outcome(apply, Value(x), y) == wanted
        assert outcome(apply, x, Value(y)) == wanted
    assert outcome(getattr(Value, name), Value(x), y) == wanted


@given(x=numbers, low=numbers, high=numbers)
def test_clip(x: float, low: float, high: float) -> None:
    wanted = outcome(clipped, x, low, high)
    assert outcome(autograd.clip, Value(x), low, high) == wanted
    assert outcome(autograd.clip, x, Value(low), Value(high)) == wanted


@given(xs=st.lists(numbers, max_size=5))
def test_sum(xs: list[float]) -> None:
    wanted = outcome(math.fsum, xs)
    assert outcome(autograd.sum, [Value(x) for x in xs]) == wanted
    assert outcome(autograd.sum, xs) == wanted


@given(pairs=st.lists(st.tuples(numbers, numbers), max_size=5), bias=numbers)
def test_dot(pairs: list[tuple[float, float]], bias: float) -> None:
    def by_fsum() -> float:
        try:
            return math.fsum([bias, *(w * x for w, x in pairs)])
        except ValueError:
            return NAN

    ws, xs = [w for w, _ in pairs], [x for _, x in pairs]
    wanted = outcome(by_fsum)
    assert outcome(autograd.dot, [Value(w) for w in ws], xs, bias) == wanted
    assert outcome(autograd.dot, ws, [Value(x) for x in xs], Value(bias)) == wanted


@pytest.mark.parametrize("name", SMOOTH)
@given(x=st.floats(allow_nan=False, allow_infinity=False))
@example(x=HUGE)
@example(x=-HUGE)
@example(x=-745.2)
def test_activations_are_finite_everywhere(name: str, x: float) -> None:
    y = TABLE[name](Value(x))
    assert math.isfinite(y.data)
    assert all(map(math.isfinite, y.partials))
    assert TABLE[name](x) == y.data


@given(xs=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_logsumexp_lies_above_the_maximum(xs: list[float]) -> None:
    y = autograd.logsumexp([Value(x) for x in xs])
    top = max(xs)
    assert top <= y.data <= top + math.log(len(xs)) + math.ulp(top)
    assert math.isclose(math.fsum(y.partials), 1.0, rel_tol=1e-15)
    assert all(0.0 <= partial <= 1.0 for partial in y.partials)


@given(x=numbers, y=numbers)
def test_comparisons_and_truth(x: float, y: float) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(Value(x), Value(y)) == compare(Value(x), y) == compare(x, y)
    assert bool(Value(x)) is bool(x)
