"""The doctor: what it reports, and what it calls broken, on copies of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd.build.binaries import SUFFIX, describe_build
from autograd.cli.doctor import examine
from tests.helpers.builds import run

COMPILED = (Path(autograd.__file__).parent / f"core/value{SUFFIX}").exists()
COPY = "-m", "autograd", "doctor"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, which Python finds first where it runs in the folder above."""
    ignored = shutil.ignore_patterns("__pycache__", "testing", "show")
    return shutil.copytree(
        Path(autograd.__file__).parent, tmp_path / "autograd", ignore=ignored
    )


def doctor(package: Path, *options: str, **settings: str) -> tuple[int, str]:
    """The doctor's exit code and report on this copy."""
    inherited = {k: x for k, x in os.environ.items() if not k.startswith("AUTOGRAD_")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *options, *COPY],
        cwd=package.parent,
        env={**inherited, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def appended(file: Path) -> None:
    """Edit a file, so that it is not what was compiled."""
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")


def test_a_healthy_installation(package: Path) -> None:
    code, report = doctor(package)
    lines = report.splitlines()
    labels = [re.split(r"\s{2,}", line)[0] for line in lines]
    wanted = ["build", "version", "python", "settings", "package", "binaries", "kernel"]
    assert [label for label in labels if label] == wanted
    assert {line[:10].strip() for line in lines} == set(labels)  # texts begin in one column
    rows = {line[:10].strip(): line[10:] for line in lines}
    assert (code, rows["settings"], rows["package"]) == (0, "none", str(package))
    if COMPILED:
        binaries = [*package.glob(f"core/*{SUFFIX}"), *package.glob(f"program/*{SUFFIX}")]
        assert re.findall(r"\S+" + re.escape(SUFFIX), report) == sorted(map(str, binaries))
        assert rows["kernel"] in ("avx512", "avx2", "base")
    else:
        assert rows["binaries"] == "none for this Python"
        assert rows["kernel"] == "none; they run in NumPy"


def test_this_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(["doctor"]) in (0, 1)
    assert capsys.readouterr().out.startswith(f"build     {describe_build()[0]}\n")
    done = run("interpreted", *COPY)
    assert re.match(rb"build +interpreted\n +AUTOGRAD_PURE is set", done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")


def test_further_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(["doctor", "--fast"]) == 2
    assert capsys.readouterr() == ("", "usage: python -m autograd doctor\n")


def test_settings_are_told(package: Path) -> None:
    code, report = doctor(package, AUTOGRAD_PURE="1", AUTOGRAD_KERNEL="base")
    assert code == 0
    assert "\nsettings  AUTOGRAD_KERNEL=base, AUTOGRAD_PURE=1\n" in report


def test_without_installed_packages(package: Path) -> None:
    _, report = doctor(package, "-S")
    assert "\nversion   not installed; run from its sources\n" in report
    assert report.endswith("\nkernel    none; pip install 'scalar-autograd[programs]'\n")


@pytest.mark.skipif(not COMPILED, reason="install with a C compiler")
@pytest.mark.parametrize("name", ["core/value.py", "program/plan.py", "program/kernel/run.h"])
def test_binaries_of_another_source_are_a_problem(name: str, package: Path) -> None:
    appended(package / name)
    code, report = doctor(package)
    wrong = (
        r"w\w+ not compiled from the sources beside \w+, so .* run: python -m pip install .*"
    )
    assert code == 1
    assert len(re.findall(rf"^PROBLEM: .* {wrong}$", report, re.MULTILINE)) == 1


@pytest.mark.skipif(not COMPILED, reason="install with a C compiler")
def test_a_kernel_that_is_missing_is_a_problem(package: Path) -> None:
    for file in package.glob("program/kernel/kernel_*"):
        file.unlink()
    code, report = doctor(package)
    assert code == 1
    assert re.search(
        r"\nPROBLEM: the kernel 'base' is missing .*, so programs run in NumPy", report
    )


@pytest.mark.parametrize("asked", ["this", "numpy,base"])
def test_a_kernel_of_another_name_is_a_problem(asked: str, package: Path) -> None:
    code, report = doctor(package, AUTOGRAD_KERNEL=asked)
    wrong = rf"AUTOGRAD_KERNEL must be one of .*'{asked}'\n"
    assert code == 1
    assert re.search(rf"\nkernel +none; {wrong}", report)
    assert re.search(rf"\n\nPROBLEM: {wrong}$", report)


def test_another_distribution_of_that_name_is_a_problem(package: Path) -> None:
    (other := package.parent / "autograd-1.8.0.dist-info").mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: autograd\nVersion: 1.8.0\n")
    code, report = doctor(package)
    assert code == 1
    assert "make a fresh virtual environment" in report


def test_files_of_another_package_are_a_problem(package: Path) -> None:
    (package / "__init__.py").write_text("__version__ = '1.8.0'\n")
    code, report = doctor(package)
    assert code == 1
    assert "overwrite files of each other" in report
