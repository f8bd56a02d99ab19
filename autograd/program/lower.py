"""Lower: instructions become statements, forward and reverse, which every target writes.

A statement computes rows from rows. Most have a formula: an expression of their operands,
which is the table's value rule or a partial times an adjoint. The first that adds to an
adjoint sets it; a target sees to that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from autograd.core.primitive import RESERVED
from autograd.core.table import NORMAL
from autograd.program.arrays import Array, np
from autograd.program.batch import (
    LANES,
    UNIFORM,
    Block,
    Instruction,
    Instructions,
    Piece,
    Rows,
    pieces,
)
from autograd.program.expressions import COMPARISONS, OPPOSITE, Expression, negated, where
from autograd.program.rules import BOUNDED, FLAT, OPERATIONS, WIDE, partial

__all__ = ["NOWHERE", "PADDING", "Lowered", "Statement", "operand"]

NOWHERE = -1  # the block of a piece whose adjoint nobody wants
# Whose rules need not know which operands are constants.
PLAIN = frozenset([*COMPARISONS, "neg", "add", "sub", "mul", "div", "where"])
PADDING = 1024  # rows after the last of u, so that a matrix's view may reach beyond it


class Statement(NamedTuple):
    """What one line of a program does.

    Attributes:
        op: "set" or "add" the formula; "matmul" a matrix, rows and a bias, or the relu of that;
            "transposed" to add a matrix times an adjoint, where a third operand is positive;
            "outer" to add an adjoint times rows; "gather" columns, and "scatter" to add to
            their numbers; or an operation of any number of operands, with its partials as a
            second target. "singles" stands for the nodes of such an instruction, and "reverse
            singles" for all that these add to adjoints.
        target: the rows that are set or added to. One for a formula of several rows, or what
            is uniform for one of lanes, takes the sum.
        operands: what the formula or the operation is of.
        formula: an expression of operands, see `operand`; the single nodes; or whether a
            product goes through relu.
        size: the rows of the term.
        width: the operands of each row of a wide operation, or the columns of a matrix.
    """

    op: str
    target: Rows
    operands: tuple[Rows, ...]
    formula: Any = None
    size: int = 1
    width: int = 1


def operand(k: int) -> Expression:
    """The k-th operand of a statement, in its formula."""
    return Expression("operand", k)


ADDED = Expression("add", operand(0), operand(1))


class Lowered:
    """The statements of a program.

    Args:
        it: what to compute.
        wrt, lanes: the rows of u and of x to differentiate in; None for the values alone.
        fuses: whether relus of products, and the masks of their adjoints, become part of
            these: then their rows are neither written nor read again.

    Attributes:
        blocks, names: those of the instructions, and those of adjoints and partials.
        statements: in order; the first `forward` of them compute the values.
        out, checks: the rows of the outputs and of the guards.
        outputs, roots: how many rows the outputs have, and these with the guards.
        columns: whether one of them has a column a lane.
        places: for each root its row of these, and its lane.
        seed: the block of the outputs' adjoints.
        adjoints: the block of each block's adjoint.
        live: for each node of a tape with single nodes, whether it has an adjoint; else None.
    """

    def __init__(
        self,
        it: Instructions,
        wrt: Collection[int] | None = None,
        lanes: Collection[int] = (),
        fuses: bool = False,
    ) -> None:
        self.it, self.blocks, self.fuses = it, list(it.blocks), fuses
        self.names = ["u", "x", *_names(it.code)]
        self.statements: list[Statement] = []
        self.partials: dict[int, int] = {}
        self.products: dict[int, int] = {}
        self.matrices: dict[int, int] = {}  # the statements of products, by their blocks
        self.relus: dict[int, int] = {}  # the blocks of fused relus, and of their products
        self.adjoints: dict[int, int] = {}
        self.formulas: dict[Any, Any] = {}
        self.places: list[tuple[int, int | None]] = []
        self.out = self._roots(0, it.outputs)
        self.checks = self._roots(it.outputs, len(it.roots))
        self.outputs, self.roots = _count(self.out), _count(self.out + self.checks)
        self.columns = self._varies(self.out + self.checks)
        self.active: dict[int, Any] = {UNIFORM: frozenset(wrt or ()), LANES: frozenset(lanes)}
        self.live: Array = self._live() if any(op.op == "singles" for op in it.code) else None
        self.packs: dict[Rows, int] = {}
        read = [self.out, self.checks, *[rows for op in it.code for rows in op.operands]]
        self.uses = Counter([piece.block for rows in read for piece in rows])
        self.code = [self._forward(op) for op in it.code]
        self.forward = len(self.statements)
        self.seed = self._block("seed", self.outputs, self._varies(self.out))
        if wrt is not None:
            self._reverse()

    def _roots(self, start: int, end: int) -> Rows:
        """The rows of some roots; those of one row in several lanes share it."""
        rows: list[tuple[int, int]] = []
        for block, row, lane in self.it.roots[start:end]:
            if lane is None or not rows or rows[-1] != (block, row):
                rows.append((block, row))
            self.places.append((len(rows) - 1, lane))
        return pieces(rows)

    def _block(self, name: str, size: int, varies: bool) -> int:
        self.blocks.append(Block(size, varies))
        self.names.append(name)
        return len(self.blocks) - 1

    def _varies(self, rows: Rows) -> bool:
        return any(self.blocks[piece.block].varies for piece in rows)

    def whole(self, block: int) -> Rows:
        """All rows of a block."""
        return (Piece(block, range(self.blocks[block].size)),)

    # ------------------------------------------------------------------ forward

    def _forward(self, op: Instruction) -> tuple[Instruction, list[tuple[Rows, int]]]:
        """Write an instruction; return it as it was written, and what was packed for it."""
        xs = op.operands
        self.new: list[tuple[Rows, int]] = []
        size, target = self.blocks[op.out].size, self.whole(op.out)
        self.active[op.out] = op.op not in FLAT and any(map(self._touches, xs))
        if op.op == "singles":
            self.active[op.out] = {*np.flatnonzero(self.live[op.nodes]).tolist()}
            self._say("singles", target, (), op.nodes, size)
        elif op.op == "over":
            self._say("set", target, xs, operand(0), size)
        elif op.op == "matmul":
            xs = self._matmul(op)
        elif op.op == "relu" and self._only(xs[0], self.matrices):
            self.relus[op.out] = product = xs[0][0].block
            i = self.matrices[product]
            self.statements[i] = self.statements[i]._replace(target=target, formula=True)
        elif op.op in WIDE or op.op in OPERATIONS - FLAT:
            mixed = [len({self._varies((p,)) for p in rows}) > 1 for rows in xs]
            xs = tuple([self._packed(r) if mix else r for r, mix in zip(xs, mixed)])
            if op.op in ("logsumexp", "take") and self.active[op.out]:
                target += self._partials(op)
            self._say(op.op, target, xs, None, size, op.width)
        else:
            formula = self.formula(op.op, self._numbers(op))
            self._say("set", target, xs, formula, size)
        return op._replace(operands=xs), self.new

    def _only(self, rows: Rows, blocks: Collection[int]) -> bool:
        """Whether these rows are all of one of the blocks, and nothing else reads it."""
        block = rows[0].block
        return block in blocks and rows == self.whole(block) and self.uses[block] == 1

    def _matmul(self, op: Instruction) -> tuple[Rows, ...]:
        weights, xs, bias = op.operands
        out, size = op.out, self.blocks[op.out].size
        if self.view(weights, size, op.width) is None:
            weights = self._packed(weights)
        if len(xs) != 1 or type(xs[0].rows) is not range or xs[0].rows.step > 1:
            xs = self._packed(xs)
        late = self._varies(bias)  # the product has to be there first
        if late:
            out = self._block(f"product_{self.names[out]}", size, self._varies(xs))
            self.active[out] = self._touches(weights) or self._touches(xs)
            self.products[op.out] = out
        plain = late or self.constant(bias) == 0.0
        if not plain and (len(bias) != 1 or type(bias[0].rows) is not range):
            bias = self._packed(bias)
        operands = (weights, xs) if plain else (weights, xs, bias)
        if self.fuses and not late and self.blocks[out].varies:
            self.matrices[out] = len(self.statements)
        self._say("matmul", self.whole(out), operands, None, size, op.width)
        if late:
            both = self.whole(out), bias
            self._say("set", self.whole(op.out), both, ADDED, size)
        return weights, xs, bias

    def _packed(self, rows: Rows) -> Rows:
        """Rows from here and there, in a block of their own."""
        if rows not in self.packs:
            name = f"rows{len(self.packs) + 1}"
            packed = self._made(name, "set", (rows,), operand(0), _count(rows))
            self.packs[rows] = block = packed[0].block
            self.new.append((rows, block))
            self.active[block] = self._touches(rows)
        return self.whole(self.packs[rows])

    def view(self, rows: Rows, m: int, k: int) -> tuple[int, int, int] | None:
        """The first of the rows of an m by k matrix and its steps down and across.

        None if they aren't equal, or if an array of these rows would end beyond the block.
        """
        if len(rows) != 1:
            return None
        mine = rows[0].rows
        down = mine[k] - mine[0] if m > 1 else k
        across = mine[1] - mine[0] if k > 1 else 1
        padded = rows[0].block in (UNIFORM, self.adjoints.get(UNIFORM))
        room = self.blocks[rows[0].block].size - mine[0] + PADDING * padded
        fits = (across == 1 and down >= k and m * down <= room) or (
            down == 1 and across >= m and k * across <= room
        )
        if not fits or any(
            mine[i * k + j] != mine[0] + i * down + j * across
            for i in range(m)
            for j in range(k)
        ):
            return None
        return mine[0], down, across

    def _say(self, op: str, target: Rows, operands: Sequence[Rows], *rest: Any) -> None:
        self.statements.append(Statement(op, target, tuple(operands), *rest))

    def _made(
        self,
        name: str,
        op: str,
        operands: Sequence[Rows],
        formula: Any,
        size: int,
        width: int = 1,
    ) -> Rows:
        """A block of its own that a statement computes."""
        target = self.whole(self._block(name, size, any(map(self._varies, operands))))
        self._say(op, target, operands, formula, size, width)
        return target

    def _partials(self, op: Instruction) -> Rows:
        size = op.width * self.it.blocks[op.out].size
        block = self._block(f"p_{self.names[op.out]}", size, self.it.blocks[op.out].varies)
        self.partials[op.out] = block
        return self.whole(block)

    def _numbers(self, op: Instruction) -> Numbers:
        if op.op in PLAIN:
            return (None,) * len(op.operands)
        return known(map(self.constant, op.operands))

    def constant(self, rows: Rows) -> float | None:
        """The number that an operand is in all rows, if it is a constant."""
        if len(rows) == 1 and rows[0].block == UNIFORM and len(rows[0].rows) == 1:
            row = rows[0].rows[0] - self.it.inputs
            return self.it.constants[row] if row >= 0 else None
        return None

    # ------------------------------------------------------------------ reverse

    def _touches(self, rows: Rows) -> bool:
        """Whether some of these rows depend on the inputs to differentiate in."""
        for piece in rows:
            found = self.active[piece.block]
            if found is True or (found and not found.isdisjoint(piece.rows)):
                return True
        return False

    def _live(self) -> Array:
        tape, wrt = self.it.tape, self.active[UNIFORM]
        live = bytearray(len(tape))
        for i, (op, args) in enumerate(zip(tape.ops, tape.args)):
            if args and op not in FLAT:
                for a in args:
                    if live[a]:
                        live[i] = 1
            elif op == "input":
                live[i] = int(tape.values[i]) in wrt
        if not FLAT.isdisjoint(tape.ops):  # what only they use has none
            reached = bytearray(len(tape))
            for i, _ in tape.roots[: tape.outputs]:
                reached[i] = 1
            for i in range(len(tape) - 1, -1, -1):
                live[i] &= reached[i]
                for a in tape.args[i] if live[i] else ():
                    reached[a] = 1
        return np.frombuffer(live, bool)

    def _reverse(self) -> None:
        row = 0
        self.adjoint(UNIFORM)
        if self.active[LANES]:
            self.adjoint(LANES)
        for block, active in self.active.items() if self.live is not None else ():
            if active:
                self.adjoint(block)
        for piece in self.out:
            seed = (Piece(self.seed, range(row, row + len(piece.rows))),)
            row += len(piece.rows)
            self._add((piece,), (seed,), operand(0), len(piece.rows))
        for op, packed in reversed(self.code):
            if self.active[op.out] and op.out in self.adjoints:
                self._spread(op)
            for rows, block in reversed(packed):
                if block in self.adjoints:
                    d = self.whole(self.adjoints[block])
                    self._add(rows, (d,), operand(0), self.blocks[block].size)

    def adjoint(self, block: int) -> int:
        """The block of a block's adjoint."""
        if block not in self.adjoints:
            size, varies = self.blocks[block].size, self.blocks[block].varies
            self.adjoints[block] = self._block(f"d_{self.names[block]}", size, varies)
        return self.adjoints[block]

    def _add(
        self,
        rows: Rows,
        operands: Sequence[Rows],
        formula: Any,
        size: int,
        op: str = "add",
        width: int = 1,
    ) -> None:
        """Add a term to the adjoint of rows, where it is wanted."""
        wanted = [
            Piece(self.adjoint(piece.block) if self._touches((piece,)) else NOWHERE, piece.rows)
            for piece in rows
        ]
        if any(piece.block != NOWHERE for piece in wanted):
            self._say(op, tuple(wanted), operands, formula, size, width)

    def _spread(self, op: Instruction) -> None:
        """Add what an instruction hands on of its own adjoint, times its partials."""
        size = self.it.blocks[op.out].size
        d, xs = self.whole(self.adjoint(op.out)), op.operands
        if op.op == "singles":
            self._say("reverse singles", d, (), op.nodes, size)
            return
        many = op.width * size

        def tiled(k: int) -> Expression:
            return Expression("tile", operand(k), op.width) if op.width > 1 else operand(k)

        def factor(k: int) -> Expression:
            return tiled(k) if size > 1 else operand(k)

        if op.op == "matmul":
            weights, inputs, bias = xs
            self._add(bias, (d,), operand(0), size)
            if op.out in self.products:
                product = self.products[op.out]
                self._add(self.whole(product), (d,), operand(0), size)
                d = self.whole(self.adjoint(product))
            rows, mask = inputs, tuple[Rows]()
            if self._only(inputs, self.relus):
                rows, mask = self.whole(self.relus[inputs[0].block]), (inputs,)
            self._add(rows, (weights, d, *mask), None, op.width, "transposed", size)
            self._add(weights, (d, inputs), None, many, "outer", op.width)
        elif op.op == "gather":
            self._add(xs[0], (d,), None, _count(xs[0]), "scatter")
        elif op.op in ("over", "sum"):
            self._add(xs[0], (d,), tiled(0), many)
        elif op.op == "dot":
            self._add(xs[0], (d,), operand(0), size)
            for mine, other in (xs[1:], xs[:0:-1]):
                self._add(mine, (d, other), Expression("mul", factor(0), operand(1)), many)
        elif op.op in WIDE:
            out, slope, factors = self.whole(op.out), operand(1), tuple[Rows]()
            if op.op == "hypot":
                factors, length = (xs[-1], out), factor(2)
                lost = where(
                    Expression("==", length, 0.0), math.inf, math.nan
                )  # eager knows it
                length = where(Expression("<", length, NORMAL), lost, length)
                slope = Expression("div", slope, length)
            elif op.op in ("maximum", "minimum"):  # in equal parts for all that tie
                name, equal = self.names[op.out], Expression("eq", operand(0), factor(1))
                won = self._made(f"won_{name}", "set", (xs[-1], out), equal, many)
                count = self._made(f"winners_{name}", "sum", (won,), None, size, op.width)
                factors, slope = (won, count), Expression("div", slope, factor(2))
            else:
                factors = (self.whole(self.partials[op.out]),)
            term = Expression("mul" if op.op in BOUNDED else "strong", factor(0), slope)
            self._add(xs[-1], (d, *factors), term, many)
        else:
            out = self.whole(op.out)
            known = (out,) if op.out in self.relus else xs  # positive where its operand is
            for slot, rows in enumerate(xs):
                if self._touches(rows):
                    term = self.term(op.op, slot, self._numbers(op))
                    self._add(rows, (*known, out, d), term, size)

    # ------------------------------------------------------------------ formulas

    def formula(self, op: str, numbers: Numbers) -> Any:
        """What an operation computes of its operands, some of which may be known numbers."""
        key = op, *map(repr, numbers)
        if key not in self.formulas:
            self.formulas[key] = Expression(op, *_slots(numbers))
        return self.formulas[key]

    def term(self, op: str, slot: int, numbers: Numbers) -> Any:
        """The adjoint times d(out)/d(operand) of an operation that is not wide.

        It is of the operation's operands, its result and the adjoint of that.
        """
        key = op, slot, *map(repr, numbers)
        if key not in self.formulas:
            count, operands = len(numbers), _slots(numbers)
            try:
                slope = partial(op, slot, operand(count), operands)
            except (TypeError, ValueError, ArithmeticError):
                slope = Expression("each_partial", op, slot, operand(count), *operands)
            self.formulas[key] = _times(op, operand(count + 1), slope, numbers)
        return self.formulas[key]


