"""JVP, forward mode: the tape with the tangents of its nodes beside them.

Its value is the derivative along a direction; its `vjp` is the Hessian times the direction. The
tangent of a node is the sum of those of its operands times the partials in them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from autograd.program.ir.block import operand
from autograd.program.ir.nodes import Builder
from autograd.program.ir.tape import Input, Node, Root, Tape
from autograd.program.passes.simplify import drop_dead
from autograd.program.passes.vectorize import expand
from autograd.program.passes.vjp import slope_of
from autograd.rules.expression import FLAT

__all__ = ["jvp"]

Tangent = int | None  # a node; None where nothing depends on the direction


def jvp(tape: Tape, wrt: Collection[str]) -> Tape:
    """Return the tape with a direction as further inputs, and tangents as further outputs.

    Args:
        wrt: the inputs that the direction is in. Each input has a further one, "t_" and its
            name, after all; that of the others is not read.

    Raises:
        NotImplementedError: the rule of an operation is not generic.
    """
    tape = expand(tape, "take")
    further = [Input(f"t_{name}", rows, varies) for name, rows, varies in tape.inputs]
    new = replace(tape, nodes=[*tape.nodes], gathers=[*tape.gathers])
    new.inputs = [*tape.inputs, *further]
    tangents = _Tangents(new, tape.inputs, wrt)
    needed = tape.live(tape.outputs)
    each: list[Tangent] = []
    for i in range(len(tape)):
        each.append(tangents.of(i, each) if needed[i] else None)
    moves = tangents.filled([each[node] for node, _ in tape.outputs])
    roots = zip(moves, [lane for _, lane in tape.outputs])
    new.outputs = [*tape.outputs, *[tangents.root(*root) for root in roots]]
    return drop_dead(new)


class _Tangents(Builder):
    def __init__(self, tape: Tape, inputs: Sequence[Input], wrt: Collection[str]) -> None:
        super().__init__(tape)
        self.slopes: dict[Any, Any] = {}
        self.counts = {False: 0, True: 0}  # how many numbers there are
        self.moving: set[tuple[bool, int]] = set()
        for name, rows, varies in inputs:
            first = self.counts[varies]
            self.counts[varies] += rows
            if name in wrt:
                self.moving.update([(varies, first + row) for row in range(rows)])

    def root(self, tangent: int, lane: int | None) -> Root:
        """Return the tangent of an output."""
        return Root(tangent, lane if self.tape.nodes[tangent].varies else None)

    def of(self, i: int, each: Sequence[Tangent]) -> Tangent:
        """Return the tangent of a node whose operands have theirs."""
        op, args, number, varies = self.tape.nodes[i]
        if op == "input":
            return self.direction(number, varies)
        if op == "gather":
            return self.gather([each[a] for a in self.tape.gathers[int(number)]])
        ts = [each[a] for a in args]
        if op in FLAT or ts.count(None) == len(ts):
            return None
        if op == "over":
            return self.over(ts[0])
        if op == "sum":
            return self.sum(ts)
        if op == "dot":
            half = len(args) // 2
            ws, xs, t_ws, t_xs = (
                args[1 : 1 + half],
                args[1 + half :],
                ts[1 : 1 + half],
                ts[1 + half :],
            )
            return self.dot(self.dot(ts[0], ws, t_xs), xs, t_ws)
        if op == "logsumexp":
            shares = [self.add("logsumexp'", i, number=float(k)) for k in range(len(args))]
            return self.dot(None, shares, ts)
        if op in ("maximum", "minimum"):  # in equal parts for all that tie
            won = [self.add("eq", x, i) for x in args]
            total = self.dot(None, won, ts)
            return None if total is None else self.add("div", total, self.add("sum", *won))
        return self.product(op, i, args, ts)

    def direction(self, row: float, varies: bool) -> Tangent:
        """Return the input that is the tangent of one; None if it does not move."""
        if (varies, int(row)) not in self.moving:
            return None
        return self.tape.append(Node("input", (), row + self.counts[varies], varies))

    def product(self, op: str, i: int, args: Sequence[int], ts: Sequence[Tangent]) -> Tangent:
        """Return the sum of the operands' tangents times the partials."""
        tape, nodes = self.tape, [*args, i]
        operands = [tape.nodes[a] for a in args]
        known = [x.number if x.op == "const" else None for x in operands]
        terms: list[Tangent] = []
        for k, t in enumerate(ts):
            slope = 0.0 if t is None else self.slope(op, k, known)
            if t is not None and not (type(slope) is float and slope == 0.0):
                one = type(slope) is float and slope == 1.0
                terms.append(t if one else self.add("mul", self.written(slope, nodes), t))
        return self.sum(terms)

    def slope(self, op: str, slot: int, known: Sequence[float | None]) -> Any:
        """Return the partial of an operation, of its operands and its result."""
        key = op, slot, repr(known)
        if key not in self.slopes:
            slots = [operand(k) if x is None else x for k, x in enumerate(known)]
            self.slopes[key] = slope_of(op, slot, operand(len(known)), slots)
        return self.slopes[key]

    def sum(self, ts: Sequence[Tangent]) -> Tangent:
        some = [t for t in ts if t is not None]
        if len(some) < 2:
            return some[0] if some else None
        return self.add("add" if len(some) == 2 else "sum", *some)

    def dot(self, bias: Tangent, xs: Sequence[int], ts: Sequence[Tangent]) -> Tangent:
        """Return the sum of a tangent and of the tangents of factors times the others."""
        pairs = [(x, t) for x, t in zip(xs, ts) if t is not None]
        if not pairs:
            return bias
        others, some = zip(*pairs)
        return self.add("dot", *self.filled([bias]), *others, *some)

    def filled(self, ts: Sequence[Tangent]) -> list[int]:
        return [self.number(0.0) if t is None else t for t in ts]

    def gather(self, ts: Sequence[Tangent]) -> Tangent:
        if ts.count(None) == len(ts):
            return None
        return self.tape.add_gather(tuple(self.filled(ts)))

    def over(self, t: Tangent) -> Tangent:
        """Return the sum over all lanes."""
        assert t is not None
        assert self.tape.lanes is not None
        if self.tape.nodes[t].varies:
            return self.add("over", t)
        return self.add("mul", self.number(float(self.tape.lanes)), t)
