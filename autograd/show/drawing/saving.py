"""Pictures in files; the file's name says of which kind."""

from __future__ import annotations

import copy
import shutil
import warnings
from os import PathLike
from pathlib import Path

from autograd.files import write_atomically
from autograd.show.drawing import engine
from autograd.show.drawing.dot import source
from autograd.show.drawing.options import Options
from autograd.show.drawing.svg import draw
from autograd.show.graph import Graph

__all__ = ["save"]

KINDS = (".svg", ".png", ".pdf", ".dot", ".html", ".tex")
TEX = r"""\documentclass{{article}}
\usepackage{{amsmath}}
\begin{{document}}
{}
\end{{document}}
"""


def save(graph: Graph, path: str | PathLike[str], options: Options) -> Path:
    """Write the picture; see `Graph.save`."""
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise ValueError(f"a graph is saved as {', '.join(KINDS)}, got {str(path)!r}")
    if kind in (".svg", ".png", ".pdf") and engine.find(options.engine) is None:
        path = path.with_suffix(".dot")
        warnings.warn(f"saved as {path.name}, its DOT source; {engine.HINT}", stacklevel=3)
        kind = ".dot"
    write_atomically(path, _content(graph, kind, options))
    return path


def _content(graph: Graph, kind: str, options: Options) -> bytes:
    if kind not in (".png", ".pdf"):
        return _text(graph, kind, options).encode()
    command = options.engine
    if kind == ".pdf":
        command = _pdf_engine(options)
    return engine.run(source(graph, options), kind[1:], command, options.timeout)


def _pdf_engine(options: Options) -> str | None:
    command = options.engine or shutil.which("dot") or engine.find()
    if Path(command or "").stem == "graphviz-pure":  # which writes none
        raise engine.LayoutError(
            "PDF needs Graphviz's dot (Debian: apt install graphviz); or save an .svg or .png"
        )
    return command


def _text(graph: Graph, kind: str, options: Options) -> str:
    if kind == ".svg":
        return draw(graph, options=options)
    if kind == ".dot":
        return source(graph, options)
    if kind == ".tex":
        return TEX.format(graph.latex())
    from autograd.show.drawing.page import graph_page

    page = copy.copy(graph)
    page.options = options
    return graph_page(page)
