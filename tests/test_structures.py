"""Structures of all kinds through every transform; options of transforms; pickling."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

pytest.importorskip("pandas")

import numpy as np
import pandas as pd

import autograd
from autograd import (
    Value,
    compile,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    register_pytree_node,
    value_and_grad,
    value_and_jacobian,
    vjp,
)
from tests.helpers.tables import column


@dataclass(frozen=True, slots=True)
class Params:
    w: Any
    b: Any
    name: Any = "line"
    steps: list[Any] = field(default_factory=list)


class Line:
    def __init__(self, slope: Any, start: Any, unit: str) -> None:
        self.slope, self.start, self.unit = slope, start, unit

    def __eq__(self, other: Any) -> bool:
        return bool(vars(self) == vars(other))

    __hash__ = None  # type: ignore[assignment]


register_pytree_node(
    Line, lambda x: ((x.slope, x.start), x.unit), lambda unit, p: Line(p[0], p[1], unit)
)


class Pair(NamedTuple):
    a: Any
    b: Any


def area(p: Any) -> Any:
    if hasattr(p, "steps"):
        return p.w * p.w * p.b + sum(p.steps)
    if hasattr(p, "slope"):
        return p.slope * p.slope * p.start
    return p.a * p.a * p.b if hasattr(p, "a") else p["w"] * p["w"] * p["b"]


STRUCTURES = column(
    """
(Params(2.0, 3.0, True, [1.0]), Params(12.0, 4.0, True, [1.0]), Params(0.5, 0.0, True, [2.0]))
(Line(2.0, 3.0, "m"), Line(12.0, 4.0, "m"), Line(0.5, 0.0, "m"))
(Pair(2.0, 3.0), Pair(12.0, 4.0), Pair(0.5, 0.0))
({"w": 2.0, "b": 3.0}, {"w": 12.0, "b": 4.0}, {"w": 0.5, "b": 0.0})
tuple(pd.Series(xs, ["w", "b"], name="p") for xs in ([2.0, 3.0], [12.0, 4.0], [0.5, 0.0]))
""",
    **globals(),
)
KINDS = ["dataclass", "registered", "namedtuple", "dict", "Series"]


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and (a.equals(b) if isinstance(a, pd.Series) else a == b)


@pytest.mark.parametrize(("p", "slope", "direction"), STRUCTURES, ids=KINDS)
def test_a_structure_goes_through_every_transform(p: Any, slope: Any, direction: Any) -> None:
    along = 6.0 + (2.0 if isinstance(p, Params) else 0.0)
    assert same(grad(area)(p), slope)
    value, found = value_and_grad(area)(p)
    assert (value, same(found, slope)) == (12.0 + (along > 6.0), True)
    assert same(jacobian(area)(p), slope)
    assert jvp(area, (p,), (direction,))[1] == along
    assert same(vjp(area, p)[1](1.0)[0], slope)
    curve = hvp(area, (p,), (direction,))[0]
    assert autograd.trees.flatten(curve, "")[0][:2] == [3.0, 2.0]
    fast = compile(area)
    assert fast(p) == value
    assert same(fast.grad(p), slope)
    assert len(fast.programs) == 1
    assert fast(grad(area)(p)) == area(slope)
    nested = compile(grad(area))
    assert same(nested(p), slope)


SIMILAR = column(
    """
