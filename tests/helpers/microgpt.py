"""A small language model on scalars, in the manner of a single-file GPT.

One block: embeddings, RMS norm, attention with two heads, a squared-ReLU layer, softmax,
cross-entropy, Adam. Everything is written for any `Value` class that has `+ * ** - /`, `exp`,
`log`, `relu`, `data`, `grad` and `backward`, and is checked against the plain one below.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

__all__ = ["PlainValue", "new_weights", "train"]

WORDS = ["anna", "emma", "ada", "ella", "nina", "amina", "hanna", "elena", "lena", "dana"]
LETTERS = sorted(set("".join(WORDS)))
END = len(LETTERS)
WIDTH, HEADS, HIDDEN, CONTEXT = 8, 2, 16, 6


class PlainValue:
    """Data, gradient, the operands and the local gradients to them; nothing else."""

    __slots__ = ("data", "grad", "children", "local_grads")

    def __init__(
        self,
        data: float,
        children: tuple[PlainValue, ...] = (),
        local_grads: tuple[float, ...] = (),
    ) -> None:
        self.data = data
        self.grad = 0.0
        self.children = children
        self.local_grads = local_grads

    def __add__(self, other: Any) -> PlainValue:
        other = other if isinstance(other, PlainValue) else PlainValue(other)
        return PlainValue(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> PlainValue:
        other = other if isinstance(other, PlainValue) else PlainValue(other)
        return PlainValue(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, p: float) -> PlainValue:
        return PlainValue(self.data**p, (self,), (p * self.data ** (p - 1),))

    def exp(self) -> PlainValue:
        data = math.exp(self.data)
        return PlainValue(data, (self,), (data,))

    def log(self) -> PlainValue:
        return PlainValue(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self) -> PlainValue:
        return PlainValue(max(0.0, self.data), (self,), (float(self.data > 0.0),))

    def __neg__(self) -> PlainValue:
        return self * -1.0

    def __sub__(self, other: Any) -> Any:
        return self + (-other)

    def __truediv__(self, other: Any) -> Any:
        return self * other**-1

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other

    def backward(self) -> None:
        order: list[PlainValue] = []
        seen: set[PlainValue] = set()
        stack = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(child, False) for child in node.children]
        self.grad = 1.0
        for node in reversed(order):
            for child, local in zip(node.children, node.local_grads):
                child.grad += local * node.grad


Vector = list[Any]
Matrix = list[Vector]


def _linear(x: Vector, w: Matrix) -> Vector:
    return [sum(wi * xi for wi, xi in zip(row, x)) for row in w]


def _rms_norm(x: Vector) -> Vector:
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def _softmax(logits: Vector) -> Vector:
    top = max(logit.data for logit in logits)
    exps = [(logit - top).exp() for logit in logits]
    total = sum(exps)
    return [e / total for e in exps]


def _attend(query: Vector, keys: Matrix, values: Matrix) -> Vector:
    size, result = WIDTH // HEADS, []
    for start in range(0, WIDTH, size):
        part = slice(start, start + size)
        scores = [
            sum(q * k for q, k in zip(query[part], key[part])) * size**-0.5 for key in keys
        ]
        weights = _softmax(scores)
        result += [
            sum(w * value[j] for w, value in zip(weights, values))
            for j in range(start, start + size)
        ]
    return result


def _logits(
    weights: dict[str, Matrix], letter: int, place: int, keys: Matrix, values: Matrix
) -> Vector:
    pairs = zip(weights["letters"][letter], weights["places"][place])
    x = _rms_norm([a + b for a, b in pairs])
    normed = _rms_norm(x)
    keys.append(_linear(normed, weights["key"]))
    values.append(_linear(normed, weights["value"]))
    attended = _attend(_linear(normed, weights["query"]), keys, values)
    x = [a + b for a, b in zip(_linear(attended, weights["out"]), x)]
    hidden = [h.relu() ** 2 for h in _linear(_rms_norm(x), weights["up"])]
    x = [a + b for a, b in zip(_linear(hidden, weights["down"]), x)]
    return _linear(x, weights["head"])


def _loss(weights: dict[str, Matrix], word: str) -> Any:
    tokens = [END, *[LETTERS.index(c) for c in word], END][: CONTEXT + 1]
    keys: Matrix = []
    values: Matrix = []
    losses = []
    for place, (letter, following) in enumerate(pairwise(tokens)):
        probabilities = _softmax(_logits(weights, letter, place, keys, values))
        losses.append(-probabilities[following].log())
    return sum(losses) * (1.0 / len(losses))


def new_weights(value: Callable[[float], Any]) -> dict[str, Matrix]:
    """The matrices by name, with every number in a `value`."""
    rng = random.Random(42)
    shapes = {"letters": (END + 1, WIDTH), "places": (CONTEXT, WIDTH)}
    shapes |= {"head": (END + 1, WIDTH), "up": (HIDDEN, WIDTH), "down": (WIDTH, HIDDEN)}
    shapes |= dict.fromkeys(["query", "key", "value", "out"], (WIDTH, WIDTH))
    return {
        name: [[value(rng.gauss(0.0, 0.2)) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in shapes.items()
    }


def train(value: Callable[[float], Any], steps: int) -> list[float]:
    """The losses of some steps of Adam, with every number in a `value`."""
    weights = new_weights(value)
    parameters = [p for matrix in weights.values() for row in matrix for p in row]
    means, squares = [0.0] * len(parameters), [0.0] * len(parameters)
    losses = []
    for step in range(steps):
        loss = _loss(weights, WORDS[step % len(WORDS)])
        loss.backward()
        rate = 0.01 * (1.0 - step / steps)
        for i, p in enumerate(parameters):
            means[i] = 0.85 * means[i] + 0.15 * p.grad
            squares[i] = 0.99 * squares[i] + 0.01 * p.grad**2
            mean = means[i] / (1.0 - 0.85 ** (step + 1))
            square = squares[i] / (1.0 - 0.99 ** (step + 1))
            p.data -= rate * mean / (square**0.5 + 1e-8)
            p.grad = 0.0
        losses.append(loss.data)
    return losses
