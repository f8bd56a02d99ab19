"""Nodes that a pass appends to a tape, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.program.ir.tape import Node, Tape
from autograd.rules.expression import SYMBOLS, Expression

__all__ = ["Builder"]


class Builder:
    """Appends nodes to a tape, which may have lanes."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.known: dict[tuple[str, tuple[int, ...], float], int] = {}
        self.numbers: dict[str, int] = {}

    def add(self, op: str, *args: int, number: float = 0.0) -> int:
        """Return the node that applies an operation to nodes."""
        key = op, args, number
        if key not in self.known:
            self.known[key] = self.tape.add(op, args, number)
        return self.known[key]

    def number(self, x: float) -> int:
        """Return the node that is a number."""
        key = repr(x)  # 0.0 and -0.0 are two
        if key not in self.numbers:
            self.numbers[key] = self.tape.append(Node("const", (), x))
        return self.numbers[key]

    def written(self, x: Any, nodes: Sequence[int]) -> int:
        """Return the node of a formula, an expression or a number, of nodes."""
        if not isinstance(x, Expression):
            return self.number(float(x))
        if x.op == "operand":
            return nodes[int(x.args[0])]
        return self.add(SYMBOLS.get(x.op, x.op), *[self.written(a, nodes) for a in x.args])
