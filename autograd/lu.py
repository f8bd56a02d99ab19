"""Elimination on lists of numbers and Values: the factors of a matrix, and solutions.

Golub & Van Loan, "Matrix Computations", 3.4. A row is exchanged only where the pivot is small
beside its column: the same rows for most matrices, so a program seldom needs more than one
trace.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from autograd.core.functions import dot, maximum
from autograd.core.operand import primal

__all__ = ["Rows", "SingularError", "eliminated", "solved"]

SMALL = 0.25  # of its column's largest: such a pivot is exchanged
Rows = list[list[Any]]


class SingularError(ValueError):
    """A column depends on those before it; `column` tells which."""

    def __init__(self, column: int) -> None:
        super().__init__(f"column {column} depends on those before it")
        self.column = column


def eliminated(a: Rows, b: Rows) -> tuple[Rows, float]:
    """The triangles of a = P·L·U beside those of b, L⁻¹·P⁻¹·b, in one matrix; the sign of P.

    Column by column, each entry by a single sum of products (Crout). A triangular matrix keeps
    its rows.

    Raises:
        SingularError: a is singular.

    >>> eliminated([[2.0, 1.0], [4.0, 5.0]], [[4.0], [14.0]])
    ([[2.0, 1.0, 4.0], [2.0, 3.0, 6.0]], 1.0)
    """
    n, sign, is_done = len(a), 1.0, _is_triangle(a)
    rows = [[*left, *right] for left, right in zip(a, b)]
    for j in range(len(rows[0]) if n else 0):
        for i, row in enumerate(rows):
            k = min(i, j)
            if k and not (is_done and j < n):
                row[j] = row[j] - dot(row[:k], [other[j] for other in rows[:k]])
        if j >= n:
            continue
        sizes = [abs(row[j]) for row in rows[j : j + 1 if is_done else n]]
        if not sizes[0] > SMALL * maximum(*sizes):
            best = j + max(range(len(sizes)), key=lambda i: primal(sizes[i]))
            if best != j:
                rows[j], rows[best], sign = rows[best], rows[j], -sign
            if rows[j][j] == 0.0:
                raise SingularError(j)
        for row in rows[j + 1 :]:
            row[j] = row[j] / rows[j][j]
    return rows, sign


def _is_triangle(a: Rows) -> bool:
    """Whether all above the diagonal, or all below it, are zeros that have no derivative."""
    places = [*combinations(range(len(a)), 2)]
    below = all(_is_constant_zero(a[j][i]) for i, j in places)
    return below or all(_is_constant_zero(a[i][j]) for i, j in places)


def _is_constant_zero(x: Any) -> bool:
    if isinstance(x, float | int):
        return x == 0.0
    return x.op is None and not x.requires_grad and primal(x) == 0.0


def solved(a: Rows, b: Rows) -> Rows:
    """x where a·x = b; a list of rows, as b is.

    Raises:
        SingularError: a is singular.

    >>> solved([[2.0, 1.0], [4.0, 5.0]], [[4.0], [14.0]])
    [[1.0], [2.0]]
    """
    n, (rows, _) = len(a), eliminated(a, b)
    for i in reversed(range(n)):
        row, below = rows[i], rows[i + 1 :]
        for k in range(n, len(row)):
            if below:
                row[k] = row[k] - dot(row[i + 1 : n], [other[k] for other in below])
            row[k] = row[k] / row[i]
    return [row[n:] for row in rows]
