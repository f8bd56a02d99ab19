"""Emit: instructions as readable array source, forward, reverse and along a direction.

An array has a row a node and a column a lane; what is uniform has one column, so that both mix by
broadcasting. `u` holds the uniform inputs and the constants, `x` the inputs of the lanes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from autograd.program.batch import LANES, UNIFORM, Instruction, Instructions, Piece, Rows
from autograd.program.expressions import OPPOSITE, Expression, name, negated, shown
from autograd.program.rules import BOUNDED, FLAT, WIDE, partial, value

__all__ = ["Emitter"]

SHORT = 12  # a longer list of rows is not written into the source
COMPARING = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
WIDE_VALUES = {"maximum": "{a}.max(0)", "minimum": "{a}.min(0)", "sum": "{a}.sum(0)"}
WIDE_VALUES |= {"hypot": "length({a})"}
WIDE_PARTIALS = {"maximum": "shares({a}, {out})", "minimum": "shares({a}, {out})"}
WIDE_PARTIALS |= {"logsumexp": "p_{out}", "take": "p_{out}", "hypot": "directions({a}, {out})"}


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
        for op in instructions.code:
            short = {"matmul": "h", "gather": "x"}.get(op.op, op.op)
            counts[short] = counts.get(short, 0) + 1
            self.block_names.append(f"{short}{counts[short]}")

    # ------------------------------------------------------------------ forward

    def value(self) -> list[str]:
        """`value(u, x)` → outputs and checks."""
        return ["def value(u, x):", *self.forward(), self.returned([])]

    def forward(self) -> list[str]:
        lines = []
        for op in self.it.code:
            lines += [f"    {line}" for line in self.instruction(op)]
        lines.append(f"    out = {self.gathered(0, self.it.outputs)}")
        lines.append(f"    checks = {self.gathered(self.it.outputs, len(self.it.roots))}")
        return lines

    def returned(self, more: list[str]) -> str:
        return f"    return {', '.join(['out', 'checks', *more])}"

    def instruction(self, op: Instruction) -> list[str]:
        out, size = self.block_names[op.out], self.it.blocks[op.out].size
        if op.op == "matmul":
            w, b = f"W{len(self.views) + 1}", f"b{len(self.views) + 1}"
            known = self.views.setdefault(op.out, (w, b))
            w, b = known
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
            bias, a, b = op.operands
            product = f"{self.cube(op, a)} * {self.cube(op, b)}"
            return [f"{out} = {self.text(bias, True)} + ({product}).sum(0)"]
        if op.op in WIDE:
            return [f"{out} = {WIDE_VALUES[op.op].format(a=self.cube(op, op.operands[0]))}"]
        if op.op in COMPARING:
            a, b = [self.text(rows) for rows in op.operands]
            return [f"{out} = ({a} {COMPARING[op.op]} {b}) * 1.0"]
        return [f"{out} = {self.shown(self.call(op.op, self.operands(op)))}"]

    def call(self, op: str, operands: list[Any]) -> Any:
        """The result of an operation on expressions."""
        if op == "identity":
            return operands[0] * 1.0 if type(operands[0]) is float else operands[0]
        if op == "reciprocal":
            return 1.0 / operands[0]
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
        if all([type(x) is float for x in found]):
            found[0] = name(self.text(op.operands[0], True))
        return found

    def constant(self, rows: Rows) -> float | None:
        """The number that an operand is in all rows, if it is a constant."""
        if len(rows) == 1 and rows[0].block == UNIFORM and len(rows[0].rows) == 1:
            row = rows[0].rows[0] - self.it.inputs
            return self.it.constants[row] if row >= 0 else None
        return None

    def text(self, rows: Rows, array: bool = False, prefix: str = "") -> str:
        """An operand's rows; a constant as a number, unless `array`."""
        number = None if array or prefix else self.constant(rows)
        if number is not None:
            return self.shown(number)
        parts = [self.piece(piece, prefix) for piece in rows]
        return parts[0] if len(parts) == 1 else f"stack({', '.join(parts)})"

    def piece(self, piece: Piece, prefix: str = "") -> str:
        block = prefix + self.block_names[piece.block]
        rows = piece.rows
        if type(rows) is range and piece.block != UNIFORM:
            if rows == range(self.it.blocks[piece.block].size):
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

    def cube(self, op: Instruction, rows: Rows, prefix: str = "") -> str:
        """The operands of a wide operation, of shape (operands, rows, lanes)."""
        size = self.it.blocks[op.out].size
        text = self.text(rows, True, prefix)
        if len(rows) == 1 and len(rows[0].rows) != op.width * size:
            return text
        return f"{text}.reshape({op.width}, {size}, -1)"

    def matrix(self, prefix: str, op: Instruction) -> str:
        """The weights of a matmul as a matrix, a view wherever they lie regularly."""
        view = self.view(op)
        rows, (m, k) = op.operands[0], self.shape(op)
        if view is None:
            return f"{self.text(rows, True, prefix)}.reshape({m}, {k})"
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
        if len(rows) != m * k:
            return None
        down = rows[k] - rows[0] if m > 1 else k
        across = rows[1] - rows[0] if k > 1 else 1
        regular = all([rows[i * k + j] == rows[0] + i * down + j * across
                       for i in range(m) for j in range(k)])  # fmt: skip
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

    def runs(self, start: int, end: int) -> list[tuple[int, int, int, int, bool]]:
        """Roots start … end as runs: first, end, block, first row, and whether over lanes."""
        roots = self.it.roots
        found: list[tuple[int, int, int, int, bool]] = []
        k = start
        while k < end:
            block, row, lane = roots[k]
            stop = k + 1
            if lane is None:
                while stop < end and roots[stop] == (block, row + stop - k, None):
                    stop += 1
            else:
                while stop < end and roots[stop] == (block, row, lane + stop - k):
                    stop += 1
            found.append((k - start, stop - start, block, row, lane is not None))
            k = stop
        return found

    def gathered(self, start: int, end: int) -> str:
        parts = []
        for first, stop, block, row, over in self.runs(start, end):
            if over:
                lane = self.it.roots[start + first][2] or 0
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
        return _Reverse(self, wrt, lanes).lines()

    def tangent(self, wrt: Collection[int], lanes: Collection[int]) -> list[str]:
        """`tangent(u, x, t_u, t_x)` → outputs, checks, and the outputs' derivatives."""
        return _Forward(self, wrt, lanes).lines()

    def active(self, wrt: Collection[int], lanes: Collection[int]) -> list[Any]:
        """For each block, whether it depends on those inputs; for the first two, which rows."""
        active: list[Any] = [frozenset(wrt), frozenset(lanes)]
        for op in self.it.code:
            pieces = [piece for rows in op.operands for piece in rows]
            needed = any([self.touches(active, piece) for piece in pieces])
            active.append(needed and op.op not in FLAT)
        return active

    def touches(self, active: list[Any], piece: Piece) -> bool:
        found = active[piece.block]
        return any([r in found for r in piece.rows]) if type(found) is frozenset else found

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
        if _is_choice(slope):
            slope = slope.args[0] if slope.args[1] else negated(slope.args[0])
        if op.op in BOUNDED:
            return self.shown(Expression("mul", name(factor), slope))
        return f"strong({factor}, {self.shown(slope)})"


