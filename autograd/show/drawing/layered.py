"""A layered layout (Sugiyama, Tagawa and Toda 1981), in rows that are as long as a page.

1. Rank: the longest path from the leaves, then each box to where its arrows are short.
2. Rows: where the ranks are longer than a page, an arrow to another row begins at a name.
3. Order: barycentres to and fro; of the orders met, that with the fewest crossings.
4. Place: near the neighbours' mean; isotonic regression keeps boxes apart.
5. Route: curves in the gaps only. An arrow ends in a straight piece as long as the numbers in
   its gap, so that a number stands on its arrow, and on no other.

Pages that lay out anew have the same functions as `layout.js`, to the bit.
Lengths are given along the arrows (x) and across them (y), so one layout serves all directions.
"""

from __future__ import annotations

import math
from typing import TypedDict

__all__ = ["Arrow", "Item", "Spot", "arrow", "item", "lay_out"]

CURVE, LEVEL = 22.0, 10.0  # of a gap: the curves of its arrows, what is beside their numbers
BETWEEN, APART = 12.0, 5.0  # boxes, and arrows that pass between boxes
FRAME, BELOW = (
    26.0,
    8.0,
)  # more between boxes for each frame between them; below a frame's boxes
LANE = 24.0  # between rows
LONGEST = 6  # ranks that an arrow goes over, if there are several rows
BEND, PORT = 6.0, 8.0  # the room of an arrow that passes, of one that ends without a number
SWEEPS, STRAIGHT = 20, 8  # to and fro; the last ones, which straighten long arrows
STEEP, MOST_STEEP = 0.15, 45.0  # what steep arrows add to a gap

Spot = list[float]  # along, and across


class Item(TypedDict):
    """A box; a name, where an arrow begins in another row; or a bend of an arrow in a rank.

    Attributes:
        size, name: along and across, of itself and of its name; a bend is zero along.
        frames: the numbers of the frames around it, outermost first.
        fixed: its place in the innermost frame, -1 if that is free.
        of: of a name the box that it names, in a list; empty for others.
        rank, row: where it stands; at: which in its rank, from the middle; x, y: the centre.
        before, after: its neighbours of one rank less, of one more; once an arrow.
        starts, ends: the arrows that begin there, and that end there.
    """

    size: Spot
    name: Spot
    frames: list[int]
    fixed: int
    of: list[Item]
    rank: int
    row: int
    at: float
    x: float
    y: float
    before: list[Item]
    after: list[Item]
    starts: list[Arrow]
    ends: list[Arrow]


class Arrow(TypedDict):
    """An arrow.

    Attributes:
        way: its tail, or the name of that; its bends; and its head.
        label: the size of its number, zero for none; number: the centre of that.
        line: the points between which curves and straight lines take turns, a line first.
    """

    way: list[Item]
    label: Spot
    number: Spot
    line: list[Spot]


def item(size: Spot, name: Spot, frames: list[int], fixed: int) -> Item:
    """A box that has no place yet."""
    return {
        "size": size, "name": name, "frames": frames, "fixed": fixed, "of": [], "rank": 0,
        "row": 0, "at": 0.0, "x": 0.0, "y": 0.0, "before": [], "after": [],
        "starts": [], "ends": [],
    }  # fmt: skip


def small_item(size: Spot, rank: int, row: int, of: list[Item]) -> Item:
    """A bend, or a name."""
    found = item(size, [0.0, 0.0], [], -1)
    found["rank"] = rank
    found["row"] = row
    found["of"] = of
    return found


def arrow(tail: Item, head: Item, label: Spot) -> Arrow:
    """An arrow that has no place yet."""
    found: Arrow = {"way": [tail, head], "label": label, "number": [], "line": []}
    tail["starts"].append(found)
    head["ends"].append(found)
    return found


def lay_out(boxes: list[Item], arrows: list[Arrow], length: float, rows: int) -> Spot:
    """Places boxes and arrows, and says how large the whole is: infinite if it cannot be done.

    Args:
        boxes: first operands first.
        length: of a page; rows: how many there may be.
    """
    gaps = rank_lengths(boxes) if set_ranks(boxes) else []
    starts = row_starts(boxes, gaps, length) if rows > 1 else [0]
    too_long = rows == 1 and add_up(gaps) - CURVE - LEVEL > length
    if len(gaps) == 0 or len(starts) > rows or too_long:
        return [math.inf, math.inf]
    set_rows(boxes, starts)
    items = [*boxes]
    for box in boxes:
        items = [*items, *names(box, len(starts) > 1)]
    for each in arrows:
        items = [*items, *bends(each)]
    size = [0.0, -LANE]
    for r in range(len(starts)):
        layers = layered([each for each in items if each["row"] == r])
        if len(layers) > 0:
            order(layers)
            set_across(layers)
            placed = route(layers, length, size[1] + LANE)
            size = [max(size[0], placed[0]), placed[1]]
    return size


