"""Guards: a few terms of basic arithmetic are computed as they were written.

A program adds up in another order than the function, and its `exp` may be a digit off, so that
it could answer otherwise near a tie. Where the function's own order costs nothing a guard is
computed in that; any other one has a margin (`margins.py`).
"""

from __future__ import annotations

from autograd.program.ir.rules import with_trait
from autograd.program.ir.tape import LEAVES, Tape
from autograd.rules.expression import FLAT

__all__ = ["in_order", "same_everywhere"]

FEW = 8  # terms that are added up as they were written


def in_order(tape: Tape) -> bytearray:
    """For each node, whether a guard needs it computed as it was written, and that is cheap."""
    needed = bytearray(len(tape))
    guards = [node for node, _ in tape.roots[tape.outputs :]]
    if not guards:
        return needed
    exact = same_everywhere(tape, FEW)
    for node in guards:
        needed[node] |= exact[node]
    for i in range(len(tape) - 1, -1, -1):
        if needed[i]:
            for a in tape.args[i]:
                needed[a] = 1
    return needed


def same_everywhere(tape: Tape, few: int | None = None) -> bytearray:
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
