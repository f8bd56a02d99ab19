"""Snapshots: items that are remembered of a training, every few epochs."""

from __future__ import annotations

from typing import Generic, TypeVar

MOST_SNAPSHOTS = 60  # at most so many and the first and last, evenly spread

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
