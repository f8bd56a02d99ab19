"""The boxes and arrows of a graph, before anything has a place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import NamedTuple

from autograd.core.chain import products
from autograd.show.drawing.keys import TALLEST, layers_of, relative
from autograd.show.drawing.options import Options
from autograd.show.drawing.quotient import EVERY_NODE, Quotient
from autograd.show.drawing.records import Box, Edge, Rows
from autograd.show.formulas import Notation, arithmetic
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted, format_number

__all__ = ["Painter", "Picture", "operation_text", "rows_of"]

MOST_OPERANDS = 3  # that a call is written with
MOST_NAMES = 8  # of leaves that are left out
LONGEST_OPERAND = 6.0  # of a name, in units of the font's size
DOUBLED = re.compile(r"([^/]+)/(\1 · \d+)$")  # a part of a scope, in the frame of that


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, arrows, and what the picture leaves out, in words (empty if nothing)."""

    boxes: list[Box]
    edges: list[Edge]
    roots: list[Box]
    note: str


Unit = Node | str  # what becomes a box: a node that stands alone, or the name of a box


class Link(NamedTuple):
    """An argument slot whose input is in another box."""

    tail: Unit
    node: Node
    slot: int

    @property
    def input(self) -> Node:
        return self.node.inputs[self.slot]


