"""Losses: the numbers that training makes small."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import starmap
from numbers import Real
from typing import Any

import autograd
from autograd import Value, primitive
from autograd.core.operand import Operand, primal
from autograd.core.primitive import TABLE
from autograd.core.table import exp_of_difference
from autograd.trees import as_rows
from nn.checks import (
    fraction,
    index,
    instance,
    not_negative,
    parameter_list,
    value_or_float,
)

__all__ = [
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_mse_loss",
    "hinge_loss",
    "huber_loss",
    "l1_loss",
    "l1_penalty",
    "l2_penalty",
    "mse_loss",
    "nll_loss",
]

# ---------------------------------------------------------------- primitives

_TAKE = TABLE["take"]


def _bce(p: Any, y: Any) -> Any:
    if not (0.0 <= p and p <= 1.0 and 0.0 <= y and y <= 1.0):
        raise ValueError
    loss = -y * autograd.log(p) if y != 0.0 else 0.0
    return loss - (1.0 - y) * autograd.log1p(-p) if y != 1.0 else loss


def _bce_slope(out: Any, p: Any, y: Any) -> Any:
    slope = -y / p if y else 0.0
    return slope + (1.0 - y) / (1.0 - p) if primal(y) != 1.0 else slope


def _bce_target_slope(out: Any, p: Any, y: Any) -> Any:
    if primal(p) in (0.0, 1.0):
        return math.inf if primal(p) == 0.0 else -math.inf
    return autograd.log1p(-p) - autograd.log(p)


def _bce_with_logits(x: Any, y: Any) -> Any:
    if not (0.0 <= y and y <= 1.0):
        raise ValueError
    return y * autograd.softplus(-x) + (1.0 - y) * autograd.softplus(x)


def _huber(error: Any, delta: Any) -> Any:
    size = abs(error)
    return 0.5 * error * error if size <= delta else delta * (size - 0.5 * delta)


def _cross_entropy(target: float, smoothing: float, *logits: float) -> float:
    # With d = x - x[target]: log Σ exp(d) - smoothing · mean(d).
    true, top = _TAKE(target, *logits), max(logits)
    ties = math.fsum([x == top for x in logits])
    if math.isinf(top):
        return math.inf if true < top else 0.0 if ties == 1.0 and top > 0.0 else math.nan
    others = math.fsum([exp_of_difference(x, top) * (x != top) for x in logits])
    loss = top - true + math.log1p(ties - 1.0 + others)
    if smoothing:
        loss -= smoothing * math.fsum([x - true for x in logits]) / len(logits)
    return loss


def _cross_entropy_slopes(out: Any, target: Any, smoothing: Any, *logits: Any) -> Any:
    # The slopes sum to 0, so the target's is minus the sum of the others: no 1 - p.
    true, top = math.trunc(primal(target)) % len(logits), max(map(primal, logits))
    powers = [exp_of_difference(x, top) for x in logits]
    if math.isinf(top):
        powers = [float(primal(x) == top) for x in logits]
    total = autograd.fsum(powers)
    slopes = [power / total - smoothing / len(logits) for power in powers]
    rest = [slope * float(i != true) for i, slope in enumerate(slopes)]
    others = autograd.fsum(rest)
    return (0.0, 0.0, *[x - others * float(i == true) for i, x in enumerate(rest)])


def _lowered_cross_entropy(target: Value, smoothing: float, logits: Sequence[Any]) -> Any:
    """The same by operations of the table, for a target that a program is given."""
    true = _TAKE(target, *logits)
    above = [x - true for x in logits]
    loss = autograd.logsumexp(above)
    return loss - (smoothing / len(logits)) * autograd.fsum(above) if smoothing else loss


def _cross_entropy_of_shares(shares: Sequence[Any], logits: Sequence[Any]) -> Any:
    """-Σ sᵢ · log softmax(logits)ᵢ: Σ sᵢ · log Σ exp(xᵢ) - Σ sᵢ·xᵢ, around the latter."""
    total, mean = autograd.fsum(shares), autograd.dot(shares, logits)
    return total * autograd.logsumexp([x - mean for x in logits]) + (total - 1.0) * mean


def _cross_entropy_textbook(out: Any, target: Any, smoothing: Any, *logits: Any) -> Any:
    # Softmax minus the target's distribution.
    total, mean = autograd.logsumexp(*logits), smoothing / len(logits)
    slopes = [autograd.exp(x - total) for x in logits]
    slopes = [slope - mean for slope in slopes] if smoothing else slopes
    slopes[int(primal(target))] -= 1.0 - smoothing
    return (0.0, 0.0, *slopes)


_BCE = primitive(
    "nn.binary_cross_entropy",
    _bce,
    _bce_slope,
    _bce_target_slope,
    symbol="BCE",
    domain="a probability within (0, 1), and 0 or 1 only where that is the target, which is "
    "within [0, 1]; binary_cross_entropy_with_logits has no such limit",
)
_BCE_WITH_LOGITS = primitive(
    "nn.binary_cross_entropy_with_logits",
    _bce_with_logits,
    lambda out, x, y: (1.0 - y) * autograd.sigmoid(x) - y * autograd.sigmoid(-x),
    lambda out, x, y: -x,
    symbol="BCE",
    domain="a target within [0, 1]",
)
_HUBER = primitive(
    "nn.huber_loss",
    _huber,
    lambda out, error, delta: autograd.clip(error, -delta, delta),
    lambda out, error, delta: autograd.relu(abs(error) - delta),
    symbol="Huber",
)
_CROSS_ENTROPY = primitive(
    "nn.cross_entropy",
    _cross_entropy,
    _cross_entropy_slopes,
    symbol="CE",
    variadic=True,
    latex=r"-\log \operatorname{{softmax}}\left({args}\right)_{{{0}}}{1:.0s}",
    textbook_rule=_cross_entropy_textbook,
)


# ---------------------------------------------------------------- of numbers


def mse_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The squared error (prediction - target)².

    Args:
        predictions, targets: lists of one number a sample, or a single number each; a
            sample may be a list again, as of a network with several outputs, and then every
            number in it counts.
        reduction: "mean", "sum", or "none" for a list of the losses.

    Returns:
        A Value, or a float where there is no Value among the arguments.

    Raises:
        ValueError: predictions and targets differ in length or are empty, or there is no
            such reduction.
        TypeError: one of them is no number.

    >>> mse_loss([1.0, 2.0], [0.0, 4.0])
    2.5
    """
    return _squared(predictions, targets, reduction, "mse_loss")


