"""Two builds of one source: which modules are compiled, and which build is in use.

The modules in `MODULES` are ordinary Python that Cython also compiles; a `.pxd` beside each
gives the C types. Where there is no compiler, or `AUTOGRAD_PURE=1` is set, the same files
run interpreted. Nothing of this is needed to understand the engine.

Whoever compiles leaves a record beside the binaries: the fingerprint of the sources that
they were made from. Binaries are only used while it is that of the sources beside them, so
an edit, a merge or another branch can't run yesterday's code, whatever the files' times say.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    ModuleSpec,
    SourceFileLoader,
)
from types import ModuleType

__all__ = ["MODULES", "choose", "describe", "fingerprint", "problem"]

MODULES = tuple(
    f"autograd.core.{stem}" for stem in ("primitive", "table", "chain", "operations", "value")
)
PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "core")
SUFFIX = EXTENSION_SUFFIXES[0]  # of this Python's binaries, as .cpython-311-x86_64-linux-gnu.so
RECORD = f"compiled{os.path.splitext(SUFFIX)[0]}.txt"
FAILED = "failed: "  # begins a record that says why nothing could be compiled


class _Binary(ExtensionFileLoader):
    """Loads a binary; tracebacks and debuggers get the text of its source."""

    def get_source(self, fullname: str) -> str:  # type: ignore[override]
        with open(_source(fullname), encoding="utf-8") as file:
            return file.read()


class _Finder:
    """Finds the modules of one build, whatever else lies in the folder."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self.files.get(name)
        if file is None:
            return None
        loader = (SourceFileLoader if file.endswith(".py") else _Binary)(name, file)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def choose(package: str = PACKAGE) -> None:
    """Before MODULES are imported: see to it that they come all from one build.

    Warns:
        RuntimeWarning: the binaries were compiled from other sources than those beside them.
            They are left alone then, and the sources run.
    """
    found = binaries(package)
    if not found:
        return
    wrong = problem(package)
    if wrong:
        warnings.warn(wrong, RuntimeWarning, stacklevel=3)
    if wrong or _pure():
        stems = [file.partition(".")[0] for file in found]
        files = {f"autograd.core.{stem}": os.path.join(package, f"{stem}.py") for stem in stems}
    else:
        files = {name: os.path.join(package, _stem(name) + SUFFIX) for name in MODULES}
    sys.meta_path.insert(0, _Finder(files))


def describe(package: str = PACKAGE) -> tuple[str, str]:
    """The build in use, "compiled" or "interpreted", and why, or how to change it.

    It is "none" where another package's `__init__` lies over this one's.
    """
    if MODULES[-1] not in sys.modules:
        return "none", f"{MODULES[-1]} was not imported"
    if str(sys.modules[MODULES[-1]].__file__).endswith(SUFFIX):
        return "compiled", "set AUTOGRAD_PURE=1 to run the same source interpreted"
    if _pure():
        return "interpreted", "AUTOGRAD_PURE is set; unset it for the compiled build"
    wrong = problem(package)
    if wrong:
        return "interpreted", wrong
    record = _record(package)
    why = (
        f"compiling {record}"
        if record.startswith(FAILED)
        else f"nothing was compiled for {sys.implementation.cache_tag} here"
    )
    return "interpreted", (
        f"{why}; with a C compiler and Python's headers (Debian: apt install gcc "
        f"python3-dev), run: {_install(package)}"
    )


def problem(package: str = PACKAGE) -> str:
    """What is wrong with the binaries in the folder, and what to do; empty if nothing is.

    Where AUTOGRAD_PURE is set they are not looked at, so nothing is wrong with them.
    """
    found = binaries(package)
    expected = sorted(_stem(name) + SUFFIX for name in MODULES)
    if _pure() or not found:
        return ""
    if found == expected and _record(package) == fingerprint(package):
        return ""
    return (
        f"the binaries in {package} were not compiled from the sources beside them, so the "
        f"interpreted build is in use; to compile these sources, run: {_install(package)}"
    )


def fingerprint(package: str = PACKAGE) -> str:
    """A hash of all that is compiled: MODULES, their C types and headers."""
    names = [f"{_stem(name)}.py" for name in MODULES]
    names += [file for file in os.listdir(package) if file.endswith((".pxd", ".h"))]
    content = b""
    for name in sorted(names):
        with open(os.path.join(package, name), "rb") as file:
            text = file.read()
        content += b"%s %d\n%s" % (name.encode(), len(text), text)
    return importlib.util.source_hash(content).hex()


def binaries(package: str) -> list[str]:
    """The names of all files there that this Python would import before a source."""
    files = sorted(os.listdir(package))
    return [file for file in files if f".{file.partition('.')[2]}" in EXTENSION_SUFFIXES]


def _pure() -> bool:
    return os.environ.get("AUTOGRAD_PURE", "0") not in ("", "0")


def _stem(name: str) -> str:
    return name.rpartition(".")[2]


def _source(name: str) -> str:
    return os.path.join(PACKAGE, f"{_stem(name)}.py")


def _record(package: str) -> str:
    try:
        with open(os.path.join(package, RECORD), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _install(package: str) -> str:
    root = os.path.dirname(os.path.dirname(package))
    if os.path.exists(os.path.join(root, "pyproject.toml")):
        return f"python -m pip install -e . (in {root})"
    return "python -m pip install --force-reinstall --no-cache-dir PATH (of the sources)"
