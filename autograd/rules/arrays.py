"""Arrays: rules as functions of NumPy's arrays, or of others with the same functions.

Both ways of a branch are computed for all numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any

from autograd.core.primitive import RESERVED, TABLE
from autograd.rules.expression import (
    COMPARISONS,
    SYMBOLS,
    Expression,
    Term,
    Text,
    bound,
    merged,
    name,
)
from autograd.rules.reader import WORDS, formula

__all__ = ["INFIX", "NAMES", "composed", "shown", "steps"]

# How each operation is called; the others are each's business.
# fmt: off
NAMES: dict[str, str] = {op: f"np.{op}" for op in [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square",
    "reciprocal", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "hypot", "maximum",
    "minimum", "floor", "ceil", "trunc", "where", "mod", "copysign",
]}
NAMES |= {op: f"np.arc{op[1:]}" for op in [
    "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2",
]}
NAMES |= {op: op for op in ["erf", "erfc", "logsumexp", "take", "strong_zero", "refuse"]}
# fmt: on
NAMES |= {"floordiv": "np.floor_divide", "round": "rounded"}
NAMES |= {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}


def composed(space: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """The operations that no word is for, as functions of what `space` has."""
    space = {**space}
    own = {op: _composed(op, space) for op in COMPOSED if op not in space}
    space |= own
    return own


def _composed(op: str, space: dict[str, Any]) -> Callable[..., Any]:
    def function(*xs: Any) -> Any:
        if not made:
            exec(_source(op), space, made)
        return made[op](*xs)

    made: dict[str, Any] = {}
    return function


@cache
def _source(op: str) -> CodeType:
    def call(op: str, args: list[Text]) -> Text:
        called = NAMES.get(op, op)
        return f"{called}({', '.join(args)})" if args else called

    names = [f"x{k}" for k in range(len(TABLE[op].rules))]
    lines = [f"def {op}({', '.join(names)}):"]
    for each, x in steps(bound(merged(formula(op)), [*map(name, names)])):
        lines.append(f"    {f'{each} =' if each else 'return'} {shown(x, call)}")
    return compile("\n".join(lines), "<formula>", "exec")


def steps(x: Term) -> list[tuple[Text, Term]]:
    """Names, each with what occurs more than once in x; and at last, without a name, x."""
    counts: dict[Any, int] = {}
    names: dict[Any, Expression] = {}
    found: list[tuple[Text, Term]] = []

    def count(x: Term) -> None:
        if type(x) is Expression and x.op != "name":
            counts[x.key()] = counts.get(x.key(), 0) + 1
            for a in x.args if counts[x.key()] == 1 else ():
                count(a)

    def named(x: Term) -> Term:
        if type(x) is not Expression or x.op == "name":
            return x
        key = x.key()
        if key not in names:
            x = Expression(x.op, *map(named, x.args))
            if counts[key] == 1:
                return x
            names[key] = name(f"t{len(names) + 1}")
            found.append((f"t{len(names)}", x))
        return names[key]

    count(x)
    whole = named(x)
    return [*found, ("", whole)]


INFIX = {
    **dict.fromkeys(COMPARISONS.values(), 1),
    "add": 2,
    "sub": 2,
    "mul": 3,
    "div": 3,
    "neg": 4,
    "pow": 5,
}
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "neg": "-"}


def shown(x: Term, call: Callable[[str, list[Text]], Text], level: int = 0) -> Text:
    """x in the syntax that Python and NumPy share; `call` writes what has no sign.

    Args:
        call: given an operation and its written operands, how that is written.
        level: brackets are put around what binds less than this.
    """
    if type(x) is not Expression:
        return _number(float(x), call) if x >= 0.0 or level <= 4 else f"({float(x)!r})"
    if x.op == "name":
        return str(x.args[0])
    own = INFIX.get(x.op)
    if own is None:
        return call(x.op, [shown(a, call) for a in x.args])
    sign = SIGNS.get(x.op, x.op)
    if x.op == "neg":
        text = "-" + shown(x.args[0], call, own)
    else:
        left = own + 1 if x.op == "pow" or own == 1 else own
        right = own if x.op == "pow" else own + 1
        text = f"{shown(x.args[0], call, left)} {sign} {shown(x.args[1], call, right)}"
    return f"({text})" if own < level else text


def _number(x: float, call: Callable[[str, list[Text]], Text]) -> Text:
    if x != x or x in (float("inf"), float("-inf")):
        return call("inf" if x > 0 else "-inf" if x < 0 else "nan", [])
    return repr(x)


COMPOSED = tuple(
    sorted(
        op
        for op, entry in TABLE.items()
        if op in RESERVED
        and "." not in op
        and not entry.variadic
        and not {op} & {*NAMES, *INFIX, *COMPARISONS, *WORDS, *SYMBOLS, "identity"}
    )
)
NAMES |= {op: op for op in COMPOSED}
