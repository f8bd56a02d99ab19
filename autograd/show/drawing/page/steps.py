"""The pages of a graph: the steps of a pass, played; and the graph alone."""

from __future__ import annotations

import copy
import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from autograd.show.drawing.engine import LayoutError
from autograd.show.drawing.numbers import show
from autograd.show.drawing.options import Options
from autograd.show.drawing.page.document import asset, controls, document, number, table
from autograd.show.drawing.picture import picture
from autograd.show.drawing.svg import draw
from autograd.show.drawing.words import escape, width
from autograd.show.events import Event, short
from autograd.show.graph import Graph, Node

if TYPE_CHECKING:
    from autograd.show.stepper import Stepper

LIMIT = 1000  # nodes
DELAY = 1500  # of a step, in milliseconds
PREFIX = "graph"
WITHOUT_SCRIPT = "The picture shows the end. The table has every step."
GUESSING = '<label id="guess" hidden><input type="checkbox" id="guessing"> Guess first</label>'


def steps_page(stepper: Stepper) -> str:
    """One HTML file that plays the pass, from the stepper's position on.

    The same steps give the same bytes. Where there is no layout engine, or it fails or takes
    too long, the page says so and has a tree in place of the picture.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    _not_too_large(stepper.graph)
    graph = _finished(stepper)
    events = stepper.events
    options = graph.options.changed(collapse=None, max_nodes=None, depth=None)
    data = _data(graph, events, options) | {
        "keys": list(range(len(events) + 1)),
        "start": stepper.position,
    }
    rows = [[str(e.index + 1), PASSES[e.kind], str(e)] for e in events]
    main = (
        _board(graph, options, _widest(graph, events), GUESSING)
        + controls("step", len(events) + 1, above=asset("guess.html"))
        + table("All steps", ["step", "pass", "arithmetic"], rows, data["keys"][1:])
    )
    root = graph.root
    summary = f"{short(root.name)} = {show(root.data)}: {graph.stats}, {len(events)} steps"
    title = "Backpropagation, step by step"
    return document("steps", title, summary, main, data, ["steps.js", "guess.js"])


def graph_page(graph: Graph) -> str:
    """One HTML file with the picture, the arithmetic of each node, and its play forward.

    The picture is that of the graph's options. Of a node that is drawn in one box with others
    that box is marked; one that is left out is in the table and the arithmetic alone.

    Raises:
        ValueError: the graph has more than 1,000 nodes.
    """
    _not_too_large(graph)
    events = [Event(n.index, "forward", graph.root, n, n.data) for n in graph.nodes]
    data = _data(graph, events, graph.options) | {
        "keys": list(range(len(events) + 1)),
        "start": len(events),
    }
    rows = [[str(e.index + 1), str(e), show(e.node.grad), _locals(e.node)] for e in events]
    heads = ["node", "arithmetic", "gradient", "local derivatives"]
    main = (
        _board(graph, graph.options, {}, "")
        + controls("node", len(events) + 1)
        + table("All nodes", heads, rows, data["keys"][1:])
    )
    summary = f"{short(graph.root.name)} = {show(graph.root.data)}: {graph.stats}"
    return document("graph", "Computation graph", summary, main, data, ["steps.js"])


PASSES = {"forward": "forward", "seed": "backward", "backward": "backward"}


def _not_too_large(graph: Graph) -> None:
    if len(graph) > LIMIT:
        raise ValueError(
            f"a page shows at most {LIMIT:,} nodes, and {short(graph.root.name)} depends on "
            f"{len(graph):,}; show a part of it (one sample, fewer neurons, fused ones), "
            "collapse it with graph().save('x.svg'), or step in the terminal: "
            "autograd.step(y)"
        )


def _board(graph: Graph, options: Options, reserve: Mapping[int, str], more: str) -> str:
    """The picture, the words above it, and what may be asked of it below."""
    try:
        shown = draw(graph, options=options, reserve=reserve, prefix=PREFIX)
    except LayoutError as error:
        shown = f"<p>{escape(str(error))}</p><pre>{html.escape(graph.text())}</pre>"
    return (
        f'<div id="now" class="now" role="status"><p id="sum">{escape(WITHOUT_SCRIPT)}</p>'
        '<p id="words"></p></div>'
        '<div id="picture" class="picture" tabindex="0" role="group" aria-label="Graph">'
        f'{shown}</div><div class="below"><p id="info" class="info"></p>{more}'
        '<button type="button" id="whole" aria-pressed="false" hidden>Whole graph</button>'
        "</div>"
    )


def _finished(stepper: Stepper) -> Graph:
    """The stepper's graph with the gradients that it ends with."""
    ends = {event.target: event.after for event in stepper.events if event.kind != "forward"}
    graph = copy.copy(stepper.graph)
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        new[node] = replace(
            node,
            grad=ends.get(node, 0.0),
            operands=tuple([new[x] if isinstance(x, Node) else x for x in node.operands]),
            inputs=tuple([new[x] for x in node.inputs]),
        )
    graph.nodes = tuple(new.values())
    graph.roots = tuple([new[root] for root in graph.roots])
    graph._nodes = {node.value: node for node in graph.nodes}
    return graph


def _widest(graph: Graph, events: Sequence[Event]) -> dict[int, str]:
    """By node, the widest text that will stand in one of its cells."""
    spec = graph.options.format
    shown = {node.index: [show(node.data, spec), show(0.0, spec)] for node in graph.nodes}
    for event in events:
        shown[event.target.index].append(show(event.after, spec))
    return {index: max(texts, key=lambda t: width(t, 1)) for index, texts in shown.items()}


def _data(graph: Graph, events: Sequence[Event], options: Options) -> dict[str, Any]:
    boxes = picture(graph, options).boxes
    return {
        "delay": DELAY,
        "prefix": PREFIX,
        "inputs": [[x.index for x in node.inputs] for node in graph.nodes],
        "groups": {node.index: box.id for box in boxes for node in box.members},
        "events": [
            {
                "kind": event.kind,
                "node": event.node.index,
                "target": event.target.index,
                "slot": event.slot,
                "before": "" if event.before is None else show(event.before, options.format),
                "text": show(event.after, options.format),
                "uses": event.uses,
                "exact": number(event.after),
                "sum": event.parts(),
                "words": words(event),
            }
            for event in events
        ],
    }


def words(event: Event) -> str:
    """What happens, in a sentence or two."""
    node, target = (f"“{short(x.name)}”" for x in (event.node, event.target))
    if event.kind == "forward" and event.op is None:
        return f"{node} is an input: its value is given."
    if event.kind == "forward":
        return f"{node} is computed, and its derivative to each input noted on the arrow."
    if event.upstream is None or event.local is None:
        return f"The way back starts at the result, {node}."
    arrived, local = show(event.upstream), show(event.local)
    if event.upstream == 0.0:
        return f"The gradient of {node} is {arrived}, so nothing flows back to {target}."
    flow = f"What arrived at {node}, {arrived}, times the derivative on the arrow, {local}"
    if event.uses > 1:
        return f"{flow}, is added to {target}: way {event.use} of {event.uses} that meet there."
    return f"{flow}, goes back to {target}."


def _locals(node: Node) -> str:
    pairs = zip(node.inputs, node.partials)
    return (
        ", ".join([f"∂{short(node.name)}/∂{short(x.name)} = {show(p)}" for x, p in pairs])
        or "–"
    )
