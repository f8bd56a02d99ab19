"""Every message of the checker, as users see it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import primitive, relu, sin, sqrt  # noqa: F401  (rows name these)
from autograd.core.primitive import TABLE
from autograd.testing import Report, gradcheck
from tests.helpers.hard import HARD_FOR_FLOATS  # noqa: F401  (rows name it)
from tests.helpers.measure import planted
from tests.helpers.tables import table

TOLD, WRONG = "inconclusive: nothing can be told: ", "fail: a derivative is wrong: "
ANOTHER = f"{WRONG}differences give another value"
LOOK = "every recorded partial is right, so look for .data and detach() in f"
SEED = "it differs from call to call; seed what it draws"
KINK = "subgradients that are right one by one need not add up to one of f"


def by_hand(f: Any, x: Any, slope: Any, **options: Any) -> Callable[[], Report]:
    given = slope if callable(slope) else lambda *x: slope
    return lambda: gradcheck(f, x, gradient=given, **options)


def alone(x: float) -> float:
    if x != 1.0:
        raise ValueError
    return 1.0


def with_a_hole(x: float) -> float:
    if 0.0 < abs(x - 1.0) < 1e-6:
        raise ValueError
    return x * x


def of_a_rule(name: str, *xs: float, **options: Any) -> Callable[[], Report]:
    """With the partials of a primitive × 1.0001."""

    def check() -> Report:
        with planted(name, lambda d: d * 1.0001):
            return gradcheck(lambda x: TABLE[name](x, *xs[1:]), xs[0], **options)

    return check


def drawn(maker: Any, place: int) -> Callable[[], Report]:
    rng = random.Random(0)
    f, slope, x = [maker(rng) for _ in range(place + 1)][-1]
    return by_hand(f, x, slope)


MESSAGES: dict[str, Callable[[], Report]] = dict(
    table(
        """
"pass: the derivative agrees" | by_hand(math.exp, 1.0, math.exp)
"pass: all 5 derivatives agree" | lambda: gradcheck(lambda x: x * x * x, 2.0)
"pass: there is nothing to check" | lambda: gradcheck(lambda: 1.0)
ANOTHER | by_hand(lambda x: x * x, 3.0, 7.5)
f"{ANOTHER}; it is twice what it should be" | by_hand(lambda x: x * x, 3.0, 12.0)
f"{ANOTHER}; its sign is wrong" | by_hand(lambda x: x * x, 3.0, -6.0)
f"{ANOTHER}; it is 0" | by_hand(lambda x: x * x, 3.0, 0.0)
f"{WRONG}it is NaN where f is finite" | by_hand(lambda x: x * x, 3.0, math.nan)
f"{WRONG}it is infinite where differences are not" | by_hand(lambda x: x * x, 3.0, math.inf)
f"{WRONG}it is outside [-1, 1] at a kink" | by_hand(abs, 0.0, 2.0)
f"{WRONG}it is not 0 at a jump" | by_hand(lambda x: math.floor(x) + x * x, 0.0, 1.0)
f"{WRONG}it is not inf at an edge" | by_hand(math.sqrt, 0.0, 1.0)
f"{WRONG}it is not inf at a vertical tangent" | by_hand(math.cbrt, 0.0, 1.0)
f"{WRONG}mpmath gives another value" | of_a_rule("exp", 1.0, oracle="mpmath")
f"{ANOTHER}; {LOOK}" | lambda: gradcheck(lambda x: sin(x.detach()) * x, 2.0)
f"{ANOTHER}; it is 0; relu is at its kink, where {KINK}" |
    lambda: gradcheck(lambda x: relu(x) - relu(-x), 0.0)
f"{WRONG}forward and reverse mode differ; {LOOK}" |
    lambda: gradcheck(lambda x: 1.0 / (x * math.inf), 1.0)
f"fail: f is nondeterministic: {SEED}" |
    lambda: gradcheck(lambda x: x * random.random(), 2.0)
f"fail: the derivative is nondeterministic: {SEED}" |
    by_hand(lambda x: x * x, 2.0, lambda x: x * random.random())
"fail: the result of gradient has the shape (4, 1), and must have (4,): reshape it" |
    by_hand(np.sum, np.ones(4), np.ones((4, 1)))
"inconclusive: f is nan there" | by_hand(lambda x: math.nan, 1.0, 1.0)
"inconclusive: f is inf there" | by_hand(lambda x: math.inf, 1.0, 1.0)
"inconclusive: a derivative of order 1 is inf there" | lambda: gradcheck(sqrt, 0.0, order=2)
f"{TOLD}round-off hides it" | by_hand(lambda x: 1e9 + math.sin(x), 1e-3, math.cos)
f"{TOLD}it bends or jumps close by" | by_hand(lambda x: x // -1.784e-9, -5.8e-10, 0.0)
f"{TOLD}floats are too far apart here" | by_hand(math.sin, 6676015939874.217, math.cos)
f"{TOLD}differences do not settle" | drawn(HARD_FOR_FLOATS[4], 0)
f"{TOLD}there are no values near" | by_hand(alone, 1.0, 1.0)
f"{TOLD}smaller steps cannot tell" | by_hand(with_a_hole, 1.0, 2.001)
f"{TOLD}smaller steps tell otherwise" | drawn(HARD_FOR_FLOATS[0], 0)
f"{TOLD}so close to 0 floats lose digits" | of_a_rule("atan2", 1.0, 2.2e-313)
f"{TOLD}mpmath finds no single derivative" | lambda: gradcheck(abs, 0.0, oracle="mpmath")
""",
        globals(),
    )
) | {
    f"{WRONG}a complex step gives another value": by_hand(
        lambda x: 1.0 + 1e-9 * np.sin(x), 0.7, 1.0001e-9 * math.cos(0.7), oracle="complex"
    )
}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_as_users_see_it(message: str) -> None:
    random.seed(0)
    with np.errstate(all="ignore"):
        report = MESSAGES[message]()
    assert str(report).splitlines()[0] == message


def test_the_lines_below_the_message() -> None:
    wrong = primitive("cube_7", lambda x: x**3, lambda out, x: 3.0003 * x * x)
    assert str(gradcheck(lambda x: wrong(x) + relu(-0.0 * x), 2.0)).splitlines() == [
        ANOTHER,
        "  at        operand 0 of cube_7(2.0) = 2.0 (0x1.0000000000000p+1)",
        "  analytic  12.0012",
        "  numeric   12.0 ± 5.5e-13 (differences)",
        "  primitive cube_7",
        "  kink      operand 0 of relu(-0.0) = -0.0: any of [0, 1]",
    ]
    report = gradcheck(lambda x: x * x * x - x * x, 1e-300 * 0.0 - 0.0, order=2)
    assert "analytic  -0.0" not in str(report)
    assert str(report).splitlines()[-1] == "  order     2"
