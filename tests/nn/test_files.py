"""Files of models and checkpoints that are damaged, foreign or hostile change nothing."""

import errno
import functools
import itertools
import json
import os
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from nn.training.checkpoint import read_checkpoint, write_checkpoint
from tests.helpers.builds import THIS, run
from tests.helpers.foreign import FOREIGN, tensor, tensors
from tests.helpers.killed import Training, stop_after, trained

TOLD = pytest.mark.filterwarnings("ignore:fit. not compiled")

SUFFIXES = [".json", ".safetensors"]
FILES = ["model.json", "model.safetensors", "run.json"]
LONGEST = 700  # characters of a message


def written(model: nn.Module, path: Path) -> None:
    if path.name == "run.json":
        write_checkpoint(path, STATE)
    else:
        nn.save_model(model, path)


def make() -> nn.Sequential:
    random.seed(5)
    return nn.Sequential(nn.Embedding(2, 2), nn.Layer(2, 1))


def refused(model: nn.Module, path: Path) -> None:
    """The file is refused with an error that names it, and the model is as it was."""
    load: Any = functools.partial(nn.load_model, model)
    if path.name == "run.json":
        load = read_checkpoint
    before, draws, content = model.state_dict(), random.getstate(), path.read_bytes()
    with pytest.raises(ValueError) as error:
        load(path)
    assert str(error.value).startswith(f"{path} ")
    assert len(str(error.value)) < LONGEST + len(str(path))
    assert model.state_dict() == before
    assert random.getstate() == draws
    assert path.read_bytes() == content


def refusal(load: Callable[[Path], object], path: Path) -> str | None:
    """Return the message of the ValueError, if there is one."""
    try:
        load(path)
    except ValueError as error:
        return str(error)
    return None


def flipped(path: Path) -> Iterator[None]:
    """Flip every bit of a file, one after the other."""
    whole = path.read_bytes()
    with open(path, "r+b", buffering=0) as file:
        for at, bit in itertools.product(range(len(whole)), range(8)):
            for byte in (whole[at] ^ 1 << bit, whole[at]):
                file.seek(at)
                file.write(bytes([byte]))
                if byte != whole[at]:
                    yield


STATE = {"model": {"w.0": 0.1, "w.1": -3.25}, "epoch": 17, "random": [3, [1, 2], None]}


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_anywhere_or_with_a_bit_flipped_anywhere(
    name: str, tmp_path: Path
) -> None:
    model, path = nn.Neuron(1), tmp_path / name
    written(model, path)
    for _ in flipped(path):
        refused(model, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        refused(model, path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(FOREIGN[kind])
    refused(make(), path)
    assert os.listdir(tmp_path) == [name]
    assert not Path("/escaped").exists()


def test_json_by_hand(tmp_path: Path) -> None:
    path, model = tmp_path / "model.json", nn.Neuron(1)
    path.write_text('{"w.0": 0.5, "b": 0.25}')
    nn.load_model(model, path)
    assert model.state_dict() == {"weight.0": 0.5, "bias": 0.25}


EIGHT = struct.pack("<d", 0.5)
W, B = tensor("F64", [1], 0, 8), tensor("F64", [], 8, 16)


@pytest.mark.parametrize("more", [{}, {"more": tensor("F64", [2**40, 0], 16, 16)}])
def test_the_layout_that_is_changed_and_an_array_of_nothing(
    more: dict[str, Any], tmp_path: Path
) -> None:
    path, model = tmp_path / "model.safetensors", nn.Neuron(1)
    path.write_bytes(tensors({"w": W, "b": B, **more}, EIGHT * 2))
    nn.load_model(model, path)
    assert model.state_dict() == {"weight.0": 0.5, "bias": 0.5}


STRANGE: list[Any] = [
    None, True, 0, -1, 2, 10**20, 10**400, 0.5, -0.5, "", "nan", "inf", "x", [], {}, [0.0],
    {"a": 1.0}, [[[]]],
]  # fmt: skip


def places(part: Any) -> list[tuple[Any, Any]]:
    """Every container in a state, with each of its keys or indices; of a long list, few."""
    if isinstance(part, dict):
        keys: list[Any] = list(part)
    elif isinstance(part, list):
        keys = [0, len(part) - 1][: len(part)] if len(part) > 100 else list(range(len(part)))
    else:
        return []
    inner = [place for key in keys for place in places(part[key])]
    return [*((part, key) for key in keys), *inner]


@TOLD
@settings(max_examples=60)
@given(at=st.integers(0, 500), strange=st.sampled_from(STRANGE))
def test_a_checkpoint_with_something_strange_anywhere(
    at: int, strange: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is refused, or it is a training's after all and can be continued."""
    path, state = tmp_path_factory.getbasetemp() / "strange.json", json.loads(trained())
    found = places(state)
    container, key = found[at % len(found)]
    container[key] = strange
    write_checkpoint(path, state)
    training = Training()
    before, epochs = repr(training.state()), list[int]()
    go_on = [stop_after(3, epochs)]
    message = refusal(lambda path: training.fit(path, resume=True, callbacks=go_on), path)
    if message is None:
        assert epochs in ([3], [1, 2, 3]) or training.stopper.stopped
    else:
        assert epochs == []
        assert message.startswith(f"{path} ")
        assert len(message) < LONGEST + len(str(path))
        assert repr(training.state()) == before


def test_nothing_is_run_imported_or_written_while_loading(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    for suffix in SUFFIXES:
        for number, content in enumerate(FOREIGN.values()):
            (tmp_path / f"{number}{suffix}").write_bytes(content)
        nn.save_model(nn.Neuron(1), tmp_path / "good" / f"good{suffix}")
        (tmp_path / "good" / f"bad{suffix}").touch()
    write_checkpoint(tmp_path / "good" / "run.json", STATE)
    before = sorted(os.listdir(tmp_path))
    done = run(THIS, "-m", "tests.helpers.foreign", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert sorted(os.listdir(tmp_path)) == before


def full_disc(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@TOLD
def test_a_training_that_fills_the_disc_goes_on_with_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    whole = Training().fit()

    def after_three(event: nn.EpochEnd) -> None:
        if event.epoch == 3:
            monkeypatch.setattr(os, "fsync", full_disc)

    with pytest.raises(OSError) as full:
        Training().fit(path, callbacks=[after_three, lambda event: random.random()])
    assert full.value.filename == str(path)
    assert os.listdir(tmp_path) == ["run.json"]
    assert len(read_checkpoint(path)["history"]["loss"]) == 2
    monkeypatch.undo()
    assert Training().fit(path, resume=True) == whole
