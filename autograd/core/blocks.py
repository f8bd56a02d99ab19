# cython: language_level=3, annotation_typing=False
"""Blocks in which nodes are made otherwise: not at all, or with where they were made.

The blocks that are open hang together from the innermost outwards, in each thread and asyncio
task by itself. `value.py` looks for one wherever any is open.

This is compiled so that no interrupt comes between the steps by which a block is entered or
left: one that stayed open would keep later trainings from recording anything.
"""

from __future__ import annotations

import copy
import sys
from contextlib import ContextDecorator
from typing import Any, NamedTuple, Self

from autograd.core.value import innermost, pause, tell_observer

__all__ = ["INTERNAL", "Origin", "lines", "no_grad", "origin_of", "recording", "scope"]

INTERNAL = {"autograd"}  # packages whose lines are not told


class Origin(NamedTuple):
    """The place where a node was made.

    Attributes:
        scope: the scopes around it, such as "block 1/head 0"; empty if there are none.
        file, line: of the code; empty and 0 if they are not told.
    """

    scope: str
    file: str
    line: int


def origin_of(node: Any) -> Origin | None:
    """Return where a Value was made, None if it was outside of all blocks."""
    return node._extra[4] if node._extra is not None and len(node._extra) > 4 else None


class _Entry:
    """One entry into a block.

    Attributes:
        outer: the entry around it.
        open: whether the block was not left yet.
        records: whether nodes are recorded; None if the block around it decides.
        scope, tells_lines: the names of the scopes so far, and whether lines are told.
    """

    __slots__ = ("open", "outer", "records", "scope", "tells_lines")
    outer: _Entry | None
    scope: str
    tells_lines: bool

    def __init__(self, records: bool | None, name: str = "", tells_lines: bool = False) -> None:
        outer = innermost.get()
        self.outer, self.open, self.records = outer, True, records
        around = outer.scope if outer else ""
        self.scope = "/".join([part for part in (around, name) if part])
        self.tells_lines = tells_lines or (outer is not None and outer.tells_lines)

    def origin(self) -> Origin | None:
        """Return the origin of a node that is made now, None if the block tells none."""
        if not (self.scope or self.tells_lines):
            return None
        return Origin(self.scope, *(_place() if self.tells_lines else ("", 0)))


class _Block(ContextDecorator):
    _records: bool | None = None
    _name = ""
    _tells_lines = False

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def _recreate_cm(self) -> Self:  # calls in several threads share nothing
        fresh = copy.copy(self)
        fresh._entries = []
        return fresh

    def __call__(self, function: Any) -> Any:
        from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

        suspended = iscoroutinefunction, isgeneratorfunction, isasyncgenfunction
        if any(asks(function) for asks in suspended):
            name = type(self).__name__
            raise TypeError(
                f"{name}: {function.__qualname__} is a generator or a coroutine, which runs "
                f"after the call; write `with {name}(…):` in its body"
            )
        return super().__call__(function)

    def __enter__(self) -> None:
        entry = _Entry(self._records, self._name, self._tells_lines)
        self._entries.append(entry)
        innermost.set(entry)
        pause(1)

    def __exit__(self, *exception: object) -> None:
        if not self._entries:
            name = type(self).__name__
            raise RuntimeError(f"{name}: this leaves a {name} block that it has not entered")
        entry: Any = innermost.get()
        if entry not in self._entries:  # of a generator that is closed elsewhere
            entry = self._entries[-1]
        self._entries.remove(entry)
        entry.open = False
        pause(-1)
        if innermost.get() is entry:
            innermost.set(entry.outer)


class no_grad(_Block):
    """Record nothing while the block (or decorated function) runs.

    Operations on Values give leaves: the same data, no inputs. The block holds in the thread
    or asyncio task that enters it, and in the tasks that are started in it, until it is left.
    A generator that is suspended within a block leaves its caller in it.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y, y.inputs
    (Value(9.0), ())
    """

    _records = False

    def __enter__(self) -> None:
        tell_observer("no_grad")
        super().__enter__()


class recording:
    """Record while the block runs, also inside `no_grad`."""

    def __enter__(self) -> None:
        self._outer = innermost.get()
        if self._outer is not None:
            innermost.set(_Entry(True))

    def __exit__(self, *exception: object) -> None:
        innermost.set(self._outer)


class scope(_Block):
    """Name what is computed in a block, or in a function that this decorates.

    In pictures and on pages it becomes one box, as a neuron of `nn` does; within another scope
    its name is written "block 1/head 0".

    Args:
        name: such as "head 0".

    Raises:
        TypeError: the name is not a string.
        ValueError: it is blank, or has a slash in it.

    >>> from autograd import Value, scope
    >>> x = Value(0.5, label="x")
    >>> with scope("square"):
    ...     y = x * x
    >>> graph = (y + 1.0).graph()
    >>> graph.scopes[graph[y]]
    'square'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"scope takes a name, got {name!r:.80} ({type(name).__name__})")
        if not name.strip() or "/" in name:
            raise ValueError(f"a scope needs a name without a slash, got {name!r:.80}")
        super().__init__()
        self._name = name


class lines(_Block):
    """Keep, of every node that is made in the block, which line of code made it.

    A page of what is computed there shows that code beside the graph, and lights up the line
    of each step. Code of this library does not count: its caller does.

    >>> from autograd import Value, lines
    >>> with lines():
    ...     y = Value(0.5, label="x").tanh()
    >>> page = y.steps().html()
    """

    _tells_lines = True


def _place() -> tuple[str, int]:
    """The file and the line of the innermost code that is in no internal package."""
    frame: Any = sys._getframe()
    while frame.f_back is not None and _package(frame) in INTERNAL:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _package(frame: Any) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
