"""A derivative that is a convention is said to be one."""

import pytest

import autograd
from autograd import Stepper, Value, relu

x = Value(0.0, label="x")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (relu(x), "0 at x = 0"),
        (abs(x), "0 at x = 0"),
        (x.sqrt(), "inf at x = 0"),
        (autograd.maximum(x, 0.0), "operands that tie for the maximum share equally"),
        (relu(x + 1e-9), ""),
        (x * 2.0, ""),
        (autograd.maximum([x] * 17), ""),
        (Value(-2.0) ** 2, ""),
        (relu(x * float("nan")), ""),
    ],
)
def test_the_convention_at_a_kink(value: Value, words: str) -> None:
    last = [event for event in Stepper(value).events if event.kind == "forward"][-1]
    assert last.convention == words


def test_pages_and_prompts_say_so() -> None:
    assert '"kink":"0 at x = 0"' in relu(x).steps().html()


def test_the_repr_says_what_comes_next() -> None:
    stepper = Stepper(x * 2.0)
    assert repr(stepper) == "<Stepper of v2: 0 of 4 events played; next() plays 'x = 0.0'>"
    stepper.goto(4)
    assert repr(stepper) == (
        "<Stepper of v2: 4 of 4 events played; back() takes the last one back>"
    )
