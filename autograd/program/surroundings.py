"""What a function looks at besides its arguments: whether it has changed, or draws numbers."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable
from functools import partial
from operator import is_
from types import BuiltinMethodType, CellType, CodeType, MethodType
from typing import Any

from autograd.program.arrays import np

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
        self.found: list[Any] = [None] * (len(self.names) + len(self.cells) + 1)  # not yet
        self.held: list[tuple[Any, Any]] = []

    def changed(self) -> bool:
        """Whether one is another object or number since the last time, or holds another."""
        now = self._now()
        same = _same(now, self.found)
        if same and not self.held:
            return False
        same = same and all(_same(_within(x), held) for x, held in self.held)
        self.found[:] = now
        every = [*now, *self.given]
        self.held[:] = [(x, held) for x in every if (held := _within(x)) is not None]
        return not same

    def _now(self) -> list[Any]:
        return [*map(dict.get, self.spaces, self.names), *map(_content, self.cells)]

    def random_state(self) -> bytes:
        """The state of the generators of random numbers: the global ones, and those found."""
        generators: list[Any] = [random.getstate.__self__]  # type: ignore[attr-defined]
        kinds: tuple[type, ...] = (random.Random,)
        arrays: Any = sys.modules.get("numpy.random")
        if arrays:
            generators.append(arrays.get_state.__self__)
            kinds += arrays.Generator, arrays.RandomState
        owners = [
            x.__self__ if isinstance(x, METHODS) else x for x in [*self._now(), *self.given]
        ]
        generators += [x for x in owners if isinstance(x, kinds)]
        return pickle.dumps([x for x in generators if not isinstance(x, random.SystemRandom)])


def _names(code: Any) -> tuple[str, ...]:
    """The names in a function's code, and in that of lambdas and comprehensions in it."""
    if not isinstance(code, CodeType):
        return ()
    inner = [name for each in code.co_consts for name in _names(each)]
    return tuple(dict.fromkeys([*code.co_names, *inner]))


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None


def _within(x: Any) -> Any:
    """What a list, a dict or an array holds; None of anything else, and of large arrays."""
    if type(x) is list:
        return [*x]
    if type(x) is dict:
        return [*x, *x.values()]
    if type(x) is np.ndarray and x.size <= LARGE:
        return [*x.flat] if x.dtype == object else x.tobytes()
    return None


def _same(now: Any, before: Any) -> bool:
    if type(before) is bytes:
        return bool(now == before)
    return len(now) == len(before) and (
        all(map(is_, now, before)) or all(map(_alike, now, before))
    )


def _alike(a: Any, b: Any) -> bool:
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) in (list, tuple):
        return _same(a, b)
    same = type(a) in (int, float, bool, str) and bool(a == b)
    return same and (type(a) is not float or repr(a) == repr(b))  # 0.0 is not -0.0
