"""Guards: what rounding could decide is left to the function itself.

A program adds up in another order than the function, and its `exp` may be a digit off, so that
it could answer otherwise near a tie. What a guard compares is computed as it was written where
that costs nothing: basic arithmetic, a few terms at a time. Any other guard gets a second one,
which does not hold where the first is within rounding of its tie.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.program.ir.rules import with_trait
from autograd.program.ir.tape import LEAVES, Tape
from autograd.rules.expression import COMPARISONS, FLAT

__all__ = ["in_order", "with_margins"]

FEW = 8  # terms that are added up as they were written
MARGIN = 2.0**-44  # of the terms that are added up: 256 times the last digit


def in_order(tape: Tape) -> bytearray:
    """For each node, whether a guard needs it computed as it was written, and that is cheap."""
    needed = bytearray(len(tape))
    guards = [node for node, _ in tape.roots[tape.outputs :]]
    if not guards:
        return needed
    exact = _exact(tape, FEW)
    for node in guards:
        needed[node] |= exact[node]
    for i in range(len(tape) - 1, -1, -1):
        if needed[i]:
            for a in tape.args[i]:
                needed[a] = 1
    return needed


def _exact(tape: Tape, few: int | None = None) -> bytearray:
    """For each node, whether it is the same bits everywhere.

    Args:
        few: how many terms may be added up; None for as many as there are.
    """
    exact = bytearray(len(tape))
    terms = [1] * len(tape)
    same = with_trait("exact", tape.ops) | FLAT - {"round"}
    for i, (op, args) in enumerate(zip(tape.ops, tape.args)):
        if op in LEAVES:
            exact[i] = 1
        elif op in same and all(map(exact.__getitem__, args)):
            if op in ("add", "sub"):
                terms[i] = terms[args[0]] + terms[args[1]]
            exact[i] = few is None or terms[i] <= few
    return exact


def with_margins(tape: Tape, answers: Sequence[float]) -> tuple[Tape, list[float]]:
    """The tape with more guards, and the answers of all.

    Args:
        tape: after sums were gathered.
        answers: what each guard was answered when it was recorded.
    """
    roots = [node for node, _ in tape.roots[tape.outputs :]]
    exact = _exact(tape) if roots else bytearray()
    doubtful = [(node, x) for node, x in zip(roots, answers) if not exact[node]]
    if not doubtful:
        return tape, [*answers]
    new = tape.like()
    new.ops, new.args, new.values = [*tape.ops], [*tape.args], [*tape.values]
    new.roots = [*tape.roots]
    near = _Margins(new, exact)
    found = dict.fromkeys([near.guard(node, x) for node, x in doubtful])
    new.roots += [(node, None) for node in found]
    return new, [*answers, *[0.0] * len(found)]


class _Margins:
    def __init__(self, tape: Tape, exact: bytearray) -> None:
        self.tape, self.exact = tape, exact
        self.steady, self.same = [with_trait(trait, tape.ops) for trait in ("steady", "exact")]
        self.known: dict[int, int] = {}
        self.sizes: dict[int, int] = {}

    def guard(self, node: int, answer: float) -> int:
        """The node that is 1 where rounding might decide another one."""
        op, args, add = self.tape.ops[node], self.tape.args[node], self.tape.add
        if op in COMPARISONS:
            return self.near(*args)
        if op in ("trunc", "floor", "ceil"):
            return self.near(args[0], add("round", args[:1]))
        if op == "round" and len(args) == 1:
            off = add("abs", [add("sub", [args[0], node])])
            return self.within(add("abs", [add("sub", [off, self.number(0.5)])]), args)
        if op == "round":  # anywhere
            return add("eq", [node, node])
        return self.near(node, self.number(answer))

    def near(self, a: int, b: int) -> int:
        return self.within(self.tape.add("abs", [self.tape.add("sub", (a, b))]), (a, b))

    def within(self, distance: int, operands: Sequence[int]) -> int:
        """Whether a distance is one that rounding of the operands could make."""
        sizes = [self.size(x) for x in operands if x < len(self.exact) and not self.exact[x]]
        margin = self.tape.add("mul", [self.total(sizes), self.number(MARGIN)])
        return self.tape.add("lt", [distance, margin])

    def size(self, node: int) -> int:
        """The sum of the magnitudes of all that is added up."""
        stack = [node]
        while stack:
            i = stack[-1]
            missing = [a for a in self.deep(i) if a not in self.known]
            stack += missing
            if not missing:
                stack.pop()
                if i not in self.known:
                    self.known[i] = self.made(i)
        return self.known[node]

    def deep(self, node: int) -> Sequence[int]:
        """The operands whose size counts for that of a node."""
        op, args = self.tape.ops[node], self.tape.args[node]
        if op in self.steady:
            return args[1:] if op == "where" else args
        if op == "mul":
            return args
        return args[:1] if op in ("div", "dot") else ()

    def made(self, node: int) -> int:
        op, args, add = self.tape.ops[node], self.tape.args[node], self.tape.add
        parts = [self.known[a] for a in self.deep(node)]
        if op in self.steady:
            own = [] if op in self.same or op == "sum" else [self.abs(node)]
            return self.total([*parts, *own])
        if op == "dot":
            return add("dot", [*parts, *map(self.abs, args[1:])])
        if op == "mul":
            return add("mul", parts)
        if op == "div":
            return add("div", [*parts, self.abs(args[1])])
        return self.abs(node)

    def abs(self, node: int) -> int:
        if node not in self.sizes:
            self.sizes[node] = self.tape.add("abs", [node])
        return self.sizes[node]

    def total(self, parts: Sequence[int]) -> int:
        if len(parts) == 1:
            return parts[0]
        return self.tape.add("add" if len(parts) == 2 else "sum", parts)

    def number(self, x: float) -> int:
        return self.tape.add("const", (), x)
