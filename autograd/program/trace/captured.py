"""Captured variables: what a function reads besides its arguments, found by name.

From a function the walk goes down through the globals, closure variables and defaults that it
names, through objects by attributes whose name some code on the way has, through small
containers, and through the functions found. It reads no bytecode, and runs nothing. What comes
of it is a flat list of look-ups: these are guards, looked at in each call. As by torch.dynamo,
but found by the names alone.
"""

from __future__ import annotations

import builtins
import dis
import pickle
import random
import sys
from array import array
from collections import ChainMap, deque
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, partial
from operator import is_
from pathlib import PurePath
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple

from autograd.core.primitive import Primitive
from autograd.core.value import Value
from autograd.program.ir.arrays import np

__all__ = ["LIBRARY", "Captured", "Looks", "equal", "holds", "package", "unchanged"]

LARGE = 100_000  # elements of containers that are looked at
SMALL = 1000  # elements of a container that is gone through
MOST = 2000  # objects that are gone through
ABSENT = ...  # what a look-up finds where there is nothing

LIBRARY = {"autograd", "nn", "numpy", *sys.stdlib_module_names} - {"__main__"}
BUILTINS = frozenset(vars(builtins))
NUMBERS = frozenset([int, float, bool, str, bytes, complex])
PLAIN = NUMBERS | {type(None), type(...), Value, Primitive, CodeType, range}
CALLS = frozenset(["__call__", "__getattr__", "forward"])  # called though nothing names them
MAKERS = frozenset(["__init__", "__new__", "__init_subclass__", "__repr__", "__del__"])
SETTERS = frozenset(["setattr", "__setattr__", "__dict__", "vars", "globals", "exec"])
FILLING = "STORE_SUBSCR", "DELETE_SUBSCR", "STORE_SLICE"
CHANGERS = frozenset(  # methods and functions that change a container
    [
        *("append", "appendleft", "extend", "insert", "add", "update", "setdefault", "pop"),
        *("popleft", "popitem", "remove", "discard", "clear", "sort", "reverse", "fill", "put"),
        *("heappush", "heappop", "insort", "shuffle", "copyto", "out"),
    ]
)


class Looks(NamedTuple):
    """Look-ups and what they found, as tuples: one immutable state, swapped at once.

    Attributes:
        spaces: where to look: a dict, a function, a variable's cell, or what is called with
            the name.
        names, found: of each look-up.
        containers, contents: of the containers among them, what they held.
    """

    spaces: tuple[Any, ...]
    names: tuple[str, ...]
    found: tuple[Any, ...]
    containers: tuple[Any, ...]
    contents: tuple[Any, ...]


def unchanged(looks: Looks) -> bool:
    """Whether all look-ups find what they found, or an equal number or string."""
    spaces, names, found, containers, contents = looks
    for i in range(len(spaces)):
        space = spaces[i]
        if type(space) is dict:
            now = space.get(names[i], ABSENT)
        elif type(space) is FunctionType:
            now = getattr(space, names[i])
        else:
            now = _in_cell(space) if type(space) is CellType else space(names[i])
        if now is not found[i] and not equal(now, found[i]):
            return False
    return all(map(holds, containers, contents))


def holds(container: Any, content: Any) -> bool:
    """Whether a container holds what it held."""
    now = container if type(container) is list else _content(container)
    if type(now) is not list:
        return bool(now == content)
    return len(now) == len(content) and (
        all(map(is_, now, content)) or all(map(equal, now, content))
    )


def equal(a: Any, b: Any) -> bool:
    """Whether they are the same, or equal numbers or strings."""
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) is float:
        return bool(a == b) and repr(a) == repr(b)  # 0.0 is not -0.0
    return (type(a) in NUMBERS or isinstance(a, np.generic)) and bool(a == b)


