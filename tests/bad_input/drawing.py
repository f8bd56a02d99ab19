"""Mistakes with graphs, their pictures, and the stepper."""

import functools
from collections.abc import Iterator
from typing import Any

import autograd
from autograd import Graph, Stepper, Value
from autograd.cli.expressions import parse
from tests.bad_input.rows import *
from tests.helpers.tables import table

ROOTS = [*bads(TypeError, None, 2.0, "3", 1j, [Value(1.0)], {}), bad(Value, TypeError, "Value")]
COUNTS = [*bads(TypeError, "3", 1.5, [1], True, 1j), *bads(ValueError, 0, -1)]
CHOICES = bads(ValueError, "nonsense", "", 3, [])
TEXTS = bads(TypeError, 3, 1j, [1.0])
OPTIONS: dict[str, list[Bad]] = dict(
    table(
        """
"rankdir" | [*CHOICES, bad(None, ValueError)]
"collapse" | CHOICES
"depth" | COUNTS
"max_nodes" | COUNTS
"theme" | [*CHOICES, bad(None, ValueError)]
"values" | FLAG
"gradients" | FLAG
"format" | [*bads(TypeError, None, 3), *bads(ValueError, "zz", ".4q")]
"title" | TEXTS
"odd" | [bad(1, TypeError, "there is no option 'odd'")]
""",
        globals(),
    )
)
PATHS = bads(TypeError, None, 3.5, [], 1j, words=("PathLike",))


def rows() -> Iterator[Row]:
    """All of them."""
    yield from graphs()
    yield from steppers()
    yield from plays()


def graphs() -> Iterator[Row]:
    """Graph, and its pictures."""
    name = "autograd.Graph"
    yield row(name, "nothing", lambda w: Graph(), TypeError, "got none")
    for before in ([], [Value(1.0)]):
        call: Call = lambda w, x, before=before: Graph(*before, x)
        yield from each(name, ROOTS, call, "Graph takes")
    for method in ("", "text", "svg", "digraph", "dot", "html"):
        for key, kind in OPTIONS.items():
            words = ("a number format", "format") if key == "format" else (key,)
            call = functools.partial(_drawn, method, key)
            full = f"{name}.{method}".rstrip(".")
            yield from each(full, kind, call, words, case=f"{key}=")
    yield from each(f"{name}.save", PATHS, lambda w, p: Graph(w.z).save(p))
    places = [bad(p, ValueError, "a graph is saved as", p) for p in ("a.odd", "a", ".svg")]
    places += [bad(f"no/folder/a.{x}", FileNotFoundError, "no/folder") for x in ("dot", "tex")]
    yield from each(f"{name}.save", places, lambda w, p: Graph(w.z).save(w.path(p)))
    call = lambda w: Graph(w.z).save(w.path("a.dot"), odd=1)
    yield row(f"{name}.save", "an option", call, TypeError, "odd")
    keys = [bad(k, KeyError, f"{k!r} is not in") for k in (None, "x", 0)]
    keys += [bad(Value(1.0), KeyError, "is not in", "Graph of z")]
    keys += [bad([], TypeError, "unhashable")]
    yield from each(f"{name}.__getitem__", keys, lambda w, k: Graph(w.z)[k])
    yield from each(f"{name}.__contains__", keys[-1:], lambda w, k: k in Graph(w.z))


def _drawn(method: str, key: str, w: Any, value: Any) -> Any:
    return getattr(Graph(w.z), method)(**{key: value}) if method else Graph(w.z, **{key: value})


