"""A layered layout (Sugiyama, Tagawa and Toda 1981), in rows that are as long as a page.

It knows numbers and lists only: pages run it as JavaScript, so it keeps to the Python that
`autograd.javascript` translates. Lengths are given along the arrows and across them, so one
layout serves all directions. What is computed stands behind what it is computed from.

1. Ranks: the longest path, then each box to where its arrows are short.
2. Rows: dynamic programming over ranks; an arrow to another row starts at a chip, which has
   the name of its box.
3. Order: barycentres to and fro, and neighbours that change places; the fewest crossings.
4. Across: isotonic regression, which keeps boxes apart; long arrows are straight.
5. Along: curves in the gaps only. An arrow ends in a straight piece as long as the numbers in
   its gap, so that a number stands on its arrow, and on no other.
"""

from __future__ import annotations

import math
from typing import TypedDict

__all__ = ["Spot", "lay_out"]

CURVE, LEVEL = 22.0, 10.0  # of a gap: the curves of its arrows, what is beside their numbers
BETWEEN, APART = 12.0, 5.0  # boxes, and arrows that pass between boxes
FRAME = 26.0  # more between boxes for each frame that begins or ends there
LANE = 24.0  # between rows
LONGEST = 6  # ranks that an arrow goes over, if there are several rows
BEND, PORT = 6.0, 8.0  # the room of an arrow that passes, of one that ends without a number
SWEEPS, STRAIGHT = 20, 8  # the last of them straighten long arrows
STEEP, MOST_STEEP = 0.15, 45.0  # what steep arrows add to a gap

Spot = list[float]  # along, and across


class Layers(TypedDict):
    """What is placed: boxes, chips and bends, by their number.

    Attributes:
        size: along and across.
        rank, row: where it stands.
        frames: the numbers of the frames around it, outermost first.
        fixed: its place in the innermost frame, -1 if that is free.
        before, after: its neighbours [number, weight] of one rank less, of one more.
    """

    size: list[Spot]
    rank: list[int]
    row: list[int]
    frames: list[list[int]]
    fixed: list[int]
    before: list[list[list[float]]]
    after: list[list[list[float]]]


def lay_out(
    sizes: list[Spot],
    edges: list[list[int]],
    labels: list[Spot],
    frames: list[list[int]],
    fixed: list[int],
    names: list[Spot],
    length: float,
    rows: int,
) -> tuple[list[Spot], list[list[Spot]], list[Spot], list[int], list[int], Spot]:
    """Where everything goes.

    Args:
        sizes: of the boxes, first operands first.
        edges: pairs of a tail and a head; labels: the sizes of their numbers, zero for none.
        frames, fixed: of the boxes, as `Layers` has them.
        names: the sizes of chips, by box.
        length: of a page; rows: how many there may be.

    Returns:
        The centres of the boxes, and of the chips behind them; by edge the points between
        which curves and straight lines take turns, a line first; the centres of the numbers;
        the boxes of the chips; by edge the box or the chip where it begins; and the whole's
        size, infinite if it cannot be laid out so.
    """
    count = len(sizes)
    rank = ranks(count, edges)
    starts = row_starts(sizes, edges, labels, names, rank, length) if rows > 1 else [0]
    gaps = row_lengths(sizes, edges, labels, rank) if rows == 1 else []
    if len(rank) < count or len(starts) > rows or add_up(gaps) - CURVE - LEVEL > length:
        return [], [], [], [], [], [math.inf, math.inf]
    net: Layers = {
        "size": [*sizes],
        "rank": rank,
        "row": rows_of(edges, rank, starts),
        "frames": [*frames],
        "fixed": [*fixed],
        "before": [],
        "after": [],
    }
    ends, chips = with_chips(net, edges, names, len(starts) > 1)
    ways = with_bends(net, ends)
    places: list[Spot] = [[0.0, 0.0] for _ in net["size"]]
    points: list[list[Spot]] = [[] for _ in edges]
    spots: list[Spot] = [[0.0, 0.0] for _ in edges]
    top, longest = 0.0, 0.0
    for r in range(len(starts)):
        inside = [i for i in range(len(net["size"])) if net["row"][i] == r]
        if len(inside) > 0:
            few = [e for e in range(len(edges)) if net["row"][edges[e][1]] == r]
            layers = ordered(net, layered(net, inside))
            across(net, layers, [ways[e] for e in few], places)
            size = along(net, layers, few, ways, labels, places, points, spots, top, length)
            top = top + size[1] + LANE
            longest = max(longest, size[0])
    begins = [end[0] for end in ends]
    return places[: count + len(chips)], points, spots, chips, begins, [longest, top - LANE]


