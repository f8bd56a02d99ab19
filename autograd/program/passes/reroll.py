"""Re-roll: a graph with every sample written out becomes one body and its lanes.

A sum over samples adds terms that were computed in the same way from other numbers. A *row* is
a list of such nodes, one a lane. The first operands of a row's nodes are a row again, so are
the second, and so on down to rows of one and the same node (a parameter) and rows of numbers
that differ (a column of data). This is the least general generalisation of the terms (Plotkin
1970, Reynolds 1970). Time is linear in the nodes.

The *pattern* of a node is its expression with the data left open: nodes of one pattern may form
a row. The *body* of a row is the one node of the new tape that computes it in all lanes.

`Program` runs this pass on a tape without lanes, before equal nodes are merged: samples that
share nodes would no longer look alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from autograd.program.ir.tape import LEAVES, Node, Root, Tape, dot_terms

__all__ = ["reroll"]

MIN_LANES = 4
MIN_GAIN = 2.0  # by how much fewer nodes there must be
MIN_SPAN = 0.25  # the part of the tape between the first and the last node of a row
Row = tuple[int, ...]  # places in the old tape: the k-th is the node of lane k


class Lists(NamedTuple):
    """The lists of nodes in which rows may begin: results, and what sums add up.

    Attributes:
        roots: the tape's roots, each once.
        terms: for the place of a sum the list of its operands, for that of a dot the list of
            its weights and the list of its inputs.
    """

    roots: Sequence[int]
    terms: dict[int, list[Sequence[int]]]

    def every(self) -> list[Sequence[int]]:
        return [self.roots, *chain.from_iterable(self.terms.values())]


class Rows(NamedTuple):
    """The rows that begin among the roots, and those that a sum or a dot adds up, by place."""

    roots: list[Row]
    terms: dict[int, list[Row]]


def reroll(tape: Tape, data: Collection[int] = ()) -> Tape:
    """Return the tape with one body for the terms of its largest sum; itself if there is none.

    Args:
        tape: without lanes, and with nothing shared but constants.
        data: the rows of inputs that may be taken for data, as constants are: which of them a
            term uses then does not make it another kind of term.
    """
    lists = _find_lists(tape)
    large_lists = [nodes for nodes in lists.every() if _is_large(tape, nodes)]
    if not large_lists:
        return tape
    # Levels are found sooner than patterns, and nodes of one pattern have one level.
    candidates = _find_large_rows(tape, large_lists, tape.levels())
    if not candidates:
        return tape
    for data_rows in [(), data] if data else [()]:
        rolled = _roll(tape, lists, candidates, _number_patterns(tape, data_rows))
        if rolled is not None:
            return rolled
    return tape


def _roll(
    tape: Tape, lists: Lists, candidates: list[Row], patterns: Sequence[int]
) -> Tape | None:
    """Return the tape with as many lanes as its widest row has; None if little is gained."""
    rows = _find_large_rows(tape, candidates, patterns)
    if not rows:
        return None
    lanes = len(max(rows, key=_span))
    rolled = _Roll(tape, lanes, _find_rows_of_lanes(tape, lists, lanes, patterns)).run()
    return rolled if MIN_GAIN * sum(rolled.live()) < sum(tape.live()) else None


# ---------------------------------------------------------------- find rows


def _find_lists(tape: Tape) -> Lists:
    terms: dict[int, list[Sequence[int]]] = {}
    for place, node in enumerate(tape.nodes):
        if node.op == "sum":
            terms[place] = [node.args]
        elif node.op == "dot":
            _, weights, inputs = dot_terms(node)
            terms[place] = [weights, inputs]
    return Lists([*dict.fromkeys([root.node for root in tape.roots()])], terms)


def _span(nodes: Sequence[int]) -> int:
    return max(nodes) - min(nodes)


def _is_large(tape: Tape, nodes: Sequence[int]) -> bool:
    """Whether enough nodes lie between these that a body in their place can gain anything."""
    operations = [place for place in nodes if tape.nodes[place].args]
    if len(operations) < MIN_LANES:
        return False
    return _span(operations) >= MIN_SPAN * len(tape)


def _find_large_rows(
    tape: Tape, lists: Iterable[Sequence[int]], patterns: Sequence[int]
) -> list[Row]:
    """Return the large rows of nodes of one pattern, each within one of the lists."""
    rows = chain.from_iterable([_group_by_pattern(nodes, patterns) for nodes in lists])
    return [row for row in rows if _is_large(tape, row)]


def _group_by_pattern(nodes: Iterable[int], patterns: Sequence[int]) -> list[Row]:
    """Return the nodes of each pattern as a row, where they are enough for lanes."""
    groups: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        groups[patterns[node]].append(node)
    return [tuple(group) for group in groups.values() if len(group) >= MIN_LANES]


def _number_patterns(tape: Tape, data: Collection[int]) -> list[int]:
    """Return a number for each node: equal for expressions that differ in nothing but data.

    So `x * 2.0` and `x * 3.0` have one number, since constants are data, and `y * 2.0` another.

    Args:
        data: the rows of the inputs that are data, too.
    """
    numbers: dict[tuple[object, ...], int] = {}
    patterns: list[int] = []
    for node in tape.nodes:
        if node.args:
            pattern: tuple[object, ...] = (node.op, *[patterns[a] for a in node.args])
        elif node.op == "const" or int(node.number) in data:
            pattern = ("data",)
        else:
            pattern = (node.op, node.number)
        patterns.append(numbers.setdefault(pattern, len(numbers)))
    return patterns


def _find_rows_of_lanes(tape: Tape, lists: Lists, lanes: int, patterns: Sequence[int]) -> Rows:
    """Return the rows with one node a lane."""
    terms: dict[int, list[Row]] = {}
    for place, sides in lists.terms.items():
        groups = chain.from_iterable([_group_by_pattern(side, patterns) for side in sides])
        rows = [row for row in groups if len(row) == lanes]
        if tape.nodes[place].op == "dot" and not (len(sides[0]) == lanes and len(rows) == 2):
            continue  # a dot is rolled whole: its weights are a row, and its inputs another
        if rows:
            terms[place] = rows
    roots = [row for row in _group_by_pattern(lists.roots, patterns) if len(row) == lanes]
    return Rows(roots, terms)


# ---------------------------------------------------------------- the new tape


class _Roll:
    """The new tape, made of single nodes and of rows of the old one.

    From its end to its start `find_needs` goes through the old tape and notes what is needed;
    `add_operations` then adds that to the new tape, from start to end.

    Attributes:
        is_needed: for each node of the old tape, whether the new one has it as a single node.
        operands: for each row that is needed, the rows of its operands.
        rows_starting_at: those rows, by their first node. There a row has its turn: its first
            node stands after the first nodes of its operands.
        places: for each single node that is needed, its place in the new tape.
        bodies: for each row that is needed, the place of its body in the new tape.
    """

    def __init__(self, tape: Tape, lanes: int, rows: Rows) -> None:
        self.tape, self.lanes, self.rows = tape, lanes, rows
        self.new = Tape(inputs=tape.inputs, lanes=lanes)
        self.is_needed = bytearray(len(tape))
        self.operands: dict[Row, list[Row]] = {}
        self.rows_starting_at: dict[int, list[Row]] = defaultdict(list)
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
        """Mark the roots as needed: those in rows as rows, the others as single nodes."""
        in_rows = set(chain.from_iterable(self.rows.roots))
        for root in self.tape.roots():
            if root.node not in in_rows:
                self.is_needed[root.node] = 1
        for row in self.rows.roots:
            self.need_row(row)

    def find_needs(self) -> None:
        """Mark what the needed nodes and rows are computed of, from the last to the first."""
        for place in reversed(range(len(self.tape))):
            for row in self.rows_starting_at.get(place, ()):
                self.need_operands_of_row(row)
            if self.is_needed[place]:
                self.need_operands_of_node(place)

    def need_operands_of_node(self, place: int) -> None:
        for row in self.rows.terms.get(place, ()):
            self.need_row(row)
        for operand in self.single_operands(place):
            self.is_needed[operand] = 1

    def single_operands(self, place: int) -> Sequence[int]:
        """Return the operands of a node that are in no row."""
        node, rows = self.tape.nodes[place], self.rows.terms.get(place)
        if not rows:
            return node.args
        if node.op == "dot":
            return [dot_terms(node).bias]
        in_rows = set(chain.from_iterable(rows))
        return [a for a in node.args if a not in in_rows]

    def need_row(self, row: Row) -> None:
        """Mark a row as needed; or its only node, if all lanes have the same one."""
        if row.count(row[0]) == len(row):
            self.is_needed[row[0]] = 1
        elif row not in self.operands:
            operands_by_lane = [self.tape.nodes[place].args for place in row]
            self.operands[row] = [*zip(*operands_by_lane)]
            self.rows_starting_at[row[0]].append(row)

    def need_operands_of_row(self, row: Row) -> None:
        """Mark the rows that a row is computed of; of a row of leaves, the single leaves."""
        if self.tape.nodes[row[0]].op in LEAVES:
            for leaf in row:
                self.is_needed[leaf] = 1
        for operands in self.operands[row]:
            self.need_row(operands)

    # ------------------------------------------------------------------ from start to end

    def add_leaves(self) -> None:
        """Add the needed leaves before all else, so that any gather can read them."""
        for place, node in enumerate(self.tape.nodes):
            if self.is_needed[place] and node.op in LEAVES:
                self.places[place] = self.new.append(node)

    def add_operations(self) -> None:
        for place, node in enumerate(self.tape.nodes):
            if self.is_needed[place] and node.op not in LEAVES:
                self.places[place] = self.add_single(place, node)
            for row in self.rows_starting_at.get(place, ()):
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
        """Add the node that computes a row: of leaves a gather, else their operation."""
        op = self.tape.nodes[row[0]].op
        if op in LEAVES:
            return self.new.add_gather(tuple([self.places[leaf] for leaf in row]))
        return self.new.add(op, [self.place_of_row(each) for each in self.operands[row]])

    def place_of_row(self, row: Row) -> int:
        """Return the place of a row's body, or of the one node that all its lanes have."""
        return self.bodies[row] if row in self.bodies else self.places[row[0]]

    def add_roots(self) -> None:
        """Point the roots at their single nodes, or at their lanes of bodies."""
        in_rows: dict[int, Root] = {}
        for row in self.rows.roots:
            body = self.place_of_row(row)
            varies = self.new.nodes[body].varies
            for lane, place in enumerate(row):
                in_rows[place] = Root(body, lane if varies else None)
        for root in self.tape.outputs:
            self.new.outputs.append(in_rows.get(root.node, Root(self.places[root.node])))
        for root in self.tape.guards:
            self.new.guards.append(in_rows.get(root.node, Root(self.places[root.node])))
