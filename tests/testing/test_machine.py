"""A graph's life: the machine runs on the engine, and notices what is not as its model."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.testing.machine import GraphLife

TestGraphLife = GraphLife.TestCase
TestGraphLife.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def life() -> GraphLife:
    machine = GraphLife()
    machine.begin(2.0)
    machine.binary("mul", 0, 0, None)
    machine.backward(1, 1.0)
    machine.every_node_is_as_its_model()
    return machine


def lose_grad(machine: GraphLife) -> None:
    machine.nodes[0].grad = 0.0


def lose_data(machine: GraphLife) -> None:
    machine.nodes[1].data = 5.0


def lose_edges(machine: GraphLife) -> None:
    machine.nodes[1] = machine.nodes[0].square()
    machine.nodes[1].grad = 1.0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lose_grad, r"node 0 has grad 0.0, not 4.0"),
        (lose_data, r"node 1 holds 5.0, not 4.0"),
        (lose_edges, r"node 1 has the edges .*, not .*"),
    ],
)
def test_a_spoilt_node_is_noticed(spoil: Callable[[GraphLife], None], words: str) -> None:
    machine = life()
    spoil(machine)
    with pytest.raises(AssertionError, match=words):
        machine.every_node_is_as_its_model()


def test_a_step_of_training_goes_down_the_gradient() -> None:
    machine = life()
    machine.train(1)
    machine.every_node_is_as_its_model()
    assert [node.data for node in machine.nodes] == [2.0 - 0.01 * 4.0, 4.0]
    assert [node.grad for node in machine.nodes] == [0.0, 0.0]


def test_a_leaf_does_not_go_down_a_steep_slope() -> None:
    machine = GraphLife()
    machine.begin(2.0)
    machine.binary("mul", 0, 0, 50.0)
    machine.binary("sub", 1, 1, 99.0)
    machine.binary("mul", 2, 2, 50.0)
    machine.train(3)
    assert [node.data for node in machine.nodes] == [2.0, 100.0, 1.0, 50.0]


def test_operations_that_are_not_safe_are_left_out() -> None:
    machine = life()
    machine.binary("div", 0, 0, 0.0)
    machine.binary("mul", 0, 0, 99.0)
    machine.unary("exp", 1)
    machine.mutate(1, 7.0)
    assert len(machine.nodes) == 2
    assert machine.nodes[1].data == 4.0
