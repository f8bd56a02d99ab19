"""One derivative beside the limits of slopes: it agrees, it differs, or nothing can be told.

A person would ask: do slopes settle as steps fall, and to what? Do the smallest steps that
round-off leaves say the same? If the two sides differ, which of them is x on, or is it at the
corner itself? A claim fails only if no guard speaks for it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

from autograd.testing.differences import (
    CLEAR,
    FALL,
    MOST,
    ROUNDINGS,
    START,
    SURE,
    THREE_DIGITS,
    TINIEST,
    Estimate,
    Level,
    Line,
    Side,
    ladder,
    sides,
)
from autograd.testing.guards import (
    CLOSE,
    NEAR,
    estimated_noise,
    floats_too_far_apart,
    is_bent,
    is_kink_here,
    is_rough,
    is_round_corner,
    is_sawtooth,
    treads,
)
from autograd.testing.verdicts import Reason, Verdict

__all__ = ["Decision", "Question", "by_exact", "decide", "starts"]

PASS, INCONCLUSIVE, FAIL = Verdict
MULTIPLE = SURE  # of the estimated error is tolerated
SHARP = 3e-5  # in float64: a third of one part in 10,000, so that this is always seen
DIGIT = 0.1  # in float32: where differences are blurred by less, agreement counts as it is
TWELVE_DIGITS = 1e-12  # a rule that has them is right, though it may round more than need be
LARGE = 16.0  # times x: a larger operand sets another scale


class Question(NamedTuple):
    """Whether the derivative along a line is `analytic`.

    Attributes:
        scale: the size of the terms of the derivative; 0 to take that of the differences.
        slack: the round-off of `analytic` itself, and what the caller allows.
        sharp: the tolerance, as a share of the derivative, above which nothing is decided.
        allowed: what the caller allows, which need not be sharp.
    """

    line: Line
    analytic: float
    scale: float
    slack: float
    sharp: float = SHARP
    allowed: float = 0.0


class Decision(NamedTuple):
    """A verdict on one derivative, and the numbers behind it.

    Attributes:
        share: the difference as a share of the tolerance.
        corner: the interval between the derivatives from both sides, infinite ones included.
            Its ends are equal where only one side has one: at an edge, or beside a jump.
    """

    verdict: Verdict
    numeric: float = math.nan
    error: float = math.inf
    share: float = math.inf
    corner: tuple[float, float] | None = None
    reason: Reason | None = None


def starts(x: float, others: Iterable[float] = ()) -> list[float]:
    """Return the first steps to try: shares of |x|, of 1, of √|x| and of large operands."""
    large = [abs(y) for y in others if abs(y) > LARGE * abs(x)]
    scales = [abs(x), 1.0, math.sqrt(abs(x)), *large]
    return [START * scale for scale in dict.fromkeys(scales) if 0.0 < scale < math.inf]


def decide(question: Question, steps: list[float]) -> Decision:
    """Decide by the first of the steps that can tell."""
    line, analytic = question.line, question.analytic
    if math.isnan(analytic):
        numeric, error, _ = ladder(line, steps[0])[0]
        return Decision(FAIL, numeric, error, reason=Reason.IS_NAN)
    if math.isinf(analytic):
        question = question._replace(slack=0.0)
    tried = list[Decision]()
    for start in steps:
        decision = _from_step(question, start)
        if decision.verdict is FAIL and not decision.corner:
            doubt = treads(line, decision.numeric, analytic)
            return _doubt(decision, doubt) if doubt else decision
        if decision.verdict is not INCONCLUSIVE:
            return decision
        tried.append(decision)
    if analytic == 0.0 and not any(decision.numeric for decision in tried):
        return tried[0]._replace(verdict=PASS, share=0.0)
    return min(tried, key=lambda decision: decision.error)


def _doubt(decision: Decision, reason: Reason) -> Decision:
    return decision._replace(verdict=INCONCLUSIVE, reason=reason)


def _from_step(question: Question, start: float, is_again: bool = False) -> Decision:
    """Decide by slopes over steps that fall from `start`."""
    line = question.line
    estimate, levels = ladder(line, start)
    if not levels:
        return _at_corner(question, sides(line, start))
    decision, far = None, levels[0]
    near: Level | None = levels[-1]
    if not is_bent(levels):
        used = next((level for level in levels if level.step == estimate.step), levels[-1])
        decision = _compared(question, estimate, used.steepest, used.noise)
        if decision.verdict is FAIL:
            return _confirmed(question, decision, used)
        is_hidden = decision.reason is Reason.HIDDEN and not far.is_apart
        if decision.verdict is PASS or is_hidden:
            return decision
    else:
        near, far = line.closest(levels[-1].apart), levels[-1]
    both = sides(line, start)
    if near is None or not far.is_apart or near.apart > NEAR * far.apart:
        at_end = _at_corner(question, both)
    else:
        at_end = beside_corner(question, near, far, both)
        if at_end.verdict is INCONCLUSIVE and not decision and not is_again:
            return _from_step(question, math.sqrt(near.step / far.step) * far.step, True)
    return decision if decision and at_end.verdict is INCONCLUSIVE else at_end


def _compared(
    question: Question, estimate: Estimate, steepest: float, noise: float = 0.0
) -> Decision:
    """Pass or fail by an estimate, if it is sharp enough.

    The steepest slope is that of those it is made of, which may have some noise.
    """
    _, analytic, scale, slack, sharp, allowed = question
    value, error, _ = estimate
    tolerance = MULTIPLE * error + slack + TINIEST
    difference = abs(analytic - value)
    decision = Decision(PASS, value, error, difference / tolerance)
    if difference > tolerance:
        why = Reason.IS_INFINITE if math.isinf(analytic) else Reason.ANOTHER_VALUE
        decision = decision._replace(verdict=FAIL, reason=why)
    size = max(abs(value), steepest)
    # a tenth of what is known is no basis for saying that one part in 10,000 is wrong
    if not error <= max(THREE_DIGITS * size, ROUNDINGS * noise):
        return _doubt(decision, Reason.UNSETTLED)
    size = scale or (abs(analytic) if math.isfinite(analytic) else 0.0) or size
    if decision.verdict is FAIL or tolerance - allowed <= max(sharp * size, allowed):
        return decision
    # errors of float32 are some tenths of those that are feared
    agrees = sharp > SHARP and difference <= sharp * size and tolerance <= DIGIT * size
    return decision if agrees else _doubt(decision, Reason.HIDDEN)


def _confirmed(question: Question, failure: Decision, used: Level) -> Decision:
    """Return the failure, unless a guard speaks against it."""
    line, analytic, *_ = question
    value, step = failure.numeric, used.step
    noise = estimated_noise(line)
    blurred = Estimate(value, failure.error + 2.0 * noise / step, step)
    failure = _compared(question, blurred, used.steepest, used.noise)
    if failure.verdict is not FAIL:
        return failure
    against = abs(value - analytic)
    if floats_too_far_apart(line, noise, against):
        return _doubt(failure, Reason.FAR_APART)
    noise += used.noise * step
    if is_rough(line, value, used, noise) or is_sawtooth(line, value, analytic):
        return _doubt(failure, Reason.BENDS)
    return at_smallest_step(question, failure, step, noise)


def at_smallest_step(
    question: Question, failure: Decision, step: float, noise: float
) -> Decision:
    """Guard: f has features that larger steps jump over, as a slight kink close by.

    Return the failure if slopes over the smallest step that noise leaves say the same.
    """
    line, analytic, *_ = question
    against = abs(failure.numeric - analytic)
    small = max(CLEAR * noise / against, line.least if line.x else CLOSE * step)
    if small > step / (2.0 * FALL):
        return failure
    near = line.level(small)
    if near is None:
        return _doubt(failure, Reason.SMALLER_STEPS_FAIL)
    if near.is_apart and near.apart > 0.5 * against:
        return _at_corner(question, sides(line, MOST * small))
    agrees = abs(near.central - failure.numeric) <= NEAR * against + near.noise
    return failure if agrees else _doubt(failure, Reason.SMALLER_STEPS_DIFFER)


def _at_corner(question: Question, both: list[Side | None]) -> Decision:
    """Decide by the interval between the limits of both sides."""
    line, analytic, _, slack, *_ = question
    known = [side for side in both if side is not None]
    smooth = [side.limit for side in known if not side.jumps]
    if not known:
        return Decision(INCONCLUSIVE, reason=Reason.NO_VALUES)
    is_edge = len(known) == 1
    size = max([side.steepest for side in known])
    error = max([limit.error for limit in smooth], default=0.0)
    if not math.isfinite(error) or (is_edge and line.samples.is_spent):
        return Decision(INCONCLUSIVE, reason=Reason.UNSETTLED)
    low, high = -math.inf, math.inf
    if smooth:
        low, *_, high = sorted([smooth[0].value, smooth[-1].value])
    gap = high - low if low < high else 0.0
    numeric = low if low == high else 0.5 * (low + high)
    if len(smooth) == 2 and math.isfinite(low) and gap <= SURE * sum([x.error for x in smooth]):
        decision = _compared(question, Estimate(numeric, error), size)
        return _doubt(decision, Reason.BENDS) if decision.verdict is FAIL else decision
    tolerance = MULTIPLE * error + slack + TINIEST
    outside = 0.0 if low <= analytic <= high else max(low - analytic, analytic - high)
    decision = Decision(PASS, numeric, error, outside / tolerance)
    if 0.0 < gap < math.inf and not is_kink_here(line, gap, outside):
        return _doubt(decision, Reason.BENDS)
    if gap or len(smooth) < len(known):
        decision = decision._replace(corner=(low, high))
    if low == high and math.isinf(low) and size < abs(analytic) < math.inf:
        return _doubt(decision, Reason.BENDS_CLOSER)
    if is_edge and math.isinf(analytic) and math.isfinite(low):
        steepest = line.slope(line.least if both[0] else -line.least)
        grows = steepest is None or abs(steepest[0] - low) > SURE * (error + steepest[1])
        decision = decision._replace(verdict=FAIL, reason=Reason.IS_INFINITE)
        return _doubt(decision, Reason.GROWS_SLOWLY) if grows else decision
    if outside <= tolerance:
        largest = max(size, abs(low), abs(high))
        scale = largest if gap else question.scale or abs(analytic) or size
        is_sharp = tolerance - question.allowed <= question.sharp * scale
        return decision if is_sharp or math.isinf(low) else _doubt(decision, Reason.HIDDEN)
    two = Reason.WRONG_AT_A_TANGENT if low == high else Reason.OUTSIDE_A_KINK
    one = Reason.WRONG_AT_AN_EDGE if is_edge else Reason.WRONG_AT_A_JUMP
    return decision._replace(verdict=FAIL, reason=two if len(smooth) == 2 else one)


def beside_corner(
    question: Question, near: Level, far: Level, both: list[Side | None]
) -> Decision:
    """Guard: beside a corner only the side of x counts.

    Decide by the limit of the side that the slopes close by, which have no corner, are of.
    """
    line, analytic, *_ = question
    limits = list[tuple[Estimate, float]]()
    for side, slope, sign in zip(both, (far.right, far.left), (1.0, -1.0)):
        if side is not None and math.isfinite(side.limit.error):
            value, error, _ = side.limit
            drift = abs(value - slope) * near.step / far.step
            allowed = MULTIPLE * (near.noise + drift + error)
            if abs(value - near.central) <= allowed < NEAR * far.apart:
                limits.append((side.limit, sign))
    values = [limit.value for limit, _ in limits]
    if not limits or max(values) - min(values) > SURE * sum([x.error for x, _ in limits]):
        return Decision(INCONCLUSIVE, reason=Reason.BENDS)  # or round-off hides a kink at x
    limit, sign = min(limits, key=lambda pair: pair[0].error)
    decision = _compared(question, limit, far.apart)
    if decision.verdict is not FAIL:
        return decision
    against = abs(analytic - limit.value)
    close = line.slope(sign * max(2.0 * CLEAR * line.blur / against, near.step))
    is_told = close is not None and abs(close[0] - limit.value) <= NEAR * against + close[1]
    beyond = both[int(sign > 0.0)]
    is_round = beyond and is_round_corner(line, sign, limit.value, beyond.limit.value)
    if not is_told or is_round or is_sawtooth(line, limit.value, analytic):
        return _doubt(decision, Reason.BENDS)
    return decision


def by_exact(exact: Any, analytic: float, tolerance: float, wrong: Reason) -> Decision:
    """Decide by a value that has all of its digits; `wrong` is the reason of a failure."""
    difference = abs(float(analytic - exact))
    tolerance += SURE * TINIEST
    decision = Decision(PASS, float(exact), tolerance, difference / tolerance)
    if difference <= tolerance:
        return decision
    if difference < sys.float_info.min:
        return _doubt(decision, Reason.LOSES_DIGITS)
    return decision._replace(verdict=FAIL, reason=wrong)
