"""The training page: its table, percentages, shades and norms."""

import math
import re

import pytest

import nn
from nn.training.snapshots import MOST_SNAPSHOTS, Norms
from tests.helpers.boundaries import boundary_of, plane_of, train
from tests.helpers.fitting import fitted


def test_every_epoch_has_a_row_and_an_accuracy_is_in_percent() -> None:
    history = nn.History.from_dict({"loss": [0.5] * 450, "accuracy": [0.925] * 450})
    page = history.html()
    assert page.count('<tr id="row-') == 451
    assert '<a href="#0">0</a></th><td>–</td>' in page
    assert "<td>92.5 %</td>" in page
    assert '"start":0' in page
    assert "450 epochs, the lowest loss" in page
    assert "1 epoch, the lowest loss" in nn.History.from_dict({"loss": [0.5]}).html()
    played = nn.play(nn.Layer(2, 1), [[0.0, 1.0]], [1.0], loss=nn.mse_loss)
    assert ", 1 sample, mse loss" in played.html()


@pytest.mark.parametrize(("count", "shown"), [(2000, 2000), (2001, 1001)])
def test_of_many_samples_a_page_shows_some_and_says_so(count: int, shown: int) -> None:
    samples = [([float(k), 0.0], float(k % 3 > 0)) for k in range(count)]
    plane = plane_of(boundary_of(lambda x, p: x[0], samples))
    paths = re.findall(r'class="samples" d="M([^"]*)"', plane.svg())
    assert [len(path.split("L")) for path in paths] == [-(-shown // 3), shown - -(-shown // 3)]
    assert ("one sample in 2 is shown" in plane.legend()) == (shown < count)


def test_norms_of_weights_and_gradients_are_kept_by_layer() -> None:
    model = nn.MLP(2, [3, 1])
    history = fitted(model, [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], epochs=200)
    assert history.norms is not None
    assert len(history.norms.epochs) <= MOST_SNAPSHOTS + 2
    assert history.norms.epochs[0] == 0
    assert history.norms.epochs[-1] == 200
    weights, gradient = history.norms.records("weights"), history.norms.records("gradient")
    assert list(weights) == ["weights layers.0", "weights layers.1"]
    for layer, sizes, slopes in zip(model.layers, weights.values(), gradient.values()):
        assert sizes[-1] == math.hypot(*[p.data for p in layer.parameters()])
        assert slopes[-1] == math.hypot(*[p.grad for p in layer.parameters()])
        assert math.isnan(slopes[0])
        assert not math.isnan(slopes[1])
    page = history.html()
    assert "Norms of the weights by layer" in page
    assert "Norms of the gradient by layer" in page


def test_a_deep_model_is_whole_and_names_end_at_the_layer() -> None:
    deep = nn.MLP(1, [1] * 6)
    norms = Norms(deep.named_parameters())
    norms.keep(0)
    assert norms.records("weights") == {
        "weights": [math.hypot(*[p.data for p in deep.parameters()])]
    }
    assert list(Norms(nn.Neuron(2).named_parameters())._groups) == ["weight", "bias"]
    assert list(Norms(nn.Embedding(2, 2).named_parameters())._groups) == ["weight"]


def test_a_short_training_keeps_every_epoch() -> None:
    norms = train(3).norms
    assert norms is not None
    assert norms.epochs == [0, 1, 2, 3]
