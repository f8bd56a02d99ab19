"""What is called often does nothing that takes long."""

from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value, elu, grad
from autograd.core import value



def refused(*args: Any, **named: Any) -> Any:
    raise AssertionError("this takes long")


def test_the_names_of_operands_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert elu(-1.0, alpha=2.0) == elu(-1.0, 2.0)
    monkeypatch.setattr(inspect, "signature", refused)
    assert elu(x=-1.0, alpha=2.0) == elu(alpha=2.0, x=-1.0) == elu(-1.0, 2.0)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: elu(1.0, beta=2.0), r"elu\(\) got an unexpected keyword argument 'beta'"),
        (lambda: elu(1.0, x=2.0), r"elu\(\) multiple values for argument 'x'"),
        (lambda: elu(alpha=2.0), r"elu\(\) missing a required argument: 'x'"),
        (lambda: elu(1.0, 2.0, 3.0, alpha=2.0), r"elu\(\) (too many|multiple values)"),
        (lambda: autograd.maximum(1.0, xs=2.0), r"maximum\(\) got an unexpected"),
    ],
)
def test_named_operands_that_do_not_fit(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        call()


def test_zero_grad_walks_as_backward_does(monkeypatch: pytest.MonkeyPatch) -> None:
    x, frozen = Value(2.0), Value(1.0, requires_grad=False)
    y = (z := x * frozen) * x
    y.backward()
    monkeypatch.setattr(value, "topological_order", refused)
    y.zero_grad()
    assert [node.grad for node in (x, frozen, z, y)] == [0.0] * 4
    x.grad = 3.0
    x.zero_grad()
    assert x.grad == 0.0
