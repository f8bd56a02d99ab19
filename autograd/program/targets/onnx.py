"""To ONNX: what a program computes as a model in 64 bits, kind by kind.

`Program.onnx` calls this. Operations are those of ONNX that its runtime has in 64 bits, and
those that rules of the table write with these, as that of sigmoid. Others are refused by name.
A block is a tensor with a row a row and a column a lane, or one column for all.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.core.primitive import TABLE
from autograd.files import write_atomically
from autograd.program.ir.arrays import np
from autograd.program.ir.program import BlockProgram, Op
from autograd.rules.expression import COMPARISONS, SYMBOLS, Expression, Term, where
from autograd.rules.reader import value
from autograd.trees import NUMBER

if TYPE_CHECKING:
    from autograd.program.program import Program

__all__ = ["write"]

OPSET, IR_VERSION = 18, 9
SAMPLES = 2**31 - 1  # stands for their number in shapes; a prime, so that products keep it

OPERATORS = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "pow": "Pow",
    "neg": "Neg",
    "abs": "Abs",
    "detach": "Identity",
    "sign": "Sign",
    "reciprocal": "Reciprocal",
    "sqrt": "Sqrt",
    "exp": "Exp",
    "log": "Log",
    "sin": "Sin",
    "cos": "Cos",
    "tanh": "Tanh",
    "relu": "Relu",
    "softplus": "Softplus",
    "floor": "Floor",
    "ceil": "Ceil",
    "round": "Round",
    "maximum": "Max",
    "minimum": "Min",
    "lt": "Less",
    "le": "LessOrEqual",
    "gt": "Greater",
    "ge": "GreaterOrEqual",
    "eq": "Equal",
}


def _copysign(x: Any, y: Any) -> Term:
    signed = where(y == 0.0, Expression("div", 1.0, y), y)  # of -0.0: -inf
    return where(signed < 0.0, -abs(x), abs(x))


COMPOSED: dict[str, Callable[..., Term]] = {
    "identity": lambda x: x,
    "square": lambda x: x * x,
    "exp2": lambda x: 2.0**x,
    "log2": lambda x: Expression("log", x) / math.log(2.0),
    "log10": lambda x: Expression("log", x) / math.log(10.0),
    "tan": lambda x: Expression("sin", x) / Expression("cos", x),
    "trunc": lambda x: Expression("sign", x) * Expression("floor", abs(x)),
    "ne": lambda x, y: 1.0 - Expression("==", x, y),
    "copysign": _copysign,
    "refuse": lambda x, refused: Expression("where", refused, math.nan, x),
}
REDUCTIONS = {
    "sum": "ReduceSum",
    "maximum": "ReduceMax",
    "minimum": "ReduceMin",
    "logsumexp": "ReduceLogSumExp",
}


class Tensor(NamedTuple):
    """A result in a model under construction."""

    name: str
    shape: tuple[int, ...]


Operand = Tensor | Any  # or numbers


class Model:
    """The nodes of a model under construction.

    Attributes:
        samples: a tensor with as many columns as there are samples, if there are any.
    """

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: dict[Any, Any] = {}
        self.samples: Tensor | None = None

    def node(
        self, op: str, operands: Sequence[Operand], shape: Sequence[int], **attributes: Any
    ) -> Tensor:
        """Append a node; return its result."""
        names = [self.tensor(x).name for x in operands]
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(op, names, [name], **attributes))
        return Tensor(name, tuple(shape))

    def tensor(self, x: Operand) -> Tensor:
        """Return numbers as a constant, and a tensor as it is."""
        if isinstance(x, Tensor):
            return x
        array = np.asarray(x)
        array = array.astype(np.int64 if array.dtype.kind == "i" else float)
        key = array.dtype.kind, array.shape, array.tobytes()
        if key not in self.constants:
            name = f"constant_{len(self.constants)}"
            self.constants[key] = self.onnx.numpy_helper.from_array(array, name)
        return Tensor(self.constants[key].name, array.shape)

    # ------------------------------------------------------------------ shapes

    def reshape(self, x: Tensor, *sizes: int) -> Tensor:
        """Return x in another shape; one size may be -1, which is what remains."""
        remaining = math.prod(x.shape) // math.prod([n for n in sizes if n != -1])
        shape = [remaining if n == -1 else n for n in sizes]
        target = np.array([-1 if n >= SAMPLES else n for n in shape], int)
        return self.node("Reshape", [x, target], shape)

    def transpose(self, x: Tensor) -> Tensor:
        return self.node("Transpose", [x], x.shape[::-1], perm=[1, 0])

    def rows(self, x: Tensor, rows: Any) -> Tensor:
        """Return some rows of x."""
        shape = len(rows), *x.shape[1:]
        if type(rows) is range and rows:
            start, end, axis = [rows[0]], [rows[-1] + 1], [0]
            return self.node("Slice", [x, start, end, axis, [rows.step]], shape)
        return self.node("Gather", [x, np.asarray(rows, int)], shape, axis=0)

    def expand(self, x: Tensor, lanes: int) -> Tensor:
        """Return x with so many columns, where it has one column for all."""
        if x.shape[1] == lanes:
            return x
        target: Operand = [1, lanes]
        if lanes == SAMPLES:
            assert self.samples is not None
            target = self.node("Shape", [self.rows(self.samples, range(1))], (2,))
        return self.node("Expand", [x, target], (x.shape[0], lanes))

    def stack(self, parts: Sequence[Tensor]) -> Tensor:
        """Return tensors below each other."""
        lanes = max([part.shape[1] for part in parts])
        wide = [self.expand(part, lanes) for part in parts]
        return self.node("Concat", wide, (sum([x.shape[0] for x in wide]), lanes), axis=0)

    # ------------------------------------------------------------------ operations

    def elementwise(self, op: str, operands: Sequence[Operand]) -> Tensor:
        """Apply an operator to each number of its operands."""
        tensors = [self.tensor(x) for x in operands]
        shape = np.broadcast_shapes(*[x.shape for x in tensors])
        return self.node(op, tensors, shape)

    def reduce(self, op: str, x: Tensor, axis: int) -> Tensor:
        """Reduce an axis, which is left out."""
        shape = x.shape[:axis] + x.shape[axis + 1 :]
        return self.node(op, [x, [axis]], shape, keepdims=0)

    def cast(self, x: Tensor, kind: str) -> Tensor:
        return self.node("Cast", [x], x.shape, to=getattr(self.onnx.TensorProto, kind))

    def formula(self, x: Term, operands: Sequence[Tensor]) -> Tensor:
        """Compute a formula of operands; what occurs in it again is computed once.

        Raises:
            NotImplementedError: ONNX lacks an operation.
        """
        known: dict[bytes, Tensor] = {}

        def compute(x: Term) -> Tensor:
            if type(x) is not Expression:
                return self.tensor(float(x))
            if x.op == "operand":
                return operands[int(x.args[0])]
            if x.key() not in known:
                known[x.key()] = self.operation(x, compute)
            return known[x.key()]

        return compute(x)

    def operation(self, x: Expression, compute: Callable[[Term], Tensor]) -> Tensor:
        """Compute an operation, by an operator of ONNX if there is one."""
        op = SYMBOLS.get(x.op, x.op)
        if op == "where":
            condition, *branches = [compute(a) for a in x.args]
            return self.elementwise("Where", [self.cast(condition, "BOOL"), *branches])
        if op in COMPOSED:
            return compute(COMPOSED[op](*x.args))
        if op not in OPERATORS:
            return compute(_rule(op, x.args))
        result = self.elementwise(OPERATORS[op], [compute(a) for a in x.args])
        return self.cast(result, "DOUBLE") if op in COMPARISONS else result


def _rule(op: str, args: Sequence[Term]) -> Term:
    """Return an operation as its rule in the table writes it.

    Raises:
        NotImplementedError: the rule is for floats only, or is a function of C.
    """
    rule = value(op, args) if op in TABLE else Expression(op)
    if type(rule) is Expression and rule.op == op:
        raise NotImplementedError(_lacks(op))
    return rule


def _lacks(op: str) -> str:
    return f"program.onnx(): ONNX has no {op} in 64 bits; source() and jax() write it"


# ---------------------------------------------------------------- kinds


def _const(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    return model.tensor(np.array(op.param, float).reshape(-1, 1))


def _pick(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    source = operands[0] if len(operands) == 1 else model.stack(operands)
    return model.rows(source, op.param)


def _map(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    tiled = [_tile(model, x, op.rows) for x in operands]
    result = model.formula(op.param, tiled)
    if not result.shape:  # it depends on none of them
        return model.node("Expand", [result, [op.rows, 1]], (op.rows, 1))
    return result


def _tile(model: Model, x: Tensor, rows: int) -> Tensor:
    """Repeat the rows of x until they are so many; ONNX itself repeats a single one."""
    if x.shape[0] in (1, rows):
        return x
    return model.stack([x] * (rows // x.shape[0]))


def _matmul(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    weights, x, *bias = operands
    matrix = model.reshape(weights, op.rows, x.shape[0])
    product = model.node("MatMul", [matrix, x], (op.rows, x.shape[1]))
    return model.elementwise("Add", [product, *bias]) if bias else product


def _reduce(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    if op.param == "dot":
        bias, *sides = operands
        cubes = [_cube(model, op, side) for side in sides]
        product = model.elementwise("Mul", cubes)
        return model.elementwise("Add", [bias, model.reduce("ReduceSum", product, 0)])
    if op.param not in REDUCTIONS:
        raise NotImplementedError(_lacks(op.param))
    return model.reduce(REDUCTIONS[op.param], _cube(model, op, operands[0]), 0)


def _cube(model: Model, op: Op, x: Tensor) -> Tensor:
    """The operands of a reduction, of shape (operands, rows, columns)."""
    return model.reshape(x, x.shape[0] // op.rows, op.rows, -1)


def _sum_lanes(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    return model.reshape(model.reduce("ReduceSum", operands[0], 1), op.rows, 1)


def _lay_out(model: Model, op: Op, operands: Sequence[Tensor]) -> Tensor:
    return model.reshape(operands[0], op.rows, -1)


KINDS: dict[str, Callable[[Model, Op, Sequence[Tensor]], Tensor]] = {
    "const": _const,
    "pick": _pick,
    "map": _map,
    "matmul": _matmul,
    "reduce": _reduce,
    "sum_lanes": _sum_lanes,
    "to_lanes": _lay_out,
    "from_lanes": _lay_out,
}


def _compute(
    model: Model, blocks: BlockProgram, inputs: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return the results of blocks, by their names, from the inputs by theirs."""
    tensors: dict[int, Tensor] = {}
    users = blocks.users()
    for place, op in enumerate(blocks.ops):
        if op.kind == "input":
            tensors[place] = inputs[op.param]
        elif users[place]:
            operands = [tensors[a] for a in op.args]
            tensors[place] = KINDS[op.kind](model, op, operands)
    return {name: tensors[place] for name, place in blocks.results.items()}


