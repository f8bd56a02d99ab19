"""`gradcheck`: derivatives against numerical ones, with a verdict."""

from __future__ import annotations

import math
import operator
from dataclasses import replace
from typing import Any, Literal

from autograd.core.operand import primal
from autograd.testing.decide import Question, decide, starts
from autograd.testing.problem import Function, PlainProblem, Problem, alone, directional
from autograd.testing.recorded import Case, Recording, node_cases
from autograd.testing.report import GradientError, Report
from autograd.testing.richardson import ULP, Line
from autograd.testing.roundoff import estimated_noise
from autograd.trees import flatten, flatten_like

__all__ = ["check_gradients", "gradcheck"]

NINE_DIGITS = 1e-9  # a gradient by hand that has them is right, but for round-off of its own
Oracle = Literal["auto", "differences", "mpmath"]
HIGHEST = 20  # order; each takes several times as long as the one below


def gradcheck(
    f: Function,
    *xs: Any,
    order: int = 1,
    gradient: Function | None = None,
    oracle: Oracle = "auto",
) -> Report:
    """Compare the derivatives of f at xs with numerical ones, and say what was found.

    Args:
        f: a function of numbers or nested lists, tuples, dicts and arrays of them, which
            returns such a structure.
        xs: its arguments; Values count as their data.
        order: the highest order of derivative to check, at most 20; those below are
            checked, too. Each calls f at most 40 times an input.
        gradient: a derivative written by hand, to be checked instead of this library's:
            `gradient(*xs)` returns the gradient in the shape of the argument, lists and
            arrays alike, or a tuple with one for each of several. Then f is called with
            floats and returns one.
        oracle: "differences" uses values alone, "mpmath" the recorded graph in high
            precision; "auto" asks mpmath, if it is installed, where differences cannot tell.
            As "mpmath" sees only what was recorded, a part of f that is hidden by `.data` or
            `detach()` passes.

    Returns:
        A report, true if all derivatives agree. At a kink any subgradient does.

    Raises:
        TypeError, ValueError: arguments that are not finite numbers, or no such oracle; and
            whatever f raises at xs.
        LookupError, ImportError: mpmath was asked for and does not know a primitive, or is
            not installed.

    The tolerance is a small multiple of the estimated error of the numerical derivative:
    an error of one part in 10,000 is found wherever the round-off of f lets it be seen, and
    where it does not the verdict is "inconclusive".

    >>> from autograd.testing import gradcheck
    >>> report = gradcheck(lambda x: x * x * x, 2.0)
    >>> report.verdict, report.order
    ('pass', 1)
    >>> wrong = gradcheck(lambda x: x * x, 3.0, gradient=lambda x: 2.0001 * x)
    >>> wrong.verdict, round(wrong.analytic, 4), round(wrong.numeric, 9)
    ('fail', 6.0003, 6.0)
    """
    if oracle not in ("auto", "differences", "mpmath"):
        raise ValueError(
            f'oracle must be "auto", "differences" or "mpmath", got {oracle!r:.80}'
        )
    order = _order(order)
    if gradient is not None:
        if not callable(gradient):
            raise TypeError(f"gradient must be a function, got {gradient!r:.80}")
        if order != 1 or oracle == "mpmath":
            raise ValueError("with `gradient`, order must be 1 and oracle must not be mpmath")
        return _check_plain(PlainProblem(f, xs), gradient)
    first = Recording(Problem(f, xs))
    report = _check_recorded(first, oracle)
    for k in range(2, order + 1):
        if not report:
            break
        above = _check_recorded(Recording(Problem(directional(f, k - 1), xs)), oracle, k)
        if above.verdict == "fail" and above.primitive is None:
            above = replace(above, primitive=_culprit(first, k))
        report = _added(report, above)
    return report if report.verdict != "fail" else _hinted(report, first, oracle)


def _order(order: Any) -> int:
    """The order as an int."""
    try:
        found = operator.index(order)
    except TypeError:
        found = None
    if found is None or isinstance(order, bool):
        raise TypeError(f"order must be an integer, got {order!r:.80}")
    if not 1 <= found <= HIGHEST:
        raise ValueError(f"order must be from 1 to {HIGHEST}, got {order!r:.20}")
    return found


def _added(below: Report, above: Report) -> Report:
    """What the highest order says, with what was found and done in those below."""
    there = [(f"{where}, order {above.order}", x, ends) for where, x, ends in above.kinks]
    return replace(
        above,
        kinks=(*below.kinks, *there),
        derivatives=below.derivatives + above.derivatives,
        evaluations=below.evaluations + above.evaluations,
    )


def check_gradients(
    f: Function,
    *xs: Any,
    order: int = 1,
    gradient: Function | None = None,
    oracle: Oracle = "auto",
) -> None:
    """`gradcheck` for tests: raises unless the check passes; arguments as there.

    Raises:
        GradientError: an AssertionError with the report as its message and as `report`.

    >>> from autograd.testing import check_gradients
    >>> check_gradients(lambda x, y: x * y[0] - y[1], 2.0, [3.0, 4.0], order=2)
    """
    __tracebackhide__ = True
    report = gradcheck(f, *xs, order=order, gradient=gradient, oracle=oracle)
    if not report:
        raise GradientError(report)


