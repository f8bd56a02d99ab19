"""The step that a graph repeats: results that are made in the same way again and again.

A result repeats another if their operation is the same, and each operand is the same node, or
repeats the other's, or is a number or leaf where that one has a number or leaf. From one pair
all others follow, as in unification: down to the operands, and up to what reads both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from autograd.core.primitive import TABLE
from autograd.show.snapshot import Node, Snapshot

__all__ = ["Repetition", "letters", "repetition"]

LEAST = 3  # steps that are a repetition
FEWEST = 8  # results that are one
LONGEST = 200  # results of a step
ENOUGH = 0.8  # of the results, covered, for which no other pair is tried
NEAR = 8  # results that one may repeat, so many at most
TRIED = 500, 4  # nodes that are looked at, and so many more for each result
WIDE = 16  # readers of a result that are looked at
INDEX = "0123456789.[]_,₀₁₂₃₄₅₆₇₈₉⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹"  # at the end of a leaf's label


@dataclass(frozen=True, slots=True)
class Repetition:
    """A step that is done again and again.

    Attributes:
        columns: the results of one place in the steps, one a step, in the order of the steps.
        leaves: of a place where every step reads a leaf of its own, these leaves.
        rounds: a result, and what it reads of the step before.
        sums: results that only add terms to those of the step before.
    """

    columns: list[list[Node]]
    leaves: list[list[Node]]
    rounds: frozenset[tuple[Node, Node]]
    sums: frozenset[Node]

    @property
    def times(self) -> int:
        """How many steps there are."""
        return max(map(len, self.columns))

    @property
    def steps(self) -> dict[Node, int]:
        """Return by result the number of its step."""
        steps: dict[Node, int] = {}
        places = {node: k for column in self.columns for k, node in enumerate(column)}
        for node in sorted(places, key=lambda node: node.index):
            before = [steps[x] + ((node, x) in self.rounds) for x in node.inputs if x in steps]
            steps[node] = max(before, default=places[node])
        return steps


def letters(leaf: Node) -> str:
    """The label of a leaf without what numbers it: `x` for `x[3]`."""
    return (leaf.label or "").rstrip(INDEX)


def repetition(graph: Snapshot) -> Repetition | None:
    """Return the step whose repetition covers most of a graph, of those that are tried."""
    results = [node for node in graph.nodes if node.op is not None]
    tried = _Unifier(graph)
    best: list[list[Node]] = []
    covered, left = max(FEWEST, len(results) / 10), TRIED[0] + TRIED[1] * len(results)
    for a, b in tried.pairs(results):
        holds = tried.unify(a, b)
        columns = _columns(tried.after) if holds else []
        many = sum([len(column) for column in columns if column[0].op])
        if many > covered:
            best, covered = columns, many
        left -= len(tried.after) + 1
        if covered > ENOUGH * len(results) or left < 0:
            break
    return _step(best, tried.readers) if best else None


class _Unifier:
    """Finds which nodes repeat which if one repeats another.

    Attributes:
        kind: by node what another has in common that may repeat it.
        readers: by node the results that read it.
        after: by node the one that repeats it; before: the same backwards.
    """

    def __init__(self, graph: Snapshot) -> None:
        self.kind: dict[Node | float, object] = {}
        self.readers: dict[Node, list[Node]] = {}
        for node in graph.nodes:
            self.kind[node] = (node.op, len(node.operands)) if node.op else letters(node)
            for x in dict.fromkeys(node.inputs):
                self.readers.setdefault(x, []).append(node)
        self.after: dict[Node, Node] = {}
        self.before: dict[Node, Node] = {}

    def alike(self, x: Node | float, y: Node | float) -> bool:
        """Whether two operands may repeat one another, as far as is known; numbers may."""
        return x is y or self.kind.get(x) == self.kind.get(y)

    def pairs(self, results: list[Node]) -> Iterator[tuple[Node, Node]]:
        """Yield pairs of alike nodes below the results, the last and the nearest first."""
        for node in reversed(results):
            near, seen = [*node.inputs], {*node.inputs}
            left = NEAR
            for x in near:
                if left and x.op and self.alike(x, node):
                    left -= 1
                    yield x, node
                if left and len(near) < LONGEST:
                    near += [y for y in x.inputs if y not in seen]
                    seen.update(x.inputs)

    def unify(self, a: Node, b: Node) -> bool:
        """Find what else repeats what if b repeats a; return whether that can be."""
        self.after, self.before = {}, {}
        starts: set[Node] = set()  # results of a first step
        down, up = [(a, b)], list[tuple[Node, Node]]()
        while down or up:
            if not down:  # once all that is below is known
                down += self.above(*up.pop())
                continue
            a, b = down.pop()
            if self.after.get(a, b) is not b or self.before.get(b, a) is not a:
                return False
            if a in self.after:
                continue
            self.after[a], self.before[b] = b, a
            pairs = [*zip(a.operands, b.operands)]
            starts |= {a for x, y in pairs if not self.alike(x, y)}
            if b in starts or (a in starts and a in self.before):
                return False
            up += [(a, b)] if a is not b else []
            for x, y in pairs:  # a state may begin with a term of the sum that it is
                terms = a.inputs if a.op is TABLE["add"] else ()
                for z in (y,) if self.alike(x, y) else terms:
                    if isinstance(x, Node) and isinstance(z, Node) and self.alike(x, z):
                        down += [(x, z)] if x is not z or x.op is None else []
        return True

    def above(self, a: Node, b: Node) -> Iterator[tuple[Node, Node]]:
        """Yield a reader of each of two nodes, where their operands repeat one another."""
        for x in self.readers.get(a, ())[:WIDE]:
            if x not in self.after:
                readers = self.readers.get(b, ())[:WIDE]
                alike = [y for y in readers if y not in self.before and self.follows(x, y)]
                if alike:  # that with the same weights, of those whose weights are alike
                    yield x, max(alike, key=lambda y: len({*x.inputs} & {*y.inputs}))

    def follows(self, a: Node, b: Node) -> bool:
        """Whether each operand of a result is repeated by that of another."""
        return (
            a is not b
            and self.alike(a, b)
            and all(
                self.after.get(x) is y
                if isinstance(x, Node) and x is not y and (x.op or x in self.after)
                else self.alike(x, y)
                for x, y in zip(a.operands, b.operands)
            )
        )


def _columns(after: dict[Node, Node]) -> list[list[Node]]:
    """The chains of what repeats one another, if they are long enough."""
    later = {*after.values()}
    columns = [[node] for node in after if node not in later]
    for column in columns:
        while column[-1] in after:
            column.append(after[column[-1]])
    columns.sort(key=lambda column: column[0].index)
    return [column for column in columns if len(column) >= LEAST]


def _step(columns: list[list[Node]], readers: dict[Node, list[Node]]) -> Repetition:
    """The repetition of these columns; a first step does not read what the others carry on."""
    of = {node: column[0] for column in columns for node in column}
    before = {b: a for column in columns for a, b in pairwise(column)}
    rounds: list[tuple[Node, Node]] = []
    results = [column for column in columns if column[0].op is not None]
    for first, second, *rest in results:
        for slot, (x, y) in enumerate(zip(first.operands, second.operands)):
            if isinstance(y, Node) and y.op and x is not y and before.get(y) is not x:
                operands = [(node, node.operands[slot]) for node in (second, *rest)]
                rounds += [(node, z) for node, z in operands if isinstance(z, Node) and z in of]
    inner = {
        column[0]: {of.get(reader) for x in column[:-1] for reader in readers[x]}
        for column in results
        if column[0].op is TABLE["add"]
    }
    for _ in results:  # additions that go into one of these alone, and so round
        inner = {x: ys for x, ys in inner.items() if len(ys) == 1 and ys <= inner.keys()}
    sums = frozenset([node for node in of if of[node] in inner])
    going = frozenset([(node, x) for node, x in rounds if node not in sums])
    leaves = [column for column in columns if column[0].op is None]
    return Repetition(results, leaves, going, sums)
