"""Programs as C: every operation of the table, and the bits of arithmetic."""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd import Value, grad, primitive, value_and_grad
from autograd.core.primitive import TABLE
from tests.helpers.in_c import built, needs_compiler
from tests.helpers.operands import LOGS, NAMES, POINTS, operands
from tests.helpers.program_rows import SEVERAL as ROWS

AT_MOST = 25  # points of an operation


@needs_compiler
def test_every_operation(tmp_path: Path) -> None:
    points: dict[str, Any] = {}
    for name in NAMES:
        found = [*zip(*[column.tolist() for column in operands(name)])]
        points[name] = found[:: max(1, len(found) // AT_MOST)]
    points = {name: found for name, found in points.items() if translates(name, found)}
    assert len(points) > 55

    def f(v: dict[str, Any]) -> list[Any]:
        return [TABLE[name](*v[name]) for name in points]

    fast = autograd.compile(f)
    fast({name: [*found[0]] for name, found in points.items()})
    call = built(fast.program.source("c"), tmp_path)
    for k in range(AT_MOST):
        at = {name: found[k % len(found)] for name, found in points.items()}
        leaves = {name: [*map(Value, xs)] for name, xs in at.items()}
        values = [TABLE[name](*xs) for name, xs in leaves.items()]
        for y in values:
            y.backward()
        out, d = call([x for xs in at.values() for x in xs], [1.0] * len(points))
        slopes = iter(d)
        for name, y, z in zip(points, values, out):
            assert math.isclose(y.data, z, rel_tol=1e-14, abs_tol=1e-300), (name, at[name], z)
            for leaf in leaves[name]:
                slope = next(slopes)
                assert math.isclose(leaf.grad, slope, rel_tol=1e-13, abs_tol=1e-300), (
                    name,
                    at[name],
                    slope,
                )


def translates(name: str, points: Sequence[Any]) -> bool:
    fast = autograd.compile(lambda xs: TABLE[name](*xs), verify=False)
    fast([*points[0]])
    try:
        return bool(fast.program.source("c"))
    except NotImplementedError:
        return False


SEVERAL = [row.f for row in ROWS.values()]


@needs_compiler
def test_wide_operations_and_constants(tmp_path: Path) -> None:
    mine = primitive("mine", lambda x: autograd.square(x) + 1.0, lambda out, x: 2.0 * x)

    def f(x: Any) -> Any:
        return [g(x) for g in SEVERAL] + [autograd.sum(x) - math.inf, 2.0, mine(x[1])]

    point = POINTS.T[1].tolist()
    fast = autograd.compile(f)
    fast(point)
    call = built(fast.program.source("c"), tmp_path)
    out: Any = []
    for k, g in enumerate(SEVERAL):
        out, d = call(point, [float(i == k) for i in range(len(SEVERAL) + 3)])
        assert math.isclose(out[k], fast(point)[k], rel_tol=1e-14)
        assert d == pytest.approx(grad(g)(point), 1e-13, 1e-15)
    assert out[-3:] == [-math.inf, 2.0, point[1] ** 2 + 1.0]


@needs_compiler
def test_infinite_logs(tmp_path: Path) -> None:
    fast = autograd.compile(lambda x: autograd.logsumexp(x))
    fast([1.0, 2.0])
    call = built(fast.program.source("c"), tmp_path)
    for x in LOGS.tolist():
        ([out], d), (value, slopes) = call(x, [1.0]), value_and_grad(fast.f)(x)
        assert (out, d) == (value, pytest.approx(slopes, 1e-14))


@needs_compiler
def test_a_sample(tmp_path: Path) -> None:
    fast = autograd.compile(lambda w, x: w * x, in_axes=(None, 0))
    fast(2.0, [3.0])
    call = built(fast.program.source("c"), tmp_path)
    assert call([2.0], [1.0], [3.0]) == ([6.0], [3.0, 2.0])


def arithmetic(draw: random.Random, size: int) -> str:
    """A formula of nothing but + - × ÷ √ in which a name occurs twice at most."""
    terms = [*"abcabc", "3.0", "0.7"]
    draw.shuffle(terms)
    terms = terms[:size]
    while len(terms) > 1:
        x, y = terms.pop(), terms.pop()
        made = f"({x} {draw.choice('+-*/')} {y})"
        terms.insert(0, draw.choice([made, f"sqrt(9.0 + {made})"]))
    return str(terms[0])


@needs_compiler
def test_arithmetic_has_the_bits_of_the_function(tmp_path: Path) -> None:
    draw = random.Random(3)
    texts = [arithmetic(draw, draw.randint(3, 8)) for _ in range(25)]
    names = {"sqrt": autograd.sqrt}
    each = [eval(f"lambda v: (lambda a, b, c: {text})(*v)", names) for text in texts]
    every = autograd.compile(lambda v: [f(v) for f in each])
    points = [[1.1, 0.3, 1.7], [0.9, 0.31, 1.9]]
    every(points[0])
    call = built(every.program.source("c"), tmp_path)
    for k, (f, text) in enumerate(zip(each, texts)):
        for point in points:
            out, d = call(point, [float(i == k) for i in range(len(each))])
            assert (out[k], d) == value_and_grad(f)(point), text
