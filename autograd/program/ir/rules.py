"""The values and partials of operations as expressions, from the rules of the table.

Most partials are what the rule of the table gives. A few rules count, sort or look at the kind
of number, which an expression can't follow; they are written here without that.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from autograd.core import table
from autograd.core.chain import times_zero
from autograd.core.primitive import TABLE
from autograd.core.rule_source import function_source, rule_source
from autograd.core.table import NORMAL
from autograd.program.ir.expressions import REFUSED, Expression, Term, trace, where

if TYPE_CHECKING:
    from autograd.program.ir.tape import Tape

__all__ = [
    "BOUNDED",
    "COMPOSED",
    "FLAT",
    "WIDE",
    "facing_zero",
    "fits_formulas",
    "partial",
    "value",
]

# The operations that take any number of operands, and that targets have a form for.
WIDE = frozenset(["sum", "dot", "maximum", "minimum", "logsumexp", "hypot", "take"])

# fmt: off
# Those whose partials are finite where operands and result are: a zero adjoint times such a
# partial is zero, as it must be. Others need care.
BOUNDED = frozenset([
    "neg", "add", "sub", "mul", "identity", "square", "abs", "sign", "relu", "leaky_relu",
    "where", "clip", "exp", "exp2", "expm1", "sin", "cos", "sinh", "cosh", "tanh", "bell",
    "asinh", "atan", "sigmoid", "softplus", "elu", "gelu", "silu", "erf", "erfc",
    "normal_cdf", "exp_of_difference", "gaussian", "sum", "dot", "maximum", "minimum",
    "logsumexp", "take",
])
# Those whose value rules compose several functions, each after those that it is composed of.
COMPOSED = (
    "leaky_relu", "clip", "gaussian", "exp_of_difference", "cbrt_slope", "bell", "sigmoid",
    "softplus", "elu", "silu", "normal_cdf", "gelu",
)
# Nothing flows through these, and eager does not compute what would.
FLAT = frozenset([
    "lt", "le", "gt", "ge", "eq", "ne", "trunc", "floor", "ceil", "round",
])
# fmt: on


def value(op: str, operands: list[Term]) -> Term:
    """What the value rule of an operation computes.

    Raises:
        TypeError: the user's rule is not generic.
    """
    rule = _composed(op) if op in COMPOSED else TABLE[op].value
    found = trace(rule, *operands, refused=REFUSED)
    return Expression("refuse", math.nan, 1.0) if found is REFUSED else found


class _Math:
    """Has the functions of `math` for expressions."""

    fabs = abs

    def __getattr__(self, op: str) -> Callable[..., Expression]:
        return _operation(op)

    def isinf(self, x: Term) -> Expression:
        return abs(x) == math.inf  # type: ignore[no-any-return]


@cache
def _composed(op: str) -> Callable[..., Term]:
    """A value rule that composes functions, from its source; where it calls another of these,
    that stays an operation."""
    space: dict[str, Any] = {**vars(table), "math": _Math(), "libc": _Math()}
    space["float"] = lambda x: x
    space |= {"min": _operation("minimum"), "max": _operation("maximum")}
    space |= {TABLE[each].value.__name__: _operation(each) for each in COMPOSED}
    tree = rule_source(op)[0]
    if isinstance(tree, ast.Name):
        exec(compile(ast.Module([function_source(tree.id)], []), "<table>", "exec"), space)
    return eval(compile(ast.Expression(tree), "<table>", "eval"), space)  # type: ignore[no-any-return]


def _operation(op: str) -> Callable[..., Expression]:
    return lambda *xs: Expression(op, *xs)


def partial(op: str, slot: int, out: Term, operands: list[Term]) -> Term:
    """d(out)/d(operands[slot]), for an operation that is not wide.

    Raises:
        TypeError: the rule is not generic.
    """
    if op in _WITHOUT_BRANCHES:
        return _WITHOUT_BRANCHES[op][slot](out, *operands)
    primitive = TABLE[op]
    if primitive.variadic:
        return trace(primitive.rules[0], out, *operands)[slot]
    return trace(primitive.rules[slot], out, *operands)


def facing_zero(tape: Tape, i: int) -> set[int]:
    """The operands that node i multiplies with the number 0, wherever it has them."""
    args = tape.args[i]
    known = {a: tape.values[a] if tape.ops[a] == "const" else object() for a in args}
    node = SimpleNamespace(op=TABLE[tape.ops[i]], operands=tuple([known[a] for a in args]))
    return {a for a in args if tape.ops[a] != "const" and times_zero(node, known[a])}


def fits_formulas(x: Term) -> bool:
    """Whether each operation in it has as many operands as formulas write."""
    if type(x) is not Expression or x.op in ("name", "operand"):
        return True
    pair = len(x.args) == 2 and x.op in ("maximum", "minimum", "hypot")
    return (pair or x.op not in WIDE) and all(map(fits_formulas, x.args))


TINY = 1e-300  # a smaller result of a power, or what it is multiplied with, has lost digits


def _power_base(out: Term, x: Term, p: Term) -> Term:
    """p x^(p-1), by the result where p - 1 is rounded; by a root where that is lost, too."""
    if type(p) is float:
        if p in (0.0, 1.0, 2.0):
            return (0.0, 1.0, 2.0 * x)[int(p)]
        if abs(p) <= 4.0 and p - 1.0 + 1.0 == p:
            return p * x ** (p - 1.0)
        if 0.0 < p < 1.0:
            return p * out / x  # NaN at 0, where eager has it infinite
        size = abs(x) if p % 2.0 == 1.0 else x
        root = size ** (0.5 * p)
        slope = where(abs(out) < TINY, p * root * (root / size), p * out / x)
        return where(x == 0.0, 0.0, slope)
    few = abs(p) <= 4.0
    power = x ** where(few, p - 1.0, 0.5 * p)  # NaN for an odd p and x < 0: eager knows it
    slope = where(abs(out) < TINY, p * power * where(few, 1.0, power / x), p * out / x)
    at_zero = where(p > 1.0, 0.0, where(p == 1.0, 1.0, where(p == 0.0, 0.0, math.inf)))
    return where(x == 0.0, at_zero, slope)


def _power_exponent(out: Term, x: Term, p: Term) -> Term:
    if type(x) is float and x <= 0.0:
        return math.nan if x else 0.0
    root, log = x ** (0.5 * p), TABLE["log"](x)
    slope = where(abs(out) < TINY, root * log * root, out * log)
    if type(x) is float:
        return slope
    return where(x > 0.0, slope, where(x == 0.0, 0.0, math.nan))


def _along_circle(x: Term, y: Term) -> Term:
    """x / (x² + y²), scaled by a power of two where the length is extreme; 0 at the origin.

    Beside a subnormal number the quotient loses digits; eager knows it.
    """
    length: Term = Expression("hypot", x, y)
    scale = where(length < 1e-290, 2.0**600, where(length > 1e300, 2.0**-600, 1.0))
    length = Expression("hypot", x * scale, y * scale)
    slope = where(length == 0.0, 0.0, x * scale / length / length * scale)
    for each in (x, y):
        size = abs(each)
        slope = where(size < NORMAL, where(size == 0.0, slope, math.nan), slope)
    return slope


_WITHOUT_BRANCHES: dict[str, tuple[Callable[..., Term], ...]] = {
    "pow": (_power_base, _power_exponent),
    "atan2": (lambda out, y, x: _along_circle(x, y), lambda out, y, x: -_along_circle(y, x)),
    "abs": (lambda out, x: Expression("sign", x),),
    "where": (
        lambda out, chosen, x, y: 0.0,
        lambda out, chosen, x, y: where(chosen, 1.0, 0.0),
        lambda out, chosen, x, y: where(chosen, 0.0, 1.0),
    ),
}
