"""Schedules: step for step against PyTorch, state, and what they refuse."""

import json
from typing import Any

import pytest

import nn
from autograd import Value
from tests.nn.reference import case_id, torch_reference

REFERENCE = torch_reference("schedules")
CASES = REFERENCE["cases"]


def made(case: dict[str, Any]) -> nn.Scheduler:
    optimizer = nn.SGD([Value(0.0)], lr=0.5)
    scheduler: nn.Scheduler = getattr(nn, case["name"])(optimizer, **case["arguments"])
    return scheduler


def stepped(scheduler: nn.Scheduler, metrics: list[float]) -> list[float]:
    rates = []
    for metric in metrics:
        scheduler.step(metric)
        rates.append(scheduler.optimizer.lr)
    return rates


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_step_is_torchs(case: dict[str, Any]) -> None:
    scheduler = made(case)
    rates = [scheduler.optimizer.lr, *stepped(scheduler, REFERENCE["metrics"])]
    assert len(rates) == 26
    assert rates == pytest.approx(case["rates"], rel=1e-12, abs=1e-16)
    assert scheduler.last_epoch == 25


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_state_continues_to_the_last_bit(case: dict[str, Any]) -> None:
    metrics = REFERENCE["metrics"]
    whole = stepped(made(case), metrics)
    first, second = made(case), made(case)
    stepped(first, metrics[:9])
    second.optimizer.lr = first.optimizer.lr
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert stepped(second, metrics[9:]) == whole[9:]


def test_what_is_shown() -> None:
    scheduler = nn.StepLR(nn.SGD([Value(0.0)], lr=0.5), 2, gamma=0.5)
    scheduler.step()
    scheduler.step()
    assert repr(scheduler) == "StepLR(last_epoch=2, step_size=2, gamma=0.5)"
    assert scheduler.get_last_lr() == [0.25]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_plateau_that_saw_nothing_yet(mode: str) -> None:
    first = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), mode=mode)
    state = json.loads(json.dumps(first.state_dict(), allow_nan=False))
    second = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), mode=mode)
    second.step(Value(1.0))
    assert second.best == 1.0
    second.load_state_dict(state)
    assert second.best == first.best
