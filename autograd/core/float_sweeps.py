# cython: language_level=3, infer_types=True, auto_pickle=False
"""Sweeps on floats, for the transforms: forward, back, and along a direction.

They keep tangents and cotangents in the field `_grad`, so the graph must be nobody else's. As
in `backward` a NaN shows in the end, and the caller then asks a sweep that explains.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from struct import pack
from typing import Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.blocks import recording
from autograd.core.primitive import TABLE
from autograd.core.sweeps import differentiable_partials, topological_order
from autograd.core.traversal import list_nodes, traverse
from autograd.core.value import Value

__all__ = ["LINEAR", "curvature", "exchange", "exchanger", "fast_order", "list_operations"]
__all__ += ["pull", "push", "read_data"]

if not cython.compiled:  # else in value.pxd and buffers.pxd
    _doubles: Any = memoryview
    _packed: Any = tuple
    _exchange: Any = None
    _exchanger: Any = type(None)

MUL, DIV, POW = TABLE["mul"], TABLE["div"], TABLE["pow"]
LINEAR = frozenset(
    [TABLE[name] for name in ("add", "sub", "neg", "identity", "sum", "where", "take")]
)


def fast_order(
    *roots: Value, since: int = 0, before: list[Value] | None = None
) -> tuple[list[Value], list[Value]]:
    """The `topological_order` of Values; what was made before `since` counts as a leaf.

    Args:
        before: gets those leaves that may have been made before.
    """
    order: list[Value] = []
    leaves: list[Value] = []
    older: list[Value] = []
    if not list_nodes(_above(roots, (1.0,) * len(roots)), order, leaves, older, since):
        order, leaves = topological_order(*roots)
        since = 0
    else:
        del order[0]
        order.reverse()
        leaves += older
    if before is not None:
        before += older if since else leaves
    return order, leaves


def _above(nodes: tuple[Any, ...], partials: tuple[Any, ...]) -> Value:
    """A temporary node with these inputs."""
    above: Value = Value(0.0)
    above._primitive = TABLE["dot"]
    above._extra = (None, nodes, nodes, _packed(partials))
    return above


def read_data(leaves: list[Value], data: Any) -> None:
    """Copy the leaves' data into an array of doubles."""
    if len(data) != len(leaves):
        raise ValueError(f"{len(leaves)} leaves for {len(data)} numbers")
    numbers = _doubles(data)
    x: Value
    i: cython.Py_ssize_t
    for i in range(len(leaves)):
        x = leaves[i]
        numbers[i] = x._data


def exchange(
    leaves: list[Value],
    read: Any,
    data: Any,
    grads: Any,
    others: Sequence[tuple[Any, str, Any]] = (),
) -> bool:
    """Set the leaves' data and grad, unless their data is no longer what was read.

    Arrays of doubles. Afterwards `read` holds the new data, the others may hold anything.
    All is set or nothing: no signal interrupts it.

    Args:
        others: what else to set: objects, names of attributes and what they become.
    """
    if not 0 < len(leaves) == len(read) == len(data) == len(grads):
        counts = [len(each) for each in (read, data, grads)]
        raise ValueError(f"{len(leaves)} leaves for {counts} numbers")
    if cython.compiled:
        if not _exchange(leaves, _doubles(read), _doubles(data), _doubles(grads)):
            return False
        changes = [*others]
    else:
        numbers = [leaf._data for leaf in leaves]
        if pack(f"{len(leaves)}d", *numbers) != read.tobytes():
            return False
        names = [name for name in ("_data", "_da") for _ in leaves]
        new = [*memoryview(data), *memoryview(grads)]
        changes = [*zip([*leaves, *leaves], names, new), *others]
        read[:] = data
    deque(starmap(setattr, changes), 0)
    return True


exchanger = _exchanger()  # pyright: ignore  (the C function that does it, None interpreted)


