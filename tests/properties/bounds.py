"""What rounding can do to a derivative: bounds that are computed along with it."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from autograd import Value, gradient
from autograd.core.sweeps import topological_order

EPSILON = 2.0**-53  # the relative error of one rounding
TINY = 1e-300  # what underflows is less than this


def exact_gradients(root: Value) -> dict[Value, Fraction]:
    """The sum over all paths of the product of the partials as recorded, without rounding."""
    order, _ = topological_order(root)
    found = {root: Fraction(1)}
    for node in reversed(order):
        for x, partial in zip(node.inputs, node.partials):
            found[x] = found.get(x, Fraction(0)) + found[node] * Fraction(partial)
    return found


def path_sums(seeds: Iterable[tuple[Value, float]]) -> dict[Value, float]:
    """The sum over all paths of |seed · product of the partials|, for every node."""
    found: dict[Value, float] = {}
    for root, seed in seeds:
        found[root] = found.get(root, 0.0) + abs(seed)
    order, _ = topological_order(*found)
    for node in reversed(order):
        for x, partial in zip(node.inputs, node.partials):
            found[x] = found.get(x, 0.0) + found.get(node, 0.0) * abs(partial)
    return found


def steps_of(*roots: Value) -> int:
    """How often a product of the chain rule is rounded at most: once an edge to multiply,
    and once to be added, whatever the order of the sweep."""
    return 2 * sum(len(node.inputs) for node in topological_order(*roots)[0]) + 2


def rounding(y: Value, units: int = 4) -> float:
    """A bound on what the roundings while y was computed did to it, to first order.

    Each result is off by a few units in its last place, and what that does to y is the
    derivative of y in that result (Linnainmaa 1976, "Taylor expansion of the accumulated
    rounding error").
    """
    order, _ = topological_order(y)
    slopes: list[float] = gradient(y, order)
    errors = sum(abs(d) * _size(node) for d, node in zip(slopes, order))
    return units * 2.0 * EPSILON * errors + TINY


def _size(node: Value) -> float:
    """What is rounded: the result, and in a dot the products too."""
    op: Any = node.op
    if op.name != "dot":
        return abs(node.data)
    return abs(node.data) + sum(abs(d * x.data) for d, x in zip(node.partials, node.inputs))
