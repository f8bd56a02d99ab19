"""The rules of the library's operations as syntax trees, from the source of the table.

They are read from there since compiled functions do not tell their own.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["function_source", "rule_source"]


@cache
def _texts() -> dict[str, str]:
    """The statements that define a function or an operation, by its name."""
    source = (files("autograd.core") / "table.py").read_text("utf-8")
    statements = re.split(r"^(?=[\w@])", source, flags=re.MULTILINE)
    begins = re.compile(r'def (\w+)|(?:\w+(?:: \w+)? = )?primitive\(\s*"(\w+)"')
    return {m[1] or m[2]: text for text in statements if (m := begins.match(text))}


@cache
def function_source(name: str) -> ast.FunctionDef:
    """A function of the table's module."""
    statement: Any = ast.parse(_texts()[name]).body[0]
    return statement  # type: ignore[no-any-return]


@cache
def rule_source(op: str) -> list[ast.expr]:
    """An operation's value rule and its partials rules."""
    statement: Any = ast.parse(_texts()[op]).body[0]
    return statement.value.args[1:]  # type: ignore[no-any-return]
