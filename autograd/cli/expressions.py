"""Formulas given as text: Python's grammar, of which a list says what is allowed.

A formula is never run as Python: its syntax tree becomes a list of steps for a stack machine,
with the functions and operators of the tables below.
"""

from __future__ import annotations

import ast
import inspect
import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from itertools import accumulate, pairwise
from keyword import iskeyword, kwlist
from math import e, inf, nan, pi
from typing import Any, NoReturn

from autograd.core import functions, special
from autograd.core.operand import Number, Operand, number, primal, real
from autograd.core.primitive import TABLE
from autograd.core.value import Value

__all__ = ["CONSTANTS", "FUNCTIONS", "GRAMMAR", "Formula", "parse"]

CONSTANTS: dict[str, float] = {"e": e, "inf": inf, "nan": nan, "pi": pi}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(functions, name)
    for name in [*functions.__all__, "abs", "pow", "sum"]
    if name not in ("dot", "take")  # of lists and of an integer
}
# How each operator is written, how strongly it binds, and the function that it is.
COMPARISON, SIGN = 1, 4
OPERATORS: dict[type[ast.AST], tuple[str, int, Callable[..., Any]]] = {
    ast.Lt: ("<", COMPARISON, operator.lt),
    ast.LtE: ("<=", COMPARISON, operator.le),
    ast.Gt: (">", COMPARISON, operator.gt),
    ast.GtE: (">=", COMPARISON, operator.ge),
    ast.Add: ("+", 2, TABLE["add"]),
    ast.Sub: ("-", 2, TABLE["sub"]),
    ast.Mult: ("*", 3, TABLE["mul"]),
    ast.Div: ("/", 3, TABLE["div"]),
    ast.FloorDiv: ("//", 3, TABLE["floordiv"]),
    ast.Mod: ("%", 3, TABLE["mod"]),
    ast.UAdd: ("+", SIGN, operator.pos),
    ast.USub: ("-", SIGN, TABLE["neg"]),
    ast.Pow: ("**", 5, TABLE["pow"]),
}
CLOSING = (")", "]")
COMMANDS = ("check", "doctor", "play")
DEEPEST = 200  # brackets in brackets, as in Python
TOKEN = re.compile(
    r"""
    (?P<start> ^)
    | (?P<number> 0[xXoObB]\w+
        | (?:[0-9][0-9_]*\.?[0-9_]* | \.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?)
    | (?P<name> [^\W\d]\w*)
    | (?P<mark> \*\* | // | [<>]= | =(?!=) | [-+*/%<>(),\[\]])
    | (?P<other> [=!]= | \S)
    | (?P<end> $)
    """,
    re.VERBOSE,
)
Token = re.Match[str]
Step = float | str | tuple[Callable[..., Any], int]
USE = "use numbers, names, + - * / // % **, comparisons and functions"
INSTEAD = {  # what to write instead
    "^": "write ** for a power",
    "=": "give values after it, as x=2",
    "×": "write *",
    "·": "write *",
    "÷": "write /",
    "−": "write -",
    **dict.fromkeys("()[]", "match the brackets, and give operands by name last"),
    **dict.fromkeys(("==", "!="), "compare with <, <=, > or >="),
    **dict.fromkeys(("and", "or", "not", "if", "else", "?"), "write where(condition, a, b)"),
}
MISSING = "{} has no operand on its {}: write a number or a name"
GRAMMAR = {  # what the parser of a page shares, as JSON takes it; see formula.js
    "constants": {name: repr(x) for name, x in CONSTANTS.items()},
    "operators": [(mark, n, getattr(f, "name", "")) for mark, n, f in OPERATORS.values()],
    "comparison": COMPARISON,
    "sign": SIGN,
    "instead": INSTEAD,
    "missing": MISSING,
    "use": USE,
    "keywords": kwlist,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as a function of its variables; `parse` makes one.

    Attributes:
        text: the formula, white space made even.
        names: its variables, in the order in which they appear.
        steps: what a stack machine does: push a number or a variable, or call a function with
            so many operands.
    """

    text: str
    names: tuple[str, ...]
    steps: tuple[Step, ...]

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
        point, stack = dict(zip(self.names, values)), list[Any]()
        for step in self.steps:
            if isinstance(step, tuple):
                function, arity = step
                operands = [stack.pop() for _ in range(arity)]
                stack.append(function(*reversed(operands)))
            else:
                stack.append(point[step] if isinstance(step, str) else step)
        result = stack.pop()
        if type(result) is Value:
            return result
        number = real(result)
        if number is None:
            raise TypeError(f"{self.text} gives a list; an expression gives one number")
        return number

    def leaves(self, values: Mapping[str, Number]) -> list[Value]:
        """Return the variables as leaves that have these values, in the order of names.

        Raises:
            TypeError: a value is not a number.
            ValueError: a variable has no value, or a value has no variable.
        """
        for name in values:
            if name not in self.names:
                known = ", ".join(self.names) or "none"
                raise ValueError(f"{name} is not in the formula, whose variables are: {known}")
        if missing := [name for name in self.names if name not in values]:
            example = " ".join([f"{name}=1" for name in missing])
            [command, *_] = [*get_close_matches(self.text, COMMANDS), ""]
            meant = f", or write {command} for the command" if command else ""
            raise ValueError(f"no value for {', '.join(missing)}; add {example}, say{meant}")
        return [
            Value(number(values[name], f"the value of {name}"), label=name)
            for name in self.names
        ]

    def root(self, leaves: list[Value]) -> Value:
        """Return the result as a Value, which is called f unless a variable is."""
        result = self(*leaves)
        root = result if isinstance(result, Value) else Value(result)
        if root.label is None and "f" not in self.names:
            root.label = "f"
        return root


def parse(text: str) -> Formula:
    """Read a formula made of numbers, names, + - * / // % **, comparisons and functions.

    Numbers are floats. Names are variables, except `e`, `pi`, `inf` and `nan`. The functions
    are those of `autograd` that take and give numbers; those of any number of operands take a
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
    tokens = [*TOKEN.finditer(text)]
    for token in tokens:
        _check(token)
    steps: list[Step] = []
    try:
        waiting = [_tree(text)]
        while waiting:  # from the last step to the first
            operands, step = _read(waiting.pop())
            waiting += operands
            steps.append(step)
    except (LookupError, SyntaxError) as error:
        place = len(re.split(r"[\[,]", text)[0]) + 1  # x[0] and x, y are Python
        _explain(tokens, getattr(error, "offset", None) or place)
    except (RecursionError, MemoryError):  # Python's parser raises both
        raise ValueError(
            "the formula is nested too deeply, or has too many operators in a row; write "
            "the sum of many terms as sum(a, b, c)"
        ) from None
    steps.reverse()
    names = dict.fromkeys([step for step in steps if isinstance(step, str)])
    return Formula(text, tuple(names), tuple(steps))


def _tree(text: str) -> ast.expr:
    """Return Python's syntax tree of a text."""
    if max(accumulate([(c in "([") - (c in ")]") for c in text]), default=0) > DEEPEST:
        raise RecursionError
    return ast.parse(text, mode="eval").body


def _read(node: Any) -> tuple[list[ast.expr], Step]:
    """Return a node's operands, and the step that joins them.

    Raises:
        LookupError: the node is none of those that a formula has.
    """
    kind = type(node)
    operands = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
    if kind is ast.Constant and not isinstance(node.value, complex):
        return [], float(node.value)
    if kind is ast.Name and node.id not in FUNCTIONS:
        return [], CONSTANTS[node.id] if node.id in CONSTANTS else str(node.id)
    function: Callable[..., Any]
    if kind in (ast.UnaryOp, ast.BinOp):
        function = OPERATORS[type(node.op)][2]
    elif kind is ast.Compare:
        function = partial(_compare, [OPERATORS[type(op)][2] for op in node.ops])
    elif kind is ast.List:
        function = _list
    elif kind is ast.Call:
        given = [keyword.arg for keyword in node.keywords]
        function = partial(_call, FUNCTIONS[ast.unparse(operands.pop(0))], given)
        operands += [keyword.value for keyword in node.keywords]
        if len({*given, None}) <= len(given):  # twice, or as **
            raise LookupError
    else:
        raise LookupError
    return operands, (function, len(operands))


def _compare(tests: list[Callable[[float, float], bool]], *xs: Operand) -> float:
    pairs = pairwise([primal(x) for x in xs])
    return float(all(test(*pair) for test, pair in zip(tests, pairs)))


def _call(function: Callable[..., Any], given: list[str], *operands: Any) -> Any:
    """Call a function with operands of which the last are given by name."""
    positional = len(operands) - len(given)
    return function(*operands[:positional], **dict(zip(given, operands[positional:])))


def _list(*items: Any) -> list[Any]:
    return [*items]


# ---------------------------------------------------------------------- mistakes


def _fail(message: str, token: Token) -> NoReturn:
    place = ("the formula", 1, token.start() + 1, token.string)
    raise SyntaxError(message, place) from None


def _fail_as_meaningless(token: Token) -> NoReturn:
    _fail(f"{token[0]} has no meaning here: {INSTEAD.get(token[0], USE)}", token)


def _check(token: Token) -> None:
    """Refuse a word that no formula has."""
    word, kind = unicodedata.normalize("NFKC", token[0]), token.lastgroup  # as Python does
    if kind == "other" or iskeyword(word) or (kind == "name" and not token[0].isidentifier()):
        _fail_as_meaningless(token)
    if kind == "number":
        try:
            number = float(ast.literal_eval(word))
        except SyntaxError:
            _fail_as_meaningless(token)
        except OverflowError:
            number = inf
        if number == inf:
            _fail(f"{word} is too large for a float", token)


def _explain(tokens: list[Token], place: int) -> NoReturn:
    """Raise the reason why tokens are no formula, which shows at this place."""
    if len(tokens) == 1:
        _fail("the formula is empty", tokens[0])
    for last, token in pairwise(tokens):
        before, word = last[0], token[0]
        is_operand = token.lastgroup in ("number", "name")
        if last.lastgroup == "name" and word == "(":
            if before not in FUNCTIONS:
                close = get_close_matches(before, FUNCTIONS, n=1) if before != "ln" else ["log"]
                hint = f"did you mean {close[0]}?" if close else "write * to multiply"
                hint = (
                    f"write autograd.{before} in Python" if before in special.__all__ else hint
                )
                _fail(f"there is no function {before!r}; {hint}", last)
        elif before in FUNCTIONS:
            operand = word if is_operand else "…"
            _fail(f"{before} is a function: write {before}({operand})", last)
        elif last.lastgroup in ("number", "name") or before in CLOSING:
            if is_operand or word == "(":
                instead = f"write {before}*{word}"
                _fail(f"there is nothing between {before} and {word}: {instead}", token)
        elif not is_operand and word not in ("(", "[", "+", "-"):
            if word and word not in CLOSING:
                _fail(MISSING.format(word, "left"), token)
            if before not in ("(", "[", ","):
                _fail(MISSING.format(before, "right"), last)
    _fail_as_meaningless([token for token in tokens[:-1] if token.start() < place][-1])
