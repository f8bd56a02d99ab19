"""Mistakes with optimizers, clipping and schedules."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import nn
from autograd import Value
from tests.bad_input.rows import *
from tests.helpers.tables import table

PARAMETERS: list[Bad] = [
    *bads(TypeError, None, 2.0, 1j, Value(1.0), words=("takes a list of Values",)),
    *bads(TypeError, "ab", [1.0], [None], {"w": 1}, ["p"], words=("takes Values, got",)),
    Bad("a module", lambda w: w.model, TypeError, ("MLP",)),
    Bad("numbers behind", lambda w: [*w.params, 1.0], TypeError, ("1.0",)),
    Bad("a list in it", lambda w: [w.params], TypeError, ("takes Values, got",)),
]
TRAINED = [
    *[
        row
        for (row,) in table(
            """
bad([], ValueError, "none")
bad((), ValueError, "none")
Bad("an empty generator", lambda w: iter([]), ValueError, ("none",))
Bad("one twice", lambda w: w.params * 2, ValueError, ("twice",))
Bad("a result", lambda w: [w.x, w.z], ValueError, ("result of an operation", "'z'"))
""",
            globals(),
        )
    ],
    *PARAMETERS,
]
BETAS = bads(TypeError, None, 0.9, "ab", [], (0.9,), (0.9, 0.9, 0.9), {0.9: 0.9})
for _x in (None, "0.9", True, 1j):
    BETAS.append(bad((0.9, _x), TypeError, "betas[1]"))
BETAS += [bad((x, 0.9), ValueError, "betas[0]") for x in (1.0, -0.1, NAN, INF)]
BETAS.append(bad((0.9, 1.0), ValueError, "betas[1]"))
BETAS.append(bad((0.9, HUGE), OverflowError, "betas[1]", "too large"))
BELOW_1 = [*SHARE, bad(1.0, ValueError)]
NOT_LISTS = [b for b in NOT_NEGATIVE if b.show != "[1.0]"]
EPOCHS = bads(TypeError, None, 3, "ab", {}, 1j)
EPOCHS += [bad([2, b.make(None)], b.error, "milestones") for b in COUNT if b.show != "0"]
COMMON = {"params": TRAINED, "lr": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE}
ADAM = {**COMMON, "betas": BETAS, "eps": NOT_NEGATIVE, "amsgrad": FLAG}
OPTIMIZERS: dict[str, dict[str, list[Bad]]] = dict(
    table(
        """
"Optimizer" | COMMON
"SGD" | {**COMMON, "momentum": NOT_NEGATIVE, "dampening": FINITE, "nesterov": FLAG}
"Adam" | ADAM
"AdamW" | ADAM
"RMSprop" |
    {**COMMON, "alpha": SHARE, "eps": NOT_NEGATIVE, "momentum": NOT_NEGATIVE, "centered": FLAG}
""",
        globals(),
    )
)
SCHEDULES: dict[str, tuple[dict[str, Any], dict[str, list[Bad]]]] = {
    name: tuple(row)
    for name, *row in table(
        """
"StepLR" | {"step_size": 2} | {"step_size": COUNT, "gamma": NOT_NEGATIVE}
"ExponentialLR" | {"gamma": 0.5} | {"gamma": NOT_NEGATIVE}
"CosineAnnealingLR" | {"T_max": 2} | {"T_max": COUNT, "eta_min": NOT_NEGATIVE}
"LinearLR" | {} |
    {"start_factor": NOT_NEGATIVE, "end_factor": NOT_NEGATIVE, "total_iters": COUNT}
