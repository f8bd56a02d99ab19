"""fit: the training loop, with validation, early stopping and checkpoints."""

from __future__ import annotations

import contextlib
import math
import os
import random
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import Value, no_grad
from autograd.core.operand import primal
from nn.boundary import Boundary
from nn.checkpoint import Checkpoint
from nn.checks import count, flag, function, instance, not_negative, shortened
from nn.clipping import clip_grad_norm_
from nn.history import EarlyStopping, EpochEnd, History, StopTraining
from nn.module import Module
from nn.optim import Optimizer
from nn.schedules import Scheduler

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
    callbacks: Iterable[Callable[[EpochEnd], object]] = (),
    early_stopping: EarlyStopping | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
) -> History:
    """Train a model until it has seen the samples `epochs` times.

    Args:
        X, y: n samples and their targets; lists or NumPy arrays.
        loss: a function of a batch's (outputs, targets), such as `nn.mse_loss`.
        batch_size: samples a step; all of them if None.
        shuffle: take the samples in a new order every epoch, drawn from `random`.
        validation: (X, y) that are evaluated after each epoch, in eval mode, and never
            trained on.
        metrics: functions of an epoch's (outputs, targets), all floats, by name. The
            training outputs are those of the steps; the metrics of the validation data are
            named `val_…`.
        scheduler: stepped after every epoch with the watched loss, which is that of the
            validation data, or of the training data if there are none.
        penalty: a function of the optimizer's parameters, added to the loss of each batch.
            The history's "loss" includes it, "val_loss" does not.
        max_norm: clip the gradients' norm to this.
        callbacks: called after every epoch with an `EpochEnd`; may raise `StopTraining`.
        early_stopping: see `EarlyStopping`.
        checkpoint: a JSON file, written before the first epoch and after each: parameters,
            optimizer, scheduler, history, early stopping, and the state of `random`.
        resume: continue from that file if it exists. The result is the same, to the last
            bit, as if the training had not been interrupted. Give the same arguments; only
            `epochs` may differ, and the lr is the file's.
        progress: show a tqdm bar; if None, show one where tqdm is installed.

    Returns:
        The history, with one number an epoch. If the samples are pairs of numbers and the
        targets name few classes, it can also draw how the model came to divide the plane.

    Raises:
        ValueError: X and y differ in length or are empty; a target is infinite or NaN; a
            number is out of range; the optimizer is that of another model; or the checkpoint
            to resume from is damaged, or was made with another model, optimizer, scheduler,
            number of samples, validation or metrics (nothing is changed then).
        TypeError: an argument is of the wrong type, or the loss is not a Value.
        FloatingPointError: a loss, a gradient or a parameter's next value is not finite.
        OSError: the checkpoint cannot be written.
        ImportError: `progress` is true and tqdm is missing.

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
    training = _samples(X, y, "fit: ")
    held_out = [] if validation is None else _validation(validation)
    flag(shuffle, "fit: shuffle")
    flag(resume, "fit: resume")
    size = len(training) if batch_size is None else count(batch_size, "fit: batch_size")
    count(epochs, "fit: epochs", least=0)
    bars = progress_bar(progress, "fit")
    history = History()
    trainer = _Trainer(model, loss, optimizer, penalty, max_norm, metrics)
    callbacks = _checked_callbacks(callbacks)
    _check_parts(scheduler, early_stopping)
    saved = Checkpoint(
        checkpoint,
        model,
        optimizer,
        scheduler,
        early_stopping,
        history,
        records=trainer.records(bool(held_out)),
        data={"samples": len(training), "validation": len(held_out)},
    )
    saved.open(resume)
    boundary = Boundary(model, training, loss) if Boundary.fits(training) else None
    history.boundary = boundary
    if boundary is not None:
        boundary.keep(history.epochs)
    steps = math.ceil(len(training) / size)
    modes = [(module, module.training) for module in model.modules()]
    try:
        with bars(total=steps * epochs, initial=steps * history.epochs, unit="step") as bar:
            while history.epochs < epochs and not (early_stopping and early_stopping.stopped):
                record = trainer.train(training, size, shuffle, history.epochs + 1, bar)
                model.eval()
                if held_out:
                    record |= trainer.evaluate(held_out, history.epochs + 1)
                history.append(record)
                if boundary is not None:
                    boundary.keep(history.epochs)
                if scheduler is not None:
                    scheduler.step(history.watched[-1])
                if early_stopping is not None:
                    early_stopping.update(history.watched[-1], model)
                stop = _stopped_by(callbacks, EpochEnd(history.epochs, model, history))
                saved.save()
                if stop:
                    break
    finally:
        for module, mode in modes:
            object.__setattr__(module, "training", mode)
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
        metrics: Metrics | None,
    ) -> None:
        metrics = {} if metrics is None else metrics
        instance(model, Module, "fit: model")
        instance(optimizer, Optimizer, "fit: optimizer")
        if set(model.parameters()).isdisjoint(optimizer.params):
            raise ValueError(
                "fit: the optimizer has no parameter of the model; make it with "
                "model.parameters()"
            )
        instance(metrics, Mapping, "fit: metrics", 'such as {"accuracy": nn.accuracy}')
        for name, metric in metrics.items():
            instance(name, str, "fit: the name of a metric")
            function(metric, f"fit: the metric {name!r}")
        if "loss" in metrics:
            raise ValueError('fit: a metric must not be called "loss", as the loss is')
        function(loss, "fit: loss")
        if penalty is not None:
            function(penalty, "fit: penalty")
        if max_norm is not None:
            max_norm = not_negative(max_norm, "fit: max_norm")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.penalty = penalty
        self.max_norm = max_norm
        self.metrics = metrics

    def records(self, validated: bool) -> list[str]:
        """The names of the numbers that an epoch adds to the history."""
        names = ["loss", *self.metrics]
        return names + ["val_" + name for name in names] if validated else names

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
            raise TypeError(
                f"fit: the loss must be a Value, got {objective!r}; use one reduction"
            )
        data = _finite_loss(objective, epoch)
        self.optimizer.zero_grad()
        objective.backward()
        if self.max_norm is not None:
            clip_grad_norm_(self.optimizer.params, self.max_norm)
        self.optimizer.step()
        return _plain(outputs), data

    def evaluate(self, samples: list[Sample], epoch: int) -> dict[str, float]:
        """The loss and the metrics of the validation data."""
        with no_grad():
            outputs = [self.model(x) for x, _ in samples]
            loss = self.loss(outputs, [target for _, target in samples])
        measured = self.measured(_plain(outputs), samples, "val_")
        return {"val_loss": _finite_loss(loss, epoch)} | measured

    def measured(
        self, outputs: list[Any], samples: list[Sample], prefix: str
    ) -> dict[str, float]:
        """The metrics of these outputs, by their names in the history."""
        targets = [target for _, target in samples]
        return {
            prefix + name: primal(metric(outputs, targets))
            for name, metric in self.metrics.items()
        }


# ---------------------------------------------------------------- helpers


def _check_parts(
    scheduler: Scheduler | None,
    early_stopping: EarlyStopping | None,
) -> None:
    if scheduler is not None:
        instance(scheduler, Scheduler, "fit: scheduler")
    if early_stopping is not None:
        instance(early_stopping, EarlyStopping, "fit: early_stopping")


def _checked_callbacks(
    callbacks: Iterable[Callable[[EpochEnd], object]],
) -> list[Callable[[EpochEnd], object]]:
    instance(callbacks, Iterable, "fit: callbacks", "of functions")
    result = list(callbacks)
    for callback in result:
        function(callback, "fit: a callback")
    return result


def _validation(validation: tuple[Iterable[Any], Iterable[Any]]) -> list[Sample]:
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"fit: validation must be a pair (X, y), got {shortened(validation)}")
    return _samples(*validation, "fit: validation: ")


def _samples(X: Iterable[Any], y: Iterable[Any], what: str) -> list[Sample]:  # noqa: N803
    inputs, targets = _sample_list(X, f"{what}X"), _sample_list(y, f"{what}y")
    if len(inputs) != len(targets):
        raise ValueError(f"{what}{len(inputs)} samples in X for {len(targets)} targets in y")
    if not inputs:
        raise ValueError(f"{what}there are no samples in X")
    for i, target in enumerate(targets):
        if not _is_finite(target):
            raise ValueError(f"{what}y[{i}] is {shortened(target)}; leave that sample out")
    return list(zip(inputs, targets))


def _sample_list(x: Iterable[Any], what: str) -> list[Any]:
    if not isinstance(x, Iterable) or isinstance(x, (str, bytes, Mapping)):
        raise TypeError(f"{what} must be a list or an array, got {shortened(x)}")
    result: list[Any] = _plain(x if hasattr(x, "tolist") else list(x))
    if not isinstance(result, list):  # an array without dimensions
        raise TypeError(f"{what} must be a list or an array, got {shortened(x)}")
    return result


def _is_finite(target: Any) -> bool:
    """Whether every number of the target is finite."""
    if isinstance(target, list):
        return all(map(_is_finite, target))
    return not isinstance(target, float) or math.isfinite(target)


def _plain(x: Any) -> Any:
    """x with lists in place of arrays and floats in place of Values."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        return [_plain(element) for element in x]
    return x.data if isinstance(x, Value) else x


