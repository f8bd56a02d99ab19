"""Calls with a few floats, which go straight into the kernel from the second one on."""

import copy
import functools
import gc
import itertools
import math
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograd import Value, atan2, exp, hessian, jacobian, sin, sqrt
from autograd.program import compile
from autograd.trees import flatten
from tests.helpers.agreement import TARGETS, result
from tests.helpers.programs import Listing, programs
from tests.helpers.tables import column, named

pytestmark = TARGETS


def twice(f: Callable[..., Any], *args: Any) -> Any:
    """Return what f gives when it is asked again."""
    result(f, *args)
    return result(f, *args)


@pytest.mark.slow
@given(programs())
def test_again_gives_the_same(program: Listing) -> None:
    fast = compile(lambda x: program(*x))
    for build in (list, tuple, np.array):
        x: Any = build(program.starts)
        assert repr(result(fast, x)) == repr(twice(fast, x))
        once, again = [result(fast.value_and_grad, x) for _ in range(2)]
        assert repr(once) == repr(again)


NUMBERS = st.floats(-10.0, 10.0) | st.integers(-3, 3)
SHAPES = array_shapes(min_dims=0, max_dims=3, max_side=3)
LEAVES = NUMBERS | arrays(float, SHAPES, elements=st.floats(-10.0, 10.0))
TREES = st.recursive(
    LEAVES,
    lambda trees: (
        st.lists(trees, max_size=3)
        | st.lists(trees, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2) | st.integers(), trees, max_size=3)
    ),
)


@given(TREES, st.floats(-10.0, 10.0))
def test_trees_are_taken_apart_and_built(tree: Any, more: float) -> None:
    def f(tree: Any, x: Any) -> Any:
        return sum([(k + 0.5) * y * y * x for k, y in enumerate(flatten(tree, "")[0])], x)

    fast = compile(f)
    last, both = [functools.partial(fast.grad, argnums=each) for each in (-1, (0, 1))]
    for run in (fast, fast.value_and_grad, last, both):
        once = run(tree, more)
        assert repr(run(tree, more)) == repr(once)


@pytest.mark.parametrize(
    "other",
    column(
        """
{"b": 3.0, "a": [2.0, 1.0]}
{"a": (2.0, 1.0), "b": 3.0}
{"a": [np.float32(2.0), True], "b": np.float64(3.0)}
{"a": [2, 1], "b": 3}
{"a": np.array([2.0, 1.0]), "b": np.array(3.0)}
{"a": np.array([2.0, 9.0, 1.0])[::2], "b": 3.0}
{"a": np.array([2, 1]), "b": 3.0}
{"a": np.array([2.0, 1.0], ">f8"), "b": 3.0}
""",
        **globals(),
    ),
)
@pytest.mark.parametrize("build", [list, np.array])
def test_what_is_built_otherwise_is_taken_as_such(other: Any, build: Any) -> None:
    fast = compile(lambda x: x["a"][0] * x["b"] ** 2 - x["a"][1])
    first = {"a": build([1.0, 2.0]), "b": 2.0}
    assert twice(fast.value_and_grad, first)[0] == 2.0
    value, slopes = twice(fast.value_and_grad, other)
    assert value == 17.0
    assert [*slopes] == [*other]
    assert type(slopes["a"]) is type(other["a"])
    assert ([*slopes["a"]], slopes["b"]) == ([9.0, -1.0], 12.0)
    assert fast(first) == 2.0


@given(programs())
def test_samples_again_give_the_same(program: Listing) -> None:
    x = np.array(program.starts) * np.linspace(0.9, 1.1, 11)[:, None]
    for reduce in ("mean", "sum"):
        fast = compile(lambda x, k: program(*x) * k, in_axes=(0, None), reduce=reduce)
        try:
            fast(x, 1.5)
        except (ArithmeticError, ValueError):
            continue
        for i in (0, 1):
            once, again = [fast.value_and_grad(x, 1.5, argnums=i) for _ in range(2)]
            assert repr(once[0]) == repr(again[0])
            assert repr(np.array(once[1]).tolist()) == repr(np.array(again[1]).tolist())
        assert repr(fast(x, 1.5)) == repr(fast(x=x, k=1.5))


