"""Programs as JAX functions: what the kernel gives, and JAX's transforms of it."""

import math
import pickle
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
import nn
from autograd import Value, primitive
from autograd.core.primitive import TABLE
from autograd.program import compile
from autograd.program.passes.roll import Loop, Step, roll
from autograd.program.targets import jax_values
from tests.program.operands import LOGS, NAMES, POINTS, cubes, operands
from tests.program.rows import SEVERAL

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


SIZES = {
    "hypot": [(1e3, 1e308), (1e308, 1e308), (1e-200, 3e-200)],
    "atan2": [(2.0, 1e200), (1e200, -2.0), (1e-200, 2e-200)],
    "pow": [(1e200, 1.5), (1e-150, 2.0), (1e-10, 30.0), (1e300, 1.01)],
}


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
    for x in LOGS:  # one by one, since infinities of both signs have no sum
        agree(autograd.logsumexp, x[None], in_axes=(0,), reduce="sum")
    fast = compile(lambda x: autograd.logsumexp(x), in_axes=0, reduce="sum")
    slopes = np.concatenate([fast.grad(x[None]) for x in LOGS])
    each = jax.vmap(jax.grad(lambda x: fast.program.jax()(x[None])))
    same(each(LOGS), slopes)
    for x in LOGS:
        same(jax.hessian(fast.program.jax())(x[None])[0, :, 0], autograd.hessian(fast.f)(x))


@pytest.mark.parametrize("x", [[-math.inf] * 9, [math.inf] * 9, [1.0] * 4 + [-math.inf] * 5])
def test_infinite_logs_of_several_sizes(x: list[float]) -> None:
    agree(lambda x: sum([autograd.logsumexp(x[i:j]) for i, j in ((0, 2), (2, 5), (5, 9))]), x)


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


def test_weights_that_are_computed() -> None:
    def f(w: Any, x: Any) -> Any:
        rows = [a.tanh() for a in w]
        return autograd.dot(rows[:2], x) * autograd.dot(rows[2:], x)

    w, x = np.array([0.1, 0.2, -0.3, 0.4]), np.array([[1.0, 2.0], [3.0, -4.0]])
    agree(f, w, x, in_axes=(None, 0), reduce="sum")


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
    with pytest.raises(ValueError, match=r"entries \['a'\]; the program was .* \['a', 'b'\]"):
        theirs({"a": x["a"]})
    with pytest.raises(TypeError, match=r"with a dict of \['a', 'b'\], got a list"):
        theirs([x["a"]])


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
    whole = compile(lambda x: x * round(x))
    whole(2.25)
    rounded = jax.jit(whole.program.jax())
    assert rounded(2.125) == 4.25
    assert np.isnan(rounded(2.75))
    outside = compile(autograd.log)
    outside(1.0)
    assert np.isnan(jax.jit(outside.program.jax())(-1.0))


def test_values_from_outside_are_as_they_were() -> None:
    k = Value(3.0)
    fast = compile(lambda x: k * x)
    fast(2.0)
    theirs = fast.program.jax()
    k.data = 4.0
    assert (theirs(2.0), fast.program.jax()(2.0)) == (6.0, 8.0)


def recurrence(w: Any, xs: Any) -> Any:
    states = [w[0] * 0.5, w[1] * 0.5]
    for x in xs:
        states = [autograd.dot(row, [*states, x], w[6]).tanh() for row in (w[:3], w[3:6])]
    return states[0] * states[1]


def cells(w: Any, xs: Any) -> Any:
    h = c = [w[0], w[1]]
    for x in xs:
        gates = [autograd.dot([*h, x], w[i : i + 3], w[i + 3]) for i in range(8)]
        c = [
            g.sigmoid() * y + f.sigmoid() * k.tanh()
            for g, f, k, y in zip(gates, gates[2:], gates[4:], c)
        ]
        h = [g.sigmoid() * y.tanh() for g, y in zip(gates[6:], c)]
    return h[0] * h[1]


