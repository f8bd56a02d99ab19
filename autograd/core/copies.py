"""Pickling and copying of graphs, also deep ones.

A node's state names its inputs, so pickling it would recurse as deep as the graph. The node
that is pickled first therefore carries the whole graph, inputs first: when a node's turn
comes, its inputs have been written.
"""

from __future__ import annotations

import operator
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.core.operand import is_node
from autograd.core.primitive import Primitive
from autograd.core.sweeps import topological_order

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["checked", "reduced"]


def reduced(node: Value, blank: Callable[[], Value], own: tuple[Any, ...]) -> tuple[Any, ...]:
    """What pickle is told of a node with this state, which `blank` makes."""
    if _carrier.has(node):
        return blank, (), own
    order, leaves = topological_order(node)
    nodes = tuple(leaves + order)
    return blank, (), (*nodes, _carrier.set_out(nodes), *own)


def checked(state: Any) -> tuple[Any, ...]:
    """The node's own part of a state; TypeError if it is none."""
    if type(state) is not tuple or not _is_state(state[-8:]):
        raise TypeError(f"this is no state of a Value: {state!r:.80}")
    return state[-8:]


def _is_state(state: tuple[Any, ...]) -> bool:
    """Whether this is what `_state` gives."""
    if len(state) != 8:
        return False
    data, grad, primitive, a, b, da, db, extra = state
    if not _are(float, (data, grad, da, db)):
        return False
    if not all(map(is_node, [x for x in (a, b) if x is not None])):
        return False
    if primitive is None:
        return a is None and b is None and isinstance(extra, str | None)
    if not isinstance(primitive, Primitive):
        return False
    if type(extra) is not tuple:
        return not (a is None and b is None) and isinstance(extra, str | None)
    return a is None and b is None and len(extra) == 4 and _is_wide(*extra)


def _is_wide(operands: Any, inputs: Any, partials: Any, label: Any) -> bool:
    if not _are(tuple, (operands, inputs, partials)):
        return False
    values = [x for x in operands if type(x) is not float]
    return (
        len(values) == len(inputs) == len(partials)
        and all(map(operator.is_, values, inputs))
        and all(map(is_node, inputs))
        and _are(float, partials)
        and isinstance(label, str | None)
    )


def _are(kind: type, xs: Sequence[Any]) -> bool:
    return all(type(x) is kind for x in xs)


class _Arrived:
    """Closes the list of nodes that a pickled node carries; is itself copied as None."""

    __slots__ = ("__weakref__", "nodes")

    def __init__(self, nodes: tuple[Value, ...]) -> None:
        self.nodes = set(nodes)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        self.nodes.clear()
        return type(None), ()


class _Carrier(threading.local):
    """Which nodes are on their way; none after their copying failed and let them go."""

    arrived: Callable[[], _Arrived | None] = staticmethod(lambda: None)

    def set_out(self, nodes: tuple[Value, ...]) -> _Arrived:
        arrived = _Arrived(nodes)
        self.arrived = weakref.ref(arrived)
        return arrived

    def has(self, node: Value) -> bool:
        arrived = self.arrived()
        return arrived is not None and node in arrived.nodes


_carrier = _Carrier()
