"""The checks of a function on Values: of its graph, node by node, and end to end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from autograd.core.floats import LINEAR
from autograd.core.operand import describe, primal
from autograd.core.primitive import RESERVED
from autograd.core.sweeps import reverse_sweep, tangents, topological_order
from autograd.core.value import Value
from autograd.testing import oracle
from autograd.testing.decide import (
    BENDS,
    TWELVE_DIGITS,
    Decision,
    Question,
    by_exact,
    decide,
    starts,
)
from autograd.testing.differences import ULP, Line, Samples
from autograd.testing.problem import Problem, weights
from autograd.testing.report import Case

__all__ = ["Recording", "node_cases"]

JUMPING = ("mod", "floordiv")  # whose jumps may be closer together than steps


class Recording:
    """A function as it was recorded at the point, and its gradients by `backward`.

    Attributes:
        rows, again: the gradient of each output, and what a second pass adds.
        sizes: for each output and variable, the sum of |path| between them.
        noises: for each output, the round-off that reaches it.
        blurs: for each output and variable, what rounded values make of the derivative.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.variables, self.roots = problem.record()
        self.outputs = tuple([primal(y) for y in self.roots])
        self.order, _ = topological_order(*[y for y in self.roots if type(y) is Value])
        blurs = _blurs(self.order)
        passes = [_two_passes(y, self.variables) for y in self.roots]
        self.rows, self.again = [first for first, _ in passes], [second for _, second in passes]
        found = [_paths(y, self.order, blurs) for y in self.roots]
        self.sizes = [[paths.get(x, 0.0) for x in self.variables] for paths, _, _ in found]
        self.blurs = [[unsure.get(x, 0.0) for x in self.variables] for _, unsure, _ in found]
        self.noises = [noise for _, _, noise in found]

    def own_error(self, i: int, j: int) -> float:
        """The round-off of the derivative of output j by variable i.

        A node on the path adds 4 ulp of its partial, as the table promises, and 4 at most of
        the product and the sum.
        """
        return 8.0 * ULP * (len(self.order) + 1) * self.sizes[j][i]

    def forward_cases(self) -> list[Case]:
        """Where reverse mode differs from forward mode along a direction."""
        problem, direction = self.problem, weights(len(self.variables))
        roots = [y for y in self.roots if type(y) is Value]
        tangent = tangents(roots, zip(self.variables, direction))
        cases = []
        for j, y in enumerate(self.roots):
            tolerance = sum([self.own_error(i, j) * u for i, u in enumerate(direction)])
            if type(y) is Value and math.isfinite(tolerance):
                reverse = sum([g * u for g, u in zip(self.rows[j], direction)])
                forward = primal(tangent.get(y, 0.0))
                if not abs(forward - reverse) <= tolerance:  # not for NaN either
                    reason = "forward and reverse mode differ"
                    decision = Decision("fail", forward, tolerance, reason=reason)
                    name = f"along {describe(direction)}: {problem.names[0]}"
                    cases.append(Case(name, problem.point[0], reverse, decision))
        return cases

    def end_to_end_cases(self, how: str) -> tuple[list[Case], int]:
        """Each derivative against differences of f; and how often f was called for one."""
        cases, evaluations = [], 0
        ask = how == "mpmath" or (how == "auto" and oracle.knows(self.order))
        # beyond 16 quotients steps of a quarter, and of a quarter of 1, jump over jumps
        jumping = [node.operands for node in self.order if node.op.name in JUMPING]
        far = [max(1.0, abs(primal(x))) > 16.0 * abs(primal(y)) for x, y in jumping]
        exact = cache(lambda y: oracle.exact_gradient(y) if type(y) is Value else {})
        for i, (name, x) in enumerate(zip(self.problem.names, self.problem.point)):
            samples = Samples(self.problem.along(self.problem.at(i)))
            for j, row in enumerate(self.rows):
                own, size, decision = self.own_error(i, j), self.sizes[j][i], None
                if how != "mpmath":
                    line = Line(samples, x, self.outputs[j], self.noises[j], output=j)
                    question = Question(line, row[i], size, own + self.blurs[j][i])
                    decision = decide(question, starts(x))
                    if decision.verdict == "fail" and any(far):
                        decision = decision._replace(verdict="inconclusive", reason=BENDS)
                used = "differences"
                if ask and (decision is None or decision.verdict == "inconclusive"):
                    gradient = exact(self.roots[j])
                    if gradient is not None:
                        used, wanted = "mpmath", gradient.get(self.variables[i], 0.0)
                        near = TWELVE_DIGITS * size + own
                        decision = by_exact(wanted, row[i], near, used)
                if decision is not None:
                    cases.append(Case(name, x, row[i], decision, None, used))
            evaluations = max(evaluations, len(samples.seen))
        return cases, evaluations


