"""The steps page in Chromium: it shows what Python says, forwards, backwards, by key."""

from typing import Any

import pytest

import nn
from autograd import Stepper, Value, where
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow, stop_clock
from tests.helpers.pages import edges, powers, readme

HOSTILE = [
    "</script><script>document.title='gone'</script>",
    "<b>bold</b><img src=x onerror=alert(1)>",
    "\"quotes\" and 'more' `of` {them} ${them} $them",
    "😀 👩‍👩‍👧 שלום \u202eevil",
    "two\nlines\r\n\ttab \x00\x01",
    "a" * 1000,
]


def square() -> Value:
    x = Value(3.0, label="a")
    return x * x


def cancelled() -> Value:
    """A gradient that is long to write on the way to 0."""
    x = Value(1.0, label="x")
    return x * -1.2345e100 + x * 1.2345e100


def hostile() -> Value:
    total = Value(1.0, label="")
    for text in HOSTILE:
        total = total * Value(2.0, label=text)
        total.label = text
    return total


def branches() -> Value:
    x = Value(0.0, label="x")
    chosen: Value = where(x > 0, x, x * 2.0)
    return chosen + x.relu()


GRAPHS = [readme, square, edges, powers, cancelled, hostile, branches]
GRAPHS += [lambda: Value(4.0, label="leaf")]


# What a page shows: {data, grad, sum, marks, outside}; all of it, after each click of a button.
WALK = r"""(button) => {
  const name = (element) => {
    const {dataset, id} = element.closest('g[id]');  // a name in place of a box lights up as it
    return (dataset.box ?? id).replace(/-u\d+$|-l$/, '');
  };
  const within = (text, cell) => text.left >= cell.left - 1 && text.right <= cell.right + 1
    && text.top >= cell.top - 2 && text.bottom <= cell.bottom + 2;
  const cells = (kind) => {
    const found = {};
    for (const text of document.querySelectorAll('.node .' + kind)) {
      (found[name(text)] ??= new Set()).add(text.textContent);
    }
    return Object.fromEntries(Object.entries(found).map(([id, texts]) => [id, [...texts]]));
  };
  const look = () => ({
    data: cells('data'),
    grad: cells('grad'),
    sum: document.getElementById('sum').textContent,
    marks: ['to', 'from', 'along'].flatMap((mark) =>
      [...document.querySelectorAll('.' + mark)].map((g) => [name(g), mark])),
    outside: [...document.querySelectorAll('.node text')]
      .filter((text) => text.textContent !== '' && !within(text.getBoundingClientRect(),
        text.parentElement.querySelector('rect').getBoundingClientRect()))
      .map((text) => text.textContent),
  });
  const seen = [look()];
  const pressed = document.getElementById(button);
  while (!pressed.disabled) {
    pressed.click();
    seen.push(look());
  }
  return seen;
}"""


def look(page: Any) -> dict[str, Any]:
    """Return what the page shows now."""
    shown: list[dict[str, Any]] = page.evaluate(
        WALK.replace("!pressed.disabled", "false"), "next"
    )
    return shown[0]


def check(shown: dict[str, Any], stepper: Stepper) -> None:
    """It is what the stepper has; and it is in its cells."""
    nodes = stepper.graph.nodes
    computed = {event.node for event in stepper.events[: stepper.position]}
    assert shown["data"] == {
        f"graph-n{n.index}": [format_number(n.data) if n in computed else ""] for n in nodes
    }
    assert shown["grad"] == {
        f"graph-n{n.index}": [format_number(stepper.grads[n.value])] for n in nodes
    }
    assert shown["outside"] == []
    marks = {tuple(pair) for pair in shown["marks"]}
    if stepper.position == 0:
        assert marks == set()
        return
    event = stepper.events[stepper.position - 1]
    assert shown["sum"] == "".join(text for text, _ in event.parts())
    wanted = {(f"graph-n{event.target.index}", "to")}
    if event.kind == "forward":
        wanted |= {(f"graph-n{x.index}", "from") for x in event.node.inputs}
        slots = range(len(event.node.inputs))
        wanted |= {(f"graph-e{event.node.index}-{slot}", "along") for slot in slots}
    elif event.kind == "backward":
        wanted.add((f"graph-n{event.node.index}", "from"))
        wanted.add((f"graph-e{event.node.index}-{event.slot}", "along"))
    assert marks == wanted


