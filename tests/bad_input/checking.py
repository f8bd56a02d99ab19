"""Mistakes with the checker of gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from typing import Any

from autograd import testing
from tests.bad_input.rows import (
    CHOICE,
    FUNCTION,
    HUGE,
    INF,
    NAN,
    Row,
    bad,
    bads,
    mistakes,
    row,
    use,
)

__all__ = ["rows"]

ORDERS = [*bads(TypeError, None, "1", 1.0, 1j, True, [1])]
ORDERS += [bad(n, ValueError, "from 1 to") for n in (0, -1, 21, HUGE, -HUGE)]
KINDS = ("NoneType", "str", "complex", "set")
POINTS = bads(TypeError, None, "3", 1j, {1.0}, [None], {"a": "3"}, words=(KINDS,))
POINTS += bads(ValueError, NAN, INF, -INF, [1.0, NAN], words=(("nan", "inf"),))
POINTS.append(bad(HUGE, OverflowError, "too large"))


def rows() -> Iterator[Row]:
    """All of them."""
    for name in ("gradcheck", "check_gradients"):
        yield from checks(f"autograd.testing.{name}", getattr(testing, name))
    report: Any = testing.gradcheck(lambda x: x, 1.0)
    call = use(lambda w: setattr(report, "verdict", "pass"))
    yield row("autograd.testing.Report", "set", call, FrozenInstanceError, "verdict")
    call = use(lambda w, c: c(), testing.Report)
    yield row("autograd.testing.Report", "nothing", call, TypeError, "argument")
    call = use(lambda w, c: c(), testing.GradientError)
    yield row("autograd.testing.GradientError", "nothing", call, TypeError, "argument")
    call = use(lambda w: setattr(report, "hex", "0x0"))
    yield row("autograd.testing.Report.hex", "set", call, FrozenInstanceError, "hex")


def checks(name: str, check: Any) -> Iterator[Row]:
    """gradcheck, and its twin that raises."""

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        def call(f: Any, x: Any, **options: Any) -> Any:
            return check(f, x, **options)

        return call, {"f": lambda v: v * v * w.x, "x": 1.5, "order": 1, "oracle": "differences"}

    functions = [b for b in FUNCTION if b.show != "None"]
    kinds = {"f": FUNCTION, "x": POINTS, "order": ORDERS, "gradient": functions}
    owners = ("gradcheck", "argument", "too large")
    yield from mistakes(name, good, {**kinds, "oracle": CHOICE}, owner=owners)
    square = lambda v: v * v  # noqa: E731
    results: list[tuple[str, Any]] = [("None", None), ("text", "3"), ("a complex", 1j)]
    for case, result in results:
        call = use(lambda w, r: check(lambda v: r, 1.0), result)
        yield row(name, f"f gives {case}", call, TypeError, "result of f")
        call = use(lambda w, r: check(square, 1.0, gradient=lambda v: r), result)
        yield row(name, f"gradient gives {case}", call, TypeError, "result of gradient")
    for given in ([1.0], [1.0, 2.0, 3.0], 1.0, {"a": 1.0}):
        call = use(lambda w, g: check(sum, [1.0, 2.0], gradient=lambda v: g), given)
        yield row(name, f"gradient gives {given}", call, ValueError, "result of gradient")
    call = use(lambda w: check(square, 1.0, gradient=square, order=2))
    yield row(name, "gradient and order", call, ValueError, "with `gradient`, order must be 1")
    call = use(lambda w: check(lambda v: v.odd, 1.0))
    yield row(name, "f fails", call, AttributeError, "odd")
