"""The table: its entries, their conventions at kinks, and operations of one's own."""

import inspect
import math
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Primitive, Value, grad, gradient, primitive
from autograd.core.primitive import RESERVED, TABLE

INF, NAN = math.inf, math.nan
REQUIRED = """
neg add sub mul div pow abs sign exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal
sin cos tan asin acos atan atan2 hypot sinh cosh tanh asinh acosh atanh sigmoid softplus relu
leaky_relu elu gelu silu erf erfc maximum minimum clip where take sum dot logsumexp
"""


def test_the_required_operations_are_there() -> None:
    assert set(REQUIRED.split()) <= RESERVED <= set(TABLE)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_an_entry_describes_itself(name: str) -> None:
    entry = TABLE[name]
    assert (entry.name, repr(entry), str(entry)) == (name, f"<primitive {name}>", entry.symbol)
    assert entry.arity == (None if entry.variadic else len(entry.rules))
    fields = {field for _, field, _, _ in string.Formatter().parse(entry.latex) if field}
    wanted = {"args"} if entry.variadic else {str(slot) for slot in range(len(entry.rules))}
    assert fields == wanted
    shown = entry.latex.format(*"xyz", args="x, y")
    assert shown.count("{") == shown.count("}")


@given(st.floats(0.0, exclude_min=True, allow_infinity=False))
def test_a_unit_squared_brings_a_size_near_one(size: float) -> None:
    """A power of two, so that what it scales keeps its digits."""
    unit = TABLE["unit"](size)
    assert math.frexp(unit)[0] == 0.5
    assert 0.0625 <= size * unit * unit < 0.25


# Beside the kinks that the table states (test_kinks.py): name, operands, value, partials.


def test_higher_derivatives_of_a_power_at_zero() -> None:
    def cube(x: Any) -> Any:
        return x**3.0

    assert [cube(0.0), grad(cube)(0.0), grad(grad(cube))(0.0)] == [0.0] * 3
    assert grad(grad(grad(cube)))(0.0) == 6.0
    assert grad(grad(grad(grad(cube))))(0.0) == 0.0


def test_second_derivatives_of_zero_to_the_zero() -> None:
    x, p = Value(0.0), Value(0.0)
    dx = gradient(x**p, x, create_graph=True)
    assert gradient(dx, [x, p]) == [0.0, 0.0]


@pytest.mark.parametrize(("x", "p"), [(-2.3e-315, 7.0), (-1e308, -4.0)])
def test_a_second_derivative_of_a_power_that_underflows(x: float, p: float) -> None:
    assert grad(grad(lambda x: x**p))(x) == 0.0


@pytest.mark.parametrize("base", [3.0, -2.0])
def test_the_derivative_of_a_power_in_an_exponent_that_is_zero(base: float) -> None:
    x, p = Value(base), Value(0.0)
    dx = gradient(x**p, x, create_graph=True)
    assert (dx.data, gradient(dx, p)) == (0.0, 1.0 / base)


# ---------------------------------------------------------------- operations of one's own


def test_an_own_operation_records_like_the_librarys() -> None:
    swish = primitive(
        "swish_2",
        lambda x, beta: x / (1.0 + math.exp(-beta * x)),
        lambda out, x, beta: out / x + beta * out * (1.0 - out / x),
        lambda out, x, beta: out * (x - out),
        symbol="swish",
        domain="x ≠ 0",
        kink="none",
        latex="{0} s {1}",
    )
    assert isinstance(swish, Primitive)
    assert TABLE["swish_2"] is swish
    x, beta = Value(1.0), Value(2.0)
    y = swish(x, beta)
    assert (y.op, y.operands, str(y.op)) == (swish, (x, beta), "swish")
    assert type(swish(1.0, 2)) is float
    y.backward()
    s = 1.0 / (1.0 + math.exp(-2.0))
    assert math.isclose(x.grad, s + 2.0 * s * (1.0 - s), rel_tol=1e-15)
    assert math.isclose(beta.grad, s * (1.0 - s), rel_tol=1e-15)


def test_defining_ones_own_again_replaces_it() -> None:
    primitive("mine", lambda x: x, lambda out, x: 1)
    mine = primitive("mine", lambda x: 2 * x, lambda out, x: 2)
    assert TABLE["mine"] is mine
    y = mine(Value(3))
    assert (y.data, y.partials) == (6.0, (2.0,))
    assert type(y.partials[0]) is float


def test_how_it_is_shown_by_default() -> None:
    entry = primitive("soft_sign", lambda x, y: x, lambda out, x, y: 1, lambda out, x, y: 0)
    assert (entry.symbol, entry.domain, entry.kink) == ("soft_sign", "", "")
    assert entry.latex.format("a", "b") == r"\operatorname{soft\_sign}\left(a, b\right)"
    assert (entry.__name__, str(inspect.signature(entry))) == ("soft_sign", "(x, y)")
    assert [repr(d) for d in entry(Value(1.0), Value(2.0)).partials] == ["1.0", "0.0"]
    in_c = primitive("greatest", max, max, max)
    assert str(inspect.signature(in_c)) == "(x0, x1)"
    assert in_c(Value(1.0), 2.0).partials == (2.0,)
    many = primitive("mean_of", lambda *xs: 0.0, lambda out, *xs: xs, variadic=True)
    assert many.latex.format(args="a, b") == r"\operatorname{mean\_of}\left(a, b\right)"


def test_a_variadic_operation_of_ones_own() -> None:
    product = primitive(
        "product_of",
        lambda *xs: math.prod(xs),
        lambda out, *xs: tuple(out / x for x in xs),
        variadic=True,
    )
    x, y = Value(2.0), Value(5.0)
    z = product(x, 3, y)
    assert (product.arity, z.data, z.partials) == (None, 30.0, (15.0, 6.0))
    assert product(x).partials == (1.0,)


def test_partials_of_a_variadic_rule_can_be_differentiated() -> None:
    f = primitive(
        "x_y_x", lambda x, y: x * y * x, lambda out, x, y: (2 * x * y, x * x), variadic=True
    )
    g = primitive("x_plus", lambda x, y: x + y, lambda out, x, y: (1, 1), variadic=True)
    assert [type(partial) for partial in g(Value(2.0), Value(5.0)).partials] == [float, float]
    assert grad(grad(lambda x: f(x, 5.0)))(2.0) == 10.0
