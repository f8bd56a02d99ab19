"""Mistakes with a Value, with blocks such as `no_grad`, and own primitives."""

import cmath
import itertools
import json  # noqa: F401  (rows name these)
import math
import operator
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("matplotlib")

import numpy as np  # noqa: F401
from matplotlib.figure import Figure

import autograd
from autograd import Primitive, Value, lines, no_grad, scope  # noqa: F401
from autograd.core import hints
from autograd.core.primitive import TABLE
from autograd.javascript import UntranslatableError, module  # noqa: F401  (rows name it)
from tests.bad_input.rows import *
from tests.bad_input.world import World
from tests.helpers.tables import column, table

NAME = "autograd.Value"
ARITHMETIC = ("add", "sub", "mul", "truediv", "pow")
OPERATORS = (*ARITHMETIC, "floordiv", "mod", "matmul", "lshift")
NOT_NUMBERS: list[Any] = [None, "3", [1.0], {}, 1j, object()]
LABELS = [bad(x, TypeError, "a label must be a string or None, got") for x in (3, b"x", ["x"])]
FIELDS = ("op", "inputs", "operands", "partials")


def rows() -> Iterator[Row]:
    """All of them."""
    kinds = {"data": NUMBER, "label": LABELS, "requires_grad": FLAG}
    for made in (lambda w: Value, lambda w: w.z.__init__):
        good = lambda w, made=made: (made(w), {"data": 1.0, "label": "a"})
        yield from mistakes(NAME, good, kinds, owner="Value")
    for symbol in OPERATORS:
        yield from of_operator(symbol, getattr(operator, symbol))
    yield from conversions()
    yield from attributes()
    yield from passes()
    yield from methods()
    yield from states()
    yield from recording()
    yield from entries()
    yield from primitives()


def of_operator(symbol: str, apply: Callable[[Any, Any], Any]) -> Iterator[Row]:
    """One operator, in both orders."""
    others = bads(TypeError, *NOT_NUMBERS, words=("Value",))
    reflected = bads(TypeError, *NOT_NUMBERS, words=(("Value", "must be", "format"),))
    if symbol in ARITHMETIC:
        others, reflected = others + TOO_LARGE, reflected + TOO_LARGE
    yield from each(NAME, others, lambda w, c: apply(w.x, c), case=f"x {symbol} ")
    yield from each(NAME, reflected, lambda w, c: apply(c, w.x), case=f"reflected {symbol} ")


