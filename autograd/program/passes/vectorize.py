"""Vectorize: nodes of one level and operation become one operation on a block of rows (SLP).

A node's level is the longest way to it from a leaf, so nodes of one level need nothing of each
other (superword-level parallelism, Larsen and Amarasinghe 2000). Dots that share their inputs
become a matrix times a vector. A tape of which little is alike can become a list (`narrow.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from autograd.program.ir.program import WIDE, BlockProgram, as_range, operand
from autograd.program.ir.tape import LEAVES, Node, Root, Tape
from autograd.program.passes.narrow import is_narrow, list_of, stages
from autograd.rules.expression import applied

__all__ = ["vectorize"]


def vectorize(tape: Tape, with_lists: bool = False) -> BlockProgram:
    """Return the program of a tape, which has no dead nodes.

    Args:
        with_lists: whether a narrow tape becomes lists of single operations, which only the
            kernel knows.
    """
    levels = tape.levels()
    vectorizer = _Vectorizer(tape)
    if with_lists and not vectorizer.varies and is_narrow(tape, levels):
        vectorizer.place_stages(levels)
    else:
        vectorizer.place_blocks(levels)
    return vectorizer.finish()


class Kind(NamedTuple):
    """What nodes of one block have in common, besides their level.

    Attributes:
        op: the operation; "matmul" for dots that share their inputs.
        arity: how many operands it has.
        varies: whether it has a number for each lane.
        more: which operands vary; the exponent of a power; the shared inputs of a matmul.
    """

    op: str
    arity: int
    varies: bool
    more: Any = None


class _Vectorizer:
    """Puts nodes into blocks.

    Attributes:
        value, row: for each node, the value and the row of it where its number is.
        constants: the nodes that are numbers.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape, self.nodes = tape, [*tape.nodes]
        self.program = BlockProgram()
        self.program.lanes = tape.lanes
        self.value, self.row = [0] * len(tape.nodes), [0] * len(tape.nodes)
        self.constants = {i: x.number for i, x in enumerate(tape.nodes) if x.op == "const"}
        self.flattened: dict[int, int] = {}  # values as `from_lanes` gives them
        self.varies = any(node.varies for node in tape.nodes)
        self.place_leaves()

    def finish(self) -> BlockProgram:
        """The program, with its results."""
        self.program.results["out"] = self.rows_of_roots(self.tape.outputs)
        if self.tape.guards:
            self.program.results["checks"] = self.rows_of_roots(self.tape.guards)
        return self.program

    def place_blocks(self, levels: Sequence[int]) -> None:
        """Append a block for the nodes of each level and kind."""
        for kind, members in self.groups(levels):
            self.place(self.block(kind, [self.nodes[i] for i in members]), members)

    def place_stages(self, levels: Sequence[int]) -> None:
        """Append lists of single operations, and blocks of what can be in none."""
        for op, members in stages(self.tape, levels):
            if op is None:
                self.place(self.scalars(members), members)
            else:
                nodes = [self.nodes[i] for i in members]
                self.place(self.block(Kind(op, len(nodes[0].args), False), nodes), members)

    def scalars(self, members: list[int]) -> int:
        """Append a list of single operations."""
        scalars, reads = list_of(self.tape, members, self.value)
        rows = self.rows(reads) if reads else self.program.const([])
        return self.program.add("scalars", len(members), (rows,), scalars)

    def place(self, v: int, members: Sequence[int]) -> None:
        """Note that these nodes are the rows of a value, in this order."""
        for row, i in enumerate(members):
            self.value[i], self.row[i] = v, row

    def place_leaves(self) -> None:
        """Append the inputs and all constants."""
        cells: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
        for given in self.tape.inputs:
            if not given.rows:
                continue
            v = self.program.add("input", given.rows, (), given.name, given.varies)
            cells[given.varies] += [(v, row) for row in range(given.rows)]
        if self.constants:
            self.place(self.program.const([*self.constants.values()]), [*self.constants])
        for i, node in enumerate(self.nodes):
            if node.op == "input":
                self.value[i], self.row[i] = cells[node.varies][int(node.number)]

    # ------------------------------------------------------------------ what goes together

    def groups(self, levels: Sequence[int]) -> list[tuple[Kind, list[int]]]:
        """The nodes of each level and kind, level after level."""
        shared = self.count_sides()
        groups: dict[tuple[int, Kind], list[int]] = defaultdict(list)
        for i, level in enumerate(levels):
            node = self.nodes[i]
            if node.op == "dot":
                node = self.nodes[i] = self.turn_dot(node, shared)
            if node.op == "gather" or node.op not in LEAVES:
                groups[level, self.kind(node, shared)].append(i)
        ordered = sorted(groups.items(), key=lambda item: (item[0][0], item[0][1].op))
        return [(kind, members) for (_, kind), members in ordered]

    def count_sides(self) -> Counter[tuple[int, ...]]:
        """How many dots have each of their sides."""
        sides: Counter[tuple[int, ...]] = Counter()
        for node in self.nodes:
            if node.op == "dot":
                sides.update(_sides(node))
        return sides

    def turn_dot(self, node: Node, shared: Counter[tuple[int, ...]]) -> Node:
        """The dot with its weights first: inputs vary, or are shared by most dots."""
        ws, xs = _sides(node)
        w_varies, x_varies = self.varies_among(ws), self.varies_among(xs)
        if w_varies > x_varies or (w_varies == x_varies and shared[ws] > shared[xs]):
            return node._replace(args=(node.args[0], *xs, *ws))
        return node

    def varies_among(self, members: Sequence[int]) -> bool:
        """Whether one of these nodes has a number for each lane."""
        return self.varies and any(self.nodes[i].varies for i in members)

    def kind(self, node: Node, shared: Counter[tuple[int, ...]]) -> Kind:
        op, count = node.op, len(node.args)
        if op == "dot":
            ws, xs = _sides(node)
            if not self.varies_among(ws) and (self.varies or shared[xs] > 1):
                return Kind("matmul", count, node.varies, xs)
        elif op == "pow" and node.args[1] in self.constants:
            return Kind(op, count, node.varies, self.constants[node.args[1]])
        elif self.varies and not _is_wide(op):
            return Kind(
                op, count, node.varies, tuple([self.nodes[a].varies for a in node.args])
            )
        return Kind(op, count, node.varies)

    # ------------------------------------------------------------------ blocks

    def block(self, kind: Kind, nodes: list[Node]) -> int:
        """Append the operation for nodes of one kind."""
        if kind.op == "matmul":
            return self.matmul(kind.more, nodes)
        if kind.op == "gather":
            gathers = [self.tape.gathers[int(node.number)] for node in nodes]
            cells = self.rows([*chain.from_iterable(gathers)])
            return self.program.add("to_lanes", len(nodes), (cells,), lanes=True)
        if kind.op == "over":
            rows = self.rows([node.args[0] for node in nodes])
            return self.program.add("sum_lanes", len(nodes), (rows,), lanes=False)
        if kind.op == "dot":
            return self.dot([node.args for node in nodes])
        if _is_wide(kind.op):
            return self.wide(kind.op, [node.args for node in nodes])
        return self.map(kind.op, [node.args for node in nodes])

    def matmul(self, xs: Sequence[int], nodes: list[Node]) -> int:
        program, biases = self.program, [node.args[0] for node in nodes]
        if not xs:
            return self.rows(biases)
        weights = self.rows([*chain.from_iterable([_sides(node)[0] for node in nodes])])
        operands = [weights, self.rows(xs)]
        if all(self.constants.get(b) == 0.0 for b in biases):
            return program.add("matmul", len(nodes), operands)
        if self.varies_among(biases):
            product = program.add("matmul", len(nodes), operands)
            return program.apply("add", product, self.rows(biases), rows=len(nodes))
        return program.add("matmul", len(nodes), [*operands, self.rows(biases)])

    def dot(self, args: list[tuple[int, ...]]) -> int:
        half = len(args[0]) // 2
        if not half:
            return self.rows([each[0] for each in args])
        biases = self.rows([each[0] for each in args])
        weights = self.rows(_slot_by_slot([each[1 : 1 + half] for each in args]))
        inputs = self.rows(_slot_by_slot([each[1 + half :] for each in args]))
        return self.program.reduce("dot", len(args), biases, weights, inputs)

    def wide(self, op: str, args: list[tuple[int, ...]]) -> int:
        if not args[0]:  # a sum of nothing
            return self.program.const([0.0] * len(args))
        return self.program.reduce(op, len(args), self.rows(_slot_by_slot(args)))

    def map(self, op: str, args: list[tuple[int, ...]]) -> int:
        """Append an operation row by row. A number that all rows share is in the formula."""
        program, count, width = self.program, len(args), len(args[0])
        slots: list[Any] = []
        values: list[int] = []
        for k in range(width):
            members = [each[k] for each in args]
            is_same = members.count(members[0]) == count
            if is_same and members[0] in self.constants and (values or k + 1 < width):
                slots.append(self.constants[members[0]])
            else:
                slots.append(operand(len(values)))
                values.append(self.rows(members[:1] if is_same else members))
        if op == "take":
            chosen = program.emit(applied(op, slots), values)
            return program.repeat(int(chosen), count)
        return program.map(program.formula(op, slots), values, count)

    # ------------------------------------------------------------------ rows

    def rows(self, members: Sequence[int]) -> int:
        """A value whose rows are these nodes."""
        program, first = self.program, self.value[members[0]]
        if len(members) == 1:
            row = self.row[members[0]]
            return program.pick(first, range(row, row + 1))
        values, rows = [self.value[i] for i in members], [self.row[i] for i in members]
        if values.count(first) == len(values):
            return program.pick(first, as_range(rows))
        operands, starts, end = [*dict.fromkeys(values)], dict[int, int](), 0
        for v in operands:
            starts[v] = end
            end += program.ops[v].rows
        places = as_range([starts[v] + row for v, row in zip(values, rows)])
        return program.pick_of_several(operands, places)

    def rows_of_roots(self, roots: Sequence[Root]) -> int:
        """A value that has these; of a re-rolled graph, lanes of a node become rows."""
        if not roots:
            return self.program.const([])
        first = len(self.value)
        for root in roots:
            v, row = self.value[root.node], self.row[root.node]
            if root.lane is not None and self.program.lanes:
                v = self.lanes_as_rows(v)
                row = row * self.program.lanes + root.lane
            self.value.append(v)
            self.row.append(row)
        return self.rows(range(first, len(self.value)))

    def lanes_as_rows(self, v: int) -> int:
        """The numbers of all lanes of a value, a row each."""
        if v not in self.flattened:
            rows = self.program.ops[v].rows * (self.program.lanes or 1)
            self.flattened[v] = self.program.add("from_lanes", rows, (v,), lanes=False)
        return self.flattened[v]


def _sides(node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The two sides of a dot, whose first operand is the bias."""
    half = len(node.args) // 2
    return node.args[1 : 1 + half], node.args[1 + half :]


def _slot_by_slot(args: Sequence[tuple[int, ...]]) -> list[int]:
    """The first operands of all, then the second ones, and so on."""
    return [*chain.from_iterable(zip(*args))]


def _is_wide(op: str) -> bool:
    """Whether an operation takes any number of operands that are rows of a reduce."""
    return op in WIDE
