"""fit: the training loop, with validation, early stopping and checkpoints."""

from __future__ import annotations

import contextlib
import math
import os
import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from autograd import Value, no_grad
from autograd.primitive import primal
from nn.checks import count
from nn.history import EarlyStopping, Event, History, StopTraining
from nn.module import Module
from nn.optim import Optimizer, clip_grad_norm_
from nn.schedules import Scheduler
from nn.state import read_checkpoint, write_checkpoint

__all__ = ["fit"]

Loss = Callable[[Any, Any], Any]
Metrics = Mapping[str, Callable[[Any, Any], float]]
Sample = tuple[Any, Any]


def fit(
    model: Module,
    X: Iterable[Any],  # noqa: N803
    y: Iterable[Any],
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    shuffle: bool = True,
    validation: tuple[Iterable[Any], Iterable[Any]] | None = None,
    metrics: Metrics | None = None,
    scheduler: Scheduler | None = None,
    penalty: Callable[[list[Value]], Any] | None = None,
    max_norm: float | None = None,
    callbacks: Iterable[Callable[[Event], object]] = (),
    early_stopping: EarlyStopping | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train a model until it has seen the samples `epochs` times.

    Args:
        X, y: n samples and their targets; lists or NumPy arrays.
        loss: of (outputs, targets) of a batch, such as `nn.mse_loss`.
        batch_size: samples a step; all of them if None.
        shuffle: in a new order every epoch, drawn from the `random` module.
        validation: (X, y) that are only evaluated, after each epoch and in eval mode.
        metrics: functions of (outputs, targets), as floats, of a whole epoch: of the
            training data as they were while training, and of the validation data, as
            `val_…`.
        scheduler: stepped after every epoch, with the watched loss: that of the validation
            data, else that of the training data.
        penalty: a function of the optimizer's parameters, added to the loss of each batch
            and in the history's "loss", not in "val_loss".
        max_norm: clip the gradients' norm to this.
        callbacks: called after every epoch with an `Event`; may raise `StopTraining`.
        early_stopping: see `EarlyStopping`.
        checkpoint: a JSON file, written before the first epoch and after each: parameters,
            optimizer, scheduler, history, early stopping, and the state of `random`.
        resume: continue from that file if it exists. The result is the same, to the last
            bit, as if the training had not been interrupted.
        progress: show a bar.

    Returns:
        The history, with one number an epoch.

    Raises:
        ValueError: X and y differ in length or are empty; a number out of range; `resume`
            with a checkpoint that is damaged or of another model, optimizer or scheduler
            (nothing is changed then).
        TypeError: the loss is not a Value.
        FloatingPointError: a loss or a gradient is not finite.
        ImportError: `progress` needs tqdm, which is missing.

    >>> import random, nn
    >>> random.seed(0)
    >>> model = nn.Layer(1, 1)
    >>> history = fit(
    ...     model,
    ...     [[0.0], [1.0], [2.0]],
    ...     [1.0, 3.0, 5.0],
    ...     loss=nn.mse_loss,
    ...     optimizer=nn.SGD(model.parameters(), lr=0.2),
    ...     epochs=200,
    ...     progress=False,
    ... )
    >>> [round(p.data, 6) for p in model.parameters()]
    [2.0, 1.0]
    """
    training = _samples(X, y)
    held_out = [] if validation is None else _samples(*validation)
    size = len(training) if batch_size is None else count(batch_size, "batch_size")
    count(epochs, "epochs", least=0)
    progress_bar = _progress_bar(progress)
    history = History()
    trainer = _Trainer(model, loss, optimizer, penalty, max_norm, metrics or {})
    saved = _Checkpoint(checkpoint, model, optimizer, scheduler, early_stopping, history)
    if early_stopping is not None:
        early_stopping.reset()
    saved.open(resume)
    steps = math.ceil(len(training) / size)
    mode = model.training
    try:
        with progress_bar(
            total=steps * epochs, initial=steps * history.epochs, unit="step"
        ) as bar:
            while history.epochs < epochs and not (early_stopping and early_stopping.stopped):
                record = trainer.train(training, size, shuffle, history.epochs + 1, bar)
                model.eval()
                if held_out:
                    record |= trainer.evaluate(held_out, history.epochs + 1)
                history.append(record)
                if scheduler is not None:
                    scheduler.step(history.watched[-1])
                if early_stopping is not None:
                    early_stopping.update(history.watched[-1], model)
                stop = _stopped_by(callbacks, Event(history.epochs, model, history))
                saved.save()
                if stop:
                    break
    finally:
        model.train(mode)
    if early_stopping is not None and early_stopping.best_state is not None:
        model.load_state_dict(early_stopping.best_state)
    return history


class _Trainer:
    """The inner loops of `fit`; its arguments are described there."""

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        penalty: Callable[[list[Value]], Any] | None,
        max_norm: float | None,
        metrics: Metrics,
    ) -> None:
        if "loss" in metrics:
            raise ValueError('fit: a metric cannot be called "loss", which the loss is')
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.penalty = penalty
        self.max_norm = max_norm
        self.metrics = metrics

    def train(
        self, samples: list[Sample], size: int, shuffle: bool, epoch: int, bar: Any
    ) -> dict[str, float]:
        """One epoch: the mean loss and the metrics."""
        self.model.train()
        if shuffle:
            samples = random.sample(samples, len(samples))
        total = 0.0
        outputs: list[Any] = []
        for start in range(0, len(samples), size):
            batch = samples[start : start + size]
            results, objective = self.step(batch, epoch)
            total += objective * len(batch)
            if self.metrics:
                outputs += results
            if bar is not None:
                bar.set_postfix(epoch=epoch, loss=f"{objective:.4g}", refresh=False)
                bar.update()
        return {"loss": total / len(samples)} | self.measured(outputs, samples, "")

    def step(self, batch: list[Sample], epoch: int) -> tuple[list[Any], float]:
        """One step of the optimizer: the outputs as floats, and the loss."""
        outputs = [self.model(x) for x, _ in batch]
        objective = self.loss(outputs, [target for _, target in batch])
        if self.penalty is not None:
            objective = objective + self.penalty(self.optimizer.params)
        if not isinstance(objective, Value):
            raise TypeError(f"fit: the loss is a Value, got {objective!r}; use one reduction")
        data = _finite(objective, epoch)
        self.optimizer.zero_grad()
        objective.backward()
        if self.max_norm is not None:
            clip_grad_norm_(self.optimizer.params, self.max_norm)
        self.optimizer.step()
        return _plain(outputs), data

    def evaluate(self, samples: list[Sample], epoch: int) -> dict[str, float]:
        """The loss and the metrics of data that are not trained on."""
        with no_grad():
            outputs = [self.model(x) for x, _ in samples]
            loss = self.loss(outputs, [target for _, target in samples])
        measured = self.measured(_plain(outputs), samples, "val_")
        return {"val_loss": _finite(loss, epoch)} | measured

    def measured(
        self, outputs: list[Any], samples: list[Sample], prefix: str
    ) -> dict[str, float]:
        """The metrics of outputs that are floats."""
        targets = [target for _, target in samples]
        return {
            prefix + name: primal(metric(outputs, targets))
            for name, metric in self.metrics.items()
        }


class _Checkpoint:
    """The file of a `fit`, if it has one, and all that the file holds."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        model: Module,
        optimizer: Optimizer,
        scheduler: Scheduler | None,
        early_stopping: EarlyStopping | None,
        history: History,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.parts: dict[str, Any] = {
            "model": model,
            "optimizer": optimizer,
            "scheduler": scheduler,
            "early_stopping": early_stopping,
        }
        self.history = history

    def open(self, resume: bool) -> None:
        """Load the file to resume from; where there is none, write the first."""
        if self.path is None:
            if resume:
                raise ValueError("fit: resume needs the checkpoint to resume from")
        elif resume and self.path.exists():
            self.load(self.path)
        else:
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
            "history": self.history.to_dict(),
            "random": [version, list(words), gauss],
        }

    def set(self, state: dict[str, Any]) -> None:
        """The opposite of `state`."""
        for name, part in self.parts.items():
            if (part is None) != (state[name] is None):
                raise ValueError(f"it was made {'with' if part is None else 'without'} {name}")
            if part is not None:
                part.load_state_dict(state[name])
        self.history.records = History.from_dict(state["history"]).records
        version, words, gauss = state["random"]
        random.setstate((version, tuple(words), gauss))