Numbers = tuple[float | None, ...]


def known(numbers: Iterable[float | None]) -> Numbers:
    """The operands that are constants which a rule may want to know; one stays unknown."""
    found = tuple(numbers)
    return found if None in found else (None, *found[1:])


def _slots(numbers: Sequence[float | None]) -> list[Any]:
    return [operand(k) if x is None else x for k, x in enumerate(numbers)]


def _times(op: str, factor: Expression, slope: Any, numbers: Sequence[float | None]) -> Any:
    """factor · slope. A zero slope does not hide a factor that is NaN."""
    if type(slope) is float and slope in (1.0, -1.0):
        return factor if slope > 0.0 else Expression("neg", factor)
    if type(slope) is Expression and _is_choice(slope):
        slope = slope.args[0] if slope.args[1] else negated(slope.args[0])
    power = numbers[1] if op == "pow" else None
    bounded = op in BOUNDED or type(slope) is float or (power or 0.0) >= 1.0
    return Expression("mul" if bounded else "strong", factor, slope)


def _is_choice(x: Expression) -> bool:
    """Whether x is 1 or 0 by a comparison."""
    if x.op != "where" or type(x.args[0]) is not Expression:
        return False
    return x.args[0].op in OPPOSITE and all(
        type(a) is float and a in (0.0, 1.0) for a in x.args[1:]
    )


def _count(rows: Rows) -> int:
    return sum([len(piece.rows) for piece in rows])


def _names(code: Sequence[Instruction]) -> list[str]:
    """A name for the result of each instruction: its operation's, numbered."""
    counts: dict[str, int] = {}
    found = []
    for op in code:
        known = op.op in OPERATIONS or op.op in RESERVED
        plain = op.op if known else f"{op.op.rpartition('.')[2]}_"
        short = {"matmul": "h", "gather": "x"}.get(op.op, plain)
        counts[short] = counts.get(short, 0) + 1
        found.append(f"{short}{counts[short]}")
    return found
