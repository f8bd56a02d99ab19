"""The picture as a `graphviz.Digraph`, with HTML-like labels."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autograd.show.drawing import engine
from autograd.show.drawing.boxes import Box, Edge, Frame, Picture
from autograd.show.drawing.options import Options
from autograd.show.drawing.style import DARK, LIGHT
from autograd.show.text import FONTS, clipped, escape, printable

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["build", "digraph"]

FONT = FONTS.partition(",")[0]
WIDEST_IN_EMS = 20.0  # of a text, in units of the font's size
LONGEST_TOOLTIP = 1000  # characters of a tooltip
BOX_STYLES = {"leaf": "rounded,filled", "use": "rounded,filled,dashed", "more": "dashed"}

Attributes = dict[str, str]


def build(
    drawn: Picture,
    defaults: Mapping[str, Attributes],
    node: Callable[[Box], Attributes],
    edge: Callable[[Edge], Attributes],
    cluster: Callable[[Frame], Attributes],
) -> Digraph:
    """A Digraph of the boxes, in clusters by their modules, and of the edges.

    Args:
        defaults: the attributes of all: `graph_attr`, `node_attr` and `edge_attr`.
        node, edge, cluster: the attributes of one; its `id` is set here.

    Raises:
        LayoutError: the package `graphviz` is missing.
    """
    graphviz = engine.graphviz()

    def fill(dot: Digraph, frame: Frame) -> None:
        for box in frame.boxes:
            dot.node(box.id, id=box.id, **node(box))
        for inner in frame.frames.values():
            part = graphviz.Digraph(f"cluster_{inner.path}")
            part.attr(id=inner.path, **cluster(inner))
            fill(part, inner)
            dot.subgraph(part)

    dot: Digraph = graphviz.Digraph(**defaults)
    fill(dot, drawn.frame())
    for arrow in drawn.edges:
        dot.edge(arrow.tail.id, arrow.head.id, id=arrow.id, **edge(arrow))
    return dot


def digraph(drawn: Picture, options: Options, title: str) -> Digraph:
    """The picture for Graphviz to draw; the same source for the same graph.

    Where PATH has no `dot`, the package `graphviz` is told to run the engine that is found.

    Raises:
        LayoutError: the package `graphviz` is missing.
    """
    graphviz = engine.graphviz()
    command = engine.find(options.engine)
    if command is not None and shutil.which("dot") is None:
        graphviz.backend.dot_command.DOT_BINARY = Path(command)
    colours = DARK if options.theme == "dark" else LIGHT

    def node(box: Box) -> Attributes:
        style = BOX_STYLES.get(box.kind, "filled")
        kind = "leaf" if box.kind == "use" else box.kind
        return {
            "label": f"<{_table(box)}>",
            "style": style,
            "fillcolor": colours.get(kind, colours["paper"]),
            "penwidth": "2.5" if box in drawn.roots else "1",
            "tooltip": _tooltip(box.hint),
        }

    def edge(arrow: Edge) -> Attributes:
        weight = {} if arrow.tail.kind in ("leaf", "use") else {"weight": "4"}
        label = {"label": f"<{escape(arrow.text)}>"} if arrow.text else {}
        return label | weight | {"tooltip": _tooltip(arrow.hint)}

    def cluster(frame: Frame) -> Attributes:
        return {
            "label": f"<{escape(frame.title)}>",
            "labeljust": "l",
            "style": "dashed",
            "color": colours["line"],
            "tooltip": frame.path,
        }

    def font(size: int, colour: str) -> Attributes:
        return {"fontname": FONT, "fontsize": str(size), "fontcolor": colours[colour]}

    line = {"color": colours["line"]}
    defaults = {
        "graph_attr": {
            "rankdir": options.rankdir,
            "bgcolor": colours["paper"],
            **font(12, "ink"),
            "labelloc": "t",
            "labeljust": "l",
            "label": f"<{escape(drawn.note)}>" if drawn.note else "",
            "tooltip": _tooltip(title),
        },
        "node_attr": {
            "shape": "box", "style": "filled", "margin": "0.05", **font(12, "ink"), **line,
        },
        "edge_attr": {"arrowsize": "0.7", **font(10, "local"), **line},
    }  # fmt: skip
    return build(drawn, defaults, node, edge, cluster)


def _table(box: Box) -> str:
    title, op = [escape(clipped(text, 1, WIDEST_IN_EMS)) for text in (box.title, box.op)]
    rows = [f'<TR><TD ALIGN="LEFT"><B>{title}</B></TD>']
    if box.kind == "group":
        rows.append(f'</TR><TR><TD ALIGN="LEFT">{op}</TD></TR>')
    else:
        rows.append(f'<TD ALIGN="RIGHT">{op or " "}</TD></TR>')
    rows += [
        f'<TR><TD ALIGN="LEFT">{name}</TD><TD ALIGN="RIGHT">{escape(number)}</TD></TR>'
        for name, number in box.rows
    ]
    return f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>'


def _tooltip(text: str) -> str:
    escaped: str = engine.graphviz().escape(printable(text[:LONGEST_TOOLTIP]))
    return escaped
