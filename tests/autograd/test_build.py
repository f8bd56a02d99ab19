"""The two builds: which one is chosen, and what is said of it."""

import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from autograd import build

WHICH = "import autograd.value as v, autograd.build as b; print(b.describe()[0], v.__file__)"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with sources and binaries of the same age."""
    finders = [finder for finder in sys.meta_path if finder is not build._FromSource]
    monkeypatch.setattr(sys, "meta_path", finders)
    monkeypatch.delenv("AUTOGRAD_PURE", raising=False)
    folder = tmp_path / "autograd"
    folder.mkdir()
    (tmp_path / "pyproject.toml").touch()
    for name in build.MODULES:
        stem = name.rpartition(".")[2]
        for suffix in (".py", ".pxd", EXTENSION_SUFFIXES[0]):
            path = folder / f"{stem}{suffix}"
            path.touch()
            os.utime(path, (1000.0, 1000.0))
    return folder


def interpreted() -> bool:
    return build._FromSource in sys.meta_path


def test_the_variable_chooses_the_interpreted_build() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WHICH],
        env={**os.environ, "AUTOGRAD_PURE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    name, file = done.stdout.split()
    assert name == "interpreted"
    assert file.endswith("value.py")


def test_binaries_as_new_as_their_sources_are_used(package: Path) -> None:
    build.choose(package)
    assert not interpreted()


@pytest.mark.parametrize("changed", ["value.py", "value.pxd"])
def test_a_newer_source_runs_interpreted_and_says_so(package: Path, changed: str) -> None:
    os.utime(package / changed, (2000.0, 2000.0))
    with pytest.warns(RuntimeWarning, match=r"autograd\.value changed .* pip install -e \."):
        build.choose(package)
    assert interpreted()


def test_the_times_of_an_installed_package_mean_nothing(package: Path) -> None:
    (package.parent / "pyproject.toml").unlink()
    os.utime(package / "value.py", (2000.0, 2000.0))
    build.choose(package)
    assert not interpreted()


def test_a_missing_binary_leaves_all_interpreted(package: Path) -> None:
    (package / f"methods{EXTENSION_SUFFIXES[0]}").unlink()
    build.choose(package)
    assert interpreted()


def test_an_empty_variable_changes_nothing(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("", "0"):
        monkeypatch.setenv("AUTOGRAD_PURE", value)
        build.choose(package)
        assert not interpreted()
    monkeypatch.setenv("AUTOGRAD_PURE", "1")
    build.choose(package)
    assert interpreted()


def test_only_the_compiled_modules_are_found_in_their_sources() -> None:
    spec = build._FromSource.find_spec("autograd.value")
    assert spec is not None
    assert str(spec.origin).endswith("value.py")
    assert build._FromSource.find_spec("autograd.trees") is None


@pytest.mark.parametrize(
    ("file", "pure", "binary", "answer"),
    [
        ("value.so", "0", True, ("compiled", "AUTOGRAD_PURE=1")),
        ("value.py", "1", True, ("interpreted", "unset it")),
        ("value.py", "0", True, ("interpreted", "older than the source")),
        ("value.py", "0", False, ("interpreted", "install a C compiler")),
    ],
)
def test_the_build_in_use_is_described(
    file: str,
    pure: str,
    binary: bool,
    answer: tuple[str, str],
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module: Any = sys.modules[build.MODULES[-1]]
    monkeypatch.setattr(module, "__file__", file)
    monkeypatch.setattr(build, "PACKAGE", package)
    monkeypatch.setenv("AUTOGRAD_PURE", pure)
    if not binary:
        for path in package.glob(f"*{EXTENSION_SUFFIXES[0]}"):
            path.unlink()
    name, advice = build.describe()
    assert name == answer[0]
    assert answer[1] in advice
