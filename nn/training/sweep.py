"""Many trainings: one for each of many settings, on processes or machines."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import pickle
import random
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograd.files import write_atomically
from nn.checks import function, instance, shortened
from nn.training.fit import progress_bar
from nn.training.history import EpochEnd, History

__all__ = ["Sweep", "optuna_callback", "sweep"]

Record = dict[str, Any]
Outcome = tuple[Record | None, str, str]  # a record, or an error and its traceback
Task = tuple[int, bytes, str]  # a trial's place, what to run, and its seed


class Sweep(list[Record]):
    """The records of the trials that came to an end, in the trials' order.

    A record has the trial's settings and what the training gave, by name; pandas takes the
    list as it is.

    Attributes:
        failed: of each trial that raised, its settings with "error" and "traceback".

    >>> records = Sweep([{"rate": 0.1, "loss": 0.5}], failed=[])
    >>> min(records, key=lambda record: record["loss"])["rate"]
    0.1
    """

    def __init__(self, records: Iterable[Record], failed: list[Record]) -> None:
        super().__init__(records)
        self.failed = failed

    def __repr__(self) -> str:
        records = super().__repr__()
        if not self.failed:
            return records
        count, first = len(self.failed), self.failed[0]["error"]
        return f"<Sweep of {records}; {count} failed, see .failed; the first: {first}>"


def sweep(
    train: Callable[..., Any],
    trials: Iterable[Mapping[str, Any]],
    executor: Any = None,
    *,
    folder: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> Sweep:
    """Call `train(**trial)` for each trial, many at a time.

    Before a trial `random` is seeded with its settings and `seed`, so it gives the same bits
    in whichever process, on whichever machine and in whatever order it runs. (Threads share
    `random`, so those of a process take turns. A module of yours that draws from `random` when
    it is imported must be imported outside of `train`.)

    Args:
        train: trains once; returns a dict of what to keep, a number (kept as "result"), or a
            History (of which the last epoch is kept).
        trials: the keyword arguments of each call: numbers, strings, lists and dicts.
        executor: of `concurrent.futures` or like these: a ProcessPoolExecutor, mpi4py's
            MPIPoolExecutor, joblib's; or a client of Dask. If None, a process for each core.
            Whether trials of a killed process are done again is its own affair: those of
            `concurrent.futures` fail, and the next call with the same `folder` does them.
        folder: where each record is kept as a file; called again, what is there is not done
            again. Trials that failed are.
        progress: show a tqdm bar; if None, show one where tqdm is installed.

    Raises:
        ValueError: there are no trials, or a record in the folder is damaged.
        TypeError: an argument is of the wrong type, a trial has what JSON has not, or `train`
            can't be sent to another process.
        OSError: the folder cannot be written to.

    >>> def train(rate):
    ...     import random
    ...     x = random.random()
    ...     for _ in range(50):
    ...         x -= rate * 2.0 * x
    ...     return {"distance": abs(x)}
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as executor:
    ...     results = sweep(train, [{"rate": 0.1}, {"rate": 0.5}], executor, progress=False)
    >>> min(results, key=lambda record: record["distance"])
    {'rate': 0.5, 'distance': 0.0}
    """
    function(train, "sweep: train")
    instance(seed, int, "sweep: seed")
    instance(trials, Iterable, "sweep: trials", "of dicts")
    settings = [_checked(trial, i) for i, trial in enumerate(trials)]
    if not settings:
        raise ValueError("sweep: there are no trials")
    bar = progress_bar(progress, "sweep")
    seeds = [f"{seed} {json.dumps(trial, sort_keys=True)}" for trial in settings]
    files = None if folder is None else _files(Path(folder), seeds)
    records: dict[int, Record] = {}
    for i, file in enumerate(files or []):
        if file.exists():
            records[i] = _read(file, seeds[i])
    failed: dict[int, Record] = {}
    tasks: list[Task] = [
        (i, _packed(train, trial), seeds[i])
        for i, trial in enumerate(settings)
        if i not in records
    ]
    run: Iterable[tuple[int, Outcome]] = ()
    if tasks:
        run = _own_processes(tasks) if executor is None else _results(executor, tasks)
    with bar(total=len(settings), initial=len(records), unit="trial") as shown:
        for i, (record, error, trace) in run:
            if record is None:
                failed[i] = {**settings[i], "error": error, "traceback": trace}
            else:
                records[i] = {**settings[i], **record}
                if files is not None:
                    content = {"trial": seeds[i], "record": records[i]}
                    write_atomically(files[i], json.dumps(content).encode())
            if shown is not None:
                shown.set_postfix(failed=len(failed), refresh=False)
                shown.update()
    ordered = [records[i] for i in sorted(records)]
    return Sweep(ordered, [failed[i] for i in sorted(failed)])


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


# ---------------------------------------------------------------- trials and records


def _checked(trial: Mapping[str, Any], i: int) -> Record:
    what = f"sweep: trials[{i}]"
    instance(trial, Mapping, what, "such as {'lr': 0.1}")
    for name, x in trial.items():
        instance(name, str, f"{what}: a name")
        try:
            json.dumps(x)
        except (TypeError, ValueError):
            raise TypeError(
                f"{what}: {name} must be a number, a string, a list or a dict, "
                f"got {shortened(x)}"
            ) from None
    return dict(trial)


def _files(folder: Path, seeds: list[str]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [folder / f"{hashlib.sha256(s.encode()).hexdigest()[:20]}.json" for s in seeds]


def _read(file: Path, seed: str) -> Record:
    try:
        content = json.loads(file.read_bytes())
        record: Record = content["record"]
        if content["trial"] == seed and isinstance(record, dict):
            return record
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"sweep: {file} is damaged; delete it, and that trial is done again")


def _packed(train: Callable[..., Any], trial: Record) -> bytes:
    """A call as bytes; by cloudpickle where it is installed, which knows notebooks."""
    name = "cloudpickle" if importlib.util.find_spec("cloudpickle") else "pickle"
    try:
        packed: bytes = import_module(name).dumps((train, trial))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"sweep: train can't be sent to another process: {error}. Define it in a module, "
            "or install cloudpickle"
        ) from error
    return packed


def _outcome(packed: bytes, seed: str) -> Outcome:
    """What a trial gives. It is called in the other process."""
    with contextlib.suppress(ImportError):  # it draws from `random` when it is first imported,
        import_module("rich.style")  # as by scikit-learn in the middle of a trial
    try:
        with _turns[0]:
            train, trial = pickle.loads(packed)
            random.seed(seed)
            record = _recorded(train(**trial))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # such as sys.exit
        return None, _described(error), traceback.format_exc()
    return record, "", ""


_turns = [threading.Lock()]  # of this process's threads, which share `random`

if hasattr(os, "register_at_fork"):  # pragma: no branch
    # In a child process, the thread that had its turn is no more.
    os.register_at_fork(after_in_child=lambda: _turns.__setitem__(0, threading.Lock()))


def _described(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # raised by its __str__
        return f"{type(error).__name__}, which can't be printed"


def _recorded(returned: Any) -> Record:
    if isinstance(returned, History):
        returned = {name: numbers[-1] for name, numbers in returned.records.items()}
    elif not isinstance(returned, Mapping):
        returned = {"result": returned}
    try:
        record: Record = json.loads(json.dumps(dict(returned)))
    except (TypeError, ValueError):
        raise TypeError(
            "sweep: train must return numbers, strings, lists and dicts of these, or a "
            f"History, got {shortened(returned)}"
        ) from None
    return record


# ---------------------------------------------------------------- executors


def _results(executor: Any, tasks: list[Task]) -> Iterator[tuple[int, Outcome]]:
    """The outcome of each task, as it arrives."""
    if hasattr(executor, "get_executor"):  # a client of Dask
        executor = executor.get_executor()
    if not hasattr(executor, "submit"):
        raise TypeError(
            f"sweep: executor must have submit, as those of concurrent.futures, got "
            f"{shortened(executor)}"
        )
    futures = {executor.submit(_outcome, *task): i for i, *task in tasks}
    try:
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield futures[future], future.result()
            else:  # the executor itself has failed, or lost a process
                trace = "".join(traceback.format_exception(error))
                yield futures[future], (None, _described(error), trace)
    finally:
        for future in futures:
            future.cancel()


def _own_processes(tasks: list[Task]) -> Iterator[tuple[int, Outcome]]:
    """The outcomes, by a process for each core."""
    context = get_context("spawn" if "jax" in sys.modules else None)  # its threads can't fork
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(tasks)), context) as pool:
        yield from _results(pool, tasks)