def layers(w: Any, xs: Any) -> Any:
    for i in range(len(w) - 2):
        xs = [
            x + autograd.dot(w[i : i + 2], [x, y], w[i + 2]).sin()
            for x, y in zip(xs, [*xs[1:], xs[0]])
        ]
    return sum(xs)


def orbit(w: Any, xs: Any) -> Any:
    def slope(a: Any, b: Any) -> Any:
        return b * w[0], -a / (a * a + b * b).sqrt()

    a, b = xs[0], xs[1]
    for _ in range(12):
        k = slope(a, b)
        m = slope(a + 0.05 * k[0], b + 0.05 * k[1])
        a, b = a + 0.1 * m[0], b + 0.1 * m[1]
    return a * b


def delayed(w: Any, xs: Any) -> Any:
    ys = [*xs[:5]]
    for _ in range(30):
        ys.append((w[0] * ys[-2] + w[1] * ys[-5]).sin())
    return ys[-1]


def started(w: Any, xs: Any) -> Any:
    """Two operations read the last round's result, but at first two other numbers."""
    a, b = xs[0], xs[1]
    for _ in range(20):
        a = b = (a + w[0] * b).cos()
    return a


def cyclic(w: Any, xs: Any) -> Any:
    """Alike in kind, but what is read follows no rule."""
    ys = [*xs[:4]]
    for i in [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4]:
        ys.append((ys[-1] * ys[i % 4 - 4] + w[0]).tanh())
    return ys[-1]


ROLLED = [recurrence, cells, layers, orbit, delayed, started]


@pytest.mark.parametrize("f", [*ROLLED, cyclic])
def test_what_repeats(f: Callable[..., Any]) -> None:
    w, xs = np.linspace(-1.0, 1.2, 15), np.sin(np.arange(12.0))
    fast = compile(f)
    fast(w, xs)
    theirs = fast.program.jax()
    loops = [each for each in roll(fast.program.blocks).steps if isinstance(each, Loop)]
    assert len(loops) == (f in ROLLED)
    same(jax.jit(jax.grad(theirs, 1))(w, xs), fast.grad(w, xs, argnums=1))


def attention(w: Any, xs: Any) -> Any:
    """Each place looks at those up to its own."""
    places = [xs[i : i + 2] for i in range(0, 10, 2)]
    many = [[autograd.dot(w[i : i + 2], x) for i in range(0, 8, 2)] for x in places]
    values = [autograd.dot(w[8:10], x, w[10]) for x in places]
    found = []
    for n, (a, b, *_) in enumerate(many, 1):
        scores = [autograd.dot([a, b], key) for _, _, *key in many[:n]]
        total = autograd.logsumexp(scores)
        looks = [(score - total).exp() for score in scores]
        found.append(autograd.dot(looks, values[:n]) / (1.0 + autograd.sum(scores) ** 2))
    return autograd.sum(found)


def uneven(w: Any, xs: Any) -> Any:
    """Sums of sizes too different to be one, and products with biases."""
    sums = [autograd.sum(xs[:n]) * autograd.maximum(xs[:n]) for n in (2, 3, 4, 12)]
    parts = [autograd.dot(w[:n], xs[-n:], w[n]).tanh() for n in (2, 3, 4, 5)]
    return autograd.dot(sums, parts)


@pytest.mark.parametrize("lanes", [False, True])
@pytest.mark.parametrize(("f", "counts"), [(attention, (2, 1, 3)), (uneven, (4, 0, 2))])
def test_sizes_that_differ(f: Callable[..., Any], counts: tuple[int, ...], lanes: bool) -> None:
    w, xs = np.linspace(-1.0, 1.2, 15), np.sin(np.arange(12.0))
    args = w, np.array([xs, xs + 0.1]) if lanes else xs
    fast = compile(f, (None, 0), "sum") if lanes else compile(f)
    expected = fast.grad(*args, argnums=(0, 1))
    steps = [step for step in roll(fast.program.blocks).steps if isinstance(step, Step)]
    kinds = Counter([step.op.what or step.op.kind for step in steps if step.op.kind != "map"])
    assert (kinds["sum"], kinds["logsumexp"], kinds["matmul"] + kinds["dot"]) == counts
    same(jax.jit(jax.grad(fast.program.jax(), (0, 1)))(*args), expected)