# ---------------------------------------------------------------- ranks


def add_up(numbers: list[float]) -> float:
    """Added one by one: `sum` compensates from Python 3.12 on, and pages don't."""
    found = 0.0
    for number in numbers:
        found += number
    return found


def ranks(count: int, edges: list[list[int]]) -> list[int]:
    """Longest path, then each box to where its arrows are short; [] if there is a cycle."""
    ins: list[list[int]] = [[] for _ in range(count)]
    outs: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        ins[b].append(a)
        outs[a].append(b)
    left, rank = [len(xs) for xs in ins], [0] * count
    order = [i for i in range(count) if left[i] == 0]
    for a in order:
        for b in outs[a]:
            rank[b] = max(rank[b], rank[a] + 1)
            left[b] -= 1
            if left[b] == 0:
                order.append(b)
    if len(order) < count:
        return []
    pull = [sum([3 if ins[a] else 1 for a in ins[i]]) - 3 * len(outs[i]) for i in range(count)]
    for _ in range(4):  # leaves pull less
        for i in reversed(order):
            if outs[i] and (pull[i] <= 0 or not ins[i]):
                rank[i] = min([rank[b] for b in outs[i]]) - 1
        for i in order:
            if outs[i] and ins[i] and pull[i] > 0:
                rank[i] = max([rank[a] for a in ins[i]]) + 1
    first = min(rank)
    return [x - first for x in rank]


# ---------------------------------------------------------------- rows


def row_lengths(
    sizes: list[Spot], edges: list[list[int]], labels: list[Spot], rank: list[int]
) -> list[float]:
    """By rank, how long its boxes are, with the gap before them."""
    boxes, numbers = [0.0] * (max([0, *rank]) + 1), [0.0] * (max([0, *rank]) + 1)
    for i in range(len(rank)):
        boxes[rank[i]] = max(boxes[rank[i]], sizes[i][0])
    for e in range(len(edges)):
        k = rank[edges[e][1]] if rank else 0
        numbers[k] = max(numbers[k], labels[e][0])
    return [CURVE + LEVEL + boxes[k] + numbers[k] for k in range(len(boxes))]


def row_starts(
    sizes: list[Spot],
    edges: list[list[int]],
    labels: list[Spot],
    names: list[Spot],
    rank: list[int],
    length: float,
) -> list[int]:
    """The ranks where rows begin, so that few arrows are cut and rows are about full."""
    gaps = row_lengths(sizes, edges, labels, rank)
    n = len(gaps)
    over, ahead = [0] * (n + 1), [0.0] * n  # arrows over a beginning; chips and leaves there
    is_leaf = [True] * len(sizes)
    for edge in edges:
        is_leaf[edge[1]] = False
    for a, b in edges if rank else []:
        over[rank[a] + 1] += 1
        over[rank[b] + 1] -= 1
        wide = sizes[a][0] if is_leaf[a] else names[a][0]
        ahead[rank[b]] = max(ahead[rank[b]], wide + CURVE + LEVEL)
    for k in range(1, n):
        over[k] += over[k - 1]
    cost, begin = [0.0], [0]
    for end in range(1, n + 1):
        cost.append(math.inf)
        begin.append(0)
        start, long = end - 1, gaps[end - 1]
        while start >= 0 and (start == end - 1 or long + ahead[start] <= length):
            slack = max(0.0, length - long - ahead[start]) / length
            new = cost[start] + 3.0 + over[start] + 10.0 * slack * slack
            if new < cost[end]:
                cost[end] = new
                begin[end] = start
            start -= 1
            long += gaps[max(0, start)]
    starts, end = [begin[n]], begin[n]
    while end > 0:
        end = begin[end]
        starts.append(end)
    return list(reversed(starts))


def rows_of(edges: list[list[int]], rank: list[int], starts: list[int]) -> list[int]:
    """By box its row; a leaf stands in that of its first use."""
    row = [len([s for s in starts if s <= x]) - 1 for x in rank]
    is_leaf = [True] * len(rank)
    for edge in edges:
        is_leaf[edge[1]] = False
    uses: list[list[int]] = [[] for _ in rank]
    for a, b in edges:
        uses[a].append(row[b])
    return [min(uses[i]) if is_leaf[i] and uses[i] else row[i] for i in range(len(rank))]


