"""What is checked: a function at a point, seen as one of a flat list of numbers."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from autograd.core.functions import dot
from autograd.core.operand import primal
from autograd.core.value import Value
from autograd.testing.richardson import Samples
from autograd.transforms import grad
from autograd.trees import _joined, flatten

__all__ = ["Function", "PlainProblem", "Problem", "alone", "directional", "weighted"]

Function = Callable[..., Any]


class Problem:
    """A function on Values, and the point where its derivatives are checked."""

    def __init__(self, f: Function, xs: tuple[Any, ...]) -> None:
        if not callable(f):
            raise TypeError(f"gradcheck takes a function, got {f!r}")
        parts = [flatten(x, f"gradcheck: argument {i}") for i, x in enumerate(xs)]
        leaves, self.rebuild = _joined(parts, tuple)
        self.f = f
        self.xs = xs
        self.point = [primal(x) for x in leaves]
        self.names = [n for i, x in enumerate(xs) for n in _names(x, f"argument {i}")]
        for name, x in zip(self.names, self.point):
            if not math.isfinite(x):
                raise ValueError(f"gradcheck: {name} is {x!r}; give finite numbers")

    def record(self) -> tuple[list[Value], list[Any]]:
        """Fresh variables at the point, and the outputs of f on them."""
        variables = [Value(x) for x in self.point]
        return variables, self._call(variables)

    def outputs(self, point: Sequence[float]) -> tuple[float, ...]:
        """f as floats."""
        return tuple([primal(y) for y in self._call([Value(x) for x in point])])

    def along(self, i: int) -> Samples:
        """f along its i-th number."""
        point = self.point[:]

        def along(t: float) -> tuple[float, ...]:
            point[i] = t
            return self.outputs(point)

        return Samples(along)

    def _call(self, numbers: Sequence[Any]) -> list[Any]:
        return flatten(self.f(*self.rebuild(numbers)), "the result of f")[0]


class PlainProblem(Problem):
    """A function that is called with floats and returns one."""

    def outputs(self, point: Sequence[float]) -> tuple[float, ...]:
        """f as a float; what NumPy warns of outside a domain is not worth a warning."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            y = self.f(*self.rebuild(point))
        if isinstance(y, complex):
            raise ValueError(f"gradcheck: f returns the complex number {y!r}")
        found = flatten(y, "the result of f")[0]
        if len(found) != 1:
            raise TypeError(
                f"gradcheck: with `gradient`, f returns one number, not {len(found)}"
            )
        return (primal(found[0]),)


def _names(tree: Any, name: str) -> list[str]:
    """A name for each leaf, in the order of `flatten`."""
    if isinstance(tree, dict):
        return [n for key in tree for n in _names(tree[key], f"{name}[{key!r}]")]
    if isinstance(tree, list | tuple) or getattr(tree, "shape", None):
        return [n for i, child in enumerate(tree) for n in _names(child, f"{name}[{i}]")]
    return [name]


def directional(f: Function, order: int) -> Function:
    """A derivative of f along one direction; of a weighted sum of results, if f has several."""

    def number(*args: Any) -> Any:
        return weighted(flatten(f(*args), "the result of f")[0])

    inner = number if order == 1 else directional(f, order - 1)

    def along(*args: Any) -> Any:
        gradients = grad(inner, tuple(range(len(args))))(*args)
        return weighted(flatten(gradients, "the gradient")[0])

    return along


def weighted(xs: Sequence[Any]) -> Any:
    """Σ wᵢ·xᵢ with weights between 1 and 2, no two alike, so that nothing cancels."""
    if len(xs) == 1:
        return xs[0]
    return dot([1.0 + (0.6180339887498949 * i) % 1.0 for i in range(len(xs))], xs)


def alone(node: Value) -> tuple[Function, tuple[float, ...]]:
    """The operation of a node as a function of its inputs, and these; constants are kept."""
    op: Any = node.op
    operands = node.operands

    def apply(*xs: Any) -> Any:
        given = iter(xs)
        return op(*[next(given) if type(x) is Value else x for x in operands])

    return apply, tuple([x.data for x in node.inputs])
