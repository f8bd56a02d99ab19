"""Expressions: what a rule of the table computes, without numbers.

A rule is generic, so given names instead of numbers it gives a formula. Where it asks which of
two numbers is larger it is run both ways, and the formula chooses (`where`).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from hashlib import blake2b
from typing import Any

from autograd.core.primitive import TABLE, Primitive

__all__ = [
    "COMPARISONS",
    "COUNT",
    "EACH",
    "FLAT",
    "INDEX",
    "OPPOSITE",
    "REDUCE",
    "SYMBOLS",
    "Expression",
    "Term",
    "Text",
    "UntranslatableError",
    "applied",
    "bound",
    "merged",
    "operand",
    "operands_of",
    "rebuilt",
    "same",
    "shared",
    "where",
]

Text = str
Term = Any  # an Expression or a float
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
SYMBOLS = {sign: name for name, sign in COMPARISONS.items()}
# Operations that nothing flows through, and that eager does not record.
FLAT = frozenset([*COMPARISONS, "trunc", "floor", "ceil", "round", "detach"])
REDUCE = frozenset(
    ["sum", "dot", "largest", "smallest", "maximum", "minimum", "hypot", "logsumexp", "take"]
)
REFUSED = object()  # in place of a result, where a rule raises
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Digits(str):
    """The text of a number that is not known: for messages only."""


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: TABLE[name](self)


def _binary(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operator, and its form for a number on the left."""
    return (lambda self, other: TABLE[name](self, other)), (
        lambda self, other: TABLE[name](other, self)
    )


