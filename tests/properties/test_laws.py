"""Laws of differentiation to the bit, on random programs with shared sub-expressions."""

import itertools
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, dot, no_grad, vjp
from autograd.core.chain import gradients
from autograd.core.sweeps import cotangents, tangents, topological_order
from tests.helpers.graphs import bits, recorded, run, spelled, swept, whole_programs
from tests.helpers.programs import Listing, programs

smooth = programs()
seeds = st.floats(-1e3, 1e3)
numbers = st.floats(-30.0, 30.0)


@given(program=smooth, seed=st.floats(-1e3, 1e3))
def test_backward_is_the_chain_rule_of_the_textbook(program: Listing, seed: float) -> None:
    _, nodes = recorded(program)
    wanted = gradients(nodes[-1], seed)
    nodes[-1].backward(seed)
    assert bits([x.grad for x in nodes]) == bits([wanted.get(x, 0.0) for x in nodes])


@given(program=whole_programs(12))
def test_every_gradient_is_the_sum_over_all_paths(program: Listing) -> None:
    """Of the products of the partials as recorded, for interior nodes as for leaves."""
    _, nodes = recorded(program)
    nodes[-1].backward()
    exact = {nodes[-1]: Fraction(1)}
    for node in reversed(topological_order(nodes[-1])[0]):
        for x, partial in zip(node.inputs, node.partials):
            exact[x] = exact.get(x, Fraction(0)) + exact[node] * Fraction(partial)
    assert [node.grad for node in nodes] == [exact.get(node, 0) for node in nodes]


@given(program=smooth)
def test_twice_is_exactly_twice(program: Listing) -> None:
    leaves, nodes = recorded(program)
    nodes[-1].backward()
    once = [node.grad for node in nodes]
    nodes[-1].backward()
    assert [leaf.grad for leaf in leaves] == [2.0 * leaf for leaf in once[: len(leaves)]]
    assert bits([x.grad for x in nodes[len(leaves) :]]) == bits(once[len(leaves) :])


@given(program=smooth, before=st.lists(seeds, min_size=4, max_size=4))
def test_a_zero_seed_adds_nothing(program: Listing, before: list[float]) -> None:
    leaves, nodes = recorded(program)
    root = nodes[-1] + autograd.sqrt(nodes[0] * 0.0) * autograd.cbrt(leaves[0] * 0.0)
    for node, grad in zip(nodes, itertools.cycle(before)):
        node.grad = grad
    was = [leaf.grad for leaf in leaves]
    for zero in (0.0, -0.0, 0, False):
        root.backward(zero)
        assert [leaf.grad for leaf in leaves] == was
        assert not any(node.grad for node in nodes[len(leaves) :])


@given(program=smooth, before=st.lists(seeds, min_size=4, max_size=4), seed=seeds)
def test_leaves_accumulate(program: Listing, before: list[float], seed: float) -> None:
    """To what was there the gradient is added, once it is summed up."""
    leaves, nodes = recorded(program)
    alone = swept(nodes[-1], leaves, seed)
    for leaf, was in zip(leaves, before):
        leaf.grad = was
    nodes[-1].backward(seed)
    assert [x.grad for x in leaves] == [a + b for a, b in zip(before, alone)]
    nodes[-1].zero_grad()
    below = set(itertools.chain(*topological_order(nodes[-1])))
    assert not any(node.grad for node in below)


@given(program=smooth, data=st.data())
def test_each_node_once_and_after_its_inputs(program: Listing, data: st.DataObject) -> None:
    _, nodes = recorded(program)
    roots = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=6))
    order, leaves = topological_order(*roots)
    places = {node: place for place, node in enumerate(leaves + order)}
    assert len(places) == len(leaves) + len(order)
    assert all(leaf.op is None for leaf in leaves)
    assert all(node.op is not None for node in order)
    assert all(places[x] < places[node] for node in order for x in node.inputs)
    below = set(roots)
    for node in reversed(order):
        assert node in below
        below.update(node.inputs)
    assert below == set(places)


def test_one_root_twice() -> None:
    x = Value(3.0)
    y = x * x
    assert cotangents([(y, 1.0), (y, 10.0)])[x] == 66.0
    assert tangents([y, y, x], [(x, 1.0)])[y] == 6.0
    assert vjp(lambda v: (lambda q: [q, q])(v * v), 3.0)[1]([1.0, 10.0]) == (66.0,)
    assert vjp(lambda v: (lambda q: [q, dot([q], [2.0]), q])(v * v), 3.0)[1]([1.0] * 3) == (
        24.0,
    )


def made(name: str, operands: tuple[int | float, ...], nodes: Any) -> Any:
    return spelled(name)(*[nodes[k] if type(k) is int else k for k in operands])


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
        aside.grad = 7.0
    others = [again[i] for i in range(len(nodes))]
    assert bits([x.data for x in others]) == bits([x.data for x in nodes])
    plain = swept(nodes[-1], leaves)
    assert bits(swept(others[-1], others[:count])) == bits(plain)
    assert bits([x.grad for x in others]) == bits([x.grad for x in nodes])
    assert aside.grad == 7.0


@given(xs=st.lists(numbers, min_size=1, max_size=8), bias=numbers)
def test_one_node_of_many_operands_or_many_of_two(xs: list[float], bias: float) -> None:
    leaves, weights = [Value(x) for x in xs], [Value(0.3 * x - 1.0) for x in xs]
    chain: Any = bias
    for w, x in zip(weights, leaves):
        chain = chain + w * x
    one = dot(weights, leaves, bias)
    assert bits(swept(one, leaves + weights)) == bits(swept(chain, leaves + weights))


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
