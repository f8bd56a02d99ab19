"""A mutant and its tests in a forked process, two at a time."""

from __future__ import annotations

import ast
import gc
import importlib
import math
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.mutants import Mutant

KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"
SAME, NO_CODE = "the same syntax tree", "not Python"
AT_ONCE = 2
MEMORY = 6 << 30
# (pytest loads files that it rewrites by itself, so it shall rewrite none)
OPTIONS = ["-x", "-q", "--assert=plain", "--hypothesis-profile=mutation"]
PLUGINS = [
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


class Clock:
    """A pytest plugin: a test that takes much longer than the slowest did ends the process.

    The time is the processor's, so that other work on the machine does not count.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.slowest = 0.0
        self.started = 0.0

    def start(self) -> None:
        self.started = time.process_time()
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        if math.isfinite(self.limit):
            seconds = math.ceil(self.started + self.limit)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))

    def pytest_runtest_logstart(self) -> None:
        self.start()

    def pytest_runtest_logfinish(self) -> None:
        self.slowest = max(self.slowest, time.process_time() - self.started)


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
    broken = _Child(lambda: f"{source}\nraise RuntimeError", path, tests, "", math.inf)
    wait([broken.receiver])
    if broken.result()[0] != KILLED:
        raise RuntimeError(f"{path}: the tests pass without it")
    started = time.monotonic()
    unchanged = _Child(lambda: source, path, tests, "", math.inf)
    wait([unchanged.receiver])
    verdict, _, slowest = unchanged.result()
    if verdict != SURVIVED:
        raise RuntimeError(f"{path}: the tests fail without a change")
    overdue = 60.0 + 10.0 * (time.monotonic() - started)
    limit = 2.0 + 4.0 * slowest
    original = ast.dump(ast.parse(source))
    waiting = list(reversed(mutants))
    running: dict[_Child, tuple[Mutant, float]] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant = waiting.pop()
            child = _Child(mutant.change, path, tests, original, limit)
            running[child] = mutant, time.monotonic() + overdue
        first = min(end for _, end in running.values())
        wait([child.receiver for child in running], max(0.0, first - time.monotonic()))
        for child, (mutant, end) in list(running.items()):
            if child.receiver.poll() or time.monotonic() > end:
                del running[child]
                verdict, code, _ = child.result()
                lines = code.splitlines()[mutant.row - 1 : mutant.row]
                yield Outcome(mutant, verdict, "".join(lines).strip())


class _Child:
    """A process that imports `path` as `change()` returns it, and runs the tests."""

    def __init__(
        self,
        change: Callable[[], str],
        path: Path,
        tests: list[str],
        original: str,
        limit: float,
    ) -> None:
        self.receiver, sender = _fork.Pipe(duplex=False)
        self.process = _fork.Process(
            target=_judge, args=(change, path, tests, original, limit, sender)
        )
        self.process.start()
        sender.close()

    def result(self) -> tuple[str, str, float]:
        """Verdict, code and slowest test; timed out if it ended without, or has not ended."""
        try:
            if self.receiver.poll():
                found: tuple[str, str, float] = self.receiver.recv()
                return found
        except EOFError:
            pass
        finally:
            self.process.kill()
            self.process.join()
            self.receiver.close()
        return TIMED_OUT, "", 0.0


def _judge(
    change: Callable[[], str],
    path: Path,
    tests: list[str],
    original: str,
    limit: float,
    sender: Connection[Any, Any],
) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    clock = Clock(limit)
    clock.start()
    code = change()
    verdict = KILLED
    try:
        if ast.dump(ast.parse(code)) == original:
            verdict = SAME
    except SyntaxError:
        verdict = NO_CODE
    if verdict == KILLED:
        _load(path, code)
        try:
            if pytest.main([*OPTIONS, *PLUGINS, *tests], plugins=[clock]) == 0:
                verdict = SURVIVED
        except BaseException:  # whatever a mutant may raise at import
            verdict = KILLED
    sender.send((verdict, code, clock.slowest))
    sender.close()
    os._exit(0)


def _load(path: Path, code: str) -> None:
    """Have `path` imported as this code."""
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        if self.path == str(path):
            return compile(code, str(path), "exec")
        return usual(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
