"""Tables of cases as rows of source text."""

import re
from typing import Any

__all__ = ["column", "named", "table"]


def table(text: str, names: dict[str, Any] | None = None, **more: Any) -> list[Any]:
    r"""The rows of a text as tuples of what their cells evaluate to, with these names.

    Cells have " | " between them. A row goes on in the lines below it that are indented.

    >>> table("1 | 'one'\n2 |\n    'two'")
    [(1, 'one'), (2, 'two')]
    """
    rows, given = (
        re.split(r"\n(?! )", text.strip()),
        {**(names or {}), **more} if more else names,
    )
    return [tuple([eval(cell, given) for cell in re.split(r" \|\s+", row)]) for row in rows]


def column(text: str, **names: Any) -> list[Any]:
    """Return what each row of a table with one column evaluates to."""
    return [cell for (cell,) in table(text, **names)]


def named(text: str, **names: Any) -> dict[str, Any]:
    """Return what rows of "name: source" evaluate to, by their names."""
    rows = [row.partition(": ") for row in re.split(r"\n(?! )", text.strip())]
    return {name: eval(f"({source})", dict(names)) for name, _, source in rows}
