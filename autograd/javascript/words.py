"""JavaScript: the operations of the table as functions, printed from their rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from autograd.core.primitive import TABLE, Primitive
from autograd.rules.expression import (
    COMPARISONS,
    REDUCE,
    SYMBOLS,
    Expression,
    UntranslatableError,
)
from autograd.rules.printer import ATOM, Form, Language, Printer
from autograd.rules.reader import formula, partials

__all__ = ["PRODUCT", "JavaScript", "UntranslatableError", "module"]

PYTHON = (files("autograd.javascript") / "python.js").read_text("utf-8")
PRODUCT = (files("autograd.javascript") / "product.js").read_text("utf-8")
[_MATH] = re.findall(r"^const math = {$(.*?)^};", PYTHON, re.MULTILINE | re.DOTALL)
MATH = {*re.findall(r"^  (\w+)", _MATH, re.MULTILINE)} - REDUCE
REDUCED = {"sum": "math.fsum([{args}])", "largest": "max({args})", "smallest": "min({args})"}
REDUCED |= {"hypot": "math.hypot({args})"}
# Values of operations that no rule tells, and partials that depend on where operands stand.
VALUES = {
    "sum": "(...xs) => math.fsum(xs)",
    "hypot": "math.hypot",
    "dot": "dot",
    "take": "take",
    "maximum": "(...xs) => extremum(max, xs)",
    "minimum": "(...xs) => extremum(min, xs)",
}
PARTIALS = {
    "dot": "(out, bias, ...xs) => [1, ...xs.slice(xs.length / 2), "
    "...xs.slice(0, xs.length / 2)]",
}


class JavaScript(Language):
    """Notes the operations that it calls."""

    forms: Mapping[str, Form] = {
        **Language.forms,
        **{op: (f"math.{op}({{args}})", ATOM) for op in MATH},
        **{op: (f"{op}({{args}})", ATOM) for op in ("abs", "mod", "floordiv", "copysign")},
        **{op: (f"Number({{0}} {sign} {{1}})", ATOM) for op, sign in COMPARISONS.items()},
        "div": ("divide({args})", ATOM),
        "pow": ("power({args})", ATOM),
    }
    count = "xs.length"

    def __init__(self) -> None:
        self.calls: dict[str, None] = {}

    def called(self, op: str) -> str:
        self.calls[op] = None
        return f"table[{_literal(op)}].value({{args}})"

    def refuse(self, error: str) -> str:
        return f'throw new PythonError("{error}");'

    def given(self, text: str) -> str:
        return f"return xs.map((x, i) => {text});"

    def reduced(
        self, op: str, args: Sequence[tuple[str, bool]], name: str
    ) -> tuple[list[str], str]:
        texts = [f"...xs.map((x, i) => {text})" if many else text for text, many in args]
        texts = ["...xs" if text == "...xs.map((x, i) => x)" else text for text in texts]
        form = REDUCED.get(op) or self.called(op)
        return [], form.format(args=", ".join(texts))


def module(primitives: Iterable[Primitive]) -> str:
    """A script that defines `table`: by name, the value and partials of these operations.

    `table[name].value(...operands)` is the number; it throws a PythonError where Python raises.
    `table[name].partials` has a function `(out, ...operands)` an operand; of a variadic
    operation it is one function, which returns an array. Operations that a rule uses are there
    too. Nothing in the script ends its element in a page.

    Raises:
        UntranslatableError: a rule can't be read.
    """
    entries: dict[str, str] = {}
    wanted = list(primitives)
    while wanted:
        entry = wanted.pop()
        if entry.name not in entries:
            language = JavaScript()
            entries[entry.name] = _entry(entry, language)
            wanted += [TABLE[op] for op in language.calls]
    lines = ",\n".join(entries.values())
    return "\n".join([PYTHON, f"const table = {{\n{lines}\n}};\n"])


def _entry(entry: Primitive, language: JavaScript) -> str:
    op, count = entry.name, len(entry.rules)
    value, slopes = VALUES.get(op), PARTIALS.get(op)
    if entry.variadic:
        slopes = slopes or _many(op, language)
        value = value or _function(language, formula(op), len(partials(op)) - 1, False, "...xs")
    else:
        parts = [_function(language, x, count, True) for x in partials(op)]
        slopes = f"[{', '.join(parts)}]"
        value = value or _function(language, formula(op), count, False)
    return f"  {_literal(op)}: {{\n    value: {value},\n    partials: {slopes},\n  }}"


def _function(language: JavaScript, x: Any, count: int, slope: bool, *rest: str) -> str:
    names = [f"x{k}" for k in range(count)]
    parameters = [*(["out"] if slope else []), *names, *rest]
    if type(x) is Expression and x.op in SYMBOLS:
        x = Expression("where", x, 1.0, 0.0)
    text = Printer(language, x, [*names, "out"]).inline()
    if text is not None:
        return f"({', '.join(parameters)}) => {text}"
    body = "\n".join(Printer(language, x, [*names, "out"]).body())
    return f"({', '.join(parameters)}) => {{\n{body}\n    }}"


def _many(op: str, language: JavaScript) -> str:
    """Write the partials of an operation of many operands as a function that gives an array."""
    *named, each = partials(op)
    names = [f"x{k}" for k in range(len(named))]
    given = ", ".join(["out", *names, "...xs"])
    body = "\n".join(Printer(language, each, [*names, "out"]).body(True))
    every = f"({given}) => {{\n{body}\n    }}"
    if not named:
        return every
    alone = [_function(language, x, len(named), True, "...xs") for x in named]
    calls = ", ".join([f"({text})({given})" for text in alone])
    return f"({given}) => [{calls}, ...({every})({given})]"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
