"""Names of programs and nn are the field's: none has a word of the glossary's left column."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import autograd
import nn

LEFT = {
    *("share", "surroundings", "quick", "at_once", "paths", "ways", "way", "runs", "singles"),
    *("jobs", "job", "kept", "doubted", "ready", "abandoned", "columns", "uncolumns", "calm"),
    *("trouble", "mended", "taught", "selects", "held", "record_again"),
}
OTHER = {"may_share_memory", "held_out", "modes_kept"}  # NumPy's; data apart; what is put back


def names(file: Path) -> Iterator[str]:
    """The module's name, and the identifiers in it."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for field in ("name", "id", "attr", "arg", "asname"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def is_left(name: str) -> bool:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return any(f"_{word}_" in f"_{words}_" for word in LEFT)


def test_no_word_of_the_left_column_is_a_name() -> None:
    program = Path(autograd.__file__).parent / "program"
    found = {
        f"{file.stem}.{name}"
        for root in (program, Path(nn.__file__).parent)
        for file in root.rglob("*.py")
        for name in names(file)
        if is_left(name) and name not in OTHER
    }
    assert found == set()
