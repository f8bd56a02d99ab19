"""The chain rule: what `backward` adds to which gradients, and what it never does."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import random
import signal
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import autograd
import autograd.core.value
from autograd import Value, dot, gradient, relu, sqrt, where
from autograd.core import chain as chain_rule
from autograd.core import floats
from autograd.core.sweeps import topological_order
from tests.builds import run

INF = math.inf


def chain(n: int, x: Value) -> Value:
    y = x
    for _ in range(n):
        y = y + 1.0
    return y


def wide(n: int, x: Value) -> Value:
    y: Value = autograd.sum([x * float(i) for i in range(n)])
    return y


def test_a_sum_of_products() -> None:
    w, x, b = Value(2.0), Value(-3.0), Value(10.0)
    y = w * x + b
    y.backward()
    assert (w.grad, x.grad, b.grad, y.grad) == (-3.0, 2.0, 1.0, 1.0)


def test_backward_on_a_leaf() -> None:
    x = Value(2.0)
    x.backward()
    x.backward(0.5)
    assert x.grad == 1.5


def test_gradients_of_two_roots_add_up_in_the_leaves() -> None:
    a, b = Value(2.0), Value(3.0)
    shared = a * b
    (shared * 2.0).backward()
    (shared * 10.0).backward()
    assert (a.grad, b.grad, shared.grad) == (36.0, 24.0, 10.0)


def test_a_ladder_of_diamonds() -> None:
    """2^60 paths, 120 nodes: each is visited once."""
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    y.backward()
    assert x.grad == 1.0


@pytest.mark.parametrize("seed", [-0.5, 0, 3, True, 1e-300])
def test_the_seed_multiplies(seed: float) -> None:
    x = Value(3.0)
    y = x * x
    y.backward(seed)
    assert (x.grad, y.grad) == (6.0 * seed, float(seed))


def test_zero_grad_clears_all_that_the_root_depends_on() -> None:
    x, w = Value(3.0), Value(2.0)
    y = x * w
    z = y + 1.0
    z.backward()
    z.zero_grad()
    assert [v.grad for v in (x, w, y, z)] == [0.0] * 4


# ---------------------------------------------------------------- zeros and infinities


def test_a_zero_cotangent_is_stronger_than_an_infinite_partial() -> None:
    x = Value(0.0)
    (sqrt(x) * 0.0).backward()
    assert x.grad == 0.0
    assert gradient(sqrt(x) * 0.0, x) == 0.0
    y = autograd.dot([x * 1.0, x * 2.0], [INF, 1.0], 1.0)
    (y * 0.0).backward()
    assert x.grad == 0.0


def test_an_infinite_partial_is_reported_as_infinite() -> None:
    x = Value(0.0)
    sqrt(x).backward()
    assert x.grad == INF


def test_an_operand_not_selected_gets_zero_against_infinity() -> None:
    a, b, leaf = Value(0.0), Value(2.0), Value(4.0)
    below = leaf * 3.0
    unused = below + b
    y = sqrt(where(True, a, unused))
    y.backward()
    assert a.grad == INF
    assert [v.grad for v in (b, leaf, below, unused)] == [0.0] * 4


def test_relu_off_is_zero_against_infinity() -> None:
    x = Value(-1.0)
    sqrt(relu(x)).backward()
    assert x.grad == 0.0


def nan_by_product(x: Value) -> Value:
    return sqrt(x * x)


def nan_by_sum(x: Value) -> Value:
    return sqrt(x) - sqrt(x * 1.0)


def nan_by_exponent(x: Value) -> Value:
    y: Value = (-2.0) ** (x + 3.0)
    return y


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (nan_by_product, FloatingPointError, r"mul\(0\.0 labelled 'x'.*zero times infinity"),
        (nan_by_sum, FloatingPointError, r"infinity minus infinity"),
        (nan_by_exponent, ValueError, r"pow\(-2\.0, 3\.0\).*does not exist.*detach"),
    ],
)
def test_a_nan_from_finite_numbers_is_an_error(
    f: Callable[[Value], Value], error: type[Exception], words: str
) -> None:
    x = Value(0.0, label="x")
    x.grad = 5.0
    y = f(x)
    with pytest.raises(error, match=words):
        y.backward()
    with pytest.raises(error, match=words):
        gradient(y, x)
    assert x.grad == 5.0


def test_nan_and_infinite_operands_give_what_floats_give() -> None:
    x, y = Value(INF), Value(0.0)
    (x * y).backward()
    assert (x.grad, y.grad) == (0.0, INF)
    x = Value(math.nan)
    (x * x).backward()
    assert math.isnan(x.grad)
    x, c = Value(0.0), Value(2.0)
    (sqrt(x * x) + c * INF).backward()  # an infinite constant: NaN is nobody's mistake
    assert math.isnan(x.grad)


def test_a_gradient_that_was_nan_stays_so() -> None:
    x = Value(2.0)
    x.grad = math.nan
    (x * 3.0).backward()
    assert math.isnan(x.grad)


def test_a_nan_seed_is_passed_on() -> None:
    x = Value(2.0)
    (x * 3.0).backward(math.nan)
    assert math.isnan(x.grad)


# ---------------------------------------------------------------- errors on the way


def test_opposite_infinities_of_two_passes_are_an_error() -> None:
    x, w = Value(0.0, label="x"), Value(1.0)
    y = sqrt(x) * w
    y.backward()
    assert x.grad == INF
    with pytest.raises(
        FloatingPointError, match=r"-inf to the gradient inf of 0\.0 labelled 'x'"
    ):
        y.backward(-1.0)
    assert (x.grad, w.grad) == (INF, 0.0)


# ---------------------------------------------------------------- size and memory


def test_a_chain_of_a_million_nodes() -> None:
    x = Value(0.0)
    y = chain(10**6, x)
    y.backward()
    assert (y.data, x.grad) == (1e6, 1.0)


def powers(n: int, x: Value) -> Value:
    y = x
    for _ in range(n):
        y = y * x
    return y


def test_a_node_takes_at_most_200_bytes() -> None:
    n, x = 10_000, Value(0.5)
    tracemalloc.start()
    try:
        y = chain(n, x)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert y.data == n + 0.5
    assert size / n <= 200.0


def test_time_is_linear_in_the_number_of_nodes() -> None:
    """A hundredfold the nodes, a hundredfold time: never near the square of it."""

    def seconds(n: int) -> float:
        y = chain(n, Value(0.0))
        started = time.process_time()
        y.backward()
        return time.process_time() - started

    small = min(seconds(3_000) for _ in range(5))
    large = min(seconds(300_000) for _ in range(3))
    assert large < 1_000.0 * small


def test_a_root_below_another_is_counted_wherever_it_is_used() -> None:
    x = Value(2.0)
    lowest = x * 3.0
    below = lowest + 1.0
    for above in (below * 2.0, 2.0 * below, autograd.sum([below, x, x]), below * below):
        for roots in ([below, above], [above, below]):
            assert topological_order(*roots, x, roots[0]) == ([lowest, below, above], [x])


EVERYWHERE = """
import sys
from autograd import Value, sum
from autograd.core import chain

