"""Captured variables: what a function reads besides its arguments, by name.

A look-up is a place and a name in it: a namespace and a variable, the cell of a closure, an
object and an attribute, a list and an index. The look-ups of a function are found once, by a
walk: from the function to the globals, closure variables and defaults that it names, through
objects by attributes whose name some code on the way has, through short lists, tuples and
dicts, and through the functions on the way. The walk reads no bytecode, and runs nothing. Its
result is a flat list, in which each call looks whether it finds the same objects: the guards of
torch.dynamo. The rules of primitives are functions as any others.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections import Counter, deque
from collections.abc import Iterable
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
from typing import Any, NamedTuple

from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.core.value import Value
from autograd.program.ir.arrays import np

__all__ = ["Captured", "equal", "is_library"]

SEQUENCES = list, deque  # but tuples, which do not change
MAX_ENTRIES = 100  # of a container that is walked through
MAX_OBJECTS = 2000  # that are walked through
HERE = Path(__file__).parents[2]
FOLDERS = tuple(
    [f"{each}{os.sep}" for each in (Path(os.__file__).parent, HERE, HERE.parent / "nn")]
)
BUILTINS = frozenset(dir(builtins))
NUMBERS = frozenset([int, float, bool, str, bytes, complex])
CONSTANTS = NUMBERS | {type(None), type(...), Value, CodeType, range, np.ndarray}
CALLS = "__call__", "__getattr__", "forward", "pullback"  # called though nothing names them
LENGTH = object()  # the name of how many entries a list or a dict has
KEYS = object()  # of a dict whose keys are not all strings: the keys True and 1 are equal
Key = tuple[int, Any]  # the identity of a look-up's place, and its name


class LookUp(NamedTuple):
    """A place, a name in it, and the object that was found there.

    Attributes:
        label: how messages call it.
        space: a namespace, the cell of a closure, an object or a container.
        name: of a variable or an attribute, an index, a key, LENGTH or KEYS.
        found: the object; None if there was none.
    """

    label: str
    space: Any
    name: Any
    found: Any

    @property
    def key(self) -> Key:
        """What tells look-ups apart: whatever they find."""
        return id(self.space), self.name


def equal(a: Any, b: Any) -> bool:
    """Whether they are the same, or equal numbers, strings or tuples of them."""
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) is tuple:
        return len(a) == len(b) and all(map(equal, a, b))
    is_number = type(a) in NUMBERS or isinstance(a, np.generic)
    return is_number and bool(a == b) and repr(a) == repr(b)  # 0.0 is not -0.0


def look_up(space: Any, name: Any) -> Any:
    """Return the object that a look-up finds now; None if there is none."""
    kind = type(space)
    if name is LENGTH:
        return len(space)
    if name is KEYS:
        return tuple(space)
    if kind is CellType:
        try:
            return space.cell_contents
        except ValueError:  # it is empty
            return None
    if kind is FunctionType:
        return getattr(space, name)
    if isinstance(space, type):
        return vars(space).get(name)
    if isinstance(space, dict):
        return dict.get(space, name)
    if isinstance(space, SEQUENCES):
        return space[name] if name < len(space) else None
    try:
        return object.__getattribute__(space, name)
    except AttributeError:  # of an empty slot
        return None


class Captured:
    """The variables that a function captures, as they are when this is made.

    Attributes:
        roots: where the walk begins, by their ids: f, and primitives that its recordings use.
        looks: the places, the names and the objects of all look-ups, swapped at once.
        changes: how many runs of the function changed each look-up. A log or a counter, which
            two runs have changed, is the function's own, and no guard.
    """

    def __init__(self, f: Any, changes: Counter[Key] | None = None) -> None:
        self.f, self.roots = f, {id(f): f}
        self.changes = Counter[Key]() if changes is None else changes
        self._home = home_of(f)
        self._keep(self._walk())

    def add(self, primitives: Iterable[Primitive]) -> None:
        """Let the walk begin at the rules of these, too."""
        self.roots |= {id(each): each for each in primitives if each.name not in RESERVED}

    def labels(self) -> set[str]:
        """How messages call the look-ups."""
        return {each.label for each in self._look_ups}

    def values(self) -> set[Value]:
        """The Values that the look-ups find."""
        return {each.found for each in self._look_ups if type(each.found) is Value}

    def is_intact(self) -> bool:
        """Whether each look-up finds an object that is equal to the one it found."""
        each = self._look_ups
        return all(equal(look_up(space, name), found) for _, space, name, found in each)

    def same(self) -> bool:
        """Whether all look-ups find the same as before, or an equal object.

        Equal numbers, and short lists and dicts of equal numbers, may be others than before:
        then these are looked at from now on.
        """
        if self.is_intact():
            return True
        look_ups = self._walk()
        if not equal(outline(look_ups), outline(self._look_ups)):
            return False
        self._keep(look_ups)
        return True

    def difference(self) -> tuple[str, str, str]:
        """The name of what has changed, what it was and what it is."""
        for label, space, name, found in self._look_ups:
            present = look_up(space, name)
            if not equal(present, found):
                return label, shorten(found), shorten(present)
        return "what it names", "one thing", "another and back"

    # ------------------------------------------------------------------ runs of the function

    def note_recording(self) -> None:
        """Take what the recorded run of the function has changed as it is now, and count it."""
        self.changes.update(self.changed())

    def note_run(self) -> None:
        """Count what another run has changed; what two runs change is no look-up any more."""
        if self.is_intact():
            return
        self.changes.update(self._differing(self._walk()))
        self._keep([each for each in self._look_ups if self.changes[each.key] < 2])

    def changed(self) -> set[Key]:
        """The look-ups that find something else than before; from now on they are others."""
        if self.is_intact():
            return set()
        look_ups = self._walk()
        keys = self._differing(look_ups)
        self._keep(look_ups)
        return keys

    def settle(self) -> bool:
        """Look wherever there is something now; False if something known has changed."""
        look_ups = self._walk()
        if self._differing(look_ups):
            return False
        self._keep(look_ups)
        return True

    def _differing(self, look_ups: list[LookUp]) -> set[Key]:
        """The look-ups of which these, of a later walk, find something else."""
        present = {each.key: each.found for each in look_ups}
        absent = object()
        known = [each for each in self._look_ups if self.changes[each.key] < 2]
        return {x.key for x in known if not equal(present.get(x.key, absent), x.found)}

    def _keep(self, look_ups: list[LookUp]) -> None:
        self._look_ups = look_ups
        _, spaces, names, found = [*zip(*look_ups)] or [()] * 4
        self.looks = (spaces, names, found)

    def _walk(self) -> list[LookUp]:
        """Find all look-ups. With more names there may be more to find, by another walk."""
        names = {*CALLS}
        while True:
            count = len(names)
            walk = _Walk(names, self._home)
            walk.walk(self.roots.values(), self.changes)
            if len(names) == count:
                return [*walk.look_ups.values()]


class _Walk:
    """A walk from functions to all that they capture.

    Args:
        names: those that the code on the way has; the walk adds to them.
        home: the package of the function, which is walked through though it is a library.

    Attributes:
        look_ups: by their keys.
    """

    def __init__(self, names: set[str], home: str | None) -> None:
        self.names, self.home = names, home
        self.look_ups: dict[Key, LookUp] = {}
        self._queue: list[tuple[str, Any]] = []  # objects that are still to be visited

    def walk(self, roots: Iterable[Any], changes: Counter[Key]) -> None:
        """Visit all that the roots lead to, but for what the function itself changes."""
        self._changes = changes
        self._queue += [("", root) for root in roots]
        seen: dict[int, Any] = {}
        for label, x in self._queue:  # which grows as it is walked
            if type(x) in CONSTANTS or id(x) in seen or len(seen) > MAX_OBJECTS:
                continue
            seen[id(x)] = x
            self.visit(label, x)

    def go_on(self, label: str, x: Any) -> None:
        """Let the walk visit an object, too."""
        self._queue.append((label, x))

    def look(self, label: str, space: Any, name: Any) -> None:
        """Add a look-up, and let the walk visit what it finds."""
        key = id(space), name
        if key not in self.look_ups and self._changes[key] < 2:
            found = look_up(space, name)
            self.look_ups[key] = LookUp(label, space, name, found)
            self.go_on(label, found)

    def visit(self, label: str, x: Any) -> None:
        """Add the look-ups that an object leads to."""
        kind = type(x)
        if kind is FunctionType:
            self.visit_function(label, x)
        elif kind is ModuleType:
            self.visit_module(label, x)
        elif kind is MethodType:
            self.go_on(label, x.__func__)
            self.go_on(label, x.__self__)
        elif kind is partial:
            self.go_on(label, x.func)
            self.go_on("args", x.args)
            self.go_on("", x.keywords)
        elif kind is Primitive:
            self.visit_primitive(label, x)
        elif kind is property:
            self.go_on(label, x.fget)
        elif kind in (classmethod, staticmethod):
            self.go_on(label, x.__func__)
        else:
            if isinstance(x, (dict, tuple, *SEQUENCES)):
                self.visit_container(label, x)
            if kind not in (list, dict, tuple):
                self.visit_object(label, x)

    def visit_function(self, label: str, f: Any) -> None:
        """Look at the variables that f names; of a library's function at its closure only."""
        code, space = f.__code__, f.__globals__
        for name, cell in zip(code.co_freevars, f.__closure__ or ()):
            self.look(name, cell, name)
        if package(space.get("__name__")) != self.home and is_library(code.co_filename):
            return
        names = names_in(code)
        self.names |= names
        for name in "__code__", "__defaults__", "__kwdefaults__":
            if getattr(f, name):
                self.look(f"{f.__qualname__}.{name}", f, name)
        for name in sorted(names - space.keys() & BUILTINS):  # which a global may hide
            self.look(name, space, name)
        for name in sorted(names & sys.modules.keys()):  # imported in it
            self.go_on(name, sys.modules[name])
        for name in sorted(names & space.keys()):
            if type(space[name]) is ModuleType:
                self.go_on(name, space[name])
            else:
                self.look(name, space, name)
        for name in (self.names | {"__wrapped__"}) & f.__dict__.keys():
            self.look(f"{label or f.__qualname__}.{name}", f.__dict__, name)

    def visit_module(self, label: str, module: ModuleType) -> None:
        """Look at the variables that some code names; in a library at numbers only."""
        space, is_closed = vars(module), self.is_closed(module.__name__)
        for name in sorted(self.names & space.keys()):
            if not is_closed or type(space[name]) in NUMBERS:
                self.look(f"{label}.{name}", space, name)

    def visit_primitive(self, label: str, primitive: Primitive) -> None:
        """Look at the table, where programs find it by its name, and visit its rules."""
        if primitive.name in RESERVED:
            return
        self.look(f"the primitive {primitive.name}", TABLE, primitive.name)
        for rule in (primitive.value, *primitive.rules):
            self.go_on(label, rule)

    def visit_container(self, label: str, x: Any) -> None:
        """Look at the entries of a short container, how many there are, and a dict's keys."""
        is_dict = isinstance(x, dict)
        keys = [*dict.keys(x)] if is_dict else range(len(x))
        if is_short(x):
            self.look(f"len({label})", x, LENGTH)
            if is_dict and {*map(type, keys)} != {str}:
                self.look(f"the keys of {label}", x, KEYS)
        for key in keys if len(x) <= MAX_ENTRIES else ():
            if isinstance(x, tuple):
                self.go_on(f"{label}[{key!r}]", tuple.__getitem__(x, key))
            elif is_plain_key(key):
                self.look(f"{label}[{key!r}]", x, key)

    def visit_object(self, label: str, x: Any) -> None:
        """Look at the attributes that some code names, and visit a class's operators."""
        attributes = attributes_of(x)
        for name in sorted((self.names | {"__wrapped__"}) & attributes.keys()):
            self.look(f"{label}.{name}", attributes, name)
        for name in sorted(self.names & slots_of(x)):
            self.look(f"{label}.{name}", x, name)
        bases = type.mro(x if issubclass(type(x), type) else type(x))
        for base in bases:
            if not self.is_closed(base.__module__):
                self.visit_base(label, attributes, base)

    def visit_base(self, label: str, attributes: dict[str, Any], base: type) -> None:
        """Look at what a class of an object defines, and at what may hide it in the object."""
        for name, x in [*vars(base).items()]:
            if name in self.names:
                if attributes is not NO_ATTRIBUTES:
                    self.look(f"{label}.{name}", attributes, name)
                self.look(f"{base.__name__}.{name}", base, name)
            elif name[:2] == "__" and name in OPERATORS and type(x) is FunctionType:
                self.go_on(f"{base.__name__}.{name}", x)

    def is_closed(self, module: Any) -> bool:
        """Whether the walk leaves a module out: a library's, but for that of the function."""
        if package(module) == self.home:
            return False
        file = getattr(sys.modules.get(module), "__file__", None)
        return module in sys.builtin_module_names if file is None else is_library(file)


