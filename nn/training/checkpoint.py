"""The checkpoint of `fit`: everything that the rest of a training depends on, in one file."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograd.files import (
    CHECKSUM,
    check_checksum,
    json_object,
    with_checksum,
    write_atomically,
)
from nn.checks import finite_float, instance, same_keys, settings, shortened
from nn.module import Module
from nn.optim import Optimizer
from nn.schedules import Scheduler
from nn.training.history import EarlyStopping, History

CHECKPOINT = "scalar-autograd checkpoint"
VERSION = 2


class Checkpoint:
    """The checkpoint file of a `fit`, and the state that it holds.

    Args:
        path: None for a training without a file.
        records: the names of the numbers that an epoch adds to the history.
        data: the numbers of samples, by kind.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        model: Module,
        optimizer: Optimizer,
        scheduler: Scheduler | None,
        early_stopping: EarlyStopping | None,
        history: History,
        records: list[str],
        data: dict[str, int],
    ) -> None:
        self.path = None if path is None else Path(path)
        if self.path and self.path.suffix in (".safetensors", ".pt", ".pth"):
            raise ValueError(
                f"fit: a checkpoint is a JSON file, got {os.fspath(self.path)!r}; let it end "
                "in .json, and write the model alone by nn.save_model"
            )
        self.parts: dict[str, Any] = {
            "model": model,
            "optimizer": optimizer,
            "scheduler": scheduler,
            "early_stopping": early_stopping,
        }
        self.settings = {
            name: [setting for setting in settings(part) if not setting.startswith("lr=")]
            for name, part in (("optimizer", optimizer), ("scheduler", scheduler))
            if part is not None
        }
        self.history = history
        self.records = records
        self.data = data

    def open(self, resume: bool) -> None:
        """Load the file to resume from, or write the first one."""
        if resume and self.path is None:
            raise ValueError("fit: resume needs the checkpoint to resume from")
        if resume and self.path and self.path.exists():
            self.load(self.path)
            return
        if self.parts["early_stopping"] is not None:
            self.parts["early_stopping"].reset()
        self()

    def __call__(self, end: Any = None) -> None:
        """Write the file, if this training has one: after an epoch, as a hook of `fit`."""
        if self.path:
            write_checkpoint(self.path, self.state())

    def load(self, path: Path) -> None:
        """Set everything to what the file holds, or raise ValueError and change nothing."""
        state = read_checkpoint(path)
        before = self.state()
        try:
            self.check(state)
            self.set(state)
            self.check_settings(state["settings"])
        except BaseException as error:
            self.set(before)
            if isinstance(error, Exception):
                raise ValueError(f"{path} does not fit this training: {error}") from error
            raise

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        version, words, gauss = random.getstate()
        return {
            **{
                name: None if part is None else part.state_dict()
                for name, part in self.parts.items()
            },
            "settings": self.settings,
            "data": self.data,
            "history": {
                name: [x if math.isfinite(x) else str(x) for x in numbers]
                for name, numbers in self.history.items()
            },
            "random": [version, list(words), gauss],
        }

    def set(self, state: dict[str, Any]) -> None:
        """Set everything to what `state` returned."""
        for name, part in self.parts.items():
            if part is not None:
                with _error_about(name):
                    part.load_state_dict(state[name])
        with _error_about("history"):
            known = {name: [*map(float, xs)] for name, xs in state["history"].items()}
            checked = History.from_dict(known)
            self.history.clear()
            self.history.update(checked)
        with _error_about("random"):
            version, words, gauss = state["random"]
            gauss = None if gauss is None else finite_float(gauss, "gauss")
            random.setstate((version, tuple(words), gauss))

    def check(self, state: dict[str, Any]) -> None:
        """ValueError if the state is that of another training."""
        same_keys(state, self.state())
        for name, part in self.parts.items():
            if (part is None) != (state[name] is None):
                raise ValueError(f"it was made {'with' if part is None else 'without'} {name}")
        history = state["history"]
        instance(history, dict, "history")
        if history and history.keys() != set(self.records):
            raise ValueError(
                f"its epochs have {shortened(list(history))}, those of this training "
                f"{self.records}; give the same metrics and validation"
            )
        if state["data"] != self.data:
            made = shortened(state["data"])
            raise ValueError(f"it was made with other data, {made} and not {self.data}")

    def check_settings(self, made: Any) -> None:
        """ValueError if the optimizer or the scheduler was made with other arguments."""
        instance(made, dict, "settings")
        same_keys(made, self.settings)
        for name, own in self.settings.items():
            if made[name] != own:
                raise ValueError(f"its {name} has {shortened(made[name])}, this one {own}")


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a training's state with its version and a checksum.

    Raises:
        ValueError: a number in it is infinite or NaN; a file that was there is unchanged.
        OSError: the file cannot be written.
    """
    whole = {
        CHECKSUM: "0" * 8,
        "format": CHECKPOINT,
        "version": VERSION,
        "state": state,
    }
    try:
        data = json.dumps(whole, allow_nan=False).encode()
    except ValueError as error:
        raise ValueError(f"{path} cannot hold an infinite number or NaN: {error}") from error
    write_atomically(path, with_checksum(data))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state that `write_checkpoint` wrote.

    Raises:
        ValueError: the file is something else, of another version, or damaged.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    checked = check_checksum(path, data)
    whole = json_object(path, data)
    if whole.get("format") != CHECKPOINT or not checked:
        raise ValueError(f"{path} is not a checkpoint")
    version, state = whole.get("version"), whole.get("state")
    if version != VERSION:
        raise ValueError(
            f"{path} is a checkpoint of version {shortened(version)}; "
            f"this release reads version {VERSION}"
        )
    if not isinstance(state, dict):
        raise ValueError(f"{path} is damaged: it holds no state")
    return state


@contextlib.contextmanager
def _error_about(part: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise ValueError(f"{part}: {error}") from error
