"""A function at a point, seen as one from numbers to numbers."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from autograd.core.functions import dot
from autograd.core.operand import is_node, primal, real
from autograd.core.value import Value
from autograd.testing.flat import UNITS, FaultError, Flat, weights
from autograd.testing.verdicts import Fault
from autograd.transforms import Function, grad
from autograd.trees import children_of, flatten

__all__ = ["Function", "PlainProblem", "Problem", "alone", "leaves", "mapped", "names", "parts"]
__all__ += ["rebuilt", "rounding", "shape_of", "unit"]


def as_array(tree: Any) -> Any:
    """Return a NumPy array of an array of any library; None of anything else."""
    if not getattr(tree, "shape", None) or is_node(tree):
        return None
    import numpy

    return numpy.asarray(tree) if hasattr(tree, "__array__") else numpy.from_dlpack(tree)


def parts(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the numbers and arrays of a tree, and their names."""
    inner = children_of(tree)
    if inner is None:
        yield name, tree
    for place, part in zip(inner.places, inner.parts) if inner else ():
        yield from parts(part, name + place)


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Return a tree in which `change` was applied to the leaves, numbers and arrays."""
    inner = children_of(tree)
    if inner is None:
        return change(tree)
    return inner.build([mapped(part, change) for part in inner.parts])


def leaves(tree: Any, name: str) -> list[Any]:
    """Return the numbers of a tree, floats and Values, in order.

    Raises:
        TypeError: something in the tree is neither a number nor a container of them.
    """
    each = [(place, part, as_array(part)) for place, part in parts(tree, name)]
    return [
        x
        for place, part, array in each
        for x in flatten(part if array is None else array, place)[0]
    ]


def names(tree: Any, name: str) -> list[str]:
    """Return a name for each number of a tree."""
    shapes = [(each, getattr(as_array(x), "shape", ())) for each, x in parts(tree, name)]
    places = [(each, at) for each, shape in shapes for at in product(*map(range, shape))]
    return [each + "".join([f"[{i}]" for i in at]) for each, at in places]


def shape_of(tree: Any) -> tuple[int, ...] | None:
    """Return the shape of a number, an array, or nested lists of one length each; else None."""
    if not isinstance(tree, list | tuple):
        if (array := as_array(tree)) is not None:
            return tuple(array.shape) if array.size else None
        return () if is_node(tree) or real(tree) is not None else None
    shapes = {shape_of(child) for child in tree}
    inner = shapes.pop() if len(shapes) == 1 else None
    return None if inner is None else (len(tree), *inner)


def rebuilt(tree: Any, numbers: Iterator[Any]) -> Any:
    """Return a tree like this one of other numbers: arrays as NumPy's, tables as pandas'."""

    def change(leaf: Any) -> Any:
        array = as_array(leaf)
        if array is None:
            return next(numbers)
        import numpy

        given = [next(numbers) for _ in range(array.size)]
        if any(type(x) is complex for x in given):
            return numpy.array(given, complex).reshape(array.shape)
        new = flatten(leaf if hasattr(leaf, "iloc") else array, "")[1](given)
        keeps = array.dtype.kind == "f" and all(type(x) is float for x in given)
        return new.astype(array.dtype) if keeps else new

    return mapped(tree, change)


def unit(tree: Any) -> float:
    """Return the largest round-off of the numbers of a tree, as a share of them."""
    arrays = [x if hasattr(x, "dtype") else as_array(x) for _, x in parts(tree)]
    kinds = [str(getattr(x, "dtype", "")).removeprefix("torch.") for x in arrays]
    return max([UNITS.get(kind, 0.0) for kind in kinds] + [UNITS["float64"]])


class Problem:
    """A function on Values, and the point where its derivatives are checked."""

    def __init__(self, f: Function, xs: tuple[Any, ...], who: str = "gradcheck") -> None:
        if not callable(f):
            raise TypeError(f"{who} takes a function, got {f!r:.80}")
        self.f = f
        self.xs = xs
        named = [(x, f"argument {i}") for i, x in enumerate(xs)]
        self.point = [primal(x) for tree, n in named for x in leaves(tree, f"{who}: {n}")]
        self.names = [name for tree, n in named for name in names(tree, n)]
        for name, x in zip(self.names, self.point):
            if not math.isfinite(x):
                raise ValueError(f"{who}: {name} is {x!r}; give finite numbers")

    def rebuild(self, numbers: Sequence[Any]) -> tuple[Any, ...]:
        """Return the arguments of f with these numbers in their places."""
        each = iter(numbers)
        return tuple([rebuilt(x, each) for x in self.xs])

    def record(self) -> tuple[list[Value], list[Any]]:
        """Return fresh variables at the point, and the outputs of f on them."""
        variables = [Value(x) for x in self.point]
        return variables, self._call(variables)

    def outputs(self, point: Sequence[float]) -> tuple[float, ...]:
        """Return f as floats."""
        return tuple([primal(y) for y in self._call([Value(x) for x in point])])

    def above(self, order: int) -> Problem:
        """Return a derivative of that order along a direction, at the same point."""
        problem = Problem(
            directional(lambda *flat: self.f(*self.rebuild(flat)), order), tuple(self.point)
        )
        problem.names = self.names
        return problem

    def _call(self, numbers: Sequence[Any]) -> list[Any]:
        return leaves(self.f(*self.rebuild(numbers)), "the result of f")


class PlainProblem(Problem):
    """A function that is called with floats and returns floats.

    Attributes:
        y: what it returns at the point.
    """

    def __init__(self, f: Function, xs: tuple[Any, ...], who: str = "gradcheck") -> None:
        super().__init__(f, xs, who)
        self.y = self.result(self.point)

    def flat(self, asks_complex: bool = False) -> Flat:
        """Return f as a function from numbers to numbers."""
        return Flat(
            lambda point: self.numbers(self.result(point)),
            self.point,
            self.numbers(self.y),
            self.names,
            names(self.y, "result"),
            max(unit(self.y), unit(self.xs)),
            rounding(unit(self.xs)),
            self._complex if asks_complex else None,
        )

    def result(self, point: Sequence[Any]) -> Any:
        """Return f as it is; a warning of NumPy outside a domain is not worth one here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return self.f(*self.rebuild(point))

    def numbers(self, y: Any) -> tuple[float, ...]:
        """Return a result of f as floats."""
        if isinstance(y, complex):
            raise ValueError(f"gradcheck: f returns the complex number {y!r}")
        return tuple([primal(each) for each in leaves(y, "the result of f")])

    def derivative(self, function: Function, *more: Any) -> Any:
        """Return a derivative at the point; it must leave its arguments as they are."""
        given = (*self.rebuild(self.point), *more)
        before = leaves(given, "")
        result = function(*given)
        after = leaves(given, "")
        if after != before:
            changed = [name for name, a, b in zip(self.names, before, after) if a != b]
            raise FaultError(Fault.CHANGES_ARGUMENTS, where=changed)
        return result

    def _complex(self, point: Sequence[Any]) -> list[Any]:
        each = [(x, as_array(x)) for _, x in parts(self.result(point))]
        return [z for x, array in each for z in ([x] if array is None else array.flat)]


def rounding(unit: float) -> Callable[[float], float]:
    """Return the function that rounds to the numbers of this round-off."""
    kind = {UNITS["float32"]: "f", UNITS["float16"]: "e"}.get(unit)
    if kind is None:
        return float
    return lambda x: float(struct.unpack(kind, struct.pack(kind, x))[0])


def directional(f: Function, order: int) -> Function:
    """Return a derivative of f along one direction; of a weighted sum of several results."""

    def number(*args: Any) -> Any:
        return _weighted(leaves(f(*args), "the result of f"))

    inner = number if order == 1 else directional(f, order - 1)

    def along(*args: Any) -> Any:
        return _weighted(leaves(grad(inner, tuple(range(len(args))))(*args), "the gradient"))

    return along


def _weighted(xs: Sequence[Any]) -> Any:
    return xs[0] if len(xs) == 1 else dot(weights(len(xs)), xs)


def alone(node: Value) -> tuple[Function, tuple[float, ...]]:
    """Return the operation of a node as a function of its inputs, and these."""
    op = node.op
    operands = node.operands

    def apply(*xs: Any) -> Any:
        given = iter(xs)
        return op(*[next(given) if type(x) is Value else x for x in operands])

    return apply, tuple([x.data for x in node.inputs])