"MultiStepLR" | {"milestones": [2]} | {"milestones": EPOCHS, "gamma": NOT_NEGATIVE}
""",
        globals(),
    )
} | {
    "LambdaLR": (
        {"lr_lambda": lambda epoch: 0.5 + 0 * epoch},
        {
            "lr_lambda": [
                *bads(TypeError, None, 3, "f", 1j),
                bad([3], TypeError, "lr_lambda must be a function, got 3"),
                *bads(ValueError, [], [len] * 2, words=("for 1 groups",)),
                bad(lambda epoch: -1.0, ValueError, "lr_lambda(0)", "-1.0"),
                bad(lambda epoch: "1", TypeError, "lr_lambda(0)", "'1'"),
            ]
        },
    ),
    "OneCycleLR": (
        {"max_lr": 1.0, "total_steps": 9},
        {
            "max_lr": [*NOT_LISTS, bad([1.0, 2.0], ValueError, "max_lr has 2 for 1 groups")],
            "total_steps": [
                bad(None, ValueError, "needs total_steps, or both"),
                *[b for b in COUNT if b.show != "None"],
            ],
            "pct_start": SHARE,
            "anneal_strategy": CHOICE,
            "cycle_momentum": FLAG,
            "three_phase": FLAG,
            "base_momentum": BELOW_1,
            "max_momentum": BELOW_1,
            "div_factor": POSITIVE,
            "final_div_factor": POSITIVE,
        },
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
    for name, kinds in OPTIMIZERS.items():
        yield from of_optimizer(name, getattr(nn, name), kinds)
    yield from settings()
    yield from clipping()
    for name, (arguments, kinds) in SCHEDULES.items():
        yield from of_schedule(name, getattr(nn, name), arguments, kinds)
    yield from schedules()
    yield from sequences()


def of_optimizer(name: str, kind: Any, kinds: dict[str, list[Bad]]) -> Iterator[Row]:
    """How one is made, and a gradient that it must not use."""
    yield from mistakes(f"nn.{name}", lambda w: (kind, {"params": w.params, "lr": 0.1}), kinds)
    for key in kinds.keys() - {"params"}:
        call: Call = lambda w, x, key=key: _set(kind(w.params, lr=0.1), key, x)
        yield from each(f"nn.{name}", kinds[key], call, name, key, case=f"{key} set to ")
    if name != "Optimizer":
        given = bads(FloatingPointError, NAN, INF, -INF)
        words = (f"{name}.step", "'q'")
        yield from each(
            "nn.Optimizer.step", given, lambda w, g: _stepped(w, kind, 0.1, g), *words
        )
        keras: Call = lambda w: kind(w.params, learning_rate=0.1)
        yield row(f"nn.{name}", "Keras' name", keras, TypeError, name, "write lr=…")


def settings() -> Iterator[Row]:
    """Settings that do not go together, and states."""
    name = "nn.Optimizer"
    pairs = [(0.0, 0.0), (0.9, 0.1), (0.9, -0.1)]
    given = bads(ValueError, *pairs, words=("nesterov",))
    call: Call = lambda w, m: nn.SGD(w.params, 0.1, m[0], m[1], nesterov=True)
    yield from each("nn.SGD", given, call)
    for key, value in (("momentum", 0.0), ("dampening", 0.1)):
        call = lambda w, x, key=key: _set(nn.SGD(w.params, 0.1, 0.9, nesterov=True), key, x)
        given = [bad(value, ValueError, "nesterov needs a momentum")]
        yield from each("nn.SGD", given, call, case=f"{key} with nesterov set to ")
    loaded, words = f"{name}.load_state_dict", ("SGD",)
    yield from each(loaded, NO_STATE, lambda w, x: w.optimizer.load_state_dict(x), *words)
    buffers: list[Any] = [None, {}, [], "ab", {"momentum_buffer": None}]
    momenta: list[Any] = [
        [],
        [1.0],
        [1.0] * 3,
        *[[1.0, x] for x in (None, NAN, HUGE, "1", True)],
    ]
    changes: list[dict[str, Any]] = [
        *[{"lr": x} for x in (None, "1", -1.0, NAN, True, HUGE)],
        *[{"steps": x} for x in (None, "1", -1, 1.5, True, HUGE)],
        *[{"optimizer": x} for x in (None, "Adam", 3)],
        *[{"buffers": x} for x in [*buffers, *[{"momentum_buffer": x} for x in momenta]]],
    ]
    yield from each(
        loaded,
        bads(ValueError, *changes, words=("SGD", "does not fit")),
        lambda w, change: w.optimizer.load_state_dict(w.optimizer.state_dict() | change),
    )
    yield from groups()
    yield from refusals(
        """
f"{name}.step" | "too far" | lambda w: _stepped(w, nn.SGD, 1e300, 1e300) |
    FloatingPointError | "SGD.step: the next value of" | "'q'" | "nothing" | "lower"
f"{name}.step" | "too steep" | lambda w: _stepped(w, nn.Adam, 1.0, 1e200) |
    FloatingPointError | "Adam.step: the next exp_avg_sq of" | "'q'" | "nothing"
f"{name}.state" | "set" | lambda w: w.optimizer.state[w.params[0]].update({"step": 1.0}) |
    TypeError | "to be read; load a changed state_dict"
