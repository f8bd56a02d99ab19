"""Laws of differentiation, on random programs with shared sub-expressions."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp, mpf

import autograd
from autograd import Value, gradient
from autograd.testing.programs import Program
from autograd.testing.strategies import programs
from autograd.value import topological_order
from tests.autograd.reference import REFERENCES

EPSILON = 2.0**-53
moderate = st.floats(-1e9, 1e9)
powers_of_two = st.integers(-20, 20).map(lambda n: math.ldexp(1.0, n))


def gradients(program: Program, seed: float = 1.0) -> list[float]:
    leaves, root = program.record()
    root.backward(seed)
    return [leaf.grad for leaf in leaves]


def exact_partials(node: Value) -> list[Any]:
    """The partials of a node in mpmath, from the numbers that it was computed from."""
    op: Any = node.op
    numbers = [mpf(x.data if type(x) is Value else x) for x in node.operands]
    rules = REFERENCES[op.name].partials
    return [rules[slot](*numbers) for slot, x in enumerate(node.operands) if type(x) is Value]


@given(program=programs())
def test_gradients_agree_with_mpmath(program: Program) -> None:
    """The chain rule in 40 digits, over the graph as it was recorded.

    A path of k edges has k partials, each within 4 ulp, and k - 1 products and additions,
    each within half an ulp: so the error is bounded by the sum of |path|. What underflows
    is lost by less than 1e-300.
    """
    leaves, root = program.record()
    root.backward()
    order, _ = topological_order(root)
    with mp.workdps(40):
        exact: dict[Value, Any] = {root: mpf(1)}
        size: dict[Value, Any] = {root: mpf(1)}
        for node in reversed(order):
            upstream, weight = exact.get(node, mpf(0)), size.get(node, mpf(0))
            for x, partial in zip(node.inputs, exact_partials(node), strict=True):
                exact[x] = exact.get(x, mpf(0)) + upstream * partial
                size[x] = size.get(x, mpf(0)) + weight * abs(partial)
        edges = sum(len(node.inputs) for node in order)
        for leaf in leaves:
            bound = 10 * (edges + 1) * EPSILON * size.get(leaf, mpf(0)) + 1e-300
            assert abs(leaf.grad - exact.get(leaf, mpf(0))) <= bound


@given(program=programs())
def test_twice_is_exactly_twice(program: Program) -> None:
    leaves, root = program.record()
    root.backward()
    once = [leaf.grad for leaf in leaves]
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2.0 * grad for grad in once]


@given(program=programs(), scale=powers_of_two, sign=st.sampled_from([1.0, -1.0]))
def test_linear_in_the_seed(program: Program, scale: float, sign: float) -> None:
    """To the last bit where scaling rounds nothing."""
    once = gradients(program)
    assume(all(g == 0.0 or 1e-200 < abs(g) < 1e200 for g in once))
    assert gradients(program, sign * scale) == [sign * scale * g for g in once]


@given(program=programs())
def test_gradient_and_backward_are_the_same_bits(program: Program) -> None:
    leaves, root = program.record()
    found = gradient(root, leaves)
    assert all(leaf.grad == 0.0 for leaf in leaves)
    root.backward()
    assert found == [leaf.grad for leaf in leaves]


@given(program=programs(max_ops=6))
def test_gradients_that_can_be_differentiated_have_the_same_value(program: Program) -> None:
    """The rules on Values and on floats are one."""
    leaves, root = program.record()
    again = gradient(root, leaves, create_graph=True)
    assert [g.data for g in again] == gradient(root, leaves)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@given(program=programs())
def test_copies_have_the_same_gradients(clone: Any, program: Program) -> None:
    leaves, root = program.record()
    twin, twins = clone((root, leaves))
    root.backward()
    twin.backward()
    assert repr(twin) == repr(root)
    assert [x.grad for x in twins] == [x.grad for x in leaves]


@given(data=st.data(), pairs=st.lists(st.tuples(moderate, moderate), min_size=1, max_size=8))
def test_the_order_of_a_sum_does_not_matter(
    data: st.DataObject, pairs: list[tuple[float, float]]
) -> None:
    """One rounding of the exact sum, whatever the order of its terms."""
    shuffled = data.draw(st.permutations(pairs))
    ws, xs = [w for w, _ in pairs], [Value(x) for _, x in pairs]
    y = autograd.dot(ws, xs, 0.1)
    z = autograd.dot([w for w, _ in shuffled], [Value(x) for _, x in shuffled], 0.1)
    assert y.data == z.data
    assert autograd.sum(ws) == autograd.sum([w for w, _ in shuffled]) == math.fsum(ws)
    y.backward()
    assert [x.grad for x in xs] == ws
