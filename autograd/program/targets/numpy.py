"""To NumPy: a program as a readable function, which the interpreted build also runs.

An array has a row for each row and a column for each lane; what is uniform has one column, so
that both mix by broadcasting. A value is written once and never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.core.primitive import RESERVED
from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import BlockProgram, Op, Rows, matrix_steps
from autograd.rules.arrays import lines
from autograd.rules.expression import FLAT, Expression

__all__ = ["Source", "compile_source"]

NAME = re.compile(r"[A-Za-z_]\w*")
MAX_LISTED_ROWS = 12  # a longer list of rows is an array that the text refers to
MAX_TERMS = 50  # of a sum in one line, which Python's own compiler takes apart by recursion


def compile_source(
    source: Source, namespace: dict[str, Any]
) -> Callable[..., dict[str, Array]]:
    """The function of the inputs (and the seed) that gives the results by name.

    Args:
        source: its text.
        namespace: what the text may name.
    """
    space = {**namespace, "indices": source.indices}
    exec(compile("\n".join(source.lines), "<program>", "exec"), space)
    return space[source.name]  # type: ignore[no-any-return]


class Source:
    """The text of a function.

    Attributes:
        name: what the function is called.
        lines: its text.
        indices: the constants and the lists of rows that the text refers to.
    """

    def __init__(self, program: BlockProgram) -> None:
        self.program, self.ops, self.users = program, program.ops, program.users()
        self.texts: dict[int, str] = {}  # of values that have one
        self.counts: dict[str, int] = {}  # how many names begin with a word
        self.names_with_adjoint: set[str] = set()
        self.matrices: dict[_View, str] = {}
        self.indices: list[Array] = []
        self.code: list[str] = []
        self.guards = self.find_guards()
        self.seed = program.seed()
        self.name = "value" if self.seed == len(self.ops) else "gradient"
        self.lines = self.write()

    def find_guards(self) -> list[int]:
        """The comparisons whose answers are results."""
        if "checks" not in self.program.results:
            return []
        checks = self.program.results["checks"]
        guards = [checks, *self.ops[checks].args]
        return [v for v in guards if self.ops[v].kind == "map" and self.ops[v].param.op in FLAT]

    def write(self) -> list[str]:
        """All lines: the forward sweep, and the reverse sweep without warnings."""
        inputs = [op.param for op in self.ops if op.kind == "input"]
        forward = self.write_operations(range(self.seed))
        reverse = self.write_operations(range(self.seed, len(self.ops)))
        if reverse:
            reverse = ['with np.errstate(all="ignore"):', *_indent(reverse)]
        results = [f'"{name}": {self.text(v)}' for name, v in self.program.results.items()]
        body = [*forward, *reverse, f"return {{{', '.join(results)}}}"]
        return [f"def {self.name}({', '.join(inputs)}):", *_indent(body)]

    def write_operations(self, values: range) -> list[str]:
        """The lines that compute what is needed of these values."""
        for v in values:
            op = self.ops[v]
            if op.kind == "input":
                self.texts[v] = op.param
            elif self.users[v] and op.kind in WRITE:
                WRITE[op.kind](self, v, op)
        for v in self.program.results.values():
            if v in values:
                self.text(v)
        code, self.code = self.code, []
        return code

    # ------------------------------------------------------------------ names

    def number(self, word: str) -> str:
        """A new name that begins with a word."""
        self.counts[word] = count = self.counts.get(word, 0) + 1
        return f"{word}{count}"

    def set(self, v: int, word: str, text: str) -> None:
        """Write the line that computes a value."""
        self.texts[v] = self.name_of_adjoint(v) or self.number(word)
        comment = "  # a guard" if v in self.guards else ""
        self.code.append(f"{self.texts[v]} = {text}{comment}")

    def name_of_adjoint(self, v: int) -> str:
        """The name of an adjoint after its value; empty if there is none."""
        name = self.texts.get(self.program.adjoint_of.get(v, -1), "")
        if not name.isidentifier() or name in self.names_with_adjoint:
            return ""
        self.names_with_adjoint.add(name)
        return f"d_{name}"

    def text(self, v: int) -> str:
        """The text that stands for a value. A constant or a pick gets one when it is read."""
        if v not in self.texts:
            op = self.ops[v]
            if op.kind == "const":
                self.texts[v] = self.refer(np.array(op.param, float).reshape(-1, 1))
            else:
                self.write_pick(v, op)
        return self.texts[v]

    def write_pick(self, v: int, op: Op) -> None:
        """Name the rows of a pick; a slice of one value needs no name."""
        if not _is_single_pick(op):
            self.set(v, "rows", self.stack(op))
            return
        text = f"{self.text(op.args[0])}[{self.list_rows(op.param)}]"
        if type(op.param) is range:
            self.texts[v] = text
        else:
            self.set(v, "rows", text)

    def refer(self, array: Array) -> str:
        """The text of an array that the function refers to."""
        self.indices.append(array)
        return f"indices[{len(self.indices) - 1}]"

    def is_term(self, v: int) -> bool:
        """Whether a value is used once, as a term of a sum."""
        return [self.ops[user].kind for user in self.users[v] if user >= 0] == ["add_at"]

    # ------------------------------------------------------------------ rows

    def stack(self, op: Op) -> str:
        """A pick of several values."""
        texts, order = [], []
        for part in self.program.parts(op):
            order.append(np.asarray(part.rows))
            whole = range(self.ops[part.value].rows)
            text = self.text(part.value)
            if not (type(part.source) is range and part.source == whole):
                text = f"{text}[{self.list_rows(part.source)}]"
            texts.append(text)
        places = np.concatenate(order)
        stacked = f"stack({', '.join(texts)})"
        if np.array_equal(places, range(len(places))):
            return stacked
        return f"{stacked}[{self.list_rows(np.argsort(places))}]"

    def list_rows(self, rows: Rows) -> str:
        """The text of an index."""
        if type(rows) is range:
            step = f":{rows.step}" if rows.step > 1 else ""
            return f"{rows.start}:{rows[-1] + 1 if rows else rows.start}{step}"
        if len(rows) <= MAX_LISTED_ROWS:
            return str(np.asarray(rows).tolist())
        return self.refer(np.asarray(rows))

    def tile(self, v: int, rows: int) -> str:
        """A value of one row, or repeated until it has so many."""
        count = self.ops[v].rows
        if count in (1, rows):
            return self.text(v)
        return f"np.tile({self.text(v)}, ({rows // count}, 1))"

    def cube(self, v: int, groups: int) -> str:
        """The operands of a reduce, as an array of shape (operands, groups, lanes)."""
        return f"{self.text(v)}.reshape({self.ops[v].rows // groups}, {groups}, -1)"

    # ------------------------------------------------------------------ matrices

    def matrix(self, v: int, height: int, width: int) -> str:
        """A value as a matrix: a view of the value that it is picked from, if there is one."""
        op = self.ops[v]
        base, rows = (op.args[0], op.param) if _is_single_pick(op) else (v, range(op.rows))
        view = _view_of(base, rows, height, width, self.ops[base].rows)
        if view is None:
            return f"{self.text(v)}.reshape({height}, {width})"
        if view in self.matrices:
            return self.matrices[view]
        turned = view._replace(turned=not view.turned)
        if turned in self.matrices:
            return f"{self.matrices[turned]}.T"
        self.matrices[view] = self.number("W")
        self.code.append(f"{self.matrices[view]} = {self.describe_view(view)}")
        return self.matrices[view]

    def name_bias(self, v: int) -> str:
        """The name of what is added to a product."""
        if not self.text(v).isidentifier():
            self.set(v, "b", self.text(v))
        return self.texts[v]

    def describe_view(self, view: _View) -> str:
        return view.of(self.text(view.base), self.ops[view.base].rows)


class _View(NamedTuple):
    """A matrix within the rows of a value, written as lines of `width` numbers.

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
    turned: bool

    def of(self, text: str, count: int) -> str:
        """The text of the matrix within an array of so many rows."""
        end = self.start + self.height * self.width
        if end - self.start != count:
            text += f"[{self.start}:{end}]"
        text += f".reshape({self.height}, {self.width})"
        if self.span != self.width:
            text += f"[:, {self.column or ''}:{self.column + self.span}]"
        return f"{text}.T" if self.turned else text


