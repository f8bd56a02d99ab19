"""The operations in mpmath, and the checks that ask them."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest

from autograd import Value, primitive, relu, sin, tanh
from autograd.core.primitive import TABLE
from autograd.testing import gradcheck
from autograd.testing.oracle import exact_gradient, in_mpmath, partial
from tests.helpers.measure import planted
from tests.helpers.tables import table


@pytest.mark.parametrize(
    ("name", "xs", "wanted"),
    table(
        """
"tanh" | (300.0,) | 1.0601586212017243e-260
"atan" | (1e300,) | 0.0
"square" | (0.0,) | 0.0
"asin" | (1.0 - 2.0**-53,) | 67108864.0
"add" | (1e-300, 1e300) | 1.0
"sin" | (1e22,) | 0.5232147853951389
"log" | (1e-300,) | 1e300
"exp" | (-700.0,) | math.exp(-700.0)
"pow" | (2.0, 3.0) | 12.0
""",
        globals(),
    ),
)
def test_partials_that_differences_of_floats_cannot_show(
    name: str, xs: tuple[float, ...], wanted: float
) -> None:
    assert float(partial(name, xs, 0)) == pytest.approx(wanted, rel=1e-15)


@pytest.mark.parametrize("big", [1.79e308, 0.5])
@pytest.mark.parametrize("small", [5e-324, -5.9e-220])
def test_partials_of_a_small_term_beside_a_large_one(big: float, small: float) -> None:
    assert float(partial("dot", (big, big, -0.208, big, small), 2)) == small
    assert float(partial("dot", (big, big, small, big, small), 2)) == small


@pytest.mark.parametrize(
    ("name", "xs"),
    table(
        """
"abs" | (0.0,)
"reciprocal" | (0.0,)
"sqrt" | (0.0,)
"maximum" | (1.0, 1.0)
"where" | (0.0, 1.0, 2.0)
""",
        globals(),
    ),
)
def test_where_there_is_no_single_partial(name: str, xs: tuple[float, ...]) -> None:
    assert partial(name, xs, 0) is None


def test_what_differences_cannot_tell_mpmath_can() -> None:
    report = gradcheck(tanh, 20.0)
    assert (report.verdict, report.oracle) == ("pass", "mpmath")
    assert "(mpmath)" in str(report)
    report = gradcheck(tanh, 20.0, oracle="differences")
    assert (report.verdict, report.oracle) == ("inconclusive", "differences")
    with planted("tanh", lambda d: d * 1.0001):
        report = gradcheck(TABLE["tanh"], 20.0)
    assert (report.verdict, report.primitive, report.oracle) == ("fail", "tanh", "mpmath")


def test_mpmath_alone() -> None:
    def f(xs: list[Any], y: Any) -> Any:
        return [tanh(xs[0] * xs[1]) + y, sin(y), 3.0]

    report = gradcheck(f, [0.5, 30.0], 1e10, oracle="mpmath", order=2)
    assert (report.verdict, report.oracle, report.order) == ("pass", "mpmath", 2)
    with planted("sin", lambda d: d * (1.0 + 1e-11)):
        report = gradcheck(lambda x: TABLE["sin"](x), 0.5, oracle="mpmath")
    assert (report.verdict, report.primitive) == ("fail", "sin")
    assert gradcheck(lambda x: sin(x.detach()) * x, 2.0, oracle="mpmath")  # it sees the graph


@pytest.mark.parametrize("name", ["silu", "gelu"])
def test_derivatives_of_two_terms_that_cancel(name: str) -> None:
    minimum = {"silu": -1.2784645427610738, "gelu": -0.7517915246935644}[name]
    report = gradcheck(TABLE[name], minimum, oracle="mpmath")
    assert abs(report.analytic) < 1e-15
    assert report


def test_mpmath_does_not_decide_at_kinks() -> None:
    report = gradcheck(lambda x: relu(x) * 2.0, 0.0, oracle="mpmath")
    assert (report.verdict, report.primitive) == ("inconclusive", "relu")
    assert "no single derivative" in report.reason


def test_the_chain_rule_in_high_precision() -> None:
    x = Value(0.5)
    y = sin(x * x) * 0.0 + x.exp()
    gradient = exact_gradient(y)
    assert gradient is not None
    assert float(gradient[x]) == math.exp(0.5)
    assert exact_gradient(abs(x - 0.5)) is None


def test_a_primitive_of_ones_own_is_unknown_until_it_is_entered() -> None:
    cube = primitive("cube_4", lambda x: x**3, lambda out, x: 3.0 * x * x)
    with pytest.raises(LookupError, match="cube_4"):
        gradcheck(cube, 2.0, oracle="mpmath")
    assert gradcheck(lambda x: tanh(cube(x)), 3.0).verdict == "inconclusive"
    in_mpmath()["cube_4"] = lambda x: x**3
    try:
        assert gradcheck(cube, 2.0, oracle="mpmath")
        assert gradcheck(lambda x: tanh(cube(x)), 3.0).oracle == "mpmath"
    finally:
        del in_mpmath()["cube_4"]


def test_without_mpmath(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    with pytest.raises(ImportError, match=r"\[test\]"):
        gradcheck(sin, 0.5, oracle="mpmath")


def test_the_checker_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.modules.update(hypothesis=None, mpmath=None, numpy=None);"
        "from autograd.testing import check_gradients, gradcheck; import autograd;"
        "check_gradients(autograd.sin, 0.5, order=2);"
        "assert gradcheck(autograd.tanh, 20.0).verdict == 'inconclusive'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
