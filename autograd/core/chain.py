# cython: language_level=3, annotation_typing=False, binding=False
"""The chain rule: a node whose gradient is complete gives each of its inputs a share of it.

Reverse-mode differentiation is that, from the root down to the leaves (Linnainmaa 1970;
Griewank & Walther, "Evaluating Derivatives", 2008, chapter 3). `gradients` is the textbook's
version, and `topological_order` the order in which it goes: count the uses of each node, then
go to a node when all that use it have been gone to (Kahn 1962).

`Value.backward` does the same as fast as it can, in `traversal.py`. All other sweeps are made
of `products`, which holds for numbers, Values and mpmath alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd.core.operand import Operand, is_node, primal

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = [
    "gradients",
    "product",
    "products",
    "times_zero",
    "topological_order",
    "untraced_primal",
]


def topological_order(*roots: Value) -> tuple[list[Value], list[Value]]:
    """The interior nodes that the roots depend on, each after its inputs, and the leaves.

    The order depends on the graph alone; `backward` takes it from the last to the first.
    """
    for root in roots:
        if not is_node(root):
            raise TypeError(f"topological_order takes Values, got {root!r:.80}")
    uses = dict.fromkeys(roots, 0)
    nodes = list(uses)
    for node in nodes:  # which grows as it is walked
        for x in node.inputs:
            if x not in uses:
                uses[x] = 0
                nodes.append(x)
            uses[x] += 1
    leaves = [node for node in nodes if node.op is None]
    order = []
    ready = [node for node in nodes if uses[node] == 0]
    while ready:
        node = ready.pop()
        if node.op is not None:
            order.append(node)
        for x in node.inputs:
            uses[x] -= 1
            if uses[x] == 0:
                ready.append(x)
    order.reverse()
    return order, leaves


def gradients(root: Value, seed: float = 1.0) -> dict[Value, float]:
    """seed · d(root)/d(node) for the root and each node below it."""
    order, leaves = topological_order(root)
    grads = dict.fromkeys([*order, *leaves], 0.0)
    grads[root] = seed
    for node in reversed(order):
        for x, partial in zip(node.inputs, node.partials):
            if grads[node] != 0.0:
                grads[x] += grads[node] * partial
    return grads


def product(node: Any, factor: Operand, partial: Operand, x: Any) -> Any:
    """One product of the chain rule: a cotangent or tangent times a partial of a node in x.

    A zero is strong. A zero factor gives zero, even against an infinite partial. So does the
    zero partial of an operation that selects among its operands, or that multiplies x by the
    number 0, even against an infinite factor: the node does not depend on x.
    """
    if type(factor) is float:
        if factor == 0.0:
            return 0.0
        if type(partial) is float and partial != 0.0:
            return factor * partial
    g, d = untraced_primal(factor), untraced_primal(partial)
    if g == 0.0 and not math.isfinite(d):
        return 0.0
    if node.op.strong_zero:
        if primal(partial) == 0.0:  # by which a program that is being recorded may branch
            return 0.0
    elif d == 0.0 and math.isinf(g) and times_zero(node, x):
        return 0.0
    if type(factor) is float and factor == 1.0:
        return partial
    if type(partial) is float and partial == 1.0:
        return factor
    return factor * partial


def untraced_primal(x: Operand) -> float:
    """The float that a Value holds, where nothing that a program computes depends on it."""
    return float(x._data if hasattr(type(x), "_data") else primal(x))


def times_zero(node: Any, x: Any) -> bool:
    """Whether a node is a product of x and the number 0, or a sum of products where it is."""
    operands = node.operands
    half = len(operands) // 2
    others: tuple[Operand, ...] = ()
    if node.op.name == "mul":
        others = operands[::-1]
    elif node.op.name == "dot":
        others = (1.0, *operands[1 + half :], *operands[1 : 1 + half])
    facing = [other for operand, other in zip(operands, others) if operand is x]
    return bool(facing) and all(type(other) is float and not other for other in facing)


def products(
    order: Sequence[Any],
    cotangents: dict[Any, Any],
    partials: Callable[[Any], Iterable[Any]] | None = None,
) -> Iterator[tuple[Any, int, Any, Any, Any]]:
    """Every product of reverse mode, in the order in which `backward` adds them.

    Args:
        order: nodes, each after its inputs.
        cotangents: those so far. Whoever receives a product adds it there, before asking
            for the next.
        partials: gives the partials of a node; the recorded ones if None.

    Yields:
        (node, slot, input, partial, product). What no cotangent reaches has products 0.0.
    """
    for node in reversed(order):
        upstream = cotangents.get(node, 0.0)
        zero = not is_node(upstream) and upstream == 0.0
        known = node.partials if zero or partials is None else partials(node)
        for slot, (x, partial) in enumerate(zip(node.inputs, known)):
            yield node, slot, x, partial, product(node, upstream, partial, x)
