"""The page that trains in the browser: its numbers are those of Python, its controls work."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

import nn
from tests.browser.conftest import Opener, follow

LOSSES = """(count) => Array.from({ length: count }, () => {
    const loss = measured();
    descend(net, settings.rate);
    return loss;
})"""
WEIGHTS = "() => net.map(({ w, b }) => [...w, ...b])"


def cloud(count: int = 30) -> tuple[list[list[float]], list[int]]:
    """Points around two or three centres, and which."""
    source = random.Random(3)
    points, sides = [], []
    for k in range(count):
        centre = [(-1.0, 0.0), (1.0, 0.5), (0.0, -1.0)][k % 3]
        points.append([c + source.gauss(0.0, 0.4) for c in centre])
        sides.append(k % 3)
    return points, sides


def model_of(sizes: list[int], activation: str, **settings: Any) -> nn.MLP:
    random.seed(5)
    return nn.MLP(2, sizes, activation=activation, **settings)


def played(**settings: Any) -> str:
    points, sides = cloud()
    targets = [1.0 if side else -1.0 for side in sides]
    model = model_of([5, 4, 1], "tanh")
    return nn.play(model, points, targets, loss=nn.hinge_loss, lr=0.3, **settings).html()


@pytest.mark.parametrize(
    ("loss", "targets", "model"),
    [
        (nn.hinge_loss, lambda k: 1.0 if k else -1.0, model_of([5, 4, 1], "tanh")),
        (nn.hinge_loss, lambda k: 1.0 if k else -1.0, model_of([6, 1], "relu")),
        (nn.mse_loss, lambda k: 0.5 * k - 0.3, model_of([4, 1], "gelu")),
        (nn.mse_loss, lambda k: 1.5 * k, model_of([4, 1], "elu")),
        (
            nn.binary_cross_entropy_with_logits,
            lambda k: float(k > 0),
            model_of([4, 3, 1], "leaky_relu"),
        ),
        (
            nn.binary_cross_entropy,
            lambda k: float(k > 0),
            model_of([4, 1], "silu", output_activation="sigmoid"),
        ),
        (nn.cross_entropy, lambda k: k, model_of([5, 3], "softplus")),
        (nn.cross_entropy, lambda k: int(k > 0), model_of([5, 2], "tanh", bias=False)),
        (
            nn.hinge_loss,
            lambda k: 1.0 if k else -1.0,
            nn.Sequential(nn.Layer(2, 3), nn.Tanh(), nn.Layer(3, 1)),
        ),
    ],
)
def test_fifty_steps_are_those_of_python(
    loss: Any, targets: Callable[[int], Any], model: nn.Module, open_page: Opener
) -> None:
    points, sides = cloud()
    y = [targets(k) for k in sides]
    page = open_page(nn.play(model, points, y, loss=loss, lr=0.1).html())
    trained = copy.deepcopy(model)
    history = nn.fit(
        trained,
        points,
        y,
        loss=loss,
        optimizer=nn.SGD(trained.parameters(), lr=0.1),
        epochs=50,
        progress=False,
    )
    assert page.evaluate(LOSSES, 50) == pytest.approx(history["loss"], rel=1e-9, abs=1e-9)
    found = sorted(x for layer in page.evaluate(WEIGHTS) for x in layer if x != 0.0)
    expected = sorted(p.data for p in trained.parameters())
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_controls_train_and_the_address_says_how(open_page: Opener) -> None:
    page = open_page(played())
    before = page.inner_text("#now")
    assert before.startswith("Step 0: loss ")
    page.click("#one")
    assert page.inner_text("#now").startswith("Step 1: loss ")
    page.fill("#rate", "0.05")
    page.select_option("#activation", "relu")
    page.fill("#layers", "8")
    page.keyboard.press("Enter")
    assert page.locator("#wires circle").count() == 2 + 8 + 1
    assert page.inner_text("header p").startswith("A network of 2 → 8 → 1, ")
    page.click("#one")
    page.wait_for_url("**#rate=0.05;activation=relu;layers=8;steps=1")
    other = open_page(played(), at="#rate=0.05;activation=relu;layers=8;steps=1")
    assert other.inner_text("#now") == page.inner_text("#now")
    follow(other, "#rate=0.05;layers=8;steps=2")
    assert other.inner_text("#now").startswith("Step 2: ")
    page.click("#reset")
    assert page.inner_text("#now").startswith("Step 0: ")
    page.fill("#layers", "1000")
    page.keyboard.press("Enter")
    assert "up to six sizes" in page.inner_text("#problem")


def test_it_runs_by_frames_until_it_is_paused(open_page: Opener) -> None:
    page = open_page(played())
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#now").startswith("Step 1: ")
    page.keyboard.press(" ")
    page.wait_for_selector(".running #start:text('Pause')")
    page.locator("#now", has_text=re.compile(r"Step \d\d+:")).wait_for()
    page.keyboard.press(" ")
    assert page.inner_text("#start") == "Train"
    stopped = page.inner_text("#now")
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert page.inner_text("#now") == stopped
    assert page.get_attribute("#losses-chart .curve", "d").count("L") >= 10


@pytest.mark.parametrize(
    ("loss", "model"),
    [
        (nn.mse_loss, model_of([4, 1], "linear")),
        (nn.binary_cross_entropy, model_of([1], "linear")),  # of what is no probability
    ],
)
def test_a_loss_that_cannot_be_computed_stops_the_training_and_says_so(
    loss: Any, model: nn.MLP, open_page: Opener
) -> None:
    points, sides = cloud()
    for neuron in model.layers[-1].neurons:
        neuron.b.data = 0.5
        for w in neuron.w:
            w.data *= 0.1
    page = open_page(
        nn.play(model, points, [float(k > 0) for k in sides], loss=loss, lr=1e30).html(),
        at="#steps=100",
    )
    assert "reset, with a lower learning rate" in page.inner_text("#problem")


def test_the_chain_rule_of_each_number_is_that_of_python(open_page: Opener) -> None:
    points, sides = cloud()
    y = [1.0 if side else -1.0 for side in sides]
    model = model_of([5, 4, 1], "tanh")
    page = open_page(nn.play(model, points, y, loss=nn.hinge_loss).html())
    loss = nn.hinge_loss([model(x) for x in points], y)
    loss.backward()
    numbers: list[tuple[int, int, int | None]] = [(0, 2, 1), (1, 3, 4), (2, 0, None)]
    for layer, neuron, what in numbers:
        page.select_option("#layer", index=layer)
        page.select_option("#neuron", index=neuron)
        page.select_option("#input", index=4 if what is None else what)
        unit = model.layers[layer].neurons[neuron]
        number = unit.b if what is None else unit.w[what]
        first = page.inner_text("#info li >> nth=0")
        assert f"of 30 samples = {number.grad:.4g}" in first
        sums = page.evaluate(
            """([layer, neuron, what]) => targets.reduce((sum, _, s) => {
                const { nin, nout } = net[layer];
                const x = layer > 0 ? room[layer - 1].a : inputs;
                const local = what === null ? 1 : x[s * nin + what];
                return sum + room[layer].dz[s * nout + neuron] * local;
            }, 0)""",
            [layer, neuron, what],
        )
        assert sums == pytest.approx(number.grad, rel=1e-12)
    page.fill("#sample", "7")
    assert "sample 7 adds" in page.inner_text("#info li >> nth=1")
    page.fill("#sample", "99")
    page.keyboard.press("Enter")
    assert page.input_value("#sample") == "30"
    page.select_option("#layer", index=0)
    page.click("#info li:last-child button >> nth=2")
    assert (page.input_value("#layer"), page.input_value("#neuron")) == ("1", "2")


def test_a_click_on_the_network_or_a_point_asks_for_it(open_page: Opener) -> None:
    page = open_page(played())
    page.locator("#wires circle.neuron >> nth=3").click()
    assert page.input_value("#neuron") == "3"
    assert page.input_value("#input") == "neuron"
    line = page.locator("#wires line >> nth=6").bounding_box()
    page.mouse.click(line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    assert page.input_value("#input") in ("0", "1")
    page.locator(".plane .point >> nth=4").click()
    assert page.input_value("#sample") == "5"
    assert page.locator(".plane .point.chosen").count() == 1
    page.click("#rows tr:nth-child(7) button >> nth=3")  # of layer 2, after its bias
    chosen = [page.input_value(f"#{name}") for name in ("layer", "neuron", "input")]
    assert chosen == ["1", "1", "2"]


def test_without_javascript_there_is_a_picture_and_a_table(open_page: Opener) -> None:
    page = open_page(played(), java_script_enabled=False)
    assert page.inner_text("#now").startswith("Before training: loss ")
    assert page.locator("tbody tr").count() == 5 + 4 + 1
    assert page.locator(".plane .area").count() == 6
    assert page.locator("#network .node").count() == 2 + 5 + 4 + 1
    assert not page.is_visible("#start")


def test_a_regression_is_shaded_by_its_middle(open_page: Opener) -> None:
    points, sides = cloud()
    model = model_of([4, 1], "tanh")
    html = nn.play(model, points, [0.7 * k for k in sides], loss=nn.mse_loss).html()
    page = open_page(html, at="#steps=200")
    assert "right" not in page.inner_text("#now")
    assert page.get_attribute(".plane .boundary", "d")
    assert "output = 0.7" in page.inner_text(".legend >> nth=0")


def test_in_print_the_boundary_is_there(open_page: Opener) -> None:
    page = open_page(played())
    page.emulate_media(media="print")
    assert page.locator(".board").bounding_box()["height"] > 200
    assert page.is_visible(".board canvas")


def test_a_chosen_weight_keeps_its_colour(open_page: Opener) -> None:
    page = open_page(played())
    look = """() => lines.map((line) => {
      const { stroke, strokeWidth, strokeDasharray } = getComputedStyle(line);
      return [stroke, strokeWidth, strokeDasharray];
    })""".replace("lines", "[...document.querySelectorAll('#wires > line')]")
    looks = []
    for neuron, count in ((0, 2), (3, 2)):
        page.locator("#wires circle.neuron").nth(neuron).click()
        looks.append(page.evaluate(look))
        assert page.locator("#wires .halos line").count() == count
    assert looks[0] == looks[1]


def test_classes_are_told_apart_without_colour(open_page: Opener) -> None:
    page = open_page(played())
    changes = """(first) => {
      const out = Array.from({ length: xs.length * ys.length }, () => [first, 0]);
      shade(out);
      const shown = document.querySelector(".board canvas");
      const { width, height } = shown;
      const context = element("canvas", { width, height }).getContext("2d");
      context.drawImage(shown, 0, 0);
      const alphas = context.getImageData(40, 40, width - 80, height - 80).data
        .filter((_, i) => i % 4 === 3);
      return new Set(alphas).size;
    }"""
    assert page.evaluate(changes, 0) == 1
    assert page.evaluate(changes, 1) > 1
