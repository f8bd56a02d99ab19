"""To ONNX: what a program computes as a model in 64 bits.

The source for arrays that can't be changed runs once on tensors that write down what is done
with them. What ONNX or its runtime lacks in 64 bits is composed of what they have.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.core.table import TWO_PER_ROOT_PI
from autograd.files import write_atomically
from autograd.program.ir.arrays import Array, np
from autograd.program.targets import functional
from autograd.program.targets.source import Functional, compiled

if TYPE_CHECKING:
    from autograd.program.program import Program

__all__ = ["write"]

Shape = tuple[int, ...]
SAMPLES = 2**31 - 1  # stands for their number in shapes; a prime, so that products keep it
# fmt: off
BINARY = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow",
    "maximum": "Max", "minimum": "Min", "bitwise_and": "And", "bitwise_or": "Or",
    "less": "Less", "less_equal": "LessOrEqual", "equal": "Equal",
    "greater": "Greater", "greater_equal": "GreaterOrEqual",
}
UNARY = {"negative": "Neg", "absolute": "Abs"} | {name: name.capitalize() for name in [
    "exp", "log", "sqrt", "sin", "cos", "tanh", "floor", "ceil", "sign", "reciprocal", "round",
]}
# fmt: on
LOGICAL = frozenset(["And", "Or", "Less", "LessOrEqual", "Equal", "Greater", "GreaterOrEqual"])


class Tensor(np.lib.mixins.NDArrayOperatorsMixin):
    """A result of a graph under construction, to which NumPy's functions append."""

    dtype = np.dtype(float)  # of its numbers

    def __init__(self, graph: Graph, name: str, shape: Shape, logical: bool = False) -> None:
        self.graph, self.name, self.shape, self.logical = graph, name, shape, logical

    def __array_ufunc__(self, ufunc: Any, method: str, *xs: Any) -> Any:
        return self.graph.call(ufunc.__name__, *xs)

    def __array_function__(self, f: Any, types: Any, args: Any, options: Any) -> Any:
        return self.graph.call(f.__name__, *args, **options)

    def astype(self, kind: Any) -> Any:
        """Of what is true or false, 1 or 0."""
        return self.graph.numbers(self)

    @property
    def T(self) -> Any:  # noqa: N802
        return self.graph.node("Transpose", [self], self.shape[::-1], perm=[1, 0])

    def reshape(self, *sizes: int) -> Any:
        """One size may be -1."""
        rest = math.prod(self.shape) // math.prod([n for n in sizes if n != -1])
        shape = tuple([rest if n == -1 else n for n in sizes])
        target = [-1 if n >= SAMPLES else n for n in shape]
        return self.graph.node("Reshape", [self, np.array(target, int)], shape)

    def _reduced(self, op: str, axis: int | tuple[int, ...], keepdims: bool) -> Any:
        axes = axis if isinstance(axis, tuple) else (axis,)
        sizes = [n if i not in axes else 1 for i, n in enumerate(self.shape)]
        if not keepdims:
            sizes = [n for i, n in enumerate(self.shape) if i not in axes]
        return self.graph.node(
            op, [self.graph.numbers(self), np.array(axes)], tuple(sizes), keepdims=int(keepdims)
        )

    def sum(self, axis: Any, keepdims: bool = False) -> Any:
        return self._reduced("ReduceSum", axis, keepdims)

    def max(self, axis: Any) -> Any:
        return self._reduced("ReduceMax", axis, False)

    def min(self, axis: Any) -> Any:
        return self._reduced("ReduceMin", axis, False)

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        found = self
        for axis, each in enumerate(keys):
            rows = _rows(each, found.shape[axis])
            shape = (*found.shape[:axis], len(rows), *found.shape[axis + 1 :])
            if isinstance(each, slice) and len(rows):
                parts = [np.array([n]) for n in (rows[0], rows[-1] + 1, axis, each.step or 1)]
                found = self.graph.node("Slice", [found, *parts], shape)
            else:
                found = self.graph.node("Gather", [found, rows], shape, axis=axis)
        return found


def _rows(key: Any, size: int) -> Array:
    return np.array(range(*key.indices(size)) if isinstance(key, slice) else key, int)


