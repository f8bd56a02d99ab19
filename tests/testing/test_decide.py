"""Where it is hard to tell: kinks, jumps, edges, noise, ripples, huge and tiny numbers."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Any

import numpy as np  # noqa: F401  (rows name it)
import pytest

from autograd import Value
from autograd.core.primitive import TABLE
from autograd.testing import gradcheck
from autograd.testing.recorded import node_cases
from tests.helpers.hard import HARD_FOR_FLOATS, Function, cancelled  # noqa: F401  (rows name it)
from tests.helpers.measure import planted
from tests.helpers.tables import table


def constant(slope: float) -> Function:
    return lambda x: slope


def hinge(x: float) -> float:
    return max(x, 0.0)


def ripple(x: float) -> float:
    return x + 1e-3 * math.sin(1e4 * x)


def jagged(x: float) -> float:
    """Whose 1 - cos(x) jumps by an ulp of 1, and falls as 1 / x² in between."""
    return (1.0 - math.cos(x)) / (x * x)


def smooth_pieces(x: float) -> float:
    return 2.0 + (x**3 if x > 0.0 else x * x)


def kink_beside(x: float) -> float:
    return math.exp(3.0 * x) + 1e-3 * abs(x - 0.9)


def bent(x: float) -> float:
    return math.exp(3.0 * x) + 0.9 * abs(x - 0.6)


def steep(x: float) -> float:
    return 3.0 * math.exp(3.0 * x)


NOT_FAIL, NOT_PASS = "pass inconclusive", "fail inconclusive"
SCALES = [1e-300, 1e-12, 1e12, 1e300]
BESIDE_1 = [1.0 + side * 10.0**-k for side in (1.0, -1.0) for k in range(3, 13)]
BETWEEN_JUMPS = [1.2106910254605485e-05, -1.3147177202841194e-06, -4.3151395838567336e-07]
BETWEEN_FLOATS = [6676015939874.217, 7310663528165.914, 7353772682749.707]
BETWEEN_FLOATS += [6.204132190740851e83, 2.394896258668768e125, 1.163945990897878e191]
BETWEEN_FLOATS += [1.0982283670885654e232, 4.237158187045223e196, -6.011788171158001e234]
CANCELLING = [2.3e-7, 7.7e-7, 3.1e-6, 1.9e-5]
ONE_VALUE = [-3e-8, -1e-8, 1e-12, 1e-9, 1e-8, 2e-8, 1e-7]  # is left of 1 - cos(x)
VERDICTS: list[tuple[str, Function, list[float], float | Function, str]] = [
    *table(
        """
"kink in a curve" | lambda x: 50.0 * x * x + 0.001 * abs(x) | [0.0] | 0.0005 | "pass"
"kink in a curve" | lambda x: 50.0 * x * x + 0.001 * abs(x) | [0.0] | 0.002 | "fail"
"kink close by" | lambda x: abs(x - 1.0) | [1.001] | 1.0 | "pass"
"kink close by" | lambda x: abs(x - 1.0) | [1.001] | 0.5 | "fail"
"kink close to another" |
    lambda x: math.sin(x) + 0.02 * max(0.0, 8e3 * x - 1.0) + 2.0 * min(x, 0.0) | [0.0] | 1.0 |
    NOT_FAIL
"edge" | math.sqrt | [0.0] | math.inf | "pass"
"edge" | math.sqrt | [0.0] | 0.0 | "fail"
"edge" | math.sqrt | [0.0] | -math.inf | "fail"
"edge" | math.acos | [1.0] | -math.inf | "pass"
"edge" | math.acos | [1.0] | -1.0 | "fail"
"smooth edge" | lambda x: x * x * math.sqrt(x) | [0.0] | 0.0 | "pass"
"smooth edge" | lambda x: math.sqrt(-x) ** 3 | [0.0] | math.inf | "fail"
"jump close by" | lambda x: math.sqrt(x) if x else 0.0 | [1e-3] | 0.5 / 1e-3**0.5 | "pass"
"at a jump" | lambda x: math.floor(x) + x * x | [0.0, 2.0] | lambda x: 2.0 * x | NOT_FAIL
"at a jump" | lambda x: math.floor(x) + x * x | [0.0, 2.0] | lambda x: 2 * x + 1 | NOT_PASS
"vertical tangent" | math.cbrt | [0.0] | math.inf | "pass"
"vertical tangent" | math.cbrt | [0.0] | 3.0 | "fail"
"cusp" | lambda x: math.sqrt(abs(x)) | [0.0] | 0.0 | "pass"
"step" | lambda x: float(x > 0.0) | [-1e-9] | 1e-7 | "fail"
"flat" | lambda x: x // -1.784e-9 | [-5.8e-10] | 0.0 | "inconclusive"
"flat" | lambda x: 64.0 * x // 0.7 | [2.823412821412821] | 0.0 | "inconclusive"
"flat" | lambda x: 37.0 * x * x // 0.10191082802547768 | [2.481322479322479] | 0.0 |
    "inconclusive"
