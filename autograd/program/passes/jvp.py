"""JVP, forward mode: the blocks with the tangents of their values beside them.

Its value is the derivative along a direction; its `vjp` is the Hessian times the direction. A
tangent has the rows and lanes of its value. What is appended has formulas of one operation,
which `vjp` can differentiate again.
"""

from __future__ import annotations

import itertools
import operator
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.ir.arrays import np
from autograd.program.ir.block import Blocks, Op, Scalars, operand, regular
from autograd.program.passes.vjp import slope_of
from autograd.rules.expression import COMPARISONS, FLAT, SYMBOLS, Expression

__all__ = ["jvp"]

Tangent = int | None  # a value; None where nothing depends on the direction
Cell = tuple[int, int]  # a value and a row of it


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


class _Rules(ABC):
    """Tangents by the partials of the table; `apply` says what becomes of each operation."""

    def __init__(self) -> None:
        self.slopes: dict[Any, Any] = {}

    def apply(self, op: str, *args: Any) -> Any:
        """An operation on values, which are ints here, and numbers, which are floats."""
        op = SYMBOLS.get(op, op)
        if any(type(a) is int for a in args):
            return self.applied(op, args)
        rule = getattr(operator, op) if op in COMPARISONS else TABLE[op]
        return float(rule(*args))

    @abstractmethod
    def applied(self, op: str, args: Sequence[Any]) -> int:
        """The value of an operation on at least one value."""

    def sum(self, terms: Sequence[Tangent]) -> Tangent:
        """All that there are, added up."""
        total: Tangent = None
        for t in terms:
            total = t if total is None else total if t is None else self.apply("add", total, t)
        return total

    def product(
        self, op: str, slots: Sequence[Any], xs: Sequence[int], ts: Sequence[Tangent]
    ) -> Tangent:
        """The sum of each operand's tangent times the partial in it.

        Args:
            slots: the operands; numbers are themselves, the others are in xs, with their
                tangents in ts. After them xs has the result.
        """
        terms = []
        for slot, x in enumerate(slots):
            t = ts[x.args[0]] if type(x) is Expression else None
            if t is not None:
                slope = self.value(self.slope(op, slot, slots), xs, {})
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
        """Compute an expression of values: a value or a number."""
        if type(x) is not Expression:
            return float(x)
        if x.op == "operand":
            return xs[x.args[0]]
        if id(x) not in known:
            known[id(x)] = self.apply(x.op, *[self.value(a, xs, known) for a in x.args])
        return known[id(x)]


