"""`gradcheck` and `check_gradients`: what they take, what they say, what they notice."""

from __future__ import annotations

import json
import math
import pickle
import random
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, exp, grad, primitive, relu, sin, sqrt, tanh
from autograd.core.primitive import TABLE
from autograd.testing import (
    GradientError,
    check_gradients,
    check_jacobian,
    check_jvp,
    check_vjp,
    gradcheck,
)
from tests.helpers.measure import planted
from tests.helpers.tables import table


def test_a_function_of_a_number() -> None:
    report = gradcheck(lambda x: x * x * x, 2.0)
    assert report
    assert (report.order, report.primitive, report.kinks, report.derivatives) == (
        1,
        None,
        (),
        5,
    )
    assert 0 < report.evaluations <= 40


@pytest.mark.parametrize("order", [1, 2, 3])
def test_nested_arguments_and_results(order: int) -> None:
    def f(x: Any, model: dict[str, Any]) -> Any:
        hidden = [tanh(w * x + b) for w, b in zip(model["w"], model["b"])]
        return {"sum": sum(hidden), "each": tuple(hidden), "constant": 1.0}

    check_gradients(f, 0.3, {"w": [1.0, -2.0], "b": (0.5, Value(0.1))}, order=order)


def test_arrays() -> None:
    weights = np.array([[1.0, -2.0], [0.5, 3.0]])
    check_gradients(lambda x: np.tanh(weights @ x), np.array([0.3, -0.2]), order=2)


def test_a_network_and_its_parameters_keep_their_gradients() -> None:
    random.seed(0)
    model = nn.MLP(2, [3, 1], activation="tanh")
    for parameter in model.parameters():
        parameter.grad = 7.0
    check_gradients(lambda x, y: model([x, y]), 0.2, -0.4)
    assert {parameter.grad for parameter in model.parameters()} == {7.0}


def test_a_gradient_written_by_hand() -> None:
    def f(x: list[float]) -> float:
        return math.sin(x[0]) * x[1]

    check_gradients(f, [0.3, 2.0], gradient=lambda x: [math.cos(x[0]) * x[1], math.sin(x[0])])
    report = gradcheck(f, [0.3, 2.0], gradient=lambda x: [math.cos(x[0]), math.sin(x[0])])
    assert (report.verdict, report.where, report.x) == ("fail", "argument 0[0]", 0.3)
    assert report.analytic == math.cos(0.3)
    assert math.isclose(report.numeric, 2.0 * math.cos(0.3), rel_tol=1e-7)


def test_a_gradient_by_hand_may_be_in_lists_or_arrays() -> None:
    def f(x: Any, pair: Any) -> Any:
        return pair[0] * np.sum(np.square(x)) + pair[1]

    x, total = np.array([1.1, 2.2, -0.3]), 1.1**2 + 2.2**2 + 0.3**2
    for xs in (x, list(x), tuple(x)):
        gradients: list[Any] = [2.0 * 1.7 * x, list(3.4 * x), np.float32(3.4) * x.astype("f4")]
        pair = {0: total, 1: np.float32(1.0)}
        for given in gradients:
            check_gradients(f, xs, {0: 1.7, 1: 0.5}, gradient=lambda x, p, g=(given, pair): g)
    assert not gradcheck(lambda x: x * x, 1.1, gradient=lambda x: np.float32(2.2 * 1.0001))
    one = np.array([2.2])
    assert gradcheck(lambda x: one * x / 2.0, 1.1, gradient=lambda x: one / 2.0)
    assert not gradcheck(lambda x: one * x / 2.0, 1.1, gradient=lambda x: one)
    assert gradcheck(lambda x: x[0] * 1.1, [1.1], gradient=lambda x: np.float64(1.1))


