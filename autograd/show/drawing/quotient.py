"""A quotient of a graph: nodes whose keys are equal share a box, without circles of boxes.

A key is a name by node; a node without one stands alone. See `keys` for the keys there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import counted

__all__ = ["EVERY_NODE", "Formula", "Quotient", "of_several", "without_circles"]

EVERY_NODE = "; collapse=None draws every node"


@dataclass(frozen=True, slots=True)
class Formula:
    """The text of a box: its name, its formula, and how often the formula is there."""

    name: str
    text: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Quotient:
    """The boxes that nodes share, and the sentences of the picture about them.

    Attributes:
        box_of: by node the name of its box, for nodes that share one.
        frame_of: by node the path of the module or scope in whose frame it stands.
        formulas: by the name of a box, or a node that has its own, what is written in it.
        titles: by the name of a box a title that its name does not say.
        told: what was put together, as sentences without a full stop.
        rounds: a node and what it reads of the step before, where steps share their boxes:
            this arrow goes round.
        steps: by node in which step it is, where each step has boxes of its own.
    """

    box_of: Mapping[Node, str] = field(default_factory=dict)
    frame_of: Mapping[Node, str] = field(default_factory=dict)
    formulas: Mapping[Node | str, Formula] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    rounds: frozenset[tuple[Node, Node]] = frozenset()
    steps: Mapping[Node, int] = field(default_factory=dict)

    def count(self, graph: Snapshot) -> int:
        """How many boxes there are."""
        return len({self.box_of.get(node, node) for node in graph.nodes})

    def note(self, graph: Snapshot, hint: str) -> str:
        """Say in a sentence what shares a box; return "" if nothing does."""
        if not self.box_of:
            return ""
        boxes = counted(self.count(graph), "box", "boxes")
        return f"{'. '.join(self.told)}: {counted(len(graph), 'node')} in {boxes}{hint}."


def of_several(keys: Mapping[Node, str]) -> dict[Node, str]:
    """The keys that more than one node has."""
    sizes = Counter(keys.values())
    return {node: key for node, key in keys.items() if sizes[key] > 1}


def without_circles(
    graph: Snapshot, keys: Mapping[Node, str], parts: int = 1
) -> dict[Node, tuple[str, int]]:
    """Return by node its key, and the part of the key that the node is in.

    A node that needs what left a part before cannot be in that part: the two boxes would need
    each other. It is in the next part, and beyond the last in none.
    """
    number: dict[tuple[str, int], int] = {}  # of each part: its bit in the sets below
    needs: list[int] = []  # by part, the parts that it needs, directly or not
    closed: dict[int, int] = {}
    direct: dict[Node, int] = {}  # by node outside of parts, those before it
    part_of: dict[Node, tuple[str, int]] = {}

    def all_needed(parts: int) -> int:
        if parts not in closed:
            closed[parts] = parts
            for k in range(parts.bit_length()):
                closed[parts] |= needs[k] if parts >> k & 1 else 0
        return closed[parts]

    for node in graph.nodes:
        direct[node] = 0
        for x in node.inputs:
            direct[node] |= 1 << number[part_of[x]] if x in part_of else direct[x]
        for k in range(1, parts + 1) if node in keys else ():
            part = keys[node], k
            if part not in number:
                number[part] = len(needs)
                needs.append(0)
            own, before = 1 << number[part], 0
            for x in node.inputs:
                if part_of.get(x) != part:
                    before |= 1 << number[part_of[x]] if x in part_of else direct[x]
            before = all_needed(before)
            if before & own:
                continue
            part_of[node] = part
            if before & ~needs[number[part]]:
                needs[number[part]] |= before
                for other, known in enumerate(needs):
                    needs[other] |= needs[number[part]] if known & own else 0
                closed.clear()
            break
    return part_of
