"""The order of a sweep, on random graphs with any roots, repeated and nested ones too."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, vjp
from autograd.core.sweeps import cotangents, tangents, topological_order

Plan = list[tuple[int, int, int]]
plans = st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=1, max_size=15)
picks = st.lists(st.integers(0, 10**6), min_size=1, max_size=6)


def grow(plan: Plan, leaves: list[Any]) -> list[Any]:
    """Sums, differences, products and dots; every node may use any node before it. The
    partials are small whole numbers, so that no order of adding rounds."""
    nodes = list(leaves)
    for kind, i, j in plan:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        made = [a + b, a - b, a * 2.0, 1.0 - b, dot([a, b], [3.0, 1.0], b)]
        nodes.append(made[kind % len(made)])
    return nodes


def chosen(nodes: list[Any], indices: list[int]) -> list[Any]:
    return [nodes[i % len(nodes)] for i in indices]


@given(plan=plans, indices=picks)
def test_each_node_once_and_after_its_inputs(plan: Plan, indices: list[int]) -> None:
    roots = chosen(grow(plan, [Value(0.5), Value(-0.25)]), indices)
    order, leaves = topological_order(*roots)
    places = {node: place for place, node in enumerate(leaves + order)}
    assert len(places) == len(leaves) + len(order)
    assert all(leaf.op is None for leaf in leaves)
    assert all(node.op is not None for node in order)
    assert all(places[x] < places[node] for node in order for x in node.inputs)
    below = set(roots)
    for node in reversed(order):
        assert node in below
        below.update(node.inputs)
    assert below == set(places)


@given(plan=plans, indices=picks)
def test_outputs_that_repeat_add_up(plan: Plan, indices: list[int]) -> None:
    weights = [float(i + 1) for i in range(len(indices))]

    def outputs(x: Any, w: Any) -> list[Any]:
        return chosen(grow(plan, [x, w]), indices)

    x, w = Value(0.5), Value(-0.25)
    found = [0.0, 0.0]
    for y, weight in zip(outputs(x, w), weights):
        x.grad = w.grad = 0.0
        y.backward(weight)
        found = [found[0] + x.grad, found[1] + w.grad]
    got = vjp(outputs, 0.5, -0.25)[1](weights)
    assert list(got) == found


def test_one_root_twice() -> None:
    x = Value(3.0)
    y = x * x
    assert cotangents([(y, 1.0), (y, 10.0)])[x] == 66.0
    assert tangents([y, y, x], [(x, 1.0)])[y] == 6.0
    assert vjp(lambda v: (lambda q: [q, q])(v * v), 3.0)[1]([1.0, 10.0]) == (66.0,)
    assert vjp(lambda v: (lambda q: [q, dot([q], [2.0]), q])(v * v), 3.0)[1]([1.0] * 3) == (
        24.0,
    )
