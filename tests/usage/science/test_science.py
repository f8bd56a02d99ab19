"""Each task gives the right answer, eager and compiled."""

import numpy as np
import pytest

import autograd
from autograd import value_and_grad
from autograd.trees import flatten
from tests.usage.science.tasks import TASKS


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


def test_there_are_thirty() -> None:
    assert len(TASKS) >= 30
