"""Graph: what a Value depends on, drawn, printed and saved."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.core.value import Value
from autograd.files import write_atomically
from autograd.show.drawing.dot import digraph
from autograd.show.drawing.fitting import fit
from autograd.show.drawing.options import Options
from autograd.show.drawing.render import render
from autograd.show.drawing.svg import svg
from autograd.show.drawing.text_tree import coloured, tree
from autograd.show.formulas import derivation
from autograd.show.pages.steps import graph_page
from autograd.show.snapshot import Snapshot

if TYPE_CHECKING:
    from graphviz import Digraph
    from rich.text import Text

__all__ = ["Graph"]

MOST_FORMULAS = 50  # nodes of a graph that a notebook shows as formulas too
KINDS = (".svg", ".png", ".pdf", ".dot", ".gv", ".html", ".tex")
TEX = r"""\documentclass{{article}}
\usepackage{{amsmath}}
\begin{{document}}
{}
\end{{document}}
"""


class Graph(Snapshot):
    """All that one or more roots depend on: a snapshot, and its pictures.

    Shown in a notebook it is a picture, printed it is a tree.

    Args:
        roots: the Values to look at; a gradient is that of the first as a rule.
        options: how it is drawn, see `autograd.show.drawing.options.Options`.

    Attributes:
        roots, nodes: as `autograd.show.snapshot.Snapshot` has them.

    Raises:
        TypeError: a root is not a Value, no root is given, or an option is unknown.
        ValueError: an option is out of its range.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> graph = (a * b + a).graph()
    >>> [node.name for node in graph]
    ['a', 'b', 'v3', 'v4']
    >>> graph[a].data, len(graph), str(graph.stats)
    (2.0, 4, '4 nodes (2 leaves), 4 edges, depth 2')
    """

    def __init__(self, *roots: Value, **options: Any) -> None:
        super().__init__(*roots)
        self.options = Options().changed(**options)

    def svg(self, **options: Any) -> str:
        """The picture as SVG, in a text that an HTML page can hold too."""
        changed = self.options.changed(**options)
        return svg(self, fit(self, changed), changed)

    def digraph(self, **options: Any) -> Digraph:
        """The picture as a `graphviz.Digraph`, to change and to render.

        >>> x = Value(2.0, label="x")
        >>> digraph = (x * x).graph().digraph()
        >>> digraph.attr(bgcolor="transparent")
        >>> digraph.source.count("->")
        2

        Raises:
            ImportError: the package `graphviz` is missing.
        """
        changed = self.options.changed(**options)
        return digraph(fit(self, changed).picture, changed)

    def dot(self, **options: Any) -> str:
        """The source of `digraph`, for Graphviz and other readers of DOT.

        Raises:
            ImportError: the package `graphviz` is missing.
        """
        return str(self.digraph(**options).source)

    def text(self, **options: Any) -> str:
        """The tree that `str` gives, with other options."""
        return tree(self, self.options.changed(**options))

    def latex(self) -> str:
        """Each operation and its partials as formulas, in an `align*` environment."""
        return derivation(self)

    def html(self, **options: Any) -> str:
        """A page to explore the graph on: one file that needs no network.

        All options count for its picture; its player and table have every node.

        Raises:
            ValueError: the graph has more than 1,000 nodes.
        """
        return graph_page(self, self.options.changed(**options))

    def save(self, path: str | PathLike[str], **options: Any) -> Path:
        """Write the picture to a file.

        Args:
            path: `*.svg`, `*.png` (two pixels for each of the SVG, 40 million at most),
                `*.pdf`, `*.html` (the page), `*.dot` or `*.gv` (the source), `*.tex`
                (formulas).
            options: changes of the graph's options, for this file.

        Returns:
            The file that was written.

        Raises:
            ValueError: the suffix is not one of these, or an option is out of its range.
            ImportError: the package that renders `*.png` and `*.pdf`, or that makes the source,
                is missing.
            OSError: the file cannot be written; it is then as it was.
        """
        path, changed = Path(path), self.options.changed(**options)
        kind = path.suffix.lower()
        if kind not in KINDS:
            raise ValueError(f"a graph is saved as {', '.join(KINDS)}, got {str(path)!r}")
        if kind in (".png", ".pdf"):
            drawing = fit(self, changed)
            content = render(svg(self, drawing, changed, static=True), kind, drawing.size)
        elif kind == ".tex":
            content = TEX.format(self.latex()).encode()
        else:
            text = {".svg": self.svg, ".html": self.html}.get(kind, self.dot)
            content = text(**options).encode()
        write_atomically(path, content)
        return path

    def __str__(self) -> str:
        return self.text()

    def __rich__(self) -> Text:
        return coloured(self, self.options)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        """Return the texts and pictures that a notebook may show."""
        shown = self.svg()
        return {"text/plain": str(self), "image/svg+xml": shown, "text/html": shown}

    def _repr_latex_(self) -> str | None:
        """Formulas, for a graph that is small enough to read them."""
        return self.latex() if len(self) <= MOST_FORMULAS else None
