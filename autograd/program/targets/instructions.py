"""Instructions: the words that the kernel reads, and rows for what is computed in between.

An operand of a formula has as many rows as the result, or one for all: they lie at equal steps,
or in a list.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.core.primitive import TABLE
from autograd.program.ir.program import as_range, operand
from autograd.rules.expression import SYMBOLS, Expression, operands_of
from autograd.rules.reader import value

__all__ = ["ADDS", "LANES", "PARTS", "WORDS", "Call", "Instructions", "Rows"]
__all__ += ["IN_LIST", "arity_of"]

LANES = 1 << 28  # added to rows of v
ADDS = 1  # a flag of a matrix product: it is added to what is there
IN_LIST = -1  # the step of rows that are in a list
WORDS = 12  # of an instruction
PARTS = 8  # numbers of a vector, at most, and of a line of the cache
MAX_ROWS_AT_ONCE = 8  # of lanes, for a formula that needs rows in between
KERNEL_NAMES = {"round": "rint", "identity": "copy", "detach": "copy"}
POWERS = {2.0: "square", 1.0: "copy", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
# Of operations of the kernel that are no primitives, or that it has for one operand or two.
OWN_ARITIES = {"copy": 1, "reciprocal": 1, "rsqrt": 1, "rint": 1, "sign": 1, "bell": 1}
OWN_ARITIES |= {"lt": 2, "le": 2, "gt": 2, "ge": 2, "eq": 2, "ne": 2, "refuse": 2}
OWN_ARITIES |= {"strong_zero": 2, "if_positive": 2, "where": 3, "muladd": 3}
OWN_ARITIES |= {"floor": 1, "ceil": 1, "trunc": 1}
Rows = Sequence[int]


class Call(NamedTuple):
    """An operation of the kernel, and the formulas that are its operands."""

    op: str
    args: Sequence[Any]


class Address(NamedTuple):
    """The first of some rows and the step to the next; or their list's place and IN_LIST."""

    first: int
    step: int


class Instructions:
    """Instructions in phases, in turn of what is uniform and of lanes.

    Args:
        module: the kernel's.
        sizes: how many rows of u and of v are in use.
        mask: the row that is 1 in the lanes that there are.

    Attributes:
        phase: the number of the one that is written.
        phases: the words of each.
        inner: the words that operations of lists of scalars run.
        lists: of rows, which instructions refer to.
        start: what u holds before a run.
    """

    def __init__(self, module: Any, sizes: list[int], mask: int) -> None:
        self.codes = {name: i for i, name in enumerate(module.OPERATIONS)}
        self.sizes, self.mask, self.start = sizes, mask, array("d", bytes(8 * sizes[0]))
        self.phases: list[array[int]] = []
        self.inner = array("i")
        self.phase = 0
        self.lists = array("i")
        self.rows_of_numbers: dict[str, int] = {}
        self.calls: dict[int, tuple[Expression, Call]] = {}
        self.pool = [range(0), range(0)]  # of u and of v: the rows for what is in between
        self.pool_used = [0, 0]

    # ------------------------------------------------------------------ rows

    def take(self, count: int, lanes: int) -> int:
        """Take rows that nothing else has; the first of them."""
        row = self.sizes[lanes]
        self.sizes[lanes] += count
        if not lanes:
            self.start.extend([0.0] * count)
        return row + lanes * LANES

    def row_of_number(self, x: float) -> int:
        """The row that holds a number."""
        text = repr(x)  # 0.0 and -0.0 are two
        if text not in self.rows_of_numbers:
            self.rows_of_numbers[text] = self.take(1, 0)
            self.start[self.rows_of_numbers[text]] = x
        return self.rows_of_numbers[text]

    def spare(self, count: int) -> range:
        """Rows for what is computed in between, until `release_spare`."""
        lanes = self.phase % 2
        pool, used = self.pool[lanes], self.pool_used[lanes]
        missing = used + count - len(pool)
        if missing > 0:
            end = self.sizes[lanes] + lanes * LANES
            if pool.stop != end:  # other rows follow the pool, so a new one begins
                pool, used, missing = range(end, end), 0, count
            self.take(missing, lanes)
            pool = range(pool.start, end + missing)
        self.pool[lanes], self.pool_used[lanes] = pool, used + count
        return pool[used : used + count]

    def release_spare(self) -> None:
        """Let the rows for what is in between be used again."""
        self.pool_used = [0, 0]

    def list_rows(self, rows: Rows) -> int:
        """Append a list of rows; its place."""
        self.lists.extend(rows)
        return len(self.lists) - len(rows)

    def address(self, rows: Rows) -> Address:
        """How an instruction finds some rows."""
        if len(rows) == 1:
            return Address(rows[0], 0)
        even = as_range(rows)
        if type(even) is range and (even[0] < LANES) == (even[-1] < LANES):
            return Address(even.start, even.step)
        return Address(self.list_rows(rows), IN_LIST)

    # ------------------------------------------------------------------ instructions

    def emit(self, op: str, out: int, operands: Sequence[int] = (), n: int = 1, flags: int = 0,
             k: int = 0, steps: Sequence[int] = (0, 0, 0), more: int = 0) -> None:  # fmt: skip
        """Append an instruction; `ops.h` says what its words are for each operation."""
        a, b, c = [row if row < 0 else row % LANES for row in (*operands, 0, 0, 0)[:3]]
        words = (self.codes[op], flags, n, out % LANES, a, b, c, k, *steps, more)
        self.phases[self.phase].extend(words)

    def apply(self, op: str, out: Rows, *operands: Rows) -> None:
        """Set rows to an operation of others; operands that it lacks are as the first."""
        three = (*operands, operands[0], operands[0])[:3]
        rows, steps = zip(*[self.address(each) for each in (out, *three)])
        self.phases[self.phase].extend((self.codes[op], 0, len(out), *rows, *steps, 0))

    def compute(
        self, formula: Any, operands: Sequence[Rows], target: Rows, adds: bool = False
    ) -> None:
        """Set rows to a formula, or add it to them.

        Args:
            operands: the rows of each; those that have fewer are read again and again.
        """
        count = at_once = len(target)
        operands = [_repeat(rows, count) for rows in operands]
        if self.phase % 2:
            if self.is_uniform(formula, operands):  # then it has to be 0 where there is no lane
                formula = Expression("mul", formula, operand(len(operands)))
                operands.append([self.mask])
            if not _is_single(formula):
                at_once = MAX_ROWS_AT_ONCE
        used = [*self.pool_used]
        for i in range(0, count, at_once):
            self.pool_used = [*used]
            part = [rows if len(rows) == 1 else rows[i : i + at_once] for rows in operands]
            self.compute_part(formula, part, target[i : i + at_once], adds)

    def is_uniform(self, formula: Any, operands: Sequence[Rows]) -> bool:
        """Whether a formula reads rows of u only."""
        return all(row < LANES for k in operands_of(formula) for row in operands[k])

    def compute_part(
        self, formula: Any, operands: Sequence[Rows], target: Rows, adds: bool = False
    ) -> None:
        """The same for operands that have as many rows as the target, or one."""
        call = _Formula(self, operands, len(target))
        if not adds:
            call.write_to(formula, target)
            return
        op = formula.op if type(formula) is Expression else ""
        if op == "mul" and _positive_part(formula) is None:
            self.apply("muladd", target, *map(call.rows_of, formula.args), target)
        elif op == "neg":
            self.apply("sub", target, target, call.rows_of(formula.args[0]))
        else:
            self.apply("add", target, target, call.rows_of(formula))

    def call(self, formula: Expression) -> Call:
        """The outermost operation of a formula, as one of the kernel.

        Raises:
            NotImplementedError: there is none, and the rule of the operation is not generic.
        """
        if id(formula) not in self.calls:
            # The formula is kept, so that its id stays its own.
            self.calls[id(formula)] = formula, self.find_call(formula)
        return self.calls[id(formula)][1]

    def find_call(self, formula: Expression) -> Call:
        op = SYMBOLS.get(formula.op, formula.op)
        op, args = KERNEL_NAMES.get(op, op), formula.args
        positive_part = _positive_part(formula)
        if positive_part is not None:
            return Call("if_positive", positive_part)
        if op == "pow" and type(args[1]) is float and args[1] in POWERS:
            return Call(POWERS[args[1]], args[:1])
        rounds_to_digits = op == "rint" and len(args) == 2
        if op in self.codes and len(args) < 4 and not rounds_to_digits:
            return Call(op, args)
        try:
            rule = value(op, list(args))
        except (TypeError, KeyError):
            raise NotImplementedError(f"the rule of {op} is not generic") from None
        if type(rule) is Expression and rule.op != "operand":
            return self.call(rule)
        return Call("copy", (rule,))


