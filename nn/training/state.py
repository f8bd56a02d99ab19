"""State: all that an object holds, by its path; comparing tells which of it a run changes.

To record a function is to run it, and a program can't carry on what it counts, keeps or draws.
So a copy is run, and compared with what it was. A copy shares functions and classes with the
original, so the walk goes into these, too: variables around functions, small globals that they
name, their attributes and defaults, and the attributes of classes. A file, or what only a
library reaches, is not seen.
"""

from __future__ import annotations

import copy
import inspect
import random
import re
import struct
import sys
from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import zip_longest
from operator import is_
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeVar

from autograd import Value
from autograd.core.primitive import Primitive
from autograd.program.ir.arrays import np
from nn.module import Module

__all__ = ["Copy", "preserved_random", "walk"]

T = TypeVar("T")
Part = tuple[str, Any]
NUMBERS = (bool, int, float, complex, str, bytes, type(None))
CONTAINERS = (list, tuple, dict, set, frozenset, np.ndarray)
SHARED = (type, FunctionType, BuiltinFunctionType, ModuleType, Primitive)  # with a copy
UNSEEN = ("training", "_path")  # of a module; they don't say what it computes
LARGE = 1000  # elements of a shared container that is not gone through


def walk(x: Any, path: str = "") -> Iterator[Part]:
    """Pairs of a path and what is there: Values, numbers, sizes, functions and classes.

    It goes where `copy.deepcopy` goes, in the same order in a copy as in the original, and
    into what both share.

    >>> dict(walk({"a": [1.0, "b"]}, "x"))
    {'x': ('dict', 1), "x['a']": ('list', 2), "x['a'][0]": 1.0, "x['a'][1]": 'b'}
    """
    seen: dict[int, Any] = {}
    todo = [(path, x, False)]
    while todo:
        path, x, shared = todo.pop()
        kind = type(x)
        if kind in NUMBERS or kind is Value:
            yield path, x
        elif id(x) not in seen:
            seen[id(x)] = x
            if kind is list and {*map(type, x)} == {Value}:
                yield path, tuple(x)
                continue
            parts, content = _parts(path, x, shared)
            yield path, content
            if kind not in SHARED and id(kind) not in seen:
                seen[id(kind)] = kind
                outside = [part for base in kind.__mro__ for part in _of_class(base)]
                todo += [(*part, True) for part in outside]
            shared |= isinstance(x, SHARED)
            todo += [(*part, shared) for part in reversed(parts)]


def _parts(path: str, x: Any, shared: bool) -> tuple[list[Part], Any]:
    """Return the parts of an object by their paths, and the rest of it to compare."""
    kind = type(x)
    if kind is FunctionType:
        return ([] if _is_library(x.__module__) else _of_function(x)), x
    if isinstance(x, BuiltinFunctionType):
        return [(path, x.__self__)], x
    if isinstance(x, SHARED):
        return [], x
    if shared and (kind not in CONTAINERS or len(x) > LARGE):
        if isinstance(x, Module):
            named = [(name, y) for name, y in vars(x).items() if name not in UNSEEN]
            return [(f"{path}.{name}", y) for name, y in named], kind.__name__
        return [], (kind.__name__, len(x) if kind in CONTAINERS else id(x))
    if kind in (list, tuple):
        return [(f"{path}[{i}]", part) for i, part in enumerate(x)], (kind.__name__, len(x))
    if kind is dict:
        parts = [(f"{path}[{key!r}]", part) for key, part in x.items()]
        return parts, (kind.__name__, len(x))
    if kind in (set, frozenset):
        return [], {part if type(part) in NUMBERS else type(part) for part in x}
    if kind is np.ndarray:
        if x.dtype.hasobject:
            return _parts(path, x.ravel().tolist(), shared)
        return [], (x.dtype.str, x.shape, x.tobytes())
    return _of_object(path, x)


def _of_object(path: str, x: Any) -> tuple[list[Part], Any]:
    """Return the parts that a deep copy is made of; a lock is itself in a copy."""
    kind = type(x)
    try:
        reduced: Any = x.__reduce_ex__(4)
    except TypeError as error:
        if not isinstance(x, Iterator):
            return [], x
        raise TypeError(
            f"{_named(path)} is a {kind.__name__}, which can't be copied"
        ) from error
    if isinstance(reduced, str):
        return [], reduced
    fields: tuple[Any, ...] = (*reduced[:5], None, None, None)
    _, args, state, items, pairs = fields[:5]
    parts = [(path, part) for part in args if part is not kind]
    for own in state if type(state) is tuple else (state,):
        names = own.items() if type(own) is dict else [("", own)]
        parts += [
            (f"{path}.{name}" if name else path, part)
            for name, part in names
            if not (name in UNSEEN and isinstance(x, Module))
        ]
    parts += [(f"{path}[{i}]", part) for i, part in enumerate(items or ())]
    parts += [(f"{path}[{key!r}]", part) for key, part in pairs or ()]
    return parts, kind.__name__


