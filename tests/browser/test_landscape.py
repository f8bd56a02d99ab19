"""The loss landscape of two leaves: its heights and its path are those of Python."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

import autograd
from autograd import Value
from tests.helpers.chromium import Opener

LEAVES = ("w", "b", "c")
POINTS = [(0.5, 1.0), (1.0, 0.2), (-1.0, -0.6)]


def loss_of(w: float, b: float, c: float = 2.0) -> tuple[Value, list[Value]]:
    leaves = [Value(x, label=name) for x, name in zip((w, b, c), LEAVES)]
    total: Any = leaves[2].log()  # refused where c is not positive
    for x, y in POINTS:
        total = total + ((leaves[0] * x + leaves[1]).tanh() - y) ** 2
    total.label = "loss"
    total.backward()
    return total, leaves


def choose(page: Any, *names: str) -> None:
    for id, name in zip(("#east", "#north"), names):
        page.select_option(id, label=name)


def test_heights_are_those_of_python(open_page: Opener) -> None:
    page = open_page(loss_of(-1.0, 1.5)[0].graph().html())
    page.click("#landscape summary")
    choose(page, "w", "b")
    found = page.evaluate("heights(pair())")
    [[west, east], [south, north]] = page.evaluate("range")
    assert west <= -1.0 <= east
    assert south <= 1.5 <= north
    side = math.isqrt(len(found))
    for i in (0, side - 1, side * side // 2, len(found) - 1):
        w = west + (i % side + 0.5) / side * (east - west)
        b = south + (i // side + 0.5) / side * (north - south)
        assert found[i] == pytest.approx(loss_of(w, b)[0].data, rel=1e-12)
    pixels = page.evaluate("""() => {
        const { width, height } = document.querySelector(".terrain canvas");
        const pen = document.querySelector(".terrain canvas").getContext("2d");
        return [...pen.getImageData(0, 0, width, height).data].filter((_, i) => i % 4 === 3);
    }""")
    pixels = [x for k in range(side) for x in pixels[side * (side - 1 - k) :][:side]]
    assert pixels[found.index(max(found))] == max(pixels) > 200
    assert pixels[found.index(min(found))] == min(pixels) < 40


def test_the_path_is_that_of_gradient_descent(open_page: Opener) -> None:
    page = open_page(loss_of(-1.0, 1.5)[0].graph().html())
    page.click("#landscape summary")
    choose(page, "w", "b")
    page.fill("#rate", "0.2")
    path, w, b, c = [[-1.0, 1.5, 2.0]], -1.0, 1.5, 2.0
    for _ in range(4):
        page.click("#step")
        w, b, c = [leaf.data - 0.2 * leaf.grad for leaf in loss_of(w, b, c)[1]]
        path.append([w, b, c])
    named = "trail.map((at) => at.map((x, k) => [leaves[k].name, x]))"
    trail = [[dict(at)[name] for name in LEAVES] for at in page.evaluate(named)]
    assert trail == [pytest.approx(point, rel=1e-12) for point in path]
    tops = [float(y) for y in re.findall(r",(\S+?)h0", page.get_attribute("#stops", "d"))]
    assert len(tops) == 6
    assert (tops[0] < tops[-1]) == (b < 1.5)
    page.click("#reset")
    assert page.get_attribute("#stops", "d").count("M") == 1


def test_a_click_moves_there_and_what_is_refused_is_blank(open_page: Opener) -> None:
    page = open_page(loss_of(-1.0, 1.5, 0.5)[0].graph().html())
    page.click("#landscape summary")
    choose(page, "w", "c")
    found = page.evaluate("heights(pair())")
    assert sum(x is None or x != x for x in found) > 33
    assert "all else as it is: from " in page.inner_text("#told")
    page.locator(".terrain").scroll_into_view_if_needed()
    at = page.locator(".terrain canvas").bounding_box()
    page.mouse.click(at["x"] + 0.25 * at["width"], at["y"] + 0.25 * at["height"])
    [[west, east], [south, north]] = page.evaluate("range")
    moved = dict(page.evaluate("leaves.map(({ name, data }) => [name, data])"))
    assert moved["w"] == pytest.approx(west + 0.25 * (east - west), abs=0.01 * (east - west))
    assert moved["c"] == pytest.approx(
        south + 0.75 * (north - south), abs=0.02 * (north - south)
    )
    assert moved["b"] == 1.5


def test_one_leaf_has_no_landscape(open_page: Opener) -> None:
    page = open_page((Value(1.0, label="x") ** 2).graph().html())
    assert not page.is_visible("#landscape")


def test_a_played_function_shows_its_landscape_and_minimum(
    open_page: Opener,
) -> None:
    page = open_page(
        autograd.play(lambda u, v: (u - 3) ** 2 + 4 * (v + 1) ** 2, u=0.0, v=1.0).html()
    )
    page.locator("#told", has_text="The cross").wait_for()
    lowest = re.search(
        r"lowest place: (\S+) at u = (\S+), v = (\S+)\.", page.inner_text("#told")
    )
    assert lowest is not None
    assert [*map(float, lowest.groups())] == pytest.approx([0.0, 3.0, -1.0], abs=1e-4)
    assert page.get_attribute("#contours", "d").count("M") > 100
