"""fit and compile: the training loop with validation, early stopping and checkpoints."""

from __future__ import annotations

import contextlib
import math
import os
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd.core.operand import primal
from nn.boundary import Boundary
from nn.checks import count, flag, fraction, function, instance, shortened
from nn.module import Module
from nn.optim import Optimizer
from nn.schedules import Scheduler
from nn.training.checkpoint import Checkpoint
from nn.training.eager_step import EagerStep, Loss, Penalty, preserved_modes
from nn.training.history import EarlyStopping, EpochEnd, History, StopTraining
from nn.training.samples import Samples, Stream, samples_of
from nn.training.snapshots import Norms

if TYPE_CHECKING:
    from nn.training.compiled_step import Step

__all__ = ["compile", "fit"]

Metrics = Mapping[str, Callable[[Any, Any], float]]
MOST_POINTS = 10_000  # of a plane that is divided


def compile(
    model: Module,
    loss: Loss,
    optimizer: Optimizer,
    penalty: Penalty | None = None,
    max_norm: float | None = None,
    backend: str = "native",
    threads: int = 1,
) -> Step:
    """A training step that is recorded once and then replayed natively: `step(X, y)`.

    `step(X, y)` trains on n samples, lists or arrays, and returns their loss as a float: the
    values, the gradients, the penalty, the clipping and the optimizer's update run as
    programs. The parameters' `data` and `grad` are up to date after it, and what you set is
    used by the next. Parameters that the optimizer does not have are read in each step, and
    get no gradient. A step is in training mode; `step.evaluate(X, y)` and `step.predict(X)`
    are in eval mode. `step.program` is what was recorded.

    It agrees with the same step by Values to rounding. A sample that takes another branch is
    recorded too; one for which something is not finite is done by Values, which raise. What
    the model does is recorded by the first step; whether it does the same is looked at in the
    steps 2, 4, 8, …, then for a hundredth of the time: compile again after changing more than
    data. What the loss, the penalty and an `_update` of your own name may change. An interrupt
    leaves all of a step or nothing.

    Args:
        loss: a function of a batch's (outputs, targets), such as `nn.mse_loss`: the mean or
            the sum of what it is for each sample.
        penalty: a function of the optimizer's parameters, added to the loss.
        max_norm: clip the gradients' norm to this.
        backend: "jax" makes the steps on all devices of this process that JAX sees, samples
            shared out among them. Then the parameters stay there, and `step.pull()` brings
            them back into the Values. For several processes, or with optax, hand the model
            over: `step.jax()`.
        threads: how many share the samples of a native step; the results are the same bits.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range; or, by the
            first step, the model or the loss can't be compiled. It can't if it changes
            something when it runs (a counter, a cache, a global, a generator): the message
            names that, and all is as it was.
        ImportError: NumPy is missing, or JAX.
        RuntimeError: JAX is set to 32 bits, or finds no device.

    >>> import nn
    >>> model = nn.Layer(1, 1, init=nn.init.zeros())
    >>> step = compile(model, nn.mse_loss, nn.SGD(model.parameters(), lr=0.2))
    >>> [round(step([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]), 6) for _ in range(3)]
    [11.666667, 0.051852, 0.022354]
    >>> [round(y, 6) for y in step.predict([[3.0]])]
    [6.762667]
    """
    eager = EagerStep(model, loss, optimizer, penalty, max_norm, "nn.compile")
    _check_backend(backend, "nn.compile")
    return _step_of(backend)(eager, count(threads, "nn.compile: threads"))


def _check_backend(backend: str, name: str) -> None:
    if backend not in ("native", "jax"):
        raise ValueError(f'{name}: backend must be "native" or "jax", got {shortened(backend)}')


def _step_of(backend: str) -> type[Step]:
    """The class of the steps that a backend makes; both need NumPy."""
    if backend == "native":
        from nn.training.compiled_step import Step

        return Step
    from nn.training.jax_step import JaxStep

    return JaxStep


