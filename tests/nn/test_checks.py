"""Checks of settings."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nn.checks import count, not_negative


def test_count() -> None:
    assert count(1, "n") == 1
    assert count(0, "n", least=0) == 0
    with pytest.raises(ValueError, match="n must be 1 or more, got 0"):
        count(0, "n")
    for bad in (1.0, "1", None):
        with pytest.raises(TypeError, match="n must be an integer"):
            count(bad, "n")  # type: ignore[arg-type]


def test_not_negative() -> None:
    assert not_negative(0, "lr") == 0.0
    for bad in (-1e-300, math.nan, math.inf):
        with pytest.raises(ValueError, match="lr must be finite and not negative"):
            not_negative(bad, "lr")
    wrong: Any
    for wrong in ("1", None, 1j):
        with pytest.raises(TypeError, match="lr must be a number"):
            not_negative(wrong, "lr")