def steppers() -> Iterator[Row]:
    """Stepper and step."""
    name = "autograd.Stepper"
    yield from mistakes(
        name,
        lambda w: (Stepper, {"root": w.z, "seed": 1.0}),
        {"root": ROOTS, "seed": NUMBER},
        positional=True,
    )
    yield from each("autograd.step", ROOTS, lambda w, x: autograd.step(x), "Stepper takes")
    yield from each("autograd.step", NUMBER, lambda w, x: autograd.step(w.z, x), "seed")
    places = bads(TypeError, None, "1", 1.0, 1j, [1], NAN, words=("goto takes an integer",))
    places += bads(IndexError, -1, 1000, HUGE, -HUGE, words=("goto(", "a position is"))
    yield from each(f"{name}.goto", places, lambda w, x: _moved(w, "goto", x))
    labels = [bad(None, TypeError, "run_until", "None")]
    labels += bads(TypeError, 3, [], b"x")
    labels += bads(LookupError, "odd", "", words=("no node is called", "there are x, y, z"))
    yield from each(f"{name}.run_until", labels, lambda w, x: _moved(w, "run_until", x))
    long = lambda w: functools.reduce(lambda y, _: -y, range(1000), w.x)
    yield from refusals(
        """
f"{name}.run_until" | "many" | lambda w: Stepper(long(w)).run_until("odd") | LookupError |
    "v12, …"
f"{name}.save" | "many" | lambda w: Stepper(long(w)).save(w.path("a.html")) | ValueError |
    "at most 1,000 nodes, and v1001 depends on 1,001" | "collapse it"
"autograd.Graph.save" | "many" | lambda w: Graph(long(w)).save(w.path("a.html")) | ValueError |
    "at most 1,000 nodes, and v1001 depends on 1,001" | "collapse it"
""",
        globals() | locals(),
    )
    given = [bad({}, AttributeError, "update")]
    yield from each(f"{name}.grads", given, lambda w, x: _grads(w).update(x))
    yield from each(f"{name}.save", PATHS, lambda w, p: Stepper(w.z).save(p))
    words = ("saved as .html", "got")
    places = [bad(p, ValueError, *words, p) for p in ("a.odd", "a", ".html")]
    yield from each(f"{name}.save", places, lambda w, p: Stepper(w.z).save(w.path(p)))
    words = ("sub(", "infinity")
    yield row(f"{name}.apply", "inf - inf", _applied_nan, FloatingPointError, *words)
    yield row(f"{name}.apply", "-inf", _applied_inf, FloatingPointError, "zero_grad")


def plays() -> Iterator[Row]:
    """The page to play with a formula, or a function."""
    name = "autograd.play"
    formulas = bads(TypeError, None, 3.0, b"x", words=("play takes a formula or a function",))
    formulas += bads_of(
        """
"2x" | SyntaxError | "write 2*x"
"x +" | SyntaxError | "write a number"
"" | SyntaxError | "empty"
"log(x - 9)" | ValueError | "log(" | "x > 0"
"x*y" | ValueError | "no value for y"
"2" | ValueError | "x is not in"
"-" * 9000 + "x" | ValueError | "nested too deeply"
"+".join(["x"] * 100_000) | ValueError | "too many operators in a row; write"
"+".join(["(" + "+".join(["x"] * 30) + ")"] * 40) | ValueError | "at most 1,000 nodes"
f"maximum({','.join([f'x*{i}' for i in range(2000)])})" | ValueError | "at most 1,000 nodes"
lambda x: 1.0 | TypeError | "takes a Value, got 1.0"
lambda y: y | TypeError | "argument"
""",
        {},
    )
    yield from each(name, formulas, lambda w, f: autograd.play(f, x=1.0))
    yield from each(name, NUMBER, lambda w, x: autograd.play("x*2", x=x), "the value of x")
    words = "x*y is a function of 2 variable(s), got 1"
    yield row(name, "one number", lambda w: parse("x*y")(1.0), TypeError, words)


def _grads(w: Any) -> Any:
    return Stepper(w.z).grads


def _moved(w: Any, method: str, argument: Any) -> None:
    """A move that cannot be made, from the middle."""
    stepper = Stepper(w.z)
    stepper.goto(4)
    before = dict(stepper.grads)
    try:
        getattr(stepper, method)(argument)
    finally:
        assert (stepper.position, dict(stepper.grads)) == (4, before)


def _applied_nan(w: Any) -> None:
    stepper = Stepper(autograd.sqrt(w.x - 2.0) - autograd.sqrt(w.x - 2.0))
    stepper.goto(len(stepper.events))
    stepper.apply()


def _applied_inf(w: Any) -> None:
    stepper = Stepper(autograd.sqrt(w.x - 2.0))
    stepper.goto(len(stepper.events))
    before, w.x.grad = w.x.grad, -INF
    try:
        stepper.apply()
    finally:
        assert w.x.grad == -INF
        w.x.grad = before