class Captured:
    """What a function captures, as it is when this is made.

    Attributes:
        looks: all that a call looks at.
        own: what the function itself changes, a log or a counter: that is no guard.
    """

    def __init__(self, f: Callable[..., Any], own: dict[Any, Any] | None = None) -> None:
        self.f, self.own = f, {} if own is None else own
        self._take(_Walk(f, self.own))

    def _take(self, walk: _Walk) -> None:
        self._walk, self.looks = walk, walk.looks()

    def same(self) -> bool:
        """Whether all is what it was, or equal."""
        if unchanged(self.looks):
            return True
        now = _Walk(self.f, self.own)
        if now.difference(self._walk) is not None:
            return False
        self._take(now)  # containers that hold the same, in place of others
        return True

    def difference(self) -> tuple[str, str, str]:
        """The name of what has changed, what it was and what it is."""
        found = _Walk(self.f, self.own).difference(self._walk)
        return found or ("what it names", "one thing", "another and back")

    def settle(self, first: bool = False) -> bool:
        """After a run of the function: look no more at what that has changed.

        False if something has changed, and by its code it is not the function that does that.

        Args:
            first: whether it was the first run, which may prepare what stays as it is then.
        """
        if unchanged(self.looks):
            return True
        walk, own = self._walk, dict[Any, Any]()
        changes = walk.changes()
        for key, look in walk.found.items():
            if not equal(_look_up(look.space, look.name), look.x):
                if look.name not in changes and not walk.names & SETTERS:
                    return False
                own[key] = look.space
        for key, each in walk.containers.items():
            if not holds(each.x, each.content):
                if "" not in changes and not walk.names & CHANGERS:
                    return False
                own[key] = each.x
        self.own.update({} if first else own)
        self._take(_Walk(self.f, self.own))
        return True

    def random_state(self) -> list[Any]:
        """The state of the generators of random numbers: the global ones, and those found."""
        states: list[Any] = [random.getstate()]
        if arrays := sys.modules.get("numpy.random"):
            states.append(pickle.dumps(arrays.get_state(legacy=False)))
        for x in self._walk.generators:
            try:
                states.append(x.getstate() if isinstance(x, random.Random) else pickle.dumps(x))
            except Exception:  # that of the system has none
                continue
        return states


# ---------------------------------------------------------------- the walk


class Look(NamedTuple):
    """A look-up, as messages call it, and what it found."""

    label: str
    space: Any
    name: str
    x: Any


class Container(NamedTuple):
    """A container, as messages call it, and what it held."""

    label: str
    x: Any
    content: Any


