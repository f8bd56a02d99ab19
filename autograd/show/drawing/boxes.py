"""What of a graph is drawn: its boxes and edges, before anything has a place.

Large graphs are cut down here: neurons or layers become one box, nodes far from the result
are left out, and `note` says so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from autograd.core.sweeps import product
from autograd.show.drawing.grouping import group, layers_of, relative
from autograd.show.drawing.options import Options
from autograd.show.formulas import Notation, arithmetic
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted, format_number

__all__ = ["Box", "Edge", "Frame", "Picture", "operation_text", "picture"]

DRAWN_ONCE = 12  # a leaf with more uses has a copy beside each
MOST_OPERANDS = 3  # that a call is written with
LONGEST_OPERAND = 6.0  # of a name, in units of the font's size


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A rectangle of the picture.

    Attributes:
        id: unique in the picture, and the same whenever the graph is the same.
        kind: "leaf", "use" (a copy of a leaf beside one of its uses), "operation", "group"
            (several nodes) or "more" (nodes left out).
        title, op: its two texts; `op` is empty for a leaf.
        node: whose data and grad it shows; None if there is no single one.
        rows: its numbers, each with a caption.
        hint: what a tooltip says.
        modules: the paths of the modules around it, outermost first.
        members: the nodes of a group, in the order of the graph.
    """

    id: str
    kind: Literal["leaf", "use", "operation", "group", "more"]
    title: str
    op: str
    node: Node | None
    hint: str
    rows: tuple[tuple[str, str], ...] = ()
    modules: tuple[str, ...] = ()
    members: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An arrow from an input to the output; `local` is the derivative that it carries."""

    id: str
    tail: Box
    head: Box
    local: str
    hint: str


@dataclass(slots=True)
class Frame:
    """A module with what is drawn in it; the outermost one, without a path, is the picture."""

    path: str
    title: str
    boxes: list[Box] = field(default_factory=list)
    frames: dict[str, Frame] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, edges, and what the picture leaves out, in words (empty if nothing)."""

    boxes: list[Box]
    edges: list[Edge]
    roots: list[Box]
    note: str

    def frame(self) -> Frame:
        """The boxes in their modules, first operands first, as layout engines prefer it."""
        outermost = Frame("", "")
        for box in self._in_reading_order():
            frame = outermost
            for depth, path in enumerate(box.modules):
                title = relative(path, box.modules[:depth])
                frame = frame.frames.setdefault(path, Frame(path, title))
            frame.boxes.append(box)
        return outermost

    def _in_reading_order(self) -> list[Box]:
        """The boxes as a formula names them."""
        into: dict[Box, list[Box]] = {}
        for edge in self.edges:
            into.setdefault(edge.head, []).append(edge.tail)
        entered: set[Box] = set()
        order: dict[Box, None] = {}
        stack = self.roots[::-1]
        while stack:
            box = stack[-1]
            new = [] if box in entered else [x for x in into.get(box, []) if x not in entered]
            entered.add(box)
            if new:
                stack += reversed(new)
            else:
                order[stack.pop()] = None
        alone = [box for box in self.boxes if box not in order]  # leaves that have copies
        return [*alone, *order]


class LeafUse(NamedTuple):
    """A leaf where it goes into one slot: which use of how many, as `backward` meets them."""

    leaf: Node
    head: Node
    slot: int
    use: int
    uses: int


Unit = Node | LeafUse | str  # what becomes a box; a str is the name of a group


class Link(NamedTuple):
    """An argument slot, seen as a way between two boxes."""

    tail: Unit
    node: Node
    slot: int


def picture(graph: Snapshot, options: Options) -> Picture:
    """The boxes and edges that the options ask for."""
    return _Maker(graph, options).picture()