class _Formula:
    """Writes the instructions of a formula; what occurs in it again is computed once."""

    def __init__(self, code: Instructions, operands: Sequence[Rows], count: int) -> None:
        self.code, self.operands, self.count = code, operands, count
        self.known: dict[int, Rows] = {}

    def rows_of(self, x: Any) -> Rows:
        """The rows that hold a formula; they are written, unless they are there."""
        if type(x) is not Expression:
            return [self.code.row_of_number(float(x))]
        if x.op == "operand":
            return self.operands[x.args[0]]
        if id(x) in self.known:
            return self.known[id(x)]
        call = self.code.call(x)
        if call.op == "copy":
            return self.rows_of(call.args[0])
        target = self.code.spare(self.count)
        self.code.apply(call.op, target, *map(self.rows_of, call.args))
        self.known[id(x)] = target
        return target

    def write_to(self, x: Any, target: Rows) -> None:
        """Write a formula to these rows."""
        if type(x) is not Expression or x.op == "operand":
            self.code.apply("copy", target, self.rows_of(x))
            return
        call = self.code.call(x)
        self.code.apply(call.op, target, *map(self.rows_of, call.args))


def arity_of(op: str) -> int:
    """How many operands an operation of the kernel has, element by element."""
    if op in OWN_ARITIES:
        return OWN_ARITIES[op]
    return 2 if TABLE[op].variadic else len(TABLE[op].rules)


def _repeat(rows: Rows, count: int) -> Rows:
    """One row for all, or as many as are computed."""
    return rows if len(rows) in (1, count) else [*rows] * (count // len(rows))


def _positive_part(x: Any) -> tuple[Any, Any] | None:
    """a and b if the formula is a · (b > 0)."""
    if type(x) is not Expression or x.op != "mul":
        return None
    factor, choice = x.args
    if type(choice) is Expression and choice.op == ">" and choice.args[1] == 0.0:
        return factor, choice.args[0]
    return None


def _is_single(x: Any) -> bool:
    """Whether a formula is one operation of the kernel."""
    if type(x) is not Expression or x.op == "operand":
        return True
    args = _positive_part(x) or x.args
    return all(type(a) is not Expression or a.op == "operand" for a in args)
