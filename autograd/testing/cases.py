"""The derivatives that were compared, and the report on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.core.operand import describe
from autograd.core.value import Value
from autograd.testing.decide import Decision
from autograd.testing.report import Report, Verdict

__all__ = ["Case", "remark", "summary", "unsteady"]

RANK = {"pass": 0, "inconclusive": 1, "fail": 2}


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
