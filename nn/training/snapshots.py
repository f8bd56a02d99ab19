"""Snapshots: items that are remembered of a training, every few epochs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from autograd import Value

MOST_SNAPSHOTS = 60  # at most so many and the first and last, evenly spread
BELOW_LAYER = re.compile(r"\.?\bneurons\..*|(\.\d+)+$")  # what follows the name of a layer
LAYERS = 5  # of more, the model as a whole is measured

T = TypeVar("T")


class Snapshots(Generic[T]):
    """Items by epoch: those kept are evenly spread, and the first and the last.

    >>> snapshots = Snapshots[str]()
    >>> for epoch in range(1000):
    ...     snapshots.add(epoch, f"epoch {epoch}")
    >>> snapshots.epochs[:3], snapshots.epochs[-1], len(snapshots.items)
    ([0, 32, 64], 999, 33)
    """

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.items: dict[int, T] = {}
        self.stride = 1

    def add(self, epoch: int, item: T) -> None:
        """Remember an item; of many epochs some are forgotten."""
        self.items[epoch] = item
        if len(self.epochs) > 1 and self.epochs[-1] % self.stride:
            del self.items[self.epochs.pop()]
        self.epochs.append(epoch)
        if len(self.epochs) > MOST_SNAPSHOTS + 2:
            self.stride *= 2
            ends = (self.epochs[0], epoch)
            self.epochs = [e for e in self.epochs if e % self.stride == 0 or e in ends]
            self.items = {e: self.items[e] for e in self.epochs}


class Norms:
    """The Euclidean norms of each layer's weights and gradient, every few epochs.

    The gradient is that of the epoch's last step. A model of more than 5 layers is measured
    as a whole.

    >>> import nn
    >>> norms = Norms(nn.Layer(2, 1, init=nn.init.ones()).named_parameters())
    >>> norms.keep(0)
    >>> [(name, [round(x, 4) for x in xs]) for name, xs in norms.records("weights").items()]
    [('weights', [1.4142])]
    """

    def __init__(self, parameters: Iterable[tuple[str, Value]]) -> None:
        every = list(parameters)
        groups: dict[str, list[Value]] = {}
        for path, parameter in every:
            groups.setdefault(BELOW_LAYER.sub("", path), []).append(parameter)
        if len(groups) > LAYERS:
            groups = {"": [parameter for _, parameter in every]}
        self._groups = groups
        self._snapshots = Snapshots[list[tuple[float, float]]]()

    @property
    def epochs(self) -> list[int]:
        """The epochs that were kept."""
        return self._snapshots.epochs

    def keep(self, epoch: int, last: bool = False) -> None:
        """Measure the model as it is now, if this epoch is one of those that are kept."""
        if (epoch % self._snapshots.stride and not last) or epoch in self._snapshots.items:
            return
        norms = [
            (math.hypot(*[p.data for p in group]), math.hypot(*[p.grad for p in group]))
            for group in self._groups.values()
        ]
        self._snapshots.add(epoch, norms)

    def records(self, what: str) -> Mapping[str, list[float]]:
        """Return the norms of each layer's "weights" or "gradient" at `epochs`.

        Before the first step there is no gradient: NaN.
        """
        which = ("weights", "gradient").index(what)
        rows = [self._snapshots.items[epoch] for epoch in self.epochs]
        records = {}
        for k, name in enumerate(self._groups):
            numbers = [row[k][which] for row in rows]
            if which and numbers:
                numbers[0] = math.nan
            records[f"{what} {name}".rstrip()] = numbers
        return records
