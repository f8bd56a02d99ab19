"""Instructions: words for the kernel, formulas among them, and the rows that they need.

Rows of what is uniform have a number each in the kernel's `u`; rows of lanes in its `v`, and
are called LANES + number. An operand of a formula has n rows, or one for all: at equal steps,
or in a list.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from autograd.program.ir.block import operand, regular
from autograd.rules.expression import SYMBOLS, Expression, operands_of
from autograd.rules.reader import value

__all__ = ["ADDS", "LANES", "PARTS", "WORDS", "Instructions", "Rows"]

LANES = 1 << 28
ADDS = 1  # a flag of a matrix product
LISTED = -1  # the step of rows in a list
CALLED = {"round": "rint", "identity": "copy", "detach": "copy"}
POWERS = {2.0: "square", 1.0: "copy", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
MOST = 8  # rows of lanes that a formula with steps in between computes at once
WORDS = 12  # of an instruction
PARTS = 8  # numbers of a vector, at most, and of a line of the cache
Rows = Sequence[int]


class Instructions:
    """Code in phases, in turn of what is uniform and of lanes.

    Args:
        module: the kernel's.
        sizes: how many rows of u and of v are in use.
        mask: the row that is 1 in the lanes that there are.

    Attributes:
        phase: the one that is written.
        code: of each phase.
        inner: of kinds of operations in lists of scalars.
        lists: of rows, which instructions refer to.
        start: what u holds before a run.
    """

    def __init__(self, module: Any, sizes: list[int], mask: int) -> None:
        self.codes = {name: i for i, name in enumerate(module.OPERATIONS)}
        self.sizes, self.mask, self.start = sizes, mask, array("d", bytes(8 * sizes[0]))
        self.code: list[array[int]] = []
        self.inner = array("i")
        self.phase = 0
        self.lists = array("i")
        self.numbers: dict[str, int] = {}  # the rows of constants
        self.simple: dict[int, tuple[Expression, tuple[str, Sequence[Any]]]] = {}
        self.pool = [range(0), range(0)]  # rows for what is computed in between
        self.top = [0, 0]

    # ------------------------------------------------------------------ rows

    def more(self, count: int, lanes: int) -> int:
        """Rows that nothing else has; the first of them."""
        row = self.sizes[lanes]
        self.sizes[lanes] += count
        if not lanes:
            self.start.extend([0.0] * count)
        return row + lanes * LANES

    def number(self, x: float) -> list[int]:
        """The row of a constant."""
        key = repr(x)
        if key not in self.numbers:
            self.numbers[key] = self.more(1, 0)
            self.start[self.numbers[key]] = x
        return [self.numbers[key]]

    def spare(self, count: int) -> range:
        """Rows of this phase's kind for what is computed in between."""
        lanes, pool = self.phase % 2, self.pool[self.phase % 2]
        missing = self.top[lanes] + count - len(pool)
        if missing > 0:
            end = self.sizes[lanes] + lanes * LANES
            if pool.stop != end:  # other rows follow them
                pool, missing, self.top[lanes] = range(end, end), count, 0
            self.more(missing, lanes)
            self.pool[lanes] = pool = range(pool.start, end + missing)
        self.top[lanes] += count
        return pool[self.top[lanes] - count : self.top[lanes]]

    def listed(self, rows: Rows) -> int:
        """The place of a list of rows."""
        self.lists.extend(rows)
        return len(self.lists) - len(rows)

    def address(self, rows: Rows) -> tuple[int, int]:
        """The first of some rows and the step to the next, or the place of their list."""
        if len(rows) == 1:
            return rows[0], 0
        even = regular(rows)
        if type(even) is range and (even[0] < LANES) == (even[-1] < LANES):
            return even.start, even.step
        return self.listed(rows), LISTED

    # ------------------------------------------------------------------ instructions

    def emit(self, op: str, out: int, operands: Sequence[int] = (), n: int = 1, flags: int = 0,
             k: int = 0, steps: Sequence[int] = (0, 0, 0), more: int = 0) -> None:  # fmt: skip
        a, b, c = [row if row < 0 else row % LANES for row in (*operands, 0, 0, 0)[:3]]
        words = (self.codes[op], flags, n, out % LANES, a, b, c, k, *steps, more)
        self.code[self.phase].extend(words)

    def apply(self, op: str, out: Rows, *xs: Rows) -> None:
        """Set rows to an operation of others; those that it does not have are as the first."""
        rows, steps = zip(*[self.address(each) for each in (out, *xs, xs[0], xs[0])[:4]])
        self.code[self.phase].extend((self.codes[op], 0, len(out), *rows, *steps, 0))

    def put(self, formula: Any, xs: Sequence[Rows], target: Rows, adds: bool = False) -> None:
        """Set rows to a formula of rows, or add it.

        Args:
            xs: of each operand; those with fewer rows are read again and again.
        """
        n = most = len(target)
        top = [*self.top]
        xs = [rows if len(rows) in (1, n) else [*rows] * (n // len(rows)) for rows in xs]
        if self.phase % 2:
            if all(row < LANES for k in operands_of(formula) for row in xs[k]):
                # 0 where there is no lane
                formula = Expression("mul", formula, operand(len(xs)))
                xs.append([self.mask])
            most = n if _is_single(formula) else MOST
        for i in range(0, n, most):
            self.top = [*top]
            where = [rows if len(rows) == 1 else rows[i : i + most] for rows in xs]
            self.into(formula, where, target[i : i + most], adds)

    def into(self, x: Any, where: Sequence[Rows], target: Rows, adds: bool = False) -> None:
        """Set rows to a formula of as many rows, or of one for all; or add it."""
        known: dict[int, Rows] = {}

        def computed(x: Any, to: Rows | None = None) -> Rows:
            """The rows of x, which is put into others if asked for."""
            if type(x) is not Expression:
                rows: Rows = self.number(float(x))
            elif x.op == "operand":
                rows = where[x.args[0]]
            elif id(x) in known:
                rows = known[id(x)]
            else:
                op, args = self.simplified(x)
                if op == "copy" and to is None:
                    return computed(args[0])
                out = self.spare(len(target)) if to is None else to
                self.apply(op, out, *[computed(a) for a in args])
                known[id(x)] = out
                return out
            if to is not None:
                self.apply("copy", to, rows)
            return rows

        if not adds:
            computed(x, target)
        elif type(x) is Expression and x.op == "mul" and positive(x) is None:
            self.apply("muladd", target, *map(computed, x.args), target)
        elif type(x) is Expression and x.op == "neg":
            self.apply("sub", target, target, computed(x.args[0]))
        else:
            self.apply("add", target, target, computed(x))

    def simplified(self, x: Expression) -> tuple[str, Sequence[Any]]:
        """An operation of the kernel and its operands.

        Raises:
            NotImplementedError: there is none, and the rule of the operation is not generic.
        """
        known = self.simple.get(id(x))
        if known is not None:
            return known[1]
        op, args = SYMBOLS.get(x.op, x.op), x.args
        op = CALLED.get(op, op)
        chosen = positive(x)
        if op == "pow" and type(args[1]) is float and args[1] in POWERS:
            op, args = POWERS[args[1]], args[:1]
        if chosen is not None:
            simpler: tuple[str, Sequence[Any]] = "if_positive", chosen
        elif op in self.codes and len(args) < 4 and (op, len(args)) != ("rint", 2):
            simpler = op, args
        else:
            try:
                rule = value(op, list(args))
            except (TypeError, KeyError):
                raise NotImplementedError(f"the rule of {op} is not generic") from None
            deep = type(rule) is Expression and rule.op != "operand"
            simpler = self.simplified(rule) if deep else ("copy", (rule,))
        self.simple[id(x)] = x, simpler  # x is kept, and so is its id
        return simpler


def positive(x: Any) -> tuple[Any, Any] | None:
    """a and b if x is a · (b > 0)."""
    if type(x) is not Expression or x.op != "mul":
        return None
    factor, choice = x.args
    if type(choice) is Expression and choice.op == ">" and choice.args[1] == 0.0:
        return factor, choice.args[0]
    return None


def _is_single(x: Any) -> bool:
    """Whether it is one operation of the kernel."""
    if type(x) is not Expression or x.op == "operand":
        return True
    args = positive(x) or x.args
    return all(type(a) is not Expression or a.op == "operand" for a in args)
