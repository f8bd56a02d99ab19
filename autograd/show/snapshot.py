"""A snapshot of what Values depend on: their nodes in order, with names.

Pictures, the stepper and formulas read a snapshot. It copies data and gradients, so a
picture stays what it was when training goes on.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from autograd.core.blocks import origin_of
from autograd.core.primitive import Primitive
from autograd.core.sweeps import topological_order
from autograd.core.value import Value
from autograd.show.text import DOWN, UP, counted, short_name

__all__ = ["Node", "Snapshot", "Stats", "with_grads"]

PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)*\.\d+(\.\w+)*")  # of a parameter in a list of modules
# The path of a module, before the name of a parameter and its indices.
PARAMETER = re.compile(r"(?P<module>[A-Za-z_][\w.]*)\.[A-Za-z_]\w*(\.\d+)*")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A Value as it was when its graph was made.

    Attributes:
        index: its place in `Graph.nodes`.
        value: the Value itself.
        name: its label; else `layers.0.neurons.1.out` if it is all that this module gives;
            else `v1`, `v2` … after its place; unique in the graph.
        short: the name as pictures and lines write it: `w₁₂` for `neurons.1.w.2`.
        op: the primitive that made it, None for a leaf.
        operands: the arguments of the operation: nodes and plain numbers.
        inputs: the nodes among the operands, one an argument slot.
        label, data, grad, partials: those of the Value.
        frozen: whether it is a leaf that gets no gradient.
    """

    index: int
    value: Value = field(repr=False)
    name: str
    short: str = field(repr=False)
    label: str | None = field(repr=False)
    op: Primitive | None
    data: float
    grad: float
    operands: tuple[Node | float, ...] = field(repr=False)
    inputs: tuple[Node, ...] = field(repr=False)
    partials: tuple[float, ...]
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Stats:
    """How large a graph is.

    Attributes:
        nodes, leaves: how many there are; leaves count as nodes.
        edges: how many argument slots hold a node.
        depth: how many operations lie on the longest way from a leaf to a root.
        operations: how many nodes each operation made, by its name.
    """

    nodes: int
    leaves: int
    edges: int
    depth: int
    operations: dict[str, int]

    def __str__(self) -> str:
        return (
            f"{counted(self.nodes, 'node')} ({counted(self.leaves, 'leaf', 'leaves')}), "
            f"{counted(self.edges, 'edge')}, depth {self.depth}"
        )


class Snapshot:
    """All that one or more roots depend on: nodes in order, each after its inputs.

    Attributes:
        roots: the nodes of the roots.
        nodes: all nodes. The order is that of `backward`, reversed, with each leaf before
            its first use; it depends on the graph alone.
        modules: the path of the module that a node belongs to. A module labels its
            parameters by their path, such as `layers.0.neurons.1.w.3`; what is computed of
            them belongs to it too.
        origins: where a node was made, of those in a block of `scope` or `lines`.
        scopes: of a node that was made in scopes their names, such as "block 1/head 0".
        reached: whether a backward pass has reached a root.
        stale: the leaves whose gradient is that of another pass, as none has.

    Raises:
        TypeError: a root is not a Value, or no root is given.
    """

    def __init__(self, *roots: Value) -> None:
        if not roots:
            raise TypeError("Graph takes one Value or more, got none")
        for root in roots:
            if type(root) is not Value:
                raise TypeError(f"Graph takes Values, got {root!r:.80} ({type(root).__name__})")
        nodes: dict[Value, Node] = {}
        values = _in_order(roots)
        modules = _modules(values)
        names = _names(values, _outputs(values, roots, modules))
        for index, (value, name, short) in enumerate(zip(values, names, _short(names))):
            nodes[value] = Node(
                index,
                value,
                name,
                short,
                value.label,
                value.op,
                value.data,
                value.grad,
                tuple([nodes[x] if type(x) is Value else x for x in value.operands]),
                tuple([nodes[x] for x in value.inputs]),
                value.partials,
                not value.requires_grad,
            )
        self._set(nodes, roots, modules)

    def _set(
        self, nodes: dict[Value, Node], roots: Iterable[Value], modules: Mapping[Value, str]
    ) -> None:
        self._nodes = nodes
        self.modules = {nodes[value]: path for value, path in modules.items()}
        self.nodes = tuple(nodes.values())
        self.roots = tuple([nodes[root] for root in roots])
        origins = [(node, origin_of(node.value)) for node in self.nodes]
        self.origins = {node: origin for node, origin in origins if origin is not None}
        self.scopes = {node: each.scope for node, each in self.origins.items() if each.scope}
        self.reached = any(root.grad for root in self.roots)
        old = [node for node in self.nodes if node.grad and node.op is None]
        self.stale = frozenset(() if self.reached else old)

    @property
    def root(self) -> Node:
        """The first root."""
        return self.roots[0]

    @property
    def stats(self) -> Stats:
        """How large the graph is."""
        depths: dict[Node, int] = {}
        for node in self.nodes:
            depths[node] = max([depths[x] + 1 for x in node.inputs], default=0)
        operations = Counter([node.op.name for node in self.nodes if node.op is not None])
        return Stats(
            nodes=len(self.nodes),
            leaves=len(self.nodes) - operations.total(),
            edges=sum([len(node.inputs) for node in self.nodes]),
            depth=max(depths.values()),
            operations=dict(operations.most_common()),
        )

    def __getitem__(self, value: Value) -> Node:
        try:
            return self._nodes[value]
        except KeyError:
            raise KeyError(f"{value!r} is not in {self!r}") from None

    def __contains__(self, value: object) -> bool:
        return value in self._nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph of {self.root.name}: {self.stats}; print() shows it>"


