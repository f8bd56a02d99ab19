"""Recordings of a compiled function: used together, forgotten together, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any

from autograd.program.plan import Plan
from autograd.program.program import Request
from autograd.program.trace.captured import Captured

__all__ = ["Recorded", "key_of", "used"]

MOST_KINDS = 256
MOST_NODES = 400_000  # if there are more kinds than a FEW: about 250 MB
FEW = 16
MOST_PLANS = 64  # tried in turn


def used(cache: dict[Any, Any], key: Hashable) -> Any:
    """Return the entry of a cache, and make it the last one; None if there is none."""
    kept = cache.pop(key, None)
    if kept is not None:
        cache[key] = kept
    return kept


def key_of(method: str, argnums: Any) -> Any:
    """The key of plans for a method."""
    if method == "value":
        return None
    return argnums if method == "value_and_grad" else (method, argnums)


class Recorded:
    """Recordings made while the function's captured variables were as they are here.

    Once they have changed there is another of these, so a thread that has looked at one uses
    what belongs to it, whatever others do meanwhile.

    Attributes:
        captured: what they were before the first program was recorded.
        kinds: the ways that it goes with arguments of each kind; the last used comes last.
        plans: what is tried in turn, by what is differentiated.
        closes: whether a way reads Values from outside.
    """

    def __init__(self, f: Callable[..., Any], own: set[Any] | None = None) -> None:
        self.captured = Captured(f, own)
        self.kinds: dict[Any, Any] = {}
        self.plans: dict[Any, list[Plan]] = {}
        self.closes = False

    def forget(self) -> None:
        """Drop what was used longest ago, where there is too much."""
        every = [plan for plans in [*self.plans.values()] for plan in plans]
        recent = {plan.trace for plan in every if plan.used} | {
            *[*self.kinds.values()][-1].known
        }
        for plan in every:
            plan.used = False
        kinds = sorted(
            self.kinds.items(), key=lambda kind: not recent.isdisjoint(kind[1].known)
        )
        total, left = sum([traces.nodes for _, traces in kinds]), len(kinds)
        while left > MOST_KINDS or (left > FEW and total > MOST_NODES):
            total -= kinds[-left][1].nodes
            left -= 1
        self.kinds = dict(kinds[-left:])
        known = {trace for traces in self.kinds.values() for trace in traces.known}
        for what, plans in [*self.plans.items()]:
            self.plans[what] = [plan for plan in plans if plan.trace in known]

    def plan(self, method: str, call: Any, request: Request | None) -> None:
        """Let such calls go by plans on the traces known so far; but not where samples part."""
        given = call.given
        traces = self.kinds.get(given.key)
        every = traces.known if traces else []
        what = key_of(method, call.argnums)
        plans = self.plans.get(what, [])
        if not request or (given.lanes and len(every) > 1):
            self.plans[what] = [plan for plan in plans if plan.trace not in every]
            return
        known = {plan.trace for plan in plans}
        for trace in every:
            if trace not in known:
                with suppress(NotImplementedError):
                    new = Plan(trace.program, request, trace.closed, call.it.threads)
                    new.serve(trace, call, method, self.captured)
                    self.plans[what] = [new, *self.plans.get(what, [])][:MOST_PLANS]
