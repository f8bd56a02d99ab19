"""Reading handwritten digits: an MLP 64-32-10 on scikit-learn's 1,797 real images.

Each image has 8×8 pixels (E. Alpaydin and C. Kaynak 1998, UCI "Optical Recognition of
Handwritten Digits"). 360 of them are the test set, used once, at the end; 180 are the
validation set; the rest is the training set.
"""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import nn
from autograd import Value, logsumexp, no_grad
from demos.common import (
    confusion,
    draw_confusion,
    figure,
    on_terminal,
    save_drawn,
    save_figure,
)

EPOCHS = 20
TEST, VALIDATION = 360, 180
QUICK_EPOCHS, QUICK_IMAGES = 4, 300
SHEET = 24  # images on a sheet, at most
Image = list[float]


@dataclass(frozen=True)
class Digits:
    """Images as 64 numbers from 0 (paper) to 1 (ink), row by row, and the digits they show."""

    images: list[Image]
    labels: list[int]

    def split(self, count: int) -> tuple[Digits, Digits]:
        """The rest, and `count` images with each digit in proportion; the same every time.

        >>> rest, test = load().split(360)
        >>> len(rest.images), len(test.images)
        (1437, 360)
        """
        parts: Any = train_test_split(
            self.images, self.labels, test_size=count, stratify=self.labels, random_state=0
        )
        return Digits(parts[0], parts[2]), Digits(parts[1], parts[3])


def load() -> Digits:
    """The 1,797 images that come with scikit-learn."""
    data: Any = load_digits()
    return Digits((data.data / 16.0).tolist(), data.target.tolist())


def new_model() -> nn.MLP:
    """A net with ten logits, one a digit, and fresh random weights."""
    return nn.MLP(64, [32, 10])


def train(model: nn.MLP, data: Digits, validation: Digits, epochs: int) -> nn.History:
    """Momentum SGD in batches of 16, with a learning rate that falls along a cosine to 0."""
    optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3)
    return nn.fit(
        model,
        data.images,
        data.labels,
        loss=nn.cross_entropy,
        optimizer=optimizer,
        scheduler=nn.CosineAnnealingLR(optimizer, T_max=epochs),
        epochs=epochs,
        batch_size=16,
        validation=(validation.images, validation.labels),
        metrics={"accuracy": nn.accuracy},
        progress=on_terminal(),
    )


def probabilities(model: nn.MLP, images: list[Image]) -> list[list[float]]:
    """Ten probabilities an image, one a digit: the softmax of the logits."""
    with no_grad():
        outputs = [[logit.data for logit in model(image)] for image in images]
    return [[math.exp(x - logsumexp(logits)) for x in logits] for logits in outputs]


def run(out: Path, quick: bool, seed: int) -> None:
    """Train, test on the test set, save the model and check the saved one."""
    random.seed(seed)
    rest, test = load().split(TEST)
    data, validation = rest.split(VALIDATION)
    epochs = EPOCHS
    if quick:
        epochs = QUICK_EPOCHS
        data = Digits(data.images[:QUICK_IMAGES], data.labels[:QUICK_IMAGES])
    print(
        f"An MLP 64-32-10 learns to read digits from {len(data.images)} images of 8×8 pixels,"
    )
    print(f"in {epochs} epochs. {TEST} other images stay out of sight until the end.")
    model = new_model()
    begin = time.perf_counter()
    history = train(model, data, validation, epochs)
    print(f"It took {time.perf_counter() - begin:.1f} s; the steps are compiled.")
    print(
        f"Cross-entropy: {history['loss'][0]:.3f} in the first epoch, "
        f"{history['loss'][-1]:.3f} in the last; on {VALIDATION} validation images "
        f"{history['val_loss'][-1]:.3f}."
    )

    beliefs = probabilities(model, test.images)
    read = [p.index(max(p)) for p in beliefs]
    counts = confusion(test.labels, read, 10)
    right = sum([counts[k][k] for k in range(10)])
    _print_confusion(counts)
    print(f"accuracy on the {TEST} images it never saw: {right / TEST:.1%} ({right} right)")

    path = out / "digits-model.json"
    nn.save_model(model, path)
    reloaded = new_model()
    nn.load_model(reloaded, path)
    if probabilities(reloaded, test.images) != beliefs:
        raise ArithmeticError(f"the model read back from {path} predicts something else")
    print(f"model: {path}; a fresh net loaded from it predicts the same, bit for bit")

    save_drawn(history, out / "digits-learning.png")
    title = f"{right} of {TEST} unseen images read correctly"
    names = [str(k) for k in range(10)]
    draw_confusion(counts, names, title, ("read as", "shown"), out / "digits-confusion.png")
    _draw_sheets(test, beliefs, read, out)
    save_drawn(history, out / "digits-training.html")
    hardest = min(range(TEST), key=lambda i: beliefs[i][test.labels[i]])
    explain(model, test.images[hardest], test.labels[hardest], out)


def explain(model: nn.MLP, image: Image, label: int, out: Path) -> None:
    """Draw one prediction with its loss, and the backward pass from the loss to the logits."""
    model.zero_grad()
    logits = model(image)
    loss = nn.cross_entropy([logits], [label])
    loss.label = "loss"
    loss.backward()
    save_drawn(loss.graph(), out / "digits-graph.svg")

    leaves = [Value(logit.data, label=f"logit {k}") for k, logit in enumerate(logits)]
    loss = nn.cross_entropy([leaves], [label])
    loss.label = "loss"
    save_drawn(loss.steps(), out / "digits-steps.html")


def _print_confusion(counts: list[list[int]]) -> None:
    table = Table(title="shown (row) and read as (column)", title_justify="left")
    table.add_column("", justify="right", style="bold")
    for digit in range(10):
        table.add_column(str(digit), justify="right")
    for digit, row in enumerate(counts):
        cells = [str(n) if n else "·" for n in row]
        cells[digit] = f"[bold]{cells[digit]}[/bold]"
        table.add_row(str(digit), *cells)
    Console().print(table)


def _draw_sheets(test: Digits, beliefs: list[list[float]], read: list[int], out: Path) -> None:
    first = list(range(SHEET))
    right = sum([read[i] == test.labels[i] for i in first])
    title = f"{SHEET} of the {TEST} unseen images: {right} read correctly"
    _draw_sheet(test, beliefs, first, title, out / "digits-read.png")
    wrong = [i for i, label in enumerate(test.labels) if read[i] != label]
    if not wrong:
        print("not one digit was misread, so there is no sheet of misread ones")
        return
    which = f"The {len(wrong)}" if len(wrong) <= SHEET else f"{SHEET} of the {len(wrong)}"
    title = f"{which} misread of {TEST} unseen images"
    _draw_sheet(test, beliefs, wrong[:SHEET], title, out / "digits-misread.png")


def _draw_sheet(
    test: Digits, beliefs: list[list[float]], shown: list[int], title: str, path: Path
) -> None:
    rows = -(-len(shown) // 8)
    fig, axes = figure(11.0, 0.6 + 1.8 * rows, rows, 8)
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    for ax, i in zip(axes, shown):
        pixels, label, sure = test.images[i], test.labels[i], max(beliefs[i])
        ax.imshow([pixels[k : k + 8] for k in range(0, 64, 8)], cmap="Greys", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#BBBBBB")
        read = beliefs[i].index(sure)
        weight = "normal" if read == label else "bold"
        ax.set_title(
            f"{label} read as {read}\n{sure:.0%} sure", loc="center", size=9, weight=weight
        )
    fig.suptitle(title, size=11)
    save_figure(fig, path)
