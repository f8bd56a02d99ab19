"""Recordings of a compiled function: its traces and plans, bounded and dropped together.

`Compiled` has one at a time, and begins another when what the function captures has changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any

from autograd.program.plan import Plan
from autograd.program.trace.captured import Captured
from autograd.program.traces import Trace, TraceCache

__all__ = ["Recordings", "key_of"]

MAX_CACHES = 256  # with few nodes
MAX_CACHES_OF_ANY_SIZE = 16
MAX_NODES = 400_000  # of all caches, where there are more than those; about 250 MB
MAX_PLANS = 64  # of one method, tried in turn
MAX_PLAN_KEYS = 64


def key_of(method: str, argnums: Any) -> Any:
    """Return the key under which the plans of a method are kept.

    Values and gradients, whose calls are the shortest, have one that needs no tuple.
    """
    if method == "value":
        return None
    if method == "value_and_grad":
        return argnums
    return method, argnums


class Recordings:
    """The recordings made while the function's captured variables were as they are here.

    Once they have changed there is another of these, so a thread that has looked at one uses
    what belongs to it, whatever others do meanwhile.

    Attributes:
        captured: the variables, as they were before the first program was recorded.
        caches: the traces of arguments that are built alike; the last used comes last.
        plans: lists of plans, which a call tries in turn, by `key_of` a method.
        reads_values: whether a trace reads Values from outside f.

    Args:
        f, without, reduce: as `compile` was asked.
        changes: what f itself has changed, and how often; what it changes again is no guard.
        told: the kinds of warnings that were given.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        without: Collection[str],
        reduce: str | None,
        changes: Counter[Any] | None = None,
        told: set[str] | None = None,
    ) -> None:
        self.f, self.without, self.reduce = f, without, reduce
        self.captured = Captured(f, changes)
        self.told = set[str]() if told is None else told
        self.caches: dict[Any, TraceCache] = {}
        self.plans: dict[Any, list[Plan]] = {}
        self.reads_values = False

    def cache_for(self, key: Any) -> TraceCache:
        """Return the traces of arguments with this key, which are now the last used."""
        cache = self.caches.pop(key, None)
        if cache is None:
            cache = TraceCache(self.f, self.without, (), self.reduce, self.captured, self.told)
        self.caches[key] = cache
        return cache

    def traces(self) -> list[Trace]:
        """Return all traces, in the order of recording."""
        return [trace for cache in [*self.caches.values()] for trace in cache.known]

    # ------------------------------------------------------------------ what is dropped

    def forget_old(self) -> None:
        """Drop the caches that were used longest ago, where there are too many or too large."""
        self._move_used_to_end()
        nodes = sum([cache.nodes for cache in [*self.caches.values()]])
        while self._exceeds_bounds(nodes):
            oldest = next(iter(self.caches))
            nodes -= self.caches.pop(oldest).nodes
        self._drop_plans_without_a_trace()

    def _move_used_to_end(self) -> None:
        """Move the caches to the end whose plans were used since this was last done.

        Calls that go by a plan don't come to `cache_for`; they set the plan's `used`.
        """
        newest = [*self.caches.values()][-1]
        used_traces = {*newest.known}
        for plan in self._all_plans():
            if plan.used:
                used_traces.add(plan.trace)
            plan.used = False

        def is_used(entry: tuple[Any, TraceCache]) -> bool:
            _, cache = entry
            return not used_traces.isdisjoint(cache.known)

        self.caches = dict(sorted(self.caches.items(), key=is_used))  # which keeps their order

    def _exceeds_bounds(self, nodes: int) -> bool:
        """Whether there are too many caches, or so many that have too many nodes."""
        count = len(self.caches)
        return count > MAX_CACHES or (count > MAX_CACHES_OF_ANY_SIZE and nodes > MAX_NODES)

    def _all_plans(self) -> Iterable[Plan]:
        return [plan for plans in [*self.plans.values()] for plan in plans]

    def _drop_plans_without_a_trace(self) -> None:
        traces = {*self.traces()}
        for key, plans in [*self.plans.items()]:
            self.plans[key] = [plan for plan in plans if plan.trace in traces]

    # ------------------------------------------------------------------ plans

    def add_plans(self, call: Any) -> None:
        """Make a plan for calls like this one along each known trace that has none yet.

        A plan takes all lanes along one trace: where lanes have parted, there is none.
        """
        cache = self.caches.get(call.given.key)
        traces = cache.known if cache else []
        key = key_of(call.method, call.invocation.argnums)
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
            oldest = next(iter(self.plans))
            self.plans.pop(oldest, None)
