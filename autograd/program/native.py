"""Native: statements as instructions of the kernel, which runs them over blocks of lanes.

Rows of what is uniform have a number each in the kernel's `u`; rows of lanes in its `v`, and
are called LANES + number here. Statements run in phases, in turn of what is uniform and of
lanes. A phase needs nothing of a later one: so what is uniform is computed once, and a block
of lanes goes through all of a phase while it is in the cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.program import arrays, batch
from autograd.program.batch import Rows
from autograd.program.expressions import SYMBOLS, Expression
from autograd.program.lower import NOWHERE, Lowered, Statement, operand
from autograd.program.rules import value
from autograd.program.singles import Singles

__all__ = ["Native"]

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
PARTS = 8  # partial sums
WORDS = 12  # of an instruction


class Native:
    """A sweep for the kernel.

    Args:
        it: its statements.
        module: the kernel's module.

    Raises:
        NotImplementedError: the rule of an operation is not generic.

    Attributes:
        program: the kernel's. Its `runs(lanes, u, x, seed, out, d_u, d_x, threads)` read and
            write the same C-contiguous arrays of floats again and again: `u` is all that is
            uniform, `x` a tuple of arrays, with any strides, that have a row an input of the
            lanes, `seed` a row an output, or one number if it is the same in all lanes. The
            results are put into `out`, which has a row for each output and guard, and a column
            a lane (one, if none of them varies), `d_u` and `d_x`. `seed`, `d_u` and `d_x` may
            be None. Their `run(x)` gives the sum of the first output over the lanes, None if
            something went wrong.
        start: all that the kernel's `u` holds before a run; the inputs come first.
        slopes: the row of it at which the gradient in the inputs begins.
    """

    def __init__(self, it: Lowered, module: Any) -> None:
        self.it = it
        self.simple: dict[int, tuple[Expression, tuple[str, Sequence[Any]]]] = {}
        self.codes = {name: i for i, name in enumerate(module.OPERATIONS)}
        self.open = -1
        self.formulas = self.codes["sin"]  # of the C library, from here on
        self.lists = array("i")
        self.numbers: dict[str, int] = {}  # the rows of constants
        self.written: set[int] = set()  # rows of adjoints
        self.sizes = [0, it.blocks[batch.LANES].size + 1]  # rows of u and v
        self.mask = LANES + it.blocks[batch.LANES].size
        self.singles = Singles(self)
        self.bases = [-1] * len(it.blocks)
        self.bases[batch.LANES] = LANES
        for block in (batch.UNIFORM, it.seed, *range(2, len(it.blocks))):
            if self.bases[block] < 0:
                varies = it.blocks[block].varies
                self.bases[block] = self.sizes[varies] + varies * LANES
                self.sizes[varies] += it.blocks[block].size
        self.adjoints: set[int] = set()
        for block in it.adjoints.values():
            base = self.bases[block]
            self.adjoints.update(range(base, base + it.blocks[block].size))
        self.start = array("d", bytes(8 * self.sizes[0]))
        for row, number in enumerate(it.it.constants, it.it.inputs):
            self.start[row] = number
        self.units = self.number(-0.0), self.number(1.0), self.number(-1.0)
        self.spare = [range(0), range(0)]  # rows for what a statement computes in between
        self.top = [0, 0]
        order = sorted(self.ordered())
        lanes = batch.LANES in it.adjoints
        lanes |= any(self.bases[block] >= LANES for block, _, _ in it.it.roots)
        count = 1 + max([lanes, *[phase for phase, _, _ in order]])
        self.code = [array("i") for _ in range(count)]
        self.folds: list[dict[int, int]] = [{} for _ in range(count)]
        self.outers: list[tuple[int, int, Sequence[int]]] = []
        before = (0, 0)
        for phase, reverse, i in [*order, (count, 0, 0)]:
            if not before[1] and (phase, reverse) != before and self.code[before[0]]:
                self.phase = before[0]
                self.emit("test", 0)
            before = phase, reverse
            if phase < count:
                self.phase, self.top = phase, [0, 0]
                self.write(it.statements[i])
        self.program = self.finished(module)

    def ordered(self) -> Iterator[tuple[int, int, int]]:
        """For each statement its phase, whether it is of the reverse sweep, its index."""
        it = self.it
        ready = [0] * len(it.blocks)
        varies = [block.varies for block in it.blocks]
        for i, statement in enumerate(it.statements):
            rows = [piece.block for each in statement.operands for piece in each]
            targets = [piece.block for piece in statement.target if piece.block != NOWHERE]
            phase = max([ready[block] for block in rows], default=0)
            lanes = any(varies[block] for block in rows + targets)
            phase += phase % 2 != lanes
            for block in targets:
                ready[block] = max(ready[block], phase + (lanes and not varies[block]))
            yield phase, i >= it.forward, i

    def finished(self, module: Any) -> Any:
        """The kernel's program."""
        it, sizes = self.it, self.sizes
        code, phases = array("i"), array("i")
        d_u, d_x = [it.adjoints.get(block, -1) for block in (batch.UNIFORM, batch.LANES)]
        if d_x >= 0:
            self.phase = (len(self.code) - 2) // 2 * 2 + 1
            self.read(self.bases[d_x], it.blocks[d_x].size)
        for phase, place, target in self.outers:
            folds = self.folds[phase]
            kinds = {folds[row] for row in target}
            if len(kinds) == 1 and len(set(target)) == len(target) and ONCE & max(kinds):
                self.code[phase][place + 1] |= ONCE | (0 if SETS & max(kinds) else ADDS)
            else:
                folds.update({row: folds[row] & SETS for row in target})
        roots = array("i", [row for rows in (it.out, it.checks) for row in self.rows(rows)])
        for phase, mine in enumerate(self.code):
            begin = len(code) // WORDS
            code += mine
            end = len(code) // WORDS
            for row, n, flags in _runs(self.folds[phase]):
                code.extend((0, flags, n, row, row, *[0] * (WORDS - 5)))
            phases.extend((phase % 2, begin, end, end, len(code) // WORDS))
        self.slopes = 0 if d_u < 0 else self.bases[d_u]
        self.start.extend([0.0] * PARTS)  # vectors may touch them
        seed = it.blocks[it.seed]
        numbers = (
            *(it.it.inputs, it.blocks[batch.LANES].size, sizes[1], sizes[0], seed.size),
            *(seed.varies, self.bases[it.seed] % LANES, self.slopes),
            *(0 if d_x < 0 else self.bases[d_x] % LANES, it.it.lanes or 0),
        )
        return module.Program(code, self.lists, phases, roots, self.start, numbers)

    # ------------------------------------------------------------------ rows

    def rows(self, rows: Rows) -> Sequence[int]:
        """The kernel's rows; NOWHERE stays that."""
        if len(rows) == 1 and rows[0].block != NOWHERE:
            base, mine = self.bases[rows[0].block], rows[0].rows
            if type(mine) is range:
                return range(base + mine.start, base + mine.stop, mine.step)
        return [
            NOWHERE if piece.block == NOWHERE else self.bases[piece.block] + row
            for piece in rows
            for row in piece.rows
        ]

    def more(self, count: int, lanes: int) -> int:
        """Rows that nothing else has."""
        row = self.sizes[lanes]
        self.sizes[lanes] += count
        if not lanes:
            self.start.extend([0.0] * count)
        return row

    def number(self, x: float) -> int:
        """The row of a constant."""
        key = repr(x)
        if key not in self.numbers:
            self.numbers[key] = self.more(1, 0)
            self.start[self.numbers[key]] = x
        return self.numbers[key]

    def temporary(self, count: int) -> int:
        """Rows of this phase's kind, until the end of the statement."""
        lanes, spare = self.phase % 2, self.spare[self.phase % 2]
        missing = self.top[lanes] + count - len(spare)
        if missing > 0:
            if spare.stop != self.sizes[lanes]:  # other rows follow them
                spare, missing = range(self.sizes[lanes], self.sizes[lanes]), count
                self.top[lanes] = 0
            self.more(missing, lanes)
            self.spare[lanes] = spare = range(spare.start, self.sizes[lanes])
        self.top[lanes] += count
        return spare[self.top[lanes] - count] + lanes * LANES

    def listed(self, rows: Sequence[int]) -> int:
        """The place of a list of rows."""
        self.lists.extend([row % LANES for row in rows])
        return len(self.lists) - len(rows)

    def read(self, row: int, n: int = 1) -> int:
        """The row, as the first of n; an adjoint that nothing was added to is 0."""
        if row >= LANES and row in self.adjoints:
            for each in range(row, row + n):
                if each not in self.written:
                    self.written.add(each)
                    self.apply("copy", each, [self.number(0.0)], 1)
        return row

    def fresh(self, rows: Sequence[int]) -> bool:
        """Whether nothing was added to these adjoints yet; from now on, something is."""
        new = [row not in self.written for row in rows]
        self.written.update(rows)
        for row, is_new in zip(rows, new):
            if is_new and not all(new):
                self.apply("copy", row, [self.number(0.0)], 1)
        return all(new)

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
            single, code = 0, code + SCALAR * (code < self.formulas)
        a, b, c = [x % LANES for x in xs]
        words = (code, single, n, out % LANES, a, b, c, 0, 0, 0, 0, 0)
        self.code[self.phase].extend(words)

    def arithmetic(self, op: str, out: int, xs: Sequence[int], n: int, single: int) -> None:
        """The same as x + y z, in a list of such, if these are single numbers."""
        code = self.code[self.phase]
        arithmetic = self.codes["arithmetic"]
        if not (code and code[-WORDS] == arithmetic and self.open == len(self.lists)):
            code.extend((arithmetic, 0, 0, 0, 0, 0, 0, len(self.lists), 0, 0, 0, 0))
        code[-WORDS + 2] += n
        units = self.units
        for i in range(n):
            mine = [x if single >> k & 1 else x + i for k, x in enumerate(xs)] if i else xs
            rows = [units[-1 - x] if x < 0 else mine[x] for x in ARITHMETIC[op]]
            self.lists.extend((out + i, *rows))
        self.open = len(self.lists)

    def write(self, it: Statement) -> None:
        if it.op in ("set", "add"):
            self.formula(it)
        elif it.op in ("matmul", "transposed", "outer", "gather", "scatter"):
            getattr(self, it.op)(it, *map(self.rows, (it.target, *it.operands)))
        elif it.op == "singles":
            self.singles.forward(it.formula)
        elif it.op == "reverse singles":
            self.singles.reverse(it.formula)
        else:
            self.wide(it)

    # ------------------------------------------------------------------ formulas

    def formula(self, it: Statement) -> None:
        """Set or add a formula, in runs of rows that follow each other everywhere."""
        if it.size == 1 and len(it.target) == 1:
            self.row(it)
            return
        xs: list[Sequence[int]] = [self.rows(rows) for rows in it.operands]
        target = self.rows(it.target)
        used = _used(it.formula)
        for k, tiled in used.items():
            if tiled and len(xs[k]) > 1:
                xs[k] = list(xs[k]) * (it.size // len(xs[k]))
        summed = len(target) == 1 and it.size > 1
        if summed and not self.phase % 2:
            spare = self.temporary(it.size)
            spares = range(spare, spare + it.size)
            self.runs(it.formula, xs, used, spares, it.size, "set")
            total = self.temporary(1)
            self.emit("wide_sum", total, k=it.size, more=self.listed(spares))
            self.runs(operand(0), [[total]], {0: False}, target, 1, it.op)
            return
        target = list(target) * it.size if summed else target
        self.runs(it.formula, xs, used, target, it.size, it.op)

    def row(self, it: Statement) -> None:
        """A formula of one row each."""
        where = [self.bases[rows[0].block] + rows[0].rows[0] for rows in it.operands]
        [piece] = it.target
        self.into(it.formula, where, self.bases[piece.block] + piece.rows[0], it.op)

    def into(self, formula: Any, where: list[int], target: int, op: str) -> None:
        """Set a row to a formula of such rows, or add it."""
        _Emitter(self, where, [True] * len(where), 1).into(formula, target, op)

    def runs(self, formula: Any, xs: list[Sequence[int]], used: dict[int, bool],
             target: Sequence[int], size: int, op: str) -> None:  # fmt: skip
        start = 0
        top = list(self.top)
        while start < size:
            end = start + 1
            if size > 1:
                end = self.end(formula, [xs[k] for k in used], target, start, size, op)
            if target[start] != NOWHERE:
                where = [rows[start] if len(rows) > 1 else rows[0] for rows in xs]
                single = [len(rows) == 1 for rows in xs]
                self.top = list(top)
                step = target[start + 1] - target[start] if end - start > 1 else 1
                _Emitter(self, where, single, end - start, step).into(
                    formula, target[start], op
                )
            start = end

    def end(self, formula: Any, xs: list[Sequence[int]], target: Sequence[int], start: int,
            size: int, op: str) -> int:  # fmt: skip
        """The end of the rows from `start` on that can be computed at once."""
        lanes, first = self.phase % 2, target[start]
        if lanes and any(len(rows) == 1 and rows[0] >= LANES for rows in xs):
            return start + 1  # one row of lanes for many
        several = [rows for rows in xs if len(rows) > 1]
        sums, step = lanes and 0 <= first < LANES, 1
        if sums and start + 1 < size and first < target[start + 1] < LANES:
            step = target[start + 1] - first
        if lanes and any(rows[start] < LANES for rows in several):
            return start + 1  # a number for each row of lanes
        end, new = start + 1, first not in self.written
        most = min(size, start + MOST) if lanes and not _is_single(formula) else size
        while (
            end < most
            and target[end] == first + (end - start) * step
            and (op == "set" or (target[end] not in self.written) == new)
            and all(rows[end] == rows[start] + end - start for rows in several)
        ):
            end += 1
        return end

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
        chosen = _positive(x) if op == "mul" else None
        if op == "pow" and type(args[1]) is float and args[1] in POWERS:
            op, args = POWERS[args[1]], args[:1]
        if chosen is not None:
            found: tuple[str, Sequence[Any]] = "if_positive", chosen
        elif self.has(op, len(args)):
            found = op, args
        elif op in arrays.DEFINED:
            found = self.of(arrays.DEFINED[op](*args))
        else:
            try:
                found = self.of(value(op, list(args)))
            except (TypeError, KeyError):
                raise NotImplementedError(f"the rule of {op} is not generic") from None
        self.simple[id(x)] = x, found  # x is kept, and so is its id
        return found

    def has(self, op: str, count: int) -> bool:
        """Whether the kernel has this operation of so many operands."""
        return op in self.codes and count < 4 and (op, count) != ("rint", 2)

    def of(self, x: Any) -> tuple[str, Sequence[Any]]:
        if type(x) is Expression and x.op != "operand":
            return self.simplified(x)
        return "copy", (x,)

    # ------------------------------------------------------------------ sums over lanes

    def over(self, target: Sequence[int], d: int, x: int, k: int = 1) -> None:
        """Sum products of rows d and k rows x over the lanes, into a matrix of numbers."""
        m = len(target) // k
        flags = self.sums(target, ONCE)
        self.outers.append((self.phase, len(self.code[self.phase]), target))
        self.emit("outer", target[0], (d, x), m, flags, k, (*_steps(target, m, k), 0))

    def sums(self, rows: Sequence[int], once: int = 0) -> int:
        """Whether these rows' partial sums are to be set; they are folded after the phase."""
        folds = self.folds[self.phase]
        new = [row not in folds for row in rows]
        for row in rows:
            if row in folds:
                folds[row] &= SETS
            else:
                folds[row] = (0 if row in self.written else SETS) | once
        self.written.update(rows)
        if any(new) and not all(new):
            zero = self.temporary(1)
            self.apply("copy", zero, [self.number(0.0)], 1)
            for row, is_new in zip(rows, new):
                if is_new:
                    self.emit("outer", row, (zero, zero), 1, SETS, 1)
        return SETS * all(new)

    # ------------------------------------------------------------------ matrices

    def matmul(self, it: Statement, target: Sequence[int], weights: Sequence[int],
               xs: Sequence[int], bias: Sequence[int] = ()) -> None:  # fmt: skip
        m, k = it.size, it.width
        down, across = _steps(weights, m, k)
        step = bias[1] - bias[0] if len(bias) > 1 else 0
        operands = weights[0], xs[0], bias[0] if bias else -1
        flags = RELU * (it.formula is True)
        self.emit("matmul", target[0], operands, m, flags, k, (down, across, step))

    def transposed(self, it: Statement, target: Sequence[int], weights: Sequence[int],
                   d: Sequence[int], mask: Sequence[int] = ()) -> None:  # fmt: skip
        m, k = it.size, it.width  # of the transposed matrix
        across, down = _steps(weights, k, m)
        self.read(d[0], k)
        flags = (0 if self.fresh(target) else ADDS) | MASK * bool(mask)
        operands, steps = (weights[0], d[0], -1), (down, across, 0)
        where = mask[0] % LANES if mask else 0
        self.emit("matmul", target[0], operands, m, flags, k, steps, where)

    def outer(self, it: Statement, target: Sequence[int], d: Sequence[int],
              xs: Sequence[int]) -> None:  # fmt: skip
        k = it.width
        m = it.size // k
        self.read(d[0], m)
        if self.phase % 2:
            self.over(target, d[0], xs[0], k)
            return
        flags, steps = SETS * self.fresh(target), (*_steps(target, m, k), 0)
        self.emit("outer", target[0], (d[0], xs[0]), m, flags, k, steps)

    # ------------------------------------------------------------------ the others

    def gather(self, it: Statement, target: Sequence[int], numbers: Sequence[int]) -> None:
        self.emit("columns", target[0], (), it.size, k=self.listed(numbers))

    def scatter(self, it: Statement, target: Sequence[int], d: Sequence[int]) -> None:
        self.read(d[0], len(d))
        folds = self.folds[self.phase]
        for row in set(target):
            if row not in self.written or folds.get(row, 0) & SETS:
                self.phase -= 1
                self.apply("copy", row, [self.number(0.0)], 1)
                self.phase += 1
            if row in folds:
                folds[row] = 0
        self.written.update(target)
        self.emit("uncolumns", 0, (d[0],), len(d), k=self.listed(target))

    def wide(self, it: Statement) -> None:
        rows: list[int] = []
        lanes = self.phase % 2
        for each in it.operands:
            mine = self.rows(each)
            if lanes and any(row < LANES for row in mine):
                spare = self.temporary(len(mine))
                for i, row in enumerate(mine):
                    self.apply("copy", spare + i, [row], 1)
                mine = range(spare, spare + len(mine))
            rows += mine
        out, partials = [*[self.rows((piece,))[0] for piece in it.target], -1][:2]
        n, k = it.size, it.width
        if it.op not in ("sum", "dot", "logsumexp"):
            for i in range(n):
                self.several(it.op, out + i, rows[i::n], k, n, partials + i)
            return
        if it.op == "logsumexp" and partials < 0:
            partials = self.temporary(n * k)
        self.emit(f"wide_{it.op}", out, (0, partials), n, 0, k, more=self.listed(rows))

    def several(
        self, op: str, out: int, rows: list[int], k: int, n: int, partials: int
    ) -> None:
        """An operation of k operands, one after the other."""
        one = self.temporary(1)
        if op in ("maximum", "minimum", "hypot"):
            self.apply("abs" if op == "hypot" else "copy", out, [rows[0]], 1)
            for row in rows[1:]:
                self.apply(op, out, (out, row), 1)
        else:
            index, spare = rows[0], self.temporary(1)
            for kind, edge in (("lt", -k), ("ge", k)):
                self.apply(kind, spare, (index, self.number(float(edge))), 1)
                self.apply("refuse", one, (index, spare), 1)
            self.apply("trunc", one, [index], 1)
            self.apply("lt", spare, (one, self.number(0.0)), 1)
            self.apply("muladd", one, (spare, self.number(float(k)), one), 1)
            self.apply("copy", out, [rows[1]], 1)
            for j, row in enumerate(rows[1:]):
                taken = partials + j * n if partials >= n else spare
                self.apply("eq", taken, (one, self.number(float(j))), 1)
                self.apply("where", out, (taken, row, out), 1)


class _Emitter:
    """Emits the code of a formula, for rows that follow each other.

    Args:
        native: where the code goes.
        where: the first row of each operand.
        single: for each operand, whether it is one row for all.
        n: how many rows.
        step: from one row of the target to the next; 1, but for sums over lanes.
    """

    def __init__(
        self, native: Native, where: list[int], single: list[bool], n: int, step: int = 1
    ) -> None:
        self.native, self.where, self.single, self.n = native, where, single, n
        self.step = step
        self.known: dict[int, int] = {}

    def into(self, x: Any, target: int, op: str) -> None:
        """Set the rows from `target` on to x, or add it to them."""
        it, n = self.native, self.n
        lanes = it.phase % 2
        if lanes and target < LANES:
            self.over(x, target, op == "set")
            return
        if lanes and not self.varies(x):  # in the lanes that there are
            spare = it.temporary(n)
            self.value(x, spare)
            for row in range(spare, spare + n):
                it.apply("mul", row, (row, it.mask), 1)
            x, self.where, self.single = operand(0), [spare], [False]
        if op == "set" or target not in it.written:
            if op == "add":
                it.written.update(range(target, target + n))
            self.value(x, target)
        elif type(x) is Expression and x.op == "mul" and _positive(x) is None:
            found = [self.value(a) for a in x.args]
            bits = sum([1 << k for k, (_, single) in enumerate(found) if single])
            it.apply("muladd", target, [*[row for row, _ in found], target], n, bits)
        else:
            negative = type(x) is Expression and x.op == "neg"
            row, single = self.value(x.args[0] if negative else x)
            it.apply("sub" if negative else "add", target, (target, row), n, 2 * single)

    def varies(self, x: Any) -> bool:
        return any(self.where[k] >= LANES for k in _used(x))

    def over(self, x: Any, target: int, values: bool) -> None:
        """Add the sum of x over the lanes that there are."""
        it = self.native
        rows = range(target, target + self.n * self.step, self.step)
        if type(x) is Expression and x.op == "mul" and not values:
            a, b = [self.value(a)[0] for a in x.args]
            if min(a, b) >= LANES:
                for i, row in enumerate(rows):
                    it.over([row], a + i, b + i)
                return
        it.over(rows, self.value(x)[0], it.mask)

    def apply(self, op: str, target: int, xs: Sequence[Any]) -> None:
        found = [self.value(x) for x in xs]
        bits = sum([1 << k for k, (_, single) in enumerate(found) if single])
        self.native.apply(op, target, [row for row, _ in found], self.n, bits)

    def value(self, x: Any, target: int | None = None) -> tuple[int, bool]:
        """The first row of x, put into `target` if asked for; and whether it is for all."""
        if type(x) is not Expression:
            found = self.native.number(float(x)), True
        elif x.op == "tile":
            return self.value(x.args[0], target)
        elif x.op == "operand":
            k = x.args[0]
            found = self.native.read(self.where[k], self.n), self.single[k]
        elif id(x) in self.known:
            found = self.known[id(x)], False
        else:
            op, xs = self.native.simplified(x)
            out = self.native.temporary(self.n) if target is None else target
            self.apply(op, out, xs)
            self.known[id(x)] = out
            return out, False
        if target is not None:
            self.native.apply("copy", target, [found[0]], self.n, int(found[1]))
        return found


# ---------------------------------------------------------------- what the kernel has


def _positive(x: Expression) -> tuple[Any, Any] | None:
    """a and b if x is a · (b > 0)."""
    factor, choice = x.args
    if type(choice) is Expression and choice.op == ">" and choice.args[1] == 0.0:
        return factor, choice.args[0]
    return None


def _used(x: Any) -> dict[int, bool]:
    """The operands in an expression, and whether they are tiled."""
    if type(x) is not Expression:
        return {}
    if x.op == "operand":
        return {x.args[0]: False}
    if x.op == "tile":
        return {x.args[0].args[0]: True}
    return {k: tiled for a in x.args for k, tiled in _used(a).items()}


def _is_operand(x: Any) -> bool:
    return type(x) is Expression and x.op in ("operand", "tile")


def _is_single(x: Any) -> bool:
    """Whether it is one operation of the kernel."""
    if _is_operand(x) or type(x) is not Expression:
        return True
    args = _positive(x) if x.op == "mul" else None
    return all(type(a) is not Expression or _is_operand(a) for a in args or x.args)


def _steps(rows: Sequence[int], m: int, k: int) -> tuple[int, int]:
    """The steps down and across of an m by k matrix."""
    return rows[k] - rows[0] if m > 1 else k, rows[1] - rows[0] if k > 1 else 1


def _runs(folds: dict[int, int]) -> Iterator[tuple[int, int, int]]:
    """First row, number and flags of rows that follow each other."""
    rows = sorted(folds)
    start = 0
    for i in range(1, len(rows) + 1):
        row = rows[start]
        if i == len(rows) or rows[i] != row + i - start or folds[rows[i]] != folds[row]:
            yield row, i - start, folds[row]
            start = i