def add_up(numbers: list[float]) -> float:
    """Added one by one: `sum` compensates from Python 3.12 on, and pages don't."""
    found = 0.0
    for number in numbers:
        found += number
    return found


# ---------------------------------------------------------------- 1. ranks


def set_ranks(boxes: list[Item]) -> bool:
    """Longest path, then each box to where its arrows are short; False if there is a circle."""
    ordered = [box for box in boxes if len(box["ends"]) == 0]
    for box in boxes:
        box["at"] = len(box["ends"])
    for box in ordered:
        for each in box["starts"]:
            head = each["way"][-1]
            head["rank"] = max(head["rank"], box["rank"] + 1)
            head["at"] -= 1
            if head["at"] == 0:
                ordered.append(head)
    for _ in range(4):
        for box in list(reversed(ordered)):
            if len(box["starts"]) > 0 and pull(box) <= 0:
                box["rank"] = min([each["way"][-1]["rank"] for each in box["starts"]]) - 1
        for box in ordered:
            if len(box["starts"]) > 0 and pull(box) > 0:
                box["rank"] = max([each["way"][0]["rank"] for each in box["ends"]]) + 1
    first = min([box["rank"] for box in boxes])
    for box in boxes:
        box["rank"] -= first
    return len(ordered) == len(boxes)


def pull(box: Item) -> int:
    """How much more its inputs draw a box than its outputs; leaves draw less."""
    ins = [3 if each["way"][0]["ends"] else 1 for each in box["ends"]]
    return sum(ins) - 3 * len(box["starts"])


# ---------------------------------------------------------------- 2. rows


def rank_lengths(boxes: list[Item]) -> list[float]:
    """By rank, how long its boxes are, with the gap before them."""
    count = max([box["rank"] for box in boxes]) + 1
    long, numbers = [0.0] * count, [0.0] * count
    for box in boxes:
        k = box["rank"]
        long[k] = max(long[k], box["size"][0])
        numbers[k] = max([numbers[k], *[each["label"][0] for each in box["ends"]]])
    return [CURVE + LEVEL + long[k] + numbers[k] for k in range(count)]


def row_starts(boxes: list[Item], gaps: list[float], length: float) -> list[int]:
    """The ranks where rows begin: rows are about full, and few arrows are cut."""
    count = len(gaps)
    cut, ahead = [0] * (count + 1), [0.0] * (count + 1)  # arrows over a start; names before it
    for box in boxes:
        wide = box["name"][0] if box["ends"] else box["size"][0]
        for each in box["starts"]:
            k = each["way"][-1]["rank"]
            ahead[k] = max(ahead[k], wide + CURVE + LEVEL)
            for j in range(box["rank"] + 1, k + 1):
                cut[j] += 1
    rows = int(add_up(gaps) / length) + 1
    least = 0.95 * add_up(gaps) / rows  # of a row, so that the last one is about full
    start = 0
    starts: list[int] = []
    while start < count:
        starts.append(start)
        long, end, best = ahead[start] + gaps[start], start + 1, start + 1
        while end < count and long + gaps[end] <= length:
            long += gaps[end]
            end += 1
            if long < least or cut[end] < cut[best]:
                best = end
        start = end if end == count else best
    return starts


def set_rows(boxes: list[Item], starts: list[int]) -> None:
    """A leaf stands in the row of its first use."""
    for box in boxes:
        box["row"] = len([k for k in starts if k <= box["rank"]]) - 1
    for box in boxes:
        if len(box["ends"]) == 0 and len(box["starts"]) > 0:
            box["row"] = min([each["way"][-1]["row"] for each in box["starts"]])


def names(box: Item, several: bool) -> list[Item]:
    """Names of a box, at which arrows begin that go into another row, or would be too long."""
    found: list[Item] = []
    at = box
    for each in sorted(box["starts"], key=lambda each: each["way"][-1]["rank"]):
        head = each["way"][-1]
        if head["row"] != at["row"] or (several and head["rank"] - at["rank"] > LONGEST):
            at = small_item(box["name"], head["rank"] - 1, head["row"], [box])
            found.append(at)
        each["way"][0] = at
    return found


