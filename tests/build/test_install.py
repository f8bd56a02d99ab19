"""The package as it is distributed: built, installed in fresh environments, and run there.

Everything starts from one source distribution of this checkout. Nothing is downloaded.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
import setuptools

from autograd.build import binaries as build

ROOT = Path(build.PACKAGE).parent
STEMS = [name.rpartition(".")[2] for name in build.MODULES]
HEADERS = [path.name for path in (ROOT / "autograd").glob("*.[hp]*") if path.suffix != ".py"]
WHICH = "import autograd.build.binaries as b, autograd.core.value as v; print(b.describe()[0], v.__file__)"
COMPUTE = (
    "from autograd import Value, tanh; x = Value(0.3); y = tanh(x * x + x / 7);"
    "y.backward(); print(y.data.hex(), x.grad.hex())"
)
NO_COMPILER = {"CC": "/nonexistent"}

can_compile = pytest.mark.skipif(
    not shutil.which(
        os.environ.get("CC", "") or (sysconfig.get_config_var("CC") or "cc").split()[0]
    )
    or not Path(sysconfig.get_path("include"), "Python.h").exists(),
    reason="needs a C compiler and Python's headers",
)


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What the command prints; its errors are an error here, its warnings are shown."""
    clean = {k: v for k, v in os.environ.items() if k not in ("AUTOGRAD_PURE", "PYTHONPATH")}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**clean, "CFLAGS": "-O0", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def pip(*arguments: str | Path, cwd: Path, python: Path, **variables: str) -> None:
    """Run this environment's pip on another environment, without the network."""
    common = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    tools = str(Path(setuptools.__file__).parents[1])
    command = [sys.executable, "-m", "pip", "--python", python, *arguments, *common]
    run(*command, cwd=cwd, PYTHONPATH=tools, **variables)


def environment(folder: Path) -> Path:
    """The Python of a fresh virtual environment with nothing in it."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wheel_of(sources: Path, folder: Path, **variables: str) -> Path:
    pip("wheel", "-w", folder, ".", cwd=sources, python=Path(sys.executable), **variables)
    [wheel] = folder.glob("*.whl")
    return wheel


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, built in a copy of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    unwanted = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist")
    shutil.copytree(ROOT, folder / "checkout", ignore=unwanted)
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})"
    run(sys.executable, "-c", code, cwd=folder / "checkout")
    [file] = folder.glob("*.tar.gz")
    return file


@pytest.fixture
def sources(sdist: Path, tmp_path: Path) -> Path:
    """The source distribution, unpacked."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / sdist.name.removesuffix(".tar.gz")


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built where there is a compiler."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return wheel_of(folder / sdist.name.removesuffix(".tar.gz"), folder / "wheels")


def test_the_source_distribution_holds_what_both_builds_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    wanted = [*HEADERS, *(f"{stem}.py" for stem in STEMS), "py.typed", "setup_commands.py"]
    assert {f"autograd/{name}" for name in wanted} <= files
    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md"} <= files
    assert {"tests/build/test_install.py", "demos/__main__.py", "nn/py.typed"} <= files
    assert not [name for name in files if name.endswith((".so", ".pyd", ".c", ".pyc"))]
    assert f"autograd/{build.RECORD}" not in files


@can_compile
def test_a_compiled_wheel_is_tagged_for_its_platform(wheel: Path) -> None:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert wheel.name.endswith(f"-{tag}-{tag}-{platform}.whl")
    files = names(wheel)
    binaries = [f"{stem}{build.SUFFIX}" for stem in STEMS]
    sources = [f"{stem}.py" for stem in STEMS]
    wanted = [*binaries, *sources, *HEADERS, "py.typed", build.RECORD]
    assert {f"autograd/{name}" for name in wanted} <= files
    assert "nn/py.typed" in files
    assert not [name for name in files if name.endswith(".c") or name.startswith("tests")]


