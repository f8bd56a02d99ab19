"""Emit: instructions as readable array source, forward and reverse.

An array has a row a node and a column a lane; what is uniform has one column, so that both
mix by broadcasting. `u` holds the uniform inputs and the constants, `x` those of the lanes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from autograd.program.batch import UNIFORM, Instruction, Instructions, Piece, Rows
from autograd.program.expressions import COMPARISONS, OPPOSITE, Expression, name, negated, shown
from autograd.program.reverse import Reverse
from autograd.program.rules import BOUNDED, FLAT, OPERATIONS, WIDE, partial, value

__all__ = ["Emitter"]

SHORT = 12  # a longer list of rows is not written into the source
WIDE_VALUES = {"maximum": "{a}.max(0)", "minimum": "{a}.min(0)", "sum": "{a}.sum(0)"}
WIDE_VALUES |= {"hypot": "length({a})"}


class Emitter:
    """Writes functions; `indices` holds the lists of rows that the source refers to.

    Args:
        instructions: what to write.
        names: how the target calls each operation; what is not there is computed number by
            number, by the rules of the table.
    """

    def __init__(self, instructions: Instructions, names: Mapping[str, str]) -> None:
        self.it, self.targets = instructions, names
        self.indices: list[tuple[int, ...]] = []
        self.block_names = ["u", "x"]
        self.views: dict[int, tuple[str, str]] = {}  # the weights and biases of a matmul
        counts: dict[str, int] = {}
        known = {*names, *OPERATIONS, *BOUNDED, "div", "pow"}
        for op in instructions.code:
            plain = op.op if op.op in known else f"{op.op}_"  # "W" would be a matrix's
            short = {"matmul": "h", "gather": "x"}.get(op.op, plain)
            counts[short] = counts.get(short, 0) + 1
            self.block_names.append(f"{short}{counts[short]}")
            if op.op == "matmul":
                self.views[op.out] = (f"W{counts[short]}", f"b{counts[short]}")

    # ------------------------------------------------------------------ forward

    def value(self) -> list[str]:
        """`value(u, x)` → outputs and checks."""
        return ["def value(u, x):", *self.forward(), self.returned()]

    def forward(self) -> list[str]:
        lines = []
        for op in self.it.code:
            lines += [f"    {line}" for line in self.instruction(op)]
        lines.append(f"    out = {self.gathered(0, self.it.outputs)}")
        if self.it.outputs < len(self.it.roots):
            lines.append(f"    checks = {self.gathered(self.it.outputs, len(self.it.roots))}")
        return lines

    def returned(self, *more: str) -> str:
        checks = "checks" if self.it.outputs < len(self.it.roots) else "None"
        return f"    return {', '.join(['out', checks, *more])}"

    def instruction(self, op: Instruction) -> list[str]:
        out, size = self.block_names[op.out], self.it.blocks[op.out].size
        if op.op == "matmul":
            w, b = self.views[op.out]
            lines = [f"{w} = {self.matrix('', op)}"]
            bias = self.text(op.operands[2])
            product = f"{w} @ {self.text(op.operands[1], True)}"
            if bias == "0.0":
                return [*lines, f"{out} = {product}"]
            return [*lines, f"{b} = {bias}", f"{out} = {product} + {b}"]
        if op.op == "gather":
            return [f"{out} = {self.text(op.operands[0], True)}.reshape({size}, -1)"]
        if op.op == "over":
            return [f"{out} = {self.text(op.operands[0], True)}.sum(1, keepdims=True)"]
        if op.op == "take":
            index = self.text(op.operands[0], True)
            return [f"{out}, p_{out} = take({index}, {self.cube(op, op.operands[1])})"]
        if op.op == "logsumexp":
            return [f"{out}, p_{out} = logsumexp({self.cube(op, op.operands[0])})"]
        if op.op == "dot":
            start, ws, xs = op.operands
            product = f"{self.cube(op, ws)} * {self.cube(op, xs)}"
            return [f"{out} = {self.text(start, True)} + ({product}).sum(0)"]
        if op.op in WIDE:
            return [f"{out} = {WIDE_VALUES[op.op].format(a=self.cube(op, op.operands[0]))}"]
        if op.op in COMPARISONS:
            a, b = map(self.shown, self.operands(op))
            return [f"{out} = ({a} {COMPARISONS[op.op]} {b}) * 1.0"]
        return [f"{out} = {self.shown(self.call(op.op, self.operands(op)))}"]

    def call(self, op: str, operands: list[Any]) -> Any:
        """The result of an operation on expressions."""
        if op == "relu":
            return Expression("maximum", operands[0], 0.0)
        if op in self.targets or op in ("add", "sub", "mul", "div", "pow", "neg"):
            return Expression(op, *operands)
        try:
            return value(op, operands)
        except TypeError:
            texts = ", ".join([repr(op), *map(self.shown, operands)])
            return name(f"each({texts})")

    def shown(self, x: Any) -> str:
        def call(op: str, args: list[str]) -> str:
            if op in ("inf", "-inf", "nan"):
                return self.targets[op]
            if op in self.targets:
                return f"{self.targets[op]}({', '.join(args)})"
            return self.shown(self.call(op, [name(a) for a in args]))

        return shown(x, call)

    # ------------------------------------------------------------------ rows

    def operands(self, op: Instruction) -> list[Any]:
        """Each operand as an expression, or the number that it is."""
        found: list[Any] = []
        for rows in op.operands:
            number = self.constant(rows)
            found.append(name(self.text(rows)) if number is None else number)
        if all(type(x) is float for x in found):
            found[0] = name(self.text(op.operands[0], True))
        return found

    def constant(self, rows: Rows) -> float | None:
        """The number that an operand is in all rows, if it is a constant."""
        if len(rows) == 1 and rows[0].block == UNIFORM and len(rows[0].rows) == 1:
            row = rows[0].rows[0] - self.it.inputs
            return self.it.constants[row] if row >= 0 else None
        return None

    def text(self, rows: Rows, array: bool = False) -> str:
        """An operand's rows; a constant as a number, unless `array`."""
        number = None if array else self.constant(rows)
        if number is not None:
            return self.shown(number)
        return self.joined([self.piece(piece) for piece in rows])

    def piece(self, piece: Piece) -> str:
        block, rows = self.block_names[piece.block], piece.rows
        if piece.block != UNIFORM and rows == range(self.it.blocks[piece.block].size):
            return block
        return f"{block}[{self.subscript(rows)}]"

    def subscript(self, rows: range | tuple[int, ...]) -> str:
        if type(rows) is range:
            step = "" if rows.step == 1 else f":{rows.step}"
            return f"{rows[0]}:{rows[-1] + 1}{step}"
        if len(rows) <= SHORT:
            return str(list(rows))
        self.indices.append(tuple(rows))
        return f"indices[{len(self.indices) - 1}]"

    def cube(self, op: Instruction, rows: Rows) -> str:
        """The operands of a wide operation, of shape (operands, rows, lanes)."""
        size = self.it.blocks[op.out].size
        return f"{self.text(rows, True)}.reshape({op.width}, {size}, -1)"

    def matrix(self, prefix: str, op: Instruction) -> str:
        """The weights of a matmul as a matrix, a view wherever they lie regularly."""
        view = self.view(op)
        rows, (m, k) = op.operands[0], self.shape(op)
        if view is None:
            return f"{self.text(rows, True)}.reshape({m}, {k})"
        start, stop, by, cut = view
        return f"{prefix}{self.block_names[rows[0].block]}[{start}:{stop}].reshape({by}){cut}"

    def shape(self, op: Instruction) -> tuple[int, int]:
        return self.it.blocks[op.out].size, op.width

    def view(self, op: Instruction) -> tuple[int, int, str, str] | None:
        """Weights with equal steps: first row, end, shape and what to take of that."""
        m, k = self.shape(op)
        if len(op.operands[0]) != 1:
            return None
        rows = op.operands[0][0].rows
        down = rows[k] - rows[0] if m > 1 else k
        across = rows[1] - rows[0] if k > 1 else 1
        regular = all(rows[i * k + j] == rows[0] + i * down + j * across
                       for i in range(m) for j in range(k))  # fmt: skip
        block = op.operands[0][0].block
        room = self.it.blocks[block].size + (PADDING if block == UNIFORM else 0)
        if regular and across == 1 and down >= k and rows[0] + m * down <= room:
            cut = "" if down == k else f"[:, :{k}]"
            return rows[0], rows[0] + m * down, f"{m}, {down}", cut
        if regular and down == 1 and across >= m and rows[0] + k * across <= room:
            cut = "" if across == m else f"[:, :{m}]"
            return rows[0], rows[0] + k * across, f"{k}, {across}", f"{cut}.T"
        return None

    # ------------------------------------------------------------------ roots

    def runs(self, start: int, end: int) -> list[tuple[int, int, int, int, int | None]]:
        """Roots start … end as runs: first, end, block, first row, and first lane or None."""
        roots = self.it.roots
        found: list[tuple[int, int, int, int, int | None]] = []
        k = start
        while k < end:
            block, row, lane = roots[k]
            stop = k
            while stop < end and roots[stop] == (
                (block, row + stop - k, None) if lane is None else (block, row, lane + stop - k)
            ):
                stop += 1
            found.append((k - start, stop - start, block, row, lane))
            k = stop
        return found

    def gathered(self, start: int, end: int) -> str:
        parts = []
        for first, stop, block, row, lane in self.runs(start, end):
            if lane is not None:
                lanes = f", {lane}:{lane + stop - first}"
                parts.append(f"{self.block_names[block]}[{row}:{row + 1}{lanes}].T")
            else:
                parts.append(self.piece(Piece(block, range(row, row + stop - first))))
        return "np.empty((0, 1))" if not parts else self.joined(parts)

    def joined(self, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else f"stack({', '.join(parts)})"

    # ------------------------------------------------------------------ reverse

    def gradient(self, wrt: Collection[int], lanes: Collection[int]) -> list[str]:
        """`gradient(u, x, seed)` → outputs, checks, adjoints of u and of x.

        Args:
            wrt: the uniform inputs to differentiate in.
            lanes: those of the lanes.
        """
        body = [f"        {line}" for line in Reverse(self, wrt, lanes).lines()]
        head = ["def gradient(u, x, seed):", *self.forward()]
        return [
            *head,
            '    with np.errstate(all="ignore"):',
            *body,
            self.returned("d_u", "d_x"),
        ]

    def active(self, wrt: Collection[int], lanes: Collection[int]) -> list[Any]:
        """For each block, whether it depends on those inputs; for the first two, which rows."""
        active: list[Any] = [frozenset(wrt), frozenset(lanes)]
        for op in self.it.code:
            pieces = [piece for rows in op.operands for piece in rows]
            needed = any(self.touches(active, piece) for piece in pieces)
            active.append(needed and op.op not in FLAT)
        return active

    def touches(self, active: list[Any], piece: Piece) -> bool:
        found = active[piece.block]
        return any(r in found for r in piece.rows) if type(found) is frozenset else found

    def partial(self, op: Instruction, slot: int) -> Any:
        """d(out)/d(operand) of an operation that is not wide."""
        out, operands = name(self.block_names[op.out]), self.operands(op)
        try:
            return partial(op.op, slot, out, operands)
        except (TypeError, ValueError, ArithmeticError):
            texts = [repr(op.op), str(slot), *map(self.shown, [out, *operands])]
            return name(f"each_partial({', '.join(texts)})")

    def times(self, op: Instruction, slope: Any, factor: str) -> str:
        """factor · slope. A zero slope does not hide a factor that is NaN."""
        if type(slope) is float and slope == 1.0:
            return factor
        if type(slope) is float and slope == -1.0:
            return f"-{factor}"
        if type(slope) is Expression and _is_choice(slope):
            slope = slope.args[0] if slope.args[1] else negated(slope.args[0])
        power = self.constant(op.operands[1]) if op.op == "pow" else None
        if op.op in BOUNDED or type(slope) is float or (power or 0.0) >= 1.0:
            return self.shown(Expression("mul", name(factor), slope))
        return f"strong({factor}, {self.shown(slope)})"


def _is_choice(x: Expression) -> bool:
    """Whether x is 1 or 0 by a comparison."""
    if x.op != "where" or type(x.args[0]) is not Expression:
        return False
    return x.args[0].op in OPPOSITE and all(
        type(a) is float and a in (0.0, 1.0) for a in x.args[1:]
    )


PADDING = 1024  # rows after the last of u, so that a view may reach beyond it
