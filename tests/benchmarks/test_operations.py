"""Single operations beside Python's own on floats.

Both are statements in the same `for` loop, whose own time is in both figures.
"""

import math
import time
from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

import autograd
from autograd import Value
from tests.benchmarks.conftest import COMPILED

LOOPS = 10_000
pytestmark = pytest.mark.benchmark(timer=time.process_time)  # others may use the machine


def loop(statement: str, **operands: object) -> Callable[[], None]:
    """A function of its own, for CPython adapts code to the types that have run in it."""
    namespace: dict[str, Any] = {"repeat": repeat, "LOOPS": LOOPS}
    parameters = ", ".join(operands)
    exec(f"def run({parameters}):\n for _ in repeat(None, LOOPS): {statement}", namespace)
    namespace["run"].__defaults__ = tuple(operands.values())
    run: Callable[[], None] = namespace["run"]
    return run


@pytest.mark.parametrize(
    "statement", ["a * b", "a + b", "a * 2.0", "2.0 * a", "-a", "a.relu()"]
)
def test_operator(compare: Callable[..., float], statement: str) -> None:
    ours = loop(statement, a=Value(1.5), b=Value(-2.5))
    floats = loop("a * b", a=1.5, b=-2.5)
    ratio = compare(f"`{statement}`", ours, "float `a * b`", floats, 200, LOOPS)
    if COMPILED:
        assert 1.0 / ratio <= 2.1


@pytest.mark.parametrize("name", ["exp", "tanh"])
def test_function(compare: Callable[..., float], name: str) -> None:
    ours = loop(f"a.{name}()", a=Value(0.5))
    floats = loop(f"math.{name}(x)", math=math, x=0.5)
    ratio = compare(f"`a.{name}()`", ours, f"`math.{name}(x)`", floats, 200, LOOPS)
    if COMPILED:
        assert 1.0 / ratio <= 2.5


@pytest.mark.parametrize("call", ["sin(x)", "log(x)", "erf(x)", "atan2(x, x)", "hypot(x, x)"])
def test_rule_of_the_table(compare: Callable[..., float], call: str) -> None:
    """Written in Python, in either build; there is no bar."""
    ours = loop(f"autograd.{call}", autograd=autograd, x=Value(0.5))
    floats = loop(f"math.{call}", math=math, x=0.5)
    compare(f"`{call}`", ours, f"`math.{call}`", floats, 20, LOOPS)


def test_micrograds_operator(compare: Callable[..., float]) -> None:
    engine = pytest.importorskip("micrograd.engine", reason="micrograd is not installed")
    ours = loop("a * b", a=Value(1.5), b=Value(-2.5))
    theirs = loop("a * b", a=engine.Value(1.5), b=engine.Value(-2.5))
    compare("`a * b`", ours, "micrograd", theirs, 20, LOOPS)
