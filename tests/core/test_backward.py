"""The chain rule: what `backward` adds to which gradients, and what it never does."""

import copy
import gc
import math
import signal
import tracemalloc

import pytest

import autograd
import autograd.core.value
from autograd import Value, gradient, sqrt

INF = math.inf


def chain(n: int, x: Value) -> Value:
    y = x
    for _ in range(n):
        y = y + 1.0
    return y


def test_backward_on_a_leaf() -> None:
    x = Value(2.0)
    x.backward()
    x.backward(0.5)
    assert x.grad == 1.5


# ---------------------------------------------------------------- zeros and infinities


def test_a_zero_cotangent_is_stronger_than_an_infinite_partial() -> None:
    x = Value(0.0)
    (sqrt(x) * 0.0).backward()
    assert x.grad == 0.0
    assert gradient(sqrt(x) * 0.0, x) == 0.0
    y = autograd.dot([x * 1.0, x * 2.0], [INF, 1.0], 1.0)
    (y * 0.0).backward()
    assert x.grad == 0.0


def test_nan_and_infinite_operands_give_what_floats_give() -> None:
    x, y = Value(INF), Value(0.0)
    (x * y).backward()
    assert (x.grad, y.grad) == (0.0, INF)
    x = Value(math.nan)
    (x * x).backward()
    assert math.isnan(x.grad)
    x, c = Value(0.0), Value(2.0)
    (sqrt(x * x) + c * INF).backward()  # an infinite constant: NaN is nobody's mistake
    assert math.isnan(x.grad)


def test_a_nan_seed_is_passed_on() -> None:
    x = Value(2.0)
    (x * 3.0).backward(math.nan)
    assert math.isnan(x.grad)


# ---------------------------------------------------------------- errors on the way


def test_opposite_infinities_of_two_passes_are_an_error() -> None:
    x, w = Value(0.0, label="x"), Value(1.0)
    y = sqrt(x) * w
    y.backward()
    assert x.grad == INF
    with pytest.raises(FloatingPointError):
        y.backward(-1.0)
    assert (x.grad, w.grad) == (INF, 0.0)


# ---------------------------------------------------------------- size and memory


def test_a_node_takes_at_most_200_bytes() -> None:
    n, x = 10_000, Value(0.5)
    tracemalloc.start()
    try:
        y = chain(n, x)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert y.data == n + 0.5
    assert size / n <= 200.0


def test_a_signal_handler_and_a_finalizer_may_call_backward() -> None:
    x = Value(2.0)
    seen: list[str] = []
    x.grad = 100.0

    class Late:
        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            (x * 10.0).backward()
            seen.append("finalizer")

    def handler(number: int, frame: object) -> None:
        (x * 1.0).backward()
        seen.append("handler")

    before = signal.signal(signal.SIGINT, handler)
    try:
        root: Value = autograd.sum([x * 1e-300 for _ in range(1000)])
        Late()
        signal.raise_signal(signal.SIGINT)
        root.backward()
        gc.collect()
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(seen) == ["finalizer", "handler"]
    assert x.grad == 111.0


def test_a_frozen_leaf_gets_no_gradient_in_any_way() -> None:
    frozen, x = Value(2.0, label="frozen"), Value(3.0)
    (frozen * x).backward()
    assert frozen.grad == 3.0
    frozen.requires_grad = False
    y = frozen * x * frozen.sqrt()
    for once in (y.backward, y._backward, y.steps().apply, frozen.backward):
        once()
        assert (frozen.grad, frozen.requires_grad, y.requires_grad) == (0.0, False, True)
    assert repr(frozen) == "Value(2.0, label='frozen', requires_grad=False)"
    for again in (copy.copy(frozen), copy.deepcopy(y).operands[0].operands[0]):
        assert (again.requires_grad, again.label) == (False, "frozen")
    assert str(y.graph()).count("data 2.0  grad frozen") == 2
    assert y.graph().svg().count(">frozen<") >= 1
    frozen.requires_grad = True
    frozen.requires_grad = y.requires_grad = True
    (frozen * x).backward()
    assert frozen.grad == 3.0
    assert [event.kind for event in frozen.steps().events] == ["forward", "seed"]
