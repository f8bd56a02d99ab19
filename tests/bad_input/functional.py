"""Mistakes with the operations as functions."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np  # noqa: F401  (rows name it)

import autograd
from autograd import Value
from tests.bad_input.rows import *
from tests.helpers.tables import table

ENTRY = "autograd.Primitive.__call__"
OF_MANY = ("logsumexp", "maximum", "minimum", "sum")
NUMBERS = [
    *[bad(xs, TypeError) for xs in (None, 3.0, 1j)],
    *[bad([1.0, x], TypeError, repr(x)) for x in (None, 1j, [1.0], "3")],
    bad([1.0, HUGE], OverflowError, "too large"),
]
DOMAINS: list[tuple[str, tuple[float, ...], type[Exception]]] = [
    *table(
        """
"log1p" | (-1.0,) | ValueError
"atanh" | (1.0,) | ValueError
"reciprocal" | (0.0,) | ZeroDivisionError
"div" | (1.0, 0.0) | ZeroDivisionError
"pow" | (-8.0, 0.5) | ValueError
"pow" | (0.0, -1.0) | ZeroDivisionError
"pow" | (1e200, 2.0) | OverflowError
"clip" | (0.0, 2.0, 1.0) | ValueError
"lgamma" | (0.0,) | ValueError
"digamma" | (-3.0,) | ValueError
"digamma" | (-10000.5,) | ValueError
"polygamma" | (1.0, 0.5) | ValueError
"polygamma" | (-1.0, 1.0) | ValueError
"erfinv" | (1.0,) | ValueError
"erfinv" | (-1.5,) | ValueError
"ndtri" | (0.0,) | ValueError
"log1mexp" | (0.0,) | ValueError
"xlogy" | (1.0, 0.0) | ValueError
"xlogy" | (0.0, -1.0) | ValueError
"sinc" | (INF,) | ValueError
""",
        globals(),
    ),
    *[(name, (-3.0,), ValueError) for name in ("log", "log2", "log10", "log1p", "sqrt")],
    *[(name, (0.0,), ValueError) for name in ("log", "log2", "log10", "acosh")],
    *[(name, (x,), ValueError) for name in ("asin", "acos", "atanh") for x in (-1.5, 1.5)],
    *[(name, (x,), ValueError) for name in ("sin", "cos", "tan") for x in (-1e999, 1e999)],
    *[(name, (1e4,), OverflowError) for name in ("exp", "exp2", "expm1", "sinh", "cosh")],
]
ADVICE = {
    ZeroDivisionError: "division by zero; keep the divisor away from 0",
    OverflowError: "the result is too large for a float; scale or clip",
}


def rows() -> Iterator[Row]:
    """All of them."""
    for name in OF_MANY:
        yield from of_many(name)
    yield from where("autograd.where")
    yield from take("autograd.take")
    yield from dot("autograd.dot")
    yield from special()
    yield from refusals(
        """
ENTRY | "of a list" | lambda w: autograd.sin([1.0, 2.0]) | TypeError |
    "got [1.0, 2.0] (list); call it for each"
ENTRY | "of an array" | lambda w: autograd.exp(np.array([w.x])) | TypeError |
    "call it for each number, [exp(x) for x in xs], or np.exp$"
ENTRY | "not NumPy's" | lambda w: autograd.sigmoid(np.array([w.x])) | TypeError |
    "call it for each number, [sigmoid(x) for x in xs]$"
ENTRY | "many" | lambda w: autograd.sum([Value(1e308)] * 1000) | OverflowError |
    f"sum({'1e+308, ' * 8}...)"
ENTRY | "inf - inf" | lambda w: autograd.dot([1e200] * 2, [1e200, -1e200]) | OverflowError |
    "dot(0.0, 1e+200" | "too large for a float"
ENTRY | "inf - inf of Values" | lambda w: autograd.dot([Value(1e200)] * 2, [1e200, -1e200]) |
    OverflowError | "dot(0.0, 1e+200" | "too large for a float"
ENTRY | "beta" | lambda w: autograd.elu(1.0, beta=2.0) | TypeError |
    "elu() got an unexpected keyword argument 'beta'"
ENTRY | "x twice" | lambda w: autograd.elu(1.0, x=2.0) | TypeError |
    "elu() multiple values for argument 'x'"
