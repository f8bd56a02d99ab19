"""Many lanes: a window of them at a time, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.program.arguments import WINDOW, Arguments, windows
from autograd.program.call import Call, parting
from autograd.program.ir.arrays import Array, np
from autograd.program.targets.runner import added_up

__all__ = ["in_windows"]

Computed = tuple[Call, list[Array]]


def in_windows(arguments: Arguments, compute: Callable[[Arguments], Computed]) -> Computed:
    """What `compute` makes of the arguments, window by window.

    Args:
        compute: gives a call, and arrays that have a column a lane, or that are sums and have
            one column.

    Returns:
        The first call, and the arrays of all lanes, or sums of all.

    Raises:
        ValueError: the windows give results that are built in different ways.
        FloatingPointError: a sum is NaN, but nothing in it is.
    """
    if arguments.lanes <= WINDOW:
        return compute(arguments)
    first: Any = None
    whole: list[Array] = []
    for lanes in windows(arguments.lanes):
        call, found = compute(arguments.window(lanes))
        first = first or call
        whole = whole or [_whole(each, arguments.lanes) for each in found]
        if call.built != first.built:
            raise parting()
        for i, each in enumerate(found):
            if whole[i].shape[-1] > 1:
                whole[i][..., lanes] = each
            else:
                whole[i] = added_up(np.concatenate([whole[i], each], -1))
    return first, whole


def _whole(found: Array, lanes: int) -> Array:
    """For what is found of all lanes, which lie one after another; or for its sum."""
    if found.shape[-1] == 1:
        return np.full(found.shape, -0.0)
    return np.moveaxis(np.empty((lanes, *found.shape[:-1])), 0, -1)
