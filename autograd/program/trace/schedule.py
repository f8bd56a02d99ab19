"""The schedule of checks, in which a sample is also computed by the function itself.

Guards see what a function names. Checks find whatever else it reads: JAX asks for pure
functions, and is stale in silence where they are not.
"""

from __future__ import annotations

import math

__all__ = ["Schedule", "moving"]

PORTION = 0.05  # of the time of the calls between two checks
STRIDE = 40507  # a prime, so that it shares no factor with a usual number of samples
NEVER = 1 << 62


class Schedule:
    """When to check: after a recording, and then for a twentieth of the time.

    The next one is due when the calls since the last have taken 20 times as long as it did.
    Calls are counted, and one is timed now and then: a clock takes as long as a small program.
    Threads may share it: a call that is not counted puts a check off, and no more.

    Attributes:
        left: calls until one is to be timed; each call takes one, and at 0 or below one is.
        turn: how many checks there were.
    """

    def __init__(self, on: bool = True) -> None:
        self.on, self.turn, self.left, self._gap = on, 0, 1 if on else NEVER, 1
        self._pause, self._took = 0.0, math.inf

    def is_due(self, took: float) -> bool:
        """Whether a check is due, after a call that took so many seconds."""
        # The call may have been slow by chance: the faster of two stands for those between.
        self._pause -= self._gap * min(took, self._took)
        self._took = took
        self._count()
        return self.on and self._pause <= 0.0

    def note_check(self, seconds: float) -> None:
        """Let no check be due for a while, after one that took so long."""
        self.turn += 1
        self._pause = seconds / PORTION
        self._count()

    def restart(self) -> None:
        """Let the next call be checked."""
        self._pause = 0.0
        self._count()

    def _count(self) -> None:
        self._gap = max(1, math.ceil(self._pause / (self._took + 1e-9)))
        self.left = self._gap if self.on else NEVER


def moving(turn: int, lanes: int) -> int:
    """The sample that is looked at in this turn, whichever way it goes; all have theirs."""
    return turn * STRIDE % lanes
