"""The rules of the library's operations as syntax trees, from the source of the table.

They are read from there since compiled functions do not tell their own.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib.resources import files

__all__ = ["rule_source"]


@cache
def rule_source() -> tuple[dict[str, ast.FunctionDef], dict[str, list[ast.expr]]]:
    """The functions of `table.py`, and each operation's value rule and partials rules."""
    tree = ast.parse((files("autograd.core") / "table.py").read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    rules: dict[str, list[ast.expr]] = {}
    for node in tree.body:
        match node:
            case (
                ast.Assign(value=ast.Call(args=[ast.Constant(str() as name), *found]))
                | ast.AnnAssign(value=ast.Call(args=[ast.Constant(str() as name), *found]))
                | ast.Expr(value=ast.Call(args=[ast.Constant(str() as name), *found]))
            ):
                rules[name] = found
    return functions, rules
