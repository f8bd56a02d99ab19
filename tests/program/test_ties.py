"""Ties that a program would decide otherwise: it adds up in another order than the function."""

import importlib
import itertools
import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.core.operand import primal
from autograd.program import compile
from autograd.program.kernel import KERNELS
from autograd.rules.expression import COMPARISONS
from tests.helpers.tables import named

SOME = [name for name in KERNELS if find_spec(f"autograd.program.kernel.kernel_{name}")]
if SOME:
    base: Any = importlib.import_module("autograd.program.kernel.kernel_base")
    SOME = [*itertools.compress(KERNELS, (*base.supported(), True))]
HERE = ["numpy", *SOME]


def one_by_one(xs: Any) -> Any:
    total = 0.0
    for x in xs:
        total = total + x
    return total


SUMS = named(
    """
one by one: one_by_one
from the right: lambda xs: one_by_one(xs[::-1])
differences: lambda xs: -one_by_one([-x for x in xs])
of products: lambda xs: one_by_one([x * y for x, y in zip(xs, [*xs[1:], 3.0])])
exact: autograd.fsum
dot: lambda xs: autograd.dot(xs, [0.1 * i for i in range(len(xs))], 1.0)
scaled: lambda xs: one_by_one(xs) * 3.0 / 7.0
a function: lambda xs: autograd.tanh(one_by_one(xs) / 8.0) * 3.0
an exponential: lambda xs: autograd.exp(one_by_one(xs) / 8.0)
powers: lambda xs: one_by_one([x ** 3 for x in xs])
the largest: lambda xs: autograd.maximum(one_by_one(xs[:5]), one_by_one(xs[::-1]))
a mean of logs: lambda xs: autograd.logsumexp(xs) + autograd.where(xs[0] > 0, *xs[:2])
""",
    autograd=autograd,
    one_by_one=one_by_one,
)
ASKS: dict[str, Callable[[Any, float], Any]] = {
    **{what: eval(f"lambda s, t: s {sign} t") for what, sign in COMPARISONS.items()},
}


def branching(total: str, ask: str) -> Callable[[Any, Any], Any]:
    def f(xs: Any, t: Any) -> Any:
        s = SUMS[total](xs)
        return xs[0] * xs[1] if ASKS[ask](s, t) else 3.0 * xs[0] + xs[2] * xs[2]

    return f


def near(s: float) -> list[float]:
    """A number, its neighbours, and numbers apart."""
    return [s, math.nextafter(s, 9.0), math.nextafter(s, -9.0), s + 0.25, s - 0.75]


NUMBERS = st.floats(-1.0, 1.0, allow_subnormal=False) | st.integers(-9, 9).map(lambda i: i / 10)


