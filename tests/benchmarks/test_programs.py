"""Programs beside libraries that put a whole batch into each array, and beside CasADi.

All compute in float64 on one thread, and give the same losses and gradients.
"""

import json
import random
import string
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from tests.benchmarks import peers
from tests.benchmarks.conftest import BESIDE, Tables, in_words, shown
from tests.core import microgpt

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
    """A step of training of that net, written one number at a time and compiled."""
    step, points, targets = as_step(work)
    return lambda: step(points, targets)


def as_step(work: dict[str, Any], backend: str = "native") -> tuple[Any, Any, Any]:
    """The step, and its points and targets."""
    layers = work["layers"]
    model = nn.MLP(len(layers[0][0][0]), [len(bias) for _, bias in layers])
    for layer, (weight, bias) in zip(model.layers, layers):
        for neuron, row, b in zip(layer.neurons, weight, bias):
            neuron.b.data = b
            for w, number in zip(neuron.w, row):
                w.data = number
    loss = nn.hinge_loss if work["loss"] == "hinge" else nn.cross_entropy
    optimizer = nn.SGD(model.parameters(), lr=work["rate"], weight_decay=work["decay"])
    step = nn.compile(model, loss, optimizer, backend=backend)
    return step, np.array(work["points"]), np.array(work["targets"])


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


@pytest.mark.parametrize(("name", "what"), NETS)
def test_training_on_jax(tables: Tables, name: str, what: str) -> None:
    for module in ("jax", "optax"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    command = [sys.executable, "-m", "tests.benchmarks.on_jax"]
    task = json.dumps(work(name))
    run = subprocess.run(command, input=task, capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    theirs = answer["net"]
    for how, text in (("handed", "`step.jax()` with optax"), ("backend", '`backend="jax"`')):
        ours = answer[how]
        assert ours["result"] == pytest.approx(theirs["result"], rel=1e-10)
        row = (
            f"{what}, {text}",
            f"{shown(ours['seconds'])} (the first {shown(ours['first'])})",
            f"JAX, written by hand, {shown(theirs['seconds'])}",
            in_words(theirs["seconds"] / ours["seconds"]),
        )
        tables.setdefault(BESIDE, []).append(row)
    assert answer["handed"]["seconds"] <= 1.15 * theirs["seconds"]


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


JAX = ("value and gradient by `program.jax()`, compiled", "operations", "equations", "seconds")


def recurrence(w: Any, xs: Any) -> Any:
    states = [0.1] * 8
    for x in xs:
        states = [autograd.dot(row[:8], states, row[8] + x).tanh() for row in w]
    return autograd.sum(states)


@pytest.mark.parametrize(("what", "most"), [("a one-file GPT", 6), ("1,000 rounds", 5)])
def test_compiling_by_jax(
    tables: Tables, gpt: dict[str, Any], what: str, most: float, request: pytest.FixtureRequest
) -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    request.addfinalizer(
        partial(jax.config.update, "jax_enable_x64", jax.config.jax_enable_x64)
    )
    jax.config.update("jax_enable_x64", True)
    f: Any = recurrence
    args: Any = np.linspace(-0.4, 0.4, 72).reshape(8, 9), np.sin(np.arange(1000.0))
    if most == 6:
        f = lambda weights: microgpt._loss(weights, WORD)  # noqa: E731
        args = ({name: np.array(matrix) for name, matrix in gpt["weights"].items()},)
    started = time.process_time()
    fast = autograd.compile(f)
    fast(*args)
    traced = jax.jit(jax.value_and_grad(fast.program.jax())).trace(*args)
    theirs = traced.lower().compile()
    took = time.process_time() - started
    value, slopes = theirs(*args)
    expected, gradient = fast.value_and_grad(*args)
    assert value == pytest.approx(expected, rel=2e-15)
    for mine, other in zip(jax.tree.leaves(gradient), jax.tree.leaves(slopes)):
        assert other == pytest.approx(mine, rel=1e-12, abs=2e-15 * np.abs(mine).max())
    nodes, equations = fast.program.stats()["recorded"], str(traced.jaxpr).count(" = ")
    row = (what, f"{nodes:,}", f"{equations:,}", f"{took:.1f}")
    tables.setdefault(JAX, []).append(row)
    assert took <= most


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
