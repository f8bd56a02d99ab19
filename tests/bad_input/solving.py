"""Mistakes with equations, fits and other things that are computed of functions."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import autograd
from autograd.core.primitive import TABLE
from tests.bad_input.rows import *
from tests.bad_input.transforms import ARGNUMS, TREES
from tests.helpers.tables import table


def rows() -> Iterator[Row]:
    """All of them."""
    yield from equations("autograd.root", autograd.root)
    yield from equations("autograd.fixed_point", autograd.fixed_point)
    yield from unsolvable("autograd.root")
    yield from fits("autograd.curve_fit")
    yield from uncertain("autograd.propagate")
    yield from boxes("autograd.custom_vjp")
    yield from sparse("autograd.sparse_jacobian", autograd.sparse_jacobian)
    yield from sparse("autograd.sparse_hessian", autograd.sparse_hessian)


def equations(name: str, solve: Any) -> Iterator[Row]:
    """Equations that are none."""
    short = name.rpartition(".")[2]
    f = lambda x, a: 0.5 * x - a
    yield Row(name, "", lambda w: solve(f, 1.0, w.x), None, ())
    yield from each(name, FUNCTION, lambda w, f: solve(f, 1.0), f"{short} takes", case="f=")
    yield from each(name, TREES, lambda w, x0: solve(f, x0, w.x), f"{short}: x0", case="x0=")
    call: Call = lambda w, p: solve(f, 1.0, p)
    yield from each(name, TREES, call, f"{short}: parameter 0", case="p=")
    results = bads(TypeError, None, "3", 1j, words=(f"{short}: the result of f",))
    yield from each(name, results, lambda w, y: solve(lambda x: y, 1.0), case="f gives ")
    counts = [bad([1.0, 2.0], ValueError, f"{short}: f gives 2 number(s) for the 1 of x0")]
    yield from each(name, counts, lambda w, y: solve(lambda x: y, 1.0), case="f gives ")
    yield row(name, "too few arguments", lambda w: solve(f), TypeError, "argument")
    fails = lambda w: solve(lambda x: autograd.log(x), -1.0)
    yield row(name, "outside the domain", fails, ValueError, "log(-1.0)")


def unsolvable(name: str) -> Iterator[Row]:
    """Equations without a solution near the start, or whose solution has no derivative."""
    at: Any = lambda f, x0: lambda w: autograd.root(f, x0)
    for case, call, *words in table("""
"no root" | at(lambda x: x * x + 1.0, 3.0) | "the residual is 1"
"singular" | at(lambda x: x * x - 2.0, 0.0) | "singular; start elsewhere" | "x = 0.0"
"constant" | at(lambda v: [v[0], v[0]], [1.0, 2.0]) | "singular" | "x = 1.0, 2.0"
"NaN" | at(lambda x: x * NAN, 1.0) | "not finite: at x = 1.0"
"far away" | at(lambda x: autograd.exp(x) - 1.0, 700.0) | "no convergence in 200 steps"
"a double root" | lambda w: autograd.root(lambda x, a: (x - a) ** 2, 3.0, w.x) |
    "singular at the solution" | "has no derivative"
""", globals() | locals()):  # fmt: skip
        yield row(name, case, call, RuntimeError, "root: ", *words)
    step = lambda w: autograd.root(lambda x, a: a * (x - 1.0) * 0.0 * x, 1.0, w.x)
    yield row(name, "flat", step, RuntimeError, "singular at the solution x = 1.0")


def fits(name: str) -> Iterator[Row]:
    """Fits that can't be made."""
    f = lambda x, a, b: a + b * x
    xs, ys = [0.0, 1.0, 2.0], [1.0, 2.0, 4.0]
    good = {"f": f, "x": xs, "y": ys, "p0": [0.0, 0.0], "sigma": [1.0, 2.0, 1.0]}
    lists = [*TREES, bad([1.0, NAN, 2.0], ValueError, "must be finite, got nan at place 1")]
    sigmas = [
        *[each for each in lists if each.show != "None"],
        bad([1.0, 2.0], ValueError, "3 as y has, got 2"),
        bad([1.0, 0.0, 2.0], ValueError, "positive"),
        bad(-1.0, ValueError, "positive"),
    ]
    yield from mistakes(
        name,
        lambda w: (autograd.curve_fit, {**good, "absolute_sigma": False}),
        {
            "f": FUNCTION,
            "x": [bad(x, TypeError, "str") for x in (["3"], ("a", "b", "c"))],
            "y": [*lists, bad([1.0], ValueError, "1 data are too few for 2 parameters")],
            "p0": [*lists, bad([0.0] * 4, ValueError, "3 data are too few for 4 parameters")],
            "sigma": sigmas,
            "absolute_sigma": FLAG,
        },
        owner="curve_fit",
        positional=True,
    )
    fit: Any = lambda f, p0, x=xs: lambda w: autograd.curve_fit(f, x, ys, p0)
    for case, call, error, *words in table("""
"too few numbers" | fit(lambda x, a: [a, a], [1.0]) | ValueError |
    "curve_fit: f gives 2 number(s) for the 3 of y"
"infinite" | fit(lambda x, a: a * x * INF, [1.0], np.ones(3)) | ValueError |
    "not finite at [1.0]; start elsewhere"
"undetermined" | fit(lambda x, a, b: (a + b) * x, [1.0, 1.0]) | RuntimeError |
    "the data do not determine parameter" | "leave it out"
"undetermined 1" | fit(lambda x, a, b, c: a * x + 0.0 * b + c * (x + 1.0), [1.0] * 3) |
    RuntimeError | "parameter 1 "
"no minimum" | fit(lambda x, a: 5.0 + 1.0 / a + 0.0 * x, [1.0]) | RuntimeError |
    "curve_fit: no convergence: at" | "the sum of squares is"
"outside the domain" | fit(lambda x, a: np.log(a * (x + 1.0)), [-1.0]) | ValueError |
    "log(-1.0)"
""", globals() | locals()):  # fmt: skip
        yield row(name, case, call, error, *words)


