"""The card of an operation: its curve, the tangent at the point, and a nudge along both."""

import itertools
import math
from typing import Any

import pytest

from autograd import Stepper, Value
from autograd.show.snapshot import Node
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.pages import edges, formula, readme


def moved(node: Node, slot: int, h: float) -> float:
    """Return the operation's result, by Python, where this input is moved."""
    assert node.op is not None
    at = [k for k, x in enumerate(node.operands) if isinstance(x, Node)][slot]
    xs = [x.data if isinstance(x, Node) else x for x in node.operands]
    xs[at] += h
    try:
        return float(node.op.evaluate(xs, xs))
    except (ValueError, ArithmeticError):
        return math.nan


def neuron() -> Value:
    x, w = Value(0.5, label="x"), Value(2.0, label="w")
    y = (x * w).tanh()
    y.label = "y"
    return y


def test_pointing_shows_curve_tangent_and_gap(open_page: Opener) -> None:
    page = open_page(Stepper(neuron()).html(), at="#4")
    assert page.is_hidden("#card")
    page.hover("#graph-n3 .name")
    assert page.inner_text("#card strong") == "y = tanh(v3)"
    slope = 1 - math.tanh(1.0) ** 2
    said = format_number(slope)
    assert page.inner_text("#card p >> nth=0") == f"At v3 = 1.0 the slope is ∂y/∂v3 = {said}"
    page.hover("#card")  # from the box to its card
    page.focus("[aria-label=Nudge]")
    for key, h in [("End", 2.0), ("Home", -2.0), ("ArrowRight", -1.98)]:
        page.keyboard.press(key)
        real, told = math.tanh(1.0 + h) - math.tanh(1.0), slope * h
        numbers = [format_number(x) for x in (h, real, told, real - told)]
        assert page.inner_text("#card p >> nth=1") == (
            "v3 moves by {}: y moves by {}, the tangent says {}, and the gap is {}.".format(
                *numbers
            )
        )
    # What is drawn: the tangent touches the curve at the point, with the slope on its scale.
    drawn: Any = page.evaluate(
        """() => {
          const numbers = (kind, names) => names.map((name) =>
            Number(curveCard.querySelector("." + kind).getAttribute(name)));
          const path = curveCard.querySelector(".curve");
          return {
            tangent: numbers("tangent", ["x1", "y1", "x2", "y2"]),
            point: numbers("point", ["cx", "cy"]),
            gap: numbers("gap", ["x1", "y1", "x2", "y2"]),
            ends: [path.getPointAtLength(0), path.getPointAtLength(path.getTotalLength())]
              .map(({ x, y }) => [x, y]),
          };
        }"""
    )
    (x1, y1, x2, y2), (cx, cy), ends = drawn["tangent"], drawn["point"], drawn["ends"]
    assert (x1 + x2) / 2 == pytest.approx(cx, abs=0.1)
    assert (y1 + y2) / 2 == pytest.approx(cy, abs=0.1)
    across = (ends[1][0] - ends[0][0]) / 4  # px for 1
    up = (ends[0][1] - ends[1][1]) / (math.tanh(3.0) - math.tanh(-1.0))
    assert (y1 - y2) / up / ((x2 - x1) / across) == pytest.approx(slope, rel=0.01)
    real, told = math.tanh(-0.98) - math.tanh(1.0), slope * -1.98
    assert (drawn["gap"][3] - drawn["gap"][1]) / up == pytest.approx(real - told, rel=0.01)


def test_every_curve_is_that_of_python(open_page: Opener) -> None:
    graph = Stepper(formula(0.5, -0.75)).graph
    page = open_page(Stepper(formula(0.5, -0.75)).html(), at="#99")
    checked = 0
    for node in graph:
        for slot in range(len(node.inputs)):
            steps = [-1.5, -0.25, 0.0, 1e-3, 0.7, 3.0]
            seen = page.evaluate(
                """([index, slot, steps]) => steps.map((h) => {
                  const { real, said, gap } = nudgeAlong({ node: nodes[index], slot }, h);
                  return [real, said, gap].map(String);
                })""",
                [node.index, slot, steps],
            )
            for h, texts in zip(steps, seen):
                real, said = moved(node, slot, h) - node.data, node.partials[slot] * h
                told = [float(text) for text in texts]
                assert told[:2] == pytest.approx([real, said], rel=1e-9, nan_ok=True)
                assert told[2] == pytest.approx(real - said, rel=1e-9, abs=1e-9, nan_ok=True)
                checked += 1
    assert checked > 80


