"""One derivative beside the limits of slopes: it agrees, it differs, or nothing can be told.

A person would ask: do slopes settle as steps fall, and to what? Do the smallest steps that
round-off leaves say the same? If the two sides differ, which of them is x on, or is it at the
corner itself? What is claimed fails only if all that was seen speaks against it.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from autograd.testing.differences import (
    FALL,
    FINE,
    ROUNDINGS,
    SURE,
    THREE_DIGITS,
    TINIEST,
    ULP,
    Estimate,
    Level,
    Line,
    Side,
    estimated_noise,
    ladder,
    sides,
)

__all__ = ["ANOTHER", "MULTIPLE", "Corner", "Decision", "Question", "Verdict"]
__all__ += ["by_exact", "decide", "starts"]

Verdict = Literal["pass", "fail", "inconclusive"]

MULTIPLE = SURE  # of the estimated error is tolerated
SHARP = 3e-5  # in float64: a third of one part in 10,000, so that this is always seen
DIGIT = 0.1  # in float32: where differences are blurred by less, agreement counts as it is
TWELVE_DIGITS = 1e-12  # a rule that has them is right, though it may round more than need be
NEAR = 0.25  # of the gap between two slopes: what is nearer to one than this is that one
SAME = 0.1  # of the gap between two slopes: what is nearer is no look at something else
CLEAR = 20.0  # times the noise a change has to be, for slopes that differ to be told apart
START = 0.25  # of what may be the scale of f: the first step
BENT = 0.35  # slopes of smooth f come together with power 1 of the step, at a kink 0, else 0.5
FLOATS = 2.0**14  # beside x: over a tenth of them the points lie that tell noise
NEXT = 1.2  # times a step: a slope that changes from one to the next jumps
CLOSE = 2.0**-40  # a share of x: a corner within it is at x
UNSETTLED = "differences do not settle"
BENDS = "it bends or jumps close by"
HIDDEN = "round-off hides it"
FAR_APART = "floats are too far apart here"
ANOTHER = "another value"
WRONG = f"differences give {ANOTHER}"
NAN = "it is NaN where f is finite"
INFINITE = "it is infinite where differences are not"


class Question(NamedTuple):
    """Whether the derivative along a line is `analytic`.

    Attributes:
        scale: the size of the terms of the derivative; 0 to take that of the differences.
        own: the round-off of `analytic` itself, and what the caller allows.
        sharp: the tolerance, as a share of the derivative, above which nothing is decided.
        allowed: what the caller allows, which need not be sharp.
    """

    line: Line
    analytic: float
    scale: float
    own: float
    sharp: float = SHARP
    allowed: float = 0.0


class Corner(NamedTuple):
    """The interval between the derivatives from the left and from the right, infinite ones
    included. Its ends are equal where only one side has one: at an edge, or beside a jump."""

    low: float
    high: float


class Decision(NamedTuple):
    """A verdict on one derivative, and the numbers behind it."""

    verdict: Verdict
    numeric: float = math.nan
    error: float = math.inf
    share: float = math.inf  # difference / tolerance
    corner: Corner | None = None
    reason: str = ""
    line: Line | None = None


def starts(x: float, others: Iterable[float] = ()) -> list[float]:
    """The first steps to try: shares of |x|, of 1, of √|x| and of the other operands."""
    large = [abs(y) for y in others if abs(y) > 16.0 * abs(x)]
    scales = [abs(x), 1.0, math.sqrt(abs(x)), *large]
    return [START * scale for scale in dict.fromkeys(scales) if 0.0 < scale < math.inf]


def decide(question: Question, steps: list[float]) -> Decision:
    """Whether differences agree with what is claimed, by the first steps that can tell."""
    line, analytic = question.line, question.analytic
    if math.isnan(analytic):
        numeric, error, _ = ladder(line, steps[0])[0]
        return Decision("fail", numeric, error, reason=NAN, line=line)
    if math.isinf(analytic):
        question = question._replace(own=0.0)
    tried = list[Decision]()
    for start in steps:
        tried.append(_seen_from(question, start)._replace(line=line))
        if tried[-1].verdict == "fail" and not tried[-1].corner:
            return _doubted(question, tried[-1])
        if tried[-1].verdict != "inconclusive":
            return tried[-1]
    if analytic == 0.0 and not any(decision.numeric for decision in tried):
        return tried[0]._replace(verdict="pass", share=0.0)
    return min(tried, key=lambda decision: decision.error)


def _doubted(question: Question, decision: Decision) -> Decision:
    """A failure, unless f has one value to the last bit as far as what is claimed says."""
    line, analytic, *_ = question
    flat = max([tread(line.seen(side)) for side in (1.0, -1.0)])
    if flat and not decision.numeric and abs(analytic) * flat <= ROUNDINGS * ULP:
        return _doubt(decision, HIDDEN)  # as in log(1 + exp(-40))
    if not analytic and abs(decision.numeric) * flat > ROUNDINGS * line.grain * abs(line.y):
        return _doubt(decision, BENDS)  # as floor(x) / 1e-9 is
    return decision


def _seen_from(question: Question, start: float, is_again: bool = False) -> Decision:
    """What slopes over steps that fall from `start` say."""
    line = question.line
    estimate, levels = ladder(line, start)
    if not levels:
        return _at(question, sides(line, start))
    decision, far = None, levels[0]
    near: Level | None = levels[-1]
    if not _is_bent(levels):
        used = next((level for level in levels if level.step == estimate.step), levels[-1])
        decision = _compared(question, estimate, used)
        if decision.verdict == "fail":
            return _confirmed(question, estimate, used)
        if decision.verdict == "pass" or (decision.reason == HIDDEN and not far.is_apart):
            return decision
    else:
        near, far = _closest(line, levels[-1].apart), levels[-1]
    if near is None or not far.is_apart or near.apart > NEAR * far.apart:
        found = _at(question, sides(line, start))
    else:
        found = _beside(question, near, far, sides(line, start))
        if found.verdict == "inconclusive" and not decision and not is_again:
            return _seen_from(question, math.sqrt(near.step / far.step) * far.step, True)
    return decision if decision and found.verdict == "inconclusive" else found


def _is_bent(levels: list[Level]) -> bool:
    """Whether the slopes of both sides stay apart while the step falls."""
    first, last = levels[0], levels[-1]
    return last.is_apart and last.apart > (last.step / first.step) ** BENT * first.apart


def _closest(line: Line, gap: float) -> Level | None:
    """The slopes over the smallest step that tells slopes apart which differ by gap."""
    return line.level(max(2.0 * CLEAR * line.blur / gap, line.least))


def _doubt(decision: Decision, reason: str) -> Decision:
    return decision._replace(verdict="inconclusive", reason=reason)


def _compared(
    question: Question, estimate: Estimate, used: Level | None = None, size: float = 0.0
) -> Decision:
    """Pass or fail by an estimate, if it is sharp enough."""
    _, analytic, scale, own, sharp, allowed = question
    value, error, _ = estimate
    tolerance = MULTIPLE * error + own + TINIEST
    share = abs(analytic - value) / tolerance
    decision = Decision("pass", value, error, share)
    if share > 1.0:
        why = INFINITE if math.isinf(analytic) else WRONG
        decision = Decision("fail", value, error, share, None, why)
    seen = max(abs(value), size, *((abs(used.right), abs(used.left)) if used else ()))
    # a tenth of what is known is no basis for saying that one part in 10,000 is wrong
    if not (error <= THREE_DIGITS * seen or (used and error <= ROUNDINGS * used.noise)):
        return _doubt(decision, UNSETTLED)
    size = scale or (abs(analytic) if math.isfinite(analytic) else 0.0) or seen
    if share > 1.0 or tolerance - allowed <= max(sharp * size, allowed):
        return decision
    coarse = sharp > SHARP and abs(analytic - value) <= sharp * size
    # errors of float32 are some tenths of those that are feared
    return decision if coarse and tolerance <= DIGIT * size else _doubt(decision, HIDDEN)


def _confirmed(question: Question, estimate: Estimate, used: Level) -> Decision:
    """A failure, if it is none of noise, and small steps say the same."""
    line, analytic, *_ = question
    value, error, step = estimate
    against = abs(value - analytic)
    noise = estimated_noise(line)
    best = _compared(question, Estimate(value, error + 2.0 * noise / step, step), used)
    if best.verdict != "fail":
        return best
    # noise that is no rounding may be what a slope as steep as the claim makes of few floats
    values = line.values()
    spread, largest = max(values) - min(values), max(map(abs, values))
    may_be_slope = FINE * largest < noise < against * FLOATS * math.ulp(line.x)
    if 0.0 < spread < 2.0 * CLEAR * noise or may_be_slope:
        return _doubt(best, FAR_APART)
    noise += used.noise * used.step
    if is_rough(line, value, used, noise) or is_sawtooth(line, value, analytic):
        return _doubt(best, BENDS)
    small = max(CLEAR * noise / against, line.least if line.x else CLOSE * step)
    if small > step / (2.0 * FALL):
        return best
    near = line.level(small)
    if near is None:
        return _doubt(best, "smaller steps cannot tell")
    if near.is_apart and near.apart > 0.5 * against:
        return _at(question, sides(line, FALL * FALL * small))
    agree = abs(near.central - value) <= NEAR * against + near.noise
    return best if agree else _doubt(best, "smaller steps tell otherwise")


def _at(question: Question, both: list[Side | None]) -> Decision:
    """The decision by the interval between the limits of both sides, at a corner."""
    line, analytic, _, own, *_ = question
    known = [side for side in both if side is not None]
    smooth = [side.limit for side in known if not side.jumps]
    if not known:
        return Decision("inconclusive", reason="there are no values near")
    size = max([side.seen for side in known])
    error = max([limit.error for limit in smooth], default=0.0)
    if not math.isfinite(error) or (len(known) == 1 and line.samples.is_spent):
        return Decision("inconclusive", reason=UNSETTLED)
    low, high = -math.inf, math.inf
    if smooth:
        low, *_, high = sorted([smooth[0].value, smooth[-1].value])
    gap = high - low if low < high else 0.0
    numeric = low if low == high else 0.5 * (low + high)
    if len(smooth) == 2 and math.isfinite(low) and gap <= SURE * sum([x.error for x in smooth]):
        decision = _compared(question, Estimate(numeric, error), size=size)
        return _doubt(decision, BENDS) if decision.verdict == "fail" else decision
    tolerance = MULTIPLE * error + own + TINIEST
    outside = 0.0 if low <= analytic <= high else max(low - analytic, analytic - high)
    decision = Decision("pass", numeric, error, outside / tolerance)
    if gap or len(smooth) < len(known):
        decision = decision._replace(corner=Corner(low, high))
    if 0.0 < gap < math.inf:  # are slopes apart by it over the smallest steps, too?
        near = _closest(line, gap)
        here = near and near.step <= CLOSE * max(abs(line.x), 1.0)
        at_x = near and here and abs(near.apart - gap) <= NEAR * gap
        if not (at_x or (near and outside > NEAR * gap < near.apart)):
            return _doubt(decision._replace(corner=None), BENDS)
    is_edge = len(known) == 1
    if low == high and math.isinf(low) and size < abs(analytic) < math.inf:
        return _doubt(decision, "the bend may be closer by than the steps went")
    if is_edge and math.isinf(analytic) and math.isfinite(low):
        steepest = line.slope(line.least if both[0] else -line.least)
        grows = steepest is None or abs(steepest[0] - low) > SURE * (error + steepest[1])
        decision = decision._replace(verdict="fail", reason=INFINITE)
        return _doubt(decision, "slopes may grow too slowly to be seen") if grows else decision
    if outside <= tolerance:
        sharp = tolerance - question.allowed <= question.sharp * max(size, abs(low), abs(high))
        return decision if sharp or math.isinf(low) else _doubt(decision, HIDDEN)
    there = f"not {low:.6g}" if low == high else f"outside [{low:.6g}, {high:.6g}]"
    both_ways = "a vertical tangent" if low == high else "a kink"
    kind = "an edge" if is_edge else "a jump" if len(smooth) < 2 else both_ways
    return decision._replace(verdict="fail", reason=f"it is {there} at {kind}")


def _beside(question: Question, near: Level, far: Level, both: list[Side | None]) -> Decision:
    """The decision by the limit of the side that slopes close by are of: it has no corner."""
    line, analytic, *_ = question
    found = list[tuple[Estimate, float]]()
    for side, slope, sign in zip(both, (far.right, far.left), (1.0, -1.0)):
        if side is not None and math.isfinite(side.limit.error):
            value, error, _ = side.limit
            drift = abs(value - slope) * near.step / far.step
            allowed = MULTIPLE * (near.noise + drift + error)
            if abs(value - near.central) <= allowed < NEAR * far.apart:
                found.append((side.limit, sign))
    values = [limit.value for limit, _ in found]
    if not found or max(values) - min(values) > SURE * sum(limit.error for limit, _ in found):
        return Decision("inconclusive", reason=BENDS)  # or round-off hides a kink at x
    limit, sign = min(found, key=lambda each: each[0].error)
    decision = _compared(question, limit, size=far.apart)
    if decision.verdict != "fail":
        return decision
    against = abs(analytic - limit.value)
    seen = line.slope(sign * max(2.0 * CLEAR * line.blur / against, near.step))
    if seen is None or abs(seen[0] - limit.value) > NEAR * against + seen[1]:
        return _doubt(decision, BENDS)
    return _doubt(decision, BENDS) if is_sawtooth(line, limit.value, analytic) else decision


def is_rough(line: Line, slope: float, level: Level, noise: float) -> bool:
    """Whether values seen within a level are farther off the slope than noise and bend explain.

    exp(x) - 1 - x has the slope -1 between the jumps of exp(x); floor(x) has 0.
    """
    bend = 2.0 * max(abs(level.right - slope), abs(level.left - slope))
    return any(
        abs(seen - slope) > bend + SURE * noise / step
        for side in (1.0, -1.0)
        for step, seen in line.seen(side)
        if step <= level.step
    )


def tread(seen: list[tuple[float, float]]) -> float:
    """How far f was seen to have one value to the last bit, by steps and slopes to a side."""
    return max([0.0, *[step for step, _ in itertools.takewhile(lambda x: not x[1], seen)]])


def is_sawtooth(line: Line, slope: float, claimed: float) -> bool:
    """Whether f has a slope other than `claimed` only between jumps that undo it.

    (1 - cos(x)) / x² falls steeply between the jumps of cos(x). Where slopes change from one
    to the other while steps grow, a change that is no jump becomes small from close by.
    """
    against = abs(slope - claimed)
    for scale in (1.0, abs(line.x) or 1.0):
        line.level(START * scale)
    for side in (1.0, -1.0):
        seen = line.seen(side)
        end = next((i for i, (_, s) in enumerate(seen) if abs(s - claimed) < SAME * against), 0)
        like = [one for one in seen[:end] if abs(one[1] - slope) < SAME * against]
        if not like:
            return False
        near, far = like[-1], seen[end]
        pair: tuple[float, float] | None = (0.0, 0.0)
        while far[0] > NEXT * near[0] and pair is not None:
            step = math.sqrt(near[0] / far[0]) * far[0]
            pair = line.slope(side * step)
            if pair and abs(pair[0] - slope) < 0.5 * against:  # nearer to it than to the claim
                near = step, pair[0]
            elif pair:
                far = step, pair[0]
        if pair is not None and abs(near[1] - far[1]) <= NEAR * against:
            return False
    return True


def by_exact(exact: Any, analytic: float, tolerance: float, oracle: str) -> Decision:
    """The decision by a value that has all of its digits."""
    difference = abs(float(analytic - exact))
    tolerance += 4.0 * TINIEST
    found = Decision("pass", float(exact), tolerance, difference / tolerance)
    if difference <= tolerance:
        return found
    if difference < sys.float_info.min:
        why = "so close to 0 floats lose digits"
        return found._replace(verdict="inconclusive", error=sys.float_info.min, reason=why)
    return found._replace(verdict="fail", reason=f"{oracle} gives {ANOTHER}")
