"""Elimination on lists of numbers and Values: the factors of a matrix, and what they solve.

Golub & Van Loan, "Matrix Computations", 3.4. A row is exchanged only where the pivot is small
beside its column: the same rows for most matrices, so a program seldom needs more than one
trace.
"""

from __future__ import annotations

from typing import Any

from autograd.core.functions import dot, maximum
from autograd.core.operand import primal

__all__ = ["Rows", "SingularError", "factors", "solved", "triangle"]

SMALL = 0.25  # of its column's largest: such a pivot is exchanged
Rows = list[list[Any]]


class SingularError(ValueError):
    """A column depends on those before it; `column` tells which."""

    def __init__(self, column: int) -> None:
        super().__init__(f"column {column} depends on those before it")
        self.column = column


def factors(a: Rows) -> tuple[Rows, list[int], float]:
    """The triangles of a = P·L·U in one matrix, the order of its rows, and the sign of P.

    Column by column, each entry by a single sum of products (Crout).

    Raises:
        SingularError: a is singular.

    >>> factors([[2.0, 1.0], [4.0, 5.0]])
    ([[2.0, 1.0], [2.0, 3.0]], [0, 1], 1.0)
    """
    n, order, sign = len(a), list(range(len(a))), 1.0
    a = [[*row] for row in a]
    for j in range(n):
        for i in range(n):
            k = min(i, j)
            if k:
                a[i][j] = a[i][j] - dot(a[i][:k], [row[j] for row in a[:k]])
        sizes = [abs(row[j]) for row in a[j:]]
        largest = maximum(*sizes)
        if not sizes[0] > SMALL * largest:
            best = j + max(range(n - j), key=lambda i: primal(sizes[i]))
            if best != j:
                a[j], a[best] = a[best], a[j]
                order[j], order[best] = order[best], order[j]
                sign = -sign
            if a[j][j] == 0.0:
                raise SingularError(j)
        for row in a[j + 1 :]:
            row[j] = row[j] / a[j][j]
    return a, order, sign


def triangle(a: Rows) -> Rows | None:
    """The factors of a triangular matrix, which keeps its rows; None of another matrix.

    A matrix is triangular if all above its diagonal, or all below it, are zeros that have no
    derivative: numbers, or frozen leaves as `cholesky` makes.

    Raises:
        ZeroDivisionError: a number on the diagonal is 0.

    >>> triangle([[2.0, 0.0], [4.0, 5.0]]), triangle([[2.0, 1.0], [4.0, 5.0]])
    ([[2.0, 0.0], [2.0, 5.0]], None)
    """
    n = range(len(a))
    above = all(_is_constant_zero(a[i][j]) for i in n for j in n[i + 1 :])
    if not (above or all(_is_constant_zero(a[i][j]) for i in n for j in n[:i])):
        return None
    return [[x / a[j][j] if j < i else x for j, x in enumerate(row)] for i, row in enumerate(a)]


def _is_constant_zero(x: Any) -> bool:
    if isinstance(x, float | int):
        return x == 0.0
    return x.op is None and not x.requires_grad and x.data == 0.0


def solved(lower: Rows, b: Rows, order: list[int]) -> Rows:
    """x where P·L·U·x = b, of what `factors` gives; a list of rows, as b is.

    >>> solved([[2.0, 1.0], [2.0, 3.0]], [[4.0], [14.0]], [0, 1])
    [[1.0], [2.0]]
    """
    b = [[*b[i]] for i in order]
    n, width = len(b), range(len(b[0]))
    for i in range(1, n):
        for k in width:
            b[i][k] = b[i][k] - dot(lower[i][:i], [row[k] for row in b[:i]])
    for i in reversed(range(n)):
        for k in width:
            rest = b[i][k]
            if i + 1 < n:
                rest = rest - dot(lower[i][i + 1 :], [row[k] for row in b[i + 1 :]])
            b[i][k] = rest / lower[i][i]
    return b
