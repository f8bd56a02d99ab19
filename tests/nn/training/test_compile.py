"""nn.compile, and fit built on it: the same as by Values, and a sentence where it can't be."""

import copy
import functools
import math
import os
import pickle
import random
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import pytest

import nn
from autograd import (
    Value,
    exp,
    grad,
    minimum,
    primitive,
    sigmoid,
    sign,
    where,
)
from autograd import compile as compile_function
from nn.training.batches import Batch
from nn.training.eager import Eager
from tests.helpers.children import LONG, in_a_child
from tests.helpers.tables import table

TOLD = pytest.mark.filterwarnings("ignore:fit. not compiled")

random.seed(5)
XS = [[random.uniform(-1.0, 1.0) for _ in range(3)] for _ in range(12)]
REAL = [x[0] - 2.0 * x[1] * x[2] for x in XS]
SIGN = [1 if y > 0 else -1 for y in REAL]
SHARE = [0.0 if y < -0.3 else 1.0 if y > 0.3 else 0.4 for y in REAL]
CLASS = [i % 3 for i in range(12)]
PAIRS = [[y, y * y] for y in REAL]


def mlp(*sizes: int, **settings: Any) -> Callable[[], nn.Module]:
    return lambda: nn.MLP(3, [4, *sizes], **{"activation": "tanh", **settings})


def sequence(*modules: Callable[[], Any]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*[module() for module in modules])


class Branches(nn.Module):
    """Goes another way where x is large, and reads no number out."""

    def __init__(self) -> None:
        self.w = [Value(0.3), Value(-0.2), Value(0.1)]

    def forward(self, x: list[Any]) -> Any:
        total = x[0] * self.w[0]
        for w, number in zip(self.w[1:], x[1:]):
            if number > 0.0:
                total = total + w * number
        return total


class Pairs(nn.Module):
    """Logits of two indices."""

    def __init__(self) -> None:
        self.table, self.net = nn.Embedding(5, 2), nn.Layer(4, 3)

    def forward(self, pair: list[Any]) -> Any:
        return self.net([x for index in pair for x in self.table(index)])


def last(loss: Callable[..., Any]) -> Callable[..., Any]:
    return lambda outputs, targets: loss([sigmoid(y) for y in outputs], targets)


dropout = functools.partial(nn.Dropout, 0.3)
layer = functools.partial(nn.Layer, 3, 4)
L2 = functools.partial(nn.l2_penalty, strength=0.01)
WEIGHTED: dict[str, Any] = {"weight": [1.0, 3.0, 0.5], "reduction": "sum"}
CASES: dict[str, tuple[Callable[[], nn.Module], Any, Any]] = {
    name: tuple(row)
    for name, *row in table(
        """
"relu" | mlp(1, activation="relu") | nn.mse_loss | REAL
"unfused" | mlp(1, fused=False, bias=False) | nn.half_mse_loss | REAL
"several outputs" | mlp(2, activation="silu") | nn.mse_loss | PAIRS
"sum" | mlp(1) | functools.partial(nn.l1_loss, reduction="sum") | REAL
"huber" | mlp(1, activation="softplus") | nn.huber_loss | REAL
"hinge" | mlp(1, activation="elu") | nn.hinge_loss | SIGN
"bce" | mlp(1, activation="gelu") | last(nn.binary_cross_entropy) | SHARE
"logits" | mlp(1) | nn.binary_cross_entropy_with_logits | SHARE
"classes" | mlp(3) | nn.cross_entropy | CLASS
"smoothed" | mlp(3) | functools.partial(nn.cross_entropy, label_smoothing=0.1) | CLASS
"shares" | mlp(3) | nn.cross_entropy | [[0.25, 0.75 * y, 0.75 - 0.75 * y] for y in SHARE]
"weighted" | mlp(3) | functools.partial(nn.cross_entropy, **WEIGHTED) | CLASS
"shifted" | mlp(1) | lambda o, t: nn.mse_loss(o, t) + 4.0 | REAL
"nll" | sequence(mlp(3), nn.LogSoftmax) | nn.nll_loss | CLASS
"softmax" | sequence(mlp(2), nn.Softmax) | nn.mse_loss | PAIRS
"modules" | sequence(layer, nn.LeakyReLU, nn.Identity, lambda: nn.Layer(4, 1, "sigmoid")) |
    nn.mse_loss | REAL
"dropout" | sequence(layer, nn.Tanh, dropout, lambda: nn.Layer(4, 1)) | nn.mse_loss | REAL
"branches" | Branches | nn.mse_loss | REAL
"constant" |
    sequence(lambda: lambda x: 0, lambda: nn.Embedding(1, 1), lambda: lambda w: w[0] ** 2) |
    lambda o, t: sum(o) / len(o) | REAL
"own loss" | mlp(1) | lambda o, t: sum((a - b) ** 4 for a, b in zip(o, t)) / len(o) | REAL
""",
        globals(),
    )
}
OPTIMIZERS: dict[str, Callable[[list[Value]], nn.Optimizer]] = dict(
    table(
        """
"SGD" | lambda ps: nn.SGD(ps, lr=0.05, weight_decay=0.01)
"momentum" | lambda ps: nn.SGD(ps, lr=0.02, momentum=0.9, dampening=0.1)
"nesterov" | lambda ps: nn.SGD(ps, lr=0.02, momentum=0.9, nesterov=True)
"Adam" | lambda ps: nn.Adam(ps, lr=0.02)
"amsgrad" | lambda ps: nn.Adam(ps, lr=0.02, amsgrad=True, weight_decay=0.01)
"AdamW" | lambda ps: nn.AdamW(ps, lr=0.02)
"RMSprop" | lambda ps: nn.RMSprop(ps, lr=0.005)
"centered" | lambda ps: nn.RMSprop(ps, lr=0.005, momentum=0.5, centered=True)
""",
        globals(),
    )
)


