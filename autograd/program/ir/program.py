"""A program: a list of operations on blocks of rows, each value set once (SSA form).

`passes/vectorize.py` makes one of a tape, `passes/derivatives.py` appends tangents or adjoints,
the targets print or lower it. `kinds.py` says what each kind of operation computes.

A value is the place of its operation in the list. It has rows, and is uniform (one number a
row) or of lanes (a number a row and lane). Row i of a result reads row i modulo the rows of
each operand, and what is uniform is the same in all lanes: this is all of broadcasting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.rules.expression import SYMBOLS, Expression, operand

__all__ = ["SOURCES", "WIDE", "BlockProgram", "Op", "Part", "Place", "Rows", "as_range"]
__all__ += ["matrix_steps", "operand"]

Rows = range | Array  # places of rows
SOURCES = frozenset(["input", "const", "pick"])  # kinds that compute nothing
# Operations of any number of operands, which are rows of a reduce.
WIDE = frozenset(["sum", "dot", "maximum", "minimum", "logsumexp", "hypot"])


class Op(NamedTuple):
    """An operation. Its operands are values, which come before it.

    Attributes:
        kind: the name of an entry of `kinds.KINDS`.
        rows: how many rows the result has.
        lanes: whether the result has a number for each lane.
        args: the operands.
        param: depends on the kind: a name, numbers, places of rows or a formula.
    """

    kind: str
    rows: int
    lanes: bool
    args: tuple[int, ...] = ()
    param: Any = None


class Part(NamedTuple):
    """The rows of a pick that come from one operand.

    Attributes:
        value: the operand.
        rows: places among the rows of the pick.
        source: for each of them the row of the operand.
    """

    value: int
    rows: Rows
    source: Rows


class Place(NamedTuple):
    """Where the numbers of an input lie: rows among the inputs that vary as it does."""

    name: str
    varies: bool
    rows: range


class BlockProgram:
    """Operations in order, and those that are results.

    Attributes:
        ops: all operations. Those after the input "seed" are the reverse sweep.
        results: values by name: "out", "checks" if there are guards, and "d_" and the name of
            an input for its derivative.
        lanes: the number of lanes, if it is known.
        adjoint_of: for values that are adjoints, of which value; targets name them by it.
    """

    def __init__(self, other: BlockProgram | None = None) -> None:
        self.ops: list[Op] = [*other.ops] if other else []
        self.results: dict[str, int] = dict(other.results) if other else {}
        self.lanes: int | None = other.lanes if other else None
        self.adjoint_of: dict[int, int] = dict(other.adjoint_of) if other else {}
        self._picks: dict[Any, int] = dict(other._picks) if other else {}
        self._softmaxes: dict[int, int] = dict(other._softmaxes) if other else {}
        self._formulas: dict[Any, Expression] = other._formulas if other else {}

    # ------------------------------------------------------------------ adding operations

    def add(
        self,
        kind: str,
        rows: int,
        args: Sequence[int] = (),
        param: Any = None,
        lanes: bool | None = None,
    ) -> int:
        """Append an operation; return its value. It has lanes if one of its operands has."""
        if lanes is None:
            lanes = self.varies(args)
        self.ops.append(Op(kind, rows, lanes, tuple(args), param))
        return len(self.ops) - 1

    def varies(self, values: Sequence[int]) -> bool:
        """Whether one of these values has lanes."""
        ops = self.ops
        return any(ops[v].lanes for v in values)

    def const(self, numbers: Sequence[float]) -> int:
        """Append numbers, a row each."""
        return self.add("const", len(numbers), (), tuple(numbers), lanes=False)

    def pick(self, v: int, rows: Rows) -> int:
        """Append some rows of a value; of a pick, those of what it picks from."""
        op = self.ops[v]
        if type(rows) is range and rows == range(op.rows):
            return v
        if op.kind == "pick" and len(op.args) == 1:
            return self.pick(op.args[0], _compose(op.param, rows))
        key = v, rows if type(rows) is range else rows.tobytes()
        if key not in self._picks:
            self._picks[key] = self.add("pick", len(rows), (v,), rows)
        return self._picks[key]

    def pick_of_several(self, values: Sequence[int], rows: Rows) -> int:
        """Append some rows of values that are laid end to end."""
        if not len(rows):
            return self.const([])
        return self.add("pick", len(rows), values, rows)

    def stack(self, values: Sequence[int]) -> int:
        """Append all rows of some values, one below the other."""
        if len(values) == 1:
            return values[0]
        return self.pick_of_several(values, range(sum([self.ops[v].rows for v in values])))

    def repeat(self, v: int, rows: int) -> int:
        """Append the rows of a value, again and again, until there are so many."""
        count = self.ops[v].rows
        return v if count == rows else self.pick(v, as_range(np.arange(rows) % count))

    def map(self, formula: Expression, args: Sequence[int], rows: int | None = None) -> int:
        """Append a formula of values, row by row, for as many rows as the longest has."""
        if rows is None:
            rows = max([self.ops[v].rows for v in args])
        return self.add("map", rows, args, formula)

    def apply(self, op: str, *args: int | float, rows: int | None = None) -> int:
        """Append a primitive of values and numbers, row by row."""
        values = [x for x in args if type(x) is int]
        places = iter(range(len(values)))
        slots = [operand(next(places)) if type(x) is int else x for x in args]
        return self.map(self.formula(op, slots), values, rows)

    def reduce(self, op: str, rows: int, *args: int) -> int:
        """Append an operation that makes one row of several; see the kind "reduce"."""
        return self.add("reduce", rows, args, op)

    def softmax(self, v: int) -> int:
        """The partials of a logsumexp in each of its operands; they are appended once."""
        if v not in self._softmaxes:
            [x] = self.ops[v].args
            self._softmaxes[v] = self.add("softmax", self.ops[x].rows, (x, v))
        return self._softmaxes[v]

    def softmax_if_there(self, v: int) -> int | None:
        """The partials of a logsumexp, if something has asked for them."""
        return self._softmaxes.get(v)

    def formula(self, op: str, slots: Sequence[Any]) -> Expression:
        """The formula of one primitive; equal ones are one object."""
        key = op, *[x.args[0] if type(x) is Expression else repr(x) for x in slots]
        if key not in self._formulas:
            self._formulas[key] = Expression(op, *slots)
        return self._formulas[key]

    def emit(self, formula: Any, values: Sequence[int]) -> int | float:
        """Append a formula of values as operations of one primitive each.

        Returns:
            The value; or a number, if the formula is one.
        """
        known: dict[int, int] = {}

        def emit(x: Any) -> int | float:
            if type(x) is not Expression:
                return float(x)
            if x.op == "operand":
                return values[int(x.args[0])]
            if id(x) not in known:
                known[id(x)] = self._emit_primitive(x.op, [emit(a) for a in x.args])
            return known[id(x)]

        return emit(formula)

    def _emit_primitive(self, symbol: str, args: list[int | float]) -> int:
        op = SYMBOLS.get(symbol, symbol)
        if op in WIDE:
            values = [a if type(a) is int else self.const([a]) for a in args]
            rows = max([self.ops[v].rows for v in values])
            return self.reduce(op, rows, self.stack([self.repeat(v, rows) for v in values]))
        if not any(type(a) is int for a in args):  # an operation of numbers alone
            args = [self.const([args[0]]), *args[1:]]
        return self.apply(op, *args)

    # ------------------------------------------------------------------ looking at it

    def inputs(self) -> list[int]:
        """The inputs but the seed."""
        return [v for v, op in enumerate(self.ops) if op.kind == "input" and op.param != "seed"]

    def places(self) -> list[Place]:
        """Where the numbers of each input lie."""
        places, ends = [], {False: 0, True: 0}
        for v in self.inputs():
            op = self.ops[v]
            start, ends[op.lanes] = ends[op.lanes], ends[op.lanes] + op.rows
            places.append(Place(op.param, op.lanes, range(start, ends[op.lanes])))
        return places

    def seed(self) -> int:
        """The value at which the reverse sweep begins; the end of the list if there is none."""
        for v, op in enumerate(self.ops):
            if op.kind == "input" and op.param == "seed":
                return v
        return len(self.ops)

    def users(self) -> list[list[int]]:
        """For each value that a result needs, what uses it, once for each use; -1: a result."""
        users: list[list[int]] = [[] for _ in self.ops]
        for v in self.results.values():
            users[v].append(-1)
        for v in range(len(self.ops) - 1, -1, -1):
            if users[v]:
                for a in self.ops[v].args:
                    users[a].append(v)
        return users

    def parts(self, op: Op) -> Iterator[Part]:
        """Yield for each operand that a pick reads its rows."""
        if len(op.args) == 1:
            yield Part(op.args[0], range(op.rows), op.param)
            return
        ends = np.cumsum([self.ops[a].rows for a in op.args])
        places = np.asarray(op.param)
        which = np.searchsorted(ends, places, "right")
        order = np.argsort(which, kind="stable")
        cuts = np.flatnonzero(np.diff(which[order])) + 1
        for rows in np.split(order, cuts):
            k = int(which[rows[0]])
            start = int(ends[k]) - self.ops[op.args[k]].rows
            yield Part(op.args[k], as_range(rows), as_range(places[rows] - start))

    def __str__(self) -> str:
        """One line an operation that is needed, as `%2 = matmul %0 %1  (16 rows × lanes)`."""
        users = self.users()
        lines = [
            f"%{v} = {_describe(op)}  ({op.rows} row{'s' * (op.rows != 1)}"
            f"{' × lanes' if op.lanes else ''})"
            for v, op in enumerate(self.ops)
            if users[v] or op.kind == "input"
        ]
        results = [f"{name} = %{v}" for name, v in self.results.items()]
        return "\n".join([*lines, *results])


# ---------------------------------------------------------------- rows


def as_range(rows: Sequence[int] | Array) -> Rows:
    """Rows as a range if they go up by equal steps, else as an array."""
    if type(rows) is range:
        return rows
    count = len(rows)
    if count == 1:
        return range(int(rows[0]), int(rows[0]) + 1)
    step = int(rows[1] - rows[0]) if count else 1
    if step > 0:
        even = range(int(rows[0]), int(rows[0]) + step * count, step) if count else range(0)
        if type(rows) is list:
            if rows == [*even]:
                return even
        elif np.array_equal(rows, even):
            return even
    return np.array(rows, int)


def _compose(outer: Rows, inner: Rows) -> Rows:
    """The rows `inner` of the rows `outer`."""
    if type(outer) is range and type(inner) is range:
        return outer[inner.start : inner.stop : inner.step]
    return as_range(np.asarray(outer)[np.asarray(inner)])


class Steps(NamedTuple):
    """A matrix among rows: its first row, and the steps to the next one down and across."""

    first: int
    down: int
    across: int


def matrix_steps(rows: Rows, height: int, width: int) -> Steps | None:
    """How a matrix lies among rows; None if its steps are uneven."""
    if type(rows) is range:
        return Steps(rows.start, width * rows.step, rows.step)
    cells = np.asarray(rows).reshape(height, width)
    first = int(cells[0, 0])
    down = int(cells[1, 0]) - first if height > 1 else width
    across = int(cells[0, 1]) - first if width > 1 else 1
    even = first + down * np.arange(height)[:, None] + across * np.arange(width)
    return Steps(first, down, across) if np.array_equal(cells, even) else None


# ---------------------------------------------------------------- text


def _describe(op: Op) -> str:
    """An operation and its operands, as `str(program)` shows it."""
    values = [f"%{a}" for a in op.args]
    if op.kind == "map":
        return f"map {_describe_formula(op.param, values)}"
    return " ".join([op.kind, *values, *_describe_param(op)])


def _describe_param(op: Op) -> list[str]:
    if op.kind in ("input", "reduce"):
        return [op.param]
    if op.kind in ("scalars", "scalars_vjp"):
        return [f"of {len(op.param)} operations"]
    if op.kind == "const":
        return [_shorten([f"{x:g}" for x in op.param])]
    if op.kind == "pick":
        return [_describe_rows(op.param)]
    if op.kind == "add_at":
        return [_shorten([_describe_rows(rows) for rows in op.param])]
    return []


def _describe_rows(rows: Rows | None) -> str:
    if rows is None:
        return "[:]"
    if type(rows) is range:
        step = f":{rows.step}" if rows.step != 1 else ""
        return f"[{rows.start}:{rows.stop}{step}]"
    return f"[{_shorten([str(i) for i in rows.tolist()])}]"


def _describe_formula(x: Any, values: Sequence[str]) -> str:
    if type(x) is not Expression:
        return f"{x:g}"
    if x.op == "operand":
        return values[int(x.args[0])]
    args = [_describe_formula(a, values) for a in x.args]
    return f"{SYMBOLS.get(x.op, x.op)}({', '.join(args)})"


def _shorten(words: Sequence[str]) -> str:
    """The words with commas; of more than eight, the first seven."""
    shown = [*words[:7], "…"] if len(words) > 8 else words
    return ", ".join(shown)
