"""Linear algebra of small matrices of Values, which `np.linalg` asks for, too.

By elimination on Values (Golub & Van Loan, "Matrix Computations", 3.4 and 4.2), so the
derivatives are those of its steps, and may be taken again.

Matrices are arrays or nested lists of numbers and Values, of shape (n, n) or, for a stack of
them, (…, n, n).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.linalg import LinAlgError

from autograd.core.functions import dot, hypot, log
from autograd.core.operand import primal
from autograd.core.primitive import TABLE
from autograd.core.value import Value
from autograd.lu import Rows, SingularError, eliminated, solved
from autograd.value_array import array, as_objects, of_rows, wrapped

__all__ = ["cholesky", "det", "inv", "norm", "slogdet", "solve"]


def solve(a: Any, b: Any) -> Any:
    """x with a @ x = b.

    Args:
        a: of shape (…, n, n).
        b: of shape (n,), or (…, n, k).

    Raises:
        numpy.linalg.LinAlgError: a is singular, or not square.
        ValueError: the shapes do not fit.

    >>> solve([[2.0, 1.0], [1.0, 3.0]], [5.0, 10.0]).tolist()[0].data
    1.0
    """
    a, b = _square(a, "solve"), as_objects(b, "solve")
    n, vector = a.shape[-1], b.ndim == 1
    columns = b[:, None] if vector else b
    if columns.ndim < 2 or columns.shape[-2] != n:
        raise ValueError(
            f"solve: a of shape {a.shape} takes b of shape ({n},) or (…, {n}, k), got {b.shape}"
        )
    solution = _of_each("(n,n),(n,k)->(n,k)", _solve)(a, columns) if n else columns
    return array(solution[..., 0] if vector else solution)


def inv(a: Any) -> Any:
    """The inverse of a matrix; errors as `solve`.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])[1, 1].data
    0.25
    """
    a = _square(a, "inv")
    return solve(a, np.broadcast_to(np.eye(a.shape[-1]), a.shape))


def det(a: Any) -> Any:
    """The determinant; of a singular matrix it is 0, with its derivatives.

    Raises:
        numpy.linalg.LinAlgError: a is not square.

    >>> det([[1.0, 2.0], [3.0, 4.0]]).data
    -2.0
    """
    return array(_of_each("(n,n)->(k)", _det)(_square(a, "det")))[..., 0][()]


class SlogdetResult(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: Any
    logabsdet: Any


def slogdet(a: Any) -> SlogdetResult:
    """The sign of the determinant, and the logarithm of its size, which does not overflow.

    Of a singular matrix, 0 and -inf.

    Raises:
        numpy.linalg.LinAlgError: a is not square.

    >>> sign, logabsdet = slogdet([[1.0, 0.0], [0.0, -1.0]])
    >>> sign.data, logabsdet.data
    (-1.0, 0.0)
    """
    both = array(_of_each("(n,n)->(k)", _slogdet)(_square(a, "slogdet")))
    return SlogdetResult(both[..., 0][()], both[..., 1][()])


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower triangular l with l @ l.T = a, or with `upper` its transpose.

    Args:
        a: symmetric; the other triangle is not read.

    Raises:
        numpy.linalg.LinAlgError: a is not positive definite, or not square.

    >>> cholesky([[4.0, 0.0], [0.0, 9.0]])[1, 1].data
    3.0
    """
    a = _square(a, "cholesky")
    lower = array(_of_each("(n,n)->(n,n)", _cholesky)(np.swapaxes(a, -1, -2) if upper else a))
    return np.swapaxes(lower, -1, -2) if upper else lower


def norm(
    x: Any,
    ord: Any = None,  # noqa: A002
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    """The norm of a vector or a matrix, as `np.linalg.norm`; its kink at 0 has derivative 0.

    Args:
        ord: of vectors None or 2, 1, inf, -inf, 0 or any p; of matrices None or "fro", 1, -1,
            inf or -inf.

    Raises:
        ValueError: another `ord`.

    >>> norm([3.0, 4.0]).data
    5.0
    """
    x = array(x)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    if ord in (None, "fro") or (ord == 2 and len(axes) == 1):
        return wrapped(of_rows(hypot, "linalg.norm", x, axes, keepdims))
    if ord in (2, -2, "nuc") and len(axes) == 2:
        raise ValueError(
            f"norm: ord={ord!r} of axes {axes} is not known for Values; of matrices they are "
            'None, "fro", 1, -1, inf and -inf'
        )
    places = tuple([i + 1 for i in axes])  # in a stack of one, so that NumPy keeps arrays
    by_numpy: Any = np.linalg.norm
    return array(by_numpy._implementation(x[None], ord, places, keepdims)[0])[()]


# ---------------------------------------------------------------- one matrix


def _square(a: Any, name: str) -> Any:
    a = as_objects(a, name)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise LinAlgError(f"{name} takes a square matrix, got an array of shape {a.shape}")
    return a


def _of_each(signature: str, f: Callable[..., Any]) -> Any:
    """f, which takes and gives lists, for each of the matrices in arrays of them."""

    def of_one(*arrays: Any) -> Any:
        return np.array(f(*[a.tolist() for a in arrays]), dtype=object)

    return np.vectorize(of_one, otypes="O", signature=signature)


def _solve(rows: Rows, right: Rows) -> Any:
    try:
        return solved(rows, right)
    except SingularError as error:
        raise LinAlgError(
            f"solve: the matrix is singular, {error}; add something to its diagonal, or "
            "leave out what depends on the rest"
        ) from None


def _det(a: Rows) -> list[Any]:
    if len(a) < 4:
        return [_expanded(a)]
    try:
        lower, sign = eliminated(a, [[]] * len(a))
    except SingularError:
        return [_expanded(a)]
    return [math.prod([row[i] for i, row in enumerate(lower)], start=sign)]


def _expanded(a: Rows) -> Any:
    """The determinant without a division (Bird, "A simple O(n⁴) algorithm", 2011)."""
    n, x = len(a), a
    for _ in range(n - 1):
        upper, below = [[*row] for row in x], 0.0
        for i in reversed(range(n)):
            upper[i] = [-below, *x[i][i + 1 :]]
            below = below + x[i][i]
        x = [
            [dot(row, [below[j] for below in a[i:]]) for j in range(n)]
            for i, row in enumerate(upper)
        ]
    return x[0][0] if n % 2 else -x[0][0] if n else 1.0


def _slogdet(a: Rows) -> Any:
    try:
        lower, sign = eliminated(a, [[]] * len(a))
    except SingularError:
        return [0.0, -math.inf]
    pivots = [row[i] for i, row in enumerate(lower)]
    sign *= math.prod([1.0 if pivot > 0.0 else -1.0 for pivot in pivots])
    return [sign, TABLE["sum"]([log(abs(pivot)) for pivot in pivots])]


def _cholesky(a: Rows) -> Rows:
    n = len(a)
    zero = Value(0.0, requires_grad=False)
    lower: Rows = [[zero] * n for _ in range(n)]
    for j in range(n):
        for i in range(j, n):
            rest = a[i][j]
            if j:
                rest = rest - dot(lower[i][:j], lower[j][:j])
            if i > j:
                lower[i][j] = rest / lower[j][j]
                continue
            try:  # no comparison, so that a program has no branch here; the quotient refuses 0
                lower[j][j] = rest / TABLE["sqrt"](rest)
            except (ValueError, ZeroDivisionError):
                raise LinAlgError(
                    f"cholesky: the matrix is not positive definite, pivot {j} is "
                    f"{primal(rest)!r}; add something to its diagonal"
                ) from None
    return lower
