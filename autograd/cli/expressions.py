"""Formulas given as text, read by a small grammar: nothing else can ever run.

The text becomes a list of steps for a stack machine: push a number, push a variable, call
one of the functions of `FUNCTIONS`.
"""

from __future__ import annotations

import inspect
import operator
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from keyword import iskeyword, kwlist
from math import inf, nan, pi
from typing import Any, NamedTuple, NoReturn

from autograd.core import functions
from autograd.core.operand import Operand, primal, real
from autograd.core.primitive import TABLE
from autograd.core.value import Value

__all__ = ["CONSTANTS", "FUNCTIONS", "GRAMMAR", "Formula", "number_given", "parse"]

CONSTANTS = {"inf": inf, "nan": nan, "pi": pi}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(functions, name)
    for name in [*functions.__all__, "abs", "pow", "sum"]
    if name not in ("dot", "take")  # of lists and of an integer
}
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
COMPARISON, SIGN = 1, 4  # how strongly operators bind
BINDING = {
    "+": (2, TABLE["add"]),
    "-": (2, TABLE["sub"]),
    "*": (3, TABLE["mul"]),
    "/": (3, TABLE["div"]),
    "//": (3, TABLE["floordiv"]),
    "%": (3, TABLE["mod"]),
    "**": (5, TABLE["pow"]),
}
PREFIXES: dict[str, Callable[..., Any]] = {"+": operator.pos, "-": TABLE["neg"]}
BRACKETS = {"(": ")", "[": "]", "": ""}  # "": the whole text
CLOSING = (")", "]")
TOKEN = re.compile(
    r"""
    (?P<number> 0[xXoObB]\w+
        | (?:[0-9][0-9_]*\.?[0-9_]* | \.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)
    | (?P<name> [^\W\d]\w*)
    | (?P<mark> \*\* | // | [<>]= | =(?!=) | [-+*/%<>(),\[\]])
    | (?P<other> [=!]= | \S)
    """,
    re.VERBOSE,
)
USE = "use numbers, names, + - * / // % **, comparisons and functions"
INSTEAD = {  # what to write instead
    "^": "write ** for a power",
    "=": "give values after it, as x=2",
    "×": "write *",
    "·": "write *",
    "÷": "write /",
    "−": "write -",
    **dict.fromkeys(("==", "!="), "compare with <, <=, > or >="),
    **dict.fromkeys(("and", "or", "not", "if", "else", "?"), "write where(condition, a, b)"),
}
MISSING = "{} has no operand on its {}: write a number or a name"
GRAMMAR = {  # what the parser of a page shares, as JSON takes it; see formula.js
    "constants": {name: repr(x) for name, x in CONSTANTS.items()},
    "infix": {mark: (binds, op.name) for mark, (binds, op) in BINDING.items()},
    "prefixes": {mark: getattr(op, "name", "") for mark, op in PREFIXES.items()},
    "sign": SIGN,
    "comparison": COMPARISON,
    "instead": INSTEAD,
    "missing": MISSING,
    "use": USE,
    "keywords": kwlist,
}


class _Call(NamedTuple):
    function: Callable[..., Any]
    arity: int
    keywords: tuple[str, ...] = ()

    def __call__(self, operands: list[Any]) -> Any:
        """Apply to `arity` operands, of which the last belong to the keywords."""
        positional = self.arity - len(self.keywords)
        named = zip(self.keywords, operands[positional:])
        return self.function(*operands[:positional], **dict(named))


