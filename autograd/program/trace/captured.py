"""Captured variables: what a function reads besides its arguments, by name.

From a function the walk goes down through the globals, closure variables and defaults that it
names, through objects by attributes whose name some code on the way has, through short lists,
tuples and dicts, and through the functions on the way. It reads no bytecode, and runs nothing.
The result is a flat list of look-ups: these are guards, looked at in each call. The rules of
primitives are functions as any others.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path
from types import (
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.core.value import Value
from autograd.program.ir.arrays import np

__all__ = ["Captured", "equal", "is_library"]

SEQUENCES = list, deque  # but tuples, which do not change
SHORT = 100  # elements of a container that is gone through
MOST = 2000  # objects that are gone through
HERE = Path(__file__).parents[2]
FOLDERS = tuple(
    [f"{each}{os.sep}" for each in (Path(os.__file__).parent, HERE, HERE.parent / "nn")]
)
BUILTINS = frozenset(dir(builtins))
NUMBERS = frozenset([int, float, bool, str, bytes, complex])
PLAIN = NUMBERS | {type(None), type(...), Value, CodeType, range, np.ndarray}
CALLS = "__call__", "__getattr__", "forward", "pullback"  # called though nothing names them
LENGTH = object()  # the name of how many entries a list or a dict has
KEYS = object()  # of a dict whose keys are not all strings: the keys True and 1 are equal
Looks = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]  # where, name, object
Inside = Iterator[tuple[str, Any, Any]]  # how messages call it, where and by what name
Look = tuple[str, Any, Any, Any]  # and the object there


def equal(a: Any, b: Any) -> bool:
    """Whether they are the same, or equal numbers, strings or tuples of them."""
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) is tuple:
        return len(a) == len(b) and all(map(equal, a, b))
    plain = type(a) in NUMBERS or isinstance(a, np.generic)
    return plain and bool(a == b) and repr(a) == repr(b)  # 0.0 is not -0.0


def _find(space: Any, name: Any) -> Any:
    """Return the present object; None if there is none."""
    kind = type(space)
    if name is LENGTH:
        return len(space)
    if name is KEYS:
        return tuple(space)
    if kind is CellType:
        try:
            return space.cell_contents
        except ValueError:
            return None
    if kind is FunctionType:
        return getattr(space, name)
    if isinstance(space, type):
        return vars(space).get(name)
    if isinstance(space, dict):
        return dict.get(space, name)
    if isinstance(space, SEQUENCES):
        return space[name] if name < len(space) else None
    return _slot(space, name)


def _slot(x: Any, name: str) -> Any:
    """The object in a slot; None if it is empty."""
    try:
        return object.__getattribute__(x, name)
    except AttributeError:
        return None


def _slots(x: Any) -> set[str]:
    """The names of an object's slots."""
    kinds = type.mro(type(x))
    return {
        name
        for kind in kinds
        for name, y in vars(kind).items()
        if type(y) is MemberDescriptorType
    }


def _is_short(x: Any) -> bool:
    """Whether it is a list or a dict whose entries are look-ups of their own."""
    if not isinstance(x, (dict, *SEQUENCES)) or len(x) > SHORT:
        return False
    return not isinstance(x, dict) or all(map(_is_key, x))


def _is_key(key: Any) -> bool:
    """Whether a key is a number, a string, an Enum or a tuple of such: its hash stays."""
    if type(key) is tuple:
        return all(map(_is_key, key))
    return type(key) in NUMBERS or isinstance(key, Enum)


