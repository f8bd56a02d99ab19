"""What of a graph is drawn: its boxes and edges, before anything has a place.

Large graphs are cut down here: neurons or layers become one box, nodes far from the result
are left out, and `note` says so.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from autograd.core.chain import product, products
from autograd.show.drawing.grouping import (
    TALLEST,
    Formula,
    Grouping,
    group,
    layers_of,
    relative,
)
from autograd.show.drawing.options import Options
from autograd.show.formulas import Notation, arithmetic
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted, format_number

__all__ = ["Box", "Edge", "Frame", "Picture", "operation_text", "picture"]

DRAWN_ONCE = 12  # a leaf with more uses has a copy beside each
MOST_OPERANDS = 3  # that a call is written with
MOST_NAMES = 8  # of leaves that are left out
PART = re.compile(r"([^/]+)/(\1 · \d+)$")  # of a scope, which is in its frame
LONGEST_OPERAND = 6.0  # of a name, in units of the font's size


Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A rectangle of the picture.

    Attributes:
        id: unique in the picture, and the same whenever the graph is the same.
        kind: "leaf", "use" (a copy of a leaf beside one of its uses), "operation", "group"
            (several nodes), "formula" (several nodes that are written as one), or "more"
            (nodes left out).
        title, op: its two texts; `op` is empty for a leaf.
        node: whose data and grad it shows; None if there is no single one.
        rows: its numbers, each with a caption.
        hint: what a tooltip says.
        modules: the paths of the modules around it, outermost first.
        members: the nodes of a group or a formula, in the order of the graph.
        formula: what made the node, or what is alike, as text.
        many: how many there are of it.
    """

    id: str
    kind: Literal["leaf", "use", "operation", "group", "formula", "more"]
    title: str
    op: str
    node: Node | None
    hint: str
    rows: Rows = ()
    modules: tuple[str, ...] = ()
    members: tuple[Node, ...] = ()
    formula: str = ""
    many: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """An arrow from an input to the output.

    Attributes:
        local: the derivative that it carries; of the output of a group too it is exact.
        weight: of a network, the parameter that multiplies what comes along it.
        text: the number that is written on it.
        amount: the same that its look shows, if it has a weight.
    """

    id: str
    tail: Box
    head: Box
    local: str
    hint: str
    text: str
    weight: Node | None = None
    amount: float | None = None


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

    @property
    def heaviest(self) -> float:
        """The largest amount of an arrow, by its size."""
        return max([abs(edge.amount) for edge in self.edges if edge.amount], default=1.0)

    def frame(self) -> Frame:
        """The boxes in their modules, first operands first, as layout engines prefer it."""
        outermost = Frame("", "")
        for box in self.in_reading_order():
            frame = outermost
            for depth, path in enumerate(box.modules):
                title = relative(path, box.modules[:depth])
                frame = frame.frames.setdefault(path, Frame(path, title))
            frame.boxes.append(box)
        return outermost

    def in_reading_order(self) -> list[Box]:
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


class Numbers(NamedTuple):
    """Plain numbers that the neurons of a layer take at one place; at many if `place` < 0."""

    layer: str
    place: int


Unit = Node | LeafUse | str  # what becomes a box; a str is the name of a group


class Link(NamedTuple):
    """An argument slot, seen as a way between two boxes."""

    tail: Unit
    node: Node
    slot: int


def picture(graph: Snapshot, options: Options, grouping: Grouping | None = None) -> Picture:
    """The boxes and edges that the options ask for."""
    return _Maker(graph, options, grouping or group(graph, options)).picture()


