"""Each mutant and its tests in a forked process, two at a time.

They are forked from a process that has imported everything but this library, which each
then imports with the change.
"""

import gc
import importlib
import math
import os
import resource
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.suites import BAD_INPUT

SURVIVED, KILLED, TIMED_OUT = "survived", "killed", "timed out"
VERDICTS = [SURVIVED, KILLED, TIMED_OUT, "the same byte code", "not Python"]  # by exit code
AT_ONCE = 2
MEMORY = 6 << 30
# (pytest loads files that it rewrites by itself, so it shall rewrite none)
OPTIONS = [
    *("-x", "-q", "-n0", "--assert=plain", "--hypothesis-profile=mutation"),
    *("-p", "_hypothesis_pytestplugin", "-p", "xdist.plugin", "-p", "no:cacheprovider"),
    *("-p", "no:junitxml", "-p", "no:unraisableexception", "-p", "no:threadexception"),
]
WARM = (
    "_hypothesis_pytestplugin _pytest.doctest _pytest.unittest doctest hypothesis.strategies "
    "hypothesis.internal.conjecture.engine json mpmath numpy micrograd.engine micrograd.nn pdb "
    "random safetensors scipy.optimize tomllib tqdm.auto"
)


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
    warnings.simplefilter("error", SyntaxWarning)  # `is` with a literal is no Python to try
    assert not {"autograd", "nn"} & sys.modules.keys()
    gc.freeze()  # it need not look at all that again, in every process


def run_all(
    path: Path, source: str, mutants: list[Mutant], tests: list[str]
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant's verdict, as they come; what survives is printed.

    Raises:
        RuntimeError: the tests fail without a change, or pass without the module.
    """
    broken = Mutant("", 0, "", "", lambda: f"{source}\nraise RuntimeError")
    unchanged = Mutant("", 0, "", "", lambda: source)
    started = time.monotonic()
    if dict(_each(path, "", [broken, unchanged], tests)) != {
        broken: KILLED,
        unchanged: SURVIVED,
    }:
        raise RuntimeError(f"{path}: the tests fail without a change, or pass without it")
    usual = time.monotonic() - started
    yield from _each(path, source, mutants, tests, 10.0 + 4.0 * usual)


def _each(
    path: Path, source: str, mutants: Sequence[Mutant], tests: list[str], most: float = 3600.0
) -> Iterator[tuple[Mutant, str]]:
    waiting = list(reversed(mutants))
    running: dict[int, Mutant] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            mutant = waiting.pop()
            child = os.fork()
            if not child:
                os._exit(VERDICTS.index(_verdict(path, source, mutant, tests, most)))
            running[child] = mutant
        child, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        yield running.pop(child), VERDICTS[code] if code >= 0 else TIMED_OUT


def _verdict(path: Path, source: str, mutant: Mutant, tests: list[str], most: float) -> str:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(most), math.ceil(2 * most)))
    late = threading.Timer(10 * most, os._exit, [VERDICTS.index(TIMED_OUT)])
    late.daemon = True
    late.start()
    code = mutant.change()
    try:
        changed = compile(code, str(path), "exec", dont_inherit=True)
    except SyntaxError:
        return "not Python"
    if source and _essence(changed) == _essence(compile(source, str(path), "exec")):
        return "the same byte code"
    shown = os.dup(1)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    _replace(path, changed)
    # Most mutants die in the first file, and the rows of bad input take long to collect.
    rows = [x for x in tests if x.startswith(BAD_INPUT)]
    parts = [tests[:1], [x for x in tests[1:] if x not in rows], rows]
    try:
        for part in filter(None, parts):
            if pytest.main([*OPTIONS, *part]) != 0:
                return KILLED
    except BaseException:  # whatever a mutant may raise at import
        return KILLED
    if mutant.line:
        line = "".join(code.splitlines()[mutant.row - 1 : mutant.row]).strip()
        text = f"\n{mutant.row} in {mutant.where}: {mutant.operator}"
        os.write(shown, f"{text}\n  - {mutant.line}\n  + {line}\n".encode())
    return SURVIVED


def _essence(code: CodeType) -> Any:
    """Return all that decides what it does, wherever it stands in its lines."""
    constants = [_essence(x) if isinstance(x, CodeType) else repr(x) for x in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    arguments = (code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount)
    return code.co_code, code.co_flags, code.co_exceptiontable, names, arguments, constants


def _replace(path: Path, code: CodeType) -> None:
    """Have the module at this path run this code when it is imported."""
    usual: Callable[..., Any] = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        return code if self.path == str(path) else usual(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign,assignment]