def fit(
    model: Module,
    X: Any,  # noqa: N803
    y: Any = None,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    shuffle: bool = True,
    validation: tuple[Iterable[Any], Iterable[Any]] | float | None = None,
    metrics: Metrics | None = None,
    scheduler: Scheduler | None = None,
    penalty: Penalty | None = None,
    max_norm: float | None = None,
    callbacks: Iterable[Callable[[EpochEnd], object]] = (),
    early_stopping: EarlyStopping | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    progress: bool | None = None,
    compiled: bool | None = None,
    backend: str = "native",
) -> History:
    """Train a model until it has seen the samples `epochs` times.

    Where model and loss can be compiled, the steps are those of `nn.compile`, tens of times
    faster than by Values and equal to rounding; they see the model as the first step did, or
    as callbacks left it, and parameters that the optimizer does not have get no gradient.
    Otherwise `history.not_compiled` says why, and the progress bar too; so where a model goes
    so many ways that to record them takes longer than to train by Values.

    Args:
        X, y: n samples and their targets: lists, arrays of any library and type, memory maps,
            tables and columns of pandas, Arrow and Polars. What is an array stays as it is.
            Without y, X gives batches, pairs of inputs and targets: an iterable such as a
            DataLoader of PyTorch, or a function that returns one and is called for each epoch,
            with its number if it takes one.
        loss: a function of a batch's (outputs, targets), such as `nn.mse_loss`.
        batch_size: samples a step; all of them if None. Of a memory map or an array of other
            numbers than float64, only a step's are converted.
        shuffle: take the samples in a new order every epoch, drawn from `random`, if there are
            several batches; those of a memory map in parts of 65,536, made of runs of 256.
            Batches that X gives come as they are.
        validation: (X, y) that are evaluated after each epoch, in eval mode, and never
            trained on; or the share of the samples that is held out for this, such as 0.2:
            the same ones in every call.
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
            `epochs` may differ, and the lr is the file's. A function that gives batches draws
            from `random`, or goes by the number of the epoch.
        progress: show a tqdm bar; if None, show one where tqdm is installed.
        compiled: False trains by Values; True raises what keeps it from being compiled.
        backend: "jax" makes the steps as `compile` has it, and raises what keeps it from that;
            the parameters come back after each epoch. Any backend resumes from the checkpoint.

    Returns:
        The history, with one number an epoch. If the samples are pairs of numbers and the
        targets name few classes, it can also draw how the model came to divide the plane (with
        10,000 of the samples).

    Raises:
        ValueError: X and y differ in length or are empty; a target is infinite or NaN; a
            number is out of range; the optimizer is that of another model, or the scheduler
            that of another optimizer; or the checkpoint to resume from is damaged, or was made
            with another model, optimizer, scheduler, number of samples, validation or metrics
            (nothing is changed then).
        TypeError: an argument is of the wrong type, or the loss is not a Value; or X or y is
            an array of Dask or a lazy frame.
        FloatingPointError: a loss, a gradient or a parameter's next value is not finite.
        OSError: the checkpoint cannot be written.
        ImportError: `progress` is true and tqdm is missing, or JAX is.
        RuntimeError: JAX is set to 32 bits or finds no device.

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
    stream = Stream(X) if y is None else None
    training = Samples([], []) if stream else samples_of(X, y, "fit: ")
    training, held_out = _parted(training, validation)
    flag(shuffle, "fit: shuffle")
    flag(resume, "fit: resume")
    size = len(training) if batch_size is None else count(batch_size, "fit: batch_size")
    if stream and batch_size is not None:
        raise ValueError("fit: X gives batches, which come as they are; leave out batch_size")
    count(epochs, "fit: epochs", least=0)
    bars = progress_bar(progress, "fit")
    if compiled is not None:
        flag(compiled, "fit: compiled")
    history = History()
    eager = EagerStep(model, loss, optimizer, penalty, max_norm, "fit")
    metrics = _checked_metrics(metrics)
    callbacks = _checked_callbacks(callbacks)
    _check_parts(optimizer, scheduler, early_stopping)
    _check_backend(backend, "fit")
    if backend == "jax" and compiled is False:
        raise ValueError('fit: backend="jax" compiles; leave out compiled=False')
    strict = compiled is True or backend == "jax"
    trainer = _Trainer(eager, stream or training, held_out, metrics, strict, history)
    if compiled is not False:
        samples = math.inf if strict or stream else float(len(training) * epochs)
        trainer.attempt(trainer.compile, backend, samples, size)
    saved = Checkpoint(
        checkpoint,
        model,
        optimizer,
        scheduler,
        early_stopping,
        history,
        records=trainer.records(),
        data={"samples": len(training), "validation": 0 if held_out is None else len(held_out)},
    )
    saved.open(resume)
    if stream:
        stream.check(epochs - history.epochs)
    few = training.evenly(MOST_POINTS)
    boundary = Boundary(model, [*few], loss) if Boundary.fits(few) else None
    history.boundary = boundary
    if boundary is not None:
        boundary.keep(history.epochs)
    history.norms = norms = Norms(model.named_parameters())
    norms.keep(history.epochs)
    steps = stream.steps if stream else math.ceil(len(training) / size)
    with (
        preserved_modes(model),
        bars(total=steps * epochs or None, initial=steps * history.epochs, unit="step") as bar,
    ):
        while history.epochs < epochs and not (early_stopping and early_stopping.stopped):
            record = trainer.train(size, shuffle, history.epochs + 1, bar)
            if held_out is not None:
                record |= trainer.evaluate(held_out)
            history.append(record)
            if boundary is not None:
                boundary.keep(history.epochs)
            norms.keep(history.epochs)
            if scheduler is not None:
                scheduler.step(history.watched[-1])
            if early_stopping is not None:
                early_stopping.update(history.watched[-1], model)
            stop = _stopped_by(callbacks, EpochEnd(history.epochs, model, history))
            if callbacks:
                trainer.changed()
            saved.save()
            if stop:
                break
    norms.keep(history.epochs, last=True)
    if early_stopping is not None and early_stopping.best_state is not None:
        model.load_state_dict(early_stopping.best_state)
    return history


class _Trainer:
    """The inner loops of `fit`: by a compiled step while that goes, else by Values."""

    def __init__(
        self,
        eager: EagerStep,
        source: Samples | Stream,
        held_out: Samples | None,
        metrics: Metrics,
        strict: bool,
        history: History,
    ) -> None:
        self.eager, self.metrics, self.history = eager, metrics, history
        self.source, self.held_out = source, held_out
        self.modules = list(eager.model.modules())
        self.mode: bool | None = None  # of the modules, if it is known
        self.strict = strict
        self.step: Step | None = None
        self.bar: Any = None
        self.untold = ""
        history.not_compiled = "compiled=False"

    def compile(self, backend: str, samples: float, size: int) -> None:
        """Make the step for so many samples in all, and ready those that it takes."""
        make = _step_of(backend)
        if isinstance(self.source, Samples):
            self.source.prepare(size)
        if self.held_out is not None:
            self.held_out.prepare(len(self.held_out))
        self.step = make(self.eager, outputs=bool(self.metrics), samples=samples)
        self.history.not_compiled = None

    def pull(self) -> None:
        """Bring the parameters back into the Values."""
        if self.step is not None:
            self.step.pull()

    def attempt(self, compiled: Callable[..., Any], *args: Any) -> Any:
        """What the function gives; None if that can't be compiled, and from then on."""
        try:
            return compiled(*args)
        except Exception as error:
            if self.strict:
                raise
            self.step = None
            self.untold = f"not compiled, since {type(error).__name__}: {error}"
            self.history.not_compiled = self.untold
            return None

    def tell(self) -> None:
        """Say why it was not compiled, once the same went by Values."""
        if self.untold and self.bar is not None:
            self.bar.write(f"fit: {self.untold}")
            self.untold = ""

    def records(self) -> list[str]:
        """The names of the numbers that an epoch adds to the history."""
        names = ["loss", *self.metrics]
        return names + ["val_" + name for name in names] if self.held_out is not None else names

    def set_mode(self, training: bool) -> None:
        """What the model's `train` and `eval` do, without a walk through the tree."""
        if training is self.mode:
            return
        self.mode = training
        if type(self.eager.model).train is not Module.train:
            self.eager.model.train(training)
        for module in self.modules:
            object.__setattr__(module, "training", training)

    def train(self, size: int, shuffle: bool, epoch: int, bar: Any) -> dict[str, float]:
        """One epoch: the mean loss and the metrics."""
        self.eager.epoch, self.bar = epoch, bar
        total, n = 0.0, 0
        outputs: list[Any] = []
        targets: list[Any] = []
        for samples, order in self.epoch(size, shuffle, epoch):
            results, objective = self.one_step(samples, order)
            total += objective * len(order)
            n += len(order)
            if self.metrics:
                outputs += results
                targets += samples.lists(order)[1]
            if bar is not None:
                bar.set_postfix(epoch=epoch, loss=f"{objective:.4g}", refresh=False)
                bar.update()
        self.pull()
        self.set_mode(training=False)
        record = {"loss": total / n}
        if self.metrics:
            record |= self.measured(outputs, targets, "")
        return record

    def epoch(
        self, size: int, shuffle: bool, epoch: int
    ) -> Iterator[tuple[Samples, Sequence[int]]]:
        """Which samples each step of an epoch takes."""
        if isinstance(self.source, Stream):
            return self.source.epoch(epoch)
        return self.source.batches(size, shuffle)

    def one_step(self, samples: Samples, order: Sequence[int]) -> tuple[list[Any], float]:
        """One step of the optimizer: the outputs as floats, and the loss."""
        if self.step is not None:
            found: tuple[list[Any], float] | None = self.attempt(
                self.compiled_step, samples, order
            )
            if found is not None:
                return found
        self.set_mode(training=True)
        trained = self.eager.train(*samples.lists(order))
        self.tell()
        return trained

    def compiled_step(self, samples: Samples, order: Sequence[int]) -> tuple[list[Any], float]:
        """The same by a compiled step."""
        assert self.step is not None
        return self.step.train(samples.batch(order))

    def evaluate(self, samples: Samples) -> dict[str, float]:
        """The loss and the metrics of the validation data."""
        everything, found = range(len(samples)), None
        if self.step is not None:
            found = self.attempt(self.step.measure, samples.batch(everything))
        outputs, loss = found or self.eager.evaluate(*samples.lists(everything))
        self.tell()
        targets = samples.lists(everything)[1] if self.metrics else []
        return {"val_loss": loss} | self.measured(outputs, targets, "val_")

    def changed(self) -> None:
        """Callbacks may have changed the model."""
        self.mode = None
        if self.step is not None:
            self.step.needs_recheck = True

    def measured(self, outputs: list[Any], targets: list[Any], prefix: str) -> dict[str, float]:
        """The metrics of these outputs, by their names in the history."""
        record = {}
        for name, metric in self.metrics.items():
            try:
                record[prefix + name] = primal(metric(outputs, targets))
            except Exception as error:
                error.add_note(
                    f"in the metric {name!r}, which is given all outputs and targets"
                )
                raise
        return record


