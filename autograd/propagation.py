"""Propagation of uncertainty: mean and covariance of what is computed of uncertain numbers."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.core.functions import fsum
from autograd.core.operand import primal, real
from autograd.core.value import Value
from autograd.transforms import jacobian, value_and_jacobian
from autograd.trees import as_rows, flatten, without_axes

__all__ = ["Propagated", "propagate"]

Matrix = list[list[Any]]


class Propagated(NamedTuple):
    """What `propagate` found: `mean, covariance = propagate(…)`.

    Attributes:
        mean: in the shape of what f gives.
        covariance: of a number, its variance; else a matrix, with a row for each number.
    """

    mean: Any
    covariance: Any

    @property
    def standard_deviation(self) -> Any:
        """The roots of the variances, in the shape of the mean."""
        leaves, rebuild = flatten(self.mean, "the mean")
        if _is_number(self.mean):
            return self.covariance**0.5
        rows = self.covariance
        rows = rows.tolist() if hasattr(rows, "tolist") else rows
        return rebuild([rows[i][i] ** 0.5 for i in range(len(leaves))])


def propagate(f: Callable[..., Any], x: Any, cov: Any, order: int = 1) -> Propagated:
    """The mean and covariance of f(x), where x has the covariance cov.

    To first order, f is taken for its tangent: the mean is f(x) and the covariance J Σ Jᵀ. To
    second order, for its second-order expansion, where x is normal: the mean has ½ tr(HΣ) more,
    and the covariance ½ tr(HᵢΣHⱼΣ). So whoever uses one x several times, or results that depend
    on each other, counts nothing twice.

    Args:
        f: gives a number, or a list, dict or array of numbers.
        x: the mean of its argument: a number, or a list, dict or array of them.
        cov: the covariance matrix of the numbers of x, a row for each; of a single number, its
            variance. Variances (the squares of standard deviations) are its diagonal.
        order: 1 or 2.

    Raises:
        TypeError: f is not a function, or x, cov or what f gives is not numeric.
        ValueError: cov is no symmetric matrix of the size of x, or has a negative variance;
            order is neither 1 nor 2.

    Source: JCGM 100:2008 (GUM), "Guide to the expression of uncertainty in measurement", 5.1.

    >>> propagate(lambda x: x * x, 3.0, 0.01)
    Propagated(mean=9.0, covariance=0.36)
    >>> propagate(lambda x: x * x, 3.0, 0.01, order=2)
    Propagated(mean=9.01, covariance=0.36019999999999996)
    >>> area = propagate(lambda v: v[0] * v[1], [2.0, 3.0], [[0.01, 0.0], [0.0, 0.04]])
    >>> area.mean, area.standard_deviation
    (6.0, 0.5)
    """
    if not callable(f):
        raise TypeError(f"propagate takes a function, got {f!r:.80}")
    if type(order) is not int or order not in (1, 2):
        raise ValueError(f"propagate: order must be 1 or 2, got {order!r:.80}")
    leaves, rebuild = flatten(x, "propagate: x")
    n = len(leaves)
    matrix = _covariance(cov, n)

    def flat(v: list[Any]) -> Any:
        found, shape = flatten(without_axes(f(rebuild(v))), "propagate: the result of f")
        shapes.append(shape)
        return found

    shapes: list[Any] = []
    values, slopes = value_and_jacobian(flat)(leaves)
    spread = [_times(row, matrix) for row in slopes]
    covariance = [[fsum(map(operator.mul, a, row)) for row in slopes] for a in spread]
    if order == 2:
        bends = jacobian(jacobian(flat))(leaves)
        mixed = [[_times(row, matrix) for row in bend] for bend in bends]
        values = [y + 0.5 * fsum([m[i][i] for i in range(n)]) for y, m in zip(values, mixed)]
        for i, a in enumerate(mixed):
            for j, b in enumerate(mixed):
                both = [a[k][m] * b[m][k] for k in range(n) for m in range(n)]
                covariance[i][j] = covariance[i][j] + 0.5 * fsum(both)
    mean = shapes[0](values)
    if _is_number(mean):
        return Propagated(mean, covariance[0][0])
    if hasattr(mean, "shape"):
        return Propagated(mean, sys.modules["numpy"].array(covariance))
    return Propagated(mean, covariance)


def _is_number(x: Any) -> bool:
    return type(x) is Value or real(x) is not None


def _times(row: Sequence[Any], matrix: Matrix) -> list[Any]:
    return [fsum(map(operator.mul, row, column)) for column in zip(*matrix)]


def _covariance(cov: Any, n: int) -> Matrix:
    """As n rows of n numbers, which are symmetric."""
    cov = as_rows(cov)
    rows: Any = [[cov]] if _is_number(cov) else cov.tolist() if hasattr(cov, "tolist") else cov
    leaves, _ = flatten(rows, "propagate: cov")
    if not isinstance(rows, list | tuple) or [_length(row) for row in rows] != [n] * n:
        raise ValueError(
            f"propagate: cov must be a matrix of {n} rows of {n}, got {cov!r:.80}; of numbers "
            "that are independent, their variances (squares of standard deviations) are its "
            "diagonal: np.diag(np.square(standard_deviations))"
        )
    matrix = [leaves[n * i : n * i + n] for i in range(n)]
    for i in range(n):
        if not primal(matrix[i][i]) >= 0.0:
            raise ValueError(f"propagate: a variance must be 0 or more, got {matrix[i][i]!r}")
        for j in range(i):
            a, b = primal(matrix[i][j]), primal(matrix[j][i])
            if not math.isclose(a, b, rel_tol=1e-9):
                raise ValueError(
                    f"propagate: cov must be symmetric, but has {a!r} in row {i}, column {j}, "
                    f"and {b!r} in row {j}, column {i}"
                )
    return matrix


def _length(row: Any) -> int:
    return len(row) if isinstance(row, list | tuple) else -1