def conversions() -> Iterator[Row]:
    """Comparisons, conversions, and operations that fail on these numbers."""
    others = bads(TypeError, *NOT_NUMBERS, words=("not supported",))
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        yield from each(NAME, others, lambda w, c, compare=compare: compare(w.x, c))
    asked = (len, iter, operator.invert, range, list)
    yield from each(NAME, bads(TypeError, *asked, words=("Value",)), lambda w, f: f(w.x))
    refused = "float(2.0 labelled 'x'): a Value would lose its gradient; "
    number = refused + "take its number, .data"
    sine = refused + "write autograd.sin instead of math.sin"
    yield from refusals(
        """
NAME | "float" | lambda w: float(w.x) | TypeError | number
NAME | "%" | lambda w: "%.3f" % w.x | TypeError | number
NAME | "array" | lambda w: np.array([w.x], float) | TypeError | refused | "x.data"
NAME | "gamma" | lambda w: math.gamma(w.x) | TypeError | refused | "autograd.lgamma"
NAME | "sin" | lambda w: math.sin(w.x) | TypeError | sine
NAME | "pow" | lambda w: pow(math.pow(1, w.x), 2) | TypeError | "autograd.pow"
NAME | "1j" | lambda w: w.x * 1j | TypeError | "cos(t) and sin(t)"
NAME | "x[0]" | lambda w: w.x[0] | TypeError | "Value"
NAME | "x()" | lambda w: w.x() | TypeError | "Value"
NAME | "round" | lambda w: round(w.x, w.folder) | TypeError | "Path"
NAME | "d" | lambda w: f"{w.x:d}" | ValueError | "format(2.0 labelled 'x', 'd'): " |
    "'float', its .data"
NAME | "zz" | lambda w: f"{w.x:zz}" | ValueError | "format(2.0 labelled 'x', 'zz'): " |
    "'float', its .data"
NAME | "x / 0" | lambda w: w.x / 0 | ZeroDivisionError | "div(2.0 labelled 'x', 0"
NAME | "1 / 0" | lambda w: 1 / (w.x * 0.0) | ZeroDivisionError | "div(1.0, 0.0)"
NAME | "root" | lambda w: w.y**0.5 | ValueError | "pow(-3.0 labelled 'y', 0.5)"
NAME | "of a Value" | lambda w: Value(w.x) | TypeError | "use its .data or .detach()"
NAME | "long" | lambda w: Value("y" * 10_000) | TypeError | f"got '{'y' * 79} (str)"
NAME | "long label" | lambda w: Value(-1.0, label="x" * 10_000).log() | ValueError |
    f"labelled '{'x' * 79})"
NAME | "axis" | lambda w: w.x.sum(axis=0) | TypeError | "keyword argument 'axis'"
NAME | "out" | lambda w: w.x.clip(0.0, 1.0, out=w.x) | TypeError | "keyword argument 'out'"
NAME | "np / 0" | lambda w: np.float64(1.0) / Value(0.0, label="a") | ZeroDivisionError |
    "div(1.0, 0.0 labelled 'a')"
NAME | "sub-class" | lambda w: type("V", (Value,), {}) | TypeError | "base type"
""",
        globals() | locals(),
    )
    mapped = lambda w: list(map(math.sin, [w.x]))  # the line is read
    yield row(NAME, "map", mapped, TypeError, number)
    yield row(NAME, "sines", lambda w: 2 + cmath.sin(w.x) * math.cos(1), TypeError, sine)
    plots = bads(TypeError, "plot", "stem", "hist", words=("x.data",))
    yield from each(NAME, plots, lambda w, f: getattr(Figure().subplots(), f)([w.x]))
    rounded = (int, round, math.floor, math.ceil, math.trunc)
    for x, error, word in ((math.nan, ValueError, "NaN"), (INF, OverflowError, "infinity")):
        failing = bads(error, *rounded, words=(word,))
        yield from each(NAME, failing, lambda w, f, x=x: f(Value(x)))


def attributes() -> Iterator[Row]:
    """Setting and deleting what a Value has."""
    yield from each(f"{NAME}.data", NUMBER, lambda w, x: setattr(w.z, "data", x))
    yield from each(f"{NAME}.grad", NUMBER, lambda w, x: setattr(w.z, "grad", x))
    for owner in ("x", "z", "wide"):
        labelled = lambda w, x, o=owner: setattr(getattr(w, o), "label", x)
        yield from each(f"{NAME}.label", LABELS, labelled)
    for name in FIELDS:
        given = [bad(None, AttributeError, ("set", "writable", name))]
        yield from each(f"{NAME}.{name}", given, lambda w, x, n=name: setattr(w.z, n, x))
    yield from each(
        f"{NAME}.requires_grad", FLAG, lambda w, x: setattr(w.x, "requires_grad", x)
    )
    yield from each(f"{NAME}.requires_grad_", FLAG, lambda w, x: w.x.requires_grad_(x))
    for name in ("data", "grad", "label", "requires_grad", *FIELDS):
        given = [bad(name, AttributeError, ("delete", "writable", name, "__del__"))]
        yield from each(f"{NAME}.{name}", given, lambda w, n: delattr(w.z, n))
    for name, hint in hints.HINTS["Value"].items():
        known: Call = lambda w, n=name: getattr(w.x, n)
        yield row(NAME, name, known, AttributeError, f"has no attribute {name!r}; {hint}")
    yield from refusals(
        """
NAME | "colour" | lambda w: setattr(w.x, "colour", 1) | AttributeError | "colour"
NAME | "no colour" | lambda w: w.x.colour | AttributeError | "colour"
NAME | "numpy set" | lambda w: setattr(w.x, "numpy", 1.0) | AttributeError | "write x.data"
f"{NAME}.grad" | "none" | lambda w: setattr(w.x, "grad", None) | TypeError |
    "0.0 where there is none"
f"{NAME}.requires_grad_" | "of a result" | lambda w: w.z.requires_grad_(False) | ValueError |
    "'z'" | "detach()"
""",
        globals(),
    )


