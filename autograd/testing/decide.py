"""One derivative beside its differences: they agree, they differ, or nothing can be told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from autograd.testing.differences import TINIEST, ULP, Estimate, Level, Line, central, geometric
from autograd.testing.kinks import (
    Corner,
    closest,
    corner,
    is_beside,
    is_here,
    is_sawtooth,
    one_side,
    reach,
    suspicious,
    unbent,
)
from autograd.testing.noise import estimated_noise
from autograd.testing.report import Verdict

__all__ = ["Decision", "Question", "decide", "starts"]

MULTIPLE = 4.0  # of the estimated error: what is tolerated
SHARP = 3e-5  # the tolerance, as a share of the derivative, above which nothing is decided
UNSETTLED = "differences do not settle"
BENDS = "it bends or jumps close by"
HIDDEN = "round-off hides it"
WRONG = "differences give another value"


class Question(NamedTuple):
    """Whether the derivative of an output along a line is `analytic`.

    Attributes:
        scale: the size of the terms of the derivative; 0 to take that of the differences.
        own: the round-off of `analytic` itself.
    """

    line: Line
    output: int
    analytic: float
    scale: float
    own: float


class Decision(NamedTuple):
    """A verdict on one derivative, and the numbers behind it."""

    verdict: Verdict
    numeric: float
    error: float
    share: float  # difference / tolerance
    corner: Corner | None = None
    reason: str = ""


class Trial(NamedTuple):
    """An estimate, its levels, the decision, and the small step that contradicts it."""

    estimate: Estimate
    levels: list[Level]
    decision: Decision
    closer: Level | None = None

    @property
    def flat(self) -> bool:
        """Whether the function has one value on all levels, to the last bit."""
        return all(level.forward == 0.0 == level.backward for level in self.levels)


def starts(x: float, others: Iterable[float] = ()) -> list[float]:
    """The first steps to try: shares of |x|, of 1, of √|x| and of the other operands."""
    size = abs(x)
    scales = [size] if size else []
    if size < 1.0:
        scales.append(1.0)
        if 0.0 < size < 0.01:
            scales.append(math.sqrt(size))
    elif size > 100.0:
        scales += [math.sqrt(size), 1.0]
    largest = max(map(abs, others), default=0.0)
    if 16.0 * size < largest < math.inf:
        scales.append(largest)
    return [0.25 * scale for scale in scales]


def decide(question: Question, steps: list[float]) -> Decision:
    """Compare with central differences from each of the first steps, until one can tell.

    A disagreement has to hold over small steps. Where forward and backward differences stay
    apart, the one-sided derivatives decide.
    """
    line, output, analytic, _, _ = question
    if math.isnan(analytic):
        return _untold("it is NaN")
    if math.isinf(analytic):
        question = question._replace(own=0.0)
    tried: list[Trial] = []
    ahead = steps[::-1]
    while ahead:
        start = ahead.pop()
        estimate, levels = central(line, output, start)
        doubtful = not levels or suspicious(levels)
        if doubtful and start == steps[0]:
            far = unbent(line, output, levels) if levels else None
            near = closest(line, output, far.apart) if far else None
            if far is not None and near is not None and is_beside(near, far.apart):
                # the round-off of the gap is in all that is near
                question = question._replace(own=question.own + 8.0 * ULP * far.apart)
                decision = _on_one_side(question, near, far)
                if decision is not None:
                    return decision
                ahead = [reach(line, output, near, far)]
                continue
            decision = _at_corner(question, start)
            if decision is not None:
                return decision
        if levels and (not doubtful or start == steps[0]):
            tried.append(_trial(question, estimate, levels))
            decision = tried[-1].decision
            if decision.reason == HIDDEN and start == steps[0]:
                decision = _on_one_side(question, levels[-1], levels[0]) or decision
            if decision.verdict != "inconclusive":
                return decision
            closer = tried[-1].closer
            if closer is not None and start == steps[0]:
                ahead = [reach(line, output, closer, levels[0])]
    if all(trial.decision.reason == UNSETTLED for trial in tried):
        decision = _at_corner(question, steps[0])
        if decision is not None:
            return decision
    if not tried:
        return _at_edge(question, steps[0])
    if analytic == 0.0 and all(trial.flat for trial in tried):
        return Decision("pass", 0.0, min(trial.estimate.error for trial in tried), 0.0)
    for share in (0.6, 0.35):  # other steps, where the best ones were
        best = min(tried, key=lambda trial: trial.estimate.error)
        estimate, levels = central(line, output, share * best.levels[0].step)
        if levels:
            tried.append(_trial(question, estimate, levels))
            if tried[-1].decision.verdict != "inconclusive":
                return tried[-1].decision
    return min([trial.decision for trial in tried], key=lambda decision: decision.error)


def _untold(reason: str) -> Decision:
    return Decision("inconclusive", math.nan, math.inf, math.inf, None, reason)


def _at_edge(question: Question, start: float) -> Decision:
    """The decision by the derivative of the only side that has values."""
    line, output, analytic, scale, own = question
    for sign in (1.0, -1.0):
        steps = [start / 16.0**k for k in range(10)]
        pairs = [(step, line.one_sided(output, sign * step)) for step in steps]
        found = [(step, *pair) for step, pair in pairs if pair is not None]
        value, error, _ = geometric(found)
        tolerance = MULTIPLE * error + own + TINIEST
        size = scale or abs(analytic) or max([abs(slope) for _, slope, _ in found], default=0.0)
        if tolerance <= SHARP * size and math.isfinite(analytic):
            difference = abs(analytic - value)
            share = difference / tolerance
            if difference <= tolerance:
                return Decision("pass", value, error, share)
            return Decision("fail", value, error, share, None, WRONG)
    return _untold("there are no values near")


def _trial(question: Question, estimate: Estimate, levels: list[Level]) -> Trial:
    decision = _compare(question, estimate, levels)
    if decision.verdict == "pass" and suspicious(levels):
        decision = decision._replace(verdict="inconclusive", reason=BENDS)
    trial = Trial(estimate, levels, decision)
    return trial if decision.verdict != "fail" else _confirmed(question, trial)


def _compare(question: Question, estimate: Estimate, levels: list[Level]) -> Decision:
    line, _, analytic, scale, own = question
    numeric, error, step = estimate
    slopes = [max(abs(level.forward), abs(level.backward)) for level in levels]
    used = [(slope, level.noise) for slope, level in zip(slopes, levels) if level.step == step]
    seen, noise = used[0] if used else (0.0, 0.0)
    if not (error <= 1e-3 * max(abs(numeric), seen) or error <= 8.0 * noise):
        return Decision("inconclusive", numeric, error, math.inf, None, UNSETTLED)
    tolerance = MULTIPLE * error + own + TINIEST
    difference = abs(analytic - numeric)
    share = difference / tolerance
    if math.isinf(analytic) and tolerance > 1e290:
        return Decision("inconclusive", numeric, error, share, None, "it may overflow")
    if difference > tolerance:
        return Decision("fail", numeric, error, share, None, WRONG)
    exact = line.grain == 0.0 == error
    size = scale or abs(analytic) or max(abs(numeric), *slopes)
    if tolerance <= SHARP * size or exact:
        return Decision("pass", numeric, error, share)
    return Decision("inconclusive", numeric, error, share, None, HIDDEN)


def _at_corner(question: Question, start: float) -> Decision | None:
    """The decision at a kink, a jump or an edge; None if there is none, or none to see."""
    line, output, analytic, _, own = question
    found = corner(line, output, start)
    if found is None or not math.isfinite(found.error):
        return None
    outside = max(found.low - analytic, analytic - found.high)
    if analytic in (found.low, found.high):
        outside = 0.0  # also infinity minus infinity
    tolerance = MULTIPLE * found.error + own
    size = max(abs(found.low), abs(found.high), found.seen)
    sharp = tolerance <= SHARP * size or analytic == 0.0 == size
    if outside > -tolerance and not sharp:
        return None
    if found.kind == "a kink" and math.isfinite(found.high - found.low):
        gap = found.high - found.low
        near = closest(line, output, gap)
        far_out = outside > 0.25 * gap and near is not None and not is_beside(near, gap)
        if near is None or not (far_out or is_here(line, near, gap)):
            return None
    if found.kind == "an edge" and math.isinf(analytic) and math.isfinite(found.low):
        return None  # the slopes of x ** 0.999999 grow too slowly to be seen
    endless = found.low == found.high and math.isinf(found.low)
    if endless and analytic * found.low > 0.0 and found.seen < abs(analytic) < math.inf:
        return None  # the bend may be closer by than the steps went
    numeric = found.low if found.low == found.high else 0.5 * (found.low + found.high)
    share = max(outside, 0.0) / max(tolerance, TINIEST)
    shown = found if found.kind in ("a kink", "a jump") else None
    if outside <= tolerance:
        return Decision("pass", numeric, found.error, share, shown)
    reason = f"outside [{found.low:.6g}, {found.high:.6g}] at {found.kind}"
    return Decision("fail", numeric, found.error, share, shown, reason)


def _on_one_side(question: Question, near: Level, far: Level) -> Decision | None:
    """The decision by the derivative of one side, where the corner is on the other."""
    line, output, analytic, _, own = question
    if far.apart < 0.1 * (abs(far.forward) + abs(far.backward)) + 8.0 * far.noise:
        return None
    found = one_side(line, output, near, far)
    if found is None:
        return None
    sign, (value, error, _) = found
    tolerance = MULTIPLE * error + own + TINIEST
    against = abs(analytic - value)
    if tolerance > SHARP * (abs(analytic) or far.apart):
        return None
    if against <= tolerance:
        return Decision("pass", value, error, against / tolerance)
    noise = line.noise[output] + line.grain * abs(line.outputs[output])
    seen = line.one_sided(output, sign * max(40.0 * noise / against, near.step))
    held = seen is not None and abs(seen[0] - value) <= 0.25 * against + seen[1]
    if not held or is_sawtooth(line, output, value, analytic) or _too_coarse(question):
        return None
    share = against / tolerance
    return Decision("fail", value, error, share, None, WRONG)


def _too_coarse(question: Question) -> bool:
    """Whether f has no slope like `analytic` over floats, because it turns between them."""
    line, output, analytic, _, _ = question
    spread, ulp = line.spread(output), math.ulp(line.x)
    if not 0.0 < spread < 16.0 * abs(analytic) * ulp:
        return False
    closest = line.level(output, 16.0 * ulp)
    rough = closest is None or 64.0 * closest.apart * closest.step > spread
    return rough or 16.0 * estimated_noise(line, output) > spread


def _confirmed(question: Question, trial: Trial) -> Trial:
    """A failure, if it is none of noise, and the function does the same over small steps."""
    line, output, analytic, _, _ = question
    estimate, levels, _, _ = trial
    noise = estimated_noise(line, output)
    blurred = estimate._replace(error=estimate.error + 2.0 * noise / estimate.step)
    best = _compare(question, blurred, levels)
    if best.verdict != "fail":
        return trial._replace(decision=best)

    def doubt(reason: str, closer: Level | None = None) -> Trial:
        decision = best._replace(verdict="inconclusive", reason=reason)
        return trial._replace(decision=decision, closer=closer)

    if _too_coarse(question):
        return doubt("floats are too far apart here")
    against = abs(best.numeric - analytic)
    noise += line.noise[output] + line.grain * abs(line.outputs[output])
    small = max(20.0 * noise / against, 2.0**-40 * estimate.step, 16.0 * math.ulp(line.x))
    if small > 2.0**-10 * estimate.step:  # too few digits: other steps must tell the same
        other, _ = central(line, output, 0.6 * levels[0].step, 6)
        apart = abs(best.numeric - other.value)
        allowed = MULTIPLE * (best.error + other.error)
        if (
            not apart <= max(allowed, 0.1 * against)
            or against <= apart + MULTIPLE * other.error
        ):
            return doubt("estimates differ")
        if small > 2.0**-5 * estimate.step:
            if suspicious(levels) or is_sawtooth(line, output, best.numeric, analytic):
                return doubt(BENDS)
            return trial._replace(decision=best)
    level = line.level(output, small)
    if level is not None and level.apart > max(0.5 * against, 8.0 * level.noise):
        found = _at_corner(question, 256.0 * small)
        if found is not None:
            return trial._replace(decision=found)
        middle = math.sqrt(small / estimate.step) * estimate.step
        level = None if suspicious(levels) else line.level(output, middle)
        if level is not None and level.apart > max(0.5 * against, 8.0 * level.noise):
            return doubt(BENDS, level)
    if level is None:
        return doubt("smaller steps cannot tell")
    if abs(level.central - analytic) > 0.5 * against < 2.0 * abs(level.central - best.numeric):
        larger = line.level(output, math.sqrt(small / estimate.step) * estimate.step)
        level = level if larger is None else larger  # the small one tells of round-off alone
    if abs(level.central - best.numeric) > 0.25 * against + level.noise:
        return doubt("smaller steps tell otherwise", level)
    if is_sawtooth(line, output, best.numeric, analytic):
        return doubt(BENDS)
    return trial._replace(decision=best)
