"""The exercises of the lessons, with right and wrong answers."""

import math
import re
from typing import Any

from autograd import Value, grad  # noqa: F401  (rows name it)
from tests.helpers.builds import ROOT
from tests.helpers.tables import table

LESSONS = sorted((ROOT / "docs/lessons").glob("[01]*.md"))


TEXTS = {path: path.read_text("utf-8") for path in LESSONS}


ASKED = {
    path: re.findall(r"^```\{exercise\} (\S+)$", text, re.MULTILINE)
    for path, text in TEXTS.items()
}


LIVE = {
    path: re.findall(r"^```\{live\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for path, text in TEXTS.items()
}


# name: the right answer, a wrong one, and what is said of that
WORDS: dict[str, tuple[Any, Any, str]] = {
    name: tuple(row)
    for name, *row in table(
        """
"square" | 10 | 25.0 | "value of x²"
"price" | 0.4 | 4.0 | "That is the slope"
"chain" | 6.0 | 5.0 | "multiplied, not added"
"neuron-weight" | -4.0 | -2.0 | "multiplied by x"
"two-paths" | 6.0 | 5.0 | "another one"
"twice" | 6.0 | 3.0 | "adds to what"
"arrivals" | 3 | 2 | "two slots"
"log" | 0.25 | 1.386 | "ln 4 itself"
"quotient" | -0.25 | 0.25 | "the sign is not"
"best-nudge" | "1e-5" | "1e-15" | "rounding"
"forgotten" | 2.0 | 0.5 | "other way round"
"one-step" | 0.6 | -0.6 | "uphill"
"largest-rate" | 1.0 | 0.5 | "overshoot"
"parameters" | 17 | 13 | "bias"
"exclusive-or" | 3 | 4 | "straight line"
"curve-a" | "zero_grad is forgotten" | "the rate is too large" | "jumps over the valley"
"curve-b" | "the rate is too small" | "all weights start at 0" | "only the last bias"
"curve-c" | "all weights start at 0" | "zero_grad is forgotten" | "swings"
"curve-d" | "the rate is too large" | "the rate is too small" | "at every step"
"share" | 0.5 | 2.0 | "Divide by the sum"
"blame" | -0.3 | 0.3 | "grow or shrink"
"equal-scores" | 4.0 | 12.0 | "add up to 1"
"looks" | 15 | 25 | "after it"
"link" | 1.28 | 0.64 | "Multiply it"
"blind" | 1.946 | 7 | "minus its logarithm"
"residual" | 0.8 | -0.2 | "another one"
"bend" | 12 | 6 | "Half"
"newton-step" | 0.667 | 0.333 | "length of the step"
""",
        globals(),
    )
}


class Node:
    """A node as lesson 4 arrives at it."""

    def __init__(self, data: float, inputs: Any = (), partials: Any = ()) -> None:
        self.data, self.inputs, self.partials = data, inputs, partials
        self.grad = 0.0

    def __mul__(self, other: "Node") -> "Node":
        return type(self)(self.data * other.data, (self, other), (other.data, self.data))

    def __add__(self, other: "Node") -> "Node":
        return type(self)(self.data + other.data, (self, other), (1.0, 1.0))

    def tanh(self) -> "Node":
        t = math.tanh(self.data)
        return type(self)(t, (self,), (1.0 - t * t,))

    def ordered(self) -> list["Node"]:
        order: dict[Node, None] = {}

        def visit(node: Node) -> None:
            if node not in order:
                for x in node.inputs:
                    visit(x)
                order[node] = None

        visit(self)
        return [*order]

    def backward(self) -> None:
        self.grad = 1.0
        for node in reversed(self.ordered()):
            for x, partial in zip(node.inputs, node.partials):
                x.grad += node.grad * partial


class Hasty(Node):
    """Passes gradients on before they are complete."""

    def ordered(self) -> list[Node]:
        return [*super().ordered()[::-1][1:], self]


def repaired(v: Any) -> list[float]:
    x, y = v
    return [2 * (x * y - 3) * y, 2 * (x * y - 3) * x + 1 - math.tanh(y) ** 2]


def chained(w: float, x: float, b: float) -> tuple[float, float]:
    y = math.tanh(w * x + b)
    at_sum = 2 * (y - 1) * (1 - y * y)
    return at_sum * x, at_sum


def norm(x: list[float]) -> list[float]:
    mean = sum(xi * xi for xi in x) / len(x)
    return [xi / (mean + 0.00001) ** 0.5 for xi in x]


def line(w: Any) -> list[float]:
    points = [(0.0, 1.0), (1.0, 3.0), (2.0, 4.0)]
    errors = [w[0] * x + w[1] - y for x, y in points]
    return [2 * sum(e * x for e, (x, _) in zip(errors, points)), 2 * sum(errors)]


def agrees(f: Any, x: float, slope: float) -> bool:
    return bool(abs((f(x + 1e-5) - f(x - 1e-5)) / 2e-5 - slope) < 1e-4)


def step(parameters: Any, rate: float) -> None:
    for p in parameters:
        p.data -= rate * p.grad
        p.grad = 0.0


def descend(slope: Any, x: float, rate: float, steps: int) -> float:
    for _ in range(steps):
        x -= rate * slope(x)
    return x


def neuron(w: Any, x: Any, b: float) -> list[float]:
    y = math.tanh(sum(wi * xi for wi, xi in zip(w, x)) + b)
    return [(1 - y * y) * xi for xi in x]


def softmax(z: Any) -> list[float]:
    powers = [math.exp(score) for score in z]
    return [power / sum(powers) for power in powers]


def attend(query: Any, keys: Any, values: Any) -> list[float]:
    shares = softmax([sum(q * k for q, k in zip(query, key)) for key in keys])
    return [sum(s * x for s, x in zip(shares, column)) for column in zip(*values)]


# name: a right function, and what is said of the one that the lesson begins with
FUNCTIONS: dict[str, tuple[Any, str]] = {
    name: tuple(row)
    for name, *row in table(
        """
"nudge" | lambda f, x: (f(x + 1e-4) - f(x)) / 1e-4 | "It returned nothing"
"backward-chain" | chained | "Return two numbers"
"repair" | repaired | "argument 0[1]"
"paths" | lambda a, b: ((a * b + a) + a * (b + 1), a * a) | "a tuple of 2"
"engine-add" | Node | "should return a Node"
"engine-mul" | Node | "should return a Node"
"engine-tanh" | Node | "should return a Node"
"engine" | Node | "It raised"
"reciprocal" | lambda out, x: -out * out | "It returned nothing"
"agrees" | agrees | "yours says otherwise"
"line" | line | "half of what it should be"
"descend" | descend | "should be a number"
"neuron" | neuron | "It returned nothing"
"own-step" | step | "p is 1.6, and yours gives 2"
"p-minus-y" | lambda z, k: [p - (i == k) for i, p in enumerate(softmax(z))] |
    "It returned nothing"
"attend" | attend | "number(s), as each value has"
"norm" | norm | "as long as x"
"newton" | lambda f, x: x - grad(f)(x) / grad(grad(f))(x) | "should be a number"
""",
        globals(),
    )
}
