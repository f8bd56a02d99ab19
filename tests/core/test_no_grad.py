"""Pausing the record: in a block, in a function, and only in the thread that asks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, dot, exp, no_grad, sigmoid, where
from autograd.core.no_grad import recording


def recorded(x: Value) -> bool:
    return all(
        y.op is not None
        for y in (x + 1.0, 1.0 - x, x * x, x**2, x**x, x.exp(), sigmoid(x), dot([x], [x], x))
    )


def unrecorded(x: Value) -> bool:
    results = [x + 1.0, 1.0 - x, x * x, x**2, x**x, x.exp(), sigmoid(x), -x]
    results += [x.atan2(1.0), x.clip(0.0, 1.0), x.maximum(x), dot([x], [x], x)]
    return all((y.op, y.inputs, y.operands) == (None, (), ()) for y in results)


def test_the_data_are_the_same() -> None:
    x = Value(0.5)
    with no_grad():
        paused = [x + 1.0, x.tanh(), exp(x), dot([x], [2.0]), where(True, x, 1.0), x.sum(x)]
    usual = [x + 1.0, x.tanh(), exp(x), dot([x], [2.0]), where(True, x, 1.0), x.sum(x)]
    assert [y.data for y in paused] == [y.data for y in usual]
    assert all(type(y) is Value and y.op is None for y in paused)


def test_blocks_nest() -> None:
    x = Value(0.5)
    with no_grad():
        with no_grad():
            assert unrecorded(x)
        assert unrecorded(x)
    assert recorded(x)


def test_an_error_ends_the_pause() -> None:
    def fails() -> None:
        with no_grad():
            assert unrecorded(x)
            x / 0.0

    x = Value(0.5)
    with pytest.raises(ZeroDivisionError):
        fails()
    assert recorded(x)


def test_no_block_is_left_that_was_not_entered() -> None:
    with pytest.raises(RuntimeError, match="a no_grad block that it has not entered"):
        no_grad().__exit__()
    assert recorded(Value(0.5))


def test_as_a_decorator() -> None:
    @no_grad()
    def predict(x: Value) -> bool:
        return unrecorded(x)

    x = Value(0.5)
    assert predict(x)
    assert predict(x)
    assert recorded(x)


def test_a_leaf_made_meanwhile_takes_part_afterwards() -> None:
    with no_grad():
        x = Value(2.0) * 3.0
    y = x * x
    y.backward()
    assert x.grad == 12.0


def test_recording_within_a_pause() -> None:
    x = Value(0.5)
    with no_grad():
        with recording():
            assert recorded(x)
            with no_grad():
                assert unrecorded(x)
            assert recorded(x)
        assert unrecorded(x)
    assert recorded(x)


def test_other_threads_go_on_recording() -> None:
    x = Value(0.5)
    with ThreadPoolExecutor(1) as pool:
        with no_grad():
            assert pool.submit(recorded, x).result()
            assert unrecorded(x)
        assert pool.submit(recorded, x).result()


def test_a_pause_in_another_thread_is_no_pause_here() -> None:
    inside, done = threading.Event(), threading.Event()
    x = Value(0.5)

    def pause() -> bool:
        with no_grad():
            inside.set()
            assert done.wait(10.0)
            return unrecorded(x)

    with ThreadPoolExecutor(1) as pool:
        paused = pool.submit(pause)
        assert inside.wait(10.0)
        assert recorded(x)
        with no_grad():
            assert unrecorded(x)
        assert recorded(x)
        done.set()
        assert paused.result()
        assert pool.submit(recorded, x).result()


def test_threads_train_side_by_side() -> None:
    """Each with a graph of its own: none sees the marks or the pauses of another."""

    def fit(target: float) -> float:
        w = Value(0.0)
        for _ in range(200):
            loss = (w - target) * (w - target)
            w.grad = 0.0
            loss.backward()
            with no_grad():
                w.data -= 0.1 * w.grad
                assert (w * 2.0).op is None
        return w.data

    targets = [float(i) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        fitted = list(pool.map(fit, targets))
    assert fitted == [fit(target) for target in targets]