SAMPLES = np.sin(np.arange(48.0)).reshape(8, 2, 3)


@pytest.mark.parametrize("argnums", [0, 1, 2, -1])
@pytest.mark.parametrize("threads", [1, 2])
def test_samples_in_arrays(argnums: int, threads: int) -> None:
    def f(w: Any, x: Any, y: Any) -> Any:
        return (w[0] * x[0, 1] + w[1] * x[1, 2] - y) ** 2

    fast = compile(f, in_axes=(None, 0, 0), reduce="mean", threads=threads, verify=False)
    w, y = [0.5, -2.0], np.cos(np.arange(8.0))
    fast.value_and_grad(w, SAMPLES, y, argnums=argnums)
    alike = [SAMPLES, SAMPLES[:3], SAMPLES[::-1], SAMPLES[:, ::-1], np.asfortranarray(SAMPLES)]
    for x in (*alike, SAMPLES.astype(np.float32), SAMPLES[:1]):
        for some in (y[: len(x)], y.tolist()[: len(x)], y.repeat(2)[: 2 * len(x) : 2]):
            value, slopes = fast.value_and_grad(w, x, some, argnums=argnums)
            wanted = fast.value_and_grad(w=w, x=x, y=some, argnums=argnums)
            assert (value, np.array(slopes).tolist()) == (
                wanted[0],
                np.array(wanted[1]).tolist(),
            )
            assert type(slopes) is type(wanted[1])
    with pytest.raises(ValueError):
        fast.value_and_grad(w, SAMPLES[:3], y)
    with pytest.raises(ValueError):
        fast.value_and_grad(w, SAMPLES[:0], y[:0])


@pytest.mark.parametrize("count", [1, 7, 8, 9])
def test_samples_in_many_arrays(count: int) -> None:
    fast = compile(lambda *xs: sum(xs), (0,) * count, "sum")
    assert twice(fast, *[np.ones(3)] * count) == 3.0 * count
    last = functools.partial(fast.grad, argnums=count - 1)
    assert twice(last, *[np.ones(3)] * count).tolist() == [1.0] * 3


def test_samples_that_part() -> None:
    fast = compile(lambda w, x: w * x if x > 0.0 else w * w, (None, 0), "sum")
    assert twice(fast.value_and_grad, 2.0, np.array([1.0, 3.0])) == (8.0, 4.0)
    for _ in range(2):
        assert fast.value_and_grad(2.0, np.array([1.0, -3.0])) == (6.0, 5.0)
        assert fast.value_and_grad(2.0, np.array([1.0, 3.0])) == (8.0, 4.0)
    each = compile(lambda w, x: [w * x, w], (None, 0), "sum")
    assert twice(each, 2.0, np.array([1.0, 3.0])) == [8.0, 4.0]
    packed = np.zeros(5, dtype=[("a", "f8"), ("b", "i4")])
    packed["a"] = range(5)
    assert twice(compile(lambda x: x * x, (0,), "sum"), packed["a"]) == 30.0


def test_numbers_that_are_no_floats() -> None:
    square = compile(lambda x: x * x)
    assert twice(square, 3) == 9.0
    assert [square(-1), square(np.float64(3.0)), square(True)] == [1.0, 9.0, 1.0]
    with pytest.raises(OverflowError):
        square(10**400)
    with pytest.raises(TypeError):
        square("3")


def test_threads_have_their_own_numbers() -> None:
    fast = compile(lambda x: sum([each.sin() for each in x]))
    wanted = [twice(fast.value_and_grad, [float(k)] * 50) for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            found = pool.map(lambda k: fast.value_and_grad([float(k)] * 50), range(8))
            assert [*found] == wanted


def test_a_function_that_names_itself_is_freed() -> None:
    def used() -> Any:
        fast: Any = compile(lambda x: x * x if fast else x)
        assert twice(fast, 3.0) == 9.0
        return weakref.ref(fast)

    freed = used()
    gc.collect()
    assert freed() is None


def test_what_is_given_back_is_the_caller_s() -> None:
    fast = compile(lambda x, y: {"all": x[0][1] * x[1][0] * sum(y)})
    args = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 3.0])
    assert twice(fast, *args) == {"all": 24.0}
    with pytest.raises(TypeError):
        twice(fast.grad, *args)
    total = compile(lambda y: 2.0 * sum(y))
    found = twice(total.grad, args[1])
    found[0] = 7.0
    assert total.grad(args[1]).tolist() == [2.0, 2.0]
    with pytest.raises(ValueError):
        total.grad(args[1], argnums=2)
    squares, one = compile(lambda x: x * x, 0, "sum"), np.ones(3)
    slopes = twice(squares.grad, one)
    assert squares.grad(5.0 * one).tolist() == [10.0] * 3
    assert slopes.tolist() == [2.0] * 3


