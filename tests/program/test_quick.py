"""Calls with a few floats, which go straight into the kernel from the second one on."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from autograd import Value, sqrt
from autograd.program import compile
from autograd.program.quick import MANY
from autograd.testing.programs import Listing
from autograd.testing.strategies import programs
from autograd.transforms import value_and_grad
from tests.program.test_compiled import result


def twice(f: Callable[..., Any], *args: Any) -> Any:
    """What f gives when it is asked again."""
    result(f, *args)
    return result(f, *args)


@given(programs())
def test_again_gives_the_same(program: Listing) -> None:
    fast = compile(lambda x: program(*x))
    for build in (list, tuple, np.array):
        x: Any = build(program.starts)
        assert repr(result(fast, x)) == repr(twice(fast, x))
        once, again = [result(fast.value_and_grad, x) for _ in range(2)]
        assert repr(once) == repr(again)


def test_shapes() -> None:
    fast = compile(lambda x, y: x * sum(y))
    assert twice(fast, 2.0, [1.0, 3.0]) == 8.0
    assert twice(lambda *args: fast.grad(*args, argnums=1), 2.0, (1.0, 3.0)) == (2.0, 2.0)
    assert twice(fast.value_and_grad, 2.0, [1.0, 3.0]) == (8.0, 4.0)
    assert twice(lambda *args: fast.grad(*args, argnums=-1), 2.0, [1.0]) == [2.0]
    found = twice(lambda *args: fast.grad(*args, argnums=1), 2.0, np.array([1.0, 3.0]))
    assert found.tolist() == [2.0, 2.0]
    found[0] = 7.0
    assert fast.grad(2.0, np.array([1.0, 3.0]), argnums=1).tolist() == [2.0, 2.0]
    square = compile(lambda x: {"all": x[0][1] * x[1][0]})
    assert twice(square, np.array([[1.0, 2.0], [3.0, 4.0]])) == {"all": 6.0}
    with pytest.raises(TypeError, match="single number"):
        twice(square.grad, np.eye(2))
    with pytest.raises(ValueError, match="argnums names"):
        fast.grad(2.0, [1.0, 3.0], argnums=2)


def test_ways_are_tried_in_turn() -> None:
    fast = compile(lambda x: sqrt(x) if x > 0.0 else -x)
    for x, y, slope in ((4.0, 2.0, 0.25), (-3.0, 3.0, -1.0)) * 2:
        assert fast.value_and_grad(x) == (y, slope)
        assert fast(x) == y


def test_what_else_is_asked_is_as_ever() -> None:
    fast = compile(lambda x: 1.0 / x[0] + x[1])
    assert twice(fast, [2.0, 1.0]) == 1.5
    with pytest.raises(ZeroDivisionError):
        fast([0.0, 1.0])
    assert type(fast([Value(2.0), 1.0])) is Value
    assert fast([True, 1]) == 2.0
    assert fast(x=[2.0, 1.0]) == 1.5
    assert fast([2.0, 1.0, 5.0]) == 1.5
    large = compile(sum)
    for build in (list, np.array):
        assert twice(large, build([1.0] * (MANY + 1))) == MANY + 1
    square = compile(lambda x: x * x)
    assert (twice(square, 3.0), square(math.inf)) == (9.0, math.inf)


def test_values_and_numbers_from_outside() -> None:
    w, k = Value(2.0), [3.0]
    factor: float = 1.0
    fast = compile(functools.partial(lambda x: w * x + k[0] * factor))
    assert twice(fast, 5.0) == 13.0
    w.data = 4.0
    assert fast(5.0) == 23.0
    k[0] = 4.0
    assert fast(5.0) == 24.0
    k = [4.0]
    assert twice(fast, 5.0) == 24.0
    factor = 2.0
    assert twice(fast, 5.0) == 28.0
    many = [Value(1.0) for _ in range(MANY + 1)]
    assert twice(compile(lambda x: sum(many, x)), 1.0) == MANY + 2


def test_a_variable_without_a_value() -> None:
    later: float
    fast = compile(lambda x: x if x < 1.0 else later)
    assert twice(fast, 0.5) == 0.5
    later = 2.0
    assert fast(0.5) == 0.5
    assert twice(fast, 3.0) == 2.0


def test_written_out_samples_are_one_body() -> None:
    data = [float(i) for i in range(20)]
    fast = compile(lambda w: sum((w[0] * x + w[1]) ** 2 for x in data))
    wanted = value_and_grad(fast.f)([0.5, 1.0])
    for got in twice(fast.value_and_grad, [0.5, 1.0]), (twice(fast, [0.5, 1.0]), wanted[1]):
        assert got[0] == pytest.approx(wanted[0])
        assert got[1] == pytest.approx(wanted[1])
    each = compile(lambda w: [(w[0] * x + w[1]) ** 2 for x in data])
    assert twice(each, [0.5, 1.0]) == pytest.approx([(0.5 * x + 1.0) ** 2 for x in data])
