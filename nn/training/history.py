"""The history of a training, early stopping, and events for callbacks."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from autograd.files import write_atomically
from autograd.show.text import counted
from nn.boundary import Boundary
from nn.checks import (
    count,
    fits,
    flag,
    instance,
    not_negative,
    settings,
    shortened,
    to_float,
)
from nn.hints import hinted, lack
from nn.module import Module
from nn.pages.plane import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EarlyStopping", "EpochEnd", "History", "StopTraining", "optuna_callback"]

SUFFIXES = (".html", ".gif", ".png", ".svg", ".pdf")


class StopTraining(Exception):  # noqa: N818
    """Raised by a callback to end the training after this epoch.

    >>> def enough(end: EpochEnd) -> None:  # in `fit(…, callbacks=[enough])`
    ...     if end.history["loss"][-1] < 0.01:
    ...         raise StopTraining
    """


class History(dict[str, list[float]]):
    """The numbers of each epoch, by name: "loss", "val_loss" and the metrics.

    Attributes:
        boundary: the decision boundary over the epochs, of a model with two inputs and few
            classes; else None. `from_dict` does not restore it.
        not_compiled: why `fit` trained by Values; None if it did not.

    >>> history = History()
    >>> history.append({"loss": 2.0})
    >>> history.append({"loss": 1.0})
    >>> history["loss"], history.epochs, history.best_epoch
    ([2.0, 1.0], 2, 2)
    """

    def __init__(self) -> None:
        super().__init__()
        self.boundary: Boundary | None = None
        self.not_compiled: str | None = None

    def append(self, record: Mapping[str, float]) -> None:
        """Add an epoch.

        Raises:
            TypeError: the record is not a dict of numbers.
            ValueError: its names are not those of the epochs before, or it is empty.
        """
        instance(record, Mapping, "History: an epoch", 'such as {"loss": 1.0}')
        numbers = {
            name: to_float(x, f"History: {shortened(name)}") for name, x in record.items()
        }
        if not numbers:
            raise ValueError("History: an epoch has one number or more, got none")
        if self and record.keys() != self.keys():
            raise ValueError(f"History: an epoch of {list(record)} after {list(self)}")
        for name, x in numbers.items():
            self.setdefault(name, []).append(x)

    def __missing__(self, name: str) -> NoReturn:
        raise KeyError(f"no {name!r} in the history, which has {list(self)}")

    @property
    def history(self) -> dict[str, list[float]]:
        """A copy as a dict, as Keras has it."""
        return self.to_dict()

    if not TYPE_CHECKING:
        __getattr__ = lack("History")

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={numbers[-1]:.6g}" for name, numbers in self.items())
        return f"History({counted(self.epochs, 'epoch')}{': ' + last if last else ''})"

    @property
    def epochs(self) -> int:
        """How many there were."""
        return len(next(iter(self.values()), []))

    @property
    def watched(self) -> list[float]:
        """The validation loss; the training loss where there is no validation."""
        return self.get("val_loss") or self.get("loss", [])

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, of the least watched loss; 0 before the first."""
        return 1 + self.watched.index(min(self.watched)) if self.watched else 0

    def to_dict(self) -> dict[str, list[float]]:
        """A copy as plain lists, for JSON."""
        return {name: list(numbers) for name, numbers in self.items()}

    @classmethod
    def from_dict(cls, records: Mapping[str, list[float]]) -> History:
        """The history that `to_dict` gave.

        Raises:
            TypeError: the records are not a dict of lists of numbers.
            ValueError: the lists differ in length.
        """
        instance(records, Mapping, "History: the records")
        history = cls()
        for name, numbers in records.items():
            what = f"History: {shortened(name)}"
            instance(numbers, (list, tuple), what)
            history[name] = [to_float(x, what) for x in numbers]
        if len({*map(len, history.values())}) > 1:
            raise ValueError("History: the lists differ in length")
        return history

    # ------------------------------------------------------------------ pictures

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a picture of the training to a file.

        Where `boundary` is known the decision boundary is drawn as well. Of a long training
        it has 30 to 60 epochs, evenly spread; after a resume it has those since.

        Args:
            path: `*.html` is the page, `*.gif` an animation; `*.png`, `*.svg` and `*.pdf` are
                the figure of `plot`.

        Returns:
            The file that was written.

        Raises:
            ValueError: the suffix is not one of these, or there are no epochs.
            ImportError: matplotlib is missing; only the page does without.
            OSError: the file cannot be written.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     History.from_dict({"loss": [2.0, 1.0]}).save(f"{folder}/training.html").name
        'training.html'
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"History.save: {path} ends with none of {', '.join(SUFFIXES)}")
        self._not_empty("save")
        if suffix == ".html":
            content = self.html().encode()
        else:
            from nn import figures

            content = figures.image(self, self.plane(), suffix[1:])
        write_atomically(target, content)
        return target

    def html(self) -> str:
        """The page that plays the epochs, one file that needs no network.

        Raises:
            ValueError: there are no epochs.
        """
        self._not_empty("html")
        from nn.pages.training_page import training_page  # late: `import nn` stays quick

        return training_page(self, self.plane(), self.best_epoch)

    def plot(self) -> tuple[Axes, ...]:
        """Draw the curves, and the boundary of the last epoch, as a new figure of pyplot.

        A notebook shows it; in a script, `matplotlib.pyplot.show()` does.

        Returns:
            The axes: of the boundary if it is known, then of each quantity.

        Raises:
            ValueError: there are no epochs.
            ImportError: matplotlib is missing.
        """
        self._not_empty("plot")
        from nn import figures

        return figures.plot(self, self.plane())

    def _repr_html_(self) -> str:
        """The page of `save`, in a notebook."""
        from autograd.show.pages.document import inline

        return inline(self.html()) if self.epochs else html.escape(repr(self))

    def plane(self) -> Plane | None:
        """The pictures of the boundary, None if it is not known."""
        return None if self.boundary is None else self.boundary.plane()

    def _not_empty(self, what: str) -> None:
        if not self.epochs:
            raise ValueError(f"History.{what}: there are no epochs yet; train the model first")


