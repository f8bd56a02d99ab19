"""SVG: boxes with name, operation, data and grad; edges with their local derivative.

The ids: the picture is `{prefix}`, a node `{prefix}-n{index}`, the edge into slot `s` of it
`{prefix}-e{index}-{s}`.
Inside a node the texts that may change have the classes `data` and `grad`, in an edge `local`.
"""

from __future__ import annotations

import hashlib
import math

from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.cards import BESIDE, INDENT, PAD, ROW, WIDEST_NAME
from autograd.show.drawing.fitting import PAPER_MARGIN, Drawing
from autograd.show.drawing.keys import layers_of, relative
from autograd.show.drawing.layout import ARROW
from autograd.show.drawing.options import Options
from autograd.show.drawing.records import SMALL, Box, Edge, Position, Sides
from autograd.show.drawing.style import style_sheet
from autograd.show.snapshot import Snapshot
from autograd.show.text import clipped, escape, format_number, width

__all__ = ["finer", "svg", "thickness"]

SCREEN, LARGEST = (1230.0, 800.0), 1.4  # pixels for a picture; how much it may grow
TOOLTIP = 2000  # characters of a tooltip
THIN, THICK = 0.8, 3.4  # the width of an arrow without weight, and what the heaviest adds
MANY = 60  # arrows, from which on they are drawn thinner


def svg(
    graph: Snapshot,
    drawing: Drawing,
    options: Options,
    prefix: str | None = None,
    static: bool = False,
) -> str:
    """The SVG of what is drawn of a graph.

    Args:
        options: what is shown and how.
        prefix: what every id begins with; made from the picture's content unless given.
        static: for renderers: colours are written out, and the paper is a rectangle.
    """
    lines = drawing.note
    (left, top), (widest, height) = drawing.layout.corner, drawing.size
    top -= PAPER_MARGIN + (len(lines) * ROW + PAD if lines else 0)
    notes = [_text(left, top + 16 + i * ROW, "note", line) for i, line in enumerate(lines)]
    body = "".join([*notes, _body(drawing)])
    name = graph.root.name[:100]
    title = options.title or f"Computation graph of {name}"
    described = (
        f"{graph.stats}. "
        f"{name} has the value {format_number(graph.root.data, options.format)}. "
        f"Each arrow goes from an input to what is computed of it. {' '.join(lines)}"
    )
    fitted, larger = "", 1.0
    if prefix is None:  # a small picture grows until its page is full
        larger = max(1.0, min(LARGEST, SCREEN[0] / widest, SCREEN[1] / height))
        fitted = ' style="max-width: 100%; height: auto"'
        content = f"{title}{described}{options.theme}{body}"
        prefix = "g" + hashlib.sha256(content.encode(errors="replace")).hexdigest()[:8]
    texts = f'aria-labelledby="{prefix}-title {prefix}-desc"'
    left -= PAPER_MARGIN
    view = f'viewBox="{left:.1f} {top:.1f} {widest:.1f} {height:.1f}"'
    if static:
        area = (
            f'x="{left - 9:.1f}" y="{top - 9:.1f}" '
            f'width="{widest + 18:.0f}" height="{height + 18:.0f}"'
        )
        body = f'<rect class="paper" {area}/>{body}'
    return (
        f'<svg id="{prefix}" class="autograd" role="img" {texts} '
        'xmlns="http://www.w3.org/2000/svg" '
        f'width="{math.ceil(widest * larger)}" height="{math.ceil(height * larger)}" '
        f"{view}{fitted}>\n"
        f'<title id="{prefix}-title">{escape(title)}</title>\n'
        f'<desc id="{prefix}-desc">{escape(described.strip())}</desc>\n'
        f"<style>{style_sheet(prefix, options.theme, static)}</style>\n"
        + body.replace('"@-', f'"{prefix}-')
        + "</svg>\n"
    )


# ---------------------------------------------------------------- elements


def _body(drawing: Drawing) -> str:
    drawn, layout = drawing.picture, drawing.layout
    body = "".join([_frame(path, place) for path, place in layout.frames.items()])
    amounts = [abs(edge.amount) for edge in drawn.edges if edge.amount]
    heaviest = max(amounts, default=1.0) * finer(drawn)
    body += "".join([_edge(edge, layout.names, heaviest) for edge in drawn.edges])
    body += "".join([_label(edge) for edge in drawn.edges if edge.label[0]])
    body += "".join([_chip(number, name) for number, name in enumerate(layout.names)])
    body += "".join([_node(box, box in drawn.roots) for box in drawn.boxes])
    return body


