"""A graph as an indented tree for terminals: the result first, its inputs below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograd.show.drawing.boxes import Box, Edge, Picture, operation_text, picture
from autograd.show.drawing.grouping import group
from autograd.show.drawing.options import Options
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import Parts, counted, format_number, rich_text

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["coloured", "tree"]

DEEPEST = 24  # levels that are written unless `depth` says more


def tree(graph: Snapshot, options: Options) -> str:
    """One line a node: name, operation, data, grad, and `local`, the derivative of the node
    above it with respect to it. A node that was written before comes without its inputs.
    What repeats is one line, as it is one box of a picture, if few lines are left.

    >>> from autograd import Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> print((a * b + a).graph())
    v4  +  data -4.0  grad 0.0
    ├─ v3  *  data -6.0  grad 0.0  local 1.0
    │  ├─ a  data 2.0  grad 0.0  local -3.0
    │  └─ b  data -3.0  grad 0.0  local 2.0
    └─ a  data 2.0  grad 0.0  local 1.0
    """
    return "\n".join(["".join([text for text, _ in line]) for line in _lines(graph, options)])


def coloured(graph: Snapshot, options: Options) -> Text:
    """The same for rich."""
    parts = [part for line in _lines(graph, options) for part in [("\n", ""), *line]]
    return rich_text(parts[1:], no_wrap=True)


def _lines(graph: Snapshot, options: Options) -> Iterator[Parts]:
    grouping = group(graph, options)
    repeats = grouping.titles and not graph.modules
    if repeats and len((shown := picture(graph, options, grouping)).boxes) <= DEEPEST:
        return _box_lines(shown)
    return _node_lines(graph, options)


def _box_lines(shown: Picture) -> Iterator[Parts]:
    into: dict[Box, list[Edge]] = {}
    for edge in shown.edges:
        into.setdefault(edge.head, []).append(edge)
    written: set[Box] = set()
    stack = [(root, "", "", "") for root in reversed(shown.roots)]
    while stack:
        box, local, own, below = stack.pop()
        edges = into.get(box, [])
        again = box in written and edges
        written.add(box)
        line = [(own, "quiet"), (box.title, "name"), (f"  {box.op}" * bool(box.op), "op")]
        line += [(f"  {caption} {text}", caption) for caption, text in box.rows]
        line.append((f"  local {local}" * bool(local), "local"))
        yield [*line, ("  (above)" if again else "", "quiet")]
        for edge in [] if again else reversed(edges):
            fork, rail = ("└─ ", "   ") if edge is edges[-1] else ("├─ ", "│  ")
            stack.append((edge.tail, edge.local, below + fork, below + rail))
    yield [(shown.note, "quiet")]


def _node_lines(graph: Snapshot, options: Options) -> Iterator[Parts]:
    deepest = options.depth or DEEPEST
    written_before: set[Node] = set()
    # What is left to write: the node, its local derivative, how deep it is, the indentation
    # of its own line and that of the lines below it.
    stack: list[tuple[Node, float | None, int, str, str]] = [
        (root, None, 0, "", "") for root in reversed(graph.roots)
    ]
    lines = 0
    while stack:
        node, local, depth, own, below = stack.pop()
        if options.max_nodes is not None and lines == options.max_nodes:
            break
        lines += 1
        again = node in written_before and node.op is not None
        written_before.add(node)
        yield [(own, "quiet"), *_line(node, node in graph.stale, local, options, again)]
        if again or not node.inputs:
            continue
        if depth == deepest:
            yield [(f"{below}└─ …", "quiet")]
            continue
        pairs = list(zip(node.inputs, node.partials))
        for index, (x, partial) in reversed(list(enumerate(pairs))):
            last = index == len(pairs) - 1
            fork, rail = ("└─ ", "   ") if last else ("├─ ", "│  ")
            stack.append((x, partial, depth + 1, below + fork, below + rail))
    left = len(graph) - len(written_before)
    if left:
        yield [(f"… {counted(left, 'node')} more; see depth and max_nodes", "quiet")]


def _line(node: Node, stale: bool, local: float | None, options: Options, again: bool) -> Parts:
    line = [(node.short, "name")]
    if node.op is not None:
        line.append((f"  {operation_text(node, options)}", "op"))
    if options.values:
        line.append((f"  data {format_number(node.data, options.format)}", "data"))
    if options.gradients:
        line.append(
            (f"  {'old ' * stale}grad {format_number(node.grad, options.format)}", "grad")
        )
    if local is not None:
        line.append((f"  local {format_number(local, options.format)}", "local"))
    if again:
        line.append(("  (above)", "quiet"))
    return line
