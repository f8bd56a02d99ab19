"""Sweeps: many trainings over executors, the same bits wherever each runs."""

import json
import multiprocessing
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import nn
from tests.helpers.fitting import fitted

SPAWN = multiprocessing.get_context("spawn")  # where JAX was imported, its threads can't fork
RATES: list[dict[str, Any]] = [{"rate": r, "width": w} for r in (0.01, 0.1) for w in (1, 2)]


def train(rate: float, width: int) -> nn.History:
    model = nn.MLP(1, [width, 1])
    xs = [[random.random()] for _ in range(5)]
    return fitted(model, xs, [2.0 * x[0] for x in xs], rate)


def fails(rate: float, width: int) -> dict[str, float]:
    if width == 2:
        raise ValueError(f"no width {width}")
    return {"loss": rate}


def dies_once(mark: str, rate: float) -> float:
    """Is killed the first time, as by a system that is short of memory."""
    if rate == 0.2 and not os.path.exists(mark):
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return rate * random.random()


def itself(rate: float) -> float:
    return rate


class Unprintable(BaseException):
    def __str__(self) -> str:
        raise ValueError("nothing to see")


def ends(how: str) -> float:
    if how == "exits":
        sys.exit("no data")
    if how == "raises":
        raise Unprintable
    if how == "is interrupted":
        raise KeyboardInterrupt
    return 1.0


@pytest.fixture(name="here")
def _here() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def swept(*args: Any, **named: Any) -> nn.Sweep:
    return nn.sweep(*args, progress=False, **named)


def test_trials_give_the_same_bits_wherever_they_run(here: Executor) -> None:
    alone = swept(train, RATES, here)
    assert [list(record) for record in alone] == [["rate", "width", "loss"]] * 4
    assert len({record["loss"] for record in alone}) == 4
    assert not alone.failed
    assert swept(train, RATES) == alone
    with ProcessPoolExecutor(2, SPAWN) as processes:
        assert swept(train, RATES[::-1], processes)[::-1] == alone
    assert swept(train, RATES, here, seed=1) != alone


@pytest.mark.parametrize("processes", [True, False])
def test_a_trial_that_exits_or_is_unprintable_ends_itself(
    processes: bool, here: Executor
) -> None:
    trials = [{"how": how} for how in ("exits", "raises", "is well")]
    results = swept(ends, trials, None if processes else here)
    assert results == [{"how": "is well", "result": 1.0}]
    errors = [each["error"] for each in results.failed]
    names = [error.partition(":")[0].rpartition(".")[2] for error in errors]
    assert names == ["SystemExit", "Unprintable"]


def test_a_failed_trial_is_kept_apart_with_its_traceback() -> None:
    results = swept(fails, RATES)
    assert results == [
        {"rate": 0.01, "width": 1, "loss": 0.01},
        {"rate": 0.1, "width": 1, "loss": 0.1},
    ]
    first, second = results.failed
    assert (first["rate"], second["rate"]) == (0.01, 0.1)
    assert first["error"] == "ValueError: no width 2"
    assert "in fails" in first["traceback"]