class _Maker:
    def __init__(self, graph: Snapshot, options: Options) -> None:
        self.graph = graph
        self.options = options
        self.grouping = group(graph, options)
        self.members: dict[str, list[Node]] = {}
        for node in graph.nodes:
            if node in self.grouping.groups:
                self.members.setdefault(self.grouping.groups[node], []).append(node)
        self.uses: Counter[Node] = Counter()
        self.use: dict[tuple[Node, int], int] = {}
        for node in reversed(graph.nodes):
            for slot, x in enumerate(node.inputs):
                self.uses[x] += 1
                self.use[node, slot] = self.uses[x]

    def picture(self) -> Picture:
        kept = self.nearest()
        boxes = self.boxes(kept)
        edges = list(self.edges(boxes))
        hidden = len(self.graph) - len({node for unit in kept for node in self.nodes(unit)})
        note = self.grouping.note
        if hidden:
            left = f"{counted(hidden, 'node')} left out"
            note = f"{note} Only what is nearest to the result is drawn; {left}.".lstrip()
            for unit in kept:
                edges += self.left_out(unit, boxes)
        roots = {self.unit(root): None for root in self.graph.roots}
        drawn = dict.fromkeys([*boxes.values(), *[edge.tail for edge in edges]])
        return Picture(list(drawn), edges, [boxes[x] for x in roots if x in boxes], note)

    # ------------------------------------------------------------ what there is to draw

    def unit(self, node: Node) -> Unit:
        return self.grouping.groups.get(node, node)

    def nodes(self, unit: Unit) -> list[Node]:
        if isinstance(unit, str):
            return self.members[unit]
        return [unit.leaf if isinstance(unit, LeafUse) else unit]

    def links(self, unit: Unit) -> Iterator[Link]:
        """What goes into a box from outside of it, one a slot."""
        for node in [] if isinstance(unit, LeafUse) else self.nodes(unit):
            for slot, x in enumerate(node.inputs):
                tail = self.unit(x)
                often = x.op is None and self.uses[x] > DRAWN_ONCE
                if often and isinstance(tail, Node) and isinstance(unit, Node):
                    tail = LeafUse(x, node, slot, self.use[node, slot], self.uses[x])
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
        if isinstance(unit, LeafUse):
            return unit.head.index, unit.slot - len(self.graph)  # before the node it goes into
        return self.nodes(unit)[0].index, 0

    # ------------------------------------------------------------ boxes

    def boxes(self, units: list[Unit]) -> dict[Unit, Box]:
        numbers = {name: number for number, name in enumerate(self.members)}
        outlets = {*self.graph.roots}
        outlets |= {x for y in self.graph for x in y.inputs if self.unit(x) != self.unit(y)}
        boxes: dict[Unit, Box] = {}
        for unit in units:
            if isinstance(unit, str):
                boxes[unit] = self.group(unit, numbers[unit], outlets)
            elif isinstance(unit, LeafUse):
                boxes.setdefault(unit.leaf, self.single(unit.leaf))
                boxes[unit] = self.copy(unit)
            else:
                boxes[unit] = self.single(unit)
        return boxes

    def single(self, node: Node) -> Box:
        modules = self.modules(node)
        op = operation_text(node, self.options)
        made = f" = {arithmetic(node)}" if op else ""
        hint = f"{node.name}{made}, data {node.data!r}, grad {node.grad!r}"
        kind: Literal["leaf", "operation"] = "operation" if op else "leaf"
        return Box(f"n{node.index}", kind, node.short, op, node, hint, self.rows(node), modules)

    def copy(self, use: LeafUse) -> Box:
        leaf, number = use.leaf, f"use {use.use} of {use.uses}"
        share = product(use.head, use.head.grad, use.head.partials[use.slot], leaf)
        hint = f"{leaf.name}, {number}: it adds {share!r} to the gradient {leaf.grad!r}"
        id, modules = f"n{leaf.index}-u{use.use}", self.modules(use.head)
        return Box(id, "use", leaf.short, number, leaf, hint, self.rows(leaf, share), modules)

    def rows(self, node: Node, share: float | None = None) -> tuple[tuple[str, str], ...]:
        """Data and grad of a node; of a copy of a leaf the grad is its share."""
        rows = [("data", node.data)] * self.options.values
        if self.options.gradients:
            grad = node.grad if share is None else share
            rows.append(("old grad" if node in self.graph.stale else "grad", grad))
        return tuple([(name, format_number(x, self.options.format)) for name, x in rows])

    def modules(self, node: Node) -> tuple[str, ...]:
        path = self.grouping.modules.get(node)
        return () if path is None else tuple(layers_of(path))

    def group(self, name: str, number: int, outlets: set[Node]) -> Box:
        nodes = self.members[name]
        operations = Counter([node.op.name for node in nodes if node.op is not None])
        leaves = len(nodes) - operations.total()
        outputs = [node for node in nodes if node in outlets]
        parts = [f"{op} ×{n:,}" if n > 1 else op for op, n in operations.items()]
        if leaves:
            one, many = ("parameter", "") if parts else ("leaf", "leaves")
            parts.append(counted(leaves, one, many))
        if len(outputs) > 1 and operations:
            parts.append(counted(len(outputs), "output"))
        modules = tuple(layers_of(name)[:-1]) if nodes[0] in self.grouping.modules else ()
        title, op = relative(name, modules), ", ".join(parts)
        shown = outputs[0] if len(outputs) == 1 else None
        hint = f"{name}: {op}"
        rows = self.rows(shown) if shown else ()
        return Box(f"g{number}", "group", title, op, shown, hint, rows, modules, tuple(nodes))

    # ------------------------------------------------------------ edges

    def edges(self, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """Every slot is an edge; those between the same two boxes are one if one is a group."""
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
                local = format_number(partial, self.options.format)
                hint = f"∂{node.name}/∂{x.name} = {partial!r}"
                yield Edge(f"e{node.index}-{link.slot}", boxes[link.tail], head, local, hint)
            for other, n in merged.items():
                tail = boxes[other]
                hint = f"{tail.title} → {head.title}: {counted(n, 'edge')}"
                count = f"×{n:,}" if n > 1 else ""
                yield Edge(f"e-{tail.id}-{head.id}", tail, head, count, hint)

    def left_out(self, unit: Unit, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """An edge from a box "…" if something that goes into this one is left out."""
        hidden = {link.tail for link in self.links(unit) if link.tail not in boxes}
        if hidden:
            head = boxes[unit]
            hint = f"{counted(len(hidden), 'input')} of {head.title} not drawn"
            more = Box(f"more-{head.id}", "more", "…", "", None, hint)
            yield Edge(f"e-more-{head.id}", more, head, "", hint)


def operation_text(node: Node, options: Options) -> str:
    """The operation as a box shows it: its symbol; all of it if an operand is a number."""
    if node.op is None:
        return ""
    if len(node.inputs) == len(node.operands) and node.op.name != "dot":
        return node.op.symbol
    notation = Notation(latex=False, spec=options.format, most=MOST_OPERANDS)
    return arithmetic(node, notation=notation, longest=LONGEST_OPERAND)
