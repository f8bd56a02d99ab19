"""The checks of a function on Values: of its graph, node by node, and end to end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from autograd.core.float_sweeps import LINEAR
from autograd.core.operand import describe, primal
from autograd.core.primitive import RESERVED
from autograd.core.sweeps import reverse_sweep, tangents, topological_order
from autograd.core.value import Value
from autograd.testing import oracle
from autograd.testing.decide import (
    FAIL,
    INCONCLUSIVE,
    TWELVE_DIGITS,
    Decision,
    Question,
    by_exact,
    decide,
    starts,
)
from autograd.testing.differences import START, ULP, Line, Samples
from autograd.testing.flat import Comparison, Flat, Move, weights
from autograd.testing.problem import Problem
from autograd.testing.report import Case
from autograd.testing.verdicts import Oracle, Reason

__all__ = ["Recording", "node_cases"]

JUMPING = ("mod", "floordiv")  # whose jumps may be closer together than steps
JUMPS = (
    16.0  # quotients beyond which steps of a quarter, and of a quarter of 1, jump over jumps
)
PROMISED = 4.0  # ulp of a partial, as the table promises
NODE_CALLS = 80  # of a value rule, which is cheap and calls f no more


class Recording(Comparison):
    """A function as it was recorded at the point, and its gradients by `backward`.

    Args:
        how: "differences", "mpmath", or "auto" for mpmath where differences cannot tell.

    Attributes:
        claims: the gradient of each output.
        sizes: for each output and variable, the sum of |path| between them.
        noises: for each output, the round-off that reaches it.
        blurs: for each output and variable, the error of the derivative by rounded values.
        asks_mpmath: whether mpmath is asked, always or where differences cannot tell.
        jumps_far: whether steps may jump over jumps, which no difference then tells.
    """

    def __init__(self, problem: Problem, how: str = "auto") -> None:
        self.problem, self.how = problem, how
        self.variables, self.roots = problem.record()
        outputs = tuple([primal(y) for y in self.roots])
        super().__init__(Flat(problem.outputs, problem.point, outputs, problem.names, []))
        self.order, _ = topological_order(*[y for y in self.roots if type(y) is Value])
        blurs = _blurs(self.order)
        self.claims = [_by_backward(y, self.variables) for y in self.roots]
        paths = [_paths(y, self.order, blurs) for y in self.roots]
        self.sizes = [[sizes.get(x, 0.0) for x in self.variables] for sizes, _, _ in paths]
        self.blurs = [[blur.get(x, 0.0) for x in self.variables] for _, blur, _ in paths]
        self.noises = [noise for _, _, noise in paths]
        self.asks_mpmath = how == "mpmath" or (how == "auto" and oracle.knows(self.order))
        operands = [node.operands for node in self.order if node.op.name in JUMPING]
        far = [max(1.0, abs(primal(x))) > JUMPS * abs(primal(y)) for x, y in operands]
        self.jumps_far = any(far)

    @cached_property
    def exact(self) -> list[dict[Value, Any] | None]:
        """The gradient of each output in mpmath; None if it has no single value."""
        return [oracle.exact_gradient(y) if type(y) is Value else {} for y in self.roots]

    def round_off(self, i: int, j: int) -> float:
        """Return the round-off of the derivative of output j by variable i.

        A node on the path adds the promised ulp of its partial, and as many at most of the
        product and the sum.
        """
        return 2.0 * PROMISED * ULP * (len(self.order) + 1) * self.sizes[j][i]

    def forward_cases(self) -> list[Case]:
        """Return where reverse mode differs from forward mode along a direction."""
        problem, direction = self.problem, weights(len(self.variables))
        roots = [y for y in self.roots if type(y) is Value]
        tangent = tangents(roots, zip(self.variables, direction))
        cases = []
        for j, y in enumerate(self.roots):
            tolerance = sum([self.round_off(i, j) * u for i, u in enumerate(direction)])
            if type(y) is Value and math.isfinite(tolerance):
                reverse = sum([g * u for g, u in zip(self.claims[j], direction)])
                forward = primal(tangent.get(y, 0.0))
                if not abs(forward - reverse) <= tolerance:  # not for NaN either
                    decision = Decision(FAIL, forward, tolerance, reason=Reason.MODES_DIFFER)
                    name = f"along {describe(direction)}: {problem.names[0]}"
                    cases.append(Case(name, problem.point[0], reverse, decision))
        return cases

    def end_to_end_cases(self) -> tuple[list[Case], int]:
        """Return each derivative beside differences of f, and the most calls of f for one."""
        cases = [
            case
            for i in range(len(self.variables))
            for case in self.cases_by(i, [row[i] for row in self.claims])
        ]
        return cases, max([len(samples.seen) for samples in self.spent], default=0)

    def line(self, samples: Samples, x: float, j: int) -> Line:
        return Line(samples, x, self.flat.outputs[j], self.noises[j], output=j)

    def decided(
        self, line: Line, i: int, analytic: float, move: Move
    ) -> tuple[Decision, Oracle]:
        j = line.output
        size, slack = self.sizes[j][i], self.round_off(i, j)
        decision = Decision(INCONCLUSIVE, reason=Reason.NO_SINGLE_DERIVATIVE)
        if self.how != "mpmath":
            question = Question(line, analytic, size, slack + self.blurs[j][i])
            decision = decide(question, starts(line.x))
            if decision.verdict is FAIL and self.jumps_far:
                decision = decision._replace(verdict=INCONCLUSIVE, reason=Reason.BENDS)
        if decision.verdict is INCONCLUSIVE and self.asks_mpmath:
            gradient = self.exact[j]
            if gradient is not None:
                exact = gradient.get(self.variables[i], 0.0)
                near = TWELVE_DIGITS * size + slack
                wrong = Reason.ANOTHER_IN_MPMATH
                return by_exact(exact, analytic, near, wrong), Oracle.MPMATH
        return decision, Oracle.DIFFERENCES


def node_cases(order: Sequence[Value], how: str = "auto") -> list[Case]:
    """Compare each recorded partial with differences of the value rule, or with mpmath.

    Each combination of primitive and operands is checked once. By "auto", mpmath is asked
    where differences cannot tell.
    """
    seen, cases = set[Any](), []
    for node in order:
        op = node.op
        numbers = tuple([primal(x) for x in node.operands])
        key = (op.name, numbers, node.partials)
        if key in seen:
            continue
        seen.add(key)
        slots = [slot for slot, x in enumerate(node.operands) if type(x) is Value]
        for slot, partial, size in zip(slots, node.partials, _partial_sizes(node)):
            if math.isnan(partial):
                continue
            used, line = Oracle.DIFFERENCES, _line(node, numbers, slot)
            decision = Decision(INCONCLUSIVE, reason=Reason.NO_SINGLE_DERIVATIVE)
            if how != "mpmath":
                decision = _by_differences(line, node, numbers, slot, partial)
            asks = how == "auto" and decision.verdict is INCONCLUSIVE and oracle.knows([node])
            if how == "mpmath" or asks:
                exact = oracle.partial(op.name, numbers, slot)
                if exact is not None and math.isfinite(partial):
                    used, wrong = Oracle.MPMATH, Reason.ANOTHER_IN_MPMATH
                    decision = by_exact(exact, partial, TWELVE_DIGITS * size, wrong)
            name, x = f"operand {slot}", numbers[slot]
            cases.append(Case(name, x, partial, decision, line, node, used))
    return cases


def _line(node: Value, numbers: tuple[float, ...], slot: int) -> Line:
    """Return the value rule along one operand."""
    op = node.op
    before, x, after = numbers[:slot], numbers[slot], numbers[slot + 1 :]

    def along(t: float) -> tuple[float]:
        return (float(op.value(*before, t, *after)),)

    grain = 0.0 if op.strong_zero and op.name in RESERVED else 2.0 * ULP
    return Line(Samples(along, NODE_CALLS), x, node.data, _rounding(node), grain)


def _by_differences(
    line: Line, node: Value, numbers: tuple[float, ...], slot: int, partial: float
) -> Decision:
    op, x = node.op, line.x
    before, after = numbers[:slot], numbers[slot + 1 :]
    steps = starts(x, before + after)
    if op.kink:  # the kink may be where two operands are equal
        distances = sorted([abs(x - c) for c in before + after if x != c])
        near = [max(START * d, math.ulp(x)) for d in distances if d < (abs(x) or 1.0)]
        steps = near + steps
    if op.name in JUMPING:
        over, by = numbers
        rest = abs(math.fmod(over, by))
        gap = min(rest, abs(by) - rest) or abs(by)
        steps = [START * gap / (max(1.0, abs(over / by)) if slot else 1.0)]
    slack = PROMISED * PROMISED * ULP * abs(partial)
    return decide(Question(line, partial, 0.0, slack), steps)


def _by_backward(y: Any, variables: list[Value]) -> list[float]:
    """Return what backward() adds to the variables; no grad changes."""
    if type(y) is not Value:
        return [0.0] * len(variables)
    leaves = topological_order(y)[1]
    before = [leaf.grad for leaf in leaves]
    try:
        for x in variables:
            x.grad = 0.0
        y.backward()
        return [x.grad for x in variables]
    finally:
        for leaf, grad in zip(leaves, before):
            leaf.grad = grad


def _rounding(node: Value) -> float:
    """Return the round-off of a node: some ulp of the result, or of the terms inside it."""
    op = node.op
    if op.strong_zero and op.name in RESERVED:
        return 0.0
    size = 2.0 * abs(node.data)
    if op.variadic or op.name not in RESERVED:
        pairs = zip(node.inputs, node.partials)
        size += sum([abs(x.data * d) for x, d in pairs if math.isfinite(d)])
    return ULP * size


def _partial_sizes(node: Value) -> list[float]:
    """Return the sizes of a node's partials, or of their terms, which set their round-off."""
    sizes = [abs(partial) for partial in node.partials]
    op = node.op
    if op.name in ("silu", "gelu") and node.inputs[0].data:  # whose two terms cancel at a root
        sizes[0] += abs(node.data / node.inputs[0].data)
    return sizes


