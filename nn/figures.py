"""A training as pictures by matplotlib: curves, decision boundary, animation."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograd.show.drawing.page.training import panels, plain, stops

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from autograd.show.drawing.page.plane import Plane
    from nn.history import History

# Told apart by people with colour-blindness (Okabe & Ito 2008); each has its own mark or line.
COLOURS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#595959"]
LINES = ["-", "--", "-.", ":"]
MARKS = "o^sDv"
DURATION = 6.0  # of an animation, in seconds

Update = Callable[[int], None]  # shows another epoch


def plot(history: History) -> tuple[Axes, ...]:
    """A new figure of pyplot: the boundary of the last epoch, where it is known, and curves."""
    _need_matplotlib()
    import matplotlib.pyplot as plt

    figure = plt.figure()
    _drawn(history, figure)
    return tuple(figure.axes)


def picture(history: History, form: str) -> bytes:
    """The figure as a file, the same bytes for the same history."""
    _need_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure()
    _drawn(history, figure)
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form)
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "scalar-autograd"}):
        figure.savefig(file, format=form, metadata=metadata)
    return file.getvalue()


def animation(history: History, form: str = "gif") -> bytes:
    """The epochs one after another, as an animated GIF that stays a while on the last."""
    _need_matplotlib()
    from matplotlib.animation import PillowWriter
    from matplotlib.figure import Figure

    fig = Figure()
    update = _drawn(history, fig)
    title = fig.suptitle("epoch 0", fontsize=11)
    fig.canvas.draw()
    fig.set_layout_engine("none")
    epochs = stops(history.epochs, history.plane())
    pace = max(1, round(len(epochs) / DURATION))
    writer = PillowWriter(fps=pace)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"training.{form}"
        with writer.saving(fig, str(path), dpi=80):
            for epoch in [*epochs, *epochs[-1:] * 2 * pace]:
                update(epoch)
                title.set_text(f"epoch {epoch}")
                writer.grab_frame()
        return path.read_bytes()


def _need_matplotlib() -> None:
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "pictures of a training need the `plots` extra: "
            "pip install 'scalar-autograd[plots]'; an .html page needs nothing"
        ) from error


def _drawn(history: History, fig: Figure) -> Update:
    """Draw the last epoch; what is returned shows another."""
    plane = history.plane()
    groups = panels(history.records)
    count = len(groups) + (plane is not None)
    fig.set_size_inches(4.8 * count, 3.8)
    fig.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
    axes = list(fig.subplots(1, count, squeeze=False).flat)
    updates = [] if plane is None else [_boundary(axes[0], plane)]
    updates += [_curves(ax, group) for ax, group in zip(axes[count - len(groups) :], groups)]

    def update(epoch: int) -> None:
        for part in updates:
            part(epoch)

    update(stops(history.epochs, plane)[-1])
    return update


def _curves(ax: Axes, group: Mapping[str, Sequence[float]]) -> Update:
    for k, (name, numbers) in enumerate(group.items()):
        (line,) = ax.plot(range(1, len(numbers) + 1), numbers, label=plain(name))
        line.set(color=COLOURS[(k + 1) % 5], linestyle=LINES[k % 4])
    ax.set_xlabel("epoch")
    ax.grid(color="#E3E3E3")
    ax.legend(frameon=False)
    cursor = ax.axvline(1.0, color="#777777", linewidth=0.8)
    return lambda epoch: cursor.set_xdata([epoch, epoch])


def _boundary(ax: Axes, plane: Plane) -> Update:
    from matplotlib.contour import QuadContourSet

    first = len(plane.names) - len(plane.fields[0])
    for k, name in enumerate(plane.names):
        mine = [(x, y) for x, y, of in plane.points if of == k]
        xs, ys = [x for x, _ in mine], [y for _, y in mine]
        ax.plot(xs, ys, MARKS[k % 5], color=COLOURS[k % 5], markersize=4, label=name)
    ax.set(xlabel="x₁", ylabel="x₂", aspect="equal")
    ax.legend(
        frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=len(plane.names)
    )
    drawn: list[QuadContourSet] = []

    def update(epoch: int) -> None:
        while drawn:
            drawn.pop().remove()
        for k, field in enumerate(plane.fields[plane.epochs.index(epoch)], start=first):
            place = (plane.xs, plane.ys, field)
            area = [COLOURS[0], COLOURS[k % 5]] if first else ["none", COLOURS[k % 5]]
            low, high = min(map(min, field)) - 1.0, max(map(max, field)) + 1.0
            levels = [min(low, -1.0), 0.0, max(high, 1.0)]
            drawn.append(ax.contourf(*place, levels=levels, colors=area, alpha=0.18))
            if low + 1.0 < 0.0 < high - 1.0:
                drawn.append(ax.contour(*place, levels=[0.0], colors="black", linewidths=1.2))

    return update
