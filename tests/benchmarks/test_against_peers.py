"""Single operations and whole training steps, beside those who do the same."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value
from tests.autograd.microgpt import PlainValue, train
from tests.benchmarks.conftest import Medians

Measure = Callable[..., None]
LOOPS = range(10_000)
pytestmark = pytest.mark.benchmark(timer=time.process_time)  # others may use the machine


def micrograd(part: str) -> Any:
    return pytest.importorskip(f"micrograd.{part}", reason="micrograd is not installed")


def value_of(who: str) -> Callable[[float], Any]:
    if who == "autograd":
        return Value
    if who == "Python float":
        return float
    result: Callable[[float], Any] = micrograd("engine").Value
    return result


def multiply(a: Any, b: Any) -> None:
    for _ in LOOPS:
        a * b


def add(a: Any, b: Any) -> None:
    for _ in LOOPS:
        a + b


def scale(a: Any, b: Any) -> None:
    for _ in LOOPS:
        a * 3.0


@pytest.mark.parametrize("who", ["autograd", "micrograd", "Python float"])
@pytest.mark.parametrize(
    ("what", "run"),
    [
        ("a * b, 10,000 times", multiply),
        ("a + b, 10,000 times", add),
        ("a * 3.0, 10,000 times", scale),
    ],
)
def test_operators(measure: Measure, what: str, run: Callable[..., None], who: str) -> None:
    a, b = value_of(who)(2.0), value_of(who)(-3.0)
    measure(what, who, lambda: run(a, b), 30)


@pytest.mark.parametrize("who", ["autograd", "one-file GPT's Value"])
def test_exp(measure: Measure, who: str) -> None:
    a = (Value if who == "autograd" else PlainValue)(0.5)

    def run() -> None:
        for _ in LOOPS:
            a.exp()

    measure("a.exp(), 10,000 times", who, run, 30)


_RNG = random.Random(1337)
POINTS = [(_RNG.uniform(-1.0, 2.0), _RNG.uniform(-1.0, 1.0)) for _ in range(100)]
TARGETS = [1 if x * x + y > 0.8 else -1 for x, y in POINTS]


def moons_step(model: Any, value: Callable[[float], Any]) -> float:
    """A step of micrograd's demo: 2-16-16-1, 100 samples, SVM loss, weight decay."""
    scores = [model([value(x), value(y)]) for x, y in POINTS]
    hinges = [(1 + -t * score).relu() for t, score in zip(TARGETS, scores)]
    loss = sum(hinges) * (1.0 / len(hinges)) + 1e-4 * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= 0.1 * p.grad
    return float(loss.data)


@pytest.mark.parametrize("who", ["autograd", "micrograd"])
def test_moons_step_of_micrograds_network(
    measure: Measure, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    their_nn, value = micrograd("nn"), value_of(who)
    monkeypatch.setattr(their_nn, "Value", value)
    random.seed(1337)
    model = their_nn.MLP(2, [16, 16, 1])
    measure("moons step, micrograd's nn", who, lambda: moons_step(model, value), 5)


@pytest.mark.parametrize("fused", [True, False])
def test_moons_step_of_our_network(measure: Measure, medians: Medians, fused: bool) -> None:
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1], init=nn.init.uniform(-1.0, 1.0), fused=fused)
    what = f"moons step, nn {'fused' if fused else 'unfused'}"
    measure(what, "autograd", lambda: moons_step(model, Value), 9)
    theirs = medians.get("moons step, micrograd's nn", {})
    if "micrograd" in theirs:
        medians[what]["micrograd"] = theirs["micrograd"]


@pytest.mark.parametrize("who", ["autograd", "one-file GPT's Value"])
def test_language_model(measure: Measure, who: str) -> None:
    value = Value if who == "autograd" else PlainValue
    measure("one-file GPT, 3 steps", who, lambda: train(value, 3), 7)


@pytest.mark.parametrize(
    ("what", "peer", "times"),
    [
        ("moons step, micrograd's nn", "micrograd", 4.0),
        ("moons step, nn fused", "micrograd", 20.0),
        ("one-file GPT, 3 steps", "one-file GPT's Value", 1.5),
    ],
)
def test_bars(medians: Medians, what: str, peer: str, times: float) -> None:
    measured = medians.get(what, {})
    if peer not in measured or "autograd" not in measured:
        pytest.skip("the two have not both been measured in this run")
    assert measured[peer] / measured["autograd"] >= times
