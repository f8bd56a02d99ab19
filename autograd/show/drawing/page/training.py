"""The training page: decision boundary and curves, played over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from autograd.show.drawing.numbers import show
from autograd.show.drawing.page.chart import Chart
from autograd.show.drawing.page.document import controls, document, table
from autograd.show.drawing.page.plane import Plane
from autograd.show.drawing.words import escape

STOPS = 200  # of the player, where there is no boundary to show
DURATION = 8000  # of the whole, in milliseconds
FASTEST, SLOWEST = 40, 800


class Training(Protocol):
    """What the page needs to know; `nn.History` is one."""

    records: dict[str, list[float]]

    @property
    def epochs(self) -> int:
        """How many there were."""
        ...

    @property
    def best_epoch(self) -> int:
        """The one with the least loss."""
        ...

    def plane(self) -> Plane | None:
        """The decision boundary over the epochs, if there is one."""


def training_page(history: Training) -> str:
    """One HTML file that plays a training. The same history gives the same bytes.

    >>> import nn
    >>> page = training_page(nn.History.from_dict({"loss": [2.0, 1.0]}))
    >>> page.count("<svg"), "https:" in page
    (7, False)
    """
    plane = history.plane()
    epochs = stops(history.epochs, plane)
    paths = [] if plane is None else plane.paths()
    charts = [Chart(group, first=min(epochs[0], 1)) for group in panels(history.records)]
    last = len(epochs) - 1
    figures = []
    if plane is not None:
        figures.append(_figure("Decision boundary", plane.svg(paths[last]) + plane.legend()))
    for chart in charts:
        title = " and ".join(map(plain, chart.curves))
        picture = chart.svg(epochs[last]) + _legend(chart, epochs[last])
        figures.append(_figure(title[:1].upper() + title[1:], picture))
    said = [_said(history, epoch) for epoch in epochs]
    main = (
        f'<p id="now" class="now" role="status">{escape(said[last])}</p>'
        f'<div class="figures">{"".join(figures)}</div>'
        + controls("epoch", len(epochs))
        + table(
            "All epochs",
            ["epoch", *map(plain, history.records)],
            _rows(history, epochs),
            epochs,
        )
    )
    data = {
        "keys": epochs,
        "start": last,
        "delay": min(SLOWEST, max(FASTEST, DURATION // len(epochs))),
        "said": said,
        "frames": paths,
        "charts": [
            {
                "cursor": [chart.cursor(epoch) for epoch in epochs],
                "dots": [[chart.dot(name, epoch) for epoch in epochs] for name in chart.curves],
                "values": [
                    [_value(xs, epoch) for epoch in epochs] for xs in chart.curves.values()
                ],
            }
            for chart in charts
        ],
    }
    which = "validation loss" if "val_loss" in history.records else "loss"
    summary = f"{history.epochs} epochs, the lowest {which} after epoch {history.best_epoch}"
    return document(
        "training", "Training, epoch by epoch", summary, main, data, ["training.js"]
    )


def panels(records: Mapping[str, Sequence[float]]) -> list[dict[str, Sequence[float]]]:
    """The curves that are drawn together: each quantity with that of the validation data.

    >>> [list(panel) for panel in panels({"loss": [], "accuracy": [], "val_loss": []})]
    [['loss', 'val_loss'], ['accuracy']]
    """
    found: dict[str, dict[str, Sequence[float]]] = {}
    for name, numbers in records.items():
        base = name.removeprefix("val_")
        found.setdefault(base if base in records else name, {})[name] = numbers
    return list(found.values())


def stops(epochs: int, plane: Plane | None) -> list[int]:
    """The epochs to stop at: those of the boundary, else all, or 200 evenly spread.

    >>> stops(3, None)
    [1, 2, 3]
    """
    if plane is not None:
        return list(plane.epochs)
    count = min(epochs, STOPS)
    return [1 + round(k * (epochs - 1) / max(1, count - 1)) for k in range(count)]


def _figure(title: str, picture: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{picture}</figure>"


def _legend(chart: Chart, epoch: int) -> str:
    """The lines, their names, and the numbers at an epoch."""
    items = "".join(
        f'<li><svg class="mark" viewBox="-14 -7 28 14" aria-hidden="true">'
        f'<path class="curve c{k}" d="M-14 0H14"/></svg> {escape(plain(name))} '
        f"<b>{_value(numbers, epoch)}</b></li>"
        for k, (name, numbers) in enumerate(chart.curves.items())
    )
    return f'<ul class="legend">{items}</ul>'


def _said(history: Training, epoch: int) -> str:
    """What there is to say about an epoch."""
    if epoch == 0:
        return "Before training"
    numbers = [f"{plain(name)} {_value(xs, epoch)}" for name, xs in history.records.items()]
    return f"Epoch {epoch} of {history.epochs}: {', '.join(numbers)}"


def _rows(history: Training, epochs: Sequence[int]) -> list[list[str]]:
    return [
        [str(epoch), *(_value(numbers, epoch) for numbers in history.records.values())]
        for epoch in epochs
    ]


def _value(numbers: Sequence[float], epoch: int) -> str:
    return show(numbers[epoch - 1]) if epoch else "–"


def plain(name: str) -> str:
    """The name of a record as a person writes it."""
    return name.replace("val_", "validation ").replace("_", " ")
