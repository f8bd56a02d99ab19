"""Batches: samples as columns of numbers, as a compiled step takes them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from autograd.program.arguments import Arguments, lanes_of
from autograd.program.ir.arrays import Array, np
from autograd.trees import as_rows
from nn.training.eager_step import plain

__all__ = ["Batch"]

FLOAT = np.dtype(float)


class Batch:
    """Samples as columns of numbers: for `TraceCache` a call in which everything varies.

    Attributes:
        parts: arrays with a row for each number of a sample, a column a sample.
        sample: gives the i-th one, as plain numbers in lists.
        key: equal for batches whose samples are built alike.
        given: what the samples are in, if others like it may take its place.
        shapes: those of arrays of it; None where there is none.
    """

    args = ()
    first = 0
    u = np.empty(0)
    naming = Arguments.naming

    def __init__(
        self,
        parts: tuple[Array, ...],
        sample: Callable[[int], tuple[Any, ...]],
        key: Any,
        given: list[Any] | None = None,
        shapes: Sequence[Any] = (),
    ) -> None:
        self.parts, self.sample, self.key = parts, sample, key
        self.given, self.shapes = given or [], shapes
        self.views = [*map(_shown, parts, self.given)]  # arrays that parts show, or None
        self.lanes = parts[0].shape[1] if parts else 1

    @property
    def x(self) -> Array:
        """All parts as one array."""
        return np.concatenate(self.parts) if self.parts else np.empty((0, 1))

    @property
    def axes(self) -> tuple[int, ...]:
        """As a call's: everything varies."""
        return (0,) * len(self.sample(0))

    @classmethod
    def of(cls, as_given: bool = False, **parts: Any) -> Batch:
        """The samples of lists or arrays, by what they are called.

        Args:
            as_given: arrays of other types stay so, and what is `chosen` is converted.

        Raises:
            TypeError: one is no list or array, or has something else than numbers in it.
            ValueError: one is empty, its samples are built in different ways, or they differ
                in length.
        """
        found, shapes = [], []
        parts = {name: as_rows(part) for name, part in parts.items()}
        for name, part in parts.items():
            numbers = rectangular(part)
            shapes.append(None if numbers is None else numbers.shape)
            found.append(lanes_of(plain(part) if numbers is None else numbers, name))
        sizes = [each.lanes for each in found]
        if len(set(sizes)) > 1:
            both = " for ".join([f"{n} samples in {name}" for name, n in zip(parts, sizes)])
            raise ValueError(f"{both}; give as many of each")
        given = list(parts.values())
        key = tuple([each.key for each in found])
        numbers = tuple([each.numbers(slice(None)) for each in found])
        if not as_given:
            numbers = tuple([np.require(each, float, ["ALIGNED"]) for each in numbers])
        return cls(numbers, lambda i: tuple([plain(x[i]) for x in given]), key, given, shapes)

    def refill(self, *given: Any) -> bool:
        """Take the numbers of others, or of these anew; False if they are built otherwise."""
        if len(given) != len(self.given):
            return False
        anew: dict[int, Array] = {}
        for i, part in enumerate(given):
            shown = part if part is self.views[i] else None
            if shown is not None and shown.shape == self.shapes[i] and shown.dtype is FLOAT:
                continue
            new = part if type(part) is np.ndarray else rectangular(part)
            if new is None or new.shape != self.shapes[i]:
                return False
            if new.dtype.kind not in "fiub" or not new.flags.aligned:
                return False
            anew[i] = np.asarray(new, float).reshape(self.lanes, -1).T
        if anew:
            parts = tuple([anew.get(i, part) for i, part in enumerate(self.parts)])
            views = [*map(_shown, parts, given)]
            self.parts, self.views, self.given[:] = parts, views, given
        return True

    def chosen(self, order: Sequence[int]) -> Batch:
        """Some of the samples."""
        parts = tuple([_rows(part.T, order).astype(float, copy=False).T for part in self.parts])
        return Batch(parts, lambda i: self.sample(order[i]), self.key)

    def drawn(self, count: int) -> Batch:
        """With as many random numbers for each sample, which Dropout would draw."""
        numbers = [[random.random() for _ in range(count)] for _ in range(self.lanes)]
        parts = *self.parts, np.array(numbers).T
        return Batch(parts, lambda i: (*self.sample(i), numbers[i]), self.key)

    def lists(self) -> list[list[Any]]:
        """Each part as a list of samples."""
        return list(map(list, zip(*[self.sample(i) for i in range(self.lanes)])))


def rectangular(part: Any) -> Array | None:
    """A list or an array of samples as an array of numbers; None if it isn't one."""
    if not isinstance(part, (list, tuple, np.ndarray)):
        return None
    try:
        found = np.asarray(part)
    except ValueError:  # samples of several lengths
        return None
    return found if found.dtype.kind in "fiub" and found.size and found.ndim else None


def _rows(x: Array, order: Sequence[int]) -> Array:
    """Some rows; `take` is faster, but first copies all of an array with gaps."""
    return np.take(x, order, 0) if x.flags.c_contiguous else x[order]


def _shown(part: Array, given: Any) -> Any:
    """What is given, if it is an array that a part shows as it is now, else None."""
    shows = type(given) is np.ndarray and np.may_share_memory(part, given)
    return given if shows else None
