"""Threads with graphs of their own do what each would do alone; also when interrupted."""

import copy
import ctypes
import gc
import itertools
import operator
import pickle
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

import autograd
import autograd.core.value
from autograd import Value, gradient
from autograd.core import float_sweeps, traversal
from autograd.core.sweeps import topological_order
from tests.helpers.builds import THIS
from tests.helpers.tables import table

# ---------------------------------------------------------------- interruptions

LENGTH = 10_000 if THIS == "compiled" else 1_000


class StoppedError(KeyboardInterrupt):
    """As Control-C, of our own."""


def interrupt(action: Callable[[], object], after: float, again: bool = False) -> None:
    """Does something (again and again), until a handler raises some seconds from now."""
    raised = False

    def raising(*_: object) -> None:
        nonlocal raised
        raised = True  # what is raised within a callback or a finalizer is lost
        raise StoppedError

    def acting() -> (
        None
    ):  # a call: Python 3.13's jump back to a `while` is outside of its `try`
        action()
        while again and not raised:
            action()

    previous = signal.signal(signal.SIGALRM, raising)
    callbacks, tracer = gc.callbacks[:], sys.gettrace()  # the test runner's: they would hang
    gc.callbacks.clear()
    sys.settrace(None)
    hook = sys.unraisablehook
    sys.unraisablehook = lambda lost: None if lost.exc_type is StoppedError else hook(lost)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(after, 1e-5))
        acting()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    except StoppedError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
        gc.callbacks[:] = callbacks
        sys.settrace(tracer)
        sys.unraisablehook = hook


def long(x: Value, w: Value) -> Value:
    y = x * w
    for i in range(LENGTH):
        y = y + x if i % 3 else autograd.sum([y, w, 0.5])
    return y


SWEEPS: dict[str, Callable[[Value], object]] = dict(
    table(
        """
"backward" | Value.backward
"gradient" | lambda y: gradient(y, topological_order(y)[1])
"second gradient" | lambda y: gradient(y, topological_order(y)[1], create_graph=True)
"deepcopy" | copy.deepcopy
"pickle" | pickle.dumps
""",
        globals(),
    )
)


timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")


@timers
@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS.keys())
def test_after_an_interruption_all_is_as_before_or_done(sweep: Callable[..., object]) -> None:
    x, w = Value(0.5), Value(2.0)
    y = long(x, w)
    y.backward()
    once = (x.grad, w.grad)
    done = (7.0 + once[0], 8.0 + once[1])
    for i in range(8):
        x.grad, w.grad = 7.0, 8.0
        interrupt(lambda: sweep(y), 1e-5 * 3.0**i)
        allowed = [(7.0, 8.0), done] if sweep is Value.backward else [(7.0, 8.0)]
        assert (x.grad, w.grad) in allowed
        y.zero_grad()
        y.backward()
        assert (x.grad, w.grad) == once
        assert gradient(y, [x, w]) == list(once)
    assert pickle.loads(pickle.dumps(y)).data == copy.deepcopy(y).data == y.data


@timers
def test_building_and_freeing_can_be_interrupted() -> None:
    x, w = Value(0.5), Value(2.0)
    alone = sys.getrefcount(x), sys.getrefcount(w)
    for i in range(8):
        interrupt(lambda: long(x, w), 0.002 * i, again=True)
    assert (sys.getrefcount(x), sys.getrefcount(w)) == alone
    assert (x.grad, w.grad) == (0.0, 0.0)


def test_control_c_is_not_lost() -> None:
    """An interruption that arrives during a pass is there when the pass is over."""
    x, w = Value(0.5), Value(2.0)
    y = long(x, w)
    tracer = sys.gettrace()
    sys.settrace(None)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        ctypes.pythonapi.PyErr_SetInterrupt()
        y.backward()
    sys.settrace(tracer)
    y.zero_grad()
    y.backward()
    assert (x.grad, w.grad) == tuple(gradient(y, [x, w]))


ENGINE = {traversal.__file__, float_sweeps.__file__, autograd.core.value.__file__}
ONE_STEP = THIS == "compiled"  # there a pass runs no lines


hooks = pytest.mark.parametrize("hook", [sys.settrace, sys.setprofile])  # coverage has one


def comes_at(
    moment: int,
    act: Callable[[], object],
    sweep: Callable[[], object],
    hook: Callable[[Any], None],
) -> bool:
    """Acts before a line or at a call of the engine in a sweep; whether there is such a one."""
    left, tracer = moment, sys.gettrace()

    def hooked(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in ENGINE:
            return None
        left -= event == "line" or hook is sys.setprofile
        if left == 0:
            hook(None)
            act()
        return hooked

    hook(hooked)
    try:
        sweep()
    finally:
        hook(tracer if hook is sys.settrace else None)
    return left == 0


def tangled() -> tuple[Value, Value, Value, Value]:
    x, w = Value(2.0), Value(3.0)
    x.grad, w.grad = 0.5, 0.25
    y = x * w
    return x, w, y, autograd.sum([y * y, y, x * y])


@hooks
def test_another_pass_comes_at_any_line(hook: Any) -> None:
    """As a signal handler or a finalizer makes it: both sums are right."""
    for line in itertools.count(1):
        x, w, y, root = tangled()
        came = comes_at(line, (y * x).backward, root.backward, hook)
        assert (x.grad, w.grad) == (51.5 + 12.0 * came, 30.25 + 4.0 * came)
        if not came:
            break
    assert line > 50 or ONE_STEP
    wanted, _ = topological_order(root)
    for line in itertools.count(1):
        found: list[Any] = []
        came = comes_at(
            line,
            (y * x).backward,
            lambda: found.extend(float_sweeps.fast_order(root)),  # noqa: B023
            hook,
        )
        assert all(map(operator.is_, found[0], wanted))
        assert (len(found[0]), len(found[1])) == (len(wanted), 2)
        if not came:
            break
    assert line > 10 or ONE_STEP


@hooks
def test_a_pass_that_comes_while_gradients_are_set_to_zero(hook: Any) -> None:
    for line in itertools.count(1):
        x, w, y, root = tangled()
        root.backward()
        other = y * x
        came = comes_at(line, lambda: float_sweeps.fast_order(other), root.zero_grad, hook)  # noqa: B023
        assert [node.grad for node in (x, w, y, root, *root.inputs)] == [0.0] * 7
        if not came:
            break


@hooks
def test_an_interrupt_at_any_line_leaves_leaves_as_they_were(hook: Any) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    x, w, _, root = tangled()
    for line in itertools.count(1):
        x.grad, w.grad = 7.0, 8.0
        try:
            came = comes_at(line, interrupt, root.backward, hook)
        except KeyboardInterrupt:
            came = True
            assert (x.grad, w.grad) in [(7.0, 8.0), (58.0, 38.0)]  # at its return it is done
            assert (x.grad == 7.0) or hook is sys.setprofile
        x.grad = w.grad = 0.0
        root.backward()
        assert (x.grad, w.grad) == (51.0, 30.0)
        if not came:
            break
    assert line > 50 or ONE_STEP