def test_a_sweep_goes_on_from_its_folder(tmp_path: Path, here: Executor) -> None:
    calls = tmp_path / "calls"

    def count(rate: float, width: int) -> dict[str, float]:
        with calls.open("a") as file:
            file.write(".")
        return fails(rate, width) | {"random": random.random()}

    folder = tmp_path / "sweep"
    first = swept(count, RATES, here, folder=folder)
    again = swept(count, [*RATES, {"rate": 0.5, "width": 1}], here, folder=folder)
    assert again[:2] == first
    assert len(again) == 3
    assert calls.stat().st_size == 4 + 2 + 1  # those that failed are done again
    swept(count, RATES[:1], here, folder=folder, seed=1)
    assert calls.stat().st_size == 8
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b'{"trial": "another", "record": {}}', b'{"record": {}}']
)
def test_a_damaged_record_is_named(tmp_path: Path, here: Executor, damage: bytes) -> None:
    swept(fails, RATES[:1], here, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    content = json.loads(file.read_bytes())
    assert content["record"]["loss"] == 0.01
    file.write_bytes(damage)
    with pytest.raises(ValueError, match=file.name):
        swept(fails, RATES[:1], here, folder=tmp_path)


@pytest.mark.slow
def test_trials_of_a_killed_process_are_done_next_time(tmp_path: Path) -> None:
    trials = [{"mark": str(tmp_path / "mark"), "rate": r} for r in (0.1, 0.2, 0.3, 0.4)]
    first = swept(dies_once, trials, folder=tmp_path / "sweep")
    assert 0.2 in [record["rate"] for record in first.failed]
    assert "BrokenProcessPool" in first.failed[0]["error"]
    assert len(first) + len(first.failed) == 4
    results = swept(dies_once, trials, folder=tmp_path / "sweep")
    assert not results.failed
    assert results == swept(dies_once, trials)


def gives_way(rate: float, width: int) -> float:
    """Draws, and lets other threads run in between."""
    first = random.random()
    threading.Event().wait(1e-3)
    return first + random.random()


def test_threads_of_a_process_take_turns(here: Executor) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert swept(gives_way, RATES, threads) == swept(gives_way, RATES, here)


def sweeps(rate: float) -> float:
    first, second = swept(itself, [{"rate": rate}, {"rate": 1.0}])
    return float(first["result"] + second["result"])


def test_a_trial_may_sweep(here: Executor) -> None:
    assert swept(sweeps, [{"rate": 0.5}], here) == [{"rate": 0.5, "result": 1.5}]


def test_an_executor_that_fails_is_what_failed() -> None:
    class Failing(Executor):
        def submit(self, *_: Any, **__: Any) -> Any:
            future: Future[Any] = Future()
            future.set_exception(OSError("no machine"))
            return future

    results = swept(itself, [{"rate": 0.2}], Failing())
    assert results.failed[0]["error"] == "OSError: no machine"
    assert repr(results).startswith("<Sweep of []; 1 failed, see .failed")
    assert repr(nn.Sweep([])) == "[]"


def test_what_a_training_may_return(here: Executor) -> None:
    assert swept(lambda x: x, [{"x": 2.0}], here) == [{"x": 2.0, "result": 2.0}]
    assert swept(lambda: {"a": [1]}, [{}], here) == [{"a": [1]}]
    (failed,) = swept(lambda: object(), [{}], here).failed
    assert "sweep: the result of train: result must be a number" in failed["error"]


def test_a_function_that_cannot_be_sent_is_what_failed() -> None:
    (failed,) = swept(lambda: 1.0, [{}]).failed
    assert "<lambda>" in failed["error"]


def test_the_bar_counts_trials(here: Executor, capsys: pytest.CaptureFixture[str]) -> None:
    nn.sweep(fails, RATES, here, progress=True)
    assert "4/4" in capsys.readouterr().err


@pytest.mark.slow
def test_a_worker_of_dask_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        trials = [{"mark": str(tmp_path / "mark"), "rate": r} for r in (0.1, 0.2, 0.3)]
        results = swept(dies_once, trials, client)
    assert not results.failed
    assert results == swept(dies_once, trials)


def test_optuna_prunes_a_training() -> None:
    optuna = pytest.importorskip("optuna", reason="Optuna is not installed")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: Any) -> float:
        random.seed(1)
        rate = trial.suggest_categorical("rate", [0.1, 1e-6])
        callbacks = [nn.optuna_callback(trial, "loss")]
        xs, ys = [[1.0], [2.0]], [1.0, 2.0]
        return fitted(nn.MLP(1, [1]), xs, ys, rate, 5, callbacks=callbacks)["loss"][-1]

    study = optuna.create_study(
        sampler=optuna.samplers.GridSampler({"rate": [0.1, 1e-6]}, seed=0),
        pruner=optuna.pruners.ThresholdPruner(upper=0.5, n_warmup_steps=3),
    )
    study.optimize(objective)
    states = {trial.params["rate"]: trial for trial in study.trials}
    assert states[0.1].state.name == "COMPLETE"
    assert states[1e-6].state.name == "PRUNED"
    assert len(states[1e-6].intermediate_values) == 3
