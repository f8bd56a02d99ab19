"""To the kernel: a program as instructions, which the kernel runs over blocks of lanes.

Instructions run in phases, in turn of what is uniform and of lanes. A phase needs nothing of a
later one: so what is uniform is computed once, and a block of lanes goes through all of a phase
while it is in the cache.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from autograd.program.ir.program import SOURCES, BlockProgram, Op, operand
from autograd.program.targets.disassembly import disassemble
from autograd.program.targets.instructions import ADDS, LANES, PARTS, WORDS, Instructions, Rows
from autograd.program.targets.placement import Copy, Placement, steps_of
from autograd.program.targets.scalar_code import ScalarCode

__all__ = ["KernelCode"]

NO_ROW = -1


class KernelCode:
    """A program for the kernel.

    Args:
        blocks: results are "out", "checks" and the adjoints "d_" and an input.
        module: the kernel's.

    Raises:
        NotImplementedError: the rule of an operation is not generic.

    Attributes:
        program: the kernel's. Its `runner(lanes, u, x, seed, out, d_u, d_x, answers, threads)`
            reads and writes the same C-contiguous arrays of floats again and again: `u` is all
            that is uniform, `x` a tuple of arrays, with any strides, that have a row an input
            of the lanes, `seed` a row an output, or one number if it is the same in all lanes,
            `answers` what the guards should give. The results are put into `out`, which has a
            row for each output and guard, and a column a lane (one, if none of them varies),
            `d_u` and `d_x`. `seed`, `d_u`, `d_x` and `answers` may be None. Its `run(x)` gives
            the status (see `runner`).
        start: all that the kernel's `u` holds before a run; the inputs come first.
        gradient: the row of it at which the gradient in the inputs begins.
    """

    def __init__(self, blocks: BlockProgram, module: Any) -> None:
        self.blocks, self.ops = blocks, blocks.ops
        self.places = Placement(blocks)
        self.code = Instructions(module, self.places.sizes, self.places.mask)
        self.scalar_code = ScalarCode(self.code)
        self.start, self.gradient = self.code.start, self.places.gradient or 0
        self.set_constants()
        self.write()
        self.program = self.make_program(module)

    def set_constants(self) -> None:
        """Let constants be in their rows from the start."""
        for v, op in enumerate(self.ops):
            rows = self.places.rows[v]
            if op.kind == "const" and rows:
                self.start[rows[0] : rows[0] + op.rows] = array("d", op.param)

    def __str__(self) -> str:
        return disassemble(self.code)

    # ------------------------------------------------------------------ phases

    def write(self) -> None:
        """Write all instructions, phase after phase. A phase goes forward, and then back."""
        code, seed = self.code, self.places.seed
        operations, copies = self.schedule()
        has_lanes = self.places.lane_gradient is not None
        has_lanes |= self.blocks.varies([*self.blocks.results.values()])
        last = max([int(has_lanes), *operations, *copies])
        code.phases = [array("i") for _ in range(last + 1)]
        for phase in range(last + 1):
            code.phase = phase
            for v in operations[phase]:
                if v < seed:
                    self.write_operation(v)
            if code.phases[phase]:
                code.emit("check", 0)
            for v in operations[phase]:
                if v >= seed:
                    self.write_operation(v)
            for copy in copies[phase]:
                code.release_spare()
                code.compute(operand(0), [self.places.rows[copy.value]], copy.target, adds=True)

    def schedule(self) -> tuple[dict[int, list[int]], dict[int, list[Copy]]]:
        """The values that each phase computes, and the derivatives that it copies.

        Phases of even numbers compute what is uniform, those of odd numbers what has lanes. A
        sum over lanes is computed among the lanes, and can be read in the next phase.
        """
        operations: dict[int, list[int]] = defaultdict(list)
        copies: dict[int, list[Copy]] = defaultdict(list)
        readable = [0] * len(self.ops)  # from which phase on
        for v, op in enumerate(self.ops):
            if not self.places.users[v]:
                continue
            phase = max([readable[a] for a in op.args], default=0)
            if op.kind in SOURCES and v not in self.places.packed:
                readable[v] = phase
                continue
            is_lane_work = op.lanes or self.blocks.varies(op.args)
            if phase % 2 != is_lane_work:
                phase += 1
            operations[phase].append(v)
            readable[v] = phase + 1 if is_lane_work and not op.lanes else phase
        for copy in self.places.copies:
            phase = readable[copy.value]
            is_lane_work = copy.target[0] >= LANES
            copies[phase if phase % 2 == is_lane_work else phase + 1].append(copy)
        return operations, copies

    def write_operation(self, v: int) -> None:
        """Write the instructions for a value."""
        code, places = self.code, self.places
        code.release_spare()
        if v in places.packed:
            code.compute(operand(0), [places.packed[v]], places.rows[v])
            return
        target = places.term_rows.get(v, places.rows[v])
        WRITE[self.ops[v].kind](self, v, self.ops[v], target, v in places.term_rows)

    def make_program(self, module: Any) -> Any:
        """The kernel's program."""
        code, places = self.code, self.places
        words, phases = array("i", code.inner), array("i")
        for phase, instructions in enumerate(code.phases):
            begin = len(words) // WORDS
            words += instructions
            phases.extend((phase % 2, begin, len(words) // WORDS))
        code.start.extend([0.0] * PARTS)  # vectors may touch them
        seed = Op("input", 0, False)
        if places.seed < len(self.ops):
            seed = self.ops[places.seed]
        seed_row = places.rows[places.seed][0] % LANES if seed.rows else 0
        sizes = (*places.inputs, len(code.start), code.sizes[1], code.sizes[0])
        gradients = (self.gradient, (places.lane_gradient or 0) % LANES)
        numbers = (*sizes, seed.rows, seed.lanes, seed_row, *gradients, self.blocks.lanes or 0)
        roots = array("i", self.root_rows())
        return module.Program(words, code.lists, phases, roots, (*numbers, *places.sums))

    def root_rows(self) -> list[int]:
        """The rows of the outputs and then of the guards."""
        results = self.blocks.results
        names = [name for name in ("out", "checks") if name in results]
        return [row for name in names for row in self.places.rows[results[name]]]


# ---------------------------------------------------------------- a writer for each kind


def _write_map(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    lower.code.compute(op.param, [lower.places.rows[a] for a in op.args], target, adds)


def _write_add_at(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    """Add the terms that have rows of their own; the others were added when computed."""
    places = lower.places
    for term, rows in zip(op.args, op.param):
        if term not in places.term_rows:
            added_to = places.rows_at(v, rows)
            lower.code.compute(operand(0), [places.rows[term]], added_to, adds=True)


def _write_matmul(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    rows = lower.places.rows
    w, x, *biases = op.args
    bias = rows[biases[0]] if biases else [NO_ROW]
    bias_step = bias[1] - bias[0] if len(bias) > 1 else 0
    height, width = op.rows, lower.ops[x].rows
    down, across = steps_of(rows[w], height, width) or (width, 1)
    operands = rows[w][0], rows[x][0], bias[0]
    flags = ADDS if adds else 0
    steps = (down, across, bias_step)
    lower.code.emit("matmul", target[0], operands, height, flags, width, steps)


def _write_outer(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    d, x = [lower.places.rows[a][0] for a in op.args]
    _add_products(lower, target, d, x, *lower.places.shape(op))


def _write_sum_lanes(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    """Add up the products with the mask, which is 1 in all lanes."""
    rows = lower.places.rows[op.args[0]]
    _add_products(lower, target, rows[0], lower.places.mask, op.rows, 1)


def _add_products(
    lower: KernelCode, target: Rows, d: int, x: int, height: int, width: int
) -> None:
    """Add the products of the rows from d on and from x on, summed over the lanes."""
    down, across = steps_of(target, height, width) or (width, 1)
    lower.code.emit("outer", target[0], (d, x), height, k=width, steps=(down, across, 0))


def _write_to_lanes(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    code, places = lower.code, lower.places
    listed = code.list_rows(places.rows[op.args[0]])
    code.emit("gather", target[0], (), op.rows, k=listed)
    if v > places.seed:  # adjoints are 0 where there is no lane
        code.apply("mul", target, target, [places.mask])


def _write_from_lanes(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    code, [a] = lower.code, op.args
    lanes = lower.places.rows[a][:1]
    code.emit("scatter_add", 0, lanes, lower.ops[a].rows, k=code.list_rows(target))


def _write_reduce(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    code, places = lower.code, lower.places
    width = lower.ops[op.args[-1]].rows // op.rows
    rows: list[int] = []
    for slot, a in enumerate(op.args):
        is_bias = op.param == "dot" and slot == 0
        count = op.rows if is_bias else op.rows * width
        rows += [*places.rows[a]] * (count // len(places.rows[a]))
    if op.param not in ("sum", "dot", "logsumexp"):
        _write_pairs(lower, op, target, rows)
        return
    partials = NO_ROW
    if op.param == "logsumexp":
        softmax = lower.blocks.softmax_if_there(v)
        softmax_rows = places.rows[softmax] if softmax is not None else ()
        partials = (softmax_rows or code.spare(op.rows * width))[0]
    listed, operands = code.list_rows(rows), (0, partials)
    code.emit(f"wide_{op.param}", target[0], operands, op.rows, k=width, more=listed)


def _write_pairs(lower: KernelCode, op: Op, target: Rows, rows: Rows) -> None:
    """Write an operation of many operands as operations of two."""
    code, count = lower.code, op.rows
    code.apply("abs" if op.param == "hypot" else "copy", target, rows[:count])
    for i in range(count, len(rows), count):
        code.apply(op.param, target, target, rows[i : i + count])


def _write_softmax(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    """Write nothing: the logsumexp has written its partials on its way."""


def _write_scalars(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    reads = lower.places.rows[op.args[0]]
    first = target[0] - len(reads)
    if reads:
        lower.code.compute(operand(0), [reads], range(first, target[0]))
    lower.scalar_code.write_values(op.param, first, target[0])


def _write_scalars_vjp(lower: KernelCode, v: int, op: Op, target: Rows, adds: bool) -> None:
    rows = lower.places.rows
    reads, results, d = op.args
    first = rows[results][0] - len(rows[reads])
    adjoints = target[0] + len(target)
    if rows[d][0] != adjoints:
        copied = range(adjoints, adjoints + len(rows[results]))
        lower.code.compute(operand(0), [rows[d]], copied)
    lower.scalar_code.write_adjoints(op.param, first, rows[results][0], target[0])


WRITE: dict[str, Callable[[KernelCode, int, Op, Rows, bool], None]] = {
    "map": _write_map,
    "matmul": _write_matmul,
    "reduce": _write_reduce,
    "softmax": _write_softmax,
    "scalars": _write_scalars,
    "scalars_vjp": _write_scalars_vjp,
    "outer": _write_outer,
    "sum_lanes": _write_sum_lanes,
    "to_lanes": _write_to_lanes,
    "from_lanes": _write_from_lanes,
    "add_at": _write_add_at,
}
