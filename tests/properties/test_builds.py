"""The two builds give the same bits, and the same words where they fail."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd.core.primitive import TABLE
from tests.helpers.builds import OTHER, Worker, require
from tests.helpers.worker import NAMES, WAYS, answer

NASTY = [
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 0.1, 709.782712893384, 710.0, -745.2, 20.0,
    5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, 1e154, 1e308, 1.7976931348623157e308,
    -1.7976931348623157e308, math.inf, -math.inf, math.nan,
]  # fmt: skip
FEW = [0.0, -0.0, 1.0, -2.5, 5e-324, 1e308, -math.inf, math.inf, math.nan]


@pytest.fixture(scope="module", name="other")
def _other() -> Iterator[Worker]:
    require(OTHER)
    with Worker(OTHER, "tests.helpers.worker") as worker:
        yield worker


def exact(x: Any) -> Any:
    return x.hex() if type(x) is float else x


def test_the_worker_runs_the_other_build(other: Worker) -> None:
    assert {answer({}), other.ask({})} == {"compiled", "interpreted"}


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_at_nasty_points(name: str, other: Worker) -> None:
    arity = TABLE[name].arity
    points: list[list[str]] = []
    for n in [1, 2, 3] if arity is None else [arity]:
        numbers = {1: NASTY, 2: FEW}.get(n, FEW[::2])
        points += [[x.hex() for x in each] for each in itertools.product(numbers, repeat=n)]
    question = {"point": (name, points)}
    for here, there, at in zip(answer(question), other.ask(question), points, strict=True):
        assert here == there, (name, at)


starts = st.floats() | st.floats(-3.0, 3.0) | st.sampled_from(NASTY)
constants = starts | st.integers(-3, 3) | st.booleans()


@st.composite
def wild_programs(draw: st.DrawFn) -> dict[str, Any]:
    """Any operations on any numbers: most programs meet errors, infinities and NaN."""
    begun = draw(st.lists(starts, min_size=1, max_size=4))
    steps: list[Any] = []
    for i in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(NAMES))
        arity = TABLE[name].arity or draw(st.integers(1, 5))
        operands = [
            ("result", draw(st.integers(0, len(begun) + i - 1)))
            if draw(st.integers(0, 3))
            else ("number", exact(draw(constants)))
            for _ in range(arity)
        ]
        steps.append((name, draw(st.sampled_from(WAYS)), operands))
    return {
        "starts": [x.hex() for x in begun],
        "steps": steps,
        "seed": exact(draw(st.just(1.0) | constants)),
    }


@settings(max_examples=150)
@given(program=wild_programs())
def test_wild_programs(program: dict[str, Any], other: Worker) -> None:
    question = {"program": program}
    assert other.ask(question) == answer(question)