@can_compile
def test_a_compiled_wheel_runs_both_builds(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    pip("install", wheel, cwd=tmp_path, python=python)
    which: list[str | Path] = [python, "-W", "error", "-c", WHICH]
    build_name, file = run(*which, cwd=tmp_path).split()
    assert build_name == "compiled"
    assert file.startswith(str(tmp_path / "venv"))
    build_name, file = run(*which, cwd=tmp_path, AUTOGRAD_PURE="1").split()
    assert build_name == "interpreted"
    assert file.endswith("value.py")
    compute: list[str | Path] = [python, "-c", COMPUTE]
    assert run(*compute, cwd=tmp_path) == run(*compute, cwd=tmp_path, AUTOGRAD_PURE="1")

    report = run(python, "-m", "autograd", "doctor", cwd=tmp_path).splitlines()
    assert report[0].split() == ["build", "compiled"]
    assert "AUTOGRAD_PURE=1" in report[1]

    raises = (
        "import traceback, autograd\n"
        "try: autograd.Value(1.0) / 0\n"
        "except ZeroDivisionError: traceback.print_exc()"
    )
    shown = run(python, "-c", raises, cwd=tmp_path)
    assert 'value.py", line ' in shown
    assert "raise DIV.explain(" in shown  # the line of the source


@pytest.mark.parametrize(
    ("variables", "broken", "why"),
    [
        (NO_COMPILER, False, "No such file"),
        ({"CC": "cc -nostdinc"}, False, "-nostdinc"),  # neither Python.h nor any other header
        ({}, True, "CompileError"),  # Cython's
    ],
    ids=["no compiler", "no headers", "no translation"],
)
def test_what_cannot_be_compiled_installs_interpreted(
    variables: dict[str, str], broken: bool, why: str, sources: Path, tmp_path: Path
) -> None:
    if broken:
        with (sources / "autograd" / "value.pxd").open("a") as file:
            file.write("\ncdef nonsense(\n")
    stale = sources / "build" / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    (stale / "autograd").mkdir(parents=True)
    (stale / "autograd" / f"value{build.SUFFIX}").touch()  # as an earlier build left it
    wheel = wheel_of(sources, tmp_path / "wheels", **variables)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names(wheel) if name.endswith((".so", ".pyd"))]
    if not broken:
        python = environment(tmp_path / "venv")
        pip("install", wheel, cwd=tmp_path, python=python)
        report = run(
            python, "-W", "error", "-m", "autograd", "doctor", cwd=tmp_path
        ).splitlines()
        assert report[0].split() == ["build", "interpreted"]
        assert "compiling failed: " in report[1]
        assert why in report[1]
        assert "apt install gcc python3-dev), run: python -m pip install" in report[1]


@can_compile
def test_an_editable_install_follows_its_sources(sources: Path, tmp_path: Path) -> None:
    package = sources / "autograd"
    (package / f"trees{build.SUFFIX}").touch()  # of a version that compiled this module too
    python = environment(tmp_path / "venv")
    pip("install", "-e", ".", cwd=sources, python=python)
    which: list[str | Path] = [python, "-W", "error", "-c", WHICH]
    assert run(*which, cwd=tmp_path).split() == [
        "compiled",
        str(package / f"value{build.SUFFIX}"),
    ]
    assert not list(package.glob("*.c"))

    text = (package / "value.py").read_text("utf-8")
    (package / "value.py").write_text(text + "\n# edited\n", "utf-8")
    os.utime(package / "value.py", (1000.0, 1000.0))  # older than the binary
    shown = run(python, "-c", WHICH, cwd=tmp_path)
    assert "RuntimeWarning: the binaries in " in shown
    assert shown.splitlines()[-1] == f"interpreted {package / 'value.py'}"
    doctor = subprocess.run(
        [python, "-W", "ignore", "-m", "autograd", "doctor"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "AUTOGRAD_PURE"},
        capture_output=True,
        text=True,
    )
    assert doctor.returncode == 1
    assert "PROBLEM: the binaries in " in doctor.stdout
    assert "python -m pip install -e ." in doctor.stdout

    (package / "value.py").write_text(text, "utf-8")
    assert run(*which, cwd=tmp_path).startswith("compiled ")

    pip("install", "-e", ".", cwd=sources, python=python, **NO_COMPILER)
    assert run(*which, cwd=tmp_path).startswith("interpreted ")
    assert not list(package.glob(f"*{build.SUFFIX}"))