def graph():
    x, w = Value(2.0), Value(3.0)
    x.grad, w.grad = 0.5, 0.25
    y = x * w
    return x, w, y, sum([y * y, y, x * y])

def moments(act):
    # calls act at the n-th line of a pass, for each n
    n = 0
    while True:
        x, w, y, root = graph()
        left = n
        def trace(frame, event, argument):
            nonlocal left
            if frame.f_code.co_filename != chain.__file__:
                return None
            if event == "line":
                left -= 1
                if left == -1:
                    sys.settrace(None)
                    act(x, w, y)
            return trace
        sys.settrace(trace)
        root.backward()
        sys.settrace(None)
        yield x, w, y, root
        if left >= 0:
            return
        n += 1
"""
WITHIN = """
seen = 0
x, w, y, root = graph()
root.backward()
alone = x.grad, w.grad, y.grad
def act(x, w, y):
    (y * x).backward()
    (y + y).backward(2.0)
done = list(moments(act))
for x, w, y, root in done[:-1]:
    assert (x.grad, w.grad) == (alone[0] + 12.0 + 12.0, alone[1] + 4.0 + 8.0), (x, w)
assert (done[-1][0].grad, done[-1][1].grad) == alone[:2]
print(len(done))
"""


def test_another_pass_over_the_same_nodes_comes_at_each_line_of_a_pass() -> None:
    """As a signal handler or a finalizer makes it: both sums are right, and what was there
    before. Interpreted, since compiled a pass is one step: nothing comes in between.
    """
    done = run("interpreted", "-c", EVERYWHERE + WITHIN)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) > 100


def calls_at(
    monkeypatch: pytest.MonkeyPatch, name: str, moment: int, act: Callable[[], object]
) -> Callable[[], bool]:
    """Interpreted, acts at a call of a helper of the chain rule; tells whether it came."""
    helper, calls = getattr(chain_rule, name, None), 0

    def called(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment:
            act()
        return helper(*arguments)  # type: ignore[misc]

    monkeypatch.setattr(chain_rule, name, called, raising=False)
    return lambda: calls >= moment


@pytest.mark.parametrize("moment", range(1, 25))
@pytest.mark.parametrize("name", ["_pop", "_at"])
def test_another_pass_comes_in_between(
    name: str, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, w = Value(2.0), Value(3.0)
    y = x * w
    x.grad = 0.5
    root: Value = autograd.sum([y * y, y, x * y])
    came = calls_at(monkeypatch, name, moment, lambda: (y * x).backward())
    root.backward()
    assert x.grad == 0.5 + 51.0 + 12.0 * came()
    order = topological_order(root)
    came = calls_at(monkeypatch, name, moment, lambda: (y * x).backward())
    found = floats.fast_order(root)
    assert (list(map(id, found[0])), set(found[1])) == (list(map(id, order[0])), set(order[1]))


@pytest.mark.parametrize("moment", range(1, 12))
def test_an_interrupt_leaves_the_leaves_as_they_were(
    moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, w = Value(2.0), Value(3.0)
    root = x * w
    x.grad, w.grad = 0.5, 0.25

    def interrupt() -> None:
        raise KeyboardInterrupt

    came = calls_at(monkeypatch, "_at", moment, interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        root.backward()
    assert (x.grad, w.grad) == ((0.5, 0.25) if came() else (3.5, 2.25))


def test_a_signal_handler_and_a_finalizer_may_call_backward() -> None:
    x = Value(2.0)
    seen: list[str] = []
    x.grad = 100.0

    class Late:
        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            (x * 10.0).backward()
            seen.append("finalizer")

    def handler(number: int, frame: object) -> None:
        (x * 1.0).backward()
        seen.append("handler")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        root: Value = autograd.sum([x * 1e-300 for _ in range(1000)])
        Late()
        os.kill(os.getpid(), signal.SIGUSR1)
        root.backward()
        gc.collect()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert sorted(seen) == ["finalizer", "handler"]
    assert x.grad == 111.0


def test_the_order_of_the_sweep_depends_on_the_graph_alone() -> None:
    """Bit for bit the same gradients, although their sum depends on its order."""

    def run(garbage: int) -> list[float]:
        keep = [Value(0.0) for _ in range(garbage)]  # moves the nodes to other addresses
        rng = random.Random(7)
        xs = [Value(rng.uniform(-1.0, 1.0)) for _ in range(5)]
        nodes = list(xs)
        for _ in range(300):
            a, b, c = rng.choices(nodes, k=3)
            nodes.append((a * 0.7 + b * c).sin() if rng.random() < 0.7 else dot([a, b], [b, c]))
        autograd.sum(nodes).backward()
        assert len(keep) == garbage
        return [x.grad for x in xs]

    first = run(0)
    assert all(run(garbage) == first for garbage in (1, 17, 1000))


def test_the_gradient_in_what_the_root_does_not_depend_on_is_zero() -> None:
    x, other = Value(2.0), Value(3.0)
    assert gradient(x * x, [other, x, other * 1.0]) == [0.0, 4.0, 0.0]
    assert gradient(x * x, other) == 0.0
