"""Fifty wrong derivatives of kinds that public projects have shipped: all are caught.

Each is rebuilt here, beside the right one, at a point where the mistake shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd.testing import check_jacobian, gradcheck
from tests.testing.measure import verdict

Row = tuple[str, Callable[..., Any], Any, Callable[..., Any], Callable[..., Any]]
exp, log, sqrt, sin, cos, tanh, pi = (
    math.exp, math.log, math.sqrt, math.sin, math.cos, math.tanh, math.pi
)  # fmt: skip
ROOT = sqrt(2.0 / pi)


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))


def bell(x: float) -> float:
    return exp(-0.5 * x * x) / sqrt(2.0 * pi)


def cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / sqrt(2.0))


def rough_gelu(x: float) -> float:
    return 0.5 * x * (1.0 + tanh(ROOT * (x + 0.044715 * x**3)))


def rough_slope(x: float, inner: float = 3.0) -> float:
    t = tanh(ROOT * (x + 0.044715 * x**3))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ROOT * (1.0 + inner * 0.044715 * x * x)


def selu(x: float) -> float:
    return 1.0507 * (x if x > 0.0 else 1.6733 * math.expm1(x))


NUMBERS: list[Row] = [  # what went wrong, f, x, its derivative, and the wrong one
    ("sigmoid from the output of another layer", sigmoid, 0.7,
     lambda x: sigmoid(x) * (1.0 - sigmoid(x)), lambda x: x * (1.0 - x)),
    ("tanh without the square", tanh, 0.7,
     lambda x: 1.0 - tanh(x) ** 2, lambda x: 1.0 - tanh(x)),
    ("log of base 2 without its factor", math.log2, 3.0,
     lambda x: 1.0 / (x * log(2.0)), lambda x: 1.0 / x),
    ("base 10 with that of base 2", math.log10, 3.0,
     lambda x: 1.0 / (x * log(10.0)), lambda x: 1.0 / (x * log(2.0))),
    ("exp2 without log(2)", lambda x: 2.0**x, 1.5,
     lambda x: log(2.0) * 2.0**x, lambda x: 2.0**x),
    ("log1p of the wrong side", math.log1p, 0.5, lambda x: 1.0 / (1.0 + x), lambda x: 1.0 / x),
    ("expm1 like itself", math.expm1, 0.5, exp, math.expm1),
    ("an epsilon left in log", log, 1e-6, lambda x: 1.0 / x, lambda x: 1.0 / (x + 1e-8)),
    ("an epsilon left in sqrt", sqrt, 1e-9,
     lambda x: 0.5 / sqrt(x), lambda x: 0.5 / (sqrt(x) + 1e-8)),
    ("rsqrt with the power of sqrt", lambda x: x**-0.5, 2.0,
     lambda x: -0.5 * x**-1.5, lambda x: -0.5 * x**-0.5),
    ("power without its exponent", lambda x: x**3, 2.0, lambda x: 3.0 * x * x, lambda x: x * x),
    ("power in the exponent without log", lambda x: 3.0**x, 2.0,
     lambda x: log(3.0) * 3.0**x, lambda x: x * 3.0 ** (x - 1.0)),
    ("reciprocal without the sign", lambda x: 1.0 / x, 2.0,
     lambda x: -1 / x**2, lambda x: 1 / x**2),
    ("cos without the sign", cos, 0.7, lambda x: -sin(x), sin),
    ("tan by 1 + tan", math.tan, 0.7, lambda x: 1.0 / cos(x) ** 2, lambda x: 1.0 + math.tan(x)),
    ("acos like asin", math.acos, 0.4,
     lambda x: -1.0 / sqrt(1.0 - x * x), lambda x: 1.0 / sqrt(1.0 - x * x)),
    ("atan like atanh", math.atan, 0.4,
     lambda x: 1.0 / (1.0 + x * x), lambda x: 1.0 / (1.0 - x * x)),
    ("acosh like asinh", math.acosh, 2.0,
     lambda x: 1.0 / sqrt(x * x - 1.0), lambda x: 1.0 / sqrt(x * x + 1.0)),
    ("sinh with a sign as of sin", math.sinh, 0.7, math.cosh, lambda x: -math.cosh(x)),
    ("erf without its factor", math.erf, 0.5,
     lambda x: 2.0 / sqrt(pi) * exp(-x * x), lambda x: exp(-x * x)),
    ("erfc like erf", math.erfc, 0.5,
     lambda x: -2.0 / sqrt(pi) * exp(-x * x), lambda x: 2.0 / sqrt(pi) * exp(-x * x)),
    ("gelu by the rule of its approximation", lambda x: x * cdf(x), 1.3,
     lambda x: cdf(x) + x * bell(x), rough_slope),
    ("its approximation without the inner factor 3", rough_gelu, 1.3,
     rough_slope, lambda x: rough_slope(x, 1.0)),
    ("silu without the second term", lambda x: x * sigmoid(x), 0.7,
     lambda x: sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))), sigmoid),
    ("softplus clipped too early", lambda x: math.log1p(exp(x)), 12.0,
     sigmoid, lambda x: 1.0 if x > 10.0 else sigmoid(x)),
    ("softplus with beta once too often", lambda x: math.log1p(exp(2.0 * x)) / 2.0, 0.3,
     lambda x: sigmoid(2.0 * x), lambda x: 2.0 * sigmoid(2.0 * x)),
    ("elu with exp(x) + alpha", lambda x: math.expm1(x) if x < 0.0 else x, -0.7,
     exp, lambda x: exp(x) + 1.0),
    ("selu without its scale below 0", selu, -0.7,
     lambda x: 1.0507 * 1.6733 * exp(x), lambda x: 1.6733 * exp(x)),
    ("leaky relu with slope 0", lambda x: max(x, 0.01 * x), -2.0,
     lambda x: 0.01, lambda x: 0.0),
    ("relu6 that goes on above 6", lambda x: min(max(x, 0.0), 6.0), 7.0,
     lambda x: 0.0, lambda x: 1.0),
    ("hard sigmoid with 1/5 for 1/6", lambda x: min(max(x / 6.0 + 0.5, 0.0), 1.0), 1.0,
     lambda x: 1.0 / 6.0, lambda x: 0.2),
    ("abs with slope 0 beside 0", abs, 1e-7,
     lambda x: 1.0, lambda x: 0.0 if abs(x) < 1e-6 else 1.0),
    ("abs with a slope beyond its kink", abs, 0.0, lambda x: 0.0, lambda x: 1.5),
    ("Huber's loss with the slope doubled outside",
     lambda x: 0.5 * x * x if abs(x) < 1.0 else abs(x) - 0.5, 3.0,
     lambda x: min(max(x, -1.0), 1.0), lambda x: 2.0),
    ("a mean without 1/n", lambda x: (x + 2.0 + 3.0) / 3.0, 1.0,
     lambda x: 1 / 3.0, lambda x: 1.0),
    ("the half of ½(x - y)² lost", lambda x: 0.5 * (x - 2.0) ** 2, 3.0,
     lambda x: x - 2.0, lambda x: 2.0 * (x - 2.0)),
    ("the value of a guard at 0, taken for everywhere", lambda x: sin(x) / x if x else 1.0, 0.3,
     lambda x: (x * cos(x) - sin(x)) / x**2, lambda x: 0.0),
    ("a logarithm of a square by one half", lambda x: log(x * x), 2.0,
     lambda x: 2.0 / x, lambda x: 1.0 / x),
    ("degrees taken for radians", lambda x: sin(math.radians(x)), 30.0,
     lambda x: math.radians(1.0) * cos(math.radians(x)), lambda x: cos(math.radians(x))),
]  # fmt: skip

A = np.array([[1.0, -2.0, 0.5], [0.3, 0.8, -1.2], [2.0, 0.1, 0.7]])
V = np.array([0.4, -0.3, 0.9])


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max())
    return e / e.sum()


def softmax_slopes(x: Any) -> Any:
    p = softmax(x)
    return np.diag(p) - np.outer(p, p)


def norm_slopes(x: Any) -> Any:
    size = np.linalg.norm(x)
    return np.eye(3) / size - np.outer(x, x) / size**3


def layer_norm(x: Any) -> Any:
    return (x - x.mean()) / x.std()


def layer_norm_slopes(x: Any) -> Any:
    y = layer_norm(x)
    return (np.eye(3) - 1.0 / 3.0 - np.outer(y, y) / 3.0) / x.std()


ARRAYS: list[Row] = [
    ("a matrix product transposed", lambda x: A @ x, V, lambda x: A, lambda x: A.T),
    ("an outer product in the wrong order", lambda x: np.outer(x, V)[:, 0] * x, V,
     lambda x: np.diag(2.0 * x * V[0]), lambda x: np.outer(x, V)),
    ("softmax without its off-diagonal", softmax, V,
     softmax_slopes, lambda x: np.diag(softmax(x) * (1.0 - softmax(x)))),
    ("softmax with the sign of p·pᵀ lost", softmax, V,
     softmax_slopes, lambda x: np.diag(softmax(x)) + np.outer(softmax(x), softmax(x))),
    ("a normalised vector with its norm held fixed", lambda x: x / np.linalg.norm(x), V,
     norm_slopes, lambda x: np.eye(3) / np.linalg.norm(x)),
    ("layer norm with its variance held fixed", layer_norm, V,
     layer_norm_slopes, lambda x: (np.eye(3) - 1.0 / 3.0) / x.std()),
    ("a bias that was broadcast, not summed", lambda b: np.sum(A + b[0]), V[:1],
     lambda b: np.array([9.0]), lambda b: np.array([1.0])),
    ("cumsum not reversed", np.cumsum, V, lambda x: np.tri(3), lambda x: np.tri(3).T),
    ("max that gives all elements the slope", np.max, V,
     lambda x: (x == x.max()) * 1.0, np.ones_like),
    ("a trace as a sum", lambda x: np.trace(x), A, lambda x: np.eye(3), np.ones_like),
    ("an inverse without the minus sign", lambda x: np.linalg.inv(x)[0], A,
     lambda x: -np.einsum("i,jk->kij", np.linalg.inv(x)[0], np.linalg.inv(x)),
     lambda x: np.einsum("i,jk->kij", np.linalg.inv(x)[0], np.linalg.inv(x))),
]  # fmt: skip


def test_there_are_fifty() -> None:
    assert len(NUMBERS) + len(ARRAYS) == 50


@pytest.mark.parametrize(("name", "f", "x", "right", "wrong"), NUMBERS)
def test_of_numbers(name: str, f: Any, x: float, right: Any, wrong: Any) -> None:
    assert gradcheck(f, x, gradient=right).verdict == "pass"
    assert gradcheck(f, x, gradient=wrong).verdict == "fail"


@pytest.mark.parametrize(("name", "f", "x", "right", "wrong"), ARRAYS)
def test_of_arrays(name: str, f: Any, x: Any, right: Any, wrong: Any) -> None:
    assert verdict(check_jacobian, f, x, jacobian=right) == "pass"
    assert verdict(check_jacobian, f, x, jacobian=wrong) == "fail"