f"{name}.step" | "none" | lambda w: nn.Optimizer(w.params, lr=0.1).step() |
    NotImplementedError | "_update"
""",
        globals() | locals(),
    )
    closures = [b for b in FUNCTION if b.show != "None"]
    stepped: Call = lambda w, f: nn.SGD(w.params, lr=0.1).step(f)
    yield from each(f"{name}.step", closures, stepped, "SGD.step: closure")


def groups() -> Iterator[Row]:
    """Parameters with settings of their own."""
    name = "nn.Optimizer.add_param_group"
    make: Call = lambda w, group: nn.SGD([{"params": [w.x]}, group], 0.1, 0.9)
    given = [
        Bad(show, make_group, error, tuple(words))
        for show, make_group, error, *words in table(
            """
"of nothing" | lambda w: {"lr": 0.1} | ValueError | 'a group needs "params"'
"with nonsense" | lambda w: {"params": [w.y], "lrr": 1} | KeyError | "'lrr'" | "lr"
"of one" | lambda w: {"params": w.y} | TypeError | "takes a list of Values"
"empty" | lambda w: {"params": []} | ValueError | "names, such as 'neurons.0.weight.0'"
"twice" | lambda w: {"params": [w.x]} | ValueError | "twice"
"at -1" | lambda w: {"params": [w.y], "lr": -1.0} | ValueError | "SGD: lr" | "-1.0"
"at '1'" | lambda w: {"params": [w.y], "lr": "1"} | TypeError | "SGD: lr" | "'1'"
"without momentum" | lambda w: {"params": [w.y], "momentum": 0.0} | ValueError |
    "momentum=0.0" | "make an optimizer for each"
"by Nesterov" | lambda w: {"params": [w.y], "nesterov": True} | ValueError |
    "nesterov=True" | "an optimizer for each"
""",
            {},
        )
    ]
    yield from each("nn.SGD", given, make, "SGD", case="a group ")
    yield from each(name, given, lambda w, x: _added(nn.SGD([w.x], 0.1, 0.9), x), "SGD")
    yield from refusals(
        """
"nn.ParamGroup.pop" | "a setting" | lambda w: group(w).pop("lr") | TypeError | "lr"
"nn.ParamGroup.__getitem__" | "no setting" | lambda w: group(w)["mu"] | KeyError | "'mu'" |
    "it has lr"
"nn.ParamGroup" | "no setting" | lambda w: group(w)["mu"] | KeyError | "has no"
"nn.SGD" | "a group with momentum" | lambda w: two(w, {"momentum": 0.5}) | ValueError |
    "momentum=0.5" | "an optimizer for each"
"nn.SGD" | "a group by itself" | lambda w: two(w, own, momentum=0.9, nesterov=True) |
    ValueError | "nesterov=False" | "an optimizer for each"
