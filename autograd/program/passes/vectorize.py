"""Vectorize: nodes of one level and operation become one operation on a block of rows (SLP).

A node's level is the longest way to it from a leaf, so nodes of one level need nothing of each
other. Dots that share their inputs become a matrix times a vector. Where a graph is so narrow
that there is nothing to put together, its nodes can become a list of single operations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import Blocks, Scalars, operand, regular, spread
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
Key = tuple[Any, ...]


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
        self.slot = np.full(len(tape), -1)  # where the list that is made has a node
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
        self.narrow = scalars and tape.lanes is None and not any(self.varying)
        for key, nodes in self.groups():
            self.put(self.block(key, nodes) if key else self.scalars(nodes), nodes)
        it.results["out"] = self.roots(tape.roots[: tape.outputs])
        if tape.roots[tape.outputs :]:
            it.results["checks"] = self.roots(tape.roots[tape.outputs :])

    def put(self, v: int, nodes: Nodes) -> None:
        """These nodes are the rows of a value."""
        for row, i in enumerate(nodes):
            self.value[i], self.row[i] = v, row

    # ------------------------------------------------------------------ what goes together

    def groups(self) -> list[tuple[Key, list[int]]]:
        """The nodes of each level and kind; lists of single operations have no key."""
        levels, (kinds, keys) = self.levels(), self.kinds()
        single = [_is_single(*key[:2]) for key in keys]
        first = self.thin(levels, kinds, single) if self.narrow else {}
        groups: dict[tuple[int, bool, int], list[int]] = defaultdict(list)
        for i, (level, kind) in enumerate(zip(levels, kinds)):
            if kind >= 0:
                listed = level in first and single[kind]
                groups[(first[level], True, -1) if listed else (level, False, kind)].append(i)
        for (_, listed, _), nodes in groups.items():
            if listed:  # a level after the other, in the order of the tape
                nodes.sort(key=levels.__getitem__)
        ordered = sorted(groups.items(), key=lambda item: item[0][:2])
        return [(keys[kind] if kind >= 0 else (), nodes) for (_, _, kind), nodes in ordered]

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

    def kinds(self) -> tuple[list[int], list[Key]]:
        """For each node, the place of its operation and kind of operands; -1 for a leaf."""
        tape, varying, varies = self.tape, self.varying, any(self.varying)
        kinds: list[int] = []
        known: dict[Key, int] = {}
        shared: Counter[tuple[int, ...]] = Counter()
        for op, args in zip(tape.ops, tape.args):
            if op == "dot":
                half = len(args) // 2
                shared.update([args[1 : 1 + half], args[1 + half :]])
        for i, (op, args) in enumerate(zip(tape.ops, tape.args)):
            key: Key = op, len(args)
            if op == "dot":
                ws, xs = self.sides(args, shared)
                tape.args[i] = (args[0], *ws, *xs)
                if any(varying[w] for w in ws):
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
                    *([] if op in WIDE else [varying[a] for a in args]),
                )
            kinds.append(known.setdefault(key, len(known)))
        return kinds, [*known]

    def thin(
        self, levels: Sequence[int], kinds: Sequence[int], single: Sequence[bool]
    ) -> dict[int, int]:
        """The levels with few nodes a kind, and for each the first of those side by side.

        More are few where levels are mixed: there, operands are rows from here and there. And
        a block between lists costs more than it gains.

        Args:
            levels, kinds: of each node.
            single: for each kind, whether it can be in a list of single operations.
        """
        sizes, several = Counter[int](), Counter[int]()
        wide: set[int] = set()  # levels with blocks, after which a list begins anew
        for (level, kind), count in Counter(zip(levels, kinds)).items():
            if level and single[kind]:
                sizes[level] += count
                several[level] += 1
            else:
                wide.add(level)
        beside: list[int] = []
        first: dict[int, int] = {}
        for level in sorted(sizes):
            mixed = several[level] > 1
            few = FEW * (1 + (mixed or level - 1 in first)) * several[level]
            scattered = False
            if mixed and sizes[level] >= few:
                beside = beside or self.beside(*map(np.array, (levels, kinds, single)))
                scattered = 2 * beside[level] < sizes[level]
            if scattered or sizes[level] < few:
                follows = level - 1 not in wide
                first[level] = first.get(level - 1, level) if follows else level
        return first

    def beside(self, levels: Array, kinds: Array, single: Array) -> list[int]:
        """In each level, of how many nodes the operands lie beside those of the next.

        Only what can be in a list is counted, of one kind at a time.
        """
        nodes = np.lexsort((kinds, levels))[np.count_nonzero(kinds < 0) :]  # leaves come first
        level, kind = levels[nodes], kinds[nodes]
        alike = (level[1:] == level[:-1]) & (kind[1:] == kind[:-1])
        group = np.append(0, np.cumsum(~alike))
        place = np.arange(len(levels))
        place[nodes] = len(place) + np.arange(len(nodes)) + group  # if all are in blocks
        counts = np.fromiter(map(len, self.tape.args), int, len(place))
        begins = np.cumsum(counts) - counts
        read = place[np.fromiter(chain.from_iterable(self.tape.args), int)]
        pairs = np.flatnonzero(alike & single[kind[1:]])
        a, b = nodes[pairs], nodes[pairs + 1]
        pair, here = spread(begins[a], counts[a])
        slot = here - begins[a][pair]
        steps = read[begins[b][pair] + slot] - read[here]
        slot += group[pairs][pair] * (1 + slot.max(initial=0))
        moves = np.bincount(slot, steps != 0) > 0
        apart = np.bincount(pair, (steps != 1) & moves[slot], minlength=len(pairs))
        found: list[int] = np.bincount(
            level[pairs[apart == 0]], minlength=level[-1] + 1
        ).tolist()
        return found

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

    def scalars(self, nodes: list[int]) -> int:
        """A list of single operations for nodes in this order."""
        tape, constant, slot = self.tape, self.constant, self.slot
        args = [tape.args[i] for i in nodes]
        keys: dict[Key, int] = {}
        kinds = []
        for i, mine in zip(nodes, args):
            op = tape.ops[i]
            found: Key = op, len(mine)
            if op not in PLAIN and not constant.keys().isdisjoint(mine):
                numbers = [constant.get(a) for a in mine]
                numbers[0] = numbers[0] if None in numbers else None
                found = op, len(mine), *map(repr, numbers)  # which tells 0.0 from -0.0
            kinds.append(keys.setdefault(found, len(keys)))
        listed = [
            (op, n, *[None if x == "None" else float(x) for x in numbers or ["None"] * n])
            for op, n, *numbers in keys
        ]
        read = np.fromiter(chain.from_iterable(args), int)
        inside = np.array(nodes)
        slot[inside] = np.arange(len(nodes))
        outside = [*dict.fromkeys(read[slot[read] < 0].tolist())]
        slot[outside] = np.arange(-len(outside), 0)
        counts = np.fromiter(map(len, args), int)
        code = Scalars(listed, np.array(kinds), counts, slot[read] + len(outside))
        slot[inside] = -1
        operands = [self.rows(outside)]
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


def _is_single(op: str, count: int) -> bool:
    """Whether an operation of so many operands can be in a list of single ones."""
    if op in PAIRS:
        return count == 2
    return op not in WIDE | {"matmul"} or (op in ("sum", "dot", "matmul") and count <= NARROW)
