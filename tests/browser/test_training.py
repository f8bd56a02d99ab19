"""The training page in Chromium."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from tests.helpers.boundaries import boundary_of
from tests.helpers.chromium import Opener, stop_clock
from tests.helpers.pages import learned


@pytest.fixture(scope="module")
def page(chromium: Any) -> Iterator[Any]:
    """One page whose functions are called."""
    page = chromium.new_page()
    page.set_content(learned().html())
    yield page
    page.close()


def test_a_page_is_played_from_a_link(open_page: Opener) -> None:
    history = learned()
    page = open_page(history.html(), at="#7")
    assert page.inner_text("#counter") == "7 / 12"
    assert page.get_attribute("tr[aria-current]", "id") == "row-7"
    places = page.eval_on_selector_all(
        ".chart:first-of-type .cursor, .chart:first-of-type .dot",
        "all => all.map(e => e.getAttribute('transform').split(/[( ]/)[1])",
    )
    assert len(set(places)) == 1
    stop_clock(page)
    page.keyboard.press("End")
    assert "Epoch 12 of 12" in page.inner_text("#now")
    page.keyboard.press("Home")
    assert page.inner_text("#now") == "Before training"
    frames = {page.get_attribute(".boundary", "d")}
    page.click("#play")
    for epoch in range(1, 13):
        page.clock.run_for(615)
        assert page.inner_text("#counter") == f"{epoch} / 12"
        loss = f"{history['loss'][epoch - 1]:.4g}"
        assert f"Epoch {epoch} of 12: loss {loss}," in page.inner_text("#now")
        assert page.inner_text(".legend b >> nth=0") == loss
        frames.add(page.get_attribute(".boundary", "d"))
    assert len(frames) == 13
    still = open_page(history.html(), java_script_enabled=False)
    assert "Epoch 12 of 12" in still.inner_text("body")
    assert still.locator("tbody tr").count() == 13


def test_the_plane_is_shaded_by_class_and_confidence(open_page: Opener) -> None:
    history = nn.History.from_dict({"loss": [1.0]})
    history.boundary = boundary_of(lambda x, p: x[0])
    page = open_page(history.html())
    row = page.evaluate("""() => {
        const canvas = document.querySelector(".board canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 100, canvas.width, 1);
        return [...data];
    }""")
    left, middle, right = row[:4], row[len(row) // 8 * 4 :][:4], row[-4:]
    assert left[0] > left[2]  # orange
    assert right[0] < right[2]  # blue
    assert middle[3] < left[3] / 4
    frame = page.locator(".board .ground").bounding_box()
    canvas = page.locator(".board canvas").bounding_box()
    assert all(abs(canvas[key] - frame[key]) < 2 for key in frame)


SURE: list[tuple[float, Callable[[float], float]]] = [
    (1.0, lambda x: max(0.0, min(1.0, x))),
    (0.5, lambda x: max(0.0, min(1.0, 2.0 * x))),
    (0.0, lambda x: max(0.0, math.tanh(0.5 * x))),  # of logits
]


def test_shades_are_stronger_where_the_model_is_surer(page: Any) -> None:
    fields = [[-0.3, 0.3], [0.2, -0.7], [-2.0, 3.0, 0.1], [0.0, 0.0], [-9.0, 9.0]]
    for scale, sure in SURE:
        for field in fields:
            k, strength = page.evaluate("([xs, scale]) => answered(xs, scale)", [field, scale])
            assert k == field.index(max(field))
            assert strength == pytest.approx(sure(max(field)), abs=1e-12)
    assert page.evaluate("answered([NaN, NaN], 1)[1]") == 0


@given(slopes=st.tuples(*[st.floats(-2.0, 2.0)] * 3))
@settings(max_examples=20)
def test_the_boundary_is_where_the_field_is_0(
    slopes: tuple[float, float, float], page: Any
) -> None:
    a, b, c = slopes
    field = [a * x + b * y + c for y in range(-2, 3) for x in range(-3, 4)]
    sides = ("x", "y", "width", "height")
    ground = {key: float(page.get_attribute(".ground", key)) for key in sides}
    path = page.evaluate("field => contour(document.querySelector('.ground'), field, 7)", field)
    assert bool(path) == (min(field) <= 0.0 < max(field))
    for point in re.findall(r"[-\d.]+ [-\d.]+", path):
        left, top = map(float, point.split())
        x = -3.0 + 6.0 * (left - ground["x"]) / ground["width"]
        y = 2.0 - 4.0 * (top - ground["y"]) / ground["height"]
        assert abs(a * x + b * y + c) < 0.01


def test_a_curve_goes_from_corner_to_corner_and_breaks(
    open_page: Opener,
) -> None:
    page = open_page(nn.History.from_dict({"loss": [2.0, 0.0]}).html())
    assert page.get_attribute(".curve", "d") == "M260.0 12.0L462.0 212.0"
    numbers = [2.0, math.nan, 1.0, 0.0, math.inf]
    page = open_page(nn.History.from_dict({"loss": numbers}).html())
    path = page.get_attribute(".curve", "d") or ""
    assert path.count("M") == 2
    assert path.endswith("212.0")
    assert "h0" in path  # a single epoch is a dot
    page.keyboard.press("End")
    assert page.get_attribute(".dot", "transform") == "translate(-99.0 0.0)"
    assert page.inner_text(".legend b") == "inf"
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".legend b") == "0.0"


SCALES: list[tuple[list[float | str], float, float]] = [
    ([3.0, 1.0], 0.0, 3.0),
    ([3.0, 2.9], 2.9, 3.0),
    ([1000.0, 0.0], 0.0, 1000.0),
    ([-1.0, 2.0, "nan", "inf"], -1.0, 2.0),
    ([2.0, 2.0], 1.0, 3.0),
    ([0.0, 0.0], -0.5, 0.5),
    (["nan"], 0.0, 1.0),
    ([5e-324, 0.0], -0.5, 0.5),
]


def test_the_scale(page: Any) -> None:
    for numbers, low, high in SCALES:
        scale = page.evaluate("numbers => scaleOf(numbers.map(Number), 0, 1)", numbers)
        assert (scale["low"], scale["high"]) == pytest.approx((low, high)), numbers
    powers = page.evaluate("numbersOn({ low: 0.002, high: 300, logarithmic: true })")
    assert powers == pytest.approx([0.01, 0.1, 1.0, 10.0, 100.0])


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
@settings(max_examples=20)
def test_ticks_are_round_and_lie_on_the_axis(low: float, span: float, page: Any) -> None:
    ticks = page.evaluate("range => ticksOf(range)", [low, low + span])
    assert 2 <= len(ticks) <= 7
    assert all(low - 1e-6 * span <= tick <= low + 1.000001 * span for tick in ticks)


def test_ticks_that_lie_close_together_differ(open_page: Opener) -> None:
    page = open_page(nn.History.from_dict({"loss": [1.0040, 1.0038, 1.0036]}).html())
    ticks = page.locator(".chart text.y").all_text_contents()
    assert len(set(ticks)) == len(ticks) > 1


def test_curves_alone_fit_a_phone(open_page: Opener) -> None:
    history = nn.History.from_dict({"loss": [3.0, 2.0, float("nan"), 1.0]})
    page = open_page(history.html(), viewport={"width": 390, "height": 844})
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#now") == "Epoch 3 of 4: loss nan"
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_no_number_of_an_axis_is_cut_off(open_page: Opener) -> None:
    history = nn.History.from_dict({"loss": [1e9, 2e9], "accuracy": [0.5, 1.0], "size": [1, 2]})
    cut = """texts => texts.filter(
        t => t.getBBox().x < t.ownerSVGElement.viewBox.baseVal.x).map(t => t.textContent)"""
    assert open_page(history.html()).eval_on_selector_all(".chart text", cut) == []