# ---------------------------------------------------------------- the model


def write(program: Program, path: str | os.PathLike[str]) -> None:
    """See `Program.onnx`."""
    try:
        onnx: Any = import_module("onnx")
    except ImportError as error:
        message = "program.onnx() needs ONNX: pip install 'scalar-autograd[onnx]'"
        raise ImportError(message) from error
    model = Model(onnx)
    inputs = _model_inputs(program)
    outputs = _mask_other_traces(model, program, _outputs(model, program, inputs))
    result = _shape_result(model, program, outputs)
    model.nodes.append(onnx.helper.make_node("Identity", [result.name], ["value"]))
    graph = onnx.helper.make_graph(
        model.nodes,
        "program",
        [_describe(onnx, tensor.name, tensor) for tensor in inputs],
        [_describe(onnx, "value", result)],
        [*model.constants.values()],
    )
    made = onnx.helper.make_model(
        graph,
        producer_name="scalar-autograd",
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(made, full_check=True)
    write_atomically(Path(path), made.SerializeToString())


def _describe(onnx: Any, name: str, tensor: Tensor) -> Any:
    shape = ["samples" if n == SAMPLES else n for n in tensor.shape]
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, shape)


def _model_inputs(program: Program) -> list[Tensor]:
    """Return a tensor for each argument: its numbers in a row, or a row a sample."""
    trace = program.trace
    tensors: list[Tensor] = []
    start = 0
    for form, axis in zip(trace.forms, trace.axes):
        name = trace.inputs[start][0] if form.size else f"empty{len(tensors)}"
        if form.size > 1:  # numbers are called x0, x1, …
            name = name.removesuffix("0")
        shape = (form.size,) if axis is None else (SAMPLES, form.size)
        tensors.append(Tensor(name, shape))
        start += form.size
    return tensors


