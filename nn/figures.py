"""A training as pictures by matplotlib: curves, decision boundary, animation."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

from nn.pages.chart import COLOURS, Chart, Records, charts, plain_name, stops
from nn.pages.plane import Plane

try:
    import matplotlib
except ImportError as error:
    raise ImportError(
        "pictures of a training need the `plots` extra: "
        "pip install 'scalar-autograd[plots]'; an .html page needs nothing"
    ) from error
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

MARKS = "o^sDv"
SURE = (0.0, 1 / 3, 2 / 3)  # where the shades begin
ALPHAS = (0.17, 0.31, 0.43)
SECONDS = 6.0  # of an animation, in seconds

Redraw = Callable[[int], None]  # shows another epoch


def plot(records: Records, plane: Plane | None) -> tuple[Axes, ...]:
    """A new figure of pyplot: the boundary of the last epoch, where it is known, and curves."""
    import matplotlib.pyplot as plt

    figure = plt.figure()
    _draw_panels(records, plane, figure)
    return tuple(figure.axes)


def image(records: Records, plane: Plane | None, form: str) -> bytes:
    """The figure, or for "gif" the animation, as a file; the same bytes each time."""
    if form == "gif":
        return _animation(records, plane)
    figure = Figure()
    _draw_panels(records, plane, figure)
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "scalar-autograd"}):
        figure.savefig(file, format=form, metadata=metadata)
    return file.getvalue()


def _animation(records: Records, plane: Plane | None) -> bytes:
    """The epochs one after another, as an animated GIF that stays on the last for a while."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    fig = Figure(dpi=80)
    canvas: Any = FigureCanvasAgg(fig)
    update = _draw_panels(records, plane, fig)
    title = fig.suptitle("epoch 0", fontsize=11, x=0.02, ha="left")  # beside the legends
    canvas.draw()
    fig.set_layout_engine("none")
    frames = []
    for epoch in _stops(records, plane):
        update(epoch)
        title.set_text(f"epoch {epoch}")
        canvas.draw()
        shown = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()))
        frames.append(shown.convert("RGB"))
    pause = 1000.0 * SECONDS / max(len(frames), SECONDS)
    pauses = [*[round(pause)] * (len(frames) - 1), 2000]
    file = io.BytesIO()
    frames[0].save(
        file, "gif", save_all=True, append_images=frames[1:], duration=pauses, loop=0
    )
    return file.getvalue()


def _stops(records: Records, plane: Plane | None) -> list[int]:
    return stops(len(next(iter(records.values()))), None if plane is None else plane.epochs)


def _draw_panels(records: Records, plane: Plane | None, fig: Figure) -> Redraw:
    """Draw the last epoch; the result draws another."""
    panels = charts(records)
    count = len(panels) + (plane is not None)
    fig.set_size_inches(4.8 * count, 3.8)
    fig.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
    axes = list(fig.subplots(1, count, squeeze=False).flat)
    updates = [] if plane is None else [_draw_boundary(axes[0], plane)]
    updates += [_draw_curves(ax, chart) for ax, chart in zip(axes[len(updates) :], panels)]

    def update(epoch: int) -> None:
        for part in updates:
            part(epoch)

    update(_stops(records, plane)[-1])
    return update


def _draw_curves(ax: Axes, chart: Chart) -> Redraw:
    lines = []
    for k, (name, numbers) in enumerate(chart.curves.items()):
        lines += ax.plot(range(1, len(numbers) + 1), numbers, label=plain_name(name))
        lines[k].set(color=COLOURS[1 - k], linestyle="--" if k else "-")
        lines[k].set(marker="o" if len(numbers) == 1 else "")
    ax.set(xlabel="epoch", yscale="log" if chart.logarithmic else "linear")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if all(name.endswith("accuracy") for name in chart.curves):
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.grid(color="#E3E3E3")
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    _legend(ax, len(lines))

    def update(epoch: int) -> None:
        for line, numbers in zip(lines, chart.curves.values()):
            line.set_data(range(1, epoch + 1), numbers[:epoch])

    return update


def _legend(ax: Axes, count: int) -> None:
    ncols = min(count, 4)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=ncols)


def _draw_boundary(ax: Axes, plane: Plane) -> Redraw:
    for k, name in enumerate(plane.names):
        mine = [(x, y) for x, y, of in plane.points if of == k]
        xs, ys = [x for x, _ in mine], [y for _, y in mine]
        ax.plot(xs, ys, MARKS[k % 5], color=COLOURS[k % 5], markersize=4, label=name)
    cells = (plane.xs[1] - plane.xs[0]) / (plane.ys[1] - plane.ys[0])
    ax.set(xlabel="x₁", ylabel="x₂", aspect=float(f"{cells:.9g}"))
    _legend(ax, len(plane.names))
    drawn: list[QuadContourSet] = []

    def update(epoch: int) -> None:
        while drawn:
            drawn.pop().remove()
        grids = plane.fields[plane.epochs.index(epoch)]
        each = grids if len(grids) > 1 else [[[-x for x in row] for row in grids[0]], *grids]
        for k, answer in enumerate(each):
            if max(map(max, answer)) > 0.0:
                sure = [[_sure(x, plane.scale) for x in row] for row in answer]
                shades = [(COLOURS[k % 5], alpha) for alpha in ALPHAS]
                drawn.append(
                    ax.contourf(plane.xs, plane.ys, sure, levels=[*SURE, 1.01], colors=shades)
                )
        for grid in grids:
            if min(map(min, grid)) < 0.0 < max(map(max, grid)):
                place = (plane.xs, plane.ys, grid)
                drawn.append(ax.contour(*place, levels=[0.0], colors="black", linewidths=1.2))

    return update


def _sure(x: float, scale: float) -> float:
    """Return how sure the model is where a field is x: from 0 to 1, below 0 if it is not.

    Of logits it is 2p - 1, with the probability p against the next best answer.
    """
    return math.tanh(0.5 * x) if scale == 0.0 else max(-1.0, min(x / scale, 1.0))
