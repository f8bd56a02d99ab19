"""The reverse sweep as source: what each instruction adds to the adjoints of its operands.

The adjoint of a block is called `d_` and the block's name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from autograd.program.batch import LANES, UNIFORM, Instruction, Piece, Rows
from autograd.program.rules import BOUNDED, WIDE

if TYPE_CHECKING:
    from autograd.program.emit import Emitter

__all__ = ["Reverse"]

PARTIALS = {
    "maximum": "shares({a}, {out})",
    "minimum": "shares({a}, {out})",
    "logsumexp": "p_{out}",
    "take": "p_{out}",
    "hypot": "directions({a}, {out})",
}


class Reverse:
    """Writes the body of a reverse sweep for an emitter.

    Args:
        wrt, lanes: the rows of u and of x whose adjoints are wanted.
    """

    def __init__(self, e: Emitter, wrt: Collection[int], lanes: Collection[int]) -> None:
        self.e, self.it = e, e.it
        self.active = e.active(wrt, lanes)
        self.set: set[int] = set()  # the blocks whose adjoint has been written to
        self.code: list[str] = []

    def lines(self) -> list[str]:
        """The statements, up to d_u and d_x."""
        d_x = "np.zeros_like(x)" if self.active[LANES] else "None"
        self.code = ["d_u = np.zeros_like(u)", f"d_x = {d_x}"]
        self.set = {UNIFORM, LANES}
        for first, stop, block, row, lane in self.e.runs(0, self.it.outputs):
            if self.active[block]:
                self.seed(first, stop, block, row, lane)
        for op in reversed(self.it.code):
            if self.active[op.out] and op.out in self.set:
                self.spread(op)
        return self.code

    def seed(self, first: int, stop: int, block: int, row: int, lane: int | None) -> None:
        text = "seed" if stop - first == self.it.outputs else f"seed[{first}:{stop}]"
        if lane is not None:
            name = self.zero(block)
            self.code.append(f"{name}[{row}, {lane}:{lane + stop - first}] += {text}[:, 0]")
            return
        if not self.it.blocks[block].varies:
            text += ".sum(1, keepdims=True)"
        self.add(Piece(block, range(row, row + stop - first)), text)

    # ------------------------------------------------------------------ adding up

    def zero(self, block: int) -> str:
        """The name of an adjoint, which is made here if nothing has written to it."""
        text = self.e.block_names[block]
        if block not in self.set:
            self.set.add(block)
            self.code.append(f"d_{text} = np.zeros_like({text})")
        return f"d_{text}"

    def add(self, piece: Piece, term: str) -> None:
        """Add a term, of the rows' shape, to their adjoint. The first to write sets it."""
        text = f"d_{self.e.block_names[piece.block]}"
        rows = piece.rows
        if piece.block > LANES and rows == range(self.it.blocks[piece.block].size):
            if piece.block in self.set:
                self.code.append(f"{text} = {text} + {term}")
            else:
                self.set.add(piece.block)
                self.code.append(f"{text} = {term}{'.copy()' if _is_name(term) else ''}")
            return
        self.zero(piece.block)
        if len(set(rows)) < len(rows):
            self.code.append(f"np.add.at({text}, {self.e.subscript(rows)}, {term})")
        else:
            self.code.append(f"{text}[{self.e.subscript(rows)}] += {term}")

    def wanted(self, rows: Rows) -> bool:
        return any(self.e.touches(self.active, piece) for piece in rows)

    def send(self, op: Instruction, rows: Rows, term: str, full: int) -> None:
        """Add a term of so many rows to an operand's adjoint, summed where that has less."""
        if not self.wanted(rows):
            return
        if len(rows) > 1:
            self.code.append(f"c = {term}")
        start = 0
        for piece in rows:
            count = len(piece.rows)
            part = term if len(rows) == 1 else f"c[{start}:{start + count}]"
            start += count
            axes = [0] if len(rows) == 1 and count == 1 and full > 1 else []
            if self.it.blocks[op.out].varies and not self.it.blocks[piece.block].varies:
                axes.append(1)
            if axes:
                part = part if _is_name(part) else f"({part})"
                axis = axes[0] if len(axes) == 1 else (0, 1)
                part = f"{part}.sum({axis}, keepdims=True)"
            if self.wanted((piece,)):
                self.add(piece, part)

    # ------------------------------------------------------------------ instructions

    def spread(self, op: Instruction) -> None:
        """Add what an instruction hands on of its own adjoint, times its partials."""
        e, size = self.e, self.it.blocks[op.out].size
        out = e.block_names[op.out]
        d = f"d_{out}"
        if op.op == "matmul":
            _weights, xs, bias = op.operands
            self.send(op, xs, f"{e.views[op.out][0]}.T @ {d}", op.width)
            self.outer(op, d, e.text(xs, True))
            self.send(op, bias, d, size)
        elif op.op == "gather":
            count = sum([len(piece.rows) for piece in op.operands[0]])
            same = Instruction("gather", UNIFORM, ())
            self.send(same, op.operands[0], f"{d}.reshape({count}, 1)", count)
        elif op.op == "over":
            zeros = f"np.zeros_like({e.text(op.operands[0], True)})"
            self.send(op, op.operands[0], f"{d} + {zeros}", size)
        elif op.op == "dot":
            tiled = f"np.tile({d}, ({op.width}, 1))"
            bias, a, b = op.operands
            self.send(op, bias, d, size)
            self.send(op, a, f"{tiled} * {e.text(b, True)}", op.width * size)
            self.send(op, b, f"{tiled} * {e.text(a, True)}", op.width * size)
        elif op.op == "sum":
            self.send(op, op.operands[0], f"np.tile({d}, ({op.width}, 1))", size)
        elif op.op in WIDE:
            slope = PARTIALS[op.op].format(a=e.cube(op, op.operands[-1]), out=out)
            self.wide(op, d, slope, op.op in BOUNDED)
        else:
            for slot, rows in enumerate(op.operands):
                if self.wanted(rows):
                    term = e.times(op, e.partial(op, slot), d)
                    self.send(op, rows, term, size)

    def wide(self, op: Instruction, d: str, slope: str, bounded: bool) -> None:
        count = op.width * self.it.blocks[op.out].size
        product = f"{d} * {slope}" if bounded else f"strong({d}, {slope})"
        self.send(op, op.operands[-1], f"({product}).reshape({count}, -1)", count)

    def outer(self, op: Instruction, d: str, xs: str) -> None:
        """The adjoint of a matrix of weights: that of the result times the inputs."""
        e, weights = self.e, op.operands[0]
        if not self.wanted(weights):
            return
        m, k = e.shape(op)
        x_varies = any(self.it.blocks[piece.block].varies for piece in op.operands[1])
        if self.it.blocks[op.out].varies and not x_varies:
            d = f"{d}.sum(1, keepdims=True)"
        if e.view(op) is None:
            same = Instruction("matmul", UNIFORM, ())
            self.send(same, weights, f"({d} @ {xs}.T).reshape({m * k}, 1)", m * k)
            return
        self.zero(weights[0].block)
        name = f"d_{e.views[op.out][0]}"
        self.code += [f"{name} = {e.matrix('d_', op)}", f"{name} += {d} @ {xs}.T"]


def _is_name(text: str) -> bool:
    """Whether it is a name, or some rows of one."""
    return text.split("[")[0].isidentifier() and text.find("]") in (-1, len(text) - 1)
