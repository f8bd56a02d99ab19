"""Curves that belong together share a chart, and its scale is said."""

import math

import pytest

from nn.pages.chart import Chart


@pytest.mark.parametrize(
    ("numbers", "logarithmic"),
    [
        ([3.0, 1.0], False),
        ([1000.0, 0.1], True),
        ([1000.0, 0.0], False),
        ([-1.0, 2.0, math.nan, math.inf], False),
        ([math.nan], False),
        ([5e-324, 0.0], False),
    ],
)
def test_an_axis_is_logarithmic_where_it_spans_much(
    numbers: list[float], logarithmic: bool
) -> None:
    assert Chart({"loss": numbers}).logarithmic == logarithmic


def test_it_says_that_it_is_logarithmic_and_escapes_names() -> None:
    svg = Chart({"<loss>": [1e-6, 1.0]}).svg()
    assert 'aria-label="&lt;loss&gt; over the epochs (logarithmic scale)"' in svg
