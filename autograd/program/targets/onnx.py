"""To ONNX: what a program computes as a model in 64 bits, kind by kind.

An operation that ONNX or its runtime lacks in 64 bits is composed of those that they have.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.core.primitive import TABLE
from autograd.core.table import (
    TWO_PER_ROOT_PI,
    asinh,
    cos,
    exp,
    expm1,
    hypot,
    log,
    log1p,
    sin,
    sqrt,
)
from autograd.files import write_atomically
from autograd.program.ir.arrays import np
from autograd.program.ir.block import Blocks, Op
from autograd.rules.expression import COMPARISONS, SYMBOLS, Expression, Term, operand, where
from autograd.rules.reader import formula, value
from autograd.trees import NUMBER

if TYPE_CHECKING:
    from autograd.program.program import Program

__all__ = ["write"]

SAMPLES = 2**31 - 1  # stands for their number in shapes; a prime, so that products keep it
# fmt: off
WORDS = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "maximum": "Max",
    "minimum": "Min", "lt": "Less", "le": "LessOrEqual", "gt": "Greater",
    "ge": "GreaterOrEqual", "eq": "Equal", "neg": "Neg", "abs": "Abs",
} | {op: op.capitalize() for op in [
    "exp", "log", "sqrt", "sin", "cos", "tanh", "floor", "ceil", "sign", "reciprocal", "round",
]}
# fmt: on
REDUCED = {"largest": "ReduceMax", "maximum": "ReduceMax", "minimum": "ReduceMin"}
REDUCED |= {"sum": "ReduceSum"}


class Tensor(NamedTuple):
    """A result of a graph under construction."""

    name: str
    shape: tuple[int, ...]


class Graph:
    """Nodes of a model."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: dict[Any, Any] = {}
        self.samples: Any = None  # has as many columns as there are samples

    def node(self, op: str, operands: Sequence[Any], shape: Any, **more: Any) -> Tensor:
        names = [self.tensor(each).name for each in operands]
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(op, names, [name], **more))
        return Tensor(name, tuple(shape))

    def tensor(self, x: Any) -> Tensor:
        """A number or an array as a constant."""
        if isinstance(x, Tensor):
            return x
        array = np.asarray(x)
        array = array.astype(np.int64 if array.dtype.kind == "i" else float)
        key = array.dtype.kind, array.shape, array.tobytes()
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = self.onnx.numpy_helper.from_array(array, name)
        return Tensor(self.constants[key].name, array.shape)

    def cast(self, x: Tensor, kind: str) -> Tensor:
        return self.node("Cast", [x], x.shape, to=getattr(self.onnx.TensorProto, kind))

    # ------------------------------------------------------------------ shapes

    def reshape(self, x: Tensor, *sizes: int) -> Tensor:
        """One size may be -1."""
        rest = math.prod(x.shape) // math.prod([n for n in sizes if n != -1])
        shape = [rest if n == -1 else n for n in sizes]
        target = np.array([-1 if n >= SAMPLES else n for n in shape], int)
        return self.node("Reshape", [x, target], shape)

    def transposed(self, x: Tensor) -> Tensor:
        return self.node("Transpose", [x], x.shape[::-1], perm=[1, 0])

    def rows(self, x: Tensor, rows: Any) -> Tensor:
        shape = len(rows), *x.shape[1:]
        if type(rows) is range and rows:
            parts = [[n] for n in (rows[0], rows[-1] + 1, 0, rows.step)]
            return self.node("Slice", [x, *parts], shape)
        return self.node("Gather", [x, np.asarray(rows, int)], shape, axis=0)

    def spread(self, x: Tensor, lanes: int) -> Tensor:
        """Rows with so many lanes."""
        if x.shape[1] == lanes:
            return x
        target: Any = [1, lanes]
        if lanes == SAMPLES:
            target = self.node("Shape", [self.rows(self.samples, range(1))], (2,))
        return self.node("Expand", [x, target], (x.shape[0], lanes))

    def stacked(self, parts: Sequence[Tensor]) -> Tensor:
        lanes = max([part.shape[1] for part in parts])
        wide = [self.spread(part, lanes) for part in parts]
        return self.node("Concat", wide, (sum([x.shape[0] for x in wide]), lanes), axis=0)

    def reduced(self, op: str, x: Tensor, axis: int, keepdims: bool = False) -> Tensor:
        shape = [1 if i == axis else n for i, n in enumerate(x.shape)]
        if not keepdims:
            del shape[axis]
        return self.node(op, [x, [axis]], shape, keepdims=int(keepdims))

    # ------------------------------------------------------------------ formulas

    def formula(self, x: Term, operands: Sequence[Any]) -> Tensor:
        """An expression of tensors; the last one has all operands that EACH stands for."""
        known: dict[bytes, Tensor] = {}

        def made(x: Term) -> Tensor:
            if type(x) is not Expression:
                return self.tensor(float(x))
            if x.op in ("operand", "each"):
                return self.tensor(operands[x.args[0] if x.args else -1])
            if x.key() not in known:
                known[x.key()] = self.applied(x, made)
            return known[x.key()]

        return made(x)

    def applied(self, x: Expression, made: Callable[[Term], Tensor]) -> Tensor:
        op = SYMBOLS.get(x.op, x.op)
        if op in REDUCED and any(type(a) is Expression and a.many for a in x.args):
            return self.reduced(REDUCED[op], made(x.args[0]), 0)
        if op in COMPOSED:
            return made(COMPOSED[op](*x.args))
        if op not in WORDS and op not in ("where", "atan32", "rest"):
            return made(value(op, x.args))
        args = [made(a) for a in x.args]
        if op == "where":
            return self.operation("Where", [self.cast(args[0], "BOOL"), *args[1:]])
        if op == "atan32":
            narrow = self.node("Atan", [self.cast(args[0], "FLOAT")], args[0].shape)
            return self.cast(narrow, "DOUBLE")
        if op == "rest":  # with the sign of x, and exact
            return self.operation("Mod", args, fmod=1)
        result = self.operation(WORDS[op], args)
        return self.cast(result, "DOUBLE") if op in COMPARISONS else result

    def operation(self, op: str, args: Sequence[Tensor], **more: Any) -> Tensor:
        return self.node(op, args, np.broadcast_shapes(*[x.shape for x in args]), **more)


