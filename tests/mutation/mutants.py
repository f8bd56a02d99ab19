"""The mutants of a source, by Cosmic Ray's operators, and the places where none are made."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutant:
    operator: str
    row: int
    where: str  # the function, or what a statement defines
    line: str
    change: Any  # changes the tree, and returns the code that it is of then


def mutants_of(source: str) -> tuple[list[Mutant], dict[str, int]]:
    """All mutants of a source, and how many were left out for which reason.

    They share a tree, and each may be made only once, in a process of its own.
    """
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    operators = [get_operator(name) for name in operator_names()]
    operators = [kind() for kind in operators if not kind.arguments()]
    tree = get_ast(source)
    module = ast.parse(source)
    spans = list(_without_effect(module))
    lines = source.splitlines()
    mutants = []
    excluded: Counter[str] = Counter()
    for node in list(ast_nodes(tree)):
        for operator in operators:
            for index, (start, end) in enumerate(list(operator.mutation_positions(node))):
                name = type(operator).__name__
                reason = next((why for why, span in spans if _within(start, end, span)), None)
                if reason is None and _compares_types(node, name):
                    reason = "types, where == is the same as is"
                if reason is not None:
                    excluded[reason] += 1
                    continue
                row = start[0]
                line = lines[row - 1].strip()
                change = _change(tree, node, operator, index)
                mutants.append(Mutant(name, row, function_at(row, module), line, change))
    mutants.sort(key=lambda mutant: mutant.row)
    return mutants, dict(excluded)


def _change(tree: Any, node: Any, operator: Any, index: int) -> Any:
    def change() -> str:
        siblings = node.parent.children
        place = next(i for i, sibling in enumerate(siblings) if sibling is node)
        changed = operator.mutate(node, index)
        siblings[place : place + 1] = [] if changed is None else [changed]
        code: str = tree.get_code()
        return code

    return change


def _without_effect(module: ast.Module) -> Iterator[tuple[str, Span]]:
    """Yield the spans that the interpreted build doesn't run, and why."""
    for node in ast.walk(module):
        annotations = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        for annotation in annotations:
            if isinstance(annotation, ast.expr):
                yield "annotations", _span(annotation)
        for decorator in getattr(node, "decorator_list", []):
            if ast.unparse(decorator).startswith("cython."):
                yield "only in the compiled build", _whole_lines(decorator)
        if isinstance(node, ast.If):
            test = ast.unparse(node.test)
            if test == "TYPE_CHECKING":
                yield "only for type checkers", _span(node)
            if test.startswith(("cython.compiled", "sys.platform == 'cython'")):
                yield "only in the compiled build", _span(node.test)
                for statement in node.body:
                    yield "only in the compiled build", _span(statement)


def _span(node: ast.stmt | ast.expr) -> Span:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _whole_lines(node: ast.expr) -> Span:
    return (node.lineno, 0), (node.lineno + 1, 0)


def _within(start: tuple[int, int], end: tuple[int, int], span: Span) -> bool:
    return span[0] <= start and end <= span[1]


def _compares_types(node: Any, operator: str) -> bool:
    names = ("ReplaceComparisonOperator_Is_Eq", "ReplaceComparisonOperator_IsNot_NotEq")
    return operator in names and node.get_code().strip().startswith("type(")


def function_at(row: int, module: ast.Module) -> str:
    """The qualified name of the function, or what the statement there defines."""
    names: list[str] = []
    body: list[ast.stmt] = module.body
    while True:
        around = [x for x in body if _first(x) <= row <= (x.end_lineno or 0)]
        if not around:
            return ".".join(names)
        (found,) = around
        if not isinstance(found, (ast.ClassDef, ast.FunctionDef)):
            return ".".join(names) or _defined(found)
        names.append(found.name)
        body = found.body


def _defined(statement: ast.stmt) -> str:
    """The target of an assignment, or the name that a call begins with, as in the table."""
    match statement:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.Expr(ast.Call(args=[ast.Constant(str(name)), *_])):
            return name
    return "<module>"


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *[decorator.lineno for decorator in decorators]])
