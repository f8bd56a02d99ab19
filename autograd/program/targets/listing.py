"""Listing: a tape node by node, forward and back, in a language with braces.

C and JavaScript are written so. Node i is called `vi`, and its adjoint is a number in the
array `d`. A node gives its operands products of the chain rule, in the order in which eager
adds them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Any

from autograd.core.chain import times_zero
from autograd.core.primitive import TABLE
from autograd.program.ir.tape import LEAVES, Node, Tape
from autograd.rules.expression import FLAT

__all__ = ["Listing"]


class Listing(ABC):
    """The statements of a tape.

    Attributes:
        order: the places of the nodes that an output needs.
    """

    def __init__(self, tape: Tape, language: Any) -> None:
        self.tape, self.language = tape, language
        live = tape.live(tape.outputs)
        self.order = [place for place, is_live in enumerate(live) if is_live]

    @abstractmethod
    def operation(self, op: str, args: list[str]) -> str:
        """Write an operation."""

    @abstractmethod
    def prepare_partials(self, place: int, op: str, args: list[str]) -> list[str]:
        """Write the statements that must stand before a node's partials."""

    @abstractmethod
    def partial(self, place: int, slot: int, op: str, args: list[str]) -> str:
        """Write a node's partial in an operand."""

    def outputs(self) -> list[str]:
        """Write the outputs as they are once `forward` has run."""
        return [self.operand(root.node) for root in self.tape.outputs]

    def forward(self) -> list[str]:
        """Write the statements that compute the nodes."""
        lines: list[str] = []
        for place in self.order:
            node = self.tape.nodes[place]
            if node.op == "const":
                continue
            if node.op == "input":
                text = f"{'x' if node.varies else 'u'}[{int(node.number)}]"
            else:
                text = self.operation(node.op, self.operands(node))
            lines.append(self.language.named.format(f"v{place}", text))
        return lines

    def reverse(self) -> list[str]:
        """Write the statements that compute the adjoints."""
        outputs = enumerate(self.tape.outputs)
        lines = [f"d[{root.node}] += seed[{k}];" for k, root in outputs]
        for place in reversed(self.order):
            lines += self.pass_on(place)
        return lines

    def pass_on(self, place: int) -> list[str]:
        """Write the statements that pass the adjoint of a node on to its operands."""
        node = self.tape.nodes[place]
        if node.op == "input":
            gradient = "d_x" if node.varies else "d_u"
            return [f"{gradient}[{int(node.number)}] += d[{place}];"]
        if node.op in LEAVES or node.op in FLAT:
            return []
        args = self.operands(node)
        lines = self.prepare_partials(place, node.op, args)
        strong_zero = int(TABLE[node.op].strong_zero)
        facing_zero = _facing_zero(self.tape, node)
        for slot, operand in enumerate(node.args):
            if self.tape.nodes[operand].op != "const":
                partial = self.partial(place, slot, node.op, args)
                zeros = f"{strong_zero}, {int(operand in facing_zero)}"
                lines.append(f"d[{operand}] += product(d[{place}], {partial}, {zeros});")
        return lines

    def operands(self, node: Node) -> list[str]:
        """Write the operands of a node."""
        return [self.operand(place) for place in node.args]

    def operand(self, place: int) -> str:
        """Write a node that was computed: its name, or the number that it is."""
        node = self.tape.nodes[place]
        if node.op != "const":
            return f"v{place}"
        text: str = self.language.number(node.number)
        return f"({text})" if text[0] == "-" else text


def _facing_zero(tape: Tape, node: Node) -> set[int]:
    """Return the operands that a node multiplies with the number 0 wherever it has them."""
    operands: dict[int, Any] = {}
    for place in node.args:
        operand = tape.nodes[place]
        operands[place] = operand.number if operand.op == "const" else object()
    product = SimpleNamespace(
        op=TABLE[node.op], operands=tuple([operands[place] for place in node.args])
    )
    not_constant = [place for place in node.args if tape.nodes[place].op != "const"]
    return {place for place in not_constant if times_zero(product, operands[place])}
