"""Source: blocks as readable NumPy.

An array has a row a row and a column a lane; what is uniform has one column, so that both mix
by broadcasting. A value is written once and never changed, so a name may stand for an array,
for a view of it or for some rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.core.primitive import RESERVED
from autograd.program.ir.arrays import Array, np
from autograd.program.ir.block import FREE, Blocks, Op, Rows, matrix
from autograd.rules.arrays import lines
from autograd.rules.expression import COMPARISONS, FLAT, Expression

__all__ = ["Source", "compiled"]

NAME = re.compile(r"[A-Za-z_]\w*")
SHORT = 12  # a longer list of rows is not written into the source
TERMS = 50  # of a sum in one line, which Python's own compiler takes apart by recursion
OF_MANY = {
    "sum": "{a}.sum(0)",
    "dot": "{a} + ({b} * {c}).sum(0)",
    "maximum": "first({a}, np.argmax)",
    "minimum": "first({a}, np.argmin)",
    "logsumexp": "logsumexp({a})",
}


def compiled(source: Source, space: dict[str, Any]) -> Callable[..., dict[str, Array]]:
    """The function of the inputs (and the seed) that gives the results by name.

    Args:
        source: its text.
        space: what the text may name.
    """
    space = {**space, "indices": source.indices}
    exec(compile("\n".join(source.lines), "<program>", "exec"), space)
    return space[source.called]  # type: ignore[no-any-return]


class View(NamedTuple):
    """A matrix within the rows of a value, which are written as lines of `width` numbers.

    Attributes:
        base: the value.
        start, height: the first row of the value, and how many lines there are.
        column, span: the first number of each line, and how many follow.
        turned: whether the matrix is transposed.
    """

    base: int
    start: int
    height: int
    width: int
    column: int
    span: int
    turned: bool = False


class Source:
    """A function.

    Attributes:
        called: its name.
        lines: its text.
        indices: the constants and the lists of rows that the text refers to.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.it, self.ops, self.users = blocks, blocks.ops, blocks.users()
        self.names: dict[int, str] = {}
        self.adjoints: set[str] = set()  # the names of values whose adjoint has a name
        self.numbers: dict[str, int] = {}  # the last of names that are numbered
        self.matrices: dict[View, str] = {}
        self.biases: dict[Any, str] = {}  # by their value, and rows of that
        self.outers: dict[int, str] = {}  # products that go right into the rows of a gradient
        self.indices: list[Array] = []
        self.code: list[str] = []
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
        forward, self.code = [f"    {line}" for line in self.code], []
        for v, op in enumerate(self.ops[seed:], seed):
            self.write(v, op)
        results = [f'"{name}": {self.text(v)}' for name, v in self.it.results.items()]
        reverse = [f"        {line}" for line in self.code]
        return [
            f"def {self.called}({', '.join(inputs)}):",
            *forward,
            *(['    with np.errstate(all="ignore"):', *reverse] if reverse else []),
            f"    return {{{', '.join(results)}}}",
        ]

    def write(self, v: int, op: Op) -> None:
        """Write what computes a value, if something needs it; a pick when it is read."""
        if op.kind == "input":
            self.names[v] = op.what
        elif self.users[v] and op.kind not in FREE:
            getattr(self, op.kind)(v, op)

    # ------------------------------------------------------------------ names and rows

    def named(self, v: int, kind: str) -> str:
        """A new name; that of an adjoint is "d_" and the name of its value."""
        of = self.names.get(self.it.adjoint_of.get(v, -1), "")
        if of.isidentifier() and of not in self.adjoints:
            self.adjoints.add(of)
            self.names[v] = f"d_{of}"
        else:
            self.names[v] = self.numbered(kind)
        return self.names[v]

    def numbered(self, kind: str) -> str:
        self.numbers[kind] = number = self.numbers.get(kind, 0) + 1
        return f"{kind}{number}"

    def say(self, v: int, kind: str, text: str) -> None:
        self.code.append(f"{self.named(v, kind)} = {text}")

    def text(self, v: int) -> str:
        """Return the text that stands for a value."""
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

    def place(self, v: int) -> tuple[int, Rows]:
        """The value that a pick is of, and its rows there; of others, all rows."""
        op = self.ops[v]
        if op.kind == "pick" and len(op.operands) == 1:
            return op.operands[0], op.what
        return v, range(op.rows)

    # ------------------------------------------------------------------ matrices

    def view(self, v: int, m: int, k: int) -> View:
        """A value as an m by k matrix: in the value that it is picked from, where that goes."""
        return self.part(*self.place(v), m, k) or _vector(View(v, 0, m, k, 0, k))

    def part(self, base: int, rows: Rows, m: int, k: int) -> View | None:
        """These rows of a value as an m by k matrix; None if they are no view."""
        steps = matrix(rows, m, k)
        if steps is None or 1 not in steps[1:]:
            return None
        start, down, across = steps
        turned = across != 1
        count, width, span = (k, across, m) if turned else (m, down, k)
        begin = min(start, self.ops[base].rows - count * width)  # it ends where the value does
        column = start - begin
        if begin < 0 or width < column + span:
            return None
        return _vector(View(base, begin, count, width, column, span, turned))

    def shown(self, view: View) -> str:
        text = self.text(view.base)
        end = view.start + view.height * view.width
        if end - view.start != self.ops[view.base].rows:
            text += f"[{view.start}:{end}]"
        text += f".reshape({view.height}, {view.width})"
        if view.span != view.width:
            text += f"[:, {view.column or ''}:{view.column + view.span}]"
        return text + ".T" * view.turned

    def matmul(self, v: int, op: Op) -> None:
        w, x, *bias = op.operands
        view = self.view(w, op.rows, op.width)
        weights = self.matrix(view)
        if not weights:
            self.matrices[view] = weights = self.numbered("W")
            self.code.append(f"{weights} = {self.shown(view)}")
        out, turned = self.named(v, "h"), ".T" * (view not in self.matrices)
        added = "".join([f" + {self.bias(b, weights)}" for b in bias])
        sign = "@" if op.width > 1 or v < self.seed else "*"  # which may give -0.0
        self.code.append(f"{out} = {weights}{turned} {sign} {self.text(x)}{added}")

    def matrix(self, view: View) -> str:
        """The name of a matrix, or of its transpose; empty if neither has one."""
        other = view._replace(turned=not view.turned)
        return self.matrices.get(view) or self.matrices.get(other, "")

    def bias(self, b: int, weights: str) -> str:
        """The name of what is added to a product."""
        base, rows = self.place(b)
        text = self.text(b)
        if text.isidentifier() or type(rows) is not range:
            return text
        if (base, rows) not in self.biases:
            self.biases[base, rows] = f"b{weights[1:]}"
            self.code.append(f"b{weights[1:]} = {text}")
        return self.biases[base, rows]

    def outer_sum(self, v: int, op: Op) -> None:
        d, x = op.operands
        self.outers[v] = f"{self.text(d)} @ {self.text(x)}.T"
        if [self.ops[w].kind for w in self.users[v]] != ["scatter_add"]:
            self.say(v, "outer", f"({self.outers[v]}).reshape({op.rows}, 1)")

    # ------------------------------------------------------------------ the others

    def map(self, v: int, op: Op) -> None:
        texts = [self.tiled(a, op.rows) for a in op.operands]
        name = op.what.op
        steps, text = lines(op.what, texts, Expression)
        self.code += steps
        if op.what.args and not {*NAME.findall(text)} - {
            "np",
            "inf",
            "nan",
        }:  # a number for all
            text = f"np.full(({op.rows}, 1), {text})"
        kind = name if name in RESERVED or name in FLAT else f"{name.rpartition('.')[2]}_"
        guard = name in COMPARISONS and v in self.guards
        self.say(v, kind, text + ("  # a guard" if guard else ""))

    def reduce(self, v: int, op: Op) -> None:
        if op.rows == 1 and op.what == "sum":
            self.say(v, "sum", f"{self.text(op.operands[0])}.sum(0, keepdims=True)")
            return
        cubes = [self.cube(a, op.width, op.rows) for a in op.operands]
        if op.what == "dot":
            cubes[0] = self.text(op.operands[0])
        self.say(v, op.what, OF_MANY[op.what].format(**dict(zip("abc", cubes))))

    def cube(self, v: int, width: int, rows: int) -> str:
        return f"{self.text(v)}.reshape({width}, {rows}, -1)"

    def partials(self, v: int, op: Op) -> None:
        [a] = op.operands
        self.say(v, "p", f"softmax({self.cube(a, op.width, op.rows // op.width)})")

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
        for a, rows in parts:
            self.add(v, a, rows)

    def zeros(self, op: Op) -> str:
        lanes: Any = 1
        if op.lanes:
            inputs = [
                f"{op.what}.shape[1]" for op in self.ops if op.kind == "input" and op.lanes
            ]
            lanes = self.it.lanes or inputs[0]
        return f"np.zeros(({op.rows}, {lanes}))"

    def add(self, v: int, a: int, rows: Rows) -> None:
        """Add a value to rows of an array."""
        text, mine, made = self.names[v], np.asarray(rows), self.ops[a]
        of = self.it.adjoint_of.get(v, -1)
        sign = "=" if self.fresh[mine].all() else "+="
        self.fresh[mine] = False
        whole = a in self.outers and a not in self.names and made.rows == len(rows)
        view = self.part(v, rows, made.rows // made.width, made.width) if whole else None
        if len({*mine.tolist()}) < len(mine):
            term = self.term(a, len(rows))
            self.code.append(f"np.add.at({text}, {self.listed(rows)}, {term})")
        elif view is not None:
            name = f"d_{self.matrix(view._replace(base=of)) or 'W'}"
            self.code.append(f"{name} = {self.shown(view)}")
            self.code.append(f"{name}{'[:] =' if sign == '=' else ' +='} {self.outers[a]}")
        else:
            bias = self.biases.get((of, rows)) if type(rows) is range else None
            target = f"{text}[{self.listed(rows)}] {sign} {self.term(a, len(rows))}"
            self.code.append(target + (f"  # d_{bias}" if bias else ""))

    def term(self, a: int, rows: int) -> str:
        """A value that is added to so many rows."""
        if a not in self.outers or a in self.names:
            return self.tiled(a, rows)
        had = self.ops[a].rows
        text = f"({self.outers[a]}).reshape({had}, 1)"
        return text if had == rows else f"np.tile({text}, ({rows // had}, 1))"


def _vector(view: View) -> View:
    """The view; a column is written as a row that is turned, so that both have one name."""
    if view.width == 1 and view.height > 1:
        length = view.height
        return view._replace(height=1, width=length, span=length, turned=not view.turned)
    return view
