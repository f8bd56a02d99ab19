"""Points at which every operation of the table is compared on other engines."""

import itertools
import math
from typing import Any

import numpy as np

from autograd import Value
from autograd.core.primitive import RESERVED, TABLE

__all__ = ["LOGS", "NAMES", "POINTS", "cubes", "operands"]

Array = Any


def operands(name: str) -> list[Array]:
    """Points of the operation's domain, in lanes: all ways to choose from a grid."""
    op = TABLE[name]
    grid = [-40.0, -3.7, -1.0, -0.6, -1e-9, 0.0, 1e-9, 0.4, 0.9, 1.0, 2.5, 19.0, 40.0]
    count = 1 if not op.variadic and op.arity == 1 else min(op.arity or 3, 3)
    found = []
    for xs in itertools.product(grid, repeat=count):
        try:
            leaves = [Value(x) for x in xs]
            out = op(*leaves)
            out.backward()
        except (ArithmeticError, ValueError, IndexError):
            continue
        if all(math.isfinite(leaf.grad) for leaf in leaves):
            found.append(xs)
    return [np.array(column) for column in zip(*found)]


NAMES = sorted(name for name in RESERVED if "." not in name)

POINTS = np.array([[0.7, 1.5, -2.0], [2.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 3.0, 4.0]])
LOGS = np.array(  # whose logsumexp is large
    [
        *[[-math.inf, 0.5], [-math.inf, -math.inf], [math.inf, 1.0], [1.0, 2.0]],
        *[[-1e308, -math.inf], [1e307, -math.inf], [1e308, -1e308], [math.inf, 1e308]],
    ]
)


def cubes(w: Any, points: Any) -> Any:
    """A sum over samples, written out: it is found to be one body in many lanes."""
    return sum((w[0] * x + w[1]) ** 3 for x in points) / 20.0
