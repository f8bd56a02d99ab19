"""Mistakes with the transforms."""

from collections.abc import Iterator
from typing import Any

import numpy as np  # noqa: F401  (rows name it)

import autograd
from autograd import Value
from tests.bad_input.rows import *
from tests.bad_input.value import no_slope, root_of_square  # noqa: F401  (rows name it)

TREES = [
    bad(x, TypeError, ("NoneType", "str", "complex", "set", "bytes"))
    for x in (None, "3", 1j, {1.0}, b"x", [None])
]
TREES.append(bad({"a": "3"}, TypeError, "['a'] is a str"))
ARGNUMS = [bad(n, TypeError) for n in (None, "0", 0.5, 1j, [0], (0.5,), ("0",), {0: 0})]
OUTSIDE = [
    *[bad(n, ValueError, f"argument {n}"[:40]) for n in (1, -2, 10**400)],
    *[bad(ns, ValueError, "twice") for ns in ((0, 0), (0, -1))],
]
ONE = ("grad", "value_and_grad", "hessian")
SEVERAL = ("jacobian", "value_and_jacobian")


def rows() -> Iterator[Row]:
    """All of them."""
    yield from gradients()
    for name in (*ONE, *SEVERAL):
        yield from derived(f"autograd.{name}", getattr(autograd, name))
    yield from options()
    yield from registrations()
    yield from vjps("autograd.vjp")
    yield from jvps("autograd.jvp", autograd.jvp)
    yield from jvps("autograd.hvp", autograd.hvp)


def options() -> Iterator[Row]:
    """`argnames` and `has_aux`, of each transform that has them."""
    names = bads(TypeError, 3, ["x"], (0,), b"x", words=("argnames must be a string",))
    unknown = bads(ValueError, "odd", ("x", "odd"), words=("'odd', which was not given",))
    unknown.append(bad(("x", "x"), ValueError, "twice"))
    no_pairs = bads(TypeError, 2.0, (2.0,), [2.0, 0], (2.0, 0, 0), words=("f returns a pair",))
    transforms = {name: getattr(autograd, name) for name in (*ONE, *SEVERAL)}
    transforms["vjp"] = lambda f, **more: lambda x: autograd.vjp(f, x, **more)
    for name in ("jvp", "hvp"):
        along: Any = getattr(autograd, name)
        transforms[name] = lambda f, t=along, **more: lambda x: t(f, (x,), (1.0,), **more)
    for name, transform in transforms.items():
        call: Call = lambda w, n, t=transform: t(lambda x: x * x, argnames=n)(2.0)
        yield from each(f"autograd.{name}", names + unknown, call, "argnames", case="argnames=")
        aux: Call = lambda w, x, t=transform: t(lambda x: x * x, has_aux=x)(2.0)
        yield from each(f"autograd.{name}", FLAG, aux, "has_aux", case="has_aux=")
        single: Call = lambda w, r, t=transform: t(lambda x: r, has_aux=True)(2.0)
        yield from each(f"autograd.{name}", no_pairs, single, case="gives ")
    for name in (*ONE, *SEVERAL):
        outputs: Call = lambda w, t=transforms[name]: t(w.z, w.x)
        words = (f"{name} takes a function, got", "gradient(y, xs) differentiates Values")
        yield row(f"autograd.{name}", "of a Value", outputs, TypeError, *words)


def registrations() -> Iterator[Row]:
    """Types that are made structures."""
    name, split = "autograd.register_pytree_node", max
    kinds = bads(TypeError, None, 3, "x", words=("takes a type",))
    kinds += bads(ValueError, list, dict, tuple, Value, words=("is a structure already",))
    call: Call = lambda w, t: autograd.register_pytree_node(t, split, split)
    yield from each(name, kinds, call)
    functions = bads(TypeError, None, 3, words=("takes functions",))
    call = lambda w, f: autograd.register_pytree_node(set, f, split)
    yield from each(name, functions, call)
    call = lambda w, f: autograd.register_pytree_node(set, split, f)
    yield from each(name, functions, call)


def gradients() -> Iterator[Row]:
    """d(y)/d(x) of Values."""
    name = "autograd.gradient"
    numbers = [bad(y, TypeError) for y in (None, "3", 2.0, 1j, [Value(1.0)], 10**9)]
    places = [bad(x, TypeError, "2.0") for x in (2.0, 2, [2.0], {"a": 2.0})]
    yield from mistakes(
        name,
        lambda w: (autograd.gradient, {"y": w.z, "xs": [w.x], "create_graph": False}),
        {"y": numbers, "xs": TREES + places, "create_graph": FLAG},
        owner="gradient",
        positional=True,
    )

    def changed(w: Any) -> None:
        w.x.data = 5.0
        try:
            autograd.gradient(w.z, w.y, create_graph=True)
        finally:
            w.x.data = 2.0

    yield row(name, "data changed", changed, RuntimeError, "mul(", "changed")
    call = lambda w: autograd.gradient(no_slope(w), w.x)
    yield row(name, "inf - inf", call, FloatingPointError, "sub(", "infinity minus infinity")
    yield from refusals(
        """
name | "0 times inf" | lambda w: autograd.gradient(root_of_square(w), w.x) |
    FloatingPointError | "mul(0.0 labelled 'a'" | "zero times infinity"
name | "no derivative" | lambda w: autograd.gradient(w.y**w.x, w.x) | ValueError | "pow(-3.0" |
    "does not exist" | "detach"
"autograd.grad" | "no derivative" | lambda w: autograd.grad(autograd.polygamma, 1)(0.5, 1.0) |
    ValueError | "polygamma(0.5, 1.0)" | "does not exist here"
"autograd.hessian" | "no derivative" | lambda w: autograd.hessian(autograd.cbrt)(0.0) |
    ValueError | "cbrt_slope(0.0): the derivative" | "does not exist here"
"autograd.grad" | "a list of points" | lambda w: autograd.grad(lambda x: x**2)([1.0, 2.0]) |
    TypeError | "unsupported operand" | "at several points write [grad(f)(x) for x in xs]"
""",
        {**globals(), "name": name},
    )