def test_a_gradient_in_some_of_the_arguments() -> None:
    fast = compile(lambda x, y, z: x * y[0] * z)
    slopes: Any = {0: 10.0, 1: [8.0], 2: 20.0}
    for argnums in [(1,), *itertools.permutations(range(3), 2)]:
        found = twice(functools.partial(fast.grad, argnums=argnums), 4.0, [5.0], 2.0)
        assert found == tuple([slopes[i] for i in argnums])
    varying = compile(lambda w, x: w * x, (None, 0), "sum")
    for argnums in ((0, 1), (1, 0)):
        grad = functools.partial(varying.grad, argnums=argnums)
        found = twice(grad, 5.0, np.array([1.0, 2.0]))
        assert (found[argnums[0]], found[argnums[1]].tolist()) == (3.0, [5.0, 5.0])


def test_ways_are_tried_in_turn() -> None:
    fast = compile(lambda x: sqrt(x) if x > 0.0 else -x)
    for x, y, slope in ((4.0, 2.0, 0.25), (-3.0, 3.0, -1.0)) * 2:
        assert fast.value_and_grad(x) == (y, slope)
        assert fast(x) == y


def test_what_else_is_asked_is_as_ever() -> None:
    fast = compile(lambda x: 1.0 / x[0] + x[1])
    assert twice(fast, [2.0, 1.0]) == 1.5
    with pytest.raises(ZeroDivisionError):
        fast([0.0, 1.0])
    assert type(fast([Value(2.0), 1.0])) is Value
    assert fast([True, 1]) == 2.0
    assert fast(x=[2.0, 1.0]) == 1.5
    assert fast([2.0, 1.0, 5.0]) == 1.5
    large = compile(sum)
    for build in (list, np.array):
        assert twice(large, build([1.0] * (300 + 1))) == 300 + 1
    square = compile(lambda x: x * x)
    assert (twice(square, 3.0), square(math.inf)) == (9.0, math.inf)


def test_numbers_from_outside() -> None:
    w, factors, side = Value(2.0), [1.0], 0.0
    fast = compile(functools.partial(lambda x: w * x * factors[0]))
    assert twice(fast, 5.0) == 10.0
    w.data = 4.0
    assert twice(fast, 5.0) == 20.0
    factors[0] = 2.0
    assert twice(fast, 5.0) == 40.0
    factors = [2.0]
    assert twice(fast, 5.0) == 40.0
    factors = [3.0]
    assert twice(fast, 5.0) == 60.0
    angle = compile(lambda x: atan2(side, x))
    assert twice(angle, -1.0) == math.pi
    side = -0.0
    assert twice(angle, -1.0) == -math.pi


class Line:
    def __init__(self, slope: float) -> None:
        self.slope, self.bias, self.rest = slope, Value(1.0), [0.0]

    @compile
    def at(self, x: Any) -> Any:
        return self.slope * x + self.bias + self.rest[0]


def test_a_method_is_of_its_instance() -> None:
    line = Line(2.0)
    assert twice(line.at, 3.0) == 7.0
    copies: list[Any] = [copy.copy(line), copy.deepcopy(line), pickle.loads(pickle.dumps(line))]
    for other in copies:
        other.slope, other.bias, other.rest = 5.0, Value(0.0), [1.0]
        assert twice(other.at, 3.0) == 16.0
        assert twice(other.at.value_and_grad, 3.0) == (16.0, 5.0)
    assert twice(line.at, 3.0) == 7.0
    for name, value, wanted in (("slope", 3.0, 10.0), ("bias", Value(2.0), 11.0)):
        setattr(line, name, value)
        assert twice(line.at, 3.0) == wanted
    line.rest[0] = 0.5
    assert line.at(3.0) == 11.5
    assert Line.at(line, Value(3.0)).data == 11.5


