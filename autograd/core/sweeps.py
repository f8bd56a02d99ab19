"""The chain rule with its eyes open: sweeps that give Values, or say where a NaN arose.

`Value.backward` multiplies the recorded partials, as fast as it can. The sweeps here keep
cotangents (backwards) or tangents (forwards) in a dict, can compute the partials anew by
the differentiable rules, and raise where a NaN arises from finite numbers.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any

from autograd.core.operand import Operand, describe, is_node, primal

if TYPE_CHECKING:
    from autograd.core.value import Value

__all__ = ["cotangents", "give_shares", "tangents", "topological_order"]


def topological_order(*roots: Value) -> tuple[list[Value], list[Value]]:
    """The interior nodes that the roots depend on, each after its inputs, and the leaves.

    The order depends on the graph alone; `backward` takes it from the last to the first.
    """
    for root in roots:
        if not is_node(root):
            raise TypeError(f"topological_order takes Values, got {root!r:.80}")
    uses = dict.fromkeys(roots, 0)
    nodes = list(uses)
    leaves = []
    for node in nodes:  # which grows as it is walked
        if node.op is None:
            leaves.append(node)
        for x in node.inputs:
            if x not in uses:
                uses[x] = 0
                nodes.append(x)
            uses[x] += 1
    order = []
    ready = [root for root in dict.fromkeys(roots) if uses[root] == 0]
    while ready:
        node = ready.pop()
        if node.op is not None:
            order.append(node)
        for x in node.inputs:
            uses[x] -= 1
            if uses[x] == 0:
                ready.append(x)
    order.reverse()
    return order, leaves


def give_shares(node: Value) -> None:
    """Add to the `grad` of each input of a node its share of the node's."""
    for x, partial in zip(node.inputs, node.partials):
        x.grad += primal(chain(node, node.grad, partial, x))


def cotangents(
    seeds: Iterable[tuple[Value, Operand]],
    wrt: Iterable[Value] | None = None,
    create_graph: bool = False,
) -> dict[Value, Any]:
    """Σ seed · d(root)/d(node) over the pairs (root, seed), for every node, in a dict.

    The same sweep as `backward`, touching no `grad`, and watching for NaN.

    Args:
        wrt: sweep only the paths that lead to these; all of them if None.
        create_graph: use the rules instead of the recorded partials, so that the results
            are Values that can be differentiated again.

    Raises:
        RuntimeError: with `create_graph`, if a leaf was changed after it was used.
        ValueError, FloatingPointError: as `Value.backward`.
    """
    seeds = list(seeds)
    order, leaves = topological_order(*[root for root, _ in seeds])
    reached: set[Value] | None = None
    if wrt is not None:
        reached = set(wrt)
        for node in order:
            if any(x in reached for x in node.inputs):
                reached.add(node)
    result: dict[Value, Any] = {}
    for root, seed in seeds:
        if reached is None or root in reached:
            result[root] = result[root] + seed if root in result else seed
    for node in reversed(order):
        upstream = result.get(node)
        if upstream is None or (type(upstream) is float and upstream == 0.0):
            continue
        partials = differentiable_partials(node, reached) if create_graph else node.partials
        for x, partial in zip(node.inputs, partials):
            if reached is not None and x not in reached:
                continue
            term = chain(node, upstream, partial, x)
            total = result[x] + term if x in result else term
            result[x] = total
            if math.isnan(primal(total)) and all_finite(order, leaves, seeds):
                raise explain_nan(node, x, partial, term, "; autograd.step(y) shows how")
    return result


