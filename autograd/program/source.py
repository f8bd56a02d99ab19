"""Source: statements as readable NumPy, or JAX.

An array has a row a node and a column a lane; what is uniform has one column, so that both
mix by broadcasting. `u` holds the uniform inputs and the constants, `x` those of the lanes.
"""

from __future__ import annotations

from typing import Any

from autograd.program.arrays import NAMES
from autograd.program.batch import LANES, UNIFORM, Piece, Rows
from autograd.program.expressions import (
    COMPARISONS,
    INFIX,
    OPPOSITE,
    Expression,
    name,
    shown,
    where,
)
from autograd.program.lower import NOWHERE, Lowered, Statement
from autograd.program.rules import value

__all__ = ["FUNCTIONAL", "Functional", "Source"]

GUARDS = "# a sample that answers otherwise goes another way"
SHORT = 12  # a longer list of rows is not written into the source
WIDE = {
    "sum": "{a}.sum(0)",
    "dot": "{a} + ({b} * {c}).sum(0)",
    "maximum": "{a}.max(0)",
    "minimum": "{a}.min(0)",
    "hypot": "length({a})",
    "logsumexp": "logsumexp({a})",
    "take": "take({a}, {b})",
}
SINGLE = {"dot": 1, "take": 1}  # how many operands are not of the width
FUNCTIONAL = NAMES | {op: op for op in ["relu", "erf", "erfc"]}


