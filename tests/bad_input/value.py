"""Mistakes with a Value, `no_grad` and own primitives."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import autograd
from autograd import Value, no_grad
from autograd.core.operations import Operations
from autograd.core.primitive import TABLE
from tests.bad_input.rows import (
    COUNT,
    FLAG,
    FUNCTION,
    HUGE,
    INF,
    NUMBER,
    Row,
    bad,
    mistakes,
    row,
    use,
)
from tests.bad_input.world import World

__all__ = ["rows"]

NAME = "autograd.Value"
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "mod", "matmul", "lshift")
}
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]
NUMPY = ("arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh")
NOT_NUMBERS: list[Any] = [None, "3", [1.0], {}, 1j, object()]
LABELS = [bad(x, TypeError, "a label is a string or None, got") for x in (3, b"x", ["x"])]
FUNCTIONS_OF_ONE = sorted(
    name for name in vars(Operations) if name in TABLE and TABLE[name].arity == 1
)


def rows() -> Iterator[Row]:
    """All of them."""
    yield from mistakes(
        NAME,
        lambda w: (Value, {"data": 1.0, "label": "a"}),
        {"data": NUMBER, "label": LABELS},
        owner="Value",
    )
    yield from mistakes(
        NAME,
        lambda w: (w.z.__init__, {"data": 1.0, "label": "a"}),
        {"data": NUMBER, "label": LABELS},
        owner="Value",
    )
    yield from operators()
    yield from attributes()
    yield from passes()
    yield from methods()
    yield from states()
    yield from recording()
    yield from entries()
    yield from primitives()


def operators() -> Iterator[Row]:
    """Operators, comparisons and conversions."""
    arithmetic = [TypeError] * 6
    for symbol, apply in OPERATORS.items():
        for other, error in zip(NOT_NUMBERS, arithmetic):
            case = f"x {symbol} {other!r:.20}"
            call = use(lambda w, f, c: f(w.x, c), apply, other)
            yield row(NAME, case, call, error, "Value")
            call = use(lambda w, f, c: f(c, w.x), apply, other)
            yield row(NAME, f"reflected {case}", call, error, ("Value", "must be", "format"))
    for symbol in ("add", "sub", "mul", "truediv", "pow"):
        apply = OPERATORS[symbol]
        call = use(lambda w, f: f(w.x, HUGE), apply)
        yield row(NAME, f"x {symbol} 10**400", call, OverflowError, "too large")
        call = use(lambda w, f: f(HUGE, w.x), apply)
        yield row(NAME, f"10**400 {symbol} x", call, OverflowError, "too large")
    for compare in COMPARISONS:
        for other in NOT_NUMBERS:
            call = use(lambda w, f, c: f(w.x, c), compare, other)
            yield row(
                NAME, f"{compare.__name__} {other!r:.20}", call, TypeError, "not supported"
            )
    functions: list[Any] = [float, complex, math.sin, len, iter, operator.invert, range]
    for f in functions:
        call = use(lambda w, f: f(w.x), f)
        yield row(NAME, f"{f.__name__}(x)", call, TypeError, "Value")
    yield row(NAME, "x[0]", lambda w: w.x[0], TypeError, "Value")
    yield row(NAME, "x()", lambda w: w.x(), TypeError, "Value")
    functions = [int, round, math.floor, math.ceil, math.trunc]
    for f in functions:
        call = use(lambda w, f: f(Value(math.nan)), f)
        yield row(NAME, f"{f.__name__}(nan)", call, ValueError, "NaN")
        call = use(lambda w, f: f(Value(INF)), f)
        yield row(NAME, f"{f.__name__}(inf)", call, OverflowError, "infinity")
    yield row(NAME, "round to text", use(lambda w, to: round(w.x, to), "3"), TypeError, "str")
    yield row(NAME, "format", lambda w: format(w.x, "zz"), ValueError, "format")
    yield row(NAME, "x / 0", lambda w: w.x / 0, ZeroDivisionError, "div(2.0 labelled 'x', 0")
    yield row(NAME, "1 / 0", lambda w: 1 / (w.x * 0.0), ZeroDivisionError, "div(1.0, 0.0)")
    yield row(NAME, "root", lambda w: w.y**0.5, ValueError, "pow(-3.0 labelled 'y', 0.5)")
    yield row(NAME, "sub-class", lambda w: type("V", (Value,), {}), TypeError, "base type")


def attributes() -> Iterator[Row]:
    """Setting and deleting what a Value has."""
    for name in ("data", "grad"):
        for each in NUMBER:
            yield row(
                f"{NAME}.{name}",
                f"= {each.show}",
                use(lambda w, n, b: setattr(w.z, n, b.make(w)), name, each),
                each.error,
                *each.words,
            )
    for each in LABELS:
        for owner in ("x", "z", "wide"):
            call = use(lambda w, o, b: setattr(getattr(w, o), "label", b.make(w)), owner, each)
            yield row(
                f"{NAME}.label", f"{owner}.label = {each.show}", call, TypeError, *each.words
            )
    for name in ("op", "inputs", "operands", "partials"):
        call = use(lambda w, n: setattr(w.z, n, None), name)
        yield row(f"{NAME}.{name}", "set", call, AttributeError, ("set", "writable", name))
    for name in ("data", "grad", "label", "op", "inputs", "operands", "partials"):
        call = use(lambda w, n: delattr(w.z, n), name)
        words = ("delete", "writable", name, "__del__")
        yield row(f"{NAME}.{name}", "deleted", call, AttributeError, words)
    yield row(NAME, "colour", lambda w: setattr(w.x, "colour", 1), AttributeError, "colour")
    yield row(NAME, "no colour", lambda w: w.x.colour, AttributeError, "colour")


def passes() -> Iterator[Row]:
    """backward, zero_grad, detach, graph and steps."""
    yield from mistakes(
        f"{NAME}.backward", lambda w: (w.z.backward, {"seed": 1.0}), {"seed": NUMBER}
    )
    yield from mistakes(f"{NAME}.steps", lambda w: (w.z.steps, {"seed": 1.0}), {"seed": NUMBER})
    for name in ("zero_grad", "detach", "conjugate"):
        call = use(lambda w, n: getattr(w.z, n)(1.0), name)
        yield row(f"{NAME}.{name}", "an argument", call, TypeError, "argument")
    yield row(f"{NAME}.graph", "an option", lambda w: w.z.graph(odd=1), TypeError, "odd")
    yield row(f"{NAME}.graph", "a place", lambda w: w.z.graph(1), TypeError, "argument")
    yield row(
        f"{NAME}.backward",
        "inf - inf",
        lambda w: (autograd.sqrt(w.x - 2.0) - autograd.sqrt(w.x - 2.0)).backward(),
        FloatingPointError,
        "sub(",
        "infinity",
    )
    yield row(
        f"{NAME}.backward",
        "no derivative",
        lambda w: (w.y**w.x).backward(),
        ValueError,
        "pow(-3.0 labelled 'y', 2.0 labelled 'x')",
        "does not exist",
    )


def methods() -> Iterator[Row]:
    """The operations as methods."""
    for name in ("neg", "exp", "tanh", "relu", *FUNCTIONS_OF_ONE, *NUMPY):
        call = use(lambda w, n: getattr(w.x, n)(1.0), name)
        yield row(f"{NAME}.{name}", "an argument", call, TypeError, "argument")
        call = use(lambda w, n: getattr(w.x, n)(mispelt=1.0), name)
        yield row(f"{NAME}.{name}", "a keyword", call, TypeError, ("mispelt", "keyword"))
    for name in ("add", "sub", "mul", "div", "pow"):
        yield from mistakes(
            f"{NAME}.{name}",
            use(lambda w, n: (getattr(w.x, n), {"other": 2.0}), name),
            {"other": NUMBER},
        )
    for name in ("atan2", "arctan2"):
        good = use(lambda w, n: (getattr(w.x, n), {"x": 2.0}), name)
        yield from mistakes(f"{NAME}.{name}", good, {"x": NUMBER}, owner="atan2")
    yield from mistakes(
        f"{NAME}.leaky_relu", lambda w: (w.x.leaky_relu, {"slope": 2.0}), {"slope": NUMBER}
    )
    yield from mistakes(f"{NAME}.elu", lambda w: (w.x.elu, {"alpha": 2.0}), {"alpha": NUMBER})
    yield from mistakes(
        f"{NAME}.clip",
        lambda w: (w.x.clip, {"low": 0.0, "high": 1.0}),
        {"low": [*NUMBER, bad(2.0, ValueError, "low")], "high": NUMBER},
    )
    yield from mistakes(
        f"{NAME}.where", lambda w: (w.x.where, {"a": 0.0, "b": 1.0}), {"a": NUMBER, "b": NUMBER}
    )
    yield from mistakes(
        f"{NAME}.dot",
        lambda w: (w.x.dot, {"weight": 2.0, "bias": 1.0}),
        {"weight": NUMBER, "bias": NUMBER},
    )
    for name in ("hypot", "maximum", "minimum", "sum", "logsumexp"):
        for each in NUMBER:
            call = use(lambda w, n, b: getattr(w.x, n)(w.y, b.make(w)), name, each)
            yield row(f"{NAME}.{name}", each.show, call, each.error, *each.words)
    for each in COUNT:
        if each.error is TypeError and each.show != "True":
            call = use(lambda w, b: w.x.take(b.make(w), w.y), each)
            yield row(f"{NAME}.take", each.show, call, TypeError, "integer")
    for index in (2, -3):
        call = use(lambda w, i: w.x.take(i, w.y), index)
        yield row(f"{NAME}.take", f"{index}", call, IndexError, "take(")
    call = use(lambda w: w.x.take(HUGE, w.y))
    yield row(f"{NAME}.take", "10**400", call, OverflowError, "take: 1000", "too large")
    for name in ("log", "log2", "log10", "log1p", "sqrt", "asin", "acos", "acosh", "atanh"):
        call = use(lambda w, n: getattr(w.y, n)(), name)
        yield row(f"{NAME}.{name}", "-3", call, ValueError, f"{name}(-3.0 labelled 'y')")
    for name in ("exp", "exp2", "expm1", "sinh", "cosh"):
        call = use(lambda w, n: getattr(w.x * 1e4, n)(), name)
        yield row(f"{NAME}.{name}", "2e4", call, OverflowError, f"{name}(20000.0)")


def states() -> Iterator[Row]:
    """What is no state of a node changes nothing, and is not the end of the interpreter."""
    op, name = TABLE["mul"], f"{NAME}.__setstate__"
    dot = TABLE["dot"]
    good = (1.0, 0.0, None, None, None, 0.0, 0.0, None)
    nonsense: list[Any] = [
        *(None, 3, (), [], "eight !!", (1.0,) * 8, good[:7], (None,) * 8),
        *(("1.0", *good[1:]), (1.0, "0.0", *good[2:]), (1.0, 0.0, "mul", *good[3:])),
        (1.0, 0.0, op, 3.0, None, 0.0, 0.0, None),
        (1.0, 0.0, op, None, "x", 0.0, 0.0, None),
        (1.0, 0.0, op, None, None, 0.0, 0.0, None),
        (1.0, 0.0, op, None, None, 0.0, 0.0, "label"),
        (1.0, 0.0, op, None, None, None, 0.0, None),
        (1.0, 0.0, None, None, None, 0.0, 0.0, 3),
        (1.0, 0.0, None, None, None, 0.0, 0.0, ((), (), (), None)),
        (1.0, 0.0, None, Value(1.0), None, 0.0, 0.0, None),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ()),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ((), (), (1.0,), None)),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ((None,), (None,), (1.0,), None)),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ((1.0,), (1.0,), (1.0,), None)),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ((), [Value(1.0)], (1.0,), None)),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, (3, (Value(1.0),), (1.0,), None)),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ((2.0,), (Value(1.0),), ("1",), None)),
        (1.0, 0.0, dot, None, None, 0.0, 0.0, ((2.0,), (Value(1.0),), (1.0,), 3)),
    ]
    for owner in ("x", "z", "wide"):
        for state in nonsense:
            call = use(lambda w, o, s: getattr(w, o).__setstate__(s), owner, state)
            yield row(name, f"{owner}: {state!r:.60}", call, TypeError, "no state of a Value")


def recording() -> Iterator[Row]:
    """no_grad."""
    name = "autograd.no_grad"
    yield row(
        name, "not called", use(lambda w, block: block(len), no_grad), TypeError, "argument"
    )
    yield row(
        name, "an argument", use(lambda w, block: block(True), no_grad), TypeError, "argument"
    )
    yield row(
        f"{name}.__exit__",
        "not entered",
        lambda w: no_grad().__exit__(),
        RuntimeError,
        "no_grad",
    )
    yield row(
        f"{name}.__enter__",
        "an argument",
        use(lambda w, block: block.__enter__(1), no_grad()),
        TypeError,
        "argument",
    )

    def failing(w: World) -> None:
        with no_grad():
            raise KeyError("within")

    yield row(name, "an error within", failing, KeyError, "within")


def primitives() -> Iterator[Row]:
    """Own primitives, and their rules."""
    name = "autograd.primitive"

    def made(w: World) -> tuple[Callable[..., object], dict[str, Any]]:
        def call(name: Any, value: Any, rule: Any, **options: Any) -> None:
            own = autograd.primitive(name, value, rule, **options)
            del TABLE[own.name]

        rule = lambda out, x: 1.0  # noqa: E731
        return call, {"name": "odd", "value": lambda x: x, "rule": rule, "variadic": False}

    texts = [bad(x, TypeError) for x in (3, 1j, [1.0])]
    names = [bad(x, TypeError) for x in (None, 3, ["f"])]
    names += [bad(x, ValueError) for x in ("", "a b", "1st", "log", "dot")]
    options = dict.fromkeys(("symbol", "domain", "kink", "latex"), texts)
    flags = dict.fromkeys(("variadic", "selects"), FLAG)
    kinds = {"name": names, "value": FUNCTION, "rule": FUNCTION} | options | flags
    yield from mistakes(name, made, kinds, owner="primitive")


def entries() -> Iterator[Row]:
    """The entries of the table."""
    name = "autograd.Primitive"
    call = use(lambda w, c: c("odd"), autograd.Primitive)
    yield row(name, "one argument", call, TypeError, "argument")
    for entry in TABLE.values():
        count = 2 if entry.variadic else len(entry.rules)
        for each in NUMBER:
            for slot in range(count):
                call = use(_applied, entry, slot, each)
                case = f"{entry.name} {slot} {each.show}"
                yield row(f"{name}.__call__", case, call, each.error, entry.name, *each.words)
        if not entry.variadic:
            for n in (0, count + 1):
                call = use(lambda w, f, n: f(*[w.x] * n), entry, n)
                words = f"{entry.name} takes {count} operand(s), got {n}"
                yield row(f"{name}.__call__", f"{entry.name} {n}", call, TypeError, words)
    log = TABLE["log"]
    call = use(lambda w: setattr(log, "arity", 2))
    yield row(f"{name}.arity", "set", call, AttributeError, ("arity", "writable"))
    for method in ("evaluate", "partial", "partials", "explain"):
        call = use(lambda w, n: getattr(log, n)(), method)
        yield row(f"{name}.{method}", "nothing", call, TypeError, "argument")
    call = use(lambda w: log.evaluate((-1.0,), (w.y,)))
    yield row(f"{name}.evaluate", "-1", call, ValueError, "log(-3.0 labelled 'y')")


def _applied(w: Any, entry: Any, slot: int, each: Any) -> Any:
    operands: list[Any] = [w.x] * (2 if entry.variadic else len(entry.rules))
    operands[slot] = each.make(w)
    return entry(*operands)
