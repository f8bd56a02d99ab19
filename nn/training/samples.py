"""Samples: what `fit` is given, with arrays left as they are, batch by batch."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd.trees import as_rows
from nn.checks import shortened
from nn.training.eager_step import is_finite, plain

if TYPE_CHECKING:
    from nn.training.batches import Batch

__all__ = ["Samples", "Stream", "permutation", "samples_of"]

MANY = 2**16  # samples: of more, NumPy draws the order, and targets are looked at in parts
RUN = 256  # samples that lie beside one another on a disk and are read together


class Samples:
    """Inputs and their targets, as arrays of numbers or as lists.

    >>> samples = Samples([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> [samples.lists(order) for _, order in samples.batches(2, shuffle=False)]
    [([[0.0], [1.0]], [1.0, 3.0]), ([[2.0]], [5.0])]
    """

    def __init__(self, xs: Any, ys: Any) -> None:
        self.xs, self.ys = xs, ys
        self._batch: Batch | None = None

    def __len__(self) -> int:
        return len(self.ys)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return ((plain(x), plain(y)) for x, y in zip(self.xs, self.ys))

    def evenly(self, most: int) -> Samples:
        """At most so many of them, from all over."""
        step = max(1, -(-len(self) // most))
        return Samples(self.xs[::step], self.ys[::step])

    def lists(self, order: Sequence[int]) -> tuple[list[Any], list[Any]]:
        """The inputs, and the targets, of some of them."""
        return _chosen(self.xs, order), _chosen(self.ys, order)

    def batches(self, size: int, shuffle: bool) -> Iterator[tuple[Samples, Sequence[int]]]:
        """One epoch: which samples each step takes."""
        n = len(self)
        order: Sequence[int] = range(n)
        if shuffle and size < n:
            numpy = sys.modules.get("numpy")
            order = permutation(n, numpy is not None and isinstance(self.xs, numpy.memmap))
        for start in range(0, n, size):
            yield self, order[start : start + size]

    def prepare(self, size: int) -> None:
        """Make ready for compiled steps with so many samples each."""
        from nn.training.batches import Batch

        self._batch = Batch.of(as_given=size < len(self), X=self.xs, y=self.ys)

    def batch(self, order: Sequence[int]) -> Batch:
        """Some of them, as a compiled step takes them."""
        if self._batch is None:
            self.prepare(len(order))
        assert self._batch is not None
        return self._batch if len(order) == len(self) else self._batch.chosen(order)


class Stream:
    """Batches of inputs and targets: an iterable of pairs, or a function that gives one.

    Args:
        source: the function is called for each epoch, with its number if it takes one.
    """

    def __init__(self, source: Any) -> None:
        if not callable(source) and (
            not isinstance(source, Iterable)
            or isinstance(source, (str, bytes, Mapping))
            or hasattr(source, "__array__")
            or _is_lazy(source)
        ):
            raise TypeError(
                "fit: without y, X must give batches (pairs of inputs and targets): an "
                f"iterable, or a function that returns one; got {shortened(source)}"
            )
        self.source: Any = source

    @property
    def steps(self) -> int:
        """How many batches an epoch has; 0 if that is not known."""
        try:
            return len(self.source)
        except TypeError:
            return 0

    def check(self, epochs: int) -> None:
        """ValueError if the source can't give so many epochs."""
        if epochs > 1 and isinstance(self.source, Iterator):
            raise ValueError(
                "fit: a generator gives its batches once, and there are several epochs; give "
                "the function that makes it, without calling it"
            )

    def epoch(self, epoch: int) -> Iterator[tuple[Samples, Sequence[int]]]:
        """One epoch: the samples of each step.

        Raises:
            TypeError, ValueError: there is no batch, or one is no pair that fits together.
        """
        source: Any = self.source
        if callable(source) and not isinstance(source, Iterable):
            source = source(epoch) if _takes_one(source) else source()
        batches: Iterable[Any] = source
        i = -1
        for i, batch in enumerate(batches):
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise TypeError(
                    f"fit: a batch must be a pair of inputs and targets, got "
                    f"{shortened(batch)}; give a function with yield x, y"
                )
            xs, ys = batch
            samples = samples_of(xs, ys, f"fit: batch {i} of X (y is None): ")
            yield samples, range(len(samples))
        if i < 0:
            raise ValueError(f"fit: there are no batches in epoch {epoch}")


def permutation(n: int, on_disk: bool = False) -> Any:
    """The numbers below n in a new order, drawn from `random`.

    Args:
        on_disk: whether neighbours should stay near one another: runs of them are put in a new
            order, and then the numbers in each part of many runs.

    >>> sorted(permutation(4))
    [0, 1, 2, 3]
    """
    if n < MANY:
        return random.sample(range(n), n)
    import numpy as np

    source = np.random.RandomState([random.getrandbits(32) for _ in range(8)])
    if not on_disk:
        return source.permutation(n)
    starts = source.permutation(np.arange(0, n, RUN))
    order = (starts[:, None] + np.arange(RUN)).ravel()
    order = order[order < n]
    for start in range(0, n, MANY):
        source.shuffle(order[start : start + MANY])
    return order


def samples_of(X: Any, y: Any, what: str) -> Samples:  # noqa: N803
    """The samples; `what` begins the message of an error.

    Raises:
        TypeError: X or y is no list, array or table.
        ValueError: they differ in length or are empty; or a target is infinite or NaN.
    """
    inputs, targets = _rows(X, f"{what}X"), _rows(y, f"{what}y")
    if len(inputs) != len(targets):
        raise ValueError(f"{what}{len(inputs)} samples in X for {len(targets)} targets in y")
    if not len(inputs):
        raise ValueError(f"{what}there are no samples in X")
    bad = _first_not_finite(targets)
    if bad is not None:
        target = shortened(plain(targets[bad]))
        raise ValueError(f"{what}y[{bad}] is {target}; leave that sample out")
    return Samples(inputs, targets)


# ---------------------------------------------------------------- helpers


def _rows(x: Any, what: str) -> Any:
    """Samples as an array of numbers, if they are in one, else as a list."""
    if _is_lazy(x):
        raise TypeError(
            f"{what} is not computed yet: compute it; or, for more than fits into memory, "
            "leave out y and give as X a function that yields batches (inputs, targets), such "
            "as the blocks of both, each computed"
        )
    x, numpy = as_rows(x), sys.modules.get("numpy")
    if numpy is not None and hasattr(x, "__array__"):
        x = numpy.asanyarray(x)
        if x.dtype.kind in "fiub" and x.ndim:
            return x
    if not isinstance(x, Iterable) or isinstance(x, (str, bytes, Mapping)):
        raise TypeError(f"{what} must be a list or an array, got {shortened(x)}")
    result: list[Any] = plain(x if hasattr(x, "tolist") else list(x))
    if not isinstance(result, list):  # an array without dimensions
        raise TypeError(f"{what} must be a list or an array, got {shortened(x)}")
    return result


def _is_lazy(x: Any) -> bool:
    """Whether it is a plan: an array or a frame of Dask, a lazy frame of Polars or Spark."""
    graph = getattr(x, "__dask_graph__", None)
    if graph is not None:
        return graph() is not None
    return hasattr(x, "collect") and not hasattr(x, "__array__")


def _first_not_finite(targets: Any) -> int | None:
    if isinstance(targets, list):
        return next((i for i, target in enumerate(targets) if not is_finite(target)), None)
    import numpy as np

    for start in range(0, len(targets), MANY):
        part = targets[start : start + MANY]
        finite = np.isfinite(part).reshape(len(part), -1).all(1)
        if not finite.all():
            return start + int(finite.argmin())
    return None


def _chosen(x: Any, order: Sequence[int]) -> list[Any]:
    if isinstance(x, list):
        return [x[i] for i in order]
    chosen: list[Any] = x[order].tolist()
    return chosen


def _takes_one(f: Callable[..., Any]) -> bool:
    """Whether a function takes the number of an epoch."""
    try:
        inspect.signature(f).bind(1)
    except (TypeError, ValueError):
        return False
    return True
