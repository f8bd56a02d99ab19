"""Scalar code: lists of operations on single numbers, encoded for the kernel by templates.

What the kernel is told about an operation on one number is the same for each of its kind, but
for the rows. So it is written once for all programs, on rows that stand for others, and then
filled in.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from autograd.core.primitive import TABLE
from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Scalars, operand, spread
from autograd.program.ir.expressions import Expression
from autograd.program.passes.vjp import term_of
from autograd.program.targets.instructions import NOWHERE, WORDS, Instructions

__all__ = ["ScalarCode"]

STANDIN = (1 << 28) - 64  # the first of the rows that stand for others
# What stands for the rows of an operation: its result; the adjoint that is added to, that of
# the result; and its operands.
RESULT, TARGET, D, OPERANDS = 0, 1, 2, 3
ROWS = slice(3, 7)  # the words of an instruction that are rows; all that arithmetic has
MOST = 10_000  # kinds of operations whose templates are kept
PIECE = 8192  # operations, while what is computed of them is in the cache
Template = Array  # instructions
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
        module: the kernel's.
    """

    def __init__(self, to: Instructions, module: Any) -> None:
        self.to, self.templates = to, _templates(module)
        self.places: dict[int, int] = {}  # of rows of the templates

    def forward(self, code: Scalars, rows: Sequence[int]) -> None:
        """Compute the results, which have the last of the rows."""
        self.start(code, rows)
        templates = [*map(self.templates.value, code.keys)]
        self.fill(templates, code.kinds, np.arange(len(code.kinds)))

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
        nodes = np.flatnonzero(live[self.own :])[::-1]
        at, place = spread(self.begins[nodes], code.counts[nodes])
        read = code.args[place]
        wanted = live[read] & (d[read] != NOWHERE)
        nodes, place, target = nodes[at[wanted]], place[wanted], d[read[wanted]]
        if len(target) == 0:
            return
        templates: list[Template] = []
        firsts = np.zeros(len(code.keys), int)
        for kind in np.unique(code.kinds[nodes]).tolist():
            firsts[kind] = len(templates)
            templates += chain.from_iterable(self.templates.terms(code.keys[kind]))
        found, head = np.unique(target, return_index=True)
        again = np.ones(len(target), bool)
        again[head] = [row in to.written for row in found.tolist()]
        to.written.update(found.tolist())
        which = firsts[code.kinds[nodes]] + 2 * (place - self.begins[nodes]) + again
        self.fill(templates, which, nodes, target, d[self.own + nodes])

    def start(self, code: Scalars, rows: Sequence[int]) -> None:
        """Of this list: all rows, those of the operands, and where those of each begin."""
        self.rows, self.own = np.array(rows), len(rows) - len(code.kinds)
        self.operands, self.begins = self.rows[code.args], np.cumsum(code.counts) - code.counts

    # ------------------------------------------------------------------ filling in

    def fill(
        self, templates: Sequence[Template], which: Array, nodes: Array, *adjoints: Array
    ) -> None:
        """Write code, one of the templates for each operation.

        Arithmetic that follows each other is one instruction.

        Args:
            adjoints: the rows TARGET and D of each, if there are any.
        """
        words, sizes = self.placed(np.concatenate(templates)), np.array([*map(len, templates)])
        firsts = np.cumsum(sizes) - sizes
        for start in range(0, len(nodes), PIECE):
            some = slice(start, start + PIECE)
            user, place = spread(firsts[which[some]], sizes[which[some]])
            self.write(words, user, place, nodes[some], [rows[some] for rows in adjoints])

    def write(
        self, words: Array, event: Array, part: Array, nodes: Array, adjoints: Sequence[Array]
    ) -> None:
        """Write instructions of templates.

        Args:
            words: all of them.
            event, part: of those to write, whose each is, and which.
        """
        to = self.to
        listed = (words[:, 0] == to.codes["arithmetic"])[part]
        ends = listed.copy()  # where arithmetic ends
        ends[:-1] &= ~listed[1:]
        own, at = np.cumsum(~listed | ends) - 1, np.cumsum(listed) - 1
        code, numbers = np.zeros((own[-1] + 1, WORDS), np.int32), words[part[listed], ROWS]
        code[own[~listed]] = words[part[~listed]]
        heads, begins = own[ends], np.append(0, at[ends] + 1)
        code[heads, 0], code[heads, 2] = to.codes["arithmetic"], begins[1:] - begins[:-1]
        code[heads, 7] = len(to.lists) + 4 * begins[:-1]
        # Each row that stands for one of an operation.
        words = words[:, ROWS]
        standins = np.nonzero(words >= STANDIN)
        counts = np.bincount(standins[0], minlength=len(words))
        user, standin = spread((np.cumsum(counts) - counts)[part], counts[part])
        mine, word, slot = event[user], standins[1][standin], words[standins][standin] - STANDIN
        others = slot < OPERANDS
        found = self.operands[np.where(others, 0, self.begins[nodes][mine] + slot - OPERANDS)]
        rows = np.concatenate([self.rows[self.own + nodes], *adjoints])
        found[others] = rows[(slot * len(nodes) + mine)[others]]
        inside = listed[user]
        for cells, place, some in ((code[:, ROWS], own, ~inside), (numbers, at, inside)):
            cells[place[user[some]], word[some]] = found[some]
        to.code[to.phase].frombytes(code.tobytes())
        to.lists.frombytes(numbers.tobytes())

    def placed(self, words: Array) -> Array:
        """Instructions of templates with rows of this program in place of theirs."""
        rows = words[:, ROWS]
        theirs = rows < STANDIN
        found, which = np.unique(rows[theirs], return_inverse=True)
        rows[theirs] = np.array([*map(self.place, found.tolist())], int)[which]
        return words

    def place(self, row: int) -> int:
        """The row of this program for a row of the templates, a constant or a spare one."""
        if row not in self.places:
            x = self.templates.constants.get(row)
            self.places[row] = self.to.more(1, 0) if x is None else self.to.number(x)
        return self.places[row]