# ---------------------------------------------------------------- objects

NO_ATTRIBUTES: dict[str, Any] = {}


def attributes_of(x: Any) -> dict[str, Any]:
    """The `__dict__` of an object; NO_ATTRIBUTES if it has none, or one of another type."""
    try:
        attributes: Any = object.__getattribute__(x, "__dict__")
    except AttributeError:
        return NO_ATTRIBUTES
    return attributes if type(attributes) is dict else NO_ATTRIBUTES


def slots_of(x: Any) -> set[str]:
    """The names of an object's slots."""
    names: set[str] = set()
    for kind in type.mro(type(x)):
        members = vars(kind).items()
        names.update([name for name, y in members if type(y) is MemberDescriptorType])
    return names


def is_short(x: Any) -> bool:
    """Whether it is a list or a dict whose entries are look-ups."""
    if not isinstance(x, (dict, *SEQUENCES)) or len(x) > MAX_ENTRIES:
        return False
    return not isinstance(x, dict) or all(map(is_plain_key, x))


def is_plain_key(key: Any) -> bool:
    """Whether a key is a number, a string, an Enum or a tuple of such: its hash stays."""
    if type(key) is tuple:
        return all(map(is_plain_key, key))
    return type(key) in NUMBERS or isinstance(key, Enum)


