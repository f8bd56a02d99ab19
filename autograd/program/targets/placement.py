"""Placement: which rows of the kernel's buffers each value of the blocks has.

A pick is a list of rows, and moves nothing, unless an instruction needs its rows side by side.
Sums lie side by side too: they are 0 when a run begins, and all is added to them. A value that
only an `add_at` uses is added to the rows of its sum at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.ir.arrays import np
from autograd.program.ir.program import BlockProgram, Op, as_range, matrix_steps
from autograd.program.targets.instructions import LANES, PARTS

__all__ = ["Placement", "even", "steps"]

PLACED = frozenset(["map", "matmul", "outer", "sum_lanes"])
ADDED = frozenset(["outer", "sum_lanes", "from_lanes"])  # what is summed over lanes


class Placement:
    """The rows of all values.

    Attributes:
        rows: of each value.
        sizes: how many rows of u and of v there are; the inputs come first.
        inputs: how many of them are those.
        mask: the row of lanes that is 1 where there is a lane.
        slopes, lane_slopes: the first rows of the gradient in the inputs; None if not wanted.
        results: derivatives that are to be copied, and their rows there.
        added: the first row of u that is a sum, how many there are, and the same of v.
        place: of terms, the rows of the sums that they are added to.
        packed: picks that are copied, and the rows that they had.
    """

    def __init__(self, blocks: BlockProgram) -> None:
        self.it, self.ops, self.users = blocks, blocks.ops, blocks.users()
        self.seed = blocks.seed()
        self.sizes = [0, 0]
        self.rows: list[Any] = [()] * len(self.ops)
        self.place: dict[int, Any] = {}
        self.packed: dict[int, Any] = {}
        for v in blocks.inputs():
            self.allot(v)
        self.inputs = [*self.sizes]
        self.mask = LANES + self.sizes[1]
        self.sizes[1] += 1
        if self.seed < len(self.ops):
            self.allot(self.seed)
        self.sums()
        for v, op in enumerate(self.ops):
            if self.users[v] and op.kind != "input":
                self.lay(v, op)

    def allot(self, v: int) -> None:
        """Give a value rows of its own."""
        op = self.ops[v]
        if op.rows >= PARTS and op.args and not op.lanes:
            self.sizes[0] += -self.sizes[0] % PARTS
        base = self.sizes[op.lanes] + op.lanes * LANES
        self.sizes[op.lanes] += op.rows
        self.rows[v] = range(base, base + op.rows)

    def sums(self) -> None:
        """Place what is added up, first the gradient in the inputs."""
        it, results, begins = self.it, self.it.results, [*self.sizes]
        inputs = [(v, self.ops[v]) for v in it.inputs()]
        wanted = [(v, op, results.get(f"d_{op.param}")) for v, op in inputs]
        bases: list[int | None] = [None, None]
        for lanes in (False, True):
            if any(d is not None and op.lanes == lanes for _, op, d in wanted):
                bases[lanes] = self.sizes[lanes] + lanes * LANES
                self.sizes[lanes] += self.inputs[lanes]
        self.slopes, self.lane_slopes = bases
        self.results: list[tuple[int, range]] = []
        for v, op, d in wanted:
            base = bases[op.lanes]
            if d is None or base is None:
                continue
            first = base + self.rows[v][0] - LANES * op.lanes if op.rows else base
            place = range(first, first + op.rows)
            if self.ops[d].kind == "add_at" and not self.rows[d]:
                self.rows[d] = place
            else:
                self.results.append((d, place))
        needed = [(v, op) for v, op in enumerate(self.ops) if self.users[v]]
        for v, op in needed:
            if op.kind == "scalars_vjp":
                self.side_by_side(v, op.args[2])
        for v, op in needed:
            if op.kind == "add_at":
                if not self.rows[v]:
                    self.allot(v)
                self.place_terms(v, op)
        for v, op in needed:
            if op.kind in ADDED and v not in self.place:
                self.allot(v)
        counts = [end - begin for begin, end in zip(begins, self.sizes)]
        self.added = begins[0], counts[0], begins[1], counts[1]

    def side_by_side(self, v: int, d: int) -> None:
        """Rows for the adjoint of what a list of scalars reads, and for that of its results."""
        self.allot(v)
        rows = range(self.sizes[0], self.sizes[0] + self.ops[d].rows)
        self.sizes[0] = rows.stop
        if self.ops[d].kind == "add_at" and self.users[d] == [v] and not self.rows[d]:
            self.rows[d] = rows

    def place_terms(self, v: int, op: Op) -> None:
        """Terms that nothing else needs go right into the rows of their sum."""
        for term, rows in zip(op.args, op.param):
            made, mine = self.ops[term], self.part(v, rows)
            if (
                made.kind in PLACED
                and self.users[term] == [v]
                and made.lanes == op.lanes
                and made.rows == len(mine) == len({*mine})
                and (made.kind != "matmul" or even(mine))
                and (made.kind not in ADDED or steps(mine, *self.shape(made)))
            ):
                self.place[term] = mine

    def part(self, v: int, rows: Any) -> Sequence[int]:
        """Some rows of a value that is placed; None is all."""
        mine = self.rows[v]
        if rows is None:
            return mine  # type: ignore[no-any-return]
        if type(rows) is range and type(mine) is range:
            return mine[rows.start : rows.stop : rows.step]
        return [mine[i] for i in rows]

    def shape(self, op: Op) -> tuple[int, int]:
        """The rows and columns of a matrix of sums over lanes."""
        if op.kind != "outer":
            return op.rows, 1
        d, x = op.args
        return self.ops[d].rows, self.ops[x].rows

    # ------------------------------------------------------------------ the others

    def lay(self, v: int, op: Op) -> None:
        if op.kind == "pick":
            self.rows[v] = self.picked(op)
        elif not (self.rows[v] or v in self.place):
            self.sizes[0] += self.ops[op.args[0]].rows if op.kind == "scalars" else 0
            self.allot(v)  # after the rows that a list of scalars reads
        if op.kind == "matmul":
            w, x, *bias = op.args
            if steps(self.rows[w], op.rows, self.ops[x].rows) is None:
                self.pack(w)
            self.side(x)
            for b in bias:
                if type(as_range(self.rows[b])) is not range or is_mixed(self.rows[b]):
                    self.pack(b)
        elif op.kind in ADDED:
            for a in op.args:
                self.side(a)

    def picked(self, op: Op) -> Any:
        if len(op.args) == 1:
            mine = self.rows[op.args[0]]
        else:
            mine = [row for a in op.args for row in self.rows[a]]
        if type(op.param) is range:
            return mine[op.param.start : op.param.stop : op.param.step]
        return [mine[i] for i in op.param.tolist()]

    def side(self, v: int) -> None:
        """Pack a value unless its rows lie side by side, and are of lanes if it is."""
        rows = self.rows[v]
        if not even(rows) or (rows[0] >= LANES) != self.ops[v].lanes:
            self.pack(v)

    def pack(self, v: int) -> None:
        """Copy rows from here and there to rows side by side."""
        if v not in self.packed:
            self.packed[v] = self.rows[v]
            self.allot(v)


def is_mixed(rows: Sequence[int]) -> bool:
    """Whether some of the rows are uniform and others are of lanes."""
    return len(rows) > 0 and (min(rows) < LANES) != (max(rows) < LANES)


def even(rows: Sequence[int]) -> bool:
    """Whether rows follow each other."""
    spaced = as_range(rows)
    return type(spaced) is range and (spaced.step == 1 or len(spaced) == 1)


def steps(rows: Sequence[int], m: int, k: int) -> tuple[int, int] | None:
    """The steps down and across of an m by k matrix; None if they are uneven or go back."""
    if is_mixed(rows):
        return None
    both = matrix_steps(rows if type(rows) is range else np.asarray(rows), m, k)
    return None if both is None or min(both[1:]) < 0 else both[1:]
