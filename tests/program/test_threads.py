"""Threads and processes: nobody waits for a recording."""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import get_ident
from types import FrameType
from typing import Any

import numpy as np
import pytest

from autograd.program import compile
from autograd.program.trace import watch
from tests.helpers.children import LONG, in_a_child


def finished(f: Callable[[], Any]) -> Any:
    """Return what f gives, in a thread of its own that must end."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(f()), daemon=True)
    thread.start()
    thread.join(LONG)
    assert not thread.is_alive(), "it hangs"
    return found[0]


class Children:
    """Whether each was right."""

    all = True

    def append(self, right: bool) -> None:
        self.all &= right


class Recorder:
    """A compiled function that stays within its first recording, in another thread."""

    def __init__(self) -> None:
        self.inside, self.go = threading.Event(), threading.Event()
        self.fast = compile(self.f)

    def f(self, x: Any) -> Any:
        if get_ident() == self.thread.ident:
            self.inside.set()
            assert self.go.wait(LONG)
        return x * x if x > 0.0 else x

    @contextmanager
    def recording(self) -> Iterator[None]:
        self.thread = threading.Thread(target=self.fast, args=(2.0,), daemon=True)
        self.thread.start()
        assert self.inside.wait(LONG)
        try:
            yield
        finally:
            self.go.set()
            self.thread.join(LONG)


def test_a_program_that_another_one_records_in_a_pool() -> None:
    inner = compile(lambda t: t * t if t > 0.0 else t)

    def f(x: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return x * pool.submit(inner, 2.0).result()

    fast = compile(f)
    assert finished(lambda: fast.value_and_grad(3.0)) == (12.0, 4.0)
    assert len(inner.programs) == len(fast.programs) == 1


def test_while_one_records_others_are_served_by_the_function() -> None:
    recorder = Recorder()
    with recorder.recording():
        assert finished(lambda: recorder.fast.value_and_grad(3.0)) == (9.0, 6.0)
        assert not recorder.fast.programs
        assert finished(lambda: compile(lambda x: x * 2.0)(3.0)) == 6.0
    assert recorder.fast.value_and_grad(-3.0) == (-3.0, 1.0)
    assert len(recorder.fast.programs) == 2


def test_what_another_thread_has_recorded_meanwhile_is_used() -> None:
    eager: deque[float] = deque()

    def f(x: Any) -> Any:
        if get_ident() == thread.ident:
            inside.set()
            assert go.wait(LONG)
        else:
            eager.append(float(x.data))
            go.set()
            thread.join(LONG)
        return x * x

    inside, go = threading.Event(), threading.Event()
    fast = compile(f, in_axes=(0,), verify=False)
    thread = threading.Thread(target=fast, args=([2.0],), daemon=True)
    thread.start()
    assert inside.wait(LONG)
    assert finished(lambda: fast([3.0, 4.0, 5.0])) == [9.0, 16.0, 25.0]
    assert [*eager] == [3.0]  # and then there is a program
    assert len(fast.programs) == 1


@pytest.mark.parametrize("in_axes", [None, (None, 0)])
@pytest.mark.parametrize("method", ["value", "jacobian"])
def test_threads_that_share_a_function_get_results_of_their_own(
    method: str, in_axes: Any
) -> None:
    def f(w: Any, x: Any) -> Any:
        return w * w * x if x > 0.5 else w - x

    fast = compile(f, in_axes)
    run = fast if method == "value" else fast.jacobian

    def wrong(k: int) -> int:
        count = 0
        for i in range(200):
            w, x = 1.0 + k, i / 200.0
            above = x > 0.5
            wanted = {
                "value": w * w * x if above else w - x,
                "jacobian": 2 * w * x if above else 1,
            }
            got = run(w, x if in_axes is None else [x, x])
            count += got != (wanted[method] if in_axes is None else [wanted[method]] * 2)
        return count

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(wrong, range(4))] == [0] * 4


def test_samples_that_part_and_forward_modes_in_threads() -> None:
    def f(w: Any, x: Any) -> Any:
        y = w * x
        return y.tanh() if y > 0.2 else y * y

    x, weights = np.linspace(-1.0, 1.0, 200), [0.3, 0.6, 0.9, 1.2]
    mean, each = compile(f, (None, 0), "mean"), compile(f, (None, 0))
    one = compile(lambda v: (v[0] * v[1]).tanh() + v[0] ** 3)

    def every(w: float) -> Any:
        jacobians = each.jacobian(w, x).tolist()
        return mean.value_and_grad(w, x), jacobians, one.hessian([w, 1.0])

    wanted = [*map(every, weights)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            assert [*pool.map(every, weights)] == wanted


def test_a_runner_that_threads_share_is_one_threads_at_a_time() -> None:
    fast, x = compile(lambda x: x.sin() * x, 0), np.linspace(0.0, 1.0, 50_000)
    wanted, sweep = fast(x), fast.program.sweep()
    u, out, *_ = sweep.memory(len(x))
    runner = sweep.runner(len(x), u, (x,), None, out, None, None, sweep.answers, 1)

    def runs(_: int) -> int:
        served = 0
        for _ in range(40):
            with suppress(RuntimeError):
                assert runner.run((x,)) == 0
                served += 1
        return served

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(runs, range(3))) >= 1
    assert runner.run((x,)) == 0
    assert out[0].tolist() == wanted.tolist()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_of_a_process_that_records() -> None:
    recorder = Recorder()

    def both() -> bool:
        fast = compile(lambda x: x * 2.0 if x > 0.0 else x)
        right = fast(3.0) == 6.0 and recorder.fast.value_and_grad(3.0) == (9.0, 6.0)
        return right and len(fast.programs) == 1

    with recorder.recording():
        assert in_a_child(both)
    assert len(recorder.fast.programs) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_of_a_process_that_is_at_any_line_of_a_recording() -> None:
    def doubles() -> Any:
        return compile(lambda x: x * 2.0 if x > 0.0 else x)(3.0) == 6.0

    def traced(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != watch.__file__:
            return None
        if event == "line" and frame.f_lineno not in lines:
            lines.add(frame.f_lineno)
            assert pool.submit(in_a_child, doubles).result()
        return traced

    lines: set[int] = set()
    with ThreadPoolExecutor(1) as pool:
        tracer = sys.gettrace()
        sys.settrace(traced)
        try:
            assert doubles()
        finally:
            sys.settrace(tracer)
    assert len(lines) > 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_that_is_made_within_a_recording() -> None:
    def f(x: Any) -> Any:
        children.append(in_a_child(lambda: compile(lambda x: x + 1.0)(1.0) == 2.0))
        if x > 0.0:
            return x * x
        return x

    children: Any = Children()
    fast = compile(f)
    assert fast(2.0) == 4.0
    assert fast(-2.0) == -2.0
    assert children.all


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_of_a_process_that_runs_a_program() -> None:
    fast = compile(lambda x: x.sin() * x.cos(), in_axes=(0,), reduce="sum")
    x = np.linspace(0.0, 1.0, 200_000)
    expected = fast.value_and_grad(x[:100])[0]
    stop, runs = threading.Event(), threading.Event()

    def run() -> None:
        while not stop.is_set():
            fast.value_and_grad(x)
            runs.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert runs.wait(LONG)
        for _ in range(3):
            assert in_a_child(lambda: fast.value_and_grad(x[:100])[0] == expected)
    finally:
        stop.set()
        thread.join(LONG)
    assert fast.value_and_grad(x[:100])[0] == expected


# ---------------------------------------------------------------- what is kept
