"""History and early stopping."""

import json
import math

import nn
from autograd import Value


def history_of(**records: list[float]) -> nn.History:
    return nn.History.from_dict(records)


def test_an_empty_history() -> None:
    history = nn.History()
    assert (history.epochs, history.best_epoch, history.watched) == (0, 0, [])
    assert "loss" not in history
    assert repr(history) == "History(0 epochs)"
    assert repr(nn.History.from_dict({"loss": [1.0]})) == "History(1 epoch: loss=1)"


def test_a_history_is_a_mapping_of_its_names() -> None:
    records = {"loss": [2.0, 1.0], "accuracy": [0.5, 1.0]}
    history = history_of(**records)
    assert dict(history) == records
    assert list(history) == list(records)


def test_the_best_epoch() -> None:
    assert history_of(loss=[3.0, 1.0, 2.0, 1.0]).best_epoch == 2
    both = history_of(loss=[3.0, 2.0, 1.0], val_loss=[1.0, 2.0, 3.0])
    assert both.best_epoch == 1
    assert both.watched == [1.0, 2.0, 3.0]
    assert both.epochs == 3
    assert repr(both) == "History(3 epochs: loss=1, val_loss=3)"


def test_round_trip() -> None:
    history = nn.History()
    history.append({"loss": 0.1, "accuracy": 1 / 3})
    records = history.to_dict()
    copy = nn.History.from_dict(json.loads(json.dumps(records)))
    assert copy == history
    records["loss"].append(5.0)
    copy["loss"].append(6.0)
    assert history["loss"] == [0.1]
    assert "accuracy" in history


class Point(nn.Module):
    def __init__(self) -> None:
        self.p = Value(0.0)


def test_patience_and_margin() -> None:
    stopper = nn.EarlyStopping(patience=2, min_delta=0.5)
    assert repr(stopper) == "EarlyStopping(patience=2, min_delta=0.5, restore_best=True)"
    model = Point()
    seen = []
    for number, loss in enumerate([3.0, 2.5, 2.25, 1.75, 2.0]):
        model.p.data = float(number)
        stopper.update(loss, model)
        seen.append((stopper.best, stopper.waited, stopper.stopped, stopper.best_state))
    assert seen == [
        (3.0, 0, False, {"p": 0.0}),
        (3.0, 1, False, {"p": 0.0}),
        (2.25, 0, False, {"p": 2.0}),
        (2.25, 1, False, {"p": 2.0}),
        (2.25, 2, True, {"p": 2.0}),
    ]


def test_without_restoring_nothing_is_kept() -> None:
    stopper = nn.EarlyStopping(restore_best=False)
    stopper.update(1.0, Point())
    assert (stopper.best, stopper.best_state) == (1.0, None)


def test_state() -> None:
    stopper = nn.EarlyStopping()
    stopper.update(1.0, Point())
    stopper.update(2.0, Point())
    other = nn.EarlyStopping()
    other.load_state_dict(json.loads(json.dumps(stopper.state_dict())))
    assert (other.best, other.waited, other.best_state) == (1.0, 1, {"p": 0.0})
    fresh = json.loads(json.dumps(nn.EarlyStopping().state_dict(), allow_nan=False))
    other.load_state_dict(fresh)
    assert other.best == math.inf
    other.reset()
    assert (other.best, other.waited, other.best_state) == (math.inf, 0, None)


def test_a_notebook_shows_the_page() -> None:
    assert history_of(loss=[2.0, 1.0])._repr_html_().count("<iframe srcdoc=") == 1
    assert nn.History()._repr_html_() == "History(0 epochs)"
