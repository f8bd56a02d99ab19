"""The checkpoint of `fit`: everything that the rest of a training depends on, in one file."""

from __future__ import annotations

import math
import os
import random
from pathlib import Path
from typing import Any

from nn.history import EarlyStopping, History
from nn.module import Module
from nn.optim import Optimizer
from nn.schedules import Scheduler
from nn.state import read_checkpoint, write_checkpoint


class Checkpoint:
    """The file of a `fit`, if it has one, and all that the file holds.

    Args:
        records: the names that an epoch of this training adds to the history.
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
    ) -> None:
        self.path = None if path is None else Path(path)
        self.parts: dict[str, Any] = {
            "model": model,
            "optimizer": optimizer,
            "scheduler": scheduler,
            "early_stopping": early_stopping,
        }
        self.history = history
        self.records = records

    def open(self, resume: bool) -> None:
        """Load the file to resume from; where there is none, write the first."""
        if resume and self.path is None:
            raise ValueError("fit: resume needs the checkpoint to resume from")
        if resume and self.path is not None and self.path.exists():
            self.load(self.path)
            return
        if self.parts["early_stopping"] is not None:
            self.parts["early_stopping"].reset()
        self.save()

    def save(self) -> None:
        """Write the file, if there is to be one."""
        if self.path is not None:
            write_checkpoint(self.path, self.state())

    def load(self, path: Path) -> None:
        """Set everything to what is in the file, or raise ValueError and leave it all."""
        state = read_checkpoint(path)
        before = self.state()
        try:
            self.set(state)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.set(before)
            raise ValueError(f"{path} does not fit this training: {error}") from error

    def state(self) -> dict[str, Any]:
        """Everything as plain data."""
        version, words, gauss = random.getstate()
        parts = {
            name: None if part is None else part.state_dict()
            for name, part in self.parts.items()
        }
        return {
            **parts,
            "history": {
                name: [x if math.isfinite(x) else str(x) for x in numbers]
                for name, numbers in self.history.records.items()
            },
            "random": [version, list(words), gauss],
        }

    def set(self, state: dict[str, Any]) -> None:
        """The opposite of `state`."""
        history = {name: list(map(float, xs)) for name, xs in state["history"].items()}
        if history and history.keys() != set(self.records):
            raise ValueError(
                f"its epochs have {list(history)}, those of this training {self.records}; "
                "give the same metrics and validation"
            )
        for name, part in self.parts.items():
            if (part is None) != (state[name] is None):
                raise ValueError(f"it was made {'with' if part is None else 'without'} {name}")
            if part is not None:
                part.load_state_dict(state[name])
        self.history.records = History.from_dict(history).records
        version, words, gauss = state["random"]
        random.setstate((version, tuple(words), gauss))
