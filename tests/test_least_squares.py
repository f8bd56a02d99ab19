"""Curves fitted to data: certified problems, weights, compiled functions."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from scipy import optimize

import autograd
from autograd import curve_fit
from tests.helpers.builds import printed
from tests.helpers.tables import named

# NIST, Statistical Reference Datasets, nonlinear regression (www.itl.nist.gov/div898/strd).
STRD = json.loads((Path(__file__).parent / "data" / "strd.json").read_text("utf-8"))
exp, cos, sin, pi = np.exp, np.cos, np.sin, math.pi


def gauss(x: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    peaks = c * exp(-(((x - d) / e) ** 2)) + f * exp(-(((x - g) / h) ** 2))
    return a * exp(-b * x) + peaks


def lanczos(x: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    return a * exp(-b * x) + c * exp(-d * x) + e * exp(-f * x)


def cubics(x: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any) -> Any:
    return (a + b * x + c * x**2 + d * x**3) / (1 + e * x + f * x**2 + g * x**3)


def cycles(
    x: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any, i: Any
) -> Any:
    own = e * cos(2 * pi * x / d) + f * sin(2 * pi * x / d)
    year = b * cos(2 * pi * x / 12) + c * sin(2 * pi * x / 12)
    return a + year + own + h * cos(2 * pi * x / g) + i * sin(2 * pi * x / g)


MODELS = named(
    """
Bennett5: lambda x, a, b, c: a * (b + x) ** (-1 / c)
BoxBOD: lambda x, a, b: a * (1 - exp(-b * x))
Chwirut: lambda x, a, b, c: exp(-a * x) / (b + c * x)
DanWood: lambda x, a, b: a * x ** b
ENSO: cycles
Eckerle4: lambda x, a, b, c: a / b * exp(-0.5 * ((x - c) / b) ** 2)
Gauss: gauss
Hahn1: cubics
Kirby2: lambda x, a, b, c, d, e: (a + b * x + c * x ** 2) / (1 + d * x + e * x ** 2)
Lanczos: lanczos
MGH09: lambda x, a, b, c, d: a * (x ** 2 + x * b) / (x ** 2 + x * c + d)
MGH10: lambda x, a, b, c: a * exp(b / (x + c))
MGH17: lambda x, a, b, c, d, e: a + b * exp(-x * d) + c * exp(-x * e)
Misra1a: lambda x, a, b: a * (1 - exp(-b * x))
Misra1b: lambda x, a, b: a * (1 - (1 + b * x / 2) ** (-2))
Misra1c: lambda x, a, b: a * (1 - (1 + 2 * b * x) ** (-0.5))
Misra1d: lambda x, a, b: a * b * x * (1 + b * x) ** (-1)
Nelson: lambda x, a, b, c: a - b * x[0] * exp(-c * x[1])
Rat42: lambda x, a, b, c: a / (1 + exp(b - c * x))
Rat43: lambda x, a, b, c, d: a / (1 + exp(b - c * x)) ** (1 / d)
Roszman1: lambda x, a, b, c, d: a - b * x - np.arctan(c / (x - d)) / pi
Thurber: cubics
""",
    cubics=cubics,
    cycles=cycles,
    exp=exp,
    gauss=gauss,
    lanczos=lanczos,
    np=np,
    pi=pi,
)


@pytest.mark.parametrize("name", STRD)
def test_certified_problems_from_both_starts(name: str) -> None:
    problem = STRD[name]
    model = MODELS.get(name) or MODELS[name[:-1]]
    y = np.log(problem["y"]) if name == "Nelson" else problem["y"]
    # Of Lanczos1, the residuals (1e-13) are what rounding leaves of y: 2 digits are certain.
    error = 1e-2 if name == "Lanczos1" else 1e-8
    axes = 1 if name == "Nelson" else 0, *[None] * len(problem["certified"])
    fast: Callable[..., Any] = autograd.compile(model, axes)
    large = len(y) > 100 or name == "MGH10"
    for f, start in zip((fast if large else model, fast), problem["starts"]):
        fit = curve_fit(f, problem["x"], y, start)
        assert np.allclose(fit.estimate, problem["certified"], 1e-9, 0.0)
        assert np.allclose(fit.standard_errors, problem["errors"], error, 0.0)


def test_without_scipy_the_message_says_how_to_install_it() -> None:
    code = """
import sys
sys.modules["scipy.optimize"] = None
from autograd import *
try:
    curve_fit(lambda x, a: a * x, [1.0], [1.0], [1.0])
except ImportError as error:
    print(error)
"""
    assert "[fit]" in printed(code)


def line(x: Any, a: Any, b: Any) -> Any:
    return a + b * x


X = np.linspace(0.0, 5.0, 12)
Y = 1.0 + 0.5 * X + 0.1 * np.cos(17.0 * X)


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("sigma", [None, 0.3, np.linspace(0.1, 0.4, 12)])
def test_weights_are_those_of_scipy(sigma: Any, absolute: bool) -> None:
    fit = curve_fit(line, X, Y, [0.0, 0.0], sigma, absolute)
    each = sigma if sigma is None else np.broadcast_to(sigma, 12)
    estimate, covariance = optimize.curve_fit(
        line, X, Y, [0.0, 0.0], each, absolute, jac=lambda x, a, b: np.stack([x**0, x], 1)
    )
    assert np.allclose(fit.estimate, estimate, 1e-7)
    assert np.allclose(fit.covariance, covariance, 1e-6)


def test_a_compiled_function_and_tables_of_pandas_give_the_same() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    x, y = X, 2.0 * np.exp(-0.7 * X) + 0.01 * np.cos(17.0 * X)
    fit = curve_fit(lambda x, a, b: a * np.exp(-b * x), x, y, [1.0, 1.0])
    fast = autograd.compile(lambda x, a, b: a * autograd.exp(-b * x), (0, None, None))
    assert np.allclose(curve_fit(fast, x, y, [1.0, 1.0]).estimate, fit.estimate, 1e-12)
    table = pandas.DataFrame({"x": x, "y": y})
    again = curve_fit(lambda t, a, b: a * np.exp(-b * t), table["x"], table["y"], [1.0, 1.0])
    assert np.allclose(again.covariance, fit.covariance, 1e-12)


def test_a_number_is_one_parameter_and_no_freedom_no_errors() -> None:
    fit = curve_fit(lambda x, a: a * x, [1.0, 2.0], [2.0, 4.0], 1.0)
    assert np.allclose(fit.estimate, [2.0], 1e-15)
    exact = curve_fit(line, [0.0, 1.0], [1.0, 3.0], [0.0, 0.0])
    assert np.allclose(exact.estimate, [1.0, 2.0], 1e-15)
    assert np.isinf(exact.standard_errors).all()


def test_steps_that_leave_the_domain_are_shortened() -> None:
    fit = curve_fit(lambda x, a, b: a * np.log(x + b), X, 2.0 * np.log(X + 0.01), [1.0, 3.0])
    assert np.allclose(fit.estimate, [2.0, 0.01], 1e-9)
