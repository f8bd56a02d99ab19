"""Linear algebra on Values: against closed forms, and against NumPy."""

from typing import Any

import numpy as np
import pytest
from numpy.linalg import LinAlgError

import autograd
from autograd import array, grad, hessian, jacobian, linalg, value_and_grad, value_and_jacobian

RNG = np.random.default_rng(5)
SIZES = [1, 2, 3, 4, 6]
MATRICES = [RNG.normal(size=(n, n)) + np.eye(n) for n in SIZES]
EXACT: dict[str, Any] = {"rel": 1e-12, "abs": 1e-12}


def spd(a: Any) -> Any:
    return a @ a.T + len(a) * np.eye(len(a))


@pytest.mark.parametrize("a", [*MATRICES, np.tri(2)])
def test_derivatives_are_those_of_the_closed_forms(a: Any) -> None:
    n, inverse = len(a), np.linalg.inv(a)
    b, c = np.arange(1.0, n + 1.0), np.linspace(-1.0, 2.0, n)
    value, slope = value_and_grad(np.linalg.det)(a)
    assert value == pytest.approx(np.linalg.det(a), **EXACT)
    assert slope == pytest.approx(value * inverse.T, **EXACT)
    sign, size = linalg.slogdet(a)
    assert (sign.data, size.data) == pytest.approx(tuple(np.linalg.slogdet(a)), **EXACT)
    assert grad(lambda a: np.linalg.slogdet(a).logabsdet)(a) == pytest.approx(
        inverse.T, **EXACT
    )
    x, by_b = value_and_jacobian(lambda b: np.linalg.solve(a, b))(b)
    assert x == pytest.approx(inverse @ b, **EXACT)
    assert by_b == pytest.approx(inverse, **EXACT)
    by_a = grad(lambda a: c @ np.linalg.solve(a, b))(a)
    assert by_a == pytest.approx(-np.outer(inverse.T @ c, x), rel=1e-12, abs=1e-11)
    found, rows = value_and_jacobian(np.linalg.inv)(a)
    assert found == pytest.approx(inverse, **EXACT)
    wanted = -np.einsum("ik,lj->ijkl", inverse, inverse)
    assert rows == pytest.approx(wanted, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("a", MATRICES, ids=SIZES)
def test_a_cholesky_factor_and_its_derivative(a: Any) -> None:
    """dL = L·Φ(L⁻¹ dA L⁻ᵀ), with Φ the lower triangle and half the diagonal (Murray 2016)."""
    a = spd(a)
    n, lower = len(a), np.linalg.cholesky(a)
    found, rows = value_and_jacobian(lambda a: np.linalg.cholesky((a + a.T) / 2.0))(a)
    assert found == pytest.approx(lower, **EXACT)
    inverse = np.linalg.inv(lower)
    for i, j in np.ndindex(n, n):
        change = np.zeros((n, n))
        change[i, j] += 0.5
        change[j, i] += 0.5
        phi = np.tril(inverse @ change @ inverse.T)
        phi[np.diag_indices(n)] *= 0.5
        assert rows[:, :, i, j] == pytest.approx(lower @ phi, **EXACT)
    upper = np.linalg.cholesky(array(np.triu(a)), upper=True)
    assert [[x.data for x in row] for row in upper.T] == pytest.approx(lower, **EXACT)


def test_second_derivatives_of_a_determinant() -> None:
    a = MATRICES[3]
    inverse, size = np.linalg.inv(a), np.linalg.det(a)
    both = np.einsum("ji,lk->ijkl", inverse, inverse) - np.einsum(
        "jk,li->ijkl", inverse, inverse
    )
    assert hessian(np.linalg.det)(a) == pytest.approx(size * both, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("n", SIZES)
def test_a_singular_matrix_has_a_determinant_and_its_slopes(n: int) -> None:
    a = np.ones((n, n)) if n > 1 else np.zeros((1, 1))
    a[: max(n - 2, 0)] += np.eye(n)[: max(n - 2, 0)]
    value, slope = value_and_grad(np.linalg.det)(a)
    assert value == 0.0
    for i, j in np.ndindex(n, n):
        cofactor = np.delete(np.delete(a, i, 0), j, 1)
        wanted = (-1.0) ** (i + j) * np.linalg.det(cofactor)
        assert slope[i, j] == pytest.approx(wanted, **EXACT)
    sign, size = np.linalg.slogdet(array(a))
    assert (sign.data, size.data) == (0.0, -np.inf)
    for f in (np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(n))):
        with pytest.raises(LinAlgError):
            f(array(a))
    with pytest.raises(LinAlgError):
        np.linalg.cholesky(array(a))


def test_rows_are_exchanged_where_a_pivot_is_small() -> None:
    a = np.array([[1e-20, 1.0], [1.0, 1.0]])
    found = linalg.solve(a, [1.0, 2.0])
    assert [x.data for x in found] == [1.0, 1.0]
    assert linalg.slogdet(a)[0].data == -1.0
    assert linalg.det(np.eye(5)[::-1]).data == 1.0


def test_stacks_and_shapes_are_those_of_numpy() -> None:
    a, b = RNG.normal(size=(2, 3, 3)) + 2.0 * np.eye(3), RNG.normal(size=(2, 3, 4))
    flat, stack = a[0], b[0, :, 0]
    for name, args in [
        ("solve", (a, b)),
        ("solve", (flat, stack)),
        ("solve", (a, stack)),
        ("solve", (flat, b)),
        ("inv", (a,)),
        ("det", (a,)),
        ("slogdet", (a,)),
        ("cholesky", (np.stack([spd(each) for each in a]),)),
        ("solve", (np.zeros((0, 0)), np.zeros(0))),
        ("det", (np.zeros((0, 0)),)),
    ]:
        found, wanted = getattr(linalg, name)(*args), getattr(np.linalg, name)(*args)
        for x, y in zip(found, wanted) if name == "slogdet" else [(found, wanted)]:
            assert np.shape(x) == y.shape, name
            numbers = [value.data for value in np.ravel(x)]
            assert numbers == pytest.approx(np.ravel(y), rel=1e-12, abs=1e-13), name


@pytest.mark.parametrize("order", [None, 1, -1, 2, -2, 0, 2.5, np.inf, -np.inf, "fro"])
@pytest.mark.parametrize(
    ("shape", "axis", "keepdims"),
    [
        *[((4,), None, False), ((4,), None, True), ((4,), 0, False), ((2, 3), None, False)],
        *[((2, 3), 0, False), ((2, 3), -1, True), ((2, 3), (0, 1), True)],
        ((2, 3), (1, 0), False),
    ],
)
def test_norms_are_those_of_numpy(shape: Any, order: Any, axis: Any, keepdims: bool) -> None:
    x = RNG.normal(size=shape)
    try:
        wanted = np.linalg.norm(x, order, axis, keepdims)
    except ValueError:
        return
    if order in (2, -2) and np.size(wanted) == 1 and x.ndim == 2:
        with pytest.raises(ValueError):
            linalg.norm(x, order, axis, keepdims)
        return
    found, rows = value_and_jacobian(lambda x: np.linalg.norm(x, order, axis, keepdims))(x)
    assert np.shape(found) == np.shape(wanted)
    assert found == pytest.approx(wanted, rel=1e-14)
    if order in (None, "fro"):
        direction = x / np.linalg.norm(x, order, axis, keepdims=True)
        assert np.sum(rows, axis=tuple(range(np.ndim(found)))) == pytest.approx(direction)


def test_the_norm_of_nothing_has_the_least_subgradient() -> None:
    assert grad(np.linalg.norm)(np.zeros(3)).tolist() == [0.0] * 3


def test_a_program_is_recorded_once_for_most_matrices() -> None:
    fast = autograd.compile(lambda a, b: np.sum(linalg.solve(a, b)) + linalg.det(a))
    a, b = spd(MATRICES[3]), np.ones(4)
    for k in range(20):
        b = RNG.normal(size=4)
        assert fast(a + 0.1 * k, b) == pytest.approx(
            np.sum(np.linalg.solve(a + 0.1 * k, b)) + np.linalg.det(a + 0.1 * k), rel=1e-12
        )
    assert len(fast.programs) == 1
    swapped = a[::-1].copy()
    assert fast.grad(swapped, b) == pytest.approx(
        jacobian(fast.f)(swapped, b), rel=1e-11, abs=1e-11
    )
    with pytest.raises(LinAlgError):
        fast(np.ones((4, 4)), b)


@pytest.mark.parametrize("upper", [False, True])
def test_a_triangle_is_solved_without_a_branch(upper: bool) -> None:
    matrix = np.array([[1.0, 5.0, 0.5], [5.0, 28.0, 0.2], [0.5, 0.2, 9.0]])
    right = np.array([1.0, -2.0, 0.5])

    def f(x: Any) -> Any:
        triangle = np.linalg.cholesky(matrix * x)
        return np.sum(np.linalg.solve(triangle.T if upper else triangle, right) ** 2)

    fast = autograd.compile(f)
    triangle = np.linalg.cholesky(matrix)
    wanted = np.sum(np.linalg.solve(triangle.T if upper else triangle, right) ** 2)
    value, slope = fast.value_and_grad(1.0)
    assert value == pytest.approx(wanted, rel=1e-14)
    assert slope == pytest.approx(-wanted, rel=1e-13)  # f(x) is f(1) / x
    for x in (0.01, 100.0):
        assert fast(x) == pytest.approx(wanted / x, rel=1e-13)
    assert fast.recordings == ["the first call"]


def test_a_triangle_with_a_zero_on_its_diagonal_is_singular() -> None:
    for matrix in (
        [[0.0, 0.0], [1.0, 2.0]],
        [[1.0, 0.0], [1.0, 0.0]],
        [[1.0, 2.0], [0.0, 0.0]],
    ):
        with pytest.raises(LinAlgError):
            autograd.linalg.solve(matrix, [1.0, 2.0])
