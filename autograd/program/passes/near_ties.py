"""Near ties: where rounding could decide a comparison otherwise, the function decides it.

A program adds up in another order than the function, and its `exp` may be a digit off. So each
guard that compares such numbers gets a further guard, its *tie*. A tie is 1 where the numbers'
distance is less than 2⁻⁴⁰ of the larger, else 0. `Program` runs this pass once sums are fused.
In a lane whose ties are not all 0, the function itself computes the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from autograd.program.ir.tape import LEAVES, Node, Root, Tape
from autograd.rules.expression import COMPARISONS, FLAT

__all__ = ["Guarded", "guard_near_ties"]

NEAR = 2.0**-40  # of the larger of two numbers


class Guarded(NamedTuple):
    """A tape, and the numbers that its guards have wherever the tape is right."""

    tape: Tape
    answers: list[float]


def guard_near_ties(tape: Tape, answers: Sequence[float]) -> Guarded:
    """Append a guard for each comparison that rounding could decide.

    Args:
        answers: the number of each guard, as it was recorded.
    """
    if not tape.guards:
        return Guarded(tape, [*answers])
    exact = _exact_nodes(tape)
    guards = dict.fromkeys([root.node for root in tape.guards])
    compared = [tape.nodes[place] for place in guards]
    doubtful = [node for node in compared if _rounding_decides(tape, node, exact)]
    if not doubtful:
        return Guarded(tape, [*answers])
    result = replace(tape, nodes=[*tape.nodes])
    near = result.append(Node("const", (), NEAR))
    ties = [Root(_add_tie(result, node, near)) for node in doubtful]
    result.guards = [*tape.guards, *ties]
    return Guarded(result, [*answers, *[0.0] * len(ties)])


def _exact_nodes(tape: Tape) -> list[bool]:
    """Return for each node whether it is the same bits in the program and in the function."""
    rounds_alike = tape.ops_with_trait("exact")
    rounds_alike |= FLAT - {"round"}  # which may be to digits
    exact: list[bool] = []
    for node in tape.nodes:
        alike = node.op in LEAVES or node.op in rounds_alike
        exact.append(alike and all(exact[a] for a in node.args))
    return exact


def _rounding_decides(tape: Tape, node: Node, exact: Sequence[bool]) -> bool:
    """Whether a guard may turn out otherwise in the program, since an operand is inexact."""
    if node.op not in COMPARISONS or all(exact[a] for a in node.args):
        return False
    is_with_itself = node.args[0] == node.args[1]
    is_with_zero = any(_is_zero(tape.nodes[a]) for a in node.args)  # |a - 0| is all of |a|
    return not is_with_itself and not is_with_zero


def _is_zero(node: Node) -> bool:
    return node.op == "const" and node.number == 0.0


def _add_tie(tape: Tape, node: Node, near: int) -> int:
    """Append the tie of a guard; return its place.

    Args:
        near: the place of the constant NEAR.
    """
    a, b = node.args
    distance = tape.add("abs", [tape.add("sub", [a, b])])
    largest = tape.add("maximum", [tape.add("abs", [a]), tape.add("abs", [b])])
    return tape.add("lt", [distance, tape.add("mul", [near, largest])])
