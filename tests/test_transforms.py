"""Derivatives of functions: their values, their shapes and their errors."""

import copy
import math
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    no_grad,
    relu,
    sqrt,
    square,
    value_and_grad,
    value_and_jacobian,
    vjp,
)
from autograd.core.operand import primal
from tests.helpers.tables import column, named


def test_gradient_leaves_out_paths_that_are_not_asked_for() -> None:
    x, p = Value(-2.0), Value(3.0)
    assert gradient(x**p, x) == 12.0
    assert gradient(gradient(x**p, x, create_graph=True), x) == -12.0


def test_a_nan_goes_out_but_from_no_branch_not_taken() -> None:
    x, y = Value(math.nan), Value(-1.0)
    assert math.isnan(gradient(x * x, x))
    assert math.isnan(gradient(x * 2.0 * math.nan, x))
    assert gradient(sqrt(relu(y)), y) == 0.0


def test_the_shape_of_a_gradient_is_that_of_its_argument() -> None:
    def f(p: dict[str, Any], k: float) -> Any:
        return p["w"][0] * p["w"][1] * k + p["b"] * p["b"]

    p = {"w": (2.0, 3), "b": 5}
    assert grad(f)(p, 10.0) == {"w": (30.0, 20.0), "b": 10.0}
    assert jvp(f, (p, 10.0), (1.0, p), argnums=(1, 0)) == (85.0, 6.0 + 60.0 + 60.0 + 50.0)


def test_results_are_plain_floats_and_keywords_pass_through() -> None:
    value, slope = value_and_grad(lambda x, *, k: x * x * k)(3, k=2.0)
    assert (type(value), value, type(slope), slope) == (float, 18.0, float, 12.0)


def test_a_constant_has_gradient_zero_and_the_identity_one() -> None:
    assert value_and_grad(lambda x: x)(2.0) == (2.0, 1.0)
    assert value_and_grad(lambda x: 5)([1.0, 2.0]) == (5.0, [0.0, 0.0])
    assert jacobian(lambda x: [x, 1.0])(2.0) == [1.0, 0.0]
    assert jvp(lambda x: [x, 1.0], (2.0,), (3.0,)) == ([2.0, 1.0], [3.0, 0.0])
    assert vjp(lambda x: [x, 1.0], 2.0)[1]([3.0, 4.0]) == (3.0,)


def test_inner_and_outer_variables_are_not_confused() -> None:
    # Siskind & Pearlmutter, "Nesting forward-mode AD in a functional framework", 2008.
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(3.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(2.0) == 4.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    assert grad(lambda x: jvp(lambda y: x * y * y, (3.0,), (x,))[1])(2.0) == 24.0
    assert grad(lambda x: vjp(lambda y: y * y, x)[1](x)[0])(3.0) == 12.0
    assert grad(lambda x: x * grad(lambda y: x * y * y)(5.0))(2.0) == 40.0


def test_a_gradient_can_be_part_of_a_loss() -> None:
    w = Value(3.0)
    slope = grad(lambda x: w * x * x)(2.0)
    assert slope.data == 12.0
    (slope * slope).backward()
    assert w.grad == 2.0 * 12.0 * 4.0


def test_an_error_in_the_function_ends_recording_properly() -> None:
    with no_grad():
        with pytest.raises(ValueError, match="log"):
            grad(log)(-1.0)
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert type(grad(lambda x: x * x)(Value(3.0))) is Value
        assert (Value(2.0) * 2.0).inputs == ()


def test_arrays_go_in_and_come_out() -> None:
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    x = np.array([0.1, 0.2])
    value, slope = value_and_grad(lambda x: np.sum(np.tanh(w @ x)))(x)
    assert type(value) is float
    assert slope.dtype == float
    assert slope == pytest.approx(w.T @ (1.0 - np.tanh(w @ x) ** 2), rel=1e-15)
    rows = jacobian(lambda x: np.tanh(w @ x))(x)
    assert rows.shape == (2, 2)
    of_list = jacobian(lambda x: np.tanh(w @ x))(x.tolist())
    assert of_list.tolist() == rows.tolist()
    assert rows == pytest.approx((1.0 - np.tanh(w @ x) ** 2)[:, None] * w, rel=1e-15)
    assert hessian(lambda x: x @ (w @ x))(x) == pytest.approx(w + w.T, rel=1e-15)


def test_the_first_argument_is_differentiated_by_default() -> None:
    f = lambda x, y: x * x * y  # noqa: E731
    assert grad(f)(2.0, 5.0) == jacobian(f)(2.0, 5.0) == 20.0
    assert hessian(f)(2.0, 5.0) == 10.0
    assert value_and_grad(f)(2.0, 5.0) == value_and_jacobian(f)(2.0, 5.0) == (20.0, 20.0)


def test_a_hessian_over_several_arguments_is_made_of_blocks() -> None:
    def f(a: Any, b: Any) -> Any:
        return a * a * b[0] + b[0] * b[1] * Value(1.0)

    blocks = hessian(f, argnums=(0, 1))(2.0, [3.0, 5.0])  # of plain numbers
    assert repr(blocks) == "((6.0, [4.0, 0.0]), ([4.0, 0.0], [[0.0, 1.0], [1.0, 0.0]]))"


def test_forward_mode_passes_by_what_does_not_depend() -> None:
    w = Value(3.0)
    value, slope = jvp(lambda x: x * (w * w), (2.0,), (1.0,))
    assert (value.data, slope.data) == (18.0, 9.0)
    assert gradient(slope, w) == 6.0
    assert jvp(lambda x: [w, w * w, 1.0], (2.0,), (1.0,))[1] == [0.0, 0.0, 0.0]


def test_forward_mode_has_the_strong_zero_and_the_error() -> None:
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)
    assert jvp(sqrt, (0.0,), (1.0,)) == (0.0, math.inf)
    with pytest.raises(FloatingPointError):
        jvp(lambda x: square(sqrt(x)), (0.0,), (1.0,))


