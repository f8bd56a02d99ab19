"""The README's code runs as it is written. (Its two commands are run by `.ci/run`.)"""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(
    r"^```(\w*)\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
)
COMMANDS = [text for language, text in BLOCKS if language == "sh"]


def test_the_code_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in [text for language, text in BLOCKS if language == "python"]:
        if code.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(code, names, "README.md", "README.md", 0)
            result = doctest.DocTestRunner().run(test, clear_globs=False)
            names.update(test.globs)
            assert result.attempted > 0
            assert result.failed == 0
        elif not code.startswith("import jax"):
            exec(compile(code, "README.md", "exec"), names)
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    before = jax.config.jax_enable_x64
    (code,) = [text for _, text in BLOCKS if text.startswith("import jax")]
    try:
        exec(compile(code, "README.md", "exec"), names)
    finally:
        jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize(
    "session",
    [text for language, text in BLOCKS if language == "console"],
    ids=lambda s: s[:40],
)
def test_terminal_session(session: str, tmp_path: Path) -> None:
    command, _, output = session.removeprefix("$ ").partition("\n")
    program, *arguments = shlex.split(command)
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == output


def test_every_block_is_python_or_a_session_or_one_of_the_two_commands() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "console", "sh"}
    assert [re.sub(r".* -m ", "", text.strip()) for text in COMMANDS] == ["demos", "pytest"]


@pytest.mark.parametrize("document", ["README.md", ".github/CONTRIBUTING.md"])
def test_what_a_document_points_to_exists(document: str) -> None:
    text = (README.parent / document).read_text("utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    targets += re.findall(r"`((?:autograd|demos|nn|tests|\.ci)/[\w/.]*)", text)
    assert len(targets) > 5
    for target in targets:
        assert (README.parent / target).exists(), target


def test_the_rows_of_a_table_are_as_long_as_its_head() -> None:
    tables = re.findall(r"(?:^\|.*\n)+", README.read_text("utf-8"), re.MULTILINE)
    assert len(tables) > 4
    for table in tables:
        assert len({row.count("|") for row in table.splitlines()}) == 1, table
