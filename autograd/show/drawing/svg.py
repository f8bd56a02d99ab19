"""SVG: boxes with name, operation, data and grad; edges with their local derivative.

The ids: the picture is `{prefix}`, a node `{prefix}-n{index}`, the edge into slot `s` of it
`{prefix}-e{index}-{s}`; the copies of a leaf have `-u1`, `-u2` … after its id.
Inside a node the texts that may change have the classes `data` and `grad`, in an edge `local`.
"""

from __future__ import annotations

import hashlib
import math
import textwrap
from collections.abc import Mapping

from autograd.show.drawing.boxes import Box, Edge, Picture, picture
from autograd.show.drawing.grouping import group, layers_of, relative
from autograd.show.drawing.layout import (
    PAGE,
    SMALL,
    WIDEST_NAME,
    Card,
    Layout,
    Position,
    align_sizes,
    lay_out,
)
from autograd.show.drawing.options import Options
from autograd.show.drawing.style import style_sheet
from autograd.show.snapshot import Snapshot
from autograd.show.text import clipped, escape, format_number, width

__all__ = ["draw"]

TITLE, TEXT = 13, 12  # sizes of the fonts, in pixels
ROW, PAD, GAP = 18, 8, 10
PAPER_MARGIN = 8.0
CHARACTER = 6.5  # the width of a character of the note, roughly
TOOLTIP = 2000  # characters of a tooltip
THIN, THICK = 0.8, 3.4  # the width of an arrow without weight, and what the heaviest adds
FEWEST = 12  # boxes that are drawn even where they do not fit a page
MANY = 60  # arrows, from which on they are drawn thinner
DENSE = 150  # with more edges than this, and than two a box, they are drawn fainter


def draw(
    graph: Snapshot,
    *,
    options: Options,
    reserve: Mapping[int, str] | None = None,
    prefix: str | None = None,
    static: bool = False,
) -> str:
    """The picture as SVG.

    Args:
        options: what is shown and how.
        reserve: by node index, the widest text that a page will put into a cell of the node.
        prefix: what every id begins with; made from the picture's content unless given.
        static: for renderers: colours are written out, and the paper is a rectangle.

    Raises:
        LayoutError: there is no layout engine, it failed or took too long.
    """
    wide = reserve or {}
    shrinks = options.collapse == "auto" and options.max_nodes == Options().max_nodes
    grouping = group(graph, options)
    while True:
        drawn = picture(graph, options, grouping)
        cards = [
            _card(box, options, wide.get(box.node.index, "") if box.node else "")
            for box in drawn.boxes
        ]
        cards = align_sizes(cards, drawn)
        layout = lay_out(drawn, cards, options)
        (w, h), (page_w, page_h) = layout.size, PAGE
        over = max(w / page_w, h / page_h)
        most = min(len(cards), options.max_nodes or len(cards))
        if not (shrinks and drawn.note) or over <= 1.0 or most <= FEWEST:
            break
        options = options.changed(max_nodes=max(FEWEST, int(most / max(over, 1.2))))
    body = "".join([_frame(path, place) for path, place in layout.frames.items()])
    heaviest = drawn.heaviest * (1 if len(drawn.edges) <= MANY else 3)
    body += "".join([_edge(edge, layout, heaviest) for edge in drawn.edges])
    body += "".join([_label(edge, layout) for edge in drawn.edges])
    body += "".join([_node(card, layout.boxes[card.box.id], drawn) for card in cards])
    return _document(graph, options, drawn, body, layout.size, prefix, static)


# ---------------------------------------------------------------- sizes


def _card(box: Box, options: Options, reserve: str) -> Card:
    most = WIDEST_NAME * (2 if box.kind == "group" else 1)
    title, op = [clipped(text, TITLE, most) for text in (box.title, box.op)]
    rows = box.rows
    widths = [width(title, TITLE) * 1.08]  # bold
    beside = GAP + width(op, TITLE)
    several = ", " in op or op[:1].isdigit()  # an activation alone stands beside the title
    below = box.kind == "group" and several
    if below:
        widths.append(width(op, SMALL))
    elif op:
        widths[0] += beside
    numbers = [number for _, number in rows] + ([reserve] if rows else [])
    widths += [width(rows[-1][0], SMALL) + GAP + width(number, TEXT) for number in numbers]
    size = max(widths) + 2 * PAD, (1 + below + len(rows)) * ROW + PAD
    return Card(box, title, op, below, rows, size)


# ---------------------------------------------------------------- elements


def _node(card: Card, centre: Position, drawn: Picture) -> str:
    box, (w, h) = card.box, card.size
    left, top = centre[0] - w / 2, centre[1] - h / 2
    right = left + w - PAD
    classes = f"node {box.kind}" + (" root" if box in drawn.roots else "")
    parts = [
        f'<g id="@-{box.id}" class="{classes}"><title>{escape(box.hint[:TOOLTIP])}</title>',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{w:.1f}" height="{h:.1f}" '
        f'rx="{9 if box.kind in ("leaf", "use") else 3}"/>',
    ]
    line = top + ROW - 3
    if box.kind == "more":
        parts.append(_text(centre[0], line, "name", card.title, "middle"))
    else:
        name = (
            "name" if box.node is None or box.node.label or box.kind == "group" else "name auto"
        )
        parts.append(_text(left + PAD, line, name, card.title))
    if card.below:
        line += ROW
        parts.append(_text(left + PAD, line, "what", card.op))
    elif card.op:
        parts.append(_text(right, line, "op", card.op, "end"))
    for caption, number in card.rows:
        line += ROW
        parts.append(_text(left + PAD, line, "caption", caption))
        parts.append(_text(right, line, caption, number, "end"))
    return "".join([*parts, "</g>\n"])


