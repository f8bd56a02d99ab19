"""Derivatives along a direction, Hessian-vector products and Jacobians, beside gradients.

A gradient records the function and sweeps once, as whoever uses it pays for it.
"""

import random
import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from autograd import Value, exp, grad, hvp, jacobian, jvp, sin
from tests.benchmarks.conftest import COMPILED, Tables, shown

HEAD = ("", "gradient", "`jvp` ÷ gradient", "`hvp` ÷ gradient")
JACOBIANS = ("", "1,000 outputs", "4,000 outputs", "time an output: 4,000 ÷ 1,000")
pytestmark = pytest.mark.benchmark(timer=time.process_time)  # others may use the machine

draw = random.Random(1).random
POINTS = [(draw(), draw()) for _ in range(17)]
HIDDEN = 8


def few(x: list[Any]) -> Any:
    return sin(x[0] * x[1]) + x[2] * exp(x[0])


def series(x: list[Any]) -> Any:
    """The first 40 terms of exp."""
    term = total = 1.0
    for k in range(1, 41):
        term = term * x[0] / k
        total = total + term
    return total


def perceptron(w: list[Any]) -> Any:
    """The squared error of a 2-8-1 network over 17 points: 1,000 nodes."""
    loss = 0.0
    for x, y in POINTS:
        score = w[-1]
        for i in range(HIDDEN):
            score = (
                score + w[4 * i] * (w[4 * i + 1] * x + w[4 * i + 2] * y + w[4 * i + 3]).tanh()
            )
        loss = loss + (score - x * y) ** 2
    return loss


def rosenbrock(x: list[Any]) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


CASES: dict[str, tuple[Callable[[list[Any]], Any], list[float]]] = {
    "6 operations": (few, [0.3, 0.7, 0.2]),
    "series of 40 terms": (series, [1.3]),
    "network, 1,000 nodes": (perceptron, [draw() - 0.5 for _ in range(4 * HIDDEN + 1)]),
    "Rosenbrock, 100 variables": (rosenbrock, [0.5 + 0.01 * i for i in range(100)]),
}


def seconds(run: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds + 1):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return median(times[1:])


@pytest.mark.parametrize("case", CASES)
def test_along_a_direction(benchmark: Any, tables: Tables, case: str) -> None:
    f, x = CASES[case]
    v = [1.0] * len(x)
    gradient = grad(f)
    loops = max(1, 1000 // len(x))

    def repeated(run: Callable[[], object]) -> Callable[[], None]:
        def times() -> None:
            for _ in range(loops):
                run()

        return times

    benchmark.pedantic(repeated(lambda: gradient(x)), rounds=20, warmup_rounds=1)
    once = benchmark.stats.stats.median
    forward = seconds(repeated(lambda: jvp(f, (x,), (v,))), 20) / once
    second = seconds(repeated(lambda: hvp(f, (x,), (v,))), 20) / once
    row = (case, shown(once / loops), f"{forward:.1f}", f"{second:.1f}")
    tables.setdefault(HEAD, []).append(row)
    assert forward <= 3.0
    assert second <= 8.0


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_jacobian(benchmark: Any, tables: Tables, mode: str) -> None:
    """Of residuals in three parameters; no bar on time interpreted, but linear in both."""

    def residuals(n: int) -> Callable[[list[Any]], list[Value]]:
        return lambda p: [p[0] * exp(p[1] * (i * 1e-3)) + p[2] - i for i in range(n)]

    p = [1.0, 0.1, 2.0]
    fewer = seconds(lambda: jacobian(residuals(1000), mode=mode)(p), 10)
    benchmark.pedantic(jacobian(residuals(4000), mode=mode), (p,), rounds=10, warmup_rounds=1)
    more = benchmark.stats.stats.median
    growth = more / fewer / 4.0
    row = (f"residuals in 3 parameters, {mode}", shown(fewer), shown(more), f"{growth:.2f}")
    tables.setdefault(JACOBIANS, []).append(row)
    assert growth <= 1.5
    if COMPILED:
        assert more <= 0.1
