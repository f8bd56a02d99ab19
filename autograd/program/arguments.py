"""Arguments: taken apart into arrays of numbers.

A *lane* is the computation of one sample. An argument is uniform if all lanes have the same,
and varies if each lane has its own. One that varies has samples along an axis: they are the
rows of an array or a table, or a list's elements; in a dict each entry has some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from keyword import iskeyword
from typing import Any, NamedTuple

from autograd.core.value import Value
from autograd.program.form import Form
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.functions import namespace
from autograd.rules.arrays import NAMES
from autograd.trees import LEAVES, Structure, as_rows, children_of, flatten, structure

__all__ = ["Arguments", "Axes", "Direction"]
__all__ += ["count_of", "cut", "holds_values", "numbers_of", "parameter_names", "samples_of"]

Axes = tuple[int | None, ...] | int | None
ALL = slice(None)


def axes_of(args: Sequence[Any], in_axes: Axes) -> tuple[int | None, ...]:
    """Return the axis of samples of each argument; None of a uniform one."""
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
        types = {*map(type, tree)}
        if Value in types or types <= LEAVES:
            return Value in types
        return any(map(holds_values, tree))
    children = children_of(tree)
    return children is not None and any(map(holds_values, children.parts))


# ---------------------------------------------------------------- samples


def count_of(tree: Any, what: str, axis: int = 0) -> int:
    """Count the samples of an argument.

    Args:
        what: names the argument in messages.

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
    """Return the arguments of each sample, which may be or hold Values."""
    axes = axes_of(args, in_axes)
    varying = [(arg, axis) for arg, axis in zip(args, axes) if axis is not None]
    count, *others = {count_of(arg, "an argument", axis) for arg, axis in varying}
    if others:
        raise ValueError(f"an argument has {count} samples, another {others[0]}")
    return [_sample(args, i, axes) for i in range(count)]


def _sample(args: Sequence[Any], i: int, axes: Sequence[int | None]) -> tuple[Any, ...]:
    return tuple([cut(arg, i, axis) for arg, axis in zip(args, axes)])


def cut(tree: Any, lanes: Any, axis: int | None) -> Any:
    """Return a sample, or a slice of the samples, of an argument; a uniform one as it is."""
    if axis is None:
        return tree
    if isinstance(tree, dict):
        return {key: cut(part, lanes, axis) for key, part in tree.items()}
    if hasattr(tree, "iloc") and not axis:
        return tree.iloc[lanes]
    rows = as_rows(tree)
    if axis == 0:
        return rows[lanes]
    earlier_axes = [ALL] * axis
    return rows[(*earlier_axes, lanes)]


def numbers_of(tree: Any, sample: Structure, what: str, axis: int = 0) -> Array:
    """Return the numbers of an argument that varies, a row for each sample.

    Args:
        sample: the structure of the first one.
        what: names the argument in messages.
    """
    if isinstance(tree, dict):
        parts = [
            numbers_of(tree[key], part, f"{what}[{key!r}]", axis)
            for key, part in zip(tree, sample.parts)
        ]
        return np.concatenate(parts, 1)
    rows = as_rows(tree)
    if isinstance(rows, np.ndarray):
        return _numbers_of_array(np.moveaxis(rows, axis, 0), sample, what)
    return _numbers_of_list(rows, sample, what)


def _numbers_of_array(rows: Any, sample: Structure, what: str) -> Array:
    if rows.dtype.kind not in "fiub":  # objects that may be numbers
        rows = np.array(flatten(rows, what)[0], float).reshape(rows.shape)
    return rows.reshape(len(rows), sample.size)


def _numbers_of_list(samples: Sequence[Any], sample: Structure, what: str) -> Array:
    """Return the numbers of the elements of a list.

    Raises:
        TypeError: one holds something else than numbers.
        ValueError: one is built in another way than the first.
    """
    form, numbers = Form(sample), np.empty((len(samples), sample.size))
    flat = numbers.reshape(-1)
    for i, tree in enumerate(samples):
        if form.fill(tree, flat, i * sample.size) < 0:
            name = f"{what}[{i}]"
            structure(tree, name)  # raises, unless there are numbers in it
            raise ValueError(f"{name} is built in another way than {what}[0]")
    return numbers


# ---------------------------------------------------------------- a call's


class Direction(NamedTuple):
    """The tangents of a call, taken apart as its arguments are: those of u, and those of x."""

    u: Array
    x: Array

    def of_lanes(self, lanes: Any) -> Direction:
        """Return the same of some lanes."""
        return Direction(self.u, self.x[:, lanes])


