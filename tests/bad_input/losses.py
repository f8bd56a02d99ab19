"""Mistakes with losses and penalties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nn
from tests.bad_input.optim import PARAMETERS
from tests.bad_input.rows import (
    CHOICE,
    HUGE,
    INF,
    NAN,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Bad,
    Row,
    bad,
    bads,
    mistakes,
    row,
    use,
)

__all__ = ["rows"]

NUMBERS: list[Bad] = [
    *[bad(x, TypeError) for x in (None, "ab", 1j)],
    *[bad([1.0, x], TypeError, repr(x)) for x in (None, 1j, "3")],
    *bads(ValueError, [], [1.0], [1.0] * 3, 1.0, words=("prediction",)),
    bad([1.0, [1.0]], ValueError, "[1.0]"),
    bad([[1.0], [1.0]], ValueError, "[1.0]"),
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
CLASSES: list[Bad] = [
    *[bad(x, TypeError) for x in (None, "ab", 1j)],
    *[bad([0, x], TypeError, repr(x)) for x in (None, 1j, "1", 1.0, NAN, [1])],
    *[bad([0, x], IndexError, "within 0 to 1") for x in (2, -1, HUGE)],
    *[bad(x, ValueError, "predictions") for x in ([], [0], [0, 1, 0])],
]


def rows() -> Iterator[Row]:
    """All of them."""
    for name in (*OF_NUMBERS, *OF_PROBABILITIES):
        yield from of_numbers(name)
    yield from of_classes()
    yield from outside()
    for name in ("l1_penalty", "l2_penalty"):
        good = use(lambda w, f: (f, {"params": w.params, "strength": 0.5}), getattr(nn, name))
        kinds = {"params": PARAMETERS, "strength": NOT_NEGATIVE}
        yield from mistakes(f"nn.{name}", good, kinds, positional=True)


def of_numbers(name: str) -> Iterator[Row]:
    """Losses of as many numbers as there are targets."""

    def good(w: Any) -> tuple[Any, dict[str, Any]]:
        p, t = (w.x * 0.25, 1.0), [1.0, 1.0]
        return getattr(nn, name), {"predictions": p, "targets": t, "reduction": "mean"}

    kinds = {"predictions": NUMBERS, "targets": NUMBERS, "reduction": CHOICE}
    if name == "huber_loss":
        kinds["delta"] = [*POSITIVE, bad(-1.0, ValueError, "must be positive, got -1.0")]
    yield from mistakes(f"nn.{name}", good, kinds)
    call = use(lambda w, f: f([HUGE, 1.0], [1.0, 1.0]), getattr(nn, name))
    yield row(f"nn.{name}", "10**400", call, OverflowError, "too large")


def of_classes() -> Iterator[Row]:
    """Losses of logits and the index of a class."""
    for name in ("cross_entropy", "nll_loss", "accuracy"):

        def good(w: Any, name: str = name) -> tuple[Any, dict[str, Any]]:
            logits = [[w.x, 1.0], (2.0, 3.0)]
            key = "log_probabilities" if name == "nll_loss" else "logits"
            return getattr(nn, name), {key: logits, "targets": [0, 1]}

        key = "log_probabilities" if name == "nll_loss" else "logits"
        kinds = {key: LOGITS, "targets": CLASSES}
        if name != "accuracy":  # which takes scores
            words = (f"{name} takes a list of numbers for each sample", "got 2.0")
            kinds[key] = [*LOGITS, *bads(TypeError, 2.0, [2.0, 1.0], words=words)]
            kinds["reduction"] = CHOICE
        if name == "cross_entropy":
            kinds["label_smoothing"] = SHARE
        yield from mistakes(f"nn.{name}", good, kinds)
    for each in NUMBERS:
        call = use(lambda w, b: nn.accuracy([w.x, 1.0], b.make(w)), each)
        if each.show not in ("[[1.0], [1.0]]", "[1.0, [1.0]]"):
            yield row("nn.accuracy", f"scores, {each.show}", call, each.error, *each.words)


def outside() -> Iterator[Row]:
    """Targets and probabilities out of their range."""
    for target in (0.0, 2.0, NAN, INF, -0.5):
        call = use(lambda w, t: nn.hinge_loss([w.x, 1.0], [1, t]), target)
        yield row("nn.hinge_loss", f"{target}", call, ValueError, "-1 or 1", repr(target))
    for name in OF_PROBABILITIES:
        for target in (-0.1, 1.1, NAN, INF):
            call = use(lambda w, f, t: f([w.x * 0.25], [t]), getattr(nn, name), target)
            yield row(f"nn.{name}", f"target {target}", call, ValueError, name, repr(target))
    for p, target in ((-0.1, 0.0), (1.1, 1.0), (NAN, 1.0), (INF, 1.0), (0.0, 1.0), (1.0, 0.5)):
        call = use(lambda w, p, t: nn.binary_cross_entropy([p], [t]), p, target)
        words = (f"binary_cross_entropy({p}, {target})", "with_logits")
        yield row("nn.binary_cross_entropy", f"{p}, {target}", call, ValueError, *words)
