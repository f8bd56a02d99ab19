"""Against micrograd: the same weights after the same seed, and the same training."""

import random
from typing import Any

import pytest

import nn
from autograd import Value

STEPS = 4


def points() -> tuple[list[list[float]], list[int]]:
    rng = random.Random(5)
    xs = [[rng.uniform(-1.5, 2.5), rng.uniform(-1.0, 1.5)] for _ in range(20)]
    return xs, [1 if x * x + y > 1.0 else -1 for x, y in xs]


def trained(model: Any, value: Any) -> list[float]:
    """The demo's loop, for either library."""
    xs, ys = points()
    losses = []
    for k in range(STEPS):
        scores = [model([value(x) for x in row]) for row in xs]
        terms = [(1 + -y * score).relu() for y, score in zip(ys, scores)]
        total = sum(terms) * (1.0 / len(terms))
        total = total + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * k / 100) * p.grad
        losses.append(total.data)
    return losses


def made(**settings: Any) -> nn.MLP:
    random.seed(1337)
    return nn.MLP(2, [16, 16, 1], init=nn.init.uniform(-1, 1), **settings)


@pytest.fixture(scope="module", name="theirs")
def _theirs() -> list[float]:
    """The total losses of micrograd's own training."""
    engine = pytest.importorskip("micrograd.engine", reason="micrograd is not installed")
    return trained(their_model(), engine.Value)


def their_model() -> Any:
    networks = pytest.importorskip("micrograd.nn")
    random.seed(1337)
    model = networks.MLP(2, [16, 16, 1])
    assert [p.data for p in model.parameters()] == [p.data for p in made().parameters()]
    return model


def test_micrograds_own_network_on_our_value(
    theirs: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("micrograd.nn.Value", Value)
    assert trained(their_model(), Value) == pytest.approx(theirs, rel=1e-12, abs=0)


@pytest.mark.parametrize("fused", [True, False])
def test_the_same_training(fused: bool, theirs: list[float]) -> None:
    assert trained(made(fused=fused), Value) == pytest.approx(theirs, rel=1e-12, abs=0)