def passes() -> Iterator[Row]:
    """backward, zero_grad, detach, graph and steps."""
    seed = {"seed": NUMBER}
    yield from mistakes(f"{NAME}.backward", lambda w: (w.z.backward, {"seed": 1.0}), seed)
    yield from mistakes(f"{NAME}.steps", lambda w: (w.z.steps, {"seed": 1.0}), seed)
    yield from refusals(
        """
f"{NAME}.graph" | "an option" | lambda w: w.z.graph(odd=1) | TypeError | "odd"
f"{NAME}.backward" | "inf - inf" | lambda w: no_slope(w).backward() | FloatingPointError |
    "sub(" | "infinity" | "step(y) shows how"
f"{NAME}.backward" | "no derivative" | lambda w: (w.y**w.x).backward() | ValueError |
    "pow(-3.0 labelled 'y', 2.0 labelled 'x')" | "does not exist" | "detach"
f"{NAME}.backward" | "0 times inf" | lambda w: root_of_square(w).backward() |
    FloatingPointError | "mul(0.0 labelled 'a'" | "zero times infinity"
f"{NAME}.backward" | "twice" | lambda w: twice(autograd.sqrt(Value(0.0, label="a"))) |
    FloatingPointError | "-inf to the gradient inf of 0.0 labelled 'a'"
f"{NAME}.exp" | "too large" | lambda w: (w.x * 1e4).exp() | OverflowError | "exp(20000.0)"
""",
        globals(),
    )


def no_slope(w: World) -> Value:
    """√x - √x, at 0."""
    return autograd.sqrt(w.x - 2.0) - autograd.sqrt(w.x - 2.0)


def root_of_square(w: World) -> Value:
    """√(a²), at 0."""
    a = w.x - 2.0
    a.label = "a"
    return autograd.sqrt(a * a)


def twice(y: Value) -> None:
    """An infinite gradient, and then its opposite."""
    y.backward()
    y.backward(-1.0)


def methods() -> Iterator[Row]:
    """The methods that are no entries of the table, or written out for speed."""
    yield from each(f"{NAME}.sum", NUMBER, lambda w, x: w.x.sum(x))
    for name, operands in (
        ("where", {"a": 0.0, "b": 1.0}),
        ("dot", {"weight": 2.0, "bias": 1.0}),
    ):
        call: Call = lambda w, n=name, xs=operands: (getattr(w.x, n), dict(xs))
        yield from mistakes(f"{NAME}.{name}", call, dict.fromkeys(operands, NUMBER))
    bounds = [b for b in NUMBER if b.show != "None"]
    clip: Call = lambda w: (w.x.clip, {"low": 0.0, "high": 1.0})
    yield from mistakes(f"{NAME}.clip", clip, {"low": bounds, "high": bounds})
    places = [bad(b.make(None), TypeError, "integer") for b in COUNT if b.error is TypeError]
    places = [b for b in places if b.show != "True"] + bads(IndexError, 2, -3, words=("take(",))
    places.append(bad(10**400, OverflowError, "take: 1000", "too large"))
    yield from each(f"{NAME}.take", places, lambda w, i: w.x.take(i, w.y))


