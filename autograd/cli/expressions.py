"""Formulas given as text, read against a whitelist: nothing else can ever run.

`ast` turns the text into a tree, which is translated into a list of steps for a stack
machine: push a number, push a variable, call one of the functions of `FUNCTIONS`. A tree
with anything else in it is refused before a single step has run. No step recurses, and the
length of the text is limited, so that deep or huge input gets an error too.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from keyword import iskeyword
from math import inf, nan, pi
from typing import Any, NamedTuple

from autograd.core import functions as functional
from autograd.core.primitive import TABLE, Operand, primal, real
from autograd.core.value import Value

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "parse"]

LONGEST = 10_000  # characters
CONSTANTS = {"inf": inf, "nan": nan, "pi": pi}
UNARY: dict[type[ast.unaryop], Callable[..., Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: TABLE["neg"],
}
BINARY: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: TABLE["add"],
    ast.Sub: TABLE["sub"],
    ast.Mult: TABLE["mul"],
    ast.Div: TABLE["div"],
    ast.Pow: TABLE["pow"],
}
ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
USE = "use numbers, names, + - * / **, comparisons and functions"
POWER = "write ** for a power"
CONDITION = "write where(condition, a, b)"
COMPARE = "compare with <, <=, > or >="
HINTS: dict[type[ast.AST] | str, str] = {  # what to write instead, by node or by word
    ast.BitXor: POWER,
    ast.BoolOp: CONDITION,
    ast.IfExp: CONDITION,
    ast.Eq: COMPARE,
    ast.NotEq: COMPARE,
    ast.Call: "write * to multiply",
    "^": POWER,
    **dict.fromkeys(("and", "or", "not", "if", "else", "?"), CONDITION),
    **dict.fromkeys(("==", "!="), COMPARE),
    **dict.fromkeys("×·", "write *"),
    "÷": "write /",
    "−": "write -",
    "=": "give values after it, as x=2",
}
TOKEN = re.compile(
    r"""
    (?P<number> 0[xX][\da-fA-F_]+ | (?:\d[\d_]*\.?[\d_]* | \.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)
    | (?P<name> [^\W\d]\w*) | (?P<open> [(\[]) | (?P<close> [)\]]) | (?P<sign> [+-])
    | (?P<operator> \*\* | <= | >= | [*/<>,] | =(?!=)) | (?P<other> == | != | // | \S)
    """,
    re.VERBOSE,
)
MISSING = "{} has no operand on its right: write a number or a name"
BRACKETS = {"(": ")", "[": "]"}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(functional, name)
    for name in [*functional.__all__, "abs", "pow", "sum"]
    if name not in ("dot", "take")  # of lists and of an integer
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


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula as a function of its variables; `parse` makes one.

    Attributes:
        text: the formula, white space made even.
        names: its variables, in the order in which they appear.
        steps: what the stack machine does: numbers, names and calls.
    """

    text: str
    names: tuple[str, ...]
    steps: tuple[float | str | _Call, ...]

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


def parse(text: str) -> Expression:
    """Read a formula made of numbers, names, + - * / **, comparisons and functions.

    Numbers are floats. Names are variables, except `pi`, `inf` and `nan`. The functions are
    those of `autograd` that take and give numbers; those of any number of operands take a
    list too: `maximum([x, y])`. A comparison is 1 where it is true and 0 where it is false,
    for `where(x > 0, x, -x)`.

    Raises:
        SyntaxError: the text is no formula, or has something else in it; `offset` says where.
        NameError: there is no function of that name.
        ValueError: it is too long or nested too deeply.

    >>> f = parse("a*b + c")
    >>> f.names
    ('a', 'b', 'c')
    >>> f(2.0, -3.0, Value(10.0))
    Value(4.0, op='+')
    >>> parse("__import__('os')")
    Traceback (most recent call last):
        ...
    NameError: there is no function '__import__'; write * to multiply
    """
    if len(text) > LONGEST:
        raise ValueError(
            f"the expression has {len(text):,} characters, more than {LONGEST:,}; "
            "a program that builds it from Values has no such limit"
        )
    text = " ".join(text.split())
    if not text or "#" in text:
        raise SyntaxError("the expression has a comment" if text else "the expression is empty")
    try:
        with warnings.catch_warnings():  # 1if x: Python warns of some texts
            warnings.simplefilter("error")
            tree = ast.parse(text, "the expression", "eval")
    except SyntaxError as error:
        raise _mistake(text) or _syntax_error(error.msg, error.offset, text) from None
    except (MemoryError, RecursionError):
        raise ValueError("the expression is nested too deeply, or too long a chain") from None
    except ValueError as error:  # a character that is none
        raise SyntaxError(f"not a text: {error}") from None
    steps = _translate(tree.body, text)
    names = dict.fromkeys([step for step in steps if isinstance(step, str)])
    return Expression(text, tuple(names), steps)


def _translate(tree: ast.expr, text: str) -> tuple[float | str | _Call, ...]:
    """The steps that compute the tree, the operands of each call before it."""
    steps: list[float | str | _Call] = []
    waiting: list[ast.expr | _Call] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Call):
            steps.append(item)
        elif isinstance(item, ast.Constant):
            steps.append(_number(item, text))
        elif isinstance(item, ast.Name):
            steps.append(_variable(item.id))
        else:
            call, operands = _call(item, text)
            waiting.append(call)
            waiting += reversed(operands)
    return tuple(steps)


def _call(node: ast.expr, text: str) -> tuple[_Call, list[ast.expr]]:
    """The call that an inner node of the tree stands for, and its operands."""
    match node:
        case ast.UnaryOp(op, x) if type(op) in UNARY:
            return _Call(UNARY[type(op)], 1), [x]
        case ast.BinOp(x, op, y) if type(op) in BINARY:
            return _Call(BINARY[type(op)], 2), [x, y]
        case ast.Compare(x, ops, others) if all(type(op) in ORDER for op in ops):
            return _Call(_in_order([ORDER[type(op)] for op in ops]), 1 + len(ops)), [x, *others]
        case ast.List(xs):
            return _Call(lambda *items: list(items), len(xs)), xs
        case ast.Call(ast.Name(name), xs, named):
            keywords = tuple([k.arg for k in named if k.arg is not None])
            for i, keyword in enumerate(named):
                if keyword.arg in keywords[:i]:
                    raise _error(f"{keyword.arg} is given twice", keyword, text)
            if len(keywords) == len(named):
                operands = [*xs, *[k.value for k in named]]
                return _Call(_function(name), len(operands), keywords), operands
    raise _refusal(node, text)


def _in_order(tests: list[Callable[[Any, Any], bool]]) -> Callable[..., float]:
    def compare(*xs: Operand) -> float:
        pairs = pairwise([primal(x) for x in xs])
        return float(all(test(x, y) for test, (x, y) in zip(tests, pairs)))

    return compare


def _number(node: ast.Constant, text: str) -> float:
    if type(node.value) not in (int, float):
        raise _refusal(node, text)
    try:
        number = float(node.value)  # type: ignore[arg-type]
    except OverflowError:
        number = float("inf")
    if number == float("inf"):
        raise _error(f"{_source(node, text)} is too large for a float", node, text)
    return number


def _variable(name: str) -> float | str:
    if name in FUNCTIONS:
        raise NameError(f"{name} is a function: write {name}(…)")
    return CONSTANTS.get(name, name)


def _function(name: str) -> Callable[..., Any]:
    try:
        return FUNCTIONS[name]
    except KeyError:
        close = ["log"] if name == "ln" else get_close_matches(name, FUNCTIONS, n=1)
        hint = f"did you mean {close[0]}?" if close else "write * to multiply"
        raise NameError(f"there is no function {name!r}; {hint}") from None


def _refusal(node: ast.expr, text: str) -> SyntaxError:
    """The error for a node that has no place here, with what to write instead."""
    kinds = [type(node), type(getattr(node, "op", None)), *map(type, getattr(node, "ops", ()))]
    hints = [HINTS[kind] for kind in kinds if kind in HINTS]
    hint = hints[0] if hints else USE
    return _error(f"{_source(node, text)} is not allowed here: {hint}", node, text)


def _source(node: ast.expr, text: str) -> str:
    source = ast.get_source_segment(text, node) or text
    return source if len(source) <= 40 else source[:37] + "..."


def _error(message: str, node: ast.expr | ast.keyword, text: str) -> SyntaxError:
    offset = len(text.encode()[: node.col_offset].decode()) + 1  # ast counts bytes
    return _syntax_error(message, offset, text)


def _syntax_error(message: str, offset: int | None, text: str) -> SyntaxError:
    return SyntaxError(message, ("the expression", 1, offset, text))


def _mistake(text: str) -> SyntaxError | None:
    """What is wrong with a text that Python cannot read, if the order of its tokens tells.

    Operands (numbers, names, what stands in brackets) and operators must take turns.
    """
    opened: list[tuple[str, int]] = []
    last, last_kind, last_place = "", "", 0  # the token before
    for token in TOKEN.finditer(text):
        word, kind, place = token[0], str(token.lastgroup), token.start()
        operand = last_kind in ("number", "name", "close")
        message = ""
        if iskeyword(word):
            hint = HINTS.get(word, f"write {word}_")
            message = f"{word} is a word of Python and cannot be a name: {hint}"
        elif kind == "other" or (word == "=" and not opened) or (word == "[" and operand):
            message = f"{word} has no meaning here: {HINTS.get(word, USE)}"
        elif kind in ("number", "name") and operand:
            instead = f"{last}({word})" if last in FUNCTIONS else f"{last}*{word}"
            message = f"there is nothing between {last} and {word}: write {instead}"
        elif word == "(" and last_kind in ("number", "close"):
            message = f"there is nothing between {last} and (: write {last}*("
        elif kind == "operator" and not operand:
            message = f"{word} has no operand on its left: write a number or a name"
        elif kind == "close" and last_kind in ("operator", "sign") and last != ",":
            message, place = MISSING.format(last), last_place
        if message:
            return _syntax_error(message, place + 1, text)
        if kind == "open":
            opened.append((word, place))
        elif kind == "close" and (not opened or BRACKETS[opened.pop()[0]] != word):
            return None  # Python says it well
        last, last_kind, last_place = word, kind, place
    if last_kind in ("operator", "sign"):
        return _syntax_error(MISSING.format(last), last_place + 1, text)
    if opened:
        word, place = opened[-1]
        return _syntax_error(f"{word} is never closed: write {BRACKETS[word]}", place + 1, text)
    return None
