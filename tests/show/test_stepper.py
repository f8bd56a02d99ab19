"""The stepper plays what `backward` does: the same products, in the same order, to the bit."""

import contextlib
import html
import math
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Stepper, Value, dot, maximum, relu, sqrt, where  # noqa: F401  (rows name some)
from autograd.core.sweeps import topological_order
from autograd.show.text import LONGEST_NAME
from tests.helpers.examples import lesson
from tests.helpers.programs import Listing, programs
from tests.helpers.tables import column, table

INF, NAN = math.inf, math.nan
ZERO = Value(0.0, label="x")


def bits(x: float) -> bytes:
    return b"nan" if x != x else struct.pack("<d", x)


def gradients(root: Value) -> dict[Value, bytes]:
    order, leaves = topological_order(root)
    return {node: bits(node.grad) for node in order + leaves}


def played(stepper: Stepper) -> dict[Value, bytes]:
    return {node: bits(grad) for node, grad in stepper.grads.items()}


def check_to_the_end(root: Value) -> None:
    stepper = Stepper(root)
    stepper.goto(len(stepper.events))
    root.backward()
    assert played(stepper) == gradients(root)


EDGY: list[Callable[[Value, Value], Value]] = column(
    """
lambda x, y: x * y
lambda x, y: x + y
lambda x, y: x - y
lambda x, y: sqrt(x if x.data >= 0.0 else relu(x))
lambda x, y: relu(x)
lambda x, y: maximum(x, y)
lambda x, y: where(True, x, y)
lambda x, y: dot([x, y], [y, x], x)
""",
    **globals(),
)


def edgy(draw: st.DrawFn) -> Value:
    """Steps over numbers that overflow, vanish and meet the edges of their domains."""
    numbers = st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e308, 5e-324, INF, -INF, NAN, 0.5])
    nodes = [Value(x) for x in draw(st.lists(numbers, min_size=1, max_size=3))]
    node = st.integers(0, 99).map(lambda i: nodes[i % len(nodes)])
    for _ in range(draw(st.integers(0, 8))):
        with contextlib.suppress(OverflowError):
            nodes.append(draw(st.sampled_from(EDGY))(draw(node), draw(node)))
    return nodes[-1]


@settings(max_examples=300, deadline=None)
@given(program=programs())
def test_to_the_end_is_backward_bit_for_bit(program: Listing) -> None:
    check_to_the_end(program.record()[1])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), seed=st.sampled_from([1.0, -2.5, 0.0, -0.0, INF, NAN, 1e-300]))
def test_so_it_is_at_infinity_and_nan(data: st.DataObject, seed: float) -> None:
    root = data.draw(st.composite(edgy)())
    stepper = Stepper(root, seed)
    stepper.goto(len(stepper.events))
    assert outcome(root, stepper.apply) == outcome(root, lambda: root.backward(seed))


def outcome(root: Value, differentiate: Callable[[], None]) -> object:
    root.zero_grad()
    try:
        differentiate()
    except (FloatingPointError, ValueError) as error:
        return str(error)
    return gradients(root)


def test_the_order_is_that_of_backward() -> None:
    rng = random.Random(3)
    nodes = [Value(rng.uniform(-1.0, 1.0)) for _ in range(4)]
    for _ in range(60):
        nodes.append(rng.choice(nodes) * rng.choice(nodes) + rng.choice(nodes))
    root = dot(nodes[-5:], nodes[-10:-5], nodes[0])
    order, leaves = topological_order(root)
    events = Stepper(root).events
    assert [event.index for event in events] == list(range(len(events)))
    forward = [event.node for event in events if event.kind == "forward"]
    assert [node.value for node in forward if node.op is not None] == order
    assert {node.value for node in forward} == {*order, *leaves}
    seed, *backward = events[len(forward) :]
    assert (seed.kind, seed.node.value, seed.before, seed.after) == ("seed", root, 0.0, 1.0)
    assert [(e.node.value, e.slot, e.target.value) for e in backward] == [
        (node, slot, x) for node in reversed(order) for slot, x in enumerate(node.inputs)
    ]


