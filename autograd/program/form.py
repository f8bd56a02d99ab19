# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Forms: numbers go from trees into buffers of doubles, and back into trees like them.

A *tree* is a number, an array, or a list, tuple, dict or the like of trees. Its *form* is how
it is built, without the numbers: arguments are read by their forms, and results are built by
theirs. `autograd.trees.Structure` says the same in Python. JAX calls it a treedef. Ordinary
Python, which Cython also compiles.
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
from autograd.trees import NUMBER

__all__ = ["Form"]

if not cython.compiled:  # else in buffers.pxd and form.pxd

    def _doubles(numbers: Any) -> Any:
        return numbers

    def _read(x: Any, to: Any, at: int, count: int) -> bool:
        to[at : at + count] = x.ravel()
        return True

    def _write(x: Any, numbers: Any, at: int, count: int) -> bool:
        x.reshape(-1)[:] = numbers[at : at + count]
        return True


ARRAY: Any = np.ndarray
NUMPY_NUMBER: Any = np.generic


class Form:
    """How a tree is built: its `Structure` in fields of C.

    The methods that read a tree put its numbers into a buffer, from a place on. They return the
    place after the last of them, or -1 if the tree is built otherwise.

    Args:
        structure: of `autograd.trees`.
    """

    def __init__(self, structure: Any) -> None:
        self.structure, self.kind, self.shape = structure, structure.kind, structure.shape
        self.parts = [Form(part) for part in structure.parts]
        self.size, self.nested = structure.size, len(self.parts) > 0
        self.names = structure.key[3] if self.kind is dict else None

    def fill(self, x: Any, numbers: Any, at: cython.Py_ssize_t = 0) -> int:
        """Read a tree into an array of doubles."""
        return self.take(x, _doubles(numbers), at)

    def tree(self, numbers: Any, at: cython.Py_ssize_t = 0) -> Any:
        """Build a tree of an array of doubles."""
        return self.build(_doubles(numbers), at)

    # ------------------------------------------------------------------ from a tree

    def take(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        """Read a tree into a buffer of doubles."""
        if self.kind is ARRAY and type(x) is ARRAY and x.dtype.kind in "fiub":
            return self.take_array(x, to, at)
        children: Any = self.children(x)
        if children is None:  # it may be a tree of the form though its type is a rare one
            leaves: Any = self.structure.leaves(x)
            return -1 if leaves is None else self.take_numbers(leaves, to, at)
        if self.nested:
            return self.take_parts(children, to, at)
        return self.take_numbers(children, to, at)

    def children(self, x: Any) -> Any:
        """Return the children of a tree of a usual type; None if it is of another type."""
        kind = self.kind
        if kind is list and type(x) is list:
            return x
        if kind is float:
            return [x]
        if kind is tuple and type(x) is tuple:
            return [*x]
        if kind is dict and type(x) is dict and (*x,) == self.names:
            return [*x.values()]
        return None

    def take_parts(
        self, children: list[Any], to: cython.p_double, at: cython.Py_ssize_t
    ) -> int:
        """Read the children of a tree that are trees themselves, one after the other."""
        i: cython.Py_ssize_t
        part: Form
        if len(children) != len(self.parts):
            return -1
        for i in range(len(self.parts)):
            if i >= len(children):  # another thread has shortened the caller's list
                return -1
            part = self.parts[i]
            at = part.take(children[i], to, at)
            if at < 0:
                return -1
        return at

    def take_numbers(
        self, numbers: list[Any], to: cython.p_double, at: cython.Py_ssize_t
    ) -> int:
        """Read the children of a tree that are all numbers."""
        i: cython.Py_ssize_t
        size: cython.Py_ssize_t = self.size
        if len(numbers) != size:
            return -1
        for i in range(size):
            if i >= len(numbers):  # another thread has shortened the caller's list
                return -1
            x = numbers[i]
            if type(x) is not float:
                x = _float_of(x)
                if x is None:
                    return -1
            to[at + i] = x
        return at + size

    def take_array(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        size: cython.Py_ssize_t = self.size
        if x.shape != self.shape:
            return -1
        if not _read(x, to, at, size):  # its doubles don't lie side by side
            _read(np.ascontiguousarray(x, float), to, at, size)
        return at + size

    # ------------------------------------------------------------------ to a tree

    def build(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        """Build a tree of the numbers in a buffer from a place on."""
        if self.kind is float:
            return float(numbers[at])
        if self.nested:
            children = self.build_parts(numbers, at)
        elif self.kind is ARRAY:
            return self.build_array(numbers, at)
        else:
            children = self.build_numbers(numbers, at)
        return children if self.kind is list else self.structure.make(children)

    def build_parts(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        i: cython.Py_ssize_t
        part: Form
        children: list[Any] = [None] * len(self.parts)
        for i in range(len(self.parts)):
            part = self.parts[i]
            children[i] = part.build(numbers, at)
            at += part.size
        return children

    def build_numbers(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        i: cython.Py_ssize_t
        size: cython.Py_ssize_t = self.size
        children: list[Any] = [None] * size
        for i in range(size):
            children[i] = float(numbers[at + i])
        return children

    def build_array(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        array = np.empty(self.shape)
        _write(array, numbers, at, self.size)
        return array


def _float_of(x: Any) -> Any:
    """Return a number of another type as a float; None if it is no number."""
    if type(x) is int or isinstance(x, NUMPY_NUMBER):
        number = real(x)
        return number if type(number) is float else None
    leaves = NUMBER.leaves(x)
    return leaves[0] if leaves and type(leaves[0]) is float else None