(lambda p: p.sum(0)[0], np.ones((2, 3)), np.ones((3, 2)))
(lambda p: p.sum() * len(p.name), pd.Series([1.0], name="a"), pd.Series([1.0], name="of"))
(lambda p: p[1] * len(repr([*p])), {1: 2.0}, {True: 2.0})
""",
    **globals(),
)


def test_a_program_is_for_one_kind_of_structure() -> None:
    fast = compile(area)
    for p, *_ in STRUCTURES[:4]:
        assert fast(p) == area(p)
    assert fast(Params(2.0, 3.0, "other", [1.0])) == 13.0
    assert len(fast.programs) == 5
    for f, *given in SIMILAR:
        fast = compile(f)
        assert [*map(fast, given)] == [*map(f, given)]


def test_a_jacobian_of_mixed_structures_is_made_of_blocks() -> None:
    def f(p: Any, k: Any) -> Any:
        return {"y": p["w"] * p["b"] * k, "s": (p["w"].sum(), [k * k, p["b"]])}

    p = {"w": np.array([1.0, 2.0, 3.0]), "b": 2.0}
    by_p, by_k = jacobian(f, (0, 1))(p, 5.0)
    assert by_p["y"]["w"].tolist() == (10.0 * np.eye(3)).tolist()
    assert by_p["y"]["b"].tolist() == [5.0, 10.0, 15.0]
    assert by_k["y"].tolist() == [2.0, 4.0, 6.0]
    assert by_p["s"][0]["w"].tolist() == [1.0] * 3
    assert by_p["s"][1][1] == {"w": pytest.approx(np.zeros(3)), "b": 1.0}
    assert by_k["s"] == (0.0, [10.0, 0.0])


@pytest.mark.parametrize("wrap", [lambda w, b: Params(w, b), lambda w, b: Line(w, b, "m")])
def test_a_hessian_of_mixed_structures_is_made_of_blocks(wrap: Any) -> None:
    def f(p: Any) -> Any:
        w, b = (p.w, p.b) if isinstance(p, Params) else (p.slope, p.start)
        return np.sum(w * w) * b * b

    w = np.array([1.0, 2.0])
    h = hessian(f)(wrap(w, 3.0))
    first, last = (h.w, h.b) if isinstance(h, Params) else (h.slope, h.start)
    parts = (first, last)
    blocks = [[q.w, q.b] if isinstance(q, Params) else [q.slope, q.start] for q in parts]
    assert blocks[0][0].tolist() == (18.0 * np.eye(2)).tolist()
    assert blocks[0][1].tolist() == blocks[1][0].tolist() == (12.0 * w).tolist()
    assert blocks[1][1] == 10.0


def test_tables_among_the_results_give_blocks_too() -> None:
    p = pd.Series([2.0, 3.0], ["w", "b"])
    assert jacobian(lambda p: np.array([p["w"] * p["b"], p["b"]]))(p).tolist() == [
        [3, 2],
        [0, 1],
    ]
    assert jacobian(lambda p: Pair(p["w"], p["b"]))(p).b.tolist() == [0.0, 1.0]
    assert jacobian(lambda p: p * 2.0)(p).tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_a_tangent_is_built_as_its_argument() -> None:
    p, line = Params(1.0, 2.0), Line(1.0, 2.0, "m")
    for primal, tangent in [
        (p, line),
        (p, 3.0),
        (p, Params(1.0, 2.0, "line", [1.0])),
        (p, Params(1.0, None)),
        (line, Line([1.0], 2.0, "m")),
    ]:
        with pytest.raises(ValueError):
            jvp(area, (primal,), (tangent,))


# ---------------------------------------------------------------------- options


def line(x: Any, w: Any = 2.0, *, b: Any = 1.0) -> Any:
    return x * w * w + b * b


def test_arguments_are_chosen_by_name_however_they_are_given() -> None:
    assert grad(line, argnames="w")(3.0, w=5.0) == 30.0
    assert grad(line, argnames="w")(3.0, 5.0) == 30.0
    assert grad(line, argnames=("b", "x"))(3.0, b=4.0) == (8.0, 4.0)
    assert value_and_grad(line, argnames="b")(3.0, b=4.0) == (28.0, 8.0)
    assert jacobian(line, argnames=("x",))(3.0) == (4.0,)
    assert hessian(line, argnames="w")(3.0, w=5.0) == 6.0
    assert hessian(line, argnames=("x", "w"))(3.0, w=5.0) == ((0.0, 10.0), (10.0, 6.0))


def test_what_else_a_function_returns_is_handed_on() -> None:
    def f(x: Any) -> Any:
        y = x * x * x
        return y, {"twice": y * 2.0, "n": 3}

    aux = {"twice": 16.0, "n": 3.0}
    assert grad(f, has_aux=True)(2.0) == (12.0, aux)
    assert type(grad(f, has_aux=True)(2.0)[1]["twice"]) is float
    assert value_and_grad(f, has_aux=True)(2.0) == ((8.0, aux), 12.0)
    assert jacobian(f, has_aux=True)(2.0) == (12.0, aux)
    assert value_and_jacobian(f, has_aux=True)(2.0) == ((8.0, aux), 12.0)
    slope, more = hessian(f, has_aux=True)(2.0)
    assert (slope, more) == (12.0, aux)
    both, more = hessian(lambda x, y: (x * y, "text"), (0, 1), has_aux=True)(2.0, 3.0)
    assert (both, more) == (((0.0, 1.0), (1.0, 0.0)), "text")
    assert type(grad(f, has_aux=True)(Value(2.0))[1]["twice"]) is Value

    def squared(x: Any) -> tuple[Any, Any]:
        return x * x, x

    fast = compile(grad(squared, has_aux=True))
    assert fast(3.0) == (6.0, 3.0)


def test_vjp_jvp_and_hvp_take_names_and_hand_on_too() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * x * y, {"sum": x + y}

    aux = {"sum": 5.0}
    value, pullback, more = vjp(f, 2.0, 3.0, has_aux=True)
    assert (value, pullback(1.0), more) == (12.0, (12.0, 4.0), aux)
    value, pullback, more = vjp(f, 2.0, 3.0, argnames="y", has_aux=True)
    assert (value, pullback(1.0), more) == (12.0, 4.0, aux)
    assert jvp(f, (2.0, 3.0), (1.0,), argnames="x", has_aux=True) == (12.0, 12.0, aux)
    assert hvp(f, (2.0, 3.0), (1.0,), argnames="x", has_aux=True) == (6.0, aux)
    assert hvp(f, (2.0, 3.0), (1.0, 0.0), has_aux=True) == ((6.0, 4.0), aux)
    assert hvp(lambda x: x[0] * x[1], [2.0, 3.0], [1.0, 0.0], argnames="x") == [0.0, 1.0]
    assert type(vjp(f, Value(2.0), 3.0, has_aux=True)[2]["sum"]) is Value


# ---------------------------------------------------------------------- pickling


def bowl(x: Any) -> Any:
    return x[0] * x[0] + x[0] * x[1] * 3.0


@grad
def decorated(x: Any) -> Any:
    return x * x


class Model:
    slope = grad(lambda self, x: self.k * x * x, 1)
    k = 2.0


MADE: list[Any] = column(
    """
