"""Cards: the lines of text in the boxes of a picture, and so their sizes."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.show.drawing.records import SMALL, TEXT, TITLE, Box, Part
from autograd.show.text import clipped, width

__all__ = ["BESIDE", "INDENT", "PAD", "ROW", "WIDEST_NAME", "write"]

ROW, PAD, BESIDE = 18, 8, 10
WIDEST_NAME = 170.0  # of a name; what is longer is cut, and whole in the tooltip
WIDEST_FORMULA = 250.0  # of a line
INDENT = 12.0  # of the lines of a formula after its first
MOST_LINES = 4  # of a formula


def write(box: Box, compact: bool, beside: bool = False, reserve: str = "") -> None:
    """Set the texts of a box, and its size.

    Args:
        compact: what made it is written beside its name, and its numbers share a line.
        beside: the numbers of a compact leaf stand in the line of its name.
        reserve: the widest text that will stand in a cell.
    """
    single = not any(" … " in number for _, number in box.rows)
    box.compact = compact and single and len(box.rows) < 3
    auto = box.node is not None and not box.node.label and box.kind != "group"
    most = WIDEST_NAME * (2 if box.kind == "group" else 1)
    name = Part(clipped(box.title, TITLE, most), "name auto" if auto else "name")
    box.name = name.text
    if box.kind == "more":
        box.compact, box.lines = False, ((name._replace(side="middle"),),)
        box.width, box.height = name.width + 2 * PAD, float(ROW + PAD)
        return
    head, *lines = _head(box, name)
    if box.compact and box.rows:
        sides = ("after", "after") if beside and box.kind == "leaf" else ("left", "right")
        cells = [Part(n, caption, side) for (caption, n), side in zip(box.rows, sides)]
        if sides[0] == "after":
            head += cells
        else:
            lines.append(cells)
    else:
        lines += [[Part(c, "caption"), Part(number, c, "right")] for c, number in box.rows]
    wide = max([_width(line) for line in [head, *lines]])
    if box.rows and reserve:
        wide = max(wide, width(box.rows[-1][0], SMALL) + BESIDE + width(reserve, TEXT))
    box.width, box.height = wide + 2 * PAD, float((1 + len(lines)) * ROW + PAD)
    box.lines = tuple([tuple(line) for line in [head, *lines]])


def _width(line: Sequence[Part]) -> float:
    indent = INDENT if line[0].text[:1] == " " else 0.0
    return indent + sum([part.width for part in line]) + BESIDE * (len(line) - 1)


def _head(box: Box, name: Part) -> list[list[Part]]:
    """The lines of what the box is."""
    if box.kind == "formula" or (box.compact and box.formula and box.kind != "group"):
        often = [Part(f"× {box.times:,}", "caption", "right")] * (box.times > 1)
        taken = _width([name, *often]) + BESIDE
        first, *rest = _wrapped(f"= {box.formula}", WIDEST_FORMULA - taken)
        lines = [[Part(f" {text}", "made")] for text in rest]
        return [[name, *([Part(first, "made", "after")] if first else []), *often], *lines]
    op = clipped(box.op, TITLE, WIDEST_NAME * (2 if box.kind == "group" else 1))
    if box.kind == "group" and (", " in op or op[:1].isdigit()):
        return [[name], [Part(op, "what")]]
    return [[name, *[Part(op, "op", "right")] * bool(op)]]


def _wrapped(text: str, first: float) -> list[str]:
    """Lines of at most MOST_LINES, the first of them shorter."""
    lines, room = [""], first
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer, TEXT) > room:
            if lines == ["="]:  # it begins in the next line
                lines = ["", f"= {word}"]
                room = WIDEST_FORMULA - INDENT
                continue
            if len(lines) == MOST_LINES:
                lines[-1] += " …"
                break
            lines.append(word)
            room = WIDEST_FORMULA - INDENT
        else:
            lines[-1] = longer
    return [clipped(line, TEXT, WIDEST_FORMULA) for line in lines]
