"""fit: that it trains, what it tells, and that a resumed run is the same run."""

import dataclasses
import io
import json
import math
import random
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from nn.training.checkpoint import write_checkpoint
from tests.helpers.fitting import fitted
from tests.helpers.killed import Training, trained
from tests.helpers.tables import table

pytestmark = pytest.mark.filterwarnings("ignore:fit. not compiled")

XS = [[x / 4.0, (x * x % 7) / 7.0] for x in range(12)]
YS = [1.0 + 2.0 * a - b for a, b in XS]


def simple(
    model: nn.Module | None = None, lr: float = 0.1, **settings: Any
) -> tuple[nn.Module, nn.History]:
    random.seed(3)
    model = nn.MLP(2, [1]) if model is None else model
    return model, fitted(model, settings.pop("X", XS), settings.pop("y", YS), lr, **settings)


# ---------------------------------------------------------------- what it computes


def test_full_batches_are_the_plain_loop() -> None:
    random.seed(3)
    model = nn.MLP(2, [1])
    losses = []
    for _ in range(3):
        loss = nn.mse_loss([model(x) for x in XS], YS)
        losses.append(loss.data)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    fitted, history = simple(shuffle=False, compiled=False)
    assert fitted.state_dict() == model.state_dict()
    assert history.to_dict() == {"loss": losses}


def test_a_dataclass_with_an_array_of_parameters_is_trained() -> None:
    @dataclasses.dataclass(frozen=True)
    class Linear(nn.Module):
        w: Any

        def forward(self, x: Any) -> Any:
            return self.w @ x

    model = Linear(np.array([[Value(0.0), Value(0.0)]]))
    _, history = simple(
        model,
        loss=lambda outputs, targets: nn.mse_loss([*chain(*outputs)], targets),
        metrics={"first": lambda outputs, targets: outputs[0][0]},
    )
    assert history["loss"][2] < history["loss"][0]
    assert type(history["first"][0]) is float
    assert model.training


def test_batches_cover_every_sample_once_an_epoch() -> None:
    seen: list[list[float]] = []

    def loss(outputs: Any, targets: list[float]) -> Any:
        seen.append(targets)
        return nn.mse_loss(outputs, targets)

    simple(loss=loss, batch_size=5, epochs=2, compiled=False)
    assert [len(batch) for batch in seen] == [5, 5, 2, 5, 5, 2]
    epochs = [[*chain(*seen[:3])], [*chain(*seen[3:])]]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(YS)
    assert epochs[0] != epochs[1] != YS
    seen.clear()
    simple(loss=loss, batch_size=5, epochs=1, shuffle=False, compiled=False)
    simple(loss=loss, epochs=1, compiled=False)  # one batch has one order
    assert seen[3:] == [YS]
    assert [*chain(*seen[:3])] == YS


def test_the_loss_is_the_mean_over_samples() -> None:
    model, history = simple(lr=0.0, epochs=1, batch_size=5, shuffle=False)
    expected = nn.mse_loss([model(x) for x in XS], YS).data
    assert history["loss"] == [pytest.approx(expected, rel=1e-14)]


def test_penalty_and_clipping() -> None:
    plain, without = simple(epochs=1)
    decayed, with_penalty = simple(epochs=1, penalty=lambda ps: nn.l2_penalty(ps, 0.5))
    random.seed(3)
    start = [p.data for p in nn.MLP(2, [1]).parameters()]
    assert with_penalty["loss"][0] == pytest.approx(
        without["loss"][0] + 0.5 * sum(p * p for p in start)
    )
    for p, q, s in zip(plain.parameters(), decayed.parameters(), start):
        assert q.data == pytest.approx(p.data - 0.1 * s)
    clipped, _ = simple(epochs=1, max_norm=1e-3)
    moved = math.dist([p.data for p in clipped.parameters()], start)
    assert moved == pytest.approx(0.1 * 1e-3, rel=2e-3)


def test_validation_is_in_eval_mode_and_records_nothing() -> None:
    class Spy(nn.Module):
        def __init__(self) -> None:
            self.w = Value(1.0)
            self.calls: list[str] = []

        def forward(self, x: list[float]) -> Value:
            out = self.w * x[0]
            self.calls.append(f"{self.training} {out.op is not None}")
            return out

    model = Spy()
    metrics = {"first": lambda outputs, targets: outputs[0], "n": lambda o, t: len(t)}
    held_out = (XS[2:3], YS[2:3])
    settings: dict[str, Any] = {"epochs": 1, "validation": held_out, "metrics": metrics}
    settings["compiled"] = False
    _, history = simple(model.eval(), 0.0, X=XS[:2], y=YS[:2], shuffle=False, **settings)
    assert model.calls == ["True True", "True True", "False False"]
    assert not model.training
    assert history.to_dict() == {
        "loss": [pytest.approx(((0 - YS[0]) ** 2 + (0.25 - YS[1]) ** 2) / 2)],
        "first": [0.0],
        "n": [2],
        "val_loss": [(0.5 - YS[2]) ** 2],
        "val_first": [0.5],
        "val_n": [1],
    }


