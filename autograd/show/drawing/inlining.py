"""What of a graph is written, not drawn: formulas of one use, and what is alike once.

An item is what a formula calls by one name: a node, or nodes that are alike. What one formula
alone uses, has no label and is no root becomes part of that formula while it is short enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from autograd.core.primitive import TABLE, Primitive
from autograd.show.formulas import SUM, TEXT, Symbol, written
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import width

__all__ = ["Item", "alike", "inline", "single_items"]

FONT = 12  # the size in which formulas are written, in pixels
LONGEST_TERM = 150.0  # of a sum of more than two, in pixels
CHARACTERS = 4.0  # pixels of room for each character of what is written in a formula
INDEX = "0123456789.[]_,₀₁₂₃₄₅₆₇₈₉⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹"  # at the end of a leaf's label


@dataclass(slots=True, eq=False, repr=False)
class Item:
    """What is called by one name in formulas.

    Attributes:
        nodes: the nodes that it stands for, in the order of the graph.
        operands: of the operation that made it; "…" for numbers that differ.
        drawn: whether it may be written in another formula: it is in no box of several.
        root: whether it is a root.
    """

    name: str
    op: Primitive | None
    label: str | None
    operands: list[Item | Symbol | float] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    drawn: bool = True
    root: bool = False

    @property
    def inputs(self) -> list[Item]:
        return [x for x in self.operands if isinstance(x, Item)]


def single_items(graph: Snapshot, groups: Mapping[Node, str]) -> list[Item]:
    """An item a node."""
    items: dict[Node, Item] = {}
    for node in graph.nodes:
        operands = [items[x] if isinstance(x, Node) else x for x in node.operands]
        drawn, root = node not in groups, node in graph.roots
        items[node] = Item(node.short, node.op, node.label, [*operands], [node], drawn, root)
    return [*items.values()]


def alike(graph: Snapshot, groups: Mapping[Node, str]) -> list[Item]:
    """Items of nodes that are alike: leaves by the letters of their label, results by their
    operation and by that of their operands. An item needs earlier ones only: no circle.
    """
    known: dict[object, Item] = {}
    of: dict[Node, Item] = {}
    around: dict[str, Item] = {}
    reads: dict[str, dict[Item, None]] = {}
    for node in graph.nodes:
        if node in groups:
            name = groups[node]
            if name not in around:
                title = ".".join(name.split(".")[-2:])
                around[name] = Item(title, None, name, drawn=False)
            of[node] = around[name]
            reads.setdefault(name, {}).update(dict.fromkeys([of[x] for x in node.inputs]))
            continue
        operands = _parts(node, [of[x] if isinstance(x, Node) else x for x in node.operands])
        name, root = node.short, node in graph.roots
        inputs = tuple([x for x in operands if isinstance(x, Item)])
        key: object = (node.op, inputs, len(operands))
        if root or (node.op is not None and node.label):
            key = node
        elif node.op is None:
            name = (node.label or "").rstrip(INDEX) or name
            key = name if node.label else node
        item = known.setdefault(key, Item(name, node.op, node.label, operands, root=root))
        for slot, (x, y) in enumerate(zip(item.operands, operands)):
            if isinstance(x, float) and x != y:
                item.operands[slot] = Symbol(x, "…", TEXT)
        item.nodes.append(node)
        of[node] = item
    for name, item in around.items():
        item.operands = [*reads[name]]
    return [*known.values(), *around.values()]


def _parts(node: Node, operands: Sequence[Item | float]) -> list[Item | Symbol | float]:
    """The operands; of a dot or another variadic operation, each kind of them once."""
    if node.op is None or not node.op.variadic:
        return [*operands]
    parts = [operands]
    if node.op.name == "dot":
        half = 1 + len(operands) // 2
        parts = [operands[:1], operands[1:half], operands[half:]]
    kinds = [
        [*dict.fromkeys([x for x in part if isinstance(x, Item)])] or part[:1] for part in parts
    ]
    few = min([len(part) for part in kinds[-2:]])
    return [x for k, part in enumerate(kinds) for x in (part[:few] if k or few else part)]


def inline(
    items: Iterable[Item], most: float
) -> tuple[dict[Item, list[Item]], dict[Item, Symbol]]:
    """By item that is drawn, what its box holds, itself first; and the formulas.

    Args:
        most: how wide a formula may become, in pixels.
    """
    inlining = _Inlining(items, most)
    for item in inlining.items:
        if item.drawn:
            inlining.add(item)
    return inlining.boxes, inlining.formulas


class _Inlining:
    def __init__(self, items: Iterable[Item], most: float) -> None:
        self.items, self.most = [*items], most
        self.boxes: dict[Item, list[Item]] = {}
        self.formulas: dict[Item, Symbol] = {}
        self.terms: dict[Item, list[Item | Symbol | float]] = {}  # of chains of +
        self.readers: dict[Item, list[Item]] = {}
        for item in self.items:
            for x in item.inputs:
                self.readers.setdefault(x, []).append(item)

    def once(self, x: Item) -> bool:
        """Whether an item may be written where it is read."""
        if x not in self.formulas or x.label or x.root or len({*self.readers[x]}) > 1:
            return False
        return len(self.readers[x]) == 1 or self.readers[x][0].op is TABLE["mul"]

    def add(self, item: Item) -> None:
        if item.op is None:
            self.boxes[item] = [item]
            return
        named = {x: _name(x) for x in item.inputs}
        adds = item.op is TABLE["add"]
        if adds or item.op is TABLE["sum"]:
            taken, terms = self.summed(item, adds)
            named |= {x: self.formulas[x] for x in taken}
            total = [named.get(x, _name(x)) if isinstance(x, Item) else x for x in terms]
            self.formulas[item] = _sum(total) if taken and adds else _formula(item, named)
        else:
            taken = self.written_in(item, named)
            self.formulas[item] = _formula(item, named)
        self.boxes[item] = [item, *[y for x in taken for y in self.boxes.pop(x)]]

    def summed(self, item: Item, adds: bool) -> tuple[list[Item], list[Item | Symbol | float]]:
        """What becomes part of a sum, and its terms: a chain of + is one sum, and all its
        terms are written in it, or none.
        """
        links = [x for x in item.inputs if adds and x in self.terms and self.once(x)]
        terms: list[Item | Symbol | float] = []
        for x in item.operands:
            terms += self.terms[x] if isinstance(x, Item) and x in links else [x]
        if adds:
            self.terms[item] = terms
        own = self.readers.get(item, [])
        goes_on = len(own) == 1 and own[0].op is TABLE["add"] and self.once_made(item)
        if goes_on and own[0].drawn:
            return links, []  # the sum that it becomes part of writes the terms
        inner = [x for x in terms if isinstance(x, Item) and self.once(x)]
        room = LONGEST_TERM if len(terms) > 2 else self.most
        fit = all(
            width(self.formulas[x].text, FONT) <= min(room, self.most)
            and len(x.nodes) == len(item.nodes)
            for x in inner
        )
        named = {x: self.formulas[x] if x in inner else _name(x) for x in item.inputs}
        if len(terms) <= 2 and not links:
            fit = fit and width(_formula(item, named).text, FONT) <= self.most
        return [*links, *(inner if fit and not goes_on else [])], terms

    def once_made(self, item: Item) -> bool:
        return not item.label and not item.root

    def written_in(self, item: Item, named: dict[Item, Symbol]) -> list[Item]:
        """What becomes part of a formula, the shortest first; it is put into `named`."""
        taken = []
        found = [x for x in named if self.once(x)]
        for x in sorted(found, key=lambda x: len(self.formulas[x].text)):
            text = self.formulas[x]
            if len(text.text) * CHARACTERS < self.most:
                longer = _formula(item, {**named, x: text}).text
                if width(longer, FONT) <= self.most:
                    named[x] = text
                    taken.append(x)
        return taken


def _name(item: Item) -> Symbol:
    return Symbol(item.nodes[0].data if item.nodes else 0.0, item.name, TEXT)


def _sum(terms: Sequence[Symbol | float]) -> Symbol:
    """A sum of terms; those that are alike are written once, behind Σ."""
    symbols = [x if isinstance(x, Symbol) else Symbol(x, str(x), TEXT) for x in terms]
    times = Counter([x.text for x in symbols if x.text != "0.0"])
    apart = {x.text: x for x in symbols if x.text in times}
    many = [x for text, x in apart.items() if times[text] > 1]
    once = [x for text, x in apart.items() if times[text] == 1]
    if many:
        inner = written(TABLE["sum"], many, 0.0, TEXT)
        once.append(Symbol(0.0, f"Σ {inner.enclosed(SUM + 1)}", TEXT, SUM))
    return written(TABLE["sum"], once, 0.0, TEXT) if once else Symbol(0.0, "0.0", TEXT)


def _formula(item: Item, named: Mapping[Item, Symbol]) -> Symbol:
    """What made an item, x * x as a square."""
    assert item.op is not None
    operands = [named[x] if isinstance(x, Item) else x for x in item.operands]
    data, op = item.nodes[0].data, item.op
    if op is TABLE["mul"] and operands[0] is operands[1]:
        return written(TABLE["square"], operands[:1], data, TEXT)
    found = written(op, operands, data, TEXT)
    if len(operands) < len(item.nodes[0].operands):  # each kind once
        text = f"Σ {found.enclosed(SUM + 1)}" if op is TABLE["sum"] else found.text
        return Symbol(data, text, TEXT, SUM)
    return found
