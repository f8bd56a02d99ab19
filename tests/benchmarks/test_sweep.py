"""A sweep on two processes beside the same sweep on one."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import nn
from tests.benchmarks.conftest import BESIDE, Tables, in_words, shown
from tests.nn.training.fitting import fitted

datasets = pytest.importorskip("sklearn.datasets")

ROUNDS = 3
RATES = [0.001 * 1.5**i for i in range(16)]


def train(rate: float) -> dict[str, Any]:
    """The loss of a 64-32-10 net after 30 epochs on the digits; the process and its time."""
    digits = datasets.load_digits()
    settings: dict[str, Any] = {"loss": nn.cross_entropy, "batch_size": 32}
    xs, ys = digits.data / 16.0, digits.target
    history = fitted(nn.MLP(64, [32, 10]), xs, ys, rate, 30, **settings)
    return {
        "loss": history["loss"][-1],
        "process": os.getpid(),
        "seconds": time.process_time(),
    }


def swept(processes: int) -> tuple[list[float], float, float]:
    """The losses, the time that passed, and the time of the busiest process and of this one."""
    mine, started = time.process_time(), time.perf_counter()
    with ProcessPoolExecutor(processes) as executor:
        trials = [{"rate": rate} for rate in RATES]
        records = nn.sweep(train, trials, executor, progress=False)
    passed, mine = time.perf_counter() - started, time.process_time() - mine
    busy = {record["process"]: record["seconds"] for record in records}
    return [record["loss"] for record in records], passed, mine + max(busy.values())


def test_two_processes(tables: Tables) -> None:
    both = [[swept(processes) for processes in (1, 2)] for _ in range(ROUNDS)]
    assert len({tuple(losses) for each in both for losses, _, _ in each}) == 1
    one, two = [
        [min(times) for times in zip(*[sweep[1:] for sweep in each])] for each in zip(*both)
    ]
    for what, i in (("", 0), (", if both cores are free", 1)):
        name, beside = (
            f"16 trainings of 64-32-10 on 2 processes{what}",
            f"on one {shown(one[i])}",
        )
        row = (name, shown(two[i]), beside, in_words(one[i] / two[i]))
        tables.setdefault(BESIDE, []).append(row)
