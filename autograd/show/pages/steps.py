"""The pages of a graph: the steps of a pass, played; and the graph alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.core.primitive import Primitive
from autograd.javascript import UntranslatableError
from autograd.show.drawing.boxes import Picture
from autograd.show.drawing.fitting import ARROWS, PAGE, legend
from autograd.show.drawing.options import Options
from autograd.show.drawing.style import style_sheet
from autograd.show.drawing.svg import finer
from autograd.show.events import Event, events
from autograd.show.formulas import BLANKS, arithmetic, locals_text
from autograd.show.pages.document import (
    LIMIT,
    asset,
    check_size,
    document,
    json_number,
    laid_out,
    operations_data,
    player,
    rules,
)
from autograd.show.pages.source import source
from autograd.show.snapshot import PATH, Node, Snapshot, with_grads
from autograd.show.text import escape, format_number

__all__ = ["graph_page", "steps_page"]

KINDS = {
    "step": ("steps", "Backpropagation, step by step"),
    "node": ("graph", "Computation graph"),
}
DELAY = 1500  # of a step, in milliseconds
BESIDE_CODE = 760.0  # px of a page for its picture
PREFIX = "graph"  # of the ids in the picture; elements.js knows it
WITHOUT_SCRIPT = "The picture shows the end. The table has every step."
STEP_SCRIPTS = (
    "numbers.js",
    "values.js",
    "elements.js",
    "marks.js",
    "flow.js",
    "sight.js",
    "steps.js",
    "fade.js",
    "zoom.js",
    "paths.js",
    "source.js",
    "walk.js",
)
PASS_SCRIPTS = ("modes.js", "guess.js")  # of a page that plays both passes
DATA = re.compile(r"(x|y|t|target)_?[\d₀-₉]*(\[\d+\])*", re.IGNORECASE)  # x, x_1, y[0]
GUESSING = (
    '<label id="guess" hidden><input type="checkbox" id="guessing"> Guess first</label>'
    '<label id="levels" class="pick" hidden>Ask for <select id="level">'
    '<option value="product">gradients</option>'
    '<option value="local">local derivatives too</option>'
    '<option value="forward">values too</option></select></label>'
)


def steps_page(graph: Snapshot, played: Sequence[Event], options: Options, at: int) -> str:
    """One HTML file that plays both passes over a graph, from a position on.

    The same steps give the same bytes.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    check_size(graph)
    graph = _after(graph, played)
    options = options.changed(max_nodes=LIMIT, depth=None)
    told = f"{graph.stats}, {len(played)} steps"
    rows = [
        [str(e.index + 1), "forward" if e.kind == "forward" else "backward", str(e)]
        for e in played
    ]
    heads = ["step", "pass", "arithmetic"]
    return _page("step", graph, played, options, at, told, heads, rows)


