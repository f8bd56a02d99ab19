"""The page that trains in the browser: its numbers are those of Python, its controls work."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd.show.drawing.svg import thickness
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.pages import cloud, model_of, played
from tests.helpers.tables import table
from tests.helpers.toys import TOYS, shuffled, toy

LOSSES = """(count) => Array.from({ length: count }, () => {
    const loss = runs[0].measured();
    runs[0].step();
    return loss;
})"""
STEPS = """(count) => {
    for (let k = 0; k < count; k++) runs[0].step();
    return runs[0].seen.map(({ loss, test, norms }) => [loss, test, norms]);
}"""
WEIGHTS = "() => runs[0].net.map(({ w, b }) => [...w, ...b])"


@pytest.mark.parametrize(
    ("loss", "targets", "model"),
    table(
        """
nn.hinge_loss | lambda k: 1.0 if k else -1.0 | model_of([5, 4, 1], "tanh")
nn.hinge_loss | lambda k: 1.0 if k else -1.0 | model_of([6, 1], "relu")
nn.mse_loss | lambda k: 0.5 * k - 0.3 | model_of([4, 1], "gelu")
nn.mse_loss | lambda k: 1.5 * k | model_of([4, 1], "elu")
nn.binary_cross_entropy_with_logits | lambda k: float(k > 0) |
    model_of([4, 3, 1], "leaky_relu")
nn.binary_cross_entropy | lambda k: float(k > 0) |
    model_of([4, 1], "silu", output_activation="sigmoid")
nn.cross_entropy | lambda k: k | model_of([5, 3], "softplus")
nn.cross_entropy | lambda k: int(k > 0) | model_of([5, 2], "tanh", bias=False)
nn.hinge_loss | lambda k: 1.0 if k else -1.0 |
    nn.Sequential(nn.Layer(2, 3), nn.Tanh(), nn.Layer(3, 1))
""",
        globals(),
    ),
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
def test_a_loss_that_cannot_be_computed_stops_the_training(
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
    assert page.locator(".board").first.bounding_box()["height"] > 200
    assert page.locator(".board canvas").first.is_visible()


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
      planes[0].shade(out);
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


def parameters(model: nn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


def weights(page: Any) -> list[float]:
    """Those of the page in the order of Python's parameters: by neuron, weights and bias."""
    found: list[float] = page.evaluate("""() => runs[0].net.flatMap(({ nin, w, b }) =>
        [...b].flatMap((bias, j) => [...w.slice(j * nin, (j + 1) * nin), bias]))
    """)
    return found


def descended(
    model: nn.Module, batches: list[Any], penalty: Any = None, clears: bool = True
) -> list[float]:
    """The losses of so many steps of gradient descent at a rate of 0.1, by Python."""
    losses = []
    for points, targets in batches:
        loss = nn.hinge_loss([model(x) for x in points], targets)
        losses.append(loss.data)
        if clears:
            model.zero_grad()
        (loss if penalty is None else loss + penalty(model)).backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    return losses


def labelled() -> tuple[list[list[float]], list[float]]:
    points, sides = cloud()
    return points, [1.0 if side else -1.0 for side in sides]


def play(model: nn.Module) -> str:
    points, y = labelled()
    return nn.play(model, points, y, loss=nn.hinge_loss, lr=0.1).html()


@pytest.mark.parametrize("name", TOYS)
def test_toy_data_is_that_of_python(name: str, open_page: Opener) -> None:
    page = open_page(play(model_of([3, 1], "tanh")), at=f"#set={name};noise=0.3")
    sides = page.evaluate("[xs[0], xs.at(-1), ys[0], ys.at(-1)]")
    found = page.evaluate("""() => runs[0].train.classes.map((k, s) =>
        [...runs[0].train.inputs.slice(2 * s, 2 * s + 2), k])""")
    wanted = toy(name, 200, 0.3, 1, sides)
    assert [row[2] for row in found] == [row[2] for row in wanted]
    assert found == [pytest.approx(row, rel=1e-12) for row in wanted]
    assert {row[2] for row in found} == {0, 1}
    assert page.locator(".plane .point").count() == 200


def test_penalties_are_those_of_l1_and_l2(open_page: Opener) -> None:
    model = model_of([4, 1], "tanh")
    page = open_page(play(model), at="#l1=0.02;l2=0.3")

    def penalty(model: Any) -> Any:
        ws = [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]
        return 0.02 * autograd.sum([w.abs() for w in ws]) + 0.15 * autograd.sum(
            [w * w for w in ws]
        )

    assert "and " in page.inner_text("#info li >> nth=0")
    losses = descended(model, [labelled()] * 20, penalty)
    assert [loss for loss, _, _ in page.evaluate(STEPS, 20)] == pytest.approx(losses, rel=1e-9)
    assert weights(page) == pytest.approx(parameters(model), rel=1e-9)


