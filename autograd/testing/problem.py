"""What is checked: a function at a point, seen as one from numbers to numbers."""

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
from autograd.transforms import Function, grad
from autograd.trees import children_of, flatten

__all__ = ["UNITS", "FaultError", "Function", "Move", "PlainProblem", "Problem", "alone"]
__all__ += ["as_array", "leaves", "mapped", "names", "parts", "rebuilt", "shape_of", "unit"]
__all__ += ["weights"]

Move = Callable[[Any], list[Any]]
UNITS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def as_array(tree: Any) -> Any:
    """As a NumPy array, if it is an array of any library; else None."""
    if not getattr(tree, "shape", None) or is_node(tree):
        return None
    import numpy

    return numpy.asarray(tree) if hasattr(tree, "__array__") else numpy.from_dlpack(tree)


def parts(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers and arrays of a tree, and what they are called."""
    inner = children_of(tree)
    if inner is None:
        yield name, tree
    for place, part in zip(inner.places, inner.parts) if inner else ():
        yield from parts(part, name + place)


def mapped(tree: Any, change: Callable[[Any], Any]) -> Any:
    """A tree with what `change` makes of its leaves, numbers and arrays of any library."""
    inner = children_of(tree)
    if inner is None:
        return change(tree)
    return inner.build([mapped(part, change) for part in inner.parts])


def leaves(tree: Any, name: str) -> list[Any]:
    """The numbers of a tree, floats and Values, in order.

    Raises:
        TypeError: something in the tree is neither a number nor a container of them.
    """
    each = [(n, x, as_array(x)) for n, x in parts(tree, name)]
    return [y for n, x, array in each for y in flatten(x if array is None else array, n)[0]]


def names(tree: Any, name: str) -> list[str]:
    """A name for each of them."""
    shapes = [(each, getattr(as_array(x), "shape", ())) for each, x in parts(tree, name)]
    places = [(each, at) for each, shape in shapes for at in product(*map(range, shape))]
    return [each + "".join([f"[{i}]" for i in at]) for each, at in places]


def shape_of(tree: Any) -> tuple[int, ...] | None:
    """The shape of a number, an array, or nested lists of one length each; else None."""
    if not isinstance(tree, list | tuple):
        if (array := as_array(tree)) is not None:
            return tuple(array.shape) if array.size else None
        return () if is_node(tree) or real(tree) is not None else None
    shapes = {shape_of(child) for child in tree}
    inner = shapes.pop() if len(shapes) == 1 else None
    return None if inner is None else (len(tree), *inner)


def rebuilt(tree: Any, numbers: Iterator[Any]) -> Any:
    """A tree like this one of other numbers: arrays as NumPy's, but for those of pandas."""

    def change(leaf: Any) -> Any:
        array = as_array(leaf)
        if array is None:
            return next(numbers)
        import numpy

        found = [next(numbers) for _ in range(array.size)]
        if any(type(x) is complex for x in found):
            return numpy.array(found, complex).reshape(array.shape)
        new = flatten(leaf if hasattr(leaf, "iloc") else array, "")[1](found)
        keeps = array.dtype.kind == "f" and all(type(x) is float for x in found)
        return new.astype(array.dtype) if keeps else new

    return mapped(tree, change)


def unit(tree: Any) -> float:
    """The round-off of the numbers of a tree, as a share of them: the largest that is in it."""
    each = [x if hasattr(x, "dtype") else as_array(x) for _, x in parts(tree)]
    kinds = [str(getattr(x, "dtype", "")).removeprefix("torch.") for x in each]
    return max([UNITS.get(kind, 0.0) for kind in kinds] + [UNITS["float64"]])


class FaultError(ValueError):
    """What is wrong with a function, whatever its numbers are; and where, if anywhere."""

    def __init__(self, reason: str, where: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.where = where


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
        """The arguments of f with these numbers in their places."""
        each = iter(numbers)
        return tuple([rebuilt(x, each) for x in self.xs])

    def record(self) -> tuple[list[Value], list[Any]]:
        """Fresh variables at the point, and the outputs of f on them."""
        variables = [Value(x) for x in self.point]
        return variables, self._call(variables)

    def outputs(self, point: Sequence[float]) -> tuple[float, ...]:
        """f as floats."""
        return tuple([primal(y) for y in self._call([Value(x) for x in point])])

    def at(self, i: int) -> Move:
        """The point as its i-th number moves."""
        return lambda t: [*self.point[:i], t, *self.point[i + 1 :]]

    def along(self, move: Move) -> Callable[[float], tuple[float, ...]]:
        """f along a line."""
        return lambda t: self.outputs(move(t))

    def above(self, order: int) -> Problem:
        """A derivative of that order along a direction, at the same point."""
        found = Problem(
            directional(lambda *flat: self.f(*self.rebuild(flat)), order), tuple(self.point)
        )
        found.names = self.names
        return found

    def _call(self, numbers: Sequence[Any]) -> list[Any]:
        return leaves(self.f(*self.rebuild(numbers)), "the result of f")


class PlainProblem(Problem):
    """A function that is called with floats and returns floats."""

    def __init__(self, f: Function, xs: tuple[Any, ...], who: str = "gradcheck") -> None:
        super().__init__(f, xs, who)
        self.round = {UNITS["float32"]: _rounded("f"), UNITS["float16"]: _rounded("e")}.get(
            unit(xs), float
        )

    def result(self, point: Sequence[Any]) -> Any:
        """f as it is; what NumPy warns of outside a domain is not worth a warning."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return self.f(*self.rebuild(point))

    def derivative(self, function: Function, *more: Any) -> Any:
        """What a derivative is at the point; it must leave what it is given as it is."""
        given = (*self.rebuild(self.point), *more)
        before = leaves(given, "")
        result = function(*given)
        after = leaves(given, "")
        if after != before:
            changed = [name for name, a, b in zip(self.names, before, after) if a != b]
            reason = "the derivative changes its arguments in place: let it change copies"
            raise FaultError(reason, changed)
        return result

    def numbers(self, y: Any) -> tuple[float, ...]:
        """A result of f as floats."""
        if isinstance(y, complex):
            raise ValueError(f"gradcheck: f returns the complex number {y!r}")
        return tuple([primal(each) for each in leaves(y, "the result of f")])

    def outputs(self, point: Sequence[float]) -> tuple[float, ...]:
        """f as floats."""
        return self.numbers(self.result(point))

    def toward(self, direction: Sequence[float]) -> Move:
        """x + (t - 1)·direction."""
        return lambda t: [x + (t - 1.0) * v for x, v in zip(self.point, direction)]

    def complex(self, point: Sequence[Any]) -> list[Any]:
        """What f gives for complex numbers."""
        each = [(x, as_array(x)) for _, x in parts(self.result(point))]
        return [z for x, array in each for z in ([x] if array is None else array.flat)]


def _rounded(kind: str) -> Callable[[float], float]:
    """The nearest number of a format of `struct`."""
    return lambda x: float(struct.unpack(kind, struct.pack(kind, x))[0])


def directional(f: Function, order: int) -> Function:
    """A derivative of f along one direction; of a weighted sum of results, if f has several."""

    def number(*args: Any) -> Any:
        return _weighted(leaves(f(*args), "the result of f"))

    inner = number if order == 1 else directional(f, order - 1)

    def along(*args: Any) -> Any:
        return _weighted(leaves(grad(inner, tuple(range(len(args))))(*args), "the gradient"))

    return along


def weights(count: int) -> list[float]:
    """Numbers between 1 and 2, no two alike, so that in a weighted sum nothing cancels."""
    return [1.0 + (0.6180339887498949 * i) % 1.0 for i in range(count)]


def _weighted(xs: Sequence[Any]) -> Any:
    return xs[0] if len(xs) == 1 else dot(weights(len(xs)), xs)


def alone(node: Value) -> tuple[Function, tuple[float, ...]]:
    """The operation of a node as a function of its inputs, and these; constants are kept."""
    op = node.op
    operands = node.operands

    def apply(*xs: Any) -> Any:
        given = iter(xs)
        return op(*[next(given) if type(x) is Value else x for x in operands])

    return apply, tuple([x.data for x in node.inputs])
