"""Re-roll: a graph with every sample written out becomes one body and its lanes.

A sum over samples adds terms that were computed in the same way from other numbers. Put side
by side, node by node, they are either the same node (a parameter), numbers that differ (a
column of data) or the same operation on operands that are again compared: the least general
generalisation (Plotkin 1970, Reynolds 1970). Time is linear in the nodes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from autograd.program.tape import LEAVES, Tape

__all__ = ["reroll"]

FEWEST = 4  # lanes
GAIN = 2.0  # by how much fewer nodes there must be
Family = tuple[int, ...]


def reroll(tape: Tape, data: Collection[int] = ()) -> Tape:
    """The tape with one body for the terms of its largest sum; the same tape if there is none.

    Args:
        tape: without lanes, and with nothing shared.
        data: the places of inputs that may be taken for data, as constants are: which of them
            a term uses then does not make it another kind of term.
    """
    if "lane" in tape.ops or "column" in tape.ops:
        return tape
    rolled = _rolled(tape, frozenset())
    return _rolled(tape, frozenset(data)) if rolled is tape and data else rolled


def _rolled(tape: Tape, data: frozenset[int]) -> Tape:
    kinds, sizes = _kinds(tape, data)
    families = _families(tape, kinds)
    found = [members for several in families.values() for members in several]
    if not found:
        return tape
    best = max(found, key=lambda members: len(members) * sizes[members[0]])
    rolled = _Roll(tape, len(best), families).run()
    live = rolled.live()
    return rolled if GAIN * sum(live) < sum(tape.live()) else tape


def _kinds(tape: Tape, data: frozenset[int]) -> tuple[list[int], list[float]]:
    """For each node, what kind of expression it is, and how large if written out."""
    known: dict[tuple[object, ...], int] = {}
    kinds: list[int] = []
    sizes: list[float] = []
    for op, args, value in zip(tape.ops, tape.args, tape.values):
        if op == "const" or (op == "input" and int(value) in data):
            key: tuple[object, ...] = ("data",)
        else:
            key = (op, value, *[kinds[a] for a in args])
        kinds.append(known.setdefault(key, len(known)))
        sizes.append(1.0 + sum([sizes[a] for a in args]) if args else 0.0)
    return kinds, sizes


def _families(tape: Tape, kinds: list[int]) -> dict[int, list[Family]]:
    """The terms of each sum that are of one kind, by node; the roots' are those of node -1."""
    families: dict[int, list[Family]] = {}
    for i, op in enumerate(tape.ops):
        if op == "sum":
            families[i] = _alike(tape.args[i], kinds)
        elif op == "dot":
            half = len(tape.args[i]) // 2
            families[i] = _alike(tape.args[i][1 : 1 + half], kinds)
            families[i] += _alike(tape.args[i][1 + half :], kinds)
    families[-1] = _alike(dict.fromkeys([node for node, _ in tape.roots]), kinds)
    return families


def _alike(nodes: Iterable[int], kinds: list[int]) -> list[Family]:
    groups: dict[int, list[int]] = defaultdict(list)
    for node in nodes:
        groups[kinds[node]].append(node)
    return [tuple(group) for group in groups.values() if len(group) >= FEWEST]


class _Roll:
    """The new tape: every node of the old one, and bodies for families of the chosen size."""

    def __init__(self, tape: Tape, lanes: int, families: dict[int, list[Family]]) -> None:
        self.tape, self.lanes = tape, lanes
        self.families = {
            i: [f for f in several if len(f) == lanes] for i, several in families.items()
        }
        self.new = tape.like()
        self.new.lanes = lanes
        self.places: list[int] = []
        self.bodies: dict[Family, int] = {}
        self.columns: dict[tuple[object, ...], int] = {}
        self.varying: set[int] = set()  # new nodes that differ from lane to lane

    def run(self) -> Tape:
        tape, new = self.tape, self.new
        for i, (op, args, value) in enumerate(zip(tape.ops, tape.args, tape.values)):
            if self.families.get(i) and op == "sum":
                self.places.append(self.rolled_sum(args, self.families[i]))
            elif self.families.get(i) and op == "dot":
                self.places.append(self.rolled_dot(args))
            else:
                self.places.append(new.add(op, [self.places[a] for a in args], value))
        lane_of: dict[int, tuple[int, int]] = {}
        for family in self.families[-1]:
            body = self.body(family)
            if body in self.varying:
                lane_of.update({node: (body, lane) for lane, node in enumerate(family)})
        new.roots = [lane_of.get(node, (self.places[node], None)) for node, _ in tape.roots]
        return new

    def rolled_sum(self, args: Family, families: list[Family]) -> int:
        members = {node for family in families for node in family}
        terms = [self.places[a] for a in args if a not in members]
        return self.new.add("sum", [*terms, *map(self.over, map(self.body, families))])

    def over(self, body: int) -> int:
        """The sum over all lanes."""
        if body in self.varying:
            return self.new.add("over", [body])
        return self.new.add("mul", [self.new.add("const", (), float(self.lanes)), body])

    def rolled_dot(self, args: Family) -> int:
        """A dot over lanes: the products in the body, then their sum."""
        half = len(args) // 2
        ws, xs = args[1 : 1 + half], args[1 + half :]
        if len(ws) != self.lanes:
            return self.new.add("dot", [self.places[a] for a in args])
        w, x = self.body(ws), self.body(xs)
        product = self.new.add("mul", [w, x])
        if not self.varying.isdisjoint((w, x)):
            self.varying.add(product)
        return self.new.add("add", [self.places[args[0]], self.over(product)])

    def body(self, family: Family) -> int:
        """The node that computes, in lane k, what the k-th node of the family does."""
        tape, bodies = self.tape, self.bodies
        stack = [family]
        while stack:
            nodes = stack[-1]
            first = nodes[0]
            operands: list[Family] = []
            if nodes in bodies:
                stack.pop()
                continue
            if nodes.count(first) == len(nodes):
                bodies[nodes] = self.places[first]
            elif tape.ops[first] in LEAVES or not self.same_operation(nodes):
                bodies[nodes] = self.column(nodes)
            else:
                operands = list(zip(*[tape.args[i] for i in nodes]))
                missing = [each for each in operands if each not in bodies]
                if missing:
                    stack += missing[::-1]
                    continue
                mine = [bodies[each] for each in operands]
                bodies[nodes] = self.new.add(tape.ops[first], mine)
                if not self.varying.isdisjoint(mine):
                    self.varying.add(bodies[nodes])
            stack.pop()
        return bodies[family]

    def same_operation(self, nodes: Family) -> bool:
        ops, args = self.tape.ops, self.tape.args
        op, count = ops[nodes[0]], len(args[nodes[0]])
        return all(ops[i] == op and len(args[i]) == count for i in nodes)

    def column(self, nodes: Family) -> int:
        """The numbers of all lanes; one constant if they are equal."""
        ops, values = self.tape.ops, self.tape.values
        key = tuple([repr(values[i]) if ops[i] == "const" else i for i in nodes])
        if key not in self.columns:
            if key.count(key[0]) == len(key):
                self.columns[key] = self.places[nodes[0]]
            else:
                self.new.columns.append(tuple([self.places[i] for i in nodes]))
                place = float(len(self.new.columns) - 1)
                self.columns[key] = self.new.add("column", (), place)
                self.varying.add(self.columns[key])
        return self.columns[key]
