"""Pausing the record."""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any

from autograd.core.value import innermost, pause

__all__ = ["no_grad", "recording", "refuse_suspended"]


def refuse_suspended(name: str, function: Any) -> None:
    """TypeError if a function that this block is to decorate runs after its call."""
    from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

    suspended = iscoroutinefunction, isgeneratorfunction, isasyncgenfunction
    if any(asks(function) for asks in suspended):
        raise TypeError(
            f"{name}: {function.__qualname__} is a generator or a coroutine, which runs "
            f"after the call; write `with {name}(…):` in its body"
        )


class _Block:
    """One entry into a `no_grad`; a thread and an asyncio task each have an innermost one."""

    def __init__(self) -> None:
        self.outer: Any = innermost.get()
        self.open = True


class no_grad(ContextDecorator):
    """Record nothing while the block (or decorated function) runs.

    Operations on Values give leaves: the same data, no inputs. The block holds in the thread
    or asyncio task that enters it, and in the tasks that are started in it, until it is left.
    A generator that is suspended within a block leaves its caller in it.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y, y.inputs
    (Value(9.0), ())
    """

    def __init__(self) -> None:
        self._blocks: list[_Block] = []

    def __call__(self, function: Any) -> Any:
        refuse_suspended("no_grad", function)
        return super().__call__(function)

    def __enter__(self) -> None:
        block = _Block()
        self._blocks.append(block)
        innermost.set(block)
        pause(1)

    def __exit__(self, *exception: object) -> None:
        if not self._blocks:
            raise RuntimeError("no_grad: this leaves a no_grad block that it has not entered")
        block = innermost.get()
        while block is not None and block not in self._blocks:
            block = block.outer
        if block is None:  # a generator that is closed elsewhere than it was suspended
            block = self._blocks[-1]
        self._blocks.remove(block)
        block.open = False
        pause(-1)
        if innermost.get() is block:
            innermost.set(block.outer)


class recording:
    """Record while the block runs, also inside `no_grad`."""

    def __enter__(self) -> None:
        self._outer = innermost.get()
        innermost.set(None)

    def __exit__(self, *exception: object) -> None:
        innermost.set(self._outer)
