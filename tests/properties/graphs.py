"""Programs as graphs: recorded, swept and compared."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import Value
from autograd.core.primitive import TABLE
from autograd.testing.programs import Listing

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


def gradients(program: Listing, seed: float = 1.0) -> list[float]:
    leaves, nodes = recorded(program)
    return swept(nodes[-1], leaves, seed)


def linked(program: Listing, x: Value) -> list[Any]:
    """The starts of a program, the same numbers, as nodes that all depend on x."""
    still = x - x.data
    return [start + still * k for start, k in zip(program.starts, (1.0, -0.5, 2.0, 0.7))]


def question(program: Listing, way: str) -> dict[str, Any]:
    """What a worker is asked to run it, its operations reached in one of the ways."""

    def operand(k: float) -> tuple[str, Any]:
        return ("result", k) if type(k) is int else ("number", k.hex())

    steps = [(step.name, way, list(map(operand, step.operands))) for step in program.steps]
    starts = bits(program.starts)
    return {"program": {"starts": starts, "steps": steps, "seed": (1.0).hex()}}
