"""What a compiled function has recorded: used together, forgotten together, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autograd.program.dispatch import Dispatch
from autograd.program.trace.captured import Captured

if TYPE_CHECKING:
    from autograd.program.specialize import Trace, TraceCache

__all__ = ["Recorded", "surplus", "used"]

MOST_KINDS = 256
MOST_NODES = 400_000  # if there are more kinds than a FEW: about 250 MB
FEW = 16
MOST_TRIED = 64  # in turn


def used(cache: dict[Any, Any], key: Hashable) -> Any:
    """What a cache has for the key, which is now the last of it; None if there is nothing."""
    found = cache.pop(key, None)
    if found is not None:
        cache[key] = found
    return found


def surplus(nodes: Sequence[int]) -> int:
    """How many of the first kinds, with so many nodes each, are to be forgotten."""
    first, left, total = 0, len(nodes), sum(nodes)
    while left > MOST_KINDS or (left > FEW and total > MOST_NODES):
        total -= nodes[first]
        first, left = first + 1, left - 1
    return first


class Recorded:
    """What was recorded while the function's captured variables were as they are here.

    Once they have changed there is another of these, so a thread that has looked at one uses
    what belongs to it, whatever others do meanwhile.

    Attributes:
        captured: what they were before the first program was recorded.
        kinds: the ways that it goes with arguments of each kind; the last used comes last.
        dispatch: what is tried in turn, by what is differentiated.
        closes: whether a way reads Values from outside.
    """

    def __init__(self, f: Callable[..., Any], own: dict[Any, Any] | None = None) -> None:
        self.captured = Captured(f, own)
        self.kinds: dict[Any, TraceCache] = {}
        self.dispatch: dict[Any, list[Dispatch]] = {}
        self.closes = False

    def forget(self) -> None:
        """Drop what was used longest ago, where there is too much."""
        kinds = [*self.kinds.items()]
        first = surplus([traces.nodes for _, traces in kinds])
        if first:
            self.kinds = dict(kinds[first:])
            gone = [trace for _, traces in kinds[:first] for trace in traces.found]
            for argnums in [*self.dispatch]:
                self.drop(argnums, gone)

    def drop(self, argnums: Any, traces: Sequence[Trace]) -> None:
        """Try no calls on these traces."""
        gone, those = {*traces}, self.dispatch.get(argnums, [])
        self.dispatch[argnums] = [each for each in those if each.trace not in gone]

    def prepare(
        self, argnums: Any, traces: Sequence[Trace], make: Callable[[Trace], Dispatch]
    ) -> None:
        """Let calls be tried on these traces first, where that can be."""
        before = self.dispatch.get(argnums, [])
        known = {each.trace for each in before}
        new = []
        for trace in traces[::-1]:
            if trace not in known:
                with suppress(NotImplementedError):
                    new.append(make(trace))
        if new:
            self.dispatch[argnums] = [*new, *before][:MOST_TRIED]
