"""A graph is freed at once, to the last node, wherever its last reference goes."""

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from autograd import Value, dot, primitive
from autograd.core.primitive import TABLE
from tests.helpers.builds import printed

DEEP = 30_000


def graph(x: Value, n: int = DEEP) -> Value:
    """A chain in which every second node, and every wide one, refers to the leaf."""
    y = x
    for i in range(n // 2):
        y = dot([y, 0.5], [1.0, x]) if i % 10 == 0 else y * x
        y = y + 1.0
        y.label = "sum"
    return y


class Holder:
    def __init__(self, held: Any) -> None:
        self.held = held


class Undertaker(Holder):
    """Builds, differentiates and frees another graph while it is finalized."""

    def __del__(self) -> None:
        y = graph(self.held)
        y.backward()
        threading.Event().wait(0.0)  # lets other threads run


def frees_all(test: Callable[[Value], None]) -> Callable[[], None]:
    """Gives a test a leaf that nothing may refer to afterwards, with the collector off."""

    def tested() -> None:
        x = Value(0.5)
        alone = sys.getrefcount(x)
        gc.disable()
        try:
            test(x)
        finally:
            gc.enable()
        assert sys.getrefcount(x) == alone

    tested.__doc__ = test.__doc__
    return tested


@frees_all
def test_a_cycle_that_the_collector_finds(x: Value) -> None:
    holder = Holder(None)
    holder.held = (holder, graph(x))
    alone = weakref.ref(holder)
    del holder
    gc.collect()
    assert alone() is None


@frees_all
def test_a_finalizer_and_the_callback_of_a_weak_reference(x: Value) -> None:
    kept = [graph(x)]
    holder = Undertaker(x)
    watched = weakref.ref(holder, lambda _: kept.clear())
    del holder
    assert watched() is None
    assert kept == []


@frees_all
def test_a_traceback(x: Value) -> None:
    def fail(y: Value) -> Value:
        return (y - y).log()

    with pytest.raises(ValueError) as caught:
        fail(graph(x))
    with pytest.raises(ZeroDivisionError):
        graph(x) / (graph(x) * 0.0)
    caught.value.__traceback__ = None
    del caught


@frees_all
def test_several_threads_at_once(x: Value) -> None:
    """Each frees graphs that the others have made, over a leaf of its own."""

    def swap(shared: list[Value]) -> None:
        for i in range(40):
            shared[i % 4] = graph(leaves[i % 4], 1000)

    leaves = [Value(0.5) for _ in range(4)]
    counts = [sys.getrefcount(leaf) for leaf in leaves]
    shared = leaves[:]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(swap, [shared] * 4))
    finally:
        sys.setswitchinterval(interval)
    shared.clear()
    assert [sys.getrefcount(leaf) for leaf in leaves] == counts


@frees_all
def test_a_rule_that_dies_with_the_last_node_that_uses_it(x: Value) -> None:
    """Its finalizer runs while the nodes below are being freed."""
    try:
        for _ in range(3):
            undertaker, below = Undertaker(x), graph(x)
            last = primitive(
                "last", lambda a: a, lambda out, a, *_, held=(undertaker, below): 1.0
            )
            y = last(below + x) * below
            watched = weakref.ref(undertaker)
            del TABLE["last"], last, undertaker, below
            y.backward()
            assert watched() is not None
            del y
            assert watched() is None
    finally:
        TABLE.pop("last", None)


def test_nodes_in_memory_that_held_other_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Glibc fills what it gives out with bytes that, as a count, say: immortal."""
    monkeypatch.setenv("MALLOC_PERTURB_", "1")
    code = """
import sys
from autograd import Value
from tests.core.test_freeing import graph
x = Value(0.5)
alone = sys.getrefcount(x)
y = graph(x)
del y
print(sys.getrefcount(Value(0.5)) == sys.getrefcount(object()), sys.getrefcount(x) - alone)
"""
    assert printed(code) == "True 0"


def test_the_end_of_the_interpreter() -> None:
    """Graphs in a module, a class, a frame and a cycle, when all of them go."""
    code = """
import sys
from autograd import *
from tests.core.test_freeing import Holder, Undertaker, graph
x = Value(0.5)
y = graph(x)
class Model: z = graph(x)
cycle = Holder(graph(x)); cycle.held = (cycle, cycle.held)
sys.graph = graph(x); sys.last = Undertaker(x)
def frame(): y = graph(x); yield y
paused = frame(); next(paused)
no_grad().__enter__()
"""
    assert printed(code) == ""


def test_a_thread_that_still_runs_at_the_end() -> None:
    code = """
import threading
from tests.core.test_freeing import graph
from autograd import Value
def work():
    while True: graph(Value(0.5), 1000).backward()
for _ in range(3): threading.Thread(target=work, daemon=True).start()
print(graph(Value(0.5), 1000).op)
"""
    assert printed(code) == "+"