def half_mse_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Half the squared error: by mean 1/(2n) · Σ (prediction - target)².

    Arguments and errors are those of `mse_loss`.

    >>> half_mse_loss([1.0, 2.0], [0.0, 4.0])
    1.25
    """
    loss = _squared(predictions, targets, reduction, "half_mse_loss")
    return [0.5 * term for term in loss] if reduction == "none" else 0.5 * loss


def l1_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The absolute error |prediction - target|.

    Arguments and errors are those of `mse_loss`.

    >>> l1_loss([1.0, 2.0], [0.0, 4.0])
    1.5
    """
    return _each(lambda p, y: abs(p - y), predictions, targets, reduction, "l1_loss")


def huber_loss(
    predictions: Any, targets: Any, reduction: str = "mean", delta: Operand = 1.0
) -> Any:
    """½·error² up to |error| = delta, beyond that delta·(|error| - ½·delta) (Huber 1964).

    Arguments and errors are those of `mse_loss`.

    Raises:
        ValueError: also if delta is not positive.

    >>> huber_loss([1.0, 2.0], [0.0, 4.0])
    1.0
    """
    if not value_or_float(delta, "huber_loss: delta") > 0.0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta!r}")
    return _each(
        lambda p, y: _HUBER(p - y, delta), predictions, targets, reduction, "huber_loss"
    )


