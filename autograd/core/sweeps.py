# cython: language_level=3, annotation_typing=False
"""Sweeps over a recorded graph that keep their results in a dict.

They can compute the partials anew by the differentiable rules, and raise where a NaN arises
from finite numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from autograd.core.chain import product, products, topological_order, untraced_primal
from autograd.core.operand import Operand, describe, is_node

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["cotangents", "reverse_sweep", "tangents", "topological_order"]

Seeds = Iterable[tuple["Value", Operand]]
SHOWN = "; autograd.step(y) shows how (--step on the command line)"


def reverse_sweep(
    order: Sequence[Any], sums: dict[Any, Any], partials: Callable[[Any], Iterable[Any]]
) -> dict[Any, Any]:
    """Add every product of reverse mode to the sums so far, and return them."""
    for _, _, x, _, term in products(order, sums, partials):
        add_term(sums, x, term)
    return sums


def add_term(sums: dict[Any, Any], x: Any, term: Any) -> Any:
    """Add a product to the sum for x, and return the sum. A zero adds nothing."""
    if type(term) is float and term == 0.0:
        return sums.get(x, 0.0)
    sums[x] = total = sums[x] + term if x in sums else term
    return total


def cotangents(
    seeds: Seeds,
    wrt: Iterable[Value] | None = None,
    create_graph: bool = False,
    order: Sequence[Value] | None = None,
) -> dict[Value, Any]:
    """Σ seed · d(root)/d(node) over the pairs (root, seed), for every node, in a dict.

    The same sweep as `backward`, touching no `grad`, and watching for NaN. What is not in
    the dict has cotangent 0.

    Args:
        wrt: sweep only the paths that lead to these; all of them if None.
        create_graph: use the rules instead of the recorded partials, so that the results
            are Values that can be differentiated again.
        order: the nodes to sweep over, each after its inputs; all if None.

    Raises:
        RuntimeError: with `create_graph`, if a leaf was changed after it was used.
        ValueError, FloatingPointError: as `Value.backward`.
    """
    seeds = list(seeds)
    roots = [root for root, _ in seeds]
    if order is None:
        order, _ = topological_order(*roots)
    reached: set[Value] | None = None
    if wrt is not None:
        reached = set(wrt)
        for node in order:
            if any(x in reached for x in node.inputs):
                reached.add(node)
        order = [node for node in order if node in reached]
    sums: dict[Value, Any] = {}
    for root, seed in seeds:
        if reached is None or root in reached:
            add_term(sums, root, seed)
    rules = (
        (lambda node: differentiable_partials(node, reached, node, node.operands))
        if create_graph
        else None
    )
    finite = _all_finite(roots, seeds)
    for node, _, x, partial, term in products(order, sums, rules):
        if reached is None or x in reached:
            _add(sums, x, term, finite, node, x, partial)
    return sums


def tangents(
    roots: Iterable[Value],
    seeds: Seeds,
    create_graph: bool = False,
    order: Sequence[Value] | None = None,
) -> dict[Value, Any]:
    """Σ d(node)/d(x) · seed over the pairs (x, seed), for every node below the roots.

    The sweep of forward mode over a graph that has been recorded; arguments and errors as
    `cotangents`.
    """
    roots, seeds = list(roots), list(seeds)
    if order is None:
        order, _ = topological_order(*roots)
    sums: dict[Value, Any] = dict(seeds)
    finite = _all_finite(roots, seeds)
    for node in order:
        if node in sums or not any(x in sums for x in node.inputs):
            continue
        partials = (
            differentiable_partials(node, sums, node, node.operands)
            if create_graph
            else node.partials
        )
        for x, partial in zip(node.inputs, partials):
            term = product(node, sums.get(x, 0.0), partial, x)
            _add(sums, node, term, finite, node, x, partial)
    return sums


def differentiable_partials(
    node: Value, reached: Container[Value] | None, out: Value, operands: Sequence[Operand]
) -> list[Any]:
    """The partials of a node as Values, by the rules from its result and its operands.

    `out` and `operands` are these, or copies. What is not reached keeps what was recorded.
    """
    op: Any = node.op
    every = op.partials(out, operands) if op.variadic else None
    partials = list(node.partials)
    place = -1
    for slot, x in enumerate(operands):
        if not is_node(x):
            continue
        place += 1
        if reached is not None and x not in reached:
            continue
        partial = op.partial(slot, out, operands) if every is None else every[slot]
        recorded = partials[place]
        partials[place] = partial
        now = untraced_primal(partial)
        if now != recorded and not (math.isnan(now) and math.isnan(recorded)):
            raise RuntimeError(
                f"{op.name}({describe(node.operands)}): an operand's data was changed "
                "after it was used, so its derivative cannot be recorded any more; "
                "compute the result again before asking for create_graph"
            )
    return partials


def _all_finite(roots: Sequence[Value], seeds: Seeds) -> Callable[[], bool]:
    """Tells whether all numbers that go into a sweep are finite, so that NaN is an error.

    It looks when it is first asked; a NaN that came in meets every node.
    """

    @cache
    def answer() -> bool:
        order, leaves = topological_order(*roots)
        numbers = [untraced_primal(x) for x in [*leaves, *[seed for _, seed in seeds]]]
        for node in order:
            numbers += [c for c in node.operands if not is_node(c)]
        return all(map(math.isfinite, numbers))

    return answer


def _add(
    sums: dict[Any, Any],
    to: Value,
    term: Any,
    finite: Callable[[], bool],
    node: Value,
    x: Value,
    partial: Any,
) -> None:
    """Add a product to the sum for a node; raise for the NaN that is an error."""
    total = add_term(sums, to, term)
    if math.isnan(untraced_primal(total)) and finite():
        raise explain_nan(node, x, partial, term, SHOWN)


def explain_nan(
    node: Value, x: Value, partial: Operand, term: Operand, hint: str = ""
) -> Exception:
    """The error for a sum of the chain rule that is NaN at an operand x of node."""
    primitive: Any = node.op
    call = f"{primitive.name}({describe(node.operands)})"
    whose = describe([x])
    if math.isnan(untraced_primal(partial)):
        return ValueError(
            f"{call}: the derivative with respect to the operand {whose} does not exist here; "
            f"detach that operand or pass it as a plain number{hint}"
        )
    is_product = math.isnan(untraced_primal(term))
    how = "zero times infinity" if is_product else "infinity minus infinity"
    return FloatingPointError(
        f"{call}: the gradient of the operand {whose} is not a number ({how}); "
        f"keep the function away from points where its derivative is infinite{hint}"
    )
