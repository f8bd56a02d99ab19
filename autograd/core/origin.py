"""Where a node was made: the scope, and the line of code.

A node keeps that beside its label, and only if it is made within a block of `scope` or `lines`
(see `scopes.py`): `value.py` looks for one where it looks for `no_grad`.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any, NamedTuple

__all__ = ["INTERNAL", "Maker", "Origin", "maker", "origin_of"]

INTERNAL = {"autograd"}  # packages whose lines are not told


class Origin(NamedTuple):
    """Where a node was made.

    Attributes:
        scope: the scopes around it, such as "block 1/head 0"; empty if there are none.
        file, line: of the code; empty and 0 if they are not told.
    """

    scope: str
    file: str
    line: int


class Maker:
    """Makes the origins of the nodes in a block."""

    __slots__ = ("scope", "tells_lines")

    def __init__(self, scope: str = "", tells_lines: bool = False) -> None:
        self.scope, self.tells_lines = scope, tells_lines

    def origin(self) -> Origin:
        """That of a node which is made now."""
        return Origin(self.scope, *(_place() if self.tells_lines else ("", 0)))


maker: ContextVar[Maker | None] = ContextVar("maker", default=None)


def origin_of(node: Any) -> Origin | None:
    """Where a Value was made, if it was within a block."""
    return node._extra[4] if node._extra is not None and len(node._extra) > 4 else None


def _place() -> tuple[str, int]:
    """The file and the line of the innermost code that is in no internal package."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and _package(frame) in INTERNAL:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _package(frame: Any) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
