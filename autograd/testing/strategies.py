"""Hypothesis strategies: numbers of all sizes, points of primitives, and trees of them.

from hypothesis import given
from autograd.testing import check_gradients
from autograd.testing.strategies import points

@given(points("log"))
def test_log(xs):
    check_gradients(log, *xs)
"""

from __future__ import annotations

import itertools
import math
import random
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Any

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError(
        "autograd.testing.strategies needs hypothesis: pip install 'scalar-autograd[test]'"
    ) from None

from autograd.core.primitive import TABLE, Primitive
from autograd.core.value import Value

__all__ = ["arrays", "numbers", "points", "pytrees", "values"]


gaps = st.floats(-16.0, 0.0).map(lambda e: 10.0**e)


def values() -> st.SearchStrategy[Value]:
    """Return a strategy for leaves with any of these `numbers()`.

    >>> from hypothesis import find
    >>> find(values(), lambda x: x > 1.5) > 1.5
    True
    """
    return numbers().map(Value)


def numbers() -> st.SearchStrategy[float]:
    """Return a strategy for finite floats: mild, tiny, huge, and close to 0, 1 and -1.

    >>> from hypothesis import find
    >>> find(numbers(), lambda x: x > 1e100) > 1e100
    True
    """
    sizes = st.floats(-300.0, 300.0).map(lambda e: 10.0**e)
    signs = st.sampled_from([1.0, -1.0])
    return (
        st.floats(-4.0, 4.0)
        | st.integers(-3, 3).map(float)
        | st.tuples(signs, sizes | gaps.map(lambda gap: 1.0 - gap)).map(
            lambda pair: pair[0] * pair[1]
        )
    )


def points(primitive: str | Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Return a strategy for operands of a finite value: also near edges and kinks.

    Operands that the value rule refuses are moved, one after the other, towards operands
    that it accepts; so no draw is lost, however narrow the domain is.

    Args:
        primitive: its name, or the primitive itself; yours as well as the library's.

    Raises:
        TypeError: it is neither.
        ValueError: no primitive has that name, or no operands that it accepts turn up.

    >>> from hypothesis import find
    >>> find(points("acosh"), lambda xs: xs[0] == 1.0)
    (1.0,)
    """
    if not isinstance(primitive, str | Primitive):
        raise TypeError(f"points takes a primitive or the name of one, got {primitive!r}")
    if isinstance(primitive, str) and primitive not in TABLE:
        raise ValueError(f"points: no primitive is called {primitive!r}")
    op = TABLE[primitive] if isinstance(primitive, str) else primitive
    counts = range(1, 6) if op.arity is None else [op.arity]
    homes = [home for home in [_home(op, count) for count in counts] if home is not None]
    if not homes:
        raise ValueError(f"points: no operands exist at which {op.name} has a finite value")
    return _points(op, homes)


def _accepts(op: Primitive, operands: Sequence[float]) -> bool:
    try:
        return math.isfinite(op(*operands))
    except (ValueError, ArithmeticError, IndexError, TypeError):  # TypeError: too few operands
        return False


def _home(op: Primitive, count: int) -> list[float] | None:
    """Return operands that the value rule accepts, or None."""
    return next((xs for xs in _tries(op.domain, count) if _accepts(op, xs)), None)


def _tries(domain: str, count: int) -> Iterator[list[float]]:
    """Yield easy operands, then those that the stated domain names, then any."""
    easy = [0.5, 2.0, 0.0, 1.0, -1.0]
    yield from [[x] * count for x in easy]
    stated = [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", domain)]
    easy += [0.5 * (x + y) for x, y in itertools.combinations(stated, 2)]  # no edge, if it can
    easy += [x + step for step in (1.0, -1.0, 0.0) for x in stated]
    yield from [[x] * count for x in easy]
    rng = random.Random(0)
    sizes = [rng.choice([1.0, -1.0]) * 10.0 ** rng.uniform(-3.0, 3.0) for _ in range(500)]
    yield from [[x] * count for x in sizes]
    for numbers in (easy, easy + sizes):
        yield from [rng.choices(numbers, k=count) for _ in range(200)]


@st.composite
def _points(draw: st.DrawFn, op: Primitive, homes: list[list[float]]) -> tuple[float, ...]:
    home = draw(st.sampled_from(homes))
    operands = [draw(numbers())]
    while len(operands) < len(home):
        gap = draw(st.none() | st.just(0.0) | gaps)
        other = draw(numbers()) if gap is None else operands[-1] * (1.0 + gap)
        operands.append(other)
    if _accepts(op, operands):
        return tuple(operands)
    share = draw(st.integers(0, 1000).map(lambda n: n / 1000) | gaps.map(lambda gap: 1.0 - gap))
    inside = list(home)
    for i, wanted in enumerate(operands):
        inside[i] = wanted
        if not _accepts(op, inside):
            start = edge = _rank(home[i])
            outside = _rank(wanted)
            for _ in range(64):
                middle = (edge + outside) // 2
                inside[i] = _ranked(middle)
                if _accepts(op, inside):
                    edge = middle
                else:
                    outside = middle
            inside[i] = _ranked(start + int(share * (edge - start)))
            if not _accepts(op, inside):
                inside[i] = _ranked(edge)
    return tuple(inside)


def _rank(x: float) -> int:
    """Return the place of a float among all: as many lie between two as their ranks differ."""
    rank = int.from_bytes(struct.pack(">d", abs(x)))
    return -rank if x < 0.0 else rank


def _ranked(rank: int) -> float:
    (size,) = struct.unpack(">d", abs(rank).to_bytes(8))
    return math.copysign(size, rank)


def arrays(
    elements: st.SearchStrategy[Any], shape: int | tuple[int, ...]
) -> st.SearchStrategy[Any]:
    """Return a strategy for NumPy arrays of numbers, or of points of a unary primitive.

    >>> from hypothesis import find
    >>> find(arrays(numbers(), (2, 3)), lambda x: x.sum() > 1.0).shape
    (2, 3)
    """
    import numpy

    size = math.prod(shape) if isinstance(shape, tuple) else shape
    numbers = elements.map(lambda x: x[0] if isinstance(x, tuple) else x)
    drawn = st.lists(numbers, min_size=size, max_size=size)
    return drawn.map(lambda xs: numpy.array(xs, dtype=float).reshape(shape))


def pytrees(
    elements: st.SearchStrategy[Any] | None = None, max_leaves: int = 8
) -> st.SearchStrategy[Any]:
    """Return a strategy for nested lists, tuples and dicts of numbers, arrays and the like.

    >>> from hypothesis import find
    >>> find(pytrees(), lambda tree: isinstance(tree, dict))
    {'a': 0.0}
    """
    return st.recursive(
        numbers() if elements is None else elements,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(st.sampled_from("abc"), inner, min_size=1)
        ),
        max_leaves=max_leaves,
    )