COLUMNS = np.array([[0.3, -1.2, 0.8, 2.0], [0.1, 0.5, -0.7, 1.1], [-0.4, 0.9, 0.2, -1.6]])
SHAPES: list[tuple[Any, Any, str]] = table(
    """
np.ones(4) | np.ones((4, 1)) | "(4, 1), and must have (4,): reshape it"
[1.0] * 4 | np.ones((1, 4)) | "(1, 4), and must have (4,): reshape it"
np.ones((2, 3)) | np.ones((3, 2)) | "(3, 2), and must have (2, 3): is it transposed?"
np.ones(4) | COLUMNS | "(3, 4), and must have (4,): is it not summed over axis 0?"
np.ones(3) | COLUMNS | "(3, 4), and must have (3,): is it not summed over axis 1?"
np.ones((1, 4)) | COLUMNS | "(3, 4), and must have (1, 4): is it not summed over axis 0?"
np.ones((3, 1)) | COLUMNS | "(3, 4), and must have (3, 1): is it not summed over axis 1?"
1.1 | COLUMNS | "(3, 4), and must have (): is it not summed over axis 0, 1?"
np.ones(4) | np.ones(3) | "(3,), and must have (4,)"
np.ones(4) | 1.0 | "(), and must have (4,)"
""",
    globals(),
)


@pytest.mark.parametrize(("x", "given", "words"), SHAPES)
def test_a_gradient_of_another_shape_fails(x: Any, given: Any, words: str) -> None:
    report = gradcheck(lambda x: np.sum(x), x, gradient=lambda x: given)
    assert report.verdict == "fail"
    assert report.reason == f"the result of gradient has the shape {words}"
    report = gradcheck(lambda p: np.sum(p["x"]), {"x": x}, gradient=lambda p: {"x": given})
    assert report.verdict == "fail"


@pytest.mark.parametrize("shape", [(4,), (1, 4), (4, 1), (2, 2), (1,), (1, 1)])
def test_a_jacobian_of_one_result_may_leave_its_axis_out(shape: Any) -> None:
    x = np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)
    row = np.ones_like
    assert check_jacobian(np.sum, x, jacobian=row)
    assert check_jacobian(np.sum, x, jacobian=lambda x: row(x)[None])
    assert check_jacobian(lambda x: np.sum(x)[None], x, jacobian=row)
    assert check_jacobian(lambda t: t * x, 2.0, jacobian=lambda t: x)
    assert check_jacobian(lambda t: t * x, 2.0, jacobian=lambda t: x[..., None])
    both = np.stack([x, x], -1)
    assert check_jacobian(lambda p: x * sum(p), [2.0, 1.0], jacobian=lambda p: both)


FACTORS: list[tuple[float, str]] = table(
    """
2.0 | "it is twice what it should be"
0.5 | "it is half of what it should be"
-1.0 | "its sign is wrong"
-2.0 | "its sign is wrong and it is twice what it should be"
32.0 | "it is 32 times what it should be"
1.0 / 32.0 | "it is 1/32 of what it should be"
math.log(2.0) | "it is log(2) times what it should be"
1.0 / math.log(10.0) | "it is 1/log(10) times what it should be"
math.pi / 180.0 | "it is π/180 times what it should be"
0.0 | "it is 0"
1.5 | ""
1e5 | ""
""",
    globals(),
)


@pytest.mark.parametrize(("factor", "words"), FACTORS)
def test_a_plain_factor_is_guessed(factor: float, words: str) -> None:
    x = np.array([0.3, -0.7, 1.1])
    start = "a derivative is wrong: differences give another value"
    report = gradcheck(lambda x: np.sum(np.sin(x)), x, gradient=lambda x: factor * np.cos(x))
    assert report.reason == (f"{start}; {words}" if words else start)
    wrong = primitive("scaled_1", math.sin, lambda out, x: factor * math.cos(x))
    report = gradcheck(lambda x: wrong(x) * x, 0.7)
    assert report.reason == (f"{start}; {words}" if words else start)
    assert report.primitive == "scaled_1"


