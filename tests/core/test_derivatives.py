"""Every rule of the table against mpmath: values and partials to 4 ulp, third derivatives."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

from autograd import Value, grad, gradient
from autograd.core.primitive import RESERVED, TABLE
from autograd.testing.oracle import in_mpmath
from tests.helpers import extremes
from tests.helpers.measure_ulp import BOUND, LARGEST, measure, ulps
from tests.helpers.smooth import SMOOTH
from tests.helpers.tables import table

NAMES = sorted(RESERVED - {"detach", "unit"})  # cut off; a step function, as of atan2
NEAR_ROOT = ["sigmoid", "tanh", "bell", "asin", "acos", "atanh", "atan", "erf"]  # of the second


@pytest.fixture(autouse=True)
def sixty_digits() -> Iterator[None]:
    with mp.workdps(60):
        yield


def test_every_primitive_has_a_reference() -> None:
    assert {*SMOOTH, "detach", "unit"} == set(in_mpmath()) == RESERVED


@pytest.mark.parametrize("name", NAMES)
def test_values_and_first_partials_are_within_4_ulp(name: str) -> None:
    for what, (error, operands) in measure(name, 25).items():
        assert error <= BOUND, f"{what} of {name}{operands} is {error:.1f} ulp off"


def test_the_slope_of_an_angle_is_scaled_without_rounding() -> None:
    slopes = Value(3.0).atan2(Value(5.0)).partials
    for exponent in range(-1000, 1000, 37):
        scale = 2.0**exponent
        found = Value(3.0 * scale).atan2(Value(5.0 * scale)).partials
        assert found == tuple([slope / scale for slope in slopes])


@pytest.mark.parametrize("name", extremes.NAMES)
def test_numbers_where_floats_end_are_within_4_ulp(name: str) -> None:
    xs = list(extremes.pairs(name, 500))
    error, where = extremes.worst(name, xs, extremes.eager(name, xs))
    assert error <= BOUND, f"{name}: {error:.1f} ulp off at {where}"


def test_second_derivatives_of_an_angle_where_floats_end() -> None:
    """Where they are finite."""
    for y, x in extremes.pairs("atan2", 500):
        b, a = mpf(y), mpf(x)
        terms = [each / (a**2 + b**2) ** 2 for each in (-2 * a * b, b**2, -(a**2))]
        if max(map(abs, terms)) > LARGEST:
            continue
        leaf = Value(y)
        slope = gradient(leaf.atan2(other := Value(x)), leaf, create_graph=True)
        twice, mixed = gradient(slope, [leaf, other])
        assert ulps(twice, terms[0]) <= 12.0, (y, x)
        assert ulps(mixed, terms[1] + terms[2], terms[1:]) <= 12.0, (y, x)


BRANCHES = table(
    """
'hypot' | (3e-300, 4e-300)
'hypot' | (3e-320, 4e-320)
'hypot' | (3e+301, -4e+301)
'atan2' | (1e-290, 1e-145)
'atan2' | (1e-152, -2e-152)
'atan2' | (1e+160, 2e+152)
'div' | (1e-310, 0.03)
'pow' | (5.0, 0.1)
'pow' | (1e+40, 0.3)
'pow' | (1e+100, -2.5)
'pow' | (0.02, 179.5)
'pow' | (1.265e-321, 3.08)
'pow' | (0.3, 1.0 + 2.0 ** (-20))
'pow' | (1000.0, 102.6)
'gaussian' | (26.5, 1.0)
'exp_of_difference' | (3.0, 700.0)
'silu' | (-700.0,)
'silu' | (-705.0,)
'silu' | (-1500.0,)
'elu' | (-1500.0, 1.0)
'gelu' | (-37.5,)
'normal_cdf' | (-37.4,)
'erf' | (26.0,)
'tanh' | (20.0,)
'sigmoid' | (-700.0,)
'asin' | (1.0 - 2.0 ** (-53),)
'acosh' | (1.0000001,)
'cbrt' | (-7e+200,)
'sqrt' | (1e-200,)
""",
)


@pytest.mark.parametrize(
    ("name", "operands"),
    [*BRANCHES, *[(name, (x,)) for name in NEAR_ROOT for x in (1e-9, -1e-9, 1e-3)]],
)
def test_derivatives_where_the_rules_branch(name: str, operands: tuple[float, ...]) -> None:
    for slot, x in enumerate(operands):

        def value(t: Any) -> Any:
            exact = [mpf(c) for c in operands]
            exact[slot] = t  # noqa: B023
            return in_mpmath()[name](*exact)

        with mp.workdps(1200):
            step = mpf(10) ** -50 * abs(x)
            below, here, above = value(x - step), value(mpf(x)), value(x + step)
            slope, wanted = (above - below) / (2 * step), (above - 2 * here + below) / step**2
        leaf = Value(x)
        y = TABLE[name](*operands[:slot], leaf, *operands[slot + 1 :])
        assert ulps(gradient(y, leaf), slope) <= 4.0
        got = gradient(gradient(y, leaf, create_graph=True), leaf)
        assert ulps(got, wanted) <= 12.0


@pytest.mark.parametrize("name", NAMES)
def test_partials_recorded_for_one_operand_are_those_for_all(name: str) -> None:
    """A node with plain numbers among its operands records the others' partials alone."""
    for operands in SMOOTH[name]:
        whole = TABLE[name](*map(Value, operands))
        for slot, x in enumerate(operands):
            mixed: list[Any] = list(operands)
            mixed[slot] = Value(x)
            y = TABLE[name](*mixed)
            assert y.data == whole.data
            assert [type(c) for c in y.operands].count(Value) == 1
            assert y.operands[slot] is mixed[slot]
            for c, number in zip(y.operands, operands):
                assert (c.data if type(c) is Value else c) == number
            (partial,) = y.partials
            assert partial == whole.partials[slot] or math.isnan(partial)


def inner(x: Any, start: float, slope: float) -> Any:
    """start at x = 0, with three derivatives in x."""
    return start + (slope * x + x * x / 2.0)


def outer(y: Any) -> Any:
    return y + 0.7 * (y * y)


def third(f: Callable[[Any], Any]) -> float:
    result = grad(grad(grad(f)))(0.0)
    return float(result)


def moving_slots(name: str, operands: tuple[float, ...]) -> list[tuple[int, ...]]:
    """The sets of slots to move together: each alone, and all."""
    if name == "pow" and operands[0] < 0.0:
        return [(0,)]
    if name in ("where", "take"):  # the first operand is the choice
        slots = tuple(range(1, len(operands)))
        return [*((slot,) for slot in slots), slots]
    slots = tuple(range(len(operands)))
    return [*((slot,) for slot in slots), slots] if len(slots) > 1 else [slots]


@pytest.mark.parametrize("name", NAMES)
def test_third_derivatives_of_a_composition(name: str) -> None:
    for operands in SMOOTH[name]:
        for slots in moving_slots(name, operands):

            def composed(f: Callable[..., Any], x: Any) -> Any:
                moved = [
                    inner(x, c, 1.0 + 0.5 * slot) if slot in slots else c  # noqa: B023
                    for slot, c in enumerate(operands)  # noqa: B023
                ]
                return outer(f(*moved))

            def by_mpmath(x: Any) -> Any:
                return composed(in_mpmath()[name], x)

            def by_the_table(x: Any) -> Any:
                return composed(TABLE[name], x)

            wanted = float(mpmath.diff(by_mpmath, 0, 3))
            got = third(by_the_table)
            close = math.isclose(got, wanted, rel_tol=1e-9)
            assert close, f"{name}{operands}, moving {slots}: {got} instead of {wanted}"