def _compared(sign: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: Expression(sign, self, other)


class Expression:
    """An operation on expressions and floats."""

    __slots__ = ("_key", "args", "many", "op")
    label = None

    def __init__(self, op: str, *args: Any) -> None:
        self.op, self.args = op, args
        # Whether it is one for each of many operands.
        self.many: bool = op in ("each", "index") or (
            op not in REDUCE and any(type(a) is Expression and a.many for a in args)
        )
        self._key: bytes | None = None

    @staticmethod
    def _record(primitive: Primitive, operands: tuple[Term, ...]) -> Any:
        factors = [x for x in operands if type(x) is not float or x != 1.0]
        if primitive.name == "mul" and len(factors) == 1:
            return factors[0]
        return Expression(primitive.name, *operands)

    @property
    def data(self) -> Expression:
        """Itself: a rule that asks for the number branches on it."""
        return self

    def _primal(self) -> Expression:
        return self

    def key(self) -> bytes:
        """Equal for equal expressions; short, however often they hold the same ones."""
        if self._key is None:
            parts = [a.key() if type(a) is Expression else a for a in self.args]
            self._key = blake2b(repr((self.op, *parts)).encode(), digest_size=16).digest()
        return self._key

    def __bool__(self) -> bool:
        condition: Any = self if self.op in COMPARISONS.values() else self != 0.0
        key = condition.key()
        if key not in decided.ways:
            raise Undecided(condition)
        return decided.ways[key]

    def __str__(self) -> str:
        return Digits()

    __neg__, __abs__ = _unary("neg"), _unary("abs")
    __add__, __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("sub")
    __mul__, __rmul__ = _binary("mul")
    __truediv__, __rtruediv__ = _binary("div")
    __mod__, __rmod__ = _binary("mod")
    __floordiv__, __rfloordiv__ = _binary("floordiv")
    __pow__, __rpow__ = _binary("pow")
    __lt__, __le__ = _compared("<"), _compared("<=")
    __gt__, __ge__ = _compared(">"), _compared(">=")
    __eq__, __ne__ = _compared("=="), _compared("!=")


@cache
def operand(k: int) -> Expression:
    """The expression that is an operand."""
    return Expression("operand", k)


TRUNC: Callable[..., Any] = partial(Expression, "trunc")
EACH, INDEX, COUNT = Expression("each"), Expression("index"), Expression("count")
PAIRS = {"sum": "add", "maximum": "maximum", "minimum": "minimum", "hypot": "hypot"}


def applied(op: str, xs: Sequence[Term]) -> Term:
    """An operation; one of many numbers as operations of two, which all languages have."""
    if op == "where":
        return where(*xs)
    if any(type(x) is Expression and x.many for x in xs):
        return Expression(op, *xs)
    if op == "dot":
        half = len(xs) // 2
        sides = zip(xs[1 : 1 + half], xs[1 + half :])
        op, xs = "sum", [xs[0], *[Expression("mul", *pair) for pair in sides]]
    if op == "take":
        return _taken(*xs)
    if op not in PAIRS:
        return Expression(op, *xs)
    if len(xs) < 2:
        return 0.0 if not xs else Expression("abs", *xs) if op == "hypot" else xs[0]
    return reduce(partial(Expression, PAIRS[op]), xs)


def _taken(index: Any, *xs: Term) -> Term:
    """The operand that an index, cut to a whole number, names."""
    if type(index) is not Expression:
        return xs[int(index)]
    n, cut = float(len(xs)), TRUNC(index)
    place, chosen = where(cut < 0.0, cut + n, cut), xs[0]
    for k, x in enumerate(xs):
        chosen = where(Expression("==", place, float(k)), x, chosen)
    i: Any = index
    outside = where(i < -n, 1.0, where(i >= n, 1.0, i != i))
    return Expression("refuse", chosen, outside)


def where(condition: Term, a: Term, b: Term) -> Term:
    """a where the condition holds, else b; what both do alike is done once, after it."""
    if a is REFUSED or b is REFUSED:
        other, refused = (b, condition) if a is REFUSED else (a, condition == 0.0)
        return other if other is REFUSED else Expression("refuse", other, refused)
    if same(a, b):
        return a
    if type(a) is type(b) is Expression and a.op == b.op and len(a.args) == len(b.args):
        differ = [k for k, pair in enumerate(zip(a.args, b.args)) if not same(*pair)]
        if len(differ) == 1 and a.op != "operand":
            k = differ[0]
            chosen = where(condition, a.args[k], b.args[k])
            return Expression(a.op, *a.args[:k], chosen, *a.args[k + 1 :])
    return Expression("where", condition, a, b)


def same(a: Term, b: Term) -> bool:
    """Whether two terms are equal; 0.0 and -0.0 are not."""
    if type(a) is type(b) is Expression:
        return a.key() == b.key()
    return repr(a) == repr(b)


def rebuilt(x: Term, change: Callable[[Expression, list[Term]], Term]) -> Term:
    """x with each expression changed, given its changed operands; shared parts stay shared."""
    known: dict[int, Term] = {}

    def visit(x: Term) -> Term:
        if type(x) is not Expression:
            return x
        if id(x) not in known:
            known[id(x)] = change(x, [visit(a) for a in x.args])
        return known[id(x)]

    return visit(x)


def merged(x: Term) -> Term:
    """A formula for many numbers at once: equal ways are one, and it is NaN where it raises."""
    formula = rebuilt(x, lambda y, args: REFUSED if y.op == "raise" else applied(y.op, args))
    return Expression("refuse", math.nan, 1.0) if formula is REFUSED else shared(formula, {})


def bound(x: Term, operands: Sequence[Term] | Mapping[int, Term]) -> Term:
    """A formula with other terms for its operands."""

    def change(y: Expression, args: list[Term]) -> Term:
        return operands[y.args[0]] if y.op == "operand" else Expression(y.op, *args)

    return rebuilt(x, change)


def shared(x: Term, known: dict[bytes, Expression]) -> Term:
    """x, in which equal expressions, as several ways compute them, are one object."""

    def change(y: Expression, args: list[Term]) -> Term:
        new = Expression(y.op, *args)
        return known.setdefault(new.key(), new)

    return rebuilt(x, change)


def operands_of(x: Term) -> list[int]:
    """The numbers of the operands in a formula, in order."""
    numbers: set[int] = set()

    def note(y: Expression, args: list[Term]) -> Term:
        numbers.update(y.args if y.op == "operand" else ())
        return y

    rebuilt(x, note)
    return sorted(numbers)


class UntranslatableError(TypeError, NotImplementedError):
    """A rule that no other language can have; the message says why."""


class Undecided(BaseException):
    """A rule asks whether a condition holds."""

    def __init__(self, condition: Expression) -> None:
        self.condition = condition


class _Ways(threading.local):
    ways: dict[Any, bool] = {}  # noqa: RUF012  (which is not changed)


decided = _Ways()
