"""The training page: its table, percentages and shades."""

import pytest

import nn
from tests.helpers.boundaries import boundary_of, plane_of, train


def test_every_epoch_has_a_row_and_an_accuracy_is_in_percent() -> None:
    history = nn.History.from_dict({"loss": [0.5] * 450, "accuracy": [0.925] * 450})
    page = history.html()
    assert page.count('<tr id="row-') == 451
    assert '<a href="#0">0</a></th><td>–</td>' in page
    assert "<td>92.5 %</td>" in page
    assert '"start":0' in page
    assert "450 epochs, the lowest loss" in page
    short = nn.History.from_dict({"loss": [0.5, 0.25]}).html()
    assert '<a href="#2">2</a></th><td>0.25</td>' in short
    judged = nn.History.from_dict({"loss": [0.5], "val_loss": [0.5]})
    assert "the lowest validation loss" in judged.html()
    assert "1 epoch, the lowest loss" in nn.History.from_dict({"loss": [0.5]}).html()
    played = nn.play(nn.Layer(2, 1), [[0.0, 1.0]], [1.0], loss=nn.mse_loss)
    assert ", 1 sample, mse loss" in played.html()


@pytest.mark.parametrize(("count", "shown"), [(2000, 2000), (2001, 1001)])
def test_of_many_samples_a_page_shows_some_and_says_so(count: int, shown: int) -> None:
    samples = [([float(k), 0.0], float(k % 3 > 0)) for k in range(count)]
    plane = plane_of(boundary_of(lambda x, p: x[0], samples))
    classes = [k for *_, k in plane.data()["points"]]
    assert [classes.count(k) for k in (0, 1)] == [-(-shown // 3), shown - -(-shown // 3)]
    assert ("one sample in 2 is shown" in plane.legend()) == (shown < count)


def test_a_short_training_keeps_every_epoch() -> None:
    boundary = train(3).boundary
    assert boundary is not None
    assert boundary.epochs == [0, 1, 2, 3]