def _is_name(text: str) -> bool:
    """Whether it is a name, or some rows of one."""
    return text.split("[")[0].isidentifier() and text.find("]") in (-1, len(text) - 1)


def _is_choice(x: Any) -> bool:
    """Whether x is 1 or 0 by a comparison."""
    if type(x) is not Expression or x.op != "where" or type(x.args[0]) is not Expression:
        return False
    return x.args[0].op in OPPOSITE and all([type(a) is float and a in (0.0, 1.0) for a in x.args[1:]])


PADDING = 1024  # rows after the last of u, so that a view may reach beyond it


class _Reverse:
    """The reverse sweep: what each instruction adds to the adjoints of its operands."""

    def __init__(self, e: Emitter, wrt: Collection[int], lanes: Collection[int]) -> None:
        self.e, self.it = e, e.it
        self.active = e.active(wrt, lanes)
        self.set: set[int] = set()  # the blocks whose adjoint has been written to
        self.code: list[str] = []

    def lines(self) -> list[str]:
        e = self.e
        head = ["def gradient(u, x, seed):", *e.forward()]
        d_x = "np.zeros_like(x)" if self.active[LANES] else "None"
        self.code = ["d_u = np.zeros_like(u)", f"d_x = {d_x}"]
        self.set = {UNIFORM, LANES}
        for first, stop, block, row, over in e.runs(0, self.it.outputs):
            if not self.is_active(block):
                continue
            seed = "seed" if stop - first == self.it.outputs else f"seed[{first}:{stop}]"
            if over:
                self.zero(block)
                lane = self.it.roots[first][2] or 0
                columns = f"{lane}:{lane + stop - first}"
                self.code.append(f"d_{e.block_names[block]}[{row}, {columns}] += {seed}[:, 0]")
            else:
                if not self.it.blocks[block].varies:
                    seed += ".sum(1, keepdims=True)"
                piece = Piece(block, range(row, row + stop - first))
                self.add(piece, seed)
        for op in reversed(self.it.code):
            if self.active[op.out] and op.out in self.set:
                self.instruction(op)
        body = [f"        {line}" for line in self.code]
        more = e.returned(["d_u", "d_x"])
        return [*head, '    with np.errstate(all="ignore"):', *body, more]

    def is_active(self, block: int) -> bool:
        return bool(self.active[block])

    def zero(self, block: int) -> None:
        if block not in self.set:
            self.set.add(block)
            text = self.e.block_names[block]
            self.code.append(f"d_{text} = np.zeros_like({text})")

    def add(self, piece: Piece, term: str) -> None:
        """Add a term, of the shape of the rows, to their adjoint."""
        text = f"d_{self.e.block_names[piece.block]}"
        rows, size = piece.rows, self.it.blocks[piece.block].size
        if piece.block > LANES and rows == range(size):
            if piece.block in self.set:
                self.code.append(f"{text} = {text} + {term}")
            else:
                self.set.add(piece.block)
                copied = ".copy()" if _is_name(term) else ""
                self.code.append(f"{text} = {term}{copied}")
            return
        self.zero(piece.block)
        if len(set(rows)) < len(rows):
            self.code.append(f"np.add.at({text}, {self.e.subscript(rows)}, {term})")
        else:
            self.code.append(f"{text}[{self.e.subscript(rows)}] += {term}")

    def send(self, op: Instruction, rows: Rows, term: str, full: int) -> None:
        """Add a term of so many rows to the adjoint of an operand."""
        if not any([self.e.touches(self.active, piece) for piece in rows]):
            return
        varies = self.it.blocks[op.out].varies
        if len(rows) > 1:
            self.code.append(f"c = {term}")
            term = "c"
        start = 0
        for piece in rows:
            count = len(piece.rows)
            part = term if len(rows) == 1 else f"c[{start}:{start + count}]"
            start += count
            if not self.e.touches(self.active, piece):
                continue
            axes = [0] if len(rows) == 1 and count == 1 and full > 1 else []
            axes += [1] if varies and not self.it.blocks[piece.block].varies else []
            if axes:
                axis = str(axes[0]) if len(axes) == 1 else "(0, 1)"
                part = part if _is_name(part) else f"({part})"
                part = f"{part}.sum({axis}, keepdims=True)"
            self.add(piece, part)

    def instruction(self, op: Instruction) -> None:
        e, size = self.e, self.it.blocks[op.out].size
        out = e.block_names[op.out]
        d = f"d_{out}"
        if op.op == "matmul":
            self.matmul(op, d)
        elif op.op == "gather":
            count = sum([len(piece.rows) for piece in op.operands[0]])
            flat = [Piece(p.block, p.rows) for p in op.operands[0]]
            self.code.append(f"c = {d}.reshape({count}, 1)")
            start = 0
            for piece in flat:
                if e.touches(self.active, piece):
                    self.add(piece, f"c[{start}:{start + len(piece.rows)}]")
                start += len(piece.rows)
        elif op.op == "over":
            for piece in op.operands[0]:
                term = d if size == len(piece.rows) else self.part(op, piece, d)
                self.add(piece, f"{term} + np.zeros_like({e.piece(piece)})")
        elif op.op == "dot":
            tiled = f"np.tile({d}, ({op.width}, 1))"
            bias, a, b = op.operands
            self.send(op, bias, d, size)
            self.send(op, a, f"{tiled} * {e.text(b, True)}", op.width * size)
            self.send(op, b, f"{tiled} * {e.text(a, True)}", op.width * size)
        elif op.op == "sum":
            self.send(op, op.operands[0], f"np.tile({d}, ({op.width}, 1))", op.width * size)
        elif op.op in WIDE:
            slope = WIDE_PARTIALS[op.op].format(a=e.cube(op, op.operands[-1]), out=out)
            product = f"{d} * {slope}" if op.op in BOUNDED else f"strong({d}, {slope})"
            term = f"({product}).reshape({op.width * size}, -1)"
            self.send(op, op.operands[-1], term, op.width * size)
        else:
            for slot, rows in enumerate(op.operands):
                if any([e.touches(self.active, piece) for piece in rows]):
                    term = e.times(op, e.partial(op, slot), d)
                    self.send(op, rows, term, size)

    def part(self, op: Instruction, piece: Piece, d: str) -> str:
        start = 0
        for other in op.operands[0]:
            if other is piece:
                break
            start += len(other.rows)
        return f"{d}[{start}:{start + len(piece.rows)}]"

    def matmul(self, op: Instruction, d: str) -> None:
        e = self.e
        w, _ = e.views[op.out]
        weights, xs, bias = op.operands
        m, k = e.shape(op)
        self.send(op, xs, f"{w}.T @ {d}", k)
        uniform_x = not any([self.it.blocks[piece.block].varies for piece in xs])
        summed = f"{d}.sum(1, keepdims=True)"
        if any([e.touches(self.active, piece) for piece in weights]):
            left = summed if uniform_x and self.it.blocks[op.out].varies else d
            product = f"{left} @ {e.text(xs, True)}.T"
            if e.view(op) is None:
                start = 0
                self.code.append(f"c = ({product}).reshape({m * k}, 1)")
                for piece in weights:
                    if e.touches(self.active, piece):
                        self.add(piece, f"c[{start}:{start + len(piece.rows)}]")
                    start += len(piece.rows)
            else:
                self.zero(weights[0].block)
                self.code.append(f"d_{w} = {e.matrix('d_', op)}")
                self.code.append(f"d_{w} += {product}")
        self.send(op, bias, d, m)


