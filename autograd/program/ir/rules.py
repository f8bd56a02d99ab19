"""The values and partials of operations as expressions, from the rules of the table.

Most partials are what the rule of the table gives. A few rules count, sort or look at the kind
of number, which an expression can't follow; they are written here without that.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

from autograd.core.chain import times_zero
from autograd.core.primitive import TABLE
from autograd.rules.expression import Expression, Term, bound, merged
from autograd.rules.reader import formula, partials

if TYPE_CHECKING:
    from autograd.program.ir.tape import Tape

__all__ = [
    "BOUNDED",
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
# Nothing flows through these, and eager does not compute what would.
FLAT = frozenset([
    "lt", "le", "gt", "ge", "eq", "ne", "trunc", "floor", "ceil", "round",
])
# fmt: on


def value(op: str, operands: list[Term]) -> Term:
    """What the value rule of an operation computes, both ways of each branch.

    Raises:
        TypeError: the rule can't be read.
    """
    return _bound(formula, op, operands)


def partial(op: str, slot: int, out: Term, operands: list[Term]) -> Term:
    """d(out)/d(operands[slot]), for an operation that is not wide.

    Raises:
        TypeError: the rule can't be read.
    """
    if op == "abs":
        return Expression("sign", *operands)  # in one operation
    return _bound(lambda op, known: partials(op, known)[slot], op, [*operands, out])


def _bound(read: Callable[..., Term], op: str, terms: list[Term]) -> Term:
    entry = TABLE[op]
    if entry.variadic:
        raise TypeError("it has many operands")
    known = [x if type(x) is float else None for x in terms[: len(entry.rules)]]
    return bound(merged(read(op, known if any(x is not None for x in known) else None)), terms)


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
