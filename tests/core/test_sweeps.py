"""The sweeps that explain, and the shares of a single node."""

import math
from array import array

import pytest
from hypothesis import given

from autograd import Value, relu, sqrt
from autograd.core import float_sweeps
from autograd.core.sweeps import topological_order
from tests.helpers.graphs import bits, recorded
from tests.helpers.programs import Listing, programs


@given(program=programs())
def test_shares_by_hand_are_those_of_backward(program: Listing) -> None:
    """As the lecture does it: from the root, node by node; to the bit."""
    leaves, nodes = recorded(program)
    root = nodes[-1]
    order, _ = topological_order(root)
    root.backward()
    expected = [x.grad for x in (*order, *leaves)]
    for x in (*order, *leaves):
        x.grad = 0.0
    root.grad = 1.0
    for node in (*reversed(order), *leaves):
        node._backward()
    assert bits([x.grad for x in (*order, *leaves)]) == bits(expected)


def test_the_shares_of_a_zero_are_zero() -> None:
    x = Value(0.0)
    sqrt(x)._backward()
    assert x.grad == 0.0
    off = relu(Value(-1.0))
    off.grad = math.inf
    off._backward()
    assert off.inputs[0].grad == 0.0
    still = Value(3.0, requires_grad=False)
    product = Value(2.0) * still
    product.grad = 1.0
    product._backward()
    assert [each.grad for each in product.inputs] == [3.0, 0.0]


def test_leaves_and_numbers_go_together() -> None:
    x, one, two = Value(1.0), array("d", [1.0]), array("d", [1.0, 2.0])
    for arrays in ((two, one, one), (one, two, one), (one, one, two)):
        with pytest.raises(ValueError):
            float_sweeps.exchange([x], *arrays)
    with pytest.raises(ValueError):
        float_sweeps.read_data([x], two)
    with pytest.raises(ValueError):
        float_sweeps.exchange([], one, one, one)
    assert (x.data, x.grad) == (1.0, 0.0)
