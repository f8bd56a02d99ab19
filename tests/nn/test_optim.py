"""Optimizers: step for step against PyTorch, state, and what they refuse."""

import copy
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import nn
from autograd import Value
from tests.helpers.reference import case_id, torch_reference
from tests.helpers.tables import table

REFERENCE = torch_reference("optimizers")
CASES = REFERENCE["cases"]
OPTIMIZERS = [nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop]


def made(case: dict[str, Any]) -> nn.Optimizer:
    params = [Value(x) for x in REFERENCE["start"]]
    optimizer: nn.Optimizer = getattr(nn, case["name"])(params, **case["arguments"])
    return optimizer


def stepped(optimizer: nn.Optimizer, gradients: list[list[float]]) -> list[list[float]]:
    path = []
    for gradient in gradients:
        for parameter, g in zip(optimizer.params, gradient):
            parameter.grad = g
        optimizer.step()
        path.append([parameter.data for parameter in optimizer.params])
    return path


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_step_is_torchs(case: dict[str, Any]) -> None:
    path = stepped(made(case), REFERENCE["gradients"])
    for step, expected in zip(path, case["path"]):
        assert step == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_state_continues_to_the_last_bit(case: dict[str, Any]) -> None:
    gradients = REFERENCE["gradients"]
    whole = stepped(made(case), gradients)
    first, second = made(case), made(case)
    stepped(first, gradients[:10])
    for source, target in zip(first.params, second.params):
        target.data = source.data
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert stepped(second, gradients[10:]) == whole[10:]


def test_repr_shows_the_settings() -> None:
    p = Value(1.0)
    assert repr(nn.AdamW([p])) == (
        "AdamW(1 parameter, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01, "
        "amsgrad=False)"
    )
    assert repr(nn.SGD([p])) == (
        "SGD(1 parameter, lr=0.001, momentum=0.0, dampening=0.0, weight_decay=0.0, "
        "nesterov=False)"
    )
    optimizer = nn.SGD([p, Value(2.0)], lr=1)
    optimizer.lr = 0.5
    assert repr(optimizer).startswith("SGD(2 parameters, lr=0.5, momentum=0.0, ")


CHANGES: list[tuple[Any, dict[str, Any], dict[str, Any]]] = table(
    """
nn.SGD | {"momentum": 0.0, "nesterov": False} | {"momentum": 0.9, "nesterov": True}
nn.SGD | {"weight_decay": 0.0, "dampening": 0.0} | {"weight_decay": 0.1, "dampening": 0.5}
nn.Adam | {"amsgrad": False, "eps": 1e-8} | {"amsgrad": True, "eps": 1e-3}
nn.AdamW | {"betas": (0.9, 0.999)} | {"betas": (0.5, 0.6)}
nn.RMSprop | {"momentum": 0.0, "centered": False} | {"momentum": 0.9, "centered": True}
nn.RMSprop | {"centered": True, "momentum": 0.5} | {"centered": True, "momentum": 0.0}
nn.RMSprop | {"alpha": 0.9} | {"alpha": 0.5}
""",
    globals(),
)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("kind", "before", "after"), CHANGES)
def test_a_setting_that_is_changed(kind: Any, before: Any, after: Any, back: bool) -> None:
    """It is as if the optimizer had been made so, with the buffers that it has."""
    if back:
        before, after = dict(reversed(after.items())), dict(reversed(before.items()))
    gradients = [[0.5, -1.0], [0.25, 2.0]]
    optimizer = kind([Value(1.0), Value(-2.0)], 0.1, **before)
    stepped(optimizer, gradients)
    state = optimizer.state_dict()
    for name, x in after.items():
        setattr(optimizer, name, x)
    other = kind([Value(p.data) for p in optimizer.params], 0.1, **after)
    names = other.buffers.keys()
    assert list(optimizer.buffers) == list(names)
    buffers = other.state_dict()["buffers"] | state["buffers"]
    other.load_state_dict(state | {"buffers": {name: buffers[name] for name in names}})
    assert stepped(optimizer, gradients) == stepped(other, gradients)
    assert (repr(optimizer), optimizer.state_dict()) == (repr(other), other.state_dict())


