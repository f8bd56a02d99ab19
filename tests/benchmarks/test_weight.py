"""What the package itself weighs: the time to import it, the memory a node takes."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.conftest import BESIDE, COMPILED, Tables, shown
from tests.benchmarks.shapes import SHAPES

ROOT = Path(__file__).parents[2]


def python(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode()


def start(statement: str) -> float:
    """Processor time from the start of a Python to the end of the statement, in seconds."""
    return float(python("-c", f"{statement}\nimport time; print(time.process_time())"))


def test_import(tables: Tables) -> None:
    start("import autograd")  # writes the bytecode, if it is not there yet
    rounds = [(start("pass"), start("import autograd")) for _ in range(20)]
    bare, with_ours = (median(column) for column in zip(*rounds))
    seconds = with_ours - bare
    what = "`import autograd`, beyond Python's own start"
    row = (what, shown(seconds), f"that start {shown(bare)}", "")
    tables.setdefault(BESIDE, []).append(row)
    if COMPILED:
        assert seconds < 0.040


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_a_node(tables: Tables, shape: str) -> None:
    recorded, peak = json.loads(python("-m", "tests.benchmarks.shapes", shape, str(10**6)))
    head = ("bytes a node, of 10⁶", "recorded", "at the peak of `backward()`")
    tables.setdefault(head, []).append((shape, f"{recorded:.0f}", f"{peak:.0f}"))
    assert peak <= (112.0 if COMPILED else 200.0)
