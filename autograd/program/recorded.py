"""What a compiled function has recorded: used together, forgotten together, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from autograd.program.specialize import Paths
from autograd.program.trace.captured import Captured

__all__ = ["Recorded", "surplus", "used"]

MOST_KINDS = 256
MOST_NODES = 400_000  # if there are more kinds than a FEW: about 250 MB
FEW = 16
MOST_QUICK = 64  # to be tried in turn


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
        quick: calls to be tried in turn, by what is differentiated.
        closes: whether a way reads Values from outside.
    """

    def __init__(self, f: Callable[..., Any], own: dict[Any, Any] | None = None) -> None:
        self.captured = Captured(f, own)
        self.kinds: dict[Any, Paths] = {}
        self.quick: dict[Any, list[Any]] = {}
        self.closes = False

    def forget(self) -> None:
        """Drop what was used longest ago, where there is too much."""
        kinds = [*self.kinds.items()]
        first = surplus([paths.nodes for _, paths in kinds])
        for _, paths in kinds[:first]:
            for argnums in [*paths.quick]:
                self.slow(argnums, paths)
        if first:
            self.kinds = dict(kinds[first:])

    def quicken(self, argnums: Any, paths: Paths, make: Callable[[Any], Any]) -> None:
        """Try what `make` makes of these ways first, unless it is tried already.

        Args:
            make: gives a quick call for a path, or None.
        """
        made = paths.quick.setdefault(argnums, {})
        for path in paths.found:
            if path not in made:
                made[path] = make(path)
        mine = [each for each in [*made.values()] if each is not None]
        if not {*mine} <= {*self.quick.get(argnums, ())}:
            self._try(argnums, mine[::-1], paths)

    def slow(self, argnums: Any, paths: Paths) -> None:
        """Try none of these ways."""
        self._try(argnums, [], paths)

    def _try(self, argnums: Any, first: list[Any], paths: Paths) -> None:
        mine = [*paths.quick.get(argnums, {}).values()]
        others = [each for each in self.quick.get(argnums, ()) if each not in mine]
        self.quick[argnums] = [*first, *others][:MOST_QUICK]