grad(bowl)
value_and_grad(bowl)
jacobian(bowl, mode="forward")
value_and_jacobian(bowl)
hessian(bowl)
grad(line, argnames="w")
compile(bowl)
compile(hessian(bowl))
decorated
""",
    **globals(),
)


def test_transforms_and_programs_go_to_other_processes() -> None:
    points = [[1.0, 2.0], [3.0, 4.0]]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for f in MADE[:5] + MADE[6:8]:
            assert list(pool.map(f, points)) == [f(x) for x in points]


@pytest.mark.parametrize("f", MADE, ids=repr)
def test_what_is_pickled_is_what_it_was(f: Any) -> None:
    args = (3.0,) if f is decorated else (3.0, 5.0) if "line" in repr(f) else ([1.0, 2.0],)
    for twin in (pickle.loads(pickle.dumps(f)), deepcopy(f)):
        assert twin(*args) == f(*args)
        assert repr(twin).partition(",")[0] == repr(f).partition(",")[0]
    assert f.__module__ == __name__
    assert pickle.loads(pickle.dumps(decorated)) is decorated


def test_a_transform_is_a_method_where_its_function_is() -> None:
    assert Model().slope(3.0) == 12.0
    assert repr(Model.slope).startswith("<grad of Model.<lambda>")
