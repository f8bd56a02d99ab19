"""A mutant and its tests in a forked process, two at a time.

First the tests are collected once, and each mutant gets its functions changed in place, in
a fork of that process. Those that change more than functions, or survive though a function
has run at import, are tried in a process that imports the changed module from the start.
"""

from __future__ import annotations

import gc
import importlib
import math
import multiprocessing
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.swapping import Key, key, same, swap

KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"
SAME, NO_CODE = "the same byte code", "not Python"
AGAIN = "to be imported"
AT_ONCE = 2
MEMORY = 6 << 30
# (pytest loads files that it rewrites by itself, so it shall rewrite none)
OPTIONS = [
    *("-x", "-q", "--assert=plain", "--hypothesis-profile=mutation"),
    *("-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider"),
    *("-p", "no:junitxml", "-p", "no:unraisableexception", "-p", "no:threadexception"),
]
WARM = (
    "_hypothesis_pytestplugin _pytest.doctest _pytest.unittest doctest hypothesis.strategies "
    "hypothesis.internal.conjecture.engine json mpmath numpy micrograd.engine micrograd.nn pdb "
    "random safetensors scipy.optimize tomllib tqdm.auto"
)

_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Outcome:
    mutant: Mutant
    verdict: str
    line: str  # as changed


def warm() -> None:
    """Import what the tests import, this library excepted; settle what they run with."""
    os.environ |= {"AUTOGRAD_PURE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in WARM.split():
        importlib.import_module(name)
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    assert not {"autograd", "nn"} & sys.modules.keys()
    gc.freeze()  # it need not look at all that again, in every process


def run_all(
    path: Path, source: str, mutants: list[Mutant], tests: list[str]
) -> Iterator[Outcome]:
    """The outcomes as they come.

    Raises:
        RuntimeError: the tests fail without a change, or pass without the module.
    """
    receiver, sender = _fork.Pipe(duplex=False)
    server = _fork.Process(target=_swap_all, args=(path, source, mutants, tests, sender))
    server.start()
    sender.close()
    left, seen = [], 0
    try:
        while True:
            index, verdict, line = receiver.recv()
            seen += 1
            if verdict == AGAIN:
                left.append(index)
            else:
                yield Outcome(mutants[index], verdict, line)
    except EOFError:
        server.join()
    if seen < len(mutants):
        raise RuntimeError(f"{path}: the tests fail without a change")
    clock = Clock(math.inf)
    broken = partial(_imported, path, lambda: f"{source}\nraise RuntimeError", 0, tests, clock)
    unchanged = partial(_imported, path, lambda: source, 0, tests, clock)
    started = time.monotonic()
    (_, bad), (_, good) = sorted(_each([broken, unchanged], math.inf))
    if bad is None or bad[0] != KILLED:
        raise RuntimeError(f"{path}: the tests pass without it")
    if good is None or good[0] != SURVIVED:
        raise RuntimeError(f"{path}: the tests fail without a change")
    clock = Clock(good[2])
    works = [
        partial(_imported, path, mutants[i].change, mutants[i].row, tests, clock) for i in left
    ]
    for place, found in _each(works, 60.0 + 10.0 * (time.monotonic() - started)):
        verdict, line, _ = found or (TIMED_OUT, "", 0.0)
        yield Outcome(mutants[left[place]], verdict, line)


# ---------------------------------------------------------------- one after the other


class Clock:
    """A pytest plugin: a test that takes much longer than it did ends the process.

    The time is the processor's, so that other work on the machine does not count.
    """

    def __init__(self, usual: float) -> None:
        self.usual = usual
        self.slowest = 0.0
        self.started = 0.0

    def start(self, usual: float | None = None) -> None:
        self.started = time.process_time()
        limit = 1.0 + 4.0 * (self.usual if usual is None else usual)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        if math.isfinite(limit):
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(self.started + limit), hard))

    def stop(self) -> None:
        self.slowest = max(self.slowest, time.process_time() - self.started)

    def pytest_runtest_logstart(self) -> None:
        self.start()

    def pytest_runtest_logfinish(self) -> None:
        self.stop()


