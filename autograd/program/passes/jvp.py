"""JVP, forward mode: the blocks with the tangents of their values beside them.

Its value is the derivative along a direction; its `vjp` is the Hessian times the direction. A
tangent has the rows and lanes of its value. What is appended has formulas of one operation,
which `vjp` can differentiate again.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.ir.block import Blocks, Op, operand
from autograd.program.ir.expressions import COMPARISONS, SYMBOLS, Expression
from autograd.program.ir.rules import FLAT
from autograd.program.passes.vjp import slope_of

__all__ = ["jvp"]

Tangent = int | None  # a value; None where nothing depends on the direction


def jvp(blocks: Blocks, wrt: Collection[str]) -> Blocks:
    """The blocks with a direction as further inputs, and its tangents after the outputs.

    Args:
        blocks: of a forward sweep.
        wrt: the inputs that the direction is in. Each has a further input, "t_" and its name,
            after all; that of the others is not read.

    Raises:
        NotImplementedError: the rule of an operation is not generic.
    """
    return _JVP(blocks, wrt).new


class _JVP:
    def __init__(self, blocks: Blocks, wrt: Collection[str]) -> None:
        self.new = it = Blocks(blocks)
        self.tangents: dict[int, int] = {}
        self.formulas: dict[Any, Expression] = {}
        self.slopes: dict[Any, Any] = {}
        self.zero = it.add("const", 1, False, (), [0.0])
        for v, op in blocks.inputs():
            t = it.add("input", op.rows, op.lanes, (), f"t_{op.what}")
            if op.what in wrt:
                self.tangents[v] = t
        for v, op in enumerate(blocks.ops):
            ts = [self.tangents.get(a) for a in op.operands]
            if any(t is not None for t in ts):
                t = getattr(self, op.kind)(v, op, ts)
                if t is not None:
                    self.tangents[v] = self.spread(t, op)
        out = it.results["out"]
        t = self.spread(self.tangents.get(out, self.zero), it.ops[out])
        rows = it.ops[out].rows
        both = it.add("pick", 2 * rows, it.ops[out].lanes, (out, t), range(2 * rows))
        it.results["out"] = both

    def spread(self, t: int, op: Op) -> int:
        """A tangent with the rows and lanes of its value."""
        mine = self.new.ops[t]
        if (mine.rows, mine.lanes) == (op.rows, op.lanes):
            return t
        return self.new.add("scatter_add", op.rows, op.lanes, (t,), (None,))

    def sum(self, terms: Sequence[Tangent]) -> Tangent:
        """All that there are, added up."""
        total: Tangent = None
        for t in terms:
            total = t if total is None else total if t is None else self.apply("add", total, t)
        return total

    def apply(self, op: str, *args: Any) -> Any:
        """An operation on values and numbers, which floats are."""
        op = SYMBOLS.get(op, op)
        values = [a for a in args if type(a) is int]
        if not values:
            rule = getattr(operator, op) if op in COMPARISONS else TABLE[op]
            return float(rule(*args))
        places = iter(range(len(values)))
        slots = [operand(next(places)) if type(a) is int else a for a in args]
        key = op, *[x.args[0] if type(x) is Expression else repr(x) for x in slots]
        return self.new.map(self.formulas.setdefault(key, Expression(op, *slots)), values)

    # ------------------------------------------------------------------ a rule for each kind

    def map(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        """The sum of each operand's tangent times the partial in it."""
        name = op.what.op
        if name in FLAT:
            return None
        terms = []
        for slot, x in enumerate(op.what.args):
            t = ts[x.args[0]] if type(x) is Expression else None
            if t is not None:
                slope = self.value(self.slope(name, slot, op.what.args), [*op.operands, v], {})
                if type(slope) is int:
                    terms.append(self.apply("mul", slope, t))
                elif slope != 0.0:
                    terms.append(t if slope == 1.0 else self.apply("mul", slope, t))
        return self.sum(terms)

    def slope(self, op: str, slot: int, slots: Sequence[Any]) -> Any:
        """The partial of an operation, of its operands and its result."""
        key = op, slot, *[x.args[0] if type(x) is Expression else repr(x) for x in slots]
        if key not in self.slopes:
            count = 1 + max([x.args[0] for x in slots if type(x) is Expression])
            try:
                self.slopes[key] = slope_of(op, slot, operand(count), slots)
            except (TypeError, ValueError, ArithmeticError):
                raise NotImplementedError(f"the rule of {op} is not generic") from None
        return self.slopes[key]

    def value(self, x: Any, xs: Sequence[int], known: dict[int, Any]) -> Any:
        """What an expression of values is: a value or a number."""
        if type(x) is not Expression:
            return float(x)
        if x.op == "operand":
            return xs[x.args[0]]
        if id(x) not in known:
            known[id(x)] = self.apply(x.op, *[self.value(a, xs, known) for a in x.args])
        return known[id(x)]

    def pick(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        it = self.new
        if len(ts) == 1 and ts[0] is not None:
            return it.pick(ts[0], op.what)
        parts = []
        for a, t in zip(op.operands, ts):
            rows = it.ops[a].rows
            parts.append(it.add("const", rows, False, (), [0.0] * rows) if t is None else t)
        return it.add("pick", op.rows, it.varies(parts), parts, op.what)

    def matmul(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        (w, x, *_), (tw, tx, *bias) = op.operands, ts
        terms = [
            self.new.add("matmul", op.rows, self.new.varies((a, b)), (a, b), None, op.width)
            for a, b in ((w, tx), (tw, x))
            if a is not None and b is not None
        ]
        return self.sum([*terms, *bias])

    def dot(self, op: Op, w: Tangent, x: Tangent) -> Tangent:
        """The products of two, added up as the operation does."""
        if w is None or x is None:
            return None
        return self.new.reduce("dot", op.rows, (self.zero, w, x), op.width)

    def reduce(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        it, x, t = self.new, op.operands[-1], ts[-1]
        if op.what == "dot":
            (_, w, _), (bias, tw, _) = op.operands, ts
            return self.sum([bias, self.dot(op, w, t), self.dot(op, tw, x)])
        if t is None:  # of the index of take
            return None
        if op.what == "sum":
            return it.reduce("sum", op.rows, (t,), op.width)
        if op.what == "take":
            return it.reduce("take", op.rows, (op.operands[0], t), op.width)
        if op.what == "logsumexp":
            return self.dot(op, it.partials(op), t)
        if op.what == "hypot":
            slope = self.value(self.slope("hypot", 0, [operand(0)]), [x, v], {})
            return it.reduce("sum", op.rows, (self.apply("mul", slope, t),), op.width)
        won = self.apply("eq", x, v)  # in equal parts for all that tie
        count = it.reduce("sum", op.rows, (won,), op.width)
        return int(self.apply("div", self.dot(op, won, t), count))

    def sum_lanes(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        [t] = ts
        assert t is not None
        return self.new.add(op.kind, op.rows, op.lanes, (t,))

    to_lanes = from_lanes = sum_lanes
