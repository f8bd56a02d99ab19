# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Structures: how numbers lie in lists, dicts, arrays and what else holds them.

A structure takes what is built alike apart into a buffer of doubles, and builds such a thing of
other numbers. Ordinary Python, which Cython also compiles, as the core.
"""

from __future__ import annotations

import sys
from typing import Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.operand import real
from autograd.program.ir.arrays import np
from autograd.trees import _labelled, _registered, children_of, flatten, labels

__all__ = ["Structure", "structure"]

if not cython.compiled:  # else in structure.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers

    def _copied(x: Any, to: Any, at: int, count: int) -> bool:
        return False

    _put = _copied


ARRAY: Any = np.ndarray
Key = Any


class Structure:
    """How a tree of numbers is built.

    Attributes:
        type: float of a number; list, tuple, dict or array; else that of another structure.
        key: equal for trees that are built in the same way.
        size: how many numbers there are.
        parts: the structures of the children.
        shape: of an array.
        rest: a dict's keys; or what else tells a structure from others of its type.
        make: makes another structure of its children.
    """

    def __init__(
        self, kind: Any, parts: list[Structure], key: Key, shape: Any, rest: Any, make: Any
    ) -> None:
        self.type, self.parts, self.key, self.shape = kind, parts, key, shape
        self.rest, self.make, self.size = rest, make, 1
        if kind is ARRAY:
            for side in shape:
                self.size *= side
        elif kind is not float:
            self.size = sum([part.size for part in parts])

    def fill(self, x: Any, numbers: Any, at: cython.Py_ssize_t = 0) -> int:
        """Put the numbers of x into an array of doubles; -1 if it is built otherwise."""
        return self.take(x, _doubles(numbers), at)

    def built(self, numbers: Any, at: cython.Py_ssize_t = 0) -> Any:
        """Build such a tree of an array of doubles."""
        return self.build(_doubles(numbers), at)

    def take(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        """Put the numbers of x there; where they end, or -1 if it is built otherwise."""
        i: cython.Py_ssize_t
        part: Structure
        if self.type is float:
            if type(x) is not float:
                x = None if type(x) is ARRAY else real(x)
                if x is None:
                    return -1
            to[at] = x
            return at + 1
        if self.type is ARRAY:
            return self.take_array(x, to, at)
        if type(x) is not self.type:
            return -1
        if self.type is list:
            given: list[Any] = x
        elif self.type is tuple:
            given = [*x]
        elif self.type is dict:
            if [*x] != self.rest:
                return -1
            given = [*x.values()]
        else:
            given = self.children(x)
        if len(given) != len(self.parts):
            return -1
        for i in range(len(self.parts)):
            y = given[i]
            part = self.parts[i]
            if type(y) is float and part.type is float:
                to[at] = y
                at += 1
                continue
            at = part.take(y, to, at)
            if at < 0 or len(given) != len(self.parts):
                return -1
        return at

    def take_array(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        if not (type(x) is ARRAY or isinstance(x, ARRAY)) or x.shape != self.shape:
            return -1
        if cython.compiled and _copied(x, to, at, self.size):
            return at + self.size
        if x.dtype.kind not in "fiub":
            leaves = [real(leaf) for leaf in x.ravel().tolist()]
            if None in leaves:
                return -1
            x = np.array(leaves, float)
        if cython.compiled:
            _copied(np.ascontiguousarray(x, float), to, at, self.size)
        else:
            to[at : at + self.size] = x.ravel()
        return at + self.size

    def children(self, x: Any) -> list[Any]:
        """The children of a structure of another type; none if it is built otherwise."""
        if self.make is None:  # a table or a column
            return [x.to_numpy()] if labels(x) == self.rest else []
        inner = children_of(x)
        return inner.parts if inner is not None and repr(inner.rest) == self.rest else []

    def build(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        """Build such a tree of the numbers from there on."""
        i: cython.Py_ssize_t
        part: Structure
        if self.type is float:
            return float(numbers[at])
        if self.type is ARRAY:
            array = np.empty(self.shape)
            if cython.compiled:
                _put(array, numbers, at, self.size)
            else:
                array.reshape(-1)[:] = numbers[at : at + self.size]
            return array
        each: list[Any] = [None] * len(self.parts)
        for i in range(len(self.parts)):
            part = self.parts[i]
            each[i] = float(numbers[at]) if part.type is float else part.build(numbers, at)
            at += part.size
        if self.type is list:
            return each
        if self.type is tuple:
            return tuple(each)
        return dict(zip(self.rest, each)) if self.type is dict else self.made(each)

    def made(self, each: list[Any]) -> Any:
        """A structure of another type, of its children."""
        return self.make(each) if self.make else self.shape(each[0])


NUMBER = Structure(float, [], (ARRAY, ()), (), None, None)


def structure(tree: Any, what: str = "an argument") -> Structure:
    """How a tree is built.

    Raises:
        TypeError: something in it is neither a number nor a container of them.
    """
    kind = type(tree)
    if kind is float or kind is int:
        return NUMBER
    if isinstance(tree, ARRAY) and kind not in _registered:
        if tree.dtype.kind not in "fiub":
            flatten(tree, what)  # raises, unless there are numbers in it
        return Structure(ARRAY, [], (ARRAY, tree.shape), tree.shape, None, None)
    if kind is list and {*map(type, tree)} <= {float, int}:
        return _joined(kind, [NUMBER] * len(tree), None, None)
    children = children_of(tree)
    if children is not None:
        both = zip(children.parts, children.places)
        parts = [structure(part, what + place) for part, place in both]
        if kind is dict:
            return _joined(kind, parts, [*tree], None)
        return _joined(kind, parts, repr(children.rest), children.build)
    if hasattr(tree, "iloc"):
        names = labels(tree)
        part = structure(tree.to_numpy(), what)

        def labelled(array: Any) -> Any:
            return _labelled(tree, array)

        return Structure(kind, [part], (kind, names), labelled, names, None)
    flatten(tree, what)  # raises, unless it is a number
    return NUMBER


def _joined(kind: Any, parts: list[Structure], rest: Any, make: Any) -> Structure:
    keys = [part.key for part in parts]
    if kind is dict:
        key: Key = dict, tuple(zip(rest, keys))
    else:
        same = bool(keys) and keys.count(keys[0]) == len(keys)
        key = kind, len(keys), keys[0] if same else tuple(keys)
        key = key if issubclass(kind, list | tuple) else (*key, rest)
    return Structure(kind, parts, key, (), rest, make)
