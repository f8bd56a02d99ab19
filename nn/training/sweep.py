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
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
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

    >>> Sweep([{"lr": 0.1, "loss": 0.5}], failed=[])
    [{'lr': 0.1, 'loss': 0.5}]
    """

    def __init__(self, records: Iterable[Record], failed: list[Record]) -> None:
        super().__init__(records)
        self.failed = failed

    def __repr__(self) -> str:
        first = self.failed[0]["error"] if self.failed else ""
        told = f"; {len(self.failed)} failed, see .failed; the first: {first}>"
        return f"<Sweep of {super().__repr__()}{told}" if self.failed else super().__repr__()


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
    wherever and in whatever order it runs. Threads of a process take turns.

    Args:
        train: returns a dict of what to keep, a number (kept as "result"), or a History (of
            which the last epoch is kept).
        trials: the keyword arguments of each call: numbers, strings, lists and dicts.
        executor: of `concurrent.futures` or like these: MPI's, joblib's; or a client of Dask.
            If None, a process for each core. The trial of a killed process fails, unless the
            executor does it again.
        folder: where each record is kept as a file; called again, only trials that failed or
            are new are done.
        progress: show a tqdm bar; if None, show one where tqdm is installed.

    Raises:
        ValueError: there are no trials, or a record in the folder is damaged.
        TypeError: an argument is of the wrong type, a trial has what JSON has not, or `train`
            can't be sent to another process.
        OSError: the folder cannot be written to.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(1) as executor:
    ...     sweep(lambda x: x * x, [{"x": 1.5}, {"x": 2.0}], executor, progress=False)
    [{'x': 1.5, 'result': 2.25}, {'x': 2.0, 'result': 4.0}]
    """
    function(train, "sweep: train")
    instance(seed, int, "sweep: seed")
    instance(trials, Iterable, "sweep: trials", "of dicts")
    settings = [_checked(trial, f"sweep: trials[{i}]") for i, trial in enumerate(trials)]
    if not settings:
        raise ValueError("sweep: there are no trials")
    if executor is not None:
        if hasattr(executor, "get_executor"):  # a client of Dask
            executor = executor.get_executor()
        if not hasattr(executor, "submit"):
            got = shortened(executor)
            raise TypeError(f"sweep: executor must have submit, as those of Python, got {got}")
    bar = progress_bar(progress, "sweep")
    keys = [f"{seed} {json.dumps(trial, sort_keys=True)}" for trial in settings]
    names = [f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json" for key in keys]
    files = [] if folder is None else [Path(folder, name) for name in names]
    for file in files[:1]:
        file.parent.mkdir(parents=True, exist_ok=True)
    results = {i: _read(file, keys[i]) for i, file in enumerate(files) if file.exists()}
    count, failed = len(settings) - len(results), set[int]()
    with contextlib.ExitStack() as stack:
        shown = stack.enter_context(bar(total=len(keys), initial=len(results), unit="trial"))
        packed = {i: _packed(train, x) for i, x in enumerate(settings) if i not in results}
        if executor is None and packed:
            context = get_context("spawn" if "jax" in sys.modules else None)  # it has threads
            pool = ProcessPoolExecutor(min(os.cpu_count() or 1, count), context)
            executor = stack.enter_context(pool)
        submit: Any = getattr(executor, "submit", None)
        futures = {submit(_outcome, packed[i], keys[i]): i for i in packed}
        stack.callback(lambda: [future.cancel() for future in futures])
        for future in as_completed(futures):
            i = futures[future]
            error = future.exception()  # the executor's, or of a process that was killed
            good, result = (False, _told(error)) if error else future.result()
            results[i] = settings[i] | result
            if not good:
                failed.add(i)
            elif files:
                content = {"trial": keys[i], "record": results[i]}
                write_atomically(files[i], json.dumps(content).encode())
            if shown is not None:
                shown.set_postfix(failed=len(failed), refresh=False)
                shown.update()
    records = [results[i] for i in range(len(keys)) if i not in failed]
    return Sweep(records, [results[i] for i in sorted(failed)])


def _checked(trial: Mapping[str, Any], what: str) -> Record:
    instance(trial, Mapping, what, "such as {'lr': 0.1}")
    for name, x in trial.items():
        instance(name, str, f"{what}: a name")
        with contextlib.suppress(TypeError, ValueError):
            json.dumps(x)
            continue
        kinds = "a number, a string, a list or a dict"
        raise TypeError(f"{what}: {name} must be {kinds}, got {shortened(x)}")
    return dict(trial)


def _read(file: Path, key: str) -> Record:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        content = json.loads(file.read_bytes())
        if content["trial"] == key:
            return dict(content["record"].items())
    raise ValueError(f"sweep: {file} is damaged; delete it, and that trial is done again")


def _packed(train: Callable[..., Any], trial: Record) -> bytes:
    """A call as bytes; by cloudpickle where it is installed, which knows notebooks."""
    name = "cloudpickle" if importlib.util.find_spec("cloudpickle") else "pickle"
    try:
        packed: bytes = import_module(name).dumps((train, trial))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        advice = "Define it in a module, or install cloudpickle"
        raise TypeError(
            f"sweep: train can't be sent to a process: {error}. {advice}"
        ) from error
    return packed


def _outcome(packed: bytes, key: str) -> tuple[bool, Record]:
    """Whether a trial ends well, and its record or error. It is called in the other process."""
    with contextlib.suppress(ImportError):  # it draws from `random` when it is first imported
        import_module("rich.style")
    try:
        with _turns[0]:
            train, trial = pickle.loads(packed)
            random.seed(key)
            returned = train(**trial)
        if isinstance(returned, History):
            returned = {name: numbers[-1] for name, numbers in returned.records.items()}
        record = returned if isinstance(returned, Mapping) else {"result": returned}
        with contextlib.suppress(TypeError, ValueError):
            return True, json.loads(json.dumps(dict(record)))
        kinds = "numbers, strings, lists and dicts of these, or a History"
        raise TypeError(f"sweep: train must return {kinds}, got {shortened(returned)}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # such as sys.exit
        return False, _told(error)


def _told(error: BaseException) -> Record:
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # raised by its __str__
        text = f"{type(error).__name__}, which can't be printed"
    return {"error": text, "traceback": "".join(traceback.format_exception(error))}
