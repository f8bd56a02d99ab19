"""Threads, tasks, generators and handlers that each have graphs of their own."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
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


def test_no_grad_in_a_thread_that_dies() -> None:
    thread = threading.Thread(target=no_grad().__enter__)
    thread.start()
    thread.join()
    assert recorded()


def recorded() -> bool:
    x = Value(2.0)
    return (x * x).op is not None


def test_no_grad_in_tasks_that_take_turns() -> None:
    async def look(log: list[bool], pause: bool) -> list[bool]:
        with no_grad() if pause else contextlib.nullcontext():
            for _ in range(3):
                log.append(recorded())
                await asyncio.sleep(0)
        return [*log, recorded()]

    async def outlive(left: asyncio.Event) -> list[bool]:
        within = recorded()
        await left.wait()
        return [within, recorded()]

    async def all_of_them() -> list[list[bool]]:
        left = asyncio.Event()
        with no_grad():
            child = asyncio.create_task(outlive(left))
            await asyncio.sleep(0)
        left.set()
        tasks = [look([], pause) for pause in (True, False, True)]
        return [await child, *await asyncio.gather(*tasks), [await asyncio.to_thread(recorded)]]

    paused = [False] * 3 + [True]
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: asyncio.run(all_of_them())).result()
    assert found == [[False, True], paused, [True] * 4, paused, [True]]


def suspended() -> Generator[bool, None, None]:
    with no_grad():
        yield recorded()
        yield recorded()


def test_no_grad_in_a_generator_holds_until_it_is_left() -> None:
    first, second, third = suspended(), suspended(), suspended()
    assert [next(first), next(second), next(third), recorded()] == [False] * 4
    first.close()
    assert not recorded()
    second.close()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(list, third).result() == [True]  # not its thread
        assert pool.submit(recorded).result()
    assert recorded()


def test_one_no_grad_in_several_threads_and_entered_again() -> None:
    entered, joined, gone = threading.Event(), threading.Event(), threading.Event()
    pause = no_grad()

    @pause
    def look(depth: int) -> bool:
        if depth:
            return bool(look(depth - 1))
        entered.set()
        assert joined.wait(100.0)
        return recorded()

    def leave() -> list[bool]:
        seen = [look(2), recorded()]
        gone.set()
        return seen

    def stay() -> list[bool]:
        assert entered.wait(100.0)
        with pause:
            joined.set()
            assert gone.wait(100.0)
            within = recorded()
        return [within, recorded()]

    with ThreadPoolExecutor(2) as pool:
        both = pool.submit(leave), pool.submit(stay)
        assert [each.result() for each in both] == [[False, True]] * 2


@pytest.mark.parametrize("function", [suspended, asyncio.sleep])
def test_no_grad_decorates_nothing_that_runs_later(function: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match=function.__name__):
        no_grad()(function)
