"""Second derivatives of operations of any number of operands are those of eager."""

import random
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd.program import compile

N_ARY: dict[str, Callable[..., Any]] = {
    "sum": lambda xs: autograd.sum([x * x for x in xs]),
    "dot": lambda xs: autograd.dot(xs, [*xs[1:], 1.5], xs[0]),
    "logsumexp": autograd.logsumexp,
    "maximum": lambda xs: autograd.maximum(*xs) ** 2,
    "minimum": lambda xs: autograd.minimum(*xs) ** 2,
    "hypot": lambda xs: autograd.hypot(*xs),
}


def points(width: int) -> list[list[float]]:
    """A generic point, a tie, zeros among others, and zeros alone."""
    draw = random.Random(width)
    generic = [draw.uniform(-2.0, 2.0) for _ in range(width)]
    tie = [*generic[1:], generic[-1]]
    return [generic, tie, [0.0, *generic[1:]], [0.0] * width]


def assert_same_hessian(f: Callable[..., Any], x: list[float]) -> None:
    """Forward over reverse, and a product with a direction, beside reverse over reverse."""
    expected = autograd.hessian(f)(x)
    direction = [1.0 + k for k in range(len(x))]
    fast = compile(f)
    for row, exact in zip(fast.hessian(x), expected, strict=True):
        assert row == pytest.approx(exact, rel=1e-12, abs=1e-12)
    product = [sum(a * v for a, v in zip(row, direction)) for row in expected]
    assert fast.hvp(x, direction) == pytest.approx(product, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("op", N_ARY)
@pytest.mark.parametrize("width", range(2, 10))
@pytest.mark.parametrize("kind", range(4), ids=["generic", "tie", "a zero", "zeros"])
@pytest.mark.parametrize("number", [None, 0.0, 1.0], ids=["no number", "0", "1"])
def test_hessian_of_an_operation(op: str, width: int, kind: int, number: float | None) -> None:
    more = [] if number is None else [number]
    assert_same_hessian(lambda x: N_ARY[op]([*x, *more]), points(width)[kind])


@pytest.mark.parametrize("seed", range(8))
def test_hessian_of_operations_of_several_widths(seed: int) -> None:
    draw = random.Random(seed)
    names = [draw.choice([*N_ARY]) for _ in range(4)]
    widths = [draw.randint(2, 9) for _ in names]

    def f(x: list[Any]) -> Any:
        total = 0.0
        for name, width in zip(names, widths):
            operands = [x[k % 5] for k in range(width)]
            operands[0] = autograd.erf(operands[0])
            total = total + N_ARY[name]([*operands, autograd.tanh(total)])
        return total

    assert_same_hessian(f, [draw.uniform(-1.5, 1.5) for _ in range(5)])


def test_hessian_of_logsumexps_of_several_widths() -> None:
    def f(x: list[Any]) -> Any:
        few = autograd.logsumexp([x[0], x[1]])
        more = autograd.logsumexp([x[1], autograd.erf(x[1]), x[0]])
        return (
            few + more + autograd.logsumexp([autograd.exp(x[1]), autograd.tanh(more), 1.0, 2.0])
        )

    assert_same_hessian(f, [0.5, 1.0])


def test_hessian_of_a_distance_at_its_minimum() -> None:
    distance = compile(lambda x: autograd.hypot(x[0] - 1.0, x[1] - 2.0, 1.0))
    assert distance.hessian([1.0, 2.0]) == [[1.0, 0.0], [0.0, 1.0]]


def test_hessians_of_lanes() -> None:
    f = compile(lambda x: autograd.hypot(x[0] - 1.0, x[1] - 2.0, 1.0), in_axes=0)
    assert f.hessian([[1.0, 2.0], [1.0, 2.0]]) == [[[1.0, 0.0], [0.0, 1.0]]] * 2
