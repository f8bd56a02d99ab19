"""The order of a sweep, from any roots, repeated and nested ones too."""

from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, dot, vjp
from autograd.core.sweeps import cotangents, tangents, topological_order
from autograd.testing.programs import Listing
from tests.properties.graphs import recorded
from tests.properties.strategies import random_programs


@given(program=random_programs(), data=st.data())
def test_each_node_once_and_after_its_inputs(program: Listing, data: st.DataObject) -> None:
    _, nodes = recorded(program)
    roots = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=6))
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


def test_one_root_twice() -> None:
    x = Value(3.0)
    y = x * x
    assert cotangents([(y, 1.0), (y, 10.0)])[x] == 66.0
    assert tangents([y, y, x], [(x, 1.0)])[y] == 6.0
    assert vjp(lambda v: (lambda q: [q, q])(v * v), 3.0)[1]([1.0, 10.0]) == (66.0,)
    assert vjp(lambda v: (lambda q: [q, dot([q], [2.0]), q])(v * v), 3.0)[1]([1.0] * 3) == (
        24.0,
    )
