"""Arguments: taken apart into arrays of numbers.

An argument that varies has samples along an axis: they are the rows of an array or a table, or
a list's elements; in a dict each entry has some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from keyword import iskeyword
from typing import Any

from autograd.core.value import Value
from autograd.program.form import Form
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.functions import namespace
from autograd.rules.arrays import NAMES
from autograd.trees import LEAVES, Structure, as_rows, children_of, flatten, structure

__all__ = ["Arguments", "Axes", "count_of", "cut", "holds_values", "numbers_of", "samples_of"]

Axes = tuple[int | None, ...] | int | None
ALL = slice(None)


def axes_of(args: Sequence[Any], in_axes: Axes) -> tuple[int | None, ...]:
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    if len(axes) != len(args):
        raise TypeError(f"in_axes is for {len(axes)} arguments, {len(args)} were given")
    return axes


def holds_values(tree: Any) -> bool:
    """Whether there is a Value among the numbers."""
    kind = type(tree)
    if kind is float or kind is Value:
        return kind is Value
    if isinstance(tree, np.ndarray):
        return tree.dtype == object and any(map(holds_values, tree.ravel().tolist()))
    if kind in (list, tuple):
        kinds = {*map(type, tree)}
        return Value in kinds or (not kinds <= LEAVES and any(map(holds_values, tree)))
    children = children_of(tree)
    return children is not None and any(map(holds_values, children.parts))


# ---------------------------------------------------------------- samples


def count_of(tree: Any, what: str, axis: int = 0) -> int:
    """How many samples an argument has.

    Raises:
        TypeError: it is a number, or a list whose samples lie along another axis.
        ValueError: it has no samples, or entries of different lengths.
    """
    if isinstance(tree, dict):
        counts = {count_of(part, f"{what}[{key!r}]", axis) for key, part in tree.items()}
        if len(counts) != 1:
            raise ValueError(f"{what} has entries of different lengths; give as many of each")
        return counts.pop()
    rows = as_rows(tree)
    if axis and getattr(rows, "ndim", 0) <= axis:
        raise TypeError(f"{what} must be an array with an axis {axis}, got {tree!r:.80}")
    if not isinstance(rows, (list, tuple, np.ndarray)) or getattr(rows, "shape", None) == ():
        raise TypeError(f"{what} has no samples: give a list or an array, got {tree!r:.80}")
    if np.ma.is_masked(rows):
        raise TypeError(f"{what} is a masked array; give the numbers that it has, or fill it")
    count: int = np.shape(rows)[axis] if axis else len(rows)
    if not count:
        raise ValueError(f"{what} is empty; give at least one sample")
    return count


def samples_of(args: Sequence[Any], in_axes: Axes) -> list[tuple[Any, ...]]:
    """The arguments of each sample, which may be or hold Values."""
    both = [*zip(args, axes_of(args, in_axes))]
    counts = {count_of(x, "an argument", axis) for x, axis in both if axis is not None}
    [count, *others] = counts
    if others:
        raise ValueError(f"an argument has {count} samples, another {others[0]}")
    return [tuple([cut(x, i, axis) for x, axis in both]) for i in range(count)]


def cut(tree: Any, lanes: Any, axis: int | None) -> Any:
    """A sample, or a slice of the samples, of an argument; all of one that does not vary."""
    if axis is None:
        return tree
    if isinstance(tree, dict):
        return {key: cut(each, lanes, axis) for key, each in tree.items()}
    if hasattr(tree, "iloc") and not axis:
        return tree.iloc[lanes]
    return as_rows(tree)[(*[ALL] * axis, lanes) if axis else lanes]


def numbers_of(tree: Any, sample: Structure, what: str, axis: int = 0) -> Array:
    """The numbers of samples: a row for each."""
    if isinstance(tree, dict):
        both = zip(tree, sample.parts)
        parts = [numbers_of(tree[k], each, f"{what}[{k!r}]", axis) for k, each in both]
        return np.concatenate(parts, 1)
    tree = as_rows(tree)
    if isinstance(tree, np.ndarray):
        rows = np.moveaxis(tree, axis, 0)
        if rows.dtype.kind not in "fiub":  # objects that may be numbers
            rows = np.array(flatten(rows, what)[0], float).reshape(rows.shape)
        return rows.reshape(len(rows), sample.size)
    numbers, size, form = np.empty(len(tree) * sample.size), sample.size, Form(sample)
    for i, each in enumerate(tree):
        if form.fill(each, numbers, i * size) < 0:
            name = f"{what}[{i}]"
            structure(each, name)  # raises, unless there are numbers in it
            raise ValueError(f"{name} is built in another way than {what}[0]")
    return numbers.reshape(len(tree), size)


# ---------------------------------------------------------------- a call's


class Arguments:
    """The arguments of one call, taken apart.

    Attributes:
        args: as given.
        axes: for each, None if it is uniform, 0 if each lane has its own.
        structures: of each, or of a sample.
        lanes: how many there are; 0 if nothing varies.
        first: where there is one lane alone, its place among all.
        key: equal for calls whose arguments are built in the same way.
        u: the numbers of the uniform arguments.
        x: those of the others, a column a lane.
        names: of the arguments, as programs call them.
        rows: for each name, where its numbers are in u, or in x if it varies.

    Args:
        parameters: the names of f's.
    """

    def __init__(
        self, args: Sequence[Any], in_axes: Axes, parameters: tuple[str, ...] = ()
    ) -> None:
        self.args, self.given = tuple(args), axes_of(args, in_axes)
        self.axes = tuple([None if axis is None else 0 for axis in self.given])
        self.structures: list[Structure] = []
        self.parameters, self.names = parameters, input_names(parameters, len(args))
        self.rows: dict[str, range] = {}
        self.lanes = self.first = 0
        ends = {None: 0, 0: 0}
        for i, (arg, axis) in enumerate(zip(args, self.given)):
            what, kind = f"argument {i}", self.axes[i]
            if axis is None:
                form = structure(arg, what)
            else:
                count = count_of(arg, what, axis)
                form = structure(cut(arg, 0, axis), f"{what}[0]")
                if self.lanes not in (0, count):
                    raise ValueError(f"{what} has {count} samples, another {self.lanes}")
                self.lanes = count
            self.structures.append(form)
            start, ends[kind] = ends[kind], ends[kind] + form.size
            self.rows[self.names[i]] = range(start, ends[kind])
        self.key = tuple([each.key for each in self.structures])
        self.u, self.x = np.empty(ends[None]), np.empty((ends[0], self.lanes or 1))
        each = zip(self.given, self.structures, self.rows.values())
        for i, (axis, form, rows) in enumerate(each):
            if axis is not None:
                numbers = numbers_of(args[i], form, f"argument {i}", axis)
                self.x[rows] = numbers.T
            elif Form(form).fill(args[i], self.u, rows.start) < 0:
                raise TypeError(f"argument {i} holds something else than numbers")

    def of_lane(self, lane: int) -> Arguments:
        """The arguments of one lane alone."""
        part = copy(self)
        part.first, part.lanes, part.x = lane, 1, self.x[:, lane : lane + 1]
        return part

    @property
    def arrays(self) -> bool:
        """Whether there are arrays among the arguments."""
        return any(map(_has_array, self.args))

    def sample(self, lane: int) -> tuple[Any, ...]:
        """The arguments of one lane."""
        each = [cut(x, self.first + lane, axis) for x, axis in zip(self.args, self.given)]
        return tuple([float(x) if isinstance(x, np.generic) else x for x in each])

    @contextmanager
    def naming(self, lane: int) -> Iterator[None]:
        """Say in an error which sample it was."""
        try:
            yield
        except Exception as error:
            if isinstance(error, IndexError):
                error.add_note(
                    "of a compiled function's arguments none is an integer: write "
                    "autograd.take(xs, i), or xs[int(i)]"
                )
            if self.lanes:
                error.add_note(f"in sample {self.first + lane}")
            raise


def parameter_names(parameters: Sequence[str], count: int) -> list[str]:
    """A name for each argument."""
    return [*parameters, *[f"x{i}" for i in range(len(parameters), count)]][:count]


@lru_cache(1000)
def input_names(parameters: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Names of arguments that mean nothing else in a program's source."""
    taken = {*NAMES, *namespace(), "indices", "seed", "params", "captured"}
    names = list[str]()
    for name in parameter_names(parameters, count):
        name = f"of_{name}" if name[:2] in ("d_", "t_") else name  # as derivatives are called
        name = f"{name}_" if iskeyword(name) or name[-1].isdigit() else name
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _has_array(tree: Any) -> bool:
    if isinstance(as_rows(tree), np.ndarray):
        return True
    plain = type(tree) in (list, tuple) and {*map(type, tree)} <= LEAVES
    children = None if plain else children_of(tree)
    return children is not None and any(map(_has_array, children.parts))
