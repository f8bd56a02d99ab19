"""A GPT written one number at a time, which invents first names.

One block as in GPT-2 (Radford et al. 2019), small and without biases: embeddings of letters
and places, RMS norm, causal attention with four heads, an MLP. A name of n letters is one
function of the weights and of n + 2 numbers; `autograd.compile` records it once for each
length, and replays it over a whole batch of names.
"""

from __future__ import annotations

import math
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value, compile, logsumexp, relu, scope, take
from demos.common import figure, progress, save_figure
from demos.names import LETTERS, draw_losses, known_names, print_names
from demos.transformer import Vector, attend, linear, norm, softmax

DIMENSION, HEADS, INNER, LONGEST = 16, 4, 64, 12
STEPS, QUICK_STEPS, BATCH, RATE = 4000, 20, 64, 0.01
HELD_OUT = 256
Weights = dict[str, Any]  # matrices, a row an output


# ---------------------------------------------------------------- the model, in scalars


def predict(weights: Weights, letters: list[Any]) -> tuple[list[Vector], list[list[Vector]]]:
    """For each place 27 logits for the next letter, and where each head looks."""
    columns = [*zip(*weights["letters"])]
    keys: list[Vector] = []
    values: list[Vector] = []
    logits, looks = [], []
    for place, letter in enumerate(letters):
        with scope("embedding"):
            letter_vector = [take(column, letter) for column in columns]
            embedded = [a + b for a, b in zip(letter_vector, weights["places"][place])]
        x = norm(embedded)
        normed = norm(x)
        with scope("query, key, value"):
            keys.append(linear(normed, weights["key"]))
            values.append(linear(normed, weights["value"]))
            query = linear(normed, weights["query"])
        attended, heads = attend(query, keys, values, HEADS)
        with scope("heads together"):
            x = [a + b for a, b in zip(linear(attended, weights["out"]), x)]
        normed = norm(x)
        with scope("MLP"):
            hidden = [relu(h) for h in linear(normed, weights["up"])]
            x = [a + b for a, b in zip(linear(hidden, weights["down"]), x)]
        with scope("logits"):
            logits.append(linear(x, weights["head"]))
        looks.append(heads)
    return logits, looks


def name_loss(weights: Weights, letters: list[Any]) -> Any:
    """The cross-entropy of a name, in nats a letter."""
    logits, _ = predict(weights, letters[:-1])
    with scope("loss"):
        losses = [
            logsumexp(row) - take(row, letter) for row, letter in zip(logits, letters[1:])
        ]
        return sum(losses) / len(losses)


# ---------------------------------------------------------------- training


def new_weights() -> dict[str, Any]:
    """Matrices of normal random numbers, drawn from `random`."""
    shapes = {
        "letters": (27, DIMENSION),
        "places": (LONGEST + 1, DIMENSION),
        "head": (27, DIMENSION),
    }
    shapes |= dict.fromkeys(["query", "key", "value", "out"], (DIMENSION, DIMENSION))
    shapes |= {"up": (INNER, DIMENSION), "down": (DIMENSION, INNER)}
    return {
        name: np.array([[random.gauss(0.0, 0.2) for _ in range(n)] for _ in range(m)])
        for name, (m, n) in shapes.items()
    }


def numbered(name: str) -> list[int]:
    """A name as numbers, the dot (0) at both ends.

    >>> numbered("abc")
    [0, 1, 2, 3, 0]
    """
    return [LETTERS.index(letter) for letter in f".{name}."]


def by_length(names: list[str]) -> dict[int, Any]:
    """The names of each length as an array of numbers, a row a name."""
    groups: dict[int, list[list[int]]] = defaultdict(list)
    for name in names:
        groups[len(name)].append(numbered(name))
    return {length: np.array(rows, dtype=float) for length, rows in groups.items()}


fast = compile(name_loss, in_axes=(None, 0), reduce="mean")


def train(weights: Weights, names: list[str], steps: int) -> list[float]:
    """Adam on batches of names of one length, with a rate that falls to 0."""
    groups = by_length(names)
    lengths = [len(name) for name in names]
    means = {name: 0.0 * matrix for name, matrix in weights.items()}
    squares = {name: 0.0 * matrix for name, matrix in weights.items()}
    losses = []
    for step in progress(range(1, steps + 1), "learning"):
        group = groups[random.choice(lengths)]
        batch = group[random.choices(range(len(group)), k=BATCH)]
        loss, slopes = fast.value_and_grad(weights, batch)
        rate = RATE * (1.0 - step / (steps + 1))
        for name, slope in slopes.items():
            means[name] = 0.9 * means[name] + 0.1 * slope
            squares[name] = 0.99 * squares[name] + 0.01 * slope**2
            mean, square = means[name] / (1.0 - 0.9**step), squares[name] / (1.0 - 0.99**step)
            weights[name] = weights[name] - rate * mean / (np.sqrt(square) + 1e-8)
        losses.append(loss)
    return losses