@pytest.mark.parametrize(("count", "spoiled"), [(3, 0.0), (8, 0.0), (8, 1.0)])
def test_a_transposed_gradient_is_guessed(count: int, spoiled: float) -> None:
    draw = np.random.default_rng(count)
    a, m = draw.normal(size=(count, count)), draw.normal(size=(count, count))
    wrong = a.T + spoiled * np.eye(count)
    with pytest.raises(GradientError) as caught:
        check_vjp(lambda m: np.sum(a * m), m, vjp=lambda m, u: u * wrong)
    assert ("transposed" in caught.value.report.reason) == (not spoiled)
    v = draw.normal(size=(2, count))
    gradient = lambda v, m: (np.ones_like(v), wrong)  # noqa: E731
    report = gradcheck(lambda v, m: np.sum(v) + np.sum(a * m), v, m, gradient=gradient)
    assert ("transposed" in report.reason) == (not spoiled)


@pytest.mark.parametrize("error", [RuntimeError, KeyError, AssertionError, TypeError])
def test_a_function_may_raise_anything_beside_the_point(error: type[Exception]) -> None:
    def f(x: float) -> float:
        if x > 2.0:
            raise error
        return x * x

    assert gradcheck(f, 2.0, gradient=lambda x: 2.0 * x)
    assert gradcheck(f, 2.0, gradient=lambda x: 2.001 * x).verdict == "fail"
    with pytest.raises(error):
        gradcheck(f, 3.0, gradient=lambda x: 2.0 * x)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("oracle", ["auto", "differences", "mpmath"])
def test_a_function_that_is_not_finite_is_not_judged(value: float, oracle: Any) -> None:
    wanted = ("inconclusive", f"f is {value!r} there")
    for f in (lambda x: x * value, lambda x: [x, x * value]):
        report = gradcheck(f, 1.0, oracle=oracle)
        assert (report.verdict, report.reason) == wanted
    report = gradcheck(lambda x: value, 1.0, gradient=lambda x: 0.0)
    assert (report.verdict, report.reason) == wanted
    report = gradcheck(sqrt, 0.0, order=2)
    assert (report.verdict, report.order) == ("inconclusive", 2)
    assert report.reason == "a derivative of order 1 is inf there"


def test_arguments_are_as_they_were_whatever_f_does_to_them() -> None:
    def f(x: Any) -> Any:
        x *= 2.0
        return float(np.sum(x))

    x = np.array([1.0, 2.0])
    assert gradcheck(f, x, gradient=lambda x: np.full(2, 2.0))
    assert x.tolist() == [1.0, 2.0]


def test_a_function_that_changes_is_called_random() -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return x * x + float(calls > 4)

    for gradient in (lambda x: 2.0 * x, None):
        calls = 0
        for g in (f, lambda x: x * random.random()):
            report = gradcheck(g, 2.0, gradient=gradient)
            words = "f is nondeterministic: it differs from call to call; seed what it draws"
            assert str(report) == f"fail: {words}"


def test_a_gradient_that_changes_is_called_random_and_not_wrong() -> None:
    random.seed(0)
    words = "the derivative is nondeterministic: it differs from call to call"
    for share in (1e-6, 1.0):

        def noise(share: float = share) -> float:
            return 1.0 + share * random.random()

        report = gradcheck(lambda x: x * x, 3.0, gradient=lambda x: 6.0 * noise())
        assert (report.verdict, words in report.reason) == ("fail", True)
        with pytest.raises(GradientError, match="nondeterministic"):
            check_jvp(lambda x: x * x, 3.0, jvp=lambda x, v: 2.0 * x * v * noise())
        own = primitive("shaky_1", lambda x: x * x, lambda out, x: 2.0 * x * noise())
        report = gradcheck(own, 3.0)
        assert (report.verdict, words in report.reason) == ("fail", True)
    steady = lambda x: 6.0 * (1.0 + 1e-13 * random.random())  # noqa: E731
    assert gradcheck(lambda x: x * x, 3.0, gradient=steady)
    rare = lambda x: 6.0 if random.random() < 0.5 else 7.0  # noqa: E731
    said = [gradcheck(lambda x: x * x, 3.0, gradient=rare).reason for _ in range(40)]
    assert sum(["another value" in reason for reason in said]) <= 3
    assert sum([words in reason for reason in said]) >= 20


