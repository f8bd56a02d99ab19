"""The checks of a function on Values: of its graph, node by node, and end to end."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.core.floats import LINEAR
from autograd.core.operand import describe, primal
from autograd.core.sweeps import sweep, tangents, topological_order
from autograd.core.value import Value
from autograd.testing import oracle
from autograd.testing.decide import Decision, Question, decide, starts
from autograd.testing.nodes import check_nodes, partial_sizes, rounding, slots
from autograd.testing.problem import Problem
from autograd.testing.richardson import TINIEST, ULP, Line

__all__ = ["Case", "Recording", "node_cases"]

TWELVE_DIGITS = 1e-12  # a rule that has them is right, though it may round more than need be


class Case(NamedTuple):
    """One derivative that was compared: by an input of f, or by an operand of a node."""

    where: str
    x: float
    analytic: float
    decision: Decision
    node: Value | None = None
    oracle: str = "differences"

    @property
    def primitive(self) -> str | None:
        """The name of the node's primitive."""
        return None if self.node is None or self.node.op is None else self.node.op.name

    def place(self) -> str:
        """What messages call the input or the operand."""
        if self.node is None:
            return self.where
        return f"{self.where} of {self.primitive}({describe(self.node.operands)})"


class Recording:
    """A function as it was recorded at the point, and its gradients by `backward`.

    Attributes:
        rows: the gradient of each output.
        sizes: for each output and variable, the sum of |path| between them.
        noises: for each output, the round-off that reaches it.
        blurs: for each output and variable, what rounded values make of the derivative.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.variables, self.roots = problem.record()
        self.outputs = tuple([primal(y) for y in self.roots])
        self.values = [y for y in self.roots if type(y) is Value]
        self.order, _ = topological_order(*self.values)
        self.rows: list[list[float]] = []
        self.again: list[list[float]] = []
        self.sizes: list[list[float]] = []
        self.noises: list[float] = []
        self.blurs: list[list[float]] = []
        blurs = _blurs(self.order)
        for y in self.roots:
            for rows, row in zip((self.rows, self.again), _two_passes(y, self.variables)):
                rows.append(row)
            weights, unsure, noise = _weights(y, self.order, blurs)
            self.blurs.append([unsure.get(x, 0.0) for x in self.variables])
            self.sizes.append([weights.get(x, 0.0) for x in self.variables])
            self.noises.append(noise)

    def own_error(self, i: int, j: int) -> float:
        """The round-off of the derivative of output j by variable i."""
        return 8.0 * ULP * (len(self.order) + 1) * self.sizes[j][i]

    def forward_cases(self) -> list[Case]:
        """Reverse mode against forward mode along a direction: the dot-product test."""
        problem = self.problem
        direction = [1.0 + (0.6180339887498949 * i) % 1.0 for i in range(len(self.variables))]
        tangent = tangents(self.values, zip(self.variables, direction))
        cases = []
        for j, y in enumerate(self.roots):
            tolerance = sum([self.own_error(i, j) * u for i, u in enumerate(direction)])
            if type(y) is Value and math.isfinite(tolerance):
                reverse = sum([g * u for g, u in zip(self.rows[j], direction)])
                forward = primal(tangent.get(y, 0.0))
                if abs(forward - reverse) > tolerance:
                    reason = "forward and reverse mode differ"
                    decision = Decision("fail", forward, tolerance, math.inf, None, reason)
                    name = f"along {describe(direction)}: {problem.names[0]}"
                    cases.append(Case(name, problem.point[0], reverse, decision))
        return cases

    def end_to_end_cases(self, ask_mpmath: bool) -> tuple[list[Case], int]:
        """Each derivative against differences of f; and how often f was called for one."""
        problem = self.problem
        known = ask_mpmath and oracle.knows(self.order)
        exact = _ExactRows(self) if known else None
        cases, evaluations = [], 0
        for i, (name, x) in enumerate(zip(problem.names, problem.point)):
            samples = problem.along(i)
            for j, row in enumerate(self.rows):
                line = Line(samples, x, self.outputs[j], self.noises[j], output=j)
                own, size = self.own_error(i, j) + self.blurs[j][i], self.sizes[j][i]
                decision = decide(Question(line, row[i], size, own), starts(x))
                asked = None
                if decision.verdict == "inconclusive" and exact is not None:
                    asked = exact.decide(i, j)
                used = "differences" if asked is None else "mpmath"
                cases.append(Case(name, x, row[i], asked or decision, None, used))
            evaluations = max(evaluations, len(samples.seen))
        return cases, evaluations

    def mpmath_cases(self) -> list[Case]:
        """Each recorded partial and each derivative against the chain rule in mpmath."""
        cases = []
        for node in self.order:
            for slot, partial in zip(slots(node), node.partials):
                decision = _by_mpmath(node, slot, partial)
                if decision is None:
                    reason = "mpmath finds no single derivative"
                    decision = Decision("inconclusive", math.nan, math.inf, 0.0, None, reason)
                cases.append(_node_case(node, slot, partial, decision, True))
        exact = _ExactRows(self)
        for i, (name, x) in enumerate(zip(self.problem.names, self.problem.point)):
            for j, row in enumerate(self.rows):
                whole = exact.decide(i, j)
                if whole is not None:
                    cases.append(Case(name, x, row[i], whole, None, "mpmath"))
        return cases


def node_cases(order: Sequence[Value], ask_mpmath: bool) -> list[Case]:
    """Each recorded partial against differences, and mpmath where they cannot tell."""
    cases = []
    for node, slot, partial, decision in check_nodes(order):
        asked = None
        if decision.verdict == "inconclusive" and ask_mpmath and oracle.knows([node]):
            asked = _by_mpmath(node, slot, partial)
        cases.append(_node_case(node, slot, partial, asked or decision, asked is not None))
    return cases


class _ExactRows:
    """The gradients by the chain rule in mpmath, computed when they are asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.found: dict[int, dict[Value, Any] | None] = {}

    def decide(self, i: int, j: int) -> Decision | None:
        recording = self.recording
        if j not in self.found:
            y = recording.roots[j]
            self.found[j] = oracle.exact_gradient(y) if type(y) is Value else {}
        gradient = self.found[j]
        if gradient is None:
            return None
        exact = gradient.get(recording.variables[i], 0.0)
        tolerance = TWELVE_DIGITS * recording.sizes[j][i] + recording.own_error(i, j)
        return _against(exact, recording.rows[j][i], tolerance)


