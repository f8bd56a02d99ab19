"""Trainings that are killed: each in a process of its own, which dies where it is told to.

`python -m tests.helpers.killed` answers one line of JSON with another, so that both builds
can be asked. It forks for every training; so a death costs no start of Python.
"""

import functools
import json
import os
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nn
from autograd.build.binaries import describe_build
from nn.training.checkpoint import read_checkpoint

PathLike = str | os.PathLike[str]
XS = [[x / 5.0, (x * x % 7) / 7.0] for x in range(13)]
YS = [1.0 + 2.0 * a - b + 0.1 * (i % 3) for i, (a, b) in enumerate(XS)]


class Noise(nn.Module):
    """Adds noise while training. `random` draws it in pairs and keeps the second one."""

    def forward(self, x: list[Any]) -> list[Any]:
        return [x[0] + random.gauss(0.0, 0.05), x[1]] if self.training else x


class Training:
    """One that stops early and leaves nothing out that a checkpoint holds."""

    def __init__(self, name: str = "adam") -> None:
        random.seed(11)
        hidden = nn.Layer(2, 3, activation="tanh")
        self.model = nn.Sequential(Noise(), hidden, nn.Dropout(0.1), nn.Layer(3, 1))
        parameters = self.model.parameters()
        self.scheduler: nn.Scheduler
        if name == "adam":
            self.optimizer: nn.Optimizer = nn.Adam(parameters, lr=0.5, amsgrad=True)
            self.scheduler = nn.ReduceLROnPlateau(self.optimizer, factor=0.5, patience=0)
        else:
            self.optimizer = nn.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True)
            self.scheduler = nn.CosineAnnealingLR(self.optimizer, T_max=3)
        self.stopper = nn.EarlyStopping(patience=2)

    def fit(self, path: PathLike | None = None, resume: bool = False, **settings: Any) -> Any:
        """All that comes of it."""
        arguments: dict[str, Any] = {
            "loss": nn.mse_loss,
            "optimizer": self.optimizer,
            "epochs": 10,
            "batch_size": 5,
            "validation": (XS[::3], YS[::3]),
            "metrics": {"n": lambda outputs, targets: len(outputs)},
            "scheduler": self.scheduler,
            "max_norm": 3.0,
            "callbacks": [lambda event: random.random()],
            "early_stopping": self.stopper,
            "progress": False,
            **settings,
        }
        history = nn.fit(self.model, XS, YS, checkpoint=path, resume=resume, **arguments)
        return self.state() | {"history": history.to_dict()}

    def state(self) -> dict[str, Any]:
        """All but the history."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "early_stopping": self.stopper.state_dict(),
            "random": random.getstate(),
        }


@functools.cache
def trained() -> str:
    """The state of a training of two epochs, as text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.json")
        Training().fit(path, callbacks=[stop_after(2), lambda event: random.random()])
        return json.dumps(read_checkpoint(path))


def stop_after(epoch: int, seen: list[int] | None = None) -> Callable[[nn.EpochEnd], None]:
    def stop(event: nn.EpochEnd) -> None:
        if seen is not None:
            seen.append(event.epoch)
        if event.epoch >= epoch:
            raise nn.StopTraining

    return stop


class Points:
    """Numbers the places where the process may die, and lets it die at one of them."""

    def __init__(self, die_at: int) -> None:
        self.die_at, self.passed = die_at, 0

    def __call__(self, *ignored: object) -> None:
        self.passed += 1
        if self.passed == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, function: Callable[..., Any]) -> None:
        def surrounded(*arguments: Any, **settings: Any) -> Any:
            self()
            result = function(*arguments, **settings)
            self()
            return result

        setattr(owner, name, surrounded)

    def everywhere(self, training: Training) -> None:
        """Before and after each step, and where the checkpoint takes its place."""
        self.around(training.optimizer, "step", training.optimizer.step)
        self.around(training.scheduler, "step", training.scheduler.step)
        self.around(os, "replace", os.replace)
        self.around(os, "fsync", lambda descriptor: None)  # a killed process loses nothing


def answer(question: dict[str, Any]) -> Any:
    """Return the outcome of a training, and how many points it passed.

    Args:
        question: "name", "path" and "resume" say which training, "die_at" at which point it
            kills itself.
    """
    if not question:
        return describe_build()[0]
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _train(question, writer)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(writer)
    with open(reader, "rb") as told:
        text = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"status": status, "result": None if status else json.loads(text)}


def _train(question: dict[str, Any], writer: int) -> None:
    training, points = Training(question["name"]), Points(question.get("die_at", 0))
    points.everywhere(training)
    callbacks = [points, lambda event: random.random()]
    result = training.fit(question["path"], question["resume"], callbacks=callbacks)
    result["passed"] = points.passed
    with open(writer, "w") as told:
        told.write(json.dumps(result))
    os._exit(0)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
