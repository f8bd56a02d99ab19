"""The README's code runs as it is written. (Its two commands are run by `.ci/run`.)"""

import re
from pathlib import Path

import pytest

from tests.helpers.documents import blocks, run, run_session

README = Path(__file__).parents[1] / "README.md"
BLOCKS = blocks(README)
COMMANDS = [text for language, text in BLOCKS if language == "sh"]


def test_the_code_raises_nothing_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run([text for language, text in BLOCKS if language == "python"], README, {})


@pytest.mark.parametrize(
    "session",
    [text for language, text in BLOCKS if language == "console"],
    ids=lambda s: s[:40],
)
def test_terminal_session_prints_what_it_shows(session: str, tmp_path: Path) -> None:
    run_session(session, tmp_path)


def test_every_block_is_python_a_session_or_a_command() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "console", "sh"}
    assert [re.sub(r".* -m ", "", text.strip()) for text in COMMANDS] == ["demos", "pytest"]


@pytest.mark.parametrize(
    "document", ["README.md", ".github/CONTRIBUTING.md", "docs/reference/map.md"]
)
def test_what_a_document_points_to_exists(document: str) -> None:
    text = (README.parent / document).read_text("utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    targets += re.findall(r"`((?:autograd|demos|docs|nn|tests|\.ci)/[\w/.]*)", text)
    assert len(targets) > 5
    for target in targets:
        assert (README.parent / target).exists(), target


def test_its_figures_are_those_of_the_benchmarks() -> None:
    benchmarks = (README.parent / "docs/reference/benchmarks.md").read_text("utf-8")
    figures = dict(re.findall(r"(?m)^\| `(\w+)` \| (.+?) \|", benchmarks))
    text = " ".join(README.read_text("utf-8").split())
    assert f"a one-file GPT {figures['microgpt']} times faster" in text
    assert f"micrograd's moons demo {figures['moons_micrograd']} times" in text
