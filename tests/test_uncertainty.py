"""Uncertainty that is propagated: known examples, and moments that are known."""

import math
from typing import Any

import numpy as np
import pytest

from autograd import cos, grad, propagate, sin


@pytest.mark.parametrize(
    ("f", "x", "deviations", "mean", "deviation"),
    [  # those with which the package `uncertainties` introduces itself
        (lambda x: x**2, 2.0, 0.25, 4.0, 1.0),
        (lambda x: x**2 - x * x, 2.0, 0.25, 0.0, 0.0),
        (lambda x: sin(1 + x**2), 2.0, 0.25, -0.95892427466313845, 0.2836621854632263),
        (lambda v: v.mean(), [1, 2], [0.1, 0.2], 1.5, 0.1118033988749895),
        (lambda v: v.mean(), [1, 2], [0.0, 0.2], 1.5, 0.1),
        (
            *(np.cos, [1, 2], [0.1, 0.2], [0.540302305868, -0.416146836547]),
            [0.0841470984808, 0.181859485365],
        ),
    ],
)
def test_examples_of_another_package(
    f: Any, x: Any, deviations: Any, mean: Any, deviation: Any
) -> None:
    if isinstance(x, list):
        found = propagate(f, np.array(x), np.diag(np.square(deviations)))
    else:
        found = propagate(f, x, deviations**2)
    assert np.allclose(found.mean, mean, 1e-12, 0.0)
    assert np.allclose(found.standard_deviation, deviation, 1e-12, 0.0)
    assert type(found.standard_deviation) is type(found.mean)


def test_results_that_depend_on_each_other() -> None:
    # u = 1 ± 0.1, v = 10 ± 0.1 and u + 2v, as in that package's guide.
    found = propagate(lambda p: [p[0], p[1], p[0] + 2.0 * p[1]], [1.0, 10.0], np.eye(2) * 0.01)
    assert found.mean == [1.0, 10.0, 21.0]
    wanted = [[0.01, 0.0, 0.01], [0.0, 0.01, 0.02], [0.01, 0.02, 0.05]]
    assert np.allclose(found.covariance, wanted, 1e-12)
    mean, covariance = propagate(lambda p: p[2] - p[0] - 2.0 * p[1], *found)
    assert (mean, covariance) == (0.0, pytest.approx(0.0, abs=1e-16))
    opposite = [[0.01, -0.01], [-0.01, 0.01]]
    both = propagate(lambda d: {"sum": d["a"] + d["b"]}, {"a": 1.0, "b": 2.0}, opposite)
    assert both.standard_deviation == {"sum": 0.0}


def test_it_differentiates() -> None:
    # The deviation of sin x to first order is cos(x) s.
    slope = grad(lambda x, s: propagate(sin, x, s * s).standard_deviation, (0, 1))(1.0, 0.1)
    assert np.allclose(slope, [-0.1 * math.sin(1.0), cos(1.0)], 1e-14)
