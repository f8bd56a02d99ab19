"""The arrows of a network in a page show one thing at a time, and Python has the same."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

import nn
from autograd import Graph, Value
from autograd.show.text import format_number
from tests.helpers.chromium import Opener

LOOKS = """Object.fromEntries(weighted.map(({ id, labels }) => {
    const [line] = drawn(id);
    const way = ["down", "up"].filter((name) => line.classList.contains(name));
    const text = labels.map((label) => label.textContent);
    return [id, [way, line.querySelector("path").getAttribute("stroke-width"), text]];
}))"""


def graph_of(x1: float, samples: int = 1, plain: bool = False, hidden: int = 3) -> Graph:
    random.seed(4)
    model = nn.MLP(2, [hidden, 1], activation="tanh")
    rows = [[x1 + k, -1.0] if plain else [Value(x1 + k), Value(-1.0)] for k in range(samples)]
    loss = nn.mse_loss([model(row) for row in rows], [1.0] * samples)
    loss.backward()
    return Graph(loss)


def looks(graph: Graph, what: Any) -> dict[str, Any]:
    """By arrow, as the picture has it: which way, how thick, the number."""
    picture = graph.svg(arrows=what)
    found = {}
    for id, kind, rest in re.findall(
        r'<g id="\w+?-(e-[^"]+)" class="edge ?(down|up|)"[^>]*>(.*?)</g>', picture
    ):
        thick = re.search(r'<path [^>]*stroke-width="([^"]+)"', rest)
        text = re.search(rf'-{id}-l">.*?class="local"[^>]*>([^<]*)<', picture)
        found[f"graph-{id}"] = [
            [kind] if kind else [],
            thick[1] if thick else "0.80",
            [text[1]] if text else [],
        ]
    return found


@pytest.mark.parametrize(
    "settings",
    [{}, {"plain": True}, {"samples": 3}, {"samples": 3, "plain": True}, {"hidden": 14}],
)
def test_weight_gradient_and_local_derivative(
    settings: dict[str, Any], open_page: Opener
) -> None:
    graph = graph_of(0.5, **settings)
    page = open_page(graph.html())
    told = set()
    for what in ("weight", "gradient", "local"):
        page.select_option("#arrows", what)
        told.add(page.inner_text("#legend"))
        found, wanted = page.evaluate(LOOKS), looks(graph, what)
        assert found
        for id, (way, thick, text) in found.items():
            assert [way, thick] == wanted[id][:2], (what, id)
            assert [x for x in text if x] == wanted[id][2], (what, id)
    assert len(told) == 3


def test_they_follow_a_changed_number(open_page: Opener) -> None:
    page = open_page(graph_of(0.5).html())
    page.select_option("#arrows", "gradient")
    x = page.locator("#leaves li:has(strong:text-is('v4')) input[type=text]")
    x.fill("-2")
    for what in ("gradient", "local"):
        page.select_option("#arrows", what)
        shown, wanted = page.evaluate(LOOKS), looks(graph_of(-2.0), what)
        assert len(shown) == 3 * 2 + 3
        assert shown == {id: wanted[id] for id in shown}


def test_a_gradient_is_there_when_the_pass_has_reached_it(open_page: Opener) -> None:
    random.seed(4)
    w = nn.MLP(2, [3, 1], activation="tanh")
    steps = w([Value(0.5), Value(-1.0)]).steps(collapse="neuron", arrows="gradient")
    page = open_page(steps.html())
    numbers = "weighted.map(({ labels }) => labels[0].textContent)"
    assert {*page.evaluate(numbers)} == {"0.0"}
    page.keyboard.press("End")
    played = [event for event in steps.events if event.kind != "forward"]
    grads = {event.target.short: event.after for event in played}
    wanted = page.evaluate("weighted.map(({ w }) => w.name)")
    assert page.evaluate(numbers) == [format_number(grads[name]) for name in wanted]
    page.locator("[id^='graph-e-'][id$='-l']").first.hover()
    assert f"∂L/∂w = {page.evaluate(numbers)[0]}" in page.inner_text("#info")


def test_all_arrows_but_those_of_a_box_fade(open_page: Opener) -> None:
    page = open_page(nn.MLP(2, [8, 8, 1])([0.5, -1.0]).steps().html(), at="#0")
    arrows = "[...document.querySelectorAll('.edge.up, .edge.down')]"
    seen = f"{arrows}.map((each) => getComputedStyle(each).opacity)"
    page.hover("#graph-g3 rect")
    opacities = page.evaluate(seen)
    assert len(opacities) == 2 * 8 + 8 * 8 + 8
    assert len([x for x in opacities if float(x) > 0.2]) == 2 + 8  # into the neuron, out of it
