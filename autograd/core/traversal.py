# cython: language_level=3, infer_types=True, binding=False
"""The chain rule as `Value.backward` applies it: in fields of the nodes instead of dicts.

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

__all__ = ["accumulate", "add_to_leaves", "begin", "list_nodes", "made_before", "traverse"]


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


# Twice how many there have been. A node is made with this as its `_pass`, which no pass lowers:
# a pass that comes to the node sets it to its own number, which is odd.
_passes = 0
RECENT = 2**20  # the number begins anew after 2**32


def begin() -> Any:
    """Begin to record: no node made before has a `_pass` as large as this, and all later have.

    0 where the number is about to begin anew.
    """
    global _passes
    _passes += 2
    return _passes if _passes < 0xF0000000 else 0


def made_before(xs: list[Value]) -> Any:
    """Return what `begin` could have given before these nodes were made, as far as they show.

    0 if that was long ago, or if a pass has come to one.
    """
    made = [x._pass for x in xs]
    first = min(made, default=0)
    return first if first > _passes - RECENT and not any(n % 2 for n in made) else 0


def accumulate(root: Value, seed: float) -> Any:
    """Add what `gradients` finds to the leaves' gradients; set those of the interior nodes.

    Returns True, with the leaves as they were, where one is NaN; and where another pass came
    in between, in a signal handler, a finalizer or a thread, and may have used the same fields.
    """
    leaves: list[Any] = []
    return add_to_leaves(leaves, None, traverse(root, seed, leaves, None))


def add_to_leaves(leaves: list[Any], numbers: Any, now: Any) -> Any:
    """Add a number to the gradient of each leaf; if None, what the pass `now` has left there.

    Returns True as `accumulate` does.

    Raises:
        FloatingPointError: a sum with what was there before is NaN.
        After an error, also an interrupt, the leaves are as they were.
    """
    i: cython.Py_ssize_t
    more: float
    none = _none
    for each in leaves:
        leaf = _at(each)
        if numbers is None and leaf._grad != leaf._grad and leaf._a is none:
            return True
        leaf._db = leaf._da
    if numbers is None:
        if not cython.compiled:
            numbers = [leaf._grad for leaf in leaves]
        if now != _passes - 1:
            return True
    try:
        for i in range(len(leaves)):
            leaf = _at(leaves[i])
            if leaf._a is not none:  # it is frozen
                continue
            more = leaf._grad if numbers is None else numbers[i]
            leaf._da += more
            if leaf._da != leaf._da and leaf._db == leaf._db and more == more:
                raise FloatingPointError(
                    f"backward adds {more!r} to the gradient {leaf._db!r} of "
                    f"{describe([leaves[i]])}; call zero_grad between the passes"
                )
    except BaseException:
        for each in leaves:
            leaf = _at(each)
            leaf._da = leaf._db
        raise


def list_nodes(
    root: Value, order: list[Value], made: list[Value], before: list[Value], since: Any
) -> Any:
    """List the interior nodes, each before its inputs, and the leaves: those made since.

    A node made before `since`, which is what `begin` gave, counts as a leaf, and is listed in
    `before`; a leaf that a pass has come to, too, since that hides when it was made. These show
    afterwards as before when they were made. False, if another pass came in between: then the
    lists may be wrong.
    """
    return traverse(root, 0.0, made, order, since, before) == _passes - 1


def _come_to(x: Any, now: Any, since: Any, before: Any, stack: Any, none: Any) -> Any:
    """Count a use of a node, and return the stack, on which the first use of a pass puts it.

    The node goes to `before` instead if it was made before `since`, or is a leaf that a pass
    has come to.
    """
    if x._uses == 0 or x._pass != now:
        old = since != 0 and (x._pass < since or (x._pass % 2 == 1 and x._primitive is none))
        if old:
            x._uses = x._pass + 1  # until the end of the pass, which sets `_pass` back
            _put(before, x)
        else:
            x._uses = 0
            _push(stack, x)
        x._pass = now
    x._uses += 1
    return stack


def _give(x: Any, grad: Any, partial: Any, stack: Any) -> Any:
    """Add a share to the gradient of an input; after its last use, put it on the stack."""
    if grad != 0.0:
        x._grad += grad * partial
    x._uses -= 1
    if x._uses == 0:
        _push(stack, x)
    return stack


def traverse(
    root: Any, seed: float, leaves: list[Any], order: Any, since: Any = 0, before: Any = None
) -> Any:
    """Put into each node's `_grad` what `gradients` finds; return the number of this pass.

    With `order`, lists the interior nodes there instead. Uses count if they are of this pass:
    an interrupted one leaves some.
    """
    global _passes
    i: cython.Py_ssize_t
    root._grad = seed  # raises, compiled, for what is no node
    now, _passes = _passes + 1, _passes + 2
    none = _none
    stack = _stack()
    _push(stack, _at(root))
    while stack:
        node = _pop(stack)
        if order is None:
            node._grad = 0.0
        if node._primitive is none:
            node._uses += 1  # so that the second loop does not come to it
            _put(leaves, node)
            continue
        a = node._a
        b = node._b
        if a is not none:
            stack = _come_to(a, now, since, before, stack, none)
        if b is not none:
            stack = _come_to(b, now, since, before, stack, none)
        if a is none and b is none:
            wide: tuple[Any, ...] = _wide(node)
            n = len(wide[2])
            for x in _inputs(wide[2])[:n]:  # compiled, an array that doesn't know its length
                stack = _come_to(x, now, since, before, stack, none)
    _at(root)._grad = seed
    if _at(root)._primitive is not none:
        _push(stack, _at(root))
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
            stack = _give(a, grad, node._da, stack)
        if b is not none:
            stack = _give(b, grad, node._db, stack)
        if a is none and b is none and node._primitive is not none:
            wide = _wide(node)
            inputs = _inputs(wide[2])
            partials = _doubles(wide[3])
            ones = wide[3] is None
            for i in range(len(wide[2])):
                stack = _give(inputs[i], grad, 1.0 if ones else partials[i], stack)
    if since != 0:
        for each in before:
            node = _at(each)
            node._pass = node._uses - 1
            node._uses = 0
    return now
