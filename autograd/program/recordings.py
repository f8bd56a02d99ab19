"""Recordings of a compiled function: its traces and plans, bounded and forgotten together.

`Compiled` has one at a time, and begins another when what the function captures has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from autograd.program.plan import Plan
from autograd.program.trace.captured import Captured
from autograd.program.traces import Trace, TraceCache

__all__ = ["Recordings", "key_of"]

MAX_KINDS = 256  # of arguments
MAX_NODES = 400_000  # if there are more kinds than these: about 250 MB
KINDS_OF_ANY_SIZE = 16
MAX_PLANS = 64  # of one method, tried in turn
MAX_PLAN_KEYS = 64  # methods, each with what it differentiates in


def key_of(method: str, argnums: Any) -> Any:
    """The key of plans for a method."""
    if method == "value":
        return None
    return argnums if method == "value_and_grad" else (method, argnums)


class Recordings:
    """The recordings made while the function's captured variables were as they are here.

    Once they have changed there is another of these, so a thread that has looked at one uses
    what belongs to it, whatever others do meanwhile.

    Attributes:
        captured: what they were before the first program was recorded.
        kinds: the traces of arguments of each kind; the last used comes last.
        plans: what is tried in turn, by what is differentiated.
        reads_values: whether a trace reads Values from outside.
    """

    def __init__(self, f: Callable[..., Any], changes: Counter[Any] | None = None) -> None:
        self.captured = Captured(f, changes)
        self.kinds: dict[Any, TraceCache] = {}
        self.plans: dict[Any, list[Plan]] = {}
        self.reads_values = False

    def traces(self, key: Any, make: Callable[[], TraceCache]) -> TraceCache:
        """The traces of arguments of a kind, which is now the last used."""
        cache = self.kinds.pop(key, None) or make()
        self.kinds[key] = cache
        return cache

    def known(self) -> list[Trace]:
        """All traces, in the order of recording."""
        return [trace for cache in [*self.kinds.values()] for trace in cache.known]

    def forget_old(self) -> None:
        """Drop the kinds of arguments that were used longest ago, where there is too much."""
        plans = [plan for plans in [*self.plans.values()] for plan in plans]
        recent = {plan.trace for plan in plans if plan.used}
        recent.update([*self.kinds.values()][-1].known)
        for plan in plans:
            plan.used = False
        kinds = sorted(
            self.kinds.items(), key=lambda kind: not recent.isdisjoint(kind[1].known)
        )
        nodes, left = sum([cache.nodes for _, cache in kinds]), len(kinds)
        while left > MAX_KINDS or (left > KINDS_OF_ANY_SIZE and nodes > MAX_NODES):
            nodes -= kinds[-left][1].nodes
            left -= 1
        self.kinds = dict(kinds[-left:])
        known = {*self.known()}
        for key, plans in [*self.plans.items()]:
            self.plans[key] = [plan for plan in plans if plan.trace in known]

    def plan(self, call: Any) -> None:
        """Let such calls go by plans on the traces known so far; but not where samples part."""
        cache = self.kinds.get(call.given.key)
        traces = cache.known if cache else []
        key = key_of(call.method, call.argnums)
        plans = self.plans.get(key, [])
        if call.given.lanes and len(traces) > 1:
            self.plans[key] = [plan for plan in plans if plan.trace not in traces]
            return
        planned = {plan.trace for plan in plans}
        for trace in traces:
            if trace not in planned:
                with suppress(NotImplementedError):
                    plans = [Plan(trace, call, self.captured), *plans][:MAX_PLANS]
        self.plans[key] = plans
        while len(self.plans) > MAX_PLAN_KEYS:
            self.plans.pop(next(iter(self.plans)), None)
