"""The built site in a real Chromium: every page, its search, its exercises, its Python."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from demos.lessons import EXERCISES, Code, check
from docs.__main__ import HTML, server
from tests.helpers.chromium import violations
from tests.helpers.lessons import ASKED, FUNCTIONS, WORDS
from tests.helpers.tables import table

if not (HTML / "index.html").exists():
    pytest.skip("the site is not built: run python -m docs", allow_module_level=True)

PAGES = sorted(
    str(path.relative_to(HTML)) for path in HTML.rglob("*.html") if "_static" not in path.parts
)
FOLDERS = {
    folder: [name for name in PAGES if name.rpartition("/")[0] == folder]
    for folder in sorted({name.rpartition("/")[0] for name in PAGES})
}
HAS_PYTHON = (HTML / "_static/python/pyodide.mjs").exists()
needs_python = pytest.mark.skipif(not HAS_PYTHON, reason="the site is built without Python")
# What people ask, as they type it, and where it is answered.
QUESTIONS = dict(
    table(
        """
"backprop" | "index.html"
"automatic differentiation" | "index.html"
"argnums" | "howto/compile"
"per-sample gradients" | "howto/compile"
"Values back" | "howto/compile"
"special functions" | "howto/operation"
"numpy functions" | "reference/numpy"
"structures" | "reference/numpy"
"recording slow" | "howto/compile"
"freeze" | "howto/train"
"state forward" | "howto/train"
"resume" | "howto/train"
"inconclusive hypothesis" | "howto/check"
"points hold" | "howto/check"
"vector primitives" | "howto/operation"
"pytorch names" | "reference/names"
"pickling" | "howto/operation"
""",
        globals(),
    )
)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the site, served to this machine."""
    with server(0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


def opened(browser: Any, said: list[str], site: str, **settings: Any) -> Any:
    """A page that appends to `said` what goes wrong: on the console, and by a request."""
    page = browser.new_context(**settings).new_page()
    page.set_default_timeout(120_000)
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))

    def note(request: Any) -> None:
        if not request.url.startswith((site, "data:", "about:")):
            said.append(f"{page.url}: asks {request.url}")

    page.on("request", note)
    return page


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page(
    chromium: Any,
    site: str,
    folder: str,
    scheme: str,
    width: int,
) -> None:
    said: list[str] = []
    page = opened(
        chromium, said, site, color_scheme=scheme, viewport={"width": width, "height": 900}
    )
    for name in FOLDERS[folder]:
        page.goto(site + name)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            said.append(f"{name}: {wide} px wide")
        if (scheme == "dark") == (width == 390):  # each rule looks at the width or the colours
            for rule in violations(page):
                found = [node["html"][:200] for node in rule["nodes"][:3]]
                said.append(f"{name}: {rule['id']}: {found}")
    page.context.close()
    assert said == []


def test_questions_are_found_by_the_search(chromium: Any, site: str) -> None:
    said: list[str] = []
    page = opened(chromium, said, site)
    for question, answer in QUESTIONS.items():
        page.goto(f"{site}search.html?q={question}")
        page.wait_for_selector("#search-results .search li a")
        page.wait_for_function("!/Searching|Preparing/.test(document.body.innerText)")
        links = page.eval_on_selector_all(
            "#search-results .search li > a", "links => links.map(a => a.href)"
        )
        if not any(answer in link or "questions" in link for link in links[:6]):
            said.append(f"{question}: {links[:6]}")
    page.context.close()
    assert said == []


def test_the_page_says_of_an_answer_what_python_says(
    chromium: Any,
    site: str,
) -> None:
    said: list[str] = []
    page = opened(chromium, said, site)
    for path, names in ASKED.items():
        page.goto(f"{site}lessons/{path.stem}.html")
        forms = page.locator("form.ask")
        asked = [name for name in names if not isinstance(EXERCISES[name], Code)]
        assert forms.count() == len(asked)
        for form, name in zip(forms.all(), asked):
            right, wrong, _ = WORDS[name]
            for answer in (right, wrong, *([] if isinstance(right, str) else [1e9, -1e9])):
                if isinstance(answer, str):
                    form.locator("select").select_option(answer)
                else:
                    form.locator("input").fill(f"{answer}")
                form.evaluate("form => form.requestSubmit()")
                assert form.locator("output").inner_text() == repr(check(name, answer))
    page.context.close()
    assert said == []