def _paths(
    y: Any, order: Sequence[Value], blurs: dict[Value, float]
) -> tuple[dict[Value, float], dict[Value, float], float]:
    """Return Σ |path| from y to each node, its blur, and the round-off that reaches y.

    The partials were taken at values that are rounded themselves; where these cancel, as in
    (1 - cos(x)) / x², the derivative has fewer digits than its partials.
    """
    if type(y) is not Value:
        return {}, {}, 0.0
    paths = reverse_sweep(order, {y: 1.0}, _partial_sizes)
    noise = sum([paths[node] * _rounding(node) for node in order if node in paths])
    shifts = {node: paths[node] * _shift(node, blurs) for node in order if node in paths}
    return paths, reverse_sweep(order, shifts, _partial_sizes), noise


def _blurs(order: Sequence[Value]) -> dict[Value, float]:
    """Return the round-off in the value of each node, with that of its inputs."""
    blurs: dict[Value, float] = {}
    for node in order:
        known = [(abs(d), blurs[x]) for x, d in zip(node.inputs, node.partials) if x in blurs]
        blurs[node] = _rounding(node) + sum([size * blur for size, blur in known if blur])
    return blurs


def _shift(node: Value, blurs: dict[Value, float]) -> float:
    """Return the share by which the partials of a node may be off because its inputs are."""
    if node.op in LINEAR:
        return 0.0
    inputs = [(abs(x.data), blurs.get(x, 0.0)) for x in node.inputs]
    return 2.0 * sum([blur / min(size, 1.0) for size, blur in inputs if blur and size])
