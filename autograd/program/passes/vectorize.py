"""Vectorize: nodes of one level and operation become one operation on a block of rows (SLP).

A node's level is the longest way to it from a leaf, so nodes of one level need nothing of each
other. Dots that share their inputs become a matrix times a vector. Where a graph is so narrow
that there is nothing to put together, its nodes can become a list of single operations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Blocks, Scalars, operand, regular
from autograd.program.ir.expressions import COMPARISONS, Expression
from autograd.program.ir.rules import WIDE
from autograd.program.ir.tape import LEAVES, Tape

__all__ = ["vectorize"]

FEW = 4  # nodes that are not worth a block
NARROW = 5  # operands of a single sum, at most
# Whose rules need not know which operands are constants.
PAIRS = frozenset(["maximum", "minimum", "hypot"])  # single if they are of two operands
PLAIN = PAIRS | {*COMPARISONS, "neg", "add", "sub", "mul", "div", "where", "sum", "dot"}
Nodes = Sequence[int]


def vectorize(
    tape: Tape, inputs: Sequence[tuple[str, int, bool]], scalars: bool = False
) -> Blocks:
    """What a tape computes, in blocks.

    Args:
        tape: without dead nodes.
        inputs: name, rows, and whether they are of lanes, of each input; those that are
            uniform have the tape's inputs in turn, the others those of its lanes.
        scalars: whether levels of few nodes become lists of single operations.
    """
    return _Vectorize(tape, inputs, scalars).blocks


class _Vectorize:
    """Nodes are put into blocks; `value` and `row` say where each is."""

    def __init__(
        self, tape: Tape, inputs: Sequence[tuple[str, int, bool]], scalars: bool
    ) -> None:
        self.tape, self.varying = tape, tape.varying()
        self.blocks = it = Blocks()
        it.lanes = tape.lanes
        self.value, self.row = [0] * len(tape), [0] * len(tape)
        self.slot = [0] * len(tape)  # where a list of scalars has a node
        self.formulas: dict[object, Expression] = {}
        places: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
        for name, rows, lanes in inputs:
            v = it.add("input", rows, lanes, (), name)
            places[lanes] += [(v, row) for row in range(rows)]
        self.constant = {i: tape.values[i] for i, op in enumerate(tape.ops) if op == "const"}
        if self.constant:
            v = it.add("const", len(self.constant), False, (), [*self.constant.values()])
            self.put(v, [*self.constant])
        for i, op in enumerate(tape.ops):
            if op in ("input", "lane"):
                self.value[i], self.row[i] = places[op == "lane"][int(tape.values[i])]
        narrow = scalars and tape.lanes is None and not any(self.varying)
        for key, nodes in sorted(self.groups(narrow).items(), key=lambda item: item[0][0]):
            made = self.scalars if key[1] == "scalar" else self.block
            self.put(made(key, nodes), nodes)
        it.results["out"] = self.roots(tape.roots[: tape.outputs])
        if tape.roots[tape.outputs :]:
            it.results["checks"] = self.roots(tape.roots[tape.outputs :])

    def put(self, v: int, nodes: Nodes) -> None:
        """These nodes are the rows of a value."""
        for row, i in enumerate(nodes):
            self.value[i], self.row[i] = v, row

    # ------------------------------------------------------------------ what goes together

    def groups(self, narrow: bool) -> dict[tuple[Any, ...], list[int]]:
        """The nodes of each level, operation and kind of operands, or of thin levels."""
        tape, varying, levels = self.tape, self.varying, self.levels()
        groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        shared: Counter[tuple[int, ...]] = Counter()
        for op, args in zip(tape.ops, tape.args):
            if op == "dot":
                half = len(args) // 2
                shared.update([args[1 : 1 + half], args[1 + half :]])
        for i, (op, args, level) in enumerate(zip(tape.ops, tape.args, levels)):
            if op in LEAVES:
                if op == "gather":
                    groups[level, op].append(i)
            elif op == "dot":
                ws, xs = self.sides(args, shared)
                tape.args[i] = (args[0], *ws, *xs)
                if any(varying[w] for w in ws):
                    groups[level, op, len(args), varying[i]].append(i)
                else:
                    groups[level, "matmul", varying[i], xs].append(i)
            elif op in WIDE:
                groups[level, op, len(args), varying[i]].append(i)
            elif op == "pow" and args[1] in self.constant:
                groups[level, op, varying[i], self.constant[args[1]]].append(i)
            else:
                groups[level, op, varying[i], *[varying[a] for a in args]].append(i)
        thin = self.thin(groups) if narrow else {}
        for key in [key for key in groups if key[0] in thin]:
            if self.is_single(groups[key][0]):
                groups[thin[key[0]], "scalar"] += groups.pop(key)
        for key, nodes in groups.items():
            if key[1] == "scalar":  # a level after the other, in the order of the tape
                nodes.sort(key=lambda i: (levels[i], i))
        return groups

    def levels(self) -> list[int]:
        """For each node, the length of the longest way to it."""
        levels: list[int] = []
        for op, args in zip(self.tape.ops, self.tape.args):
            level = 0 if op == "gather" else -1
            for a in args:
                if levels[a] > level:
                    level = levels[a]
            levels.append(level + 1)
        return levels

    def thin(self, groups: Mapping[Any, Nodes]) -> dict[int, int]:
        """The levels with few nodes a kind, and for each the first of those side by side.

        More are few where levels are mixed: there, operands are rows from here and there. And
        a block between lists costs more than it gains.
        """
        kinds: dict[int, list[Nodes]] = defaultdict(list)
        wide: set[int] = set()  # levels with blocks, after which a list begins anew
        for key, nodes in groups.items():
            if self.is_single(nodes[0]):
                kinds[key[0]].append(nodes)
            else:
                wide.add(key[0])
        sizes = np.fromiter(map(len, groups.values()), int)
        place = np.arange(len(self.tape))
        listed = np.fromiter(chain.from_iterable(groups.values()), int)
        gaps = np.repeat(np.arange(len(sizes)), sizes)
        place[listed] = len(place) + np.arange(len(listed)) + gaps
        first: dict[int, int] = {}
        for level, mine in sorted(kinds.items()):
            mixed = len(mine) > 1
            few = FEW * (1 + (mixed or level - 1 in first)) * len(mine)
            if sum(map(len, mine)) < few or (mixed and self.scattered(mine, place)):
                follows = level - 1 not in wide
                first[level] = first.get(level - 1, level) if follows else level
        return first

    def is_single(self, node: int) -> bool:
        """Whether it can be in a list of single operations."""
        op, count = self.tape.ops[node], len(self.tape.args[node])
        if op in PAIRS:
            return count == 2
        return op not in WIDE or (op in ("sum", "dot") and count <= NARROW)

    def scattered(self, kinds: Sequence[Nodes], place: Array) -> bool:
        """Whether the operands of most nodes do not lie side by side with those of the next.

        Args:
            place: where a node is, if all are in blocks.
        """
        beside = 0
        for nodes in kinds:
            steps = np.diff(place[[self.tape.args[i] for i in nodes]], axis=0)
            beside += int(((steps == 1) | (steps == 0).all(0)).all(1).sum())
        return 2 * beside < sum(map(len, kinds))

    def sides(self, args: tuple[int, ...], shared: Counter[Any]) -> tuple[Nodes, Nodes]:
        """The weights and the inputs of a dot: inputs vary, or are shared by most dots."""
        half = len(args) // 2
        ws, xs = args[1 : 1 + half], args[1 + half :]
        varies = [any(self.varying[a] for a in side) for side in (ws, xs)]
        turn = varies[0] > varies[1] or (varies[0] == varies[1] and shared[ws] > shared[xs])
        return (xs, ws) if turn else (ws, xs)

    # ------------------------------------------------------------------ blocks

    def block(self, key: tuple[Any, ...], nodes: list[int]) -> int:
        """One operation for nodes of a group."""
        op, tape = key[1], self.tape
        args = [tape.args[i] for i in nodes]
        if op == "matmul":
            return self.matmul(key[3], args)
        if op == "gather":
            gathers = [tape.gathers[int(tape.values[i])] for i in nodes]
            cells = self.rows([*chain.from_iterable(gathers)])
            return self.blocks.add("to_lanes", len(nodes), True, (cells,))
        if op in WIDE:
            return self.wide(op, args)
        return self.map(op, args)

    def matmul(self, xs: Nodes, args: list[tuple[int, ...]]) -> int:
        it, n, k = self.blocks, len(args), len(xs)
        weights = self.rows([*chain.from_iterable([each[1 : 1 + k] for each in args])])
        bias = [each[0] for each in args]
        if not xs:
            return self.rows(bias)
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
        cuts = {"take": [0, 1, width], "dot": [0, 1, 1 + half, width]}.get(op, [0, width])
        operands = [
            self.rows([a for slot in zip(*[each[i:j] for each in args]) for a in slot])
            for i, j in pairwise(cuts)
        ]
        width = {"dot": half, "take": width - 1}.get(op, width)
        return self.blocks.reduce(op, len(args), operands, width)

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

    def scalars(self, key: tuple[Any, ...], nodes: list[int]) -> int:
        """A list of single operations for nodes in this order."""
        tape, slot, constant = self.tape, self.slot, self.constant
        ops, args = tape.ops, [tape.args[i] for i in nodes]
        inside = set(nodes)
        reads = [*dict.fromkeys([a for each in args for a in each if a not in inside])]
        for place, i in enumerate(chain(reads, nodes)):
            slot[i] = place
        keys: dict[tuple[Any, ...], int] = {}
        kinds = []
        for i, mine in zip(nodes, args):
            op = ops[i]
            found: tuple[Any, ...] = op, len(mine)
            if op not in PLAIN and not constant.keys().isdisjoint(mine):
                numbers = [constant.get(a) for a in mine]
                numbers[0] = numbers[0] if None in numbers else None
                found = op, len(mine), *map(repr, numbers)  # which tells 0.0 from -0.0
            kinds.append(keys.setdefault(found, len(keys)))
        listed = [
            (op, n, *[None if x == "None" else float(x) for x in numbers or ["None"] * n])
            for op, n, *numbers in keys
        ]
        code = Scalars(
            listed,
            np.array(kinds),
            np.fromiter(map(len, args), int),
            np.fromiter(map(slot.__getitem__, chain.from_iterable(args)), int),
        )
        operands = [self.rows(reads)]
        return self.blocks.add("scalar", len(nodes), False, operands, code)

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

    def roots(self, roots: Sequence[tuple[int, int | None]]) -> int:
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
