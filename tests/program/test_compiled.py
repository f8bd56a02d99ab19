"""Compiled functions give what eager gives: values, derivatives, exceptions."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import transforms
from autograd.program import Compiled, compile
from autograd.program.program import PASSES
from autograd.program.spot_check import moving
from autograd.testing.strategies import numbers
from tests.program.agreement import Case, cases, obeys
from tests.testing.programs import SAFE, Applied, Listing, programs

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


DATA = [0.25 * i for i in range(16)]
SAMPLES: dict[str, tuple[Callable[..., Any], list[float], list[Any]]] = {
    "strong zero": (lambda w, x: autograd.sqrt(w[0] * x) * w[1], [0.0, 0.0], [1.0, 4.0]),
    "infinite": (lambda w, x: w[1] * x + autograd.sqrt(w[0]), [0.0, 1.0], [1.0, 4.0]),
    "not a number": (lambda w, x: x + autograd.sqrt(w[0] * w[1]), [1.0, 0.0], [4.0, 0.0]),
    "minus zero": (lambda w, x: w[1] - w[0] * x, [0.0, 1.0], [0.0, -0.0, 2.0]),
    "overflow": (lambda w, x: w[0] * w[1] * x, [1e200, 1e150], [1.0, -2.0]),
    "few outputs": (lambda w, x: [w[0] * w[1] * x, w[2] * x], [1.0, 2.0, 3.0], [2.0, 3.0]),
    "many outputs": (lambda w, x: [w[0] * x, 3.0, w[1], -x], [1.0, 2.0], [2.0, 3.0]),
    "no inputs": (lambda w, x: x * 2.0, [], [2.0, 3.0]),
    "products": (
        lambda w, x: [autograd.dot(w[i : i + 2], x, w[6]) for i in (0, 2, 4)],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        [[0.5, -1.0], [2.0, 0.0]],
    ),
    "ties": (lambda w, x: autograd.maximum(w[0], w[1], x), [1.0, 1.0], [0.0, 1.0, 2.0]),
    "take": (lambda w, x: w[0] * autograd.take(w, x), [3.0, 5.0], [0.0, 1.0, -1.0]),
    "branches": (lambda w, x: w[0] * x if x > 1.0 else w[1] / x, [3.0, 5.0], [0.5, 2.0, 0.25]),
    "no samples read": (
        lambda w, x: (
            autograd.sum([(w[0] * t) ** 2 * w[1] for t in DATA]) + autograd.Value(2.0) * 3.0
        ),
        [0.5, 2.0],
        [0.0, 1.0, 2.0],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_jacobian_of_each_sample_is_eager_s_to_the_sign_of_zero(name: str) -> None:
    f, w, xs = SAMPLES[name]
    for argnums in list[Any]([0, 1, (1, 0)]):
        one = transforms.jacobian(f, argnums)

        def each(w: Any, xs: Any, one: Any = one, argnums: Any = argnums) -> Any:
            found = [one(w, x) for x in xs]
            return found if type(argnums) is int else (*map(list, zip(*found)),)

        wanted = result(each, w, xs)
        fast = compile(f, in_axes=(None, 0))
        for _ in range(2):  # then of known traces
            assert repr(result(fast.jacobian, w, xs, argnums=argnums)) == repr(wanted)
            arrays = result(fast.jacobian, np.array(w), np.array(xs), argnums=argnums)
            parts = arrays if type(arrays) is tuple else (arrays,)
            lists = wanted if type(wanted) is tuple else (wanted,)
            for part, expected in zip(parts, lists, strict=True):
                made = part.tolist() if isinstance(part, np.ndarray) else part
                assert repr(made) == repr(expected)


TO_NOWHERE = Case(  # a derivative has single numbers that hand nothing on
    listing=Listing(
        starts=(1.0, 1.0, 1.0, 1.0),
        steps=(
            Applied("dot", (2, 2, 2, -1.5, 2.0)),
            Applied("sum", (4, 3, 1)),
            Applied("logsumexp", (5, 0)),
            Applied("add", (6, 1)),
            Applied("add", (7, 1)),
        ),
    ),
    twist="branch",
    shape="number",
    args=(np.ones(1), np.ones(1), np.ones(2)),
    in_axes=(None, None, None),
    reduce=None,
    without=("fuse_sums",),
    argnums=(1, 2, 0),
)
AT_A_POLE = Case(  # of one sample of three; eager refuses its derivative
    listing=Listing(
        starts=(2.5, 1.5, 1.9),
        steps=(
            Applied("mul", (2, 1)),
            Applied("floordiv", (3, 0)),
            Applied("cbrt_slope", (4,)),
        ),
    ),
    twist="opaque",
    shape="list",
    args=([[2.5, 1.5, 1.9], [2.6, 1.5, 1.9], [2.6, 1.4, 1.8]],),
    in_axes=(0,),
    reduce="mean",
    without=(),
    argnums=0,
)
CANCELS = Case(  # p - p² loses digits, each side others
    listing=Listing(
        starts=(2.388352386352386, 0.19802019802019602, 2.6294626274626274),
        steps=(
            Applied("div", (0, 1)),
            Applied("cbrt_slope", (2,)),
            Applied("logsumexp", (4, 3)),
        ),
    ),
    twist="opaque",
    shape="number",
    args=((2.388352386352386,), [0.19802019802019602], {"a": 2.6294626274626274}),
    in_axes=(None, None, None),
    reduce=None,
    without=("fold", "cse"),
    argnums=2,
)
CANCELS_OUT = Case(  # the two slopes of atan2(x, x), which rounding parts here and not there
    listing=Listing(
        starts=(-1.3385913365913364, -1.4473114453114453),
        steps=(
            Applied("atan2", (0, 1)),
            Applied("leaky_relu", (2, 1)),
            Applied("logsumexp", (3, 3)),
            Applied("logsumexp", (4, 4)),
            Applied("tanh", (5,)),
            Applied("atan2", (6, 6)),
        ),
    ),
    twist="branch",
    shape="number",
    args=([-1.3385913365913364], [-1.4473114453114453]),
    in_axes=(None, None),
    reduce=None,
    without=("fuse_sums",),
    argnums=0,
)


@given(cases())
@example(TO_NOWHERE)
@example(AT_A_POLE)
@example(CANCELS)
@example(CANCELS_OUT)
def test_every_method_gives_what_eager_gives(case: Case) -> None:
    case.check()


@pytest.mark.soak
@settings(max_examples=10_000)
@given(cases())
def test_ten_thousand_functions_by_every_method(case: Case) -> None:
    case.check()


def squares(x: Any, w: Any) -> Any:
    slopes = [autograd.leaky_relu(w) for _ in range(4)]
    return x + autograd.exp(w // 3.0) + sum(t * t for t in slopes)


XS = [-1.0, 0.3, 2.0, 0.5]
ONCE_WRONG: dict[str, tuple[Callable[..., Any], Any, str | None, tuple[Any, ...]]] = {
    "a product beside one of samples": (
        lambda x, w: x + autograd.dot(w, w),
        *((0, None), None, (XS, [2.0, 0.7])),
    ),
    "squares of what is the same for all": (squares, (0, None), None, (XS, 2.0)),
    "all operands are one": (sum, None, None, ([1.0] * 100,)),
    "the mean, and fewer numbers than results": (
        lambda w, x: [w * x, w + x],
        *((None, 0), "mean", (0.7, XS)),
    ),
    "the same numbers in other groups": (
        lambda x: (
            autograd.logsumexp(x) * x[0]
            + sum(autograd.logsumexp(x[i], x[i + 2]).sin() for i in range(2))
        ),
        *(None, None, ([0.3, 1.2, -0.4, 0.9],)),
    ),
    "a saturated softmax": (
        lambda x: autograd.logsumexp(x.cosh(), x) * x.sin(),
        *(None, None, (25.0,)),
    ),
    "a sample done by eager, and methods": (
        lambda x, w: [x * w.exp() + autograd.minimum(abs(x) * 1e308, 1.0), x.tanh() + w],
        *((0, None), None, (XS, 0.5)),
    ),
}


@pytest.mark.parametrize("case", ONCE_WRONG)
@pytest.mark.parametrize("argnums", [0, 1, (0,), (0, 1), (1, 0)])
def test_every_method_where_one_was_wrong(case: str, argnums: Any) -> None:
    f, in_axes, reduce, args = ONCE_WRONG[case]
    if len(args) == 2 or argnums in (0, (0,)):
        obeys(compile(f, in_axes, reduce), args, argnums)


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