def test_what_is_inconclusive_may_be_allowed() -> None:
    huber = lambda x: 0.5 * x * x if abs(x) < 1.0 else abs(x) - 0.5  # noqa: E731
    for f, x, slope in ((huber, 5e-264, 5e-264), (math.log, 5e-324, math.inf)):
        gradient = lambda x, slope=slope: slope  # noqa: E731
        check_gradients(f, x, gradient=gradient, allow_inconclusive=True)
        with pytest.raises(GradientError, match="inconclusive"):
            check_gradients(f, x, gradient=gradient)
    options: Any = {"allow_inconclusive": True}
    tiny = lambda x: 1e9 + np.sin(x)  # noqa: E731
    assert not check_jacobian(tiny, 1e-3, jacobian=np.cos, **options)
    assert not check_vjp(tiny, 1e-3, vjp=lambda x, u: u * np.cos(x), **options)
    assert not check_jvp(tiny, 1e-3, jvp=lambda x, v: v * np.cos(x), **options)
    with pytest.raises(GradientError, match="fail"):
        check_gradients(math.sin, 1.0, gradient=math.sin, **options)


def test_the_worst_derivative_is_shown() -> None:
    def shown(f: Any, x: list[float], factors: list[float]) -> str:
        jacobian = lambda x: np.diag(np.cos(x) * factors)  # noqa: E731
        try:
            return check_jacobian(f, x, jacobian=jacobian, allow_inconclusive=True).where
        except GradientError as error:
            return error.report.where

    hidden = lambda x: np.sin(x) + np.array([0.0, 1e9, 0.0])  # noqa: E731
    assert shown(hidden, [0.3, 1e-3, 0.5], [1.0, 1.0, 1.0]) == "result[1] by argument 0[1]"
    assert shown(hidden, [0.3, 1e-3, 0.5], [1.0, 1.0, 1.01]) == "result[2] by argument 0[2]"
    for factors in ([1.01, 3.0], [3.0, 1.01]):
        place = factors.index(3.0)
        assert shown(np.sin, [0.3, 0.3], factors) == f"result[{place}] by argument 0[{place}]"
    slight = primitive("slight_1", math.sin, lambda out, x: 1.01 * math.cos(x))
    gross = primitive("gross_1", math.sin, lambda out, x: 3.0 * math.cos(x))
    for f in (lambda x: slight(gross(x)), lambda x: gross(slight(x))):
        assert gradcheck(f, 0.7).primitive == "gross_1"


def test_a_large_operand_sets_the_scale_of_steps() -> None:
    rules = (lambda out, x, y: 1.0001, lambda out, x, y: 1.0)
    far = primitive("far_1", lambda x, y: x + y, *rules)
    assert gradcheck(lambda x: far(x, 1e14), 1.0).verdict == "fail"


def test_steps_that_leave_the_domain_are_left_out() -> None:
    check_gradients(lambda x: x**1.5, 0.01, gradient=lambda x: 1.5 * x**0.5)
    check_gradients(lambda x: np.log(x), 0.01, gradient=lambda x: 1.0 / x)
    check_gradients(
        lambda x: math.exp(x * 1e3), 0.7, gradient=lambda x: 1e3 * math.exp(x * 1e3)
    )


def test_the_error_carries_the_report() -> None:
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: x * x, 3.0, gradient=lambda x: 2.0001 * x)
    report = caught.value.report
    assert isinstance(caught.value, AssertionError)
    assert str(caught.value) == str(report)
    assert not report
    assert float.fromhex(report.hex) == 3.0
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), copy.report) == (GradientError, report)


@pytest.mark.parametrize("x", [1.5e-8, 6.1e-7, 5.352817760427634e-06, 1.4e-5, 0.3])
def test_values_that_cancel_are_not_a_wrong_rule(x: float) -> None:
    """The rest of 1 - cos(x) has few digits, and so has the derivative."""

    def f(x: Any) -> Any:
        return TABLE["div"](1.0 - x.cos(), x * x)

    assert gradcheck(f, x)
    assert gradcheck(lambda x: (exp(x) - 1.0) / x, x)
    with planted("div", lambda d: d * 1.0001):
        report = gradcheck(f, x)
    assert (report.verdict, report.primitive) == ("fail", "div")


