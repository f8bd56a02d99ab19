"""The picture in a real browser: its colours and its ids."""

import pytest

from tests.helpers.chromium import Opener
from tests.helpers.examples import network, small


def test_dark_mode_follows_the_reader(open_page: Opener) -> None:
    html = f"<!doctype html><meta charset=utf-8>{small().graph().svg()}"
    colours = set()
    for scheme in ("light", "dark"):
        page = open_page(html, color_scheme=scheme)
        colours.add(
            page.evaluate("getComputedStyle(document.querySelector('svg')).backgroundColor")
        )
    assert colours == {"rgb(255, 255, 255)", "rgb(13, 17, 23)"}


def test_two_pictures_on_a_page_keep_to_themselves(open_page: Opener) -> None:
    light, dark = small().graph().svg(theme="light"), small().graph().svg(theme="dark")
    page = open_page(f"<!doctype html><meta charset=utf-8>{light}{dark}")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    colours = page.evaluate(
        "[...document.querySelectorAll('svg')].map(e => getComputedStyle(e).backgroundColor)"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out(open_page: Opener, theme: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, criterion 1.4.3) between text and fill."""
    page = open_page(
        f"<!doctype html><meta charset=utf-8>{network([2, 1]).svg(theme=theme, gradients=True)}"
    )
    pairs = page.evaluate(
        """() => [...document.querySelectorAll("text")].map(text => {
            const rect = text.parentElement.querySelector("rect");
            const paper = getComputedStyle(document.querySelector("svg")).backgroundColor;
            return [getComputedStyle(text).fill, rect ? getComputedStyle(rect).fill : paper];
        })"""
    )
    for pair in {tuple(pair) for pair in pairs}:
        dim, bright = sorted(map(luminance, pair))
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, pair


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear))
