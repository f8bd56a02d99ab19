"""Nodes that a pass appends to a tape, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.ir.tape import Tape
from autograd.rules.expression import SYMBOLS, Expression

__all__ = ["Builder"]


class Builder:
    """Appends nodes to a tape, which may have lanes.

    Attributes:
        varying: for each node, whether its value differs from lane to lane.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape, self.varying = tape, tape.varying()
        self.nodes: dict[tuple[str, tuple[int, ...], float], int] = {}
        self.numbers: dict[str, int] = {}

    def add(self, op: str, *args: int, value: float = 0.0) -> int:
        """Return the node that applies an operation to nodes."""
        key = op, args, value
        if key not in self.nodes:
            self.nodes[key] = self.append(op, args, value)
        return self.nodes[key]

    def append(self, op: str, args: tuple[int, ...], value: float) -> int:
        """Return a new node."""
        varies = op in ("lane", "gather") or any(self.varying[a] for a in args)
        self.varying.append(varies and op != "over")
        return self.tape.add(op, args, value)

    def number(self, x: float) -> int:
        """Return the node that is a number."""
        key = repr(x)  # 0.0 and -0.0 are two
        if key not in self.numbers:
            self.numbers[key] = self.tape.add("const", (), x)
            self.varying.append(False)
        return self.numbers[key]

    def written(self, x: Any, nodes: Sequence[int]) -> int:
        """Return the node of a formula, an expression or a number, of nodes."""
        if not isinstance(x, Expression):
            return self.number(float(x))
        if x.op == "operand":
            return nodes[int(x.args[0])]
        return self.add(SYMBOLS.get(x.op, x.op), *[self.written(a, nodes) for a in x.args])
