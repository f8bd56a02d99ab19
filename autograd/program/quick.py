"""Quick calls: floats, flat lists and arrays of them go straight into the kernel.

For a small program, what a call has to find out costs more than the program. Here that is only
what may be otherwise than in an earlier call with arguments built in the same way.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from operator import is_
from types import CellType
from typing import Any, NamedTuple

from autograd.program.arrays import np
from autograd.program.paths import Path, Paths

__all__ = ["Found", "Quick", "Surroundings", "taken"]

MANY = 256  # numbers, for which other things cost more
FLOATS = {float}
DOUBLE = np.dtype(float)
Found = tuple[Path, list[float], Any]  # the path, outputs and gradient


def taken(args: Sequence[Any]) -> tuple[tuple[Any, ...], array[float]] | None:
    """How simple arguments are built, and their numbers; None if they are not simple."""
    kinds: list[Any] = []
    numbers = array("d")
    for each in args:
        kind: Any = type(each)
        if kind is float:
            numbers.append(each)
        elif kind is list or kind is tuple:
            if len(each) > MANY or set(map(type, each)) != FLOATS:
                return None
            numbers.extend(each)
            kind = kind, len(each)
        elif kind is np.ndarray and each.dtype is DOUBLE and each.size <= MANY:
            numbers.frombytes(each.tobytes())
            kind = each.shape
        else:
            return None
        kinds.append(kind)
    return tuple(kinds), numbers


class _Way(NamedTuple):
    path: Path
    run: Callable[..., float | None]
    lanes: int
    roots: int
    outputs: int
    answers: array[float]


class Quick:
    """Runs of the kernel for arguments that are built in one way.

    Args:
        paths: the ways that the function goes with such arguments.
        kinds: how the arguments are built.
        argnum: the argument to differentiate in; None for the value alone.
        rows: the rows of its numbers.
    """

    def __init__(
        self, paths: Paths, kinds: Sequence[Any], argnum: int | None, rows: range
    ) -> None:
        self.paths, self.rows = paths, rows
        self.kind: Any = None if argnum is None else kinds[argnum]
        self.seed = None if argnum is None else array("d", [1.0])
        self.ways: list[_Way | None] = []

    def run(self, numbers: array[float]) -> Found | None:
        """What the kernel finds; None if something is not as it was."""
        for path in self.paths.found[len(self.ways) :]:
            self.ways.append(self.way(path))
        for way in self.ways:
            if way is None:
                continue
            path, run, lanes, roots, outputs, answers = way
            u = numbers
            if path.closed:
                u = numbers + array("d", [value.data for value in path.closed])
            out = array("d", bytes(8 * roots))
            d_u = array("d", bytes(8 * len(u))) if self.seed else None
            if run(lanes, u, None, self.seed, out, d_u, None, 1) is None:
                continue
            if answers and out[outputs:] != answers:
                continue
            results = out[:outputs].tolist()
            if not math.isfinite(sum(results) + (sum(d_u) if d_u else 0.0)):
                return None
            return path, results, d_u and self.shaped(d_u)
        return None

    def way(self, path: Path) -> _Way | None:
        """What it takes to go a path, if the kernel goes it."""
        program = path.program
        sweep = program.sweep() if self.seed is None else program.sweep([self.rows])
        native, fixed = sweep.native, sweep.lowered.it.lanes
        small = len(path.closed) <= MANY and (self.seed is None or path.single)
        if native is None or (native.columns and fixed) or not small:
            return None
        answers = array("d", program.answers.ravel().tolist())
        run = native.program.run
        return _Way(path, run, fixed or 1, native.roots, native.outputs, answers)

    def shaped(self, d_u: array[float]) -> Any:
        """The gradient in the shape of the argument."""
        if self.kind is float:
            return d_u[self.rows.start]
        mine = d_u[self.rows.start : self.rows.stop]
        if self.kind[:1] in ((list,), (tuple,)):
            return self.kind[0](mine)
        return np.frombuffer(mine).reshape(self.kind)


class Surroundings:
    """What a function itself names of its surroundings: variables around it, and globals."""

    def __init__(self, f: Callable[..., Any]) -> None:
        while isinstance(f, partial):
            f = f.func
        self.names: Sequence[str] = getattr(getattr(f, "__code__", None), "co_names", ())
        self.cells: Sequence[CellType] = getattr(f, "__closure__", None) or ()
        self.globals: dict[str, Any] = getattr(f, "__globals__", {})
        self.found: list[Any] = []
        self.lists: list[tuple[int, list[Any]]] = []  # what the lists among them held

    def changed(self) -> bool:
        """Whether one is another object since the last time, or other numbers, or lists."""
        now = [*map(self.globals.get, self.names), *map(_content, self.cells)]
        before, self.found = self.found, now
        if _same(now, before) and all(_same(now[k], held) for k, held in self.lists):
            return False
        self.lists = [(k, [*x]) for k, x in enumerate(now) if type(x) is list]
        return True


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return None


def _same(now: Sequence[Any], before: Sequence[Any]) -> bool:
    return len(now) == len(before) and (
        all(map(is_, now, before)) or all(map(_alike, now, before))
    )


def _alike(a: Any, b: Any) -> bool:
    if a is b or type(a) is not type(b):
        return a is b
    if type(a) in (list, tuple):
        return _same(a, b)
    return type(a) in (int, float, bool, str) and bool(a == b)