def _node(box: Box, root: bool) -> str:
    (left, top, _, _), w, h = box.sides, box.width, box.height
    classes = f"node {box.kind}" + " root" * root + " compact" * box.compact
    parts = [
        f'<g id="@-{box.id}" class="{classes}"><title>{escape(box.hint[:TOOLTIP])}</title>',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{w:.1f}" height="{h:.1f}" '
        f'rx="{9 if box.kind == "leaf" else 3}"/>',
    ]
    line = top + ROW - 3 + (h - len(box.lines) * ROW - PAD) / 2
    for line_parts in box.lines:
        at = left + PAD
        for part in line_parts:
            if part.side == "right":
                parts.append(_text(left + w - PAD, line, part.classes, part.text, "end"))
            else:
                indent = INDENT if part.text[:1] == " " else 0.0
                parts.append(_text(at + indent, line, part.classes, part.text.strip()))
                at += part.width + BESIDE
        line += ROW
    return "".join([*parts, "</g>\n"])


def _chip(number: int, name: Box) -> str:
    box = name.of or name
    text = _text(name.centre[0], name.centre[1] + SMALL * 0.35, "chip", box.name, "middle")
    tip = f"<title>{escape(box.hint[:TOOLTIP])}</title>"
    return f'<g id="@-c{number}" data-box="@-{box.id}">{tip}{text}</g>\n'


def _edge(edge: Edge, names: list[Box], heaviest: float) -> str:
    *curve, tip = edge.line
    pieces = [curve]
    if edge.label[0]:  # the end is straight, with a gap
        dx, dy = (tip[0] - curve[-1][0]) / ARROW, (tip[1] - curve[-1][1]) / ARROW
        half = abs(dx) * (width(edge.text, SMALL) / 2 + 1.0) + abs(dy) * SMALL * 0.7
        x, y = edge.number
        gap = [(x + k * half * dx, y + k * half * dy) for k in (-1, 1)]
        pieces = [[*curve[:-3], *[gap[0]] * 3], [*[gap[1]] * 3, curve[-1]]]
    path = "".join([f"M{_at(a)}C{' '.join(map(_at, rest))}" for a, *rest in pieces])
    kind, thick = "edge", ""
    if edge.amount is not None:
        kind = "edge down" if edge.amount < 0.0 else "edge up"
        thick = f' stroke-width="{thickness(edge.amount, heaviest):.2f}"'
    name = edge.way[0]
    chip = f' data-chip="@-c{names.index(name)}"' if name.kind == "name" else ""
    return (
        f'<g id="@-{edge.id}" class="{kind}"{chip}><title>{escape(edge.hint[:TOOLTIP])}</title>'
        f'<path d="{path}"{thick}/><polygon points="{_arrow(curve[-1], tip)}"/></g>\n'
    )


def thickness(amount: float, most: float) -> float:
    """The width of an arrow's line, where the largest amount is `most`."""
    return THIN + THICK * abs(amount) / most


def finer(drawn: Picture) -> int:
    """Return the number by which all arrows are thinner, as there are many."""
    return 1 if len(drawn.edges) <= MANY else 3


def _label(edge: Edge) -> str:
    """The number of an arrow, which no other arrow may hide."""
    x, y = edge.number
    text = _text(x, y + SMALL * 0.35, "local", edge.text, "middle")
    return f'<g id="@-{edge.id}-l"><title>{escape(edge.hint[:TOOLTIP])}</title>{text}</g>\n'


def _arrow(base: Position, tip: Position) -> str:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    sides = [(base[0] - dy * 0.4, base[1] + dx * 0.4), (base[0] + dy * 0.4, base[1] - dx * 0.4)]
    return " ".join([_at(point) for point in (sides[0], tip, sides[1])])


def _frame(path: str, sides: Sides) -> str:
    left, top, w, h = sides[0], sides[1], sides[2] - sides[0], sides[3] - sides[1]
    title = clipped(relative(path, layers_of(path)[:-1]), SMALL, min(WIDEST_NAME, w - 2 * PAD))
    return (
        f'<g class="cluster"><title>{escape(path)}</title><rect x="{left:.1f}" y="{top:.1f}" '
        f'width="{w:.1f}" height="{h:.1f}" rx="6"/>'
        f"{_text(left + PAD, top + SMALL + 2, 'path', title)}</g>\n"
    )


def _text(x: float, y: float, classes: str, text: str, anchor: str = "") -> str:
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}"{side}>{escape(text)}</text>'


def _at(point: Position) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
