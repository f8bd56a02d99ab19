"""Losses: against PyTorch, against mpmath at the extremes, and what they refuse."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, grad, hessian
from tests.helpers.measure_ulp import ulps
from tests.helpers.reference import case_id, exact_softmax, logit_lists, torch_reference
from tests.helpers.tables import table

CASES = torch_reference("losses")


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
    targets, settings = case["targets"], case["arguments"]
    out = loss(case["predictions"], targets, **settings)
    assert type(out) is float
    assert out == pytest.approx(case["mean"], rel=1e-13)
    assert out == loss(np.array(case["predictions"]), np.array(targets), **settings)
    single = loss(case["predictions"][0], targets[0], **settings)
    assert single == loss(case["predictions"], targets, "none", **settings)[0]


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


def test_cross_entropy_of_infinite_and_equal_logits() -> None:
    texts = "inf 0", "0 inf", "inf inf", "-inf -inf", "-inf 0", "-inf", "2 2"
    rows = [[*map(float, text.split())] for text in texts]
    losses = [nn.cross_entropy(row, 0) for row in rows]
    assert repr(losses) == f"[0.0, inf, nan, nan, inf, nan, {math.log(2.0)}]"
    assert math.isnan(nn.cross_entropy(rows[2], 1))
    some, half = [-1.0, 1.0], [-0.5, 0.5]
    slopes = [grad(nn.cross_entropy)(row, 0) for row in rows]
    assert slopes == [[0.0, 0.0], some, half, half, some, [0.0], half]


@pytest.mark.parametrize(
    ("loss", "exact"),
    table(
        """
lambda x: nn.cross_entropy([x, 0.0], 0) | 0.19661193324148185
lambda x: nn.binary_cross_entropy_with_logits(x, 0.5) | 0.19661193324148185
lambda x: nn.binary_cross_entropy(x / 2.0, 1.0) | 1.0
lambda x: nn.huber_loss(x, 0.5) | 1.0
lambda x: nn.huber_loss(x, -0.5) | 0.0
""",
        globals(),
    ),
)
def test_second_derivatives(loss: Callable[[Any], Any], exact: float) -> None:
    assert hessian(loss)(1.0) == pytest.approx(exact, rel=1e-14)


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
    assert nn.accuracy([0.2, 0.9], [-1, 1]) == nn.accuracy([0.2, 1.5], [0, 1]) == 0.5
    with pytest.warns(UserWarning) as told:
        assert nn.accuracy([0.0, 1.0], [0, 1]) == 1.0
    assert told[0].filename == __file__
    assert nn.accuracy([0.2, 0.9], [0, 1], threshold=0.5) == 1.0


def test_penalties_are_single_nodes() -> None:
    params = leaves([-2.0, 3.0])
    l1, l2 = nn.l1_penalty(iter(params), 0.5), nn.l2_penalty(iter(params), 0.5)
    assert (l1.data, l2.data) == (2.5, 6.5)
    l1.backward()
    assert grads(params) == [-0.5, 0.5]
    l1.zero_grad()
    l2.backward()
    assert grads(params) == [-2.0, 3.0]
    assert [*map(id, l2.inputs[0].inputs)] == [*map(id, params * 2)]


LOGITS = [[0.5, -1.0, 2.0], [0.0, 0.25, -2.0], [0.0, 1.5, 1.0], [-1.0, 4.0, 0.5]]
WEIGHT = [0.5, 2.0, 3.0]
SHARES = [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.25, 0.5, 0.25]]


def torchs_cross_entropy(
    logits: Any, targets: Any, reduction: str, smoothing: float, weight: Any, ignored: int
) -> Any:
    """As PyTorch's documentation writes it, in NumPy."""
    x, w, n = np.array(logits), np.ones(3) if weight is None else np.array(weight), len(logits)
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    counts = np.ones(n)
    if isinstance(targets[0], list):
        shares = np.array(targets)
    else:
        shares = np.array([[float(k == target) for k in range(3)] for target in targets])
        counts = np.array([0.0 if t == ignored else w[t] for t in targets])
    smooth = (1.0 - smoothing) * shares + smoothing / 3
    losses = -(w * smooth * logs).sum(1) * (counts > 0.0)
    if reduction == "mean":
        return losses.sum() / counts.sum()
    return losses.sum() if reduction == "sum" else losses.tolist()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize(
    ("targets", "ignored"), [([2, -100, 0, 1], -100), ([2, 1, 0, 1], 1), (SHARES, -100)]
)
def test_weights_of_classes_shares_and_targets_that_are_ignored(
    reduction: str, smoothing: float, weight: Any, targets: Any, ignored: int
) -> None:
    logits = leaves(LOGITS)
    settings = {"weight": weight, "ignore_index": ignored}
    out = nn.cross_entropy(logits, targets, reduction, smoothing, **settings)
    arguments = targets, reduction, smoothing, weight, ignored
    expected = torchs_cross_entropy(LOGITS, *arguments)
    assert flat(data(out)) == pytest.approx(flat(expected), rel=1e-12, abs=1e-15)
    if not smoothing and targets is not SHARES:
        logs = [nn.log_softmax(row) for row in logits]
        again = nn.nll_loss(logs, [[target] for target in targets], reduction, **settings)
        assert flat(data(again)) == pytest.approx(flat(expected), rel=1e-12, abs=1e-15)
    if reduction != "mean" and ignored != 1:
        out = nn.cross_entropy(logits, leaves(targets), reduction, smoothing, **settings)
        assert flat(data(out)) == pytest.approx(flat(expected), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0, 3.0])
def test_positive_targets_may_weigh_more_or_be_lists_of_one(weight: float) -> None:
    xs, ys = [Value(0.5), Value(-3.0), Value(1.0)], [1.0, 0.25, 0.0]
    sigmoids = [1.0 / (1.0 + math.exp(-x.data)) for x in xs]
    pairs = [*zip(sigmoids, ys)]
    parts = [weight * y * math.log(p) + (1.0 - y) * math.log1p(-p) for p, y in pairs]
    loss = nn.binary_cross_entropy_with_logits(xs, [[y] for y in ys], pos_weight=weight)
    assert loss.data == pytest.approx(-sum(parts) / 3.0, rel=1e-14)
    assert nn.mse_loss(xs, [[y] for y in ys]).data == nn.mse_loss(xs, ys).data
    assert nn.mse_loss([Fraction(5, 2)], [np.float64(0.5)]) == 4.0
    assert nn.accuracy([[0.1, 0.9], [2.0, 1.0]], [[0, 1], [0, 1]]) == 0.5