# ---------------------------------------------------------------- composed operations

LARGE = 700.0  # above it half an exponential may be finite where the whole is not


def _cbrt(x: Any) -> Any:
    size = abs(x)
    root = where(size == 0.0, 1.0, size ** (1.0 / 3.0))
    return TABLE["sign"](x) * (root - (root - size / (root * root)) / 3.0)


def _expm1(x: Any) -> Any:
    """(Kahan 1984)."""
    power = exp(x)
    plain = where(power == math.inf, 1.0, power < 1e-17)
    safe = where(plain, 2.0, where(power == 1.0, 2.0, power))
    exact = (power - 1.0) * x / log(safe)
    return where(power == 1.0, x, where(plain, power - 1.0, exact))


def _log1p(x: Any) -> Any:
    """(Kahan 1984)."""
    y = 1.0 + x
    exact = x / where(y == 1.0, 1.0, y - 1.0) * log(y)
    return where(y == 1.0, x, where(y == math.inf, y, exact))


def _sinh(x: Any) -> Any:
    size = abs(x)
    less, root = expm1(TABLE["minimum"](size, LARGE)), exp(0.5 * size)
    small = 0.5 * (less + less / (less + 1.0))
    return TABLE["sign"](x) * where(size > LARGE, 0.5 * root * root, small)


def _cosh(x: Any) -> Any:
    root = exp(0.5 * abs(x))
    return 0.5 * root * root + 0.5 / root / root


def _asinh(x: Any) -> Any:
    size = abs(x)
    small = log1p(size + size * (size / (1.0 + hypot(1.0, size))))
    large = log(TABLE["maximum"](size, 1.0)) + math.log(2.0)
    return TABLE["sign"](x) * where(size > 1e100, large, small)


def _acosh(x: Any) -> Any:
    return 2.0 * asinh(sqrt(0.5 * (x - 1.0)))


def _atan(x: Any) -> Any:
    """The one in 32 bits, and what is left: sin(atan(x) - y) is known exactly."""
    turned = abs(x) > 1.0
    z = where(turned, 1.0 / where(turned, x, 1.0), x)
    y = Expression("atan32", z)
    y = y + (z * cos(y) - sin(y)) / sqrt(1.0 + z * z)
    return where(turned, TABLE["sign"](x) * (0.5 * math.pi) - y, y)