def node_cases(order: Sequence[Value], how: str = "auto") -> list[Case]:
    """Each recorded partial against differences of the value rule, or against mpmath.

    Each combination of primitive and operands is checked once. By "auto", mpmath is asked
    where differences cannot tell.
    """
    seen, cases = set[Any](), []
    for node in order:
        op = node.op
        numbers = tuple([primal(x) for x in node.operands])
        key = (op.name, numbers, node.partials)
        slots = [slot for slot, x in enumerate(node.operands) if type(x) is Value]
        for slot, partial, size in zip(slots, node.partials, _partial_sizes(node)):
            if key in seen or math.isnan(partial):
                continue
            decision, used = None, "differences"
            if how != "mpmath":
                decision = _by_differences(node, numbers, slot, partial)
            ask = how == "auto" and decision and decision.verdict == "inconclusive"
            if how == "mpmath" or (ask and oracle.knows([node])):
                exact = oracle.partial(op.name, numbers, slot)
                if exact is not None and math.isfinite(partial):
                    used = "mpmath"
                    decision = by_exact(exact, partial, TWELVE_DIGITS * size, used)
            if decision is None:
                decision = Decision("inconclusive", reason="mpmath finds no single derivative")
            cases.append(Case(f"operand {slot}", numbers[slot], partial, decision, node, used))
        seen.add(key)
    return cases


def _by_differences(
    node: Value, numbers: tuple[float, ...], slot: int, partial: float
) -> Decision:
    op = node.op
    before, x, after = numbers[:slot], numbers[slot], numbers[slot + 1 :]

    def along(t: float) -> tuple[float]:
        return (float(op.value(*before, t, *after)),)

    grain = 0.0 if op.strong_zero and op.name in RESERVED else 2.0 * ULP
    # a value rule is cheap, and calls f no more: twice the calls of a check
    line = Line(Samples(along, 80), x, node.data, _rounding(node), grain)
    steps = starts(x, before + after)
    if op.kink:  # which may be where two operands are equal
        distances = sorted([abs(x - c) for c in before + after if x != c])
        near = [max(0.25 * d, math.ulp(x)) for d in distances if d < (abs(x) or 1.0)]
        steps = near + steps
    if op.name in JUMPING:
        over, by = numbers
        rest = abs(math.fmod(over, by))
        gap = min(rest, abs(by) - rest) or abs(by)
        steps = [0.25 * gap / (max(1.0, abs(over / by)) if slot else 1.0)]
    own = 16.0 * ULP * abs(partial)  # 4 times the 4 ulp that the table promises
    return decide(Question(line, partial, 0.0, own), steps)


def _two_passes(y: Any, variables: list[Value]) -> tuple[list[float], list[float]]:
    """What backward() adds to the variables, and what it adds again; no grad is changed."""
    if type(y) is not Value:
        return [0.0] * len(variables), [0.0] * len(variables)
    leaves = topological_order(y)[1]
    before = [leaf.grad for leaf in leaves]
    rows = []
    try:
        for _ in range(2):
            for x in variables:
                x.grad = 0.0
            y.backward()
            rows.append([x.grad for x in variables])
    finally:
        for leaf, grad in zip(leaves, before):
            leaf.grad = grad
    return rows[0], rows[1]


def _rounding(node: Value) -> float:
    """The round-off of a node: some ulp of the result, or of the terms inside it."""
    op = node.op
    if op.strong_zero and op.name in RESERVED:
        return 0.0
    size = 2.0 * abs(node.data)
    if op.variadic or op.name not in RESERVED:
        pairs = zip(node.inputs, node.partials)
        size += sum([abs(x.data * d) for x, d in pairs if math.isfinite(d)])
    return ULP * size


def _partial_sizes(node: Value) -> list[float]:
    """The sizes of a node's partials, or of their terms, by which their round-off goes."""
    sizes = [abs(partial) for partial in node.partials]
    op = node.op
    if op.name in ("silu", "gelu") and node.inputs[0].data:  # whose two terms cancel at a root
        sizes[0] += abs(node.data / node.inputs[0].data)
    return sizes


def _paths(
    y: Any, order: Sequence[Value], blurs: dict[Value, float]
) -> tuple[dict[Value, float], dict[Value, float], float]:
    """Σ |path| from y to each node, how far that is blurred, and the round-off that reaches y.

    The partials were taken at values that are rounded themselves; where these cancel, as in
    (1 - cos(x)) / x², the derivative has fewer digits than its partials.
    """
    if type(y) is not Value:
        return {}, {}, 0.0
    found = reverse_sweep(order, {y: 1.0}, _partial_sizes)
    noise = sum([found[node] * _rounding(node) for node in order if node in found])
    shifts = {node: found[node] * _shift(node, blurs) for node in order if node in found}
    return found, reverse_sweep(order, shifts, _partial_sizes), noise


def _blurs(order: Sequence[Value]) -> dict[Value, float]:
    """The round-off in the value of each node, with what comes from its inputs."""
    blurs: dict[Value, float] = {}
    for node in order:
        known = [(abs(d), blurs[x]) for x, d in zip(node.inputs, node.partials) if x in blurs]
        blurs[node] = _rounding(node) + sum([size * blur for size, blur in known if blur])
    return blurs


def _shift(node: Value, blurs: dict[Value, float]) -> float:
    """By which share the partials of a node may be off, because its inputs are."""
    if node.op in LINEAR:
        return 0.0
    found = [(abs(x.data), blurs.get(x, 0.0)) for x in node.inputs]
    return 2.0 * sum([blur / min(size, 1.0) for size, blur in found if blur and size])
