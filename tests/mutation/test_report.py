"""The report of the mutants is of these sources, adds up, and gives a reason for the rest."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator

import pytest

from tests.mutation.report import REPORT, ROOT, read
from tests.mutation.suites import SUITES

MODULES = read()


@pytest.mark.parametrize("name", MODULES)
def test_every_survivor_is_in_the_source_and_has_a_reason(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    functions = dict(functions_of(ast.parse(source), source))
    hint = f"run `python -m tests.mutation {name} --report`, then give each survivor a reason"
    for survivor in MODULES[name].survivors:
        assert survivor.line in functions.get(survivor.where, source), hint
        assert survivor.mutants
        assert survivor.reason, hint


@pytest.mark.parametrize("name", MODULES)
def test_the_counts_add_up(name: str) -> None:
    table = tomllib.loads(REPORT.read_text(encoding="utf-8"))[name]
    assert table["survived"] == sum(len(s.mutants) for s in MODULES[name].survivors)
    assert table["mutants"] == table["killed"] + table["timed_out"] + table["survived"]


def test_the_modules_and_their_tests_are_there() -> None:
    assert MODULES.keys() <= SUITES.keys()
    for name, tests in SUITES.items():
        files = [part.partition("::")[0] for part in tests if not part.startswith("--")]
        assert all((ROOT / file).exists() for file in (name, *files))


def functions_of(tree: ast.AST, source: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            start = min([node.lineno, *[x.lineno for x in node.decorator_list]])
            yield (
                prefix + node.name,
                "\n".join(source.splitlines()[start - 1 : node.end_lineno]),
            )
            yield from functions_of(node, source, f"{prefix}{node.name}.")
        else:
            yield from functions_of(node, source, prefix)
