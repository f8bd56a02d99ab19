"""Compiled functions give what eager gives: values, derivatives, exceptions."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import transforms
from autograd.program import Compiled, compile
from autograd.program.program import PASSES
from autograd.program.trace.schedule import moving
from autograd.testing.strategies import numbers
from tests.helpers.agreement import TARGETS, Case, cases, result
from tests.helpers.programs import SAFE, Applied, Listing, programs

pytestmark = TARGETS
TOLERANCE = 1e-10
STEEP = 1e5  # with a larger derivative, what NumPy rounds otherwise than math may be seen


def close(a: Any, b: Any, scale: float = 1.0) -> bool:
    if isinstance(a, type) or isinstance(b, type):
        return bool(a is b)
    if scale > STEEP:
        return True
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(close(x, y, scale) for x, y in zip(a, b))
    same = a == b or (a != a and b != b)
    return bool(same or math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale))


def spread(starts: Sequence[float], count: int) -> list[list[float]]:
    """Samples: the starts, and numbers around them."""
    rng = random.Random(1)
    more = [
        [x * rng.uniform(0.5, 1.5) + rng.gauss(0, 0.1) for x in starts] for _ in range(count)
    ]
    return [list(starts), *more]


@given(cases())
def test_every_method_gives_what_eager_gives(case: Case) -> None:
    case.check()


@pytest.mark.soak
@settings(max_examples=10_000)
@given(cases())
def test_ten_thousand_functions_by_every_method(case: Case) -> None:
    case.check()


@given(programs())
def test_over_lanes(program: Listing) -> None:
    samples = spread(program.starts, 6)
    fast = compile(lambda w, x: program(w, *x), in_axes=(None, 0))
    w = program.starts[0]
    rest = [sample[1:] for sample in samples]
    eager = [result(lambda x: program(w, *x), x) for x in rest]
    raised = [y for y in eager if isinstance(y, type)]
    got = result(fast, w, rest)
    assert close(got, raised[0] if raised else eager) or got in raised


STEPS = Applied("floordiv", (0, -1.3)), Applied("abs", (1,)), Applied("pow", (2, 0.25))


@given(programs(max_ops=6), st.lists(numbers(), min_size=4, max_size=4))
@example(Listing((1.0,), STEPS), [0.0])  # infinite, though nothing flows on
def test_anywhere(program: Listing, numbers: list[float]) -> None:
    """Far from where it is mild: at poles, beyond overflow, outside the domain."""
    xs = numbers[: len(program.starts)]
    fast = compile(program)
    argnums = tuple(range(len(xs)))
    result(fast.value_and_grad, *program.starts)  # recorded where it is mild
    expected = result(program, *xs)
    got = result(fast, *xs)
    if isinstance(expected, type):
        assert got is expected
    elif not math.isfinite(expected):
        assert close(got, expected)
    expected = result(transforms.value_and_grad(program, argnums), *xs)
    got = result(fast.value_and_grad, *xs, argnums=argnums)
    assert isinstance(got, type) is isinstance(expected, type)


@st.composite
def nets(draw: st.DrawFn) -> Callable[..., Any]:
    """Functions of (w, x) that mix what is uniform with what varies, with a branch."""
    one, other = (
        draw(programs(max_inputs=3, max_ops=6)),
        draw(programs(max_inputs=3, max_ops=6)),
    )
    edge = draw(st.floats(-0.5, 0.5))

    def f(w: Any, x: Any) -> Any:
        numbers = [w[0] * x[0], w[1] + x[1], w[2] * 0.5]
        y = one(*numbers[: len(one.starts)])
        if x[0] > edge:
            return y * w[1]
        return other(*numbers[::-1][: len(other.starts)]) + y

    f.__qualname__ = f"[{one} / {other}]"
    return f


W = [0.7, -0.4, 1.3]
X = [[0.3, 0.2], [-0.7, 0.9], [1.1, -0.5], [0.1, 0.6], [-1.2, -0.8]]


def scale_of(x: Any) -> float:
    if isinstance(x, (list, tuple)):
        return max(map(scale_of, x), default=1.0)
    return 1.0 if isinstance(x, type) or not math.isfinite(x) else max(1.0, abs(x))


@given(nets(), st.sampled_from([(), ("reroll",), ("cse", "simplify"), PASSES]))
def test_every_sample_written_out(f: Callable[..., Any], without: tuple[str, ...]) -> None:
    def total(w: Any, x: Any) -> Any:
        return sum([f(w, sample) for sample in x]) / 5.0 + w[0] * w[0]

    fast = Compiled(total, None, None, without)
    expected = result(transforms.value_and_grad(total, (0, 1)), W, X)
    got = result(fast.value_and_grad, W, X, argnums=(0, 1))
    assert close(got, expected, scale_of(expected))


@given(programs(max_ops=6, primitives=sorted({*SAFE} - {"logsumexp"})))
def test_a_derivative_taken_inside(program: Listing) -> None:
    """Of logsumexp it is refused: its rule reads the largest operand out."""
    argnums = tuple(range(len(program.starts)))

    def f(*xs: Any) -> Any:
        slopes = transforms.grad(program, argnums)(*xs)
        return autograd.sum([g * x for g, x in zip(slopes, xs)])

    fast, eager = compile(f), transforms.value_and_grad(f, argnums)
    for xs in spread(program.starts, 2):
        expected = result(eager, *xs)
        if not isinstance(expected, type):  # what nothing depends on raises nothing
            got = result(fast.value_and_grad, *xs, argnums=argnums)
            assert close(got, expected, scale_of(expected))


def test_a_compiled_function_calls_others() -> None:
    square = compile(lambda x: x * x if x > 0.0 else -x)
    total = compile(lambda w, x: w * x, (None, 0), "sum")
    fast = compile(lambda x: square(3.0) * x + square(-2.0) + total(2.0, [1.0, 2.0]))
    assert fast.value_and_grad(2.0) == (26.0, 9.0)
    assert compile(lambda x: compile(lambda y: x * y)(3.0)).grad(2.0) == 3.0


def test_the_sample_that_moves_goes_everywhere() -> None:
    for n in range(1, 200):
        assert {moving(turn, n) for turn in range(n)} == {*range(n)}
