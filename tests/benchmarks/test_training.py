"""Training steps beside other engines of single numbers that do the same work."""

import random
import string
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value
from tests.benchmarks.conftest import COMPILED, Tables, shown
from tests.helpers import microgpt
from tests.helpers.microgpt import PlainValue, train

pytestmark = pytest.mark.benchmark(timer=time.process_time)  # others may use the machine

_RNG = random.Random(1337)
POINTS = [(_RNG.uniform(-1.0, 2.0), _RNG.uniform(-1.0, 1.0)) for _ in range(100)]
TARGETS = [1 if x * x + y > 0.8 else -1 for x, y in POINTS]


def moons_step(model: Any, value: Callable[[float], Any]) -> float:
    """A step of micrograd's demo: 2-16-16-1, 100 samples, SVM loss, weight decay.

    Gives the loss before the step, without the weight decay's part.
    """
    scores = [model([value(x), value(y)]) for x, y in POINTS]
    hinges = [(1 + -t * score).relu() for t, score in zip(TARGETS, scores)]
    data_loss: Any = sum(hinges) * (1.0 / len(hinges))
    loss: Any = data_loss + 1e-4 * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= 0.1 * p.grad
    return float(data_loss.data)


def fused() -> Any:
    """The network in `nn`, a node a neuron, with the weights that micrograd draws."""
    random.seed(1337)
    return nn.MLP(2, [16, 16, 1], init=nn.init.uniform(-1.0, 1.0))


@pytest.fixture(name="micrograds")
def _micrograds(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """The network in micrograd's own classes, on any Value."""
    theirs = pytest.importorskip("micrograd.nn", reason="micrograd is not installed")

    def build(value: Any) -> Any:
        monkeypatch.setattr(theirs, "Value", value)
        random.seed(1337)
        return theirs.MLP(2, [16, 16, 1])

    return build


@pytest.mark.parametrize(
    ("what", "fuses", "compiled", "interpreted"),
    [
        ("micrograd's network on our `Value`", False, 60.0, 4.0),
        ("`nn`, one node a neuron", True, 200.0, 20.0),
    ],
)
def test_moons(
    compare: Callable[..., float],
    micrograds: Callable[[Any], Any],
    what: str,
    fuses: bool,
    compiled: float,
    interpreted: float,
) -> None:
    engine = pytest.importorskip("micrograd.engine")
    theirs, ours = micrograds(engine.Value), fused() if fuses else micrograds(Value)

    def step() -> float:
        return moons_step(ours, Value)

    def their_step() -> float:
        return moons_step(theirs, engine.Value)

    assert [step() for _ in range(3)] == pytest.approx(
        [their_step() for _ in range(3)], rel=1e-12
    )
    ratio = compare(f"moons step, {what}", step, "micrograd", their_step, 5)
    assert ratio >= (compiled if COMPILED else interpreted)


def test_one_file_gpt(compare: Callable[..., float], monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["charlotte", "alexandra", "elizabeth", "genevieve", "katherine"]
    letters = {"WORDS": names, "LETTERS": list(string.ascii_lowercase), "END": 26}
    sizes = {"WIDTH": 16, "HEADS": 4, "HIDDEN": 64, "CONTEXT": 16}  # as in the original
    for name, value in (letters | sizes).items():
        monkeypatch.setattr(microgpt, name, value)
    assert train(Value, 3) == pytest.approx(train(PlainValue, 3), rel=1e-12)
    ratio = compare(
        "a one-file GPT, 3 steps, only its import changed",
        lambda: train(Value, 3),
        "its own `Value`",
        lambda: train(PlainValue, 3),
        9,
    )
    assert ratio >= (20.0 if COMPILED else 1.5)


FIT = """
import resource, sys, time
import numpy as np
import nn
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
X = np.random.default_rng(0).normal(size=(10**6, 20))
model = nn.MLP(20, [16, 1])
sgd = nn.SGD(model.parameters(), lr=0.001)
def seconds(n, epochs):
    started = time.process_time()
    nn.fit(model, X[:n], X[:n, 0], loss=nn.mse_loss, optimizer=sgd, epochs=epochs,
           batch_size=256, progress=False)
    return time.process_time() - started
seconds(1000, 1)
before = peak()
print(seconds(10**6, 0), seconds(10**6, 1), peak() - before)
"""


def test_a_million_samples(tables: Tables) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FIT], capture_output=True, text=True, check=True
    )
    fixed, epoch, memory = map(float, run.stdout.split())
    head = ("`nn.fit`, 10⁶ × 20, batches of 256", "before the first step", "an epoch", "memory")
    row = ("20-16-1", shown(fixed), shown(epoch), f"{memory:.0f} MB besides the data")
    tables.setdefault(head, []).append(row)
    assert fixed < 0.2
    assert memory < 50
