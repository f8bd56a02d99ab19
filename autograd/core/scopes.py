"""Blocks within which nodes keep where they are made."""

from __future__ import annotations

import copy
from contextlib import ContextDecorator
from typing import Any, Self

from autograd.core.no_grad import refuse_suspended
from autograd.core.origin import Maker, maker
from autograd.core.value import pause

__all__ = ["lines", "scope"]


class _Block(ContextDecorator):
    def __init__(self, name: str, tells_lines: bool) -> None:
        self._name, self._tells_lines = name, tells_lines
        self._outer: list[Maker | None] = []

    def _recreate_cm(self) -> Self:  # calls in several threads share nothing
        fresh = copy.copy(self)
        fresh._outer = []
        return fresh

    def __call__(self, function: Any) -> Any:
        refuse_suspended(type(self).__name__, function)
        return super().__call__(function)

    def __enter__(self) -> None:
        outer = maker.get()
        self._outer.append(outer)
        around = outer or Maker()
        path = "/".join([part for part in (around.scope, self._name) if part])
        maker.set(Maker(path, around.tells_lines or self._tells_lines))
        pause(1)

    def __exit__(self, *exception: object) -> None:
        name = type(self).__name__
        if not self._outer:
            raise RuntimeError(f"{name}: this leaves a {name} block that it has not entered")
        maker.set(self._outer.pop())
        pause(-1)


class scope(_Block):
    """Name what is computed in a block, or in a function that this decorates.

    In pictures and on pages it becomes one box, as a neuron of `nn` does; within another scope
    its name is written "block 1/head 0".

    Args:
        name: such as "head 0".

    Raises:
        TypeError: the name is not a string.
        ValueError: it is blank, or has a slash in it.

    >>> from autograd import Value, scope
    >>> x = Value(0.5, label="x")
    >>> with scope("square"):
    ...     y = x * x
    >>> graph = (y + 1.0).graph()
    >>> graph.scopes[graph[y]]
    'square'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"scope takes a name, got {name!r:.80} ({type(name).__name__})")
        if not name.strip() or "/" in name:
            raise ValueError(f"a scope needs a name without a slash, got {name!r:.80}")
        super().__init__(name, False)


class lines(_Block):
    """Keep, of every node that is made in the block, which line of code made it.

    A page of what is computed there shows that code beside the graph, and lights up the line
    of each step. Code of this library does not count: its caller does.

    >>> from autograd import Value, lines
    >>> with lines():
    ...     y = Value(0.5, label="x").tanh()
    >>> page = y.steps().html()
    """

    def __init__(self) -> None:
        super().__init__("", True)
