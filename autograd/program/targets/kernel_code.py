"""Kernel code: blocks as a program of the kernel, which runs it over blocks of lanes.

Operations run in phases, in turn of what is uniform and of lanes. A phase needs nothing of a
later one: so what is uniform is computed once, and a block of lanes goes through all of a phase
while it is in the cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from autograd.program.ir.block import FREE, Blocks, Op, operand
from autograd.program.targets.instructions import (
    ADDS,
    LANES,
    ONCE,
    SETS,
    WORDS,
    Instructions,
    Rows,
    stretches,
)
from autograd.program.targets.placement import Placement, shape, steps
from autograd.program.targets.scalar_code import ScalarCode

__all__ = ["KernelCode"]

PARTS = 8  # partial sums


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

    def __init__(self, blocks: Blocks, module: Any) -> None:
        self.it, self.ops = blocks, blocks.ops
        self.at = at = Placement(blocks)
        self.to = to = Instructions(module, at.sizes)
        to.mask = at.mask
        self.scalars = ScalarCode(to)
        self.start, self.slopes = to.start, at.slopes or 0
        for v, op in enumerate(self.ops):
            if op.kind == "const" and at.rows[v]:
                to.start[at.rows[v][0] : at.rows[v][0] + op.rows] = array("d", op.what)
        self.slopes_of = {
            (op.what, op.operands[0], op.rows // op.width, op.width, op.lanes): v
            for v, op in enumerate(self.ops)
            if op.kind == "partials" and at.users[v]
        }
        self.done: set[int] = set()  # partials that a reduce has written
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
        self.folds: list[dict[int, int]] = [{} for _ in range(count)]
        self.outers: list[tuple[int, int, Rows]] = []
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
            phase = max([earliest[a] for a in op.operands], default=0)
            if op.kind in FREE and v not in at.packed:
                earliest[v] = phase
                continue
            lanes = op.lanes or self.it.varies(op.operands)
            phase += phase % 2 != lanes
            earliest[v] = phase + (lanes and not op.lanes)
            if v not in at.same and v not in at.folded:
                yield phase, v >= at.seed, v
        for i, (d, place) in enumerate(at.results):
            phase = earliest[d] + (earliest[d] % 2 != (place[0] >= LANES))
            yield phase, 1, len(ops) + i

    def operation(self, v: int) -> None:
        at, to = self.at, self.to
        if v >= len(self.ops):
            d, place = at.results[v - len(self.ops)]
            to.put(operand(0), [at.rows[d]], place)
        elif v in at.packed:
            to.put(operand(0), [at.packed[v]], at.rows[v])
        else:
            target = at.place.get(v, at.rows[v])
            getattr(self, self.ops[v].kind)(v, self.ops[v], target, v in at.place)

    def finished(self, module: Any) -> Any:
        """The kernel's program."""
        at, to, results = self.at, self.to, self.it.results
        if at.lane_slopes is not None:
            to.phase = (len(to.code) - 2) // 2 * 2 + 1
            for v, op in self.it.inputs():  # what nobody asks for
                if op.lanes and f"d_{op.what}" not in results:
                    first = at.lane_slopes + at.rows[v][0] - LANES
                    to.zero(range(first, first + op.rows))
        for phase, place, target in self.outers:
            folds = self.folds[phase]
            kinds = {folds[row] for row in target}
            if len(kinds) == 1 and len({*target}) == len(target) and ONCE & max(kinds):
                to.code[phase][place + 1] |= ONCE | (0 if SETS & max(kinds) else ADDS)
            else:
                folds.update({row: folds[row] & SETS for row in target})
        code, phases = array("i", to.inner), array("i")
        for phase, mine in enumerate(to.code):
            begin = len(code) // WORDS
            code += mine
            end = len(code) // WORDS
            for row, n, flags in _spans(self.folds[phase]):
                code.extend((0, flags, n, row, row, *[0] * (WORDS - 5)))
            phases.extend((phase % 2, begin, end, end, len(code) // WORDS))
        to.start.extend([0.0] * PARTS)  # vectors may touch them
        out = [
            row
            for name in ("out", "checks")
            if name in results
            for row in at.rows[results[name]]
        ]
        seed = self.ops[at.seed] if at.seed < len(self.ops) else Op("input", 0, False)
        first = at.rows[at.seed][0] % LANES if seed.rows else 0
        numbers = (
            *(
                *at.inputs,
                len(to.start),
                to.sizes[1],
                to.sizes[0],
                seed.rows,
                seed.lanes,
                first,
            ),
            *(self.slopes, (at.lane_slopes or 0) % LANES, self.it.lanes or 0),
        )
        return module.Program(code, to.lists, phases, array("i", out), numbers)

    # ------------------------------------------------------------------ a method for each kind

    def map(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        self.to.put(op.what, [self.at.rows[a] for a in op.operands], target, adds)

    def scatter_add(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at, to = self.at, self.to
        for term, rows in zip(op.operands, op.what):
            if term not in at.place and term not in at.taken:
                to.put(operand(0), [at.rows[term]], at.part(v, rows), True)
        zeros = [row for row in target if row not in to.written]
        if zeros:
            to.zero(zeros)

    def matmul(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at = self.at
        w, x, *bias = op.operands
        m, k = op.rows, op.width
        b: Rows = at.rows[bias[0]] if bias else [-1]
        step = b[1] - b[0] if len(b) > 1 else 0
        flags = at.flags.get(v, 0) | (ADDS if adds and not self.to.fresh(target) else 0)
        mask = at.rows[at.masks[v]][0] % LANES if v in at.masks else 0
        down, across = steps(at.rows[w], m, k) or (k, 1)
        operands = at.rows[w][0], at.rows[x][0], b[0]
        self.to.emit("matmul", target[0], operands, m, flags, k, (down, across, step), mask)

    def outer_sum(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        (d, x), (m, k) = [self.at.rows[a][0] for a in op.operands], shape(op)
        if self.to.phase % 2:
            self.over(target, d, x, k)
        else:
            flags = SETS if not adds or self.to.fresh(target) else 0
            sizes = (*(steps(target, m, k) or (k, 1)), 0)
            self.to.emit("outer", target[0], (d, x), m, flags, k, sizes)

    def sum_lanes(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at, to = self.at, self.to
        product = at.product(v)
        if product is not None:
            n, xs = (
                product.rows,
                [at.rows[product.operands[x.args[0]]] for x in product.what.args],
            )
            xs = [[*rows] * (n // len(rows)) for rows in xs]
            if all(row >= LANES for rows in xs for row in rows):
                for i, (a, b) in enumerate(zip(*xs)):
                    self.over(target[i : i + 1], a, b)
                return
            first = to.spare(n)
            rows: Rows = range(first, first + n)
            to.put(product.what, [at.rows[a] for a in product.operands], rows)
        else:
            rows = at.rows[op.operands[0]]
        if any(row < LANES for row in rows):  # rows of a pick that are uniform
            first = to.spare(len(rows))
            rows, xs = range(first, first + len(rows)), [rows]
            to.put(operand(0), xs, rows)
        for start, end in stretches([rows]):
            if steps(target[start:end], end - start, 1):
                self.over(target[start:end], rows[start], to.mask)
            else:
                for i in range(start, end):
                    self.over(target[i : i + 1], rows[i], to.mask)

    def over(self, target: Rows, d: int, x: int, k: int = 1) -> None:
        """Sum products of rows d and k rows x over the lanes, into a matrix of numbers."""
        to, folds, m = self.to, self.folds[self.to.phase], len(target) // k
        new = [row not in folds for row in target]
        for row in target:
            if row in folds:
                folds[row] &= SETS
            else:
                folds[row] = (0 if row in to.written else SETS) | ONCE
        to.written.update(target)
        if any(new) and not all(new):
            zero = to.spare(1)
            to.apply("copy", zero, [to.number(0.0)], 1)
            for row, is_new in zip(target, new):
                if is_new:
                    to.emit("outer", row, (zero, zero), 1, SETS, 1)
        self.outers.append((to.phase, len(to.code[to.phase]), target))
        sizes = (*(steps(target, m, k) or (k, 1)), 0)
        to.emit("outer", target[0], (d, x), m, SETS * all(new), k, sizes)

    def to_lanes(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        listed = self.to.listed(self.at.rows[op.operands[0]])
        self.to.emit("gather", target[0], (), op.rows, k=listed)
        for row in target if v > self.at.seed else ():  # adjoints are 0 where there is no lane
            self.to.apply("mul", row, (row, self.to.mask), 1)

    def from_lanes(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        to, [a] = self.to, op.operands
        to.phase -= 1
        to.apply("copy", target[0], [to.number(0.0)], len(target), 1)
        to.phase += 1
        to.emit("scatter_add", 0, self.at.rows[a][:1], self.ops[a].rows, k=to.listed(target))

    # ------------------------------------------------------------------ wide operations

    def reduce(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at, to, n, k = self.at, self.to, op.rows, op.width
        rows: list[int] = []
        for place, a in enumerate(op.operands):
            mine = at.rows[a]
            want = n if op.what in ("dot", "take") and not place else n * k
            mine = [*mine] * (want // len(mine)) if len(mine) < want else mine
            if to.phase % 2 and any(row < LANES for row in mine):
                first = to.spare(len(mine))
                for i, row in enumerate(mine):
                    to.apply("copy", first + i, [row], 1)
                mine = range(first, first + len(mine))
            rows += mine
        if op.what not in ("sum", "dot", "logsumexp"):
            for i in range(n):
                self.several(op, target[0] + i, rows[i::n], i)
            return
        partials = -1
        if op.what == "logsumexp":
            slopes = self.partials_of(op)
            partials = to.spare(n * k) if slopes < 0 else at.rows[slopes][0]
        listed = to.listed(rows)
        to.emit(f"wide_{op.what}", target[0], (0, partials), n, 0, k, more=listed)

    def partials_of(self, op: Op) -> int:
        """The value that has its partials, or -1."""
        key = op.what, op.operands[0], op.rows, op.width, op.lanes
        return self.slopes_of.get(key, -1)

    def several(self, op: Op, out: int, rows: Rows, i: int) -> None:
        """An operation of some operands, one after the other."""
        to = self.to
        if op.what != "take":
            to.apply("abs" if op.what == "hypot" else "copy", out, [rows[0]], 1)
            for row in rows[1:]:
                to.apply(op.what, out, (out, row), 1)
            return
        slopes = self.partials_of(op)
        self.done.add(slopes)
        one, spare = self.chosen(rows[0], op.width), to.spare(1)
        to.apply("copy", out, [rows[1]], 1)
        for j, row in enumerate(rows[1:]):
            taken = spare if slopes < 0 else self.at.rows[slopes][j * op.rows + i]
            to.apply("eq", taken, (one, to.number(float(j))), 1)
            to.apply("where", out, (taken, row, out), 1)

    def chosen(self, index: int, k: int) -> int:
        """A row that is the place that an index names."""
        to = self.to
        one, spare = to.spare(1), to.spare(1)
        for kind, edge in (("lt", -k), ("ge", k)):
            to.apply(kind, spare, (index, to.number(float(edge))), 1)
            to.apply("refuse", one, (index, spare), 1)
        to.apply("trunc", one, [index], 1)
        to.apply("lt", spare, (one, to.number(0.0)), 1)
        to.apply("muladd", one, (spare, to.number(float(k)), one), 1)
        return one

    def partials(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        """Those that no reduce has written on its way."""
        index = self.at.rows[op.operands[0]]
        if op.what == "logsumexp" or v in self.done:
            return
        n = op.rows // op.width
        for i in range(n):
            one = self.chosen(index[i if len(index) > 1 else 0], op.width)
            for j in range(op.width):
                number = self.to.number(float(j))
                self.to.apply("eq", target[j * n + i], (one, number), 1)

    # ------------------------------------------------------------------ scalars

    def scalar(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        reads = self.at.rows[op.operands[0]]
        first = target[0] - len(reads)
        if reads:
            self.to.put(operand(0), [reads], range(first, target[0]))
        self.scalars.forward(op.what, first, target[0])

    def scalar_vjp(self, v: int, op: Op, target: Rows, adds: bool) -> None:
        at, to, (reads, out, d) = self.at, self.to, op.operands
        first, own = at.rows[out][0] - len(at.rows[reads]), target[0] + len(target)
        if target:
            to.apply("copy", target[0], [to.number(0.0)], len(target), 1)
        if at.rows[d][0] != own:
            to.put(operand(0), [at.rows[d]], range(own, own + len(at.rows[out])))
        self.scalars.reverse(op.what, first, at.rows[out][0], target[0] if target else own, own)


def _spans(folds: dict[int, int]) -> Iterator[tuple[int, int, int]]:
    """First row, number and flags of rows that follow each other."""
    rows = sorted(folds)
    ends = [
        i + 1 for i, (a, b) in enumerate(pairwise(rows)) if b != a + 1 or folds[a] != folds[b]
    ]
    for start, end in pairwise([0, *ends, len(rows)] if rows else ()):
        yield rows[start], end - start, folds[rows[start]]
