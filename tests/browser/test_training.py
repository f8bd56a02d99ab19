"""The training page in Chromium."""

from __future__ import annotations

import functools
import random

import nn
from tests.chromium import Opener, stop_clock
from tests.nn.test_boundary import boundary_of


@functools.cache
def trained() -> nn.History:
    """A line learned between two clouds of points."""
    random.seed(0)
    points = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(20)]
    sides = [1.0 if x + y > 0 else -1.0 for x, y in points]
    model = nn.Layer(2, 1)
    return nn.fit(
        model,
        points,
        sides,
        loss=nn.mse_loss,
        optimizer=nn.SGD(model.parameters(), lr=0.1),
        epochs=12,
        validation=(points[:5], sides[:5]),
        metrics={"size <b>": lambda outputs, targets: len(outputs)},
        progress=False,
    )


def test_playing_the_epochs(open_page: Opener) -> None:
    history = trained()
    page = open_page(history.html())
    stop_clock(page)
    assert page.inner_text("#counter") == "0 / 12"
    frames = {page.get_attribute(".boundary", "d")}
    page.keyboard.press("End")
    assert "Epoch 12 of 12" in page.inner_text("#now")
    page.keyboard.press("Home")
    assert page.inner_text("#now") == "Before training"
    frames.add(page.get_attribute(".boundary", "d"))
    page.click("#play")
    for epoch in range(1, 13):
        page.clock.run_for(615)
        assert page.inner_text("#counter") == f"{epoch} / 12"
        loss = f"{history['loss'][epoch - 1]:.4g}"
        assert f"Epoch {epoch} of 12: loss {loss}," in page.inner_text("#now")
        assert page.inner_text(".legend b >> nth=0") == loss
        frames.add(page.get_attribute(".boundary", "d"))
    assert len(frames) == 13


def test_a_link_opens_at_its_epoch_in_every_chart(open_page: Opener) -> None:
    page = open_page(trained().html(), at="#7")
    assert page.inner_text("#counter") == "7 / 12"
    assert page.get_attribute("tr[aria-current]", "id") == "row-7"
    places = page.eval_on_selector_all(
        ".chart:first-of-type .cursor, .chart:first-of-type .dot",
        "all => all.map(e => e.getAttribute('transform').split(/[( ]/)[1])",
    )
    assert len(set(places)) == 1
    assert page.inner_text("figure:has-text('Norms of the weights') .legend")
    assert page.get_attribute("figure:has-text('Norms of the gradient') .curve", "d")


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


def test_without_javascript(open_page: Opener) -> None:
    page = open_page(trained().html(), java_script_enabled=False)
    assert "Epoch 12 of 12" in page.inner_text("body")
    assert page.locator("tbody tr").count() == 13
    assert page.get_attribute(".boundary", "d")


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
