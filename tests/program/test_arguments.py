"""What goes in and comes out: numbers, lists, dicts, arrays; and mistakes with them."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

import autograd
from autograd import Value, primitive
from autograd.core.operand import primal
from autograd.program import Compiled, compile


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


def test_straight_into_scipy() -> None:
    fast = compile(rosenbrock)
    x = minimize(
        fast.value_and_grad, np.full(4, -1.0), jac=True, hessp=fast.hvp, method="trust-ncg"
    ).x
    assert x == pytest.approx(np.ones(4), abs=1e-4)
    t = np.linspace(0.0, 1.0, 30)
    fit = compile(
        lambda p: [p[0] * autograd.exp(-p[1] * s) - 2.0 * 2.0**-s for s in t.tolist()]
    )
    found = least_squares(fit, [1.0, 0.1], jac=fit.jacobian).x
    assert found == pytest.approx([2.0, np.log(2.0)])
    assert fit.program.instructions.lanes == 30


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
    with pytest.raises(TypeError, match="with in_axes takes numbers"):
        compile(lambda x: x, in_axes=(0,))([x, x])


def test_mistakes() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="takes a function, got 3"):
        compile(wrong)
    with pytest.raises(TypeError, match="None, 0 or a tuple"):
        compile(rosenbrock, in_axes=(1,))
    with pytest.raises(TypeError, match="None, 0 or a tuple"):
        compile(rosenbrock, in_axes=wrong)
    with pytest.raises(ValueError, match="'max'"):
        compile(reduce="max")(rosenbrock)
    pairs = compile(lambda x, y: x * y, in_axes=(0, 0))
    with pytest.raises(TypeError, match="in_axes is for 2 arguments, 1 were given"):
        pairs([1.0])
    with pytest.raises(ValueError, match="argument 1 has 1 samples, another 2"):
        pairs([1.0, 2.0], [3.0])
    with pytest.raises(TypeError, match="argument 1 has no samples"):
        pairs([1.0, 2.0], 3.0)
    with pytest.raises(TypeError, match="argument 1 has no samples"):
        pairs([1.0, 2.0], np.array(3.0))
    with pytest.raises(ValueError, match="argument 0 is empty"):
        pairs([], [])
    with pytest.raises(ValueError, match=r"argument 0\[1\] is built in another way"):
        pairs([1.0, [2.0]], [3.0, 4.0])
    with pytest.raises(ValueError, match="entries of different lengths"):
        pairs({"a": [1.0], "b": [1.0, 2.0]}, [3.0])
    with pytest.raises(TypeError, match='compile with reduce="mean"'):
        pairs.grad([1.0], [2.0])
    with pytest.raises(TypeError, match="returns a single number"):
        compile(lambda x: [x, x]).grad(1.0)
    with pytest.raises(ValueError, match="built in different ways"):
        compile(lambda x: [x] if x > 0.0 else [x, x], in_axes=(0,))([1.0, -1.0])
    with pytest.raises(RuntimeError, match="has no program yet"):
        compile(rosenbrock).program  # noqa: B018
    with pytest.raises(TypeError, match="argument 0 is a str"):
        compile(rosenbrock)("x")


def test_what_it_says() -> None:
    fast = Compiled(rosenbrock, None, None, ())
    assert repr(fast) == "<compiled rosenbrock, 0 paths>"
    assert decorated.__doc__ == "Twice the square."
    fast([1.0, 2.0, 3.0])
    assert repr(fast) == "<compiled rosenbrock, 1 paths>"
    assert repr(fast.program) == "<program: 23 nodes → 7 instructions>"
    rows = compile(lambda x: x * 2.0, in_axes=(0,))
    rows([1.0, 2.0])
    assert repr(rows.program) == "<program: 3 nodes → 1 instructions, lanes>"


def test_copies() -> None:
    again: Compiled = pickle.loads(pickle.dumps(compile(rosenbrock)))
    assert again([1.0, 2.0]) == 100.0
    assert pickle.loads(pickle.dumps(decorated)) is decorated


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
    for op in (cube, clamp, closed):
        fast = compile(op, in_axes=(0,), reduce="sum")
        assert fast(xs) == pytest.approx(sum([op(x) for x in xs]))
        assert fast.grad(xs) == pytest.approx([autograd.grad(op)(x) for x in xs])
    rows = [[1.0, 2.0, 3.0], [5.0, 4.0, -1.0]]
    fast = compile(lambda x: widest(*x), in_axes=(0,), reduce="sum")
    assert fast(rows) == 8.0
    assert fast.grad(rows) == [[-1.0, 0.0, 1.0], [1.0, 0.0, -1.0]]
    bent = compile(lambda x: cube(x) + clamp(x))
    assert bent.hvp(2.0, 1.0) == 12.0
    assert "x * x * x" in bent.program.source().replace("u[0:1]", "x")


def _ends(xs: Any) -> Any:
    top, low = max(range(len(xs)), key=xs.__getitem__), min(range(len(xs)), key=xs.__getitem__)
    return tuple([float(i == top) - float(i == low) for i in range(len(xs))])


def test_more_ways_to_call() -> None:
    @compile(in_axes=(None, 0), reduce="sum")
    def affine(w: Any, x: Any) -> Any:
        return autograd.dot(w[:2], w[2:], x) * x

    assert affine([1.0, 2.0, 3.0, 4.0], [1.0, 2.0]) == 38.0
    assert affine.grad([1.0, 2.0, 3.0, 4.0], [1.0, 2.0]) == [9.0, 12.0, 3.0, 6.0]
    assert compile(rosenbrock, in_axes=(None,))([1.0, 1.0]) == 0.0
    assert compile(lambda x, y: x - y)(y=2.0, x=5.0) == 3.0
    assert compile(lambda x: [])(1.0) == []


def test_a_primitive_that_refuses() -> None:
    root = primitive(
        "root_",
        lambda x: float(np.emath.sqrt(x)) if x >= 0.0 else _no(),
        lambda out, x: 0.5 / out,
    )
    fast = compile(root, in_axes=(0,), reduce="sum")
    assert fast.grad([4.0]) == [0.25]
    with pytest.raises(ValueError, match=r"root_\(-1.0\)"):
        fast([4.0, -1.0])
    slope = primitive("slope_", lambda x: x, lambda out, x: float(x) if x > 0.0 else _no())
    fast = compile(slope, in_axes=(0,), reduce="sum")
    assert fast.grad([4.0]) == [4.0]
    with pytest.raises(ValueError, match="not here"):
        fast.grad([4.0, -1.0])


def test_a_rule_that_refuses_one_way() -> None:
    def share(x: Any, y: Any) -> Any:
        if not 0.0 <= y <= 1.0:
            raise ValueError("a share is within [0, 1]")
        return y * autograd.softplus(-x) + (1.0 - y) * autograd.softplus(x)

    def slopes(out: Any, *xs: Any) -> Any:
        return tuple([_no() if x < 0.0 else x for x in xs])

    loss = primitive("share_", share, lambda out, x, y: autograd.sigmoid(x) - y, lambda *_: 0.0)
    fast = compile(loss, in_axes=(0, 0), reduce="sum")
    xs, ys = [0.5, -2.0], [1.0, 0.25]
    value, grad = autograd.value_and_grad(lambda xs: sum(map(loss, xs, ys)))(xs)
    assert fast.value_and_grad(xs, ys) == (pytest.approx(value), pytest.approx(grad))
    with pytest.raises(ValueError, match="a share is within"):
        fast(xs, [1.0, 2.0])
    own = primitive("own_", lambda *xs: sum(xs), slopes, variadic=True)
    fast = compile(lambda x: own(*x), in_axes=(0,), reduce="sum")
    assert fast.grad([[1.0, 2.0]]) == [[1.0, 2.0]]
    with pytest.raises(ValueError, match="not here"):
        fast.grad([[1.0, 2.0], [1.0, -2.0]])


def test_outputs_that_do_not_depend() -> None:
    fast = compile(lambda x, y: [autograd.exp(x), autograd.sin(y), 3.0])
    assert fast.jacobian(0.0, 0.0) == [1.0, 0.0, 0.0]
    assert fast.jacobian(0.0, 0.0, argnums=1) == [0.0, 1.0, 0.0]
    each = compile(lambda x, y: [autograd.exp(x[0]) * x[1] * x[2] * x[3], autograd.sin(y)])
    assert each.jacobian([0.0, 1.0, 1.0, 1.0], 0.0)[1] == [0.0] * 4


def _no() -> float:
    raise ValueError("not here")