def test_centered_divides_by_the_deviation_even_below_zero() -> None:
    optimizer = nn.RMSprop([Value(1.0)], lr=1.0, alpha=0.25, eps=0.0, centered=True)
    assert stepped(optimizer, [[2.0]]) == [[1.0 - 2.0 / math.sqrt(0.75)]]
    optimizer = nn.RMSprop([Value(1.0)], lr=1e-8, alpha=0.5, centered=True)
    path = stepped(optimizer, [[0.7]] * 100)
    assert path == sorted(path, reverse=True)


@pytest.mark.parametrize(
    ("kind", "settings", "data", "gradient"),
    table(
        """
nn.SGD | {"lr": 10.0} | 1e308 | -1e308
nn.SGD | {} | math.inf | 1.0
nn.SGD | {"weight_decay": 10.0, "momentum": 0.5, "lr": 0.0} | 1e308 | 0.0
nn.Adam | {} | 1.0 | 1e200
nn.AdamW | {"eps": 0.0} | 1.0 | 0.0
nn.RMSprop | {"momentum": 0.5} | 1.0 | 1e200
""",
        globals(),
    ),
)
def test_a_step_that_would_overflow_changes_nothing(
    kind: Callable[..., nn.Optimizer],
    settings: dict[str, Any],
    data: float,
    gradient: float,
) -> None:
    good, bad = Value(1.0), Value(data, label="bad")
    optimizer = kind([good, bad], **settings)
    good.grad, bad.grad = 0.5, gradient
    before = optimizer.state_dict()
    with pytest.raises(FloatingPointError):
        optimizer.step()
    assert (good.data, bad.data, optimizer.state_dict()) == (1.0, data, before)


