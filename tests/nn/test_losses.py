"""Losses: against PyTorch, against mpmath at the extremes, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, hessian
from tests.core.measure_ulp import ulps
from tests.nn.reference import case_id, exact_softmax, logit_lists, torch_reference

CASES = torch_reference("losses")
LOSSES: list[Callable[..., Any]] = [
    nn.mse_loss,
    nn.half_mse_loss,
    nn.l1_loss,
    nn.huber_loss,
    nn.hinge_loss,
    nn.binary_cross_entropy_with_logits,
    nn.binary_cross_entropy,
]
CLASS_LOSSES: list[Callable[..., Any]] = [nn.cross_entropy, nn.nll_loss]


def leaves(x: Any) -> Any:
    return [leaves(part) for part in x] if isinstance(x, list) else Value(x)


def grads(x: Any) -> Any:
    return [grads(part) for part in x] if isinstance(x, list) else x.grad


def data(x: Any) -> Any:
    return [data(part) for part in x] if isinstance(x, list) else x.data


def flat(x: Any) -> list[float]:
    return [y for part in x for y in flat(part)] if isinstance(x, list) else [x]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_against_torch(case: dict[str, Any]) -> None:
    loss = getattr(nn, case["name"])
    predictions = leaves(case["predictions"])
    for reduction in ("mean", "sum", "none"):
        out = loss(predictions, case["targets"], reduction, **case["arguments"])
        expected = flat(case[reduction])
        assert flat(data(out)) == pytest.approx(expected, rel=1e-13, abs=1e-15)
        if reduction == "mean":
            out.backward()
            found = flat(grads(predictions))
            assert found == pytest.approx(flat(case["gradient"]), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_of_floats(case: dict[str, Any]) -> None:
    out = getattr(nn, case["name"])(case["predictions"], case["targets"], **case["arguments"])
    assert type(out) is float
    assert out == pytest.approx(case["mean"], rel=1e-13)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_of_arrays_and_single_samples(case: dict[str, Any]) -> None:
    loss, settings = getattr(nn, case["name"]), case["arguments"]
    predictions, targets = case["predictions"], case["targets"]
    arrays = loss(np.array(predictions), np.array(targets), **settings)
    assert arrays == loss(predictions, targets, **settings)
    single = loss(predictions[0], targets[0], **settings)
    assert single == loss(predictions, targets, "none", **settings)[0]


def test_hinge_and_half_mse() -> None:
    scores = leaves([0.5, 2.0, -3.0])
    loss = nn.hinge_loss(scores, [1, 1, 1.0], "sum")
    loss.backward()
    assert (loss.data, grads(scores)) == (4.5, [-1.0, 0.0, -1.0])
    scores = leaves([0.5, 2.0])
    loss = nn.half_mse_loss(scores, [0.0, 0.0])
    loss.backward()
    assert (loss.data, grads(scores)) == (4.25 / 4, [0.25, 1.0])
    assert nn.half_mse_loss([0.5, 2.0], [0.0, 0.0], "none") == [0.125, 2.0]
    assert nn.half_mse_loss([0.5, 2.0], [0.0, 0.0], "sum") == 2.125


def test_several_outputs_a_sample() -> None:
    predictions, targets = [[1.0, 2.0], (3.0, 4.0)], [[0.0, 0.0], [0.0, 1.0]]
    assert nn.mse_loss(predictions, targets) == (1 + 4 + 9 + 9) / 4
    assert nn.l1_loss(predictions, np.array(targets), "none") == [1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("loss", LOSSES)
def test_shapes_that_do_not_fit(loss: Callable[..., Any]) -> None:
    name = loss.__name__.removeprefix("half_")
    with pytest.raises(ValueError, match=f"{name}: 2 predictions for 1 targets"):
        loss([0.5, 0.5], [1])
    with pytest.raises(ValueError, match=f"{name}: no predictions"):
        loss([], [])
    with pytest.raises(ValueError, match=rf"{name}: the prediction 0\.5 for target \[1\]"):
        loss([0.5], [[1]])
    with pytest.raises(ValueError, match=f"{name}: 2 predictions for 1 targets"):
        loss([[0.5, 0.5]], [[1]])
    for bad in ("ab", None):
        with pytest.raises(TypeError, match=f"{name} takes numbers and Values, or lists of"):
            loss([0.5], bad)
    with pytest.raises(TypeError, match=f"{name} takes numbers and Values, or lists of"):
        loss([0.5], [None])
    for reduction in ("avg", "total"):
        message = f'{name}: reduction must be "mean", .* got .{reduction}.'
        with pytest.raises(ValueError, match=message):
            loss([0.5], [1], reduction)


@pytest.mark.parametrize("loss", CLASS_LOSSES)
def test_classes_that_do_not_fit(loss: Callable[..., Any]) -> None:
    name = loss.__name__
    with pytest.raises(ValueError, match=f"{name}: 1 predictions for 2 targets"):
        loss([[0.5, 0.5]], [1, 0])
    with pytest.raises(ValueError, match=f"{name}: no predictions"):
        loss([], [])
    for target in (2, -1):
        with pytest.raises(
            IndexError, match=f"{name}: a target must be within 0 to 1, got {target}"
        ):
            loss([[0.5, 0.5]], [target])
    with pytest.raises(TypeError, match=rf"{name}: a target must be an integer, got 0\.5"):
        loss([[0.5, 0.5]], [0.5])
    for logits, targets in (([0.5, 0.25], [1, 0]), (0.5, 0), ([0.5], [0])):
        with pytest.raises(TypeError, match=rf"{name} takes a list of numbers for each .*0\.5"):
            loss(logits, targets)
    with pytest.raises(ValueError, match=f"{name}: reduction"):
        loss([[0.5, 0.5]], [1], "avg")


def test_settings_out_of_range() -> None:
    for delta in (0, -1.0):
        with pytest.raises(
            ValueError, match=f"huber_loss: delta must be positive, got {delta}"
        ):
            nn.huber_loss([1.0], [1.0], delta=delta)
    with pytest.raises(ValueError, match="label_smoothing must be within"):
        nn.cross_entropy([[1.0, 2.0]], [0], label_smoothing=1.5)
    with pytest.raises(ValueError, match="a target must be -1 or 1, got 0"):
        nn.hinge_loss([1.0], [0])
    with pytest.raises(ValueError, match=r"entropy_with_logits\(0\.0, 2\): outside .*a target"):
        nn.binary_cross_entropy_with_logits([0.0], [2])
    for y in (-0.01, 1.01):
        with pytest.raises(ValueError, match="a target within"):
            nn.binary_cross_entropy_with_logits([0.0], [y])
    for p, y in ((-0.01, 0), (1.01, 1), (0.5, 1.01), (0.5, -0.01), (0.0, 1), (1.0, 0)):
        with pytest.raises(ValueError, match="outside the domain, which is a probability"):
            nn.binary_cross_entropy([p], [y])


def test_certain_probabilities_that_are_right() -> None:
    sure, targets = leaves([0.0, 1.0]), leaves([0.0, 1.0])
    loss = nn.binary_cross_entropy(sure, targets, "sum")
    loss.backward()
    assert (loss.data, grads(sure), grads(targets)) == (0.0, [1.0, -1.0], [math.inf, -math.inf])


@given(
    st.one_of([st.floats(-k, k) for k in (1.0, 40.0, 1e4)]),
    st.sampled_from([0.0, 1.0, 0.25, 1e-18]) | st.floats(0.0, 1.0),
)
def test_binary_cross_entropy_with_logits_is_within_4_ulp(x: float, y: float) -> None:
    leaf, target = Value(x), Value(y)
    loss = nn.binary_cross_entropy_with_logits(leaf, target)
    loss.backward()
    with mpmath.workdps(60):
        (down, up), (log_down, log_up), _ = exact_softmax([0.0, x])
        exact = -y * log_up - (1 - mpmath.mpf(y)) * log_down
        terms = ((1 - mpmath.mpf(y)) * up, y * down)
        assert ulps(loss.data, exact) <= 4.0
        assert ulps(leaf.grad, terms[0] - terms[1], terms) <= 4.0
        assert target.grad == -x


probabilities = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True) | st.floats(
    1e-320, 1e-3
)


@given(probabilities, st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0))
def test_binary_cross_entropy_is_within_4_ulp(p: float, y: float) -> None:
    leaf, target = Value(p), Value(y)
    loss = nn.binary_cross_entropy(leaf, target)
    loss.backward()
    with mpmath.workdps(60):
        exact, share = mpmath.mpf(p), 1 - mpmath.mpf(y)
        logs = (mpmath.log(exact), mpmath.log1p(-exact))
        slopes = (y / exact, share / (1 - exact))
        assert ulps(loss.data, -y * logs[0] - share * logs[1]) <= 4.0
        assert ulps(leaf.grad, slopes[1] - slopes[0], slopes) <= 4.0
        assert ulps(target.grad, logs[1] - logs[0], logs) <= 4.0


@given(
    st.one_of([st.floats(-k, k) for k in (2.0, 1e4, 1e150)]),
    st.just(1.0) | st.floats(1e-300, 1e150),
)
def test_huber_loss_is_within_4_ulp(error: float, delta: float) -> None:
    leaf, size = Value(error), Value(delta)
    loss = nn.huber_loss(leaf, 0.0, delta=size)
    loss.backward()
    with mpmath.workdps(60):
        x, d = abs(mpmath.mpf(error)), mpmath.mpf(delta)
        assert ulps(loss.data, x * x / 2 if x <= d else d * (x - d / 2)) <= 4.0
        assert leaf.grad == min(max(error, -delta), delta)
        assert ulps(size.grad, max(x - d, 0)) <= 0.5


@given(logit_lists, st.integers(0, 5), st.sampled_from([0.0, 0.0, 0.1, 1.0]))
def test_cross_entropy_is_within_4_ulp(xs: list[float], index: int, smoothing: float) -> None:
    target, leaf = index % len(xs), leaves(xs)
    loss = nn.cross_entropy(leaf, target, label_smoothing=smoothing)
    loss.backward()
    with mpmath.workdps(60):
        p, logs, lacks = exact_softmax(xs)
        share = mpmath.mpf(smoothing) / len(xs)
        mean = share * mpmath.fsum([x - mpmath.mpf(xs[target]) for x in xs])
        assert ulps(loss.data, -logs[target] - mean, [logs[target], mean]) <= 4.0
        for i, x in enumerate(leaf):
            if i == target:
                terms = [lacks[i], share * (len(xs) - 1)]
                assert ulps(x.grad, terms[1] - terms[0], terms) <= 4.0
            else:
                assert ulps(x.grad, p[i] - share, [p[i], share]) <= 4.0


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5), st.data())
def test_cross_entropy_is_finite_and_its_slopes_sum_to_0(
    xs: list[float], draw: st.DataObject
) -> None:
    target = draw.draw(st.integers(0, len(xs) - 1))
    logits = leaves(xs)
    loss = nn.cross_entropy([logits], [target])
    loss.backward()
    assert 0.0 <= loss.data < math.inf
    others = [leaf.grad for i, leaf in enumerate(logits) if i != target]
    assert all(0.0 <= g <= 1.0 for g in others)
    assert logits[target].grad == -math.fsum(others)


@pytest.mark.parametrize(
    ("loss", "exact"),
    [
        (lambda x: nn.cross_entropy([x, 0.0], 0), 0.19661193324148185),
        (lambda x: nn.binary_cross_entropy_with_logits(x, 0.5), 0.19661193324148185),
        (lambda x: nn.binary_cross_entropy(x / 2.0, 1.0), 1.0),
        (lambda x: nn.huber_loss(x, 0.5), 1.0),
        (lambda x: nn.huber_loss(x, -0.5), 0.0),
    ],
)
def test_second_derivatives(loss: Callable[[Any], Any], exact: float) -> None:
    assert hessian(loss)(1.0) == pytest.approx(exact, rel=1e-14)


def test_derivatives_in_targets_and_settings() -> None:
    y, p, x, error, delta = map(Value, (0.25, 0.75, 3.0, 5.0, 2.0))
    nn.binary_cross_entropy(p, y).backward()
    assert y.grad == pytest.approx(-math.log(3.0), rel=1e-15)
    assert p.grad == pytest.approx(0.75 / 0.25 - 0.25 / 0.75, rel=1e-15)
    y.zero_grad()
    nn.binary_cross_entropy_with_logits(x, y).backward()
    assert y.grad == -3.0
    nn.huber_loss(error, 0.0, delta=delta).backward()
    assert (error.grad, delta.grad) == (2.0, 3.0)


def test_full_smoothing_ignores_the_target() -> None:
    losses = [nn.cross_entropy([1.0, 3.0], t, label_smoothing=1.0) for t in (0, 1)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-15)


def test_accuracy() -> None:
    rows = [leaves([0.0, 2.0]), [1.0, 0.5], [3.0, 1.0]]
    assert nn.accuracy(rows, [1, 0, 1]) == 2 / 3
    assert nn.accuracy(np.array([[0.0, 2.0]]), np.array([1])) == 1.0
    assert nn.accuracy([Value(0.5), -0.5, 0.0], [1, -1, -1]) == 1.0
    assert nn.accuracy([0.5, -0.5], [0, 0]) == 0.5
    assert nn.accuracy([-0.5, -0.5], [1, 0]) == 0.5
    assert nn.accuracy([[0.0, 2.0]], [0]) == 0.0
    assert nn.accuracy([[0.3], [-2.0]], [1, 0]) == 1.0
    assert nn.accuracy(np.array([[0.3], [-2.0]]), np.array([[-1], [-1]])) == 0.5
    with pytest.raises(ValueError, match="accuracy: no predictions"):
        nn.accuracy([], [])
    for row in ([], [0.1, 0.2]):
        with pytest.raises(ValueError, match="accuracy: the prediction"):
            nn.accuracy([[0.3], row], [1, 1])
    with pytest.raises(ValueError, match="accuracy: 1 predictions for 2"):
        nn.accuracy([0.5], [1, 1])


def test_three_hundred_classes_and_samples() -> None:
    assert nn.mse_loss([1.0] * 300, [3.0] * 300) == 4.0
    logits, last = [0.0] * 299 + [5.0], len([0.0] * 299)
    assert nn.cross_entropy([logits], [last]) == pytest.approx(
        math.log1p(299.0 * math.exp(-5.0)), rel=1e-15
    )
    assert nn.accuracy([logits], [last]) == 1.0


def test_penalties_of_what_is_no_list() -> None:
    for penalty in (nn.l1_penalty, nn.l2_penalty):
        with pytest.raises(TypeError, match=r"l._penalty .*model\.parameters\(\), got Layer"):
            penalty(nn.Layer(1, 1), 0.1)  # type: ignore[arg-type]


def test_penalties_are_not_negative() -> None:
    for penalty in (nn.l1_penalty, nn.l2_penalty):
        with pytest.raises(
            ValueError, match=r"l._penalty: strength must be .*not negative, got -1"
        ):
            penalty([Value(1.0)], -1)
        with pytest.raises(TypeError, match=r"l._penalty: strength must be a number, got 'a'"):
            penalty([Value(1.0)], "a")  # type: ignore[arg-type]


def test_settings_are_numbers() -> None:
    text: Any = "a"
    with pytest.raises(TypeError, match="huber_loss: delta must be a number, got 'a'"):
        nn.huber_loss([1.0], [0.0], delta=text)
    with pytest.raises(
        TypeError, match="cross_entropy: label_smoothing must be a number, got 'a'"
    ):
        nn.cross_entropy([[1.0, 0.0]], [0], label_smoothing=text)


@pytest.mark.parametrize("row", [[], 3.0])
def test_a_sample_without_logits(row: Any) -> None:
    for loss in (nn.cross_entropy, nn.nll_loss, nn.accuracy):
        with pytest.raises(
            ValueError, match=rf"{loss.__name__}: a sample must be a list of numbers"
        ):
            loss([[1.0, 2.0], row], [0, 0])
        with pytest.raises(ValueError, match="a sample must be a list of numbers"):
            loss([[], [1.0, 2.0]], [0, 0])


def test_penalties_are_single_nodes() -> None:
    params = leaves([-2.0, 3.0])
    l1, l2 = nn.l1_penalty(iter(params), 0.5), nn.l2_penalty(iter(params), 0.5)
    assert (l1.data, l2.data) == (2.5, 6.5)
    l1.backward()
    assert grads(params) == [-0.5, 0.5]
    l1.zero_grad()
    l2.backward()
    assert grads(params) == [-2.0, 3.0]
    assert l2.inputs[0].inputs == (*params, *params)