def _outputs(model: Model, program: Program, inputs: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return the results of the program's blocks, from those tensors."""
    closed = np.array([leaf.data for leaf in program.trace.closed]).reshape(-1, 1)
    uniform = [model.reshape(x, -1, 1) for x in inputs if len(x.shape) == 1]
    varying = [model.transpose(x) for x in inputs if len(x.shape) == 2]
    u = model.stack([*uniform, model.tensor(closed)])
    x = model.stack(varying) if varying else model.tensor(np.zeros((0, 1)))
    if varying:
        model.samples = x
    blocks = program.blocks
    parts: dict[str, Tensor] = {}
    for name, varies, rows in blocks.places():
        parts[name] = model.rows(x if varies else u, rows)
    return _compute(model, blocks, parts)


def _mask_other_traces(model: Model, program: Program, results: dict[str, Tensor]) -> Tensor:
    """Return the outputs, with NaN where a guard is not as it was recorded."""
    outputs = results["out"]
    if "checks" not in results:
        return outputs
    as_recorded = model.elementwise("Equal", [results["checks"], program.answers])
    each = model.cast(as_recorded, "DOUBLE")
    every = model.reshape(model.reduce("ReduceMin", each, 0), 1, -1)
    return model.elementwise("Where", [model.cast(every, "BOOL"), outputs, math.nan])


def _shape_result(model: Model, program: Program, outputs: Tensor) -> Tensor:
    """Return the outputs as the compiled function gives them: a row a sample, or reduced."""
    trace = program.trace
    if model.samples is not None:
        outputs = model.expand(outputs, SAMPLES)
    if model.samples is not None and trace.reduce is not None:
        reduced = model.reduce(f"Reduce{trace.reduce.capitalize()}", outputs, 1)
        outputs = model.reshape(reduced, -1, 1)
    if trace.form is not NUMBER:
        return model.transpose(outputs)
    return model.reshape(outputs, *(() if outputs.shape[1] == 1 else (SAMPLES,)))
