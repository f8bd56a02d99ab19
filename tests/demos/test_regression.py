"""The regression demo against linear algebra: both descents follow the closed form."""

import pytest

pytest.importorskip("matplotlib")

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from demos import regression
from demos.regression import INPUTS, LEARNING_RATE, SOLUTION

pytestmark = pytest.mark.slow

number = st.floats(-4.0, 4.0)


def closed_form(start: list[float], steps: int) -> list[float]:
    """The weights after gradient descent on a quadratic: w* + (1 - lr·H)^steps (w - w*)."""
    x = np.array(INPUTS)
    shrink = np.eye(2) - LEARNING_RATE * 2.0 / len(x) * x.T @ x
    offset = np.array(start) - SOLUTION
    result: list[float] = (SOLUTION + np.linalg.matrix_power(shrink, steps) @ offset).tolist()
    return result


@settings(max_examples=10, deadline=None)
@given(st.tuples(number, number).map(list))
def test_engine_and_hand_agree_with_the_closed_form(start: list[float]) -> None:
    engine, hand = regression.with_engine(start), regression.by_hand(start)
    for descent in (engine, hand):
        assert len(descent.losses) == len(descent.weights) == 1000
        assert descent.weights[0] == pytest.approx(closed_form(start, 1), abs=1e-13)
        assert descent.weights[-1] == pytest.approx(closed_form(start, 1000), abs=1e-12)
    assert regression.largest_difference(engine, hand) < 1e-13
    assert engine.losses == pytest.approx(hand.losses, rel=1e-10, abs=1e-28)


def test_one_program_is_fed_with_other_data() -> None:
    assert regression.feed([0.0, 0.0]) == dict.fromkeys(regression.feed([0.0, 0.0]), 1.0)
    assert list(regression.feed([1.0, 0.0]).values()) == [10.0, pytest.approx(56.0 / 3.0), 2.0]
