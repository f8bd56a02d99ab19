"""One-sided derivatives: kinks, jumps, vertical tangents and the edge of a domain."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from autograd.testing.differences import WELL, Estimate, Level, Line, Tableau

__all__ = [
    "Corner",
    "closest",
    "corner",
    "is_beside",
    "is_here",
    "is_sawtooth",
    "one_side",
    "reach",
    "suspicious",
    "unbent",
]

CLOSE = 2.0**-40  # a share of x: a corner within it is at x
LEAST_AT_0 = 1e-280  # a step

Seen = tuple[float, float]  # a signed step, and the slope over it
NO_LIMIT = Estimate(math.nan, math.inf, math.inf)


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
    """The limit of one-sided differences, perhaps infinite; whether it is that of a jump;
    and the largest slope seen."""

    limit: Estimate
    jumps: bool
    seen: float


def suspicious(levels: list[Level]) -> bool:
    """Whether forward and backward differences stay apart while the step falls."""
    first, last = levels[0], levels[-1]
    if last.apart <= 8.0 * last.noise:
        return False
    share = (last.step / first.step) ** 0.35  # 0.6 for a step and its quarter
    return last.apart > share * first.apart or bent(levels) > 0.0


def bent(levels: list[Level]) -> float:
    """By how much the slopes of the two sides differ where a bend hides it, else 0."""
    table = Tableau(1)
    for level in levels:
        table.add(level.step, level.forward - level.backward, 2.0 * level.noise)
    gap, error, _ = table.best
    least = 1e-5 * max(abs(levels[-1].forward), abs(levels[-1].backward))
    return abs(gap) if abs(gap) > max(4.0 * error, least) else 0.0


def unbent(line: Line, output: int, levels: list[Level]) -> Level:
    """The last of the levels, or one over so small a step that the slopes differ by the gap."""
    last, gap = levels[-1], bent(levels)
    if not 0.0 < gap < 0.8 * last.apart:
        return last
    closer = line.level(output, 0.1 * gap / last.apart * last.step)
    return last if closer is None or closer.apart < 0.5 * gap else closer


def corner(line: Line, output: int, start: float) -> Corner | None:
    """What is at line.x in place of a derivative, seen from both sides; None if it has one."""
    sides = [side for side in _sides(line, output, start) if side is not None]
    if not sides:
        return None
    seen = max([side.seen for side in sides])
    smooth = [side for side in sides if not side.jumps]
    if not smooth:
        return Corner(-math.inf, math.inf, 0.0, "a jump", seen)
    if len(smooth) < len(sides):
        limit, _, seen = smooth[0]
        return Corner(limit.value, limit.value, limit.error, "a jump", seen)
    ends = sorted([side.limit.value for side in sides])
    low, high = ends[0], ends[-1]
    error = max([side.limit.error for side in sides])
    if len(sides) == 1:
        return Corner(low, high, error, "an edge", seen)
    if low == high and math.isinf(low):
        return Corner(low, high, error, "a vertical tangent", seen)
    if high - low <= 4.0 * sum([side.limit.error for side in sides]):
        return None
    return Corner(low, high, error, "a kink", seen)


def closest(line: Line, output: int, gap: float) -> Level | None:
    """The differences over the smallest step that can tell slopes apart which differ by gap."""
    noise = line.noise[output] + line.grain * abs(line.outputs[output])
    least = 16.0 * math.ulp(line.x) if line.x else LEAST_AT_0
    return line.level(output, max(40.0 * noise / gap, least))


def is_beside(near: Level, gap: float) -> bool:
    """Whether slopes that differ by gap farther out meet close by: the corner is not at x."""
    return near.apart <= 0.25 * gap


def is_here(line: Line, near: Level, gap: float) -> bool:
    """Whether slopes differ by gap over so small a step that the corner has to be at x."""
    few = near.step <= CLOSE * max(abs(line.x), 1.0)
    return few and abs(near.apart - gap) <= 0.25 * gap


def reach(line: Line, output: int, near: Level, far: Level) -> float:
    """About how far f is smooth, between a step over which it is and one over which not."""
    low, high = near.step, far.step
    for _ in range(4):
        if high < 8.0 * low:
            break
        middle = math.sqrt(low / high) * high
        level = line.level(output, middle)
        if level is not None and level.apart <= 0.25 * far.apart:
            low = middle
        else:
            high = middle
    return low


def one_side(line: Line, output: int, near: Level, far: Level) -> tuple[float, Estimate] | None:
    """The derivative from the side that is smooth, and its direction.

    Over a large step, the difference to that side is nearer to what differences close by
    are than the one to the side where the corner is.
    """
    right = abs(near.central - far.forward) < abs(near.central - far.backward)
    sign = 1.0 if right else -1.0
    table = Tableau(1)
    larger = sorted({step for step in line.steps if step >= far.step}, reverse=True)
    for step in [*larger, *[far.step / 4.0**k for k in range(1, 5)]]:
        found = line.one_sided(output, sign * step)
        if found is not None:
            table.add(step, *found)
            if found[1] > table.best.error or table.best.error < WELL * abs(table.best.value):
                break
    limit = table.best
    drift = abs(limit.value - (far.forward if right else far.backward)) * near.step / far.step
    allowed = 4.0 * (near.noise + drift + limit.error)
    if not abs(limit.value - near.central) <= allowed < 0.25 * far.apart:
        return None
    return sign, limit


def _sides(line: Line, output: int, start: float) -> tuple[Side | None, Side | None]:
    """The limits from the right and from the left; None for a side without values.

    Steps fall until round-off hides how the slopes differ: first those that were taken
    already, then by 16.
    """
    tables = (Tableau(1), Tableau(1))
    slopes: tuple[list[float], list[float]] = ([], [])
    rows: tuple[list[Estimate], list[Estimate]] = ([], [])
    steps = sorted(line.steps, reverse=True)
    step = start
    for _ in range(8):
        found = [line.one_sided(output, step), line.one_sided(output, -step)]
        here = [pair for pair in found if pair is not None]
        before = [slope[-1] for slope in slopes if slope]
        if here and max(map(len, slopes)) >= 2:
            seen = [slope for slope, _ in here] + before + ([0.0] if len(here) == 1 else [])
            if max([noise for _, noise in here]) > 1e-6 * (max(seen) - min(seen)):
                break
        for pair, table, slope, row in zip(found, tables, slopes, rows):
            if pair is not None:
                table.best = NO_LIMIT  # of this row alone
                table.add(step, *pair)
                row.append(table.best)
                slope.append(pair[0])
        steps = [smaller for smaller in steps if smaller < 0.5 * step]
        step = steps[0] if steps and steps[0] >= step / 64.0 else step / 16.0
    size = max([abs(slope[0]) for slope in slopes if slope], default=0.0)
    right, left = [
        _limit(line, output, sign, table.steps, slope, _latest(row), size)
        for sign, table, slope, row in zip((1.0, -1.0), tables, slopes, rows)
    ]
    return right, left


def _limit(
    line: Line,
    output: int,
    sign: float,
    steps: list[float],
    slopes: list[float],
    limit: Estimate,
    size: float,
) -> Side | None:
    """The limit if it settles, or infinity if slopes grow like a power to the last bits of x.

    `size` is that of the slopes over the largest step.
    """
    if len(slopes) < 2:
        return None
    seen = max(map(abs, slopes))
    powers = [
        _log_ratio(a, b) / math.log(before / after)
        for (a, b), (before, after) in zip(
            itertools.pairwise(slopes[-4:]), itertools.pairwise(steps[-4:])
        )
    ]
    steady = len(powers) == 3 and max(powers) - min(powers) <= 0.06
    if not (steady and 0.06 <= powers[-1] <= 1.5):
        grown = abs(slopes[-1] - limit.value) > abs(slopes[0] - limit.value) + 1e-5 * size
        settled = not grown and limit.error <= 0.05 * max(abs(limit.value), size)
        return Side(limit if settled else NO_LIMIT, False, seen)
    power = powers[-1]
    jumps = power > 0.99
    for ulps in (64.0, 6.0):
        step = ulps * math.ulp(line.x) if line.x else steps[-1] * 2.0**-80 * ulps
        closest = line.one_sided(output, sign * step)
        expected = slopes[-1] * (steps[-1] / step) ** power
        near = 1.01 if jumps else 1.4
        if closest is None or not 1.0 / near < closest[0] / expected < near:
            return Side(NO_LIMIT, False, seen)
    infinite = Estimate(math.copysign(math.inf, slopes[-1]), 0.0, steps[-1])
    return Side(infinite, jumps, seen)


def _log_ratio(a: float, b: float) -> float:
    """log(b / a), 0 where they differ in sign or one is 0 or infinite."""
    if not (0.0 < abs(a) < math.inf and 0.0 < abs(b) < math.inf) or (a > 0.0) != (b > 0.0):
        return 0.0
    return math.log(abs(b)) - math.log(abs(a))


def _latest(rows: list[Estimate]) -> Estimate:
    """The best estimate that all later ones agree with: the smallest steps have the say."""
    best = NO_LIMIT
    for row in reversed(rows):
        if abs(row.value - best.value) > 4.0 * (row.error + best.error):
            break
        if row.error < best.error:
            best = row
    return best


def is_sawtooth(line: Line, output: int, slope: float, claimed: float) -> bool:
    """Whether f has a slope other than `claimed` only between jumps that undo it.

    Cancellation and rounding to few digits do that: (1 - cos(x)) / x² falls steeply between
    the jumps of cos(x). Where the differences change from `slope` to `claimed` while steps
    grow, the change is looked at from closer and closer by; a smooth one becomes small.
    """
    against = abs(slope - claimed)
    spans: list[tuple[Seen, Seen]] = []
    for side in (1.0, -1.0):
        steps = sorted([abs(t - line.x) for t in line.seen if (t - line.x) * side > 0.0])
        found = [(side * step, line.one_sided(output, side * step)) for step in steps]
        seen = [(step, pair[0]) for step, pair in found if pair is not None]
        far = [i for i, (_, s) in enumerate(seen) if abs(s - claimed) < 0.1 * against]
        near = (
            [one for one in seen[: far[0]] if abs(one[1] - slope) < 0.1 * against]
            if far
            else []
        )
        if not near:
            return False
        spans.append((near[-1], seen[far[0]]))
    narrowest = min(spans, key=lambda span: span[1][0] / span[0][0])
    return _breaks(line, output, *narrowest, slope, against)


def _breaks(
    line: Line, output: int, near: Seen, far: Seen, slope: float, against: float
) -> bool:
    """Whether the slope seen from x jumps between two steps, or too little can be seen."""
    while abs(far[0]) > 1.2 * abs(near[0]):
        step = math.copysign(math.sqrt(near[0] / far[0]) * abs(far[0]), far[0])
        found = line.one_sided(output, step)
        if found is None:
            return True
        if abs(found[0] - slope) < 0.5 * against:
            near = step, found[0]
        else:
            far = step, found[0]
    return abs(near[1] - far[1]) > 0.25 * against
