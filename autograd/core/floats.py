# cython: language_level=3, infer_types=True, auto_pickle=False
"""Sweeps on floats, for the transforms: forward, back, and along a direction.

They keep tangents and cotangents in the field `_grad`, so the graph must be nobody else's. As
in `backward` a NaN shows in the end, and the caller then asks a sweep that explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograd.core.no_grad import recording
from autograd.core.primitive import TABLE
from autograd.core.sweeps import differentiable_partials, topological_order
from autograd.core.value import Value

__all__ = ["curvature", "pull", "push", "put"]

MUL = TABLE["mul"]
LINEAR = frozenset(
    [TABLE[name] for name in ("add", "sub", "neg", "identity", "sum", "where", "take")]
)


def push(order: list[Value]) -> None:
    """Forward mode: from the tangents that the leaves hold in `grad`, those of the nodes."""
    node: Value
    x: Value
    for node in order:
        a, b = node._a, node._b
        total = 0.0
        if a is not None:
            total += a._grad * node._da
        if b is not None:
            total += b._grad * node._db
        if a is None and b is None:
            for x, partial in zip(node.inputs, node.partials):
                total += x._grad * partial
        node._grad = total


def pull(order: list[Value]) -> None:
    """Reverse mode: from the cotangents that the nodes hold in `grad`, with those above."""
    node: Value
    x: Value
    for node in reversed(order):
        g = node._grad
        if g == 0.0:
            continue
        a, b = node._a, node._b
        if a is not None:
            a._grad += g * node._da
        if b is not None:
            b._grad += g * node._db
        if a is None and b is None:
            for x, partial in zip(node.inputs, node.partials):
                x._grad += g * partial


def put(numbers: Iterable[tuple[Value, float]], *elsewhere: list[Value]) -> None:
    """Set the gradients of all these nodes to 0, and then add the numbers."""
    node: Value
    for nodes in elsewhere:
        for node in nodes:
            node._grad = 0.0
    for node, number in numbers:
        node._grad += number


def curvature(y: Value, xs: list[Value], direction: Sequence[float]) -> list[float]:
    """The Hessian of y in the leaves xs, times a vector: forward over reverse.

    A pass back gives the cotangents and a pass forward the tangents of all nodes; a second
    pass back, the derivative of the first one along the direction.
    """
    node: Value
    x: Value
    order, leaves = topological_order(y)
    y.backward()
    curved = [
        (node, node._grad) for node in order if node._grad != 0.0 and not _is_linear(node)
    ]
    put(zip(xs, direction), leaves, xs)
    push(order)
    with recording():
        bends = [_bend(node) for node, _ in curved]
    put((), order, leaves, xs)
    for (node, upstream), bend in zip(curved, bends):
        for x, moved in zip(node.inputs, bend):
            x._grad += upstream * moved
    pull(order)
    return [x._grad for x in xs]


def _is_linear(node: Value) -> bool:
    """Whether the partials of a node are the same wherever its operands are."""
    if node._primitive is MUL:
        return node._a is None or node._b is None
    return node._primitive in LINEAR


def _bend(node: Value) -> Sequence[float]:
    """The tangents of a node's partials, from those that it and its inputs hold in `grad`.

    The rules compute on copies, which only they use.
    """
    a, b = node._a, node._b
    if node._primitive is MUL and a is not None and b is not None:
        if a._data == node._db and b._data == node._da:
            return b._grad, a._grad  # as the rules have it, but faster
    operands = [_copy(x) if type(x) is Value else x for x in node.operands]
    partials = differentiable_partials(node, None, _copy(node), operands)
    push(topological_order(*[x for x in partials if type(x) is Value])[0])
    return [x._grad if type(x) is Value else 0.0 for x in partials]


def _copy(x: Value) -> Value:
    copy: Value = Value(x._data)
    copy._grad = x._grad
    return copy
