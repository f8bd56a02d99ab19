"""Vectorize: nodes of one level and operation become one operation on a block of rows (SLP).

A node's level is the longest way to it from a leaf, so nodes of one level need nothing of each
other. Dots that share their inputs become a matrix times a vector. Where a graph is so narrow
that there is nothing to put together, it can become one list of single operations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Blocks, Scalars, operand, regular
from autograd.program.ir.nodes import Builder
from autograd.program.ir.rules import is_wide, with_trait
from autograd.program.ir.tape import LEAVES, Root, Tape, move
from autograd.rules.expression import FLAT, Expression, applied

__all__ = ["expand", "vectorize"]

FEW = 6  # operands at even steps, in the middle of all blocks, that are not worth blocks
EVEN = 0.45  # and this part of all (a Gaussian process has 0.3 to 0.4, Lorenz-96 0.5 to 0.8)
MOST = 3  # operands of a single operation but for sums
Nodes = Sequence[int]
Key = tuple[Any, ...]


def vectorize(tape: Tape, scalars: bool = False) -> Blocks:
    """Return a tape as blocks.

    Args:
        tape: without dead nodes.
        scalars: whether a graph of few nodes a level becomes a list of single operations.
    """
    return _Vectorize(expand(tape, "take", "hypot"), scalars).blocks


def expand(tape: Tape, *ops: str) -> Tape:
    """Return the tape with these operations written as operations of few operands."""
    if not any(node.op in ops for node in tape.nodes):
        return tape
    new = replace(tape, nodes=[], gathers=[])
    nodes, places = Builder(new), list[int]()
    for node in tape.nodes:
        if node.op in ops:
            steps = applied(node.op, [*map(operand, range(len(node.args)))])
            places.append(nodes.written(steps, [places[a] for a in node.args]))
        else:
            places.append(new.append(move(node, places)))
    new.gathers = [tuple([places[i] for i in row]) for row in tape.gathers]
    new.copy_roots(tape, places)
    return new


class _Vectorize:
    """Nodes are put into blocks; `value` and `row` say where each is."""

    def __init__(self, tape: Tape, scalars: bool) -> None:
        self.tape, count = tape, len(tape)
        self.ops = [node.op for node in tape.nodes]
        self.args = [node.args for node in tape.nodes]
        self.varying = [node.varies for node in tape.nodes]
        self.blocks = it = Blocks()
        it.lanes = tape.lanes
        self.value, self.row = [0] * count, [0] * count
        self.formulas: dict[object, Expression] = {}
        places: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
        for name, rows, lanes in tape.inputs:
            if not rows:
                continue
            v = it.add("input", rows, lanes, (), name)
            places[lanes] += [(v, row) for row in range(rows)]
        numbers = [(i, node.number) for i, node in enumerate(tape.nodes) if node.op == "const"]
        self.constant = dict(numbers)
        if self.constant:
            v = it.add("const", len(self.constant), False, (), [*self.constant.values()])
            self.put(v, [*self.constant])
        for i, node in enumerate(tape.nodes):
            if node.op == "input":
                self.value[i], self.row[i] = places[node.varies][int(node.number)]
        for key, nodes in self.groups(scalars and not any(self.varying)):
            if key[:1] == ("logsumexp'",):
                self.shares(nodes)
            else:
                self.put(self.block(key, nodes) if key else self.scalars(nodes), nodes)
        it.results["out"] = self.roots(tape.outputs)
        if tape.guards:
            it.results["checks"] = self.roots(tape.guards)

    def put(self, v: int, nodes: Nodes) -> None:
        """These nodes are the rows of a value."""
        for row, i in enumerate(nodes):
            self.value[i], self.row[i] = v, row

    def shares(self, nodes: Nodes) -> None:
        """Place partials of logsumexp: each node has an operand's place as its value."""
        for i in nodes:
            [total] = self.args[i]
            op, slot = self.blocks.ops[self.value[total]], int(self.tape.nodes[i].number)
            self.value[i] = self.blocks.partials(op)
            self.row[i] = slot * op.rows + self.row[total]

    # ------------------------------------------------------------------ what goes together

    def groups(self, scalars: bool) -> list[tuple[Key, list[int]]]:
        """The nodes of each level and kind; lists of single operations have no key."""
        levels = self.tape.levels()
        if scalars:
            names: dict[str, int] = {}
            codes = [names.setdefault(op, len(names)) for op in self.ops]
            alike = np.array(levels) * len(names) + codes
            order = np.argsort(alike, kind="stable")
            if self.is_scattered(alike, order):
                return self.lists(order.tolist())
        kinds, keys = self.kinds()
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i, (level, kind) in enumerate(zip(levels, kinds)):
            if kind >= 0:
                groups[level, kind].append(i)
        ordered = sorted(groups.items(), key=lambda item: item[0][0])
        return [(keys[kind], nodes) for (_, kind), nodes in ordered]

    def is_scattered(self, alike: Array, order: Array) -> bool:
        """Whether few operands lie at even steps, so that it would take long to collect them.

        Args:
            alike: equal for nodes that could be in one block.
            order: the nodes, these side by side.
        """
        args = self.args
        place, counts = np.empty_like(order), np.fromiter(map(len, args), int)
        few = FEW * (1 + int(np.count_nonzero(np.diff(alike[order]))))
        if counts.sum() < few:
            return True
        place[order] = np.arange(len(order))
        flat = np.fromiter(chain.from_iterable(args), int)
        first = np.cumsum(counts) - counts
        long = np.repeat(counts > MOST, counts)
        uses = [(np.repeat(np.arange(len(args)), counts)[long], flat[long])]
        for slot in range(2):
            mine = order[(slot < counts[order]) & (counts[order] <= MOST)]
            uses.append((alike[mine], flat[first[mine] + slot]))
        even = 0
        for users, used in uses:
            same = (np.diff(users) == 0) & (np.diff(alike[used]) == 0)
            straight = same[1:] & same[:-1] & (np.diff(place[used], 2) == 0)
            even += int(np.count_nonzero(straight))
        return even < max(few, EVEN * len(flat))

    def lists(self, order: list[int]) -> list[tuple[Key, list[int]]]:
        """A list of all that is single, in the order of levels, so that what follows each other
        need not wait; and one after each block of the others."""
        ops, args = self.ops, self.args
        order = [i for i in order if args[i] or ops[i] not in LEAVES]
        if all(_is_single(op, n) for op, n in {*zip(ops, map(len, args))}):
            return [((), order)]
        after: dict[int, int] = {}  # in which list what uses a node can be, but for the first
        groups: dict[tuple[int, Key], list[int]] = defaultdict(list)
        first = groups[0, ()]
        for i in order:
            mine, stage = args[i], 0
            if not after.keys().isdisjoint(mine):
                stage = max([after.get(a, 0) for a in mine])
                after[i] = stage
            if ops[i] == "logsumexp'":  # computed with its logsumexp
                groups[stage - 1, (ops[i], 1)].append(i)
            elif not _is_single(ops[i], len(mine)):
                after[i] = stage + 1
                groups[stage, (ops[i], len(mine))].append(i)
            elif stage:
                groups[stage, ()].append(i)
            else:
                first.append(i)
        ordered = sorted(groups.items(), key=lambda item: (item[0][0], _rank(item[0][1])))
        return [(key, nodes) for (_, key), nodes in ordered if nodes]

    def kinds(self) -> tuple[list[int], list[Key]]:
        """For each node, the place of its operation and kind of operands; -1 for a leaf."""
        varying, varies = self.varying, any(self.varying)
        kinds: list[int] = []
        known: dict[Key, int] = {}
        shared: Counter[tuple[int, ...]] = Counter()
        for op, args in zip(self.ops, self.args):
            if op == "dot":
                half = len(args) // 2
                shared.update([args[1 : 1 + half], args[1 + half :]])
        for i, (op, args) in enumerate(zip(self.ops, self.args)):
            key: Key = op, len(args)
            if op == "dot":
                ws, xs = self.sides(args, shared)
                self.args[i] = (args[0], *ws, *xs)
                if any(varying[w] for w in ws) or not (varies or shared[(*xs,)] > 1):
                    key = op, len(args), varying[i]
                else:
                    key = "matmul", len(args), varying[i], xs
            elif op == "pow" and args[1] in self.constant:
                key = op, 2, varying[i], self.constant[args[1]]
            elif op in LEAVES and op != "gather":
                kinds.append(-1)
                continue
            elif varies:
                key = (
                    op,
                    len(args),
                    varying[i],
                    *([] if is_wide(op) else [varying[a] for a in args]),
                )
            kinds.append(known.setdefault(key, len(known)))
        return kinds, [*known]

    def sides(self, args: tuple[int, ...], shared: Counter[Any]) -> tuple[Nodes, Nodes]:
        """The weights and the inputs of a dot: inputs vary, or are shared by most dots."""
        half = len(args) // 2
        ws, xs = args[1 : 1 + half], args[1 + half :]
        varies = [any(self.varying[a] for a in side) for side in (ws, xs)]
        turn = varies[0] > varies[1] or (varies[0] == varies[1] and shared[ws] > shared[xs])
        return (xs, ws) if turn else (ws, xs)

    # ------------------------------------------------------------------ blocks

    def block(self, key: Key, nodes: list[int]) -> int:
        """One operation for nodes of a group."""
        op, tape = key[0], self.tape
        args = [self.args[i] for i in nodes]
        if op == "matmul":
            return self.matmul(key[3], args)
        if op == "gather":
            gathers = [tape.gathers[int(tape.nodes[i].number)] for i in nodes]
            cells = self.rows([*chain.from_iterable(gathers)])
            return self.blocks.add("to_lanes", len(nodes), True, (cells,))
        if is_wide(op):
            return self.wide(op, args)
        return self.map(op, args)

    def matmul(self, xs: Nodes, args: list[tuple[int, ...]]) -> int:
        it, n, k = self.blocks, len(args), len(xs)
        bias = [each[0] for each in args]
        if not xs:
            return self.rows(bias)
        weights = self.rows([*chain.from_iterable([each[1 : 1 + k] for each in args])])
        none = all(self.constant.get(b) == 0.0 for b in bias)
        late = any(self.varying[b] for b in bias)  # the product has to be there first
        operands = [weights, self.rows(xs)]
        if not none and not late:
            operands.append(self.rows(bias))
        v = it.add("matmul", n, it.varies(operands), operands, None, k)
        if not late:
            return v
        return it.map(self.formula("add", [operand(0), operand(1)]), [v, self.rows(bias)])

    def wide(self, op: str, args: list[tuple[int, ...]]) -> int:
        width = len(args[0])
        if not width:  # a sum of nothing
            return self.blocks.add("const", len(args), False, (), [0.0] * len(args))
        half = width // 2
        cuts = [0, 1, 1 + half, width] if op == "dot" else [0, width]
        operands = [
            self.rows([a for slot in zip(*[each[i:j] for each in args]) for a in slot])
            for i, j in pairwise(cuts)
        ]
        return self.blocks.reduce(op, len(args), operands, half if op == "dot" else width)

    def map(self, op: str, args: list[tuple[int, ...]]) -> int:
        """An operation row by row. What is the same number in all rows is in the formula."""
        it, n = self.blocks, len(args)
        slots: list[Any] = []
        operands: list[int] = []
        first: Nodes = ()
        for nodes in zip(*args):
            alike = nodes.count(nodes[0]) == n
            last = len(slots) + 1 == len(args[0])
            if alike and nodes[0] in self.constant and (operands or not last):
                slots.append(self.constant[nodes[0]])
            else:
                slots.append(operand(len(operands)))
                operands.append(self.rows(nodes[:1] if alike else nodes))
                first = first or nodes
        if n > 1 and all(it.ops[v].rows == 1 for v in operands):  # equal nodes
            operands[0] = self.rows(first)
        if op == "over":
            return it.add("sum_lanes", n, False, operands)
        return it.map(self.formula(op, slots), operands, n)

    def formula(self, op: str, slots: list[Any]) -> Expression:
        """The same one for what is the same."""
        key = op, *[x.args[0] if type(x) is Expression else repr(x) for x in slots]
        return self.formulas.setdefault(key, Expression(op, *slots))

    def scalars(self, nodes: list[int]) -> int:
        """A list of single operations, in this order."""
        constant = self.constant
        args = [self.args[i] for i in nodes]
        counts, numbers = np.fromiter(map(len, args), int), constant.keys()
        # The rules of these need not know which operands are constants.
        plain = with_trait("exact", self.ops) | FLAT | {"sum", "dot", "hypot"}
        keys: list[Key] = []
        places: dict[Key, int] = {}
        kinds: list[int] = []
        for i, mine in zip(nodes, args):
            op, known = self.ops[i], list[float | None]()
            count = 0 if op in ("sum", "dot") else len(mine)
            if op not in plain and not numbers.isdisjoint(mine):
                known = [constant.get(a) for a in mine]
                known[0] = known[0] if None in known else None
            key = op, count, repr(known) if known else ""  # which tells 0.0 from -0.0
            if key not in places:
                places[key] = len(keys)
                keys.append((op, count, *(known or [None] * count)))
            kinds.append(places[key])
        flat = np.fromiter(chain.from_iterable(args), int)
        place = np.full(len(self.tape), -1)
        place[nodes] = np.arange(len(nodes))
        reads = np.unique(flat[place[flat] < 0])
        reads = reads[np.argsort(np.array(self.value)[reads], kind="stable")]
        place[nodes] += len(reads)
        place[reads] = np.arange(len(reads))
        code = Scalars(keys, np.array(kinds), counts, place[flat])
        it = self.blocks
        operands = [
            self.rows(reads.tolist()) if len(reads) else it.add("const", 0, False, (), [])
        ]
        return it.add("scalar", len(nodes), False, operands, code)

    # ------------------------------------------------------------------ rows

    def rows(self, nodes: Nodes) -> int:
        """A value that has these nodes' rows."""
        it = self.blocks
        first = self.value[nodes[0]]
        if len(nodes) == 1:
            row = self.row[nodes[0]]
            return it.pick(first, range(row, row + 1))
        values, rows = [self.value[i] for i in nodes], [self.row[i] for i in nodes]
        if values.count(first) == len(values):
            return it.pick(first, regular(rows))
        operands = [*dict.fromkeys(values)]
        start, starts = 0, {}
        for v in operands:
            starts[v] = start
            start += it.ops[v].rows
        places = regular([starts[v] + row for v, row in zip(values, rows)])
        return it.add("pick", len(nodes), it.varies(operands), operands, places)

    def roots(self, roots: Sequence[Root]) -> int:
        """A value that has these; a lane of a row becomes a row."""
        it = self.blocks
        if not roots:
            return it.add("const", 0, False, (), [])
        flat: dict[int, int] = {}
        for i, lane in roots:
            v = self.value[i]
            if lane is not None and v not in flat:
                rows = it.ops[v].rows * (it.lanes or 1)
                flat[v] = it.add("from_lanes", rows, False, (v,))
        first = len(self.value)
        for i, lane in roots:
            if lane is None:
                self.value.append(self.value[i])
                self.row.append(self.row[i])
            else:
                self.value.append(flat[self.value[i]])
                self.row.append(self.row[i] * (it.lanes or 1) + lane)
        return self.rows(range(first, len(self.value)))


def _rank(key: Key) -> int:
    """The order within a stage: the list, the blocks, and what is computed with a block."""
    if not key:
        return 0
    return 2 if key[0] == "logsumexp'" else 1


def _is_single(op: str, count: int) -> bool:
    """Whether an operation of so many operands can be in a list of single ones."""
    if op in ("sum", "dot"):
        return True
    return count == 2 and op != "logsumexp" if is_wide(op) else count <= MOST
