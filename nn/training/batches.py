"""Batches: samples as they were given, taken by index, as lists or as columns of numbers."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from autograd import Value
from autograd.trees import as_rows
from nn.checks import shortened

__all__ = [
    "Batch",
    "Drawn",
    "Stream",
    "batch_of",
    "is_finite",
    "permutation",
    "plain",
    "rows_of",
    "samples_of",
]

MANY = 2**16  # samples: of more, NumPy draws the order, and targets are looked at in parts
RUN = 256  # samples that lie beside one another on a disk and are read together
PLAIN = frozenset([float, int, bool, str])


class Batch:
    """Samples, each with a target or without; arrays are neither copied nor converted.

    For `TraceCache` it is a call in which everything varies.

    Args:
        given: the inputs, and the targets if there are any: lists or arrays.
        source, order: another batch that these samples are taken from, and which.

    >>> batch = Batch([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> batch.take([2, 0]).lists()
    [[[2.0], [0.0]], [5.0, 1.0]]
    """

    args, first, u = (), 0, ()  # as a call has them
    parameters = "x", "y", "drawn"
    forms: Sequence[Any] = ()  # the shapes and types of what was given, if it is arrays

    def __init__(
        self, *given: Any, source: Batch | None = None, order: Sequence[int] = ()
    ) -> None:
        self.given, self.source, self.order = given, source, order
        sized = given and hasattr(given[0], "__len__")
        self.lanes = len(order) if source else len(given[0]) if sized else int(not given)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return map(self.sample, range(self.lanes))

    def take(self, order: Sequence[int]) -> Batch:
        """Some of the samples."""
        whole = type(order) is range and len(order) == self.lanes
        return self if whole else Batch(source=self, order=order)

    def lists(self) -> list[list[Any]]:
        """Inputs and targets as lists."""
        if self.source is None:
            return [plain(part) if hasattr(part, "tolist") else [*part] for part in self.given]
        if self.source.source is not None:
            return [*map(list, zip(*map(self.source.sample, self.order)))]
        return [_chosen(part, self.order) for part in self.source.given]

    def sample(self, i: int) -> tuple[Any, ...]:
        """One of them, as plain numbers in lists."""
        if self.source is not None:
            return self.source.sample(self.order[i])
        return tuple([plain(part[i]) for part in self.given])

    # ------------------------------------------------------------------ for programs

    @cached_property
    def arrays(self) -> tuple[Any, tuple[Any, ...]]:
        """A key that is equal for samples that are built alike; and arrays with a row for each
        number of a sample, a column a sample, in the types that were given.

        Raises:
            TypeError: there is something else than numbers in a sample.
            ValueError: there are none, they are built in different ways, or in number don't
                fit the targets.
        """
        from autograd.program.arguments import count_of, cut, numbers_of
        from autograd.program.ir.arrays import np
        from autograd.trees import structure

        given = [*map(_array, self.given)]
        counts = [*map(count_of, given, "Xy")]
        if len({*counts}) > 1:
            both = " for ".join([f"{count} samples in {n}" for n, count in zip("Xy", counts)])
            raise ValueError(f"{both}; give as many of each")
        kinds = [structure(cut(x, 0, 0), f"{name}[0]") for x, name in zip(given, "Xy")]
        each = zip(given, kinds, "Xy")
        numbers = tuple([numbers_of(x, kind, name).T for x, kind, name in each])
        classes = [part.dtype.kind in "iub" and i == 1 for i, part in enumerate(numbers)]
        if all(type(x) is np.ndarray and x.dtype.kind in "fiub" for x in given):
            self.forms = [(np.ndarray, x.shape, x.dtype) for x in given]
        return (*zip([kind.key for kind in kinds], classes),), numbers

    @cached_property
    def key(self) -> Any:
        """Equal for batches whose samples are built alike."""
        return self.arrays[0] if self.source is None else self.source.key

    @cached_property
    def parts(self) -> tuple[Any, ...]:
        """The columns as floats."""
        if self.source is not None:
            there = self.source.source or "parts" in vars(self.source)
            whole = self.source.parts if there else self.source.arrays[1]
            rows = [_rows(part.T, self.order) for part in whole]
            return tuple([row.astype(float, copy=False).T for row in rows])
        import numpy as np

        return tuple([np.require(part, float, ["ALIGNED"]) for part in self.arrays[1]])

    @property
    def x(self) -> Any:
        """All parts as one array."""
        from autograd.program.ir.arrays import np

        return np.concatenate(self.parts) if self.parts else np.empty((0, 1))

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of a call in which everything varies."""
        return (0,) * len(self.sample(0))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of a call's arguments."""
        return self.parameters[: len(self.sample(0))]

    @property
    def naming(self) -> Callable[[int], Any]:
        """A context that says in an error which sample it was."""
        from autograd.program.arguments import Arguments

        return partial(Arguments.naming, self)  # type: ignore[arg-type]

    @cached_property
    def copies(self) -> list[tuple[Any, Any]]:
        """The parts that copy an array given, and that array."""
        import numpy as np

        pairs = zip(self.parts, self.given)
        return [(part, x) for part, x in pairs if not np.may_share_memory(part, x)]

    def take_in(self, *given: Any) -> bool:
        """Hold the numbers of these lists or arrays; False unless shapes and types are its own.

        Then they are built as its own are, and have the same key.
        """
        arrays, alike = [], True
        if not self.forms:
            return False
        for x, own, (kind, shape, dtype) in zip(given, self.given, self.forms):
            array = _array(x) if type(x) is list else x
            if type(array) is not kind or array.shape != shape or array.dtype is not dtype:
                return False
            alike &= array is own
            arrays.append(array)
        if alike:
            for part, x in self.copies:
                part[...] = x.reshape(self.lanes, -1).T
        else:
            parts = tuple(
                [
                    x.astype(float, copy=not x.flags.aligned).reshape(self.lanes, -1).T
                    for x in arrays
                ]
            )
            vars(self).pop("copies", None)
            vars(self).update(given=given, arrays=(self.key, parts), parts=parts)
        return True


class Drawn(Batch):
    """A batch with as many random numbers for each sample, which Dropout would draw."""

    def __init__(self, batch: Batch, count: int) -> None:
        from autograd.program.ir.arrays import np

        super().__init__(source=batch, order=range(batch.lanes))
        self.numbers = [[random.random() for _ in range(count)] for _ in self.order]
        self.key, self.parts = batch.key, (*batch.parts, np.array(self.numbers).T)

    def lists(self) -> list[list[Any]]:
        """Inputs, targets and numbers as lists."""
        return [*self.source.lists(), self.numbers] if self.source else []

    def sample(self, i: int) -> tuple[Any, ...]:
        """One of them, as plain numbers in lists."""
        return (*self.source.sample(i), self.numbers[i]) if self.source else ()


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

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch.

        Raises:
            TypeError, ValueError: there is no batch, or one is no pair that fits together.
        """
        source: Any = self.source
        if callable(source) and not isinstance(source, Iterable):
            source = source(epoch) if _takes_one(source) else source()
        i = -1
        for i, batch in enumerate(source):
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise TypeError(
                    f"fit: a batch must be a pair of inputs and targets, got "
                    f"{shortened(batch)}; give a function with yield x, y"
                )
            inputs, targets = batch
            yield batch_of(inputs, targets, f"fit: batch {i} of X (y is None): ")
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


def batch_of(X: Any, y: Any, what: str) -> Batch:  # noqa: N803
    """Samples with their targets, checked.

    Raises:
        TypeError, ValueError: they are no lists or arrays, or don't fit together.
    """
    inputs, targets = samples_of(X, f"{what}X"), samples_of(y, f"{what}y")
    if len(inputs) != len(targets):
        raise ValueError(f"{what}{len(inputs)} samples in X for {len(targets)} targets in y")
    if not len(inputs):
        raise ValueError(f"{what}there are no samples in X")
    bad = _first_not_finite(targets)
    if bad is not None:
        target = shortened(plain(targets[bad]))
        raise ValueError(f"{what}y[{bad}] is {target}; leave that sample out")
    return Batch(inputs, targets)


# ---------------------------------------------------------------- helpers


def plain(x: Any) -> Any:
    """x with lists in place of arrays and floats in place of Values.

    >>> plain([Value(1.0), (2.0, "a")])
    [1.0, [2.0, 'a']]
    """
    if type(x) is Value:
        return x.data
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        if PLAIN.issuperset(map(type, x)):
            return list(x)
        return [plain(element) for element in x]
    if isinstance(x, dict):
        return {key: plain(element) for key, element in x.items()}
    return x


def is_finite(x: Any) -> bool:
    """Whether every number of a sample or target is finite."""
    if isinstance(x, list):
        return all(map(is_finite, x))
    return not isinstance(x, float) or abs(x) < float("inf")


def samples_of(x: Any, what: str) -> Any:
    """Samples as an array of numbers, if they are in one, else as a list."""
    if _is_lazy(x):
        raise TypeError(
            f"{what} is not computed yet: compute it; or, for more than fits into memory, "
            "leave out y and give as X a function that yields batches (inputs, targets), such "
            "as the blocks of both, each computed"
        )
    x, numpy = rows_of(x, what), sys.modules.get("numpy")
    if numpy is not None and hasattr(x, "__array__"):
        x = numpy.asanyarray(x)
        if x.dtype.kind in "fiub" and x.ndim:
            return x
    if isinstance(x, Iterable) and not isinstance(x, (str, bytes, Mapping)):
        result = plain(x if hasattr(x, "tolist") else list(x))
        if isinstance(result, list):  # and no array without dimensions
            return result
    raise TypeError(f"{what} must be a list or an array, got {shortened(x)}")


def rows_of(x: Any, what: str) -> Any:
    """x, or the array that a table holds; TypeError if it holds text, or is masked."""
    columns = getattr(x, "columns", ()) if hasattr(x, "to_numpy") else ()
    for name in columns:
        column = x[name]
        if any(isinstance(each, str) for each in column[:MANY]):
            raise TypeError(f"{what}: the column {name!r} holds text; give numbers instead")
    if hasattr(x, "mask") and hasattr(x, "filled"):
        raise TypeError(f"{what} is a masked array; fill it, as x.filled(0.0), or drop samples")
    return as_rows(x)


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
    if isinstance(x, (list, tuple)):
        return [x[i] for i in order]
    return x[order].tolist()  # type: ignore[no-any-return]


def _rows(x: Any, order: Sequence[int]) -> Any:
    """Some rows; `take` is faster, but first copies all of an array with gaps."""
    return x.take(order, 0) if x.flags.c_contiguous else x[order]


def _array(x: Any) -> Any:
    """Lists of numbers as an array, if they are even."""
    if not isinstance(x, (list, tuple)):
        return x.view("u1") if getattr(x, "dtype", "") == "bool" else x
    import numpy as np

    try:
        array = np.asarray(x)
    except ValueError:  # samples of several lengths
        return plain(x)
    return array if array.dtype.kind in "fiub" and array.size and array.ndim else plain(x)


def _takes_one(f: Callable[..., Any]) -> bool:
    """Whether a function takes the number of an epoch."""
    try:
        inspect.signature(f).bind(1)
    except (TypeError, ValueError):
        return False
    return True
