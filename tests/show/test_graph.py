"""Graph: which nodes, in which order, under which names, and what it copies."""

from hypothesis import given

import autograd
import nn
from autograd import Graph, Value
from autograd.core.sweeps import topological_order
from autograd.show.snapshot import Node
from tests.helpers.programs import Listing, programs


def example() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    return a, b, a * b + a * 2.0


@given(programs())
def test_inputs_come_before_what_is_computed_of_them(program: Listing) -> None:
    _, root = program.record()
    graph = Graph(root)
    seen: set[Node] = set()
    for index, node in enumerate(graph.nodes):
        assert node.index == index
        assert seen.issuperset(node.inputs)
        seen.add(node)
    order, leaves = topological_order(root)
    assert [n.value for n in graph if n.op is not None] == order
    assert {n.value for n in graph if n.op is None} == set(leaves)


def test_a_leaf_is_placed_where_it_is_first_needed() -> None:
    x, y, z = (Value(1.0, label=name) for name in "xyz")
    assert [n.name for n in ((x + y).exp() * z).graph()] == ["x", "y", "v3", "v4", "z", "v6"]


def test_operands_are_numbered_from_left_to_right() -> None:
    x, y = Value(0.5, label="x"), Value(2.0, label="y")
    shared = x * y
    graph = (shared.sin() + (shared.exp() - x)).graph()
    made = [node.op.name for node in graph if node.op is not None]
    assert made == ["mul", "sin", "exp", "sub", "add"]
    wide = autograd.sum([x.exp(), y.sin(), x * 3.0]).graph()
    assert [n.op.name for n in wide if n.op is not None] == ["exp", "sin", "mul", "sum"]


def test_a_node_holds_what_its_value_holds() -> None:
    a, b, root = example()
    root.backward()
    graph = root.graph()
    node = graph.root
    assert (node.value, node.data, node.grad, node.op) == (root, -2.0, 1.0, root.op)
    assert node.partials == root.partials
    product, double = node.inputs
    assert product.inputs == (graph[a], graph[b])
    assert double.operands == (graph[a], 2.0)
    assert double.inputs == (graph[a],)


def test_it_is_a_snapshot() -> None:
    a, _, root = example()
    graph = root.graph()
    a.data, a.grad = 7.0, 8.0
    root.backward()
    assert (graph[a].data, graph[a].grad, graph.root.grad) == (2.0, 0.0, 0.0)


def test_names_are_labels_or_numbers_and_unique() -> None:
    x, y = Value(1.0, label="w"), Value(2.0, label="w")
    z = Value(3.0, label="v3")
    empty = Value(4.0, label=" ")
    names = [n.name for n in Graph(((x * y) * z) * empty)]
    assert names == ["w", "w_2", "v3_2", "v3", "v5", "v6", "v7"]
    taken = Value(1.0, label="w_2") + x + y
    assert len({n.name for n in taken.graph()}) == 5


def test_names_of_parameters_are_short_and_differ() -> None:
    graph = nn.MLP(11, [11, 1]).graph([0.0] * 11)
    names = {node.short for node in graph}
    assert len(names) == len(graph)
    assert {"w⁽⁰⁾₀₀", "w⁽⁰⁾₁₀,₁₀", "b⁽¹⁾₀", "x10"} <= names
    lone = nn.Neuron(2)([1.0, 2.0]).graph()
    assert [node.short for node in lone] == ["b", "w₀", "w₁", "v4"]
    taken = Value(1.0, label="m.0.w.1") + Value(1.0, label="w₀₁")
    assert [node.short for node in taken.graph()] == ["m.0.w.1", "w₀₁", "m.0.out"]
    deep = Value(1.0, label="a.0.b.1.w") + Value(1.0, label="a.1.b.1.w")
    assert [node.short for node in deep.graph()] == ["w⁽⁰⁾₁", "w⁽¹⁾₁", "v3"]
    named = Value(1.0, label="encoder.weight") + 1.0
    assert named.graph().nodes[0].short == "encoder.weight"


def test_what_is_left_from_another_pass_is_marked() -> None:
    w = Value(2.0, label="w")
    (w * w).backward()
    new = w * 3.0
    graph = new.graph()
    assert str(graph) == (
        "v2  w * 3.0  data 6.0  grad 0.0\n└─ w  data 2.0  old grad 4.0  local 3.0"
    )
    assert "old grad" in graph.svg()
    assert "old grad" in graph.dot()
    page = graph.html()  # which has the gradients of a pass from here
    assert "old grad" not in page
    assert "<td>3.0</td>" in page
    assert r"\frac{d" not in graph.latex() + (Value(1.0) * 2.0).graph().latex()
    assert "old grad" not in new.steps().html()
    new.backward()
    assert r"\frac{d v_{2}}{d w} &= 7" in new.graph().latex()
    assert "old grad" not in new.graph().svg()
    assert "old grad" not in str(Graph(w * 2.0, new))
    assert "as they are now, explained for one pass" in new.graph().html()


def test_a_page_says_where_gradients_are_of_several_passes() -> None:
    x = Value(3.0)
    y = x * x
    for word in ("not in", "in"):
        y.backward()
        assert ("explained for one pass" in y.graph().html()) == (word == "in")


def test_stats_count_slots_and_operations() -> None:
    a, _, root = example()
    stats = (a * (root * root)).graph().stats
    assert (stats.nodes, stats.leaves, stats.edges, stats.depth) == (7, 2, 9, 4)
    assert stats.operations == {"mul": 4, "add": 1}
    assert a.graph().stats.operations == {}


def test_it_finds_and_knows_its_values() -> None:
    a, _, root = example()
    graph, other = root.graph(), Value(1.0)
    assert a in graph
    assert other not in graph
    assert len(list(graph)) == len(graph) == 5
