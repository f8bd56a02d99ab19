"""The picture as a `graphviz.Digraph`, for Graphviz to lay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.keys import layers_of, relative
from autograd.show.drawing.options import Options
from autograd.show.drawing.style import DARK, LIGHT
from autograd.show.text import FONTS, printable

if TYPE_CHECKING:
    from graphviz import Digraph

__all__ = ["digraph"]

FONT = FONTS.partition(",")[0]
LONGEST = 1000  # characters of a text


def digraph(drawn: Picture, options: Options) -> Digraph:
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

    def plain(text: str) -> str:
        return str(quoted(printable(text[:LONGEST])))

    colours = DARK if options.theme == "dark" else LIGHT
    font = {"fontname": FONT, "fontcolor": colours["ink"], "color": colours["line"]}
    dot = Digraph(
        graph_attr={
            "rankdir": options.rankdir,
            "bgcolor": colours["paper"],
            "label": plain(drawn.note),
            "tooltip": plain(options.title or ""),
            **font,
        },
        node_attr={"shape": "box", **font},
        edge_attr=font,
    )
    for box in drawn.boxes:
        part = Digraph()
        numbers = [f"{caption} {number}" for caption, number in box.rows]
        lines = [text for text in (box.title, box.op or box.content, *numbers) if text]
        part.node(
            box.id,
            r"\n".join(map(plain, lines)),
            id=box.id,
            style="filled",
            fillcolor=colours.get(box.kind, colours["paper"]),
            penwidth="2.5" if box in drawn.roots else "1",
            tooltip=plain(box.hint),
        )
        for path in reversed(box.modules):  # clusters of the same name are one
            around = Digraph(f"cluster_{path}")
            label = plain(relative(path, layers_of(path)[:-1]))
            around.attr(label=label, style="dashed", color=colours["line"])
            around.subgraph(part)
            part = around
        dot.subgraph(part)
    for edge in drawn.edges:
        text, hint = plain(edge.text), plain(edge.hint)
        dot.edge(edge.tail.id, edge.head.id, text, id=edge.id, tooltip=hint)
    return dot
