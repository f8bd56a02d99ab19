"""The picture as a `graphviz.Digraph`, with HTML-like labels, for Graphviz to lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.keys import layers_of, relative
from autograd.show.drawing.options import Options
from autograd.show.drawing.records import Box
from autograd.show.drawing.style import DARK, LIGHT
from autograd.show.text import FONTS, clipped, escape, printable

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["digraph"]

FONT = FONTS.partition(",")[0]
WIDEST_IN_EMS = 20.0  # of a text, in units of the font's size
LONGEST_TOOLTIP = 1000  # characters of a tooltip


def digraph(drawn: Picture, options: Options, title: str) -> Digraph:
    """The picture for Graphviz to draw; the same source for the same graph.

    Raises:
        ImportError: the package `graphviz` is missing.
    """
    try:
        from graphviz import Digraph
        from graphviz import escape as quoted
    except ImportError as error:
        hint = "the package graphviz is missing; pip install 'scalar-autograd[viz]'"
        raise ImportError(hint) from error

    def tip(text: str) -> str:
        return str(quoted(printable(text[:LONGEST_TOOLTIP])))

    colours = DARK if options.theme == "dark" else LIGHT
    font = {"fontname": FONT, "fontcolor": colours["ink"], "color": colours["line"]}
    dot = Digraph(
        graph_attr={
            "rankdir": options.rankdir,
            "bgcolor": colours["paper"],
            "label": f"<{escape(drawn.note)}>" if drawn.note else "",
            "labelloc": "t",
            "tooltip": tip(title),
            **font,
        },
        node_attr={"shape": "box", "fontsize": "12", "margin": "0.05", **font},
        edge_attr={"arrowsize": "0.7", "fontsize": "10", **font},
    )
    for box in drawn.boxes:
        part = Digraph()
        part.node(
            box.id,
            f"<{_table(box)}>",
            id=box.id,
            style="rounded,filled" if box.kind == "leaf" else "filled",
            fillcolor=colours.get(box.kind, colours["paper"]),
            penwidth="2.5" if box in drawn.roots else "1",
            tooltip=tip(box.hint),
        )
        for path in reversed(box.modules):  # clusters of the same name are one
            around = Digraph(f"cluster_{path}")
            label = escape(relative(path, layers_of(path)[:-1]))
            around.attr(label=f"<{label}>", style="dashed", color=colours["line"])
            around.subgraph(part)
            part = around
        dot.subgraph(part)
    for edge in drawn.edges:
        label = f"<{escape(edge.text)}>" if edge.text else ""
        dot.edge(edge.tail.id, edge.head.id, label, id=edge.id, tooltip=tip(edge.hint))
    return dot


def _table(box: Box) -> str:
    title, op = [
        escape(clipped(text, 1, WIDEST_IN_EMS)) for text in (box.title, box.op or box.content)
    ]
    rows = [(f"<B>{title}</B>", op or " "), *[(c, escape(number)) for c, number in box.rows]]
    cells = [f'<TD ALIGN="LEFT">{a}</TD><TD ALIGN="RIGHT">{b}</TD>' for a, b in rows]
    body = "".join([f"<TR>{row}</TR>" for row in cells])
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{body}</TABLE>'
