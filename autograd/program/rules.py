"""The partials of every operation as expressions, from the rules of the table.

Most are what the rule of the table gives. A few rules count, sort or look at the kind of
number, which an expression can't follow; they are written here without that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autograd.core.primitive import TABLE
from autograd.program.expressions import OPPOSITE, Expression, name, trace, where

__all__ = ["BOUNDED", "FLAT", "OPERATIONS", "WIDE", "derivative", "partial", "value"]

Operand = Any  # an Expression or a float

# The operations that take any number of operands, and that targets have a form for.
WIDE = frozenset(["sum", "dot", "maximum", "minimum", "logsumexp", "hypot", "take"])

# Those whose partials are finite where operands and result are: a zero adjoint times such a
# partial is zero, as it must be. Others need care.
BOUNDED = frozenset(
    [
        "neg",
        "add",
        "sub",
        "mul",
        "identity",
        "square",
        "abs",
        "sign",
        "relu",
        "leaky_relu",
        "where",
        "clip",
        "exp",
        "exp2",
        "expm1",
        "sin",
        "cos",
        "sinh",
        "cosh",
        "tanh",
        "bell",
        "asinh",
        "atan",
        "sigmoid",
        "softplus",
        "elu",
        "gelu",
        "silu",
        "erf",
        "erfc",
        "normal_cdf",
        "exp_of_difference",
        "gaussian",
        "sum",
        "dot",
        "maximum",
        "minimum",
        "logsumexp",
        "take",
        "lt",
        "le",
        "gt",
        "ge",
        "eq",
        "ne",
        "trunc",
        "floor",
        "ceil",
        "round",
        "over",
    ]
)
FLAT = frozenset(
    ["lt", "le", "gt", "ge", "eq", "ne", "trunc", "floor", "ceil", "round"]
)  # nothing flows through

OPERATIONS = frozenset([*FLAT, "matmul", "gather", "over"])  # that are not in the table


def value(op: str, operands: list[Operand]) -> Operand:
    """What the value rule of an operation computes.

    Raises:
        TypeError: the user's rule is not generic.
    """
    return trace(TABLE[op].value, *operands)


def partial(op: str, slot: int, out: Operand, operands: list[Operand]) -> Operand:
    """d(out)/d(operands[slot]), for an operation that is not wide.

    Raises:
        TypeError: the rule is not generic.
    """
    if op in FLAT:
        return 0.0
    if op in _WITHOUT_BRANCHES:
        return _WITHOUT_BRANCHES[op][slot](out, *operands)
    primitive = TABLE[op]
    if primitive.variadic:
        return trace(primitive.rules[0], out, *operands)[slot]
    return trace(primitive.rules[slot], out, *operands)


def derivative(x: Operand, tangents: Mapping[str, str]) -> Operand:
    """The derivative of an expression along a direction.

    Args:
        x: an expression.
        tangents: the name of the tangent of each name in it; others do not change.

    Raises:
        NotImplementedError: it calls a rule that is not generic.
    """
    if type(x) is not Expression or x.op in OPPOSITE:
        return 0.0
    if x.op == "name":
        text = str(x.args[0])
        if text.startswith("each"):
            raise NotImplementedError(f"no second derivative of {text}")
        return name(tangents[text]) if text in tangents else 0.0
    slopes = [derivative(a, tangents) for a in x.args]
    if x.op == "where":
        return where(x.args[0], *slopes[1:])
    total: Operand = 0.0
    for slot, slope in enumerate(slopes):
        if type(slope) is Expression:
            factor = partial(x.op, slot, x, list(x.args))
            if type(factor) is Expression or factor != 0.0:
                total = slope * factor if type(total) is float else total + slope * factor
    return total


def _power_base(out: Operand, x: Operand, p: Operand) -> Operand:
    if type(p) is float:
        if p in (0.0, 1.0, 2.0):
            return (0.0, 1.0, 2.0 * x)[int(p)]
        return p * x ** (p - 1.0)
    slope = p * x ** (p - 1.0)
    return where(p == 0.0, where(x == 0.0, 0.0, slope), slope)


def _power_exponent(out: Operand, x: Operand, p: Operand) -> Operand:
    nan = float("nan")
    if type(x) is float:
        return out * TABLE["log"](x) if x > 0.0 else nan if x else 0.0
    return where(x > 0.0, out * Expression("log", x), where(x == 0.0, 0.0, nan))


_WITHOUT_BRANCHES: dict[str, tuple[Callable[..., Operand], ...]] = {
    "pow": (_power_base, _power_exponent),
    "abs": (lambda out, x: Expression("sign", x),),
    "where": (
        lambda out, chosen, x, y: 0.0,
        lambda out, chosen, x, y: where(chosen, 1.0, 0.0),
        lambda out, chosen, x, y: where(chosen, 0.0, 1.0),
    ),
}