class _Maker:
    def __init__(self, graph: Snapshot, options: Options, grouping: Grouping) -> None:
        self.graph = graph
        self.options = options
        self.grouping = grouping
        self.members: dict[str, list[Node]] = {}
        for node in graph.nodes:
            if node in self.grouping.groups:
                self.members.setdefault(self.grouping.groups[node], []).append(node)
        self.known: dict[Unit, list[Link]] = {}
        self.unit: dict[Node, Unit] = {x: grouping.groups.get(x, x) for x in graph.nodes}
        read = {*graph.roots}
        for y in graph.nodes:
            own = self.unit[y]
            read.update([x for x in y.inputs if self.unit[x] != own])
        self.outlets = {k: _outlets(nodes, read) for k, nodes in self.members.items()}
        alone = Counter([x for y in graph if y not in grouping.groups for x in y.inputs])
        self.often = {x for x in alone if x.op is None and alone[x] > DRAWN_ONCE}
        self.uses: Counter[Node] = Counter()
        self.use: dict[tuple[Node, int], int] = {}
        for node in reversed(graph.nodes) if self.often else ():
            for slot, x in enumerate(node.inputs):
                self.uses[x] += 1
                self.use[node, slot] = self.uses[x]

    def picture(self) -> Picture:
        kept = self.nearest()
        boxes = self.boxes(kept)
        edges = [*self.edges(boxes), *self.numbers(boxes)]
        found = {node for unit in kept for node in self.nodes(unit)}
        hidden = [node for node in self.graph if node not in found]
        note = self.grouping.note
        if hidden:
            left = f"{counted(len(hidden), 'node')} left out"
            leaves = [node.short for node in hidden if node.op is None]
            if leaves:
                left += (
                    f", with the {'leaf' if len(leaves) == 1 else 'leaves'} {_listed(leaves)}"
                )
            note = f"{note} Only what is nearest to the result is drawn; {left}".lstrip()
            note += "; max_nodes=None draws them." if self.options.depth is None else "."
            for unit in kept:
                edges += self.left_out(unit, boxes)
        roots = {self.unit[root]: None for root in self.graph.roots}
        drawn = dict.fromkeys([*boxes.values(), *[edge.tail for edge in edges]])
        return Picture(list(drawn), edges, [boxes[x] for x in roots if x in boxes], note)

    # ------------------------------------------------------------ what there is to draw

    def nodes(self, unit: Unit) -> list[Node]:
        if isinstance(unit, str):
            return self.members[unit]
        return [unit.leaf if isinstance(unit, LeafUse) else unit]

    def links(self, unit: Unit) -> list[Link]:
        """What goes into a box from outside of it, one a slot."""
        if unit not in self.known:
            self.known[unit] = [*self.found(unit)]
        return self.known[unit]

    def found(self, unit: Unit) -> Iterator[Link]:
        for node in [] if isinstance(unit, LeafUse) else self.nodes(unit):
            for slot, x in enumerate(node.inputs):
                tail = self.unit[x]
                if tail == unit:
                    continue
                if x in self.often and isinstance(tail, Node) and isinstance(unit, Node):
                    tail = LeafUse(x, node, slot, self.use[node, slot], self.uses[x])
                yield Link(tail, node, slot)

    def nearest(self) -> list[Unit]:
        """The boxes that are drawn, in the order of the graph: as many as options allow."""
        depth, most = self.options.depth, self.options.max_nodes
        distance = dict.fromkeys([self.unit[root] for root in self.graph.roots], 0)
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
        boxes: dict[Unit, Box] = {}
        for unit in units:
            if isinstance(unit, str):
                boxes[unit] = self.group(unit, numbers[unit])
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
        rows, told = self.rows([node]), self.grouping.formulas.get(node)
        formula = told.text if told else made.removeprefix(" = ")
        return Box(
            f"n{node.index}", kind, node.short, op, node, hint, rows, modules, formula=formula
        )

    def copy(self, use: LeafUse) -> Box:
        leaf, number = use.leaf, f"use {use.use} of {use.uses}"
        share = product(use.head, use.head.grad, use.head.partials[use.slot], leaf)
        hint = f"{leaf.name}, {number}: it adds {share!r} to the gradient {leaf.grad!r}"
        id, modules = f"n{leaf.index}-u{use.use}", self.modules(use.head)
        return Box(id, "use", leaf.short, number, leaf, hint, self.rows([leaf], share), modules)

    def rows(self, nodes: Sequence[Node], share: float | None = None) -> Rows:
        """Data and grad, the least and the largest of several; of a copy its share as grad."""
        rows = [("data", self.span([node.data for node in nodes]))] * self.options.values
        if self.options.gradients:
            grads = [node.grad if share is None else share for node in nodes]
            old = any(node in self.graph.stale for node in nodes)
            rows.append(("old grad" if old else "grad", self.span(grads)))
        if nodes and all(node.frozen for node in nodes):
            rows = [*rows[: self.options.values], ("grad", "frozen")]
        return tuple(rows) if nodes else ()

    def span(self, numbers: Sequence[float]) -> str:
        ends = dict.fromkeys([min(numbers, default=0.0), max(numbers, default=0.0)])
        return " … ".join([format_number(x, self.options.format) for x in ends])

    def modules(self, node: Node) -> tuple[str, ...]:
        path = self.grouping.framed.get(node)
        return () if path is None else tuple(layers_of(path))

    def formula(self, name: str, number: int, told: Formula) -> Box:
        """The box of nodes that are written as one."""
        nodes, outputs = self.members[name], self.outlets[name]
        one = outputs[0] if len(outputs) == 1 else None
        op = counted(len(nodes), "node")
        hint = f"{told.name} = {told.text}: {op}"
        return Box(
            f"g{number}", "formula", told.name, op, one, hint, self.rows(outputs), (),
            tuple(nodes), told.text, told.many,
        )  # fmt: skip

    def group(self, name: str, number: int) -> Box:
        if name in self.grouping.formulas:
            return self.formula(name, number, self.grouping.formulas[name])
        nodes, outputs = self.members[name], self.outlets[name]
        operations = Counter([node.op.name for node in nodes if node.op is not None])
        inside = nodes[0] in self.grouping.framed
        modules = tuple(layers_of(name.partition(" … ")[0])[:-1]) if inside else ()
        leaves = len(nodes) - operations.total()
        linear = {"dot", "mul", "add"} if inside and modules else set[str]()
        parts = [f"{op} ×{n:,}" if n > 1 else op for op, n in operations.items()]
        named = [part for part in parts if part.partition(" ")[0] not in linear]
        parts = named or (parts and ["linear"])
        neuron = ", ".join(parts) if linear else ""
        if leaves:
            one, many = ("parameter", "") if parts else ("leaf", "leaves")
            parts.append(counted(leaves, one, many))
        title = self.grouping.titles.get(name) or relative(name, modules)
        folded = counted(len(nodes), "node") if name in self.grouping.titles else ""
        op = folded or neuron or ", ".join(parts)
        shown = outputs[0] if len(outputs) == 1 else None
        called = title if folded and not inside else PART.sub(r"\2", name)
        hint, rows = f"{called}: {', '.join(parts)}", self.rows(outputs)
        return Box(f"g{number}", "group", title, op, shown, hint, rows, modules, tuple(nodes))

    # ------------------------------------------------------------ edges

    def edges(self, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """Every slot is an edge; into a group, or out of many nodes, there is one a box."""
        for unit, head in boxes.items():
            merged: dict[Unit, list[Link]] = {}
            for link in self.links(unit):
                if link.tail not in boxes:
                    continue
                if isinstance(unit, str) or boxes[link.tail].node is None:
                    merged.setdefault(link.tail, []).append(link)
                    continue
                node, x = link.node, link.node.inputs[link.slot]
                partial = node.partials[link.slot]
                local = format_number(partial, self.options.format)
                hint = f"∂{node.name}/∂{x.name} = {partial!r}"
                id = f"e{node.index}-{link.slot}"
                yield Edge(id, boxes[link.tail], head, local, hint, local)
            slopes = self.slopes(unit) if isinstance(unit, str) else {}
            for other, links in merged.items():
                tail, x = boxes[other], links[0].node.inputs[links[0].slot]
                weights = {self.weight(link) for link in (links[0], links[-1])}
                weights = weights if head.kind == "group" else {None}
                weight = weights.pop() if len(weights) == 1 else None
                count = f"×{len(links):,}" if len(links) > 1 and weight is None else ""
                hint = f"{tail.title} → {head.title}: {counted(len(links), 'edge')}"
                if x in slopes and tail.node is not None and head.node is not None:
                    count = format_number(slopes[x], self.options.format)
                    hint = f"∂{head.node.name}/∂{x.name} = {slopes[x]!r}"
                slope = slopes.get(x) if tail.node is not None else None
                yield self.arrow(tail, head, count, hint, weight, slope)

    def arrow(
        self, tail: Box, head: Box, local: str, hint: str, w: Node | None, slope: float | None
    ) -> Edge:
        """Into a group: of a network, with what the options ask for."""
        id = f"e-{tail.id}-{head.id}"
        if w is None:
            return Edge(id, tail, head, local, hint, local)
        hint += f", weight {w.data!r}, its gradient {w.grad!r}"
        amount = {"weight": w.data, "gradient": w.grad, "local": slope}[self.options.arrows]
        text = "" if amount is None else format_number(amount, self.options.format)
        return Edge(id, tail, head, local, hint, text, w, amount)

    def slopes(self, name: str) -> dict[Node, float]:
        """The derivatives of a group's only output to what goes into it."""
        found = dict.fromkeys(self.outlets[name], 1.0)
        if len(found) == 1:
            for _node, _, x, _, share in products(self.members[name], found):
                found[x] = found.get(x, 0.0) + share
        return found if len(self.outlets[name]) == 1 else {}

    def weight(self, link: Link) -> Node | None:
        """The parameter that multiplies what comes along a link into a neuron."""
        node = link.node
        at = [i for i, x in enumerate(node.operands) if isinstance(x, Node)][link.slot]
        half = len(node.operands) // 2
        facing: Node | float | None = None
        if node.op is not None and node.op.name == "mul":
            facing = node.operands[1 - at]
        elif node.op is not None and node.op.name == "dot" and at:
            facing = node.operands[at - half if at > half else at + half]
        if not isinstance(facing, Node) or facing.op is not None:
            return None
        return facing if facing in self.grouping.framed else None

    def numbers(self, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """The plain numbers that neurons take as inputs, and their arrows."""
        tails: dict[Numbers, Box] = {}
        found: dict[Numbers, list[float]] = {}
        arrows: dict[tuple[Numbers, str], list[tuple[Node, Node]]] = {}
        for unit in boxes:
            for node in self.members[unit] if isinstance(unit, str) else []:
                half = len(node.operands) // 2
                if node.op is None or node.op.name != "dot" or node not in self.grouping.framed:
                    continue
                layer = layers_of(self.grouping.framed[node])[-2:][0]
                for place, x in enumerate(node.operands[1 + half :]):
                    w = node.operands[1 + place]
                    if isinstance(w, Node) and not isinstance(x, Node):
                        key = Numbers(layer, place if half <= TALLEST else -1)
                        found.setdefault(key, []).append(x)
                        arrows.setdefault((key, str(unit)), []).append((node, w))
        for (key, unit), pairs in arrows.items():
            data = self.span(found[key])
            title = f"x{key.place}" if key.place >= 0 else "inputs"
            rows = (("data", data),) * self.options.values
            hint = f"{title}: plain numbers, {data}"
            box = Box(f"x-{key.layer}-{key.place}", "leaf", title, "", None, hint, rows)
            tail = tails.setdefault(key, box)
            node, w = pairs[0]
            slope = self.slopes(unit) if len(pairs) == 1 else {}
            local = w.data * slope[node] if node in slope else None
            text = "" if local is None else format_number(local, self.options.format)
            one = w if key.place >= 0 and len({w for _, w in pairs}) == 1 else None
            hint = f"{tail.title} → {boxes[unit].title}"
            yield self.arrow(tail, boxes[unit], text, hint, one, local)

    def left_out(self, unit: Unit, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """An edge from a box "…" if something that goes into this one is left out."""
        hidden = {link.tail for link in self.links(unit) if link.tail not in boxes}
        if hidden:
            head = boxes[unit]
            hint = f"{counted(len(hidden), 'input')} of {head.title} not drawn"
            more = Box(f"more-{head.id}", "more", "…", "", None, hint)
            yield Edge(f"e-more-{head.id}", more, head, "", hint, "")


def _listed(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _outlets(nodes: Sequence[Node], read: Set[Node]) -> list[Node]:
    """What others read of a group: its results, or its leaves if there are none."""
    outlets = [x for x in nodes if x in read]
    return [x for x in outlets if x.op is not None] or outlets


def operation_text(node: Node, options: Options) -> str:
    """The operation as a box shows it: its symbol; all of it if an operand is a number."""
    if node.op is None:
        return ""
    if len(node.inputs) == len(node.operands) and node.op.name != "dot":
        return node.op.symbol
    notation = Notation(latex=False, spec=options.format, most=MOST_OPERANDS)
    return arithmetic(node, notation=notation, longest=LONGEST_OPERAND)
