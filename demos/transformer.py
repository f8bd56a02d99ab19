"""The parts of a transformer, written one number at a time.

`demos.gpt` puts them together, and lessons 11 and 12 explain them. A vector is a list of
numbers or Values; a matrix is a list of rows, a row for each number of the result.
"""

from __future__ import annotations

from typing import Any

import autograd
from autograd import dot, logsumexp, scope

Vector = list[Any]


def linear(x: Vector, weight: Any) -> Vector:
    """Return the matrix times the vector.

    >>> linear([1.0, 2.0], [[1.0, 0.0], [1.0, 1.0]])
    [1.0, 3.0]
    """
    return [dot(row, x) for row in weight]


@scope("norm")
def norm(x: Vector) -> Vector:
    """Return the vector divided by the root of its mean square (Zhang and Sennrich 2019)."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(scores: Vector) -> Vector:
    """Return the shares of the scores: positive, and their sum is 1.

    >>> [round(share, 3) for share in softmax([2.0, 2.0])]
    [0.5, 0.5]
    """
    total = logsumexp(scores)
    return [autograd.exp(score - total) for score in scores]


def attend(
    query: Vector, keys: list[Vector], values: list[Vector], heads: int = 1
) -> tuple[Vector, list[Vector]]:
    """Return the mean of the values, and the shares by which each head weighs them.

    Each head has a part of the numbers of query, keys and values (Vaswani et al. 2017).

    >>> result, shares = attend([1.0, 0.0], [[0.0, 1.0], [0.0, 5.0]], [[2.0], [4.0]])
    >>> [round(x, 3) for x in result]
    [3.0]
    """
    size = len(query) // heads
    result: Vector = []
    shares: list[Vector] = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        with scope(f"head {head}"):
            scores = [dot(query[part], key[part]) * size**-0.5 for key in keys]
            shares.append(softmax(scores))
            columns = zip(*[value[part] for value in values])
            result += [dot(shares[-1], list(column)) for column in columns]
    return result, shares
