"""Graphs that the tests of the pictures draw."""

import hashlib
import math
import random
from collections.abc import Callable
from typing import Any

import autograd
import nn
from autograd import Graph, Value
from tests.helpers.tables import table

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<b>bold</b> & \"double\" 'single' &amp;",
    "{braces|and|bars} \\N \\n \\",
    "😀 👩‍👩‍👧 漢字 العربية",
    "line\nbreak\ttab",
    "x" * 1000,
    "\x00\x1b[31m\u202e\ud800",
    "]]>--><!--",
    " ",
    '"]; evil [label="',
]


def lesson() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    e = a * b
    e.label = "e"
    loss = e + a
    loss.label = "L"
    return a, b, loss


def small() -> Value:
    """A leaf used twice by one operation, a constant, a shared leaf; exact on any machine."""
    a, b, c = Value(2.0, label="a"), Value(-3.0, label="b"), Value(10.0, label="c")
    e = a * b
    e.label = "e"
    loss = ((e + c) * 2.5 + a * a).relu()
    loss.label = "loss"
    loss.backward()
    return loss


def hostile() -> Value:
    total = Value(0.0)
    for label in HOSTILE:
        total = total + Value(1.0, label=label) * 2.0
    total.label = HOSTILE[0]
    return total


def odd_numbers() -> Value:
    """NaN, both infinities, -0.0, and a number with many digits."""
    total = Value(0.0)
    for x in (math.nan, math.inf, -math.inf, -0.0, -1.2345678e-300):
        total = total + Value(x)
    return total


def chain(length: int) -> Value:
    weight, total = Value(0.999, label="w"), Value(1.0, label="start")
    for _ in range(length):
        total = total * weight
    return total


def network(sizes: list[int], fused: bool = True) -> Graph:
    """An MLP of two inputs whose weights are all different but drawn from nothing."""
    model = nn.MLP(2, sizes, activation="relu", fused=fused)
    for number, parameter in enumerate(model.parameters()):
        parameter.data = ((number * 37) % 19 - 9) / 10
    return model.graph([1.0, -2.0])


def expression(operations: int, seed: int, leaves: int = 2) -> Value:
    """Sums, products and tanh of the last five results."""
    rng = random.Random(seed)
    xs = [Value(round(rng.uniform(-2, 2), 2), label="abcdefgh"[i]) for i in range(leaves)]
    for _ in range(operations):
        a, b = rng.choice(xs[-5:]), rng.choice(xs[-5:])
        xs.append([a + b, a * b, (a - b).tanh(), a * 0.5 + b][rng.randrange(4)])
    return xs[-1]


def logistic() -> Value:
    w, b = Value(0.5, label="w"), Value(-0.2, label="b")
    one, other = [(w * Value(x, label="x") + b).sigmoid() for x in (1.0, -1.5)]
    return -(one.log() + (1.0 - other).log()) / 2.0


def written_out(fused: bool = True) -> Value:
    """Four samples of a network, and their squared errors."""
    model = nn.MLP(2, [4, 1], activation="tanh", fused=fused, init=nn.init.constant(0.3))
    points = [([1.0, -2.0], 1.0), ([0.5, 0.3], -1.0), ([-1.0, 1.0], 1.0), ([2.0, 0.0], -1.0)]
    return sum([(model(x) - y) ** 2 for x, y in points], Value(0.0))


def batch(samples: int, sizes: list[int]) -> Value:
    model, rng = nn.MLP(2, sizes), random.Random(3)
    points = [[rng.random(), rng.random()] for _ in range(samples)]
    loss: Value = nn.mse_loss([model(x) for x in points], [x * y for x, y in points])
    return loss


def attention(places: int, wide: int) -> Value:
    """Causal attention, a softmax written by hand, and the sum of the outputs' squares."""
    rng = random.Random(2)
    columns = range(wide)
    q, k, v = [
        [[Value(rng.gauss(0, 1), label=f"{c}{i}{j}") for j in columns] for i in range(places)]
        for c in "qkv"
    ]
    total = Value(0.0)
    for i in range(places):
        scores = [_sum([a * b for a, b in zip(q[i], k[j])]) * wide**-0.5 for j in range(i + 1)]
        weights = [score.exp() for score in scores]
        whole = _sum(weights)
        for t in columns:
            total = total + _sum([w / whole * v[j][t] for j, w in enumerate(weights)]) ** 2
    return total


def _sum(terms: list[Value]) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def penalty() -> Value:
    """The squares of the derivatives of a network's loss, to be differentiated again."""
    model = nn.MLP(2, [4, 1], activation="tanh", init=nn.init.constant(0.3))
    loss = (model([Value(0.5, label="x0"), Value(-1.0, label="x1")]) - 1.0) ** 2
    slopes = autograd.gradient(loss, model.parameters(), create_graph=True)
    return sum([slope * slope for slope in slopes], Value(0.0))


def curvature() -> Value:
    x = Value(0.7, label="x")
    y = (x.sin() * x.exp()).tanh()
    for _ in range(2):
        (y,) = autograd.gradient(y, [x], create_graph=True)
    return y


def letters() -> Value:
    """The loss of the demo's transformer on one name."""
    np = __import__("numpy")
    from demos import gpt

    weights: dict[str, Any] = {
        name: np.array(
            [[Value(float(x), label=f"{name}.{i}.{j}") for j, x in enumerate(row)]
             for i, row in enumerate(matrix)]
        )
        for name, matrix in gpt.new_weights().items()
    }  # fmt: skip
    loss: Value = gpt.name_loss(weights, gpt.numbered("anna"))
    return loss


TABLE: dict[str, Callable[[], Value]] = dict(
    table(
        """
"product" | lambda: Value(2.0, label="a") * Value(3.0, label="b")
"small" | small
"logistic" | logistic
"second derivative" | curvature
"48 nodes" | lambda: expression(41, 3)
"80 nodes" | lambda: expression(60, 5, 4)
"184 nodes" | lambda: expression(150, 6, 5)
"372 nodes" | lambda: expression(300, 7, 6)
"network" | lambda: network([4, 4, 1]).root.value
"deep network" | lambda: nn.MLP(2, [12] * 5 + [1])([1.0, 2.0])
"four samples" | written_out
"every * and +" | lambda: written_out(fused=False)
"attention" | lambda: attention(3, 2)
"wide attention" | lambda: attention(4, 3)
"gradient penalty" | penalty
"transformer" | letters
"batch" | lambda: batch(100, [16, 16, 1])
""",
        globals(),
    )
)


PICTURES: dict[str, tuple[Callable[[], Graph], str]] = {
    name: tuple(row)
    for name, *row in table(
        """
"small" | lambda: small().graph() | "cd22c81f29c461f7"
"hostile" | lambda: hostile().graph(theme="dark", rankdir="TB") | "0beffb63db80061c"
"odd numbers" | lambda: odd_numbers().graph(gradients=False, theme="light") |
    "2c8d452dc2da364e"
"network" | lambda: network([2, 1]).root.value.graph(collapse=None) | "29e96f2e4e8fa76d"
"neurons" | lambda: network([3, 2, 1]).root.value.graph(collapse="neuron") |
    "847964baca37a297"
"layers" | lambda: network([3, 2, 1]).root.value.graph(collapse="layer") |
    "93e13178e927c009"
"cut" | lambda: chain(10).graph(max_nodes=6) | "83162b330dcdf933"
""",
        globals(),
    )
}


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
