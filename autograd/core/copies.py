"""Pickling and copying of graphs, also deep ones.

A node's state names its inputs, so pickling it would recurse as deep as the graph, and so would
a deep copy, which asks for the same. The node that comes first therefore carries the whole
graph, inputs first: when a node's turn comes, its inputs have been written. One that comes
later carries what is new.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autograd.core.primitive import Primitive

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["checked", "reduced"]


def reduced(node: Value, own: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what `__reduce_ex__` of a node with this state gives pickle."""
    return type(node), (0.0,), (*_carrier.before(node), *own) if node.inputs else own


def checked(state: Any, kind: type[Value]) -> tuple[Any, ...]:
    """The node's own part of a state, as `Value._state` gives it; TypeError if it is none."""
    with suppress(TypeError, ValueError):
        own = tuple(state[-6:] if type(state) is tuple else "")
        data, grad, label, op, operands, partials = own
        inputs = [x for x in operands if type(x) is kind]
        numbers = [data, grad, *partials, *[x for x in operands if type(x) is not kind]]
        fits = {*map(type, numbers)} == {float} and type(operands) is type(partials) is tuple
        if fits and (label is None or type(label) is str):
            if op is None or op is False:  # a leaf, frozen if False
                fits = operands == partials == ()
            else:
                fits = isinstance(op, Primitive) and op.arity in (None, len(operands))
                fits = fits and 0 < len(inputs) == len(partials)
            if fits:
                return own
    raise TypeError(f"this is no state of a Value: {state!r:.80}")


class _Told:
    """The nodes that one pickler has met; it keeps this as long as it works, and writes None.

    Attributes:
        known: the nodes, by their ids.
        coming: the ids of those that have been named, and are still to be written.
    """

    __slots__ = ("__weakref__", "coming", "known")

    def __init__(self) -> None:
        self.known: dict[int, Value] = {}
        self.coming: set[int] = set()

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(None), ()


class _Carrier(threading.local):
    """Knows what was told to the pickler at work; nothing after it failed and was let go."""

    told: Callable[[], _Told | None] = staticmethod(lambda: None)

    def before(self, node: Value) -> tuple[Any, ...]:
        """Return what is written before the state of a node: the new nodes below it."""
        told = self.told()
        if told is not None and id(node) in told.coming:
            told.coming.remove(id(node))
            return ()
        if told is None or id(node) in told.known:  # so this is another pickler
            told = _Told()
            self.told = weakref.ref(told)
        nodes: list[Value] = []
        stack = [node]
        while stack:
            missing = [x for x in stack[-1].inputs if id(x) not in told.known]
            if missing:
                stack += missing
                continue
            each = stack.pop()
            if id(each) not in told.known:
                told.known[id(each)] = each
                nodes.append(each)
        told.coming.update([id(x) for x in nodes[:-1] if x.inputs])
        return (*nodes[:-1], told)


_carrier = _Carrier()
