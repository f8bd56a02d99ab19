"""The same function gives the same numbers, however its graph came to be."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, gradient, no_grad
from autograd.core.chain import gradients
from autograd.core.primitive import TABLE
from autograd.testing.programs import Listing
from tests.properties.bounds import EPSILON
from tests.properties.graphs import bits, recorded, run, spelled, swept
from tests.properties.strategies import random_programs

smooth = random_programs()
Clone = Callable[[Any], Any]


def made(name: str, operands: tuple[int | float, ...], nodes: Any) -> Any:
    return spelled(name)(*[nodes[k] if type(k) is int else k for k in operands])


@given(program=smooth, seed=st.floats(-1e3, 1e3))
def test_backward_is_the_chain_rule_of_the_textbook(program: Listing, seed: float) -> None:
    _, nodes = recorded(program)
    wanted = gradients(nodes[-1], seed)
    nodes[-1].backward(seed)
    assert bits([x.grad for x in nodes]) == bits([wanted.get(x, 0.0) for x in nodes])


@given(program=smooth, data=st.data())
def test_the_order_of_building_does_not_matter(program: Listing, data: st.DataObject) -> None:
    """Nor do other graphs that grow in between, nor what else uses the nodes."""
    leaves, nodes = recorded(program)
    count = len(leaves)
    again = {i: Value(program.starts[i]) for i in reversed(range(count))}
    waiting = dict(enumerate(program.steps, count))
    aside = Value(1.0)
    while waiting:
        ready = [
            i
            for i, step in waiting.items()
            if all(k in again for k in step.operands if type(k) is int)
        ]
        i = data.draw(st.sampled_from(ready))
        step = waiting.pop(i)
        again[i] = made(step.name, step.operands, again)
        aside = aside * again[i]
    others = [again[i] for i in range(len(nodes))]
    assert bits([x.data for x in others]) == bits([x.data for x in nodes])
    plain = swept(nodes[-1], leaves)
    assert bits(swept(others[-1], others[:count])) == bits(plain)
    assert bits([x.grad for x in others]) == bits([x.grad for x in nodes])


@given(program=smooth)
def test_what_does_not_lead_to_the_root_is_left_alone(program: Listing) -> None:
    leaves, nodes = recorded(program)
    plain = swept(nodes[-1], leaves)
    apart = Value(3.0)
    beside = [node * apart for node in nodes]
    for x in (apart, *beside):
        x.grad = 7.0
    assert bits(swept(nodes[-1], leaves)) == bits(plain)
    assert [x.grad for x in (apart, *beside)] == [7.0] * (1 + len(beside))


SYMMETRIC = ["add", "mul", "sum", "maximum", "minimum", "logsumexp", "hypot"]
numbers = st.floats(-30.0, 30.0)


@given(
    name=st.sampled_from(SYMMETRIC),
    data=st.data(),
    xs=st.lists(numbers | st.sampled_from([0.0, 1.0]), min_size=2, max_size=6),
)
def test_operands_in_another_order(name: str, data: st.DataObject, xs: list[float]) -> None:
    """Where a sum is rounded once, and of two operands, to the bit."""
    if not TABLE[name].variadic:
        xs = xs[:2]
    places = data.draw(st.permutations(range(len(xs))))
    leaves = [Value(x) for x in xs]
    y = spelled(name)(*leaves)
    z = spelled(name)(*[leaves[i] for i in places])
    assert abs(y.data - z.data) <= (2.0 * EPSILON * abs(y.data) if name == "hypot" else 0.0)
    for once, again in zip(swept(y, leaves), swept(z, leaves)):
        assert abs(once - again) <= (4.0 * EPSILON if name == "hypot" else 0.0) * abs(once)


@given(
    data=st.data(),
    pairs=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8),
    bias=numbers,
)
def test_the_pairs_of_a_dot_in_another_order(
    data: st.DataObject, pairs: list[tuple[float, float]], bias: float
) -> None:
    """Also weights and inputs may change places."""
    nodes = [(Value(w), Value(x)) for w, x in pairs]
    shuffled = data.draw(st.permutations(nodes))
    leaves = [x for pair in nodes for x in pair]
    y = autograd.dot([w for w, _ in nodes], [x for _, x in nodes], bias)
    z = autograd.dot([w for w, _ in shuffled], [x for _, x in shuffled], bias)
    u = autograd.dot([x for _, x in nodes], [w for w, _ in nodes], bias)
    assert bits([y.data, y.data]) == bits([z.data, u.data])
    expected = [x for pair in pairs for x in reversed(pair)]
    for root in (y, z, u):
        assert swept(root, leaves) == expected


@given(xs=st.lists(numbers, min_size=1, max_size=8), bias=numbers)
def test_one_node_of_many_operands_or_many_of_two(xs: list[float], bias: float) -> None:
    leaves = [Value(x) for x in xs]
    chain: Any = bias
    for x in leaves:
        chain = chain + x
    one = autograd.sum([bias, *leaves])
    assert bits(swept(one, leaves)) == bits(swept(chain, leaves)) == bits([1.0] * len(xs))
    size = abs(bias) + sum(map(abs, xs))
    assert abs(one.data - chain.data) <= len(xs) * EPSILON * size

    weights = [Value(0.3 * x - 1.0) for x in xs]
    chain = bias
    for w, x in zip(weights, leaves):
        chain = chain + w * x
    one = autograd.dot(weights, leaves, bias)
    assert bits(swept(one, leaves + weights)) == bits(swept(chain, leaves + weights))
    size = abs(bias) + sum(abs(w.data * x.data) for w, x in zip(weights, leaves))
    assert abs(one.data - chain.data) <= 2.0 * len(xs) * EPSILON * size


@given(xs=st.lists(numbers, min_size=2, max_size=8, unique=True))
def test_a_largest_of_many_or_of_two_again_and_again(xs: list[float]) -> None:
    leaves = [Value(x) for x in xs]
    for extremum, opposite in (
        (autograd.maximum, autograd.minimum),
        (autograd.minimum, autograd.maximum),
    ):
        chain: Any = leaves[0]
        for x in leaves[1:]:
            chain = extremum(chain, x)
        mirrored = -opposite([-x for x in leaves])
        one = extremum(leaves)
        assert one.data == chain.data == mirrored.data
        assert swept(one, leaves) == swept(chain, leaves) == swept(mirrored, leaves)


@given(program=smooth, at=st.integers(1, 100))
def test_no_grad_is_detached_from_the_start(program: Listing, at: int) -> None:
    at %= len(program.steps)
    first, rest = program.steps[:at], program.steps[at:]
    leaves, nodes = recorded(program)
    with no_grad():
        quiet: list[Any] = run(Listing(program.starts, first), leaves) if first else [*leaves]
    assert all(x.op is None for x in quiet)
    cut = [*leaves, *[x.detach() for x in nodes[len(leaves) : len(leaves) + at]]]
    for step in rest:
        quiet.append(made(step.name, step.operands, quiet))
        cut.append(made(step.name, step.operands, cut))
    assert bits([x.data for x in quiet]) == bits([x.data for x in nodes])
    assert bits(swept(quiet[-1], leaves)) == bits(swept(cut[-1], leaves))


@given(program=smooth, numbers=st.lists(numbers, min_size=4, max_size=4))
def test_data_that_changes_later_changes_no_gradient(
    program: Listing, numbers: list[float]
) -> None:
    leaves, nodes = recorded(program)
    plain = swept(nodes[-1], leaves)
    for x, number in zip(nodes, numbers * len(nodes)):
        x.data = number
    assert bits(swept(nodes[-1], leaves)) == bits(plain)


@given(chosen=smooth, other=smooth, condition=st.booleans())
def test_where_is_the_branch_that_it_chooses(
    chosen: Listing, other: Listing, condition: bool
) -> None:
    """And nothing comes from the other, not even from an infinite derivative in it."""
    leaves, nodes = recorded(chosen)
    y = nodes[-1]
    aside = [Value(x) for x in other.starts]
    z = run(other, aside)[-1] + autograd.sqrt(aside[0] * 0.0) + leaves[0]
    plain = swept(y, leaves)
    branches = (y, z) if condition else (z, y)
    root = autograd.where(condition, *branches)
    assert root.data.hex() == y.data.hex()
    assert bits(swept(root, [*leaves, *aside])) == bits(plain + [0.0] * len(aside))
    assert autograd.where(condition, *[lambda x=x: x for x in branches]) is y


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@given(program=smooth)
def test_copies_have_the_same_gradients(clone: Clone, program: Listing) -> None:
    leaves, nodes = recorded(program)
    twin, twins = clone((nodes[-1], leaves))
    plain = swept(nodes[-1], leaves)
    assert twin.data.hex() == nodes[-1].data.hex()
    assert bits(swept(twin, twins)) == bits(plain)
    assert repr(clone(nodes[-1])) == repr(nodes[-1])
    slopes = gradient(nodes[-1], leaves, create_graph=True)
    again, leaves_again = clone((slopes, leaves))
    for slope, copied in zip(slopes, again):
        assert bits(gradient(copied, leaves_again)) == bits(gradient(slope, leaves))