def graph_page(graph: Snapshot, options: Options) -> str:
    """One HTML file with the picture, the arithmetic of each node, and its play forward.

    The gradients are those that the nodes have; if no pass has reached a root, those that
    one from the first root would give, since the page computes them for changed numbers too.
    Of a node that is drawn in one box with others that box is marked; one that is left out
    is in the table and the arithmetic alone.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    check_size(graph)
    every = events(graph, 1.0)
    told = str(graph.stats)
    once = _after(graph, every)
    if not graph.reached:
        graph, told = once, f"{told}, gradients as backward() would give them"
    elif [node.grad for node in graph] != [node.grad for node in once]:
        told = f"{told}, gradients as they are now, explained for one pass"
    rows = [
        [str(event.index + 1), str(event), format_number(node.grad), locals_text(node)]
        for event, node in zip(every, graph.nodes)
    ]
    heads = ["node", "arithmetic", "gradient", "local derivatives"]
    return _page("node", graph, every, options, len(graph), told, heads, rows)


def _page(
    unit: str,
    graph: Snapshot,
    every: Sequence[Event],
    options: Options,
    at: int,
    told: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> str:
    """The page that plays events by the step, of both passes, or by the node."""
    passes = unit == "step"
    played = every if passes else every[: len(graph)]
    code, made = source(graph)
    shown, drawn = laid_out(graph, options, PREFIX, BESIDE_CODE if code else PAGE[0])
    data = _data(graph, every, played, options, at, drawn, made)
    data["told"] = told
    first, live, panel = _compute(graph, data["groups"])
    above, below = (asset("guess.html"), asset("modes.html")) if passes else ("", "")
    main = _board(shown, GUESSING * passes, data["arrows"], code)
    main += player(unit, len(data["keys"]), heads, rows, above, panel + below)
    later = PASS_SCRIPTS if passes else ()
    scripts = [first, *map(asset, (*STEP_SCRIPTS, *live, *later))]
    # The picture brings its own style sheet; an open box needs one.
    opened = [style_sheet("opened", options.theme)] * bool(data["groups"])
    styles = [asset("steps.css"), *opened]
    summary = f"{graph.root.short} = {format_number(graph.root.data)}: {told}"
    kind, title = KINDS[unit]
    return document(kind, title, summary, main, data, scripts, styles)


def _after(graph: Snapshot, played: Sequence[Event]) -> Snapshot:
    """The graph with the gradients that are there when all has been played."""
    ends = {event.target.value: event.after for event in played if event.kind != "forward"}
    return with_grads(graph, ends)


def _compute(graph: Snapshot, groups: Mapping[int, str]) -> tuple[str, list[str], str]:
    """The rules, the names of the scripts that compute the graph anew and open its boxes, and
    the panel, or why not.
    """
    names = ["layout.js", "draw.js", "arrows.js", "inside.js"] if groups else []
    try:
        script, panel = rules(_operations(graph)), asset("live.html") + asset("card.html")
        names = ["live.js", "tangent.js", "curve.js", "landscape.js", *names]
    except UntranslatableError as error:
        script = rules([])
        panel = f"<p>The numbers cannot be changed here: {escape(str(error))}.</p>"
    return script, names, panel


def _board(shown: str, more: str, arrows: Mapping[str, Any], code: str) -> str:
    """The picture, with code beside it, the words above, and what may be asked below."""
    told = arrows["legends"][arrows["shown"]] if arrows["of"] else ""
    before, after = ('<div class="beside">', f"{code}</div>") if code else ("", "")
    return (
        '<div id="now" class="now" role="status"><p id="pass"></p>'
        f'<p id="sum">{escape(WITHOUT_SCRIPT)}</p><p id="words"></p></div>'
        f'{before}<div id="picture" class="picture" tabindex="0" role="group" '
        f'aria-label="Graph">{shown}</div>{after}<p id="legend" class="info">{escape(told)}</p>'
        f'<div class="below"><p id="info" class="info"></p>{more}'
        '<button type="button" id="whole" aria-pressed="false" hidden>Whole graph</button>'
        "</div>"
        '<section id="paths" aria-label="Paths" hidden><h2></h2><p></p><ol></ol></section>'
    )


def _data(
    graph: Snapshot,
    every: Sequence[Event],
    played: Sequence[Event],
    options: Options,
    at: int,
    drawn: Picture,
    lines: Mapping[Node, str],
) -> dict[str, Any]:
    seeds = [event.after for event in played if event.kind == "seed"]
    return {
        "keys": list(range(len(played) + 1)),
        "start": at,
        "delay": DELAY,
        "format": options.format,
        "root": graph.root.index,
        "rankdir": options.rankdir,
        "seed": json_number(*seeds) if seeds else None,
        "groups": {node.index: box.id for box in drawn.boxes for node in box.members},
        "titles": {box.id: box.full for box in drawn.boxes if box.members},
        "arrows": _arrows(drawn, options),
        "nodes": [_node_data(node) for node in graph.nodes],
        "backward": [
            [event.node.index, event.slot, event.use, event.uses]
            for event in every
            if event.kind == "backward"
        ],
        "lines": {node.index: id for node, id in lines.items()},
        "steps": [node.index for node in _stepped(graph)],
        **operations_data(_operations(graph)),
    }


def _arrows(drawn: Picture, options: Options) -> dict[str, Any]:
    """Return what the arrows of a network may show; see arrows.js."""
    return {
        "shown": options.arrows,
        "legends": {what: legend(what) for what in ARROWS},
        "finer": finer(drawn),
        "of": {
            edge.id: [edge.weight.index, edge.tail.node and edge.tail.node.index, edge.head.id]
            for edge in drawn.edges
            if edge.weight
        },
    }


def _stepped(graph: Snapshot) -> list[Node]:
    """The leaves that a step moves by default: parameters, or what looks like no data."""
    leaves = [node for node in graph.nodes if node.op is None]
    parameters = [leaf for leaf in leaves if PATH.fullmatch(leaf.name)]
    labelled = [leaf for leaf in leaves if leaf.label]
    rest = [leaf for leaf in labelled if not DATA.fullmatch(leaf.name)]
    return parameters or rest or labelled or leaves


def _operations(graph: Snapshot) -> list[Primitive]:
    return [*dict.fromkeys([node.op for node in graph.nodes if node.op is not None])]


def _node_data(node: Node) -> dict[str, Any]:
    """A node as the page computes with it: its numbers, and how they are written."""
    ways = [
        Event(0, "backward", node, node, 0.0, slot, local=partial)
        for slot, partial in enumerate(node.partials)
    ]
    entry: dict[str, Any] = {
        "name": node.short,
        "data": json_number(node.data),
        "grad": json_number(node.grad),
    }
    if node.op is not None:
        entry |= {
            "op": node.op.name,
            "operands": [
                [x.index] if isinstance(x, Node) else json_number(x) for x in node.operands
            ],
            "partials": [json_number(partial) for partial in node.partials],
            "made": arithmetic(node),
            "blanks": arithmetic(node, numbers=True, notation=BLANKS),
            "rules": [way.rule for way in ways],
            "kink": ways[0].convention if ways else "",
        }
    return entry
