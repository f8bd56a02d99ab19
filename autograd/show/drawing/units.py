"""Which nodes are drawn together, so that a picture of a large model stays readable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from autograd.show.drawing.groups import group_of, layers_of
from autograd.show.drawing.options import Options
from autograd.show.graph import Graph, Node, counted

__all__ = ["together"]

EDGES_A_BOX = 3  # a picture with more edges than this times `max_nodes` is too large too
TALLEST = 20  # boxes in a column, from which on layers are drawn in place of neurons
BUNDLE = 8  # so many leaves that go into one layer are one box with it
BEFORE, AFTER = "operations before the model", "other operations"
LEVELS = ["", "neuron", "layer", "model"]
NOTES = {
    "": "",
    "neuron": "Every neuron is drawn as one box",
    "layer": "Every layer is drawn as one box",
    "model": "Every layer is drawn as one box, and so is what comes before and after them",
}


def together(graph: Graph, options: Options) -> tuple[dict[Node, str], dict[Node, str], str]:
    """The module of each node, the box of each node that shares one, and a note about that."""
    groups = group_of(graph)
    levels = LEVELS if options.collapse == "auto" else [options.collapse or ""]
    level, keys = "", dict[Node, str]()
    for level in levels:
        keys = _keys(graph, groups, level)
        tall = level == "neuron" and _tallest(graph, keys) > TALLEST
        if not tall and _fits(graph, keys, options.max_nodes):
            break
    if not keys:
        return groups, keys, ""
    boxes = len({keys.get(node, node) for node in graph.nodes})
    drawn = f"{counted(len(graph), 'node')} in {counted(boxes, 'box', 'boxes')}"
    return groups, keys, f"{NOTES[level]}: {drawn}."


def _keys(graph: Graph, groups: Mapping[Node, str], level: str) -> dict[Node, str]:
    if not level or not groups:
        return {}
    keys = dict(groups)
    if level != "neuron":
        keys = {node: layers_of(path)[-2:][0] for node, path in groups.items()}
    if level == "model":
        _around(graph, keys)
    if level != "neuron":
        _bundle(graph, keys)
    sizes = Counter(keys.values())
    return {node: key for node, key in keys.items() if sizes[key] > 1}


def _around(graph: Graph, keys: dict[Node, str]) -> None:
    """Put the operations of no module together, but for the roots."""
    for node in graph.nodes:
        if node.op is not None and node not in keys and node not in graph.roots:
            after = any(keys.get(x, BEFORE) != BEFORE for x in node.inputs)
            keys[node] = AFTER if after else BEFORE


def _bundle(graph: Graph, keys: dict[Node, str]) -> None:
    """Put leaves of no module together that go into the same boxes, where they are many."""
    goes: dict[Node, dict[str, None]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if x.op is None and x not in keys:
                goes.setdefault(x, {})[keys.get(node, "")] = None
    alike: dict[tuple[str, ...], list[Node]] = {}
    for leaf, boxes in goes.items():
        if "" not in boxes:
            alike.setdefault(tuple(boxes), []).append(leaf)
    for leaves in alike.values():
        if len(leaves) >= BUNDLE:
            keys |= dict.fromkeys(leaves, f"{leaves[0].name} … {leaves[-1].name}")


def _tallest(graph: Graph, keys: Mapping[Node, str]) -> int:
    """How many neurons stand in one column, or how many inputs."""
    layers = Counter([layers_of(path)[-2:][0] for path in set(keys.values())])
    inputs = sum([node.op is None and node not in keys for node in graph.nodes])
    return max([inputs, *layers.values()])


def _fits(graph: Graph, keys: Mapping[Node, str], most: int | None) -> bool:
    if most is None:
        return True
    if not keys and len(graph) > most:
        return False
    boxes = len({keys.get(node, node) for node in graph.nodes})
    pairs = {(keys.get(x, x), keys.get(y, y)) for y in graph.nodes for x in y.inputs}
    return boxes <= most and len(pairs) <= EDGES_A_BOX * most
