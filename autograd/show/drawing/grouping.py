"""Which nodes share a box, so that the picture of a large model stays readable.

A module labels its parameters by their path, such as `layers.0.neurons.1.w.3`. That is
record enough: a node belongs to the module whose parameters it works on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autograd.show.drawing.options import Options
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted

__all__ = ["Grouping", "group", "layers_of", "modules_of", "relative"]

# The path of a module, before the name of a parameter and its indices.
PARAMETER = re.compile(r"(?P<module>[A-Za-z_][\w.]*)\.[A-Za-z_]\w*(\.\d+)*")
# What may follow the weighted sum of a neuron: the sum of its parts, its activation.
FOLLOWS = {
    *("add", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "sigmoid", "tanh"),
}
EDGES_A_BOX = 3  # a picture with more edges than this times `max_nodes` is too large too
TALLEST = 20  # boxes in a column, from which on layers are drawn in place of neurons
BUNDLE = 8  # so many leaves that go into one layer are one box with it
BEFORE, AFTER = "operations before the model", "other operations"
NOTES = {  # by level, each coarser than the one before
    "": "",
    "neuron": "Every neuron is drawn as one box",
    "layer": "Every layer is drawn as one box",
    "model": "Every layer is drawn as one box, and so is what comes before and after them",
}


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which nodes share a box.

    Attributes:
        modules: the path of the module that a node belongs to.
        groups: the name of the box that a node shares with others.
        note: what the picture says about that, empty if no node shares a box.
    """

    modules: Mapping[Node, str]
    groups: Mapping[Node, str]
    note: str


def group(graph: Snapshot, options: Options) -> Grouping:
    """The grouping that the options ask for."""
    modules = modules_of(graph)
    levels = list(NOTES) if options.collapse == "auto" else [options.collapse or ""]
    level, groups = "", dict[Node, str]()
    for level in levels:
        groups = _groups(graph, modules, level)
        tall = level == "neuron" and _tallest(graph, groups) > TALLEST
        if not tall and _fits(graph, groups, options.max_nodes):
            break
    if not groups:
        return Grouping(modules, groups, "")
    boxes = len({groups.get(node, node) for node in graph.nodes})
    drawn = f"{counted(len(graph), 'node')} in {counted(boxes, 'box', 'boxes')}"
    return Grouping(modules, groups, f"{NOTES[level]}: {drawn}.")


def modules_of(graph: Snapshot) -> dict[Node, str]:
    """The path of the module that each node belongs to; the others are left out.

    A parameter belongs to its module, an operation to that of its parameters; an activation,
    or a sum, to the module that all its inputs belong to.
    """
    modules: dict[Node, str] = {}
    for node in graph.nodes:
        if node.op is None:
            match = PARAMETER.fullmatch(node.label or "")
            found = {match["module"]} if match else set()
        else:
            found = {modules[x] for x in node.inputs if x.op is None and x in modules}
            if not found and node.op.name in FOLLOWS:
                found = {modules.get(x, "") for x in node.inputs}
        if len(found) == 1 and "" not in found:
            modules[node] = found.pop()
    return modules


def layers_of(path: str) -> list[str]:
    """The numbered modules around a path, outermost first, and itself.

    >>> layers_of("layers.0.neurons.1")
    ['layers.0', 'layers.0.neurons.1']
    """
    parts = path.split(".")
    outer = [".".join(parts[: i + 1]) for i, part in enumerate(parts[:-1]) if part.isdigit()]
    return [*outer, path]


def relative(path: str, around: Sequence[str]) -> str:
    """A path as it is called inside the innermost of the modules around it.

    >>> relative("layers.0.neurons.1", ["layers.0"])
    'neurons.1'
    """
    return path.removeprefix(f"{around[-1]}.") if around else path


def _groups(graph: Snapshot, modules: Mapping[Node, str], level: str) -> dict[Node, str]:
    if not level or not modules:
        return {}
    groups = dict(modules)
    if level != "neuron":
        groups = {node: _layer(path) for node, path in modules.items()}
        if level == "model":
            _group_surroundings(graph, groups)
        _bundle_leaves(graph, groups)
    sizes = Counter(groups.values())
    return {node: name for node, name in groups.items() if sizes[name] > 1}


def _layer(path: str) -> str:
    return layers_of(path)[-2:][0]


def _group_surroundings(graph: Snapshot, groups: dict[Node, str]) -> None:
    """Put the operations outside of modules together, but for the roots."""
    for node in graph.nodes:
        if node.op is not None and node not in groups and node not in graph.roots:
            after = any(groups.get(x, BEFORE) != BEFORE for x in node.inputs)
            groups[node] = AFTER if after else BEFORE


def _bundle_leaves(graph: Snapshot, groups: dict[Node, str]) -> None:
    """Put leaves outside of modules together that go into the same groups, if many."""
    goes: dict[Node, dict[str, None]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if x.op is None and x not in groups:
                goes.setdefault(x, {})[groups.get(node, "")] = None
    alike: dict[tuple[str, ...], list[Node]] = {}
    for leaf, names in goes.items():
        if "" not in names:
            alike.setdefault(tuple(names), []).append(leaf)
    for leaves in alike.values():
        if len(leaves) >= BUNDLE:
            groups |= dict.fromkeys(leaves, f"{leaves[0].name} … {leaves[-1].name}")


def _tallest(graph: Snapshot, groups: Mapping[Node, str]) -> int:
    """How many neurons stand in one column, or how many inputs."""
    layers = Counter([_layer(path) for path in set(groups.values())])
    inputs = sum([node.op is None and node not in groups for node in graph.nodes])
    return max([inputs, *layers.values()])


def _fits(graph: Snapshot, groups: Mapping[Node, str], most: int | None) -> bool:
    if most is None:
        return True
    if not groups and len(graph) > most:
        return False
    boxes = len({groups.get(node, node) for node in graph.nodes})
    pairs = {(groups.get(x, x), groups.get(y, y)) for y in graph.nodes for x in y.inputs}
    return boxes <= most and len(pairs) <= EDGES_A_BOX * most
