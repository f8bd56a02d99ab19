"""DOT source for Graphviz, with HTML-like labels: what `dot` turns into PNG or PDF."""

from __future__ import annotations

from collections.abc import Mapping

from autograd.show.drawing.groups import within
from autograd.show.drawing.numbers import show
from autograd.show.drawing.options import Options
from autograd.show.drawing.picture import Box, Edge, picture
from autograd.show.drawing.style import DARK, LIGHT
from autograd.show.drawing.words import FONTS, clipped, escape, printable
from autograd.show.graph import Graph

__all__ = ["source"]

FONT = FONTS.partition(",")[0]
WIDEST = 20.0  # of a text, in units of the font's size


def source(graph: Graph, options: Options) -> str:
    """The picture as DOT, the same text for the same graph."""
    drawn = picture(graph, options)
    colours = DARK if options.theme == "dark" else LIGHT
    title = options.title or f"Computation graph of {graph.root.name}"
    lines = [
        "digraph {",
        f"graph [rankdir={options.rankdir}, bgcolor={_quoted(colours['paper'])}, "
        f"{_font(12, colours['ink'])}, labelloc=t, labeljust=l, "
        f"label={_markup(drawn.note)}, tooltip={_quoted(title)}]",
        f"node [shape=box, style=filled, margin=0.05, {_font(12, colours['ink'])}, "
        f"color={_quoted(colours['line'])}]",
        f"edge [arrowsize=0.7, {_font(10, colours['local'])}, "
        f"color={_quoted(colours['line'])}]",
    ]
    inside: dict[tuple[str, ...], list[str]] = {}
    for box in drawn.boxes:
        line = _node(box, options, colours, box in drawn.roots)
        inside.setdefault(box.clusters, []).append(line)
    lines += _nested(inside, (), colours)
    lines += [_edge(edge) for edge in drawn.edges]
    return "\n".join([*lines, "}", ""])


def _node(box: Box, options: Options, colours: Mapping[str, str], root: bool) -> str:
    rows = [f'<TR><TD ALIGN="LEFT"><B>{_clipped(box.title)}</B></TD>']
    group = box.kind == "group"
    op = f'<TD ALIGN="{"LEFT" if group else "RIGHT"}">{_clipped(box.op) or " "}</TD></TR>'
    rows.append(f"</TR><TR>{op}" if group else op)
    if box.node is not None:
        shown = [("data", box.node.data)] * options.values
        shown += [("grad", box.node.grad)] * options.gradients
        rows += [
            f'<TR><TD ALIGN="LEFT">{name}</TD>'
            f'<TD ALIGN="RIGHT">{escape(show(x, options.format))}</TD></TR>'
            for name, x in shown
        ]
    table = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{"".join(rows)}</TABLE>'
    rounded = '"rounded,filled"' if box.kind == "leaf" else '"filled"'
    if box.kind == "more":
        rounded = "dashed"
    fill = colours.get(box.kind, colours["paper"])
    return (
        f"{_quoted(box.id)} [id={_quoted(box.id)}, label=<{table}>, style={rounded}, "
        f"fillcolor={_quoted(fill)}, penwidth={2.5 if root else 1}, "
        f"tooltip={_quoted(box.hint[:1000])}]"
    )


def _edge(edge: Edge) -> str:
    label = f", label={_markup(edge.local)}" if edge.local else ""
    ends = f"{_quoted(edge.tail.id)} -> {_quoted(edge.head.id)}"
    return f"{ends} [id={_quoted(edge.id)}{label}, tooltip={_quoted(edge.hint[:1000])}]"


def _nested(
    inside: Mapping[tuple[str, ...], list[str]],
    around: tuple[str, ...],
    colours: Mapping[str, str],
) -> list[str]:
    lines = list(inside.get(around, []))
    depth = len(around)
    deeper = {path[: depth + 1]: None for path in inside if path[:depth] == around != path}
    for path in deeper:
        lines += [
            f"subgraph {_quoted('cluster_' + path[-1])} {{",
            f"label={_markup(within(path[-1], around))}; labelloc=t; style=dashed; "
            f"color={_quoted(colours['line'])}; tooltip={_quoted(path[-1])}",
            *_nested(inside, path, colours),
            "}",
        ]
    return lines


def _font(size: int, colour: str) -> str:
    return f"fontname={_quoted(FONT)}, fontsize={size}, fontcolor={_quoted(colour)}"


def _clipped(text: str) -> str:
    return escape(clipped(text, 1, WIDEST))


def _markup(text: str) -> str:
    return f"<{escape(text)}>" if text else '""'


def _quoted(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
