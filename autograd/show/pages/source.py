"""The code that made a graph: the lines that a page shows and lights up, step by step."""

from __future__ import annotations

import linecache
from pathlib import PurePath

from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import escape

__all__ = ["source"]

AROUND = 2  # lines that are shown before and after one that made a node


def source(graph: Snapshot) -> tuple[str, dict[Node, str]]:
    """The code around the lines that made the nodes, as HTML, and by node the id of its line.

    Both are empty where no line is known (see `autograd.lines`), or its file cannot be read.
    """
    places = {node: (at.file, at.line) for node, at in graph.origins.items()}
    body, ids = "", dict[tuple[str, int], str]()
    for number, file in enumerate(dict.fromkeys([file for file, _ in places.values()])):
        rows, last = "", 0
        code = linecache.getlines(file)
        made = {line for other, line in places.values() if other == file}
        for line, text in enumerate(code, 1):
            if made.isdisjoint(range(line - AROUND, line + AROUND + 1)):
                continue
            rows += "" if line == last + 1 or not rows else '<span class="gap">⋮</span>\n'
            last, id = line, ""
            if line in made:
                ids[file, line] = f"line-{number}-{line}"
                id = f' id="{ids[file, line]}"'
            text = f'<span class="number">{line:>4} </span>{escape(text.rstrip())}'
            rows += f'<span class="line"{id}>{text}</span>\n'
        body += f"<h2>{escape(PurePath(file).name)}</h2><pre>{rows}</pre>" if rows else ""
    if body:
        attributes = 'id="code" class="code" tabindex="0" aria-label="Code"'
        body = f"<section {attributes}>{body}</section>"
    return body, {node: ids[place] for node, place in places.items() if place in ids}
