"""Listing: a tape node by node, forward and back, in a language with braces.

An adjoint is a number in the array `d`. What a node gives to its operands are products of the
chain rule, in the order in which eager adds them up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.ir.rules import facing_zero
from autograd.program.ir.tape import LEAVES, Tape
from autograd.rules.expression import FLAT

__all__ = ["Listing"]


class Listing(ABC):
    """The statements.

    Attributes:
        outputs: the nodes that are results.
    """

    def __init__(self, tape: Tape, language: Any) -> None:
        self.tape, self.language = tape, language
        self.outputs = [node for node, _ in tape.roots[: tape.outputs]]
        self.order = [i for i, needed in enumerate(tape.live(tape.outputs)) if needed]

    @abstractmethod
    def value(self, op: str, args: list[str]) -> str:
        """A node."""

    @abstractmethod
    def before(self, i: int, op: str, args: list[str]) -> list[str]:
        """Statements that a node's partials need."""

    @abstractmethod
    def slope(self, i: int, slot: int, op: str, args: list[str]) -> str:
        """A partial of a node."""

    def forward(self) -> list[str]:
        lines: list[str] = []
        for i in self.order:
            op = self.tape.ops[i]
            if op == "const":
                continue
            text = f"{'u' if op == 'input' else 'x'}[{int(self.tape.values[i])}]"
            text = text if op in LEAVES else self.value(op, self.names(i))
            lines.append(self.language.named.format(f"v{i}", text))
        return lines

    def reverse(self) -> list[str]:
        lines = [f"d[{i}] += seed[{k}];" for k, i in enumerate(self.outputs)]
        for i in reversed(self.order):
            lines += self.shares(i)
        return lines

    def shares(self, i: int) -> list[str]:
        """Return the statements that hand on a node's adjoint."""
        tape, op = self.tape, self.tape.ops[i]
        if op in LEAVES:
            into = {"input": "d_u", "lane": "d_x"}.get(op)
            return [f"{into}[{int(tape.values[i])}] += d[{i}];"] if into else []
        if op in FLAT:
            return []
        args, facing = self.names(i), facing_zero(tape, i)
        lines = self.before(i, op, args)
        for slot, a in enumerate(tape.args[i]):
            if tape.ops[a] != "const":
                strong = f"{int(TABLE[op].strong_zero)}, {int(a in facing)}"
                slope = self.slope(i, slot, op, args)
                lines.append(f"d[{a}] += product(d[{i}], {slope}, {strong});")
        return lines

    def names(self, i: int) -> list[str]:
        """How the operands of a node are written."""
        return [*map(self.text, self.tape.args[i])]

    def text(self, i: int) -> str:
        if self.tape.ops[i] != "const":
            return f"v{i}"
        text: str = self.language.number(self.tape.values[i])
        return f"({text})" if text[0] == "-" else text