def with_chips(
    net: Layers, edges: list[list[int]], names: list[Spot], several: bool
) -> tuple[list[list[int]], list[int]]:
    """Where arrows begin and end, and the boxes of the chips at which some begin."""
    rank, row = net["rank"], net["row"]
    own: list[list[int]] = [[] for _ in rank]
    ends = [[*edge] for edge in edges]
    chips: list[int] = []
    for e in range(len(edges)):
        own[edges[e][0]].append(e)
    for a in range(len(own)):
        spot, few = a, own[a]
        for e in sorted(few, key=lambda e: rank[edges[e][1]]):
            b = edges[e][1]
            if row[b] != row[spot] or (several and rank[b] - rank[spot] > LONGEST):
                spot = len(rank)
                chips.append(a)
                net["size"].append(names[a])
                net["frames"].append([])
                net["fixed"].append(-1)
                rank.append(rank[b] - 1)
                row.append(row[b])
            ends[e] = [spot, b]
    return ends, chips


def with_bends(net: Layers, ends: list[list[int]]) -> list[list[int]]:
    """By arrow what it goes through: a bend in every rank between its ends."""
    rank, row = net["rank"], net["row"]
    ways: list[list[int]] = []
    for a, b in ends:
        way = [a]
        for k in range(rank[a] + 1, rank[b]):
            way.append(len(rank))
            net["size"].append([0.0, BEND])
            net["frames"].append([])
            net["fixed"].append(-1)
            rank.append(k)
            row.append(row[b])
        ways.append([*way, b])
    net["before"] = [[] for _ in rank]
    net["after"] = [[] for _ in rank]
    for way in ways:
        for k in range(1, len(way)):
            a, b = way[k - 1], way[k]
            weight = 1.0 + (2.0 if k > 1 else 0.0) + (2.0 if k < len(way) - 1 else 0.0)
            net["after"][a].append([b, weight])
            net["before"][b].append([a, weight])
    return ways


# ---------------------------------------------------------------- order


def layered(net: Layers, inside: list[int]) -> list[list[int]]:
    """What is in a row, by rank."""
    first = min([net["rank"][i] for i in inside])
    last = max([net["rank"][i] for i in inside])
    layers: list[list[int]] = [[] for _ in range(first, last + 1)]
    for i in inside:
        layers[net["rank"][i] - first].append(i)
    return layers


def ordered(net: Layers, begin: list[list[int]]) -> list[list[int]]:
    """The layers in the order that was found to have the fewest crossings.

    Two starts are tried, from the first rank and from the last.
    """
    best, least = [[*layer] for layer in begin], math.inf
    at = [0.0] * len(net["size"])
    for start in range(2):
        layers = [[*layer] for layer in begin]
        for layer in layers:
            count_off(layer, at)
        for sweep in range(SWEEPS + 1):
            forth = (sweep + start) % 2 == 0
            for layer in (layers if forth else list(reversed(layers))) if sweep > 0 else []:
                near = net["before"] if forth else net["after"]
                sort_layer(net, layer, near, at)
            better = sweep > 3
            while better:
                better = swapped(net, layers, at)
            now = crossings(net, layers, at)
            if now < least:
                best = [[*layer] for layer in layers]
                least = now
            if least == 0 and sweep > 0:
                return best
    return best


def count_off(layer: list[int], at: list[float]) -> None:
    for k in range(len(layer)):
        at[layer[k]] = k - len(layer) / 2


def sort_layer(
    net: Layers, layer: list[int], near: list[list[list[float]]], at: list[float]
) -> None:
    """By the mean place of the neighbours; a frame stays together, by the mean of its own."""
    own = [mean_place(near[i], at, at[i]) for i in layer]
    last = max([max([-1, *net["frames"][i]]) for i in layer])
    totals, counts = [0.0] * (last + 1), [0.0] * (last + 1)
    for k in range(len(layer)):
        for frame in net["frames"][layer[k]]:
            totals[frame] += own[k]
            counts[frame] += 1.0
    keys: list[list[float]] = []
    for k in range(len(layer)):
        key: list[float] = []
        for frame in net["frames"][layer[k]]:
            key.append(totals[frame] / max(1.0, counts[frame]))
            key.append(frame)
        fixed = net["fixed"][layer[k]]
        keys.append([*key, fixed if fixed >= 0 else own[k]])
    placed = [layer[k] for k in sorted(range(len(layer)), key=lambda k: keys[k])]
    for k in range(len(layer)):
        layer[k] = placed[k]
    count_off(layer, at)