def states() -> Iterator[Row]:
    """A wrong state of a node changes nothing, and does not end the interpreter."""
    op, dot, x = TABLE["mul"], TABLE["dot"], Value(1.0)
    good = (1.0, 0.0, None, None, (), ())
    parts = table(
        """
op | (3.0, 2.0) | ()
op | (x,) | (1.0,)
op | (x, "x") | (1.0,)
op | (x, 3) | (1.0,)
op | (x, 3.0) | ()
op | (x, 3.0) | ("1",)
op | (x, 3.0) | None
op | [x, 3.0] | (1.0,)
op | (x, x, x) | (1.0,) * 3
op | (x, 3.0) | (1.0, 1.0)
dot | () | ()
dot | (None,) | (1.0,)
dot | (1.0,) | (1.0,)
dot | (x,) | (1.0, 1.0)
dot | 3 | (1.0,)
""",
        locals(),
    )
    nonsense = column(
        """
None
3
()
[]
"eight !!"
(1.0,) * 6
good[:5]
(None,) * 6
("1.0", *good[1:])
(1.0, "0.0", *good[2:])
(1.0, 0.0, 3, *good[3:])
(1.0, 0.0, None, "mul", (x, 3.0), (1.0,))
(*good[:4], (x,), (1.0,))
""",
        **locals(),
    )
    nonsense += [(1.0, 0.0, None, *each) for each in parts]
    given = bads(TypeError, *nonsense, words=("no state of a Value",))
    for owner in ("x", "z", "wide"):
        loaded = lambda w, state, o=owner: getattr(w, o).__setstate__(state)
        yield from each(f"{NAME}.__setstate__", given, loaded)


def recording() -> Iterator[Row]:
    """no_grad, scope, lines and programs."""
    read = autograd.compile(lambda x: x * x)
    read(2.0)
    yield from refusals(
        """
"autograd.no_grad.__call__" | "a generator" | lambda w: no_grad()(rows) | TypeError |
    "no_grad: rows is a generator or a coroutine"
"autograd.no_grad.__exit__" | "not entered" | lambda w: no_grad().__exit__() | RuntimeError |
    "no_grad"
"autograd.scope" | "scope not entered" | lambda w: scope("a").__exit__() | RuntimeError |
    "scope"
"autograd.compile" | "source" | lambda w: read.program.source("fortran") | ValueError |
    'source: target must be "numpy", "javascript", "c", "tape", "program" or "kernel"'
"autograd.scope" | "lines not entered" | lambda w: lines().__exit__() | RuntimeError | "lines"
"autograd.scope" | "of a generator" | lambda w: scope("a")(rows) | TypeError | "scope: rows"
"autograd.scope" | "lines of one" | lambda w: lines()(rows) | TypeError | "lines: rows"
""",
        globals() | locals(),
    )
    names = [bad(2, TypeError, "name, got 2 (int)")]
    names += [bad(x, ValueError, "without a slash", repr(x)) for x in ("", " ", "a/b")]
    yield from each("autograd.scope", names, lambda w, x: scope(x))

    def failing(w: World) -> None:
        with no_grad():
            raise KeyError("within")

    yield row("autograd.no_grad", "an error within", failing, KeyError, "within")


