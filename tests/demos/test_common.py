"""Saving a figure, and the progress bar."""

import io
import sys

import pytest

pytest.importorskip("matplotlib")

from demos import common

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_a_bar_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    assert [*common.progress([1, 2, 3], "counting")] == [1, 2, 3]
    assert ("counting" in screen.getvalue()) is terminal
