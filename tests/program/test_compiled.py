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
from autograd.testing.programs import SAFE, Applied, Listing
from autograd.testing.strategies import numbers, programs

TOLERANCE = 1e-10
STEEP = 1e5  # with a larger derivative, what NumPy rounds otherwise than math may be seen


def result(f: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """What a call gives, or the type of what it raises."""
    try:
        return f(*args, **more)
    except (ValueError, ArithmeticError, IndexError) as error:
        return type(error)


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


@given(programs(), st.sampled_from([(), ("gather",), ("fold", "share"), PASSES]))
def test_a_random_program(program: Listing, without: tuple[str, ...]) -> None:
    fast = Compiled(program, None, None, without)
    argnums = tuple(range(len(program.starts)))
    eager = transforms.value_and_grad(program, argnums)
    for starts in spread(program.starts, 2):
        expected = result(eager, *starts)
        if scale_of(expected) < STEEP:
            assert close(result(fast.value_and_grad, *starts, argnums=argnums), expected)
            assert close(result(fast, *starts), result(program, *starts))


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


@given(nets())
def test_gradients_over_lanes(f: Callable[..., Any]) -> None:
    def total(w: Any, x: Any) -> Any:
        return autograd.fsum([f(w, sample) for sample in x]) * (1.0 / len(x))

    fast = compile(f, in_axes=(None, 0), reduce="mean")
    expected = result(transforms.value_and_grad(total, (0, 1)), W, X)
    got = result(fast.value_and_grad, W, X, argnums=(0, 1))
    if isinstance(expected, type):
        assert got in [result(transforms.value_and_grad(f, (0, 1)), W, x) for x in X]
    else:
        assert close(got, expected, scale_of(expected))


def scale_of(x: Any) -> float:
    if isinstance(x, (list, tuple)):
        return max(map(scale_of, x), default=1.0)
    return 1.0 if isinstance(x, type) or not math.isfinite(x) else max(1.0, abs(x))


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(nets(), st.lists(numbers().filter(bool), min_size=2, max_size=2))
def test_ten_thousand_programs_with_branches(f: Callable[..., Any], far: list[float]) -> None:
    """Value, gradient and the type of an exception, where it is mild and anywhere.

    But at zeros: a program's sums may have the other sign of zero, which atan2 tells apart.
    """
    fast, eager = compile(f), transforms.value_and_grad(f, (0, 1))
    for x in [X[0], X[1], far]:
        expected = result(eager, W, x)
        got = result(fast.value_and_grad, W, x, argnums=(0, 1))
        # Eager also looks at gradients of nodes that no input needs.
        if expected is not FloatingPointError or isinstance(got, type):
            assert close(got, expected, scale_of(expected)), (got, expected)


@given(nets())
def test_along_a_direction(f: Callable[..., Any]) -> None:
    fast = compile(f, in_axes=(None, 0))
    t_w, t_x = [0.3, -1.0, 0.0], [[0.1 * i, 1.0] for i in range(5)]

    def each() -> Any:
        pairs = [transforms.jvp(f, (W, x), (t_w, t)) for x, t in zip(X, t_x)]
        return [y for y, _ in pairs], [t for _, t in pairs]

    expected = result(each)
    got = result(fast.jvp, (W, X), (t_w, t_x))
    assert close(got, expected, scale_of(expected)) or (
        isinstance(expected, type)
        and (got in [result(transforms.jvp, f, (W, x), (t_w, t)) for x, t in zip(X, t_x)])
    )


@given(nets(), st.sampled_from([(), ("reroll",), ("share", "simplify"), PASSES]))
def test_every_sample_written_out(f: Callable[..., Any], without: tuple[str, ...]) -> None:
    def total(w: Any, x: Any) -> Any:
        return sum([f(w, sample) for sample in x]) / 5.0 + w[0] * w[0]

    fast = Compiled(total, None, None, without)
    expected = result(transforms.value_and_grad(total, (0, 1)), W, X)
    got = result(fast.value_and_grad, W, X, argnums=(0, 1))
    assert close(got, expected, scale_of(expected))


@given(nets())
def test_jacobians(f: Callable[..., Any]) -> None:
    def several(w: Any, x: Any) -> Any:
        return [f(w, x), x[0] * w[1]]

    fast = compile(several)
    lanes = compile(several, in_axes=(None, 0))
    for argnums in (0, (0, 1)):
        each = [result(transforms.jacobian(several, argnums), W, x) for x in X]
        for x, expected in zip(X[:2], each):
            got = result(fast.jacobian, W, x, argnums=argnums)
            assert close(got, expected, scale_of(expected))
        if type not in map(type, each):  # else forward and reverse may differ, as in eager
            got = lanes.jacobian(W, X, argnums=argnums)
            wanted = each if argnums == 0 else tuple([list(part) for part in zip(*each)])
            assert close(got, wanted, scale_of(wanted))


@given(nets())
def test_the_hessian_times_a_vector(f: Callable[..., Any]) -> None:
    fast = compile(f, in_axes=(None, 0), reduce="sum")
    v = [0.3, -1.0, 2.0]
    each = [result(transforms.hvp, f, (W, x), (v,), argnums=0) for x in X]
    got = result(fast.hvp, W, v, X)
    if type in map(type, each):
        assert got in each
    else:
        expected = [sum(column) for column in zip(*each)]
        assert close(got, expected, 10.0 * scale_of(each))


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
    with pytest.raises(ValueError, match="uses a plain number"):
        compile(lambda x: compile(lambda y: x * y)(3.0))(2.0)
