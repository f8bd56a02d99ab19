"""Steps by hand, comparisons, remainders and NumPy's functions, as people type them."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.core.primitive import TABLE
from tests.helpers.tables import table

np = pytest.importorskip("numpy", reason="NumPy is not installed")
INF, NAN = math.inf, math.nan


@dataclass
class Point:
    x: Any


def test_equal_values_are_equal_but_each_is_its_own_key() -> None:
    x, twin, other = Value(2.0), Value(2), Value(3.0)
    assert x == twin == 2 == x != other
    assert [x == y for y in (True, "2", None, 2j, NAN)] == [False] * 5
    assert Value(NAN) != Value(NAN)
    alike: Any = (Point(2.0), [twin], {"x": 2.0})
    assert (Point(x), [x], {"x": x}) == alike
    assert ([other, twin].index(x), [other, 2.0].count(x), x in [other]) == (1, 1, False)
    nodes = [other, twin, x]
    nodes.remove(x)
    assert nodes[1] is x  # the first that is equal has gone
    assert len({x, twin}) == 2
    assert twin not in {x: "x"}
    mixed: list[Any] = [other, 2.5, x]
    assert sorted(mixed) == [2.0, 2.5, 3.0]
    assert np.array_equal(np.array([x, other]), [2.0, 3.0])
    called = mock.Mock()
    called(x)
    called.assert_called_once_with(2.0)


@pytest.mark.parametrize(
    "kind", [float, int, "float16", "float32", "float64", "longdouble", "int8"]
)
@pytest.mark.parametrize("compare", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons_are_those_of_floats(compare: str, kind: Any) -> None:
    number = getattr(np, kind) if isinstance(kind, str) else kind
    ask = getattr(operator, compare)
    for a in (number(3.1), np.array(number(3.1))):
        for b in (3.1, 3.0, 2.0, INF, NAN):
            for found, wanted in [(ask(a, Value(b)), ask(a, b)), (ask(Value(b), a), ask(b, a))]:
                assert bool(found) is bool(wanted)


@pytest.mark.parametrize("a", [7.5, -7.5, 3, True, -0.0, INF, np.float64(2.5)])
@pytest.mark.parametrize("b", [2.5, -2, INF, NAN, np.int64(-4)])
def test_divmod_is_that_of_floats(a: Any, b: Any) -> None:
    wanted = repr(divmod(float(a), float(b)))
    for found in (divmod(Value(a), Value(b)), divmod(Value(a), b), divmod(a, Value(b))):
        assert repr(tuple([z.data for z in found])) == wanted


def test_a_remainder_is_differentiated_and_drawn() -> None:
    x, y = Value(7.0, label="x"), Value(3.0, label="y")
    out = x % y + 5.0 * (x // y)
    out.backward()
    assert (x.grad, y.grad) == (1.0, -2.0)
    assert r"x \bmod y" in out.graph().latex()
    assert ">%<" in out.graph().svg()


FUNCTIONS = table(
    """
lambda x: np.sum(x) | 0.75 | 1.0
lambda x: np.exp(x) | math.exp(0.75) | math.exp(0.75)
lambda x: np.arctan2(1.0, x) | math.atan2(1.0, 0.75) | -0.64
lambda x: np.arctan2(x, 1.0) | math.atan2(0.75, 1.0) | 0.64
lambda x: np.hypot(1, x) | 1.25 | 0.6
lambda x: np.maximum(x, 0.0) + np.minimum(2.0, x) | 1.5 | 2.0
lambda x: np.clip(x, 0, 1) | 0.75 | 1.0
lambda x: np.clip(x, 0.0, 0.5) | 0.5 | 0.0
lambda x: np.clip(x, 1.0, None) + np.clip(x, None, 0.5) | 1.5 | 0.0
lambda x: np.float64(2.0) * x - x * np.float32(3.0) | -0.75 | -1.0
lambda x: (np.ones(3) * x + x * np.ones(3)).sum() | 4.5 | 6.0
lambda x: np.ones(3) @ np.array([x, x, x]) | 2.25 | 3.0
lambda x: (np.array([x, 0.0]) * 2.0 - [0.0, x])[0] | 1.5 | 2.0
lambda x: np.add.reduce(np.array([x, 1.0, x])) | 2.5 | 2.0
lambda x: np.add(x, [1, 2])[1] | 2.75 | 1.0
lambda x: np.add(x, 1.0, out=np.empty((), dtype=object))[()] | 1.75 | 1.0
lambda x: sum(divmod(np.float64(2.0), x)) | 2.5 | -2.0
lambda x: divmod(np.ones(2), x)[1][0] | 0.25 | -1.0
lambda x: np.logaddexp(x, x) | 0.75 + math.log(2.0) | 1.0
""",
    math=math,
    np=np,
)


@pytest.mark.parametrize(
    ("f", "data", "slope"),
    FUNCTIONS,
)
def test_numpys_functions(f: Callable[..., Any], data: float, slope: float) -> None:
    x = Value(0.75)
    y = f(x)
    y.backward()
    assert (y.data, x.grad) == pytest.approx((data, slope), rel=1e-15)


def test_what_numpy_asks_of_a_number_is_an_answer_or_an_error() -> None:
    x = Value(0.75, label="x")
    assert list(np.array([0.0, 1.0]) < x) == [True, False]
    assert x.conjugate() is x
    assert x.item() == 0.75
    assert (np.isfinite(x), np.isnan(x), np.isinf(Value(INF))) == (True, False, True)
    assert np.sum(x, axis=0) is x
    with pytest.raises(TypeError):
        np.multiply(x, 2.0, x)


WRITTEN_OUT: dict[str, Callable[..., Any]] = {  # in value.py, for speed
    "neg": operator.neg,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "exp": Value.exp,
    "tanh": Value.tanh,
    "relu": Value.relu,
}


def bits(numbers: Sequence[float]) -> list[str]:
    return [x.hex() for x in numbers]


@pytest.mark.parametrize("name", WRITTEN_OUT)
@given(data=st.data())
def test_operations_written_out_have_the_bits_of_the_table(
    name: str, data: st.DataObject
) -> None:
    entry, written = TABLE[name], WRITTEN_OUT[name]
    floats = st.floats(allow_nan=False) | st.floats(-4.0, 4.0) | st.integers(-4, 4).map(float)
    numbers = [data.draw(floats) for _ in entry.rules]
    for places in ([0, 1], [0], [1])[: 3 if len(numbers) == 2 else 1]:
        operands = [Value(x) if i in places else x for i, x in enumerate(numbers)]
        try:
            out = entry.evaluate(numbers, operands)
            partials = [
                entry.partial(i, out, numbers) for i in range(len(numbers)) if i in places
            ]
        except (ValueError, ArithmeticError) as error:
            with pytest.raises(type(error)):
                written(*operands)
            continue
        node = written(*operands)
        assert node.op is entry
        assert bits([node.data, *node.partials]) == bits([out, *partials])
