"""Whatever is done, and however it fails, leaves as many objects as there were before."""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import io
import math
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, dot, gradient, no_grad, primitive
from autograd.core.primitive import TABLE
from autograd.core.sweeps import topological_order
from tests.builds import THIS, run
from tests.core.seen import Pretending, Raising, Refusing

TIMES = 100
clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache
COMMON = [None, True, False, NotImplemented, 0, 1, (), "", 1.0, Value, autograd.Primitive]


class Broken(Fraction):
    def __float__(self) -> float:
        raise KeyError("no float")


class Full(io.BytesIO):
    """A file on a disk that is full after some bytes."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 300:
            raise OSError("no space left")
        return super().write(data)


def growth(action: Callable[[], object]) -> tuple[int, dict[str, int]]:
    """By how much many runs of an action raise the number of memory blocks in use, and of
    references to objects that everything refers to. What is kept once, as caches are, isn't
    kept in the next round again: the smallest of a few rounds counts."""
    rounds = [_growth_in_a_round(action)]
    while len(rounds) < 10 and (rounds[-1][1] or abs(rounds[-1][0]) > 5):
        rounds.append(_growth_in_a_round(action))
    return min(rounds, key=lambda each: (len(each[1]), abs(each[0])))


def _growth_in_a_round(action: Callable[[], object]) -> tuple[int, dict[str, int]]:
    watched = [*COMMON, *TABLE.values()]

    def often(times: int) -> None:
        for _ in range(times):
            with contextlib.suppress(Exception):
                action()
        gc.collect()
        clear_caches()  # of attributes, which keep the names that were asked for

    often(10)
    references = [sys.getrefcount(each) for each in watched]
    blocks = sys.getallocatedblocks()
    often(TIMES)
    grown = sys.getallocatedblocks() - blocks
    now = [sys.getrefcount(each) for each in watched]
    changes = {
        repr(each): after - before for each, before, after in zip(watched, references, now)
    }
    return grown, {name: n for name, n in changes.items() if abs(n) >= TIMES // 2}


def leaf() -> Value:
    return Value(0.5, label="x")


def small() -> Value:
    """A graph with every kind of node: one, two and many operands, numbers, labels."""
    x, w = leaf(), Value(2)
    y = (x * w + 1).tanh() / 3 - dot([x, w, 1], [w, 2.0, x], w) ** 2
    z: Value = 2**y + (1 / w) * autograd.sum([x, 1, y]) + y.maximum(x, 1).relu()
    z.label = "z"
    return z


def own(value: Callable[..., Any], rule: Callable[..., Any], variadic: bool = False) -> None:
    """Defines an operation, uses it on two operands and differentiates."""
    rules = [rule] if variadic else [rule, rule]
    op = primitive("own", value, *rules, variadic=variadic)
    try:
        op(leaf(), small()).backward()
    finally:
        del TABLE["own"]


def one(out: Any, *operands: Any) -> float:
    return 1.0


def first(*operands: Any) -> Any:
    return operands[0]


def failing(*operands: object) -> Any:
    raise KeyError("no rule")


def giving(x: Any) -> Callable[..., Any]:
    return lambda *operands: x


def constant(out: Any, *operands: Any) -> tuple[float, ...]:
    return (1.0,) * len(operands)


def twice(y: Value, seed: int) -> None:
    y.backward()
    y.backward(seed)


def label_all(*nodes: Value) -> None:
    for y in nodes:
        y.label = f"y{y.data}"


def swallow(make: Callable[[], object]) -> None:
    """An error with its traceback, kept and let go."""
    try:
        make()
    except Exception as error:
        kept = [error]
        kept.clear()


def training() -> None:
    model = nn.MLP(2, [3, 1], activation="tanh")
    optimizer = nn.Adam(model.parameters())
    for _ in range(2):
        loss = nn.mse_loss([model([0.1, 0.2]), model([1.0, -1.0])], [0.5, 1.0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def paused() -> None:
    with no_grad():
        small()
        with no_grad():
            small().log()


ODD: list[Any] = [
    3, True, 2**70, 10**400, Fraction(1, 3), 1j, "3", None, [1.0], Refusing(), Raising(),
    Pretending(), Broken(1, 2), math.nan, Value,
]  # fmt: skip
PARTIALS: list[Any] = [(), (1.0,), (1.0, 2.0), [1, True], (1.0,) * 3, ("x", 1.0)]
ACTIONS: dict[str, Callable[[], object]] = {
    "build": small,
    "repr": lambda: (repr(small()), str(small()), format(small(), ".3f")),
    "read": lambda: [getattr(small(), name) for name in ("op", "inputs", "partials", "_prev")],
    "operands": lambda: [y.operands for y in topological_order(small())[0]],
    "backward": lambda: small().backward(),
    "backward twice": lambda: twice(small(), 2),
    "zero_grad": lambda: small().zero_grad(),
    "gradient": lambda: (lambda y: gradient(y, topological_order(y)[1]))(small()),
    "second gradient": lambda: (
        lambda y: gradient(y, topological_order(y)[1], create_graph=True)[0].backward()
    )(small()),
    "grad of grad": lambda: autograd.grad(autograd.grad(lambda x: x**3 * x.sin()))(0.5),
    "hessian": lambda: autograd.hessian(lambda v: v[0] * v[1] + v[0].exp())([0.1, 0.2]),
    "deepcopy": lambda: copy.deepcopy([small(), leaf(), small()]),
    "pickle": lambda: pickle.loads(pickle.dumps((small(), {"x": leaf()}))),
    "pickle that fails": lambda: pickle.dumps((small(), lambda: None)),
    "pickle to a full disk": lambda: pickle.dump(small(), Full()),
    "deepcopy that fails": lambda: copy.deepcopy([small(), (y for y in [leaf()])]),
    "unpickling that fails": lambda: pickle.loads(pickle.dumps(small())[:-20]),
    "unknown primitive": lambda: pickle.loads(
        pickle.dumps(small()).replace(b"\x8c\x04tanh", b"\x8c\x04tunh")
    ),
    "no_grad": paused,
    "no_grad decorator": no_grad()(small),
    "division by zero": lambda: small() / (leaf() * 0.0),
    "power of a negative": lambda: (leaf() - 3.0) ** small(),
    "nan": lambda: autograd.sqrt((leaf() - 0.5) ** 2 * small()).backward(),
    "opposite infinities": lambda: twice(autograd.sqrt(leaf() * 0.0), -1),
    "an error that is kept": lambda: swallow(lambda: (small() * 0.0 - 1.0).log()),
    "set what is computed": lambda: setattr(small(), "inputs", ()),
    "delete data": lambda: delattr(small(), "data"),
    "set label": lambda: label_all(small(), leaf()),
    "init again": lambda: Value.__init__(small(), 3, label="y"),
    "init again on many": lambda: Value.__init__(dot([leaf()], [leaf()]), 3),
    "init again that fails": lambda: Value.__init__(small(), "3"),  # type: ignore[arg-type]
    "operation on numbers": lambda: [TABLE["exp"](1), TABLE["dot"](1, 2, 3)],
    "wide": lambda: dot([leaf()] * 300, [leaf() for _ in range(300)], 1).backward(),
    "training": training,
    "own failing value": lambda: own(failing, one),
    "own failing partial": lambda: own(first, failing),
    "own failing variadic value": lambda: own(failing, constant, variadic=True),
    "own failing variadic partials": lambda: own(first, failing, variadic=True),
}  # fmt: skip
USES: dict[str, Callable[[Any], object]] = {
    "own value": lambda x: own(giving(x), one),
    "own partial": lambda x: own(first, giving(x)),
    "own variadic value": lambda x: own(giving(x), constant, variadic=True),
    "own variadic partials": lambda x: own(first, giving(x), variadic=True),
    "add": lambda x: small() + x,
    "add to": lambda x: x + small(),
    "multiply by": lambda x: small() * x,
    "divide": lambda x: x / small(),
    "power of": lambda x: small() ** x,
    "to the power": lambda x: x ** small(),
    "compare with": lambda x: (small() == x, small() < x, small() >= x),
    "Value of": lambda x: Value(x),
    "set data to": lambda x: setattr(small(), "data", x),
    "set grad to": lambda x: setattr(small(), "grad", x),
    "set label to": lambda x: setattr(small(), "label", x),
    "dot with": lambda x: dot([small(), x], [x, 2.0]),
    "maximum with": lambda x: small().maximum(x),
    "atan2 with": lambda x: small().atan2(x),
    "seed": lambda x: small().backward(x),
}
for what, use in USES.items():
    for k, odd in enumerate([*ODD, *PARTIALS]):
        ACTIONS[f"{what} odd {k}"] = functools.partial(use, odd)


@pytest.fixture(autouse=True, scope="module")
def _little_to_collect() -> Iterator[None]:
    """Keep what the test runner has allocated out of the collector's work."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_nothing_is_left(action: Callable[[], object]) -> None:
    blocks, references = growth(action)
    assert references == {}
    assert abs(blocks) < TIMES // 4


