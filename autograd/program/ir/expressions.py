"""Expressions: what a rule of the table computes, without numbers.

A rule is generic, so given names instead of numbers it gives a formula. Where it asks which of
two numbers is larger it is run both ways, and the formula chooses (`where`).
"""

from __future__ import annotations

import itertools
import math
import operator
import threading
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from autograd.core.primitive import Primitive

__all__ = ["Expression", "Term", "Text", "name", "shown", "steps", "trace", "where"]

Text = str
Term = Any  # an Expression or a float
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
SYMBOLS = {sign: name for name, sign in COMPARISONS.items()}
REFUSED = object()  # in place of a result, where a rule raises
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
MOST_BRANCHES = 64  # ways through a rule


class Expression:
    """An operation on expressions and floats; a name has the operation "name"."""

    __slots__ = ("_key", "args", "op")
    label = None

    def __init__(self, op: str, *args: Any) -> None:
        self.op, self.args = op, args
        self._key: bytes | None = None

    @staticmethod
    def _record(primitive: Primitive, operands: tuple[Term, ...]) -> Expression:
        return Expression(primitive.name, *operands)

    @property
    def data(self) -> Expression:
        """Itself: a rule that asks for the number branches on it."""
        return self

    def key(self) -> bytes:
        """Equal for equal expressions; short, however often they hold the same ones."""
        if self._key is None:
            parts = [a.key() if type(a) is Expression else a for a in self.args]
            self._key = blake2b(repr((self.op, *parts)).encode(), digest_size=16).digest()
        return self._key

    def __bool__(self) -> bool:
        condition = self if self.op in COMPARISONS.values() else self != 0.0
        key = condition.key()
        if key not in _thread.decided:
            raise _Undecided(condition)
        return _thread.decided[key]

    def __neg__(self) -> Expression:
        return Expression("neg", self)

    def __abs__(self) -> Expression:
        return Expression("abs", self)

    def __mul__(self, other: Term) -> Any:
        return self if _is(other, 1.0) else Expression("mul", self, other)

    def __rmul__(self, other: Term) -> Any:
        return self if _is(other, 1.0) else Expression("mul", other, self)

    def __eq__(self, other: object) -> Any:
        return Expression("==", self, other)

    def __ne__(self, other: object) -> Any:
        return Expression("!=", self, other)


def _is(x: Term, number: float) -> bool:
    return type(x) is float and x == number


def _method(op: str, reflected: bool = False) -> Callable[[Expression, Any], Expression]:
    def method(self: Expression, other: Any) -> Expression:
        return Expression(op, other, self) if reflected else Expression(op, self, other)

    return method


for _op in ("add", "sub", "pow", "truediv", "floordiv"):
    _primitive = "div" if _op == "truediv" else _op
    setattr(Expression, f"__{_op}__", _method(_primitive))
    setattr(Expression, f"__r{_op}__", _method(_primitive, reflected=True))
for _op in ("lt", "le", "gt", "ge"):
    setattr(Expression, f"__{_op}__", _method(COMPARISONS[_op]))


def name(text: Text) -> Expression:
    """The expression that is a name."""
    return Expression("name", text)


def where(condition: Term, a: Term, b: Term) -> Term:
    """a where the condition holds, else b; what both do alike is done once, after it."""
    if a is REFUSED or b is REFUSED:
        other, refused = (b, condition) if a is REFUSED else (a, condition == 0.0)
        return other if other is REFUSED else Expression("refuse", other, refused)
    if _same(a, b):
        return a
    if type(a) is type(b) is Expression and a.op == b.op and len(a.args) == len(b.args):
        differ = [k for k, pair in enumerate(zip(a.args, b.args)) if not _same(*pair)]
        if len(differ) == 1 and a.op not in ("name", "operand"):
            k = differ[0]
            chosen = where(condition, a.args[k], b.args[k])
            return Expression(a.op, *a.args[:k], chosen, *a.args[k + 1 :])
    return Expression("where", condition, a, b)


def _same(a: Term, b: Term) -> bool:
    if type(a) is type(b) is Expression:
        return a.key() == b.key()
    return repr(a) == repr(b)  # 0.0 is not -0.0


def negated(comparison: Expression) -> Expression:
    """The opposite comparison."""
    return Expression(OPPOSITE[comparison.op], *comparison.args)


# ---------------------------------------------------------------- running rules


class _Undecided(BaseException):
    def __init__(self, condition: Expression) -> None:
        self.condition = condition


class _Thread(threading.local):
    decided: dict[Any, bool] = {}  # noqa: RUF012  (which is not changed)


_thread = _Thread()


def trace(rule: Callable[..., Any], *operands: Term, refused: Any = math.nan) -> Any:
    """The expression, or tuple of expressions, that a rule computes from its operands.

    Args:
        refused: the result of a way on which it raises, REFUSED or a number that is not finite.

    Raises:
        TypeError: the rule is not generic, since it hands an operand to `math`, or has more
            than 64 ways to go.
    """
    found = _trace(rule, operands, {}, [0], refused)
    known: dict[bytes, Expression] = {}
    if type(found) is tuple:
        return tuple([_shared(x, known) for x in found])
    return _shared(found, known)


def _shared(x: Term, known: dict[bytes, Expression]) -> Term:
    """x, in which equal expressions, as several ways compute them, are one object."""
    if type(x) is not Expression:
        return x
    if x.key() not in known:
        args = [_shared(a, known) for a in x.args]
        same = all(map(operator.is_, args, x.args))
        known[x.key()] = x if same else Expression(x.op, *args)
    return known[x.key()]


def _trace(
    rule: Callable[..., Any],
    operands: tuple[Term, ...],
    decided: dict[Any, bool],
    tried: list[int],
    refused: Any,
) -> Any:
    tried[0] += 1
    if tried[0] > 2 * MOST_BRANCHES:
        raise TypeError(f"the rule has more than {MOST_BRANCHES} ways to go")
    outer, _thread.decided = _thread.decided, decided
    try:
        return rule(*operands)
    except _Undecided as undecided:
        condition = undecided.condition
    except AttributeError as error:
        raise TypeError("the rule asks for what only a float has") from error
    except TypeError:
        raise
    except Exception:
        return refused
    finally:
        _thread.decided = outer
    yes = _trace(rule, operands, {**decided, condition.key(): True}, tried, refused)
    no = _trace(rule, operands, {**decided, condition.key(): False}, tried, refused)
    if tuple in (type(yes), type(no)):
        several = [x if type(x) is tuple else itertools.repeat(x) for x in (yes, no)]
        return tuple([where(condition, a, b) for a, b in zip(*several)])
    return where(condition, yes, no)


# ---------------------------------------------------------------- writing


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
