"""Arguments: taken apart into arrays of numbers, and results put together like them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.core.value import Value
from autograd.program.arrays import Array, np
from autograd.trees import as_rows, flatten

__all__ = ["Argument", "Axes", "Call", "holds_values", "key_of", "kind_of"]

Key = Any
Axes = tuple[int | None, ...] | int | None


class Argument:
    """An argument, or one sample of it.

    Attributes:
        key: equal for arguments that are built in the same way.
        numbers: an array of its numbers; for lanes, of shape (numbers of a sample, samples).
        sample: gives the i-th sample, or the argument itself.
        arrays: whether it has arrays in it.
    """

    __slots__ = ("arrays", "key", "numbers", "sample")

    def __init__(
        self, key: Key, numbers: Array, sample: Callable[[int], Any], arrays: bool
    ) -> None:
        self.key, self.numbers, self.sample, self.arrays = key, numbers, sample, arrays


def uniform(tree: Any, what: str) -> Argument:
    """An argument that is the same in all lanes."""
    return Argument(key_of(tree), _numbers(tree, what), lambda i: tree, _has_arrays(tree))


def _numbers(tree: Any, what: str) -> Array:
    """The numbers of a tree; arrays of floats are not taken apart."""
    if type(tree) is np.ndarray and tree.dtype.kind in "fiu":
        return tree.ravel().astype(float, copy=False)
    if type(tree) is dict and tree:
        each = [_numbers(part, f"{what}[{key!r}]") for key, part in tree.items()]
        return np.concatenate(each)
    return np.array(flatten(tree, what)[0], dtype=float)


def lanes_of(tree: Any, what: str) -> Argument:
    """An argument of which each lane has its own: the rows of an array, or a list's elements.

    In a dict each entry is one.

    Raises:
        TypeError: it is a number.
        ValueError: it has no samples, or they are not all built in the same way.
    """
    tree = as_rows(tree)
    if isinstance(tree, dict):
        parts = {key: lanes_of(each, f"{what}[{key!r}]") for key, each in tree.items()}
        sizes = {part.numbers.shape[1] for part in parts.values()}
        if len(sizes) != 1:
            raise ValueError(f"{what} has entries of different lengths; give as many of each")
        numbers = np.concatenate([part.numbers for part in parts.values()])
        keys = tuple([(key, part.key) for key, part in parts.items()])
        arrays = any(part.arrays for part in parts.values())
        return Argument(
            (dict, keys),
            numbers,
            lambda i: {key: part.sample(i) for key, part in parts.items()},
            arrays,
        )
    if not isinstance(tree, (list, tuple, np.ndarray)) or getattr(tree, "shape", None) == ():
        raise TypeError(f"{what} has no samples: give a list or an array, got {tree!r:.80}")
    if len(tree) == 0:
        raise ValueError(f"{what} is empty; give at least one sample")
    if isinstance(tree, np.ndarray):
        numbers = tree.reshape(len(tree), -1).T
        key = (np.ndarray, tree.shape[1:])
        return Argument(
            key, numbers, lambda i: tree[i] if tree.ndim > 1 else float(tree[i]), True
        )
    key = key_of(tree[0])
    rows = []
    for i, sample in enumerate(tree):
        if key_of(sample) != key:
            raise ValueError(f"{what}[{i}] is built in another way than {what}[0]")
        rows.append(flatten(sample, f"{what}[{i}]")[0])
    numbers = np.array(rows, dtype=float).reshape(len(rows), -1).T
    return Argument(key, numbers, tree.__getitem__, _has_arrays(tree[0]))


def key_of(tree: Any) -> Key:
    """Equal for trees that `flatten` takes apart in the same way."""
    if isinstance(tree, dict):
        return dict, tuple([(key, key_of(each)) for key, each in tree.items()])
    if isinstance(tree, list | tuple):
        keys = [key_of(each) for each in tree]
        same = bool(keys) and keys.count(keys[0]) == len(keys)
        return type(tree), len(keys), keys[0] if same else tuple(keys)
    return np.ndarray, getattr(tree, "shape", ())


def kind_of(key: Key) -> str:
    """A key in words, for files and messages."""
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", repr(key))


def _leaves(tree: Any) -> Iterator[Any]:
    """The arrays and whatever else dicts, lists and tuples hold."""
    if isinstance(tree, dict | list | tuple):
        for each in tree.values() if isinstance(tree, dict) else tree:
            yield from _leaves(each)
    else:
        yield tree


def _has_arrays(tree: Any) -> bool:
    return any(isinstance(leaf, np.ndarray) for leaf in _leaves(tree))


def holds_values(tree: Any) -> bool:
    """Whether there is a Value among the numbers."""
    return any(
        Value in map(type, leaf.ravel().tolist())
        if isinstance(leaf, np.ndarray) and leaf.dtype == object
        else type(leaf) is Value
        for leaf in _leaves(tree)
    )


def like(tree: Any, numbers: Array) -> Any:
    """Numbers in the shape of an argument."""
    return _built(tree, numbers, 0)[0]


def _built(tree: Any, numbers: Array, start: int) -> tuple[Any, int]:
    """A tree of the numbers from a place on, and the place behind them."""
    if type(tree) is dict:
        built = {}
        for key, part in tree.items():
            built[key], start = _built(part, numbers, start)
        return built, start
    if type(tree) is np.ndarray:
        end = start + tree.size
        return np.array(numbers[start:end], dtype=float).reshape(tree.shape), end
    leaves, rebuild = flatten(tree, "")
    end = start + len(leaves)
    return rebuild(numbers[start:end].tolist()), end


def like_lanes(tree: Any, numbers: Array) -> Any:
    """Numbers, a column a sample, in the shape of an argument of the lanes."""
    if isinstance(tree, dict):
        result, start = {}, 0
        for key, each in tree.items():
            count = lanes_of(each, "").numbers.shape[0]
            result[key] = like_lanes(each, numbers[start : start + count])
            start += count
        return result
    if isinstance(tree, np.ndarray):
        return np.ascontiguousarray(numbers.T).reshape(tree.shape)
    samples = [like(sample, column) for sample, column in zip(tree, numbers.T)]
    return samples if isinstance(tree, list) else tuple(samples)


class Call:
    """The arguments of one call, taken apart.

    Attributes:
        args: as given.
        axes: for each, None if it is uniform, 0 if each lane has its own.
        lanes: how many there are; 0 if nothing varies.
        key: equal for calls whose arguments are built in the same way.
        u: the numbers of the uniform arguments.
        x: those of the others, a column a lane.
        arrays: whether there are arrays among the arguments.
    """

    def __init__(self, args: Sequence[Any], in_axes: Axes) -> None:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise TypeError(f"in_axes is for {len(axes)} arguments, {len(args)} were given")
        self.args, self.axes = tuple(args), tuple(axes)
        self.parts: list[Argument] = []
        self.lanes = 0
        for i, (arg, axis) in enumerate(zip(args, axes)):
            what = f"argument {i}"
            part = uniform(arg, what) if axis is None else lanes_of(arg, what)
            self.parts.append(part)
            if axis is not None:
                count = part.numbers.shape[1]
                if self.lanes not in (0, count):
                    raise ValueError(f"{what} has {count} samples, another {self.lanes}")
                self.lanes = count
        self.key = tuple([part.key for part in self.parts])
        self.arrays = any(part.arrays for part in self.parts)
        uniforms = [p.numbers for p, axis in zip(self.parts, axes) if axis is None]
        varying = [p.numbers for p, axis in zip(self.parts, axes) if axis is not None]
        self.u = np.concatenate([np.empty(0), *uniforms])
        self.x = np.empty((sum([len(numbers) for numbers in varying]), self.lanes or 1))
        np.concatenate(varying or [self.x], out=self.x)

    def sample(self, lane: int) -> tuple[Any, ...]:
        """The arguments of one lane."""
        return tuple([part.sample(lane) for part in self.parts])

    @contextmanager
    def naming(self, lane: int) -> Iterator[None]:
        """Say in an error which sample it was."""
        try:
            yield
        except Exception as error:
            if self.lanes:
                error.add_note(f"in sample {lane}")
            raise

    def rows(self, argnum: int) -> range:
        """The rows of u, or of x if it varies, that hold an argument."""
        mine = self.axes[argnum]
        before = [len(p.numbers) for p, a in zip(self.parts[:argnum], self.axes) if a == mine]
        return range(sum(before), sum(before) + len(self.parts[argnum].numbers))

    def shaped(self, argnum: int, numbers: Array) -> Any:
        """Numbers, a column a lane, in the shape of an argument."""
        tree = self.args[argnum]
        if self.axes[argnum] is None:
            return like(tree, numbers[:, 0])
        return like_lanes(tree, numbers)
