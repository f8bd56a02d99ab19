"""The check of all derivatives by hand: a Jacobian of a function from numbers to numbers.

Up to 40 inputs, each element has its verdict. Of more, the derivatives along five random
directions are checked: a wrong element changes its row in all of them, and passes only if
that is less than what the differences leave unsure. It is then searched for by halves.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.core.operand import number
from autograd.testing.decide import (
    FAIL,
    INCONCLUSIVE,
    MULTIPLE,
    PASS,
    SHARP,
    TWELVE_DIGITS,
    Decision,
    Question,
    by_exact,
    decide,
    starts,
)
from autograd.testing.differences import CALLS, Line, Samples
from autograd.testing.guards import estimated_noise
from autograd.testing.report import Case, Report, remark, summary
from autograd.testing.verdicts import Fault, Hint, Oracle, Reason, Remark

__all__ = ["AGAIN", "UNITS", "Claim", "Comparison", "FaultError", "Flat", "Tolerance"]
__all__ += ["check_jacobian", "moved", "weights"]

UNITS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
NINE_DIGITS = 1e-9  # a derivative by hand that has them is right, but for its own round-off
COARSE = 8.0  # round-offs of float32 that a derivative by hand may have
ORDER = 0.4  # half of 4 / 5: with one extrapolation the error is round-off to that power
ELEMENTS = 40  # inputs that are checked one by one
PROJECTIONS = 5  # of 40 calls each
ENOUGH = 3  # most of them have to be told for each row
STEP = 2.0**-14  # of a plain central difference, whose errors are well below 1e-6
AGAIN = 5  # times that f and a derivative that does not pass are computed again, at most
GOLDEN = 0.6180339887498949  # whose multiples fill an interval evenly
COMPLEX_STEP = 1e-30  # as a share: its square is lost beside 1

Rows = list[list[float]]
Move = Callable[[Any], list[Any]]


class FaultError(ValueError):
    """A fault of a derivative, whatever its numbers are; and where, if anywhere."""

    def __init__(self, kind: Fault, *values: Any, where: Sequence[str] = ()) -> None:
        super().__init__(str(Remark(kind, values)))
        self.kind, self.values, self.where = kind, values, where


class Flat(NamedTuple):
    """A function from numbers to numbers, and the point where its derivatives are checked.

    Attributes:
        names, rows: names of the inputs and of the outputs.
        outputs: f(point).
        unit: the round-off of the numbers that f takes and returns, as a share of them.
        rounded: rounds to the numbers that f can tell apart.
        complex_f: f for complex numbers, if it may be asked.
    """

    f: Callable[[Sequence[float]], tuple[float, ...]]
    point: list[float]
    outputs: tuple[float, ...]
    names: list[str]
    rows: list[str]
    unit: float = UNITS["float64"]
    rounded: Callable[[float], float] = float
    complex_f: Callable[[Sequence[Any]], Sequence[Any]] | None = None


class Claim(NamedTuple):
    """A derivative as it was computed once.

    Attributes:
        along: gives the derivatives of all outputs along a direction.
        numbers: all of it, to be compared with the next time.
        unit: the round-off of its numbers, as a share of them.
        rows: a row for each output, if it came as a matrix.
        squares: where in a single row the numbers of square matrices begin and end.
    """

    along: Callable[[Sequence[float]], Sequence[float]]
    numbers: Sequence[float]
    unit: float = UNITS["float64"]
    rows: Rows | None = None
    squares: Sequence[tuple[int, int]] = ()

    @classmethod
    def of(
        cls, rows: Rows, unit: float = UNITS["float64"], squares: Sequence[tuple[int, int]] = ()
    ) -> Claim:
        """Return the claim that a matrix makes."""
        return cls(_product(rows), [x for row in rows for x in row], unit, rows, squares)

    def transposes(self) -> Iterator[Rows]:
        """Yield a square matrix transposed; or, of a row, each square argument."""
        rows = self.rows
        if rows and len(rows) == len(rows[0]) > 1:
            yield [list(column) for column in zip(*rows)]
        for start, end in self.squares if rows and len(rows) == 1 else ():
            [row] = rows or []
            size = math.isqrt(end - start)
            square = [row[k : k + size] for k in range(start, end, size)]
            yield [row[:start] + [x for column in zip(*square) for x in column] + row[end:]]


class Tolerance(NamedTuple):
    """The error that is allowed beside that of differences, and the round-off of f if given."""

    rtol: float = 0.0
    atol: float = 0.0
    unit: float = 0.0
    inconclusive: bool = False

    @classmethod
    def of(
        cls,
        who: str,
        rtol: Any = 0.0,
        atol: Any = 0.0,
        dtype: Any = None,
        allow_inconclusive: Any = False,
    ) -> Tolerance:
        """Return the tolerance that arguments state; they are checked."""
        errors = [number(rtol, f"{who}: rtol"), number(atol, f"{who}: atol")]
        if not all(0.0 <= x < math.inf for x in errors):
            raise ValueError(f"{who}: rtol and atol must be 0 or more, got {rtol!r}, {atol!r}")
        if dtype is not None and str(dtype) not in UNITS:
            known = ", ".join(UNITS)
            raise ValueError(f"{who}: dtype must be one of {known}, got {dtype!r:.80}")
        unit = 0.0 if dtype is None else UNITS[str(dtype)]
        return cls(errors[0], errors[1], unit, bool(allow_inconclusive))


def check_jacobian(
    flat: Flat,
    jacobian: Callable[[], Claim],
    tolerance: Tolerance,
    most: float = ELEMENTS,
) -> Report:
    """Compare a Jacobian with differences, element by element for up to `most` inputs."""
    try:
        return ByHand(flat, jacobian, tolerance).report(most)
    except FaultError as fault:
        return remark(fault.where or flat.names, FAIL, fault.kind, *fault.values)


class Comparison:
    """The derivatives of a flat function, as they are claimed and by differences.

    Attributes:
        spent: the samples of each line that was looked along.
    """

    def __init__(self, flat: Flat) -> None:
        self.flat = flat
        self.spent: list[Samples] = []

    def line(self, samples: Samples, x: float, j: int) -> Line:
        """Return output j along a line."""
        raise NotImplementedError

    def decided(
        self, line: Line, i: int, analytic: float, move: Move
    ) -> tuple[Decision, Oracle]:
        """Decide on the derivative along a line: that of input i, or another."""
        raise NotImplementedError

    def cases_along(
        self, name: str, x: float, i: int, move: Move, claims: Sequence[float]
    ) -> list[Case]:
        """Compare what is claimed of all outputs along one line."""
        f, rows = self.flat.f, self.flat.rows
        samples = Samples(lambda t: f(move(t)))
        self.spent.append(samples)
        cases = []
        for j, analytic in enumerate(claims):
            line = self.line(samples, x, j)
            decision, oracle = self.decided(line, i, analytic, move)
            where = f"{rows[j]} by {name}" if len(rows) > 1 else name
            cases.append(Case(where, x, analytic, decision, line, None, oracle))
        return cases

    def cases_by(self, i: int, claims: Sequence[float]) -> list[Case]:
        """Compare what is claimed of all outputs by input i."""
        point = self.flat.point
        move: Move = lambda t: [*point[:i], t, *point[i + 1 :]]  # noqa: E731
        return self.cases_along(self.flat.names[i], point[i], i, move, claims)


class ByHand(Comparison):
    """A comparison of which nothing is known but the numbers."""

    def __init__(self, flat: Flat, derive: Callable[[], Claim], tolerance: Tolerance) -> None:
        super().__init__(flat)
        self.derive, self.claim = derive, derive()
        self.rtol, self.atol, unit, _ = tolerance
        self.unit = unit or flat.unit
        coarse = max(self.claim.unit, self.unit)
        self.sharp = max(SHARP, coarse**ORDER)
        self.digits = max(NINE_DIGITS, COARSE * coarse)
        self.seen: list[tuple[Sequence[float], list[Case]]] = []  # by direction

    def report(self, most: float) -> Report:
        """Return the verdict on all that is claimed."""
        flat = self.flat
        for value in flat.outputs:
            if not math.isfinite(value):
                return remark(flat.names, INCONCLUSIVE, Fault.NOT_FINITE, "f", value)
        if len(flat.point) <= most:
            cases = [case for i in range(len(flat.point)) for case in self.by_input(i)]
            calls = max([len(samples.seen) for samples in self.spent], default=0)
        else:
            cases = self.at_random()
            calls = sum([len(samples.seen) for samples in self.spent])
        report = summary(cases, calls)
        times = 1 if report or calls >= CALLS - 2 else min(AGAIN, CALLS - 1 - calls)
        if any(flat.f(flat.point) != flat.outputs for _ in range(times)):
            return remark(flat.names, FAIL, Fault.RANDOM, "f")
        if not all(self.is_same(self.derive()) for _ in range(1 if report else AGAIN)):
            return remark(flat.names, FAIL, Fault.RANDOM, "the derivative")
        is_transposed = not report and self.is_transposed()
        hints = [Remark(Hint.TRANSPOSED)] if is_transposed else []
        return summary(cases, calls + 1 + times, hints)

    def is_same(self, again: Claim) -> bool:
        """Whether a derivative is what it was, but for round-off."""
        return all(
            a == b or str(a) == str(b) or abs(a - b) <= self.allowed(max(abs(a), abs(b)))
            for a, b in zip(self.claim.numbers, again.numbers)
        )

    def given(self, size: float) -> float:
        """Return the error that the caller allows of a derivative of this size."""
        return self.atol + (self.rtol and self.rtol * size)

    def allowed(self, size: float) -> float:
        """Return the round-off of a derivative of this size, and what the caller allows."""
        return self.digits * size + self.given(size)

    def is_transposed(self) -> bool:
        """Whether the matrix, or that of one argument, is right but transposed."""
        return any(
            all(
                case.decision.verdict is INCONCLUSIVE
                or abs(claimed - case.decision.numeric)
                <= MULTIPLE * case.decision.error + self.allowed(abs(claimed))
                for direction, cases in self.seen
                for claimed, case in zip(_product(rows)(direction), cases)
            )
            for rows in self.claim.transposes()
        )

    def line(self, samples: Samples, x: float, j: int) -> Line:
        flat = self.flat
        line = Line(samples, x, flat.outputs[j], 0.0, 2.0 * self.unit, j, flat.rounded)
        line.noise = estimated_noise(line)
        return line

    def decided(
        self, line: Line, i: int, analytic: float, move: Move
    ) -> tuple[Decision, Oracle]:
        x, complex_f = line.x, self.flat.complex_f
        given, slack = self.given(abs(analytic)), self.allowed(abs(analytic))
        question = Question(line, analytic, 0.0, slack, self.sharp, given)
        decision = decide(question, starts(x))
        if decision.verdict is INCONCLUSIVE and complex_f is not None:
            exact = _complex_step(complex_f, move, x, line.output)
            if abs(exact - decision.numeric) <= MULTIPLE * decision.error < math.inf:
                near = slack + TWELVE_DIGITS * abs(exact)
                wrong = Reason.ANOTHER_COMPLEX_STEP
                return by_exact(exact, analytic, near, wrong), Oracle.COMPLEX_STEP
        return decision, Oracle.DIFFERENCES

    def by_input(self, i: int) -> list[Case]:
        """Compare the derivatives of all outputs by one input."""
        basis = [float(k == i) for k in range(len(self.flat.point))]
        cases = self.cases_by(i, self.claim.along(basis))
        self.seen.append((basis, cases))
        return cases

    def at_random(self) -> list[Case]:
        """Compare derivatives along random directions, and find the input to blame."""
        flat, rng, count = self.flat, random.Random(0), len(self.flat.outputs)
        mean = sum(map(abs, flat.point)) / len(flat.point) or 1.0
        cases, verdicts = list[Case](), list[str]()
        for _ in range(PROJECTIONS):
            v = [
                (abs(x) or mean) * rng.choice([1, -1]) * rng.uniform(1.0, 2.0)
                for x in flat.point
            ]
            move, claims = moved(flat.point, v), self.claim.along(v)
            seen = self.cases_along("a random direction", 1.0, 0, move, claims)
            self.seen.append((v, seen))
            cases += seen
            verdicts = [case.decision.verdict for case in cases]
            if FAIL in verdicts:
                return self.by_input(self.culprit(v, verdicts.index(FAIL) % count))
        told = {j for j in range(count) if verdicts[j::count].count(PASS) >= ENOUGH}
        kept = [verdicts[k] is PASS or k % count not in told for k in range(len(cases))]
        return [case for case, keep in zip(cases, kept) if keep]

    def culprit(self, v: Sequence[float], output: int) -> int:
        """Return the input that is most to blame for a difference along v, by halves."""
        suspects = list(range(len(v)))

        def off(some: Sequence[int]) -> float:
            part = [0.0] * len(v)
            for i in some:
                part[i] = v[i]
            move = moved(self.flat.point, part)
            high, low = [self.flat.f(move(1.0 + h))[output] for h in (STEP, -STEP)]
            return (high - low) / (2.0 * STEP) - self.claim.along(part)[output]

        whole = off(suspects)
        while len(suspects) > 1:
            middle = len(suspects) // 2
            left = off(suspects[:middle])
            is_left = abs(left) >= abs(whole - left)
            suspects = suspects[:middle] if is_left else suspects[middle:]
            whole = left if is_left else whole - left
        return suspects[0]


def moved(point: Sequence[float], direction: Sequence[float]) -> Move:
    """Return the line x + (t - 1)·direction as a function of t."""
    return lambda t: [x + (t - 1.0) * v for x, v in zip(point, direction)]


def weights(count: int) -> list[float]:
    """Return numbers between 1 and 2, no two alike, with which no weighted sum cancels."""
    return [1.0 + (GOLDEN * i) % 1.0 for i in range(count)]


def _product(rows: Sequence[Sequence[float]]) -> Callable[[Sequence[float]], list[float]]:
    return lambda v: [math.fsum([a * b for a, b in zip(row, v) if b]) for row in rows]


def _complex_step(f: Callable[[Any], Sequence[Any]], move: Move, x: float, j: int) -> float:
    """Return Im f(x + ih) / h of output j, to all digits; NaN if f takes no complex numbers.

    Source: Squire and Trapp, "Using complex variables to estimate derivatives", 1998.
    """
    step = COMPLEX_STEP * (abs(x) or 1.0)
    try:
        return float(f(move(complex(x, step)))[j].imag / step)
    except Exception:  # whatever f raises
        return math.nan