def derived(name: str, transform: Any) -> Iterator[Row]:
    """A function from a function."""
    short = name.rpartition(".")[2]
    mode = {"mode": "auto"} if short in SEVERAL else {}
    yield from mistakes(
        name,
        lambda w: (transform, {"f": lambda v: v * w.x, "argnums": 0, **mode}),
        {"f": FUNCTION, "argnums": ARGNUMS, **dict.fromkeys(mode, CHOICE)},
        owner=short,
        positional=True,
    )
    call: Call = lambda w, x: transform(lambda v: w.x)(x)
    yield from each(name, TREES, call, "argument 0", case="of ")
    call = lambda w, n: transform(lambda v: v * w.x, n)(2.0)
    yield from each(name, OUTSIDE, call, "argnums", case="argnums ")
    results = bads(TypeError, None, "3", 1j, words=(("result of f", f"{short}: f"),))
    if short in ONE:
        results.append(bad([1.0], TypeError, f"{short}: f returns a single number", "list"))
    yield from each(name, results, lambda w, r: transform(lambda v: r)(w.x), case="gives ")
    functions: list[Any] = [(lambda v: v.odd, AttributeError, "odd")]
    functions.append((lambda v: autograd.log(v - 2.0), ValueError, "log(-1.0)"))
    yield from each(name, [bad(*f) for f in functions], lambda w, f: transform(f)(1.0))
    call = lambda w: transform(lambda v: v * w.x)()
    yield row(
        name, "called on nothing", call, ValueError, "argnums names argument 0", "its name"
    )


def vjps(name: str) -> Iterator[Row]:
    """A result and its pullback."""

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        def call(f: Any, primal: Any, **options: Any) -> Any:
            return autograd.vjp(f, primal, **options)

        return call, {"f": lambda v: [v * w.x, v], "primal": 2.0, "argnums": 0}

    argnums = [b for b in ARGNUMS if b.show != "None"]
    primals = [Bad(b.show, b.make, b.error, ("argument 0", *b.words)) for b in TREES]
    yield from mistakes(
        name,
        good,
        {"f": FUNCTION, "primal": primals, "argnums": argnums + OUTSIDE},
        owner=("vjp", "argument"),
    )
    others = [
        bad(b.make(None), ValueError if "[" in b.show or "{'" in b.show else TypeError, "the")
        for b in TREES
    ]
    call: Call = lambda w, c: autograd.vjp(lambda v: v * w.x, 2.0)[1](c)
    yield from each(name, others, call, "the cotangent", case="pullback of ")
    several: list[Any] = [1.0, [1.0], [1.0] * 3, {"a": 1.0}]
    cotangents = bads(ValueError, *several, words=("cotangent", "list of 2"))
    call = lambda w, c: autograd.vjp(lambda v: [v, v * w.x], 2.0)[1](c)
    yield from each(name, cotangents, call, case="cotangent ")
    pull: Any = lambda f, given: lambda w: autograd.vjp(f, 2.0)[1](given)
    yield from refusals(
        """
name | "a row" | pull(lambda x: [[x, x], [x, x]], [[1.0] * 3, [0.0]]) | ValueError |
    "cotangent[0] must be a list of 2"
name | "a key" | pull(lambda x: {"a": x}, {"b": 1.0}) | ValueError |
    "must be a dict with ['a'], got"
name | "a list" | pull(lambda x: x, [1.0]) | ValueError | "must be a number, got [1.0]"
name | "a shape" | pull(lambda x: x * np.ones((2, 3)), np.ones((3, 2))) | ValueError |
    "an array of shape (2, 3)"
name | "a list for an array" | pull(lambda x: x * np.ones(2), [1.0, 1.0]) | ValueError |
    "an array of shape (2,)"
""",
        globals() | locals(),
    )


def jvps(name: str, transform: Any) -> Iterator[Row]:
    """A derivative along tangents."""
    short = name.rpartition(".")[2]
    tuples = [bad(x, TypeError) for x in (None, "3", 1j, 2.0, [2.0], {"a": 1.0})]
    wrong = [bad(x, ValueError, "tangents") for x in ((), (1.0, 2.0), ([1.0],))]
    wrong += [bad(x, TypeError, "tangents") for x in ((None,), ("3",), (1j,))]
    primals = [bad((x,), TypeError, "argument 0") for x in (None, "3", 1j)]
    yield from mistakes(
        name,
        lambda w: (
            transform,
            {"f": lambda v: v * w.x, "primals": (2.0,), "tangents": (1.0,), "argnums": 0},
        ),
        {
            "f": FUNCTION,
            "primals": tuples + primals,
            "tangents": tuples + wrong,
            "argnums": [b for b in ARGNUMS if b.show != "None"] + OUTSIDE,
        },
        owner=(short, "argument 0"),
        positional=True,
    )
    if short == "hvp":
        given = bads(TypeError, [1.0], words=("hvp: f returns a single number",))
        yield from each(name, given, lambda w, r: transform(lambda v: r, (1.0,), (1.0,)))
        mixed = bads(TypeError, ((2.0,), 1.0), (2.0, (1.0,)), words=("must be a tuple",))
        yield from each(name, mixed, lambda w, both: transform(abs, *both), case="of ")
