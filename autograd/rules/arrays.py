"""Arrays: expressions in the syntax that NumPy and JAX share.

Both ways of a branch are computed for all numbers. EACH, the operands of an operation that
takes any number of them, is an array `a` of shape (operands, rows, lanes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from autograd.core.primitive import RESERVED, TABLE
from autograd.rules.expression import (
    COMPARISONS,
    REDUCE,
    Expression,
    Term,
    Text,
    operand,
    rebuilt,
)
from autograd.rules.printer import (
    ATOM,
    FORMS,
    NEGATIVE,
    POWER,
    PRODUCT,
    SUM,
    Form,
    Language,
    Printer,
)
from autograd.rules.reader import value

__all__ = ["NAMES", "composed", "function", "library", "lines"]

# How each operation is called.
# fmt: off
NAMES: dict[str, str] = {op: f"np.{op}" for op in [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square",
    "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "hypot", "maximum",
    "minimum", "floor", "ceil", "trunc", "where", "mod", "copysign",
]}
NAMES |= {op: f"np.arc{op[1:]}" for op in [
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2",
]}
# fmt: on
NAMES |= {op: op for op in ["detach", "erf", "erfc", "strong_zero", "refuse"]}
NAMES |= {"floordiv": "np.floor_divide", "round": "rounded"}
REDUCED = {"sum": "{0}.sum(0)", "largest": "{0}.max(0)"}
Opaque = Callable[..., Expression]


class _Arrays(Language):
    forms: Mapping[str, Form] = {
        **FORMS,
        **{op: (f"({{0}} {sign} {{1}}) * 1.0", PRODUCT, SUM, SUM)
           for op, sign in COMPARISONS.items()},
        **{op: (f"{called}({{args}})", ATOM) for op, called in NAMES.items()},
        "div": ("{0} / {1}", PRODUCT, PRODUCT, NEGATIVE),
        "pow": ("{0} ** {1}", POWER, ATOM, POWER),
    }  # fmt: skip
    named, each, names_many = "{} = {}", "a", True
    infinity, nan = "np.inf", "np.nan"

    def called(self, op: str) -> str:
        return f"{op}({{args}})"

    def reduced(
        self, op: str, args: Sequence[tuple[str, bool]], name: str
    ) -> tuple[list[str], str]:
        return [], REDUCED[op].format(f"({args[0][0]})")


def composed(op: str) -> bool:
    """Whether an operation of the library is a function that is composed of others."""
    return op in RESERVED and op not in {"identity", *_Arrays.forms, *REDUCE}


def library(build: Callable[[Expression], Callable[..., Any]]) -> dict[str, Any]:
    """The composed operations by name; each is built when it is called first."""

    def function(op: str) -> Callable[..., Any]:
        operands = map(operand, range(len(TABLE[op].rules)))
        built = cache(lambda: build(Expression(op, *operands)))
        return lambda *xs: built()(*xs)

    return {op: function(op) for op in TABLE if composed(op)}


def lines(x: Term, texts: Sequence[Text], opaque: Opaque) -> tuple[list[Text], Text]:
    """Statements, and the text of an expression after them.

    Args:
        texts: those of the operands.
        opaque: given an operation whose rule is for floats only, and its operands, the
            expression that is written instead.
    """
    printer = Printer(_Arrays(), _opened(x, opaque), texts)
    text = printer.text(printer.x)
    return printer.lines, text


def function(
    space: dict[str, Any], parameters: Sequence[Text], x: Term, opaque: Opaque
) -> Callable[..., Any]:
    """The function of arrays that gives an expression.

    Args:
        space: what its text may name.
        parameters: the names of the expression's operands; that of EACH is "a".
        opaque: see `lines`.
    """
    made: dict[str, Any] = {}
    steps, result = lines(x, parameters, opaque)
    body = [f"    {line}" for line in [*steps, f"return {result}"]]
    text = "\n".join([f"def formula({', '.join(parameters)}):", *body])
    exec(compile(text, "<formula>", "exec"), space, made)
    return made["formula"]  # type: ignore[no-any-return]


def _opened(x: Term, opaque: Opaque) -> Term:
    """An expression of operations that have forms, and of texts."""

    def change(y: Expression, args: list[Term]) -> Term:
        if y.op == "operand":
            return y
        if y.op == "each_partial":
            return opaque(y.op, *map(repr, args[:2]), *args[2:])
        many = any(type(a) is Expression and a.many for a in args)
        if y.op in _Arrays.forms or many or not args or composed(y.op):
            return Expression(y.op, *args)
        try:
            rule = value(y.op, args)
        except TypeError:
            return opaque("each_value", repr(y.op), *args)
        return _opened(rule, opaque)

    return rebuilt(x, change)
