"""The reader: the rules of operations as expressions, by running each of them once.

A rule is run on expressions in place of numbers, with a `math` that takes them too, and both
ways wherever it compares. An error that it raises is a leaf of its formula. The source of the
library's table is run anew, since compiled functions take floats alone.

In the rule of an operation of any number of operands, one expression, EACH, stands for all
operands after the named ones: a function that reduces a list reduces them. COUNT is their
number, and INDEX the place of each, which `enumerate` gives.
"""

from __future__ import annotations

import builtins
import dis
import importlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from types import CellType, CodeType, FunctionType, MethodType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from autograd.core.operand import primal
from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.rules.expression import (
    COUNT,
    EACH,
    INDEX,
    REDUCE,
    SYMBOLS,
    Digits,
    Expression,
    Term,
    Undecided,
    UntranslatableError,
    bound,
    decided,
    merged,
    operand,
    same,
    shared,
)

__all__ = ["WORDS", "forget", "formula", "partial", "partials", "value"]

# Operations that each language has a word for.
WORDS = frozenset(["sum", "dot", "hypot", "maximum", "minimum", "take"])
MOST = 600  # runs of a rule
OTHERS = ("copysign", "floor", "ceil", "trunc")  # further functions with a word
PLACES = frozenset(["BINARY_SUBSCR", "BINARY_SLICE", "STORE_SUBSCR", "DELETE_SUBSCR"])
ALIASES = {"fabs": "abs", "fsum": "sum"}
Known = Sequence[float | None] | None


def formula(op: str, known: Known = None, count: int | None = None) -> Term:
    """The value rule of an operation, of operand(0), operand(1), …

    Args:
        known: the operands that are numbers; None for the others.
        count: how many operands an operation of any number has; None stands for EACH.

    Raises:
        UntranslatableError: the rule can't be read.
    """
    return _read(op, known, count, "value")


def partials(
    op: str, known: Known = None, count: int | None = None, taught: bool = False
) -> tuple[Term, ...]:
    """The partials of an operation; its result is the operand after the last.

    An operation of any number of operands has those in the named ones and that in EACH.

    Args:
        taught: as the textbook rule has them, if there is one.
    """
    slopes: tuple[Term, ...] = _read(op, known, count, "taught" if taught else "partials")
    return slopes


def value(op: str, operands: Sequence[Term]) -> Term:
    """The value rule of an operation on these operands, for many numbers at once."""
    return _on(op, None, operands, operands)


def partial(op: str, slot: int, out: Term, operands: Sequence[Term]) -> Term:
    """d(out)/d(operands[slot]), for many numbers at once."""
    if op == "abs":
        return Expression("sign", *operands)  # in one operation
    if op == "refuse":  # a number, unless it is refused
        return 0.0 if slot else 1.0
    return _on(op, slot, operands, [*operands, out])


def _on(op: str, slot: int | None, operands: Sequence[Term], terms: Sequence[Term]) -> Term:
    numbers = [x if type(x) is float else None for x in operands]
    known = numbers if any(x is not None for x in numbers) else None
    count = len(operands) if TABLE[op].variadic else None
    mine, key = _cached.setdefault(TABLE[op], {}), (slot, count, repr(known))
    if key not in mine:
        given = op, known, count
        rule = formula(*given) if slot is None else partials(*given)[slot]
        mine[key] = merged(rule)
    return bound(mine[key], terms)


_cached: WeakKeyDictionary[Primitive, dict[Any, Any]] = WeakKeyDictionary()


def _read(op: str, known: Known, count: int | None, asked: str) -> Any:
    entry = TABLE[op]
    mine, key = _cached.setdefault(entry, {}), (asked, count, repr(known))
    if key not in mine:
        value, *rules = _library()[op] if op in RESERVED else (entry.value, *entry.rules)
        many = entry.variadic and count is None
        named = rules[0].__code__.co_argcount - 1 if many else count or len(rules)
        xs: list[Any] = [operand(k) for k in range(named)]
        if known is not None:
            xs = [x if number is None else number for x, number in zip(xs, known)]
        xs += [EACH] if many else []
        check = _without_places if many else generic
        if asked == "taught" and entry.textbook_rule:
            rules = [entry.textbook_rule]
        try:
            if asked == "value":
                rule: Any = Expression(op, *xs) if op in WORDS else trace(check(value), *xs)
                if _many(rule):
                    raise TypeError("the rule asks something of each operand")
            else:
                every = [trace(check(rule), operand(named), *xs) for rule in rules]
                rule = tuple(every[0] if entry.variadic else every)
                if len(rule) != len(xs):
                    raise TypeError("the rule gives another number of partials")
            mine[key] = rule
        except TypeError as error:
            mine[key] = (
                f"{op}: its rule can't be read, so that no other language has it: {error}; "
                "write it with this library's functions"
            )
    if type(mine[key]) is str:
        raise UntranslatableError(mine[key])
    return mine[key]


