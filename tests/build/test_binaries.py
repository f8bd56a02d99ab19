"""The two builds: which one is chosen, and what is said of it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.machinery import FileFinder
from pathlib import Path
from types import ModuleType

import pytest

from autograd.build import binaries as build
from autograd.program.kernel import KERNELS
from tests.helpers import builds

STEMS = [name.rpartition(".")[2] for name in build.MODULES]
COMPILED = {name: f"{stem}{build.SUFFIX}" for name, stem in zip(build.MODULES, STEMS)}
INTERPRETED = {name: f"{stem}.py" for name, stem in zip(build.MODULES, STEMS)}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose binaries were compiled from its sources."""
    monkeypatch.setattr(sys, "path_importer_cache", {**sys.path_importer_cache})
    use(build.SUFFIX, monkeypatch)
    monkeypatch.delenv("AUTOGRAD_PURE", raising=False)
    (tmp_path / "pyproject.toml").touch()
    folder = tmp_path / "autograd" / "core"
    folder.mkdir(parents=True)
    for stem in STEMS:
        for suffix in (".py", ".pxd", build.SUFFIX):
            (folder / f"{stem}{suffix}").write_text(f"{stem}{suffix}")
    (folder / "node.h").write_text("struct node;")
    (folder / build.RECORD).write_text(build.fingerprint(str(folder)))
    return folder


def chosen(package: Path) -> dict[str, str]:
    """Return the file that each module would come from, where that was decided."""
    build.choose(str(package))
    finder = sys.path_importer_cache.get(str(package))
    if finder is None:
        return {}
    assert isinstance(finder, FileFinder)
    files = {}
    for name in build.MODULES:
        spec = finder.find_spec(name)
        assert spec is not None
        files[name] = Path(str(spec.origin)).name
    return files