def test_it_shows_nothing_that_is_not_yet_played_or_asked_for(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html(), at="#4")
    page.hover("#graph-n4 .name")
    assert page.is_hidden("#card")
    page.hover("#graph-n2 .name")
    assert page.is_visible("#card")
    page.hover("#graph-n0 .name")  # a leaf has no function
    assert page.is_hidden("#card")
    page.hover("#graph-n2 .name")
    page.keyboard.press("Home")
    assert page.is_hidden("#card")
    follow(page, "#10")
    page.check("#guessing")
    page.hover("#graph-n2 .name")
    assert page.is_hidden("#card")


def test_a_click_keeps_it_and_it_follows_the_numbers(open_page: Opener) -> None:
    page = open_page(readme().graph().html())
    page.click("#graph-n2 .name")
    page.select_option("[aria-label='Curve over']", label="over b")
    page.hover("#graph-n4 .name")
    assert page.inner_text("#card strong") == "e = a * b"
    assert page.inner_text("#card p >> nth=0") == "At b = -3.0 the slope is ∂e/∂b = 2.0"
    page.fill("[aria-label='value of a']", "0.5")
    assert page.inner_text("#card p >> nth=0") == "At b = -3.0 the slope is ∂e/∂b = 0.5"
    page.hover("#graph-e4-0-l text")
    assert "e = a * b" in page.inner_text("#card")
    page.keyboard.press("Escape")
    assert page.is_hidden("#card")
    page.hover("#graph-e6-1-l text")  # the arrow of an input
    assert page.inner_text("#card p >> nth=0").startswith("At f = -2.0")
    page.mouse.move(2, 2)
    assert page.is_hidden("#card")


def test_where_the_operation_is_not_defined(open_page: Opener) -> None:
    page = open_page(Value(0.5, label="x").log().graph().html())
    page.click("#graph-n1 .name")
    page.focus("[aria-label=Nudge]")
    page.keyboard.press("Home")
    assert page.inner_text("#card p >> nth=1") == "v2 is not defined where x moves by -2.0."
    assert page.locator("#card .gap").count() == 0
    infinite = Value(0.0, label="x").sqrt()
    page = open_page(infinite.graph().html())
    page.click("#graph-n1 .name")
    assert page.inner_text("#card p >> nth=0") == "At x = 0.0 the slope is ∂v2/∂x = inf"
    assert page.locator("#card .tangent, #card .gap").count() == 0


def test_numbers_that_are_not_finite(open_page: Opener) -> None:
    y = edges()
    y = y * Value(math.nan) + Value(math.inf)
    page = open_page(Stepper(y).html(), at="#99")
    for node in [node for node in y.graph() if node.op is not None]:
        page.hover(f"#graph-n{node.index} .name")
        assert page.inner_text("#card strong").startswith(f"{node.short} = ")


def test_the_card_is_in_the_window_and_beside_its_box(open_page: Opener) -> None:
    page = open_page(Stepper(readme()).html(), viewport={"width": 390, "height": 844})
    page.keyboard.press("End")
    for width, index in itertools.product((390, 1280), (2, 4, 6)):
        page.set_viewport_size({"width": width, "height": 844})
        page.hover(f"#graph-n{index} .name")
        at = page.evaluate(
            """(id) => {
              const [mine, box] = [rectOf(curveCard), rectOf(byId(id))];
              return [mine.left, mine.top, innerWidth - mine.right, innerHeight - mine.bottom,
                Number(overlap(mine, box))];
            }""",
            f"graph-n{index}",
        )
        assert min(at[:4]) >= 0
        assert at[4] == 0
