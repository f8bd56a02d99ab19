"""Where everything goes, by Graphviz's `dot`: `layout="dot"`.

The engine is given sizes and gives back places. No text of the graph goes through it, so no
label can break a layout.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autograd.show.drawing import engine
from autograd.show.drawing.boxes import Box, Edge, Frame, Picture
from autograd.show.drawing.cards import SMALL, WIDEST_NAME, Card
from autograd.show.drawing.dot import build
from autograd.show.drawing.layout import AXES, Layout, Position
from autograd.show.drawing.options import Options
from autograd.show.text import clipped, width

__all__ = ["align_sizes", "lay_out"]

LABELLED = 1000  # with more edges than this the layout keeps no room for their numbers


def align_sizes(cards: Sequence[Card], drawn: Picture) -> list[Card]:
    """The cards, those of leaves that may change places as wide as the widest of them."""
    by_box = {card.box: card for card in cards}
    for edges in _interchangeable(drawn):
        few = [by_box[edge.tail] for edge in edges]
        size = max([card.size for card in few])
        by_box |= {card.box: replace(card, size=size) for card in few}
    return list(by_box.values())


def lay_out(drawn: Picture, cards: Sequence[Card], options: Options) -> Layout:
    """The engine's answer for rectangles, and for the room that texts need.

    Raises:
        LayoutError: there is no layout engine, it failed or took too long.
    """
    sizes = {card.box: card.size for card in cards}
    labelled = len(drawn.edges) <= LABELLED
    widths = {edge: width(edge.text, SMALL) for edge in drawn.edges}
    for edges in _interchangeable(drawn):
        widths |= dict.fromkeys(edges, max([widths[edge] for edge in edges]))

    def node(box: Box) -> dict[str, str]:
        w, h = [f"{side / 72:.4f}" for side in sizes[box]]
        return {"width": w, "height": h}

    def edge(arrow: Edge) -> dict[str, str]:
        weight = {} if arrow.tail.kind in ("leaf", "use") else {"weight": "4"}
        if not arrow.text or not labelled:
            return weight
        return weight | {"label": _room(widths[arrow] + 8, SMALL + 5)}

    def cluster(frame: Frame) -> dict[str, str]:
        title = clipped(frame.title, SMALL, WIDEST_NAME)
        label = _room(width(title, SMALL), SMALL + 3)
        side = "b" if options.rankdir == "BT" else "t"  # turned round with the rest
        return {"labeljust": "l", "labelloc": side, "margin": "10", "label": label}

    around = {"nodesep": "0.25", "ranksep": "0.4", "margin": "0"}
    defaults = {
        "graph_attr": {"rankdir": options.rankdir, **around},
        "node_attr": {"shape": "box", "fixedsize": "true", "label": ""},
        "edge_attr": {"arrowsize": "0.7"},
    }
    source = build(drawn, defaults, node, edge, cluster).source
    answer = engine.run_dot(source, "json0", options.engine, options.timeout)
    return _as_operands(_parsed(answer), drawn, options.rankdir)


def _room(w: float, h: float) -> str:
    return (
        f'<<TABLE BORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" '
        f'WIDTH="{math.ceil(w)}" HEIGHT="{math.ceil(h)}"><TR><TD></TD></TR></TABLE>>'
    )


def _parsed(answer: str) -> Layout:
    """The places that the engine gives, as its json0 format has them."""
    found = json.loads(answer)
    _, _, total, height = _coordinates(found["bb"])
    objects: Sequence[dict[str, Any]] = found.get("objects", [])

    def points(text: str) -> list[Position]:
        pairs = [_coordinates(pair) for pair in text.split()]
        return [(round(x, 2), round(height - y, 2)) for x, y in pairs]

    frames: dict[str, tuple[float, float, float, float]] = {}
    for item in objects:
        if "bb" in item and "id" in item:
            left, bottom, right, top = _coordinates(item["bb"])
            frames[item["id"]] = (left, height - top, right - left, top - bottom)
    edges: dict[str, tuple[list[Position], Position | None]] = {}
    for edge in found.get("edges", []):
        tip, _, curve = edge["pos"].removeprefix("e,").partition(" ")
        curves = points(curve)
        label = points(edge["lp"])[0] if "lp" in edge else _middle(curves)
        edges[edge["id"]] = (curves + points(tip), label)
    return Layout(
        size=(total, height),
        boxes={item["id"]: points(item["pos"])[0] for item in objects if "pos" in item},
        edges=edges,
        frames=frames,
    )


def _middle(points: Sequence[Position]) -> Position:
    """About half way along Bézier curves."""
    (x, y), (to_x, to_y) = points[(len(points) - 1) // 2], points[len(points) // 2]
    return (x + to_x) / 2, (y + to_y) / 2


def _coordinates(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


# ---------------------------------------------------------------- leaves of one operation


def _interchangeable(drawn: Picture) -> list[list[Edge]]:
    """The arrows from leaves that have no other and lie in the same frame, by their head."""
    uses = Counter([edge.tail for edge in drawn.edges])
    alike: dict[tuple[Box, tuple[str, ...]], list[Edge]] = {}
    for edge in drawn.edges:
        if edge.tail.kind in ("leaf", "use") and uses[edge.tail] == 1:
            alike.setdefault((edge.head, edge.tail.modules), []).append(edge)
    return list(alike.values())


def _as_operands(layout: Layout, drawn: Picture, rankdir: str) -> Layout:
    """Leaves that may change places, in the order of the operands."""
    across = 1 - AXES[rankdir][0]
    boxes, arrows = dict(layout.boxes), dict(layout.edges)
    for edges in _interchangeable(drawn):
        placed = sorted(edges, key=lambda edge: layout.boxes[edge.tail.id][across])
        for edge, there in zip(edges, placed):
            boxes[edge.tail.id] = layout.boxes[there.tail.id]
            arrows[edge.id] = layout.edges[there.id]
    return replace(layout, boxes=boxes, edges=arrows)