def uncertain(name: str) -> Iterator[Row]:
    """Numbers without a covariance."""
    matrices = [
        bad([0.1, 0.2], ValueError, "2 rows of 2", "np.diag(np.square("),
        bad(0.1, ValueError, "2 rows of 2"),
        bad(
            [[1.0, 0.5], [0.49, 1.0]], ValueError, "symmetric, but has 0.49 in row 1, column 0"
        ),
        bad(np.eye(3), ValueError, "2 rows of 2"),
        bad([[-1.0, 0.0], [0.0, 1.0]], ValueError, "0 or more, got -1.0"),
        bad({"a": [1.0]}, ValueError, "2 rows of 2"),
        *[tree for tree in TREES if tree.show != "{'a': '3'}"],
    ]
    yield from mistakes(
        name,
        lambda w: (
            autograd.propagate,
            {"f": lambda v: v[0] * v[1], "x": [1.0, 2.0], "cov": np.eye(2)},
        ),
        {
            "f": FUNCTION,
            "x": TREES,
            "cov": matrices,
        },
        owner="propagate",
        positional=True,
    )
    results = bads(TypeError, None, "3", 1j, words=("propagate: the result of f",))
    call: Call = lambda w, y: autograd.propagate(lambda x: y, 1.0, 1.0)
    yield from each(name, results, call, case="f gives ")


def boxes(name: str) -> Iterator[Row]:
    """Black boxes that do not fit together."""
    names = [
        *[bad(x, TypeError) for x in (None, 3, b"x")],
        *[bad(x, ValueError) for x in ("two words", "exp", "a.b")],
    ]
    yield from mistakes(
        name,
        lambda w: (
            autograd.custom_vjp,
            {"f": lambda x: x, "pullback": lambda g, y, x: g, "name": "mine"},
        ),
        {"f": FUNCTION, "pullback": FUNCTION, "name": names},
        owner="custom_vjp",
        positional=True,
    )
    make: Any = lambda f, pull: autograd.custom_vjp(f, pull, "passing")
    try_: Any = lambda f, pull: (
        lambda w, x: _without_entry(lambda: make(f(x), pull(x))(w.x, [w.y]))
    )
    args = [bad(x, TypeError, "passing: the arguments") for x in ("3", {1.0}, None)]
    call: Call = lambda w, x: make(lambda x: x, lambda g, y, x: g)(w.x, x)
    yield from each(name, args, call, case="args ")
    results = [bad(y, TypeError, "passing: the result") for y in (None, "3", [1j])]
    yield from each(
        name, results, try_(lambda y: lambda *x: y, lambda y: lambda *x: x), case="f "
    )
    pulled = [
        *[bad(d, ValueError, "what the pullback gives") for d in (1.0, (1.0,), (1.0, 2.0))],
        *[bad(d, TypeError, "what the pullback gives") for d in ((None, [1.0]), ("3", [1.0]))],
    ]
    call = try_(lambda d: lambda x, y: x, lambda d: lambda *x: d)
    yield from each(name, pulled, call, case="pullback ")
    once = lambda: autograd.hessian(make(lambda x: x, lambda g, y, x: g))(1.0)
    words = "passing: custom_vjp gives first derivatives only"
    yield row(name, "hessian", lambda w: _without_entry(once), TypeError, words)


def sparse(name: str, transform: Any) -> Iterator[Row]:
    """Sparse matrices of what has none."""
    short = name.rpartition(".")[2]
    yield from mistakes(
        name,
        lambda w: (transform, {"f": lambda v: v * w.x, "argnums": 0}),
        {"f": FUNCTION, "argnums": [*ARGNUMS, bad((0,), TypeError, f"{short}: argnums")]},
        owner=short,
        positional=True,
    )
    call: Call = lambda w, x: transform(lambda v: w.x)(x)
    yield from each(name, TREES, call, "argument 0", case="of ")
    results = bads(TypeError, None, "3", 1j, words=(("result of f", "grad: f"),))
    yield from each(name, results, lambda w, r: transform(lambda v: r)(w.x), case="gives ")


def _without_entry(call: Any) -> Any:
    """Return the result of a call that enters an operation; the table is left as it was."""
    try:
        return call()
    finally:
        TABLE.pop("passing", None)
