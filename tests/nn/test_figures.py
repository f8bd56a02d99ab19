"""Pictures of a training: files of every kind, by matplotlib."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image, ImageSequence

import nn
from tests.helpers.boundaries import boundary_of, trained


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


CURVES = nn.History.from_dict(
    {"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 2.5, 2.0], "hits": [0.0, 0.5, 1.0]}
)


def test_the_figure_has_a_panel_for_each_quantity() -> None:
    first, second = CURVES.plot()
    assert [line.get_label() for line in first.get_lines()[:2]] == ["loss", "validation loss"]
    assert np.asarray(first.get_lines()[0].get_ydata()).tolist() == [3.0, 2.0, 1.0]
    assert np.asarray(first.get_lines()[0].get_xdata()).tolist() == [1, 2, 3]
    assert second.get_lines()[0].get_label() == "hits"


def test_an_accuracy_is_in_percent() -> None:
    history = nn.History.from_dict({"accuracy": [0.5, 0.75, 1.0]})
    (axes,) = history.plot()
    axes.figure.canvas.draw()
    assert "100%" in [label.get_text() for label in axes.get_yticklabels()]


def test_the_figure_has_the_boundary_first() -> None:
    boundary, loss = trained().plot()
    assert [line.get_label() for line in boundary.get_lines()] == ["class -1", "class 1"]
    assert boundary.get_aspect() == 1.0
    assert loss.get_xlabel() == "epoch"


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".png", b"\x89PNG"),
        (".svg", b"<?xml"),
        (".pdf", b"%PDF"),
        (".html", b"<!DOCTYPE html>"),
        (".gif", b"GIF89a"),
    ],
)
def test_files_are_of_their_kind_and_the_same_again(
    suffix: str, start: bytes, tmp_path: Path
) -> None:
    paths = [tmp_path / f"a{suffix}", tmp_path / f"b{suffix.upper()}"]
    assert [trained().save(path) for path in paths] == paths
    first, second = [path.read_bytes() for path in paths]
    assert first.startswith(start)
    assert first == second


def test_the_animation_has_a_frame_an_epoch_and_then_rests(tmp_path: Path) -> None:
    path = tmp_path / "training.gif"
    trained().save(path)
    with Image.open(path) as gif:
        shown = [
            (_lines(frame), frame.info["duration"]) for frame in ImageSequence.Iterator(gif)
        ]
    assert len({frame for frame, _ in shown}) == 6
    assert sum([duration for _, duration in shown]) >= 7000


def _lines(frame: Image.Image) -> bytes:
    """Return the dark pixels below the title; each frame rounds its colours differently."""
    below = frame.convert("L").crop((0, 40, *frame.size))
    return below.point([255 * (shade < 80) for shade in range(256)]).tobytes()


def test_a_model_that_answers_one_class_everywhere_has_no_line() -> None:
    history = nn.History.from_dict({"loss": [1000.0, 0.1]})
    samples = [([x, x], float(x > 0.0)) for x in (-1.0, 1.0)]
    loss = nn.binary_cross_entropy_with_logits
    history.boundary = boundary_of(lambda x, p: p + 1.0, samples, loss)
    axes, curve = history.plot()
    shade: Any
    (shade,) = axes.collections
    assert shade.zmax == pytest.approx(math.tanh(0.5))
    assert tuple(shade.get_facecolor()[0][:3]) == to_rgb(axes.get_lines()[1].get_color())
    assert (curve.get_yscale(), CURVES.plot()[0].get_yscale()) == ("log", "linear")


def test_without_matplotlib_the_page_is_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "nn.figures", raising=False)
    monkeypatch.delattr(nn, "figures", raising=False)
    CURVES.save(tmp_path / "training.html")
    for suffix in (".png", ".gif"):
        with pytest.raises(ImportError, match="plots"):
            CURVES.save(tmp_path / f"training{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["training.html"]