def test_every_event_is_a_line_of_arithmetic() -> None:
    _, _, loss = lesson()
    assert [str(event) for event in Stepper(loss).events] == [
        "a = 2.0",
        "b = -3.0",
        "e = a * b = 2.0 * -3.0 → -6.0",
        "L = e + a = -6.0 + 2.0 → -4.0",
        "∂L/∂L = 1.0",
        "∂L/∂e += ∂L/∂L · ∂L/∂e = 1.0 × 1.0 → 1.0",
        "∂L/∂a += ∂L/∂L · ∂L/∂a = 1.0 × 1.0 → 1.0  (use 1 of 2)",
        "∂L/∂a += ∂L/∂e · ∂e/∂a = 1.0 × -3.0 = -3.0; 1.0 + -3.0 → -2.0  (use 2 of 2)",
        "∂L/∂b += ∂L/∂e · ∂e/∂b = 1.0 × 2.0 → 2.0",
    ]


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda x: -x, "y = -x = -(-2.0) → 2.0"),
        (lambda x: x**2, "y = x² = (-2.0)² → 4.0"),
        (lambda x: 3 - x, "y = 3.0 - x = 3.0 - (-2.0) → 5.0"),
        (lambda x: x.tanh(), "y = tanh(x) = tanh(-2.0) → -0.964"),
        (lambda x: maximum(x, 1), "y = maximum(x, 1.0) = maximum(-2.0, 1.0) → 1.0"),
        (
            lambda x: dot([x] * 4, range(4), 5),
            "y = 5.0 + x·0.0 + x·1.0 + x·2.0 + x·3.0 = "
            "5.0 + (-2.0·0.0) + (-2.0·1.0) + (-2.0·2.0) + (-2.0·3.0) → -7.0",
        ),
    ],
)
def test_how_an_operation_is_written(make: object, line: str) -> None:
    assert callable(make)
    y = make(Value(-2.0, label="x"))
    y.label = "y"
    assert str(Stepper(y).events[1]) == line


@pytest.mark.parametrize("label", ["\x1b[31mred", "two\nlines", "x" * 1000, "<b>{}%s", "😀 ∂"])
def test_hostile_labels_do_not_reach_the_terminal(label: str) -> None:
    x = Value(1.0, label=label)
    for event in Stepper(x * x).events:
        assert str(event).isprintable()
        assert len(str(event)) < 250
    assert Stepper(x * x).run_until(label) is not None


def test_a_deep_graph_is_no_deep_recursion() -> None:
    x = Value(1.0, label="x")
    y = x
    for _ in range(20_000):
        y = y + 0.0
    stepper = Stepper(y)
    stepper.goto(len(stepper.events))
    assert stepper.grads[x] == 1.0
    assert len(repr(stepper.events[-1])) < 100


@given(program=programs(max_ops=6), data=st.data())
def test_going_back_is_replay(program: Listing, data: st.DataObject) -> None:
    _, root = program.record()
    stepper, fresh = Stepper(root), Stepper(root)
    stepper.goto(data.draw(st.integers(0, len(stepper.events))))
    stepper.goto(data.draw(st.integers(0, len(stepper.events))))
    while fresh.position < stepper.position:
        fresh.next()
    assert played(stepper) == played(fresh)


def test_next_and_back() -> None:
    a, _, loss = lesson()
    stepper = Stepper(loss)
    assert stepper.back() is None
    assert stepper.next() is stepper.events[0]
    assert stepper.back() is stepper.events[0]
    assert stepper.position == 0
    assert list(stepper) == list(stepper.events)
    assert (stepper.next(), stepper.position) == (None, 9)
    assert stepper.grads[a] == -2.0
    stepper.back()
    stepper.back()
    assert stepper.grads[a] == 1.0
    stepper.goto(9)
    assert repr(stepper) == (
        "<Stepper of L: 9 of 9 events played; .back() takes the last one back>"
    )
    stepper.reset()
    assert (stepper.position, stepper.grads[a]) == (0, 0.0)
    assert repr(stepper) == "<Stepper of L: 0 of 9 events played; .next() plays 'a = 2.0'>"


def test_run_until() -> None:
    _, _, loss = lesson()
    stepper = loss.steps()
    assert str(stepper.run_until("e")) == "e = a * b = 2.0 * -3.0 → -6.0"
    assert stepper.position == 3
    assert str(stepper.run_until("L")) == "L = e + a = -6.0 + 2.0 → -4.0"
    assert str(stepper.run_until("L")) == "∂L/∂L = 1.0"
    assert [str(stepper.run_until("a"))[:5] for _ in range(2)] == ["∂L/∂a"] * 2
    assert stepper.run_until("a") is None
    assert stepper.position == 8


def test_run_until_knows_names_and_shared_labels() -> None:
    x, y = Value(1.0, label="w"), Value(2.0, label="w")
    stepper = Stepper(x * y)
    found = [stepper.run_until("w") for _ in range(4)]
    assert [event.target.value for event in found if event is not None] == [x, y, x, y]
    stepper.reset()
    event = stepper.run_until("v3")
    assert event is not None
    assert event.target.op is not None
    exact = "x" * LONGEST_NAME
    assert str(Stepper(Value(1.0, label=exact)).next()) == f"{exact} = 1.0"
    beginning = f"{exact[:-1]}…"
    assert (
        str(Stepper(Value(1.0, label=exact + "x")).run_until(beginning)) == f"{beginning} = 1.0"
    )


