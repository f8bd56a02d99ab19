"""Placement: the rows of the kernel's buffers where the values of a program are.

What is uniform has a number for each row in the buffer u; what has lanes has a block of them
for each row in the buffer v. Rows of v are told from those of u by LANES, which is added.

A pick has the rows of what it picks from, and moves nothing, unless an instruction needs its
rows side by side. Then it is packed: copied to rows of its own. Sums lie side by side too: they
are 0 when a run begins, and terms are added to them. A term that only one sum uses is added to
the rows of the sum at once, and has none of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd.program.ir.arrays import np
from autograd.program.ir.program import BlockProgram, Op, as_range, matrix_steps
from autograd.program.ir.program import Rows as Places
from autograd.program.targets.instructions import LANES, PARTS, Rows

__all__ = ["Copy", "Placement", "Sums", "are_side_by_side", "steps_of"]

LANE_SUMS = frozenset(["outer", "sum_lanes", "from_lanes"])  # they add up lanes
ADDABLE = frozenset(["map", "matmul", "outer", "sum_lanes"])  # they can add to what is there


class Copy(NamedTuple):
    """A derivative that has to be copied, and to which rows."""

    value: int
    target: range


class Sums(NamedTuple):
    """The rows of all sums: the first row of u and how many, and the same of v."""

    first: int
    rows: int
    lane_first: int
    lane_rows: int


class Placement:
    """The rows of all values of a program.

    Attributes:
        rows: for each value its rows.
        sizes: how many rows there are in u and in v.
        inputs: how many of them, the first ones, are inputs.
        mask: the row of v that is 1 where there is a lane, and 0 behind the last.
        gradient, lane_gradient: the first rows of the gradient in the inputs of u and of v;
            None if it is not wanted.
        copies: derivatives that are not computed in the rows of the gradient.
        sums: the rows that are 0 at first.
        term_rows: for terms that are added to a sum at once, the rows of that sum.
        packed: for picks that are copied, the rows of what they pick from.
    """

    def __init__(self, program: BlockProgram) -> None:
        self.program, self.ops, self.users = program, program.ops, program.users()
        self.seed = program.seed()
        self.sizes = [0, 0]
        self.rows: list[Rows] = [()] * len(self.ops)
        self.copies: list[Copy] = []
        self.term_rows: dict[int, Rows] = {}
        self.packed: dict[int, Rows] = {}
        for v in program.inputs():
            self.allot(v)
        self.inputs = (self.sizes[0], self.sizes[1])
        self.mask = self.take(1, lanes=True).start
        if self.seed < len(self.ops):
            self.allot(self.seed)
        needed = [v for v, users in enumerate(self.users) if users]
        self.place_sums(needed)
        for v in needed:
            if self.ops[v].kind != "input":
                self.place_value(v)

    def take(self, count: int, lanes: bool) -> range:
        """Rows that nothing else has."""
        first = self.sizes[lanes] + LANES * lanes
        self.sizes[lanes] += count
        return range(first, first + count)

    def allot(self, v: int) -> None:
        """Give a value rows of its own."""
        op = self.ops[v]
        if op.rows >= PARTS and op.args and not op.lanes:
            self.sizes[0] += -self.sizes[0] % PARTS  # a line of the cache begins
        self.rows[v] = self.take(op.rows, op.lanes)

    # ------------------------------------------------------------------ sums

    def place_sums(self, needed: Sequence[int]) -> None:
        """Place what is added up, first the gradient in the inputs."""
        first, lane_first = self.sizes
        self.gradient, self.lane_gradient = self.place_gradients()
        kinds = [(v, self.ops[v].kind) for v in needed]
        for v, kind in kinds:
            if kind == "scalars_vjp":
                self.place_list_adjoints(v)
        for v, kind in kinds:
            if kind == "add_at":
                if not self.rows[v]:
                    self.allot(v)
                self.place_terms(v)
        for v, kind in kinds:
            if kind in LANE_SUMS and v not in self.term_rows:
                self.allot(v)
        count, lane_count = self.sizes[0] - first, self.sizes[1] - lane_first
        self.sums = Sums(first, count, lane_first, lane_count)

    def place_gradients(self) -> tuple[int | None, int | None]:
        """Place the gradient in the inputs; its first rows in u and in v."""
        results = self.program.results
        inputs = [v for v in self.program.inputs() if f"d_{self.ops[v].param}" in results]
        first: list[int | None] = [None, None]
        for lanes in (False, True):
            if any(self.ops[v].lanes == lanes for v in inputs):
                first[lanes] = self.take(self.inputs[lanes], lanes).start
        for v in inputs:
            op = self.ops[v]
            begin = (first[op.lanes] or 0) + self.rows[v][0] - LANES * op.lanes
            target = range(begin, begin + op.rows)
            d = results[f"d_{op.param}"]
            if self.ops[d].kind == "add_at" and not self.rows[d]:
                self.rows[d] = target
            else:
                self.copies.append(Copy(d, target))
        return first[0], first[1]

    def place_list_adjoints(self, v: int) -> None:
        """Place the adjoint of what a list of scalars reads before that of its results."""
        d = self.ops[v].args[2]
        self.allot(v)
        adjoints = self.take(self.ops[d].rows, lanes=False)
        if self.ops[d].kind == "add_at" and self.users[d] == [v] and not self.rows[d]:
            self.rows[d] = adjoints

    def place_terms(self, v: int) -> None:
        """Let terms of a sum that nothing else needs be added to its rows at once."""
        op = self.ops[v]
        for term, places in zip(op.args, op.param):
            target = self.rows_at(v, places)
            if self.users[term] == [v] and self.can_add_to(term, target, op.lanes):
                self.term_rows[term] = target

    def can_add_to(self, term: int, target: Rows, lanes: bool) -> bool:
        """Whether the instruction that computes a term can add to these rows instead."""
        op = self.ops[term]
        if op.kind not in ADDABLE or op.lanes != lanes:
            return False
        if not op.rows == len(target) == len({*target}):
            return False
        if op.kind == "matmul":
            return are_side_by_side(target)
        return op.kind not in LANE_SUMS or steps_of(target, *self.shape(op)) is not None

    def rows_at(self, v: int, places: Places | None) -> Rows:
        """Some of the rows of a value; None stands for all."""
        rows = self.rows[v]
        if places is None:
            return rows
        if type(places) is range and type(rows) is range:
            return rows[places.start : places.stop : places.step]
        return [rows[i] for i in places]

    def shape(self, op: Op) -> tuple[int, int]:
        """The rows and columns of a matrix of sums over lanes."""
        if op.kind != "outer":
            return op.rows, 1
        d, x = op.args
        return self.ops[d].rows, self.ops[x].rows

    # ------------------------------------------------------------------ the others

    def place_value(self, v: int) -> None:
        """Place a value that has no rows yet, and pack what its instruction reads."""
        op = self.ops[v]
        if op.kind == "pick":
            self.rows[v] = self.picked_rows(op)
        elif not (self.rows[v] or v in self.term_rows):
            if op.kind == "scalars":  # what a list reads is copied to the rows before its own
                self.take(self.ops[op.args[0]].rows, lanes=False)
            self.allot(v)
        if op.kind == "matmul":
            self.pack_for_product(op)
        elif op.kind in LANE_SUMS:
            for a in op.args:
                self.pack_unless_side_by_side(a)

    def picked_rows(self, op: Op) -> Rows:
        """The rows of a pick, which are those of what it picks from."""
        if len(op.args) == 1:
            rows = self.rows[op.args[0]]
        else:
            rows = [row for a in op.args for row in self.rows[a]]
        if type(op.param) is range:
            return rows[op.param.start : op.param.stop : op.param.step]
        return [rows[i] for i in op.param.tolist()]

    def pack_for_product(self, op: Op) -> None:
        """Pack what a product cannot read where it is."""
        w, x, *bias = op.args
        if steps_of(self.rows[w], op.rows, self.ops[x].rows) is None:
            self.pack(w)
        self.pack_unless_side_by_side(x)
        for b in bias:
            if type(as_range(self.rows[b])) is not range or _is_mixed(self.rows[b]):
                self.pack(b)

    def pack_unless_side_by_side(self, v: int) -> None:
        """Pack a value unless its rows follow each other, in v if it has lanes."""
        rows = self.rows[v]
        if not are_side_by_side(rows) or (rows[0] >= LANES) != self.ops[v].lanes:
            self.pack(v)

    def pack(self, v: int) -> None:
        if v not in self.packed:
            self.packed[v] = self.rows[v]
            self.allot(v)


def are_side_by_side(rows: Rows) -> bool:
    """Whether rows follow each other."""
    even = as_range(rows)
    return type(even) is range and (even.step == 1 or len(even) == 1)


def steps_of(rows: Rows, height: int, width: int) -> tuple[int, int] | None:
    """The steps down and across a matrix among rows; None if they are uneven or go back."""
    if _is_mixed(rows):
        return None
    steps = matrix_steps(rows if type(rows) is range else np.asarray(rows), height, width)
    if steps is None or steps.down < 0 or steps.across < 0:
        return None
    return steps.down, steps.across


def _is_mixed(rows: Rows) -> bool:
    """Whether some of the rows are in u and others in v."""
    return len(rows) > 0 and (min(rows) < LANES) != (max(rows) < LANES)