""",
        {
            "group": lambda w: nn.SGD([w.x]).param_groups[0],
            "two": _grouped,
            "own": {"nesterov": False},
        },
    )
    states: list[tuple[str, Any]] = [("made", [2]), ("made", [1, 1]), ("made", 1)]
    for key, x in [*states, ("lrs", [0.1]), ("lrs", [1, -1])]:
        call = lambda w, key=key, x=x: _loaded(make(w, {"params": [w.y]}), {key: x})
        yield row("nn.Optimizer.load_state_dict", f"{key}={x}", call, ValueError, key)


def _grouped(w: Any, own: dict[str, Any], **settings: Any) -> nn.SGD:
    return nn.SGD([{"params": [w.x]}, {"params": [w.y], **own}], 0.1, **settings)


def _added(optimizer: nn.Optimizer, group: Any) -> None:
    """A group that is refused, and leaves the optimizer as it is."""
    before = repr(optimizer), optimizer.state_dict()
    try:
        optimizer.add_param_group(group)
    finally:
        assert (repr(optimizer), optimizer.state_dict()) == before


def _loaded(optimizer: nn.Optimizer, changes: dict[str, Any]) -> None:
    optimizer.load_state_dict(optimizer.state_dict() | changes)


def _set(optimizer: nn.Optimizer, name: str, x: Any) -> None:
    """A setting that is refused, and leaves the optimizer as it is."""
    before = repr(optimizer), optimizer.state_dict()
    try:
        setattr(optimizer, name, x)
    finally:
        assert (repr(optimizer), optimizer.state_dict()) == before


def _stepped(w: Any, kind: Any, lr: float, grad: float) -> None:
    """A step with this gradient, which is taken back afterwards."""
    optimizer = kind(w.params, lr=lr)
    state = optimizer.state_dict()
    try:
        _with_gradient(w, grad, optimizer.step)
    finally:
        assert optimizer.state_dict() == state


def _with_gradient(w: Any, grad: float, call: Callable[[], Any]) -> None:
    before, w.params[1].grad = w.params[1].grad, grad
    try:
        call()
    finally:
        assert repr(w.params[1].grad) == repr(grad)
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
        positional=True,
    )
    yield from mistakes(
        "nn.clip_grad_value_",
        lambda w: (nn.clip_grad_value_, {"params": w.params, "clip_value": 1.0}),
        {"params": PARAMETERS, "clip_value": NOT_NEGATIVE},
        positional=True,
    )
    clip = nn.clip_grad_norm_
    yield from each(
        "nn.clip_grad_norm_",
        bads(FloatingPointError, NAN, INF),
        lambda w, grad: _with_gradient(w, grad, lambda: clip(w.params, 1.0)),
        *("clip_grad_norm_", "'q'"),
    )
    words = "the norm of order 2 is too large"
    huge = [bad((1.7e308, 2.0), FloatingPointError, words)]
    huge.append(bad((1e200, 3.0), FloatingPointError, words.replace("2", "3")))
    call: Call = lambda w, x: _with_gradient(w, x[0], lambda: clip(w.params[1:] * 3, 1.0, x[1]))
    yield from each("nn.clip_grad_norm_", huge, call)


def of_schedule(
    name: str, kind: Any, arguments: dict[str, Any], kinds: dict[str, list[Bad]]
) -> Iterator[Row]:
    """How one is made, and set back."""
    optimizers = [*bads(TypeError, None, "SGD", 0.1), bad(nn.SGD, TypeError, "SGD")]
    optimizers.append(Bad("parameters", lambda w: w.params, TypeError, ("Value(",)))
    good = lambda w: (kind, {"optimizer": _sgd(w), **arguments})
    yield from mistakes(f"nn.{name}", good, {"optimizer": optimizers, **kinds})
    yield from each(
        "nn.Scheduler.load_state_dict",
        NO_STATE,
        lambda w, x: _kept(kind(_sgd(w), **arguments), lambda s: s.load_state_dict(x)),
        name,
    )
    for given in ([], ["3"] * 2, *([] if name == "ReduceLROnPlateau" else [["3"]])):
        yield from each(
            f"nn.{name}.rate",
            [bad(given, TypeError, "")],
            lambda w, xs: kind(_sgd(w), **arguments).rate(*xs),
        )


def schedules() -> Iterator[Row]:
    """Steps that cannot be made, and states that differ in one entry."""
    name = "nn.Scheduler"
    yield from refusals(
        """
name | "itself" | lambda w: nn.Scheduler(_sgd(w)) | NotImplementedError | "rate"
f"{name}.rate" | "itself" | lambda w: nn.Scheduler.rate(nn.ExponentialLR(_sgd(w), 0.5), 1) |
    NotImplementedError | "no rate method"
f"{name}.step" | "below 0" |
    lambda w: type("Own", (nn.Scheduler,), {"rate": lambda s, k: -k})(_sgd(w)).step() |
    ValueError | "Own: lr must not be negative"
