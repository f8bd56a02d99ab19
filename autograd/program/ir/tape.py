"""The tape: what a function computed, as flat lists that passes read from start to end."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

__all__ = ["LEAVES", "Tape", "uncollected"]

LEAVES = frozenset(["input", "lane", "const", "gather"])


@contextmanager
def uncollected() -> Iterator[None]:
    """Make many small objects without looking for garbage among them, which there is none."""
    collects = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if collects:
            gc.enable()


class Tape:
    """Nodes in topological order: node i is `ops[i]` applied to the nodes `args[i]`.

    Leaves have no args, and a number that says which they are:

    - "input": a number that is the same in all lanes; its place among the inputs.
    - "lane": a number that each lane has its own of; its place among those.
    - "const": the number itself.
    - "gather": after the re-roll, the place in `gathers` of a list of leaves, one a lane.

    Any other op is the name of a primitive, a question ("lt", "trunc", …) that gives 1, 0 or a
    whole number; or "over", the sum of its only operand over all lanes. A dot's args are
    (bias, *ws, *xs).

    Attributes:
        roots: the outputs and then the guards, as pairs of a node and a lane; the lane is None
            but for what is left of a graph that was re-rolled.
        outputs: how many of the roots are outputs.
        lanes: the number of lanes that the re-roll found, or None.
    """

    def __init__(self) -> None:
        self.ops: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.values: list[float] = []
        self.gathers: list[tuple[int, ...]] = []
        self.roots: list[tuple[int, int | None]] = []
        self.outputs = 0
        self.lanes: int | None = None

    def __len__(self) -> int:
        return len(self.ops)

    def add(self, op: str, args: Iterable[int] = (), value: float = 0.0) -> int:
        """Append a node; return its index."""
        self.ops.append(op)
        self.args.append(tuple(args))
        self.values.append(value)
        return len(self.ops) - 1

    def like(self) -> Tape:
        """An empty tape, for a pass to fill, with the lanes of this one."""
        tape = Tape()
        tape.outputs, tape.lanes = self.outputs, self.lanes
        return tape

    def begun(self, count: int | None = None) -> Tape:
        """A tape for a pass to go on with, which has the first so many nodes of this one."""
        tape = self.like()
        tape.ops, tape.args = self.ops[:count], self.args[:count]
        tape.values, tape.gathers = self.values[:count], [*self.gathers]
        return tape

    def same(self, other: Tape) -> bool:
        """Whether both have the same nodes and roots; NaN is never the same."""
        mine = self.ops, self.args, self.values, self.roots
        return mine == (other.ops, other.args, other.values, other.roots)

    def rooted(self, source: Tape, places: Sequence[int]) -> Tape:
        """This tape with the roots and gathers of another, whose nodes are now at `places`."""
        self.roots = [(places[node], lane) for node, lane in source.roots]
        self.gathers = [tuple([places[i] for i in row]) for row in source.gathers]
        return self

    def live(self, roots: int | None = None) -> bytearray:
        """For each node, whether a root depends on it, or one of the first so many."""
        live = bytearray(len(self))
        for node, _ in self.roots[:roots]:
            live[node] = 1
        for i, args in zip(range(len(self) - 1, -1, -1), reversed(self.args)):
            if live[i]:
                for a in args:
                    live[a] = 1
        for i, op in enumerate(self.ops if self.gathers else ()):
            if op == "gather" and live[i]:
                for a in self.gathers[int(self.values[i])]:
                    live[a] = 1
        return live

    def levels(self) -> list[int]:
        """For each node, the length of the longest way to it."""
        levels: list[int] = []
        for op, args in zip(self.ops, self.args):
            level = 0 if op == "gather" else -1
            for a in args:
                if levels[a] > level:
                    level = levels[a]
            levels.append(level + 1)
        return levels

    def varying(self) -> list[bool]:
        """For each node, whether its value differs from lane to lane."""
        if "lane" not in self.ops and "gather" not in self.ops:
            return [False] * len(self)
        varying: list[bool] = []
        for op, args in zip(self.ops, self.args):
            if op in LEAVES or op == "over":
                varying.append(op in ("lane", "gather"))
            else:
                varying.append(any(varying[a] for a in args))
        return varying
