"""Mistakes with optimizers, clipping and schedules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nn
from autograd import Value
from tests.bad_input.rows import (
    CHOICE,
    COUNT,
    FINITE,
    FLAG,
    HUGE,
    INF,
    NAN,
    NOT_NEGATIVE,
    NUMBER,
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

__all__ = ["PARAMETERS", "rows"]

PARAMETERS: list[Bad] = [
    *bads(TypeError, None, 2.0, 1j, Value(1.0), words=("takes a list of Values",)),
    *bads(TypeError, "ab", [1.0], [None], {"w": 1}, ["p"], words=("takes Values, got",)),
    Bad("a module", lambda w: w.model, TypeError, ("MLP",)),
    Bad("numbers behind", lambda w: [*w.params, 1.0], TypeError, ("1.0",)),
    Bad("a list in it", lambda w: [w.params], TypeError, ("takes Values, got",)),
]
TRAINED = [
    *PARAMETERS,
    bad([], ValueError, "none"),
    bad((), ValueError, "none"),
    Bad("an empty generator", lambda w: iter([]), ValueError, ("none",)),
    Bad("one twice", lambda w: w.params * 2, ValueError, ("twice",)),
    Bad("a result", lambda w: [w.x, w.z], ValueError, ("result of an operation", "'z'")),
]
BETAS = bads(TypeError, None, 0.9, "ab", [], (0.9,), (0.9, 0.9, 0.9), {0.9: 0.9})
for _x in (None, "0.9", True, 1j):
    BETAS.append(bad((0.9, _x), TypeError, "betas[1]"))
BETAS += [bad((x, 0.9), ValueError, "betas[0]") for x in (1.0, -0.1, NAN, INF)]
BETAS.append(bad((0.9, 1.0), ValueError, "betas[1]"))
BETAS.append(bad((0.9, HUGE), OverflowError, "betas[1]", "too large"))
BELOW_1 = [*SHARE, bad(1.0, ValueError)]
COMMON = {"params": TRAINED, "lr": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE}
ADAM = {**COMMON, "betas": BETAS, "eps": NOT_NEGATIVE, "amsgrad": FLAG}
OPTIMIZERS: dict[str, dict[str, list[Bad]]] = {
    "Optimizer": COMMON,
    "SGD": {**COMMON, "momentum": NOT_NEGATIVE, "dampening": FINITE, "nesterov": FLAG},
    "Adam": ADAM,
    "AdamW": ADAM,
    "RMSprop": {
        **COMMON,
        "alpha": SHARE,
        "eps": NOT_NEGATIVE,
        "momentum": NOT_NEGATIVE,
        "centered": FLAG,
    },
}
COUNT_0 = [b for b in COUNT if b.show != "0"]
SCHEDULES: dict[str, tuple[dict[str, Any], dict[str, list[Bad]]]] = {
    "StepLR": ({"step_size": 2}, {"step_size": COUNT, "gamma": NOT_NEGATIVE}),
    "ExponentialLR": ({"gamma": 0.5}, {"gamma": NOT_NEGATIVE}),
    "CosineAnnealingLR": ({"T_max": 2}, {"T_max": COUNT, "eta_min": NOT_NEGATIVE}),
    "LinearLR": (
        {},
        {"start_factor": NOT_NEGATIVE, "end_factor": NOT_NEGATIVE, "total_iters": COUNT},
    ),
    "ReduceLROnPlateau": (
        {},
        {
            "mode": CHOICE,
            "factor": BELOW_1,
            "patience": COUNT_0,
            "threshold": NOT_NEGATIVE,
            "threshold_mode": CHOICE,
            "cooldown": COUNT_0,
            "min_lr": NOT_NEGATIVE,
            "eps": NOT_NEGATIVE,
        },
    ),
}
NO_STATE = [
    *bads(TypeError, None, 3, "ab", [], 1j, words=("the state",)),
    *bads(ValueError, {}, {"lr": 1.0}, {"optimizer": "SGD"}, words=("does not fit",)),
]


def rows() -> Iterator[Row]:
    """All of them."""
    yield from optimizers()
    yield from steps()
    yield from clipping()
    yield from schedules()


def optimizers() -> Iterator[Row]:
    """How optimizers are made, and set back."""
    for name, kinds in OPTIMIZERS.items():
        good = use(lambda w, c: (c, {"params": w.params, "lr": 0.1}), getattr(nn, name))
        yield from mistakes(f"nn.{name}", good, kinds)
    for momentum, dampening in ((0.0, 0.0), (0.9, 0.1), (0.9, -0.1)):
        options = {"momentum": momentum, "dampening": dampening, "nesterov": True}
        call = use(lambda w, o: nn.SGD(w.params, 0.1, **o), options)
        yield row("nn.SGD", f"nesterov {momentum} {dampening}", call, ValueError, "nesterov")
    for each in NOT_NEGATIVE:
        call = use(lambda w, b: setattr(w.optimizer, "lr", b.make(w)), each)
        yield row("nn.Optimizer.lr", each.show, call, each.error, "lr", *each.words)
    for each in NO_STATE:
        call = use(lambda w, b: w.optimizer.load_state_dict(b.make(w)), each)
        yield row(
            "nn.Optimizer.load_state_dict", each.show, call, each.error, "SGD", *each.words
        )
    changes: list[tuple[str, Any]] = [
        *[("lr", x) for x in (None, "1", -1.0, NAN, True, HUGE)],
        *[("steps", x) for x in (None, "1", -1, 1.5, True, HUGE)],
        *[("optimizer", x) for x in (None, "Adam", 3)],
        *[("buffers", b.make(None)) for b in bads(ValueError, None, {}, [], "ab")],
        ("buffers", {"momentum_buffer": None}),
        *[("buffers", {"momentum_buffer": x}) for x in ([], [1.0], [1.0] * 3, [1.0, None])],
        *[("buffers", {"momentum_buffer": [1.0, x]}) for x in (NAN, HUGE, "1", True)],
    ]
    for key, value in changes:
        call = use(
            lambda w, k, v: w.optimizer.load_state_dict({**w.optimizer.state_dict(), k: v}),
            *(key, value),
        )
        case = f"{key} {value!r:.40}"
        yield row("nn.Optimizer.load_state_dict", case, call, ValueError, "SGD", "does not fit")


def steps() -> Iterator[Row]:
    """Steps that cannot be made."""
    for grad in (NAN, INF, -INF):
        for name in OPTIMIZERS:
            if name != "Optimizer":
                call = use(lambda w, n, g: _stepped(w, n, 0.1, g), name, grad)
                words = (f"{name}.step", "'q'", repr(grad))
                yield row(
                    "nn.Optimizer.step", f"{name} {grad}", call, FloatingPointError, *words
                )
    call = use(lambda w: _stepped(w, "SGD", 1e300, 1e300))
    yield row(
        "nn.Optimizer.step", "too far", call, FloatingPointError, "SGD.step", "'q'", "lower"
    )
    call = use(lambda w: nn.Optimizer(w.params, lr=0.1).step())
    yield row("nn.Optimizer.step", "none", call, NotImplementedError, "_update")
    for method in ("step", "zero_grad", "state_dict"):
        call = use(lambda w, n: getattr(w.optimizer, n)(1), method)
        yield row(f"nn.Optimizer.{method}", "an argument", call, TypeError, "argument")


def _stepped(w: Any, name: str, lr: float, grad: float) -> None:
    """A step with this gradient, which is taken back afterwards."""
    before = w.params[1].grad
    optimizer = getattr(nn, name)(w.params, lr=lr)
    state = optimizer.state_dict()
    w.params[1].grad = grad
    try:
        optimizer.step()
    finally:
        assert optimizer.state_dict() == state
        w.params[1].grad = before


def clipping() -> Iterator[Row]:
    """Of gradients."""
    yield from mistakes(
        "nn.clip_grad_norm_",
        lambda w: (nn.clip_grad_norm_, {"params": w.params, "max_norm": 1.0, "norm_type": 2.0}),
        {
            "params": PARAMETERS,
            "max_norm": NOT_NEGATIVE,
            "norm_type": [b for b in POSITIVE if b.show != "inf"],
        },
        owner="clip_grad_norm_",
        positional=True,
    )
    yield from mistakes(
        "nn.clip_grad_value_",
        lambda w: (nn.clip_grad_value_, {"params": w.params, "clip_value": 1.0}),
        {"params": PARAMETERS, "clip_value": NOT_NEGATIVE},
        owner="clip_grad_value_",
        positional=True,
    )
    for grad in (NAN, INF):
        call = use(lambda w, g: _clipped(w, nn.clip_grad_norm_, g), grad)
        words = ("clip_grad_norm_", "'q'", repr(grad))
        yield row("nn.clip_grad_norm_", f"{grad}", call, FloatingPointError, *words)


def _clipped(w: Any, clip: Any, grad: float) -> None:
    before, w.params[1].grad = w.params[1].grad, grad
    try:
        clip(w.params, 1.0)
    finally:
        assert repr(w.params[1].grad) == repr(grad)
        w.params[1].grad = before


def schedules() -> Iterator[Row]:
    """How schedules are made, stepped and set back."""
    no_optimizer = [*bads(TypeError, None, "SGD", 0.1), bad(nn.SGD, TypeError, "SGD")]
    no_optimizer.append(Bad("parameters", lambda w: w.params, TypeError, ("Value(",)))
    for name, (arguments, kinds) in SCHEDULES.items():
        kind = getattr(nn, name)
        good = use(lambda w, c, a: (c, {"optimizer": _sgd(w), **a}), kind, arguments)
        yield from mistakes(f"nn.{name}", good, {"optimizer": no_optimizer, **kinds})
        for each in NO_STATE:
            call = use(
                lambda w, c, a, b: _loaded(c(_sgd(w), **a), b.make(w)), kind, arguments, each
            )
            yield row(
                "nn.Scheduler.load_state_dict",
                f"{name} {each.show}",
                call,
                each.error,
                name,
                *each.words,
            )
        call = use(lambda w, c, a: c(_sgd(w), **a).rate("3"), kind, arguments)
        if name != "ReduceLROnPlateau":
            yield row(f"nn.{name}.rate", "text", call, TypeError)
        call = use(lambda w, c, a: c(_sgd(w), **a).rate(), kind, arguments)
        yield row(f"nn.{name}.rate", "nothing", call, TypeError, "argument")
    call = use(lambda w: nn.Scheduler(w.optimizer))
    yield row("nn.Scheduler", "itself", call, NotImplementedError, "rate")
    yield row("nn.Scheduler.rate", "itself", call, NotImplementedError, "rate")
    for each in NUMBER:
        call = use(lambda w, b: nn.ReduceLROnPlateau(w.optimizer).step(b.make(w)), each)
        words = each.words if each.show != "None" else ()
        yield row("nn.ReduceLROnPlateau.step", each.show, call, each.error, "metric", *words)
    for name, gamma in (("ExponentialLR", 1e200), ("ExponentialLR", 1e308)):
        call = use(lambda w, n, g: _until(getattr(nn, n)(_sgd(w), gamma=g)), name, gamma)
        yield row(
            "nn.Scheduler.step", f"{name} {gamma}", call, OverflowError, name, "too large"
        )
    for method in ("state_dict", "get_last_lr"):
        call = use(lambda w, n: getattr(nn.ExponentialLR(_sgd(w), 0.5), n)(1), method)
        yield row(f"nn.Scheduler.{method}", "an argument", call, TypeError, "argument")
    for x in (None, "1", -1.0, NAN, INF, True, HUGE):
        call = use(lambda w, x: _changed(nn.StepLR(_sgd(w), 2), "base_lr", x), x)
        yield row(
            "nn.Scheduler.load_state_dict",
            f"base_lr {x!r:.20}",
            call,
            ValueError,
            "StepLR",
            "base_lr",
        )
        call = use(lambda w, x: _changed(nn.StepLR(_sgd(w), 2), "last_epoch", x), x)
        yield row(
            "nn.Scheduler.load_state_dict",
            f"epoch {x!r:.20}",
            call,
            ValueError,
            "StepLR",
            "last_epoch",
        )
    bests: list[Any] = ["1", 1j, True, HUGE]
    for x in bests:
        call = use(lambda w, x: _changed(nn.ReduceLROnPlateau(_sgd(w)), "best", x), x)
        yield row(
            "nn.ReduceLROnPlateau.load_state_dict", f"{x!r:.20}", call, ValueError, "best"
        )
    call = use(lambda w, c: c(_sgd(w)).state_dict(1), nn.ReduceLROnPlateau)
    yield row("nn.ReduceLROnPlateau.state_dict", "an argument", call, TypeError, "argument")


def _sgd(w: Any) -> nn.Optimizer:
    return nn.SGD(w.params, lr=0.5)


def _loaded(scheduler: nn.Scheduler, state: Any) -> None:
    before = (scheduler.state_dict(), scheduler.optimizer.lr)
    try:
        scheduler.load_state_dict(state)
    finally:
        assert (scheduler.state_dict(), scheduler.optimizer.lr) == before


def _changed(scheduler: nn.Scheduler, key: str, value: Any) -> None:
    _loaded(scheduler, {**scheduler.state_dict(), key: value})


def _until(scheduler: nn.Scheduler) -> None:
    """Steps that end with an error, which must change nothing."""
    while True:
        before = (scheduler.state_dict(), scheduler.optimizer.lr)
        try:
            scheduler.step()
        except OverflowError:
            assert (scheduler.state_dict(), scheduler.optimizer.lr) == before
            raise