def test_an_optimizer_of_ones_own() -> None:
    class Plain(nn.Optimizer):
        def _update(self, numbers: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
            return (numbers[0] * g,)

    assert stepped(Plain([Value(3.0)], 0.5), [[2.0]]) == [[2.0]]
    assert stepped(Plain([Value(3.0)], 0.5, 1.0), [[2.0]]) == [[0.5]]


# ---------------------------------------------------------------- groups and freezing

KINDS: list[tuple[Any, dict[str, Any]]] = table(
    """
nn.SGD | {"momentum": 0.9, "dampening": 0.25}
nn.Adam | {"amsgrad": True}
nn.AdamW | {}
nn.RMSprop | {"centered": True, "momentum": 0.5}
""",
    globals(),
)


def gradient(step: int, place: int) -> float:
    return math.sin(3.0 * step + 5.0 * place)


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_groups_and_frozen_parameters_are_as_single_optimizers(
    kind: Any, settings: dict[str, Any]
) -> None:
    """PyTorch's law: each parameter by itself, and none that has no gradient."""
    own: list[dict[str, Any]] = [{}, {"lr": 0.5, "weight_decay": 0.125}, {"lr": 0.25}]
    pairs = [[Value(1.0), Value(-2.0)] for _ in own]
    groups = [{"params": pair, **more} for pair, more in zip(pairs, own)]
    optimizer = kind(groups[:2], lr=0.1, **settings)
    copies = [[Value(p.data) for p in pair] for pair in pairs]
    alone = [
        [kind([p], **{"lr": 0.1, **settings, **more}) for p in pair]
        for pair, more in zip(copies, own)
    ]
    for step in range(14):
        if step == 2:
            optimizer.add_param_group(groups[2])
        if step == 9:
            optimizer.param_groups[1]["lr"] = 0.0625
            for each in alone[1]:
                each.lr = 0.0625
        if step == 10:
            state = json.loads(json.dumps(optimizer.state_dict()))
            optimizer = kind(groups, lr=0.1, **settings)
            optimizer.load_state_dict(state)
        for place in range(6):
            i, j = divmod(place, 2)
            pairs[i][j].requires_grad = trains = not 3 <= step - place < 6
            if i < len(optimizer.param_groups) and trains:
                pairs[i][j].grad = copies[i][j].grad = gradient(step, place)
                alone[i][j].step()
        optimizer.step()
        assert [[p.data for p in pair] for pair in pairs] == [
            [p.data for p in pair] for pair in copies
        ]
    assert optimizer.state_dict()["made"] == [11, 11, 11, 11, 9, 9]


@pytest.mark.parametrize(("kind", "settings"), KINDS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_parameter_that_was_frozen_goes_on_from_its_own_step(
    kind: Any, settings: dict[str, Any], count: int
) -> None:
    ps, qs = ([Value(1.0) for _ in range(count)] for _ in range(2))
    optimizer = kind(ps, lr=0.1, **settings)
    alone = [kind([q], lr=0.1, **settings) for q in qs]
    for step in range(5):
        for k, p in enumerate(ps):
            p.requires_grad = step != 1 + k
            if p.requires_grad:
                p.grad = qs[k].grad = gradient(step, k)
                alone[k].step()
        optimizer.step()
    assert [p.data for p in ps] == [q.data for q in qs]


def test_groups_are_shown_and_take_the_settings_of_all() -> None:
    a, b = Value(1.0), Value(2.0)
    groups: list[dict[str, Any]] = [{"params": [a]}, {"params": (b,), "lr": 0.5}]
    optimizer = nn.Adam(groups, lr=0.25)
    first, second = optimizer.param_groups
    assert repr(optimizer).startswith("Adam(2 parameters in 2 groups, lr=0.25, ")
    assert list(first) == ["params", "lr", "weight_decay", "betas", "eps", "amsgrad"]
    assert (len(second), second["params"], second["lr"], "mu" in second) == (6, [b], 0.5, False)
    optimizer.lr = 0.125
    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.125]
    assert "'lr': 0.125" in repr(first)
    a.requires_grad = b.requires_grad = False
    optimizer.step()
    assert (a.data, b.data, optimizer.steps) == (1.0, 2.0, 1)
    assert repr(optimizer).startswith("Adam(0 parameters in 2 groups and 2 frozen, ")
    state = optimizer.state_dict()
    assert (state["made"], state["lrs"]) == ([0, 0], [0.125, 0.125])
    alone = nn.SGD([Value(1.0)], lr=0.5)
    alone.param_groups[0]["lr"] = 0.25
    assert alone.state_dict() == {"optimizer": "SGD", "lr": 0.25, "steps": 0, "buffers": {}}
    alone.params.append(b)
    assert alone.param_groups[0].params[-1] is b
    assert [*nn.RMSprop([a]).buffers] == ["square_avg"]
    groups = [{"params": [Value(1.0)], "lr": 0.5}, {"params": [b]}]
    part = nn.SGD(groups)
    part.params[0].grad = 1.0
    part.step()
    assert part.params[0].data == 0.5
    groups[1]["nesterov"] = True
    assert nn.SGD(groups, 0.1, 0.9, nesterov=True).param_groups[1]["weight_decay"] == 0.0


def test_steps_with_groups_and_frozen_parameters_are_torchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    start = [0.5, -1.0, 2.0, 0.25]
    ours = [Value(x) for x in start]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    optimizers: list[Any] = []
    for package, ps in ((nn, ours), (torch.optim, theirs)):
        groups = [{"params": ps[:2]}, {"params": ps[2:], "lr": 0.5, "weight_decay": 0.1}]
        optimizers.append(package.Adam(groups, lr=0.1, betas=(0.25, 0.375)))
    for step in range(12):
        for optimizer, ps in zip(optimizers, (ours, theirs)):
            ps[0].requires_grad = not 2 <= step < 5
            ps[3].requires_grad = step > 3
            optimizer.zero_grad()
            sum(p * p * gradient(step, k) for k, p in enumerate(ps)).backward()
            optimizer.step()
    assert [p.data for p in ours] == pytest.approx([p.item() for p in theirs], rel=1e-12)


def test_the_state_has_what_was_never_trained() -> None:
    params = [Value(1.0), Value(2.0)]
    params[0].requires_grad = False
    adam, other = nn.Adam(params), nn.Adam(params)
    params[1].grad = 0.5
    adam.step()
    state = adam.state_dict()
    assert (state["made"], state["buffers"]["exp_avg"][0]) == ([0, 1], 0.0)
    other.load_state_dict(json.loads(json.dumps(state)))
    assert other.state_dict() == state
    assert other.state[params[1]] == adam.state[params[1]]
    assert [*copy.deepcopy(adam.state).values()] == [*adam.state.values()]