def list_operations(
    order: list[Value],
    places: dict[Value, int],
    number: Callable[[float], int],
    names: list[str],
    args: list[tuple[int, ...]],
    values: list[float],
) -> None:
    """Append each node's operation, the places of its operands, and 0.

    `places` has those of the leaves, and gets those of the nodes; `number` gives the place of
    an operand that is a number, and may append to the lists itself.
    """
    node: Value
    for node in order:
        row = [places[x] if type(x) is Value else number(x) for x in node.operands]
        args.append(tuple(row))
        places[node] = len(names)
        names.append(node._primitive.name)
        values.append(0.0)


def push(
    seeds: Iterable[tuple[Value, float]],
    order: list[Value],
    leaves: list[Value],
    outputs: Sequence[Any] = (),
) -> list[float]:
    """Forward mode: the tangents of the outputs, from those of the leaves, 0 if not given.

    All nodes hold theirs in `grad`.
    """
    node: Value
    x: Value
    _set_tangents(seeds, leaves)
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
    return [y._grad if type(y) is Value else 0.0 for y in outputs]


def pull(seeds: Sequence[tuple[Value, float]], xs: list[Value]) -> list[float]:
    """Reverse mode: Σ seed · d(node)/d(x) over the pairs (node, seed), for each x."""
    x: Value  # noqa: F842  (compiled, it types the variable of the comprehension)
    _set_tangents((), xs)
    if seeds:
        root, seed = seeds[0]
        if len(seeds) > 1:
            nodes, numbers = zip(*seeds)
            root, seed = _above(nodes, numbers), 1.0
        traverse(root, seed, [], None)
    return [x._grad for x in xs]


def _set_tangents(numbers: Iterable[tuple[Value, float]], leaves: list[Value]) -> None:
    """Let leaves hold these tangents in `grad`, and all others 0."""
    x: Value
    for x in leaves:
        x._grad = 0.0
    for x, number in numbers:
        x._grad = number


def curvature(y: Value, xs: list[Value], direction: Sequence[float]) -> list[float]:
    """The Hessian of y in the leaves xs, times a vector: forward over reverse.

    A pass back gives the cotangents and a pass forward the tangents of all nodes; a second
    pass back, the derivative of the first one along the direction.
    """
    node: Value  # noqa: F842  (compiled, it types the variable of the comprehension)
    order, leaves = fast_order(y)
    pull([(y, 1.0)], xs)
    curved = [
        (node, node._grad) for node in order if node._grad != 0.0 and not _is_linear(node)
    ]
    push(zip(xs, direction), order, leaves)
    with recording():
        bends = [bend for node, upstream in curved for bend in _bends(node, upstream)]
    push((), fast_order(*[d for _, _, d in bends if type(d) is Value])[0], [])
    return pull(
        [(x, upstream * (d._grad if type(d) is Value else d)) for x, upstream, d in bends], xs
    )


def _is_linear(node: Value) -> bool:
    """Whether the partials of a node are the same wherever its operands are."""
    op = node._primitive
    if op is MUL or op is DIV:
        return node._b is None or (op is MUL and node._a is None)
    return op in LINEAR


def _bends(node: Value, upstream: float) -> list[tuple[Value, float, Any]]:
    """The inputs of a node with the cotangent of the node and the tangents of its partials.

    A tangent is a float, or a Value that has it in `grad` once it is pushed there: the rules
    compute on copies, which hold the tangents of the node and its operands.
    """
    a, b = node._a, node._b
    if node._primitive is MUL and a is not None and b is not None:  # noqa: SIM102
        if a._data == node._db and b._data == node._da:
            return [(a, upstream, b._grad), (b, upstream, a._grad)]  # as the rules, but faster
    operands: list[Any] = list(node.operands)
    if node._primitive is POW and type(operands[1]) is float and a is not None:  # noqa: SIM102
        if operands[1] == 2.0 and node._da == 2.0 * a._data:
            return [(a, upstream, 2.0 * a._grad)]
    operands = [_copy(x) if type(x) is Value else x for x in operands]
    partials = differentiable_partials(node, None, _copy(node), operands)
    return [(x, upstream, d) for x, d in zip(node.inputs, partials) if type(d) is Value]


def _copy(x: Value) -> Value:
    copy: Value = Value(x._data)
    copy._grad = x._grad
    return copy
