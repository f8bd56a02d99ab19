"""The training page: decision boundary and curves, played over the epochs."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.show.pages.document import asset, document, player
from autograd.show.text import counted, escape
from nn.pages.chart import (
    COLOURS,
    DARK_COLOURS,
    Records,
    charts,
    number_text,
    plain_name,
    stops,
)
from nn.pages.plane import Plane

__all__ = ["palette", "training_page"]

DURATION = 8000  # of the whole, in milliseconds
FASTEST, SLOWEST = 40, 800


def training_page(records: Records, plane: Plane | None, best_epoch: int) -> str:
    """One HTML file that plays a training. The same training gives the same bytes.

    Args:
        plane: the decision boundary over the epochs, if there is one.
        best_epoch: the one with the least loss.

    >>> page = training_page({"loss": [2.0, 1.0]}, None, 2)
    >>> page.count("<svg"), "https:" in page
    (7, False)
    """
    total = len(next(iter(records.values())))
    epochs = stops(total, None if plane is None else plane.epochs)
    last = len(epochs) - 1
    first = min(epochs[0], 1)
    panels = charts(records)
    figures = []
    if plane is not None:
        shown = f'<div class="board">{plane.svg()}</div>{plane.legend()}'
        figures.append(_figure("Decision boundary", shown))
    for chart in panels:
        figures.append(_figure(chart.title, chart.svg() + chart.legend()))
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
        "plane": plane and plane.data(),
        "charts": [chart.data() for chart in panels],
    }
    which = "validation loss" if "val_loss" in records else "loss"
    summary = f"{counted(total, 'epoch')}, the lowest {which} after epoch {best_epoch}"
    scripts = [asset("numbers.js")]
    scripts += [asset(name, "nn.pages") for name in ("axes.js", "shade.js", "training.js")]
    styles = [palette(), asset("training.css", "nn.pages")]
    title = "Training, epoch by epoch"
    return document("training", title, summary, main, data, scripts, styles)


def _figure(title: str, picture: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{picture}</figure>"


def _status(records: Records, epoch: int, total: int) -> str:
    """Return the line about an epoch."""
    if epoch == 0:
        return "Before training"
    numbers = [f"{plain_name(name)} {_entry(name, xs, epoch)}" for name, xs in records.items()]
    return f"Epoch {epoch} of {total}: {', '.join(numbers)}"


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