def test_a_share_is_held_out_and_is_the_same_each_time() -> None:
    xs, ys = [[float(i)] for i in range(20)], [float(i) for i in range(20)]
    seen: list[Any] = []

    def loss(outputs: Any, targets: Any) -> Any:
        seen.append(sorted(targets))
        return nn.mse_loss(outputs, targets)

    for _ in range(2):
        model = nn.Layer(1, 1, init=nn.init.zeros())
        fitted(model, xs, ys, 1e-4, 1, loss=loss, validation=0.29, compiled=False)
    trained, held_out, *again = seen
    assert again == [trained, held_out]
    assert (len(held_out), sorted(trained + held_out)) == (6, ys)
    assert held_out not in (ys[:6], ys[-6:])


@pytest.mark.parametrize("compiled", [False, True])
def test_metrics_of_a_model_that_returns_its_parameter(compiled: bool) -> None:
    model = nn.Embedding(1, 1)
    before = model.parameters()[0].data
    settings: dict[str, Any] = {"metrics": {"first": lambda outputs, _: outputs[0][0]}}
    settings["loss"] = lambda outputs, targets: nn.mse_loss([w for (w,) in outputs], targets)
    history = fitted(model, [0], [0.0], epochs=1, compiled=compiled, **settings)
    assert history["first"] == [before]


def test_values_as_data() -> None:
    wrapped = [[Value(x) for x in row] for row in XS]
    assert simple(X=wrapped)[0].state_dict() == simple()[0].state_dict()


def test_other_samples_are_left_as_they_are() -> None:
    table = nn.Embedding(2, 1)
    words = {"yes": 0, "no": 1}
    model = nn.Sequential(lambda word: words[word], table, lambda row: row[0])
    simple(model, 1.0, X=["yes", "no"], y=[1.0, -1.0], epochs=1)
    assert [p.data for p in table.parameters()] == pytest.approx([1.0, -1.0])


def test_the_watched_loss_schedules_and_the_best_is_restored() -> None:
    training, states = Training(), list[Any]()
    result = training.fit(callbacks=[lambda event: states.append(event.model.state_dict())])
    losses = result["history"]["val_loss"]
    best = min(losses)
    assert len(losses) == losses.index(best) + 1 + 2 < 10
    assert result["model"] == states[losses.index(best)]
    assert isinstance(training.scheduler, nn.ReduceLROnPlateau)
    assert training.scheduler.best == best != min(result["history"]["loss"])
    assert training.optimizer.lr < 0.5
    assert len(training.fit(epochs=1)["history"]["loss"]) == 1


def test_callbacks_see_every_epoch_and_may_stop() -> None:
    seen: list[tuple[int, int, bool]] = []

    def watch(event: nn.EpochEnd) -> bool:
        seen.append((event.epoch, event.history.epochs, event.model.training))
        return True

    def stop(event: nn.EpochEnd) -> None:
        if event.epoch == 2:
            raise nn.StopTraining

    _, history = simple(epochs=5, callbacks=[stop, watch])
    assert seen == [(1, 1, False), (2, 2, False)]
    assert history.epochs == 2


