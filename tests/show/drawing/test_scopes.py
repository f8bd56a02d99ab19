"""Scopes as boxes: what was computed in each, in frames of those around, without cycles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Graph, Value, dot, logsumexp, scope
from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.fitting import fit
from autograd.show.drawing.options import Options
from tests.helpers.examples import letters


@scope("softmax")
def softmaxed(scores: list[Value]) -> list[Value]:
    total = logsumexp(scores)
    return [(score - total).exp() for score in scores]


def attention(heads: int = 2, places: int = 3, wide: int = 2) -> Value:
    xs = [[Value(0.1 * i + t, label=f"x{t}{i}") for i in range(wide)] for t in range(places)]
    found = []
    for head in range(heads):
        with scope(f"head {head}"):
            w = [Value(0.3 * head + 0.1 * i, label=f"w{head}{i}") for i in range(wide)]
            query = [a * b for a, b in zip(w, xs[0])]
            looks = softmaxed([dot(query, x) for x in xs])
            found += [dot(looks, list(column)) for column in zip(*xs)]
    with scope("out"):
        result: Value = sum(found, Value(0.0, label="bias")).tanh()
    return result


def drawn(y: Value, collapse: str | None = "scope") -> Picture:
    return fit(Graph(y), Options().changed(collapse=collapse, max_nodes=None)).picture


def is_acyclic(shown: Picture) -> bool:
    return _reaches_none_twice([(edge.tail.id, edge.head.id) for edge in shown.edges])


def _reaches_none_twice(arrows: list[tuple[str, str]]) -> bool:
    left = {end for arrow in arrows for end in arrow}
    while True:
        ends = {head for tail, head in arrows if tail in left and head in left}
        if not left - ends:
            return not left
        left = ends


def test_each_scope_is_a_box_in_the_frame_of_the_one_around_it() -> None:
    boxes = [box for box in drawn(attention()).boxes if box.members]
    boxes.sort(key=lambda box: (box.modules or ("out",), box.members[-1].index))
    assert [(box.title, box.modules) for box in boxes] == [
        ("head 0 · 1", ("head 0",)),
        ("softmax", ("head 0",)),
        ("head 0 · 2", ("head 0",)),
        ("head 1 · 1", ("head 1",)),
        ("softmax", ("head 1",)),
        ("head 1 · 2", ("head 1",)),
        ("out", ()),
    ]
    first = boxes[0].members
    assert {node.name for node in first if node.op is None} == {"w00", "w01"}
    assert "x00" not in {node.name for box in boxes for node in box.members}  # of both heads
    assert {node.op.name for node in boxes[1].members if node.op} == {"logsumexp", "sub", "exp"}


def test_a_scope_that_is_entered_again_is_one_box_if_it_can_be() -> None:
    x, w = Value(0.5, label="x"), Value(2.0, label="w")
    ys = []
    for _ in range(3):
        with scope("linear"):
            ys.append(x * w + 1.0)
    with scope("norm"):
        y = (ys[0] + ys[1] + ys[2]) * 0.5
    y = y + 1.0
    with scope("norm"):
        y = y * y * 2.0
    assert [(b.title, len(b.members)) for b in drawn(y).boxes if b.members] == [
        ("linear", 8),
        ("norm · 1", 3),
        ("norm · 2", 2),
    ]


def test_without_scopes_nothing_is_collapsed() -> None:
    y = (Value(0.5) * 2.0).tanh()
    assert len(drawn(y).boxes) == 3
    with scope("one"):
        y = y * 2.0  # a scope of one node is the node, in its frame
    assert [(box.title, box.modules) for box in drawn(y).boxes[-1:]] == [("v4", ("one",))]


def test_a_network_keeps_its_neurons_unless_asked_for_scopes() -> None:
    model = nn.MLP(2, [3, 1])
    with scope("critic"):
        y = model([Value(0.5, label="x"), Value(1.0, label="y")])
    titles = [box.title for box in drawn(y, "neuron").boxes]
    assert "neurons.2" in titles
    assert [box.title for box in drawn(y).boxes if box.members] == ["critic"]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 5))))
def test_boxes_of_any_scopes_are_without_cycles(made: list[tuple[int, int, int]]) -> None:
    names = ["", "a", "b", "a/b", "c", "c/a"]
    values = [Value(1.0, label="x"), Value(1.0, label="y")]
    for left, right, name in made:
        blocks = [scope(part) for part in names[name].split("/") if part]
        for block in blocks:
            block.__enter__()
        values.append(values[left % len(values)] + values[right % len(values)])
        for block in reversed(blocks):
            block.__exit__()
    graph = Graph(sum(values, values[0]))
    shown = fit(graph, Options().changed(collapse="scope", max_nodes=None)).picture
    assert is_acyclic(shown)
    scopes = graph.scopes
    for box in shown.boxes:
        assert len({scopes.get(node, "") for node in box.members if node.op is not None}) < 2


def test_the_gpt_is_drawn_as_its_parts() -> None:
    graph = letters().graph()
    drawing = fit(graph, Options())
    titles = [box.title for box in drawing.picture.boxes]
    assert titles == [
        "embedding",
        "norm · 1",
        "query, key, value",
        *[f"head {k}" for k in range(4)],
        "heads together",
        "norm · 2",
        "MLP",
        "logits",
        "loss",
    ]
    assert drawing.fits()


@pytest.mark.parametrize("collapse", ["scope", "auto", None])
def test_every_node_is_in_the_picture(collapse: str | None) -> None:
    y = attention()
    shown = drawn(y, collapse)
    single = [box.node.name for box in shown.boxes if box.node and not box.members]
    together = [node.name for box in shown.boxes for node in box.members]
    assert {*single, *together} >= {node.name for node in Graph(y)}
