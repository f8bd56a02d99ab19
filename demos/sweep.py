"""Learning rate against width: a net for each pair, trained side by side, drawn as a map.

The nets read the digits of the main demo. Each training gets its own random numbers from its
settings, so the map is the same on any number of cores; what is trained is kept in a folder,
and a run that is interrupted goes on where it was.
"""

from __future__ import annotations

import time
from pathlib import Path

import nn
from demos.common import figure, on_terminal, save_figure
from demos.digits import TEST, VALIDATION, load

RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
WIDTHS = [2, 4, 8, 16, 32]
EPOCHS, IMAGES = 5, 600
QUICK_RATES, QUICK_WIDTHS, QUICK_EPOCHS = [0.01, 0.1], [4, 8], 1


def train(rate: float, width: int, epochs: int) -> dict[str, float]:
    """One training: the shares of validation images read right, after the last epoch."""
    data, validation = load().split(TEST)[0].split(VALIDATION)
    model = nn.MLP(64, [width, 10])
    history = nn.fit(
        model,
        data.images[:IMAGES],
        data.labels[:IMAGES],
        loss=nn.cross_entropy,
        optimizer=nn.SGD(model.parameters(), lr=rate, momentum=0.9),
        epochs=epochs,
        batch_size=16,
        validation=(validation.images, validation.labels),
        metrics={"accuracy": nn.accuracy},
        max_norm=5.0,
        progress=False,
    )
    return {"accuracy": history["val_accuracy"][-1]}


def run(out: Path, quick: bool, seed: int) -> None:
    """Train a net for each pair of a rate and a width; draw how well each reads."""
    rates, widths = (QUICK_RATES, QUICK_WIDTHS) if quick else (RATES, WIDTHS)
    epochs = QUICK_EPOCHS if quick else EPOCHS
    plural = "s" if epochs > 1 else ""
    trials = [
        {"rate": rate, "width": width, "epochs": epochs} for rate in rates for width in widths
    ]
    folder = out / "sweep"
    print(f"{len(trials)} nets 64-width-10 learn to read digits, {epochs} epoch{plural} each.")
    started = time.perf_counter()
    results = nn.sweep(train, trials, folder=folder, seed=seed, progress=on_terminal())
    print(f"done in {time.perf_counter() - started:.1f} s; the records are in {folder}")
    for failed in results.failed:
        print(f"failed: rate {failed['rate']}, width {failed['width']}: {failed['error']}")
    if nn.sweep(train, trials, folder=folder, seed=seed, progress=False) != results:
        raise ArithmeticError(f"the records read back from {folder} are others")
    best = max(results, key=lambda record: record["accuracy"])
    print(
        f"best: {best['accuracy']:.1%} of {VALIDATION} validation images read correctly, "
        f"with rate {best['rate']} and width {best['width']}"
    )
    scores = {(record["rate"], record["width"]): record["accuracy"] for record in results}
    _draw(scores, rates, widths, out / "sweep-map.png")


def _draw(
    scores: dict[tuple[float, int], float],
    rates: list[float],
    widths: list[int],
    path: Path,
) -> None:
    """The share read correctly by rate and width; a training that failed is left white."""
    shares = [[scores.get((rate, width), float("nan")) for rate in rates] for width in widths]
    fig, (ax,) = figure(6.4, 4.6)
    ax.imshow(shares, cmap="viridis", vmin=0.0, vmax=1.0, aspect="auto", origin="lower")
    for i, row in enumerate(shares):
        for j, share in enumerate(row):
            text = f"{share:.0%}" if share == share else "failed"
            ink = "black" if share > 0.6 or share != share else "white"
            ax.text(j, i, text, ha="center", va="center", color=ink)
    ax.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    ax.set_yticks(range(len(widths)), [str(width) for width in widths])
    ax.set(title="Validation images read correctly", xlabel="learning rate", ylabel="width")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    save_figure(fig, path)
