"""A compiled function beside the eager one."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.core.operand import primal
from autograd.program import Compiled, compile
from autograd.trees import flatten

__all__ = ["agrees"]


def agrees(f: Callable[..., Any], *args: Any, in_axes: Any = None) -> Compiled:
    """f compiled, whose values and derivatives are those of eager: of samples, their sums."""
    fast = compile(f, in_axes, "sum" if in_axes else None)

    def eager(*args: Any) -> Any:
        if in_axes is None:
            return f(*args)
        count = next(len(a) for a, axis in zip(args, in_axes) if axis == 0)
        each = [
            f(*[a if axis is None else a[i] for a, axis in zip(args, in_axes)])
            for i in range(count)
        ]
        return [*map(sum, zip(*each))] if isinstance(each[0], list) else sum(each)

    argnums = tuple(range(len(args)))
    near = tuple([mapped(arg, lambda i, x: x + 1e-3 * i * x) for arg in args])
    for xs in (args, near, args):
        value = eager(*[mapped(x, lambda _, leaf: Value(leaf)) for x in xs])
        slopes = autograd.jacobian(eager, argnums)(*xs)
        assert leaves(fast(*xs)) == about(value)
        assert leaves(fast.jacobian(*xs, argnums=argnums)) == about(slopes)
        if isinstance(value, list):
            continue
        assert leaves(fast.value_and_grad(*xs, argnums=argnums)) == about((value, slopes))
        for i in argnums:
            assert leaves(fast.grad(*xs, argnums=i)) == about(slopes[i])
        v = mapped(xs[0], lambda i, _: math.sin(i + 1.0))
        second = autograd.hvp(eager, xs, (v,), argnums=0)
        assert leaves(fast.hvp(xs[0], v, *xs[1:])) == about(second)
    return fast


def leaves(tree: Any) -> list[float]:
    return [primal(x) for x in flatten(tree, "")[0]]


def about(tree: Any) -> Any:
    return pytest.approx(leaves(tree), rel=1e-12, abs=1e-14)


def mapped(tree: Any, change: Callable[[int, float], Any]) -> Any:
    found, rebuild = flatten(tree, "")
    return rebuild([change(i, x) for i, x in enumerate(found)])
