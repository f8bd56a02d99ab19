"""Pickling and copying of graphs, also deep ones.

A node's state names its inputs, so pickling it would recurse as deep as the graph. The node
that is pickled first therefore carries the whole graph, inputs first: when a node's turn
comes, its inputs have been written.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.core.primitive import Primitive
from autograd.core.sweeps import topological_order

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["checked", "reduced"]


def reduced(node: Value, own: tuple[Any, ...]) -> tuple[Any, ...]:
    """What pickle is told of a node with this state."""
    if node.inputs and not _carrier.has(node):
        order, leaves = topological_order(node)
        nodes = tuple(leaves + order)
        own = (*nodes, _carrier.set_out(nodes), *own)
    return type(node), (0.0,), own


def checked(state: Any, kind: type[Value]) -> tuple[Any, ...]:
    """The node's own part of a state, as `Value._state` gives it; TypeError if it is none."""
    match state:
        case (*_, float(), float(), None | str(), op, tuple(operands), tuple(partials)):
            inputs = [x for x in operands if type(x) is not float]
            if op is None or op is False:  # a leaf, frozen if False
                fits = operands == ()
            else:
                fits = isinstance(op, Primitive) and op.arity in (None, len(operands))
                fits = fits and inputs != []
            kinds = [kind] * len(inputs) + [float] * len(inputs)
            if fits and kinds == [*map(type, inputs), *map(type, partials)]:
                return tuple(state[-6:])
    raise TypeError(f"this is no state of a Value: {state!r:.80}")


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