def outline(look_ups: Iterable[LookUp]) -> tuple[tuple[str, Any], ...]:
    """What look-ups find, by their labels; of a container with look-ups inside, the type."""
    pairs = [(each.label, each.found) for each in look_ups]
    return tuple([(label, type(x) if is_short(x) else x) for label, x in pairs])


# ---------------------------------------------------------------- code and packages

OPERATORS = {*dir(float), *dir(list), "__call__", "__get__", "__getattr__"} - {*dir(object)}


def home_of(f: Any) -> str | None:
    """The package of a function, through partials; None if it is one of FOLDERS."""
    while isinstance(f, partial):
        f = f.func
    module = getattr(f, "__module__", "")
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return None if file.startswith(FOLDERS) else package(module)


def package(module: Any) -> str:
    """The first part of a module's name; "" if that is no string, as some classes have it."""
    return module.partition(".")[0] if type(module) is str else ""


@lru_cache(1000)
def is_library(file: str) -> bool:
    """Whether a file is Python's, this library's, or where pip puts packages."""
    is_ours = file.startswith((*FOLDERS, "<frozen"))
    return is_ours or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


@lru_cache(1000)
def names_in(code: CodeType) -> frozenset[str]:
    """The names in a function's code and in that of functions in it; strings may be some."""
    inner = [names_in(each) for each in code.co_consts if type(each) is CodeType]
    strings = [each for each in code.co_consts if type(each) is str and each.isidentifier()]
    return frozenset([*code.co_names, *strings]).union(*inner)


def shorten(x: Any) -> str:
    """The repr of an object in a line of at most 60 characters."""
    text = " ".join(repr(x).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