@pytest.mark.parametrize("root", GRAPHS)
def test_every_step_shows_what_python_has_there_and_back(root: Any, open_page: Opener) -> None:
    stepper = Stepper(root())
    page = open_page(stepper.html(), viewport={"width": 390, "height": 800})
    there = page.evaluate(WALK, "next")
    assert len(there) == len(stepper.events) + 1
    for position, shown in enumerate(there):
        stepper.goto(position)
        check(shown, stepper)
    assert page.evaluate(WALK, "back") == there[::-1]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate(WALK, "next") == there
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_it_is_printed_pointed_at_and_stepped_by_keys_and_links(open_page: Opener) -> None:
    html = Stepper(readme()).html()
    page = open_page(html)
    page.pdf()  # before the first step it shows the end
    assert page.text_content("#graph-n0 .grad") == "6.0"
    page.click("#first")
    last = len(Stepper(readme()).events)

    def counter() -> str:
        return str(page.inner_text("#counter"))

    assert counter() == f"0 / {last}"
    for key, at in [
        ("ArrowRight", 1),
        ("PageDown", 11),
        ("ArrowLeft", 10),
        ("End", last),
        ("PageUp", last - 10),
        ("Home", 0),
    ]:
        page.keyboard.press(key)
        assert counter() == f"{at} / {last}"
    page.keyboard.press("Control+ArrowRight")
    assert counter() == f"0 / {last}"
    page.focus("#slider")
    page.keyboard.press("ArrowRight")
    assert counter() == f"1 / {last}"
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.id || document.activeElement.tagName")
        )
    assert {"guessing", "first", "play", "next", "last", "slider", "speed", "A"} <= reached
    follow(page, "#3")
    page.pdf()
    assert counter() == f"3 / {last}"
    page.hover("#graph-n2 rect")
    assert page.inner_text("#info") == "e = a * b = 2.0 * -3.0 → -6.0"
    page.hover("#graph-e2-0-l text")
    assert page.inner_text("#info").endswith("∂e/∂a = ?")
    page.click("#last")
    page.hover("#graph-e2-1-l text")
    assert page.inner_text("#info").endswith("→ -4.0")
    page.click("a[href='#12']")
    assert counter() == f"12 / {last}"
    assert page.get_attribute("tr[aria-current]", "id") == "row-12"
    page.click("#next")
    page.wait_for_url("**#13")
    for link, shown in (("#5", 5), ("#999", last), ("#what", 0)):
        assert open_page(html, at=link).inner_text("#counter") == f"{shown} / {last}"


def test_playing(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html())
    stop_clock(page)
    last = len(Stepper(readme()).events)
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.clock.run_for(1500)
    assert page.inner_text("#counter") == f"1 / {last}"
    page.select_option("#speed", "4")
    page.clock.run_for(1500 + 2 * 375)
    assert page.inner_text("#counter") == f"4 / {last}"
    page.click("#play")
    page.clock.run_for(60_000)
    assert page.inner_text("#counter") == f"4 / {last}"
    page.click("#play")
    page.clock.run_for(60_000)
    assert page.inner_text("#counter") == f"{last} / {last}"
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.click("#play")
    assert page.inner_text("#counter") == f"0 / {last}"
    page.click("#next")
    page.clock.run_for(60_000)
    assert page.inner_text("#counter") == f"1 / {last}"


def test_every_step_has_its_words(open_page: Opener) -> None:
    x = Value(3.0, label="x")
    square = x * x
    y = square * 0.0 + square.relu()
    page = open_page(Stepper(y).html())
    said = page.evaluate("events.map(words)")
    assert said[:2] == [
        "“x” is an input: its value is given.",
        "“v2” is computed, and its derivative to each input noted on the arrow.",
    ]
    passes = page.evaluate("[0, 5, 6, 8].map(passOf)")
    assert passes == [
        "Forward pass: 0 of 5",
        "Forward pass: 5 of 5",
        "Backward pass: 1 of 7",
        "Backward pass: 3 of 7",
    ]
    assert "The way back starts at the result, “v5”." in said
    flow = "What arrived at “v5”, 1.0, times the derivative on the arrow, 1.0"
    assert f"{flow}, goes back to “v4”." in said
    flow = "What arrived at “v2”, 1.0, times the derivative on the arrow, x = 3.0"
    assert said[-1] == f"{flow}, is added to “x”: way 2 of 2 that meet there."
    nothing = "The gradient of “v2” is 0.0, so nothing flows back to “x”."
    said = open_page(Stepper(square * 0.0).html()).evaluate("events.map(words)")
    assert said.count(nothing) == 2


