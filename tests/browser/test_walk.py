"""Arrow keys walk the graph, and each box is spoken in a sentence."""

from typing import Any

import pytest

import nn
from autograd import Stepper, Value
from autograd.show.text import format_number
from tests.helpers.chromium import Opener
from tests.helpers.pages import readme

FOCUSED = "document.activeElement.id.replace('graph-', '')"


def enter(page: Any) -> None:
    """As by the keyboard alone."""
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.id") != "picture":
        page.keyboard.press("Tab")


def walk(page: Any, keys: str) -> list[str]:
    """Where each key leads."""
    found = []
    for key in keys.split():
        page.keyboard.press(f"Arrow{key}")
        found.append(page.evaluate(FOCUSED))
    return found


def test_keys_lead_along_the_arrows_and_to_those_beside(open_page: Opener) -> None:
    page = open_page(readme().graph().html())
    page.keyboard.press("End")
    enter(page)
    keys = "Left Left Left Left Down Up Right Down Left Right Right Down Down"
    assert walk(page, keys) == [
        *("n6", "n4", "n2", "n0", "n1", "n0", "n2", "n3", "n3", "n4", "n6", "n6", "n6")
    ]
    assert page.inner_text("#info") == "L = d * f = 4.0 * -2.0 → -8.0"
    assert page.inner_text("#counter").startswith("7 /")  # the player stays where it is


@pytest.mark.parametrize(
    ("rankdir", "keys"),
    [
        ("RL", "Right Right Right Down Left"),
        ("TB", "Up Up Up Right Down"),
        ("BT", "Down Down Down Right Up"),
    ],
)
def test_keys_follow_the_direction_of_the_picture(
    rankdir: str, keys: str, open_page: Opener
) -> None:
    page = open_page(readme().graph(rankdir=rankdir).html())
    enter(page)
    assert walk(page, keys) == ["n6", "n4", "n2", "n3", "n4"]


def test_each_box_is_spoken_as_far_as_it_is_known(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html(), at="#3")
    enter(page)
    assert walk(page, "Left Left") == ["n2", "n0"]
    label = "document.activeElement.getAttribute('aria-label')"
    said = "a, an input: its value is 2.0 and its gradient 0.0. It goes into e."
    assert page.evaluate(label) == said
    walk(page, "Right Right")
    assert page.evaluate(label) == (
        "d, e + c: it is not computed yet. It is computed of e and c. It goes into L."
    )
    page.click("#last")
    page.focus("#graph-n4")
    assert page.evaluate(label) == (
        "d, e + c: its value is 4.0 and its gradient -2.0. "
        "It is computed of e and c. It goes into L."
    )
    tree = page.locator("#picture").aria_snapshot()
    assert 'img "d, e + c: its value is 4.0' in tree


def test_a_neuron_is_a_box(open_page: Opener) -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", init=nn.init.constant(0.5))
    page = open_page(model([Value(1.0, label="x"), Value(2.0, label="y")]).graph().html())
    enter(page)
    walk(page, "Left Left Down")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("layers.0.neurons.1, 5 nodes: its value is 0.9")
    assert label.endswith("It is computed of x and y. It goes into layers.1.neurons.0.")


def test_enter_looks_closer(open_page: Opener) -> None:
    page = open_page(readme().graph().html())
    enter(page)
    walk(page, "Left Left Left")
    page.keyboard.press("Enter")
    assert page.inner_text("#card strong") == "e = a * b"
    page.keyboard.press("Escape")
    assert page.is_hidden("#card")
    walk(page, "Left")
    page.keyboard.press("Enter")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED) == "n0"
    assert page.text_content("#graph-n2 .data") == format_number(-21.0)


def test_a_click_leaves_the_keys_to_the_player(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html())
    page.click("#picture", position={"x": 4, "y": 4})
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#counter") == "1 / 14"
