"""Two half-moons: a small net learns a boundary that is not a straight line.

A hundred noisy points, an MLP 2-16-16-1, the hinge loss that asks for a margin of 1, and an
L2 penalty that keeps the weights small.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from sklearn.datasets import make_moons

import nn
from autograd import Value, no_grad
from demos.common import on_terminal, save_drawn

PENALTY = 1e-4
EPOCHS = 100
Points = list[list[float]]


def moons(count: int, seed: int) -> tuple[Points, list[float]]:
    """Points on two noisy half-moons and their classes, -1 and 1.

    >>> points, classes = moons(4, seed=0)
    >>> len(points), sorted(classes)
    (4, [-1.0, -1.0, 1.0, 1.0])
    """
    drawn: Any = make_moons(n_samples=count, noise=0.1, random_state=seed)
    points, classes = drawn
    return points.tolist(), [2.0 * k - 1.0 for k in classes.tolist()]


def train(points: Points, classes: list[float], epochs: int) -> tuple[nn.MLP, nn.History]:
    """A new net, trained on all points at once, with a learning rate that falls to a tenth."""
    model = nn.MLP(2, [16, 16, 1])
    optimizer = nn.SGD(model.parameters(), lr=0.2, momentum=0.9)
    history = nn.fit(
        model,
        points,
        classes,
        loss=nn.hinge_loss,
        optimizer=optimizer,
        scheduler=nn.LinearLR(optimizer, 1.0, 0.1, total_iters=epochs),
        epochs=epochs,
        metrics={"accuracy": nn.accuracy},
        penalty=lambda parameters: nn.l2_penalty(parameters, PENALTY),
        progress=on_terminal(),
    )
    return model, history


def run(out: Path, quick: bool, seed: int) -> None:
    """Train on 100 points, test on 1,000 new ones, draw the boundary; a few seconds."""
    epochs = 15 if quick else EPOCHS
    random.seed(seed)
    points, classes = moons(100, seed)
    print(f"A net 2-16-16-1 learns to tell two half-moons apart from {len(points)} points,")
    print("by the hinge loss: zero for a point on its side by a margin of 1 or more.")
    model, history = train(points, classes, epochs)
    fresh, truth = moons(1000, seed + 1)
    with no_grad():
        scores = [model(p).data for p in fresh]
    accuracy = nn.accuracy(scores, truth)
    first, last = history["loss"][0], history["loss"][-1]
    print(f"In {epochs} epochs the loss went from {first:.4f} to {last:.4f}.")
    print(f"Correct: {history['accuracy'][-1]:.1%} of the points it learned from,")
    print(f"         {accuracy:.1%} of {len(fresh)} new ones.")
    save_drawn(history, out / "moons.png")
    save_drawn(history, out / "moons-training.html")
    hardest = min(range(len(fresh)), key=lambda i: scores[i] * truth[i])
    explain(model, fresh[hardest], truth[hardest], out)


def explain(model: nn.MLP, point: list[float], target: float, out: Path) -> None:
    """The graph of one prediction and its loss, and how the last neuron learns from it."""
    model.zero_grad()
    inputs = [Value(number, label=name) for number, name in zip(point, "xy")]
    loss = nn.hinge_loss([model(inputs)], [target])
    loss.label = "loss"
    loss.backward()
    save_drawn(loss.graph(), out / "moons-graph.svg")

    with no_grad():
        hidden = model.layers[1](model.layers[0](point))
    for i, h in enumerate(hidden):
        h.label = f"hidden {i}"
    score = model.layers[2](hidden)
    score.label = "score"
    loss = nn.hinge_loss([score], [target])
    loss.label = "loss"
    save_drawn(loss.steps(), out / "moons-steps.html")
