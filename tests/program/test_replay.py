"""Programs drawn; arguments by name."""

import math
from typing import Any

import autograd
from autograd.program import compile

W = {"w": [0.5, -1.5], "b": 0.25}
X = [3.0, -1.0]


def f(w: Any, x: Any) -> Any:
    """Branches, conditions, wide operations and all that is asked of a number."""
    total = autograd.dot(w["w"], x, w["b"]) + autograd.where(x[0] > w["b"], x[1], -x[1])
    if total > 1.0:
        return {"y": [total.tanh(), 2.0], "z": (autograd.sqrt(total - 1.0), math.inf)}
    scale = int(total) + round(x[0], 1) + math.floor(x[1])
    return {"y": [total * scale, 2.0], "z": (autograd.fsum([*x, total]), math.inf)}


def test_a_program_is_drawn() -> None:
    fast = compile(f)
    fast(W, X)
    graph = fast.program.graph()
    assert sorted(node.label for node in graph if node.label) == ["w0", "w1", "w2", "x0", "x1"]
    assert "<svg" in graph.svg()
    constant = compile(lambda x: 2.0)
    assert constant(1.0) == 2.0
    assert len(constant.program.graph()) == 1


def test_arguments_by_name() -> None:
    def model(x: Any, slope: Any = 2.0, shift: Any = 1.0) -> Any:
        return slope * x + shift

    fast = compile(model)
    assert fast(x=3.0) == 7.0
    assert fast(3.0, shift=0.0) == 6.0
    assert fast(slope=1.0, x=3.0) == 4.0
    assert fast.value_and_grad(x=3.0, slope=5.0) == (16.0, 5.0)
    assert fast.grad(shift=0.0, x=3.0, argnums=1) == 3.0
    assert fast.jacobian(x=3.0, slope=5.0) == 5.0
    lanes = compile(model, in_axes=(0, None, None))
    assert lanes(x=[1.0, 2.0], slope=3.0) == [4.0, 7.0]
