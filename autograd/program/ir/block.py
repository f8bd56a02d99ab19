"""Blocks: a program as a list of operations on blocks of rows, each value set once (SSA).

A value is the place of its operation in the list. It has rows, and is uniform (one number a
row) or of lanes (a number a row and lane). Where operands have fewer rows than the result, row
i reads row i modulo theirs; what is uniform is the same in all lanes.

kind         operands      the result
input        -             what a program is given; `what` is its name
const        -             `what`: the numbers
pick         a, b, …       rows of the operands laid end to end; `what` says which
map          a, b, …       `what`: a formula of the operands, row by row
matmul       W, x[, bias]  W x + bias; W is uniform, flat, and has `width` columns
outer_sum    d, x          d xᵀ, summed over the lanes; flat, `width` columns
reduce       x; b, x, y    `what` (sum, dot, maximum, …) of `width` rows each: row i of n has
                           the operands i, n + i, 2n + i …; a dot's are a bias and two sides
partials     x             of a logsumexp of `width` rows each, in each row of x
sum_lanes    a             the sum over the lanes, uniform
to_lanes     a             n · lanes uniform rows as n rows of lanes
from_lanes   a             and the other way
scatter_add  a, b, …       0, and each operand added to its rows, `what`; None stands for all
scalar       reads         `what`: a list of operations on single numbers, see `Scalars`
scalar_vjp   reads, v, d   the adjoint of what such a list reads, from that of its results
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.rules.expression import Expression, operand

__all__ = ["Blocks", "Op", "Rows", "Scalars", "matrix", "operand", "regular"]

Rows = range | Array  # places of rows
FREE = frozenset(["input", "const", "pick"])  # what computes nothing


class Op(NamedTuple):
    kind: str
    rows: int
    lanes: bool
    operands: tuple[int, ...] = ()
    what: Any = None
    width: int = 1


class Scalars(NamedTuple):
    """Operations on single numbers, in order; their results are the rows of the block.

    Attributes:
        keys: the kinds of operations: a name, the number of operands (0: any), and for each of
            them the number that it is known to be, or None.
        kinds, counts: for each operation, the place of its key, and how many operands it has.
        args: all of these: first come the rows that the block reads, then its own.
    """

    keys: list[tuple[Any, ...]]
    kinds: Array
    counts: Array
    args: Array


class Blocks:
    """Operations, and the values among them that are the program's results, by name.

    Attributes:
        ops: all that is computed, in order. What follows the input "seed" is the reverse sweep.
        results: "out", "checks" if there are guards, and derivatives.
        lanes: how many there are, if that is known.
        adjoint_of: for values that are adjoints, of which; for their names.
    """

    def __init__(self, other: Blocks | None = None) -> None:
        self.ops: list[Op] = [*other.ops] if other else []
        self.results: dict[str, int] = dict(other.results) if other else {}
        self.lanes: int | None = other.lanes if other else None
        self.adjoint_of: dict[int, int] = dict(other.adjoint_of) if other else {}
        self._picked: dict[Any, int] = dict(other._picked) if other else {}
        self._partials: dict[Any, int] = dict(other._partials) if other else {}

    def add(
        self,
        kind: str,
        rows: int,
        lanes: bool,
        operands: Sequence[int] = (),
        what: Any = None,
        width: int = 1,
    ) -> int:
        """Append an operation; return its value."""
        self.ops.append(Op(kind, rows, lanes, tuple(operands), what, width))
        return len(self.ops) - 1

    def varies(self, operands: Sequence[int]) -> bool:
        """Whether one of these values is of lanes."""
        return any(self.ops[v].lanes for v in operands)

    def map(self, formula: Expression, operands: Sequence[int], rows: int | None = None) -> int:
        """A formula of values, for as many rows as one of them has at most, or more."""
        count = rows or max([self.ops[v].rows for v in operands])
        return self.add("map", count, self.varies(operands), operands, formula)

    def reduce(self, op: str, rows: int, operands: Sequence[int], width: int) -> int:
        """An operation of so many rows each."""
        return self.add("reduce", rows, self.varies(operands), operands, op, width)

    def partials(self, op: Op) -> int:
        """Return the partials of a logsumexp; equal groups share theirs."""
        key = op.operands[0], op.rows, op.width
        if key not in self._partials:
            lanes = self.ops[key[0]].lanes
            self._partials[key] = self.add(
                "partials", op.rows * op.width, lanes, key[:1], None, op.width
            )
        return self._partials[key]

    def known_partials(self, op: Op) -> int | None:
        """Return the partials of a logsumexp if something has asked for them."""
        return self._partials.get((op.operands[0], op.rows, op.width))

    def pick(self, v: int, rows: Rows) -> int:
        """Some rows of a value; of a pick, those of what it picks from."""
        op = self.ops[v]
        if type(rows) is range and rows == range(op.rows):
            return v
        if op.kind == "pick" and len(op.operands) == 1:
            return self.pick(op.operands[0], _composed(op.what, rows))
        key = v, rows if type(rows) is range else rows.tobytes()
        if key not in self._picked:
            self._picked[key] = self.add("pick", len(rows), op.lanes, (v,), rows)
        return self._picked[key]

    def inputs(self) -> list[tuple[int, Op]]:
        """The inputs but the seed."""
        return [
            (v, op) for v, op in enumerate(self.ops) if op.kind == "input" and op.what != "seed"
        ]

    def places(self) -> list[tuple[str, bool, range]]:
        """For each input its name, whether it is of lanes, and its rows among such inputs."""
        places, counts = [], {False: 0, True: 0}
        for _, op in self.inputs():
            start, counts[op.lanes] = counts[op.lanes], counts[op.lanes] + op.rows
            places.append((str(op.what), op.lanes, range(start, counts[op.lanes])))
        return places

    def seed(self) -> int:
        """The value where the reverse sweep begins; the end of the list if there is none."""
        places = (v for v, op in enumerate(self.ops) if (op.kind, op.what) == ("input", "seed"))
        return next(places, len(self.ops))

    def users(self) -> list[list[int]]:
        """For each value that a result needs, what uses it, once for each use; -1: a result."""
        users: list[list[int]] = [[] for _ in self.ops]
        for v in self.results.values():
            users[v].append(-1)
        for v in range(len(self.ops) - 1, -1, -1):
            if users[v]:
                for a in self.ops[v].operands:
                    users[a].append(v)
        return users

    def cut(self, op: Op) -> list[tuple[int, Array, Array]]:
        """For each operand that a pick reads: rows of the pick, and those of the operand."""
        parts, start, places = [], 0, np.asarray(op.what)
        for a in op.operands:
            end = start + self.ops[a].rows
            mine = np.flatnonzero((start <= places) & (places < end))
            if len(mine):
                parts.append((a, mine, places[mine] - start))
            start = end
        return parts


# ---------------------------------------------------------------- rows


def regular(rows: Sequence[int] | Array) -> Rows:
    """Rows as a range if they go up by equal steps."""
    if type(rows) is range:
        return rows
    step = int(rows[1] - rows[0]) if len(rows) > 1 else 1
    if step > 0:
        even = range(int(rows[0]), int(rows[0]) + step * len(rows), step)
        if len(rows) == 1 or (
            rows == [*even] if type(rows) is list else np.array_equal(rows, even)
        ):
            return even
    return np.array(rows)


def _composed(outer: Rows, inner: Rows) -> Rows:
    if type(outer) is range and type(inner) is range:
        return outer[inner.start : inner.stop : inner.step]
    return regular(np.asarray(outer)[np.asarray(inner)])


def matrix(rows: Rows, m: int, k: int) -> tuple[int, int, int] | None:
    """First row of an m by k matrix and its steps down and across; None if they are uneven."""
    if type(rows) is range:
        return rows.start, k * rows.step, rows.step
    cells = np.asarray(rows).reshape(m, k)
    first = int(cells[0, 0])
    down = int(cells[1, 0]) - first if m > 1 else k
    across = int(cells[0, 1]) - first if k > 1 else 1
    even = first + down * np.arange(m)[:, None] + across * np.arange(k)
    return (first, down, across) if np.array_equal(cells, even) else None
