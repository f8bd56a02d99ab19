"""Graphs, models and trainings whose pages are opened in the browser."""

import functools
import math
import random
from collections.abc import Sequence
from typing import Any

import autograd
import nn
from autograd import Value, lines


def readme() -> Value:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    e = a * b
    e.label = "e"
    d = e + Value(10.0, label="c")
    d.label = "d"
    loss = d * Value(-2.0, label="f")
    loss.label = "L"
    return loss


def edges() -> Value:
    """Infinite, NaN and -0 among the numbers."""
    x = Value(0.0, label="x")
    return (x.sqrt() + Value(math.inf)) * Value(-0.0)


def powers(n: int = 6) -> Value:
    """A chain with a leaf that is drawn once a use."""
    w = Value(0.9, label="w")
    y = w * w
    for _ in range(n):
        y = y * w
    return y


def long(n: int) -> Value:
    y = Value(1.0, label="x")
    for _ in range(n):
        y = y.tanh()
    return y


def formula(a: float, b: float) -> Value:
    x, w = Value(a, label="a"), Value(b, label="b")
    y = (x * w + 0.5).tanh() - (x - 2.0) ** 2 + w.abs().sqrt()
    y = y + (w * 3.0 - x).relu() * -x
    y.label = "y"
    return y


def shared() -> Value:
    x, w = Value(3.0, label="x"), Value(0.4, label="w")
    s = x * w
    y = (s.tanh() + (s + 1.0) * x) * s
    y.label = "y"
    return y


def neuron_with_lines() -> Value:
    with lines():
        x = Value(0.5, label="x")
        w = Value(-0.8, label="w")
        y = (w * x + 0.1).tanh()
        y.label = "y"
        return (y - 1.0) ** 2


NEURON: dict[str, float] = {"w": 0.5, "x": -2.0, "b": 1.0}


def neuron() -> str:
    return autograd.play("tanh(w*x + b)", **NEURON).html()


def cloud(count: int = 30) -> tuple[list[list[float]], list[int]]:
    """Points around two or three centres, and which."""
    source = random.Random(3)
    points, sides = [], []
    for k in range(count):
        centre = [(-1.0, 0.0), (1.0, 0.5), (0.0, -1.0)][k % 3]
        points.append([c + source.gauss(0.0, 0.4) for c in centre])
        sides.append(k % 3)
    return points, sides


def model_of(sizes: list[int], activation: str, **settings: Any) -> nn.MLP:
    random.seed(5)
    return nn.MLP(2, sizes, activation=activation, **settings)


POINTS, SIDES = cloud()
SIGNS = [1.0 if side else -1.0 for side in SIDES]


def played(sizes: Sequence[int] = (5, 4, 1), lr: float = 0.3) -> str:
    """The page that trains a network in the browser."""
    model = model_of([*sizes], "tanh")
    return nn.play(model, POINTS, SIGNS, loss=nn.hinge_loss, lr=lr).html()


# So many steps of what is trained there: the losses, and the norms of the gradients.
STEPS = """(count) => {
    for (let k = 0; k < count; k++) runs[0].step();
    return runs[0].seen.map(({ loss, test, norms }) => [loss, test, norms]);
}"""


@functools.cache
def learned() -> nn.History:
    """A line learned between two clouds of points."""
    random.seed(0)
    points = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(20)]
    sides = [1.0 if x + y > 0 else -1.0 for x, y in points]
    model = nn.Layer(2, 1)
    return nn.fit(
        model,
        points,
        sides,
        loss=nn.mse_loss,
        optimizer=nn.SGD(model.parameters(), lr=0.1),
        epochs=12,
        validation=(points[:5], sides[:5]),
        metrics={"size <b>": lambda outputs, targets: len(outputs)},
        progress=False,
    )


# The box that a browser has for a text is higher than its letters: labels may touch by 1 pixel.
FAULTS = """() => {
  const faults = [];
  const pairs = list => list.flatMap((b, i) => list.slice(0, i).map(a => [a, b]));
  const inside = (a, b) => a.x >= b.x - 0.1 && a.x + a.width <= b.x + b.width + 0.1 &&
    a.y >= b.y - 1 && a.y + a.height <= b.y + b.height + 1;
  const overlap = (a, b, slack) =>
    Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > slack &&
    Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > slack;
  const holds = (b, p) => p.x > b.x + 2 && p.x < b.x + b.width - 2 &&
    p.y > b.y + 2 && p.y < b.y + b.height - 2;
  for (const svg of document.querySelectorAll("svg.autograd")) {
    const find = (selector, from = svg) => [...from.querySelectorAll(selector)].map(element => {
      const {x, y, width, height} = element.getBBox();
      return {element, x, y, width, height};
    });
    const fault = (what, ...parts) => faults.push([svg.id, what, ...parts.map(
      ({element}) => `${element.closest("g[id]")?.id} ${element.textContent}`)]);
    const boxes = find(".node > rect"), labels = find(".local");
    for (const box of [...boxes, ...find(".cluster > rect")]) {
      const texts = find("text", box.element.parentNode);
      for (const text of texts) if (!inside(text, box)) fault("a text outside its box", text);
      for (const [a, b] of pairs(texts))
        if (overlap(a, b, -2)) fault("a text on a text", a, b);
    }
    for (const text of find("text"))
      if (!inside(text, svg.viewBox.baseVal)) fault("a text outside the picture", text);
    for (const [a, b] of pairs(boxes)) if (overlap(a, b, 0)) fault("a box on a box", a, b);
    for (const [a, b] of pairs([...labels, ...find(".path")]))
      if (overlap(a, b, 1)) fault("a label on a label", a, b);
    for (const label of labels)
      for (const box of boxes)
        if (overlap(label, box, 1)) fault("a label on a box", label, box);
    const arrows = find(".edge > path");
    for (const arrow of arrows) {
      const length = arrow.element.getTotalLength();
      arrow.points = Array.from({length: 33}, (_, k) =>
        arrow.element.getPointAtLength(k / 32 * length)).map(({x, y}) => ({x, y}));
      for (const box of boxes)
        if (arrow.points.some(point => holds(box, point)))
          fault("an arrow through a box", arrow, box);
    }
    for (const [a, b] of pairs(arrows))
      if ([8, 16, 24].every(k =>
          Math.hypot(a.points[k].x - b.points[k].x, a.points[k].y - b.points[k].y) < 4))
        fault("an arrow on an arrow", a, b);
  }
  return [document.querySelectorAll("svg.autograd").length, faults];
}"""
