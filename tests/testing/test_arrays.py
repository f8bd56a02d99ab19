"""Jacobians, products with them and Hessians by hand, of arrays and nested structures."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("pandas")

import numpy as np
import pandas

from autograd.testing import (
    GradientError,
    Report,
    check_gradients,
    check_hessian,
    check_jacobian,
    check_jvp,
    check_vjp,
    gradcheck,
)
from tests.helpers.measure import measure_arrays

DRAW = np.random.default_rng(0)
W = DRAW.normal(size=(3, 4))
X = DRAW.normal(size=4)


def f(x: Any) -> Any:
    return np.tanh(W @ x)


def jacobian(x: Any) -> Any:
    return (1.0 - np.tanh(W @ x) ** 2)[:, None] * W


def failure(check: Any, *xs: Any, **options: Any) -> Report:
    with pytest.raises(GradientError) as caught:
        check(*xs, **options)
    return caught.value.report


def test_a_jacobian_element_by_element() -> None:
    report = check_jacobian(f, X, jacobian=jacobian)
    assert (report.verdict, report.derivatives) == ("pass", 12)
    assert report.evaluations <= 40

    def wrong(x: Any) -> Any:
        result = jacobian(x)
        result[1, 2] *= 1.0001
        return result

    report = failure(check_jacobian, f, X, jacobian=wrong)
    assert (report.verdict, report.where) == ("fail", "result[1] by argument 0[2]")


def test_products_with_jacobians() -> None:
    assert check_vjp(f, X, vjp=lambda x, u: jacobian(x).T @ u, dtype="float64")
    assert check_jvp(f, X, jvp=lambda x, v: jacobian(x) @ v)
    report = failure(check_vjp, f, X, vjp=lambda x, u: jacobian(x).T @ u * 1.001)
    assert report.where.startswith("argument 0[")
    report = failure(check_jvp, f, X, jvp=lambda x, v: jacobian(x) @ v * 1.001)
    assert report.where.startswith("result[")
    report = failure(check_vjp, lambda x, y: x + y, X, 1.0, vjp=lambda x, y, u: (u, u))
    assert report.where == "argument 1"
    report = failure(check_vjp, lambda x: x * 2.0, X, vjp=lambda x, u: (x.sort(), u * 2.0)[1])
    assert report.where == "argument 0[1], argument 0[2], argument 0[3]"


@dataclass
class Layer:
    w: Any
    b: float


def test_nested_structures() -> None:
    def loss(layer: Layer, data: dict[str, Any]) -> dict[str, Any]:
        return {"y": np.tanh(layer.w @ data["x"] + layer.b), "b": layer.b * 2.0}

    def vjp(layer: Layer, data: dict[str, Any], u: dict[str, Any], share: float = 1.0) -> Any:
        g = u["y"] * (1.0 - np.tanh(layer.w @ data["x"] + layer.b) ** 2)
        slope = Layer(np.outer(g, data["x"]) * share, g.sum() + 2.0 * u["b"])
        return slope, {"x": list(layer.w.T @ g)}

    assert check_vjp(loss, Layer(W, 0.1), {"x": X}, vjp=vjp)
    wrong = lambda layer, data, u: vjp(layer, data, u, 1.001)  # noqa: E731
    report = failure(check_vjp, loss, Layer(W, 0.1), {"x": X}, vjp=wrong)
    assert report.where.startswith("argument 0.w[")
    check_gradients(lambda layer: layer.w[0] * layer.b * layer.b, Layer([2.0], 3.0), order=2)
    assert gradcheck(lambda layer: layer.b, Layer("a name", 1.0)).derivatives == 1


class Tensor:
    """A tensor of another library: numbers that only DLPack gives away."""

    def __init__(self, array: Any) -> None:
        self.inner, self.shape = np.asarray(array), np.shape(array)

    def __dlpack__(self, **options: Any) -> Any:
        return self.inner.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.inner.__dlpack_device__()


def test_arrays_that_only_dlpack_reads() -> None:
    g = lambda x: Tensor(f(x))  # noqa: E731
    assert check_jacobian(g, Tensor(X), jacobian=lambda x: Tensor(jacobian(x)))
    assert check_vjp(g, Tensor(X), vjp=lambda x, u: Tensor(jacobian(x).T @ u))
    wrong = lambda x: Tensor(jacobian(x) * 1.001)  # noqa: E731
    assert failure(check_jacobian, g, Tensor(X), jacobian=wrong).verdict == "fail"


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_series_and_frames(kind: Any) -> None:
    frame = pandas.DataFrame(W, columns=[*"abcd"]).astype(kind)
    scale = pandas.Series([2.0, 3.0, 0.5], name="scale", dtype=kind)

    def loss(frame: Any, scale: Any) -> Any:
        return (frame["a"] * frame["b"]).rename("y") * scale.loc[0] + frame["c"]

    def vjp(frame: Any, scale: Any, u: Any, share: float = 1.0) -> Any:
        assert (frame.columns.tolist(), scale.name, u.name) == ([*"abcd"], "scale", None)
        a = u * frame["b"] * scale.loc[0] * share
        slopes = {"a": a, "b": u * frame["a"] * scale.loc[0], "c": u, "d": 0.0 * u}
        inner = float((u * frame["a"] * frame["b"]).sum())
        return pandas.DataFrame(slopes), pandas.Series([inner, 0.0, 0.0])

    assert check_vjp(loss, frame, scale, vjp=vjp)
    wrong = lambda frame, scale, u: vjp(frame, scale, u, 1.01)  # noqa: E731
    report = failure(check_vjp, loss, frame, scale, vjp=wrong)
    assert re.fullmatch(r"argument 0\[\d\]\[0\]", report.where)
    check_gradients(lambda x: x["b"] * x["a"].sin(), pandas.Series({"a": 1.0, "b": 2.0}))


def test_a_jacobian_of_blocks() -> None:
    def g(x: Any, y: Any) -> Any:
        return {"a": x * y[0], "b": y[1] * x[0]}

    def blocks(x: Any, y: Any) -> Any:
        at_0 = np.array([1.0, 0.0])
        b = (y[1] * at_0, x[0] * at_0[::-1])
        return {"a": (y[0] * np.eye(2), np.outer(x, at_0)), "b": b}

    assert check_jacobian(g, X[:2], X[2:], jacobian=blocks).derivatives == 12


@pytest.fixture(scope="module")
def large() -> Any:
    return DRAW.normal(size=(300, 300)) / 17.0, DRAW.normal(size=300)


@pytest.mark.slow
def test_a_large_jacobian_by_projections(large: Any) -> None:
    matrix, x = large
    calls = 0

    def g(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.sin(matrix @ x)

    def right(x: Any) -> Any:
        return np.cos(matrix @ x)[:, None] * matrix

    assert check_jacobian(g, x, jacobian=right).evaluations <= 200
    assert calls <= 200

    def wrong(x: Any) -> Any:
        result = right(x)
        result[123, 45] *= 1.01
        return result

    report = failure(check_jacobian, g, x, jacobian=wrong)
    assert report.where == "result[123] by argument 0[45]"
    assert failure(check_jacobian, g, x, jacobian=lambda x: right(x).T).verdict == "fail"


def test_hessians() -> None:
    def cube(x: Any) -> Any:
        return np.sum(x * x * x)

    def hessian(x: Any) -> Any:
        return np.diag(6.0 * x)

    assert check_hessian(cube, X, hessian=hessian)
    assert check_hessian(cube, X, hessian=hessian, gradient=lambda x: 3.0 * x * x)
    two = lambda x, y: [[2.0 * y, 2.0 * x], [2.0 * x, 0.0]]  # noqa: E731
    assert check_hessian(lambda x, y: x * x * y, 2.0, 3.0, hessian=two)
    failure(check_hessian, cube, X, hessian=lambda x: 1.001 * hessian(x))
    failure(check_hessian, cube, X, hessian=hessian, gradient=lambda x: 3.1 * x * x)


@pytest.mark.parametrize("kind", ["float32", "float16", "int64", "longdouble"])
def test_arrays_of_any_real_type(kind: str) -> None:
    x = np.array([1, 2, -1]).astype(kind)

    def square(x: Any) -> Any:
        assert x.dtype == (kind if x.dtype.kind == "f" and kind != "int64" else float)
        return x * x * x.dtype.type(0.5)

    if kind == "float16":  # three digits are too few to tell, but enough for gross mistakes
        assert failure(check_jacobian, square, x, jacobian=np.diag).verdict == "inconclusive"
    else:
        assert check_jacobian(square, x, jacobian=np.diag)
    wrong = failure(check_jacobian, square, x, jacobian=lambda x: 1.5 * np.diag(x))
    assert wrong.verdict == "fail"


def test_a_precision_that_is_told_or_given() -> None:
    def single(x: Any) -> Any:
        return np.exp(np.float32(x))

    for share, passes in ((1.0, True), (1.02, False)):
        gradient = lambda x, share=share: share * math.exp(x)  # noqa: E731
        assert bool(gradcheck(single, 0.7, gradient=gradient)) == passes
    hidden = lambda x: float(single(x))  # noqa: E731
    assert gradcheck(hidden, 0.7, gradient=math.exp).verdict == "inconclusive"
    assert gradcheck(hidden, 0.7, gradient=math.exp, dtype="float32")


def test_errors_that_are_allowed() -> None:
    wrong = lambda x: 1.001 * math.cos(x)  # noqa: E731
    assert not gradcheck(math.sin, 0.7, gradient=wrong)
    assert not gradcheck(math.sin, 0.7, gradient=wrong, rtol=1e-4)
    assert gradcheck(math.sin, 0.7, gradient=wrong, rtol=2e-3)
    assert gradcheck(math.sin, 0.7, gradient=wrong, atol=2e-3)


def test_a_complex_step_decides_where_differences_cannot() -> None:
    def flat(x: Any) -> Any:
        return 1.0 + 1e-9 * np.sin(x)

    assert gradcheck(flat, 0.7, gradient=lambda x: 1e-9 * math.cos(x)).verdict == "inconclusive"
    options: Any = {"oracle": "complex"}
    report = gradcheck(flat, 0.7, gradient=lambda x: 1e-9 * math.cos(x), **options)
    assert (report.verdict, report.oracle) == ("pass", "complex step")
    report = gradcheck(flat, 0.7, gradient=lambda x: 1.0001e-9 * math.cos(x), **options)
    assert (report.verdict, report.oracle) == ("fail", "complex step")
    for real in (lambda x: float(flat(x)), lambda x: 1.0 + 1e-9 * math.sin(x)):
        report = gradcheck(real, 0.7, gradient=lambda x: 1e-9 * math.cos(x), **options)
        assert (report.verdict, report.oracle) == ("inconclusive", "differences")


def test_over_array_functions_no_alarm_is_false_or_missed() -> None:
    found = measure_arrays(30, seed=1)
    assert found == {("nothing", "pass"): 60, ("x 1.0001", "fail"): 60}
