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
    made: dict[str, dict[int, None]] = {}
    for origin in graph.origins.values():
        made.setdefault(origin.file, {})[origin.line] = None
    body, ids = "", dict[tuple[str, int], str]()
    for number, file in enumerate(made):
        code = linecache.getlines(file)
        numbers = sorted([line for line in made[file] if 0 < line <= len(code)])
        ids |= {(file, line): f"line-{number}-{line}" for line in numbers}
        rows, last = "", 0
        for line in _around(numbers, code):
            rows += "" if line == last + 1 or not rows else '<span class="gap">⋮</span>\n'
            id = f' id="{ids[file, line]}"' if (file, line) in ids else ""
            text = f'<span class="number">{line:>4} </span>{escape(code[line - 1].rstrip())}'
            rows += f'<span class="line"{id}>{text}</span>\n'
            last = line
        body += f"<h2>{escape(PurePath(file).name)}</h2><pre>{rows}</pre>" if rows else ""
    if body:
        attributes = 'id="code" class="code" tabindex="0" aria-label="Code"'
        body = f"<section {attributes}>{body}</section>"
    places = [(node, ids.get((at.file, at.line))) for node, at in graph.origins.items()]
    return body, {node: id for node, id in places if id is not None}


def _around(lines: list[int], code: list[str]) -> list[int]:
    """The lines, and those beside them, without blank ones at the ends."""
    near = {k for line in lines for k in range(line - AROUND, line + AROUND + 1)}
    known = sorted([k for k in near if 1 <= k <= len(code)])
    written = [k for k in known if code[k - 1].strip()]
    return [k for k in known if written[0] <= k <= written[-1]] if written else []
