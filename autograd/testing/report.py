"""The derivatives that were compared, and the report on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, NamedTuple

from autograd.core.operand import describe
from autograd.core.value import Value
from autograd.testing.decide import MULTIPLE, Decision
from autograd.testing.differences import Line
from autograd.testing.verdicts import Fault, Hint, Oracle, Reason, Remark, Verdict

__all__ = ["Case", "GradientError", "Report", "added", "raised", "remark", "summary"]

WRONG_VALUES = {
    Reason.ANOTHER_VALUE,
    Reason.ANOTHER_IN_MPMATH,
    Reason.ANOTHER_COMPLEX_STEP,
}
OPENINGS = {
    Verdict.FAIL: "a derivative is wrong: ",
    Verdict.INCONCLUSIVE: "nothing can be told: ",
}
SHOWN_KINKS = 4
FACTORS = {
    math.log(2.0): "log(2) times",
    1.0 / math.log(2.0): "1/log(2) times",
    math.log(10.0): "log(10) times",
    1.0 / math.log(10.0): "1/log(10) times",
    math.degrees(1.0): "180/π times",
    math.radians(1.0): "π/180 times",
}
PLAIN = {1.0: "", 2.0: "twice", 0.5: "half of"}
LARGEST_FACTOR = 1e3  # a guess of more, or of less than its inverse, is no plain mistake
TWO_DIGITS = 0.01  # of a derivative: differences must know it so well for a guess
FIVE_DIGITS = 1e-5  # by which a derivative may miss a plain factor


@dataclass(frozen=True)
class Report:
    """The outcome of a check. It is true only if the check passed.

    It shows the worst derivative: the one that failed, else the undecided one, else the one
    whose difference is the largest share of what is allowed. A notebook shows it as a table.

    Attributes:
        verdict: "pass", "fail" or "inconclusive".
        remarks: the reason and guesses at the mistake, as kinds; `reason` is their text.
        where: the input (`argument 0[2]`), or the primitive's operand.
        x: the value of that input; `hex` has it to the last bit.
        analytic: the derivative under test.
        numeric: the same derivative from differences, or from mpmath.
        error: the estimated error of `numeric`.
        primitive: the name of the primitive that is wrong, if one is.
        order: the order of the derivative.
        kinks: where the function, or a derivative of it, has no derivative: the input or
            operand, its value, and the interval of the subgradients. A value within it
            passes. At a jump it is the derivative of the smooth side alone.
        derivatives: how many derivatives were compared, in all orders.
        evaluations: how often f was called, at most, for one input, in all orders.
        oracle: what decided: "differences", "complex step" or "mpmath".
        line: f along the worst input, for `explain`; pickles leave it out.

    >>> from autograd.testing import gradcheck
    >>> report = gradcheck(lambda x: x * x, 3.0, gradient=lambda x: x)
    >>> report.verdict, report.where, report.analytic, bool(report)
    ('fail', 'argument 0', 3.0, False)
    """

    verdict: Verdict
    remarks: tuple[Remark, ...]
    where: str
    x: float
    analytic: float
    numeric: float
    error: float
    primitive: str | None = None
    order: int = 1
    kinks: tuple[tuple[str, float, tuple[float, float]], ...] = ()
    derivatives: int = 0
    evaluations: int = 0
    oracle: Oracle = Oracle.DIFFERENCES
    line: Any = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "line": None}  # functions need not pickle

    @property
    def reason(self) -> str:
        """The sentence that says why the verdict is as it is."""
        first = isinstance(self.remarks[0].kind, Reason)
        start = OPENINGS.get(self.verdict, "") if first else ""
        return start + "; ".join(map(str, self.remarks))

    @property
    def hex(self) -> str:
        """The worst input as `float.hex` writes it."""
        return self.x.hex()

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        rows = [f"  {label:<9} {text}" for label, text in self._rows()]
        return "\n".join([f"{self.verdict}: {self.reason}", *rows])

    def _repr_html_(self) -> str:
        rows = [(self.verdict, self.reason), *self._rows()]
        cells = [f"<tr><th>{label}</th><td>{escape(text)}</td></tr>" for label, text in rows]
        return f"<table>{''.join(cells)}</table>"

    def _rows(self) -> list[tuple[str, str]]:
        """Return the label and the text of each line below the first."""
        rows = list[tuple[str, str]]()
        if self.derivatives:
            numeric = f"{self.numeric + 0.0!r} ± {self.error:.1e} ({self.oracle})"
            rows += [
                ("worst" if self else "at", f"{self.where} = {self.x!r} ({self.hex})"),
                ("analytic", repr(self.analytic + 0.0)),
                ("numeric", numeric),
            ]
        if self.order > 1:
            rows.append(("order", str(self.order)))
        if self.primitive is not None:
            rows.append(("primitive", self.primitive))
        for where, x, (low, high) in self.kinks[:SHOWN_KINKS]:
            if low == high:
                rows.append(("jump", f"{where} = {x!r}: {low:.6g}, as on the other side"))
            else:
                rows.append(("kink", f"{where} = {x!r}: any of [{low:.6g}, {high:.6g}]"))
        more = len(self.kinks) - SHOWN_KINKS
        return rows + [("…", f"and {more} kinks more")] * (more > 0)


class GradientError(AssertionError):
    """The error of a check that does not pass; its `report` says why.

    >>> from autograd.testing import GradientError, check_gradients
    >>> try:
    ...     check_gradients(lambda x: x * x, 3.0, gradient=lambda x: x)
    ... except GradientError as error:
    ...     error.report.analytic
    3.0
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> tuple[type[GradientError], tuple[Report]]:
        return GradientError, (self.report,)


