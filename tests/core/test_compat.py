"""Programs written for other engines' Values, and NumPy's object arrays."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value
from tests.core.microgpt import PlainValue, train


def readme_example(value: Callable[[float], Any]) -> tuple[Any, Any, Any]:
    """The expression on micrograd's front page."""
    a = value(-4.0)
    b = value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    return g.data, a.grad, b.grad


def test_micrograds_front_page() -> None:
    g, a, b = readme_example(Value)
    assert (f"{g:.4f}", f"{a:.4f}", f"{b:.4f}") == ("24.7041", "138.8338", "645.5773")
    assert g == 24.70408163265306


def test_micrograds_front_page_to_micrograds_bits() -> None:
    engine = pytest.importorskip("micrograd.engine", reason="micrograd is not installed")
    assert readme_example(Value)[0] == readme_example(engine.Value)[0]
    for ours, theirs in zip(readme_example(Value)[1:], readme_example(engine.Value)[1:]):
        assert ours == pytest.approx(theirs, rel=4 * 2.0**-52, abs=0.0)


def test_micrograds_names() -> None:
    a, b = Value(2.0, label="a"), Value(3.0)
    y = a * b
    assert (y._prev, y._op, a._prev, a._op) == ({a, b}, "*", set(), "")
    assert (a + b)._op == "+"
    assert a.relu()._op == "ReLU"
    assert a.tanh()._op == "tanh"


# What micrograd 0.1.0 prints with its own Value, to the last digit.
MICROGRAD_LOSSES = [
    0.8958441028683222,
    1.723590533697202,
    0.742900631385113,
    0.7705641260584202,
    0.3692793385976538,
    0.31354548191852194,
    0.2814234349772435,
    0.26888733313983904,
    0.2567147286057417,
    0.27048625516379227,
]


def moons_losses(nn: Any, value: Callable[[float], Any], steps: int) -> list[float]:
    """micrograd's demo: two moons, an SVM loss, weight decay and gradient descent."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    points, classes = datasets.make_moons(n_samples=100, noise=0.1, random_state=1337)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn, "Value", value)
        random.seed(1337)
        model = nn.MLP(2, [16, 16, 1])
        losses = []
        for step in range(steps):
            scores = [model(list(map(value, point))) for point in points]
            hinges = [(1 + -t * score).relu() for t, score in zip(2 * classes - 1, scores)]
            data_loss = sum(hinges) * (1.0 / len(hinges))
            loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= (1.0 - 0.9 * step / 100) * p.grad
            losses.append(loss.data)
    return losses


def test_micrograds_own_network_on_our_value() -> None:
    nn = pytest.importorskip("micrograd.nn", reason="micrograd is not installed")
    losses = moons_losses(nn, Value, len(MICROGRAD_LOSSES))
    assert losses == pytest.approx(MICROGRAD_LOSSES, rel=1e-12, abs=0.0)


def test_a_small_gpt() -> None:
    assert train(Value, 20) == pytest.approx(train(PlainValue, 20), rel=1e-10, abs=0.0)
