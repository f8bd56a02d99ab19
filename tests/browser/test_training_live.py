"""The page that trains in the browser: its controls, and what is seen of a network."""

from __future__ import annotations

import re
from typing import Any

import pytest

import nn
from autograd.show.drawing.svg import thickness
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.pages import POINTS, SIDES, SIGNS, STEPS, model_of, played


def enter(page: Any, **texts: str) -> None:
    for name, text in texts.items():
        page.fill(f"#{name}", text)
        page.keyboard.press("Enter")


def test_it_is_trained_reset_set_up_and_linked(open_page: Opener) -> None:
    page = open_page(played(), viewport={"width": 1440, "height": 900})
    controls = page.locator(
        ".controls :is(button, select, input), .settings :is(button, select)"
    )
    assert controls.count() > 10
    for control in controls.all():
        box = control.bounding_box()
        assert box is None or box["y"] + box["height"] <= 900
    assert page.inner_text("#now").startswith("Step 0: loss ")
    assert page.text_content("#empty") == "No step yet: press Train"
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#now").startswith("Step 1: loss ")
    assert page.text_content("#empty") == ""
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
    page.click("button:text-is('exploding rate')")
    assert page.input_value("#rate") == "100"
    page.click("#reset")
    assert page.input_value("#rate") == "0.3"
    assert page.inner_text("#now").startswith("Step 0: ")
    page.fill("#rate", "0.05")
    page.select_option("#activation", "relu")
    enter(page, layers="8")
    assert page.locator("#wires circle").count() == 2 + 8 + 1
    assert page.inner_text("header p").startswith("A network of 2 → 8 → 1, ")
    page.click("#one")
    page.wait_for_url("**#rate=0.05;activation=relu;layers=8;steps=1")
    other = open_page(played(), at="#rate=0.05;activation=relu;layers=8;steps=1")
    assert other.inner_text("#now") == page.inner_text("#now")
    follow(other, "#rate=0.05;layers=8;steps=2")
    assert other.inner_text("#now").startswith("Step 2: ")
    page.select_option("#set", "spiral")
    enter(page, noise="0.2", test="25", batch="16", l1="0.01", l2="3")
    page.click("#one")
    page.wait_for_url("**set=spiral;noise=0.2;test=25;batch=16;l1=0.01;l2=3;steps=1")
    follow(other, "#" + page.url.partition("#")[2])
    assert other.inner_text("#now") == page.inner_text("#now")
    assert other.input_value("#batch") == "16"
    page.click("#reset")
    assert page.inner_text("#now").startswith("Step 0: ")
    enter(page, layers="1000")
    assert "up to six sizes" in page.inner_text("#problem")
    enter(page, test="95")
    assert page.inner_text("#problem") == "Test: from 0 to 90 percent of the samples."
    enter(page, batch="0.5")
    assert page.get_attribute("#batch", "aria-invalid") == "true"


