"""Lanes of odd numbers, of many ways, and how their results are laid out."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.program import compile
from tests.helpers.agreement import TARGETS, plain
from tests.helpers.tables import named

pytestmark = TARGETS

FUNCTIONS: dict[str, Callable[..., Any]] = named(
    """
a number: lambda w, x: w[0] * x[0] + w[1] * x[1] ** 2 * x[0]
a list: lambda w, x: [w[0] * x[0], w[1] * x[1] ** 2, x[0]]
a dict: lambda w, x: {"a": w[0] * x[0], "b": [x[1] * w[1]]}
"""
)
W, X = [1.5, 2.0], [[1.0, 3.0], [2.0, 5.0], [4.0, 0.5]]


def counted(f: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[[], int]]:
    """The function, and how often it has been called."""
    runs: list[None] = []

    def counting(*args: Any) -> Any:
        runs.append(None)
        return f(*args)

    return counting, lambda: len(runs)


def whole(x: Any) -> float:
    """The whole part of a number, which is another way for each."""
    n = 0.0
    while x >= n + 1.0:
        n += 1.0
    return n


@pytest.mark.parametrize("build", [list, np.array])
@pytest.mark.parametrize("argnums", [0, 1, (0,), (0, 1), (1, 0)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_lanes_are_in_front_of_what_one_sample_has(name: str, argnums: Any, build: Any) -> None:
    """Of several arguments there is a tuple, each with its lanes in front."""
    f = FUNCTIONS[name]
    make: Any = build
    fast, args = compile(f, (None, 0)), (make(W), make(X))
    each = [autograd.jacobian(f, argnums)(W, x) for x in X]
    wanted = each if argnums in (0, 1) else [*zip(*each)]
    for _ in range(3):  # then by a plan
        found = fast.jacobian(*args, argnums=argnums)
        assert type(found) is (tuple if type(argnums) is tuple else type(make(W)))
        assert plain(found) == plain(wanted)
    by_values = fast.jacobian([Value(w) for w in W], X, argnums=argnums)
    assert plain(by_values) == plain(wanted)
    if name != "a number":
        return
    blocks = [autograd.hessian(f, argnums)(W, x) for x in X]
    wanted = blocks if argnums in (0, 1) else [[*zip(*row)] for row in zip(*blocks)]
    for _ in range(3):
        assert plain(fast.hessian(*args, argnums=argnums)) == plain(wanted)
    assert plain(fast.hessian([Value(w) for w in W], X, argnums=argnums)) == plain(wanted)


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("branches", [False, True])
def test_no_array_of_a_caller_is_kept(reduce: str | None, branches: bool) -> None:
    fast = compile(lambda x: x * x if not branches or x > 1.5 else x, 0, reduce)
    methods: list[Callable[..., Any]] = [fast, fast.grad if reduce else fast.jacobian]
    for method in methods:
        method(np.array([1.0, 2.0]))
        method(np.array([1.0, 2.0]))
        for _ in range(2):
            x = np.array([3.0, 1.0, 2.0])
            method(x)
            x.resize(6)  # refused, where another object looks at it
    total = compile(lambda x: x.dot(x))
    for _ in range(3):
        x = np.array([1.0, 2.0, 3.0])
        assert total(x) == 14.0
        x.resize(6)


def test_a_nan_stands_where_one_was_given() -> None:
    f, runs = counted(lambda x: autograd.tanh(x) * x)
    fast = compile(f, 0, verify=False)
    x = np.linspace(0.1, 1.0, 100)
    wanted = fast(x)
    odd = x.copy()
    odd[::10] = math.nan
    before = runs()
    for xs in (odd, odd.tolist()):
        found = np.array(fast(xs))
        assert np.isnan(found[::10]).all()
        assert (found[1:10] == wanted[1:10]).all()
    assert len(fast.programs) == 1
    assert runs() == before
    slopes = np.array(fast.jacobian(odd))
    assert np.isnan(slopes[::10]).all()
    assert np.isfinite(slopes[1:10]).all()


def test_what_is_not_finite_is_not_recorded_again() -> None:
    f, runs = counted(lambda x: x * 1e300 if x > 0.5 else -x)
    fast = compile(f, verify=False)
    for x, wanted in ((1.0, 1e300), (math.inf, math.inf), (1e10, math.inf), (-1.0, 1.0)):
        assert fast(x) == wanted
    assert math.isnan(fast(math.nan))
    recordings = len(fast.recordings)
    before = runs()
    for _ in range(10):
        assert fast(1e10) == math.inf
        assert math.isnan(fast(math.nan))
    assert len(fast.recordings) == recordings
    assert runs() <= before + 10  # f itself gives the infinite one


@pytest.mark.parametrize("f", [autograd.maximum, lambda x, y: x * y, lambda x, y: x - 1.0])
def test_lanes_beside_a_nan_are_not_computed_by_the_function(f: Any) -> None:
    count = itertools.count()

    def counted(x: Any, y: Any) -> Any:
        next(count)
        return f(x, y)

    xs, ys = np.linspace(0.5, 1.5, 400), np.linspace(2.0, -2.0, 400)
    ys[::10] = math.nan
    fast = compile(counted, in_axes=(0, 0), verify=False)
    fast(xs, ys)
    calls = next(count)
    results, slopes = fast(xs, ys), fast.jacobian(xs, ys)
    assert next(count) == calls + 1
    for x, y, result, slope in zip(xs.tolist(), ys.tolist(), results, slopes):
        if math.isfinite(y):
            assert (result, slope) == (f(x, y), autograd.grad(f)(x, y))


def test_an_invalid_operation_beside_a_nan_raises() -> None:
    fast = compile(lambda x: autograd.log(x), 0)
    fast([1.0, 2.0])
    with pytest.raises(ValueError):
        fast([1.0, math.nan, -1.0])


def test_many_ways_of_few_lanes_go_by_the_function() -> None:
    f, runs = counted(lambda x: x * whole(x) + 1.0)
    fast = compile(f, 0, verify=False)
    x = np.arange(1000.0) % 200.0 + 0.5
    assert fast(x).tolist() == [x * int(x) + 1.0 for x in x.tolist()]
    assert len(fast.programs) < 30
    assert runs() < 1200
    assert fast.jacobian(x).tolist() == [int(x) for x in x.tolist()]


def test_the_values_of_lanes_by_the_function_are_those_of_values() -> None:
    """On floats f may raise, or give another kind of number, where Values do as eager does."""
    ways = [k + 0.5 for k in range(40)]
    functions: list[Callable[[Any], Any]] = [
        lambda x: x.sin() * whole(x),
        lambda x: [x * whole(x), x],
        lambda x: {"a": x * whole(x)},
        lambda x: (x - 50.0 + whole(x)) ** 2,
    ]
    for f in functions:
        assert plain(compile(f, 0)(ways)) == plain([f(Value(x)) for x in ways])
    with pytest.raises(ValueError, match="log") as caught:
        compile(lambda x: autograd.log(30.0 - x) * whole(x), 0)(ways)
    assert "in sample 30" in caught.value.__notes__


def test_plans_are_bounded_in_argnums() -> None:
    fast = compile(lambda *xs: sum([x * x for x in xs]))
    xs = [float(k) for k in range(5)]
    every = [*itertools.permutations(range(5), 4)]
    for argnums in every:
        assert fast.grad(*xs, argnums=argnums) == tuple([2.0 * i for i in argnums])
    assert len(fast._recordings.plans) < len(every)