StackStep = float | str | _Call


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as a function of its variables; `parse` makes one.

    Attributes:
        text: the formula, white space made even.
        names: its variables, in the order in which they appear.
        steps: what the stack machine does: numbers, names and calls.
    """

    text: str
    names: tuple[str, ...]
    steps: tuple[StackStep, ...]

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(name, kind) for name in self.names])

    def __call__(self, *values: Operand) -> Any:
        """The formula's value where its variables have these values, in the order of names.

        Returns:
            A Value if one of the values that the result is computed from is one, else a
            float.

        Raises:
            TypeError: a wrong number of values, operands that a function does not take, or
                a result that is a list.
            ValueError, ArithmeticError: as the operations.

        >>> parse("sin(x * y) + x**2")(0.0, 3.0)
        0.0
        """
        if len(values) != len(self.names):
            raise TypeError(
                f"{self.text} is a function of {len(self.names)} variable(s), "
                f"got {len(values)} value(s)"
            )
        point = dict(zip(self.names, values))
        stack: list[Any] = []
        for step in self.steps:
            if isinstance(step, _Call):
                first = len(stack) - step.arity
                operands = stack[first:]
                del stack[first:]
                stack.append(step(operands))
            else:
                stack.append(point[step] if isinstance(step, str) else step)
        result = stack.pop()
        if type(result) is Value:
            return result
        number = real(result)
        if number is None:
            raise TypeError(f"{self.text} gives a list; an expression gives one number")
        return number


def parse(text: str) -> Formula:
    """Read a formula made of numbers, names, + - * / // % **, comparisons and functions.

    Numbers are floats. Names are variables, except `pi`, `inf` and `nan`. The functions are
    those of `autograd` that take and give numbers; those of any number of operands take a
    list too: `maximum([x, y])`. A comparison is 1 where it is true and 0 where it is false,
    for `where(x > 0, x, -x)`.

    Raises:
        SyntaxError: the text is no formula; the message says what to write, `offset` where.
        ValueError: it is nested too deeply.

    >>> f = parse("a*b + c")
    >>> f.names
    ('a', 'b', 'c')
    >>> f(2.0, -3.0, Value(10.0))
    Value(4.0, op='+')
    >>> parse("2x")
    Traceback (most recent call last):
        ...
      File "the formula", line 1
        2x
         ^
    SyntaxError: there is nothing between 2 and x: write 2*x
    """
    text = " ".join(text.split())
    try:
        steps = _Reader(text).read()
    except RecursionError:
        raise ValueError("the formula is nested too deeply") from None
    names = dict.fromkeys([step for step in steps if isinstance(step, str)])
    return Formula(text, tuple(names), steps)


def number_given(name: str, text: str) -> float:
    """The number that is written after `name=`: a formula without variables."""
    if re.fullmatch(r"\s*[+-]?(inf|nan)\s*", text, re.IGNORECASE):
        return float(text)
    formula = parse(text)
    if formula.names:
        raise ValueError(f"{name}={text}: a value is a number, or a formula without variables")
    number: float = formula()
    return number


class _Token(NamedTuple):
    word: str
    kind: str
    place: int


class _Reader:
    """Turns a text into steps, by precedence climbing."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: list[StackStep] = []
        end = _Token("", "end", len(text))
        self.tokens = [*map(self.token, TOKEN.finditer(text)), end, end][::-1]  # to come
        self.last = end

    def read(self) -> tuple[StackStep, ...]:
        start = self.last
        if not self.text:
            self.fail("the formula is empty", start)
        self.expression(0)
        self.close(start)
        return tuple(self.steps)

    def token(self, found: re.Match[str]) -> _Token:
        word = found[0]
        if word.isidentifier():
            word = unicodedata.normalize("NFKC", word)  # as Python does
        token = _Token(word, str(found.lastgroup), found.start())
        if iskeyword(word):
            instead = INSTEAD.get(word, f"write {word}_")
            self.fail(f"{word} is a word of Python and cannot be a name: {instead}", token)
        if token.kind == "name" and not word.isidentifier():
            self.fail(f"{word} cannot be a name: use letters, digits and _", token)
        if token.kind == "other":
            self.fail(f"{word} has no meaning here: {INSTEAD.get(word, USE)}", token)
        return token

    def take(self) -> _Token:
        self.last = self.tokens.pop()
        return self.last

    def expression(self, strength: int) -> None:
        """Read operands, and the operators that bind more strongly than this."""
        if sign := PREFIXES.get(self.tokens[-1].word):
            self.take()
            self.expression(SIGN)
            self.steps.append(_Call(sign, 1))
        else:
            self.operand()
        while (found := BINDING.get(self.tokens[-1].word)) and found[0] > strength:
            binds, function = found
            self.expression(binds - (self.take().word == "**"))  # a**b**c is a**(b**c)
            self.steps.append(_Call(function, 2))
        tests = []
        while self.tokens[-1].word in ORDER and strength < COMPARISON:
            tests.append(ORDER[self.take().word])
            self.expression(COMPARISON)
        if tests:
            self.steps.append(_Call(_chained(tests), 1 + len(tests)))

    def operand(self) -> None:
        """Read a number, a variable, a call, a list or what stands in brackets."""
        last, token = self.last, self.take()
        word, kind, _ = token
        if kind == "number":
            self.steps.append(self.number(token))
        elif word == "(":
            self.expression(0)
            self.close(token)
        elif word == "[":
            self.call(_list, token)
        elif kind == "name" and self.tokens[-1].word == "(":
            self.call(self.function(token), self.take())
        elif kind == "name":
            self.steps.append(self.variable(token))
        elif kind == "end" or (word in CLOSING and last.word):
            self.fail(MISSING.format(last.word, "right"), last)
        else:
            self.fail(MISSING.format(word, "left"), token)

    def number(self, token: _Token) -> float:
        word = token.word
        try:
            number = float(int(word, 0) if re.match("0[xXoObB]", word) else word)
        except ValueError:
            self.fail(f"{word} is not a number", token)
        except OverflowError:
            number = inf
        if number == inf:
            self.fail(f"{word} is too large for a float", token)
        return number

    def variable(self, token: _Token) -> float | str:
        word, after = token.word, self.tokens[-1]
        if word in FUNCTIONS:
            operand = after.word if after.kind in ("number", "name") else "…"
            self.fail(f"{word} is a function: write {word}({operand})", token)
        return CONSTANTS.get(word, word)

    def function(self, token: _Token) -> Callable[..., Any]:
        name = token.word
        if name not in FUNCTIONS:
            close = ["log"] if name == "ln" else get_close_matches(name, FUNCTIONS, n=1)
            hint = f"did you mean {close[0]}?" if close else "write * to multiply"
            self.fail(f"there is no function {name!r}; {hint}", token)
        return FUNCTIONS[name]

    def call(self, function: Callable[..., Any], opening: _Token) -> None:
        """Read operands up to the closing bracket."""
        arity, keywords = 0, list[str]()
        while self.tokens[-1].word != BRACKETS[opening.word]:
            name = self.tokens[-1]
            if name.kind == "name" and self.tokens[-2].word == "=" and function is not _list:
                self.take()
                self.take()
                if name.word in keywords:
                    self.fail(f"{name.word} is given twice", name)
                keywords.append(name.word)
            elif keywords:
                self.fail(f"write operands without a name before {keywords[0]}", name)
            self.expression(0)
            arity += 1
            if self.tokens[-1].word != ",":
                break
            self.take()
        self.close(opening)
        self.steps.append(_Call(function, arity, tuple(keywords)))

    def close(self, opening: _Token) -> None:
        """Read the closing bracket, or the end if the whole text was opened."""
        last, token = self.last.word, self.take()
        word, closing = token.word, BRACKETS[opening.word]
        if word == closing:
            return
        if token.kind == "end":
            self.fail(f"{opening.word} is never closed: write {closing}", opening)
        if token.kind in ("number", "name") or word == "(":
            instead = f"write {last}*{word}"
            self.fail(f"there is nothing between {last} and {word}: {instead}", token)
        if word in CLOSING:
            instead = f"write {closing}" if closing else "leave it out"
            self.fail(f"{word} closes no bracket: {instead}", token)
        self.fail(f"{word} has no meaning here: {INSTEAD.get(word, USE)}", token)

    def fail(self, message: str, token: _Token) -> NoReturn:
        raise SyntaxError(message, ("the formula", 1, token.place + 1, self.text))


def _list(*items: Any) -> list[Any]:
    return [*items]


def _chained(tests: list[Callable[..., bool]]) -> Callable[..., float]:
    def compare(*xs: Operand) -> float:
        pairs = pairwise([primal(x) for x in xs])
        return float(all(test(x, y) for test, (x, y) in zip(tests, pairs)))

    return compare
