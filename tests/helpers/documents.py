"""Runs the code of a Markdown document, as it is written."""

import doctest
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[tuple[str, str]]:
    """The language and text of each block of code; "" if it has none.

    Modules that are tested without the document, beside a wheel, skip themselves.
    """
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the tests", allow_module_level=True)
    return BLOCK.findall(path.read_text("utf-8"))


def run(codes: Iterable[str], path: Path, names: dict[str, Any]) -> None:
    """Run Python, and sessions of its prompt, from top to bottom."""
    for code in codes:
        if code.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(code, names, path.name, str(path), 0)
            result = doctest.DocTestRunner().run(test, clear_globs=False)
            names.update(test.globs)
            assert result.attempted > 0
            assert result.failed == 0
        else:
            exec(compile(code, path.name, "exec"), names)


def run_session(session: str, folder: Path) -> None:
    """Run `$ python …`, and compare what it prints."""
    command, _, output = session.removeprefix("$ ").partition("\n")
    program, *arguments = shlex.split(command)
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, cwd=folder
    )
    assert done.stdout == output
