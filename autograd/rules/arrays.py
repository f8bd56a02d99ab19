"""Arrays: expressions in the syntax that NumPy and JAX share.

Both ways of a branch are computed for all numbers. EACH, the operands of an operation that
takes any number of them, is an array `a` of shape (operands, rows, lanes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from autograd.core.primitive import RESERVED, TABLE
from autograd.rules.expression import (
    COMPARISONS,
    REDUCE,
    Expression,
    Term,
    Text,
    name,
    operand,
    rebuilt,
)
from autograd.rules.reader import value

__all__ = ["NAMES", "SIGNS", "composed", "definition", "library", "lines", "number"]

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
NAMES |= {op: op for op in ["erf", "erfc", "strong_zero", "refuse"]}
NAMES |= {"floordiv": "np.floor_divide", "round": "rounded"}
# The sign of each that has one, and how tightly it binds.
SIGNS = {
    **{sign: (sign, 1) for sign in COMPARISONS.values()},
    **{op: (sign, 3) for op, sign in COMPARISONS.items()},
    "add": ("+", 2),
    "sub": ("-", 2),
    "mul": ("*", 3),
    "div": ("/", 3),
    "neg": ("-", 4),
    "pow": ("**", 5),
}
REDUCED = {"sum": "{0}.sum(0)", "largest": "{0}.max(0)"}
ATOM = 6
Opaque = Callable[..., Expression]


def composed(op: str) -> bool:
    """Whether an operation of the library is a function that is composed of others."""
    return op in RESERVED and op not in {"identity", *NAMES, *SIGNS, *REDUCE}


def library(build: Callable[[Expression], Callable[..., Any]]) -> dict[str, Any]:
    """The composed operations by name; each is built when it is called first."""

    def function(op: str) -> Callable[..., Any]:
        operands = map(operand, range(len(TABLE[op].rules)))
        built = cache(lambda: build(Expression(op, *operands)))
        return lambda *xs: built()(*xs)

    return {op: function(op) for op in TABLE if composed(op)}


def lines(x: Term, texts: Sequence[Text], opaque: Opaque) -> list[tuple[Text, Text]]:
    """An expression as pairs of a name and its text; the last one has no name.

    Args:
        texts: those of the operands.
        opaque: given an operation whose rule is for floats only, and its operands, the
            expression that is written instead.
    """
    return [(each, _text(y)) for each, y in _steps(_opened(x, texts, opaque))]


def definition(
    called: Text, parameters: Sequence[Text], x: Term, texts: Sequence[Text], opaque: Opaque
) -> Text:
    """A function that gives an expression."""
    body = [f"    {to} = {text}" if to else f"    return {text}"
            for to, text in lines(x, texts, opaque)]  # fmt: skip
    return "\n".join([f"def {called}({', '.join(parameters)}):", *body])


def _opened(x: Term, texts: Sequence[Text], opaque: Opaque) -> Term:
    """An expression of operations that have words, and of texts."""

    def change(y: Expression, args: list[Term]) -> Term:
        if y.op == "operand":
            return name(texts[int(y.args[0])])
        if y.op == "each_partial":
            return opaque(y.op, *map(repr, args[:2]), *args[2:])
        many = any(type(a) is Expression and a.many for a in args)
        if y.op in {"name", *NAMES, *SIGNS} or many or not args or composed(y.op):
            return Expression(y.op, *args)
        try:
            rule = value(y.op, args)
        except TypeError:
            return opaque("each_value", repr(y.op), *args)
        return _opened(rule, texts, opaque)

    return rebuilt(x, change)


def _steps(x: Term) -> list[tuple[Text, Term]]:
    """Names, each with an expression that occurs more than once in x; at last x, unnamed."""
    counts: dict[bytes, int] = {}
    names: dict[bytes, Expression] = {}
    steps: list[tuple[Text, Term]] = []

    def is_inner(x: Term) -> bool:
        return type(x) is Expression and x.op != "name" and len(x.args) > 0

    def count(x: Term) -> None:
        if is_inner(x):
            counts[x.key()] = counts.get(x.key(), 0) + 1
            for a in x.args if counts[x.key()] == 1 else ():
                count(a)

    def named(x: Term) -> Term:
        if not is_inner(x):
            return x
        key = x.key()
        if key not in names:
            x = Expression(x.op, *map(named, x.args))
            if counts[key] == 1:
                return x
            text = f"t{len(names) + 1}"
            names[key] = Expression("each", text) if x.many else name(text)
            steps.append((text, x))
        return names[key]

    count(x)
    whole = named(x)
    return [*steps, ("", whole)]


def _text(x: Term, level: int = 0) -> Text:
    """The text; in brackets if it binds less tightly than `level`."""
    if type(x) is not Expression:
        return x if type(x) is str else number(float(x), level)
    if x.op in ("name", "each"):
        return str(x.args[0]) if x.args else "a"
    if x.op in REDUCED and any(type(a) is Expression and a.many for a in x.args):
        return REDUCED[x.op].format(_text(x.args[0], ATOM))
    if x.op not in SIGNS:
        return f"{NAMES.get(x.op, x.op)}({', '.join(map(_text, x.args))})"
    sign, own = SIGNS[x.op]
    if x.op in COMPARISONS:
        text = f"({_text(x.args[0], 2)} {COMPARISONS[x.op]} {_text(x.args[1], 2)}) * 1.0"
    elif x.op == "neg":
        text = "-" + _text(x.args[0], own)
    else:
        left = own + 1 if x.op == "pow" or own == 1 else own
        right = own if x.op == "pow" else own + 1
        text = f"{_text(x.args[0], left)} {sign} {_text(x.args[1], right)}"
    return f"({text})" if own < level else text


def number(x: float, level: int = 0) -> Text:
    """A number; in brackets if it has a sign, and more than a product is around it."""
    text = repr(x).replace("inf", "np.inf").replace("nan", "np.nan")
    return f"({text})" if text[0] == "-" and level > 4 else text