def mean_loss(weights: Weights, names: list[str]) -> float:
    """The loss over names, each as weighty as another."""
    groups = by_length(names).values()
    return float(sum([len(group) * fast(weights, group) for group in groups]) / len(names))


def invent(weights: Weights) -> str:
    """A name drawn letter by letter with the model's probabilities."""
    plain = {name: matrix.tolist() for name, matrix in weights.items()}
    letters = [0]
    while len(letters) <= LONGEST:
        chances = softmax(predict(plain, letters)[0][-1])
        (letter,) = random.choices(range(27), chances)
        if letter == 0:
            break
        letters.append(letter)
    return "".join([LETTERS[letter] for letter in letters[1:]])


# ---------------------------------------------------------------- the demo


def run(out: Path, quick: bool, seed: int) -> None:
    """Learn from most names, measure on the rest, invent twenty, draw what a head looks at."""
    random.seed(seed)
    known = [name for name in known_names() if len(name) <= LONGEST]
    shuffled = random.sample(known, len(known))
    data, held_out = shuffled[HELD_OUT:], shuffled[:HELD_OUT]
    steps = QUICK_STEPS if quick else STEPS
    weights = new_weights()
    count = sum([matrix.size for matrix in weights.values()])
    print(
        f"A GPT of {count:,} weights learns from {len(data):,} first names, {BATCH} at a time."
    )
    started = time.perf_counter()
    losses = train(weights, data, steps)
    taken = time.perf_counter() - started
    print(f"{steps:,} steps in {taken:.1f} s, in which each length was compiled, too.")
    loss = mean_loss(weights, held_out)
    print(f"Loss on {HELD_OUT} names it never saw: {loss:.3f} nats a letter, as if choosing")
    print(f"among {math.exp(loss):.1f} letters; guessing blindly is {math.log(27):.3f}, or 27.")
    _compare_speeds(weights)

    path = out / "gpt-weights.npz"
    np.savez(path, **weights)
    with np.load(path) as file:
        if mean_loss(dict(file), held_out) != loss:
            raise ArithmeticError(f"the weights read back from {path} give another loss")
    print(f"weights: {path}; read back, they give the same loss, bit for bit\n")

    print_names([invent(weights) for _ in range(20)], known)
    _draw(weights, losses, loss, max(held_out, key=len), out / "gpt.png")


def _compare_speeds(weights: Weights) -> None:
    """Print how long a name's gradient takes compiled, and as every number's own node."""
    letters = numbered("charlotte")
    batch = np.array([letters] * BATCH, dtype=float)
    values = {
        name: [list(map(Value, row)) for row in matrix] for name, matrix in weights.items()
    }

    def compiled() -> Any:
        return fast.value_and_grad(weights, batch)[0]

    def eager() -> Any:
        loss = name_loss(values, letters)
        loss.backward()
        return loss.data

    results, times = zip(*[(call(), []) for call in (compiled, eager)])
    if abs(results[0] - results[1]) > 1e-9:
        raise ArithmeticError(f"compiled the loss is {results[0]}, else {results[1]}")
    for _ in range(10):
        for call, took in zip((compiled, eager), times):
            started = time.process_time()
            call()
            took.append(time.process_time() - started)
    here, there = 1e6 * min(times[0]) / BATCH, 1e6 * min(times[1])
    print(f"The gradient of one name: {here:.0f} µs compiled, {there:,.0f} µs node by node,")
    print(f"{there / here:.0f} times as long; the loss is the same to 1e-9.")


def _draw(weights: Weights, losses: list[float], loss: float, name: str, path: Path) -> None:
    """The losses, and for one name how much a head looks back at each letter."""
    fig, (left, right) = figure(13.0, 5.2, columns=2)
    draw_losses(left, losses, loss)
    plain = {key: matrix.tolist() for key, matrix in weights.items()}
    letters = numbered(name)[:-1]
    looks = predict(plain, letters)[1]
    back = [sum([max(heads[h][:-1], default=0.0) for heads in looks]) for h in range(HEADS)]
    head = back.index(max(back))
    rows = [heads[head] for heads in looks]
    pattern = [[*row, *[math.nan] * (len(rows) - len(row))] for row in rows]
    image = right.imshow(pattern, cmap="Blues", vmin=0.0, vmax=1.0)
    shown = ["start", *name]
    right.set_xticks(range(len(shown)), shown)
    right.set_yticks(range(len(shown)), shown)
    right.set(title=f"Where head {head + 1} of {HEADS} looks", xlabel="at", ylabel="reading")
    right.grid(visible=False)
    fig.colorbar(image, ax=right, label="attention")
    save_figure(fig, path)
