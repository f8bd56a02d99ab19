"""Mistakes with losses and penalties."""

from collections.abc import Iterator
from typing import Any

import nn
from tests.bad_input.optim import PARAMETERS
from tests.bad_input.rows import *

NUMBERS: list[Bad] = [
    *[bad(x, TypeError) for x in (None, "ab", 1j)],
    *[bad([1.0, x], TypeError, repr(x)) for x in (None, 1j, "3")],
    *bads(ValueError, [], [1.0], [1.0] * 3, 1.0, words=("prediction",)),
    bad([1.0, [1.0, 2.0]], ValueError, "[1.0, 2.0]"),
    bad({}, ValueError, "predictions"),
]
OF_NUMBERS = ("mse_loss", "half_mse_loss", "l1_loss", "huber_loss", "hinge_loss")
OF_PROBABILITIES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
LOGITS: list[Bad] = [
    *[bad(x, TypeError) for x in (None, "ab", 1j)],
    *[bad([[1.0, 2.0], x], TypeError, repr(x)) for x in (None, 1j, "3")],
    *[bad([[2.0, 1.0], [1.0, x]], TypeError, repr(x)) for x in ([2.0], "3", None)],
    bad([[1.0, 2.0], 3.0], ValueError, "3.0"),
    *bads(ValueError, [[1.0, 2.0], []], [[], [1.0, 2.0]], words=("a sample", "[]")),
    *[bad(x, ValueError, "predictions") for x in ([], [[1.0, 2.0]], [[1.0, 2.0]] * 3)],
]
WEIGHTS: list[Bad] = [
    *bads(TypeError, "ab", 1j, THING),
    *[bad([1.0, x], TypeError, "a weight", repr(x)) for x in (None, "1", [1.0])],
    *[bad([1.0, x], ValueError, "a weight", repr(x)) for x in (-1.0, NAN)],
    *[bad(x, ValueError, "weights for 2 classes") for x in (2.0, [], [1.0], [1.0] * 3)],
]
CLASSES: list[Bad] = [
    *[bad(x, TypeError) for x in (None, "ab", 1j)],
    *[bad([0, x], TypeError, repr(x)) for x in (None, 1j, "1", 1.0, NAN)],
    *[bad([0, x], TypeError, repr(x[0])) for x in ([1.0], [[1]])],
    *[bad([0, x], TypeError, repr(x)) for x in ([], [1, 0, 0])],
    *[bad([0, x], IndexError, "within 0 to 1") for x in (2, -1, HUGE)],
    *[bad(x, ValueError, "predictions") for x in ([], [0], [0, 1, 0])],
]


def rows() -> Iterator[Row]:
    """All of them."""
    for name in (*OF_NUMBERS, *OF_PROBABILITIES):
        yield from of_numbers(f"nn.{name}", getattr(nn, name))
    for name in ("cross_entropy", "nll_loss", "accuracy"):
        yield from of_classes(f"nn.{name}", getattr(nn, name))
    scores = [b for b in NUMBERS if b.show != "[1.0, [1.0, 2.0]]"]
    yield from each("nn.accuracy", scores, lambda w, x: nn.accuracy([w.x, 1.0], x))
    call: Call = lambda w, x: nn.accuracy(*x)
    given = [bad(([], []), ValueError, "accuracy: no predictions")]
    given += bads(
        ValueError, *[([[0.3], x], [1, 1]) for x in ([], [0.1, 0.2])], words=("the prediction",)
    )
    words = ("may be probabilities", "threshold=0.5")
    given.append(bad(([0.2, 0.9], [0, 1]), UserWarning, *words))
    yield from each("nn.accuracy", given, call, "accuracy: ")
    yield from outside()
    for name in ("l1_penalty", "l2_penalty"):
        good = lambda w, n=name: (getattr(nn, n), {"params": w.params, "strength": 0.5})
        kinds = {"params": PARAMETERS, "strength": NOT_NEGATIVE}
        yield from mistakes(f"nn.{name}", good, kinds, positional=True)


