"""Every rule, broken in every way: the checker must see it and name the primitive."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import nn.losses  # noqa: F401  (it defines primitives as a user would)
from autograd import Value
from autograd.core.primitive import TABLE
from autograd.testing import gradcheck
from autograd.testing.recorded import node_cases
from tests.helpers import smooth
from tests.helpers.measure import (
    NAMES,
    PLANTS,
    measure,
    measure_by_hand,
    measure_programs,
    planted,
)

CHANGES: list[Callable[[Any], Any]] = [
    lambda d: d * 1.0001,
    lambda d: d * 0.9999,
    lambda d: -d,
    lambda d: d * 0.0,
]
SMOOTH: dict[str, list[tuple[float, ...]]] = {
    **smooth.SMOOTH,
    "nn.binary_cross_entropy": [(0.3, 0.6), (0.9, 0.1)],
    "nn.binary_cross_entropy_with_logits": [(0.7, 0.6), (-2.0, 0.1)],
    "nn.huber_loss": [(0.4, 1.0), (3.0, 1.0)],
}


def partials(name: str, xs: tuple[float, ...]) -> tuple[float, ...]:
    node = TABLE[name](*map(Value, xs))
    return tuple(node.partials)


def check(name: str, xs: tuple[float, ...]) -> Any:
    if name == "pow" and xs[0] < 0.0:  # no derivative in the exponent
        return gradcheck(lambda x: TABLE[name](x, xs[1]), xs[0])
    return gradcheck(TABLE[name], *xs)


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_broken_rule_is_named(name: str) -> None:
    broken = 0
    for xs in SMOOTH[name]:
        report, right = check(name, xs), partials(name, xs)
        assert report, f"{xs}: {report}"
        for change in CHANGES:
            with planted(name, change):
                wrong = partials(name, xs)
                if all(a == b or math.isnan(a) for a, b in zip(right, wrong)):
                    continue
                report = check(name, xs)
            broken += 1
            assert (report.verdict, report.primitive) == ("fail", name), f"{xs}: {report}"
    assert broken or name in ("sign", "floordiv")  # whose partials are 0


@pytest.mark.parametrize(
    ("name", "xs"), [("atan2", (1.0, 2.2e-313)), ("gaussian", (1.0, 2.2e-309))]
)
def test_a_partial_below_the_smallest_normal_number(name: str, xs: tuple[float, ...]) -> None:
    assert gradcheck(TABLE[name], *xs)
    with planted(name, CHANGES[0]):
        report = gradcheck(lambda x: TABLE[name](x, xs[1]), xs[0])
    assert (report.verdict, report.primitive) == ("inconclusive", name)
    assert "floats lose digits" in report.reason


def test_large_steps_pass_no_tiny_partial_of_the_wrong_sign() -> None:
    with planted("nn.huber_loss", CHANGES[2]) as wrong:
        _, case = node_cases([wrong(Value(-1.97e-119), Value(0.0))], "differences")
    assert case.decision.verdict != "pass"


@pytest.mark.parametrize(
    ("name", "xs", "slot", "change"),
    [
        ("nn.cross_entropy", (2.0, 0.1, -3.7e11, -1.94, -24.96), 3, CHANGES[0]),
        ("nn.cross_entropy", (0.0, 0.1, -8.2e11, 3.16, -2.6), 4, CHANGES[0]),
        ("logsumexp", (44.8, -6.8e104, -1.9), 2, CHANGES[0]),
        ("pow", (1.13e-124, 2.87), 0, CHANGES[2]),
    ],
)
def test_round_off_that_hides_a_slope_decides_nothing(
    name: str, xs: tuple[float, ...], slot: int, change: Any
) -> None:
    operands = [Value(x) if i == slot else x for i, x in enumerate(xs)]
    [right] = node_cases([TABLE[name](*operands)], "differences")
    with planted(name, change) as wrong:
        [case] = node_cases([wrong(*operands)], "differences")
    assert right.decision.verdict != "fail"
    assert case.decision.verdict != "pass"


# ---------------------------------------------------------------- how often it errs


def is_sound(found: Counter[tuple[str, str]]) -> bool:
    """Whether nothing is missed, no alarm is false, and less than 2 % undecided."""
    missed = [found[plant, "pass"] for plant in PLANTS] + [found["x 1.0001", "other"]]
    undecided = sum([n for (_, verdict), n in found.items() if verdict == "inconclusive"])
    return not any([*missed, found["nothing", "fail"]]) and undecided < 0.02 * found.total()


def test_over_the_table_nothing_is_missed_and_no_alarm_is_false() -> None:
    """Anywhere in the domains: tiny and huge numbers, edges, operands that nearly tie."""
    assert len(NAMES) > 50
    assert is_sound(measure(6, seed=1))


def test_over_programs_nothing_is_missed_and_no_alarm_is_false() -> None:
    assert is_sound(measure_programs(150, seed=1))
    assert is_sound(measure_programs(30, seed=3, order=2))
    assert is_sound(measure_by_hand(150, seed=2))


@pytest.mark.soak
def test_ten_thousand_programs() -> None:
    assert is_sound(measure_programs(10_000, 1))
    assert is_sound(measure_by_hand(10_000, 2))
    assert is_sound(measure_programs(1_000, 3, order=2))
    assert is_sound(measure_programs(300, 4, order=3))
    assert is_sound(measure(300, 5))
