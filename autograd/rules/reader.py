"""The reader: what the rules of an operation compute, as expressions, by running them once.

A rule is run on expressions in place of numbers, with a `math` that takes them too, and both
ways wherever it compares. What it raises is a leaf of its formula. Of the library's table the
source is run anew, since compiled functions take floats alone.

In the rule of an operation of any number of operands, those after the named ones are one,
EACH, which stands for them all: what reduces a list reduces them.
"""

from __future__ import annotations

import builtins
import dis
import importlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from types import CellType, CodeType, FunctionType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from autograd.core.operand import primal
from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.rules.expression import (
    REDUCE,
    Expression,
    Term,
    Undecided,
    decided,
    operand,
    shared,
)

__all__ = ["EACH", "WORDS", "formula", "partials"]

EACH = Expression("each")
# What no rule says, since each language has a word for it.
WORDS = frozenset(["sum", "dot", "hypot", "maximum", "minimum", "take"])
MOST = 600  # runs of a rule
OTHERS = ("copysign", "floor", "ceil", "trunc")  # which each language has a word for
ALIASES = {"fabs": "abs", "fsum": "sum"}


def formula(op: str, known: Sequence[float | None] | None = None) -> Term:
    """What an operation computes of operand(0), operand(1) … or of numbers known.

    Raises:
        TypeError: the rule can't be read.
    """
    return _formulas(op, known)[0]


def partials(op: str, known: Sequence[float | None] | None = None) -> tuple[Term, ...]:
    """Its partials, of the result, too, which is the last operand; of one whose operands are
    many, those in the named ones and that in EACH.
    """
    slopes: tuple[Term, ...] = _formulas(op, known)[1]()
    return slopes


_cached: WeakKeyDictionary[Primitive, dict[str, Any]] = WeakKeyDictionary()


def _formulas(op: str, known: Sequence[float | None] | None) -> Any:
    entry = TABLE[op]
    mine = _cached.setdefault(entry, {})
    key = repr(known)
    if key not in mine:
        value, *rules = _library()[op] if op in RESERVED else (entry.value, *entry.rules)
        count = _named(rules[0]) if entry.variadic else len(rules)
        xs: list[Any] = [operand(k) for k in range(count)]
        if known is not None:
            xs = [x if number is None else number for x, number in zip(xs, known)]
        if entry.variadic:
            xs.append(EACH)
            check = _without_places
        else:
            check = generic
        found = Expression(op, *xs) if op in WORDS else trace(check(value), *xs)
        if entry.variadic and (_many(found) or not _sound(found, False)):
            raise TypeError("the rule asks something of each operand")

        @cache
        def slopes() -> tuple[Term, ...]:
            every = [trace(check(rule), operand(count), *xs) for rule in rules]
            found = tuple(every[0]) if entry.variadic else tuple(every)
            if entry.variadic and not (
                len(found) == len(xs) and all(_sound(x, True) for x in found)
            ):
                raise TypeError("the rule asks something of each operand")
            return found

        mine[key] = found, slopes
    return mine[key]


def _named(rule: Any) -> int:
    """How many operands the rule of a variadic operation names."""
    count: int = rule.__code__.co_argcount
    return count - 1


# ---------------------------------------------------------------- running rules


def trace(rule: Callable[..., Any], *xs: Any) -> Any:
    """The expression that a rule computes; "raise" where it raises.

    Raises:
        TypeError: it is not generic, or has too many ways to go.
    """
    runs, known = [0], dict[bytes, Expression]()
    found = _trace(rule, xs, {}, runs)
    if type(found) is tuple:
        return tuple([shared(x, known) for x in found])
    return shared(found, known)


def _trace(rule: Any, xs: Sequence[Any], known: dict[bytes, bool], runs: list[int]) -> Any:
    runs[0] += 1
    if runs[0] > MOST:
        raise TypeError("the rule has too many ways to go")
    outer, decided.ways = decided.ways, known
    try:
        found = rule(*xs)
        return tuple(map(_term, found)) if type(found) in (tuple, list) else _term(found)
    except Undecided as undecided:
        condition = undecided.condition
    except (AttributeError, NameError, RecursionError) as error:
        raise TypeError("the rule asks for what only a float has") from error
    except (ValueError, ArithmeticError, IndexError) as error:
        return Expression("raise", type(error).__name__)
    finally:
        decided.ways = outer
    yes, no = [_trace(rule, xs, {**known, condition.key(): x}, runs) for x in (True, False)]
    if tuple in (type(yes), type(no)):
        n = len(yes if type(yes) is tuple else no)
        several = [x if type(x) is tuple else (x,) * n for x in (yes, no)]
        return tuple([_chosen(condition, a, b) for a, b in zip(*several)])
    return _chosen(condition, yes, no)


def _chosen(condition: Term, a: Term, b: Term) -> Term:
    same = a.key() == b.key() if type(a) is type(b) is Expression else repr(a) == repr(b)
    return a if same else Expression("where", condition, a, b)


def _term(x: Any) -> Term:
    if type(x) is Expression:
        return x
    if type(x) not in (float, int, bool):
        raise TypeError(f"the rule gives {x!r:.40}")
    return float(x)


# ---------------------------------------------------------------- generic functions


def _mathematics(name: str) -> Any:
    """A function of `math` that takes expressions, too."""
    plain = getattr(math, name)
    special: dict[str, Callable[[Any], Any]] = {
        "isnan": lambda x: x != x,
        "isinf": lambda x: abs(x) == math.inf,
        "isfinite": lambda x: abs(x) < math.inf,
    }

    def function(*xs: Any) -> Any:
        given = [*xs[0]] if name == "fsum" else xs
        if Expression not in map(type, given):
            return plain(*xs)
        if name in special:
            return special[name](*xs)
        if own not in TABLE and own not in OTHERS:
            raise TypeError(f"math.{name} is for floats only")
        return Expression(own, *given)

    own = ALIASES.get(name, name)
    return function if callable(plain) else plain