class Graph:
    """Nodes of a model."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: dict[Any, Any] = {}
        self.samples: Any = None  # has as many columns as there are samples

    def call(self, name: str, *xs: Any, **options: Any) -> Any:
        """A function of NumPy."""
        if name in UNARY:
            return self.node(UNARY[name], xs, xs[0].shape)
        if name in BINARY:
            return self.broadcast(BINARY[name], *xs)
        if name in COMPOSED:
            return COMPOSED[name](*xs)
        return getattr(self, name)(*xs, **options)

    def node(
        self, op: str, operands: Sequence[Any], shape: Shape, logical: bool = False, **more: Any
    ) -> Any:
        names = [self.tensor(each).name for each in operands]
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(op, names, [name], **more))
        return Tensor(self, name, shape, logical)

    def tensor(self, x: Any) -> Any:
        """A number or an array as a constant."""
        if isinstance(x, Tensor):
            return x
        array = np.asarray(x)
        array = array.astype({"i": np.int64, "b": bool}.get(array.dtype.kind, float))
        key = array.dtype.kind, array.shape, array.tobytes()
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = self.onnx.numpy_helper.from_array(array, name)
        return Tensor(self, self.constants[key].name, array.shape, array.dtype.kind == "b")

    def numbers(self, x: Any) -> Any:
        """With 1 and 0 for true and false."""
        x = self.tensor(np.asarray(x, float) if isinstance(x, np.ndarray | int) else x)
        if not x.logical:
            return x
        return self.node("Cast", [x], x.shape, to=self.onnx.TensorProto.DOUBLE)

    def broadcast(self, op: str, a: Any, b: Any) -> Any:
        """An operation of two tensors, each of whose sizes may be 1."""
        both = [self.tensor(x) if op in ("And", "Or") else self.numbers(x) for x in (a, b)]
        return self.node(op, both, np.broadcast_shapes(*[x.shape for x in both]), op in LOGICAL)

    def needed(self, output: str) -> tuple[list[Any], list[Any]]:
        """The nodes and constants that an output depends on."""
        names, nodes = {output}, []
        for node in reversed(self.nodes):
            if node.output[0] in names:
                names.update(node.input)
                nodes.append(node)
        return nodes[::-1], [x for x in self.constants.values() if x.name in names]

    # ------------------------------------------------------------------ NumPy's functions

    def broadcast_to(self, x: Any, shape: Shape) -> Any:
        sizes: list[Any] = [np.array([n]) for n in shape]
        if SAMPLES in shape:
            whole = self.node("Shape", [self.samples], (2,))
            sizes[shape.index(SAMPLES)] = self.node("Gather", [whole, np.array([1])], (1,))
        target = self.node("Concat", sizes, (len(shape),), axis=0)
        return self.node("Expand", [self.numbers(x), target], shape)

    def concatenate(self, parts: Sequence[Any], axis: int = 0) -> Any:
        tensors = [self.numbers(part) for part in parts]
        shape = list(tensors[0].shape)
        shape[axis] = sum([part.shape[axis] for part in tensors])
        return self.node("Concat", tensors, tuple(shape), axis=axis)

    def matmul(self, a: Any, b: Any) -> Any:
        return self.node("MatMul", [a, b], (a.shape[0], b.shape[1]))

    def not_equal(self, a: Any, b: Any) -> Any:
        return self.node("Not", [equal := a == b], equal.shape, logical=True)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        if not isinstance(condition, Tensor):
            return a if condition else b
        chosen = condition if condition.logical else condition != 0.0
        operands = [chosen, self.numbers(a), self.numbers(b)]
        return self.node("Where", operands, np.broadcast_shapes(*[x.shape for x in operands]))

    def remainder(self, x: Any, y: Any) -> Any:
        """With the sign of y; ONNX's is that of x, and exact."""
        both = self.tensor(x), self.tensor(y)
        rest = self.node(
            "Mod", both, np.broadcast_shapes(*[each.shape for each in both]), fmod=1
        )
        return np.where(rest * y < 0.0, rest + y, rest)

    def arctan(self, x: Any) -> Any:
        """The one in 32 bits, and what is left: sin(atan(x) - y) is known exactly."""
        turned = abs(x) > 1.0
        z = np.where(turned, 1.0 / np.where(turned, x, 1.0), x)
        single, double = self.onnx.TensorProto.FLOAT, self.onnx.TensorProto.DOUBLE
        rough = self.node("Atan", [self.node("Cast", [z], z.shape, to=single)], z.shape)
        y = self.node("Cast", [rough], z.shape, to=double)
        y = y + (z * np.cos(y) - np.sin(y)) / np.sqrt(1.0 + z * z)
        return np.where(turned, np.sign(x) * (0.5 * math.pi) - y, y)


