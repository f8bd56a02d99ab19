"""Scalar code: lists of operations on single numbers, and what the kernel does for each kind.

A list has four ints an operation: its kind, and its operands, or the list that they are in and
their number. Of a kind the kernel knows the operation; else it has instructions of its own, on
rows that stand for its operands, its result, its adjoint, and what it adds to theirs.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from autograd.program.ir.arrays import np
from autograd.program.ir.program import operand
from autograd.program.ir.scalars import Scalars, Signature
from autograd.program.ir.slopes import adjoint_term
from autograd.program.targets.instructions import WORDS, Instructions
from autograd.rules.expression import FLAT, Expression

__all__ = ["ScalarCode"]

MOST = 3  # operands of what is not a sum or dot
OUT, D, TERMS = MOST, MOST + 1, MOST + 2  # the rows after those of operands
FRAME = TERMS + MOST
DIRECT = frozenset(["add", "sub", "mul", "neg", "wide_sum", "wide_dot"])  # known both ways
LARGE = 1 << 28


class ScalarCode:
    """Writes lists of scalars, and the instructions of their kinds.

    Args:
        to: where all goes.
    """

    def __init__(self, to: Instructions) -> None:
        self.to, self.frame = to, 0
        self.places: dict[int, tuple[int, int]] = {}  # of a list and its kinds in `to.lists`

    def forward(self, code: Scalars, first: int, own: int) -> None:
        """Compute what has the rows from `own` on, of what is read, which `first` begins."""
        self.frame = self.frame or self.to.more(FRAME, 0)
        self.emit("scalars", code, first, own, 0)

    def reverse(self, code: Scalars, first: int, own: int, slopes: int, d: int) -> None:
        """Add to adjoints what these operations hand on of theirs, which begin at d."""
        assert d - slopes == own - first
        self.emit("scalars_vjp", code, first, own, slopes)

    def emit(self, op: str, code: Scalars, first: int, own: int, slopes: int) -> None:
        to = self.to
        if id(code) not in self.places:
            self.places[id(code)] = self.listed(code), self.kinds(code)
        listed, kinds = self.places[id(code)]
        steps = kinds, len(code.signatures), 0
        to.emit(op, own, (first, slopes, self.frame), len(code), k=listed, steps=steps)

    def listed(self, code: Scalars) -> int:
        """Write what there is of each operation."""
        lists, counts = self.to.lists, code.counts
        wide = np.array([each.arity == 0 for each in code.signatures])[code.which]
        first = np.cumsum(counts) - counts
        words = np.empty((len(counts), 1 + MOST), np.intc)
        words[:, 0] = code.which
        for k in range(MOST):
            words[~wide, 1 + k] = code.args[(first + k * (k < counts))[~wide]]
        ends = len(lists) + np.cumsum(counts[wide])
        words[wide, 1:] = np.stack([ends - counts[wide], counts[wide], 0 * ends], 1)
        lists.frombytes(code.args[np.repeat(wide, counts)].astype(np.intc).tobytes())
        lists.frombytes(words.tobytes())
        return len(lists) - words.size

    def kinds(self, code: Scalars) -> int:
        """Write each kind: its operation or -1, its code, and the slots that have terms."""
        to, words = self.to, array("i")
        for each in code.signatures:
            op, terms = f"wide_{each.op}", _terms(each)
            forward = back = (0, 0)
            if each.arity:
                rule = Expression(each.op, *_slots(each))
                op, args = to.simplified(rule)
                plain = all(x is operand(k) for k, x in enumerate(args))
                if not plain or to.codes.get(op, LARGE) >= to.codes["check"]:
                    op, forward = "", self.written([(rule, OUT)])
            if op not in DIRECT:
                back = self.written([(term, TERMS + k) for k, term in terms])
            slots = sum([1 << k for k, _ in terms])
            words.extend((to.codes.get(op, -1), *forward, *back, slots))
        to.lists.extend(words)
        return len(to.lists) - len(words)

    def written(self, formulas: Sequence[tuple[Any, int]]) -> tuple[int, int]:
        """Write code that computes these rows of the frame; return its begin and end."""
        to, frame = self.to, [[self.frame + k] for k in range(FRAME)]
        before, begin = (to.code, to.phase, to.top), len(to.inner) // WORDS
        to.code, to.phase, to.top = [to.inner], 0, [0, 0]
        for formula, row in formulas:
            to.into(formula, frame, frame[row])
        to.code, to.phase, to.top = before
        return begin, len(to.inner) // WORDS


def _slots(signature: Signature) -> list[Any]:
    """Operands of a rule, of which some are known numbers."""
    return [operand(k) if x is None else x for k, x in enumerate(signature.numbers)]


def _terms(signature: Signature) -> list[tuple[int, Any]]:
    """Return the terms that an operation adds to the adjoints of unknown operands."""
    op = signature.op
    if op in FLAT:
        return []
    return [
        (k, adjoint_term(op, k, operand(OUT), operand(D), _slots(signature)))
        for k, x in enumerate(signature.numbers)
        if x is None
    ]