def _view_of(base: int, rows: Rows, height: int, width: int, count: int) -> _View | None:
    """The rows of a value that has so many as a matrix; None if they are no view."""
    steps = matrix_steps(rows, height, width)
    if steps is None or 1 not in (steps.down, steps.across):
        return None
    turned = steps.across != 1
    lines, line, span = (width, steps.across, height) if turned else (height, steps.down, width)
    start = min(steps.first, count - lines * line)  # the last line ends where the value does
    column = steps.first - start
    if start < 0 or line < column + span:
        return None
    if line == 1 and lines > 1:  # a column is a row that is turned, so both have one name
        return _View(base, start, 1, lines, 0, lines, not turned)
    return _View(base, start, lines, line, column, span, turned)


def _is_single_pick(op: Op) -> bool:
    return op.kind == "pick" and len(op.args) == 1


def _indent(code: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in code]


# ---------------------------------------------------------------- a writer for each kind


def _write_map(source: Source, v: int, op: Op) -> None:
    texts = [source.tile(a, op.rows) for a in op.args]
    steps, text = lines(op.param, texts, Expression)
    source.code += steps
    name = op.param.op
    word = name if name in RESERVED or name in FLAT else f"{name.rpartition('.')[2]}_"
    rows = max([source.ops[a].rows for a in op.args])
    is_number = not {*NAME.findall(text)} - {"np", "inf", "nan"}
    if is_number:
        text = f"np.full(({op.rows}, 1), {text})"
    elif rows < op.rows:
        text = f"np.tile({text}, ({op.rows}, 1))"
    if op.lanes and not source.program.varies(op.args):
        text = f"np.repeat({text}, {_lane_count(source)}, 1)"
    source.set(v, word, text)


