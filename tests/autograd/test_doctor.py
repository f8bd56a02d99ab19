"""The doctor: what it reports, and what it calls broken."""

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, PackagePath
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograd import build, doctor
from autograd.__main__ import main


@pytest.fixture(autouse=True)
def healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this environment is like, nothing is wrong with it."""
    monkeypatch.setattr(doctor, "version", versions({"scalar-autograd": "0.1.0"}))
    monkeypatch.setattr(build, "problem", lambda package="": "")


def versions(installed: dict[str, str]) -> Any:
    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    return version


def install(
    installed: dict[str, str], monkeypatch: pytest.MonkeyPatch, importable: bool = True
) -> None:
    spec = object() if importable else None
    monkeypatch.setattr(doctor, "version", versions(installed))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)


def test_a_healthy_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    labels = [re.split(r"\s{2,}", line)[0] for line in lines]
    assert [label for label in labels if label] == [
        "build",
        "version",
        "python",
        "package",
        "binaries",
        "layout engine",
        "extra viz",
        "extra plots",
        "extra train",
        "extra demos",
    ]
    assert {line[:15].strip() for line in lines} == set(labels)  # texts begin in one column
    assert lines[0].split() == ["build", build.describe()[0]]
    assert lines[1].strip() == build.describe()[1]
    assert build.PACKAGE in "\n".join(lines)


def test_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograd", "doctor"],
        env={**os.environ, "AUTOGRAD_PURE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.match(r"build +interpreted\n +AUTOGRAD_PURE is set", done.stdout)
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [[], ["medic"], ["doctor", "--fast"]])
def test_unknown_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", "usage: python -m autograd doctor\n")


def test_the_exit_code_reaches_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["autograd"])
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(str(Path(build.PACKAGE, "__main__.py")), run_name="__main__")


def test_stale_binaries_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "problem", lambda package="": "stale; run: pip install -e .")
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("\n\nPROBLEM: stale; run: pip install -e .\n")


def test_another_distribution_of_that_name_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "version", versions({"autograd": "1.8.0"}))
    [problem] = doctor.problems()
    assert "make a fresh virtual environment" in problem


def test_files_of_another_package_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "autograd.value")  # the other's __init__ knows no Value
    assert main(["doctor"]) == 1
    report = capsys.readouterr().out
    assert report.startswith("build          none\n")
    assert "overwrite files of each other" in report


def test_binaries_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "PACKAGE", str(tmp_path))
    assert ("binaries", "none for this Python") in doctor.report()
    files = [tmp_path / f"{stem}{build.SUFFIX}" for stem in ("primitive", "value")]
    for file in files:
        file.touch()
    rows = doctor.report()
    place = rows.index(("binaries", str(files[0])))
    assert rows[place + 1] == ("", str(files[1]))


def test_run_from_its_sources_there_is_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    install({}, monkeypatch)
    assert ("version", "not installed; run from its sources") in doctor.report()


def test_the_extras_are_those_of_the_project() -> None:
    root = Path(build.PACKAGE).parent
    extras = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    for extra, modules in doctor.EXTRAS.items():
        names = {re.split(r"[^\w-]", each)[0] for each in extras[extra]}
        assert names - {"scalar-autograd", "graphviz-pure"} == set(modules.values())


@pytest.mark.parametrize(
    ("installed", "importable", "text"),
    [
        (
            {"tqdm": "4", "numpy": "2", "safetensors": "1"},
            True,
            "tqdm 4, numpy 2, safetensors 1",
        ),
        ({"numpy": "2"}, True, "numpy 2; no tqdm, safetensors: {hint}"),
        ({"numpy": "2"}, False, "no tqdm, numpy, safetensors: {hint}"),
        ({}, True, "no tqdm, numpy, safetensors: {hint}"),
    ],
)
def test_what_is_there_of_an_extra(
    installed: dict[str, str], importable: bool, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(installed, monkeypatch, importable)
    hint = "pip install 'scalar-autograd[train]'"
    assert ("extra train", text.format(hint=hint)) in doctor.report()


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with graphviz-pure, and with dot on PATH."""
    program = tmp_path / "bin" / "graphviz-pure"
    program.parent.mkdir()
    program.touch(mode=0o755)
    files = [PackagePath("graphviz_pure/METADATA"), PackagePath("bin/graphviz-pure")]
    for file in files:
        file.dist = SimpleNamespace(locate_file=lambda path: tmp_path / path)  # type: ignore[assignment]
    monkeypatch.setattr(doctor, "distribution", lambda name: SimpleNamespace(files=files))
    monkeypatch.setattr(doctor, "version", versions({"graphviz-pure": "0.2.2"}))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return program


def absent(name: str) -> None:
    raise PackageNotFoundError(name)


def test_graphviz_pure_comes_first(engines: Path) -> None:
    assert doctor.layout_engine() == f"graphviz-pure 0.2.2, {engines}"


def test_a_program_that_cannot_run_is_passed_over(engines: Path) -> None:
    engines.unlink()
    assert doctor.layout_engine() == "Graphviz, /usr/bin/dot"


@pytest.mark.usefixtures("engines")
def test_dot_comes_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "distribution", absent)
    assert doctor.layout_engine() == "Graphviz, /usr/bin/dot"


@pytest.mark.usefixtures("engines")
def test_without_a_layout_engine_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "distribution", lambda name: SimpleNamespace(files=None))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert ("layout engine", "none; pip install 'scalar-autograd[viz]'") in doctor.report()
