"""Spot checks: now and then a sample is also computed by the function itself.

Guards see what a function names. Whatever else it reads, and what the recorder can't see, is
found here: JAX asks for pure functions and is stale in silence where they are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from time import thread_time as clock
from typing import Any

from autograd import transforms
from autograd.core import floats
from autograd.core.operand import primal
from autograd.core.primitive import TABLE
from autograd.core.traversal import begin
from autograd.core.value import Value
from autograd.program.ir.tape import Tape
from autograd.program.trace.record import called, plain_results, retrace
from autograd.trees import as_rows, flatten

__all__ = [
    "Schedule",
    "calls_until_due",
    "cut",
    "disagreement",
    "lane_count",
    "leaves_of",
    "moving",
]

FIRST = 0.25  # of the time of recording
FRACTION = 0.05  # of the time of all calls
STEADY = 0.01  # of the time of the calls between two checks
STRIDE = 40507  # a prime, so that it shares no factor with a usual number of samples
TOLERANCE = 1e-9  # of the largest number; beyond it the tapes decide


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


def computed(f: Callable[..., Any], args: Sequence[Any], argnums: Any) -> list[float]:
    """What f itself gives for one sample, and the gradient if `argnums` is not None.

    Its numbers are Values that answer as floats do, as where it was recorded.
    """
    since = begin()
    parts = [flatten(arg, "") for arg in args]
    leaves = [[Value(x) for x in numbers] for numbers, _ in parts]
    every = [x for each in leaves for x in each]
    args = [rebuild(xs) for xs, (_, rebuild) in zip(leaves, parts)]
    outputs = plain_results(f, every, args)
    if argnums is None:
        return [*map(primal, outputs)]
    chosen = [x for i in transforms._places(argnums, len(args)) for x in leaves[i]]
    (y,) = outputs
    slopes = _slopes(y, chosen, since) if type(y) is Value else [0.0] * len(chosen)
    return [primal(y), *slopes]


def _slopes(y: Value, xs: list[Value], since: Any) -> list[float]:
    """d(y)/d(x): the fast sweep, which sets `grad` in operations, if these were made since."""
    before: list[Value] = []
    floats.fast_order(y, since=since, before=before)
    if since and all(node.op is None for node in before):
        found = floats.pull([(y, 1.0)], xs)
        if not any(map(math.isnan, found)):
            return found
    return [*map(primal, transforms.gradient(y, xs))]


def disagreement(
    f: Callable[..., Any],
    args: Sequence[Any],
    argnums: Any,
    got: list[float],
    traces: Callable[[], Iterable[Any]],
) -> str:
    """How f itself differs for one sample from what its program gave; "" if it does not.

    Args:
        args: of the sample.
        got: the numbers of the result and, if `argnums` is not None, of the gradient.
        traces: gives those that were recorded.
    """
    want: list[float] = []
    try:
        want = computed(f, args, argnums)
    except Exception as error:
        if isinstance(error, ArithmeticError) or ": outside the domain" in str(error):
            return ""  # of what the result does not depend on
        return f"numbers where {called(f)} itself raises {error!r:.200}"
    if got == want or (_close(got[:1], want[:1]) and _close(got[1:], want[1:])):
        return ""
    return _judged(f, args, got, want, traces)


def _close(got: list[float], want: list[float]) -> bool:
    allowed = TOLERANCE * max([abs(x) for x in want if math.isfinite(x)], default=0.0)
    return len(got) == len(want) and all(
        a == b or abs(a - b) <= allowed or (a != a and b != b) for a, b in zip(got, want)
    )


def _judged(
    f: Callable[..., Any],
    args: Sequence[Any],
    got: list[float],
    want: list[float],
    traces: Callable[[], Iterable[Any]],
) -> str:
    """What the tapes say: where they are the same, it is rounding."""
    known = [(trace.tape, trace.closed) for trace in traces()]
    new = retrace(f, *flatten(tuple(args), ""), known)
    pairs = [*zip(new.tapes, [tape for tape, _ in known])]
    parting = [*starmap(_parting, pairs)]
    if -1 in parting and _adds_up(new.order) and new.outputs == want[: len(new.outputs)]:
        return ""
    more = ""
    if pairs and -1 not in parting:
        k = max(parting)
        more = f". {_named(k, *pairs[parting.index(k)])}"
    i = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), 0)
    if len(got) != len(want):
        return f"{len(got)} numbers where {called(f)} itself gives {len(want)}{more}"
    return f"{got[i]!r} where {called(f)} itself gives {want[i]!r}{more}"


def _adds_up(order: list[Value]) -> bool:
    """Whether each node is what its operands give."""
    return all(
        repr(primal(node.op(*map(primal, node.operands)))) == repr(node._data)
        for node in order
        if node.op is not None and node.op.name in TABLE
    )


def _parting(tape: Tape, other: Tape) -> int:
    """The first node in which two tapes differ; -1 if they are the same."""
    if tape.same(other):
        return -1
    nodes = [zip(each.ops, each.args, each.values) for each in (tape, other)]
    short = min(len(tape), len(other))
    return next((i for i, (a, b) in enumerate(zip(*nodes)) if a != b), short)


def _named(k: int, new: Tape, old: Tape) -> str:
    """What differs there."""
    if k < min(len(new), len(old)) and new.ops[k] == old.ops[k] == "const":
        user = next((op for op, args in zip(new.ops, new.args) if k in args), "the result")
        return f"The number {old.values[k]!r} in {user!r} is {new.values[k]!r} now"
    ops = [tape.ops[k] if k < len(tape) else "nothing" for tape in (old, new)]
    return f"It computes {ops[1]!r} now where it computed {ops[0]!r}"


def moving(turn: int, lanes: int) -> int:
    """The sample that is looked at in this turn, whichever way it goes; all have theirs."""
    return turn * STRIDE % lanes
