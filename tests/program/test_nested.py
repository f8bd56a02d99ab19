"""A compiled function that uses Values of the function around it, which it is called in."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.core.operand import primal
from autograd.program import compile
from autograd.trees import flatten
from tests.helpers.tables import named

INNER = named(
    """
result: lambda x, t: x * x * t
branch: lambda x, t: (3.0 if abs(x) < 1.0 else 4.0) * t * t
both: lambda x, t: x * t if x * t > 2.0 else t.exp() if type(t) is Value else t * x
interior: lambda x, t: (x * 2.0).tanh() * t * t
read out: lambda x, t: t * t * (2.0 if repr(x.data) > '1' else 3.0)
at an edge: lambda x, t: autograd.acos(t / 2.0) * x
nothing: lambda x, t: t * t
""",
    Value=Value,
    autograd=autograd,
)
# What is made of the inner function of t, plain and compiled.
CALLED = named("""
call: lambda made, g: made(g)(2.0)
grad: lambda made, g: made(g).grad(1.5)
value_and_grad: lambda made, g: sum(made(g).value_and_grad(1.5))
argnums: lambda made, g: made(g).value_and_grad(1.5, argnums=(0,))[1][0]
jvp: lambda made, g: sum(made(g).jvp((1.5,), (2.0,)))
jacobian: lambda made, g: made(g).jacobian(1.5)
hvp: lambda made, g: made(g).hvp(1.5, 2.0)
inside another: lambda made, g: made(lambda s: s * made(g)(2.0))(3.0)
twice: lambda made, g: (lambda fast: fast(2.0) + fast(2.0) * fast(1.5))(made(g))
""")


class Plain:
    """The same methods without compiling."""

    def __init__(self, g: Callable[[Any], Any]) -> None:
        self.g = g

    def __call__(self, t: Any) -> Any:
        return self.g(t)

    def grad(self, t: Any) -> Any:
        return autograd.grad(self.g)(t)

    def value_and_grad(self, t: Any, argnums: Any = 0) -> Any:
        return autograd.value_and_grad(self.g, argnums)(t)

    def jvp(self, primals: Any, tangents: Any) -> Any:
        return autograd.jvp(self.g, primals, tangents)

    def jacobian(self, t: Any) -> Any:
        return autograd.jacobian(self.g)(t)

    def hvp(self, t: Any, v: Any) -> Any:
        return autograd.hvp(self.g, (t,), (v,), argnums=0)


AROUND = named(
    """
compiled: compile
gradient of compiled: lambda f: compile(f).grad
grad: autograd.grad
value_and_grad: autograd.value_and_grad
jacobian: autograd.jacobian
jvp: lambda f: lambda x: autograd.jvp(f, (x,), (2.0,))
vjp: lambda f: lambda x: autograd.vjp(f, x)[1](2.0)
hvp: lambda f: lambda x: autograd.hvp(f, (x,), (2.0,))
twice: lambda f: autograd.grad(autograd.grad(f))
""",
    autograd=autograd,
    compile=compile,
)


EACH = [*itertools.product(INNER, CALLED, AROUND)]


@pytest.mark.filterwarnings("ignore:compile")  # of what is read out
@pytest.mark.parametrize(("inner", "method", "around"), EACH[::4])
def test_values_of_the_function_around_are_recorded_on(
    inner: str, method: str, around: str
) -> None:
    def made(kind: Any) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            def g(t: Any) -> Any:
                return INNER[inner](x if type(x) is Value else Value(x), t)

            return x + x * x * CALLED[method](kind, g)

        return f

    fast = AROUND[around](made(compile))
    eager: dict[str, Any] = {"compiled": lambda f: f, "gradient of compiled": autograd.grad}
    plain = eager.get(around, AROUND[around])(made(Plain))
    for x in (0.5, 3.0, 0.25):
        assert flat(fast(x)) == pytest.approx(flat(plain(x)), rel=1e-12, abs=1e-12)


def flat(tree: Any) -> list[float]:
    return [*map(primal, flatten(tree, "")[0])]


def test_with_in_axes_the_function_itself_computes_values() -> None:
    def f(x: Any) -> Any:
        return sum(compile(lambda t: x * t, in_axes=(0,))([1.0, 2.0]))

    assert (compile(f).grad(3.0), autograd.grad(f)(3.0)) == (3.0, 3.0)
    each = compile(lambda t: t["a"] * t["b"], in_axes=(0,))
    x = Value(2.0)
    both = each({"a": [x, 3.0], "b": np.array([5.0, 7.0])})
    assert [*map(primal, both)] == [10.0, 21.0]
    mean = compile(lambda w, t: w * w * w * t[0], in_axes=(None, 1), reduce="mean")
    ts = np.array([[1.0, 2.0], [0.0, 0.0]])
    assert mean(x, ts).data == 12.0
    assert mean.grad(x, ts).data == mean.hessian(x, ts).data == 18.0
    assert mean.jvp((x, ts), (1.0, 0.0 * ts))[1].data == 18.0


def test_values_from_further_outside_get_no_gradient() -> None:
    w = Value(2.0)
    inner = compile(lambda t: w * t)
    assert inner(3.0) == 6.0
    assert autograd.grad(lambda x: x * inner(3.0))(1.0) == 6.0
    assert type(autograd.value_and_grad(lambda x: x * inner(3.0))(1.0)[0]) is float
    around = compile(lambda x: x * inner(3.0))
    assert around(1.0) == 6.0
    w.data = 5.0
    assert around(1.0) == 15.0
    assert around.grad(1.0) == 15.0
