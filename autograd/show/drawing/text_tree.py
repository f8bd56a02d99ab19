"""A graph as an indented tree for terminals: the result first, its inputs below it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from autograd.show.drawing.boxes import operation_text, picture
from autograd.show.drawing.fitting import repeats
from autograd.show.drawing.options import Options
from autograd.show.drawing.records import Box
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import Parts, counted, format_number, rich_text

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["coloured", "tree"]

MOST_WRITTEN = 60  # nodes of a graph in which nothing is written once
DEEPEST = 24  # levels that are written unless `depth` says more

T = TypeVar("T")
# The name of a box or a node, its operation, its numbers with their captions, and its inputs
# with the derivative to each.
Entry = tuple[str, str, Sequence[tuple[str, str]], Sequence[tuple[T, str]]]


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
    quotient = (
        repeats(graph) if options.collapse == "auto" and len(graph) > MOST_WRITTEN else None
    )
    if quotient and quotient.count(graph) <= DEEPEST:
        shown = picture(graph, options, quotient)
        into: dict[Box, list[tuple[Box, str]]] = {}

        def told(box: Box) -> str:
            often = f" ({box.times:,} times)" if box.times > 1 else ""
            return f"= {box.formula}{often}" if box.formula else box.op

        for edge in shown.edges:
            into.setdefault(edge.head, []).append((edge.tail, edge.local))
        yield from _walk(
            shown.roots,
            lambda box: (box.title, told(box), box.rows, into.get(box, [])),
            DEEPEST,
        )
        yield [(shown.note, "quiet")]
        return
    deepest = options.depth or DEEPEST
    walk = _walk(graph.roots, partial(_entry, graph, options), deepest, options.max_nodes)
    left = len(graph) - (yield from walk)
    if left:
        yield [(f"… {counted(left, 'node')} more; see depth and max_nodes", "quiet")]


def _entry(graph: Snapshot, options: Options, node: Node) -> Entry[Node]:
    rows = [("data", node.data)] * options.values
    rows += [("old grad" if node in graph.stale else "grad", node.grad)] * options.gradients
    texts = [(caption, format_number(x, options.format)) for caption, x in rows]
    if node.frozen:
        texts = [*texts[: options.values], ("grad", "frozen")]
    locals_ = [format_number(x, options.format) for x in node.partials]
    return node.short, operation_text(node, options), texts, list(zip(node.inputs, locals_))


def _walk(
    roots: Sequence[T], entry: Callable[[T], Entry[T]], deepest: int, most: int | None = None
) -> Generator[Parts, None, int]:
    """The lines of the trees below the roots, and how many boxes or nodes they tell of.

    Args:
        deepest: the last level that is written.
        most: how many lines there may be.
    """
    written: set[T] = set()
    # The entries that are left to write: a box or a node, its local derivative, its depth, and
    # the indentation of its line and of the lines below it.
    stack = [(root, "", 0, "", "") for root in reversed(roots)]
    lines = 0
    while stack and lines != most:
        x, local, depth, own, below = stack.pop()
        title, op, rows, inputs = entry(x)
        again = bool(inputs) and x in written
        written.add(x)
        lines += 1
        line = [(own, "quiet"), (title, "name"), (f"  {op}" * bool(op), "op")]
        line += [(f"  {caption} {text}", caption.split()[-1]) for caption, text in rows]
        line.append((f"  local {local}" * bool(local), "local"))
        yield [*line, ("  (above)" * again, "quiet")]
        if again or not inputs:
            continue
        if depth == deepest:
            yield [(f"{below}└─ …", "quiet")]
            continue
        ends = [("├─ ", "│  ")] * (len(inputs) - 1) + [("└─ ", "   ")]
        for (other, slope), (fork, rail) in reversed(list(zip(inputs, ends))):
            stack.append((other, slope, depth + 1, below + fork, below + rail))
    return len(written)
