"""Pausing the record: in a block, in a function, and only in the thread that asks."""

import pytest

from autograd import Value, dot, no_grad, sigmoid
from autograd.core.blocks import recording


def recorded(x: Value) -> bool:
    return all(
        y.op is not None
        for y in (x + 1.0, 1.0 - x, x * x, x**2, x**x, x.exp(), sigmoid(x), dot([x], [x], x))
    )


def unrecorded(x: Value) -> bool:
    results = [x + 1.0, 1.0 - x, x * x, x**2, x**x, x.exp(), sigmoid(x), -x]
    results += [x.atan2(1.0), x.clip(0.0, 1.0), x.maximum(x), dot([x], [x], x)]
    return all((y.op, y.inputs, y.operands) == (None, (), ()) for y in results)


def test_an_error_ends_the_pause() -> None:
    def fails() -> None:
        with no_grad():
            assert unrecorded(x)
            x / 0.0

    x = Value(0.5)
    with pytest.raises(ZeroDivisionError):
        fails()
    assert recorded(x)


def test_as_a_decorator() -> None:
    @no_grad()
    def predict(x: Value) -> bool:
        return unrecorded(x)

    x = Value(0.5)
    assert predict(x)
    assert predict(x)
    assert recorded(x)


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
