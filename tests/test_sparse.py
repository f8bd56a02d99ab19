"""Sparse Jacobians and Hessians: the entries of the dense ones, in few sweeps."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, grad, hessian, jacobian, sparse_hessian, sparse_jacobian

N = 6
TERM = st.tuples(*[st.integers(0, N - 1)] * 3)


def dense(matrix: Any) -> Any:
    found = np.zeros(matrix.shape)
    assert len({*zip(matrix.row, matrix.col)}) == len(matrix.data)
    found[matrix.row, matrix.col] = matrix.data
    return found


@settings(max_examples=40)
@given(st.lists(st.lists(TERM, max_size=3), min_size=1, max_size=8))
def test_entries_are_those_of_the_dense_ones(rows: list[list[tuple[int, int, int]]]) -> None:
    def f(x: Any) -> list[Any]:
        return [sum([x[i] * x[j] + autograd.sin(x[k]) for i, j, k in row], 0.0) for row in rows]

    x = [0.3 * i - 0.7 for i in range(N)]
    found = sparse_jacobian(f)(x)
    assert np.allclose(dense(found), jacobian(f)(x), 1e-13, 1e-14)
    uses = np.zeros((len(rows), N), bool)
    for i, row in enumerate(rows):
        uses[i, [*{k for term in row for k in term}]] = True
    assert len(found.data) == uses.sum()
    assert found.sweeps <= min(uses.sum(0).max() * N, N, len(rows))

    def whole(x: Any) -> Any:
        return sum([y * y for y in f(x)], 0.0)

    assert np.allclose(dense(sparse_hessian(whole)(x)), hessian(whole)(x), 1e-12, 1e-12)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_band_takes_as_many_sweeps_as_it_is_wide(width: int) -> None:
    def f(x: Any) -> Any:
        return sum([x[i] * x[i + k] * x[i] for k in range(width + 1) for i in range(400 - k)])

    found = sparse_hessian(f)(np.linspace(0.5, 1.5, 400))
    assert found.sweeps == 2 * width + 1
    assert max(abs(i - j) for i, j in zip(found.row, found.col)) == width
    assert found.scipy().shape == (400, 400)


def test_an_arrow_is_swept_the_other_way() -> None:
    n = 30
    found = sparse_jacobian(lambda x: [sum(x), *[v * v for v in x]])([2.0] * n)
    assert (found.sweeps, len(found.data), found.shape) == (2, 2 * n, (n + 1, n))
    assert dense(found)[1, 0] == 4.0
    other = sparse_jacobian(lambda x: [v * x[0] for v in x])([2.0] * n)
    assert other.sweeps == 2


def test_branches_are_those_that_are_taken() -> None:
    def f(x: Any) -> Any:
        return [autograd.where(x[0] > 0.0, x[1], x[2]), autograd.maximum(x[1], x[2]), 3.0]

    found = sparse_jacobian(f)([1.0, 2.0, 5.0])
    assert [*zip(found.row, found.col, found.data)] == [(0, 1, 1.0), (1, 2, 1.0)]


def rows(x: Any) -> Any:
    return [x[0] * x[1], x[1] ** 3, x[2] * 2.0]


def entries(x: Any) -> Any:
    return autograd.sum(sparse_jacobian(rows)(x).data)


def curved(x: Any) -> Any:
    return autograd.sum(sparse_hessian(lambda y: (y[0] * y[1]) ** 2 + y[2] ** 3)(x).data)


def test_it_is_differentiated_by_its_argument() -> None:
    x, v = [1.0, 2.0, 3.0], [1.0, 1.0, 1.0]
    assert grad(entries)(x) == [1.0, 13.0, 0.0]
    assert autograd.jvp(entries, (x,), (v,)) == (17.0, 14.0)
    assert autograd.hvp(entries, (x,), (v,)) == ([0.0, 6.0, 0.0],)
    assert grad(curved)(x) == [20.0, 16.0, 6.0]
    fast = autograd.compile(entries)
    assert (fast(x), fast.grad(x)) == (17.0, [1.0, 13.0, 0.0])
    outer = sparse_jacobian(lambda x: sparse_jacobian(rows)(x).data)(x)
    assert [*zip(outer.row, outer.col, outer.data)] == [(0, 1, 1.0), (1, 0, 1.0), (2, 1, 12.0)]
    assert sparse_jacobian(rows)([*map(Value, x)]).data == [2.0, 1.0, 12.0, 2.0]


def test_arguments_and_outer_derivatives() -> None:
    assert grad(lambda a: sparse_jacobian(lambda x: [a * x[0]])([1.0]).data[0])(0.0) == 1.0
    a = Value(3.0)
    found = sparse_jacobian(lambda k, x: [a * k * v * v for v in x], argnums=1)(2.0, [1.0, 2.0])
    assert found.data == [12.0, 24.0]
    outer = grad(
        lambda k: sum(sparse_jacobian(lambda x: [k * v * v for v in x])([1.0, 2.0])[0])
    )
    assert outer(5.0) == 6.0
