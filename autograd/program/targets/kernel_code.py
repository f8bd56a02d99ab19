"""Kernel code: blocks as a program of the kernel, which runs it over blocks of lanes.

Operations run in phases, in turn of what is uniform and of lanes. A phase needs nothing of a
later one: so what is uniform is computed once, and a block of lanes goes through all of a phase
while it is in the cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from autograd.program.ir.program import SOURCES, BlockProgram, Op, operand
from autograd.program.targets.instructions import ADDS, LANES, PARTS, WORDS, Instructions, Rows
from autograd.program.targets.placement import Placement, steps
from autograd.program.targets.scalar_code import ScalarCode

__all__ = ["KernelCode"]


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
        slopes: the row of it at which the gradient in the inputs begins.
    """

    def __init__(self, blocks: BlockProgram, module: Any) -> None:
        self.it, self.ops = blocks, blocks.ops
        self.at = at = Placement(blocks)
        self.to = to = Instructions(module, at.sizes, at.mask)
        self.scalar_code = ScalarCode(to)
        self.start, self.slopes = to.start, at.slopes or 0
        for v, op in enumerate(self.ops):
            if op.kind == "const" and at.rows[v]:
                to.start[at.rows[v][0] : at.rows[v][0] + op.rows] = array("d", op.param)
        self.write()
        self.program = self.finished(module)

    # ------------------------------------------------------------------ phases

    def write(self) -> None:
        """All operations, each in its phase."""
        to, at = self.to, self.at
        order = sorted(self.ordered())
        lanes = at.lane_slopes is not None
        lanes |= any(self.ops[v].lanes for v in self.it.results.values())
        count = 1 + max([lanes, *[phase for phase, _, _ in order]])
        to.code = [array("i") for _ in range(count)]
        before = (0, 0)
        for phase, reverse, v in [*order, (count, 0, 0)]:
            if not before[1] and (phase, reverse) != before and to.code[before[0]]:
                to.phase = before[0]
                to.emit("check", 0)
            before = phase, reverse
            if phase < count:
                to.phase, to.top = phase, [0, 0]
                self.operation(v)

    def ordered(self) -> Iterator[tuple[int, int, int]]:
        """The phase of each operation, whether it is of the reverse sweep, and its value."""
        at, ops = self.at, self.ops
        earliest = [0] * len(ops)
        for v, op in enumerate(ops):
            if not at.users[v]:
                continue
            phase = max([earliest[a] for a in op.args], default=0)
            if op.kind in SOURCES and v not in at.packed:
                earliest[v] = phase
                continue
            lanes = op.lanes or self.it.varies(op.args)
            phase += phase % 2 != lanes
            earliest[v] = phase + (lanes and not op.lanes)
            yield phase, v >= at.seed, v
        for i, (d, place) in enumerate(at.results):
            phase = earliest[d] + (earliest[d] % 2 != (place[0] >= LANES))
            yield phase, 1, len(ops) + i

    def operation(self, v: int) -> None:
        at, to = self.at, self.to
        if v >= len(self.ops):
            d, place = at.results[v - len(self.ops)]
            to.put(operand(0), [at.rows[d]], place, True)
        elif v in at.packed:
            to.put(operand(0), [at.packed[v]], at.rows[v])
        else:
            target = at.place.get(v, at.rows[v])
            getattr(self, self.ops[v].kind)(v, self.ops[v], target, v in at.place)

    def finished(self, module: Any) -> Any:
        """The kernel's program."""
        at, to, results = self.at, self.to, self.it.results
        code, phases = array("i", to.inner), array("i")
        for phase, words in enumerate(to.code):
            begin = len(code) // WORDS
            code += words
            phases.extend((phase % 2, begin, len(code) // WORDS))
        to.start.extend([0.0] * PARTS)  # vectors may touch them
        out = [
            row
            for name in ("out", "checks")
            if name in results
            for row in at.rows[results[name]]
        ]
        seed = self.ops[at.seed] if at.seed < len(self.ops) else Op("input", 0, False)
        first = at.rows[at.seed][0] % LANES if seed.rows else 0
        sizes = (*at.inputs, len(to.start), to.sizes[1], to.sizes[0])
        seeds = (seed.rows, seed.lanes, first)
        slopes = (self.slopes, (at.lane_slopes or 0) % LANES, self.it.lanes or 0)
        numbers = (*sizes, *seeds, *slopes, *at.added)
        return module.Program(code, to.lists, phases, array("i", out), numbers)

    # ------------------------------------------------------------------ a method for each kind

    def map(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        self.to.put(op.param, [self.at.rows[a] for a in op.args], target, adds)

    def add_at(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        for term, rows in zip(op.args, op.param):
            if term not in self.at.place:
                self.to.put(operand(0), [self.at.rows[term]], self.at.part(v, rows), True)

    def matmul(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at = self.at
        w, x, *bias = op.args
        m, k = op.rows, self.ops[x].rows
        b: Rows = at.rows[bias[0]] if bias else [-1]
        step = b[1] - b[0] if len(b) > 1 else 0
        down, across = steps(at.rows[w], m, k) or (k, 1)
        operands = at.rows[w][0], at.rows[x][0], b[0]
        self.to.emit("matmul", target[0], operands, m, ADDS * adds, k, (down, across, step))

    def outer(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at = self.at
        d, x = [at.rows[a][0] for a in op.args]
        self.sum_products(target, d, x, *at.shape(op))

    def sum_lanes(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        self.sum_products(target, self.at.rows[op.args[0]][0], self.to.mask, op.rows, 1)

    def sum_products(self, target: Rows, d: int, x: int, m: int, k: int) -> None:
        """Add products of m rows from d and k rows from x on, summed over the lanes."""
        sizes = (*(steps(target, m, k) or (k, 1)), 0)
        self.to.emit("outer", target[0], (d, x), m, k=k, steps=sizes)

    def to_lanes(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        listed = self.to.listed(self.at.rows[op.args[0]])
        self.to.emit("gather", target[0], (), op.rows, k=listed)
        if v > self.at.seed:  # adjoints are 0 where there is no lane
            self.to.apply("mul", target, target, [self.to.mask])

    def from_lanes(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        to, [a] = self.to, op.args
        to.emit("scatter_add", 0, self.at.rows[a][:1], self.ops[a].rows, k=to.listed(target))

    # ------------------------------------------------------------------ wide operations

    def reduce(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at, to, n = self.at, self.to, op.rows
        k = self.ops[op.args[-1]].rows // n
        rows: list[int] = []
        for place, a in enumerate(op.args):
            count = n if op.param == "dot" and not place else n * k
            rows += [*at.rows[a]] * (count // len(at.rows[a]))
        if op.param not in ("sum", "dot", "logsumexp"):
            to.apply("abs" if op.param == "hypot" else "copy", target, rows[:n])
            for i in range(n, len(rows), n):
                to.apply(op.param, target, target, rows[i : i + n])
            return
        partials: Rows = ()
        if op.param == "logsumexp":
            slopes = self.it.softmax_if_there(v)
            partials = (at.rows[slopes] if slopes else ()) or to.spare(n * k)
        listed = to.listed(rows)
        to.emit(
            f"wide_{op.param}",
            target[0],
            (0, partials[0] if partials else -1),
            n,
            0,
            k,
            more=listed,
        )

    def softmax(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        """Write nothing: the reduce has written them on its way."""

    # ------------------------------------------------------------------ scalars

    def scalars(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        reads = self.at.rows[op.args[0]]
        first = target[0] - len(reads)
        if reads:
            self.to.put(operand(0), [reads], range(first, target[0]))
        self.scalar_code.forward(op.param, first, target[0])

    def scalars_vjp(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at, (reads, out, d) = self.at, op.args
        first, own = at.rows[out][0] - len(at.rows[reads]), target[0] + len(target)
        if at.rows[d][0] != own:
            self.to.put(operand(0), [at.rows[d]], range(own, own + len(at.rows[out])))
        self.scalar_code.reverse(op.param, first, at.rows[out][0], target[0], own)
