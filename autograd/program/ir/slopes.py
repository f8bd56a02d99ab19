"""Slopes: the partials of a primitive as formulas, and the terms that they give to adjoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.core.primitive import TABLE
from autograd.core.table import NORMAL
from autograd.program.ir.program import operand
from autograd.rules.expression import (
    FLAT,
    OPPOSITE,
    Expression,
    UntranslatableError,
    bound,
    operands_of,
    where,
)
from autograd.rules.reader import partial

__all__ = ["adjoint_formula", "adjoint_term", "hypot_slope", "slope_of", "traits_of"]


def traits_of(op: str) -> list[str]:
    """The traits of a primitive; see `autograd.primitive`."""
    return TABLE[op].traits.split() if op in TABLE else []


def slope_of(op: str, slot: int, out: Any, operands: Sequence[Any]) -> Any:
    """The partial of a primitive in one of its operands, as a formula or a number.

    Args:
        out: the result of the primitive.

    Raises:
        UntranslatableError: the rule of the primitive cannot be read.
    """
    if op in FLAT:
        return 0.0
    if op == "hypot":
        return hypot_slope(operands[slot], out)
    if op in ("maximum", "minimum"):  # operands that tie share in equal parts
        wins = [Expression("eq", x, out) for x in operands]
        return Expression("div", wins[slot], Expression("add", *wins))
    return partial(op, slot, out, operands)


def hypot_slope(x: Any, length: Any) -> Expression:
    """x / length; 0 at the origin. It is NaN at subnormal lengths, which f itself computes."""
    is_small = Expression("<", length, NORMAL)
    at_small = where(Expression("==", length, 0.0), 0.0, math.nan)
    quotient = Expression("div", x, where(is_small, 1.0, length))
    return Expression("where", is_small, at_small, quotient)


def adjoint_term(op: str, slot: int, out: Any, d: Expression, operands: Sequence[Any]) -> Any:
    """The formula of an adjoint times a partial. A zero partial does not hide a NaN adjoint."""
    try:
        slope = slope_of(op, slot, out, operands)
    except UntranslatableError:
        slope = Expression("each_partial", op, slot, out, *operands)
    if type(slope) is float and slope in (1.0, -1.0):
        return d if slope > 0.0 else Expression("neg", d)
    slope = _simplify_indicator(slope)
    return Expression("mul" if _is_bounded(op, slope, operands) else "strong_zero", d, slope)


def _is_bounded(op: str, slope: Any, operands: Sequence[Any]) -> bool:
    """Whether the partial is finite wherever the operands are."""
    if type(slope) is float or "bounded" in traits_of(op):
        return True
    return op == "pow" and type(operands[1]) is float and operands[1] >= 1.0


def _simplify_indicator(x: Any) -> Any:
    """A formula that is 1 or 0 by a comparison as the comparison; others as they are."""
    if type(x) is not Expression or x.op != "where" or type(x.args[0]) is not Expression:
        return x
    condition, if_true, if_false = x.args
    if condition.op not in OPPOSITE or {repr(if_true), repr(if_false)} != {"0.0", "1.0"}:
        return x
    return Expression(condition.op if if_true else OPPOSITE[condition.op], *condition.args)


def adjoint_formula(formula: Expression, slot: int) -> tuple[Any, list[int]]:
    """The adjoint term of one primitive of operands in one of its slots.

    Returns:
        The formula, and for each of its operands the place in (operands, result, adjoint).
    """
    count = 1 + max([x.args[0] for x in formula.args if type(x) is Expression])
    out, d = operand(count), operand(count + 1)
    term = adjoint_term(formula.op, slot, out, d, formula.args)
    used = operands_of(term)
    return bound(term, {k: operand(i) for i, k in enumerate(used)}), used