# ---------------------------------------------------------------------- templates


class _Templates:
    """What is written for each kind of operation, on rows of its own.

    Attributes:
        module: the kernel's.
        constants: the numbers that such rows have.
    """

    def __init__(self, module: Any) -> None:
        self.module, self.to = module, Instructions(module, [0, 0])
        self.constants: dict[int, float] = {}
        self.values: dict[Any, Template] = {}
        self.additions: dict[Any, list[Addition]] = {}

    def value(self, key: Key) -> Template:
        """The code of an operation."""
        name = TABLE.get(key[0]), repr(key)  # which tells -0.0 from 0.0
        if name not in self.values:
            self.values[name] = self.new_value(key)
        return self.values[name]

    def terms(self, key: Key) -> list[Addition]:
        """For each operand of an operation, how to add to its adjoint."""
        name = TABLE.get(key[0]), repr(key)
        if name not in self.additions:
            self.additions[name] = self.new_terms(key)
        return self.additions[name]

    def new_value(self, key: Key) -> Template:
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

    def new_terms(self, key: Key) -> list[Addition]:
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

        to.written.clear()
        return Addition(self.written(add), self.written(add))

    def written(self, write: Callable[[], None]) -> Template:
        """What `write` writes; arithmetic is an instruction for each."""
        to = self.to
        to.code, to.lists, to.open, to.top = [array("i")], array("i"), -1, [0, 0]
        write()
        words: list[Sequence[int]] = []
        for start in range(0, len(to.code[0]), WORDS):
            mine = to.code[0][start : start + WORDS]
            if mine[0] == to.codes["arithmetic"]:
                for first in range(mine[7], mine[7] + 4 * mine[2], 4):
                    words.append([mine[0], 0, 0, *to.lists[first : first + 4], *[0] * 5])
            else:
                words.append(mine)
        for row in [*to.numbers.values()][len(self.constants) :]:
            self.constants[row] = to.start[row]
        return np.array(words, np.int32)


def _slots(numbers: Sequence[float | None]) -> list[Any]:
    """Operands of a rule, of which some are known numbers."""
    return [operand(k) if x is None else x for k, x in enumerate(numbers)]


class _Thread(threading.local):
    templates: _Templates | None = None


_thread = _Thread()


def _templates(module: Any) -> _Templates:
    """Those of this thread, which has written none for another kernel, and not too many."""
    found = _thread.templates
    if found is None or found.module is not module or len(found.values) > MOST:
        _thread.templates = found = _Templates(module)
    return found
