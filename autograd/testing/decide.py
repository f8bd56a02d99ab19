"""One derivative against its differences: agreement, disagreement, or no telling."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from autograd.testing.differences import TINIEST, Estimate, Level, Line, central
from autograd.testing.kinks import Corner, corner, suspicious
from autograd.testing.noise import estimated_noise
from autograd.testing.report import Verdict

__all__ = ["Decision", "decide", "starts"]

MULTIPLE = 4.0  # of the estimated error: what is tolerated
SHARP = 3e-5  # the tolerance, as a share of the derivative, above which nothing is decided
UNSETTLED = "differences do not settle"


class Decision(NamedTuple):
    """A verdict on one derivative, and the numbers behind it."""

    verdict: Verdict
    numeric: float
    error: float
    share: float  # difference / tolerance
    corner: Corner | None = None
    reason: str = ""


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
    if largest > 16.0 * size and largest < math.inf:
        scales.append(largest)
    return [0.25 * scale for scale in scales]


def decide(
    line: Line,
    output: int,
    analytic: float,
    steps: list[float],
    scale: float,
    own: float,
) -> Decision:
    """Whether the derivative of an output along a line is `analytic`.

    Args:
        steps: the first steps to try, one after the other while nothing is decided.
        scale: the size of the terms of the derivative; 0 to take that of the differences.
        own: the round-off of `analytic` itself.
    """
    if math.isnan(analytic):
        return Decision("inconclusive", math.nan, math.inf, math.inf, None, "it is NaN")
    tried: list[tuple[Estimate, list[Level]]] = []
    again = [0.6 * steps[0], 0.3 * steps[-1]]
    for n, start in enumerate([*steps, *again]):
        if (
            n == len(steps)
            and tried
            and analytic == 0.0
            and all(_flat(seen) for _, seen in tried)
        ):
            return Decision("pass", 0.0, min(estimate.error for estimate, _ in tried), 0.0)
        estimate, levels = central(line, output, start)
        doubtful = not levels or suspicious(levels)
        if doubtful and n == 0:
            decision = _at_corner(line, output, analytic, start, own)
            if decision is not None:
                return decision
        if not levels or (doubtful and n > 0):
            continue
        if line.grain == 0.0 == analytic and _flat(levels):
            return Decision("pass", 0.0, 0.0, 0.0)
        tried.append((estimate, levels))
        decision = _compare(analytic, estimate, levels, scale, own)
        if decision.verdict == "pass":
            return decision
    decision = _at_corner(line, output, analytic, steps[0], own)
    if decision is not None:
        return decision
    return _consensus(analytic, tried, scale, own, estimated_noise(line, output))


def _flat(levels: list[Level]) -> bool:
    return all(level.forward == 0.0 == level.backward for level in levels)


def _compare(
    analytic: float, estimate: Estimate, levels: list[Level], scale: float, own: float
) -> Decision:
    numeric, error, step = estimate
    slopes = {level.step: max(abs(level.forward), abs(level.backward)) for level in levels}
    variation = slopes.get(step, 0.0)
    settled = error <= 1e-3 * max(abs(numeric), variation) or error <= 8.0 * levels[-1].noise
    if not settled:
        return Decision("inconclusive", numeric, error, math.inf, None, UNSETTLED)
    tolerance = MULTIPLE * error + own + TINIEST
    difference = abs(analytic - numeric)
    share = difference / tolerance
    if difference > tolerance:
        return Decision("fail", numeric, error, share, None, "they disagree")
    size = scale or abs(analytic) or max(abs(numeric), *slopes.values())
    if tolerance <= SHARP * size:
        return Decision("pass", numeric, error, share)
    return Decision("inconclusive", numeric, error, share, None, "round-off hides it")


def _at_corner(
    line: Line, output: int, analytic: float, start: float, own: float
) -> Decision | None:
    found = corner(line, output, start)
    if found is None or not math.isfinite(found.error):
        return None
    outside = max(found.low - analytic, analytic - found.high)
    if found.low == analytic or found.high == analytic:
        outside = 0.0  # also infinity minus infinity
    tolerance = MULTIPLE * found.error + own
    size = max(abs(found.low), abs(found.high), found.seen)
    if outside > 0.0 and tolerance > SHARP * size:
        return None
    endless = found.low == found.high and math.isinf(found.low)
    if endless and analytic * found.low > 0.0 and found.seen < abs(analytic) < math.inf:
        return None  # the bend may be closer by than the steps went
    numeric = found.low if found.low == found.high else 0.5 * (found.low + found.high)
    share = max(outside, 0.0) / max(tolerance, 5e-324)
    shown = found if found.kind in ("kink", "jump") else None
    if outside <= tolerance:
        return Decision("pass", numeric, found.error, share, shown)
    reason = f"outside [{found.low:.6g}, {found.high:.6g}] at a {found.kind}"
    return Decision("fail", numeric, found.error, share, shown, reason)


def _consensus(
    analytic: float,
    tried: list[tuple[Estimate, list[Level]]],
    scale: float,
    own: float,
    noise: float,
) -> Decision:
    """Fail only if two estimates agree with each other and neither with `analytic`."""
    found: list[Decision] = []
    for estimate, levels in tried:
        blurred = estimate._replace(error=estimate.error + 2.0 * noise / estimate.step)
        found.append(_compare(analytic, blurred, levels, scale, own))
    found.sort(key=lambda decision: decision.error)
    if not found:
        return Decision("inconclusive", math.nan, math.inf, math.inf, None, "no value near")
    best = found[0]
    if best.verdict != "fail":
        return best
    against = abs(best.numeric - analytic)
    agreed = False
    for other in found[1:]:
        if other.reason != UNSETTLED:
            apart = abs(best.numeric - other.numeric)
            if apart > max(MULTIPLE * (best.error + other.error), 0.1 * against):
                return best._replace(verdict="inconclusive", reason="estimates differ")
            agreed = agreed or other.verdict == "fail"
    return best if agreed else best._replace(verdict="inconclusive", reason="one estimate only")
