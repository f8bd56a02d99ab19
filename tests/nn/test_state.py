"""Files of models: exact, whole or not at all, refused when damaged."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.training.checkpoint import read_checkpoint, write_checkpoint


class Odd(nn.Module):
    """Paths that look like indices but are no list's."""

    def __init__(self) -> None:
        self.table: dict[Any, Any] = {"01": Value(1.0), 3: Value(2.0), "a": Value(3.0)}
        self.table["a.0"] = Value(4.0)
        self.single = Value(5.0)


MODELS: list[Callable[[], nn.Module]] = [
    lambda: nn.MLP(3, [4, 1]),
    lambda: nn.Sequential(nn.Embedding(3, 2), nn.Layer(2, 12)),
    Odd,
    lambda: nn.Tanh(),
]


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
@pytest.mark.parametrize("make", MODELS)
def test_round_trip(make: Callable[[], nn.Module], suffix: str, tmp_path: Path) -> None:
    model, other = make(), make()
    nn.save_model(model, tmp_path / f"model{suffix}")
    for parameter in other.parameters():
        parameter.data = -1.0
    nn.load_model(other, str(tmp_path / f"model{suffix}"))
    assert other.state_dict() == model.state_dict()
    assert os.listdir(tmp_path) == [f"model{suffix}"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives(tmp_path_factory: pytest.TempPathFactory, x: float) -> None:
    folder = tmp_path_factory.getbasetemp()
    model, other = nn.Neuron(2), nn.Neuron(2)
    model.w[1].data = x
    for path in (folder / "one.json", folder / "one.safetensors"):
        nn.save_model(model, path)
        nn.load_model(other, path)
        assert other.w[1].data.hex() == x.hex()


def test_json_has_no_infinity_and_no_nan(tmp_path: Path) -> None:
    model, path = nn.Layer(2, 1), tmp_path / "model.json"
    nn.save_model(model, path)
    whole = path.read_bytes()
    model.neurons[0].w[1].data = float("nan")
    with pytest.raises(ValueError, match=r"save_model: the parameter 'neurons\.0\.w\.1' is"):
        nn.save_model(model, path)
    assert path.read_bytes() == whole
    nn.save_model(model, tmp_path / "model.safetensors")
    nn.load_model(model, tmp_path / "model.safetensors")
    assert str(model.neurons[0].w[1].data) == "nan"


def test_lists_are_arrays(tmp_path: Path) -> None:
    model = nn.Layer(3, 1)
    nn.save_model(model, tmp_path / "layer.safetensors")
    arrays = safetensors.numpy.load_file(tmp_path / "layer.safetensors")
    assert {name: (a.shape, str(a.dtype)) for name, a in arrays.items()} == {
        "neurons.0.w": ((3,), "float64"),
        "neurons.0.b": ((), "float64"),
    }


def test_matrices_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "table.safetensors"
    safetensors.numpy.save_file({"weight": np.arange(6, dtype=np.float32).reshape(3, 2)}, path)
    table = nn.Embedding(3, 2)
    nn.load_model(table, path)
    assert [p.data for p in table(1)] == [2.0, 3.0]


def test_without_safetensors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"scalar-autograd\[train\]"):
        nn.save_model(nn.Layer(1, 1), tmp_path / "model.safetensors")
    nn.save_model(nn.Layer(1, 1), tmp_path / "model.json")


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=40)
@given(state=st.dictionaries(st.text(), PLAIN, max_size=4))
def test_every_state_survives(
    tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    write_checkpoint(path, state)
    with pytest.raises(ValueError, match=r"any\.json cannot hold an infinite number or NaN"):
        write_checkpoint(path, {"a": float("inf")})
    assert repr(read_checkpoint(path)) == repr(state)