def primitives() -> Iterator[Row]:
    """Own primitives, and their rules."""

    def made(w: World) -> tuple[Callable[..., object], dict[str, Any]]:
        def call(name: Any, value: Any, rule: Any, **options: Any) -> None:
            own = autograd.primitive(name, value, rule, **options)
            del TABLE[own.name]

        rule = lambda out, x: 1.0
        return call, {"name": "odd", "value": lambda x: x, "rule": rule, "variadic": False}

    texts = [bad(x, TypeError) for x in (3, 1j, [1.0])]
    names = bads(TypeError, None, 3, ["f"]) + bads(ValueError, "", "a b", "1st", "log", "dot")
    options = dict.fromkeys(("symbol", "domain", "kink", "latex"), texts)
    flags = dict.fromkeys(("variadic", "strong_zero"), FLAG)
    kinds = {"name": names, "value": FUNCTION, "rule": FUNCTION} | options | flags
    yield from mistakes("autograd.primitive", made, kinds, owner="primitive")
    name, define = "autograd.primitive", autograd.primitive
    values = bads(TypeError, None, "1", 1j, Value(3.0), words=("value of own takes a real",))
    yield from each(name, values, lambda w, y: own(lambda x: y, abs)(w.x))
    unknown = mock.patch.dict(sys.modules, cloudpickle=None)(unpickled)
    yield from refusals(
        """
name | "no rule" | lambda w: define("mine", abs) | ValueError | "for each operand" | "got 0"
name | "none for all" | lambda w: define("mine", abs, variadic=True) | ValueError |
    "for each operand" | "got 0"
name | "2 for all" | lambda w: define("mine", abs, abs, abs, variadic=True) | ValueError |
    "for each operand" | "got 2"
name | "defaults" | lambda w: define("mine", abs, abs, defaults=(1.0, 2.0)) | ValueError |
    "2 defaults are more than operands"
name | "latex" | lambda w: define("mine", abs, abs, latex="{0}{1}") | ValueError |
    "whose places are {0}, with other braces doubled"
name | "None" | lambda w: own(abs, lambda *_: None)(w.x) | TypeError |
    "partial 0 of own takes a real number, got None"
name | "a Value" | lambda w: own(abs, lambda out, x: w.y * 1.0)(w.x) | TypeError |
    "partial 0 of own" | "use its .data"
name | "x / 0" | lambda w: own(abs, lambda out, x: x / out)(Value(0.0)) | ZeroDivisionError |
    "partial 0 of own(0.0): division by"
name | "x / 0 of all" | lambda w: own(abs, lambda y, x: [x / y], variadic=True)(Value(0.0)) |
    ZeroDivisionError | "partials of own(0.0): division by"
name | "too large" | lambda w: own(abs, lambda out, x: x**2.0)(Value(1e200)) | OverflowError |
    "of own(1e+200): the result is too"
name | "too large of all" | lambda w: own(abs, lambda _, x: [x**2.0], variadic=True)(
    Value(1e200)) | OverflowError | "of own(1e+200): the result"
name | "None of all" | lambda w: own(abs, lambda out, x: None, variadic=True)(w.x) | TypeError |
    "its rule must return a tuple, one" | "got None"
name | "[None]" | lambda w: own(abs, lambda *_: [None], variadic=True)(w.x) | TypeError |
    "a partial of own takes a real number, got None"
name | "()" | lambda w: own(abs, lambda out, x: (), variadic=True)(w.x) | ValueError |
    "own: its rule gave 0 partials for 1 operands"
name | "no key" | lambda w: own(abs, lambda out, x: {}[x])(w.x) | KeyError | "own(2.0"
name | "no key of all" | lambda w: own(abs, lambda out, x: {}[x], variadic=True)(w.x) |
    KeyError | "own(2.0"
name | "operands" | lambda w: own(abs, lambda x: 1.0)(w.x) | TypeError |
    "takes the result, then the operands"
name | "operands of all" | lambda w: own(abs, lambda x: 1.0, variadic=True)(w.x) | TypeError |
    "takes the result, then the operands"
name | "ValueError" | lambda w: own(lambda x: [].index(x), abs)(w.x) | ValueError |
    "own(2.0 labelled 'x'): " | "in list"
name | "a kind of it" | lambda w: own(lambda x: json.loads(""), abs)(w.x) |
    json.JSONDecodeError | "Expecting value: line 1" | "in own(2.0 labelled 'x')"
name | "KeyError" | lambda w: own(lambda x: {}[x], abs)(w.x) | KeyError | "2.0"
name | "domain" | lambda w: own(math.sqrt, abs, domain="a > 0")(-1.0) | ValueError |
    "own(-1.0): outside the domain, which is a > 0"
name | "not here" | lambda w: unknown("cube") | LookupError |
    "'cube', which is not defined here; call"
name | "not imported" | lambda w: unknown("no_such_module.op") | LookupError |
    "import no_such_module before loading it"
name | "fmod" | lambda w: script(math.fmod) | UntranslatableError |
    "opaque: its rule can't be read" | "math.fmod is for floats only"
name | "a dict" | lambda w: script(lambda x: {1.0: 2.0}[x]) | UntranslatableError | "unhashable"
name | "real" | lambda w: script(lambda x: x.real) | UntranslatableError |
    "what only a float has"
name | "round" | lambda w: script(lambda x: round(x, ndigits=2)) | UntranslatableError |
    "__round__"
name | "a function" | lambda w: script(lambda x: cmath.sin) | UntranslatableError |
    "the rule gives <"
name | "unknown" | lambda w: script(lambda x: missing(x)) | UntranslatableError |
    "what only a float has"
name | "index" | lambda w: script(lambda x: operator.index(x)) | UntranslatableError | "integer"
name | "catches" | lambda w: script(catches) | UntranslatableError | "catches errors"
""",
        globals() | locals(),
    )


