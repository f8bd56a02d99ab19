"""Graphviz: how it is found, what it is told, and what happens without it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograd import Value
from autograd.show.drawing.engine import LayoutError, find, run_dot

Maker = Callable[[str, str], str]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with no engine at all; what a test makes in tmp_path is on PATH."""
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def command(tmp_path: Path) -> Maker:
    def make(name: str, script: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


def test_the_order_in_which_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: Maker
) -> None:
    assert find() is None
    dot = command("dot", "")
    assert find() == dot
    variable = command("variable", "")
    monkeypatch.setenv("AUTOGRAD_DOT", "variable")
    assert find() == variable
    setting = command("setting", "")
    assert find(setting) == setting


def test_a_setting_that_is_no_command_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LayoutError, match="engine is 'nonsense', which is not a command here"):
        find("nonsense")
    monkeypatch.setenv("AUTOGRAD_DOT", "nothing")
    with pytest.raises(LayoutError, match="AUTOGRAD_DOT is 'nothing'"):
        Value(1.0).graph(layout="dot").svg()


def test_without_graphviz_only_the_layout_dot_is_missing(tmp_path: Path) -> None:
    graph = Value(1.0, label="x").graph()
    assert "<svg" in graph.svg()
    for kind in ("svg", "png", "pdf"):
        with pytest.raises(LayoutError, match=r"there is no `dot`; install Graphviz .*layout="):
            graph.save(tmp_path / f"g.{kind}", layout="dot")
    assert [*tmp_path.iterdir()] == []
    bundle = Value(1.0, label="x").graph(layout="dot")._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    tree, hint = bundle["text/plain"].splitlines()
    assert tree == "x  data 1.0  grad 0.0"
    assert "draw without layout='dot'" in hint


def test_a_layout_that_takes_too_long_is_stopped(command: Maker) -> None:
    setting = command("slow", f"exec {shutil.which('tail', path='/usr/bin:/bin')} -f /dev/null")
    with pytest.raises(LayoutError, match=r"more than 0\.2 s and was stopped; draw less"):
        Value(1.0).graph(layout="dot", engine=setting, timeout=0.2).svg()


def test_what_a_failing_engine_says_is_passed_on(command: Maker) -> None:
    failing = command("failing", "echo no such format >&2; exit 3")
    with pytest.raises(LayoutError, match="failing failed with status 3: no such format"):
        run_dot("digraph {}", "png", failing, 5.0)
    silent = command("silent", "exit 0")
    with pytest.raises(LayoutError, match="silent gave no output"):
        run_dot("digraph {}", "svg", silent, 5.0)


def test_a_command_that_the_system_refuses_to_run(command: Maker, tmp_path: Path) -> None:
    path = Path(command("broken", ""))
    path.write_bytes(b"\x7fELF nonsense")
    with pytest.raises(LayoutError, match="broken cannot be run: "):
        run_dot("digraph {}", "svg", str(path), 5.0)
