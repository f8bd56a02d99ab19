"""Threads, tasks, generators and handlers that each have graphs of their own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, no_grad


def descend(target: float, steps: int = 50) -> Iterator[float]:
    """Gradient descent, as a generator that may be left and taken up at each step."""
    w = Value(0.0)
    for _ in range(steps):
        loss = (w - target) ** 2
        w.grad = 0.0
        loss.backward()
        with no_grad():
            w.data -= 0.1 * (w * 0.0 + w.grad).data
        yield w.data


TARGETS = [1.0, -2.0, 3.5, 0.25]
ALONE = [list(descend(target)) for target in TARGETS]


def test_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda target: list(descend(target)), TARGETS)) == ALONE


def test_asyncio_tasks_that_take_turns() -> None:
    async def train(target: float) -> list[float]:
        found = []
        for w in descend(target):
            found.append(w)
            await asyncio.sleep(0)
        return found

    async def all_of_them() -> list[list[float]]:
        return await asyncio.gather(*map(train, TARGETS))

    with ThreadPoolExecutor(1) as pool:  # Playwright leaves a loop in the main thread
        assert pool.submit(lambda: asyncio.run(all_of_them())).result() == ALONE


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs POSIX signals")
def test_a_handler_may_look_and_record() -> None:
    w = Value(3.0, label="w")
    seen = []

    def report(*_: object) -> None:
        seen.append((repr(w), (w * w).data))

    before = signal.signal(signal.SIGUSR1, report)
    try:
        loss = w * w
        signal.raise_signal(signal.SIGUSR1)
        loss.backward()
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [("Value(3.0, label='w')", 9.0), ("Value(3.0, grad=6.0, label='w')", 9.0)]


def test_no_grad_on_an_exit_stack_and_in_a_thread_that_dies() -> None:
    x = Value(2.0)
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_grad())
        assert (x * x).op is None
    thread = threading.Thread(target=no_grad().__enter__)
    thread.start()
    thread.join()
    assert (x * x).op is not None
