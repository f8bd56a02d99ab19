"""Programs as JAX functions: what the kernel gives, and JAX's transforms of it."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
import nn
from autograd import Value
from autograd.core.primitive import TABLE
from autograd.program import compile
from autograd.program.passes.loops import Loop, roll
from tests.helpers.operands import LOGS, NAMES, POINTS, cubes, operands
from tests.helpers.program_rows import ROLLED, SEVERAL
from tests.helpers.tables import table

np = pytest.importorskip("numpy")
jax: Any = pytest.importorskip("jax", reason="JAX is not installed")


@pytest.fixture(autouse=True)
def _in_64_bits() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def agree(f: Callable[..., Any], *args: Any, argnums: Any = 0, **options: Any) -> Any:
    """Compile f and compare value and gradient with JAX's; give the JAX function."""
    fast = compile(f, **options)
    gradient = fast.grad(*args, argnums=argnums)
    theirs = fast.program.jax()
    same(jax.jit(jax.grad(theirs, argnums))(*args), gradient)
    unreduced: dict[str, Any] = {**options, "reduce": None}
    each = compile(f, **unreduced)
    value = each(*args)
    same(jax.jit(each.program.jax())(*args), value)
    return theirs


def same(got: Any, expected: Any) -> None:
    for mine, other in zip(jax.tree.leaves(expected), jax.tree.leaves(got), strict=True):
        np.testing.assert_allclose(other, mine, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_each_operation(name: str) -> None:
    args = operands(name)
    axes, places = (0,) * len(args), tuple(range(len(args)))
    agree(TABLE[name], *args, argnums=places, in_axes=axes, reduce="sum")


@pytest.mark.parametrize("f", [row.f for row in SEVERAL.values()], ids=[*SEVERAL])
def test_several_operands(f: Callable[..., Any]) -> None:
    agree(f, POINTS, in_axes=(0,), reduce="sum")


SIZES = dict(
    table(
        """
"hypot" | [(1e3, 1e308), (1e308, 1e308), (1e-200, 3e-200)]
"atan2" | [(2.0, 1e200), (1e200, -2.0), (1e-200, 2e-200)]
"pow" | [(1e200, 1.5), (1e-150, 2.0), (1e-10, 30.0), (1e300, 1.01)]
""",
        globals(),
    )
)


@pytest.mark.parametrize("name", SIZES)
def test_numbers_of_any_size(name: str) -> None:
    f = lambda y, x: TABLE[name](y, x)  # noqa: E731
    fast = compile(f)
    fast(1.5, 2.5)
    theirs = jax.jit(jax.value_and_grad(fast.program.jax(), (0, 1)))
    for y, x in SIZES[name]:
        expected = jax.tree.leaves(autograd.value_and_grad(f, (0, 1))(y, x))
        np.testing.assert_allclose(jax.tree.leaves(theirs(y, x)), expected, rtol=1e-12)


def test_infinite_logs() -> None:
    fast = compile(lambda x: autograd.logsumexp(x), in_axes=0, reduce="sum")
    fast(LOGS[:1])
    theirs = jax.jit(jax.value_and_grad(fast.program.jax()))
    for x in LOGS[:, None]:  # one by one, since infinities of both signs have no sum
        same(theirs(x), fast.value_and_grad(x))
    each = jax.vmap(jax.grad(lambda x: fast.program.jax()(x[None])))
    same(each(LOGS), np.concatenate([fast.grad(x) for x in LOGS[:, None]]))


def test_nets_and_their_losses() -> None:
    random.seed(3)
    model = nn.MLP(4, [5, 3], activation="gelu")
    xs = np.array([[random.gauss(0, 1) for _ in range(4)] for _ in range(7)])
    y = np.array([0.0, 1.0, 2.0, 2.0, 1.0, 0.0, 1.0])
    agree(
        lambda w, x, y: nn.cross_entropy([model(x)], [y]) + w * w * model(x)[0],
        *(0.5, xs, y),
        argnums=(0, 1),
        in_axes=(None, 0, 0),
        reduce="mean",
    )


def test_samples_that_were_found() -> None:
    points = np.linspace(-1.0, 1.0, 20)
    program = compile(cubes)
    program([0.5, 1.0], points)
    assert program.program.lanes == 20
    agree(cubes, np.array([0.5, 1.0]), points, argnums=(0, 1))


def test_results_are_built_as_the_functions() -> None:
    def f(x: Any) -> Any:
        return {"sum": x["a"][0] + x["b"], "both": (np.array([x["b"] * 2.0, x["a"][1]]), 1.0)}

    x = {"b": 3.0, "a": np.array([1.0, 2.0])}
    for fast, arg in (
        (compile(f), x),
        (
            compile(f, in_axes=(0,)),
            {"b": np.array([3.0, 4.0]), "a": np.array([[1.0, 2.0], [5.0, 6.0]])},
        ),
    ):
        expected = fast(arg)
        got = jax.jit(fast.program.jax())(arg)
        if arg is x:
            same(got, expected)
        else:
            same(got["sum"], np.array([each["sum"] for each in expected]))
            same(got["both"][0], np.array([each["both"][0] for each in expected]))


def bent(w: Any, x: Any) -> Any:
    return (w[0] * x + w[1]).softplus() * x + abs(w[2]).relu().sqrt()


def test_entries_are_known_by_their_names() -> None:
    def f(x: Any) -> Any:
        return x["b"] / x["a"][0]["d"] * x["a"][0]["c"][1] - x["a"][1]

    numbers = {"b": 3.0, "a": [{"d": 0.5, "c": np.array([4.0, 5.0])}, 2.0]}
    for x in (numbers, {name: numbers[name] for name in sorted(numbers)}):
        fast = compile(f)
        expected = fast.grad(x)
        theirs = fast.program.jax()
        same(jax.jit(jax.grad(theirs))(x), {name: expected[name] for name in sorted(x)})


def test_transforms_of_jax() -> None:
    fast = compile(bent)
    w, xs = np.array([0.0, 0.0, 1.5]), np.array([0.0, 0.5, -2.0])
    fast(w, 1.0)
    theirs = fast.program.jax()
    each = [fast.value_and_grad(w, x) for x in xs]
    mapped = jax.jit(jax.vmap(jax.value_and_grad(theirs), in_axes=(None, 0)))
    same(mapped(w, xs), (np.array([v for v, _ in each]), np.array([g for _, g in each])))
    hessian = np.array(autograd.hessian(bent)(w, 0.5))
    for transform in (jax.jacfwd(jax.jacrev(theirs)), jax.jacrev(jax.jacfwd(theirs))):
        same(jax.jit(transform)(w, 0.5), hessian)


def test_forward_mode_of_jax() -> None:
    fast = compile(bent)
    w, along = np.array([0.3, 0.1, 1.5]), np.array([1.0, -2.0, 0.5])
    expected = fast.jvp((w, 0.5), (along, 0.25))
    theirs = fast.program.jax()
    same(jax.jit(lambda *xs: jax.jvp(theirs, xs, (along, 0.25)))(w, 0.5), expected)
    same(jax.jit(jax.jacfwd(theirs))(w, 0.5), fast.grad(w, 0.5))


def test_a_slope_of_minus_infinity() -> None:
    agree(TABLE["acos"], 1.0)


@pytest.mark.parametrize("x", [0.0, -1.0, 4.0])
def test_what_is_not_chosen_contributes_nothing(x: float) -> None:
    agree(lambda x: autograd.sqrt(autograd.relu(x)), x)
    agree(lambda x: autograd.where(x > 0.0, autograd.sqrt(abs(x)), 2.0 * x), x)
    agree(lambda x: 0.0 * autograd.sqrt(0.0 * x) + autograd.cbrt(x), x)


def test_another_way_gives_nan() -> None:
    fast = compile(lambda x: x * x if x > 0.0 else -x, in_axes=(0,), reduce="sum")
    fast([1.0, 2.0])
    theirs = jax.jit(jax.grad(fast.program.jax()))
    assert theirs(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    gradient = theirs(np.array([1.0, -2.0]))
    assert gradient[0] == 2.0
    assert np.isnan(gradient[1])
    along = jax.jit(lambda x: jax.jvp(fast.program.jax(), (x,), (np.ones(2),))[1])
    assert along(np.array([1.0, 2.0])) == 6.0
    assert np.isnan(along(np.array([1.0, -2.0])))
    outside = compile(lambda x: autograd.take([x, 2.0], x))
    outside(1.0)
    assert np.isnan(jax.jit(outside.program.jax())(5.0))


def test_values_from_outside_are_as_they_were() -> None:
    k = Value(3.0)
    fast = compile(lambda x: k * x)
    fast(2.0)
    theirs = fast.program.jax()
    k.data = 4.0
    assert (theirs(2.0), fast.program.jax()(2.0)) == (6.0, 8.0)


@pytest.mark.parametrize("name", ROLLED)
def test_what_repeats(name: str) -> None:
    f, (w, xs), _ = ROLLED[name]
    fast = compile(f)
    fast(w, xs)
    theirs = fast.program.jax()
    loops = [each for each in roll(fast.program.blocks).steps if isinstance(each, Loop)]
    assert bool(loops) == (name not in ("no rule", "attention", "uneven sums"))
    same(jax.jit(jax.grad(theirs, 1))(w, xs), fast.grad(w, xs, argnums=1))


@pytest.mark.parametrize("name", ["recurrence", "delays", "attention", "uneven sums"])
def test_what_repeats_in_lanes(name: str) -> None:
    f, (w, xs), _ = ROLLED[name]
    each = compile(f, (None, 0), "sum")
    args = np.array(w), np.array([xs, np.array(xs) + 0.1])
    gradients = each.grad(*args, argnums=(0, 1))
    along = sum(np.sum(g * x) for g, x in zip(gradients, args))
    theirs = jax.jit(lambda *args: jax.jvp(each.program.jax(), args, args)[1])
    same(theirs(*args), along)


def test_a_thousand_rounds_are_as_short_as_ten() -> None:
    sizes = []
    for n in (10, 1000):
        fast, args = (
            compile(ROLLED["recurrence"].f),
            (np.linspace(-1.0, 1.2, 7), np.sin(np.arange(1.0 * n))),
        )
        fast(*args)
        sizes.append(str(jax.make_jaxpr(jax.grad(fast.program.jax()))(*args)).count(" = "))
    assert sizes[0] == sizes[1] < 200
