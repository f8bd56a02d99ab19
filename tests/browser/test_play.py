"""The page to play with a formula: its parser, layout, both passes, links, hostile text."""

from __future__ import annotations

import math
import random
import re
from typing import Any
from urllib.parse import quote

import pytest

import autograd
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.formulas import SHARED
from tests.helpers.pages import FAULTS, NEURON, neuron

RUN = """([text, at]) => {
    try {
        const formula = parse(text);
        const nodes = record(formula, Object.fromEntries(
            formula.names.map((name) => [name, Number(new Map(at).get(name))])));
        const leaf = (name) => nodes.find((node) => node.name === name && node.op === null);
        const grads = formula.names.map((name) => [name, String(leaf(name)?.grad ?? 0)]);
        return { value: String(nodes.at(-1).data), gradient: grads,
                 names: nodes.map((node) => node.name) };
    } catch (error) {
        return { error: error.message, place: error.place, kind: error.constructor.name };
    }
}"""


def in_python(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def near(found: float, expected: float) -> bool:
    """Equal but for what the browser's exp and the like lose: an ulp or so each."""
    return math.isclose(found, expected, rel_tol=4e-15, abs_tol=1e-15) or (
        math.isnan(found) and math.isnan(expected)
    )


def test_both_parsers_agree_on_the_shared_cases(open_page: Opener) -> None:
    page = open_page(neuron())
    for case in SHARED:
        found = page.evaluate(RUN, [case["formula"], [*case.get("at", {}).items()]])
        if "error" in case:
            assert (found["error"], found["place"] + 1) == (case["error"], case["place"])
        elif "fails" in case:
            assert found["kind"] == "FormulaError", case
            assert found["place"] is None
        else:
            assert near(in_python(found["value"]), float(case["value"])), (case, found)
            found["gradient"] = dict(found["gradient"])
            assert list(found["gradient"]) == list(case["gradient"]), case
            for name, grad in case["gradient"].items():
                assert near(in_python(found["gradient"][name]), float(grad)), (case, found)
    for text in ("(" * 100_000 + "x", "x" + "**x" * 100_000, "-" * 100_000 + "x"):
        found = page.evaluate(RUN, [text, [["x", 1.0]]])
        assert found["error"] == "the formula is nested too deeply"


CLIPPED = """(texts) => texts.map((text) => {
    const letters = [...text];
    while (widthOf(letters.join(""), 13) > WIDEST) letters.pop();
    const whole = letters.length === [...text].length;
    return [clipped(text, 13), whole ? text : `${letters.join("")}…`];
})"""
MEASURED = """([formula, name]) => {
    const measure = CanvasRenderingContext2D.prototype.measureText;
    let letters = 0;
    pen.measureText = (text) => {
        letters += text.length;
        return measure.call(pen, text);
    };
    read(formula, { [name]: 2.0 });
    delete pen.measureText;
    return letters;
}"""


APART = """(graphs) => graphs.flatMap(([sizes, edges]) => {
  const boxes = sizes.map(([width, height]) => ({ width, height, tag: 40 }));
  const arrows = edges.map(([tail, head]) => ({ tail, head, wide: 30, high: 14 }));
  const { width, height, names } = layOut(boxes, arrows, 600);
  const shown = [...boxes, ...names];
  const apart = (a, b) =>
    Math.abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6 ||
    Math.abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-6;
  const within = (at, size, all) => at >= size / 2 - 1e-6 && at <= all - size / 2 + 1e-6;
  const inside = (box) => within(box.x, box.width, width) && within(box.y, box.height, height);
  const faults = shown.filter((box) => !inside(box)).map(() => "outside");
  shown.forEach((a, k) => {
    for (const b of shown.slice(0, k)) if (!apart(a, b)) faults.push("overlap");
  });
  for (const { tail, head, line, way } of arrows) {
    const [from, to] = [way[0], boxes[head]];
    if (from !== boxes[tail] && from.of !== boxes[tail]) faults.push("tail");
    const ends = [from.x + from.width / 2, to.x - to.width / 2];
    if (line[0][0] !== ends[0] || line.at(-1)[0] !== ends[1]) faults.push("end");
    if (Math.abs(line.at(-1)[1] - to.y) > to.height / 2) faults.push("port");
  }
  return faults;
})"""


def drawn(rng: random.Random) -> list[Any]:
    count = rng.randint(1, 30)
    edges = [[rng.randrange(b), b] for b in range(1, count) for _ in range(rng.randint(0, 3))]
    return [[[rng.uniform(20, 150), rng.uniform(20, 60)] for _ in range(count)], edges]


def test_names_are_clipped_and_graphs_laid_out_apart(open_page: Opener) -> None:
    page = open_page(neuron())
    texts = ["", "w", "Ω𝛼" * 9, *["iW"[k % 2] * k for k in range(60)], "naïve_" * 30]
    for found, expected in page.evaluate(CLIPPED, texts):
        assert found == expected
    for name in ("x" * 20_000, "x" * 40_000):  # in little work
        assert page.evaluate(MEASURED, [f"{name} * {name} + tanh({name})", name]) < 10_000
        title = page.locator("#picture .node .name").first.text_content()
        assert re.fullmatch("x{10,40}…", title)
    rng = random.Random(1)
    assert page.evaluate(APART, [drawn(rng) for _ in range(60)]) == []
    source = random.Random(7)
    for _ in range(40):
        terms = [
            source.choice(["w*x", "tanh(b)", "x**2", "exp(w)", "(w - b)", "x"])
            for _ in range(5)
        ]
        text = terms[0]
        for term in terms[1:]:
            text = f"({text}) {source.choice('+-*')} {term}"
        page.fill("#formula", text)
        assert page.evaluate(FAULTS) == [1, []], text


def test_the_nodes_are_those_of_python_and_the_boxes_show_them(open_page: Opener) -> None:
    page = open_page(neuron())
    for formula in ("tanh(w*x + b)", "where(x < 0, -x, w)*b + w*w"):
        html = autograd.play(formula, **NEURON).html()
        still = open_page(html, java_script_enabled=False)
        page.fill("#formula", formula)
        rows = [p.locator("#rows tr").all_inner_texts() for p in (page, still)]
        assert rows[0] == rows[1]
        shown = [sorted(p.locator("#picture .node").all_text_contents()) for p in (page, still)]
        titles = still.locator("#picture .node title").all_text_contents()
        assert len(shown[0]) == len(shown[1]) == len(titles)
        for live, told, title in zip(*shown, sorted(titles)):
            assert told.endswith(live) or live in told, (live, told, title)


def test_a_number_is_typed_linked_and_moved(open_page: Opener) -> None:
    page = open_page(neuron(), permissions=["clipboard-read", "clipboard-write"])
    page.fill("#value-w", "pi/4")
    w = autograd.Value(math.pi / 4)
    y = (w * -2.0 + 1.0).tanh()
    y.backward()
    assert page.inner_text("#sum") == f"f = tanh(w*x + b) = {y.data:.4g}"
    assert page.inner_text("#grad-w") == f"∂f/∂w = {w.grad:.4g}"
    page.wait_for_url(re.compile(r"w=0\.785"))
    other = open_page(neuron(), at=page.evaluate("location.hash"), permissions=[])
    assert other.inner_text("#sum") == page.inner_text("#sum")
    assert other.input_value("#value-x") == "-2"
    other.click("#link")
    other.locator("#link", has_text="The link is in the address bar").wait_for()
    page.fill("#value-w", "2")
    page.click("#link")
    page.locator("#link", has_text="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(".html#tanh(w*x%20+%20b);w=2;x=-2;b=1")
    page.fill("#value-w", "0.5")
    assert page.inner_text("#link") == "Copy the link"
    page.focus("#value-x")
    for key, expected in [
        ("ArrowUp", "-1.9"),
        ("PageDown", "-2.9"),
        ("Shift+ArrowUp", "-2.89"),
    ]:
        page.keyboard.press(key)
        assert page.input_value("#value-x") == expected
    page.focus("[aria-label='b, slider']")
    page.keyboard.press("End")
    assert page.input_value("#value-b") == "5"
    box = page.locator("#value-w").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 10, steps=5)
    page.mouse.up()
    assert page.input_value("#value-w") == "1"
    page.locator("#picture").scroll_into_view_if_needed()
    box = page.locator("#picture .leaf", has_text="w").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] - 30, box["y"] + 10, steps=5)
    page.mouse.up()
    page.mouse.move(box["x"], box["y"])
    assert page.input_value("#value-w") == "0.5"
    assert page.evaluate("String(getSelection())") == ""


