"""Black boxes with a derivative of their own: several inputs and outputs, a node each."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, custom_vjp, grad, hessian, jacobian, jvp
from autograd.testing import gradcheck

A, B = np.array([[2.0, 0.5], [1.0, 4.0]]), np.array([2.0, 9.0])
called = {"solve": 0, "pull": 0}


def solve(a: Any, b: Any) -> Any:
    called["solve"] += a.dtype == b.dtype == float
    return np.linalg.solve(a, b)


def pull(g: Any, x: Any, a: Any, b: Any) -> Any:
    called["pull"] += 1
    back = np.linalg.solve(a.T, g)
    return -np.outer(back, x), back


@pytest.fixture
def box() -> Any:
    called.update(solve=0, pull=0)
    return custom_vjp(solve, pull, "solve")


def test_arrays_in_and_out(box: Any) -> None:
    inverse = np.linalg.inv(A)
    assert np.allclose(jacobian(lambda b: box(A, b))(B), inverse, 1e-14)
    assert called == {"solve": 1, "pull": 2}
    expected = -np.einsum("ij,k->ijk", inverse, inverse @ B)
    assert np.allclose(jacobian(box)(A, B), expected, 1e-13)
    assert np.allclose(jvp(lambda b: box(A, b), (B,), (B,)), [inverse @ B] * 2, 1e-14)
    assert gradcheck(lambda a: box(a, B).sum(), A)
    assert box(A, B).dtype == float
    assert box.__name__ == "solve"


def test_it_is_a_node_that_is_drawn_and_stepped(box: Any) -> None:
    b = np.array([Value(2.0, label="p"), Value(9.0, label="q")])
    x, y = box(A, b)
    product = x * y
    product.backward()
    assert str(x.op) == "solve"
    assert x.inputs == (*b,)
    assert [v.grad for v in b] == pytest.approx(grad(lambda b: box(A, b).prod())(B))
    assert "solve(" in product.graph().text()
    assert r"\operatorname{solve}_{1}" in product.graph().latex()
    assert product.steps().events[-1].after in [v.grad for v in b]


def test_structures_and_a_single_argument() -> None:
    f = custom_vjp(lambda x, y: {"s": x + y, "p": x * y}, lambda g, r, x, y: (
        g["s"] + g["p"] * y, g["s"] + g["p"] * x))  # fmt: skip
    assert repr(f) == "<custom_vjp black_box>"
    assert f(2.0, 3.0) == {"s": 5.0, "p": 6.0}
    assert grad(lambda x: f(x, 3.0)["p"])(2.0) == 3.0
    norm = custom_vjp(lambda d: sum(d["v"]), lambda g, r, d: {"v": [g] * len(d["v"])}, "total")
    assert grad(norm)({"v": [1.0, 2.0]}) == {"v": [1.0, 1.0]}
    assert grad(norm)({"v": [1.0, 2.0, 3.0]}) == {"v": [1.0, 1.0, 1.0]}  # another structure
    nodes = [norm({"v": [Value(1.0)] * n}) for n in (2, 3, 2)]
    assert [node.op.name for node in nodes] == ["total", "total.shape1", "total"]
    above = custom_vjp(lambda x: np.where(x > 0.0, x, 0.0), lambda g, r, x: g, "above")
    assert type(above(Value(2.0))) is Value


@dataclass
class Scaled:
    x: Any
    unit: str


def test_arguments_that_are_no_numbers_tell_structures_apart() -> None:
    f = custom_vjp(
        lambda d: d.x * (1000.0 if d.unit == "km" else 1.0),
        lambda g, r, d: Scaled(g * (1000.0 if d.unit == "km" else 1.0), d.unit),
    )
    for unit, factor in (("km", 1000.0), ("m", 1.0), ("km", 1000.0)):
        assert f(Scaled(Value(2.0), unit)).data == 2.0 * factor
        assert grad(lambda x, unit=unit: f(Scaled(x, unit)))(2.0) == factor


def test_programs_call_it(box: Any) -> None:
    def loss(b: Any) -> Any:
        return (box(A, b) ** 2).sum()

    fast = autograd.compile(loss)
    many = autograd.compile(loss, in_axes=0, reduce="sum")
    points = np.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 6.0]])
    for b in points:
        assert np.allclose(fast(b), loss(b), 1e-14)
        assert np.allclose(fast.grad(b), grad(loss)(b), 1e-14)
    assert np.allclose(many.grad(points), [grad(loss)(b) for b in points], 1e-14)


def test_its_last_point_is_known_by_bits() -> None:
    side = custom_vjp(lambda x: math.copysign(2.0, x), lambda g, r, x: 0.0 * g, "side")
    fast = autograd.compile(lambda x: side(x) * 3.0)
    assert [side(Value(x)).data for x in (0.0, -0.0, 0.0)] == [2.0, -2.0, 2.0]
    assert [fast(x) for x in (0.0, -0.0, 0.0)] == [6.0, -6.0, 6.0]


def test_its_last_point_is_computed_again_for_another_number() -> None:
    read = {"k": 2.0}
    scaled = custom_vjp(lambda x: read["k"] * x, lambda g, r, x: g * read["k"], "scaled")
    fast = autograd.compile(lambda x: scaled(x) + x)
    for k in (2.0, 5.0, 7.0):
        read["k"] = k
        x = Value(3.0)
        y = scaled(x)
        y.backward()
        assert (y.data, x.grad) == (3.0 * k, k)
        assert fast.value_and_grad(3.0) == (3.0 * k + 3.0, k + 1.0)


def test_there_is_no_second_derivative(box: Any) -> None:
    for derive in (hessian, lambda f: grad(lambda b: grad(f)(b).sum())):
        with pytest.raises(TypeError, match="solve"):
            derive(lambda b: box(A, b).sum())(B)
