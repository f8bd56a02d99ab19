"""Parts that the demos share: the look of the figures, saving them, and the progress bar."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tqdm.auto import tqdm

from autograd import Graph, Stepper
from autograd.files import write_atomically
from nn import History
from nn.pages.chart import COLOURS

T = TypeVar("T")

ORANGE, BLUE, GREEN, PINK, GREY = COLOURS
Style = tuple[str, str | tuple[int, tuple[int, ...]]]  # a colour and a line style
STYLES: list[Style] = [
    (BLUE, "-"),
    (ORANGE, "--"),
    (GREEN, "-."),
    (PINK, ":"),
    (GREY, (0, (5, 1, 1, 1))),
]

matplotlib.rcParams.update(
    {
        "figure.dpi": 150,
        "figure.constrained_layout.w_pad": 0.1,
        "figure.constrained_layout.h_pad": 0.1,
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": "#E3E3E3",
        "legend.frameon": False,
        "legend.fontsize": 9,
        "lines.linewidth": 1.8,
    }
)


def figure(
    width: float, height: float, rows: int = 1, columns: int = 1
) -> tuple[Figure, list[Axes]]:
    """A figure of width × height inches, and its rows × columns axes, row by row.

    >>> fig, axes = figure(8.0, 3.0, columns=2)
    >>> len(axes)
    2
    """
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, list(fig.subplots(rows, columns, squeeze=False).flat)


def smooth(numbers: list[float], over: int = 10) -> list[float]:
    """The mean of each number and those before it, `over` of them at most.

    >>> smooth([1.0, 2.0, 3.0], over=2)
    [1.0, 1.5, 2.5]
    """
    return [fmean(numbers[max(0, i + 1 - over) : i + 1]) for i in range(len(numbers))]


def save_figure(fig: Figure, path: Path) -> None:
    """Write a PNG, whole or not at all, and print the path.

    Raises:
        OSError: the file cannot be written.
    """
    picture = io.BytesIO()
    fig.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())
    print(f"picture: {path}")


def confusion(truth: list[int], guessed: list[int], classes: int) -> list[list[int]]:
    """How often class i (row) was taken for class j (column).

    >>> confusion([0, 0, 2], [0, 1, 2], 3)
    [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    """
    counts = [[0] * classes for _ in range(classes)]
    for i, j in zip(truth, guessed):
        counts[i][j] += 1
    return counts


def draw_confusion(
    counts: list[list[int]], names: list[str], title: str, axes: tuple[str, str], path: Path
) -> None:
    """Write the counts of `confusion` as a picture; `axes` are its labels, x and y."""
    fig, (ax,) = figure(6.0, 5.6)
    ax.imshow(counts, cmap="Blues")
    top = max(map(max, counts))
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            ink = "white" if n > top / 2 else "black"
            weight = "bold" if i != j else "normal"
            text = str(n) if n else ""
            ax.text(j, i, text, ha="center", va="center", color=ink, weight=weight)
    places = range(len(names))
    ax.set(title=title, xlabel=axes[0], ylabel=axes[1])
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    save_figure(fig, path)


def save_drawn(what: Graph | Stepper | History, path: Path) -> None:
    """Write it as a picture or as a page, and print the path.

    Raises:
        OSError: the file cannot be written.
    """
    what.save(path)
    print(f"{'page' if path.suffix == '.html' else 'picture'}: {path}")


def on_terminal() -> bool:
    """Whether stderr, to which progress bars are written, is a terminal."""
    return sys.stderr.isatty()


def progress(steps: Iterable[T], what: str) -> Iterable[T]:
    """The same steps, with a progress bar if stderr is a terminal.

    >>> list(progress([1, 2], "counting"))
    [1, 2]
    """
    bar: Iterable[T] = tqdm(steps, desc=what, disable=not on_terminal(), leave=False)
    return bar
