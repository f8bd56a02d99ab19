"""Cards: the lines of text in the boxes of a picture, and so their sizes."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.show.drawing.records import SMALL, TEXT, TITLE, Box, Part
from autograd.show.text import clipped, width

__all__ = ["BESIDE", "INDENT", "PAD", "ROW", "WIDEST_NAME", "write"]

ROW, PAD, BESIDE = 18, 8, 10
WIDEST_NAME = 240.0  # of a name; what is longer is cut, and whole in the tooltip
WIDEST_FORMULA = 250.0  # of a line
INDENT = 12.0  # of the lines of a formula after its first
MOST_LINES = 4  # of a formula


def write(box: Box, compact: bool, reserve: str = "") -> None:
    """Set the texts of a box, and its size.

    Args:
        compact: what made it is written beside its name, and its numbers share a line; those
            of a leaf stand in the line of its name.
        reserve: a text that there is room for in a cell.
    """
    single = not any(" … " in number for _, number in box.rows)
    box.compact = compact and single and len(box.rows) < 3
    auto = box.node is not None and not box.node.label and box.kind != "group"
    title = clipped(box.title, TITLE, WIDEST_NAME)
    name = Part(title, "name auto" if auto else "name")
    box.name = name.text
    if box.kind == "formula" or (box.compact and box.formula and box.kind != "group"):
        often = [Part(f"× {box.times:,}", "caption", "right")] * (box.times > 1)
        taken = _width([name, *often]) + BESIDE
        texts = _wrapped(f"= {box.formula}", taken)
        head = [name, *[Part(text, "made", "after") for text in texts[:1]], *often]
        lines = [[Part(f" {text}", "made")] for text in texts[1:]]
    else:
        op = Part(clipped(box.op, TITLE, WIDEST_NAME), "op", "right")
        head = [name, *[op] * bool(box.op)]
        content = Part(clipped(box.content, SMALL, WIDEST_NAME), "what")
        lines = [[content]] * bool(box.content)
    if box.compact and box.kind == "leaf":
        head += [Part(number, caption, "after") for caption, number in box.rows]
    elif box.compact and box.rows:
        sides = zip(box.rows, ("left", "right"))
        lines.append([Part(number, caption, side) for (caption, number), side in sides])
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


def _wrapped(text: str, taken: float) -> list[str]:
    """Lines of a formula, at most MOST_LINES, the first of them shorter."""
    lines, room = [""], WIDEST_FORMULA - taken
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width(longer, TEXT) > room:
            room = WIDEST_FORMULA - INDENT
            if len(lines) == MOST_LINES:
                lines[-1] += " …"
                break
            lines.append(word)
        else:
            lines[-1] = longer
    return [clipped(line, TEXT, WIDEST_FORMULA) for line in lines]
