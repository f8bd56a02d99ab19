"""Operands at which each operation of the table has three derivatives."""

from itertools import product

from autograd.core.primitive import TABLE
from tests.helpers.programs import OPERANDS, SAFE

__all__ = ["SMOOTH", "count"]

SINGLE = [x * s for x in (0.0, 1e-12, 3e-3, 0.3, 0.9, 1.1, 2.7, 6.5, 19.0) for s in (1.0, -1.0)]
SECOND = [0.5, -2.0, 1.7]
TRIPLES: list[tuple[float, ...]] = [
    (0.3, -1.2, 2.5),
    (0.01, 0.7, 0.2),
    (-3.0, 4.0, 12.0),
    (7.0, -2.0, 0.5),
]
TRIPLES += [(-2.5, -1.0, 1.0), (1.5, -1.0, 2.0)]
FIVES: list[tuple[float, ...]] = [(0.5, 1.5, -2.0, 0.25, 3.0), (0.0, 1e-3, 4.0, 5.0, 0.0)]
COUNTS = {**OPERANDS, "take": 3}  # of what takes any number; else 2
CHOICES: dict[int, list[tuple[float, ...]]] = {
    1: [(x,) for x in SINGLE],
    2: list(product(SINGLE[2::3], SECOND)),
    3: TRIPLES,
    5: FIVES,
}


def count(name: str) -> int:
    """How many operands an operation is tried on."""
    return TABLE[name].arity or COUNTS.get(name, 2)


SMOOTH: dict[str, list[tuple[float, ...]]] = {
    **{name: [xs for xs in CHOICES[count(name)] if safe(*xs)] for name, safe in SAFE.items()},
    "pow": [(0.3, 1.7), (2.0, -0.5), (1e-3, 3.0), (4.0, 0.01), (-2.0, 3.0), (-0.5, -2.0)],
    "take": [(1.0, 2.0, 3.0)],
}
