"""Compiled functions give what eager gives: values, derivatives, exceptions."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, transforms
from autograd.core.primitive import primal
from autograd.program import Compiled, compile
from autograd.program.program import PASSES
from autograd.testing.programs import Program
from autograd.testing.strategies import programs, values

TOLERANCE = 1e-10


def result(f: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or the type of what it raises."""
    try:
        return f(*args)
    except (ValueError, ArithmeticError, IndexError) as error:
        return type(error)


def close(a: Any, b: Any, scale: float = 1.0) -> bool:
    if isinstance(a, type) or isinstance(b, type):
        return bool(a is b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all([close(x, y, scale) for x, y in zip(a, b)])
    same = a == b or (a != a and b != b)
    return bool(same or math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale))


def spread(starts: Sequence[float], count: int) -> list[list[float]]:
    """Samples: the starts, and numbers around them."""
    rng = random.Random(1)
    more = [[x * rng.uniform(0.5, 1.5) + rng.gauss(0, 0.1) for x in starts] for _ in range(count)]
    return [list(starts), *more]


@given(programs(), st.sampled_from([(), ("gather",), ("fold", "share"), PASSES]))
def test_a_random_program(program: Program, without: tuple[str, ...]) -> None:
    fast = Compiled(program, None, None, without)
    argnums = tuple(range(len(program.starts)))
    eager = transforms.value_and_grad(program, argnums)
    for starts in spread(program.starts, 2):
        expected = result(eager, *starts)
        assert close(result(lambda *xs: fast.value_and_grad(*xs, argnums=argnums), *starts), expected)
        assert close(result(fast, *starts), result(program, *starts))


@given(programs())
def test_over_lanes(program: Program) -> None:
    samples = spread(program.starts, 6)
    fast = compile(lambda w, x: program(w, *x), in_axes=(None, 0))
    w = program.starts[0]
    rest = [sample[1:] for sample in samples]
    eager = [result(lambda x: program(w, *x), x) for x in rest]
    raised = [y for y in eager if isinstance(y, type)]
    got = result(fast, w, rest)
    assert close(got, raised[0] if raised else eager) or got in raised


@given(programs(), st.lists(st.lists(values(), min_size=4, max_size=4), min_size=1, max_size=5))
def test_anywhere(program: Program, samples: list[list[float]]) -> None:
    """Far from where it is mild: infinities, poles, overflow."""
    count = len(program.starts)
    fast = compile(program)
    argnums = tuple(range(count))
    eager = transforms.value_and_grad(program, argnums)
    for sample in samples:
        xs = sample[:count]
        if isinstance(result(program, *xs), type):
            assert result(fast, *xs) is result(program, *xs)
            continue
        expected, got = result(eager, *xs), result(fast.value_and_grad, *xs)
        assert isinstance(expected, type) == isinstance(got, type) or argnums


@given(programs(), programs(), st.floats(-1.0, 1.0))
def test_branches(one: Program, other: Program, edge: float) -> None:
    def f(x: Any) -> Any:
        y = one(*[x + 0.1 * i for i in range(len(one.starts))])
        if y > edge:
            return y * 2.0
        return other(*[x - 0.1 * i for i in range(len(other.starts))])

    samples = [-1.3, -0.4, 0.2, 0.7, 1.9]
    eager = [result(f, x) for x in samples]
    raised = [y for y in eager if isinstance(y, type)]
    got = result(compile(f, in_axes=(0,)), samples)
    assert close(got, raised[0] if raised else eager) or got in raised