def run(block: Any) -> str:
    """Return what a live cell shows when it has run."""
    block.locator("button.run").click()
    block.locator("text=/^(Done in|Python cannot)/").wait_for()
    return str(block.locator(".out").inner_text()) + str(block.locator(".bar").inner_text())


@needs_python
def test_python_in_the_page_runs_and_draws(chromium: Any, site: str) -> None:
    said: list[str] = []
    page = opened(chromium, said, site)
    page.goto(f"{site}lessons/01-slope.html")
    block = page.locator("div.live.docutils")
    code = page.locator("div.cell_input pre").all_inner_texts()
    assert "It returned nothing" in run(block)
    block.locator("textarea").fill("\n".join([*code[:4], "y.graph()"]))
    assert "slope:  5.0" in run(block)
    assert block.locator("svg").count() == 1
    block.locator("textarea").fill("1 +")
    assert "SyntaxError" in run(block)
    block.locator("textarea").fill("x = 1\nx / 0")
    assert "line 2, ZeroDivisionError: division by zero" in run(block)
    page.context.close()
    assert said == []


@needs_python
def test_an_endless_loop_is_stopped_and_the_page_answers(chromium: Any, site: str) -> None:
    said: list[str] = []
    page = opened(chromium, said, site)
    page.goto(f"{site}lessons/01-slope.html")
    block = page.locator("div.live.docutils")
    area = block.locator("textarea")
    code = area.input_value()
    run(block)
    area.fill("while True:\n    pass")
    block.locator("button.run").click()
    block.locator("text=Running").wait_for()
    assert page.evaluate("1 + 1") == 2
    block.locator("button.stop").click(timeout=3000)
    block.locator("text=Stopped.").wait_for(timeout=3000)
    block.locator("button.reset").click()
    assert area.input_value() == code
    assert "It returned nothing" in run(block)
    page.context.close()
    assert said == []


def test_tab_indents_and_escape_leaves(chromium: Any, site: str) -> None:
    said: list[str] = []
    page = opened(chromium, said, site)
    page.goto(f"{site}lessons/01-slope.html")
    area = page.locator("div.live.docutils textarea")
    area.fill("a\nb")
    area.press("Control+a")
    area.press("Tab")
    assert area.input_value() == "    a\n    b"
    area.press("Shift+Tab")
    assert area.input_value() == "a\nb"
    area.press("Escape")
    area.press("Tab")
    assert area.evaluate("area => area !== document.activeElement")
    page.context.close()
    assert said == []


@needs_python
def test_the_code_of_each_lesson_gets_its_report_in_the_page(
    chromium: Any,
    site: str,
) -> None:
    said: list[str] = []
    page = opened(chromium, said, site)
    running = opened(chromium, said, site)
    running.goto(f"{site}lessons/01-slope.html")
    block = running.locator("div.live.docutils")  # one start of Python for all
    for path, names in ASKED.items():
        reports = [FUNCTIONS[name][1] for name in names if name in FUNCTIONS]
        if reports:
            page.goto(f"{site}lessons/{path.stem}.html")
            shown = ""
            for area in page.locator("div.live.docutils textarea").all():
                block.locator("textarea").fill(area.input_value())
                shown += run(block)
            assert [text for text in reports if text not in shown] == []
    page.context.close()
    running.context.close()
    assert said == []


def test_a_page_that_is_a_file_says_what_to_do(chromium: Any) -> None:
    page = chromium.new_page()
    page.goto((HTML / "lessons/01-slope.html").as_uri())
    assert "python -m docs serve" in run(page.locator("div.live.docutils"))
    page.context.close()


# The lessons on a phone: each text of a picture is large enough, and each control whole.
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
