"""`gradcheck` and its kin: derivatives against numerical ones, with a verdict."""

from __future__ import annotations

import math
import operator
from dataclasses import replace
from typing import Any, Literal, Unpack, get_args

from autograd.testing.arrays import Precision, check_gradient
from autograd.testing.decide import FAIL, INCONCLUSIVE
from autograd.testing.differences import CALLS
from autograd.testing.flat import AGAIN, Tolerance
from autograd.testing.problem import Function, Problem, alone
from autograd.testing.recorded import Recording, node_cases
from autograd.testing.report import Report, added, raised, remark, summary
from autograd.testing.verdicts import Fault, Hint, Remark

__all__ = ["check_gradients", "gradcheck"]

Ask = Literal["auto", "differences", "mpmath", "complex"]
HIGHEST = 20  # order; each takes several times as long as the one below


class Options(Precision, total=False):
    """Options of `gradcheck` beside a function and its arguments."""

    order: int
    gradient: Function | None
    oracle: Ask


def gradcheck(
    f: Function,
    *xs: Any,
    order: int = 1,
    gradient: Function | None = None,
    oracle: Ask = "auto",
    rtol: float = 0.0,
    atol: float = 0.0,
    dtype: str | None = None,
) -> Report:
    """Compare the derivatives of f at xs with numerical ones.

    Args:
        f: a function of numbers or nested lists, tuples, dicts, dataclasses and arrays of
            them, which returns such a structure.
        xs: its arguments; Values count as their data.
        order: the highest order of derivative to check, at most 20; those below are
            checked, too. Each calls f at most 40 times an input.
        gradient: a derivative written by hand, to be checked instead of this library's:
            `gradient(*xs)` returns the gradient in the shape of the argument, lists and
            arrays alike, or a tuple with one for each of several. Then f is called with
            floats, and with NumPy arrays for arrays but those of pandas, and returns a number.
        oracle: "differences" uses values alone, "mpmath" the recorded graph in high
            precision; "auto" asks mpmath, if it is installed, where differences cannot tell.
            As "mpmath" sees only what was recorded, a part of f that is hidden by `.data` or
            `detach()` passes. "complex", with `gradient`, asks a complex step where differences
            cannot tell: f must take complex numbers, and have no `abs`, `real` and the like.
        rtol, atol, dtype: with `gradient`, an error that is allowed, as a share of the
            derivative and by itself, and the precision of f: "float64", "float32" or
            "float16"; told from what f and the gradient return if None.

    Returns:
        A report, true if all derivatives agree. At a kink any subgradient does.

    Raises:
        TypeError, ValueError: arguments that are not finite numbers, or no such oracle; and
            whatever f raises at xs.
        LookupError, ImportError: mpmath was asked for and does not know a primitive, or is
            not installed.

    The tolerance is a small multiple of the estimated error of the numerical derivative:
    an error of one part in 10,000 shows wherever the round-off of f lets it be seen, and
    where it does not the verdict is "inconclusive".

    >>> from autograd.testing import gradcheck
    >>> report = gradcheck(lambda x: x * x * x, 2.0)
    >>> report.verdict, report.order
    ('pass', 1)
    >>> wrong = gradcheck(lambda x: x * x, 3.0, gradient=lambda x: 2.0001 * x)
    >>> wrong.verdict, round(wrong.analytic, 4), round(wrong.numeric, 9)
    ('fail', 6.0003, 6.0)
    """
    known = get_args(Ask)
    if oracle not in known:
        raise ValueError(f"oracle must be one of {', '.join(known)}, got {oracle!r:.80}")
    order = _order(order)
    tolerance = Tolerance.of("gradcheck", rtol, atol, dtype)
    if gradient is not None:
        if not callable(gradient):
            raise TypeError(f"gradient must be a function, got {gradient!r:.80}")
        if order != 1 or oracle == "mpmath":
            raise ValueError("with `gradient`, order must be 1 and oracle must not be mpmath")
        return check_gradient(f, xs, gradient, tolerance, oracle)
    if tolerance != Tolerance() or oracle == "complex":
        wanted = 'rtol, atol, dtype and oracle="complex" are for derivatives by hand'
        raise ValueError(f"{wanted}: give `gradient`")
    first = Recording(Problem(f, xs), oracle)
    report = _check_recorded(first)
    for k in range(2, order + 1):
        if not report:
            break
        above = _check_recorded(Recording(first.problem.above(k - 1), oracle), k)
        if above.verdict is FAIL and above.primitive is None:
            above = replace(above, primitive=_culprit(first, k))
        report = added(report, above)
    return report if report.verdict is not FAIL else _hinted(report, first)


