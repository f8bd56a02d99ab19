"""Snapshots: what a model or a loss reaches, noted to see whether a run of it changes that.

To record a function is to run it, and a program can't carry on what it counts, keeps or draws.
So all that it reaches is noted before: attributes, lists, dicts, sets and arrays, variables of
closures, globals and class attributes that its code names, generators of random numbers. What
a run has changed is named, and put back. A deep copy would be slower, and would share with the
original what is in closures, globals and classes; locks and loggers can't be copied at all.
"""

from __future__ import annotations

import pickle
import random
import sys
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache, partial
from itertools import starmap
from operator import call, is_
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, NamedTuple, TypeVar
from weakref import ref

from autograd import Value
from autograd.core.primitive import Primitive
from autograd.program.ir.arrays import np
from autograd.program.trace.captured import LIBRARY, package
from nn.module import Module
from nn.optim import Optimizer

__all__ = ["VARYING", "Snapshot", "is_of_library"]

T = TypeVar("T")
Calls = list[tuple[Any, ...]]

PLAIN = frozenset([bool, int, float, complex, str, bytes, type(None), Primitive, ModuleType])
LEFT = {"logging", "threading"}  # what is of these is no state of a model
UNSEEN = frozenset(["training", "_path"])  # of a module; they don't say what it computes
OF_PARAMETERS = "params param_groups _params _resting _classes _class_of _alike _freezes"
VARYING = frozenset(["lr", "_scheduled", "steps", "buffers", *OF_PARAMETERS.split()])
NONE: frozenset[str] = frozenset()
FAR = 2000  # objects that are reached by way of globals and classes, at most
NUMBERS = ("data", "grad")  # of Values
ABSENT = object()