class Source:
    """Writes a function; `indices` holds the lists of rows that it refers to."""

    calls = NAMES
    like = "np.zeros({}.shape)"  # a third of what zeros_like takes

    def __init__(self, lowered: Lowered) -> None:
        self.it = lowered
        self.indices: list[tuple[int, ...]] = []
        self.views: dict[Rows, str] = {}  # the names of matrices
        self.biases: dict[str, str] = {}  # the names of their gradients
        self.set: set[int] = set()  # the adjoints that have been written to
        self.aliases: set[int] = set()  # those of them that are another's array
        self.clean: dict[int, set[int]] = {}  # of those made of zeros, the rows that are so yet
        self.code: list[str] = []

    def lines(self) -> list[str]:
        """`value(u, x)` → outputs and checks; `gradient(u, x, seed)` also adjoints of u, x."""
        it = self.it
        for statement in it.statements[: it.forward]:
            self.write(statement)
        self.code.append(f"out = {self.text(it.out, True)}")
        if it.checks:
            self.code.append(f"checks = {self.text(it.checks, True)}  {GUARDS}")
        forward, self.code = [f"    {line}" for line in self.code], []
        results = ["out", "checks" if it.checks else "None"]
        if it.adjoints:
            for block, text in ((UNIFORM, "u"), (LANES, "x")):
                adjoint = it.adjoints.get(block)
                made = self.like.format(text) if adjoint else "None"
                self.code.append(f"d_{text} = {made}")
                if adjoint:
                    self.zeros(adjoint)
                results.append(f"d_{text}")
            for statement in it.statements[it.forward :]:
                self.write(statement)
            forward += self.reverse()
        head = "value(u, x)" if len(results) == 2 else "gradient(u, x, seed)"
        return [f"def {head}:", *forward, f"    return {', '.join(results)}"]

    def reverse(self) -> list[str]:
        return [
            '    with np.errstate(all="ignore"):',
            *[f"        {line}" for line in self.code],
        ]

    # ------------------------------------------------------------------ statements

    def write(self, it: Statement) -> None:
        if it.op == "matmul":
            self.matmul(it)
        elif it.op == "outer":
            self.outer(it)
        elif it.op in ("set", "add", "transposed", "scatter"):
            self.assign(it, self.term(it))
        elif it.op == "gather":
            text = f"{self.text(it.operands[0], True)}.reshape({it.size}, -1)"
            self.code.append(f"{self.text(it.target)} = {text}")
        else:
            texts = []
            for k, rows in enumerate(it.operands):
                single = k < SINGLE.get(it.op, 0)
                cube = f".reshape({it.width}, {it.size}, -1)"
                texts.append(self.text(rows, True) + ("" if single else cube))
            targets = ", ".join([self.text((piece,)) for piece in it.target])
            targets += ", _" if it.op in ("logsumexp", "take") and len(it.target) == 1 else ""
            text = WIDE[it.op].format(**dict(zip("abc", texts)))
            self.code.append(f"{targets} = {text}")

    def term(self, it: Statement) -> str:
        if it.op == "transposed":
            sign = "@" if it.width > 1 else "*"
            return f"{self.views[it.operands[0]]}.T {sign} {self.text(it.operands[1])}"
        if it.op == "scatter":
            return f"{self.text(it.operands[0])}.reshape({it.size}, 1)"
        texts = [self.text(rows) for rows in it.operands]
        if it.op == "set" and not any(self.varies(rows) or self.it.constant(rows) is None
                                      for rows in it.operands):  # fmt: skip
            texts[0] = self.text(it.operands[0], True)
        return self.shown(it.formula, texts)

    def assign(self, it: Statement, term: str) -> None:
        """Set or add a term; the sum of its rows or lanes where the target has fewer."""
        varies = it.op != "scatter" and any(map(self.varies, it.operands))
        if it.op == "add" and not varies and self.varies(it.target):
            term = f"{term} + np.zeros_like({self.text(((it.target[0]),))[2:]})"
        if len(it.target) > 1:
            self.code.append(f"c = {term}")
        start = 0
        for piece in it.target:
            count = len(piece.rows)
            part = term if len(it.target) == 1 else f"c[{start}:{start + count}]"
            start += count
            axes = [0] if len(it.target) == 1 and count == 1 and it.size > 1 else []
            if varies and piece.block != NOWHERE and not self.it.blocks[piece.block].varies:
                axes.append(1)
            if axes:
                axis = axes[0] if len(axes) == 1 else (0, 1)
                part = part if _is_name(part) else f"({part})"
                part = f"{part}.sum({axis}, keepdims=True)"
            if it.op == "set":
                guard = piece in self.it.checks and it.formula.op in COMPARISONS
                note = "  # a guard" if guard else ""
                self.code.append(f"{self.text((piece,))} = {part}{note}")
            elif piece.block != NOWHERE:
                self.add(piece, part)

    def add(self, piece: Piece, term: str) -> None:
        """Add a term to rows of an adjoint. The first to write sets it."""
        text, rows = self.it.names[piece.block], piece.rows
        padded = piece.block == self.it.adjoints.get(UNIFORM)
        whole = not padded and rows == range(self.it.blocks[piece.block].size)
        if whole and piece.block not in self.set:
            self.code.append(f"{text} = {term}")
            if _is_name(term):
                self.aliases.add(piece.block)
        elif whole:
            self.code.append(f"{text} = {text} + {term}")
            self.clean.pop(piece.block, None)
        else:
            self.zero(piece.block)
            self.increase(piece, term)
        self.set.add(piece.block)

    def increase(self, piece: Piece, term: str) -> None:
        """Add to some rows of an array."""
        text, subscript = self.it.names[piece.block], self.subscript(piece.rows)
        sign = "=" if self.first(piece) else "+="
        if len(set(piece.rows)) < len(piece.rows):
            self.code.append(f"np.add.at({text}, {subscript}, {term})")
        else:
            target = f"{text}[{subscript}]"
            self.code.append(f"{target} {sign} {term}{self.biases.get(target, '')}")

    def first(self, piece: Piece) -> bool:
        """Whether nothing has been written to these rows of an adjoint. Now something is."""
        clean = self.clean.get(piece.block, set())
        first = clean.issuperset(piece.rows)
        clean.difference_update(piece.rows)
        return first

    def zero(self, block: int) -> None:
        """Make an adjoint whose rows can be written to."""
        text = self.it.names[block]
        if block not in self.set:
            self.code.append(f"{text} = {self.like.format(text[2:])}")
            self.zeros(block)
        elif block in self.aliases:
            self.code.append(f"{text} = {text}.copy()")
            self.aliases.remove(block)

    def zeros(self, block: int) -> None:
        """Note that an adjoint is zeros."""
        self.set.add(block)
        self.clean[block] = set(range(self.it.blocks[block].size))

    def matmul(self, it: Statement) -> None:
        out = self.text(it.target)
        number = out.rpartition("h")[2]
        weights, xs, *bias = it.operands
        self.views[weights] = f"W{number}"
        self.code.append(f"W{number} = {self.matrix(weights, it.size, it.width)}")
        for rows in bias:
            text = self.text(rows)
            self.code.append(f"b{number} = {text}")
            self.biases.setdefault(f"d_{text}", f"  # d_b{number}")
        added = f" + b{number}" if bias else ""
        self.code.append(f"{out} = W{number} @ {self.text(xs, True)}{added}")

    def outer(self, it: Statement) -> None:
        """The adjoint of a matrix of weights: that of the result times the inputs."""
        d, xs = self.text(it.operands[0]), self.text(it.operands[1], True)
        self.zero(it.target[0].block)
        name = f"d_W{d.rpartition('h')[2]}"
        self.code.append(f"{name} = {self.matrix(it.target, it.size // it.width, it.width)}")
        sign = "[:] =" if self.first(it.target[0]) else " +="
        self.code.append(f"{name}{sign} {d} @ {xs}.T")

    def matrix(self, rows: Rows, m: int, k: int) -> str:
        """Weights as a view of their block."""
        start, by, cut, turned = self.cut(rows, m, k)
        take = "" if by[1] == cut else f"[:, :{cut}]"
        take += ".T" if turned else ""
        stop = start + by[0] * by[1]
        return f"{self.it.names[rows[0].block]}[{start}:{stop}].reshape({by[0]}, {by[1]}){take}"

    def cut(self, rows: Rows, m: int, k: int) -> tuple[int, tuple[int, int], int, bool]:
        """A matrix in its block: its start and shape, columns of it, and if it is turned."""
        view = self.it.view(rows, m, k)
        assert view is not None
        start, down, across = view
        return (start, (m, down), k, False) if across == 1 else (start, (k, across), m, True)

    # ------------------------------------------------------------------ rows and formulas

    def varies(self, rows: Rows) -> bool:
        return any(p.block != NOWHERE and self.it.blocks[p.block].varies for p in rows)

    def text(self, rows: Rows, array: bool = False) -> str:
        """Rows; a constant as a number, unless `array`."""
        number = None if array else self.it.constant(rows)
        if number is not None:
            return self.shown(number, ())
        parts = [self.piece(piece) for piece in rows]
        if not parts:
            return "np.empty((0, 1))"
        return parts[0] if len(parts) == 1 else f"stack({', '.join(parts)})"

    def piece(self, piece: Piece) -> str:
        text, rows = self.it.names[piece.block], piece.rows
        if piece.block != UNIFORM and rows == range(self.it.blocks[piece.block].size):
            return text
        return f"{text}[{self.subscript(rows)}]"

    def subscript(self, rows: range | tuple[int, ...]) -> str:
        if type(rows) is range:
            step = "" if rows.step == 1 else f":{rows.step}"
            return f"{rows[0]}:{rows[-1] + 1}{step}"
        if len(rows) <= SHORT:
            return str(list(rows))
        self.indices.append(tuple(rows))
        return f"indices[{len(self.indices) - 1}]"

    @classmethod
    def shown(cls, x: Any, texts: Any) -> str:
        """A formula with its operands' texts."""

        def call(op: str, args: list[str]) -> str:
            if op in cls.calls:
                return cls.calls[op] if not args else f"{cls.calls[op]}({', '.join(args)})"
            return shown(cls.expanded(op, [name(a) for a in args]), call)

        return shown(cls.filled(x, texts), call)

    @classmethod
    def filled(cls, x: Any, texts: Any) -> Any:
        """An expression with texts for operands, in what the target has."""
        if type(x) is not Expression:
            return x
        if x.op == "operand":
            return name(texts[x.args[0]])
        if x.op == "tile":
            return name(f"np.tile({texts[x.args[0].args[0]]}, ({x.args[1]}, 1))")
        if x.op == "each_partial":
            op, slot, *operands = x.args
            return cls.each_partial(op, slot, [_text(cls.filled(a, texts)) for a in operands])
        args = [cls.filled(a, texts) for a in x.args]
        if x.op in COMPARISONS:
            return name(f"({_text(args[0])} {COMPARISONS[x.op]} {_text(args[1])}) * 1.0")
        return cls.expanded(x.op, args)

    @classmethod
    def expanded(cls, op: str, args: list[Any]) -> Any:
        """An operation on expressions by what the target has, or by its rule for floats."""
        if op in cls.calls or op in INFIX:
            return Expression(op, *args)
        if op == "relu":
            return Expression("maximum", args[0], 0.0)
        try:
            return value(op, args)
        except TypeError:
            return cls.each(op, [_text(a) for a in args])

    @classmethod
    def each(cls, op: str, args: list[str]) -> Expression:
        """An operation number by number."""
        return name(f"each({', '.join([repr(op), *args])})")

    @classmethod
    def each_partial(cls, op: str, slot: int, args: list[str]) -> Expression:
        return name(f"each_partial({', '.join([repr(op), repr(slot), *args])})")


