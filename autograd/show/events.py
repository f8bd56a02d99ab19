"""The events of a forward and a backward pass: what happens to each number, in order.

An event is one thing that happens to one number: a value is computed, the seed is set, or
one product of the chain rule is added to a gradient. The order is that of `Value.backward`,
and so is the arithmetic, bit for bit.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from autograd.core.chain import products
from autograd.core.primitive import Primitive
from autograd.show.formulas import arithmetic, rule
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import Parts, format_number

__all__ = ["Event", "events"]


MOST_INSPECTED = 16  # operands of an operation that is looked at for a kink


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Event:
    """One thing that happens to one number; its `str` is a line of arithmetic.

    Attributes:
        index: its place in the list, from 0.
        kind: "forward": the data of `node` appears. "seed": the gradient of the root is
            set. "backward": one product is added to the gradient of `input`.
        root: the node that is differentiated.
        node: the output of the operation.
        after: the data, or the gradient after.
        slot: which of `node.inputs` gets the product; None unless "backward".
        input: the node in that slot.
        upstream: d(root)/d(node).
        local: d(node)/d(input), as recorded.
        product: upstream · local, and 0 if upstream is 0, whatever local is.
        before: the gradient before; None if "forward".
        use: how many products have arrived at `input`, this one included …
        uses: … of how many that will.

    >>> from autograd import Stepper, Value
    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> e = a * b
    >>> e.label = "e"
    >>> for event in Stepper(e).events:
    ...     print(event)
    a = 2.0
    b = -3.0
    e = a * b = 2.0 * -3.0 → -6.0
    ∂e/∂e = 1.0
    ∂e/∂a += ∂e/∂e · ∂e/∂a = 1.0 × -3.0 → -3.0
    ∂e/∂b += ∂e/∂e · ∂e/∂b = 1.0 × 2.0 → 2.0
    """

    index: int
    kind: Literal["forward", "seed", "backward"]
    root: Node
    node: Node
    after: float
    slot: int | None = None
    input: Node | None = None
    upstream: float | None = None
    local: float | None = None
    product: float | None = None
    before: float | None = None
    use: int = 0
    uses: int = 0

    @property
    def op(self) -> Primitive | None:
        """The operation of `node`; None for a leaf."""
        return self.node.op

    @property
    def target(self) -> Node:
        """The node whose data or gradient this event sets."""
        return self.node if self.input is None else self.input

    @property
    def turns(self) -> Literal["infinite", "not a number", ""]:
        """The state of the number here, if none of the numbers it comes from is in it."""
        sources = [x.data for x in self.node.inputs]
        if self.kind != "forward":
            sources = [x for x in (self.upstream, self.before) if x is not None]
        if math.isnan(self.after) and not any(map(math.isnan, sources)):
            return "not a number"
        if math.isinf(self.after) and all(map(math.isfinite, sources)):
            return "infinite"
        return ""

    @property
    def rule(self) -> str:
        """The formula of `local`; empty if that is a number, or cannot be written."""
        if self.slot is None:
            return ""
        with contextlib.suppress(Exception):  # of a rule of a user's primitive, or of data
            text = rule(self.node, self.slot)  # that has been changed
            return "" if text == format_number(self.local or 0.0) else text
        return ""

    @property
    def convention(self) -> str:
        """The derivative that is taken here, if `node` is at a kink and has none."""
        op = self.node.op
        values = [x.data if isinstance(x, Node) else x for x in self.node.operands]
        if op is None or not op.kink or len(values) > MOST_INSPECTED:
            return ""
        for i, x in enumerate(values):
            near = [math.nextafter(x, side) for side in (-math.inf, math.inf)]
            slopes = [_slope(op, i, [*values[:i], y, *values[i + 1 :]]) for y in near]
            if x == x and not math.isclose(*slopes, rel_tol=1e-3, abs_tol=1e-9):
                return op.kink
        return ""

    def parts(self) -> Parts:
        """The line of arithmetic as pairs (text, role), for colours.

        The roles are "name", "upstream", "local", "result", and "" for the rest.
        """
        result = (format_number(self.after), "result")
        if self.kind == "forward":
            name = (self.node.short, "name")
            how = f"{arithmetic(self.node)} = {arithmetic(self.node, numbers=True)} → "
            return [name, (" = ", ""), (how if self.op else "", ""), result]
        gradient = f"∂{self.root.short}/∂"
        node, target = self.node.short, self.target.short
        to = (gradient + target, "name")
        if self.kind == "seed":
            return [to, (" = ", ""), result]
        numbers = (self.upstream, self.local, self.product, self.before)
        upstream, local, product, before = [format_number(x) for x in numbers if x is not None]
        sum_ = f" = {product}; {before} + {product}" if self.use > 1 else ""
        return [
            to,
            (" += ", ""),
            (gradient + node, "upstream"),
            (" · ", ""),
            (f"∂{node}/∂{target}", "local"),
            (" = ", ""),
            (upstream, "upstream"),
            (" × ", ""),
            (local, "local"),
            (f"{sum_} → ", ""),
            result,
        ]

    def __str__(self) -> str:
        line = "".join([text for text, _ in self.parts()])
        return f"{line}  (use {self.use} of {self.uses})" if self.uses > 1 else line

    def __repr__(self) -> str:
        return f"<Event {self.index}: {self}>"


def _slope(op: Primitive, slot: int, values: list[float]) -> float:
    """The partial to this operand; infinite where there is none."""
    try:
        out = op.evaluate(values, values)
        slope = op.partials(out, values)[slot] if op.variadic else op.partial(slot, out, values)
        return float(slope) if math.isfinite(slope) else math.inf
    except (ValueError, ArithmeticError):
        return -math.inf


def events(graph: Snapshot, seed: float) -> tuple[Event, ...]:
    """Both passes over a graph, from a seed: what happens, in order."""
    root = graph.root
    uses = Counter([x for node in graph.nodes for x in node.inputs])
    use: Counter[Node] = Counter()
    grads = {root: seed}
    events = [Event(n.index, "forward", root, n, n.data) for n in graph.nodes]
    events.append(Event(len(events), "seed", root, root, seed, before=0.0))
    for node, slot, x, local, product in products(graph.nodes, grads):
        if x.frozen:
            continue
        before = grads.get(x, 0.0)
        grads[x] = after = before + product
        use[x] += 1
        events.append(
            Event(
                len(events),
                "backward",
                root,
                node,
                after,
                slot,
                x,
                grads.get(node, 0.0),
                local,
                product,
                before,
                use[x],
                uses[x],
            )
        )
    return tuple(events)
