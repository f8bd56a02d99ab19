"""The training page: decision boundary and curves, played over the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd.show.pages.document import asset, document, player
from autograd.show.text import counted, escape
from nn.pages.chart import (
    COLOURS,
    DARK_COLOURS,
    Chart,
    Records,
    charts,
    number_text,
    plain_name,
    stops,
)
from nn.pages.plane import CODES, LEVELS, Plane
from nn.training.snapshots import Norms

__all__ = ["palette", "training_page"]

DURATION = 8000  # of the whole, in milliseconds
FASTEST, SLOWEST = 40, 800


def training_page(
    records: Records, plane: Plane | None, best_epoch: int, norms: Norms | None = None
) -> str:
    """One HTML file that plays a training. The same training gives the same bytes.

    Args:
        plane: the decision boundary over the epochs, if there is one.
        best_epoch: the one with the least loss.
        norms: of the weights and gradients, if they were kept.

    >>> page = training_page({"loss": [2.0, 1.0]}, None, 2)
    >>> page.count("<svg"), "https:" in page
    (7, False)
    """
    total = len(next(iter(records.values())))
    recorded = plane or norms
    epochs = stops(total, None if recorded is None else recorded.epochs)
    last = len(epochs) - 1
    first = min(epochs[0], 1)
    panels = charts(records, first)
    if norms is not None:
        panels += [
            Chart(norms.records(what), first, norms.epochs, f"Norms of the {what} by layer")
            for what in ("weights", "gradient")
        ]
    figures = []
    if plane is not None:
        shown = f'<div class="board">{plane.svg()}</div>{plane.legend()}'
        figures.append(_figure("Decision boundary", shown))
    for chart in panels:
        shown = chart.svg(epochs[last]) + chart.legend(_values(chart, total))
        figures.append(_figure(chart.title, shown))
    statuses = [_status(records, epoch, total) for epoch in epochs]
    heads = ["epoch", *map(plain_name, records)]
    rows = [
        [str(e), *[_entry(name, xs, e) for name, xs in records.items()]]
        for e in range(first, total + 1)
    ]
    main = (
        f'<p id="now" class="now" role="status">{escape(statuses[last])}</p>'
        f'<div class="figures">{"".join(figures)}</div>'
        f"{player('epoch', len(epochs), heads, rows)}"
    )
    data = {
        "keys": epochs,
        "start": 0,
        "delay": min(SLOWEST, max(FASTEST, DURATION // len(epochs))),
        "statuses": statuses,
        "plane": plane and _plane_data(plane),
        "charts": [_chart_data(chart, epochs) for chart in panels],
    }
    which = "validation loss" if "val_loss" in records else "loss"
    summary = f"{counted(total, 'epoch')}, the lowest {which} after epoch {best_epoch}"
    scripts = [asset(name, "nn.pages") for name in ("shade.js", "training.js")]
    styles = [palette(), asset("training.css", "nn.pages")]
    title = "Training, epoch by epoch"
    return document("training", title, summary, main, data, scripts, styles)


def _plane_data(plane: Plane) -> dict[str, object]:
    return {
        "lines": plane.lines(),
        "shades": plane.shades(),
        "columns": len(plane.xs),
        "codes": CODES,
        "levels": LEVELS,
    }


def _figure(title: str, picture: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{picture}</figure>"


def _status(records: Records, epoch: int, total: int) -> str:
    """Return the line about an epoch."""
    if epoch == 0:
        return "Before training"
    numbers = [f"{plain_name(name)} {_entry(name, xs, epoch)}" for name, xs in records.items()]
    return f"Epoch {epoch} of {total}: {', '.join(numbers)}"


def _chart_data(chart: Chart, epochs: Sequence[int]) -> dict[str, object]:
    curves = chart.curves.items()
    return {
        "cursor": [chart.cursor(epoch) for epoch in epochs],
        "dots": [[chart.dot(name, epoch) for epoch in epochs] for name, _ in curves],
        "values": [*zip(*[_values(chart, epoch) for epoch in epochs])],
    }


def _values(chart: Chart, epoch: int) -> list[str]:
    """The curves' numbers; "–" where there is none, such as a gradient before training."""
    numbers = [(name, chart.at(name, epoch)) for name in chart.curves]
    none = epoch not in chart.shown
    return [
        "–" if none or (epoch == 0 and math.isnan(x)) else number_text(name, x)
        for name, x in numbers
    ]


def _entry(name: str, numbers: Sequence[float], epoch: int) -> str:
    if not epoch:
        return "–"
    return number_text(name, numbers[epoch - 1])


def palette() -> str:
    """The colours of classes and curves as CSS variables."""
    light, dark = [
        "; ".join([f"--k{k}: {colour}" for k, colour in enumerate(colours)])
        for colours in (COLOURS, DARK_COLOURS)
    ]
    media = "@media screen and (prefers-color-scheme: dark)"
    return f":root {{ {light} }}\n{media} {{ :root {{ {dark} }} }}"
