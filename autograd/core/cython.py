"""The stand-in of `import cython` for a module of the core that runs interpreted."""

from __future__ import annotations

from typing import Any, TypeVar

Class = TypeVar("Class")


def _unchanged(cls: Class) -> Class:
    return cls


compiled = False
cclass = final = no_gc = _unchanged
Py_ssize_t = int
p_double = Any
double: Any = float
address: Any = None
