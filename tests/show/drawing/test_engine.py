"""The layout engine: how it is found, what it is told, and what happens without it."""

import importlib.metadata
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograd import Value
from autograd.show.drawing import engine
from autograd.show.drawing.engine import LayoutError, find, run_dot

Maker = Callable[[str, str], str]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine with no engine at all; what a test makes in tmp_path is on PATH."""
    monkeypatch.delenv("AUTOGRAD_DOT", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.metadata, "files", missing)
    engine._pure.cache_clear()
    yield
    engine._pure.cache_clear()


def missing(name: str) -> list[importlib.metadata.PackagePath]:
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.fixture
def command(tmp_path: Path) -> Maker:
    def make(name: str, script: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


def install_pure(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    class File(importlib.metadata.PackagePath):
        def locate(self) -> Path:
            return Path(path)

    files = [File("graphviz_pure-0.2.dist-info/METADATA"), File("../../../bin/graphviz-pure")]
    monkeypatch.setattr(importlib.metadata, "files", lambda name: files)
    engine._pure.cache_clear()


def test_the_order_in_which_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: Maker
) -> None:
    assert find() is None
    dot = command("dot", "")
    assert find() == dot
    (tmp_path / "elsewhere").mkdir()
    pure = command("elsewhere/graphviz-pure", "")
    install_pure(monkeypatch, pure)
    assert find() == pure
    variable = command("variable", "")
    monkeypatch.setenv("AUTOGRAD_DOT", "variable")
    assert find() == variable
    setting = command("setting", "")
    assert find(setting) == setting


def test_a_package_without_its_command_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, command: Maker, tmp_path: Path
) -> None:
    dot = command("dot", "")
    install_pure(monkeypatch, str(tmp_path / "gone"))
    assert find() == dot
    monkeypatch.setattr(importlib.metadata, "files", lambda name: None)
    engine._pure.cache_clear()
    assert find() == dot


def test_a_setting_that_is_no_command_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LayoutError, match="engine is 'nonsense', which is not a command here"):
        find("nonsense")
    monkeypatch.setenv("AUTOGRAD_DOT", "nothing")
    with pytest.raises(LayoutError, match="AUTOGRAD_DOT is 'nothing'"):
        Value(1.0).graph().svg()


def test_without_an_engine_a_notebook_shows_the_tree_and_a_hint() -> None:
    bundle = Value(1.0, label="x").graph()._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    tree, hint = bundle["text/plain"].splitlines()
    assert tree == "x  data 1.0  grad 0.0"
    assert "pip install" in hint


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_without_an_engine_the_source_is_saved(tmp_path: Path, kind: str) -> None:
    graph = Value(1.0).graph()
    with pytest.warns(UserWarning, match=r"saved as g\.dot, its DOT source; for a picture"):
        path = graph.save(tmp_path / f"g.{kind}")
    assert path == tmp_path / "g.dot"
    assert path.read_text("utf-8") == graph.dot()
    assert [p.name for p in tmp_path.iterdir()] == ["g.dot"]


def test_a_layout_that_takes_too_long_is_stopped(command: Maker) -> None:
    setting = command("slow", f"exec {shutil.which('tail', path='/usr/bin:/bin')} -f /dev/null")
    with pytest.raises(LayoutError, match=r"more than 0\.2 s and was stopped; draw less"):
        Value(1.0).graph(engine=setting, timeout=0.2).svg()


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
