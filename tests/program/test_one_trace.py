"""Calls whose samples all go one way, and what is in the way of that: the results agree."""

import numpy as np
import pytest

import autograd
from autograd.program import compile
from tests.helpers.agreement import TARGETS

pytestmark = TARGETS
W = np.array([0.5, -0.25])
XS = np.array([0.1, 0.7, -0.3, 2.0, 1.5, 0.0, -4.0, 0.4])


def test_the_fraction_is_python_s() -> None:
    xs = [-2.75, -1.0, -1e-17, -0.0, 0.25, 3.5, 1e300]
    fast = compile(lambda x: x % 1.0, in_axes=(0,))
    assert [str(y) for y in fast(xs)] == [str(x % 1.0) for x in xs]


def test_several_results() -> None:
    with pytest.raises(TypeError):
        compile(lambda w, xs: [(w[0] * x + w[1]).tanh() for x in xs]).value_and_grad(W, XS)
    edge = compile(lambda x: [(1.0 - x).sqrt(), (x - 1.0).sqrt()])  # nowhere else to look
    with pytest.raises(TypeError):
        edge.value_and_grad(1.0)


@pytest.mark.parametrize("x", [np.inf, np.nan, 1e200])
def test_what_is_not_finite_is_left_to_eager(x: float) -> None:
    fast = compile(lambda w: w[0] * w[1])
    assert fast.value_and_grad(W)[0] == -0.125
    given = np.array([x, x])
    value, slopes = fast.value_and_grad(given)
    expected = autograd.value_and_grad(lambda w: w[0] * w[1])(given)
    assert repr((value, slopes)) == repr(expected)
