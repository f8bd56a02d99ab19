"""The records of a picture: boxes and arrows, with their texts and, once laid out, places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from autograd.show.snapshot import Node
from autograd.show.text import width

__all__ = ["Box", "Edge", "Kind", "Part", "Position", "Rows", "Sides"]

TITLE, TEXT, SMALL = 13, 12, 11  # sizes of the fonts, in pixels
BOLD = 1.08  # how much wider names are than their letters
SIZES = {"name": TITLE * BOLD, "op": TITLE, "caption": SMALL, "what": SMALL}

Rows = tuple[tuple[str, str], ...]
Kind = Literal["leaf", "operation", "group", "formula", "name", "bend"]
Position = tuple[float, float]
Sides = tuple[float, float, float, float]  # left, top, right, bottom


class Part(NamedTuple):
    """A text in a line: its classes, and whether it stands at the left, right after the one
    before it, or at the right.
    """

    text: str
    classes: str
    side: str = "left"

    @property
    def width(self) -> float:
        """How wide it is at most."""
        return width(self.text, SIZES.get(self.classes.split()[0], TEXT))


@dataclass(slots=True, eq=False)
class Box:
    """A rectangle of the picture.

    Attributes:
        id: unique in the picture, and the same whenever the graph is the same.
        kind: "leaf", "operation", "group" (a box of more than one node), "formula" (nodes that
            are written as one), "name" (where an arrow begins in another row) or "bend"
            (where an arrow passes a rank).
        title, op: its two texts; `op` is empty for a leaf.
        content: of a group that is no neuron, what is in it.
        node: whose data and grad it shows; None if there is no single one.
        hint: the text of its tooltip; full: its title, in full.
        rows: its numbers, each with a caption.
        modules: the paths of the modules or scopes around it, outermost first: its frames.
        members: the nodes of a group or a formula, in the order of the graph.
        formula: what made the node, or what is alike, as text; times: how often it is there.
        lines: its texts from above; name: what an arrow calls it in another row.
        compact: whether data and grad share a line, without captions.
        width, height, centre: its place, in pixels.
        long, high: the size along and across the arrows; a bend is zero along.
        tag: the size of its name.
        fixed: its place in the innermost frame, -1 if that is free.
        step: of what is repeated, in which step it is; -1 for the rest.
        of: the box that a name names.
        rank, row: where it stands; at: which in its rank, from the middle; x, y: the centre.
        before, after: its neighbours of one rank less, of one more; once an arrow.
        starts, ends: the arrows that begin there, and that end there.
    """

    id: str = ""
    kind: Kind = "bend"
    title: str = ""
    op: str = ""
    content: str = ""
    node: Node | None = None
    hint: str = ""
    full: str = ""
    rows: Rows = ()
    modules: tuple[str, ...] = ()
    members: tuple[Node, ...] = ()
    formula: str = ""
    times: int = 1
    lines: tuple[tuple[Part, ...], ...] = ()
    name: str = ""
    compact: bool = False
    width: float = 0.0
    height: float = 0.0
    centre: Position = (0.0, 0.0)
    long: float = 0.0
    high: float = 0.0
    tag: Position = (0.0, 0.0)
    fixed: int = -1
    step: int = -1
    of: Box | None = None
    rank: int = 0
    row: int = 0
    at: float = 0.0
    x: float = 0.0
    y: float = 0.0
    before: list[Box] = field(default_factory=list, repr=False)
    after: list[Box] = field(default_factory=list, repr=False)
    starts: list[Edge] = field(default_factory=list, repr=False)
    ends: list[Edge] = field(default_factory=list, repr=False)

    @property
    def sides(self) -> Sides:
        """Its rectangle."""
        (x, y), w, h = self.centre, self.width / 2, self.height / 2
        return x - w, y - h, x + w, y + h


@dataclass(slots=True, eq=False)
class Edge:
    """An arrow from an input to the output.

    Attributes:
        text: the number that is written on it: the derivative that it carries, which is exact
            for the output of a group, too, or what the options ask for.
        weight: of a network, the parameter that multiplies what comes along it.
        amount: the number that its look shows, if it has a weight.
        goes_round: whether it goes from a step to the next one, against the ranks.
        label: the size of its number, zero for none; number: the centre of that.
        way: its tail, or the name of that; its bends; and its head.
        line: the points between which straight lines and curves take turns, a line first; once
            placed in pixels, those of its Bézier curves, and the tip.
    """

    tail: Box
    head: Box
    id: str = ""
    hint: str = ""
    text: str = ""
    weight: Node | None = None
    amount: float | None = None
    goes_round: bool = False
    label: Position = (0.0, 0.0)
    number: Position = (0.0, 0.0)
    way: list[Box] = field(default_factory=list, repr=False)
    line: list[Position] = field(default_factory=list, repr=False)
