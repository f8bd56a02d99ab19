"""Schedules: step for step against PyTorch, state, and what they refuse."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value
from tests.helpers.reference import case_id, torch_reference
from tests.helpers.tables import table

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
    assert rates == pytest.approx(case["rates"], rel=1e-12, abs=1e-16)


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


def two_groups(package: Any, p: Any, q: Any, kind: str = "SGD") -> Any:
    return getattr(package, kind)([{"params": [p]}, {"params": [q], "lr": 0.125}], lr=0.5)


GROUPS: dict[str, Callable[[Any, Any], Any]] = dict(
    table(
        """
"LambdaLR" | lambda m, o: m.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1.0 / (1.0 + e)])
"a function" | lambda m, o: m.LambdaLR(o, lambda e: 0.9**e)
"OneCycleLR" | lambda m, o: m.OneCycleLR(o, [0.75, 0.25], 18)
"no cycle" | lambda m, o: m.OneCycleLR(o, 0.75, 20, pct_start=0.25, cycle_momentum=False)
"StepLR" | lambda m, o: m.StepLR(o, 3)
"ReduceLROnPlateau" | lambda m, o: m.ReduceLROnPlateau(o, patience=1, min_lr=0.05)
""",
        globals(),
    )
) | {
    "SequentialLR": lambda m, o: m.SequentialLR(
        o,
        [m.LinearLR(o, 0.1, total_iters=4), m.CosineAnnealingLR(o, 10), m.StepLR(o, 2)],
        [4, 9],
    )
}


def settings_of(optimizer: Any) -> list[Any]:
    return [[g.get(n) for n in ("lr", "momentum", "betas")] for g in optimizer.param_groups]


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("case", GROUPS)
def test_groups_have_rates_of_their_own_as_torchs(case: str, kind: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    p, q = [torch.tensor(1.0, requires_grad=True) for _ in range(2)]
    theirs = two_groups(torch.optim, p, q, kind)
    ours = two_groups(nn, Value(1.0), Value(1.0), kind)
    made = [GROUPS[case](nn, ours), GROUPS[case](torch.optim.lr_scheduler, theirs)]
    for _ in range(18):
        found, expected = map(settings_of, (ours, theirs))
        for own, others in zip(found, expected):
            flat = [[own[0], own[1] or 0.0, *(own[2] or ())] for own in (own, others)]
            assert flat[0] == pytest.approx(flat[1], rel=1e-12)
        for scheduler in made:
            scheduler.optimizer.step()
            scheduler.step(*[1.0] * (case == "ReduceLROnPlateau"))


@pytest.mark.parametrize("case", GROUPS)
def test_the_state_of_groups_continues_to_the_last_bit(case: str) -> None:
    whole, first = [
        GROUPS[case](nn, two_groups(nn, Value(1.0), Value(1.0), "Adam")) for _ in range(2)
    ]
    rates = [[s.step(3.0), s.get_last_lr()][1] for s in [whole] * 17]
    again = [[s.step(3.0), s.get_last_lr()][1] for s in [first] * 5]
    optimizer = two_groups(nn, Value(1.0), Value(1.0), "Adam")
    optimizer.load_state_dict(json.loads(json.dumps(first.optimizer.state_dict())))
    second = GROUPS[case](nn, optimizer)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert again + [[s.step(3.0), s.get_last_lr()][1] for s in [second] * 12] == rates


def test_a_sequence_has_the_rate_and_state_of_its_schedulers() -> None:
    sequence = GROUPS["SequentialLR"](nn, nn.SGD([Value(0.0)], lr=0.5))
    assert [sequence.rate(epoch) for epoch in (0, 2, 4, 11)] == [0.05, 0.275, 0.5, 0.05]


def test_a_cycle_whose_rise_is_a_single_step_begins_at_the_top() -> None:
    sgd = nn.SGD([Value(0.0)], momentum=0.5)
    nn.OneCycleLR(sgd, 1.0, total_steps=4, pct_start=0.25)
    assert (sgd.lr, sgd.momentum) == (1.0, 0.85)


def test_a_scheduler_begins_where_the_first_did() -> None:
    sgd = nn.SGD([Value(0.0)], lr=0.5)
    nn.LinearLR(sgd, 0.5).step()
    assert nn.ExponentialLR(sgd, 0.5).base_lr == 0.5
    sgd.lr = 0.25
    last = nn.ExponentialLR(sgd, 0.5)
    assert last.base_lr == 0.25
    last.load_state_dict({**last.state_dict(), "base_lr": 2.0})
    last.step()
    assert nn.ExponentialLR(sgd, 0.5).base_lr == 2.0


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_plateau_that_saw_nothing_yet(mode: str) -> None:
    first = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), mode=mode)
    state = json.loads(json.dumps(first.state_dict(), allow_nan=False))
    second = nn.ReduceLROnPlateau(nn.SGD([Value(0.0)], lr=0.5), mode=mode)
    second.step(Value(1.0))
    assert second.best == 1.0
    second.load_state_dict(state)
    assert second.best == first.best
