"""Two builds of one source: which modules are compiled, and which build is in use.

The modules in `MODULES` are ordinary Python that Cython also compiles; a `.pxd` beside each
gives the C types. Where there is no compiler, or `AUTOGRAD_PURE=1` is set, the same files
run interpreted. All that knows of the two builds is here, but for `__dealloc__` in
`value.py`; nothing of it is needed to understand the engine.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["MODULES", "choose", "describe"]

MODULES = ("autograd.primitive", "autograd.methods", "autograd.value")
PACKAGE = Path(__file__).parent


def _unchanged(cls: Any) -> Any:
    return cls


# What `import cython` gives a module that is being compiled; interpreted, it gets this.
compiled = False
cclass = final = no_gc = _unchanged


class _FromSource:
    """Finds the sources of MODULES although binaries lie beside them."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in MODULES:
            return None
        return importlib.util.spec_from_file_location(name, _source(name))


def choose(package: Path = PACKAGE) -> None:
    """Before MODULES are imported: see to it that they come all from one build.

    Warns:
        RuntimeWarning: in a checkout, a source is newer than its binary. The binaries are
            left alone then, and the sources run.
    """
    if _pure():
        sys.meta_path.insert(0, _FromSource)
        return
    binaries = [_binary(name, package) for name in MODULES]
    changed = [
        name for name, binary in zip(MODULES, binaries) if binary and _stale(name, binary)
    ]
    if changed:
        warnings.warn(
            f"{', '.join(changed)} changed after it was compiled, so the interpreted build is "
            "in use; compile it again with: pip install -e .",
            RuntimeWarning,
            stacklevel=3,
        )
    if changed or not all(binaries):
        sys.meta_path.insert(0, _FromSource)


def describe() -> tuple[str, str]:
    """The build in use, "compiled" or "interpreted", and why, or how to change it."""
    if not str(sys.modules[MODULES[-1]].__file__).endswith(".py"):
        return "compiled", "set AUTOGRAD_PURE=1 to run the same source interpreted"
    if _pure():
        return "interpreted", "AUTOGRAD_PURE is set; unset it for the compiled build"
    if any(_binary(name, PACKAGE) for name in MODULES):
        return "interpreted", "the binaries are older than the source; run: pip install -e ."
    return "interpreted", "install a C compiler (Debian: gcc, python3-dev), then install again"


def _pure() -> bool:
    return os.environ.get("AUTOGRAD_PURE", "0") not in ("", "0")


def _source(name: str, package: Path = PACKAGE) -> Path:
    return package / f"{name.rpartition('.')[2]}.py"


def _binary(name: str, package: Path) -> Path | None:
    stem = package / name.rpartition(".")[2]
    found = [Path(f"{stem}{suffix}") for suffix in EXTENSION_SUFFIXES]
    return next((path for path in found if path.exists()), None)


def _stale(name: str, binary: Path) -> bool:
    package = binary.parent
    if not (package.parent / "pyproject.toml").exists():
        return False  # installed: nobody edits the source, and unpacking set the times
    sources = [_source(name, package), _source(name, package).with_suffix(".pxd")]
    newest = max([source.stat().st_mtime for source in sources])
    return newest > binary.stat().st_mtime
