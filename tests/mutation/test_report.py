"""The report of the mutants is of these sources, and gives a reason for each survivor."""

import ast
from pathlib import Path

import pytest

from tests.mutation.mutants import function_at
from tests.mutation.report import ROOT, UNKNOWN, Module, explained, read, write
from tests.mutation.suites import SUITES

MODULES = read()


@pytest.mark.parametrize("name", MODULES)
def test_every_survivor_is_in_the_source_and_has_a_reason(name: str) -> None:
    source = (ROOT / name).read_text(encoding="utf-8")
    module, rows = ast.parse(source), range(1, source.count("\n") + 1)
    functions = {function_at(row, module) for row in rows}
    hint = f"run `python -m tests.mutation {name} --report`, then give each survivor a reason"
    for (function, _), (count, reason) in MODULES[name].survivors.items():
        assert function in functions, hint
        assert count >= 1
        assert reason, hint
        assert not reason.startswith(UNKNOWN), hint


def test_the_modules_and_their_tests_are_there() -> None:
    assert MODULES.keys() <= SUITES.keys()
    for name, tests in SUITES.items():
        files = [part.partition("::")[0] for part in tests if not part.startswith("--")]
        assert all((ROOT / file).exists() for file in (name, *files))


def test_a_report_keeps_the_reasons_of_the_one_before(tmp_path: Path) -> None:
    place, more, new = ("f", "NumberReplacer"), ("C.g", "AddNot"), ("f", "ReplaceOrWithAnd")
    before = Module(3, 1, {"annotations": 2}, {place: (2, 'only "speed"'), more: (1, "why")})
    write({"m.py": before}, tmp_path / "report.toml")
    assert read(tmp_path / "report.toml") == {"m.py": before}
    assert before.survived == 3
    found = explained([more, place, more, new], before)
    assert found == {more: (2, "? why"), place: (1, 'only "speed"'), new: (1, "?")}
    again = explained([more, more, more], Module(0, 0, {}, found))
    assert again == {more: (3, "? why")}
