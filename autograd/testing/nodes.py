"""Each recorded partial of a graph against differences of its primitive's value rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.core.operand import primal
from autograd.core.primitive import RESERVED, Primitive
from autograd.core.value import Value
from autograd.testing.decide import Decision, Question, decide, starts
from autograd.testing.richardson import ULP, Line, Samples

__all__ = ["NodeCheck", "check_nodes", "partial_sizes", "rounding", "slots"]


class NodeCheck(NamedTuple):
    """The decision on one partial of one node."""

    node: Value
    slot: int
    analytic: float
    decision: Decision


def check_nodes(order: Sequence[Value]) -> list[NodeCheck]:
    """Check every recorded partial, each combination of primitive and operands once."""
    seen: set[Any] = set()
    found: list[NodeCheck] = []
    for node in order:
        op: Any = node.op
        operands = node.operands
        numbers = tuple([primal(x) for x in operands])
        partials = node.partials
        key = (op.name, numbers, partials)
        if key in seen:
            continue
        seen.add(key)
        noise = rounding(node)
        for slot, partial in zip(slots(node), partials):
            if not math.isnan(partial):
                decision = check_partial(op, numbers, slot, partial, node.data, noise)
                found.append(NodeCheck(node, slot, partial, decision))
    return found


def check_partial(
    op: Primitive,
    numbers: tuple[float, ...],
    slot: int,
    partial: float,
    out: float,
    noise: float,
) -> Decision:
    """Whether d(op)/d(operand) is `partial` at these numbers, where op has the value out."""
    value = op.value
    before, after = numbers[:slot], numbers[slot + 1 :]
    x = numbers[slot]

    def along(t: float) -> tuple[float]:
        return (float(value(*before, t, *after)),)

    exact = op.selects and op.name in RESERVED
    line = Line(Samples(along, 80), x, out, noise, 0.0 if exact else 2.0 * ULP)
    steps = starts(x, before + after)
    if op.kink:
        distances = [abs(x - c) for c in before + after if x != c]
        near = [max(0.25 * d, math.ulp(x)) for d in sorted(distances) if d < (abs(x) or 1.0)]
        steps = near + steps
    return decide(Question(line, partial, 0.0, 16.0 * ULP * abs(partial)), steps)


def rounding(node: Value) -> float:
    """The round-off of a node: some ulp of the result, or of the terms inside it."""
    op: Any = node.op
    if op.selects and op.name in RESERVED:
        return 0.0
    size = 2.0 * abs(node.data)
    if op.variadic or op.name not in RESERVED:
        size += sum([abs(x.data * d) for x, d in zip(node.inputs, node.partials)])
    return ULP * size


def slots(node: Value) -> list[int]:
    """The places of a node's inputs among its operands."""
    return [slot for slot, x in enumerate(node.operands) if type(x) is Value]


def partial_sizes(node: Value) -> list[float]:
    """The sizes of a node's partials, or of their terms, by which their round-off goes."""
    sizes = [abs(partial) for partial in node.partials]
    op: Any = node.op
    if op.name in ("silu", "gelu") and node.inputs[0].data:  # whose two terms cancel at a root
        sizes[0] += abs(node.data / node.inputs[0].data)
    return sizes
