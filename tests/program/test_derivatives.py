"""Compiled transforms, Hessians, samples along other axes, and how large a recording is."""

import math
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile, grad, hessian, jacobian, value_and_grad
from autograd import value_and_jacobian as both
from tests.helpers.agreement import assert_close

TRANSFORMS = (grad, value_and_grad, jacobian, both, hessian)
W, XS = np.array([0.5, -0.25]), np.linspace(-1.0, 1.0, 5)


def bent(w: Any, x: Any) -> Any:
    return (w[0] * x + w[1]).tanh() * w[0]


def total(w: Any, xs: Any) -> Any:
    return sum(bent(w, x) for x in xs)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("argnums", [0, 1, (1, 0)])
def test_a_compiled_transform_is_made_of_the_function_s_program(
    transform: Any, argnums: Any
) -> None:
    eager = transform(total, argnums=argnums)
    fast = compile(eager)
    for w, xs in ((W, XS), (W.tolist(), XS.tolist()), (W + 1.0, XS)):
        assert_close(fast(w, xs=xs), eager, (w, xs))
    assert fast.recordings == ["the first call", "arguments of another kind"]
    assert repr(fast) == f"<compiled {transform.__name__} of <compiled total, 2 traces>>"


def test_other_requests_are_traced_through_the_transform() -> None:
    def cubic(x: Any) -> Any:
        return x[0] ** 3 * x[1]

    def power(x: Any, n: int = 3) -> Any:
        return x**n

    fast = compile(grad(cubic))
    assert fast.programs == []
    assert fast([2.0, 5.0]) == [60.0, 8.0]
    assert fast.program.stats()["recorded"] > 4
    assert fast.jacobian([2.0, 5.0]) == [[60.0, 12.0], [12.0, 0.0]]
    assert compile(grad(grad(power)))(2.0) == 12.0
    assert compile(grad(power), in_axes=0)([1.0, 2.0]) == [3.0, 12.0]


def test_a_transform_of_a_compiled_function_with_samples() -> None:
    fast = compile(bent, in_axes=(None, 0), reduce="sum")
    for transform in TRANSFORMS:
        eager = transform(total)
        assert_close(transform(fast)(W, XS), eager, (W, XS))
        assert_close(compile(transform(fast))(W, XS), eager, (W, XS))


@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize("at", [1, 2])
def test_samples_along_another_axis(reduce: Any, at: int) -> None:
    """As with the axes of the array moved; the gradient too has the array's shape."""
    xs = np.arange(12.0).reshape(2, 3, 2) / 7.0
    f = lambda w, x: w * x["x"][0, 1] * x["x"][1, 0]  # noqa: E731
    fast, rows = (compile(f, (None, axis), reduce) for axis in (at, 0))
    given, moved = {"x": xs}, {"x": np.moveaxis(xs, at, 0)}
    assert np.array_equal(fast(2.0, given), rows(2.0, moved))
    if reduce is None:
        for method in ("jacobian", "hessian"):
            for argnums in (0, 1):
                found = getattr(fast, method)(2.0, given, argnums=argnums)
                wanted = getattr(rows, method)(2.0, moved, argnums=argnums)
                assert repr(found) == repr(wanted)
    else:
        (_, slopes), (_, others) = (
            each.value_and_grad(2.0, x, argnums=1) for each, x in ((fast, given), (rows, moved))
        )
        assert np.array_equal(np.moveaxis(slopes["x"], at, 0), others["x"])
        assert fast.jvp((2.0, given), (1.0, given)) == rows.jvp((2.0, moved), (1.0, moved))


def test_a_hessian_of_what_depends_on_a_value_around() -> None:
    fast = compile(bent, in_axes=(None, 0), reduce="sum")
    around = compile(lambda s: compile(lambda x: s * x**3).hessian(2.0))
    assert (around(5.0), around.grad(5.0)) == (60.0, 12.0)
    assert_close(fast.hessian([Value(w) for w in W], XS), hessian(total), (W.tolist(), XS))
    assert [*map(repr, compile(bent, (None, 0)).hessian([Value(1.0), 0.0], [0.0]))]


def test_hessians_of_each_sample_in_what_is_uniform() -> None:
    fast, every = compile(bent, in_axes=(None, 0)), [hessian(bent, (1, 0))(W, x) for x in XS]
    blocks = [[[h[i][j] for h in every] for j in (0, 1)] for i in (0, 1)]
    for _ in range(2):
        assert_close(fast.hessian(W, XS, argnums=(1, 0)), lambda *_: blocks, (W, XS))
        assert_close(fast.hessian(W, XS), lambda *_: blocks[1][1], (W, XS))


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_infinite_derivatives_of_samples_add_up_as_floats_do(reduce: str) -> None:
    root = compile(lambda w, x: (w * x).sqrt(), in_axes=(None, 0), reduce=reduce)
    large = compile(lambda w, x: [w * x, x * x], in_axes=(None, 0), reduce=reduce)
    assert root.grad(0.0, [1.0, 2.0]) == root.jacobian(0.0, [1.0, 2.0]) == math.inf
    assert large.jacobian(1.0, [1e308, 1e308]) == [math.inf, 0.0]
    both = compile(lambda w, x: [(w * x).sqrt(), w], in_axes=(None, 0), reduce=reduce)
    for method in (root.grad, root.jacobian, both.jacobian):
        with pytest.raises(FloatingPointError):
            method(0.0, [1.0, -2.0])
