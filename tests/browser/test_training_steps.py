"""The page that trains in the browser: its losses and parameters are those of Python."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import nn
from autograd.show.text import format_number
from tests.helpers.chromium import Opener, follow
from tests.helpers.pages import POINTS, SIDES, SIGNS, STEPS, model_of, played
from tests.helpers.tables import table
from tests.helpers.toys import TOYS, shuffled, toy

LOSSES = """(count) => Array.from({ length: count }, () => {
    const loss = runs[0].measured();
    runs[0].step();
    return loss;
})"""
# In the order of Python's parameters: by neuron, weights and bias.
WEIGHTS = """() => runs[0].net.flatMap(({ nin, w, b }) =>
    [...b].flatMap((bias, j) => [...w.slice(j * nin, (j + 1) * nin), bias]))"""


def parameters(model: nn.Module) -> list[float]:
    return [p.data for p in model.parameters()]


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
    y = [targets(k) for k in SIDES]
    page = open_page(nn.play(model, POINTS, y, loss=loss, lr=0.1).html())
    trained = copy.deepcopy(model)
    history = nn.fit(
        trained,
        POINTS,
        y,
        loss=loss,
        optimizer=nn.SGD(trained.parameters(), lr=0.1),
        epochs=50,
        progress=False,
    )
    assert page.evaluate(LOSSES, 50) == pytest.approx(history["loss"], rel=1e-9, abs=1e-9)
    found = sorted(x for x in page.evaluate(WEIGHTS) if x != 0.0)
    assert found == pytest.approx(sorted(parameters(trained)), rel=1e-9, abs=1e-9)


def batches() -> list[Any]:
    """The samples of three epochs, by eight."""
    orders = [shuffled(30, 3 + epoch) for epoch in range(3)]
    parts = [order[k : k + 8] for order in orders for k in range(0, 30, 8)]
    return [([POINTS[s] for s in part], [SIGNS[s] for s in part]) for part in parts]


def l1_and_l2(model: Any) -> Any:
    ws = [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]
    return 0.02 * autograd.sum([w.abs() for w in ws]) + 0.15 * autograd.sum([w * w for w in ws])


def descended(
    model: nn.Module,
    optimizer: Callable[..., Any] = nn.SGD,
    samples: list[Any] | None = None,
    penalty: Any = None,
    clears: bool = True,
    **how: Any,
) -> list[float]:
    """The losses of so many steps at a rate of 0.1, by Python."""
    losses, rule = [], optimizer(model.parameters(), lr=0.1, **how)
    for points, targets in samples or [(POINTS, SIGNS)] * 20:
        loss = nn.hinge_loss([model(x) for x in points], targets)
        losses.append(loss.data)
        if clears:
            model.zero_grad()
        (loss if penalty is None else loss + penalty(model)).backward()
        rule.step()
    return losses


SETTINGS: dict[str, dict[str, Any]] = {
    "l1=0.02;l2=0.3": {"penalty": l1_and_l2},
    "batch=8": {"samples": batches()},
    "optimizer=momentum": {"momentum": 0.9},
    "optimizer=Adam": {"optimizer": nn.Adam},
    "exhibit=forgotten zero_grad": {"clears": False},
}


def test_each_setting_trains_as_python_does(open_page: Opener) -> None:
    page = open_page(played([4, 1], lr=0.1))
    for at, how in SETTINGS.items():
        follow(page, f"#{at}")
        assert ("and " in page.inner_text("#info li >> nth=0")) == ("l1" in at)
        model = model_of([4, 1], "tanh")
        losses = descended(model, **how)
        found = page.evaluate(STEPS, len(losses))
        assert [loss for loss, _, _ in found] == pytest.approx(losses, rel=1e-9), at
        assert page.evaluate(WEIGHTS) == pytest.approx(parameters(model), rel=1e-9), at
    follow(page, "#test=20")
    held = shuffled(30, 2)[:6]
    assert page.locator(".plane .point.held").count() == 6
    model = model_of([4, 1], "tanh")
    test = nn.hinge_loss([model(POINTS[s]) for s in held], [SIGNS[s] for s in held])
    page.click("#one")
    ((loss, tested, norms),) = page.evaluate(STEPS, 0)
    rest = [s for s in range(30) if s not in held]
    trained = descended(model, samples=[([POINTS[s] for s in rest], [SIGNS[s] for s in rest])])
    assert (loss, tested) == pytest.approx((*trained, test.data), rel=1e-12)
    layers = [[p.grad for p in layer.parameters()] for layer in model.layers]
    assert norms == pytest.approx([math.hypot(*grads) for grads in layers], rel=1e-9)
    texts = page.locator("#norms-chart text").all_text_contents()
    assert texts == ["layer 1", format_number(norms[0]), "layer 2", format_number(norms[1])]
    assert "; test loss " in page.inner_text("#now")


def test_toy_data_is_that_of_python(open_page: Opener) -> None:
    page = open_page(played([3, 1]))
    for name in TOYS:
        follow(page, f"#set={name};noise=0.3")
        sides = page.evaluate("[xs[0], xs.at(-1), ys[0], ys.at(-1)]")
        found = page.evaluate("""() => runs[0].train.classes.map((k, s) =>
            [...runs[0].train.inputs.slice(2 * s, 2 * s + 2), k])""")
        wanted = toy(name, 200, 0.3, 1, sides)
        assert [row[2] for row in found] == [row[2] for row in wanted]
        assert found == [pytest.approx(row, rel=1e-12) for row in wanted]
        assert {row[2] for row in found} == {0, 1}
        assert page.locator(".plane .point").count() == 200


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
    for neuron in model.layers[-1].neurons:
        neuron.b.data = 0.5
        for w in neuron.w:
            w.data *= 0.1
    y = [float(k > 0) for k in SIDES]
    page = open_page(nn.play(model, POINTS, y, loss=loss, lr=1e30).html(), at="#steps=100")
    assert "reset, with a lower learning rate" in page.inner_text("#problem")
