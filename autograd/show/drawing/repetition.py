"""The steps that a graph repeats: results that are made in the same way again and again.

A result repeats another if its operation is the same, and each operand is the same node, or
repeats the other's, or is a number or leaf where that one has a number or leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import eq

from autograd.core.primitive import TABLE, Primitive
from autograd.show.snapshot import Node, Snapshot

__all__ = ["Repetition", "letters", "repetitions"]

LEAST = 3  # steps that are a repetition
FEWEST = 8  # results that are one
LONGEST = 200  # results of a step
ENOUGH = 0.8  # of the results, covered, for which no other order is tried
TRIED = 6  # periods whose operands are compared
INDEX = "0123456789.[]_,₀₁₂₃₄₅₆₇₈₉⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹"  # at the end of a leaf's label
SEPARATE = 4  # repetitions of a graph


@dataclass(frozen=True, slots=True)
class Repetition:
    """A step that is done again and again.

    Attributes:
        columns: the results of one place in the steps, one a step, in the order of the steps.
        leaves: of a place where every step reads a leaf of its own, these leaves.
        rounds: a result, and what it reads of the step before.
        sums: results that only add a term to those of the step before.
    """

    columns: list[list[Node]]
    leaves: list[list[Node]]
    rounds: frozenset[tuple[Node, Node]]
    sums: frozenset[Node]

    @property
    def times(self) -> int:
        """How many steps there are."""
        return max(map(len, self.columns))


def repetitions(graph: Snapshot) -> list[Repetition]:
    """Return the steps that a graph repeats; the one that covers most of it comes first."""
    best, most = list[Repetition](), 0
    for order in (graph.nodes, _late(graph)):
        tape = [node for node in order if node.op is not None]
        repeated = [*_Finder(tape).all()]
        covered = sum([len(column) for each in repeated for column in each.columns])
        if covered > most:
            best, most = repeated, covered
        if most > ENOUGH * len(tape):
            break
    return best


def letters(leaf: Node) -> str:
    """The label of a leaf without what numbers it: `x` for `x[3]`."""
    return (leaf.label or "").rstrip(INDEX)


def alike_leaves(x: Node, y: Node) -> bool:
    """Whether two nodes are leaves whose labels differ in what numbers them alone."""
    return x.op is None and y.op is None and letters(x) == letters(y)


class _Finder:
    """Finds periods on the tape of results, and gathers what repeats in columns.

    Attributes:
        before, after: by node the one of the step before, and of the next.
    """

    def __init__(self, tape: Sequence[Node]) -> None:
        self.tape = tape
        self.few = max(FEWEST, len(self.tape) / 10)
        self.before: dict[Node, Node] = {}
        self.after: dict[Node, Node] = {}
        self.readers: dict[Node, list[Node]] = {}
        for node in self.tape:
            for x in node.inputs:
                self.readers.setdefault(x, []).append(node)

    def all(self) -> Iterator[Repetition]:
        taken: set[Node] = set()
        for _ in range(SEPARATE):
            tape = [node for node in self.tape if node not in taken]
            place = {node: k for k, node in enumerate(tape)}
            start, period, times = self.stretch(tape, place)
            if not times:
                return
            steps = [tape[k : k + period] for k in range(start, start + period * times, period)]
            columns = [[*column] for column in zip(*steps)]
            for column in columns:
                for a, b in pairwise(column):
                    self.follow(a, b)
            taken.update([node for column in columns for node in column])
            self.extend(columns, taken)
            yield self.repetition(columns)

    def again(self, x: Node | float, y: Node | float) -> bool:
        """Whether an operand repeats another, as far as is known."""
        if not isinstance(x, Node) or not isinstance(y, Node):
            return not isinstance(x, Node) and not isinstance(y, Node)
        return x is y or self.before.get(y) is x or alike_leaves(x, y)

    def stretch(self, tape: Sequence[Node], place: dict[Node, int]) -> tuple[int, int, int]:
        """The start, the period and the steps of what repeats most of a tape."""

        def repeats(i: int, period: int, first: int = -LONGEST) -> bool:
            """Whether a result is repeated; what a second step reads of the first is free."""
            a, b = tape[i], tape[i + period]
            if a.op is not b.op or len(a.operands) != len(b.operands):
                return False
            for x, y in zip(a.operands, b.operands):
                at = place.get(y, -1) if isinstance(y, Node) else -1
                later = at >= 0 and isinstance(x, Node) and at - place.get(x, at) == period
                free = at >= 0 and first <= at < first + period
                if not later and not free and not self.again(x, y):
                    return False
            return True

        best = (0, 0, 0)
        for period in _periods(tape, self.few):
            if 1.1 * best[1] * best[2] > len(tape):
                break  # no other covers so much more
            low = 0
            for i in range(len(tape) - period + 1):
                if i < len(tape) - period and repeats(i, period):
                    continue
                start = low
                for k in range(max(0, low - period), low) if i > low else ():
                    if all(repeats(j, period, k) for j in range(k, low)):
                        start = k
                        break
                times = (i + period - start) // period
                most = max(1.1 * best[1] * best[2], self.few)
                if times >= LEAST and times * period > most:
                    best = (start, period, times)
                low = i + 1
        return best

    def extend(self, columns: list[list[Node]], taken: set[Node]) -> None:
        """Put what comes before the first steps, or after the last ones, into their columns."""
        for column in columns:
            for x, y in zip(column[0].operands, column[1].operands):
                if not isinstance(x, Node) or not isinstance(y, Node) or x in self.before:
                    continue
                if y in self.after and self.first(y) is not x:  # what a state begins with
                    self.follow(x, self.first(y))
        grows = True
        while grows:
            grows = False
            for column in columns:
                for forth in (False, True):
                    known = column[-1 if forth else 0]
                    for node in self.near(known, forth):
                        a, b = (known, node) if forth else (node, known)
                        if node not in taken and self.continues(column, node, a, b):
                            self.follow(a, b)
                            column.insert(len(column) if forth else 0, node)
                            taken.add(node)
                            grows = True
                            break

    def continues(self, column: list[Node], node: Node, a: Node, b: Node) -> bool:
        """Whether b repeats a, one of them new in a column; a state may begin with a number."""
        if a.op is not b.op or len(a.operands) != len(b.operands):
            return False
        for slot, (x, y) in enumerate(zip(a.operands, b.operands)):
            fixed = column[0].operands[slot] is column[1].operands[slot]
            if isinstance(x, Node) and isinstance(y, Node):
                leaves = alike_leaves(x, y) and not fixed
                if x is not y and self.before.get(y) is not x and not leaves:
                    return False
            elif isinstance(x, Node) or (isinstance(y, Node) and y in self.before):
                return False
        return True

    def follow(self, a: Node, b: Node) -> None:
        """Note that b repeats a."""
        self.before[b], self.after[a] = a, b

    def first(self, node: Node) -> Node:
        """The result of the first step that is known."""
        while node in self.before:
            node = self.before[node]
        return node

    def near(self, known: Node, forth: bool) -> Iterator[Node]:
        """The results that read what the operands of a result repeat, or are repeated by."""
        beside = self.after if forth else self.before
        for x in known.inputs:
            yield from self.readers.get(beside.get(x, x), ())

    def repetition(self, columns: list[list[Node]]) -> Repetition:
        step = {node: k for column in columns for k, node in enumerate(column)}
        of = {node: column[0] for column in columns for node in column}
        rounds = [(n, x) for n, k in step.items() for x in n.inputs if step.get(x, k) == k - 1]
        leaves: dict[Node, list[Node]] = {}
        for column in columns:
            for operands in zip(*[node.operands for node in column]):
                own = [x for x in operands if isinstance(x, Node) and x.op is None]
                if len({*own}) >= len(column) - 1 > 0:
                    leaves.setdefault(own[-1], own)
        carried = {of[x] for _, x in rounds}
        sums: set[Node] = set()
        for column in columns:
            inner = [of.get(reader) for x in column[:-1] for reader in self.readers[x]]
            if (
                column[0] in carried
                and column[0].op is TABLE["add"]
                and {*inner} == {column[0]}
            ):
                sums |= {*column}
        going = frozenset([(node, x) for node, x in rounds if node not in sums])
        return Repetition(columns, [*leaves.values()], going, frozenset(sums))


def _late(graph: Snapshot) -> list[Node]:
    """The nodes, each right after what it is made of, of which the deepest comes first.

    So what a step makes of leaves alone stands in the step, not before all of them.
    """
    depth: dict[Node, int] = {}
    for node in graph.nodes:
        depth[node] = 1 + max([depth[x] for x in node.inputs], default=-1)
    order = {node: None for node in graph.nodes if node.op is None}
    stack = [*reversed(graph.roots)]
    while stack:
        waits = {x for x in stack[-1].inputs if x not in order}
        if waits:
            stack += sorted(waits, key=lambda x: (depth[x], -x.index))
        else:
            order.setdefault(stack.pop())
    return [*order]


def _periods(tape: Sequence[Node], few: float) -> list[int]:
    """The periods after which most operations come again, the shortest first."""
    numbers: dict[Primitive | None, int] = {}
    ops = bytes([numbers.setdefault(node.op, len(numbers)) % 256 for node in tape])
    length: dict[int, int] = {}
    for period in range(1, min(len(ops) // LEAST, LONGEST) + 1):
        same = bytes(map(eq, ops, ops[period:]))
        longest = max(map(len, same.split(b"\0")))
        if longest >= (LEAST - 1) * period and longest + period > few:
            length[period] = longest
    return sorted(sorted(length, key=lambda period: -length[period])[:TRIED])