def test_batches_go_through_all_samples_in_an_order_of_their_own(open_page: Opener) -> None:
    model = model_of([4, 1], "tanh")
    page = open_page(play(model), at="#batch=8")
    points, y = labelled()
    batches = []
    for epoch in range(3):
        order = shuffled(30, 3 + epoch)
        parts = [order[k : k + 8] for k in range(0, 30, 8)]
        batches += [([points[s] for s in part], [y[s] for s in part]) for part in parts]
    losses = descended(model, batches)
    assert [loss for loss, _, _ in page.evaluate(STEPS, 12)] == pytest.approx(losses, rel=1e-9)


def test_some_samples_are_kept_for_testing_and_norms_are_by_layer(open_page: Opener) -> None:
    model = model_of([4, 1], "tanh")
    page = open_page(play(model), at="#test=20")
    points, y = labelled()
    held = shuffled(30, 2)[:6]
    assert page.locator(".plane .point.held").count() == 6
    rest = [s for s in range(30) if s not in held]
    test = nn.hinge_loss([model(points[s]) for s in held], [y[s] for s in held])
    page.click("#one")
    ((loss, tested, norms),) = page.evaluate(STEPS, 0)
    ((wanted),) = descended(model, [([points[s] for s in rest], [y[s] for s in rest])])
    assert (loss, tested) == pytest.approx((wanted, test.data), rel=1e-12)
    layers = [[p.grad for p in layer.parameters()] for layer in model.layers]
    assert norms == pytest.approx([math.hypot(*grads) for grads in layers], rel=1e-9)
    texts = page.locator("#norms-chart text").all_text_contents()
    assert texts == ["layer 1", format_number(norms[0]), "layer 2", format_number(norms[1])]
    assert "; test loss " in page.inner_text("#now")


def test_each_neuron_holds_a_picture_of_its_output(open_page: Opener) -> None:
    model = model_of([3, 1], "tanh")
    page = open_page(play(model))
    place, image, hidden = page.evaluate("""() => {
        const { sky, net } = runs[0];
        const made = heatOf(sky[0].a, 1, 3, [[9, 0, 0], [0, 0, 9]]);
        const image = made.getContext("2d").getImageData(0, 0, made.width, made.height).data;
        const out = [...sky[0].a].filter((_, at) => at % 3 === 1);
        return [[...grid.slice(0, 2)], [...image], out];
    }""")
    first = model.layers[0](place)[1].data
    assert hidden[0] == pytest.approx(first, rel=1e-12)
    columns, rows = page.evaluate("[xs.length, ys.length]")
    below = 4 * columns * (rows - 1)  # the least y is at the bottom
    strength = round(255 * abs(first) / max(map(abs, hidden)))
    assert image[below : below + 4] == [
        *([0, 0, 9] if first > 0 else [9, 0, 0]),
        pytest.approx(strength, abs=1),
    ]
    drawn = page.evaluate("""() => {
        const shown = document.querySelector(".nets canvas");
        const pixels = shown.getContext("2d").getImageData(0, 0, shown.width, shown.height);
        return pixels.data.some((x) => x > 0);
    }""")
    assert drawn


def test_arrows_show_weights_gradients_or_local_derivatives(open_page: Opener) -> None:
    model = model_of([3, 1], "tanh")
    page = open_page(play(model))
    points, y = labelled()
    nn.hinge_loss([model(x) for x in points], y).backward()
    neuron = model.layers[0].neurons[1]
    page.fill("#sample", "3")
    page.select_option("#neuron", index=1)
    out = neuron(points[2])
    local = neuron.w[0].data * (1 - out.data**2)
    amounts = {
        "weight": neuron.w[0].data,
        "gradient": neuron.w[0].grad,
        "local": local,
    }
    widths = """() => [...document.querySelectorAll("#wires > line")]
        .map((line) => [line.classList[0], Number(line.getAttribute("stroke-width"))])"""
    looks = []
    for name, amount in amounts.items():
        page.select_option("#shown", name)
        assert page.text_content("#wires .amount") == format_number(amount)
        looks.append(page.evaluate(widths))
        assert looks[-1][2][0] == ("down" if amount < 0 else "up")
    grads = [w.grad for layer in model.layers for unit in layer.neurons for w in unit.w]
    assert [width for _, width in looks[1]] == pytest.approx(
        [thickness(x, max(map(abs, grads))) for x in grads], abs=0.006
    )


def test_two_settings_train_side_by_side_on_one_clock(open_page: Opener) -> None:
    html = play(model_of([3, 1], "tanh"))
    page = open_page(html)
    page.click("#compare")
    page.fill("#rate", "0.5")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.click("#one")
    assert page.locator(".plane").count() == 2
    assert page.inner_text("#kept").startswith("Kept: rate 0.1, tanh, layers 3")
    told = [page.inner_text("#now"), page.inner_text("#other")]
    for rate, text in ((0.5, told[0]), (0.1, told[1].replace("Kept:", "Step 3:"))):
        assert open_page(html, at=f"#rate={rate};steps=3").inner_text("#now") == text
    assert page.locator("#losses-chart .curve[d^=M]").count() == 2
    page.click("#compare")
    assert page.locator(".plane:visible").count() == 1
    assert page.inner_text("#other") == ""