def test_a_gradient_is_never_a_negative_zero() -> None:
    fast = compile(lambda x: -(x * 0.0))
    assert [str(fast.grad(1.0)) for _ in range(3)] == ["0.0"] * 3
    many = [Value(1.0) for _ in range(300 + 1)]
    assert twice(compile(lambda x: sum(many, x)), 1.0) == 300 + 2


def test_a_variable_without_a_value() -> None:
    later: float
    fast = compile(lambda x: x if x < 1.0 else later)
    assert twice(fast, 0.5) == 0.5
    later = 2.0
    assert fast(0.5) == 0.5
    assert twice(fast, 3.0) == 2.0


def test_names_of_arguments_that_the_source_uses_itself() -> None:
    fast = compile(lambda np, seed, *rest: np * seed * len(rest))
    for _ in range(2):
        assert (fast(2.0, 3.0), fast(2.0, 3.0, 4.0)) == (0.0, 6.0)
    assert fast.grad(2.0, 3.0, 4.0) == 3.0
    assert "def value(np_, seed_" in fast.program.source()
    tangents = compile(lambda x1, t_x1, d_x1: x1 * t_x1 * d_x1)
    assert twice(tangents.jvp, (2.0, 3.0, 5.0), (1.0, 10.0, 0.0), (0, 1, 2)) == (30.0, 115.0)
    assert twice(tangents.hvp, 2.0, 1.0, 3.0, 5.0) == 0.0


def test_sums_of_samples_of_which_parts_are_too_large() -> None:
    fast = compile(lambda x: x * 1.0, in_axes=0, reduce="sum")
    fast([1.0] * 32)
    for _ in range(3):
        assert fast([1.7e308, -1.7e308] * 16) == fast(np.array([1.7e308, -1.7e308] * 16)) == 0.0
        assert fast.value_and_grad([1.7e308, -1.7e308] * 16) == (0.0, [1.0] * 32)
        assert fast([math.inf] * 32) == math.inf
        assert math.isnan(fast([math.inf, math.nan]))


def test_defaults_that_change_where_arguments_are_named() -> None:
    def f(a: Any, b: float = 2.0) -> Any:
        return a * b

    fast = compile(f)
    assert (fast(a=3.0), fast(a=3.0), fast.grad(a=3.0)) == (6.0, 6.0, 2.0)
    f.__defaults__ = (5.0,)
    assert (fast(a=3.0), fast(3.0), fast.grad(a=3.0)) == (15.0, 15.0, 5.0)


def test_a_tangent_may_have_its_entries_in_another_order() -> None:
    f: Callable[[Any], Any] = lambda x: x["a"] * x["a"] * x["b"]  # noqa: E731
    x, v = {"a": 2.0, "b": 3.0}, {"b": 5.0, "a": 7.0}
    fast, lanes = compile(f), compile(f, 0)
    for _ in range(3):
        assert fast.jvp((x,), (v,)) == (12.0, 104.0)
        assert fast.hvp(x, v) == {"a": 62.0, "b": 28.0}
        assert fast.jvp((x,), ({"a": 7.0, "b": 5.0},)) == (12.0, 104.0)
    xs, vs = ({key: [each] for key, each in tree.items()} for tree in (x, v))
    assert lanes.jvp((xs,), (vs,)) == ([12.0], [104.0])


def test_what_is_kept_of_other_kinds_of_arguments_is_bounded() -> None:
    fast = compile(lambda x: sum(x.values()), verify=False)
    for k in range(300):
        assert fast({f"x{k}": 2.0}) == 2.0
    assert repr(fast).endswith(", 256 traces>")
    assert twice(fast, {"x0": 3.0}) == 3.0


