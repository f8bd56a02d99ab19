"""A real Chromium, driven by Playwright, that may load nothing but the page under test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Opener = Callable[..., Any]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs the system's chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Opener]:
    """Opens HTML as a file; at the end, the page must have asked for that file alone and
    have said nothing on the console."""
    contexts: list[Any] = []
    requests: list[str] = []
    complaints: list[str] = []

    def opener(html: str, at: str = "", **settings: Any) -> Any:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, "utf-8")
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
            | settings
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri() + at)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert complaints == [], complaints
    assert [url for url in requests if "/page" not in url or not url.startswith("file:")] == []
    assert len(requests) == len(contexts)


ALIKE = """() => {
  const alike = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    const says = ({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim() !== "";
    if (![...element.childNodes].some(says)) continue;
    const around = [element, element.parentElement, element.parentElement.parentElement];
    const kind = around.map((each) => each?.tagName + each?.getAttribute("class")).join();
    alike.set(kind, (alike.get(kind) ?? 0) + 1);
    element.toggleAttribute("data-few", alike.get(kind) <= 3);
  }
}"""


def violations(page: Any) -> list[Any]:
    """The rules of axe-core that a page violates.

    Colours, which take most of the time, are measured of three texts of each kind: they are
    alike in tag and classes, their own and those of the two elements around them.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    colour, only = "color-contrast", {"resultTypes": ["violations"]}
    page.evaluate(ALIKE)
    some, few = {"rules": {colour: {"enabled": False}}}, {"include": [["[data-few]"]]}
    found = axe.run(page, options=only | some).response["violations"]
    found += axe.run(page, few, only | {"runOnly": [colour]}).response["violations"]
    return list(found)


def stop_clock(page: Any) -> None:
    """From now on time passes in the page only as the test lets it, by `page.clock`.

    Once installed, the clock still runs beside the real one until it is paused.
    """
    page.clock.install(time=0)
    page.clock.pause_at(3600)


def follow(page: Any, at: str) -> None:
    """Go to an address of the same page, and wait until it has heard of that.

    A page writes its own state there after a while; here, just before and just after.
    """
    page.evaluate(
        """(at) => new Promise((done) => {
            window.addEventListener("hashchange", () => done(), { once: true });
            history.replaceState(null, "", "#before");
            location.hash = at;
            history.replaceState(null, "", "#after");
        })""",
        at,
    )