@pytest.mark.parametrize(
    ("total", "kernel"),
    [*itertools.product(SUMS, HERE[:2]), *itertools.product(["one by one"], HERE[2:])],
)
def test_a_tie_is_decided_as_by_the_function(
    total: str, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_KERNEL", kernel)
    made = {ask: branching(total, ask) for ask in ASKS}
    both = {ask: (f, compile(f), compile(f, (0, 0))) for ask, f in made.items()}
    lists = st.sampled_from([3, 9, 16]).flatmap(
        lambda n: st.lists(NUMBERS, min_size=n, max_size=n)
    )

    @settings(max_examples=6)
    @given(lists, st.sampled_from([*made]))
    @example([0.1, 0.2, 0.3], "ge")
    @example([1.0, 1e-16, 1e-16], "gt")
    @example([0.1] * 9, "lt")
    @example([0.0] * 16, "gt")
    @example([0.0] * 3, "lt")
    def check(xs: list[float], ask: str) -> None:
        f, fast, lanes = both[ask]
        size = primal(SUMS[total]([*map(Value, xs)]))
        assume(abs(size) > 1e-2 or not any(xs))  # else terms cancel, and no side is near
        limits = near(size)
        values, slopes = zip(*[autograd.value_and_grad(f)(xs, t) for t in limits])
        got, found = zip(*[fast.value_and_grad(xs, t) for t in limits])
        assert got == pytest.approx(values, rel=1e-15)
        assert found == (*map(pytest.approx, slopes),)
        assert [fast(xs, t) for t in limits] == pytest.approx(values, rel=1e-15)
        assert lanes([xs] * len(limits), limits) == pytest.approx(values, rel=1e-15)

    check()


@pytest.mark.parametrize("total", ["one by one", "exact", "an exponential"])
def test_every_method_decides_alike(total: str) -> None:
    f = branching(total, "gt")
    fast, lanes = compile(f), compile(f, (0, 0))
    mean = compile(f, (0, 0), "mean")
    xs = [0.1, 0.2, 0.3, 0.7, -0.1, 0.4, 0.6, -0.3, 0.15]
    v = [1.0, -1.0, 0.5] * 3
    limits = near(primal(SUMS[total]([*map(Value, xs)])))
    many = [xs] * len(limits)
    jacobians = [autograd.jacobian(f)(xs, t) for t in limits]
    curved = [autograd.hvp(f, (xs, t), (v,), argnums=0) for t in limits]
    along = [autograd.jvp(f, (xs, t), (v,), argnums=(0,)) for t in limits]
    for t, jacobian, hvp, jvp in zip(limits, jacobians, curved, along):
        assert fast.jacobian(xs, t) == pytest.approx(jacobian)
        assert fast.hvp(xs, v, t) == pytest.approx(hvp)
        assert fast.jvp((xs, t), (v,), (0,)) == pytest.approx(jvp)
    for each, jacobian in zip(lanes.jacobian(many, limits), jacobians):
        assert each == pytest.approx(jacobian)
    assert lanes.jvp((many, limits), ([v] * len(many),), (0,))[1] == pytest.approx(
        [slope for _, slope in along]
    )
    for each, jacobian in zip(mean.grad(many, limits), jacobians):
        assert each == pytest.approx([x / len(many) for x in jacobian])
    for each, hvp in zip(mean.hvp(many, [v] * len(many), limits), curved):
        assert each == pytest.approx([x / len(many) for x in hvp])


def test_a_way_that_rounding_decides_is_recorded_once() -> None:
    runs = itertools.count()

    def f(xs: Any) -> Any:
        next(runs)
        return xs[0] if autograd.exp(xs[0]) > autograd.exp(xs[1]) else xs[1] * 2.0

    fast = compile(f, verify=False)
    assert [fast([2.0, 2.0]) for _ in range(5)] == [4.0] * 5
    assert len(fast.programs) == 1
    before = next(runs)
    assert [fast([1.0, 2.0]) for _ in range(5)] == [4.0] * 5
    assert next(runs) == before + 1


def test_a_lane_whose_margin_fails_goes_to_the_function() -> None:
    runs = itertools.count()

    def f(x: Any, y: Any) -> Any:
        next(runs)
        return x * 3.0 if autograd.exp(x) > autograd.exp(y) else y * 2.0

    fast = compile(f, (0, 0), verify=False)
    xs, ys = (
        [2.0, 1.0, *[0.1 * i for i in range(50)]],
        [1.0, 2.0, *[0.1 * i for i in range(50)]],
    )
    expected = [f(x, y) for x, y in zip(xs, ys)]
    assert fast(xs, ys) == expected
    before = next(runs)
    assert fast(xs, ys) == expected
    assert next(runs) == before + 51


def test_a_number_is_compared_with_itself_by_the_program() -> None:
    runs = itertools.count()

    def largest(xs: Any) -> Any:
        next(runs)
        powers = [autograd.exp(x) for x in xs]
        best = powers[0]
        for power in powers:
            if power > best:
                best = power
        return best * best

    fast = compile(largest, verify=False)
    xs = [0.5, 1.5, 1.0]
    assert fast(xs) == pytest.approx(math.exp(3.0), rel=1e-15)
    before = next(runs)
    assert fast(xs) == pytest.approx(math.exp(3.0), rel=1e-15)
    assert next(runs) == before + 1


def test_beyond_a_tie_the_program_decides() -> None:
    """Sides that differ by more than 2⁻⁴⁰ of the larger are compared without the function."""
    runs = itertools.count()

    def f(x: Any, y: Any) -> Any:
        next(runs)
        return x * 3.0 if autograd.exp(x) > autograd.exp(y) else y * 2.0

    fast = compile(f, verify=False)
    near, far = 1.0 + 2.0**-41, 1.0 + 2.0**-39
    assert [fast(near, 1.0), fast(far, 1.0)] == [3.0 * near, 3.0 * far]
    before = next(runs)
    fast(far, 1.0)
    assert next(runs) == before + 1
    fast(near, 1.0)
    assert next(runs) == before + 3
