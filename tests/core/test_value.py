"""What a Value holds, shows and compares; the operators and the methods."""

from __future__ import annotations

import copy
import itertools
import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import autograd
from autograd import Value, primitive
from autograd.core.primitive import TABLE


def test_a_leaf() -> None:
    x = Value(2.0, label="x")
    assert (x.data, x.grad, x.label, x.op) == (2.0, 0.0, "x", None)
    assert (x.operands, x.inputs, x.partials, x._prev, x._op) == ((), (), (), set(), "")


@pytest.mark.parametrize("number", [3, True, Fraction(1, 4), -0.0, math.inf, 10**20])
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


def test_repr_shows_a_gradient_that_is_not_zero() -> None:
    x = Value(2.0, label="x")
    y = -3.0 * x
    y.backward()
    assert repr(x) == "Value(2.0, grad=-3.0, label='x')"
    assert repr(y) == "Value(-6.0, op='*', grad=1.0)"


def test_format_takes_a_float_format() -> None:
    assert f"{Value(2.0) / 3.0:.4g}" == "0.6667"


def test_sets_and_dicts_tell_nodes_apart_that_are_equal() -> None:
    x, y = Value(1.0), Value(1.0)
    assert x == y
    assert len({x, y, x}) == 2
    assert {x: "x", y: "y"}[x] == "x"
    assert x in {y: 0, x: 1}
    assert hash(x) == hash(x)
    nan = Value(math.nan)
    assert nan != nan
    assert {nan: 1}[nan] == 1


@pytest.mark.parametrize("other", [None, "1.0", object(), [1.0]])
def test_nothing_but_a_number_is_equal(other: object) -> None:
    assert Value(1.0) != other
    assert (Value(1.0) == other) is False


@pytest.mark.parametrize(
    "compare",
    [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne],
)
def test_comparisons_are_those_of_the_data(compare: Callable[[Any, Any], bool]) -> None:
    numbers = [-1.0, 0.0, -0.0, 2.0, math.inf, math.nan]
    for a, b in itertools.product(numbers, repeat=2):
        wanted = compare(a, b)
        assert compare(Value(a), Value(b)) is wanted
        assert compare(Value(a), b) is wanted
        assert compare(a, Value(b)) is wanted


def test_truth_and_rounding_are_those_of_the_float() -> None:
    for data in (0.0, -0.0, 2.5, -2.5, math.nan):
        assert bool(Value(data)) is bool(data)
    x = Value(-2.567)
    assert (round(x), round(x, 1)) == (-3, -2.6)
    assert (math.floor(x), math.ceil(x), math.trunc(x)) == (-3, -2, -2)


def test_math_functions_refuse_a_value() -> None:
    """Converting to a float would drop the gradient in silence."""
    x: Any = Value(1.0)
    for call in (math.sin, float):
        with pytest.raises(TypeError, match="must be"):
            call(x)


def test_a_subclass_is_refused() -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Mine", (Value,), {})


def test_attributes_cannot_be_misspelt_or_overwritten() -> None:
    x: Any = Value(1.0) * 2.0
    for name in ("grda", "op", "inputs", "operands", "partials"):
        with pytest.raises(AttributeError):
            setattr(x, name, 1.0)


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


def test_neg_pos_abs() -> None:
    x = Value(-2.0)
    assert ((-x).data, (-x).partials, (-x).operands) == (2.0, (-1.0,), (x,))
    assert +x is x
    assert (abs(x).data, abs(x).partials) == (2.0, (-1.0,))


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


def test_a_later_change_of_a_leaf_leaves_the_record_alone() -> None:
    a, b = Value(2.0), Value(5.0)
    y = a * b
    a.data = 100.0
    y.backward()
    assert (b.grad, y.data) == (2.0, 10.0)


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


def test_every_other_method_is_the_entry_of_the_table() -> None:
    for name in {name for name, entry in TABLE.items() if entry.doc} - OWN.keys():
        assert getattr(Value, name) is getattr(autograd, name) is TABLE[name]
    assert (Value(3.0).hypot(4.0).data, Value(-2.0).leaky_relu(slope=0.5).data) == (5.0, -1.0)


def test_where_chooses_by_the_value() -> None:
    a, b = Value(2.0), Value(3.0)
    for condition, chosen in ((1.0, a), (-0.5, a), (math.nan, a), (0.0, b), (-0.0, b)):
        y = Value(condition).where(a, b)
        assert (y.op, y.inputs, y.data) == (TABLE["where"], (a, b), chosen.data)
        assert y.partials == (float(chosen is a), float(chosen is b))


def test_numpy_names() -> None:
    for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
        assert getattr(Value, f"arc{name}") is getattr(Value, f"a{name}")
    assert Value.arctan2 is Value.atan2


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


def test_a_node_keeps_only_the_fields_it_needs() -> None:
    assert not hasattr(Value(1.0) * 2.0, "__dict__")


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


def test_it_converts_to_an_integer_as_a_float_does() -> None:
    assert (int(Value(3.7)), int(Value(-3.7))) == (3, -3)
    assert Value(2.0).conjugate().data == 2.0
