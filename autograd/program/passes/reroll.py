"""Re-roll: a graph with every sample written out becomes one body and its lanes.

A sum over samples adds terms that were computed in the same way from other numbers. Put side
by side, node by node, they are either the same node (a parameter), numbers that differ (a
column of data) or the same operation on operands that are again compared: the least general
generalisation (Plotkin 1970, Reynolds 1970). Time is linear in the nodes.

`Program` runs this pass on a tape without lanes, before equal nodes are merged: samples that
share nodes would no longer look alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from autograd.program.ir.tape import LEAVES, Node, Root, Tape

__all__ = ["reroll"]

MIN_LANES = 4
MIN_GAIN = 2.0  # by how much fewer nodes there must be
MIN_SPAN = 0.25  # the part of the tape between the first and the last node of a row
Row = tuple[int, ...]  # nodes side by side, one a lane


class Lists(NamedTuple):
    """Lists of nodes among which rows may be found.

    Attributes:
        roots: the tape's roots, each once.
        terms: for the place of a sum the list of its operands, for that of a dot the list of
            its weights and the list of its inputs.
    """

    roots: Sequence[int]
    terms: dict[int, list[Sequence[int]]]


class Rows(NamedTuple):
    """The rows that the new tape computes as one body: among the roots, and of each sum."""

    roots: list[Row]
    terms: dict[int, list[Row]]


def reroll(tape: Tape, data: Collection[int] = ()) -> Tape:
    """Return the tape with one body for the terms of its largest sum; itself if there is none.

    Args:
        tape: without lanes, and with nothing shared but constants.
        data: the rows of inputs that may be taken for data, as constants are: which of them a
            term uses then does not make it another kind of term.
    """
    lists = _lists(tape)
    wide = [nodes for nodes in _each(lists) if _is_large(tape, nodes)]
    if not wide:
        return tape
    large = _large_rows(tape, wide, tape.levels())  # nodes that are alike have one level
    if not large:
        return tape
    loose = _kinds(tape, data)
    if data:
        if not _large_rows(tape, large, loose):
            return tape
        rolled = _roll(tape, lists, large, _kinds(tape, ()))
        if rolled is not None:
            return rolled
    rolled = _roll(tape, lists, large, loose)
    return tape if rolled is None else rolled


def _roll(tape: Tape, lists: Lists, large: list[Row], kinds: Sequence[int]) -> Tape | None:
    """Return the tape with lanes for the widest row of one kind; None if little is gained."""
    rows = _large_rows(tape, large, kinds)
    if not rows:
        return None
    lanes = len(max(rows, key=_span))
    rolled = _Roll(tape, lanes, _rows_of_lanes(tape, lists, lanes, kinds)).run()
    return rolled if MIN_GAIN * sum(rolled.live()) < sum(tape.live()) else None


# ---------------------------------------------------------------- find rows


def _lists(tape: Tape) -> Lists:
    terms: dict[int, list[Sequence[int]]] = {}
    for place, node in enumerate(tape.nodes):
        if node.op == "sum":
            terms[place] = [node.args]
        elif node.op == "dot":
            half = len(node.args) // 2
            terms[place] = [node.args[1 : 1 + half], node.args[1 + half :]]
    return Lists([*dict.fromkeys([root.node for root in tape.roots()])], terms)


def _each(lists: Lists) -> list[Sequence[int]]:
    return [lists.roots, *chain.from_iterable(lists.terms.values())]


def _span(nodes: Sequence[int]) -> int:
    return max(nodes) - min(nodes)


def _is_large(tape: Tape, nodes: Sequence[int]) -> bool:
    """Whether enough nodes lie between these that a body in their place can gain anything."""
    operations = [place for place in nodes if tape.nodes[place].args]
    if len(operations) < MIN_LANES:
        return False
    return _span(operations) >= MIN_SPAN * len(tape)


def _large_rows(tape: Tape, lists: Iterable[Sequence[int]], kinds: Sequence[int]) -> list[Row]:
    """Return the large rows of nodes of one kind in some lists."""
    rows = chain.from_iterable([_rows_alike(nodes, kinds) for nodes in lists])
    return [row for row in rows if _is_large(tape, row)]


def _rows_alike(nodes: Iterable[int], kinds: Sequence[int]) -> list[Row]:
    """Return the nodes that are of one kind, where there are enough of them."""
    groups: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        groups[kinds[node]].append(node)
    return [tuple(group) for group in groups.values() if len(group) >= MIN_LANES]


def _kinds(tape: Tape, data: Collection[int]) -> list[int]:
    """Return for each node a number, which is equal for expressions that differ in data only.

    Args:
        data: the rows of inputs that are data, as all constants are.
    """
    numbers: dict[tuple[object, ...], int] = {}
    kinds: list[int] = []
    for node in tape.nodes:
        key: tuple[object, ...] = (node.op, node.number)
        if node.args:
            key = (node.op, *[kinds[a] for a in node.args])
        elif node.op == "const" or int(node.number) in data:
            key = ("data",)
        kinds.append(numbers.setdefault(key, len(numbers)))
    return kinds


def _rows_of_lanes(tape: Tape, lists: Lists, lanes: int, kinds: Sequence[int]) -> Rows:
    """Return the rows with a node a lane; of dots only those whose terms are all in lanes."""
    terms: dict[int, list[Row]] = {}
    for place, sides in lists.terms.items():
        node = tape.nodes[place]
        rows = chain.from_iterable([_rows_alike(side, kinds) for side in sides])
        rows_of_lanes = [row for row in rows if len(row) == lanes]
        count = sum(map(len, rows_of_lanes))
        if node.op == "dot" and not count == 2 * lanes == len(node.args) - 1:
            continue
        if rows_of_lanes:
            terms[place] = rows_of_lanes
    roots = [row for row in _rows_alike(lists.roots, kinds) if len(row) == lanes]
    return Rows(roots, terms)


# ---------------------------------------------------------------- the new tape


class _Roll:
    """The new tape, from single nodes and rows of the old one.

    From its end to its start `find_needs` goes through the old tape and notes what is needed;
    `add_operations` then adds that to the new tape, from start to end.

    Attributes:
        needed: for each node of the old tape, whether it is needed by itself.
        operands: for each row that is needed, the rows of its operands.
        first: those rows by their first node. It stands after the first nodes of the operands.
        places: for each old node that is needed, its place in the new tape.
        bodies: for each row, the place of the new node that computes the k-th of the row in
            lane k.
    """

    def __init__(self, tape: Tape, lanes: int, rows: Rows) -> None:
        self.tape, self.lanes, self.rows = tape, lanes, rows
        self.new = Tape(inputs=tape.inputs, lanes=lanes)
        self.needed = bytearray(len(tape))
        self.operands: dict[Row, list[Row]] = {}
        self.first: dict[int, list[Row]] = defaultdict(list)
        self.places = [-1] * len(tape)
        self.bodies: dict[Row, int] = {}

    def run(self) -> Tape:
        self.need_roots()
        self.find_needs()
        self.add_leaves()
        self.add_operations()
        self.add_roots()
        return self.new

    # ------------------------------------------------------------------ from end to start

    def need_roots(self) -> None:
        """Need the roots: those in rows as rows, the others by themselves."""
        in_rows = set(chain.from_iterable(self.rows.roots))
        for root in self.tape.roots():
            if root.node not in in_rows:
                self.needed[root.node] = 1
        for row in self.rows.roots:
            self.need_row(row)

    def find_needs(self) -> None:
        """Note all nodes and rows that the needed ones need."""
        for place in range(len(self.tape) - 1, -1, -1):
            for row in self.first.get(place, ()):
                self.need_operands(row)
            if self.needed[place]:
                for row in self.rows.terms.get(place, ()):
                    self.need_row(row)
                for operand in self.single_operands(place):
                    self.needed[operand] = 1

    def single_operands(self, place: int) -> Sequence[int]:
        """Return the operands of a node that are in no row."""
        node, rows = self.tape.nodes[place], self.rows.terms.get(place)
        if not rows:
            return node.args
        if node.op == "dot":
            return node.args[:1]
        in_rows = set(chain.from_iterable(rows))
        return [a for a in node.args if a not in in_rows]

    def need_row(self, row: Row) -> None:
        """Need a row, or its only node if it has one node in all lanes."""
        if row.count(row[0]) == len(row):
            self.needed[row[0]] = 1
        elif row not in self.operands:
            self.operands[row] = [*zip(*[self.tape.nodes[place].args for place in row])]
            self.first[row[0]].append(row)

    def need_operands(self, row: Row) -> None:
        """Need what a row is computed of; leaves are needed by themselves."""
        if self.tape.nodes[row[0]].op in LEAVES:
            for place in row:
                self.needed[place] = 1
        for operands in self.operands[row]:
            self.need_row(operands)

    # ------------------------------------------------------------------ from start to end

    def add_leaves(self) -> None:
        """Add the leaves first, for any gather to read."""
        for place, node in enumerate(self.tape.nodes):
            if self.needed[place] and node.op in LEAVES:
                self.places[place] = self.new.append(node)

    def add_operations(self) -> None:
        for place, node in enumerate(self.tape.nodes):
            if self.needed[place] and node.op not in LEAVES:
                self.places[place] = self.add_single(place, node)
            for row in self.first.get(place, ()):
                self.bodies[row] = self.add_body(row)

    def add_single(self, place: int, node: Node) -> int:
        """Add a node of the old tape; in a sum, the sums over all lanes stand for its rows."""
        operands = [self.places[a] for a in self.single_operands(place)]
        rows = self.rows.terms.get(place)
        if not rows:
            return self.new.add(node.op, operands)
        bodies = [self.place_of_row(row) for row in rows]
        if node.op == "dot":
            bodies = [self.new.add("mul", bodies)]
        return self.new.add("sum", [*operands, *map(self.add_sum_over_lanes, bodies)])

    def add_sum_over_lanes(self, body: int) -> int:
        if self.new.nodes[body].varies:
            return self.new.add("over", [body])
        return self.new.add("mul", [self.new.add("const", (), float(self.lanes)), body])

    def add_body(self, row: Row) -> int:
        op = self.tape.nodes[row[0]].op
        if op in LEAVES:
            return self.new.add_gather(tuple([self.places[leaf] for leaf in row]))
        return self.new.add(op, [self.place_of_row(each) for each in self.operands[row]])

    def place_of_row(self, row: Row) -> int:
        return self.bodies[row] if row in self.bodies else self.places[row[0]]

    def add_roots(self) -> None:
        """Point the roots at their nodes, or at their lanes of bodies."""
        moved: dict[int, Root] = {}
        for row in self.rows.roots:
            body = self.place_of_row(row)
            varies = self.new.nodes[body].varies
            for lane, place in enumerate(row):
                moved[place] = Root(body, lane if varies else None)
        for root in self.tape.outputs:
            self.new.outputs.append(moved.get(root.node, Root(self.places[root.node])))
        for root in self.tape.guards:
            self.new.guards.append(moved.get(root.node, Root(self.places[root.node])))
