"""Instructions: words for the kernel, formulas among them, and the rows that they need.

Rows of what is uniform have a number each in the kernel's `u`; rows of lanes in its `v`, and
are called LANES + number here.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.program.ir.arrays import np
from autograd.program.ir.block import operand
from autograd.rules.expression import SYMBOLS, Expression, operands_of
from autograd.rules.reader import value

__all__ = [
    "ADDS",
    "LANES",
    "MASK",
    "ONCE",
    "RELU",
    "SETS",
    "WORDS",
    "Instructions",
    "Rows",
]

LANES = 1 << 28
ADDS, SETS, ONCE = 8, 16, 64  # flags, after those of operands that are a number
RELU, MASK = 256, 512  # flags of a matrix product
SCALAR = 128  # with an operation: on one number
CALLED = {"round": "rint", "identity": "copy"}
# The operands of x + y z for each, or of 0, 1 and -1: exact, and as -0 the 0 keeps signs.
ARITHMETIC = {
    "copy": (-1, 0, -2),
    "add": (0, 1, -2),
    "sub": (0, 1, -3),
    "mul": (-1, 0, 1),
    "neg": (-1, 0, -3),
    "square": (-1, 0, 0),
    "muladd": (2, 0, 1),
}
POWERS = {2.0: "square", 1.0: "copy", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
FEW = 4  # rows that are not worth a vector
MOST = 8  # rows of lanes that a formula with steps in between computes at once
WORDS = 12  # of an instruction
Rows = Sequence[int]


class Instructions:
    """Code in phases, in turn of what is uniform and of lanes.

    Args:
        module: the kernel's.
        sizes: how many rows of u and of v are in use.

    Attributes:
        phase: the one that is written.
        code: of each phase.
        inner: of kinds of operations in lists of scalars.
        lists: of rows, which instructions refer to.
        start: what u holds before a run.
        written: rows of sums that something was added to.
    """

    def __init__(self, module: Any, sizes: list[int]) -> None:
        self.codes = {name: i for i, name in enumerate(module.OPERATIONS)}
        self.library = self.codes["sin"]  # functions of the C library, from here on
        self.sizes, self.start = sizes, array("d", bytes(8 * sizes[0]))
        self.code: list[array[int]] = []
        self.inner = array("i")
        self.phase = 0
        self.lists = array("i")
        self.open = -1  # where the list of the last arithmetic ends
        self.numbers: dict[str, int] = {}  # the rows of constants
        self.written: set[int] = set()
        self.simple: dict[int, tuple[Expression, tuple[str, Sequence[Any]]]] = {}
        self.pool = [range(0), range(0)]  # rows for what is computed in between
        self.top = [0, 0]
        self.units = self.number(-0.0), self.number(1.0), self.number(-1.0)

    # ------------------------------------------------------------------ rows

    def more(self, count: int, lanes: int) -> int:
        """Rows that nothing else has; the first of them."""
        row = self.sizes[lanes]
        self.sizes[lanes] += count
        if not lanes:
            self.start.extend([0.0] * count)
        return row + lanes * LANES

    def number(self, x: float) -> int:
        """The row of a constant."""
        key = repr(x)
        if key not in self.numbers:
            self.numbers[key] = self.more(1, 0)
            self.start[self.numbers[key]] = x
        return self.numbers[key]

    def spare(self, count: int) -> int:
        """Rows of this phase's kind for what is computed in between; the first of them."""
        lanes, pool = self.phase % 2, self.pool[self.phase % 2]
        missing = self.top[lanes] + count - len(pool)
        if missing > 0:
            end = self.sizes[lanes] + lanes * LANES
            if pool.stop != end:  # other rows follow them
                pool, missing, self.top[lanes] = range(end, end), count, 0
            self.more(missing, lanes)
            self.pool[lanes] = pool = range(pool.start, end + missing)
        self.top[lanes] += count
        return pool[self.top[lanes] - count]

    def zero(self, rows: Rows) -> None:
        """Set sums of nothing to 0, as rows of u are that no instruction writes."""
        if self.phase or any(row >= LANES for row in rows):
            for start, end in stretches([rows]):
                self.apply("copy", rows[start], [self.number(0.0)], end - start, 1)
        self.written.update(rows)

    def fresh(self, rows: Rows) -> bool:
        """Whether nothing was added to these sums yet; from now on, something is."""
        new = [row not in self.written for row in rows]
        if any(new) and not all(new):
            zeros = [row for row, is_new in zip(rows, new) if is_new]
            for row in zeros:
                self.apply("copy", row, [self.number(0.0)], 1)
        self.written.update(rows)
        return all(new)

    def listed(self, rows: Rows) -> int:
        """The place of a list of rows."""
        self.lists.extend([row % LANES for row in rows])
        return len(self.lists) - len(rows)

    # ------------------------------------------------------------------ instructions

    def emit(self, op: str, out: int, operands: Sequence[int] = (), n: int = 1, flags: int = 0,
             k: int = 0, steps: Sequence[int] = (0, 0, 0), more: int = 0) -> None:  # fmt: skip
        a, b, c = [row if row < 0 else row % LANES for row in (*operands, 0, 0, 0)[:3]]
        words = (self.codes[op], flags, n, out % LANES, a, b, c, k, *steps, more)
        self.code[self.phase].extend(words)

    def apply(self, op: str, out: int, xs: Sequence[int], n: int, single: int = 0) -> None:
        """out = op(xs) for n rows. In a uniform phase, bits say which xs are one number."""
        code = self.codes[op]
        if not self.phase % 2 and n <= FEW and op in ARITHMETIC:
            self.arithmetic(op, out, xs, n, single)
            return
        single |= (8 - (1 << len(xs))) * (single & 1)
        xs = (*xs, xs[0], xs[0])[:3]  # what it does not look at is as the first
        if self.phase % 2:
            single = sum([1 << k for k, x in enumerate(xs) if x < LANES])
        elif n == 1:
            single, code = 0, code + SCALAR * (code < self.library)
        a, b, c = [x % LANES for x in xs]
        words = (code, single, n, out % LANES, a, b, c, 0, 0, 0, 0, 0)
        self.code[self.phase].extend(words)

    def arithmetic(self, op: str, out: int, xs: Sequence[int], n: int, single: int) -> None:
        """The same as x + y z, in a list of such, if these are single numbers."""
        words: list[int] = []
        for i in range(n):
            mine = [x if single >> k & 1 else x + i for k, x in enumerate(xs)] if i else xs
            rows = [self.units[-1 - x] if x < 0 else mine[x] for x in ARITHMETIC[op]]
            words += (out + i, *rows)
        self.calculate(words)

    def calculate(self, words: Sequence[int]) -> None:
        """Of each four rows, set the first to x + y z of the others."""
        code, arithmetic = self.code[self.phase], self.codes["arithmetic"]
        if not (code and code[-WORDS] == arithmetic and self.open == len(self.lists)):
            code.extend((arithmetic, 0, 0, 0, 0, 0, 0, len(self.lists), 0, 0, 0, 0))
        code[-WORDS + 2] += len(words) // 4
        self.lists.extend(words)
        self.open = len(self.lists)

    # ------------------------------------------------------------------ formulas

    def put(self, formula: Any, xs: Sequence[Rows], target: Rows, adds: bool = False) -> None:
        """Set rows to a formula of rows, or add it, where they follow each other at once.

        Args:
            xs: of each operand; those with fewer rows are read again and again.
        """
        n, lanes, top = len(target), self.phase % 2, [*self.top]
        used = operands_of(formula)
        full = [[*rows] * (n // len(rows)) if 1 < len(rows) < n else rows for rows in xs]
        mixed = [rows for rows in (full[k] for k in used) if len(rows) > 1]
        most = n if not lanes or _is_single(formula) else MOST
        if lanes:
            if target[0] >= LANES and all(row < LANES for k in used for row in full[k]):
                self.repeated(formula, full, target, adds)
                return
            if any(len(full[k]) == 1 and full[k][0] >= LANES for k in used) and n > 1:
                most = 1  # one row of lanes for many
        written = self.written if adds else None
        moves = formula is operand(0) and not lanes
        for start, end in stretches([target, *mixed], most, written, bool(lanes)):
            where = [rows[start] if len(rows) > 1 else rows[0] for rows in full]
            if moves and end == start + 1:
                self.move(where[0], target[start], adds)
                continue
            single = [len(rows) == 1 for rows in full]
            self.top = [*top]
            self.into(formula, where, single, target[start], end - start, adds)

    def move(self, row: int, target: int, adds: bool) -> None:
        """Copy a number, or add it."""
        zero, one, _ = self.units
        self.calculate((target, target if adds and target in self.written else zero, row, one))
        if adds:
            self.written.add(target)

    def repeated(self, formula: Any, xs: Sequence[Rows], target: Rows, adds: bool) -> None:
        """A formula of what is uniform in all lanes that there are; the others have 0."""
        spare, mask = self.spare(1), self.mask
        for i, row in enumerate(target):
            where = [rows[i] if len(rows) > 1 else rows[0] for rows in xs]
            self.into(formula, where, [True] * len(where), spare, 1, False)
            self.apply("mul", spare, (spare, mask), 1)
            self.into(operand(0), [spare], [False], row, 1, adds)

    mask = LANES  # the row that is 1 in the lanes that there are

    def into(self, x: Any, where: Rows, single: Sequence[bool], target: int, n: int,
             adds: bool) -> None:  # fmt: skip
        """Set n rows from `target` on to a formula of rows from `where` on, or add it."""
        known: dict[int, int] = {}

        def found(x: Any, to: int | None = None) -> tuple[int, bool]:
            """The first row of x, put into `to` if asked for; and whether it is for all."""
            if type(x) is not Expression:
                at = self.number(float(x)), True
            elif x.op == "operand":
                at = where[x.args[0]], single[x.args[0]]
            elif id(x) in known:
                at = known[id(x)], False
            else:
                op, args = self.simplified(x)
                out = self.spare(n) if to is None else to
                rows = [found(a) for a in args]
                bits = sum([1 << k for k, (_, alone) in enumerate(rows) if alone])
                self.apply(op, out, [row for row, _ in rows], n, bits)
                known[id(x)] = out
                return out, False
            if to is not None:
                self.apply("copy", to, [at[0]], n, int(at[1]))
            return at

        if not adds or self.fresh(range(target, target + n)):
            found(x, target)
        elif type(x) is Expression and x.op == "mul" and positive(x) is None:
            (a, a_alone), (b, b_alone) = [found(each) for each in x.args]
            self.apply("muladd", target, (a, b, target), n, a_alone + 2 * b_alone)
        else:
            negative = type(x) is Expression and x.op == "neg"
            row, alone = found(x.args[0] if negative else x)
            self.apply("sub" if negative else "add", target, (target, row), n, 2 * alone)

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
            found: tuple[str, Sequence[Any]] = "if_positive", chosen
        elif op in self.codes and len(args) < 4 and (op, len(args)) != ("rint", 2):
            found = op, args
        else:
            try:
                rule = value(op, list(args))
            except (TypeError, KeyError):
                raise NotImplementedError(f"the rule of {op} is not generic") from None
            deep = type(rule) is Expression and rule.op != "operand"
            found = self.simplified(rule) if deep else ("copy", (rule,))
        self.simple[id(x)] = x, found  # x is kept, and so is its id
        return found


def stretches(
    rows: Sequence[Rows],
    most: int = 1 << 30,
    written: set[int] | None = None,
    lanes: bool = False,
) -> Iterator[tuple[int, int]]:
    """From where to where all of these go up by one; the first are those that are written.

    Args:
        most: how many at a time.
        written: if given, the first are all in it, or none is.
        lanes: whether it is a phase of lanes, in which numbers can't be taken as a vector.
    """
    n = len(rows[0])
    if n == 1:
        yield 0, 1
        return
    breaks = np.zeros(n - 1, bool)
    for k, each in enumerate(rows):
        if type(each) is range and each.step == 1 and not lanes:
            continue
        places = np.asarray(each)
        breaks |= places[1:] != places[:-1] + 1
        if lanes and k:
            breaks |= (places[1:] < LANES) | (places[:-1] < LANES)
    if written is not None:
        new = np.array([row in written for row in rows[0]])
        breaks |= new[1:] != new[:-1]
    ends = [*(np.flatnonzero(breaks) + 1).tolist(), n]
    start = 0
    for end in ends:
        for first in range(start, end, most):
            yield first, min(first + most, end)
        start = end


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