def script(rule: Callable[..., float]) -> str:
    """Write an operation with this rule as JavaScript."""
    try:
        return module([autograd.primitive("opaque", rule, lambda out, x: 1.0)])
    finally:
        del TABLE["opaque"]


def catches(x: float) -> float:
    """Return 1 / x, or 0."""
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0


def own(value: Any, *rules: Any, **options: Any) -> Primitive:
    """An operation that is not in the table any more."""
    autograd.primitive("own", value, *rules, **options)
    return TABLE.pop("own")


def unpickled(name: str) -> object:
    """An operation that is loaded from a pickle where it is not defined."""
    stored = pickle.dumps(autograd.primitive(name, lambda x: x, lambda out, x: 1.0))
    del TABLE[name]
    return pickle.loads(stored)


def entries() -> Iterator[Row]:
    """The entries of the table."""
    name, kind, log = "autograd.Primitive", Primitive, TABLE["log"]
    for entry in TABLE.values():
        yield from of_entry(f"{name}.__call__", entry)
    given = [bad("odd", TypeError, "argument")]
    yield from each(name, given, lambda w, x, kind=kind: kind(x))
    given = [bad(2, AttributeError, ("arity", "writable"))]
    yield from each(f"{name}.arity", given, lambda w, x: setattr(log, "arity", x))
    call: Call = lambda w: log.evaluate((-1.0,), (w.y,))
    yield row(f"{name}.evaluate", "-1", call, ValueError, "log(-3.0 labelled 'y')")


def of_entry(name: str, entry: Primitive) -> Iterator[Row]:
    """One entry, with a bad operand in each place, and with too few or too many."""
    count = 2 if entry.variadic else len(entry.rules)
    for slot, other in itertools.product(range(count), (lambda w: w.x, lambda w: 0.5)):

        def call(w: World, x: Any, slot: int = slot, other: Call = other) -> object:
            return entry(*[x if k == slot else other(w) for k in range(count)])

        yield from each(name, NUMBER, call, entry.name, case=f"{entry.name} {slot} ")
    misspelt = lambda w: entry(*[w.x] * count, mispelt=1.0)
    yield row(name, entry.name, misspelt, TypeError, "mispelt")
    if not entry.variadic:
        least = count - len(entry.defaults)
        wanted = f"{least} to {count}" if least < count else count
        for n in (0, count + 1):
            words = f"{entry.name} takes {wanted} operand(s), got {n}"
            given = [bad(n, TypeError, words)]
            yield from each(name, given, lambda w, n: entry(*[w.x] * n), case=entry.name)
