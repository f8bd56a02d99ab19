"""Boxes, edges, neurons and layers are drawn together, or left out."""

from typing import Any

import pytest

import nn
from autograd import Graph, Value, dot
from autograd.show.drawing.boxes import Picture, operation_text
from autograd.show.drawing.fitting import fit, legend
from autograd.show.drawing.keys import layers_of
from autograd.show.drawing.options import Options
from autograd.show.text import format_number
from tests.helpers.examples import network, small


def drawn(graph: Graph, **options: Any) -> Picture:
    return fit(graph, Options().changed(**options)).picture


def titles(found: Picture, kind: str = "") -> list[str]:
    return [box.title for box in found.boxes if kind in ("", box.kind)]


def ends(found: Picture) -> set[tuple[str, str]]:
    return {(edge.tail.title, edge.head.title) for edge in found.edges}


def test_an_arrow_has_its_weight_whichever_operand_comes_first() -> None:
    w, b = [Value(float(i), label=f"m.w.{i}") for i in (2, 3)], Value(5.0, label="m.b")
    xs = [Value(1.0).exp(), Value(0.5).exp()]
    for y in (dot(w, xs, b), dot(xs, w, b)):
        found = drawn(y.graph(), collapse="neuron")
        assert [edge.amount for edge in found.edges if edge.head.title == "m"] == [2.0, 3.0]


@pytest.mark.parametrize("what", ["weight", "gradient", "local"])
def test_an_arrow_of_a_network_shows_one_thing(what: str) -> None:
    w, x = [Value(2.0, label="m.w.0"), Value(3.0, label="m.w.1")], Value(0.5, label="x")
    loss = dot(w, [x, 0.25], Value(1.0, label="m.b")) ** 2
    loss.backward()
    graph = loss.graph()
    amounts = {"weight": 2.0, "gradient": w[0].grad, "local": 2.0}
    found = drawn(graph, arrows=what, collapse="neuron")
    edge = next(edge for edge in found.edges if edge.tail.title == "x")
    assert (edge.amount, edge.text) == (amounts[what], format_number(amounts[what]))
    number = next(edge for edge in found.edges if edge.tail.title == "x1")
    assert number.amount == {"weight": 3.0, "gradient": w[1].grad, "local": 3.0}[what]
    (other,) = [edge for edge in found.edges if edge.tail.title == "m"]
    assert (other.text, other.amount) == ("5.5", None)
    shown = graph.svg(arrows=what, collapse="neuron")
    assert f">{edge.text}<" in shown
    assert legend(what)[:70] in shown.replace("\n", " ")


def test_an_operation_is_written_with_its_numbers() -> None:
    x = Value(2.0, label="x")
    y = Value(3.0, label="a long name indeed")
    ops = {
        "+": x + y,
        "x + 1.0": x + 1.0,
        "1.0 - x": 1.0 - x,
        "x³": x**3,
        "tanh": x.tanh(),
        "": x,
        "leaky_relu(x, 0.01)": x.leaky_relu(0.01),
        "clip(a long na…, 0.0, 1.0)": y.clip(0.0, 1.0),
        "x + x·a long na… + a long na…·x": dot([x, y], [y, x], x),
        "0.5 + x·1.0 + a long na…·2.0": dot([x, y], [1.0, 2.0], 0.5),
        "a long na…² + x² + x² + … 2 more": dot([y, x, x, x, x], [y, x, x, x, x]),
    }
    for text, value in ops.items():
        assert operation_text(value.graph().root, Options()) == text


def test_an_operation_in_a_frame_leaves_its_path_out() -> None:
    model = nn.MLP(2, [1])
    graph = model([1.0, 2.0]).graph()
    assert drawn(graph).roots[0].op == "b₀ + w₀₀·1.0 + w₀₁·2.0"
    assert drawn(graph).roots[0].hint.startswith("layers.0.neurons.0.out = b₀ + w₀₀·1.0 + ")


def test_a_parameter_and_what_is_made_of_it_are_its_modules() -> None:
    for fused in (True, False):
        graph = network([2, 1], fused)
        groups = graph.modules
        assert set(groups.values()) == {
            "layers.0.neurons.0",
            "layers.0.neurons.1",
            "layers.1.neurons.0",
        }
        alone = [node.name for node in graph if node not in groups]
        assert alone == ["x0", "x1"]


def test_a_loss_belongs_to_no_module() -> None:
    model = nn.MLP(2, [1])
    loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
    graph = loss.graph()
    assert graph.root not in graph.modules


def test_what_two_modules_meet_in_belongs_to_neither() -> None:
    a, b = Value(1.0, label="m.0.w"), Value(1.0, label="m.1.w")
    for value in (a.exp() + b.exp(), a * b, (a * 2.0) + Value(1.0)):
        graph = value.graph()
        assert graph.root not in graph.modules


def test_a_node_that_is_alone_in_its_module_stays_what_it_is() -> None:
    a, b = Value(1.0, label="m.0.w"), Value(1.0, label="m.1.w")
    for collapse in ("neuron", "layer"):
        found = drawn((a * b).graph(), collapse=collapse)
        assert [box.kind for box in found.boxes] == ["leaf", "leaf", "operation"]
        assert found.note == ""


