"""The kinds "scalars" and "scalars_vjp": many operations on single numbers as one operation.

A long recurrence of a few numbers has little that is alike. An operation of the program for
each of its nodes would take too long: 60,000 nodes are differentiated and lowered in 0.2 s
as a list, and in 4.4 s as operations of one row each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autograd.program.ir.arrays import Array, np
from autograd.program.ir.program import BlockProgram, as_range, operand
from autograd.program.ir.slopes import slope_of, traits_of
from autograd.rules.expression import FLAT, SYMBOLS, Expression

__all__ = ["Scalars", "Signature", "append_tangents", "signature_of"]


class Signature(NamedTuple):
    """What operations of a list have in common.

    Attributes:
        op: a primitive.
        arity: how many operands it has; 0 of a sum or dot, which has any number.
        numbers: for each operand the number that it is known to be, or None.
    """

    op: str
    arity: int
    numbers: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class Scalars:
    """Operations on single numbers, in order; their results are the rows of the value.

    An operand is a place: first come the rows that the list reads, then its own results.

    Attributes:
        signatures: all that occur.
        which: for each operation the place of its signature.
        counts: for each operation how many operands it has.
        args: the operands of the first operation, then those of the second, and so on.
    """

    signatures: list[Signature]
    which: Array
    counts: Array
    args: Array

    def __len__(self) -> int:
        return len(self.which)

    def operands(self) -> list[list[int]]:
        """The operands of each operation."""
        ends = np.cumsum(self.counts)
        return [part.tolist() for part in np.split(self.args, ends[:-1])]


def signature_of(op: str, numbers: Sequence[float | None]) -> Signature:
    """The signature of an operation, some of whose operands are known numbers.

    A rule that is the same for all numbers need not know them.
    """
    if op in ("sum", "dot"):
        return Signature(op, 0, ())
    needs_numbers = not (op in FLAT or op == "hypot" or "exact" in traits_of(op))
    if not needs_numbers:
        return Signature(op, len(numbers), (None,) * len(numbers))
    if None not in numbers:  # one operand at least is a row
        return Signature(op, len(numbers), (None, *numbers[1:]))
    return Signature(op, len(numbers), tuple(numbers))


# ---------------------------------------------------------------- forward mode


def append_tangents(program: BlockProgram, v: int, reads_tangent: int) -> int:
    """Append the tangents of a list's results, as a further list; return their value.

    Args:
        v: the value of the list.
        reads_tangent: the tangent of what it reads.
    """
    op = program.ops[v]
    [reads] = op.args
    count = program.ops[reads].rows
    tangents = _Tangents(op.param, count, ~_zero_rows(program, reads_tangent))
    zeros = program.const([0.0])
    sources = [reads, v, reads_tangent, program.const([*tangents.numbers, 0.0])]
    further = tangents.scalars()
    if not len(further):
        results = zeros
    else:
        read = program.pick_of_several(sources, as_range(tangents.read_rows()))
        results = program.add("scalars", len(further), (read,), further)
    # Each tangent is a result of the further list, one of those read, or zero.
    begin_reads = program.ops[results].rows
    zero_row = begin_reads + count
    rows = [zero_row if t is None else tangents.row(t, begin_reads) for t in tangents.results]
    return program.pick_of_several([results, reads_tangent, zeros], as_range(rows))


def _zero_rows(program: BlockProgram, v: int) -> Array:
    """For each row of a value whether it is the number 0."""
    op = program.ops[v]
    if op.kind == "const":
        return np.array([x == 0.0 for x in op.param], bool)
    zeros = np.zeros(op.rows, bool)
    if op.kind == "pick":
        for part in program.parts(op):
            if program.ops[part.value].kind == "const":
                zeros[np.asarray(part.rows)] = _zero_rows(program, part.value)[
                    np.asarray(part.source)
                ]
    return zeros


NUMBERS, RESULTS = 1 << 40, 1 << 41  # first places of numbers and results while a list grows


class _Tangents:
    """The list of tangents under construction.

    It reads what the list of values reads, the results of that, and the tangents of what that
    reads. In this order they have the first places, before the numbers and its own results.

    Attributes:
        results: for each value its tangent, None if it does not move.
        numbers: those that it reads besides.
    """

    def __init__(self, values: Scalars, reads: int, moves: Array) -> None:
        self.reads, self.begin_tangents = reads, reads + len(values)
        self.signatures: list[Signature] = []
        self.signature_places: dict[str, int] = {}  # by texts, which tell 0.0 from -0.0
        self.which: list[int] = []
        self.args: list[tuple[int, ...]] = []
        self.numbers: list[float] = []
        self.number_places: dict[str, int] = {}
        self.known: dict[tuple[int, tuple[int, ...]], int] = {}
        self.slopes: dict[tuple[str, int], Any] = {}
        tangents: list[int | None] = [
            self.begin_tangents + row if moves[row] else None for row in range(reads)
        ]
        for which, args in zip(values.which.tolist(), values.operands()):
            out = len(tangents)
            operand_tangents = [tangents[a] for a in args]
            tangents.append(self.tangent(values.signatures[which], args, out, operand_tangents))
        self.results = tangents[reads:]

    # ------------------------------------------------------------------ what becomes of it

    def scalars(self) -> Scalars:
        """The list, which reads the rows of `read_rows` and nothing else."""
        counts = np.array([len(args) for args in self.args], int)
        args = np.array([a for each in self.args for a in each], int)
        rows = np.array(self.read_rows(), int)
        begin_numbers = self.begin_tangents + self.reads
        args[(NUMBERS <= args) & (args < RESULTS)] += begin_numbers - NUMBERS
        is_result = args >= RESULTS
        args[is_result] += len(rows) - RESULTS
        args[~is_result] = np.searchsorted(rows, args[~is_result])
        return Scalars(self.signatures, np.array(self.which, int), counts, args)

    def read_rows(self) -> list[int]:
        """The rows that the list reads, of all that it may read."""
        begin_numbers = self.begin_tangents + self.reads
        places = {a for each in self.args for a in each if a < RESULTS}
        return sorted([a if a < NUMBERS else a - NUMBERS + begin_numbers for a in places])

    def row(self, tangent: int, begin_reads: int) -> int:
        """The row of a tangent in (results, tangents of what is read)."""
        if tangent >= RESULTS:
            return tangent - RESULTS
        return begin_reads + tangent - self.begin_tangents

    # ------------------------------------------------------------------ tangents

    def tangent(
        self, signature: Signature, args: list[int], out: int, tangents: list[int | None]
    ) -> int | None:
        """The tangent of an operation's result, from those of its operands."""
        op = signature.op
        if op in FLAT or tangents.count(None) == len(tangents):
            return None
        if op == "sum":
            return self.add_up(tangents)
        if op == "dot":
            return self.tangent_of_dot(args, tangents)
        terms: list[int | None] = []
        for slot, tangent in enumerate(tangents):
            slope = self.slope(signature, slot)
            if tangent is not None and slope is not None:
                terms.append(self.scale(slope, [*args, out], tangent))
        return self.add_up(terms)

    def slope(self, signature: Signature, slot: int) -> Any:
        """The partial of an operation in a slot, None if it is 0."""
        key = repr(signature), slot
        if key not in self.slopes:
            numbers = signature.numbers
            slots = [operand(k) if x is None else x for k, x in enumerate(numbers)]
            slope = slope_of(signature.op, slot, operand(signature.arity), slots)
            self.slopes[key] = None if type(slope) is float and slope == 0.0 else slope
        return self.slopes[key]

    def scale(self, slope: Any, values: Sequence[int], tangent: int) -> int:
        """The product of a partial, a formula of values, and a tangent."""
        if type(slope) is float and slope == 1.0:
            return tangent
        return self.add("mul", self.emit(slope, values), tangent)

    def tangent_of_dot(self, args: list[int], tangents: list[int | None]) -> int | None:
        """The product rule: a dot of the factors that move with the others."""
        half = len(args) // 2
        others = [*args[1 + half :], *args[1 : 1 + half]]
        pairs = [(x, t) for x, t in zip(others, tangents[1:]) if t is not None]
        if not pairs:
            return tangents[0]
        bias = self.number(0.0) if tangents[0] is None else tangents[0]
        weights, moving = zip(*pairs)
        return self.add("dot", bias, *weights, *moving)

    def add_up(self, terms: Sequence[int | None]) -> int | None:
        moving = [t for t in terms if t is not None]
        if len(moving) < 2:
            return moving[0] if moving else None
        return self.add("add" if len(moving) == 2 else "sum", *moving)

    # ------------------------------------------------------------------ appending operations

    def emit(self, x: Any, values: Sequence[int]) -> int:
        """Append a formula of values."""
        if type(x) is not Expression:
            return self.number(float(x))
        if x.op == "operand":
            return int(values[x.args[0]])
        return self.add(SYMBOLS.get(x.op, x.op), *[self.emit(a, values) for a in x.args])

    def number(self, x: float) -> int:
        """The place of a number."""
        key = repr(x)  # 0.0 and -0.0 are two
        if key not in self.number_places:
            self.number_places[key] = NUMBERS + len(self.numbers)
            self.numbers.append(x)
        return self.number_places[key]

    def number_at(self, place: int) -> float | None:
        """The number at a place, None if something else is there."""
        return self.numbers[place - NUMBERS] if NUMBERS <= place < RESULTS else None

    def add(self, op: str, *args: int) -> int:
        """Append an operation, unless an equal one is there."""
        which = self.place_of(signature_of(op, [self.number_at(a) for a in args]))
        key = which, args
        if key not in self.known:
            self.known[key] = RESULTS + len(self.args)
            self.which.append(which)
            self.args.append(args)
        return self.known[key]

    def place_of(self, signature: Signature) -> int:
        """The place of a signature among all."""
        text = repr(signature)
        if text not in self.signature_places:
            self.signature_places[text] = len(self.signatures)
            self.signatures.append(signature)
        return self.signature_places[text]
