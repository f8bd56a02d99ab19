"""A graph as an indented tree for terminals: the result first, its inputs below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograd.show.drawing.boxes import operation_text, rows_of
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
    """The lines of the trees below the roots."""
    written: set[Node] = set()
    # The entries that are left to write: a node, its local derivative, its depth, and the
    # indentation of its line and of the lines below it.
    stack = [(root, "", 0, "", "") for root in reversed(graph.roots)]
    lines, deepest = 0, options.depth or DEEPEST
    while stack and lines != options.max_nodes:
        node, local, depth, lead, below = stack.pop()
        again = bool(node.inputs) and node in written
        written.add(node)
        lines += 1
        yield [(lead, "quiet"), *_entry(graph, options, node, local, again)]
        if again or not node.inputs:
            continue
        if depth == deepest:
            yield [(f"{below}└─ …", "quiet")]
            continue
        ends = [("├─ ", "│  ")] * (len(node.inputs) - 1) + [("└─ ", "   ")]
        inputs = zip(node.inputs, node.partials, ends)
        for x, partial, (fork, rail) in reversed([*inputs]):
            slope = format_number(partial, options.format)
            stack.append((x, slope, depth + 1, below + fork, below + rail))
    if left := len(graph) - len(written):
        yield [(f"… {counted(left, 'node')} more; see depth and max_nodes", "quiet")]


def _entry(graph: Snapshot, options: Options, node: Node, local: str, again: bool) -> Parts:
    """The name of a node, its operation, its numbers with their captions, and its local."""
    op, rows = operation_text(node, options), rows_of([node], graph, options)
    return [
        (node.short, "name"),
        (f"  {op}" * bool(op), "op"),
        *[(f"  {caption} {text}", caption.split()[-1]) for caption, text in rows],
        (f"  local {local}" * bool(local), "local"),
        ("  (above)" * again, "quiet"),
    ]