# ---------------------------------------------------------------- composed functions


def _cbrt(x: Any) -> Any:
    size = abs(x)
    root = np.where(size == 0.0, 1.0, size ** (1.0 / 3.0))
    return np.sign(x) * (root - (root - size / (root * root)) / 3.0)


def _expm1(x: Any) -> Any:
    """(Kahan 1984)."""
    power = np.exp(x)
    plain = (power == np.inf) | (power < 1e-17)
    exact = (power - 1.0) * x / np.log(np.where(plain | (power == 1.0), 2.0, power))
    return np.where(power == 1.0, x, np.where(plain, power - 1.0, exact))


def _log1p(x: Any) -> Any:
    """(Kahan 1984)."""
    y = 1.0 + x
    small = y == 1.0
    exact = np.log(y) * x / np.where(small, 1.0, y - 1.0)
    return np.where(small, x, np.where(y == np.inf, y, exact))


def _sinh(x: Any) -> Any:
    less = np.expm1(abs(x))
    return np.sign(x) * 0.5 * (less + less / (less + 1.0))


def _cosh(x: Any) -> Any:
    power = np.exp(abs(x))
    return 0.5 * power + 0.5 / power


def _arcsinh(x: Any) -> Any:
    size = abs(x)
    small = np.log1p(size + size * (size / (1.0 + np.hypot(1.0, size))))
    large = np.log(np.maximum(size, 1.0)) + math.log(2.0)
    return np.sign(x) * np.where(size > 1e100, large, small)


def _arccosh(x: Any) -> Any:
    more = x - 1.0
    return np.log1p(more + np.sqrt(more) * np.sqrt(more + 2.0))


def _arctan2(y: Any, x: Any) -> Any:
    half = np.where(y < 0.0, -math.pi, math.pi)
    upright = np.where(y == 0.0, 0.0, 0.5 * half)
    slope = np.where(x == 0.0, upright, np.arctan(y / np.where(x == 0.0, 1.0, x)))
    return np.where(x < 0.0, slope + half, slope)


def _hypot(a: Any, b: Any) -> Any:
    a, b = abs(a), abs(b)
    top = np.maximum(a, b)
    scale = np.where((top == 0.0) | (top == np.inf), 1.0, top)
    a, b = a / scale, b / scale
    return np.sqrt(a * a + b * b) * scale


COMPOSED: dict[str, Callable[..., Any]] = {
    "square": lambda x: x * x,
    "exp2": lambda x: 2.0**x,
    "log2": lambda x: np.log(x) / math.log(2.0),
    "log10": lambda x: np.log(x) / math.log(10.0),
    "trunc": lambda x: np.sign(x) * np.floor(abs(x)),
    "floor_divide": lambda x, y: np.round((x - x % y) / y),
    "tan": lambda x: np.sin(x) / np.cos(x),
    "arcsin": lambda x: np.arctan(x / np.sqrt((1.0 - x) * (1.0 + x))),
    "arccos": lambda x: 2.0 * np.arctan(np.sqrt((1.0 - x) / (1.0 + x))),
    "arctanh": lambda x: np.sign(x) * 0.5 * np.log1p(2.0 * abs(x) / (1.0 - abs(x))),
}
_COMPOSED = _cbrt, _expm1, _log1p, _sinh, _cosh, _arcsinh, _arccosh, _arctan2, _hypot
COMPOSED |= {f.__name__[1:]: f for f in _COMPOSED}

MIDDLE = 3.75  # of the tail of erfc: there its variable is 0
# erf(x) / x as a polynomial in x², for |x| < 1.
ERF_SERIES = [
    TWO_PER_ROOT_PI * (-1.0) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(20)
]


@cache
def erfc_series() -> list[float]:
    """(1 + 2x) exp(x²) erfc(x) as a polynomial in (x - 3.75) / (x + 3.75).

    Interpolated at Chebyshev's points (Shepherd and Laframboise 1981).
    """

    def scaled(t: float) -> float:
        x = MIDDLE * (1.0 + t) / (1.0 - t)
        if x < 5.0:
            return (1.0 + 2.0 * x) * math.exp(x * x) * math.erfc(x)
        fraction = x  # continued: x + (1/2) / (x + (2/2) / (x + …
        for k in range(40, 0, -1):
            fraction = x + 0.5 * k / fraction
        return (1.0 + 2.0 * x) / fraction / math.sqrt(math.pi)

    chebyshev = np.polynomial.chebyshev
    found = chebyshev.cheb2poly(chebyshev.chebinterpolate(np.vectorize(scaled), 22))
    return [float(x) for x in found]