def tangents(
    roots: Iterable[Value],
    seeds: Iterable[tuple[Value, Operand]],
    create_graph: bool = False,
) -> dict[Value, Any]:
    """Σ d(node)/d(x) · seed over the pairs (x, seed), for every node below the roots.

    The sweep of forward mode over a graph that has been recorded; arguments and errors as
    `cotangents`.
    """
    seeds = list(seeds)
    order, leaves = topological_order(*roots)
    result: dict[Value, Any] = dict(seeds)
    for node in order:
        if node in result or not any(x in result for x in node.inputs):
            continue
        partials = differentiable_partials(node, result) if create_graph else node.partials
        total: Any = 0.0
        for x, partial in zip(node.inputs, partials):
            term = chain(node, result.get(x, 0.0), partial, x)
            total = total + term
            if math.isnan(primal(total)) and all_finite(order, leaves, seeds):
                raise explain_nan(node, x, partial, term)
        result[node] = total
    return result


def chain(node: Value, factor: Operand, partial: Operand, x: Value) -> Any:
    """One product of the chain rule: a cotangent or tangent times a partial of a node in x.

    A zero factor gives zero, even against an infinite partial; so does a zero partial of an
    operation that selects among its operands, or multiplies x by the number 0, even against
    an infinite factor: the node does not depend on x.
    """
    primitive: Any = node.op
    g, d = primal(factor), primal(partial)
    if g == 0.0 and not math.isfinite(d):
        return 0.0
    if d == 0.0 and (primitive.selects or (math.isinf(g) and _times_zero(node, x))):
        return 0.0
    if type(factor) is float and factor == 1.0:
        return partial
    if type(partial) is float and partial == 1.0:
        return factor
    return factor * partial


def _times_zero(node: Value, x: Value) -> bool:
    """Whether a node is a product of x and the number 0, or a sum of products where it is."""
    primitive: Any = node.op
    operands = node.operands
    half = len(operands) // 2
    others: tuple[Operand, ...] = ()
    if primitive.name == "mul":
        others = operands[::-1]
    elif primitive.name == "dot":
        others = (1.0, *operands[1 + half :], *operands[1 : 1 + half])
    facing = [other for operand, other in zip(operands, others) if operand is x]
    return bool(facing) and all(type(other) is float and not other for other in facing)


def differentiable_partials(node: Value, reached: Container[Value] | None) -> list[Any]:
    """The partials of a node as Values, computed by its rules from its operands."""
    primitive: Any = node.op
    operands = node.operands
    slots = [slot for slot, x in enumerate(operands) if is_node(x)]
    every = primitive.partials(node, operands) if primitive.variadic else None
    partials: list[Any] = []
    for slot, recorded in zip(slots, node.partials):
        if reached is not None and operands[slot] not in reached:
            partials.append(recorded)
            continue
        partial = primitive.partial(slot, node, operands) if every is None else every[slot]
        now = primal(partial)
        if now != recorded and not (math.isnan(now) and math.isnan(recorded)):
            raise RuntimeError(
                f"{primitive.name}({describe(operands)}): an operand's data was changed "
                "after it was used, so its derivative cannot be recorded any more; "
                "compute the result again before asking for create_graph"
            )
        partials.append(partial)
    return partials


def all_finite(
    order: list[Value], leaves: list[Value], seeds: Iterable[tuple[Value, Operand]]
) -> bool:
    """Whether all the numbers that went into a sweep are finite, so that NaN is an error."""
    numbers = [leaf.data for leaf in leaves] + [primal(seed) for _, seed in seeds]
    for node in order:
        numbers += [c for c in node.operands if not is_node(c)]
    return all(map(math.isfinite, numbers))


def explain_nan(
    node: Value, x: Value, partial: Operand, term: Operand, more: str = ""
) -> Exception:
    """The error for a sum of the chain rule that is NaN at an operand x of node."""
    primitive: Any = node.op
    call = f"{primitive.name}({describe(node.operands)})"
    whose = describe([x])
    if math.isnan(primal(partial)):
        return ValueError(
            f"{call}: the derivative with respect to the operand {whose} does not exist here; "
            f"detach that operand or pass it as a plain number{more}"
        )
    how = "zero times infinity" if math.isnan(primal(term)) else "infinity minus infinity"
    return FloatingPointError(
        f"{call}: the gradient of the operand {whose} is not a number ({how}); "
        f"keep the function away from points where its derivative is infinite{more}"
    )
