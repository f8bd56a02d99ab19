"""Texts of a picture: made safe, cut to a width, and measured without a font."""

from __future__ import annotations

import html
import unicodedata

__all__ = ["FONTS", "clipped", "escape", "printable", "width"]

FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"

# Advance widths of Helvetica in 1/1000 of the size, for U+0020 to U+007E (Adobe AFM).
HELVETICA = (
    *(278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278),
    *(556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556),
    *(1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778),
    *(667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556),
    *(333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556),
    *(556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584),
)
SLACK = 1.16  # the widest font of the list, DejaVu Sans, against Helvetica
JOINER = "\u200d"


def width(text: str, size: float) -> float:
    """How wide a line of text is at most, in the unit of `size`.

    >>> width("data", 10) < width("data", 20) < width("DATA", 20)
    True
    """
    return sum([_advance(c) for c in text]) * size * SLACK / 1000


def clipped(text: str, size: float, most: float) -> str:
    """A printable text that is not wider than `most`: its beginning and "…" if need be.

    >>> clipped("a label that goes on", 10, 60)
    'a label th…'
    """
    text = printable(text)
    room = most - width("…", size)
    for end, c in enumerate(text):
        room -= width(c, size)
        if room < 0 and width(text, size) > most:
            return text[:end].rstrip(JOINER) + "…"
    return text


def printable(text: str) -> str:
    r"""One line with nothing in it that a terminal or an XML file could take for a command.

    >>> printable("two\nlines")
    'two↵lines'
    """
    return "".join([c if c.isprintable() or c == JOINER else _shown(c) for c in text])


def escape(text: str) -> str:
    """A printable text for XML and HTML, in an element or an attribute.

    >>> escape("</script>")
    '&lt;/script&gt;'
    """
    return html.escape(printable(text))


def _shown(c: str) -> str:
    return "↵" if c == "\n" else " " if c.isspace() else "\ufffd"


def _advance(c: str) -> int:
    if " " <= c <= "~":
        return HELVETICA[ord(c) - 32]
    if unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 1300 if unicodedata.east_asian_width(c) in "WF" else 850