def _atan2(y: Any, x: Any) -> Any:
    signs = [where(a == 0.0, Expression("div", 1.0, a), a) for a in (y, x)]  # -0.0, too
    low, left = [a < 0.0 for a in signs]
    half = where(low, -math.pi, math.pi)
    slope = where(x == 0.0, 0.5 * half, TABLE["atan"](y / where(x == 0.0, 1.0, x)))
    around = where(x < 0.0, slope + half, slope)
    return where(y == 0.0, where(left, half, y), around)


def _hypot(x: Any, y: Any) -> Any:
    sizes = abs(x), abs(y)
    top = TABLE["maximum"](*sizes)
    scale = where(top == 0.0, 1.0, where(top == math.inf, 1.0, top))
    a, b = [each / scale for each in sizes]
    return sqrt(a * a + b * b) * scale


def _mod(x: Any, y: Any) -> Any:
    rest = Expression("rest", x, y)
    return where(rest * y < 0.0, rest + y, rest)


def _erf(x: Any) -> Any:
    near = x * _polynomial(ERF_SERIES, TABLE["minimum"](x * x, 1.0))
    return where(abs(x) < 1.0, near, TABLE["sign"](x) * (1.0 - _tail(abs(x))))


def _erfc(x: Any) -> Any:
    tail = _tail(abs(x))
    return where(abs(x) < 0.5, 1.0 - _erf(x), where(x < 0.0, 2.0 - tail, tail))


def _tail(x: Any) -> Any:
    """erfc(x) for x ≥ 0.4, by `erfc_series`."""
    x = TABLE["minimum"](x, 30.0)
    series = _polynomial(erfc_series(), (x - MIDDLE) / (x + MIDDLE))
    return exp(-(x * x)) * series / (1.0 + 2.0 * x)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    total: Any = coefficients[-1]
    for each in coefficients[-2::-1]:
        total = total * x + each
    return total


COMPOSED: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "ne": lambda x, y: where(Expression("==", x, y), 0.0, 1.0),
    "refuse": lambda x, refused: Expression("where", refused, math.nan, x),
    "relu": lambda x: where(x <= 0.0, 0.0, x),
    "square": lambda x: x * x,
    "exp2": lambda x: 2.0**x,
    "log2": lambda x: log(x) / math.log(2.0),
    "log10": lambda x: log(x) / math.log(10.0),
    "trunc": lambda x: TABLE["sign"](x) * Expression("floor", abs(x)),
    "floordiv": lambda x, y: Expression("round", (x - x % y) / y),
    "copysign": lambda x, y: where(y < 0.0, -abs(x), abs(x)),
    "tan": lambda x: sin(x) / cos(x),
    "asin": lambda x: TABLE["atan"](x / sqrt((1.0 - x) * (1.0 + x))),
    "acos": lambda x: 2.0 * TABLE["atan"](sqrt((1.0 - x) / (1.0 + x))),
    "atanh": lambda x: TABLE["sign"](x) * 0.5 * log1p(2.0 * abs(x) / (1.0 - abs(x))),
}
_COMPOSED = _cbrt, _expm1, _log1p, _sinh, _cosh, _asinh, _acosh, _atan, _atan2, _hypot
COMPOSED |= {f.__name__[1:]: f for f in (*_COMPOSED, _mod, _erf, _erfc)}

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
    coefficients = chebyshev.cheb2poly(chebyshev.chebinterpolate(np.vectorize(scaled), 22))
    return [float(x) for x in coefficients]


# ---------------------------------------------------------------- blocks