@pytest.mark.parametrize("name", ["zeros", "empty"])
def test_a_lack_of_memory_leaves_a_call_as_it_was(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*shape: Any, **options: Any) -> Any:
        raise MemoryError

    fast, more = compile(lambda w, x: w * x, (None, 0), "sum"), np.ones(50)
    assert twice(fast.value_and_grad, 2.0, np.ones(3)) == (6.0, 3.0)
    with monkeypatch.context() as patch:
        patch.setattr(np, name, full)
        with pytest.raises(MemoryError):
            fast.value_and_grad(2.0, more)
    assert fast.value_and_grad(2.0, np.ones(3)) == (6.0, 3.0)
    assert fast.value_and_grad(2.0, more) == (100.0, 50.0)


@pytest.mark.parametrize("argnums", [0, (0,), (1, 0)])
def test_a_jacobian_without_rows_or_columns_is_eager_s(argnums: Any) -> None:
    fast, args = compile(lambda x, y: []), ([1.0, 2.0], 3.0)
    for _ in range(2):  # then by a plan
        assert fast.jacobian(*args, argnums=argnums) == (
            [] if argnums == 0 else tuple([[] for _ in argnums])
        )
    assert fast.jacobian(*args, argnums=argnums) == jacobian(lambda x, y: [], argnums)(*args)
    for derivative in (jacobian(lambda x: [1.0, 2.0]), compile(lambda x: [1.0, 2.0]).jacobian):
        assert derivative([]) == [[], []]
    assert compile(lambda x: 1.0).hessian([]) == []


@pytest.mark.parametrize(
    "f",
    named(
        """
none: lambda x: []
a number: lambda x: x[0] * x[1]
a list: lambda x: [x[0] * x[1], x[1], 2.0]
a table: lambda x: np.array([[x[0] * x[1], x[1]], [1.0, 2.0 * x[0]]])
tuples: lambda x: ((x[0], x[1]), (x[1], x[0] * x[1]))
a dict: lambda x: {"a": x[0] * x[0], "b": [x[1]]}
""",
        np=np,
    ).values(),
)
def test_the_jacobian_of_each_sample_is_its_own(f: Any) -> None:
    fast, x = compile(f, 0), np.arange(1.0, 7.0).reshape(3, 2)
    wanted = [flatten(jacobian(f)(row), "")[0] for row in x]
    for argnums in (0, (0,)):
        found = [fast.jacobian(x, argnums=argnums) for _ in range(3)]
        assert repr(found[0]) == repr(found[1]) == repr(found[2])
        rows = found[1] if argnums == 0 else found[1][0]
        assert [flatten(row, "")[0] for row in rows] == wanted


def test_derivatives_of_one_number_refuse_several() -> None:
    for f in (lambda x: [x[0] ** 2, x[1]], lambda x: []):
        fast = compile(f)
        for _ in range(2):
            with pytest.raises(TypeError):
                fast.hvp([1.0, 2.0], [1.0, 1.0])
            with pytest.raises(TypeError):
                fast.grad([1.0, 2.0])


@pytest.mark.parametrize("argnums", [0, 1, (1, 0)])
def test_forward_modes_of_structures_by_plans(argnums: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return {"a": [x["u"] * y[0], x["v"][1, 0] * y[1], sin(y[0])], "b": (y[1] * y[0], 2.0)}

    def g(x: Any, y: Any) -> Any:
        return x["u"] ** 2 * y[0] + x["v"][0, 1] * y[1] * x["u"] + exp(y[0] * x["v"][1, 1])

    def numbers(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: numbers(part) for key, part in tree.items()}
        if isinstance(tree, list | tuple):
            return [*map(numbers, tree)]
        return np.asarray(tree).tolist()

    fast, twice = compile(f), compile(g)
    for scale in (1.0, 0.5, 0.25):
        args = {"u": scale, "v": scale * np.array([[1.0, 2.0], [3.0, 4.0]])}, (scale, 2.0)
        got = fast.jacobian(*args, argnums=argnums)
        assert numbers(got) == numbers(jacobian(f, argnums)(*args))
        got = twice.hessian(*args, argnums=argnums)
        wanted = hessian(g, argnums)(*args)
        assert str(flatten(got, "")[1]([0.0] * len(flatten(got, "")[0]))) == str(
            flatten(wanted, "")[1]([0.0] * len(flatten(wanted, "")[0]))
        )
        np.testing.assert_allclose(flatten(got, "")[0], flatten(wanted, "")[0], rtol=1e-14)
