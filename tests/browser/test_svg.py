"""The picture in a real browser: every text inside its box, as the reader's fonts have it."""

from typing import Any

import pytest

from autograd import Graph
from autograd.show.drawing import engine
from tests.browser.conftest import Opener
from tests.show.drawing.examples import chain, hostile, network, odd_numbers, small

pytestmark = pytest.mark.skipif(engine.find() is None, reason="needs a layout engine")

PICTURES: dict[str, tuple[Graph, dict[str, Any]]] = {
    "small": (small().graph(), {}),
    "hostile": (hostile().graph(), {}),
    "downwards": (hostile().graph(), {"rankdir": "TB", "theme": "dark"}),
    "odd numbers": (odd_numbers().graph(), {"format": ".17g"}),
    "network": (network([3, 2, 1]), {}),
    "neurons": (network([3, 2, 1]), {"collapse": "neuron"}),
    "layers": (network([3, 2, 1]), {"collapse": "layer"}),
    "cut": (chain(30).graph(), {"max_nodes": 4}),
}
OUTSIDE = """() => {
  const outside = [];
  const inside = (text, frame, what) => {
    const t = text.getBBox(), f = frame.getBBox();
    if (t.width && (t.x < f.x - 0.1 || t.x + t.width > f.x + f.width + 0.1 ||
        t.y < f.y - 1 || t.y + t.height > f.y + f.height + 1))
      outside.push([what, text.textContent, t.x, t.width, f.x, f.width]);
  };
  for (const g of document.querySelectorAll(".node, .cluster"))
    for (const text of g.querySelectorAll("text")) inside(text, g.querySelector("rect"), g.id);
  const svg = document.querySelector("svg"), all = svg.viewBox.baseVal;
  const frame = {getBBox: () => all};
  for (const text of svg.querySelectorAll("text")) inside(text, frame, "picture");
  for (const g of document.querySelectorAll(".node")) {
    const name = g.querySelector(".name").getBBox(), op = g.querySelector(".op");
    if (op && op.getBBox().x < name.x + name.width + 2) outside.push([g.id, "overlap"]);
    for (const kind of ["data", "grad"]) {
      const number = g.querySelector("." + kind);
      if (!number) continue;
      const caption = number.previousElementSibling.getBBox();
      if (number.getBBox().x < caption.x + caption.width + 2) outside.push([g.id, kind]);
    }
  }
  return outside;
}"""


@pytest.mark.parametrize("name", PICTURES)
def test_every_text_is_inside_its_box(open_page: Opener, name: str) -> None:
    graph, options = PICTURES[name]
    page = open_page(f"<!doctype html><meta charset=utf-8>{graph.svg(**options)}")
    assert page.evaluate(OUTSIDE) == []
    assert page.locator(".node").count() > 1


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
