"""Singles: nodes that nothing can be batched with, encoded for the kernel by templates.

What the kernel is told about an operation on one number is the same for each such node, but for
the rows. So it is written once, on rows that stand for others, and then filled in.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.program.expressions import Expression
from autograd.program.lower import NOWHERE, PLAIN, known, operand

if TYPE_CHECKING:
    from autograd.program.native import Native

__all__ = ["Singles"]

STANDIN = (1 << 28) - 64  # the first of the rows that stand for others
WORDS = 12  # of an instruction
# What stands for the rows of a node: its result; or the adjoint that is added to, that of the
# result, and the one that the first of these was so far. Then its result, and its operands.
OUT, XS = 0, 1
TARGET, D, BEFORE, RESULT, OPERANDS = 0, 1, 2, 3, 4


class Words(NamedTuple):
    """Words of the kernel's code, or of its list of arithmetic.

    Attributes:
        arithmetic: which of both.
        pick: gives them, of a node's rows followed by the numbers.
        numbers: what is the same for all nodes.
    """

    arithmetic: bool
    pick: Callable[[Any], Any]
    numbers: tuple[int, ...]


Template = Sequence[Words]


class Addition(NamedTuple):
    """How a node adds to the adjoint of an operand.

    Attributes:
        first, again, on: the code where nothing was added before; where something was; and
            where the adjoint is another's so far.
        same: whether the term is the result's adjoint.
    """

    first: Template
    again: Template
    on: Template
    same: bool


class Singles:
    """Encodes single nodes.

    Args:
        native: whose code it writes.
    """

    def __init__(self, native: Native) -> None:
        self.native = native
        self.values: dict[Any, Template] = {}
        self.terms: dict[Any, list[Addition]] = {}
        tape = native.it.it.tape
        self.ops, self.args = tape.ops, tape.args
        self.constants = {i for i, op in enumerate(tape.ops) if op == "const"}
        self.rows: list[int] = []
        self.adjoints: list[int] = []

    def start(self) -> None:
        """Find the rows of all nodes and of their adjoints."""
        native, it = self.native, self.native.it
        if not self.rows:
            bases, places = native.bases, it.it.places
            self.rows = [bases[block] + row for block, row in places]
            bases = [bases[it.adjoints.get(block, 0)] for block in range(len(bases))]
            self.adjoints = [
                bases[block] + row if live else NOWHERE
                for (block, row), live in zip(places, it.live)
            ]
        self.code: list[int] = []
        self.list: list[int] = []
        self.begin = -1  # of the arithmetic that is being written

    def forward(self, nodes: Sequence[int]) -> None:
        """Compute these nodes."""
        self.start()
        ops, all_args, rows, values = self.ops, self.args, self.rows, self.values
        row, fill = rows.__getitem__, self.fill
        for i in nodes:
            op, args = ops[i], all_args[i]
            key = op if op in PLAIN else self.key(op, args)
            if key not in values:
                values[key] = self.value(op, key, len(args))
            fill(values[key], (rows[i], *map(row, args)))
        self.stop()

    def reverse(self, nodes: Sequence[int]) -> None:
        """Add to adjoints what these nodes hand on of theirs."""
        self.start()
        ops, all_args, rows, terms = self.ops, self.args, self.rows, self.terms
        row, adjoint, fill = rows.__getitem__, self.adjoints.__getitem__, self.fill
        written, alias, own = self.native.written, self.native.alias, self.native.own
        for i in reversed(nodes):
            d = adjoint(i)
            if d == NOWHERE or d not in written:
                continue
            d = alias.get(d, d)
            op, args = ops[i], all_args[i]
            key = op if op in PLAIN else self.key(op, args)
            if key not in terms:
                terms[key] = self.terms_of(op, key, len(args))
            more = (rows[i], *map(row, args))
            for (first, again, on, same), target in zip(terms[key], map(adjoint, args)):
                if target == NOWHERE:
                    pass
                elif target not in written:
                    written.add(target)
                    if same and target not in own:
                        alias[target] = d
                    else:
                        fill(first, (target, d, 0, *more))
                elif target in alias:
                    fill(on, (target, d, alias.pop(target), *more))
                else:
                    fill(again, (target, d, 0, *more))
        self.stop()

    # ------------------------------------------------------------------ filling in

    def fill(self, template: Template, rows: tuple[int, ...]) -> None:
        for arithmetic, pick, numbers in template:
            if arithmetic:
                if self.begin < 0:
                    self.begin = len(self.list)
                self.list += pick(rows + numbers)
            else:
                if self.begin >= 0:
                    self.close()
                self.code += pick(rows + numbers)

    def close(self) -> None:
        """End a list of arithmetic."""
        native, count = self.native, (len(self.list) - self.begin) // 4
        place = len(native.lists) + self.begin
        words = (native.codes["arithmetic"], 0, count, 0, 0, 0, 0, place, 0, 0, 0, 0)
        self.code += words
        self.begin = -1

    def stop(self) -> None:
        """Hand over what was written."""
        if self.begin >= 0:
            self.close()
        self.native.code[self.native.phase].extend(array("i", self.code))
        self.native.lists.extend(array("i", self.list))

    # ------------------------------------------------------------------ templates

    def key(self, op: str, args: tuple[int, ...]) -> Any:
        """Equal for nodes that differ in their rows only."""
        if op in ("sum", "dot"):
            return op, len(args)
        if self.constants.isdisjoint(args):
            return op
        values, constants = self.native.it.it.tape.values, self.constants
        return (op, *[repr(values[a]) if a in constants else None for a in args])

    def value(self, op: str, key: Any, count: int) -> Template:
        """The code of an operation."""
        native = self.native
        if op in ("sum", "dot"):
            return self.wide(op, count)
        numbers = self.numbers(key, count)
        where = [STANDIN + XS + k for k in range(count)]
        formula = native.it.formula(op, numbers)
        return self.written(
            lambda: native.into(formula, where, STANDIN + OUT, "set"), XS + count
        )

    def numbers(self, key: Any, count: int) -> tuple[float | None, ...]:
        if type(key) is str:
            return (None,) * count
        return known([x and float(x) for x in key[1:]])

    def wide(self, op: str, count: int) -> Template:
        """A sum, or a dot and its bias last, in order."""
        apply, out, zero = self.native.apply, STANDIN + OUT, self.native.number(0.0)
        half, xs = count // 2, [STANDIN + XS + k for k in range(count)]

        def write() -> None:
            if op == "dot":
                for k, (w, x) in enumerate(zip(xs[1:], xs[1 + half :])):
                    apply("muladd", out, (w, x, out if k else zero), 1)
            for k, x in enumerate(xs[:1] if op == "dot" else xs):
                apply("add", out, (out if k or op == "dot" else zero, x), 1)

        return self.written(write, XS + count)

    def terms_of(self, op: str, key: Any, count: int) -> list[Addition]:
        """For each operand, how to add to its adjoint."""
        if op == "sum":
            return [self.term(operand(0), (D,), count)] * count
        if op == "dot":
            half = count // 2
            xs = [OPERANDS + k for k in (*range(1 + half, 1 + 2 * half), *range(1, 1 + half))]
            product = Expression("mul", operand(0), operand(1))
            bias = self.term(operand(0), (D,), count)
            return [bias, *[self.term(product, (D, x), count) for x in xs]]
        numbers = self.numbers(key, count)
        slots = [*range(OPERANDS, OPERANDS + count), RESULT, D]
        formulas = [self.native.it.term(op, k, numbers) for k in range(count)]
        return [self.term(formula, slots, count) for formula in formulas]

    def term(self, formula: Any, slots: Sequence[int], count: int) -> Addition:
        """How to add a formula of these slots, of a node with so many operands."""
        native, target = self.native, STANDIN + TARGET
        where = [STANDIN + slot for slot in slots]
        found = []

        def add() -> None:
            native.into(formula, where, target, "add")

        for aliased in (None, False, True):
            if aliased is not None:
                native.written.add(target)
            if aliased:
                native.alias[target] = STANDIN + BEFORE
            found.append(self.written(add, OPERANDS + count))
        native.written.discard(target)
        same = type(formula) is Expression and formula.op == "operand"
        return Addition(
            found[0], found[1], found[2], same and where[formula.args[0]] == STANDIN + D
        )

    def written(self, write: Callable[[], None], count: int) -> Template:
        """What `write` writes, as a template for so many rows."""
        native = self.native
        phase, lists, begun = native.phase, native.lists, native.open
        code, top = native.code[phase], native.top
        native.code[phase], native.lists = array("i"), array("i")
        native.open, native.top = -1, [0, 0]
        write()
        words, listed = native.code[phase].tolist(), native.lists.tolist()
        native.code[phase], native.lists = code, lists
        native.open, native.top = begun, top
        steps = []
        for start in range(0, len(words), WORDS):
            mine = words[start : start + WORDS]
            arithmetic = mine[0] == native.codes["arithmetic"]
            if arithmetic:
                mine = listed[mine[7] : mine[7] + 4 * mine[2]]
            numbers = tuple([word for word in mine if word < STANDIN])
            places = itertools.count(count)
            picked = [word - STANDIN if word >= STANDIN else next(places) for word in mine]
            steps.append(Words(arithmetic, itemgetter(*picked), numbers))
        return steps
