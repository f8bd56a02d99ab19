"""Batch: nodes of one level and operation become one vector instruction.

A node's level is the longest way to it from a leaf, so that nodes of one level need nothing of
each other. Dots that share their inputs become a matrix times a vector.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd.program.rules import WIDE
from autograd.program.tape import LEAVES, Tape

__all__ = ["Block", "Instruction", "Instructions", "Piece", "Rows", "batch", "pieces"]

UNIFORM, LANES = 0, 1  # the blocks of what a program is given


@dataclass(frozen=True)
class Block:
    """An array that a program is given or computes: rows of one number, or of all lanes."""

    size: int
    varies: bool


@dataclass(frozen=True)
class Piece:
    """Some rows of a block: a range of them, or a tuple where there is no step."""

    block: int
    rows: range | tuple[int, ...]


Rows = tuple[Piece, ...]


@dataclass(frozen=True)
class Instruction:
    """An operation on rows.

    Attributes:
        op: an operation of the tape; "matmul" for dots with the same inputs, whose operands are
            the weights (row by row), the inputs and the biases; or "gather", which makes a
            block of columns: their numbers, lane by lane.
        out: the block that it computes.
        operands: the rows of each operand, as many as the block has, or one for all. Of a wide
            operation there is one operand: all the first ones, then all the second ones …; a
            "dot" has the biases, all ws and all xs; "take" the indices and all xs.
        width: how many operands each row of a wide operation has, or pairs each row of a dot.
    """

    op: str
    out: int
    operands: tuple[Rows, ...]
    width: int = 1


@dataclass
class Instructions:
    """What a program does.

    Attributes:
        blocks: first the uniform inputs with the constants, then the inputs of the lanes.
        inputs: how many of the first block's rows are inputs.
        constants: the rest of that block.
        code: the instructions, in order.
        roots: for each root of the tape, its block, row and lane (None: all that there are).
        lanes: the number of lanes, if it is fixed.
        outputs: how many of the roots are outputs; the others are guards.
    """

    blocks: list[Block]
    inputs: int
    constants: list[float]
    roots: list[tuple[int, int, int | None]]
    outputs: int
    lanes: int | None
    code: list[Instruction] = field(default_factory=list)


def batch(tape: Tape, inputs: int, lane_inputs: int) -> Instructions:
    """The instructions that compute a tape.

    Args:
        tape: what to compute; nodes that no root depends on should have been dropped.
        inputs, lane_inputs: how many uniform inputs there are, and how many for each lane.
    """
    return _Batcher(tape, inputs, lane_inputs).run()


class _Batcher:
    def __init__(self, tape: Tape, inputs: int, lane_inputs: int) -> None:
        self.tape = tape
        self.varying = tape.varying()
        self.places: list[tuple[int, int]] = [(-1, -1)] * len(tape)
        constants = [i for i, op in enumerate(tape.ops) if op == "const"]
        numbers = [tape.values[i] for i in constants]
        for row, i in enumerate(constants, inputs):
            self.places[i] = (UNIFORM, row)
        for i, op in enumerate(tape.ops):
            if op in ("input", "lane"):
                self.places[i] = (LANES if op == "lane" else UNIFORM, int(tape.values[i]))
        blocks = [Block(inputs + len(numbers), False), Block(lane_inputs, True)]
        self.result = Instructions(blocks, inputs, numbers, [], tape.outputs, tape.lanes)

    def run(self) -> Instructions:
        for key, nodes in sorted(self.groups().items(), key=lambda item: item[0][0]):
            self.instruct(str(key[1]), nodes)
        roots = self.tape.roots
        self.result.roots = [(*self.places[node], lane) for node, lane in roots]
        return self.result

    def groups(self) -> dict[tuple[int, str, object], list[int]]:
        """The nodes of each level, operation and kind of operands."""
        tape, varying = self.tape, self.varying
        shared: Counter[tuple[int, ...]] = Counter()
        for op, args in zip(tape.ops, tape.args):
            if op == "dot":
                half = len(args) // 2
                shared.update([args[1 : 1 + half], args[1 + half :]])
        levels: list[int] = []
        groups: dict[tuple[int, str, object], list[int]] = defaultdict(list)
        for i, (op, args) in enumerate(zip(tape.ops, tape.args)):
            needed: Sequence[int] = args
            if op == "column":
                needed = tape.columns[int(tape.values[i])]
            levels.append(1 + max([levels[a] for a in needed]) if needed else 0)
            if op == "dot":
                ws, xs = self.sides(i, shared)
                if not any(varying[w] for w in ws):
                    groups[levels[i], "matmul", xs].append(i)
                    continue
            if op == "column":
                groups[levels[i], "gather", None].append(i)
            elif op not in LEAVES:
                sources = tuple([(varying[a], tape.ops[a]) for a in args])
                kind = len(args) if op in WIDE else sources
                power = op == "pow" and tape.ops[args[1]] == "const" and tape.values[args[1]]
                groups[levels[i], op, (kind, varying[i], power)].append(i)
        return groups

    def sides(
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

    def instruct(self, op: str, nodes: list[int]) -> None:
        tape = self.tape
        args = [tape.args[i] for i in nodes]
        half = len(args[0]) // 2
        width = len(args[0])
        if op == "gather":
            columns = [tape.columns[int(tape.values[i])] for i in nodes]
            operands = [[a for column in columns for a in column]]
        elif op == "matmul":
            weights = [w for each in args for w in each[1 : 1 + half]]
            operands = [weights, list(args[0][1 + half :]), [each[0] for each in args]]
            width = half
        elif op in WIDE:
            by_slot = [list(each) for each in zip(*args)]
            joined = [a for each in by_slot for a in each]
            first = [a for each in by_slot[:1] for a in each]
            rest = joined[len(nodes) :]
            operands = {"take": [first, rest], "dot": [first]}.get(op, [joined])
            if op == "dot":
                operands += [rest[: half * len(nodes)], rest[half * len(nodes) :]]
            width = {"dot": half, "take": width - 1}.get(op, width)
        else:
            operands = [list(each) for each in zip(*args)]
        keep = op in WIDE or op in ("gather", "matmul")
        out = len(self.result.blocks)
        for row, i in enumerate(nodes):
            self.places[i] = (out, row)
        self.result.blocks.append(Block(len(nodes), self.varying[nodes[0]]))
        alike = all(len(set(each)) == 1 for each in operands)
        rows = [self.rows(each, keep or (alike and k == 0)) for k, each in enumerate(operands)]
        if op == "matmul":
            rows[2] = self.rows(operands[2], False)
        self.result.code.append(Instruction(op, out, tuple(rows), width))

    def rows(self, nodes: Sequence[int], keep: bool) -> Rows:
        """Where these nodes are. The same one again and again is one row, unless `keep`."""
        places = [self.places[i] for i in nodes]
        alike = not keep and places.count(places[0]) == len(places)
        return pieces(places[:1] if alike else places)


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
