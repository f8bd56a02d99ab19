"""A graph's life as a state machine for Hypothesis, beside a model that is easy to check."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from autograd.core.blocks import no_grad
from autograd.core.primitive import TABLE
from autograd.core.value import Value
from tests.helpers.programs import SAFE

OF_TWO = ["add", "sub", "mul", "div", "maximum", "dot"]
OF_ONE = ["neg", "exp", "sin", "tanh", "log", "relu", "square"]
numbers = st.sampled_from([1.0, -2.0, 0.5, 3.0]) | st.floats(-3.0, 3.0)
place = st.integers(0, 10**6)


@dataclass
class Model:
    """A node's numbers as they should be, and the edges it was recorded with."""

    data: float
    grad: float = 0.0
    edges: list[tuple[int, float]] = field(default_factory=list)


class GraphLife(RuleBasedStateMachine):
    """Record, backward, zero, detach, no_grad, mutate a leaf, train, pickle: in any order.

    After each step every node must hold the data and the grad of its model. Run it as
    `GraphLife.TestCase`; add rules in a subclass. `nodes` are the Values, `models` say what
    they should be, in the same order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Value] = []
        self.models: list[Model] = []

    def _add(self, node: Value, data: float, edges: list[tuple[int, float]]) -> None:
        self.nodes.append(node)
        self.models.append(Model(data, 0.0, edges))

    @initialize(data=numbers)
    def begin(self, data: float) -> None:
        self.leaf(data)

    @rule(data=numbers)
    def leaf(self, data: float) -> None:
        self._add(Value(data), data, [])

    def _record(self, name: str, operands: list[int | float]) -> None:
        """An operation, if it is safe there; an int is a node's place, a float a number."""
        op = TABLE[name]
        xs = [self.nodes[k].data if type(k) is int else k for k in operands]
        if SAFE[name](*xs) and abs(op(*xs)) <= 100.0:
            node = op(*[self.nodes[k] if type(k) is int else k for k in operands])
            partials = op(*map(Value, xs)).partials
            edges = [(k, d) for k, d in zip(operands, partials) if type(k) is int]
            self._add(node, op(*xs), edges)

    @rule(name=st.sampled_from(OF_ONE), i=place)
    def unary(self, name: str, i: int) -> None:
        self._record(name, [i % len(self.nodes)])

    @rule(name=st.sampled_from(OF_TWO), i=place, j=place, constant=st.none() | numbers)
    def binary(self, name: str, i: int, j: int, constant: float | None) -> None:
        """Record an operation of two operands, one of which may be a plain number."""
        bias = [0.25] if name == "dot" else []
        other = j % len(self.nodes) if constant is None else constant
        self._record(name, [*bias, i % len(self.nodes), other])

    @rule(i=place)
    def detach(self, i: int) -> None:
        """Cut a node off: its copy is a leaf."""
        i %= len(self.nodes)
        self._add(self.nodes[i].detach(), self.models[i].data, [])

    @rule(i=place)
    def without_recording(self, i: int) -> None:
        """Compute inside `no_grad`: the result is a leaf."""
        i %= len(self.nodes)
        with no_grad():
            node = self.nodes[i] * 2.0
        self._add(node, 2.0 * self.models[i].data, [])

    @rule(i=place, data=numbers)
    def mutate(self, i: int, data: float) -> None:
        """Set a leaf's data: what was recorded with it keeps its partials."""
        i %= len(self.nodes)
        if self.nodes[i].op is None:
            self.nodes[i].data = data
            self.models[i].data = data

    @rule(i=place)
    def zero(self, i: int) -> None:
        """Set the gradients of all that a node depends on to 0."""
        i %= len(self.nodes)
        self.nodes[i].zero_grad()
        for k in self._below(i):
            self.models[k].grad = 0.0

    @rule(i=place, seed=st.just(1.0) | numbers)
    def backward(self, i: int, seed: float) -> None:
        """Interior nodes get their gradient, leaves add it to what they have."""
        i %= len(self.nodes)
        self.nodes[i].backward(seed)
        found = {i: seed}
        below = self._below(i)
        for k in sorted(below, reverse=True):
            for j, partial in self.models[k].edges:
                found[j] = found.get(j, 0.0) + found.get(k, 0.0) * partial
        for k in below:
            model = self.models[k]
            model.grad = found.get(k, 0.0) + (0.0 if model.edges else model.grad)

    @rule(i=place)
    def train(self, i: int) -> None:
        """A step of training: backward, the leaves go down the gradient, which is zeroed."""
        i %= len(self.nodes)
        self.zero(i)
        self.backward(i, 1.0)
        self.every_node_is_as_its_model()
        for k in self._below(i):
            leaf = self.nodes[k]
            if leaf.op is None and abs(leaf.grad) < 100.0:
                leaf.data -= 0.01 * leaf.grad
                self.models[k].data = leaf.data
        self.zero(i)

    @rule()
    def copy(self) -> None:
        self.nodes = pickle.loads(pickle.dumps(self.nodes))

    def _below(self, i: int) -> set[int]:
        """The node and all that it depends on."""
        found = {i}
        for k in range(i, -1, -1):
            if k in found:
                found.update([j for j, _ in self.models[k].edges])
        return found

    @invariant()
    def every_node_is_as_its_model(self) -> None:
        """Data to the last bit; gradients as far as the order of a sum matters."""
        places = {id(node): k for k, node in enumerate(self.nodes)}
        for k, (node, model) in enumerate(zip(self.nodes, self.models)):
            if node.data != model.data:
                raise AssertionError(f"node {k} holds {node.data!r}, not {model.data!r}")
            if not math.isclose(node.grad, model.grad, rel_tol=1e-9, abs_tol=1e-9):
                raise AssertionError(f"node {k} has grad {node.grad!r}, not {model.grad!r}")
            edges = [(places[id(x)], d) for x, d in zip(node.inputs, node.partials)]
            if edges != model.edges:
                raise AssertionError(f"node {k} has the edges {edges}, not {model.edges}")


TestGraphLife = GraphLife.TestCase
TestGraphLife.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
