"""What a Value holds, shows and compares; the operators and the methods."""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, primitive
from autograd.core.primitive import TABLE


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
    [
        ("Value(2.0)", Value(2.0)),
        ("Value(0.1, label='x')", Value(0.1, label="x")),
        ("Value(-6.0, op='*')", Value(2.0) * -3.0),
        ("Value(nan)", Value(math.nan)),
    ],
)
def test_repr(shown: str, value: Value) -> None:
    assert repr(value) == shown == f"{value}"


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_keeps_operands_inputs_and_partials(name: str) -> None:
    a, b, apply = Value(3.0), Value(2.0), OPERATORS[name]
    both, left, right = apply(a, b), apply(a, 2), apply(3, b)
    assert both.op is left.op is right.op is TABLE[name]
    assert both.data == left.data == right.data == apply(3.0, 2.0)
    assert (both.operands, both.inputs) == ((a, b), (a, b))
    assert (left.operands, left.inputs) == ((a, 2.0), (a,))
    assert (right.operands, right.inputs) == ((3.0, b), (b,))
    assert type(left.operands[1]) is type(right.operands[0]) is float
    assert both.partials == left.partials + right.partials


def test_the_same_operand_twice_has_two_slots() -> None:
    a = Value(3.0)
    y = a * a
    assert (y.inputs, y.partials, y._prev) == ((a, a), (3.0, 3.0), {a})


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_leaves_strangers_to_themselves(name: str) -> None:
    class Stranger:
        def answer(self, other: object) -> str:
            return "mine"

        __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = answer
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = answer

    assert OPERATORS[name](Value(1.0), Stranger()) == "mine"
    assert OPERATORS[name](Stranger(), Value(1.0)) == "mine"
    for operands in (
        (Value(1.0), "2"),
        ("2", Value(1.0)),
        (Value(1.0), 1j),
        (None, Value(1.0)),
    ):
        with pytest.raises(TypeError):
            OPERATORS[name](*operands)


OWN = {  # what has a method with other arguments, or one that is written out
    "exp": ((), ("x",)),
    "tanh": ((), ("x",)),
    "relu": ((), ("x",)),
    "take": ((-1, 2.0), (-1, "x", 2.0)),
    "sum": ((2.0, 3.0), ("x", 2.0, 3.0)),
    "dot": ((2.0, 3.0), (3.0, 2.0, "x")),
}


@pytest.mark.parametrize("name", OWN)
def test_a_method_records_by_the_table(name: str) -> None:
    x = Value(1.5)
    arguments, operands = OWN[name]
    y = getattr(x, name)(*arguments)
    wanted = TABLE[name](*[x if c == "x" else c for c in operands])
    assert y.op is TABLE[name]
    assert (y.data, y.operands, y.partials) == (wanted.data, wanted.operands, wanted.partials)


def test_operands_of_every_shape() -> None:
    a, b = Value(2.0), Value(3.0)
    triple = primitive(
        "triple_product",
        lambda x, y, z: x * y * z,
        lambda out, x, y, z: y * z,
        lambda out, x, y, z: x * z,
        lambda out, x, y, z: x * y,
    )
    y = triple(a, 5, b)
    assert (y.operands, y.inputs, y.partials) == ((a, 5.0, b), (a, b), (15.0, 10.0))
    assert type(y.operands[1]) is float
    y = autograd.sum([a, 1, b])
    assert (y.operands, y.inputs, y.partials) == ((a, 1.0, b), (a, b), (1.0, 1.0))
    y = TABLE["sum"](a)
    assert (y.operands, y.inputs, y.partials) == ((a,), (a,), (1.0,))
    y = TABLE["atan2"](a, 0)
    assert (y.operands, y.inputs, y.partials) == ((a, 0.0), (a,), (0.0,))


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
