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
STILL = {  # to be renamed
    "arguments.columns",
    "batches.columns",
    "call._runs",
    "call.columns",
    "call.held",
    "call.now_held",
    "chart.kept",
    "compiled.columns",
    "compiled_step.columns",
    "expressions.WAYS",
    "expressions.ways",
    "jax_step.columns",
    "jax_step.kept",
    "jax_step.way",
    "kernel_code._runs",
    "kernel_code.ready",
    "layers.kept",
    "module._shown_paths",
    "module.paths",
    "onnx.kept",
    "optim.columns",
    "program.OTHER_WAY",
    "program.columns",
    "runner.OTHER_WAY",
    "runner.quick",
    "side_effects.paths",
    "source.columns",
    "specialize.job",
    "toys.SHARE",
    "toys.way",
    "training_page.kept",
    "vectorize.columns",
}


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
    assert found <= STILL