class _Forward:
    """The forward sweep along a direction: the tangent of each block."""

    def __init__(self, e: Emitter, wrt: Collection[int], lanes: Collection[int]) -> None:
        self.e, self.it = e, e.it
        self.active = e.active(wrt, lanes)

    def lines(self) -> list[str]:
        e = self.e
        head = ["def tangent(u, x, t_u, t_x):", *e.forward()]
        code = []
        for op in self.it.code:
            out = e.block_names[op.out]
            terms = self.instruction(op) if self.active[op.out] else []
            code.append(f"t_{out} = np.zeros_like({out}) + " + " + ".join(terms or ["0.0"]))
        parts = []
        for first, stop, block, row, over in e.runs(0, self.it.outputs):
            if over:
                lane = self.it.roots[first][2] or 0
                columns = f"{lane}:{lane + stop - first}"
                parts.append(f"t_{e.block_names[block]}[{row}:{row + 1}, {columns}].T")
            else:
                parts.append(e.piece(Piece(block, range(row, row + stop - first)), "t_"))
        code.append(f"t_out = {e.joined(parts)}")
        body = [f"        {line}" for line in code]
        return [*head, '    with np.errstate(all="ignore"):', *body, e.returned(["t_out"])]

    def instruction(self, op: Instruction) -> list[str]:
        e, size = self.e, self.it.blocks[op.out].size
        out = e.block_names[op.out]
        if op.op == "matmul":
            w, _ = e.views[op.out]
            weights, xs, bias = op.operands
            m, k = e.shape(op)
            t_w = f"{e.text(weights, True, 't_')}.reshape({m}, {k})"
            return [f"{w} @ {e.text(xs, True, 't_')}", f"{t_w} @ {e.text(xs, True)}",
                    e.text(bias, True, "t_")]  # fmt: skip
        if op.op == "gather":
            return [f"{e.text(op.operands[0], True, 't_')}.reshape({size}, -1)"]
        if op.op == "over":
            return [f"{e.text(op.operands[0], True, 't_')}.sum(1, keepdims=True)"]
        if op.op == "dot":
            bias, a, b = op.operands
            left = f"({e.cube(op, a, 't_')} * {e.cube(op, b)}).sum(0)"
            right = f"({e.cube(op, a)} * {e.cube(op, b, 't_')}).sum(0)"
            return [e.text(bias, True, "t_"), left, right]
        if op.op == "sum":
            return [f"{e.cube(op, op.operands[0], 't_')}.sum(0)"]
        if op.op in WIDE:
            slope = WIDE_PARTIALS[op.op].format(a=e.cube(op, op.operands[-1]), out=out)
            return [f"strong({e.cube(op, op.operands[-1], 't_')}, {slope}).sum(0)"]
        terms = []
        for slot, rows in enumerate(op.operands):
            if any([e.touches(self.active, piece) for piece in rows]):
                terms.append(e.times(op, e.partial(op, slot), e.text(rows, True, "t_")))
        return terms