def _of_function(f: Any) -> list[Part]:
    """Return the variables that a function's own code names besides its arguments."""
    name = f.__qualname__
    parts = [(f"the defaults of {name}", f.__defaults__ or ())]
    parts += [(f"the defaults of {name}", f.__kwdefaults__ or {})]
    parts += [(f"{name}.{key}", x) for key, x in vars(f).items()]
    for names in inspect.getclosurevars(f)[:2]:
        parts += [(key, x) for key, x in names.items() if type(x) is not ModuleType]
    return parts


def _of_class(kind: type) -> list[Part]:
    """The attributes of a class, of those that are no library's."""
    if _is_library(kind.__module__):
        return []
    seen = (*NUMBERS, *CONTAINERS, FunctionType)
    return [
        (f"{kind.__name__}.{name}", x)
        for name, x in vars(kind).items()
        if type(x) in seen and (type(x) is FunctionType or not name.startswith("__"))
    ]


@lru_cache(1000)
def _is_library(module: str | None) -> bool:
    """Whether a module is Python's, ours, or of a package that is installed."""
    name = (module or "").partition(".")[0]
    if name == "__main__":
        return False
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    known = name in ("autograd", "nn") or name in sys.stdlib_module_names
    return known or "site-packages" in file or "dist-packages" in file


class Copy:
    """A deep copy of objects with the same Values, which tells changes of either.

    Args:
        originals: the objects, by the names that messages give them.

    Attributes:
        copies: of each object.

    Raises:
        TypeError: one can't be copied, such as a generator or an open file.
    """

    def __init__(self, **originals: Any) -> None:
        self.originals = originals
        self.before = [*walk(originals)]
        self.shared = {
            id(each): (path, each)
            for path, x in self.before
            for each in (x if type(x) is tuple else (x,))
        }
        self.values = [x for _, x in self.shared.values() if type(x) is Value]
        self.renew()

    def renew(self) -> None:
        """Copy them as they are now."""
        memo: dict[int, Any] = {key: x for key, (_, x) in self.shared.items()}
        self.copies: dict[str, Any] = copy.deepcopy(self.originals, memo)

    def difference(self) -> str | None:
        """The path of what has changed in the originals since; None if nothing has."""
        return _difference(self.before, walk(self.originals))

    def unchanged(self, f: Callable[..., T], *args: Any) -> T:
        """Return the result of f, if it changes nothing of the copies.

        Raises:
            ValueError: it does; the message names it, and the originals are as they were.
        """
        before, numbers = [*walk(self.copies)], self._numbers()
        try:
            return f(*args)
        finally:
            changed = _difference(before, walk(self.copies))
            if self._numbers() != numbers:
                for x, data, grad in zip(self.values, *map(array, "dd", numbers)):
                    if not (_alike(x.data, data) and _alike(x.grad, grad)):
                        changed = changed or _named(self.shared[id(x)][0])
                        x.data, x.grad = data, grad
            if changed:
                self.renew()
                raise ValueError(
                    f"the model or the loss changes {changed} when it runs, and a program "
                    "can't: keep that out of it, or train with compiled=False"
                )

    def _numbers(self) -> list[bytes]:
        """The data and the gradients of the Values."""
        both = [x.data for x in self.values], [x.grad for x in self.values]
        return [array("d", each).tobytes() for each in both]


def _difference(before: list[Part], walked: Iterator[Part]) -> str | None:
    now = [*walked]
    for one, other in zip_longest(before, now):
        if one is None or other is None or one[0] != other[0] or not _alike(one[1], other[1]):
            longer = other if one is None or len(now) > len(before) else one
            return _named((longer or ("",))[0])
    return None


def _named(path: str) -> str:
    """The path from an object that a dict has by its name."""
    return re.sub(r"^\['(\w+)'\]", r"\1", path)


def _alike(a: Any, b: Any) -> bool:
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) is float:
        return struct.pack("d", a) == struct.pack("d", b)  # 0.0 is not -0.0, and NaN is NaN
    if type(a) is tuple and type(a[0]) is Value:
        return len(a) == len(b) and all(map(is_, a, b))
    return type(a) is not Value and not isinstance(a, SHARED) and bool(a == b)


class preserved_random:
    """With `random` as it was, after the block.

    No generator: an interrupt would leave it open, to set `random` when it is freed.
    """

    def __enter__(self) -> None:
        self.state = random.getstate()

    def __exit__(self, *error: object) -> None:
        random.setstate(self.state)
