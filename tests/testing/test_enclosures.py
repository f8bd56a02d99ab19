"""Bounds by intervals: exact values lie within, wrong rules without."""

import math
from typing import Any

import pytest
from hypothesis import given
from mpmath import iv, mp

import autograd
from autograd import primitive, take, where
from autograd.core.primitive import TABLE
from autograd.testing.oracle import in_mpmath, partial
from autograd.testing.problem import Problem
from autograd.testing.recorded import Recording
from tests.core.smooth import SMOOTH
from tests.testing.enclosures import enclosure
from tests.testing.programs import Listing, programs


def within(x: Any, bounds: tuple[float, float], beside: float = 0.0) -> bool:
    return bool(bounds[0] - beside <= x <= bounds[1] + beside)


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_what_mpmath_gives_at_80_digits_is_within(name: str) -> None:
    for xs in SMOOTH[name]:
        first = int(name in ("take", "where"))
        slots = [0] if name == "pow" and xs[0] < 0.0 else range(first, len(xs))

        def f(given: list[Any], xs: Any = xs, slots: Any = slots) -> Any:
            numbers = dict(zip(slots, given))
            return TABLE[name](*[numbers.get(slot, x) for slot, x in enumerate(xs)])

        value, partials = enclosure(f, [xs[slot] for slot in slots])
        with mp.workdps(80):
            assert within(in_mpmath()[name](*map(mp.mpf, xs)), value)
        for slot, bounds in zip(slots, partials, strict=True):
            exact = partial(name, xs, slot)
            assert exact is None or within(exact, bounds, 1e-15 * abs(float(exact)))
            assert bounds[1] - bounds[0] <= 2.0 * math.ulp(max(map(abs, bounds)))


@given(programs())
def test_gradients_of_programs_are_within_and_wrong_ones_are_not(program: Listing) -> None:
    recording = Recording(Problem(program, program.starts))
    _, partials = enclosure(program, *program.starts)
    wrong = [1.0001 * g for g in recording.claims[0]]
    for i, bounds in enumerate(partials):
        near = 4.0 * (recording.round_off(i, 0) + recording.blurs[0][i])
        assert within(recording.claims[0][i], bounds, near)
        assert within(wrong[i], bounds, near) == (abs(wrong[i]) <= 2e4 * near)


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (
            lambda x: autograd.exp(x) - 1.0 - x,
            1e-9,
            lambda x: mp.exp(x) - 1 - x,
            in_mpmath()["expm1"],
        ),
        (autograd.sin, 2e13, mp.sin, mp.cos),
        (lambda y: autograd.atan2(y, -1.0), 1.0, lambda y: 3 * mp.pi / 4, lambda y: -0.5),
        (
            autograd.erfc,
            26.0,
            in_mpmath()["erfc"],
            lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),
        ),
        (lambda x: (1e300 + x) - 1e300, 1e-300, mp.mpf, lambda x: 1),
        (lambda x: x**0.0 + x**3.0, -2.0, lambda x: 1 + x**3, lambda x: 3 * x * x),
        (lambda x: x * 1e308 * 10.0, 1.0, lambda x: mp.mpf("1e309"), lambda x: mp.mpf("1e309")),
        (lambda x: 3.0, 1.0, lambda x: 3, lambda x: 0),
        (
            lambda x: take([x, 2.0 * x], 1) + where(x > 0.0, x, 7.0),
            1.5,
            lambda x: 3 * x,
            lambda x: 3,
        ),
    ],
)
def test_where_floats_lose_digits(f: Any, x: float, value: Any, slope: Any) -> None:
    bounds, [slopes] = enclosure(f, x)
    with mp.workdps(400):
        assert within(value(mp.mpf(x)), bounds)
        assert within(slope(mp.mpf(x)), slopes)
    assert math.nextafter(bounds[0], math.inf) >= bounds[1]


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (autograd.relu, 0.0),
        (autograd.sqrt, 0.0),
        (lambda x: autograd.maximum(x, 2.0 * x), 0.0),
        (lambda x: autograd.sqrt(4.0 + 0.0 * x) % 2.0, 1.0),
        (lambda x: x % 1.0, 3.0),
        (lambda x: TABLE["pow"](-2.0, x), 3.0),
        (lambda x: take([x, x], x), 1.0),
        (lambda x: TABLE["where"](x, x, 1.0), 0.0),
    ],
)
def test_kinks_and_jumps_have_no_bounds(f: Any, x: float) -> None:
    with pytest.raises(ValueError, match="a kink, a jump or an edge"):
        enclosure(f, x)


def test_an_operation_of_ones_own_has_no_intervals() -> None:
    before = iv.prec
    cube = primitive("cube_5", lambda x: x**3, lambda out, x: 3.0 * x * x)
    with pytest.raises(LookupError, match="'cube_5'"):
        enclosure(cube, 2.0)
    assert iv.prec == before
