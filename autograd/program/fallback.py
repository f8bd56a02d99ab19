"""The methods of a compiled function by f itself, laid out as programs lay them out.

Calls come here that have Values among their arguments, or that a function makes which is being
recorded or differentiated: only f itself records on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.core.functions import fsum
from autograd.program.arguments import samples_of
from autograd.program.results import unequal_lanes
from autograd.trees import flatten, structure, without_axes

if TYPE_CHECKING:
    from autograd.program.call import Invocation
    from autograd.program.compile import Compiled

__all__ = ["by_function"]


def by_function(compiled: Compiled, invocation: Invocation) -> Any:
    """Return the result of a method, by the transform of the same name."""
    method, args, argnums, tangents = invocation

    def function(*args: Any) -> Any:
        return _value(compiled, args)

    if method == "value":
        return function(*args)
    transform = getattr(transforms, method)
    if method in ("jvp", "hvp"):
        return transform(function, tuple(args), tangents, argnums)
    gives_lanes = compiled.in_axes is not None and compiled.reduce is None
    if not gives_lanes or method == "value_and_grad":
        return transform(function, argnums)(*args)
    samples = samples_of(args, compiled.in_axes)
    results = [transform(compiled.f, argnums)(*sample) for sample in samples]
    if transforms.is_single(argnums):
        return results
    if method == "jacobian":
        return _lanes_last(results)
    return tuple([_lanes_last(rows) for rows in zip(*results)])


def _lanes_last(results: Sequence[Sequence[Any]]) -> tuple[list[Any], ...]:
    """Turn a tuple of blocks for each lane into a tuple of lists, with a block a lane."""
    return tuple([[*blocks] for blocks in zip(*results)])


def _value(compiled: Compiled, args: Sequence[Any]) -> Any:
    """Return the value of f, of each sample, or of their mean or sum."""
    f, reduce = compiled.f, compiled.reduce
    if compiled.in_axes is None:
        return f(*args)
    results = [without_axes(f(*sample)) for sample in samples_of(args, compiled.in_axes)]
    if reduce is None:
        return results
    forms = [structure(y, "the result of f") for y in results]
    if any(form.key != forms[0].key for form in forms):
        raise unequal_lanes()
    weight = 1.0 / len(results) if reduce == "mean" else 1.0
    outputs = [flatten(y, "")[0] for y in results]
    return forms[0].rebuild([weight * fsum(numbers) for numbers in zip(*outputs)])
