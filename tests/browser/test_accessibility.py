"""No violation of axe-core's rules, in light and dark, on a phone and on a projector."""

from typing import Any

import pytest

from autograd import Stepper
from tests.browser.conftest import Opener
from tests.browser.test_steps import readme, shared
from tests.browser.test_training import trained


def steps() -> str:
    return Stepper(shared()).html()


def graph() -> str:
    return readme().graph().html()


def training() -> str:
    return trained().html()


@pytest.mark.parametrize("html", [steps, graph, training])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(html: Any, scheme: str, open_page: Opener) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(html(), color_scheme=scheme)
    for key, width in [("ArrowLeft", 390), ("End", 1920)]:
        page.set_viewport_size({"width": width, "height": 900})
        page.keyboard.press(key)
        found = axe.Axe().run(page).response["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_axe_finds_nothing_in_guess_mode(open_page: Opener) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(steps(), at="#8")
    page.check("#guessing")
    page.fill("#answer", "7")
    page.keyboard.press("Enter")
    assert axe.Axe().run(page).response["violations"] == []
