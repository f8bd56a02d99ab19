"""Random programs of shared sub-expressions, and what is done with their graphs."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.core.primitive import TABLE
from tests.helpers.programs import Applied, Listing, programs

Function = Callable[..., Any]
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "abs": operator.abs,
    "exp": autograd.exp,
    "tanh": autograd.tanh,
    "relu": autograd.relu,
}


POLYNOMIAL = ["add", "mul", "sub", "neg", "square", "sum", "dot", "identity"]


def whole_programs(max_ops: int) -> st.SearchStrategy[Listing]:
    """Polynomials of small whole numbers, so that every derivative is exact."""

    def rounded(program: Listing) -> Listing:
        return Listing(
            tuple([float(round(x)) for x in program.starts]),
            tuple([Applied(s.name, tuple(map(whole, s.operands))) for s in program.steps]),
        )

    def whole(operand: int | float) -> int | float:
        return operand if type(operand) is int else float(round(operand))

    def is_small(program: Listing) -> bool:
        return all(abs(x) < 1e3 for x in run(program, program.starts))

    drawn = programs(max_ops=max_ops, primitives=POLYNOMIAL)
    return drawn.map(rounded).filter(is_small)


def spelled(name: str) -> Callable[..., Any]:
    """An operation as people write it: what is written out for speed, not its entry."""
    return OPERATORS.get(name, TABLE[name])


def run(program: Listing, starts: Sequence[Any]) -> list[Any]:
    """Every result of a program, the starts first."""
    return program.run(starts, spelled)


def bits(xs: Sequence[float]) -> list[str]:
    return [x.hex() for x in xs]


def recorded(program: Listing) -> tuple[list[Value], list[Value]]:
    """The leaves and every node of a program, in its order."""
    leaves = [Value(x) for x in program.starts]
    return leaves, run(program, leaves)


def last(program: Listing) -> Function:
    return lambda *xs: run(program, xs)[-1]


def final(program: Listing, count: int) -> Function:
    """The last results, as many as there are up to `count`."""
    return lambda *xs: run(program, xs)[-count:]


def swept(root: Value, leaves: Sequence[Value], seed: float = 1.0) -> list[float]:
    """The gradients by `backward` alone, whatever was there before."""
    for leaf in leaves:
        leaf.grad = 0.0
    root.backward(seed)
    return [leaf.grad for leaf in leaves]
