"""Values: their attributes, text and comparisons; the operators and the methods."""

import copy
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from tests.helpers.tables import table


def test_a_leaf() -> None:
    x = Value(2.0, label="x")
    assert (x.data, x.grad, x.label, x.op) == (2.0, 0.0, "x", None)
    assert (x.operands, x.inputs, x.partials, x._prev, x._op) == ((), (), (), set(), "")


@pytest.mark.parametrize(
    "number", [3, True, Fraction(1, 4), -0.0, math.inf, 10**20, np.float32(0.1)]
)
def test_data_and_grad_are_kept_as_floats(number: Any) -> None:
    x = Value(number)
    x.grad = number
    x.data = number
    for kept in (x.data, x.grad, Value(number).data):
        assert type(kept) is float
        assert repr(kept) == repr(float(number))


def test_label_is_a_plain_string_or_none() -> None:
    class Name(str):
        __slots__ = ()

    x = Value(1.0, label=Name("x"))
    assert type(x.label) is str
    x.label = Name("y")
    assert (type(x.label), x.label) == (str, "y")
    x.label = None
    assert x.label is None


@pytest.mark.parametrize(
    ("shown", "value"),
    table(
        """
"Value(2.0)" | Value(2.0)
"Value(0.1, label='x')" | Value(0.1, label="x")
"Value(-6.0, op='*')" | Value(2.0) * -3.0
"Value(nan)" | Value(math.nan)
""",
        globals(),
    ),
)
def test_repr(shown: str, value: Value) -> None:
    assert repr(value) == shown == f"{value}"


@pytest.mark.parametrize(
    "apply", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
)
def test_an_operator_leaves_strangers_to_themselves(apply: Callable[[Any, Any], Any]) -> None:
    class Stranger:
        def answer(self, other: object) -> str:
            return "mine"

        __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = answer
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = answer

    assert apply(Value(1.0), Stranger()) == apply(Stranger(), Value(1.0)) == "mine"


def test_a_node_with_many_inputs_may_be_named() -> None:
    a, b = Value(2.0), Value(3.0)
    y = autograd.dot([a, 3.0], [b, a], a)
    record = (y.operands, y.inputs, y.partials)
    assert y.label is None
    for label in ("y", "z", None):
        y.label = label
        assert y.label == label
        assert (y.operands, y.inputs, y.partials) == record


def test_detach_is_a_leaf_of_its_own() -> None:
    x = Value(3.0, label="x")
    y = x * 2.0
    z = y.detach() * x
    z.backward()
    assert (x.grad, y.grad) == (6.0, 0.0)
    assert (y.detach().op, y.detach().label) == (None, None)


def test_a_shallow_copy_shares_its_inputs() -> None:
    x = Value(3.0)
    y = x * 2.0
    y.label, y.grad = "y", 4.0
    twin = copy.copy(y)
    assert twin is not y
    assert (twin.data, twin.grad, twin.label) == (6.0, 4.0, "y")
    assert (twin.op, twin.operands, twin.partials) == (y.op, y.operands, y.partials)
