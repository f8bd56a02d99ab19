"""Arguments and results: numbers, lists, dicts, arrays; and mistakes with them."""

import itertools
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("scipy")

import numpy as np

import autograd
from autograd import Value, primitive
from autograd.core.operand import primal
from autograd.program import Compiled, compile
from tests.helpers.agreement import TARGETS, agrees
from tests.helpers.tables import column

pytestmark = TARGETS


def rosenbrock(x: Any) -> Any:
    return sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)])


@compile
def decorated(x: Any) -> Any:
    """Twice the square."""
    return 2.0 * x * x


def test_numbers_lists_dicts_and_arrays() -> None:
    def f(p: Any, k: Any) -> Any:
        return {"s": p["a"] * k[0], "t": (p["b"][0] - k[1], 3.0)}

    fast = compile(f)
    args = {"a": 2.0, "b": [1]}, (3.0, 4.0)
    assert fast(*args) == {"s": 6.0, "t": (-3.0, 3.0)} == f(*args)
    assert fast.jacobian(*args)["t"][0] == {"a": 0.0, "b": [1.0]}
    assert fast.jvp(args, ({"a": 1.0, "b": [0.0]}, (0.0, 1.0))) == (
        f(*args),
        {"s": 3.0, "t": (-1.0, 0.0)},
    )
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    square = compile(lambda x: (x * x).sum())
    value, grad = square.value_and_grad(x)
    assert value == 30.0
    assert np.array_equal(grad, 2.0 * x)
    assert np.array_equal(compile(lambda x: x * 2.0)(x), 2.0 * x)
    assert square(x.astype(int)) == 30.0
    assert len(square.programs) == 1
    assert square(np.array([1.0, 2.0])) == 5.0
    assert len(square.programs) == 2


def test_samples() -> None:
    fast = compile(lambda w, x: w["k"] * x["u"][0] + x["v"], in_axes=(None, 0))
    x = {"u": [[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]], "v": np.array([0.5, 0.25, 0.0])}
    assert np.array_equal(fast({"k": 2.0}, x), [2.5, 4.25, 6.0])
    total = compile(fast.f, in_axes=(None, 0), reduce="sum")
    value, (by_w, by_x) = total.value_and_grad({"k": 2.0}, x, argnums=(0, 1))
    assert value == 12.75
    assert by_w == {"k": 6.0}
    assert by_x["u"] == [[2.0, 0.0]] * 3
    assert np.array_equal(by_x["v"], [1.0, 1.0, 1.0])
    table = SimpleNamespace(to_numpy=lambda: x["v"])  # as pandas has it
    assert fast({"k": 2.0}, {**x, "v": table}).tolist() == [2.5, 4.25, 6.0]
    assert total.grad({"k": 2.0}, {**x, "v": table}, argnums=1)["v"].tolist() == [1.0] * 3
    pairs = compile(lambda x: [x[0] * x[1], x[0]], in_axes=(0,))
    assert pairs(((2.0, 3.0), (4.0, 5.0))) == [[6.0, 2.0], [20.0, 4.0]]
    assert np.array_equal(pairs(np.array([[2.0, 3.0]])), [[6.0, 2.0]])
    mean = compile(lambda x: [x, 2.0 * x], in_axes=(0,), reduce="mean")
    assert mean((1.0, 3.0)) == [2.0, 4.0]
    assert mean.jacobian([1.0, 3.0]) == [[0.5, 0.5], [1.0, 1.0]]
    assert mean.jvp(([1.0, 3.0],), ([1.0, 1.0],)) == ([2.0, 4.0], [1.0, 2.0])
    one = compile(lambda x: x * x, in_axes=0, reduce="sum")
    assert one.grad((1.0, 3.0)) == (2.0, 6.0)
    assert one.hvp([1.0, 3.0], [1.0, 2.0]) == [2.0, 4.0]


RESULTS: list[Callable[[Any, Any], Any]] = column(
    """
lambda w, x: w[0] * x[0]
lambda w, x: [w[0] * x[0], w[1] * x[1]]
lambda w, x: x * w[0]
lambda w, x: {"a": w[0] * x[0]}
lambda w, x: (w[0] * x[0], [x[1], w[1]])
""",
    **globals(),
)


