"""The areas of the table, and the public names that have no rows, with the reason."""

from __future__ import annotations

from tests.bad_input import value

__all__ = ["AREAS", "WITHOUT"]

AREAS = [list(area()) for area in (value.rows,)]
WITHOUT: dict[str, str] = {}
