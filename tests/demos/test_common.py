"""Saving a figure, and the progress bar."""

import io
import os
import sys
from pathlib import Path

import pytest

from demos import common


def test_a_figure_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "disk full")

    monkeypatch.setattr(os, "fsync", full)
    fig, _ = common.figure(4.0, 3.0)
    with pytest.raises(OSError, match="disk full"):
        common.save_figure(fig, path)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_a_bar_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    assert [*common.progress([1, 2, 3], "counting")] == [1, 2, 3]
    assert ("counting" in screen.getvalue()) is terminal
