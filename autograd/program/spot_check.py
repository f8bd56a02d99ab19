"""Spot checks: now and then a sample is also computed by the function itself.

Guards see what a function names. Whatever else it reads, and what the recorder can't see, is
found here: JAX asks for pure functions and is stale in silence where they are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import thread_time as clock
from typing import Any

from autograd.core.operand import primal
from autograd.trees import as_rows, flatten

__all__ = ["Schedule", "calls_until_due", "cut", "lane_count", "leaves_of", "moving"]

FIRST = 0.25  # of the time of recording
FRACTION = 0.05  # of the time of all calls
STEADY = 0.01  # of the time of the calls between two checks
STRIDE = 40507  # a prime, so that it shares no factor with a usual number of samples


class Schedule:
    """When to check: at the recording call, at calls 2, 4, 8, …, and then for a hundredth of
    the time; never for more than a quarter of the recording and 5 % of the calls.

    Attributes:
        left: calls until the next check is due, this one included; each call takes one.
        turn: how many checks there were.
    """

    def __init__(self, on: bool = True) -> None:
        self.turn, self._calls, self._spent, self._recorded, self._running = 0, 0, 0.0, 0.0, 0.0
        self._last, self._gap, self.left = 0.0, 1, int(on)

    def restart(self) -> None:
        """Check the next call."""
        self.left = self._gap = 1

    def run(self, call: Callable[[], Any], check: Callable[[Any], Any], recorded: Any) -> Any:
        """What a call gives that is due for a check.

        Args:
            call: makes it.
            check: is given the result; raises if that is wrong.
            recorded: gives how many recordings there have been.
        """
        before, self.left = recorded(), -1  # no check within it
        start = clock()
        try:
            result = call()
            took = clock() - start
            anew = recorded() != before
            self._calls += self._gap
            self._running += took * self._gap
            self._recorded += took if anew else 0.0
            if self._spent <= FIRST * self._recorded + FRACTION * self._running:
                start = clock()
                check(result)
                self._last = clock() - start
                self._spent += self._last
                self.turn += 1
        except BaseException:
            self.restart()
            raise
        self._gap = 1 if anew else calls_until_due(self._calls, self._last or math.inf, took)
        self.left = self._gap
        return result


def calls_until_due(calls: int, spent: float, took: float) -> int:
    """How many calls until the next check: twice as many in all, or a hundredth of the time.

    Args:
        calls: how many there have been.
        spent: seconds of the check before.
        took: seconds of a call.
    """
    return int(min(calls, 1.0 + spent / (STEADY * max(took, 0.0) + 1e-12)))


def leaves_of(result: Any) -> list[float]:
    """The numbers of a result."""
    return [*map(primal, flatten(result, "the result")[0])]


def lane_count(arg: Any, axis: int) -> int:
    """How many lanes an argument has that varies."""
    while isinstance(arg, dict):
        arg = next(iter(arg.values()))
    return int(as_rows(arg).shape[axis]) if axis else len(as_rows(arg))


def cut(arg: Any, lanes: Any, axis: int) -> Any:
    """A lane, or a slice of the lanes, of an argument that varies."""
    if isinstance(arg, dict):
        return {key: cut(each, lanes, axis) for key, each in arg.items()}
    if axis:
        return as_rows(arg)[(*[slice(None)] * axis, lanes)]
    return arg.iloc[lanes] if hasattr(arg, "iloc") else as_rows(arg)[lanes]


def moving(turn: int, lanes: int) -> int:
    """The sample that is looked at in this turn, whichever way it goes; all have theirs."""
    return turn * STRIDE % lanes
