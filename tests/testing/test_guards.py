"""A function for each guard of the decision, which without it would be misjudged.

`python -m tests.testing.thresholds` takes the guards out, one at a time.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from autograd.testing import decide, differences, gradcheck, guards

Function = Callable[[float], float]
PASS, NOT_FAIL, NOT_PASS = {"pass"}, {"pass", "inconclusive"}, {"fail", "inconclusive"}


class Need(NamedTuple):
    """A function at a point, what is claimed of it, and the verdicts that are right."""

    f: Function
    x: float
    claim: float
    verdicts: set[str]


def cancelling(x: float) -> float:
    return math.exp(x) - 1.0 - x


def slight_kink(x: float) -> float:
    return math.exp(3.0 * x) + 1e-3 * abs(x - 0.9)


def kink_in_a_curve(x: float) -> float:
    return math.exp(3.0 * x) + 0.9 * abs(x - 0.6)


def steep(x: float) -> float:
    return 3.0 * math.exp(3.0 * x)


CLOSE, LEFT, BETWEEN = 0.9 + 1e-6, 0.6 - 1e-6, 1.2106910254605485e-05
NEEDS = {
    "floats_too_far_apart": Need(math.sin, 3e13, math.cos(3e13), NOT_FAIL),
    "at_smallest_step": Need(slight_kink, CLOSE, steep(CLOSE) + 1e-3, NOT_FAIL),
    "is_sawtooth": Need(cancelling, 3e-12, math.expm1(3e-12), NOT_FAIL),
    "treads": Need(lambda x: math.log(1.0 + math.exp(x)), -40.0, math.exp(-40.0), NOT_FAIL),
    "is_kink_here": Need(kink_in_a_curve, LEFT, 1.001 * (steep(LEFT) - 0.9), NOT_PASS),
    "beside_corner": Need(lambda x: x * x + 5.0 * (x > 1.0), 1.0 + 1e-8, 2.0 + 2e-8, PASS),
    "is_rough": Need(cancelling, BETWEEN, math.expm1(BETWEEN), NOT_FAIL),
    "hidden_grid": Need(lambda x: math.log(1.0 + x), 1e-16, 0.0, NOT_PASS),
    "quieter_side": Need(lambda x: 2.0 * abs(x - 1.0) + x, 1.0, 2.5, PASS),
}


@pytest.mark.parametrize("guard", NEEDS)
def test_a_function_that_needs_a_guard_is_judged_rightly(guard: str) -> None:
    f, x, claim, verdicts = NEEDS[guard]
    assert gradcheck(f, x, gradient=lambda x: claim).verdict in verdicts


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


@pytest.mark.parametrize("module", [differences, guards, decide])
def test_every_number_of_the_decision_has_a_name_and_a_reason(module: object) -> None:
    """Zero, one, two, a half and their signs need none."""
    text = Path(str(getattr(module, "__file__", ""))).read_text("utf-8")
    tree, lines, named = ast.parse(text), text.splitlines(), set[ast.AST]()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(map(is_number, ast.walk(node))):
            named |= {*ast.walk(node)}
            reason = "".join(lines[node.lineno - 2 : node.lineno]).partition("#")[2]
            assert reason, f"{lines[node.lineno - 1]} has no reason"
    others = [x for x in ast.walk(tree) if is_number(x) and x not in named]
    assert {x.value for x in others if isinstance(x, ast.Constant)} <= {0, 1, 2, 0.5}
