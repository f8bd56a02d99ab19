"""Calls whose samples all go one way, and what is in the way of that: the results agree."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.program import compile
from tests.program.agreement import agrees

pytest.importorskip("autograd.program.kernel.kernel_base", reason="install with a C compiler")
OUTSIDE = Value(3.0)
Function = Callable[..., Any]


def closed(w: Any, x: Any) -> Any:
    return (OUTSIDE * w[0] + w[1] * x).tanh() * x


def parted(w: Any, x: Any) -> Any:
    return w[0] * x if x > 0.0 else w[1] * x * x


def uniform(w: Any, x: Any) -> Any:
    return w[0] * w[1]


def shared(w: Any, x: Any) -> Any:
    """The matrix, the bias and what varies between them are of several kinds."""
    hidden = [w[0] * x + w[1] * x * x + w[i] for i in (0, 1)]
    return autograd.maximum(*hidden, w[0]) + autograd.logsumexp([*hidden, w[1]]) * hidden[0]


def batch(w: Any, xs: Any) -> Any:
    """Every sample written out: the data become columns."""
    losses = [(w[0] * x + w[1] - x * x) ** 2 * abs(w[0]) for x in xs]
    return sum(losses) / len(losses)


def beside(w: Any, xs: Any) -> Any:
    """What the samples share is also used outside of them."""
    scale = w[0] * w[1]
    losses = [(scale * x + w[1] - x * x) ** 2 * abs(w[0]) for x in xs]
    return sum(losses) / len(losses) + scale


def among(w: Any, xs: Any) -> Any:
    """One of the data is used by every sample, and another outside of them."""
    losses = [(w[0] * x + xs[0] - x * x) ** 2 * abs(w[0]) for x in xs]
    return sum(losses) / len(losses) + xs[1] * w[1]


def apart(w: Any, xs: Any) -> Any:
    losses = [(w[0] * x + w[1] - x * x) ** 2 * abs(w[0]) for x in xs]
    return sum(losses) / len(losses) + xs[1] * w[1]


def residual(w: Any, x: Any) -> Any:
    """A layer, with its inputs added to some of its outputs."""
    rows = [w[k : k + 6] for k in range(0, 36, 6)]
    inputs = [w[0] * each for each in x]
    outputs = [autograd.dot(row, inputs) for row in rows]
    skipped = [a + b for a, b in zip(outputs, inputs[:3])]
    return autograd.logsumexp([*skipped, *outputs[3:]])


def each(w: Any, xs: Any) -> Any:
    return [(w[0] * x + w[1]).tanh() for x in xs]


W = np.array([0.5, -0.25])
XS = np.array([0.1, 0.7, -0.3, 2.0, 1.5, 0.0, -4.0, 0.4])


@pytest.mark.parametrize("f", [closed, parted, uniform, shared])
def test_lanes(f: Function) -> None:
    agrees(f, W, XS, in_axes=(None, 0))


@pytest.mark.parametrize("f", [batch, beside, among, apart, each])
def test_a_batch_written_out(f: Function) -> None:
    agrees(f, W, XS)


def test_a_residual_layer() -> None:
    xs = np.cos(np.arange(30.0)).reshape(5, 6)
    agrees(residual, np.sin(np.arange(36.0)), xs, in_axes=(None, 0))


def test_the_fraction_is_python_s() -> None:
    xs = [-2.75, -1.0, -1e-17, -0.0, 0.25, 3.5, 1e300]
    fast = compile(lambda x: x % 1.0, in_axes=(0,))
    assert [str(y) for y in fast(xs)] == [str(x % 1.0) for x in xs]


def test_several_results() -> None:
    with pytest.raises(TypeError, match="single number"):
        compile(each).value_and_grad(W, XS)
    edge = compile(lambda x: [(1.0 - x).sqrt(), (x - 1.0).sqrt()])  # nowhere else to look
    with pytest.raises(TypeError, match="single number"):
        edge.value_and_grad(1.0)


@pytest.mark.parametrize("x", [np.inf, np.nan, 1e200])
def test_what_is_not_finite_is_left_to_eager(x: float) -> None:
    fast = compile(lambda w: w[0] * w[1])
    assert fast.value_and_grad(W)[0] == -0.125
    given = np.array([x, x])
    value, slopes = fast.value_and_grad(given)
    expected = autograd.value_and_grad(lambda w: w[0] * w[1])(given)
    assert repr((value, slopes)) == repr(expected)
