"""Mistakes with graphs, their pictures, and the stepper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import autograd
from autograd import Graph, Stepper, Value
from tests.bad_input.rows import (
    FLAG,
    HUGE,
    INF,
    NAN,
    NUMBER,
    Bad,
    Row,
    bad,
    bads,
    mistakes,
    row,
    use,
)

__all__ = ["rows"]

ROOTS = [*bads(TypeError, None, 2.0, "3", 1j, [Value(1.0)], {}), bad(Value, TypeError, "Value")]
COUNTS = [*bads(TypeError, "3", 1.5, [1], True, 1j), *bads(ValueError, 0, -1)]
CHOICES = bads(ValueError, "nonsense", "", 3, [])
TEXTS = bads(TypeError, 3, 1j, [1.0])
OPTIONS: dict[str, list[Bad]] = {
    "rankdir": [*CHOICES, bad(None, ValueError)],
    "collapse": CHOICES,
    "depth": COUNTS,
    "max_nodes": COUNTS,
    "theme": [*CHOICES, bad(None, ValueError)],
    "values": FLAG,
    "gradients": FLAG,
    "format": [*bads(TypeError, None, 3), *bads(ValueError, "zz", ".4q")],
    "title": TEXTS,
    "engine": TEXTS,
    "timeout": [*bads(TypeError, None, "3", 1j, True), *bads(ValueError, 0, -1.0, NAN)],
    "odd": [bad(1, TypeError, "there is no option 'odd'")],
}
PATHS = bads(TypeError, None, 3.5, [], 1j, words=("PathLike",))


def rows() -> Iterator[Row]:
    """All of them."""
    yield from graphs()
    yield from steppers()


def graphs() -> Iterator[Row]:
    """Graph, and its pictures."""
    name = "autograd.Graph"
    yield row(name, "nothing", lambda w: Graph(), TypeError, "got none")
    for each in ROOTS:
        for before in ([], [Value(1.0)]):
            call = use(lambda w, b, before: Graph(*before, b.make(w)), each, before)
            yield row(
                name, f"{each.show} {len(before)}", call, TypeError, "Graph takes", *each.words
            )
    drawn = ("", "text", "svg", "digraph", "dot", "html")
    for method in drawn:
        full = f"{name}.{method}".rstrip(".")
        for key, kind in OPTIONS.items():
            for each in kind:
                call = use(_drawn, method, key, each)
                words = ("a number format", "format") if key == "format" else (key,)
                yield row(full, f"{key}={each.show}", call, each.error, words, *each.words)
    for each in PATHS:
        call = use(lambda w, b: Graph(w.z).save(b.make(w)), each)
        yield row(f"{name}.save", each.show, call, TypeError, *each.words)
    for path in ("a.odd", "a", ".svg"):
        call = use(lambda w, p: Graph(w.z).save(w.path(p)), path)
        yield row(f"{name}.save", path, call, ValueError, "a graph is saved as", path)
    for suffix in ("dot", "tex"):
        call = use(lambda w, s: Graph(w.z).save(w.path(f"no/folder/a.{s}")), suffix)
        yield row(f"{name}.save", f"no folder {suffix}", call, FileNotFoundError, "no/folder")
    call = use(lambda w: Graph(w.z).save(w.path("a.dot"), odd=1))
    yield row(f"{name}.save", "an option", call, TypeError, "odd")
    call = use(lambda w: Graph(w.z)[Value(1.0)])
    yield row(f"{name}.__getitem__", "another", call, KeyError, "is not in", "Graph of z")
    for other in (None, "x", 0):
        call = use(lambda w, k: Graph(w.z)[k], other)
        yield row(f"{name}.__getitem__", f"{other!r}", call, KeyError, f"{other!r} is not in")
    yield row(
        f"{name}.__getitem__",
        "[]",
        use(lambda w, k: Graph(w.z)[k], []),
        TypeError,
        "unhashable",
    )
    call = use(lambda w: [] in Graph(w.z))
    yield row(f"{name}.__contains__", "[]", call, TypeError, "unhashable")
    for method in ("latex", "__len__", "__iter__"):
        call = use(lambda w, n: getattr(Graph(w.z), n)(1), method)
        yield row(f"{name}.{method}", "an argument", call, TypeError, "argument")
    for key in ("root", "stats"):
        call = use(lambda w, k: setattr(Graph(w.z), k, 1), key)
        yield row(f"{name}.{key}", "set", call, AttributeError, key)


def _drawn(w: Any, method: str, key: str, each: Bad) -> Any:
    options = {key: each.make(w)}
    return getattr(Graph(w.z), method)(**options) if method else Graph(w.z, **options)


def steppers() -> Iterator[Row]:
    """Stepper and step."""
    name = "autograd.Stepper"
    yield from mistakes(
        name,
        lambda w: (Stepper, {"root": w.z, "seed": 1.0}),
        {"root": ROOTS, "seed": NUMBER},
        owner="Stepper",
        positional=True,
    )
    for each in ROOTS:
        call = use(lambda w, b: autograd.step(b.make(w)), each)
        yield row("autograd.step", each.show, call, TypeError, "Stepper takes", *each.words)
    for each in NUMBER:
        call = use(lambda w, b: autograd.step(w.z, b.make(w)), each)
        yield row("autograd.step", f"seed={each.show}", call, each.error, "seed", *each.words)
    for position in (None, "1", 1.0, 1j, [1], NAN):
        call = use(lambda w, p: _moved(w, "goto", p), position)
        yield row(f"{name}.goto", f"{position!r}", call, TypeError, "goto takes an integer")
    for position in (-1, 1000, HUGE, -HUGE):
        call = use(lambda w, p: _moved(w, "goto", p), position)
        yield row(
            f"{name}.goto", f"{position!r:.9}", call, IndexError, "goto(", "a position is"
        )
    labels: list[Any] = [None, 3, [], b"x"]
    for label in labels:
        call = use(lambda w, x: _moved(w, "run_until", x), label)
        yield row(f"{name}.run_until", f"{label!r}", call, TypeError, "run_until", repr(label))
    for label in ("odd", ""):
        call = use(lambda w, x: _moved(w, "run_until", x), label)
        yield row(f"{name}.run_until", f"{label!r}", call, LookupError, "no node", "x, y, z")
    for method in ("next", "back", "reset", "html", "apply", "run_until_nonfinite", "__iter__"):
        call = use(lambda w, n: _moved(w, n, 1), method)
        yield row(f"{name}.{method}", "an argument", call, TypeError, "argument")
    call = use(lambda w: setattr(Stepper(w.z), "grads", {}))
    yield row(f"{name}.grads", "set", call, AttributeError, "grads")
    call = use(lambda w, n: getattr(Stepper(w.z).grads, n)({}), "update")
    yield row(f"{name}.grads", "changed", call, AttributeError, "update")
    for each in PATHS:
        call = use(lambda w, b: Stepper(w.z).save(b.make(w)), each)
        yield row(f"{name}.save", each.show, call, TypeError, *each.words)
    for path in ("a.odd", "a", ".html"):
        call = use(lambda w, p: Stepper(w.z).save(w.path(p)), path)
        yield row(f"{name}.save", path, call, ValueError, "Stepper.save", path, "end in .html")
    call = use(_applied_nan)
    yield row(f"{name}.apply", "inf - inf", call, FloatingPointError, "sub(", "infinity")
    call = use(_applied_inf)
    yield row(f"{name}.apply", "-inf before", call, FloatingPointError, "zero_grad")


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
