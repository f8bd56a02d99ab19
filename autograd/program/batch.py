"""Batch: nodes of one level and operation become one vector instruction.

A node's level is the longest way to it from a leaf, so that nodes of one level need nothing of
each other. Dots that share their inputs become a matrix times a vector.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from autograd.program.arrays import Array, np
from autograd.program.rules import WIDE
from autograd.program.tape import LEAVES, Tape

__all__ = ["Block", "Instruction", "Instructions", "Piece", "Rows", "pieces"]

UNIFORM, LANES = 0, 1  # the blocks of what a program is given
FEW = 4  # nodes that are not worth an instruction
NARROW = 5  # operands of a single sum, at most


class Block(NamedTuple):
    """An array that a program is given or computes: rows of one number, or of all lanes."""

    size: int
    varies: bool


class Piece(NamedTuple):
    """Some rows of a block: a range of them, or a tuple where there is no step."""

    block: int
    rows: range | tuple[int, ...]


Rows = tuple[Piece, ...]


class Instruction(NamedTuple):
    """An operation on rows.

    Attributes:
        op: an operation of the tape; "matmul" for dots with the same inputs, whose operands are
            the weights (row by row), the inputs and the biases; "gather", which makes a block
            of columns: their numbers, lane by lane; or "singles", for nodes one by one.
        out: the block that it computes.
        operands: the rows of each operand, as many as the block has, or one for all. Of a wide
            operation there is one operand: all the first ones, then all the second ones …; a
            "dot" has the biases, all ws and all xs; "take" the indices and all xs.
        width: how many operands each row of a wide operation has, or pairs each row of a dot.
        nodes: an array of the single nodes, in order.
    """

    op: str
    out: int
    operands: tuple[Rows, ...]
    width: int = 1
    nodes: Array = None


class Instructions:
    """What a program does.

    Args:
        tape: what to compute; nodes that no root depends on should have been dropped.
        inputs, lane_inputs: how many uniform inputs there are, and how many for each lane.
        singly: where a graph without lanes is so narrow that there is nothing to batch, let
            one instruction stand for all nodes that are next to each other. Given are the
            wide operations for which this is right. Only the kernel knows such instructions.

    Attributes:
        blocks: first the uniform inputs with the constants, then the inputs of the lanes.
        constants: those of the first block's rows that are no inputs.
        code: the instructions, in order.
        places: for each node of the tape, its block and row.
        roots: for each root of the tape, its block, row and lane (None: all that there are).
        lanes: the number of lanes, if it is fixed.
        outputs: how many of the roots are outputs; the others are guards.
    """

    def __init__(
        self,
        tape: Tape,
        inputs: int,
        lane_inputs: int,
        singly: Collection[str] | None = None,
    ) -> None:
        self.tape, self.inputs = tape, inputs
        self.outputs, self.lanes = tape.outputs, tape.lanes
        self.varying = tape.varying()
        self.constants: list[float] = []
        self.places = np.zeros((len(tape), 2), int)
        for i, op in enumerate(tape.ops):
            if op == "const":
                self.places[i] = UNIFORM, inputs + len(self.constants)
                self.constants.append(tape.values[i])
            elif op in LEAVES:
                self.places[i] = LANES if op == "lane" else UNIFORM, int(tape.values[i])
        self.blocks = [Block(inputs + len(self.constants), False), Block(lane_inputs, True)]
        self.code: list[Instruction] = []
        alone: list[int] = []
        narrow = singly is not None
        for key, nodes in sorted(self._groups(singly).items(), key=lambda item: item[0][0]):
            op = key[1]
            wide = op in WIDE or op == "matmul"
            single = narrow and (not wide or self._may_be_single(nodes[0], singly or ()))
            if op == "singles" or (single and len(nodes) < FEW):
                alone += nodes
                continue
            self._singles(alone)
            operands, width = self._operands(op, nodes)
            if single and not wide and 2 * sum(map(_ranges, operands)) > len(nodes):
                alone = nodes
            else:
                self._add(Instruction(op, len(self.blocks), operands, width), nodes)
                alone = []
        self._singles(alone)
        self.roots = [(*self.places[node].tolist(), lane) for node, lane in tape.roots]

    def _may_be_single(self, node: int, wide: Collection[str]) -> bool:
        return self.tape.ops[node] in wide and len(self.tape.args[node]) <= NARROW

    def _singles(self, nodes: list[int]) -> None:
        if nodes:
            every = np.array(nodes)
            self._add(Instruction("singles", len(self.blocks), (), 1, every), every)

    def _add(self, instruction: Instruction, nodes: Sequence[int] | Array) -> None:
        self.places[nodes, 0] = instruction.out
        self.places[nodes, 1] = range(len(nodes))
        self.blocks.append(Block(len(nodes), self.varying[nodes[0]]))
        self.code.append(instruction)

    def _levels(self) -> list[int]:
        """For each node, the length of the longest way to it."""
        levels: list[int] = []
        for op, args in zip(self.tape.ops, self.tape.args):
            level = 0 if op == "column" else -1  # that of its leaves
            for a in args:
                if levels[a] > level:
                    level = levels[a]
            levels.append(level + 1)
        return levels

    def _thin(self, levels: Array, wide: Collection[str]) -> Array:
        """For each node, whether its level has few nodes."""
        weights = (levels > 0).astype(int)
        for i, op in enumerate(self.tape.ops):
            if op in WIDE and not self._may_be_single(i, wide):
                weights[i] = FEW
        counts = np.bincount(levels, weights)
        return ((counts > 0) & (counts < FEW))[levels]

    def _groups(self, singly: Collection[str] | None) -> dict[tuple[Any, ...], list[int]]:
        """The nodes of each level, operation and kind of operands, or of thin levels."""
        tape, varying, levels = self.tape, self.varying, np.array(self._levels(), int)
        groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        todo = levels > 0
        if singly is not None:
            thin = self._thin(levels, singly)
            todo &= ~thin
            nodes = np.flatnonzero(thin)
            nodes = nodes[np.argsort(levels[nodes], kind="stable")]
            parts = np.split(nodes, np.flatnonzero(np.diff(levels[nodes]) > 1) + 1)
            for part in parts if len(nodes) else ():
                groups[levels[part[0]], "singles"] = part.tolist()
        shared: Counter[tuple[int, ...]] = Counter()
        for op, args in zip(tape.ops, tape.args):
            if op == "dot":
                half = len(args) // 2
                shared.update([args[1 : 1 + half], args[1 + half :]])
        kinds = [*zip(tape.ops, varying)] if todo.any() else []
        kind_of = kinds.__getitem__
        for i, level in zip(np.flatnonzero(todo).tolist(), levels[todo].tolist()):
            op, args, kind = tape.ops[i], tape.args[i], kinds[i]
            if op == "dot":
                ws, xs = self._sides(i, shared)
                if not any(varying[w] for w in ws):
                    groups[level, "matmul", kind, xs].append(i)
                    continue
            if op == "column":
                groups[level, "gather"].append(i)
            elif op in WIDE:
                groups[level, op, len(args), kind].append(i)
            elif op == "pow" and tape.ops[args[1]] == "const":
                groups[level, op, kind, kind_of(args[0]), tape.values[args[1]]].append(i)
            else:
                groups[level, op, kind, *map(kind_of, args)].append(i)
        return groups

    def _sides(
        self, i: int, shared: Counter[tuple[int, ...]]
    ) -> tuple[Sequence[int], Sequence[int]]:
        """The weights and the inputs of a dot: inputs vary, or are shared by most dots."""
        args = self.tape.args[i]
        half = len(args) // 2
        ws, xs = args[1 : 1 + half], args[1 + half :]
        varies = [any(self.varying[a] for a in side) for side in (ws, xs)]
        if varies[0] > varies[1] or (varies[0] == varies[1] and shared[ws] > shared[xs]):
            ws, xs = xs, ws
            self.tape.args[i] = (args[0], *ws, *xs)
        return ws, xs

    def _operands(self, op: str, nodes: list[int]) -> tuple[tuple[Rows, ...], int]:
        """The rows of an instruction's operands, and its width."""
        tape = self.tape
        args = [tape.args[i] for i in nodes]
        width = len(args[0])
        half = width // 2
        by_slot = [list(each) for each in zip(*args)]
        if op == "gather":
            columns = [tape.columns[int(tape.values[i])] for i in nodes]
            by_slot = [[a for column in columns for a in column]]
        elif op == "matmul":
            weights = [w for each in args for w in each[1 : 1 + half]]
            by_slot, width = [weights, list(args[0][1 + half :]), by_slot[0]], half
        elif op in WIDE:
            cuts = {"take": [0, 1, width], "dot": [0, 1, 1 + half, width]}.get(op, [0, width])
            by_slot = [
                [a for each in by_slot[start:end] for a in each]
                for start, end in itertools.pairwise(cuts)
            ]
            width = {"dot": half, "take": width - 1}.get(op, width)
        keep = op in WIDE or op in ("gather", "matmul")
        alike = all(len(set(each)) == 1 for each in by_slot)
        rows = [self._rows(each, keep or (alike and k == 0)) for k, each in enumerate(by_slot)]
        if op == "matmul":
            rows[2] = self._rows(by_slot[2], False)
        return tuple(rows), width

    def _rows(self, nodes: Sequence[int], keep: bool) -> Rows:
        """Where these nodes are. The same one again and again is one row, unless `keep`."""
        places = self.places[nodes].tolist()
        alike = not keep and places.count(places[0]) == len(places)
        return pieces(places[:1] if alike else places)


def _ranges(rows: Rows) -> int:
    """How many ranges it takes."""
    return sum([1 if type(piece.rows) is range else len(piece.rows) for piece in rows])


def pieces(places: Sequence[tuple[int, int]]) -> Rows:
    """Blocks and rows in them, as few pieces."""
    found: list[Piece] = []
    start = 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end][0] != places[start][0]:
            found.append(Piece(places[start][0], steps([r for _, r in places[start:end]])))
            start = end
    return tuple(found)


def steps(rows: Sequence[int]) -> range | tuple[int, ...]:
    """The rows as a range if they go up by equal steps, else as a tuple."""
    step = rows[1] - rows[0] if len(rows) > 1 else 1
    regular = range(rows[0], rows[0] + step * len(rows), step) if step > 0 else range(0)
    return regular if list(regular) == list(rows) else tuple(rows)
