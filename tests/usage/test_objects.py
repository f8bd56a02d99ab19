"""Values as objects: shown, completed, copied, sent to other processes, kept in classes."""

import inspect
import math
import multiprocessing
import random
import types
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, gradient


def neuron() -> tuple[Value, Value, Value]:
    x, w = Value(0.5, label="x"), Value(-2.0, label="w")
    return x, w, (x * w + 1.5).tanh()


@pytest.mark.parametrize(
    "owner", [autograd, nn, Value(2.0), nn.MLP(1, [1]), Value(2.0).graph()]
)
def test_completion_offers_names_that_are_there_and_described(owner: Any) -> None:
    names = [name for name in dir(owner) if not name.startswith("_")]
    assert len(names) > 5
    for name in names:
        found = getattr(owner, name)
        if callable(found) and not isinstance(owner, types.ModuleType):
            assert inspect.getdoc(found), name
            inspect.signature(found)


def test_a_model_and_its_outputs_in_other_processes() -> None:
    random.seed(0)
    model = nn.MLP(2, [3, 1])
    samples = [[0.5, -1.0], [2.0, 0.25], [-1.0, 1.0]]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        outputs = list(pool.map(model, samples))
        x, _, y = neuron()
        (slope,) = pool.submit(gradient, y, [x]).result()
    assert [y.data for y in outputs] == [model(sample).data for sample in samples]
    assert slope == gradient(y, [x])[0]
    outputs[0].backward()  # the graph has come back with it
    assert all(p.grad == 0.0 for p in model.parameters())


def per_radian(out: Any, x: Any) -> float:
    return 180.0 / math.pi


@pytest.mark.parametrize("by_name", [True, False])
def test_an_operation_of_ones_own_in_other_processes(by_name: bool) -> None:
    if not by_name:
        pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    slope = per_radian if by_name else lambda out, x: 180.0 / math.pi
    degrees = autograd.primitive(f"degrees_{by_name}", math.degrees, slope)
    x = Value(2.0)
    y = degrees(x) * x
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(gradient, y, [x]).result() == gradient(y, [x])
