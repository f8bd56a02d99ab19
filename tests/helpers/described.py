"""A graph with wide nodes, and a graph as plain data."""

from typing import Any

from autograd import Value, dot
from autograd.core.sweeps import topological_order

__all__ = ["described", "graph"]


def described(root: Value) -> list[tuple[Any, ...]]:
    """The graph as plain data: each node with the numbers of its operands."""
    order, leaves = topological_order(root)
    numbers = {node: i for i, node in enumerate(leaves + order)}
    return [
        (
            node.data,
            node.grad,
            node.label,
            node.op,
            [numbers[x] if type(x) is Value else x for x in node.operands],
            node.partials,
        )
        for node in leaves + order
    ]


def graph() -> Value:
    x, w = Value(0.5, label="x"), Value(-2.0)
    y = (x * w + 1.0).tanh() - 3.0 / x
    z: Value = dot([y, 2.0], [x, w], y).maximum(x, 0.25)
    z.label = "z"
    z.backward()
    return z