def _check_plain(problem: PlainProblem, gradient: Function) -> Report:
    outputs = problem.outputs(problem.point)
    if not math.isfinite(outputs[0]):
        return _remark(problem, "inconclusive", f"f is {outputs[0]!r} there")
    result = gradient(*problem.rebuild(problem.point))
    given = _lists(result)
    like = _lists(problem.xs[0] if len(problem.xs) == 1 else problem.xs)
    if len(problem.point) == 1 and getattr(result, "size", 0) == 1:
        given, like = flatten(given, "the result of gradient")[0], problem.point
    leaves = flatten_like(given, like, "the result of gradient")
    digits = max(NINE_DIGITS, 8.0 * _precision(result))
    cases, evaluations = [], 0
    for i, (name, x, leaf) in enumerate(zip(problem.names, problem.point, leaves)):
        line = Line(problem.along(i), x, outputs[0])
        line.noise = estimated_noise(line)
        analytic = primal(leaf)
        question = Question(line, analytic, 0.0, digits * abs(analytic))
        decision = decide(question, starts(x))
        cases.append(Case(name, x, analytic, decision))
        evaluations = max(evaluations, len(line.samples.seen))
    if problem.outputs(problem.point) != outputs:
        return _unsteady(problem)
    return _report(cases, evaluations + 2)


def _lists(tree: Any) -> Any:
    """A tree with lists in place of arrays and tuples: derivatives may come in any of them."""
    if isinstance(tree, dict):
        return {key: _lists(child) for key, child in tree.items()}
    if isinstance(tree, list | tuple) or getattr(tree, "shape", None):
        return [_lists(child) for child in tree]
    return tree


def _precision(tree: Any) -> float:
    """The round-off of the numbers of a tree, as a share of them: that of float32 is larger."""
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        return max([_precision(child) for child in tree], default=ULP)
    kind = str(getattr(tree, "dtype", ""))
    return {"float32": 2.0**-23, "float16": 2.0**-10}.get(kind, ULP)


def _check_recorded(recording: Recording, oracle: Oracle, order: int = 1) -> Report:
    problem = recording.problem
    for y in recording.outputs:
        if not math.isfinite(y):
            what = "f" if order == 1 else f"a derivative of order {order - 1}"
            return _remark(problem, "inconclusive", f"{what} is {y!r} there", order)
    if str(recording.again) != str(recording.rows):  # NaN is like NaN
        reason = "a second backward() does not add the same again"
        return _remark(problem, "fail", reason, order)
    cases, evaluations = recording.forward_cases(), 0
    if oracle == "mpmath":
        cases += recording.mpmath_cases()
    else:
        ask = oracle == "auto"
        cases += node_cases(recording.order, ask)
        whole, evaluations = recording.end_to_end_cases(ask)
        cases += whole
    anew = Recording(problem)
    if str((anew.outputs, anew.rows)) != str((recording.outputs, recording.rows)):
        return _unsteady(problem, order)
    return replace(_report(cases, evaluations + 2), order=order)


def _culprit(recording: Recording, order: int) -> str | None:
    """The primitive whose own derivative of that order is wrong, if one is."""
    for node in recording.order:
        f, xs = alone(node)
        own = Recording(Problem(directional(f, order - 1), xs))
        if _check_recorded(own, "differences").verdict == "fail":
            return None if node.op is None else node.op.name
    return None


def _hinted(report: Report, recording: Recording, oracle: Oracle) -> Report:
    """A failure for which no primitive is to blame, with where to look for the reason."""
    if report.primitive is not None or math.isnan(report.analytic) or oracle == "mpmath":
        return report
    bent = [
        case.primitive for case in node_cases(recording.order, False) if case.decision.corner
    ]
    if bent:
        hint = (
            f"{bent[0]} is at its kink, where subgradients that are right one by one "
            "need not add up to one of f"
        )
    else:
        hint = "every recorded partial is right, so look for .data and detach() in f"
    return replace(report, reason=f"{report.reason}; {hint}")


def _unsteady(problem: Problem, order: int = 1) -> Report:
    reason = "f is not the same when it is called again; seed what it draws"
    return _remark(problem, "inconclusive", reason, order)


def _remark(problem: Problem, verdict: Any, reason: str, order: int = 1) -> Report:
    where = ", ".join(problem.names[:3]) or "nothing"
    return Report(verdict, reason, where, *_NO_NUMBERS, order=order)


_NO_NUMBERS = (math.nan, math.nan, math.nan, math.nan)


RANK = {"pass": 0, "inconclusive": 1, "fail": 2}


def _report(cases: list[Case], evaluations: int) -> Report:
    if not cases:
        return Report("pass", "there is nothing to check", "nothing", *_NO_NUMBERS)
    worst = max(
        cases,
        key=lambda case: (
            RANK[case.decision.verdict],
            case.node is not None,
            case.decision.share,
        ),
    )
    verdict, numeric, error, _, _, why = worst.decision
    reason = {
        "pass": "the derivative agrees"
        if len(cases) == 1
        else f"all {len(cases)} derivatives agree",
        "fail": f"a derivative is wrong: {why}",
        "inconclusive": f"nothing can be told: {why}",
    }[verdict]
    kinks = []
    for case in cases:
        found = case.decision.corner
        if found is not None:
            kinks.append((case.place(), case.x, (found.low, found.high)))
    return Report(
        verdict,
        reason,
        worst.place(),
        worst.x,
        worst.analytic,
        numeric,
        error,
        worst.primitive if verdict != "pass" else None,
        kinks=tuple(kinks),
        derivatives=len(cases),
        evaluations=evaluations,
        oracle=worst.oracle,
    )