def test_a_transform_has_the_name_and_words_of_its_function() -> None:
    def f(x: Any) -> Any:
        """x²"""
        return x * x

    transforms = grad, value_and_grad, jacobian, value_and_jacobian, hessian
    for made in (*[transform(f) for transform in transforms], hessian(f, (0,))):
        assert (made.__name__, made.__doc__) == ("f", "x²")


def test_second_derivatives_where_f_has_values_of_its_own() -> None:
    def cubic(c: Any) -> Any:
        return lambda x, y: c * x**3 + 2.0 * y

    def product(c: Any) -> Any:
        return autograd.sum(hvp(cubic(c), (2.0, 3.0), (1.0, 10.0)))

    def row(c: Any) -> Any:
        return autograd.sum(hessian(cubic(c), (0, 1))(2.0, 3.0)[0])

    assert grad(product)(5.0) == grad(row)(5.0) == 12.0
    c = Value(5.0)
    bend, none = hvp(lambda x, y: c * x**3, (2.0, 3.0), (1.0, 10.0))
    assert (bend.data, none, gradient(bend, c)) == (60.0, 0.0, 12.0)
    assert hvp(lambda x, y: c * x + y, (2.0, 3.0), (1.0, 10.0)) == (0.0, 0.0)


def jumpy(x: Any) -> Any:
    return sqrt(x) - sqrt(x)


def test_rows_of_a_jacobian_may_be_opposite_infinities() -> None:
    opposite = jacobian(lambda x: [sqrt(x), -sqrt(x)], mode="reverse")
    assert opposite(0.0) == [math.inf, -math.inf]


@pytest.mark.parametrize(
    "run",
    column(
        """
lambda: grad(jumpy)(0.0)
lambda: vjp(lambda x: [jumpy(x), x], 0.0)[1]([1.0, 1.0])
lambda: jvp(jumpy, (0.0,), (1.0,))
lambda: jacobian(lambda x: [jumpy(x), x])(0.0)
lambda: jacobian(lambda x: [0.0 * jumpy(x), x], mode="forward")(0.0)
lambda: hvp(lambda x: x**1.5 - x**1.5, (0.0,), (1.0,))
""",
        **globals(),
    ),
)
def test_a_derivative_that_is_not_a_number_is_explained(run: Any) -> None:
    with pytest.raises(FloatingPointError):
        run()


def test_a_jacobian_passes_by_what_reverse_mode_ignores() -> None:
    assert jacobian(lambda x: [0.0 * jumpy(x), x])(0.0) == [0.0, 1.0]

    def f(p: Any) -> Any:
        return [0.0 * (-2.0) ** p, p]

    assert jacobian(f)(3.0) == jacobian(f, mode="reverse")(3.0) == [0.0, 1.0]
    with pytest.raises(ValueError):
        jacobian(f, mode="forward")(3.0)