@pytest.mark.parametrize("f", [recurrence, delayed])
def test_what_repeats_in_lanes(f: Callable[..., Any]) -> None:
    w, xs = np.linspace(-1.0, 1.2, 15), np.sin(np.arange(12.0))
    each = compile(f, (None, 0), "sum")
    args = w, np.array([xs, xs + 0.1])
    gradients = each.grad(*args, argnums=(0, 1))
    along = sum(np.sum(g * x) for g, x in zip(gradients, args))
    theirs = jax.jit(lambda *args: jax.jvp(each.program.jax(), args, args)[1])
    same(theirs(*args), along)


def test_a_thousand_rounds_are_as_short_as_ten() -> None:
    sizes = []
    for n in (10, 1000):
        fast, args = (
            compile(recurrence),
            (np.linspace(-1.0, 1.2, 7), np.sin(np.arange(1.0 * n))),
        )
        fast(*args)
        sizes.append(str(jax.make_jaxpr(jax.grad(fast.program.jax()))(*args)).count(" = "))
    assert sizes[0] == sizes[1] < 200


def test_the_source_runs() -> None:
    fast = compile(lambda w, x: (w[0] * x + w[1]).tanh() ** 2, in_axes=(None, 0))
    fast([0.5, 0.1], [1.0, 2.0])
    source = fast.program.source("jax")
    assert source.startswith("import jax.numpy as np\n")
    assert "import" not in fast.program.source()
    space: dict[str, Any] = {}
    exec(source, space)
    found = space["value"](np.array([[0.5], [0.1]]), np.array([[1.0, 2.0]]))
    same(found["out"][0], np.tanh([0.6, 1.1]) ** 2)
    with pytest.raises(ValueError, match=r"source: target must be .*got 'fortran'"):
        fast.program.source("fortran")


def test_what_cannot_be() -> None:
    fast = compile(lambda w, x: w * x[0] + x[1], in_axes=(None, 0))
    fast(1.0, np.ones((3, 2)))
    theirs = fast.program.jax()
    for args, message in (
        ((1.0,), "takes 2 arguments, 1 were given"),
        (([1.0, 2.0], np.ones((3, 2))), "argument 0 has 2 numbers; the program was"),
        ((1.0, np.ones((3, 4))), "argument 1 has 4 numbers a sample; the program was"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            theirs(*args)
    both = compile(lambda x, y: x * y, in_axes=(0, 0))
    both([1.0, 2.0], [3.0, 4.0])
    with pytest.raises(ValueError, match="argument 1 has 3 samples, another 2"):
        both.program.jax()(np.ones(2), np.ones(3))
    with pytest.raises(RuntimeError, match="from a pickle"):
        pickle.loads(pickle.dumps(both.program)).jax()
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(RuntimeError, match="jax_enable_x64"):
        both.program.jax()


def test_a_rule_for_floats_only() -> None:
    own = primitive("jax_own", lambda x: math.gamma(x), lambda out, x: math.gamma(x) * 0.0)
    fast = compile(own)
    fast(2.5)
    with pytest.raises(NotImplementedError, match="jax_own: its rule hands"):
        fast.program.jax()
    sliding = primitive("jax_slope", lambda x: x * x, lambda out, x: math.lgamma(x))
    fast = compile(sliding)
    fast(2.5)
    with pytest.raises(NotImplementedError, match="jax_slope: its rule hands"):
        fast.program.jax()
    rounded = compile(lambda x: round(x, 1) * x)
    rounded(2.25)
    with pytest.raises(NotImplementedError, match="round to digits"):
        rounded.program.jax()(2.25)


def test_what_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_values, "MOST", 20)
    fast = compile(cyclic)
    fast([0.5], [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(NotImplementedError, match=r"written out as \d+ operations in"):
        fast.program.jax()


def test_without_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = compile(lambda x: x * x)
    fast(2.0)
    monkeypatch.setitem(sys.modules, "jax", None)
    assert "value" in fast.program.source("jax")
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[jax\]'"):
        fast.program.jax()