class EarlyStopping:
    """Ends a training when its validation loss has stopped improving.

    Without validation data it watches the training loss.

    Args:
        patience: stop after so many epochs without improvement.
        min_delta: an improvement is by more than this.
        restore_best: leave the model with the parameters of its best epoch.

    Attributes:
        best: the least loss so far.
        waited: epochs since.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: patience is less than 1, or min_delta negative.

    >>> EarlyStopping(patience=5).best
    inf
    """

    @hinted
    def __init__(
        self, patience: int = 10, min_delta: float = 0.0, restore_best: bool = True
    ) -> None:
        self.patience = count(patience, "patience")
        self.min_delta = not_negative(min_delta, "min_delta")
        self.restore_best = flag(restore_best, "restore_best")
        self.reset()

    def __repr__(self) -> str:
        rest = ", ".join(settings(self))
        return f"{type(self).__name__}(patience={self.patience}, {rest})"

    def reset(self) -> None:
        """Forget the training before."""
        self.best = math.inf
        self.waited = 0
        self.best_state: dict[str, float] | None = None

    def update(self, loss: float, model: Module) -> None:
        """An epoch has passed with this loss.

        Raises:
            TypeError: the loss is not a number, or the model is not a Module.
        """
        loss = to_float(loss, "EarlyStopping: the loss")
        instance(model, Module, "EarlyStopping: the model")
        if loss < self.best - self.min_delta:
            state = model.state_dict() if self.restore_best else None
            self.best, self.waited, self.best_state = loss, 0, state
        else:
            self.waited += 1

    @property
    def stopped(self) -> bool:
        """Whether the patience is at its end."""
        return self.waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """How far it is, not its arguments; `best` is None before the first epoch."""
        best = None if math.isinf(self.best) else self.best
        return {"best": best, "waited": self.waited, "best_state": self.best_state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`.

        Raises:
            ValueError: it does not fit; nothing is changed.
            TypeError: it is not a dict.
        """
        best_state = state.get("best_state") if isinstance(state, Mapping) else None
        known = dict.fromkeys(best_state, 0.0) if isinstance(best_state, Mapping) else None
        own = {**self.state_dict(), "best_state": known}
        fits(state, own, "EarlyStopping: the state")
        best = math.inf if state["best"] is None else state["best"]
        vars(self).update({**state, "best": best})  # in one call, which no signal interrupts


@dataclass(frozen=True)
class EpochEnd:
    """The argument of a callback of `fit`, after every epoch.

    Attributes:
        epoch: its number, counted from 1.
        model: the model, in eval mode.
        history: what all epochs gave so far.

    >>> losses = []
    >>> def callback(end):
    ...     losses.append((end.epoch, end.history["loss"][-1]))
    >>> history = History()
    >>> history.append({"loss": 2.0})
    >>> callback(EpochEnd(1, model=None, history=history))
    >>> losses
    [(1, 2.0)]
    """

    epoch: int
    model: Module
    history: History


def optuna_callback(trial: Any, monitor: str | None = None) -> Callable[[EpochEnd], None]:
    """A callback for `fit` that reports each epoch to an Optuna trial, and prunes it.

    Args:
        monitor: what is reported, a name in the history; the watched loss if None.

    Raises:
        optuna.TrialPruned: from `fit`, when the study's pruner gives the trial up.

    >>> def objective(trial):
    ...     model = nn.MLP(2, [trial.suggest_int("width", 2, 16), 1])
    ...     sgd = nn.SGD(model.parameters(), lr=0.1)
    ...     history = nn.fit(
    ...         model, X, y, loss=nn.mse_loss, optimizer=sgd, epochs=20,
    ...         callbacks=[nn.optuna_callback(trial)],
    ...     )
    ...     return history["loss"][-1]
    """

    def callback(event: EpochEnd) -> None:
        history = event.history
        numbers = history.watched if monitor is None else history[monitor]
        trial.report(numbers[-1], event.epoch)
        if trial.should_prune():
            raise import_module("optuna").TrialPruned(f"pruned after epoch {event.epoch}")

    return callback
