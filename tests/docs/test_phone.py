"""The lessons on a phone: each text of a picture is large enough, and each control whole."""

from typing import Any

import pytest

from tests.docs.test_site import PAGES, opened, site

__all__ = ["site"]  # a fixture

PHONE = {"width": 390, "height": 844}
LEAST = 11  # px of a text
STEPS = 10
LESSONS = [name for name in PAGES if name.startswith("lessons/") and "index" not in name]
# The texts of pictures, and in frames all texts, that are smaller, and the controls cut off.
FAULTS = """(least) => {
  const faults = [];
  const visible = (it) =>
    it.checkVisibility({ visibilityProperty: true }) && it.getClientRects().length > 0;
  const isText = ({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim() !== "";
  const texts = self === top ? "svg text, svg tspan" : "body *:not(script, title, option)";
  for (const element of document.querySelectorAll(texts)) {
    if (![...element.childNodes].some(isText) || !visible(element)) continue;
    const matrix = element.getScreenCTM?.();
    const scale = matrix ? Math.hypot(matrix.a, matrix.b) : 1;
    const size = parseFloat(getComputedStyle(element).fontSize) * scale;
    const start = element.textContent.trim().slice(0, 30);
    if (size < least - 0.01) faults.push(`${size.toFixed(1)} px: ${start}`);
  }
  const scrolls = ".all, .picture, .live ul, nav, aside, header, .editor";
  for (const element of document.querySelectorAll("button, select, input, textarea, summary")) {
    if (!visible(element) || element.closest(scrolls)) continue;
    const { left, right, width } = element.getBoundingClientRect();
    const whole = width <= 1 || (left >= 0 && right <= innerWidth + 0.5);
    if (!whole) faults.push(`cut: ${element.outerHTML.slice(0, 80)}`);
  }
  return faults;
}"""


@pytest.mark.parametrize("name", LESSONS)
def test_texts_are_large_and_controls_whole_at_the_first_steps(
    chromium: Any, site: str, name: str
) -> None:
    said: list[str] = []
    page = opened(chromium, said, site, viewport=PHONE, reduced_motion="reduce")
    page.goto(site + name)
    for step in range(STEPS + 1):
        for frame in page.frames:
            said += [f"step {step}: {fault}" for fault in frame.evaluate(FAULTS, LEAST)]
            following = frame.locator("#next, #one").first
            if frame != page.main_frame and following.is_visible() and following.is_enabled():
                following.click()
    page.context.close()
    assert sorted({*said}) == [], "\n".join(sorted({*said}))


@pytest.mark.parametrize("width", [390, 1440])
def test_arrow_keys_step_the_page_in_sight_without_a_click(
    chromium: Any, site: str, width: int
) -> None:
    said: list[str] = []
    page = opened(chromium, said, site, viewport={"width": width, "height": 844})
    page.goto(f"{site}lessons/02-chain.html")
    counter = page.frame_locator("iframe").locator("#counter")
    counter.wait_for()
    page.locator("iframe").evaluate("(frame) => frame.scrollIntoView({ behavior: 'instant' })")
    before = counter.inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    counter.and_(page.frame_locator("iframe").get_by_text("1 / ")).wait_for()
    assert before.startswith("0 / ")
    page.context.close()
    assert said == []
