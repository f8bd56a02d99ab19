"""Replay: a tape as a computation on numbers or Values again, to be drawn."""

from __future__ import annotations

import operator
from typing import Any

from autograd.core.functions import where
from autograd.core.primitive import TABLE
from autograd.program.ir.tape import Tape
from autograd.program.trace.observe import WHOLE
from autograd.rules.expression import COMPARISONS

__all__ = ["replay"]


def replay(tape: Tape, known: dict[int, Any], root: int) -> Any:
    """The result at a node; those known so far begin with the inputs, and more are added."""
    stack = [root]
    while stack:
        i = stack[-1]
        if i in known:
            stack.pop()
            continue
        missing = [a for a in tape.args[i] if a not in known]
        if missing:
            stack += missing
        else:
            known[i] = _applied(tape.ops[i], tape.values[i], [known[a] for a in tape.args[i]])
    return known[root]


def _applied(op: str, value: float, xs: list[Any]) -> Any:
    if op == "const":
        return value
    if op in COMPARISONS:
        return getattr(operator, op)(*xs)
    if op in WHOLE:
        return WHOLE[op](xs[0], *map(int, xs[1:]))
    return where(*xs) if op == "where" else TABLE[op](*xs)
