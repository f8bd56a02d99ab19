"""Numbers and texts as every picture, table and page writes them; no font is asked."""

from __future__ import annotations

import html
import math
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

NUMBER_FORMAT = ".4g"
FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
LONGEST_NAME = 32

UP = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
DOWN = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
Parts = list[tuple[str, str]]  # of a line: texts and their roles
ROLE_STYLES = {  # in which rich shows the roles
    "name": "bold",
    "op": "cyan",
    "upstream": "cyan",
    "local": "magenta",
    "grad": "green",
    "result": "bold green",
    "now": "bold",
    "quiet": "dim",
    "bad": "bold red",
}

# At most so wide are letters in Helvetica, in units of the size (Adobe AFM).
NARROW, NARROWEST = frozenset(" !\"'()*,-./:;I[\\]`fjrt{|}"), frozenset("il")
BROAD, BROADEST = frozenset("ABCDEFGHKLNOPQRSTUVXYZ&+<=>~^w"), frozenset("%@MWm")
SLACK = 1.16  # the widest font of the list, DejaVu Sans, against Helvetica
JOINER = "\u200d"


def format_number(x: float, spec: str = NUMBER_FORMAT) -> str:
    """A number as pictures write it: short, and never like an integer or a negative zero.

    Args:
        spec: a format specification, as `format` takes it; NaN and infinity are always
            written `nan`, `inf` and `-inf`.

    >>> [format_number(x) for x in (2.0, -0.0, 1 / 3, 123456.0, 1e-7, math.inf)]
    ['2.0', '0.0', '0.3333', '1.235e+05', '1e-07', 'inf']
    """
    if not math.isfinite(x):
        return str(x)
    text = format(x + 0.0, spec)  # -0.0 + 0.0 is 0.0
    return f"{text}.0" if spec == NUMBER_FORMAT and text.lstrip("-").isdigit() else text


def check_format(spec: str) -> None:
    """Check that floats can be written by a format specification.

    Raises:
        TypeError: it is not a string.
        ValueError: `format` does not take it.
    """
    if not isinstance(spec, str):
        raise TypeError(f"a number format must be a string such as '.4g', got {spec!r}")
    try:
        format(1.5, spec)
    except ValueError:
        raise ValueError(f"{spec!r} does not format a float; try '.4g' or '.3f'") from None


def rich_text(parts: Parts, no_wrap: bool = False) -> Text:
    """The parts as rich shows them, in colour where it can."""
    from rich.text import Text

    styled = [(text, ROLE_STYLES.get(role, "")) for text, role in parts]
    return Text.assemble(*styled, no_wrap=no_wrap)


def counted(n: int, one: str, many: str = "") -> str:
    """A count in words.

    >>> counted(1, "node"), counted(1200, "node"), counted(2, "leaf", "leaves")
    ('1 node', '1,200 nodes', '2 leaves')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


@lru_cache(100_000)
def width(text: str, size: float) -> float:
    """How wide a line of text is at most, in the unit of `size`.

    >>> width("data", 10) < width("data", 20) < width("DATA", 20)
    True
    """
    return sum(map(_advance, text)) * size * SLACK


def _advance(c: str) -> float:
    if c > "~" or c < " ":
        return (0.0, 0.85, 1.3)[columns(c)]
    letters = (NARROWEST, 0.222), (NARROW, 0.34), (BROAD, 0.72), (BROADEST, 0.95)
    return next((wide for some, wide in letters if c in some), 0.556)


def columns(text: str) -> int:
    """How many columns a terminal needs for a text.

    >>> columns("abc"), columns("日本"), columns("e\u0301")
    (3, 4, 1)
    """
    wide = [unicodedata.east_asian_width(c) in "WF" for c in text]
    none = [unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text]
    return len(text) + sum(wide) - sum(none)


def clipped(text: str, size: float, most: float) -> str:
    """A printable text that is not wider than `most`: its beginning and "…" if need be.

    >>> clipped("a label that goes on", 10, 60)
    'a label th…'
    """
    text = printable(text)
    if width(text, size) <= most:
        return text
    room, end = most - width("…", size), 0
    while (room := room - width(text[end], size)) >= 0:
        end += 1
    return text[:end].rstrip(JOINER + "…") + "…"


def short_name(name: str) -> str:
    """A printable name of at most 32 characters.

    >>> short_name("the mean of all the squared errors")
    'the mean of all the squared err…'
    """
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return printable(short)


def printable(text: str) -> str:
    r"""One line with nothing in it that a terminal or an XML file could take for a command.

    >>> printable("two\nlines")
    'two↵lines'
    """
    if text.isprintable():
        return text
    return "".join([c if c.isprintable() or c == JOINER else _replaced(c) for c in text])


def _replaced(c: str) -> str:
    return "↵" if c == "\n" else " " if c.isspace() else "\ufffd"


def escape(text: str) -> str:
    """A printable text for XML and HTML, in an element or an attribute.

    >>> escape("</script>")
    '&lt;/script&gt;'
    """
    return html.escape(printable(text))
