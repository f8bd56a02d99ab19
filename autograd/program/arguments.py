"""Arguments: taken apart into arrays of numbers, and results put together like them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, NamedTuple

from autograd.core.operand import real
from autograd.core.value import Value
from autograd.program.ir.arrays import Array, np
from autograd.trees import (
    LABELS,
    LEAVES,
    Children,
    Rebuild,
    as_rows,
    children_of,
    flatten,
    labels,
)

__all__ = [
    "Argument",
    "Arguments",
    "Axes",
    "holds_values",
    "key_of",
    "kind_of",
    "samples_of",
    "windows",
]

Key = Any
Axes = tuple[int | None, ...] | int | None
ALL = slice(None)
WINDOW = 2**16  # lanes at a time


class Argument(NamedTuple):
    """An argument, taken apart.

    Attributes:
        key: equal for arguments that are built in the same way.
        width: how many numbers it has, or a sample of it.
        lanes: how many samples; 0 if it is the same in all.
        numbers: an array of them; of the samples in a slice, a column each.
        sample: gives the i-th sample, or the argument itself.
        like: puts numbers, a column a lane, into its shape.
    """

    key: Key
    width: int
    lanes: int
    numbers: Callable[[slice], Array]
    sample: Callable[[int], Any]
    like: Callable[[Array], Any]


def uniform(tree: Any, what: str) -> Argument:
    """An argument that is the same in all lanes; arrays of floats are not taken apart."""
    if type(tree) is dict and tree:
        return _joined({k: uniform(part, f"{what}[{k!r}]") for k, part in tree.items()})
    if type(tree) is np.ndarray and tree.dtype.kind in "fiu":
        numbers = tree.ravel().astype(float, copy=False)
        return Argument(
            key_of(tree),
            len(numbers),
            0,
            lambda lanes: numbers,
            lambda i: tree,
            lambda d: np.array(d[:, 0]).reshape(tree.shape),
        )
    leaves, rebuild = flatten(tree, what)
    numbers = np.array(leaves, dtype=float)
    return Argument(
        key_of(tree),
        len(leaves),
        0,
        lambda lanes: numbers,
        lambda i: tree,
        lambda d: rebuild(d[:, 0].tolist()),
    )


def _joined(parts: dict[Any, Argument]) -> Argument:
    """A dict of arguments as one."""
    counts = [part.width for part in parts.values()]
    cuts = np.cumsum(counts)[:-1]
    return Argument(
        (dict, tuple([(key, part.key) for key, part in parts.items()])),
        sum(counts),
        next(iter(parts.values())).lanes,
        lambda lanes: np.concatenate([part.numbers(lanes) for part in parts.values()]),
        lambda i: {key: part.sample(i) for key, part in parts.items()},
        lambda d: {
            k: part.like(rows) for (k, part), rows in zip(parts.items(), np.split(d, cuts))
        },
    )


def lanes_of(tree: Any, what: str, axis: int = 0) -> Argument:
    """An argument of which each lane has its own: the rows of an array, or a list's elements.

    In a dict each entry is one.

    Args:
        axis: of arrays, along which samples lie.

    Raises:
        TypeError: it is a number, or a list whose samples lie along another axis.
        ValueError: it has no samples, or they are not all built in the same way.
    """
    if hasattr(tree, "iloc") and not axis:
        return _rows_of(tree, what)
    tree = as_rows(tree)
    if axis and not isinstance(tree, dict):
        part = lanes_of(_moved(tree, what, axis), what)
        return part._replace(like=lambda d: np.moveaxis(part.like(d), 0, axis))
    if isinstance(tree, dict):
        parts = {key: lanes_of(each, f"{what}[{key!r}]", axis) for key, each in tree.items()}
        if len({part.lanes for part in parts.values()}) != 1:
            raise ValueError(f"{what} has entries of different lengths; give as many of each")
        return _joined(parts)
    _check_rows(tree, what)
    if len(tree) == 0:
        raise ValueError(f"{what} is empty; give at least one sample")
    if isinstance(tree, np.ndarray):
        if tree.dtype.kind not in "fiub":  # objects that may be numbers
            tree = np.array(flatten(tree, what)[0], float).reshape(tree.shape)
        return Argument(
            (np.ndarray, tree.shape[1:]),
            math.prod(tree.shape[1:]),
            len(tree),
            lambda lanes: (mine := tree[lanes]).reshape(len(mine), -1).T,
            lambda i: tree[i] if tree.ndim > 1 else float(tree[i]),
            lambda d: np.ascontiguousarray(d.T).reshape(tree.shape),
        )
    key, (leaves, rebuild) = key_of(tree[0]), flatten(tree[0], f"{what}[0]")

    def numbers(lanes: slice) -> Array:
        rows = []
        for i in range(len(tree))[lanes]:
            if key_of(tree[i]) != key:
                raise ValueError(f"{what}[{i}] is built in another way than {what}[0]")
            rows.append(flatten(tree[i], f"{what}[{i}]")[0])
        return np.array(rows, dtype=float).reshape(len(rows), -1).T

    build = list if isinstance(tree, list) else tuple
    return Argument(
        key,
        len(leaves),
        len(tree),
        numbers,
        tree.__getitem__,
        lambda d: build(map(rebuild, d.T.tolist())),
    )


def _rows_of(table: Any, what: str) -> Argument:
    """A table or column of pandas: a sample of a table is its row, by the columns' names."""
    rows = lanes_of(table.to_numpy(), what)
    names = {each: getattr(table, each) for each in LABELS if hasattr(table, each)}
    named = rows._replace(like=lambda d: type(table)(rows.like(d), **names))
    if not hasattr(table, "columns"):
        return named
    return named._replace(key=(type(table), labels(table)[1]), sample=table.iloc.__getitem__)