def _erf(x: Any) -> Any:
    near = x * _polynomial(ERF_SERIES, np.minimum(x * x, 1.0))
    return np.where(abs(x) < 1.0, near, np.sign(x) * (1.0 - _tail(abs(x))))


def _erfc(x: Any) -> Any:
    tail = _tail(abs(x))
    return np.where(abs(x) < 0.5, 1.0 - _erf(x), np.where(x < 0.0, 2.0 - tail, tail))


def _tail(x: Any) -> Any:
    """erfc(x) for x ≥ 0.4, by `erfc_series`."""
    x = np.minimum(x, 30.0)
    series = _polynomial(erfc_series(), (x - MIDDLE) / (x + MIDDLE))
    return np.exp(-(x * x)) * series / (1.0 + 2.0 * x)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    total: Any = coefficients[-1]
    for each in coefficients[-2::-1]:
        total = total * x + each
    return total


# ---------------------------------------------------------------- the model


def write(program: Program, path: str | os.PathLike[str]) -> None:
    """See `Program.onnx`."""
    try:
        onnx: Any = import_module("onnx")
    except ImportError as error:
        message = "program.onnx() needs ONNX: pip install 'scalar-autograd[onnx]'"
        raise ImportError(message) from error
    if program.trace is None:
        raise RuntimeError("a program from a pickle does not know its function's arguments")
    graph = Graph(onnx)
    inputs, value = _traced(graph, program)
    double = onnx.TensorProto.DOUBLE

    def info(name: str, tensor: Tensor) -> Any:
        shape = ["samples" if n == SAMPLES else n for n in tensor.shape]
        return onnx.helper.make_tensor_value_info(name, double, shape)

    graph.nodes.append(onnx.helper.make_node("Identity", [value.name], ["value"]))
    nodes, constants = graph.needed("value")
    made = onnx.helper.make_graph(
        nodes,
        "program",
        [info(tensor.name, tensor) for tensor in inputs],
        [info("value", value)],
        constants,
    )
    opsets = [onnx.helper.make_opsetid("", 18)]
    model = onnx.helper.make_model(
        made, producer_name="scalar-autograd", opset_imports=opsets, ir_version=9
    )
    onnx.checker.check_model(model, full_check=True)
    write_atomically(Path(path), model.SerializeToString())


def _traced(graph: Graph, program: Program) -> tuple[list[Tensor], Tensor]:
    """The inputs, and the value."""
    trace, it = program.trace, program.blocks
    assert trace is not None
    inputs: list[Tensor] = []
    sides: dict[int | None, list[Any]] = {None: [], 0: []}
    start = 0
    for size, axis in zip(trace.counts, trace.axes):
        label = trace.inputs[start][0] if size else f"empty{len(inputs)}"
        start += size
        name = label.removesuffix("0") if size > 1 else label
        tensor = Tensor(graph, name, (size,) if axis is None else (SAMPLES, size))
        inputs.append(tensor)
        sides[axis].append(tensor.reshape(-1, 1) if axis is None else tensor.T)
    closed = np.array([[value.data] for value in trace.closed]).reshape(-1, 1)
    u = graph.concatenate([*sides[None], closed])
    x: Any = np.zeros((0, 1))
    if sides[0]:
        graph.samples = x = graph.concatenate(sides[0])
    space = functional.functions(np, lambda op, f: f, _erf, _erfc)
    source = Functional(it)
    source.indices = [x if x.dtype.kind == "i" else graph.tensor(x) for x in source.indices]
    found = compiled(source, space)(*functional.split(it, u, x))
    out: Any = graph.tensor(found["out"])
    if "checks" in found:
        follows = (found["checks"] == program.answers) * 1.0
        out = np.where(follows.min(0).reshape(1, -1) == 1.0, out, math.nan)
    if sides[0]:
        out = graph.broadcast_to(out, (program.tape.outputs, SAMPLES))
        if trace.reduce is not None:
            count = (
                (x[0:1] * 0.0 + 1.0).sum(1, keepdims=True) if trace.reduce == "mean" else 1.0
            )
            out = out.sum(1, keepdims=True) / count
    shape = () if out.shape[1] == 1 else (SAMPLES,)
    return inputs, out.reshape(*shape) if trace.single else out.T