class Case(NamedTuple):
    """One derivative that was compared: by an input of f, or by an operand of a node."""

    where: str
    x: float
    analytic: float
    decision: Decision
    line: Line | None = None
    node: Value | None = None
    oracle: Oracle = Oracle.DIFFERENCES

    @property
    def primitive(self) -> str | None:
        """The name of the node's primitive."""
        return None if self.node is None or self.node.op is None else self.node.op.name

    def place(self) -> str:
        """Return the name of the input or the operand in messages."""
        if self.node is None:
            return self.where
        return f"{self.where} of {self.primitive}({describe(self.node.operands)})"


def remark(
    names: Sequence[str],
    verdict: Verdict,
    kind: Fault,
    *values: Any,
    order: int = 1,
) -> Report:
    """Return a report on no derivative."""
    where, nan = ", ".join(names[:3]) or "nothing", math.nan
    return Report(verdict, (Remark(kind, values),), where, nan, nan, nan, nan, order=order)


def _tells(case: Case) -> bool:
    """Whether a case names an operation that somebody wrote; `grad` makes an identity."""
    is_made = case.primitive == "identity" and case.decision.verdict is Verdict.PASS
    return case.node is not None and not is_made


def plain_factor(cases: Sequence[Case]) -> list[Remark]:
    """Return what all these derivatives are of the right ones, if it is plain: twice.

    Differences have to tell it to two digits. A factor that is not whole, 1 / whole or in
    `FACTORS` is no guess worth making.
    """
    triples = [(case.analytic, case.decision.numeric, case.decision.error) for case in cases]
    if not any(claimed for claimed, *_ in triples):
        return [Remark(Hint.ZERO)]
    claimed, numeric, _ = max(triples, key=lambda triple: abs(triple[1]))
    ratio = abs(claimed / numeric) if numeric and math.isfinite(claimed) else math.nan
    if not 1.0 / LARGEST_FACTOR < ratio < LARGEST_FACTOR:
        return []
    whole = round(ratio) if ratio > 1.0 else round(1.0 / ratio)
    known = {**FACTORS, whole: f"{whole} times", 1.0 / whole: f"1/{whole} of", **PLAIN}
    for factor, words in known.items():
        signed = math.copysign(factor, claimed * numeric)
        near = [FIVE_DIGITS * abs(a) + MULTIPLE * factor * error for a, _, error in triples]
        fits = all(abs(a - signed * b) <= t for (a, b, _), t in zip(triples, near))
        if fits and any(t <= TWO_DIGITS * abs(a) for (a, *_), t in zip(triples, near)):
            if factor == 1.0:
                return [Remark(Hint.SIGN)] if signed < 0.0 else []
            return [Remark(Hint.SIGN_AND_FACTOR if signed < 0.0 else Hint.FACTOR, (words,))]
    return []


def summary(cases: Sequence[Case], evaluations: int, hints: Sequence[Remark] = ()) -> Report:
    """Return the report on the worst case; a primitive is worse than an input."""
    if not cases:
        return remark([], Verdict.PASS, Fault.NOTHING)
    ranks = list(Verdict)
    worst = max(
        cases, key=lambda c: (ranks.index(c.decision.verdict), _tells(c), c.decision.share)
    )
    verdict, numeric, error, _, corner, reason = worst.decision
    count = len(cases)
    if reason is None or verdict is Verdict.PASS:
        remarks = [
            Remark(Fault.ONE_AGREES) if count == 1 else Remark(Fault.ALL_AGREE, (count,))
        ]
    else:
        remarks = [Remark(reason, (numeric, *(corner or ())))]
    if reason in WRONG_VALUES:
        alike = [
            case
            for case in cases
            if case.decision.reason in WRONG_VALUES and case.primitive == worst.primitive
        ]
        remarks += hints or plain_factor(alike)
    corners = [(case.place(), case.x, case.decision.corner) for case in cases]
    return Report(
        verdict,
        tuple(remarks),
        worst.place(),
        worst.x,
        worst.analytic,
        numeric,
        error,
        worst.primitive if verdict is not Verdict.PASS else None,
        kinks=tuple([(where, x, corner) for where, x, corner in corners if corner]),
        derivatives=count,
        evaluations=evaluations,
        oracle=worst.oracle,
        line=worst.line,
    )


def added(below: Report, above: Report) -> Report:
    """Return the report on the highest order, with the kinks and counts of those below."""
    kinks = [(f"{where}, order {above.order}", x, ends) for where, x, ends in above.kinks]
    return replace(
        above,
        kinks=(*below.kinks, *kinks),
        derivatives=below.derivatives + above.derivatives,
        evaluations=below.evaluations + above.evaluations,
    )


def raised(report: Report, allow_inconclusive: bool = False) -> Report:
    """Return the report, or raise GradientError unless the check passed."""
    __tracebackhide__ = True
    if report.verdict is Verdict.FAIL or not (report or allow_inconclusive):
        raise GradientError(report)
    return report
