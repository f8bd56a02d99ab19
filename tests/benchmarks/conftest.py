"""Run by `python -m pytest tests/benchmarks` only; prints ratios of medians at the end."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Medians = dict[str, dict[str, float]]
MEDIANS = pytest.StashKey[Medians]()
FIGURES = pytest.StashKey[list[str]]()
OURS = "autograd"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked_for = any("benchmarks" in argument for argument in config.args)
    return None if asked_for or collection_path.name == "conftest.py" else True


@pytest.fixture(autouse=True)
def _a_heap_of_our_own() -> Iterator[None]:
    """Keep what the test runner has allocated out of the collector's work."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(name="medians")
def _medians(request: pytest.FixtureRequest) -> Medians:
    """What has been measured in this run: seconds, by what was done and who did it."""
    return request.config.stash.setdefault(MEDIANS, {})


@pytest.fixture(name="figures")
def _figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the summary."""
    return request.config.stash.setdefault(FIGURES, [])


@pytest.fixture(name="measure")
def _measure(benchmark: Any, medians: Medians) -> Callable[..., None]:
    def measure(what: str, who: str, run: Callable[[], object], rounds: int) -> None:
        benchmark.group = what
        benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
        medians.setdefault(what, {})[who] = benchmark.stats.stats.median

    return measure


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if MEDIANS not in config.stash and FIGURES not in config.stash:
        return
    terminalreporter.section("medians, and how many times faster than the peer")
    for what, medians in config.stash.get(MEDIANS, {}).items():
        for who, seconds in medians.items():
            ratio = seconds / medians.get(OURS, seconds)
            terminalreporter.write_line(
                f"{what:34} {who:22} {seconds * 1e3:10.3f} ms {ratio:7.2f}×"
            )
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