def mean_place(pairs: list[list[float]], at: list[float], alone: float) -> float:
    return add_up([at[int(p[0])] for p in pairs]) / max(1, len(pairs)) if pairs else alone


def swapped(net: Layers, layers: list[list[int]], at: list[float]) -> bool:
    """Lets neighbours change places where that takes crossings away, and says if any did."""
    better = False
    for layer in layers:
        for k in range(1, len(layer)):
            a, b = layer[k - 1], layer[k]
            free = len(net["frames"][a]) + len(net["frames"][b]) == 0
            if free and crossed(net, a, b, at) > crossed(net, b, a, at):
                layer[k - 1] = b
                layer[k] = a
                count_off(layer, at)
                better = True
    return better


def crossed(net: Layers, a: int, b: int, at: list[float]) -> int:
    """How many arrows of one box cross those of the next."""
    found = 0
    for near in (net["before"], net["after"]):
        for p in near[a]:
            for q in near[b]:
                if at[int(p[0])] > at[int(q[0])]:
                    found += 1
    return found


def crossings(net: Layers, layers: list[list[int]], at: list[float]) -> int:
    """How many arrows cross between neighbouring layers."""
    found = 0
    for k in range(1, len(layers)):
        width = len(layers[k - 1])
        seen = [0] * width  # by place in the layer before, the arrows so far
        for i in layers[k]:
            places = [int(at[int(p[0])] + width / 2) for p in net["before"][i]]
            for place in places:
                found += sum(seen[place + 1 :])
            for place in places:
                seen[place] += 1
    return found


# ---------------------------------------------------------------- across


def across(
    net: Layers, layers: list[list[int]], ways: list[list[int]], places: list[Spot]
) -> None:
    """Near the neighbours' mean, in the order found; a long arrow's bends at one height."""
    count = len(net["size"])
    y, want, weight, line = [0.0] * count, [0.0] * count, [1.0] * count, [math.nan] * count
    for layer in layers:
        settle(net, layer, want, weight, y)
    for sweep in range(SWEEPS + STRAIGHT):
        both = sweep >= SWEEPS - 6
        if sweep >= SWEEPS:
            for way in ways:
                bends = way[1:-1]
                for i in bends:
                    line[i] = add_up([y[j] for j in bends]) / len(bends)
        for layer in layers if sweep % 2 == 0 else list(reversed(layers)):
            for i in layer:
                before = net["before"][i] if both or sweep % 2 == 0 else []
                after = net["after"][i] if both or sweep % 2 == 1 else []
                pairs = [*before, *after]
                weight[i] = max(0.1, add_up([p[1] for p in pairs]))
                mean = add_up([y[int(p[0])] * p[1] for p in pairs]) / weight[i]
                wanted = mean if pairs else y[i]
                want[i] = wanted if math.isnan(line[i]) else line[i]
            settle(net, layer, want, weight, y)
    for layer in layers:
        for i in layer:
            places[i] = [0.0, y[i]]


def room_between(net: Layers, a: int, b: int) -> float:
    """From the middle of one to that of the next."""
    mine, other = net["frames"][a], net["frames"][b]
    shared = len([frame for frame in mine if frame in other])
    frames = max(len(mine), len(other)) - shared
    bends = net["size"][a][0] == 0.0 and net["size"][b][0] == 0.0
    near = APART if bends else BETWEEN
    return (net["size"][a][1] + net["size"][b][1]) / 2 + near + FRAME * frames


def settle(
    net: Layers, layer: list[int], want: list[float], weight: list[float], y: list[float]
) -> None:
    """The nearest places to those wanted that keep boxes apart: isotonic regression."""
    first: list[int] = []
    total: list[float] = []
    weights: list[float] = []
    offsets: list[float] = []
    offset = 0.0
    for k in range(len(layer)):
        if k > 0:
            offset += room_between(net, layer[k - 1], layer[k])
        offsets.append(offset)
        first.append(k)
        total.append((want[layer[k]] - offset) * weight[layer[k]])
        weights.append(weight[layer[k]])
        while len(first) > 1 and total[-2] / weights[-2] > total[-1] / weights[-1]:
            total[-2] += total[-1]
            weights[-2] += weights[-1]
            del first[-1]
            del total[-1]
            del weights[-1]
    first.append(len(layer))
    for j in range(len(total)):
        for k in range(first[j], first[j + 1]):
            y[layer[k]] = total[j] / weights[j] + offsets[k]


# ---------------------------------------------------------------- along


