"""What a function looks at besides its arguments: whether it has changed, or draws numbers."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable, Sequence
from functools import partial
from operator import is_
from types import BuiltinMethodType, CellType, CodeType, MethodType
from typing import Any

from autograd.program.ir.arrays import np

__all__ = ["Surroundings"]

METHODS = MethodType, BuiltinMethodType
LARGE = 100_000


class Surroundings:
    """What a function itself names of its surroundings: globals, variables around it, of a
    method or a callable object the attributes of the instance, of a partial its arguments.

    Attributes:
        spaces: for each name, where to look for it.
        found: what they are.
        held: the lists, dicts and arrays among them, and what they held.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self.given: list[Any] = []
        while isinstance(f, partial):
            self.given += [*f.args, *f.keywords.values()]
            f = f.func
        if not hasattr(f, "__code__"):
            f = getattr(f, "__call__", f)  # noqa: B004
        names = _names(getattr(f, "__code__", None))
        spaces: list[dict[str, Any]] = [getattr(f, "__globals__", {})]
        attributes = getattr(getattr(f, "__self__", None), "__dict__", None)
        if type(attributes) is dict:
            spaces.append(attributes)
        self.names = names * len(spaces)
        self.spaces = tuple([space for space in spaces for _ in names])
        self.cells: tuple[CellType, ...] = getattr(f, "__closure__", None) or ()
        self.inner = getattr(getattr(f, "__code__", None), "co_freevars", ())
        self.found: list[Any] = [None] * (len(self.names) + len(self.cells) + 1)  # not yet
        self.held: list[tuple[Any, Any]] = []

    def changed(self) -> bool:
        """Whether one is another object or number since the last time, or holds another."""
        same = self.same()
        if not same:
            now = self._now()
            self.found[:], self.held[:] = now, self._held(now)
        return not same

    def same(self) -> bool:
        """Whether all are what they were; if not, it is still known what they were."""
        now = self._now()
        same = _same(now, self.found)
        if not same or not self.held:
            return same
        held = self._held(now)
        if len(held) != len(self.held) or not all(map(_holds, held, self.held)):
            return False
        self.found[:], self.held[:] = now, held
        return True

    def _held(self, now: Sequence[Any]) -> list[tuple[Any, Any]]:
        return [
            (x, content) for x in [*now, *self.given] if (content := _within(x)) is not None
        ]

    def difference(self) -> tuple[str, str, str]:
        """The name of what has changed, what it was and what it is."""
        now = self._now()
        return self._change(now, self._held(now))

    def _change(self, now: list[Any], held: list[tuple[Any, Any]]) -> tuple[str, str, str]:
        names = [*self.names, *self.inner]
        for name, new, old in zip(names, now, self.found):
            if not _same([new], [old]):
                return name, _shown(old), _shown(new)
        for new, old in zip(held, self.held):
            if not _holds(new, old):
                name = next((n for n, x in zip(names, now) if x is new[0]), "an argument")
                return f"what {name} holds", _shown(old[1]), _shown(new[1])
        return "what a container holds", "much", "more"

    def _now(self) -> list[Any]:
        return [*map(dict.get, self.spaces, self.names), *map(_content, self.cells)]

    def random_state(self) -> list[Any]:
        """The state of the generators of random numbers: the global ones, and those found."""
        states: list[Any] = [random.getstate()]
        kinds: tuple[type, ...] = ()
        arrays: Any = sys.modules.get("numpy.random")
        if arrays:
            states.append(pickle.dumps(arrays.get_state(legacy=False)))
            kinds = arrays.Generator, arrays.RandomState
        for x in [*self._now(), *self.given]:
            owner: Any = x.__self__ if type(x) in METHODS else x
            try:
                if issubclass(type(owner), random.Random):
                    states.append(owner.getstate())
                elif issubclass(type(owner), kinds):
                    states.append(pickle.dumps(owner))
            except Exception:  # that of the system has none
                continue
        return states


def _names(code: Any) -> tuple[str, ...]:
    """The names in a function's code, and in that of lambdas and comprehensions in it."""
    if not isinstance(code, CodeType):
        return ()
    inner = [name for each in code.co_consts for name in _names(each)]
    return tuple(dict.fromkeys([*code.co_names, *inner]))


def _shown(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None


def _within(x: Any) -> Any:
    """What a list, dict or array holds; None of anything else, and of what is large."""
    if issubclass(type(x), (list, dict)):
        if len(x) > LARGE:
            return None
        return [*x] if issubclass(type(x), list) else [*x, *x.values()]
    if type(x) is np.ndarray and x.size <= LARGE and x.dtype.kind in "biufcO":
        return x.copy(order="K")
    return None


def _holds(now: tuple[Any, Any], before: tuple[Any, Any]) -> bool:
    """Whether what one holds is what the other held."""
    a, b = now[1], before[1]
    if type(a) is list:
        return _same(a, b)
    return all(getattr(a, what) == getattr(b, what, None) for what in ("dtype", "shape")) and (
        a.tobytes() == b.tobytes()
    )


def _same(now: Sequence[Any], before: Sequence[Any]) -> bool:
    try:
        return len(now) == len(before) and (
            all(map(is_, now, before)) or all(map(_alike, now, before))
        )
    except RecursionError:  # lists that hold themselves
        return False


def _alike(a: Any, b: Any) -> bool:
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) in (list, tuple):
        return _same(a, b)
    same = type(a) in (int, float, bool, str) and bool(a == b)
    return same and (type(a) is not float or repr(a) == repr(b))  # 0.0 is not -0.0