def of_numbers(name: str, loss: Any) -> Iterator[Row]:
    """Losses of as many numbers as there are targets."""

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        p, t = (w.x * 0.25, 1.0), [1.0, 1.0]
        return loss, {"predictions": p, "targets": t, "reduction": "mean"}

    kinds = {"predictions": NUMBERS, "targets": NUMBERS, "reduction": CHOICE}
    if loss is nn.huber_loss:
        kinds["delta"] = [*POSITIVE, bad(-1.0, ValueError, "must be positive, got -1.0")]
    yield from mistakes(name, good, kinds)
    yield from each(name, TOO_LARGE, lambda w, x: loss([x, 1.0], [1.0, 1.0]))


def of_classes(name: str, loss: Any) -> Iterator[Row]:
    """Losses of logits and the index of a class."""
    key = "log_probabilities" if loss is nn.nll_loss else "logits"
    good = lambda w: (loss, {key: [[w.x, 1.0], (2.0, 3.0)], "targets": [0, 1]})
    kinds = {key: LOGITS, "targets": CLASSES}
    if loss is not nn.accuracy:  # which takes scores
        words = (f"{name[3:]} takes a list of numbers for each sample", "got 2.0")
        kinds[key] = [*LOGITS, *bads(TypeError, 2.0, [2.0, 1.0], words=words)]
        kinds["reduction"] = CHOICE
        kinds["weight"] = WEIGHTS
        call: Call = lambda w, x: loss([[w.x, 1.0], [2.0, 3.0]], x)
        ignored = [bad([-100] * 2, ValueError, "all 2 samples are ignored", 'reduction="sum"')]
        yield from each(name, ignored, call)
        call = lambda w: loss([[w.x, 1.0]], [1], weight=[1.0, 0.0])
        yield row(name, "without weight", call, ValueError, "of all samples weigh 0")
        kinds["ignore_index"] = bads(TypeError, None, "3", 1.5, [1.0], THING)
    if loss is nn.nll_loss:
        kinds["targets"] = [*CLASSES, bad([0, [1, 0]], TypeError, "[1, 0]")]
    if loss is nn.cross_entropy:
        single = bads(IndexError, [1], words=("a target", "within 0 to 0"))
        yield from each(name, single, lambda w, x: loss([[w.x]], [x]), name[3:])
        kinds["label_smoothing"] = SHARE
        shares = bads(ValueError, -0.5, NAN, words=("share of a class must not be negative",))
        yield from each(name, shares, lambda w, x: loss([[w.x, 1.0]], [[x, 0.5]]), name[3:])
    yield from mistakes(name, good, kinds)


def outside() -> Iterator[Row]:
    """Targets and probabilities out of their range."""
    targets = [bad(t, ValueError, "-1 or 1", repr(t)) for t in (0.0, 2.0, NAN, INF, -0.5)]
    yield from each("nn.hinge_loss", targets, lambda w, t: nn.hinge_loss([w.x, 1.0], [1, t]))
    name = f"nn.{OF_PROBABILITIES[1]}"
    call: Call = lambda w, x: nn.binary_cross_entropy_with_logits([w.x], [1.0], pos_weight=x)
    yield from each(name, NOT_NEGATIVE, call, "pos_weight")
    for name in OF_PROBABILITIES:
        call = lambda w, t, n=name: getattr(nn, n)([w.x * 0.25], [t])
        shares = bads(ValueError, -0.1, 1.1, NAN, INF)
        yield from each(f"nn.{name}", shares, call, name)
    pairs = ((-0.1, 0.0), (1.1, 1.0), (NAN, 1.0), (INF, 1.0), (0.0, 1.0), (1.0, 0.5))
    name = "binary_cross_entropy"
    given = [bad((p, t), ValueError, f"{name}({p}, {t})", "with_logits") for p, t in pairs]
    call = lambda w, pair: nn.binary_cross_entropy(pair[:1], pair[1:])
    yield from each(f"nn.{name}", given, call)