class _Walk:
    """What is reached from a function.

    Attributes:
        names: those that the code of all functions on the way has.
        found: the look-ups.
        containers: what they held.
        generators: of random numbers.
    """

    def __init__(self, f: Callable[..., Any], own: dict[Any, Any]) -> None:
        self.own, self.names = own, CALLS
        self._home = package(_origin(f))
        before: frozenset[str] | None = None
        while before != self.names:  # with more names there may be more to find
            before = self.names
            self.found: dict[Any, Look] = {}
            self.containers: dict[Any, Container] = {}
            self.generators: list[Any] = []
            self._codes: list[CodeType] = []
            self._cached: set[str] = set()  # the names of cached properties
            self._seen: dict[int, Any] = {}
            self._elements = 0
            self._todo: list[tuple[str, Any]] = [("", f)]
            for label, x in self._todo:  # which grows as it is walked
                self._visit(label, x)

    def looks(self) -> Looks:
        """All that a call looks at; tuples hold what they held."""
        found = [*self.found.values()]
        some = [
            each for each in self.containers.values() if type(each.x) not in (tuple, frozenset)
        ]
        return Looks(
            tuple([look.space for look in found]),
            tuple([look.name for look in found]),
            tuple([look.x for look in found]),
            tuple([each.x for each in some]),
            tuple([each.content for each in some]),
        )

    def changes(self) -> set[str]:
        """The names of what the functions set or delete; "" stands for elements."""
        return self._cached.union(*map(_changes, self._codes))

    def difference(self, before: _Walk) -> tuple[str, str, str] | None:
        """What another walk found otherwise first: its name, what it was and what it is."""
        for new, old in zip(self.found.values(), before.found.values()):
            if new.label != old.label or not self._alike(new.x, old.x, before):
                return old.label, _shown(old.x), _shown(new.x)
        for now, was in zip(self.containers.values(), before.containers.values()):
            if not self._all_alike(now.content, was.content, before):
                return f"what {was.label} holds", _shown(_within(was)), _shown(_within(now))
        if (len(self.found), len(self.containers)) != (
            len(before.found),
            len(before.containers),
        ):
            return "what a container holds", "little", "much"
        return None

    def _alike(self, a: Any, b: Any, before: _Walk) -> bool:
        """Whether they are equal, or two containers, which are compared by themselves."""
        both = type(a) is type(b) and id(a) in self.containers and id(b) in before.containers
        return both or equal(a, b)

    def _all_alike(self, a: Any, b: Any, before: _Walk) -> bool:
        if type(a) is not list or type(b) is not list:
            return bool(a == b)
        return len(a) == len(b) and all(self._alike(x, y, before) for x, y in zip(a, b))

    # ------------------------------------------------------------------ one object

    def _look(self, label: str, space: Any, name: str) -> None:
        """Look it up, now and in each call."""
        key = id(space.args[0] if type(space) is partial else space), name
        if key not in self.found and key not in self.own:
            self.found[key] = look = Look(label, space, name, _look_up(space, name))
            self._todo.append((label, look.x))

    def _visit(self, label: str, x: Any) -> None:
        kind: Any = type(x)
        if kind in PLAIN or id(x) in self._seen or len(self._seen) > MOST:
            return
        self._seen[id(x)] = x
        if kind is FunctionType:
            self._function(label, x)
        elif kind is MethodType:
            self._todo += [(label, x.__func__), (label, x.__self__)]
        elif kind is partial:
            self._todo += [(label, x.func), ("argument", x.args), ("argument", x.keywords)]
        elif kind in (classmethod, staticmethod):
            self._todo.append((label, x.__func__))
        elif kind in (property, cached_property):
            self._todo.append((label, x.fget if kind is property else x.func))
        elif kind is BuiltinFunctionType:
            self._todo.append((label, x.__self__))
        elif kind is not ModuleType:
            self._object(label, x, kind)
        elif package(x.__name__) not in LIBRARY:
            self._attributes(label, vars(x))

    def _function(self, label: str, f: Any) -> None:
        """The variables that it names; of a function of a library those of its closure."""
        code, space = f.__code__, f.__globals__
        for name, cell in zip(code.co_freevars, f.__closure__ or ()):
            self._look(name, cell, name)
        name = space.get("__name__")
        if self._is_closed(name) and vars(sys.modules.get(name, object)) is space:
            return
        self._codes.append(code)
        names = _names(code)
        self.names |= names
        self._look(f"{f.__qualname__}.__code__", f, "__code__")
        for name in "__defaults__", "__kwdefaults__":
            if getattr(f, name):
                self._look(f"{f.__qualname__}.{name}", f, name)
        for name in sorted((names & space.keys()) | (names & BUILTINS)):
            if type(space.get(name)) is ModuleType:
                self._todo.append((name, space[name]))
            else:
                self._look(name, space, name)
        self._attributes(label or f.__qualname__, f.__dict__)

    def _is_closed(self, module: Any) -> bool:
        """Whether functions and classes of a module are not gone into: those of Python, NumPy
        and ours, and of packages that are installed, but for that of the function itself."""
        name = package(module)
        whole = sys.modules.get(name)
        return name in LIBRARY or (
            name != self._home
            and whole is not None
            and _is_installed(vars(whole).get("__file__"))
        )

    def _attributes(self, label: str, space: dict[str, Any]) -> None:
        """Those that some code names."""
        for name in sorted(self.names & space.keys()):
            self._look(f"{label}.{name}", space, name)
        if "__wrapped__" in space:
            self._todo.append((label, space["__wrapped__"]))

    def _object(self, label: str, x: Any, kind: Any) -> None:
        """What a container holds, and attributes."""
        content = _content(x)
        if content is not None and id(x) not in self.own:
            self._elements += len(content)
            if self._elements <= LARGE:
                self.containers[id(x)] = Container(label, x, content)
                self._todo += _inside(label, x, content)
        elif issubclass(kind, _generators()):
            self.generators.append(x)
        own = _own(x)
        if own:
            self._attributes(label, own)
        for base in type.mro(x if issubclass(kind, type) else kind):
            if not self._is_closed(base.__module__):
                self._class(label, x, base, own)

    def _class(self, label: str, x: Any, base: type, own: dict[str, Any] | None) -> None:
        """Attributes of a class that some code names, and its operators."""
        for name, y in [*vars(base).items()]:
            kind = type(y)
            if name not in self.names:
                if name[:2] == "__" and name not in MAKERS and kind is FunctionType:
                    self._todo.append((f"{base.__name__}.{name}", y))
            elif kind is MemberDescriptorType:
                if not isinstance(x, type):
                    self._look(f"{label}.{name}", partial(_in_slot, x, y), name)
            elif kind in (property, cached_property):
                self._todo.append((f"{label}.{name}", y))
                if own is not None and kind is cached_property:
                    self._look(f"{label}.{name}", own, name)
                    self._cached.add(name)
            else:
                if own is not None:
                    self._look(f"{label}.{name}", own, name)  # which hides it
                self._look(f"{base.__name__}.{name}", partial(_in_class, base), name)