class Painter:
    """Draws the boxes and arrows of a graph, where the nodes of a quotient share a box."""

    def __init__(self, graph: Snapshot, options: Options, quotient: Quotient) -> None:
        self.graph, self.options, self.quotient = graph, options, quotient
        self.unit: dict[Node, Unit] = {x: quotient.box_of.get(x, x) for x in graph.nodes}
        self.nodes: dict[Unit, list[Node]] = {}
        self.links: dict[Unit, list[Link]] = {}
        self.numbers: dict[Unit, list[float]] = {}  # that are inputs, by layer and place
        read = {*graph.roots}
        for node in graph.nodes:
            unit = self.unit[node]
            self.nodes.setdefault(unit, []).append(node)
            links = [Link(self.unit[x], node, k) for k, x in enumerate(node.inputs)]
            rounds = self.quotient.rounds
            outer = [a for a in links if a.tail != unit or (a.node, a.input) in rounds]
            read.update([link.input for link in outer])
            outer += self.plain_numbers(node) if isinstance(unit, str) else ()
            self.links.setdefault(unit, []).extend(outer)
        self.outlets: dict[Unit, list[Node]] = {}  # what others read of a box
        for unit, nodes in self.nodes.items():
            outlets = [node for node in nodes if node in read]
            self.outlets[unit] = [node for node in outlets if node.op] or outlets

        units = [unit for unit in self.nodes if isinstance(unit, str)]
        self.number = {unit: k for k, unit in enumerate(units)}

    def picture(self) -> Picture:
        kept = self.kept()
        boxes = {unit: self.box(unit) for unit in kept}
        for unit, box in boxes.items():
            box.step = self.quotient.steps.get(self.nodes[unit][-1], -1)
        shown = [*boxes.values()]
        for place, numbers in self.numbers.items():
            title, data = str(place).rpartition("-")[2], span(numbers, self.options)
            box = Box(str(place), "leaf", title, hint=f"{title}: plain numbers, {data}")
            box.rows = (("data", data),) * self.options.values
            boxes[place] = box
        edges = [edge for unit in kept for edge in self.arrows(unit, boxes)]
        hidden = [node for node in self.graph if self.unit[node] not in boxes]
        note = self.quotient.note(self.graph, EVERY_NODE if self.options.collapse else "")
        if hidden:
            note = f"{note} {self.left_out(hidden)}".strip()
        roots = dict.fromkeys([self.unit[root] for root in self.graph.roots])
        drawn = dict.fromkeys([*shown, *[edge.tail for edge in edges]])
        return Picture([*drawn], edges, [boxes[x] for x in roots if x in boxes], note)

    def kept(self) -> list[Unit]:
        """The boxes that are drawn, in the order of the graph.

        Where only so many are, they are those that most of the gradient flows through.
        """
        depth, most = self.options.depth, self.options.max_nodes or len(self.nodes)
        if depth is None and most >= len(self.nodes):
            return [*self.nodes]
        adjoints = dict.fromkeys(self.graph.roots, 1.0)
        flows = dict[Unit, float]()  # of all that goes back into a box, the sizes added up
        for node, _, x, _, share in products(self.graph.nodes, adjoints):
            adjoints[x] = adjoints.get(x, 0.0) + share
            tail, size = self.unit[x], 0.0 if self.unit[x] == self.unit[node] else abs(share)
            flows[tail] = flows.get(tail, 0.0) + size
        kept, number = dict[Unit, None](), count()
        ahead = [(0, -inf, next(number), self.unit[root]) for root in self.graph.roots]
        while ahead and len(kept) < most:
            distance, _, _, unit = heappop(ahead)
            links = self.links[unit] if unit not in kept and distance != depth else ()
            kept[unit] = None
            for tail in [link.tail for link in links if link.tail in self.nodes]:
                far = distance + 1 if depth else 0  # what is near comes first then
                heappush(ahead, (far, -flows[tail], next(number), tail))
        return [unit for unit in self.nodes if unit in kept]

    # ------------------------------------------------------------ boxes

    def box(self, unit: Unit) -> Box:
        nodes, outlets = self.nodes[unit], self.outlets[unit]
        box = Box(node=outlets[0] if len(outlets) == 1 else None)
        box.rows = rows_of(outlets, self.graph, self.options)
        if told := self.quotient.formulas.get(unit):
            box.formula, box.times = told.text, told.times
        paths = {self.quotient.frame_of.get(x, "") for x in nodes if x.op or len(nodes) == 1}
        path = paths.pop() if len(paths) == 1 else ""
        box.modules = tuple(layers_of(path)) if path else ()
        if isinstance(unit, Node):
            box.op, made = operation_text(unit, self.options), arithmetic(unit)
            box.id, box.kind = f"n{unit.index}", "operation" if box.op else "leaf"
            box.title, box.formula = unit.short, box.formula or made
            made = f"{unit.name}{made and ' = '}{made}"
            box.hint = f"{made}, data {unit.data!r}, grad {unit.grad!r}"
            return box
        box.id, box.members = f"g{self.number[unit]}", tuple(nodes)
        if told:
            box.kind, box.title, box.content = "formula", told.name, counted(len(nodes), "node")
            box.full = f"{told.name} = {told.text}"
            box.hint = f"{box.full}: {box.content}"
            return box
        framed = nodes[0] in self.quotient.frame_of
        box.modules = tuple(layers_of(unit.partition(" … ")[0])[:-1]) if framed else ()
        box.kind = "group"
        box.title = self.quotient.titles.get(unit) or relative(unit, box.modules)
        box.full = DOUBLED.sub(r"\2", unit) if framed else box.title
        neuron = bool(box.modules) and unit not in self.quotient.titles
        follows, content = self.content(nodes)
        short = content if len(nodes) < 9 or not nodes[-1].op else counted(len(nodes), "node")
        box.op, box.content = (follows, "") if neuron else ("", short)
        box.hint = f"{box.full}: {content}"
        return box

    def content(self, nodes: list[Node]) -> tuple[str, str]:
        """Return what follows the sum of a neuron, and all that is in a box."""
        operations = Counter([node.op.name for node in nodes if node.op is not None])
        parts = {op: f"{op} × {n:,}" if n > 1 else op for op, n in operations.items()}
        leaves = len(nodes) - operations.total()
        kind = ("parameter", "") if parts else ("leaf", "leaves")
        full = ", ".join([*parts.values(), *([counted(leaves, *kind)] if leaves else [])])
        follows = [text for op, text in parts.items() if op not in ("dot", "mul", "add")]
        linear = parts.get("dot", "linear").replace("dot", "linear")
        return ", ".join(follows) or linear, full

    # ------------------------------------------------------------ arrows

    def arrows(self, unit: Unit, boxes: dict[Unit, Box]) -> Iterator[Edge]:
        """One a slot; where nodes share boxes one a box, and one more if it goes round."""
        head, slopes = boxes[unit], self.slopes(unit)
        tails = Counter([link.tail for link in self.links[unit] if self.quotient.box_of])
        links: dict[tuple[Unit, bool, int], list[Link]] = {}
        for k, link in enumerate(self.links[unit]):
            if link.tail in boxes:
                alone = not head.members and tails[link.tail] < 2 and boxes[link.tail].node
                again = (link.node, link.input) in self.quotient.rounds
                links.setdefault((link.tail, again, k if alone else -1), []).append(link)
        for (other, again, k), few in links.items():
            tail, (_, node, slot), x = boxes[other], few[0], few[0].input
            ends = {self.weight(few[0]), self.weight(few[-1])}
            weight = ends.pop() if head.kind == "group" and len(ends) == 1 else None
            local = f"×{len(few):,}" if len(few) > 1 and weight is None else ""
            hint = f"{tail.title} → {head.title}: {counted(len(few), 'edge')}"
            slope = node.partials[slot] if k >= 0 else slopes.get(x) if tail.node else None
            if slope is not None and head.node is not None:
                local = format_number(slope, self.options.format)
                hint = f"∂{head.node.name}/∂{x.name} = {slope!r}"
            id = f"e{node.index}-{slot}" if k >= 0 else f"e-{tail.id}-{head.id}"
            edge = Edge(tail, head, id, hint, local)
            if again:
                edge.id, edge.goes_round = f"{id}-round", True
                edge.hint = f"{hint}, each to the next step"
            elif weight:
                if other in self.numbers and node in slopes:
                    slope = weight.data * slopes[node]
                self.show_weight(edge, weight, slope)
            yield edge

    def show_weight(self, edge: Edge, w: Node, slope: float | None) -> None:
        """Let an arrow of a network show the one thing that the options ask for."""
        amount = {"weight": w.data, "gradient": w.grad, "local": slope}[self.options.arrows]
        edge.text = "" if amount is None else format_number(amount, self.options.format)
        edge.hint = f"{edge.hint}, weight {w.data!r}, its gradient {w.grad!r}"
        edge.weight, edge.amount = w, amount

    def slopes(self, unit: Unit) -> dict[Node, float]:
        """The derivatives of the only output of a box of several nodes to what goes into it."""
        if len(self.outlets[unit]) != 1:
            return {}
        adjoints = dict.fromkeys(self.outlets[unit], 1.0)
        for _node, _, x, _, share in products(self.nodes[unit], adjoints):
            adjoints[x] = adjoints.get(x, 0.0) + share
        return adjoints

    def weight(self, link: Link) -> Node | None:
        """The parameter that multiplies what comes along a link into a neuron."""
        if link.tail in self.numbers:
            return link.input
        op, operands = link.node.op, link.node.operands
        at = [i for i, x in enumerate(operands) if isinstance(x, Node)][link.slot]
        half = len(operands) // 2
        facing: Node | float | None = None
        if op is not None and op.name == "mul":
            facing = operands[1 - at]
        elif op is not None and op.name == "dot" and at:
            facing = operands[at - half if at > half else at + half]
        if isinstance(facing, Node) and facing.op is None and facing in self.quotient.frame_of:
            return facing
        return None

    def plain_numbers(self, node: Node) -> Iterator[Link]:
        """The links of numbers that a neuron takes as inputs: the slots of their weights."""
        path, half = self.quotient.frame_of.get(node), len(node.operands) // 2
        if path is None or node.op is None or node.op.name != "dot":
            return
        for place, (w, x) in enumerate(zip(node.operands[1:], node.operands[1 + half :])):
            if isinstance(w, Node) and not isinstance(x, Node):
                title = f"x{place}" if half <= TALLEST else "inputs"
                name = f"x-{layers_of(path)[-2:][0]}-{title}"
                self.numbers.setdefault(name, []).append(x)
                yield Link(name, node, node.inputs.index(w))

    # ------------------------------------------------------------ what is left out

    def left_out(self, hidden: list[Node]) -> str:
        names = [node.short for node in hidden if node.op is None]
        more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
        leaves = f", with the {'leaf' if len(names) == 1 else 'leaves'} " if names else ""
        end = "; max_nodes=None draws them." if self.options.depth is None else "."
        return (
            "Only the paths that carry most of the gradient are drawn; "
            f"{counted(len(hidden), 'node')} left out"
            f"{leaves}{', '.join(names[:MOST_NAMES])}{more}{end}"
        )


def rows_of(nodes: Sequence[Node], graph: Snapshot, options: Options) -> Rows:
    """Data and grad, with captions; of several nodes the least and the largest."""
    if not nodes:
        return ()
    old = any(node in graph.stale for node in nodes)
    grad = "old grad" if old else "grad", span([node.grad for node in nodes], options)
    if all(node.frozen for node in nodes):
        grad = "grad", "frozen"
    data = "data", span([node.data for node in nodes], options)
    return ((data,) * options.values) + ((grad,) * options.gradients)


def span(numbers: Sequence[float], options: Options) -> str:
    """The least and the largest number, once if they are equal."""
    ends = dict.fromkeys([min(numbers), max(numbers)])
    return " … ".join([format_number(x, options.format) for x in ends])


def operation_text(node: Node, options: Options) -> str:
    """The operation as a box shows it: its symbol; all of it if an operand is a number."""
    if node.op is None:
        return ""
    if len(node.inputs) == len(node.operands) and node.op.name != "dot":
        return node.op.symbol
    notation = Notation(latex=False, spec=options.format, most=MOST_OPERANDS)
    return arithmetic(node, notation=notation, longest=LONGEST_OPERAND)