def test_it_runs_to_where_a_number_turns_infinite_and_then_nan() -> None:
    x = Value(0.0, label="x")
    y = sqrt(x * x) + 1.0
    y.label = "y"
    with pytest.raises(FloatingPointError) as caught:
        y.backward()
    stepper = Stepper(y)
    cause = stepper.run_until_nonfinite()
    assert cause is not None
    assert (cause.op, cause.turns) == (sqrt(x).op, "infinite")
    assert stepper.position == cause.index + 1
    named = stepper.run_until_nonfinite()
    assert named is not None
    assert (named.target.name, named.turns) == ("x", "not a number")
    assert str(named).startswith("∂y/∂x += ∂y/∂v2 · ∂v2/∂x = inf × 0.0 → nan")
    assert named.op is not None
    assert str(caught.value).startswith(f"{named.op.name}(0.0 labelled 'x'")
    assert stepper.run_until_nonfinite() is None
    assert stepper.position == named.index + 1


def test_infinity_that_was_there_before_is_told_once() -> None:
    x = Value(INF, label="x")
    stepper = Stepper(((x + 1.0) - x) * 2.0)
    events = [event for event in stepper.events if event.turns]
    assert [(e.kind, e.target.name, e.turns) for e in events] == [
        ("forward", "x", "infinite"),
        ("forward", "v3", "not a number"),
    ]


def test_nothing_is_written_until_asked() -> None:
    a, b, loss = lesson()
    a.grad = 7.0
    stepper = Stepper(loss)
    stepper.goto(9)
    assert (a.grad, b.grad, loss.grad) == (7.0, 0.0, 0.0)
    stepper.apply()
    assert (a.grad, b.grad, loss.grad) == (5.0, 2.0, 1.0)
    stepper.apply()
    assert (a.grad, b.grad, loss.grad) == (3.0, 4.0, 1.0)


def test_what_has_arrived_so_far_can_be_written() -> None:
    a, b, loss = lesson()
    loss.backward()
    stepper = Stepper(loss)
    stepper.goto(7)
    a.grad = b.grad = 0.0
    stepper.apply()
    e = stepper.graph.nodes[2].value
    assert (a.grad, b.grad, e.grad) == (1.0, 0.0, 1.0)


def test_apply_up_to_the_nan_and_not_beyond() -> None:
    x = Value(0.0, label="x")
    stepper = Stepper(sqrt(x * x))
    stepper.run_until_nonfinite()
    stepper.apply()
    assert stepper.graph.nodes[1].value.grad == INF
    stepper.run_until_nonfinite()
    with pytest.raises(FloatingPointError):
        stepper.apply()
    assert x.grad == 0.0


@pytest.mark.parametrize(
    ("value", "words"),
    table(
        """
relu(ZERO) | "0 at x = 0"
abs(ZERO) | "0 at x = 0"
ZERO.sqrt() | "inf at x = 0"
maximum(ZERO, 0.0) | "operands that tie for the maximum share equally"
relu(ZERO + 1e-9) | ""
ZERO * 2.0 | ""
maximum([ZERO] * 17) | ""
Value(-2.0) ** 2 | ""
relu(ZERO * NAN) | ""
""",
        globals(),
    ),
)
def test_the_convention_at_a_kink(value: Value, words: str) -> None:
    last = [event for event in Stepper(value).events if event.kind == "forward"][-1]
    assert last.convention == words
    assert f'"kink":"{words}"' in Stepper(value).html()


def test_a_page_is_an_html_file(tmp_path: Path) -> None:
    _, _, loss = lesson()
    written = loss.steps().save(str(tmp_path / "steps.HTML"))
    assert written == tmp_path / "steps.HTML"
    page = written.read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert all(html.escape(str(event)) in page for event in loss.steps().events)
    assert list(tmp_path.iterdir()) == [written]


def test_a_notebook_shows_the_page_or_why_there_is_none() -> None:
    _, _, loss = lesson()
    assert loss.steps()._repr_html_().count("<iframe srcdoc=") == 1
    y = Value(0.0, label="<x>")
    for _ in range(2000):
        y = y + 1.0
    y.label = "<y>"
    shown = Stepper(y)._repr_html_()
    assert shown.startswith("<pre>&lt;Stepper of &lt;y&gt;: 0 of 4002 events played; ")
    assert "1,000 nodes" in shown


def test_a_frozen_leaf_gets_no_products() -> None:
    x, w = Value(2.0, label="x"), Value(3.0, label="w", requires_grad=False)
    played = (x * w * w).steps().events
    assert [e.target.label for e in played if e.kind == "backward"] == [None, "x"]
    assert played[-1].after == 9.0


def test_a_rule_that_fails_on_symbols_has_no_formula() -> None:
    def slope(out: Any, x: Any) -> float:
        if type(x) is not float:
            raise ValueError
        return 2.0

    own = autograd.primitive("tests.for_floats", lambda x: 2.0 * x, slope)
    assert {event.rule for event in own(Value(3.0)).steps().events} == {""}


def test_a_page_of_a_model_begins_with_its_neurons() -> None:
    small, large = nn.MLP(2, [2, 1]), nn.MLP(2, [4, 4, 1])
    assert Stepper(small([0.5, -1.0])).graph.options.collapse is None
    assert Stepper(large([0.5, -1.0])).graph.options.collapse == "neuron"
    assert Stepper(large([0.5, -1.0]), collapse=None).graph.options.collapse is None
