"""Layers: what they compute, what they refuse."""

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from autograd.core.primitive import TABLE
from tests.helpers import torchs

numbers = st.floats(-1e3, 1e3)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8), numbers)
def test_a_fused_neuron_is_one_exactly_rounded_node(
    pairs: list[tuple[float, float]], bias: float
) -> None:
    neuron = nn.Neuron(len(pairs))
    for w, (data, _) in zip(neuron.w, pairs):
        w.data = data
    neuron.b.data = bias
    xs = [Value(x) for _, x in pairs]
    out = neuron(xs)
    assert out.op is TABLE["dot"]
    exact = Fraction(bias) + sum(Fraction(w * x) for w, x in pairs)
    assert out.data == float(exact)
    out.backward()
    assert [w.grad for w in neuron.w] == [x for _, x in pairs]
    assert [x.grad for x in xs] == [w for w, _ in pairs]
    assert neuron.b.grad == 1.0


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8), numbers)
def test_an_unfused_neuron_adds_in_order(pairs: list[tuple[float, float]], bias: float) -> None:
    neuron = nn.Neuron(len(pairs), fused=False)
    for weight, (data, _) in zip(neuron.w, pairs):
        weight.data = data
    neuron.b.data = bias
    expected = bias
    for w, x in pairs:
        expected = expected + w * x
    out = neuron([x for _, x in pairs])
    assert out.data == expected
    assert out.op is TABLE["add"]


@pytest.mark.parametrize("fused", [True, False])
def test_without_bias(fused: bool) -> None:
    neuron = nn.Neuron(2, init=nn.init.ones(), bias=False, fused=fused)
    assert neuron.b == 0.0
    assert len(neuron.parameters()) == 2
    assert neuron([2.0, 3.0]).data == 5.0
    assert len(nn.MLP(2, [3, 1], bias=False).parameters()) == 9


def test_neurons_are_fused_unless_told_otherwise() -> None:
    x = [1.0, 2.0]
    for model in (nn.Neuron(2), nn.Layer(2, 1), nn.MLP(2, [1])):
        assert model(x).op is TABLE["dot"]
    for model in (nn.Layer(2, 1, fused=False), nn.MLP(2, [1], fused=False)):
        assert model(x).op is TABLE["add"]


def test_a_layer_gives_a_list_or_its_only_output() -> None:
    assert [y.data for y in nn.Layer(2, 3, init=nn.init.ones())([1.0, 2.0])] == [3.0] * 3
    assert nn.Layer(2, 1, init=nn.init.ones())([1.0, 2.0]).data == 3.0


def test_layers_of_one_neuron_follow_each_other() -> None:
    model = nn.MLP(1, [1, 1, 2], init=nn.init.ones())
    assert [y.data for y in model(3.0)] == [3.0, 3.0]
    assert [y.data for y in model(Value(-3.0))] == [0.0, 0.0]


@pytest.mark.parametrize(
    "x",
    [(1.0, 2.0), [1, 2], np.array([1.0, 2.0]), np.array([1, 2]), range(1, 3)],
    ids=["tuple", "ints", "array", "int array", "range"],
)
def test_inputs_of_many_kinds(x: Any) -> None:
    model = nn.MLP(2, [2, 1], init=nn.init.ones())
    assert model(x).data == 6.0


def test_an_array_of_values_keeps_its_gradient() -> None:
    xs = [Value(1.0), Value(2.0)]
    nn.Layer(2, 1, init=nn.init.ones())(np.array(xs, dtype=object)).backward()
    assert [x.grad for x in xs] == [1.0, 1.0]


def test_hidden_layers_are_relu_and_the_last_is_linear() -> None:
    model = nn.MLP(1, [2, 2], init=nn.init.constant(-1.0))
    assert [y.data for y in model([-1.0])] == [-2.0, -2.0]
    shaped = nn.MLP(1, [1], activation="tanh", output_activation="relu")
    assert repr(shaped.layers[0]) == "Layer(1, 1, activation=relu)"


def test_sequential() -> None:
    layer = nn.Layer(1, 2, init=nn.init.ones())
    model = nn.Sequential([layer, sum, nn.Tanh()])
    assert repr(model) == repr(nn.Sequential(layer, sum, nn.Tanh()))
    assert model(0.25).data == Value(0.5).tanh().data
    assert len(model) == 3
    assert model[0] is layer
    assert model[:2](0.25).data == 0.5
    assert list(model)[1] is sum
    assert len(model.parameters()) == 4


def test_embedding() -> None:
    random.seed(0)
    table = nn.Embedding(3, 2)
    assert [path for path, _ in table.named_parameters()] == [
        f"weight.{i}.{j}" for i in range(3) for j in range(2)
    ]
    assert [*map(id, table(1))] == [*map(id, table.weight[1])]
    table(1).clear()
    index: Any = np.int64(1)
    assert len(table(index)) == 2
    table(2)[0].backward()
    assert [p.grad for p in table.parameters()] == [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert sorted(str(x.label) for x in table.graph(1).nodes) == ["weight.1.0", "weight.1.1"]
    assert repr(table) == "Embedding(3, 2)"


def test_dropout_while_training() -> None:
    random.seed(0)
    out = nn.Dropout(0.25)([3.0] * 4000)
    assert set(out) == {0.0, 4.0}
    assert out.count(0.0) == pytest.approx(1000, abs=4 * (4000 * 0.25 * 0.75) ** 0.5)


def test_dropout_at_its_ends_and_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    x = [Value(3.0)]
    nn.Dropout(1.0)(x)[0].backward()
    assert x[0].grad == 0.0
    assert nn.Dropout(0.5).eval()(x) is x
    monkeypatch.setattr(random, "random", lambda: 0.0)
    assert nn.Dropout(0.0)([3.0]) == [3.0]


def test_dropout_draws_for_every_element_of_an_array() -> None:
    random.seed(0)
    for x in (np.ones((20, 5)), np.ones((20, 5)).tolist()):
        rows = nn.Dropout(0.5)(x)
        assert [len(row) for row in rows] == [5] * 20
        assert {value for row in rows for value in row} == {0.0, 2.0}
    assert set(nn.Dropout(0.5)(np.ones(50))) == {0.0, 2.0}


@pytest.mark.parametrize("settings", [{}, {"bias": False}, {"elementwise_affine": False}])
def test_layer_norm_is_torchs(settings: dict[str, Any]) -> None:
    layer, x = nn.LayerNorm([4], eps=0.01, **settings), [1.0, -2.0, 0.5, 4.0]
    for k, p in enumerate(layer.parameters()):
        p.data = math.sin(k)
    ws = torchs.numbers(layer.weight or [1.0] * 4)
    bs = torchs.numbers(layer.bias or [0.0] * 4)
    mean = sum(x) / 4.0
    root = math.sqrt(sum((y - mean) ** 2 for y in x) / 4.0 + 0.01)
    expected = [(y - mean) / root * w + b for y, w, b in zip(x, ws, bs)]
    assert torchs.numbers(layer(x)) == pytest.approx(expected, rel=1e-13)
    torchs.against_torch(layer, "LayerNorm", x)
    shown = "".join(f", {name}=False" for name in settings)
    assert repr(layer) == f"LayerNorm(4, eps=0.01{shown})"
