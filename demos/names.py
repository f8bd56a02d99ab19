"""Inventing first names: a character model that guesses each letter from the three before.

The net of Bengio et al. (2003), at the size of a list of names: each letter is looked up in
a table of learned vectors (an embedding), the vectors of three letters go through a hidden
layer of tanh, and 27 logits say what comes next. The 5,163 names are those of the US census
of 1990, as the package `names` ships them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from math import exp, log
from pathlib import Path

import names as census
import numpy as np
from matplotlib.axes import Axes

import nn
from autograd import Value, logsumexp, no_grad
from demos.common import BLUE, GREY, ORANGE, figure, progress, save_figure, smooth

LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the dot begins and ends a name
CONTEXT = 3
BATCH = 32
STEPS, QUICK_STEPS = 1200, 60
HELD_OUT = 200
Example = tuple[list[int], int]


def known_names() -> list[str]:
    """The first names of the list, each once, in alphabetical order.

    >>> known_names()[:3]
    ['aaron', 'abbey', 'abbie']
    """
    names: set[str] = set()
    for group in ("first:female", "first:male"):
        lines = Path(census.FILES[group]).read_text(encoding="ascii").splitlines()
        names.update([line.split()[0].lower() for line in lines])
    return sorted(names)


def examples(names: Iterable[str]) -> list[Example]:
    """The samples: the numbers of three letters, and the number of the letter that follows.

    >>> examples(["al"])
    [([0, 0, 0], 1), ([0, 0, 1], 12), ([0, 1, 12], 0)]
    """
    result = []
    for name in names:
        context = [0] * CONTEXT
        for letter in name + ".":
            target = LETTERS.index(letter)
            result.append((context, target))
            context = [*context[1:], target]
    return result


class NameModel(nn.Module):
    """Three letters in, 27 logits for the next letter out."""

    def __init__(self, vector: int = 6, hidden: int = 40) -> None:
        self.table = nn.Embedding(len(LETTERS), vector)
        self.net = nn.MLP(CONTEXT * vector, [hidden, len(LETTERS)], activation="tanh")

    def forward(self, context: list[int]) -> list[Value]:
        """The logits after this context of three letter numbers."""
        logits: list[Value] = self.net([x for index in context for x in self.table(index)])
        return logits


def letter_loss(model: NameModel, batch: list[Example]) -> Value:
    """The cross-entropy, in nats a letter."""
    logits = [model(context) for context, _ in batch]
    loss: Value = nn.cross_entropy(logits, [target for _, target in batch])
    return loss


def train(model: NameModel, data: list[Example], steps: int) -> list[float]:
    """Adam on random batches, with a learning rate that falls to 0; the loss of each step."""
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    scheduler = nn.CosineAnnealingLR(optimizer, T_max=steps)
    step = nn.compile(model, nn.cross_entropy, optimizer)
    losses = []
    for _ in progress(range(steps), "learning"):
        contexts, targets = zip(*random.sample(data, BATCH))
        losses.append(step(contexts, targets))
        scheduler.step()
    return losses


def invent(model: NameModel, longest: int = 20) -> str:
    """A name drawn letter by letter with the model's probabilities."""
    context, name = [0] * CONTEXT, ""
    while len(name) < longest:
        with no_grad():
            logits = [logit.data for logit in model(context)]
        total = logsumexp(logits)
        (index,) = random.choices(range(27), [exp(x - total) for x in logits])
        if index == 0:
            break
        name += LETTERS[index]
        context = [*context[1:], index]
    return name


def run(out: Path, quick: bool, seed: int) -> None:
    """Learn from most names, measure on the rest, invent twenty."""
    random.seed(seed)
    known = known_names()
    shuffled = random.sample(known, len(known))
    data, held_out = examples(shuffled[HELD_OUT:]), examples(shuffled[:HELD_OUT])
    steps = QUICK_STEPS if quick else STEPS
    print(f"A net reads three letters and guesses the next one. It learns from {len(data)}")
    print(f"letters of {len(known) - HELD_OUT} first names, {BATCH} at a time, {steps} times.")
    model = NameModel()
    losses = train(model, data, steps)
    with no_grad():
        loss = letter_loss(model, held_out).data
    print(
        f"Loss on {HELD_OUT} names it never saw: {loss:.3f} nats a letter, as if choosing among"
    )
    print(
        f"{exp(loss):.1f} equally likely letters; guessing blindly is {log(27):.3f}, or 27.\n"
    )

    print_names([invent(model) for _ in range(20)], known)
    _draw(model, losses, loss, out / "names.png")


def print_names(invented: list[str], known: list[str]) -> None:
    """Print the names, five a line, and how many of them are new."""
    for row in range(0, len(invented), 5):
        print("  " + "".join([f"{name.capitalize():<15}" for name in invented[row : row + 5]]))
    new = len([name for name in invented if name not in known])
    print(f"\n{new} of these {len(invented)} are not in the list.")


def draw_losses(ax: Axes, losses: list[float], held_out: float) -> None:
    """The losses of a training, beside the loss on other names and that of guessing."""
    window = max(2, len(losses) // 30)
    ax.plot(smooth(losses, window), color=BLUE, label=f"batches, mean of {window} steps")
    ax.axhline(held_out, color=ORANGE, linestyle="--", label="held-out names, at the end")
    ax.axhline(log(27), color=GREY, linestyle=":", label="guessing blindly")
    ax.set(title="Learning", xlabel="step", ylabel="loss, nats a letter")
    ax.legend()


def apart(points: np.ndarray, least: float) -> np.ndarray:
    """The points, of shape (n, 2), moved until no two are nearer than about `least`.

    >>> apart(np.array([[0.0, 0.0], [0.5, 0.0], [5.0, 0.0]]), 1.0).round(2).tolist()
    [[-0.25, 0.0], [0.75, 0.0], [5.0, 0.0]]
    """
    for _ in range(100):
        gaps = points[:, None] - points
        distances = np.linalg.norm(gaps, axis=2) + np.eye(len(points)) * least
        shares = np.maximum(least - distances, 0.0) / distances / 2.0
        points = points + (shares[:, :, None] * gaps).sum(axis=1)
    return points


def _draw(model: NameModel, losses: list[float], held_out: float, path: Path) -> None:
    fig, (left, right) = figure(13.0, 5.2, columns=2)
    draw_losses(left, losses, held_out)
    vectors = np.array([[x.data for x in row] for row in model.table.weight])
    centred = vectors - vectors.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    points = centred @ axes[:2].T
    share = float((sizes[:2] ** 2).sum() / (sizes**2).sum())
    points = apart(points, 0.04 * float(np.ptp(points, axis=0).max()))
    for letter, (x, y) in zip(LETTERS, points.tolist()):
        vowel = letter in "aeiouy"
        right.text(
            x,
            y,
            "end" if letter == "." else letter,
            ha="center",
            va="center",
            color=ORANGE if vowel else "black",
            weight="bold" if vowel else "normal",
            size=15 if vowel else 12,
        )
    right.update_datalim(points)
    right.margins(0.08)
    right.set(
        aspect="equal",
        adjustable="datalim",
        title=f"The letters' vectors, {share:.0%} of their variance (vowels: large, bold)",
        xlabel="first principal component",
        ylabel="second",
    )
    save_figure(fig, path)