class Kind(NamedTuple):
    """How objects of a type are noted.

    Attributes:
        read: (object) → its content, a copy.
        write: (object, content) → calls that put it back.
        draws: whether it draws random numbers, as training may.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any, Any], Calls]
    draws: bool = False


class Note(NamedTuple):
    """What an object held.

    Attributes:
        path: its name, or what begins that of each part.
        ignored: those of its attributes or variables that training changes; None if it has
            items.
    """

    path: str
    x: Any
    kind: Kind
    content: Any
    ignored: frozenset[str] | None


class Snapshot:
    """What objects reach, as it is now.

    Args:
        roots: the objects, by the names that messages give them.

    Raises:
        ValueError: one holds an iterator or a file, and how far that is can't be noted.
    """

    def __init__(self, **roots: Any) -> None:
        self.notes: list[Note] = []
        self.values: list[tuple[str, list[Value]]] = []
        self._far = FAR
        self._seen: dict[int, Any] = {}  # keeps them, lest another gets the id of one
        self._spaces: dict[int, tuple[dict[str, Any], set[str]]] = {}
        self._todo = [(name, x, False) for name, x in roots.items()]
        while self._todo:
            self._visit(*self._todo.pop())
        for space, names in self._spaces.values():
            self._note("", space, _variables(names), NONE)
        self.numbers = self._numbers()
        self._note("the state of random", random, GENERATOR)
        if numpy := sys.modules.get("numpy.random"):
            self._note("the state of numpy.random", numpy, RANDOM_STATE)

    # ------------------------------------------------------------------ afterwards

    def unchanged(self, f: Callable[..., T], *args: Any) -> T:
        """What f gives, if it changes nothing of all this.

        Raises:
            ValueError: it does; the message names it, and all is as it was.
            Whatever f raises; then, too.
        """
        try:
            try:
                result = f(*args)
            except Exception:
                self._check()
                raise
            self._check()
        except BaseException:
            self._put_back()
            raise
        return result

    def _check(self) -> None:
        if changed := self.changed():
            raise ValueError(
                f"the model or the loss changes {changed} when it runs, and a program can't: "
                "keep that out of it, or train with compiled=False"
            )

    def changed(self, trained: bool = False) -> str | None:
        """What has changed first, by its name; None if nothing has.

        Args:
            trained: whether to leave out what training changes.
        """
        for note in self.notes:
            if trained and note.kind.draws:
                continue
            now = note.kind.read(note.x)
            if not _alike(note.content, now) and (name := _part(note, now, trained)):
                return name
        for name, before, now in zip(NUMBERS, self.numbers, self._numbers()):
            if before.tobytes() != now.tobytes() and not trained:
                places = [path for path, group in self.values for _ in group]
                changes = (path for path, a, b in zip(places, before, now) if not _alike(a, b))
                return f"the {name} of {next(changes)}"
        return None

    def _put_back(self) -> None:
        """Let everything be as it was, in one call, which no signal can interrupt."""
        calls: Calls = []
        for name, numbers in zip(NUMBERS, self.numbers):
            values = (x for _, group in self.values for x in group)
            calls += [(setattr, x, name, number) for x, number in zip(values, numbers)]
        for note in self.notes:
            calls += note.kind.write(note.x, note.content)
        deque(starmap(call, calls), 0)

    def _numbers(self) -> list[array[float]]:
        """The data and the gradients of the Values."""
        values = [x for _, group in self.values for x in group]
        return [array("d", [x.data for x in values]), array("d", [x.grad for x in values])]

    # ------------------------------------------------------------------ the walk

    def _note(
        self, path: str, x: Any, kind: Kind, ignored: frozenset[str] | None = None
    ) -> Any:
        """Note what an object holds, and return that."""
        content = kind.read(x)
        self.notes.append(Note(path, x, kind, content, ignored))
        return content

    def _visit(self, path: str, x: Any, far: bool) -> None:
        """Note what an object holds, and plan to visit that.

        Args:
            far: whether it is reached by way of globals or classes.
        """
        cls: Any = type(x)
        if cls in PLAIN or id(x) in self._seen or (far and self._far == 0):
            return
        self._seen[id(x)] = x
        self._far -= far
        parts: list[Any] = []
        if cls is Value:
            self.values.append((path, [x]))
        elif cls is FunctionType:
            self._function(path, x, far)
        elif cls in (MethodType, BuiltinFunctionType):
            parts = [x.__self__, getattr(x, "__func__", None)]
        elif cls is property:
            parts = [x.fget, x.fset]
        elif cls in (staticmethod, classmethod):
            parts = [x.__func__]
        elif cls is partial:
            parts = [x.func, *x.args, *x.keywords.values()]
        elif cls is MappingProxyType:
            parts = [*x.values()]
        elif issubclass(cls, ref):
            parts = [x()]
        elif issubclass(cls, type):
            self._class(x)
        elif hasattr(cls, "__next__"):
            self._refuse(path, x, far)
        elif package(cls.__module__) not in LEFT:
            self._object(path, x, far)
        self._todo += [(path, part, far) for part in parts]

    def _refuse(self, path: str, x: Any, far: bool) -> None:
        streams = sys.stdin, sys.stdout, sys.stderr
        if not (far and "." in path) and not any(x is stream for stream in streams):
            raise ValueError(
                f"{path} is a {type(x).__name__}, whose place a program can't follow: use a "
                "list, or train with compiled=False"
            )

    def _object(self, path: str, x: Any, far: bool) -> None:
        cls: Any = type(x)
        kind, names = _kind_of(cls), _slots(cls)
        own = getattr(x, "__dict__", None)
        if kind is not None:
            self._parts(path, self._note(path, x, kind), far)
        if type(own) is dict:
            ignored = UNSEEN if isinstance(x, Module) else NONE
            if isinstance(x, Optimizer):
                ignored = VARYING
            self._variables(f"{path}.", own, KINDS[dict], far, ignored)
        if names:
            self._variables(f"{path}.", x, _attributes(names), far)
        if not is_of_library(cls):
            self._todo.append((path, cls, True))

    def _variables(
        self, path: str, x: Any, kind: Kind, far: bool, ignored: frozenset[str] = NONE
    ) -> None:
        """Note attributes or variables, and plan to visit them."""
        for name, part in self._note(path, x, kind, ignored).items():
            if type(part) not in PLAIN and name not in ignored:
                self._todo.append((f"{path}{name}", part, far))

    def _parts(self, path: str, content: Any, far: bool) -> None:
        """Plan to visit what an object holds."""
        if type(content) is dict:
            for key, x in content.items():
                if type(x) not in PLAIN:
                    self._todo.append((f"{path}[{key!r}]", x, far))
            content = [*content]
        elif isinstance(content, np.ndarray):
            content = content.ravel().tolist() if content.dtype.hasobject else []
        elif not isinstance(content, (list, tuple, set, frozenset, deque)):
            return
        types = {*map(type, content)}
        if types == {Value}:
            self.values.append((path, [*content]))
        elif not PLAIN.issuperset(types):
            self._todo += [(f"{path}[{i}]", part, far) for i, part in enumerate(content)]

    def _function(self, path: str, f: Any, far: bool) -> None:
        if is_of_library(f):
            return
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            if id(cell) not in self._seen:
                self._seen[id(cell)] = cell
                self._variables("", cell, _cell(name), far)
        self._variables(f"{path}.", f.__dict__, KINDS[dict], far)
        for defaults in (f.__defaults__, f.__kwdefaults__):
            self._todo.append((f"the defaults of {path}", defaults, far))
        self._named_by(f.__code__, f.__globals__)

    def _named_by(self, code: CodeType, space: dict[str, Any]) -> None:
        """Look at what code names of a module's variables, and of modules among them."""
        named = self._spaces.setdefault(id(space), (space, set()))[1]
        for name in _names(code) - named:
            named.add(name)
            x = space.get(name, sys.modules.get(name))  # it may be imported inside
            if type(x) is not ModuleType:
                self._todo.append((name, x, True))
            elif not is_of_library(x):
                self._named_by(code, vars(x))

    def _class(self, cls: Any) -> None:
        """Look at the attributes of a class, of its bases and of its class."""
        for base in [*cls.__mro__, *type(cls).__mro__]:
            if is_of_library(base) or (base is not cls and id(base) in self._seen):
                continue
            self._seen[id(base)] = base
            path = f"{base.__name__}."
            self._variables(path, base, CLASS, True)


