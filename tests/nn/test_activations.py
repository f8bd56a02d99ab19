"""Activations: the modules compute what autograd's functions do."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value
from tests.helpers.measure_ulp import ulps
from tests.helpers.reference import exact_softmax, logit_lists
from tests.helpers.tables import table

MODULES: list[tuple[nn.Module, Callable[[Any], Any]]] = table(
    """
nn.Identity() | lambda x: x
nn.ReLU() | autograd.relu
nn.LeakyReLU() | autograd.leaky_relu
nn.LeakyReLU(0.3) | lambda x: autograd.leaky_relu(x, 0.3)
nn.ELU() | autograd.elu
nn.ELU(0.3) | lambda x: autograd.elu(x, 0.3)
nn.GELU() | autograd.gelu
nn.SiLU() | autograd.silu
nn.Softplus() | autograd.softplus
nn.Sigmoid() | autograd.sigmoid
nn.Tanh() | autograd.tanh
""",
    globals(),
)


@pytest.mark.parametrize(("module", "function"), MODULES)
def test_modules_of_numbers_lists_and_arrays(
    module: nn.Module, function: Callable[[Any], Any]
) -> None:
    for x in (-1.5, 0.0, 2.0):
        assert module(x) == function(x)
        assert module(Value(x)).data == function(x)
    if isinstance(module, nn.Identity):
        return
    rows = [[-1.5, 2.0], [0.5, -0.25]]
    expected = [[function(x) for x in row] for row in rows]
    assert module(rows) == module(tuple(rows)) == expected
    assert np.array_equal(module(np.array(rows)), expected)
    assert module(np.float64(-1.5)) == function(-1.5)
    leaf = Value(-1.5)
    assert module(np.array([leaf, leaf], dtype=object))[1].inputs[0] is leaf


def test_settings_are_shown() -> None:
    assert repr(nn.LeakyReLU(0.3)) == "LeakyReLU(0.3)"
    assert repr(nn.ELU(0.5)) == "ELU(0.5)"
    assert repr(nn.Tanh()) == "Tanh()"


NAMES = ["relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "sigmoid", "tanh"]


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    neuron = nn.Neuron(1, name, init=nn.init.ones())
    for x in (-1.5, 2.0):
        assert neuron(x).data == getattr(autograd, name)(x)
    assert repr(neuron) == f"Neuron(1, activation={name})"
    for linear in ("linear", "identity", None):
        assert nn.Neuron(1, linear, init=nn.init.ones())(-2.0).data == -2.0


def test_an_activation_may_be_a_function_or_a_module() -> None:
    assert nn.Neuron(1, lambda x: x * x, init=nn.init.ones())(3.0).data == 9.0
    neuron = nn.Neuron(1, nn.LeakyReLU(0.5), init=nn.init.ones())
    assert neuron(-2.0).data == -1.0
    assert repr(neuron) == "Neuron(1, activation=LeakyReLU(0.5))"


@given(logit_lists)
def test_softmax_is_within_4_ulp(xs: list[float]) -> None:
    with mpmath.workdps(60):
        p, logs, _ = exact_softmax(xs)
        assert max(map(ulps, nn.softmax(xs), p)) <= 4.0
        assert max(map(ulps, nn.log_softmax(xs), logs)) <= 4.0


@given(logit_lists, st.integers(0, 5))
def test_gradients_of_softmax_are_within_4_ulp(xs: list[float], index: int) -> None:
    at = index % len(xs)
    with mpmath.workdps(60):
        p, _, lacks = exact_softmax(xs)
        top = max(range(len(xs)), key=xs.__getitem__)
        for function, factor in ((nn.softmax, p[at]), (nn.log_softmax, 1)):
            leaves = [Value(x) for x in xs]
            function(leaves)[at].backward()
            for i, leaf in enumerate(leaves):
                exact = factor * (lacks[i] if i == at else -p[i])
                terms = [factor] if i == top != at else []
                assert ulps(leaf.grad, exact, terms) <= 4.0