class Arguments:
    """The arguments of one call, taken apart.

    Attributes:
        args: as given.
        in_axes: for each, along which axis its samples are; None if it is uniform.
        axes: for each, None if it is uniform, 0 if it varies: where the samples are in x.
        names: of the arguments, as programs call them.
        structures: of each argument, or of a sample of it.
        key: equal for calls whose arguments are built in the same way.
        lanes: how many there are; 0 if nothing varies.
        first: where there is one lane alone, its place among all.
        u: the numbers of the uniform arguments.
        x: those of the others, a column a lane.
        rows: for each name, where its numbers are in u, or in x if it varies.

    Args:
        parameters: the names of f's.
    """

    def __init__(
        self, args: Sequence[Any], in_axes: Axes, parameters: tuple[str, ...] = ()
    ) -> None:
        self.args, self.in_axes = tuple(args), axes_of(args, in_axes)
        self.axes = tuple([None if axis is None else 0 for axis in self.in_axes])
        self.parameters, self.names = parameters, input_names(parameters, len(args))
        self.lanes, self.first = self.count_lanes(), 0
        self.structures = [self.structure_of(i) for i in range(len(args))]
        self.key = tuple([form.key for form in self.structures])
        self.rows = self.place_rows()
        self.u = np.empty(self.count_rows(None))
        self.x = np.empty((self.count_rows(0), self.lanes or 1))
        self.read_numbers()

    def count_lanes(self) -> int:
        lanes = 0
        for i, (arg, axis) in enumerate(zip(self.args, self.in_axes)):
            if axis is None:
                continue
            count = count_of(arg, f"argument {i}", axis)
            if lanes not in (0, count):
                raise ValueError(f"argument {i} has {count} samples, another {lanes}")
            lanes = count
        return lanes

    def structure_of(self, i: int) -> Structure:
        """Return the structure of an argument; if it varies, that of its first sample."""
        axis = self.in_axes[i]
        if axis is None:
            return structure(self.args[i], f"argument {i}")
        return structure(cut(self.args[i], 0, axis), f"argument {i}[0]")

    def place_rows(self) -> dict[str, range]:
        """Return where each argument's numbers are, one argument after the other."""
        ends = {None: 0, 0: 0}  # of the uniform ones in u, of the others in x
        rows: dict[str, range] = {}
        for name, form, axis in zip(self.names, self.structures, self.axes):
            start = ends[axis]
            ends[axis] = start + form.size
            rows[name] = range(start, ends[axis])
        return rows

    def count_rows(self, axis: int | None) -> int:
        """Count the numbers of all arguments with this axis, None or 0."""
        return sum([form.size for form, a in zip(self.structures, self.axes) if a == axis])

    def read_numbers(self) -> None:
        """Fill u and x with the arguments' numbers."""
        for i, name in enumerate(self.names):
            arg, form, axis = self.args[i], self.structures[i], self.in_axes[i]
            rows = self.rows[name]
            if axis is not None:
                self.x[rows] = numbers_of(arg, form, f"argument {i}", axis).T
            elif Form(form).fill(arg, self.u, rows.start) < 0:
                raise TypeError(f"argument {i} holds something else than numbers")

    def of_lane(self, lane: int) -> Arguments:
        """Return the arguments of one lane alone."""
        part = copy(self)
        part.first, part.lanes, part.x = lane, 1, self.x[:, lane : lane + 1]
        return part

    @property
    def has_arrays(self) -> bool:
        """Whether there are arrays among the arguments."""
        return any(map(_has_array, self.args))

    def sample(self, lane: int) -> tuple[Any, ...]:
        """Return the arguments of one lane, for f itself."""
        sample = _sample(self.args, self.first + lane, self.in_axes)
        return tuple([float(x) if isinstance(x, np.generic) else x for x in sample])

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
    """Return a name for each argument: that of its parameter, as far as there is one."""
    return [*parameters, *[f"x{i}" for i in range(len(parameters), count)]][:count]


@lru_cache(1000)
def input_names(parameters: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return names of arguments that mean nothing else in a program's source."""
    taken = {*NAMES, *namespace(), "indices", "seed", "params", "captured"}
    names: list[str] = []
    for parameter in parameter_names(parameters, count):
        name = _free_name(parameter, taken)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _free_name(name: str, taken: set[str]) -> str:
    """Change a parameter's name until a program's source can have it for an input."""
    if name.startswith(("d_", "t_")):  # as derivatives are called
        name = f"of_{name}"
    if iskeyword(name) or name[-1].isdigit():  # sources number what they compute
        name += "_"
    while name in taken:
        name += "_"
    return name


def _has_array(tree: Any) -> bool:
    """Whether a tree is an array or a table, or holds one."""
    if isinstance(as_rows(tree), np.ndarray):
        return True
    if type(tree) in (list, tuple) and {*map(type, tree)} <= LEAVES:
        return False
    children = children_of(tree)
    return children is not None and any(map(_has_array, children.parts))
