"""No violation of axe-core's rules, in light and dark, and every page fits its window."""

from collections.abc import Callable
from typing import Any

import pytest

import nn  # noqa: F401  (rows name these)
from autograd import Stepper  # noqa: F401
from tests.helpers.chromium import Opener, violations
from tests.helpers.pages import (  # noqa: F401
    learned,
    neuron,
    neuron_with_lines,
    played,
    powers,
    readme,
)
from tests.helpers.tables import table


def guessing(page: Any) -> None:
    page.keyboard.press("End")
    page.check("#guessing")
    page.click("#back")
    page.fill("#answer", "7")
    page.keyboard.press("Enter")
    page.click("#hint")


def pointed(page: Any) -> None:
    page.keyboard.press("End")
    page.click("#graph-n2 .name")


def walked(page: Any) -> None:
    page.focus("#picture")
    for key in ("ArrowLeft", "ArrowLeft", "Enter"):
        page.keyboard.press(key)


def opened(page: Any) -> None:
    page.select_option("#inside", "layers.0.neurons.3")
    page.click("text=Take a step")


def compared(page: Any) -> None:
    page.select_option("#set", "moons")
    page.fill("#test", "20")
    page.click("#compare")
    page.click("text=dead relu")
    page.click("#one")


# Pages, and what is done there first.
PAGES: dict[str, tuple[Callable[[], str], Callable[[Any], None]]] = {
    name: (html, act)
    for name, html, act in table(
        """
"steps" | Stepper(powers()).html | lambda page: page.keyboard.press("ArrowRight")
"curve" | Stepper(readme()).html | pointed
"paths" | powers().graph().html | lambda page: page.select_option("#leaf", label="w")
"modes" | Stepper(readme()).html | lambda page: page.click("#modes summary")
"walk" | readme().graph().html | walked
"code" | Stepper(neuron_with_lines()).html | lambda page: page.click("#next")
"landscape" | readme().graph().html | lambda page: page.click("#landscape summary")
"guessing" | Stepper(readme()).html | guessing
"graph" | readme().graph().html | lambda page: page.click("text=nudge >> nth=0")
"network" | nn.MLP(2, [8, 8, 1]).graph([0.5, -1.0]).html | opened
"training" | lambda: learned().html() | lambda page: page.keyboard.press("End")
"formula" | neuron | lambda page: page.fill("#formula", "sin(x) + w")
"no formula" | neuron | lambda page: page.fill("#formula", "log(-x)*")
"live training" | played | lambda page: page.click("#one")
"compared" | played | compared
""",
        globals(),
    )
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1920)])
def test_axe_finds_nothing(name: str, scheme: str, width: int, open_page: Opener) -> None:
    html, act = PAGES[name]
    page = open_page(html(), color_scheme=scheme, viewport={"width": width, "height": 900})
    act(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = [(rule["id"], [x["html"] for x in rule["nodes"]]) for rule in violations(page)]
    assert found == []
