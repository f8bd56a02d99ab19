# cython: language_level=3, infer_types=True, binding=False
"""The chain rule: a node whose gradient is complete gives each of its inputs a share of it.

Reverse-mode differentiation is that, from the root down to the leaves (Linnainmaa 1970;
Griewank & Walther, "Evaluating Derivatives", 2008, chapter 3). `gradients` is the textbook's
version: count the uses of each node, then go to a node when all that use it have been gone to
(Kahn 1962). `accumulate`, which `Value.backward` calls, does the same with fields of the nodes
instead of dicts.

A share is upstream · partial, with a strong zero: what has a gradient of zero contributes
nothing, even against an infinite partial.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if sys.platform == "cython":
    import cython
else:
    from autograd.core import cython

from autograd.core.operand import describe

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["accumulate", "gradients", "list_nodes"]


def gradients(root: Value, seed: float = 1.0) -> dict[Value, float]:
    """seed · d(root)/d(node) for the root and each node below it."""
    uses = {root: 0}
    nodes = [root]
    for node in nodes:  # which grows as it is walked
        for x in node.inputs:
            if x not in uses:
                uses[x] = 0
                nodes.append(x)
            uses[x] += 1
    grads = dict.fromkeys(nodes, 0.0)
    grads[root] = seed
    ready = [root]
    while ready:
        node = ready.pop()
        for x, partial in zip(node.inputs, node.partials):
            if grads[node] != 0.0:
                grads[x] += grads[node] * partial
            uses[x] -= 1
            if uses[x] == 0:
                ready.append(x)
    return grads


if not cython.compiled:  # else in node.h, where the nodes of a stack hang together by a field
    _none: Any = None
    _stack: Any = list
    _push = _put = list.append
    _pop = list.pop
    _wide = attrgetter("_extra")
    _inputs: Any = tuple

    def _at(node: Any) -> Any:
        return node

    _doubles = _at


_passes = 0  # how many there have been


def accumulate(root: Value, seed: float, known: dict[Value, float] | None = None) -> Any:
    """Add what `gradients` finds to the leaves' gradients; set those of the interior nodes.

    Where it finds NaN, returns True, with the leaves as they were. `known` is what to add
    instead.

    Raises:
        FloatingPointError: a sum with what was there before is NaN.
    """
    added: float
    leaves: list[Any] = []
    root._grad = seed  # raises, compiled, for what is no node
    now = _sweep((root,), seed, leaves, None)
    if known is None and now != _passes:
        # Another pass came in between, in a signal handler, a finalizer or another thread,
        # and may have used the same fields.
        known = gradients(root, seed)
    if known is not None:
        leaves = [each for each in known if each.op is None]
        for each in known:
            node = _at(each)
            node._grad = known[each]
    for each in leaves:
        leaf = _at(each)
        leaf._db = leaf._da
        added = leaf._grad if known is None else known[each]
        if added != added and known is None:
            return True
        if leaf._da + added != leaf._da + added and leaf._da == leaf._da and added == added:
            raise FloatingPointError(
                f"backward adds {added!r} to the gradient {leaf._da!r} of "
                f"{describe([each])}; call zero_grad between the passes"
            )
    try:
        for each in leaves:
            leaf = _at(each)
            added = leaf._grad
            if known is None and now != _passes:
                known = gradients(root, seed)
            if known is not None:
                added = known[each]
            leaf._da += added
    except BaseException:  # an interrupt
        for each in leaves:
            leaf = _at(each)
            leaf._da = leaf._db
        raise


def list_nodes(roots: tuple[Value, ...], order: list[Value], leaves: list[Value]) -> Any:
    """List the interior nodes, each before its inputs, and the leaves.

    False, if another pass came in between: then the lists may be wrong.
    """
    return _sweep(roots, 0.0, leaves, order) == _passes


def _sweep(roots: tuple[Any, ...], seed: float, leaves: list[Any], order: Any) -> Any:
    """Put into each node's `_grad` what `gradients` finds; return the number of this pass.

    With `order`, lists the interior nodes there instead. Uses count if they are of this pass:
    an interrupted one leaves some.
    """
    global _passes
    i: cython.Py_ssize_t
    _passes = now = _passes + 1
    none = _none
    stack = _stack()
    for each in roots:
        node = _at(each)
        if node._uses == 0 or node._pass != now:
            node._pass = now
            node._uses = 0
            _push(stack, node)
        node._uses += 1
    while stack:
        node = _pop(stack)
        if order is None:
            node._grad = 0.0
        a = node._a
        b = node._b
        if a is not none:
            if a._uses == 0 or a._pass != now:
                a._pass = now
                a._uses = 0
                _push(stack, a)
            a._uses += 1
        if b is not none:
            if b._uses == 0 or b._pass != now:
                b._pass = now
                b._uses = 0
                _push(stack, b)
            b._uses += 1
        if node._primitive is none:
            _put(leaves, node)
        elif a is none and b is none:
            wide: tuple[Any, ...] = _wide(node)
            n = len(wide[1])
            for x in _inputs(wide[1])[:n]:  # compiled, an array that doesn't know its length
                if x._uses == 0 or x._pass != now:
                    x._pass = now
                    x._uses = 0
                    _push(stack, x)
                x._uses += 1
    for each in roots:
        node = _at(each)
        node._uses -= 1
        if node._uses == 0:
            _push(stack, node)
        if order is None:
            node._grad = seed
    while stack:
        node = _pop(stack)
        grad = node._grad
        if order is not None:
            grad = 0.0
            if node._primitive is not none:
                _put(order, node)
        a = node._a
        b = node._b
        if a is not none:
            if grad != 0.0:
                a._grad += grad * node._da
            a._uses -= 1
            if a._uses == 0:
                _push(stack, a)
        if b is not none:
            if grad != 0.0:
                b._grad += grad * node._db
            b._uses -= 1
            if b._uses == 0:
                _push(stack, b)
        if a is none and b is none and node._primitive is not none:
            wide = _wide(node)
            inputs = _inputs(wide[1])
            partials = _doubles(wide[2])
            ones = wide[2] is None
            for i in range(len(wide[1])):
                x = inputs[i]
                if grad != 0.0:
                    x._grad += grad if ones else grad * partials[i]
                x._uses -= 1
                if x._uses == 0:
                    _push(stack, x)
    return now