def _part(note: Note, now: Any, trained: bool) -> str | None:
    """The name of the first part of an object that has changed; None if it doesn't count."""
    before, path = note.content, note.path
    ignored = note.ignored if trained else note.ignored and note.ignored & UNSEEN
    if type(before) is type(now) is dict:
        for key in [*before, *now]:
            if not _alike(before.get(key, ABSENT), now.get(key, ABSENT)):
                if ignored is None:
                    return f"{path}[{key!r}]"
                if key not in ignored:
                    return f"{path}{key}"
        return None
    if type(before) is type(now) is list and len(before) == len(now):
        return f"{path}[{[*map(_alike, before, now)].index(False)}]"
    return path


# ---------------------------------------------------------------- how to read and to put back


def _sliced(cls: Any) -> Kind:
    return Kind(
        lambda x: cls.__getitem__(x, slice(None)),
        lambda x, content: [(cls.__setitem__, x, slice(None), content)],
    )


def _filled(cls: Any, read: Any, fill: Any) -> Kind:
    return Kind(read, lambda x, content: [(cls.clear, x), (fill, x, content)])


def _pickled(get: Callable[[Any], Any], put: Callable[[Any], Any]) -> Kind:
    return Kind(
        lambda x: pickle.dumps(get(x)),
        lambda x, content: [(put(x), pickle.loads(content))],
        draws=True,
    )


def _variables(names: set[str]) -> Kind:
    """Those of a module that have these names."""
    return Kind(
        lambda space: {name: space[name] for name in names if name in space},
        lambda space, content: [(_put_variables, space, names, content)],
    )


def _attributes(names: tuple[str, ...]) -> Kind:
    """Those in slots."""
    return Kind(
        lambda x: {name: getattr(x, name) for name in names if hasattr(x, name)},
        lambda x, content: [
            (object.__setattr__, x, name, part)
            for name, part in content.items()
            if not _alike(getattr(x, name, ABSENT), part)  # some can't be set
        ],
    )


def _cell(name: str) -> Kind:
    """A variable of a closure; it may have no value yet."""

    def read(cell: CellType) -> dict[str, Any]:
        try:
            return {name: cell.cell_contents}
        except ValueError:
            return {}

    return Kind(
        read,
        lambda cell, content: [(setattr, cell, "cell_contents", x) for x in content.values()],
    )


def _put_variables(space: dict[str, Any], names: set[str], content: dict[str, Any]) -> None:
    for name in names & (space.keys() - content.keys()):
        del space[name]
    space.update(content)


