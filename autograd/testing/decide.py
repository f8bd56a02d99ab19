"""One derivative beside its differences: they agree, they differ, or nothing can be told.

The numbers here and in the modules below that have no word on them are shares at which the
search goes one way or the other, and counts. `python -m tests.testing.thresholds` prints how
many verdicts half and twice of each, or one less and one more of a count, make undecided or
wrong: none wrong, but for twice the half in `_breaks`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from autograd.testing.differences import (
    TINIEST,
    ULP,
    Estimate,
    Level,
    Line,
    aitken,
    central,
    estimated_noise,
    is_mere_noise,
    is_rough,
    is_sawtooth,
    is_stair,
    noise_between,
    noise_hides,
    tread,
)
from autograd.testing.one_sided import (
    CLOSE,
    Corner,
    Side,
    closest,
    corner,
    least_step,
    reach,
    sides,
    suspicious,
)

__all__ = [
    "ANOTHER",
    "MULTIPLE",
    "Decision",
    "Question",
    "Verdict",
    "by_exact",
    "decide",
    "starts",
]

Verdict = Literal["pass", "fail", "inconclusive"]

MULTIPLE = 4.0  # of the estimated error is tolerated: `measure` prints that 1 would do
SHARP = 3e-5  # in float64: a third of one part in 10,000, so that this is always seen
DIGIT = 0.1  # in float32: where differences are blurred by less, agreement counts as it is
TWELVE_DIGITS = 1e-12  # a rule that has them is right, though it may round more than need be
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
    return [0.25 * scale for scale in dict.fromkeys(scales) if 0.0 < scale < math.inf]


def decide(question: Question, steps: list[float]) -> Decision:
    """Whether differences agree with what is claimed, by the first steps that can tell.

    As a person would: what can be said without looking? What do differences say from the first
    step? If they cannot tell, from other steps? If none can, is x at a corner or an edge?
    """
    line, analytic = question.line, question.analytic
    if math.isnan(analytic):
        numeric, error, _ = central(line, steps[0])[0]
        return Decision("fail", numeric, error, reason=NAN, line=line)
    if math.isinf(analytic):
        question = question._replace(own=0.0)
    stair = analytic == 0.0 and is_stair(line)
    decision = _decided(question, steps)._replace(line=line)
    if decision.verdict != "fail":
        return decision
    flat = tread(line)
    if not decision.numeric and abs(analytic) * flat <= 8.0 * ULP and is_stair(line):
        return _doubt(decision, HIDDEN)  # as in 1 + exp(-40)
    is_long = abs(decision.numeric) * flat > 8.0 * line.grain * abs(line.y)  # for round-off
    return _doubt(decision, BENDS) if stair and is_long else decision


def _decided(question: Question, steps: list[float]) -> Decision:
    tried: list[Decision] = []
    ahead = steps[::-1]
    while ahead:
        start = ahead.pop()
        decision, restart = _seen_from(question, start, start == steps[0])
        if decision is not None and decision.verdict != "inconclusive":
            return decision
        if decision is not None:
            tried.append(decision)
        if restart is not None:
            ahead = [restart]
    if all(decision.reason == UNSETTLED for decision in tried):
        both = sides(question.line, steps[0])
        found = _at(question, corner(question.line, *both)) or _agreed(question, both)
        if found is not None:
            return found
    if not tried:
        return _at_edge(question, steps[0])
    if question.analytic == 0.0 and not any(decision.numeric for decision in tried):
        return Decision("pass", 0.0, min([decision.error for decision in tried]), 0.0)
    return min(tried, key=lambda decision: decision.error)


def _seen_from(
    question: Question, start: float, is_first: bool
) -> tuple[Decision | None, float | None]:
    """What differences over steps that fall from `start` say, if anything.

    If there is a corner close by, and f is smooth closer by, a step to start again from. Only
    the first steps look for corners.
    """
    line = question.line
    estimate, levels = central(line, start)
    bends = not levels or suspicious(levels)
    if bends and is_first:
        decision, restart = _near_corner(question, start, levels)
        if decision is not None or restart is not None:
            return decision, restart
    if not levels or (bends and not is_first):
        return None, None
    decision = _compare(question, estimate, levels)
    if decision.verdict == "fail":
        decision = _confirmed(question, estimate, levels)
    elif decision.verdict == "pass" and bends and levels[-1].apart > question.own:
        decision = _doubt(decision, BENDS)
    if decision.reason == HIDDEN and is_first:
        both = sides(line, start)
        decision = _beside(question, levels[-1], levels[0], both) or decision
    return decision, None


def _doubt(decision: Decision, reason: str) -> Decision:
    return decision._replace(verdict="inconclusive", reason=reason)


def _compare(question: Question, estimate: Estimate, levels: list[Level]) -> Decision:
    _, analytic, scale, *_ = question
    numeric, error, step = estimate
    used = next((level for level in levels if level.step == step), levels[-1])
    seen = max(abs(numeric), abs(used.forward), abs(used.backward))
    decision = _told(question, numeric, error)
    # a tenth of what is known is no basis for saying that one part in 10,000 is wrong
    if not (error <= 1e-3 * seen or error <= 8.0 * used.noise):
        return Decision("inconclusive", numeric, error, reason=UNSETTLED)
    if math.isinf(analytic) and error > 1e290:
        return _doubt(decision, "it may overflow")
    size = scale or abs(analytic) or seen
    if decision.verdict == "fail" or _is_sharp(question, error, size):
        return decision
    coarse, tolerance = question.sharp > SHARP, MULTIPLE * error + question.own
    if (
        coarse
        and abs(analytic - numeric) <= question.sharp * size
        and tolerance <= DIGIT * size
    ):
        return decision  # errors are some tenths of those that are feared
    return _doubt(decision, HIDDEN)


def _told(question: Question, value: float, error: float) -> Decision:
    """Pass or fail by an estimate that is sharp enough."""
    tolerance = MULTIPLE * error + question.own + TINIEST
    share = abs(question.analytic - value) / tolerance
    if share > 1.0:
        why = INFINITE if math.isinf(question.analytic) else WRONG
        return Decision("fail", value, error, share, None, why)
    return Decision("pass", value, error, share)


def _is_sharp(question: Question, error: float, size: float) -> bool:
    tolerance = MULTIPLE * error + question.own - question.allowed + TINIEST
    return tolerance <= max(question.sharp * size, question.allowed)


def _confirmed(question: Question, estimate: Estimate, levels: list[Level]) -> Decision:
    """A failure, if it is none of noise, and the function does the same over small steps."""
    line, analytic, *_ = question
    noise = estimated_noise(line)
    used = next(level for level in levels if level.step == estimate.step)
    if is_rough(line, estimate.value, used, noise + used.noise * used.step):
        noise = max(noise, noise_between(line, used.step))
    blurred = estimate._replace(error=estimate.error + 2.0 * noise / estimate.step)
    best = _compare(question, blurred, levels)

    if best.verdict != "fail":
        return best
    against = abs(best.numeric - analytic)
    if is_mere_noise(line, noise) or noise_hides(line, noise, against):
        return _doubt(best, FAR_APART)
    noise += used.noise * used.step
    if is_rough(line, best.numeric, used, noise):
        return _doubt(best, BENDS)
    least = least_step(line) if line.x else CLOSE * estimate.step
    small = max(20.0 * noise / against, least)  # the noise of its slope is a tenth of against
    if small > 2.0**-10 * estimate.step:  # three digits or less: others must tell the same
        other, _ = central(line, 0.6 * levels[0].step, 6)
        apart = abs(best.numeric - other.value)
        allowed = max(MULTIPLE * (best.error + other.error), 0.1 * against)
        if not apart <= allowed or against <= apart + MULTIPLE * other.error:
            return _doubt(best, "estimates differ")
    if small <= 2.0**-5 * estimate.step:
        level = line.level(small)
        if level is None:
            return _doubt(best, "smaller steps cannot tell")
        if level.is_apart and level.apart > 0.5 * against:
            return _at(question, corner(line, *sides(line, 256.0 * small))) or _doubt(
                best, BENDS
            )
        if abs(level.central - best.numeric) > 0.25 * against + level.noise:
            return _doubt(best, "smaller steps tell otherwise")
    return _doubt(best, BENDS) if is_sawtooth(line, best.numeric, analytic) else best


def _near_corner(
    question: Question, start: float, levels: list[Level]
) -> tuple[Decision | None, float | None]:
    """The decision at a kink, a jump or an edge, or beside one, if it can be told.

    If not, and f is smooth close by, a step to start again from.
    """
    line = question.line
    both = sides(line, start)
    if levels:
        far = levels[-1]
        near = closest(line, far.apart)
        if near is not None and near.apart <= 0.25 * far.apart:
            # the round-off of the gap is in all that is near
            question = question._replace(own=question.own + 8.0 * ULP * far.apart)
            decision = _beside(question, near, far, both)
            return decision, None if decision else reach(line, near, far)
    return _at(question, corner(line, *both)), None


def _at(question: Question, found: Corner | None) -> Decision | None:
    """The decision by the interval of a corner at x."""
    line, analytic, _, own, *_ = question
    if found is None or not math.isfinite(found.error):
        return None
    low, high, error, kind, seen = found
    outside = 0.0 if analytic in (low, high) else max(low - analytic, analytic - high)
    tolerance = MULTIPLE * error + own
    size = max(abs(low), abs(high), seen)
    sharp = _is_sharp(question, error, size) or analytic == 0.0 == size
    if outside > -tolerance and not sharp:
        return None
    gap = high - low
    if kind == "a kink" and math.isfinite(gap):
        near = closest(line, gap)
        if near is None:
            return None
        is_here = near.step <= CLOSE * max(abs(line.x), 1.0) and (
            abs(near.apart - gap) <= 0.25 * gap
        )
        if not is_here and not (outside > 0.25 * gap and near.apart > 0.25 * gap):
            return None
    if kind == "an edge" and math.isinf(analytic) and math.isfinite(low):
        return None  # the slopes of x ** 0.999999 grow too slowly to be seen
    endless = low == high and math.isinf(low) and analytic * low > 0.0
    if endless and seen < abs(analytic) < math.inf:
        return None  # the bend may be closer by than the steps went
    numeric = low if low == high else 0.5 * (low + high)
    share = max(outside, 0.0) / max(tolerance, TINIEST)
    shown = found if kind in ("a kink", "a jump") else None
    if outside <= tolerance:
        return Decision("pass", numeric, error, share, shown)
    allowed = f"not {low:.6g}" if low == high else f"outside [{low:.6g}, {high:.6g}]"
    reason = f"it is {allowed} at {kind}"
    return Decision("fail", numeric, error, share, shown, reason)


def _agreed(question: Question, both: tuple[Side | None, Side | None]) -> Decision | None:
    """A pass by the limits of both sides, where they are one: f may bend as x·|x| does."""
    if None in both:
        return None
    (right, _, high), (left, _, low) = [side for side in both if side is not None]
    value, error = 0.5 * (right.value + left.value), right.error + left.error
    told = _told(question, value, error)
    together = abs(right.value - left.value) <= MULTIPLE * error
    sharp = _is_sharp(question, error, abs(question.analytic) or max(high, low))
    return told if told.verdict == "pass" and together and sharp else None


def _beside(
    question: Question, near: Level, far: Level, both: tuple[Side | None, Side | None]
) -> Decision | None:
    """The decision by the derivative of one side, where the corner is on the other.

    It is the side whose limit is what differences close by give.
    """
    line, analytic, *_ = question
    if far.apart < 0.1 * (abs(far.forward) + abs(far.backward)) + 8.0 * far.noise:
        return None
    found = []
    for side, slope in zip(both, (far.forward, far.backward)):
        if side is not None and math.isfinite(side.limit.error):
            value, error, _ = side.limit
            drift = abs(value - slope) * near.step / far.step
            allowed = MULTIPLE * (near.noise + drift + error)
            if abs(value - near.central) <= allowed < 0.25 * far.apart:
                found.append((error, value, 1.0 if side is both[0] else -1.0))
    if not found:
        return None
    errors, limits, _ = zip(*found)
    if max(limits) - min(limits) > MULTIPLE * sum(errors):  # round-off hides a kink at x
        return None
    error, value, sign = min(found)
    if not _is_sharp(question, error, abs(analytic) or far.apart):
        return None
    decision = _told(question, value, error)
    if decision.verdict == "pass":
        return decision
    against = abs(analytic - value)
    seen = line.slope(sign * max(40.0 * line.blur / against, near.step))
    held = seen is not None and abs(seen[0] - value) <= 0.25 * against + seen[1]
    if not held or is_sawtooth(line, value, analytic):
        return None
    return decision


def _at_edge(question: Question, start: float) -> Decision:
    """The decision by the derivative of the only side that has values."""
    line, analytic, scale, *_ = question
    for sign in (1.0, -1.0):
        steps = [start / 16.0**k for k in range(10)]
        pairs = [(step, line.slope(sign * step)) for step in steps]
        found = [(step, *pair) for step, pair in pairs if pair is not None]
        value, error, _ = aitken(found)
        largest = max([abs(slope) for _, slope, _ in found], default=0.0)
        size = scale or (abs(analytic) if math.isfinite(analytic) else largest) or largest
        if _is_sharp(question, error, size) and (
            math.isfinite(analytic) or (found and _settles(line, sign, value, found[-1][1]))
        ):
            return _told(question, value, error)
    return Decision("inconclusive", reason="there are no values near")


def _settles(line: Line, sign: float, value: float, last: float) -> bool:
    """Whether the slope over the smallest step is nearer still to the value than the last."""
    pair = line.slope(sign * least_step(line))
    return pair is not None and abs(pair[0] - value) + pair[1] < 0.5 * abs(last - value)


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