def along(
    net: Layers,
    layers: list[list[int]],
    few: list[int],
    ways: list[list[int]],
    labels: list[Spot],
    places: list[Spot],
    points: list[list[Spot]],
    spots: list[Spot],
    top: float,
    length: float,
) -> Spot:
    """Sets places, points and the spots of numbers of one row, and returns its size."""
    n, size = len(layers), net["size"]
    first = net["rank"][layers[0][0]]
    wide = [max([size[i][0] for i in layer]) for layer in layers]
    room, rise = [0.0] * n, [0.0] * n
    for e in few:
        k = net["rank"][ways[e][-1]] - first
        room[k] = max(room[k], labels[e][0])
        for j in range(1, len(ways[e])):
            k = net["rank"][ways[e][j]] - first
            rise[k] = max(rise[k], abs(places[ways[e][j]][1] - places[ways[e][j - 1]][1]))
    steep = [min(MOST_STEEP, STEEP * x) for x in rise]
    spare = length - add_up(wide) - add_up(room) - (CURVE + LEVEL) * (n - 1)
    scale = max(0.0, min(1.0, spare / max(1.0, add_up(steep))))
    lefts, x = [0.0], 0.0
    for k in range(1, n):
        x += wide[k - 1] + CURVE + LEVEL + room[k] + scale * steep[k]
        lefts.append(x)
    low, high = math.inf, -math.inf
    for layer in layers:
        for i in layer:
            margin = FRAME - 8.0 if len(net["frames"][i]) > 0 else 0.0
            low = min(low, places[i][1] - size[i][1] / 2 - margin * len(net["frames"][i]))
            high = max(high, places[i][1] + size[i][1] / 2 + 8.0 * len(net["frames"][i]))
    for k in range(n):
        for i in layers[k]:
            centre = wide[k] / 2
            if len(net["before"][i]) == 0 and len(net["after"][i]) > 0:
                centre = wide[k] - size[i][0] / 2  # what has no input is near what uses it
            elif len(net["after"][i]) == 0:
                centre = size[i][0] / 2
            places[i] = [lefts[k] + centre, top + places[i][1] - low]
    for k in range(n):
        for i in layers[k]:
            own = [e for e in few if ways[e][-1] == i] if size[i][0] > 0.0 else []
            ports = port_places(net, own, ways, labels, places)
            for j in range(len(own)):
                e = own[j]
                tip = [places[i][0] - size[i][0] / 2, ports[j]]
                points[e] = drawn(net, ways[e], places, lefts, wide, room, first, tip)
                before = points[e][-2][0]
                spots[e] = [tip[0] - LEVEL + 2.0 - labels[e][0] / 2, ports[j]]
                spots[e][0] = max(spots[e][0], before + labels[e][0] / 2)
    return [lefts[-1] + wide[-1], high - low]


def port_places(
    net: Layers,
    own: list[int],
    ways: list[list[int]],
    labels: list[Spot],
    places: list[Spot],
) -> list[float]:
    """Where the arrows into a box end, in the order of what they come from."""
    if len(own) == 0:
        return []
    head = ways[own[0]][-1]
    placed = sorted(own, key=lambda e: places[ways[e][-2]][1])
    for k in range(len(own)):
        own[k] = placed[k]
    needs = [labels[e][1] if labels[e][1] > 0.0 else PORT for e in own]
    room = net["size"][head][1] - 8.0
    scale = min(1.0, (room + needs[0] / 2 + needs[-1] / 2) / max(1.0, add_up(needs)))
    at = places[head][1] - scale * add_up(needs) / 2
    ports: list[float] = []
    for need in needs:
        ports.append(at + scale * need / 2)
        at += scale * need
    return ports


def drawn(
    net: Layers,
    way: list[int],
    places: list[Spot],
    lefts: list[float],
    wide: list[float],
    room: list[float],
    first: int,
    tip: Spot,
) -> list[Spot]:
    """The points of an arrow: a line, then a curve, a line, a curve and so on."""
    a, k = way[0], net["rank"][way[0]] - first
    y = places[a][1]
    found = [[places[a][0] + net["size"][a][0] / 2, y], [lefts[k] + wide[k], y]]
    for bend in way[1:-1]:
        k += 1
        found.append([lefts[k] - LEVEL - room[k], places[bend][1]])
        found.append([lefts[k] + wide[k], places[bend][1]])
    k += 1
    found.append([lefts[k] - LEVEL - room[k], tip[1]])
    found.append(tip)
    return found
