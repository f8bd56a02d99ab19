"""A layered layout (Sugiyama, Tagawa and Toda 1981), in rows that are as long as a page.

1. Rank: the longest path from the leaves, then each box to where its arrows are short.
2. Rows: where the ranks are longer than a page, an arrow to another row begins at a name.
3. Order: barycentres, to and fro.
4. Place: near the neighbours' mean; isotonic regression keeps boxes apart.
5. Route: curves in the gaps only. An arrow ends in a straight piece as long as the numbers in
   its gap, so that a number stands on its arrow, and on no other. An arrow that goes round,
   from a step to the next one, runs below the boxes of its row.

Lengths are given along the arrows (x) and across them (y), so one layout serves all directions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import inf
from statistics import fmean

from autograd.show.drawing.records import Box, Edge, Position

__all__ = ["lay_out"]

CURVE, LEVEL = 22.0, 10.0  # of a gap: the curves of its arrows, what is beside their numbers
BETWEEN, APART = 12.0, 5.0  # boxes, and arrows that pass between boxes
FRAME, BELOW = 26.0, 8.0  # more between boxes for each frame; below a frame's boxes
LANE, ROUND = 24.0, 14.0  # between rows; for an arrow that goes round
BEND, PORT = 6.0, 8.0  # the room of an arrow that passes, of one that ends without a number
SWEEPS, STRAIGHT = 20, 8  # to and fro; the last ones, which straighten long arrows
STEEP = 20.0  # more of a gap for steep arrows, where there is room
# The costs of a row, of an arrow that is cut, of a step that is, of a box alone, of empty room.
ROW, CUT, SPLIT, ALONE, EMPTY = 1.0, 0.05, 20.0, 20.0, 0.5


def lay_out(
    boxes: Sequence[Box], arrows: Sequence[Edge], length: float, rows: int
) -> Position | None:
    """Place boxes and arrows, and return how large the whole is; None if the rows
    are too few.

    Args:
        boxes: first operands first, as they are made: an arrow is given once.
        length: of a page; rows: how many there may be.
    """
    for box in boxes:  # that may have been tried in fewer rows
        box.rank, box.starts, box.ends = 0, [], []
    for each in arrows:
        each.way = [each.tail, each.head]
        if not each.goes_round:
            each.tail.starts.append(each)
            each.head.ends.append(each)
    set_ranks(boxes)
    gaps = rank_lengths(boxes)
    starts = row_starts(boxes, gaps, length) if rows > 1 else [0]
    if len(starts) > rows or (rows == 1 and sum(gaps) - CURVE - LEVEL > length):
        return None
    set_rows(boxes, starts)
    for each in arrows:
        if each.goes_round:
            each.head.ends.append(each)
            if each.tail.row != each.head.row:
                each.tail.starts.append(each)
    items = [*boxes]
    for box in boxes:
        items += names(box)
    for each in arrows:
        items += bends(each)
    wide, high = 0.0, -LANE
    for members in grouped(items, "row"):
        layers = grouped(members, "rank")
        order(layers)
        set_across(layers)
        right, high = route(layers, length, high + LANE)
        wide = max(wide, right)
    return wide, high


# ---------------------------------------------------------------- 1. ranks


def set_ranks(boxes: Sequence[Box]) -> None:
    """Longest path, then each box to where its arrows are short."""
    ordered = [box for box in boxes if not box.ends]
    waits = {box: len(box.ends) for box in boxes}
    for box in ordered:
        for each in box.starts:
            head = each.head
            head.rank = max(head.rank, box.rank + 1)
            waits[head] -= 1
            if waits[head] == 0:
                ordered.append(head)
    for _ in range(4):
        for box in reversed(ordered):
            if box.starts and pull(box) <= 0:
                box.rank = min([each.head.rank for each in box.starts]) - 1
        for box in ordered:
            if box.starts and pull(box) > 0:
                box.rank = max([each.tail.rank for each in box.ends]) + 1
    first = min([box.rank for box in boxes])
    for box in boxes:
        box.rank -= first


def pull(box: Box) -> int:
    """How much more its inputs draw a box than its outputs; leaves draw less."""
    return sum([3 if each.tail.ends else 1 for each in box.ends]) - 3 * len(box.starts)


# ---------------------------------------------------------------- 2. rows


def rank_lengths(boxes: Sequence[Box]) -> list[float]:
    """Return by rank the length of its boxes, with the gap before them."""
    count = max([box.rank for box in boxes]) + 1
    long, numbers = [0.0] * count, [0.0] * count
    for box in boxes:
        long[box.rank] = max(long[box.rank], box.long)
        numbers[box.rank] = max([numbers[box.rank], *[each.label[0] for each in box.ends]])
    return [CURVE + LEVEL + a + b for a, b in zip(long, numbers)]


def row_starts(boxes: Sequence[Box], gaps: list[float], length: float) -> list[int]:
    """The ranks where rows begin, at the least cost (Knuth and Plass 1981, for lines)."""
    count = len(gaps)
    cut, ahead = [0] * (count + 1), [0.0] * (count + 1)  # arrows over a start; names before it
    spans: dict[int | str, list[int]] = defaultdict(list)  # by step, or frame, its ranks
    size = Counter([box.rank for box in boxes])
    for box in boxes:
        wide = box.tag[0] if box.ends else box.long
        if box.modules or box.step >= 0:
            spans[box.modules[0] if box.modules else box.step].append(box.rank)
        for each in box.starts:
            k = each.head.rank
            ahead[k] = max(ahead[k], wide + CURVE + LEVEL)
            for j in range(box.rank + 1, k + 1):
                cut[j] += 1
    split = {k for ranks in spans.values() for k in range(min(ranks) + 1, max(ranks) + 1)}
    ends = [0.0, *accumulate(gaps)]
    members = [0, *accumulate([size[k] for k in range(count)])]
    cost, start = [0.0] + [inf] * count, [0] * (count + 1)  # of all rows before a rank
    for i in range(count):
        begun = cost[i] + ROW + (CUT * cut[i] + SPLIT * (i in split) if i else 0.0)
        for j in range(i + 1, count + 1):
            long = ahead[i] + ends[j] - ends[i]
            if long > length and j > i + 1:
                break
            empty = max(0.0, 1.0 - long / length)
            alone = members[j] - members[i] == 1 and members[-1] > 1
            total = begun + EMPTY * empty * empty + ALONE * alone
            if total < cost[j]:
                cost[j], start[j] = total, i
    starts = [start[count]]
    while starts[-1] > 0:
        starts.append(start[starts[-1]])
    return starts[::-1]


def set_rows(boxes: Sequence[Box], starts: list[int]) -> None:
    """A leaf stands in the row of its first use."""
    for box in boxes:
        box.row = sum([k <= box.rank for k in starts]) - 1
    for box in boxes:
        if not box.ends and box.starts:
            box.row = min([each.head.row for each in box.starts])


def names(box: Box) -> list[Box]:
    """Names of a box, at which arrows begin that go into another row."""
    made: list[Box] = []
    at = box
    for each in sorted(box.starts, key=lambda each: each.head.rank):
        head = each.head
        if head.row != at.row:
            at = Box(kind="name", of=box, rank=head.rank - 1, row=head.row)
            at.long, at.high = box.tag
            made.append(at)
        each.way[0] = at
    return made


def bends(each: Edge) -> list[Box]:
    """The bends of an arrow, one in every rank that it passes; sets neighbours, too."""
    tail, head = each.way
    if tail.rank >= head.rank:
        return []
    between = range(tail.rank + 1, head.rank)
    made = [Box(high=BEND, rank=k, row=head.row) for k in between]
    each.way = [tail, *made, head]
    for a, b in pairwise(each.way):
        a.after.append(b)
        b.before.append(a)
    return made


def grouped(items: list[Box], attribute: str) -> list[list[Box]]:
    """Return the items of each row, or of each rank, in the order of these."""
    groups: dict[int, list[Box]] = defaultdict(list)
    for each in items:
        groups[getattr(each, attribute)].append(each)
    return [groups[number] for number in sorted(groups)]


# ---------------------------------------------------------------- 3. order


def order(layers: list[list[Box]]) -> None:
    """Sort each layer by what it is computed of, then by what is computed of it, and again."""
    for layer in layers:
        count_off(layer)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            sort_layer(layer, sweep % 2 == 0)


def count_off(layer: list[Box]) -> None:
    half = len(layer) / 2
    for k, each in enumerate(layer):
        each.at = k - half


def sort_layer(layer: list[Box], forth: bool) -> None:
    """Sort by the mean place of the neighbours; a frame stays together, by its own mean."""
    around: dict[str, list[float]] = defaultdict(list)
    for each in layer:
        near = each.before if forth else each.after
        each.y = sum([x.at for x in near]) / len(near) if near else each.at
        for frame in each.modules:
            around[frame].append(each.y)
    means = {frame: fmean(ys) for frame, ys in around.items()}

    def key(each: Box) -> list[tuple[float, str]]:
        place = each.fixed if each.fixed >= 0 else each.y
        return [*[(means[frame], frame) for frame in each.modules], (place, "")]

    layer.sort(key=key)
    count_off(layer)


# ---------------------------------------------------------------- 4. place


def set_across(layers: list[list[Box]]) -> None:
    """Near the neighbours' mean, in their order; a long arrow's bends at one height."""
    apart = [[room_between(a, b) for a, b in pairwise(layer)] for layer in layers]
    offsets = [[0.0, *accumulate(rooms)] for rooms in apart]
    for layer, places in zip(layers, offsets):
        settle(layer, places, [0.0] * len(layer), [1.0] * len(layer))
    both_ways = [*zip(layers, offsets)]
    for sweep in range(SWEEPS + STRAIGHT):
        both, forth = sweep >= SWEEPS - 6, sweep % 2 == 0
        for layer, places in both_ways if forth else both_ways[::-1]:
            wanted: list[float] = []
            weights: list[float] = []
            for each in layer:
                near = each.before + each.after
                if not both:
                    near = each.before if forth else each.after
                pulls = [5.0 if x.long == 0.0 else 1.0 for x in near]
                total = sum(pulls)
                mean = sum([x.y * pull for x, pull in zip(near, pulls)])
                wanted.append(mean / total if near else each.y)
                weights.append(max(0.1, total * (3.0 if each.long == 0.0 else 1.0)))
            settle(layer, places, wanted, weights)


def settle(
    layer: list[Box], offsets: list[float], wanted: list[float], weights: list[float]
) -> None:
    """The nearest places to those wanted that keep items apart: isotonic regression.

    Without the room that they need between them, items want to be in order. Those that do not
    form a block, which is where they want to be on average.
    """
    blocks: list[tuple[int, float, float]] = []  # first item, weighted sum of places, weight
    for k, (want, offset, weight) in enumerate(zip(wanted, offsets, weights)):
        first, total = k, (want - offset) * weight
        while blocks and blocks[-1][1] / blocks[-1][2] > total / weight:
            first, more, heavy = blocks.pop()
            total += more
            weight += heavy
        blocks.append((first, total, weight))
    for k, (first, total, weight) in enumerate(blocks):
        last = blocks[k + 1][0] if k + 1 < len(blocks) else len(layer)
        for i in range(first, last):
            layer[i].y = total / weight + offsets[i]


def room_between(a: Box, b: Box) -> float:
    """From the middle of one to that of the next."""
    shared = len([frame for frame in a.modules if frame in b.modules])
    frames = max(len(a.modules), len(b.modules)) - shared
    near = APART if a.long == 0.0 and b.long == 0.0 else BETWEEN
    return (a.high + b.high) / 2 + near + FRAME * frames


# ---------------------------------------------------------------- 5. route


def route(layers: list[list[Box]], length: float, top: float) -> Position:
    """Set places along, arrows and their numbers below `top`; how long and how far down."""
    wide = [max([each.long for each in layer]) for layer in layers]
    room = [max([0.0, *[end.label[0] for x in layer for end in x.ends]]) for layer in layers]
    spare = length - sum(wide) - sum(room) - (CURVE + LEVEL) * (len(layers) - 1)
    more = max(0.0, min(STEEP, spare / len(layers)))
    left = [0.0]
    for k in range(1, len(layers)):
        left.append(left[-1] + wide[k - 1] + CURVE + LEVEL + room[k] + more)
    items = [each for layer in layers for each in layer]
    above = min([x.y - x.high / 2 - (FRAME - BELOW) * len(x.modules) for x in items])
    below = max([x.y + x.high / 2 + BELOW * len(x.modules) for x in items])
    column: dict[int, tuple[float, float]] = {}  # by rank, where curves end, where they begin
    for k, layer in enumerate(layers):
        column[layer[0].rank] = left[k] - LEVEL - room[k], left[k] + wide[k]
        for each in layer:
            each.y += top - above
            each.x = left[k] + wide[k] / 2
            if not each.before and each.after:
                each.x = left[k] + wide[k] - each.long / 2  # near what uses it
            elif not each.after:
                each.x = left[k] + each.long / 2
    bottom = top + below - above
    lanes: dict[Box, float] = {}  # of the arrows that go round, by tail
    for head in items:
        ends = sorted(head.ends, key=lambda end: inf if is_round(end) else end.way[-2].y)
        for end, port in zip(ends, port_places(head, [end.label[1] for end in ends])):
            if is_round(end):
                lane = lanes.setdefault(end.tail, bottom + ROUND)
                bottom = max(bottom, lane)
                draw_round(end, port, column, lane)
            else:
                draw_line(end, port, column)
    return column[layers[-1][0].rank][1], bottom


def is_round(each: Edge) -> bool:
    """Whether an arrow goes round within its row."""
    return each.goes_round and each.way[0] is each.tail


def port_places(head: Box, numbers: list[float]) -> list[float]:
    """Return the heights at which arrows into a box end: around its middle, as numbers need."""
    needs = [x if x > 0.0 else PORT for x in numbers]
    room = head.high - 8.0 + (needs[0] + needs[-1]) / 2 if needs else 0.0
    scale = min(1.0, room / max(1.0, sum(needs)))
    ports: list[float] = []
    at = head.y - scale * sum(needs) / 2
    for need in needs:
        ports.append(at + scale * need / 2)
        at += scale * need
    return ports


def draw_line(each: Edge, port: float, column: dict[int, tuple[float, float]]) -> None:
    """The line of an arrow to a port: straight within ranks, curved between them."""
    tail, head = each.way[0], each.way[-1]
    line = [(tail.x + tail.long / 2, tail.y)]
    for at, to in pairwise(each.way):
        line.append((column[at.rank][1], line[-1][1]))
        line.append((column[to.rank][0], port if to is head else to.y))
    end(each, line, port)


def draw_round(
    each: Edge, port: float, column: dict[int, tuple[float, float]], lane: float
) -> None:
    """The line of an arrow that goes round: down behind its tail, back, and up to its head."""
    tail, head = each.tail, each.head
    right, left = column[tail.rank][1], column[head.rank][0]
    line = [(tail.x + tail.long / 2, tail.y), (right, tail.y), (right, lane), (left, lane)]
    end(each, [*line, (left, port)], port)


def end(each: Edge, line: list[Position], port: float) -> None:
    """The last straight piece of a line, with the arrow's number."""
    tip, half = each.head.x - each.head.long / 2, each.label[0] / 2
    each.number = max(tip - LEVEL + 2.0 - half, line[-1][0] + half), port
    each.line = [*line, (tip, port)]