def _check_rows(tree: Any, what: str) -> None:
    if not isinstance(tree, (list, tuple, np.ndarray)) or getattr(tree, "shape", None) == ():
        raise TypeError(f"{what} has no samples: give a list or an array, got {tree!r:.80}")


def _moved(tree: Any, what: str, axis: int) -> Array:
    """An array with its samples in rows."""
    if getattr(tree, "ndim", 0) <= axis:
        raise TypeError(f"{what} must be an array with an axis {axis}, got {tree!r:.80}")
    return np.moveaxis(tree, axis, 0)


def samples_of(args: Sequence[Any], in_axes: Axes) -> list[tuple[Any, ...]]:
    """The arguments of each sample, which may be or hold Values."""
    axes = _axes(args, in_axes)
    each = [[arg] if axis is None else _listed(arg, axis) for arg, axis in zip(args, axes)]
    [count, *others] = {len(lanes) for lanes, axis in zip(each, axes) if axis is not None}
    if others:
        raise ValueError(f"an argument has {count} samples, another {others[0]}")
    listed = [lanes * count if axis is None else lanes for lanes, axis in zip(each, axes)]
    return [*zip(*listed)]


def _listed(tree: Any, axis: int) -> list[Any]:
    """The samples of an argument."""
    if hasattr(tree, "columns") and not axis:
        return [tree.iloc[i] for i in range(len(tree))]
    tree = as_rows(tree)
    if isinstance(tree, dict):
        listed = [_listed(each, axis) for each in tree.values()]
        return [dict(zip(tree, sample)) for sample in zip(*listed)]
    _check_rows(tree, "an argument")
    return [*(_moved(tree, "an argument", axis) if axis else tree)]


def _axes(args: Sequence[Any], in_axes: Axes) -> tuple[int | None, ...]:
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    if len(axes) != len(args):
        raise TypeError(f"in_axes is for {len(axes)} arguments, {len(args)} were given")
    return axes


def key_of(tree: Any) -> Key:
    """Equal for trees that `flatten` takes apart in the same way."""
    if type(tree) in LEAVES:
        return np.ndarray, ()
    if isinstance(tree, dict):
        return dict, tuple([(key, key_of(each)) for key, each in tree.items()])
    children = _children(tree)
    if children is not None:
        keys = [key_of(each) for each in children.parts]
        same = bool(keys) and keys.count(keys[0]) == len(keys)
        kind = type(tree), len(keys), keys[0] if same else tuple(keys)
        return kind if isinstance(tree, list | tuple) else (*kind, repr(children.rest))
    if hasattr(tree, "iloc"):
        return type(tree), labels(tree)
    return np.ndarray, getattr(tree, "shape", ())


def _children(tree: Any) -> Children | None:
    if type(tree) in (list, tuple):  # their places are not needed, and may be many
        return Children([], tree, list)
    return children_of(tree)


def kind_of(key: Key) -> str:
    """A key in words, for files and messages."""
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", repr(key))


def _leaves(tree: Any) -> Iterator[Any]:
    """The arrays and whatever else structures hold."""
    children = _children(tree)
    if children is None:
        yield tree
        return
    for each in children.parts:
        if type(each) in LEAVES:
            yield each
        else:
            yield from _leaves(each)


def holds_values(tree: Any) -> bool:
    """Whether there is a Value among the numbers."""
    return any(
        Value in map(type, leaf.ravel().tolist())
        if isinstance(leaf, np.ndarray) and leaf.dtype == object
        else type(leaf) is Value
        for leaf in _leaves(tree)
    )


