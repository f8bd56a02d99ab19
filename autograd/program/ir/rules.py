"""The questions of passes and targets to an operation beyond its formulas."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from autograd.core.primitive import RESERVED, TABLE

__all__ = ["is_wide", "with_trait"]


def with_trait(trait: str, ops: Collection[str]) -> set[str]:
    """Return the operations among some that have a trait; see `autograd.primitive`."""
    return {op for op in set(ops) if op in TABLE and trait in TABLE[op].traits.split()}


@cache
def is_wide(op: str) -> bool:
    """Whether it is an operation of any number of operands that targets have a form for."""
    return op in RESERVED and TABLE[op].variadic and op not in ("take", "hypot")
