"""Source: blocks as readable NumPy, or for arrays that cannot be changed, as JAX's.

An array has a row a row and a column a lane; what is uniform has one column, so that both mix
by broadcasting. A value is written once and never changed, so a name may stand for an array,
for a view of it or for some rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd.core.primitive import RESERVED
from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import FREE, Blocks, Op, Rows, matrix
from autograd.program.ir.rules import FLAT, fits_formulas, value
from autograd.rules.arrays import INFIX, NAMES, shown
from autograd.rules.expression import COMPARISONS, OPPOSITE, Expression, name, where

__all__ = ["FUNCTIONAL", "Functional", "Source", "compiled"]

SHORT = 12  # a longer list of rows is not written into the source
TERMS = 50  # of a sum in one line, which Python's own compiler takes apart by recursion
WIDE = {
    "sum": "{a}.sum(0)",
    "dot": "{a} + ({b} * {c}).sum(0)",
    "maximum": "{a}.max(0)",
    "minimum": "{a}.min(0)",
    "hypot": "length({a})",
    "logsumexp": "logsumexp({a})",
    "take": "take({a}, {b})",
}
FUNCTIONAL = NAMES


def compiled(source: Source, space: dict[str, Any]) -> Callable[..., dict[str, Array]]:
    """The function of the inputs (and the seed) that gives the results by name.

    Args:
        source: what it is written as.
        space: what this calls.
    """
    space = {**space, "indices": source.indices}
    exec(compile("\n".join(source.lines), "<program>", "exec"), space)
    return space[source.called]  # type: ignore[no-any-return]


class Source:
    """A function.

    Attributes:
        called: its name.
        lines: its text.
        indices: the constants and the lists of rows that it refers to.
    """

    calls: ClassVar = {op: called for op, called in NAMES.items() if op != "relu"}

    def __init__(self, blocks: Blocks) -> None:
        self.it, self.ops, self.users = blocks, blocks.ops, blocks.users()
        self.names: dict[int, str] = {}
        self.adjoints: set[str] = set()  # the names of values whose adjoint has a name
        self.numbers: dict[str, int] = {}  # the last of names that are numbered
        self.views: dict[str, str] = {}  # the names of matrices, by their text
        self.biases: dict[str, str] = {}  # those of biases
        self.outers: dict[int, str] = {}  # products that go right into the rows of a gradient
        self.indices: list[Array] = []
        self.code: list[str] = []
        self.slopes = {
            (op.what, op.operands[0], op.rows // op.width, op.width): v
            for v, op in enumerate(self.ops)
            if op.kind == "partials" and self.users[v]
        }
        checks = blocks.results.get("checks", -1)
        self.guards = {checks, *(self.ops[checks].operands if checks >= 0 else ())}
        self.seed = blocks.seed()
        self.called = "value" if self.seed == len(self.ops) else "gradient"
        self.lines = self.written()

    def written(self) -> list[str]:
        seed = self.seed
        inputs = [str(op.what) for op in self.ops if op.kind == "input"]
        for v, op in enumerate(self.ops[:seed]):
            self.write(v, op)
        for v in self.it.results.values():
            if v < seed:
                self.text(v)
        lines, self.code = [f"    {line}" for line in self.code], []
        for v, op in enumerate(self.ops[seed:], seed):
            self.write(v, op)
        results = [f'"{name}": {self.text(v)}' for name, v in self.it.results.items()]
        lines += self.reverse() if self.code else []
        return [
            f"def {self.called}({', '.join(inputs)}):",
            *lines,
            f"    return {{{', '.join(results)}}}",
        ]

    def reverse(self) -> list[str]:
        return [
            '    with np.errstate(all="ignore"):',
            *[f"        {line}" for line in self.code],
        ]

    def write(self, v: int, op: Op) -> None:
        """Write what computes a value, if something needs it; a pick when it is read."""
        if op.kind == "input":
            self.names[v] = op.what
        elif self.users[v] and op.kind not in FREE and v not in self.names:
            getattr(self, op.kind)(v, op)

    # ------------------------------------------------------------------ names and rows

    def named(self, v: int, kind: str) -> str:
        """A new name; that of an adjoint is "d_" and the name of its value."""
        of = self.names.get(self.it.adjoint_of.get(v, -1), "")
        if of.isidentifier() and of not in self.adjoints:
            self.adjoints.add(of)
            self.names[v] = f"d_{of}"
        else:
            self.numbers[kind] = number = self.numbers.get(kind, 0) + 1
            self.names[v] = f"{kind}{number}"
        return self.names[v]

    def say(self, v: int, kind: str, text: str) -> None:
        self.code.append(f"{self.named(v, kind)} = {text}")

    def text(self, v: int) -> str:
        """What stands for a value."""
        if v not in self.names:
            op = self.ops[v]
            if op.kind == "const":
                self.indices.append(np.array(op.what, float).reshape(-1, 1))
                self.names[v] = f"indices[{len(self.indices) - 1}]"
            elif len(op.operands) > 1:
                self.stacked(v, op)
            else:
                text = f"{self.text(next(iter(op.operands)))}[{self.listed(op.what)}]"
                if type(op.what) is range:
                    self.names[v] = text
                else:
                    self.say(v, "rows", text)
        return self.names[v]

    def stacked(self, v: int, op: Op) -> None:
        """A pick of several values."""
        parts, order = [], []
        for a, mine, rows in self.it.cut(op):
            order.append(mine)
            where = range(int(rows[0]), int(rows[0]) + len(rows))
            even = np.array_equal(rows, where)
            whole = even and len(rows) == self.ops[a].rows
            listed = self.listed(where if even else rows)
            parts.append(self.text(a) if whole else f"{self.text(a)}[{listed}]")
        text, places = f"stack({', '.join(parts)})", np.concatenate(order)
        if not np.array_equal(places, range(len(places))):
            text += f"[{self.listed(np.argsort(places))}]"
        self.say(v, "rows", text)

    def listed(self, rows: Rows) -> str:
        if type(rows) is range:
            return f"{rows.start}:{rows[-1] + 1}" + (f":{rows.step}" if rows.step > 1 else "")
        if len(rows) <= SHORT:
            return str(np.asarray(rows).tolist())
        self.indices.append(np.asarray(rows))
        return f"indices[{len(self.indices) - 1}]"

    def tiled(self, v: int, rows: int) -> str:
        """A value of fewer rows for so many."""
        had = self.ops[v].rows
        return (
            f"np.tile({self.text(v)}, ({rows // had}, 1))" if 1 < had < rows else self.text(v)
        )

    # ------------------------------------------------------------------ matrices

    def view(self, v: int, m: int, k: int) -> str:
        """A value as an m by k matrix: a view where its rows go by even steps."""
        op = self.ops[v]
        base, rows = v, range(op.rows)
        if op.kind == "pick" and len(op.operands) == 1:
            base, rows = op.operands[0], op.what
        return self.cut(base, rows, m, k) or f"{self.text(v)}.reshape({m}, {k})"

    def cut(self, base: int, rows: Rows, m: int, k: int) -> str | None:
        """These rows of a value as a view; None if there is none."""
        found = matrix(rows, m, k)
        if found is None:
            return None
        start, down, across = found
        text = None
        if across == 1 and (place := self.placed(base, start, m, k, down)):
            text = self.column_slice(base, *place, m, k, down)
        elif down == 1 and (place := self.placed(base, start, k, m, across)):
            text = f"{self.column_slice(base, *place, k, m, across)}.T"
        return text

    def placed(
        self, base: int, start: int, m: int, k: int, down: int
    ) -> tuple[int, int] | None:
        """Where m rows of `down` numbers begin, and the first column of k that start there."""
        begin = min(start, self.ops[base].rows - m * down)  # so that it ends where that does
        column = start - begin
        return (begin, column) if begin >= 0 and column + k <= down else None

    def column_slice(
        self, base: int, begin: int, column: int, m: int, k: int, down: int
    ) -> str:
        text = self.text(base)
        if m * down != self.ops[base].rows:
            text += f"[{begin}:{begin + m * down}]"
        some = "" if down == k else f"[:, {column or ''}:{column + k}]"
        return f"{text}.reshape({m}, {down}){some}"

    def matmul(self, v: int, op: Op) -> None:
        w, x, *bias = op.operands
        text, out = self.weights(w, op.rows, op.width), self.named(v, "h")
        added = ""
        if bias:
            read = self.text(bias[0])
            if read not in self.biases and not read.isidentifier():
                self.biases[read] = f"b{text[1:]}"
                self.code.append(f"b{text[1:]} = {read}")
            added = f" + {self.biases.get(read, read)}"
        sign = "@" if op.width > 1 or v < self.seed else "*"  # which may give -0.0
        self.code.append(f"{out} = {text} {sign} {self.text(x)}{added}")

    def weights(self, w: int, m: int, k: int) -> str:
        """The name of a matrix, with ".T" if it is another one turned."""
        text = self.view(w, m, k)
        if text not in self.views:
            self.numbers["W"] = number = self.numbers.get("W", 0) + 1
            self.code.append(f"W{number} = {text}")
            turned = text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"
            if 1 in (m, k):
                turned = self.view(w, k, m)
            self.views |= {turned: f"W{number}.T", text: f"W{number}"}
        return self.views[text]

    def outer_sum(self, v: int, op: Op) -> None:
        d, x = op.operands
        self.outers[v] = f"{self.text(d)} @ {self.text(x)}.T"
        if [self.ops[w].kind for w in self.users[v]] != ["scatter_add"]:
            self.say(v, "outer", f"({self.outers[v]}).reshape({op.rows}, 1)")

    # ------------------------------------------------------------------ the others

    def map(self, v: int, op: Op) -> None:
        texts = [self.tiled(a, op.rows) for a in op.operands]
        op_name = op.what.op
        ours = op_name in self.calls or op_name in RESERVED or op_name in FLAT
        kind = op_name if ours else f"{op_name.rpartition('.')[2]}_"
        guard = op_name in COMPARISONS and v in self.guards
        text = self.shown(op.what, texts)
        if type(self.filled(op.what, texts)) is not Expression:  # it is the same for all
            text = f"np.full(({op.rows}, 1), {text})"
        self.say(v, kind, text + ("  # a guard" if guard else ""))

    def reduce(self, v: int, op: Op) -> None:
        n = op.rows
        if n == 1 and op.what == "sum":
            self.say(v, "sum", f"{self.text(op.operands[0])}.sum(0, keepdims=True)")
            return
        cubes = [f"{self.text(a)}.reshape({op.width}, {n}, -1)" for a in op.operands]
        if op.what in ("dot", "take"):
            cubes[0] = self.text(op.operands[0])
        text = WIDE[op.what].format(**dict(zip("abc", cubes)))
        if op.what not in ("logsumexp", "take"):
            self.say(v, op.what, text)
            return
        slopes = self.slopes.get((op.what, op.operands[0], n, op.width), -1)
        out = self.named(v, op.what)
        other = self.named(slopes, "p") if slopes >= 0 and slopes not in self.names else "_"
        self.code.append(f"{out}, {other} = {text}")

    def sum_lanes(self, v: int, op: Op) -> None:
        text = f"{self.text(op.operands[0])}.sum(1, keepdims=True)"
        if len(self.users[v]) == 1:
            self.names[v] = text
        else:
            self.say(v, "total", text)

    def to_lanes(self, v: int, op: Op) -> None:
        self.say(v, "x", f"{self.text(op.operands[0])}.reshape({op.rows}, -1)")

    def from_lanes(self, v: int, op: Op) -> None:
        self.say(v, "y", f"{self.text(op.operands[0])}.reshape({op.rows}, 1)")

    # ------------------------------------------------------------------ sums of parts

    def scatter_add(self, v: int, op: Op) -> None:
        parts = [(a, rows) for a, rows in zip(op.operands, op.what) if rows is not None]
        whole = [a for a, rows in zip(op.operands, op.what) if rows is None]
        terms = [self.term(a, op.rows) for a in whole]
        most = max([self.ops[a].rows for a in whole], default=0)
        if (
            len(terms) < (2 if parts else 1)
            or most < op.rows
            or self.it.varies(whole) != op.lanes
        ):
            terms.insert(0, self.zeros(op))
        for start in range(0, len(terms), TERMS):
            more = [self.names[v]] if start else []
            text = " + ".join(more + terms[start : start + TERMS])
            if start:
                self.code.append(f"{self.names[v]} = {text}")
            else:
                self.say(v, "d", text)
        self.fresh = np.full(op.rows, not whole)
        self.add(v, parts)

    def zeros(self, op: Op) -> str:
        lanes: Any = 1
        if op.lanes:
            inputs = [
                f"{op.what}.shape[1]" for op in self.ops if op.kind == "input" and op.lanes
            ]
            lanes = self.it.lanes or inputs[0]
        return f"np.zeros(({op.rows}, {lanes}))"

    def add(self, v: int, parts: list[tuple[int, Rows]]) -> None:
        """Add values to rows of an array."""
        for a, rows in parts:
            text, mine = self.names[v], np.asarray(rows)
            sign = "=" if self.fresh[mine].all() else "+="
            self.fresh[mine] = False
            if len({*mine.tolist()}) < len(mine):
                term = self.term(a, len(rows))
                self.code.append(f"np.add.at({text}, {self.listed(rows)}, {term})")
            elif self.whole(a, rows) and (to := self.cut(v, rows, *self.shape(a))):
                matrix_name = f"d_{self.views.get(to.removeprefix('d_'), 'W')}".removesuffix(
                    ".T"
                )
                self.code.append(f"{matrix_name} = {to}")
                some = "[:] =" if sign == "=" else " +="
                self.code.append(f"{matrix_name}{some} {self.outers[a]}")
            else:
                term = self.term(a, len(rows))
                target = f"{text}[{self.listed(rows)}]"
                bias = self.biases.get(target.removeprefix("d_"))
                self.code.append(f"{target} {sign} {term}" + (f"  # d_{bias}" if bias else ""))

    def term(self, a: int, rows: int) -> str:
        """A value that is added to so many rows."""
        if a not in self.outers or a in self.names:
            return self.tiled(a, rows)
        had = self.ops[a].rows
        text = f"({self.outers[a]}).reshape({had}, 1)"
        return text if had == rows else f"np.tile({text}, ({rows // had}, 1))"

    def whole(self, a: int, rows: Rows) -> bool:
        """Whether it is a product that is written into these rows at once."""
        return a in self.outers and a not in self.names and self.ops[a].rows == len(rows)

    def shape(self, v: int) -> tuple[int, int]:
        """That of a matrix of sums."""
        op = self.ops[v]
        return op.rows // op.width, op.width

    # ------------------------------------------------------------------ formulas

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
            found = value(op, args)
        except TypeError:
            found = None
        if found is None or not fits_formulas(found):
            return cls.each(op, [_text(a) for a in args])
        return found

    @classmethod
    def each(cls, op: str, args: list[str]) -> Expression:
        """An operation number by number."""
        return name(f"each({', '.join([repr(op), *args])})")

    @classmethod
    def each_partial(cls, op: str, slot: int, args: list[str]) -> Expression:
        return name(f"each_partial({', '.join([repr(op), repr(slot), *args])})")


class Functional(Source):
    """Written for arrays that can't be changed, as JAX's."""

    calls = FUNCTIONAL

    def reverse(self) -> list[str]:
        return [f"    {line}" for line in self.code]

    def text(self, v: int) -> str:
        """Constants have the type of the inputs."""
        anew, text = v not in self.names and self.ops[v].kind == "const", super().text(v)
        inputs = [op.what for op in self.ops if op.kind == "input"]
        if anew and inputs:
            self.names[v] = text = f"{text}.astype({inputs[0]}.dtype)"
        return text

    def zeros(self, op: Op) -> str:
        return f"{super().zeros(op)[:-1]}, {self.text(self.seed)}.dtype)"

    def add(self, v: int, parts: list[tuple[int, Rows]]) -> None:
        """A product goes to its rows with what lies between them, and with its biases."""
        text, left = self.names[v], dict(enumerate(parts))
        while left:
            a, rows = left.pop(min(left))
            found = self.padded(v, a, rows, left) if self.whole(a, rows) else None
            to, term = found or (self.listed(rows), self.term(a, len(rows)))
            self.code.append(f"{text} = {text}.at[{to}].add({term})")

    def padded(
        self, v: int, a: int, rows: Rows, left: dict[int, tuple[int, Rows]]
    ) -> tuple[str, str] | None:
        """The rows from the first to the last of a product, and it with 0 in between.

        Args:
            left: further parts, of which the biases are taken where they are in between.
        """
        (m, k), term = self.shape(a), f"({self.outers[a]})"
        start, down, across = matrix(rows, m, k) or (0, 0, 0)
        if across > 1 and down == 1:
            term, m, k, down, across = f"{term}.T", k, m, across, 1
        found = self.placed(v, start, m, k, down) if across == 1 else None
        if found is None:
            return None
        begin, column = found
        beside = range(start + k, start + k + (m - 1) * down + 1, down)
        bias = [i for i, (_, other) in left.items() if type(other) is range and other == beside]
        if bias and down == k + 1 and not column:
            term = f"np.concatenate([{term}, {self.tiled(left.pop(bias[0])[0], m)}], 1)"
        elif down != k:
            term = f"np.pad({term}, ((0, 0), ({column}, {down - k - column})))"
        return f"{begin}:{begin + m * down}", f"{term}.reshape(-1, 1)"

    def listed(self, rows: Rows) -> str:
        text = super().listed(rows)
        return f"np.array({text})" if text.startswith("[") else text

    @classmethod
    def filled(cls, x: Any, texts: Any) -> Any:
        if type(x) is Expression and x.op == "mul":
            factor, chosen = x.args
            if type(chosen) is Expression and chosen.op in OPPOSITE:
                x = where(chosen, factor, 0.0)  # 0, even where the factor is infinite
        return super().filled(x, texts)

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
    if type(x) is Expression:
        return str(x.args[0])
    return repr(x).replace("inf", "np.inf").replace("nan", "np.nan")