@pytest.mark.parametrize("f", RESULTS)
@pytest.mark.parametrize("w", [np.array([2.0, 3.0]), [2.0, 3.0]])
def test_of_arrays_each_sample_has_a_place_in_an_array(
    f: Callable[[Any, Any], Any], w: Any
) -> None:
    xs = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    fast = compile(f, in_axes=(None, 0))
    for got, alone in ((fast(w, xs), f), (fast.jacobian(w, xs), autograd.jacobian(f))):
        each: Any = [alone(w, x) for x in xs]
        wanted = each if isinstance(each[0], tuple) else np.array(each)  # the tuple is ragged
        with np.printoptions(legacy="1.25"):  # NumPy's numbers as Python's
            assert repr(got) == repr(wanted)


def test_arrays_of_objects_are_numbers_if_they_all_are() -> None:
    fast = compile(lambda x: x[0] * x[1], in_axes=0)
    rows = [[1, 2.0], [3, True]]
    assert fast(np.array(rows, dtype=object)).tolist() == [2.0, 3.0]


def test_values_go_through() -> None:
    x = Value(3.0)
    y = decorated(x)
    assert y.inputs
    assert [node.data for node in decorated.value_and_grad(x)] == [18.0, 12.0]
    assert decorated.jacobian(x).data == 12.0
    assert decorated.jvp((x,), (1.0,))[1].data == 12.0
    assert primal(decorated.hvp(x, 1.0)) == 4.0
    assert decorated([1.0][0]) == 2.0
    assert autograd.grad(decorated)(3.0) == 12.0
    assert compile(rosenbrock)(np.array([x, 2.0], dtype=object)).inputs


@dataclass
class Result:
    y: Any


def test_a_dataclass_as_result_of_a_sample_without_a_program() -> None:
    large = compile(lambda x: Result(x * 1e308), in_axes=0)
    assert large([1.0, 100.0]) == [Result(1e308), Result(float("inf"))]


def test_what_it_says() -> None:
    fast = Compiled(rosenbrock, None, None, ())
    assert repr(fast) == "<compiled rosenbrock, 0 traces>"
    assert decorated.__doc__ == "Twice the square."
    fast([1.0, 2.0, 3.0])
    assert repr(fast) == "<compiled rosenbrock, 1 trace>"
    assert repr(fast.program) == "<program: 23 nodes → 7 instructions>"
    rows = compile(lambda x: x * 2.0, in_axes=(0,))
    rows([1.0, 2.0])
    assert repr(rows.program) == "<program: 3 nodes → 1 instruction, lanes>"


def test_copies() -> None:
    again: Compiled = pickle.loads(pickle.dumps(compile(rosenbrock)))
    assert again([1.0, 2.0]) == 100.0
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    uniform = compile(rosenbrock, in_axes=(None,), reduce="mean")
    assert pickle.loads(pickle.dumps(uniform))([1.0, 2.0]) == uniform([1.0, 2.0]) == 100.0


def test_user_primitives() -> None:
    cube = primitive("cube_", lambda x: x * x * x, lambda out, x: 3.0 * x * x)
    clamp = primitive(
        "clamp_", lambda x: x if x > 0.0 else 0.5 * x, lambda out, x: 1.0 if x > 0.0 else 0.5
    )
    closed = primitive(
        "closed_",
        lambda x: float(np.tanh(x)),
        lambda out, x: 1.0 - float(np.tanh(float(x))) ** 2,
    )
    widest = primitive(
        "widest_", lambda *xs: max(xs) - min(xs), lambda out, *xs: _ends(xs), variadic=True
    )
    xs = [0.5, -1.5, 2.0]
    for op in (cube, clamp):
        agrees(op, xs, in_axes=(0,))
    slopes = compile(closed, in_axes=(0,), reduce="sum").grad(xs)
    assert slopes == pytest.approx([autograd.grad(closed)(x) for x in xs])
    agrees(lambda x: widest(*x), [[1.0, 2.0, 3.0], [5.0, 4.0, -1.0]], in_axes=(0,))
    bent = compile(lambda x: cube(x) + clamp(x))
    assert bent.hvp(2.0, 1.0) == 12.0
    assert "x * x * x" in bent.program.source()