def _against(exact: Any, analytic: float, tolerance: float) -> Decision:
    difference = abs(float(analytic - exact))
    tolerance += 4.0 * TINIEST
    share = difference / tolerance
    if difference <= tolerance:
        return Decision("pass", float(exact), tolerance, share)
    if difference < sys.float_info.min:
        reason = "so close to 0 floats lose digits"
        return Decision("inconclusive", float(exact), sys.float_info.min, share, None, reason)
    return Decision("fail", float(exact), tolerance, share, None, "mpmath gives another value")


def _by_mpmath(node: Value, slot: int, partial: float) -> Decision | None:
    """A recorded partial against mpmath; None where there is no single derivative."""
    op: Any = node.op
    numbers = [primal(x) for x in node.operands]
    exact = oracle.partial(op.name, numbers, slot)
    if exact is None or not math.isfinite(partial):
        return None
    size = partial_sizes(node)[slots(node).index(slot)]
    return _against(exact, partial, TWELVE_DIGITS * size)


def _node_case(node: Value, slot: int, partial: float, decision: Decision, asked: bool) -> Case:
    used = "mpmath" if asked else "differences"
    x = primal(node.operands[slot])
    return Case(f"operand {slot}", x, partial, decision, node, used)


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


def _weights(
    y: Any, order: Sequence[Value], blurs: dict[Value, float]
) -> tuple[dict[Value, float], dict[Value, float], float]:
    """Σ |path| from y to each node, how far that is blurred, and the round-off that reaches y.

    The partials were taken at values that are rounded themselves; where these cancel, as in
    (1 - cos(x)) / x², the derivative has fewer digits than its partials.
    """
    if type(y) is not Value:
        return {}, {}, 0.0
    weights = sweep(order, {y: 1.0}, partial_sizes)
    noise = sum([weights[node] * rounding(node) for node in order if node in weights])
    shifts = {node: weights[node] * _shift(node, blurs) for node in order if node in weights}
    return weights, sweep(order, shifts, partial_sizes), noise


def _blurs(order: Sequence[Value]) -> dict[Value, float]:
    """The round-off in the value of each node, with what comes from its inputs."""
    blurs: dict[Value, float] = {}
    for node in order:
        known = [(abs(d), blurs[x]) for x, d in zip(node.inputs, node.partials) if x in blurs]
        blurs[node] = rounding(node) + sum([size * blur for size, blur in known if blur])
    return blurs


def _shift(node: Value, blurs: dict[Value, float]) -> float:
    """By which share the partials of a node may be off, because its inputs are."""
    if node.op in LINEAR:
        return 0.0
    found = [(abs(x.data), blurs.get(x, 0.0)) for x in node.inputs]
    return 2.0 * sum([blur / min(size, 1.0) for size, blur in found if blur and size])
