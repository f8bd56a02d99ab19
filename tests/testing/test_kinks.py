"""At a kink any subgradient passes; beside it, however close by, only the derivative."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from autograd.testing import gradcheck
from tests.helpers.tables import table

Function = Callable[[float], float]
PIECES: list[tuple[Function, Function]] = table(
    """
math.sin | math.cos
math.exp | math.exp
lambda x: x | lambda x: 1.0
lambda x: x * x | lambda x: 2.0 * x
lambda x: 0.0 | lambda x: 0.0
lambda x: x**3 - x | lambda x: 3.0 * x * x - 1.0
""",
    globals(),
)
DISTANCES = [10.0**-k for k in range(2, 13)]


class Meeting(NamedTuple):
    """The larger or the smaller of two functions that meet at s; their slopes beside it."""

    f: Function
    s: float
    slopes: tuple[Function, Function]

    def beside(self, x: float) -> tuple[float, float]:
        """The derivative at x, and the one beyond the kink."""
        left, right = self.slopes
        return (left(x), right(x)) if x < self.s else (right(x), left(x))


def meeting(rng: random.Random) -> Meeting:
    while True:
        (a, da), (b, db) = rng.sample(PIECES, 2)
        s, k = rng.uniform(-3.0, 3.0), rng.choice([1.0, 1.0, 0.01, 100.0])
        if abs(k * da(s) - db(s)) > 0.05:
            break
    choose = rng.choice([max, min])
    at, bt = a(s), b(s)
    slopes = (lambda x: k * da(x)), db
    if (slopes[0](s) > slopes[1](s)) == (choose is max):
        slopes = slopes[1], slopes[0]
    return Meeting(lambda x: choose(k * (a(x) - at), b(x) - bt), s, slopes)


def meetings(count: int, seed: int) -> Iterator[Meeting]:
    rng = random.Random(seed)
    return (meeting(rng) for _ in range(count))


def verdict(f: Function, x: float, slope: float) -> str:
    report = gradcheck(f, x, gradient=lambda x: slope)
    assert report.evaluations <= 40
    return report.verdict


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("distance", DISTANCES)
def test_beside_a_kink_only_the_derivative_passes(distance: float, side: float) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for case in meetings(16, round(1.0 / distance)):
        x = case.s + side * distance
        slope, other = case.beside(x)
        found["right", verdict(case.f, x, slope)] += 1
        for wrong in (1.0001 * slope, 0.9999 * slope, 0.5 * (slope + other), other):
            if abs(wrong - slope) > 5e-5 * max(abs(slope), 0.1):
                found["wrong", verdict(case.f, x, wrong)] += 1
    assert found["right", "fail"] == found["wrong", "pass"] == 0
    assert found["right", "pass"] >= 14
    assert found["wrong", "fail"] >= 44


def hinge(x: float) -> float:
    return max(x, 0.0)


S, E = math.sqrt(0.5), math.exp(1.3)
KINKS: dict[str, tuple[Function, float, float, float]] = {
    name: tuple(row)
    for name, *row in table(
        """
"relu" | hinge | 0.0 | 0.0 | 1.0
"relu of a difference" | lambda x: hinge(x - 1.0) | 1.0 | 0.0 | 1.0
"flat" | lambda x: 1e-3 * hinge(x) | 0.0 | 0.0 | 1e-3
"leaky" | lambda x: x if x > 0.0 else 0.01 * x | 0.0 | 0.01 | 1.0
"raised" | lambda x: abs(x) + 1.0 | 0.0 | -1.0 | 1.0
"curved" | lambda x: abs(x) + math.cos(x) | 0.0 | -1.0 | 1.0
"cancelling" | lambda x: hinge(math.exp(x) - E) | 1.3 | 0.0 | E
"cancelling at 0" | lambda x: hinge(math.exp(x) - 1.0) | 0.0 | 0.0 | 1.0
"weighted" | lambda x: hinge(x - 2.0) * math.exp(x) | 2.0 | 0.0 | math.exp(2.0)
"clip" | lambda x: min(max(x, -1.0), 1.0) | 1.0 | 0.0 | 1.0
"tie" | lambda x: max(x * x, 3.0 * x - 2.0) | 1.0 | 2.0 | 3.0
"crossing" | lambda x: max(math.sin(x), math.cos(x)) | math.pi / 4.0 | -S | S
"tiny" | lambda x: abs(x - 1e-300) | 1e-300 | -1.0 | 1.0
"huge" | lambda x: abs(x - 1e300) | 1e300 | -1.0 | 1.0
""",
        globals(),
    )
}


@pytest.mark.parametrize("name", KINKS)
def test_at_a_kink_the_subgradients_pass(name: str) -> None:
    f, x, low, high = KINKS[name]
    gap = high - low
    for slope in (low, low + 0.5 * gap, high):
        report = gradcheck(f, x, gradient=lambda x, slope=slope: slope)
        [(_, _, interval)] = report.kinks
        assert report.verdict == "pass"
        assert interval == pytest.approx((low, high), rel=1e-6, abs=1e-6 * gap)
    for slope in (low - 0.5 * gap, low - 1e-4 * gap, high + 1e-4 * gap, high + 0.5 * gap):
        report = gradcheck(f, x, gradient=lambda x, slope=slope: slope)
        assert report.verdict == "fail"
        assert "outside [" in report.reason
    assert verdict(f, x, math.inf) == "fail"


def test_a_kink_that_round_off_hides_is_none() -> None:
    def f(x: float) -> float:
        return 1000.0 + hinge(x - 0.3)

    assert [verdict(f, 0.3, slope) for slope in (0.0, 0.5, 1.0)] == ["inconclusive"] * 3
    assert [verdict(f, 0.3, slope) for slope in (-0.5, 1.5)] == ["fail"] * 2


@pytest.mark.parametrize("k", [3e-3, 3e-2, 0.3])
def test_a_kink_that_a_bend_hides_raises_no_false_alarm(k: float) -> None:
    """Differences to both sides agree better and better until the step is small."""
    rng = random.Random(0)
    found: Counter[str] = Counter()
    for _ in range(40):
        s = rng.uniform(0.5, 3.0)
        slope = 4.0 * s**3

        def f(x: float, s: float = s) -> float:
            return x**4 - s**4 + k * hinge(x - s)

        found.update(["at " + verdict(f, s, slope + w * k) for w in (0.0, 1.0)])
        found["out " + verdict(f, s, 1.01 * (slope + k))] += 1
        x = s + rng.choice([1.0, -1.0]) * 10.0 ** rng.uniform(-7.0, -2.0)
        found["beside " + verdict(f, x, 4.0 * x**3 + k * (x > s))] += 1
    assert found["at fail"] == found["beside fail"] == found["out pass"] == 0
