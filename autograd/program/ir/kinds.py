"""The table of kinds: what each operation of a program computes, and its two derivatives.

`passes/derivatives.py` reads it; each target is a table from these kinds to code. To add a kind
is to add an entry here and one to each target.

A rule for the JVP (forward mode) gives the tangent of a value from those of its operands; it is
asked only if one of them has a tangent. A rule for the VJP (reverse mode) gives each operand
its share of the value's adjoint. Both append operations to the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from autograd.program.ir.arrays import np
from autograd.program.ir.program import BlockProgram, Op, Rows, as_range, operand
from autograd.program.ir.scalars import append_tangents
from autograd.program.ir.slopes import hypot_slope, slope_of
from autograd.rules.expression import FLAT, Expression

__all__ = ["KINDS", "Forward", "Kind", "Reverse"]


class Forward(Protocol):
    """The forward sweep, as rules see it."""

    program: BlockProgram

    def tangent(self, v: int) -> int | None:
        """The tangent of a value, None if it does not move."""
        ...

    def tangent_or_zero(self, v: int) -> int:
        """The tangent of a value; zeros if it does not move."""
        ...

    def add_up(self, terms: Sequence[int | None], rows: int) -> int | None:
        """The sum of terms, None if there is none."""
        ...


class Reverse(Protocol):
    """The reverse sweep, as rules see it.

    Attributes:
        per_lane: whether each lane has a gradient of its own, in uniform inputs too.
    """

    program: BlockProgram
    per_lane: bool

    def is_active(self, v: int) -> bool:
        """Whether a value depends on what is differentiated in."""
        ...

    def give(self, v: int, term: int, rows: Rows | None = None) -> None:
        """Add a term to the adjoint of a value, or of these rows of it."""
        ...

    def adjoint_formula(self, formula: Expression, slot: int) -> tuple[Any, list[int]]:
        """See `slopes.adjoint_formula`."""
        ...


class Kind(NamedTuple):
    """An entry of the table.

    Attributes:
        jvp: gives the tangent of a value; None for a source, which has none or its own.
        vjp: hands on an adjoint; None for what only a reverse sweep makes.
    """

    jvp: Callable[[Forward, int, Op], int | None] | None
    vjp: Callable[[Reverse, int, Op, int], None] | None


# ---------------------------------------------------------------- pick: rows of its operands


def _tangent_of_pick(sweep: Forward, v: int, op: Op) -> int:
    tangents = [sweep.tangent_or_zero(a) for a in op.args]
    if len(tangents) == 1:
        return sweep.program.pick(tangents[0], op.param)
    return sweep.program.pick_of_several(tangents, op.param)


def _give_pick(sweep: Reverse, v: int, op: Op, d: int) -> None:
    for part in sweep.program.parts(op):
        if sweep.is_active(part.value):
            sweep.give(part.value, sweep.program.pick(d, part.rows), part.source)


# ---------------------------------------------------------------- map: a formula, row by row


def _tangent_of_map(sweep: Forward, v: int, op: Op) -> int | None:
    """Σ partial · tangent. The partials are operations of one primitive each."""
    formula = op.param
    if formula.op in FLAT:
        return None
    terms = []
    for slot, x in enumerate(formula.args):
        tangent = sweep.tangent(op.args[x.args[0]]) if type(x) is Expression else None
        if tangent is not None:
            slope = slope_of(formula.op, slot, operand(len(op.args)), formula.args)
            terms.append(_scale(sweep.program, slope, [*op.args, v], tangent, op.rows))
    return sweep.add_up(terms, op.rows)


def _scale(
    program: BlockProgram, slope: Any, values: Sequence[int], tangent: int, rows: int
) -> int | None:
    """The product of a formula of values and a tangent; None if it is 0."""
    factor = program.emit(slope, values)
    if type(factor) is float and factor in (0.0, 1.0):
        return tangent if factor else None
    return program.apply("mul", factor, tangent, rows=rows)


def _give_map(sweep: Reverse, v: int, op: Op, d: int) -> None:
    program, formula = sweep.program, op.param
    for slot, x in enumerate(formula.args):
        if type(x) is not Expression or not sweep.is_active(op.args[x.args[0]]):
            continue
        term, used = sweep.adjoint_formula(formula, slot)
        values = [*op.args, v, d]
        operands = [values[k] for k in used]
        if term is operand(0) and program.ops[operands[0]].rows == op.rows:
            sweep.give(op.args[x.args[0]], operands[0])
        else:
            sweep.give(op.args[x.args[0]], program.map(term, operands, op.rows))


# ---------------------------------------------------------------- matmul: W x + bias


def _tangent_of_matmul(sweep: Forward, v: int, op: Op) -> int | None:
    w, x, *bias = op.args
    t_w, t_x = sweep.tangent(w), sweep.tangent(x)
    terms = [sweep.tangent(b) for b in bias]
    if t_w is not None:
        terms.append(sweep.program.add("matmul", op.rows, (t_w, x)))
    if t_x is not None:
        terms.append(sweep.program.add("matmul", op.rows, (w, t_x)))
    return sweep.add_up(terms, op.rows)


def _give_matmul(sweep: Reverse, v: int, op: Op, d: int) -> None:
    program, (w, x, *bias) = sweep.program, op.args
    height, width = op.rows, program.ops[x].rows
    for b in bias:
        sweep.give(b, d)
    if sweep.is_active(x):
        transposed = np.arange(height * width).reshape(height, width).T.ravel()
        turned = program.pick(w, as_range(transposed))
        sweep.give(x, program.add("matmul", width, (turned, d)))
    if not sweep.is_active(w):
        return
    if sweep.per_lane:
        repeated = program.pick(d, as_range(np.arange(height).repeat(width)))
        sweep.give(w, program.apply("mul", repeated, x, rows=height * width))
    else:
        sweep.give(w, program.add("outer", height * width, (d, x), lanes=False))


# ---------------------------------------------------------------- reduce: one row of several


def _slopes_of_reduce(program: BlockProgram, v: int, op: Op) -> int | float | None:
    """The partials in each row of the operand; None if all are 1."""
    [x] = op.args
    if op.param == "sum":
        return None
    if op.param == "logsumexp":
        return program.softmax(v)
    if op.param == "hypot":
        return program.emit(HYPOT_SLOPE, [x, v])
    wins = program.apply("eq", x, v)  # those that tie share in equal parts
    return program.apply("div", wins, program.reduce("sum", op.rows, wins))


HYPOT_SLOPE = hypot_slope(operand(0), operand(1))
SOFTMAX_TERM = Expression("mul", operand(0), Expression("sub", operand(1), operand(2)))


def _tangent_of_reduce(sweep: Forward, v: int, op: Op) -> int | None:
    program = sweep.program
    if op.param == "dot":
        return _tangent_of_dot(sweep, op)
    tangent = sweep.tangent_or_zero(op.args[0])
    slopes = _slopes_of_reduce(program, v, op)
    if slopes is not None:
        tangent = program.apply("mul", slopes, tangent)
    return program.reduce("sum", op.rows, tangent)


def _tangent_of_dot(sweep: Forward, op: Op) -> int:
    """The product rule, one dot for each side that moves."""
    bias, w, x = op.args
    total = sweep.tangent_or_zero(bias)
    for tangent, other in ((sweep.tangent(x), w), (sweep.tangent(w), x)):
        if tangent is not None:
            total = sweep.program.reduce("dot", op.rows, total, other, tangent)
    return total


def _give_reduce(sweep: Reverse, v: int, op: Op, d: int) -> None:
    program = sweep.program
    if op.param == "dot":
        _give_dot(sweep, op, d)
        return
    slopes = _slopes_of_reduce(program, v, op)
    term = d if slopes is None else program.apply("mul", d, slopes)
    sweep.give(op.args[0], term)


def _give_dot(sweep: Reverse, op: Op, d: int) -> None:
    bias, w, x = op.args
    sweep.give(bias, d)
    for side, other in ((w, x), (x, w)):
        if sweep.is_active(side):
            rows = sweep.program.ops[side].rows
            sweep.give(side, sweep.program.apply("mul", d, other, rows=rows))


def _tangent_of_softmax(sweep: Forward, v: int, op: Op) -> int | None:
    """p · (t - Σ p t)."""
    return _softmax_product(sweep.program, v, op, sweep.tangent_or_zero(op.args[0]))


def _give_softmax(sweep: Reverse, v: int, op: Op, d: int) -> None:
    """Give p · (d - Σ p d). The difference is exactly 0 where one of the p is 1."""
    sweep.give(op.args[0], _softmax_product(sweep.program, v, op, d))


def _softmax_product(program: BlockProgram, v: int, op: Op, d: int) -> int:
    groups = program.ops[op.args[1]].rows
    total = program.reduce("dot", groups, program.const([0.0]), v, d)
    return program.map(SOFTMAX_TERM, (v, d, total), op.rows)


# ---------------------------------------------------------------- lists of single numbers


def _tangent_of_scalars(sweep: Forward, v: int, op: Op) -> int:
    return append_tangents(sweep.program, v, sweep.tangent_or_zero(op.args[0]))


def _give_scalars(sweep: Reverse, v: int, op: Op, d: int) -> None:
    reads = op.args[0]
    rows = sweep.program.ops[reads].rows
    sweep.give(reads, sweep.program.add("scalars_vjp", rows, (reads, v, d), op.param))


# ---------------------------------------------------------------- lanes


def _tangent_of_lanes(sweep: Forward, v: int, op: Op) -> int:
    """The same operation on the tangent."""
    tangent = sweep.tangent_or_zero(op.args[0])
    return sweep.program.add(op.kind, op.rows, (tangent,), lanes=op.lanes)


def _give_sum_lanes(sweep: Reverse, v: int, op: Op, d: int) -> None:
    sweep.give(op.args[0], d)


def _give_to_lanes(sweep: Reverse, v: int, op: Op, d: int) -> None:
    rows = sweep.program.ops[op.args[0]].rows
    sweep.give(op.args[0], sweep.program.add("from_lanes", rows, (d,), lanes=False))


def _give_from_lanes(sweep: Reverse, v: int, op: Op, d: int) -> None:
    rows = sweep.program.ops[op.args[0]].rows
    sweep.give(op.args[0], sweep.program.add("to_lanes", rows, (d,), lanes=True))


KINDS = {
    # a source; param: its name
    "input": Kind(None, None),
    # a source; param: the numbers
    "const": Kind(None, None),
    # rows of its operands laid end to end; param: which
    "pick": Kind(_tangent_of_pick, _give_pick),
    # a formula of its operands, row by row; param: the formula
    "map": Kind(_tangent_of_map, _give_map),
    # W x, or W x + bias. W is uniform, and has a row for each of its cells
    "matmul": Kind(_tangent_of_matmul, _give_matmul),
    # row i of n is an operation of the rows i, n + i, 2n + i … of its operand; param: "sum",
    # "maximum", "minimum", "logsumexp", "hypot"; or "dot", of a bias of n rows and two sides
    "reduce": Kind(_tangent_of_reduce, _give_reduce),
    # the partials of a logsumexp, its second operand, in each row of the first
    "softmax": Kind(_tangent_of_softmax, _give_softmax),
    # operations on single rows of its operand, in order; param: `scalars.Scalars`
    "scalars": Kind(_tangent_of_scalars, _give_scalars),
    # the adjoint of what such a list reads, from (what it reads, its results, their adjoint)
    "scalars_vjp": Kind(None, None),
    # the sum over all lanes
    "sum_lanes": Kind(_tangent_of_lanes, _give_sum_lanes),
    # n · lanes uniform rows as n rows of lanes, and the other way
    "to_lanes": Kind(_tangent_of_lanes, _give_to_lanes),
    "from_lanes": Kind(_tangent_of_lanes, _give_from_lanes),
    # d xᵀ, summed over the lanes; a row for each cell
    "outer": Kind(None, None),
    # 0, and each operand added to rows of it; param: for each operand which, None for all
    "add_at": Kind(None, None),
}
