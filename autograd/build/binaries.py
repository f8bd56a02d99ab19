"""Two builds of one source: which modules are compiled, and which build is in use.

The modules in `MODULES` and `CALLS` are ordinary Python that Cython also compiles; a `.pxd`
beside each gives the C types. Where there is no compiler, or `AUTOGRAD_PURE=1` is set, the same
files run interpreted. Nothing of this is needed to understand the engine.

Whoever compiles leaves a record beside the binaries: the fingerprint of the sources that
they were made from. Binaries are only used while it is that of the sources beside them, so
an edit, a merge or another branch can't run yesterday's code, whatever the files' times say.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)

__all__ = [
    "CALLS",
    "FOLDERS",
    "MODULES",
    "choose",
    "describe_build",
    "fingerprint",
    "hashed",
    "install_command",
    "problem",
]

MODULES = tuple(
    f"autograd.core.{stem}"
    for stem in (
        *("primitive", "table", "chain", "traversal"),
        *("sweeps", "operations", "value", "blocks", "float_sweeps"),
    )
)
CALLS = tuple(f"autograd.program.{stem}" for stem in ("form", "results", "plan"))
PACKAGE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "core")
PROGRAM = os.path.join(os.path.dirname(PACKAGE), "program")
FOLDERS = (PACKAGE, PROGRAM)
SUFFIX = EXTENSION_SUFFIXES[0]  # of this Python's binaries, as .cpython-311-x86_64-linux-gnu.so
RECORD = f"compiled{os.path.splitext(SUFFIX)[0]}.txt"
NOTHING = "nothing is compiled: "  # begins a record that says why


class _Binary(ExtensionFileLoader):
    """Loads a binary; tracebacks and debuggers get the text of its source."""

    def get_source(self, fullname: str) -> str:  # type: ignore[override]
        with open(self.path.removesuffix(SUFFIX) + ".py", encoding="utf-8") as file:
            return file.read()


def choose(*packages: str) -> None:
    """Before the modules of folders are imported: those of each come all from one build.

    Warns:
        RuntimeWarning: the binaries were compiled from other sources than those beside them,
            or cannot be loaded. They are left alone then, and the sources run.
    """
    for package in packages or FOLDERS:
        if not binaries(package):
            continue
        wrong = problem(package)
        if wrong:
            warnings.warn(wrong, RuntimeWarning, stacklevel=3)
        loaders: list[tuple[type, list[str]]] = [(SourceFileLoader, [".py"])]
        if not (wrong or pure()):
            loaders.insert(0, (_Binary, [SUFFIX]))
        sys.path_importer_cache[package] = FileFinder(package, *loaders)


def describe_build(package: str = PACKAGE) -> tuple[str, str]:
    """The build in use, "compiled" or "interpreted", and why, or how to change it.

    It is "none" where another package's `__init__` lies over this one's.
    """
    if MODULES[-1] not in sys.modules:
        return "none", f"{MODULES[-1]} was not imported"
    if _in_use(package):
        return "compiled", "set AUTOGRAD_PURE=1 to run the same source interpreted"
    if pure():
        return "interpreted", "AUTOGRAD_PURE is set; unset it for the compiled build"
    if wrong := problem(package):
        return "interpreted", wrong
    record = _record(package)
    here = f"nothing is compiled for {sys.implementation.cache_tag} here"
    return "interpreted", (
        f"{record if record.startswith(NOTHING) else here}; with a C compiler and Python's "
        f"headers (Debian: apt install gcc python3-dev), run: {install_command(package)}"
    )


def problem(package: str = PACKAGE) -> str:
    """Return what is wrong with the binaries in the folder, and what to do; "" if nothing is.

    Where AUTOGRAD_PURE is set they are not looked at, so nothing is wrong with them.
    """
    names = binaries(package)
    if pure() or not names:
        return ""
    expected = sorted([_stem(name) + SUFFIX for name in _modules(package)])
    if names != expected or _record(package) != fingerprint(package):
        wrong = f"the binaries in {package} were not compiled from the sources beside them"
    elif error := _load_error(package):
        wrong = f"the binaries in {package} cannot be loaded ({error})"
    else:
        return ""
    return (
        f"{wrong}, so the interpreted build is in use; to compile these sources, "
        f"run: {install_command(package)}"
    )


def fingerprint(package: str = PACKAGE) -> str:
    """A hash of all that is compiled in a folder: modules, their C types and headers."""
    return hashed(package, (".pxd", ".h"), [f"{_stem(name)}.py" for name in _modules(package)])


def hashed(
    folder: str, endings: tuple[str, ...] = (".c", ".h"), names: Sequence[str] = ()
) -> str:
    """A hash of the files in a folder that have these names, or names that end so."""
    files = [file for file in os.listdir(folder) if file.endswith(endings)]
    content = b""
    for name in sorted([*files, *names]):
        with open(os.path.join(folder, name), "rb") as file:
            text = file.read()
        content += b"%s %d\n%s" % (name.encode(), len(text), text)
    return importlib.util.source_hash(content).hex()


def binaries(package: str) -> list[str]:
    """The names of all files there that this Python would import before a source."""
    files = sorted(os.listdir(package))
    return [file for file in files if f".{file.partition('.')[2]}" in EXTENSION_SUFFIXES]


def pure() -> bool:
    """Whether AUTOGRAD_PURE asks for the interpreted build."""
    return os.environ.get("AUTOGRAD_PURE", "0") not in ("", "0")


def _modules(package: str) -> tuple[str, ...]:
    """The names of those that are compiled in a folder."""
    return CALLS if os.path.basename(package) == "program" else MODULES


def _in_use(package: str) -> bool:
    """Whether the compiled build is."""
    module = sys.modules.get(_modules(package)[-1])
    return str(getattr(module, "__file__", "")).endswith(SUFFIX)


def _load_error(package: str) -> str:
    """Why one of the binaries can't be loaded. All are tried before any of them runs."""
    if not _in_use(package):
        for name in _modules(package):
            loader = _Binary(name, os.path.join(package, _stem(name) + SUFFIX))
            try:
                loader.create_module(ModuleSpec(name, loader, origin=loader.path))
            except ImportError as error:
                return str(error)
    return ""


def _stem(name: str) -> str:
    return name.rpartition(".")[2]


def _record(package: str) -> str:
    try:
        with open(os.path.join(package, RECORD), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def install_command(package: str = PACKAGE) -> str:
    """Return the command that compiles these sources."""
    root = os.path.dirname(os.path.dirname(package))
    if os.path.exists(os.path.join(root, "pyproject.toml")):
        return f"python -m pip install -e . (in {root})"
    return "python -m pip install --force-reinstall --no-cache-dir PATH (of the sources)"
