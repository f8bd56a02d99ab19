"""Optimizers: step for step against PyTorch, state, and what they refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from tests.nn.reference import case_id, torch_reference

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


def test_zero_grad() -> None:
    optimizer = nn.SGD([Value(1.0), Value(2.0)])
    for parameter in optimizer.params:
        parameter.grad = 3.0
    optimizer.zero_grad()
    assert [parameter.grad for parameter in optimizer.params] == [0.0, 0.0]


def test_the_learning_rate_may_be_set() -> None:
    p = Value(1.0)
    optimizer = nn.SGD([p], lr=1.0)
    optimizer.lr = 0.5
    p.grad = 1.0
    optimizer.step()
    assert (optimizer.lr, p.data) == (0.5, 0.5)
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="lr is finite and not negative"):
            optimizer.lr = bad
    assert optimizer.lr == 0.5


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_parameters_that_are_none(kind: Callable[..., nn.Optimizer]) -> None:
    with pytest.raises(TypeError, match=r"such as model\.parameters"):
        kind(nn.Layer(1, 1))
    with pytest.raises(TypeError, match=r"such as model\.parameters"):
        kind(Value(1.0))
    with pytest.raises(TypeError, match=rf"{kind.__name__} takes Values, got 1\.0"):
        kind([1.0])
    with pytest.raises(ValueError, match="one parameter or more"):
        kind([])
    with pytest.raises(ValueError, match="is the result of an operation"):
        kind([Value(1.0) * 2.0])
    p = Value(1.0)
    with pytest.raises(ValueError, match="occurs twice"):
        kind([p, p])


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (nn.SGD, {"momentum": -1.0}, "momentum is finite and not negative"),
        (nn.SGD, {"weight_decay": -1.0}, "weight_decay is"),
        (nn.SGD, {"nesterov": True}, "nesterov needs a momentum"),
        (nn.SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov"),
        (nn.Adam, {"betas": (1.0, 0.9)}, "betas are within"),
        (nn.Adam, {"betas": (0.9, -0.1)}, "betas are within"),
        (nn.Adam, {"eps": -1.0}, "eps is"),
        (nn.AdamW, {"weight_decay": -1.0}, "weight_decay is"),
        (nn.RMSprop, {"alpha": 1.5}, "alpha is within"),
        (nn.RMSprop, {"eps": -1.0}, "eps is"),
        (nn.RMSprop, {"momentum": -1.0}, "momentum is"),
    ],
)
def test_settings_out_of_range(
    kind: Callable[..., nn.Optimizer], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind([Value(1.0)], **settings)


def test_settings_at_the_ends_of_their_ranges() -> None:
    gradients = [[3.0], [-1.0]]
    assert stepped(nn.Adam([Value(1.0)], 0.5, (0.0, 0.0), eps=0.0), gradients) == [[0.5], [1.0]]
    assert stepped(nn.RMSprop([Value(1.0)], 0.5, alpha=0.0, eps=0.0), gradients) == [
        [0.5],
        [1.0],
    ]
    assert nn.RMSprop([Value(1.0)], alpha=1.0).alpha == 1.0


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite(kind: Callable[..., nn.Optimizer], bad: float) -> None:
    good, worse = Value(1.0, label="good"), Value(2.0, label="worse")
    optimizer = kind([good, worse])
    good.grad, worse.grad = 1.0, bad
    before = optimizer.state_dict()
    with pytest.raises(FloatingPointError, match=rf"{kind.__name__}\.step: .*'worse'"):
        optimizer.step()
    assert (good.data, worse.data) == (1.0, 2.0)
    assert optimizer.state_dict() == before


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "SGD"},
        {"buffers": None},
        {"buffers": {"exp_avg": [0.0]}},
        {"buffers": {"exp_avg": [0.0], "exp_avg_sq": [0.0, 0.0]}},
        {"buffers": {"exp_avg": [0.0], "exp_avg_sq": ["0"]}},
        {"buffers": {"exp_avg": [0.0], "exp_avg_sq": 3.0}},
        {"steps": -1},
        {"steps": "1"},
        {"lr": -1.0},
        {"lr": "fast"},
    ],
)
def test_a_state_that_does_not_fit(change: dict[str, Any]) -> None:
    optimizer = nn.Adam([Value(1.0)])
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="Adam"):
        optimizer.load_state_dict(before | {"steps": 3} | change)
    assert optimizer.state_dict() == before


def test_the_base_class_has_no_step() -> None:
    with pytest.raises(NotImplementedError):
        nn.Optimizer([Value(1.0)], 0.1).step()


# ---------------------------------------------------------------- clipping

CLIPPING = torch_reference("clipping")


def with_grads(gradients: list[float]) -> list[Value]:
    params = [Value(0.0) for _ in gradients]
    for parameter, gradient in zip(params, gradients):
        parameter.grad = gradient
    return params


@pytest.mark.parametrize("case", CLIPPING["cases"], ids=lambda c: f"{c['norm_type']}")
def test_clipping_the_norm_is_torchs(case: dict[str, Any]) -> None:
    params = with_grads(CLIPPING["gradients"])
    norm = nn.clip_grad_norm_(params, case["max_norm"], case["norm_type"])
    assert norm == pytest.approx(case["norm"], rel=1e-14)
    assert [p.grad for p in params] == pytest.approx(case["clipped"], rel=1e-14)


@given(st.lists(st.floats(-1e200, 1e200), max_size=5), st.floats(1e-6, 1e6))
def test_the_norm_is_at_most_max_norm(gradients: list[float], max_norm: float) -> None:
    params = with_grads(gradients)
    norm = nn.clip_grad_norm_(iter(params), max_norm)
    assert norm == pytest.approx(math.hypot(*gradients))
    assert math.hypot(*[p.grad for p in params]) <= max_norm * (1.0 + 1e-12)


def test_no_gradients_to_clip() -> None:
    assert nn.clip_grad_norm_([], 1.0, math.inf) == 0.0
    assert nn.clip_grad_norm_([], 1.0, 3.0) == 0.0


def test_a_norm_of_order_below_1() -> None:
    assert nn.clip_grad_norm_(with_grads([4.0, 9.0]), 1e3, 0.5) == 25.0


def test_clipping_refuses() -> None:
    params = with_grads([1.0, math.nan])
    with pytest.raises(FloatingPointError, match="clip_grad_norm_: the gradient of Value"):
        nn.clip_grad_norm_(params, 0.1)
    assert params[0].grad == 1.0
    with pytest.raises(ValueError, match="max_norm is finite and not"):
        nn.clip_grad_norm_(params, -1.0)
    with pytest.raises(ValueError, match="norm_type is positive, got 0"):
        nn.clip_grad_norm_(params, 1.0, 0)
    with pytest.raises(TypeError, match="clip_grad_norm_ takes a list of Values"):
        nn.clip_grad_norm_(nn.Layer(1, 1), 1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="clip_grad_value_ takes Values, got None"):
        nn.clip_grad_value_([None], 1.0)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="clip_value is"):
        nn.clip_grad_value_(params, -1.0)


def test_clipping_values() -> None:
    params = with_grads([-3.0, 0.5, 1.0, math.inf])
    nn.clip_grad_value_(params, 1.0)
    assert [p.grad for p in params] == [-1.0, 0.5, 1.0, 1.0]
