"""The first example of every textbook: a linear neuron, fitted by gradient descent.

The neuron w·x must give -1 for both inputs. One descent lets the engine differentiate the
mean squared error; the other has its four stages (forward, error, backward, update) written
out in plain Python. Both must take the same path. The loss is then a program that is fed with
other data by name.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import log10
from pathlib import Path

from matplotlib.axes import Axes

import nn
from autograd import compile, dot
from demos.common import BLUE, GREY, ORANGE, figure, save_figure

INPUTS = [[1.0, 2.0], [3.0, 4.0]]
TARGETS = [-1.0, -1.0]
SOLUTION = (1.0, -1.0)  # the weights with 1·w0 + 2·w1 = -1 and 3·w0 + 4·w1 = -1
LEARNING_RATE = 0.01
STEPS = 1000
EVERY = 100


@dataclass(frozen=True)
class Descent:
    """The loss before each step of a descent, and the weights after it."""

    losses: list[float]
    weights: list[list[float]]


def with_engine(start: list[float], steps: int = STEPS) -> Descent:
    """Gradient descent from two weights, differentiated by the engine.

    >>> with_engine([1.0, -1.0], steps=1)
    Descent(losses=[0.0], weights=[[1.0, -1.0]])
    """
    neuron = nn.Neuron(2, bias=False)
    for w, number in zip(neuron.w, start):
        w.data = number
    optimizer = nn.SGD(neuron.parameters(), lr=LEARNING_RATE)
    descent = Descent([], [])
    for _ in range(steps):
        loss = nn.mse_loss([neuron(x) for x in INPUTS], TARGETS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        descent.losses.append(loss.data)
        descent.weights.append([w.data for w in neuron.w])
    return descent


def by_hand(start: list[float], steps: int = STEPS, show: bool = False) -> Descent:
    """The same descent without the engine; `show` prints the stages of the first step.

    >>> by_hand([1.0, -1.0], steps=1)
    Descent(losses=[0.0], weights=[[1.0, -1.0]])
    """
    w = start
    n = len(INPUTS)
    descent = Descent([], [])
    for step in range(steps):
        predictions = [w[0] * x[0] + w[1] * x[1] for x in INPUTS]
        errors = [p - t for p, t in zip(predictions, TARGETS)]
        loss = sum([e * e for e in errors]) / n
        gradient = [2.0 / n * sum([e * x[i] for e, x in zip(errors, INPUTS)]) for i in (0, 1)]
        w = [w[i] - LEARNING_RATE * gradient[i] for i in (0, 1)]
        descent.losses.append(loss)
        descent.weights.append(w)
        if show and step == 0:
            print(f"  1 forward   w·x for both inputs             {_row(predictions)}")
            print(f"  2 error     prediction - target             {_row(errors)}")
            print(f"              mean of the squares, the loss   {loss:10.6f}")
            print(f"  3 backward  d(loss)/dw = mean of 2·error·x  {_row(gradient)}")
            print(f"  4 update    w - {LEARNING_RATE} · d(loss)/dw          {_row(w)}")
    return descent


def squared_error(w: list[float], x: list[float], y: float) -> float:
    """Of one input x, for the target y.

    >>> squared_error([1.0, -1.0], [3.0, 4.0], 1.0)
    4.0
    """
    error: float = dot(w, x) - y
    return error * error


def feed(w: list[float]) -> dict[str, float]:
    """The mean squared error of several sets of data by one program, which is fed by name.

    >>> feed([1.0, -1.0])
    {'the same inputs': 0.0, 'one more': 0.0, 'other targets': 4.0}
    """
    loss = compile(squared_error, in_axes=(None, 0, 0), reduce="mean")
    return {
        "the same inputs": loss(w=w, x=INPUTS, y=TARGETS),
        "one more": loss(w=w, x=[*INPUTS, [5.0, 6.0]], y=[*TARGETS, -1.0]),
        "other targets": loss(w=w, x=INPUTS, y=[1.0, 1.0]),
    }


def largest_difference(one: Descent, other: Descent) -> float:
    """The largest distance between the weights of two descents, over all steps.

    >>> largest_difference(Descent([], [[1.0, 2.0]]), Descent([], [[1.0, 2.5]]))
    0.5
    """
    pairs = zip(one.weights, other.weights, strict=True)
    return max(abs(a - b) for v, w in pairs for a, b in zip(v, w))


def run(out: Path, quick: bool, seed: int) -> None:
    """Descend both ways, compare, and draw the path; takes a second."""
    steps = 200 if quick else STEPS
    random.seed(seed)
    start = [random.gauss(0.0, 1.0), random.gauss(0.0, 1.0)]
    print("Find weights w with w·(1, 2) = -1 and w·(3, 4) = -1, by gradient descent.")
    print(f"They start at random, at {_row(start)}. The first step by hand:\n")
    hand = by_hand(start, steps, show=True)
    engine = with_engine(start, steps)
    print("\n  step   loss by the engine       loss by hand")
    for step in [*range(0, steps, EVERY), steps - 1]:
        print(f"  {step:4d}   {engine.losses[step]:<22.16g}   {hand.losses[step]:.16g}")
    difference = largest_difference(engine, hand)
    print(f"\nAfter {steps} steps w is {_row(engine.weights[-1])}; exact is (1, -1).")
    if difference > 1e-12:
        raise ArithmeticError(f"the engine and the hand-written steps differ by {difference}")
    agree = f"to within {difference:.1e}" if difference else "to the last bit"
    print(f"The engine and the steps by hand agree in every weight of every step, {agree}.")
    print(
        "\nThe loss is a function of w, x and y. Compiled, it is recorded once and then fed by"
    )
    print("name, as placeholders were from a feed_dict in TensorFlow 1:")
    for data, loss in feed(engine.weights[-1]).items():
        print(f"  loss(w=w, x=..., y=...) of {data:<16} {loss:.6f}")
    _draw(start, engine, hand, out / "regression.png")


def _row(numbers: list[float]) -> str:
    return "(" + ", ".join([f"{x:.6f}" for x in numbers]) + ")"


def _loss_at(w0: float, w1: float) -> float:
    squares = [(w0 * x[0] + w1 * x[1] - t) ** 2 for x, t in zip(INPUTS, TARGETS)]
    return sum(squares) / len(squares)


def _draw(start: list[float], engine: Descent, hand: Descent, path: Path) -> None:
    fig, (left, right) = figure(12.0, 4.4, columns=2)
    marks = range(0, len(hand.losses), EVERY)
    left.semilogy(engine.losses, color=BLUE, label="engine")
    left.plot(marks, [hand.losses[i] for i in marks], "o", color=ORANGE, label="by hand")
    left.set(title="The loss falls", xlabel="step", ylabel="mean squared error (log scale)")
    left.legend()

    track = [start, *engine.weights]
    _draw_valley(right, [*track, list(SOLUTION)])
    right.plot(*zip(*track), "-", color=BLUE, label="path of the engine")
    stops = [hand.weights[i] for i in marks]
    right.plot(*zip(*stops), "o", color=ORANGE, markersize=5, label="by hand, every 100 steps")
    right.plot(*start, "s", color=GREY, label="start")
    right.plot(*SOLUTION, "*", color="black", markersize=12, label="exact solution (1, -1)")
    right.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0))
    save_figure(fig, path)


def _draw_valley(ax: Axes, points: list[list[float]]) -> None:
    middle = [(min(axis) + max(axis)) / 2 for axis in zip(*points)]
    reach = 0.8 * max([max(axis) - min(axis) for axis in zip(*points)])
    ticks = [reach * (i / 100 - 1.0) for i in range(201)]
    xs, ys = [middle[0] + t for t in ticks], [middle[1] + t for t in ticks]
    heights = [[log10(_loss_at(w0, w1) + 1e-12) for w0 in xs] for w1 in ys]
    levels = [x / 2 for x in range(-8, 5)]
    ax.contourf(xs, ys, heights, levels=levels, extend="both", cmap="Greys_r", alpha=0.5)
    ax.contour(xs, ys, heights, levels=levels, colors="white", linestyles="-", linewidths=0.6)
    ax.grid(visible=False)
    ax.set(title="Down a valley (darker is lower)", xlabel="w0", ylabel="w1", aspect="equal")
