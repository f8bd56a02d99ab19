"""Repetition, found by structure: a run of one operation, and computations side by side.

Nodes are put into classes, inputs first. Two nodes are alike if they come by one operation
from operands that are alike; whatever number stands among the operands. A node that does to
an earlier one of its own kind what that one did (`t * a` to `t * a`, or `tanh(t * a + b)` to
`tanh(t * a + b)`) joins it: that is a run. What feeds one class only, each node one node, is
drawn with it: sixty squared errors are one box, "60 × (w * x + b - …)²".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping

from autograd.show.formulas import TEXT, Symbol, written
from autograd.show.snapshot import Node, Snapshot

__all__ = ["fold"]

FOLDED_FROM = 8  # nodes of a class that are drawn as one box
PERIOD = 6  # operations of the longest pattern that is found to repeat
DEEPEST_TITLE = 6  # operations that are written in a title
DIGITS = ",0123456789₀₁₂₃₄₅₆₇₈₉"


def fold(graph: Snapshot, groups: Mapping[Node, str]) -> tuple[dict[Node, str], dict[str, str]]:
    """The boxes of what repeats outside of groups: by node its box, by box its title."""
    folding = _Folding(graph, groups)
    boxes: dict[int, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if node not in groups and node not in graph.roots:
            boxes[folding.find(folding.of[node])].append(node)
    large = {k: nodes for k, nodes in boxes.items() if len(nodes) >= FOLDED_FROM}
    found = {node: f"fold {nodes[0].index}" for nodes in large.values() for node in nodes}
    titles = {found[nodes[0]]: folding.title(found, nodes) for nodes in large.values()}
    return found, titles


def _symmetric(node: Node) -> bool:
    """Whether its operands may change places, as those of a sum."""
    return node.op is not None and node.op.variadic and node.op.name != "dot"


def _below(node: Node) -> Node | float:
    return next((x for x in node.inputs if x.op is not None), 0.0)


def _repeats(between: list[Node], x: Node | float) -> bool:
    """Whether the operations below x are these too, as far as there are any."""
    for node in between:
        x = _below(x) if isinstance(x, Node) else x
        if isinstance(x, Node) and x.op is not node.op:
            return False
    return True


class _Folding:
    def __init__(self, graph: Snapshot, groups: Mapping[Node, str]) -> None:
        self.groups = groups
        self.of: dict[Node, int] = {}  # a node's class
        self.parents: list[int] = []  # of classes that are drawn together
        self.runs: set[int] = set()
        self.numbers: dict[tuple[int, int], float] = {}  # among the operands of a class
        self.varying: set[tuple[int, int]] = set()
        self.readers: dict[Node, list[Node]] = defaultdict(list)
        contexts: dict[Node, Counter[Hashable]] = defaultdict(Counter)
        for node in graph.nodes:
            for slot, x in enumerate(node.inputs):
                self.readers[x].append(node)
                if x.op is None:
                    place = 0 if _symmetric(node) else slot
                    contexts[x][groups.get(node, node.op), place] += 1
        known: dict[Hashable, int] = {}
        for node in graph.nodes:
            kinds = [self.kind(x) for x in node.operands]
            key: Hashable = (groups.get(node, node.op), *kinds)
            if node.op is None:
                key = frozenset(contexts[node].items())
            elif _symmetric(node):
                key = (node.op, frozenset(kinds))
            before = self.before(node)
            if before is not None:
                known.setdefault(key, self.of[before])
            if key not in known:
                known[key] = len(self.parents)
                self.parents.append(len(self.parents))
            kind = self.of[node] = known[key]
            for place, number in enumerate(node.operands):
                if isinstance(number, Node):
                    continue
                if self.numbers.setdefault((kind, place), number) != number:
                    self.varying.add((kind, place))
        self.join(graph)

    def kind(self, x: Node | float) -> int:
        return self.of[x] if isinstance(x, Node) else -1

    def find(self, kind: int) -> int:
        while self.parents[kind] != kind:
            self.parents[kind] = kind = self.parents[self.parents[kind]]
        return kind

    def before(self, node: Node) -> Node | None:
        """The node that did the same a few operations before, if this one goes on with it."""
        for slot in range(min(2, len(node.operands))):
            x = node.operands[slot]
            between: list[Node] = []
            while isinstance(x, Node) and x.op is not None and len(between) < PERIOD:
                if self.goes_on(node, slot, x) and _repeats(between, x):
                    for other in between:
                        self.parents[self.find(self.of[other])] = self.find(self.of[x])
                    self.runs.add(self.of[x])
                    return x
                between.append(x)
                x = _below(x)
        return None

    def goes_on(self, node: Node, slot: int, x: Node) -> bool:
        """Whether x is the same operation, on operands that are alike but for this slot."""
        if x.op is not node.op or len(x.operands) != len(node.operands):
            return False
        others = enumerate(zip(node.operands, x.operands))
        return all(i == slot or self.kind(a) == self.kind(b) for i, (a, b) in others)

    def join(self, graph: Snapshot) -> None:
        """Put together classes that feed one class only, each node one node of it."""
        members: dict[int, list[Node]] = defaultdict(list)
        for node in graph.nodes:
            members[self.of[node]].append(node)
        for kind, nodes in members.items():
            alone = all(
                len({*self.readers[x]}) == 1 and x not in self.groups and x not in graph.roots
                for x in nodes
            )
            heads = {self.of[self.readers[x][0]] for x in nodes} if alone else set()
            if len(heads) == 1:
                (head,) = heads
                fed = {self.readers[x][0] for x in nodes}
                if len(fed) == len(nodes) == len(members[head]) and head not in self.runs:
                    self.parents[self.find(kind)] = self.find(head)

    def title(self, boxes: Mapping[Node, str], nodes: list[Node]) -> str:
        """How often, and the formula of the last of them."""
        last = nodes[-1]
        count = sum([self.of[node] == self.of[last] for node in nodes])
        text = self.written(last, boxes, boxes[last], frozenset()).text
        run = any(self.of[node] in self.runs for node in nodes)
        return f"{text}, {count:,} times" if run else f"{count:,} × {text}"

    def written(
        self, node: Node, boxes: Mapping[Node, str], box: str, above: frozenset[int]
    ) -> Symbol:
        """The formula of a node in a box; "…" for what differs, or goes on."""
        kind, at = self.of[node], boxes.get(node, self.groups.get(node))
        if at is None:
            return Symbol(node.data, node.short, TEXT)
        if at != box or kind in above or len(above) == DEEPEST_TITLE:
            return Symbol(node.data, "…", TEXT)
        if node.op is None:
            return Symbol(node.data, node.short.rstrip(DIGITS) or "…", TEXT)
        operands = [
            self.written(x, boxes, box, above | {kind})
            if isinstance(x, Node)
            else Symbol(x, "…", TEXT)
            if (kind, slot) in self.varying
            else x
            for slot, x in enumerate(node.operands)
        ]
        return written(node.op, operands, node.data, TEXT)