def test_the_formula_can_be_edited_and_an_error_says_where(open_page: Opener) -> None:
    page = open_page(neuron())
    page.fill("#formula", "w*x + ")
    assert "+ has no operand on its right" in page.inner_text("#problem")
    assert page.inner_text("#problem mark") == "+"
    assert page.get_attribute("#formula", "aria-invalid") == "true"
    page.fill("#formula", "w*c + log(x)")
    assert page.inner_text("#problem") == ("log(-2.0): outside the domain, which is x > 0")
    page.fill("#value-x", "1")
    assert page.inner_text("#problem") == ""
    assert page.inner_text("#sum") == "f = w*c + log(x) = 0.5"
    assert page.input_value("#value-c") == "1"
    page.fill("#value-x", "y")
    assert page.get_attribute("#value-x", "aria-invalid") == "true"
    assert page.inner_text("#problem") == "x must be a number, such as -1.5 or 1/3"
    page.focus("#formula")
    assert page.inner_text("#problem") == ""
    assert page.inner_text("#sum") == "f = w*c + log(x) = 0.5"
    linked = open_page(neuron(), at="#sqrt(x);x=-4")
    assert linked.inner_text("#problem").startswith("sqrt(-4.0): outside the domain")
    assert linked.inner_text("#sum") == linked.inner_text("#rows") == ""
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.fill("#formula", "+".join(["x*w"] * 120))
    assert "The picture shows at most 200 nodes" in page.inner_text("#info")
    assert page.locator("#rows tr").count() == 2 + 120 + 119


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "alert(1)",
    "constructor.constructor('alert(1)')()",
    "x); fetch('//example.com'); (",
    "__proto__ + toString*valueOf",
    "${alert(1)}",
    "javascript:alert(1)",
]