"ripple" | ripple | [0.5, 1.3, 2.9] | 1.0 | "fail"
"NaN" | hinge | [1.0] | math.nan | "fail"
"too slow to see" | lambda x: x**0.999999999999 | [0.0] | math.inf | "inconclusive"
"closer than any step" | lambda x: math.sqrt(x + 1e-40) | [0.0] | 5e19 | "inconclusive"
"closer than any step" | lambda x: math.sqrt(x + 1e-40) | [0.0] | 1.0 | "fail"
"steeper than any step" | lambda x: math.tanh(1e12 * x) | [0.0] | 1.0 | NOT_PASS
"large values" | lambda x: 1e307 * x | [10.0] | 1e307 | "pass"
"tiny slope" | lambda x: 1e-300 * x | [1.7e308] | 1e-300 | "pass"
"end of the range" | math.sqrt | [1.7e308] | 0.5 / math.sqrt(1.7e308) | "pass"
"line" | lambda x: 3.0 * x | SCALES | 3.0 | "pass"
"line" | lambda x: 3.0 * x | SCALES | 3.0003 | "fail"
"log" | lambda x: math.log(abs(x)) | SCALES | lambda x: 1.0 / x | "pass"
"between jumps" | cancelled | BETWEEN_JUMPS | math.expm1 | NOT_FAIL
"between floats" | math.sin | BETWEEN_FLOATS | math.cos | "inconclusive"
"cancelling to jumps" | jagged | CANCELLING | lambda x: -x / 12.0 | NOT_FAIL
"cancelling to jumps" | jagged | CANCELLING | 1e12 | NOT_PASS
"cancelling to jumps" | lambda x: (math.exp(x) - 1.0) / x | CANCELLING |
    lambda x: 0.5 + x / 3.0 + x * x / 8.0 | NOT_FAIL
"cancelling to one value" | lambda x: 1.0 - math.cos(x) | ONE_VALUE | math.sin | NOT_FAIL
"cancelling to one value" | lambda x: 1.0 - math.cos(x) | ONE_VALUE |
    lambda x: math.sin(x) + 0.01 | "fail"
