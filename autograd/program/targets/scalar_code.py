"""Scalar code: lists of operations on single numbers, encoded for the kernel by templates.

What the kernel is told about an operation on one number is the same for each of its kind, but
for the rows. So it is written once, on rows that stand for others, and then filled in.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Scalars, operand
from autograd.program.ir.expressions import Expression
from autograd.program.passes.vjp import term_of
from autograd.program.targets.instructions import NOWHERE, WORDS, Instructions

__all__ = ["ScalarCode"]

STANDIN = (1 << 28) - 64  # the first of the rows that stand for others
# What stands for the rows of an operation: its result; the adjoint that is added to, that of
# the result; and its operands.
RESULT, TARGET, D, OPERANDS = 0, 1, 2, 3
Template = int  # its place among all of them
Key = tuple[Any, ...]


class Addition(NamedTuple):
    """How an operation adds to the adjoint of an operand.

    Attributes:
        first, again: the code where nothing was added before, and where something was.
    """

    first: Template
    again: Template


class ScalarCode:
    """Encodes lists of scalars.

    Args:
        to: where the code goes.
    """

    def __init__(self, to: Instructions) -> None:
        self.to = to
        self.words: list[Sequence[int]] = []  # of instructions; of arithmetic, four
        self.listed: list[bool] = []  # which of them are arithmetic
        self.templates: list[tuple[int, int]] = []  # the first of these, and how many
        self.values: dict[str, Template] = {}  # by their keys' repr, which has -0.0, too
        self.terms: dict[str, int] = {}  # the first of the additions of a kind
        self.additions: list[Addition] = []

    def forward(self, code: Scalars, rows: Sequence[int]) -> None:
        """Compute the results, which have the last of the rows."""
        for name, key in zip(names := [*map(repr, code.keys)], code.keys):
            if name not in self.values:
                self.values[name] = self.value(key)
        templates = np.array([self.values[name] for name in names])
        self.start(code, rows)
        self.fill(templates[code.kinds], np.arange(len(code.kinds)))

    def reverse(
        self, code: Scalars, rows: Sequence[int], adjoints: Sequence[int], live: Array
    ) -> None:
        """Add to adjoints what these operations hand on of theirs.

        Args:
            rows: what the list reads, and its results.
            adjoints: those of all these; nobody wants those of what is read that are NOWHERE.
            live: which of them are wanted.
        """
        to, d = self.to, np.array(adjoints)
        self.start(code, rows)
        n = len(code.kinds)
        own = len(rows) - n
        nodes = np.flatnonzero(live[own:])[::-1]
        names = [*map(repr, code.keys)]
        for kind in np.unique(code.kinds[nodes]).tolist():
            if (name := names[kind]) not in self.terms:
                self.terms[name] = len(self.additions)
                self.additions += self.terms_of(code.keys[kind])
        counts = code.counts[nodes]
        at = np.repeat(np.arange(len(nodes)), counts)
        slot = np.arange(len(at)) - (np.cumsum(counts) - counts)[at]
        read = code.args[self.begins[nodes][at] + slot]
        wanted = live[read] & (d[read] != NOWHERE)
        at, slot, target = at[wanted], slot[wanted], d[read[wanted]]
        if len(target) == 0:
            return
        terms = (
            np.array([self.terms.get(name, -1) for name in names])[code.kinds[nodes]][at] + slot
        )
        first, again = np.array(self.additions).reshape(-1, 2).T[:, terms]
        found, head = np.unique(target, return_index=True)
        seen = np.ones(len(target), bool)
        seen[head] = [row in to.written for row in found.tolist()]
        to.written.update(found.tolist())
        self.fill(np.where(seen, again, first), nodes[at], target, d[own + nodes[at]])

    def start(self, code: Scalars, rows: Sequence[int]) -> None:
        """Of this list: all rows, where the operands of each begin, and these."""
        self.rows, self.own = np.array(rows), len(rows) - len(code.kinds)
        self.operands, self.begins = code.args, np.cumsum(code.counts) - code.counts

    # ------------------------------------------------------------------ filling in

    def fill(self, templates: Array, nodes: Array, *rows: Array) -> None:
        """Write code, a template for each operation, with the rows TARGET and D.

        Parts that are arithmetic and follow each other are one instruction.
        """
        to, words = self.to, np.array(self.words, np.int32)
        event, part = _spread(*np.array(self.templates)[templates].T)
        listed = np.array(self.listed)[part]
        ends = listed & ~np.append(listed[1:], False)  # where arithmetic ends
        own, at = np.cumsum(~listed | ends) - 1, np.cumsum(listed) - 1
        code, numbers = np.zeros((own[-1] + 1, WORDS), np.int32), words[part[listed], :4]
        code[own[~listed]] = words[part[~listed]]
        heads, sizes = own[ends], np.diff(at[ends], prepend=-1)
        code[heads, 0], code[heads, 2] = to.codes["arithmetic"], sizes
        code[heads, 7] = len(to.lists) + 4 * (at[ends] + 1 - sizes)
        # Each word that stands for a row.
        of_part, place = np.nonzero(words >= STANDIN)
        slot = words[of_part, place] - STANDIN
        sizes = np.bincount(of_part, minlength=len(words))
        user, which = _spread((np.cumsum(sizes) - sizes)[part], sizes[part])
        mine, place, slot = event[user], place[which], slot[which]
        several = [self.rows[self.own + nodes], *rows, self.rows[self.operands]]
        operands = len(nodes) * (1 + len(rows)) - OPERANDS + self.begins[nodes]
        where = np.where(slot < OPERANDS, slot * len(nodes) + mine, operands[mine] + slot)
        found, inside = np.concatenate(several)[where], listed[user]
        for cells, row, some in ((code, own, ~inside), (numbers, at, inside)):
            cells[row[user[some]], place[some]] = found[some]
        to.code[to.phase].frombytes(code.tobytes())
        to.lists.frombytes(numbers.tobytes())

    # ------------------------------------------------------------------ templates

    def value(self, key: Key) -> Template:
        """The code of an operation."""
        op, count, *numbers = key
        if op in ("sum", "dot"):
            return self.wide(op, count)
        where = [STANDIN + OPERANDS + k for k in range(count)]
        formula = Expression(op, *_slots(numbers))
        return self.written(lambda: self.into(formula, where, STANDIN + RESULT, False))

    def into(self, formula: Any, where: Sequence[int], target: int, adds: bool) -> None:
        self.to.into(formula, where, [True] * len(where), target, 1, adds)

    def wide(self, op: str, count: int) -> Template:
        """A sum, or a dot and its bias last, in order."""
        apply, out, zero = self.to.apply, STANDIN + RESULT, self.to.number(0.0)
        half, xs = count // 2, [STANDIN + OPERANDS + k for k in range(count)]

        def write() -> None:
            if op == "dot":
                for k, (w, x) in enumerate(zip(xs[1:], xs[1 + half :])):
                    apply("muladd", out, (w, x, out if k else zero), 1)
            for k, x in enumerate(xs[:1] if op == "dot" else xs):
                apply("add", out, (out if k or op == "dot" else zero, x), 1)

        return self.written(write)

    def terms_of(self, key: Key) -> list[Addition]:
        """For each operand of an operation, how to add to its adjoint."""
        op, count, *numbers = key
        if op == "sum":
            return [self.term(operand(0), (D,))] * count
        if op == "dot":
            half = count // 2
            xs = [OPERANDS + k for k in (*range(1 + half, 1 + 2 * half), *range(1, 1 + half))]
            product = Expression("mul", operand(0), operand(1))
            bias = self.term(operand(0), (D,))
            return [bias, *[self.term(product, (D, x)) for x in xs]]
        slots = [*range(OPERANDS, OPERANDS + count), RESULT, D]
        out, d, known = operand(count), operand(count + 1), _slots(numbers)
        return [self.term(term_of(op, k, out, d, known), slots) for k in range(count)]

    def term(self, formula: Any, slots: Sequence[int]) -> Addition:
        """How to add a formula of these slots."""
        to, target = self.to, STANDIN + TARGET
        where = [STANDIN + slot for slot in slots]

        def add() -> None:
            self.into(formula, where, target, True)

        first, again = self.written(add), self.written(add)
        to.written.discard(target)
        return Addition(first, again)

    def written(self, write: Callable[[], None]) -> Template:
        """What `write` writes, as a template."""
        to = self.to
        phase, lists, begun = to.phase, to.lists, to.open
        code, top = to.code[phase], to.top
        to.code[phase], to.lists = array("i"), array("i")
        to.open, to.top = -1, [0, 0]
        write()
        words, listed = to.code[phase].tolist(), to.lists.tolist()
        to.code[phase], to.lists = code, lists
        to.open, to.top = begun, top
        begin = len(self.words)
        for start in range(0, len(words), WORDS):
            mine = words[start : start + WORDS]
            if mine[0] == to.codes["arithmetic"]:
                rest = [0] * (WORDS - 4)
                ends = range(mine[7] + 4, mine[7] + 4 * mine[2] + 4, 4)
                self.words += [[*listed[end - 4 : end], *rest] for end in ends]
            else:
                self.words.append(mine)
            self.listed += [mine[0] == to.codes["arithmetic"]] * (
                len(self.words) - len(self.listed)
            )
        self.templates.append((begin, len(self.words) - begin))
        return len(self.templates) - 1


def _spread(first: Array, counts: Array) -> tuple[Array, Array]:
    """Of counts of places from the first ones on: whose each is, and the place."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) + (first + counts - np.cumsum(counts))[owner]


def _slots(numbers: Sequence[float | None]) -> list[Any]:
    """Operands of a rule, of which some are known numbers."""
    return [operand(k) if x is None else x for k, x in enumerate(numbers)]
