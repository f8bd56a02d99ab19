"""fit and compile: the training loop with validation, early stopping and checkpoints."""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd.core.operand import primal
from nn.boundary import Boundary
from nn.checks import count, flag, fraction, function, instance, shortened
from nn.hints import hinted
from nn.module import Module
from nn.optim import Optimizer
from nn.schedules import Scheduler
from nn.training.batches import Batch, Stream, batch_of, permutation
from nn.training.checkpoint import Checkpoint
from nn.training.eager import Eager, Loss, Penalty, in_mode
from nn.training.history import EarlyStopping, EpochEnd, History, StopTraining

if TYPE_CHECKING:
    from nn.training.compiled import Compiled
    from nn.training.step import Step

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
    first and then for a twentieth of the time: compile again after changing more than data.
    What the loss, the penalty and an `_update` of your own name may change. An interrupt
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
    from nn.training.step import Step

    eager = Eager(model, loss, optimizer, penalty, max_norm, "nn.compile")
    kind = _backend(backend, "nn.compile")
    return Step(eager, count(threads, "nn.compile: threads"), kind)


def _backend(backend: str, name: str) -> type[Compiled]:
    """The engine of a backend; both need NumPy."""
    if backend not in ("native", "jax"):
        raise ValueError(f'{name}: backend must be "native" or "jax", got {shortened(backend)}')
    if backend == "native":
        from nn.training.compiled import Compiled

        return Compiled
    from nn.training.jax import JaxEngine

    return JaxEngine


@hinted
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
    Otherwise a warning says why, once, and so does `history.not_compiled`; so where a model
    goes more than 64 ways. Ctrl-C ends a training after a whole step.

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
    training = Batch([], []) if stream else batch_of(X, y, "fit: ")
    training, held_out = _parted(training, validation)
    flag(shuffle, "fit: shuffle")
    flag(resume, "fit: resume")
    size = training.lanes if batch_size is None else count(batch_size, "fit: batch_size")
    if stream and batch_size is not None:
        raise ValueError("fit: X gives batches, which come as they are; leave out batch_size")
    count(epochs, "fit: epochs", least=0)
    bars = progress_bar(progress, "fit")
    history = History()
    eager = Eager(model, loss, optimizer, penalty, max_norm, "fit")
    metrics = _checked_metrics(metrics)
    callbacks = _checked_callbacks(callbacks)
    _check_parts(optimizer, scheduler, early_stopping)
    engine = _engine(eager, compiled, backend, bool(metrics))
    names = ["loss", *metrics]
    saved = Checkpoint(
        checkpoint,
        model,
        optimizer,
        scheduler,
        early_stopping,
        history,
        records=names + [f"val_{name}" for name in names if held_out is not None],
        data={
            "samples": training.lanes,
            "validation": 0 if held_out is None else held_out.lanes,
        },
    )
    saved.open(resume)
    if stream:
        stream.check(epochs - history.epochs)
    hooks: list[Callable[[EpochEnd], Any]] = []
    apart = 1 + training.lanes // MOST_POINTS
    few = training.take(range(0, training.lanes, apart))
    if Boundary.fits(few):
        history.boundary = boundary = Boundary(model, [*few], loss)
        boundary.keep(history.epochs)
        hooks.append(lambda end: boundary.keep(end.epoch))
    if scheduler is not None:
        hooks.append(lambda end: scheduler.step(end.history.watched[-1]))
    if early_stopping is not None:
        hooks.append(lambda end: _improved(early_stopping, end))
    hooks += callbacks
    if callbacks:
        hooks.append(lambda end: engine.changed())
    hooks.append(saved)
    steps = stream.steps if stream else math.ceil(training.lanes / size)
    stop = bool(early_stopping and early_stopping.stopped)
    with (
        in_mode(model, training=False),
        bars(total=steps * epochs or None, initial=steps * history.epochs, unit="step") as bar,
    ):
        while history.epochs < epochs and not stop:
            epoch = history.epochs + 1
            batches = stream.epoch(epoch) if stream else _batches(training, size, shuffle)
            eager.epoch = epoch
            record = _trained(engine, batches, metrics, epoch, bar)
            if held_out is not None:
                record |= _validated(engine, held_out, metrics)
            history.append(record)
            stop = _stopped_by(hooks, EpochEnd(epoch, model, history))
            history.not_compiled = engine.why
    history.not_compiled = engine.why
    if early_stopping is not None and early_stopping.best_state is not None:
        model.load_state_dict(early_stopping.best_state)
    return history