def _look_up(space: Any, name: str) -> Any:
    if type(space) is dict:
        return space.get(name, ABSENT)
    if type(space) is FunctionType:
        return getattr(space, name)
    return _in_cell(space) if type(space) is CellType else space(name)


def _in_cell(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return ABSENT


def _in_class(cls: type, name: str) -> Any:
    return vars(cls).get(name, ABSENT)


def _in_slot(x: Any, slot: Any, name: str) -> Any:
    try:
        return slot.__get__(x)
    except AttributeError:
        return ABSENT


def _own(x: Any) -> dict[str, Any] | None:
    """An object's own attributes; none of its code runs."""
    try:
        found: Any = object.__getattribute__(x, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def _content(x: Any) -> Any:
    """What a container holds: a list, or what `==` compares. None of what is large, or none."""
    for kind, size, content in CONTENTS:
        if issubclass(type(x), kind):
            return content(x) if size(x) <= LARGE else None
    return None


CONTENTS: list[tuple[Any, Callable[[Any], int], Callable[[Any], Any]]] = [
    (list, len, lambda x: list.__getitem__(x, slice(None))),
    (tuple, len, lambda x: [*tuple.__iter__(x)]),
    (dict, len, lambda x: [*dict.keys(x), *dict.values(x)]),
    ((set, frozenset), len, frozenset),
    (deque, len, lambda x: [*deque.__iter__(x)]),
    (ChainMap, lambda x: len(x.maps), lambda x: [*x.maps]),
    ((bytearray, array), len, bytes),
    (
        np.ndarray,
        lambda x: x.size,
        lambda x: (
            [*x.shape, *x.ravel().tolist()]
            if x.dtype.hasobject
            else (x.dtype.str, x.shape, x.tobytes())
        ),
    ),
]


def _within(container: Container) -> Any:
    """What a container held, as messages show it."""
    numbers = type(container.content) is tuple
    return (
        np.frombuffer(container.content[2], container.content[0])
        if numbers
        else container.content
    )


def _inside(label: str, x: Any, content: Any) -> Iterator[tuple[str, Any]]:
    """What a container holds, if it is small, and how messages call that."""
    if type(content) is list and len(content) <= SMALL:
        keys: Any = content if issubclass(type(x), dict) else range(len(content))
        half = len(content) // 2 if keys is content else 0
        for i, each in enumerate(content):
            if type(each) not in PLAIN:
                key = keys[i - half]
                yield f"{label}[{key!r}]" if type(key) in NUMBERS else label, each


def _generators() -> tuple[Any, ...]:
    """The kinds of generators of random numbers."""
    arrays: Any = sys.modules.get("numpy.random")
    return (random.Random, *((arrays.Generator, arrays.RandomState) if arrays else ()))


def _origin(f: Any) -> Any:
    """The name of the module that a function is from."""
    while isinstance(f, partial):
        f = f.func
    return getattr(f, "__module__", "")


def package(module: Any) -> str:
    """The first part of a module's name; "" if that is no string, as some classes have it."""
    return module.partition(".")[0] if type(module) is str else ""


@lru_cache(1000)
def _is_installed(file: str | None) -> bool:
    """Whether a module's file is where pip puts packages."""
    return not {"site-packages", "dist-packages"}.isdisjoint(PurePath(file or "").parts)


@lru_cache(1000)
def _names(code: CodeType) -> frozenset[str]:
    """The names in a function's code and in that of functions in it; strings may be some."""
    inner = [_names(each) for each in code.co_consts if type(each) is CodeType]
    strings = [each for each in code.co_consts if type(each) is str and each.isidentifier()]
    return frozenset([*code.co_names, *strings]).union(*inner)


@lru_cache(1000)
def _changes(code: CodeType) -> frozenset[str]:
    """The names of what code sets or deletes; "" stands for elements of something."""
    found = {name for c in code.co_consts if type(c) is CodeType for name in _changes(c)}
    for step in dis.get_instructions(code):
        action, _, what = step.opname.partition("_")
        if action in ("STORE", "DELETE") and what in ("GLOBAL", "DEREF", "ATTR"):
            found.add(step.argval)
        elif step.opname in FILLING or (step.opname == "BINARY_OP" and "=" in step.argrepr):
            found.add("")
    return frozenset(found)


def _shown(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
