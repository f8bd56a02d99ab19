"""Which neuron and which layer of a model a node belongs to.

A module labels its parameters by their path, such as `layers.0.neurons.1.w.3`. That is
record enough: a node belongs to the module whose parameters it works on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from autograd.show.graph import Graph, Node

__all__ = ["group_of", "layers_of", "within"]

# The path of a module, before the name of a parameter and its indices.
PARAMETER = re.compile(r"(?P<module>[A-Za-z_][\w.]*)\.[A-Za-z_]\w*(\.\d+)*")
# What may follow the weighted sum of a neuron: the sum of its parts, its activation.
FOLLOWS = {
    *("add", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "sigmoid", "tanh"),
}


def group_of(graph: Graph) -> dict[Node, str]:
    """The path of the module that each node belongs to; nodes of none are left out.

    A parameter belongs to its module, an operation to that of its parameters; an activation,
    or a sum, to the module that all its inputs belong to.
    """
    groups: dict[Node, str] = {}
    for node in graph.nodes:
        if node.op is None:
            match = PARAMETER.fullmatch(node.label or "")
            found = {match["module"]} if match else set()
        else:
            found = {groups[x] for x in node.inputs if x.op is None and x in groups}
            if not found and node.op.name in FOLLOWS:
                found = {groups.get(x, "") for x in node.inputs}
        if len(found) == 1 and "" not in found:
            groups[node] = found.pop()
    return groups


def layers_of(path: str) -> list[str]:
    """The modules around a path that are one of several, outermost first, and itself.

    >>> layers_of("layers.0.neurons.1")
    ['layers.0', 'layers.0.neurons.1']
    """
    parts = path.split(".")
    outer = [".".join(parts[: i + 1]) for i, part in enumerate(parts[:-1]) if part.isdigit()]
    return [*outer, path]


def within(path: str, around: Sequence[str]) -> str:
    """A path as it is called inside the innermost of the modules around it.

    >>> within("layers.0.neurons.1", ["layers.0"])
    'neurons.1'
    """
    return path.removeprefix(f"{around[-1]}.") if around else path