def _ends(xs: Any) -> Any:
    top, low = max(range(len(xs)), key=xs.__getitem__), min(range(len(xs)), key=xs.__getitem__)
    return tuple([float(i == top) - float(i == low) for i in range(len(xs))])


def test_a_primitive_that_refuses() -> None:
    root = primitive(
        "root_",
        lambda x: float(np.emath.sqrt(x)) if x >= 0.0 else _no(),
        lambda out, x: 0.5 / out,
    )
    slope = primitive("slope_", lambda x: x, lambda out, x: float(x) if x > 0.0 else _no())
    for op, found in ((root, 0.25), (slope, 4.0)):
        fast = compile(op, in_axes=(0,), reduce="sum")
        assert fast.grad([4.0]) == [found]
        with pytest.raises(ValueError):
            fast.grad([4.0, -1.0])


def test_a_rule_that_refuses_one_way() -> None:
    def share(x: Any, y: Any) -> Any:
        if not 0.0 <= y <= 1.0:
            raise ValueError("a share is within [0, 1]")
        return y * autograd.softplus(-x) + (1.0 - y) * autograd.softplus(x)

    def slopes(out: Any, *xs: Any) -> Any:
        return tuple([_no() if x < 0.0 else x for x in xs])

    loss = primitive("share_", share, lambda out, x, y: autograd.sigmoid(x) - y, lambda *_: 0.0)
    xs, ys = [0.5, -2.0], [0.75, 0.25]
    fast = agrees(loss, xs, ys, in_axes=(0, 0))
    with pytest.raises(ValueError):
        fast(xs, [1.0, 2.0])
    own = primitive("own_", lambda *xs: sum(xs), slopes, variadic=True)
    fast = agrees(lambda x: own(*x), [[1.0, 2.0]], in_axes=(0,))
    with pytest.raises(ValueError):
        fast.grad([[1.0, 2.0], [1.0, -2.0]])


def _no() -> float:
    raise ValueError("not here")


def test_tables_have_their_columns_by_name() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.0, 7.0]}, index=[*"abc"])

    def each(p: Any, row: Any) -> Any:
        return (p[0] * row["x"] + p[1] - row.y) ** 2

    def whole(p: Any, table: Any) -> Any:
        return np.sum(each(p, table)) + table.loc["b", "x"]

    p, columns = [1.0, 0.5], {"x": table["x"], "y": table["y"]}
    rows = compile(each, in_axes=(None, 0), reduce="sum")
    of_dicts = compile(lambda p, c: (p[0] * c["x"] + p[1] - c["y"]) ** 2, (None, 0), "sum")
    for both in (0, 1), (1, 0):
        slopes = dict(zip(both, rows.grad(p, table, argnums=both)))
        wanted = dict(zip(both, of_dicts.grad(p, columns, argnums=both)))
        assert slopes[0] == wanted[0]
        assert slopes[1].equals(pandas.DataFrame(wanted[1], index=table.index))
        assert wanted[1]["x"].index.equals(table.index)
        assert wanted[1]["x"].name == "x"
    eager = autograd.grad(whole, argnums=1)(p, table)
    fast = compile(whole)
    assert fast.grad(p, table, argnums=1).equals(eager)
    assert eager.loc["b", "x"] == slopes[1].loc["b", "x"] + 1.0
    for other in (table[["y", "x"]], table.loc[[*"cba"]]):  # the same shape
        assert fast(p, other) == pytest.approx(whole(p, other), rel=1e-15)
    assert autograd.jacobian(lambda s: [s["b"], s["a"] * 2.0])(table["x"])[1].tolist() == [
        2,
        0,
        0,
    ]
    assert primal(rows([Value(1.0), 0.5], table)) == rows(p, table)
    assert rows(p, table.iloc[:1]) == 0.25


def test_an_index_is_taken() -> None:
    w: Any = [1.0, 2.0, 3.0]
    fast = compile(autograd.take, in_axes=(None, 0))
    assert fast(w, [0, 2.0, -1]) == [1.0, 3.0, 3.0]
    with pytest.raises(IndexError):
        fast(w, [0, 3.0, -1])
    read = compile(lambda w, i: w[int(i)], in_axes=(None, 0))
    with pytest.warns(RuntimeWarning, match=r"autograd.take\(xs, i\)"):
        assert read(w, [1, 0]) == [2.0, 1.0]