class Branching(nn.Optimizer):
    """Compares, so a program of all parameters at once can't do it."""

    def _update(self, numbers: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        return (numbers[0] * g if g > 0.0 else 0.5 * numbers[0] * g,)


class Own(nn.SGD):
    """With a step of its own."""

    def step(self, closure: Any = None) -> None:
        for p in self.params:
            p.data -= 0.01 * p.grad


class Plain(nn.Optimizer):
    """Written with `math`, so it can't be recorded."""

    def _update(self, numbers: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        return (numbers[0] * math.tanh(g),)


class Many(nn.Optimizer):
    """With more buffers than the kernel takes arrays."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, lr, buffers=tuple("abcdefg"))

    def _update(self, numbers: Any, p: Any, g: Any, *state: Any) -> tuple[Any, ...]:
        following = [0.5 * x + k * g for k, x in enumerate(state)]
        return (numbers[0] * sum(following, g), *following)


NOTHING: dict[str, Any] = {"penalty": None, "max_norm": None}


def numbers(model: nn.Module) -> list[float]:
    return [x for p in model.parameters() for x in (p.data, p.grad)]


def agree(
    make: Callable[[], nn.Module],
    loss: Any,
    ys: Any,
    optimizer: Callable[[list[Value]], nn.Optimizer] = OPTIMIZERS["momentum"],
    steps: int = 100,
    xs: Any = XS,
    **settings: Any,
) -> None:
    """Train twice, set a parameter now and then, and compare everything in every step."""
    runs = []
    for compiled in (True, False):
        random.seed(1)
        model = make()
        arguments = (model, loss, optimizer(model.parameters()))
        fast = nn.compile(*arguments, **settings)
        slow = Eager(*arguments, **{**NOTHING, **settings}, name="eager")
        random.seed(2)
        path = []
        for i in range(steps):
            if i % 8 == 3:
                params = model.parameters()
                params[i % len(params)].data += 0.1
            batch = [part[: 12 - i % 2 * 5] for part in (xs, ys)]
            loss_now = fast(*batch) if compiled else slow.train(Batch(*batch))[1]
            path.append([loss_now, *numbers(model)])
        runs.append((path, random.random()))
    (found, drawn), (wanted, expected) = runs
    assert drawn == expected
    for one, other in zip(found, wanted):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.fixture(autouse=True)
def _with_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel runs beside the interpreted build too."""
    monkeypatch.delenv("AUTOGRAD_PURE", raising=False)


@pytest.fixture(name="both", params=["", "numpy"])
def _both(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """By the kernel, and by NumPy."""
    monkeypatch.setenv("AUTOGRAD_KERNEL", request.param)


@pytest.mark.parametrize("case", CASES)
def test_models_and_losses(case: str) -> None:
    agree(*CASES[case])


class Constant(nn.Module):
    """A model whose result does not depend on its inputs."""

    def __init__(self) -> None:
        self.w = Value(0.5)

    def forward(self, x: Any) -> Any:
        return 1.0 * self.w


@pytest.mark.parametrize("xs", [[[] for _ in XS], np.zeros((len(XS), 0))])
def test_samples_without_inputs(xs: Any) -> None:
    agree(Constant, nn.mse_loss, REAL, steps=10, xs=xs)


def test_outputs_with_names() -> None:
    model = sequence(mlp(1), lambda: lambda p: {"p": p})
    agree(model, lambda o, t: nn.mse_loss([out["p"] for out in o], t), REAL, steps=10)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("max_norm", [None, 0.0, 0.05])
def test_optimizers_with_penalty_and_clipping(optimizer: str, max_norm: float | None) -> None:
    agree(*CASES["relu"], OPTIMIZERS[optimizer], penalty=L2, max_norm=max_norm)


def test_what_nothing_shows_is_found_by_comparing(monkeypatch: pytest.MonkeyPatch) -> None:
    step = scaled(lambda y: y * float(os.environ["SCALE"]))
    monkeypatch.setenv("SCALE", "1.0")
    step([[1.0]], [0.0])
    monkeypatch.setenv("SCALE", "2.0")
    with pytest.raises(ValueError):
        any(step([[1.0]], [1.0]) is None for _ in range(10**7))


@pytest.mark.parametrize("kind", [Plain, Branching, Own, Many])
def test_an_optimizer_that_cannot_be_recorded(kind: Any) -> None:
    agree(*CASES["logits"], lambda ps: kind(ps, 0.1), steps=20)


@pytest.mark.parametrize("case", ["relu", "classes", "dropout", "branches"])
def test_by_numpy_source(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRAD_KERNEL", "numpy")
    agree(*CASES[case], steps=10, penalty=L2, max_norm=1.0)


def test_embeddings_take_indices() -> None:
    pairs = [[i % 5, (2 * i) % 5] for i in range(12)]
    agree(Pairs, nn.cross_entropy, CLASS, steps=10, xs=pairs)
    model = Pairs()
    fast = nn.compile(model, nn.cross_entropy, nn.SGD(model.parameters(), 0.1))
    assert fast(np.array(pairs), np.array(CLASS)) > 0.0
    with pytest.raises(IndexError):
        fast([[0, 5]], [0])
    with pytest.raises(IndexError, match="cross_entropy"):
        fast([[0, 1]], [-1])
    with pytest.raises(TypeError, match="cross_entropy"):
        fast([[0, 1]], [0.5])


# ---------------------------------------------------------------- what it is


def made(case: str = "logits", **settings: Any) -> tuple[nn.Module, nn.SGD, Any]:
    random.seed(3)
    make, loss, _ = CASES[case]
    model = make()
    optimizer = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return model, optimizer, nn.compile(model, loss, optimizer, **settings)


def test_what_you_set_is_used() -> None:
    model, optimizer, step = made()
    step(XS, SHARE)
    p = model.parameters()[0]
    p.data, optimizer.lr = 0.25, 0.0
    step(XS, SHARE)
    assert p.data == 0.25
    model.load_state_dict(dict.fromkeys(model.state_dict(), 0.0))
    optimizer.load_state_dict({**optimizer.state_dict(), "lr": 1.0, "steps": 0})
    assert step(XS, SHARE) == pytest.approx(math.log(2.0))
    optimizer.momentum = 0.0
    before, lr = p.data, optimizer.lr
    step(XS, SHARE)
    assert p.data == before - lr * p.grad


@pytest.mark.usefixtures("both")
def test_a_parameter_that_the_loss_does_not_use_has_no_gradient() -> None:
    w = [Value(1.0), Value(2.0), Value(3.0)]
    model = nn.Sequential(lambda x: w[0] * x[0] + w[2])
    model.w = w
    step = nn.compile(model, nn.mse_loss, nn.SGD(w, 0.1))
    for i in range(8):
        w[1].grad, w[1].data = 7.0, i // 2 + 1.0
        step(XS, REAL)
        assert (w[1].data, w[1].grad) == (i // 2 + 1.0, 0.0)


@pytest.mark.usefixtures("both")
def test_a_value_beside_the_parameters_is_read_in_every_step() -> None:
    scale, model = Value(1.0), mlp(1)()

    def loss(outputs: Any, ys: Any) -> Any:
        return nn.mse_loss([scale * y for y in outputs], ys)

    step = nn.compile(model, loss, nn.SGD(model.parameters(), lr=0.0))
    for number in (1.0, 1.0, 2.0, -0.5, 3.0, 0.25, 0.5):
        scale.data = number
        expected = loss([model(x) for x in XS], REAL).data
        assert step(XS, REAL) == pytest.approx(expected, rel=1e-13)
    assert scale.grad == 0.0


class Weighted(nn.Module):
    share = 1.0

    def forward(self, outputs: Any, targets: Any) -> Any:
        return sum(self.share * (y - t) ** 2 for y, t in zip(outputs, targets))


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("what", ["entry", "attribute", "strength"])
def test_what_the_loss_and_the_penalty_name_may_change(what: str) -> None:
    held, strength, weighted = {"share": 1.0}, 0.1, Weighted()

    def loss(outputs: Any, targets: Any) -> Any:
        return held["share"] * nn.mse_loss(outputs, targets)

    def penalty(params: Any) -> Any:
        return sum(strength * p * p for p in params)

    settings: list[dict[str, Any]] = []
    for _ in range(2):
        random.seed(1)
        model = mlp(1)()
        optimizer = nn.SGD(model.parameters(), lr=0.1)
        settings.append(
            {"model": model, "optimizer": optimizer, "penalty": penalty}
            | {"loss": weighted if what == "attribute" else loss}
        )
    fast = nn.compile(**settings[0])
    slow = Eager(**settings[1], max_norm=None, name="eager")
    for number in (1.0, 1.0, 1.0, 0.5, 0.5):
        if what == "entry":
            held["share"] = number
        elif what == "attribute":
            weighted.share = number
        else:
            strength = number
        assert fast(XS, REAL) == pytest.approx(slow.train(Batch(XS, REAL))[1], rel=1e-12)


def test_threads_that_share_a_step_take_turns() -> None:
    inside, interval = set(), sys.getswitchinterval()

    def loss(outputs: list[Any], targets: list[Any]) -> Any:
        for _ in range(2_000):
            inside.add(threading.get_ident())
            assert len(inside) == 1
        inside.clear()
        return nn.mse_loss(outputs, targets)

    model = mlp(1)()
    step = nn.compile(model, loss, nn.SGD(model.parameters(), lr=0.1))
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as pool:
            found = [pool.submit(f, XS, REAL) for f in (step, step.evaluate, step)]
            assert len({each.result() for each in found}) > 1
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_of_a_process_that_trains() -> None:
    inside, go = threading.Event(), threading.Event()

    def loss(outputs: list[Any], targets: list[Any]) -> Any:
        if threading.get_ident() == thread.ident:
            inside.set()
            assert go.wait(LONG)
        return nn.mse_loss(outputs, targets)

    model = mlp(1)()
    step = nn.compile(model, loss, nn.SGD(model.parameters(), lr=0.1))
    thread = threading.Thread(target=step, args=(XS, REAL), daemon=True)
    thread.start()
    assert inside.wait(LONG)
    try:
        assert in_a_child(lambda: step(XS, REAL) > step(XS, REAL))
    finally:
        go.set()
        thread.join(LONG)


def test_threads_do_not_change_a_bit() -> None:
    xs, ys = np.array(XS * 120), np.array(SHARE * 120)
    results = []
    for threads in (1, 2, 5):
        model, _, step = made(threads=threads)
        losses = [step(xs, ys) for _ in range(3)]
        results.append((losses, [p.data for p in model.parameters()]))
    assert results[1:] == results[:1] * 2


def test_a_loss_of_nothing_with_every_sample_written_out() -> None:
    random.seed(6)
    model = nn.MLP(3, [4, 1], activation="tanh", fused=False)
    twin = nn.MLP(3, [4, 1], activation="tanh")
    twin.load_state_dict(model.state_dict())

    def loss() -> Any:
        scores = [model([Value(number) for number in x]) for x in XS]
        losses = [(1 + -y * score).relu() for y, score in zip(SIGN, scores)]
        return sum(losses) * (1.0 / len(losses)) + 0.01 * sum(p * p for p in model.parameters())

    whole = nn.compile(model, loss, nn.SGD(model.parameters(), lr=0.1))
    lanes = nn.compile(twin, nn.hinge_loss, nn.SGD(twin.parameters(), lr=0.1), penalty=L2)
    for _ in range(20):
        assert whole() == pytest.approx(lanes(XS, SIGN), rel=1e-13)
    assert numbers(model) == pytest.approx(numbers(twin), rel=1e-12, abs=1e-15)
    assert whole.program.lanes == 12
    model.parameters()[0].data = math.nan
    with pytest.raises(FloatingPointError):
        whole()
    with pytest.raises(TypeError):
        whole(XS, SIGN)


def test_evaluate_and_predict_are_in_eval_mode() -> None:
    model, _, step = made("dropout")
    step(XS, REAL)
    state = random.getstate()
    expected = [y.data for y in map(model.eval(), XS)]
    model.train()
    assert step.predict(XS) == pytest.approx(expected, rel=1e-14)
    got = step.predict(np.array(XS))
    assert isinstance(got, np.ndarray)
    assert got.tolist() == step.predict(XS)
    assert step.evaluate(XS, REAL) == pytest.approx(nn.mse_loss(expected, REAL))
    assert random.getstate() == state
    assert all(module.training for module in model.modules())


def test_arrays_of_other_numbers_and_sizes() -> None:
    _, optimizer, step = made("several outputs")
    optimizer.lr = 0.0
    xs, ys = np.array(XS), np.array(PAIRS)
    expected = step(XS, PAIRS)
    assert step(xs, ys) == expected
    xs *= 2.0
    assert step(xs, ys) == pytest.approx(step(xs.tolist(), PAIRS)) != expected
    assert step(xs[:1], ys[:1]) == pytest.approx(step([xs[0].tolist()], PAIRS[:1]))
    assert step(xs[::2].astype(np.float32), ys[::2]) > 0.0
    assert step(xs[::2].astype(object), ys[::2]) > 0.0
    assert step([(a, b, c) for a, b, c in XS], PAIRS) == pytest.approx(expected)


def test_the_same_arrays_or_others_like_them() -> None:
    _, optimizer, step = made("classes")
    optimizer.lr = 0.0
    xs, ys = np.array(XS), np.array(CLASS)
    losses = [step(xs, ys) for _ in range(2)]
    ys[:] = ys[::-1].copy()
    assert step(xs, ys) == step(XS, ys.tolist()) != losses[0]
    assert step(xs.copy(), ys.copy()) == step(xs, ys.astype(np.int32))
    packed = np.zeros(12, dtype=[("x", "3f8"), ("class", "i4")])
    packed["x"], packed["class"] = xs, CLASS
    assert losses == [step(packed["x"], packed["class"]) for _ in range(2)]
    for wrong in (ys.astype(float), [CLASS[0], *map(float, CLASS[1:])]):
        for each in (step, made("classes")[2]):
            with pytest.raises(TypeError):
                each(xs, wrong)
    ys = np.array(CLASS, dtype=object)
    assert losses == [step(xs, ys), step(xs, ys)]


def test_an_array_that_shows_its_samples_in_no_rows() -> None:
    model = nn.Sequential(lambda x: [x[0][0], x[1][0]], nn.Layer(2, 1, bias=False))
    step = nn.compile(model, nn.mse_loss, nn.SGD(model.parameters(), 1e-300))
    xs, ys = np.arange(24.0).reshape(2, 2, 6).transpose(2, 1, 0), np.zeros(6)
    loss = step(xs, ys)
    for _ in range(2):
        xs *= 2.0
        loss *= 4.0
        assert step(xs, ys) == pytest.approx(loss)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_parameters_that_come_and_go(momentum: float) -> None:
    model = nn.Layer(3, 1)
    optimizer = nn.SGD(model.parameters(), 0.01, momentum)
    step = nn.compile(model, nn.mse_loss, optimizer, max_norm=1.0)
    losses = [step(XS, REAL) for _ in range(2)]
    optimizer.params.append(Value(1.0))
    losses += [step(XS, REAL) for _ in range(2)]
    del optimizer.params[-2:]
    losses += [step(XS, REAL) for _ in range(2)]
    assert losses == sorted({*losses}, reverse=True)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam, nn.RMSprop, Branching])
def test_groups_and_frozen_parameters_as_by_values(kind: Any) -> None:
    model = nn.MLP(3, [4, 4, 1], "tanh")
    worlds = []
    for each in (model, copy.deepcopy(model)):
        first, *rest = [layer.parameters() for layer in each.layers]
        groups = [{"params": first}, {"params": rest[0] + rest[1], "lr": 0.05}]
        optimizer = kind(groups, lr=0.01, weight_decay=0.1)
        worlds.append((each, optimizer, Eager(each, nn.mse_loss, optimizer, None, 0.5, "")))
    step = nn.compile(*worlds[0][:1], nn.mse_loss, worlds[0][1], max_norm=0.5)
    frozen = {4: (0, False), 7: (1, False), 9: (0, True), 12: (1, True)}
    for i in range(15):
        for each, optimizer, _ in worlds:
            if i in frozen:
                k, trains = frozen[i]
                each.layers[k].requires_grad_(trains)
            if i == 5:
                optimizer.param_groups[1]["lr"] = 0.1
        assert step(XS, REAL) == pytest.approx(
            worlds[1][2].train(Batch(XS, REAL))[1], rel=1e-11
        )
        ours, by_values = [each.parameters() for each, *_ in worlds]
        for a, b in zip(ours, by_values):
            assert (a.data, a.grad) == pytest.approx((b.data, b.grad), rel=1e-9, abs=1e-14)
            assert a.requires_grad or a.grad == 0.0
    model.requires_grad_(False)
    assert step.predict(XS)


class Signs(nn.SGD):
    def _update(self, numbers: Any, data: Any, gradient: Any, *rest: Any) -> Any:
        return (numbers[0] * sign(gradient),)


@pytest.mark.usefixtures("both")
def test_a_gradient_that_the_optimizer_makes_finite_is_refused() -> None:
    step = scaled(lambda y: y.sqrt(), optimizer=Signs)
    for _ in range(3):
        step([[1.0]], [-1.0])
    step.model.w.data = 0.0
    with pytest.raises(FloatingPointError, match="gradient"):
        step([[1.0]], [-1.0])
    assert step.model.w.data == 0.0


def test_its_program_and_copies() -> None:
    model, _, step = made()
    assert repr(step) == "<compiled step of MLP, 21 parameters>"
    first = step(XS, SHARE)
    assert "W1" in step.program.source()
    assert {"x0", "x1", "x2", "y"} < {node.label for node in step.program.graph()}
    twins = [copy.deepcopy(step), pickle.loads(pickle.dumps(step))]
    expected = step(XS, SHARE)
    for twin in twins:
        assert twin(XS, SHARE) == expected < first
        assert numbers(twin.model) == numbers(model)


def test_evaluate_and_predict_where_something_is_not_finite() -> None:
    step = scaled(lambda y: y.log())
    assert step.evaluate([[1.0]], [0.0]) == 0.0
    with pytest.raises(ValueError, match="log"):
        step.evaluate([[-1.0]], [0.0])
    with pytest.raises(ValueError, match="log"):
        step.predict([[-1.0]])
    step = scaled(lambda y: where(y > 1.0, math.inf, y))
    assert step.predict([[0.5], [2.0]]) == [0.5, math.inf]
    with pytest.raises(FloatingPointError):
        step.evaluate([[2.0]], [0.0])


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("size", [1e-170, 1e150, 1e160])
def test_clipping_of_the_tiniest_and_the_largest(size: float) -> None:
    make = lambda: nn.Layer(3, 1, init=nn.init.zeros())  # noqa: E731
    loss = lambda o, t: sum(size * (y - b) for y, b in zip(o, t))  # noqa: E731
    agree(make, loss, REAL, OPTIMIZERS["SGD"], steps=3, max_norm=0.5 * min(size, 1.0))


@pytest.mark.usefixtures("both")
def test_a_gradient_of_zero_is_clipped() -> None:
    model = nn.Layer(3, 1, init=nn.init.zeros())
    step = nn.compile(model, nn.mse_loss, nn.Adam(model.parameters()), max_norm=1.0)
    assert [step(XS, [0.0] * 12) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert step.optimizer.steps == 3


def test_a_norm_that_is_too_large() -> None:
    model = nn.Layer(3, 1, init=nn.init.zeros())
    optimizer = nn.SGD(model.parameters())
    step = nn.compile(model, lambda o, t: 1.5e308 * sum(o), optimizer, max_norm=1.0)
    with pytest.raises(FloatingPointError, match="clip_grad_norm_"):
        step([[1.0, 1.0, 1.0]], [0.0])


def test_draws_of_a_step_that_fails_are_given_back() -> None:
    _, _, step = made("dropout")
    step(XS, REAL)
    state = random.getstate()
    with pytest.raises(FloatingPointError):
        step([[math.nan] * 3], [0.0])
    assert random.getstate() == state


def test_a_sample_that_goes_another_way_later() -> None:
    _, _, step = made("branches")
    step([[1.0, 1.0, 1.0]], [1.0])
    step([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]], [1.0, 0.0])
    xs = [[2.0, 1.0, -1.0], [1.0, -1.0, -1.0]]
    assert step.predict(xs) == pytest.approx([step.model(x).data for x in xs])


# ---------------------------------------------------------------- what it refuses


class Scaled(nn.Module):
    """One number, scaled by what may change."""

    def __init__(self, f: Any = lambda y: y) -> None:
        self.w, self.scale, self.f = Value(1.0), 1.0, f

    def forward(self, x: list[float]) -> Any:
        return self.f(self.w * x[0] * self.scale)


def scaled(f: Any = lambda y: y, loss: Any = nn.mse_loss, optimizer: Any = nn.SGD) -> Any:
    model = Scaled(f)
    return nn.compile(model, loss, optimizer(model.parameters(), 0.1))


@pytest.mark.usefixtures("both")
def test_what_is_not_finite_is_eagers_error_and_changes_nothing() -> None:
    step = scaled(exp)
    step(XS, REAL)
    before = numbers(step.model)
    with pytest.raises(OverflowError):
        step([[1e4] * 3] * 12, REAL)
    with pytest.raises(FloatingPointError):
        step([[500.0]], [1.0])
    with pytest.raises(FloatingPointError):
        step([[math.nan]], [1.0])
    with pytest.raises(ValueError, match="hinge_loss"):
        scaled(loss=nn.hinge_loss)([[1.0], [1.0]], [1.0, 0.0])
    assert numbers(step.model) == before
    optimizer = step.optimizer
    optimizer.lr = 1e308
    with pytest.raises(FloatingPointError, match="SGD"):
        step([[4.0] * 3] * 12, REAL)
    assert step.model.w.data == before[0]
    assert optimizer.steps == 1


@pytest.mark.usefixtures("both")
def test_steps_that_go_on_leave_what_is_not_finite_to_eager() -> None:
    step = scaled()
    for _ in range(5):  # each of which is like the one before
        step(XS, REAL)
    before = numbers(step.model)
    with pytest.raises(OverflowError):
        step(XS, [1e154] * len(XS))
    step.optimizer.lr = 1e308
    with pytest.raises(FloatingPointError, match="SGD"):
        step(XS, [9.0] * len(XS))
    assert numbers(step.model) == before


@pytest.mark.parametrize(
    "weights", [[1.0, 1.0, 1.0, 5.0, 1.0], [0.5] * 50 + [1.5] * 50, [1.0] * 99 + [2.0]]
)
def test_weights_by_place_are_found_by_comparing(weights: list[float]) -> None:
    n = len(weights)
    weighted = lambda o, t: sum(w * y for w, y in zip(weights, o)) / len(o)  # noqa: E731
    with pytest.raises(ValueError):
        scaled(loss=weighted)((XS * 9)[:n], (REAL * 9)[:n])


# ---------------------------------------------------------------- fit


def fit(model: nn.Module, xs: Any = XS, ys: Any = REAL, **settings: Any) -> nn.History:
    settings = {"loss": nn.mse_loss, "epochs": 2, "progress": False, **settings}
    settings.setdefault("optimizer", nn.SGD(model.parameters(), lr=0.01))
    return nn.fit(model, xs, ys, **settings)


def fitted(compiled: bool | None, case: str) -> tuple[nn.Module, nn.History]:
    random.seed(4)
    make, loss, ys = CASES[case]
    model = make()
    optimizer = nn.Adam(model.parameters(), lr=0.02)
    history = fit(
        *(model, XS, ys),
        loss=loss,
        optimizer=optimizer,
        compiled=compiled,
        epochs=25,
        batch_size=5,
        validation=(XS[:4], ys[:4]),
        scheduler=nn.CosineAnnealingLR(optimizer, T_max=25),
        penalty=L2,
        max_norm=0.5,
        metrics={"first": lambda outputs, ys: float(np.sum(outputs[0]) + np.sum(ys[0]))},
    )
    return model, history


@pytest.mark.parametrize("case", CASES)
def test_fit_is_the_same_by_values(case: str) -> None:
    (fast, history), (slow, expected) = fitted(None, case), fitted(False, case)
    assert history.not_compiled is None
    assert expected.not_compiled == "compiled=False"
    assert history.keys() == expected.keys()
    for name, values in history.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(numbers(fast), numbers(slow), rtol=1e-11, atol=1e-12)


def test_a_change_that_the_first_sample_does_not_show() -> None:
    results = []
    for compiled in (True, False):
        model = Scaled()

        def triple(event: nn.EpochEnd, model: Scaled = model) -> None:
            model.scale = 3.0

        samples = {"xs": [[0.0] * 3, *XS], "ys": [0.0, *REAL], "shuffle": False, "epochs": 3}
        history = fit(model, **samples, callbacks=[triple], compiled=compiled)
        results.append([*history["loss"], *numbers(model)])
    assert results[0] == pytest.approx(results[1], rel=1e-12)


class Choices(nn.Module):
    """Goes another way for each place of the largest."""

    def __init__(self, choose: Any = max) -> None:
        random.seed(1)
        self.layer, self.choose = nn.Layer(3, 8), choose

    def forward(self, x: list[float]) -> Any:
        return self.choose(self.layer(x))


POINTS = np.random.default_rng(1).normal(size=(100, 3))


@TOLD
@pytest.mark.parametrize(
    "choose", [lambda ys: sorted(ys)[3], lambda ys: ys[hash(ys[0].data) % 8]]
)
def test_fit_gives_up_what_goes_too_many_ways(choose: Any) -> None:
    results = []
    for compiled in (None, False):
        model = Choices(choose)
        history = fit(model, POINTS, POINTS[:, 0], epochs=5, compiled=compiled)
        results.append([*history["loss"], *numbers(model)])
        if compiled is None:
            assert history.not_compiled
    assert results[0] == results[1]


@TOLD
def test_fit_gives_up_where_programs_keep_failing() -> None:
    model = Scaled(lambda y: where(y > 0.0, y, math.inf))
    loss = lambda o, t: sum(minimum(y, 1.0) for y in o) / len(o)  # noqa: E731
    metrics = {"largest": lambda outputs, targets: max(outputs)}
    history = fit(model, [[1.0], [-1.0]], [0.0, 0.0], loss=loss, metrics=metrics, epochs=5)
    assert history.not_compiled
    assert history["largest"] == [math.inf] * 5


def test_a_warning_says_why_once() -> None:
    with pytest.warns(UserWarning) as told:
        fit(Scaled(), loss=lambda outputs, targets: nn.mse_loss(outputs, targets) ** 0.5)
    assert len(told) == 1
    with pytest.raises(ZeroDivisionError):  # which says it all
        fit(Scaled(), loss=lambda outputs, targets: 1 / 0)


def test_a_model_with_a_train_of_its_own() -> None:
    class Frozen(Scaled):
        calls = 0

        def train(self, mode: bool = True) -> Self:
            self.calls += 1
            return super().train(mode)

    model = Frozen()
    fit(model, compiled=False)
    assert model.calls > 0


SQUARE = primitive("test_compile.square", lambda x: math.pow(x, 2.0), lambda out, x: 2.0 * x)


def test_a_primitive_without_generic_rules_is_compiled() -> None:
    step = scaled(SQUARE)
    assert step(XS, REAL) == pytest.approx(
        nn.mse_loss([x[0] ** 2 for x in XS], REAL), rel=1e-14
    )


@pytest.mark.parametrize("function", [nn.softmax, nn.log_softmax])
def test_softmax_is_one_program_wherever_the_largest_is(function: Any) -> None:
    def first_moment(x: Any) -> Any:
        return sum(i * p * p for i, p in enumerate(function(x)))

    xs = np.random.default_rng(1).normal(0.0, 5.0, (200, 70))
    fast = compile_function(first_moment, in_axes=(0,))
    np.testing.assert_allclose(fast(xs), [first_moment(list(x)) for x in xs], rtol=1e-13)
    assert len(fast.programs) == 1
    slopes = np.array([grad(first_moment)(list(x)) for x in xs])
    sizes = np.abs(slopes).max(1, keepdims=True)
    np.testing.assert_allclose(fast.jacobian(xs) / sizes, slopes / sizes, rtol=1e-9, atol=1e-14)


def test_a_sure_log_softmax_keeps_its_last_digits() -> None:
    fast = compile_function(nn.log_softmax)
    assert fast([0.0, 100.0]) == pytest.approx([-100.0, -math.exp(-100.0)], rel=1e-14, abs=0.0)


def by_class(outputs: Any, targets: Any) -> Any:
    weights = [2.0 if y > 0 else 1.0 for y in targets]
    return weighted_mean(weights, outputs, targets)


def by_answer(outputs: Any, targets: Any) -> Any:
    weights = [2.0 if out * y < 0 else 1.0 for out, y in zip(outputs, targets)]
    return weighted_mean(weights, outputs, targets)


def weighted_mean(weights: list[float], outputs: Any, targets: Any) -> Any:
    each = zip(weights, outputs, targets)
    return sum(w * (out - y) ** 2 for w, out, y in each) / sum(weights)


@pytest.mark.parametrize("loss", [by_class, by_answer])
def test_a_weighted_mean_is_refused_when_its_weights_meet(loss: Any) -> None:
    """In the first batches all weights are alike, so that it looks like a mean."""
    xs, ys = [[1.0], [2.0], [3.0], [4.0]], [1.0, 1.0, -1.0, -1.0]
    model = nn.Layer(1, 1, init=nn.init.constant(0.5))
    step = nn.compile(model, loss, nn.SGD(model.parameters(), lr=1e-3))
    step(xs[:2], ys[:2])
    with pytest.raises(ValueError):
        [step(xs[i:], ys[i:]) for i in (2, 1)]