def _write_matmul(source: Source, v: int, op: Op) -> None:
    w, x, *bias = op.args
    width = source.ops[x].rows
    weights = source.matrix(w, op.rows, width)
    sign = "@" if width > 1 or v < source.seed else "*"  # @ may give -0.0
    terms = [f"{weights} {sign} {source.text(x)}", *map(source.name_bias, bias)]
    source.set(v, "h", " + ".join(terms))


def _write_outer(source: Source, v: int, op: Op) -> None:
    """Name the product, unless one sum takes it right into its rows."""
    if not source.is_term(v):
        source.set(v, "outer", f"({_product_of_outer(source, op)}).reshape({op.rows}, 1)")


def _product_of_outer(source: Source, op: Op) -> str:
    d, x = [source.text(a) for a in op.args]
    return f"{d} @ {x}.T"


def _write_reduce(source: Source, v: int, op: Op) -> None:
    if op.param == "dot":
        bias, w, x = op.args
        product = f"({source.cube(w, op.rows)} * {source.cube(x, op.rows)}).sum(0)"
        source.set(v, "dot", f"{source.tile(bias, op.rows)} + {product}")
    elif op.param == "sum" and op.rows == 1:
        source.set(v, "sum", f"{source.text(op.args[0])}.sum(0, keepdims=True)")
    else:
        source.set(v, op.param, REDUCED[op.param].format(source.cube(op.args[0], op.rows)))


REDUCED = {
    "sum": "{}.sum(0)",
    "maximum": "first({}, np.argmax)",
    "minimum": "first({}, np.argmin)",
    "logsumexp": "logsumexp({})",
    "hypot": "np.hypot.reduce(abs({}))",
}


def _write_softmax(source: Source, v: int, op: Op) -> None:
    groups = source.ops[op.args[1]].rows
    source.set(v, "softmax", f"softmax({source.cube(op.args[0], groups)})")


