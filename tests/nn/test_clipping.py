"""Clipping: against PyTorch, its law, and what it refuses."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from tests.helpers.reference import torch_reference

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


def test_clipping_values() -> None:
    params = with_grads([-3.0, 0.5, 1.0, math.inf])
    nn.clip_grad_value_(params, 1.0)
    assert [p.grad for p in params] == [-1.0, 0.5, 1.0, 1.0]