ENTRY | "without x" | lambda w: autograd.elu(alpha=2.0) | TypeError |
    "elu() missing a required argument: 'x'"
ENTRY | "too many" | lambda w: autograd.elu(1.0, 2.0, 3.0, alpha=2.0) | TypeError |
    ("elu() too many", "elu() multiple values")
ENTRY | "xs" | lambda w: autograd.maximum(1.0, xs=2.0) | TypeError |
    "maximum() got an unexpected"
""",
        globals(),
    )
    for name, operands, error in DOMAINS:
        yield from outside(name, getattr(autograd, name), operands, error)


def special() -> Iterator[Row]:
    """Functions made of others, which the messages name."""
    names = ("lgamma", "normal_cdf", "logsumexp", "Value", "digamma", "array", "'add'")
    for name, count in {"beta": 2, "betaln": 2, "ndtr": 1, "logaddexp": 2}.items():
        f = getattr(autograd, name)
        for k in range(count):
            call = lambda w, x, f=f, k=k, n=count: f(*[x if i == k else w.x for i in range(n)])
            yield from each(f"autograd.{name}", WRONG + TOO_LARGE, call, names)
    for name in ("softmax", "log_softmax"):
        f = getattr(autograd, name)
        given = [
            *bads(TypeError, None, 3.0),
            *bads(TypeError, ["3"], [None], words=("maximum",)),
        ]
        given += [bad([], ValueError, "maximum", "of no operands")]
        given += [bad([1.0, HUGE], OverflowError, "too large")]
        yield from each(f"autograd.{name}", given, lambda w, x, f=f: f(x))


def outside(name: str, function: Any, operands: Any, error: Any) -> Iterator[Row]:
    """Floats and Values outside the domain."""
    shown = ", ".join(map(repr, operands))
    words = ADVICE.get(error, f"outside the domain, which is {function.domain}")
    given = [bad(operands, error, f"{name}({shown}): {words}")]
    yield from each(ENTRY, given, lambda w, xs: function(*xs))
    labels = ", ".join(f"{x!r} labelled 'a'" for x in operands)
    given = [bad(operands, error, f"{name}({labels}): {words}")]
    labelled = functools.partial(autograd.Value, label="a")
    yield from each(ENTRY, given, lambda w, xs: function(*map(labelled, xs)))


def of_many(name: str) -> Iterator[Row]:
    """maximum(x, y, …) or maximum([x, y, …])."""
    function = getattr(autograd, name)
    alone = [b for b in NUMBER if not isinstance(b.make(None), Iterable)]  # else it is the list
    yield from each(ENTRY, alone, lambda w, x: function(x), name)
    yield from each(ENTRY, NUMBER, lambda w, x: function([w.x, x]), name, case="[x, ")
    yield from each(ENTRY, NUMBER, lambda w, x: function(1.0, x), name, case="1, ")
    if name != "sum":
        none = bads(ValueError, (), ([],), words=(f"{name}()",))
        yield from each(ENTRY, none, lambda w, xs: function(*xs))
    call: Call = lambda w: function(1.0, mispelt=2.0)
    yield row(ENTRY, "a keyword misspelt", call, TypeError, "mispelt")
    if name == "sum":
        call = lambda w: function([1e308, w.x, 1.5e308, 1e308])
        words = "sum(1e+308, 2.0 labelled"
        yield row(ENTRY, "too much", call, OverflowError, words)


def where(name: str) -> Iterator[Row]:
    """Of a condition and two branches."""
    for condition in (True, False):
        good = lambda w, c=condition: (autograd.where, {"condition": c, "a": w.x, "b": w.y})
        yield from mistakes(name, good, {"a": NUMBER, "b": NUMBER}, positional=True)
    branches = [bad({}.__getitem__, TypeError, "argument"), bad({}.popitem, KeyError, "empty")]
    yield from each(name, branches, lambda w, f: autograd.where(w.x, f, 1.0))


def take(name: str) -> Iterator[Row]:
    """Of a list and an index."""
    integers = bads(TypeError, None, "0", 1.5, 1j, [0]) + TOO_LARGE
    integers += bads(IndexError, 2, -3, words=("take(", "of 2 elements"))
    integers.append(bad(Value(1.5), TypeError, "integer"))
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
