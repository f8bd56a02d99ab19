"""Mistakes with the operations as functions."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import autograd
from tests.bad_input.public import BESIDES
from tests.bad_input.rows import *

OF_MANY = ("fsum", "logsumexp", "maximum", "minimum", "sum")
NUMBERS = [
    *[bad(xs, TypeError) for xs in (None, 3.0, 1j)],
    *[bad([1.0, x], TypeError, repr(x)) for x in (None, 1j, [1.0], "3")],
    bad([1.0, HUGE], OverflowError, "too large"),
]
DOMAINS: list[tuple[str, tuple[float, ...], type[Exception]]] = [
    *[(name, (-3.0,), ValueError) for name in ("log", "log2", "log10", "log1p", "sqrt")],
    *[(name, (0.0,), ValueError) for name in ("log", "log2", "log10", "acosh")],
    *[(name, (x,), ValueError) for name in ("asin", "acos", "atanh") for x in (-1.5, 1.5)],
    *[(name, (x,), ValueError) for name in ("sin", "cos", "tan") for x in (-1e999, 1e999)],
    *[(name, (1e4,), OverflowError) for name in ("exp", "exp2", "expm1", "sinh", "cosh")],
    ("log1p", (-1.0,), ValueError),
    ("atanh", (1.0,), ValueError),
    ("reciprocal", (0.0,), ZeroDivisionError),
    ("div", (1.0, 0.0), ZeroDivisionError),
    ("pow", (-8.0, 0.5), ValueError),
    ("pow", (0.0, -1.0), ZeroDivisionError),
    ("pow", (1e200, 2.0), OverflowError),
    ("clip", (0.0, 2.0, 1.0), ValueError),
]


def rows() -> Iterator[Row]:
    """All of them."""
    for name in (*autograd.core.functions.__all__, *BESIDES):
        yield from SPECIAL[name](f"autograd.{name}") if name in SPECIAL else plain(name)
    for name, operands, error in DOMAINS:
        yield from outside(name, getattr(autograd, name), operands, error)


def outside(name: str, function: Any, operands: Any, error: Any) -> Iterator[Row]:
    """Floats and Values outside the domain."""
    shown = ", ".join(map(repr, operands))
    full = f"autograd.{name}"
    given = [bad(operands, error, f"{name}({shown})")]
    yield from each(full, given, lambda w, xs: function(*xs))
    given = [bad(operands, error, f"{name}(", "'a'")]
    labelled = functools.partial(autograd.Value, label="a")
    yield from each(full, given, lambda w, xs: function(*map(labelled, xs)))


def plain(name: str) -> Iterator[Row]:
    """One of a fixed number of operands."""
    function = getattr(autograd, name)
    names = list(inspect.signature(function).parameters)
    numbers = {"low": 0.0, "high": 1.0} | dict(zip(names[:1], (0.5,)))
    if "low" not in names:
        numbers = dict(zip(names, (1.5 if name == "acosh" else 0.5, 2.0, 3.0)))
    numbers = {key: numbers[key] for key in names}
    kinds = dict.fromkeys(names, NUMBER)
    for made in (float, autograd.Value):
        good = lambda w, f=made: (function, {key: f(x) for key, x in numbers.items()})
        yield from mistakes(f"autograd.{name}", good, kinds, owner=name, positional=True)


def of_many(name: str) -> Iterator[Row]:
    """maximum(x, y, …) or maximum([x, y, …])."""
    function = getattr(autograd, name.rpartition(".")[2])
    short = function.__name__
    alone = [b for b in NUMBER if not isinstance(b.make(None), Iterable)]  # else it is the list
    yield from each(name, alone, lambda w, x: function(x), short)
    yield from each(name, NUMBER, lambda w, x: function([w.x, x]), short, case="[x, ")
    yield from each(name, NUMBER, lambda w, x: function(1.0, x), short, case="1, ")
    if short != "sum":
        none = bads(ValueError, (), ([],), words=(f"{short}()",))
        yield from each(name, none, lambda w, xs: function(*xs))
    call: Call = lambda w: function(1.0, mispelt=2.0)
    yield row(name, "a keyword misspelt", call, TypeError, "mispelt")
    if short == "sum":
        call = lambda w: function([1e308, w.x, 1.5e308, 1e308])
        words = "sum(1e+308, 2.0 labelled"
        yield row(name, "too much", call, OverflowError, words)


def hypot(name: str) -> Iterator[Row]:
    """Of any number of operands."""
    return each(name, NUMBER, lambda w, x: autograd.hypot(w.x, x), "hypot")


def where(name: str) -> Iterator[Row]:
    """Of a condition and two branches."""
    for condition in (True, False):
        good = lambda w, c=condition: (autograd.where, {"condition": c, "a": w.x, "b": w.y})
        yield from mistakes(name, good, {"a": NUMBER, "b": NUMBER}, positional=True)
    branches = [bad({}.__getitem__, TypeError, "argument"), bad({}.popitem, KeyError, "empty")]
    yield from each(name, branches, lambda w, f: autograd.where(w.x, f, 1.0))


def take(name: str) -> Iterator[Row]:
    """Of a list and an index."""
    integers = bads(TypeError, None, "0", 1.0, 1j, [0]) + TOO_LARGE
    integers += bads(IndexError, 2, -3, words=("take(",))
    yield from mistakes(
        name,
        lambda w: (autograd.take, {"xs": [w.x, w.y], "index": 1}),
        {"xs": [*NUMBERS, bad([], IndexError, "take(")], "index": integers},
        positional=True,
    )


def dot(name: str) -> Iterator[Row]:
    """Of two lists and a bias."""
    lists = [*NUMBERS, bad([1.0], ValueError, "1 weights", "2 inputs")]
    others = [*NUMBERS, bad([1.0] * 3, ValueError, "2 weights", "3 inputs")]
    kinds = {"ws": lists, "xs": others, "bias": NUMBER}
    for weights in (lambda w: [w.x, w.y], lambda w: [1.0, 2.0]):
        good = lambda w, ws=weights: (
            autograd.dot,
            {"ws": ws(w), "xs": [3.0, 4.0], "bias": 1.0},
        )
        yield from mistakes(name, good, kinds, positional=True)


SPECIAL: dict[str, Callable[[str], Iterator[Row]]] = {
    **dict.fromkeys(OF_MANY, of_many),
    "hypot": hypot,
    "where": where,
    "take": take,
    "dot": dot,
}
