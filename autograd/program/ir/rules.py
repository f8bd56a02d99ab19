"""The questions of passes and targets to an operation beyond its formulas."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

from autograd.core.chain import times_zero
from autograd.core.primitive import RESERVED, TABLE

if TYPE_CHECKING:
    from autograd.program.ir.tape import Tape

__all__ = ["facing_zero", "is_wide", "with_trait"]


def with_trait(trait: str, ops: Collection[str]) -> set[str]:
    """Return the operations among some that have a trait; see `autograd.primitive`."""
    return {op for op in set(ops) if op in TABLE and trait in TABLE[op].traits.split()}


@cache
def is_wide(op: str) -> bool:
    """Whether it is an operation of any number of operands that targets have a form for."""
    return op in RESERVED and TABLE[op].variadic and op not in ("take", "hypot")


def facing_zero(tape: Tape, i: int) -> set[int]:
    """The operands that node i multiplies with the number 0, wherever it has them."""
    args = tape.args[i]
    known = {a: tape.values[a] if tape.ops[a] == "const" else object() for a in args}
    node = SimpleNamespace(op=TABLE[tape.ops[i]], operands=tuple([known[a] for a in args]))
    return {a for a in args if tape.ops[a] != "const" and times_zero(node, known[a])}
