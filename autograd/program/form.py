# cython: language_level=3, infer_types=True, boundscheck=False, wraparound=False
# cython: initializedcheck=False, auto_pickle=False
"""Forms: numbers go from trees into buffers of doubles, and back into trees like them.

Arguments are read by their forms, and results are built by theirs. JAX calls a form a treedef.
Ordinary Python, which Cython also compiles.
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

    Args:
        structure: of `autograd.trees`.
    """

    def __init__(self, structure: Any) -> None:
        self.structure, self.kind, self.shape = structure, structure.kind, structure.shape
        self.parts = [Form(part) for part in structure.parts]
        self.size, self.nested = structure.size, len(self.parts) > 0
        self.names = structure.key[3] if self.kind is dict else None

    def fill(self, x: Any, numbers: Any, at: cython.Py_ssize_t = 0) -> int:
        """Put the numbers of a tree into an array of doubles; -1 if it is built otherwise."""
        return self.take(x, _doubles(numbers), at)

    def tree(self, numbers: Any, at: cython.Py_ssize_t = 0) -> Any:
        """Build a tree of an array of doubles."""
        return self.build(_doubles(numbers), at)

    # ------------------------------------------------------------------ from a tree

    def take(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        """Put the numbers of a tree there; where they end, or -1 if it is built otherwise."""
        if self.kind is ARRAY and type(x) is ARRAY and x.dtype.kind in "fiub":
            return self.take_array(x, to, at)
        children: Any = self.children(x)
        if children is not None:
            if self.nested:
                return self.take_parts(children, to, at)
            return self.take_numbers(children, to, at)
        leaves: Any = self.structure.leaves(x)
        return -1 if leaves is None else self.take_numbers(leaves, to, at)

    def children(self, x: Any) -> Any:
        """The children of a tree of a usual type; None if it is of another type."""
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
        i: cython.Py_ssize_t
        size: cython.Py_ssize_t = self.size
        if len(numbers) != size:
            return -1
        for i in range(size):
            if i >= len(numbers):  # another thread has shortened the caller's list
                return -1
            x = numbers[i]
            if type(x) is not float:
                is_plain = type(x) is int or isinstance(x, NUMPY_NUMBER)
                x = real(x) if is_plain else (NUMBER.leaves(x) or [x])[0]
                if type(x) is not float:
                    return -1
            to[at + i] = x
        return at + size

    def take_array(self, x: Any, to: cython.p_double, at: cython.Py_ssize_t) -> int:
        size: cython.Py_ssize_t = self.size
        if x.shape != self.shape:
            return -1
        if not _read(x, to, at, size):
            _read(np.ascontiguousarray(x, float), to, at, size)
        return at + size

    # ------------------------------------------------------------------ to a tree

    def build(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        """Build a tree of the numbers from there on."""
        i: cython.Py_ssize_t
        part: Form
        if self.kind is float:
            return float(numbers[at])
        if self.kind is ARRAY and not self.nested:
            return self.build_array(numbers, at)
        size: cython.Py_ssize_t = len(self.parts) if self.nested else self.size
        children: list[Any] = [None] * size
        for i in range(size):
            if self.nested:
                part = self.parts[i]
                children[i] = part.build(numbers, at)
                at += part.size
            else:
                children[i] = float(numbers[at + i])
        return children if self.kind is list else self.structure.make(children)

    def build_array(self, numbers: cython.p_double, at: cython.Py_ssize_t) -> Any:
        array = np.empty(self.shape)
        _write(array, numbers, at, self.size)
        return array
