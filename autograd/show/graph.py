"""Graph: an ordered, named snapshot of what a Value depends on.

Whoever draws, steps or prints a graph reads this snapshot. Data and gradients are copied
when it is made, so a picture stays what it was when training goes on.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.core.primitive import Primitive
from autograd.core.sweeps import topological_order
from autograd.core.value import Value
from autograd.show.drawing.options import Options

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Graph", "Node", "Stats"]

MOST_FORMULAS = 50  # nodes of a graph that a notebook shows as formulas too


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A Value as it was when its graph was made.

    Attributes:
        index: its place in `Graph.nodes`; inputs come first.
        value: the Value itself.
        name: its label, or `v1`, `v2` … after its place; unique in the graph.
        label: its label, or None.
        op: the primitive that made it, None for a leaf.
        data, grad: its numbers.
        operands: the full argument list of the operation: nodes and plain numbers.
        inputs: the nodes among the operands, one an argument slot.
        partials: d(this)/d(input), one an input, as recorded.
    """

    index: int
    value: Value = field(repr=False)
    name: str
    label: str | None = field(repr=False)
    op: Primitive | None
    data: float
    grad: float
    operands: tuple[Node | float, ...] = field(repr=False)
    inputs: tuple[Node, ...] = field(repr=False)
    partials: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """How large a graph is.

    Attributes:
        nodes: how many there are, leaves included.
        leaves: how many of them no operation made.
        edges: how many argument slots hold a node.
        depth: how many operations lie on the longest way from a leaf to a root.
        operations: how many nodes each operation made, by its name.
    """

    nodes: int
    leaves: int
    edges: int
    depth: int
    operations: dict[str, int]

    def __str__(self) -> str:
        return (
            f"{counted(self.nodes, 'node')} ({counted(self.leaves, 'leaf', 'leaves')}), "
            f"{counted(self.edges, 'edge')}, depth {self.depth}"
        )


