"""The pages of a graph: the steps of a pass, played; and the graph alone."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.show.drawing.boxes import picture
from autograd.show.drawing.engine import LayoutError
from autograd.show.drawing.options import Options
from autograd.show.drawing.svg import draw
from autograd.show.drawing.text_tree import tree
from autograd.show.events import Event
from autograd.show.pages.document import asset, document, json_number, player
from autograd.show.snapshot import Node, Snapshot, with_grads
from autograd.show.text import escape, format_number, width

__all__ = ["graph_page", "steps_page"]

LIMIT = 1000  # nodes
PASS_OF = {"forward": "forward", "seed": "backward", "backward": "backward"}
DELAY = 1500  # of a step, in milliseconds
PREFIX = "graph"  # of the ids in the picture; steps.js knows it
WITHOUT_SCRIPT = "The picture shows the end. The table has every step."
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
    main = board + player("step", len(data["keys"]), heads, rows, above=asset("guess.html"))
    scripts = [asset("steps.js"), asset("zoom.js"), asset("guess.js")]
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
    main = _board(graph, options, {}, "") + player("node", len(data["keys"]), heads, rows)
    scripts, styles = [asset("steps.js"), asset("zoom.js")], [asset("steps.css")]
    title = "Computation graph"
    return document("graph", title, _result(graph), main, data, scripts, styles)


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
    try:
        shown = draw(graph, options=options, reserve=reserve, prefix=PREFIX)
    except LayoutError as error:
        shown = f"<p>{escape(str(error))}</p><pre>{html.escape(tree(graph, options))}</pre>"
    return (
        f'<div id="now" class="now" role="status"><p id="sum">{escape(WITHOUT_SCRIPT)}</p>'
        '<p id="words"></p></div>'
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
    return {
        "keys": list(range(len(events) + 1)),
        "start": position,
        "delay": DELAY,
        "inputs": [[x.index for x in node.inputs] for node in graph.nodes],
        "groups": {node.index: box.id for box in boxes for node in box.members},
        "events": [_event_data(event, options.format) for event in events],
    }


def _event_data(event: Event, spec: str) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "node": event.node.index,
        "target": event.target.index,
        "slot": event.slot,
        "before": "" if event.before is None else format_number(event.before, spec),
        "text": format_number(event.after, spec),
        "product": "" if event.product is None else format_number(event.product, spec),
        "uses": event.uses,
        "exact": json_number(event.after),
        "local": None if event.local is None else json_number(event.local),
        "rule": "" if event.local is None else _local(event),
        "sum": event.parts(),
        "words": _sentence(event),
    }


def _sentence(event: Event) -> str:
    """What happens, in a sentence or two."""
    node, target = (f"“{x.short}”" for x in (event.node, event.target))
    if event.kind == "forward" and event.op is None:
        return f"{node} is an input: its value is given."
    if event.kind == "forward":
        words = f"{node} is computed, and its derivative to each input noted on the arrow."
        kink = event.convention
        return f"{words} Here, at a kink, it is a convention: {kink}." if kink else words
    if event.upstream is None or event.local is None:
        return f"The way back starts at the result, {node}."
    arrived, local = format_number(event.upstream), _local(event)
    if event.upstream == 0.0:
        return f"The gradient of {node} is {arrived}, so nothing flows back to {target}."
    flow = f"What arrived at {node}, {arrived}, times the derivative on the arrow, {local}"
    if event.uses > 1:
        return f"{flow}, is added to {target}: way {event.use} of {event.uses} that meet there."
    return f"{flow}, goes back to {target}."


def _local(event: Event) -> str:
    """The local derivative: its rule and its number, and whether that is a convention."""
    number = format_number(event.local or 0.0)
    if event.convention:
        return f"{number} (a convention: {event.convention})"
    return f"{event.rule} = {number}" if event.rule else number


def _locals(node: Node) -> str:
    pairs = zip(node.inputs, node.partials)
    return (
        ", ".join([f"∂{node.short}/∂{x.short} = {format_number(p)}" for x, p in pairs]) or "–"
    )
