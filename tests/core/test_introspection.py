"""Whoever looks at the engine, or errs, sees the same in both builds."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from autograd import Value
from autograd.core.primitive import TABLE
from tests.builds import OTHER, THIS, require, run
from tests.core.seen import everything
from tests.core.test_copies import described

Tables = dict[str, dict[str, str]]
GRAPH = """
import pickle, sys
from autograd import Value, dot
from tests.core.test_copies import described
def graph():
    x, w = Value(0.5, label="x"), Value(-2.0)
    y = (x * w + 1.0).tanh() - 3.0 / x
    z = dot([y, 2.0], [x, w], y).maximum(x, 0.25)
    z.label = "z"
    z.backward()
    return z
"""


@pytest.fixture(scope="module", name="tables")
def _tables() -> tuple[Tables, Tables]:
    """What is seen of this build and of the other."""
    require(OTHER)
    both = []
    for build in (THIS, OTHER):
        done = run(build, "-m", "tests.core.seen")
        assert done.returncode == 0, done.stderr.decode()
        both.append(json.loads(done.stdout))
    return both[0], both[1]


@pytest.mark.parametrize("table", ["operators", "calls", "names", "help", "tracebacks"])
def test_both_builds_look_the_same(table: str, tables: tuple[Tables, Tables]) -> None:
    here, there = (each[table] for each in tables)
    assert here.keys() == there.keys()
    differences = {key: (here[key], there[key]) for key in here if here[key] != there[key]}
    assert differences == {}


def test_nothing_of_it_is_an_accident() -> None:
    """Some of the expectations by themselves: two builds can be wrong together."""
    seen: Any = everything()
    calls, names, places = seen["calls"], seen["names"], seen["tracebacks"]
    assert calls["Value(str)"] == "TypeError: Value takes a real number, got '1' (str)"
    assert calls["set colour"].startswith("AttributeError: 'Value' object has no attribute")
    assert calls["set inputs"] == calls["del data"] == "AttributeError: not writable"
    assert calls["sub-class"].endswith("type 'Value' is not an acceptable base type")
    assert calls["match node"] == "str '* of x'"
    assert calls["weakref"].startswith("TypeError: cannot create weak reference")
    assert calls["get inputs"] == "tuple (Value(2.0, label='x'),)"
    assert names["Value"].startswith("[('data', <class")
    assert names["Value.backward signature"].endswith("('seed', 1.0)]")
    for name in ("exp", "tanh", "relu", "sin"):
        assert getattr(Value, name).__doc__ == TABLE[name].documentation()
    assert places["exp"].startswith("value.py exp: raise EXP.explain(")
    assert places["div"].startswith("value.py __truediv__: raise DIV.explain(")


def test_a_pickle_of_one_build_is_read_by_the_other() -> None:
    require(OTHER)
    written = {
        build: run(build, "-c", GRAPH + "sys.stdout.buffer.write(pickle.dumps(graph()))").stdout
        for build in (THIS, OTHER)
    }
    assert described(pickle.loads(written[OTHER])) == described(pickle.loads(written[THIS]))
    again = run(
        OTHER,
        "-c",
        GRAPH + "print(described(pickle.load(sys.stdin.buffer)) == described(graph()))",
        stdin=written[THIS],
    )
    assert again.stdout == b"True\n", again.stderr.decode()
    assert written[THIS] == written[OTHER]


def test_a_node_knows_its_size() -> None:
    import sys

    leaf, node = Value(1.0), Value(1.0) * 2.0
    assert 64 <= sys.getsizeof(leaf) == sys.getsizeof(node) <= 144
