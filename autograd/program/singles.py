"""Singles: nodes that nothing can be batched with, encoded for the kernel by templates.

What the kernel is told about an operation on one number is the same for each such node, but for
the rows. So it is written once, on rows that stand for others, and then filled in.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.program.arrays import Array, np
from autograd.program.expressions import Expression
from autograd.program.lower import NOWHERE, PLAIN, known, operand

if TYPE_CHECKING:
    from autograd.program.native import Native

__all__ = ["Singles"]

STANDIN = (1 << 28) - 64  # the first of the rows that stand for others
WORDS = 12  # of an instruction
# What stands for the rows of a node: the adjoint that is added to, that of its result; its
# result, and its operands.
TARGET, D, RESULT, OPERANDS = 0, 1, 2, 3
Template = int  # its place among all of them


class Part(NamedTuple):
    """Words of the kernel's code, or of its list of arithmetic."""

    arithmetic: bool
    words: Sequence[int]


class Addition(NamedTuple):
    """How a node adds to the adjoint of an operand.

    Attributes:
        first, again: the code where nothing was added before, and where something was.
    """

    first: Template
    again: Template


class Singles:
    """Encodes single nodes.

    Args:
        native: whose code it writes.
    """

    def __init__(self, native: Native) -> None:
        self.native = native
        self.parts: list[Part] = []
        self.templates: list[tuple[int, int]] = []  # the first of the parts, and how many
        self.known: dict[Any, int] = {}  # the kind of nodes with a key
        self.values: list[Template] = []  # of each kind
        self.terms: list[int] = []  # of each kind, the first of its additions or -1
        self.additions: list[Addition] = []
        tape = native.it.it.tape
        self.ops, self.args = tape.ops, tape.args
        self.constants = {i for i, op in enumerate(tape.ops) if op == "const"}
        self.kinds = np.zeros(0, int)  # of the nodes

    def start(self) -> None:
        """Find the rows of all nodes, of their operands and of their adjoints."""
        bases, it = np.array(self.native.bases), self.native.it
        block, row = it.it.places.T
        self.rows = bases[block] + row
        self.counts = np.fromiter(map(len, self.args), int)
        self.begins = np.cumsum(self.counts) - self.counts
        self.operands = np.fromiter(chain.from_iterable(self.args), int)
        of = bases[[it.adjoints.get(k, 0) for k in range(len(bases))]][block] + row
        self.adjoints = np.where(it.live, of, NOWHERE)
        self.kinds = np.zeros(len(self.ops), int)

    def forward(self, nodes: Array) -> None:
        """Compute these nodes."""
        if not len(self.kinds):
            self.start()
        ops, known = self.ops, self.known
        keys = [ops[i] if ops[i] in PLAIN else self.key(i) for i in nodes.tolist()]
        for i, key in zip(nodes.tolist(), keys):
            if key not in known:
                known[key] = len(known)
                self.values.append(self.value(ops[i], key, len(self.args[i])))
                self.terms.append(-1)
        self.kinds[nodes] = np.fromiter(map(known.__getitem__, keys), int)
        self.fill(np.array(self.values)[self.kinds[nodes]], nodes)

    def reverse(self, nodes: Array) -> None:
        """Add to adjoints what these nodes hand on of theirs."""
        written, nodes = self.native.written, nodes[::-1]
        nodes = nodes[self.adjoints[nodes] != NOWHERE]
        at, target, (first, again) = self.handed(nodes)
        rows, head = np.unique(target, return_index=True)
        seen = np.ones(len(target), bool)
        seen[head] = [row in written for row in rows.tolist()]
        written.update(rows.tolist())
        self.fill(np.where(seen, again, first), nodes[at], target, self.adjoints[nodes][at])

    def handed(self, nodes: Array) -> tuple[Array, Array, Array]:
        """What is added to adjoints: by which of the nodes, to which row, and the additions."""
        kinds, begin = np.unique(self.kinds[nodes], return_index=True)
        for kind, i in zip(kinds.tolist(), nodes[begin].tolist()):
            if self.terms[kind] < 0:
                self.terms[kind] = len(self.additions)
                self.additions += self.terms_of(i)
        counts = self.counts[nodes]
        at = np.repeat(np.arange(len(nodes)), counts)
        slot = np.arange(len(at)) - (np.cumsum(counts) - counts)[at]
        target = self.adjoints[self.operands[self.begins[nodes][at] + slot]]
        terms = np.array(self.terms)[self.kinds[nodes]][at] + slot
        wanted = target != NOWHERE
        return at[wanted], target[wanted], np.array(self.additions).T[:, terms[wanted]]

    # ------------------------------------------------------------------ filling in

    def fill(self, templates: Array, nodes: Array, *rows: Array) -> None:
        """Write code, a template for each node, with the rows TARGET and D.

        Parts that are arithmetic and follow each other are one instruction.
        """
        native = self.native
        first, counts = np.array(self.templates)[templates].T
        event = np.repeat(np.arange(len(nodes)), counts)
        part = np.arange(len(event)) + (first - np.cumsum(counts) + counts)[event]
        kinds = np.array([(len(words), listed) for listed, words in self.parts])
        sizes, listed = kinds[part].T
        ends = np.flatnonzero(listed > np.append(listed[1:], 0))  # where arithmetic ends
        begins = np.flatnonzero(listed > np.append(0, listed[:-1]))
        sizes_of = np.array([sizes * (1 - listed), sizes * listed])  # in code, in the list
        sizes_of[0, ends] = WORDS
        after = np.cumsum(sizes_of, 1)
        code, numbers = (np.zeros(total, np.int32) for total in after[:, -1])
        at = np.where(listed, after[1], after[0]) - sizes
        heads = after[0, ends] - WORDS
        code[heads] = native.codes["arithmetic"]
        code[heads + 2] = (after[1, ends] - at[begins]) // 4
        code[heads + 7] = len(native.lists) + at[begins]
        order = np.argsort(part.astype(np.min_scalar_type(len(kinds))), kind="stable")
        for same in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
            arithmetic, words = self.parts[part[same[0]]]
            mine, places = event[same], at[same]
            for k, word in enumerate(words):
                slot = word - STANDIN
                if slot >= OPERANDS:
                    i = self.begins[nodes[mine]] + slot - OPERANDS
                    value: Any = self.rows[self.operands[i]]
                elif slot == RESULT:
                    value = self.rows[nodes[mine]]
                else:
                    value = rows[slot][mine] if slot >= 0 else word
                if word:
                    (numbers if arithmetic else code)[places + k] = value
        native.code[native.phase].frombytes(code.tobytes())
        native.lists.frombytes(numbers.tobytes())

    # ------------------------------------------------------------------ templates

    def key(self, i: int) -> Any:
        """Equal for nodes that differ in their rows only."""
        op, args = self.ops[i], self.args[i]
        if op in ("sum", "dot"):
            return op, len(args)
        if op in PLAIN or self.constants.isdisjoint(args):
            return op
        values, constants = self.native.it.it.tape.values, self.constants
        return (op, *[repr(values[a]) if a in constants else None for a in args])

    def value(self, op: str, key: Any, count: int) -> Template:
        """The code of an operation."""
        native = self.native
        if op in ("sum", "dot"):
            return self.wide(op, count)
        numbers = self.numbers(key, count)
        where = [STANDIN + OPERANDS + k for k in range(count)]
        formula = native.it.formula(op, numbers)
        return self.written(lambda: native.into(formula, where, STANDIN + RESULT, "set"))

    def numbers(self, key: Any, count: int) -> tuple[float | None, ...]:
        if type(key) is str:
            return (None,) * count
        return known([x and float(x) for x in key[1:]])

    def wide(self, op: str, count: int) -> Template:
        """A sum, or a dot and its bias last, in order."""
        apply, out, zero = self.native.apply, STANDIN + RESULT, self.native.number(0.0)
        half, xs = count // 2, [STANDIN + OPERANDS + k for k in range(count)]

        def write() -> None:
            if op == "dot":
                for k, (w, x) in enumerate(zip(xs[1:], xs[1 + half :])):
                    apply("muladd", out, (w, x, out if k else zero), 1)
            for k, x in enumerate(xs[:1] if op == "dot" else xs):
                apply("add", out, (out if k or op == "dot" else zero, x), 1)

        return self.written(write)

    def terms_of(self, i: int) -> list[Addition]:
        """For each operand of a node, how to add to its adjoint."""
        op, count = self.ops[i], len(self.args[i])
        if op == "sum":
            return [self.term(operand(0), (D,))] * count
        if op == "dot":
            half = count // 2
            xs = [OPERANDS + k for k in (*range(1 + half, 1 + 2 * half), *range(1, 1 + half))]
            product = Expression("mul", operand(0), operand(1))
            bias = self.term(operand(0), (D,))
            return [bias, *[self.term(product, (D, x)) for x in xs]]
        numbers = self.numbers(self.key(i), count)
        slots = [*range(OPERANDS, OPERANDS + count), RESULT, D]
        formulas = [self.native.it.term(op, k, numbers) for k in range(count)]
        return [self.term(formula, slots) for formula in formulas]

    def term(self, formula: Any, slots: Sequence[int]) -> Addition:
        """How to add a formula of these slots."""
        native, target = self.native, STANDIN + TARGET
        where = [STANDIN + slot for slot in slots]

        def add() -> None:
            native.into(formula, where, target, "add")

        first, again = self.written(add), self.written(add)
        native.written.discard(target)
        return Addition(first, again)

    def written(self, write: Callable[[], None]) -> Template:
        """What `write` writes, as a template."""
        native = self.native
        phase, lists, begun = native.phase, native.lists, native.open
        code, top = native.code[phase], native.top
        native.code[phase], native.lists = array("i"), array("i")
        native.open, native.top = -1, [0, 0]
        write()
        words, listed = native.code[phase].tolist(), native.lists.tolist()
        native.code[phase], native.lists = code, lists
        native.open, native.top = begun, top
        begin = len(self.parts)
        for start in range(0, len(words), WORDS):
            mine = words[start : start + WORDS]
            arithmetic = mine[0] == native.codes["arithmetic"]
            if arithmetic:
                mine = listed[mine[7] : mine[7] + 4 * mine[2]]
            self.parts.append(Part(arithmetic, mine))
        self.templates.append((begin, len(self.parts) - begin))
        return len(self.templates) - 1
