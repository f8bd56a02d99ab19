"""Re-roll: a graph with every sample written out becomes one body and its lanes.

A sum over samples adds terms that were computed in the same way from other numbers. Put side
by side, node by node, they are either the same node (a parameter), numbers that differ (a
column of data) or the same operation on operands that are again compared: the least general
generalisation (Plotkin 1970, Reynolds 1970). Time is linear in the nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from autograd.program.ir.tape import LEAVES, Tape

__all__ = ["reroll"]

FEWEST = 4  # lanes
GAIN = 2.0  # by how much fewer nodes there must be
Row = tuple[int, ...]  # nodes side by side, one a lane


def reroll(tape: Tape, data: Collection[int] = ()) -> Tape:
    """The tape with one body for the terms of its largest sum; the same tape if there is none.

    Args:
        tape: without lanes, and with nothing shared but constants.
        data: the places of inputs that may be taken for data, as constants are: which of them
            a term uses then does not make it another kind of term.
    """
    added = _added(tape)
    large = [terms for several in added.values() for terms in several if _gains(tape, terms)]
    levels = tape.levels() if large else []  # what is alike is at the same
    large = [row for terms in large for row in _alike(terms, levels) if _gains(tape, row)]
    tries: list[Collection[int]] = [data, (), data] if data else [()]
    for k, taken in enumerate(tries if large else ()):
        kinds = _kinds(tape, taken)
        alike = [row for terms in large for row in _alike(terms, kinds) if _gains(tape, row)]
        if taken and not alike:  # then nothing is alike either if data is not taken for it
            break
        if alike and k >= len(tries) // 2:
            rows = {
                i: [row for terms in several for row in _alike(terms, kinds)]
                for i, several in added.items()
            }
            rolled = _Roll(tape, len(max(alike, key=_span)), rows).run()
            if GAIN * sum(rolled.live()) < sum(tape.live()):
                return rolled
    return tape


def _added(tape: Tape) -> dict[int, list[Sequence[int]]]:
    """Return the terms, or factors, of each sum; the roots are those of node -1."""
    added: dict[int, list[Sequence[int]]] = {-1: [[*dict.fromkeys(i for i, _ in tape.roots)]]}
    for i, (op, args) in enumerate(zip(tape.ops, tape.args)):
        if op == "sum":
            added[i] = [args]
        elif op == "dot":
            half = len(args) // 2
            added[i] = [args[1 : 1 + half], args[1 + half :]]
    return added


def _span(nodes: Sequence[int]) -> int:
    return max(nodes) - min(nodes)


def _gains(tape: Tape, nodes: Sequence[int]) -> bool:
    """Whether enough nodes lie between these that a body in their place can gain anything."""
    if len(nodes) < FEWEST or 4 * _span(nodes) < len(tape):
        return False
    inside = [i for i in nodes if tape.args[i]]
    return len(inside) >= FEWEST and 4 * _span(inside) >= len(tape)


def _kinds(tape: Tape, data: Collection[int]) -> list[int]:
    """For each node, what kind of expression it is."""
    known: dict[tuple[object, ...], int] = {}
    kinds: list[int] = []
    kind = kinds.__getitem__
    for op, args, value in zip(tape.ops, tape.args, tape.values):
        if args:
            key: tuple[object, ...] = (op, *map(kind, args))
        elif op == "const" or int(value) in data:
            key = ("data",)
        else:
            key = (op, value)
        kinds.append(known.setdefault(key, len(known)))
    return kinds


def _alike(nodes: Iterable[int], kinds: list[int]) -> list[Row]:
    """Return the nodes that are of one kind, where there are enough."""
    groups: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        groups[kinds[node]].append(node)
    return [tuple(group) for group in groups.values() if len(group) >= FEWEST]


class _Roll:
    """The new tape: what is needed of the old one, and a body for rows of so many nodes."""

    def __init__(self, tape: Tape, lanes: int, added: dict[int, list[Row]]) -> None:
        self.tape, self.lanes = tape, lanes
        self.added = {
            i: rows
            for i, terms in added.items()
            if (rows := [row for row in terms if len(row) == lanes])
            and (
                i < 0
                or tape.ops[i] == "sum"
                or 2 * lanes == sum(map(len, rows)) == len(tape.args[i]) - 1
            )
        }
        self.new = tape.like()
        self.new.lanes = lanes
        self.needed = bytearray(len(tape))
        self.rows: dict[int, dict[Row, list[Row]]] = defaultdict(dict)  # by their first node
        self.places = [-1] * len(tape)
        self.bodies: dict[Row, int] = {}
        self.varying: set[int] = set()  # new nodes that differ from lane to lane

    def run(self) -> Tape:
        tape, new = self.tape, self.new
        self.find()
        for i, op in enumerate(tape.ops):
            if self.needed[i] and op in LEAVES:
                self.places[i] = new.add(op, (), tape.values[i])
        for i, op in enumerate(tape.ops):
            if self.needed[i] and op not in LEAVES:
                self.places[i] = self.node(i)
            for row in self.rows.get(i, ()):
                self.bodies[row] = self.body(row)
        lane_of: dict[int, tuple[int, int | None]] = {}
        for row in self.added.get(-1, ()):
            body = self.place(row)
            varies = body in self.varying
            for lane, i in enumerate(row):
                lane_of[i] = (body, lane if varies else None)
        roots = [i for i, _ in tape.roots]
        new.roots = [lane_of.get(i, (self.places[i], None)) for i in roots]
        new.gathers = [tuple([self.places[i] for i in column]) for column in new.gathers]
        return new

    # ------------------------------------------------------------------ downwards

    def find(self) -> None:
        """Note the nodes and rows that are needed."""
        tape, added = self.tape, self.added
        inside = {i for row in added.get(-1, ()) for i in row}
        for i, _ in tape.roots:
            self.needed[i] = i not in inside
        for row in added.get(-1, ()):
            self.ask(row)
        for i in range(len(tape) - 1, -1, -1):
            for row in [*self.rows.get(i, ())]:
                self.spread(row)
            if self.needed[i]:
                rows = added.get(i, ())
                for row in rows:
                    self.ask(row)
                for a in self.single(i):
                    self.needed[a] = 1

    def single(self, i: int) -> Sequence[int]:
        """The operands of a node that are in no row."""
        args, rows = self.tape.args[i], self.added.get(i)
        if not rows:
            return args
        inside = {a for row in rows for a in row}
        return args[:1] if self.tape.ops[i] == "dot" else [a for a in args if a not in inside]

    def ask(self, row: Row) -> None:
        if row.count(row[0]) == len(row):
            self.needed[row[0]] = 1
        else:
            self.rows[row[0]].setdefault(row, [])

    def spread(self, row: Row) -> None:
        """Ask for what a row needs."""
        if self.tape.ops[row[0]] in LEAVES:
            for i in row:
                self.needed[i] = 1
        else:
            operands = list(zip(*[self.tape.args[i] for i in row]))
            self.rows[row[0]][row] = operands
            for each in operands:
                self.ask(each)

    # ------------------------------------------------------------------ upwards

    def place(self, row: Row) -> int:
        """The new node of a row that was asked for."""
        return self.bodies[row] if row in self.bodies else self.places[row[0]]

    def add(self, op: str, args: Sequence[int], value: float = 0.0) -> int:
        place = self.new.add(op, args, value)
        if op == "gather" or not self.varying.isdisjoint(args):
            self.varying.add(place)
        return place

    def body(self, row: Row) -> int:
        """The node that computes, in lane k, what the k-th node of the row does."""
        op = self.tape.ops[row[0]]
        if op in LEAVES:
            self.new.gathers.append(row)
            return self.add("gather", (), float(len(self.new.gathers) - 1))
        return self.add(op, [self.place(each) for each in self.rows[row[0]][row]])

    def node(self, i: int) -> int:
        """A node of the old tape; of a sum, the rows of it over all lanes."""
        op, rows = self.tape.ops[i], self.added.get(i)
        terms = [self.places[a] for a in self.single(i)]
        if not rows:
            return self.new.add(op, terms)
        bodies = [*map(self.place, rows)]
        bodies = [self.add("mul", bodies)] if op == "dot" else bodies
        return self.new.add("sum", [*terms, *map(self.over, bodies)])

    def over(self, body: int) -> int:
        """The sum over all lanes."""
        if body in self.varying:
            return self.new.add("over", [body])
        return self.new.add("mul", [self.new.add("const", (), float(self.lanes)), body])