def _in_order(roots: tuple[Value, ...]) -> list[Value]:
    order, _ = topological_order(*roots)
    return [*dict.fromkeys([x for value in order for x in (*value.inputs, value)] + [*roots])]


def _modules(values: list[Value]) -> dict[Value, str]:
    """The path of the module that each node belongs to; the others are left out.

    A parameter belongs to its module, an operation to that of its parameters; an activation,
    or a sum, to the module that all its inputs belong to.
    """
    modules: dict[Value, str] = {}
    for value in values:
        if value.op is None:
            match = PARAMETER.fullmatch(value.label or "")
            paths = {match["module"]} if match else set()
        elif not modules:
            continue
        else:
            paths = {modules[x] for x in value.inputs if x.op is None and x in modules}
            op = value.op  # which may follow the weighted sum of a neuron
            if not paths and (op.name == "add" or "activation" in op.traits):
                paths = {modules.get(x, "") for x in value.inputs}
        if len(paths) == 1 and "" not in paths:
            modules[value] = paths.pop()
    return modules


def _outputs(
    values: list[Value], roots: Iterable[Value], modules: Mapping[Value, str]
) -> dict[Value, str]:
    """The names of results that are all that a module gives."""
    given: dict[str, dict[Value, None]] = {}
    reads = [(x, modules.get(reader)) for reader in values for x in reader.inputs if modules]
    for x, reader_path in reads + [(root, None) for root in roots]:
        path = modules.get(x)
        if path is not None and x.op is not None and path != reader_path:
            given.setdefault(path, {})[x] = None
    return {next(iter(xs)): f"{path}.out" for path, xs in given.items() if len(xs) == 1}


def _names(values: list[Value], outputs: Mapping[Value, str]) -> list[str]:
    """Labels; for nodes without one their names as outputs, or `v1`, `v2` …; a name that is
    taken gets a suffix.
    """
    labels = [value.label if (value.label or "").strip() else None for value in values]
    names = [
        label or outputs.get(value) or f"v{index + 1}"
        for index, (value, label) in enumerate(zip(values, labels))
    ]
    taken: set[str] = set()
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(2))
    for labelled in (True, False):
        for index, name in enumerate(names):
            if bool(labels[index]) is labelled:
                while names[index] in taken:
                    names[index] = f"{name}_{next(numbers[name])}"
                taken.add(names[index])
    return names


def _short(names: list[str]) -> list[str]:
    """Names for pictures and lines: of a parameter its letter, and its numbers as indices.

    >>> _short(["x", "layers.0.neurons.1.w.2", "layers.0.neurons.1.b"])
    ['x', 'w₁₂', 'b₁']
    >>> _short(["layers.0.neurons.1.b", "layers.1.neurons.1.b"])
    ['b⁽⁰⁾₁', 'b⁽¹⁾₁']
    """
    short = names
    for layer in (True, False):
        tried = [_indexed(name, layer) if PATH.fullmatch(name) else name for name in names]
        if len(set(tried)) == len(tried):
            short = tried
    return [short_name(name) for name in short]


def _indexed(path: str, layer: bool) -> str:
    parts = path.split(".")
    last = max([i for i, part in enumerate(parts) if not part.isdecimal()])
    before = [part for part in parts[:last] if part.isdecimal()]
    indices = before[-1:] + parts[last + 1 :]
    between = "," if max(map(len, indices)) > 1 else ""
    above = f"⁽{','.join(before[:-1]).translate(UP)}⁾" if before[1:] and layer else ""
    return f"{parts[last]}{above}{between.join(indices).translate(DOWN)}"


def with_grads(graph: Snapshot, grads: Mapping[Value, float]) -> Snapshot:
    """A copy of a snapshot with other gradients; those not given are 0.0."""
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        new[node] = replace(
            node,
            grad=grads.get(node.value, 0.0),
            operands=tuple([new[x] if isinstance(x, Node) else x for x in node.operands]),
            inputs=tuple([new[x] for x in node.inputs]),
        )
    copied = copy.copy(graph)
    nodes, roots = {node.value: node for node in new.values()}, [x.value for x in graph.roots]
    copied._set(nodes, roots, {node.value: path for node, path in graph.modules.items()})
    return copied
