"""Tangents: the tape that also computes its outputs' derivatives along a direction.

Its value is forward mode; its gradient is the Hessian times the direction.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from autograd.core.table import NORMAL
from autograd.program.expressions import SYMBOLS, Expression
from autograd.program.rules import FLAT, partial
from autograd.program.tape import LEAVES, Tape

__all__ = ["tangent"]


def tangent(
    tape: Tape, wrt: Collection[int], lanes: Collection[int], inputs: int, lane_inputs: int
) -> Tape:
    """The tape with a tangent for each output, after the outputs.

    Args:
        tape: as recorded or gathered, before the re-roll.
        wrt, lanes: which uniform inputs and which of the lanes' the direction is in. Its
            numbers are inputs that follow the others, in the same order.
        inputs, lane_inputs: how many inputs there are.

    Raises:
        NotImplementedError: the rule of an operation is not generic.
    """
    return _Tangents(tape, {"input": wrt, "lane": lanes}, inputs, lane_inputs).run()


class _Tangents:
    def __init__(
        self, tape: Tape, chosen: dict[str, Collection[int]], inputs: int, lane_inputs: int
    ) -> None:
        self.tape, self.chosen = tape, chosen
        self.shift = {"input": inputs, "lane": lane_inputs}
        self.new = tape.like()
        self.places: list[int] = []
        self.tangents: dict[int, int] = {}  # of new nodes that depend on the direction

    def run(self) -> Tape:
        tape, new = self.tape, self.new
        for op, args, value in zip(tape.ops, tape.args, tape.values):
            mine = tuple([self.places[a] for a in args])
            place = new.add(op, mine, value)
            self.places.append(place)
            if op in LEAVES:
                if op in self.chosen and int(value) in self.chosen[op]:
                    self.tangents[place] = new.add(op, (), value + self.shift[op])
            elif op not in FLAT and any(a in self.tangents for a in mine):
                self.tangents[place] = self.rule(op, place, mine)
        new.rooted(tape, self.places)
        zero = new.add("const")
        outputs, guards = new.roots[: tape.outputs], new.roots[tape.outputs :]
        slopes = [(self.tangents.get(node, zero), lane) for node, lane in outputs]
        new.roots, new.outputs = [*outputs, *slopes, *guards], 2 * tape.outputs
        return new

    def rule(self, op: str, out: int, args: tuple[int, ...]) -> int:
        """The node that is the tangent of an operation's result."""
        new, ts = self.new, self.tangents
        if op == "sum":
            return new.add("sum", [ts[a] for a in args if a in ts])
        if op == "take":
            return new.add("take", [args[0], *[ts.get(a, self.number(0.0)) for a in args[1:]]])
        if op == "dot":
            half = len(args) // 2
            pairs = list(zip(args[1 : 1 + half], args[1 + half :]))
            terms = [ts[args[0]]] if args[0] in ts else []
            terms += self.dots([(w, ts[x]) for w, x in pairs if x in ts])
            terms += self.dots([(ts[w], x) for w, x in pairs if w in ts])
            return new.add("sum", terms)
        if op == "logsumexp":
            moved = [a for a in args if a in ts]
            return self.dots([(new.add("exp_of_difference", (a, out)), ts[a]) for a in moved])[
                0
            ]
        if op == "hypot":
            least, nan = self.number(NORMAL), self.number(math.nan)
            length = new.add("where", [new.add("lt", (out, least)), nan, out])  # eager knows it
            shares = [(new.add("div", (a, length)), ts[a]) for a in args if a in ts]
            return self.dots(shares)[0]
        if op in ("maximum", "minimum"):
            won = [new.add("eq", (a, out)) for a in args]
            total = self.dots([(w, ts[a]) for w, a in zip(won, args) if a in ts])
            return new.add("div", [*total, new.add("sum", won)])
        terms = [self.term(op, slot, out, args) for slot, a in enumerate(args) if a in ts]
        return new.add("sum", terms) if len(terms) > 1 else terms[0]

    def dots(self, pairs: list[tuple[int, int]]) -> list[int]:
        """The sum of the products, if there are any."""
        ws, xs = [w for w, _ in pairs], [x for _, x in pairs]
        return [self.new.add("dot", [self.number(0.0), *ws, *xs])] if pairs else []

    def term(self, op: str, slot: int, out: int, args: tuple[int, ...]) -> int:
        """A partial times the tangent of its operand."""
        operands = [
            self.new.values[a] if self.new.ops[a] == "const" else Expression("node", a)
            for a in args
        ]
        try:
            slope = partial(op, slot, Expression("node", out), operands)
        except (TypeError, ValueError, ArithmeticError):
            raise NotImplementedError(f"the rule of {op} is not generic") from None
        slope = self.node(slope)
        return self.new.add("mul", (slope, self.tangents[args[slot]]))

    def node(self, x: Any) -> int:
        """The node that computes an expression."""
        if type(x) is not Expression:
            return self.number(float(x))
        if x.op == "node":
            return int(x.args[0])
        return self.new.add(SYMBOLS.get(x.op, x.op), [self.node(a) for a in x.args])

    def number(self, x: float) -> int:
        return self.new.add("const", (), x)
