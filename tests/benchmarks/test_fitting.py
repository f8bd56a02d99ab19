"""Least squares over 20,000 points: a compiled Jacobian beside SciPy's differences."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np
from scipy import optimize

import autograd
from tests.benchmarks.conftest import COMPILED, Tables, shown

HEAD = ("20,000 points", "compiled Jacobian", "SciPy's `2-point`", "ratio", "evaluations")
pytestmark = pytest.mark.benchmark(timer=time.process_time)  # others may use the machine
least_squares: Any = optimize.least_squares  # whose types want a string for jac
X = np.linspace(0.0, 4.0, 20_000)
NOISE = 0.02 * np.random.default_rng(1).normal(size=len(X))


def decay(p: Any, x: Any, exp: Any) -> Any:
    return p[0] * exp(-p[1] * x) + p[2]


def peaks(p: Any, x: Any, exp: Any) -> Any:
    first = p[2] * exp(-(((x - p[3]) / p[4]) ** 2))
    return p[0] * exp(-p[1] * x) + first + p[5] * exp(-(((x - p[6]) / p[7]) ** 2))


CASES: dict[str, tuple[Callable[..., Any], list[float]]] = {
    "3 parameters": (decay, [3.0, 0.7, 0.5]),
    "8 parameters": (peaks, [3.0, 0.7, 1.0, 1.0, 0.3, 1.0, 3.0, 0.3]),
}


@pytest.mark.parametrize("case", CASES)
def test_least_squares(benchmark: Any, tables: Tables, case: str) -> None:
    model, truth = CASES[case]
    y = model(truth, X, np.exp) + NOISE
    start = 1.1 * np.array(truth)
    fast = autograd.compile(lambda p, x: model(p, x, autograd.exp), in_axes=(None, 0))

    def residuals(p: Any) -> Any:
        return model(p, X, np.exp) - y

    def ours() -> Any:
        return least_squares(residuals, start, jac=lambda p: fast.jacobian(p, X))

    def theirs() -> Any:
        return least_squares(residuals, start)

    assert np.allclose(ours().x, theirs().x, 1e-5)
    times, other = [], theirs()
    for _ in range(9):
        started = time.process_time()
        other = theirs()
        times.append(time.process_time() - started)
    benchmark.pedantic(ours, rounds=9, warmup_rounds=1)
    mine, beside = benchmark.stats.stats.median, median(times)
    row = (case, shown(mine), shown(beside), f"{mine / beside:.2f}", str(other.nfev))
    tables.setdefault(HEAD, []).append(row)
    if COMPILED:
        assert mine <= 1.5 * beside