def test_frames_are_nested() -> None:
    assert layers_of("encoder") == ["encoder"]
    assert layers_of("net.0.layers.1.neurons.2") == [
        "net.0",
        "net.0.layers.1",
        "net.0.layers.1.neurons.2",
    ]
    box = next(
        box for box in drawn(network([2, 1]), collapse=None).boxes if box.title == "w⁽⁰⁾₀₁"
    )
    assert box.modules == ("layers.0", "layers.0.neurons.0")


def test_without_modules_there_is_nothing_to_put_together() -> None:
    graph = small().graph()
    for collapse in ("neuron", "layer"):
        assert ends(drawn(graph, collapse=collapse)) == ends(drawn(graph))


def test_a_picture_that_is_too_large_is_collapsed_step_by_step() -> None:
    graph = network([4, 4, 1])
    note = "Every neuron is drawn as one box: 56 nodes in 11 boxes"
    assert drawn(graph).note == f"{note}; collapse=None draws every node."
    deep = nn.MLP(2, [12] * 12).graph([1.0, 2.0])
    assert drawn(deep).note.startswith("Every layer is drawn as one box")
    assert drawn(graph, max_nodes=None).note == ""


def test_the_middle_of_a_tall_column_is_one_box() -> None:
    found = drawn(nn.MLP(15, [14, 1]).graph([0.5] * 15))
    more = {box.title: box for box in found.boxes if "⋮" in box.title}
    assert {*more} == {"⋮ 2 more"}
    assert "x0 … x14" in titles(found)
    assert more["⋮ 2 more"].hint.startswith("layers.0.neurons.6 … layers.0.neurons.7: ")
    assert more["⋮ 2 more"].modules == ("layers.0",)
    assert all(edge.weight is None for edge in found.edges if edge.tail in more.values())


def test_a_loss_over_many_samples_is_one_network() -> None:
    model = nn.MLP(2, [4, 1])
    inputs = [[Value(float(i)), Value(-float(i)) * 0.1] for i in range(100)]
    loss = nn.mse_loss([model(x) for x in inputs], [1.0] * 100)
    loss.backward()
    graph = loss.graph()
    found = drawn(graph)
    formulas = {(box.formula, box.times) for box in found.boxes}
    assert {("v1 * 0.1", 100), ("neurons.0 - 1.0", 100)} <= formulas
    assert "(Σ v30²) / 100.0" in {box.formula for box in found.boxes}
    neuron = next(box for box in found.boxes if box.title == "neurons.2")
    data = [node.data for node in neuron.members if node.op and node.op.name == "relu"]
    ends = " … ".join(map(format_number, (min(data), max(data))))
    assert neuron.rows[0] == ("data", ends)
    assert len([edge for edge in found.edges if edge.weight is not None]) == 3 * 4


def test_a_neuron_without_activation_counts_its_samples() -> None:
    model = nn.MLP(2, [4, 1])
    loss = nn.mse_loss([model([float(i), 0.5]) for i in range(10)], [1.0] * 10)
    found = drawn(loss.graph(), collapse="neuron")
    neurons = [box.op for box in found.boxes if box.title.startswith("neurons.")]
    assert neurons == ["relu × 10"] * 4 + ["linear × 10"]


def test_what_is_left_out_carries_least_of_the_gradient() -> None:
    xs = [Value(float(i), label=f"x{i}") for i in range(1, 9)]
    loss = dot(xs, [x.tanh().exp().sin() for x in xs])
    kept = {"x8", "x7", "x6"}
    found = drawn(loss.graph(), collapse=None, max_nodes=4)
    assert {box.title for box in found.boxes if box.kind == "leaf"} <= kept
    assert "Only the paths that carry most of the gradient are drawn; " in found.note


@pytest.mark.parametrize("options", [{"depth": 2}, {"max_nodes": 3}])
def test_a_part_of_a_network_on_plain_numbers_is_drawn(options: dict[str, int]) -> None:
    found = drawn(nn.MLP(2, [4, 1])([1.0, 2.0]).graph(), collapse="neuron", **options)
    assert {box.title for box in found.boxes} >= {"neurons.0", "x0"}


def test_a_few_inputs_keep_a_box_each() -> None:
    found = drawn(network([2, 1]), collapse="layer")
    assert titles(found, "leaf") == ["x0", "x1"]


def test_many_inputs_of_a_layer_are_one_box() -> None:
    found = drawn(nn.MLP(8, [3, 1]).graph([0.5] * 8), collapse="layer")
    assert ends(found) == {("x0 … x7", "layers.0"), ("layers.0", "layers.1")}


def test_several_roots_are_all_marked() -> None:
    model = nn.MLP(2, [2])
    graph = model.graph([1.0, 2.0])
    assert len(drawn(graph).roots) == 2
    assert len(drawn(graph, collapse="layer").roots) == 1
    assert len(drawn(graph, max_nodes=1).roots) == 1


def test_leaves_in_one_box_are_not_frozen_by_one_of_them() -> None:
    xs = [Value(1.0) for _ in range(12)]
    xs[0].requires_grad = False
    assert "frozen" not in nn.MLP(12, [2, 1])(xs).graph(collapse="layer").svg()
