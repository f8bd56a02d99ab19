"""Hypothesis strategies: numbers, points of primitives, and random programs.

from hypothesis import given
from autograd.testing import check_gradients
from autograd.testing.strategies import programs

@given(programs())
def test_gradients(program):
    check_gradients(program, *program.starts)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

try:
    from hypothesis import assume
    from hypothesis import strategies as st
except ImportError:
    raise ImportError(
        "autograd.testing.strategies needs hypothesis: pip install 'scalar-autograd[test]'"
    ) from None

from autograd.core.primitive import RESERVED, TABLE, Primitive
from autograd.testing.programs import SAFE, Program, woven

__all__ = ["points", "programs", "values"]


def values() -> st.SearchStrategy[float]:
    """Finite floats of all sizes: mild ones, tiny, huge, and close to 0, 1 and -1.

    >>> from hypothesis import find
    >>> find(values(), lambda x: x > 1e100) > 1e100
    True
    """
    sizes = st.floats(-300.0, 300.0).map(lambda e: 10.0**e)
    gaps = st.floats(-16.0, 0.0).map(lambda e: 1.0 - 10.0**e)
    signs = st.sampled_from([1.0, -1.0])
    return (
        st.floats(-4.0, 4.0)
        | st.integers(-3, 3).map(float)
        | st.tuples(signs, sizes | gaps).map(lambda pair: pair[0] * pair[1])
    )


def _ball(x: float) -> float:
    return x if abs(x) <= 1.0 else 1.0 / x


def _modulo(largest: float) -> Callable[[float], float]:
    return lambda x: math.remainder(x, 2.0 * largest)


_INTO_DOMAIN: dict[str, Callable[[float], float]] = {
    **dict.fromkeys(["log", "log2", "log10"], lambda x: abs(x) or 1.0),
    **dict.fromkeys(["asin", "acos"], _ball),
    **dict.fromkeys(["exp", "expm1", "sinh", "cosh"], _modulo(709.0)),
    "exp2": _modulo(1023.0),
    "atanh": lambda x: _ball(x) if abs(x) != 1.0 else 0.5,
    **dict.fromkeys(["sqrt", "rsqrt"], abs),
    "acosh": lambda x: 1.0 + abs(x),
    "log1p": lambda x: x if x > -1.0 else -x,
    "reciprocal": lambda x: x if abs(x) > 1e-300 else 1.0,
}


def _found(function: str, primitive: str | Primitive) -> Primitive:
    if isinstance(primitive, Primitive):
        return primitive
    if not isinstance(primitive, str):
        raise TypeError(f"{function}: a primitive or the name of one is wanted: {primitive!r}")
    if primitive not in TABLE:
        raise ValueError(f"{function}: no primitive is called {primitive!r}")
    return TABLE[primitive]


def points(primitive: str | Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Operands at which a primitive has a finite value: also near its edges and its kinks.

    Args:
        primitive: its name, or the primitive itself; yours as well as the library's.

    Raises:
        TypeError: it is neither.
        ValueError: no primitive has that name.

    >>> from hypothesis import find
    >>> find(points("acosh"), lambda xs: xs[0] < 1.01)
    (1.0,)
    """
    return _points(_found("points", primitive))


@st.composite
def _points(draw: st.DrawFn, op: Primitive) -> tuple[float, ...]:
    into = _INTO_DOMAIN.get(op.name, float)
    operands = [into(draw(values()))]
    count = op.arity or draw(st.integers(1, 4))
    if op.name == "dot":
        count = 1 + 2 * draw(st.integers(0, 2))
    while len(operands) < count:
        gap = draw(st.none() | st.just(0.0) | st.floats(-16.0, 0.0).map(lambda e: 10.0**e))
        other = draw(values()) if gap is None else operands[-1] * (1.0 + gap)
        operands.append(other)
    if op.name == "take":
        operands[0] = float(draw(st.integers(1 - count, count - 2))) if count > 1 else 0.0
        assume(count > 1)
    elif op.name == "where":
        operands[0] = float(draw(st.booleans()))
    elif op.name == "clip":
        operands[1:] = sorted(operands[1:])
    elif op.name == "pow" and operands[0] <= 0.0:
        operands[1] = float(draw(st.integers(1, 8)))
    elif op.name == "div":
        operands[1] = operands[1] or 1.0
    try:
        assume(math.isfinite(op(*operands)))
    except (ValueError, ArithmeticError):
        assume(False)
    return tuple(operands)


def programs(
    max_inputs: int = 4,
    max_ops: int = 12,
    primitives: Iterable[str | Primitive] | None = None,
) -> st.SearchStrategy[Program]:
    """Random straight-line programs with shared sub-expressions.

    Each step is smooth and mild at the numbers that it meets, so that a derivative which
    differs from differences is wrong. They shrink: with one rule broken, to one operation
    or two.

    Args:
        max_inputs, max_ops: how many numbers to start from, and operations, at most.
        primitives: what they are made of, names or primitives, yours as well; the library's
            if None.

    Raises:
        TypeError: a limit that is no int, or something that is no primitive nor its name.
        ValueError: less than one input or operation, or an operation that is not offered.

    >>> from hypothesis import find
    >>> print(find(programs(primitives=["sin"]), lambda program: len(program.steps) == 2))
    v0 = 1.0
    v1 = sin(v0)
    v2 = sin(v1)
    """
    for limit in (max_inputs, max_ops):
        if type(limit) is not int:
            raise TypeError(f"programs: max_inputs and max_ops are ints, got {limit!r}")
    if max_inputs < 1 or max_ops < 1:
        raise ValueError(
            f"programs: max_inputs and max_ops are 1 or more, got {max_inputs}, {max_ops}"
        )
    if isinstance(primitives, str):
        raise TypeError(f"programs: primitives is a list of names, such as [{primitives!r}]")
    chosen = sorted(SAFE) if primitives is None else primitives
    given = [_found("programs", p).name for p in chosen]
    if not given:
        raise ValueError("programs: no primitives are given to make programs of")
    for name in given:
        if name in RESERVED and name not in SAFE:
            raise ValueError(f"programs: none are made of {name!r}")
    head = st.integers(1, max_inputs).flatmap(
        lambda n: st.binary(min_size=2 * n, max_size=2 * n)
    )
    code = st.binary(min_size=6, max_size=6)
    codes = st.lists(code, min_size=1, max_size=max_ops)
    return _woven(head, codes, given)


@st.composite
def _woven(
    draw: st.DrawFn,
    head: st.SearchStrategy[bytes],
    codes: st.SearchStrategy[list[bytes]],
    names: list[str],
) -> Program:
    """Composite, so that a failing example is shown as the program itself."""
    return woven(draw(head), draw(codes), names)
