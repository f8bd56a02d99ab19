"""The printer: expressions as text of a language.

An expression that occurs more than once gets a name first. In a language with braces a rule
that goes two ways is a function that does so: nothing is computed on the way not taken. A
language is its forms, and how it writes the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from autograd.rules.expression import REDUCE, SYMBOLS, Expression, Term, UntranslatableError

__all__ = ["ATOM", "FORMS", "Form", "Language", "Printer"]

CHOICE, COMPARED, SUM, PRODUCT, NEGATIVE, POWER, ATOM = range(7)  # how tightly text binds
# The text of an operation, how tightly it binds, and how tightly its operands have to.
Form = tuple[Any, ...]
FORMS: dict[str, Form] = {
    **{sign: (f"{{0}} {sign} {{1}}", COMPARED, SUM, SUM) for sign in SYMBOLS},
    "add": ("{0} + {1}", SUM, SUM, PRODUCT),
    "sub": ("{0} - {1}", SUM, SUM, PRODUCT),
    "mul": ("{0} * {1}", PRODUCT, PRODUCT, NEGATIVE),
    "neg": ("-{0}", NEGATIVE, POWER),
}


class Language:
    """How a language writes what is not the same in all.

    Attributes:
        forms: of operations.
        named: how a name is given to a number.
        each, index, count: one of many operands, its place, and their number.
        names_many: whether a name can stand for a number of each of them.
        infinity, nan: what these are called.
    """

    forms: Mapping[str, Form] = FORMS | {
        "where": ("{0} ? {1} : {2}", CHOICE, COMPARED, COMPARED, CHOICE)
    }
    named = "const {} = {};"
    each, index, count = "x", "i", "n"
    names_many = False
    infinity, nan = "Infinity", "NaN"

    def number(self, x: float) -> str:
        return repr(x).replace("inf", self.infinity).replace("nan", self.nan)

    def called(self, op: str) -> str:
        """The text of an operation that has no form."""
        raise NotImplementedError

    def reduced(
        self, op: str, args: Sequence[tuple[str, bool]], name: str
    ) -> tuple[list[str], str]:
        """A sum, say, of numbers, and of one for each operand; and statements before it.

        Args:
            args: their texts, and whether there is one for each operand.
            name: a new one.
        """
        raise NotImplementedError

    def refuse(self, error: str) -> str:
        """The statement of a way on which a rule raises."""
        raise NotImplementedError

    def given(self, text: str) -> str:
        """The statement that gives this number for each of many operands."""
        raise NotImplementedError


class Printer:
    """Writes an expression of operands with these texts.

    Attributes:
        lines: the statements so far.
    """

    def __init__(self, language: Language, x: Term, operands: Sequence[str]) -> None:
        self.language, self.x, self.operands, self.indent = language, x, operands, ""
        self.uses: Counter[bytes] = Counter()
        self.known: dict[bytes, str] = {}
        self.lines: list[str] = []
        self.top = 0
        self.count(x)

    def count(self, x: Term) -> None:
        if type(x) is Expression and x.op != "operand":
            self.uses[x.key()] += 1
            for a in x.args if self.uses[x.key()] == 1 else ():
                self.count(a)

    def text(self, x: Term, level: int = CHOICE) -> str:
        """An expression; in brackets if it binds less tightly than this."""
        if type(x) is str:
            return x
        if type(x) is not Expression:
            text, own = self.language.number(float(x)), NEGATIVE
            return f"({text})" if own < level and text[0] == "-" else text
        if x.op == "operand":
            return str(self.operands[x.args[0]])
        if x.op in ("each", "index", "count"):
            return str(getattr(self.language, x.op))
        if x.key() not in self.known:
            text, own = self.written(x)
            once = self.uses[x.key()] < 2 or (x.many and not self.language.names_many)
            if once and not self.loops(x):
                return f"({text})" if own < level else text
            name = self.new()
            self.lines.append(self.indent + self.language.named.format(name, text))
            self.known[x.key()] = name
        return self.known[x.key()]

    def loops(self, x: Expression) -> bool:
        """Whether it takes any number of operands, and has no form."""
        return x.op in REDUCE and x.op not in self.language.forms

    def new(self) -> str:
        self.top += 1
        return f"t{self.top}"

    def written(self, x: Expression) -> tuple[str, int]:
        """The text of an operation, and how tightly it binds."""
        if x.op == "raise":
            raise UntranslatableError("a rule that raises for some of its operands")
        if self.loops(x):
            parts = [(self.text(a), type(a) is Expression and a.many) for a in x.args]
            lines, text = self.language.reduced(x.op, parts, self.new())
            self.lines += [self.indent + line for line in lines]
            return text, ATOM
        form = self.language.forms.get(x.op) or (self.language.called(x.op), ATOM)
        levels: Any = zip_longest(x.args, form[2 : 2 + len(x.args)], fillvalue=CHOICE)
        args = [self.text(a, level) for a, level in levels]
        return form[0].format(*args, args=", ".join(args)), form[1]

    # ------------------------------------------------------------------ with braces

    def body(self, many: bool = False) -> list[str]:
        """The statements; `many`: they give a number for each of many operands."""
        self.block(self.x, "    ", self.known, many)
        return self.lines

    def block(self, x: Term, indent: str, known: dict[bytes, str], many: bool) -> None:
        self.indent, self.known = indent, {**known}
        if type(x) is Expression and x.op == "raise":
            self.lines.append(indent + self.language.refuse(x.args[0]))
        elif type(x) is Expression and x.op == "where" and not x.args[0].many:
            condition, known = self.text(x.args[0]), self.known
            self.lines.append(f"{indent}if ({condition}) {{")
            self.block(x.args[1], indent + "    ", known, many)
            self.lines.append(f"{indent}}}")
            self.block(x.args[2], indent, known, many)
        else:
            text = self.text(x)
            statement = self.language.given(text) if many else f"return {text};"
            self.lines.append(indent + statement)

    def inline(self) -> str | None:
        """The expression, if it is one."""
        if type(self.x) is Expression and self.x.op in ("where", "raise"):
            return None
        text = self.text(self.x)
        return None if self.lines else text