def windows(lanes: int) -> Iterator[slice]:
    """Lanes in windows of one size, but the last."""
    size = -(-lanes // -(-lanes // WINDOW))
    for first in range(0, lanes, size):
        yield slice(first, min(first + size, lanes))


class Arguments:
    """The arguments of one call, taken apart.

    Attributes:
        args, in_axes: as given.
        axes: for each, None if it is uniform, 0 if each lane has its own.
        lanes: how many there are; 0 if nothing varies.
        first, total: of a window, its first lane, and how many lanes there are in all.
        key: equal for calls whose arguments are built in the same way.
        u: the numbers of the uniform arguments.
        x: those of the others, a column a lane; where lanes are many, of a window only.
        rows: for each argument, where its numbers are in u, or in x if it varies.
    """

    def __init__(self, args: Sequence[Any], in_axes: Axes) -> None:
        axes = _axes(args, in_axes)
        self.args, self.in_axes = tuple(args), in_axes
        self.axes = tuple([None if axis is None else 0 for axis in axes])
        self.parts: list[Argument] = []
        self.rows: list[range] = []
        self.lanes = self.first = 0
        sides: dict[int | None, list[Callable[[slice], Array]]] = {None: [], 0: []}
        counts = {None: 0, 0: 0}
        for i, (arg, axis) in enumerate(zip(args, axes)):
            what = f"argument {i}"
            part = uniform(arg, what) if axis is None else lanes_of(arg, what, axis)
            axis = self.axes[i]
            self.parts.append(part)
            sides[axis].append(part.numbers)
            start, counts[axis] = counts[axis], counts[axis] + part.width
            self.rows.append(range(start, counts[axis]))
            if axis is not None:
                if self.lanes not in (0, part.lanes):
                    raise ValueError(f"{what} has {part.lanes} samples, another {self.lanes}")
                self.lanes = part.lanes
        self.total, self.width = self.lanes, counts[0]
        self.key = tuple([part.key for part in self.parts])
        self.u = np.concatenate([np.empty(0), *[numbers(ALL) for numbers in sides[None]]])
        self._varying = sides[0]
        if self.lanes <= WINDOW:
            self._read(ALL)

    def _read(self, lanes: slice) -> None:
        """Take the numbers of lanes together."""
        self.x = np.empty((self.width, self.lanes or 1))
        np.concatenate([read(lanes) for read in self._varying] or [self.x], out=self.x)

    def window(self, lanes: slice) -> Arguments:
        """Some of the lanes."""
        part = copy(self)
        part.first, part.lanes = lanes.start, lanes.stop - lanes.start
        part._read(lanes)
        return part

    @property
    def arrays(self) -> bool:
        """Whether there are arrays among the arguments."""
        return any(
            type(leaf) not in LEAVES and isinstance(as_rows(leaf), np.ndarray)
            for leaf in _leaves(self.args)
        )

    def repeated(self, places: Sequence[int]) -> tuple[tuple[int | None, ...], list[Any]]:
        """Axes and arguments, with a copy of these arguments for each sample."""
        axes, args = [*_axes(self.args, self.in_axes)], [*self.args]
        for i in places:
            if axes[i] is None:
                axes[i], tree = 0, as_rows(args[i])
                whole = self.can_repeat([i])
                shape = (self.lanes, *np.shape(tree)) if whole else ()
                args[i] = np.broadcast_to(tree, shape) if whole else [tree] * self.lanes
        return tuple(axes), args

    def can_repeat(self, places: Sequence[int]) -> bool:
        """Whether these are arrays, or numbers beside arrays, of which copies cost nothing."""
        return all(
            isinstance(as_rows(self.args[i]), np.ndarray)
            or (self.arrays and real(self.args[i]) is not None)
            for i in places
        )

    def sample(self, lane: int) -> tuple[Any, ...]:
        """The arguments of one lane."""
        return tuple([part.sample(self.first + lane) for part in self.parts])

    def builds(self, places: Sequence[int]) -> list[Rebuild]:
        """For each of these, what puts its numbers in one lane into its shape."""
        sample = self.sample(0)
        return [flatten(sample[i], "")[1] for i in places]

    @contextmanager
    def naming(self, lane: int) -> Iterator[None]:
        """Say in an error which sample it was."""
        try:
            yield
        except Exception as error:
            if "only integers, slices" in str(error):  # as NumPy says
                error.add_note(
                    "of a compiled function's arguments none is an integer: write "
                    "autograd.take(xs, i), or xs[int(i)]"
                )
            if self.lanes:
                error.add_note(f"in sample {self.first + lane}")
            raise
