"""Schedules: step for step against PyTorch, state, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
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


def test_the_plateau_watches_a_metric() -> None:
    scheduler = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), patience=0)
    scheduler.step(Value(1.0))
    scheduler.step(Value(1.0))
    assert scheduler.optimizer.lr == pytest.approx(0.05)
    with pytest.raises(TypeError, match=r"ReduceLROnPlateau\.step needs the metric"):
        scheduler.step()
    assert scheduler.last_epoch == 2


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (nn.StepLR, {"step_size": 0}, "step_size must be 1 or more"),
        (nn.CosineAnnealingLR, {"T_max": 0}, "T_max must be 1 or more"),
        (nn.LinearLR, {"total_iters": 0}, "total_iters must be 1 or more"),
        (nn.ReduceLROnPlateau, {"factor": 1.0}, "factor must be within"),
        (nn.ReduceLROnPlateau, {"mode": "least"}, "mode must be"),
        (nn.ReduceLROnPlateau, {"threshold_mode": "x"}, "threshold_mode must be"),
        (nn.ReduceLROnPlateau, {"patience": -1}, "patience must be 0 or more"),
        (nn.ReduceLROnPlateau, {"cooldown": -1}, "cooldown must be 0 or more"),
        (nn.ReduceLROnPlateau, {"threshold": -1}, "threshold must be finite and not negative"),
        (nn.ReduceLROnPlateau, {"min_lr": -1}, "min_lr must be"),
        (nn.ReduceLROnPlateau, {"eps": -1}, "eps must be"),
        (
            nn.ExponentialLR,
            {"gamma": -1.0},
            r"gamma must be finite and not negative, got -1\.0",
        ),
        (nn.StepLR, {"step_size": 1, "gamma": -1}, "gamma must be finite and not negative"),
        (nn.CosineAnnealingLR, {"T_max": 1, "eta_min": -1}, "eta_min must be"),
        (nn.LinearLR, {"start_factor": -1}, "start_factor must be"),
        (nn.LinearLR, {"end_factor": -1}, "end_factor must be"),
    ],
)
def test_settings_out_of_range(
    kind: Callable[..., nn.Scheduler], settings: dict[str, Any], message: str
) -> None:
    optimizer = nn.SGD([Value(0.0)], lr=0.5)
    with pytest.raises(ValueError, match=message):
        kind(optimizer, **settings)
    assert optimizer.lr == 0.5


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (nn.StepLR, {"step_size": 1, "gamma": "a"}, "gamma must be a number, got 'a'"),
        (nn.ReduceLROnPlateau, {"patience": "a"}, "patience must be an integer, got 'a'"),
        (nn.ReduceLROnPlateau, {"factor": "a"}, "factor must be a number, got 'a'"),
    ],
)
def test_settings_of_the_wrong_type(
    kind: Callable[..., nn.Scheduler], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        kind(nn.SGD([Value(0.0)]), **settings)
    with pytest.raises(TypeError, match="optimizer must be of the type Optimizer, got None"):
        nn.ExponentialLR(None, gamma=0.5)  # type: ignore[arg-type]


def test_what_is_shown() -> None:
    scheduler = nn.StepLR(nn.SGD([Value(0.0)], lr=0.5), 2, gamma=0.5)
    scheduler.step()
    scheduler.step()
    assert repr(scheduler) == "StepLR(last_epoch=2, step_size=2, gamma=0.5)"
    assert scheduler.get_last_lr() == [0.25]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"scheduler": "StepLR", "base_lr": 0.5},
        {"scheduler": "LinearLR", "base_lr": 0.5, "last_epoch": 1},
        {"scheduler": "StepLR", "base_lr": "0.5", "last_epoch": 1},
        {"scheduler": "StepLR", "base_lr": -0.5, "last_epoch": 1},
        {"scheduler": "StepLR", "base_lr": 10**400, "last_epoch": 1},
        {"scheduler": "StepLR", "base_lr": 0.5, "last_epoch": -1},
        {"scheduler": "StepLR", "base_lr": 0.5, "last_epoch": 1.5},
        {"scheduler": "StepLR", "base_lr": 0.5, "last_epoch": True},
        {"scheduler": "StepLR", "base_lr": 0.5, "last_epoch": 10**30},
        {"scheduler": "StepLR", "base_lr": 0.5, "last_epoch": 1, "more": 1},
    ],
)
def test_a_state_that_does_not_fit(state: dict[str, Any]) -> None:
    scheduler = nn.StepLR(nn.SGD([Value(0.0)], lr=0.5), 2)
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match="StepLR: the state does not fit: "):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before
    with pytest.raises(
        TypeError, match="StepLR: the state must be of the type Mapping, got None"
    ):
        scheduler.load_state_dict(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"num_bad_epochs": -1},
        {"num_bad_epochs": 0.5},
        {"cooldown_counter": -1},
        {"cooldown_counter": "1"},
        {"best": "1"},
    ],
)
def test_a_state_that_does_not_fit_a_plateau(change: dict[str, Any]) -> None:
    scheduler = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5))
    before = scheduler.state_dict()
    with pytest.raises(ValueError, match=f"the state does not fit: {next(iter(change))} "):
        scheduler.load_state_dict(before | change)
    assert scheduler.state_dict() == before


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_plateau_that_saw_nothing_yet(mode: str) -> None:
    first = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), mode=mode)
    state = json.loads(json.dumps(first.state_dict(), allow_nan=False))
    second = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), mode=mode)
    second.step(1.0)
    second.load_state_dict(state)
    assert second.best == first.best


def test_the_base_class_has_no_rate() -> None:
    with pytest.raises(NotImplementedError):
        nn.Scheduler(nn.SGD([Value(0.0)], lr=0.5))
