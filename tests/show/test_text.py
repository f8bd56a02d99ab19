"""Texts and numbers as pictures write them."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.show.text import clipped, columns, escape, format_number, printable, width
from tests.helpers.tables import table


@pytest.mark.parametrize(
    ("x", "text"),
    table(
        """
0.0 | "0.0"
-12.0 | "-12.0"
-3.25 | "-3.25"
1234.0 | "1234.0"
5e-324 | "4.941e-324"
-math.inf | "-inf"
math.nan | "nan"
""",
        globals(),
    ),
)
def test_numbers_are_short_and_never_look_like_integers(x: float, text: str) -> None:
    assert format_number(x) == text


def test_a_format_is_followed_to_the_letter() -> None:
    assert format_number(2.0, ".2f") == "2.00"
    assert format_number(2.0, "g") == "2"
    assert format_number(math.inf, ".2f") == "inf"


@given(st.text())
def test_any_text_is_one_line_of_valid_xml(text: str) -> None:
    element = ET.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')
    assert element.text == (printable(text) or None)
    assert element.get("b") == printable(text)
    assert "\n" not in printable(text)


@given(st.text(max_size=50), st.floats(20, 200))
def test_a_clipped_text_fits(text: str, most: float) -> None:
    short = clipped(text, 12, most)
    assert width(short, 12) <= most
    assert short == printable(text) or (short.endswith("…") and short[-2:] != "……")


def test_what_is_invisible_or_turns_the_text_round_is_shown() -> None:
    assert printable("a\tb\u00a0c\nd") == "a b c↵d"
    assert printable("\x1b[31m\u202eevil\ud800") == "�[31m�evil�"
    family = "\U0001f469\u200d\U0001f467"
    assert printable(family) == family


def test_widths_are_those_of_the_characters() -> None:
    assert width("漢", 10) > width("m", 10) > width("i", 10)
    assert width("e\u0301", 10) == width("e", 10)
    texts = {"abc": 3, "日本": 4, "e\u0301": 1, "👩\u200d🔬": 4, "∂L/∂a": 5, "": 0, "Ａ": 2}
    assert {text: columns(text) for text in texts} == texts
