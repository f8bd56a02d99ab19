"""A player of the events of a pass, forwards and back, one at a time.

The terminal, the notebook and the page only show what a Stepper plays.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

from autograd.core.operand import Number, describe, number
from autograd.core.sweeps import cotangents
from autograd.core.value import Value
from autograd.show.events import Event, events
from autograd.show.graph import Graph
from autograd.show.pages.document import inline
from autograd.show.pages.page import Page
from autograd.show.pages.steps import steps_page
from autograd.show.snapshot import Node, Snapshot
from autograd.show.text import escape

__all__ = ["Stepper", "named"]

MOST_IN_FULL = 40  # nodes of a model whose page draws every node

MOST_NAMES = 12


class Stepper:
    """Plays the pass that differentiates a root, one event at a time, in both directions.

    The events: the data of every node, inputs first; the seed; then, from the root down,
    one product for every input of every operation, also where it is 0. The nodes themselves
    are left alone until `apply` is called.

    Args:
        root, seed: as in `root.backward(seed)`.
        options: how the page draws the graph, see `autograd.show.drawing.options.Options`; it
            draws every node, of a large model every neuron, unless `collapse` says otherwise.

    Attributes:
        graph: the snapshot that is played; a later change to a Value is not seen.
        events: all of them, a tuple.
        position: how many have been played.

    Raises:
        TypeError: `root` is not a Value, `seed` is not a real number, or an option is unknown.
        ValueError: an option is out of its range.

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

    def __init__(self, root: Value, seed: Number = 1.0, **options: Any) -> None:
        if type(root) is not Value:
            raise TypeError(f"Stepper takes a Value, got {root!r:.80} ({type(root).__name__})")
        self.graph = Graph(root, **options)
        if "collapse" not in options:
            large = len(self.graph) > MOST_IN_FULL
            collapse = "neuron" if self.graph.modules and large else None
            self.graph.options = self.graph.options.changed(collapse=collapse)
        self.seed = number(seed, "the seed of Stepper")
        self.events = events(self.graph, self.seed)
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
        try:
            position = operator.index(position)
        except TypeError:
            raise TypeError(f"goto takes an integer, got {position!r:.80}") from None
        if not 0 <= position <= len(self.events):
            raise IndexError(
                f"goto({position!s:.20}): there are {len(self.events)} events, "
                f"so a position is from 0 to {len(self.events)}"
            )
        while self.position < position:
            self.next()
        while self.position > position:
            self.back()

    def run_until(self, label: str) -> Event | None:
        """Play up to the next event that sets the data or the gradient of a node.

        Args:
            label: of the node, or its name in the graph.

        Returns:
            That event; None if no such event is left, and then nothing is played.

        Raises:
            TypeError: the label is not a string.
            LookupError: no node has it.
        """
        if not isinstance(label, str):
            raise TypeError(f"run_until takes a node's label or name, got {label!r:.80}")
        wanted = {node.index for node in named(self.graph, label)}
        return self._run(lambda event: event.target.index in wanted)

    def run_until_nonfinite(self) -> Event | None:
        """Play up to the next event that makes infinity, or NaN, of numbers that were not so.

        `backward` names the first event that makes NaN; one before it that makes infinity is
        the cause.

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
        """Write the gradients so far into the nodes; at the end this is `backward(seed)`.

        Raises:
            ValueError, FloatingPointError: as `backward`; the nodes are then as they were.
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
            if x.requires_grad:
                x.grad = grad

    def html(self) -> str:
        """The page that plays these events from the position on, with all that it needs.

        Raises:
            ValueError: the graph is too large to draw.
        """
        return steps_page(self.graph, self.events, self.graph.options, self.position)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page of `html` to a file, and return its path.

        Raises:
            ValueError: the name does not end in .html, or the graph is too large to draw.
            OSError: the file cannot be written; it is then as it was.
        """
        return Page(self.html()).save(path)

    def _repr_html_(self) -> str:
        """Return the page for a notebook, or the reason why it cannot be drawn."""
        try:
            return inline(self.html())
        except ValueError as error:
            return f"<pre>{escape(repr(self))}\n{escape(str(error))}</pre>"

    def __iter__(self) -> Iterator[Event]:
        """Play the events that are left, one an iteration."""
        while (event := self.next()) is not None:
            yield event

    def __repr__(self) -> str:
        where = f"{self.position} of {len(self.events)} events played"
        left = self.events[self.position :]
        call = f".next() plays {str(left[0])!r}" if left else ".back() takes the last one back"
        return f"<Stepper of {self.graph.root.short}: {where}; {call}>"


def named(graph: Snapshot, label: str) -> list[Node]:
    """The nodes with this name or label, one at least; else LookupError."""
    matching = [node for node in graph.nodes if label in (node.name, node.label, node.short)]
    if not matching:
        names = [node.short for node in graph.nodes[:MOST_NAMES]]
        more = ", …" if len(graph.nodes) > MOST_NAMES else ""
        raise LookupError(
            f"no node is called {label!r:.80}; there are {', '.join(names)}{more}"
        )
    return matching
