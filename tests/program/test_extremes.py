"""Programs where floats end: their numbers are as right as eager's."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

import autograd
from autograd.core.primitive import TABLE
from autograd.program import compile
from tests.helpers.agreement import TARGETS
from tests.helpers.extremes import NAMES, POWERS, compiled, exact, has_value, pairs, worst
from tests.helpers.measure_ulp import BOUND, LEAST, ulps
from tests.helpers.tables import table

pytestmark = TARGETS


@pytest.mark.parametrize("name", NAMES)
def test_numbers_where_floats_end_are_within_4_ulp(name: str) -> None:
    xs = list(pairs(name, 400))
    with mp.workdps(60):
        error, where = worst(name, xs, compiled(name, xs))
    assert error <= BOUND, f"{name}: {error:.1f} ulp off at {where}"


@pytest.mark.parametrize("p", POWERS)
def test_the_slope_of_a_power_with_a_fixed_exponent(p: float) -> None:
    """Of any size, and where the power is; one that is 0 is no reason to leave the program."""
    found = [x for x, _ in pairs("atan2", 200)]
    found += [math.exp(min(k / p, 709.0)) for k in range(-745, 709, 29)]
    found = [x for x in found if x > 0.0 or p == round(p)]
    xs = [x for x in found if has_value("pow", x, p)]
    slopes = compile(lambda x: x**p, in_axes=(0,)).jacobian(np.array(xs))
    with mp.workdps(60):
        errors = [ulps(got, exact("pow", x, p)[1]) for x, got in zip(xs, slopes.tolist())]
    assert max(errors) <= BOUND, xs[errors.index(max(errors))]


@pytest.mark.parametrize("xs", [(LEAST, LEAST), (3e-320, -4e-320, 1e-321), (0.0, 5e-310)])
def test_the_length_of_subnormal_numbers(xs: tuple[float, ...]) -> None:
    fast, args = compile(lambda xs: autograd.hypot(*xs)), [*xs]
    assert fast.grad(args) == autograd.grad(lambda xs: autograd.hypot(*xs))(args)
    along = [1.0, 1e-300, 2.0][: len(xs)]
    assert fast.jvp((args,), (along,)) == autograd.jvp(fast.f, (args,), (along,))


@pytest.mark.parametrize("name", ["sqrt", "cbrt", "asin", "pow"])
@pytest.mark.parametrize("in_axes", [None, (0,)])
def test_infinity_minus_infinity_is_an_error(name: str, in_axes: Any) -> None:
    """Of two nodes that are equal; one alone, with the gradient 0, would give 0 in silence."""

    def f(x: Any) -> Any:
        first, second = [x**0.3 if name == "pow" else TABLE[name](x) for _ in "ab"]
        return 3.0 * first - 3.0 * second

    kink = 1.0 if name == "asin" else 0.0
    fast = compile(f, in_axes, reduce="sum" if in_axes else None)
    assert fast.grad([0.5] if in_axes else 0.5) == ([0.0] if in_axes else 0.0)
    with pytest.raises(FloatingPointError):
        fast.grad([kink, 0.5] if in_axes else kink)


signed = autograd.primitive(
    "tests.signed", lambda x: math.copysign(1.0, x), lambda out, x: 0.0 * x
)
SIGNED: dict[str, Callable[[Any], Any]] = dict(
    table(
        """
"x + 0.0" | lambda x: x + 0.0
"0.0 + x" | lambda x: 0.0 + x
"sum" | lambda x: sum([x, x])
"-0.0 + x" | lambda x: -0.0 + x
"0.0 * x" | lambda x: 0.0 * x
"0.0 - x" | lambda x: 0.0 - x
"a rule of one's own" | lambda x: signed(x + 0.0)
"atan2" | lambda x: autograd.atan2(x + 0.0, -1.0)
"atan2 of both" | lambda x: autograd.atan2(x, 0.0) - autograd.atan2(x, -0.0)
"sqrt" | lambda x: autograd.sqrt(x + 0.0)
"pow" | lambda x: (x + 0.0) ** 3
"pow of -2" | lambda x: (-2.0) ** ((x + 1.2) // 0.5)
"neg" | lambda x: -(x + 0.0)
""",
        globals(),
    )
)


@pytest.mark.parametrize("name", SIGNED)
def test_a_zero_has_the_sign_that_it_has_by_the_function(name: str) -> None:
    f = SIGNED[name]
    expected = [repr(float(f(x))) for x in (0.0, -0.0)]
    fast, lanes = compile(f), compile(f, in_axes=0)
    assert repr(fast(-0.0)) == expected[1]
    assert fast(1.0) == lanes([1.0])[0]
    assert [repr(fast(x)) for x in (0.0, -0.0)] == expected
    assert [*map(repr, lanes([0.0, -0.0]))] == expected
