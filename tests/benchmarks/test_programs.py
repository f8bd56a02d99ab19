"""Programs beside libraries that put a whole batch into each array, and beside CasADi.

All compute in float64 on one thread, and give the same losses and gradients.
"""

import json
import random
import string
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from tests.benchmarks import peers
from tests.benchmarks.conftest import BESIDE, Tables, in_words, shown
from tests.helpers import microgpt

np = pytest.importorskip("numpy")
datasets = pytest.importorskip("sklearn.datasets")
pytestmark = pytest.mark.benchmark(timer=time.process_time)  # others may use the machine

WORD = "charlotte"
FORMULA = "y = sum(100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2 for i in range({}))"


def work(name: str) -> dict[str, Any]:
    """A net, its data and how it is trained; whatever is random is drawn anew alike."""
    draw = random.Random(1)
    if name == "moons":
        points, classes = datasets.make_moons(n_samples=100, noise=0.1, random_state=1)
        sizes, targets = [2, 16, 16, 1], (2.0 * classes - 1.0).tolist()
    elif name == "digits":
        digits = datasets.load_digits()
        points, targets = digits.data[:1437] / 16.0, digits.target[:1437].tolist()
        sizes = [64, 32, 10]
    else:
        points = np.array([[draw.random() for _ in range(784)] for _ in range(128)])
        sizes, targets = [784, 256, 10], [draw.randrange(10) for _ in range(128)]
    layers = [
        (
            [
                [draw.uniform(-1.0, 1.0) / before**0.5 for _ in range(before)]
                for _ in range(after)
            ],
            [draw.uniform(-0.1, 0.1) for _ in range(after)],
        )
        for before, after in pairwise(sizes)
    ]
    return {
        "kind": "net",
        "loss": "hinge" if name == "moons" else "cross_entropy",
        "rate": 0.05,
        "decay": 2e-4 if name == "moons" else 0.0,
        "points": points.tolist(),
        "targets": targets,
        "layers": layers,
    }


def compiled_step(work: dict[str, Any]) -> Callable[[], float]:
    """Return a step of training of that net, written one number at a time and compiled."""
    layers = work["layers"]
    model = nn.MLP(len(layers[0][0][0]), [len(bias) for _, bias in layers])
    for layer, (weight, bias) in zip(model.layers, layers):
        for neuron, row, b in zip(layer.neurons, weight, bias):
            neuron.b.data = b
            for w, number in zip(neuron.w, row):
                w.data = number
    loss = nn.hinge_loss if work["loss"] == "hinge" else nn.cross_entropy
    optimizer = nn.SGD(model.parameters(), lr=work["rate"], weight_decay=work["decay"])
    step = nn.compile(model, loss, optimizer)
    points, targets = np.array(work["points"]), np.array(work["targets"])
    return lambda: step(points, targets)


NETS = [
    ("moons", "2-16-16-1, 100 samples, hinge loss, SGD"),
    ("digits", "64-32-10, 1,437 samples, cross-entropy, SGD"),
    ("large", "784-256-10, 128 samples, cross-entropy, SGD"),
]


@pytest.mark.parametrize(("name", "what"), NETS)
@pytest.mark.parametrize(
    ("peer", "how"), [("pytorch", "one thread"), ("pytorch", "torch.compile"), ("jax", "jit")]
)
def test_training(
    compare: Callable[..., float], name: str, what: str, peer: str, how: str
) -> None:
    task = work(name)
    title, answer = peers.measured(peer, json.dumps(task))
    step = compiled_step(task)
    assert [step() for _ in range(3)][-1] == pytest.approx(answer[how]["result"], rel=1e-12)

    def ten_steps() -> None:
        for _ in range(10):
            step()

    compare(what, ten_steps, f"{title}, {how},", 10 * answer[how]["seconds"], 50, 10)


def softmax(logits: list[Any]) -> list[Any]:
    total = autograd.logsumexp(logits)
    return [(logit - total).exp() for logit in logits]


@pytest.fixture(name="gpt")
def _gpt(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The weights of a one-file GPT, as matrices, and the letters of a name."""
    sizes = {"WIDTH": 16, "HEADS": 4, "HIDDEN": 64, "CONTEXT": 16, "END": 26}
    letters = {"LETTERS": list(string.ascii_lowercase), "_softmax": softmax}
    for name, value in (sizes | letters).items():
        monkeypatch.setattr(microgpt, name, value)
    tokens = [26, *map(string.ascii_lowercase.index, WORD), 26]
    return {"kind": "gpt", "weights": microgpt.new_weights(float), "tokens": tokens, "heads": 4}


def gpt_step(task: dict[str, Any]) -> Callable[[], float]:
    fast = autograd.compile(lambda weights: microgpt._loss(weights, WORD))
    weights = {name: np.array(matrix) for name, matrix in task["weights"].items()}
    return lambda: fast.value_and_grad(weights)[0]


GPT = "a one-file GPT, loss and gradient"


@pytest.mark.parametrize(("peer", "how"), [("pytorch", "arrays"), ("jax", "jit")])
def test_gpt(compare: Callable[..., float], gpt: dict[str, Any], peer: str, how: str) -> None:
    title, answer = peers.measured(peer, json.dumps(gpt))
    step = gpt_step(gpt)
    assert step() == pytest.approx(answer[how]["result"], rel=1e-12)
    compare(GPT, step, f"{title}, {how},", answer[how]["seconds"], 200)


def test_gpt_beside_eager(compare: Callable[..., float], gpt: dict[str, Any]) -> None:
    weights = {
        name: [[Value(x) for x in row] for row in matrix]
        for name, matrix in gpt["weights"].items()
    }

    def eager() -> float:
        loss = microgpt._loss(weights, WORD)
        loss.backward()
        return float(loss.data)

    step = gpt_step(gpt)
    assert step() == pytest.approx(eager(), rel=1e-12)
    compare(GPT, step, "the same without `compile`", eager, 50)


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_one_sample(benchmark: Any, tables: Tables, count: int) -> None:
    code = FORMULA.format(count - 1)
    x = [0.1 * (i % 7) for i in range(count)]
    title, answer = peers.measured("casadi", json.dumps({"code": code, "x": x}))
    space: dict[str, Any] = {"x": [Value(number) for number in x]}
    exec(code, space)
    nodes = space["y"].graph().stats
    operations = nodes.nodes - nodes.leaves

    def rosenbrock(x: list[Any]) -> Any:
        names: dict[str, Any] = {"x": x}
        exec(code, names)
        return names["y"]

    fast = autograd.compile(rosenbrock)
    given = np.array(x)
    value, gradient = fast.value_and_grad(given)
    theirs = answer["virtual machine"]
    assert [value, *gradient] == pytest.approx(theirs["result"], rel=1e-12, abs=1e-12)
    benchmark.pedantic(lambda: fast.value_and_grad(given), rounds=100, iterations=100)
    ours = benchmark.stats.stats.median
    other = theirs["seconds"]
    row = (
        f"value and gradient of {operations:,} operations, one sample",
        f"{shown(ours)} ({shown(ours / operations)} an operation)",
        f"{title} {shown(other)}",
        in_words(other / ours),
    )
    tables.setdefault(BESIDE, []).append(row)