def test_products_of_the_inputs_can_be_switched_on(
    open_page: Opener,
) -> None:
    page = open_page(played())
    page.check("#squares")
    page.check("#product")
    assert "A network of 5 → 5 → 4 → 1" in page.inner_text("header p")
    rows = page.evaluate("[[...runs[0].train.points], [...runs[0].train.inputs]]")
    for s in range(len(rows[0]) // 2):
        x, y = rows[0][2 * s : 2 * s + 2]
        assert rows[1][5 * s : 5 * s + 5] == [x, y, x * x, y * y, x * y]
    losses = [loss for loss, _, _ in page.evaluate(STEPS, 30)]
    assert losses[-1] < losses[0]
    page.uncheck("#squares")
    assert "A network of 3 → " in page.inner_text("header p")


def test_two_settings_train_side_by_side_on_one_clock(open_page: Opener) -> None:
    page = open_page(played([3, 1], lr=0.1))
    page.click("#compare")
    enter(page, rate="0.5")
    for _ in range(3):
        page.click("#one")
    assert page.locator(".plane").count() == 2
    assert page.inner_text("#kept").startswith("Kept: rate 0.1, tanh, layers 3")
    told = [page.inner_text("#now"), page.inner_text("#other").replace("Kept:", "Step 3:")]
    assert page.locator("#losses-chart .curve[d^=M]").count() == 2
    page.click("#compare")
    assert page.locator(".plane:visible").count() == 1
    assert page.inner_text("#other") == ""
    for rate, text in zip((0.5, 0.1), told):
        follow(page, f"#rate={rate};steps=3")
        assert page.inner_text("#now") == text


def test_exhibits_show_what_they_say_and_points_are_painted(open_page: Opener) -> None:
    page = open_page(played([4, 4, 1], lr=0.1))
    page.click("#one")
    usual = page.evaluate(STEPS, 0)[0][2]
    page.click("button:text-is('dead relu')")
    assert page.input_value("#activation") == "relu"
    assert [norms[:2] for _, _, norms in page.evaluate(STEPS, 5)] == [[0.0, 0.0]] * 5
    page.click("button:text-is('saturated tanh')")
    page.click("#one")
    assert page.evaluate(STEPS, 0)[0][2][0] < usual[0] / 2
    page.click("button:text-is('exploding rate')")
    page.evaluate("pause(train(300))")
    assert "The loss has exploded" in page.inner_text("#problem")
    page.wait_for_url("**exhibit=exploding*rate;*")
    page.click("button:text-is('forgotten zero_grad')")
    assert "as += does" in page.inner_text("#told")
    page.click("button:text-is('forgotten zero_grad')")
    assert page.inner_text("#told") == ""
    page.select_option("#set", "painted")
    page.click("#one")
    assert "click into the plane" in page.inner_text("#problem")
    page.locator(".plane .ground").scroll_into_view_if_needed()
    ground = page.locator(".plane .ground").bounding_box()
    for k, (u, v) in enumerate([(0.25, 0.25), (0.75, 0.5)]):
        page.select_option("#brush", str(k))
        page.mouse.click(ground["x"] + u * ground["width"], ground["y"] + v * ground["height"])
    inputs, classes, targets = page.evaluate(
        "[[...runs[0].train.inputs], runs[0].train.classes, runs[0].train.targets]"
    )
    assert (classes, targets) == ([0, 1], [-1.0, 1.0])
    low, high = page.evaluate("[ys[0], ys.at(-1)]")
    assert inputs[1] == pytest.approx(low + 0.75 * (high - low), abs=0.02 * (high - low))
    page.click("#one")
    assert page.inner_text("#now").startswith("Step 1: loss ")


def test_a_net_of_8_and_8_learns_the_spiral_by_default(open_page: Opener) -> None:
    page = open_page(played([8, 8, 1], lr=0.1))
    page.select_option("#set", "spiral")
    page.evaluate("train(3000)")
    page.evaluate("pause()")
    assert float(page.inner_text("#now").split(", ")[-1].split(" %")[0]) >= 95


def test_a_click_on_a_number_shows_its_chain_rule(open_page: Opener) -> None:
    model = model_of([5, 4, 1], "tanh")
    page = open_page(played())
    nn.hinge_loss([model(x) for x in POINTS], SIGNS).backward()
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
            """([layer, neuron, what]) => runs[0].train.targets.reduce((sum, _, s) => {
                const { net, rooms, train } = runs[0];
                const [{ nin, nout }, room] = [net[layer], rooms.train];
                const x = layer > 0 ? room[layer - 1].a : train.inputs;
                const local = what === null ? 1 : x[s * nin + what];
                return sum + room[layer].dz[s * nout + neuron] * local;
            }, 0)""",
            [layer, neuron, what],
        )
        assert sums == pytest.approx(number.grad, rel=1e-12)
    page.fill("#sample", "7")
    assert "sample 7 adds" in page.inner_text("#info li >> nth=1")
    enter(page, sample="99")
    assert page.input_value("#sample") == "30"
    page.select_option("#layer", index=0)
    page.click("#info li:last-child button >> nth=2")
    assert (page.input_value("#layer"), page.input_value("#neuron")) == ("1", "2")
    look = """() => [...document.querySelectorAll("#wires > line")].map((line) => {
      const { stroke, strokeWidth, strokeDasharray } = getComputedStyle(line);
      return [stroke, strokeWidth, strokeDasharray];
    })"""
    looks = []
    for neuron in (0, 3):
        page.locator("#wires circle.neuron").nth(neuron).click()
        assert page.input_value("#neuron") == str(neuron)
        assert page.input_value("#input") == "neuron"
        looks.append(page.evaluate(look))
        assert page.locator("#wires .halos line").count() == 2
    assert looks[0] == looks[1]  # a chosen weight keeps its colour
    line = page.locator("#wires line >> nth=6").bounding_box()
    page.mouse.click(line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    assert page.input_value("#input") in ("0", "1")
    page.locator(".plane .point >> nth=4").click()
    assert page.input_value("#sample") == "5"
    assert page.locator(".plane .point.chosen").count() == 1
    page.click("#rows tr:nth-child(7) button >> nth=3")  # of layer 2, after its bias
    chosen = [page.input_value(f"#{name}") for name in ("layer", "neuron", "input")]
    assert chosen == ["1", "1", "2"]


def test_arrows_neurons_and_classes_show_what_they_are(open_page: Opener) -> None:
    model = model_of([3, 1], "tanh")
    page = open_page(played([3, 1]))
    nn.hinge_loss([model(x) for x in POINTS], SIGNS).backward()
    neuron = model.layers[0].neurons[1]
    page.fill("#sample", "3")
    page.select_option("#neuron", index=1)
    w, out = neuron.w[0], neuron(POINTS[2])
    local = w.data * (1 - out.data**2)
    widths = """() => [...document.querySelectorAll("#wires > line")]
        .map((line) => [line.classList[0], Number(line.getAttribute("stroke-width"))])"""
    looks = []
    for name, amount in {"weight": w.data, "gradient": w.grad, "local": local}.items():
        page.select_option("#shown", name)
        assert page.text_content("#wires .amount") == format_number(amount)
        looks.append(page.evaluate(widths))
        assert looks[-1][2][0] == ("down" if amount < 0 else "up")
    grads = [w.grad for layer in model.layers for unit in layer.neurons for w in unit.w]
    assert [width for _, width in looks[1]] == pytest.approx(
        [thickness(x, max(map(abs, grads))) for x in grads], abs=0.006
    )
    place, image, hidden = page.evaluate("""() => {
        const { sky } = runs[0];
        const made = heatOf(sky[0].a, 1, 3, [[9, 0, 0], [0, 0, 9]]);
        const image = made.getContext("2d").getImageData(0, 0, made.width, made.height).data;
        const out = [...sky[0].a].filter((_, at) => at % 3 === 1);
        return [[...grid.slice(0, 2)], [...image], out];
    }""")
    first = neuron(place).data
    assert hidden[0] == pytest.approx(first, rel=1e-12)
    columns, rows = page.evaluate("[xs.length, ys.length]")
    below = 4 * columns * (rows - 1)  # the least y is at the bottom
    strength = pytest.approx(round(255 * abs(first) / max(map(abs, hidden))), abs=1)
    colour = [0, 0, 9] if first > 0 else [9, 0, 0]
    assert image[below : below + 4] == [*colour, strength]
    assert page.evaluate("""() => {
        const shown = document.querySelector(".nets canvas");
        const pixels = shown.getContext("2d").getImageData(0, 0, shown.width, shown.height);
        return pixels.data.some((x) => x > 0);
    }""")
    changes = """(first) => {
      const out = Array.from({ length: xs.length * ys.length }, () => [first, 0]);
      planes[0].shade(out);
      const shown = document.querySelector(".board canvas");
      const { width, height } = shown;
      const context = element("canvas", { width, height }).getContext("2d");
      context.drawImage(shown, 0, 0);
      const alphas = context.getImageData(40, 40, width - 80, height - 80).data
        .filter((_, i) => i % 4 === 3);
      return new Set(alphas).size;
    }"""
    assert page.evaluate(changes, 0) == 1  # classes are told apart without colour
    assert page.evaluate(changes, 1) > 1
    page.emulate_media(media="print")
    assert page.locator(".board").first.bounding_box()["height"] > 200
    assert page.locator(".board canvas").first.is_visible()


def test_a_regression_shows_its_outputs_over_the_targets(open_page: Opener) -> None:
    model, y = model_of([4, 1], "tanh"), [0.7 * k for k in SIDES]
    page = open_page(nn.play(model, POINTS, y, loss=nn.mse_loss).html(), at="#steps=200")
    assert "right" not in page.inner_text("#now")
    assert page.get_attribute(".plane .boundary", "d")
    assert "output = 0.7" in page.inner_text(".legend >> nth=0")  # the middle
    assert page.get_attribute("#pairs", "d").count("M") == len(POINTS)
    assert page.inner_text("#fit figcaption") == "Output against target"
    assert open_page(played()).is_hidden("#fit")


def test_without_javascript_there_is_a_picture_and_a_table(open_page: Opener) -> None:
    page = open_page(played(), java_script_enabled=False)
    assert page.inner_text("#now").startswith("Before training: loss ")
    assert page.locator("tbody tr").count() == 5 + 4 + 1
    assert page.locator("#network .node").count() == 2 + 5 + 4 + 1
    assert not page.is_visible("#start")