def _order(order: Any) -> int:
    """Return the order as an int."""
    if isinstance(order, bool) or not hasattr(order, "__index__"):
        raise TypeError(f"order must be an integer, got {order!r:.80}")
    number = operator.index(order)
    if not 1 <= number <= HIGHEST:
        raise ValueError(f"order must be from 1 to {HIGHEST}, got {order!r:.20}")
    return number


def check_gradients(
    f: Function, *xs: Any, allow_inconclusive: bool = False, **options: Unpack[Options]
) -> None:
    """Raise unless `gradcheck` of the same arguments passes: for tests.

    Args:
        allow_inconclusive: whether it may pass where nothing can be told, as at numbers
            so small that f has no digits left; for points that Hypothesis draws.

    Raises:
        GradientError: an AssertionError with the report as its message and as `report`.

    >>> from autograd.testing import check_gradients
    >>> check_gradients(lambda x, y: x * y[0] - y[1], 2.0, [3.0, 4.0], order=2)
    """
    __tracebackhide__ = True
    report = gradcheck(f, *xs, **options)
    raised(report, allow_inconclusive)


def _check_recorded(recording: Recording, order: int = 1) -> Report:
    problem, outputs = recording.problem, recording.flat.outputs
    for y in outputs:
        if not math.isfinite(y):
            what = "f" if order == 1 else f"a derivative of order {order - 1}"
            kind = Fault.NOT_FINITE
            return remark(problem.names, INCONCLUSIVE, kind, what, y, order=order)
    whole, evaluations = recording.end_to_end_cases()
    nodes = node_cases(recording.order, recording.how)
    report = summary(recording.forward_cases() + nodes + whole, evaluations)
    times = 1 if report else max(1, min(AGAIN, CALLS - 1 - evaluations))
    for _ in range(times):
        anew = Recording(problem)
        pairs = [(anew.flat.outputs, outputs), (anew.claims, recording.claims)]
        for (now, before), what in zip(pairs, ("f", "the derivative")):
            if str(now) != str(before):  # NaN is like NaN
                return remark(problem.names, FAIL, Fault.RANDOM, what, order=order)
    return replace(report, order=order, evaluations=evaluations + 1 + times)


def _culprit(recording: Recording, order: int) -> str | None:
    """Return the primitive whose derivative of that order is wrong, if one is."""
    for node in recording.order:
        f, xs = alone(node)
        single = Recording(Problem(f, xs).above(order - 1), "differences")
        if _check_recorded(single).verdict is FAIL:
            return None if node.op is None else node.op.name
    return None


def _hinted(report: Report, recording: Recording) -> Report:
    """Return a failure for which no primitive is to blame with a hint where to look."""
    is_told = report.primitive is not None or not report.derivatives
    if is_told or math.isnan(report.analytic) or recording.how == "mpmath":
        return report
    every = node_cases(recording.order, "differences")
    bent = [case.primitive for case in every if case.decision.corner]
    hint = Remark(Hint.AT_A_KINK, (bent[0],)) if bent else Remark(Hint.HIDDEN_PART)
    return replace(report, remarks=(*report.remarks, hint))