def _outlined(each: Iterable[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
    """The variables by name; of containers whose entries are among them, the type."""
    return tuple([(name, type(x) if _is_short(x) else x) for name, x in each])


class Captured:
    """The variables that a function captures, as they are when this is made.

    Attributes:
        roots: where the walk begins: f, and primitives that its recordings use.
        looks: all that a call looks at, swapped at once.
        changes: how many runs of the function changed each look-up. A log or a counter, which
            two runs have changed, is the function's own, and no guard.
    """

    def __init__(self, f: Any, changes: Counter[Any] | None = None) -> None:
        self.f, self.roots = f, {id(f): f}
        self.changes = Counter[Any]() if changes is None else changes
        inner = f
        while isinstance(inner, partial):
            inner = inner.func
        module = getattr(inner, "__module__", "")
        whole = getattr(sys.modules.get(module), "__file__", None) or ""
        self._home = None if whole.startswith(FOLDERS) else package(module)
        self._hold(self._walked())

    def add(self, primitives: Iterable[Primitive]) -> None:
        """Let the walk begin at the rules of these, too."""
        self.roots |= {id(each): each for each in primitives if each.name not in RESERVED}

    def _is_intact(self) -> bool:
        return all(equal(_find(*each), x) for *each, x in zip(*self.looks))

    def same(self) -> bool:
        """Whether all look-ups find the same as before, or an equal object.

        Equal numbers, and short lists and dicts of equal numbers, may be others than before:
        then these are looked at from now on.
        """
        if self._is_intact():
            return True
        now, labels = self._walked(), zip(self._labels, self.looks[2])
        if not equal(_outlined((a, x) for a, _, _, x in now), _outlined(labels)):
            return False
        self._hold(now)
        return True

    def difference(self) -> tuple[str, str, str]:
        """The name of what has changed, what it was and what it is."""
        for label, space, name, x in zip(self._labels, *self.looks):
            if not equal(now := _find(space, name), x):
                return label, _shown(x), _shown(now)
        return "what it names", "one thing", "another and back"

    def note_recording(self) -> None:
        """Take what the recorded run of the function has changed as it is now, and count it."""
        self.changes.update(self.changed())
        self.settle()

    def note_run(self) -> None:
        """Count what another run has changed; what two runs change is no look-up any more."""
        if self._is_intact():
            return
        self.changes.update(self._differing(self.looks, self._walked()))
        looks = zip(self._labels, *self.looks)
        self._hold([look for look in looks if self.changes[id(look[1]), look[2]] < 2])

    def changed(self) -> set[tuple[int, Any]]:
        """The look-ups that find something else than before; from now on they are others."""
        if self._is_intact():
            return set()
        known, looks = self.looks, self._walked()
        self._hold(looks)
        return self._differing(known, looks)

    def settle(self) -> bool:
        """Look wherever there is something now; False if something known has changed."""
        looks = self._walked()
        if self._differing(self.looks, looks):
            return False
        self._hold(looks)
        return True

    def _differing(self, looks: Looks, now: list[Look]) -> set[tuple[int, Any]]:
        """The look-ups, by where and by what name, that find something else."""
        present = {(id(space), name): x for _, space, name, x in now}
        each = [((id(space), name), x) for space, name, x in zip(*looks)]
        return {
            key
            for key, x in each
            if self.changes[key] < 2 and (key not in present or not equal(present[key], x))
        }

    def _hold(self, every: list[Look]) -> None:
        self._labels, *looks = [*zip(*every)] or [()] * 4
        self.looks: Looks = tuple(looks)  # type: ignore[assignment]

    def _walked(self) -> list[Look]:
        """Each look-up: how messages call it, where, by what name, and what it finds."""
        names, before, looks = {*CALLS}, 0, dict[Any, Look]()
        while len(names) > before:  # with more names there may be more to find
            before, looks, seen = len(names), dict[Any, Look](), dict[int, Any]()
            todo: list[tuple[str, Any]] = [("", root) for root in self.roots.values()]
            for label, x in todo:  # which grows as it is walked
                if type(x) in PLAIN or id(x) in seen or len(seen) > MOST:
                    continue
                seen[id(x)] = x
                for inner, space, name in self._inside(label, x, names):
                    if space is None:
                        todo.append((inner, name))
                    elif (key := (id(space), name)) not in looks and self.changes[key] < 2:
                        looks[key] = inner, space, name, _find(space, name)
                        todo.append((inner, looks[key][3]))
        return [*looks.values()]

    def _inside(self, label: str, x: Any, names: set[str]) -> Inside:
        """Yield the look-ups that x leads to; without a place, the objects."""
        kind = type(x)
        if kind is FunctionType:
            yield from self._function(label, x, names)
        elif kind is MethodType:
            yield from [(label, None, x.__func__), (label, None, x.__self__)]
        elif kind is partial:
            yield from [(label, None, x.func), ("args", None, x.args), ("", None, x.keywords)]
        elif kind is Primitive:
            if x.name not in RESERVED:
                yield f"the primitive {x.name}", TABLE, x.name  # programs find it by its name
                yield from [(label, None, rule) for rule in (x.value, *x.rules)]
        elif kind in (classmethod, staticmethod, property):
            yield label, None, x.fget if kind is property else x.__func__
        elif kind is not ModuleType:
            if isinstance(x, (dict, tuple, *SEQUENCES)):
                yield from self._container(label, x)
            if kind not in (list, dict, tuple):
                yield from self._object(label, x, names)
        else:
            closed, space = self._is_closed(x.__name__), vars(x)
            for name in sorted(names & space.keys()):
                if not closed or type(space[name]) in NUMBERS:
                    yield f"{label}.{name}", space, name

    def _function(self, label: str, f: Any, names: set[str]) -> Inside:
        """The variables that it names; of a function of a library those of its closure."""
        code, space = f.__code__, f.__globals__
        for name, cell in zip(code.co_freevars, f.__closure__ or ()):
            yield name, cell, name
        if package(space.get("__name__")) != self._home and is_library(code.co_filename):
            return
        mine = _names(code)
        names |= mine
        for name in "__code__", "__defaults__", "__kwdefaults__":
            if getattr(f, name):
                yield f"{f.__qualname__}.{name}", f, name
        for name in sorted(mine - space.keys() & BUILTINS):  # which a global may hide
            yield name, space, name
        for name in sorted(mine & sys.modules.keys()):  # imported in it
            yield name, None, sys.modules[name]
        for name in sorted(mine & space.keys()):
            module = type(space[name]) is ModuleType
            yield (name, None, space[name]) if module else (name, space, name)
        for name in (names | {"__wrapped__"}) & f.__dict__.keys():
            yield f"{label or f.__qualname__}.{name}", f.__dict__, name

    def _container(self, label: str, x: Any) -> Inside:
        """The entries of a short container, how many there are, and the keys of a dict."""
        is_dict = isinstance(x, dict)
        keys = [*dict.keys(x)] if is_dict else range(len(x))
        if _is_short(x):
            yield f"len({label})", x, LENGTH
            if is_dict and {*map(type, keys)} != {str}:
                yield f"the keys of {label}", x, KEYS
        for key in keys if len(x) <= SHORT else ():
            if not _is_key(key):
                continue
            inner = f"{label}[{key!r}]"
            if isinstance(x, tuple):
                yield inner, None, tuple.__getitem__(x, key)
            else:
                yield inner, x, key

    def _object(self, label: str, x: Any, names: set[str]) -> Inside:
        """Attributes that some code names, and a class's operators."""
        try:
            own: Any = object.__getattribute__(x, "__dict__")
        except AttributeError:
            own = None
        own = own if type(own) is dict else None
        for name in sorted((names | {"__wrapped__"}) & own.keys()) if own else ():
            yield f"{label}.{name}", own, name
        for name in sorted(names & _slots(x)):
            yield f"{label}.{name}", x, name
        for base in type.mro(x if issubclass(type(x), type) else type(x)):
            if self._is_closed(base.__module__):
                continue
            for name, y in [*vars(base).items()]:
                if name in names:
                    if own is not None:
                        yield f"{label}.{name}", own, name  # which hides it
                    yield f"{base.__name__}.{name}", base, name
                elif name[:2] == "__" and type(y) is FunctionType and name in OPERATORS:
                    yield f"{base.__name__}.{name}", None, y

    def _is_closed(self, module: Any) -> bool:
        """Whether the walk leaves a module out: a library's, but for that of the function."""
        if package(module) == self._home:
            return False
        file = getattr(sys.modules.get(module), "__file__", None)
        return module in sys.builtin_module_names if file is None else is_library(file)


OPERATORS = {*dir(float), *dir(list), "__call__", "__get__", "__getattr__"} - {*dir(object)}


def package(module: Any) -> str:
    """The first part of a module's name; "" if that is no string, as some classes have it."""
    return module.partition(".")[0] if type(module) is str else ""


@lru_cache(1000)
def is_library(file: str) -> bool:
    """Whether a file is Python's, this library's, or where pip puts packages."""
    ours = file.startswith((*FOLDERS, "<frozen"))
    return ours or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


@lru_cache(1000)
def _names(code: CodeType) -> frozenset[str]:
    """The names in a function's code and in that of functions in it; strings may be some."""
    inner = [_names(each) for each in code.co_consts if type(each) is CodeType]
    strings = [each for each in code.co_consts if type(each) is str and each.isidentifier()]
    return frozenset([*code.co_names, *strings]).union(*inner)


def _shown(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