def hinge_loss(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - target · prediction), for targets of -1 and 1.

    Arguments and errors are those of `mse_loss`.

    Raises:
        ValueError: also if a target is neither.

    >>> hinge_loss([0.5, 2.0], [1, -1])
    1.75
    """

    def loss(prediction: Any, target: Any) -> Any:
        if abs(target) != 1:
            raise ValueError(f"hinge_loss: a target must be -1 or 1, got {target!r}")
        return autograd.relu(1.0 - target * prediction)

    return _each(loss, predictions, targets, reduction, "hinge_loss")


def binary_cross_entropy(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """-(y·log p + (1 - y)·log(1 - p)) of probabilities p and targets y within [0, 1].

    Arguments and errors are those of `mse_loss`.

    Raises:
        ValueError: also if a target is out of range, or the loss infinite (p = 0 where the
            target is not 0, or 1 where it is not 1).

    >>> binary_cross_entropy([0.5, 0.5], [1, 0])
    0.6931471805599453
    """
    return _each(_BCE, predictions, targets, reduction, "binary_cross_entropy")


def binary_cross_entropy_with_logits(
    predictions: Any, targets: Any, reduction: str = "mean", pos_weight: float = 1.0
) -> Any:
    """`binary_cross_entropy` of sigmoid(prediction), finite and accurate for any logit.

    Args:
        pos_weight: how much a target of 1 counts, where one of 0 counts 1.

    Other arguments and errors are those of `mse_loss`.

    Raises:
        ValueError: also if a target is not within [0, 1], or pos_weight is negative.

    >>> binary_cross_entropy_with_logits([0.0, 1e4], [0, 1])
    0.34657359027997264
    """
    name = "binary_cross_entropy_with_logits"
    weight = not_negative(pos_weight, f"{name}: pos_weight")

    def loss(x: Any, y: Any) -> Any:
        even = _BCE_WITH_LOGITS(x, y)
        return even if weight == 1.0 else even + (weight - 1.0) * y * autograd.softplus(-x)

    return _each(loss, predictions, targets, reduction, name)


# ---------------------------------------------------------------- of classes


def cross_entropy(
    logits: Any,
    targets: Any,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    weight: Any = None,
    ignore_index: int = -100,
) -> Any:
    """-log softmax(logits)[target]: one node a sample, accurate for any logits.

    Args:
        logits: a list of logits for each sample, or that of one sample.
        targets: the index of the true class, one a sample; or for each sample a list with the
            share of each class, such as one-hot.
        label_smoothing: the share of the target, within [0, 1], that is spread evenly over
            all classes (Szegedy et al. 2016).
        weight: how much each class counts, a list. The mean is then that of the weights, so a
            compiled step needs the sum as reduction.
        ignore_index: samples with this target do not count.
        reduction: as for `mse_loss`.

    Raises:
        ValueError: also for what `mse_loss` refuses; a share or a weight is negative; or all
            samples are ignored, so they have no mean.
        IndexError: a target is not the index of a logit.
        TypeError: a target is not an integer.

    >>> cross_entropy([[0.0, 0.0], [1e4, 0.0]], [0, 0])
    0.34657359027997264
    """
    smoothing = fraction(label_smoothing, "cross_entropy: label_smoothing")

    def of_index(row: Sequence[Any], target: Any, smoothing: float) -> Any:
        if isinstance(target, Value):
            return _lowered_cross_entropy(target, smoothing, row)
        return _CROSS_ENTROPY(target, smoothing, *row)

    def loss(row: Sequence[Any], target: Any, weights: Sequence[float] | None) -> Any:
        even = smoothing / len(row)
        if isinstance(target, list):
            shares = [(1.0 - smoothing) * portion + even for portion in target]
            shares = [w * portion for w, portion in zip(weights, shares)] if weights else shares
            return _cross_entropy_of_shares(shares, row)
        if weights is None:
            return of_index(row, target, smoothing)
        true = _taken(target, weights) * of_index(row, target, 0.0)
        if not smoothing:
            return true
        spread = _cross_entropy_of_shares([even * w for w in weights], row)
        return (1.0 - smoothing) * true + spread

    instance(ignore_index, int, "cross_entropy: ignore_index")
    samples = _classified(logits, targets, "cross_entropy", ignore_index, shares=True)
    return _of_classes(loss, samples, reduction, weight, "cross_entropy")


def nll_loss(
    log_probabilities: Any,
    targets: Any,
    reduction: str = "mean",
    weight: Any = None,
    ignore_index: int = -100,
) -> Any:
    """-log_probabilities[target], the negative log likelihood; arguments and errors as for
    `cross_entropy`, but a target is an index.

    >>> nll_loss([[-0.5, -1.0], [-2.0, -0.1]], [0, 1])
    0.3
    """

    def loss(row: Sequence[Any], target: Any, weights: Sequence[float] | None) -> Any:
        likelihood = -_taken(target, _checked_numbers(row, "nll_loss"))
        return likelihood if weights is None else _taken(target, weights) * likelihood

    instance(ignore_index, int, "nll_loss: ignore_index")
    samples = _classified(log_probabilities, targets, "nll_loss", ignore_index)
    return _of_classes(loss, samples, reduction, weight, "nll_loss")


def accuracy(logits: Any, targets: Any, threshold: float | None = None) -> float:
    """The fraction of samples whose class is the target.

    The class is the index of the largest logit. Where a sample has a single score, there are
    two classes: the score is above the threshold or not, and the target is positive or not
    (1 against 0 or -1).

    Args:
        threshold: 0 for logits, 0.5 for probabilities. If it is left out it is 0, and a
            warning tells if the scores look like probabilities.

    >>> accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
    0.5
    >>> accuracy([0.3, -2.0], [1, -1])
    1.0
    """
    samples = _rows(logits, "accuracy")
    hits: list[bool]
    if samples and len(_rows(samples[0], "accuracy")) == 1:
        pairs = [*_number_pairs(samples, targets, "accuracy")]
        likely = all(0.0 <= x <= 1.0 for x, _ in pairs) and any(y == 0 for _, y in pairs)
        if threshold is None and likely:
            told = "write nn.accuracy(scores, targets, threshold=0.5), or 0.0 for logits"
            warnings.warn(f"accuracy: the scores may be probabilities; {told}", stacklevel=2)
        hits = [(x > (threshold or 0.0)) == (y > 0) for x, y in pairs]
    else:
        hits = [
            _largest(row) == (_largest(target) if isinstance(target, list) else target)
            for row, target in _classified(samples, targets, "accuracy", shares=True)
        ]
    return sum(hits) / len(hits)


# ---------------------------------------------------------------- penalties


def l1_penalty(params: Iterable[Value], strength: float) -> Any:
    """strength · Σ |p|; ValueError if the strength is negative.

    >>> l1_penalty([Value(-2.0), Value(1.0)], 0.5).data
    1.5
    """
    strength = not_negative(strength, "l1_penalty: strength")
    return strength * autograd.fsum([abs(p) for p in parameter_list(params, "l1_penalty")])


def l2_penalty(params: Iterable[Value], strength: float) -> Any:
    """strength · Σ p²; its gradient is 2·strength·p. ValueError as for `l1_penalty`.

    >>> l2_penalty([Value(-2.0), Value(1.0)], 0.5).data
    2.5
    """
    strength = not_negative(strength, "l2_penalty: strength")
    params = parameter_list(params, "l2_penalty")
    return strength * autograd.dot(params, params)


# ---------------------------------------------------------------- helpers


NUMBER_TYPES = frozenset([float, int, Value])  # the usual ones: ABCs are ten times as slow


def _is_number(x: object) -> bool:
    return type(x) in NUMBER_TYPES or isinstance(x, (Value, Real))


def _rows(x: Any, name: str) -> list[Any]:
    """x as a list; a single number is a list of one."""
    if type(x) is list:
        return x
    if type(x) is Value:
        return [x]
    x = as_rows(x)
    if hasattr(x, "tolist"):
        x = x.tolist()
    if _is_number(x):
        return [x]
    if isinstance(x, str) or not isinstance(x, Iterable):
        _checked_numbers([x], name)
    return list(x)


def _largest(row: Sequence[Any]) -> int:
    """Return the index of the largest number."""
    return max(range(len(row)), key=_checked_numbers(row, "accuracy").__getitem__)


def _single(x: Any, other: Any) -> Any:
    """x, or the number in it if it is a list of one and the other is a number."""
    return x[0] if _is_number(other) and isinstance(x, (list, tuple)) and len(x) == 1 else x


def _checked_numbers(row: Sequence[Any], name: str) -> Sequence[Any]:
    """The row; TypeError unless it holds only numbers and Values."""
    for x in row:
        if not _is_number(x):
            raise TypeError(f"{name} takes numbers and Values, or lists of them, got {x!r:.80}")
    return row


def _same_length(predictions: list[Any], targets: list[Any], name: str) -> None:
    if len(predictions) != len(targets):
        raise ValueError(
            f"{name}: {len(predictions)} predictions for {len(targets)} targets; "
            "give as many of each"
        )
    if not predictions:
        raise ValueError(f"{name}: no predictions")


def _number_pairs(predictions: Any, targets: Any, name: str) -> Iterator[tuple[Any, Any]]:
    """(prediction, target) of every number, however deep the lists are."""
    predictions, targets = _rows(predictions, name), _rows(targets, name)
    _same_length(predictions, targets, name)
    for prediction, target in zip(predictions, targets):
        prediction, target = _single(prediction, target), _single(target, prediction)
        if _is_number(prediction) and _is_number(target):
            yield prediction, target
        elif _is_number(prediction) or _is_number(target):
            for part in (prediction, target):
                _rows(part, name)  # TypeError for what is neither a number nor a list
            raise ValueError(
                f"{name}: the prediction {prediction!r:.80} for target {target!r:.80}; "
                "give both as numbers, or as lists"
            )
        else:
            yield from _number_pairs(prediction, target, name)


def _each(
    loss: Callable[..., Any], predictions: Any, targets: Any, reduction: str, name: str
) -> Any:
    """The losses (prediction, target) of numbers, as one number."""
    return _reduced(
        [*starmap(loss, _number_pairs(predictions, targets, name))], reduction, name
    )


def _squared(predictions: Any, targets: Any, reduction: str, name: str) -> Any:
    errors = [p - y for p, y in _number_pairs(predictions, targets, name)]
    if reduction == "none":
        return [error * error for error in errors]
    return _scaled(autograd.dot(errors, errors), len(errors), reduction, name)


def _classified(
    logits: Any,
    targets: Any,
    name: str,
    ignore_index: int | None = None,
    shares: bool = False,
) -> Iterator[tuple[Sequence[Any], Any]]:
    """(logits, target) of every sample: an index; a list where shares of the classes are taken
    and it is one; None if it is ignored."""
    rows = _rows(logits, name)
    if rows and _is_number(rows[0]):
        if _is_number(logits) or not _is_number(targets):
            raise TypeError(
                f"{name} takes a list of numbers for each sample, one a class, "
                f"got {rows[0]!r} for a sample"
            )
        rows = [rows]
    targets = _rows(targets, name)
    _same_length(rows, targets, name)
    for row, target in zip(rows, targets):
        logits = [] if _is_number(row) else _rows(row, name)
        if not logits:
            raise ValueError(
                f"{name}: a sample must be a list of numbers, one a class, got {row!r}"
            )
        if isinstance(target, (list, tuple)):
            if shares and len(target) == len(logits) > 1:
                yield logits, [_portion(x, name) for x in target]
                continue
            target = target[0] if len(target) == 1 else target
        ignored = ignore_index is not None and target == ignore_index
        yield logits, None if ignored else index(target, f"{name}: a target", len(logits))


def _portion(x: Any, name: str) -> Any:
    _checked_numbers([x], name)
    if not isinstance(x, Value) and not x >= 0.0:
        raise ValueError(f"{name}: the share of a class must not be negative, got {x!r}")
    return x


def _taken(target: Any, numbers: Sequence[Any]) -> Any:
    """The number of a class."""
    return _TAKE(target, *numbers) if isinstance(target, Value) else numbers[target]


def _of_classes(
    loss: Callable[..., Any],
    samples: Iterable[tuple[Sequence[Any], Any]],
    reduction: str,
    weight: Any,
    name: str,
) -> Any:
    """The losses (logits, target, weights of the classes) of samples, as one number."""
    weights = None
    if weight is not None:
        weights = [not_negative(w, f"{name}: a weight") for w in _rows(weight, name)]
    losses, counts, count = [], [], 0
    for row, target in samples:
        count += 1
        if weights is not None and len(weights) != len(row):
            raise ValueError(f"{name}: {len(weights)} weights for {len(row)} classes")
        if target is not None:
            losses.append(loss(row, target, weights))
            alike = weights is None or isinstance(target, list)
            counts.append(1.0 if alike else _taken(target, weights or ()))
        elif reduction != "mean":
            losses.append(0.0 * row[0])
    if not losses:
        raise ValueError(
            f"{name}: all {count} samples are ignored, so they have no mean; "
            'reduction="sum" gives 0'
        )
    if weights is None or reduction != "mean":
        return _reduced(losses, reduction, name)
    whole = autograd.fsum(counts)
    if type(whole) is float and whole == 0.0:
        raise ValueError(f"{name}: the classes of all samples weigh 0, so they have no mean")
    return autograd.fsum(losses) / whole


def _reduced(losses: list[Any], reduction: str, name: str) -> Any:
    if reduction == "none":
        return losses
    total = autograd.fsum(losses) if len(losses) > 1 else losses[0]
    return _scaled(total, len(losses), reduction, name)


def _scaled(total: Any, count: int, reduction: str, name: str) -> Any:
    if reduction == "mean":
        return total / count if count > 1 else total
    if reduction == "sum":
        return total
    raise ValueError(
        f'{name}: reduction must be "mean", "sum" or "none", got {reduction!r:.80}'
    )
