"""The gradients demo: the sizes it plots are those of the theory."""

import math
import random

import pytest

pytest.importorskip("matplotlib")

import nn
from demos import gradients
from demos.gradients import KAIMING, descend, gradient_norms, typical_gradients

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same nets in every run."""
    random.seed(0)


def test_one_layer_back_the_gradient_is_the_output_weights() -> None:
    sizes = gradients.layer_gradients(1, "identity")
    random.seed(0)
    model = nn.MLP(gradients.NEURONS, [gradients.NEURONS, 1], activation=None)
    weights = [w.data for w in model.layers[1].neurons[0].w]
    assert sizes == [pytest.approx(gradients.rms(weights)), 1.0]


def test_the_factor_a_layer_is_that_of_the_variance() -> None:
    # Var(w) = 1/(3n) by default, so n weights give √(1/3), times σ' < 1/4 and so on.
    root = math.sqrt(1.0 / 3.0)
    for activation, factor in (("sigmoid", 0.25 * root), ("tanh", root), ("relu", root * root)):
        sizes = typical_gradients(5, 8, activation)
        assert 0.6 * factor < (sizes[0] / sizes[-2]) ** (1.0 / 7.0) < 1.3 * factor


def test_kaiming_keeps_the_gradient_and_twice_as_much_explodes() -> None:
    small, right, large = [
        typical_gradients(5, 8, "relu", scale * KAIMING) for scale in (0.5, 1.0, 2.0)
    ]
    assert small[0] < 0.05 * small[-2]
    assert 0.2 < right[0] / right[-2] < 5.0
    assert large[0] > 20.0 * large[-2]


def test_clipping_stops_explosions_and_decay_shrinks() -> None:
    free = gradient_norms(20, seed=0)
    clipped = gradient_norms(20, seed=0, max_norm=1.0)
    decayed = gradient_norms(20, seed=0, max_norm=1.0, weight_decay=1.0)
    assert free[0] == clipped[0] == decayed[0]
    assert len(free) < 20
    assert free[-1] > 1e6 * free[0]
    assert decayed[-1] < clipped[-1] < clipped[0]


def test_momentum_is_faster_and_a_falling_rate_ends_nearer() -> None:
    problem = gradients.new_problem()
    plain = descend(problem, 100, batch=64, lr=0.1)
    heavy = descend(problem, 100, batch=64, lr=0.1, momentum=0.9)
    nesterov = descend(problem, 100, batch=64, lr=0.1, momentum=0.9, nesterov=True)
    assert nesterov.excess[-1] < heavy.excess[-1] < 0.01 * plain.excess[-1]
    assert plain.rates == [0.1] * 100
    assert min(plain.excess) > 0.0

    constant = descend(problem, 100, batch=8, lr=0.3)
    falling = descend(
        problem, 100, batch=8, lr=0.3, schedule=lambda sgd: nn.CosineAnnealingLR(sgd, 100)
    )
    assert constant.excess[:1] == falling.excess[:1]
    assert sum(falling.excess[-20:]) < 0.5 * sum(constant.excess[-20:])
    assert falling.rates[50] == pytest.approx(0.15)