class Functional(Source):
    """Writes for arrays that can't be changed, as JAX's.

    Attributes:
        reach: how many rows u must have, since a view of a matrix may end beyond its inputs.
        held: what is to be added to the gradient, since that of biases can be written with
            that of the weights that they lie beside.
    """

    calls = FUNCTIONAL
    like = "np.zeros_like({})"

    def __init__(self, lowered: Lowered) -> None:
        super().__init__(lowered)
        self.reach = lowered.blocks[UNIFORM].size
        self.held: dict[tuple[Rows, Rows], Statement] = {}  # by what is added to what

    def reverse(self) -> list[str]:
        for it in self.held.values():
            super().write(it)
        return [f"    {line}" for line in self.code]

    def write(self, it: Statement) -> None:
        uniform = [piece.block for piece in it.target] == [self.it.adjoints.get(UNIFORM)]
        alone = len(it.operands) == 1 and getattr(it.formula, "op", "") == "operand"
        if it.op == "add" and uniform and alone and (*it.operands, it.target) not in self.held:
            self.held[it.operands[0], it.target] = it
        else:
            super().write(it)

    def increase(self, piece: Piece, term: str) -> None:
        text = self.it.names[piece.block]
        self.code.append(f"{text} = {text}.at[{self.subscript(piece.rows)}].add({term})")

    def outer(self, it: Statement) -> None:
        d, xs = self.text(it.operands[0]), self.text(it.operands[1], True)
        self.zero(it.target[0].block)
        start, by, cut, turned = self.cut(it.target, it.size // it.width, it.width)
        term = f"({xs} @ {d}.T)" if turned else f"({d} @ {xs}.T)"
        rows = range(start, start + by[0] * by[1])
        beside = Piece(it.target[0].block, range(start + cut, rows.stop, by[1]))
        biases = self.held.pop((it.operands[0], (beside,)), None) if by[1] == cut + 1 else None
        if biases is not None:
            term = f"np.concatenate([{term}, {d}.sum(1, keepdims=True)], 1)"
        elif by[1] != cut:
            term = f"np.pad({term}, ((0, 0), (0, {by[1] - cut})))"
        self.increase(Piece(it.target[0].block, rows), f"{term}.reshape(-1, 1)")

    def cut(self, rows: Rows, m: int, k: int) -> tuple[int, tuple[int, int], int, bool]:
        start, by, cut, turned = super().cut(rows, m, k)
        if rows[0].block in (UNIFORM, self.it.adjoints.get(UNIFORM)):
            self.reach = max(self.reach, start + by[0] * by[1])
        return start, by, cut, turned

    @classmethod
    def filled(cls, x: Any, texts: Any) -> Any:
        if type(x) is Expression and x.op == "mul":
            factor, chosen = x.args
            if type(chosen) is Expression and chosen.op in OPPOSITE:
                x = where(chosen, factor, 0.0)  # 0, even where the factor is infinite
        return super().filled(x, texts)

    def subscript(self, rows: range | tuple[int, ...]) -> str:
        text = super().subscript(rows)
        return f"np.array({text})" if text.startswith("[") else text

    @classmethod
    def each(cls, op: str, args: list[str]) -> Expression:
        raise NotImplementedError(
            f"{op}: its rule hands the operand to what takes floats only, or branches too "
            "often, so that no other library can compute it; write it with this library's "
            "functions"
        )

    @classmethod
    def each_partial(cls, op: str, slot: int, args: list[str]) -> Expression:
        return cls.each(op, args)


def _text(x: Any) -> str:
    return str(x.args[0]) if type(x) is Expression else repr(x)


def _is_name(text: str) -> bool:
    """Whether it is a name, or some rows of one."""
    return text.split("[")[0].isidentifier() and text.find("]") in (-1, len(text) - 1)
