"""Each pass on small tapes, and what the passes find in networks."""

import itertools
import math
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import primitive, relu
from autograd.core.primitive import TABLE
from autograd.program import compile
from autograd.program.ir.tape import Input, Node, Root, Tape
from autograd.program.passes.derivatives import jvp
from autograd.program.passes.fuse_sums import fuse_sums
from autograd.program.passes.near_ties import guard_near_ties
from autograd.program.passes.reroll import reroll
from autograd.program.passes.simplify import (
    drop_dead,
    drop_units,
    fold_constants,
    merge_equal,
)
from autograd.program.program import Program
from tests.helpers import operands
from tests.helpers.agreement import TARGETS, agrees
from tests.helpers.tables import column, named

pytestmark = TARGETS


@pytest.mark.parametrize(
    "pass_",
    [
        fold_constants,
        drop_units,
        merge_equal,
        drop_dead,
        fuse_sums,
        lambda tape: guard_near_ties(tape, [1.0] * len(tape)).tape,
        reroll,
    ],
)
def test_passes_are_linear(pass_: Callable[[Tape], Tape]) -> None:
    def calls(n: int) -> int:
        tape, count = Tape([Node("input"), Node("const", (), 2.0)]), itertools.count()
        for i in range(1, n):
            tape.add("add" if i % 3 else "mul", [i, i // 2])
            if not i % 5:
                tape.guards.append(Root(tape.add("lt", [i, i // 2])))
        tape.outputs = [Root(i) for i in range(len(tape) - 1, 0, -2)]
        sys.setprofile(lambda *_: next(count))
        pass_(tape)
        sys.setprofile(None)
        return next(count)

    assert calls(8_000) < 4.5 * calls(2_000)


def test_a_tape_is_shown_node_by_node() -> None:
    tape = Tape([Node("input"), Node("input", (), 1.0), Node("input", varies=True)])
    tape.inputs = [Input("w", 2, False), Input("x", 1, True)]
    product = tape.add("mul", [0, 2])
    total = tape.add("add", [tape.add("over", [product]), tape.add("const", number=0.5)])
    tape.outputs, tape.guards = [Root(total), Root(product, 3)], [Root(tape.add("lt", [0, 1]))]
    tape.lanes = 4
    text = """
4 lanes
%0 = w[0]
%1 = w[1]
%2 = x  in each lane
%3 = mul %0 %2  in each lane
%4 = over %3
%5 = 0.5
%6 = add %4 %5
%7 = lt %0 %1
outputs: %6 %3.3
guards: %7"""
    assert str(tape) == text.strip()


def net(w: Any, x: Any, sizes: tuple[int, ...], fused: bool) -> Any:
    """A multi-layer perceptron on flat parameters."""
    k, h = 0, list(x)
    for n_in, n_out in itertools.pairwise(sizes):
        outs = []
        for _ in range(n_out):
            ws, b = w[k : k + n_in], w[k + n_in]
            k += n_in + 1
            s = autograd.dot(ws, h, b) if fused else sum((a * c for a, c in zip(ws, h)), b)
            outs.append(s if n_out == 1 else s.tanh())
        h = outs
    return h[0]


SIZES = (2, 3, 2, 1)
COUNT = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(SIZES))
RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=COUNT)
POINTS = RNG.normal(size=(9, 2))
SIDES = np.sign(POINTS[:, 0])


def test_a_layer_is_one_instruction_and_its_weights_a_view() -> None:
    sources = []
    for fused in (True, False):
        fast = compile(lambda w, x: net(w, x, SIZES, fused), in_axes=(None, 0))  # noqa: B023
        fast(WEIGHTS, POINTS)
        sources.append(fast.program.source())
    assert sources[0] == sources[1]
    assert "W2 = w[9:17].reshape(2, 4)[:, :3]" in sources[0]
    assert "b2 = w[12:17:4]" in sources[0]
    assert "h2 = W2 @ tanh1 + b2" in sources[0]
    assert "d_w[9:17].reshape(2, 4)[:, :3] += d_h2 @ tanh1.T" in sources[0]
    assert "d_w[12:17:4] += d_h2.sum(1, keepdims=True)" in sources[0]
    assert fast.program.stats()["instructions"] == 5


MIXED = column(
    """
lambda x, _: x.sin()
lambda x, _: x.tanh()
lambda x, y: x + y
lambda x, y: x * y
lambda x, y: autograd.maximum(x, y)
lambda x, y: autograd.minimum(x, y)
lambda x, y: autograd.hypot(x, y)
""",
    autograd=autograd,
)


def test_narrow_mixed_levels_are_lists_of_single_operations() -> None:
    """But for what has many operands, which is a block in between."""
    draw = random.Random(0)
    plan = [(draw.randrange(7), draw.randrange(12), draw.randrange(12)) for _ in range(300)]

    def f(xs: Any) -> Any:
        nodes = [*xs, 1.0 * xs[0]]
        for k, (op, i, j) in enumerate(plan):
            nodes.append(MIXED[op](nodes[-1 - i], nodes[-1 - j]))
            if k == 150:
                nodes.append(autograd.logsumexp(nodes[-9:]))
        return nodes[-1] + autograd.dot(nodes[-9:], nodes[-10:-1])

    blocks = agrees(f, np.linspace(0.1, 1.2, 11)).program.with_scalars
    assert len(blocks.ops) < 60


BOUNDED = column(
    """
lambda x, y: (x * y).sin()
lambda x, y: autograd.where(x > y, x, 0.5 * y)
lambda x, y: autograd.dot([x, y], [y, 0.3], x).tanh()
lambda x, y: autograd.fsum([x, y, 1.0]) / 3.0
lambda x, y: (x * x + 1.0) ** 0.3
lambda x, y: y / (x * x + 2.0) - 0.2
""",
    autograd=autograd,
)


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.parametrize("seed", range(2))
def test_tangents_of_lists_are_lists(count: int, seed: int) -> None:
    draw = random.Random(seed)
    plan = [(draw.choice(BOUNDED), draw.randrange(3), draw.randrange(3)) for _ in range(count)]

    def f(xs: Any, y: Any) -> Any:
        nodes = [*xs, y]
        for op, i, j in plan:
            nodes.append(op(nodes[-1 - i], nodes[-1 - j]))
        return nodes[-1] + autograd.where(y > 1.0, 0.1, 0.2)

    program = agrees(f, [0.3, 0.8], 1.3).program
    tangents = jvp(program.with_scalars, ["xs"])
    assert len(tangents.ops) < 3 * len(program.with_scalars.ops) + 5


def test_zeros_of_both_signs_in_a_rule() -> None:
    zero = primitive("zero_", lambda x: 0.0 if x > 0.0 else -0.0, lambda out, x: 0.0)
    sums = primitive("sums_", lambda x: x + 0.0 if x > 0.0 else x + -0.0, lambda out, x: 1.0)
    for op, x in ((zero, -1.0), (sums, -0.0)):
        assert compile(lambda x: autograd.atan2(op(x), -1.0), verify=False)(x) == -math.pi  # noqa: B023


def test_a_rule_that_uses_what_it_computed_again_and_again() -> None:
    def root(x: Any) -> Any:
        y = 0.5 * x + 0.5
        for _ in range(40):
            y = y - (y * y - x) / (2.0 * y)
        return y if y > 0.0 else 0.0

    own = primitive("root_", root, lambda out, x: 0.5 / out)
    fast = agrees(lambda x: own(x) + x, 2.0)
    assert all(len(fast.program.source(target)) < 20_000 for target in ("c", "javascript"))


def test_an_operation_that_is_defined_anew_is_compiled_anew() -> None:
    for slope in (2.0, 3.0):
        own = primitive("of_this_test", lambda x: slope * x, lambda out, x: slope)  # noqa: B023
        assert compile(lambda x: own(x) * x).value_and_grad(5.0) == (  # noqa: B023
            25.0 * slope,
            10.0 * slope,
        )
        del TABLE["of_this_test"]


def test_an_operation_the_kernel_cannot_know_leaves_no_trace() -> None:
    """It is refused while the code of its derivative is written."""
    for slope in (math.cos, autograd.cos):
        own = primitive("of_this_test", autograd.sin, lambda out, x: slope(x))  # noqa: B023
        fast = compile(lambda x: own(own(x) + x))  # noqa: B023
        for _ in range(3):
            expected = math.cos(math.sin(0.5) + 0.5) * (math.cos(0.5) + 1.0)
            assert fast.grad(0.5) == pytest.approx(expected)
        del TABLE["of_this_test"]


def test_a_function_of_nothing_gives_nothing() -> None:
    assert compile(lambda: ())() == ()


def squares(w: Any, data: Any) -> Any:
    return sum([(net(w, x, SIZES, False) - y) ** 2 for x, y in data]) / len(data)


def hinges(w: Any, data: Any) -> Any:
    losses = [(1 + -y * net(w, x, SIZES, True)).relu() for x, y in data]
    return sum(losses) * (1.0 / len(losses)) + 1e-2 * sum([p * p for p in w])


def residuals(w: Any, data: Any) -> Any:
    return [w[0] * 2.0, *[net(w, x, SIZES, True) - y for x, y in data]]


def decays(w: Any, data: Any) -> Any:
    return [autograd.exp(-w[0] * x[0]) * w[1] - x[1] for x, _ in data]


@pytest.mark.parametrize("f", [squares, hinges, residuals, decays])
def test_the_reroll_finds_the_samples(f: Callable[..., Any]) -> None:
    data = list(zip(POINTS.tolist(), SIDES.tolist()))
    for fast in (
        agrees(lambda w: f(w, data), WEIGHTS),
        agrees(lambda w, x, y: f(w, list(zip(x, y))), WEIGHTS, POINTS, SIDES),
    ):
        assert fast.program.lanes == len(POINTS)
        few = 42 if fast.program.answers.size else 18
        assert fast.program.stats()["instructions"] < few


def test_the_reroll_keeps_guards_apart() -> None:
    xs = [0.1, 0.7, 0.2, 0.9, 0.3, 0.4, 0.6, 1.2]
    agrees(lambda w, xs: sum([(w * x if x > 0.5 else -x) for x in xs]), 3.0, xs)


def test_counts() -> None:
    fast = compile(lambda x: (x * 1.0) * (x * 1.0))
    fast(2.0)
    stats = fast.program.stats()
    assert [*stats][:4] == ["recorded", "fused", "needed", "instructions"]
    assert (stats["recorded"], stats["needed"]) == (5, 2)
    assert Program(Tape(), []).stats()["instructions"] == 0


def test_the_source_names_guards_and_opens_rules() -> None:
    twice = primitive("twice_relu", lambda x: 2.0 * relu(x), lambda out, x: 2.0 * (x > 0.0))
    fast = compile(lambda x: twice(x) if x > 1.0 else x, in_axes=(0,))
    assert fast([3.0, 2.0]) == [6.0, 4.0]
    source = fast.program.source()
    assert "2.0 * relu(x)" in source
    assert "gt1 = (x > 1.0) * 1.0  # a guard\n" in source


def test_weights_that_are_stored_by_input() -> None:
    def f(w: Any, x: Any) -> Any:
        return [autograd.dot(w[j::3], x) for j in range(3)]

    w, x = RNG.normal(size=6), RNG.normal(size=(5, 2))
    for g, view in ((f, ".T"), (lambda w, x: f(w, x)[:2], "[:, :2].T")):
        source = agrees(g, w, x, in_axes=(None, 0)).program.source()
        assert f"w.reshape(2, 3){view}" in source


def test_a_rule_with_too_many_ways() -> None:
    def rule(out: Any, *xs: Any) -> Any:
        apart = all(x > float(i) or x < -float(i) for i, x in enumerate(xs * 8))
        return 1.0 if apart else 2.0

    many = primitive("many_", lambda x: x, rule)

    def f(x: Any) -> Any:
        return many(x) + x * x

    fast = compile(f, in_axes=0)
    xs = [20.0, 0.5]
    assert [*fast(xs)] == [f(x) for x in xs]
    assert [*fast.jacobian(xs)] == [autograd.grad(f)(x) for x in xs]
    assert [*fast.hessian(xs)] == [autograd.hessian(f)(x) for x in xs]


@pytest.mark.parametrize("power", [4, 10])
def test_a_rule_is_read_once(power: int) -> None:
    """One that has too many ways, too."""
    runs = itertools.count()

    def rule(x: Any) -> Any:
        next(runs)
        return sum([x if x > float(i) else 2.0 * x for i in range(power)])

    many, counts = primitive("read_once_", rule, lambda out, x: 1.0 * power), [0]
    for _ in "abc":
        compile(lambda x: many(x))(0.5)
        counts.append(next(runs))
    first, second, third = [b - a for a, b in itertools.pairwise(counts)]
    assert second == third < 2**4 < first


@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_an_operation_of_any_number_of_operands_among_few(count: int) -> None:
    rules = lambda *xs: sum([x * x for x in xs]), lambda out, *xs: [2.0 * x for x in xs]
    own = primitive("own_", *rules, variadic=True)
    agrees(lambda x: own(*x) * x[0].sin(), [1.0 + i for i in range(count)])


SLOPES = named(
    """
maximum: lambda y, x: 1.0 * (x == y)
hypot: lambda y, x: x / y
logsumexp: lambda y, x: autograd.exp(x - y)
fsum: lambda y, x: 1.0
""",
    autograd=autograd,
)


@pytest.mark.parametrize("name", SLOPES)
def test_rules_that_have_operations_of_several_numbers(name: str) -> None:
    wide: Any = vars(autograd)[name]

    def of(*xs: Any) -> Any:
        return wide(xs) if name == "fsum" else wide(*xs)

    def slope(slot: int) -> Callable[..., Any]:
        return lambda out, *xs: 2.0 * SLOPES[name](of(*xs), xs[slot])

    own = primitive("own_", lambda *xs: 2.0 * of(*xs), *map(slope, range(3)))
    for f in (lambda x: own(x[0], x[1], x[2]) + x[0], lambda x: own(x[0] * 2.0, x[2], x[1])):
        agrees(f, operands.POINTS[0].tolist())
        agrees(f, operands.POINTS, in_axes=(0,))