def bends(each: Arrow) -> list[Item]:
    """The bends of an arrow, one in every rank that it passes; sets neighbours, too."""
    tail, head = each["way"]
    found = [
        small_item([0.0, BEND], k, head["row"], [])
        for k in range(tail["rank"] + 1, head["rank"])
    ]
    each["way"] = [tail, *found, head]
    for k in range(1, len(each["way"])):
        each["way"][k]["before"].append(each["way"][k - 1])
        each["way"][k - 1]["after"].append(each["way"][k])
    return found


def layered(items: list[Item]) -> list[list[Item]]:
    """By rank what stands there."""
    ranks = [each["rank"] for each in items]
    layers: list[list[Item]] = [[] for _ in range(min(ranks), max(ranks) + 1)] if ranks else []
    for each in items:
        layers[each["rank"] - min(ranks)].append(each)
    return layers


# ---------------------------------------------------------------- 3. order


def order(layers: list[list[Item]]) -> None:
    """Sorts each layer; of the orders that are met the one with the fewest crossings stays."""
    for layer in layers:
        count_off(layer)
    best, least = [[*layer] for layer in layers], crossings(layers)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else list(reversed(layers)):
            sort_layer(layer, sweep % 2 == 0)
        now = crossings(layers)
        if now < least or (now == least and sweep == 0):
            best, least = [[*layer] for layer in layers], now
    for k in range(len(layers)):
        layers[k] = best[k]
        count_off(layers[k])


def count_off(layer: list[Item]) -> None:
    for k in range(len(layer)):
        layer[k]["at"] = k - len(layer) / 2


def sort_layer(layer: list[Item], forth: bool) -> None:
    """By the mean place of the neighbours; a frame stays together, by the mean of its own."""
    totals: list[list[float]] = [
        [0.0, 0.0] for _ in range(max([max([-1, *i["frames"]]) for i in layer]) + 1)
    ]
    for each in layer:
        near = each["before"] if forth else each["after"]
        each["y"] = add_up([x["at"] for x in near]) / len(near) if near else each["at"]
        for frame in each["frames"]:
            totals[frame][0] += each["y"]
            totals[frame][1] += 1.0
    keys: list[list[float]] = []
    for each in layer:
        key: list[float] = []
        for frame in each["frames"]:
            key.append(totals[frame][0] / totals[frame][1])
            key.append(frame)
        key.append(each["fixed"] if each["fixed"] >= 0 else each["y"])
        keys.append(key)
    placed = [layer[k] for k in sorted(range(len(layer)), key=lambda k: keys[k])]
    for k in range(len(layer)):
        layer[k] = placed[k]
    count_off(layer)


def crossings(layers: list[list[Item]]) -> int:
    """How many arrows cross between neighbouring layers."""
    found = 0
    for k in range(1, len(layers)):
        width = len(layers[k - 1])
        seen = [0] * width  # by place in the layer before, the arrows so far
        for each in layers[k]:
            before = [int(x["at"] + width / 2) for x in each["before"]]
            for place in before:
                found += sum(seen[place + 1 :])
            for place in before:
                seen[place] += 1
    return found


# ---------------------------------------------------------------- 4. place


def set_across(layers: list[list[Item]]) -> None:
    """Near the neighbours' mean, in the order found; a long arrow's bends at one height."""
    for layer in layers:
        settle(layer, [0.0 for _ in layer], [1.0 for _ in layer])
    for sweep in range(SWEEPS + STRAIGHT):
        both, forth = sweep >= SWEEPS - 6, sweep % 2 == 0
        for layer in layers if forth else list(reversed(layers)):
            wanted: list[float] = []
            weights: list[float] = []
            for each in layer:
                near = [
                    *(each["before"] if both or forth else []),
                    *(each["after"] if both or not forth else []),
                ]
                pulls = [5.0 if x["size"][0] == 0.0 else 1.0 for x in near]
                total = add_up(pulls)
                mean = add_up([near[k]["y"] * pulls[k] for k in range(len(near))])
                wanted.append(mean / total if near else each["y"])
                weights.append(max(0.1, total * (3.0 if each["size"][0] == 0.0 else 1.0)))
            settle(layer, wanted, weights)


def settle(layer: list[Item], wanted: list[float], weights: list[float]) -> None:
    """The nearest places to those wanted that keep items apart: isotonic regression.

    Without the room that they need between them, items want to be in order. Those that do not
    form a block, which is where they want to be on average.
    """
    blocks: list[list[float]] = []  # first item, sum of what is wanted by weight, weight
    offsets: list[float] = []
    for k in range(len(layer)):
        offsets.append(offsets[-1] + room_between(layer[k - 1], layer[k]) if k > 0 else 0.0)
        blocks.append([k, (wanted[k] - offsets[k]) * weights[k], weights[k]])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] > blocks[-1][1] / blocks[-1][2]:
            blocks[-2][1] += blocks[-1][1]
            blocks[-2][2] += blocks[-1][2]
            del blocks[-1]
    for block in blocks:
        for k in range(int(block[0]), len(layer)):
            layer[k]["y"] = block[1] / block[2] + offsets[k]