def _engine(eager: Eager, compiled: bool | None, backend: str, outputs: bool) -> Any:
    """Return the engine that makes the steps of a training."""
    if compiled is not None:
        flag(compiled, "fit: compiled")
    if backend == "jax" and compiled is False:
        raise ValueError('fit: backend="jax" compiles; leave out compiled=False')
    if compiled is False and backend == "native":
        return eager
    strict = compiled is True or backend == "jax"
    try:
        kind = _backend(backend, "fit")
        from nn.training.step import WithFallback
    except ImportError as error:
        if strict:
            raise
        eager.why = f"not compiled, since ImportError: {error}"
        return eager
    return WithFallback(kind(eager, outputs=outputs), eager, strict)


def _batches(samples: Batch, size: int, shuffle: bool) -> Iterator[Batch]:
    """One epoch: the samples of each step."""
    n = samples.lanes
    order: Sequence[int] = range(n)
    if shuffle and size < n:
        numpy: Any = sys.modules.get("numpy")
        on_disk = bool(numpy) and isinstance(samples.given[0], numpy.memmap)
        order = permutation(n, on_disk)
    for start in range(0, n, size):
        yield samples.take(order[start : start + size])


def _trained(
    engine: Any, batches: Iterable[Batch], metrics: Metrics, epoch: int, bar: Any
) -> dict[str, float]:
    """One epoch: the mean loss and the metrics."""
    total, n = 0.0, 0
    outputs: list[Any] = []
    targets: list[Any] = []
    with whole_steps() as interrupt:
        for batch in batches:
            results, loss = engine.train(batch)
            total, n = total + loss * batch.lanes, n + batch.lanes
            if metrics:
                outputs += results
                targets += batch.lists()[1]
            if bar is not None:
                bar.set_postfix(epoch=epoch, loss=f"{loss:.4g}", refresh=False)
                bar.update()
            interrupt()
    engine.pull()
    return {"loss": total / n, **_measured(metrics, outputs, targets, "")}


def _validated(engine: Any, batch: Batch, metrics: Metrics) -> dict[str, float]:
    """The loss and the metrics of the validation data."""
    outputs, loss = engine.measure(batch)
    targets = batch.lists()[1] if metrics else []
    return {"val_loss": loss, **_measured(metrics, outputs, targets, "val_")}


def _measured(
    metrics: Metrics, outputs: list[Any], targets: list[Any], prefix: str
) -> dict[str, float]:
    """The metrics of these outputs, by their names in the history."""
    record = {}
    for name, metric in metrics.items():
        try:
            record[prefix + name] = primal(metric(outputs, targets))
        except Exception as error:
            error.add_note(f"in the metric {name!r}, which is given all outputs and targets")
            raise
    return record


@contextlib.contextmanager
def whole_steps() -> Iterator[Callable[[], None]]:
    """Put Ctrl-C off while the block runs; what it is given raises one that came."""
    came: list[int] = []

    def interrupt() -> None:
        if came:
            raise KeyboardInterrupt

    def later(number: int, frame: Any) -> None:
        interrupt()  # once more: at once
        came.append(number)

    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if main else None
    if before is not signal.default_int_handler:  # elsewhere, or somebody else's
        yield interrupt
        return
    signal.signal(signal.SIGINT, later)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
    interrupt()  # one that came after the last step


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


def _parted(samples: Batch, validation: Any) -> tuple[Batch, Batch | None]:
    """The samples to train on, and those that are held out."""
    if validation is None:
        return samples, None
    if isinstance(validation, (tuple, list)) and len(validation) == 2:
        return samples, batch_of(validation[0], validation[1], "fit: validation: ")
    if not isinstance(validation, (int, float)) or isinstance(validation, bool):
        raise TypeError(
            "fit: validation must be a pair (X, y), or a share of the samples such as 0.2, "
            f"got {shortened(validation)}"
        )
    n = samples.lanes
    count = round(fraction(validation, "fit: validation") * n)
    if not 0 < count < n:
        raise ValueError(
            f"fit: validation={validation!r} parts {n} samples into "
            f"{n - count} and {count}; leave some for each"
        )
    out = sorted(random.Random(0).sample(range(n), count))
    rest = sorted({*range(n)} - {*out})
    return Batch(*samples.take(rest).lists()), Batch(*samples.take(out).lists())


def _improved(stopping: EarlyStopping, end: EpochEnd) -> None:
    """Raise StopTraining if the watched loss has not improved for too long: a hook."""
    stopping.update(end.history.watched[-1], end.model)
    if stopping.stopped:
        raise StopTraining


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
    """Return the class of the progress bar; one that shows nothing if none is wanted.

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
    return tqdm  # type: ignore[no-any-return]
