"""A forward and backward pass as a list of events, and a player that moves along it.

An event is one thing that happens to one number: a value is computed, the seed is set, or
one product of the chain rule is added to a gradient. The events are in the order in which
`Value.backward` works, so playing them to the end gives its gradients bit for bit. The
terminal, the notebook and the page only show this list.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from autograd.drawing.numbers import show
from autograd.drawing.words import escape, printable
from autograd.graph import Graph, Node
from autograd.primitive import Number, Primitive, describe, number
from autograd.sweeps import chain, cotangents
from autograd.value import Value

__all__ = ["Event", "Stepper"]

INFIX = {"+", "-", "*", "/", "**"}
MOST_OPERANDS = 6
MOST_NAMES = 12
LONGEST_NAME = 32
NOTEBOOK_HEIGHT = 640


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
        """What a number becomes here that the numbers it comes from are not yet."""
        sources = [x.data for x in self.node.inputs]
        if self.kind != "forward":
            sources = [x for x in (self.upstream, self.before) if x is not None]
        if math.isnan(self.after) and not any(map(math.isnan, sources)):
            return "not a number"
        if math.isinf(self.after) and all(map(math.isfinite, sources)):
            return "infinite"
        return ""

    def parts(self) -> list[tuple[str, str]]:
        """The line of arithmetic as pairs (text, role), for whoever colours it.

        The roles are "name", "upstream", "local", "result", and "" for the rest.
        """
        result = (show(self.after), "result")
        if self.kind == "forward":
            name = (short(self.node.name), "name")
            if self.op is None:
                return [name, (" = ", ""), result]
            how = f"{formula(self.node)} = {formula(self.node, numbers=True)} → "
            return [name, (" = ", ""), (how, ""), result]
        gradient = f"∂{short(self.root.name)}/∂"
        node, target = short(self.node.name), short(self.target.name)
        to = (gradient + target, "name")
        if self.kind == "seed":
            return [to, (" = ", ""), result]
        numbers = (self.upstream, self.local, self.product, self.before)
        upstream, local, product, before = [show(x) for x in numbers if x is not None]
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


class Stepper:
    """Plays the pass that differentiates a root, one event at a time, in both directions.

    The events: the data of every node, inputs first; the seed; then, from the root down,
    one product for every input of every operation. A product whose upstream gradient is 0
    is an event too, though it adds nothing. The nodes themselves are left alone until
    `apply` is called.

    Args:
        root: the Value that `backward` would be called on.
        seed: what `backward` would be given.

    Attributes:
        graph: the snapshot that is played; a later change to a Value is not seen.
        events: all of them, a tuple.
        position: how many have been played.

    Raises:
        TypeError: `root` is not a Value, or `seed` is not a real number.

    >>> a = Value(3.0, label="a")
    >>> stepper = Stepper(a * a)
    >>> print(stepper.run_until("a"))
    a = 3.0
    >>> print(stepper.run_until("a"))
    ∂v2/∂a += ∂v2/∂v2 · ∂v2/∂a = 1.0 × 3.0 → 3.0  (use 1 of 2)
    >>> print(stepper.next())
    ∂v2/∂a += ∂v2/∂v2 · ∂v2/∂a = 1.0 × 3.0 = 3.0; 3.0 + 3.0 → 6.0  (use 2 of 2)
    >>> stepper.grads[a], a.grad
    (6.0, 0.0)
    """

    def __init__(self, root: Value, seed: Number = 1.0) -> None:
        if type(root) is not Value:
            raise TypeError(f"Stepper takes a Value, got {root!r} ({type(root).__name__})")
        self.graph = Graph(root)
        self.seed = number(seed, "the seed of Stepper")
        self.events = _events(self.graph, self.seed)
        self.reset()

    def reset(self) -> None:
        """Go back to before the first event."""
        self.position = 0
        self._grads = dict.fromkeys([node.value for node in self.graph.nodes], 0.0)

    def next(self) -> Event | None:
        """Play the next event and return it; None at the end."""
        if self.position == len(self.events):
            return None
        event = self.events[self.position]
        self.position += 1
        if event.kind != "forward":
            self._grads[event.target.value] = event.after
        return event

    def back(self) -> Event | None:
        """Take the last event back and return it; None at the start."""
        if self.position == 0:
            return None
        self.position -= 1
        event = self.events[self.position]
        if event.before is not None:
            self._grads[event.target.value] = event.before
        return event

    def goto(self, position: int) -> None:
        """Play or take back until `position` events have been played.

        Raises:
            TypeError: not an integer.
            IndexError: not between 0 and the number of events.
        """
        position = operator.index(position)
        if not 0 <= position <= len(self.events):
            raise IndexError(
                f"goto({position}): there are {len(self.events)} events, "
                f"so a position is from 0 to {len(self.events)}"
            )
        while self.position < position:
            self.next()
        while self.position > position:
            self.back()

    def run_until(self, label: str) -> Event | None:
        """Play up to the next event that sets the data or the gradient of a node.

        Args:
            label: its label, or its name in the graph.

        Returns:
            That event; None if no such event is left, and then nothing is played.

        Raises:
            LookupError: no node is called so.
        """
        wanted = {node.index for node in named(self.graph, label)}
        return self._run(lambda event: event.target.index in wanted)

    def run_until_nonfinite(self) -> Event | None:
        """Play up to the next event that makes infinity, or NaN, of numbers that were not so.

        Where `backward` raises because a gradient is NaN, its message is about the first
        event that makes NaN; one before it that makes infinity is the cause.

        Returns:
            That event; None if no such event is left, and then nothing is played.

        >>> x = Value(0.0, label="x")
        >>> print(Stepper(x.sqrt()).run_until_nonfinite())
        ∂v2/∂x += ∂v2/∂v2 · ∂v2/∂x = 1.0 × inf → inf
        """
        return self._run(lambda event: event.turns != "")

    def _run(self, wanted: Callable[[Event], bool]) -> Event | None:
        for index in range(self.position, len(self.events)):
            if wanted(self.events[index]):
                self.goto(index + 1)
                return self.events[index]
        return None

    @property
    def grads(self) -> Mapping[Value, float]:
        """The gradient that each node has got so far."""
        return MappingProxyType(self._grads)

    def apply(self) -> None:
        """Write the gradients so far into the nodes, as `backward` would.

        Interior nodes are set, leaves add. At the end this is `backward(seed)`.

        Raises:
            ValueError, FloatingPointError: what `backward` would raise; the nodes are then
                as they were.
        """
        if any(map(math.isnan, self._grads.values())):
            cotangents([(self.graph.root.value, self.seed)])
        totals = dict(self._grads)
        for node in self.graph.nodes:
            if node.op is None:
                x, added = node.value, totals[node.value]
                totals[x] = x.grad + added
                if math.isinf(added) and x.grad == -added:
                    raise FloatingPointError(
                        f"apply adds {added!r} to the gradient {x.grad!r} of {describe([x])}; "
                        "call zero_grad between the passes"
                    )
        for x, grad in totals.items():
            x.grad = grad

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page that plays these events: one file that needs nothing else.

        Raises:
            ValueError: the name does not end in .html, or the graph is too large to draw.
            LayoutError: there is no layout engine, it failed or took too long.
            OSError: the file cannot be written; it is then as it was.
        """
        target = Path(path)
        if target.suffix != ".html":
            raise ValueError(f"Stepper.save: {path} does not end in .html")
        from autograd.drawing.page import steps_page
        from autograd.files import write_atomically

        write_atomically(target, steps_page(self).encode())

    def _repr_html_(self) -> str:
        """What a notebook shows: the page, or why there is none."""
        from autograd.drawing.engine import LayoutError
        from autograd.drawing.page import inline, steps_page

        try:
            return inline(steps_page(self), height=NOTEBOOK_HEIGHT)
        except (LayoutError, ValueError) as error:
            return f"<pre>{escape(repr(self))}\n{escape(str(error))}</pre>"

    def __iter__(self) -> Iterator[Event]:
        """Play the events that are left, one an iteration."""
        while (event := self.next()) is not None:
            yield event

    def __repr__(self) -> str:
        where = f"{self.position} of {len(self.events)} events played"
        return f"<Stepper of {short(self.graph.root.name)}: {where}>"


