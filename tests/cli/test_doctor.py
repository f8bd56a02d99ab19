"""The doctor: what it reports, and what it calls broken."""

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd.build import binaries as build
from autograd.cli import doctor
from autograd.cli.doctor import examine
from autograd.program import kernel as kernels
from tests.helpers.builds import run


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


def test_a_healthy_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    labels = [re.split(r"\s{2,}", line)[0] for line in lines]
    wanted = ["build", "version", "python", "settings", "package", "binaries", "kernel"]
    assert [label for label in labels if label] == wanted
    assert {line[:10].strip() for line in lines} == set(labels)  # texts begin in one column
    assert lines[0].split() == ["build", build.describe_build()[0]]
    assert lines[1].strip() == build.describe_build()[1]
    assert str(Path(autograd.__file__).parent) in "\n".join(lines)


def test_as_a_program() -> None:
    done = run("interpreted", "-m", "autograd", "doctor")
    assert re.match(rb"build +interpreted\n +AUTOGRAD_PURE is set", done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")


def test_further_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(["doctor", "--fast"]) == 2
    assert capsys.readouterr() == ("", "usage: python -m autograd doctor\n")


def test_stale_binaries_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "problem", lambda package="": "stale; run: pip install -e .")
    assert examine(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("\n\nPROBLEM: stale; run: pip install -e .\n")


def test_a_kernel_of_another_source_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(
        "autograd.program.kernel.kernel_base", reason="install with a C compiler"
    )
    monkeypatch.setattr(build, "pure", lambda: False)
    monkeypatch.setattr(kernels, "_load", kernels._load.__wrapped__)
    monkeypatch.setattr(build, "hashed", lambda *_: "another")
    [problem] = doctor.problems()
    assert problem.endswith(f"run: {build.install_command()}")


def test_a_kernel_that_is_not_here_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "pure", lambda: False)
    monkeypatch.setenv("AUTOGRAD_KERNEL", "this")
    assert examine(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"\nkernel +none; AUTOGRAD_KERNEL must be one of .*'this'\n", shown)
    assert re.search(r"\n\nPROBLEM: AUTOGRAD_KERNEL must be one of .*'this'\n$", shown)


def test_a_kernel_that_is_missing_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "pure", lambda: False)
    monkeypatch.setattr(build, "describe_build", lambda: ("compiled", ""))
    monkeypatch.setattr(kernels, "_imported", ImportError)
    monkeypatch.setattr(kernels, "_load", kernels._load.__wrapped__)
    [problem] = doctor.problems()
    assert re.match(r"the kernel 'base' is missing \(base\), so programs run in NumPy", problem)


def test_another_distribution_of_that_name_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "version", versions({"autograd": "1.8.0"}))
    [problem] = doctor.problems()
    assert "make a fresh virtual environment" in problem


def test_files_of_another_package_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, build.MODULES[-1])  # which the other lacks
    assert examine(["doctor"]) == 1
    report = capsys.readouterr().out
    assert report.startswith("build     none\n")
    assert "overwrite files of each other" in report


def test_binaries_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "FOLDERS", [str(tmp_path)])
    assert ("binaries", "none for this Python") in doctor.report()
    files = [tmp_path / f"{stem}{build.SUFFIX}" for stem in ("primitive", "value")]
    for file in files:
        file.touch()
    rows = doctor.report()
    place = rows.index(("binaries", str(files[0])))
    assert rows[place + 1] == ("", str(files[1]))


def test_what_was_set_and_a_python_without_the_gil_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [each for each in os.environ if each.startswith("AUTOGRAD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(doctor, "kernel_name", lambda: "base")
    rows = dict(doctor.report())
    assert rows["settings"] == "none"
    assert f"{platform.python_version()}, " in rows["python"]
    monkeypatch.setattr(platform, "python_implementation", lambda: "CPython")
    monkeypatch.setattr(sys, "version", "3.14.0 free-threading build (main) [GCC]")
    monkeypatch.setenv("AUTOGRAD_PURE", "1")
    monkeypatch.setenv("AUTOGRAD_DOT", "/bin/dot")
    rows = dict(doctor.report())
    assert rows["settings"] == "AUTOGRAD_DOT=/bin/dot, AUTOGRAD_PURE=1"
    assert "3.14.0 free-threading build, " in rows["python"]


def test_run_from_its_sources_there_is_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", versions({}))
    assert ("version", "not installed; run from its sources") in doctor.report()


def test_without_numpy_there_is_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "autograd.program.kernel", None)
    assert ("kernel", "none; pip install 'scalar-autograd[programs]'") in doctor.report()
