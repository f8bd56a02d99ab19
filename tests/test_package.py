"""The package as it is installed: its names, its independence, its neighbour."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograd

INIT = Path(autograd.__file__)
DATA = {".c", ".css", ".h", ".html", ".js", ".pxd", ".typed"}


def test_the_core_and_nn_import_only_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import autograd, nn;"
        "new = [m for name, m in sys.modules.items() if name not in before];"
        "print(*{m.__name__.split('.')[0] for m in new if getattr(m, '__spec__', None)})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) - set(sys.stdlib_module_names) == {"autograd", "nn"}


def test_another_package_installed_over_this_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    code = compile(INIT.read_text("utf-8"), str(INIT), "exec")
    with pytest.raises(ImportError, match="scalar-autograd"):
        exec(code, {"__file__": str(tmp_path / "__init__.py"), "__name__": "autograd"})


def test_the_release_has_one_version_and_one_date() -> None:
    root = INIT.parents[1]
    heading = re.compile(r"^## \[(.+?)\] - (\d{4}-\d\d-\d\d)$", re.MULTILINE)
    [version, date], *_ = heading.findall((root / "CHANGELOG.md").read_text("utf-8"))
    citation = (root / "CITATION.cff").read_text("utf-8")
    assert version == autograd.__version__
    assert f"\nversion: {version}\n" in citation
    assert f'\ndate-released: "{date}"\n' in citation


def test_the_packages_are_typed() -> None:
    assert (INIT.parent / "py.typed").exists()
    assert (INIT.parents[1] / "nn" / "py.typed").exists()


def test_every_public_name_is_documented_with_an_example() -> None:
    for name in [*autograd.__all__, "abs", "pow", "sum"]:
        doc = getattr(autograd, name).__doc__
        assert doc, name
        assert ">>>" in doc or name == "Primitive", name


def test_files_beside_the_modules_are_installed_with_them() -> None:
    root = INIT.parents[1]
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]
    for package, patterns in settings["setuptools"]["package-data"].items():
        found = {path for path in (root / package).rglob("*.*") if path.suffix in DATA}
        assert found == {
            path for pattern in patterns for path in (root / package).glob(pattern)
        }
