"""Nested structures of numbers are taken apart and put together again."""

from collections import namedtuple
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from autograd.trees import flatten, flatten_like

Point = namedtuple("Point", "x y")

numbers = st.floats(allow_nan=False)
trees = st.recursive(
    numbers,
    lambda child: (
        st.lists(child, max_size=3)
        | st.tuples(child, child)
        | st.dictionaries(st.text(max_size=2), child, max_size=3)
        | st.builds(Point, child, child)
    ),
    max_leaves=12,
)


@settings(max_examples=50)
@given(trees)
def test_rebuilding_from_the_leaves_gives_the_tree(tree: Any) -> None:
    leaves, rebuild = flatten(tree, "x")
    again = rebuild(leaves)
    assert again == tree
    assert type(again) is type(tree)


def test_numbers_become_floats_and_values_stay() -> None:
    v = Value(1.0)
    leaves, rebuild = flatten([1, Fraction(1, 2), np.float32(0.25), v], "x")
    assert leaves[:3] == [1.0, 0.5, 0.25]
    assert all(type(leaf) is float for leaf in leaves[:3])
    assert rebuild(leaves)[3] is v


def test_an_array_of_floats_comes_back_as_one() -> None:
    leaves, rebuild = flatten(np.arange(6).reshape(2, 3), "x")
    again = rebuild(leaves)
    assert again.dtype == float
    assert np.array_equal(again, np.arange(6.0).reshape(2, 3))


def test_an_array_of_values_has_their_shape() -> None:
    _, rebuild = flatten(np.zeros((2, 1)), "x")
    again = rebuild([Value(1.0), Value(2.0)])
    assert again.shape == (2, 1)
    assert again[1, 0].data == 2.0


def test_an_array_of_rows_is_stacked() -> None:
    _, rebuild = flatten(np.zeros(2), "x")
    assert rebuild([np.ones(3), np.zeros(3)]).shape == (2, 3)


def test_an_array_of_lists_stays_an_array_of_lists() -> None:
    _, rebuild = flatten(np.zeros(2), "x")
    assert rebuild([[1.0], [2.0]])[1] == [2.0]


def test_an_empty_array_and_a_scalar_array_keep_their_shape() -> None:
    for array in (np.zeros((0, 3)), np.array(2.0)):
        leaves, rebuild = flatten(array, "x")
        assert rebuild(leaves).shape == array.shape


@given(trees)
def test_numbers_of_a_tree_like_itself_are_its_leaves(tree: Any) -> None:
    assert flatten_like(tree, tree, "x") == flatten(tree, "x")[0]
