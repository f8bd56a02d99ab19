"""What of a graph is drawn: its boxes and edges, before anything has a place.

Large graphs are cut down here: neurons or layers become one box, nodes far from the result
are left out, and `note` says so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from autograd.show.drawing.groups import layers_of, within
from autograd.show.drawing.numbers import show
from autograd.show.drawing.options import Options
from autograd.show.drawing.units import together
from autograd.show.drawing.words import clipped
from autograd.show.events import formula
from autograd.show.graph import Graph, Node, counted

__all__ = ["Box", "Edge", "Picture", "picture", "written"]

DRAWN_ONCE = 3  # a leaf with more uses is drawn once a use
MOST_OPERANDS = 3  # that a call is written with
LONGEST_NAME = 6.0  # of an operand, in units of the font's size


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A rectangle of the picture.

    Attributes:
        id: unique in the picture, and the same whenever the graph is the same.
        kind: "leaf", "operation", "group" (several nodes) or "more" (nodes left out).
        title, op: its two texts; `op` is empty for a leaf.
        node: whose data and grad it shows; None if there is no single one.
        hint: what a tooltip says.
        clusters: the paths of the modules around it, outermost first.
        members: the nodes of a group, in the order of the graph.
    """

    id: str
    kind: Literal["leaf", "operation", "group", "more"]
    title: str
    op: str
    node: Node | None
    hint: str
    clusters: tuple[str, ...] = ()
    members: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An arrow from an input to the output; `local` is the derivative that it carries."""

    id: str
    tail: Box
    head: Box
    local: str
    hint: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, edges, and what the picture leaves out, in words (empty if nothing)."""

    boxes: list[Box]
    edges: list[Edge]
    roots: list[Box]
    note: str


class Copy(NamedTuple):
    """A leaf where it goes into one slot, if it is drawn once a use."""

    leaf: Node
    head: Node
    slot: int


Unit = Node | Copy | str  # what becomes a box; a str is the name of nodes drawn together


class Link(NamedTuple):
    """An argument slot, seen as a way between two boxes."""

    tail: Unit
    node: Node
    slot: int


def picture(graph: Graph, options: Options) -> Picture:
    """The boxes and edges that the options ask for."""
    return _Maker(graph, options).picture()


