"""The tape: what a function computed, one operation on single numbers a node.

The recorder writes it, the passes go from one tape to the next, and `vectorize` makes a program
on blocks of it. It is a Wengert list (Wengert 1964): a node stands after its operands, and is
named by its place. `str(tape)` shows it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.core.primitive import TABLE

__all__ = ["LEAVES", "Dot", "Input", "Node", "Root", "Tape"]
__all__ += ["dot_terms", "move", "uncollected"]

LEAVES = frozenset(["input", "const", "gather"])


class Node(NamedTuple):
    """One operation on single numbers.

    Attributes:
        op: "input", "const", "gather" (after the re-roll: a leaf of its own in each lane), the
            name of a primitive, a comparison ("lt", …), "detach", or "over" (the sum of its
            operand over all lanes).
        args: the places of its operands. Those of a dot are the bias, the weights and the
            inputs, in this order.
        number: of a const the number, of an input its row among all inputs that vary alike,
            of a gather the place in the tape's `gathers`.
        varies: whether each lane has its own.
    """

    op: str
    args: tuple[int, ...] = ()
    number: float = 0.0
    varies: bool = False


class Dot(NamedTuple):
    """The operands of a dot: bias + Σ weight · input."""

    bias: int
    weights: tuple[int, ...]
    inputs: tuple[int, ...]


class Input(NamedTuple):
    """Some numbers that the function is given; each is a row.

    Attributes:
        varies: whether each lane has its own.
    """

    name: str
    rows: int
    varies: bool


class Root(NamedTuple):
    """A node that is a result.

    Attributes:
        lane: the lane whose number it is, after the re-roll; else None.
    """

    node: int
    lane: int | None = None


@dataclass
class Tape:
    """Nodes in topological order, and which of them are results.

    Attributes:
        nodes: each after its operands.
        inputs: the rows of those that don't vary follow each other, as do those that vary.
        outputs: what the function gives.
        guards: what it compared; they must be as recorded for the tape to be right.
        gathers: after the re-roll, lists of leaves, one a lane.
        lanes: how many lanes the re-roll found.
    """

    nodes: list[Node] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Root] = field(default_factory=list)
    guards: list[Root] = field(default_factory=list)
    gathers: list[tuple[int, ...]] = field(default_factory=list)
    lanes: int | None = None

    def __len__(self) -> int:
        return len(self.nodes)

    def add(self, op: str, args: Iterable[int] = (), number: float = 0.0) -> int:
        """Append a const or an operation, which varies if an operand does; return its place."""
        args = tuple(args)
        varies = op != "over" and any(self.nodes[a].varies for a in args)
        return self.append(Node(op, args, number, varies))

    def add_gather(self, leaves: tuple[int, ...]) -> int:
        """Append a node that is another leaf in each lane; return its place."""
        self.gathers.append(leaves)
        return self.append(Node("gather", (), float(len(self.gathers) - 1), True))

    def append(self, node: Node) -> int:
        """Append a node whose operands are in the tape; return its place."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def copy_roots(self, source: Tape, places: Sequence[int]) -> None:
        """Take over the roots of a tape whose nodes are now at these places."""
        self.outputs = [Root(places[node], lane) for node, lane in source.outputs]
        self.guards = [Root(places[node], lane) for node, lane in source.guards]

    def ops_with_trait(self, trait: str) -> set[str]:
        """Return the operations on the tape that have a trait; see `autograd.primitive`."""
        ops = {node.op for node in self.nodes} & TABLE.keys()
        return {op for op in ops if trait in TABLE[op].traits.split()}

    def roots(self) -> list[Root]:
        """Return the outputs and then the guards."""
        return [*self.outputs, *self.guards]

    def operands(self, node: Node) -> tuple[int, ...]:
        """Return the places of what a node reads: its operands, or the leaves of a gather."""
        return self.gathers[int(node.number)] if node.op == "gather" else node.args

    def live(self, roots: Sequence[Root] | None = None) -> bytearray:
        """Return for each node whether a root depends on it.

        Args:
            roots: all roots of the tape unless given.
        """
        live = bytearray(len(self.nodes))
        for root in self.roots() if roots is None else roots:
            live[root.node] = 1
        for place in reversed(range(len(self.nodes))):
            if live[place]:
                for operand in self.operands(self.nodes[place]):
                    live[operand] = 1
        return live

    def levels(self) -> list[int]:
        """Return for each node the length of the longest path to it from an input or const."""
        levels: list[int] = []
        for node in self.nodes:
            if node.op == "gather":
                levels.append(1)
            else:
                levels.append(1 + max([levels[operand] for operand in node.args], default=-1))
        return levels

    def __str__(self) -> str:
        names = {varies: _row_names(self.inputs, varies) for varies in (False, True)}
        lines = [f"{self.lanes} lanes"] if self.lanes else []
        for place, node in enumerate(self.nodes):
            text = f"%{place} = {self._text(node, names[node.varies])}"
            lines.append(text + ("  in each lane" if node.varies else ""))
        lines.append(" ".join(["outputs:", *map(_root_text, self.outputs)]))
        if self.guards:
            lines.append(" ".join(["guards:", *map(_root_text, self.guards)]))
        return "\n".join(lines)

    def _text(self, node: Node, names: Sequence[str]) -> str:
        if node.op == "const":
            return repr(node.number)
        if node.op == "input":
            row = int(node.number)
            return names[row] if row < len(names) else f"input {row}"
        return " ".join([node.op, *[f"%{operand}" for operand in self.operands(node)]])


def dot_terms(node: Node) -> Dot:
    """Take the operands of a dot apart."""
    half = len(node.args) // 2
    return Dot(node.args[0], node.args[1 : 1 + half], node.args[1 + half :])


def move(node: Node, places: Sequence[int]) -> Node:
    """Return a node for another tape, where its operands are at these places."""
    args = tuple(map(places.__getitem__, node.args))
    return node if args == node.args else Node(node.op, args, node.number, node.varies)


def _row_names(inputs: Sequence[Input], varies: bool) -> list[str]:
    """Return a name for each row of the inputs that vary, or of those that don't."""
    names: list[str] = []
    for given in inputs:
        if given.varies != varies:
            continue
        if given.rows == 1:
            names.append(given.name)
        else:
            names += [f"{given.name}[{row}]" for row in range(given.rows)]
    return names


def _root_text(root: Root) -> str:
    return f"%{root.node}" if root.lane is None else f"%{root.node}.{root.lane}"


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collection of garbage while many small objects are made, none of it garbage."""
    collects = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if collects:
            gc.enable()
