"""`detach()` in programs: the number stays, and no derivative flows through it."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Value
from autograd.core.operand import primal
from autograd.program import compile
from tests.helpers.agreement import TARGETS, agrees
from tests.helpers.tables import named

pytestmark = TARGETS

DETACHED = named(
    """
a leaf: lambda x: x[0].detach() * x[0] * x[1]
a result: lambda x: (x[0] * x[1]).detach() * x[1] + x[0] ** 3
all: lambda x: (x[0] * x[1]).detach() + 1.0
twice: lambda x: (x[0].detach() * x[1]).detach() * x[0] ** 2
compared: lambda x: x[0] * x[1] if x[0].detach() > 0.1 else x[1]
a shifted logsumexp: lambda x: autograd.log(sum([autograd.exp(y - x[0].detach()) for y in x]))
in dots: lambda x: autograd.dot([y.detach() for y in x], x, x[0]) ** 2
a chain: lambda x: sum([x[i % 2].detach() * x[i % 2 - 1] for i in range(40)]) ** 2
""",
    autograd=autograd,
)


@pytest.mark.parametrize("how", DETACHED)
def test_each_method_gives_what_eager_gives(how: str) -> None:
    f = DETACHED[how]
    agrees(f, [0.7, -1.3])
    agrees(f, [[0.7, -1.3], [0.4, 2.0], [0.2, 1.0]], in_axes=(0,))


@pytest.mark.parametrize("x", [-0.0, 0.0, 5e-324, math.inf, -math.inf, math.nan])
def test_a_number_stays_the_same_bits(x: float) -> None:
    functions: list[Callable[[Any], Any]] = [lambda y: y.detach(), lambda y: [y.detach(), y]]
    for f in functions:
        both: Callable[..., Any] = compile(f)
        lanes: Callable[..., Any] = compile(f, in_axes=0)
        for found in (both(x), lanes([x, 1.0])[0]):
            first = found[0] if isinstance(found, list) else found
            assert repr(first) == repr(x)


def cut_root(x: Any) -> Any:
    return autograd.sqrt(x).detach() * x


def test_nothing_flows_even_against_an_infinite_derivative() -> None:
    fast = compile(cut_root)
    assert fast.value_and_grad(0.0) == (0.0, 0.0)


def test_it_is_an_operation_of_the_program_alone() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        y = (x * x).detach()
        seen.append((y.op and y.op.name, y.inputs))
        return y * x

    assert compile(f, verify=False)(3.0) == 27.0
    assert seen[0][0] == "detach"
    del seen[:]
    assert primal(f(Value(3.0))) == 27.0
    assert seen == [(None, ())]


def test_values_from_outside_are_detached_at_each_call() -> None:
    w = Value(2.0)
    fast = compile(lambda x: x * w.detach() * w)
    assert fast(3.0) == 12.0
    w.data = 5.0
    assert fast.value_and_grad(3.0) == (75.0, 25.0)