@pytest.mark.parametrize("progress", [True, None])
def test_the_progress_bar(
    progress: bool | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    given: dict[str, Any] = {"X": [(XS, YS)] * 2, "y": None, "checkpoint": tmp_path / "x.json"}
    for epochs in (1, 2):
        simple(epochs=epochs, resume=True, progress=progress, **given)
    assert "4/4" in stream.getvalue()
    assert "epoch=2, loss=" in stream.getvalue()


# ---------------------------------------------------------------- what it refuses


def test_every_module_gets_its_own_mode_back() -> None:
    model = nn.Sequential(nn.Layer(2, 1), nn.Sequential(nn.Tanh()).eval())
    simple(model, epochs=1)
    assert [module.training for module in model.children()] == [True, False]


def test_without_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert simple(progress=None)[1].epochs == 3
    assert simple(progress=False)[1].epochs == 3


# ---------------------------------------------------------------- checkpoints


def test_resuming_takes_the_lr_but_no_other_betas(
    tmp_path: Path,
) -> None:
    path, first, second = tmp_path / "run.json", Training(), Training()
    first.fit(path, epochs=2)
    parameters, before = second.model.parameters(), second.state()
    second.optimizer = nn.Adam(parameters, 0.1, betas=(0.8, 0.999), amsgrad=True)
    second.scheduler = nn.ReduceLROnPlateau(second.optimizer, factor=0.5, patience=0)
    with pytest.raises(ValueError, match="betas"):
        second.fit(path, resume=True)
    assert second.model.state_dict() == before["model"]
    second.optimizer = nn.Adam(parameters, 0.1, amsgrad=True)
    second.scheduler = nn.ReduceLROnPlateau(second.optimizer, factor=0.5, patience=0)
    second.fit(path, resume=True, epochs=2)
    assert second.state() == first.state()


def test_not_resuming_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    simple(epochs=3, checkpoint=path)
    assert simple(epochs=1, checkpoint=path)[1].epochs == 1


WORDS = [*range(624), 624]
MISSING = object()
BIAS = "layers.1.neurons.0.bias"
# Which states the parts refuse, and how: tests/bad_input.
REFUSED: dict[str, list[Any]] = dict(
    table(
        """
"model" | [{"w": 1.0}, None, MISSING]
f"model/{BIAS}" | ["1.0", 10**400]
"optimizer" | ["Adam", None]
"scheduler" | [None, MISSING]
"scheduler/last_epoch" | [-1]
"early_stopping" | [None]
"early_stopping/waited" | [-1]
"history" | [None, {"loss": [1.0]}]
"history/loss" | [[1.0], [10**400, 1], None]
"data" | [None, MISSING]
"data/samples" | [11]
"data/validation" | [6]
"settings" | [None, {"optimizer": []}]
"settings/optimizer" | [["betas=(0.5, 0.9)"]]
"settings/scheduler" | ["patience=1"]
"more" | [1]
""",
        globals(),
    )
) | {
    "random": [
        *(None, MISSING, [3, WORDS], [3, [1, 2, 3], None]),
        *([3, words, None] for words in (WORDS[:-1], [*WORDS[:-1], 625], [*WORDS[:-1], -1])),
        [3, [0.5, *WORDS[1:]], None],
    ]
}


@pytest.mark.parametrize(
    ("place", "content"),
    [(place, content) for place, contents in REFUSED.items() for content in contents],
)
def test_checkpoints_that_do_not_fit_change_nothing(
    place: str, content: Any, tmp_path: Path
) -> None:
    path = tmp_path / "run.json"
    part: Any = (state := json.loads(trained()))
    *around, last = place.split("/")
    for name in around:
        part = part[name]
    if content is MISSING:
        del part[last]
    else:
        part[last] = content
    write_checkpoint(path, state)
    written = path.read_bytes()
    training = Training()
    training.fit(epochs=1)
    random.gauss()
    before = json.dumps(training.state())
    with pytest.raises(ValueError) as refused:
        training.fit(path, resume=True)
    assert len(str(refused.value)) < 600
    assert json.dumps(training.state()) == before
    assert path.read_bytes() == written


@pytest.mark.parametrize(
    ("error", "raised"),
    [(ZeroDivisionError, ValueError), (KeyboardInterrupt, KeyboardInterrupt)],
)
def test_a_part_that_fails_leaves_the_others_as_they_were(
    error: type[BaseException], raised: type[BaseException], tmp_path: Path
) -> None:
    class Picky(nn.ReduceLROnPlateau):
        def load_state_dict(self, state: Any) -> None:
            super().load_state_dict(state)
            if state["last_epoch"]:
                raise error

    path, state = tmp_path / "run.json", json.loads(trained())
    state["scheduler"]["scheduler"] = "Picky"
    write_checkpoint(path, state)
    training = Training()
    training.scheduler = Picky(training.optimizer, factor=0.5, patience=0)
    before = json.dumps(training.state())
    with pytest.raises(raised):
        training.fit(path, resume=True)
    assert json.dumps(training.state()) == before


def test_a_checkpoint_is_valid_json_whatever_the_metrics_give(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    metrics = {"bad": lambda o, t: math.nan, "far": lambda o, t: -math.inf}
    for epochs in range(3):
        result = Training().fit(path, resume=True, epochs=epochs, metrics=metrics)
        json.loads(path.read_text(), parse_constant=pytest.fail)
    history = result["history"]
    assert all(map(math.isnan, history["bad"]))
    assert history["val_far"] == [-math.inf] * 2


def test_a_checkpoint_that_is_a_folder_is_refused_at_once(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    with pytest.raises(IsADirectoryError, match="runs"):
        simple(checkpoint=folder)
    assert [*tmp_path.rglob("*")] == [folder]
