"""Time a node, as graphs grow from 10³ to 10⁷ nodes."""

import gc
import random
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import autograd
from autograd import Value
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


COMPILING = ("µs an operation: compile value and gradient, without f", "10⁴", "10⁵", "10⁶")


def chained(n: int) -> Callable[[list[Any]], Any]:
    """Nothing of it can be batched."""

    def f(x: list[Any]) -> Any:
        y = x[0]
        for i in range(n // 4):
            y = autograd.sin(y) * x[1] + x[2] - 0.001 * (i % 100)
        return y

    return f


def tangled(n: int) -> Callable[[list[Any]], Any]:
    """Each second operation is of any one before."""

    def f(x: list[Any]) -> Any:
        draw = random.Random(1).random
        nodes = [*x]
        for _ in range(n // 2):
            nodes.append(autograd.tanh(nodes[-1] + nodes[int(draw() * len(nodes))]))
        return nodes[-1]

    return f


MIXED: list[Callable[[Value, Value], Value]] = [
    lambda a, b: a.sin(),
    lambda a, b: a.tanh(),
    lambda a, b: a + b,
    lambda a, b: a * b,
]


def mixed(n: int) -> Callable[[list[Any]], Any]:
    """Levels of about eight nodes, of four operations, that read here and there."""

    def f(x: list[Any]) -> Any:
        draw = random.Random(1).random
        nodes = [x[0] * i for i in range(50)]
        for _ in range(n):
            a, b = [nodes[-1 - int(draw() * 50)] for _ in "ab"]
            nodes.append(MIXED[int(draw() * 4)](a, b))
        return nodes[-1]

    return f


@pytest.mark.filterwarnings("ignore:.* was recorded as")
@pytest.mark.parametrize("f", [chained, tangled, mixed])
def test_time_to_compile(tables: Tables, f: Callable[[int], Callable[..., Any]]) -> None:
    pytest.importorskip("numpy")
    cells = []
    for size in COMPILING[1:]:
        n, x = SIZES[size], [0.5, 1.1, 0.3]
        times = [time.process_time()]
        for call in [f(n)] * 3:  # as often as recording does
            call([Value(each) for each in x])
        times.append(time.process_time())
        autograd.compile(f(n)).value_and_grad(x)
        times.append(time.process_time())
        own, whole = [(end - start) / n * 1e6 for start, end in pairwise(times)]
        cells.append(f"{whole - own:.1f}")
    tables.setdefault(COMPILING, []).append((f.__name__, *cells))
    assert float(cells[-1]) <= 2.0 * float(cells[0]), "time is linear"
