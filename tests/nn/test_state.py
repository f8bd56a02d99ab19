"""Files of models: exact, whole or not at all, refused when damaged."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("safetensors")

import numpy as np
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.training.checkpoint import read_checkpoint, write_checkpoint
from tests.helpers.tables import column, table


class Odd(nn.Module):
    """Paths that look like indices but are no list's."""

    def __init__(self) -> None:
        self.table: dict[Any, Any] = {"01": Value(1.0), 3: Value(2.0), "a": Value(3.0)}
        self.table["a.0"] = Value(4.0)
        self.single = Value(5.0)


MODELS: list[Callable[[], nn.Module]] = column(
    """
lambda: nn.MLP(3, [4, 1])
lambda: nn.Sequential(nn.Embedding(3, 2), nn.Layer(2, 12))
Odd
lambda: nn.Tanh()
""",
    **globals(),
)


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
    with pytest.raises(ValueError):
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
        "neurons.0.weight": ((3,), "float64"),
        "neurons.0.bias": ((), "float64"),
    }


def test_matrices_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "table.safetensors"
    safetensors.numpy.save_file({"weight": np.arange(6, dtype=np.float32).reshape(3, 2)}, path)
    table = nn.Embedding(3, 2)
    nn.load_model(table, path)
    assert [p.data for p in table(1)] == [2.0, 3.0]


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
    with pytest.raises(ValueError):
        write_checkpoint(path, {"a": float("inf")})
    assert repr(read_checkpoint(path)) == repr(state)


# ---------------------------------------------------------------- PyTorch's


class Several(nn.Module):
    def __init__(self) -> None:
        self.fc = nn.Layer(2, 3)
        self.blocks = [nn.GRUCell(2, 1), nn.Conv2d(1, 1, 2), nn.LayerNorm(2)]
        self.net = nn.Sequential(nn.MLP(2, [2, 1]), nn.Tanh(), nn.Neuron(2, bias=False))
        self.table, self.scale = nn.Embedding(2, 2), Value(0.0)
        self.array = np.array([Value(0.0), Value(1.0)])


SHAPES: dict[str, tuple[int, ...]] = {
    name: tuple(row)
    for name, *row in table(
        """
"scale"
"array" | 2
"fc.weight" | 3 | 2
"fc.bias" | 3
"blocks.0.weight_ih" | 3 | 2
"blocks.0.weight_hh" | 3 | 1
"blocks.0.bias_ih" | 3
"blocks.0.bias_hh" | 3
"blocks.1.weight" | 1 | 1 | 2 | 2
"blocks.1.bias" | 1
"blocks.2.weight" | 2
"blocks.2.bias" | 2
"net.0.0.weight" | 2 | 2
"net.0.0.bias" | 2
"net.0.2.weight" | 1 | 2
"net.0.2.bias" | 1
"net.2.weight" | 1 | 2
"table.weight" | 2 | 2
""",
        globals(),
    )
}


def foreign_state() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("lists", [False, True])
def test_a_state_of_arrays_is_loaded_by_name(lists: bool) -> None:
    state, model = foreign_state(), Several()
    given = {name: x.tolist() for name, x in state.items()} if lists else state
    assert model.load_state_dict(given) == ([], [])
    assert [[w.data for w in neuron.w] for neuron in model.fc.neurons] == state[
        "fc.weight"
    ].tolist()
    flat = sorted(p.data for p in model.parameters())
    assert flat == sorted(x for part in state.values() for x in part.ravel().tolist())
    assert model.scale.data == state["scale"]
    fc = {"fc.bias": [1.0, 2.0, 3.0], "odd": np.ones(2)}
    missing, unexpected = model.load_state_dict(fc, strict=False)
    assert (len(missing), unexpected) == (len(SHAPES) - 1, ["odd"])
    assert [neuron.b.data for neuron in model.fc.neurons] == [1.0, 2.0, 3.0]


def test_a_state_and_a_file_of_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    import safetensors.torch

    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    x = [0.5, -2.0]
    expected = theirs.double()(torch.tensor(x, dtype=torch.float64)).item()
    for model in (
        nn.Sequential(nn.Layer(2, 3), nn.Tanh(), nn.Layer(3, 1)),
        nn.MLP(2, [3, 1], activation="tanh"),
    ):
        model.load_state_dict(theirs.state_dict())
        assert model(x).data == pytest.approx(expected, rel=1e-12)
        before = model.state_dict()
        for p in model.parameters():
            p.data = 0.0
        nn.load_model(model, tmp_path / "theirs.safetensors")
        assert model.state_dict() == before
