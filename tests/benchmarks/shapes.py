"""Graphs of about n nodes, and how much memory a node takes.

`python -m tests.benchmarks.shapes chain 1000000` prints bytes a node when recorded, and at
the peak of the backward pass: how much the process has grown (Linux only).
"""

import gc
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path

import autograd
from autograd import Value


def chain(n: int) -> Value:
    """Each node has the one before as its only input."""
    y = Value(0.5)
    for _ in range(n):
        y = y + 1.0
    return y


def wide(n: int) -> Value:
    """One leaf with n uses, which a single node adds up."""
    x = Value(0.5)
    y: Value = autograd.sum([x * 1.5 for _ in range(n)])
    return y


def tree(n: int) -> Value:
    """n/2 nodes, added up in pairs."""
    x = Value(0.5)
    level = [x * 1.5 for _ in range(n // 2)]
    while len(level) > 1:
        odd = level[len(level) // 2 * 2 :]
        level = [a + b for a, b in zip(level[::2], level[1::2])] + odd
    return level[0]


def dag(n: int) -> Value:
    """Each second node has two inputs: the one before and any one, drawn at random."""
    draw = random.Random(1).random
    y = Value(0.5)
    nodes = [y]
    for k in range(1, n // 2):
        y = (y + nodes[int(draw() * k)]) * 0.5
        nodes.append(y)
    return y


SHAPES: dict[str, Callable[[int], Value]] = {
    "chain": chain,
    "wide": wide,
    "tree": tree,
    "random DAG": dag,
}


def _resident(field: str) -> int:
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))


def main(shape: str, n: int) -> None:
    gc.collect()
    before = _resident("VmRSS")
    y = SHAPES[shape](n)
    recorded = _resident("VmRSS") - before
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # forgets the peak of recording
    y.backward()
    peak = _resident("VmHWM") - before
    print(json.dumps([recorded / n, peak / n]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