"constant" | lambda x: 5.0 | [1e20] | 1.0 | "fail"
"infinite claim" | math.sqrt | [2.0] | math.inf | "fail"
"lost in 1" | lambda x: 1.0 - math.tanh(x) | [18.0] | -(math.cosh(18.0) ** -2) | NOT_FAIL
"zero beside 0" | lambda x: math.log(1.0 + math.exp(x)) | [2e-9, -1e-10] | 0.0 | "fail"
"zero beside 0" | lambda x: math.exp(-x * x) | [4e-5] | 0.0 | "fail"
"two smooth pieces" | smooth_pieces | [0.0] | 0.0 | "pass"
"two smooth pieces" | smooth_pieces | [0.0] | 1e-3 | NOT_PASS
"wave between floats" | math.sin | [3e13] | math.cos | NOT_FAIL
"slight kink close by" | kink_beside | [0.9 + 1e-6] | lambda x: steep(x) + 1e-3 | NOT_FAIL
"sawtooth" | cancelled | [3e-12] | math.expm1 | NOT_FAIL
"kink left out" | bent | [0.6 - 1e-6] | lambda x: 1.001 * (steep(x) - 0.9) | NOT_PASS
"rounded terms cancel" | lambda x: math.log(1.0 + x) | [1e-16] | 0.0 | NOT_PASS
""",
        globals(),
    ),
    *[
        ("kink", lambda x, at=at: abs(x - at) * 2.0 + x, [at], slope, verdict)
        for at in (1.0, -3.0, 1e-6, 40.0)
        for slope, verdict in ((2.5, "pass"), (3.1, "fail"))
    ],
    *[
        ("beside a jump", lambda x: x * x + 5.0 * (x > 1.0), BESIDE_1, slope, verdict)
        for slope, verdict in (
            *((lambda x: 2.0 * x, "pass"), (lambda x: 2.0002 * x, "fail")),
            *((lambda x: -2.0 * x, "fail"), (lambda x: 2.5 * x, "fail")),
        )
    ],
    *[
        ("lost in 1", lambda x: math.log(1.0 + math.exp(x)), [-35.0, -40.0, -120.0], *row)
        for row in ((math.exp, NOT_FAIL), (0.01, "fail"))
    ],
]


@pytest.mark.parametrize(("name", "f", "xs", "slope", "verdict"), VERDICTS)
def test_verdicts(
    name: str, f: Function, xs: list[float], slope: float | Function, verdict: str
) -> None:
    for x in xs:
        report = gradcheck(f, x, gradient=slope if callable(slope) else constant(slope))
        assert report.verdict in verdict.split()
        if verdict in ("pass", "fail"):
            assert len(report.kinks) == (name in ("kink", "kink in a curve", "cusp"))


@pytest.mark.parametrize("k", [1.2, 1.6, 2.0, 2.4, 2.8, -1.6, -2.4])
def test_a_kink_where_noise_is_looked_for(k: float) -> None:
    for x in (1.0 + k * 2.0**-26, -1.0 + k * 2.0**-26, 1.0 + k * 2.0**-44):
        slope = constant(3.0 * (abs(x) < 1.0))
        assert gradcheck(lambda t: 3.0 * min(max(t, -1.0), 1.0), x, gradient=slope)


def test_a_point_that_jumps_to_both_sides_passes_with_anything() -> None:
    report = gradcheck(TABLE["sign"], 0.0)
    assert report
    assert [interval for _, _, interval in report.kinks] == [(-math.inf, math.inf)] * 2


def noisy(f: Function, size: float) -> Function:
    """f with round-off of its own, the same whenever x is the same."""
    return lambda x: f(x) + size * random.Random(x).uniform(-1.0, 1.0)


def solve(x: float) -> float:
    """y³ + y = x by Newton's method, stopped early."""
    y = 0.0
    for _ in range(100):
        step = (y**3 + y - x) / (3.0 * y * y + 1.0)
        y -= step
        if abs(step) < 1e-6:
            break
    return y


HARD: dict[str, tuple[Function, Function, float, float]] = {
    name: tuple(row)
    for name, *row in table(
        """
"rounded" | lambda x: round(math.sin(x), 6) | math.cos | -3.0 | 3.0
"cancelling" | lambda x: (1e8 + x * x) - 1e8 | lambda x: 2.0 * x | -3.0 | 3.0
"noisy" | noisy(math.sin, 1e-9) | math.cos | -3.0 | 3.0
"very noisy" | noisy(math.sin, 1e-4) | math.cos | -3.0 | 3.0
"float32" | lambda x: float(np.exp(np.float32(x))) | math.exp | 0.5 | 3.0
"solved" | solve | lambda x: 1.0 / (3.0 * solve(x) ** 2 + 1.0) | -3.0 | 3.0
"rippled" | ripple | lambda x: 1.0 + 10.0 * math.cos(1e4 * x) | 0.0 | 3.0
"spiked" | lambda x: math.exp(-((x - 1.0) ** 2) * 1e8) |
    lambda x: -2e8 * (x - 1.0) * math.exp(-((x - 1.0) ** 2) * 1e8) | 0.9998 | 1.0002
"fast" | math.sin | math.cos | 1e5 | 1e7
"broken" | lambda x: math.floor(x) + x * x | lambda x: 2.0 * x | 0.0 | 3.0
""",
        globals(),
    )
}
TOLD_APART = {"float32", "solved", "rippled", "spiked", "fast", "broken"}


