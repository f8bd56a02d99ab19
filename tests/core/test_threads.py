"""Threads with graphs of their own do what each would do alone; also when interrupted."""

from __future__ import annotations

import _thread
import copy
import ctypes
import gc
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import autograd
from autograd import Value, gradient, no_grad
from autograd.core.sweeps import topological_order
from tests.builds import run


@pytest.fixture
def _hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_hasty")
def test_a_pause_is_a_threads_own() -> None:
    """Half of the threads pause, again and again; the others record all the while."""

    def recorded(pausing: bool) -> set[bool]:
        x, found = Value(0.5), set()
        for _ in range(300):
            if pausing:
                with no_grad():
                    found.add((x * x).op is not None)
                    found.add((x + 1.0).exp().op is not None)
            else:
                found |= {(x * x).op is not None, x.sin().op is not None}
        return found

    with ThreadPoolExecutor(6) as pool:
        for pausing, found in zip([True, False] * 6, pool.map(recorded, [True, False] * 6)):
            assert found == {not pausing}
    assert (Value(1.0) * 2.0).op is not None


@pytest.mark.usefixtures("_hasty")
def test_a_shared_leaf_that_is_only_read() -> None:
    """Building, and `no_grad`, touch nothing of the operands: only sweeps do."""
    x = Value(0.5)

    def read(_: int) -> tuple[float, float]:
        y = x
        for _ in range(200):
            y = (y * x).tanh() + 1.0
        with no_grad():
            return y.data, (y * x).data

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(read, range(24)))) == 1
    assert x.grad == 0.0


# ---------------------------------------------------------------- interruptions

LENGTH = 10_000


class StoppedError(KeyboardInterrupt):
    """As Control-C, of our own."""


def interrupt(action: Callable[[], object], after: float, again: bool = False) -> None:
    """Does something (again and again), until a handler raises some seconds from now."""
    raised = False

    def raising(*_: object) -> None:
        nonlocal raised
        raised = True  # what is raised within a callback or a finalizer is lost
        raise StoppedError

    previous = signal.signal(signal.SIGALRM, raising)
    callbacks, tracer = gc.callbacks[:], sys.gettrace()  # the test runner's: they would hang
    gc.callbacks.clear()
    sys.settrace(None)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(after, 1e-5))
        action()
        while again and not raised:
            action()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    except StoppedError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
        gc.callbacks[:] = callbacks
        sys.settrace(tracer)


@pytest.fixture
def untraced() -> Iterator[None]:
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


def long(x: Value, w: Value) -> Value:
    y = x * w
    for i in range(LENGTH):
        y = y + x if i % 3 else autograd.sum([y, w, 0.5])
    return y


SWEEPS: dict[str, Callable[[Value], object]] = {
    "backward": Value.backward,
    "gradient": lambda y: gradient(y, topological_order(y)[1]),
    "second gradient": lambda y: gradient(y, topological_order(y)[1], create_graph=True),
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS.keys())
def test_after_an_interruption_all_is_as_before_or_done(sweep: Callable[..., object]) -> None:
    x, w = Value(0.5), Value(2.0)
    y = long(x, w)
    started = time.perf_counter()
    sweep(y)
    seconds = time.perf_counter() - started
    y.zero_grad()
    y.backward()
    once = (x.grad, w.grad)
    done = (7.0 + once[0], 8.0 + once[1])
    for i in range(8):
        x.grad, w.grad = 7.0, 8.0
        interrupt(lambda: sweep(y), seconds * i / 6.0)
        allowed = [(7.0, 8.0), done] if sweep is Value.backward else [(7.0, 8.0)]
        assert (x.grad, w.grad) in allowed
        y.zero_grad()
        y.backward()
        assert (x.grad, w.grad) == once
        assert gradient(y, [x, w]) == list(once)
    assert pickle.loads(pickle.dumps(y)).data == copy.deepcopy(y).data == y.data


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_building_and_freeing_can_be_interrupted() -> None:
    x, w = Value(0.5), Value(2.0)
    alone = sys.getrefcount(x), sys.getrefcount(w)

    for i in range(8):
        interrupt(lambda: long(x, w), 0.002 * i, again=True)
    assert (sys.getrefcount(x), sys.getrefcount(w)) == alone
    assert (x.grad, w.grad) == (0.0, 0.0)


@pytest.mark.usefixtures("untraced")
def test_control_c_is_not_lost() -> None:
    """An interruption that arrives during a pass is there when the pass is over."""
    x, w = Value(0.5), Value(2.0)
    y = long(x, w)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        ctypes.pythonapi.PyErr_SetInterrupt()
        y.backward()
    y.zero_grad()
    y.backward()
    assert (x.grad, w.grad) == tuple(gradient(y, [x, w]))


@pytest.mark.usefixtures("untraced")
def test_another_thread_interrupts() -> None:
    x, w = Value(0.5), Value(2.0)
    y = long(x, w)
    ready = threading.Event()

    def interrupt() -> None:
        ready.wait()
        _thread.interrupt_main()

    helper = threading.Thread(target=interrupt)
    helper.start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        ready.set()
        while True:
            x.grad, w.grad = 0.0, 0.0
            y.backward()
    helper.join()
    dx, dw = gradient(y, [x, w])
    assert (x.grad, w.grad) in [(0.0, 0.0), (0.0, dw), (dx, dw)]


AT_EVERY_LINE = """
import faulthandler, sys
from autograd import Value, sum
import autograd.core.chain, autograd.core.value
engine = autograd.core.chain.__file__, autograd.core.value.__file__

def swept(act, at):  # with act() at one line of the engine; whether there was such a line
    lines = 0
    def tracer(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename not in engine:
            return None
        lines += event == "line"
        if lines == at:
            sys.settrace(None)
            act()
        return tracer
    sys.settrace(tracer)
    try:
        root.backward()
    finally:
        sys.settrace(None)
    return lines >= at

x, w, other = Value(0.5), Value(2.0), Value(3.0)
y = x * w
root = sum([y * w, y, x + y, w] + [y] * 70)  # more uses than a traversal has marks at first
root.backward()
once = x.grad, w.grad
at, going = 0, True
faulthandler.dump_traceback_later(60, exit=True)  # where it waits for ever
"""


def test_an_error_at_any_line_leaves_the_leaves_as_they_were() -> None:
    code = """
def act():
    raise KeyboardInterrupt
while going:
    at += 1
    x.grad, w.grad = 7.0, 8.0
    try:
        going = swept(act, at)
    except KeyboardInterrupt:
        assert (x.grad, w.grad) == (7.0, 8.0), at
    x.grad = w.grad = 0.0
    root.backward()
    assert (x.grad, w.grad) == once, at
assert at > 500
"""
    done = run("interpreted", "-c", AT_EVERY_LINE + code)
    assert done.returncode == 0, done.stderr.decode()
