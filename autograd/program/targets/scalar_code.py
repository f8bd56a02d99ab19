"""Scalar code: lists of operations on single numbers, and what the kernel does for each.

A list has four ints for an operation: the place of its signature, and its operands; or, of a
sum or dot, where its operands are listed and how many. The kernel knows the operations of some
signatures. For another it runs instructions of the signature's own on a frame: rows that hold
its operands, its result, its adjoint, and what is added to the adjoints of its operands.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.program.ir.arrays import np
from autograd.program.ir.program import operand
from autograd.program.ir.scalars import Scalars, Signature
from autograd.program.ir.slopes import adjoint_term
from autograd.program.targets.instructions import WORDS, Instructions
from autograd.rules.expression import FLAT, Expression

__all__ = ["ScalarCode"]

MAX_OPERANDS = 3  # of what is not a sum or dot
RESULT = MAX_OPERANDS  # rows of the frame after those of operands
ADJOINT, TERMS = RESULT + 1, RESULT + 2
FRAME_ROWS = TERMS + MAX_OPERANDS
KNOWS_ADJOINTS = frozenset(["add", "sub", "mul", "neg", "wide_sum", "wide_dot"])
OWN_CODE = -1  # in place of an operation of the kernel


class _Span(NamedTuple):
    """The first instruction and the one after the last; both 0 if there is none."""

    begin: int
    end: int


class _Term(NamedTuple):
    """What an operation adds to the adjoint of an operand."""

    slot: int
    formula: Any


class ScalarCode:
    """Writes lists of scalars, and the instructions of their signatures."""

    def __init__(self, code: Instructions) -> None:
        self.code = code
        self.frame = 0  # the first row of the frame, which is taken with the first list
        self.places: dict[int, tuple[int, int]] = {}  # of a list and its signatures in lists

    def write_values(self, scalars: Scalars, first: int, results: int) -> None:
        """Compute a list.

        Args:
            first: the first row of what it reads.
            results: the first row of its results.
        """
        self.frame = self.frame or self.code.take(FRAME_ROWS, 0)
        self.emit("scalars", scalars, first, results, 0)

    def write_adjoints(self, scalars: Scalars, first: int, results: int, adjoints: int) -> None:
        """Add to the adjoints of what a list reads, which those of its results follow."""
        self.emit("scalars_vjp", scalars, first, results, adjoints)

    def emit(self, op: str, scalars: Scalars, first: int, results: int, adjoints: int) -> None:
        if id(scalars) not in self.places:
            lists = self.list_operations(scalars)
            self.places[id(scalars)] = lists, self.list_signatures(scalars)
        lists, signatures = self.places[id(scalars)]
        steps = signatures, len(scalars.signatures), 0
        operands = first, adjoints, self.frame
        self.code.emit(op, results, operands, len(scalars), k=lists, steps=steps)

    def list_operations(self, scalars: Scalars) -> int:
        """Append four ints for each operation; their place among the lists."""
        lists, counts = self.code.lists, scalars.counts
        is_wide = np.array([each.arity == 0 for each in scalars.signatures])[scalars.which]
        starts = np.cumsum(counts) - counts
        words = np.empty((len(counts), 1 + MAX_OPERANDS), np.intc)
        words[:, 0] = scalars.which
        for k in range(MAX_OPERANDS):  # operands that it lacks are as the first
            slot = np.where(k < counts, k, 0)
            words[~is_wide, 1 + k] = scalars.args[(starts + slot)[~is_wide]]
        wide_counts = counts[is_wide]
        ends = len(lists) + np.cumsum(wide_counts)
        words[is_wide, 1:] = np.stack([ends - wide_counts, wide_counts, 0 * ends], 1)
        wide_operands = scalars.args[np.repeat(is_wide, counts)]
        lists.frombytes(wide_operands.astype(np.intc).tobytes())
        lists.frombytes(words.tobytes())
        return len(lists) - words.size

    # ------------------------------------------------------------------ signatures

    def list_signatures(self, scalars: Scalars) -> int:
        """Append six ints for each signature; their place among the lists.

        They are the operation of the kernel, the instructions for its value and for its terms,
        and a bit for each operand that has a term.
        """
        words = array("i")
        for signature in scalars.signatures:
            op, value_code = self.write_value(signature)
            terms = _terms(signature)
            term_code = _Span(0, 0)
            if op not in KNOWS_ADJOINTS:
                term_code = self.write_instructions(
                    [(term.formula, TERMS + term.slot) for term in terms]
                )
            bits = sum([1 << term.slot for term in terms])
            words.extend((self.code.codes.get(op, OWN_CODE), *value_code, *term_code, bits))
        self.code.lists.extend(words)
        return len(self.code.lists) - len(words)

    def write_value(self, signature: Signature) -> tuple[str, _Span]:
        """The operation of the kernel, or "" and instructions for the value."""
        if signature.arity == 0:
            return f"wide_{signature.op}", _Span(0, 0)
        rule = Expression(signature.op, *_operands(signature))
        call = self.code.call(rule)
        is_plain = all(x is operand(k) for k, x in enumerate(call.args))
        if is_plain and self.code.codes[call.op] < self.code.codes["check"]:
            return call.op, _Span(0, 0)
        return "", self.write_instructions([(rule, RESULT)])

    def write_instructions(self, formulas: Sequence[tuple[Any, int]]) -> _Span:
        """Write the instructions that compute rows of the frame."""
        code = self.code
        frame = [[self.frame + k] for k in range(FRAME_ROWS)]
        before = code.phases, code.phase, code.pool_used
        begin = len(code.inner) // WORDS
        code.phases, code.phase, code.pool_used = [code.inner], 0, [0, 0]
        for formula, row in formulas:
            code.compute_part(formula, frame, frame[row])
        code.phases, code.phase, code.pool_used = before
        return _Span(begin, len(code.inner) // WORDS)


def _operands(signature: Signature) -> list[Any]:
    """The operands of a rule, of which some are known numbers."""
    return [operand(k) if x is None else x for k, x in enumerate(signature.numbers)]


def _terms(signature: Signature) -> list[_Term]:
    """The terms that an operation adds to the adjoints of its unknown operands."""
    if signature.op in FLAT:
        return []
    terms: list[_Term] = []
    for k, number in enumerate(signature.numbers):
        if number is None:
            operands = _operands(signature)
            result, adjoint = operand(RESULT), operand(ADJOINT)
            terms.append(_Term(k, adjoint_term(signature.op, k, result, adjoint, operands)))
    return terms