@pytest.mark.parametrize("name", HARD)
def test_hard_functions_raise_no_false_alarm(name: str) -> None:
    f, slope, low, high = HARD[name]
    rng = random.Random(0)
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for _ in range(60):
        x = rng.uniform(low, high)
        right[gradcheck(f, x, gradient=slope).verdict] += 1
        wrong[gradcheck(f, x, gradient=lambda x: 1.0001 * slope(x)).verdict] += 1
    assert right["fail"] == 0
    assert wrong["pass"] == 0
    if name in TOLD_APART:
        assert right["pass"] >= 55
        assert wrong["fail"] >= 45


@pytest.mark.parametrize(
    ("f", "slope"),
    table(
        """
math.log | lambda x: 1.0 / x
math.sqrt | lambda x: 0.5 / math.sqrt(x)
lambda x: 1.0 / x | lambda x: -1.0 / x / x
lambda x: x * x | lambda x: 2.0 * x
lambda x: x**-1.5 | lambda x: -1.5 * x**-2.5
""",
        globals(),
    ),
)
@pytest.mark.parametrize(
    "x",
    [
        row
        for (row,) in table(
            """
1e-100
1e-54
1e-9
1e9
1e100
""",
            globals(),
        )
    ],
)
def test_at_every_scale_a_wrong_derivative_fails(
    f: Function, slope: Function, x: float
) -> None:
    assert gradcheck(f, x, gradient=slope)
    for share in (1.0001, -1.0, 0.0):
        report = gradcheck(f, x, gradient=lambda x, share=share: share * slope(x))
        assert report.verdict == "fail"


@pytest.mark.parametrize("draw", HARD_FOR_FLOATS)
def test_what_is_hard_for_floats_is_never_blamed(draw: Any) -> None:
    rng = random.Random(5)
    for _ in range(60):
        f, slope, x = draw(rng)
        assert gradcheck(f, x, gradient=lambda x, slope=slope: slope(x)).verdict != "fail"


def test_between_two_floats_a_function_may_turn() -> None:
    report = gradcheck(math.sin, 1.687457421148563e232, gradient=math.cos)
    assert (report.verdict, "too far apart" in report.reason) == ("inconclusive", True)
    x = float.fromhex("0x1.88074424e3988p+242")
    [check] = node_cases([TABLE["cos"](Value(x))], "differences")
    assert check.decision.verdict == "inconclusive"


ORDERS: dict[str, tuple[Function, Function, float]] = {
    name: tuple(row)
    for name, *row in table(
        """
"power" | lambda x: x**150 | lambda x: 150.0 * x**149 | 0.99
"high power" | lambda x: x**200 | lambda x: 200.0 * x**199 | 0.9
"higher power" | lambda x: x**1000 | lambda x: 1000.0 * x**999 | 1.01
"erfc" | math.erfc | lambda x: -2.0 / math.sqrt(math.pi) * math.exp(-x * x) | 10.0
"tail of erfc" | math.erfc | lambda x: -2.0 / math.sqrt(math.pi) * math.exp(-x * x) | 25.0
"bell" | lambda x: math.exp(-x * x) | lambda x: -2.0 * x * math.exp(-x * x) | 10.0
"tail of a bell" | lambda x: math.exp(-x * x) | lambda x: -2.0 * x * math.exp(-x * x) | 20.0
"decay" | lambda x: math.exp(-500.0 * x) | lambda x: -500.0 * math.exp(-500.0 * x) | 1.0
"wave" | lambda x: math.sin(300.0 * x) | lambda x: 300.0 * math.cos(300.0 * x) | 2.0
"fast wave" | lambda x: math.sin(1e3 * x) | lambda x: 1e3 * math.cos(1e3 * x) | 2.0
""",
        globals(),
    )
}


