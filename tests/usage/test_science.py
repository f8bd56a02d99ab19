"""Tasks of science, written for NumPy and SciPy: each is right, eager and compiled."""

import math
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("pandas")
pytest.importorskip("scipy")

import numpy as np
import pandas as pd
from scipy import integrate, optimize, special

import autograd
from autograd import grad, hessian, hvp, jacobian, value_and_grad
from autograd.trees import flatten

Function = Callable[..., Any]
Answer = Callable[[Function], tuple[Any, Any]]  # what comes out, and what must
TASKS: dict[str, tuple[Function, Any, Answer | None]] = {}


def task(x: Any, answer: Answer | None = None) -> Callable[[Function], Function]:
    """Enter a function in the table under its name, with where it is differentiated."""

    def enter(f: Function) -> Function:
        TASKS[f.__name__] = f, x, answer
        return f

    return enter


T = np.linspace(0.0, 4.0, 25)
RNG = np.random.default_rng(5)
XS = RNG.normal(size=(40, 3))
LABELS = (XS @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=40) > 0.0) * 1.0

# ---------------------------------------------------------------- fits and optimizers


@task(
    np.array([1.3, 0.7, 0.8, 1.9]),
    lambda f: (
        optimize.minimize(
            f,
            [1.3, 0.7, 0.8, 1.9],
            method="Newton-CG",
            jac=grad(f),
            tol=1e-12,
            hessp=lambda x, v: hvp(f, x, v),
        ).x,
        np.ones(4),
    ),
)
def newton_cg(x: Any) -> Any:
    return sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


@task(
    np.zeros(3),
    lambda f: (
        abs(grad(f)(optimize.minimize(value_and_grad(f), np.zeros(3), jac=True).x)) < 1e-4,
        [True] * 3,
    ),
)
def logistic_regression(w: Any) -> Any:
    z = XS @ w
    return np.mean(np.log(1.0 + np.exp(z)) - LABELS * z) + 0.1 * w @ w


# ---------------------------------------------------------------- equations


def kepler(anomaly: Any, e: Any) -> Any:
    return anomaly - e * autograd.sin(anomaly) - 1.0


@task(
    0.1,
    lambda f: (
        grad(f)(0.1),
        math.sin(f(0.1)) / (1.0 - 0.1 * math.cos(f(0.1))),
    ),
)
def implicit_differentiation(e: Any) -> Any:
    return autograd.root(kepler, 1.0, e)


# ---------------------------------------------------------------- differential equations


def robertson(t: Any, y: Any) -> Any:
    a, b, c = y
    return [-0.04 * a + 1e4 * b * c, 0.04 * a - 1e4 * b * c - 3e7 * b * b, 3e7 * b * b]


@task(
    [1.0, 1e-5, 0.0],
    lambda f: (
        integrate.solve_ivp(
            robertson,
            (0.0, 40.0),
            [1.0, 0.0, 0.0],
            method="Radau",
            jac=lambda t, y: jacobian(lambda y: robertson(t, y))([*y]),
            rtol=1e-8,
            atol=1e-12,
        ).y[0, -1],
        0.7158,
    ),
)
def stiff_ode(y: Any) -> Any:
    return robertson(0.0, y)[0] * 2.0


def rk4(rate: Any, y: Any, dt: float, steps: int) -> Any:
    for _ in range(steps):
        k1 = rate(y)
        k2 = rate(y + dt / 2 * k1)
        k3 = rate(y + dt / 2 * k2)
        k4 = rate(y + dt * k3)
        y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@task(0.1, lambda f: (f(0.001), 0.001 * math.cos(2.0)))
def pendulum(theta: Any) -> Any:
    return rk4(lambda y: np.array([y[1], -np.sin(y[0])]), np.array([theta, 0.0]), 0.05, 40)[0]


# ---------------------------------------------------------------- statistics

DATA = RNG.normal(2.0, 1.5, size=30)


def fisher(f: Any) -> Any:
    best = optimize.minimize(value_and_grad(f), [1.0, 0.0], jac=True, tol=1e-10).x
    errors = np.sqrt(np.diag(np.linalg.inv(hessian(f)(best))))
    return errors, [DATA.std() / math.sqrt(30), 1.0 / math.sqrt(60)]


@task([1.0, 0.3], fisher)
def maximum_likelihood(p: Any) -> Any:
    mu, log_sigma = p
    z = (DATA - mu) * np.exp(-log_sigma)
    return 0.5 * np.sum(z**2) + len(DATA) * log_sigma


# ---------------------------------------------------------------- finance, tables, data


def call(s: Any, sigma: Any = 0.2, k: float = 105.0, r: float = 0.03, t: float = 0.5) -> Any:
    def cdf(x: Any) -> Any:
        return 0.5 * (1.0 + autograd.erf(x / math.sqrt(2.0)))

    d1 = (autograd.log(s / k) + (r + sigma**2 / 2) * t) / (sigma * math.sqrt(t))
    return s * cdf(d1) - k * math.exp(-r * t) * cdf(d1 - sigma * math.sqrt(t))


def greeks(f: Any) -> Any:
    d1 = (math.log(100 / 105) + (0.03 + 0.02) * 0.5) / (0.2 * math.sqrt(0.5))
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    found = grad(call)(100.0), hessian(call)(100.0), grad(call, 1)(100.0, 0.2)
    gamma = density / (100.0 * 0.2 * math.sqrt(0.5))
    return found, (special.ndtr(d1), gamma, 100.0 * density * math.sqrt(0.5))


@task(100.0, greeks)
def black_scholes(s: Any) -> Any:
    return call(s)


FRAME = pd.DataFrame({"dose": [0.0, 1.0, 2.0, 4.0], "effect": [0.1, 0.9, 1.7, 4.2]})


@task({"slope": 0.5, "offset": 0.0})
def data_frame(p: Any) -> Any:
    return ((p["slope"] * FRAME["dose"] + p["offset"] - FRAME["effect"]) ** 2).sum()


@pytest.mark.parametrize("name", TASKS)
def test_a_task_of_science(name: str) -> None:
    f, x, answer = TASKS[name]
    value, gradient = value_and_grad(f)(x)
    leaves, rebuild = flatten(x, "x")
    slopes = []
    for k, leaf in enumerate(leaves):
        h = 1e-5 * max(1.0, abs(leaf))
        ends = [f(rebuild([*leaves[:k], leaf + s, *leaves[k + 1 :]])) for s in (h, -h)]
        slopes.append((ends[0] - ends[1]) / (2.0 * h))
    ours = flatten(gradient, "the gradient")[0]
    assert np.allclose(ours, slopes, 1e-5, 1e-6 * (1.0 + abs(value)))
    fast = autograd.compile(f)
    for _ in range(2):
        again = fast.value_and_grad(x)
        assert np.isclose(again[0], value, 1e-12, 1e-12)
        assert np.allclose(flatten(again[1], "x")[0], ours, 1e-10, 1e-10)
    if answer is not None:
        got, wanted = answer(f)
        assert np.allclose(got, wanted, 1e-4, 1e-7)