class _JVP(_Rules):
    def __init__(self, blocks: Blocks, wrt: Collection[str]) -> None:
        super().__init__()
        self.new = it = Blocks(blocks)
        self.tangents: dict[int, int] = {}
        self.formulas: dict[Any, Expression] = {}
        self.zero = it.add("const", 1, False, (), [0.0])
        first = it.results["out"]
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
        t = self.spread(self.tangents.get(first, self.zero), it.ops[out])
        rows = it.ops[out].rows
        both = it.add("pick", 2 * rows, it.ops[out].lanes, (out, t), range(2 * rows))
        it.results["out"] = both

    def spread(self, t: int, op: Op) -> int:
        """A tangent with the rows and lanes of its value."""
        mine = self.new.ops[t]
        if (mine.rows, mine.lanes) == (op.rows, op.lanes):
            return t
        return self.new.add("scatter_add", op.rows, op.lanes, (t,), (None,))

    def applied(self, op: str, args: Sequence[Any]) -> int:
        values = [a for a in args if type(a) is int]
        places = iter(range(len(values)))
        slots = [operand(next(places)) if type(a) is int else a for a in args]
        key = op, *[x.args[0] if type(x) is Expression else repr(x) for x in slots]
        return self.new.map(self.formulas.setdefault(key, Expression(op, *slots)), values)

    # ------------------------------------------------------------------ a rule for each kind

    def map(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        formula = op.what
        if formula.op in FLAT:
            return None
        return self.product(formula.op, formula.args, [*op.operands, v], ts)

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

    def scalar(self, v: int, op: Op, ts: list[Tangent]) -> Tangent:
        """A longer list, of the tangents too; it takes the place of the first one."""
        it, [reads], [t] = self.new, op.operands, ts
        assert t is not None
        n, cells = it.ops[reads].rows, self.cells(t)
        moves = [it.ops[a].kind != "const" or it.ops[a].what[row] != 0.0 for a, row in cells]
        longer = _Tangents(op.what, n, moves, self.slopes)
        if longer.tangents.count(None) == op.rows:
            return None
        read = [*self.cells(reads), *cells, (self.zero, 0)]
        made = it.add(
            "scalar", len(longer.kinds), False, (self.gathered(read),), longer.listed()
        )
        for name, r in it.results.items():
            if it.ops[r].kind == "pick" and it.ops[r].operands == (v,):
                it.results[name] = it.pick(made, it.ops[r].what)
            elif r == v:
                it.results[name] = it.pick(made, range(op.rows))
        rows = [len(read) - 1 if row is None else row for row in longer.tangents]
        first = longer.first
        return self.gathered([read[i] if i < first else (made, i - first) for i in rows])

    def cells(self, v: int) -> list[Cell]:
        """Return the value and row that each row of a value is read from."""
        op = self.new.ops[v]
        if op.kind != "pick":
            return [(v, row) for row in range(op.rows)]
        whole = [cell for a in op.operands for cell in self.cells(a)]
        return [whole[row] for row in op.what]

    def gathered(self, cells: Sequence[Cell]) -> int:
        """A uniform value that has these rows."""
        it = self.new
        values = [*dict.fromkeys([v for v, _ in cells])]
        ends = itertools.accumulate([it.ops[v].rows for v in values], initial=0)
        starts = dict(zip(values, ends))
        rows = regular([starts[v] + row for v, row in cells])
        if len(values) == 1:
            return it.pick(values[0], rows)
        return it.add("pick", len(rows), False, values, rows)


class _Tangents:
    """A list of single operations, and the tangents of all.

    What an operation adds to it is the same for each of its kind, but for the rows: it is
    written once, and then filled in.

    Args:
        code: the list.
        n: how many rows it reads; their tangents follow them, and then a row that is 0.
        moves: which of these tangents are not 0.

    Attributes:
        kinds, args: of the new list.
        first: how many rows it reads.
        tangents: of each result, the row; None where it is 0.
    """

    def __init__(
        self, code: Scalars, n: int, moves: Sequence[bool], slopes: dict[Any, Any]
    ) -> None:
        self.keys = {repr(key): (k, key) for k, key in enumerate(code.keys)}
        self.kinds, self.first = code.kinds.tolist(), 2 * n + 1
        flat, ends = code.args.tolist(), np.cumsum(code.counts).tolist()
        each = [flat[i:j] for i, j in itertools.pairwise([0, *ends])]
        shift = n + 1
        self.args = [tuple([a if a < n else a + shift for a in args]) for args in each]
        rows: list[int | None] = [n + i if one else None for i, one in enumerate(moves)]
        known: dict[Any, _Template] = {}
        for place, (kind, args) in enumerate(zip([*self.kinds], each)):
            ts = [rows[a] for a in args]
            moving = tuple([t is not None for t in ts])
            if (kind, moving) not in known:
                known[kind, moving] = _Template(code.keys[kind], moving, slopes)
            template = known[kind, moving]
            mine: list[Any] = [2 * n, *self.args[place], self.first + place, *ts]
            for key, slots in template.steps:
                kind, _ = self.keys.setdefault(repr(key), (len(self.keys), key))
                mine.append(self.first + len(self.kinds))
                self.kinds.append(kind)
                self.args.append(tuple([mine[slot] for slot in slots]))
            rows.append(None if template.result is None else mine[template.result])
        self.tangents = rows[n:]

    def listed(self) -> Scalars:
        counts, flat = [*map(len, self.args)], [*itertools.chain.from_iterable(self.args)]
        keys = [key for _, key in self.keys.values()]
        return Scalars(keys, np.array(self.kinds), np.array(counts), np.array(flat))


class _Template(_Rules):
    """The steps that compute the tangent of an operation.

    Attributes:
        steps: operations and their operands: 0 stands for none, where a number is known; then
            come those of the operation, its result, their tangents, and the steps.
        result: which of these it is; None if it is 0.
    """

    def __init__(
        self, key: tuple[Any, ...], moves: tuple[bool, ...], slopes: dict[Any, Any]
    ) -> None:
        self.slopes = slopes
        self.steps: list[tuple[tuple[Any, ...], list[int]]] = []
        (op, _, *numbers), n = key, len(moves)
        half = n // 2
        self.first: int = 2 + 2 * n
        xs = [*range(1, 1 + n)]
        ts = [2 + n + k if moves[k] else None for k in range(n)]
        if op == "sum":
            self.result = self.sum(ts)
        elif op == "dot":
            sides = *zip(xs[1:], ts[1 + half :]), *zip(xs[1 + half :], ts[1:])
            products = [None if t is None else self.apply("mul", x, t) for x, t in sides]
            self.result = self.sum([ts[0], *products])
        elif op in FLAT:
            self.result = None
        else:
            slots = [operand(k) if x is None else x for k, x in enumerate(numbers)]
            count = 1 + max([x.args[0] for x in slots if type(x) is Expression])
            self.result = self.product(op, slots, [*xs[:count], 1 + n], ts)

    def applied(self, op: str, args: Sequence[Any]) -> int:
        key = op, len(args), *[None if type(a) is int else a for a in args]
        self.steps.append((key, [a if type(a) is int else 0 for a in args]))
        return self.first + len(self.steps) - 1
