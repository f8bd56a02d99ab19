"""Graphs that the tests of the pictures draw."""

import math

import nn
from autograd import Graph, Value

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
