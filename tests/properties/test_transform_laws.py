"""Laws of the transforms: forward is reverse, the Hessian is symmetric, and one is another.

To the bit: where two ways round differently, of programs on small whole numbers.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    Value,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    value_and_jacobian,
    vjp,
)
from autograd.core.operand import primal
from tests.helpers.graphs import bits, final, last, recorded, swept, whole_programs
from tests.helpers.programs import Listing, programs

smooth = programs()
whole = whole_programs(12)
few = whole_programs(8)
steps = st.lists(st.integers(-3, 3).map(float), min_size=4, max_size=4)
Function = Callable[..., Any]


def dot(xs: Any, ys: Any) -> Fraction:
    return sum((Fraction(x) * Fraction(y) for x, y in zip(xs, ys, strict=True)), Fraction(0))


def everywhere(program: Listing) -> tuple[int, ...]:
    return tuple(range(len(program.starts)))


@given(program=whole, v=steps, u=steps)
def test_forward_is_reverse_exactly(program: Listing, v: list[float], u: list[float]) -> None:
    v = v[: len(program.starts)]
    f = final(program, 4)
    u = u[: len(f(*program.starts))]
    rows = jacobian(f, everywhere(program))(*program.starts)
    _, pushed = jvp(f, program.starts, tuple(v))
    _, pullback = vjp(f, *program.starts)
    assert pushed == [dot(row, v) for row in zip(*rows)]
    assert list(pullback(u)) == [dot(column, u) for column in rows]
    for j, column in enumerate(rows):
        assert jvp(f, program.starts, (v[j],), argnums=j)[1] == [v[j] * d for d in column]
        assert vjp(f, *program.starts, argnums=j)[1](u) == dot(column, u)


@given(program=smooth)
def test_a_jacobian_holds_the_gradients_of_the_results(program: Listing) -> None:
    """In reverse to the bit, of each result alone; forward, what a unit tangent pushes."""
    f = final(program, 3)
    starts, every = program.starts, everywhere(program)
    columns = jacobian(f, every, mode="reverse")(*starts)
    pushed = jacobian(f, every, mode="forward")(*starts)
    leaves, nodes = recorded(program)
    for i, node in enumerate(nodes[-3:]):
        alone = swept(node, leaves)
        assert bits([column[i] for column in columns]) == bits(alone)
        assert jacobian(f, mode="reverse")(*starts)[i].hex() == alone[0].hex()
    for j in every:
        unit = tuple([float(j == k) for k in every])
        assert bits(jvp(f, starts, unit)[1]) == bits(pushed[j])
    fewer = pushed if len(every) < len(columns[0]) else columns
    assert value_and_jacobian(f, every)(*starts) == (list(f(*starts)), fewer)


@given(program=smooth)
def test_one_gradient_by_many_names(program: Listing) -> None:
    leaves, nodes = recorded(program)
    plain = swept(nodes[-1], leaves)
    starts, every = program.starts, everywhere(program)
    f = last(program)
    assert bits(grad(f, every)(*starts)) == bits(plain)
    assert bits(grad(lambda xs: f(*xs))(list(starts))) == bits(plain)
    value, slopes = value_and_grad(f, every)(*starts)
    assert bits([value, *slopes]) == bits([nodes[-1].data, *plain])
    value, pullback = vjp(f, *starts)
    assert bits([value, *pullback(1.0)]) == bits([nodes[-1].data, *plain])
    assert [grad(f, i)(*starts) for i in every] == plain
    within = grad(lambda *xs: grad(lambda c: c * f(*xs))(2.0), every)(*starts)
    assert list(within) == plain
    assert gradient(nodes[-1], nodes) == [x.grad for x in nodes]
    again = gradient(nodes[-1], leaves, create_graph=True)
    assert [x.data for x in again] == plain
    assert list(map(primal, grad(f, every)(*leaves))) == plain
    assert bits([x.grad for x in leaves]) == bits(plain)


@given(program=whole, v=steps, u=steps)
def test_derivatives_in_cotangents_and_tangents(
    program: Listing, v: list[float], u: list[float]
) -> None:
    """u · (J v) is linear in u and in v, and J is what it is differentiated to."""
    f, starts = final(program, 4), program.starts
    v, u = v[: len(starts)], u[: len(f(*starts))]
    _, pullback = vjp(f, *starts)
    rows = [list(row) for row in zip(*jacobian(f, everywhere(program))(*starts))]
    along: list[Any] = [dot(row, v) for row in rows]
    back: list[Any] = [dot(column, u) for column in zip(*rows)]
    by_u = grad(lambda u: autograd.dot(pullback(u), v))(u)
    by_v = grad(lambda v: autograd.dot(jvp(f, starts, tuple(v))[1], u))(v)
    assert (by_u, by_v) == (along, back)
    cotangents, tangents = list(map(Value, u)), tuple(map(Value, v))
    assert list(map(primal, pullback(cotangents))) == back
    assert list(map(primal, jvp(f, starts, tangents)[1])) == along


@settings(max_examples=200)
@given(program=few, v=steps)
def test_second_derivatives_of_whole_numbers(program: Listing, v: list[float]) -> None:
    """Symmetric, and hvp multiplies with them, whichever mode is over which."""
    f, starts, every = last(program), program.starts, everywhere(program)
    v = v[: len(starts)]
    h = hessian(f, every)(*starts)
    product = [dot(row, v) for row in h]
    assert h == tuple(zip(*h))
    assert hessian(lambda xs: f(*xs))(list(starts)) == [list(row) for row in h]
    assert list(hvp(f, starts, tuple(v))) == product
    for i, row in enumerate(h):
        assert hvp(f, starts, (v[i],), argnums=i) == row[i] * v[i]
    slope = grad(f, every)
    assert list(vjp(slope, *starts)[1](v)) == product
    assert list(grad(lambda *xs: autograd.dot(slope(*xs), v), every)(*starts)) == product
    along = grad(lambda *xs: jvp(f, xs, tuple(v))[1], every)
    assert list(along(*starts)) == product


@given(program=few, v=steps)
def test_forward_over_forward_is_reverse_over_reverse(program: Listing, v: list[float]) -> None:
    """Up to the third, of whole numbers."""
    v = v[: len(program.starts)]
    f: Function = last(program)
    g: Function = last(program)
    for _ in range(3):
        f, g = pushed_along(f, v), pulled_along(g, v)
        assert f(*program.starts) == g(*program.starts)


def pushed_along(f: Function, v: list[float]) -> Function:
    return lambda *xs: jvp(f, xs, tuple(v))[1]


def pulled_along(f: Function, v: list[float]) -> Function:
    return lambda *xs: autograd.dot(grad(f, tuple(range(len(xs))))(*xs), v)
