"""Rules as they are taught: equal to those of the table, and what lessons show."""

import pytest

import nn
from autograd import Value
from autograd.core.primitive import TABLE
from autograd.show.formulas import LATEX, arithmetic, rule

TAUGHT = sorted(name for name, entry in TABLE.items() if entry.taught is not None)


@pytest.mark.parametrize("name", TAUGHT)
def test_a_taught_rule_is_that_of_the_table(name: str) -> None:
    entry = TABLE[name]
    assert {"tanh", "sigmoid", "nn.cross_entropy"} <= {*TAUGHT}
    for smoothing in (0.0, 0.25):
        xs = {"nn.cross_entropy": (1.0, smoothing, 0.5, -0.25, 1.0), "logsumexp": (0.5, 2.0)}
        point = xs.get(name, (0.75,))
        out = entry(*point)
        accurate = (
            entry.partials(out, point) if entry.variadic else entry.partial(0, out, point)
        )
        assert entry.taught is not None
        assert entry.taught(out, *point) == pytest.approx(accurate, rel=1e-14, abs=1e-16)


def test_what_lessons_say() -> None:
    x, y = Value(-2.0, label="x"), Value(3.0, label="y")
    p = x.tanh()
    logits = [x, y, Value(1.0, label="z")]
    for value, formula, partial in [
        (p, "tanh(x)", "1.0 - v2²"),
        (x.sigmoid(), "sigmoid(x)", "v2 * (1.0 - v2)"),
        (nn.mse_loss([p], [-1.0]), "(v2 - (-1.0))²", "v3"),
        (nn.huber_loss([x], [1.0]), "huber_loss(v2, 1.0)", "clip(v2, -1.0, 1.0)"),
        (
            nn.cross_entropy([logits], [1]),
            "-log softmax(x, y, z)₁",
            "exp(x - logsumexp(x, y, z))",
        ),
        (nn.cross_entropy([logits], [1], label_smoothing=0.5), "CE(x, y, z)", ""),
        (nn.Neuron(2)([x, y]) * 1.0, "v6 * 1.0", "1.0"),
        (1.0 / (x + y) / y, "v4 / y", "1.0 / y"),
    ]:
        root = value.graph().root
        assert arithmetic(root) == formula
        assert rule(root, 0) == partial or partial == ""
    root = nn.cross_entropy([logits], [1]).graph().root
    assert arithmetic(root, notation=LATEX) == (
        r"-\log \operatorname{softmax}\left(x, y, z\right)_{1}"
    )


def test_a_loss_of_one_sample_is_neither_summed_nor_divided() -> None:
    x = Value(2.0, label="x")
    assert nn.l1_loss([x], [0.0]).op is TABLE["abs"]
    assert nn.mse_loss([x, x], [0.0, 1.0]).op is TABLE["div"]


def test_names_of_parameters_are_short_and_differ() -> None:
    graph = nn.MLP(11, [11, 1]).graph([0.0] * 11)
    names = {node.short for node in graph}
    assert len(names) == len(graph)
    assert {"w⁽⁰⁾₀₀", "w⁽⁰⁾₁₀,₁₀", "b⁽¹⁾₀", "x10"} <= names
    lone = nn.Neuron(2)([1.0, 2.0]).graph()
    assert [node.short for node in lone] == ["b", "w₀", "w₁", "v4"]
    taken = Value(1.0, label="m.0.w.1") + Value(1.0, label="w₀₁")
    assert [node.short for node in taken.graph()] == ["m.0.w.1", "w₀₁", "v3"]
    deep = Value(1.0, label="a.0.b.1.w") + Value(1.0, label="a.1.b.1.w")
    assert [node.short for node in deep.graph()] == ["w⁽⁰⁾₁", "w⁽¹⁾₁", "v3"]
    named = Value(1.0, label="encoder.weight") + 1.0
    assert named.graph().nodes[0].short == "encoder.weight"
