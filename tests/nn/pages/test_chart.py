"""Scales, ticks and curves of a chart."""

import math  # noqa: F401  (rows name it)
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.pages.chart import Axis, Chart
from tests.helpers.tables import table


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    table(
        """
0.0 | 1.0 | [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
0.0 | 97.0 | [0.0, 20.0, 40.0, 60.0, 80.0]
-3.0 | 4.0 | [-2.0, 0.0, 2.0, 4.0]
1e-9 | 4e-9 | [1e-9, 2e-9, 3e-9, 4e-9]
""",
        globals(),
    ),
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert Axis(low, high, 0.0, 1.0).ticks(5) == pytest.approx(ticks)


def test_ticks_of_a_logarithmic_axis_are_powers_of_ten() -> None:
    assert Axis(0.002, 300.0, 0.0, 1.0, logarithmic=True).ticks(5) == pytest.approx(
        [0.01, 0.1, 1.0, 10.0, 100.0]
    )
    assert len(Axis(1e-30, 1.0, 0.0, 1.0, logarithmic=True).ticks(5)) <= 6


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_on_the_axis(low: float, span: float) -> None:
    axis = Axis(low, low + span, 0.0, 100.0)
    ticks = axis.ticks(5)
    assert 2 <= len(ticks) <= 7
    assert all(-0.01 <= axis.place(tick) <= 100.01 for tick in ticks)


def test_a_logarithmic_place() -> None:
    axis = Axis(0.01, 100.0, 0.0, 40.0, logarithmic=True)
    assert [axis.place(x) for x in (0.01, 1.0, 100.0)] == pytest.approx([0.0, 20.0, 40.0])


@pytest.mark.parametrize(
    ("numbers", "low", "high", "logarithmic"),
    table(
        """
[3.0, 1.0] | 0.0 | 3.0 | False
[3.0, 2.9] | 2.9 | 3.0 | False
[1000.0, 0.1] | 0.1 | 1000.0 | True
[1000.0, 0.0] | 0.0 | 1000.0 | False
[-1.0, 2.0, math.nan, math.inf] | -1.0 | 2.0 | False
[2.0, 2.0] | 1.0 | 3.0 | False
[0.0, 0.0] | -0.5 | 0.5 | False
[math.nan] | 0.0 | 1.0 | False
[5e-324, 0.0] | -0.5 | 0.5 | False
""",
        globals(),
    ),
)
def test_the_scale(numbers: list[float], low: float, high: float, logarithmic: bool) -> None:
    y = Chart({"loss": numbers}, first=1).y
    assert (y.low, y.high, y.logarithmic) == pytest.approx((low, high, logarithmic))


def test_ticks_that_lie_close_together_differ() -> None:
    svg = Chart({"loss": [1.0040, 1.0038, 1.0036]}, first=1).svg()
    ticks = re.findall(r'<text class="y"[^>]*>([^<]*)<', svg)
    assert len(set(ticks)) == len(ticks) > 1


def test_one_epoch() -> None:
    assert "NaN" not in Chart({"loss": [1.0]}, first=1).svg()


def test_it_says_that_it_is_logarithmic_and_escapes_names() -> None:
    svg = Chart({"<loss>": [1e-6, 1.0]}, first=1).svg()
    assert 'aria-label="&lt;loss&gt; over the epochs (logarithmic scale)"' in svg
