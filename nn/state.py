"""Files: models and checkpoints, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import (
    CHECKSUM,
    check_checksum,
    json_object,
    with_checksum,
    without_repetition,
    write_atomically,
)
from nn.checks import instance, shortened
from nn.module import Module, named_arrays

if TYPE_CHECKING:
    import numpy as np


def save_model(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters to a file, exactly; its name says in which format.

    The file carries a checksum as "scalar-autograd crc32": in JSON one more entry, to be
    removed by whoever edits the file, in safetensors among the metadata.

    Args:
        path: `*.json`, an object of numbers by parameter path, or `*.safetensors`, float64
            arrays: the parameters `weight.0`, `weight.1`, … together as the array `weight`.

    Raises:
        TypeError: the model is not a Module, or `path` not a path.
        ValueError: another suffix, or a parameter is infinite or NaN, which JSON cannot hold.
        ImportError: the safetensors package is needed and missing.
        OSError: the file cannot be written.

    After an error, a file that was there is unchanged.

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
        for name, number in state.items():
            if not math.isfinite(number):
                raise ValueError(
                    f"save_model: the parameter {name!r} is {number}, which JSON cannot hold; "
                    "correct it, or save as .safetensors"
                )
        data = json.dumps({CHECKSUM: "0" * 8, **state}, indent=1).encode()
    else:
        data = _safetensors().save(_grouped(state), {CHECKSUM: "0" * 8})
    write_atomically(path, with_checksum(data))


def load_model(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the parameters to those that `save_model` wrote, or PyTorch as safetensors.

    Raises:
        TypeError: the model is not a Module, or `path` not a path.
        ValueError: another suffix, a damaged file, or the file of another model; the message
            names the paths that are missing or unexpected, and the model is unchanged.
        ImportError: the safetensors package is needed and missing.
        OSError: the file cannot be read.

    >>> import tempfile, nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(nn.Layer(2, 1, init=nn.init.zeros()), f"{folder}/layer.json")
    ...     layer = nn.Layer(2, 1)
    ...     load_model(layer, f"{folder}/layer.json")
    >>> [p.data for p in layer.parameters()]
    [0.0, 0.0, 0.0]
    """
    instance(model, Module, "load_model: model")
    path = _with_known_suffix(path)
    data = path.read_bytes()
    check_checksum(path, data)
    if path.suffix == ".json":
        state = json_object(path, data)
    else:
        safetensors = _safetensors()
        try:
            arrays = safetensors.load(data)
            state = without_repetition(_scalars(arrays))
            names, ours = named_arrays(model).keys(), model.state_dict().keys()
            if arrays.keys() == names and state.keys() != ours:  # it is PyTorch's
                state = arrays
        except Exception as error:  # safetensors' own, and NumPy's for unknown types
            raise ValueError(f"{path} is damaged: {error}") from error
    try:
        model.load_state_dict(state)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not fit the model: {error}") from error


# ---------------------------------------------------------------- helpers


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
    """Arrays by name: the numbers at `x.0`, `x.1`, … as `x`, and every other number alone."""
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