def _float(x: Any = 0.0) -> Any:
    return x if type(x) is Expression else float(x)


def _best(sign: str) -> Callable[..., Any]:
    """`max` or `min`, which keep the first that no other one beats."""
    op, plain = {">": ("largest", max), "<": ("smallest", min)}[sign]

    def function(*xs: Any) -> Any:
        given = [*xs[0]] if len(xs) == 1 else [*xs]
        if Expression not in map(type, given):
            return plain(*xs)
        best = given[0]
        for x in given[1:]:
            best = Expression("where", Expression(sign, x, best), x, best)
        return Expression(op, best) if _many(best) else best

    return function


def _any(xs: Iterable[Any]) -> Any:
    """Whether one is true: without asking each."""
    found: Any = False
    for x in xs:
        if type(x) is not Expression:
            found = found or bool(x)
        else:
            x = Expression("largest", x) if _many(x) else x
            found = x if found is False else Expression("where", found, 1.0, x)
    return found


def _without_places(rule: Any) -> Any:
    """A generic function that takes no operand by its place, and does not count them."""
    code = getattr(rule, "__code__", None)
    taken = {
        "BINARY_SUBSCR",
        "BINARY_SLICE",
        "UNPACK_SEQUENCE",
        "STORE_SUBSCR",
        "DELETE_SUBSCR",
    }
    if code is None or taken & {each.opname for each in dis.get_instructions(code)}:
        raise TypeError("the rule takes operands by their places")
    return generic(rule)


def _len(xs: Any) -> int:
    if type(xs) in (tuple, list) and any(_many(x) for x in xs):
        raise TypeError("the rule counts its operands")
    return len(xs)


def _sound(x: Any, each: bool) -> bool:
    """Whether what is asked of each operand, if anything may be, is asked outside of sums."""
    if type(x) is not Expression:
        return True
    if (
        x.op == "where"
        and _many(x.args[0])
        and not (each and _sums(x.args[1]) == _sums(x.args[2]))
    ):
        return False
    inner = [a for a in x.args if type(a) is Expression and (a.many or a.op in REDUCE)]
    return all(_sound(a, each and x.op not in REDUCE) for a in inner)


def _sums(x: Any) -> set[bytes]:
    if type(x) is not Expression:
        return set()
    own = {x.key()} if x.op in REDUCE and any(map(_many, x.args)) else set()
    return own.union(*map(_sums, x.args))


def _many(x: Any) -> bool:
    """Whether it is one for each operand."""
    return type(x) is Expression and x.many


MATH = SimpleNamespace(**{f: _mathematics(f) for f in dir(math) if f[0] != "_"})
KNOWN: dict[Any, Any] = {getattr(math, f): getattr(MATH, f) for f in vars(MATH)
                         if callable(getattr(math, f))}  # fmt: skip
KNOWN |= {math: MATH, float: _float, len: _len, max: _best(">"), min: _best("<"), any: _any}
KNOWN |= {primal: lambda x: x}
BUILTINS = {**vars(builtins)}
BUILTINS |= {f.__name__: KNOWN[f] for f in (float, len, max, min, any)}


def generic(rule: Any) -> Any:
    """A function that does the same with expressions, if that is known of it."""
    try:
        if rule in KNOWN:
            return KNOWN[rule]
    except TypeError:  # it has no hash
        return rule
    if type(rule) is not FunctionType or rule in _generic.values():
        return rule
    if rule not in _generic:
        if rule.__code__.co_exceptiontable:
            raise TypeError("the rule catches errors")
        space = {"__builtins__": BUILTINS}
        cells = tuple([CellType() for _ in rule.__closure__ or ()])
        made = FunctionType(rule.__code__, space, rule.__name__, rule.__defaults__, cells)
        made.__kwdefaults__ = rule.__kwdefaults__
        _generic[rule] = made
        for name in _names(rule.__code__):
            if name in rule.__globals__:
                space[name] = generic(rule.__globals__[name])
        for new, old in zip(cells, rule.__closure__ or ()):
            new.cell_contents = generic(old.cell_contents)
    return _generic[rule]


_generic: dict[Any, Any] = {}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if type(each) is CodeType:
            yield from _names(each)


@cache
def _library() -> dict[str, tuple[Callable[..., Any], ...]]:
    """Value and partials rules of the library's operations, from sources that are run anew."""
    found: dict[str, tuple[Callable[..., Any], ...]] = {}

    def primitive(name: str, *rules: Callable[..., Any], **facts: Any) -> Primitive:
        found[name] = rules
        return TABLE[name]

    stubs = {
        "math": MATH,
        "autograd.core.define": SimpleNamespace(primitive=primitive, reserve=lambda: None),
        "autograd.core.operand": SimpleNamespace(primal=lambda x: x),
    }

    def load(name: str, *more: Any) -> Any:
        return stubs.get(name) or importlib.__import__(name, *more)

    text = (files("autograd.core") / "table.py").read_text("utf-8")
    space = {
        "__name__": "autograd.core.table",
        "__builtins__": {**BUILTINS, "__import__": load},
    }
    exec(compile(text, "table.py", "exec"), space)
    for name, (value, *_) in found.items():
        if type(value) is FunctionType and value.__name__ in space:
            space[value.__name__] = TABLE[name]  # where others call it, it stays an operation
    return found
