"""The picture of the steps page: zoomed, whole, in place, and in a frame of a notebook."""

from __future__ import annotations

from typing import Any

import pytest

import nn
from autograd import Stepper, Value, play
from autograd.show.pages.page import Page
from tests.helpers.chromium import Opener, follow, stop_clock
from tests.helpers.pages import long, powers

WIDTH = "document.querySelector('#picture svg').getBoundingClientRect().width"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}}


def lesson() -> Value:
    x, w = Value(-2.0, label="x"), Value(0.5, label="w")
    y = (w * x + w).tanh()
    y.label = "y"
    return y


def test_zoom_by_keys_wheel_and_fingers(open_page: Opener) -> None:
    page = open_page(lesson().steps().html(), has_touch=True)
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
    page.keyboard.press("0")
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


def test_a_large_graph_can_be_seen_whole(open_page: Opener) -> None:
    page = open_page(Stepper(long(40)).html())
    assert page.is_visible("#whole")
    wide = "(picture => picture.scrollHeight > picture.clientHeight)(document.all.picture)"
    assert page.evaluate(wide)
    page.keyboard.press("End")
    page.click("#whole")
    assert not page.evaluate(wide)
    assert page.get_attribute("#whole", "aria-pressed") == "true"
    model = nn.MLP(2, [8, 8, 1], activation="tanh")
    for small in (lesson().steps(), model.graph([0.5, -1.0])):
        assert open_page(small.html()).is_hidden("#whole")


def test_a_graph_wider_than_a_phone_is_whole_on_request(
    open_page: Opener,
) -> None:
    model = nn.MLP(2, [4, 1], activation="tanh")
    loss = nn.mse_loss([model([0.5, -1.0])], [1.0])
    formula = play("(a*x + b - t)**2 + tanh(a*x)*exp(-x)", a=2.0, x=0.5, b=1.0, t=3.0)
    scale = "picture.querySelector('.node .data').getScreenCTM().a"
    for html in (loss.graph().html(), loss.steps().html(), formula.html()):
        page = open_page(html, viewport={"width": 390, "height": 844})
        assert page.evaluate(scale) >= 1.0  # the least text has 11 px
        page.click("#whole")
        assert not page.evaluate("picture.scrollWidth > picture.clientWidth")
        assert page.get_attribute("#whole", "aria-pressed") == "true"
        page.click("#whole")
        assert page.evaluate(scale) >= 1.0


@pytest.mark.parametrize("root", [lambda: long(40), lambda: powers(12)], ids=["long", "shared"])
def test_the_picture_follows_the_steps(root: Any, open_page: Opener) -> None:
    page = open_page(Stepper(root()).html(), reduced_motion="no-preference", **PHONE)
    unseen = page.evaluate(
        """() => {
          const [next, unseen] = [document.getElementById('next'), []];
          const frame = document.getElementById('picture').getBoundingClientRect();
          const seen = (element) => {
            const at = element.getBoundingClientRect();
            return at.left >= frame.left && at.right <= frame.right;
          };
          const partly = (element) => {
            const at = element.getBoundingClientRect(); // it may go from row to row
            return at.left <= frame.right && at.right >= frame.left;
          };
          while (!next.disabled) {
            next.click();
            const arrow = document.querySelector('.edge.along');
            const ends = [...document.querySelectorAll('#picture .to')]; // or its name
            const forward = document.getElementById('sum').textContent[0] !== '∂';
            if (!ends.some(seen) || !(forward || arrow === null || partly(arrow))) {
              unseen.push(document.getElementById('counter').textContent);
            }
          }
          return unseen;
        }"""
    )
    assert unseen == []


def test_it_opens_where_the_first_step_will_be(open_page: Opener) -> None:
    model = nn.MLP(2, [4, 1], activation="tanh")
    loss = nn.mse_loss(
        [model(x) for x in ([0.0, 0.5], [1.0, -0.3], [0.2, 0.9])], [1.0, -1.0, 0.5]
    )
    page = open_page(Stepper(loss, collapse=None).html(), **PHONE)
    place = """() => {
      const frame = document.getElementById('picture').getBoundingClientRect();
      const at = document.getElementById('graph-n0').getBoundingClientRect();
      const seen = frame.top <= at.top && at.bottom <= frame.bottom;
      return [seen, document.getElementById('picture').scrollTop];
    }"""
    before = page.evaluate(place)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(place) == before
    assert before[0]


def test_the_picture_stays_where_it_is(open_page: Opener) -> None:
    page = open_page(Stepper(powers()).html(), viewport={"width": 700, "height": 800})
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.click("#first", force=True)
        page.keyboard.press("ArrowRight")
        tops = page.evaluate(
            """async () => {
              const frame = () => new Promise(requestAnimationFrame);
              await frame();  // the page hears of a new width with the next frame
              await frame();
              const [next, tops] = [document.getElementById('next'), []];
              while (!next.disabled) {
                next.click();
                tops.push(document.getElementById('picture').getBoundingClientRect().top);
              }
              return [...new Set(tops)];
            }"""
        )
        assert len(tops) == 1


def test_a_flying_number_covers_no_text(open_page: Opener) -> None:
    page = open_page(Stepper(powers()).html(), reduced_motion="no-preference")
    stop_clock(page)
    flown = 0
    for position in range(9, 22):
        follow(page, f"#{position}")
        for _ in range(14):
            page.clock.run_for(50)
            covered = page.evaluate(
                """() => {
                  const own = picture.querySelector(".carried");
                  if (own === null || own.getAttribute("visibility") === "hidden") return null;
                  const at = rectOf(own);
                  const texts = [...picture.querySelectorAll("text:not(.carried)")];
                  return texts.filter((text) => text.textContent !== "")
                    .filter((text) => overlap(rectOf(text), at)).map((x) => x.textContent);
                }"""
            )
            flown += covered is not None
            assert not covered
    assert flown > 13


@pytest.mark.parametrize("width", [390, 900])
def test_a_frame_in_a_notebook_is_as_high_as_its_page(width: int, open_page: Opener) -> None:
    pages = [y.graph().html() for y in (Value(4.0, label="leaf"), long(40))]
    frames = [Page(html)._repr_html_() for html in pages]
    both = f"<!doctype html><title>notebook</title>{''.join(frames)}"
    page = open_page(both, viewport={"width": width, "height": 700})
    heights = []
    for k, frame in enumerate(page.frames[1:]):
        page.locator("iframe").nth(k).scroll_into_view_if_needed()
        settled = """async () => {
          const heights = () => [innerHeight, document.documentElement.scrollHeight];
          for (let k = 0; k < 500 && heights()[0] !== heights()[1]; k++) {
            await new Promise((done) => setTimeout(done, 20));
          }
          return heights();
        }"""
        height, content = frame.evaluate(settled)
        assert height == content
        heights.append(height)
        assert frame.evaluate("picture.clientHeight <= 0.56 * 760")
    assert heights[0] + 200 < heights[1]
