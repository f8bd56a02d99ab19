"""What a gradient check found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["GradientError", "Report", "Verdict"]

Verdict = Literal["pass", "fail", "inconclusive"]


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
