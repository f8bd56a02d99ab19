"""Time and memory a node, as graphs grow from 10³ to 10⁶ nodes."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable

import pytest

import autograd
from autograd import Value

SIZES = [10**3, 10**4, 10**5, 10**6]


def chain(n: int) -> Value:
    y = Value(0.5)
    for _ in range(n):
        y = y + 1.0
    return y


def wide(n: int) -> Value:
    x = Value(0.5)
    y: Value = autograd.sum([x * 1.5 for _ in range(n)])
    return y


def nanoseconds_a_node(build: Callable[[int], Value], n: int) -> float:
    """Recording, backward and freeing in processor time; the best of several."""
    best = float("inf")
    for _ in range(max(3, min(30, 100_000 // n))):
        started = time.process_time()
        build(n).backward()
        best = min(best, time.process_time() - started)
    return best / n * 1e9


@pytest.mark.parametrize("build", [chain, wide])
@pytest.mark.parametrize(("collecting", "bar"), [(True, 3.0), (False, 1.5)])
def test_time_a_node_is_flat(
    figures: list[str], build: Callable[[int], Value], collecting: bool, bar: float
) -> None:
    gc.collect()
    if not collecting:
        gc.disable()
    try:
        times = [nanoseconds_a_node(build, n) for n in SIZES]
    finally:
        gc.enable()
    shown = "  ".join(f"{n:.0e}: {t:4.0f}" for n, t in zip(SIZES, times))
    ratio = max(times) / min(times)
    name = build.__name__
    figures.append(
        f"ns a node, {name}, gc {'on' if collecting else 'off':3} {shown}  {ratio:.2f}×"
    )
    assert ratio <= bar


@pytest.mark.parametrize("build", [chain, wide])
def test_bytes_a_node(figures: list[str], build: Callable[[int], Value]) -> None:
    n = 100_000
    tracemalloc.start()
    try:
        y = build(n)
        size, _ = tracemalloc.get_traced_memory()
        y.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    figures.append(
        f"bytes a node, {build.__name__}: {size / n:.0f} recorded, {peak / n:.0f} in backward"
    )
    assert size / n <= 200.0
