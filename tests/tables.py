"""Tables of cases as rows of source text."""

import re
from typing import Any

__all__ = ["table"]


def table(text: str, names: dict[str, Any]) -> list[Any]:
    r"""The rows of a text as tuples of what their cells evaluate to, with these names.

    Cells have " | " between them. A row goes on in the lines below it that are indented.

    >>> table("1 | 'one'\n2 |\n    'two'", {})
    [(1, 'one'), (2, 'two')]
    """
    rows = re.split(r"\n(?! )", text.strip())
    return [tuple([eval(cell, names) for cell in re.split(r" \|\s+", row)]) for row in rows]
