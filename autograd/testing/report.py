"""The derivatives that were compared, and the report on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from autograd.core.operand import describe
from autograd.core.value import Value
from autograd.testing.decide import ANOTHER, MULTIPLE, Decision, Verdict

__all__ = ["Case", "GradientError", "Report", "added", "raised", "remark", "summary"]
__all__ += ["unsteady"]

RANK = {"pass": 0, "inconclusive": 1, "fail": 2}
NAMED = {1.0: "", 2.0: "twice", 0.5: "half of"}
FACTORS = {
    math.log(2.0): "log(2) times",
    1.0 / math.log(2.0): "1/log(2) times",
    math.log(10.0): "log(10) times",
    1.0 / math.log(10.0): "1/log(10) times",
    math.degrees(1.0): "180/π times",
    math.radians(1.0): "π/180 times",
}


@dataclass(frozen=True)
class Report:
    """The outcome of `gradcheck`. It is true only if the check passed.

    What it shows is the worst derivative: the one that failed, else the undecided one, else
    the one whose difference is the largest share of what is allowed.

    Attributes:
        verdict: "pass", "fail" or "inconclusive".
        reason: one sentence that says why.
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
    reason: str
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
    oracle: str = "differences"
    line: Any = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "line": None}  # functions need not pickle

    @property
    def hex(self) -> str:
        """The worst input as `float.hex` writes it."""
        return self.x.hex()

    def __bool__(self) -> bool:
        return self.verdict == "pass"

    def kink_lines(self, start: str = "") -> list[str]:
        """A line for each of the first kinks, of those whose place starts like this."""
        found = [kink for kink in self.kinks if kink[0].startswith(start)]
        lines = []
        for where, x, (low, high) in found[:4]:
            if low == high:
                lines.append(f"jump      {where} = {x!r}: {low:.6g}, as on the other side")
            else:
                lines.append(f"kink      {where} = {x!r}: any of [{low:.6g}, {high:.6g}]")
        return lines + [f"… and {len(found) - 4} kinks more"] * (len(found) > 4)

    def __str__(self) -> str:
        lines = [f"{self.verdict}: {self.reason}"]
        if self.derivatives:
            worst = "worst" if self else "at"
            lines += [
                f"  {worst:<9} {self.where} = {self.x!r} ({self.hex})",
                f"  analytic  {self.analytic + 0.0!r}",
                f"  numeric   {self.numeric + 0.0!r} ± {self.error:.1e} ({self.oracle})",
            ]
        if self.order > 1:
            lines.append(f"  order     {self.order}")
        if self.primitive is not None:
            lines.append(f"  primitive {self.primitive}")
        lines += [f"  {line}" for line in self.kink_lines()]
        return "\n".join(lines)


class GradientError(AssertionError):
    """Raised by `check_gradients`; its `report` says what was found.

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
    node: Value | None = None
    oracle: str = "differences"

    @property
    def primitive(self) -> str | None:
        """The name of the node's primitive."""
        return None if self.node is None or self.node.op is None else self.node.op.name

    def place(self) -> str:
        """What messages call the input or the operand."""
        if self.node is None:
            return self.where
        return f"{self.where} of {self.primitive}({describe(self.node.operands)})"


def remark(names: Sequence[str], verdict: Verdict, reason: str, order: int = 1) -> Report:
    """A report on no derivative."""
    where = ", ".join(names[:3]) or "nothing"
    return Report(verdict, reason, where, math.nan, math.nan, math.nan, math.nan, order=order)


def unsteady(names: Sequence[str], what: str, order: int = 1) -> Report:
    """A report on a function, or a derivative, that cannot be checked."""
    why = f"{what} is nondeterministic: it differs from call to call; seed what it draws"
    return remark(names, "fail", why, order)


def _tells(case: Case) -> bool:
    """Whether a case names an operation that somebody wrote; `grad` makes an identity."""
    made = case.primitive == "identity" and case.decision.verdict == "pass"
    return case.node is not None and not made


def plain_factor(cases: Sequence[Case]) -> str:
    """What all these derivatives are of those that they should be, if it is plain: twice.

    Differences have to tell it to two digits. One that is not whole, 1 / whole or in `FACTORS`
    is no guess worth making.
    """
    pairs = [(case.analytic, *case.decision[1:3]) for case in cases]
    if not any(claimed for claimed, *_ in pairs):
        return "it is 0"
    claimed, numeric, _ = max(pairs, key=lambda pair: abs(pair[1]))
    ratio = abs(claimed / numeric) if numeric and math.isfinite(claimed) else math.nan
    if not 1e-3 < ratio < 1e3:
        return ""
    whole = round(ratio) if ratio > 1.0 else round(1.0 / ratio)
    known = {**FACTORS, whole: f"{whole} times", 1.0 / whole: f"1/{whole} of", **NAMED}
    for factor, words in known.items():
        signed = math.copysign(factor, claimed * numeric)
        near = [1e-5 * abs(a) + MULTIPLE * factor * error for a, _, error in pairs]
        fits = all(abs(a - signed * b) <= t for (a, b, _), t in zip(pairs, near))
        if fits and any(t <= 0.01 * abs(a) for (a, *_), t in zip(pairs, near)):
            sign = "its sign is wrong" if signed < 0.0 else ""
            size = "" if factor == 1.0 else f"it is {words} what it should be"
            return " and ".join([part for part in (sign, size) if part])
    return ""


def summary(cases: Sequence[Case], evaluations: int, guess: str = "") -> Report:
    """What the worst case says; one of a primitive is worse than one of an input."""
    if not cases:
        return remark([], "pass", "there is nothing to check")
    worst = max(cases, key=lambda c: (RANK[c.decision.verdict], _tells(c), c.decision.share))
    verdict, numeric, error, _, _, why, line = worst.decision
    count = len(cases)
    agree = "the derivative agrees" if count == 1 else f"all {count} derivatives agree"
    if why.endswith(ANOTHER):
        alike = [
            case
            for case in cases
            if case.decision.reason.endswith(ANOTHER) and case.primitive == worst.primitive
        ]
        guess = guess or plain_factor(alike)
        why = f"{why}; {guess}" if guess else why
    reason = {
        "pass": agree,
        "fail": f"a derivative is wrong: {why}",
        "inconclusive": f"nothing can be told: {why}",
    }[verdict]
    found = [(case.place(), case.x, case.decision.corner) for case in cases]
    return Report(
        verdict,
        reason,
        worst.place(),
        worst.x,
        worst.analytic,
        numeric,
        error,
        worst.primitive if verdict != "pass" else None,
        kinks=tuple([(where, x, (at.low, at.high)) for where, x, at in found if at]),
        derivatives=count,
        evaluations=evaluations,
        oracle=worst.oracle,
        line=line,
    )


def added(below: Report, above: Report) -> Report:
    """What the highest order says, with what was found and done in those below."""
    there = [(f"{where}, order {above.order}", x, ends) for where, x, ends in above.kinks]
    return replace(
        above,
        kinks=(*below.kinks, *there),
        derivatives=below.derivatives + above.derivatives,
        evaluations=below.evaluations + above.evaluations,
    )


def raised(report: Report, allow_inconclusive: bool = False) -> Report:
    """The report, unless it must be raised."""
    __tracebackhide__ = True
    if report.verdict == "fail" or not (report or allow_inconclusive):
        raise GradientError(report)
    return report