def _edge(edge: Edge, layout: Layout, heaviest: float) -> str:
    points, _ = layout.edges[edge.id]
    start, *curve, tip = points
    path = f"M{_at(start)}C" + " ".join([_at(point) for point in curve])
    kind, thick = "edge", ""
    if edge.weight is not None:
        kind = "edge down" if edge.weight < 0.0 else "edge up"
        thick = f' stroke-width="{THIN + THICK * abs(edge.weight) / heaviest:.2f}"'
    return (
        f'<g id="@-{edge.id}" class="{kind}"><title>{escape(edge.hint[:TOOLTIP])}</title>'
        f'<path d="{path}"{thick}/><polygon points="{_arrow(points[-2], tip)}"/></g>\n'
    )


def _label(edge: Edge, layout: Layout) -> str:
    """The number of an arrow, which no other arrow may hide."""
    _, at = layout.edges[edge.id]
    if at is None or not edge.local:
        return ""
    text = _text(at[0], at[1] + SMALL * 0.35, "local", edge.local, "middle")
    return f'<g id="@-{edge.id}-l"><title>{escape(edge.hint[:TOOLTIP])}</title>{text}</g>\n'


def _arrow(base: Position, tip: Position) -> str:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    sides = [(base[0] - dy * 0.4, base[1] + dx * 0.4), (base[0] + dy * 0.4, base[1] - dx * 0.4)]
    return " ".join([_at(point) for point in (sides[0], tip, sides[1])])


def _frame(path: str, place: tuple[float, float, float, float]) -> str:
    left, top, w, h = place
    title = clipped(relative(path, layers_of(path)[:-1]), SMALL, min(WIDEST_NAME, w - 2 * PAD))
    return (
        f'<g class="cluster"><title>{escape(path)}</title><rect x="{left:.1f}" y="{top:.1f}" '
        f'width="{w:.1f}" height="{h:.1f}" rx="6"/>'
        f"{_text(left + PAD, top + SMALL + 4, 'path', title)}</g>\n"
    )


def _text(x: float, y: float, classes: str, text: str, anchor: str = "") -> str:
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}"{side}>{escape(text)}</text>'


def _at(point: Position) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


# ---------------------------------------------------------------- the whole


def _document(
    graph: Snapshot,
    options: Options,
    drawn: Picture,
    body: str,
    size: Position,
    prefix: str | None,
    static: bool,
) -> str:
    lines = textwrap.wrap(drawn.note, int(max(size[0], 320.0) / CHARACTER))
    widest = max([size[0], *[width(line, TEXT) for line in lines]]) + 2 * PAPER_MARGIN
    above = PAPER_MARGIN + (len(lines) * ROW + PAD if lines else 0)
    notes = [_text(0.0, 16 + i * ROW - above, "note", line) for i, line in enumerate(lines)]
    body = "".join([*notes, body])
    height = above + size[1] + PAPER_MARGIN
    name = graph.root.name[:100]
    title = options.title or f"Computation graph of {name}"
    described = (
        f"{graph.stats}. "
        f"{name} has the value {format_number(graph.root.data, options.format)}. "
        f"Each arrow goes from an input to what is computed of it. {drawn.note}"
    )
    dense = " fan" if len(drawn.edges) > max(DENSE, 2 * len(drawn.boxes)) else ""
    fitted = ""
    if prefix is None:
        fitted = ' style="max-width: 100%; height: auto"'
        content = f"{title}{described}{options.theme}{body}"
        prefix = "g" + hashlib.sha256(content.encode(errors="replace")).hexdigest()[:8]
    texts = f'aria-labelledby="{prefix}-title {prefix}-desc"'
    view = f'viewBox="{-PAPER_MARGIN:g} {-above:g} {widest:.1f} {height:.1f}"'
    if static:
        area = (
            f'x="-20" y="{-above - 9:g}" width="{widest + 40:.0f}" height="{height + 18:.0f}"'
        )
        body = f'<rect class="paper" {area}/>{body}'
    return (
        f'<svg id="{prefix}" class="autograd{dense}" role="img" {texts} '
        'xmlns="http://www.w3.org/2000/svg" '
        f'width="{math.ceil(widest)}" height="{math.ceil(height)}" {view}{fitted}>\n'
        f'<title id="{prefix}-title">{escape(title)}</title>\n'
        f'<desc id="{prefix}-desc">{escape(described.strip())}</desc>\n'
        f"<style>{style_sheet(prefix, options.theme, static)}</style>\n"
        + body.replace('"@-', f'"{prefix}-')
        + "</svg>\n"
    )
