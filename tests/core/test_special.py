"""Special functions against mpmath: values, partials and higher derivatives."""

import doctest
import math
import random
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("scipy")

import mpmath
import numpy as np
import scipy.special
from mpmath import mp, mpf

import autograd
from autograd import Value, array, grad, hessian, jacobian
from autograd.core import special
from tests.helpers.measure_ulp import BOUND, ulps
from tests.helpers.tables import table


def phi(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def sinc(x: Any) -> Any:
    return mpmath.sin(mpmath.pi * x) / (mpmath.pi * x) if x else mpf(1)


# By its name: the reference, where its argument lies (of these numbers between 0 and 1).
EXACT: dict[str, tuple[Callable[..., Any], list[Callable[[float], float]]]] = {
    name: (exact, places)
    for name, exact, *places in table(
        """
"erfinv" | mpmath.erfinv | lambda u: 2.0 * u - 1.0 | lambda u: 10.0 ** (-300.0 * u)
"ndtri" | lambda p: -mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * p) | lambda u: u |
    lambda u: 10.0 ** (-30.0 * u - 0.6) | lambda u: 0.5 + 10.0 ** (-14 * u - 1)
"ndtr" | phi | lambda u: 45.0 * u - 37.0
"log_ndtr" | lambda x: mpmath.log(phi(x)) | lambda u: 11 * u - 2 | lambda u: -60.0 * u
"mills" | lambda x: mpmath.npdf(x) / phi(x) | lambda u: 69.0 * u - 60.0
"log1mexp" | lambda x: mpmath.log(-mpmath.expm1(-x)) | lambda u: 10.0 ** (-300.0 * u) |
    lambda u: 600.0 * u
"sinc" | sinc | lambda u: 40.0 * u - 20.0 | lambda u: 10.0 ** (-300.0 * u)
"polygamma" | lambda x: mpmath.polygamma(1, x) | lambda u: 10.0 ** (12.0 * u - 6.0)
""",
        globals(),
    )
}
SLOPES = "ndtr", "log_ndtr", "log1mexp", "erfinv", "ndtri"


@pytest.mark.parametrize("name", EXACT)
def test_values_and_partials_are_within_4_ulp(name: str) -> None:
    exact, places = EXACT[name]
    entry = getattr(special, name)
    f = entry if name != "polygamma" else lambda x: entry(x, 1.0)
    draw = random.Random(name)
    with mp.workdps(400 if name == "log1mexp" else 80):
        for k in range(120):
            x = places[k % len(places)](draw.random())
            assert ulps(f(x), exact(mpf(x))) <= BOUND, x
            if name in SLOPES and k % 4 == 0:
                step = mpf(10) ** -25 * abs(mpf(x))
                slope = (exact(mpf(x) + step) - exact(mpf(x) - step)) / (2 * step)
                assert ulps(grad(f)(x), slope) <= BOUND * (1.0 if name != "ndtri" else 40.0), x


def test_the_gamma_functions_are_as_accurate_as_they_say() -> None:
    draw = random.Random(7)
    for _ in range(100):
        x = 10.0 ** draw.uniform(-6.0, 5.0)
        assert special.lgamma(x) == math.lgamma(x)
        exact = mpmath.digamma(mpf(x))
        assert abs(special.digamma(x) - exact) <= BOUND * 2.3e-16 * max(abs(exact), 1.0)
        assert grad(special.lgamma)(x) == special.digamma(x)
        assert grad(special.digamma)(x) == special.polygamma(x, 1.0)
        below = draw.uniform(-6.0, 0.0)
        for n in range(4):
            found, wanted = special.polygamma(below, float(n)), mpmath.polygamma(n, mpf(below))
            assert found == pytest.approx(float(wanted), rel=1e-12, abs=1e-13)
        b = draw.uniform(0.1, 5.0)
        assert special.beta(b, 2.5) == pytest.approx(scipy.special.beta(b, 2.5), rel=1e-14)
        assert special.betaln(b, 2.5) == pytest.approx(
            scipy.special.betaln(b, 2.5), rel=1e-14, abs=1e-14
        )
    assert special.digamma(-9999.5) == pytest.approx(float(mpmath.digamma(-9999.5)), rel=1e-12)
    assert math.isnan(grad(special.lgamma)(-math.inf))
    largest = float(mpmath.polygamma(170, 30.0))
    assert special.polygamma(30.0, 170.0) == pytest.approx(largest, rel=1e-12)
    assert special.digamma(math.inf) == math.inf
    assert special.polygamma(math.inf, 2.0) == 0.0
    with pytest.raises(OverflowError):  # at once
        special.polygamma(1.0, 1e308)


HIGHER: dict[str, list[float]] = dict(
    table(
        """
"lgamma" | [0.3, 2.7, -1.3]
"digamma" | [0.3, 2.7, 30.0]
"erfinv" | [-0.7, 0.01, 0.3]
"ndtr" | [-2.0, 0.5]
"ndtri" | [0.01, 0.4, 0.9]
"log_ndtr" | [-6.0, 0.5, 2.0]
"log1mexp" | [0.1, 1.5]
"sinc" | [-0.3, 0.0, 1.0, 2.5]
""",
        globals(),
    )
)
REFERENCE = {
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "digamma": mpmath.digamma,
    **{name: EXACT[name][0] for name in HIGHER if name in EXACT},
}


@pytest.mark.parametrize("name", HIGHER)
def test_second_and_third_derivatives_follow_from_the_rules(name: str) -> None:
    f = getattr(special, name)
    with mp.workdps(60):
        for x in HIGHER[name]:
            second, third = (float(mpmath.diff(REFERENCE[name], mpf(x), n)) for n in (2, 3))
            assert grad(grad(f))(x) == pytest.approx(second, rel=1e-11, abs=1e-13)
            assert grad(grad(grad(f)))(x) == pytest.approx(third, rel=1e-9, abs=1e-12)


def test_the_log_of_the_normal_distribution_goes_on_far_below() -> None:
    assert special.log_ndtr(-1e10) == pytest.approx(-5e19, rel=1e-15)
    assert grad(special.log_ndtr)(-1e10) == pytest.approx(1e10, rel=1e-15)
    assert special.ndtri(1e-300) == pytest.approx(scipy.special.ndtri(1e-300), rel=1e-15)


def test_functions_of_two_numbers_have_both_partials() -> None:
    assert grad(special.xlogy, (0, 1))(2.0, 3.0) == (math.log(3.0), 2.0 / 3.0)
    assert grad(special.xlogy, (0, 1))(0.0, 0.0) == (0.0, 0.0)
    assert hessian(special.xlogy, (0, 1))(2.0, 4.0) == ((0.0, 0.25), (0.25, -0.125))
    assert grad(special.logaddexp, (0, 1))(1.0, 1.0) == (0.5, 0.5)
    a, b = 1.5, 2.5
    wanted = [float(mpmath.diff(mpmath.beta, (a, b), n)) for n in ((1, 0), (0, 1))]
    assert list(grad(special.beta, (0, 1))(a, b)) == pytest.approx(wanted, rel=1e-13)


def test_softmax_takes_lists_and_arrays() -> None:
    x = [0.5, -1.0, 2.0]
    wanted = scipy.special.softmax(x)
    assert special.softmax(x) == pytest.approx(wanted.tolist(), rel=1e-15)
    assert special.log_softmax(x) == pytest.approx(scipy.special.log_softmax(x).tolist())
    rows = jacobian(special.softmax)(np.array(x))
    assert rows == pytest.approx(np.diag(wanted) - np.outer(wanted, wanted), rel=1e-14)
    assert type(special.softmax(array(x))) is type(array(x))
    given = np.array([1, 2])
    for found in (special.softmax(given), np.exp(special.log_softmax(given))):
        assert found == pytest.approx(scipy.special.softmax(given), rel=1e-14)
    assert given.tolist() == [1, 2]
    assert type(special.log_softmax(np.array(x))) is np.ndarray


@pytest.mark.parametrize(
    "name",
    [
        *("expit", "log_expit", "logit", "gammaln", "loggamma", "gamma", "psi", "erfinv"),
        *("erfcinv", "ndtr", "ndtri", "log_ndtr", "entr", "erf", "erfc", "exp2", "expm1"),
        *("log1p", "cbrt"),
        *("xlogy", "xlog1py", "rel_entr", "beta", "betaln"),
    ],
)
def test_names_of_scipy_work_on_values_and_arrays_of_them(name: str) -> None:
    f: Any = getattr(scipy.special, name)
    for x in (0.3, 0.6):
        xs = (x,) * f.nin if name != "loggamma" else (x,)
        plain, h = f(*xs), 2.0**-11
        got = f(*map(Value, xs))
        assert got.data == pytest.approx(plain, rel=1e-13)
        assert f(array([x]), *xs[1:])[0].data == got.data
        slope = (8.0 * (f(x + h, *xs[1:]) - f(x - h, *xs[1:]))) / (12.0 * h)
        slope -= (f(x + 2.0 * h, *xs[1:]) - f(x - 2.0 * h, *xs[1:])) / (12.0 * h)
        assert grad(f)(*xs) == pytest.approx(slope, rel=1e-9)


def test_programs_call_them() -> None:
    def f(x: Any) -> Any:
        return special.lgamma(x) * special.sinc(x) + special.xlogy(x, special.ndtr(x))

    fast = autograd.compile(f, in_axes=0)
    xs = np.linspace(0.1, 3.0, 7)
    assert fast(xs) == pytest.approx([f(x) for x in xs.tolist()], rel=1e-13)
    summed = autograd.compile(f, in_axes=0, reduce="sum")
    assert summed.grad(xs) == pytest.approx([grad(f)(x) for x in xs.tolist()], rel=1e-12)


@pytest.mark.parametrize("name", special.__all__)
def test_each_has_an_example_that_is_true(name: str) -> None:
    f = getattr(autograd, name)
    test = doctest.DocTestParser().get_doctest(f.__doc__, {**vars(autograd)}, name, None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