@pytest.mark.parametrize("name", TABLE)
def test_every_operation(name: str) -> None:
    points = [0.0, -0.0, 1.0, -2.5, 1e308, math.inf, math.nan]
    arity = TABLE[name].arity or 3

    def use() -> None:
        x = Value(rng.choice(points))
        operands: list[Any] = [rng.choice([x, Value(1.0), rng.choice(points), 2])] * arity
        operands[rng.randrange(arity)] = x
        y = TABLE[name](*operands)
        y.backward()

    rng = random.Random(name)
    blocks, references = growth(use)
    assert references == {}
    assert abs(blocks) < TIMES // 4


RESIDENT = """
import resource, sys
from tests.core.test_leaks import small, training
times = int(sys.argv[1])
use = {"graphs": small, "training": training}[sys.argv[2]]
def peak(times):
    for _ in range(times):
        use()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak(times // 10)
print(peak(times) - before)
"""


def kilobytes_gained(times: int, use: str) -> int:
    """How much the peak of a process' memory rises while something is done many times."""
    pytest.importorskip("resource")
    done = run(THIS, "-c", RESIDENT, str(times), use)
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stdout)


def test_the_process_does_not_grow() -> None:
    """Also where memory is not Python's own: a byte lost in an operation would show."""
    assert kilobytes_gained(20_000, "graphs") < 256


@pytest.mark.soak
@pytest.mark.parametrize("use", ["graphs", "training"])
def test_the_process_does_not_grow_in_the_long_run(use: str) -> None:
    assert kilobytes_gained(300_000 if use == "graphs" else 10_000, use) < 512