@pytest.mark.parametrize("name", ORDERS)
def test_values_that_change_by_orders_of_magnitude_can_be_told(name: str) -> None:
    f, slope, x = ORDERS[name]
    assert gradcheck(f, x, gradient=slope)
    for share in (1.0001, 0.9999, -1.0, 0.0):
        report = gradcheck(f, x, gradient=constant(share * slope(x)))
        assert report.verdict == "fail"


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    table(
        """
lambda x: x * abs(x) | 0.0 | 0.0
lambda x: (x - 1.0) * abs(x - 1.0) | 1.0 | 0.0
lambda x: x * abs(x) + 3.0 * x | 0.0 | 3.0
lambda x: x * math.sqrt(abs(x)) | 0.0 | 0.0
lambda x: x * math.sqrt(x) | 0.0 | 0.0
lambda x: 3.0 * x + x**1.1 if x >= 0.0 else math.nan | 0.0 | 3.0
lambda x: (0.7 - x) * math.sqrt(0.7 - x) | 0.7 | 0.0
lambda x: 2.0 * x + (x - 1.0) * math.sqrt(x - 1.0) | 1.0 | 2.0
""",
        globals(),
    ),
)
def test_slopes_that_fall_like_any_power_have_a_limit(
    f: Function, x: float, slope: float
) -> None:
    assert gradcheck(f, x, gradient=constant(slope))
    for wrong in (slope + 0.5, 1.0001 * slope, -slope):
        if wrong != slope:
            assert gradcheck(f, x, gradient=constant(wrong)).verdict != "pass"
    assert gradcheck(f, x, gradient=constant(slope - 0.3)).verdict == "fail"


@pytest.mark.parametrize("oracle", ["auto", "differences"])
@pytest.mark.parametrize("p", [1.1, 1.5, 2.5, 0.5])
def test_a_power_has_one_side_at_0(p: float, oracle: Any) -> None:
    assert gradcheck(lambda x: TABLE["pow"](x, p), 0.0, oracle=oracle)
    with planted("pow", lambda d: d + 0.01):
        report = gradcheck(lambda x: TABLE["pow"](x, p), 0.0, oracle=oracle)
    if p > 1.0:
        assert (report.verdict, report.primitive) == ("fail", "pow")


def test_a_derivative_that_overflows_is_not_called_wrong() -> None:
    [check] = node_cases([TABLE["pow"](Value(-8.559098639695547e-129), -2.0)], "differences")
    assert math.isinf(check.analytic)
    assert check.decision.verdict == "inconclusive"
    for x in (5e-324, 1e-310):
        report = gradcheck(TABLE["log"], x)
        assert (report.verdict, report.analytic) == ("inconclusive", math.inf)


def test_a_derivative_that_underflows_is_not_called_wrong() -> None:
    report = gradcheck(lambda x: x**-556.0369909235603, 3.719184904139968)
    assert abs(report.analytic) < 1e-308
    assert report.verdict != "fail"


@pytest.mark.parametrize("gap", [2.0**-53, 2.0**-52, 1e-15, 1e-12, 1e-9])
def test_close_to_an_edge_a_steep_slope_is_not_an_infinite_one(gap: float) -> None:
    x = 1.0 - gap
    report = gradcheck(TABLE["acos"], x, oracle="differences")
    assert report.verdict in ("pass", "inconclusive")
    assert gradcheck(TABLE["acos"], x)


@pytest.mark.parametrize(
    ("name", "x"), [("atanh", -0.9999999983751259), ("log1p", -0.9999999987683993)]
)
def test_an_edge_that_larger_steps_do_not_feel(name: str, x: float) -> None:
    assert gradcheck(TABLE[name], x, oracle="differences").verdict != "fail"


@pytest.mark.parametrize("oracle", ["auto", "differences"])
@pytest.mark.parametrize("name", ["mod", "floordiv"])
def test_jumps_that_are_close_together_are_not_blamed(name: str, oracle: Any) -> None:
    points = [(-5.4e81, 8.4e-4), (0.067, 6.4e-112), (0.0, 5.9e-128), (5e3, 0.7), (-3e9, 7.3)]
    for x, y in points:
        assert gradcheck(TABLE[name], x, y, oracle=oracle).verdict != "fail"
    with planted(name, lambda d: d * 1.0001 + 0.001):
        assert gradcheck(TABLE[name], 5e3, 0.7, oracle=oracle).primitive == name


def test_a_partial_that_does_not_exist_is_left_out() -> None:
    [check] = node_cases([TABLE["pow"](Value(-2.0), Value(3.0))], "differences")
    assert (check.where, check.decision.verdict) == ("operand 0", "pass")