def _own(cls: type) -> dict[str, Any]:
    """The attributes of a class, and its methods."""
    return {
        name: x
        for name, x in vars(cls).items()
        if type(x) is FunctionType or not name.startswith("__")
    }


def _put_class(cls: type, content: dict[str, Any]) -> None:
    now = _own(cls)
    for name in now.keys() - content.keys():
        delattr(cls, name)
    for name, x in content.items():
        if now.get(name, ABSENT) is not x:
            setattr(cls, name, x)


CLASS = Kind(_own, lambda cls, content: [(_put_class, cls, content)])
UNMOVED = Kind(lambda x: x, lambda x, content: [])  # what can't change itself
GENERATOR = _pickled(lambda x: x.getstate(), lambda x: x.setstate)
RANDOM_STATE = _pickled(lambda x: x.get_state(legacy=False), lambda x: x.set_state)
ARRAYS_GENERATORS = {
    "RandomState": RANDOM_STATE,
    "BitGenerator": _pickled(lambda x: x.state, lambda x: partial(setattr, x, "state")),
    "Generator": _pickled(
        lambda x: x.bit_generator.state, lambda x: partial(setattr, x.bit_generator, "state")
    ),
}
ARRAY = Kind(
    np.ndarray.copy,
    lambda x, content: [(np.ndarray.__setitem__, x, ..., content)] * x.flags.writeable,
)
KINDS: dict[Any, Kind] = {
    list: _sliced(list),
    bytearray: _sliced(bytearray),
    array: _sliced(array),
    OrderedDict: _filled(OrderedDict, dict.copy, OrderedDict.update),
    dict: _filled(dict, dict.copy, dict.update),
    set: _filled(set, set.copy, set.update),
    deque: _filled(deque, list, deque.extend),
    np.ndarray: ARRAY,
    tuple: UNMOVED,
    frozenset: UNMOVED,
    ContextVar: Kind(
        lambda x: x.get(ABSENT),
        lambda x, content: [] if content is ABSENT else [(x.set, content)],
    ),
    random.Random: GENERATOR,
}


@lru_cache
def _kind_of(cls: type) -> Kind | None:
    """How objects of a class are noted; None if they hold attributes at most."""
    if cls in KINDS:
        return KINDS[cls]
    numpy: Any = sys.modules.get("numpy.random")
    for name, kind in ARRAYS_GENERATORS.items() if numpy else ():
        if issubclass(cls, getattr(numpy, name)):
            return kind
    return next((kind for base, kind in KINDS.items() if issubclass(cls, base)), None)


# ---------------------------------------------------------------- helpers


@lru_cache
def _slots(cls: type) -> tuple[str, ...]:
    return tuple(
        name
        for base in cls.__mro__
        for name, member in vars(base).items()
        if type(member) is MemberDescriptorType and not is_of_library(base)
    )


def is_of_library(x: Any) -> bool:
    """Whether a class, function or module is Python's, NumPy's or ours."""
    name = x.__name__ if type(x) is ModuleType else x.__module__
    return package(name) in LIBRARY


def _names(code: CodeType) -> set[str]:
    """The names in code, and in that of functions in it."""
    inner = [_names(each) for each in code.co_consts if type(each) is CodeType]
    return {*code.co_names}.union(*inner)


def _alike(a: Any, b: Any) -> bool:
    """Whether two are the same object, or equal numbers, strings or containers of such."""
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) in (list, tuple):
        return len(a) == len(b) and (all(map(is_, a, b)) or all(map(_alike, a, b)))
    if type(a) is dict:
        return _alike([*a], [*b]) and _alike([*a.values()], [*b.values()])
    if isinstance(a, np.ndarray):
        alike = a.shape == b.shape and a.dtype == b.dtype
        return alike and (
            _alike(a.ravel().tolist(), b.ravel().tolist())
            if a.dtype.hasobject
            else a.tobytes() == b.tobytes()
        )
    if type(a) is MethodType:
        return a.__func__ is b.__func__ and a.__self__ is b.__self__
    if type(a) is float:
        return repr(a) == repr(b)  # 0.0 is not -0.0, and NaN is NaN
    return type(a) in (bool, int, complex, str, bytes, array, set, frozenset) and bool(a == b)