def use(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `file` seem to be what the last module of each folder comes from."""
    for name in (build.MODULES[-1], build.CALLS[-1]):
        module = ModuleType(name)
        module.__file__ = file
        monkeypatch.setitem(sys.modules, name, module)


def test_the_modules_are_those_that_setuptools_compiles() -> None:
    tables = tomllib.loads((builds.ROOT / "pyproject.toml").read_text("utf-8"))
    listed = tables["tool"]["setuptools"]["ext-modules"]
    kernels = [each["name"] for each in listed if each.get("optional")]
    assert kernels == [f"autograd.program.kernel.kernel_{name}" for name in KERNELS[::-1]]
    listed = [each for each in listed if not each.get("optional")]
    assert sorted(each["name"] for each in listed) == sorted([*build.MODULES, *build.CALLS])
    assert [each["sources"] for each in listed] == [
        [f"{each['name'].replace('.', '/')}.py"] for each in listed
    ]


def test_the_variable_chooses_the_interpreted_build() -> None:
    code = (
        "import sys, autograd.build.binaries as b;"
        "print(b.describe_build()[0], *[sys.modules[name].__file__ for name in b.MODULES])"
    )
    name, *files = builds.run("interpreted", "-c", code).stdout.decode().split()
    assert name == "interpreted"
    assert [Path(file).name for file in files] == [*INTERPRETED.values()]


@pytest.mark.parametrize("age", [None, 1000.0, 4e9])
def test_binaries_of_the_sources_beside_them_are_used(package: Path, age: float | None) -> None:
    if age is not None:  # the times of the files mean nothing
        os.utime(package / f"{STEMS[0]}.py", (age, age))
    assert chosen(package) == COMPILED


@pytest.mark.parametrize("changed", [f"{STEMS[-1]}.py", f"{STEMS[-1]}.pxd", "node.h"])
def test_another_source_runs_interpreted_and_says_so(package: Path, changed: str) -> None:
    before = (package / changed).stat()
    text = (package / changed).read_text()
    (package / changed).write_text(text.upper())  # also when length and time are the same
    os.utime(package / changed, (before.st_atime, before.st_mtime))
    with pytest.warns(RuntimeWarning):
        assert chosen(package) == INTERPRETED
    (package / changed).write_text(text)
    assert chosen(package) == COMPILED


def test_the_call_path_is_compiled_from_its_own_source(package: Path) -> None:
    program = package.parent / "program"
    program.mkdir()
    for suffix in (".py", ".pxd", build.SUFFIX):
        for name in build.CALLS:
            (program / f"{name.rpartition('.')[2]}{suffix}").write_text(suffix)
    (program / build.RECORD).write_text(build.fingerprint(str(program)))
    for source in ("", "edited"):
        if source:
            (program / "plan.py").write_text(source)
            with pytest.warns(RuntimeWarning):
                build.choose(str(package), str(program))
        else:
            build.choose(str(package), str(program))
        finder = sys.path_importer_cache[str(program)]
        assert finder is not None
        spec = finder.find_spec(build.CALLS[-1])
        assert spec is not None
        assert spec.origin == str(program / f"plan{'.py' if source else build.SUFFIX}")


@pytest.mark.parametrize("name", [build.RECORD, *COMPILED.values()])
def test_what_is_incomplete_is_not_used(package: Path, name: str) -> None:
    (package / name).unlink()
    with pytest.warns(RuntimeWarning):
        assert chosen(package) == INTERPRETED


def test_a_binary_of_no_compiled_module_is_not_imported(package: Path) -> None:
    (package / "other.py").touch()
    (package / f"other{build.SUFFIX}").touch()
    with pytest.warns(RuntimeWarning):
        assert chosen(package) == INTERPRETED
    finder = sys.path_importer_cache[str(package)]
    assert isinstance(finder, FileFinder)
    spec = finder.find_spec("autograd.core.other")
    assert spec is not None
    assert spec.origin == str(package / "other.py")


def test_binaries_of_another_python_are_not_looked_at(package: Path) -> None:
    for stem in STEMS:
        (package / f"{stem}{build.SUFFIX}").rename(package / f"{stem}.cpython-399-ix.so")
    assert chosen(package) == {}
    for stem in STEMS:
        (package / f"{stem}{build.SUFFIX}").touch()
    assert chosen(package) == COMPILED


@pytest.mark.parametrize(
    ("value", "files"), [("", COMPILED), ("0", COMPILED), ("1", INTERPRETED)]
)
def test_an_empty_variable_changes_nothing(
    value: str, files: dict[str, str], package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRAD_PURE", value)
    assert chosen(package) == files


def test_the_variable_silences_the_warning_of_stale_binaries(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / "node.h").write_text("")
    monkeypatch.setenv("AUTOGRAD_PURE", "1")
    assert chosen(package) == INTERPRETED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b"junk"),
        (b"GLIBC_2.2.5", b"GLIBC_9.9.9"),
        (b"\0PyErr_SetString\0", b"\0PyErr_SetStrinG\0"),  # an undefined symbol
    ],
)
@pytest.mark.parametrize("broken", STEMS[-1:])
def test_what_cannot_be_loaded_runs_interpreted_and_says_so(
    broken: str, old: bytes, new: bytes, tmp_path: Path
) -> None:
    builds.require("compiled")
    source = Path(build.PACKAGE).parent
    ignored = shutil.ignore_patterns("__pycache__")
    package = shutil.copytree(source, tmp_path / "autograd", ignore=ignored) / "core"
    file = package / f"{broken}{build.SUFFIX}"
    content = file.read_bytes()
    if old not in content:
        pytest.skip(f"these binaries don't contain {old!r}")
    file.write_bytes(content.replace(old, new) if old else new)

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=builds.environment("compiled"),
            capture_output=True,
            text=True,
        )

    code = (
        "import sys, autograd, autograd.build.binaries as b; print(autograd.log(1.0), "
        "*[sys.modules[name].__file__ for name in b.MODULES])"
    )
    done = python("-c", code)
    assert done.stdout.split() == ["0.0", *[str(package / f) for f in INTERPRETED.values()]]
    assert done.stderr.count("Warning") == 1
    words = (
        rf"RuntimeWarning: the binaries in .* cannot be loaded \(.*{broken}.*\), so the inter"
    )
    assert re.search(words, done.stderr)
    report = python("-W", "ignore", "-m", "autograd", "doctor")
    assert report.returncode == 1
    assert re.search(r"build +interpreted\n +the binaries in .* cannot be", report.stdout)
    assert re.search(r"PROBLEM: the binaries in .* cannot be loaded", report.stdout)


@pytest.mark.parametrize(
    ("record", "checkout", "answer"),
    [
        (None, True, r"^nothing is compiled for \S+ here; .* gcc .* install -e \. \(in "),
        ("no cc", True, r"^nothing is compiled: no cc; with a C compiler"),
        ("no cc", False, r"^nothing is compiled: no cc; .* --no-cache-dir"),
    ],
)
def test_why_nothing_is_compiled_is_described(
    record: str | None,
    checkout: bool,
    answer: str,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use([*INTERPRETED.values()][-1], monkeypatch)
    for file in COMPILED.values():
        (package / file).unlink()
    (package / build.RECORD).unlink()
    if record:
        (package / build.RECORD).write_text(f"{build.NOTHING}{record}")
    if not checkout:
        (package.parents[1] / "pyproject.toml").unlink()
    name, change = build.describe_build(str(package))
    assert name == "interpreted"
    assert re.search(answer, change)


NO_KERNELS = """
import sys, warnings
for name in ("base", "avx2", "avx512"):
    sys.modules[f"autograd.program.kernel.kernel_{name}"] = None
import autograd
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    fast = autograd.compile(lambda x: x * x)
    print(fast(3.0), fast(3.0), [str(each.message) for each in told])
"""


def test_a_kernel_that_is_missing_is_told_once() -> None:
    builds.require("compiled")
    said = builds.printed(NO_KERNELS, "compiled")
    assert said.startswith("9.0 9.0 [")
    assert said.count("the kernel 'base' is missing") == 1
    assert "so programs run in NumPy, which is slower; to compile it, run: " in said
