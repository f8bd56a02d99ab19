"""The package as it is distributed: built, installed in fresh environments, and run there.

Everything starts from one source distribution of this checkout. Nothing is downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
import setuptools

import autograd
from autograd.build import binaries as build
from tests.helpers.builds import ROOT

pytestmark = pytest.mark.slow

STEMS = [name.rpartition(".")[2] for name in build.MODULES]
LAST = STEMS[-1]
CORE = ROOT / "autograd" / "core"
HEADERS = [path.name for path in CORE.glob("*") if path.suffix in (".h", ".pxd")]
WHICH = (
    "import sys, autograd.build.binaries as b;"
    "print(b.describe_build()[0], sys.modules[b.MODULES[-1]].__file__)"
)
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
    """Return what the command prints; its errors are an error here, its warnings are shown."""
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
    unwanted = shutil.ignore_patterns(".[!g]*", ".git", "*.egg-info", "__pycache__", "dist")
    checkout = shutil.copytree(ROOT, folder / "checkout", ignore=unwanted)
    shutil.rmtree(checkout / "build", ignore_errors=True)
    code = f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})"
    run(sys.executable, "-c", code, cwd=checkout)
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


@pytest.fixture(scope="module")
def pure_wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel for every platform, built on request."""
    folder = tmp_path_factory.mktemp("pure")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    name = sdist.name.removesuffix(".tar.gz")
    return wheel_of(folder / name, folder / "wheels", AUTOGRAD_PURE="1")


def test_the_source_distribution_holds_what_both_builds_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    wanted = [*HEADERS, *(f"{stem}.py" for stem in STEMS)]
    assert {f"autograd/core/{name}" for name in wanted} <= files
    assert {"autograd/py.typed", "autograd/build/setup_commands.py"} <= files
    assert {f"autograd/program/kernel/{name}.h" for name in ("vecmath", "ops", "run")} <= files
    assert {f"autograd/program/{name}.pxd" for name in ("form", "results", "plan")} <= files
    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md"} <= files
    assert {"CITATION.cff", ".github/SECURITY.md"} <= files
    assert ".github/CONTRIBUTING.md" in files
    assert {"tests/build/test_install.py", "demos/__main__.py", "nn/py.typed"} <= files
    generated = {name for name in files if name.endswith((".so", ".pyd", ".c", ".pyc"))}
    assert generated == {"autograd/program/kernel/module.c"}  # which is written by hand
    assert f"autograd/core/{build.RECORD}" not in files


@can_compile
def test_a_compiled_wheel_is_tagged_for_its_platform(wheel: Path) -> None:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert wheel.name.endswith(f"-{tag}-{tag}-{platform}.whl")
    files = names(wheel)
    built = [f"{stem}{suffix}" for stem in STEMS for suffix in (build.SUFFIX, ".py")]
    wanted = [*built, *HEADERS, build.RECORD]
    assert {f"autograd/core/{name}" for name in wanted} <= files
    assert {"autograd/py.typed", "nn/py.typed"} <= files
    assert f"autograd/program/kernel/kernel_base{build.SUFFIX}" in files
    wanted = [f"plan{build.SUFFIX}", build.RECORD]
    assert {f"autograd/program/{name}" for name in wanted} <= files
    sources = {name for name in files if name.endswith(".c") or name.startswith("tests")}
    assert sources == {"autograd/program/kernel/module.c"}
    assert "autograd/build/binaries.py" in files
    assert "autograd/build/setup_commands.py" not in files  # it only builds


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
    assert file.endswith(f"{LAST}.py")
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
    assert re.search(r'value\.py", line \d+, in .*\n    +raise ', shown)  # the source's line


@pytest.mark.parametrize(
    ("variables", "broken", "why"),
    [
        (NO_COMPILER, False, "No such file"),
        ({"CC": "cc -nostdinc"}, False, "-nostdinc"),  # neither Python.h nor any other header
        ({}, True, "CompileError"),  # Cython's
        ({"AUTOGRAD_PURE": "1"}, False, "AUTOGRAD_PURE was set"),  # a pure wheel on request
    ],
    ids=["no compiler", "no headers", "no translation", "on request"],
)
def test_a_pure_wheel_runs_interpreted_and_says_why(
    variables: dict[str, str], broken: bool, why: str, sources: Path, tmp_path: Path
) -> None:
    if broken:
        with (sources / "autograd" / "core" / f"{LAST}.pxd").open("a") as file:
            file.write("\ncdef nonsense(\n")
    stale = sources / "build" / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    (stale / "autograd" / "core").mkdir(parents=True)
    (stale / "autograd" / "core" / f"{LAST}{build.SUFFIX}").touch()  # of an earlier build
    wheel = wheel_of(sources, tmp_path / "wheels", **variables)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names(wheel) if name.endswith((".so", ".pyd"))]
    if not broken:
        python = environment(tmp_path / "venv")
        pip("install", wheel, cwd=tmp_path, python=python)
        report = run(python, "-W", "error", "-m", "autograd", "doctor", cwd=tmp_path)
        name, change, *_ = report.splitlines()
        assert name.split() == ["build", "interpreted"]
        assert change.strip().startswith("nothing is compiled: ")
        assert why in change
        assert "apt install gcc python3-dev), run: python -m pip install" in change


