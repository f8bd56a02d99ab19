"""Derivatives of a program: JVP appends tangents (forward mode), VJP adjoints (reverse mode).

Each is a pass from a program to a program, by the rules of `ir/kinds.py`. So a Hessian times a
direction is `vjp` of `jvp`: forward over reverse needs no rule of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from autograd.program.ir.kinds import KINDS
from autograd.program.ir.program import BlockProgram, Op, Rows, operand
from autograd.program.ir.slopes import adjoint_formula
from autograd.rules.expression import FLAT, Expression

__all__ = ["jvp", "vjp"]

IDENTITY = Expression("identity", operand(0))
UNSIGNED = Expression("add", operand(0), 0.0)  # never -0.0


# ---------------------------------------------------------------- forward mode


def jvp(program: BlockProgram, wrt: Collection[str]) -> BlockProgram:
    """Append the derivative of "out" along a direction, as further rows of it.

    Args:
        wrt: the inputs that the direction is in. Each input x gets a further input t_x, the
            direction, after all others; that of an input not named here is not read.

    Raises:
        NotImplementedError: the rule of an operation is not generic.
    """
    sweep = _Tangents(BlockProgram(program), wrt)
    new = sweep.program
    for v in range(len(program.ops)):
        sweep.visit(v)
    out = new.results["out"]
    new.results["out"] = new.stack([out, sweep.tangent_or_zero(out)])
    return new


class _Tangents:
    """The forward sweep: for each value that moves, the value that is its tangent."""

    def __init__(self, program: BlockProgram, wrt: Collection[str]) -> None:
        self.program = program
        self.tangents: dict[int, int] = {}
        for v in program.inputs():
            op = program.ops[v]
            direction = program.add("input", op.rows, (), f"t_{op.param}", op.lanes)
            if op.param in wrt:
                self.tangents[v] = direction

    def visit(self, v: int) -> None:
        """Append the tangent of a value whose operands have theirs, if one of them moves."""
        op = self.program.ops[v]
        if not any(a in self.tangents for a in op.args):
            return
        rule = KINDS[op.kind].jvp
        assert rule is not None
        tangent = rule(self, v, op)
        if tangent is not None:
            self.tangents[v] = self.conform(tangent, op)

    def conform(self, tangent: int, op: Op) -> int:
        """The tangent with the rows and the lanes of its value."""
        tangent = self.program.repeat(tangent, op.rows)
        if op.lanes and not self.program.ops[tangent].lanes:
            return self.program.add("map", op.rows, (tangent,), IDENTITY, lanes=True)
        return tangent

    def tangent(self, v: int) -> int | None:
        return self.tangents.get(v)

    def tangent_or_zero(self, v: int) -> int:
        if v in self.tangents:
            return self.tangents[v]
        return self.program.repeat(self.program.const([0.0]), self.program.ops[v].rows)

    def add_up(self, terms: Sequence[int | None], rows: int) -> int | None:
        total: int | None = None
        for term in terms:
            if total is None or term is None:
                total = term if total is None else total
            else:
                total = self.program.apply("add", total, term, rows=rows)
        return total


# ---------------------------------------------------------------- reverse mode


def vjp(program: BlockProgram, wrt: Collection[str], per_lane: bool = False) -> BlockProgram:
    """Append a further input "seed", like "out", and results "d_x" for inputs x.

    Args:
        wrt: the inputs to differentiate in. The gradient in a uniform one is summed over the
            lanes.
        per_lane: leave that out: each lane has a gradient of its own. They are further rows of
            "out", in the order of the inputs, and the seed is uniform.
    """
    sweep = _Adjoints(BlockProgram(program), wrt, per_lane)
    new, count = sweep.program, len(program.ops)
    out = new.results["out"]
    seed_varies = new.ops[out].lanes and not per_lane
    sweep.give(out, new.add("input", new.ops[out].rows, (), "seed", seed_varies))
    for v in range(count - 1, -1, -1):
        sweep.visit(v)
    slopes = [(op.param, sweep.adjoint(v)) for v, op in sweep.differentiated(wrt, count)]
    if per_lane:
        new.results["out"] = new.stack([out, *[new.map(UNSIGNED, (d,)) for _, d in slopes]])
    else:
        new.results |= {f"d_{name}": d for name, d in slopes}
    return new


class _Term(NamedTuple):
    """What is added to some rows of an adjoint; None stands for all rows."""

    value: int
    rows: Rows | None


class _Adjoints:
    """The reverse sweep. What is given to an adjoint is kept until the sweep gets to it; then
    one operation adds it all up."""

    def __init__(self, program: BlockProgram, wrt: Collection[str], per_lane: bool) -> None:
        self.program, self.per_lane = program, per_lane
        self.terms: dict[int, list[_Term]] = defaultdict(list)
        self.formulas: dict[tuple[int, int], Any] = {}
        self.active: list[bool] = []
        for op in program.ops:
            self.active.append(self.moves(op, wrt))

    def moves(self, op: Op, wrt: Collection[str]) -> bool:
        """Whether an operation depends on the inputs, by a derivative that is not always 0."""
        if op.kind == "input":
            return op.param in wrt
        if op.kind == "map" and op.param.op in FLAT:
            return False
        return any(self.active[a] for a in op.args)

    def differentiated(self, wrt: Collection[str], count: int) -> list[tuple[int, Op]]:
        """The inputs, among so many operations, that a derivative is wanted in."""
        ops = self.program.ops[:count]
        return [(v, op) for v, op in enumerate(ops) if op.kind == "input" and op.param in wrt]

    def visit(self, v: int) -> None:
        """Hand on the adjoint of a value."""
        if v not in self.terms or not self.program.ops[v].args:
            return
        op = self.program.ops[v]
        rule = KINDS[op.kind].vjp
        assert rule is not None
        rule(self, v, op, self.adjoint(v))

    def is_active(self, v: int) -> bool:
        return self.active[v]

    def give(self, v: int, term: int, rows: Rows | None = None) -> None:
        """Add a term. What was repeated when it was read is summed here: rows, and lanes."""
        if not self.active[v]:
            return
        program, op = self.program, self.program.ops[v]
        if type(rows) is range and rows == range(op.rows):
            rows = None
        count = op.rows if rows is None else len(rows)
        if program.ops[term].rows > count:
            term = program.reduce("sum", count, term)
        if program.ops[term].lanes and not op.lanes and not self.per_lane:
            term = program.add("sum_lanes", program.ops[term].rows, (term,), lanes=False)
        self.terms[v].append(_Term(term, rows))

    def adjoint(self, v: int) -> int:
        """All that was given to a value, added up; it has the rows and lanes of the value."""
        program, op = self.program, self.program.ops[v]
        values = [term.value for term in self.terms[v]]
        rows = tuple([term.rows for term in self.terms[v]])
        lanes = program.varies(values) if self.per_lane else op.lanes
        if len(values) == 1 and rows[0] is None and program.ops[values[0]].lanes == lanes:
            d = program.repeat(values[0], op.rows)
        else:
            d = program.add("add_at", op.rows, values, rows, lanes)
        program.adjoint_of.setdefault(d, v)
        return d

    def adjoint_formula(self, formula: Expression, slot: int) -> tuple[Any, list[int]]:
        key = id(formula), slot
        if key not in self.formulas:
            self.formulas[key] = adjoint_formula(formula, slot)
        return self.formulas[key]  # type: ignore[no-any-return]
