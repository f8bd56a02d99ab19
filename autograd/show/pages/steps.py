"""The pages of a graph: the steps of a pass, played; and the graph alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autograd.core.primitive import Primitive
from autograd.javascript import UntranslatableError
from autograd.show.drawing.boxes import picture
from autograd.show.drawing.options import Options
from autograd.show.events import Event
from autograd.show.formulas import BLANKS, arithmetic
from autograd.show.pages.document import (
    asset,
    document,
    json_number,
    operations_data,
    operations_script,
    player,
    rules,
)
from autograd.show.pages.document import picture as drawn
from autograd.show.snapshot import PATH, Node, Snapshot, with_grads
from autograd.show.text import escape, format_number, width

__all__ = ["graph_page", "steps_page"]

LIMIT = 1000  # nodes
PASS_OF = {"forward": "forward", "seed": "backward", "backward": "backward"}
DELAY = 1500  # of a step, in milliseconds
PREFIX = "graph"  # of the ids in the picture; steps.js knows it
WITHOUT_SCRIPT = "The picture shows the end. The table has every step."
SCRIPTS = ("numbers.js", "values.js", "steps.js", "zoom.js")
GUESSING = '<label id="guess" hidden><input type="checkbox" id="guessing"> Guess first</label>'


def steps_page(
    graph: Snapshot, events: Sequence[Event], options: Options, position: int = 0
) -> str:
    """One HTML file that plays both passes over a graph, from a position on.

    The same steps give the same bytes. Where there is no layout engine, or it fails or takes
    too long, the page says so and has a tree in place of the picture.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    _check_size(graph)
    ends = {event.target.value: event.after for event in events if event.kind != "forward"}
    graph = with_grads(graph, ends)
    options = options.changed(max_nodes=LIMIT, depth=None)
    data = _data(graph, events, options, position)
    rows = [[str(e.index + 1), PASS_OF[e.kind], str(e)] for e in events]
    heads = ["step", "pass", "arithmetic"]
    board = _board(graph, options, _widest(graph, events, options.format), GUESSING)
    live, panel = _compute(graph, data["groups"])
    main = board + player("step", len(data["keys"]), heads, rows, asset("guess.html"), panel)
    scripts = [operations_script(), *map(asset, SCRIPTS), *live, asset("guess.js")]
    title, summary = "Backpropagation, step by step", f"{_result(graph)}, {len(events)} steps"
    return document("steps", title, summary, main, data, scripts, [asset("steps.css")])


def graph_page(graph: Snapshot, options: Options) -> str:
    """One HTML file with the picture, the arithmetic of each node, and its play forward.

    Of a node that is drawn in one box with others that box is marked; one that is left out
    is in the table and the arithmetic alone.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    _check_size(graph)
    events = [Event(n.index, "forward", graph.root, n, n.data) for n in graph.nodes]
    data = _data(graph, events, options, len(events))
    rows = []
    for event in events:
        node = event.node
        grad = "old " * (node in graph.stale) + format_number(node.grad)
        rows.append([str(event.index + 1), str(event), grad, _locals(node)])
    heads = ["node", "arithmetic", "gradient", "local derivatives"]
    board = _board(graph, options, {}, "")
    live, panel = _compute(graph, data["groups"])
    main = board + player("node", len(data["keys"]), heads, rows, below=panel)
    scripts = [operations_script(), *map(asset, SCRIPTS), *live]
    title, styles = "Computation graph", [asset("steps.css")]
    return document("graph", title, _result(graph), main, data, scripts, styles)


def _compute(graph: Snapshot, groups: Mapping[int, str]) -> tuple[list[str], str]:
    """The scripts that compute the graph anew and open its boxes, and the panel, or why not."""
    inside = [*map(asset, ("layers.js", "draw.js", "inside.js"))] if groups else []
    try:
        return [rules(_operations(graph)), asset("live.js"), *inside], asset("live.html")
    except UntranslatableError as error:
        return inside, f"<p>The numbers cannot be changed here: {escape(str(error))}.</p>"


def _result(graph: Snapshot) -> str:
    root = graph.root
    return f"{root.short} = {format_number(root.data)}: {graph.stats}"


def _check_size(graph: Snapshot) -> None:
    if len(graph) > LIMIT:
        name = graph.root.short
        raise ValueError(
            f"a page shows at most {LIMIT:,} nodes, and {name} depends on {len(graph):,}; "
            "show a part of it (one sample, fewer neurons, fused ones), collapse it with "
            "graph().save('x.svg'), or step in the terminal: autograd.step(y)"
        )


def _board(graph: Snapshot, options: Options, reserve: Mapping[int, str], more: str) -> str:
    """The picture, the words above it, and what may be asked of it below."""
    shown = drawn(graph, options, reserve, PREFIX)
    return (
        '<div id="now" class="now" role="status"><p id="pass"></p>'
        f'<p id="sum">{escape(WITHOUT_SCRIPT)}</p><p id="words"></p></div>'
        '<div id="picture" class="picture" tabindex="0" role="group" aria-label="Graph">'
        f'{shown}</div><div class="below"><p id="info" class="info"></p>{more}'
        '<button type="button" id="whole" aria-pressed="false" hidden>Whole graph</button>'
        "</div>"
    )


def _widest(graph: Snapshot, events: Sequence[Event], spec: str) -> dict[int, str]:
    """By node, the widest text that will stand in one of its cells."""
    shown = {
        node.index: [format_number(node.data, spec), format_number(0.0, spec)]
        for node in graph.nodes
    }
    for event in events:
        shown[event.target.index].append(format_number(event.after, spec))
    return {index: max(texts, key=lambda t: width(t, 1)) for index, texts in shown.items()}


def _data(
    graph: Snapshot, events: Sequence[Event], options: Options, position: int
) -> dict[str, Any]:
    boxes = picture(graph, options).boxes
    seeds = [event.after for event in events if event.kind == "seed"]
    return {
        "keys": list(range(len(events) + 1)),
        "start": position,
        "delay": DELAY,
        "format": options.format,
        "root": graph.root.index,
        "seed": json_number(*seeds) if seeds else None,
        "groups": {node.index: box.id for box in boxes for node in box.members},
        "titles": {box.id: box.hint.partition(": ")[0] for box in boxes if box.members},
        "nodes": [_node_data(node) for node in graph.nodes],
        **operations_data(_operations(graph)),
    }


def _operations(graph: Snapshot) -> list[Primitive]:
    return [*dict.fromkeys([node.op for node in graph.nodes if node.op is not None])]


def _node_data(node: Node) -> dict[str, Any]:
    """A node as the page computes with it: its numbers, and how they are written."""
    ways = [
        Event(0, "backward", node, node, 0.0, slot, local=partial)
        for slot, partial in enumerate(node.partials)
    ]
    found: dict[str, Any] = {
        "name": node.short,
        "data": json_number(node.data),
        "grad": json_number(node.grad),
        "parameter": node.op is None and PATH.fullmatch(node.name) is not None,
    }
    if node.op is not None:
        found |= {
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
    return found


def _locals(node: Node) -> str:
    pairs = zip(node.inputs, node.partials)
    return (
        ", ".join([f"∂{node.short}/∂{x.short} = {format_number(p)}" for x, p in pairs]) or "–"
    )
