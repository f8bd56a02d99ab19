"""What of a graph is drawn: its boxes and edges, before anything has a place.

Large graphs are cut down here: neurons or layers become one box, nodes far from the result
are left out, and `note` says so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from autograd.drawing.groups import group_of, layers_of, within
from autograd.drawing.numbers import show
from autograd.drawing.options import Options
from autograd.drawing.words import clipped
from autograd.graph import Graph, Node, counted

__all__ = ["Box", "Edge", "Picture", "picture"]

DRAWN_ONCE = 3  # a leaf with more uses is drawn once a use
MOST_OPERANDS = 3  # that a call is written with
LONGEST_NAME = 6.0  # of an operand, in units of the font's size
BUNDLE = 8  # so many leaves that go into one layer are one box with it
EDGES_A_BOX = 3  # a picture with more edges than this times `max_nodes` is collapsed too


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A rectangle of the picture.

    Attributes:
        id: unique in the picture, and the same whenever the graph is the same.
        kind: "leaf", "operation", "group" (several nodes) or "more" (nodes left out).
        title, op: its two texts; `op` is empty for a leaf.
        node: whose data and grad it shows; None if there is no single one.
        members: the nodes that it stands for.
        clusters: the paths of the modules around it, outermost first.
    """

    id: str
    kind: Literal["leaf", "operation", "group", "more"]
    title: str
    op: str
    node: Node | None
    members: tuple[Node, ...]
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An arrow from an input to the output; `local` is the derivative that it carries."""

    id: str
    tail: Box
    head: Box
    local: str
    hint: str


@dataclass(slots=True)
class Picture:
    """Boxes, edges, and what the picture leaves out, in words (empty if nothing)."""

    boxes: list[Box]
    edges: list[Edge]
    roots: list[Box]
    note: str = ""


def picture(graph: Graph, options: Options) -> Picture:
    """The boxes and edges that the options ask for."""
    groups = group_of(graph)
    most = options.max_nodes
    found = _collapsed(graph, options, groups, "")
    steps = {"auto": ["neuron", "layer"], "neuron": ["neuron"], "layer": ["layer"], None: []}
    for level in steps[options.collapse]:
        fits = most is None or (
            len(found.boxes) <= most and len(found.edges) <= most * EDGES_A_BOX
        )
        if options.collapse != "auto" or not fits:
            found = _collapsed(graph, options, groups, level)
    return _cut(found, options)


# ---------------------------------------------------------------- boxes


def _collapsed(
    graph: Graph, options: Options, groups: Mapping[Node, str], level: str
) -> Picture:
    """Every node in a box, those of one neuron or one layer (`level`) together."""
    keys: dict[Node, str] = {}
    if level == "neuron":
        keys = dict(groups)
    elif level == "layer":
        keys = {node: layers_of(path)[-2:][0] for node, path in groups.items()}
        keys |= _bundles(graph, keys)
    members: dict[str, list[Node]] = {}
    for node, key in keys.items():
        members.setdefault(key, []).append(node)
    crossing = [x for y in graph.nodes for x in y.inputs if keys.get(x) != keys.get(y)]
    outlets = {*crossing, *graph.roots}
    together = {
        key: _group(i, key, nodes, [node for node in nodes if node in outlets])
        for i, (key, nodes) in enumerate(members.items())
        if len(nodes) > 1
    }
    uses = Counter([x for node in graph.nodes for x in node.inputs])
    boxes: dict[str, Box] = {}
    box_of: dict[Node, Box] = {}
    for node in graph.nodes:
        box = together.get(keys.get(node, "")) or _single(node, groups, options)
        box_of[node] = box
        if node.op is not None or uses[node] <= DRAWN_ONCE or box.kind == "group":
            boxes[box.id] = box
    edges = _edges(graph, options, box_of, uses, boxes)
    result = Picture(list(boxes.values()), edges, [box_of[root] for root in graph.roots])
    if together:
        size = counted(len(graph), "node")
        drawn = counted(len(boxes), "box", "boxes")
        result.note = f"Every {level} is drawn as one box: {size} in {drawn}."
    return result


def _bundles(graph: Graph, keys: Mapping[Node, str]) -> dict[Node, str]:
    """Names for leaves of no module that go into the same layers, where they are many."""
    goes: dict[Node, dict[str, None]] = {}
    for node in graph.nodes:
        for x in node.inputs:
            if x.op is None and x not in keys:
                goes.setdefault(x, {})[keys.get(node, "")] = None
    alike: dict[tuple[str, ...], list[Node]] = {}
    for leaf, layers in goes.items():
        if "" not in layers:
            alike.setdefault(tuple(layers), []).append(leaf)
    return {
        leaf: f"{leaves[0].name} … {leaves[-1].name}"
        for leaves in alike.values()
        if len(leaves) >= BUNDLE
        for leaf in leaves
    }


def _single(node: Node, groups: Mapping[Node, str], options: Options) -> Box:
    clusters = tuple(layers_of(groups[node])) if node in groups else ()
    kind: Literal["leaf", "operation"] = "leaf" if node.op is None else "operation"
    title = within(node.name, clusters)
    op = written(node, options)
    return Box(f"n{node.index}", kind, title, op, node, (node,), clusters)


def _group(number: int, path: str, nodes: list[Node], outputs: list[Node]) -> Box:
    operations = Counter([node.op.name for node in nodes if node.op is not None])
    leaves = len(nodes) - operations.total()
    words = [f"{name} ×{n}" if n > 1 else name for name, n in operations.items()]
    words.append(counted(leaves, "parameter") if words else counted(leaves, "leaf", "leaves"))
    if len(outputs) > 1 and operations:
        words.append(counted(len(outputs), "output"))
    node = outputs[0] if len(outputs) == 1 else None
    clusters = tuple(layers_of(path)[:-1]) if operations else ()
    title = within(path, clusters)
    return Box(f"g{number}", "group", title, ", ".join(words), node, tuple(nodes), clusters)


def written(node: Node, options: Options) -> str:
    """The operation as a box shows it: its symbol; the whole call if an operand is a number."""
    if node.op is None:
        return ""
    symbol = node.op.name if node.op.name == "dot" else node.op.symbol
    if len(node.inputs) == len(node.operands):
        return symbol
    operands = node.operands
    if len(operands) > MOST_OPERANDS:
        operands = operands[:MOST_OPERANDS]
    texts = [
        show(x, options.format) if isinstance(x, float) else clipped(x.name, 1, LONGEST_NAME)
        for x in operands
    ]
    if len(texts) == 2 and not symbol.isidentifier():
        return f" {symbol} ".join(texts)
    more = ", …" if len(operands) < len(node.operands) else ""
    return f"{symbol}({', '.join(texts)}{more})"


# ---------------------------------------------------------------- edges


def _edges(
    graph: Graph,
    options: Options,
    box_of: Mapping[Node, Box],
    uses: Mapping[Node, int],
    boxes: dict[str, Box],
) -> list[Edge]:
    """Every slot an edge; those to or from a group are one. Leaves of many uses are copied."""
    edges: list[Edge] = []
    merged: Counter[tuple[Box, Box]] = Counter()
    copies: Counter[Node] = Counter()
    for node in graph.nodes:
        head = box_of[node]
        for slot, (x, partial) in enumerate(zip(node.inputs, node.partials)):
            tail = box_of[x]
            if tail is head:
                continue
            if "group" in (tail.kind, head.kind):
                boxes[tail.id] = tail
                merged[tail, head] += 1
                continue
            if tail.id not in boxes or copies[x]:
                copies[x] += 1
                id = f"{tail.id}-u{copies[x]}"
                boxes[id] = tail = replace(tail, id=id, clusters=head.clusters)
            local = show(partial, options.format)
            hint = f"∂{node.name}/∂{x.name} = {partial!r}"
            edges.append(Edge(f"e{node.index}-{slot}", tail, head, local, hint))
    for (tail, head), n in merged.items():
        count = f"×{n}" if n > 1 else ""
        hint = f"{tail.title} → {head.title}: {counted(n, 'edge')}"
        edges.append(Edge(f"e-{tail.id}-{head.id}", tail, head, count, hint))
    return edges


# ---------------------------------------------------------------- what is left out


def _cut(whole: Picture, options: Options) -> Picture:
    """The boxes nearest to the result, and a box "…" wherever something is left out."""
    into: dict[Box, list[Edge]] = {}
    for edge in whole.edges:
        into.setdefault(edge.head, []).append(edge)
    distance = dict.fromkeys(whole.roots, 0)
    queue = deque(distance)
    while queue:
        box = queue.popleft()
        if options.depth is None or distance[box] < options.depth:
            for edge in into.get(box, []):
                if edge.tail not in distance:
                    distance[edge.tail] = distance[box] + 1
                    queue.append(edge.tail)
    kept = set(list(distance)[: options.max_nodes])
    if len(kept) == len(whole.boxes):
        return whole
    edges = [edge for edge in whole.edges if edge.tail in kept and edge.head in kept]
    boxes = [box for box in whole.boxes if box in kept]
    for head in list(boxes):
        hidden = [edge.tail for edge in into.get(head, []) if edge.tail not in kept]
        if hidden:
            more = Box(f"more-{head.id}", "more", "…", "", None, _members(hidden))
            boxes.append(more)
            hint = f"{head.title} has {counted(len(hidden), 'input')} not drawn"
            edges.append(Edge(f"e-more-{head.id}", more, head, "", hint))
    out = len({n for box in whole.boxes if box not in kept for n in box.members})
    rest = f"Only what is nearest to the result is drawn; {counted(out, 'node')} left out."
    note = f"{whole.note} {rest}".lstrip()
    return Picture(boxes, edges, [box for box in whole.roots if box in kept], note)


def _members(boxes: Iterable[Box]) -> tuple[Node, ...]:
    return tuple({node: None for box in boxes for node in box.members})
