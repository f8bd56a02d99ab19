"""The two builds: which one is chosen, and what is said of it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from autograd.build import binaries as build

STEMS = [name.rpartition(".")[2] for name in build.MODULES]
WHICH = "import autograd.core.value as v, autograd.build.binaries as b; print(b.describe()[0], v.__file__)"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose binaries were compiled from its sources."""
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.delenv("AUTOGRAD_PURE", raising=False)
    (tmp_path / "pyproject.toml").touch()
    folder = tmp_path / "autograd"
    folder.mkdir()
    for stem in STEMS:
        for suffix in (".py", ".pxd", build.SUFFIX):
            (folder / f"{stem}{suffix}").write_text(f"{stem}{suffix}")
    (folder / "node.h").write_text("struct node;")
    (folder / build.RECORD).write_text(build.fingerprint(str(folder)))
    return folder


def chosen(package: Path) -> dict[str, str]:
    """Which file each module would come from, where that was decided."""
    build.choose(str(package))
    files = {}
    for finder in sys.meta_path:
        assert isinstance(finder, build._Finder)
        for name in finder.files:
            spec = finder.find_spec(name)
            assert spec is not None
            files[name] = Path(str(spec.origin)).name
    return files


COMPILED = {f"autograd.{stem}": f"{stem}{build.SUFFIX}" for stem in STEMS}
INTERPRETED = {f"autograd.{stem}": f"{stem}.py" for stem in STEMS}


def test_the_modules_are_those_that_setuptools_compiles() -> None:
    root = Path(build.PACKAGE).parent
    tables = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    listed = tables["tool"]["setuptools"]["ext-modules"]
    assert sorted(each["name"] for each in listed) == sorted(build.MODULES)
    assert [each["sources"] for each in listed] == [
        [f"{each['name'].replace('.', '/')}.py"] for each in listed
    ]


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


def test_binaries_of_the_sources_beside_them_are_used(package: Path) -> None:
    assert chosen(package) == COMPILED


@pytest.mark.parametrize("age", [1000.0, 4e9])
def test_the_times_of_the_files_mean_nothing(package: Path, age: float) -> None:
    os.utime(package / "value.py", (age, age))
    assert chosen(package) == COMPILED


@pytest.mark.parametrize("changed", ["value.py", "value.pxd", "node.h"])
def test_another_source_runs_interpreted_and_says_so(package: Path, changed: str) -> None:
    before = (package / changed).stat()
    text = (package / changed).read_text()
    (package / changed).write_text(text.upper())  # also when length and time are the same
    os.utime(package / changed, (before.st_atime, before.st_mtime))
    with pytest.warns(
        RuntimeWarning, match=r"not compiled from the sources .*pip install -e \."
    ):
        assert chosen(package) == INTERPRETED
    (package / changed).write_text(text)
    sys.meta_path.clear()
    assert chosen(package) == COMPILED


def test_a_header_that_moves_text_into_another_counts_as_a_change(package: Path) -> None:
    (package / "node.h").unlink()
    (package / "mode.h").write_text("struct node;")
    assert build.problem(str(package))


@pytest.mark.parametrize("name", [build.RECORD, f"value{build.SUFFIX}"])
def test_what_is_incomplete_is_not_used(package: Path, name: str) -> None:
    (package / name).unlink()
    with pytest.warns(RuntimeWarning, match="not compiled from the sources"):
        files = chosen(package)
    assert set(files.items()) <= set(INTERPRETED.items())


def test_a_binary_that_belongs_to_no_compiled_module_is_not_imported(package: Path) -> None:
    (package / f"sweeps{build.SUFFIX}").touch()
    with pytest.warns(RuntimeWarning, match="not compiled from the sources"):
        assert chosen(package) == {**INTERPRETED, "autograd.core.sweeps": "sweeps.py"}


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
    (package / "value.py").write_text("x = 1")
    monkeypatch.setenv("AUTOGRAD_PURE", "1")
    assert chosen(package) == INTERPRETED


def test_other_modules_are_left_to_python(package: Path) -> None:
    build.choose(str(package))
    [finder] = sys.meta_path
    assert isinstance(finder, build._Finder)
    assert finder.find_spec("autograd.trees") is None


def test_a_binary_gives_its_source_to_tracebacks() -> None:
    loader = build._Binary("autograd.core.value", f"value{build.SUFFIX}")
    assert loader.get_source("autograd.core.value") == Path(
        build.PACKAGE, "value.py"
    ).read_text("utf-8")


def use(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file of autograd.core.value seem to be `module`."""
    value = ModuleType("autograd.core.value")
    value.__file__ = module
    monkeypatch.setitem(sys.modules, "autograd.core.value", value)


def test_the_compiled_build_is_described(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(f"value{build.SUFFIX}", monkeypatch)
    name, change = build.describe(str(package))
    assert name == "compiled"
    assert "AUTOGRAD_PURE=1" in change


def test_the_interpreted_build_is_described(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("value.py", monkeypatch)
    (package / "value.py").write_text("x = 1")
    name, change = build.describe(str(package))
    assert name == "interpreted"
    assert "not compiled from the sources" in change
    monkeypatch.setenv("AUTOGRAD_PURE", "1")
    assert "unset it" in build.describe(str(package))[1]


@pytest.mark.parametrize(
    ("record", "checkout", "answer"),
    [
        (None, True, r"nothing was compiled for \S+ here; .* gcc .* install -e \. \(in "),
        ("failed: no cc", True, r"^compiling failed: no cc; with a C compiler"),
        ("failed: no cc", False, r"^compiling failed: no cc; .* --no-cache-dir"),
    ],
)
def test_why_nothing_is_compiled_is_described(
    record: str | None,
    checkout: bool,
    answer: str,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use("value.py", monkeypatch)
    for stem in STEMS:
        (package / f"{stem}{build.SUFFIX}").unlink()
    (package / build.RECORD).unlink()
    if record:
        (package / build.RECORD).write_text(record)
    if not checkout:
        (package.parent / "pyproject.toml").unlink()
    name, change = build.describe(str(package))
    assert name == "interpreted"
    assert re.search(answer, change)
