"""Notebooks show, in Chromium, what their programs put on the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

import nn
from autograd import Stepper, Value
from tests.helpers.chromium import Opener

# What each program does with an output of the type text/html. JupyterLab and VS Code set the
# HTML and run its scripts again; VS Code's policy holds for the frames in it, too. Notebooks
# that are not trusted run none. In Colab and marimo each cell has a frame of its own.
RUN = """
for (const old of place.querySelectorAll("script")) {
  const fresh = document.createElement("script");
  fresh.textContent = old.textContent;
  old.replaceWith(fresh);
}"""
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src https: http: data:; connect-src https:; "
    "child-src https: data:;"
)
META = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
HOSTS = {
    "JupyterLab": ("", RUN),
    "VS Code": (META, RUN),
    "not trusted": ("", ""),
}
SETTLED = """async () => {
  const heights = () => [innerHeight, document.documentElement.scrollHeight];
  for (let k = 0; k < 300 && heights()[0] !== heights()[1]; k++) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return heights();
}"""


def loss() -> Value:
    model = nn.MLP(2, [3, 1], activation="tanh", init=nn.init.constant(0.25))
    y: Value = (model([Value(0.5, label="x"), Value(-1.0)]) - 1.0) ** 2
    y.label = "loss"
    y.backward()
    return y


def trained() -> nn.History:
    model = nn.Layer(2, 1)
    points, targets = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]], [-1.0, 1.0, 1.0]
    return nn.fit(
        model,
        points,
        targets,
        loss=nn.mse_loss,
        optimizer=nn.SGD(model.parameters(), lr=0.1),
        epochs=3,
        progress=False,
    )


FRAMED: dict[str, Any] = {
    "stepper": lambda: Stepper(loss())._repr_html_(),
    "history": lambda: trained()._repr_html_(),
    "play": lambda: nn.play(
        nn.MLP(2, [3, 1]), [[0, 0], [1, 1]], [-1, 1], loss=nn.hinge_loss
    )._repr_html_(),
}


def notebook(html: str, host: str) -> str:
    head, run = HOSTS[host]
    text = json.dumps(html).replace("<", "\\u003c")
    return (
        f"<!doctype html>{head}<title>notebook</title><div id=place></div>"
        f"<script>place.innerHTML = {text};{run}</script>"
    )


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", FRAMED)
def test_a_page_runs_in_its_frame_which_is_high_enough(
    name: str, host: str, open_page: Opener
) -> None:
    page = open_page(notebook(FRAMED[name](), host), viewport={"width": 900, "height": 700})
    frame = page.frames[1]
    frame.wait_for_selector("header h1")
    height, content = frame.evaluate(SETTLED)
    if HOSTS[host][1]:
        assert height == content
    else:  # it scrolls, and begins with the picture
        assert 700 <= height < 1500
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    button = "#one" if name == "play" else "#next"
    before = frame.inner_text("#now")
    frame.click("#first", force=True) if button == "#next" else None
    frame.click(button)
    assert frame.inner_text("#now") != before


@pytest.mark.parametrize("sandbox", ["sandbox=allow-scripts", ""], ids=["Colab", "marimo"])
def test_in_a_frame_of_its_own_a_cell_is_as_high_as_its_page(
    sandbox: str, open_page: Opener
) -> None:
    text = json.dumps(f"<!doctype html>{FRAMED['stepper']()}").replace("<", "\\u003c")
    page = open_page(
        f"<!doctype html><title>notebook</title><iframe id=cell {sandbox} width=900 height=300>"
        f"</iframe><script>cell.srcdoc = {text};</script>"
    )
    page.frame_locator("#cell").frame_locator("iframe").locator("header h1").wait_for()
    cell = page.frames[1]
    (frame,) = cell.child_frames
    height, content = frame.evaluate(SETTLED)
    assert height == content
    around, whole = cell.evaluate("[innerHeight, document.documentElement.scrollHeight]")
    assert whole >= height
    assert around == (300 if sandbox else whole)  # Colab's own script follows the content


@pytest.mark.parametrize("host", HOSTS)
def test_a_graph_is_drawn_without_scripts(host: str, open_page: Opener) -> None:
    html = loss().graph()._repr_mimebundle_()["text/html"]
    page = open_page(notebook(html, host), viewport={"width": 900, "height": 700})
    svg = page.locator("svg.autograd").bounding_box()
    assert svg["width"] <= 900
    assert page.locator("svg .name:text-is('loss')").is_visible()
    fill = "getComputedStyle(document.querySelector('.leaf rect')).fill"
    assert page.evaluate(fill) == "rgb(255, 244, 214)"


def test_a_module_and_a_report_are_text() -> None:
    model = nn.MLP(2, [3, 1])
    assert not hasattr(model, "_repr_html_")
    assert repr(model).startswith("MLP(")