def test_a_forgotten_zero_grad_is_that_of_python(open_page: Opener) -> None:
    model = model_of([3, 1], "tanh")
    page = open_page(play(model))
    page.click("button:text-is('forgotten zero_grad')")
    assert "as += does" in page.inner_text("#told")
    losses = descended(model, [labelled()] * 10, clears=False)
    assert [loss for loss, _, _ in page.evaluate(STEPS, 10)] == pytest.approx(losses, rel=1e-9)
    page.click("button:text-is('forgotten zero_grad')")
    assert page.inner_text("#told") == ""


def test_exhibits_show_what_they_say(open_page: Opener) -> None:
    page = open_page(play(model_of([4, 4, 1], "tanh")))
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


def test_points_are_painted_by_clicks(open_page: Opener) -> None:
    page = open_page(play(model_of([3, 1], "tanh")))
    page.select_option("#set", "painted")
    page.click("#one")
    assert "click into the plane" in page.inner_text("#problem")
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


def test_a_link_holds_every_setting(open_page: Opener) -> None:
    html = play(model_of([3, 1], "tanh"))
    page = open_page(html)
    page.select_option("#set", "spiral")
    texts = {"noise": "0.2", "test": "25", "batch": "16", "l1": "0.01", "l2": "3"}
    for name, text in texts.items():
        page.fill(f"#{name}", text)
        page.keyboard.press("Enter")
    page.click("#one")
    page.wait_for_url("**set=spiral;noise=0.2;test=25;batch=16;l1=0.01;l2=3;steps=1")
    other = open_page(html, at="#" + page.url.partition("#")[2])
    assert other.inner_text("#now") == page.inner_text("#now")
    assert other.input_value("#batch") == "16"
    page.fill("#test", "95")
    page.keyboard.press("Enter")
    assert page.inner_text("#problem") == "Test: from 0 to 90 percent of the samples."
    page.fill("#batch", "0.5")
    page.keyboard.press("Enter")
    assert page.get_attribute("#batch", "aria-invalid") == "true"


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("momentum", lambda model: nn.SGD(model.parameters(), lr=0.05, momentum=0.9)),
        ("Adam", lambda model: nn.Adam(model.parameters(), lr=0.05)),
    ],
)
def test_the_optimizers_take_the_steps_of_python(
    name: str, optimizer: Any, open_page: Opener
) -> None:
    points, sides = cloud()
    targets = [1.0 if side else -1.0 for side in sides]
    model = model_of([5, 4, 1], "tanh")
    page = open_page(nn.play(model, points, targets, loss=nn.mse_loss, lr=0.05).html())
    page.select_option("#optimizer", name)
    losses = page.evaluate(LOSSES, 30)
    steps = optimizer(model)
    for loss in losses:
        value = nn.mse_loss([model(x) for x in points], targets)
        assert loss == pytest.approx(value.data, rel=1e-9)
        model.zero_grad()
        value.backward()
        steps.step()


def test_products_of_the_inputs_are_inputs_where_they_are_switched_on(
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
    losses = page.evaluate(LOSSES, 30)
    assert losses[-1] < losses[0]
    page.uncheck("#squares")
    assert "A network of 3 → " in page.inner_text("header p")


def test_reset_takes_back_an_exhibit_and_an_empty_chart_says_so(open_page: Opener) -> None:
    page = open_page(played())
    assert page.text_content("#empty") == "No step yet: press Train"
    page.click("#one")
    assert page.text_content("#empty") == ""
    page.click("button:text-is('exploding rate')")
    assert page.input_value("#rate") == "100"
    page.click("#reset")
    assert page.input_value("#rate") == "0.3"
    page.fill("#layers", "8 8")
    page.keyboard.press("Enter")
    assert "A network of 2 → 8 → 8 → 1" in page.inner_text("header p")


def test_the_controls_are_above_the_fold(open_page: Opener) -> None:
    page = open_page(played(), viewport={"width": 1440, "height": 900})
    controls = page.locator(
        ".controls :is(button, select, input), .settings :is(button, select)"
    )
    assert controls.count() > 10
    for control in controls.all():
        box = control.bounding_box()
        assert box is None or box["y"] + box["height"] <= 900


def test_a_net_of_8_and_8_learns_the_spiral_at_the_default_settings(open_page: Opener) -> None:
    points, sides = cloud()
    targets = [1.0 if side else -1.0 for side in sides]
    model = model_of([8, 8, 1], "tanh")
    page = open_page(nn.play(model, points, targets, loss=nn.hinge_loss).html())
    page.select_option("#set", "spiral")
    page.evaluate("train(3000)")
    page.evaluate("pause()")
    right = float(page.inner_text("#now").split(", ")[-1].split(" %")[0])
    assert right >= 95


def test_a_regression_shows_its_outputs_over_the_targets(open_page: Opener) -> None:
    points, _ = cloud()
    model = model_of([4, 1], "tanh")
    page = open_page(
        nn.play(model, points, [x * y for x, y in points], loss=nn.mse_loss).html()
    )
    assert page.get_attribute("#pairs", "d").count("M") == len(points)
    assert page.inner_text("#fit figcaption") == "Output against target"
    assert open_page(played()).is_hidden("#fit")
