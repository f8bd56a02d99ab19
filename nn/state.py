"""Files: models and checkpoints, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import write_atomically
from nn.checks import instance, shortened
from nn.module import Module

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "load_model",
    "read_checkpoint",
    "save_model",
    "write_atomically",
    "write_checkpoint",
]

CHECKPOINT = "scalar-autograd checkpoint"
VERSION = 1


def save_model(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters to a file, exactly; its name says in which format.

    Args:
        path: `*.json`, an object of numbers by parameter path, or `*.safetensors`, float64
            arrays: the parameters `w.0`, `w.1`, … together as the array `w`.

    Raises:
        TypeError: the model is no Module, or the path no path.
        ValueError: another suffix, or a parameter that JSON has no number for (infinite or
            NaN).
        ImportError: the safetensors package is needed and missing.
        OSError: the file cannot be written.

    Whatever is raised, a file that was there is as it was.

    >>> import tempfile, nn
    >>> model = nn.Layer(2, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/layer.json")
    ...     other = nn.Layer(2, 1)
    ...     load_model(other, f"{folder}/layer.json")
    >>> other.state_dict() == model.state_dict()
    True
    """
    instance(model, Module, "save_model: model")
    path = _with_known_suffix(path)
    state = model.state_dict()
    if path.suffix == ".json":
        for name, data in state.items():
            if not math.isfinite(data):
                raise ValueError(
                    f"save_model: the parameter {name!r} is {data}, which JSON cannot hold; "
                    "mend it, or save as .safetensors"
                )
        write_atomically(path, json.dumps(state, indent=1).encode())
    else:
        write_atomically(path, _safetensors().save(_grouped(state)))


def load_model(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the parameters to those that `save_model` wrote.

    Raises:
        TypeError: the model is no Module, or the path no path.
        ValueError: another suffix, a file that is damaged, or one of another model, naming
            the paths that are missing or unexpected; the model is as it was.
        ImportError: the safetensors package is needed and missing.
        OSError: the file cannot be read.
    """
    instance(model, Module, "load_model: model")
    path = _with_known_suffix(path)
    data = path.read_bytes()
    if path.suffix == ".json":
        state = _parsed(path, data)
    else:
        safetensors = _safetensors()
        try:
            state = _without_repetition(_scalars(safetensors.load(data)))
        except Exception as error:  # safetensors' own, and NumPy's for unknown types
            raise ValueError(f"{path} is damaged: {error}") from error
    try:
        model.load_state_dict(state)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not fit the model: {error}") from error


# ---------------------------------------------------------------- checkpoints


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a training's state with its version and a checksum.

    Raises:
        ValueError: a number in it is infinite or NaN; a file that was there is as it was.
        OSError: the file cannot be written.
    """
    try:
        text = json.dumps(state, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"{path} cannot hold an infinite number or NaN: {error}") from error
    whole = {
        "format": CHECKPOINT,
        "version": VERSION,
        "crc32": zlib.crc32(text.encode()),
        "state": state,
    }
    write_atomically(path, json.dumps(whole).encode())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state that `write_checkpoint` wrote.

    Raises:
        ValueError: the file is something else, of another version, or damaged.
        OSError: it cannot be read.
    """
    whole = _parsed(path, path.read_bytes())
    if whole.get("format") != CHECKPOINT:
        raise ValueError(f"{path} is not a checkpoint")
    if whole.get("version") != VERSION:
        raise ValueError(
            f"{path} is a checkpoint of version {shortened(whole.get('version'))}; "
            f"this release reads version {VERSION}"
        )
    state = whole.get("state")
    if zlib.crc32(json.dumps(state).encode()) != whole.get("crc32"):
        raise ValueError(f"{path} is damaged: its checksum is wrong")
    if not isinstance(state, dict):
        raise ValueError(f"{path} is damaged: it holds no state")
    return state


# ---------------------------------------------------------------- helpers


def _parsed(path: Path, data: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_without_repetition,
            parse_constant=_finite,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object")
    return parsed


def _without_repetition(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, data in pairs:
        if name in result:
            raise ValueError(f"{shortened(name)} occurs twice")
        result[name] = data
    return result


def _finite(number: str) -> float:
    result = float(number)
    if not math.isfinite(result):
        raise ValueError(f"it has the number {shortened(number)}")
    return result


def _with_known_suffix(path: str | os.PathLike[str]) -> Path:
    result = Path(path)
    if result.suffix not in (".json", ".safetensors"):
        got = os.fspath(path)
        raise ValueError(f"a model's file ends in .json or .safetensors, got {got!r}")
    return result


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "safetensors files need the `train` extra: pip install 'scalar-autograd[train]'; "
            "or save as .json"
        ) from error
    return safetensors.numpy


def _grouped(state: dict[str, float]) -> dict[str, np.ndarray]:
    """Arrays by name: the numbers at `w.0`, `w.1`, … as `w`, any other by itself."""
    import numpy as np

    lists: dict[str, list[float]] = {}
    arrays: dict[str, np.ndarray] = {}
    for path, data in state.items():
        name, _, index = path.rpartition(".")
        if name and name not in state and index == str(len(lists.get(name, []))):
            lists.setdefault(name, []).append(data)
        else:
            arrays[path] = np.array(data)
    return arrays | {name: np.array(numbers) for name, numbers in lists.items()}


def _scalars(arrays: dict[str, np.ndarray]) -> Iterator[tuple[str, float]]:
    import numpy as np

    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise ValueError(f"{shortened(name)} holds {array.dtype}, not floats")
        for index, number in np.ndenumerate(array):
            yield ".".join([name, *map(str, index)]), float(number)
