"""Programs written for other engines' Values, and NumPy's object arrays."""

from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value
from tests.helpers.microgpt import PlainValue, train


def readme_example(value: Callable[[float], Any]) -> tuple[Any, Any, Any]:
    """The expression on micrograd's front page."""
    a = value(-4.0)
    b = value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return g.data, a.grad, b.grad


def test_micrograds_front_page() -> None:
    found = readme_example(Value)
    wanted = 24.70408163265306, 138.8338192419825, 645.5772594752186  # by micrograd 0.1.0
    assert found == pytest.approx(wanted, rel=4 * 2.0**-52, abs=0.0)


def test_micrograds_names() -> None:
    a, b = Value(2.0, label="a"), Value(3.0)
    y = a * b
    assert (y._prev, y._op, a._prev, a._op) == ({a, b}, "*", set(), "")
    assert (a + b)._op == "+"
    assert a.relu()._op == "ReLU"
    assert a.tanh()._op == "tanh"


def test_a_small_gpt() -> None:
    assert train(Value, 20) == pytest.approx(train(PlainValue, 20), rel=1e-10, abs=0.0)
