"""Run by `python -m pytest tests/benchmarks` only; prints the README's tables at the end."""

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from autograd.build.binaries import describe_build

Tables = dict[tuple[str, ...], list[tuple[str, ...]]]  # rows by their heads
TABLES = pytest.StashKey[Tables]()
BESIDE = ("", "here", "beside", "ratio")
COMPILED = describe_build()[0] == "compiled"
HERE = Path(__file__).parent

collect_ignore = ["peers"]  # run by the peers' own interpreters


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    folder = config.invocation_params.dir
    asked_for = [(folder / arg.partition("::")[0]).resolve() for arg in config.args]
    wanted = any(path.is_relative_to(HERE) for path in asked_for)
    return None if wanted or collection_path.name == "conftest.py" else True


@pytest.fixture(autouse=True)
def _a_heap_of_our_own() -> Iterator[None]:
    """Keep what the test runner has allocated out of the collector's work."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(name="tables")
def _tables(request: pytest.FixtureRequest) -> Tables:
    """Keep what has been measured in this run, as the README's tables."""
    return request.config.stash.setdefault(TABLES, {})


@pytest.fixture(name="compare")
def _compare(benchmark: Any, tables: Tables) -> Callable[..., float]:
    def compare(
        what: str,
        run: Callable[[], object],
        peer: str,
        theirs: Callable[[], object] | float,
        rounds: int,
        loops: int = 1,
    ) -> float:
        """Time `run`, after the peer's run if that is not yet timed, in seconds.

        Each runs its rounds in a row, as a training does, so that each pays for the garbage
        that it leaves. Returns the ratio of the medians, theirs to ours; a run is `loops`
        operations. After a peer in a process of its own, for which this one has waited and
        its core has slept, as many rounds warm up.
        """
        peer_times = [] if callable(theirs) else [theirs]
        if callable(theirs):
            theirs()
            for _ in range(rounds):
                started = time.process_time()
                theirs()
                peer_times.append(time.process_time() - started)
            gc.collect()
        benchmark.pedantic(run, rounds=rounds, warmup_rounds=1 if callable(theirs) else rounds)
        ours: float = benchmark.stats.stats.median / loops
        other = median(peer_times) / loops
        benchmark.extra_info[peer] = other
        row = (what, shown(ours), f"{peer} {shown(other)}", in_words(other / ours))
        tables.setdefault(BESIDE, []).append(row)
        return other / ours

    return compare


def shown(seconds: float) -> str:
    """With its unit, in three digits.

    >>> shown(2.34e-8), shown(1.1199)
    ('23.4 ns', '1,120 ms')
    """
    scale, unit = next(
        (scale, unit)
        for scale, unit in [(1e3, "ms"), (1e6, "µs"), (1e9, "ns")]
        if seconds * scale >= 1.0 or unit == "ns"
    )
    return f"{_three_digits(seconds * scale)} {unit}"


def in_words(ratio: float) -> str:
    """
    >>> in_words(60.2), in_words(0.25)
    ('60.2 × faster', '4.00 × slower')
    """
    faster = ratio >= 1.0
    return (
        f"{_three_digits(ratio if faster else 1 / ratio)} × {'faster' if faster else 'slower'}"
    )


def _three_digits(x: float) -> str:
    return f"{x:,.{0 if x >= 100 else 1 if x >= 10 else 2}f}"


def _machine() -> str:
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(": ")[2]
                break
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()}; "
        f"{platform.python_implementation()} {platform.python_version()}; "
        f"{describe_build()[0]} build; {date.today():%d %B %Y}"
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    tables = config.stash.get(TABLES, {})
    if not tables:
        return
    terminalreporter.section("for the README")
    terminalreporter.write_line(_machine())
    for head, rows in tables.items():
        terminalreporter.write_line("")
        for row in (head, ("---",) * len(head), *rows):
            terminalreporter.write_line(f"| {' | '.join(row)} |")