def _write_sum_lanes(source: Source, v: int, op: Op) -> None:
    text = f"{source.text(op.args[0])}.sum(1, keepdims=True)"
    if source.is_term(v):
        source.texts[v] = text
    else:
        source.set(v, "total", text)


def _write_to_lanes(source: Source, v: int, op: Op) -> None:
    source.set(v, "x", f"{source.text(op.args[0])}.reshape({op.rows}, -1)")


def _write_from_lanes(source: Source, v: int, op: Op) -> None:
    source.set(v, "y", f"{source.text(op.args[0])}.reshape({op.rows}, 1)")


def _write_add_at(source: Source, v: int, op: Op) -> None:
    """All terms of all rows in a sum; then terms of some rows are added."""
    terms = [*zip(op.args, op.param)]
    whole = [a for a, rows in terms if rows is None]
    _write_sum(source, v, op, [_term(source, a, op.rows) for a in whole], _is_full(source, op))
    for a, rows in terms:
        if rows is not None:
            _write_term(source, v, a, rows)


def _is_full(source: Source, op: Op) -> bool:
    """Whether the sum of the terms of all rows has the rows and the lanes of the result."""
    whole = [source.ops[a] for a, rows in zip(op.args, op.param) if rows is None]
    has_rows = max([each.rows for each in whole], default=0) == op.rows
    has_lanes = any(each.lanes for each in whole) == op.lanes
    return has_rows and has_lanes and len(whole) > 1


def _write_sum(source: Source, v: int, op: Op, terms: list[str], is_full: bool) -> None:
    if not is_full:
        lanes = _lane_count(source) if op.lanes else 1
        terms = [f"np.zeros(({op.rows}, {lanes}))", *terms]
    source.set(v, "d", " + ".join(terms[:MAX_TERMS]))
    name = source.texts[v]
    for start in range(MAX_TERMS, len(terms), MAX_TERMS):
        source.code.append(f"{name} = {' + '.join([name, *terms[start : start + MAX_TERMS]])}")


def _term(source: Source, a: int, rows: int) -> str:
    """The text of a term for so many rows."""
    if a not in source.texts and source.ops[a].kind == "outer":
        count = source.ops[a].rows
        source.texts[a] = f"({_product_of_outer(source, source.ops[a])}).reshape({count}, 1)"
    return source.tile(a, rows)


def _write_term(source: Source, v: int, a: int, rows: Rows) -> None:
    """Add a term to some rows of a sum."""
    name, op = source.texts[v], source.ops[a]
    if a not in source.texts and op.kind == "outer":
        height, width = source.ops[op.args[0]].rows, source.ops[op.args[1]].rows
        view = _view_of(v, rows, height, width, source.ops[v].rows)
        if view is not None:
            target = view.of(name, source.ops[v].rows)
            if not target.endswith("]"):
                target += "[:]"
            source.code.append(f"{target} += {_product_of_outer(source, op)}")
            return
    term, listed = _term(source, a, len(rows)), source.list_rows(rows)
    if len({*np.asarray(rows).tolist()}) < len(rows):
        source.code.append(f"np.add.at({name}, {listed}, {term})")
    else:
        source.code.append(f"{name}[{listed}] += {term}")


def _lane_count(source: Source) -> str:
    """The text of how many lanes there are."""
    if source.program.lanes:
        return str(source.program.lanes)
    varying = [op.param for op in source.ops if op.kind == "input" and op.lanes]
    return f"{varying[0]}.shape[1]"


WRITE: dict[str, Callable[[Source, int, Op], None]] = {
    "map": _write_map,
    "matmul": _write_matmul,
    "outer": _write_outer,
    "reduce": _write_reduce,
    "softmax": _write_softmax,
    "sum_lanes": _write_sum_lanes,
    "to_lanes": _write_to_lanes,
    "from_lanes": _write_from_lanes,
    "add_at": _write_add_at,
}
