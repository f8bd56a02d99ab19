"""One-sided limits of differences: kinks, jumps, vertical tangents and the edge of a domain."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from autograd.testing.differences import Estimate, Level, Line, Tableau

__all__ = [
    "Corner",
    "Side",
    "closest",
    "corner",
    "least_step",
    "reach",
    "sides",
    "suspicious",
]

CLOSE = 2.0**-40  # a share of x: a corner within it is at x


class Corner(NamedTuple):
    """What is there instead of a derivative.

    Attributes:
        low, high: the interval between the derivatives from the left and from the right,
            infinite ones included. Equal where only one side has a derivative: at the edge
            of the domain, or where the function jumps on the other.
        error: the estimated error of the two ends.
        kind: "a kink", "a jump", "a vertical tangent" or "an edge".
        seen: the largest slope that was seen.
    """

    low: float
    high: float
    error: float
    kind: str
    seen: float


class Side(NamedTuple):
    """The limit of the differences to one side, perhaps infinite; whether it is that of a
    jump; and the largest slope seen."""

    limit: Estimate
    jumps: bool
    seen: float


def suspicious(levels: list[Level]) -> bool:
    """Whether forward and backward differences stay apart while the step falls."""
    first, last = levels[0], levels[-1]
    # where f is smooth they fall with power 1, at a kink with 0, at |x|**1.5 with 0.5
    share = (last.step / first.step) ** 0.35
    return last.is_apart and last.apart > share * first.apart


def least_step(line: Line) -> float:
    """The smallest step that the floats near x leave four digits."""
    return 16.0 * math.ulp(line.x) if line.x else 1e-280


def closest(line: Line, gap: float) -> Level | None:
    """The differences over the smallest step that can tell slopes apart which differ by gap."""
    return line.level(max(40.0 * line.blur / gap, least_step(line)))  # noise: gap / 10


def reach(line: Line, near: Level, far: Level) -> float:
    """About how far f is smooth, between a step over which it is and one over which not."""
    low, high = near.step, far.step
    for _ in range(4):
        if high >= 8.0 * low:
            middle = math.sqrt(low / high) * high
            level = line.level(middle)
            smooth = level is not None and level.apart <= 0.25 * far.apart
            low, high = (middle, high) if smooth else (low, middle)
    return low


def corner(line: Line, right: Side | None, left: Side | None) -> Corner | None:
    """What is at line.x in place of a derivative, seen from both sides; None if it has one."""
    both = [side for side in (right, left) if side is not None]
    smooth = [side for side in both if not side.jumps]
    seen = max([side.seen for side in both], default=0.0)
    if not smooth:
        return Corner(-math.inf, math.inf, 0.0, "a jump", seen) if both else None
    low, *_, high = sorted([side.limit.value for side in (smooth[0], smooth[-1])])
    error = max([side.limit.error for side in smooth])
    if len(smooth) < len(both):
        return Corner(low, high, error, "a jump", smooth[0].seen)
    if len(both) == 1 and line.samples.is_spent:
        return None
    if len(both) == 1:
        return Corner(low, high, error, "an edge", seen)
    if low == high and math.isinf(low):
        return Corner(low, high, error, "a vertical tangent", seen)
    if high - low <= 4.0 * sum([side.limit.error for side in both]):
        return None
    return Corner(low, high, error, "a kink", seen)


def sides(line: Line, start: float) -> tuple[Side | None, Side | None]:
    """The limits from the right and from the left; None for a side without values.

    Steps fall until round-off hides how the slopes differ: first those that were taken
    already, then by 16.
    """
    tables = (Tableau(1), Tableau(1))
    found: tuple[list[tuple[float, float]], ...] = ([], [])  # steps and slopes
    rows: tuple[list[Estimate], ...] = ([], [])
    taken = sorted(line.steps, reverse=True)
    step = start
    for _ in range(8):
        pairs = [line.slope(step), line.slope(-step)]
        here = [pair for pair in pairs if pair is not None]
        if here and max(map(len, found)) >= 2:
            slopes = [slope for slope, _ in here] + [seen[-1][1] for seen in found if seen]
            if max([noise for _, noise in here]) > 1e-6 * (max(slopes) - min(slopes)):
                break
        for pair, table, seen, row in zip(pairs, tables, found, rows):
            if pair is not None:
                row.append(table.add(step, *pair))
                seen.append((step, pair[0]))
        taken = [smaller for smaller in taken if smaller < 0.5 * step]
        step = taken[0] if taken and taken[0] >= step / 64.0 else step / 16.0
    size = max([abs(seen[0][1]) for seen in found if seen], default=0.0)
    right, left = [
        _limit(line, sign, seen, _latest(row), size)
        for sign, seen, row in zip((1.0, -1.0), found, rows)
    ]
    return right, left


def _limit(
    line: Line, sign: float, found: list[tuple[float, float]], limit: Estimate, size: float
) -> Side | None:
    """The limit if it settles, or infinity if slopes grow like a power to the last bits of x.

    `found` are steps and slopes, `size` is that of the slopes over the largest step.
    """
    if len(found) < 2:
        return None
    first, last = found[0][1], found[-1][1]
    seen = max([abs(slope) for _, slope in found])
    powers = [
        math.log(abs(b / a)) / math.log(before / after)
        for (before, a), (after, b) in itertools.pairwise(found[-4:])
        if a and 0.0 < abs(b / a) < math.inf
    ]
    # of a power of x they agree but for the next term; √x has 0.5, a jump 1, log none
    steady = len(powers) == 3 and max(powers) - min(powers) <= 0.06
    if not (steady and 0.06 <= powers[-1] <= 1.5):
        grown = abs(last - limit.value) > abs(first - limit.value) + 1e-5 * size
        settled = not grown and limit.error <= 0.05 * max(abs(limit.value), size)
        return Side(limit if settled else Estimate(), False, seen)
    power = powers[-1]
    jumps = power > 0.99
    for ulps in (64.0, 6.0):
        step = ulps * math.ulp(line.x) if line.x else found[-1][0] * 2.0**-80 * ulps
        close = line.slope(sign * step)
        expected = last * (found[-1][0] / step) ** power
        near = 1.01 if jumps else 1.4
        if close is None or not 1.0 / near < close[0] / expected < near:
            return Side(Estimate(), False, seen)
    return Side(Estimate(math.copysign(math.inf, last), 0.0, found[-1][0]), jumps, seen)


def _latest(rows: list[Estimate]) -> Estimate:
    """The best estimate that all later ones agree with: the smallest steps have the say."""
    best = Estimate()
    for row in reversed(rows):
        if abs(row.value - best.value) > 4.0 * (row.error + best.error):
            break
        if row.error < best.error:
            best = row
    return best