""",
        globals() | locals(),
    )
    for key in ("base_lr", "last_epoch"):
        values = (None, "1", -1.0, NAN, INF, True, HUGE)
        given = bads(ValueError, *values, words=("StepLR", key))
        call: Call = lambda w, x, key=key: _changed(nn.StepLR(_sgd(w), 2), key, x)
        yield from each(f"{name}.load_state_dict", given, call, case=key)
    too_fast = bads(OverflowError, 1e200, 1e308, words=("ExponentialLR", "too large"))
    yield from each(
        f"{name}.step", too_fast, lambda w, gamma: _until(nn.ExponentialLR(_sgd(w), gamma))
    )
    name = "nn.ReduceLROnPlateau"
    metrics = [b if b.show != "None" else bad(None, TypeError, "metric") for b in NUMBER]
    call = lambda w, x: nn.ReduceLROnPlateau(_sgd(w)).step(x)
    yield from each(f"{name}.step", metrics, call, "metric")
    strange: dict[str, list[Any]] = {
        "best": ["1", 1j, True, HUGE],
        "last_epoch": [10**30],
        "num_bad_epochs": [-1, 0.5],
        "cooldown_counter": ["1"],
        "scheduler": ["LinearLR"],
        "more": [1],
    }
    for key, changes in strange.items():
        words = ("the state does not fit", (key, "LinearLR"))
        given = bads(ValueError, *changes, words=words)
        call = lambda w, x, key=key: _changed(nn.ReduceLROnPlateau(_sgd(w)), key, x)
        yield from each(f"{name}.load_state_dict", given, call, case=key)


def sequences() -> Iterator[Row]:
    """Schedulers that can't follow one another."""
    name = "nn.SequentialLR"

    def made(w: Any, changed: Callable[[nn.Optimizer], Any], milestones: Any = (3,)) -> Any:
        sgd = _sgd(w)
        return nn.SequentialLR(sgd, changed(sgd), milestones)

    pair: Call = lambda o: [nn.StepLR(o, 2), nn.ExponentialLR(o, 0.5)]
    for schedulers, error, words in table(
        """
lambda o: None | TypeError | ("schedulers", "None")
lambda o: [1, 2] | TypeError | ("schedulers", "1")
lambda o: [] | ValueError | ("1 milestones for 0 schedulers",)
lambda o: [nn.StepLR(o, 2), nn.ReduceLROnPlateau(o)] | ValueError | ("ReduceLROn",)
lambda o: pair(nn.SGD([Value(1.0)], 0.5)) | ValueError | ("another optimizer",)
""",
        globals() | locals(),
    ):
        call: Call = functools.partial(made, changed=schedulers)
        yield row(name, f"schedulers: {words}", call, error, *words)
    states: list[Any] = [None, [], [{}], [{}, {}]]
    for x in states:
        call = lambda w, x=x: _changed(made(w, pair), "schedulers", x)
        yield row(f"{name}.load_state_dict", f"of {x}", call, ValueError, "does not fit")
    yield from refusals(
        """
name | "milestones=3" | lambda w: made(w, pair, 3) | TypeError | "milestones"
name | "milestones=[3, 3]" | lambda w: made(w, pair, [3, 3]) | ValueError | "increase"
"nn.OneCycleLR" | "no momentum" | lambda w: nn.OneCycleLR(nn.Optimizer(w.params, 0.5), 1.0, 9) |
    ValueError | "write cycle_momentum=False"
"nn.OneCycleLR" | "half of it" | lambda w: nn.OneCycleLR(_sgd(w), 1.0, epochs=3) |
    ValueError | "both epochs and steps"
"nn.OneCycleLR.step" | "too far" | lambda w: _until(nn.OneCycleLR(_sgd(w), 1.0, 9)) |
    ValueError | "10 steps of 9" | "total_steps"
"nn.SequentialLR.load_state_dict" | "without" |
    lambda w: made(w, pair).load_state_dict({"scheduler": "SequentialLR", "last_epoch": 0}) |
    ValueError | "schedulers"
"nn.Scheduler.load_state_dict" | "of one group" |
    lambda w: _changed(_two(w), "base_lrs", [1.0]) | ValueError | "base_lrs"
"nn.Scheduler.load_state_dict" | "negative" |
    lambda w: _changed(_two(w), "base_lrs", [1.0, -1.0]) | ValueError | "base_lrs"
""",
        globals() | locals(),
    )


def _two(w: Any) -> nn.Scheduler:
    return nn.StepLR(nn.SGD([{"params": [w.x]}, {"params": [w.y]}]), 2)


def _sgd(w: Any) -> nn.Optimizer:
    return nn.SGD(w.params, lr=0.5)


def _kept(scheduler: nn.Scheduler, call: Callable[[nn.Scheduler], Any]) -> None:
    """A call that fails, and leaves the schedule as it is."""
    before = (scheduler.state_dict(), scheduler.optimizer.lr)
    try:
        call(scheduler)
    finally:
        assert (scheduler.state_dict(), scheduler.optimizer.lr) == before


def _changed(scheduler: nn.Scheduler, key: str, value: Any) -> None:
    state = {**scheduler.state_dict(), key: value}
    _kept(scheduler, lambda scheduler: scheduler.load_state_dict(state))


def _until(scheduler: nn.Scheduler) -> None:
    """Steps until one fails, which must change nothing."""
    try:
        while True:
            before = (scheduler.state_dict(), scheduler.optimizer.lr)
            scheduler.step()
    finally:
        assert (scheduler.state_dict(), scheduler.optimizer.lr) == before
