"""Points at which every operation of the table is compared on other engines."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from autograd import Value
from autograd.core.primitive import TABLE

__all__ = ["NAMES", "operands"]

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


NAMES = sorted(name for name in TABLE if "." not in name)