class Graph:
    """What one or more roots depend on: nodes in order, each after its inputs.

    Shown in a notebook it is a picture, printed it is a tree.

    Args:
        roots: the Values to look at; a gradient is that of the first as a rule.
        options: how it is drawn, see `autograd.show.drawing.options.Options`.

    Attributes:
        roots: the nodes of the roots.
        nodes: all nodes. The order is that of `backward`, reversed, with each leaf before
            its first use; it depends on the graph alone.

    Raises:
        TypeError: a root is not a Value, or there is none; or an option is unknown.
        ValueError: an option has a value that it cannot have.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = (a * b + a).graph()
    >>> [node.name for node in graph]
    ['a', 'b', 'v3', 'v4']
    >>> graph[a].data, len(graph), str(graph.stats)
    (2.0, 4, '4 nodes (2 leaves), 4 edges, depth 2')
    """

    def __init__(self, *roots: Value, **options: Any) -> None:
        if not roots:
            raise TypeError("Graph takes one Value or more, got none")
        for root in roots:
            if type(root) is not Value:
                raise TypeError(f"Graph takes Values, got {root!r:.80} ({type(root).__name__})")
        self.options = Options().changed(**options)
        self._nodes: dict[Value, Node] = {}
        values = _in_order(roots)
        for index, (value, name) in enumerate(zip(values, _names(values))):
            nodes = self._nodes
            nodes[value] = Node(
                index,
                value,
                name,
                value.label,
                value.op,
                value.data,
                value.grad,
                tuple([nodes[x] if type(x) is Value else x for x in value.operands]),
                tuple([nodes[x] for x in value.inputs]),
                value.partials,
            )
        self.nodes = tuple(self._nodes.values())
        self.roots = tuple([self._nodes[root] for root in roots])

    @property
    def root(self) -> Node:
        """The first root."""
        return self.roots[0]

    @property
    def stats(self) -> Stats:
        """How large the graph is."""
        depths: dict[Node, int] = {}
        for node in self.nodes:
            depths[node] = max([depths[x] + 1 for x in node.inputs], default=0)
        operations = Counter([node.op.name for node in self.nodes if node.op is not None])
        return Stats(
            nodes=len(self.nodes),
            leaves=len(self.nodes) - operations.total(),
            edges=sum([len(node.inputs) for node in self.nodes]),
            depth=max(depths.values()),
            operations=dict(operations.most_common()),
        )

    # ------------------------------------------------------------------ drawn

    def svg(self, **options: Any) -> str:
        """The picture as SVG, in a text that an HTML page can hold too.

        Raises:
            LayoutError: there is no layout engine, it failed or took too long.
        """
        from autograd.show.drawing.svg import draw

        return draw(self, options=self.options.changed(**options))

    def dot(self, **options: Any) -> str:
        """The picture as DOT source, for Graphviz and what reads its language."""
        from autograd.show.drawing.dot import source

        return source(self, self.options.changed(**options))

    def text(self, **options: Any) -> str:
        """The tree that `str` gives, with other options."""
        from autograd.show.drawing.text import tree

        return tree(self, self.options.changed(**options))

    def latex(self) -> str:
        """Each operation and its partials as formulas, in an `align*` environment."""
        from autograd.show.formulas import derivation

        return derivation(self)

    def save(self, path: str | PathLike[str], **options: Any) -> Path:
        """Write the picture to a file.

        Args:
            path: `*.svg`, `*.html` (a page to explore), `*.dot`, `*.tex` (formulas), `*.png`,
                or `*.pdf` (needs the `dot` of Graphviz).
            options: changes of the graph's options, for this file. All count for a picture,
                which is the same in a page; the page's player and table have every node.
                `engine` and `timeout` mean nothing to `*.dot`, no option means anything to
                `*.tex`.

        Returns:
            The file that was written: the DOT source, with a warning, where a picture was
            asked for and there is no layout engine.

        Raises:
            ValueError: another suffix, or an option has a value that it cannot have.
            LayoutError: the layout engine failed or took too long.
            OSError: the file cannot be written; it is then as it was.
        """
        from autograd.show.drawing.saving import save

        return save(self, path, self.options.changed(**options))

    def __str__(self) -> str:
        return self.text()

    def __rich__(self) -> Text:
        from autograd.show.drawing.text import coloured

        return coloured(self, self.options)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        """What a notebook shows: the picture, or the tree and a hint how to get a picture."""
        from autograd.show.drawing.engine import LayoutError

        try:
            picture = self.svg()
        except LayoutError as error:
            return {"text/plain": f"{self}\n({error})"}
        return {"text/plain": str(self), "image/svg+xml": picture, "text/html": picture}

    def _repr_latex_(self) -> str | None:
        """Formulas, for a graph that is small enough to read them."""
        return self.latex() if len(self) <= MOST_FORMULAS else None

    # ------------------------------------------------------------------ its nodes

    def __getitem__(self, value: Value) -> Node:
        try:
            return self._nodes[value]
        except KeyError:
            raise KeyError(f"{value!r} is not in {self!r}") from None

    def __contains__(self, value: object) -> bool:
        return value in self._nodes

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph of {self.root.name}: {self.stats}>"


# ---------------------------------------------------------------- order and names


def _in_order(roots: tuple[Value, ...]) -> list[Value]:
    order, leaves = topological_order(*roots)
    placed = dict.fromkeys(leaves, False)
    values: list[Value] = []
    for value in order:
        for x in value.inputs:
            if placed.get(x) is False:
                placed[x] = True
                values.append(x)
        values.append(value)
    return values + [root for root in dict.fromkeys(roots) if placed.get(root) is False]


def _names(values: list[Value]) -> list[str]:
    """The labels, and `v1`, `v2` … where there is none; a name that is taken gets a suffix."""
    labels = [value.label if (value.label or "").strip() else None for value in values]
    names = [label or f"v{index + 1}" for index, label in enumerate(labels)]
    taken: set[str] = set()
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(2))
    for labelled in (True, False):
        for index, name in enumerate(names):
            if bool(labels[index]) is labelled:
                while names[index] in taken:
                    names[index] = f"{name}_{next(numbers[name])}"
                taken.add(names[index])
    return names


def counted(n: int, one: str, many: str = "") -> str:
    """Such as `1 node`, `1,200 nodes`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
