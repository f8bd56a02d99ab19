"""Uncertain numbers: the mean and covariance of a function's result."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.core.functions import fsum
from autograd.core.operand import primal
from autograd.transforms import value_and_jacobian
from autograd.trees import as_rows, flatten, flatten_like, without_axes

__all__ = ["Propagated", "propagate"]

Matrix = list[list[Any]]


class Propagated(NamedTuple):
    """The result of `propagate`: `mean, covariance = propagate(…)`; shown as mean ± deviation.

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
        rows = _rows(self.covariance)
        return rebuild([rows[i][i] ** 0.5 for i in range(len(leaves))])

    def __str__(self) -> str:
        return f"{self.mean} ± {self.standard_deviation}"


def propagate(f: Callable[..., Any], x: Any, cov: Any) -> Propagated:
    """The mean and covariance of f(x), where x has the covariance cov: f(x) and J Σ Jᵀ.

    f is taken for its tangent. So whoever uses one x several times, or results that depend on
    each other, counts nothing twice.

    Args:
        f: gives a number, or a list, dict or array of numbers.
        x: the mean of its argument: a number, or a list, dict or array of them.
        cov: the covariance matrix of the numbers of x, a row for each; of a single number, its
            variance. Variances (the squares of standard deviations) are its diagonal.

    Raises:
        TypeError: f is not a function, or x, cov or what f gives is not numeric.
        ValueError: cov is no symmetric matrix of the size of x, or has a negative variance.

    Source: JCGM 100:2008 (GUM), "Guide to the expression of uncertainty in measurement", 5.1.

    >>> propagate(lambda x: x * x, 3.0, 0.01)
    Propagated(mean=9.0, covariance=0.36)
    >>> print(propagate(lambda v: v[0] * v[1], [2.0, 3.0], [[0.01, 0.0], [0.0, 0.04]]))
    6.0 ± 0.5
    """
    if not callable(f):
        raise TypeError(f"propagate takes a function, got {f!r:.80}")
    leaves, rebuild = flatten(x, "propagate: x")
    matrix = _covariance(cov, len(leaves))
    shapes: list[Any] = []

    def flat(v: list[Any]) -> Any:
        numbers, shape = flatten(without_axes(f(rebuild(v))), "propagate: the result of f")
        shapes.append(shape)
        return numbers

    values, slopes = value_and_jacobian(flat)(leaves)
    covariance = _product(_product(slopes, matrix), slopes)
    mean = shapes[0](values)
    if hasattr(mean, "shape"):
        return Propagated(mean, sys.modules["numpy"].array(covariance))
    return Propagated(mean, covariance if hasattr(mean, "__len__") else covariance[0][0])


def _product(a: Matrix, b: Matrix) -> Matrix:
    """A·Bᵀ."""
    return [[fsum(map(operator.mul, row, other)) for other in b] for row in a]


def _covariance(cov: Any, n: int) -> Matrix:
    """Return n rows of n numbers, which are symmetric."""
    rows = _rows(as_rows(cov))
    leaves, _ = flatten(rows, "propagate: cov")
    try:
        flatten_like(rows, [[0.0] * n] * n, "")
    except ValueError:
        raise ValueError(
            f"propagate: cov must be a matrix of {n} rows of {n}, got {cov!r:.80}; of numbers "
            "that are independent, their variances (squares of standard deviations) are its "
            "diagonal: np.diag(np.square(standard_deviations))"
        ) from None
    for place, number in enumerate(leaves):
        i, j = divmod(place, n)
        a, b = primal(number), primal(leaves[n * j + i])
        if i == j and not a >= 0.0:
            raise ValueError(f"propagate: a variance must be 0 or more, got {a!r}")
        if not abs(a - b) <= 1e-9 * max(abs(a), abs(b)):
            raise ValueError(
                f"propagate: cov must be symmetric, but has {b!r} in row {j}, column {i}, "
                f"and {a!r} in row {i}, column {j}"
            )
    return [leaves[n * i : n * i + n] for i in range(n)]


def _rows(matrix: Any) -> Any:
    rows = matrix.tolist() if hasattr(matrix, "tolist") else matrix
    return rows if hasattr(rows, "__len__") else [[rows]]