def room_between(a: Item, b: Item) -> float:
    """From the middle of one to that of the next."""
    shared = len([frame for frame in a["frames"] if frame in b["frames"]])
    frames = max(len(a["frames"]), len(b["frames"])) - shared
    near = APART if a["size"][0] == 0.0 and b["size"][0] == 0.0 else BETWEEN
    return (a["size"][1] + b["size"][1]) / 2 + near + FRAME * frames


# ---------------------------------------------------------------- 5. route


def route(layers: list[list[Item]], length: float, top: float) -> Spot:
    """Sets places along, arrows and their numbers below `top`; how long and how far down."""
    wide = [max([each["size"][0] for each in layer]) for layer in layers]
    room, steep = [0.0] * len(layers), [0.0] * len(layers)  # for numbers, for steep arrows
    for k in range(len(layers)):
        for each in layers[k]:
            room[k] = max([room[k], *[end["label"][0] for end in each["ends"]]])
            rise = max([0.0, *[abs(each["y"] - x["y"]) for x in each["before"]]])
            steep[k] = max(steep[k], min(MOST_STEEP, STEEP * rise))
    spare = length - add_up(wide) - add_up(room) - (CURVE + LEVEL) * (len(layers) - 1)
    scale = max(0.0, min(1.0, spare / max(1.0, add_up(steep))))
    left = [0.0]
    for k in range(1, len(layers)):
        left.append(left[-1] + wide[k - 1] + CURVE + LEVEL + room[k] + scale * steep[k])
    above: list[float] = []
    below: list[float] = []
    for layer in layers:
        for each in layer:
            above.append(
                each["y"] - each["size"][1] / 2 - (FRAME - BELOW) * len(each["frames"])
            )
            below.append(each["y"] + each["size"][1] / 2 + BELOW * len(each["frames"]))
    for k in range(len(layers)):
        for each in layers[k]:
            each["y"] += top - min(above)
            each["x"] = left[k] + wide[k] / 2
            if len(each["before"]) == 0 and len(each["after"]) > 0:
                each["x"] = left[k] + wide[k] - each["size"][0] / 2  # near what uses it
            elif len(each["after"]) == 0:
                each["x"] = left[k] + each["size"][0] / 2
    right = [left[k] + wide[k] for k in range(len(layers))]
    begin = [left[k] - LEVEL - room[k] for k in range(len(layers))]  # of the straight pieces
    first = layers[0][0]["rank"]
    for layer in layers:
        for head in layer:
            ends = sorted(head["ends"], key=lambda end: end["way"][-2]["y"])
            ports = port_places(head, [end["label"][1] for end in ends])
            for j in range(len(ends)):
                draw_line(ends[j], ports[j], begin, right, first)
    return [right[-1], top + max(below) - min(above)]


def port_places(head: Item, numbers: list[float]) -> list[float]:
    """Where the arrows into a box end, which have numbers so high: around its middle."""
    needs = [x if x > 0.0 else PORT for x in numbers]
    room = head["size"][1] - 8.0 + (needs[0] + needs[-1]) / 2 if needs else 0.0
    scale = min(1.0, room / max(1.0, add_up(needs)))
    ports: list[float] = []
    at = head["y"] - scale * add_up(needs) / 2
    for need in needs:
        ports.append(at + scale * need / 2)
        at += scale * need
    return ports


def draw_line(
    each: Arrow, port: float, begin: list[float], right: list[float], first: int
) -> None:
    """The line of an arrow to a port: straight within ranks, curved between them."""
    tail, head = each["way"][0], each["way"][-1]
    line = [[tail["x"] + tail["size"][0] / 2, tail["y"]]]
    for k in range(1, len(each["way"])):
        at = each["way"][k]["rank"] - first
        line.append([right[at - 1], line[-1][1]])
        line.append([begin[at], port if k == len(each["way"]) - 1 else each["way"][k]["y"]])
    tip, half = head["x"] - head["size"][0] / 2, each["label"][0] / 2
    each["number"] = [max(tip - LEVEL + 2.0 - half, line[-1][0] + half), port]
    each["line"] = [*line, [tip, port]]