def test_tangents_that_meet_infinity_have_strong_zeros() -> None:
    """The sums that are NaN on plain floats are taken again with care."""
    assert jvp(lambda x: sqrt(relu(x)), (-1.0,), (1.0,)) == (0.0, 0.0)
    assert vjp(lambda x: [sqrt(relu(x)), 3.0 * x], -1.0)[1]([1.0, 1.0]) == (3.0,)
    with no_grad():
        assert hvp(lambda x: sqrt(relu(x)) + x * x, (-1.0,), (1.0,)) == (2.0,)
    x = Value(0.0)
    assert gradient(sqrt(x).square(), x, create_graph=True).data == 0.0
    assert math.isnan(jvp(lambda x: x * x, (math.nan,), (1.0,))[1])
    assert math.isnan(vjp(lambda x: [x * x, x], math.nan)[1]([1.0, 1.0])[0])
    assert math.isnan(hvp(lambda x: x * x * x, (math.nan,), (1.0,))[0])


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_a_jacobian_in_each_mode(mode: str) -> None:
    def f(x: Any, y: Any) -> Any:
        return {"a": [x[0] * y, x[1]], "b": (2.0, x[0] * x[0], y)}

    assert jacobian(f, (0, 1), mode)([2.0, 3.0], 5.0) == (
        {"a": [[5.0, 0.0], [0.0, 1.0]], "b": ([0.0, 0.0], [4.0, 0.0], [0.0, 0.0])},
        {"a": [2.0, 0.0], "b": (0.0, 0.0, 1.0)},
    )
    assert jacobian(lambda x: [], mode=mode)([1.0]) == []
    assert jacobian(lambda x, y: [], (0, 1), mode=mode)([1.0], 2.0) == ([], [])
    assert jacobian(lambda x: [2.0, x[0]][: len(x) + 1], mode=mode)([1.0])[0] == [0.0]
    w = Value(3.0)
    rows = jacobian(lambda x: [w * x, x, w * w], mode=mode)(2.0)
    assert list(map(primal, rows)) == [3.0, 1.0, 0.0]
    assert gradient(rows[0], w) == 1.0


@pytest.mark.parametrize(("outputs", "forward"), [(1, False), (2, False), (3, True)])
def test_auto_goes_forward_where_there_are_fewer_inputs(outputs: int, forward: bool) -> None:
    def f(x: Any) -> Any:
        return [x[0] * 0.1 * 0.7 * 0.3 + x[1] for _ in range(outputs)]

    ways = [jacobian(f, mode=mode)([2.0, 3.0]) for mode in ("reverse", "forward")]
    assert ways[0] != ways[1]  # in the last bit
    assert jacobian(f)([2.0, 3.0]) == ways[forward]


