"""Braces: rules as functions of a language with braces, such as C and JavaScript.

Where a rule goes two ways, so does the function: nothing is computed on the way not taken. A
language is its words, and how it writes the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from autograd.rules.expression import REDUCE, Expression, Term

__all__ = ["Braces", "Language"]

INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    **{s: s for s in ("<", "<=", ">", ">=", "==", "!=")},
}


class Language:
    """How a language writes what is not the same in all.

    Attributes:
        words: format strings of operations.
        constant: how a name is given to a number.
        index, count: the place of each of many operands, and their number.
    """

    words: Mapping[str, str] = {}
    constant = "const "
    index, count = "i", "n"

    def number(self, x: float) -> str:
        return repr(x) if math.copysign(1.0, x) > 0.0 else f"({x!r})"

    def call(self, op: str, args: Sequence[str]) -> str:
        """An operation that has no word."""
        raise NotImplementedError

    def refuse(self, error: str) -> str:
        """The statement of a way on which a rule raises."""
        raise NotImplementedError

    def each(self, text: str) -> str:
        """The statement that gives this number for each of many operands."""
        raise NotImplementedError

    def reduced(self, op: str, args: Sequence[tuple[str, bool]], to: str) -> list[str]:
        """Statements that name the sum, say, of numbers, and of one for each operand."""
        raise NotImplementedError


class Braces:
    """Writes one function, of operands with these names."""

    def __init__(
        self, language: Language, x: Term, names: Sequence[str], each: str = "x"
    ) -> None:
        self.language, self.names, self.each = language, names, each
        self.uses: Counter[bytes] = Counter()
        self.count(x)
        self.top = 0
        self.lines: list[str] = []
        self.known: dict[bytes, str] = {}
        self.x = x

    def count(self, x: Term) -> None:
        if type(x) is Expression and x.op != "operand":
            self.uses[x.key()] += 1
            for a in x.args if self.uses[x.key()] == 1 else ():
                self.count(a)

    def body(self, many: bool = False) -> list[str]:
        """The statements; `many`: they give a number for each of many operands."""
        self.block(self.x, "    ", self.known, many)
        return self.lines

    def block(self, x: Term, indent: str, known: dict[bytes, str], many: bool) -> None:
        self.indent, self.known = indent, {**known}
        if type(x) is Expression and x.op == "raise":
            self.lines.append(indent + self.language.refuse(x.args[0]))
        elif type(x) is Expression and x.op == "where" and not x.args[0].many:
            condition, known = self.inner(x.args[0]), self.known
            self.lines.append(f"{indent}if ({_bare(x.args[0], condition)}) {{")
            self.block(x.args[1], indent + "    ", known, many)
            self.lines.append(f"{indent}}}")
            self.block(x.args[2], indent, known, many)
        else:
            text = self.text(x)
            self.lines.append(
                indent + (self.language.each(text) if many else f"return {text};")
            )

    def inline(self) -> str | None:
        """The expression, if it is one."""
        if type(self.x) is Expression and self.x.op in ("where", "raise"):
            return None
        self.indent = ""
        text = self.text(self.x)
        return None if self.lines else text

    def text(self, x: Term) -> str:
        """Without brackets around it."""
        text: str = self.inner(x)
        bare = type(x) is Expression and text[0] == "(" and x.key() not in self.known
        return text[1:-1] if bare and (x.op in INFIX or x.op in ("where", "neg")) else text

    def inner(self, x: Term) -> str:
        if type(x) is not Expression:
            return self.language.number(float(x))
        if x.op == "operand":
            return str(self.names[x.args[0]])
        if x.op == "each":
            return self.each
        if x.op in ("index", "count"):
            return self.language.index if x.op == "index" else self.language.count
        if x.key() in self.known:
            return self.known[x.key()]
        if x.op in REDUCE:
            args = [(self.text(a), type(a) is Expression and a.many) for a in x.args]
            name = self.new(x)
            lines = self.language.reduced(x.op, args, name)
            self.lines += [self.indent + line for line in lines]
            self.known[x.key()] = name = lines[-1].split(" = ")[0].split()[-1]
            return name
        text = self.plain(x)
        if self.uses[x.key()] < 2 or x.many:
            return text
        name = self.new(x)
        bare = text[1:-1] if text[0] == "(" else text
        self.lines.append(f"{self.indent}{self.language.constant}{name} = {bare};")
        return name

    def new(self, x: Expression) -> str:
        self.top += 1
        self.known[x.key()] = f"t{self.top}"
        return f"t{self.top}"

    def plain(self, x: Expression) -> str:
        if x.op == "raise":
            raise TypeError("a rule that raises for some of its operands")
        args = [self.inner(a) for a in x.args]
        if x.op in self.language.words:
            word = self.language.words[x.op]
            return word.format(*(args if word[0] == "(" else map(_bare, x.args, args)))
        if x.op in INFIX:
            return f"({args[0]} {INFIX[x.op]} {args[1]})"
        if x.op == "neg":
            return f"(-{args[0]})"
        if x.op == "where":
            return f"({args[0]} ? {args[1]} : {args[2]})"
        return self.language.call(x.op, [*map(_bare, x.args, args)])


def _bare(x: Term, text: str) -> str:
    plain = type(x) is Expression and x.op in INFIX and text[0] == "("
    return text[1:-1] if plain else text
