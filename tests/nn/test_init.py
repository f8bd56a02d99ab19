"""Initialisers: ranges, moments, and that the seed fixes them."""

import math  # noqa: F401  (rows name it)
import random
import statistics

import pytest

pytest.importorskip("scipy")

from scipy import stats

import nn
from nn.init import Initialiser
from tests.helpers.tables import table

N = 20_000
NIN, NOUT = 6, 3
BOUNDS = {
    name: tuple(row)
    for name, *row in table(
        """
"uniform" | nn.init.uniform(-0.5, 0.5) | 0.5
"xavier" | nn.init.xavier_uniform() | math.sqrt(6 / 9)
"xavier gain" | nn.init.xavier_uniform(2.0) | 2 * math.sqrt(6 / 9)
"kaiming" | nn.init.kaiming_uniform() | 1.0
"kaiming a" | nn.init.kaiming_uniform(2.0) | math.sqrt(1 / 5)
"fan in" | nn.init.fan_in_uniform() | 1 / math.sqrt(6)
""",
        globals(),
    )
}
DEVIATIONS = {
    name: tuple(row)
    for name, *row in table(
        """
"standard normal" | nn.init.normal() | 1.0
"normal" | nn.init.normal(0.0, 2.0) | 2.0
"xavier" | nn.init.xavier_normal() | math.sqrt(2 / 9)
"xavier gain" | nn.init.xavier_normal(3.0) | 3 * math.sqrt(2 / 9)
"kaiming" | nn.init.kaiming_normal() | math.sqrt(1 / 3)
"kaiming a" | nn.init.kaiming_normal(2.0) | math.sqrt(1 / 15)
""",
        globals(),
    )
}


def drawn(init: Initialiser) -> list[float]:
    random.seed(1)
    return [init(NIN, NOUT) for _ in range(N)]


@pytest.mark.parametrize(("init", "bound"), BOUNDS.values(), ids=BOUNDS)
def test_uniform_ones(init: Initialiser, bound: float) -> None:
    sample = drawn(init)
    assert all(abs(x) <= bound for x in sample)
    assert stats.kstest(sample, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


@pytest.mark.parametrize(("init", "deviation"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_normal_ones(init: Initialiser, deviation: float) -> None:
    assert stats.kstest(drawn(init), stats.norm(0.0, deviation).cdf).pvalue > 1e-3


def test_a_mean() -> None:
    assert statistics.fmean(drawn(nn.init.normal(5.0, 0.01))) == pytest.approx(5.0, abs=1e-3)


def test_the_ends_of_a_uniform_one() -> None:
    assert nn.init.uniform(1.5, 1.5)(2, 3) == 1.5
    assert min(drawn(nn.init.uniform())) > 0.0


def test_a_layer_tells_its_fan_out() -> None:
    layer = nn.Layer(5, 7, init=lambda nin, nout: 10.0 * nin + nout)
    assert {w.data for neuron in layer.neurons for w in neuron.w} == {57.0}
    assert nn.Neuron(5, init=lambda nin, nout: 10.0 * nin + nout).w[0].data == 51.0


def test_the_default_is_within_the_fan_in_bound_and_not_0() -> None:
    random.seed(0)
    data = [p.data for p in nn.Layer(16, 50).parameters()]
    assert max(map(abs, data)) <= 0.25
    assert max(map(abs, data)) > 0.24
    assert all(neuron.b.data for neuron in nn.Layer(16, 50).neurons)