# ---------------------------------------------------------------- the events


def _events(graph: Graph, seed: float) -> tuple[Event, ...]:
    root = graph.root
    forward = [Event(n.index, "forward", root, n, n.data) for n in graph.nodes]
    backward = _backward(graph, seed, len(forward), watchful=False)
    if any(math.isnan(event.after) for event in backward):
        backward = _backward(graph, seed, len(forward), watchful=True)
    return (*forward, *backward)


def _backward(graph: Graph, seed: float, index: int, watchful: bool) -> list[Event]:
    """The sweep of `backward`; the watchful one is that which it turns to at a NaN."""
    root = graph.root
    uses = Counter([x.index for node in graph.nodes for x in node.inputs])
    use: Counter[int] = Counter()
    grads = {root.index: seed}
    events = [Event(index, "seed", root, root, seed, before=0.0)]
    for node in reversed(graph.nodes):
        upstream = grads.get(node.index, 0.0)
        for slot, (x, local) in enumerate(zip(node.inputs, node.partials)):
            before = after = grads.get(x.index, 0.0)
            product = 0.0
            if upstream != 0.0:
                product = chain(node.value, upstream, local) if watchful else upstream * local
                after = product if watchful and x.index not in grads else before + product
                grads[x.index] = after
            use[x.index] += 1
            events.append(
                Event(
                    index + len(events),
                    "backward",
                    root,
                    node,
                    after,
                    slot,
                    x,
                    upstream,
                    local,
                    product,
                    before,
                    use[x.index],
                    uses[x.index],
                )
            )
    return events


# ---------------------------------------------------------------- words


def named(graph: Graph, label: str) -> list[Node]:
    """The nodes with this name or label; LookupError if there is none."""
    found = [node for node in graph.nodes if label in (node.name, node.label, short(node.name))]
    if not found:
        names = [short(node.name) for node in graph.nodes[:MOST_NAMES]]
        more = ", …" if len(graph.nodes) > MOST_NAMES else ""
        raise LookupError(f"no node is called {label!r}; there are {', '.join(names)}{more}")
    return found


def short(name: str) -> str:
    """The beginning of a name, as a terminal can show it."""
    if len(name) > LONGEST_NAME:
        name = name[: LONGEST_NAME - 1] + "…"
    return printable(name)


def formula(node: Node, numbers: bool = False) -> str:
    """The operation that made a node, on the names of its operands or on their numbers."""
    if node.op is None:
        return ""
    shown = [
        show(x.data if isinstance(x, Node) else x)
        if numbers or not isinstance(x, Node)
        else short(x.name)
        for x in node.operands
    ]
    return _call(node.op, shown)


def _call(op: Primitive, operands: list[str]) -> str:
    if op.symbol in INFIX and len(operands) == 2:
        if op.name == "pow" and operands[0].startswith("-"):
            operands = [f"({operands[0]})", operands[1]]
        return f" {op.symbol} ".join(operands)
    if op.name == "neg":
        return f"-({operands[0]})" if operands[0].startswith("-") else f"-{operands[0]}"
    more = len(operands) - MOST_OPERANDS
    if more > 1:
        operands = [*operands[:MOST_OPERANDS], f"… {more} more"]
    return f"{op.name}({', '.join(operands)})"
