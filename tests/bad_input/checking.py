"""Mistakes with the checker of gradients."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd  # noqa: F401  (rows name these)
from autograd import testing
from autograd.testing.strategies import points  # noqa: F401
from tests.bad_input.rows import *
from tests.bad_input.value import own  # noqa: F401

ORDERS = [*bads(TypeError, None, "1", 1.0, 1j, True, np.True_, [1])]
ORDERS += [bad(n, ValueError, "from 1 to") for n in (0, -1, 21, HUGE, -HUGE)]
KINDS = ("NoneType", "str", "complex", "set")
POINTS = bads(TypeError, None, "3", 1j, {1.0}, [None], words=(KINDS,))
POINTS.append(bad({"a": "3"}, TypeError, "argument 0['a'] is a str"))
POINTS += bads(ValueError, NAN, INF, -INF, [1.0, NAN], words=(("nan", "inf"),))
POINTS.append(bad(HUGE, OverflowError, "too large"))


def rows() -> Iterator[Row]:
    """All of them."""
    for name in ("gradcheck", "check_gradients"):
        yield from checks(f"autograd.testing.{name}", getattr(testing, name))
    for name in ("jacobian", "vjp", "jvp", "hessian"):
        yield from checks_by_hand(name, getattr(testing, f"check_{name}"))
    reports = bads(TypeError, None, True, "x", words=("takes the Report of a check",))
    yield from each("autograd.testing.explain", reports, lambda w, x: testing.explain(x))
    report = testing.gradcheck(abs, 1.0)
    yield from refusals(
        """
"autograd.testing.explain" | "of nothing" |
    lambda w: testing.explain(testing.gradcheck(lambda: 1.0)) | ValueError |
    "has no differences"
"autograd.testing.Explanation.save" | "txt" |
    lambda w: testing.explain(report).save(w.path("v.txt")) | ValueError |
    "v.txt does not end in .svg"
"autograd.testing.check_jacobian" | "one number" |
    lambda w: testing.check_jacobian(list, [1.0, 2.0], jacobian=lambda x: 1.0) | ValueError |
    "must have 2 × 2 numbers, got 1"
"autograd.testing.check_scipy" | "jac" |
    lambda w: testing.check_scipy(sum, "2-point", x0=[1.0]) | TypeError |
    "check_scipy: jac must be a function, got '2-point'"
"autograd.testing.strategies.points" | "a name" | lambda w: points("odd") | ValueError |
    "points: no primitive is called 'odd'"
"autograd.testing.strategies.points" | "no value" | lambda w: points(own(lambda x: NAN, abs)) |
    ValueError | "points: no operands exist at which own has a finite value"
"autograd.testing.strategies.points" | "a number" | lambda w: points(3) | TypeError |
    "points takes a primitive or the name of one, got 3"
""",
        {**globals(), **locals()},
    )


TOLERANCES = bads(ValueError, -1.0, NAN, INF, words=("must be 0 or more",))
TOLERANCES += bads(TypeError, None, "1", words=("takes a real number",))
TOLERANCES.append(bad(HUGE, OverflowError, "too large"))
DTYPES = bads(ValueError, "int8", 3.0, words=("must be one of float16",))


def checks_by_hand(kind: str, check: Any) -> Iterator[Row]:
    """The checks of derivatives by hand."""

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        def call(f: Any, x: Any, **options: Any) -> Any:
            return check(f, x, **options)

        derivative = (
            (lambda x: [[1.0]]) if kind in ("jacobian", "hessian") else (lambda x, u: u)
        )
        if kind == "hessian":
            return call, {"f": lambda v: v[0] * v[0] * 0.5, "x": [1.5], kind: derivative}
        return call, {"f": lambda v: v, "x": [1.5], kind: derivative}

    kinds = {"f": FUNCTION, "x": POINTS, kind: FUNCTION, "rtol": TOLERANCES}
    name, owners = f"autograd.testing.check_{kind}", (f"check_{kind}", "argument", "too large")
    yield from mistakes(
        name, good, {**kinds, "atol": TOLERANCES, "dtype": DTYPES}, owner=owners
    )


def checks(name: str, check: Any) -> Iterator[Row]:
    """gradcheck, and its twin that raises."""

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        def call(f: Any, x: Any, **options: Any) -> Any:
            return check(f, x, **options)

        return call, {"f": lambda v: v * v * w.x, "x": 1.5, "order": 1, "oracle": "differences"}

    functions = [b for b in FUNCTION if b.show != "None"]
    kinds = {"f": FUNCTION, "x": POINTS, "order": ORDERS, "gradient": functions}
    kinds |= {"rtol": TOLERANCES, "atol": TOLERANCES, "dtype": DTYPES}
    owners = ("gradcheck", "argument", "too large")
    yield from mistakes(name, good, {**kinds, "oracle": CHOICE}, owner=owners)
    square = lambda v: v * v
    results = bads(TypeError, None, "3", 1j, words=("result of f",))
    yield from each(name, results, lambda w, r: check(lambda v: r, 1.0), case="f gives ")
    call: Call = lambda w, g: check(sum, [1.0, 2.0], gradient=lambda v: g)
    if check is testing.check_gradients:  # of gradcheck it is a report
        given = bads(testing.GradientError, [1.0], [1.0, 2.0, 3.0], 1.0, words=("the shape",))
        yield from each(name, given, call, case="gradient gives ")
    given = bads(ValueError, {"a": 1.0}, None, "3", 1j, words=("result of gradient",))
    yield from each(name, given, call, case="gradient gives ")
    given = bads(TypeError, None, "3", 1j, words=("result of gradient",))
    call = lambda w, g: check(square, 1.0, gradient=lambda v: g)
    yield from each(name, given, call, case="gradient gives ")
    yield from refusals(
        """
name | "gradient of two" | lambda w: check(lambda v: [v, v], 1.0, gradient=square) |
    TypeError | "returns one number, not 2"
name | "gradient and order" | lambda w: check(square, 1.0, gradient=square, order=2) |
    ValueError | "with `gradient`, order must be 1"
name | "complex" | lambda w: check(lambda x: x**0.5, -1.0, gradient=square) | ValueError |
    "returns the complex number"
name | "rtol" | lambda w: check(square, 1.0, rtol=0.1) | ValueError | "give `gradient`"
name | "a complex step" | lambda w: check(square, 1.0, oracle="complex") | ValueError |
    "are for derivatives by hand"
name | "no mpmath" | lambda w: check(autograd.digamma, 2.0, oracle="mpmath") | LookupError |
    "special.digamma'; enter " | "in_mpmath()['autograd.core.special.digamma']"
name | "f fails" | lambda w: check(lambda v: v.odd, 1.0) | AttributeError | "odd"
""",
        {**globals(), **locals()},
    )
