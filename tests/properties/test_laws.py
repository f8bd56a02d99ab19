"""Laws of differentiation, on random programs with shared sub-expressions.

Where the law holds for rounded numbers too, it is asked for to the bit. Where it holds for
real numbers only, it is asked for to the bit of programs on small whole numbers, and else
within what rounding can do to the sum over all paths.
"""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd.core.primitive import TABLE
from autograd.core.sweeps import topological_order
from autograd.testing.programs import Listing
from tests.properties.bounds import EPSILON, TINY, exact_gradients, path_sums, steps_of
from tests.properties.graphs import bits, linked, recorded, run, swept
from tests.properties.strategies import POLYNOMIAL, random_programs

smooth = random_programs()
whole = random_programs(POLYNOMIAL, whole=True)
seeds = st.floats(-1e3, 1e3)
Function = Callable[..., Any]


@given(program=smooth)
def test_every_gradient_is_the_sum_over_all_paths(program: Listing) -> None:
    """Of the products of the partials as recorded, for interior nodes as for leaves."""
    _, nodes = recorded(program)
    nodes[-1].backward()
    exact, size = exact_gradients(nodes[-1]), path_sums([(nodes[-1], 1.0)])
    for node in nodes:
        bound = steps_of(nodes[-1]) * EPSILON * size.get(node, 0.0) + TINY
        assert abs(Fraction(node.grad) - exact.get(node, Fraction(0))) <= bound


@given(program=whole)
def test_gradients_of_whole_numbers_are_exact(program: Listing) -> None:
    _, nodes = recorded(program)
    nodes[-1].backward()
    exact = exact_gradients(nodes[-1])
    assert [node.grad for node in nodes] == [exact.get(node, 0) for node in nodes]


@given(inner=smooth, outer=smooth)
def test_the_chain_rule_across_detach_to_the_bit(inner: Listing, outer: Listing) -> None:
    """All paths lead through one node: cut there, each part is swept as in the whole."""
    leaves, nodes = recorded(inner)
    middle = nodes[-1]
    together = swept(run(outer, linked(outer, middle))[-1], leaves)
    passed = middle.grad
    cut = middle.detach()
    run(outer, linked(outer, cut))[-1].backward()
    assert cut.grad.hex() == passed.hex()
    assert bits(swept(middle, leaves, cut.grad)) == bits(together)


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


AROUND: dict[str, tuple[Function, float]] = {
    "negated": (lambda y: -y, -1.0),
    "scaled": (lambda y: y * 0.3, 0.3),
    "scaled from the left": (lambda y: 0.3 * y, 0.3),
    "divided": (lambda y: y / 8.0, 0.125),
    "moved": (lambda y: 7.0 + y, 1.0),
    "subtracted": (lambda y: 7.0 - y, -1.0),
    "a power": (lambda y: y**1.0, 1.0),
    "identity": (lambda y: TABLE["identity"](y), 1.0),
    "a sum": (lambda y: autograd.sum([y, 0.7]), 1.0),
    "a dot": (lambda y: autograd.dot([y], [0.3], 0.7), 0.3),
    "a maximum": (lambda y: autograd.maximum(y, -1e6, y.detach() - 1.0), 1.0),
    "a minimum": (lambda y: autograd.minimum(1e6, y), 1.0),
    "largest beside itself": (lambda y: autograd.maximum(y, y), 1.0),
    "smallest of four times itself": (lambda y: autograd.minimum(y, y, y, y), 1.0),
    "doubled": (lambda y: y + y, 2.0),
    "taken from its double": (lambda y: y * 2.0 - y, 1.0),
    "halves": (lambda y: autograd.dot([y, 0.5], [0.5, y]), 1.0),
    "clipped": (lambda y: autograd.clip(y, -1e6, 1e6), 1.0),
    "taken": (lambda y: autograd.take([0.5, y.detach(), y], 2), 1.0),
    "chosen": (lambda y: autograd.where(True, y, y.detach()), 1.0),
    "chosen from two": (lambda y: autograd.where(False, y.detach(), y), 1.0),
    "in a function": (lambda y: autograd.where(True, lambda: y, lambda: 1 / 0), 1.0),
    "leaky": (lambda y: autograd.leaky_relu(abs(y.data) + 1.0 + y * 1.0, 0.1), 1.0),
    "log of one": (lambda y: autograd.logsumexp(y), 1.0),
}


@pytest.mark.parametrize(("outside", "factor"), AROUND.values(), ids=AROUND.keys())
@settings(max_examples=25)
@given(program=smooth)
def test_what_stands_around_is_a_seed(
    outside: Function, factor: float, program: Listing
) -> None:
    leaves, nodes = recorded(program)
    plain = swept(nodes[-1], leaves, factor)
    assert bits(swept(outside(nodes[-1]), leaves)) == bits(plain)
