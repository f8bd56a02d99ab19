"""The derivatives that were compared, and the report on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autograd.core.operand import describe
from autograd.core.value import Value
from autograd.testing.decide import Decision, Verdict

__all__ = ["Case", "GradientError", "Report", "remark", "summary", "unsteady"]

RANK = {"pass": 0, "inconclusive": 1, "fail": 2}


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

    def __str__(self) -> str:
        lines = [f"{self.verdict}: {self.reason}"]
        if self.derivatives:
            worst = "worst" if self else "at"
            lines += [
                f"  {worst:<9} {self.where} = {self.x!r} ({self.hex})",
                f"  analytic  {self.analytic!r}",
                f"  numeric   {self.numeric!r} ± {self.error:.1e} ({self.oracle})",
            ]
        if self.primitive is not None:
            lines.append(f"  primitive {self.primitive}")
        for where, x, (low, high) in self.kinks[:4]:
            if low == high:
                lines.append(f"  jump      {where} = {x!r}: {low:.6g}, as on the other side")
            else:
                lines.append(f"  kink      {where} = {x!r}: any of [{low:.6g}, {high:.6g}]")
        if len(self.kinks) > 4:
            lines.append(f"  … and {len(self.kinks) - 4} kinks more")
        return "\n".join(lines)


class GradientError(AssertionError):
    """Raised by `check_gradients`; its `report` says what was found."""

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


def unsteady(names: Sequence[str], order: int = 1) -> Report:
    """A report on a function that cannot be checked."""
    reason = "f is not the same when it is called again; seed what it draws"
    return remark(names, "inconclusive", reason, order)


def _tells(case: Case) -> bool:
    """Whether a case names an operation that somebody wrote; `grad` makes an identity."""
    made = case.primitive == "identity" and case.decision.verdict == "pass"
    return case.node is not None and not made


def summary(cases: Sequence[Case], evaluations: int) -> Report:
    """What the worst case says; one of a primitive is worse than one of an input."""
    if not cases:
        return remark([], "pass", "there is nothing to check")
    worst = max(cases, key=lambda c: (RANK[c.decision.verdict], _tells(c), c.decision.share))
    verdict, numeric, error, _, _, why, line = worst.decision
    count = len(cases)
    agree = "the derivative agrees" if count == 1 else f"all {count} derivatives agree"
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
