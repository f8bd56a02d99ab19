"""Functions that exist already get the code of a changed source."""

from __future__ import annotations

import gc
import inspect
from types import CodeType, FunctionType
from typing import Any

__all__ = ["Key", "key", "same", "swap"]

Key = tuple[str, int]


def key(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno


def same(old: CodeType, new: CodeType) -> bool:
    """Whether they do the same, wherever they stand in their lines."""
    inner, outer = _nested(old), _nested(new)
    return _own(old) == _own(new) and len(inner) == len(outer) and all(map(same, inner, outer))


def swap(old: CodeType, new: CodeType) -> set[Key] | None:
    """Give a module's functions their new code, and return which they are.

    None if more than functions differ, or what they close over does.
    """
    functions: dict[Any, list[FunctionType]] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename == old.co_filename:
            functions.setdefault(_key(thing.__code__), []).append(thing)
    swapped: set[Key] = set()
    try:
        return swapped if _swapped(old, new, functions, swapped, False) else None
    except ValueError:
        return None


def _swapped(
    old: CodeType,
    new: CodeType,
    functions: dict[Any, list[FunctionType]],
    swapped: set[Key],
    covered: bool,
) -> bool:
    if same(old, new):
        return True
    if old.co_flags & inspect.CO_OPTIMIZED:
        for function in functions.get(_key(old), ()):
            function.__code__ = new
            covered = True
            swapped.add(key(old))
    inner, outer = _nested(old), _nested(new)
    if _own(old) != _own(new) or len(inner) != len(outer):
        return covered
    return all(_swapped(a, b, functions, swapped, covered) for a, b in zip(inner, outer))


def _nested(code: CodeType) -> list[CodeType]:
    return [x for x in code.co_consts if isinstance(x, CodeType)]


def _key(code: CodeType) -> Any:
    return code.co_qualname, code.co_firstlineno, _own(code)


def _own(code: CodeType) -> Any:
    constants = [repr(x) for x in code.co_consts if not isinstance(x, CodeType)]
    return (
        *(code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        *(code.co_flags, code.co_exceptiontable, code.co_argcount, code.co_kwonlyargcount),
        *(code.co_posonlyargcount, tuple(constants)),
    )
