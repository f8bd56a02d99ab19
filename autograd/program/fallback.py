"""The methods of a compiled function by f itself, laid out as programs lay them out.

Calls come here that have Values among their arguments, or that another recording watches: only
f itself records on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import transforms
from autograd.core.functions import fsum
from autograd.program.arguments import samples_of
from autograd.program.results import parting
from autograd.trees import flatten, structure, without_axes

if TYPE_CHECKING:
    from autograd.program.compile import Compiled

__all__ = ["by_function"]


def by_function(
    compiled: Compiled, method: str, args: Sequence[Any], argnums: Any, tangents: Sequence[Any]
) -> Any:
    """The result of a method, by eager's transform of the same name."""

    def function(*args: Any) -> Any:
        return value_by_function(compiled, args)

    if method == "value":
        return function(*args)
    transform = getattr(transforms, method)
    if method in ("jvp", "hvp"):
        return transform(function, tuple(args), tangents, argnums)
    has_lanes = compiled.in_axes is not None and compiled.reduce is None
    if not has_lanes or method == "value_and_grad":
        return transform(function, argnums)(*args)
    samples = samples_of(args, compiled.in_axes)
    results = [transform(compiled.f, argnums)(*sample) for sample in samples]
    if transforms.is_single(argnums):
        return results
    if method == "jacobian":
        return tuple([[*block] for block in zip(*results)])
    return tuple([_of_each_argument(rows) for rows in zip(*results)])


def _of_each_argument(rows: Sequence[Sequence[Any]]) -> tuple[list[Any], ...]:
    """A row of a Hessian's blocks: of each argument the blocks of all lanes."""
    return tuple([[*block] for block in zip(*rows)])


def value_by_function(compiled: Compiled, args: Sequence[Any]) -> Any:
    """The value of f, of each sample, or of their mean or sum."""
    f, reduce = compiled.f, compiled.reduce
    if compiled.in_axes is None:
        return f(*args)
    results = [without_axes(f(*sample)) for sample in samples_of(args, compiled.in_axes)]
    if reduce is None:
        return results
    forms = [structure(y, "the result of f") for y in results]
    if any(form.key != forms[0].key for form in forms):
        raise parting()
    weight = 1.0 / len(results) if reduce == "mean" else 1.0
    sums = map(fsum, zip(*[flatten(y, "")[0] for y in results]))
    return forms[0].rebuild([weight * total for total in sums])
