"""The reverse sweep as source: what each instruction adds to the adjoints of its operands.

With `second`, also the derivative of that along a direction: forward over reverse (Pearlmutter,
"Fast exact multiplication by the Hessian", 1994). Adjoints are called `d_` and the name of
their block, tangents `t_`, and tangents of adjoints `td_`.
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
TANGENTS = {  # of these partials
    "logsumexp": "p_{out} * ({t} - (p_{out} * {t}).sum(0))",
    "hypot": "({t} - directions({a}, {out}) * t_{out}) / {out}",
}


class Reverse:
    """Writes the body of a reverse sweep for an emitter.

    Args:
        wrt, lanes: the rows of u and of x whose adjoints are wanted.
        second: whether to write the second channel, `td_`.
    """

    def __init__(
        self, e: Emitter, wrt: Collection[int], lanes: Collection[int], second: bool
    ) -> None:
        self.e, self.it, self.second = e, e.it, second
        self.active = e.active(wrt, lanes)
        self.set: set[tuple[str, int]] = set()  # the adjoints that have been written to
        self.code: list[str] = []

    def lines(self) -> list[str]:
        """The statements, up to d_u and d_x, and td_u and td_x."""
        for prefix in ("d_", "td_") if self.second else ("d_",):
            of_x = "np.zeros_like(x)" if self.active[LANES] else "None"
            self.code += [f"{prefix}u = np.zeros_like(u)", f"{prefix}x = {of_x}"]
            self.set |= {(prefix, UNIFORM), (prefix, LANES)}
        for first, stop, block, row, lane in self.e.runs(0, self.it.outputs):
            if self.active[block]:
                self.seed(first, stop, block, row, lane)
        for op in reversed(self.it.code):
            if not self.active[op.out]:
                continue
            if ("td_", op.out) in self.set:
                self.spread(op, "td_")
            if ("d_", op.out) in self.set:
                if self.second:
                    self.bend(op)
                self.spread(op, "d_")
        return self.code

    def seed(self, first: int, stop: int, block: int, row: int, lane: int | None) -> None:
        text = "seed" if stop - first == self.it.outputs else f"seed[{first}:{stop}]"
        if lane is not None:
            name = self.zero("d_", block)
            self.code.append(f"{name}[{row}, {lane}:{lane + stop - first}] += {text}[:, 0]")
            return
        if not self.it.blocks[block].varies:
            text += ".sum(1, keepdims=True)"
        self.add("d_", Piece(block, range(row, row + stop - first)), text)

    # ------------------------------------------------------------------ adding up

    def zero(self, prefix: str, block: int) -> str:
        """The name of an adjoint, which is made here if nothing has written to it."""
        text = self.e.block_names[block]
        if (prefix, block) not in self.set:
            self.set.add((prefix, block))
            self.code.append(f"{prefix}{text} = np.zeros_like({text})")
        return prefix + text

    def add(self, prefix: str, piece: Piece, term: str) -> None:
        """Add a term, of the rows' shape, to their adjoint. The first to write sets it."""
        text = prefix + self.e.block_names[piece.block]
        rows = piece.rows
        if piece.block > LANES and rows == range(self.it.blocks[piece.block].size):
            if (prefix, piece.block) in self.set:
                self.code.append(f"{text} = {text} + {term}")
            else:
                self.set.add((prefix, piece.block))
                self.code.append(f"{text} = {term}{'.copy()' if _is_name(term) else ''}")
            return
        self.zero(prefix, piece.block)
        if len(set(rows)) < len(rows):
            self.code.append(f"np.add.at({text}, {self.e.subscript(rows)}, {term})")
        else:
            self.code.append(f"{text}[{self.e.subscript(rows)}] += {term}")

    def wanted(self, rows: Rows) -> bool:
        return any(self.e.touches(self.active, piece) for piece in rows)

    def send(self, prefix: str, op: Instruction, rows: Rows, term: str, full: int) -> None:
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
                self.add(prefix, piece, part)

    # ------------------------------------------------------------------ instructions

    def spread(self, op: Instruction, prefix: str) -> None:
        """Add what an instruction hands on of its own adjoint, times its partials."""
        e, size = self.e, self.it.blocks[op.out].size
        out = e.block_names[op.out]
        d = prefix + out
        if op.op == "matmul":
            _weights, xs, bias = op.operands
            self.send(prefix, op, xs, f"{e.views[op.out][0]}.T @ {d}", op.width)
            self.outer(prefix, op, d, e.text(xs, True))
            self.send(prefix, op, bias, d, size)
        elif op.op == "gather":
            count = sum([len(piece.rows) for piece in op.operands[0]])
            same = Instruction("gather", UNIFORM, ())
            self.send(prefix, same, op.operands[0], f"{d}.reshape({count}, 1)", count)
        elif op.op == "over":
            zeros = f"np.zeros_like({e.text(op.operands[0], True)})"
            self.send(prefix, op, op.operands[0], f"{d} + {zeros}", size)
        elif op.op == "dot":
            tiled = f"np.tile({d}, ({op.width}, 1))"
            bias, a, b = op.operands
            self.send(prefix, op, bias, d, size)
            self.send(prefix, op, a, f"{tiled} * {e.text(b, True)}", op.width * size)
            self.send(prefix, op, b, f"{tiled} * {e.text(a, True)}", op.width * size)
        elif op.op == "sum":
            self.send(prefix, op, op.operands[0], f"np.tile({d}, ({op.width}, 1))", size)
        elif op.op in WIDE:
            slope = PARTIALS[op.op].format(a=e.cube(op, op.operands[-1]), out=out)
            self.wide(prefix, op, d, slope, op.op in BOUNDED)
        else:
            for slot, rows in enumerate(op.operands):
                if self.wanted(rows):
                    term = e.times(op, e.partial(op, slot), d)
                    self.send(prefix, op, rows, term, size)

    def wide(self, prefix: str, op: Instruction, d: str, slope: str, bounded: bool) -> None:
        count = op.width * self.it.blocks[op.out].size
        product = f"{d} * ({slope})" if bounded else f"strong({d}, {slope})"
        self.send(prefix, op, op.operands[-1], f"({product}).reshape({count}, -1)", count)

    def outer(self, prefix: str, op: Instruction, d: str, xs: str) -> None:
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
            self.send(prefix, same, weights, f"({d} @ {xs}.T).reshape({m * k}, 1)", m * k)
            return
        self.zero(prefix, weights[0].block)
        name = prefix + e.views[op.out][0]
        self.code += [f"{name} = {e.matrix(prefix, op)}", f"{name} += {d} @ {xs}.T"]

    def bend(self, op: Instruction) -> None:
        """Add to `td_` what comes of the partials' own change along the direction."""
        e, size = self.e, self.it.blocks[op.out].size
        out = e.block_names[op.out]
        d = f"d_{out}"
        if op.op == "matmul":
            weights, xs, _ = op.operands
            t_w = f"{e.text(weights, True, 't_')}.reshape({size}, {op.width})"
            self.send("td_", op, xs, f"{t_w}.T @ {d}", op.width)
            self.outer("td_", op, d, e.text(xs, True, "t_"))
        elif op.op == "dot":
            tiled = f"np.tile({d}, ({op.width}, 1))"
            _, ws, xs = op.operands
            self.send("td_", op, ws, f"{tiled} * {e.text(xs, True, 't_')}", op.width * size)
            self.send("td_", op, xs, f"{tiled} * {e.text(ws, True, 't_')}", op.width * size)
        elif op.op in TANGENTS:
            texts = {"a": e.cube(op, op.operands[0]), "t": e.cube(op, op.operands[0], "t_")}
            self.wide("td_", op, d, TANGENTS[op.op].format(out=out, **texts), False)
        elif op.op not in WIDE and op.op not in ("gather", "over"):
            for slot, rows in enumerate(op.operands):
                slope = e.bent(op, slot) if self.wanted(rows) else 0.0
                if not (type(slope) is float and slope == 0.0):
                    self.send("td_", op, rows, f"strong({d}, {e.shown(slope)})", size)


def _is_name(text: str) -> bool:
    """Whether it is a name, or some rows of one."""
    return text.split("[")[0].isidentifier() and text.find("]") in (-1, len(text) - 1)