def test_a_rule_that_is_wrong_in_the_second_order_alone() -> None:
    def slope(out: Any, x: Any) -> Any:
        return 3.0 * x * (x.data if isinstance(x, Value) else x)  # half of it is constant

    cube = primitive("cube_2", lambda x: x**3, slope)
    assert gradcheck(lambda x: sin(cube(x)), 0.8)
    report = gradcheck(lambda x: sin(cube(x)), 0.8, order=2)
    assert (report.verdict, report.order, report.primitive) == ("fail", 2, "cube_2")
    assert "detach" not in report.reason


def test_a_second_order_that_is_wrong_without_a_wrong_primitive() -> None:
    def f(x: Any) -> Any:
        first = grad(lambda x: x * x * x)(x)
        return x * x + (first - first.detach()) * 0.0 + 0.0 * (x - Value(x.data))

    assert gradcheck(f, 0.7)

    def detached(x: Any) -> Any:
        return x * x.detach() * 2.0 - x.data * x.data

    report = gradcheck(detached, 0.7, order=2)
    assert (report.verdict, report.order, report.primitive) == ("fail", 2, None)
    assert "look for .data and detach() in f" in report.reason
    assert gradcheck(detached, 0.7, order=4).order == 2


def test_a_report_on_several_orders_keeps_what_each_found() -> None:
    first, both = gradcheck(relu, 0.0), gradcheck(relu, 0.0, order=2)
    assert both.kinks[: len(first.kinks)] == first.kinks
    assert ("argument 0, order 2", 0.0, (0.0, 0.0)) in both.kinks
    assert "jump      argument 0, order 2 = 0.0: 0, as on the other side" in str(both)
    assert "any of [0, 0]" not in str(both)
    assert both.derivatives > first.derivatives
    assert gradcheck(lambda x: 2.0 * x, 1.0, order=20).order == 20


@pytest.mark.parametrize("order", [1, 2, 3, np.int64(2)])
def test_the_calls_of_all_orders_are_counted(order: int) -> None:
    calls = 0

    def f(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return abs(x - 0.7) * exp(x)

    report = gradcheck(f, 0.7 + 1e-7, order=order)
    assert report.order == order
    assert calls == report.evaluations <= 40 * order
    calls = 0
    slope = primitive("slope_3", sin, lambda out, x: x.detach() if type(x) is Value else x)
    assert not gradcheck(lambda x: f(x) + slope(x) * 0.0, 1.7, order=order)
    assert calls <= 40 * order


def test_many_kinks_are_cut_short() -> None:
    report = gradcheck(lambda xs: sum(relu(x) for x in xs), [0.0] * 6)
    assert str(report).count("any of") == 4
    assert "kinks more" in str(report)


def test_infinite_slopes() -> None:
    assert gradcheck(lambda x: sqrt(x), 0.0)
    assert gradcheck(lambda x: x.acos(), 1.0)
    assert gradcheck(lambda x: x.cbrt(), 0.0)


def test_nothing_to_check() -> None:
    assert gradcheck(lambda: 1.0)
    assert gradcheck(lambda x: 1.0, 2.0)
    assert gradcheck(lambda xs: [], [1.0])


def test_a_notebook_shows_a_report_as_a_table() -> None:
    report = gradcheck(lambda x: relu(x) < 1.0 and abs(x), 0.0)
    table = ET.fromstring(report._repr_html_())
    rows = [[cell.text for cell in row] for row in table.iter("tr")]
    assert rows[0] == ["pass", report.reason]
    assert [label for label, _ in rows[1:]] == ["worst", "analytic", "numeric", "kink", "kink"]
    lines = [line.split(maxsplit=1) for line in str(report).splitlines()[1:]]
    assert rows[1:] == lines


def test_verdicts_and_oracles_are_equal_to_their_text() -> None:
    report = gradcheck(lambda x: x * x, 3.0)
    assert (report.verdict, report.oracle) == ("pass", "differences")
    assert f"{report.verdict} {report.verdict!r}" == "pass 'pass'"
    assert json.loads(json.dumps(report.verdict)) == "pass"
    assert pickle.loads(pickle.dumps(report)) == report
