"""Each stage on the way from a function to the kernel, as text."""

from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import compile
from autograd.program.kernel import kernel
from autograd.program.targets.instructions import arity_of

needs_kernel = pytest.mark.skipif(kernel() is None, reason="no kernel: needs a C compiler")


def neuron(w: Any, x: Any) -> Any:
    return autograd.tanh(w[0] * x[0] + w[1] * x[1] + w[2]) * w[3]


@pytest.fixture(name="fast")
def compiled_neuron() -> Any:
    fast = compile(neuron, in_axes=(None, 0))
    fast([0.5, -1.0, 0.2, 2.0], [[1.0, 2.0], [3.0, 4.0]])
    return fast


def test_the_tape(fast: Any) -> None:
    assert (
        fast.source("tape")
        == """\
%0 = w[0]
%1 = w[1]
%2 = w[2]
%3 = w[3]
%4 = x[0]  in each lane
%5 = x[1]  in each lane
%6 = dot %2 %0 %1 %4 %5  in each lane
%7 = tanh %6  in each lane
%8 = mul %7 %3  in each lane
outputs: %8
"""
    )


def test_the_program_and_its_derivative(fast: Any) -> None:
    program, gradient = fast.source("program").split("\n\n")
    assert (
        program
        == """\
%0 = input w  (4 rows)
%1 = input x  (2 rows × lanes)
%2 = pick %0 [0:2]  (2 rows)
%3 = pick %0 [2:3]  (1 row)
%4 = matmul %2 %1 %3  (1 row × lanes)
%5 = map tanh(%4)  (1 row × lanes)
%6 = pick %0 [3:4]  (1 row)
%7 = map mul(%5, %6)  (1 row × lanes)
out = %7"""
    )
    assert gradient.startswith(program.removesuffix("out = %7"))
    assert "%8 = input seed  (1 row × lanes)" in gradient
    assert "outer" in gradient
    assert "d_w = %16" in gradient


@needs_kernel
def test_the_instructions(fast: Any) -> None:
    lines = fast.source("kernel").splitlines()
    assert lines[:5] == [
        "for each block of lanes:",
        "    v[6] = matmul(1×2 from u[0], v[0:2]) + u[2], …",
        "    v[7] = tanh(v[6])",
        "    v[8] = mul(v[7], u[3])",
        "    check the floating-point flags",
    ]
    assert any(" += outer(" in line for line in lines)
    assert "    v[12:14] = matmul(2×1 from u[0], v[11])" in lines


def repeats(w: Any, points: Any) -> Any:
    """A neuron on points."""
    return autograd.fsum([autograd.tanh(autograd.dot(w, x) + w[0]) for x in points])


REPEATED = [0.1, 0.2], [[0.1 * k, 0.2] for k in range(40)]
INSTRUCTIONS: list[tuple[Callable[..., Any], Any, str]] = [
    (lambda x: x[0] * x[1] + autograd.sin(x[0]), ([1.0, 2.0],), "operations in turn, on u["),
    (lambda x: x[0] * x[1] + autograd.sin(x[0]), ([1.0, 2.0],), "the adjoints of "),
    (
        lambda x: autograd.logsumexp(x),
        ([1.0] * 9,),
        "logsumexp of (u[0], u[1], u[2], u[3], u[4]",
    ),
    (repeats, REPEATED, "summed over the lanes"),
    (repeats, REPEATED, " = for each lane its rows of u"),
    (repeats, REPEATED, "for each lane its rows of u += "),
]


@needs_kernel
@pytest.mark.parametrize(("f", "args", "text"), INSTRUCTIONS)
def test_instructions_of_other_kinds(f: Callable[..., Any], args: Any, text: str) -> None:
    fast = compile(f)
    fast(*args)
    assert text in fast.source("kernel")


@needs_kernel
def test_every_operation_of_the_kernel_has_operands() -> None:
    module: Any = kernel()
    elementwise = module.OPERATIONS[: module.OPERATIONS.index("check")]
    assert {arity_of(op) for op in elementwise} == {1, 2, 3}


@needs_kernel
def test_a_rule_for_floats_only_has_no_instructions() -> None:
    own = autograd.primitive("own_stage", lambda x: float(f"{x:.3f}"), lambda out, x: 1.0)
    fast = compile(lambda x: own(x) * x)
    fast(2.0)
    with pytest.raises(NotImplementedError, match="kernel"):
        fast.source("kernel")
