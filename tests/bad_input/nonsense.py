"""Calls whatever is compiled with whatever there is; says so if it lives to the end.

Every function and method, also of objects that were never filled in, with every choice of up
to two arguments and some of three. What is raised does not matter here.
"""

import contextlib
import itertools
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from autograd import Primitive, Value
from autograd.core import chain, sweeps, traversal
from autograd.core.operations import Operations
from autograd.core.primitive import TABLE

DRAWN = ("steps", "graph", "__class__", "__init_subclass__", "__subclasshook__")


def arguments() -> list[Any]:
    """One of each kind."""
    x = Value(2.0)
    kinds: list[Any] = [None, 3.0, "3", (), [], [None], object(), x, True, TABLE["mul"]]
    return [*kinds, (None, None), x * 3.0, {}, [3.0], ([1.0],), TABLE["dot"]]


def calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All that can be called, with a name for it."""
    yield "gradients", chain.gradients
    yield "accumulate", traversal.accumulate
    for name in sweeps.__all__:
        yield name, getattr(sweeps, name)
    x = Value(1.0, label="x")
    wide = TABLE["dot"](1.0, x, 2.0)
    blanks: list[Any] = [Value.__new__(Value), Primitive.__new__(Primitive)]
    for owner in (Value, Primitive, Operations, x, x * 2.0, wide, TABLE["mul"], *blanks):
        for name in dir(owner):
            if name not in DRAWN:
                yield f"{owner!r:.20}.{name}", _called(owner, name)


def _called(owner: Any, name: str) -> Callable[..., Any]:
    return lambda *xs: getattr(owner, name)(*xs)


def main() -> None:
    """Make the calls."""
    warnings.simplefilter("ignore")
    given = arguments()
    count = 0
    for name, call in calls():
        print(name, file=sys.stderr, flush=True)  # the last one is to blame for a crash
        for size, choice in ((0, given), (1, given), (2, given), (3, given[:6])):
            for xs in itertools.product(choice, repeat=size):
                count += 1
                with contextlib.suppress(Exception):
                    call(*xs)
    y = Value(3.0) * Value(2.0)
    y.backward()
    print(count, [x.grad for x in y.inputs])


if __name__ == "__main__":
    main()
