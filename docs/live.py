"""Python for the pages: Pyodide, fetched once, and this library as its sources."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "docs/_build/pyodide"
PACKAGE = "pyodide@314.0.7"
SHA512 = (
    "0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyMcWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
)
FILES = (
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
)


class UnavailableError(Exception):
    """Pyodide cannot be had, and why."""


def pyodide(cache: Path = CACHE) -> Path:
    """The folder with Pyodide's files, fetched by npm if they are not there yet.

    Raises:
        UnavailableError: npm is missing, has no network, or what came is not what was pinned.
    """
    if not all((cache / name).exists() for name in FILES):
        with tempfile.TemporaryDirectory() as folder:
            _unpack(_fetch(Path(folder)), cache)
    return cache


def _fetch(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError("npm is not installed")
    command = [npm, "pack", "--silent", PACKAGE]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        raise UnavailableError(f"npm could not fetch {PACKAGE} ({error})") from error
    (archive,) = folder.iterdir()
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != SHA512:
        raise UnavailableError(f"{PACKAGE} came with another SHA-512 than the pinned one")
    return archive


def _unpack(archive: Path, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        for name in FILES:
            file = packed.extractfile(f"package/{name}")
            assert file is not None
            (cache / name).write_bytes(file.read())


def library(path: Path) -> None:
    """Write a zip of the two packages' sources, and of what checks the lessons' exercises."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        files = [*sorted((ROOT / "autograd").rglob("*")), *sorted((ROOT / "nn").rglob("*"))]
        files += [
            ROOT / "demos" / name for name in ("__init__.py", "lessons.py", "transformer.py")
        ]
        for file in files:
            if file.suffix in (".py", ".js", ".html", ".css"):
                packed.write(file, file.relative_to(ROOT))