def test_hostile_text_and_addresses_change_nothing(open_page: Opener) -> None:
    page = open_page(neuron(), at="#%E0%A4%A")
    page.on("dialog", lambda dialog: pytest.fail("something ran"))
    for at in ("#7", "#;;;=", "#7", "#"):
        assert page.input_value("#formula") == "tanh(w*x + b)"
        follow(page, at)
        if at == "#7":
            assert page.input_value("#formula") == "7"
            follow(page, "#;w=3")
    for text in HOSTILE:
        page.fill("#formula", text)
        follow(page, f"#{quote(text)};w={quote(text)}")
        assert page.input_value("#formula") == text
        assert page.locator("img, main script, b").count() == 0


def test_the_tangent_follows_a_point_that_is_dragged(
    open_page: Opener,
) -> None:
    page = open_page(autograd.play("x*x - 3*x", x=4.0).html())
    assert not page.is_visible("#picture")  # the curve says it all of one variable
    page.locator("#plot").scroll_into_view_if_needed()
    before = -math.inf
    for share in (0.2, 0.5, 0.7):
        box = page.locator("#plot .inside").bounding_box()
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 100)
        x = float(page.input_value("#value-x"))
        assert x > before
        slope = format_number(2 * x - 3)
        assert page.inner_text("#steep").endswith(f"the slope of the tangent is {slope}.")
        line = page.locator("#plot .tangent")
        y1, y2 = (float(line.get_attribute(name)) for name in ("y1", "y2"))
        assert (y1 > y2) == (2 * x > 3)  # up is less
        before = x
    page.fill("#nudger", "0")
    assert page.inner_text("#gap") == "No nudge: f stays where it is."
