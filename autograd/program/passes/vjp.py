"""VJP, the reverse sweep: the blocks with the adjoints of their inputs appended.

Adjoints are values like others. What is given to one is kept until the sweep gets to it; then
one operation adds it all up. So there is no order in which terms must come, nothing to set
before it is added to, and no array that two names share.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from autograd.core.table import NORMAL
from autograd.program.ir.arrays import np
from autograd.program.ir.block import Blocks, Op, Rows, operand, regular
from autograd.program.ir.rules import with_trait
from autograd.rules.expression import (
    FLAT,
    OPPOSITE,
    Expression,
    UntranslatableError,
    bound,
    operands_of,
    where,
)
from autograd.rules.reader import partial

__all__ = ["slope_of", "term_of", "vjp"]

UNSIGNED = Expression("add", operand(0), 0.0)  # never -0.0
PRODUCT = Expression("mul", operand(0), operand(1))
EQUAL = Expression("eq", operand(0), operand(1))
SHARED = Expression("mul", operand(0), Expression("div", operand(1), operand(2)))
SOFTMAX = Expression("mul", operand(0), Expression("sub", operand(1), operand(2)))


def vjp(blocks: Blocks, wrt: Collection[str], per_lane: bool = False) -> Blocks:
    """The blocks with a further input "seed", like "out", and results "d_" and an input.

    Args:
        wrt: the inputs to differentiate in. The gradient in a uniform one is summed over the
            lanes.
        per_lane: leave that out: each lane has a gradient of its own. They are further rows of
            "out", in the order of the inputs, and the seed is uniform.
    """
    return _VJP(blocks, wrt, per_lane).new


class _VJP:
    """`parts` are the terms of each adjoint, and the rows that they are given to."""

    def __init__(self, blocks: Blocks, wrt: Collection[str], per_lane: bool) -> None:
        self.new, self.per_lane = Blocks(blocks), per_lane
        it = self.new
        self.terms: dict[Any, tuple[Any, list[int]]] = {}
        self.active: list[bool] = []  # what depends on the inputs
        for op in it.ops:
            flat = op.kind == "map" and op.what.op in FLAT
            some = any(self.active[a] for a in op.operands)
            self.active.append(op.what in wrt if op.kind == "input" else some and not flat)
        self.parts: dict[int, list[tuple[Rows | None, int]]] = defaultdict(list)
        out = it.results["out"]
        varies = it.ops[out].lanes and not per_lane
        self.give(out, it.add("input", it.ops[out].rows, varies, (), "seed"))
        for v in range(len(blocks.ops) - 1, -1, -1):
            if v in self.parts and it.ops[v].operands:
                getattr(self, it.ops[v].kind)(v, it.ops[v], self.adjoint(v))
        slopes = {
            f"d_{op.what}": self.adjoint(v) for v, op in blocks.inputs() if op.what in wrt
        }
        if per_lane:
            parts = [out, *[it.map(UNSIGNED, (d,)) for d in slopes.values()]]
            rows = sum([it.ops[v].rows for v in parts])
            it.results["out"] = it.add("pick", rows, it.varies(parts), parts, range(rows))
        else:
            it.results |= slopes

    def adjoint(self, v: int) -> int:
        """All that was given to a value's adjoint, added up; it has the value's rows."""
        it, op, parts = self.new, self.new.ops[v], self.parts[v]
        terms, rows = [term for _, term in parts], tuple([rows for rows, _ in parts])
        lanes = it.varies(terms) if self.per_lane else op.lanes
        if len(parts) == 1 and rows[0] is None:
            [term] = terms
            if (it.ops[term].rows, it.ops[term].lanes) == (op.rows, lanes):
                it.adjoint_of.setdefault(term, v)
                return term
        d = it.add("scatter_add", op.rows, lanes, terms, rows)
        it.adjoint_of[d] = v
        return d

    def give(self, v: int, term: int, rows: Rows | None = None) -> None:
        """Give a term to the adjoint of a value, or of these rows of it.

        What was repeated when it was read is summed here: rows, and lanes.
        """
        if not self.active[v]:
            return
        it, op = self.new, self.new.ops[v]
        if type(rows) is range and rows == range(op.rows):
            rows = None
        count, had = op.rows if rows is None else len(rows), it.ops[term].rows
        if had > count:
            term = it.reduce("sum", count, (term,), had // count)
        if it.ops[term].lanes and not op.lanes and not self.per_lane:
            term = it.add("sum_lanes", it.ops[term].rows, False, (term,))
        self.parts[v].append((rows, term))

    # ------------------------------------------------------------------ a rule for each kind

    def pick(self, v: int, op: Op, d: int) -> None:
        if len(op.operands) == 1:
            self.give(op.operands[0], d, op.what)
            return
        for a, mine, rows in self.new.cut(op):
            if self.active[a]:
                self.give(a, self.new.pick(d, regular(mine)), regular(rows))

    def map(self, v: int, op: Op, d: int) -> None:
        for slot, a in enumerate(op.what.args):
            if type(a) is Expression and self.active[op.operands[a.args[0]]]:
                formula, used = self.term(op.what, slot)
                xs = (*op.operands, v, d)
                self.give(op.operands[a.args[0]], self.made(formula, [xs[k] for k in used], op))

    def made(self, formula: Expression, xs: list[int], op: Op) -> int:
        alone = formula.op == "operand" and self.new.ops[xs[0]].rows == op.rows
        return xs[0] if alone else self.new.map(formula, xs, op.rows)

    def term(self, formula: Expression, slot: int) -> tuple[Any, list[int]]:
        """The adjoint times the partial, of those operands, result and adjoint that it uses."""
        key = formula.key(), slot
        if key not in self.terms:
            slots = [*formula.args]
            count = 1 + max([x.args[0] for x in slots if type(x) is Expression])
            term = term_of(formula.op, slot, operand(count), operand(count + 1), slots)
            places = operands_of(term)
            renamed = bound(term, {k: operand(i) for i, k in enumerate(places)})
            self.terms[key] = renamed, places
        return self.terms[key]

    def matmul(self, v: int, op: Op, d: int) -> None:
        it, (w, x, *bias) = self.new, op.operands
        m, k = op.rows, op.width
        for b in bias:
            self.give(b, d)
        if self.active[x]:
            turned = it.pick(w, regular(np.arange(m * k).reshape(m, k).T.ravel()))
            self.give(x, it.add("matmul", k, it.ops[d].lanes, (turned, d), None, m))
        if self.active[w] and self.per_lane:
            repeated = it.pick(d, regular(np.arange(m).repeat(k)))
            self.give(w, it.map(PRODUCT, (repeated, x), m * k))
        elif self.active[w]:
            self.give(w, it.add("outer_sum", m * k, False, (d, x), None, k))

    def reduce(self, v: int, op: Op, d: int) -> None:
        it, (*first, x), n = self.new, op.operands, op.rows * op.width
        if op.what == "sum":
            self.give(x, d)
        elif op.what == "dot":
            bias, w = first
            self.give(bias, d)
            for mine, other in ((w, x), (x, w)):
                if self.active[mine]:
                    self.give(mine, it.map(PRODUCT, (d, other), n))
        elif op.what in ("maximum", "minimum"):  # in equal parts for all that tie
            won = it.map(EQUAL, (x, v), n)
            self.give(
                x, it.map(SHARED, (d, won, it.reduce("sum", op.rows, (won,), op.width)), n)
            )
        else:
            self.give(x, it.map(PRODUCT, (d, it.partials(op)), n))

    def partials(self, v: int, op: Op, d: int) -> None:
        """Give the operands of a softmax p, from its adjoint d, p·(d - Σ p·d).

        That difference is 0 where one of them is 1, whatever its adjoint is. If p were
        exp(x - out), its parts would reach x on ways of their own, and cancel only nearly.
        """
        it, [x] = self.new, op.operands
        zero, count = it.add("const", 1, False, (), [0.0]), op.rows // op.width
        total = it.reduce("dot", count, (zero, v, d), op.width)
        self.give(x, it.map(SOFTMAX, (v, d, total), op.rows))

    def scalar(self, v: int, op: Op, d: int) -> None:
        it, reads = self.new, op.operands[0]
        self.give(
            reads, it.add("scalar_vjp", it.ops[reads].rows, False, (reads, v, d), op.what)
        )

    def sum_lanes(self, v: int, op: Op, d: int) -> None:
        self.give(op.operands[0], d)

    def to_lanes(self, v: int, op: Op, d: int) -> None:
        [a] = op.operands
        self.give(a, self.new.add("from_lanes", self.new.ops[a].rows, False, (d,)))

    def from_lanes(self, v: int, op: Op, d: int) -> None:
        [a] = op.operands
        self.give(a, self.new.add("to_lanes", self.new.ops[a].rows, True, (d,)))


# ---------------------------------------------------------------------- formulas


def slope_of(op: str, slot: int, out: Any, slots: Sequence[Any]) -> Any:
    """The partial of an operation; of a hypot of any number of operands, too.

    Raises:
        UntranslatableError: its rule can't be read.
    """
    if op == "hypot":
        lost = where(Expression("==", out, 0.0), math.inf, math.nan)  # NaN: eager knows it
        length = where(Expression("<", out, NORMAL), lost, out)
        return Expression("div", slots[slot], length)
    if op in ("maximum", "minimum"):  # of two, in equal parts if they tie
        won = [Expression("eq", x, out) for x in slots]
        return Expression("div", won[slot], Expression("add", *won))
    return partial(op, slot, out, slots)


def term_of(op: str, slot: int, out: Any, d: Expression, slots: Sequence[Any]) -> Any:
    """An adjoint times the partial. A zero partial does not hide an adjoint that is NaN."""
    try:
        slope = slope_of(op, slot, out, slots)
    except UntranslatableError:
        slope = Expression("each_partial", op, slot, out, *slots)
    if type(slope) is float and slope in (1.0, -1.0):
        return d if slope > 0.0 else Expression("neg", d)
    if type(slope) is Expression and _is_choice(slope):
        asked, holds, _ = slope.args
        slope = Expression(asked.op if holds else OPPOSITE[asked.op], *asked.args)
    power = slots[1] if op == "pow" and type(slots[1]) is float else 0.0
    bounded = with_trait("bounded", [op]) or type(slope) is float or power >= 1.0
    return Expression("mul" if bounded else "strong_zero", d, slope)


def _is_choice(x: Expression) -> bool:
    """Whether x is 1 or 0 by a comparison."""
    if x.op != "where" or type(x.args[0]) is not Expression:
        return False
    return x.args[0].op in OPPOSITE and all(
        type(a) is float and a in (0.0, 1.0) for a in x.args[1:]
    )
