"""Many trainings: one for each of many settings, on processes or machines."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from traceback import format_exception, format_exception_only
from typing import Any

from autograd.files import write_atomically
from nn.checks import function, instance, shortened
from nn.training.fit import progress_bar
from nn.training.history import History

__all__ = ["Sweep", "sweep"]

Record = dict[str, Any]
_turns = [threading.Lock()]  # of this process's threads, which share `random`
if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(after_in_child=lambda: _turns.__setitem__(0, threading.Lock()))


class Sweep(list[Record]):
    """The records of the trials that came to an end, in the trials' order; pandas takes them.

    Attributes:
        failed: of each trial that raised, its settings with "error" and "traceback".

    >>> records = Sweep([{"lr": 0.1, "loss": 0.5}, {"lr": 1.0, "loss": 0.2}])
    >>> min(records, key=lambda record: record["loss"])["lr"]
    1.0
    """

    failed: list[Record]

    def __repr__(self) -> str:
        told, count = super().__repr__(), len(getattr(self, "failed", ()))
        return f"<Sweep of {told}; {count} failed, see .failed>" if count else told


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

    Before a trial `random` is seeded with its settings and `seed`: it gives the same bits
    wherever it runs. Threads of a process take turns.

    Args:
        train: returns a dict of what to keep, a number (kept as "result"), or a History (of
            which the last epoch is kept).
        trials: the keyword arguments of each call: numbers, strings, lists and dicts.
        executor: of `concurrent.futures` or like these: MPI's, joblib's; or a client of Dask.
            If None, a process for each core. The trial of a killed process fails, unless the
            executor does it again.
        folder: for a file with each record; later calls do only trials that are not there.
        progress: show a tqdm bar; if None, show one where tqdm is installed.

    Raises:
        ValueError: there are no trials, or a record in the folder is damaged.
        TypeError: an argument is of the wrong type, or a trial has what JSON has not.
        OSError: the folder can't be written to.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as executor:
    ...     sweep(lambda x: x * x, [{"x": 1.5}, {"x": 2.0}], executor, progress=False)
    [{'x': 1.5, 'result': 2.25}, {'x': 2.0, 'result': 4.0}]
    """
    function(train, "sweep: train")
    instance(seed, int, "sweep: seed")
    instance(trials, Iterable, "sweep: trials", "of dicts")
    if not (settings := [*trials]):
        raise ValueError("sweep: there are no trials")
    keys = [f"{seed} {_key(trial, f'sweep: trials[{i}]')}" for i, trial in enumerate(settings)]
    executor = getattr(executor, "get_executor", lambda: executor)()  # of a client of Dask
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(f"sweep: executor must have submit, got {shortened(executor)}")
    names = [hashlib.sha256(key.encode()).hexdigest()[:20] for key in keys]
    files = [Path(folder, f"{name}.json") for name in names if folder is not None]
    for file in files[:1]:
        file.parent.mkdir(parents=True, exist_ok=True)
    results = {i: _read(file, keys[i]) for i, file in enumerate(files) if file.exists()}
    failed = dict[int, Record]()
    with contextlib.ExitStack() as stack:
        bar = progress_bar(progress, "sweep")(total=len(keys), initial=len(results))
        shown = stack.enter_context(bar)
        if executor is None:
            context = get_context("spawn" if "jax" in sys.modules else None)  # it has threads
            executor = stack.enter_context(ProcessPoolExecutor(mp_context=context))
        submit, left = executor.submit, [i for i in range(len(keys)) if i not in results]
        futures = {submit(_record, train, settings[i], keys[i]): i for i in left}
        stack.callback(lambda: [future.cancel() for future in futures])
        for future in as_completed(futures):
            i = futures[future]
            if shown is not None:
                shown.update()
            if (error := future.exception()) is not None:  # or a process was killed
                told, whole = format_exception_only(error)[0], "".join(format_exception(error))
                failed[i] = {**settings[i], "error": told.strip(), "traceback": whole}
                continue
            results[i] = {**settings[i], **future.result()}
            if files:
                content = {"trial": keys[i], "record": results[i]}
                write_atomically(files[i], json.dumps(content).encode())
    records = Sweep([results[i] for i in sorted(results)])
    records.failed = [failed[i] for i in sorted(failed)]
    return records


def _key(trial: Mapping[str, Any], what: str) -> str:
    """Return a trial as JSON."""
    instance(trial, Mapping, what, "such as {'lr': 0.1}")
    for name, x in trial.items():
        instance(name, str, f"{what}: a name")
        try:
            json.dumps(x)
        except (TypeError, ValueError):
            must = f"{what}: {name} must be a number, a string, a list or a dict"
            raise TypeError(f"{must}, got {shortened(x)}") from None
    return json.dumps({**trial}, sort_keys=True)


def _read(file: Path, key: str) -> Record:
    try:
        content = json.loads(file.read_bytes())
        return {key: dict(content["record"])}[content["trial"]]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"sweep: {file} is damaged; delete it to do that anew") from None


def _record(train: Callable[..., Any], trial: Record, key: str) -> Record:
    """Return the record of a trial. It is called in the other process."""
    with _turns[0]:
        random.seed(key)
        returned = train(**trial)
    if isinstance(returned, History):
        returned = {name: numbers[-1] for name, numbers in returned.items()}
    record = returned if isinstance(returned, Mapping) else {"result": returned}
    return json.loads(_key(record, "sweep: the result of train"))  # type: ignore[no-any-return]
