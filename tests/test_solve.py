"""Equations that are solved: the solutions, what they depend on, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, fixed_point, grad, hessian, jacobian, jvp, root
from tests.helpers.tables import table


def cubic(x: Any, a: Any) -> Any:
    return x * x * x + x - a


def solve(a: Any) -> Any:
    return root(cubic, 1.0, a)


@given(st.floats(-30.0, 30.0))
def test_derivatives_are_those_of_the_implicit_function(a: float) -> None:
    x = solve(a)
    assert math.isclose(x * x * x + x, a, rel_tol=1e-14, abs_tol=1e-15)
    k = 3.0 * x * x + 1.0
    first, second = 1.0 / k, -6.0 * x / k**3
    third = (-6.0 + 108.0 * x * x / k) / k**4
    for order, closed_form in enumerate((first, second, third), 1):
        derivative = solve
        for _ in range(order):
            derivative = grad(derivative)
        assert math.isclose(derivative(a), closed_form, rel_tol=1e-12, abs_tol=1e-14)
    assert jvp(solve, (a,), (2.0,)) == (pytest.approx(x, 1e-15), pytest.approx(2 * first))
    assert hessian(solve)(a) == pytest.approx(second, 1e-12, 1e-14)


def test_params_and_what_f_closes_over_are_one() -> None:
    a, b = Value(3.0), Value(3.0)
    x, y = root(cubic, 1.0, a), root(lambda x: cubic(x, b), 1.0)
    x.backward()
    y.backward()
    assert x == y == root(cubic, 1, 3)
    assert a.grad == b.grad > 0.0
    assert type(root(cubic, Value(1.0), 3.0)) is float  # nothing depends on x0


@pytest.mark.parametrize("shape", [list, tuple, np.array, lambda v: {"s": v[0], "t": v[1]}])
def test_a_system_in_the_shape_of_its_start(shape: Any) -> None:
    def entries(v: Any) -> list[Any]:
        return [*(v.values() if isinstance(v, dict) else v)]

    def f(v: Any, p: Any) -> Any:
        s, t = entries(v)
        return shape([s + t - p[0], s * t - p[1]])

    def solve(p: list[Any]) -> Any:
        return root(f, shape([3.5, 1.0]), p)

    found = solve([5.0, 6.0])
    assert type(found) is type(shape([0.0, 1.0]))
    assert np.allclose(entries(found), [3.0, 2.0], 1e-15)
    slopes = jacobian(lambda p: entries(solve(p)))([5.0, 6.0])
    assert np.allclose(slopes, [[3.0, -1.0], [-2.0, 1.0]], 1e-13)


def test_a_fixed_point_is_a_root() -> None:
    w = [[0.3, -0.2], [0.1, 0.4]]

    def layer(h: Any, x: Any) -> Any:
        return [autograd.tanh(autograd.dot(row, h, b)) for row, b in zip(w, x)]

    h = fixed_point(layer, [0.0, 0.0], [1.0, -1.0])
    assert np.allclose(layer(h, [1.0, -1.0]), h, 0.0, 1e-15)
    ours = jacobian(lambda x: fixed_point(layer, [0.0, 0.0], x))([1.0, -1.0])
    slope = np.diag(1.0 - np.square(h))
    assert np.allclose(ours, np.linalg.solve(np.eye(2) - slope @ w, slope), 1e-13)


HARD = table(
    """
lambda x: autograd.atan(x) | 10.0 | 0.0
lambda x: autograd.log(x) | 50.0 | 1.0
lambda x: x + 10000.0 - 10000.0 - math.pi | 1.0 | math.pi
lambda x: x * x | 3.0 | 0.0
lambda v: [v[1] - 1.0, v[0] - 2.0] | [0.0, 0.0] | [2.0, 1.0]
lambda v: [v[0] * 1e-09 - 1.0, v[1] * 1000000000.0 - 1.0] | [0.0, 0.0] | [1000000000.0, 1e-09]
lambda v: [] | [] | []
""",
    autograd=autograd,
    math=math,
)


@pytest.mark.parametrize(
    ("f", "x0", "solution"),
    HARD,
)
def test_hard_starts(f: Any, x0: Any, solution: Any) -> None:
    assert np.allclose(root(f, x0), solution, 1e-12, 1e-12)


def test_compiled_it_is_recorded_step_by_step() -> None:
    fast = autograd.compile(solve)
    for a in (0.5, 2.5, 7.0, -3.0):
        assert math.isclose(fast(a), solve(a), rel_tol=1e-14)
        assert math.isclose(fast.grad(a), grad(solve)(a), rel_tol=1e-13)
        assert math.isclose(fast.hessian(a), hessian(solve)(a), rel_tol=1e-11)
