"""The site's code that its build does not run: what needs a framework, sessions, doctests."""

import ast
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.builds import ROOT
from tests.helpers.documents import blocks, run, run_session

PAGES = {
    str(path.relative_to(ROOT / "docs")): path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if "_build" not in path.parts
}
PYTHON = {
    name: [text for language, text in blocks(path) if language == "python"]
    for name, path in PAGES.items()
    if not name.startswith("lessons/")
}
SESSIONS = [
    text for path in PAGES.values() for language, text in blocks(path) if language == "console"
]
RUN_BY_THE_BUILD = {"{code-cell}", "{live}"}
NOT_CODE = {
    "",
    "text",
    "{eval-rst}",
    "{exercise}",
    "{include}",
    "{literalinclude}",
    "{raw}",
    "{toctree}",
}


@pytest.mark.parametrize("name", [name for name, codes in PYTHON.items() if codes])
def test_python_of_a_page_raises_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in PYTHON[name]:
        for framework, word in (("jax", "JAX"), ("torch", "PyTorch")):
            if re.search(rf"^import {framework}$", code, re.MULTILINE):
                pytest.importorskip(framework, reason=f"{word} is not installed")
        if "import jax\n" in code:
            jax: Any = pytest.importorskip("jax")
            restore = partial(jax.config.update, "jax_enable_x64", jax.config.jax_enable_x64)
            request.addfinalizer(restore)
        run([code], PAGES[name], names)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda s: s[:40])
def test_session_of_a_page_prints_what_it_shows(session: str, tmp_path: Path) -> None:
    run_session(session, tmp_path)


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_is_run_by_the_build_or_here(name: str) -> None:
    languages = {language for language, _ in blocks(PAGES[name])}
    assert languages <= RUN_BY_THE_BUILD | NOT_CODE | {"python", "console"}
    for language, text in blocks(PAGES[name]):
        if language == "python" and name.startswith("lessons/"):
            ast.parse(text)  # an answer, or a part of a demo
