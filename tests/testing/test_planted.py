"""Every rule, broken in every way: the checker must see it and name the primitive."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import nn.losses  # noqa: F401  (it defines primitives as a user would)
from autograd import Value
from autograd.core.primitive import TABLE
from autograd.core.sweeps import topological_order
from autograd.testing import gradcheck
from autograd.testing.guards import is_rough
from autograd.testing.recorded import node_cases
from tests.core import smooth
from tests.testing.measure import (
    NAMES,
    PLANTS,
    measure,
    measure_by_hand,
    measure_programs,
    planted,
    replaced,
)
from tests.testing.programs import Listing, programs
from tests.testing.thresholds import constant, errors, threshold

CHANGES: dict[str, Callable[[Any], Any]] = {
    "x 1.0001": lambda d: d * 1.0001,
    "x 0.9999": lambda d: d * 0.9999,
    "sign": lambda d: -d,
    "zero": lambda d: d * 0.0,
}
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
def test_the_rules_as_they_are(name: str) -> None:
    for xs in SMOOTH[name]:
        report = check(name, xs)
        assert report, f"{xs}: {report}"


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_broken_rule_is_named(name: str, change: str) -> None:
    broken = 0
    for xs in SMOOTH[name]:
        right = partials(name, xs)
        with planted(name, CHANGES[change]):
            wrong = partials(name, xs)
            if all(a == b or math.isnan(a) for a, b in zip(right, wrong)):
                continue
            report = check(name, xs)
        broken += 1
        assert (report.verdict, report.primitive) == ("fail", name), f"{xs}: {report}"
    assert broken or name in ("sign", "floordiv")  # whose partials are 0


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_arguments_in_the_wrong_order(name: str) -> None:
    op = TABLE[name]

    def swapped(rule: Callable[..., Any]) -> Callable[..., Any]:
        if op.variadic:
            return lambda out, *xs: tuple(reversed(rule(out, *xs)))
        if op.arity == 1:
            return lambda out, x: rule(x, out)
        return lambda out, *xs: rule(out, *reversed(xs))

    for xs in SMOOTH[name]:
        right = partials(name, xs)
        with replaced(op, [swapped(rule) for rule in op.rules]):
            try:
                wrong = partials(name, xs)
                report = check(name, xs)
            except (TypeError, ValueError, ArithmeticError):
                continue
            if not any(abs(a - b) > 1e-4 * abs(a) for a, b in zip(right, wrong)):
                continue
        assert (report.verdict, report.primitive) == ("fail", name), f"{xs}: {report}"


@pytest.mark.parametrize("name", ["exp", "mul", "log"])
def test_programs_shrink_to_the_broken_rule(name: str) -> None:
    smallest: list[Listing] = []

    @settings(
        max_examples=200, database=None, derandomize=True, phases=[Phase.generate, Phase.shrink]
    )
    @given(programs(primitives=["add", "cos", name]))
    def every_program_passes(program: Listing) -> None:
        report = gradcheck(program, *program.starts)
        if not report:
            smallest.append(program)
        assert report

    with planted(name, CHANGES["x 1.0001"]), pytest.raises(AssertionError):
        every_program_passes()
    assert min(len(program.steps) for program in smallest) <= 2


@settings(max_examples=100)
@given(programs(), st.data())
def test_a_broken_rule_in_a_program_is_named(program: Listing, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([step.name for step in program.steps]))
    assert gradcheck(program, *program.starts)
    with planted(name, CHANGES["x 1.0001"]):
        report = gradcheck(program, *program.starts)
        order, _ = topological_order(program.record()[1])
        changed = [d for node in order if node.op is TABLE[name] for d in node.partials if d]
    assert not any(0.0 < abs(d) < sys.float_info.min for d in changed)
    assert (report.verdict, report.primitive) == (("fail", name) if changed else ("pass", None))


@pytest.mark.parametrize(
    ("name", "xs"), [("atan2", (1.0, 2.2e-313)), ("gaussian", (1.0, 2.2e-309))]
)
def test_a_partial_below_the_smallest_normal_number(name: str, xs: tuple[float, ...]) -> None:
    assert gradcheck(TABLE[name], *xs)
    with planted(name, CHANGES["x 1.0001"]):
        report = gradcheck(lambda x: TABLE[name](x, xs[1]), xs[0])
    assert (report.verdict, report.primitive) == ("inconclusive", name)
    assert "floats lose digits" in report.reason


def test_large_steps_do_not_pass_a_tiny_partial_with_the_wrong_sign() -> None:
    with planted("nn.huber_loss", CHANGES["sign"]) as wrong:
        _, case = node_cases([wrong(Value(-1.97e-119), Value(0.0))], "differences")
    assert case.decision.verdict != "pass"


@settings(max_examples=30)
@given(programs(max_ops=6))
def test_second_derivatives_of_programs(program: Listing) -> None:
    assert gradcheck(program, *program.starts, order=2)


# ---------------------------------------------------------------- how often it errs


def is_sound(found: Counter[tuple[str, str]]) -> bool:
    """Whether nothing is missed, no alarm is false, and less than 2 % undecided."""
    missed = [found[plant, "pass"] for plant in PLANTS] + [found["x 1.0001", "other"]]
    undecided = sum([n for (_, verdict), n in found.items() if verdict == "inconclusive"])
    return not any([*missed, found["nothing", "fail"]]) and undecided < 0.02 * found.total()


def test_over_the_table_nothing_is_missed_and_no_alarm_is_false() -> None:
    """Anywhere in the domains: tiny and huge numbers, edges, operands that nearly tie."""
    assert len(NAMES) > 50
    assert is_sound(measure(12, seed=1))


def test_over_programs_nothing_is_missed_and_no_alarm_is_false() -> None:
    assert is_sound(measure_programs(150, seed=1))
    assert is_sound(measure_by_hand(150, seed=2))


@pytest.mark.slow
def test_a_threshold_that_is_wrong_shows() -> None:
    assert errors()[:2] == (0, 0)
    with constant("MULTIPLE", 4.0, 4e-6):
        assert errors()[0] > 0
    with threshold(is_rough, 2.0, 0.0):
        assert errors()[2] > 600
    with constant("FLOATS", 2.0**14, 0.0):
        assert errors()[0] > 0


@pytest.mark.soak
def test_ten_thousand_programs() -> None:
    assert is_sound(measure_programs(10_000, 1))
    assert is_sound(measure_by_hand(10_000, 2))
    assert is_sound(measure_programs(1_000, 3, order=2))
    assert is_sound(measure_programs(300, 4, order=3))
    assert is_sound(measure(300, 5))
