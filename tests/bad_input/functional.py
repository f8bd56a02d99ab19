"""Mistakes with the operations as functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import autograd
from tests.bad_input.public import BESIDES
from tests.bad_input.rows import HUGE, NUMBER, Bad, Row, bad, mistakes, row, use

__all__ = ["rows"]

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
        shown = ", ".join(map(repr, operands))
        call = use(lambda w, f, xs: f(*xs), getattr(autograd, name), operands)
        yield row(f"autograd.{name}", shown, call, error, f"{name}({shown})")
        recorded = use(
            lambda w, f, xs: f(*[autograd.Value(x, label="a") for x in xs]),
            getattr(autograd, name),
            operands,
        )
        yield row(f"autograd.{name}", f"Value {shown}", recorded, error, f"{name}(", "'a'")


def plain(name: str) -> Iterator[Row]:
    """One of a fixed number of operands."""
    function = getattr(autograd, name)
    names = list(inspect.signature(function).parameters)
    operands: list[Bad] = NUMBER
    for node in (False, True):
        arguments: dict[str, Any] = dict(zip(names, (0.5, 2.0, 3.0)))
        if "low" in arguments:
            arguments = {"x": 0.5, "low": 0.0, "high": 1.0}
        elif name == "acosh":
            arguments = {"x": 1.5}

        def good(w: Any, arguments: dict[str, Any] = arguments, node: bool = node) -> Any:
            wrapped = {k: autograd.Value(x) if node else x for k, x in arguments.items()}
            return function, wrapped

        yield from mistakes(
            f"autograd.{name}",
            good,
            dict.fromkeys(names, operands),
            owner=name,
            positional=True,
        )


def of_many(name: str) -> Iterator[Row]:
    """maximum(x, y, …) or maximum([x, y, …])."""
    function = getattr(autograd, name.rpartition(".")[2])
    short = function.__name__
    for each in NUMBER:
        if not isinstance(each.make(None), Iterable):  # else it is the list of them
            call = use(lambda w, f, b: f(b.make(w)), function, each)
            yield row(name, each.show, call, each.error, short, *each.words)
        call = use(lambda w, f, b: f([w.x, b.make(w)]), function, each)
        yield row(name, f"[x, {each.show}]", call, each.error, short, *each.words)
        call = use(lambda w, f, b: f(1.0, b.make(w)), function, each)
        yield row(name, f"1, {each.show}", call, each.error, short, *each.words)
    if short != "sum":
        yield row(name, "nothing", use(lambda w, f: f(), function), ValueError, f"{short}()")
        yield row(name, "[]", use(lambda w, f: f([]), function), ValueError, f"{short}()")
    call = use(lambda w, f: f(1.0, mispelt=2.0), function)
    yield row(name, "a keyword misspelt", call, TypeError, "mispelt")
    if short in ("sum", "logsumexp"):
        call = use(lambda w, f: f([1e308, w.x, 1.5e308, 1e308]), autograd.sum)
        yield row("autograd.sum", "too much", call, OverflowError, "sum(1e+308, 2.0 labelled")


def hypot(name: str) -> Iterator[Row]:
    """Of any number of operands."""
    for each in NUMBER:
        call = use(lambda w, b: autograd.hypot(w.x, b.make(w)), each)
        yield row(name, each.show, call, each.error, "hypot", *each.words)


def where(name: str) -> Iterator[Row]:
    """Of a condition and two branches."""
    for condition in (True, False):
        good = use(
            lambda w, c: (autograd.where, {"condition": c, "a": w.x, "b": w.y}), condition
        )
        kinds = {"a": NUMBER, "b": NUMBER}
        yield from mistakes(name, good, kinds, positional=True)

    def failing() -> float:
        raise KeyError("branch")

    call = use(lambda w, f: autograd.where(w.x, f, 1.0), failing)
    yield row(name, "a branch that fails", call, KeyError, "branch")
    call = use(lambda w: autograd.where(w.x, len, 1.0))
    yield row(name, "a branch with arguments", call, TypeError, "argument")


def take(name: str) -> Iterator[Row]:
    """Of a list and an index."""
    integers = [bad(i, TypeError) for i in (None, "0", 1.0, 1j, [0])]
    integers += [bad(i, IndexError, "take(") for i in (2, -3)]
    integers.append(bad(HUGE, OverflowError, "too large"))
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
    for node in (False, True):

        def good(w: Any, node: bool = node) -> Any:
            ws = [w.x, w.y] if node else [1.0, 2.0]
            return autograd.dot, {"ws": ws, "xs": [3.0, 4.0], "bias": 1.0}

        yield from mistakes(
            name,
            good,
            {"ws": lists, "xs": others, "bias": NUMBER},
            positional=True,
        )


SPECIAL: dict[str, Callable[[str], Iterator[Row]]] = {
    **dict.fromkeys(OF_MANY, of_many),
    "hypot": hypot,
    "where": where,
    "take": take,
    "dot": dot,
}
