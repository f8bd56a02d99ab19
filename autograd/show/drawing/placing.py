"""Where everything goes: cards of a known size, arranged by the layout engine.

Engines only mind where arrows cross. Leaves of one operation can change places without a
crossing, and are put in the order of the operands afterwards.

Where neurons are drawn as boxes, almost everything is linked with everything: the engine
then only gives ranks and places, and the arrows are fans of curves between the layers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from autograd.show.drawing.engine import Layout, Point, lay_out
from autograd.show.drawing.groups import within
from autograd.show.drawing.options import Options
from autograd.show.drawing.picture import Box, Edge, Picture
from autograd.show.drawing.words import clipped, width

__all__ = ["SMALL", "WIDEST", "Card", "evened", "place"]

SMALL = 11  # the font size of captions and derivatives, in pixels
WIDEST = 170.0  # of a name; what is longer is cut, and whole in the tooltip
LABELLED = 1000  # with more edges than this the layout keeps no room for their numbers
FAN = 1.5  # edges a box, from which on collapsed neurons are linked by fans
ARROW = 8.0  # the length of an arrowhead
# The axis along which the arrows go, and which way.
AXES = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """A box with its texts and its size: `rows` has pairs of a caption and a number."""

    box: Box
    title: str
    op: str
    rows: tuple[tuple[str, str], ...]
    size: Point


def evened(cards: Sequence[Card], drawn: Picture) -> list[Card]:
    """The cards, those of leaves that may change places as wide as the widest of them."""
    by_box = {card.box: card for card in cards}
    for edges in _alike(drawn):
        few = [by_box[edge.tail] for edge in edges]
        size = max([card.size for card in few])
        by_box |= {card.box: replace(card, size=size) for card in few}
    return list(by_box.values())


def place(drawn: Picture, cards: Sequence[Card], options: Options) -> Layout:
    """The places of the cards, the arrows and the frames around neurons and layers.

    Raises:
        LayoutError: there is no layout engine, it failed or took too long.
    """
    groups = any(box.kind == "group" for box in drawn.boxes)
    if groups and len(drawn.edges) >= FAN * len(cards):
        layout = _laid_out(drawn, cards, options, fans=True)
        if _layered(layout, drawn.edges, options.rankdir):
            return _with_fans(layout, cards, drawn.edges, options.rankdir)
    return _as_operands(_laid_out(drawn, cards, options, fans=False), drawn, options.rankdir)


def _laid_out(drawn: Picture, cards: Sequence[Card], options: Options, fans: bool) -> Layout:
    source = _source(drawn, cards, options.rankdir, fans)
    return lay_out(source, options.engine, options.timeout)


# ---------------------------------------------------------------- asked of the engine


def _source(drawn: Picture, cards: Sequence[Card], rankdir: str, fans: bool) -> str:
    """DOT for the layout alone: rectangles, and the room that texts need."""
    apart = "ranksep=1.2, splines=false" if fans else "ranksep=0.4"
    lines = [
        f"digraph {{ graph [rankdir={rankdir}, nodesep=0.25, {apart}, margin=0]",
        'node [shape=box, fixedsize=true, label=""] edge [arrowsize=0.7]',
    ]
    inside: dict[tuple[str, ...], list[str]] = {}
    cards_of = {card.box: card for card in cards}
    for card in [cards_of[box] for box in _as_read(drawn)]:
        w, h = [f"{side / 72:.4f}" for side in card.size]
        line = f'"{card.box.id}" [id="{card.box.id}", width={w}, height={h}]'
        inside.setdefault(card.box.clusters, []).append(line)
    lines += _nested(inside, ())
    labelled = len(drawn.edges) <= LABELLED and not fans
    wide = {edge: width(edge.local, SMALL) for edge in drawn.edges}
    for edges in _alike(drawn):
        wide |= dict.fromkeys(edges, max([wide[edge] for edge in edges]))
    for edge in drawn.edges:
        room = ", weight=4" if edge.tail.kind != "leaf" else ""
        if edge.local and labelled:
            room += f", label={_room(wide[edge] + 8, SMALL + 5)}"
        lines.append(f'"{edge.tail.id}" -> "{edge.head.id}" [id="{edge.id}"{room}]')
    return "\n".join([*lines, "}"])


def _as_read(drawn: Picture) -> list[Box]:
    """The boxes as a formula names them, first operands first; engines begin with that."""
    into: dict[Box, list[Box]] = {}
    for edge in drawn.edges:
        into.setdefault(edge.head, []).append(edge.tail)
    entered: set[Box] = set()
    order: dict[Box, None] = {}
    stack = drawn.roots[::-1]
    while stack:
        box = stack[-1]
        new = [] if box in entered else [x for x in into.get(box, []) if x not in entered]
        entered.add(box)
        if new:
            stack += reversed(new)
        else:
            order[stack.pop()] = None
    return list(order)


def _nested(inside: Mapping[tuple[str, ...], list[str]], around: tuple[str, ...]) -> list[str]:
    """What is in a frame: boxes, and further frames as subgraphs."""
    lines = list(inside.get(around, []))
    depth = len(around)
    deeper = {path[: depth + 1]: None for path in inside if path[:depth] == around != path}
    for path in deeper:
        title = clipped(within(path[-1], around), SMALL, WIDEST)
        lines.append(
            f'subgraph "cluster_{path[-1]}" {{ id="{path[-1]}"; labeljust=l; margin=10'
        )
        lines.append(f"label={_room(width(title, SMALL), SMALL + 3)}")
        lines += [*_nested(inside, path), "}"]
    return lines


def _room(w: float, h: float) -> str:
    return (
        f'<<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" '
        f'WIDTH="{math.ceil(w)}" HEIGHT="{math.ceil(h)}"><TR><TD></TD></TR></TABLE>>'
    )


# ---------------------------------------------------------------- leaves of one operation


def _alike(drawn: Picture) -> list[list[Edge]]:
    """The arrows from leaves that have no other and lie in the same frame, by their head."""
    uses = Counter([edge.tail for edge in drawn.edges])
    alike: dict[tuple[Box, tuple[str, ...]], list[Edge]] = {}
    for edge in drawn.edges:
        if edge.tail.kind == "leaf" and uses[edge.tail] == 1:
            alike.setdefault((edge.head, edge.tail.clusters), []).append(edge)
    return list(alike.values())


def _as_operands(layout: Layout, drawn: Picture, rankdir: str) -> Layout:
    """Leaves that may change places, in the order of the operands."""
    across = 1 - AXES[rankdir][0]
    boxes, arrows = dict(layout.boxes), dict(layout.edges)
    for edges in _alike(drawn):
        placed = sorted(edges, key=lambda edge: layout.boxes[edge.tail.id][across])
        for edge, there in zip(edges, placed):
            boxes[edge.tail.id] = layout.boxes[there.tail.id]
            arrows[edge.id] = layout.edges[there.id]
    return replace(layout, boxes=boxes, edges=arrows)


# ---------------------------------------------------------------- fans


def _layered(layout: Layout, edges: Sequence[Edge], rankdir: str) -> bool:
    """Whether every edge goes from one rank to the next."""
    axis, sign = AXES[rankdir]
    at = {id: round(place[axis]) * sign for id, place in layout.boxes.items()}
    rank = {place: number for number, place in enumerate(sorted(set(at.values())))}
    return all(rank[at[e.head.id]] - rank[at[e.tail.id]] == 1 for e in edges)


def _with_fans(
    layout: Layout, cards: Sequence[Card], edges: Sequence[Edge], rankdir: str
) -> Layout:
    """Boxes of a rank in the order of their names, and curves from side to side."""
    along, sign = AXES[rankdir]
    ranks: dict[tuple[object, ...], list[Box]] = {}
    for card in cards:
        at = round(layout.boxes[card.box.id][along])
        ranks.setdefault((at, card.box.clusters, card.box.kind), []).append(card.box)
    boxes: dict[str, Point] = {}
    for rank in ranks.values():
        places = sorted([layout.boxes[box.id] for box in rank], key=lambda at: at[1 - along])
        boxes |= zip([box.id for box in sorted(rank, key=_natural)], places)
    sizes = {card.box.id: card.size for card in cards}

    def side(box: Box, sign: int) -> Point:
        centre, half = boxes[box.id], sizes[box.id][along] / 2
        return _moved(centre, along, sign * half)

    curves: dict[str, tuple[list[Point], Point | None]] = {}
    for edge in edges:
        start, tip = side(edge.tail, sign), side(edge.head, -sign)
        end = _moved(tip, along, -sign * ARROW)
        reach = (end[along] - start[along]) / 2
        bends = [_moved(start, along, reach), _moved(end, along, -reach)]
        curves[edge.id] = ([start, *bends, end, tip], None)
    return replace(layout, boxes=boxes, edges=curves)


def _moved(point: Point, axis: int, by: float) -> Point:
    return (point[0] + by, point[1]) if axis == 0 else (point[0], point[1] + by)


def _natural(box: Box) -> list[tuple[int, str]]:
    """A key that puts `neurons.2` before `neurons.10`."""
    parts = re.split(r"(\d+)", box.title)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