class _Blocks:
    """The values of blocks as tensors: an array has a row a row and a column a lane."""

    def __init__(self, graph: Graph, blocks: Blocks, inputs: dict[str, Tensor]) -> None:
        self.graph, self.ops, self.inputs = graph, blocks.ops, inputs
        self.tensors: list[Any] = []
        users = blocks.users()
        for v, op in enumerate(blocks.ops):
            xs = [self.tensors[a] for a in op.operands]
            self.tensors.append(getattr(self, op.kind)(op, xs) if users[v] else None)

    def input(self, op: Op, xs: list[Tensor]) -> Tensor:
        return self.inputs[op.what]

    def const(self, op: Op, xs: list[Tensor]) -> Tensor:
        return self.graph.tensor(np.array(op.what, float).reshape(-1, 1))

    def pick(self, op: Op, xs: list[Tensor]) -> Tensor:
        return self.graph.rows(self.graph.stacked(xs) if len(xs) > 1 else xs[0], op.what)

    def map(self, op: Op, xs: list[Tensor]) -> Tensor:
        graph = self.graph
        tiled = [
            x if x.shape[0] in (1, op.rows) else graph.stacked([x] * (op.rows // x.shape[0]))
            for x in xs
        ]
        result = graph.formula(op.what, tiled)  # it may depend on none of them
        return (
            result
            if result.shape
            else graph.node("Expand", [result, [op.rows, 1]], (op.rows, 1))
        )

    def matmul(self, op: Op, xs: list[Tensor]) -> Tensor:
        graph, (w, x, *bias) = self.graph, xs
        weights = graph.reshape(w, op.rows, op.width)
        product = graph.node("MatMul", [weights, x], (op.rows, x.shape[1]))
        return graph.operation("Add", [product, *bias]) if bias else product

    def reduce(self, op: Op, xs: list[Tensor]) -> Tensor:
        graph = self.graph
        cubes = [graph.reshape(x, op.width, op.rows, -1) for x in xs[op.what == "dot" :]]
        if op.what == "dot":
            product = graph.operation("Mul", cubes)
            return graph.operation("Add", [xs[0], graph.reduced("ReduceSum", product, 0)])
        if op.what == "logsumexp":
            return graph.formula(formula("logsumexp"), cubes)
        return graph.reduced(REDUCED[op.what], cubes[0], 0)

    def sum_lanes(self, op: Op, xs: list[Tensor]) -> Tensor:
        return self.graph.reduced("ReduceSum", xs[0], 1, keepdims=True)

    def to_lanes(self, op: Op, xs: list[Tensor]) -> Tensor:
        return self.graph.reshape(xs[0], op.rows, -1)

    from_lanes = to_lanes


# ---------------------------------------------------------------- the model


def write(program: Program, path: str | os.PathLike[str]) -> None:
    """See `Program.onnx`."""
    try:
        onnx: Any = import_module("onnx")
    except ImportError as error:
        message = "program.onnx() needs ONNX: pip install 'scalar-autograd[onnx]'"
        raise ImportError(message) from error
    graph = Graph(onnx)
    inputs, value = _traced(graph, program)
    double = onnx.TensorProto.DOUBLE

    def info(name: str, tensor: Tensor) -> Any:
        shape = ["samples" if n == SAMPLES else n for n in tensor.shape]
        return onnx.helper.make_tensor_value_info(name, double, shape)

    graph.nodes.append(onnx.helper.make_node("Identity", [value.name], ["value"]))
    made = onnx.helper.make_graph(
        graph.nodes,
        "program",
        [info(tensor.name, tensor) for tensor in inputs],
        [info("value", value)],
        [*graph.constants.values()],
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
    sides: dict[bool, list[Any]] = {False: [], True: []}
    start = 0
    for size, axis in zip([form.size for form in trace.forms], trace.axes):
        label = trace.inputs[start][0] if size else f"empty{len(inputs)}"
        start += size
        name = label.removesuffix("0") if size > 1 else label
        tensor = Tensor(name, (size,) if axis is None else (SAMPLES, size))
        inputs.append(tensor)
        column = graph.reshape(tensor, -1, 1) if axis is None else graph.transposed(tensor)
        sides[axis is not None].append(column)
    closed = np.array([value.data for value in trace.closed]).reshape(-1, 1)
    u = graph.stacked([*sides[False], graph.tensor(closed)])
    x: Any = graph.tensor(np.zeros((0, 1)))
    if sides[True]:
        graph.samples = x = graph.stacked(sides[True])
    parts = {name: graph.rows(x if lanes else u, rows) for name, lanes, rows in it.places()}
    tensors = _Blocks(graph, it, parts).tensors
    out = tensors[it.results["out"]]
    if "checks" in it.results:
        follows = Expression("eq", operand(0), operand(1))
        each = graph.formula(follows, [tensors[it.results["checks"]], program.answers])
        every = graph.reduced("ReduceMin", each, 0, keepdims=True)
        out = graph.formula(where(operand(0), operand(1), math.nan), [every, out])
    if sides[True]:
        out = graph.spread(out, SAMPLES)
        if trace.reduce is not None:
            out = graph.reduced(f"Reduce{trace.reduce.capitalize()}", out, 1, keepdims=True)
    if trace.form is NUMBER:
        return inputs, graph.reshape(out, *(() if out.shape[1] == 1 else (SAMPLES,)))
    return inputs, graph.transposed(out)
