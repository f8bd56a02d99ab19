"""Time a node, as graphs grow from 10³ to 10⁷ nodes."""

import gc
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from autograd import Value, grad, gradient
from tests.benchmarks.conftest import COMPILED, Tables
from tests.benchmarks.shapes import SHAPES

SIZES = {"10³": 10**3, "10⁴": 10**4, "10⁵": 10**5, "10⁶": 10**6, "10⁷": 10**7}
HEAD = ("ns a node: build + backward + free", *SIZES, "largest ÷ smallest: all, backward")
ENOUGH = 3 * 2**30  # bytes, for 10⁷ nodes
Phases = tuple[float, float, float]


def largest() -> int:
    """The number of nodes that there is time for (interpreted) and memory."""
    memory = Path("/proc/meminfo")
    if not COMPILED or not memory.exists():
        return 10**6
    lines = memory.read_text("ascii").splitlines()
    available = next(int(line.split()[1]) for line in lines if "MemAvailable" in line)
    return 10**7 if available * 1024 >= ENOUGH else 10**6


def nanoseconds_a_node(build: Callable[[int], Value], n: int) -> Phases:
    """Of processor time, in each phase: the medians over several graphs."""
    rounds = []
    for _ in range(max(5, min(200, 10**6 // n))):
        times = [time.process_time()]
        y = build(n)
        times.append(time.process_time())
        y.backward()
        times.append(time.process_time())
        del y
        times.append(time.process_time())
        rounds.append([(end - start) / n * 1e9 for start, end in pairwise(times)])
    building, sweeping, freeing = (median(phase) for phase in zip(*rounds))
    return building, sweeping, freeing


@pytest.mark.parametrize("collecting", [True] if COMPILED else [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_time_a_node(tables: Tables, shape: str, collecting: bool) -> None:
    if not collecting:
        gc.disable()
    try:
        measured = {
            size: nanoseconds_a_node(SHAPES[shape], n)
            for size, n in SIZES.items()
            if n <= largest()
        }
    finally:
        gc.enable()
    growth, growth_of_backward = (
        max(times) / min(times)
        for times in (
            [sum(phases) for phases in measured.values()],
            [backward for _, backward, _ in measured.values()],
        )
    )
    cells = [" + ".join(f"{t:.0f}" for t in measured.get(size, ())) for size in SIZES]
    name = shape if collecting else f"{shape}, gc off"
    growths = f"{growth:.2f}, {growth_of_backward:.2f}"
    tables.setdefault(HEAD, []).append((name, *cells, growths))
    if shape == "random DAG":
        return  # no bar: its inputs lie far apart, so that it waits for the machine's memory
    if COMPILED:
        assert measured["10⁶"][1] <= 18.0, "ns a node in backward, 10⁶ nodes"
    limit = 5.0 if COMPILED else 3.0 if collecting else 1.5  # compiled, it waits for memory
    assert growth <= limit, "largest ÷ smallest"


@pytest.mark.parametrize("inner", [False, True], ids=["gradient", "grad in a gradient"])
def test_a_derivative_in_a_loop_sweeps_what_is_its_own(inner: bool) -> None:
    """Nothing that was recorded before it began."""

    def looped(x: Any, many: int) -> Any:
        for _ in range(many):
            x = x - 0.25 * (grad(lambda t: t * t)(x) if inner else gradient(x * x, x, True))
        return x

    def seconds(many: int) -> float:
        start = time.process_time()
        assert (grad(looped)(3.0, many) if inner else looped(Value(3.0), many)) < 1e-9
        return time.process_time() - start

    few, more = [min([seconds(many) for _ in range(5)]) for many in (1500, 6000)]
    assert more <= 8.0 * few, "4 times as many take 16 times as long if each sweeps all"
