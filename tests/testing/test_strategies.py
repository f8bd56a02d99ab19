"""Numbers, points and programs: valid, varied, and small once they have shrunk."""

from __future__ import annotations

import importlib
import math
import sys
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

import nn.losses  # noqa: F401  (it defines primitives as a user would)
from autograd import Value, primitive
from autograd.core.primitive import TABLE
from autograd.testing import check_gradients
from autograd.testing.problem import leaves
from autograd.testing.strategies import arrays, numbers, points, pytrees, values
from tests.helpers.programs import Listing, programs
from tests.helpers.tables import column, table
from tests.helpers.worker import NAMES


@given(numbers(), values())
def test_numbers_are_finite_and_values_are_leaves(x: float, leaf: Value) -> None:
    assert math.isfinite(x)
    assert (type(leaf), leaf.op, math.isfinite(leaf.data)) == (Value, None, True)


LONG = settings(max_examples=20_000, database=None)


@pytest.mark.parametrize(
    "wanted",
    column(
        """
lambda x: x == 0.0
lambda x: x < -1e200
lambda x: 0.0 < abs(x) < 1e-200
lambda x: 0.0 < abs(x - 1.0) < 1e-12
""",
        **globals(),
    ),
)
def test_numbers_of_all_sizes_are_drawn(wanted: Any) -> None:
    assert wanted(find(numbers(), wanted, settings=LONG))


def comb(n: float, k: float) -> float:
    return float(math.comb(int(n), int(k))) if n == int(n) and k == int(k) else math.nan


OWN = [
    row
    for (row,) in table(
        """
primitive("narrow", lambda x: math.sqrt((x - 3) * (4 - x)), abs, domain="3 < x < 4")
primitive("far", lambda x: math.asin(x - 12345.0), abs, domain="12344 ≤ x ≤ 12346")
primitive("large", lambda x: math.acosh(x - 9999.0), abs, domain="x ≥ 10000")
primitive("islands", lambda x: math.sqrt(math.sin(x)), abs, domain="sin(x) ≥ 0")
primitive("unstated", lambda x: math.sqrt((x - 5) * (6 - x)), abs)
primitive("strict", lambda a, b: math.log(b - a), max, max, domain="a < b")
primitive("comb", comb, max, max, domain="n and k whole numbers ≥ 0")
primitive("third", lambda *xs: math.log(xs[2]), max, variadic=True, domain="x[2] > 0")
""",
        globals(),
    )
]


@pytest.mark.parametrize("name", [*NAMES, *[op.name for op in OWN]])
def test_points_have_a_value_and_no_draw_is_thrown_away(name: str) -> None:
    op, found = TABLE[name], set()
    drawn = points(op) | points(name)

    @settings(max_examples=20 if name in NAMES else 150)  # some are of narrow domains
    @given(data=st.data())
    def draw(data: st.DataObject) -> None:
        try:
            xs = data.draw(drawn)
        except UnsatisfiedAssumption:
            pytest.fail("a draw is thrown away")
        found.add(xs)
        assert math.isfinite(op(*xs))
        assert op.arity in (None, len(xs))

    draw()
    assert len(found) > (2 if name == "comb" else 9)


@pytest.mark.parametrize(
    "value", [lambda x: math.nan, lambda x: math.log(-1.0), lambda x: [][0]]
)
def test_a_primitive_without_values_has_no_points(value: Any) -> None:
    op = primitive("never", value, abs)
    with pytest.raises(ValueError):
        points(op)


@pytest.mark.parametrize(
    ("name", "wanted"),
    table(
        """
"maximum" | lambda xs: len(xs) > 1 and xs[0] == xs[1]
"maximum" | lambda xs: len(xs) > 1 and 0.0 < abs(xs[0] - xs[1]) < 1e-9
"relu" | lambda xs: xs[0] == 0.0
"asin" | lambda xs: 0.0 < 1.0 - xs[0] < 1e-9
"exp" | lambda xs: 700.0 < xs[0]
"narrow" | lambda xs: 3.2 < xs[0] < 3.4
"narrow" | lambda xs: 0.0 < 4.0 - xs[0] < 1e-7
"take" | lambda xs: xs[0] < -1.0
"log" | lambda xs: xs[0] < 1e-100
"pow" | lambda xs: xs[0] < 0.0
"clip" | lambda xs: xs[0] == xs[1]
""",
        globals(),
    ),
)
def test_points_are_also_drawn_at_edges_and_ties(name: str, wanted: Any) -> None:
    assert wanted(find(points(name), wanted, settings=LONG))


@settings(max_examples=30)
@given(programs(control_flow=True))
def test_gradients_of_programs_with_control_flow_are_right(program: Listing) -> None:
    check_gradients(program, *program.starts)


@given(arrays(points("acosh") | numbers(), 3), pytrees(arrays(numbers(), (2, 1))))
def test_arrays_and_pytrees(x: Any, tree: Any) -> None:
    assert (x.shape, x.dtype) == ((3,), float)
    assert all(math.isfinite(leaf) for leaf in leaves(tree, "tree"))


def test_without_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "autograd.testing.strategies", raising=False)
    with pytest.raises(ImportError, match=r"\[test\]"):
        importlib.import_module("autograd.testing.strategies")