def test_value_and_jacobian_calls_the_function_once() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return [x[0] * x[1], x[0], 2.0]

    both = value_and_jacobian(f)([2.0, 3.0])
    assert both == ([6.0, 2.0, 2.0], [[3.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
    assert len(calls) == 1


def test_hvp_of_what_depends_on_few_of_its_arguments() -> None:
    assert hvp(lambda x: x[1] * x[1], ([2.0, 3.0, 4.0],), ([5.0, 7.0, 9.0],)) == (
        [0.0, 14.0, 0.0],
    )
    assert hvp(lambda x, y: y, (2.0, 3.0), (5.0, 7.0)) == (0.0, 0.0)
    assert hvp(lambda x: 3.0, (2.0,), (1.0,)) == (0.0,)
    assert hvp(lambda x: x**2, (3.0,), (5.0,)) == (10.0,)


CURVED = column(
    """
lambda x: autograd.dot(x, x, x[0] * x[1]) ** 3
lambda x: autograd.logsumexp([x[0] * x[1], x[2], 1.0])
lambda x: autograd.dot([2.0, x[0]], [x[1], 3.0]) * autograd.sum(x)
lambda x: autograd.where(x[0] > 0.0, x[0] * x[1], x[2]) / (1.0 + x[2] * x[2])
lambda x: autograd.maximum(x[0] * x[1], x[2]) * (2.0 / x[2])
lambda x: grad(lambda t: t * t * x[0] * x[1])(x[2])
""",
    autograd=autograd,
    grad=grad,
)


@pytest.mark.parametrize(
    "f",
    CURVED,
)
def test_hvp_is_the_derivative_of_the_gradient(f: Any) -> None:
    x, v = [0.5, 3.0, -1.25], [1.0, 0.0, -2.0]
    for direction in (v, [0.0, 1.0, 0.0]):
        expected = jvp(grad(f), (x,), (direction,))[1]
        assert hvp(f, (x,), (direction,))[0] == pytest.approx(expected, rel=1e-13)
        with no_grad():
            assert hvp(f, (x,), (direction,))[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("f", [lambda x: x[0] * x[1], lambda x: x[0] ** 3 / x[1]])
def test_hvp_refuses_data_that_the_function_changes(f: Any, place: int) -> None:
    def changing(x: Any) -> Any:
        y = f(x)
        x[place].data = 7.0
        return y

    with pytest.raises(RuntimeError):
        hvp(changing, ([2.0, 3.0],), ([1.0, 1.0],))


def test_dicts_are_matched_by_key() -> None:
    def f(d: dict[str, Any]) -> Any:
        return 2.0 * d["a"] + 5.0 * d["b"] * d["b"]

    d = {"a": 1.0, "b": 1.0}
    assert jvp(f, (d,), ({"b": 1.0, "a": 0.0},)) == (7.0, 10.0)
    assert hvp(f, (d,), ({"b": 1.0, "a": 0.0},)) == ({"a": 0.0, "b": 10.0},)
    _, pullback = vjp(lambda x: {"a": x, "b": 3.0 * x}, 2.0)
    assert pullback({"b": 1.0, "a": 0.0}) == (3.0,)


def test_an_argument_is_named_by_any_integer() -> None:
    assert grad(lambda x, y: x * y, np.int64(1))(2.0, 3.0) == 2.0  # type: ignore[arg-type]


def test_an_array_without_axes_is_a_number() -> None:
    assert grad(lambda x: np.array(x * x, dtype=object))(3.0) == 6.0


NESTED = named(
    """
grad: (1.0, lambda x, s: grad(lambda t: t * s)(x))
value_and_grad: (1.0, lambda x, s: value_and_grad(lambda t: t * s)(x)[1])
jacobian: (1.0, lambda x, s: jacobian(lambda t: [t, t * s])(x)[1])
hessian: (2.0, lambda x, s: hessian(lambda t: t * t * s)(x))
vjp: (1.0, lambda x, s: vjp(lambda t: t * s, x)[1](1.0)[0])
jvp: (1.0, lambda x, s: jvp(lambda t: t * s, (x,), (1.0,))[1])
hvp: (2.0, lambda x, s: hvp(lambda t: t * t * s, (x,), (1.0,))[0])
of the last: (1.0, lambda x, s: grad(lambda t: 0.5 * t * t)(s))
of a copy: (1.0, lambda x, s: grad(lambda t: copy.copy(t * s))(x))
""",
    copy=copy,
    grad=grad,
    hessian=hessian,
    hvp=hvp,
    jacobian=jacobian,
    jvp=jvp,
    value_and_grad=value_and_grad,
    vjp=vjp,
)


@pytest.mark.parametrize("name", NESTED)
def test_a_derivative_in_a_loop_in_a_gradient(name: str) -> None:
    """Values recorded before the inner one began are none of its business."""
    factor, inner = NESTED[name]

    def looped(x: Any, many: int) -> Any:
        s = x * 1.0
        for _ in range(many):
            s = s - 0.5 * inner(x, s) / factor
        return s

    assert grad(looped)(3.0, 40) == 0.5**40


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_in_a_loop(create_graph: bool) -> None:
    x = Value(3.0) * 1.0
    for _ in range(40):
        x = x - 0.25 * gradient(x * x, x, create_graph)
    assert x.data == 3.0 * 0.5**40


def test_a_gradient_after_another_pass() -> None:
    """Of nodes older than a pass that has come to what they are differentiated in."""
    x = Value(3.0) * 1.0
    y, z = x * x, x * 5.0
    assert gradient(z, x) == 5.0
    assert gradient(y * z, [z, x]) == [9.0, 135.0]
    assert gradient(y, [x, x * 1.0]) == [6.0, 0.0]
