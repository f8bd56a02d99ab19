"""All that a user sees of the engine: `python -m tests.helpers.seen` prints it as JSON.

The two builds must print the same; `test_introspection.py` compares them.
"""

import functools
import inspect
import itertools
import json
import math
import operator
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import autograd
import autograd.core.table
import autograd.core.value
from autograd import Value, dot, no_grad
from tests.helpers.builds import words_of


class Loud(float):
    """A float of another class."""


class Refusing:
    """Its answer to an operator is that it has none."""

    def __radd__(self, other: object) -> Any:
        return NotImplemented

    __rmul__ = __lt__ = __radd__


class Raising:
    """Its answer to everything is an error."""

    def __radd__(self, other: object) -> Any:
        raise RuntimeError("no answer")

    __rmul__ = __lt__ = __float__ = __str__ = __radd__  # type: ignore[assignment]


class Willing:
    def __radd__(self, other: object) -> str:
        return "Willing.__radd__"

    def __lt__(self, other: object) -> str:
        return "Willing.__lt__"

    def __gt__(self, other: object) -> str:
        return "Willing.__gt__"


class Pretending:
    """Says that it is a float."""

    __class__ = float  # type: ignore[assignment]


def leaf() -> Value:
    return Value(2.0, label="x")


def node() -> Value:
    return leaf() * 3.0


def wide() -> Value:
    y: Value = dot([leaf(), 2.0], [Value(3.0), Value(4.0)], 0.5)
    return y


def plain(text: str) -> str:
    """Without addresses, which differ from run to run."""
    return re.sub(r"0x[0-9a-f]+", "0x…", text)


def outcome(call: Callable[[], Any]) -> str:
    """The repr of what a call gives, or its error with all that it says."""
    try:
        result = call()
    except Exception as error:
        return plain(words_of(error))
    return plain(f"{type(result).__name__} {result!r}")


OPERANDS: list[Any] = [
    3, True, 2**60, 10**400, 0, -0.0, math.inf, math.nan, Loud(2.5), Fraction(1, 3), 1j, "3",
    b"3", None, [1.0], (1.0,), {}, Decimal("1.5"), Refusing(), Raising(), Willing(),
    Pretending(), Value, leaf, autograd,
]  # fmt: skip
OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt,
    operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.floordiv,
    operator.mod, divmod, operator.matmul, operator.and_, operator.lshift,
]  # fmt: skip
IN_PLACE: list[Callable[[Any, Any], Any]] = [operator.iadd, operator.imul, operator.ipow]
UNARY: list[Callable[[Any], Any]] = [
    operator.neg, operator.pos, operator.invert, abs, bool, int, float, complex, round, str,
    repr, bytes, len, iter, next, list, math.floor, math.ceil, math.trunc, math.sin, math.exp,
    operator.index, math.isnan, hex, format, ascii, vars, callable,
]  # fmt: skip


def table_of_operators() -> dict[str, str]:
    found = {}
    for apply in OPERATORS:
        for other, make in itertools.product(OPERANDS, (leaf, node)):
            key = plain(f"{apply.__name__}({make.__name__}, {other!r})")
            found[key] = outcome(functools.partial(apply, make(), other))
            found[f"{key} swapped"] = outcome(functools.partial(apply, other, make()))
    for apply, make in itertools.product(UNARY, (leaf, node, wide)):
        found[f"{apply.__name__}({make.__name__})"] = outcome(functools.partial(apply, make()))
    for apply, other in itertools.product(IN_PLACE, OPERANDS[:8]):
        found[f"{apply.__name__}(node, {other!r})"] = outcome(
            functools.partial(apply, node(), other)
        )
    return found


def parameters(f: Any) -> str:
    """Names and defaults; C keeps neither kinds nor annotations."""
    try:
        found = inspect.signature(f).parameters.values()
    except ValueError as error:
        return str(error)
    return str([(p.name, p.default) for p in found])


def public(thing: Any) -> list[str]:
    return getattr(thing, "__all__", [name for name in dir(thing) if not name.startswith("_")])


def kind(member: Any) -> str:
    if inspect.isroutine(member):
        return "routine"
    return "property" if inspect.isdatadescriptor(member) else type(member).__name__


OWNERS: list[Any] = [
    autograd,
    Value,
    autograd.Primitive,
    no_grad,
    autograd.core.value,
    autograd.core.table,
]


def table_of_names() -> dict[str, str]:
    found = {
        "Value": parameters(Value),
        "bases": str([base.__name__ for base in Value.__mro__]),
    }
    for owner in OWNERS:
        found[f"{owner.__name__} names"] = str(sorted(public(owner)))
        found[f"{owner.__name__} doc"] = str(inspect.getdoc(owner))
        for name in public(owner):
            member, key = getattr(owner, name), f"{owner.__name__}.{name}"
            found[f"{key} kind"] = kind(member)
            found[f"{key} doc"] = str(inspect.getdoc(member))
            if inspect.isroutine(member):
                found[f"{key} signature"] = parameters(member)
                found[f"{key} name"] = member.__qualname__
    return found


if __name__ == "__main__":
    tables = table_of_operators(), table_of_names()
    json.dump(
        {f"{i} {key}": x for i, each in enumerate(tables) for key, x in each.items()},
        sys.stdout,
    )