class _Maker:
    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph = graph
        self.options = options
        self.groups, self.keys, self.note = together(graph, options)
        self.members: dict[str, list[Node]] = {}
        for node in graph.nodes:
            if node in self.keys:
                self.members.setdefault(self.keys[node], []).append(node)
        self.uses = Counter([x for node in graph.nodes for x in node.inputs])

    def picture(self) -> Picture:
        kept = self.nearest()
        boxes = self.boxes(kept)
        edges = list(self.edges(boxes))
        hidden = len(self.graph) - len({node for unit in kept for node in self.nodes(unit)})
        note = self.note
        if hidden:
            left = f"{counted(hidden, 'node')} left out"
            note = f"{note} Only what is nearest to the result is drawn; {left}.".lstrip()
            for unit in kept:
                edges += self.rest(unit, boxes)
        roots = {self.unit(root): None for root in self.graph.roots}
        drawn = dict.fromkeys([*boxes.values(), *[edge.tail for edge in edges]])
        return Picture(list(drawn), edges, [boxes[x] for x in roots if x in boxes], note)

    # ------------------------------------------------------------ what there is to draw

    def unit(self, node: Node) -> Unit:
        return self.keys.get(node, node)

    def nodes(self, unit: Unit) -> list[Node]:
        if isinstance(unit, str):
            return self.members[unit]
        return [unit.leaf if isinstance(unit, Copy) else unit]

    def links(self, unit: Unit) -> Iterator[Link]:
        """What goes into a box from outside of it, one a slot."""
        for node in [] if isinstance(unit, Copy) else self.nodes(unit):
            for slot, x in enumerate(node.inputs):
                tail = self.unit(x)
                often = x.op is None and self.uses[x] > DRAWN_ONCE
                if often and isinstance(tail, Node) and isinstance(unit, Node):
                    tail = Copy(x, node, slot)
                if tail != unit:
                    yield Link(tail, node, slot)

    def nearest(self) -> list[Unit]:
        """The boxes that are drawn, in the order of the graph: as many as options allow."""
        depth, most = self.options.depth, self.options.max_nodes
        distance = dict.fromkeys([self.unit(root) for root in self.graph.roots], 0)
        queue = deque(distance)
        while queue and (most is None or len(distance) < most):
            unit = queue.popleft()
            if depth is None or distance[unit] < depth:
                for link in self.links(unit):
                    if link.tail not in distance:
                        distance[link.tail] = distance[unit] + 1
                        queue.append(link.tail)
        return sorted(list(distance)[:most], key=self.place)

    def place(self, unit: Unit) -> tuple[int, int]:
        if isinstance(unit, Copy):
            return unit.head.index, unit.slot - len(self.graph)  # before the node it goes into
        return self.nodes(unit)[0].index, 0

    # ------------------------------------------------------------ boxes

    def boxes(self, units: list[Unit]) -> dict[Unit, Box]:
        numbers = {key: number for number, key in enumerate(self.members)}
        crossing = [
            x
            for y in self.graph.nodes
            for x in y.inputs
            if self.keys.get(x) != self.keys.get(y)
        ]
        outlets = {*crossing, *self.graph.roots} if self.keys else set()
        copies: Counter[Node] = Counter()
        boxes: dict[Unit, Box] = {}
        for unit in units:
            if isinstance(unit, str):
                boxes[unit] = self.group(unit, numbers[unit], outlets)
            elif isinstance(unit, Copy):
                copies[unit.leaf] += 1
                suffix = f"-u{copies[unit.leaf]}"
                boxes[unit] = self.single(unit.leaf, suffix, unit.head)
            else:
                boxes[unit] = self.single(unit, "", unit)
        return boxes

    def single(self, node: Node, suffix: str, beside: Node) -> Box:
        clusters = tuple(layers_of(self.groups[beside])) if beside in self.groups else ()
        title = within(node.name, clusters)
        op = written(node, self.options, clusters)
        made = f" = {formula(node)}" if op else ""
        hint = f"{node.name}{made}, data {node.data!r}, grad {node.grad!r}"
        kind: Literal["leaf", "operation"] = "operation" if op else "leaf"
        return Box(f"n{node.index}{suffix}", kind, title, op, node, hint, clusters)

    def group(self, key: str, number: int, outlets: set[Node]) -> Box:
        nodes = self.members[key]
        operations = Counter([node.op.name for node in nodes if node.op is not None])
        leaves = len(nodes) - operations.total()
        outputs = [node for node in nodes if node in outlets]
        words = [f"{name} ×{n:,}" if n > 1 else name for name, n in operations.items()]
        if leaves:
            one, many = ("parameter", "") if words else ("leaf", "leaves")
            words.append(counted(leaves, one, many))
        if len(outputs) > 1 and operations:
            words.append(counted(len(outputs), "output"))
        clusters = tuple(layers_of(key)[:-1]) if nodes[0] in self.groups else ()
        title, op = within(key, clusters), ", ".join(words)
        shown = outputs[0] if len(outputs) == 1 else None
        hint, members = f"{key}: {op}", tuple(nodes)
        return Box(f"g{number}", "group", title, op, shown, hint, clusters, members)

    # ------------------------------------------------------------ edges

    def edges(self, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """Every slot an edge, but those from or to nodes drawn together are one."""
        for unit, head in boxes.items():
            merged: Counter[Unit] = Counter()
            for link in self.links(unit):
                if link.tail not in boxes:
                    continue
                if isinstance(unit, str) or isinstance(link.tail, str):
                    merged[link.tail] += 1
                    continue
                node, x = link.node, link.node.inputs[link.slot]
                partial = node.partials[link.slot]
                local = show(partial, self.options.format)
                hint = f"∂{node.name}/∂{x.name} = {partial!r}"
                yield Edge(f"e{node.index}-{link.slot}", boxes[link.tail], head, local, hint)
            for other, n in merged.items():
                tail = boxes[other]
                hint = f"{tail.title} → {head.title}: {counted(n, 'edge')}"
                count = f"×{n:,}" if n > 1 else ""
                yield Edge(f"e-{tail.id}-{head.id}", tail, head, count, hint)

    def rest(self, unit: Unit, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """An edge from a box "…" if something that goes into this one is left out."""
        hidden = {link.tail for link in self.links(unit) if link.tail not in boxes}
        if hidden:
            head = boxes[unit]
            hint = f"{counted(len(hidden), 'input')} of {head.title} not drawn"
            more = Box(f"more-{head.id}", "more", "…", "", None, hint)
            yield Edge(f"e-more-{head.id}", more, head, "", hint)


def written(node: Node, options: Options, around: Sequence[str] = ()) -> str:
    """The operation as a box shows it: its symbol; the whole call if an operand is a number.

    Args:
        around: the modules around the box; their paths need not be repeated.
    """
    if node.op is None:
        return ""
    symbol = node.op.name if node.op.name == "dot" else node.op.symbol
    if len(node.inputs) == len(node.operands):
        return symbol
    texts = [
        clipped(within(x.name, around), 1, LONGEST_NAME)
        if isinstance(x, Node)
        else show(x, options.format)
        for x in node.operands[:MOST_OPERANDS]
    ]
    if len(node.operands) == 2 and not symbol.isidentifier():
        return f" {symbol} ".join(texts)
    more = ", …" if len(node.operands) > MOST_OPERANDS else ""
    return f"{symbol}({', '.join(texts)}{more})"