BROWSER = """
import { readFileSync } from "node:fs";
import { loadPyodide } from "FOLDER/pyodide.mjs";
const python = await loadPyodide({ indexURL: "FOLDER/" });
python.unpackArchive(new Uint8Array(readFileSync("WHEEL")), "whl");
console.log(python.runPython(`
import sys, nn
from autograd.cli.doctor import examine
CODE
examine(["doctor"])
`));
"""


def test_a_pure_wheel_runs_in_the_browsers_python(pure_wheel: Path, tmp_path: Path) -> None:
    folder = os.environ.get("PYODIDE", "")
    if shutil.which("node") is None or not Path(folder, "pyodide.mjs").exists():
        pytest.skip("Pyodide is not there: Node, and npm's pyodide in the folder $PYODIDE")
    script = tmp_path / "run.mjs"
    text = BROWSER.replace("FOLDER", str(Path(folder).resolve()))
    text = text.replace("WHEEL", str(pure_wheel))
    script.write_text(text.replace("CODE", COMPUTE.replace("; ", "\n").replace(";", "\n")))
    bits, *report, code = run("node", script, cwd=tmp_path).splitlines()
    assert bits == run(sys.executable, "-c", COMPUTE, cwd=ROOT).strip()
    assert report[0].split() == ["build", "interpreted"]
    assert report[2].split() == ["version", autograd.__version__]
    assert "Emscripten" in report[3]
    assert code == "0"


def test_a_free_threaded_python_is_given_the_pure_wheel(sources: Path, tmp_path: Path) -> None:
    code = "import sysconfig as s; s.get_config_vars()['Py_GIL_DISABLED'] = 1;"
    code += "from setuptools.build_meta import build_wheel as build; print(build('.'))"
    name = run(sys.executable, "-c", code, cwd=sources).splitlines()[-1]
    assert name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(sources / name) as archive:
        record = archive.read(f"autograd/core/{build.RECORD}").decode()
    assert record.endswith("needs the GIL, and this Python is free-threaded")


def test_nothing_is_left_of_what_is_uninstalled(pure_wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "venv")
    before = {*(tmp_path / "venv").rglob("*")}
    pip("install", pure_wheel, cwd=tmp_path, python=python)
    run(python, "-c", COMPUTE, cwd=tmp_path)
    uninstall = ("uninstall", "--yes", "--quiet", "scalar-autograd")
    run(sys.executable, "-m", "pip", "--python", python, *uninstall, cwd=tmp_path)
    assert {*(tmp_path / "venv").rglob("*")} == before


@can_compile
def test_an_editable_install_follows_its_sources(sources: Path, tmp_path: Path) -> None:
    core = sources / "autograd" / "core"
    source = core / f"{LAST}.py"
    (core / f"functions{build.SUFFIX}").touch()  # of a version that compiled this module too
    python = environment(tmp_path / "venv")
    pip("install", "-e", ".", cwd=sources, python=python)
    which: list[str | Path] = [python, "-W", "error", "-c", WHICH]
    assert run(*which, cwd=tmp_path).split() == ["compiled", f"{core / LAST}{build.SUFFIX}"]
    assert not list(core.glob("*.c"))
    [path] = (tmp_path / "venv").rglob("__editable__*.pth")
    assert Path(path.read_text("utf-8").strip()) == sources  # which type checkers follow

    text = source.read_text("utf-8")
    source.write_text(text + "\n# edited\n", "utf-8")
    os.utime(source, (1000.0, 1000.0))  # older than the binary
    shown = run(python, "-c", WHICH, cwd=tmp_path)
    assert "RuntimeWarning" in shown
    assert shown.splitlines()[-1] == f"interpreted {source}"
    with pytest.raises(AssertionError, match="PROBLEM"):
        run(python, "-W", "ignore", "-m", "autograd", "doctor", cwd=tmp_path)

    source.write_text(text, "utf-8")
    assert run(*which, cwd=tmp_path).startswith("compiled ")

    pip("install", "-e", ".", cwd=sources, python=python, AUTOGRAD_PURE="1")
    assert run(*which, cwd=tmp_path).startswith("interpreted ")
    assert not list(core.glob(f"*{build.SUFFIX}"))