def _finite_loss(loss: Any, epoch: int) -> float:
    data = primal(loss)
    if not math.isfinite(data):
        raise FloatingPointError(
            f"fit: the loss is {data} in epoch {epoch}; lower the learning rate, "
            "scale the inputs, or clip the gradients with max_norm"
        )
    return data


def _stopped_by(callbacks: Iterable[Callable[[EpochEnd], object]], event: EpochEnd) -> bool:
    """Call all callbacks; True if one raised `StopTraining`."""
    stop = False
    for callback in callbacks:
        try:
            callback(event)
        except StopTraining:
            stop = True
    return stop


def progress_bar(
    progress: bool | None, what: str
) -> Callable[..., contextlib.AbstractContextManager[Any]]:
    """What makes a progress bar from its settings; one that shows nothing if none is wanted.

    Raises:
        ImportError: one is wanted, and tqdm is missing.
    """

    def no_bar(**settings: Any) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    if progress is not None and not flag(progress, f"{what}: progress"):
        return no_bar
    try:
        with warnings.catch_warnings(action="ignore"):  # that a notebook lacks ipywidgets
            from tqdm.auto import tqdm
    except ImportError as error:
        if progress is None:
            return no_bar
        raise ImportError(
            "the progress bar needs the `train` extra: pip install 'scalar-autograd[train]'; "
            "or leave out progress=True"
        ) from error
    bar: Callable[..., contextlib.AbstractContextManager[Any]] = tqdm
    return bar
