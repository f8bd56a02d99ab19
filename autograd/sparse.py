"""Sparse Jacobians and Hessians: in as many sweeps as columns, or rows, have colours.

What each result depends on is read off the graph. Columns without a common row can be swept
together, and so can rows without a common column: these are colourings of a graph whose edges
are the conflicts, here greedy ones (Gebremedhin, Manne & Pothen, "What color is your
Jacobian?", 2005).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib import import_module
from typing import Any, NamedTuple

from autograd.transforms import Options, Run, check_function, grad

__all__ = ["Sparse", "sparse_hessian", "sparse_jacobian"]

Mask = int  # a set of rows or columns, a bit each


class Sparse(NamedTuple):
    """A sparse matrix as `scipy.sparse.coo_array` has it, by rows.

    Attributes:
        data, row, col: the entries that the graph does not exclude, and where they stand.
        shape: the numbers of rows and columns.
        sweeps: how many it took.
    """

    data: list[Any]
    row: list[int]
    col: list[int]
    shape: tuple[int, int]
    sweeps: int

    def scipy(self) -> Any:
        """Return it as a `scipy.sparse.coo_array`; ImportError if SciPy is missing."""
        sparse = import_module("scipy.sparse")
        return sparse.coo_array((self.data, (self.row, self.col)), shape=self.shape)


def sparse_jacobian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Sparse]:
    """The function that computes the Jacobian of f as a sparse matrix.

    It has a row for each number that f gives, and a column for each of the argument. Its
    pattern is that of the graph which this very call records. There are as many sweeps as
    colours: forward over columns, or in reverse over rows, whichever are fewer.

    Args:
        f: returns a number or a nested structure of numbers.
        argnums: the argument to differentiate in; an integer.

    Raises:
        TypeError, ValueError: as `jacobian`; TypeError for a tuple of arguments.

    >>> def f(x):
    ...     return [x[i] * x[i + 1] for i in range(len(x) - 1)]
    >>> sparse_jacobian(f)([1.0, 2.0, 3.0]).data
    [2.0, 1.0, 3.0, 2.0]
    >>> sparse_jacobian(f)([1.0, 2.0, 3.0]).scipy().toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """
    return _sparse(f, f, argnums, "sparse_jacobian")


def sparse_hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Sparse]:
    """The function that computes the Hessian of f as a sparse matrix.

    It is the sparse Jacobian of the gradient; arguments and errors as `sparse_jacobian`, but
    that f returns a number. A band of width 2b + 1 takes 2b + 1 sweeps, however long it is.

    >>> def f(x):
    ...     return sum((x[i + 1] - x[i] * x[i]) ** 2 for i in range(len(x) - 1))
    >>> h = sparse_hessian(f)([1.0] * 1000)
    >>> h.shape, len(h.data), h.sweeps
    ((1000, 1000), 2998, 3)
    """
    check_function(f, "sparse_hessian")
    return _sparse(f, grad(f, argnums), argnums, "sparse_hessian")


def _sparse(
    f: Callable[..., Any], differentiated: Callable[..., Any], argnums: int, name: str
) -> Callable[..., Sparse]:
    check_function(f, name)
    if not hasattr(argnums, "__index__"):
        raise TypeError(f"{name}: argnums must be an integer, got {argnums!r:.80}")

    @wraps(f)
    def sparse_of_f(*args: Any, **kwargs: Any) -> Sparse:
        return _matrix(Run(differentiated, args, kwargs, Options(argnums)))

    return sparse_of_f


def _matrix(run: Run) -> Sparse:
    """The Jacobian of what a call recorded."""
    rows = _dependences(run)
    columns = [0] * len(run.variables)
    for i, row in enumerate(rows):
        for j in _places(row):
            columns[j] |= 1 << i
    by_column, by_row = _colouring(rows, len(columns)), _colouring(columns, len(rows))
    places = [(i, j) for i, row in enumerate(rows) for j in _places(row)]
    swept: dict[int, list[Any]] = {}  # by columns, or by rows
    if len(by_column) <= len(by_row):
        for colour in by_column:
            slopes = run.push([float(colour >> j & 1) for j in range(len(columns))])
            swept |= dict.fromkeys(_places(colour), slopes)
        entries = [swept[j][i] for i, j in places]
    else:
        for colour in by_row:
            slopes = run.pull([(run.outputs[i], 1.0) for i in _places(colour)])
            swept |= dict.fromkeys(_places(colour), slopes)
        entries = [swept[i][j] for i, j in places]
    down, across = [i for i, _ in places], [j for _, j in places]
    sweeps = min(len(by_column), len(by_row))
    return Sparse(entries, down, across, (len(rows), len(columns)), sweeps)


def _dependences(run: Run) -> list[Mask]:
    """For each output, the variables that it depends on."""
    masks: dict[Any, Mask] = {x: 1 << j for j, x in enumerate(run.variables)}
    for node in run.order:
        if node in masks:  # a variable that stands for a Value
            continue
        mask = 0
        for x, partial in zip(node.inputs, node.partials):
            if partial != 0.0 or not node.op.strong_zero:
                mask |= masks.get(x, 0)
        masks[node] = mask
    return [masks.get(y, 0) if hasattr(y, "op") else 0 for y in run.outputs]


def _places(mask: Mask) -> Iterator[int]:
    """Return the places of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _colouring(lines: Sequence[Mask], count: int) -> list[Mask]:
    """The colours of `count` things, of which no two of a colour are in one of the lines."""
    conflicts = [0] * count
    used = 0
    for line in lines:
        used |= line
        for j in _places(line):
            conflicts[j] |= line
    colours: list[Mask] = []
    for j in _places(used):
        for k, colour in enumerate(colours):
            if not colour & conflicts[j]:
                colours[k] |= 1 << j
                break
        else:
            colours.append(1 << j)
    return colours
