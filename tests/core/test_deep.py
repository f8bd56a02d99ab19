"""No recursion, in Python or in C, however deep or wide a graph is."""

import os
import re

import pytest

from tests.helpers.builds import THIS, run
from tests.helpers.deep import SHAPES, TRIALS

EVERY = [f"{shape}:{trial}" for trial in TRIALS for shape in SHAPES]
LARGE = [
    f"{shape}:backward"
    for shape in ("chain", "chain_of_second_operands", "narrow_and_wide", "tree", "tangle")
]


def results(n: int, *pairs: str) -> dict[str, str]:
    """Return the outcome of each trial; the one that ended the process has nothing."""
    done = run(THIS, "-m", "tests.helpers.deep", str(n), *pairs)
    lines = re.findall(r"(\S+) (\S+) (.*)\n", done.stdout.decode())
    return {f"{shape}:{trial}": words for shape, trial, words in lines}


@pytest.mark.slow
def test_with_a_small_stack() -> None:
    assert results(10_000) == dict.fromkeys(EVERY, "passed")


@pytest.mark.parametrize("pair", LARGE)
def test_large(pair: str) -> None:
    assert results(200_000, pair) == {pair: "passed"}


@pytest.mark.soak
@pytest.mark.parametrize("pair", LARGE)
def test_ten_million_nodes(pair: str) -> None:
    if os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") < 5e9:
        pytest.skip("needs 5 GB of free memory")
    assert results(10**7, pair) == {pair: "passed"}


@pytest.mark.soak
@pytest.mark.parametrize("trial", ["deepcopied", "pickled", "released_in_disorder"])
def test_a_million_nodes(trial: str) -> None:
    pair = f"chain:{trial}"
    assert results(10**6, pair) == {pair: "passed"}
