"""Near a tie rounding decides nothing: the function does."""

import math
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import autograd
from autograd.core.operand import primal
from autograd.program import compile
from tests.program.test_check import program

TAKEN, LEFT = 1.0, 2.0


def ends(a: float, b: float) -> list[float]:
    """Two numbers, their neighbours, and what lies between."""
    found = [a, b, 0.5 * (a + b)]
    for x in (a, b):
        found += [math.nextafter(x, math.inf), math.nextafter(x, -math.inf)]
    return found


@pytest.mark.parametrize("lanes", [False, True])
def test_no_near_tie_takes_the_other_branch(lanes: bool) -> None:
    differ = 0
    for seed in range(110):
        random = Random(seed)
        g, point = program(random, terms=1)

        def f(xs: Any, t: Any, g: Callable[[Any], Any] = g) -> Any:
            return xs[0] * (TAKEN if g(xs) > t else LEFT)

        points = [
            [x * (1.0 + 0.01 * random.uniform(-1.0, 1.0)) for x in point] for _ in range(4)
        ]
        try:
            expected = [primal(g([*map(autograd.Value, xs)])) for xs in points]
            other = compile(g, 0 if lanes else None, verify=False)
            given = other(points) if lanes else [other(xs) for xs in points]
        except (ValueError, ArithmeticError):
            continue
        differ += sum([a != b for a, b in zip(expected, given)])
        samples = [(xs, t) for xs, a, b in zip(points, expected, given) for t in ends(a, b)]
        if lanes:
            decided = compile(f, (0, 0), verify=False)(*map(list, zip(*samples)))
        else:
            fast = compile(f, verify=False)
            decided = [fast(*sample) for sample in samples]
        assert decided == [f(*sample) for sample in samples], seed
    assert differ > 30
