"""State: what a run changes in the objects that it has.

To record a function is to run it, and a program can't carry on what it counts, keeps or draws.
So a copy is run, and compared with what it was, both by pickle. A copy shares functions,
classes and Values with the original: the variables that functions name are looked at as guards
are. A file, or what only a library reaches, is not seen.
"""

from __future__ import annotations

import io
import pickle
import random
from array import array
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any, TypeVar

from autograd import Value
from autograd.core.primitive import Primitive
from autograd.program.ir.arrays import np
from autograd.program.trace.captured import Captured
from nn.module import Module

__all__ = ["Copy", "preserved_random"]

T = TypeVar("T")
NUMBERS = (bool, int, float, complex, str, bytes, type(None))
CONTAINERS = (list, tuple, dict, set, frozenset, np.ndarray)
PASSING = ("training", "_engine")  # a mode is set for each run
UNWALKED = (Value, ModuleType, Primitive)
SHARED = (*UNWALKED, type, FunctionType)  # with a copy


class _Stored(pickle.Pickler):
    """Objects as bytes, in which the identity stands for what copies share.

    >>> a, b = Value(1.0), Value(1.0)
    >>> _Stored([a]).bytes == _Stored([a]).bytes, _Stored([a]).bytes == _Stored([b]).bytes
    (True, False)
    """

    def __init__(self, x: Any) -> None:
        file = io.BytesIO()
        super().__init__(file, 4)
        self.shared: dict[int, Any] = {}
        self.dump(x)
        self.bytes = file.getvalue()

    def persistent_id(self, x: Any) -> int | bytes | None:
        kind = type(x)
        if kind is list and {*map(type, x)} == {Value}:
            self.shared.update(zip(map(id, x), x))
            return array("Q", map(id, x)).tobytes()
        if kind in NUMBERS or kind in CONTAINERS:
            return None
        if not isinstance(x, SHARED):
            try:
                x.__reduce_ex__(4)
            except TypeError as error:  # of a lock, too, which then is the same in a copy
                if isinstance(x, Iterator):
                    raise TypeError(f"a {kind.__name__} can't be copied") from error
            else:
                return None
        self.shared[id(x)] = x
        return id(x)

    def reducer_override(self, x: Any) -> Any:
        """Leave out what changes in a module without effect on a run."""
        if not isinstance(x, Module):
            return NotImplemented
        reduced: Any = x.__reduce_ex__(4)
        made, args, state, *more = reduced
        own, *slots = state if isinstance(state, tuple) else (state,)
        own = {name: y for name, y in (own or {}).items() if name not in PASSING}
        return made, args, (own, *slots) if slots else own, *more


class _Loader(pickle.Unpickler):
    """Copies of stored objects."""

    def __init__(self, stored: _Stored) -> None:
        super().__init__(io.BytesIO(stored.bytes))
        self.shared = stored.shared

    def persistent_load(self, known: int | bytes) -> Any:
        if isinstance(known, int):
            return self.shared[known]
        return [self.shared[each] for each in array("Q", known)]


class Copy:
    """A copy of objects with the same Values, which tells changes of either.

    Args:
        rules: functions that name variables, besides those in the originals.
        originals: the objects, by the names that messages give them.

    Attributes:
        copies: of each object.

    Raises:
        TypeError: one can't be copied, such as a generator or an open file.
    """

    def __init__(self, *rules: Callable[..., Any], **originals: Any) -> None:
        self.originals, self.before = originals, _Stored(originals)
        shared = [*rules, *self.before.shared.values()]
        self.values = [x for x in shared if type(x) is Value]
        roots = [x for x in shared if not isinstance(x, UNWALKED)]
        self.captured = Captured(roots[0])
        self.captured.roots |= {id(x): x for x in roots}
        self.captured.settle()
        self.renew()

    def renew(self) -> None:
        """Copy them as they were."""
        self.copies: dict[str, Any] = _Loader(self.before).load()

    def difference(self) -> str | None:
        """The path of what has changed in the originals since; None if nothing has."""
        named = None if self.captured.same() else self.captured.difference()[0]
        return _difference(self.before, self.originals) or named

    def unchanged(self, f: Callable[..., T], *args: Any) -> T:
        """Return the result of f, if it changes nothing of the copies.

        Raises:
            ValueError: it does; the message names it, and the originals are as they were.
        """
        captured = self.captured
        captured.changed()  # which was no change by f
        labels = captured.labels()
        before, numbers = _Stored(self.copies), self._numbers()
        try:
            return f(*args)
        finally:
            changed = _difference(before, self.copies)
            if not captured.settle():
                changed = changed or captured.difference()[0]
            elif new := captured.labels() - labels:
                changed = changed or min(new)
            if numbers != self._numbers():
                for x, *both in zip(self.values, *map(array, "dd", numbers)):
                    if array("d", both) != array("d", [x.data, x.grad]):
                        changed = changed or f"the number of {x!r}"
                        x.data, x.grad = both
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


def _difference(before: _Stored, objects: dict[str, Any]) -> str | None:
    """The path of what is another thing than before; None if nothing is."""
    now = _Stored(objects)
    if before.bytes == now.bytes:
        return None
    return _path(_Loader(before).load(), _Loader(now).load())[1:] or "what it holds"


def _path(before: Any, now: Any, around: tuple[int, ...] = ()) -> str:
    """The path of the innermost part that is another one than before."""
    known, parts = _parts(before, around == ()), _parts(now, around == ())
    for name in known | parts:
        if name not in known or name not in parts:
            return name
        if _Stored(known[name]).bytes != _Stored(parts[name]).bytes:
            if id(parts[name]) in around:
                break
            return name + _path(known[name], parts[name], (*around, id(parts[name])))
    return ""


def _parts(x: Any, attributes: bool) -> dict[str, Any]:
    if isinstance(x, dict):
        return {f".{key}" if attributes else f"[{key!r}]": part for key, part in x.items()}
    if isinstance(x, (list, tuple)):
        return {f"[{i}]": part for i, part in enumerate(x)}
    x = x.__self__ if isinstance(x, MethodType) else x
    return {f".{name}": part for name, part in getattr(x, "__dict__", {}).items()}


class preserved_random:
    """With `random` as it was, after the block.

    No generator: an interrupt would leave it open, to set `random` when it is freed.
    """

    def __enter__(self) -> None:
        self.state = random.getstate()

    def __exit__(self, *error: object) -> None:
        random.setstate(self.state)