def test_it_opens_where_the_stepper_is(open_page: Opener) -> None:
    stepper = Stepper(edges())
    stepper.run_until_nonfinite()
    page = open_page(stepper.html())
    check(look(page), stepper)


def test_pointing_at_a_leaf_lists_the_terms_of_its_gradient(open_page: Opener) -> None:
    x = Value(3.0, label="x")
    y = x * x + x
    y.label = "y"
    page = open_page(y.steps().html())
    for position, told in [
        (0, "x = ?"),
        (4, "x = 3.0"),
        (6, "x = 3.0; ∂y/∂x = 1.0 → 1.0  (1 of 3 ways)"),
        (8, "x = 3.0; ∂y/∂x = 1.0 + 3.0 + 3.0 → 7.0  (3 ways)"),
    ]:
        follow(page, f"#{position}")
        page.mouse.move(0, 0)
        page.hover("#graph-n0 rect")
        assert page.text_content("#info") == told
    page = open_page(y.graph().html())
    page.focus("#leaves input >> nth=0")
    assert page.text_content("#info") == told
    page.hover("#graph-e2-0-l text")
    assert page.text_content("#info") == "∂y/∂v2 += ∂y/∂y · ∂y/∂v2 = 1.0 × 1.0 → 1.0"


def test_without_javascript_the_end_and_every_step_are_there(open_page: Opener) -> None:
    stepper = Stepper(readme())
    html = stepper.html()
    page = open_page(html, java_script_enabled=False)
    shown = page.inner_text("body")
    assert all(str(event) in shown for event in stepper.events)
    assert not page.is_visible("#controls")
    assert not page.is_visible("#guess")
    stepper.goto(len(stepper.events))
    for node in stepper.graph:
        grad = page.text_content(f"#graph-n{node.index} .grad")
        assert grad == format_number(stepper.grads[node.value])


def test_hostile_labels_are_shown_and_nothing_more(open_page: Opener) -> None:
    for html in (Stepper(hostile()).html(), hostile().graph().html()):
        page = open_page(html)
        page.locator("#leaves input[type=text]").nth(1).fill("3")
        page.locator("text=nudge").first.click()
        assert page.title() != "gone"
        assert page.locator("img, b").count() == 0
        assert "<b>bold</b>" in page.inner_text("table")


def test_two_pages_in_one_notebook(open_page: Opener) -> None:
    both = [Stepper(y)._repr_html_() for y in (readme(), square())]
    page = open_page(f"<!doctype html><title>notebook</title>{''.join(both)}")
    first, second = page.frames[1:]
    first.click("#last")
    assert first.inner_text("#counter") == "14 / 14"
    assert second.inner_text("#counter") == "0 / 5"
    second.click("a[href='#3']")
    assert second.inner_text("#counter") == "3 / 5"
    assert first.inner_text("#counter") == "14 / 14"


def test_the_graph_page_shows_gradients_and_plays_forward(open_page: Opener) -> None:
    y = readme()
    before = open_page(y.graph().html())  # what backward would give
    y.backward()
    graph = y.graph()
    grads = {f"graph-n{node.index}": [format_number(node.grad)] for node in graph}
    data = {f"graph-n{node.index}": [format_number(node.data)] for node in graph}
    for page in (before, open_page(graph.html())):
        for button, wanted in (("next", data), ("first", {name: [""] for name in data})):
            page.click(f"#{button}", force=True)
            shown = look(page)
            assert (shown["data"], shown["grad"]) == (wanted, grads)
        page.click("#next")
        assert page.inner_text("#sum") == "a = 2.0"


def test_a_step_changes_little_in_a_large_graph(
    open_page: Opener,
) -> None:
    most = []
    for hidden in ([6, 6], [6] * 4):
        y = nn.MLP(4, [*hidden, 1])([1.0, 2.0, 3.0, 4.0])
        stepper = Stepper(y, collapse=None)
        page = open_page(stepper.html())
        counts = page.evaluate(
            """() => {
              const [next, counts] = [document.getElementById('next'), []];
              const observer = new MutationObserver(() => {});
              observer.observe(document.body, {subtree: true, childList: true,
                attributes: true, characterData: true});
              while (!next.disabled) {
                next.click();
                counts.push(observer.takeRecords().length);
              }
              return counts;
            }"""
        )
        assert len(counts) == len(stepper.events)
        most.append(max(counts))
    assert most[1] <= 1.1 * most[0]  # names of arrows are marked, too; nodes double
