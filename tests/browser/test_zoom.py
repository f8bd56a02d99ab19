"""The steps page: zoom, the arrow that turns round, the second level of guessing."""

from __future__ import annotations

from typing import Any

import pytest

import nn
from autograd import Value
from tests.helpers.chromium import Opener, stop_clock

WIDTH = "document.querySelector('#picture svg').getBoundingClientRect().width"


def lesson() -> Value:
    x, w = Value(-2.0, label="x"), Value(0.5, label="w")
    y = (w * x + w).tanh()
    y.label = "y"
    return y


def test_zoom_by_keys_wheel_and_back(open_page: Opener) -> None:
    page = open_page(lesson().steps().html())
    start = page.evaluate(WIDTH)
    page.keyboard.press("+")
    assert page.evaluate(WIDTH) == pytest.approx(1.25 * start, rel=1e-3)
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert page.evaluate(WIDTH) == pytest.approx(0.8 * start, rel=1e-3)
    page.keyboard.press("0")
    assert page.evaluate(WIDTH) == pytest.approx(start, rel=1e-3)
    page.focus("#picture")
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"{WIDTH} > {1.2 * start}")


def test_two_fingers_zoom(open_page: Opener) -> None:
    page = open_page(lesson().steps().html(), has_touch=True)
    start = page.evaluate(WIDTH)
    box = page.locator("#picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 20  # beside the boxes
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *apart: float) -> None:
        points = [{"x": x + d, "y": y, "id": i} for i, d in enumerate(apart)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -40)
    touch("touchStart", -40, 40)
    for apart in (50, 60, 70, 80):
        touch("touchMove", -apart, apart)
    touch("touchEnd")
    assert page.evaluate(WIDTH) == pytest.approx(2 * start, rel=0.05)


def test_the_arrow_turns_round_on_the_way_back(open_page: Opener) -> None:
    page = open_page(lesson().steps().html(), at="#4")
    assert page.locator(".turned, .carried").count() == 0
    assert page.inner_text(".passes") == "forward\nbackward"
    page.keyboard.press("End")
    assert page.locator(".along .turned").count() == 1
    assert page.locator(".carried").count() == 0  # with reduced motion
    page.keyboard.press("Home")
    assert page.locator(".turned").count() == 0
    moving = open_page(lesson().steps().html(), at="#8", reduced_motion="no-preference")
    stop_clock(moving)
    moving.keyboard.press("ArrowRight")
    moving.clock.run_for(600)
    assert moving.locator(".carried").count() == 1
    moving.clock.run_for(200)
    assert moving.locator(".carried").count() == 0


def test_guessing_the_local_derivative_first(open_page: Opener) -> None:
    page = open_page(lesson().steps().html(), at="#6")
    page.check("#guessing")
    page.select_option("#level", "local")
    assert page.inner_text("#question") == "∂y/∂v4 is"
    assert page.inner_text("#sum").endswith("= 1.0 × ? → ?")
    assert page.locator(".asked .local").is_hidden()
    page.fill("#answer", "0.786")
    page.keyboard.press("Enter")
    assert page.inner_text("#verdict") == "Right: 1.0 - y² = 0.7864."
    assert page.inner_text("#question") == "∂y/∂v4 will be"
    page.fill("#answer", "0.786")
    page.keyboard.press("Enter")
    assert page.inner_text("#counter").startswith("7 /")


def test_steps_of_a_network_as_one(open_page: Opener) -> None:
    model = nn.MLP(2, [3, 1], activation="tanh", init=nn.init.constant(0.25))
    loss = nn.mse_loss([model([1.0, 2.0])], [1.0])
    page: Any = open_page(loss.steps(collapse="neuron").html())
    assert page.locator(".node").count() == 2 + 3 + 1 + 2
    page.keyboard.press("End")
    loss.backward()
    grads = page.locator(".group .grad").all_inner_texts()
    out = loss.graph(collapse=None).root
    assert len(grads) == 4
    assert out.grad == 1.0
