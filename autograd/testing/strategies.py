"""Hypothesis strategies: numbers, points of primitives, and random programs.

from hypothesis import given
from autograd.testing import check_gradients
from autograd.testing.strategies import programs

@given(programs())
def test_gradients(program):
    check_gradients(program, *program.starts)
"""

from __future__ import annotations

import itertools
import math
import random
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

try:
    from hypothesis import strategies as st
except ImportError:
    raise ImportError(
        "autograd.testing.strategies needs hypothesis: pip install 'scalar-autograd[test]'"
    ) from None

from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.core.value import Value
from autograd.testing.programs import CONTROL, SAFE, Listing, decode

__all__ = ["arrays", "numbers", "points", "programs", "pytrees", "values"]


gaps = st.floats(-16.0, 0.0).map(lambda e: 10.0**e)


def values() -> st.SearchStrategy[Value]:
    """Leaves with any of these `numbers()`.

    >>> from hypothesis import find
    >>> find(values(), lambda x: x > 1.5) > 1.5
    True
    """
    return numbers().map(Value)


def numbers() -> st.SearchStrategy[float]:
    """Finite floats of all sizes: mild ones, tiny, huge, and close to 0, 1 and -1.

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


def _by_name(function: str, primitive: str | Primitive) -> Primitive:
    if isinstance(primitive, Primitive):
        return primitive
    if not isinstance(primitive, str):
        raise TypeError(f"{function} takes a primitive or the name of one, got {primitive!r}")
    if primitive not in TABLE:
        raise ValueError(f"{function}: no primitive is called {primitive!r}")
    return TABLE[primitive]


def points(primitive: str | Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Operands at which a primitive has a finite value: also near its edges and its kinks.

    Operands that the value rule refuses are moved, one after the other, towards operands
    that it accepts; so no draw is lost, however narrow the domain is.

    Args:
        primitive: its name, or the primitive itself; yours as well as the library's.

    Raises:
        TypeError: it is neither.
        ValueError: no primitive has that name, or no operands are found that it accepts.

    >>> from hypothesis import find
    >>> find(points("acosh"), lambda xs: xs[0] == 1.0)
    (1.0,)
    """
    op = _by_name("points", primitive)
    counts = range(1, 6) if op.arity is None else [op.arity]
    homes = [home for home in [_home(op, count) for count in counts] if home is not None]
    if not homes:
        raise ValueError(f"points: no operands are found at which {op.name} has a finite value")
    return _points(op, homes)


def _accepts(op: Primitive, operands: Sequence[float]) -> bool:
    try:
        return math.isfinite(op(*operands))
    except (ValueError, ArithmeticError, IndexError, TypeError):  # TypeError: too few operands
        return False


def _home(op: Primitive, count: int) -> list[float] | None:
    """Operands that the value rule accepts, None if none are found."""
    return next((xs for xs in _tries(op.domain, count) if _accepts(op, xs)), None)


def _tries(domain: str, count: int) -> Iterator[list[float]]:
    """Easy operands, then those that the stated domain names, then any."""
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
    found = list(home)
    for i, wanted in enumerate(operands):
        found[i] = wanted
        if not _accepts(op, found):
            start = edge = _rank(home[i])
            outside = _rank(wanted)
            for _ in range(64):
                middle = (edge + outside) // 2
                found[i] = _ranked(middle)
                if _accepts(op, found):
                    edge = middle
                else:
                    outside = middle
            found[i] = _ranked(start + int(share * (edge - start)))
            if not _accepts(op, found):
                found[i] = _ranked(edge)
    return tuple(found)


def _rank(x: float) -> int:
    """The place of a float among all floats: as many lie between two as their ranks differ."""
    rank = int.from_bytes(struct.pack(">d", abs(x)))
    return -rank if x < 0.0 else rank


def _ranked(rank: int) -> float:
    (size,) = struct.unpack(">d", abs(rank).to_bytes(8))
    return math.copysign(size, rank)


def arrays(
    elements: st.SearchStrategy[Any], shape: int | tuple[int, ...]
) -> st.SearchStrategy[Any]:
    """NumPy arrays of numbers, or of the points of a primitive of one operand.

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
    """Nested lists, tuples and dicts of numbers, or of what else is drawn, such as arrays.

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


def programs(
    max_inputs: int = 4,
    max_ops: int = 12,
    primitives: Iterable[str | Primitive] | None = None,
    control_flow: bool = False,
) -> st.SearchStrategy[Listing]:
    """Random straight-line programs with shared sub-expressions.

    Each step is smooth and mild at its operands, so that a derivative which differs from
    differences is wrong. Programs shrink: with one rule broken, to one operation or two.

    Args:
        max_inputs, max_ops: the most starts, and the most operations.
        primitives: names or primitives, yours as well; the library's if None.
        control_flow: with branches and loops in Python, too, that depend on values.

    Raises:
        TypeError: a limit is not an integer, or a primitive is neither one nor its name.
        ValueError: a limit is below 1, or an operation is unknown or not offered (`take`).

    >>> from hypothesis import find
    >>> print(find(programs(primitives=["sin"]), lambda program: len(program.steps) == 2))
    v0 = 1.0
    v1 = sin(v0)
    v2 = sin(v1)
    """
    for limit in (max_inputs, max_ops):
        if type(limit) is not int:
            raise TypeError(f"programs: max_inputs and max_ops must be integers, got {limit!r}")
    if max_inputs < 1 or max_ops < 1:
        raise ValueError(
            f"programs: max_inputs and max_ops must be 1 or more, got {max_inputs}, {max_ops}"
        )
    if isinstance(primitives, str):
        raise TypeError(
            f"programs: primitives must be a list of names, such as [{primitives!r}]"
        )
    chosen = sorted(SAFE) if primitives is None else primitives
    given = [_by_name("programs", p).name for p in chosen]
    if not given:
        raise ValueError("programs: primitives must not be empty")
    for name in given:
        if name in RESERVED and name not in SAFE:
            raise ValueError(f"programs: {name!r} is not offered in programs")
    given += sorted(CONTROL) if control_flow else []
    head = st.integers(1, max_inputs).flatmap(
        lambda n: st.binary(min_size=2 * n, max_size=2 * n)
    )
    code = st.binary(min_size=6, max_size=6)
    codes = st.lists(code, min_size=1, max_size=max_ops)
    return _programs(head, codes, given)


@st.composite
def _programs(
    draw: st.DrawFn,
    head: st.SearchStrategy[bytes],
    codes: st.SearchStrategy[list[bytes]],
    names: list[str],
) -> Listing:
    """Composite, so that a failing example is shown as the program itself."""
    return decode(draw(head), draw(codes), names)
