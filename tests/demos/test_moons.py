"""The moons demo: the boundary it finds is curved and right."""

import random

import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

import nn
from autograd import no_grad
from demos import moons

pytestmark = pytest.mark.slow


def test_it_separates_points_that_it_has_not_seen() -> None:
    random.seed(0)
    points, classes = moons.moons(100, seed=0)
    model, history = moons.train(points, classes, epochs=60)
    assert history["loss"][-1] < 0.1 * history["loss"][0]
    fresh, truth = moons.moons(300, seed=1)
    with no_grad():
        assert nn.accuracy([model(p) for p in fresh], truth) > 0.97
