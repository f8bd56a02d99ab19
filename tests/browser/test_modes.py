"""Forward mode beside reverse mode: their products, and how many there are of each."""

from typing import Any

import pytest

import nn
from autograd import Stepper, Value, gradient
from autograd.show.snapshot import Node
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, stop_clock
from tests.helpers.pages import formula, readme, shared

CLOCK = "[aria-label=Multiplications]"


def forward(stepper: Stepper) -> list[tuple[Node, Node, int, float]]:
    """The products of forward mode: leaf, node, slot, and the tangent after it."""
    found = []
    for leaf in [node for node in stepper.graph if node.op is None]:
        tangents = {leaf: 1.0}
        for node in stepper.graph:
            for slot, (x, partial) in enumerate(zip(node.inputs, node.partials)):
                if x in tangents:
                    tangents[node] = tangents.get(node, 0.0) + tangents[x] * partial
                    found.append((leaf, node, slot, tangents[node]))
    return found


def opened(page: Any) -> None:
    page.click("#modes summary")
    page.focus(CLOCK)


@pytest.mark.parametrize("make", [readme, shared, lambda: formula(0.5, -0.75)])
def test_both_modes_multiply_as_python_does(make: Any, open_page: Opener) -> None:
    stepper = Stepper(make())
    page = open_page(stepper.html())
    opened(page)
    backward = [event for event in stepper.events if event.kind == "backward"]
    steps = forward(stepper)
    root, leaves = stepper.graph.root, [node for node in stepper.graph if node.op is None]
    slopes = gradient(root.value, [leaf.value for leaf in leaves])
    counts = page.locator("#modes .columns p:not(.sum)")
    for at, (leaf, node, slot, after) in enumerate(steps, 1):
        page.keyboard.press("ArrowRight")
        assert counts.all_inner_texts() == [
            f"{min(at, len(backward))} of {len(backward)} multiplications",
            f"{at} of {len(steps)} multiplications",
        ]
        sums = page.locator("#modes .sum").all_inner_texts()
        if at <= len(backward):
            event = backward[at - 1]
            assert sums[0] == "".join(text for text, _ in event.parts())
            assert page.get_attribute(".edge.backward", "id") == (
                f"graph-e{event.node.index}-{event.slot}"
            )
        assert sums[1].startswith(f"∂{node.short}/∂{leaf.short} += ")
        assert sums[1].endswith(f"→ {format_number(after)}")
        assert page.get_attribute(".edge.forward", "id") == f"graph-e{node.index}-{slot}"
    told = [f"∂{root.short}/∂{x.short} = {format_number(g)}" for x, g in zip(leaves, slopes)]
    assert page.locator("#modes li").all_inner_texts() == told * 2
    assert f"forward mode multiplies {len(steps)} times" in page.inner_text("#modes")


def test_gradients_are_told_when_they_are_known(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html())
    opened(page)
    known = []
    for _ in range(9):
        page.keyboard.press("ArrowRight")
        columns = page.locator("#modes ul")
        texts = [columns.nth(k).inner_text().splitlines() for k in (0, 1)]
        known.append([sum(not text.endswith("?") for text in column) for column in texts])
    assert known == [[0, 0], [1, 0], [1, 1], [2, 1], [3, 1], [4, 2], [4, 2], [4, 3], [4, 4]]


def test_many_weights_are_why_reverse_mode_is_chosen(open_page: Opener) -> None:
    y = nn.MLP(2, [4, 1])([Value(0.5, label="x"), Value(1.0, label="y")])
    stepper = Stepper(y)
    page = open_page(stepper.html())
    opened(page)
    ratio = len(forward(stepper)) / stepper.graph.stats.edges
    assert f"{ratio:.3g} times the {stepper.graph.stats.edges} of" in page.inner_text("#modes")
    assert page.locator("#modes li").last.inner_text() == "… and 7 more"


def test_it_plays_and_follows_the_numbers(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html())
    stop_clock(page)
    opened(page)
    page.click("text=Play both")
    page.clock.run_for(1100)
    assert page.input_value(CLOCK) == "2"
    page.click("text=Pause")
    page.clock.run_for(60_000)
    assert page.input_value(CLOCK) == "2"
    page.click("text=Play both")
    page.clock.run_for(60_000)
    assert page.input_value(CLOCK) == "9"
    page.fill("[aria-label='value of b']", "5")
    assert page.locator("#modes li").first.inner_text() == "∂L/∂a = -10.0"
    page.click("text=Play both")
    assert page.input_value(CLOCK) == "0"
    page.click("#modes summary")  # closed, it stops
    page.clock.run_for(60_000)
    assert page.input_value(CLOCK) == "0"
    page.check("#guessing")
    assert page.is_hidden("#modes")