def forget(primitives: Iterable[Primitive], captured: Callable[[Any], Any]) -> None:
    """Read the rules of these anew when they are asked for, if what they name has changed.

    Args:
        captured: gives what a rule names; its `same()` says whether that is as it was.
    """
    for each in primitives:
        names = _cached.get(each, {}).get("names")
        if not (names and names.same()):
            _cached[each] = {"names": captured(MethodType(each.value, each))}
            _generic.clear()


# ---------------------------------------------------------------- running rules


def trace(rule: Callable[..., Any], *xs: Any) -> Any:
    """The expression that a rule computes; "raise" where it raises.

    Raises:
        TypeError: it is not generic, or has too many ways to go.
    """
    runs, known = [0], dict[bytes, Expression]()
    traced = _trace(rule, xs, {}, runs)
    if type(traced) is tuple:
        return tuple([shared(x, known) for x in traced])
    return shared(traced, known)


def _trace(rule: Any, xs: Sequence[Any], known: dict[bytes, bool], runs: list[int]) -> Any:
    runs[0] += 1
    if runs[0] > MOST:
        raise TypeError("the rule has too many ways to go")
    outer, decided.ways = decided.ways, known
    try:
        result = rule(*xs)
        return tuple(map(_term, result)) if type(result) in (tuple, list) else _term(result)
    except Undecided as undecided:
        condition = undecided.condition
    except (ValueError, ArithmeticError, IndexError) as error:
        return Expression("raise", type(error).__name__)
    except TypeError:
        raise  # says itself why
    except Exception as error:
        raise TypeError("the rule asks for what only a float has") from error
    finally:
        decided.ways = outer
    yes, no = [_trace(rule, xs, {**known, condition.key(): x}, runs) for x in (True, False)]
    if tuple in (type(yes), type(no)):
        n = len(yes if type(yes) is tuple else no)
        several = [x if type(x) is tuple else (x,) * n for x in (yes, no)]
        return tuple([_chosen(condition, a, b) for a, b in zip(*several)])
    return _chosen(condition, yes, no)


def _chosen(condition: Term, a: Term, b: Term) -> Term:
    if condition.many and _sums(a) != _sums(b):
        raise TypeError("the rule asks something of each operand")
    return a if same(a, b) else Expression("where", condition, a, b)


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
        return Expression(own, *map(_float, given))

    own = ALIASES.get(name, name)
    return function if callable(plain) else plain


def _float(x: Any = 0.0) -> Any:
    if isinstance(x, Digits):
        raise TypeError("the rule reads the digits of a number")
    if type(x) is not Expression:
        return float(x)
    return Expression(SYMBOLS[x.op], *x.args) if x.op in SYMBOLS else x  # 1 or 0


def _type(x: Any) -> Any:
    return _float if type(x) is float else type(x)  # so that `type(x) is float` holds


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
    answer: Any = False
    for x in xs:
        if type(x) is not Expression:
            answer = answer or bool(x)
        else:
            x = Expression("largest", x) if _many(x) else x
            answer = x if answer is False else Expression("where", answer, 1.0, x)
    return answer


def _without_places(rule: Any) -> Any:
    """A generic function that takes no operand by its place."""
    codes = [getattr(rule, "__code__", None)]
    for code in codes:
        before = ""
        for each in dis.get_instructions(code) if code else ():
            unpacks = each.opname.startswith("UNPACK") and before != "FOR_ITER"
            if unpacks or each.opname in PLACES or each.argrepr == "[]":
                raise TypeError("the rule takes operands by their places")
            before = each.opname
        codes += [x for x in code.co_consts if type(x) is CodeType] if code else []
    return generic(rule)


def _len(xs: Any) -> Any:
    return COUNT if type(xs) in (tuple, list) and any(map(_many, xs)) else len(xs)


def _enumerate(xs: Iterable[Any]) -> Any:
    given = [*xs]
    return [(INDEX, given[0])] if any(map(_many, given)) else enumerate(given)


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
KNOWN |= {enumerate: _enumerate, type: _type, primal: lambda x: x}
BUILTINS = {**vars(builtins)}
BUILTINS |= {f.__name__: KNOWN[f] for f in (float, len, max, min, any, enumerate, type)}


def generic(rule: Any) -> Any:
    """A function that does the same with expressions, if that is known of it."""
    try:
        if rule in KNOWN:
            return KNOWN[rule]
    except TypeError:  # it has no hash
        return rule
    if isinstance(rule, Primitive):
        entry: Any = lambda *xs: rule(*xs)  # noqa: E731
        entry.value = entry  # which a rule may call, too
        return entry
    if type(rule) is not FunctionType or rule in _generic.values():
        return rule
    if rule not in _generic:
        if any(each.opname == "PUSH_EXC_INFO" for each in dis.get_instructions(rule)):
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
    library: dict[str, tuple[Callable[..., Any], ...]] = {}

    def primitive(name: str, *rules: Callable[..., Any], **facts: Any) -> Primitive:
        library[name] = rules
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
    for name, (value, *_) in library.items():
        if type(value) is FunctionType and value.__name__ in space:
            space[value.__name__] = TABLE[name]  # where others call it, it stays an operation
    return library