# ---------------------------------------------------------------- helpers


def _samples(X: Iterable[Any], y: Iterable[Any]) -> list[Sample]:  # noqa: N803
    inputs, targets = _listed(X), _listed(y)
    if len(inputs) != len(targets):
        raise ValueError(f"fit: {len(inputs)} samples in X for {len(targets)} targets in y")
    if not inputs:
        raise ValueError("fit: there are no samples in X")
    return list(zip(inputs, targets))


def _listed(x: Iterable[Any]) -> list[Any]:
    result: list[Any] = _plain(x if hasattr(x, "tolist") else list(x))
    return result


def _plain(x: Any) -> Any:
    """x with lists in place of arrays and floats in place of Values."""
    if isinstance(x, Value):
        return x.data
    if isinstance(x, (list, tuple)):
        return [_plain(element) for element in x]
    return x.tolist() if hasattr(x, "tolist") else x


def _finite(loss: Any, epoch: int) -> float:
    data = primal(loss)
    if not math.isfinite(data):
        raise FloatingPointError(
            f"fit: the loss is {data} in epoch {epoch}; lower the learning rate, "
            "scale the inputs, or clip the gradients with max_norm"
        )
    return data


def _stopped_by(callbacks: Iterable[Callable[[Event], object]], event: Event) -> bool:
    """Call all of them; whether one raised `StopTraining`."""
    stop = False
    for callback in callbacks:
        try:
            callback(event)
        except StopTraining:
            stop = True
    return stop


def _progress_bar(progress: bool) -> Callable[..., contextlib.AbstractContextManager[Any]]:
    if not progress:
        return lambda **settings: contextlib.nullcontext()
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError(
            "the progress bar needs the `train` extra: pip install 'scalar-autograd[train]'; "
            "or pass progress=False"
        ) from error
    bar: Callable[..., contextlib.AbstractContextManager[Any]] = tqdm
    return bar