def _each(works: Sequence[Callable[[], Any]], overdue: float) -> Iterator[tuple[int, Any]]:
    """What each returns in a process of its own, or None if it ends otherwise or is late."""
    waiting = list(reversed(list(enumerate(works))))
    running: dict[int, tuple[Any, Any, float]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            place, work = waiting.pop()
            receiver, sender = _fork.Pipe(duplex=False)
            process = _fork.Process(target=_answer, args=(work, sender))
            process.start()
            sender.close()
            running[place] = process, receiver, time.monotonic() + overdue
        first = min(end for _, _, end in running.values()) - time.monotonic()
        wait([receiver for _, receiver, _ in running.values()], min(max(0.0, first), 3600.0))
        for place, (process, receiver, end) in list(running.items()):
            if receiver.poll() or time.monotonic() > end:
                del running[place]
                try:
                    found = receiver.recv() if receiver.poll() else None
                except EOFError:
                    found = None
                process.kill()
                process.join()
                receiver.close()
                yield place, found


def _answer(work: Callable[[], Any], sender: Connection[Any, Any]) -> None:
    _silence()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sender.send(work())
    sender.close()
    os._exit(0)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _line(code: str, row: int) -> str:
    return "".join(code.splitlines()[row - 1 : row]).strip()


# ---------------------------------------------------------------- imported


def _imported(
    path: Path, change: Callable[[], str], row: int, tests: list[str], clock: Clock
) -> tuple[str, str, float]:
    clock.start()
    code = change()
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        if self.path == str(path):
            return compile(code, str(path), "exec", dont_inherit=True)
        return usual(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
    verdict = SURVIVED
    try:
        if pytest.main([*OPTIONS, *tests], plugins=[clock]) != 0:
            verdict = KILLED
    except BaseException:  # whatever a mutant may raise at import
        verdict = KILLED
    return verdict, _line(code, row), clock.slowest


# ---------------------------------------------------------------- swapped


def _swap_all(
    path: Path,
    source: str,
    mutants: list[Mutant],
    tests: list[str],
    sender: Connection[Any, Any],
) -> None:
    _silence()
    plugin = _Swapping(path, source, mutants, sender)
    pytest.main([*OPTIONS, *tests], plugins=[plugin])
    sender.close()
    os._exit(0)


@dataclass(frozen=True)
class Test:
    """A test's place, how long it takes, and the functions of the module that it calls.

    None for all of them, where it does not pass while it is watched.
    """

    place: int
    seconds: float
    called: set[Key] | None


class _Swapping:
    """A pytest plugin that runs, for each mutant, the tests that call what it changes."""

    def __init__(
        self, path: Path, source: str, mutants: list[Mutant], sender: Connection[Any, Any]
    ) -> None:
        self.path = str(path)
        self.original = compile(source, self.path, "exec", dont_inherit=True)
        self.rows = len(source.splitlines())
        self.mutants = mutants
        self.sender = sender
        self.called: set[Key] = set()
        self.noting = False  # until the module is imported, and not after
        sys.setprofile(self.note)

    def note(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if code.co_filename == self.path and event in ("call", "return"):
            if code.co_name == "<module>":
                self.noting = event == "call"
            elif self.noting:
                self.called.add(key(code))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        sys.setprofile(None)
        ((_, passed),) = _each([partial(run, session.items, session)], math.inf)
        ((_, tests),) = _each([partial(self.watched, session)], math.inf)
        if passed:
            tests.sort(key=lambda test: test.seconds)
            works = [partial(self.judge, session, tests, mutant) for mutant in self.mutants]
            for place, found in _each(works, 600.0):
                verdict, line = found or (TIMED_OUT, "")
                self.sender.send((place, verdict, line))
        return True

    def watched(self, session: pytest.Session) -> list[Test]:
        tests = []
        self.noting = True
        for place, item in enumerate(session.items):
            self.called = set()
            started = time.process_time()
            threading.setprofile(self.note)
            sys.setprofile(self.note)
            passed = run([item], session)
            sys.setprofile(None)
            session.testsfailed = 0
            seconds = time.process_time() - started
            tests.append(Test(place, seconds, self.called if passed else None))
        return tests

    def judge(
        self, session: pytest.Session, tests: list[Test], mutant: Mutant
    ) -> tuple[str, str]:
        code = mutant.change()
        line = _line(code, mutant.row)
        try:
            changed: CodeType = compile(code, self.path, "exec", dont_inherit=True)
        except SyntaxError:
            return NO_CODE, line
        if same(self.original, changed):
            return SAME, line
        swapped = swap(self.original, changed) if len(code.splitlines()) == self.rows else None
        if swapped is None:
            return AGAIN, line
        chosen = [test for test in tests if test.called is None or test.called & swapped]
        items = [session.items[test.place] for test in chosen]
        try:
            passed = run(items, session, [test.seconds for test in chosen])
        except BaseException:
            passed = False
        if passed:
            return AGAIN if swapped & self.called else SURVIVED, line
        return KILLED, line


def run(
    items: Sequence[pytest.Item], session: pytest.Session, usual: Sequence[float] | None = None
) -> bool:
    for place, item in enumerate(items):
        Clock(math.inf).start(usual[place] if usual else math.inf)
        following = items[place + 1] if place + 1 < len(items) else None
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True