# ---------------------------------------------------------------- helpers


def _check_parts(
    optimizer: Optimizer, scheduler: Scheduler | None, early_stopping: EarlyStopping | None
) -> None:
    if scheduler is not None:
        instance(scheduler, Scheduler, "fit: scheduler")
        if scheduler.optimizer is not optimizer:
            raise ValueError("fit: the scheduler is that of another optimizer")
    if early_stopping is not None:
        instance(early_stopping, EarlyStopping, "fit: early_stopping")


def _checked_metrics(metrics: Metrics | None) -> Metrics:
    metrics = {} if metrics is None else metrics
    instance(metrics, Mapping, "fit: metrics", 'such as {"accuracy": nn.accuracy}')
    for name, metric in metrics.items():
        instance(name, str, "fit: the name of a metric")
        function(metric, f"fit: the metric {name!r}")
    if "loss" in metrics:
        raise ValueError('fit: a metric must not be called "loss", as the loss is')
    return metrics


def _checked_callbacks(
    callbacks: Iterable[Callable[[EpochEnd], object]],
) -> list[Callable[[EpochEnd], object]]:
    instance(callbacks, Iterable, "fit: callbacks", "of functions")
    result = list(callbacks)
    for callback in result:
        for kind, name in ((EarlyStopping, "early_stopping"), (Scheduler, "scheduler")):
            if isinstance(callback, kind):
                raise TypeError(
                    f"fit: a callback must be a function, got {shortened(callback)}; "
                    f"give it as {name}=…"
                )
        function(callback, "fit: a callback")
    return result


def _parted(samples: Samples, validation: Any) -> tuple[Samples, Samples | None]:
    """The samples to train on, and those that are held out."""
    if validation is None:
        return samples, None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        return samples, samples_of(validation[0], validation[1], "fit: validation: ")
    if not isinstance(validation, (int, float)) or isinstance(validation, bool):
        raise TypeError(
            "fit: validation must be a pair (X, y), or a share of the samples such as 0.2, "
            f"got {shortened(validation)}"
        )
    count = round(fraction(validation, "fit: validation") * len(samples))
    if not 0 < count < len(samples):
        raise ValueError(
            f"fit: validation={validation!r} parts {len(samples)} samples into "
            f"{len(samples) - count} and {count}; leave some for each"
        )
    out = sorted(random.Random(0).sample(range(len(samples)), count))
    rest = sorted({*range(len(samples))} - {*out})
    return Samples(*samples.lists(rest)), Samples(*samples.lists(out))


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
